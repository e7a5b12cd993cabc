"""The standard's elementwise functions, with ``where`` and ``clip``.

A holomorphic row is its plain multiplier. Where one is not, the formula follows from
``dL = Re(g * d out)`` written as ``Re(dx * d x)``: rows are transposes, the engine carries the conjugate.
"""

from __future__ import annotations

from math import inf
from typing import Any

from anygrad.op import ArrayLike, binary, nary, unary
from anygrad.rules import is_complex

# ---------------------------------------------------------------- arithmetic

add = binary(
    "add",
    dx=lambda g: g,
    dy=lambda g: g,
    linear=True,
    doc="Add, entry by entry.",
    example="[1.0, 2.0], [3.0, 4.0] -> [4., 6.]",
)

subtract = binary(
    "subtract",
    dx=lambda g: g,
    dy=lambda g: -g,
    linear=True,
    doc="Subtract y from x.",
    example="[3.0, 4.0], 1.0 -> [2., 3.]",
)

multiply = binary(
    "multiply",
    dx=lambda g, y: g * y,
    dy=lambda g, x: g * x,
    doc="Multiply, entry by entry.",
    example="[1.0, 2.0], [3.0, 4.0] -> [3., 8.]",
)

divide = binary(
    "divide",
    dx=lambda g, y: g / y,
    dy=lambda g, y, out: -g * (out / y),
    accepts="floating",
    doc="Divide x by y.",
    example="[1.0, 3.0], 2.0 -> [0.5, 1.5]",
)

floor_divide = binary(
    "floor_divide",
    dx=lambda xp, g: xp.zeros_like(g),
    dy=lambda xp, g: xp.zeros_like(g),
    accepts="real",
    doc="Divide x by y and round down; the gradient is zero.",
    example="[7.0, -7.0], 2.0 -> [ 3., -4.]",
)

remainder = binary(
    "remainder",
    dx=lambda g: g,
    dy=lambda xp, g, x, y: -g * xp.floor_divide(x, y),
    accepts="real",
    doc="Return the remainder of floor division, with the sign of y.",
    example="[7.0, -7.0], 4.0 -> [3., 1.]",
)

negative = unary(
    "negative", dx=lambda g: -g, linear=True, doc="Change the sign.", example="[1.0, -2.0] -> [-1.,  2.]"
)

positive = unary(
    "positive", dx=lambda g: g, linear=True, doc="Return a copy of x.", example="[1.0, -2.0] -> [ 1., -2.]"
)


def _pow(xp, x, y):
    if y.__class__ is int and y in (2, 3) and not xp.isdtype(x.dtype, "bool"):
        return x * x if y == 2 else x * x * x
    return xp.pow(x, y)


def _pow_dx(xp, g, x, y):
    if y.__class__ in (int, float, complex, bool):
        if y == 0:
            return xp.zeros_like(g)
        return g if y == 1 else g * (y * (x if y == 2 else _pow(xp, x, y - 1)))
    if xp.isdtype(y.dtype, "bool"):
        y = xp.astype(y, x.dtype)
    flat = y == 0
    return g * xp.where(flat, 0, y * xp.pow(x, xp.where(flat, 1, y - 1)))


def _pow_dy(xp, g, x, y, out):
    # In the result's dtype: a negative real has a logarithm where the exponent is complex.
    zero = x == 0
    grown = xp.where(zero, 0, out * xp.log(xp.astype(xp.where(zero, 1, x), out.dtype, copy=False)))
    return g * (grown if is_complex(xp, out.dtype) else xp.where(zero & (y < 0), -inf, grown))


pow = binary(
    "pow",
    _pow,
    dx=_pow_dx,
    dy=_pow_dy,
    lifts=1,
    doc="Raise x to the power y; the Python integers 2 and 3 are multiplications.",
    example="[2.0, 3.0], 2 -> [4., 9.]",
)

square = unary(
    "square", dx=lambda g, x: g * (2 * x), doc="Multiply x by itself.", example="[2.0, 3.0] -> [4., 9.]"
)

reciprocal = unary(
    "reciprocal",
    dx=lambda g, out: -g * (out * out),
    accepts="floating",
    doc="Return 1/x.",
    example="[2.0, 4.0] -> [0.5 , 0.25]",
)

sqrt = unary(
    "sqrt",
    dx=lambda g, out: g / (2 * out),
    accepts="floating",
    doc="Return the square root; its derivative at 0 is inf.",
    example="[4.0, 9.0] -> [2., 3.]",
)


def _cosine(xp, side, out):
    # Masked as well as made safe, so that it is flat at the origin to every order.
    zero = out == 0
    return xp.where(zero, 0, side / xp.where(zero, 1, out))


hypot = binary(
    "hypot",
    dx=lambda xp, g, x, out: g * _cosine(xp, x, out),
    dy=lambda xp, g, y, out: g * _cosine(xp, y, out),
    accepts="real floating",
    doc="Return sqrt(x**2 + y**2) without overflow; its gradient at the origin is 0.",
    example="[3.0, 5.0], [4.0, 12.0] -> [ 5., 13.]",
)

# ---------------------------------------------------------------- corners and parts


def _sign_dx(xp, g, x, out):
    if not is_complex(xp, x.dtype):
        return xp.zeros_like(g)
    zero = x == 0
    turned = (g - xp.real(g * out) * xp.conj(out)) / xp.where(zero, 1, xp.abs(x))
    return xp.where(zero, 0, turned)


abs = unary(
    "abs",
    dx=lambda xp, g, x: g * (xp.conj(xp.sign(x)) if is_complex(xp, x.dtype) else xp.sign(x)),
    doc="Return the absolute value; its gradient at 0 is 0.",
    example="[-1.5, 2.0] -> [1.5, 2. ]",
)

sign = unary(
    "sign",
    dx=_sign_dx,
    symmetric=False,
    doc="Return the sign, x/abs(x) for complex x, 0 at 0; zero gradient for real x.",
    example="[-1.5, 0.0, 2.0] -> [-1.,  0.,  1.]",
)

conj = unary(
    "conj",
    dx=lambda xp, g: xp.conj(g),
    doc="Return the complex conjugate.",
    example="[1.0 + 2.0j] -> [1.-2.j], dtype=complex128",
)

real = unary("real", dx=lambda g: g, doc="Return the real part, as a copy.", example="[1.0 + 2.0j] -> [1.]")

imag = unary(
    "imag",
    dx=lambda g: g * -1j,
    accepts="complex",
    doc="Return the imaginary part, as a copy.",
    example="[1.0 + 2.0j] -> [2.]",
)

round = unary(
    "round",
    dx=lambda xp, g: xp.zeros_like(g),
    doc="Round to the nearest integer, halves to even; zero gradient.",
    example="[0.5, 1.5, 2.6] -> [0., 2., 3.]",
)

floor = unary(
    "floor",
    dx=lambda xp, g: xp.zeros_like(g),
    accepts="real",
    doc="Round down; zero gradient.",
    example="[-1.5, 1.5] -> [-2.,  1.]",
)

ceil = unary(
    "ceil",
    dx=lambda xp, g: xp.zeros_like(g),
    accepts="real",
    doc="Round up; zero gradient.",
    example="[-1.5, 1.5] -> [-1.,  2.]",
)

trunc = unary(
    "trunc",
    dx=lambda xp, g: xp.zeros_like(g),
    accepts="real",
    doc="Round towards 0; zero gradient.",
    example="[-1.5, 1.5] -> [-1.,  1.]",
)

copysign = binary(
    "copysign",
    dx=lambda xp, g, x, out: g * (xp.sign(x) * xp.sign(out)),
    dy=lambda xp, g: xp.zeros_like(g),
    accepts="real floating",
    doc="Return x with the sign of y; the gradient to y is 0, and to x at 0 too.",
    example="[1.0, -2.0], [-3.0, 4.0] -> [-1.,  2.]",
)

nextafter = binary(
    "nextafter",
    dx=lambda g: g,
    dy=lambda xp, g: xp.zeros_like(g),
    accepts="real floating",
    doc="Return the next number after x towards y; the gradient goes to x.",
    example="[1.0], [2.0] -> [1.]",
)

# ---------------------------------------------------------------- choices


def _unless(xp, g, lost, tied):
    return xp.where(lost, 0, xp.where(tied, g / 2, g))


maximum = binary(
    "maximum",
    dx=lambda xp, g, x, y: _unless(xp, g, x < y, x == y),
    dy=lambda xp, g, x, y: _unless(xp, g, y < x, x == y),
    real_only=True,
    doc="Return the larger of x and y; equal ones get half the gradient each.",
    example="[1.0, 4.0], [3.0, 2.0] -> [3., 4.]",
)

minimum = binary(
    "minimum",
    dx=lambda xp, g, x, y: _unless(xp, g, x > y, x == y),
    dy=lambda xp, g, x, y: _unless(xp, g, y > x, x == y),
    real_only=True,
    doc="Return the smaller of x and y; equal ones get half the gradient each.",
    example="[1.0, 4.0], [3.0, 2.0] -> [1., 2.]",
)


def _clip_dx(xp, g, x, min, max):
    if max is None:
        return g if min is None else xp.where(x < min, 0, g)
    return xp.where(x > max if min is None else (x < min) | (x > max), 0, g)


def _clip_dmin(xp, g, x, min, max):
    below = x < min if max is None else (x < min) & (min <= max)
    return xp.where(below, g, 0)


def _clip_dmax(xp, g, x, min, max):
    above = x > max if min is None else (x > max) | (min > max)
    return xp.where(above, g, 0)


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
    example="[-2.0, 0.5, 2.0], -1.0, 1.0 -> [-1. ,  0.5,  1. ]",
)


def _choices(
    condition: ArrayLike, x: ArrayLike | None = None, y: ArrayLike | None = None, /
) -> tuple[Any, ...]:
    return (condition,) if x is None and y is None else (condition, x, y)


where = nary(
    "where",
    "condition x y",
    lambda xp, condition, x, y: xp.where(condition, x, y),
    dx=lambda xp, g, condition: xp.where(condition, g, 0),
    dy=lambda xp, g, condition: xp.where(condition, 0, g),
    prepare=_choices,
    fewer="nonzero",
    method=False,
    doc="Choose from x where the condition holds, from y elsewhere; without both, what ``nonzero`` gives.",
    example="[True, False], [1.0, 2.0], [3.0, 4.0] -> [1., 4.]",
)

# ---------------------------------------------------------------- no derivative

for _name, (_doc, _example) in {
    "equal": ("Tell where x equals y.", "[1.0, 2.0], [1.0, 3.0] -> [ True, False], dtype=bool"),
    "not_equal": ("Tell where x differs from y.", "[1.0, 2.0], [1.0, 3.0] -> [False,  True], dtype=bool"),
    "less": ("Tell where x is below y.", "[1.0, 2.0], [1.0, 3.0] -> [False,  True], dtype=bool"),
    "less_equal": ("Tell where x is at most y.", "[1.0, 2.0], [1.0, 3.0] -> [ True,  True], dtype=bool"),
    "greater": ("Tell where x is above y.", "[1.0, 4.0], [1.0, 3.0] -> [False,  True], dtype=bool"),
    "greater_equal": ("Tell where x is at least y.", "[1.0, 2.0], [1.0, 3.0] -> [ True, False], dtype=bool"),
    "logical_and": (
        "Tell where both x and y are true.",
        "[True, False], [True, True] -> [ True, False], dtype=bool",
    ),
    "logical_or": ("Tell where x or y is true.", "[True, False], [True, True] -> [ True,  True], dtype=bool"),
    "logical_xor": (
        "Tell where exactly one of x and y is true.",
        "[True, False], [True, True] -> [False,  True], dtype=bool",
    ),
    "bitwise_and": ("Combine the bits of x and y by and.", "[5, 6], 3 -> [1, 2], dtype=int64"),
    "bitwise_or": ("Combine the bits of x and y by or.", "[5, 6], 3 -> [7, 7], dtype=int64"),
    "bitwise_xor": ("Combine the bits of x and y by exclusive or.", "[5, 6], 3 -> [6, 5], dtype=int64"),
    "bitwise_left_shift": ("Shift the bits of x left by y.", "[5, 6], 1 -> [10, 12], dtype=int64"),
    "bitwise_right_shift": ("Shift the bits of x right by y.", "[5, 6], 1 -> [2, 3], dtype=int64"),
}.items():
    _accepts = {"bit": "integer", "gre": "real", "les": "real", "log": "bool"}.get(_name[:3], "numeric")
    binary(_name, accepts=_accepts, doc=_doc, example=_example)

for _name, (_doc, _example) in {
    "isfinite": (
        "Tell where x is neither infinite nor NaN.",
        "[1.0, float('inf')] -> [ True, False], dtype=bool",
    ),
    "isinf": ("Tell where x is infinite.", "[1.0, float('inf')] -> [False,  True], dtype=bool"),
    "isnan": ("Tell where x is NaN.", "[1.0, float('nan')] -> [False,  True], dtype=bool"),
    "logical_not": ("Tell where x is false.", "[True, False] -> [False,  True], dtype=bool"),
    "bitwise_invert": ("Invert the bits of x.", "[0, 5] -> [-1, -6], dtype=int64"),
    "signbit": ("Tell where the sign bit is set.", "[-0.0, 1.0] -> [ True, False], dtype=bool"),
}.items():
    unary(
        _name,
        accepts={"l": "bool", "b": "integer", "s": "real floating"}.get(_name[0], "numeric"),
        doc=_doc,
        example=_example,
    )
