"""``anygrad.scipy``'s interpolation, distances, distributions: second order, corners, what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import interpolate, stats

import anygrad as ag
from anygrad.errors import ArgumentError, DeviceError, DtypeError, ShapeError, UnsupportedError
from anygrad.testing import gradcheck
from tests.consumers.cases import door_interpolate, door_spatial, door_special, door_stats
from tests.consumers.harness import Case, Held
from tests.consumers.test_doors import drawn, floating

CASES = [c for m in (door_interpolate, door_spatial, door_special, door_stats) for c in m.CASES]
A = ag.scipy


def leaf(x: Any, dtype: str = "float64") -> ag.Tensor:
    return ag.tensor(np.asarray(x, dtype), requires_grad=True)


@pytest.mark.parametrize("one", CASES, ids=str)
@pytest.mark.filterwarnings("ignore:Some rows of")
def test_second_order(one: Case) -> None:
    pairs = zip(drawn(one), one.inputs, strict=True)
    inputs = [ag.tensor(x, requires_grad=not isinstance(i, Held)) for x, i in pairs]
    call = lambda *a: floating(one.pick(one.call(*a)))
    gradcheck(call, inputs, order=2, fast=True, atol=1e-5, rtol=1e-4)


# ---------------------------------------------------------------- interpolation

X = np.array([0.0, 1.0, 2.5, 3.0, 4.0])
Y = np.array([1.0, -1.0, 2.0, 0.5, 3.0])


@pytest.mark.parametrize("degree, nu", [(k, nu) for k in range(6) for nu in range(min(k, 3) + 1)])
@pytest.mark.parametrize("extrapolate", [True, False, "periodic"])
def test_a_spline_is_scipys(degree: int, nu: int, extrapolate: Any) -> None:
    x = np.linspace(0.0, 4.0, 8) ** 1.1
    y = np.sin(3 * x)
    at = np.array([-0.5, 0.0, x[2], 1.7, x[-1], 5.0, math.nan])
    ours = A.interpolate.make_interp_spline(x, y, degree)(at, nu, extrapolate)
    theirs = interpolate.make_interp_spline(x, y, degree)(at, nu, extrapolate)
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 9])
@pytest.mark.parametrize("condition", ["not-a-knot", "natural", "clamped", "periodic"])
def test_a_cubic_spline_is_scipys(n: int, condition: str) -> None:
    x = np.linspace(0.0, 4.0, n) ** 1.1
    y = np.stack([np.sin(3 * x), np.cos(x)], axis=1)
    y[-1] = y[0]
    ours, theirs = (
        m.CubicSpline(x, y, bc_type=condition, extrapolate=None) for m in (A.interpolate, interpolate)
    )
    at = np.linspace(-1.0, 6.0, 13)
    np.testing.assert_allclose(ours.c.numpy(), theirs.c, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(ours(at).numpy(), theirs(at), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(ours.integrate(0.3, 9.0).numpy(), theirs.integrate(0.3, 9.0), rtol=1e-11)


@pytest.mark.parametrize("kind", ["linear", "nearest", "nearest-up", "previous", "next", "zero", "cubic"])
def test_steps_at_knots_are_scipys(kind: str) -> None:
    at = np.concatenate([X, (X[1:] + X[:-1]) / 2])
    ours, theirs = (m.interp1d(X, Y, kind)(at) for m in (A.interpolate, interpolate))
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-12, atol=1e-12)


def test_a_polynomial_has_its_gradient_at_its_nodes_too() -> None:
    q = leaf(X)
    A.interpolate.BarycentricInterpolator(X, X**3)(q).sum().backward()
    np.testing.assert_allclose(q.grad.numpy(), 3 * X**2, atol=1e-10)


def test_what_lies_outside_has_gradient_zero() -> None:
    q, y = leaf([-1.0, 1.5, 9.0]), leaf(Y)
    out = A.interpolate.CubicSpline(X, y, extrapolate=False)(q)
    assert list(np.isnan(out.detach().numpy())) == [True, False, True]
    out[1].backward()
    assert q.grad.numpy()[0] == q.grad.numpy()[2] == 0
    assert np.all(np.isfinite(y.grad.numpy()))


def test_single_precision_is_widened_and_its_gradient_is_single() -> None:
    y = leaf(Y, "float32")
    out = A.interpolate.CubicSpline(X, y)(1.5)
    out.backward()
    assert out.dtype == ag.float64
    assert y.grad.dtype == ag.float32
    assert A.interpolate.interp1d(X.astype("f4"), y)(np.float32(1.5)).dtype == ag.float32


REFUSED: list[tuple[Callable[[Any], Any], type[Exception]]] = [
    (lambda m: m.CubicSpline(X[::-1], Y), ArgumentError),
    (lambda m: m.CubicSpline(X, Y[:3]), ShapeError),
    (lambda m: m.CubicSpline(X, Y, bc_type="free"), ArgumentError),
    (lambda m: m.CubicSpline(X, Y, bc_type="periodic"), ArgumentError),
    (lambda m: m.CubicSpline(X, Y)(1j), DtypeError),
    (lambda m: m.CubicSpline([1.0], [1.0]), ShapeError),
    (lambda m: m.PchipInterpolator(X, Y * 1j), DtypeError),
    (lambda m: m.Akima1DInterpolator(X, Y, method="other"), UnsupportedError),
    (lambda m: m.BSpline([0.0, 1.0], [1.0], 3), ShapeError),
    (lambda m: m.BSpline([1.0, 0.0], [1.0], 0), ArgumentError),
    (lambda m: m.make_interp_spline(X, Y, 3, t=[0.0, 1.0]), ArgumentError),
    (lambda m: m.make_interp_spline(X, Y, 1, bc_type="natural"), ArgumentError),
    (lambda m: m.make_lsq_spline(X, Y, [1.0] * 4 + [9.0] * 4), ArgumentError),
    (lambda m: m.splrep(X, Y, s=1.0), UnsupportedError),
    (lambda m: m.splev(9.0, m.splrep(X, Y), ext=2), ArgumentError),
    (lambda m: m.interp1d(X, Y)(9.0), ArgumentError),
    (lambda m: m.interp1d(X, Y, "other"), UnsupportedError),
    (lambda m: m.RegularGridInterpolator((X,), Y)([[9.0]]), ArgumentError),
    (lambda m: m.RegularGridInterpolator((X,), Y, "other"), ArgumentError),
    (lambda m: m.RegularGridInterpolator((X,), Y)([[1.0, 2.0]]), ShapeError),
    (lambda m: m.RBFInterpolator(X[:, None], Y, kernel="gaussian"), ArgumentError),
    (lambda m: m.RBFInterpolator(X, Y), ShapeError),
    (lambda m: m.griddata(np.eye(3)[:, :2], X[:3], np.eye(2), "cubic"), UnsupportedError),
    (lambda m: m.CubicSpline(ag.asarray(X, device="array_api_strict:device1"), Y), DeviceError),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_bad_input_is_named(number: int) -> None:
    call, error = REFUSED[number]
    with pytest.raises(error, match=r"^\["):
        call(A.interpolate)


# ---------------------------------------------------------------- distances

NORMS = ["chebyshev", "cityblock", "euclidean", "minkowski", "sqeuclidean", "seuclidean", "mahalanobis"]


@pytest.mark.parametrize("metric", NORMS)
def test_at_distance_zero_the_gradient_is_zero(metric: str) -> None:
    x = leaf(np.random.default_rng(0).standard_normal((6, 3)))
    A.spatial.distance.cdist(x, x.detach()[:1], metric)[0, 0].backward()
    np.testing.assert_array_equal(x.grad.numpy()[0], 0.0)
    assert np.all(np.isfinite(x.grad.numpy()))


def test_blocks_do_not_change_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = leaf(rng.standard_normal((7, 3))), leaf(rng.standard_normal((5, 3)))
    g = ag.asarray(rng.standard_normal((7, 5)))

    def both() -> list[np.ndarray]:
        found = [A.spatial.distance.cdist(x, y, "minkowski", p=p) for p in (1.0, 2.0, 3.0, math.inf)]
        return [d.numpy() for out in found for d in ag.autograd.grad(out, [x, y], g)]

    whole = both()
    monkeypatch.setattr("anygrad.scipy.spatial.pairs.BLOCK", 20)
    for a, b in zip(both(), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_close_points_keep_their_gradient_far_from_the_origin() -> None:
    x, y = leaf([[1e8, 1e8]]), np.array([[1e8 + 3e-6, 1e8 + 4e-6]])
    A.spatial.distance.cdist(x, y).sum().backward()
    step = x.detach().numpy() - y
    np.testing.assert_allclose(x.grad.numpy(), step / np.linalg.norm(step), rtol=1e-14)


# ---------------------------------------------------------------- distributions


@pytest.mark.parametrize("name", ["expon", "gamma", "beta", "uniform", "truncnorm", "lognorm", "pareto"])
def test_outside_the_support_the_gradient_is_zero(name: str) -> None:
    shapes = {
        "gamma": (2.0,),
        "beta": (2.0, 3.0),
        "truncnorm": (-1.0, 1.0),
        "lognorm": (0.5,),
        "pareto": (2.0,),
    }
    parameters = [leaf(p) for p in (*shapes.get(name, ()), 0.0, 1.0)]
    x = leaf([-5.0, -math.inf])
    out = getattr(A.stats, name).logpdf(x, *parameters)
    assert np.all(out.detach().numpy() == -math.inf)
    out.sum().backward()
    for t in (x, *parameters):
        np.testing.assert_array_equal(t.grad.numpy(), 0.0)


@pytest.mark.parametrize(
    "name, shapes", [("expon", ()), ("uniform", ()), ("gamma", (1.0,)), ("beta", (1.0, 1.0))]
)
def test_on_a_bound_the_formula_holds(name: str, shapes: tuple[float, ...]) -> None:
    scale = leaf(2.0)
    getattr(A.stats, name).logpdf(0.0, *shapes, 0.0, scale).backward()
    assert scale.grad.numpy() == -0.5


def test_parameters_that_are_not_allowed_give_nan() -> None:
    assert np.isnan(A.stats.norm.logpdf(0.0, 0.0, -1.0).numpy())
    assert np.isnan(A.stats.gamma.cdf(1.0, -1.0).numpy())
    assert np.isnan(A.stats.binom.pmf(1, 2.5, 0.5).numpy())
    assert np.isnan(A.stats.norm.ppf(1.5).numpy())


def test_tails_keep_their_logarithm() -> None:
    x = leaf(40.0)
    A.stats.norm.logsf(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), -40.02496884723, rtol=1e-10)
    for name, args in (("truncnorm", (30.0, 31.0)), ("gumbel_r", ()), ("logistic", ())):
        ours = getattr(A.stats, name).logpdf(30.5, *args).numpy()
        np.testing.assert_allclose(ours, getattr(stats, name).logpdf(30.5, *args), rtol=1e-12)


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda s: s.poisson.logpmf(leaf(2.0), 1.0), UnsupportedError),
        (lambda s: s.gamma.cdf(1.0, leaf(2.0)), UnsupportedError),
        (lambda s: s.skewnorm.cdf(1.0, 2.0), UnsupportedError),
        (lambda s: s.gamma.logpdf(1.0), ArgumentError),
        (lambda s: s.norm.logpdf(1.0, 0.0, 1.0, 2.0), ArgumentError),
        (lambda s: s.norm.logpdf(1.0, rate=2.0), ArgumentError),
        (lambda s: s.norm.logpdf(1j), DtypeError),
        (lambda s: s.multivariate_normal.logpdf([1.0, 2.0], [0.0, 0.0, 0.0]), ShapeError),
        (lambda s: s.multivariate_normal(cov=np.eye(2), allow_singular=True), UnsupportedError),
        (lambda s: s.dirichlet.logpdf([0.5, 0.6], [1.0, 2.0]), ArgumentError),
        (lambda s: s.gaussian_kde([1.0]), ShapeError),
        (lambda s: s.gaussian_kde([1.0, 2.0], "other"), ArgumentError),
    ],
)
def test_what_is_refused_is_named(call: Callable[[Any], Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^\["):
        call(A.stats)


def test_objects_tell_what_they_are_made_of() -> None:
    x, y = np.linspace(0.0, 2.0, 7), np.cos(np.arange(7.0))
    ours, theirs = (f.InterpolatedUnivariateSpline(x, y) for f in (A.interpolate, interpolate))
    np.testing.assert_allclose(ours.get_knots(), theirs.get_knots(), rtol=1e-13)
    np.testing.assert_allclose(ours.get_coeffs(), theirs.get_coeffs(), rtol=1e-12)
    data = np.stack([y, x**2])
    np.testing.assert_allclose(
        A.stats.gaussian_kde(data).inv_cov, stats.gaussian_kde(data).inv_cov, rtol=1e-12
    )
    with pytest.raises(UnsupportedError, match="bbox"):
        A.interpolate.InterpolatedUnivariateSpline(x, y, bbox=(0.0, 3.0))
