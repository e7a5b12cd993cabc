"""Checkpoints: how much memory they take, and what a policy keeps."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.op import REGISTRY

grad = ag.autograd.grad
checkpoint = ag.checkpoint


def leaf(values: Any) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, requires_grad=True)


def peak(run: Any) -> float:
    """Return the peak of memory, in arrays of the chain."""
    run()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1] / (8 * N)
    finally:
        tracemalloc.stop()


N = 20_000
LAYERS = 100


def test_the_peak_of_a_chain_falls_from_n_to_its_root() -> None:
    x = leaf(np.linspace(0.0, 1.0, N))

    def chain(segments: int | None) -> Any:
        if segments is None:
            y = x
            for _ in range(LAYERS):
                y = ag.sin(y)
        else:
            y = ag.checkpoint_sequential([ag.sin] * LAYERS, segments, x)
        x.grad = None
        y.sum().backward()

    assert peak(lambda: chain(None)) > LAYERS
    wanted = x.grad.tolist()
    assert peak(lambda: chain(10)) < 2 * LAYERS**0.5 + 6
    assert x.grad.tolist() == wanted


def test_what_is_nested_drops_too() -> None:
    x = leaf(np.linspace(0.0, 1.0, N))

    def halves(y: Any, n: int) -> Any:
        if n <= 2:
            for _ in range(n):
                y = ag.sin(y)
            return y
        return halves(checkpoint(halves, y, n // 2), n - n // 2)

    # The square of the logarithm: worth it from about a thousand layers on.
    assert peak(lambda: halves(x, LAYERS).sum().backward()) < LAYERS / 2


def test_what_a_policy_keeps_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = leaf(np.ones((4, 4))), leaf(np.eye(4) * 0.5)
    row, calls = REGISTRY["matmul"], []
    before = row.forward
    monkeypatch.setattr(row, "forward", lambda *a, **k: (calls.append(1), before(*a, **k))[1])

    def region(y: Any) -> Any:
        for _ in range(3):
            y = ag.tanh(y @ w)
        return y

    def count(policy: Any) -> int:
        calls.clear()
        x.grad = None
        out = checkpoint(region, x, policy=policy)
        forward = len(calls)
        out.sum().backward()
        assert forward == 3
        return len(calls) - forward

    assert count(None) == 3
    wanted = x.grad.tolist()
    assert count(lambda op, nbytes: op == "matmul") == 0
    assert x.grad.tolist() == wanted
    assert count(lambda op, nbytes: op == "matmul" and nbytes > 4 * 4 * 8) == 3
    assert count(10**6) == 0
    assert count(4 * 4 * 8) == 2  # room for one, and products are dearer than tanh
    assert x.grad.tolist() == wanted


def test_a_policy_is_asked_by_name_and_size() -> None:
    x, w = leaf(np.ones((4, 4))), leaf(np.eye(4))
    asked: list[Any] = []
    out = checkpoint(lambda y: ag.exp(y @ w), x, policy=lambda op, nbytes: asked.append((op, nbytes)))
    assert asked == [("matmul", 128), ("exp", 128)]
    out.sum().backward()
    assert len(asked) == 2
