"""What one backward pass holds: the gradients that have arrived at nodes, and where each goes from there.

The loop that takes nodes one after the other is in ``tape``; it asks here where a node has several edges or
uses, where a large gradient goes through several formulas at once, and where a hook watches.
"""

from __future__ import annotations

from typing import Any

from anygrad.graph import CROSSING, Marker, Node, plain
from anygrad.hooks import pulled, shown_to_all
from anygrad.rules import fit

__all__ = ["READY", "Pass"]


READY = Marker("ready")


class Ready:
    """Stands on the stack for a node from which a chain may begin: the loop does, so that none recurses."""

    __slots__ = ("node",)
    plan, saved = READY, ()

    def __init__(self, node: Node) -> None:
        self.node = node


class Pass:
    """The state of one backward pass.

    ``sums`` has what arrived so far at nodes that are used more than once, ``owned`` those of them whose sum
    may be written into, ``uses`` how many contributions are still to come; 0 marks a node that leads to
    nothing wanted. ``got`` watches the wanted nodes, so that the loop itself never looks for them. A chain of
    formulas to a node that is still to get more is ``waiting``: where the next contribution is a chain too,
    both run, and are added up, together. ``inbox`` is what arrived for the nodes of each backend, which the
    loop takes in turn, ``done`` the nodes whose saved values are let go at the end, ``notes`` what functions
    over several tensors remember in between (``several``).
    """

    __slots__ = (
        *("chains_from", "done", "expand", "got", "inbox", "owned"),
        *("notes", "push", "roots", "sums", "uses", "waiting", "writable", "xp"),
    )

    def __init__(self, roots: list[Node], uses: dict[Node, int], push: Any, expand: set[Node] | None) -> None:
        self.roots = roots
        self.uses = uses
        self.push = push
        self.inbox: dict[Any, list[tuple[Node, Any]]] = {}
        self.sums: dict[Node, Any] = {}
        self.owned: set[Node] = set()
        self.waiting: dict[Node, Any] = {}
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
            if node in self.waiting:
                self.end(node, self.waiting.pop(node))
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
        elif chains_from is not None and node.plan.chains and g.nbytes >= chains_from:
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
        starts = self.chains_from is not None and node.plan.chains and g.nbytes >= self.chains_from
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
                if not plan.chains or plan.one is None or node.__class__ is not Node:
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
            if fits is None and node in uses:
                self.meet(node, (g, steps))
                return
            if steps:
                g = xp.chained([(g, steps)])
            if fits is not None:
                g = fit(xp, g, *fits)
            if node in uses:
                self.collect(node, g)
                return
            steps, fits = [], None
        if ready or node not in uses:
            self.push((node, g))
        else:
            self.collect(node, g)

    def meet(self, node: Node, chain: tuple[Any, list[Any]]) -> None:
        """Run a chain with the one that waits at its end, or have it wait where nothing has come yet."""
        if node in self.waiting:
            g = self.xp.chained([self.waiting.pop(node), chain])
            self.collect(node, None)
            self.collect(node, g, self.writable)
        elif self.uses[node] > 1 and node not in self.sums:
            self.waiting[node] = chain
        else:
            self.end(node, chain)

    def end(self, node: Node, chain: tuple[Any, list[Any]]) -> None:
        """Run a chain by itself: into the buffer at its end, where there is one."""
        xp, buffer = self.xp, self.sums.get(node) if node in self.owned else None
        if buffer is not None and xp.adds_into(buffer):
            xp.chained([chain], buffer)
            self.collect(node, None)
        else:
            self.collect(node, xp.chained([chain]), self.writable)

    def flush(self, stack: list[Any]) -> bool:
        """Run chains that wait for what comes from elsewhere, until there is something on the stack."""
        while self.waiting and not stack:
            self.end(*self.waiting.popitem())
        return bool(stack)

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
                    if e in self.waiting:
                        self.end(e, self.waiting.pop(e))
