"""``random``: whose numbers they are, that states go out and in, and gradients to parameters."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.implicit import implicit_gamma
from anygrad.random import Generator
from anygrad.testing import gradcheck

DRAWS: dict[str, Callable[..., ag.Tensor]] = {
    "normal": lambda **k: ag.random.normal(shape=(4, 3), **k),
    "uniform": lambda **k: ag.random.uniform(shape=(4, 3), **k),
    "exponential": lambda **k: ag.random.exponential(shape=(4, 3), **k),
    "gumbel": lambda **k: ag.random.gumbel(shape=(4, 3), **k),
    "gamma": lambda **k: ag.random.gamma(2.5, shape=(4, 3), **k),
    "bernoulli": lambda **k: ag.random.bernoulli(shape=(4, 3), **k),
    "randint": lambda **k: ag.random.randint(-5, 1000, (4, 3), **k),
    "permutation": lambda **k: ag.random.permutation(12, **k).reshape((4, 3)),
}
every = pytest.mark.parametrize("name", DRAWS)


def host(x: ag.Tensor) -> np.ndarray:
    return x.detach().cpu().numpy()


# ---------------------------------------------------------------- whose numbers


def test_numbers_are_numpys() -> None:
    """On the host a seed gives what NumPy's generator gives for it."""
    for draw, wanted in (
        (lambda g: ag.random.uniform(shape=5, generator=g), lambda r: r.random(5)),
        (lambda g: ag.random.normal(2, 3, 5, generator=g), lambda r: 2 + 3 * r.standard_normal(5)),
        (lambda g: ag.random.exponential(shape=5, generator=g), lambda r: r.standard_exponential(5)),
        (lambda g: ag.random.gamma(0.7, shape=5, generator=g), lambda r: r.standard_gamma(0.7, 5)),
        (lambda g: ag.random.randint(3, 9, 5, generator=g), lambda r: r.integers(3, 9, 5)),
        (lambda g: ag.random.permutation(9, generator=g), lambda r: r.permutation(9)),
        (
            lambda g: ag.random.normal(shape=5, dtype=ag.float32, generator=g),
            lambda r: r.standard_normal(5, np.float32),
        ),
    ):
        found, expected = draw(Generator(2**70)), wanted(np.random.default_rng(2**70))
        np.testing.assert_array_equal(found.numpy(), expected)
        assert found.dtype == expected.dtype


@every
def test_seeds(name: str, device: str) -> None:
    """A seed gives the same numbers again; what follows, and another seed, others."""
    draw = DRAWS[name]
    ag.random.seed(7)
    first, second = host(draw(device=device)), host(draw(device=device))
    assert not np.array_equal(first, second)
    ag.random.seed(7)
    np.testing.assert_array_equal(host(draw(device=device)), first)
    ag.random.seed(8, device=device)
    assert not np.array_equal(host(draw(device=device)), first)
    one, other = (Generator(7, device=device) for _ in range(2))
    np.testing.assert_array_equal(host(draw(generator=one)), host(draw(generator=other)))
    np.testing.assert_array_equal(host(draw(generator=one.seed(7))), first)
    fresh = [host(ag.random.uniform(shape=20, generator=Generator(device=device))) for _ in range(2)]
    assert not np.array_equal(*fresh)
    out = draw(generator=other)
    assert out.device == device and not out.requires_grad and type(out.array) is out.xp.array_type


@every
def test_states(name: str, device: str, tmp_path: Path) -> None:
    """A state goes out and in, also by a file; what is drawn meanwhile changes nothing."""
    pytest.importorskip("safetensors")
    draw = DRAWS[name]
    draw(device=device)
    state = ag.random.get_state(device)
    ag.save(tmp_path / "state", state)
    first = host(draw(device=device))
    again = ag.load(tmp_path / "state")
    for found in (state, again, state):
        draw(device=device)
        ag.random.set_state(found)
        np.testing.assert_array_equal(host(draw(device=device)), first)
    other = Generator(3, device=device)
    other.set_state(state)
    np.testing.assert_array_equal(host(draw(generator=other)), first)


def test_seeds_reach_devices_that_are_used_later() -> None:
    code = (
        "import anygrad as ag; ag.random.seed(5); a = ag.random.normal(shape=3)\n"
        "b = ag.random.normal(shape=3, device='array_api_strict'); print(a.tolist() == b.tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@every
def test_checkpoints_draw_the_same(name: str, device: str) -> None:
    """What is computed again in backward draws what it drew, from default generators and others."""
    g = Generator(1, device=device)
    x = ag.full((4, 3), 0.5, device=device, requires_grad=True)
    for keywords in ({"device": device}, {"generator": g}):
        drawn = []

        def region(x: ag.Tensor, keywords: Any = keywords, drawn: Any = drawn) -> ag.Tensor:
            noise = DRAWS[name](**keywords)
            drawn.append(host(noise))
            return ag.sin(x * noise.astype(x.dtype)) * x

        y = ag.checkpoint(region, x)
        DRAWS[name](**keywords)
        after = ag.random.get_state(device)
        ag.autograd.grad(y.sum(), x)
        assert len(drawn) == 2
        np.testing.assert_array_equal(*drawn)
        ag.random.set_state(after)


# ---------------------------------------------------------------- distributions


def test_moments(device: str) -> None:
    """Means and variances are those of the distributions, to five standard errors."""
    ag.random.seed(0)
    n = 40_000
    euler = 0.5772156649015329
    for x, mean, variance in (
        (ag.random.normal(1.0, 2.0, n, device=device), 1, 4),
        (ag.random.uniform(-1.0, 3.0, n, device=device), 1, 16 / 12),
        (ag.random.exponential(2.0, n, device=device), 2, 4),
        (ag.random.gumbel(1.0, 2.0, n, device=device), 1 + 2 * euler, 4 * np.pi**2 / 6),
        (ag.random.gamma(0.3, 2.0, n, device=device), 0.6, 1.2),
        (ag.random.gamma(30.0, 0.5, n, device=device), 15, 7.5),
        (ag.random.bernoulli(0.2, n, device=device), 0.2, 0.16),
        (ag.random.randint(1, 7, n, device=device), 3.5, 35 / 12),
        (ag.random.permutation(n, device=device), (n - 1) / 2, (n**2 - 1) / 12),
    ):
        a = host(x).astype(float)
        assert abs(a.mean() - mean) < 5 * np.sqrt(variance / n)
        assert abs(a.var() - variance) < 0.15 * variance
    z = host(ag.random.normal(shape=n, dtype=ag.complex128, device=device))
    assert abs(z.real.var() - 0.5) < 0.03 and abs((z**2).mean()) < 0.03
    assert sorted(host(ag.random.permutation(50, device=device))) == list(range(50))
    faces = host(ag.random.randint(6, shape=n, device=device))
    assert set(faces) == set(range(6))


def test_dtypes(make: Any, backend: Any) -> None:
    for name in ("float16", "float32", "float64"):
        if np.dtype(name) not in backend.natives:
            continue
        for draw in list(DRAWS)[:5]:
            assert DRAWS[draw](dtype=name, device=backend.name).dtype == name
        scale = make(np.ones(2, name))
        assert ag.random.normal(0.0, scale).dtype == name
        assert ag.random.gamma(scale).dtype == name
    wide = make(np.ones(2))
    assert ag.random.normal(make(np.ones(2, np.float32)), wide).dtype == np.float64
    assert ag.random.normal(wide, dtype=ag.float32).dtype == np.float32
    assert ag.random.normal(make(np.array([1, 2])), 1).dtype == np.float64
    assert ag.random.normal(shape=2, dtype=ag.complex64, device=backend.name).dtype == np.complex64
    assert ag.random.bernoulli(wide * 0.5).dtype == bool
    assert ag.random.bernoulli(0.5, 2, dtype=ag.float32, device=backend.name).dtype == np.float32
    assert ag.random.randint(9, shape=2, dtype=ag.uint8, device=backend.name).dtype == np.uint8
    ag.set_default_dtype(np.float32)
    assert ag.random.uniform(device=backend.name).dtype == np.float32
    ag.set_default_dtype(np.float64)


def test_shapes(make: Any, device: str) -> None:
    loc, scale = make(np.zeros((3, 1))), make(np.ones(2))
    assert ag.random.normal(loc, scale).shape == (3, 2)
    assert ag.random.normal(loc, scale, (5, 3, 2)).shape == (5, 3, 2)
    assert ag.random.gamma(scale, shape=(3, 2)).shape == (3, 2)
    assert ag.random.gamma(loc + 1, scale).shape == (3, 2)
    for shape, wanted in ((None, ()), ((), ()), (0, (0,)), ([2, 0], (2, 0)), (np.int64(3), (3,))):
        for draw in (ag.random.normal, ag.random.uniform, ag.random.exponential, ag.random.gumbel):
            assert draw(shape=shape, device=device).shape == wanted
        assert ag.random.gamma(1.5, shape=shape, device=device).shape == wanted
        assert ag.random.bernoulli(shape=shape, device=device).shape == wanted
        assert ag.random.randint(3, shape=shape, device=device).shape == wanted
    assert ag.random.permutation(0, device=device).shape == (0,)


# ---------------------------------------------------------------- gradients


@pytest.mark.parametrize("name", ["normal", "uniform", "exponential", "gumbel"])
def test_gradients(name: str, make: Any, device: str) -> None:
    """Those of finite differences, with the noise held: reparameterised samples, first and second order."""
    one, other = make(np.array([[0.5], [1.5]]), True), make(np.array([2.0, 3.0, 4.0]), True)
    g = Generator(5, device=device)
    parameters = (other,) if name == "exponential" else (one, other)

    def draw(*given: ag.Tensor) -> ag.Tensor:
        return getattr(ag.random, name)(*given, shape=(2, 3), generator=g.seed(5)) ** 2

    assert gradcheck(draw, parameters, order=2)


def test_complex_gradients(make: Any, device: str) -> None:
    loc = make(np.array([1 + 2j, 3.0]), True)
    scale = make(np.array([2.0, 1.0]), True)
    g = Generator(5, device=device)
    assert gradcheck(lambda a, b: ag.random.normal(a, b, generator=g.seed(5)) ** 2, (loc, scale), order=2)


ALPHAS = (0.02, 0.3, 0.9, 1.0, 1.7, 4.0, 25.0, 400.0, 1e5)
QUANTILES = (1e-6, 0.01, 0.3, 0.5, 0.7, 0.99, 1 - 1e-6)


def test_gamma_is_exact(make: Any) -> None:
    """The derivative by alpha is that of the quantile, which SciPy computes, and so is the second one."""
    special = pytest.importorskip("scipy.special")
    a, q = (part.reshape(-1) for part in np.meshgrid(ALPHAS, QUANTILES))
    z = special.gammaincinv(a, q)
    a, q, z = (part[z > 1e-20] for part in (a, q, z))  # as far as differences tell

    def moved(steps: float) -> np.ndarray:
        return special.gammaincinv(a + steps * h, q)

    h = 1e-3 * a
    first = (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * h)
    alpha, x = make(a, True), make(z)
    found = host(implicit_gamma(x.xp.tensors, alpha, x))
    np.testing.assert_allclose(found, first, rtol=2e-7)
    # Along the quantile the sample moves too.
    second = (moved(1) - 2 * moved(0) + moved(-1)) / h**2
    sample = ag.random._Gamma.apply(alpha, x)
    np.testing.assert_array_equal(host(sample), z)
    (slope,) = ag.autograd.grad(sample.sum(), alpha, create_graph=True)
    np.testing.assert_allclose(host(slope), found, rtol=1e-13)
    (curve,) = ag.autograd.grad(slope.sum(), alpha)
    sure = np.abs(second) * h**2 > 1e-9 * z  # where differences tell it
    assert sure.sum() > 20
    np.testing.assert_allclose(host(curve)[sure], second[sure], rtol=2e-3, atol=1e-9)


def test_gamma_gradients(make: Any, device: str) -> None:
    """To alpha and to the scale, through broadcasting; nothing where the sample has sunk to 0."""
    ag.random.seed(0)
    alpha, scale = make(np.array([[0.5], [3.0]]), True), make(np.array([1.0, 2.0]), True)
    x = ag.random.gamma(alpha, scale, (4, 2, 2))
    da, ds = ag.autograd.grad(x.sum(), (alpha, scale))
    z = host(x) / host(scale)
    each = host(implicit_gamma(x.xp.tensors, ag.broadcast_to(alpha.detach(), x.shape), make(z)))
    np.testing.assert_allclose(host(da), (each * host(scale)).sum((0, 2))[:, None], rtol=1e-10)
    np.testing.assert_allclose(host(ds), z.sum((0, 1)), rtol=1e-12)
    tiny = make(np.full(20, 1e-5), True)
    x = ag.random.gamma(tiny)
    (g,) = ag.autograd.grad(x.sum(), tiny)
    assert np.isfinite(host(g)).all() and (host(x) < 1e-300).any()
    only = ag.random.gamma(2.0, make(np.array(3.0), True))
    assert only.requires_grad


def test_gamma_in_single_precision(make: Any) -> None:
    a = np.array([0.1, 0.8, 2.0, 50.0, 1000.0])
    z = a * np.array([0.2, 1.5, 1.0, 0.9, 1.1])
    wide = host(implicit_gamma(ag.zeros(1).xp.tensors, ag.tensor(a), ag.tensor(z)))
    x, y = make(a.astype(np.float32)), make(z.astype(np.float32))
    found = implicit_gamma(x.xp.tensors, x, y)
    assert found.dtype == np.float32
    np.testing.assert_allclose(host(found), wide, rtol=1e-3)


def test_transforms() -> None:
    """Draws are operations as others: under ``grad`` and ``jvp`` too."""

    def loss(scale: ag.Tensor) -> ag.Tensor:
        return ag.random.normal(0.0, scale, 3, generator=Generator(0)).sum()

    wanted = np.random.default_rng(0).standard_normal(3).sum()
    np.testing.assert_allclose(host(ag.grad(loss)(ag.tensor(2.0))), wanted)
    np.testing.assert_allclose(host(ag.jvp(loss, (ag.tensor(2.0),), (ag.tensor(1.0),))[1]), wanted)
    alpha = ag.tensor(3.0)
    reverse = ag.grad(lambda a: ag.random.gamma(a, generator=Generator(0)))(alpha)
    forward = ag.jvp(lambda a: ag.random.gamma(a, generator=Generator(0)), (alpha,), (ag.tensor(1.0),))[1]
    np.testing.assert_allclose(host(forward), host(reverse))


def test_without_gradient(make: Any) -> None:
    p = make(np.array([0.2, 0.9]), True)
    assert not ag.random.bernoulli(p).requires_grad
    assert not ag.random.bernoulli(p, dtype=p.dtype).requires_grad
    with ag.no_grad():
        assert not ag.random.normal(p).requires_grad and not ag.random.gamma(p).requires_grad


def test_permutations_of_tensors(make: Any, device: str) -> None:
    x = make(np.arange(12.0).reshape(3, 4), True)
    g = Generator(0, device=device)
    for axis in (0, 1, -1):
        out = ag.random.permutation(x, axis=axis, generator=g)
        assert sorted(host(out).sum(1 - axis % 2)) == sorted(host(x).sum(1 - axis % 2))
        weights = make(np.arange(12.0).reshape(3, 4) ** 2)
        (found,) = ag.autograd.grad((out * weights).sum(), x)
        order = np.argsort(host(out), axis=None)
        np.testing.assert_array_equal(host(found).reshape(-1), host(weights).reshape(-1)[order])


# ---------------------------------------------------------------- threads, bad input


def test_threads_share_a_generator() -> None:
    """No number is given twice and none is lost, whoever draws."""
    g, found = Generator(3), []
    wanted = np.sort(np.random.default_rng(3).random(4000))

    def work() -> None:
        found.extend(ag.random.uniform(shape=1, generator=g).item() for _ in range(1000))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(np.sort(found), wanted)


def test_bad_input() -> None:
    r = ag.random
    on_strict = ag.zeros(2, device="array_api_strict")
    for call, kind, says in (
        (lambda: r.seed(1.5), ag.DtypeError, r"\[seed\] the seed is float: expected an integer, or None"),
        (lambda: r.seed(-1), ag.ArgumentError, "the seed is -1"),
        (lambda: Generator("x"), ag.DtypeError, "the seed is str"),
        (lambda: Generator(0, device="nowhere"), ag.DeviceError, "nowhere"),
        (lambda: r.set_state(3), ag.ArgumentError, "no state of a generator on cpu: expected what get_state"),
        (
            lambda: r.set_state({"state": {"bit_generator": "MT"}}),
            ag.ArgumentError,
            "no state of a generator",
        ),
        (
            lambda: r.set_state(Generator(0, "array_api_strict").get_state() | {"state": {}}, "cpu"),
            ag.ArgumentError,
            "no state",
        ),
        (lambda: r.normal(0, -1.0), ag.ArgumentError, r"\[normal\] scale is -1.0: expected 0 or more"),
        (lambda: r.normal(0, float("nan")), ag.ArgumentError, "scale is nan"),
        (lambda: r.gamma(0.0), ag.ArgumentError, r"\[gamma\] alpha is 0.0: expected a number above 0"),
        (lambda: r.exponential(-2), ag.ArgumentError, "scale is -2"),
        (lambda: r.bernoulli(1.5), ag.ArgumentError, "p is 1.5: expected a probability"),
        (lambda: r.normal(dtype=ag.int64), ag.DtypeError, "the dtype is int64: expected a floating one"),
        (lambda: r.uniform(dtype=ag.complex128), ag.DtypeError, "expected a real floating one"),
        (lambda: r.gamma(ag.tensor([1j])), ag.DtypeError, "the dtype is complex128"),
        (lambda: r.normal(shape=(2, -1)), ag.ShapeError, r"shape is \(2, -1\)"),
        (lambda: r.normal(shape=2.5), ag.DtypeError, r"\[normal\] shape is 2.5: expected integers"),
        (
            lambda: r.normal(ag.zeros(3), ag.ones(2)),
            ag.ShapeError,
            r"loc has shape \(3,\), scale has shape \(2,\)",
        ),
        (
            lambda: r.normal(ag.zeros(3), shape=(3, 2)),
            ag.ShapeError,
            "the parameters must broadcast to shape",
        ),
        (lambda: r.normal(ag.zeros(3), shape=()), ag.ShapeError, "must broadcast to shape"),
        (
            lambda: r.normal(ag.zeros(2), on_strict),
            ag.DeviceError,
            "loc is on cpu, scale is on array_api_strict",
        ),
        (
            lambda: r.normal(on_strict, device="cpu"),
            ag.DeviceError,
            "device is on cpu, loc is on array_api_strict",
        ),
        (
            lambda: r.uniform(device="array_api_strict", generator=Generator(0)),
            ag.DeviceError,
            "generator is on cpu, device is on array_api_strict",
        ),
        (lambda: r.normal([1.0]), ag.DtypeError, r"\[normal\] loc is of type list.*ag\.asarray"),
        (lambda: r.randint(3, 3), ag.ArgumentError, "low is 3, high is 3: low must be less"),
        (lambda: r.randint(0), ag.ArgumentError, "low must be less"),
        (lambda: r.randint(2.0), ag.DtypeError, r"low is 2.0: expected integers"),
        (lambda: r.randint(300, dtype=ag.uint8), ag.ArgumentError, "uint8 goes from 0 to 255"),
        (lambda: r.randint(2**64), ag.ArgumentError, "int64 goes from"),
        (lambda: r.randint(3, dtype=ag.float32), ag.DtypeError, "expected integers"),
        (lambda: r.permutation(-1), ag.ArgumentError, "x is -1"),
        (lambda: r.permutation(ag.zeros(3), axis=1), ag.AxisError, "axis"),
        (lambda: r.permutation(ag.tensor(3.0)), ag.AxisError, "axis"),
        (lambda: r.permutation("abc"), ag.DtypeError, "x is of type str"),
        (lambda: ag.rand, AttributeError, "use random.uniform"),
    ):
        with pytest.raises(kind, match=says):
            call()
