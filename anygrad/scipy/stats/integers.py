"""Distributions over integers."""

from __future__ import annotations

from math import inf
from typing import Any

from anygrad.scipy.stats.counts import Discrete

__all__ = [
    "bernoulli",
    "betabinom",
    "betanbinom",
    "binom",
    "dlaplace",
    "geom",
    "logser",
    "nbinom",
    "planck",
    "poisson",
]


def _probability(xp: Any, p: Any) -> Any:
    return xp.logical_and(p >= 0, p <= 1)


def _count(xp: Any, n: Any) -> Any:
    return xp.logical_and(n >= 0, xp.floor(n) == n)


poisson = Discrete(
    "poisson",
    "mu",
    valid=lambda xp, mu: mu >= 0,
    support=lambda mu: (0.0, inf),
    logpmf=lambda xp, k, mu: xp.special.xlogy(k, mu) - xp.special.gammaln(k + 1) - mu,
    cdf=lambda xp, k, mu: xp.special.pdtr(k, mu),
    sf=lambda xp, k, mu: xp.special.pdtrc(k, mu),
    mean=lambda xp, mu: mu,
    var=lambda xp, mu: mu,
    doc="Poisson's distribution of mean ``mu``.",
)


def _binom(xp: Any, k: Any, n: Any, p: Any) -> Any:
    gammaln = xp.special.gammaln
    ways = gammaln(n + 1) - (gammaln(k + 1) + gammaln(n - k + 1))
    return ways + xp.special.xlogy(k, p) + xp.special.xlog1py(n - k, -p)


binom = Discrete(
    "binom",
    "n p",
    valid=lambda xp, n, p: xp.logical_and(_count(xp, n), _probability(xp, p)),
    fine=(1.0, 0.5),
    support=lambda n, p: (0.0, n),
    logpmf=_binom,
    cdf=lambda xp, k, n, p: xp.special.bdtr(k, n, p),
    sf=lambda xp, k, n, p: xp.special.bdtrc(k, n, p),
    mean=lambda xp, n, p: n * p,
    var=lambda xp, n, p: n * p * (1 - p),
    doc="How many of ``n`` trials succeed, each with probability ``p``.",
)

bernoulli = Discrete(
    "bernoulli",
    "p",
    valid=_probability,
    fine=0.5,
    support=lambda p: (0.0, 1.0),
    logpmf=lambda xp, k, p: xp.special.xlogy(k, p) + xp.special.xlog1py(1 - k, -p),
    cdf=lambda xp, k, p: 1 - p,
    sf=lambda xp, k, p: p,
    mean=lambda xp, p: p,
    var=lambda xp, p: p * (1 - p),
    entropy=lambda xp, p: xp.special.entr(p) + xp.special.entr(1 - p),
    doc="1 with probability ``p``, and 0.",
)

geom = Discrete(
    "geom",
    "p",
    valid=lambda xp, p: xp.logical_and(p > 0, p <= 1),
    fine=0.5,
    support=lambda p: (1.0, inf),
    logpmf=lambda xp, k, p: xp.special.xlog1py(k - 1, -p) + xp.log(p),
    cdf=lambda xp, k, p: -xp.expm1(xp.special.xlog1py(k, -p)),
    sf=lambda xp, k, p: xp.exp(xp.special.xlog1py(k, -p)),
    mean=lambda xp, p: 1 / p,
    var=lambda xp, p: (1 - p) / (p * p),
    entropy=lambda xp, p: -xp.log(p) - xp.special.xlog1py(1 - p, -p) / p,
    doc="The number of the trial that succeeds first, each with probability ``p``.",
)


def _nbinom(xp: Any, k: Any, n: Any, p: Any) -> Any:
    gammaln = xp.special.gammaln
    ways = gammaln(n + k) - gammaln(k + 1) - gammaln(n)
    return ways + n * xp.log(p) + xp.special.xlog1py(k, -p)


nbinom = Discrete(
    "nbinom",
    "n p",
    valid=lambda xp, n, p: xp.logical_and(n > 0, xp.logical_and(p > 0, p <= 1)),
    fine=(1.0, 0.5),
    support=lambda n, p: (0.0, inf),
    logpmf=_nbinom,
    cdf=lambda xp, k, n, p: xp.special.betainc(n, k + 1, p),
    sf=lambda xp, k, n, p: xp.special.betaincc(n, k + 1, p),
    mean=lambda xp, n, p: n * (1 - p) / p,
    var=lambda xp, n, p: n * (1 - p) / (p * p),
    doc="How many trials fail before ``n`` succeed, each with probability ``p``.",
)


def _betabinom(xp: Any, k: Any, n: Any, a: Any, b: Any) -> Any:
    betaln = xp.special.betaln
    return -xp.log(n + 1) - betaln(n - k + 1, k + 1) + betaln(k + a, n - k + b) - betaln(a, b)


betabinom = Discrete(
    "betabinom",
    "n a b",
    valid=lambda xp, n, a, b: xp.logical_and(_count(xp, n), xp.logical_and(a > 0, b > 0)),
    support=lambda n, a, b: (0.0, n),
    logpmf=_betabinom,
    mean=lambda xp, n, a, b: n * a / (a + b),
    var=lambda xp, n, a, b: n * (a + b + n) * a * b / ((a + b) ** 2 * (a + b + 1)),
    doc="How many of ``n`` trials succeed, with a probability drawn from the beta distribution.",
)


def _betanbinom(xp: Any, k: Any, n: Any, a: Any, b: Any) -> Any:
    betaln = xp.special.betaln
    return -xp.log(n + k) - betaln(n, k + 1) + betaln(a + n, b + k) - betaln(a, b)


betanbinom = Discrete(
    "betanbinom",
    "n a b",
    valid=lambda xp, n, a, b: xp.logical_and(_count(xp, n), xp.logical_and(a > 0, b > 0)),
    support=lambda n, a, b: (0.0, inf),
    logpmf=_betanbinom,
    doc="How many trials fail before ``n`` succeed, with a probability drawn from the beta distribution.",
)

logser = Discrete(
    "logser",
    "p",
    valid=lambda xp, p: xp.logical_and(p > 0, p < 1),
    fine=0.5,
    support=lambda p: (1.0, inf),
    logpmf=lambda xp, k, p: k * xp.log(p) - xp.log(k) - xp.log(-xp.log1p(-p)),
    mean=lambda xp, p: p / ((p - 1) * xp.log1p(-p)),
    doc="The logarithmic series distribution.",
)

planck = Discrete(
    "planck",
    "lambda_",
    support=lambda lambda_: (0.0, inf),
    logpmf=lambda xp, k, lambda_: xp.log(-xp.expm1(-lambda_)) - lambda_ * k,
    cdf=lambda xp, k, lambda_: -xp.expm1(-lambda_ * (k + 1)),
    sf=lambda xp, k, lambda_: xp.exp(-lambda_ * (k + 1)),
    mean=lambda xp, lambda_: 1 / xp.expm1(lambda_),
    var=lambda xp, lambda_: xp.exp(-lambda_) / xp.expm1(-lambda_) ** 2,
    doc="Planck's distribution, that of ``floor`` of an exponential variate of rate ``lambda_``.",
)

dlaplace = Discrete(
    "dlaplace",
    "a",
    support=lambda a: (-inf, inf),
    logpmf=lambda xp, k, a: xp.log(xp.tanh(a / 2)) - a * xp.abs(k),
    mean=lambda xp, a: 0.0,
    var=lambda xp, a: 2 * xp.exp(a) / xp.expm1(a) ** 2,
    doc="Laplace's distribution over integers.",
)
