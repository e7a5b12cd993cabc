"""Trigonometric functions of degrees, exact where an angle is a multiple of 90."""

from __future__ import annotations

from math import pi
from typing import Any

from anygrad.op import Operand, unary
from anygrad.ops.special import function

DEGREE = pi / 180

sindg = unary(
    "special.sindg",
    dx=lambda xp, g, x: g * (DEGREE * xp.special.cosdg(x)),
    accepts="real floating",
    doc="Return the sine of an angle in degrees.",
    example="[30.0, 90.0] -> [0.5, 1. ]",
)

cosdg = unary(
    "special.cosdg",
    dx=lambda xp, g, x: g * (-DEGREE * xp.special.sindg(x)),
    accepts="real floating",
    doc="Return the cosine of an angle in degrees.",
    example="[60.0, 0.0] -> [0.5, 1. ]",
)

tandg = unary(
    "special.tandg",
    dx=lambda g, out: g * (DEGREE * (1 + out * out)),
    accepts="real floating",
    doc="Return the tangent of an angle in degrees.",
    example="[0.0, 45.0] -> [0., 1.]",
)

cotdg = unary(
    "special.cotdg",
    dx=lambda g, out: g * (-DEGREE * (1 + out * out)),
    accepts="real floating",
    doc="Return the cotangent of an angle in degrees.",
    example="[45.0, 90.0] -> [1., 0.]",
)


@function
def radian(xp: Any, d: Operand, m: Operand, s: Operand, /) -> Any:
    """Return an angle of d degrees, m minutes and s seconds in radians."""
    return (d + (m + s / 60) / 60) * DEGREE
