"""Order, and what is read off it: ``median``, ``quantile``. Equal entries keep their order.

NaN is the greatest of numbers. The gradient of a sorted array goes back to where its entries came from, so
that of everything here at ties follows from the stable order.
"""

from __future__ import annotations

from math import nan, prod
from typing import Any

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import ArrayLike, Axis, derived, operation
from anygrad.rules import axes_in, axes_of, axis_in, check_order, kept_shape


def _ordered(name: str) -> Any:
    def prepare(
        x: ArrayLike, /, *, axis: int = -1, descending: bool = False, stable: bool = True
    ) -> dict[str, Any]:
        check_order(name, x)
        return {
            "axis": axis_in(name, axis, x.ndim),
            "descending": bool(descending),
            "stable": bool(stable),
        }

    return prepare


def _sort_dx(xp, g, x, axis, descending):
    """Put each entry back to where it stood: an addition at distinct positions of the flattened array."""
    at = xp.argsort(x, axis=axis, descending=descending)
    at = at * prod(g.shape[axis + 1 :])
    for i, n in enumerate(g.shape):
        if i != axis:
            steps = xp.arange(n, dtype=at.dtype, device=xp.device) * prod(g.shape[i + 1 :])
            at = at + xp.reshape(steps, tuple(n if j == i else 1 for j in range(g.ndim)))
    zeros = xp.zeros((prod(g.shape),), dtype=g.dtype, device=xp.device)
    out = xp.index_add(zeros, xp.reshape(at, (-1,)), xp.reshape(g, (-1,)), axis=0)
    return xp.reshape(out, g.shape)


sort = operation(
    "sort",
    lambda xp, x, axis, descending, stable: xp.sort(x, axis=axis, descending=descending, stable=stable),
    dx=_sort_dx,
    method=False,  # which sorts in place in NumPy, and returns a pair in PyTorch
    prepare=_ordered("sort"),
    accepts="real",
    real_only=True,
    doc="Sort along an axis; NaN comes last, or first where ``descending``. The gradient at ties is that of"
    " the stable order, also where ``stable=False`` allows a faster one.",
    example="[3.0, 1.0, 2.0] -> [1., 2., 3.]",
)

argsort = operation(
    "argsort",
    lambda xp, x, axis, descending, stable: xp.argsort(x, axis=axis, descending=descending, stable=stable),
    prepare=_ordered("argsort"),
    accepts="real",
    doc="Return the positions that sort along an axis; NaN comes last, or first where ``descending``.",
    example="[3.0, 1.0, 2.0] -> [1, 2, 0], dtype=int64",
)

# ---------------------------------------------------------------- quantiles


def _rows(xp: Any, op: str, x: Any, axis: Axis) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """Sort what a reduction takes together, as a last axis; give the shape without it, and with 1s for it."""
    check_order(op, x)
    axes = axes_of(x.ndim, axes_in(op, axis, x.ndim))
    others = tuple(a for a in range(x.ndim) if a not in axes)
    shape, n = tuple(x.shape[a] for a in others), prod(x.shape[a] for a in axes)
    if not n:
        got = f"x has shape {x.shape}, axis is {axis!r}"
        raise ShapeError(message(op, got, "an axis of length 0 has no such entry", "test x.size first"))
    kept = kept_shape(x.shape, axes)
    x = xp.reshape(xp.permute_dims(x, (*others, *axes)), (*shape, n))
    return xp.sort(x, axis=-1, stable=False), shape, kept


@derived
def median(xp: Any, x: ArrayLike, /, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Return the median along the axes (None: of all entries): of an even number the mean of the middle two.

    Dtypes: real; integers become floats. NaN where an entry is NaN. Differentiable to any order; among equal
    entries the gradient goes to those in the middle of the stable order. Raises ``ShapeError`` where there
    are no entries, ``AxisError`` for an axis that is not there, ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.median(ag.asarray([3.0, 1.0, 2.0, 5.0]))
    tensor(2.5, dtype=float64, device='cpu')
    """
    rows, _, kept = _rows(xp, "median", x, axis)
    n = rows.shape[-1]
    out = _with_nan(xp, xp.mean(rows[..., (n - 1) // 2 : n // 2 + 1], axis=-1), rows[..., -1])
    return xp.reshape(out, kept) if keepdims else out


def _with_nan(xp: Any, out: Any, largest: Any) -> Any:
    """Return NaN where the largest entry is NaN."""
    return out if largest.dtype.kind != "f" else xp.where(largest == largest, out, largest)


METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


@derived
def quantile(
    xp: Any,
    x: ArrayLike,
    q: Any,
    /,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    method: str = "linear",
) -> Any:
    """Return quantiles along the axes (None: of all entries): at rank q * (n - 1) of n sorted entries.

    ``q`` is a number, or a list or array whose axes come first in the result. Between two entries ``method``
    says what is taken: ``linear`` interpolates, ``midpoint`` is their mean, ``lower``, ``higher`` and
    ``nearest`` are one of them (of two that are equally near the one at an even position).

    Dtypes: real; integers become floats where entries are averaged. NaN where an entry is NaN, and for a q in
    an array that is outside [0, 1]. Differentiable to any order, in x (among equal entries by the stable
    order) and, for ``linear``, in q. Raises ``ArgumentError`` for another method or a number outside [0, 1],
    ``ShapeError`` where there are no entries, ``AxisError`` for an axis that is not there, ``DtypeError`` for
    complex numbers.

    >>> import anygrad as ag
    >>> ag.quantile(ag.asarray([3.0, 1.0, 2.0, 5.0]), [0.5, 1.0])
    tensor([2.5, 5. ], dtype=float64, device='cpu')
    """
    if method not in METHODS:
        raise ArgumentError(
            message("quantile", f"method is {method!r}", f"expected one of {', '.join(METHODS)}")
        )
    if not hasattr(q, "shape") and not _all_within(q):
        raise ArgumentError(message("quantile", f"q is {q!r}", "expected numbers from 0 to 1"))
    rows, shape, kept = _rows(xp, "quantile", x, axis)
    plain = isinstance(q, int | float) and not hasattr(q, "shape")
    if not hasattr(q, "shape"):
        q = xp.asarray(q)
    within = (q >= 0) & (q <= 1)
    rank = xp.where(within, q, 0) * (rows.shape[-1] - 1)
    over = (*q.shape, *(1,) * len(shape))
    if method in ("linear", "midpoint"):
        below, above = _at(xp, rows, xp.floor(rank)), _at(xp, rows, xp.ceil(rank))
        weight = xp.reshape(rank - xp.floor(rank), over)
        if method == "midpoint":
            weight = 0.5 * xp.astype(weight > 0, weight.dtype)
        if rows.dtype.kind != "f":
            below, above = below * 1.0, above * 1.0
        elif plain:
            weight = xp.astype(weight, rows.dtype)
        # The difference of two infinities alike is NaN.
        alike = (below == above) & xp.isinf(below)
        out = below + weight * (xp.where(alike, 0, above) - xp.where(alike, 0, below))
    else:
        out = _at(xp, rows, {"lower": xp.floor, "higher": xp.ceil, "nearest": xp.round}[method](rank))
    out = _with_nan(xp, out, rows[..., -1])
    if not plain and out.dtype.kind == "f":
        out = xp.where(xp.reshape(within, over), out, nan)
    return xp.reshape(out, (*q.shape, *kept)) if keepdims else out


def _all_within(q: Any) -> bool:
    """Tell whether numbers, in lists to any depth, are from 0 to 1; arrays among them are not looked at."""
    if isinstance(q, list | tuple):
        return all(map(_all_within, q))
    return hasattr(q, "shape") or (isinstance(q, int | float) and 0 <= q <= 1)


def _at(xp: Any, rows: Any, rank: Any) -> Any:
    """Read sorted rows at whole ranks; the axes of these come first."""
    found = xp.take(rows, xp.astype(rank, xp.arange(0).dtype), axis=-1)
    count = found.ndim - rank.ndim
    return xp.permute_dims(found, (*range(count, found.ndim), *range(count)))
