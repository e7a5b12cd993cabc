"""``audit`` and ``strict``: exits from the graph, listed or refused. How they are seen is ``watching``'s."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from contextvars import Token
from typing import Any

from anygrad.accounting import place_of
from anygrad.errors import ArgumentError, GradientError, GraphExitError, message
from anygrad.exchange import Op, Shared
from anygrad.exits import ORDER, Depended, Exit, Graph, table
from anygrad.graph import Node
from anygrad.tensors import Tensor
from anygrad.watching import ARRAYS, BLOCKS, KINDS, NUMBERS, Block, Watcher

__all__ = ["Exit", "audit", "strict"]

ALLOWED = {"array", "constant", "scalar", *NUMBERS, *ARRAYS, *KINDS, *KINDS.values()}
"""What ``strict`` may be told to let pass: kinds of exits, and operations."""

_WATCHERS = Shared(Watcher)


class _Watched(Block):
    """A block that watches."""

    def __init__(self) -> None:
        self._tokens: list[Token[tuple[Block, ...]]] = []

    def __enter__(self) -> Any:
        self._watcher: Watcher = _WATCHERS.enter()
        self._tokens.append(BLOCKS.set((*BLOCKS.get(), self)))
        return self

    def __exit__(self, *exception: object) -> None:
        BLOCKS.reset(self._tokens.pop())
        _WATCHERS.leave()


class audit(_Watched):
    """List, in a block, every line from which the value of a tracked tensor leaves the graph.

    ``print(report)`` shows them, ``report.exits`` has them (``Exit``), ``len(report)`` counts them. An exit
    is a number (``float``, ``int``, ``bool``, ``complex``, ``index``, ``round``, ``item``, ``tolist``), a
    cast to integers or booleans, a copy (``tensor``, Python's ``copy`` and ``pickle``), ``detach``. A
    comparison or a position (``x > 0``, ``argmax``) has no derivative to lose and is none, but what leaves
    with it is: ``bool(x > 0)``. ``floor`` and its like stay in the graph, with a derivative of zero. What
    ``no_grad`` encloses is deliberate, and not listed; nor is text. Exports that raise are no exits.

    Each ``backward``, and each derivative of ``grad``, ``jvp`` and the others, in the block tells of every
    exit whether what was differentiated ``depended`` on it: ``"yes"`` and ``"no"`` of tensors, which are
    followed; ``"may"`` of numbers that come from the same inputs and left before its end. ``report.of(y)``
    tells it of one tensor. Where a checkpointed function runs again nothing is listed twice.

    A block sees the thread or task that it is in; blocks nest. Operations take some microseconds more there.

    >>> import anygrad as ag
    >>> def f(x):
    ...     return (x * float(x.sum()) + x.detach() ** 2).sum()
    >>> with ag.audit() as report:
    ...     _ = ag.grad(f)(ag.tensor([1.0, 2.0]))
    >>> [(e.op, e.count, e.depended) for e in report.exits]
    [('float', 1, 'may'), ('detach', 1, 'yes')]
    """

    def __init__(self) -> None:
        super().__init__()
        self._exits: dict[Any, Exit] = {}

    def exit(self, where: Op, kind: str, t: Tensor, via: str) -> Exit:
        op, code, _ = where
        file, line = place_of(where)
        key = op, kind, via, file, line, "" if code is None else code.co_qualname
        found = self._exits.get(key)
        if found is None:
            found = self._exits[key] = Exit(op, kind, file, line, key[-1], t.shape, t.dtype, via)
        return found

    def judge(self, graph: Graph, roots: list[Node], wanted: Iterable[Node] | None) -> None:
        for e, depended in graph.depended(self.exits, roots, wanted).items():
            e.depended = max(e.depended, depended, key=ORDER.index)

    @property
    def exits(self) -> list[Exit]:
        """The exits so far, in the order in which they were first seen."""
        return list(self._exits.values())

    def of(self, output: Tensor, inputs: Sequence[Tensor] | None = None) -> dict[Exit, Depended]:
        """Tell of each exit whether the derivative of a tensor by inputs (all leaves) depends on it.

        Raises ``GradientError`` for a tensor that requires no gradient.
        """
        for t in (output, *(inputs or ())):
            if t.node is None:
                got = f"a tensor of shape {t.shape} does not require a gradient"
                raise GradientError(message("audit", got, "ask of one that does"))
        wanted = None if inputs is None else [t.node for t in inputs if t.node is not None]
        assert output.node is not None
        return self._watcher.graph.depended(self.exits, [output.node], wanted)

    def __len__(self) -> int:
        return len(self._exits)

    def __iter__(self) -> Iterator[Exit]:
        return iter(self.exits)

    def __str__(self) -> str:
        return table(self.exits) if self._exits else "nothing left the graph"

    def __repr__(self) -> str:
        return f"<audit of {len(self)} lines where values left the graph: print it>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


class strict(_Watched):
    """Have every exit from the graph raise ``GraphExitError``, in a block: what ``audit`` lists.

    ``allow`` names what may pass all the same: operations (``"detach"``, ``"float"``, ``"astype"``, ...) or
    kinds of exits (``"scalar"``, ``"cast"``, ``"copy"``, ``"detach"``, ``"array"``, ``"constant"``). What
    ``no_grad`` encloses passes. Raises ``ArgumentError`` for another name.

    >>> import anygrad as ag
    >>> x = ag.tensor(2.0, requires_grad=True)
    >>> with ag.strict():
    ...     try:
    ...         float(x)
    ...     except ag.GraphExitError as error:
    ...         print(str(error).partition(":")[0])
    [float] x has shape () and requires a gradient
    """

    def __init__(self, *, allow: Sequence[str] = ()) -> None:
        super().__init__()
        self.allow = frozenset([allow] if isinstance(allow, str) else allow)
        unknown = sorted(self.allow - ALLOWED)
        if unknown:
            expected = f"expected some of {', '.join(sorted(ALLOWED))}"
            raise ArgumentError(message("strict", f"allow has {', '.join(map(repr, unknown))}", expected))

    def exit(self, where: Op, kind: str, t: Tensor, via: str) -> None:
        op = where[0]
        if op in self.allow or kind in self.allow:
            return
        got = f"x has shape {t.shape} and requires a gradient"
        if via:
            got = f"x has shape {t.shape} and tells, through {via}, of a tensor that requires a gradient"
        lost = "the result would not be connected"
        raise GraphExitError(message(op, got, lost, "compute with the tensor, or write this under no_grad()"))
