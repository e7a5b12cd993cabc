"""The incomplete gamma and beta functions, their inverses, and distribution functions made of them.

They are differentiable in the variable, and not in the parameters, whose derivatives have no closed form: a
parameter that requires a gradient is refused. Numbers of equations are those of NIST's Digital Library of
Mathematical Functions (DLMF).
"""

from __future__ import annotations

import math
from typing import Any

from anygrad.op import Operand, named
from anygrad.ops.special import function

# ---------------------------------------------------------------- densities, which the derivatives are


def _gamma_density(xp, a, x):
    return xp.exp(xp.special.xlogy(a - 1, x) - x - xp.special.gammaln(a))


def _gamma_quantile(xp, a, x):
    return xp.exp(xp.special.gammaln(a) + x - xp.special.xlogy(a - 1, x))


def _log_beta_density(xp, a, b, x):
    return xp.special.xlogy(a - 1, x) + xp.special.xlog1py(b - 1, -x) - xp.special.betaln(a, b)


def _log_t_density(xp, df, t):
    half = 0.5 * df
    bell = (half + 0.5) * xp.log1p(t * (t / df))
    return -bell - 0.5 * xp.log(df) - xp.special.betaln(half, 0.5)


gammainc = named(
    "special.gammainc",
    "a x",
    dx=lambda xp, g, a, x: g * _gamma_density(xp, a, x),
    fixed=("a",),
    accepts="real floating",
    doc="Return the regularized lower incomplete gamma function.",
    source="DLMF 8.2.4, 8.8.13.",
    example="[1.0, 2.0], [1.0, 3.0] -> [0.63212056, 0.80085173]",
)

gammaincc = named(
    "special.gammaincc",
    "a x",
    dx=lambda xp, g, a, x: -g * _gamma_density(xp, a, x),
    fixed=("a",),
    accepts="real floating",
    doc="Return the regularized upper incomplete gamma function.",
    source="DLMF 8.2.4, 8.8.13.",
    example="[1.0, 2.0], [1.0, 3.0] -> [0.36787944, 0.19914827]",
)

gammaincinv = named(
    "special.gammaincinv",
    "a y",
    dy=lambda xp, g, a, out: g * _gamma_quantile(xp, a, out),
    fixed=("a",),
    accepts="real floating",
    doc="Return the x for which gammainc(a, x) is y.",
    source="DLMF 8.2.4, 8.8.13.",
    example="[1.0, 2.0], [0.5, 0.5] -> [0.69314718, 1.67834699]",
)

gammainccinv = named(
    "special.gammainccinv",
    "a y",
    dy=lambda xp, g, a, out: -g * _gamma_quantile(xp, a, out),
    fixed=("a",),
    accepts="real floating",
    doc="Return the x for which gammaincc(a, x) is y.",
    source="DLMF 8.2.4, 8.8.13.",
    example="[1.0, 2.0], [0.5, 0.5] -> [0.69314718, 1.67834699]",
)

betainc = named(
    "special.betainc",
    "a b x",
    dx=lambda xp, g, a, b, x: g * xp.exp(_log_beta_density(xp, a, b, x)),
    fixed=("a", "b"),
    accepts="real floating",
    doc="Return the regularized incomplete beta function.",
    source="DLMF 8.17.1, 8.17.2.",
    example="2.0, 3.0, [0.25, 0.5] -> [0.26171875, 0.6875    ]",
)

betaincc = named(
    "special.betaincc",
    "a b x",
    dx=lambda xp, g, a, b, x: -g * xp.exp(_log_beta_density(xp, a, b, x)),
    fixed=("a", "b"),
    accepts="real floating",
    doc="Return 1 - betainc(a, b, x), exact where that is small.",
    source="DLMF 8.17.1, 8.17.2.",
    example="2.0, 3.0, [0.25, 0.5] -> [0.73828125, 0.3125    ]",
)

betaincinv = named(
    "special.betaincinv",
    "a b y",
    dy=lambda xp, g, a, b, out: g * xp.exp(-_log_beta_density(xp, a, b, out)),
    fixed=("a", "b"),
    accepts="real floating",
    doc="Return the x for which betainc(a, b, x) is y.",
    source="DLMF 8.17.1, 8.17.2.",
    example="2.0, 3.0, [0.26171875, 0.6875] -> [0.25, 0.5 ]",
)

betainccinv = named(
    "special.betainccinv",
    "a b y",
    dy=lambda xp, g, a, b, out: -g * xp.exp(-_log_beta_density(xp, a, b, out)),
    fixed=("a", "b"),
    accepts="real floating",
    doc="Return the x for which betaincc(a, b, x) is y.",
    source="DLMF 8.17.1, 8.17.2.",
    example="2.0, 3.0, [0.73828125, 0.3125] -> [0.25, 0.5 ]",
)

stdtr = named(
    "special.stdtr",
    "df t",
    dt=lambda xp, g, df, t: g * xp.exp(_log_t_density(xp, df, t)),
    fixed=("df",),
    accepts="real floating",
    doc="Return Student's distribution function, with df degrees of freedom.",
    source="DLMF 8.17.1, 8.17.2.",
    example="3.0, [0.0, 1.0] -> [0.5       , 0.80449889]",
)

stdtrit = named(
    "special.stdtrit",
    "df p",
    dp=lambda xp, g, df, out: g * xp.exp(-_log_t_density(xp, df, out)),
    fixed=("df",),
    accepts="real floating",
    doc="Return the t for which stdtr(df, t) is p.",
    source="DLMF 8.17.1, 8.17.2.",
    example="3.0, [0.5, 0.75] -> [0.        , 0.76489233]",
)

# ---------------------------------------------------------------- made of them


@function
def chdtr(xp: Any, v: Operand, x: Operand, /) -> Any:
    """Return the distribution function of chi square with v degrees of freedom; differentiable in x."""
    return xp.special.gammainc(v / 2, x / 2)


@function
def chdtrc(xp: Any, v: Operand, x: Operand, /) -> Any:
    """Return 1 - chdtr(v, x), exact where that is small; differentiable in x."""
    return xp.special.gammaincc(v / 2, x / 2)


@function
def chdtri(xp: Any, v: Operand, p: Operand, /) -> Any:
    """Return the x for which chdtrc(v, x) is p; differentiable in p."""
    return 2 * xp.special.gammainccinv(v / 2, p)


@function
def gdtr(xp: Any, a: Operand, b: Operand, x: Operand, /) -> Any:
    """Return the distribution function of gamma with rate a and shape b; differentiable in a and x."""
    return xp.special.gammainc(b, a * x)


@function
def gdtrc(xp: Any, a: Operand, b: Operand, x: Operand, /) -> Any:
    """Return 1 - gdtr(a, b, x), exact where that is small; differentiable in a and x."""
    return xp.special.gammaincc(b, a * x)


@function
def pdtr(xp: Any, k: Operand, m: Operand, /) -> Any:
    """Return the distribution function of Poisson with mean m, at most k events; differentiable in m."""
    return xp.special.gammaincc(_whole(xp, k) + 1, m)


@function
def pdtrc(xp: Any, k: Operand, m: Operand, /) -> Any:
    """Return 1 - pdtr(k, m), exact where that is small; differentiable in m."""
    return xp.special.gammainc(_whole(xp, k) + 1, m)


@function
def pdtri(xp: Any, k: Operand, y: Operand, /) -> Any:
    """Return the m for which pdtr(k, m) is y; differentiable in y."""
    return xp.special.gammainccinv(_whole(xp, k) + 1, y)


def _left(xp: Any, k: Any, n: Any, p: Any) -> Any:
    """Return n - k and p; where all of n count, p is zero, with which all of them are surely within k."""
    rest = n - k
    return xp.where(rest == 0, 1.0, rest), xp.where(rest == 0, 0.0 * p, p)


@function
def bdtr(xp: Any, k: Operand, n: Operand, p: Operand, /) -> Any:
    """Return the binomial distribution function: at most k of n; differentiable in the probability p."""
    k = _whole(xp, k)
    rest, p = _left(xp, k, n, p)
    return xp.special.betaincc(k + 1, rest, p)


@function
def bdtrc(xp: Any, k: Operand, n: Operand, p: Operand, /) -> Any:
    """Return 1 - bdtr(k, n, p), exact where that is small; differentiable in p."""
    k = _whole(xp, k)
    rest, p = _left(xp, k, n, p)
    return xp.special.betainc(k + 1, rest, p)


@function
def bdtri(xp: Any, k: Operand, n: Operand, y: Operand, /) -> Any:
    """Return the p for which bdtr(k, n, p) is y; differentiable in y."""
    k = _whole(xp, k)
    return xp.special.betainccinv(k + 1, n - k, y)


@function
def nbdtr(xp: Any, k: Operand, n: Operand, p: Operand, /) -> Any:
    """Return the distribution function of failures, at most k before n successes; differentiable in p."""
    return xp.special.betainc(n, k + 1, p)


@function
def nbdtrc(xp: Any, k: Operand, n: Operand, p: Operand, /) -> Any:
    """Return 1 - nbdtr(k, n, p), exact where that is small; differentiable in p."""
    return xp.special.betaincc(n, k + 1, p)


@function
def nbdtri(xp: Any, k: Operand, n: Operand, y: Operand, /) -> Any:
    """Return the p for which nbdtr(k, n, p) is y; differentiable in y."""
    return xp.special.betaincinv(n, k + 1, y)


@function
def fdtr(xp: Any, dfn: Operand, dfd: Operand, x: Operand, /) -> Any:
    """Return the distribution function of F with dfn and dfd degrees of freedom; differentiable in x."""
    return xp.special.betainc(dfn / 2, dfd / 2, dfn * x / (dfd + dfn * x))


@function
def fdtrc(xp: Any, dfn: Operand, dfd: Operand, x: Operand, /) -> Any:
    """Return 1 - fdtr(dfn, dfd, x), exact where that is small; differentiable in x."""
    return xp.special.betainc(dfd / 2, dfn / 2, dfd / (dfd + dfn * x))


@function
def fdtri(xp: Any, dfn: Operand, dfd: Operand, p: Operand, /) -> Any:
    """Return the x for which fdtr(dfn, dfd, x) is p; differentiable in p."""
    y = xp.special.betainccinv(dfd / 2, dfn / 2, p)
    return dfd * (1 - y) / (dfn * y)


def _whole(xp: Any, k: Any) -> Any:
    if not hasattr(k, "dtype"):
        return math.floor(k)
    return xp.floor(k) if k.dtype.kind == "f" else k
