"""``anygrad.scipy`` where functions bend: cuts, truncations, batches; beside differences of SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.interpolate
import scipy.linalg
import scipy.special

import anygrad as ag
from anygrad.testing import gradcheck


def slope(function: Callable[[Any], Any], x: np.ndarray, along: np.ndarray, h: float = 1e-5) -> Any:
    """Return the central difference of a function of NumPy's along a direction."""
    return (function(x + h * along) - function(x - h * along)) / (2 * h)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["logm", "power", "sqrtm"])
def test_real_matrices_with_negative_eigenvalues(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((3, 3)) @ np.diag([-1.0, 2.0, -0.5])
    along, weights = rng.standard_normal((2, 3, 3))
    weights = weights + 1j * rng.standard_normal((3, 3))

    def call(module: Any, a: Any) -> Any:
        linalg = module.linalg
        return linalg.fractional_matrix_power(a, 0.7) if name == "power" else getattr(linalg, name)(a)

    a = ag.tensor(x, requires_grad=True)
    out = call(ag.scipy, a)
    np.testing.assert_allclose(out.detach().numpy(), call(scipy, x), rtol=1e-9, atol=1e-9)
    ag.sum(ag.real(out * weights)).backward()
    expected = np.sum((slope(lambda m: call(scipy, m), x, along) * weights).real)
    np.testing.assert_allclose(np.sum(a.grad.numpy() * along), expected, rtol=1e-5, atol=1e-6)
    gradcheck(lambda m: ag.real(call(ag.scipy, m) * weights), [a], order=2, fast=True, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", ["krogh_interpolate", "barycentric_interpolate"])
@pytest.mark.parametrize("der", [0, 1, [1], [0, 2]])
def test_several_derivatives_of_a_polynomial_are_one_array(name: str, der: Any) -> None:
    x, at = np.array([0.0, 0.7, 1.1, 2.0]), np.array([0.3, 0.7, 1.9])
    ours, theirs = (getattr(m.interpolate, name)(x, np.sin(x), at, der=der) for m in (ag.scipy, scipy))
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_all_successes_are_within_the_distribution(p: float) -> None:
    k, n = np.array([0.0, 1.0, 2.0]), 2
    tracked = ag.tensor(p, requires_grad=True)
    for name in ("bdtr", "bdtrc"):
        out = getattr(ag.scipy.special, name)(k, n, tracked)
        np.testing.assert_allclose(out.detach().numpy(), getattr(scipy.special, name)(k, n, p), atol=1e-15)
        assert ag.grad(lambda q, name=name: getattr(ag.scipy.special, name)(2.0, n, q))(tracked) == 0


def test_parameters_lose_no_gradient() -> None:
    tracked = ag.tensor(2.5, requires_grad=True)
    u, v = np.array([[0.3, 0.7]]), np.array([[0.6, 0.4]])
    distance = ag.scipy.spatial.distance
    for refused in (
        lambda: distance.cdist(u, v, "minkowski", p=tracked),
        lambda: distance.pdist(u, "minkowski", p=tracked, w=[1.0, 2.0]),
        lambda: ag.scipy.integrate.quad(ag.cos, 0.0, 1.0, weight="cos", wvar=tracked),
        lambda: ag.scipy.integrate.quad(ag.cos, 0.0, 1.0, weight="alg", wvar=(tracked, 0.0)),
    ):
        with pytest.raises(ag.UnsupportedError, match="requires a gradient"):
            refused()
    gradcheck(lambda base: distance.cdist(u, v, "jensenshannon", base=base), [tracked], order=2)
    gradcheck(lambda base: distance.jensenshannon(u[0], v[0], base), [tracked], order=2)


@pytest.mark.parametrize("mode", ["full", "economic"])
def test_batches_are_pivoted_one_by_one(mode: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 3))
    ours, theirs = (m.linalg.qr(x, mode=mode, pivoting=True) for m in (ag.scipy, scipy))
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other, rtol=1e-12, atol=1e-12)
    leaf = ag.tensor(x, requires_grad=True)
    gradcheck(lambda a: ag.scipy.linalg.qr(a, mode=mode, pivoting=True)[:2], [leaf], order=2, fast=True)


@pytest.mark.parametrize("name", ["BarycentricInterpolator", "KroghInterpolator", "CubicSpline"])
def test_nodes_in_a_list_go_where_the_values_are(name: str) -> None:
    device = "array_api_strict:device1"
    y, at = (ag.asarray(np.array(x), device=device) for x in ([0.0, 1.0, 4.0, 8.0], [0.5, 1.0]))
    out = getattr(ag.scipy.interpolate, name)([0.0, 1.0, 2.0, 3.5], y)(at)
    assert str(out.device) == device
