"""What a profile sees: every operation, derivative and array, while somebody profiles and at no other time.

Nothing asks whether anybody does. Entering the first profile exchanges the code of the public functions (so
that whoever holds one calls it timed), the formulas in the plans and the slot ``saved`` of nodes; leaving the
last one puts all of it back. What happens goes into one log, as plain tuples:

    ("span", op, phase, thread, start, end, marks)   an operation, a derivative or a whole pass: nanoseconds
    ("new", op, key, nbytes, owned)                  an array, by its identity (0: a scalar)
    ("keep", op, node, keys)                         arrays that a node saves for the backward pass
    ("free", node)                                   a node that no longer does
    ("dead", key)                                    an array that is no more

An ``op`` is one call of an operation. ``owned`` arrays are the user's, not results. ``marks`` are ``(timer,
first, last, i, n)``: the device's own times, of which this is part i of n; None where the host's clock is
right. Knows no array library, and not what becomes of the log.
"""

from __future__ import annotations

import contextlib
import functools
import math
import threading
import weakref
from collections.abc import Callable, Iterable
from time import perf_counter_ns as now
from typing import Any

from anygrad import graph, rules, sums, tape
from anygrad.backends.base import Backend
from anygrad.devices import get_backend, opened
from anygrad.exchange import Local, Op, called, exchange, operations, swap
from anygrad.graph import Leaf, Node, plain
from anygrad.op import REGISTRY, Plan
from anygrad.tensors import Tensor
from anygrad.views import View, base_of

__all__ = ["Recorder"]

Function = Callable[..., Any]

UNSEEN: Op = ("chain", None, 0)


class Saved(tuple[Any, ...]):
    """Nothing saved, by one node: the empty tuple would be the same for all of them."""

    __slots__ = ()


class Held(weakref.ref[Any]):
    """An array, known weakly."""

    __slots__ = ("key",)
    key: int


def nbytes(array: Any, xp: Backend) -> int:
    """Return the bytes that an array takes, which not every library tells."""
    return int(math.prod(array.shape) * xp.dtype_of(array).itemsize)


def ended(begun: tuple[Any, Any]) -> tuple[Any, Any, Any, int, int]:
    """Return the marks of a span of a device."""
    timer, first = begun
    return timer, first, timer.mark(), 0, 1


class Recorder:
    """The log, and the functions that write it: one for all profiles that are open at a time."""

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.timers: dict[Any, Any] = {}
        self.local = Local()
        self._known: set[Backend] = set()
        self._owners: dict[type, Function] = {}
        self._alive: dict[int, Held] = {}
        self._plain: set[type[Any]] = set()
        self._made: dict[int, Op] = {}
        self._slots: dict[Plan, list[int]] = {}
        self._undo = contextlib.ExitStack()
        self._open = False
        self._lock = threading.RLock()
        self.found = self.finding()

    def install(self) -> None:
        """Put the timed functions in; where that fails, everything is as it was."""
        with contextlib.ExitStack() as undo:
            self._undo, self._open = undo, True
            self._known.clear()
            for backend in opened():
                self.meet(backend)
            operation, derivative = self.operations(), self.derivatives()
            for function, (name, kind) in operations().items():
                exchange(undo, function, functools.partial(operation, name, kind))
            swap(undo, tape, "backward", self.whole_pass(tape.backward))
            for module in (sums, tape):
                swap(undo, module, "fit", derivative(rules.fit, ""))
            swap(undo, tape, "rewrapped", self.rewrapping(graph.rewrapped))
            for plan in [plan for row in REGISTRY.values() for plan in row.plans.every()]:
                for slot in ("one", "pair", "all", "into", "consume"):
                    formula = getattr(plan, slot)
                    if formula is not None:
                        swap(undo, plan, slot, derivative(formula, plan.name))
                if plan.each is not None:
                    swap(undo, plan, "each", tuple(derivative(f, plan.name) for f in plan.each))
            swap(undo, Node, "saved", self.saving(vars(Node)["saved"]))
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
            if backend.aliases_exactly:
                self._plain.add(backend.array_type)
            timer = self.timers.get(backend) or backend.timer()
            if timer is not None:
                self.timers[backend] = self.timers[backend.tensors] = timer
            if backend.chains_from is not None:
                swap(self._undo, backend, "chained", self.chaining(backend.chained, timer))

    def begun(self, timer: Any) -> Any:
        """Return the timer of a device with its mark, None for the host's clock."""
        return None if timer is None else (timer, timer.mark())

    def timer_of(self, arguments: Iterable[Any]) -> Any:
        """Return what times the device of the first tensor, or the default device where there is none."""
        for x in arguments:
            first = x[0] if isinstance(x, list | tuple) and x else x
            if isinstance(first, Tensor):
                return self.timers.get(first.xp)
        return self.timers.get(get_backend(None))

    # ---------------------------------------------------------------- forward

    def operations(self) -> Callable[[str, str, Function], Function]:
        """Return what makes of a public function one that writes down what it does.

        What it calls in turn is part of it. Each such function has few variables of its own: what is not in
        the processor's cache costs more than the instructions.
        """
        local, append, timers, found = self.local, self.log.append, self.timers, self.found

        def operation(name: str, kind: str, function: Function) -> Function:
            def timed(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
                here = local.here
                if here.op is not None:
                    return function(*arguments, **keywords)
                op = here.op = called(name)
                before = id(base_of(arguments[0]).array) if kind == "writes" else 0
                begun = self.begun(self.timer_of(arguments)) if timers else None
                start = now()
                try:
                    out = function(*arguments, **keywords) if keywords else function(*arguments)
                finally:
                    end = now()
                    here.op = None
                append(("span", op, "forward", here.thread, start, end, begun and ended(begun)))
                if before:
                    x = base_of(arguments[0])
                    if id(x.array) != before:
                        found(op, x.array, x.xp, (), x.node.__class__ is Leaf)
                elif out.__class__ is Tensor:
                    creates = kind == "creates"
                    if creates or not arguments or out is not arguments[0]:
                        found(op, out.array, out.xp, arguments, creates)
                elif isinstance(out, tuple):
                    for part in out:
                        if part.__class__ is Tensor:
                            found(op, part.array, part.xp, arguments)
                return out

            return timed

        return operation

    def finding(self) -> Function:
        """Return ``found(op, array, xp, operands, owned)``, which writes down a result if its memory is new.

        New is what is neither known yet nor an operand's. ``owned``: the user's, as what creation functions
        return; that may be on an operand's memory.
        """
        alive, append, died = self._alive, self.log.append, self.watching()
        plain: set[Any] = self._plain

        def found(op: Op, array: Any, xp: Backend, operands: Iterable[Any], owned: bool = False) -> None:
            if array.__class__ in plain and array.base is None and not owned:
                size = array.nbytes
            else:
                if xp not in self._known:
                    self.meet(xp)
                kind = xp.array_type
                if array.__class__ is not kind:
                    append(("new", op, 0, nbytes(array, xp), owned))
                    return
                array = xp.owner(array)
                if array.__class__ is not kind:
                    return
                for x in operands:
                    given = x.array if x.__class__ is Tensor else x
                    if given is array or (given.__class__ is kind and xp.owner(given) is array):
                        return
                size = nbytes(array, xp)
            key = id(array)
            if key not in alive:
                held = alive[key] = Held(array, died)
                held.key = key
                append(("new", op, key, size, owned))

        return found

    def watching(self) -> Callable[[Any], None]:
        """Return what is called with the weak reference to an array that is no more."""
        alive, append = self._alive, self.log.append

        def died(held: Held) -> None:
            key = held.key
            if key in alive:
                del alive[key]
                append(("dead", key))

        return died

    # ---------------------------------------------------------------- backward

    def derivatives(self) -> Callable[[Function, str], Function]:
        """Return what makes of a formula ``(xp, ..., saved)`` one that writes down what it does.

        That is its operation's. Without a name it is what happens to a gradient after its formula.
        """
        local, append, timers, found = self.local, self.log.append, self.timers, self.found
        made, plain = self._made.get, self._plain

        def derivative(formula: Function, name: str) -> Function:
            unseen = (name, None, 0)
            lookup = made if name else lambda _, unseen: local.here.last or unseen

            def timed(xp: Any, g: Any, saved: Any, *rest: Any) -> Any:
                here = local.here
                if here.op is not None:
                    return formula(xp, g, saved, *rest)
                # What adds into a buffer is handed it before the gradient and what was saved.
                op = here.op = here.last = lookup(id(rest[0] if rest else saved), unseen)
                begun = self.begun(timers.get(xp)) if timers else None
                start = now()
                try:
                    out = formula(xp, g, saved, *rest) if rest else formula(xp, g, saved)
                finally:
                    end = now()
                    here.op = None
                append(("span", op, "backward", here.thread, start, end, begun and ended(begun)))
                if out.__class__ in plain:
                    if out is not g:
                        found(op, out, xp, (g,))
                    return out
                for part in out if isinstance(out, tuple | list) else (out,):
                    if part is not g and part is not None:
                        if part.__class__ is Tensor:
                            found(op, part.array, part.xp, (g,))
                        elif part.__class__ is not View:
                            found(op, part, xp, (g,))
                return out

            timed.formula, timed.unseen = formula, unseen  # type: ignore[attr-defined]
            return timed

        return derivative

    def chaining(self, chained: Function, timer: Any) -> Function:
        """Return ``chained``, which runs many formulas at once, such that each gets its part of the time.

        On the host their calls are timed block by block; a device runs them in one kernel: equal parts.
        """
        local, log, made = self.local, self.log, self._made

        def timed(chains: list[tuple[Any, list[Any]]], buffer: Any = None) -> Any:
            here = local.here
            steps = [step for _, several in chains for step in several]
            formulas = [getattr(f, "formula", f) for f, _ in steps]
            ops = [made.get(id(saved)) or getattr(f, "unseen", UNSEEN) for f, saved in steps]
            spent = [0] * len(steps)
            if timer is None:
                formulas = [_clocked(f, spent, i) for i, f in enumerate(formulas)]
            outer, here.op, here.last = here.op, ops[-1], ops[-1]
            begun = self.begun(timer)
            start = now()
            try:
                rest = iter(formulas)
                unwrapped = [(g, [(next(rest), saved) for _, saved in several]) for g, several in chains]
                out = chained(unwrapped, buffer)
            finally:
                end = now()
                here.op = outer
            marks = begun and ended(begun)
            for i, op in enumerate(ops):
                part = marks and (*marks[:3], i, len(ops))
                stop = start + spent[i] if timer is None else start + (end - start) // len(ops)
                log.append(("span", op, "backward", here.thread, start, stop, part))
                start = stop
            if buffer is None:
                gs = tuple(g for g, _ in chains)
                self.found(ops[-1], out, chained.__self__, gs)  # type: ignore[attr-defined]
            return out

        return timed

    def whole_pass(self, backward: Function) -> Function:
        """Return the backward pass, which writes down what it takes as a whole."""
        local, append, timers = self.local, self.log.append, self.timers

        def timed(
            seeds: list[tuple[Any, Any, Any]], wanted: Any = None, retain: bool = False, create: bool = False
        ) -> Any:
            here = local.here
            if here.op is not None:
                return backward(seeds, wanted, retain, create)
            op = called("backward")
            begun = self.begun(timers.get(seeds[0][2])) if timers else None
            start = now()
            out = backward(seeds, wanted, retain, create)
            end = now()
            append(("span", op, "pass", here.thread, start, end, begun and ended(begun)))
            return out

        return timed

    def rewrapping(self, rewrapped: Function) -> Function:
        """Return ``rewrapped``, which makes tensors of what a node saved: what its formula is handed."""
        made = self._made

        def noted(node: Node, saved: tuple[Any, ...], backend: Backend) -> Any:
            out = rewrapped(node, saved, backend) or Saved()
            op = made.get(id(saved))
            made[id(out)] = (plain(node.plan).name, None, 0) if op is None else op
            return out

        return noted

    # ---------------------------------------------------------------- what nodes keep

    def saving(self, saved: Any) -> property:
        """Return the slot ``saved`` of nodes, which tells what operation made a node and what it keeps.

        The node is known by what it saved, since that is all of it that a formula is handed.
        """
        get, put = saved.__get__, saved.__set__
        local, append, made = self.local, self.log.append, self._made
        owners, slots, plain = self._owners, self._slots, self._plain

        def save(node: Node, saved: Any) -> None:
            op = local.here.op
            if saved is None or op is None:
                put(node, saved)
                if saved is None:
                    append(("free", id(node)))
                return
            if saved.__class__ is tuple and not saved:
                saved = Saved()
            put(node, saved)
            made[id(saved)] = op
            plan = node.plan
            if plan.keeps:
                found = slots.get(plan)
                if found is None:
                    found = slots[plan] = [i for i, o in enumerate(plan.origins) if o is not None]
                keys = []
                for i in found:
                    value = saved[i]
                    if value.__class__ in plain and value.base is None:
                        keys.append(id(value))
                    elif value.__class__ in owners:
                        keys.append(id(owners[value.__class__](value)))
                    elif value.__class__ is tuple or value.__class__ is list:
                        keys += [id(owners[x.__class__](x)) for x in value if x.__class__ in owners]
                append(("keep", op, id(node), keys))

        return property(get, save)


def _clocked(formula: Function, spent: list[int], i: int) -> Function:
    """Return a formula that adds the time it takes to an entry of ``spent``."""

    def clocked(*arguments: Any) -> Any:
        start = now()
        out = formula(*arguments)
        spent[i] += now() - start
        return out

    return clocked
