"""Functions across JAX's border, both ways, with gradients of every order.

There a function of ours is a ``jax.custom_vjp`` whose derivative is another such function; here one of JAX's
is an operation whose derivative is again one of JAX's. JAX carries the conjugates of our gradients, so they
are conjugated at the border. Arrays with values are handed over on their memory; inside ``jit``, ``vmap`` and
their like JAX calls back to the host.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from anygrad import trees
from anygrad.applications import Application, Saved
from anygrad.devices import get_backend
from anygrad.errors import AnygradError, ArgumentError, ShapeError, message
from anygrad.graph import GRAD_MODE
from anygrad.interop.borders import check_function, common, handed, name_of, refuse_captured, returned
from anygrad.tensors import Tensor, asarray, wrap
from anygrad.transforms import vjp

get_backend("jax")  # Where the library is missing, this says how it is to be had.

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

__all__ = ["from_jax", "to_jax"]

Function = Callable[..., Any]
PLATFORMS = {"cpu": "cpu", "gpu": "cuda", "cuda": "cuda"}


def _theirs(t: Tensor) -> str:
    """Return the device, as one of our names, that a tensor has in JAX."""
    if isinstance(t.array, jax.Array):
        return t.xp.name
    kind, index = t.xp.dlpack_device or (1, 0)
    return f"jax:gpu:{index}" if kind in (2, 13) else "jax:cpu"


def _ours(array: Any, device: str | None) -> Tensor:
    """Return an array of JAX's as one of our tensors, on its memory where that can be."""
    place = getattr(array, "device", None)
    if device is None:
        library = PLATFORMS.get(getattr(place, "platform", "cpu"), "jax")
        device = f"cuda:{place.local_hardware_id}" if library == "cuda" else library  # type: ignore[union-attr]
    found = asarray(array)
    return found if device == "jax" and isinstance(array, jax.Array) else found.to(device)


def _is_float(array: Any) -> bool:
    return np.dtype(array.dtype).kind in "fc"


# ---------------------------------------------------------------- ours, there


def to_jax(function: Function, *, device: str | None = None, result: Any = None) -> Function:
    """Return a function of JAX's arrays that computes a function of anygrad's tensors, with its gradients.

    Its arrays, in pytrees, become tensors of NumPy or CuPy on the same memory, and the tensors that it
    returns JAX's arrays; other arguments are handed on. ``device`` names another place to compute. JAX sees a
    ``custom_vjp``, which may be differentiated as often as anygrad can, backwards; its derivative calls
    ``function`` again, which must depend on its arguments alone. Under ``jit`` and ``vmap`` it is a
    ``pure_callback`` to the host, one row after another: what it returns is then found by calling it once
    with numbers made up, or is what ``result`` says, a pytree of ``jax.ShapeDtypeStruct``. Dtypes that JAX
    does not have are cast to those that it has, as JAX does.

    Raises ``DtypeError`` where the function returns what is no tensor, ``ShapeError`` where its results
    differ from ``result``, and in the derivative ``GradientError`` where it uses a tensor that requires a
    gradient and is no argument.

    >>> import anygrad as ag, jax
    >>> from anygrad.interop.jax import to_jax
    >>> jax.grad(to_jax(lambda x: ag.sum(x**3)))(jax.numpy.asarray([1.0, 2.0])).tolist()
    [3.0, 12.0]
    """
    check_function("to_jax", function)

    @functools.wraps(function)
    def bridged(*args: Any, **keywords: Any) -> Any:
        leaves, form = trees.flatten((args, keywords))
        places = [i for i, x in enumerate(leaves) if isinstance(x, jax.Array | np.ndarray | np.generic)]
        shape: list[Any] = [None]

        def compute(*tensors: Tensor) -> list[Tensor]:
            given = list(leaves)
            for i, x in zip(places, tensors, strict=True):
                given[i] = x
            arguments, named = trees.rebuild(form, given)
            outs, shape[0] = returned(
                name_of(function), function(*arguments, **named), Tensor, "anygrad's tensors"
            )
            return outs

        wanted = None
        if result is not None:
            wanted, shape[0] = trees.flatten(result)
        operation = _Operation(name_of(function), compute, device, wanted)
        outs = operation(*(leaves[i] for i in places))
        return trees.rebuild(shape[0], outs)

    return bridged


class _Operation:
    """A function from tensors to a list of tensors, as one of JAX's arrays."""

    def __init__(self, name: str, compute: Function, device: str | None, wanted: Any) -> None:
        self.name, self.compute, self.device, self.wanted = name, compute, device, wanted

    def __call__(self, *arrays: Any) -> Any:
        called = jax.custom_vjp(self.forward)
        # The rule calls what it is of, and not what that computes with: so it can be differentiated itself.
        called.defvjp(lambda *given: (called(*given), given), self.backward)
        return called(*arrays)

    def forward(self, *arrays: Any) -> list[Any]:
        """Compute, by a callback where there are no values yet."""
        if any(isinstance(a, jax.core.Tracer) for a in arrays):
            wanted = self._found(arrays) if self.wanted is None else self.wanted
            found = jax.pure_callback(self.called, list(wanted), *arrays, vmap_method="sequential")
            return list(found)
        outs = self.computed([_ours(a, self.device) for a in arrays])
        self._check(outs)
        return [handed(outs, i, _theirs(outs[i])) for i in range(len(outs))]

    def computed(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return the results unrecorded, in dtypes that JAX has."""
        token = GRAD_MODE.set(False)
        try:
            return self.cast(self.compute(*tensors))
        finally:
            GRAD_MODE.reset(token)

    def cast(self, outs: Sequence[Tensor]) -> list[Tensor]:
        """Return tensors in dtypes that JAX has."""
        return [t.astype(jax.dtypes.canonicalize_dtype(t.dtype)) for t in outs]

    def called(self, *arrays: Any) -> list[np.ndarray]:
        """Compute on the host, as a callback."""
        outs = self.computed([asarray(np.asarray(a)).to(self.device or "cpu") for a in arrays])
        self._check(outs)
        return [t.xp.to_numpy(t.array) for t in outs]

    def _check(self, outs: Sequence[Tensor]) -> None:
        """Raise ``ShapeError`` where the results are not what was said."""
        if self.wanted is None:
            return
        got, want = ([(tuple(o.shape), np.dtype(o.dtype)) for o in each] for each in (outs, self.wanted))
        if got != want:
            told = "; ".join(", ".join(f"{d} {s}" for s, d in each) for each in (got, want))
            given, _, expected = told.partition("; ")
            raise ShapeError(message(self.name, f"it returned {given}", f"expected {expected}"))

    def _found(self, arrays: Sequence[Any]) -> list[Any]:
        """Return the shapes and dtypes of the results, from a call with numbers made up."""
        try:
            outs = self.computed([_made_up(a).to(self.device or "cpu") for a in arrays])
        except (AnygradError, ArithmeticError) as error:
            got = f"the shapes of its results are not known, since it fails for numbers made up: {error}"
            raise ArgumentError(message(self.name, got, "pass result=, of jax.ShapeDtypeStruct")) from error
        found = self.wanted = [jax.ShapeDtypeStruct(t.shape, t.dtype) for t in outs]
        return found

    def backward(self, arrays: Sequence[Any], gs: Sequence[Any]) -> tuple[Any, ...]:
        """Return JAX's gradients of the arrays."""
        moving = [i for i, a in enumerate(arrays) if _is_float(a)]
        ends = [i for i, g in enumerate(gs) if g.dtype != jax.dtypes.float0]
        count = len(arrays)

        def pulled(*tensors: Tensor) -> list[Tensor]:
            def of(*moved: Tensor) -> list[Tensor]:
                given = list(tensors[:count])
                for i, x in zip(moving, moved, strict=True):
                    given[i] = x
                outs = self.cast(self.compute(*given))
                found = [outs[i] for i in ends]
                refuse_captured(self.name, found, moved)
                return found

            _, pull = vjp(of, *(tensors[i] for i in moving))
            return [_conj(g) for g in pull([_conj(g) for g in tensors[count:]])]

        found: list[Any] = [None] * count
        if moving and ends:
            wanted = [jax.ShapeDtypeStruct(jnp.shape(arrays[i]), arrays[i].dtype) for i in moving]
            back = _Operation(self.name, pulled, self.device, wanted)
            for i, g in zip(moving, back(*arrays, *(gs[i] for i in ends)), strict=True):
                found[i] = g
        return tuple(found)


def _conj(t: Tensor) -> Tensor:
    return t.xp.tensors.conj(t) if t.dtype.kind == "c" else t


def _made_up(array: Any) -> Tensor:
    """Return numbers that most functions take, in the place of an array: positive, definite as a matrix."""
    shape, dtype = jnp.shape(array), np.dtype(array.dtype)
    if dtype.kind not in "fc":
        return asarray(np.zeros(shape, dtype))
    values = np.random.default_rng(0).uniform(0.5, 1, shape)
    if len(shape) > 1 and shape[-1] == shape[-2]:
        values = values + np.swapaxes(values, -1, -2) + 2 * shape[-1] * np.eye(shape[-1])
    return asarray(np.asarray(values, dtype))


# ---------------------------------------------------------------- theirs, here


def from_jax(function: Function) -> Function:
    """Return an operation on anygrad's tensors that computes a function of JAX's, jitted or not.

    Its tensors, in pytrees, become JAX's arrays on the same memory, where JAX sees that; other arguments are
    handed on. Its derivatives are JAX's, to any order, backwards and forwards.

    Raises ``DtypeError`` where the function returns what is no array of JAX's, and for float64 unless
    ``jax_enable_x64`` is set: JAX would round it.

    >>> import anygrad as ag, jax
    >>> from anygrad.interop.jax import from_jax
    >>> x = ag.tensor([1.0, 2.0], dtype=ag.float32, requires_grad=True)
    >>> from_jax(jax.numpy.square)(x).sum().backward()
    >>> x.grad
    tensor([2., 4.], dtype=float32, device='cpu')
    """
    check_function("from_jax", function)
    name = name_of(function)

    @functools.wraps(function)
    def bridged(*args: Any, **keywords: Any) -> Any:
        leaves, form = trees.flatten((args, keywords))
        places = [i for i, x in enumerate(leaves) if isinstance(x, Tensor)]
        shape: list[Any] = [None]

        def pure(*arrays: Any) -> list[Any]:
            given = list(leaves)
            for i, a in zip(places, arrays, strict=True):
                given[i] = a
            arguments, named = trees.rebuild(form, given)
            outs, shape[0] = returned(name, function(*arguments, **named), jax.Array, "JAX's arrays")
            return outs

        sources = [leaves[i] for i in places]
        outs = _joined(name, pure, sources, common(name, sources))
        return trees.rebuild(shape[0], outs)

    return bridged


def _shared(x: Tensor) -> Any:
    """Return a tensor as JAX's array, on its memory where JAX sees that."""
    return wrap(x.array, x.xp, None).to(_theirs(x)).array


def _landed(array: Any, home: Any) -> Tensor:
    """Return what JAX computed where the arguments were."""
    natural = home is None or home.name.partition(":")[0] in ("cpu", "cuda")
    return _ours(array, None if natural else "jax" if home.name.startswith("jax") else home.name)


def _joined(name: str, pure: Function, sources: Sequence[Tensor], home: Any) -> list[Tensor]:
    """Return what a function of JAX's gives for tensors, connected to those that require a gradient."""
    arrays = [_shared(s) for s in sources]
    moving = [i for i, s in enumerate(sources) if s.node is not None and GRAD_MODE.get()]
    if not moving:
        return [_landed(out, home) for out in pure(*arrays)]

    def of(*moved: Any) -> tuple[list[Any], list[Any]]:
        given = list(arrays)
        for i, a in zip(moving, moved, strict=True):
            given[i] = a
        outs = pure(*given)
        return [o for o in outs if _is_float(o)], [None if _is_float(o) else o for o in outs]

    given = [sources[i] for i in moving]
    floats, pull, rest = jax.vjp(of, *(arrays[i] for i in moving), has_aux=True)
    numbers = iter(floats)
    found = [_landed(next(numbers) if o is None else o, home) for o in rest]
    ends = [i for i, o in enumerate(rest) if o is None]
    kept = [Saved(s, s.node) for s in given]
    count = len(given)

    def transposed(*both: Any) -> list[Any]:
        _, back, _ = jax.vjp(of, *both[:count], has_aux=True)
        return [jnp.conj(g) for g in back([jnp.conj(g) for g in both[count:]])]

    def moved(*both: Any) -> list[Any]:
        # A derivative backwards is linear, and its transpose the derivative forwards: any function has it.
        outs, back, _ = jax.vjp(of, *both[:count], has_aux=True)
        _, push = jax.vjp(back, [jnp.zeros_like(o) for o in outs])
        return list(push(tuple(both[count:]))[0])

    def pulled(now: Application, *gs: Any) -> list[Any]:
        gradients = [gs[i] for i in ends]
        if now.tracked:
            return _joined(name, transposed, [*(k.opened(now, True) for k in kept), *gradients], home)
        return [_landed(jnp.conj(g), home) for g in pull([jnp.conj(_shared(g)) for g in gradients])]

    def pushed(now: Application, *tangents: Any) -> list[Any]:
        primals = [k.opened(now, now.tracked) for k in kept]
        parts = iter(_joined(name, moved, [*primals, *tangents], home))
        return [next(parts) if i in ends else None for i in range(len(rest))]

    application = Application(name, given, pulled, pushed)
    return application.record(found, len(found) != 1, (), kept)
