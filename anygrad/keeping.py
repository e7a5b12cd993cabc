"""What a checkpoint keeps and does not compute again: a predicate's choice, or the dearest within a budget.

What goes through the forward of a row (products, convolutions, decompositions, reductions, sorts) is watched
while a region runs: what is kept of it is handed out again, and not computed, when the region runs again.
Elementwise operations are cheap: of those only what backward itself needs is kept.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from anygrad.backends.base import Backend
from anygrad.errors import ArgumentError, DtypeError, message
from anygrad.op import REGISTRY, Row

__all__ = ["Held", "Keeper", "Policy", "checked"]

Policy = Callable[[str, int], bool] | int | None
"""``keep(operation, nbytes)``, or the bytes that may be kept."""

_serving: ContextVar[Keeper | None] = ContextVar("anygrad_keeper", default=None)
_lock = threading.Lock()
_numbers = itertools.count()
_open = 0
_undo: list[tuple[Row, Any, Any]] = []


def checked(policy: Policy) -> None:
    """Raise where a policy is neither a predicate nor a number of bytes."""
    if isinstance(policy, bool) or not (policy is None or callable(policy) or isinstance(policy, int)):
        got = f"policy is {policy!r}"
        advice = "expected a function of an operation's name and a size, or a number of bytes"
        raise DtypeError(message("checkpoint", got, advice))
    if isinstance(policy, int) and policy < 0:
        raise ArgumentError(message("checkpoint", f"policy is {policy}", "expected a number of bytes from 0"))


def _is_dear(row: Row) -> bool:
    return not row.is_view and (not row.broadcasts or row.batched)


def _watched(row: Row, forward: Callable[..., Any]) -> Callable[..., Any]:
    """Return a forward that asks the keeper of the region that runs."""

    def watched(xp: Any, *arrays: Any, **keywords: Any) -> Any:
        keeper = _serving.get()
        if keeper is None:
            return forward(xp, *arrays, **keywords)
        return keeper.run(row, lambda: forward(xp, *arrays, **keywords), xp, arrays)

    return watched


def _parts(value: Any) -> list[Any]:
    return [part for part in value if part is not None] if isinstance(value, tuple | list) else [value]


def _entries(value: Any) -> int:
    return sum(math.prod(part.shape) for part in _parts(value) if hasattr(part, "shape"))


def _nbytes(xp: Backend, value: Any) -> int:
    return sum(math.prod(part.shape) * xp.dtype_of(part).itemsize for part in _parts(value))


class Held:
    """A value that is kept, until its ``value`` is None."""

    __slots__ = ("key", "nbytes", "value")

    def __init__(self, value: Any, nbytes: int = 0, key: Any = None) -> None:
        self.value = value
        self.nbytes = nbytes
        self.key = key


class Part:
    """One of several results that are kept together."""

    __slots__ = ("held", "number")

    def __init__(self, held: Held, number: int) -> None:
        self.held, self.number = held, number

    @property
    def value(self) -> Any:
        return None if self.held.value is None else self.held.value[self.number]


class Keeper:
    """What one region keeps. As a block it watches the forwards that run inside."""

    def __init__(self, policy: Callable[[str, int], bool] | int) -> None:
        self.policy = policy
        self.outputs: dict[tuple[str, int], Any] = {}
        self.held: dict[int, Held | Part] = {}
        self.worth: list[tuple[float, int, Held]] = []
        self.total = 0
        self.calls: Counter[str] = Counter()
        self.again = False

    def __enter__(self) -> None:
        global _open
        self.calls.clear()
        with _lock:
            if not _open:
                for row in (r for r in REGISTRY.values() if _is_dear(r)):
                    before = row.forward
                    row.forward = _watched(row, before)
                    _undo.append((row, before, row.forward))
            _open += 1
        self._token = _serving.set(self)

    def __exit__(self, *exception: object) -> None:
        global _open
        _serving.reset(self._token)
        self.again = True
        with _lock:
            _open -= 1
            if not _open:
                for row, before, ours in _undo:
                    if row.forward is ours:
                        row.forward = before
                _undo.clear()

    def run(self, row: Row, forward: Callable[[], Any], xp: Backend, arrays: tuple[Any, ...]) -> Any:
        """Run a forward, or return what was kept of it."""
        key = row.key, self.calls[row.key]
        self.calls[row.key] += 1
        if self.again:
            return self.outputs[key] if key in self.outputs else forward()
        out = forward()
        if all(hasattr(part, "shape") for part in _parts(out)):
            entries = [_entries(a) for a in arrays if hasattr(a, "shape") or isinstance(a, tuple | list)]
            size = _entries(out)
            # A product of m by k by n has so many multiplications as the root of its three sizes' product.
            work = math.sqrt(math.prod(entries) * size) if len(entries) == 2 else 10.0 * (sum(entries) + size)
            held = Held(out, _nbytes(xp, out), key)
            self.outputs[key] = out
            if self._keeps(held, row.name, work):
                several = isinstance(out, tuple | list)
                self.held |= (
                    {id(part): Part(held, i) for i, part in enumerate(out)} if several else {id(out): held}
                )
            else:
                self.outputs.pop(key, None)
        return out

    def offered(self, array: Any, xp: Backend, name: str, row: Row | None) -> Held | Part | None:
        """Return what holds a value that backward needs; None where it is to be computed again."""
        found = self.held.get(id(array))
        if found is not None and found.value is not None:
            return found
        if row is not None and _is_dear(row):
            return None
        held = Held(array, _nbytes(xp, array))
        if not self._keeps(held, name, float(_entries(array))):
            return None
        self.held[id(array)] = held
        return held

    def _keeps(self, held: Held, name: str, work: float) -> bool:
        """Tell whether a value is kept; lets go of what is cheaper to compute again, for its size."""
        if not isinstance(self.policy, int):
            return bool(self.policy(name, held.nbytes))
        self.total += held.nbytes
        heapq.heappush(self.worth, (work / max(held.nbytes, 1), next(_numbers), held))
        while self.total > self.policy:
            gone = heapq.heappop(self.worth)[2]
            self.total -= gone.nbytes
            self.outputs.pop(gone.key, None)
            gone.value = None
        return held.value is not None
