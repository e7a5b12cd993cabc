"""Saved-value hooks: what is kept for backward is packed as it is recorded, and unpacked when it is used.

While such a block is open somewhere, the modules that record make nodes of a class whose ``saved`` asks the
hooks: the backward pass reads it as any other, and where no block is open nothing is asked or paid. The hooks
are those of the innermost block of the thread or task that records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from anygrad import dispatch, functions, methods, views, writes
from anygrad.construction import carry
from anygrad.devices import CPU, backend_of
from anygrad.errors import DeviceError, DtypeError, ShapeError, message
from anygrad.graph import GRAD_MODE, Node
from anygrad.op import Plan
from anygrad.tensors import Tensor, wrap

__all__ = ["HOOKS", "Hooks", "Packed", "Parcel", "packed", "save_on_cpu", "saved_tensors_hooks"]

HOOKS: ContextVar[tuple[tuple[Hooks, Trail], ...]] = ContextVar("anygrad_saved_hooks", default=())
"""The blocks that are open here, each with the marks of those around it and its own."""
RECORDERS = (dispatch, functions, methods, views, writes)
"""The modules that make nodes."""

PLAIN: Any = Node
"""The class whose slot holds what is saved."""

Trail = tuple[object, ...]

_lock = threading.Lock()
_open = 0


class Hooks:
    """A block in which saved values are packed; may be entered again, and by several threads.

    Nodes that are recorded inside have its ``mark``, by which none keeps the block itself.
    """

    mark: object

    def pack(self, node: Node, origin: Any, t: Tensor) -> Any:
        """Return what is to be kept in the place of a value of a node; ``origin`` is which one of it."""
        raise NotImplementedError

    def unpack(self, handle: Any) -> Any:
        """Return the value, from what was kept."""
        raise NotImplementedError

    def noted(self, node: Node) -> None:
        """Look at a node that is recorded inside, in this block or in one within it."""

    def __enter__(self) -> Any:
        global _open
        with _lock:
            if not _open:
                for module in RECORDERS:
                    setattr(module, "Node", Packed)  # noqa: B010
            _open += 1
        outer = HOOKS.get()
        HOOKS.set((*outer, (self, (*(outer[-1][1] if outer else ()), self.mark))))
        return self

    def __exit__(self, *exception: object) -> None:
        global _open
        stack = HOOKS.get()
        last = max((i for i, (hooks, _) in enumerate(stack) if hooks is self), default=None)
        if last is not None:  # else a generator ends in another context than it began in
            HOOKS.set(stack[:last] + stack[last + 1 :])
        with _lock:
            _open -= 1
            if not _open:
                for module in RECORDERS:
                    setattr(module, "Node", Node)  # noqa: B010


class Parcel:
    """A packed value, with what it must be again when it is unpacked."""

    __slots__ = ("dtype", "handle", "hooks", "op", "shape", "xp")

    def __init__(self, hooks: Hooks, node: Node, origin: Any, array: Any) -> None:
        xp = backend_of(array)
        assert xp is not None, "what is saved is an array"
        t = wrap(array, xp, None)
        self.hooks, self.op, self.xp = hooks, node.name, xp
        self.shape, self.dtype = t.shape, t.dtype
        token = GRAD_MODE.set(False)
        try:
            self.handle = hooks.pack(node, origin, t)
        finally:
            GRAD_MODE.reset(token)

    def opened(self) -> Any:
        """Return the array; raises where the hooks return another than they were given."""
        token = GRAD_MODE.set(False)
        try:
            t = self.hooks.unpack(self.handle)
        finally:
            GRAD_MODE.reset(token)
        if not isinstance(t, Tensor):
            got = f"unpack returned {type(t).__name__}"
            raise DtypeError(message(self.op, got, "expected the tensor that was packed"))
        for kind, what, found, wanted in (
            (DeviceError, "on", t.xp.name, self.xp.name),
            (ShapeError, "of shape", t.shape, self.shape),
            (DtypeError, "of dtype", t.dtype, self.dtype),
        ):
            if found != wanted:
                got = f"unpack returned a tensor {what} {found}"
                raise kind(message(self.op, got, f"what was saved was {what} {wanted}"))
        return t.array


def packed(hooks: Hooks, node: Node, origin: Any, value: Any) -> Any:
    """Return a saved value with parcels in the place of its arrays."""
    if isinstance(value, tuple | list) and origin is not None:
        return type(value)(packed(hooks, node, origin, part) for part in value)
    if origin is None or not hasattr(value, "dtype") or not hasattr(value, "shape"):
        return value
    return Parcel(hooks, node, origin, value)


def _opened(value: Any) -> Any:
    if value.__class__ is Parcel:
        return value.opened()
    if value.__class__ in (tuple, list):
        return value.__class__(_opened(part) for part in value)
    return value


class Packed(Node):
    """A node recorded while hooks were open somewhere; ``hooks`` are the marks of those open for it."""

    __slots__ = ("hooks",)

    hooks: Trail

    @property
    def saved(self) -> tuple[Any, ...] | None:
        held: tuple[Any, ...] | None = PLAIN.saved.__get__(self)
        if not held or not self.hooks:
            return held
        return tuple(_opened(value) for value in held)

    @saved.setter
    def saved(self, values: tuple[Any, ...] | None) -> None:
        stack = HOOKS.get() if values is not None else ()
        self.hooks = stack[-1][1] if stack else ()
        for hooks, _ in stack:
            hooks.noted(self)
        plan = self.plan
        if values and stack and isinstance(plan, Plan):
            last = stack[-1][0]
            values = tuple(
                packed(last, self, origin, value) for value, origin in zip(values, plan.origins, strict=True)
            )
        PLAIN.saved.__set__(self, values)


class saved_tensors_hooks(Hooks):
    """Have what is saved for backward in a block packed as it is recorded, and unpacked when it is used.

    ``pack(tensor)`` returns anything; ``unpack`` is given that and returns a tensor of the same shape, dtype
    and device. The tensors have no graph; derivatives of the gradients are connected all the same. Of nested
    blocks the innermost is asked. Scalars, shapes and index arrays are not packed.

    Raises ``DtypeError`` for what is no function; during the pass ``ShapeError``, ``DtypeError`` or
    ``DeviceError``, by the name of the operation, where another tensor comes back.

    >>> import anygrad as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.autograd.saved_tensors_hooks(lambda t: t.tolist(), ag.tensor):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.], dtype=float64, device='cpu')
    """

    def __init__(self, pack: Callable[[Tensor], Any], unpack: Callable[[Any], Tensor]) -> None:
        for name, function in (("pack", pack), ("unpack", unpack)):
            if not callable(function):
                got = f"{name} is {type(function).__name__}"
                raise DtypeError(message("saved_tensors_hooks", got, "expected a function"))
        self._pack, self._unpack, self.mark = pack, unpack, object()

    def pack(self, node: Node, origin: Any, t: Tensor) -> Any:
        """Ask the user's function."""
        return self._pack(t)

    def unpack(self, handle: Any) -> Any:
        """Ask the user's function."""
        return self._unpack(handle)


class save_on_cpu(Hooks):
    """Keep what is saved for backward in a block in the host's memory, and bring it back when it is used.

    ``pin_memory`` takes page-locked memory on CUDA, from which copies are faster. On the host nothing is
    copied, so that a program may say this wherever it runs.

    >>> import anygrad as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.autograd.save_on_cpu(pin_memory=True):
    ...     y = ag.exp(x).sum()
    >>> y.backward()
    >>> bool((x.grad == ag.exp(x)).all())
    True
    """

    def __init__(self, pin_memory: bool = False) -> None:
        self._pinned, self.mark = pin_memory, object()

    def pack(self, node: Node, origin: Any, t: Tensor) -> Any:
        """Copy to the host."""
        return t.xp, t.array if t.xp is CPU else t.xp.hosted(t.array, self._pinned)

    def unpack(self, handle: Any) -> Tensor:
        """Copy to the device."""
        xp, array = handle
        return wrap(array if xp is CPU else carry(array, CPU, xp), xp, None)
