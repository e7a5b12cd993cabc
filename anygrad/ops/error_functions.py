"""The error functions, the normal distribution and Dawson's integral.

Numbers of equations are those of NIST's Digital Library of Mathematical Functions (DLMF).
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from anygrad.op import ArrayLike, operation, unary
from anygrad.ops.special import both, polynomial

TWO_OVER_ROOT_PI = 2 / sqrt(pi)
ROOT_TWO_PI = sqrt(2 * pi)
ROOT_HALF = sqrt(0.5)

ODD_FACTORIALS = [1, 3, 15, 105, 945, 10395, 135135, 2027025, 34459425, 654729075, 13749310575, 316234143225]
"""1 * 3 * ... * (2n - 1) for n from 1."""


def _beyond_ten(xp, x, sign, far):
    """Return the asymptotic series of sqrt(pi) x erfcx(x) - 1 (sign -1), or of 2 x dawsn(x) - 1 (sign 1)."""
    large = xp.where(far, x, 10)
    t = sign * 0.5 / (large * large)
    return t * polynomial(t, ODD_FACTORIALS)


def _erfcx_dx(xp, x):
    far = x > 10
    near = xp.where(far, 10, x)
    near = 2 * near * xp.special.erfcx(near) - TWO_OVER_ROOT_PI
    return xp.where(far, TWO_OVER_ROOT_PI * _beyond_ten(xp, x, -1, far), near)


def _dawsn_dx(xp, x):
    far = xp.abs(x) > 10
    near = xp.where(far, 10, x)
    return xp.where(far, -_beyond_ten(xp, x, 1, far), 1 - 2 * near * xp.special.dawsn(near))


def _log_ndtr_dx(xp, x):
    left = xp.where(x < 0, x, 0)
    right = xp.where(x < 0, 0, x)
    tail = 2 / (ROOT_TWO_PI * xp.special.erfcx(-ROOT_HALF * left))
    return xp.where(x < 0, tail, xp.exp(-0.5 * right * right) / (ROOT_TWO_PI * xp.ndtr(right)))


erf = unary(
    "special.erf",
    dx=lambda xp, g, x: g * (TWO_OVER_ROOT_PI * xp.exp(-x * x)),
    accepts="floating",
    doc="Return the error function.",
    source="DLMF 7.2.1.",
    example="[0.0, 1.0] -> [0.        , 0.84270079]",
)

erfc = unary(
    "special.erfc",
    dx=lambda xp, g, x: g * (-TWO_OVER_ROOT_PI * xp.exp(-x * x)),
    accepts="floating",
    doc="Return 1 - erf(x), exact where that is small.",
    source="DLMF 7.2.2.",
    example="[0.0, 1.0] -> [1.        , 0.15729921]",
)

erfcx = unary(
    "special.erfcx",
    dx=lambda xp, g, x: g * _erfcx_dx(xp, x),
    accepts="real floating",
    doc="Return exp(x**2) * erfc(x), which neither overflows nor vanishes for large x.",
    source="DLMF 7.10.1; beyond 10 the series 7.12.1.",
    example="[0.0, 1.0] -> [1.        , 0.42758358]",
)

erfi = unary(
    "special.erfi",
    dx=lambda xp, g, x: g * (TWO_OVER_ROOT_PI * xp.exp(x * x)),
    accepts="floating",
    doc="Return -1j * erf(1j * x).",
    source="DLMF 7.2.1.",
    example="[0.0, 1.0] -> [0.        , 1.65042576]",
)

dawsn = unary(
    "special.dawsn",
    dx=lambda xp, g, x: g * _dawsn_dx(xp, x),
    accepts="real floating",
    doc="Return Dawson's integral, exp(-x**2) times the integral of exp(t**2) up to x.",
    source="DLMF 7.2.5; beyond 10 the series 7.12.1.",
    example="[0.0, 1.0] -> [0.        , 0.53807951]",
)

erfinv = unary(
    "special.erfinv",
    dx=lambda xp, g, out: g * (xp.exp(out * out) / TWO_OVER_ROOT_PI),
    accepts="real floating",
    doc="Return the x whose erf is the argument.",
    source="DLMF 7.17.1.",
    example="[0.0, 0.5] -> [0.        , 0.47693628]",
)

erfcinv = unary(
    "special.erfcinv",
    dx=lambda xp, g, out: -g * (xp.exp(out * out) / TWO_OVER_ROOT_PI),
    accepts="real floating",
    doc="Return the x whose erfc is the argument.",
    source="DLMF 7.17.1.",
    example="[1.0, 0.5] -> [0.        , 0.47693628]",
)

log_ndtr = unary(
    "special.log_ndtr",
    dx=lambda xp, g, x: g * _log_ndtr_dx(xp, x),
    accepts="real floating",
    doc="Return the logarithm of the normal distribution function, exact in both tails.",
    source="DLMF 7.2.2.",
    example="[0.0, -40.0] -> [-6.93147181e-01, -8.04608442e+02]",
)

ndtri = unary(
    "special.ndtri",
    dx=lambda xp, g, out: g * (ROOT_TWO_PI * xp.exp(0.5 * out * out)),
    accepts="real floating",
    doc="Return the x whose normal distribution function is the argument.",
    source="DLMF 7.17.1.",
    example="[0.5, 0.975] -> [0.        , 1.95996398]",
)

ndtri_exp = unary(
    "special.ndtri_exp",
    dx=lambda xp, g, x, out: g * (ROOT_TWO_PI * xp.exp(0.5 * out * out + x)),
    accepts="real floating",
    doc="Return the number whose log_ndtr is the argument.",
    source="DLMF 7.17.1.",
    example="[-1.0, -100.0] -> [ -0.33747496, -13.88847603]",
)


def _fresnel_dx(xp, g, x):
    angle = 0.5 * pi * (x * x)
    return both(g, (lambda: xp.sin(angle), lambda: xp.cos(angle)))


def _at(x: ArrayLike, /) -> dict[str, Any]:
    return {}


fresnel = operation(
    "special.fresnel",
    lambda xp, x: tuple(xp.special.fresnel(x)),
    dx=_fresnel_dx,
    prepare=_at,
    carries=(True, True),
    accepts="real floating",
    doc="Return Fresnel's integrals, of sin(pi t**2 / 2) and of cos(pi t**2 / 2) from 0 to x.",
    source="DLMF 7.2.7, 7.2.8.",
)
