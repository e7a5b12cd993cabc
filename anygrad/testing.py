"""Checks of gradients: ``gradcheck``, of any order, and ``gradgradcheck`` by differences, ``cross_check``.

A check differentiates a function by the tape and by differences, and compares entry by entry. Order two
checks the gradient itself as a function of the inputs and of the gradients that it was handed, and so on.
Knows nothing of rows or backends.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from anygrad import autograd
from anygrad.comparing import cross_check
from anygrad.differences import Function, Scene, are_close, host_of, made_like, random_like
from anygrad.errors import DtypeError, GradcheckError, GradientError, message
from anygrad.tensors import Tensor, tensor

__all__ = ["check_operation", "cross_check", "gradcheck", "gradgradcheck"]


def __dir__() -> list[str]:
    return sorted(__all__)


EPS = 1e-5
"""The step, relative to entries above 1: errors of truncation and of rounding are then both near 1e-10."""


def gradcheck(
    function: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    order: int = 1,
    fast: bool = False,
    raise_exception: bool = True,
) -> bool:
    """Compare the derivatives of ``function(*inputs)`` with central differences; return whether they agree.

    ``inputs`` are tensors, of any shape and on any device, and whatever else the function takes; those that
    require a gradient are checked. The function returns a tensor or several; integer ones are left out.
    ``order`` checks all orders up to it. ``fast`` checks one random projection for each input in place of
    every pair of entries. ``eps`` is the step (1e-5); ``atol + rtol * abs(difference)`` is allowed.

    Raises ``GradcheckError``, which is an ``AssertionError``, naming the input and the entry (returns False
    without ``raise_exception``), its kind ``NotDifferentiableError`` where the two differ at a corner or a
    jump of the function; ``GradientError`` where no input requires a gradient; ``DtypeError`` for single
    precision, unless ``eps`` is given, with tolerances to suit.

    >>> import anygrad as ag
    >>> from anygrad.testing import gradcheck
    >>> x = ag.tensor([0.5, 2.0], requires_grad=True)
    >>> gradcheck(ag.sin, x, order=2)
    True
    """
    arguments = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    if not any(isinstance(a, Tensor) and a.requires_grad for a in arguments):
        raise GradientError(
            message("gradcheck", "no input requires a gradient", "call requires_grad_() on one")
        )
    if order < 1:
        raise GradientError(message("gradcheck", f"order is {order}", "expected 1 or more"))
    random = np.random.default_rng(0)

    def called(given: Sequence[Any], tracked: bool) -> list[Tensor]:
        with autograd.enable_grad() if tracked else autograd.no_grad():
            found = function(*given)
        outs = [found] if isinstance(found, Tensor) else list(found)
        return [out for out in outs if _differentiable(out)]

    check: Function = called
    try:
        for level in range(1, order + 1):
            _compare(check, arguments, level, eps, atol, rtol, random if fast else None)
            if level < order:
                check, arguments = _derivative(check, arguments, random)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(function: Callable[..., Any], inputs: Any, **keywords: Any) -> bool:
    """Compare first and second derivatives with differences: ``gradcheck`` with ``order=2``.

    Takes and raises what ``gradcheck`` does.
    """
    return gradcheck(function, inputs, **{"order": 2} | keywords)


def check_operation(
    function: Callable[..., Any],
    *samples: tuple[Any, ...],
    devices: Sequence[str] = ("cpu",),
    **keywords: Any,
) -> None:
    """Check an operation of one's own as the rows of anygrad are checked, on each device.

    A sample is a tuple of arguments: arrays and nested lists of floats are differentiated, all else is handed
    on; a dictionary at its end holds options. Derivatives of both orders are compared with differences;
    inputs stay as they are; single precision gives single precision. ``keywords`` are ``gradcheck``'s.

    Raises ``GradcheckError`` that names the sample and the device, and what ``gradcheck`` raises.

    >>> import anygrad as ag
    >>> check_operation(ag.logaddexp, ([0.5, 2.0], [1.0, -1.0]), ([[1.0], [2.0]], 3.0))
    """
    for number, sample in enumerate(samples):
        options = sample[-1] if isinstance(sample[-1], dict) else {}
        given = sample[: len(sample) - bool(options)]
        for device in devices:
            for dtypes in ({"f": "float64", "c": "complex128"}, {"f": "float32", "c": "complex64"}):
                made = [_argument(a, device, dtypes) for a in given]
                before = [host_of(a) for a in made if isinstance(a, Tensor)]
                what = f"sample {number} on {device}"
                if dtypes["f"] == "float64":
                    try:
                        gradcheck(functools.partial(function, **options), made, **{"order": 2} | keywords)
                    except GradcheckError as error:
                        raise GradcheckError(f"{error} ({what})") from None
                else:
                    _check_single(function, made, options, what)
                for old, a in zip(before, (a for a in made if isinstance(a, Tensor)), strict=True):
                    if not np.array_equal(old, host_of(a), equal_nan=True):
                        raise GradcheckError(message("check_operation", f"{what}: an input was written"))


def _argument(given: Any, device: str, dtypes: dict[str, str]) -> Any:
    """Return an argument of a sample: floats in arrays and lists as a leaf that is differentiated."""
    if not isinstance(given, list | np.ndarray):
        return given
    host = np.asarray(given)
    kind = dtypes.get(host.dtype.kind)
    return tensor(host, dtype=kind and np.dtype(kind), device=device, requires_grad=kind is not None)


def _check_single(function: Callable[..., Any], made: list[Any], options: Any, what: str) -> None:
    """Raise where single precision gives another, forward or backward."""
    leaves = [a for a in made if isinstance(a, Tensor) and a.requires_grad]
    found = function(*made, **options)
    outs = [o for o in ([found] if isinstance(found, Tensor) else found) if o.requires_grad]
    grads = autograd.grad(outs, leaves, [o.detach() for o in outs], allow_unused=True) if outs else ()
    for i, t in enumerate([*outs, *(g for g in grads if g is not None)]):
        if t.dtype.itemsize != (8 if t.dtype.kind == "c" else 4):
            place = f"output {i}" if i < len(outs) else "a gradient"
            got = f"{what}: {place} has dtype {t.dtype} where the inputs are in single precision"
            raise GradcheckError(message("check_operation", got))


def _differentiable(out: Any) -> bool:
    if not isinstance(out, Tensor):
        raise DtypeError(
            message("gradcheck", f"the function returned {type(out).__name__}", "expected tensors")
        )
    return out.dtype.kind in "fc"


def _derivative(
    function: Function, arguments: list[Any], random: np.random.Generator
) -> tuple[Function, list[Any]]:
    """Return the gradient of a function, as a function of its arguments and the gradients of its outputs."""
    count = len(arguments)
    outs = function(arguments, True)
    seeds = [made_like(out, random_like(random, out.shape, out.dtype), True) for out in outs]

    def gradient(given: Sequence[Any], tracked: bool) -> list[Tensor]:
        inputs = [a for a in given[:count] if isinstance(a, Tensor) and a.requires_grad]
        ends = [(out, g) for out, g in zip(function(given[:count], True), given[count:]) if out.requires_grad]
        if not ends:
            return [made_like(x, np.zeros(x.shape), False) for x in inputs]
        heads, gs = zip(*ends)
        # Not tracked, this is the pass over raw arrays: the other half of what is compared.
        found = autograd.grad(heads, inputs, list(gs), create_graph=tracked, materialize_grads=True)
        return [g for g in found if g is not None]

    return gradient, [*arguments, *seeds]


def _compare(
    function: Function,
    arguments: list[Any],
    level: int,
    eps: float | None,
    atol: float,
    rtol: float,
    random: np.random.Generator | None,
) -> None:
    """Compare the derivatives of one level with differences of the level below."""
    chosen = [i for i, a in enumerate(arguments) if isinstance(a, Tensor) and a.requires_grad]
    outs = function(arguments, True)
    if not outs:
        raise DtypeError(
            message("gradcheck", "the function returned no floating tensor", "nothing to differentiate")
        )
    for what, t in [
        *((f"input {i}", arguments[i]) for i in chosen),
        *((f"output {i}", o) for i, o in enumerate(outs)),
    ]:
        if eps is None and t.dtype.itemsize < (16 if t.dtype.kind == "c" else 8):
            raise DtypeError(
                message(
                    "gradcheck",
                    f"{what} has dtype {t.dtype}",
                    "differences need float64 or complex128",
                    "cast the inputs, or pass eps=, atol= and rtol= to suit",
                )
            )
    hosts = [host_of(arguments[i]) for i in chosen]
    fresh = list(arguments)
    for i, host in zip(chosen, hosts):
        fresh[i] = made_like(arguments[i], host, True)
    untracked = [host_of(out) for out in function(fresh, False)]
    for o, (out, again) in enumerate(zip(outs, untracked)):
        if not are_close(host_of(out), again, atol, rtol).all():
            raise GradcheckError(
                message(
                    "gradcheck",
                    f"order {level}: output {o} has other values when the graph is kept",
                    f"{host_of(out)} with, {again} without",
                )
            )
    step = EPS if eps is None else eps
    scene = Scene(function, arguments, chosen, hosts, outs, level, step, atol, rtol)
    if random is None:
        scene.every_entry()
    else:
        scene.one_projection(random)
