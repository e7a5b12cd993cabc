"""What hooks see of a backward pass, and what they may put in its place.

Inside is the conjugate of the gradient, a raw array or, under ``create_graph``, a tensor; hooks see and
return gradients, as tensors. Knows nodes, and no pass but as what it hands on.
"""

from __future__ import annotations

from typing import Any

from anygrad import graph
from anygrad.errors import ArgumentError, DtypeError, message
from anygrad.graph import CROSSING, Hook, Node, plain
from anygrad.rules import fit, is_complex

__all__ = ["Watch", "inside", "outside", "pulled", "shown_to_all", "shown_to_hooks"]


class Watch:
    """A hook that is told, beside the gradient, of the pass that it belongs to."""

    def seen(self, g: Any, run: Any) -> Any:
        """Take note of a gradient; what is returned takes its place."""
        raise NotImplementedError


def shown_to_hooks(hooks: dict[int, Hook], g: Any, backend: Any, create_graph: bool, run: Any) -> Any:
    """Show a gradient to hooks, unconjugated; each may return another in its place."""
    for hook in list(hooks.values()):
        seen = outside(g, backend, create_graph)
        new = hook.seen(seen, run) if isinstance(hook, Watch) else hook(seen)
        if new is not None:
            g = inside("hook", new, seen, create_graph)
    return g


def outside(g: Any, backend: Any, create_graph: bool) -> Any:
    """Return a gradient as a hook sees it: a tensor of its own, so that to write into it changes no other."""
    array = g.array if create_graph else g
    seen = graph.wrap(
        array if array.__class__ is backend.array_type else backend.asarray(array), backend, None
    )
    if create_graph:
        seen.node = g.node
    return seen.xp.tensors.conj(seen) if is_complex(seen.xp.tensors, seen.dtype) else seen


def inside(op: str, new: Any, seen: Any, create_graph: bool) -> Any:
    """Return what a hook gave in the place of a gradient as the pass carries it."""
    new = graph.as_gradient(op, new, seen)
    if is_complex(new.xp.tensors, new.dtype):
        new = new.xp.tensors.conj(new)
    return new if create_graph else new.array


def shown_to_all(
    hooks: dict[int, Hook],
    gs: tuple[Any, ...],
    backend: Any,
    create_graph: bool,
    *arrived: tuple[tuple[Any, ...], Any],
) -> tuple[Any, ...]:
    """Show a node's gradients to hooks; to those after it, behind them, what had ``arrived`` at it."""
    for hook in list(hooks.values()):
        groups = [(gs, backend), *arrived]
        seen = [
            tuple(None if g is None else outside(g, xp, create_graph) for g in group) for group, xp in groups
        ]
        new = hook(*seen)
        if new is None:
            continue
        if not isinstance(new, tuple | list):
            got = f"a hook of a node returned {type(new).__name__}"
            raise DtypeError(message("hook", got, "expected a tuple of gradients, or None"))
        if len(new) != len(gs):
            got = f"a hook of a node returned {len(new)} gradients"
            raise ArgumentError(message("hook", got, f"expected {len(gs)}"))
        for i, (part, before) in enumerate(zip(new, seen[0], strict=True)):
            if before is None and part is not None:
                got = f"a hook of a node returned a gradient in place {i}"
                raise ArgumentError(message("hook", got, "there was none: return None there"))
        gs = tuple(
            None if part is None else inside("hook", part, before, create_graph)
            for part, before in zip(new, seen[0], strict=True)
        )
    return gs


def pulled(node: Node, g: Any, saved: Any, backend: Any, create_graph: bool, uses: Any) -> tuple[Any, ...]:
    """Run a node, and show what it gives for its inputs to the hooks after it; return one for each edge."""
    plan, xp, target = plain(node.plan), backend.tensors if create_graph else backend, backend
    if plan is CROSSING:
        target = saved[0]
        parts: tuple[Any, ...] = (graph.move(g, backend, target),)
    else:
        parts = tuple(
            None if part is None or uses.get(e) == 0 else part if f is None else fit(xp, part, *f)
            for part, e, f in zip(
                plan.all(xp, g, saved), node.edges, node.fits or (None,) * len(node.edges), strict=True
            )
        )
    places = [i for i, (end, _) in enumerate(node.next_functions) if end is not None]
    shown = [None] * len(node.next_functions)
    for i, part in zip(places, parts, strict=True):
        shown[i] = part
    arrived = g if isinstance(g, tuple) else (g,)
    found = shown_to_all(node.hooked.after, tuple(shown), target, create_graph, (arrived, backend))
    return tuple(found[i] for i in places)
