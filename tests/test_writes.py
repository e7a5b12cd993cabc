"""Writes: random programs against NumPy and finite differences, and everyday loops that must stay linear."""

from __future__ import annotations

import gc
import operator
import re
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.numpy import NumpyBackend
from anygrad.devices import CPU
from anygrad.tape import Held
from tests.programs import Program, check
from tests.targets import Target

KINDS = [
    "x[int] = v",
    "x[slice] = v",
    "x[mask] = v",
    "x[array] = v",
    "x[k] op= v",
    "x op= v",
    "x.method_(v)",
]
HOW_MANY = {"numpy": 200, "numpy-readonly": 50, "strict": 200, "torch": 200, "jax": 5}


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("fill_", lambda x: x.fill_(1.0)),
        ("zero_", lambda x: x.zero_()),
        ("copy_", lambda x: x.copy_(ag.ones(2))),
        ("setitem", lambda x: operator.setitem(x, ..., 1.0)),
        ("add_", lambda x: x.add_(1.0)),
        ("sub_", lambda x: x.sub_(1.0)),
        ("+=", lambda x: operator.iadd(x, 1.0)),
        ("/=", lambda x: operator.itruediv(x, 1.0)),
        ("**=", lambda x: operator.ipow(x, 2)),
    ],
)
def test_errors_name_the_write(name: str, write: Callable[[ag.Tensor], Any]) -> None:
    with pytest.raises(ag.LeafWriteError, match=re.escape(f"[{name}] x is a leaf")):
        write(ag.ones(2, requires_grad=True))
    with pytest.raises(ag.WriteError, match=re.escape(f"[{name}] x is a broadcast view")):
        write(ag.broadcast_to(ag.tensor(1.0), (2,)))


def run_programs(seeds: range, backend: Any, row_major: bool, count: Counter[Any]) -> None:
    for seed in seeds:
        program = Program(seed, row_major, complex_=seed % 4 == 1, order=2 if seed % 5 == 0 else 1)
        check(program, backend, count)


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Counter[Any]:
    """Count how often a write asked whether it may go in place, and how often it might."""
    found: Counter[Any] = Counter()
    exclusive = NumpyBackend.exclusive

    def counted(self: NumpyBackend, holder: Any) -> bool:
        answer = exclusive(self, holder)
        if holder.__class__ is not Held:
            found["asked"] += 1
            found["in place"] += answer
        return answer

    monkeypatch.setattr(NumpyBackend, "exclusive", counted)
    return found


def test_programs_on_numpy(count: Counter[Any]) -> None:
    run_programs(range(2000), CPU, False, count)
    print("\nkind of write     in place   by copy   rebound or nothing to do")
    for kind in KINDS:
        print(f"{kind:16} {count[kind, True]:9} {count[kind, False]:9} {count[kind, None]:9}")
    assert {key[0] for key in count if isinstance(key, tuple)} == set(KINDS)
    assert all(count[kind, way] >= 100 for kind in KINDS for way in (True, False))


def test_programs_with_the_shortcut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NumpyBackend, "exclusive", lambda self, holder: False)
    run_programs(range(100_000, 100_400), CPU, False, Counter())


def test_programs_on_every_backend(target: Target) -> None:
    how_many = HOW_MANY.get(target.name, 50)
    run_programs(range(200_000, 200_000 + how_many), target.backend, not target.is_numpy, Counter())


# ---------------------------------------------------------------- everyday loops


class Moved:
    """Counts the bytes that whole-array copies and fresh zeros move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        self.copies = 0
        compact, zeros = NumpyBackend.compact, CPU.zeros

        def counted(backend: NumpyBackend, array: Any) -> Any:
            self.bytes += array.nbytes
            self.copies += 1
            return compact(backend, array)

        def made(shape: Any, **keywords: Any) -> Any:
            out = zeros(shape, **keywords)
            self.bytes += out.nbytes
            return out

        monkeypatch.setattr(NumpyBackend, "compact", counted)
        monkeypatch.setattr(CPU, "zeros", made)


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Moved:
    return Moved(monkeypatch)


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def element(x: Any, a: Any, n: int) -> Any:
    for i in range(n):
        x[i] = a * 2.0
    return x


def recurrence(x: Any, a: Any, n: int) -> Any:
    for i in range(1, n):
        x[i] = x[i - 1] * a
    return x


def slices(x: Any, a: Any, n: int) -> Any:
    for i in range(0, n, 4):
        x[i : i + 4] += a
    return x


def gathers(x: Any, a: Any, n: int) -> Any:
    for i in range(2, n):
        x[[i, i - 1]] = x[[i - 2, i - 1]] * a
    return x


def descent(x: Any, a: Any, n: int) -> Any:
    y = x[:8] * 1.0
    for _ in range(n):
        y -= 0.01 * (y * a)
    return y


LOOPS: dict[str, tuple[Callable[[Any, Any, int], Any], tuple[int, ...]]] = {
    "x[i] = v": (element, ()),
    "x[i] = x[i-1] * a": (recurrence, ()),
    "x[i] = x[i-1] * a, rows": (recurrence, (5,)),
    "x[i] = v, rows": (element, (5,)),
    "x[a:b] += v": (slices, ()),
    "x[[i, j]] = v": (gathers, ()),
    "x -= lr * g": (descent, ()),
}


def cost(name: str, n: int, moved: Moved) -> tuple[int, int, int]:
    """Return the bytes moved, held before backward, and at the peak, of a loop of n writes."""
    loop, rest = LOOPS[name]
    start = np.ones((n, *rest))
    a = ag.tensor(0.99, requires_grad=True)
    moved.bytes = 0
    gc.collect()  # What Python keeps for its next small tuples would hide what is held.
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    out = loop(ag.asarray(start) * a, a, n).sum()
    held = tracemalloc.get_traced_memory()[0] - before
    out.backward()
    peak = tracemalloc.get_traced_memory()[1] - before
    assert a.grad is not None
    return moved.bytes, held, peak


@pytest.mark.parametrize("name", LOOPS)
def test_everyday_loops_are_linear(name: str, moved: Moved, traced: None) -> None:
    cost(name, 16, moved)
    small, large = cost(name, 256, moved), cost(name, 1024, moved)
    # A copy at each write would make it 16 times as much. Memory that Python keeps for itself blurs the 4.
    for what, most, few, many in zip(
        ("moved", "held", "at the peak"), (4.5, 8, 8), small, large, strict=True
    ):
        assert many <= most * few + 4096, f"{what}: {few} bytes for 256 writes, {many} for 1024"


def test_the_gradients_of_everyday_loops_are_right() -> None:
    h = 1e-6
    for name, (loop, rest) in LOOPS.items():

        def value(a: float, loop: Any = loop, rest: tuple[int, ...] = rest) -> float:
            return float(loop(np.ones((24, *rest)) * a, a, 24).sum())

        a = ag.tensor(0.99, requires_grad=True)
        loop(ag.asarray(np.ones((24, *rest))) * a, a, 24).sum().backward()
        expected = (value(0.99 + h) - value(0.99 - h)) / (2 * h)
        assert np.isclose(float(a.grad), expected, rtol=1e-7), name


def test_a_fill_loop_of_ten_thousand_writes_copies_no_array(moved: Moved, count: Counter[Any]) -> None:
    n = 10_000
    a = ag.tensor(3.0, requires_grad=True)
    x = ag.zeros(n)
    moved.copies = moved.bytes = 0
    for i in range(n):
        x[i] = a
    assert count["in place"] == count["asked"] == n
    assert moved.bytes == 0
    x.sum().backward()
    assert float(a.grad) == n
    # The scalars that are read, and a few whole gradients until the pass owns one.
    assert moved.bytes < 5 * x.nbytes + 8 * n


def test_a_write_costs_the_same_with_a_thousand_views(count: Counter[Any]) -> None:
    x = ag.tensor(np.arange(4.0), requires_grad=True) * 1.0
    views = [x[i % 3 :] for i in range(1000)]
    x[1] = 5.0
    x[2] = 6.0
    assert count["in place"] == 2
    assert [v.tolist() for v in views[:3]] == [[0.0, 5.0, 6.0, 3.0], [5.0, 6.0, 3.0], [6.0, 3.0]]


# ---------------------------------------------------------------- what the programs have no word for


@pytest.mark.parametrize("key", [np.array([1, 1, 0, 1]), [1, 1, 0, 1], (np.array([-2, -2, 0, 1]),)])
def test_the_last_of_repeated_indices_stands_and_gets_the_gradient(target: Target, key: Any) -> None:
    x = target.make(np.zeros(3))
    v = target.make(np.array([1.0, 2.0, 3.0, 4.0]), grad=True)
    x[key] = v * 10
    assert x.tolist() == [30.0, 40.0, 0.0]
    (x * target.make(np.array([1.0, 2.0, 3.0]))).sum().backward()
    assert v.grad.tolist() == [0.0, 0.0, 10.0, 20.0]


def test_an_infinite_gradient_reaches_only_the_value_that_stands() -> None:
    x, v = ag.zeros(2), ag.tensor([1.0, 2.0], requires_grad=True)
    x[[0, 0]] = v
    x.backward(ag.asarray([np.inf, 0.0]))
    assert v.grad.tolist() == [0.0, np.inf]


def test_writing_its_own_view_back_is_no_second_write(count: Counter[Any]) -> None:
    x = ag.tensor(np.ones(4), requires_grad=True) * 2.0
    node = x.node
    x[1:3] = x[1:3]
    assert x.node is node and not count["asked"]
    x[1:3] += 1.0
    assert count["asked"] == 1
    assert x.tolist() == [2.0, 3.0, 3.0, 2.0]


def test_a_mask_of_the_callers_may_change_after_the_write() -> None:
    x, v = ag.tensor(np.ones(3), requires_grad=True), ag.tensor(5.0, requires_grad=True)
    mask, index = np.array([True, False, True]), np.array([1])
    y = x * 1.0
    y[mask] = v
    y[index] = v
    mask[:] = False
    index[:] = 0
    (y * y).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    assert float(v.grad) == 30.0


def test_zeroing_a_gradient_changes_no_other() -> None:
    a, b = ag.tensor(np.ones(3), requires_grad=True), ag.tensor(np.ones(3), requires_grad=True)
    (a + b).sum().backward()
    a.grad.zero_()
    assert b.grad.tolist() == [1.0, 1.0, 1.0]


def test_two_readers_of_a_written_scalar() -> None:
    """A gradient that NumPy returned as its own scalar was never zeroed by the write."""
    x = ag.tensor([0.9, 0.5], requires_grad=True)
    y = x[1]
    z = y[None]
    z.tanh_()
    (y + z.sum()).backward()
    assert np.allclose(x.grad.numpy(), [0.0, 2 * (1 - np.tanh(0.5) ** 2)])
