"""Profiles on paper: tables, the trace that Perfetto opens, the picture of memory."""

from __future__ import annotations

import importlib
import json
import re
import threading
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.charts import in_bytes, in_time
from anygrad.errors import ArgumentError
from benchmarks import profiled


@pytest.fixture
def p() -> ag.profile:
    x = ag.tensor(np.ones((50, 40)), requires_grad=True)
    with ag.profile() as found:
        for _ in range(2):
            ag.sum(ag.tanh(x) * x).backward()
    return found


def test_tables(p: ag.profile) -> None:
    head, rule, *rows, rule2, total = p.table().splitlines()
    assert head.split() == ["operation", "calls", "forward", "backward", "time", "%", "allocated", "kept"]
    assert set(rule) == set(rule2) == {"-"} and len(rule) == len(rule2) >= len(total)
    assert [row.split()[0] for row in rows] == [row.name for row in p.rows()]
    assert total.split()[:2] == ["total", "8"]
    tanh = next(row for row in rows if row.startswith("tanh"))
    assert tanh.split()[-4:] == ["64.0", "kB", "32.0", "kB"]
    lines = p.table("line", sort="calls", limit=1).splitlines()
    assert "… 1 more" in p.table("operation", limit=3) or lines
    assert "ag.sum(ag.tanh(x) * x).backward()" in lines[2]
    text = str(p)
    assert p.table(limit=15) in text and p.table("line", limit=15) in text
    for limit in (-1, "a", 1.5):
        with pytest.raises(
            ag.errors.ArgumentError, match=r"^\[profile\] limit is .*: expected a number from 0"
        ):
            p.table(limit=limit)  # type: ignore[arg-type]
    assert "in the block" in text and "of results alive, reached by" in text
    assert repr(p).startswith("<profile of 14 events")
    assert p._repr_html_().startswith("<pre>operation")


@pytest.mark.parametrize("sort", ["time", "forward", "backward", "calls", "allocated", "kept", "name"])
def test_sorted(p: ag.profile, sort: str) -> None:
    found = [getattr(row, sort) for row in p.rows(sort=sort)]
    assert found == sorted(found, reverse=sort != "name")


def test_bad_words(p: ag.profile, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="by is 'file': expected 'operation' or 'line'"):
        p.table("file")
    with pytest.raises(ArgumentError, match="sort is 'speed': expected one of time, name, calls"):
        p.table(sort="speed")
    with pytest.raises(
        ValueError, match=r"\[profile\] the path is '.*memory.txt': expected .* \.svg or \.png"
    ):
        p.plot(tmp_path / "memory.txt")


def test_units() -> None:
    assert [in_time(n) for n in (0, 7, 999, 1000, 12_345, 123_456, 9_999_999, 61_000_000_000)] == [
        *("-", "7 ns", "999 ns", "1.00 µs", "12.3 µs", "123 µs", "10.00 ms", "61.0 s"),
    ]
    assert [in_bytes(n) for n in (0, 8, 1024, 800_000, 3 * 10**9)] == [
        "-",
        "8 B",
        "1.02 kB",
        "800 kB",
        "3.00 GB",
    ]


def test_a_trace_that_perfetto_opens(p: ag.profile, tmp_path: Path) -> None:
    path = p.save(tmp_path / "trace.json")
    found = json.loads(path.read_text())
    events = found["traceEvents"]
    assert found["displayTimeUnit"] in ("ms", "ns")
    assert {e["ph"] for e in events} == {"M", "X", "C"}
    assert all(isinstance(e[key], int) for e in events for key in ("pid", "tid"))
    slices = [e for e in events if e["ph"] == "X"]
    assert len(slices) == len(p.events)
    assert all(e["ts"] >= 0 and e["dur"] >= 0 and e["cat"] in ("forward", "backward") for e in slices)
    assert all(":" in e["args"]["line"] for e in slices)
    named = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert named == {slices[0]["tid"]: threading.current_thread().name}
    # Slices of one track nest: none begins in another and ends after it.
    open_: list[float] = []
    for e in sorted(slices, key=lambda e: (e["ts"], -e["dur"])):
        while open_ and open_[-1] <= e["ts"]:
            open_.pop()
        assert not open_ or e["ts"] + e["dur"] <= open_[-1] + 1e-3
        open_.append(e["ts"] + e["dur"])
    sizes = [sum(e["args"].values()) for e in events if e["ph"] == "C"]
    assert max(sizes) == p.peak.nbytes and sizes[0] == 0


def test_a_picture_of_memory(p: ag.profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    svg = p.plot(tmp_path / "memory.svg").read_text()
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    for text in (
        "kept for backward",
        "results alive",
        "memory (kB)",
        f"peak {p.peak.nbytes / 1000:.1f} kB: {p.peak.operation}",
    ):
        assert text in svg, text
    assert p.plot(str(tmp_path / "memory.PNG")).read_bytes()[:4] == b"\x89PNG"
    with ag.profile() as empty:
        pass
    empty.plot(tmp_path / "empty.svg")

    def missing(name: str, *rest: Any) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(importlib.import_module("anygrad.charts").importlib, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match=r"^\[profile\] matplotlib is not installed: .*\[plot\]"):
        p.plot(tmp_path / "memory.svg")


def test_what_a_profile_adds_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert profiled.main(["--quick", "network", "regression"]) == 0
    for line, name in zip(capsys.readouterr().out.splitlines(), ("regression", "network"), strict=True):
        assert re.fullmatch(
            rf"{name}: .+ without \(.+\), .+ with \(.+\): \d+\.\d{{3}}; entering and leaving .+", line
        )
    with pytest.raises(SystemExit):
        profiled.main(["nonsense"])
    assert "no workload is called 'nonsense'" in capsys.readouterr().err
