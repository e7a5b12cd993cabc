"""CUDA on a real GPU, with ``--device cuda`` alone: streams, copies, memory, read-backs."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import OutOfMemoryError
from tests.test_cupy_waits import unsynchronized

pytestmark = pytest.mark.targets("cupy")


def network(device: str) -> tuple[list[Any], Callable[[], Any]]:
    """Return the leaves of a small network, and one step of training, which gives the loss."""
    random = np.random.default_rng(0)
    shapes = ((8, 16), (16,), (16, 16), (16,), (16, 4))
    leaves = [ag.tensor(random.normal(size=s) / 4, device=device, requires_grad=True) for s in shapes]
    data = ag.asarray(random.normal(size=(32, 8)), device=device)
    labels = ag.asarray(random.integers(0, 4, 32), device=device)
    rows = ag.arange(32, device=device)

    def step() -> Any:
        w1, b1, w2, b2, w3 = leaves
        hidden = ag.maximum(ag.matmul(ag.tanh(ag.matmul(data, w1) + b1), w2) + b2, 0.0)
        scores = ag.matmul(hidden, w3)
        scores = scores - ag.max(scores, axis=1, keepdims=True)
        log_p = scores - ag.log(ag.exp(scores).sum(axis=1, keepdims=True))
        loss = -log_p[rows, labels].mean()
        loss.backward()
        with ag.no_grad():
            for p in leaves:
                p -= 0.05 * p.grad
                p.grad = None
        return loss.detach()

    return leaves, step


def test_ten_thousand_steps_hold_their_memory(device: str) -> None:
    _, step = network(device)
    for _ in range(100):
        loss = step()
    gc.collect()
    gc.disable()
    try:
        used, held = ag.cuda.memory_allocated(device), ag.cuda.memory_reserved(device)
        for _ in range(10_000):
            last = step()
    finally:
        gc.enable()
    assert last.item() < loss.item()
    assert ag.cuda.memory_allocated(device) <= used + 2048  # a loss more, in blocks of 512
    assert ag.cuda.memory_reserved(device) == held
    assert gc.collect() < 100


def test_a_step_copies_nothing_to_the_host(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = importlib.import_module("cupy")
    _, step = network(device)
    step().item()

    def trap(*arguments: Any, **keywords: Any) -> Any:
        raise AssertionError("a number was asked back from the device")

    with monkeypatch.context() as patch:
        patch.setattr(cupy, "asnumpy", trap)
        for name in ("get", "item", "tolist", "__bool__", "__int__", "__float__", "__complex__", "__index__"):
            patch.setattr(cupy.ndarray, name, trap, raising=False)
        with pytest.raises(AssertionError, match="asked back"):
            step().item()
        with unsynchronized():  # what these traps do not see CuPy itself tells
            for _ in range(3):
                loss = step()
    assert np.isfinite(loss.item())


def test_another_stream_gives_the_same_numbers(device: str) -> None:
    plain, step = network(device)
    for _ in range(20):
        want = step().item()
    for non_blocking in (False, True):
        busy = ag.ones((4000, 4000), device=device, dtype=ag.float32)
        ag.cuda.synchronize(device)
        for _ in range(10):
            busy = ag.matmul(busy, busy) * 1e-3  # keeps the default stream at work
        with ag.cuda.Stream(device, non_blocking=non_blocking) as stream:
            leaves, step = network(device)
            for _ in range(20):
                found = step()
        assert ag.cuda.current_stream(device) != stream
        stream.synchronize()
        np.testing.assert_allclose(found.item(), want, rtol=1e-9)
        for p, q in zip(leaves, plain, strict=True):
            np.testing.assert_allclose(
                p.detach().cpu().numpy(), q.detach().cpu().numpy(), rtol=1e-7, atol=1e-9
            )


def test_streams_pass_work_on(device: str) -> None:
    first, second = (ag.cuda.Stream(device, non_blocking=True) for _ in range(2))
    for i in range(10):
        with first:
            x = ag.full((2000, 2000), 1.0, dtype=ag.float32, device=device, requires_grad=True)
            y = ag.matmul(x, x) * i
        second.wait_stream(first)
        with second:
            y.sum().backward()
        second.synchronize()
        assert (x.grad == 4000 * i).all().item()


def test_host_arrays_may_change_at_once(device: str) -> None:
    cupyx = importlib.import_module("cupyx")
    for make in (np.empty, cupyx.empty_pinned):
        for dtype, size in ((np.float32, 3_000_000), (np.int64, 7), (np.complex128, 100_000)):
            host = make(size, dtype)
            busy = ag.ones((3000, 3000), device=device, dtype=ag.float32)
            for i in range(5):
                busy = ag.matmul(busy, busy) * 1e-3
                host[...] = i
                copies = [
                    ag.asarray(host, device=device),
                    ag.tensor(host, device=device),
                    ag.asarray(host).to(device),
                ]
                host[...] = 99
                for copy in copies:
                    assert (copy == i).all().item(), (make, dtype, i)


def test_no_room_on_the_card(device: str) -> None:
    n = 10 * ag.zeros(1, device=device).xp.memory()["free"] // 8
    x = ag.ones((1000, 1000), device=device, requires_grad=True)
    loss = (ag.exp(x) * x).sum()
    wide = ag.broadcast_to(x[0, 0], (n,))
    few = wide[:5].sum()
    says = r" cuda:0 has no room for .* [GT]iB: on cuda:0 arrays hold .* MiB, .*leaves 7\.\d\d MiB"
    for op, run in {
        "zeros": lambda: ag.zeros(n, device=device),
        "exp": lambda: ag.exp(wide),
        "backward": few.backward,
        "grad": lambda: ag.autograd.grad(few, x),
    }.items():
        with pytest.raises(OutOfMemoryError, match=rf"^\[{op}\]{says}"):
            run()
        assert ag.cuda.memory_reserved(device) < 100 << 20
    assert x.grad is None
    loss.backward()
    np.testing.assert_allclose(x.grad.cpu().numpy(), 2 * np.e, rtol=1e-12)
    assert ag.ones(1000, device=device).sum().item() == 1000


def test_what_a_gpu_answers(device: str) -> None:
    assert ag.cuda.is_available() and ag.cuda.device_count() >= 1 and ag.cuda.get_device_name(device)
    before = ag.cuda.memory_allocated(device)
    x = ag.zeros(1 << 20, device=device)
    assert ag.cuda.memory_allocated(device) == before + x.nbytes
    assert x.nbytes <= ag.cuda.memory_allocated(device) <= ag.cuda.memory_reserved(device)
    table = ag.cuda.memory_summary(device)
    assert ag.cuda.get_device_name(device) in table and "tensors without a graph" in table
    del x
    ag.cuda.empty_cache()
    assert ag.cuda.memory_allocated(device) == before
