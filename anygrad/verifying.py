"""``verify``: random operations of a running program, against finite differences.

While a block is open every public function may be chosen when it is called; then it is run again, in double
precision, on copies of what it was given. Knows no array library.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.comparing import shown
from anygrad.errors import (
    AnygradError,
    ArgumentError,
    DtypeError,
    GradcheckError,
    NotDifferentiableError,
    message,
)
from anygrad.exchange import called, exchange, operations, put_on, take_off
from anygrad.graph import GRAD_MODE
from anygrad.tensors import Tensor, tensor
from anygrad.testing import gradcheck

__all__ = ["verify"]

Function = Callable[..., Any]
STEPS = (1e-5, 1e-6, 1e-4)
"""A wrong formula is wrong at each of these; a steep function is right at one."""


class _Inside(threading.local):
    """Whether this thread runs a public function, or checks one."""

    now = False


class verify:
    """Check random operations against finite differences while a program runs, in a block.

    ``p`` is the share of calls that are checked, of those of public functions, methods and operators to which
    a gradient leads. Each is run again on copies in double precision, and one random projection of its
    derivative compared, as by ``gradcheck(..., fast=True)``; to the program that costs nothing but time.
    After the block ``checked`` counts the calls that were compared, ``skipped`` those where that told
    nothing: at a corner or a jump of the function, or where it computes in single precision. ``seed`` chooses
    the same calls again.

    Raises ``GradcheckError`` in the block, which names the operation and the line that called it;
    ``ArgumentError`` for a p that is no share.

    >>> import anygrad as ag
    >>> x = ag.tensor([0.5, 2.0], requires_grad=True)
    >>> with ag.verify(p=1.0) as v:
    ...     ag.sum(ag.exp(x) * x).backward()
    >>> v.checked, v.skipped
    (3, 0)
    """

    def __init__(self, p: float = 0.01, *, seed: int | None = None) -> None:
        if not 0 <= p <= 1:
            raise ArgumentError(message("verify", f"p is {p}", "expected a share of all calls, from 0 to 1"))
        self.checked = self.skipped = 0
        self._p, self._running = p, False
        self._random = np.random.default_rng(seed)
        self._lock = threading.Lock()
        self._inside = _Inside()
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> verify:
        if self._running:
            raise ArgumentError(message("verify", "this block is running", "make another with ag.verify()"))
        put_on(self)
        self._running = True
        return self

    def __exit__(self, *exception: object) -> None:
        take_off(self)
        self._running = False

    def install(self) -> None:
        """Put the functions that may be checked in; for ``exchange``."""
        with contextlib.ExitStack() as undo:
            for function, (name, kind) in operations().items():
                if kind != "creates":
                    exchange(undo, function, functools.partial(self._watched, name, kind))
            self._undo = undo.pop_all()

    def uninstall(self) -> None:
        """Put everything back; for ``exchange``."""
        self._undo.close()

    def _watched(self, name: str, kind: str, function: Function) -> Function:
        """Return a function that is checked now and then."""
        inside = self._inside

        def run(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            if inside.now or not (GRAD_MODE.get() and self._chosen()):
                return function(*arguments, **keywords)
            inside.now = True
            try:
                op = called(name)
                leaves: list[Tensor] = []
                taken = _taken((arguments, keywords), leaves)  # as they are before a write
                out = function(*arguments, **keywords)
                if any(t.requires_grad for t in leaves):
                    self._check(op, kind == "writes", function, taken, leaves)
                return out
            finally:
                inside.now = False

        return run

    def _chosen(self) -> bool:
        with self._lock:
            return bool(self._random.random() < self._p)

    def _check(self, op: Any, writes: bool, function: Function, taken: Any, leaves: list[Tensor]) -> None:
        """Compare the derivatives of a call with differences."""

        def again(*given: Tensor) -> Any:
            arguments, keywords = _put(taken, given)
            if writes:
                written = arguments[0].clone()
                function(written, *arguments[1:], **keywords)
                return written
            out = function(*arguments, **keywords)
            several = out if isinstance(out, tuple | list) else [out]
            return [t for t in several if isinstance(t, Tensor)]

        error: Exception | None = None
        for eps in STEPS:
            try:
                with np.errstate(all="ignore"):
                    gradcheck(again, leaves, eps=eps, atol=1e-5, rtol=1e-4, fast=True)
            except (NotDifferentiableError, DtypeError):
                self._count(False)
                return
            except GradcheckError as found:
                error = error or found
            else:
                self._count(True)
                return
        assert error is not None
        raise GradcheckError(message("verify", f"{shown(op)} has a wrong derivative", str(error))) from error

    def _count(self, compared: bool) -> None:
        with self._lock:
            self.checked += compared
            self.skipped += not compared


class _Leaf:
    """Stands where a tensor does, in what a function was given."""

    def __init__(self, number: int) -> None:
        self.number = number


def _taken(given: Any, leaves: list[Tensor]) -> Any:
    """Return what a function was given, with marks in the place of tensors, and of those wide copies."""
    if isinstance(given, Tensor):
        wide = {"f": np.dtype("float64"), "c": np.dtype("complex128")}.get(given.dtype.kind, given.dtype)
        host = given.xp.to_numpy(given.array).astype(wide)
        try:
            leaf = tensor(host, device=given.xp.name, requires_grad=given.requires_grad)
        except AnygradError:  # the device has no double precision
            leaf = tensor(host, device="cpu", requires_grad=given.requires_grad)
        leaves.append(leaf)
        return _Leaf(len(leaves) - 1)
    if given.__class__ in (list, tuple):
        return given.__class__(_taken(part, leaves) for part in given)
    if given.__class__ is dict:
        return {key: _taken(part, leaves) for key, part in given.items()}
    return given


def _put(taken: Any, given: tuple[Tensor, ...]) -> Any:
    """Return what a function was given, with other tensors."""
    if taken.__class__ is _Leaf:
        return given[taken.number]
    if taken.__class__ in (list, tuple):
        return taken.__class__(_put(part, given) for part in taken)
    if taken.__class__ is dict:
        return {key: _put(part, given) for key, part in taken.items()}
    return taken
