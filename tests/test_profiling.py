"""Profiles: what is counted, where it is attributed, and that all is put back."""

from __future__ import annotations

import gc
import inspect
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import sums, tape
from anygrad.errors import ArgumentError
from anygrad.functions import FUNCTIONS
from anygrad.graph import Node
from anygrad.op import REGISTRY
from tests.targets import Target

N = 100
ROW = 8 * N


def here() -> int:
    """Return the line that calls."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def state() -> list[Any]:
    """Return what a profile exchanges."""
    found: list[Any] = [tape.backward, tape.fit, sums.fit, tape.rewrapped]
    found += [vars(Node)["saved"]]
    methods = [f for f in vars(ag.Tensor).values() if isinstance(f, types.FunctionType)]
    for function in [*FUNCTIONS.values(), *methods]:
        found += [function.__code__, function.__kwdefaults__]
    for plan in (plan for row in REGISTRY.values() for plan in row.plans.every()):
        found += [plan.one, plan.all, plan.each, plan.into, plan.consume]
    return [*found, vars(ag.zeros(1).xp).get("chained")]


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Every test leaves the package as it was, to the object."""
    before = state()
    yield
    after = state()
    assert all(a is b or a == b for a, b in zip(before, after, strict=True))


def by_name(p: ag.profile, by: str = "operation") -> dict[str, Any]:
    return {row.name: row for row in p.rows(by)}


def vector(make: Any, grad: bool = True) -> ag.Tensor:
    return make(np.linspace(0.1, 1.0, N), grad=grad)


# ---------------------------------------------------------------- what is counted


def test_calls_lines_and_bytes(make: Any, unchained: None) -> None:
    x, a = vector(make), vector(make, grad=False)
    with ag.profile() as p:
        y, first = ag.tanh(x) * a, here()
        for _ in range(3):
            y, second = y + a, here()
        loss = ag.sum(y)
        _, third = loss.backward(), here()
    rows = by_name(p)
    assert {name: row.calls for name, row in rows.items()} == {
        "tanh": 1,
        "multiply": 1,
        "add": 3,
        "sum": 1,
        "backward": 1,
    }
    # Forward results; the derivatives of tanh and multiply are new, those of add are the gradient itself.
    assert rows["tanh"].allocated == rows["multiply"].allocated == 2 * ROW
    assert rows["add"].allocated == 3 * ROW
    assert rows["tanh"].kept == ROW
    assert rows["multiply"].kept == rows["add"].kept == rows["sum"].kept == 0  # a is older than the block
    forward = {(e.operation, e.line) for e in p.events if e.phase == "forward"}
    assert {("tanh", first), ("multiply", first), ("add", second), ("sum", second + 1)} == forward
    backward = [(e.operation, e.line) for e in p.events if e.phase == "backward"]
    assert backward == [
        ("backward", third),
        ("sum", second + 1),
        *[("add", second)] * 3,
        ("multiply", first),
        ("tanh", first),
    ]
    assert {e.file for e in p.events} == {__file__}
    lines = by_name(p, "line")
    assert len(lines) == 4
    place = f"{Path(__file__).relative_to(Path.cwd())}:{first}"
    assert lines[place].source == "y, first = ag.tanh(x) * a, here()"


def test_times_add_up(make: Any, unchained: None) -> None:
    x = vector(make)
    with ag.profile() as p:
        ag.sum(ag.exp(x) * x).backward()
    events = p.events
    assert all(e.duration > 0 and e.own >= 0 and e.start >= 0 for e in events)
    assert events == sorted(events, key=lambda e: e.start)
    whole = next(e for e in events if e.operation == "backward")
    inside = [e for e in events if e.phase == "backward" and e is not whole]
    assert len(inside) == 3
    assert whole.own == whole.duration - sum(e.duration for e in inside)
    assert all(
        whole.start <= e.start and e.start + e.duration <= whole.start + whole.duration for e in inside
    )
    assert (
        sum(row.time for row in p.rows())
        == sum(row.time for row in p.rows("line"))
        == sum(e.own for e in events)
    )
    assert sum(e.own for e in events) <= p.duration


def test_a_call_is_one_operation_whatever_it_calls(make: Any) -> None:
    x = vector(make)
    with ag.profile() as p:
        y = ag.std(x)
        z = 2.0 - x.reshape((2, -1))
        ag.sum(z[0] ** 2)
        x @ x, -x, x > 0, x.mT if x.ndim > 1 else x
    assert [e.operation for e in p.events] == [
        *("std", "reshape", "subtract", "getitem", "pow", "sum"),
        *("matmul", "negative", "greater"),
    ]
    with ag.profile() as p:
        y.backward()
    assert {e.line for e in p.events if e.operation != "backward"} == {0}  # older than the block


def test_whoever_holds_a_function_is_seen() -> None:
    from anygrad import tanh

    held = [ag.Tensor.__mul__, ag.Tensor.sum]
    x = ag.tensor([0.5, 1.0])
    with ag.profile() as p:
        tanh(x)
        held[0](x, x)
        held[1](x, keepdims=True)
        ag.sum(x, axis=0)
        ag.clip(x, 0.0, max=0.75)
    assert [e.operation for e in p.events] == ["tanh", "multiply", "sum", "sum", "clip"]


def test_writes_and_views() -> None:
    x = ag.zeros(N)
    with ag.profile() as p:
        x[3] = 1.0
        y = x[10:20]
        y *= 2.0
        x += 1.0
        kept = x.numpy()
        x[0] = 5.0
        x.sub_(x)
    names = [e.operation for e in p.events]
    assert names == ["setitem", "getitem", "multiply_", "add_", "setitem", "subtract_"]
    # In place, save where somebody else holds the buffer.
    assert [e.allocated for e in p.events][4] == ROW
    assert kept[0] == 1.0


def test_nothing_is_counted_twice(make: Any) -> None:
    x = vector(make)
    with ag.profile() as p:
        y = ag.exp(x)
        a, b = y * y, y + 1.0
        z = a * y
        x.to(x.device), ag.asarray(x), x.reshape((-1,))
    rows = by_name(p)
    assert rows["exp"].kept == ROW  # first of all who keep it
    assert rows["multiply"].kept == ROW  # a
    assert rows["add"].kept == 0
    assert rows["exp"].allocated == rows["add"].allocated == ROW and rows["multiply"].allocated == 2 * ROW
    for name in ("to", "asarray", "reshape"):
        assert rows[name].allocated == 0, name
    assert p.peak.nbytes == 4 * ROW and p.peak.operation == "multiply"
    del b, z


def test_memory_over_time() -> None:
    x = vector(lambda host, grad: ag.tensor(host, requires_grad=grad))
    with ag.profile() as p:
        y = ag.exp(x)
        z, peak = ag.exp(y), here()
        z.sum().backward()
        del y, z
    first, *_, last = p._memory.moments
    assert first == (0, 0, 0)
    assert last.alive == ROW and last.kept == 0  # x.grad
    assert max(m.kept for m in p._memory.moments) == 2 * ROW
    assert all(0 <= m.kept <= m.alive <= p.peak.nbytes for m in p._memory.moments)
    assert p.peak.nbytes >= 4 * ROW and (p.peak.file, p.peak.line) == (__file__, peak)
    assert [m.at for m in p._memory.moments] == sorted(m.at for m in p._memory.moments)


def test_a_graph_that_is_dropped_is_kept_no_longer() -> None:
    x = vector(lambda host, grad: ag.tensor(host, requires_grad=grad))
    with ag.profile() as p:
        for _ in range(5):
            ag.exp(x)
    assert by_name(p)["exp"].kept == 5 * ROW
    assert max(m.kept for m in p._memory.moments) == ROW
    assert p._memory.moments[-1][1:] == (0, 0)


# ---------------------------------------------------------------- backward


def test_second_order_belongs_to_the_first_call(make: Any) -> None:
    x = vector(make)
    with ag.profile() as p:
        y, line = ag.sum(ag.sin(x) * x), here()
        (g,) = ag.autograd.grad(y, x, create_graph=True)
        ag.sum(g).backward()
    sines = [e for e in p.events if e.operation == "sin" and e.phase == "backward"]
    assert len(sines) >= 3  # its derivative once, and what that was made of
    assert {e.line for e in sines} == {line}
    assert {e.operation for e in p.events} <= {"sin", "multiply", "sum", "add", "backward"}


def test_hooks_and_fits(make: Any, unchained: None) -> None:
    x, b = vector(make), make(np.asarray(2.0), grad=True)
    seen: list[int] = []

    def hook(g: ag.Tensor) -> ag.Tensor:
        out, line = ag.exp(g) * 0.0 + g, here()
        seen.append(line)
        return out

    with ag.profile() as p:
        y, line = x * b, here()
        y.register_hook(hook)
        ag.sum(y).backward()
    inside = [e for e in p.events if e.line == seen[0]]
    assert [(e.operation, e.phase) for e in inside] == [
        ("exp", "forward"),
        ("multiply", "forward"),
        ("add", "forward"),
    ]
    whole = next(e for e in p.events if e.operation == "backward")
    assert whole.own == whole.duration - sum(
        e.duration for e in p.events if e is not whole and e.start > whole.start
    )
    # The gradient of b is summed to its shape: that, too, is of the product.
    assert [e.line for e in p.events if e.operation == "multiply" and e.phase == "backward"] == [line, line]
    assert b.grad is not None and b.grad.shape == ()


def test_chains_of_large_gradients() -> None:
    n = 1 << 18
    x = ag.tensor(np.linspace(0.0, 1.0, n), requires_grad=True)

    def loss() -> ag.Tensor:
        return ag.sum(ag.exp(ag.sin(ag.tanh(x) + 1.0)))

    with ag.profile() as p:
        loss().backward()
    backward = [e for e in p.events if e.phase == "backward" and e.operation != "backward"]
    # The derivative of a sum with a number passes the gradient on, and does not run here.
    assert sorted(e.operation for e in backward) == ["exp", "sin", "sum", "tanh"]
    assert len({e.line for e in backward}) == 1 and backward[0].line
    found, x.grad = x.grad, None
    loss().backward()
    np.testing.assert_array_equal(found.numpy(), x.grad.numpy())


def test_graphs_from_before_and_for_afterwards(make: Any, unchained: None) -> None:
    x = vector(make)
    before = ag.sum(x * x)
    with ag.profile() as p:
        before.backward()
        after = ag.sum(ag.sin(x))
    assert [(e.operation, e.line > 0) for e in p.events if e.phase == "backward"] == [
        *(("backward", True), ("sum", False), ("multiply", False)),
    ]
    assert by_name(p, "line")["before the block"].backward > 0
    count = len(p.events)
    x.grad = None
    after.backward()
    np.testing.assert_allclose(x.xp.to_numpy(x.grad.array), np.cos(np.linspace(0.1, 1.0, N)), rtol=1e-12)
    assert len(p.events) == count


def test_the_numbers_are_the_same(target: Target) -> None:
    from tests.test_backends import _program

    plain = _program(target.device)
    with ag.profile() as p:
        profiled = _program(target.device)
    for found, want in zip(profiled, plain, strict=True):
        np.testing.assert_array_equal(found, want)
    assert len(p.events) > 20


# ---------------------------------------------------------------- blocks


def test_an_error_passes_and_all_is_put_back() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    before = state()
    with pytest.raises(ag.ShapeError), ag.profile() as p:
        ag.exp(x)
        x + ag.zeros(3)
    assert all(a is b or a == b for a, b in zip(before, state(), strict=True))
    assert [e.operation for e in p.events] == ["exp", "zeros"]

    def broken(g: ag.Tensor) -> None:
        raise ZeroDivisionError

    y = x * x
    y.register_hook(broken)
    with ag.profile() as p:
        with pytest.raises(ZeroDivisionError):
            y.sum().backward()
        ag.exp(x)
    assert [e.operation for e in p.events if e.phase == "forward"] == ["sum", "exp"]


def test_blocks_nest() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.profile() as outer:
        y, line = ag.exp(x), here()
        with ag.profile() as inner:
            ag.sin(y).sum().backward()
        ag.cos(x)
    assert [e.operation for e in outer.events if e.phase == "forward"] == ["exp", "sin", "sum", "cos"]
    assert [e.operation for e in inner.events if e.phase == "forward"] == ["sin", "sum"]
    assert [e.line for e in inner.events if e.operation == "exp"] == [line]  # its derivative


def test_all_threads_are_seen() -> None:
    x = ag.tensor(np.ones(N), requires_grad=True)

    def work() -> None:
        for _ in range(20):
            ag.sum(ag.exp(x))

    threads = [threading.Thread(target=work, name=f"worker {i}") for i in range(3)]
    with ag.profile() as p:
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert by_name(p)["exp"].calls == by_name(p)["sum"].calls == 60
    assert len({e.thread for e in p.events}) >= 1


def test_a_block_is_entered_once_at_a_time() -> None:
    p = ag.profile()
    with pytest.raises(ArgumentError, match=r"\[profile\] no block was entered"):
        p.table()
    assert repr(p) == "<profile of a block that has not ended>" and "not ended" in p._repr_html_()
    with p:
        with pytest.raises(ArgumentError, match="this block is running"), p:
            pass
        with pytest.raises(ArgumentError, match="the block has not ended"):
            p.events
        ag.zeros(2)
    assert [e.operation for e in p.events] == ["zeros"]
    with p:
        pass
    assert p.events == [] and p.peak.nbytes == 0 and p.duration > 0 and "total" in str(p)


def test_nothing_is_left_behind() -> None:
    x = ag.tensor(np.ones(N))
    with ag.profile() as p:
        y = ag.exp(x)
    recorder = p._recorder
    assert not recorder._alive
    count = len(recorder.log)
    del y
    gc.collect()
    assert len(recorder.log) == count


def test_off_means_off() -> None:
    """Importing the package does not import the profiler, and a profile imports no matplotlib."""
    probe = """
import sys, anygrad as ag
assert not {"anygrad.profiling", "anygrad.recording"} & set(sys.modules)
with ag.profile() as p: ag.zeros(3)
str(p)
assert "matplotlib" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", probe], check=True)
