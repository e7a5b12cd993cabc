"""Exponential, elliptic and trigonometric integrals, the dilogarithm, hypergeometric functions, Lambert's W.

Numbers of equations are those of NIST's Digital Library of Mathematical Functions (DLMF).
"""

from __future__ import annotations

from math import comb, pi
from typing import Any

from anygrad.errors import ArgumentError, message
from anygrad.op import ArrayLike, named, operation, unary
from anygrad.ops.special import both, joined
from anygrad.rules import fit

# ---------------------------------------------------------------- exponential integrals

exp1 = unary(
    "special.exp1",
    dx=lambda xp, g, x: -g * (xp.exp(-x) / x),
    accepts="floating",
    doc="Return the exponential integral E1.",
    source="DLMF 6.2.1.",
    example="[1.0, 2.0] -> [0.21938393, 0.04890051]",
)

expi = unary(
    "special.expi",
    dx=lambda xp, g, x: g * (xp.exp(x) / x),
    accepts="floating",
    doc="Return the exponential integral Ei.",
    source="DLMF 6.2.5.",
    example="[1.0, 2.0] -> [1.89511782, 4.95423436]",
)


def _expn_dx(xp, g, n, x):
    if n.__class__ is int:
        if n > 1:
            return -g * xp.special.expn(n - 1, x)
        return -g * (xp.exp(-x) / x if n == 1 else xp.exp(-x) * (1 + 1 / x) / x)
    above = xp.special.expn(xp.where(n > 1, n - 1, 1), x)
    last = xp.exp(-x) / x
    return -g * xp.where(n > 1, above, xp.where(n == 1, last, last * (1 + 1 / x)))


expn = named(
    "special.expn",
    "n x",
    dx=_expn_dx,
    fixed=("n",),
    lifts=0,
    accepts="real floating",
    doc="Return the exponential integral of order n, an integer from 0.",
    source="DLMF 8.19.2, 8.19.13.",
    example="2, [0.5, 1.0] -> [0.32664386, 0.14849551]",
)


def _at(x: ArrayLike, /) -> dict[str, Any]:
    return {}


sici = operation(
    "special.sici",
    lambda xp, x: tuple(xp.special.sici(x)),
    dx=lambda xp, g, x: both(g, (lambda: xp.special.sinc(x / pi), lambda: xp.cos(x) / x)),
    prepare=_at,
    carries=(True, True),
    accepts="real floating",
    doc="Return the sine integral Si and the cosine integral Ci.",
    source="DLMF 6.2.9, 6.2.11.",
)

_SPENCE = [(-1) ** (k + 1) / (k + 1) for k in range(18)]

spence = unary(
    "special.spence",
    dx=lambda xp, g, x: g * joined(xp, x, 0.1, _SPENCE, lambda x: xp.log(x) / (1 - x), at=1.0),
    accepts="real floating",
    doc="Return the dilogarithm, the integral of log(t) / (1 - t) from 1 to x.",
    source="DLMF 25.12.2; near 1 the series of the logarithm.",
    example="[1.0, 2.0] -> [ 0.        , -0.82246703]",
)

# ---------------------------------------------------------------- elliptic integrals

_SQUARES = [(comb(2 * k, k) / 4**k) ** 2 for k in range(20)]
K = [0.5 * pi * (k + 1) * _SQUARES[k + 1] for k in range(16)]
"""Coefficients of the derivative of K (DLMF 19.5.1)."""
E = [-c / (2 * k + 1) for k, c in enumerate(K)]
"""Coefficients of the derivative of E (DLMF 19.5.2)."""
KM1 = [-c * (-1) ** k for k, c in enumerate(K)]


def _ellipk_dx(xp, m):
    def far(m):
        return (xp.special.ellipe(m) / (1 - m) - xp.special.ellipk(m)) / (2 * m)

    return joined(xp, m, 0.1, K, far)


def _ellipkm1_dx(xp, p):
    def far(p):
        # 1 - p forgets a small p, and the derivative of ellipe there needs it.
        tiny = p < 1e-8
        least, more = xp.where(tiny, p, 1e-8), xp.where(tiny, 0.5, p)
        least = 1 / least + 0.5 * xp.special.ellipkm1(least) - 0.25
        second = xp.where(tiny, least, xp.special.ellipe(1 - more) / more)
        return (xp.special.ellipkm1(p) - second) / (2 * (1 - p))

    return joined(xp, p, 0.1, KM1, far, at=1.0)


def _ellipe_dx(xp, m):
    return joined(xp, m, 0.1, E, lambda m: (xp.special.ellipe(m) - xp.special.ellipk(m)) / (2 * m))


ellipk = unary(
    "special.ellipk",
    dx=lambda xp, g, x: g * _ellipk_dx(xp, x),
    accepts="real floating",
    doc="Return the complete elliptic integral of the first kind of the parameter m.",
    source="DLMF 19.4.1; near 0 the series 19.5.1.",
    example="[0.0, 0.5] -> [1.57079633, 1.85407468]",
)

ellipkm1 = unary(
    "special.ellipkm1",
    dx=lambda xp, g, x: g * _ellipkm1_dx(xp, x),
    accepts="real floating",
    doc="Return ellipk(1 - x), exact where x is small.",
    source="DLMF 19.4.1; near 1 the series 19.5.1.",
    example="[0.5, 1.0] -> [1.85407468, 1.57079633]",
)

ellipe = unary(
    "special.ellipe",
    dx=lambda xp, g, x: g * _ellipe_dx(xp, x),
    accepts="real floating",
    doc="Return the complete elliptic integral of the second kind of the parameter m.",
    source="DLMF 19.4.2; near 0 the series 19.5.2.",
    example="[0.0, 0.5] -> [1.57079633, 1.35064388]",
)


def _delta(xp, phi, m):
    sine = xp.sin(phi)
    return xp.sqrt(1 - m * sine * sine)


ellipkinc = named(
    "special.ellipkinc",
    "phi m",
    dphi=lambda xp, g, phi, m: g / _delta(xp, phi, m),
    fixed=("m",),
    accepts="real floating",
    doc="Return the incomplete elliptic integral of the first kind.",
    source="DLMF 19.2.4.",
    example="[0.5, 1.0], 0.5 -> [0.51046714, 1.08321677]",
)

ellipeinc = named(
    "special.ellipeinc",
    "phi m",
    dphi=lambda xp, g, phi, m: g * _delta(xp, phi, m),
    fixed=("m",),
    accepts="real floating",
    doc="Return the incomplete elliptic integral of the second kind.",
    source="DLMF 19.2.5.",
    example="[0.5, 1.0], 0.5 -> [0.48991096, 0.92732988]",
)

# ---------------------------------------------------------------- hypergeometric functions

hyp0f1 = named(
    "special.hyp0f1",
    "v z",
    dz=lambda xp, g, v, z: g * (xp.special.hyp0f1(v + 1, z) / v),
    fixed=("v",),
    lifts=0,
    accepts="real floating",
    doc="Return the hypergeometric function 0F1.",
    source="DLMF 16.3.1.",
    example="2.0, [0.0, 1.0] -> [1.        , 1.59063685]",
)

hyp1f1 = named(
    "special.hyp1f1",
    "a b x",
    dx=lambda xp, g, a, b, x: g * (a / b) * xp.special.hyp1f1(a + 1, b + 1, x),
    fixed=("a", "b"),
    lifts=0,
    accepts="real floating",
    doc="Return Kummer's function 1F1.",
    source="DLMF 13.3.15.",
    example="1.0, 2.0, [0.0, 1.0] -> [1.        , 1.71828183]",
)

hyp2f1 = named(
    "special.hyp2f1",
    "a b c z",
    dz=lambda xp, g, a, b, c, z: g * (a * b / c) * xp.special.hyp2f1(a + 1, b + 1, c + 1, z),
    fixed=("a", "b", "c"),
    lifts=0,
    accepts="real floating",
    doc="Return the hypergeometric function 2F1 of Gauss.",
    source="DLMF 15.5.1.",
    example="1.0, 1.0, 2.0, [0.0, 0.5] -> [1.        , 1.38629436]",
)

# ---------------------------------------------------------------- Lambert's W


def _branch(z: Any, /, k: int = 0) -> dict[str, Any]:
    if k.__class__ is not int:
        raise ArgumentError(message("lambertw", f"k is {k!r}", "expected an integer, the number of a branch"))
    return {"k": k}


def _lambertw_dz(xp, g, z, out):
    return fit(xp, g / (z + xp.exp(out)), z.shape, z.dtype)


lambertw = operation(
    "special.lambertw",
    lambda xp, z, k: xp.special.lambertw(z, k=k),
    inputs="z",
    dz=_lambertw_dz,
    prepare=_branch,
    accepts="floating",
    doc="Return the branch k of Lambert's W, the w for which w * exp(w) is z: a complex number.",
    source="DLMF 4.13.1, 4.13.4.",
    example="[0.0, 1.0] -> [0.        +0.j, 0.56714329+0.j], dtype=complex128",
)
