"""NumPy's reductions that leave NaN out: no gradient comes from what was left out, nor goes there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, message
from anygrad.numpy.cumulative import cumprod, cumsum, levels
from anygrad.numpy.reductions import Axis, max_, mean, min_, prod, std, sum_, var
from anygrad.numpy.table import Array, Fixed, Operand, Out, Unused, published

__all__: list[str] = []

_NoValue: Any = np._NoValue


def _valid(xp: Any, a: Any, where: Any) -> Any:
    """Return a mask of what is no NaN, where another is true."""
    found = ~xp.isnan(a)
    return found if where is True else found & where


@published
def nansum(
    xp: Any,
    a: Array,
    axis: Axis = None,
    dtype: Any = None,
    out: Out = None,
    keepdims: bool = False,
    initial: Operand = _NoValue,
    where: Operand = True,
) -> Any:
    """Sum what is no NaN along axes."""
    return sum_(a, axis, dtype, None, keepdims, initial, _valid(xp, a, where))


@published
def nanprod(
    xp: Any,
    a: Array,
    axis: Axis = None,
    dtype: Any = None,
    out: Out = None,
    keepdims: bool = False,
    initial: Operand = _NoValue,
    where: Operand = True,
) -> Any:
    """Multiply what is no NaN along axes."""
    return prod(a, axis, dtype, None, keepdims, initial, _valid(xp, a, where))


@published
def nanmean(
    xp: Any,
    a: Array,
    axis: Axis = None,
    dtype: Any = None,
    out: Out = None,
    keepdims: bool = False,
    *,
    where: Operand = True,
) -> Any:
    """Return the mean of what is no NaN along axes; NaN where there is nothing."""
    return mean(a, axis, dtype, None, keepdims, where=_valid(xp, a, where))


@published
def nanvar(
    xp: Any,
    a: Array,
    axis: Axis = None,
    dtype: Any = None,
    out: Out = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Operand = True,
    mean: Operand = _NoValue,
    correction: float = _NoValue,
) -> Any:
    """Return the variance of what is no NaN along axes."""
    more = {"where": _valid(xp, a, where), "mean": mean, "correction": correction}
    return var(a, axis, dtype, None, ddof, keepdims, **more)


@published
def nanstd(
    xp: Any,
    a: Array,
    axis: Axis = None,
    dtype: Any = None,
    out: Out = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Operand = True,
    mean: Operand = _NoValue,
    correction: float = _NoValue,
) -> Any:
    """Return the standard deviation of what is no NaN along axes."""
    more = {"where": _valid(xp, a, where), "mean": mean, "correction": correction}
    return std(a, axis, dtype, None, ddof, keepdims, **more)


# ---------------------------------------------------------------- extrema


def _extremum(
    xp: Any, reduce: Any, least: float, a: Any, axis: Axis, keep: bool, initial: Any, where: Any
) -> Any:
    if a.dtype.kind != "f":
        return reduce(a, axis, None, keep, initial, where)
    valid = _valid(xp, a, where)
    found = reduce(a, axis, None, keep, least if initial is _NoValue else initial, valid)
    return (
        found
        if initial is not _NoValue
        else xp.where(xp.any(valid, axis=axis, keepdims=keep), found, math.nan)
    )


@published
def nanmax(
    xp: Any,
    a: Array,
    axis: Axis = None,
    out: Out = None,
    keepdims: bool = False,
    initial: Operand = _NoValue,
    where: Operand = True,
) -> Any:
    """Return the largest entries that are no NaN along axes; NaN where there are none."""
    return _extremum(xp, max_, -math.inf, a, axis, keepdims, initial, where)


@published
def nanmin(
    xp: Any,
    a: Array,
    axis: Axis = None,
    out: Out = None,
    keepdims: bool = False,
    initial: Operand = _NoValue,
    where: Operand = True,
) -> Any:
    """Return the smallest entries that are no NaN along axes; NaN where there are none."""
    return _extremum(xp, min_, math.inf, a, axis, keepdims, initial, where)


def _position(xp: Any, name: str, least: float, a: Any, axis: int | None, keepdims: bool) -> Any:
    valid = ~xp.isnan(a)
    if not bool(xp.all(xp.any(valid, axis=axis))):
        raise ArgumentError(
            message(f"nanarg{name}", "a has nothing but NaN", "expected a number in each line")
        )
    filled = xp.where(valid, a, least) if a.dtype.kind == "f" else a
    best = getattr(xp, name)(filled, axis=axis, keepdims=True)
    # An infinity that was filled in does not count.
    return xp.argmax(xp.astype((filled == best) & valid, xp.int8), axis=axis, keepdims=keepdims)


@published
def nanargmax(xp: Any, a: Array, axis: int | None = None, out: Out = None, *, keepdims: bool = False) -> Any:
    """Return the position of the first largest entry that is no NaN."""
    return _position(xp, "max", -math.inf, a, axis, keepdims)


@published
def nanargmin(xp: Any, a: Array, axis: int | None = None, out: Out = None, *, keepdims: bool = False) -> Any:
    """Return the position of the first smallest entry that is no NaN."""
    return _position(xp, "min", math.inf, a, axis, keepdims)


# ---------------------------------------------------------------- cumulative, and order


@published
def nancumsum(xp: Any, a: Array, axis: int | None = None, dtype: Any = None, out: Out = None) -> Any:
    """Return the sums of what is no NaN up to each entry."""
    return cumsum(xp.where(xp.isnan(a), 0, a), axis, dtype)


@published
def nancumprod(xp: Any, a: Array, axis: int | None = None, dtype: Any = None, out: Out = None) -> Any:
    """Return the products of what is no NaN up to each entry."""
    return cumprod(xp.where(xp.isnan(a), 1, a), axis, dtype)


@published
def nanquantile(
    xp: Any,
    a: Array,
    q: Any,
    axis: Axis = None,
    out: Out = None,
    overwrite_input: Unused = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Fixed = None,
) -> Any:
    """Return quantiles of what is no NaN along axes; NaN where there is nothing."""
    return _quantile(xp, a, levels(xp, a, q, 1), axis, method, keepdims)


@published
def nanpercentile(
    xp: Any,
    a: Array,
    q: Any,
    axis: Axis = None,
    out: Out = None,
    overwrite_input: Unused = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Fixed = None,
) -> Any:
    """Return percentiles of what is no NaN along axes; NaN where there is nothing."""
    return _quantile(xp, a, levels(xp, a, q, 100), axis, method, keepdims)


@published
def nanmedian(
    xp: Any,
    a: Array,
    axis: Axis = None,
    out: Out = None,
    overwrite_input: Unused = False,
    keepdims: bool = False,
) -> Any:
    """Return the median of what is no NaN along axes; NaN where there is nothing."""
    return _quantile(xp, a, 0.5, axis, "linear", keepdims)


def _quantile(xp: Any, a: Any, q: Any, axis: Axis, method: str, keepdims: bool) -> Any:
    """Return quantiles of lines that differ in length: sorted, with NaN behind what counts."""
    roundings = {"lower": xp.floor, "higher": xp.ceil, "nearest": xp.round}
    if method not in ("linear", "midpoint", *roundings):
        names = ", ".join(["linear", "midpoint", *roundings])
        raise ArgumentError(message("nanquantile", f"method is {method!r}", f"expected one of {names}"))
    if a.dtype.kind != "f":
        return xp.quantile(a, q, axis=axis, keepdims=keepdims, method=method)
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted(i % a.ndim for i in axes))
    left = tuple(i for i in range(a.ndim) if i not in axes)
    shape = tuple(a.shape[i] for i in left)
    rows = xp.reshape(xp.permute_dims(a, (*left, *axes)), (*shape, math.prod(a.shape[i] for i in axes)))
    nothing = xp.isnan(rows)
    count = xp.sum(xp.astype(~nothing, xp.int64), axis=-1)
    rows = xp.sort(xp.where(nothing, math.inf, rows), axis=-1)
    q = xp.asarray(q, dtype=a.dtype) if q.__class__ in (int, float) else q
    last = xp.astype(xp.where(count > 0, count - 1, 0), q.dtype)
    rank = xp.reshape(q, (*q.shape, *(1,) * len(shape))) * last

    def entry(at: Any) -> Any:
        index = xp.reshape(xp.astype(at, xp.int64), (-1, *shape))
        found = xp.take_along_axis(rows, xp.moveaxis(index, 0, -1), axis=-1)
        return xp.reshape(xp.moveaxis(found, -1, 0), (*q.shape, *shape))

    if method in roundings:
        result = entry(roundings[method](rank.detach()))
    else:
        low = xp.floor(rank.detach())
        below, above, weight = entry(low), entry(xp.ceil(rank.detach())), rank - low
        weight = 0.5 * xp.astype(weight > 0, weight.dtype) if method == "midpoint" else weight
        alike = below == above
        result = below + weight * (xp.where(alike, 0, above) - xp.where(alike, 0, below))
    result = xp.where(count > 0, result, math.nan)
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    return xp.reshape(result, (*q.shape, *kept)) if keepdims else result
