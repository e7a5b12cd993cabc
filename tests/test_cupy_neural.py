"""The kernels of softmax and losses: their text compiles for GPUs, and computes what the defaults do."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.neural import NeuralExtras
from tests import host_modules, standin
from tests.targets import Target

on_gpu = pytest.mark.targets("cupy")
needs_compiler = pytest.mark.skipif(not host_modules.available(), reason="there is no C++ compiler")

SIZES = [(1, 1), (64, 10), (5, 33), (300, 3), (2, 2500)]
LARGE = [(3000, 70), (9, 40_000), (70_000, 3)]
LOOSE = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-13}


class Plain(NeuralExtras):
    """The defaults, over NumPy."""

    def __getattr__(self, name: str) -> Any:
        return getattr(ag.zeros(1).xp, name)


class Kernels:
    """The extras of CuPy's backend, on NumPy's arrays."""

    def __init__(self, device: str) -> None:
        self.xp = ag.zeros(1, device=device).xp

    def __getattr__(self, name: str) -> Any:
        def function(*arguments: Any) -> Any:
            xp = self.xp
            given = (xp.from_numpy(np.asarray(a)) if hasattr(a, "dtype") else a for a in arguments)
            out = getattr(xp, name)(*given)
            return tuple(map(xp.to_numpy, out)) if isinstance(out, tuple) else xp.to_numpy(out)

        return function


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernels]:
    """The kernels on the host; a loss is small up to fewer entries."""
    with standin.installed():
        found = Kernels("cuda")
        monkeypatch.setattr("anygrad.backends.cupy_neural.SMALL", 700)
        monkeypatch.setattr("anygrad.backends.cupy_neural.FEW", 1 << 16)
        yield found


def close(found: Any, expected: Any, dtype: str) -> None:
    """Compare numbers that were computed in another order; the dtype is the input's."""
    assert found.dtype == dtype and found.shape == expected.shape
    found, scale = found.astype(np.float64), np.maximum(np.abs(expected), 1)
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=10 * LOOSE[dtype])


def check(size: tuple[int, int], dtype: str, kernels: Kernels) -> None:
    """Compare every kernel with the default in double precision."""
    rng = np.random.default_rng(0)
    (n, count), plain = size, Plain()
    x, y = rng.normal(size=(2, *size)).astype(dtype)
    x[0] *= 50
    wide, seed = x.astype(np.float64), y.astype(np.float64)
    labels = rng.integers(0, count, n)
    labels[1::3] = -7
    p, logs = kernels.softmax(x, (1,)), kernels.log_softmax(x, (1,))
    close(p, plain.softmax(wide, (1,)), dtype)
    close(logs, plain.log_softmax(wide, (1,)), dtype)
    close(kernels.softmax_dx(y, p, (1,)), plain.softmax_dx(seed, p.astype(np.float64), (1,)), dtype)
    close(
        kernels.log_softmax_dx(y, logs, (1,)),
        plain.log_softmax_dx(seed, logs.astype(np.float64), (1,)),
        dtype,
    )
    close(kernels.sigmoid(x), plain.sigmoid(wide), dtype)
    for reduction in ("mean", "sum", "none"):
        loss, slope = kernels.label_loss(x, labels, -7, reduction)
        expected = plain.label_loss(wide, labels, -7, reduction)
        if np.abs(expected[0]).max() < 60_000 or dtype != "float16":
            close(loss, expected[0], dtype)
        close(slope, expected[1], dtype)
        g = y[:, 0] if reduction == "none" else y[0, 0]
        found = kernels.label_loss_dx(g, slope)
        close(found, plain.label_loss_dx(np.asarray(g, np.float64), slope.astype(np.float64)), dtype)


@needs_compiler
@pytest.mark.parametrize("dtype", LOOSE)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_numbers_on_the_host(size: tuple[int, int], dtype: str, kernels: Kernels) -> None:
    check(size, dtype, kernels)


@on_gpu
@pytest.mark.parametrize("dtype", LOOSE)
@pytest.mark.parametrize("size", SIZES + LARGE, ids=str)
def test_numbers(size: tuple[int, int], dtype: str, target: Target) -> None:
    check(size, dtype, Kernels(target.device))


def corners(kernels: Kernels) -> None:
    """Check axes, memory orders, empty arrays, integers, labels of no class, and what is not finite."""
    x, plain, inf = np.random.default_rng(0).normal(size=(3, 4, 5)), Plain(), np.inf
    for axis in ((0,), (1,), (2,), (0, 2), (0, 1, 2)):
        for given in (x, x.transpose(2, 0, 1), x[:, ::2]):
            close(kernels.softmax(given, axis), plain.softmax(given, axis), "float64")
            expected = plain.log_softmax_dx(given, given, axis)
            close(kernels.log_softmax_dx(given, given, axis), expected, "float64")
    assert kernels.softmax(np.ones((0, 3)), (1,)).shape == (0, 3)
    assert kernels.softmax(np.arange(6).reshape(2, 3), (1,)).dtype == np.float64
    assert kernels.sigmoid(np.asarray(0.0)) == 0.5
    np.testing.assert_array_equal(kernels.sigmoid(np.array([-800.0, 800, -inf, inf])), [0, 1, 0, 1])
    rows = np.zeros((6, 3))
    rows[:3] = [-inf, 0, 0], [1e4, 0, -1e4], [np.nan, 0, 0]
    labels = np.array([1, 0, 0, 3, -1, -100])
    loss, slope = kernels.label_loss(rows, labels, -100, "none")
    np.testing.assert_allclose(loss, [np.log(2), 0, np.nan, np.nan, np.nan, 0])
    np.testing.assert_array_equal(slope[:2], [[0, -0.5, 0.5], [0, 0, 0]])
    np.testing.assert_array_equal(slope[5], [0, 0, 0])
    np.testing.assert_array_equal(kernels.label_loss_dx(np.full(6, 2.0), slope)[:2], 2 * slope[:2])
    assert np.isnan(kernels.label_loss(rows[3:4], np.array([-100]), -100, "mean")[0])


@needs_compiler
def test_corners_on_the_host(kernels: Kernels) -> None:
    corners(kernels)


@on_gpu
def test_corners(target: Target) -> None:
    corners(Kernels(target.device))


@needs_compiler
def test_a_step_on_the_host() -> None:
    """The same network gives the same gradients, through the backend as it is opened."""
    rng = np.random.default_rng(0)
    x, w, labels = rng.normal(size=(8, 5)), rng.normal(size=(5, 4)), rng.integers(0, 4, 8)

    def step(device: str) -> list[Any]:
        a, v = ag.tensor(x, device=device), ag.tensor(w, device=device, requires_grad=True)
        z = ag.relu(a @ v)
        loss = ag.cross_entropy(z, ag.tensor(labels, device=device)) + ag.mean(
            ag.log_softmax(z) * ag.sigmoid(z)
        )
        (first,) = ag.autograd.grad(loss, v, create_graph=True)
        ag.sum(first * first).backward()
        return [t.detach().cpu().numpy() for t in (loss, first, v.grad)]

    expected = step("cpu")
    for count in (1, 2):
        with standin.installed(count):
            for found, want in zip(step(f"cuda:{count - 1}"), expected, strict=True):
                np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-14)


@needs_compiler
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis", "few"),
    [
        ((64, 10), (0,), True),
        ((64, 10), 0, True),
        ((64, 10), (1,), True),
        ((64, 10), -1, True),
        ((64, 10), None, True),
        ((64, 10), (0, 1), True),
        ((3, 4, 70), (0, 1), True),
        ((3, 4, 70), (1, 2), True),
        ((3, 4, 70), (1,), False),
        ((3, 4, 70), (0, 2), False),
        ((), None, True),
        ((5,), (0,), True),
        ((1, 300), (0,), True),
        ((0, 3), (0,), False),
        ((70_000, 1), (0,), False),
    ],
    ids=str,
)
def test_sums(shape: Any, axis: Any, few: bool, keepdims: bool, kernels: Kernels) -> None:
    module = importlib.import_module("anygrad.backends.cupy_neural")
    for dtype in ("float32", "float64"):
        x = np.random.default_rng(0).normal(size=shape).astype(dtype)
        array = kernels.xp.from_numpy(x)
        assert (module.summed(array, axis, keepdims) is not None) == few
        found = kernels.xp.sum(array, axis=axis, keepdims=keepdims)
        close(kernels.xp.to_numpy(found), x.astype(np.float64).sum(axis=axis, keepdims=keepdims), dtype)
    assert module.summed(kernels.xp.from_numpy(np.ones((4, 3))).T, (0,), False) is None
    assert module.summed(kernels.xp.from_numpy(np.ones(4, int)), None, False) is None


@pytest.mark.parametrize("dtype", LOOSE)
def test_the_text_compiles_for_gpus(dtype: str) -> None:
    """NVRTC needs no GPU: it comes with CuPy's CUDA packages."""
    pytest.importorskip("cupy", exc_type=ImportError)
    text = importlib.import_module("anygrad.backends.cupy_neural").source(np.dtype(dtype))
    if dtype == "float16" and not any((f / "cuda_fp16.h").exists() for f in host_modules.includes()):
        pytest.skip("cuda_fp16.h is not where pip puts it: on a GPU the other tests compile this text")
    host_modules.compile_for_gpus(text)
