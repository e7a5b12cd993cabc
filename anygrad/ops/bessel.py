"""Bessel functions of real argument, ordinary and modified, of the orders 0, 1 and any.

Numbers of equations are those of NIST's Digital Library of Mathematical Functions (DLMF).
"""

from __future__ import annotations

from math import factorial, pi, prod
from typing import Any

from anygrad.op import ArrayLike, named, unary
from anygrad.ops.special import function, joined, polynomial

I1 = [(2 * k + 1) / (factorial(k) * factorial(k + 1) * 2.0 ** (2 * k + 1)) for k in range(10)]
"""Coefficients of the derivative of I1, in x squared (DLMF 10.25.2)."""
J1 = [c * (-1) ** k for k, c in enumerate(I1)]


def _asymptotic(order: int, k: int) -> float:
    """Return a coefficient of the expansions for large arguments (DLMF 10.17.1)."""
    return prod(4 * order**2 - j**2 for j in range(1, 2 * k, 2)) / (factorial(k) * 8.0**k)


GAP = [_asymptotic(1, k) - _asymptotic(0, k) for k in range(1, 15)]
"""Coefficients of k1e - k0e, in 1 / x (DLMF 10.40.2)."""


def _j1_dx(xp, x):
    return joined(xp, x, 1.0, J1, lambda x: xp.special.j0(x) - xp.special.j1(x) / x, even=True)


def _i1_dx(xp, x):
    return joined(xp, x, 1.0, I1, lambda x: xp.special.i0(x) - xp.special.i1(x) / x, even=True)


def _gap(xp, x, near, scale, turn):
    """Return the difference of scaled functions of the orders 0 and 1: near(x), or its series beyond 40."""
    far = x > 40
    inverse = turn / xp.where(far, x, 40)
    series = polynomial(inverse, GAP) * inverse * xp.sqrt(scale * xp.abs(inverse))
    return xp.where(far, series, near(xp.where(far, 1, x)))


def _i_gap(xp, x):
    """Return i0e(x) - i1e(x) of x from 0."""
    return -_gap(xp, x, lambda x: xp.special.i1e(x) - xp.special.i0e(x), 0.5 / pi, -1)


def _k_gap(xp, x):
    """Return k1e(x) - k0e(x)."""
    return _gap(xp, x, lambda x: xp.special.k1e(x) - xp.special.k0e(x), 0.5 * pi, 1)


def _i1e_dx(xp, x):
    def far(x):
        a = xp.abs(x)
        return _i_gap(xp, a) - xp.special.i1e(a) / a

    def near(x, series):
        return xp.exp(-xp.abs(x)) * series - xp.sign(x) * xp.special.i1e(x)

    return joined(xp, x, 1.0, I1, far, even=True, near=near)


j0 = unary(
    "special.j0",
    dx=lambda xp, g, x: -g * xp.special.j1(x),
    accepts="real floating",
    doc="Return the Bessel function of the first kind of order 0.",
    source="DLMF 10.6.3.",
    example="[0.0, 1.0] -> [1.        , 0.76519769]",
)

j1 = unary(
    "special.j1",
    dx=lambda xp, g, x: g * _j1_dx(xp, x),
    accepts="real floating",
    doc="Return the Bessel function of the first kind of order 1.",
    source="DLMF 10.6.2; near 0 the series 10.2.2.",
    example="[0.0, 1.0] -> [0.        , 0.44005059]",
)

y0 = unary(
    "special.y0",
    dx=lambda xp, g, x: -g * xp.special.y1(x),
    accepts="real floating",
    doc="Return the Bessel function of the second kind of order 0.",
    source="DLMF 10.6.3.",
    example="[1.0, 2.0] -> [0.08825696, 0.51037567]",
)

y1 = unary(
    "special.y1",
    dx=lambda xp, g, x, out: g * (xp.special.y0(x) - out / x),
    accepts="real floating",
    doc="Return the Bessel function of the second kind of order 1.",
    source="DLMF 10.6.2.",
    example="[1.0, 2.0] -> [-0.78121282, -0.10703243]",
)

i0 = unary(
    "special.i0",
    dx=lambda xp, g, x: g * xp.special.i1(x),
    accepts="real floating",
    doc="Return the modified Bessel function of the first kind of order 0.",
    source="DLMF 10.29.3.",
    example="[0.0, 1.0] -> [1.        , 1.26606588]",
)

i0e = unary(
    "special.i0e",
    dx=lambda xp, g, x: -g * (xp.sign(x) * _i_gap(xp, xp.abs(x))),
    accepts="real floating",
    doc="Return exp(-abs(x)) * i0(x); the gradient at 0 is 0.",
    source="DLMF 10.29.3.",
    example="[0.0, 1.0] -> [1.        , 0.46575961]",
)

i1 = unary(
    "special.i1",
    dx=lambda xp, g, x: g * _i1_dx(xp, x),
    accepts="real floating",
    doc="Return the modified Bessel function of the first kind of order 1.",
    source="DLMF 10.29.2; near 0 the series 10.25.2.",
    example="[0.0, 1.0] -> [0.       , 0.5651591]",
)

i1e = unary(
    "special.i1e",
    dx=lambda xp, g, x: g * _i1e_dx(xp, x),
    accepts="real floating",
    doc="Return exp(-abs(x)) * i1(x).",
    source="DLMF 10.29.2; near 0 the series 10.25.2.",
    example="[0.0, 1.0] -> [0.        , 0.20791042]",
)

k0 = unary(
    "special.k0",
    dx=lambda xp, g, x: -g * xp.special.k1(x),
    accepts="real floating",
    doc="Return the modified Bessel function of the second kind of order 0.",
    source="DLMF 10.29.3.",
    example="[1.0, 2.0] -> [0.42102444, 0.11389387]",
)

k0e = unary(
    "special.k0e",
    dx=lambda xp, g, x: -g * _k_gap(xp, x),
    accepts="real floating",
    doc="Return exp(x) * k0(x).",
    source="DLMF 10.29.3.",
    example="[1.0, 2.0] -> [1.14446308, 0.84156822]",
)

k1 = unary(
    "special.k1",
    dx=lambda xp, g, x, out: -g * (xp.special.k0(x) + out / x),
    accepts="real floating",
    doc="Return the modified Bessel function of the second kind of order 1.",
    source="DLMF 10.29.2.",
    example="[1.0, 2.0] -> [0.60190723, 0.13986588]",
)

k1e = unary(
    "special.k1e",
    dx=lambda xp, g, x, out: g * (_k_gap(xp, x) - out / x),
    accepts="real floating",
    doc="Return exp(x) * k1(x).",
    source="DLMF 10.29.2.",
    example="[1.0, 2.0] -> [1.63615349, 1.03347685]",
)


def _difference(g, bessel, v, x):
    return 0.5 * g * (bessel(v - 1, x) - bessel(v + 1, x))


def _sum(g, bessel, v, x):
    return 0.5 * g * (bessel(v - 1, x) + bessel(v + 1, x))


_PARAMETERS = dict(fixed=("v",), lifts=0, accepts="real floating")

jv = named(
    "special.jv",
    "v z",
    dz=lambda xp, g, v, z: _difference(g, xp.special.jv, v, z),
    doc="Return the Bessel function of the first kind of order v.",
    source="DLMF 10.6.1.",
    example="2.0, [0.0, 1.0] -> [0.        , 0.11490348]",
    **_PARAMETERS,
)

yv = named(
    "special.yv",
    "v z",
    dz=lambda xp, g, v, z: _difference(g, xp.special.yv, v, z),
    doc="Return the Bessel function of the second kind of order v.",
    source="DLMF 10.6.1.",
    example="2.0, [1.0, 2.0] -> [-1.65068261, -0.6174081 ]",
    **_PARAMETERS,
)

iv = named(
    "special.iv",
    "v z",
    dz=lambda xp, g, v, z: _sum(g, xp.special.iv, v, z),
    doc="Return the modified Bessel function of the first kind of order v.",
    source="DLMF 10.29.1.",
    example="2.0, [0.0, 1.0] -> [0.        , 0.13574767]",
    **_PARAMETERS,
)

ive = named(
    "special.ive",
    "v z",
    dz=lambda xp, g, v, z, out: _sum(g, xp.special.ive, v, z) - g * xp.sign(z) * out,
    doc="Return exp(-abs(z)) * iv(v, z).",
    source="DLMF 10.29.1.",
    example="2.0, [0.0, 1.0] -> [0.        , 0.04993878]",
    **_PARAMETERS,
)

kv = named(
    "special.kv",
    "v z",
    dz=lambda xp, g, v, z: -_sum(g, xp.special.kv, v, z),
    doc="Return the modified Bessel function of the second kind of order v.",
    source="DLMF 10.29.1.",
    example="2.0, [1.0, 2.0] -> [1.6248389 , 0.25375975]",
    **_PARAMETERS,
)

kve = named(
    "special.kve",
    "v z",
    dz=lambda xp, g, v, z, out: g * out - _sum(g, xp.special.kve, v, z),
    doc="Return exp(z) * kv(v, z).",
    source="DLMF 10.29.1.",
    example="2.0, [1.0, 2.0] -> [4.41677005, 1.87504506]",
    **_PARAMETERS,
)


@function
def yn(xp: Any, n: int, x: ArrayLike, /) -> Any:
    """Return the Bessel function of the second kind of order n, an integer."""
    return xp.special.yv(n, x)


@function
def kn(xp: Any, n: int, x: ArrayLike, /) -> Any:
    """Return the modified Bessel function of the second kind of order n, an integer."""
    return xp.special.kv(n, x)
