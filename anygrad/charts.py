"""A profile on paper: its tables, its trace in Chrome's format, its picture of memory.

Works on events and rows of numbers; knows nothing of how they were found.
"""

from __future__ import annotations

import importlib
import io
import json
import linecache
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from anygrad.accounting import Event, Moment, Peak
from anygrad.errors import message
from anygrad.pictures import BACK, INK, TEXT

__all__ = ["Row", "aligned", "in_bytes", "in_time", "picture", "place", "table", "trace"]

TIMES = ((10**9, "s"), (10**6, "ms"), (10**3, "µs"), (1, "ns"))
SIZES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"), (1, "B"))
LONGEST = 60  # characters of a source line


class Row(NamedTuple):
    """What the calls of an operation, or of a line, took together: nanoseconds and bytes."""

    name: str
    source: str
    calls: int
    forward: int
    backward: int
    allocated: int
    kept: int

    @property
    def time(self) -> int:
        """Forward and backward together."""
        return self.forward + self.backward


def place(event: Event | Peak) -> str:
    """Return the file and line as tables show them: the path as short as it can be."""
    if not event.file:
        return "before the block"
    path = Path(event.file)
    return f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path.name}:{event.line}"


def rows(events: Sequence[Event], by: str) -> list[Row]:
    """Add up events by ``"operation"`` or ``"line"``."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    source: dict[str, str] = {}
    for event in events:
        name = event.operation if by == "operation" else place(event)
        forward = event.phase == "forward"
        found = sums[name]
        found[0] += forward or event.operation == "backward"
        found[1 if forward else 2] += event.own
        found[3] += event.allocated
        found[4] += event.kept
        if by == "line" and name not in source:
            source[name] = linecache.getline(event.file, event.line).strip()
    return [Row(name, source.get(name, ""), *found) for name, found in sums.items()]


# ---------------------------------------------------------------- text


def _scaled(value: int, units: tuple[tuple[int, str], ...]) -> str:
    """Write a quantity with three digits and its unit; nothing for zero."""
    if not value:
        return "-"
    scale, unit = next((u for u in units if value >= u[0]), units[-1])
    digits = 0 if scale == 1 else max(0, 3 - len(str(value // scale)))
    return f"{value / scale:.{digits}f} {unit}"


def in_time(nanoseconds: int) -> str:
    """Write a time."""
    return _scaled(nanoseconds, TIMES)


def in_bytes(nbytes: int) -> str:
    """Write a size."""
    return _scaled(nbytes, SIZES)


def table(rows: Sequence[Row], by: str, limit: int | None) -> str:
    """Lay rows out under headings, with a total of all rows below."""
    sums = [sum(column) for column in list(zip(*rows, strict=True))[2:]] or [0] * 5
    total, shown = Row("total", "", *sums), list(rows[:limit])
    head = [by, "calls", "forward", "backward", "time", "%", "allocated", "kept"]
    lines = [[*head, "source" if by == "line" else ""]]
    for row in [*shown, total]:
        share = f"{100 * row.time / total.time:.0f}" if total.time else "-"
        times = [in_time(t) for t in (row.forward, row.backward, row.time)]
        sizes = [in_bytes(n) for n in (row.allocated, row.kept)]
        source = row.source if len(row.source) <= LONGEST else row.source[: LONGEST - 1] + "…"
        lines.append([row.name, str(row.calls), *times, share, *sizes, source])
    if len(shown) < len(rows):
        rest = f"… {len(rows) - len(shown)} more"
        lines.insert(-1, [rest] + [""] * 8)
    return aligned(lines)


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Align columns, the first and the last left; draw a rule below the head and above the total."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    last = len(widths) - 1

    def cell(i: int, text: str) -> str:
        return text.ljust(widths[i]) if i in (0, last) else text.rjust(widths[i])

    out = ["  ".join(cell(i, text) for i, text in enumerate(line)) for line in lines]
    rule = "-" * max(len(line.rstrip()) for line in out)
    return "\n".join(line.rstrip() for line in [out[0], rule, *out[1:-1], rule, out[-1]])


# ---------------------------------------------------------------- files


def trace(events: Sequence[Event], moments: Sequence[Moment], names: dict[int, str]) -> str:
    """Return events, and memory as counters, in Chrome's trace format; ``names`` are those of threads."""
    tracks: dict[tuple[int, bool], int] = {}
    out: list[dict[str, Any]] = [
        {"name": "process_name", "ph": "M", "pid": 1, "tid": 0, "args": {"name": "anygrad"}}
    ]
    for event in events:
        track = event.thread, event.device
        if track not in tracks:
            tracks[track] = len(tracks) + 1
            name = names.get(event.thread, f"thread {event.thread}") + " (device)" * event.device
            out.append(
                {"name": "thread_name", "ph": "M", "pid": 1, "tid": tracks[track], "args": {"name": name}}
            )
        about = {"line": place(event), "allocated": event.allocated, "kept": event.kept}
        times = {"ts": event.start / 1000, "dur": event.duration / 1000}
        where = {"pid": 1, "tid": tracks[track]}
        out.append({"name": event.operation, "cat": event.phase, "ph": "X", **times, **where, "args": about})
    for at, alive, kept in moments:
        sizes = {"kept for backward": kept, "other": alive - kept}
        out.append({"name": "memory", "ph": "C", "ts": at / 1000, "pid": 1, "tid": 0, "args": sizes})
    return json.dumps({"traceEvents": out, "displayTimeUnit": "ns"})


def picture(kind: str, moments: Sequence[Moment], peak: Peak, duration: int) -> bytes:
    """Draw memory over time with matplotlib; return a file's contents.

    Raises ``ModuleNotFoundError`` where matplotlib is not installed.
    """
    try:
        mpl, figures = (importlib.import_module(name) for name in ("matplotlib", "matplotlib.figure"))
    except ModuleNotFoundError as error:
        got = f"{error.name} is not installed"
        raise ModuleNotFoundError(
            message("profile", got, 'from the checkout: pip install -e ".[plot]"')
        ) from error
    unit, name = next((u for u in TIMES if duration >= u[0]), TIMES[-1])
    scale, size = next((u for u in SIZES if peak.nbytes >= u[0]), SIZES[-1])
    times = [m.at / unit for m in moments] + [duration / unit]
    alive, kept = ([m[i] / scale for m in moments] + [moments[-1][i] / scale] for i in (1, 2))
    with mpl.rc_context({"svg.hashsalt": "anygrad", "text.usetex": False}):
        figure = figures.Figure(figsize=(8, 4), facecolor="white", layout="constrained")
        ax = figure.add_subplot()
        look: dict[str, Any] = {"step": "post", "linewidth": 0, "alpha": 0.5}
        ax.fill_between(times, alive, color=INK, label="results alive", **look)
        ax.fill_between(times, kept, color=BACK, label="kept for backward", **look)
        if peak.nbytes:
            at = next(m.at for m in moments if m.alive == peak.nbytes) / unit
            ax.axhline(peak.nbytes / scale, color=TEXT, linewidth=0.8, linestyle=":")
            ax.plot([at], [peak.nbytes / scale], "o", color=TEXT, markersize=4)
            title = f"peak {in_bytes(peak.nbytes)}: {peak.operation}, {place(peak)}"
            ax.set_title(title, fontsize=10, color=TEXT, parse_math=False)
        ax.set(
            xlabel=f"time ({name})", ylabel=f"memory ({size})", xlim=(0, duration / unit or 1), ylim=(0, None)
        )
        figure.legend(loc="outside lower right", ncols=2, frameon=False, fontsize=9)
        file = io.BytesIO()
        figure.savefig(file, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else None)
    return file.getvalue()
