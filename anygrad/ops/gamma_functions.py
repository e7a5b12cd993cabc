"""The gamma function and what is made of it: beta, polygamma, zeta, binomial coefficients.

Numbers of equations are those of NIST's Digital Library of Mathematical Functions (DLMF).
"""

from __future__ import annotations

import math
from math import pi
from typing import Any

from anygrad.errors import ArgumentError, message
from anygrad.op import ArrayLike, Operand, named, nary, unary
from anygrad.ops.special import function


def _rgamma_dx(xp, g, x, out):
    # The reflection formula (DLMF 5.5.3), which is smooth at the poles of gamma, where this is 0.
    mirrored = x < 0.5
    left = xp.where(mirrored, x, 0)
    right = xp.where(mirrored, 1, x)
    y = 1 - left
    turned = xp.cos(pi * left) - xp.special.digamma(y) * xp.sin(pi * left) / pi
    down = xp.special.digamma(right) * xp.special.rgamma(right)
    return g * xp.where(mirrored, xp.special.gamma(y) * turned, -down)


gamma = unary(
    "special.gamma",
    dx=lambda xp, g, x, out: g * (out * xp.special.digamma(x)),
    accepts="floating",
    doc="Return the gamma function.",
    source="DLMF 5.2.2.",
    example="[0.5, 5.0] -> [ 1.77245385, 24.        ]",
)

gammaln = unary(
    "special.gammaln",
    dx=lambda xp, g, x: g * xp.special.digamma(x),
    accepts="real floating",
    doc="Return the logarithm of the absolute value of gamma.",
    source="DLMF 5.2.2.",
    example="[0.5, 5.0] -> [0.57236494, 3.17805383]",
)

loggamma = unary(
    "special.loggamma",
    dx=lambda xp, g, x: g * xp.special.digamma(x),
    accepts="floating",
    doc="Return the principal branch of the logarithm of gamma; of a negative real number NaN.",
    source="DLMF 5.2.2.",
    example="[0.5, 5.0] -> [0.57236494, 3.17805383]",
)

rgamma = unary(
    "special.rgamma",
    dx=_rgamma_dx,
    accepts="real floating",
    doc="Return 1 / gamma(x), with its gradients at the poles of gamma too, where it is 0.",
    source="DLMF 5.2.2, 5.5.3.",
    example="[0.0, 5.0] -> [0.        , 0.04166667]",
)

gammasgn = unary(
    "special.gammasgn",
    dx=lambda xp, g: xp.zeros_like(g),
    accepts="real floating",
    doc="Return the sign of gamma; its gradient is zero.",
    example="[-0.5, 0.5] -> [-1.,  1.]",
)

digamma = unary(
    "special.digamma",
    dx=lambda xp, g, x: g * xp.special.polygamma(1, x),
    accepts="floating",
    real_only=True,
    doc="Return psi, the derivative of the logarithm of gamma.",
    source="DLMF 5.2.2, 5.15.1.",
    example="[1.0, 2.0] -> [-0.57721566,  0.42278434]",
)

polygamma = named(
    "special.polygamma",
    "n x",
    dx=lambda xp, g, n, x: g * xp.special.polygamma(n + 1, x),
    fixed=("n",),
    lifts=0,
    accepts="real floating",
    doc="Return the derivative of order n of psi.",
    source="DLMF 5.15.1.",
    example="1, [1.0, 2.0] -> [1.64493407, 0.64493407]",
)


def _of_riemann(x: ArrayLike, q: Any = None, /) -> tuple[Any, Any]:
    return x, 1 if q is None else q


zeta = nary(
    "special.zeta",
    "x q",
    lambda xp, x, q: xp.special.zeta(x, q),
    dq=lambda xp, g, x, q: -g * (x * xp.special.zeta(x + 1, q)),
    prepare=_of_riemann,
    direct=True,
    fixed=("x",),
    accepts="real floating",
    doc="Return the zeta function of Hurwitz, the sum of (k + q)**-x for k from 0; of Riemann, without q.",
    source="DLMF 25.11.1, 25.11.17.",
    example="[2.0, 4.0] -> [1.64493407, 1.08232323]",
)

digamma_rise = named(
    "special.digamma_rise",
    "x y",
    dx=lambda xp, g, x, y: g * (xp.special.polygamma(1, x + y) - xp.special.polygamma(1, x)),
    dy=lambda xp, g, x, y: g * xp.special.polygamma(1, x + y),
    accepts="real floating",
    public=False,
    doc="Return psi(x + y) - psi(x), exact where x is large.",
    source="DLMF 5.11.2.",
)

beta = named(
    "special.beta",
    "a b",
    da=lambda xp, g, a, b, out: -g * (out * xp.special.digamma_rise(a, b)),
    db=lambda xp, g, a, b, out: -g * (out * xp.special.digamma_rise(b, a)),
    accepts="real floating",
    doc="Return gamma(a) * gamma(b) / gamma(a + b).",
    source="DLMF 5.12.1.",
    example="[1.0, 2.0], [2.0, 3.0] -> [0.5       , 0.08333333]",
)

betaln = named(
    "special.betaln",
    "a b",
    da=lambda xp, g, a, b: -g * xp.special.digamma_rise(a, b),
    db=lambda xp, g, a, b: -g * xp.special.digamma_rise(b, a),
    accepts="real floating",
    doc="Return the logarithm of the absolute value of beta(a, b).",
    source="DLMF 5.12.1.",
    example="[1.0, 2.0], [2.0, 3.0] -> [-0.69314718, -2.48490665]",
)

binom = named(
    "special.binom",
    "x y",
    dx=lambda xp, g, x, y, out: g * (out * xp.special.digamma_rise(x - y + 1, y)),
    dy=lambda xp, g, x, y, out: g * (out * (xp.special.digamma(x - y + 1) - xp.special.digamma(y + 1))),
    accepts="real floating",
    doc="Return the binomial coefficient x over y, of real numbers.",
    source="DLMF 1.2.6, 5.4.1.",
    example="[5.0, 2.5], [2.0, 1.5] -> [10. ,  2.5]",
)

poch = named(
    "special.poch",
    "z m",
    dz=lambda xp, g, z, m, out: g * (out * xp.special.digamma_rise(z, m)),
    dm=lambda xp, g, z, m, out: g * (out * xp.special.digamma(z + m)),
    accepts="real floating",
    doc="Return gamma(z + m) / gamma(z), Pochhammer's symbol.",
    source="DLMF 5.2.5.",
    example="[1.0, 2.5], [4.0, 1.0] -> [24. ,  2.5]",
)

# ---------------------------------------------------------------- of other functions


@function
def multigammaln(xp: Any, a: ArrayLike, d: int, /) -> Any:
    """Return the logarithm of the gamma function of d by d matrices, NaN or worse for a <= (d - 1) / 2."""
    if d.__class__ is not int or d < 1:
        raise ArgumentError(message("multigammaln", f"d is {d!r}", "expected a positive integer"))
    out = xp.special.gammaln(a) + 0.25 * d * (d - 1) * math.log(pi)
    for j in range(1, d):
        out = out + xp.special.gammaln(a - 0.5 * j)
    return out


@function
def factorial(xp: Any, n: ArrayLike, /) -> Any:
    """Return gamma(n + 1), 0 for a negative n."""
    negative = n < 0
    return xp.where(negative, 0.0, xp.special.gamma(xp.where(negative, 0, n) + 1.0))


def _chosen(xp, inside, *numbers):
    """Return numbers, and 1 outside; one that is Python's in the dtype that it has beside the others."""
    zeros = sum(xp.zeros_like(n) for n in numbers if hasattr(n, "dtype"))
    return [xp.where(inside, n if hasattr(n, "dtype") else zeros + n, 1) for n in numbers]


@function
def comb(xp: Any, N: Operand, k: Operand, /) -> Any:
    """Return in how many ways k of N things can be chosen; 0 where k is negative or larger than N."""
    inside = (k >= 0) & (k <= N)
    return xp.where(inside, xp.special.binom(*_chosen(xp, inside, N, k)), 0.0)


@function
def perm(xp: Any, N: Operand, k: Operand, /) -> Any:
    """Return in how many ways k of N things can be put in a row; 0 where k is negative or larger than N."""
    inside = (k >= 0) & (k <= N)
    n, count = _chosen(xp, inside, N, k)
    return xp.where(inside, xp.special.poch(n - count + 1, count), 0.0)
