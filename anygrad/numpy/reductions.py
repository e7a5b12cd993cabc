"""NumPy's reductions: sums, extrema, means and moments.

Those that leave NaN out are made of these, in ``ignoring``.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, message
from anygrad.numpy.table import TABLE, Array, Operand, Out, Results, published, weakly

__all__: list[str] = []

Axis = int | tuple[int, ...] | None
_NoValue: Any = np._NoValue


def along(a: Any, axis: Axis) -> Axis:
    """Return the axes of a reduction: a number has an axis 0 too, as NumPy has it."""
    return None if not a.ndim and axis in (0, -1) else axis


def _chosen(xp: Any, a: Any, where: Any, other: Any) -> Any:
    """Return a where a mask is true, else another number, which may widen the dtype."""
    if where is True:
        return a
    return xp.where(where, a, xp.asarray(other, dtype=a.dtype))


def _cast(xp: Any, a: Any, dtype: Any) -> Any:
    return a if dtype is None else xp.astype(a, dtype, copy=False)


def _count(xp: Any, a: Any, where: Any, axis: Axis, keepdims: bool) -> Any:
    """Return how many entries a mask leaves along axes: a number, or numbers of a's real dtype."""
    axes = tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if where is True:
        return math.prod(a.shape[i] for i in axes)
    kind = a.dtype if a.dtype.kind == "f" else xp.finfo(a.dtype).dtype if a.dtype.kind == "c" else xp.float64
    return xp.sum(xp.astype(xp.broadcast_to(where, a.shape), kind), axis=axis, keepdims=keepdims)


@published
def sum_(
    xp: Any,
    a: Array,
    axis: Axis = None,
    dtype: Any = None,
    out: Out = None,
    keepdims: bool = False,
    initial: Operand = _NoValue,
    where: Operand = True,
) -> Any:
    """Sum along axes."""
    total = xp.sum(_chosen(xp, a, where, 0), axis=along(a, axis), dtype=dtype, keepdims=keepdims)
    return total if initial is _NoValue else total + _first(xp, total, initial)


@published
def prod(
    xp: Any,
    a: Array,
    axis: Axis = None,
    dtype: Any = None,
    out: Out = None,
    keepdims: bool = False,
    initial: Operand = _NoValue,
    where: Operand = True,
) -> Any:
    """Multiply along axes."""
    product = xp.prod(_chosen(xp, a, where, 1), axis=along(a, axis), dtype=dtype, keepdims=keepdims)
    return product if initial is _NoValue else product * _first(xp, product, initial)


def _first(xp: Any, x: Any, initial: Any) -> Any:
    """Return what a reduction begins with: Python's scalars in the dtype of its result, as NumPy has it."""
    if initial.__class__ is not float or x.dtype.kind not in "iub" or not math.isfinite(initial):
        return initial
    return xp.asarray(np.array(int(initial), dtype=x.dtype))


def _extremum(xp: Any, name: str, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
    """Return the largest or smallest entries, ``initial`` among them."""
    axis = along(a, axis)
    if initial is _NoValue:
        if where is not True:
            raise ArgumentError(
                message(name, "where= was given", "the extremum of nothing is unknown", "pass initial=")
            )
        return getattr(xp, name)(a, axis=axis, keepdims=keepdims)
    initial = _first(xp, a, initial)
    if where is not True:
        a, other = weakly(xp, a, initial)
        a = xp.where(where, a, other)
    if not a.size:
        a = xp.sum(a, axis=axis, keepdims=keepdims)  # for its shape, and for an empty one
        return xp.broadcast_to(weakly(xp, a, initial)[1], a.shape)
    pick = xp.maximum if name == "max" else xp.minimum
    return pick(getattr(xp, name)(a, axis=axis, keepdims=keepdims), initial)


@published
def max_(
    xp: Any,
    a: Array,
    axis: Axis = None,
    out: Out = None,
    keepdims: bool = False,
    initial: Operand = _NoValue,
    where: Operand = True,
) -> Any:
    """Return the largest entries along axes."""
    return _extremum(xp, "max", a, axis, keepdims, initial, where)


@published
def min_(
    xp: Any,
    a: Array,
    axis: Axis = None,
    out: Out = None,
    keepdims: bool = False,
    initial: Operand = _NoValue,
    where: Operand = True,
) -> Any:
    """Return the smallest entries along axes."""
    return _extremum(xp, "min", a, axis, keepdims, initial, where)


TABLE |= {"amax": TABLE["max"], "amin": TABLE["min"]}


@published
def all_(
    xp: Any, a: Array, axis: Axis = None, out: Out = None, keepdims: bool = False, *, where: Operand = True
) -> Any:
    """Tell whether all entries along axes are true."""
    return xp.all(a if where is True else (a != 0) | ~where, axis=along(a, axis), keepdims=keepdims)


@published
def any_(
    xp: Any, a: Array, axis: Axis = None, out: Out = None, keepdims: bool = False, *, where: Operand = True
) -> Any:
    """Tell whether any entry along axes is true."""
    return xp.any(a if where is True else (a != 0) & where, axis=along(a, axis), keepdims=keepdims)


@published
def count_nonzero(xp: Any, a: Array, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Count the entries along axes that are not 0."""
    return xp.count_nonzero(a, axis=axis, keepdims=keepdims)


@published
def ptp(xp: Any, a: Array, axis: Axis = None, out: Out = None, keepdims: bool = False) -> Any:
    """Return the largest entry less the smallest."""
    return xp.max(a, axis=axis, keepdims=keepdims) - xp.min(a, axis=axis, keepdims=keepdims)


# ---------------------------------------------------------------- moments


@published
def mean(
    xp: Any,
    a: Array,
    axis: Axis = None,
    dtype: Any = None,
    out: Out = None,
    keepdims: bool = False,
    *,
    where: Operand = True,
) -> Any:
    """Return the mean along axes."""
    a, axis = _cast(xp, a, dtype), along(a, axis)
    if where is True:
        return xp.mean(a, axis=axis, keepdims=keepdims)
    total = xp.sum(_chosen(xp, a, where, 0), axis=axis, keepdims=keepdims)
    return total / _count(xp, a, where, axis, keepdims)


def _spread(xp: Any, a: Any, where: Any, axis: Axis, centre: Any) -> Any:
    """Return what the entries that a mask leaves are from their mean, and 0 elsewhere."""
    if centre is _NoValue:
        centre = mean(a, axis=axis, keepdims=True, where=where)
    if where is not True:  # before the difference too: what is left out may be no number
        a = _chosen(xp, a, where, 0)
    return _chosen(xp, a - centre, where, 0)


def _freedom(xp: Any, a: Any, where: Any, axis: Axis, keepdims: bool, ddof: Any) -> Any:
    left = _count(xp, a, where, axis, keepdims) - ddof
    return builtins.max(left, 0) if where is True else xp.clip(left, 0, None)


@published
def var(
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
    """Return the variance along axes: the mean squared distance from the mean, ``n - ddof`` in place of n."""
    a, ddof = _cast(xp, a, dtype), ddof if correction is _NoValue else correction
    axis = along(a, axis)
    off = _spread(xp, a, where, axis, mean)
    square = xp.real(off) ** 2 + xp.imag(off) ** 2 if off.dtype.kind == "c" else off**2
    return xp.sum(square, axis=axis, keepdims=keepdims) / _freedom(xp, a, where, axis, keepdims, ddof)


@published
def std(
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
    """Return the standard deviation along axes; where it is 0, so is its gradient."""
    a, ddof = _cast(xp, a, dtype), ddof if correction is _NoValue else correction
    axis = along(a, axis)
    off = _spread(xp, a, where, axis, mean)
    norm = xp.linalg.vector_norm(off, axis=axis, keepdims=keepdims)
    left = _freedom(xp, a, where, axis, keepdims, ddof)
    return norm / (math.sqrt(left) if where is True else xp.sqrt(left))


@published
def average(
    xp: Any,
    a: Array,
    axis: Axis = None,
    weights: Array = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Results:
    """Return the weighted mean along axes, and with ``returned`` the sum of the weights."""
    if weights is None:
        result = xp.mean(a, axis=axis, keepdims=keepdims)
        total = xp.full_like(result, _count(xp, a, True, axis, keepdims))
        return (result, total) if returned else result
    if a.dtype.kind not in "fc":
        weights = xp.astype(weights, xp.result_type(weights.dtype, xp.float64), copy=False)
    if weights.shape != a.shape:
        axes = (
            tuple(i % a.ndim for i in (axis if isinstance(axis, tuple) else (axis,)))
            if axis is not None
            else ()
        )
        if weights.shape != tuple(a.shape[i] for i in axes):
            got = f"weights have shape {weights.shape}, a has shape {a.shape}, axis is {axis}"
            raise ArgumentError(
                message("average", got, "expected a weight for each entry, or along the axis")
            )
        weights = xp.permute_dims(weights, tuple(sorted(range(len(axes)), key=axes.__getitem__)))
        weights = xp.reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))
    weights = xp.broadcast_to(weights, a.shape)
    total = xp.sum(weights, axis=axis, keepdims=keepdims)
    result = xp.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (result, total) if returned else result


@published
def cov(
    xp: Any,
    m: Array,
    y: Array = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Array = None,
    aweights: Array = None,
    *,
    dtype: Any = None,
) -> Any:
    """Return the covariance matrix of variables in rows (``rowvar``) or columns."""

    def rows(x: Any) -> Any:
        x = xp.reshape(x, (1, -1)) if x.ndim < 2 else x
        return x if rowvar or x.shape[0] == 1 else x.mT

    if m.ndim > 2 or (y is not None and y.ndim > 2):
        raise ArgumentError(message("cov", f"m has shape {m.shape}", "expected at most two axes"))
    x = rows(m) if y is None else xp.concat([rows(m), rows(y)], axis=0)
    kind = xp.result_type(x.dtype, xp.float64) if dtype is None else dtype
    x = xp.astype(x, kind, copy=False)
    given = [w for w in (fweights, aweights) if w is not None]
    weights = None if not given else given[0] * given[1] if len(given) == 2 else given[0]
    centre, total = average(x, axis=1, weights=weights, returned=True)
    ddof = (0 if bias else 1) if ddof is None else ddof
    total = total[0]
    if weights is None:
        left = builtins.max(x.shape[1] - ddof, 0)
    elif ddof == 0 or aweights is None:
        left = total - ddof
    else:
        left = total - ddof * xp.sum(weights * aweights) / total
    x = x - centre[:, None]
    result = x @ xp.conj((x if weights is None else x * weights).mT) / left
    return TABLE["squeeze"](result)


@published
def corrcoef(xp: Any, x: Array, y: Array = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """Return the correlation coefficients of variables."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    scale = xp.sqrt(xp.real(xp.linalg.diagonal(c)) if c.dtype.kind == "c" else xp.linalg.diagonal(c))
    c = c / scale[:, None] / scale[None, :]
    if c.dtype.kind == "c":
        return xp.clip(xp.real(c), -1, 1) + 1j * xp.clip(xp.imag(c), -1, 1)
    return xp.clip(c, -1, 1)
