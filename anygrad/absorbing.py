"""Zeros that absorb: formulas run so that a gradient of exactly zero contributes zero, whatever it meets.

A formula is linear in ``g``. Handed a ``Cotangent`` in its place and a ``Space`` around its namespace, it
runs as ever, but for products and quotients of a cotangent with what is none: there a zero of the cotangent
wins over NaN and infinities. So the formulas themselves know nothing of this, and neither does a backend.
``nan_safe`` exchanges the slot of nodes that holds their plan, for as long as a block is open anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.backends.neural import NeuralExtras
from anygrad.rules import is_complex

__all__ = ["Cotangent", "Space", "absorbed", "masked", "settled"]

Function = Callable[..., Any]
FLOATING = ("real floating", "complex floating")
EXTENSIONS = ("fft", "linalg", "special")


def clean(*parts: Any) -> bool:
    """Tell whether gradients hold no NaN, where the host knows that without waiting; else return False."""
    for part in parts:
        array = getattr(part, "array", part)
        if array is not None and (
            not isinstance(array, np.ndarray | np.generic) or bool(np.isnan(array).any())
        ):
            return False
    return True


def masked(xp: Any, g: Any, part: Any) -> Any:
    """Return what an elementwise formula makes of ``g``: zero where that is NaN and ``g`` is zero."""
    if part is None or clean(part):
        return part
    zero = None
    for each in g if isinstance(g, tuple) else (g,):
        if each is not None:
            zero = each == 0 if zero is None else zero & (each == 0)
    return xp.where(zero & (part != part), 0, part)


def absorbed(xp: Any, formula: Function, key: str, g: Any, saved: Any) -> Any:
    """Return what a formula that is not elementwise makes of ``g``: a gradient, or one for each input."""
    out = formula(xp, g, saved)
    parts = out if isinstance(out, tuple | list) else (out,)
    if clean(*parts):
        return out
    given = tuple(each and Cotangent(xp, each) for each in g) if isinstance(g, tuple) else Cotangent(xp, g)
    out = _value(formula(Space(xp), given, saved))
    if isinstance(out, tuple | list):
        return tuple(settled(xp, key, g, part) for part in out)
    return settled(xp, key, g, out)


def settled(xp: Any, key: str, g: Any, part: Any) -> Any:
    """Return zero for the NaN that is left where all of ``g`` is zero, or all of a matrix in it."""
    if part is None or clean(part):
        return part
    own = key.startswith("linalg.") and not isinstance(g, tuple) and g.shape == part.shape
    axis = (-2, -1) if own and len(g.shape) > 1 else None
    dead = None
    for each in g if isinstance(g, tuple) else (g,):
        if each is not None:
            zero = xp.all(each == 0, axis=axis, keepdims=axis is not None)
            dead = zero if dead is None else dead & zero
    return xp.where(dead & (part != part), 0, part)


# ---------------------------------------------------------------- numbers


class Cotangent:
    """A gradient inside a formula: what is linear in ``g``, an array or a tensor."""

    __slots__ = ("value", "xp")
    __array_ufunc__ = None
    __array_priority__ = 2000
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, xp: Any, value: Any) -> None:
        self.xp, self.value = xp, value

    def __getattr__(self, name: str) -> Any:
        return getattr(self.value, name)

    def __bool__(self) -> bool:
        return bool(self.value)

    def _with(self, value: Any) -> Cotangent:
        return Cotangent(self.xp, value)

    def __getitem__(self, key: Any) -> Cotangent:
        return self._with(self.value[key])

    def __neg__(self) -> Cotangent:
        return self._with(-self.value)

    def __add__(self, y: Any) -> Cotangent:
        return self._with(self.value + _value(y))

    def __radd__(self, y: Any) -> Cotangent:
        return self._with(y + self.value)

    def __sub__(self, y: Any) -> Cotangent:
        return self._with(self.value - _value(y))

    def __rsub__(self, y: Any) -> Cotangent:
        return self._with(y - self.value)

    def __mul__(self, y: Any) -> Cotangent:
        return self._with(_times(self.xp, self.value, y))

    __rmul__ = __mul__

    def __truediv__(self, y: Any) -> Cotangent:
        return self._with(_over(self.xp, self.value, y))

    def __rtruediv__(self, y: Any) -> Cotangent:
        return self._with(y / self.value)

    def __matmul__(self, y: Any) -> Cotangent:
        return self._with(_bilinear(self.xp, self.xp.matmul, self, y))

    def __rmatmul__(self, y: Any) -> Cotangent:
        return self._with(_bilinear(self.xp, self.xp.matmul, y, self))

    def __pow__(self, y: Any) -> Cotangent:
        return self._with(self.value ** _value(y))

    def __eq__(self, y: Any) -> Any:
        return self.value == _value(y)

    def __ne__(self, y: Any) -> Any:
        return self.value != _value(y)

    def __lt__(self, y: Any) -> Any:
        return self.value < _value(y)

    def __le__(self, y: Any) -> Any:
        return self.value <= _value(y)

    def __gt__(self, y: Any) -> Any:
        return self.value > _value(y)

    def __ge__(self, y: Any) -> Any:
        return self.value >= _value(y)


def _value(x: Any) -> Any:
    """Return what stands for a cotangent outside of formulas, in lists too."""
    if x.__class__ is Cotangent:
        return x.value
    return type(x)(map(_value, x)) if x.__class__ in (tuple, list) else x


def _holds(x: Any) -> bool:
    return x.__class__ is Cotangent or (x.__class__ in (tuple, list) and any(map(_holds, x)))


def _times(xp: Any, g: Any, y: Any) -> Any:
    """Multiply; where ``g`` is zero the factor that is not finite counts as zero, to every order."""
    if y.__class__ is Cotangent:
        out, zero = g * y.value, (g == 0) | (y.value == 0)
        return xp.where(zero & (out != out), 0, out)
    if not hasattr(y, "dtype"):
        return g * y if math.isfinite(abs(y)) else xp.where(g == 0, 0, g * y)
    if not xp.isdtype(y.dtype, FLOATING):
        return g * y
    return g * xp.where((g == 0) & xp.logical_not(xp.isfinite(y)), 0, y)


def _over(xp: Any, g: Any, y: Any) -> Any:
    """Divide; where ``g`` is zero so is the quotient, by zero and NaN too."""
    y = _value(y)
    if not hasattr(y, "dtype"):
        return g / y if y == y and y != 0 else xp.where(g == 0, 0, g / xp.full_like(g, y))
    return g / xp.where((g == 0) & ((y == 0) | (y != y)), 1, y)


def _counted(xp: Any, mask: Any, like: Any) -> Any:
    """Return a mask as numbers: real, of the precision of an array."""
    real = xp.real(like) if is_complex(xp, like.dtype) else like
    return xp.astype(mask, real.dtype)


def _bilinear(xp: Any, function: Function, x: Any, y: Any, *rest: Any, **keywords: Any) -> Any:
    """Return a sum of products, in which a term whose cotangent is zero counts for nothing."""
    first = x.__class__ is Cotangent
    g, other = _value(x if first else y), _value(y if first else x)

    def product(g: Any, other: Any) -> Any:
        return function(g, other, *rest, **keywords) if first else function(other, g, *rest, **keywords)

    plain = product(g, other)
    if (first and y.__class__ is Cotangent) or not xp.isdtype(other.dtype, FLOATING):
        return plain
    finite = xp.isfinite(other)
    met = product(_counted(xp, g != 0, g), _counted(xp, xp.logical_not(finite), other)) > 0
    return xp.where(met, plain, product(g, xp.where(finite, other, 0)))


# ---------------------------------------------------------------- functions


class Space:
    """A namespace as formulas see it that run on cotangents; ``prefix`` is that of an extension."""

    _hits = NeuralExtras._hits

    def __init__(self, xp: Any, base: Any = None, prefix: str = "") -> None:
        self._xp, self._base, self._prefix = xp, xp if base is None else base, prefix

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._base, name)
        if name in EXTENSIONS:
            return Space(self._xp, found, name + ".")
        if isinstance(found, type) or not callable(found):
            return found
        xp, rule = self._xp, RULES.get(self._prefix + name)

        def function(*arguments: Any, **keywords: Any) -> Any:
            if not _holds(arguments) and not any(map(_holds, keywords.values())):
                return found(*arguments, **keywords)
            if rule is not None:
                out = rule(xp, found, *arguments, **keywords)
            else:
                out = found(*_value(arguments), **{key: _value(x) for key, x in keywords.items()})
            return _wrapped(xp, _value(out))

        return function


def _wrapped(xp: Any, out: Any) -> Any:
    if isinstance(out, tuple | list):
        return tuple(_wrapped(xp, part) for part in out)
    if hasattr(out, "shape") and xp.isdtype(out.dtype, FLOATING):
        return Cotangent(xp, out)
    return out


def _either(xp: Any, multiply: Function, x: Any, y: Any) -> Any:
    return x * y


def _divided(xp: Any, divide: Function, x: Any, y: Any) -> Any:
    return x / y


def _solved(xp: Any, solve: Function, x: Any, y: Any, **keywords: Any) -> Any:
    """Solve; a column that is zero has the solution zero."""
    g, out = _value(y), solve(_value(x), _value(y), **keywords)
    if y.__class__ is not Cotangent or len(g.shape) < 2:
        return out
    return xp.where(xp.all(g == 0, axis=-2, keepdims=True) & (out != out), 0, out)


def _written(name: str) -> Function:
    """Return a function of networks as it is written in the standard's."""
    default = getattr(NeuralExtras, name)
    return lambda xp, function, *arguments: default(Space(xp), *arguments)


def _pooled(xp: Any, function: Function, y: Any, x: Any, top: Any, frames: Any) -> Any:
    """Return the gradient of ``pool_max``: NaN of the windows alone whose gradient is not zero."""
    g, x, top = _value(y), _value(x), _value(top)
    lost = _counted(xp, (g != 0) & (top != top), g)
    known = xp.where(x != x, -math.inf, x)
    found = function(g, known, xp.pool_max(known, frames), frames)
    return xp.where(xp.pool_sum_dx(lost, x.shape, frames) > 0, math.nan, found)


def _picked(xp: Any, function: Function, y: Any, x: Any, top: Any, frames: Any) -> Any:
    g = _value(y)
    out = function(g, x, top, frames)
    dead = xp.pool_sum(_counted(xp, g != 0, g), frames) == 0
    return xp.where(dead & (out != out), 0, out)


RULES: dict[str, Function] = {
    "multiply": _either,
    "divide": _divided,
    **dict.fromkeys(("matmul", "linalg.matmul", "tensordot", "linalg.tensordot", "contract"), _bilinear),
    **dict.fromkeys(("vecdot", "convolution", "convolution_dx", "convolution_dweight"), _bilinear),
    "linalg.solve": _solved,
    "linalg.solve_triangular": _solved,
    **{name: _written(name) for name in ("label_loss_dx", "log_softmax_dx", "softmax_dx")},
    "pool_max_dx": _pooled,
    "pool_max_picked": _picked,
}
"""Functions in which cotangents meet what is none; through all others they pass as any array."""
