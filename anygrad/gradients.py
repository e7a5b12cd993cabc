"""Gradients in and out: what a pass starts with and leads to, and how what it found becomes ``.grad``.

Outside stands the gradient, inside its conjugate: here is where the two meet. Knows tensors only by what they
carry (``array``, ``xp``, ``node``); how one is made is the graph's ``wrap``.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from anygrad import graph
from anygrad.backends.base import Backend
from anygrad.construction import carry
from anygrad.errors import DtypeError, GradientDtypeError, GradientError, GradientShapeError, message
from anygrad.graph import GRAD_MODE, Node
from anygrad.hooks import shown_to_all
from anygrad.rules import is_complex

__all__ = [
    "Ends",
    "deliver",
    "deposit",
    "land",
    "landed",
    "move",
    "nodes_of",
    "retain_on",
    "seed_of",
    "uses_below",
    "uses_towards",
]

_accumulating = threading.RLock()
_ONES: dict[tuple[Backend, Any], Any] = {}


def retain_on(t: Any) -> None:
    """Have a tensor's node keep its gradient for it; again when a write gave the tensor another node."""
    if t.node.plan is graph.LEAF:
        got, advice = "this is an argument of a transformed function", "the transform returns its gradient"
        raise GradientError(message("retain_grad", got, advice))
    t.node.hooked.kept.append(weakref.ref(t))


def seed_of(output: Any, gradient: Any, create_graph: bool) -> tuple[Node, Any, Backend]:
    """Return where a pass starts and with what: the conjugate of the gradient that was given, or one."""
    node, xp = output.node, output.xp
    if node is None:
        raise GradientError(
            message(
                "backward",
                "the output does not require a gradient",
                "some input must have requires_grad=True, and no no_grad() in between",
            )
        )
    array = output.array
    turn = output.dtype.kind == "c"
    if gradient is None:
        if array.shape and output.size != 1:
            advice = "pass gradient= or reduce it to a scalar first"
            raise GradientShapeError(message("backward", f"the output has shape {output.shape}", advice))
        if turn:
            advice = "pass gradient= or reduce it to a real scalar first"
            raise GradientDtypeError(message("backward", f"the output has dtype {output.dtype}", advice))
        g = _one(xp, array.shape, array.dtype)
        return node, (graph.wrap(g, xp, None) if create_graph else g), xp
    given = graph.as_gradient("backward", gradient, output)
    if create_graph:
        return node, (xp.tensors.conj(given) if turn else given), xp
    # A copy: the caller may write into the memory of what was given.
    return node, (xp.conj(given.array) if turn else xp.compact(given.array)), xp


def _one(xp: Backend, shape: tuple[int, ...], dtype: Any) -> Any:
    """Return a one; without axes always the same, which nobody writes into since it is kept here too."""
    if shape:
        return xp.ones(shape, dtype=dtype, device=xp.device)
    found = _ONES.get((xp, dtype))
    if found is None:
        found = xp.ones((), dtype=dtype, device=xp.device)
        if xp.generics:
            found = found[()]
        xp.synchronize()  # Work on other streams, which do not wait for this one, will read it.
        _ONES[xp, dtype] = found
    return found


class _Start:
    """Stands where a node does, for nodes that a count starts with."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.edges = nodes


def uses_below(roots: list[Node]) -> dict[Node, int]:
    """Count the uses of each node that is used more than once."""
    uses: dict[Node, int] = {}
    edges: Sequence[Node] = roots
    # Until the graph branches, nothing leads back to a node.
    while len(edges) == 1:
        edges = edges[0].edges
    if not edges:
        return uses
    nodes: list[Any] = [_Start(edges)]
    seen: set[Node] = set()
    see, follow = seen.add, nodes.append
    for node in nodes:  # which grows on the way
        for e in node.edges:
            if e in seen:
                uses[e] = uses.get(e, 1) + 1
            else:
                see(e)
                follow(e)
    return uses


class Ends(list[Node]):
    """Wanted nodes that a pass ends at: what one of them leads to is reached on other ways alone."""


def uses_towards(roots: list[Node], wanted: Iterable[Node]) -> tuple[dict[Node, int], set[Node]]:
    """Count uses along edges that lead to a wanted node; 0 for nodes that lead to none.

    Also returns the nodes whose formulas are to run.
    """
    users: dict[Node, list[Node]] = {}
    stops = set(wanted) if isinstance(wanted, Ends) else ()
    seen = set(roots)
    stack = list(seen)
    while stack:
        node = stack.pop()
        for e in () if node in stops else node.edges:
            users.setdefault(e, []).append(node)
            if e not in seen:
                seen.add(e)
                stack.append(e)
    targets = [w for w in wanted if w in seen]
    keep = set(targets)
    expand: set[Node] = set()
    climb = list(keep)
    while climb:
        for user in users.get(climb.pop(), ()):
            expand.add(user)
            if user not in keep:
                keep.add(user)
                climb.append(user)
    uses = {node: 0 for node in seen if node not in keep}
    for node in targets:
        uses[node] = 0
    single: set[Node] = set()
    for e in [*roots, *(e for node in expand for e in node.edges)]:
        if e in keep:
            if e in uses:
                uses[e] += 1
            elif e in single:
                uses[e] = 2
            else:
                single.add(e)
    return uses, expand


def nodes_of(op: str, tensors: Iterable[Any]) -> list[Node]:
    """Return the nodes of tensors; raises ``GradientError`` for one that requires no gradient."""
    nodes: list[Node] = []
    for i, t in enumerate(tensors):
        if not hasattr(t, "node"):
            raise DtypeError(message(op, f"input {i} is {type(t).__name__}", "expected a tensor"))
        if t.node is None:
            advice = "call requires_grad_() before using it"
            raise GradientError(message(op, f"input {i} does not require a gradient", advice))
        nodes.append(t.node)
    return nodes


def landed(g: Any, xp: Backend) -> Any:
    """Return what arrived at the end of a pass as a tensor of its own, no longer the conjugate."""
    if g.__class__ is not xp.array_type:
        if hasattr(g, "node"):
            # Never the tensor itself, which another leaf may get too, or the caller hold.
            return xp.tensors.conj(g) if g.dtype.kind == "c" else graph.wrap(g.array, xp, g.node)
        g = xp.asarray(g)
    if g.dtype.kind == "c" if xp.native else is_complex(xp, g.dtype):
        g = xp.asarray(xp.conj(g))
    return graph.wrap(xp.owned(g), xp, None)


def deposit(arrivals: Iterable[tuple[Callable[[], Any], Any, Backend]]) -> None:
    """Add gradients to the ``.grad`` of tensors: all of them, or none where that is interrupted.

    A tensor is what a function returns: None, or one without a node, is a leaf that is no more.
    """
    before: list[tuple[Any, Any, Any, Any]] = []
    with _accumulating:
        try:
            for ref, g, xp in arrivals:
                t = ref()
                if t is None or t.node is None:
                    continue
                new, held = landed(g, xp), getattr(t, "_grad", None)
                found, wanted = new.array.shape, t.array.shape
                assert found == wanted, f"a gradient of shape {found} arrived at a tensor of shape {wanted}"
                if held is None:
                    before.append((t, None, None, None))
                    t._grad = new
                else:
                    holder = getattr(held, "base", held)
                    before.append((t, held, holder, holder.array))
                    _add(t, held, new, hasattr(g, "node"), xp)
        except BaseException:
            for t, held, holder, array in reversed(before):
                t._grad = held
                if holder is not None:
                    holder.array = array
            raise


def land(leaf: Any, g: Any, xp: Backend) -> None:
    """Add a gradient to the ``.grad`` of a leaf between the hooks before its node and those after it."""
    t, tracked = leaf.tensor(), hasattr(g, "node")
    (g,) = shown_to_all(leaf.late.before, (g,), xp, tracked)
    if t is None or t.node is not leaf or g is None:
        return
    deposit([(leaf.tensor, g, xp)])
    for hook in list(leaf.late.landed.values()):
        hook(t)
    shown_to_all(leaf.late.after, (), xp, tracked, ((g,), xp))


def deliver(chosen: Iterable[Any], nodes: list[Node], got: dict[Node, Any]) -> None:
    """Add what arrived at chosen tensors to their ``.grad``."""
    arrived = [(t, n, got[n]) for t, n in zip(chosen, nodes, strict=True) if got[n] is not None]
    deposit((weakref.ref(t), g, t.xp) for t, n, g in arrived if not getattr(n, "late", None))
    for t, n, g in arrived:
        if getattr(n, "late", None):
            land(n, g, t.xp)


def _add(t: Any, held: Any, new: Any, tracked: bool, xp: Backend) -> None:
    if tracked or new.node is not None or held.node is not None:
        token = GRAD_MODE.set(True)
        try:
            t._grad = held + new
        finally:
            GRAD_MODE.reset(token)
    elif xp.native and not hasattr(held, "base") and held.array.strides == new.array.strides:
        # What held += new does, where there is nothing to check.
        total = xp.add(held.array, new.array)
        held.array = total if total.__class__ is xp.array_type else xp.asarray(total)
    else:
        held += new


def move(g: Any, source: Backend, target: Backend) -> Any:
    """Carry a gradient, an array or a tensor, from one backend to another."""
    return g.to(target.name) if hasattr(g, "node") else carry(g, source, target)


graph.move = move
