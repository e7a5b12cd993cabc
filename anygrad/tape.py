"""The backward pass: one loop over raw arrays, and, under ``create_graph``, the same loop over tensors.

Its state is local to the call, it writes nothing but buffers that it made itself or holds alone, and
``.grad`` and the graph change only after its last formula.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anygrad.gradients import deposit, land, move, uses_below, uses_towards
from anygrad.graph import (
    CROSSING,
    LEAF,
    OUTPUT,
    Hooked,
    Marker,
    Node,
    freed,
    plain,
    rewrapped,
)
from anygrad.hooks import shown_to_hooks
from anygrad.rules import fit
from anygrad.sums import READY, Pass

__all__ = ["backward"]


class Held:
    """Holds a gradient as a tensor holds its array, so that a backend can count who else does."""

    __slots__ = ("array",)
    array: Any


def backward(
    seeds: list[tuple[Node, Any, Any]],
    wanted: list[Node] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Node, Any]:
    """Carry gradients from the seeds ``(node, g, backend)`` to the leaves.

    ``g`` is the conjugate of the gradient: a raw array, or a tensor under ``create_graph``. Adds to the
    ``.grad`` of every leaf that is reached, or, where ``wanted`` nodes are given, touches no leaf and
    returns what arrived at each of those.
    """
    expand = None
    roots = [node for node, _, _ in seeds]
    if wanted is None:
        uses = uses_below(roots)
    else:
        uses, expand = uses_towards(roots, wanted)
    stack: list[tuple[Any, Any]] = []  # Nodes, or Ready, each with its gradient.
    push, pop = stack.append, stack.pop
    run = Pass(roots, uses, push, expand)
    inbox = run.inbox
    for node, g, backend in seeds:
        inbox.setdefault(backend, []).append((node, g))
    del seeds
    if wanted is not None:
        run.got = dict.fromkeys(wanted)
    leaves: list[tuple[Callable[[], Any], Any, Any]] = []
    collect, send, done, waiting = run.collect, run.send, run.done, run.waiting
    held = Held()
    while inbox:
        backend, arrived = inbox.popitem()
        xp = backend.tensors if create_graph else backend
        run.enter(xp, not create_graph)
        writable, chains_from = run.writable, run.chains_from
        with backend.running():
            for node, g in arrived:
                if node in uses:
                    collect(node, g)
                else:
                    run.finish(node, g)
            del arrived
            while stack or (waiting and run.flush(stack)):
                node, g = pop()
                while True:  # along nodes of one edge
                    plan = node.plan
                    saved: Any = node.saved
                    if saved is None and (expand is None or node in expand):
                        raise freed()
                    if plan.keeps:
                        done.append(node)
                    if create_graph and saved and plain(plan).__class__ is not Marker:
                        saved = rewrapped(node, saved, backend)
                    formula = plan.one
                    if formula is not None:
                        # One edge. This branch is the hot path.
                        (edge,) = node.edges
                        if plan.into is not None and writable:
                            if edge in waiting:
                                run.end(edge, waiting.pop(edge))
                            if edge in run.owned and edge in run.sums:
                                plan.into(xp, run.sums[edge], g, saved)
                                collect(edge, None)
                                break
                        g = formula(xp, g, saved)
                        if node.fits is not None:
                            g = fit(xp, g, *node.fits[0])
                        if edge in uses:
                            # What can be added into a buffer makes a new one otherwise.
                            collect(edge, g, writable and plan.into is not None)
                        elif not plan.chains and chains_from is not None and g.nbytes >= chains_from:
                            run.chain(edge, g, [])
                        else:
                            node = edge
                            continue
                        break
                    pair = plan.pair
                    small = chains_from is None or not plan.chains or g.nbytes < chains_from
                    if pair is not None and small and expand is None:
                        first, second = node.edges
                        x_part, y_part = pair(xp, g, saved)
                        x_fits, y_fits = node.fits or (None, None)
                        send(first, x_part, x_fits)
                        send(second, y_part, y_fits)
                        x_part = y_part = None
                        break
                    if plan.__class__ is Hooked:
                        g = shown_to_hooks(plan.hooks, g, backend, create_graph, run)
                        if node in run.got:
                            run.got[node] = g
                        leaves += [
                            (ref, g, backend) for ref in plan.kept if getattr(ref(), "node", None) is node
                        ]
                        if expand is not None and node not in expand:
                            if plan.keeps:
                                done.pop()
                            break
                        if plan.before or plan.after:
                            run.shown(node, g, saved, backend, create_graph)
                            break
                        plan = plan.plan
                    if plan is LEAF:
                        if node.hooks:
                            g = shown_to_hooks(node.hooks, g, backend, create_graph, run)
                        if node in run.got:
                            run.got[node] = g
                        elif node.late is not None:
                            # At once: an optimiser that runs inside the pass lets go of each gradient.
                            land(node, g, backend)
                        else:
                            leaves.append((node.tensor, g, backend))
                        break
                    if plan is READY:
                        run.chain(node.node, g, [], ready=True)
                        break
                    if plan is OUTPUT:
                        run.gather(node.edges[0], g, *saved)
                        break
                    if plan is CROSSING:
                        (source,) = saved
                        inbox.setdefault(source, []).append((node.edges[0], move(g, backend, source)))
                        break
                    parts, owned = None, False
                    if plan.consume is not None and writable:
                        held.array = g
                        del g
                        owned = backend.exclusive(held)
                        g = held.array
                        del held.array
                    chains = not small and xp.follows(g, saved)
                    if owned:
                        parts = plan.consume(xp, g, saved)
                    elif not chains and (expand is None or plan.each is None):
                        parts = plan.all(xp, g, saved)
                    fits = node.fits
                    for i, edge in enumerate(node.edges):
                        if uses.get(edge) == 0:
                            continue
                        if chains:
                            steps = [] if plan.passes[i] else [(plan.each[i], saved)]
                            run.chain(edge, g, steps, fits and fits[i])
                            continue
                        part = plan.each[i](xp, g, saved) if parts is None else parts[i]
                        if part is None:
                            # None of the outputs that this input leads to had a gradient.
                            if edge in uses:
                                collect(edge, None)
                            else:
                                run.skip(edge)
                            continue
                        send(edge, part, fits and fits[i], owned and plan.which[i] == 0)
                    part = parts = None
                    break
    if leaves:
        deposit(leaves)
    if not retain_graph:
        for node in done:
            node.saved = None
    return run.got
