"""Special functions that are nearly elementary: entropies, losses, powers, quotients with a limit.

Also ``joined``, which the other chapters of special functions build on: a formula that cancels near a point
is its series there. Names and arguments are SciPy's; numbers of equations are those of NIST's Digital Library
of Mathematical Functions (DLMF).
"""

from __future__ import annotations

import functools
import math
from math import inf, pi
from typing import Any

from anygrad.op import ArrayLike, derived, named, unary
from anygrad.rules import axes_of

function = functools.partial(derived, extension="special")
"""Declares a function of others."""

# ---------------------------------------------------------------- what formulas share


def both(g, slopes):
    """Return the gradient of two outputs, of which one may have none, whose slopes are given as functions."""
    parts = [part * slope() for part, slope in zip(g, slopes) if part is not None]
    return sum(parts[1:], parts[0])


def polynomial(x, coefficients):
    """Return a polynomial, coefficients from the constant up."""
    value = coefficients[-1] + 0 * x
    for c in reversed(coefficients[:-1]):
        value = value * x + c
    return value


def joined(xp, x, radius, coefficients, far, *, at=0.0, even=False, near=None):
    """Return ``far(x)``, but its series in ``x - at`` (``even``: in its square) within the radius.

    Neither branch is computed where it is not meant, so that no NaN of it gets into derivatives. ``near``
    changes what the series gives: ``near(x, series)``.
    """
    inside = xp.abs(x - at) < radius
    close = xp.where(inside, x, at)
    away = close - at
    series = polynomial(away * away if even else away, coefficients)
    if near is not None:
        series = near(close, series)
    return xp.where(inside, series, far(xp.where(inside, at + 2 * radius, x)))


def unless(xp, condition, x, value):
    """Return x, but a value where the condition holds."""
    return xp.where(condition, value, x)


# ---------------------------------------------------------------- logistic functions

logit = unary(
    "special.logit",
    dx=lambda g, x: g / (x * (1 - x)),
    accepts="real floating",
    doc="Return log(x / (1 - x)).",
    example="[0.5, 0.75] -> [0.        , 1.09861229]",
)

log_expit = unary(
    "special.log_expit",
    dx=lambda xp, g, x: g * xp.sigmoid(-x),
    accepts="real floating",
    doc="Return the logarithm of 1 / (1 + exp(-x)), exact on either side.",
    example="[0.0, -50.0] -> [ -0.69314718, -50.        ]",
)

# ---------------------------------------------------------------- x log y


def _xlogy_dx(xp, g, x, y):
    return g * xp.log(unless(xp, (x == 0) & (y <= 0), y, 1))


def _xlogy_dy(xp, g, x, y):
    return g * (x / unless(xp, (x == 0) & (y == 0), y, inf))


def _xlog1py_dx(xp, g, x, y):
    return g * xp.log1p(unless(xp, (x == 0) & (y <= -1), y, 0))


def _xlog1py_dy(xp, g, x, y):
    return g * (x / unless(xp, (x == 0) & (y == -1), 1 + y, inf))


xlogy = named(
    "special.xlogy",
    "x y",
    dx=_xlogy_dx,
    dy=_xlogy_dy,
    accepts="real floating",
    doc="Return x * log(y), and 0 where x is 0; where log(y) is not finite there, the gradients are 0.",
    example="[0.0, 2.0], [0.0, 3.0] -> [0.        , 2.19722458]",
)

xlog1py = named(
    "special.xlog1py",
    "x y",
    dx=_xlog1py_dx,
    dy=_xlog1py_dy,
    accepts="real floating",
    doc="Return x * log(1 + y), and 0 where x is 0; where that log is not finite there, the gradients are 0.",
    example="[0.0, 2.0], [-1.0, 2.0] -> [0.        , 2.19722458]",
)


def _entr_dx(xp, g, x):
    return g * unless(xp, x == 0, -1 - xp.log(unless(xp, x == 0, x, 1)), 0)


def _log_ratio(xp, x, y):
    return xp.log(unless(xp, x == 0, x / unless(xp, (x == 0) & (y == 0), y, 1), 1))


entr = unary(
    "special.entr",
    dx=_entr_dx,
    accepts="real floating",
    doc="Return -x * log(x), 0 at 0 and -inf below; the gradient at 0 is 0.",
    example="[0.0, 0.5] -> [0.        , 0.34657359]",
)

rel_entr = named(
    "special.rel_entr",
    "x y",
    dx=lambda xp, g, x, y: g * unless(xp, x == 0, 1 + _log_ratio(xp, x, y), 0),
    dy=lambda xp, g, x, y: -_xlogy_dy(xp, g, x, y),
    accepts="real floating",
    doc="Return x * log(x / y), 0 where x is 0 and y is not negative; the gradient in x is 0 there.",
    example="[0.0, 0.5], [1.0, 0.25] -> [0.        , 0.34657359]",
)

kl_div = named(
    "special.kl_div",
    "x y",
    dx=lambda xp, g, x, y: g * _log_ratio(xp, x, y),
    dy=lambda xp, g, x, y: g - _xlogy_dy(xp, g, x, y),
    accepts="real floating",
    doc="Return x * log(x / y) - x + y, y where x is 0; the gradient in x is 0 there.",
    example="[0.0, 0.5], [1.0, 0.25] -> [1.        , 0.09657359]",
)

# ---------------------------------------------------------------- losses


def _pseudo_huber_ddelta(xp, g, delta, r):
    zero = delta == 0
    u = r / unless(xp, zero, delta, 1)
    s = xp.hypot(u, xp.ones_like(u))
    # Where u is huge, u * u is not to be had; where it is small, s - 1 is nothing but rounding.
    t = u / (1 + s)
    return g * unless(xp, zero, delta * (u / s) * t * (u * t), xp.abs(r))


def _pseudo_huber_dr(xp, g, delta, r):
    zero = delta == 0
    u = r / unless(xp, zero, delta, 1)
    return g * unless(xp, zero, r / xp.hypot(u, xp.ones_like(u)), 0)


huber = named(
    "special.huber",
    "delta r",
    ddelta=lambda xp, g, delta, r: g * unless(xp, xp.abs(r) <= delta, xp.abs(r) - delta, 0),
    dr=lambda xp, g, delta, r: g * xp.where(xp.abs(r) <= delta, r, delta * xp.sign(r)),
    accepts="real floating",
    doc="Return r * r / 2 for abs(r) up to delta, and delta * (abs(r) - delta / 2) beyond.",
    example="[1.0, 1.0], [0.5, 3.0] -> [0.125, 2.5  ]",
)

pseudo_huber = named(
    "special.pseudo_huber",
    "delta r",
    ddelta=_pseudo_huber_ddelta,
    dr=_pseudo_huber_dr,
    accepts="real floating",
    doc="Return delta**2 * (sqrt(1 + (r / delta)**2) - 1).",
    example="[1.0, 2.0], [0.0, 3.0] -> [0.        , 3.21110255]",
)

# ---------------------------------------------------------------- quotients with a limit

_EXPREL = [(k + 1) / math.factorial(k + 2) for k in range(14)]
_LOG1PREL = [(-1) ** (k + 1) * (k + 1) / (k + 2) for k in range(18)]
_SINC = [2 * (k + 1) * (-1) ** (k + 1) * pi ** (2 * k + 2) / math.factorial(2 * k + 3) for k in range(10)]


def _exprel_dx(xp, x):
    def far(x):
        left = xp.where(x < 0, x, -1)
        right = xp.where(x < 0, 1, x)
        below = xp.exp(left) / left - xp.expm1(left) / (left * left)
        return xp.where(x < 0, below, xp.special.exprel(right) * (1 - 1 / right) + 1 / right)

    return joined(xp, x, 0.3, _EXPREL, far)


def _log1prel_dx(xp, u):
    """Return the derivative of log1p(u) / u."""
    return joined(xp, u, 0.1, _LOG1PREL, lambda u: (1 / (1 + u) - xp.log1p(u) / u) / u)


def _sinc_dx(xp, g, x):
    def far(x):
        return (xp.cos(pi * x) - xp.special.sinc(x)) / (x * x)

    return g * x * joined(xp, x, 0.2, _SINC, far, even=True)


exprel = unary(
    "special.exprel",
    dx=lambda xp, g, x: g * _exprel_dx(xp, x),
    accepts="real floating",
    doc="Return (exp(x) - 1) / x, 1 at 0.",
    example="[0.0, 1.0] -> [1.        , 1.71828183]",
)

cosm1 = unary(
    "special.cosm1",
    dx=lambda xp, g, x: -g * xp.sin(x),
    accepts="real floating",
    doc="Return cos(x) - 1, exact near 0.",
    example="[0.0, 1.0] -> [ 0.        , -0.45969769]",
)

sinc = unary(
    "special.sinc",
    dx=_sinc_dx,
    accepts="real floating",
    doc="Return sin(pi x) / (pi x), 1 at 0.",
    example="[0.0, 0.5] -> [1.        , 0.63661977]",
)

cbrt = unary(
    "special.cbrt",
    dx=lambda g, out: g / (3 * out * out),
    accepts="real floating",
    doc="Return the real cube root; its gradient at 0 is infinite.",
    example="[0.0, -8.0] -> [ 0., -2.]",
)

# ---------------------------------------------------------------- the transform of Box and Cox


def _boxcox_dlmbda(xp, g, log, lmbda):
    # Where x is 0 the result is -1 / lmbda, if there is one.
    nothing = (log == -inf) & (lmbda > 0)
    log = unless(xp, nothing, log, 0)
    slope = log * log * _exprel_dx(xp, lmbda * log)
    return g * unless(xp, nothing, slope, xp.pow(unless(xp, nothing, 1 + 0 * (lmbda + log), lmbda), -2.0))


def _inv_boxcox_dlmbda(xp, g, y, lmbda, grown):
    return g * grown * y * y * _log1prel_dx(xp, lmbda * y)


boxcox = named(
    "special.boxcox",
    "x lmbda",
    dx=lambda xp, g, x, lmbda: g * xp.pow(x, lmbda - 1),
    dlmbda=lambda xp, g, x, lmbda: _boxcox_dlmbda(xp, g, xp.log(x), lmbda),
    accepts="real floating",
    doc="Return (x**lmbda - 1) / lmbda, log(x) where lmbda is 0 (Box and Cox, 1964).",
    example="[2.0, 2.0], [0.0, 2.0] -> [0.69314718, 1.5       ]",
)

boxcox1p = named(
    "special.boxcox1p",
    "x lmbda",
    dx=lambda xp, g, x, lmbda: g * xp.pow(1 + x, lmbda - 1),
    dlmbda=lambda xp, g, x, lmbda: _boxcox_dlmbda(xp, g, xp.log1p(x), lmbda),
    accepts="real floating",
    doc="Return ((1 + x)**lmbda - 1) / lmbda, log(1 + x) where lmbda is 0.",
    example="[1.0, 1.0], [0.0, 2.0] -> [0.69314718, 1.5       ]",
)

inv_boxcox = named(
    "special.inv_boxcox",
    "y lmbda",
    dy=lambda xp, g, lmbda, out: g * xp.pow(out, 1 - lmbda),
    dlmbda=lambda xp, g, y, lmbda, out: _inv_boxcox_dlmbda(xp, g, y, lmbda, out),
    accepts="real floating",
    doc="Return the x whose transform ``boxcox(x, lmbda)`` is y.",
    example="[1.5, 1.5], [0.0, 2.0] -> [4.48168907, 2.        ]",
)

inv_boxcox1p = named(
    "special.inv_boxcox1p",
    "y lmbda",
    dy=lambda xp, g, lmbda, out: g * xp.pow(1 + out, 1 - lmbda),
    dlmbda=lambda xp, g, y, lmbda, out: _inv_boxcox_dlmbda(xp, g, y, lmbda, 1 + out),
    accepts="real floating",
    doc="Return the x whose transform ``boxcox1p(x, lmbda)`` is y.",
    example="[1.5, 1.5], [0.0, 2.0] -> [3.48168907, 1.        ]",
)

# ---------------------------------------------------------------- of other functions


@function
def softmax(xp: Any, x: ArrayLike, /, axis: Any = None) -> Any:
    """Return exp(x) divided by its sum along the axes: all of them, unless some are named."""
    return xp.softmax(x, axis)


@function
def log_softmax(xp: Any, x: ArrayLike, /, axis: Any = None) -> Any:
    """Return the logarithm of softmax along the axes: all of them, unless some are named."""
    return xp.log_softmax(x, axis)


@function
def logsumexp(
    xp: Any,
    a: ArrayLike,
    /,
    axis: Any = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
) -> Any:
    """Return log(sum(b * exp(a))) along the axes, without overflow; with its sign where that is asked for.

    ``b`` weighs the terms, and broadcasts with a. With ``return_sign`` the result is a tuple: the logarithm
    of the absolute value of the sum, and the sign; without it a negative sum gives NaN.
    """
    if b is None and not return_sign:
        return xp.logsumexp(a, axis=axis, keepdims=keepdims)
    b = xp.ones_like(a) if b is None else b if hasattr(b, "dtype") else xp.asarray(b)
    # Terms that weigh nothing are not to set the scale, nor to give NaN where a is infinite.
    a = xp.where(b == 0, -inf, a)
    top = xp.max(a, axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0)
    total = xp.sum(xp.multiply(xp.exp(a - top), b), axis=axis, keepdims=True)
    sign = xp.sign(total)
    out = xp.log(xp.abs(total) if return_sign else total) + top
    if not keepdims:
        axes = axes_of(a.ndim, axis)
        out, sign = xp.squeeze(out, axes), xp.squeeze(sign, axes)
    return (out, sign) if return_sign else out


@function
def exp2(xp: Any, x: ArrayLike, /) -> Any:
    """Return 2 to the power x."""
    return xp.pow(2.0, x)


@function
def exp10(xp: Any, x: ArrayLike, /) -> Any:
    """Return 10 to the power x."""
    return xp.pow(10.0, x)
