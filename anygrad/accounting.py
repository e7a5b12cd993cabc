"""From the log of a profile to what happened: events, each with its time and its bytes, and memory over time.

Reads what ``recording`` wrote, and knows nothing of how.
"""

from __future__ import annotations

import functools
import types
from collections import Counter
from typing import Any, NamedTuple

__all__ = ["Event", "Log", "Memory", "Moment", "Peak", "events_of"]

Log = list[tuple[Any, ...]]


class Event(NamedTuple):
    """An operation, or its derivative (``phase`` is ``"forward"`` or ``"backward"``), that ran once.

    Times are nanoseconds since the block began: those of the device where it keeps its own (``device``), and
    ``launch`` is what the host took. ``own`` is the duration without what has an event of its own; it differs
    for ``backward``, a whole pass. ``file`` and ``line`` are those of the forward call in the user's code (""
    and 0 where that was before the block). ``allocated`` are the bytes of new results, ``kept`` those of
    results that are held for the backward pass.
    """

    operation: str
    phase: str
    file: str
    line: int
    start: int
    duration: int
    own: int
    launch: int
    device: bool
    thread: int
    allocated: int
    kept: int


class Moment(NamedTuple):
    """The bytes alive from a time on, and those of them that are kept for backward."""

    at: int
    alive: int
    kept: int


class Peak(NamedTuple):
    """The most bytes that were alive at a time, and the operation that brought them to that."""

    nbytes: int
    operation: str
    file: str
    line: int


@functools.lru_cache(4096)
def _line(code: types.CodeType, at: int) -> int:
    """Return the line of an instruction."""
    return next((line or 0 for start, end, line in code.co_lines() if start <= at < end), 0)


def place_of(op: Any) -> tuple[str, int]:
    """Return the file and line of a call; "" and 0 where that was not seen."""
    _, code, at = op
    return ("", 0) if code is None else (code.co_filename, _line(code, at))


class Memory:
    """What the block's results took: ``allocated`` by number of the span, ``kept`` by identity of the op.

    A buffer is kept by the operation whose node saved it first, for as long as any node does.
    """

    def __init__(self, log: Log, began: int) -> None:
        self.allocated: Counter[int] = Counter()
        self.kept: Counter[int] = Counter()
        self.moments = [Moment(0, 0, 0)]
        self.peak = Peak(0, "", "", 0)
        self._sizes: dict[int, int] = {}
        self._owned: set[int] = set()
        self._keepers: dict[int, tuple[Any, set[int]]] = {}
        self._keys: dict[int, list[int]] = {}
        self._alive = self._held = 0
        at, spans, last = 0, 0, {}
        for kind, *entry in log:
            if kind == "span":
                last[id(entry[0])] = spans
                spans += 1
                at = max(at, entry[4] - began)
                continue
            if kind == "new":
                self.allocated[last[id(entry[0])]] += entry[2]
                self._begin(*entry)
            elif kind == "dead":
                self._end(entry[0])
            elif kind == "keep":
                self._keep(*entry)
            else:
                self._free(entry[0])
            now = Moment(at, self._alive, self._held)
            if now[1:] != self.moments[-1][1:]:
                self.moments.append(now)

    def _begin(self, op: Any, key: int, n: int, owned: bool) -> None:
        if not key:
            return
        self._sizes[key] = n
        self._alive += n
        if self._alive > self.peak.nbytes:
            self.peak = Peak(self._alive, op[0], *place_of(op))
        if owned:
            self._owned.add(key)
        elif key in self._keepers:
            self._count(self._keepers[key][0], n)

    def _end(self, key: int) -> None:
        n = self._sizes.pop(key, 0)
        self._alive -= n
        if key in self._keepers and key not in self._owned:
            self._held -= n
        self._keepers.pop(key, None)
        self._owned.discard(key)

    def _keep(self, op: Any, node: int, keys: list[int]) -> None:
        self._free(node)
        self._keys[node] = keys
        for key in keys:
            first, nodes = self._keepers.setdefault(key, (op, set()))
            if not nodes and key not in self._owned:
                self._count(first, self._sizes.get(key, 0))
            nodes.add(node)

    def _count(self, op: Any, n: int) -> None:
        self.kept[id(op)] += n
        self._held += n

    def _free(self, node: int) -> None:
        for key in self._keys.pop(node, ()):
            if key in self._keepers:
                nodes = self._keepers[key][1]
                nodes.discard(node)
                if not nodes:
                    del self._keepers[key]
                    self._held -= 0 if key in self._owned else self._sizes.get(key, 0)


def events_of(log: Log, memory: Memory, began: int) -> list[Event]:
    """Return the spans of a log as events, in the order of their beginnings."""
    spans = [entry[1:] for entry in log if entry[0] == "span"]
    times = [_time(start, end, marks, began) for _, _, _, start, end, marks in spans]
    own = _own([(*span[2:5], span[1] == "pass") for span in spans], [took for _, took in times])
    events = []
    for i, (op, phase, thread, start, end, marks) in enumerate(spans):
        forward = phase == "forward"
        events.append(
            Event(
                operation=op[0],
                phase="forward" if forward else "backward",
                file=place_of(op)[0],
                line=place_of(op)[1],
                start=times[i][0],
                duration=times[i][1],
                own=own[i],
                launch=end - start,
                device=marks is not None,
                thread=thread,
                allocated=memory.allocated[i],
                kept=memory.kept[id(op)] if forward else 0,
            )
        )
    return sorted(events, key=lambda event: event.start)


def _time(start: int, end: int, marks: Any, began: int) -> tuple[int, int]:
    """Return when a span began and how long it was."""
    if marks is None:
        return start - began, end - start
    timer, first, last, i, n = marks
    start, took = timer.read(first, last)
    return start + took * i // n - began, took // n


def _own(spans: list[tuple[int, int, int, bool]], took: list[int]) -> list[int]:
    """Take from each pass what ran inside it, on its thread."""
    own = list(took)
    passes: dict[int, list[int]] = {}
    for i in sorted(range(len(spans)), key=lambda i: (spans[i][1], -spans[i][2])):
        thread, start, _, is_pass = spans[i]
        around = passes.setdefault(thread, [])
        while around and spans[around[-1]][2] <= start:
            around.pop()
        if around:
            own[around[-1]] = max(0, own[around[-1]] - took[i])
        if is_pass:
            around.append(i)
    return own
