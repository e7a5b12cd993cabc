"""How a sample moves with the parameter of its distribution, where its quantile stays: implicit gradients.

For a distribution function F and a density p the derivative of the quantile z by a parameter a is
``-(dF/da) / p(z)``: Figurnov, Mohamed and Mnih 2018, arXiv:1805.08498, equation 5. A pure function of the
namespace, so that it is itself differentiated for higher orders.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["implicit_gamma"]

POINTS, WEIGHTS = (0.5 * part for part in np.polynomial.legendre.leggauss(48))
NODES = tuple(zip((POINTS + 0.5).tolist(), WEIGHTS.tolist(), strict=True))
"""Gauss's points and weights between 0 and 1."""

BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
"""Coefficients of the asymptotic series of digamma: DLMF 5.11.2."""

FAR = 40.0
"""The integrand has fallen to exp(-FAR) where it is cut off."""


def implicit_gamma(xp: Any, a: Any, z: Any) -> Any:
    """Return dz/da of a variate z of the gamma distribution of shape a; 0 where z is 0.

    For z below 1 by the series of the distribution function (DLMF 8.7.1), derived term by term and divided by
    the density. Above, dF/da is the integral of ``(log t - digamma(a)) p(t)`` over the tail, on either side,
    in which that has one sign; with ``t = z * exp(w)`` nothing cancels in it:
    ``z * integral of abs(log z - digamma(a) + w) * exp(a * w - z * (exp(w) - 1))``.
    """
    psi = _digamma(xp, a)
    inside = z < 1
    tail = _tail(xp, a, xp.where(inside, 1.0, z), psi)
    start = xp.where(inside & (z > 0), z, 0.5)
    return xp.where(inside, xp.where(z > 0, _series(xp, a, start, psi), 0.0), tail)


def _series(xp: Any, a: Any, z: Any, psi: Any) -> Any:
    """Sum ``c * (digamma(a + n + 1) - log z)`` over n, ``c = z**(n+1) / (a * ... * (a + n))``."""
    log_z = xp.log(z)
    c, total = z / a, 0.0
    psi = psi + 1 / a
    for n in range(1, 24):
        total = total + c * (psi - log_z)
        c = c * (z / (a + n))
        psi = psi + 1 / (a + n)
    return total


def _tail(xp: Any, a: Any, z: Any, psi: Any) -> Any:
    """Integrate over the upper tail where log z is above digamma(a), over the lower one elsewhere."""
    above = xp.log(z) - psi
    up = above > 0
    one = xp.ones_like(z)
    side = xp.where(up, one, -one)
    # How far the tail goes: Newton's method, from beyond, on a convex function.
    v = xp.where(up, xp.minimum(1.1 * xp.sqrt(2 * FAR / z), xp.log(60 / z + 8)), (FAR + z) / a)
    for _ in range(10):
        rise = z * xp.expm1(side * v)
        v = v - (rise - a * side * v - FAR) / (side * (rise + z - a))
    total = 0.0
    for point, weight in NODES:
        w = side * (v * point)
        total = total + weight * xp.abs(above + w) * xp.exp(a * w - z * xp.expm1(w))
    return z * v * total


def _digamma(xp: Any, a: Any) -> Any:
    """Return digamma of a positive number: up by the recurrence (DLMF 5.5.2), then the asymptotic series."""
    below = 0.0
    for k in range(10):
        below = below + 1 / (a + k)
    y = a + 10
    square = 1 / (y * y)
    series = 0.0
    for coefficient in reversed(BERNOULLI):
        series = (series + coefficient) * square
    return xp.log(y) - 0.5 / y - series - below
