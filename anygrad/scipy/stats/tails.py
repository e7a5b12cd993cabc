"""More continuous distributions of positive numbers: what waits, and what has a long tail."""

from __future__ import annotations

from math import inf, log, pi
from typing import Any

from anygrad.scipy.stats.families import Continuous, power_log
from anygrad.scipy.stats.halves import POSITIVE, above
from anygrad.scipy.stats.lines import HALF_LOG_2PI

__all__ = ["fisk", "invgauss", "levy", "nakagami", "wald"]


def _invgauss(xp: Any, x: Any, mu: Any = 1.0) -> Any:
    zero = x == 0
    y = xp.where(zero, 1.0, x)
    return xp.where(zero, -inf, -HALF_LOG_2PI - 1.5 * xp.log(y) - (y / mu - 1) ** 2 / (2 * y))


def _invgauss_tail(xp: Any, x: Any, mu: Any, side: int) -> Any:
    root = 1 / xp.sqrt(x)
    a = xp.special.log_ndtr(side * root * (x / mu - 1))
    b = 2 / mu + xp.special.log_ndtr(-root * (x + mu) / mu)
    return a + (xp.log1p(xp.exp(b - a)) if side > 0 else xp.log1p(-xp.exp(b - a)))


def _inverse_gauss(name: str, shapes: str, doc: str) -> Continuous:
    def tail(side: int) -> Any:
        return lambda xp, x, mu=1.0: xp.exp(_invgauss_tail(xp, x, mu, side))

    return Continuous(
        name,
        shapes,
        support=POSITIVE,
        logpdf=_invgauss,
        cdf=tail(1),
        sf=tail(-1),
        logcdf=lambda xp, x, mu=1.0: _invgauss_tail(xp, x, mu, 1),
        logsf=lambda xp, x, mu=1.0: _invgauss_tail(xp, x, mu, -1),
        mean=lambda xp, mu=1.0: mu,
        var=lambda xp, mu=1.0: mu**3,
        doc=doc,
    )


invgauss = _inverse_gauss("invgauss", "mu", "The inverse Gaussian distribution of mean ``mu``.")
wald = _inverse_gauss("wald", "", "The inverse Gaussian distribution of mean 1.")


def _fisk_var(xp: Any, c: Any) -> Any:
    return above(xp, c, 2, lambda c: 2 * pi / c / xp.sin(2 * pi / c) - (pi / c / xp.sin(pi / c)) ** 2)


fisk = Continuous(
    "fisk",
    "c",
    support=POSITIVE,
    logpdf=lambda xp, x, c: xp.log(c) + power_log(xp, c - 1, x) - 2 * xp.log1p(x**c),
    cdf=lambda xp, x, c: xp.special.expit(c * xp.log(x)),
    sf=lambda xp, x, c: xp.special.expit(-c * xp.log(x)),
    ppf=lambda xp, q, c: xp.exp(xp.special.logit(q) / c),
    isf=lambda xp, q, c: xp.exp(-xp.special.logit(q) / c),
    mean=lambda xp, c: above(xp, c, 1, lambda c: pi / c / xp.sin(pi / c)),
    var=_fisk_var,
    entropy=lambda xp, c: 2 - xp.log(c),
    doc="The exponential of a logistic variate of scale ``1 / c``.",
)


def _nakagami_mean(xp: Any, nu: Any) -> Any:
    return xp.exp(xp.special.gammaln(nu + 0.5) - xp.special.gammaln(nu)) / nu**0.5


nakagami = Continuous(
    "nakagami",
    "nu",
    support=POSITIVE,
    logpdf=lambda xp, x, nu: (
        log(2) + xp.special.xlogy(nu, nu) - xp.special.gammaln(nu) + power_log(xp, 2 * nu - 1, x) - nu * x * x
    ),
    cdf=lambda xp, x, nu: xp.special.gammainc(nu, nu * x * x),
    sf=lambda xp, x, nu: xp.special.gammaincc(nu, nu * x * x),
    ppf=lambda xp, q, nu: (xp.special.gammaincinv(nu, q) / nu) ** 0.5,
    isf=lambda xp, q, nu: (xp.special.gammainccinv(nu, q) / nu) ** 0.5,
    mean=_nakagami_mean,
    var=lambda xp, nu: 1 - _nakagami_mean(xp, nu) ** 2,
    doc="Nakagami's distribution.",
)

levy = Continuous(
    "levy",
    support=POSITIVE,
    logpdf=lambda xp, x: xp.where(
        x == 0,
        -inf,
        -HALF_LOG_2PI - 1.5 * xp.log(xp.where(x == 0, 1.0, x)) - 0.5 / xp.where(x == 0, 1.0, x),
    ),
    cdf=lambda xp, x: xp.special.erfc(xp.sqrt(0.5 / x)),
    sf=lambda xp, x: xp.special.erf(xp.sqrt(0.5 / x)),
    ppf=lambda xp, q: 0.5 / xp.special.erfcinv(q) ** 2,
    isf=lambda xp, q: 0.5 / xp.special.erfinv(q) ** 2,
    mean=lambda xp: inf,
    var=lambda xp: inf,
    doc="Lévy's distribution.",
)
