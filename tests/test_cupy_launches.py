"""Launches without CuPy's general path: their text compiles for GPUs, and computes what NumPy does."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.fusing import FUNCTIONS, traced
from tests import host_modules, standin

pytestmark = pytest.mark.skipif(not host_modules.available(), reason="there is no C++ compiler")

FLOATS = ("float32", "float64")


class Watched:
    """A stand-in whose kernels run, with a list of those that did."""

    def __init__(self, launches: Any) -> None:
        self.launches, self.seen = launches, []
        self.xp = ag.zeros(1, device="cuda").xp

    def array(self, host: Any) -> Any:
        return self.xp.from_numpy(np.asarray(host))

    def ran(self) -> list[str]:
        """Return the kernels that ran since the last call."""
        found, self.seen[:] = list(self.seen), []
        return found


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    with standin.installed():
        launches = importlib.import_module("anygrad.backends.cupy_launches")
        monkeypatch.setattr(launches, "WIDEST", 1 << 30)
        watched = Watched(launches)
        plain = launches._compiled

        def compiled(text: str, name: str) -> Any:
            kernel = plain(text, name)
            return lambda *arguments: (watched.seen.append(name), kernel(*arguments))

        monkeypatch.setattr(launches, "_compiled", compiled)
        yield watched


def entries(*shape: int, dtype: str = "float64", seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.2, 0.9, shape).astype(dtype)


@pytest.mark.parametrize("name", ["add", "less", "tanh"])
def test_functions_are_numpys(name: str, cuda: Watched) -> None:
    xp, numpys = cuda.xp, FUNCTIONS[name][2]
    for dtypes in (("float32",) * numpys.nin, FLOATS[-numpys.nin :]):
        operands = [entries(3, 4, dtype=dtype, seed=i) for i, dtype in enumerate(dtypes)]
        found = getattr(xp, name)(*map(cuda.array, operands))
        expected = numpys(*operands)
        assert cuda.ran() == [f"anygrad_{name}"]
        assert found.dtype == expected.dtype and found.shape == expected.shape
        np.testing.assert_allclose(xp.to_numpy(found), expected, rtol=1e-6 if "float32" in dtypes else 1e-14)


def test_every_function_of_the_table_has_a_launch(cuda: Watched) -> None:
    own = {name for name in FUNCTIONS if "function_of" in getattr(cuda.xp, name).__qualname__}
    assert FUNCTIONS.keys() - own == {name for name in FUNCTIONS if name.startswith("logical")}


@pytest.mark.parametrize(
    ("x", "y", "direct"),
    [
        ((3, 4), (4,), True),
        ((4,), (3, 4), True),
        ((2, 3, 4), (3, 4), True),
        ((3, 4), (), True),
        ((), (3, 4), True),
        ((), (), True),
        ((3, 4), (1, 4), False),
        ((3, 4), (3, 1), False),
        ((3, 1), (1, 4), False),
        ((0, 4), (4,), False),
        ((1,), (1, 1), True),
        ((257,), (257,), True),
        ((3, 4), (1, 1, 1), False),
    ],
    ids=str,
)
def test_shapes(x: tuple[int, ...], y: tuple[int, ...], direct: bool, cuda: Watched) -> None:
    a, b = entries(*x), entries(*y, seed=1)
    found = cuda.xp.subtract(cuda.array(a), cuda.array(b))
    assert found.shape == (a - b).shape and cuda.ran() == ["anygrad_subtract"] * direct
    np.testing.assert_array_equal(cuda.xp.to_numpy(found), a - b)


@pytest.mark.parametrize("number", [2, -0.5, float("inf")])
def test_numbers_widen_nothing(number: float, cuda: Watched) -> None:
    for dtype in FLOATS:
        a = entries(5, dtype=dtype)
        for found, expected in (
            (cuda.xp.divide(cuda.array(a), number), a / float(number)),
            (cuda.xp.divide(number, cuda.array(a)), float(number) / a),
        ):
            assert found.dtype == dtype
            np.testing.assert_array_equal(cuda.xp.to_numpy(found), expected)
    assert cuda.ran() == ["anygrad_divide"] * 4


def test_other_operands_go_cupys_way(cuda: Watched) -> None:
    a, xp = entries(4, 6), cuda.xp
    turned, stepped = cuda.array(a).T, cuda.array(a)[:, ::2]
    for x in (turned, stepped, cuda.array(a.astype(complex)), cuda.array(np.arange(4)), cuda.array(a > 0.5)):
        np.testing.assert_array_equal(xp.to_numpy(xp.multiply(x, x)), xp.to_numpy(x) * xp.to_numpy(x))
        assert not cuda.ran()
    assert xp.add(cuda.array(a), True).shape == (4, 6) and not cuda.ran()
    with pytest.raises(OverflowError):  # From which the caller knows to make it a float.
        xp.add(cuda.array(a), 2**70)


def test_a_chain_is_one_launch(cuda: Watched) -> None:
    x = ag.tensor(entries(8, 5), device="cuda", requires_grad=True)
    for _ in range(2):  # A chain is fused when it comes again.
        x.grad = None
        y = ag.tanh(ag.exp(x * 0.5))
        cuda.ran()
        y.backward(ag.ones_like(y))
    assert cuda.ran() == ["anygrad_backward"]
    host = x.cpu().detach().requires_grad_()
    ag.tanh(ag.exp(host * 0.5)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(copy=True), host.grad.numpy(), rtol=1e-14)


def test_chains_that_meet_are_one_launch(cuda: Watched) -> None:
    x = ag.tensor(entries(8, 5), device="cuda", requires_grad=True)
    b = ag.tensor(entries(5, seed=1), device="cuda")

    def loss(x: ag.Tensor, b: ag.Tensor) -> ag.Tensor:
        return ag.tanh(ag.exp(x * 0.5)) * (ag.sin(x) + b)

    for _ in range(3):  # What comes again is fused: first each of two chains, if it is long, then both.
        x.grad = None
        y = loss(x, b)
        cuda.ran()
        y.backward(ag.ones_like(y))
    assert cuda.ran() == ["anygrad_backward"]
    host = x.cpu().detach().requires_grad_()
    loss(host, b.cpu()).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(copy=True), host.grad.numpy(), rtol=1e-14)


def test_longer_chains_that_meet(cuda: Watched) -> None:
    """Each in several kernels, of which the last two are one."""
    x = ag.tensor(entries(8), device="cuda", requires_grad=True)

    def loss(x: ag.Tensor) -> ag.Tensor:
        y = z = x
        for _ in range(15):
            y, z = ag.sin(y), ag.tanh(z)
        return y * z

    for _ in range(3):
        x.grad = None
        y = loss(x)
        cuda.ran()
        y.backward(ag.ones_like(y))
    assert cuda.ran() == ["anygrad_backward"] * 3
    host = x.cpu().detach().requires_grad_()
    loss(host).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(copy=True), host.grad.numpy(), rtol=1e-13)


def test_a_formula_that_returns_what_it_was_given(cuda: Watched) -> None:
    """What it returns is nobody's to write into: not a leaf, not the gradient that went another way too."""
    kept = entries(8, seed=3)
    on = {device: ag.asarray(kept, device=device).array for device in ("cpu", "cuda")}
    through = ag.primitive(lambda xp, x: xp.sign(x), elementwise=True, dx=lambda xp, g: g)
    saved = ag.primitive(lambda xp, x: x * x, elementwise=True, dx=lambda g, x: x)
    constant = ag.primitive(
        lambda xp, x: x * 3.0,
        elementwise=True,
        dx=lambda xp, g: on["cuda" if xp.device is cuda.xp.device else "cpu"],
    )
    for function in (through, saved, constant, lambda z: z**1.0):
        found = []
        for device in ("cpu", "cuda"):
            dtype = "complex128" if function not in (through, saved, constant) else "float64"
            h, w = (ag.tensor(entries(8, seed=i).astype(dtype), device=device) for i in range(2))
            before = h.numpy(copy=True)
            for _ in range(3):
                h, w = h.detach().requires_grad_(), w.detach().requires_grad_()
                n = function(h) + w
                loss = ag.sum(ag.real(ag.exp(h))) + ag.sum(ag.real(n * ag.conj(n)))
                (loss + ag.sum(ag.real(function(w) * function(h)))).backward()
            np.testing.assert_array_equal(h.detach().numpy(), before)
            found.append((h.grad.numpy(), w.grad.numpy()))
        np.testing.assert_allclose(found[1], found[0], rtol=1e-12)
    np.testing.assert_array_equal(cuda.xp.to_numpy(on["cuda"]), kept)


def test_chains_in_half_precision_meet(cuda: Watched) -> None:
    x = ag.tensor(entries(8).astype("float16"), device="cuda", requires_grad=True)
    for _ in range(3):
        x.grad = None
        ag.sum(ag.tanh(x) * ag.sin(x)).backward()
    expected = np.asarray(entries(8), "float64")
    expected = (1 - np.tanh(expected) ** 2) * np.sin(expected) + np.tanh(expected) * np.cos(expected)
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=5e-3, atol=1e-3)


REDUCED = {
    "max": ag.max,
    "min": ag.min,
    "var": lambda x, **keywords: ag.var(x, correction=1, **keywords),
    "std": ag.std,
    "vector_norm": ag.linalg.vector_norm,
    "logsumexp": ag.logsumexp,
}
"""Reductions whose gradients are made of few kernels (``rules.fused``); launches.json says how many."""


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *((name, "float32") for name in REDUCED),
        *(("var", dtype) for dtype in ("float16", "float64", "complex128")),
        *((name, "complex128") for name in ("std", "vector_norm")),
    ],
)
def test_gradients_of_reductions(name: str, dtype: str, cuda: Watched) -> None:
    """With ties, zeros, no entries but one, and to second order where there is one."""
    function = REDUCED[name]
    host = entries(4, 6).astype(dtype) * np.asarray(1 + 0.5j if dtype == "complex128" else 1, dtype)
    host[1], host[:, 2], host[2, 3:] = 0, host[:, 1], host[2, 0]
    loose = 2e-2 if dtype == "float16" else 1e-5
    for keywords in ({}, {"axis": 1}, {"axis": 0, "keepdims": True}, {"axis": (0, 1)}):
        found: list[list[np.ndarray]] = []
        for device in ("cpu", "cuda"):
            x = ag.tensor(host, device=device, requires_grad=True)
            y = function(x, **keywords)
            for _ in range(2):
                (g,) = ag.autograd.grad(y, x, ag.ones_like(y), retain_graph=True)
            found.append([y.detach().numpy(copy=True), g.numpy(copy=True)])
            if dtype != "float16" and name in ("var", "logsumexp"):
                (g,) = ag.autograd.grad(y, x, ag.ones_like(y), create_graph=True)
                found[-1].append(ag.autograd.grad(ag.sum(ag.real(g * g)), x)[0].numpy(copy=True))
        for on_cuda, on_cpu in zip(found[1], found[0], strict=True):
            assert on_cuda.dtype == on_cpu.dtype
            np.testing.assert_allclose(on_cuda, on_cpu, rtol=loose, atol=loose)


# ---------------------------------------------------------------- products


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("m", [1, 5])
def test_products(n: int, k: int, m: int, dtype: str, cuda: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    gemm = {"float32": "sgemm", "float64": "dgemm"}[dtype]
    cublas = cuda.launches.cupy.cuda.cublas
    plain = getattr(cublas, gemm)
    monkeypatch.setattr(cublas, gemm, lambda *a: (seen.append(gemm), plain(*a)))
    a, b = entries(n, k, dtype=dtype), entries(k, m, dtype=dtype, seed=1)
    turned = cuda.array(a.T.copy()).T, cuda.array(b.T.copy()).T
    for x, y in itertools.product((cuda.array(a), turned[0]), (cuda.array(b), turned[1])):
        found = cuda.xp.matmul(x, y)
        assert found.shape == (n, m) and found.dtype == dtype
        np.testing.assert_allclose(cuda.xp.to_numpy(found), a @ b, rtol=1e-6)
    assert len(seen) == 4


def test_other_products_go_cupys_way(cuda: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any) -> None:
        raise AssertionError(arguments)

    for gemm in ("sgemm", "dgemm"):
        monkeypatch.setattr(cuda.launches.cupy.cuda.cublas, gemm, refused)
    for x, y in [
        (entries(2, 3, 4), entries(4, 5)),
        (entries(3, 4), entries(4)),
        (entries(3, 4), entries(4, 5, dtype="float32")),
        (entries(3, 4).astype(complex), entries(4, 5).astype(complex)),
        (entries(0, 4), entries(4, 5)),
        (entries(3, 0), entries(0, 5)),
        (np.ones((2, 2), int), np.ones((2, 2), int)),
    ]:
        found = cuda.xp.to_numpy(cuda.xp.matmul(cuda.array(x), cuda.array(y)))
        np.testing.assert_allclose(found, x @ y, rtol=1e-6)
    stepped = cuda.array(entries(6, 8))[::2, ::2]
    np.testing.assert_allclose(
        cuda.xp.to_numpy(cuda.xp.matmul(stepped, cuda.array(entries(4, 2)))),
        cuda.xp.to_numpy(stepped) @ entries(4, 2),
    )
    with pytest.raises(ValueError):
        cuda.xp.matmul(cuda.array(entries(3, 4)), cuda.array(entries(3, 4)))


def test_asked_to_round_cupy_does(cuda: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda.launches, "ROUNDED", True)
    monkeypatch.setattr(cuda.launches, "_product", None)
    assert cuda.xp.matmul(cuda.array(entries(2, 3)), cuda.array(entries(3, 2))).shape == (2, 2)


# ---------------------------------------------------------------- updates


@pytest.mark.parametrize("dtype", FLOATS)
def test_updates(dtype: str, cuda: Watched) -> None:
    for name, sign in (("add", 1), ("subtract", -1)):
        a, b = entries(300, dtype=dtype), entries(300, dtype=dtype, seed=1)
        x = cuda.array(a)
        assert cuda.launches.updated(name, x, cuda.array(b), 0.25)
        np.testing.assert_allclose(cuda.xp.to_numpy(x), a + sign * 0.25 * b, rtol=1e-6)
        assert cuda.launches.updated(name, x, x, 1) and cuda.ran() == ["add_multiple"] * 2
        np.testing.assert_allclose(
            cuda.xp.to_numpy(x), 0 if sign < 0 else 2 * (a + 0.25 * b), rtol=1e-6, atol=0
        )


def test_updates_that_are_not_made(cuda: Watched) -> None:
    x = cuda.array(entries(4, 4))
    before = cuda.xp.to_numpy(x)
    others = (x[:2], x.T, x[:, ::-1], cuda.array(entries(4, 4, dtype="float32")), cuda.array(entries(4)), 2.0)
    for other in others:
        assert not cuda.launches.updated("add", x, other, 1.0)
    assert not cuda.launches.updated("add", x, cuda.array(entries(4, 4)), 1j)
    assert not cuda.launches.updated("add", x[:2], x[2:], 1.0) and not cuda.ran()
    np.testing.assert_array_equal(cuda.xp.to_numpy(x), before)


# ---------------------------------------------------------------- for a GPU


@pytest.mark.parametrize("layout", ["aa", "ar", "an", "na"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_text_compiles_for_gpus(dtype: str, layout: str) -> None:
    pytest.importorskip("cupy", exc_type=ImportError)
    launches = importlib.import_module("anygrad.backends.cupy_launches")
    given = [0.5 if kind == "n" else np.empty(0, dtype) for kind in layout]
    program = traced([(given[0], [(lambda xp, x, rest: xp.maximum(x, xp.tanh(*rest)), given[1:])])])
    update = launches.UPDATE.format(
        T=dtype.replace("32", "").replace("float64", "double"), THREADS=256, sign="-"
    )
    host_modules.compile_for_gpus(launches.source(program, layout, "maximum_of_tanh") + update)
