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
from anygrad.hooks import pulled, shown_to_all, shown_to_hooks
from anygrad.rules import fit

__all__ = ["backward"]


class Held:
    """Holds a gradient as a tensor holds its array, so that a backend can count who else does."""

    __slots__ = ("array",)
    array: Any


READY = Marker("ready")


class Ready:
    """Stands on the stack for a node from which a chain may begin: the loop does, so that none recurses."""

    __slots__ = ("node",)
    plan, saved = READY, ()

    def __init__(self, node: Node) -> None:
        self.node = node


class Pass:
    """The sums of one backward pass: what arrived so far at nodes that are used more than once.

    ``uses`` counts what is still to come; 0 marks a node that leads to nothing wanted. ``wanted`` nodes
    are watched here too, so that the loop itself never looks for them. ``inbox`` is what arrived for the
    nodes of each backend, which the loop takes in turn.
    """

    __slots__ = (
        *("chains_from", "done", "expand", "got", "inbox", "owned"),
        *("notes", "push", "roots", "sums", "uses", "writable", "xp"),
    )

    def __init__(self, roots: list[Node], uses: dict[Node, int], push: Any, expand: set[Node] | None) -> None:
        self.roots = roots
        self.uses = uses
        self.push = push
        self.inbox: dict[Any, list[tuple[Node, Any]]] = {}
        self.sums: dict[Node, Any] = {}
        self.owned: set[Node] = set()
        self.got: dict[Node, Any] = {}
        self.done: list[Node] = []
        self.expand = expand

    def enter(self, xp: Any, raw: bool) -> None:
        """Begin to run on a backend, or, where not ``raw``, on its tensors."""
        self.xp = xp
        self.writable = raw and xp.writable
        self.chains_from = xp.chains_from if raw else None

    def collect(self, node: Node, g: Any, owned: bool = False) -> None:
        """Add a contribution; hand the node to the loop with the last one."""
        left = self.uses[node]
        if not left:
            return
        sums = self.sums
        before = sums.get(node)
        if before is not None and g is not None:
            if node in self.owned:
                before += g
                g = before
            elif owned:
                g += before
                self.owned.add(node)
            else:
                g = before + g
                # A scalar of NumPy's cannot be added into; every other sum is an array made just now.
                if self.writable and hasattr(g, "__setitem__"):
                    self.owned.add(node)
        elif g is None:
            g = before
        elif owned:
            self.owned.add(node)
        if left > 1:
            self.uses[node] = left - 1
            if g is not None:
                sums[node] = g
            return
        sums.pop(node, None)
        self.finish(node, g)

    def send(self, node: Node, g: Any, fits: Any, owned: bool = False) -> None:
        """Pass a gradient on along one of several edges."""
        if fits is not None:
            g = fit(self.xp, g, *fits)
        chains_from = self.chains_from
        if node in self.uses:
            self.collect(node, g, owned)
        elif chains_from is not None and node.plan.elementwise and g.nbytes >= chains_from:
            self.chain(node, g, [])
        else:
            self.push((node, g))

    def gather(self, node: Node, g: Any, number: int, count: int) -> None:
        """Put the gradient of one output beside those of a node's others."""
        parts = list(self.sums.pop(node, None) or (None,) * count)
        parts[number] = g if parts[number] is None else parts[number] + g
        left = self.uses.get(node, 1)
        if left > 1:
            self.uses[node] = left - 1
            self.sums[node] = tuple(parts)
        else:
            self.finish(node, tuple(parts))

    def finish(self, node: Node, g: Any) -> None:
        """Pass on a node whose uses have all reported."""
        if g is None:
            self.skip(node)
            return
        if self.expand is not None:
            if node in self.got:
                self.got[node] = g
            if node not in self.expand and not node.is_hooked:
                return
        starts = self.chains_from is not None and node.plan.elementwise and g.nbytes >= self.chains_from
        self.push((Ready(node) if starts else node, g))

    def chain(self, node: Node, g: Any, steps: list[Any], fits: Any = None, ready: bool = False) -> None:
        """Take a large gradient through ``steps`` to a node, and at once through those that it alone reaches.

        Between two elementwise formulas nobody looks at it, so that the backend may run them together: NumPy
        block by block, while a block is in the cache, CuPy in one kernel. A step is a formula and what was
        saved for it. ``fits``: how the last result fits the node. ``ready``: the node waits for nothing more.
        """
        xp, uses = self.xp, self.uses
        while True:
            while fits is None and (ready or node not in uses):
                plan = node.plan
                # What other classes saved is packed: it is asked for one node at a time.
                if not plan.elementwise or plan.one is None or node.__class__ is not Node:
                    break
                saved = node.saved
                if saved is None or not xp.follows(g, saved):
                    break
                if plan.keeps:
                    self.done.append(node)
                if not plan.passes[0]:
                    steps.append((plan.one, saved))
                if node.fits is not None:
                    (fits,) = node.fits
                (node,) = node.edges
                ready = False
            if not steps and fits is None:
                break
            if fits is None and node in self.owned and node in self.sums and xp.adds_into(self.sums[node]):
                xp.chained(g, steps, self.sums[node])
                self.collect(node, None)
                return
            if steps:
                g = xp.chained(g, steps)
            if fits is not None:
                g = fit(xp, g, *fits)
            if node in uses:
                self.collect(node, g, self.writable and fits is None)
                return
            steps, fits = [], None
        if ready or node not in uses:
            self.push((node, g))
        else:
            self.collect(node, g)

    def shown(self, node: Node, g: Any, saved: Any, backend: Any, create_graph: bool) -> None:
        """Run a node between the hooks before it and after it, and pass its gradients on."""
        gs = shown_to_all(node.hooked.before, g if isinstance(g, tuple) else (g,), backend, create_graph)
        if all(part is None for part in gs):
            self.skip(node)
            return
        g = gs if isinstance(g, tuple) else gs[0]
        parts = pulled(node, g, saved, backend, create_graph, self.uses)
        for edge, part in zip(node.edges, parts, strict=True):
            if self.uses.get(edge) == 0:
                continue
            if plain(node.plan) is CROSSING:
                self.inbox.setdefault(saved[0], []).append((edge, part))
            elif part is not None:
                self.send(edge, part, None)
            elif edge in self.uses:
                self.collect(edge, None)
            else:
                self.skip(edge)

    def skip(self, node: Node) -> None:
        """Report for a node that no gradient reached to all that it leads to."""
        stack = [node]
        while stack:
            empty = stack.pop()
            if plain(empty.plan) is CROSSING:
                self.inbox.setdefault(empty.saved[0], []).append((empty.edges[0], None))  # type: ignore[index]
                continue
            for e in empty.edges:
                left = self.uses.get(e, 1)
                if left == 1:
                    g = self.sums.pop(e, None)
                    if g is None:
                        stack.append(e)
                    else:
                        self.uses[e] = 1
                        self.finish(e, g)
                elif left:
                    self.uses[e] = left - 1


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
    collect, send, done = run.collect, run.send, run.done
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
            while stack:
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
                        if plan.into is not None and writable and edge in run.owned and edge in run.sums:
                            plan.into(xp, run.sums[edge], g, saved)
                            collect(edge, None)
                            break
                        g = formula(xp, g, saved)
                        if node.fits is not None:
                            g = fit(xp, g, *node.fits[0])
                        if edge in uses:
                            # What can be added into a buffer makes a new one otherwise.
                            collect(edge, g, writable and plan.into is not None)
                        elif not plan.elementwise and chains_from is not None and g.nbytes >= chains_from:
                            run.chain(edge, g, [])
                        else:
                            node = edge
                            continue
                        break
                    pair = plan.pair
                    small = chains_from is None or not plan.elementwise or g.nbytes < chains_from
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
