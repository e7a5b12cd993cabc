"""Continuous distributions on the whole line."""

from __future__ import annotations

import math
from math import inf, log, pi, sqrt
from typing import Any

from anygrad.scipy.stats.families import Continuous, log_of

__all__ = [
    "cauchy",
    "exponnorm",
    "gennorm",
    "gumbel_l",
    "gumbel_r",
    "hypsecant",
    "laplace",
    "logistic",
    "moyal",
    "norm",
    "skewnorm",
    "t",
    "vonmises",
]

EULER = 0.57721566490153286061
HALF_LOG_2PI = log(2 * pi) / 2


def normal(x: Any) -> Any:
    """Return the logarithm of the standard normal density."""
    return -0.5 * x * x - HALF_LOG_2PI


norm = Continuous(
    "norm",
    logpdf=lambda xp, x: normal(x),
    cdf=lambda xp, x: xp.special.ndtr(x),
    sf=lambda xp, x: xp.special.ndtr(-x),
    logcdf=lambda xp, x: xp.special.log_ndtr(x),
    logsf=lambda xp, x: xp.special.log_ndtr(-x),
    ppf=lambda xp, q: xp.special.ndtri(q),
    isf=lambda xp, q: -xp.special.ndtri(q),
    mean=lambda xp: 0.0,
    var=lambda xp: 1.0,
    entropy=lambda xp: HALF_LOG_2PI + 0.5,
    doc="The normal distribution of mean ``loc`` and standard deviation ``scale``.",
)


def _t(xp: Any, x: Any, df: Any) -> Any:
    endless = xp.isinf(df)
    k = xp.where(endless, 1.0, df)
    bell = 0.5 * (k + 1) * xp.log1p(x * x / k)
    return xp.where(endless, normal(x), -bell - 0.5 * xp.log(k) - xp.special.betaln(k / 2, 0.5))


t = Continuous(
    "t",
    "df",
    logpdf=_t,
    cdf=lambda xp, x, df: xp.special.stdtr(df, x),
    sf=lambda xp, x, df: xp.special.stdtr(df, -x),
    ppf=lambda xp, q, df: xp.special.stdtrit(df, q),
    isf=lambda xp, q, df: -xp.special.stdtrit(df, q),
    mean=lambda xp, df: xp.where(df > 1, 0.0, inf),
    var=lambda xp, df: xp.where(
        df > 2, 1 + 2 / xp.where(df > 2, df - 2, 1.0), xp.where(df > 1, inf, math.nan)
    ),
    entropy=lambda xp, df: (
        (df + 1) / 2 * (xp.special.digamma((df + 1) / 2) - xp.special.digamma(df / 2))
        + 0.5 * xp.log(df)
        + xp.special.betaln(df / 2, 0.5)
    ),
    doc="Student's distribution with ``df`` degrees of freedom.",
)

laplace = Continuous(
    "laplace",
    logpdf=lambda xp, x: -xp.abs(x) - log(2),
    cdf=lambda xp, x: xp.where(x > 0, 1 - 0.5 * xp.exp(-xp.abs(x)), 0.5 * xp.exp(-xp.abs(x))),
    sf=lambda xp, x: xp.where(x > 0, 0.5 * xp.exp(-xp.abs(x)), 1 - 0.5 * xp.exp(-xp.abs(x))),
    ppf=lambda xp, q: xp.where(q > 0.5, -xp.log(2 * (1 - q)), xp.log(2 * q)),
    isf=lambda xp, q: xp.where(q > 0.5, xp.log(2 * (1 - q)), -xp.log(2 * q)),
    mean=lambda xp: 0.0,
    var=lambda xp: 2.0,
    entropy=lambda xp: log(2) + 1,
    doc="Laplace's distribution; at ``loc`` the gradient of the density is 0.",
)

logistic = Continuous(
    "logistic",
    logpdf=lambda xp, x: xp.special.log_expit(x) + xp.special.log_expit(-x),
    cdf=lambda xp, x: xp.special.expit(x),
    sf=lambda xp, x: xp.special.expit(-x),
    logcdf=lambda xp, x: xp.special.log_expit(x),
    logsf=lambda xp, x: xp.special.log_expit(-x),
    ppf=lambda xp, q: xp.special.logit(q),
    isf=lambda xp, q: -xp.special.logit(q),
    mean=lambda xp: 0.0,
    var=lambda xp: pi * pi / 3,
    entropy=lambda xp: 2.0,
    doc="The logistic distribution.",
)

cauchy = Continuous(
    "cauchy",
    logpdf=lambda xp, x: -log(pi) - xp.log1p(x * x),
    cdf=lambda xp, x: xp.atan2(xp.ones_like(x), -x) / pi,
    sf=lambda xp, x: xp.atan2(xp.ones_like(x), x) / pi,
    ppf=lambda xp, q: -1 / xp.tan(pi * q),
    isf=lambda xp, q: 1 / xp.tan(pi * q),
    mean=lambda xp: math.nan,
    var=lambda xp: math.nan,
    entropy=lambda xp: log(4 * pi),
    doc="Cauchy's distribution, which has no moments.",
)

gumbel_r = Continuous(
    "gumbel_r",
    logpdf=lambda xp, x: -x - xp.exp(-x),
    cdf=lambda xp, x: xp.exp(-xp.exp(-x)),
    sf=lambda xp, x: -xp.expm1(-xp.exp(-x)),
    logcdf=lambda xp, x: -xp.exp(-x),
    ppf=lambda xp, q: -xp.log(-xp.log(q)),
    isf=lambda xp, q: -xp.log(-xp.log1p(-q)),
    mean=lambda xp: EULER,
    var=lambda xp: pi * pi / 6,
    entropy=lambda xp: EULER + 1,
    doc="Gumbel's distribution of largest values.",
)

gumbel_l = Continuous(
    "gumbel_l",
    logpdf=lambda xp, x: x - xp.exp(x),
    cdf=lambda xp, x: -xp.expm1(-xp.exp(x)),
    sf=lambda xp, x: xp.exp(-xp.exp(x)),
    logsf=lambda xp, x: -xp.exp(x),
    ppf=lambda xp, q: xp.log(-xp.log1p(-q)),
    isf=lambda xp, q: xp.log(-xp.log(q)),
    mean=lambda xp: -EULER,
    var=lambda xp: pi * pi / 6,
    entropy=lambda xp: EULER + 1,
    doc="Gumbel's distribution of least values.",
)


def _skewed(a: Any) -> Any:
    return sqrt(2 / pi) * a / (1 + a * a) ** 0.5


skewnorm = Continuous(
    "skewnorm",
    "a",
    valid=lambda xp, a: xp.isfinite(a),
    logpdf=lambda xp, x, a: log(2) + normal(x) + xp.special.log_ndtr(a * x),
    mean=lambda xp, a: _skewed(a),
    var=lambda xp, a: 1 - _skewed(a) ** 2,
    doc="The normal distribution, skewed by ``a``.",
)


def _gennorm_cdf(xp: Any, x: Any, beta: Any) -> Any:
    middle = x == 0
    y = xp.where(middle, 1.0, x)
    tail = 0.5 * xp.special.gammaincc(1 / beta, xp.abs(y) ** beta)
    return xp.where(middle, 0.5 + x / (2 * xp.special.gamma(1 + 1 / beta)), xp.where(x > 0, 1 - tail, tail))


gennorm = Continuous(
    "gennorm",
    "beta",
    logpdf=lambda xp, x, beta: xp.log(beta / 2) - xp.special.gammaln(1 / beta) - xp.abs(x) ** beta,
    cdf=_gennorm_cdf,
    sf=lambda xp, x, beta: _gennorm_cdf(xp, -x, beta),
    ppf=lambda xp, q, beta: (
        xp.sign(q - 0.5) * xp.special.gammaincinv(1 / beta, xp.abs(2 * q - 1)) ** (1 / beta)
    ),
    mean=lambda xp, beta: 0.0,
    var=lambda xp, beta: xp.exp(xp.special.gammaln(3 / beta) - xp.special.gammaln(1 / beta)),
    entropy=lambda xp, beta: 1 / beta - xp.log(beta / 2) + xp.special.gammaln(1 / beta),
    doc="The generalized normal distribution, ``exp(-abs(x) ** beta)`` but for a factor.",
)

hypsecant = Continuous(
    "hypsecant",
    logpdf=lambda xp, x: log(2 / pi) - xp.logaddexp(x, -x),
    cdf=lambda xp, x: 2 / pi * xp.atan(xp.exp(x)),
    sf=lambda xp, x: 2 / pi * xp.atan(xp.exp(-x)),
    ppf=lambda xp, q: xp.log(xp.tan(pi * q / 2)),
    isf=lambda xp, q: -xp.log(xp.tan(pi * q / 2)),
    mean=lambda xp: 0.0,
    var=lambda xp: pi * pi / 4,
    entropy=lambda xp: log(2 * pi),
    doc="The distribution whose density is a hyperbolic secant.",
)

moyal = Continuous(
    "moyal",
    logpdf=lambda xp, x: -0.5 * (x + xp.exp(-x)) - HALF_LOG_2PI,
    cdf=lambda xp, x: xp.special.erfc(xp.exp(-0.5 * x) / sqrt(2)),
    sf=lambda xp, x: xp.special.erf(xp.exp(-0.5 * x) / sqrt(2)),
    ppf=lambda xp, q: -xp.log(2 * xp.special.erfcinv(q) ** 2),
    mean=lambda xp: EULER + log(2),
    var=lambda xp: pi * pi / 2,
    doc="Moyal's distribution.",
)


def _exponnorm(xp: Any, x: Any, K: Any) -> Any:
    """Return the logarithm of K times the density."""
    return (0.5 / K - x) / K + xp.special.log_ndtr(x - 1 / K)


exponnorm = Continuous(
    "exponnorm",
    "K",
    logpdf=lambda xp, x, K: _exponnorm(xp, x, K) - xp.log(K),
    cdf=lambda xp, x, K: xp.special.ndtr(x) - xp.exp(_exponnorm(xp, x, K)),
    sf=lambda xp, x, K: xp.special.ndtr(-x) + xp.exp(_exponnorm(xp, x, K)),
    mean=lambda xp, K: K,
    var=lambda xp, K: 1 + K * K,
    doc="The sum of a normal and an exponential variate, of mean ``K``.",
)

vonmises = Continuous(
    "vonmises",
    "kappa",
    valid=lambda xp, kappa: kappa >= 0,
    logpdf=lambda xp, x, kappa: kappa * xp.special.cosm1(x) - log(2 * pi) - log_of(xp, xp.special.i0e(kappa)),
    mean=lambda xp, kappa: 0.0,
    entropy=lambda xp, kappa: (
        kappa - kappa * xp.special.i1e(kappa) / xp.special.i0e(kappa) + xp.log(2 * pi * xp.special.i0e(kappa))
    ),
    doc="Von Mises' distribution on the circle, concentrated by ``kappa``.",
)
