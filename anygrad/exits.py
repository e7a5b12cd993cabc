"""Exits from the graph, as an audit lists them: where each was, and what a derivative has to do with it.

Knows nodes, and not how exits are seen.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from anygrad.accounting import Peak
from anygrad.charts import LONGEST, aligned, place
from anygrad.graph import LEAF, Node

__all__ = ["ORDER", "UNMARKED", "Depended", "Exit", "Graph", "Mark", "joined", "table"]

Depended = Literal["", "no", "may", "yes"]
ORDER: tuple[Depended, ...] = ("", "no", "may", "yes")
HEAD = ("exit", "calls", "shape", "dtype", "depended", "where", "source")


@dataclass(eq=False)
class Exit:
    """A line from which values have left the graph.

    ``op`` is what was called there (of ``bool(x > 0)``, which looks at a tensor that has no gradient by
    nature, ``via`` is what made that: ``"greater"``), ``kind`` is ``"scalar"``, ``"cast"``, ``"copy"``,
    ``"detach"``, ``"array"`` or ``"constant"``. ``file``, ``line`` and ``function`` are the innermost outside
    anygrad; ``shape`` and ``dtype`` those of the first tensor, ``count`` how many there were.

    ``depended`` says whether what was differentiated in the block depended on the value, and so lost that
    part of its derivative: ``"yes"``, ``"no"``, ``"may"`` where the value left as numbers, which nobody can
    follow, and ``""`` where nothing was differentiated since. ``escaped`` is the step at which it did so.
    """

    op: str
    kind: str
    file: str
    line: int
    function: str
    shape: tuple[int, ...]
    dtype: np.dtype
    via: str = ""
    count: int = 0
    depended: Depended = ""
    leaves: set[Node] = field(default_factory=set, repr=False)
    escaped: int = field(default=0, repr=False)

    @property
    def name(self) -> str:
        """The operation, with what it looked at."""
        return f"{self.op} of {self.via}" if self.via else self.op


class Mark(NamedTuple):
    """What is known of a tensor outside the graph: by which exits it left, and of which leaves it tells.

    ``via`` is the operation that looked at these: a comparison, or what was made of one.
    """

    exits: frozenset[Exit]
    leaves: frozenset[Node]
    via: str


UNMARKED = Mark(frozenset(), frozenset(), "")


def joined(marks: list[Mark]) -> Mark:
    """Return what several marks tell together."""
    known = [m for m in marks if m is not UNMARKED]
    if not known:
        return UNMARKED
    return Mark(
        frozenset[Exit]().union(*(m.exits for m in known)),
        frozenset[Node]().union(*(m.leaves for m in known)),
        next((m.via for m in known if m.via), ""),
    )


class Behind(NamedTuple):
    """What the value of a node was made of: leaves, and what had left the graph by some exits."""

    leaves: frozenset[Node]
    exits: frozenset[Exit]


def _both(parts: list[Behind]) -> Behind:
    if len(parts) == 1:
        return parts[0]
    return Behind(frozenset().union(*(p.leaves for p in parts)), frozenset().union(*(p.exits for p in parts)))


class Graph:
    """What is known of nodes while somebody watches: their leaves, when they were made, what they use."""

    def __init__(self) -> None:
        self.known: WeakKeyDictionary[Node, Behind] = WeakKeyDictionary()
        self.made: WeakKeyDictionary[Node, int] = WeakKeyDictionary()
        self.used: WeakKeyDictionary[Node, frozenset[Exit]] = WeakKeyDictionary()

    def behind(self, nodes: Iterable[Node]) -> Behind:
        """Return the nodes without edges that some lead to, and the exits of what came in on the way."""
        return _both([self._behind(node) for node in nodes])

    def _behind(self, node: Node) -> Behind:
        known, stack = self.known, [node]
        while stack:
            last = stack[-1]
            missing = [] if last in known else [e for e in last.edges if e.edges and e not in known]
            if missing:
                stack += missing
                continue
            stack.pop()
            if last.edges and last not in known:
                parts = {known[e] if e.edges else self._leaf(e) for e in last.edges}
                own = self.used.get(last)
                known[last] = _both([*parts, Behind(frozenset(), own)] if own else list(parts))
        return known[node] if node.edges else self._leaf(node)

    def _leaf(self, node: Node) -> Behind:
        return Behind(frozenset((node,)), self.used.get(node, frozenset()))

    def apart(self, exits: frozenset[Exit]) -> Node:
        """Return a root for what is connected to nothing, made now of what has left by exits."""
        root = Node(LEAF, (), ())
        self.used[root] = exits
        return root

    def depended(
        self, exits: Iterable[Exit], roots: Sequence[Node], wanted: Iterable[Node] | None
    ) -> dict[Exit, Depended]:
        """Tell of exits whether derivatives of roots by wanted nodes, or by all leaves, depended on them."""
        below = _below(roots)
        made = max((self.made.get(root, 1 << 62) for root in roots), default=0)
        used = frozenset().union(*(self.used[node] for node in below if node in self.used))
        ends = below if wanted is None else _below(wanted)
        found: dict[Exit, Depended] = {}
        for e in exits:
            if ends.isdisjoint(_below(e.leaves)):
                found[e] = "no"
            elif e in used:
                found[e] = "yes"
            else:
                found[e] = "may" if 0 < e.escaped <= made else "no"
        return found


def _below(roots: Iterable[Node]) -> set[Node]:
    """Return nodes and all that they lead to."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for e in stack.pop().edges:
            if e not in seen:
                seen.add(e)
                stack.append(e)
    return seen


def table(exits: Sequence[Exit]) -> str:
    """Lay exits out under headings, those first that matter most, with a total below."""
    lines: list[list[str]] = [list(HEAD)]
    for e in sorted(exits, key=lambda e: -ORDER.index(e.depended)):
        source = linecache.getline(e.file, e.line).strip()
        source = source if len(source) <= LONGEST else source[: LONGEST - 1] + "…"
        where = f"{place(Peak(0, e.op, e.file, e.line))} in {e.function}" if e.line else "unknown"
        look = str(e.shape), str(e.dtype)
        lines.append([e.name, str(e.count), *look, e.depended or "-", where, source])
    lines.append(["total", str(sum(e.count for e in exits)), *[""] * (len(HEAD) - 2)])
    return aligned(lines)
