"""Elementwise exponentials, logarithms, trigonometric and hyperbolic functions."""

from __future__ import annotations

import math
from math import inf

from anygrad.op import binary, unary
from anygrad.rules import is_complex, safe

LN2, LN10 = math.log(2), math.log(10)

# ---------------------------------------------------------------- exponentials and logarithms

exp = unary(
    "exp",
    dx=lambda g, out: g * out,
    accepts="floating",
    doc="Return e to the power x.",
    example="[0.0, 1.0] -> [1.        , 2.71828183]",
)

expm1 = unary(
    "expm1",
    dx=lambda xp, g, x: g * xp.exp(x),
    accepts="floating",
    doc="Return exp(x) - 1, exact near 0.",
    example="[0.0, 1.0] -> [0.        , 1.71828183]",
)

log = unary(
    "log",
    dx=lambda g, x: g / x,
    accepts="floating",
    doc="Return the natural logarithm.",
    example="[1.0, 2.0] -> [0.        , 0.69314718]",
)

log1p = unary(
    "log1p",
    dx=lambda g, x: g / (1 + x),
    accepts="floating",
    doc="Return log(1 + x), exact near 0.",
    example="[0.0, 1.0] -> [0.        , 0.69314718]",
)

log2 = unary(
    "log2",
    dx=lambda g, x: g / (x * LN2),
    accepts="floating",
    doc="Return the logarithm to base 2.",
    example="[1.0, 8.0] -> [0., 3.]",
)

log10 = unary(
    "log10",
    dx=lambda g, x: g / (x * LN10),
    accepts="floating",
    doc="Return the logarithm to base 10.",
    example="[1.0, 1000.0] -> [0., 3.]",
)


def _share(xp, g, mine, other, out):
    nowhere = out == -inf
    # Where this one is all there is, even at infinity, the difference is 0 and not NaN.
    alone = (mine == out) & (other != out)
    share = xp.exp(xp.where(nowhere | alone, 0, mine - out))
    return xp.where(nowhere, 0, g * share)


logaddexp = binary(
    "logaddexp",
    dx=lambda xp, g, x, y, out: _share(xp, g, x, y, out),
    dy=lambda xp, g, x, y, out: _share(xp, g, y, x, out),
    accepts="real floating",
    doc="Return log(exp(x) + exp(y)) without overflow.",
    example="[0.0, 1.0], [0.0, 2.0] -> [0.69314718, 2.31326169]",
)

# ---------------------------------------------------------------- trigonometric and hyperbolic

sin = unary(
    "sin",
    dx=lambda xp, g, x: g * xp.cos(x),
    accepts="floating",
    doc="Return the sine.",
    example="[0.0, 1.0] -> [0.        , 0.84147098]",
)

cos = unary(
    "cos",
    dx=lambda xp, g, x: -g * xp.sin(x),
    accepts="floating",
    doc="Return the cosine.",
    example="[0.0, 1.0] -> [1.        , 0.54030231]",
)

tan = unary(
    "tan",
    dx=lambda g, out: g * (1 + out * out),
    accepts="floating",
    doc="Return the tangent.",
    example="[0.0, 1.0] -> [0.        , 1.55740772]",
)


def _leg(xp, x):
    # Of complex numbers on a branch cut the signs of zeros say on which side they lie.
    return xp.sqrt(-(x - 1)) * xp.sqrt(-(-x - 1)) if is_complex(xp, x.dtype) else xp.sqrt(1 - x * x)


asin = unary(
    "asin",
    dx=lambda xp, g, x: g / _leg(xp, x),
    accepts="floating",
    doc="Return the inverse sine.",
    example="[0.0, 1.0] -> [0.        , 1.57079633]",
)

acos = unary(
    "acos",
    dx=lambda xp, g, x: -g / _leg(xp, x),
    accepts="floating",
    doc="Return the inverse cosine.",
    example="[0.0, 1.0] -> [1.57079633, 0.        ]",
)


def _atan_dx(xp, g, x):
    if is_complex(xp, x.dtype):
        return g / (1 + x * x)
    r = xp.hypot(x, xp.ones_like(x))  # x * x would overflow
    return g / r / r


atan = unary(
    "atan",
    dx=_atan_dx,
    accepts="floating",
    doc="Return the inverse tangent.",
    example="[0.0, 1.0] -> [0.        , 0.78539816]",
)

sinh = unary(
    "sinh",
    dx=lambda xp, g, x: g * xp.cosh(x),
    accepts="floating",
    doc="Return the hyperbolic sine.",
    example="[0.0, 1.0] -> [0.        , 1.17520119]",
)

cosh = unary(
    "cosh",
    dx=lambda xp, g, x: g * xp.sinh(x),
    accepts="floating",
    doc="Return the hyperbolic cosine.",
    example="[0.0, 1.0] -> [1.        , 1.54308063]",
)

tanh = unary(
    "tanh",
    dx=lambda g, out: g * (1 - out * out),
    accepts="floating",
    doc="Return the hyperbolic tangent.",
    example="[0.0, 1.0] -> [0.        , 0.76159416]",
)


def _asinh_dx(xp, g, x):
    return g / (xp.sqrt(1 + x * x) if is_complex(xp, x.dtype) else xp.hypot(x, xp.ones_like(x)))


asinh = unary(
    "asinh",
    dx=_asinh_dx,
    accepts="floating",
    doc="Return the inverse hyperbolic sine.",
    example="[0.0, 1.0] -> [0.        , 0.88137359]",
)

acosh = unary(
    "acosh",
    dx=lambda xp, g, x: g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),
    accepts="floating",
    doc="Return the inverse hyperbolic cosine.",
    example="[1.0, 2.0] -> [0.       , 1.3169579]",
)

atanh = unary(
    "atanh",
    dx=lambda g, x: g / (1 - x * x),
    accepts="floating",
    doc="Return the inverse hyperbolic tangent.",
    example="[0.0, 0.5] -> [0.        , 0.54930614]",
)


def _over_square(xp, g, number, x, y):
    r = safe(xp, xp.hypot(x, y))
    return g * (number / r / r)


atan2 = binary(
    "atan2",
    dx=lambda xp, g, x, y: _over_square(xp, g, y, x, y),
    dy=lambda xp, g, x, y: -_over_square(xp, g, x, x, y),
    accepts="real floating",
    doc="Return the angle of the point (y, x), in radians; its gradient at the origin is 0.",
    example="[0.0, 1.0], [-1.0, 0.0] -> [3.14159265, 1.57079633]",
)
