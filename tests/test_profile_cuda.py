"""Profiles of a device that keeps its own time: on the stand-in, and with ``--device cuda`` on a GPU."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from tests import standin
from tests.standin_cuda import LOG


@pytest.fixture(params=[1, 2], ids=["one GPU", "two GPUs"])
def cupy(request: pytest.FixtureRequest) -> Iterator[Any]:
    with standin.installed(request.param) as made:
        yield made


def loss(x: ag.Tensor) -> ag.Tensor:
    return ag.sum(ag.exp(ag.sin(x)) * x)


def test_devices_are_timed_by_events(cupy: Any, tmp_path: Path) -> None:
    device = f"cuda:{cupy.cuda.runtime.getDeviceCount() - 1}"
    x = ag.tensor(np.linspace(0.0, 1.0, 100), device=device, requires_grad=True)
    loss(x).backward()  # a device waits once, for its first pass
    with ag.profile() as p:
        LOG.clear()
        loss(x).backward()
        inside = [entry[0] for entry in LOG]
        ag.exp(ag.ones(3))  # on the host
    assert "synchronize" not in inside
    assert sum(entry[0] == "synchronize" for entry in LOG) >= 1
    forward = [(e.operation, e.device) for e in p.events if e.phase == "forward"]
    assert forward == [
        *(("sin", True), ("exp", True), ("multiply", True), ("sum", True)),
        *(("ones", False), ("exp", False)),
    ]
    backward = [e for e in p.events if e.phase == "backward"]
    assert all(e.device for e in backward)
    assert {e.operation for e in backward} == {"backward", "exp", "multiply", "sin", "sum"}
    assert all(e.duration > 0 and e.launch > 0 and 0 <= e.start <= p.duration for e in p.events)
    rows = {row.name: row for row in p.rows()}
    assert rows["sin"].kept == 0 and rows["exp"].kept == 800 and rows["multiply"].allocated >= 800
    found = json.loads(p.save(tmp_path / "trace.json").read_text())["traceEvents"]
    tracks = {e["args"]["name"] for e in found if e["name"] == "thread_name"}
    assert len(tracks) == 2 and sum(name.endswith(" (device)") for name in tracks) == 1


def test_a_device_that_is_opened_in_the_block(cupy: Any) -> None:
    with ag.profile() as p:
        x = ag.ones(100, device="cuda", requires_grad=True)
        loss(x).backward()
    assert [e.device for e in p.events if e.operation == "sin"] == [True, True]
    assert "timer" not in vars(x.xp) and "chained" not in vars(x.xp)


@pytest.mark.targets("cupy")
def test_on_a_gpu(device: str) -> None:
    n = 1 << 24
    x = ag.tensor(np.linspace(0.0, 1.0, n, dtype=np.float32), device=device, requires_grad=True)
    for _ in range(3):
        loss(x).backward()
    x.xp.synchronize()
    with ag.profile() as p:
        for _ in range(5):
            loss(x).backward()
    rows = {row.name: row for row in p.rows()}
    assert {"sin", "exp", "multiply", "sum", "backward"} <= set(rows)
    assert rows["sin"].calls == 5 and rows["sin"].allocated >= 5 * 4 * n
    assert rows["exp"].kept == 5 * 4 * n
    # A kernel over 64 MB in and out takes from some 30 microseconds to a few milliseconds.
    sines = [e for e in p.events if e.operation == "sin" and e.phase == "forward"]
    assert all(e.device and 20_000 < e.duration < 20_000_000 for e in sines)
    # The device may be at work still when the host has left the block.
    late = p.duration + sum(e.own for e in p.events)
    assert all(-1_000_000 <= e.start <= late for e in p.events)
    assert sum(row.time for row in p.rows()) <= 1.1 * late
    print(p)
