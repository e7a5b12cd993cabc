"""Reductions and cumulative functions.

``prepare`` makes the axis canonical (None, or a tuple of numbers from 0), so that no formula has cases.
A ``cast`` in what it returns is applied to the input before the row is.
"""

from __future__ import annotations

from math import nan
from typing import Any

from anygrad.errors import AxisError, message
from anygrad.op import Axis, operation
from anygrad.rules import (
    axes_in,
    axis_in,
    count_of,
    fused,
    is_complex,
    kept,
    others_product,
    prefix_products,
    recurrence,
    safe,
    share_of,
    shifted,
    split,
    spread,
)


def _reduced(name: str) -> Any:
    def prepare(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> dict[str, Any]:
        return {"axis": axes_in(name, axis, x.ndim), "keepdims": bool(keepdims)}

    return prepare


def _accumulated(name: str) -> Any:
    def prepare(x: Any, /, axis: Axis = None, *, dtype: Any = None, keepdims: bool = False) -> dict[str, Any]:
        return {"axis": axes_in(name, axis, x.ndim), "keepdims": bool(keepdims), "cast": dtype}

    return prepare


def _corrected(name: str) -> Any:
    def prepare(
        x: Any, /, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False
    ) -> dict[str, Any]:
        return {"axis": axes_in(name, axis, x.ndim), "correction": correction, "keepdims": bool(keepdims)}

    return prepare


sum = operation(
    "sum",
    lambda xp, x, axis, keepdims: xp.sum(x, axis=axis, keepdims=keepdims),
    dx=lambda xp, g, x_shape, axis, keepdims: spread(xp, g, x_shape, axis, keepdims),
    prepare=_accumulated("sum"),
    linear=True,
    doc="Add up the entries along the axes.",
    example="[[1.0, 2.0], [3.0, 4.0]], axis=0 -> [4., 6.]",
)

total = operation(
    "total",
    lambda xp, x, axes, keepdims: xp.total(x, axes, keepdims),
    dx=lambda xp, g, x_shape, axes, keepdims: spread(xp, g, x_shape, axes, keepdims),
    prepare=lambda x, /, axes, keepdims=True: {"axes": axes, "keepdims": keepdims},
    linear=True,
    public=False,
    doc="Add up a gradient along axes, which stay with length 1 where ``keepdims``.",
)

mean = operation(
    "mean",
    lambda xp, x, axis, keepdims: xp.mean(x, axis=axis, keepdims=keepdims),
    dx=lambda xp, g, x_shape, axis, keepdims: spread(
        xp, g * share_of(x_shape, axis), x_shape, axis, keepdims
    ),
    prepare=_reduced("mean"),
    accepts="floating",
    linear=True,
    doc="Return the arithmetic mean along the axes.",
    example="[[1.0, 2.0], [3.0, 4.0]], axis=0 -> [2., 3.]",
)

prod = operation(
    "prod",
    lambda xp, x, axis, keepdims: xp.prod(x, axis=axis, keepdims=keepdims),
    dx=lambda xp, g, x, axis, keepdims: spread(xp, g, x.shape, axis, keepdims) * others_product(xp, x, axis),
    prepare=_accumulated("prod"),
    doc="Multiply the entries along the axes; the gradient is exact where some are zero.",
    example="[[1.0, 2.0], [3.0, 4.0]], axis=0 -> [3., 8.]",
)


@fused
def _where_equal(xp, x, out):
    return xp.astype(x == out, x.dtype)


@fused
def _shared(xp, chosen, g, n):
    return chosen * (g / n)


@fused
def _shared_by_mean(xp, chosen, g, share, mean):
    return chosen * (g * (share / mean))


def _extremum_dx(xp, g, x, out, axis, keepdims):
    g, out = (kept(xp, a, x.shape, axis, keepdims) for a in (g, out))
    chosen, n = _where_equal(xp, x, out), count_of(x.shape, axis)
    if n <= 2048:
        return _shared(xp, chosen, g, xp.sum(chosen, axis=axis, keepdims=True))
    # More than float16 counts; g times the share alone would leave its range.
    return _shared_by_mean(xp, chosen, g, 1 / n, xp.mean(chosen, axis=axis, keepdims=True))


max = operation(
    "max",
    lambda xp, x, axis, keepdims: xp.max(x, axis=axis, keepdims=keepdims),
    dx=_extremum_dx,
    prepare=_reduced("max"),
    real_only=True,
    doc="Return the largest entry along the axes; equal ones share the gradient evenly.",
    example="[[1.0, 4.0], [3.0, 2.0]], axis=0 -> [3., 4.]",
)

min = operation(
    "min",
    lambda xp, x, axis, keepdims: xp.min(x, axis=axis, keepdims=keepdims),
    dx=_extremum_dx,
    prepare=_reduced("min"),
    real_only=True,
    doc="Return the smallest entry along the axes; equal ones share the gradient evenly.",
    example="[[1.0, 4.0], [3.0, 2.0]], axis=0 -> [1., 2.]",
)


def _away(xp, x, mean):
    return xp.conj(x - mean) if is_complex(xp, x.dtype) else x - mean


@fused
def _var_dx(xp, x, mean, g, share):
    return g * share * _away(xp, x, mean)


@fused
def _std_dx(xp, x, mean, g, share, out):
    return g / safe(xp, out) * share * _away(xp, x, mean)


def _deviation(xp, g, weight, x, axis, correction, keepdims):
    """Return x, its mean, g such that they broadcast, and weight / (n - correction)."""
    left = count_of(x.shape, axis) - correction
    mean, g = xp.mean(x, axis=axis, keepdims=True), kept(xp, g, x.shape, axis, keepdims)
    return x, mean, g, float(weight / left) if left > 0 else nan


def _var(xp, x, axis, correction, keepdims):
    if not is_complex(xp, x.dtype):
        return xp.var(x, axis=axis, correction=correction, keepdims=keepdims)
    parts = [
        xp.var(part, axis=axis, correction=correction, keepdims=keepdims) for part in (xp.real(x), xp.imag(x))
    ]
    return parts[0] + parts[1]


var = operation(
    "var",
    _var,
    dx=lambda xp, g, x, axis, correction, keepdims: _var_dx(
        xp, *_deviation(xp, g, 2, x, axis, correction, keepdims)
    ),
    prepare=_corrected("var"),
    accepts="floating",
    doc="Return the variance along the axes, divided by n - correction.",
    example="[1.0, 2.0, 3.0, 4.0] -> 1.25",
)

std = operation(
    "std",
    lambda xp, x, axis, correction, keepdims: xp.sqrt(_var(xp, x, axis, correction, keepdims)),
    dx=lambda xp, g, x, out, axis, correction, keepdims: _std_dx(
        xp, *_deviation(xp, g, 1, x, axis, correction, keepdims), kept(xp, out, x.shape, axis, keepdims)
    ),
    prepare=_corrected("std"),
    accepts="floating",
    doc="Return the standard deviation along the axes; its gradient is 0 where it is 0.",
    example="[1.0, 2.0, 3.0, 4.0], correction=1 -> 1.29099445",
)

# ---------------------------------------------------------------- cumulative


def _cumulative(name: str) -> Any:
    def prepare(
        x: Any, /, axis: int | None = None, *, dtype: Any = None, include_initial: bool = False
    ) -> dict[str, Any]:
        if axis is None and x.ndim != 1:
            raise AxisError(message(name, f"x has shape {x.shape} and no axis was given", "pass axis="))
        axis = 0 if axis is None else axis_in(name, axis, x.ndim)
        return {"axis": axis, "include_initial": bool(include_initial), "cast": dtype}

    return prepare


def _without_initial(xp, g, axis, include_initial):
    return split(xp, g, axis, 1)[1] if include_initial else g


def _cumulative_sum_dx(xp, g, axis, include_initial):
    g = _without_initial(xp, g, axis, include_initial)
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


def _cumulative_prod_dx(xp, g, x, axis, include_initial):
    """d out[k] / d x[j] = (product before j) * (product after j up to k): sum over k as a recurrence."""
    g = _without_initial(xp, g, axis, include_initial)
    following = shifted(xp, x, axis, -1, xp.zeros_like)
    later = xp.flip(recurrence(xp, xp.flip(following, axis=axis), xp.flip(g, axis=axis), axis), axis=axis)
    return prefix_products(xp, x, axis) * later


cumulative_sum = operation(
    "cumulative_sum",
    lambda xp, x, axis, include_initial: xp.cumulative_sum(x, axis=axis, include_initial=include_initial),
    dx=_cumulative_sum_dx,
    prepare=_cumulative("cumulative_sum"),
    linear=True,
    doc="Return the running sum along an axis.",
    example="[1.0, 2.0, 3.0] -> [1., 3., 6.]",
)

cumulative_prod = operation(
    "cumulative_prod",
    lambda xp, x, axis, include_initial: xp.cumulative_prod(x, axis=axis, include_initial=include_initial),
    dx=_cumulative_prod_dx,
    prepare=_cumulative("cumulative_prod"),
    doc="Return the running product along an axis; the gradient is exact where entries are zero.",
    example="[1.0, 2.0, 3.0] -> [1., 2., 6.]",
)

# ---------------------------------------------------------------- no derivative

all = operation(
    "all",
    lambda xp, x, axis, keepdims: xp.all(x, axis=axis, keepdims=keepdims),
    prepare=_reduced("all"),
    accepts="any",
    doc="Tell whether all entries along the axes are true.",
    example="[[True, False], [True, True]], axis=1 -> [False,  True], dtype=bool",
)

any = operation(
    "any",
    lambda xp, x, axis, keepdims: xp.any(x, axis=axis, keepdims=keepdims),
    prepare=_reduced("any"),
    accepts="any",
    doc="Tell whether some entry along the axes is true.",
    example="[[True, False], [True, True]], axis=1 -> [ True,  True], dtype=bool",
)

count_nonzero = operation(
    "count_nonzero",
    lambda xp, x, axis, keepdims: xp.count_nonzero(x, axis=axis, keepdims=keepdims),
    prepare=_reduced("count_nonzero"),
    accepts="any",
    doc="Count the entries along the axes that are not zero.",
    example="[0.0, 3.0, 4.0] -> 2, dtype=int64",
)
