"""Gradients where the plain formula would overflow, cancel or lose what it adds up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag

grad = ag.autograd.grad


def leaf(values: Any, dtype: Any = ag.float64) -> Any:
    return ag.tensor(values, dtype=dtype, requires_grad=True)


@pytest.mark.parametrize("name", ["mean", "max", "min"])
def test_more_entries_than_float16_counts(name: str) -> None:
    x = ag.ones(70000, dtype=ag.float16, requires_grad=True)
    getattr(x, name)().backward()
    np.testing.assert_allclose(x.grad.numpy(), 1 / 70000, rtol=0.01)


def test_few_ties_among_many_entries_share_evenly() -> None:
    values = np.zeros(70000, np.float32)
    values[[3, 5, 69999]] = 1.0
    x = leaf(values, ag.float32)
    x.max().backward()
    np.testing.assert_allclose(x.grad.numpy()[[3, 5, 69999]], 1 / 3, rtol=1e-5)
    assert np.count_nonzero(x.grad.numpy()) == 3


@pytest.mark.parametrize("dtype, rows, each", [(ag.float16, 5000, 1.0), (ag.float32, 3_000_000, 0.1)])
def test_a_bias_adds_up_all_its_rows(dtype: Any, rows: int, each: float) -> None:
    b = ag.zeros(3, dtype=dtype, requires_grad=True)
    g = ag.full((rows, 3), each, dtype=dtype)
    (b + ag.zeros((rows, 3), dtype=dtype)).backward(g)
    assert b.grad.dtype == dtype
    np.testing.assert_allclose(
        b.grad.numpy().astype(np.float64), rows * each, rtol=1e-3 if dtype == ag.float16 else 1e-6
    )


@pytest.mark.parametrize("other", [100.0, -100.0, 1000.0, -1000.0])
def test_logaddexp_bends_nowhere_far_from_the_tie(other: float) -> None:
    for dtype in (ag.float32, ag.float64):
        x = leaf([0.0], dtype)
        (first,) = grad(ag.logaddexp(x, other).sum(), x, create_graph=True)
        (second,) = grad(first.sum(), x)
        assert first.item() == (1.0 if other < 0 else pytest.approx(0.0, abs=1e-40))
        assert second.item() == pytest.approx(0.0, abs=1e-40)


def test_logaddexp_of_infinities() -> None:
    for x, y, dx, dy in (
        (np.inf, 5.0, 1, 0),
        (5.0, np.inf, 0, 1),
        (-np.inf, 5.0, 0, 1),
        (-np.inf, -np.inf, 0, 0),
    ):
        a, b = leaf(x), leaf(y)
        ag.logaddexp(a, b).backward()
        assert (a.grad.item(), b.grad.item()) == (dx, dy)


def test_expm1_far_below_zero() -> None:
    x = leaf([-18.0], ag.float32)
    ag.expm1(x).sum().backward()
    assert x.grad.item() == pytest.approx(np.exp(-18.0), rel=1e-6)


@pytest.mark.parametrize("dtype, at", [(ag.float16, 300.0), (ag.float32, 1e25), (ag.float64, 1e200)])
def test_asinh_and_atan_do_not_overflow(dtype: Any, at: float) -> None:
    x = leaf([at], dtype)
    ag.asinh(x).sum().backward()
    assert x.grad.item() == pytest.approx(1 / at, rel=1e-2, abs=0)
    if dtype == ag.float16:
        x.grad = None
        ag.atan(x).sum().backward()
        assert x.grad.item() == pytest.approx(1 / at**2, rel=1e-2, abs=0)


def test_hypot_is_flat_at_the_origin_at_every_order() -> None:
    x = leaf([0.0])
    (first,) = grad(ag.hypot(x, 0.0).sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert first.item() == second.item() == 0


@pytest.mark.parametrize("name", ["var", "std"])
def test_more_correction_than_entries_has_no_derivative(name: str) -> None:
    x = leaf([1.0, 2.0])
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
        out = getattr(x, name)(correction=3)
    assert out.item() == np.inf
    out.backward()
    assert np.isnan(x.grad.numpy()).all()


@pytest.mark.parametrize("dtype", [ag.int8, ag.bool, ag.uint16, ag.float32])
def test_vecdot_keeps_the_dtype(dtype: Any) -> None:
    x, y = ag.asarray([1, 2, 1], dtype=dtype), ag.asarray([1, 0, 1], dtype=dtype)
    out, expected = ag.vecdot(x, y), np.vecdot(x.numpy(), y.numpy())
    assert out.dtype == expected.dtype
    assert out.item() == expected


def test_vecdot_names_itself() -> None:
    with pytest.raises(ag.ShapeError, match=r"\[vecdot\]"):
        ag.vecdot(ag.ones((2, 3)), ag.ones((4, 3)))


@pytest.mark.parametrize("power", [0, 1, 2, 3, 4])
def test_a_power_of_booleans_is_numpys(power: int) -> None:
    x = np.array([True, False])
    out, expected = ag.asarray(x) ** power, np.pow(x, power)
    assert out.dtype == expected.dtype
    np.testing.assert_array_equal(out.numpy(), expected)


@pytest.mark.parametrize("name", ["max", "min"])
def test_a_small_gradient_of_an_extremum_stays_in_half_precision(name: str) -> None:
    """Of very many entries: shared by how many there are, it would leave the range of float16."""
    x = np.zeros(100_000, np.float16)
    x[5] = 1 if name == "max" else -1
    t = ag.tensor(x, requires_grad=True)
    getattr(ag, name)(t).backward(ag.asarray(np.float16(1e-3)))
    np.testing.assert_allclose(t.grad.numpy()[5], 1e-3, rtol=1e-2)
    assert np.count_nonzero(t.grad.numpy()) == 1
