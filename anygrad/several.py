"""Hooks over several tensors: a function is called once in a pass, with all their gradients or the first."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Literal

from anygrad.errors import ArgumentError, DtypeError, GradientError, message
from anygrad.graph import HookHandle, Node
from anygrad.hooks import Watch
from anygrad.tensors import Tensor

__all__ = ["register_multi_grad_hook"]

OP = "register_multi_grad_hook"


class _Handle(HookHandle):
    """Removes the hooks of several tensors."""

    def __init__(self, parts: list[HookHandle]) -> None:
        self._parts = parts

    def remove(self) -> None:
        for part in self._parts:
            part.remove()


def _noted(run: Any) -> dict[Any, Any]:
    """Return what hooks have noted of a pass."""
    if not hasattr(run, "notes"):
        run.notes = {}
    notes: dict[Any, Any] = run.notes
    return notes


def _reached(run: Any, nodes: list[Node | None]) -> list[bool]:
    """Tell which of the nodes a pass runs, or ends at."""
    seen = set(run.roots)
    stack = list(seen)
    while stack:
        new = set(stack.pop().edges) - seen
        stack += new
        seen |= new
    return [n in seen and (run.expand is None or run.uses.get(n) != 0) for n in nodes if n is not None]


class _First(Watch):
    """Calls a function with the first gradient of a pass."""

    def __init__(self, function: Callable[[Tensor], None]) -> None:
        self.function = function
        self.lock = threading.Lock()

    def seen(self, g: Tensor, run: Any) -> None:
        with self.lock:
            notes = _noted(run)
            first = self not in notes
            notes[self] = True
        if first:
            self.function(g)


class _All:
    """Calls a function with the gradients of a pass, once those that it leads to have all arrived."""

    def __init__(self, nodes: list[Node], function: Callable[[list[Tensor | None]], None]) -> None:
        # Weakly: the nodes hold the hooks, and these hold this.
        self.nodes, self.function = [weakref.ref(n) for n in nodes], function

    def arrived(self, i: int, g: Tensor, run: Any) -> None:
        notes = _noted(run)
        if self not in notes:
            notes[self] = [sum(_reached(run, [ref() for ref in self.nodes])), [None] * len(self.nodes)]
        notes[self][0] -= 1
        notes[self][1][i] = g
        left, found = notes[self]
        if not left:
            self.function(found)


class _OneOf(Watch):
    """The hook on one of the tensors."""

    def __init__(self, whole: _All, i: int) -> None:
        self.whole, self.i = whole, i

    def seen(self, g: Tensor, run: Any) -> None:
        self.whole.arrived(self.i, g, run)


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: Literal["all", "any"] = "all"
) -> HookHandle:
    """Call ``fn`` once in every pass that reaches some of the tensors; return a handle that removes it.

    With ``mode="all"`` it is given a list of their gradients when the last of them is there, None for a
    tensor that the pass does not lead to; with ``mode="any"`` the first gradient.

    Raises ``ArgumentError`` for another mode, ``DtypeError`` for what is no tensor or no function, and
    ``GradientError`` for a tensor that requires no gradient.

    >>> import anygrad as ag
    >>> x, y = (ag.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    >>> with ag.autograd.register_multi_grad_hook([x, y], lambda gs: print(*(g.item() for g in gs))):
    ...     (x * y).backward()
    3.0 2.0
    """
    if mode not in ("all", "any"):
        raise ArgumentError(message(OP, f"mode is {mode!r}", "expected 'all' or 'any'"))
    if not callable(fn):
        raise DtypeError(message(OP, f"got {type(fn).__name__}", "expected a function of gradients"))
    nodes: list[Node] = []
    for i, t in enumerate(tensors):
        if not isinstance(t, Tensor):
            raise DtypeError(message(OP, f"entry {i} is {type(t).__name__}", "expected a tensor"))
        if t.node is None:
            advice = "call requires_grad_() first"
            raise GradientError(message(OP, f"tensor {i} does not require a gradient", advice))
        nodes.append(t.node)
    whole, first = _All(nodes, fn), _First(fn)
    hooks = [first if mode == "any" else _OneOf(whole, i) for i in range(len(nodes))]
    return _Handle([HookHandle(n.hooked.hooks, hook) for n, hook in zip(nodes, hooks, strict=True)])
