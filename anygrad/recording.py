"""What a profile sees: every operation, derivative and array, while somebody profiles and at no other time.

Nothing asks whether anybody does. Entering the first profile exchanges the code of the public functions (so
that whoever holds one calls it timed), the formulas in the plans and the slots ``saved`` and ``edges`` of
nodes; leaving the last one puts all of it back. What happens goes into one log, as plain tuples:

    ("span", op, phase, thread, start, end, marks)   an operation, a derivative or a whole pass: nanoseconds
    ("new", op, key, nbytes)                         an array, by its identity; 0 for a scalar
    ("keep", op, keys)                               arrays that a node saves for the backward pass
    ("free", keys)                                   arrays that it no longer saves
    ("dead", key)                                    an array that is no more

An ``op`` is one call of an operation. ``marks`` are ``(timer, first, last, i, n)``: the device's own times,
of which this is part i of n; None where the host's clock is right. Knows no array library, and not what
becomes of the log.
"""

from __future__ import annotations

import contextlib
import functools
import math
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter_ns as now
from typing import Any

from anygrad import graph, rules, tape
from anygrad.backends.base import Backend
from anygrad.devices import get_backend, opened
from anygrad.exchange import Op, called, exchange, operations, swap
from anygrad.graph import Leaf, Node, plain
from anygrad.op import REGISTRY, Plan
from anygrad.tensors import Tensor
from anygrad.views import View, base_of

__all__ = ["Recorder"]

Function = Callable[..., Any]


UNSEEN: Op = ("chain", None, 0, False)


class Saved(tuple[Any, ...]):
    """Nothing saved, by one node: the empty tuple would be the same for all of them."""

    __slots__ = ()


class Held(weakref.ref[Any]):
    """An array, known weakly."""

    __slots__ = ("key",)
    key: int


class Here:
    """What a thread is doing: the operation that runs, and the one whose derivative ran last."""

    __slots__ = ("last", "op", "thread")

    def __init__(self) -> None:
        self.op: Op | None = None
        self.last: Op | None = None
        self.thread = threading.get_ident()


class Local(threading.local):
    def __init__(self) -> None:
        self.here = Here()


def nbytes(array: Any, xp: Backend) -> int:
    """Return the bytes that an array takes, which not every library tells."""
    try:
        return int(array.nbytes)
    except AttributeError:
        entries: int = math.prod(array.shape)
        return entries * xp.dtype_of(array).itemsize


class Recorder:
    """The log, and the functions that write it: one for all profiles that are open at a time."""

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.timers: dict[Any, Any] = {}
        self.local = Local()
        self._known: set[Backend] = set()
        self._owners: dict[type, Function] = {}
        self._alive: dict[int, Held] = {}
        self._made: dict[int, Op] = {}
        self._keeping: dict[int, list[int]] = {}
        self._slots: dict[Plan, tuple[tuple[int, int | None], ...]] = {}
        self._undo = contextlib.ExitStack()
        self._open = False
        self._lock = threading.RLock()

    def install(self) -> None:
        """Put the timed functions in; where that fails, everything is as it was."""
        with contextlib.ExitStack() as undo:
            self._undo, self._open = undo, True
            for backend in opened():
                self.meet(backend)
            for function, (name, kind) in operations().items():
                exchange(undo, function, functools.partial(self.operation, name=name, kind=kind))
            swap(undo, tape, "backward", self.whole_pass(tape.backward))
            swap(undo, tape, "fit", self.derivative(rules.fit, None))
            swap(undo, tape, "rewrapped", self.rewrapping(graph.rewrapped))
            for plan in [plan for row in REGISTRY.values() for plan in row.plans.values()]:
                for slot in ("one", "all", "into", "consume"):
                    if getattr(plan, slot) is not None:
                        swap(undo, plan, slot, self.derivative(getattr(plan, slot), plan.name))
                if plan.each is not None:
                    each = tuple(self.derivative(f, plan.name) for f in plan.each)
                    swap(undo, plan, "each", each)
            self.watch_nodes(undo)
            self._undo = undo.pop_all()

    def uninstall(self) -> None:
        """Put everything back; arrays that are still alive are no longer watched."""
        with self._lock:
            self._open = False
            self._undo.close()
        self._alive.clear()

    def meet(self, backend: Backend) -> None:
        """Learn of a backend how its arrays share memory, and how its device tells the time."""
        with self._lock:
            if backend in self._known or not self._open:
                return
            self._known.add(backend)
            self._owners[backend.array_type] = backend.owner
            timer = backend.timer()
            if timer is not None:
                self.timers[backend] = self.timers[backend.tensors] = timer
            if backend.chains_from is not None:
                swap(self._undo, backend, "chained", self.chaining(backend.chained, timer))

    def timer_of(self, arguments: Iterable[Any]) -> Any:
        """Return what times the device of the first tensor, or the default device where there is none."""
        for x in arguments:
            first = x[0] if isinstance(x, list | tuple) and x else x
            if isinstance(first, Tensor):
                return self.timers.get(first.xp)
        return self.timers.get(get_backend(None))

    # ---------------------------------------------------------------- forward

    def operation(self, function: Function, name: str, kind: str) -> Function:
        """Return a public function that writes down what it does; what it calls in turn is part of it."""
        local, append, timers, found = self.local, self.log.append, self.timers, self.found
        creates, writes = kind == "creates", kind == "writes"

        def timed(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            here = local.here
            if here.op is not None:
                return function(*arguments, **keywords)
            op = here.op = called(name, creates, sys._getframe(2))
            before = id(base_of(arguments[0]).array) if writes else 0
            timer = self.timer_of(arguments) if timers else None
            first = None if timer is None else timer.mark()
            start = now()
            try:
                out = function(*arguments, **keywords)
            finally:
                end = now()
                here.op = None
            marks = None if timer is None else (timer, first, timer.mark(), 0, 1)
            append(("span", op, "forward", here.thread, start, end, marks))
            if writes:
                x = base_of(arguments[0])
                if id(x.array) != before:
                    found(op, x.array, x.xp, ())
            elif out.__class__ is Tensor:
                if not arguments or out is not arguments[0]:
                    found(op, out.array, out.xp, arguments)
            elif out.__class__ is tuple:
                for part in out:
                    if part.__class__ is Tensor:
                        found(op, part.array, part.xp, arguments)
            return out

        return timed

    def found(self, op: Op, array: Any, xp: Backend, operands: Iterable[Any]) -> None:
        """Write down a result, where its memory is new: neither known yet nor an operand's."""
        if xp not in self._known:
            self.meet(xp)
        if array.__class__ is not xp.array_type:
            self.log.append(("new", op, 0, nbytes(array, xp)))
            return
        owner = xp.owner(array)
        key = id(owner)
        if key in self._alive or owner.__class__ is not xp.array_type:
            return
        if owner is not array or op[3] or not xp.aliases_exactly:
            for x in operands:
                given = x.array if x.__class__ is Tensor else x
                if given is owner or (given.__class__ is xp.array_type and xp.owner(given) is owner):
                    return
        held = self._alive[key] = Held(owner, self._died)
        held.key = key
        self.log.append(("new", op, key, nbytes(owner, xp)))

    def _died(self, held: Held) -> None:
        if self._alive.pop(held.key, None) is not None:
            self.log.append(("dead", held.key))

    # ---------------------------------------------------------------- backward

    def derivative(self, formula: Function, name: str | None) -> Function:
        """Return a formula ``(xp, ..., saved)`` that writes down what it does, as its operation's.

        Without a name it is what happens to a gradient after its formula, and belongs to the same operation.
        """
        local, append, timers, made, found = self.local, self.log.append, self.timers, self._made, self.found
        unseen = (name or "", None, 0, False)

        def timed(xp: Any, g: Any, saved: Any, *more: Any) -> Any:
            here = local.here
            if here.op is not None:
                return formula(xp, g, saved, *more)
            if name is None:
                op = here.last or unseen
            else:
                op = made.get(id(more[0] if more else saved), unseen)
            here.op = here.last = op
            timer = timers.get(xp) if timers else None
            first = None if timer is None else timer.mark()
            start = now()
            try:
                out = formula(xp, g, saved, *more)
            finally:
                end = now()
                here.op = None
            marks = None if timer is None else (timer, first, timer.mark(), 0, 1)
            append(("span", op, "backward", here.thread, start, end, marks))
            for part in out if out.__class__ is tuple or out.__class__ is list else (out,):
                if part.__class__ is Tensor:
                    found(op, part.array, part.xp, (g,))
                elif part is not g and part is not None and part.__class__ is not View:
                    found(op, part, xp, (g,))
            return out

        timed.formula, timed.unseen = formula, unseen  # type: ignore[attr-defined]
        return timed

    def chaining(self, chained: Function, timer: Any) -> Function:
        """Return ``chained``, which runs several formulas at once, such that each gets its part of the time.

        On the host their calls are timed block by block; a device runs them in one kernel: equal parts.
        """
        local, log, made = self.local, self.log, self._made

        def timed(g: Any, steps: list[tuple[Any, Any]], buffer: Any = None) -> Any:
            here = local.here
            formulas = [getattr(f, "formula", f) for f, _ in steps]
            ops = [made.get(id(saved)) or getattr(f, "unseen", UNSEEN) for f, saved in steps]
            spent = [0] * len(steps)
            if timer is None:
                formulas = [_clocked(f, spent, i) for i, f in enumerate(formulas)]
            outer, here.op, here.last = here.op, ops[-1], ops[-1]
            first = None if timer is None else timer.mark()
            start = now()
            try:
                out = chained(g, [(f, saved) for f, (_, saved) in zip(formulas, steps, strict=True)], buffer)
            finally:
                end = now()
                here.op = outer
            last = None if timer is None else timer.mark()
            for i, op in enumerate(ops):
                marks = None if timer is None else (timer, first, last, i, len(ops))
                stop = start + spent[i] if timer is None else start + (end - start) // len(ops)
                log.append(("span", op, "backward", here.thread, start, stop, marks))
                start = stop
            if buffer is None:
                self.found(ops[-1], out, chained.__self__, (g,))  # type: ignore[attr-defined]
            return out

        return timed

    def whole_pass(self, backward: Function) -> Function:
        """Return the backward pass, which writes down what it takes as a whole."""
        local, log, timers = self.local, self.log, self.timers

        def timed(seeds: list[tuple[Any, Any, Any]], *arguments: Any) -> Any:
            here = local.here
            if here.op is not None:
                return backward(seeds, *arguments)
            op = called("backward", False, sys._getframe(1))
            timer = timers.get(seeds[0][2]) if timers else None
            first = None if timer is None else timer.mark()
            start = now()
            out = backward(seeds, *arguments)
            end = now()
            marks = None if timer is None else (timer, first, timer.mark(), 0, 1)
            log.append(("span", op, "pass", here.thread, start, end, marks))
            return out

        return timed

    def rewrapping(self, rewrapped: Function) -> Function:
        """Return ``rewrapped``, which makes tensors of what a node saved: what its formula is handed."""
        made = self._made

        def noted(node: Node, backend: Backend) -> Any:
            out = rewrapped(node, backend) or Saved()
            op = made.get(id(node.saved))
            made[id(out)] = (plain(node.plan).name, None, 0, False) if op is None else op
            return out

        return noted

    # ---------------------------------------------------------------- what nodes keep

    def watch_nodes(self, undo: contextlib.ExitStack) -> None:
        """Have nodes tell which operation made them, and what they keep for how long."""
        own = vars(Node)
        get, put, get_edges, put_edges = (
            f for name in ("saved", "edges") for f in (own[name].__get__, own[name].__set__)
        )
        local, append, made, keeping = self.local, self.log.append, self._made, self._keeping
        owners, slots = self._owners, self._slots

        def release(node: Node) -> None:
            if id(node) in keeping:
                append(("free", keeping.pop(id(node))))

        def save(node: Node, saved: Any) -> None:
            if saved is None:
                release(node)
            put(node, saved)

        def link(node: Node, edges: Any) -> None:
            put_edges(node, edges)
            op = local.here.op
            if op is None or not edges:
                return
            saved = get(node)
            if not saved:
                # Known by it: a formula is handed what its node saved, never the node.
                saved = Saved()
                put(node, saved)
            made[id(saved)] = op
            plan = node.plan
            if not plan.keeps:
                return
            found = slots.get(plan)
            if found is None:
                found = slots[plan] = tuple(_slots(plan))
            keys = []
            for i, edge in found:
                # A leaf's array lives anyway.
                if edge is None or edges[edge].__class__ is not Leaf:
                    value = saved[i]
                    for part in value if value.__class__ is tuple or value.__class__ is list else (value,):
                        if part.__class__ in owners:
                            keys.append(id(owners[part.__class__](part)))
            if keys:
                keeping[id(node)] = keys
                append(("keep", op, keys))

        swap(undo, Node, "saved", property(get, save))
        swap(undo, Node, "edges", property(get_edges, link))
        swap(undo, Node, "__del__", release)


def _slots(plan: Plan) -> Iterator[tuple[int, int | None]]:
    """Give which saved values are arrays, each with the edge to where it comes from, if there is one."""
    for i, origin in enumerate(plan.origins):
        if origin is not None:
            single = origin in plan.which and not plan.row.is_list
            yield i, plan.which.index(origin) if single else None


def _clocked(formula: Function, spent: list[int], i: int) -> Function:
    """Return a formula that adds the time it takes to an entry of ``spent``."""

    def clocked(*arguments: Any) -> Any:
        start = now()
        out = formula(*arguments)
        spent[i] += now() - start
        return out

    return clocked
