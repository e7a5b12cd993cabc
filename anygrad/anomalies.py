"""Where a backward pass first makes NaN or infinity: ``detect_anomaly``.

Nothing asks whether anybody looks. Entering the first block exchanges the formulas in the plans, the slot
``saved`` of nodes and the pass itself; leaving the last one puts them back. What a node has saved is handed
to its formula, so that is what carries, inside a block, where the forward call was. On the host each gradient
is looked at when it is made; elsewhere a number on the device stands for each until the pass has ended, and
all are read at once. Knows no array library.
"""

from __future__ import annotations

import contextlib
import functools
import linecache
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from anygrad import gradients, graph, tape
from anygrad.accounting import place_of
from anygrad.applications import CustomPlan
from anygrad.backends.base import Backend
from anygrad.devices import CPU, backend_of, opened
from anygrad.errors import AnomalyError, ChangedOperandError, message
from anygrad.exchange import Op, Shared, called, swap
from anygrad.graph import Node
from anygrad.op import REGISTRY, Plan
from anygrad.saving import Packed
from anygrad.tensors import Tensor

__all__ = ["detect_anomaly"]

Function = Callable[..., Any]


class Call(NamedTuple):
    """An operation that was recorded; ``within`` is the one whose derivative called it, if any did."""

    op: Op
    within: Call | None = None

    def __str__(self) -> str:
        inner, outer = self, self.within
        name = self.op[0]
        while outer is not None:
            name += f", in the derivative of {outer.op[0]}"
            inner, outer = outer, outer.within
        file, line = place_of(inner.op)
        if not line:
            return f"{name} was called before the block: put its call inside to learn where"
        source = linecache.getline(file, line).strip()
        return f"{name} was called at {file}:{line}" + (f", `{source}`" if source else "")


class Noted(tuple[Any, ...]):
    """What a node saved, with the call that saved it and checksums of its operands."""

    call: Call
    sums: tuple[tuple[int, Backend, Any], ...]


class Found(NamedTuple):
    """What to say of a gradient that is not finite."""

    what: str
    call: Call | None
    shape: tuple[int, ...]
    dtype: np.dtype
    plan: Plan | None = None
    saved: Any = ()

    def error(self, code: int, read: bool) -> AnomalyError:
        """Return the error, from what tells the entry and which of the two stands there."""
        entry, is_nan = divmod(code, 2)
        at = tuple(int(i) for i in np.unravel_index(entry, self.shape)) if self.shape else ()
        where = f" at {at}," if self.shape else ""
        got = f"{self.what}: {'NaN' if is_nan else 'inf'}{where} shape {self.shape}, dtype {self.dtype}"
        beside = [] if read or self.plan is None else _values(self.plan, self.saved, at, self.shape)
        advice = [str(self.call)] if self.call is not None else []
        return AnomalyError(message("detect_anomaly", got, *beside, *advice))


def _values(plan: Plan, saved: Any, at: tuple[int, ...], shape: tuple[int, ...]) -> list[str]:
    """Say what an operation had saved at an entry."""
    found = []
    for name, value in zip(plan.parameters, saved, strict=True):
        array = value.array if isinstance(value, Tensor) else value
        if getattr(array, "shape", None) == shape and hasattr(array, "dtype"):
            found.append(f"{name} is {array[at]!s} there")
    return found


class Changed(NamedTuple):
    """What to say of an operand that is no longer what it was."""

    name: str
    call: Call

    def error(self, code: int, read: bool) -> ChangedOperandError:
        """Return the error."""
        got = f"{self.name} of {self.call.op[0]} has changed since the forward pass"
        who = (
            "somebody wrote into memory that a tensor shares",
            "pass a copy: ag.tensor(a), not ag.asarray(a)",
        )
        return ChangedOperandError(message("detect_anomaly", got, *who, str(self.call)))


class Local(threading.local):
    """What this thread does: the call whose derivative runs, and what its pass has still to read."""

    within: Call | None = None
    flags: list[tuple[Backend, Any, Found | Changed]] | None = None


class Detector:
    """Looks at every gradient, for all blocks that are open."""

    def __init__(self) -> None:
        self.local = Local()
        self._undo = contextlib.ExitStack()

    def install(self) -> None:
        """Put the watched formulas in; where that fails, everything is as it was."""
        with contextlib.ExitStack() as undo:
            self._undo = undo
            self.unchained()
            for plan in [plan for row in REGISTRY.values() for plan in row.plans.every()]:
                for slot in ("one", "pair", "all", "into", "consume"):
                    formula = getattr(plan, slot)
                    if formula is not None:
                        swap(undo, plan, slot, self.watched(formula, plan, None))
                if plan.each is not None:
                    swap(undo, plan, "each", tuple(self.watched(f, plan, i) for i, f in enumerate(plan.each)))
            swap(undo, CustomPlan, "all", self.custom(CustomPlan.all))
            swap(undo, Node, "saved", self.noting(vars(Node)["saved"]))
            swap(undo, Packed, "saved", self.unpacking(vars(Packed)["saved"], vars(Node)["saved"]))
            swap(undo, tape, "rewrapped", self.rewrapping(graph.rewrapped))
            swap(undo, tape, "backward", self.whole_pass(tape.backward))
            swap(undo, tape, "deposit", self.depositing(gradients.deposit))
            self._undo = undo.pop_all()

    def uninstall(self) -> None:
        """Put everything back."""
        self._undo.close()

    def unchained(self) -> None:
        """Have gradients taken through one formula at a time."""
        for backend in opened():
            if backend.chains_from is not None:
                swap(self._undo, backend, "chains_from", None)

    # ---------------------------------------------------------------- what nodes save

    def noting(self, saved: Any) -> property:
        """Return the slot ``saved`` of nodes, which adds where the node was recorded."""
        get, put, local = saved.__get__, saved.__set__, self.local

        def save(node: Node, values: Any) -> None:
            if values is not None:
                noted = Noted(values)
                name = getattr(node.plan, "name", "")
                noted.call = Call(called(name) if local.within is None else (name, None, 0), local.within)
                noted.sums = tuple(_checksums(node.plan, values))
                values = noted
            put(node, values)

        return property(get, save)

    def unpacking(self, packed: Any, plain: Any) -> property:
        """Return the slot of nodes whose values are packed, which keeps what was added."""

        def get(node: Node) -> Any:
            return _like(packed.__get__(node), plain.__get__(node))

        return property(get, packed.__set__)

    def rewrapping(self, rewrapped: Function) -> Function:
        """Return ``rewrapped``, which makes tensors of what was saved, and keeps what was added."""
        return lambda node, saved, backend: _like(rewrapped(node, saved, backend), saved)

    # ---------------------------------------------------------------- the pass

    def watched(self, formula: Function, plan: Plan, number: int | None) -> Function:
        """Return a formula that is looked at: what arrives, what it has saved, and what it gives."""
        local = self.local

        def run(xp: Any, *given: Any) -> Any:
            g, saved = given[-2:]  # before them ``into`` has a buffer
            call = saved.call if saved.__class__ is Noted else Call((plan.name, None, 0))
            self.look(xp, g, f"the gradient that arrived at {plan.name} is not finite", call)
            self.compare(plan, saved)
            outer, local.within = local.within, call
            try:
                out = formula(xp, *given)
            finally:
                local.within = outer
            parts = out if isinstance(out, tuple | list) else (out,)
            for i, part in enumerate(parts):
                name = _input(plan, i if number is None else number, saved)
                what = f"the derivative of {plan.name} gave no finite gradient for {name}"
                self.look(xp, part, what, call, plan, saved)
            return out

        run.formula = formula  # type: ignore[attr-defined]
        run.around = lambda other: self.watched(other, plan, number)  # type: ignore[attr-defined]
        return run

    def custom(self, pull: Function) -> Function:
        """Return the method of plans of the user's own operations that is their formula, looked at too."""

        def run(plan: Any, xp: Any, *given: Any) -> Any:
            return self.watched(functools.partial(pull, plan), plan, None)(xp, *given)

        return run

    def whole_pass(self, backward: Function) -> Function:
        """Return the backward pass, at whose end is read what stayed on devices."""
        local = self.local

        def run(seeds: Any, *arguments: Any, **keywords: Any) -> Any:
            outer, local.flags = local.flags, []
            try:
                self.unchained()
                for _, g, xp in seeds:
                    self.look(xp, g, "the gradient that the pass starts with is not finite", None)
                try:
                    got = backward(seeds, *arguments, **keywords)
                except AnomalyError:
                    raise
                except Exception as error:
                    self.read(error)  # Where that is what NaN led to, it is the cause.
                    raise
                for node, g in (got or {}).items():
                    self.arrived(g, getattr(node, "name", "a leaf"))
                self.read()
                return got
            finally:
                local.flags = outer

        return run

    def depositing(self, deposit: Function) -> Function:
        """Return what adds gradients to ``.grad``, which looks before anything is added."""

        def run(arrivals: Any) -> None:
            arrivals = list(arrivals)
            for _, g, _ in arrivals:
                self.arrived(g, "a leaf")
            self.read()
            deposit(arrivals)

        return run

    # ---------------------------------------------------------------- looking

    def arrived(self, g: Any, where: str) -> None:
        """Look at the sum of gradients that has arrived somewhere."""
        for part in g if isinstance(g, tuple) else (g,):
            xp = None if part is None else part.xp if isinstance(part, Tensor) else backend_of(part)
            if xp is not None:
                self.look(xp, part, f"the sum of the gradients that arrived at {where} is not finite", None)

    def look(
        self, xp: Any, g: Any, what: str, call: Call | None, plan: Plan | None = None, saved: Any = ()
    ) -> None:
        """Look at a gradient: now on the host, at the end of the pass elsewhere."""
        if isinstance(g, tuple):
            for part in g:
                self.look(xp, part, what, call, plan, saved)
            return
        array, xp = (g.array, g.xp) if isinstance(g, Tensor) else (g, xp)
        if array is None or not hasattr(array, "dtype"):
            return
        dtype = xp.dtype_of(array)
        if dtype.kind not in "fc":
            return
        found = Found(what, call, tuple(array.shape), dtype, plan, saved if xp is CPU else ())
        self.tell(xp, functools.partial(_code, xp, array), found)

    def compare(self, plan: Plan, saved: Any) -> None:
        """Compare what an operation saved with what it saved then."""
        if saved.__class__ is Noted:
            for i, xp, before in saved.sums:
                value = saved[i]
                array = value.array if isinstance(value, Tensor) else value
                code = functools.partial(_differs, xp, before, array)
                self.tell(xp, code, Changed(plan.parameters[i], saved.call))

    def tell(self, xp: Backend, code: Callable[[], Any], found: Found | Changed) -> None:
        """Raise, on the host, what a code of 0 or more tells; elsewhere leave it to ``read``."""
        with xp.running():
            number = code()
        if number is None:
            return
        if xp is not CPU and self.local.flags is not None:
            self.local.flags.append((xp, number, found))
            return
        number = int(number if xp is CPU else xp.to_numpy(number))
        if number >= 0:
            raise found.error(number, xp is not CPU)

    def read(self, cause: Exception | None = None) -> None:
        """Read what stayed on devices, once for each, and raise the first error."""
        flags, self.local.flags = self.local.flags or [], []
        codes = {xp: [code for other, code, _ in flags if other is xp] for xp in {xp for xp, _, _ in flags}}
        numbers = {xp: iter(xp.to_numpy(xp.stack(found)).tolist()) for xp, found in codes.items()}
        for xp, _, found in flags:
            number = next(numbers[xp])
            if number >= 0:
                raise found.error(number, True) from cause


def _like(values: Any, noted: Any) -> Any:
    """Return values with what was added to others."""
    if noted.__class__ is not Noted or values is None:
        return values
    out = Noted(values)
    out.call, out.sums = noted.call, noted.sums
    return out


def _checksums(plan: Any, values: tuple[Any, ...]) -> list[tuple[int, Backend, Any]]:
    """Return the checksums of the operands among what is saved."""
    found = []
    for i, (value, origin) in enumerate(zip(values, getattr(plan, "origins", ()), strict=False)):
        xp = backend_of(value) if origin.__class__ is int and hasattr(value, "dtype") else None
        total = None if xp is None else xp.checksum(value)
        if xp is not None and total is not None:
            found.append((i, xp, total))
    return found


def _input(plan: Plan, number: int, saved: Any) -> str:
    """Name the input that a formula's result is the gradient of."""
    row = getattr(plan, "row", None)
    if row is None:
        return f"input {number} of those that need one"
    return f"array {number}" if row.is_list else row.inputs[plan.which[number]]


def _differs(xp: Backend, before: Any, array: Any) -> Any:
    """Return 0 where an array has another checksum than before, -1 where it has not."""
    return xp.astype(xp.asarray(xp.checksum(array) != before), xp.natives[xp.within(np.dtype("int64"))]) - 1


def _code(xp: Backend, array: Any) -> Any:
    """Return -1 where all is finite, else twice the first entry that is not, and 1 more where it is NaN."""
    if xp is CPU:
        finite = np.isfinite(array)
        if finite.all():
            return -1
        entry = int(np.argmin(finite))
        return 2 * entry + bool(np.isnan(np.asarray(array).reshape(-1)[entry]))
    flat = xp.reshape(array, (-1,))
    if not flat.shape[0]:
        return None
    kind = xp.natives[xp.within(np.dtype("int64"))]
    bad = xp.astype(xp.logical_not(xp.isfinite(flat)), kind)
    entry = xp.argmax(bad)
    is_nan = xp.take(xp.astype(xp.isnan(flat), kind), xp.reshape(entry, (1,)), axis=0)
    return xp.where(xp.max(bad) > 0, xp.astype(entry, kind) * 2 + xp.reshape(is_nan, ()), -1)


_SHARED = Shared(Detector)


class detect_anomaly:
    """Have a backward pass raise where a gradient first is NaN or infinite, in a block.

    ``AnomalyError`` names the operation whose derivative made it, the first such entry, its shape, what the
    operation had there, and the file and line of its forward call, which must lie in the block too. It also
    compares, by checksum, the operands that operations have saved with what they were: where somebody wrote
    into memory that a tensor shares, ``ChangedOperandError`` says so. ``.grad`` is as it was before the pass.

    On the host a pass stops where it happens. Elsewhere nothing waits for the device before the end of the
    pass, where all is read at once. The block serves all threads and may be nested; passes take several times
    as long in it.

    >>> import anygrad as ag
    >>> x = ag.tensor([4.0, 0.0], requires_grad=True)
    >>> try:
    ...     with ag.detect_anomaly():
    ...         ag.sqrt(x).sum().backward()
    ... except ag.AnomalyError as error:
    ...     print(str(error).partition(", shape")[0])
    [detect_anomaly] the derivative of sqrt gave no finite gradient for x: inf at (1,)
    """

    def __enter__(self) -> None:
        _SHARED.enter()

    def __exit__(self, *exception: object) -> None:
        _SHARED.leave()
