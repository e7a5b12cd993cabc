"""What leaves the graph, seen as it happens: for blocks that list it or refuse it.

Nothing asks whether anybody looks. Entering the first block exchanges the code of the public functions, the
conversions of tensors and the pass itself; leaving the last one puts them back. Of a tensor that left (a
copy, a cast) it is known ever after, weakly, through what: what is computed from it is followed, until it
comes back into the graph or leaves as numbers. Comparisons and positions have no derivative to lose; what
they say of a tracked tensor leaves with ``bool(x > 0)``. Under ``no_grad`` nothing is an exit.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any

from anygrad import forwards, functions, tape, views, writes
from anygrad.applications import Application
from anygrad.calls import Call
from anygrad.checkpointing import Region
from anygrad.conversion import Values
from anygrad.exchange import FILES, Op, called, exchange, operations, swap
from anygrad.exits import UNMARKED, Exit, Graph, Mark, joined
from anygrad.graph import GRAD_MODE, Node
from anygrad.namespace import LIKE
from anygrad.op import CREATIONS
from anygrad.tensors import Tensor
from anygrad.views import base_of

__all__ = ["BLOCKS", "KINDS", "NUMBERS", "Block", "Watcher"]

Function = Callable[..., Any]

NUMBERS = ("bool", "complex", "float", "index", "int", "item", "round", "tolist")
ARRAYS = ("__array__", "__dlpack__", "numpy")
KINDS = {"asarray": "cast", "astype": "cast", "detach": "detach", "to": "cast"}
KINDS |= dict.fromkeys(("copy", "pickle", "tensor"), "copy")
KINDS |= dict.fromkeys(("sum", "prod", "cumulative_sum", "cumulative_prod"), "cast")
"""What it is called where a function returns a tensor that has left the graph."""
EACH = ("broadcast_arrays", "meshgrid")
"""What makes of each operand a result of its own."""


class Block:
    """A block in which somebody is told of exits."""

    def exit(self, where: Op, kind: str, t: Tensor, via: str) -> Exit | None:
        """Take note of an exit of a tensor's value, or raise; return what was written down."""
        raise NotImplementedError

    def judge(self, graph: Graph, roots: list[Node], wanted: Iterable[Node] | None) -> None:
        """Take note that roots are differentiated."""


BLOCKS: ContextVar[tuple[Block, ...]] = ContextVar("anygrad_audits", default=())
"""The blocks that are open here."""


class Inside(threading.local):
    """Whether this thread is within an operation, or a pass."""

    operation = False
    passing = False


def tensors_in(given: Any) -> Iterator[Tensor]:
    """Yield the tensors in arguments."""
    for x in given:
        if isinstance(x, Tensor):
            yield x
        elif x.__class__ is list or isinstance(x, tuple):
            yield from tensors_in(x)


class Watcher:
    """Sees what leaves the graph, for all blocks that are open."""

    def __init__(self) -> None:
        self.graph = Graph()
        self._marks: dict[int, tuple[weakref.ref[Tensor], Mark]] = {}
        self._inside = Inside()
        self._steps = itertools.count(1)
        self._seen: set[Function] = set()
        self._undo = contextlib.ExitStack()

    def install(self) -> None:
        """Put the watched functions in; where that fails, everything is as it was."""
        with contextlib.ExitStack() as undo:
            self._seen.clear()
            self.exchanged(undo)
            exchange(undo, functions.publish, self.publishing)  # type: ignore[arg-type]
            exchange(undo, views.detach, self.detaching)  # type: ignore[arg-type]
            exchange(undo, writes.assign, functools.partial(self.operation, "assign", "writes"))  # type: ignore[arg-type]
            swap(undo, Values, "_only", self.converting(Values._only))
            swap(undo, Values, "tolist", self.leaving(Values.tolist, "scalar"))
            for name in ARRAYS:
                swap(undo, Values, name, self.leaving(getattr(Values, name), "array"))
            swap(undo, Tensor, "__copy__", self.copying(Tensor.__copy__, "copy"))
            swap(undo, Tensor, "__reduce__", self.copying(Tensor.__reduce__, "pickle"))
            swap(undo, tape, "backward", self.whole_pass(tape.backward))
            swap(undo, Call, "pulled", self.pulled(Call.pulled))
            swap(undo, forwards.Route, "__init__", self.route(forwards.Route.__init__))
            swap(undo, forwards.Route, "push", self.pushing(forwards.Route.push))
            swap(undo, Application, "__init__", self.application(Application.__init__))
            swap(undo, Region, "_run_again", unseen(Region._run_again))
            self._undo = undo.pop_all()

    def exchanged(self, undo: contextlib.ExitStack) -> None:
        """Put in the functions that are not yet."""
        for function, (name, kind) in operations().items():
            if function not in self._seen and name not in CREATIONS and name not in LIKE:
                self._seen.add(function)
                exchange(undo, function, functools.partial(self.operation, name, kind))

    def publishing(self, function: Function) -> Function:
        """Return what declares functions, which are then watched too."""

        def publish(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
            function()
            self.exchanged(self._undo)

        return publish

    def uninstall(self) -> None:
        """Put everything back."""
        self._undo.close()

    # ---------------------------------------------------------------- marks

    def mark_of(self, t: Tensor) -> Mark:
        """Return what is known of a tensor; of a view, of its base too."""
        found = [entry[1] for x in {id(t), id(base_of(t))} if (entry := self._marks.get(x))]
        return found[0] if len(found) == 1 else joined(found)

    def mark(self, t: Tensor, mark: Mark) -> None:
        """Add to what is known of a tensor."""
        key, marks = id(t), self._marks
        entry = marks.get(key)
        if entry is None:
            marks[key] = weakref.ref(t, lambda _: marks.pop(key, None)), mark
        else:
            marks[key] = entry[0], joined([entry[1], mark])

    def reenters(self, node: Node, exits: frozenset[Exit]) -> None:
        """Note of a node what has come into the graph there."""
        self.graph.made.setdefault(node, next(self._steps))
        if exits:
            self.graph.used[node] = self.graph.used.get(node, frozenset()) | exits

    # ---------------------------------------------------------------- operations

    def operation(self, name: str, kind: str, function: Function) -> Function:
        """Return what makes of a public function one that tells what becomes of its operands."""
        inside = self._inside

        def watched(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            if inside.operation or not BLOCKS.get():
                return function(*arguments, **keywords)
            inside.operation = True
            try:
                out = function(*arguments, **keywords)
            finally:
                inside.operation = False
            operands = list(tensors_in((arguments, tuple(keywords.values()))))
            if kind == "writes":
                self.written(name, operands)
            elif operands:
                outs = list(tensors_in((out,)))
                if name in EACH and len(outs) == len(operands):
                    for x, y in zip(operands, outs, strict=True):
                        self.returned(name, [x], [y])
                else:
                    self.returned(name, operands, outs)
            return out

        return watched

    def returned(self, name: str, operands: list[Tensor], outs: list[Tensor]) -> None:
        """Look at what a function has made of tensors."""
        mark = joined([self.mark_of(t) for t in operands])
        sources = [t.node for t in operands if t.node is not None] if GRAD_MODE.get() else []
        for out in outs:
            node = out.node
            if node is not None and KINDS.get(name) != "copy":
                self.reenters(node, mark.exits)
                continue
            if not sources and mark is UNMARKED:
                continue
            exits, leaves = mark.exits, mark.leaves
            if sources:
                found = self.graph.behind(sources)
                kind = KINDS.get(name) or ("constant" if out.dtype.kind in "fc" else "")
                exits |= found.exits
                if kind:
                    exits |= self.left(name, kind, next(t for t in operands if t.node is not None), *found)
                else:
                    leaves |= found.leaves
            if node is not None:
                self.reenters(node, exits)
            else:
                self.mark(out, Mark(exits, leaves, (mark.via or name) if leaves else ""))

    def written(self, name: str, operands: list[Tensor]) -> None:
        """Look at what was written into the first of some tensors."""
        x = operands[0]
        mark, base = joined([self.mark_of(t) for t in operands[1:]]), base_of(x)
        if x.node is not None and base.node is not None:
            self.reenters(base.node, mark.exits)
        elif mark is not UNMARKED:
            self.mark(base, mark)

    def detaching(self, function: Function) -> Function:
        """Return ``detach``; where the package itself calls it, it has seen to the derivative."""

        def watched(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            out = function(*arguments, **keywords)
            caller = sys._getframe(2).f_code.co_filename
            if BLOCKS.get() and not self._inside.operation and not FILES[caller]:
                self.returned("detach", [arguments[0]], [out])
            return out

        return watched

    def application(self, init: Function) -> Function:
        """Return what begins a call of the user's rules, into which nothing can be followed."""

        def begun(call: Any, name: str, arguments: Any, *rules: Any, **named: Any) -> None:
            for t in tensors_in(arguments):
                self.escape(self.mark_of(t).exits)
            init(call, name, arguments, *rules, **named)

        return begun

    def copying(self, copy: Function, op: str) -> Function:
        """Return a method that copies a leaf into one of its own, or into what is to become one."""

        @functools.wraps(copy)
        def watched(t: Any) -> Any:
            out = copy(t)
            if BLOCKS.get() and not self._inside.operation:
                self.returned(op, [t], [out] if op == "copy" else [t.detach()])
            return out

        return watched

    # ---------------------------------------------------------------- numbers and arrays

    def converting(self, only: Function) -> Function:
        """Return what makes a number of a tensor; text is none."""

        def watched(t: Any, op: str) -> Any:
            if op != "format":
                self.leaves(t, op, "scalar")
            return only(t, op)

        return watched

    def leaving(self, convert: Function, kind: str) -> Function:
        """Return a method that makes something else of a tensor."""
        inside = self._inside

        @functools.wraps(convert)
        def watched(t: Any, *arguments: Any, **keywords: Any) -> Any:
            if inside.operation:
                return convert(t, *arguments, **keywords)
            self.leaves(t, convert.__name__, kind)
            inside.operation = True
            try:
                return convert(t, *arguments, **keywords)
            finally:
                inside.operation = False

        return watched

    def leaves(self, t: Tensor, op: str, kind: str) -> None:
        """Look at a tensor whose value leaves; arrays are made of none that is tracked."""
        if not BLOCKS.get() or not GRAD_MODE.get():
            return
        mark, node = self.mark_of(t), t.node
        self.escape(mark.exits)
        if node is not None and kind == "scalar":
            found = self.graph.behind([node])
            self.escape(found.exits)
            self.left(op, kind, t, *found)
        elif node is None and mark.leaves:
            self.left(op, kind, t, mark.leaves, mark.exits, mark.via)

    def left(
        self, op: str, kind: str, t: Tensor, leaves: frozenset[Node], before: frozenset[Exit], via: str = ""
    ) -> frozenset[Exit]:
        """Tell the blocks of an exit of what is made of leaves, and of what left ``before``.

        Return what they have written down.
        """
        leaves = leaves.union(*(e.leaves for e in before))
        where = called(op)
        found = [block.exit(where, kind, t, via) for block in BLOCKS.get()]
        exits = frozenset(e for e in found if e is not None)
        for e in exits:
            e.count += 1
            e.leaves |= leaves
        if kind in ("scalar", "array"):
            self.escape(exits)
        return exits

    def escape(self, exits: Iterable[Exit]) -> None:
        """Note that what left by some exits can be followed no further."""
        step = next(self._steps)
        for e in exits:
            e.escaped = e.escaped or step

    # ---------------------------------------------------------------- derivatives

    def whole_pass(self, backward: Function) -> Function:
        """Return the backward pass, which tells blocks what it starts with and what is wanted."""

        def run(seeds: Any, wanted: Any = None, *arguments: Any) -> Any:
            self.judge([node for node, _, _ in seeds], wanted)
            with self.passing():
                return backward(seeds, wanted, *arguments)

        return run

    def pulled(self, pull: Function) -> Function:
        """Return what differentiates a call: no pass runs for what is connected to nothing, all has left."""

        def run(call: Call, *arguments: Any, **keywords: Any) -> Any:
            if all(out.node is None for out in call.outs):
                lost = joined([self.mark_of(out) for out in call.outs]).exits
                self.judge([self.graph.apart(lost)], [x.node for x in call.marks if x.node is not None])
            return pull(call, *arguments, **keywords)

        return run

    def route(self, init: Function) -> Function:
        """Return what finds the way of tangents, which tells blocks of it."""

        def begun(route: Any, ends: Any, starts: Any) -> None:
            starts = list(starts)
            self.judge([node for node, _ in ends] or [self.graph.apart(frozenset())], starts)
            init(route, ends, starts)

        return begun

    def pushing(self, push: Function) -> Function:
        """Return what pushes tangents, a pass too."""

        def run(*arguments: Any, **keywords: Any) -> Any:
            with self.passing():
                return push(*arguments, **keywords)

        return run

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """Have passes within a pass tell nobody: they are no derivatives that somebody asked for."""
        outer, self._inside.passing = self._inside.passing, True
        try:
            yield
        finally:
            self._inside.passing = outer

    def judge(self, roots: list[Node], wanted: Iterable[Node] | None) -> None:
        """Tell blocks that something is differentiated."""
        if not self._inside.passing:
            for block in BLOCKS.get():
                block.judge(self.graph, roots, wanted)


def unseen(run: Function) -> Function:
    """Return a method in which blocks see nothing: what it does was seen before."""

    def quiet(*arguments: Any) -> Any:
        token = BLOCKS.set(())
        try:
            return run(*arguments)
        finally:
            BLOCKS.reset(token)

    return quiet
