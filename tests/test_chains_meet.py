"""Two chains of formulas that lead to one tensor: they run together, count once each, and hold nobody up."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends import numpy_chains
from anygrad.backends.base import Backend
from anygrad.devices import get_backend
from anygrad.op import REGISTRY
from tests.test_numpy_chains import always

__all__ = ["always"]  # a fixture


@pytest.mark.parametrize("uses", range(1, 7))
def test_chains_that_meet_are_run_together(
    uses: int, always: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at a time, until there is a buffer; each contribution counts once, whatever comes in between."""
    met: list[tuple[int, bool]] = []
    chained = numpy_chains.NumpyChains.chained

    def watched(self: Any, chains: Any, buffer: Any = None) -> Any:
        met.append((len(chains), buffer is not None))
        return chained(self, chains, buffer)

    monkeypatch.setattr(numpy_chains.NumpyChains, "chained", watched)
    x = np.linspace(0.1, 2.0, 40)
    slopes = [lambda x: np.cos(x) * 2, np.exp, lambda x: 2 * x, lambda x: 1 - np.tanh(x) ** 2]
    slopes += [lambda x: -1 / x**2, lambda x: 1 / x]
    functions = [lambda t: ag.sin(t) * 2.0, ag.exp, lambda t: t * t, ag.tanh, lambda t: 1.0 / t, ag.log]
    for _ in range(3):
        met.clear()
        t = ag.tensor(x, requires_grad=True)
        ag.sum(sum(f(t) for f in functions[:uses])).backward()
        expected = sum(slope(x) for slope in slopes[:uses])
        np.testing.assert_allclose(t.grad.numpy(), expected, rtol=1e-13)
        assert met.count((2, False)) == (uses > 1), met
        assert (1, False) not in met or uses == 1, met


def test_a_chain_that_waits_in_vain(always: Backend) -> None:
    """What else leads to the node is no chain, comes to nothing, or comes by another device."""
    x = np.linspace(0.1, 2.0, 40)
    for other, slope in (
        (lambda t: ag.matmul(t, t), 2 * x),
        (lambda t: ag.cumulative_sum(t)[3], np.arange(40) < 4),
        (lambda t: ag.sum(ag.reshape(t, (5, 8)) ** 2), 2 * x),
        (lambda t: t.clone().detach().requires_grad_()[0] * 1.0, 0 * x),
        (lambda t: ag.sum((t.to("array_api_strict") * 3.0).to("cpu")), 3.0 + 0 * x),
        (lambda t: ag.unstack(t)[7] * 3.0, 3.0 * (np.arange(40) == 7)),
    ):
        for turned in (False, True):
            for _ in range(3):
                t = ag.tensor(x, requires_grad=True)
                parts = [lambda t: ag.sum(ag.sin(t) * 2.0), other]
                y = t * 1.0
                sum(f(y) for f in (parts[::-1] if turned else parts)).backward()
                np.testing.assert_allclose(t.grad.numpy(), 2 * np.cos(x) + slope, rtol=1e-13)


def test_what_can_add_into_a_buffer_finds_one(always: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice's gradient goes into what the chain before it gives: no array of x's size is made for it."""
    plan, added = REGISTRY["getitem"].plans[(0,)], []
    into = plan.into
    monkeypatch.setattr(plan, "into", lambda *given: (added.append(given[1]), into(*given)))
    x = np.linspace(0.1, 2.0, 40)
    for _ in range(3):
        added.clear()
        y = ag.tensor(x, requires_grad=True) * 1.0
        (g,) = ag.autograd.grad(ag.sum(y[:4]) + ag.sum(ag.sin(y) * 2.0), y)
        np.testing.assert_allclose(g.numpy(), 2 * np.cos(x) + (np.arange(40) < 4), rtol=1e-13)
        assert len(added) == 1 and added[0] is g.array


@pytest.mark.parametrize("other", ["matmul", "slice", "reduction"])
def test_a_chain_that_waits_holds_nobody_up(other: str) -> None:
    """A node whose other use is no chain goes on when that has reported, and takes what it held with it."""
    n, depth = 1 << 17, 12
    v = ag.tensor(np.linspace(-1.0, 1.0, 64))
    uses = {
        "matmul": lambda h: ag.sum((ag.reshape(h, (-1, 64)) @ v) ** 2) * 1e-6,
        "slice": lambda h: ag.sum(h[:4]),
        "reduction": lambda h: ag.mean(h) ** 2,
    }
    peaks = []
    for chained in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not chained:
                patch.setattr(type(get_backend("cpu")), "chains_from", None)
            for _ in range(3):
                h = x = ag.tensor(np.linspace(0.1, 1.0, n), requires_grad=True)
                loss = ag.asarray(0.0)
                for _ in range(depth):
                    h = h * 1.01
                    loss = loss + uses[other](h) + 1e-3 * ag.sum(ag.sin(h) * 2.0)
                tracemalloc.start()
                loss.backward()
                peaks.append(tracemalloc.get_traced_memory()[1] / (8 * n))
                tracemalloc.stop()
            peaks.append(x.grad.numpy())
    np.testing.assert_allclose(peaks[3], peaks[7], rtol=1e-12)
    assert peaks[2] < peaks[6] + 1.5 < depth / 2, peaks[:3] + peaks[4:7]


def test_chains_wait_towards_wanted_inputs(always: Backend) -> None:
    x = np.linspace(0.1, 2.0, 40)
    for _ in range(3):
        t, u = (ag.tensor(x, requires_grad=True) for _ in range(2))
        y = t * 2.0
        loss = ag.sum(ag.sin(y) * u) + ag.sum(ag.exp(y))
        seen: list[Any] = []
        y.register_hook(lambda g, seen=seen: seen.append(g.numpy(copy=True)))
        gy, gt = ag.autograd.grad(loss, [y, t])
        expected = np.cos(2 * x) * x + np.exp(2 * x)
        np.testing.assert_allclose(gy.numpy(), expected, rtol=1e-13)
        np.testing.assert_allclose(gt.numpy(), 2 * expected, rtol=1e-13)
        assert len(seen) == 1
        np.testing.assert_allclose(seen[0], expected, rtol=1e-13)
        assert t.grad is None and u.grad is None
