"""The graph: nodes, and grad mode.

A node is a plan, what it saved, and one edge for each input that needs a gradient. It never holds a tensor
that came out of it, so a graph has no cycles and dies by reference count. Imports nothing of tensors: how one
is made, checked and moved is handed in.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from anygrad.errors import FreedGraphError, message
from anygrad.op import Plan
from anygrad.rules import fit, is_complex

__all__ = ["CROSSING", "GRAD_MODE", "LEAF", "OUTPUT", "Hooked", "Leaf", "Marker", "Node", "Output"]

GRAD_MODE: ContextVar[bool] = ContextVar("anygrad_grad_mode", default=True)


def _unset(*arguments: Any) -> Any:
    raise AssertionError("set by a module above, before any graph is built")


wrap: Callable[..., Any] = _unset
"""``wrap(array, backend, node)``: make a tensor. Set by ``tensors``, as is the next."""
as_gradient: Callable[..., Any] = _unset
"""``as_gradient(op, given, like)``: check a gradient from outside against the tensor it belongs to."""
move: Callable[..., Any] = _unset
"""``move(g, source, target)``: carry an array or a tensor between backends. Set by ``gradients``."""


class Marker:
    """Stands where a plan does, for nodes that are no operation's; has no ``one``, ``pair`` or ``into``."""

    __slots__ = ("name",)
    one = pair = into = None
    keeps = elementwise = False

    def __init__(self, name: str) -> None:
        self.name = name


LEAF = Marker("accumulate")
OUTPUT = Marker("output")
CROSSING = Marker("to_device")


class Hooked:
    """A plan with functions that see the gradient first. A node is hooked by exchanging its plan.

    ``kept`` are weak references to tensors that retain their gradient.
    """

    __slots__ = ("hooks", "keeps", "kept", "name", "plan")
    one = pair = into = None
    elementwise = False

    def __init__(self, plan: Any) -> None:
        self.plan = plan
        self.keeps = plan.keeps
        self.name = plan.name
        self.hooks: dict[int, Callable[[Any], Any]] = {}
        self.kept: list[weakref.ref[Any]] = []


class Node:
    """What the graph knows of one operation: ``name``, and ``next_functions``, the nodes of its inputs."""

    __slots__ = ("__weakref__", "edges", "fits", "plan", "saved")

    plan: Any
    saved: tuple[Any, ...] | None
    edges: tuple[Node, ...]
    fits: tuple[Any, ...] | None

    def __init__(
        self, plan: Any, saved: tuple[Any, ...] | None, edges: tuple[Node, ...], fits: Any = None
    ) -> None:
        self.plan = plan
        self.saved = saved
        self.edges = edges
        self.fits = fits

    @property
    def name(self) -> str:
        """The name of the operation."""
        name: str = self.plan.name
        return name

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The node and output number behind each input; (None, 0) for one that needs no gradient."""
        plan = plain(self.plan)
        ends = [(e.edges[0], e.saved[0]) if isinstance(e, Output) and e.saved else (e, 0) for e in self.edges]
        if not isinstance(plan, Plan) or plan.row.is_list:
            return tuple(ends)
        found: list[tuple[Node | None, int]] = [(None, 0)] * len(plan.row.inputs)
        for i, end in zip(plan.which, ends, strict=True):
            found[i] = end
        return tuple(found)

    @property
    def is_hooked(self) -> bool:
        """Whether anybody is to see its gradient."""
        return self.plan.__class__ is Hooked

    def pull(self, xp: Any, g: Any) -> tuple[Any, ...]:
        """Return the gradient for each edge, from the gradient of the output."""
        if self.saved is None:
            raise freed()
        plan = plain(self.plan)
        if plan is CROSSING:
            return (move(g, xp, self.saved[0]),)
        if plan is OUTPUT:
            number, count = self.saved
            return (tuple(g if i == number else None for i in range(count)),)
        out: tuple[Any, ...] = plan.all(xp, g, self.saved)
        if self.fits is not None:
            out = tuple(
                part if f is None else fit(xp, part, *f) for part, f in zip(out, self.fits, strict=True)
            )
        return out

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Leaf(Node):
    """Where a pass ends: knows weakly the tensor whose ``.grad`` it adds to."""

    __slots__ = ("hooks", "tensor")

    def __init__(self, tensor: Any) -> None:
        super().__init__(LEAF, (), ())
        self.tensor = weakref.ref(tensor)
        self.hooks: dict[int, Callable[[Any], Any]] = {}

    @property
    def is_hooked(self) -> bool:
        return bool(self.hooks)

    @property
    def variable(self) -> Any:
        """The leaf tensor, or None when it is gone."""
        return self.tensor()


class Output(Node):
    """One of several outputs of a node: the only edge leads to the node, ``saved`` is (number, how many)."""

    __slots__ = ()

    def __init__(self, node: Node, number: int, count: int) -> None:
        super().__init__(OUTPUT, (number, count), (node,))

    @property
    def name(self) -> str:
        return self.edges[0].name


def plain(plan: Any) -> Any:
    """Return a plan without its hooks."""
    return plan.plan if plan.__class__ is Hooked else plan


def rewrapped(node: Node, backend: Any) -> tuple[Any, ...]:
    """Return the saved values as tensors: an input with the edge that it had, an output with the node."""
    plan = plain(node.plan)
    out: list[Any] = []
    for value, origin in zip(node.saved or (), plan.origins, strict=True):
        if origin is None or (not hasattr(value, "dtype") and origin != "out"):
            out.append(value)
        elif origin == "out":
            if isinstance(value, tuple):
                n = len(value)
                out.append(tuple(wrap(v, backend, Output(node, i, n)) for i, v in enumerate(value)))
            else:
                out.append(wrap(value, backend, node))
        else:
            edge = node.edges[plan.which.index(origin)] if origin in plan.which else None
            out.append(wrap(value, backend, edge))
    return tuple(out)


def shown_to_hooks(
    hooks: dict[int, Callable[[Any], Any]], name: str, g: Any, backend: Any, create_graph: bool
) -> Any:
    """Show a gradient to hooks, unconjugated; each may return another in its place."""
    for hook in list(hooks.values()):
        # A tensor of its own, so that a hook which writes into it changes no other gradient.
        array = g.array if create_graph else g
        seen = wrap(array if array.__class__ is backend.array_type else backend.asarray(array), backend, None)
        if create_graph:
            seen.node = g.node
        turn = is_complex(seen.xp.tensors, seen.dtype)
        new = hook(seen.xp.tensors.conj(seen) if turn else seen)
        if new is None:
            continue
        new = as_gradient(name, new, seen)
        if turn:
            new = new.xp.tensors.conj(new)
        g = new if create_graph else new.array
    return g


def freed() -> FreedGraphError:
    """Return the error of a second pass."""
    return FreedGraphError(
        message(
            "backward",
            "the graph was released by an earlier backward pass",
            "the saved values are gone",
            "pass retain_graph=True to the first pass, or compute the output again",
        )
    )
