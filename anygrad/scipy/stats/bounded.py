"""Continuous distributions between two bounds."""

from __future__ import annotations

from math import inf, log, pi
from typing import Any

from anygrad.scipy.stats.families import Continuous, power_log
from anygrad.scipy.stats.lines import HALF_LOG_2PI, normal

__all__ = [
    "arcsine",
    "beta",
    "loguniform",
    "powerlaw",
    "reciprocal",
    "triang",
    "truncexpon",
    "truncnorm",
    "uniform",
]

UNIT = (0.0, 1.0)

uniform = Continuous(
    "uniform",
    support=UNIT,
    logpdf=lambda xp, x: 0.0 * x,
    cdf=lambda xp, x: x,
    sf=lambda xp, x: 1 - x,
    ppf=lambda xp, q: q,
    isf=lambda xp, q: 1 - q,
    mean=lambda xp: 0.5,
    var=lambda xp: 1 / 12,
    entropy=lambda xp: 0.0,
    doc="The even distribution from ``loc`` to ``loc + scale``.",
)


def _beta(xp: Any, x: Any, a: Any, b: Any) -> Any:
    one = x == 1
    upper = xp.where(one, power_log(xp, b - 1, 1 - x), xp.special.xlog1py(b - 1, -xp.where(one, 0.5, x)))
    return upper + power_log(xp, a - 1, x) - xp.special.betaln(a, b)


def _beta_entropy(xp: Any, a: Any, b: Any) -> Any:
    digamma = xp.special.digamma
    return (
        xp.special.betaln(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b) + (a + b - 2) * digamma(a + b)
    )


beta = Continuous(
    "beta",
    "a b",
    support=UNIT,
    logpdf=_beta,
    cdf=lambda xp, x, a, b: xp.special.betainc(a, b, x),
    sf=lambda xp, x, a, b: xp.special.betaincc(a, b, x),
    ppf=lambda xp, q, a, b: xp.special.betaincinv(a, b, q),
    isf=lambda xp, q, a, b: xp.special.betainccinv(a, b, q),
    mean=lambda xp, a, b: a / (a + b),
    var=lambda xp, a, b: a * b / ((a + b) ** 2 * (a + b + 1)),
    entropy=_beta_entropy,
    doc="The beta distribution of shapes ``a`` and ``b``.",
)

arcsine = Continuous(
    "arcsine",
    support=UNIT,
    logpdf=lambda xp, x: -log(pi) + power_log(xp, -0.5, x) + power_log(xp, -0.5, 1 - x),
    cdf=lambda xp, x: 2 / pi * xp.asin(xp.sqrt(x)),
    ppf=lambda xp, q: xp.sin(pi / 2 * q) ** 2,
    mean=lambda xp: 0.5,
    var=lambda xp: 1 / 8,
    entropy=lambda xp: log(pi / 4),
    doc="The arcsine distribution.",
)

powerlaw = Continuous(
    "powerlaw",
    "a",
    support=UNIT,
    logpdf=lambda xp, x, a: xp.log(a) + power_log(xp, a - 1, x),
    cdf=lambda xp, x, a: x**a,
    sf=lambda xp, x, a: -xp.expm1(a * xp.log(x)),
    logcdf=lambda xp, x, a: a * xp.log(x),
    ppf=lambda xp, q, a: q ** (1 / a),
    mean=lambda xp, a: a / (a + 1),
    var=lambda xp, a: a / ((a + 2) * (a + 1) ** 2),
    entropy=lambda xp, a: 1 - 1 / a - xp.log(a),
    doc="The distribution whose density grows as ``x ** (a - 1)``.",
)

truncexpon = Continuous(
    "truncexpon",
    "b",
    support=lambda b: (0.0, b),
    logpdf=lambda xp, x, b: -x - xp.log(-xp.expm1(-b)),
    cdf=lambda xp, x, b: xp.expm1(-x) / xp.expm1(-b),
    sf=lambda xp, x, b: (xp.exp(-b) - xp.exp(-x)) / xp.expm1(-b),
    ppf=lambda xp, q, b: -xp.log1p(q * xp.expm1(-b)),
    mean=lambda xp, b: 1 - b / xp.expm1(b),
    doc="The exponential distribution, cut off at ``b``.",
)


def _reciprocal_var(xp: Any, a: Any, b: Any) -> Any:
    width = xp.log(b) - xp.log(a)
    return (b * b - a * a) / (2 * width) - ((b - a) / width) ** 2


def _reciprocal(name: str) -> Continuous:
    return Continuous(
        name,
        "a b",
        valid=lambda xp, a, b: xp.logical_and(a > 0, b > a),
        fine=(1.0, 2.0),
        support=lambda a, b: (a, b),
        logpdf=lambda xp, x, a, b: -xp.log(x) - xp.log(xp.log(b) - xp.log(a)),
        cdf=lambda xp, x, a, b: (xp.log(x) - xp.log(a)) / (xp.log(b) - xp.log(a)),
        sf=lambda xp, x, a, b: (xp.log(b) - xp.log(x)) / (xp.log(b) - xp.log(a)),
        ppf=lambda xp, q, a, b: xp.exp(xp.log(a) + q * (xp.log(b) - xp.log(a))),
        mean=lambda xp, a, b: (b - a) / (xp.log(b) - xp.log(a)),
        var=_reciprocal_var,
        entropy=lambda xp, a, b: 0.5 * (xp.log(a) + xp.log(b)) + xp.log(xp.log(b) - xp.log(a)),
        doc="The distribution from ``a`` to ``b`` whose logarithm is even.",
    )


loguniform, reciprocal = _reciprocal("loguniform"), _reciprocal("reciprocal")


def _triang(xp: Any, x: Any, c: Any) -> Any:
    """Return the density; on its two sides, each of which may be empty."""
    left = xp.logical_and(x < c, c > 0)
    right = xp.logical_not(xp.logical_or(left, c == 1))
    rise = 2 * x / xp.where(c == 0, 1.0, c)
    fall = 2 * (1 - x) / xp.where(c == 1, 1.0, 1 - c)
    found = xp.where(left, rise, xp.where(right, fall, 2 * x))
    zero = found <= 0
    return xp.where(zero, -inf, xp.log(xp.where(zero, 1.0, found)))


triang = Continuous(
    "triang",
    "c",
    valid=lambda xp, c: xp.logical_and(c >= 0, c <= 1),
    fine=0.5,
    support=UNIT,
    logpdf=_triang,
    cdf=lambda xp, x, c: xp.where(
        x < c, x * x / xp.where(c == 0, 1.0, c), 1 - (1 - x) ** 2 / xp.where(c == 1, 1.0, 1 - c)
    ),
    ppf=lambda xp, q, c: xp.where(
        q < c, xp.sqrt(xp.where(q < c, c * q, 1.0)), 1 - xp.sqrt(xp.where(q < c, 1.0, (1 - c) * (1 - q)))
    ),
    mean=lambda xp, c: (c + 1) / 3,
    var=lambda xp, c: (1 - c + c * c) / 18,
    entropy=lambda xp, c: 0.5 - log(2) + 0 * c,
    doc="The triangle whose peak is at ``c``.",
)

# ---------------------------------------------------------------- the normal distribution, cut off


def log_mass(xp: Any, a: Any, b: Any) -> Any:
    """Return the logarithm of a normal variate's probability to lie between a and b, exact in both tails."""
    flipped = a > 0
    low, high = xp.where(flipped, -b, a), xp.where(flipped, -a, b)
    tail = high <= 0
    less, more = _log_ndtr(xp, low), _log_ndtr(xp, xp.where(tail, high, 0.0))
    apart = xp.where(tail, less - more, -1.0)
    outer = more + xp.log(-xp.expm1(xp.where(apart < 0, apart, -inf)))
    outer = xp.where(apart < 0, outer, -inf)
    inner = xp.log1p(-xp.special.ndtr(low) - xp.special.ndtr(-xp.where(tail, 1.0, high)))
    return xp.where(tail, outer, inner)


def _log_ndtr(xp: Any, x: Any) -> Any:
    endless = x == -inf
    return xp.where(endless, -inf, xp.special.log_ndtr(xp.where(endless, 0.0, x)))


def _edge(xp: Any, a: Any, mass: Any) -> Any:
    """Return the density at a bound, 0 where there is none."""
    endless = xp.isinf(a)
    return xp.where(endless, 0.0, xp.exp(normal(xp.where(endless, 0.0, a)) - mass))


def _finite(xp: Any, a: Any) -> Any:
    return xp.where(xp.isinf(a), 0.0, a)


def _truncnorm_ppf(xp: Any, q: Any, a: Any, b: Any) -> Any:
    mass, left = log_mass(xp, a, b), a < 0
    low, high = _log_ndtr(xp, xp.where(left, a, 0.0)), _log_ndtr(xp, xp.where(left, 0.0, -b))
    below = xp.special.ndtri_exp(xp.where(left, xp.logaddexp(low, xp.log(q) + mass), -1.0))
    above = -xp.special.ndtri_exp(xp.where(left, -1.0, xp.logaddexp(high, xp.log1p(-q) + mass)))
    return xp.where(left, below, above)


def _truncnorm_mean(xp: Any, a: Any, b: Any) -> Any:
    mass = log_mass(xp, a, b)
    return _edge(xp, a, mass) - _edge(xp, b, mass)


def _truncnorm_excess(xp: Any, a: Any, b: Any) -> Any:
    mass = log_mass(xp, a, b)
    return _finite(xp, a) * _edge(xp, a, mass) - _finite(xp, b) * _edge(xp, b, mass)


def _inside(low: Any, high: Any) -> Any:
    """Return a point between two bounds, one of which or both may be infinite."""
    xp = low.xp.tensors
    open_low, open_high = xp.isinf(low), xp.isinf(high)
    middle = (xp.where(open_low, 0.0, low) + xp.where(open_high, 0.0, high)) / 2
    one_sided = xp.where(open_low, high - 1.0, low + 1.0)
    both = xp.where(xp.logical_and(open_low, open_high), 0.0, one_sided)
    return xp.where(xp.logical_or(open_low, open_high), both, middle)


truncnorm = Continuous(
    "truncnorm",
    "a b",
    valid=lambda xp, a, b: a < b,
    fine=(-1.0, 1.0),
    inside=_inside,
    support=lambda a, b: (a, b),
    logpdf=lambda xp, x, a, b: normal(x) - log_mass(xp, a, b),
    cdf=lambda xp, x, a, b: xp.exp(log_mass(xp, a, x) - log_mass(xp, a, b)),
    sf=lambda xp, x, a, b: xp.exp(log_mass(xp, x, b) - log_mass(xp, a, b)),
    logcdf=lambda xp, x, a, b: log_mass(xp, a, x) - log_mass(xp, a, b),
    logsf=lambda xp, x, a, b: log_mass(xp, x, b) - log_mass(xp, a, b),
    ppf=_truncnorm_ppf,
    mean=_truncnorm_mean,
    var=lambda xp, a, b: 1 + _truncnorm_excess(xp, a, b) - _truncnorm_mean(xp, a, b) ** 2,
    entropy=lambda xp, a, b: log_mass(xp, a, b) + HALF_LOG_2PI + 0.5 + 0.5 * _truncnorm_excess(xp, a, b),
    doc="The normal distribution between ``a`` and ``b``, in units of its standard deviation.",
)
