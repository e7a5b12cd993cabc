"""Special functions in standard functions alone, for libraries that have none of their own.

Each takes the backend and its arrays; what it calls of ``xp.special`` beside what is here it declares. They
are exact to the last few bits unless they say otherwise. Knows no array library.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import inf, nan, pi, sqrt
from typing import Any

from anygrad.backends.neural import FAR, MIDDLE, NEAR, ratio

__all__ = ["DEFAULTS"]

DEFAULTS: dict[str, Any] = {}
"""Functions of a backend and arrays, by their names.

``needs`` tells what else of the extension they call; ``lifts``, that scalars are made arrays for them.
"""


def _default(*needs: str, lifts: bool = True) -> Callable[[Any], Any]:
    def declared(function: Any) -> Any:
        function.needs, function.lifts = needs, lifts
        DEFAULTS[function.__name__.removeprefix("_")] = function
        return function

    return declared


# ---------------------------------------------------------------- error functions


def _parts(xp: Any, x: Any) -> tuple[Any, Any, Any]:
    """Return erf where |x| is below 0.46875, erfcx of max(|x|, 0.46875), and where the first holds.

    Source: Cody, Rational Chebyshev approximations for the error function (1969).
    """
    a = xp.abs(x)
    near = a <= 0.46875
    inner = xp.where(near, x, 0)
    a = xp.where(near, 0.46875, a)
    inverse = xp.pow(xp.maximum(a, 1), -2.0)
    far = (1 / sqrt(pi) - inverse * ratio(inverse, *FAR)) / xp.maximum(a, 1)
    return inner * ratio(inner * inner, *NEAR), xp.where(a > 4, far, ratio(xp.minimum(a, 4), *MIDDLE)), near


@_default()
def _erf(xp: Any, x: Any) -> Any:
    small, scaled, near = _parts(xp, x)
    rest = 1 - xp.exp(-x * x) * scaled
    return xp.where(near, small, xp.where(x < 0, -rest, rest))


@_default()
def _erfc(xp: Any, x: Any) -> Any:
    small, scaled, near = _parts(xp, x)
    tail = xp.exp(-x * x) * scaled
    return xp.where(near, 1 - small, xp.where(x < 0, 2 - tail, tail))


@_default()
def _erfcx(xp: Any, x: Any) -> Any:
    small, scaled, near = _parts(xp, x)
    square = xp.exp(x * x)
    return xp.where(near, square * (1 - small), xp.where(x < 0, 2 * square - scaled, scaled))


@_default()
def _ndtr(xp: Any, x: Any) -> Any:
    return xp.ndtr(x)


@_default()
def _log_ndtr(xp: Any, x: Any) -> Any:
    below = xp.where(x < -1, x, -1)
    left = xp.log(0.5 * xp.special.erfcx(below * -sqrt(0.5))) - 0.5 * below * below
    return xp.where(x < -1, left, xp.log1p(-xp.ndtr(xp.where(x < -1, 1, -x))))


@_default("ndtri")
def _erfcinv(xp: Any, x: Any) -> Any:
    return -sqrt(0.5) * xp.special.ndtri(0.5 * x)


# ---------------------------------------------------------------- logistic functions, entropies, losses


@_default()
def _logit(xp: Any, x: Any) -> Any:
    # Near 1/2 the quotient is near 1, and of its logarithm little would be left.
    middle = xp.abs(x - 0.5) <= 0.2
    inner = xp.where(middle, 2 * x - 1, 0)
    return xp.where(middle, xp.log1p(inner) - xp.log1p(-inner), xp.log(x / (1 - x)))


@_default()
def _log_expit(xp: Any, x: Any) -> Any:
    return xp.minimum(x, 0) - xp.log1p(xp.exp(-xp.abs(x)))


@_default()
def _xlogy(xp: Any, x: Any, y: Any) -> Any:
    return xp.where((x == 0) & ~xp.isnan(y), 0, x * xp.log(y))


@_default()
def _xlog1py(xp: Any, x: Any, y: Any) -> Any:
    return xp.where((x == 0) & ~xp.isnan(y), 0, x * xp.log1p(y))


@_default()
def _entr(xp: Any, x: Any) -> Any:
    return xp.where(x == 0, 0, xp.where(x < 0, -inf, -x * xp.log(x)))


@_default()
def _rel_entr(xp: Any, x: Any, y: Any) -> Any:
    inside = (x > 0) & (y > 0)
    fraction = xp.where(inside, x, 1) / xp.where(inside, y, 1)
    nothing = xp.where((x == 0) & (y >= 0), xp.zeros_like(fraction), inf)
    out = xp.where(inside, x * xp.log(fraction), nothing)
    return xp.where(xp.isnan(x) | xp.isnan(y), nan, out)


@_default()
def _kl_div(xp: Any, x: Any, y: Any) -> Any:
    return xp.where((x == 0) & (y >= 0), y, xp.special.rel_entr(x, y) - x + y)


@_default()
def _huber(xp: Any, delta: Any, r: Any) -> Any:
    a = xp.abs(r)
    return xp.where(delta < 0, inf, xp.where(a <= delta, 0.5 * r * r, delta * (a - 0.5 * delta)))


@_default()
def _pseudo_huber(xp: Any, delta: Any, r: Any) -> Any:
    zero = (delta == 0) | (r == 0)
    u = r / xp.where(delta == 0, 1, delta)
    out = delta * delta * (u * u / (1 + xp.hypot(u, xp.ones_like(u))))
    return xp.where(delta < 0, inf, xp.where(zero, 0, out))


# ---------------------------------------------------------------- near cancellation


@_default()
def _cbrt(xp: Any, x: Any) -> Any:
    return xp.sign(x) * xp.pow(xp.abs(x), 1 / 3)


@_default()
def _exprel(xp: Any, x: Any) -> Any:
    zero = x == 0
    y = xp.where(zero, 1, x)
    return xp.where(zero, 1, xp.where(x == inf, inf, xp.expm1(y) / y))


@_default()
def _cosm1(xp: Any, x: Any) -> Any:
    half = xp.sin(0.5 * x)
    return -2 * half * half


@_default()
def _sinc(xp: Any, x: Any) -> Any:
    y = pi * xp.where(x == 0, 1, x)
    return xp.where(x == 0, 1, xp.sin(y) / y)


@_default()
def _boxcox(xp: Any, x: Any, lmbda: Any) -> Any:
    return _power_of_log(xp, xp.log(x), lmbda)


@_default()
def _boxcox1p(xp: Any, x: Any, lmbda: Any) -> Any:
    return _power_of_log(xp, xp.log1p(x), lmbda)


def _power_of_log(xp: Any, log: Any, lmbda: Any) -> Any:
    zero = lmbda == 0
    power = xp.where(zero, 1, lmbda)
    return xp.where(zero, log, xp.expm1(power * log) / power)


@_default()
def _inv_boxcox(xp: Any, y: Any, lmbda: Any) -> Any:
    zero = lmbda == 0
    power = xp.where(zero, 1, lmbda)
    return xp.exp(xp.where(zero, y, xp.log1p(lmbda * y) / power))


@_default()
def _inv_boxcox1p(xp: Any, y: Any, lmbda: Any) -> Any:
    zero = lmbda == 0
    power = xp.where(zero, 1, lmbda)
    return xp.expm1(xp.where(zero, y, xp.log1p(lmbda * y) / power))


# ---------------------------------------------------------------- gamma and its kin

LANCZOS = (
    *(0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313),
    *(-176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6),
    1.5056327351493116e-7,
)
"""Coefficients of Lanczos' approximation to gamma, with g = 7."""

BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
"""B(2k) / 2k for k from 1."""


def _even(x: Any, xp: Any) -> Any:
    half = 0.5 * xp.floor(x)
    return half == xp.floor(half)


@_default()
def _gammasgn(xp: Any, x: Any) -> Any:
    pole = (x < 0) & (x == xp.floor(x))
    sign = xp.where((x >= 0) | _even(x, xp), xp.ones_like(x), -1)
    return xp.where(x == 0, xp.copysign(xp.ones_like(x), x), xp.where(pole | xp.isnan(x), nan, sign))


@_default()
def _gammaln(xp: Any, x: Any) -> Any:
    """Return the logarithm of abs(gamma), to a few bits of its absolute value (of 1 where it is smaller)."""
    mirrored = x < 0.5
    y = xp.where(mirrored, -x, x - 1)
    total = LANCZOS[0] + sum(c / (y + i) for i, c in enumerate(LANCZOS) if i)
    t = y + 7.5
    right = (y + 0.5) * (xp.log(t) - 1) - 7 + 0.5 * math.log(2 * pi) + xp.log(total)
    sine = xp.abs(xp.sin(pi * (x - xp.round(x))))
    sine = xp.where(sine == 0, xp.ones_like(sine), sine)  # at integers, where NumPy would warn of log(0)
    left = math.log(pi) - xp.log(sine) - right
    return xp.where(xp.isinf(x) | (mirrored & (x == xp.floor(x))), inf, xp.where(mirrored, left, right))


@_default("gammaln", "gammasgn")
def _gamma(xp: Any, x: Any) -> Any:
    return xp.special.gammasgn(x) * xp.exp(xp.special.gammaln(x))


@_default("gammaln", "gammasgn")
def _rgamma(xp: Any, x: Any) -> Any:
    pole = (x <= 0) & (x == xp.floor(x))
    sign = xp.special.gammasgn(xp.where(pole, 1, x))
    return xp.where(pole, 0, sign * xp.exp(-xp.special.gammaln(x)))


@_default("gammaln")
def _loggamma(xp: Any, x: Any) -> Any:
    return xp.where(x < 0, nan, xp.special.gammaln(xp.abs(x)))


@_default("gammaln", "gammasgn")
def _beta(xp: Any, a: Any, b: Any) -> Any:
    sign = xp.special.gammasgn(a) * xp.special.gammasgn(b) * xp.special.gammasgn(a + b)
    return sign * xp.exp(xp.special.betaln(a, b))


@_default("gammaln")
def _betaln(xp: Any, a: Any, b: Any) -> Any:
    return xp.special.gammaln(a) + xp.special.gammaln(b) - xp.special.gammaln(a + b)


@_default("gammaln", "gammasgn")
def _poch(xp: Any, z: Any, m: Any) -> Any:
    end = z + m
    pole = (z <= 0) & (z == xp.floor(z))
    both = pole & (end <= 0) & (end == xp.floor(end))  # mirrored (DLMF 5.5.3), where neither is a pole
    upper = xp.where(both, 1 - z, end)
    lower = xp.where(both, 1 - end, xp.where(pole, 1, z))
    sign = xp.special.gammasgn(upper) * xp.special.gammasgn(lower)
    sign = xp.where(both & ~_even(m, xp), -1, sign)
    found = sign * xp.exp(xp.special.gammaln(upper) - xp.special.gammaln(lower))
    return xp.where(pole & ~both, 0, found)


@_default("gammaln", "rgamma")
def _binom(xp: Any, n: Any, k: Any) -> Any:
    return xp.special.poch(n - k + 1, k) * xp.special.rgamma(k + 1)


@_default()
def _digamma(xp: Any, x: Any) -> Any:
    """Return psi, shifted to where the asymptotic series holds (DLMF 5.5.2, 5.5.4, 5.11.2)."""
    mirrored = x < 0.5
    y = xp.where(mirrored, 1 - x, x)
    total = sum(1 / (y + i) for i in range(8))
    z = y + 8
    inverse = xp.pow(z, -2.0)
    series = 0 * z
    for c in reversed(BERNOULLI):
        series = (series + c) * inverse
    right = xp.log(z) - 0.5 / z - series - total
    away = x - xp.round(x)
    left = right - pi * xp.cos(pi * away) / xp.sin(pi * away)
    out = xp.where(mirrored, xp.where(away == 0, nan, left), right)
    return xp.where(x == 0, -xp.copysign(inf * xp.ones_like(x), x), xp.where(x == inf, inf, out))


@_default()
def _zeta(xp: Any, x: Any, q: Any) -> Any:
    """Return Hurwitz' zeta for x > 1, q > 0 by Euler and Maclaurin (DLMF 25.11.5)."""
    x = x + 0 * q
    total = sum(xp.pow(q + i, -x) for i in range(9))
    a = q + 9 + 0 * x
    power = xp.pow(a, -x)
    total = total + power * (a / (x - 1) + 0.5)
    rising, inverse = x * power / a, 1 / (a * a)
    for k, c in enumerate(BERNOULLI):
        total = total + rising * (c / math.factorial(2 * k + 1))
        rising = rising * (x + 2 * k + 1) * (x + 2 * k + 2) * inverse
    return xp.where((x > 1) & (q > 0), total, nan)


@_default("digamma", "gamma", "zeta", lifts=False)
def _polygamma(xp: Any, n: Any, x: Any) -> Any:
    """Return the derivative of order n of psi (DLMF 25.11.12)."""
    if n.__class__ is int:
        if n == 0:
            return xp.special.digamma(x)
        return xp.special.zeta(n + 1.0, x) * float((-1) ** (n + 1) * math.factorial(n))
    n = n + xp.zeros_like(x)
    sign = xp.where(_even(n, xp), -xp.ones_like(n), 1)
    above = sign * xp.special.gamma(n + 1) * xp.special.zeta(n + 1, x)
    return xp.where(n == 0, xp.special.digamma(x), above)


@_default("digamma")
def _digamma_rise(xp: Any, x: Any, y: Any) -> Any:
    """Return psi(x + y) - psi(x), which for a large x and y > 0 is not the difference of two logarithms."""
    large = (x >= 16) & (y > 0)
    a, b = xp.where(large, x, 16), xp.where(large, y, 1)
    log, inverse = xp.log1p(b / a), 1 / (a * a)
    out = log + 0.5 * b / (a * (a + b))
    power = inverse
    for k, c in enumerate(BERNOULLI[:5]):
        out = out - c * power * xp.expm1(-2 * (k + 1) * log)
        power = power * inverse
    return xp.where(large, out, xp.special.digamma(x + y) - xp.special.digamma(x))


# ---------------------------------------------------------------- from others of a library


@_default("betainc")
def _betaincc(xp: Any, a: Any, b: Any, x: Any) -> Any:
    return xp.special.betainc(b, a, 1 - x)


@_default("betainc")
def _stdtr(xp: Any, df: Any, t: Any) -> Any:
    tail = 0.5 * xp.special.betainc(0.5 * df, 0.5, df / (df + t * t))
    return xp.where(t < 0, tail, 1 - tail)


@_default("ellipeinc")
def _ellipe(xp: Any, m: Any) -> Any:
    return xp.special.ellipeinc(0.5 * pi + xp.zeros_like(m), m)
