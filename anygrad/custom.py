"""``Function``: an operation with a derivative of its own, in PyTorch's shape."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from anygrad import writes
from anygrad.applications import Application, OncePlan, Saved, among
from anygrad.errors import ArgumentError, DtypeError, UnsupportedError, message
from anygrad.graph import GRAD_MODE, Node, freed
from anygrad.tensors import Tensor, wrap

__all__ = ["Context", "Function", "once_differentiable"]


class Context:
    """What ``forward`` tells ``backward``; further attributes are the user's.

    ``needs_input_grad`` tells of each argument whether its gradient is needed.
    """

    def __init__(self, name: str, arguments: Sequence[Any]) -> None:
        self.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in arguments)
        self._name = name
        # Weakly: the call holds this.
        self._call: Callable[[], Application | None] | None = None
        self._kept: list[Any] = []
        self._forwards: list[Any] = []
        self._fixed: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._materialize = True
        self._once: tuple[Any, ...] | None = None

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for ``backward``, inputs and outputs connected; raises ``DtypeError`` for others."""
        self._kept = self._snapshots("save_for_backward", tensors)

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for ``jvp``, where they are not those that were saved for ``backward``."""
        self._forwards = self._snapshots("save_for_forward", tensors)

    def _snapshots(self, op: str, tensors: tuple[Any, ...]) -> list[Any]:
        for i, t in enumerate(tensors):
            if t is not None and not isinstance(t, Tensor):
                got = f"argument {i} of {op} is {type(t).__name__}"
                raise DtypeError(
                    message(self._name, got, "expected tensors", "set others as attributes of ctx")
                )
        return [None if t is None else (t, Saved(t, t.node)) for t in tensors]

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors that were saved."""
        return self._opened(self._kept)

    @property
    def saved_for_forward(self) -> tuple[Tensor | None, ...]:
        """The tensors that were saved for ``jvp``, or else for ``backward``."""
        return self._opened(self._forwards or self._kept)

    def _opened(self, kept: list[Any]) -> tuple[Tensor | None, ...]:
        if self._call is None:
            return tuple(entry and entry[0] for entry in kept)
        call = self._call()
        if call is None:
            raise freed()
        if self._once is None or kept is not self._kept:
            found = tuple(saved and saved.opened(call, call.tracked) for saved in kept)
            if kept is not self._kept:
                return found
            self._once = found
        return self._once

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say of outputs that no gradient flows through them."""
        self._fixed = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say of inputs that ``forward`` writes into them; they must be returned."""
        self._dirty = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Say whether a gradient that did not arrive is handed on as zeros (the default) or as None."""
        self._materialize = bool(value)


class Function:
    """An operation with a derivative of its own, as PyTorch's: ``forward`` and ``backward`` in a subclass.

    ``forward(ctx, *args)`` computes with tensors, unrecorded, and ``backward(ctx, *gradients)`` returns one
    gradient for each argument, None where there is none: for complex tensors dL/dRe + i dL/dIm. It is summed
    to its input's shape and cast to its dtype. ``jvp(ctx, *tangents)`` is optional: without it forward mode
    transposes ``backward``. In place of ``forward(ctx, ...)`` there may be ``forward(*args)`` with
    ``setup_context(ctx, inputs, output)``. Call it by ``apply``. Tensors that ``forward`` has from elsewhere
    get no gradient.

    >>> import anygrad as ag
    >>> class Cube(ag.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x ** 3
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * x ** 2 * g
    >>> x = ag.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12., dtype=float64, device='cpu')
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    jvp: Callable[..., Any] | None = None
    setup_context: Callable[[Context, tuple[Any, ...], Any], None] | None = None

    def __init__(self) -> None:
        name = type(self).__name__
        raise DtypeError(message(name, "it was made an instance", f"call {name}.apply(...)"))

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Call ``forward``, and record it where an argument requires a gradient.

        Raises ``DtypeError`` where a non-tensor is saved, ``LeafWriteError`` where a leaf is marked dirty;
        backward raises ``ArgumentError`` for too few gradients or too many, ``GradientShapeError``,
        ``GradientDeviceError`` or ``DtypeError`` for one that does not fit, by the name of the class.
        """
        name = cls.__name__
        for required in ("forward", "backward"):
            if not hasattr(cls, required) and not (required == "backward" and cls.jvp is not None):
                raise UnsupportedError(message(name, f"it has no {required}", "write it as a static method"))
        ctx = Context(name, args)
        recording = GRAD_MODE.get() and any(ctx.needs_input_grad)
        push = cls.jvp and (lambda call, *ts: cls.jvp(ctx, *ts))  # type: ignore[misc]
        call = Application(name, args, lambda call, *gs: cls._pull(ctx, gs), push)
        token = GRAD_MODE.set(False)
        try:
            if cls.setup_context is None:
                out = cls.forward(ctx, *args)
            else:
                out = cls.forward(*args)
                cls.setup_context(ctx, args, out)
        finally:
            GRAD_MODE.reset(token)
        outs = list(out) if isinstance(out, tuple) else [out]
        for t in ctx._dirty:
            if not among(t, args) or not among(t, outs):
                advice = "mark_dirty is for inputs that are written and returned"
                raise ArgumentError(
                    message(name, "a tensor is marked dirty that is no input, or not returned", advice)
                )
        if not recording:
            return out
        call.materialize = ctx._materialize
        ctx._kept, ctx._forwards = (
            [entry and _saved(entry, outs) for entry in kept] for kept in (ctx._kept, ctx._forwards)
        )
        ctx._call = weakref.ref(call)
        made = call.record(
            outs, isinstance(out, tuple), ctx._fixed, [s for s in (*ctx._kept, *ctx._forwards) if s]
        )
        for i, t in enumerate(outs):
            if among(t, ctx._dirty):
                made[i] = writes.assign(name, t, made[i])
        ctx._fixed = ctx._dirty = ()
        if not isinstance(out, tuple):
            return made[0]
        return type(out)(*made) if hasattr(out, "_fields") else tuple(made)

    @classmethod
    def _pull(cls, ctx: Context, gs: tuple[Any, ...]) -> Any:
        try:
            if not hasattr(cls, "backward"):
                raise UnsupportedError(
                    message(cls.__name__, "it has no backward", "write it as a static method")
                )
            return cls.backward(ctx, *gs)
        finally:
            ctx._once = None


def _saved(entry: tuple[Tensor, Saved], outs: Sequence[Any]) -> Saved:
    """Return a saved tensor; of an output with its number, and with no node, which would be a cycle."""
    t, saved = entry
    for i, out in enumerate(outs):
        if out is t and saved.edge is None:
            saved.number = i
    return saved


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a ``backward`` that is written with what cannot be differentiated: it runs unrecorded.

    A second derivative that leads through it raises ``GradientError``, by the name of the class.
    """

    @functools.wraps(backward)
    def once(ctx: Context, *gs: Any) -> Any:
        tracked = GRAD_MODE.get()
        token = GRAD_MODE.set(False)
        call = ctx._call and ctx._call()
        assert call is not None
        try:
            found = backward(ctx, *gs)
        finally:
            GRAD_MODE.reset(token)
        if not tracked:
            return found
        edges = tuple(n for n in (*call.nodes, *(g.node for g in gs if g is not None)) if n is not None)
        ended = [
            wrap(t.array, t.xp, Node(OncePlan(call.name, False), (), edges)) if isinstance(t, Tensor) else t
            for t in (found if isinstance(found, tuple | list) else (found,))
        ]
        return tuple(ended)

    return once
