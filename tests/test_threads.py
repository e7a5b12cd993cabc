"""Threads and tasks: programs side by side, with switches forced, with the exclusivity hook on and off.

Off is how a free-threaded interpreter runs: nobody can tell who else holds an array. What threads do to one
graph and one leaf stands in ``test_memory``, grad mode in ``test_modes``.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.numpy import NumpyBackend
from anygrad.devices import CPU
from anygrad.exchange import _pile
from tests.programs import Program, check
from tests.test_memory import run_threads


@pytest.fixture(params=[True, False], ids=["counted", "free-threaded"])
def counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether reference counts tell who holds an array."""
    if not request.param:
        monkeypatch.setattr(NumpyBackend, "exclusive", lambda self, holder: False)
    return bool(request.param)


def leaf(*host: float) -> ag.Tensor:
    return ag.tensor(np.array(host), requires_grad=True)


def test_programs_side_by_side(counted: bool) -> None:
    """Random programs of views and writes, one in each thread: NumPy's numbers, and their derivatives."""
    programs = [Program(seed) for seed in range(300_000, 300_080)]

    def work(i: int) -> None:
        for program in programs[i::4]:
            check(program, CPU, Counter())

    raised = run_threads(work)
    if raised:
        raise raised[0]


def test_shared_operands(counted: bool) -> None:
    """Each thread writes its own tensors, made of operands and views that all of them share."""
    shared = leaf(*np.linspace(0.5, 1.5, 6))
    view, results = shared[1:4], []

    def work(i: int) -> None:
        for _ in range(40):
            x = ag.zeros(6) + shared
            x[1:4] *= view
            x[::2] = x[::2] * (i + 1)
            y = x[1:]
            y += x[:-1]
            x -= shared * 0.5
            (g,) = ag.autograd.grad((x * x).sum(), shared)
            results.append((i, x.detach().numpy(copy=True), g.numpy()))

    work(0)
    _, value, gradient = results.pop()
    results.clear()
    assert run_threads(work) == []
    assert len(results) == 160
    for i, x, g in results:
        if i == 0:
            np.testing.assert_array_equal(x, value)
            np.testing.assert_array_equal(g, gradient)
    others = {i: [x for j, x, _ in results if i == j] for i in range(4)}
    assert all(np.array_equal(x, found[0]) for found in others.values() for x in found)


def test_training_in_threads(counted: bool) -> None:
    """Models of their own, losses of their own: every thread gets what it gets alone."""

    def train(seed: int) -> list[float]:
        g = ag.random.Generator(seed)
        w, b = (ag.random.normal(shape=shape, generator=g).requires_grad_() for shape in ((3, 2), (2,)))
        x = ag.random.normal(shape=(8, 3), generator=g)
        losses = []
        for _ in range(15):
            loss = ag.mean((ag.tanh(x @ w + b) - 0.3) ** 2)
            loss.backward()
            with ag.no_grad():
                for p in (w, b):
                    p -= 0.1 * p.grad
                    p.grad = None
            losses.append(loss.item())
        return losses

    alone = [train(i) for i in range(4)]
    found: dict[int, list[float]] = {}
    assert run_threads(lambda i: found.update({i: train(i)})) == []
    assert [found[i] for i in range(4)] == alone


def test_hooks_that_come_and_go() -> None:
    """Hooks are added and removed while other threads run passes over the graph."""
    x = leaf(1.0, 2.0)
    y = ag.exp(x) * x
    loss = y.sum()
    (wanted,) = ag.autograd.grad(loss, x, retain_graph=True)
    seen: list[Any] = []

    def work(i: int) -> None:
        for _ in range(100):
            if i % 2:
                with y.register_hook(lambda g: seen.append(g) or g), x.register_hook(lambda g: None):
                    pass
            else:
                (g,) = ag.autograd.grad(loss, x, retain_graph=True)
                np.testing.assert_array_equal(g.numpy(), wanted.numpy())

    assert run_threads(work) == []


def test_observers_that_come_and_go() -> None:
    """Profiles, anomaly blocks and checks begin and end while other threads compute."""
    x = leaf(0.5, 1.5)

    def compute() -> np.ndarray:
        return ag.autograd.grad((ag.sin(x) * ag.exp(x)).sum(), x)[0].numpy()

    wanted = compute()
    blocks = (ag.profile, ag.detect_anomaly, lambda: ag.verify(p=0.2, seed=0))

    def work(i: int) -> None:
        for _ in range(3 if i < 3 else 60):
            if i < 3:
                with blocks[i]():
                    np.testing.assert_array_equal(compute(), wanted)
            else:
                np.testing.assert_array_equal(compute(), wanted)

    assert run_threads(work) == []
    assert not _pile


def test_tasks_between_awaits() -> None:
    """Grad mode, saved-value hooks and passes of tasks that take turns: each has its own."""
    x = leaf(1.0, 2.0)
    packed: dict[int, int] = dict.fromkeys(range(6), 0)

    async def task(i: int) -> None:
        def pack(t: ag.Tensor) -> ag.Tensor:
            packed[i] += 1
            return t

        for _ in range(5):
            with ag.autograd.saved_tensors_hooks(pack, lambda t: t):
                await asyncio.sleep(0)
                y = x * x
                with ag.no_grad():
                    await asyncio.sleep(0)
                    assert not (y * x).requires_grad
                await asyncio.sleep(0)
                loss = (ag.sin(y) * (i + 1)).sum()
            await asyncio.sleep(0)
            loss.backward()

    async def main() -> None:
        await asyncio.gather(*(task(i) for i in range(6)))

    asyncio.run(main())
    assert len(set(packed.values())) == 1 and packed[0] > 0
    (once,) = ag.autograd.grad(ag.sin(x * x).sum(), x)
    np.testing.assert_allclose(x.grad.numpy(), 5 * 21 * once.numpy(), rtol=1e-12)


def test_tasks_in_worker_threads() -> None:
    """``asyncio.to_thread`` carries the mode of the task that calls it."""
    x = leaf(1.0)

    async def main() -> list[bool]:
        with ag.no_grad():
            inside = await asyncio.to_thread(lambda: (x * 2).requires_grad)
        return [inside, await asyncio.to_thread(lambda: (x * 2).requires_grad)]

    assert asyncio.run(main()) == [False, True]
