"""Zeros that absorb: formulas run so that a gradient of exactly zero contributes zero, whatever it meets.

A formula is linear in ``g``. Handed ``Number`` in the place of arrays and a ``Space`` around its namespace,
it runs as ever, but for products and quotients of what is linear in ``g`` with what is not: there a zero of
the first wins over NaN and infinities of the other. So the formulas themselves know nothing of this, and
neither does a backend. It costs a few times as much, so the host, which may look, does it where NaN came out.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.backends.neural import NeuralExtras
from anygrad.rules import is_complex

__all__ = ["Number", "Space", "absorbed", "masked", "settled"]

Function = Callable[..., Any]
FLOATING = ("real floating", "complex floating")
EXTENSIONS = ("fft", "linalg", "scipy", "special")
COMPARISONS = ("eq", "ge", "gt", "le", "lt", "ne")


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
    out = _value(formula(Space(xp), _wrapped(xp, g, True), _wrapped(xp, saved)))
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


class Number:
    """An array or a tensor inside a formula; ``linear`` is what ``g`` is a factor of in every term."""

    __slots__ = ("linear", "value", "xp")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, xp: Any, value: Any, linear: bool = False) -> None:
        self.xp, self.value, self.linear = xp, value, linear

    def __getattr__(self, name: str) -> Any:
        return getattr(self.value, name)

    def __getitem__(self, key: Any) -> Number:
        return Number(self.xp, self.value[_value(key)], self.linear)

    def __neg__(self) -> Number:
        return Number(self.xp, -self.value, self.linear)

    def __invert__(self) -> Number:
        return Number(self.xp, ~self.value)


def _operator(name: str) -> None:
    """Give numbers an operator and its reflection."""
    compute = getattr(operator, name)
    rule = {"mul": _multiply, "truediv": _divide, "matmul": _matmul}.get(name)

    def apply(xp: Any, x: Any, y: Any) -> Number:
        linear = _is_linear(x) or _is_linear(y)
        out = rule(xp, x, y) if rule is not None and linear else compute(_value(x), _value(y))
        return _wrapped(xp, out, linear)  # type: ignore[no-any-return]

    name = name.strip("_")
    setattr(Number, f"__{name}__", lambda self, y: apply(self.xp, self, y))
    if name not in COMPARISONS:
        setattr(Number, f"__r{name}__", lambda self, x: apply(self.xp, x, self))


def _is_linear(x: Any) -> bool:
    if x.__class__ is Number:
        return bool(x.linear)
    return x.__class__ in (tuple, list) and any(map(_is_linear, x))


def _value(x: Any) -> Any:
    """Return what stands for a number outside of formulas; of lists, a list."""
    if x.__class__ is Number:
        return x.value
    return type(x)(map(_value, x)) if x.__class__ in (tuple, list) else x


def _wrapped(xp: Any, x: Any, linear: bool = False) -> Any:
    """Return arrays as numbers; of lists, and of named tuples, tuples."""
    if isinstance(x, tuple | list):
        return tuple(_wrapped(xp, part, linear) for part in x)
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return Number(xp, x, linear and xp.isdtype(x.dtype, FLOATING))
    return x


def _multiply(xp: Any, x: Any, y: Any) -> Any:
    """Multiply; where the linear factor is zero the other, where not finite, counts as zero."""
    g, other = (x, y) if _is_linear(x) else (y, x)
    g, both, y = g.value, _is_linear(other), _value(other)
    if both:
        out = g * y
        return xp.where(((g == 0) | (y == 0)) & (out != out), 0, out)
    if not hasattr(y, "dtype"):
        return g * y if math.isfinite(abs(y)) else xp.where(g == 0, 0, g * y)
    if not xp.isdtype(y.dtype, FLOATING):
        return g * y
    return g * xp.where((g == 0) & xp.logical_not(xp.isfinite(y)), 0, y)


def _divide(xp: Any, x: Any, y: Any) -> Any:
    """Divide; where what is divided is linear and zero so is the quotient, by zero and NaN too."""
    g, y = _value(x), _value(y)
    if not _is_linear(x):
        return g / y
    if not hasattr(y, "dtype"):
        return g / y if y == y and y != 0 else xp.where(g == 0, 0, g * math.nan)
    return g / xp.where((g == 0) & ((y == 0) | (y != y)), 1, y)


def _counted(xp: Any, mask: Any, like: Any) -> Any:
    """Return a mask as numbers: real, of the precision of an array."""
    real = xp.real(like) if is_complex(xp, like.dtype) else like
    return xp.astype(mask, real.dtype)


def _bilinear(xp: Any, function: Function, x: Any, y: Any, *rest: Any, **keywords: Any) -> Any:
    """Return a sum of products, in which a term whose linear factor is zero counts for nothing."""
    first = _is_linear(x)
    g, other = _value(x if first else y), _value(y if first else x)

    def product(g: Any, other: Any) -> Any:
        return function(g, other, *rest, **keywords) if first else function(other, g, *rest, **keywords)

    plain = product(g, other)
    if (first and _is_linear(y)) or not xp.isdtype(other.dtype, FLOATING):
        return plain
    finite = xp.isfinite(other)
    met = product(_counted(xp, g != 0, g), _counted(xp, xp.logical_not(finite), other)) > 0
    return xp.where(met, plain, product(g, xp.where(finite, other, 0)))


def _matmul(xp: Any, x: Any, y: Any) -> Any:
    return _bilinear(xp, xp.matmul, x, y)


OPERATORS = (
    "add",
    "and_",
    "floordiv",
    "matmul",
    "mod",
    "mul",
    "or_",
    "pow",
    "sub",
    "truediv",
    "xor",
    *COMPARISONS,
)
for _name in OPERATORS:
    _operator(_name)


# ---------------------------------------------------------------- functions


class Space:
    """A namespace as formulas see it that run on numbers; ``prefix`` is that of an extension."""

    def __init__(self, xp: Any, base: Any = None, prefix: str = "") -> None:
        self._xp, self._base, self._prefix = xp, xp if base is None else base, prefix

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._base, name)
        if name in EXTENSIONS or (self._prefix.startswith("scipy.") and not callable(found)):
            return Space(self._xp, found, f"{self._prefix}{name}.")
        if isinstance(found, type) or not callable(found):
            return found
        return _on_numbers(self._xp, found, RULES.get(self._prefix + name))


def _on_numbers(xp: Any, found: Function, rule: Function | None = None) -> Function:
    """Return a function of arrays as one of numbers."""

    def function(*arguments: Any, **keywords: Any) -> Any:
        linear = _is_linear(arguments) or any(map(_is_linear, keywords.values()))
        if linear and rule is not None:
            out = rule(xp, found, *arguments, **keywords)
        else:
            out = found(*_value(arguments), **{key: _value(x) for key, x in keywords.items()})
        is_function = callable(out) and not hasattr(out, "shape")  # as one of SciPy's that was asked for
        return _on_numbers(xp, out) if is_function else _wrapped(xp, _value(out), linear)

    return function


def _solved(xp: Any, solve: Function, x: Any, y: Any, **keywords: Any) -> Any:
    """Solve; a column that is zero has the solution zero."""
    g, out = _value(y), solve(_value(x), _value(y), **keywords)
    if not _is_linear(y) or len(g.shape) < 2:
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
    return xp.where(xp.pool_sum_dx(lost, x.shape, frames) > 0, function(g, x, top, frames), found)


def _picked(xp: Any, function: Function, y: Any, x: Any, top: Any, frames: Any) -> Any:
    g = _value(y)
    out = function(g, _value(x), _value(top), frames)
    dead = xp.pool_sum(_counted(xp, g != 0, g), frames) == 0
    return xp.where(dead & (out != out), 0, out)


RULES: dict[str, Function] = {
    "multiply": lambda xp, function, x, y: _multiply(xp, x, y),
    "divide": lambda xp, function, x, y: _divide(xp, x, y),
    **dict.fromkeys(("matmul", "linalg.matmul", "tensordot", "linalg.tensordot", "contract"), _bilinear),
    **dict.fromkeys(("vecdot", "convolution", "convolution_dx", "convolution_dweight"), _bilinear),
    "linalg.solve": _solved,
    "linalg.solve_triangular": _solved,
    **{name: _written(name) for name in ("label_loss_dx", "log_softmax_dx", "softmax_dx")},
    "pool_max_dx": _pooled,
    "pool_max_picked": _picked,
}
"""Functions in which what is linear meets what is not; any other is called on the arrays themselves."""
