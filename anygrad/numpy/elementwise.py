"""NumPy's universal functions, and what else works on each entry by itself."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from anygrad.functions import FUNCTIONS
from anygrad.numpy.table import TABLE, Array, Operand, Out, published
from anygrad.numpy.ufuncs import Ufunc

__all__ = ["SAME"]

SAME = {
    "absolute": "abs",
    "add": "add",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "bitwise_and": "bitwise_and",
    "bitwise_or": "bitwise_or",
    "bitwise_xor": "bitwise_xor",
    "ceil": "ceil",
    "conjugate": "conj",
    "copysign": "copysign",
    "cos": "cos",
    "cosh": "cosh",
    "divide": "divide",
    "equal": "equal",
    "exp": "exp",
    "expm1": "expm1",
    "floor": "floor",
    "floor_divide": "floor_divide",
    "greater": "greater",
    "greater_equal": "greater_equal",
    "hypot": "hypot",
    "invert": "bitwise_invert",
    "isfinite": "isfinite",
    "isinf": "isinf",
    "isnan": "isnan",
    "left_shift": "bitwise_left_shift",
    "less": "less",
    "less_equal": "less_equal",
    "log": "log",
    "log10": "log10",
    "log1p": "log1p",
    "log2": "log2",
    "logaddexp": "logaddexp",
    "logical_and": "logical_and",
    "logical_not": "logical_not",
    "logical_or": "logical_or",
    "logical_xor": "logical_xor",
    "matmul": "matmul",
    "maximum": "maximum",
    "minimum": "minimum",
    "multiply": "multiply",
    "negative": "negative",
    "nextafter": "nextafter",
    "not_equal": "not_equal",
    "positive": "positive",
    "power": "pow",
    "reciprocal": "reciprocal",
    "remainder": "remainder",
    "right_shift": "bitwise_right_shift",
    "sign": "sign",
    "signbit": "signbit",
    "sin": "sin",
    "sinh": "sinh",
    "sqrt": "sqrt",
    "square": "square",
    "subtract": "subtract",
    "tan": "tan",
    "tanh": "tanh",
    "trunc": "trunc",
    "vecdot": "vecdot",
}
"""NumPy's ufuncs that are the standard's functions, by the names of both."""

for _name, _key in SAME.items():
    Ufunc(_name, FUNCTIONS[_key])


def ufunc(function: Any) -> Ufunc:
    """Make a ufunc of a function over the namespace; of two operands both come as tensors."""
    return Ufunc(function.__name__.rstrip("_"), function, takes_xp=True)


@ufunc
def fabs(xp: Any, x: Any, /) -> Any:
    """Return the absolute value, as a floating number."""
    return xp.abs(x if x.dtype.kind == "f" else xp.astype(x, xp.float64))


@ufunc
def cbrt(xp: Any, x: Any, /) -> Any:
    """Return the cube root; its derivative at 0 is infinite."""
    return xp.special.cbrt(x)


@ufunc
def rint(xp: Any, x: Any, /) -> Any:
    """Round to whole numbers, halves to even, as floating numbers; the gradient is 0."""
    return xp.round(x if x.dtype.kind in "fc" else xp.astype(x, xp.float64))


@ufunc
def exp2(xp: Any, x: Any, /) -> Any:
    """Return two to the power x."""
    return xp.special.exp2(x)


@ufunc
def degrees(xp: Any, x: Any, /) -> Any:
    """Return an angle in degrees."""
    return x * (180 / math.pi)


@ufunc
def radians(xp: Any, x: Any, /) -> Any:
    """Return an angle in radians."""
    return x * (math.pi / 180)


@ufunc
def logaddexp2(xp: Any, x: Any, y: Any, /) -> Any:
    """Return the logarithm to base 2 of ``2**x + 2**y``."""
    return xp.logaddexp(x * math.log(2), y * math.log(2)) / math.log(2)


@ufunc
def float_power(xp: Any, x: Any, y: Any, /) -> Any:
    """Return x to the power y, in double precision."""
    kind = np.complex128 if "c" in x.dtype.kind + y.dtype.kind else np.float64
    return xp.astype(x, kind, copy=False) ** xp.astype(y, kind, copy=False)


@ufunc
def fmax(xp: Any, x: Any, y: Any, /) -> Any:
    """Return the larger of two, or the one that is not NaN."""
    return xp.maximum(xp.where(xp.isnan(x), y, x), xp.where(xp.isnan(y), x, y))


@ufunc
def fmin(xp: Any, x: Any, y: Any, /) -> Any:
    """Return the smaller of two, or the one that is not NaN."""
    return xp.minimum(xp.where(xp.isnan(x), y, x), xp.where(xp.isnan(y), x, y))


@ufunc
def fmod(xp: Any, x: Any, y: Any, /) -> Any:
    """Return the remainder that has the sign of x."""
    sign = xp.where(x < 0, xp.asarray(-1, dtype=x.dtype), xp.asarray(1, dtype=x.dtype))
    return xp.remainder(x * sign, xp.abs(y)) * sign


@ufunc
def heaviside(xp: Any, x: Any, y: Any, /) -> Any:
    """Return 0 for negative x, 1 for positive, y at 0."""
    step = xp.where(xp.isnan(x), x, xp.astype(x > 0, x.dtype))
    return xp.where(x == 0, y, step)


@ufunc
def ldexp(xp: Any, x: Any, n: Any, /) -> Any:
    """Return ``x * 2**n``; in two steps, neither of which overflows where the result does not."""
    if x.dtype.kind not in "fc":
        x = xp.astype(x, xp.result_type(x.dtype, xp.float64))
    half = xp.floor_divide(n, 2)
    return x * xp.special.exp2(xp.astype(half, x.dtype)) * xp.special.exp2(xp.astype(n - half, x.dtype))


@ufunc
def frexp(xp: Any, x: Any, /) -> tuple[Any, Any]:
    """Return m and n with ``x = m * 2**n`` and ``0.5 <= |m| < 1``."""
    size = xp.abs(x.detach())
    odd = (size == 0) | ~xp.isfinite(size)
    n = xp.floor(xp.log2(xp.where(odd, 1, size))) + 1
    for _ in range(2):
        m = xp.abs(_scaled(xp, xp.where(odd, 0.5, size), -n))
        n = n + xp.astype(m >= 1, n.dtype) - xp.astype(m < 0.5, n.dtype)
    n = xp.where(odd, 0, n)
    return _scaled(xp, x, -n), xp.astype(n, xp.int32)


def _scaled(xp: Any, x: Any, n: Any) -> Any:
    half = xp.floor(n / 2)
    return x * xp.special.exp2(half) * xp.special.exp2(n - half)


@ufunc
def modf(xp: Any, x: Any, /) -> tuple[Any, Any]:
    """Return the fraction and the whole part, both with the sign of x."""
    if x.dtype.kind != "f":
        x = xp.astype(x, xp.float64)
    whole = xp.trunc(x)
    return xp.where(xp.isinf(x), xp.copysign(xp.zeros_like(x), x), x - whole), whole


@ufunc
def divmod_(xp: Any, x: Any, y: Any, /) -> tuple[Any, Any]:
    """Return quotient, rounded down, and remainder."""
    return x // y, x % y


@ufunc
def gcd(xp: Any, x: Any, y: Any, /) -> Any:
    """Return the greatest common divisor of integers."""
    x, y = xp.broadcast_arrays(xp.abs(x), xp.abs(y))
    while xp.any(y != 0):
        x, y = xp.where(y == 0, x, y), xp.where(y == 0, y, x % xp.where(y == 0, 1, y))
    return x


@ufunc
def lcm(xp: Any, x: Any, y: Any, /) -> Any:
    """Return the least common multiple of integers."""
    common = TABLE["gcd"](x, y)
    return xp.abs(x) // xp.where(common == 0, 1, common) * xp.abs(y)


@ufunc
def bitwise_count(xp: Any, x: Any, /) -> Any:
    """Return how many bits of ``|x|`` are set."""
    x = xp.abs(x)
    bits = [(x >> k) & 1 for k in range(x.dtype.itemsize * 8 - (x.dtype.kind == "i"))]
    return xp.astype(xp.sum(xp.stack(bits), axis=0), xp.uint8)


@ufunc
def spacing(xp: Any, x: Any, /) -> Any:
    """Return the distance to the next number away from 0."""
    size = xp.abs(x)
    return xp.copysign(xp.nextafter(size, xp.full_like(size, math.inf)) - size, x)


# ---------------------------------------------------------------- no ufuncs in NumPy


@published
def clip(
    xp: Any,
    a: Array,
    a_min: Operand = None,
    a_max: Operand = None,
    out: Out = None,
    *,
    min: Operand = None,
    max: Operand = None,
) -> Any:
    """Limit the entries to an interval."""
    return xp.clip(a, a_min if min is None else min, a_max if max is None else max)


@published
def round_(xp: Any, a: Array, decimals: int = 0, out: Out = None) -> Any:
    """Round to a number of decimals, halves to even; the gradient is 0."""
    if not decimals or (a.dtype.kind not in "fc" and decimals > 0):
        return xp.round(a)
    if decimals < 0:
        result = xp.round(a / 10.0**-decimals) * 10.0**-decimals
    else:
        result = xp.round(a * 10.0**decimals) / 10.0**decimals
    return result if a.dtype.kind in "fc" else xp.astype(result, a.dtype)


TABLE["around"] = TABLE["round"]


@published
def fix(xp: Any, x: Array, out: Out = None) -> Any:
    """Round towards 0; the gradient is 0."""
    return xp.trunc(x)


@published
def real(xp: Any, val: Array) -> Any:
    """Return the real part."""
    return xp.real(val) if val.dtype.kind == "c" else val


@published
def imag(xp: Any, val: Array) -> Any:
    """Return the imaginary part."""
    return xp.imag(val) if val.dtype.kind == "c" else xp.zeros_like(val)


@published
def angle(xp: Any, z: Array, deg: bool = False) -> Any:
    """Return the angle of complex numbers, in radians or degrees."""
    part = (xp.imag(z), xp.real(z)) if z.dtype.kind == "c" else (xp.zeros_like(z), z)
    return xp.atan2(*part) * (180 / math.pi if deg else 1)


@published
def isreal(xp: Any, x: Array) -> Any:
    """Tell of each entry whether its imaginary part is 0."""
    return imag(x) == 0


@published
def iscomplex(xp: Any, x: Array) -> Any:
    """Tell of each entry whether its imaginary part is not 0."""
    return imag(x) != 0


@published
def iscomplexobj(x: Array) -> bool:
    """Tell whether the dtype is complex."""
    return bool(x.dtype.kind == "c")


@published
def isrealobj(x: Array) -> bool:
    """Tell whether the dtype is not complex."""
    return bool(x.dtype.kind != "c")


@published
def isposinf(xp: Any, x: Array, out: Out = None) -> Any:
    """Tell which entries are positive infinity."""
    return x == math.inf


@published
def isneginf(xp: Any, x: Array, out: Out = None) -> Any:
    """Tell which entries are negative infinity."""
    return x == -math.inf


@published
def real_if_close(xp: Any, a: Array, tol: float = 100) -> Any:
    """Return the real part where all imaginary parts are as small as rounding errors."""
    if a.dtype.kind != "c":
        return a
    small = tol * np.finfo(a.dtype).eps if tol > 1 else tol
    return xp.real(a) if bool(xp.all(xp.abs(xp.imag(a.detach())) < small)) else a


@published
def nan_to_num(
    xp: Any,
    x: Array,
    copy: bool = True,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Any:
    """Replace NaN and infinities; without ``copy`` in the tensor itself."""
    result = xp.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
    if not copy:
        x[...] = result
    return result if copy else x


@published
def sinc(xp: Any, x: Array) -> Any:
    """Return ``sin(pi x) / (pi x)``."""
    return xp.special.sinc(x)


@published
def i0(xp: Any, x: Array) -> Any:
    """Return the modified Bessel function of order 0."""
    return xp.special.i0(x)


@published
def unwrap(
    xp: Any, p: Array, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi
) -> Any:
    """Take jumps of more than half a period out of angles."""
    if not p.shape[axis]:
        return p
    whole = p.dtype.kind in "iu" and isinstance(period, int)
    half, limit = period / 2, period / 2 if discont is None else builtins.max(discont, period / 2)
    steps = xp.diff(p, axis=axis)
    low = -(period // 2) if whole else -half
    wrapped = (steps - low) % period + low
    if not whole or period % 2 == 0:
        wrapped = xp.where((wrapped == low) & (steps > 0), -low, wrapped)
    correction = xp.where(xp.abs(steps) < limit, 0, wrapped - steps)
    first = p[(slice(None),) * (axis % p.ndim) + (slice(0, 1),)]
    rest = p[(slice(None),) * (axis % p.ndim) + (slice(1, None),)]
    return xp.concat([first, rest + xp.cumulative_sum(correction, axis=axis)], axis=axis)


TABLE |= {"deg2rad": TABLE["radians"], "rad2deg": TABLE["degrees"]}
