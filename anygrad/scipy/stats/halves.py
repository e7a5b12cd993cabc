"""Continuous distributions of positive numbers."""

from __future__ import annotations

from math import inf, log, pi, sqrt
from typing import Any

from anygrad.scipy.stats.families import Continuous, power_log
from anygrad.scipy.stats.lines import EULER, HALF_LOG_2PI

__all__ = [
    "chi",
    "chi2",
    "erlang",
    "expon",
    "f",
    "gamma",
    "halfcauchy",
    "halflogistic",
    "halfnorm",
    "invgamma",
    "lognorm",
    "lomax",
    "maxwell",
    "pareto",
    "rayleigh",
    "weibull_max",
    "weibull_min",
]

POSITIVE = (0.0, inf)


def above(xp: Any, x: Any, least: float, formula: Any) -> Any:
    """Return a moment that exists for shapes above a number, inf else."""
    there = x > least
    return xp.where(there, formula(xp.where(there, x, least + 1.0)), inf)


expon = Continuous(
    "expon",
    support=POSITIVE,
    logpdf=lambda xp, x: -x,
    cdf=lambda xp, x: -xp.expm1(-x),
    sf=lambda xp, x: xp.exp(-x),
    logsf=lambda xp, x: -x,
    ppf=lambda xp, q: -xp.log1p(-q),
    isf=lambda xp, q: -xp.log(q),
    mean=lambda xp: 1.0,
    var=lambda xp: 1.0,
    entropy=lambda xp: 1.0,
    doc="The exponential distribution of mean ``scale``.",
)


def _gamma_entropy(xp: Any, a: Any) -> Any:
    return a + xp.special.gammaln(a) + (1 - a) * xp.special.digamma(a)


def _gamma(name: str, doc: str) -> Continuous:
    return Continuous(
        name,
        "a",
        support=POSITIVE,
        logpdf=lambda xp, x, a: power_log(xp, a - 1, x) - x - xp.special.gammaln(a),
        cdf=lambda xp, x, a: xp.special.gammainc(a, x),
        sf=lambda xp, x, a: xp.special.gammaincc(a, x),
        ppf=lambda xp, q, a: xp.special.gammaincinv(a, q),
        isf=lambda xp, q, a: xp.special.gammainccinv(a, q),
        mean=lambda xp, a: a,
        var=lambda xp, a: a,
        entropy=_gamma_entropy,
        doc=doc,
    )


gamma = _gamma("gamma", "The gamma distribution of shape ``a``.")
erlang = _gamma("erlang", "The sum of ``a`` exponential variates.")

chi2 = Continuous(
    "chi2",
    "df",
    support=POSITIVE,
    logpdf=lambda xp, x, df: (
        power_log(xp, df / 2 - 1, x) - x / 2 - xp.special.gammaln(df / 2) - df * (log(2) / 2)
    ),
    cdf=lambda xp, x, df: xp.special.gammainc(df / 2, x / 2),
    sf=lambda xp, x, df: xp.special.gammaincc(df / 2, x / 2),
    ppf=lambda xp, q, df: 2 * xp.special.gammaincinv(df / 2, q),
    isf=lambda xp, q, df: 2 * xp.special.gammainccinv(df / 2, q),
    mean=lambda xp, df: df,
    var=lambda xp, df: 2 * df,
    entropy=lambda xp, df: _gamma_entropy(xp, df / 2) + log(2),
    doc="Chi square with ``df`` degrees of freedom.",
)


def _chi_mean(xp: Any, df: Any) -> Any:
    return sqrt(2) * xp.exp(xp.special.gammaln(df / 2 + 0.5) - xp.special.gammaln(df / 2))


chi = Continuous(
    "chi",
    "df",
    support=POSITIVE,
    logpdf=lambda xp, x, df: (
        log(2) - df * (log(2) / 2) - xp.special.gammaln(df / 2) + power_log(xp, df - 1, x) - x * x / 2
    ),
    cdf=lambda xp, x, df: xp.special.gammainc(df / 2, x * x / 2),
    sf=lambda xp, x, df: xp.special.gammaincc(df / 2, x * x / 2),
    ppf=lambda xp, q, df: (2 * xp.special.gammaincinv(df / 2, q)) ** 0.5,
    isf=lambda xp, q, df: (2 * xp.special.gammainccinv(df / 2, q)) ** 0.5,
    mean=_chi_mean,
    var=lambda xp, df: df - _chi_mean(xp, df) ** 2,
    doc="The root of chi square with ``df`` degrees of freedom.",
)


def _lognorm(xp: Any, x: Any, s: Any) -> Any:
    zero = x == 0
    y = xp.log(xp.where(zero, 1.0, x))
    return xp.where(zero, -inf, -0.5 * (y / s) ** 2 - y - xp.log(s) - HALF_LOG_2PI)


lognorm = Continuous(
    "lognorm",
    "s",
    support=POSITIVE,
    logpdf=_lognorm,
    cdf=lambda xp, x, s: xp.special.ndtr(xp.log(x) / s),
    sf=lambda xp, x, s: xp.special.ndtr(-xp.log(x) / s),
    logcdf=lambda xp, x, s: xp.special.log_ndtr(xp.log(x) / s),
    logsf=lambda xp, x, s: xp.special.log_ndtr(-xp.log(x) / s),
    ppf=lambda xp, q, s: xp.exp(s * xp.special.ndtri(q)),
    isf=lambda xp, q, s: xp.exp(-s * xp.special.ndtri(q)),
    mean=lambda xp, s: xp.exp(s * s / 2),
    var=lambda xp, s: xp.exp(s * s) * xp.expm1(s * s),
    entropy=lambda xp, s: 0.5 + HALF_LOG_2PI + xp.log(s),
    doc="The exponential of a normal variate of standard deviation ``s``.",
)

pareto = Continuous(
    "pareto",
    "b",
    support=(1.0, inf),
    logpdf=lambda xp, x, b: xp.log(b) - (b + 1) * xp.log(x),
    cdf=lambda xp, x, b: -xp.expm1(-b * xp.log(x)),
    sf=lambda xp, x, b: xp.exp(-b * xp.log(x)),
    logsf=lambda xp, x, b: -b * xp.log(x),
    ppf=lambda xp, q, b: xp.exp(-xp.log1p(-q) / b),
    isf=lambda xp, q, b: xp.exp(-xp.log(q) / b),
    mean=lambda xp, b: above(xp, b, 1, lambda b: b / (b - 1)),
    var=lambda xp, b: above(xp, b, 2, lambda b: b / ((b - 2) * (b - 1) ** 2)),
    entropy=lambda xp, b: 1 + 1 / b - xp.log(b),
    doc="Pareto's distribution, of numbers above 1.",
)

lomax = Continuous(
    "lomax",
    "c",
    support=POSITIVE,
    logpdf=lambda xp, x, c: xp.log(c) - (c + 1) * xp.log1p(x),
    cdf=lambda xp, x, c: -xp.expm1(-c * xp.log1p(x)),
    sf=lambda xp, x, c: xp.exp(-c * xp.log1p(x)),
    logsf=lambda xp, x, c: -c * xp.log1p(x),
    ppf=lambda xp, q, c: xp.expm1(-xp.log1p(-q) / c),
    isf=lambda xp, q, c: xp.expm1(-xp.log(q) / c),
    mean=lambda xp, c: above(xp, c, 1, lambda c: 1 / (c - 1)),
    var=lambda xp, c: above(xp, c, 2, lambda c: c / ((c - 2) * (c - 1) ** 2)),
    entropy=lambda xp, c: 1 + 1 / c - xp.log(c),
    doc="Pareto's distribution, moved to start at 0.",
)


def _weibull_var(xp: Any, c: Any) -> Any:
    return xp.special.gamma(1 + 2 / c) - xp.special.gamma(1 + 1 / c) ** 2


weibull_min = Continuous(
    "weibull_min",
    "c",
    support=POSITIVE,
    logpdf=lambda xp, x, c: xp.log(c) + power_log(xp, c - 1, x) - x**c,
    cdf=lambda xp, x, c: -xp.expm1(-(x**c)),
    sf=lambda xp, x, c: xp.exp(-(x**c)),
    logsf=lambda xp, x, c: -(x**c),
    ppf=lambda xp, q, c: (-xp.log1p(-q)) ** (1 / c),
    isf=lambda xp, q, c: (-xp.log(q)) ** (1 / c),
    mean=lambda xp, c: xp.special.gamma(1 + 1 / c),
    var=_weibull_var,
    entropy=lambda xp, c: EULER * (1 - 1 / c) - xp.log(c) + 1,
    doc="Weibull's distribution of least values.",
)

weibull_max = Continuous(
    "weibull_max",
    "c",
    support=(-inf, 0.0),
    logpdf=lambda xp, x, c: xp.log(c) + power_log(xp, c - 1, -x) - (-x) ** c,
    cdf=lambda xp, x, c: xp.exp(-((-x) ** c)),
    sf=lambda xp, x, c: -xp.expm1(-((-x) ** c)),
    logcdf=lambda xp, x, c: -((-x) ** c),
    ppf=lambda xp, q, c: -((-xp.log(q)) ** (1 / c)),
    isf=lambda xp, q, c: -((-xp.log1p(-q)) ** (1 / c)),
    mean=lambda xp, c: -xp.special.gamma(1 + 1 / c),
    var=_weibull_var,
    entropy=lambda xp, c: EULER * (1 - 1 / c) - xp.log(c) + 1,
    doc="Weibull's distribution of largest values, all below 0.",
)

halfnorm = Continuous(
    "halfnorm",
    support=POSITIVE,
    logpdf=lambda xp, x: 0.5 * log(2 / pi) - x * x / 2,
    cdf=lambda xp, x: xp.special.erf(x / sqrt(2)),
    sf=lambda xp, x: xp.special.erfc(x / sqrt(2)),
    ppf=lambda xp, q: sqrt(2) * xp.special.erfinv(q),
    isf=lambda xp, q: sqrt(2) * xp.special.erfcinv(q),
    mean=lambda xp: sqrt(2 / pi),
    var=lambda xp: 1 - 2 / pi,
    entropy=lambda xp: 0.5 * log(pi / 2) + 0.5,
    doc="The absolute value of a normal variate.",
)

halfcauchy = Continuous(
    "halfcauchy",
    support=POSITIVE,
    logpdf=lambda xp, x: log(2 / pi) - xp.log1p(x * x),
    cdf=lambda xp, x: 2 / pi * xp.atan(x),
    sf=lambda xp, x: 2 / pi * xp.atan2(xp.ones_like(x), x),
    ppf=lambda xp, q: xp.tan(pi / 2 * q),
    isf=lambda xp, q: 1 / xp.tan(pi / 2 * q),
    mean=lambda xp: inf,
    var=lambda xp: inf,
    entropy=lambda xp: log(2 * pi),
    doc="The absolute value of a Cauchy variate.",
)

halflogistic = Continuous(
    "halflogistic",
    support=POSITIVE,
    logpdf=lambda xp, x: log(2) - x - 2 * xp.log1p(xp.exp(-x)),
    cdf=lambda xp, x: xp.tanh(x / 2),
    sf=lambda xp, x: 2 * xp.special.expit(-x),
    ppf=lambda xp, q: 2 * xp.atanh(q),
    isf=lambda xp, q: -xp.special.logit(q / 2),
    mean=lambda xp: 2 * log(2),
    var=lambda xp: pi * pi / 3 - (2 * log(2)) ** 2,
    entropy=lambda xp: 2 - log(2),
    doc="The absolute value of a logistic variate.",
)

invgamma = Continuous(
    "invgamma",
    "a",
    support=POSITIVE,
    logpdf=lambda xp, x, a: xp.where(
        x == 0,
        -inf,
        -(a + 1) * xp.log(xp.where(x == 0, 1.0, x)) - xp.special.gammaln(a) - 1 / xp.where(x == 0, 1.0, x),
    ),
    cdf=lambda xp, x, a: xp.special.gammaincc(a, 1 / x),
    sf=lambda xp, x, a: xp.special.gammainc(a, 1 / x),
    ppf=lambda xp, q, a: 1 / xp.special.gammainccinv(a, q),
    isf=lambda xp, q, a: 1 / xp.special.gammaincinv(a, q),
    mean=lambda xp, a: above(xp, a, 1, lambda a: 1 / (a - 1)),
    var=lambda xp, a: above(xp, a, 2, lambda a: 1 / ((a - 2) * (a - 1) ** 2)),
    entropy=lambda xp, a: a - (a + 1) * xp.special.digamma(a) + xp.special.gammaln(a),
    doc="The inverse of a gamma variate of shape ``a``.",
)


def _f(xp: Any, x: Any, n: Any, m: Any) -> Any:
    whole = m / 2 * xp.log(m) + n / 2 * xp.log(n) + power_log(xp, n / 2 - 1, x)
    return whole - (n + m) / 2 * xp.log(m + n * x) - xp.special.betaln(n / 2, m / 2)


def _f_var(xp: Any, n: Any, m: Any) -> Any:
    return above(xp, m, 4, lambda m: 2 * m * m * (n + m - 2) / (n * (m - 2) ** 2 * (m - 4)))


f = Continuous(
    "f",
    "dfn dfd",
    support=POSITIVE,
    logpdf=_f,
    cdf=lambda xp, x, n, m: xp.special.fdtr(n, m, x),
    sf=lambda xp, x, n, m: xp.special.fdtrc(n, m, x),
    ppf=lambda xp, q, n, m: xp.special.fdtri(n, m, q),
    mean=lambda xp, n, m: xp.ones_like(n) * above(xp, m, 2, lambda m: m / (m - 2)),
    var=_f_var,
    doc="The ratio of two chi squares, each over its degrees of freedom, ``dfn`` and ``dfd``.",
)

rayleigh = Continuous(
    "rayleigh",
    support=POSITIVE,
    logpdf=lambda xp, x: power_log(xp, 1.0, x) - x * x / 2,
    cdf=lambda xp, x: -xp.expm1(-x * x / 2),
    sf=lambda xp, x: xp.exp(-x * x / 2),
    logsf=lambda xp, x: -x * x / 2,
    ppf=lambda xp, q: (-2 * xp.log1p(-q)) ** 0.5,
    isf=lambda xp, q: (-2 * xp.log(q)) ** 0.5,
    mean=lambda xp: sqrt(pi / 2),
    var=lambda xp: 2 - pi / 2,
    entropy=lambda xp: EULER / 2 + 1 - 0.5 * log(2),
    doc="The length of a vector of two normal variates.",
)

maxwell = Continuous(
    "maxwell",
    support=POSITIVE,
    logpdf=lambda xp, x: 0.5 * log(2 / pi) + power_log(xp, 2.0, x) - x * x / 2,
    cdf=lambda xp, x: xp.special.gammainc(1.5, x * x / 2),
    sf=lambda xp, x: xp.special.gammaincc(1.5, x * x / 2),
    ppf=lambda xp, q: (2 * xp.special.gammaincinv(1.5, q)) ** 0.5,
    isf=lambda xp, q: (2 * xp.special.gammainccinv(1.5, q)) ** 0.5,
    mean=lambda xp: 2 * sqrt(2 / pi),
    var=lambda xp: 3 - 8 / pi,
    entropy=lambda xp: EULER + HALF_LOG_2PI - 0.5,
    doc="The length of a vector of three normal variates.",
)
