"""The standard's elementwise functions, with ``where`` and ``clip``.

A holomorphic row is its plain multiplier. Where one is not, the formula follows from
``dL = Re(g * d out)`` written as ``Re(dx * d x)``: rows are transposes, the engine carries the conjugate.
"""

from __future__ import annotations

import math
from math import inf
from typing import Any

from anygrad.op import ArrayLike, binary, nary, unary
from anygrad.rules import is_complex, safe

LN2, LN10 = math.log(2), math.log(10)

# ---------------------------------------------------------------- arithmetic

add = binary("add", dx=lambda g: g, dy=lambda g: g, linear=True, doc="Add, entry by entry.")

subtract = binary("subtract", dx=lambda g: g, dy=lambda g: -g, linear=True, doc="Subtract y from x.")

multiply = binary("multiply", dx=lambda g, y: g * y, dy=lambda g, x: g * x, doc="Multiply, entry by entry.")

divide = binary(
    "divide",
    dx=lambda g, y: g / y,
    dy=lambda g, y, out: -g * (out / y),
    accepts="floating",
    doc="Divide x by y.",
)

floor_divide = binary(
    "floor_divide",
    dx=lambda xp, g: xp.zeros_like(g),
    dy=lambda xp, g: xp.zeros_like(g),
    accepts="real",
    doc="Divide x by y and round down; the gradient is zero.",
)

remainder = binary(
    "remainder",
    dx=lambda g: g,
    dy=lambda xp, g, x, y: -g * xp.floor_divide(x, y),
    accepts="real",
    doc="Return the remainder of floor division, with the sign of y.",
)

negative = unary("negative", dx=lambda g: -g, linear=True, doc="Change the sign.")

positive = unary("positive", dx=lambda g: g, linear=True, doc="Return a copy of x.")


def _pow(xp, x, y):
    if y.__class__ is int and y in (2, 3):
        return x * x if y == 2 else x * x * x
    return xp.pow(x, y)


def _pow_dx(xp, g, x, y):
    if y.__class__ in (int, float, complex, bool):
        if y == 0:
            return xp.zeros_like(g)
        return g * (y * _pow(xp, x, y - 1)) if y != 1 else g
    return g * xp.where(y == 0, xp.zeros_like(g), y * xp.pow(x, xp.where(y == 0, xp.ones_like(y), y - 1)))


def _pow_dy(xp, g, x, y, out):
    grown = out * xp.log(xp.where(x == 0, xp.ones_like(x), x))
    if is_complex(xp, out.dtype):
        return g * xp.where(x == 0, xp.zeros_like(grown), grown)
    return g * xp.where((x == 0) & (y < 0), -inf * xp.ones_like(grown), xp.where(x == 0, xp.zeros_like(grown), grown))


pow = binary(
    "pow",
    _pow,
    dx=_pow_dx,
    dy=_pow_dy,
    lifts_x=True,
    doc="Raise x to the power y; the Python integers 2 and 3 are multiplications.",
)

square = unary("square", dx=lambda g, x: g * (2 * x), doc="Multiply x by itself.")

reciprocal = unary("reciprocal", dx=lambda g, out: -g * (out * out), accepts="floating", doc="Return 1/x.")

sqrt = unary(
    "sqrt",
    dx=lambda g, out: g / (2 * out),
    accepts="floating",
    doc="Return the square root; its derivative at 0 is inf.",
)

hypot = binary(
    "hypot",
    dx=lambda xp, g, x, out: g * (x / safe(xp, out)),
    dy=lambda xp, g, y, out: g * (y / safe(xp, out)),
    accepts="floating",
    doc="Return sqrt(x**2 + y**2) without overflow; its gradient at the origin is 0.",
)

# ---------------------------------------------------------------- exponentials and logarithms

exp = unary("exp", dx=lambda g, out: g * out, accepts="floating", doc="Return e to the power x.")

expm1 = unary("expm1", dx=lambda g, out: g * (out + 1), accepts="floating", doc="Return exp(x) - 1, exact near 0.")

log = unary("log", dx=lambda g, x: g / x, accepts="floating", doc="Return the natural logarithm.")

log1p = unary("log1p", dx=lambda g, x: g / (1 + x), accepts="floating", doc="Return log(1 + x), exact near 0.")

log2 = unary("log2", dx=lambda g, x: g / (x * LN2), accepts="floating", doc="Return the logarithm to base 2.")

log10 = unary("log10", dx=lambda g, x: g / (x * LN10), accepts="floating", doc="Return the logarithm to base 10.")


def _share(xp, g, mine, other, out):
    nowhere = out == -inf
    gap = xp.where(nowhere, xp.zeros_like(out), other - mine)
    return xp.where(nowhere, xp.zeros_like(g), g / (1 + xp.exp(gap)))


logaddexp = binary(
    "logaddexp",
    dx=lambda xp, g, x, y, out: _share(xp, g, x, y, out),
    dy=lambda xp, g, x, y, out: _share(xp, g, y, x, out),
    accepts="floating",
    doc="Return log(exp(x) + exp(y)) without overflow.",
)

# ---------------------------------------------------------------- trigonometric and hyperbolic

sin = unary("sin", dx=lambda xp, g, x: g * xp.cos(x), accepts="floating", doc="Return the sine.")

cos = unary("cos", dx=lambda xp, g, x: -g * xp.sin(x), accepts="floating", doc="Return the cosine.")

tan = unary("tan", dx=lambda g, out: g * (1 + out * out), accepts="floating", doc="Return the tangent.")

asin = unary("asin", dx=lambda xp, g, x: g / xp.sqrt(1 - x * x), accepts="floating", doc="Return the inverse sine.")

acos = unary("acos", dx=lambda xp, g, x: -g / xp.sqrt(1 - x * x), accepts="floating", doc="Return the inverse cosine.")

atan = unary("atan", dx=lambda g, x: g / (1 + x * x), accepts="floating", doc="Return the inverse tangent.")

sinh = unary("sinh", dx=lambda xp, g, x: g * xp.cosh(x), accepts="floating", doc="Return the hyperbolic sine.")

cosh = unary("cosh", dx=lambda xp, g, x: g * xp.sinh(x), accepts="floating", doc="Return the hyperbolic cosine.")

tanh = unary("tanh", dx=lambda g, out: g * (1 - out * out), accepts="floating", doc="Return the hyperbolic tangent.")

asinh = unary(
    "asinh",
    dx=lambda xp, g, x: g / xp.sqrt(1 + x * x),
    accepts="floating",
    doc="Return the inverse hyperbolic sine.",
)

acosh = unary(
    "acosh",
    dx=lambda xp, g, x: g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),
    accepts="floating",
    doc="Return the inverse hyperbolic cosine.",
)

atanh = unary(
    "atanh",
    dx=lambda g, x: g / (1 - x * x),
    accepts="floating",
    doc="Return the inverse hyperbolic tangent.",
)


def _over_square(xp, g, number, x, y):
    r = safe(xp, xp.hypot(x, y))
    return g * (number / r / r)


atan2 = binary(
    "atan2",
    dx=lambda xp, g, x, y: _over_square(xp, g, y, x, y),
    dy=lambda xp, g, x, y: -_over_square(xp, g, x, x, y),
    accepts="floating",
    doc="Return the angle of the point (y, x), in radians; its gradient at the origin is 0.",
)

# ---------------------------------------------------------------- corners and parts


def _sign_dx(xp, g, x, out):
    if not is_complex(xp, x.dtype):
        return xp.zeros_like(g)
    turned = (g - xp.real(g * out) * xp.conj(out)) / safe(xp, xp.abs(x))
    return xp.where(x == 0, xp.zeros_like(turned), turned)


abs = unary(
    "abs",
    dx=lambda xp, g, x: g * (xp.conj(xp.sign(x)) if is_complex(xp, x.dtype) else xp.sign(x)),
    doc="Return the absolute value; its gradient at 0 is 0.",
)

sign = unary("sign", dx=_sign_dx, doc="Return the sign, x/abs(x) for complex x, 0 at 0; zero gradient for real x.")

conj = unary("conj", dx=lambda xp, g: xp.conj(g), doc="Return the complex conjugate.")

real = unary("real", dx=lambda g: g, doc="Return the real part, as a copy.")

imag = unary("imag", dx=lambda g: g * -1j, accepts="complex", doc="Return the imaginary part, as a copy.")

round = unary("round", dx=lambda xp, g: xp.zeros_like(g), doc="Round to the nearest integer, halves to even; zero gradient.")

floor = unary("floor", dx=lambda xp, g: xp.zeros_like(g), accepts="real", doc="Round down; zero gradient.")

ceil = unary("ceil", dx=lambda xp, g: xp.zeros_like(g), accepts="real", doc="Round up; zero gradient.")

trunc = unary("trunc", dx=lambda xp, g: xp.zeros_like(g), accepts="real", doc="Round towards 0; zero gradient.")

copysign = binary(
    "copysign",
    dx=lambda xp, g, x, y: g * xp.sign(x) * xp.copysign(xp.ones_like(g), y),
    dy=lambda xp, g: xp.zeros_like(g),
    accepts="floating",
    doc="Return x with the sign of y; the gradient to y is 0, and to x at 0 too.",
)

nextafter = binary(
    "nextafter",
    dx=lambda g: g,
    dy=lambda xp, g: xp.zeros_like(g),
    accepts="floating",
    doc="Return the next number after x towards y; the gradient goes to x.",
)

# ---------------------------------------------------------------- choices


def _unless(xp, g, lost, tied):
    return xp.where(lost, xp.zeros_like(g), xp.where(tied, g / 2, g))


maximum = binary(
    "maximum",
    dx=lambda xp, g, x, y: _unless(xp, g, x < y, x == y),
    dy=lambda xp, g, x, y: _unless(xp, g, y < x, x == y),
    real_only=True,
    doc="Return the larger of x and y; equal ones get half the gradient each.",
)

minimum = binary(
    "minimum",
    dx=lambda xp, g, x, y: _unless(xp, g, x > y, x == y),
    dy=lambda xp, g, x, y: _unless(xp, g, y > x, x == y),
    real_only=True,
    doc="Return the smaller of x and y; equal ones get half the gradient each.",
)


def _clip_dx(xp, g, x, min, max):
    if min is not None:
        g = xp.where(x < min, xp.zeros_like(g), g)
    return g if max is None else xp.where(x > max, xp.zeros_like(g), g)


def _clip_dmin(xp, g, x, min, max):
    below = x < min if max is None else (x < min) & (min <= max)
    return xp.where(below, g, xp.zeros_like(g))


def _clip_dmax(xp, g, x, min, max):
    above = x > max if min is None else (x > max) | (min > max)
    return xp.where(above, g, xp.zeros_like(g))


def _bounds(x: ArrayLike, /, min: ArrayLike | None = None, max: ArrayLike | None = None) -> tuple[Any, ...]:
    return x, min, max


clip = nary(
    "clip",
    "x min max",
    lambda xp, x, min, max: xp.clip(x, min, max),
    prepare=_bounds,
    dx=_clip_dx,
    dmin=_clip_dmin,
    dmax=_clip_dmax,
    real_only=True,
    doc="Limit x to the range from min to max (None: no limit); x exactly at a bound keeps its gradient.",
)

def _choices(condition: ArrayLike, x: ArrayLike, y: ArrayLike, /) -> tuple[Any, ...]:
    return condition, x, y


where = nary(
    "where",
    "condition x y",
    lambda xp, condition, x, y: xp.where(condition, x, y),
    dx=lambda xp, g, condition: xp.where(condition, g, xp.zeros_like(g)),
    dy=lambda xp, g, condition: xp.where(condition, xp.zeros_like(g), g),
    prepare=_choices,
    method=False,
    doc="Choose from x where the condition holds, from y elsewhere.",
)

# ---------------------------------------------------------------- no derivative

for _name, _doc in {
    "equal": "Tell where x equals y.",
    "not_equal": "Tell where x differs from y.",
    "less": "Tell where x is below y.",
    "less_equal": "Tell where x is at most y.",
    "greater": "Tell where x is above y.",
    "greater_equal": "Tell where x is at least y.",
    "logical_and": "Tell where both x and y are true.",
    "logical_or": "Tell where x or y is true.",
    "logical_xor": "Tell where exactly one of x and y is true.",
    "bitwise_and": "Combine the bits of x and y by and.",
    "bitwise_or": "Combine the bits of x and y by or.",
    "bitwise_xor": "Combine the bits of x and y by exclusive or.",
    "bitwise_left_shift": "Shift the bits of x left by y.",
    "bitwise_right_shift": "Shift the bits of x right by y.",
}.items():
    _accepts = {"l": "bool", "b": "integer"}[_name[0]] if _name[:3] in ("log", "bit") else "numeric"
    binary(_name, accepts=_accepts, doc=_doc)

for _name, _doc in {
    "isfinite": "Tell where x is neither infinite nor NaN.",
    "isinf": "Tell where x is infinite.",
    "isnan": "Tell where x is NaN.",
    "logical_not": "Tell where x is false.",
    "bitwise_invert": "Invert the bits of x.",
    "signbit": "Tell where the sign bit is set.",
}.items():
    unary(_name, accepts={"l": "bool", "b": "integer", "s": "floating"}.get(_name[0], "numeric"), doc=_doc)
