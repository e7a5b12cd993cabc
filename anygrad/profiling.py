"""Profiles: what the operations of a block took, forward and backward, in time and in memory.

``recording`` watches, ``accounting`` makes events of what it saw, ``charts`` writes them down.
"""

from __future__ import annotations

import contextlib
import functools
import html
import threading
from pathlib import Path
from time import perf_counter_ns

from anygrad import charts
from anygrad.accounting import Event, Log, Memory, Peak, events_of
from anygrad.charts import Row
from anygrad.errors import ArgumentError, message
from anygrad.exchange import Shared
from anygrad.recording import Recorder

__all__ = ["Event", "Peak", "Row", "profile"]


_RECORDERS = Shared(Recorder)


class profile:
    """Measure a block: time and memory of every operation in it, by operation and by line of your code.

    ``print(p)`` after the block shows tables, ``p.table()`` one of them, ``p.events`` has every call;
    ``p.save`` writes a trace for https://ui.perfetto.dev, ``p.plot`` draws memory over time.

    *Forward* is what a call of anygrad's functions, methods and operators takes as a whole (``var`` or
    ``softmax`` is one), *backward* what its derivatives take, wherever ``backward()`` was called; the row
    ``backward`` has the rest of the passes: sums of gradients, hooks, ``.grad``. *Allocated* are the bytes of
    results that are no views, of both; what formulas need in between is not seen. *Kept* are the bytes of
    results that are held for the backward pass: each buffer once, and none that is a leaf's, made by a
    creation function or older than the block.

    On CUDA times are the device's, between events on its stream, and include gaps in which it waited for the
    host; nothing waits for the device before the block ends. Other libraries that work behind the host's back
    (JAX, Dask, PyTorch on a GPU) show how long the calls took. All threads are seen, and blocks nest. In a
    block an operation costs a few microseconds more, the block itself some milliseconds; outside nothing.

    >>> import anygrad as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> with ag.profile() as p:
    ...     ag.sum(ag.sin(x) * x).backward()
    >>> [(row.name, row.calls, row.allocated, row.kept) for row in p.rows(sort="name")]
    [('backward', 1, 0, 0), ('multiply', 1, 72, 24), ('sin', 1, 48, 0), ('sum', 1, 32, 0)]
    """

    def __init__(self) -> None:
        self._running: contextlib.ExitStack | None = None
        self._log: Log | None = None
        self._names: dict[int, str] = {}

    def __enter__(self) -> profile:
        if self._running is not None:
            raise ArgumentError(message("profile", "this block is running", "make another with ag.profile()"))
        with contextlib.ExitStack() as stack:
            self._recorder: Recorder = _RECORDERS.enter()
            stack.callback(_RECORDERS.leave)
            self._log = None
            self.__dict__.pop("events", None)
            self.__dict__.pop("_memory", None)
            self._first = len(self._recorder.log)
            self._began = perf_counter_ns()
            self._running = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended = perf_counter_ns()
        stack, self._running = self._running, None
        assert stack is not None
        with stack:
            for timer in {id(timer): timer for timer in self._recorder.timers.values()}.values():
                timer.settle()
            self._names = {thread.ident or 0: thread.name for thread in threading.enumerate()}
            self._log = self._recorder.log[self._first :]

    def _ended_log(self) -> Log:
        if self._log is None:
            got = "no block was entered" if self._running is None else "the block has not ended"
            raise ArgumentError(message("profile", got, "read it after: with ag.profile() as p: ..."))
        return self._log

    # ---------------------------------------------------------------- numbers

    @functools.cached_property
    def _memory(self) -> Memory:
        return Memory(self._ended_log(), self._began)

    @functools.cached_property
    def events(self) -> list[Event]:
        """Every operation and derivative, in the order in which they began."""
        return events_of(self._ended_log(), self._memory, self._began)

    @property
    def duration(self) -> int:
        """How long the block took, in nanoseconds."""
        self._ended_log()
        return self._ended - self._began

    @property
    def peak(self) -> Peak:
        """The most bytes of the block's results that were alive at a time, and what brought them to that."""
        return self._memory.peak

    def rows(self, by: str = "operation", sort: str = "time") -> list[Row]:
        """Return sums by ``"operation"`` or by ``"line"``, the largest first.

        ``sort`` is ``"time"``, ``"forward"``, ``"backward"``, ``"calls"``, ``"allocated"``, ``"kept"`` or
        ``"name"``. Raises ``ArgumentError`` for other words.
        """
        if by not in ("operation", "line"):
            raise ArgumentError(message("profile", f"by is {by!r}", "expected 'operation' or 'line'"))
        known = ("time", "name", *Row._fields[2:])
        if sort not in known:
            raise ArgumentError(
                message("profile", f"sort is {sort!r}", f"expected one of {', '.join(known)}")
            )
        rows = sorted(charts.rows(self.events, by), key=lambda row: row.name)
        return rows if sort == "name" else sorted(rows, key=lambda row: -int(getattr(row, sort)))

    # ---------------------------------------------------------------- text, files

    def table(self, by: str = "operation", sort: str = "time", limit: int | None = None) -> str:
        """Return ``rows(by, sort)``, or the first ``limit`` of them, as a table with a total.

        Raises ``ArgumentError`` for a limit that is not a number from 0.
        """
        if limit is not None and (not hasattr(limit, "__index__") or limit < 0):
            raise ArgumentError(
                message("profile", f"limit is {limit!r}", "expected a number from 0, or None")
            )
        return charts.table(self.rows(by, sort), by, limit)

    def __str__(self) -> str:
        inside = sum(row.time for row in self.rows())
        parts = [f"{charts.in_time(self.duration)} in the block, {charts.in_time(inside)} of it in anygrad"]
        if self.peak.nbytes:
            at = f"{self.peak.operation}, {charts.place(self.peak)}"
            parts.append(f"at most {charts.in_bytes(self.peak.nbytes)} of results alive, reached by {at}")
        return "\n\n".join(
            [self.table("operation", limit=15), self.table("line", limit=15), "; ".join(parts)]
        )

    def __repr__(self) -> str:
        if self._log is None:
            return "<profile of a block that has not ended>"
        return (
            f"<profile of {len(self.events)} events: print it, or .save('trace.json'), .plot('memory.svg')>"
        )

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self) if self._log is None else str(self))}</pre>"

    def save(self, path: str | Path) -> Path:
        """Write a trace in Chrome's format, which https://ui.perfetto.dev opens, and return the path."""
        path = Path(path)
        path.write_text(charts.trace(self.events, self._memory.moments, self._names))
        return path

    def plot(self, path: str | Path) -> Path:
        """Draw the bytes of results alive, and kept for backward, over time; return the path.

        Raises ``ValueError`` for a suffix other than ``.svg`` and ``.png``, and ``ModuleNotFoundError`` where
        matplotlib is not installed.
        """
        path = Path(path)
        kind = path.suffix.lower().lstrip(".")
        if kind not in ("svg", "png"):
            expected = "expected a name that ends in .svg or .png"
            raise ValueError(message("profile", f"the path is {str(path)!r}", expected))
        path.write_bytes(charts.picture(kind, self._memory.moments, self.peak, self.duration))
        return path
