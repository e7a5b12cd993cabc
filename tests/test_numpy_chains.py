"""Chains of formulas on NumPy: they change no gradient, and what is written out computes the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends import numpy_chains
from anygrad.backends.base import Backend
from anygrad.backends.numpy_chains import Program
from anygrad.devices import get_backend
from tests.targets import Target
from tests.test_fusing import formulas


def flattened(g: np.ndarray, saved: tuple[Any, ...]) -> tuple[np.ndarray, list[Any]]:
    """Return a gradient and what was saved in one row of entries, as a chain has them."""
    cut = [s.reshape(-1) if getattr(s, "ndim", 0) else s for s in saved]
    return g.reshape(-1), cut


def test_what_is_written_out_computes_the_same_numbers() -> None:
    """Every formula of every elementwise row that can be written out; NumPy's scalars round on their own."""
    cpu, rows = get_backend("cpu"), set()
    for label, formula, saved, g in formulas():
        if not g.size or not cpu.follows(g, saved):
            continue
        g, cut = flattened(g, saved)
        with np.errstate(all="ignore"):
            try:
                program = Program(cpu, [(g, [(formula, cut)])])
            except (AttributeError, TypeError):
                continue
            expected = formula(cpu, g, cut)
            found = np.full(g.shape, 7, program.dtype)
            program.run([g, *cut], found)
            added = np.full(g.shape, 2, program.dtype)
            Program(cpu, [(added, []), (g, [(formula, cut)])]).run([added, g, *cut], added)
        rows.add(label.split()[0])
        assert found.dtype == expected.dtype, label
        rtol = 4 * float(np.finfo(expected.dtype).eps)
        np.testing.assert_allclose(found, expected, rtol=rtol, err_msg=label)
        np.testing.assert_allclose(added, 2 + expected, rtol=rtol, atol=rtol, err_msg=label)
    assert rows >= {
        "tanh",
        "exp",
        "log",
        "multiply",
        "divide",
        "pow",
        "square",
        "sqrt",
        "negative",
        "sigmoid",
    }


def test_scratch_memory_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a chain is, it needs no more blocks than are read at one time; the last may be short."""
    monkeypatch.setattr(numpy_chains, "BLOCK", 64)
    cpu, x = get_backend("cpu"), np.linspace(0.1, 2.0, 19)
    steps = [(lambda xp, g, saved: (g * saved[0]) * (1 - saved[0] * saved[0]), (x,))] * 20
    program = Program(cpu, [(x, steps)])
    assert len(program.scratch) == 2
    assert program.text.startswith("def block(a0, a1, a2,") and program.text.endswith(", out)")
    found, expected = np.empty(19), x
    program.run([x] * 21, found)
    for formula, saved in steps:
        expected = formula(cpu, expected, saved)
    np.testing.assert_array_equal(found, expected)


def test_what_is_not_written_out() -> None:
    cpu, g = get_backend("cpu"), np.ones(3)
    for formula in (
        lambda xp, g, saved: g if g else -g,
        lambda xp, g, saved: xp.where(g > 0, g, 0),
        lambda xp, g, saved: xp.asarray(g) * 2,
        lambda xp, g, saved: xp.sum(g) * g,
        lambda xp, g, saved: np.add.outer(g, g),
        lambda xp, g, saved: np.multiply(g, g, dtype=np.float32),
        lambda xp, g, saved: np.divmod(g, 2)[0],
        lambda xp, g, saved: saved[1] * saved[1],
        lambda xp, g, saved: g.reshape(-1),
        lambda xp, g, saved: float(g),
    ):
        with pytest.raises((TypeError, AttributeError)):
            Program(cpu, [(g, [(formula, [g, np.asarray(2.0)])])])


def test_what_computes_nothing_is_copied() -> None:
    """A result is new memory: it may become a ``.grad`` that is written to."""
    cpu, g, x = get_backend("cpu"), np.linspace(0.0, 1.0, 7), np.linspace(2.0, 3.0, 7)
    ones = np.broadcast_to(np.asarray(1.0), (7,))
    for start, formula, expected in (
        (g, lambda xp, g, saved: g, g),
        (g, lambda xp, g, saved: saved[0], x),
        (ones, lambda xp, g, saved: g * saved[0], x),
        (ones, lambda xp, g, saved: saved[0] * g, x),
    ):
        program, found = Program(cpu, [(start, [(formula, [x])])]), np.empty(7)
        assert "positive" in str(program.block.__globals__["f0"]) and "f1" not in program.text
        program.run([start, x], found)
        np.testing.assert_array_equal(found, expected)


def test_what_a_sum_begins_with_is_no_product() -> None:
    cpu, x = get_backend("cpu"), np.linspace(2.0, 3.0, 7)
    steps = [(lambda xp, g, saved: g * saved[0], [x]), (lambda xp, g, saved: g * saved[0], [np.float64(2.0)])]
    for value, calls in ((1.0, 1), (1.5, 2)):
        ones = np.broadcast_to(np.asarray(value), (7,))
        program, found = Program(cpu, [(ones, steps)]), np.empty(7)
        assert program.text.count("\n") == calls
        program.run([ones, x, np.float64(2.0)], found)
        np.testing.assert_array_equal(found, value * x * 2.0)
    # In single precision such a product widens; a number is no array; nobody looks at an array of ones.
    for start, saved in (
        (np.broadcast_to(np.float32(1.0), (7,)), x),
        (np.broadcast_to(np.float64(1.0), (7,)), x.astype(np.float32)),
        (np.broadcast_to(np.float64(1.0), (7,)), np.float64(2.5)),
        (np.ones(7), x),
    ):
        program = Program(cpu, [(start, [(lambda xp, g, saved: g * saved[0], [saved])])])
        found = np.empty(7, program.dtype)
        program.run([start, saved], found)
        np.testing.assert_array_equal(found, start * saved)
        assert found.dtype == (start * saved).dtype
    kept: Any = get_backend("cpu").programs
    for value in (1.0, 3.0, 1.0, 3.0, 1.0):  # which are different chains
        t = ag.tensor(np.full(200_000, 0.5), requires_grad=True)
        ag.sum(ag.sin(t) * t).backward(ag.asarray(value))
        np.testing.assert_allclose(t.grad.numpy(), value * (0.5 * np.cos(0.5) + np.sin(0.5)), rtol=1e-14)
    assert kept


def test_formulas_of_users_see_arrays(always: Backend) -> None:
    """They may ask what an array is, in ways that no symbol has the answer to."""

    def slope(g: Any, x: Any) -> Any:
        assert isinstance(x, np.ndarray)
        return g * (np.cos(x) if hasattr(x, "shape") else 99.0)

    @ag.primitive(elementwise=True, dx=slope)
    def wave(xp: Any, x: Any) -> Any:
        return xp.sin(x)

    x = np.linspace(0.0, 1.0, 40)
    for _ in range(4):
        t = ag.tensor(x, requires_grad=True)
        ag.sum(ag.exp(wave(t * 2.0)) * 3.0).backward()
        expected = 6.0 * np.cos(2 * x) * np.exp(np.sin(2 * x))
        np.testing.assert_allclose(t.grad.numpy(), expected, rtol=1e-13)


def test_formulas_of_users_see_whole_arrays(always: Backend) -> None:
    """They may keep arrays of theirs, which broadcast, and ask for what is of all entries."""
    mask = np.array([1.0, 0.0, 2.0, 1.0])
    scaled = ag.primitive(
        lambda xp, x: x * 3.0, elementwise=True, dx=lambda xp, g: g * mask + 0.0 * xp.max(g)
    )
    for _ in range(4):
        t = ag.tensor(np.ones((10, 4)), requires_grad=True)
        w = ag.asarray(np.arange(40.0).reshape(10, 4))
        ag.sum(ag.exp(scaled(t * 2.0) * 0.0) * w).backward()
        np.testing.assert_array_equal(t.grad.numpy(), np.zeros((10, 4)))
        t.grad = None
        ag.sum(scaled(t * 2.0) * w).backward()
        np.testing.assert_array_equal(t.grad.numpy(), 2.0 * w.numpy() * mask)


def test_a_formula_may_be_of_no_module(always: Backend) -> None:
    """What ``exec`` makes in a dictionary of its own says of none."""
    made: dict[str, Any] = {}
    exec("def slope(g, x): return g * 2.0 * x", made)
    assert made["slope"].__module__ is None
    double = ag.primitive(lambda xp, x: x * x, elementwise=True, dx=made["slope"])
    for _ in range(4):
        t = ag.tensor(np.ones(40), requires_grad=True)
        ag.sum(ag.exp(double(t * 2.0) * 0.0)).backward()
        np.testing.assert_array_equal(t.grad.numpy(), np.zeros(40))
        t.grad = None
        ag.sum(double(t * 3.0) * 2.0).backward()
        np.testing.assert_array_equal(t.grad.numpy(), np.full(40, 36.0))


def test_numbers_tell_chains_apart(always: Backend) -> None:
    """A chain is another one for 0.0 and -0.0, for 2 and 2.0; arrays without axes are no part of it."""
    x = np.full(40, 0.5)
    signs = []
    for _ in range(3):
        for zero in (0.0, -0.0):
            t = ag.tensor(x, requires_grad=True)
            ag.sum(ag.sin(t) * zero).backward()
            signs.append(bool(np.signbit(t.grad.numpy()).all()))
    assert signs == [False, True] * 3
    for _ in range(3):
        for power in (2, 3, 2.0, 2.5):
            t = ag.tensor(x, requires_grad=True)
            ag.sum(ag.exp(t**power)).backward()
            expected = power * x ** (power - 1) * np.exp(x**power)
            np.testing.assert_allclose(t.grad.numpy(), expected, rtol=1e-14)
    always.programs.clear()
    for scale in (3.0, 4.0, 5.0):
        for s in (ag.asarray(scale), ag.asarray(scale) * 1.0):
            t = ag.tensor(x, requires_grad=True)
            ag.sum(ag.sin(t) * s).backward()
            np.testing.assert_allclose(t.grad.numpy(), scale * np.cos(x), rtol=1e-14)
    assert len(always.programs) == 1


def test_few_chains_are_kept(always: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_chains, "KEPT", 5)
    for i in range(40):
        t = ag.tensor(np.full(40, 0.5), requires_grad=True)
        ag.sum(ag.sin(t) * float(i)).backward()
        assert len(always.programs) <= 5


def test_a_large_gradient_is_held_once() -> None:
    """The result of a chain becomes ``.grad`` as it is: a view of it would be copied."""
    t = ag.tensor(np.full(300_000, 0.5), requires_grad=True)
    for _ in range(3):
        t.grad = None
        ag.sum(ag.sin(ag.sin(t))).backward()
        assert t.grad.array.base is None and t.grad.array.flags.owndata
    found = []
    chained = numpy_chains.NumpyChains.chained
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            numpy_chains.NumpyChains,
            "chained",
            lambda self, *given: found.append(chained(self, *given)) or found[-1],
        )
        t.grad = None
        ag.sum(ag.sin(ag.sin(t))).backward()
    assert t.grad.array is found[-1]


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> Backend:
    """NumPy's backend with every gradient in a chain, however small, in blocks of a few entries."""
    cpu = get_backend("cpu")
    monkeypatch.setattr(type(cpu), "chains_from", 0)
    monkeypatch.setattr(type(cpu), "programs", {})
    monkeypatch.setattr("anygrad.backends.numpy_chains.BLOCK", 24)
    return cpu


def program(x: ag.Tensor, w: ag.Tensor, rng: np.random.Generator) -> ag.Tensor:
    """Return a scalar by random elementwise steps, with fan-out, broadcasting and other shapes between."""
    pool = [x * 1.0, x + w]
    for _ in range(12):
        a, b = pool[rng.integers(len(pool))], pool[rng.integers(len(pool))]
        match rng.integers(8):
            case 0:
                new = ag.tanh(a)
            case 1:
                new = ag.maximum(a, b)
            case 2:
                new = a * b
            case 3:
                new = ag.sin(a) * w
            case 4:
                new = a - b.mean(axis=0)
            case 5:
                new = ag.matrix_transpose(ag.exp(-abs(ag.matrix_transpose(a))))
            case 6:
                new = ag.where(a.detach() > 0, a, b * 0.5)
            case _:
                new = (a + w) / (1.0 + b * b)
        pool.append(new)
    return sum((t * t).mean() for t in pool[-3:])


@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_chains_change_no_gradient(layout: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = Target("numpy", get_backend("cpu"))
    for seed in range(25):
        host = np.random.default_rng(seed).normal(size=(5, 7)).astype(dtype)
        results = []
        for chains_from in (None, 0):
            monkeypatch.setattr(type(cpu.backend), "chains_from", chains_from)
            monkeypatch.setattr("anygrad.backends.numpy_chains.BLOCK", 24)
            for _ in range(1 if chains_from is None else 3):  # seen, written out, written out before
                x = cpu.make(host, True, layout)
                w = cpu.make(host[:1] + 1, True)
                program(x, w, np.random.default_rng(seed + 1)).backward()
                results.append((x.grad.numpy(), w.grad.numpy()))
        rtol = 1e-4 if dtype == "float32" else 1e-11
        for chained in results[1:]:
            for found, plain in zip(chained, results[0], strict=True):
                np.testing.assert_allclose(found, plain, rtol=rtol, atol=1e-6)
    assert any(found.__class__ is Program for found in cpu.backend.programs.values())


def test_a_chain_does_not_touch_what_others_hold(always: Backend) -> None:
    x = ag.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    seed = np.array([1.0, -1.0, 2.0, 0.5])
    y = ag.exp(x)
    kept = y.detach().numpy(copy=True)
    z = ag.tanh(y) + y * 2.0
    seen: list[np.ndarray] = []
    y.register_hook(lambda g: seen.append(g.numpy(copy=True)))
    z.backward(ag.asarray(seed), retain_graph=True)
    first = x.grad.numpy(copy=True)
    z.backward(ag.asarray(seed))
    np.testing.assert_allclose(x.grad.numpy(), 2 * first, rtol=1e-15)
    np.testing.assert_array_equal(y.detach().numpy(), kept)
    np.testing.assert_array_equal(seed, [1.0, -1.0, 2.0, 0.5])
    np.testing.assert_allclose(seen[0], seed * (1 - np.tanh(kept) ** 2 + 2.0))


def test_chains_of_every_shape(always: Backend) -> None:
    for shape in ((), (1,), (0,), (3, 0), (2, 3, 4)):
        x = ag.tensor(np.full(shape, 0.7), requires_grad=True)
        ag.sum(ag.exp(ag.sin(x) * 2.0)).backward()
        expected = 2 * np.cos(0.7) * np.exp(2 * np.sin(0.7))
        assert x.grad.shape == shape and x.grad.array.__class__ is np.ndarray
        np.testing.assert_allclose(x.grad.numpy(), np.full(shape, expected))


def test_chains_do_not_recurse(always: Backend) -> None:
    """A recurrence that keeps its states: every node of it waits for two, of which one has reported."""
    a = ag.tensor(np.ones(3), requires_grad=True)
    x, states = a, []
    for _ in range(3000):
        x = ag.tanh(x)
        states.append(x)
    ag.sum(ag.concat(states)).backward()
    y, slope, total = 1.0, 1.0, 0.0
    for _ in range(3000):
        y = np.tanh(y)
        slope *= 1 - y * y
        total += slope
    np.testing.assert_allclose(a.grad.numpy(), np.full(3, total), rtol=1e-12)
