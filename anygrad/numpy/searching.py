"""NumPy's functions that sort, search and count, and those of sets: what is found are positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, DtypeError, message
from anygrad.numpy.shapes import host
from anygrad.numpy.table import Array, Arrays, Fixed, Out, Results, Unused, published
from anygrad.tensors import Tensor

__all__: list[str] = []

# ---------------------------------------------------------------- sorting


def _line(xp: Any, a: Any, axis: int | None) -> tuple[Any, int]:
    return (xp.reshape(a, (-1,)), -1) if axis is None else (a, axis)


@published
def sort(
    xp: Any,
    a: Array,
    axis: int | None = -1,
    kind: Unused = None,
    order: Fixed = None,
    *,
    stable: Unused = None,
) -> Any:
    """Return the entries along an axis (None: all) in order."""
    a, axis = _line(xp, a, axis)
    return xp.sort(a, axis=axis)


@published
def argsort(
    xp: Any,
    a: Array,
    axis: int | None = -1,
    kind: Unused = None,
    order: Fixed = None,
    *,
    stable: Unused = None,
) -> Any:
    """Return the positions of the entries along an axis (None: of all) in order."""
    a, axis = _line(xp, a, axis)
    return xp.argsort(a, axis=axis)


@published
def partition(
    xp: Any, a: Array, kth: Any, axis: int | None = -1, kind: Unused = "introselect", order: Fixed = None
) -> Any:
    """Return the entries along an axis with the k-th where sorting puts it: all are sorted."""
    return sort(a, axis)


@published
def argpartition(
    xp: Any, a: Array, kth: Any, axis: int | None = -1, kind: Unused = "introselect", order: Fixed = None
) -> Any:
    """Return positions that put the k-th entry where sorting does: those that sort."""
    return argsort(a, axis)


@published
def sort_complex(xp: Any, a: Array) -> Any:
    """Return complex numbers in order of their real, then of their imaginary parts."""
    small = a.dtype.kind in "iu" and a.dtype.itemsize < 4  # as NumPy has it: float32 becomes complex128
    a = a if a.dtype.kind == "c" else xp.astype(a, xp.complex64 if small else xp.complex128)
    order = lexsort([xp.imag(a), xp.real(a)])
    return xp.take_along_axis(a, order)


@published
def lexsort(xp: Any, keys: Arrays, axis: int = -1) -> Any:
    """Return the positions that sort by the last key, among equals by the one before, and so on."""
    if not keys:
        raise ArgumentError(message("lexsort", "got no keys", "expected at least one"))
    order = xp.argsort(keys[0], axis=axis, stable=True)
    for key in keys[1:]:
        sorted_ = xp.take_along_axis(key, order, axis=axis)
        order = xp.take_along_axis(order, xp.argsort(sorted_, axis=axis, stable=True), axis=axis)
    return order


# ---------------------------------------------------------------- positions


@published
def argmax(xp: Any, a: Array, axis: int | None = None, out: Out = None, *, keepdims: bool = False) -> Any:
    """Return the position of the first largest entry along an axis (None: of all)."""
    return xp.argmax(a, axis=axis, keepdims=keepdims)


@published
def argmin(xp: Any, a: Array, axis: int | None = None, out: Out = None, *, keepdims: bool = False) -> Any:
    """Return the position of the first smallest entry along an axis (None: of all)."""
    return xp.argmin(a, axis=axis, keepdims=keepdims)


@published
def nonzero(xp: Any, a: Array) -> tuple[Any, ...]:
    """Return the positions of the entries that are not 0, an index for each axis."""
    return xp.nonzero(a)  # type: ignore[no-any-return]


@published
def argwhere(xp: Any, a: Array) -> Any:
    """Return the positions of the entries that are not 0, one a row."""
    if not a.ndim:
        return xp.zeros((int(host(a) != 0), 0), dtype=xp.int64)
    return xp.stack(xp.nonzero(a), axis=-1)


@published
def flatnonzero(xp: Any, a: Array) -> Any:
    """Return the positions among all entries of those that are not 0."""
    return xp.nonzero(xp.reshape(a, (-1,)))[0]


@published
def searchsorted(xp: Any, a: Array, v: Array, side: str = "left", sorter: Array = None) -> Any:
    """Return where values are to be put in to keep a in order."""
    return xp.searchsorted(a, v, side=side, sorter=sorter)


@published
def digitize(xp: Any, x: Array, bins: Array, right: bool = False) -> Any:
    """Return the bin of each entry: how many edges lie below it, or above where they fall."""
    edges = host(bins)
    if bins.ndim != 1 or not (np.all(edges[1:] >= edges[:-1]) or np.all(edges[1:] <= edges[:-1])):
        raise ArgumentError(message("digitize", "bins are not in order", "sort them"))
    rising = bool(np.all(edges[1:] >= edges[:-1]))
    if rising:
        return xp.searchsorted(bins, x, side="left" if right else "right")
    return bins.shape[0] - xp.searchsorted(xp.flip(bins), x, side="left" if right else "right")


@published
def isin(
    xp: Any,
    element: Array,
    test_elements: Array,
    assume_unique: Unused = False,
    invert: bool = False,
    *,
    kind: Unused = None,
) -> Any:
    """Tell which entries are among others."""
    return xp.isin(element, test_elements, invert=invert)


# ---------------------------------------------------------------- counting


@published
def bincount(xp: Any, x: Array, /, weights: Array = None, minlength: int = 0) -> Any:
    """Count each number from 0 up, or add up its weights, in which it is differentiable."""
    if x.ndim != 1 or x.dtype.kind not in "iub":
        got = f"x has shape {x.shape} and dtype {x.dtype}"
        raise DtypeError(message("bincount", got, "expected a vector of integers"))
    values = host(x)
    if np.any(values < 0):
        raise ArgumentError(message("bincount", "x has negative entries", "expected numbers from 0"))
    n = max(minlength, int(values.max()) + 1 if x.size else 0)
    x = xp.astype(x, xp.int64) if x.dtype.kind == "b" else x
    if weights is None:
        return xp.index_add(xp.zeros((n,), dtype=xp.int64), x, xp.ones(x.shape, dtype=xp.int64), axis=0)
    if weights.dtype.kind not in "fc":
        weights = xp.astype(weights, xp.float64)
    return xp.index_add(xp.zeros((n,), dtype=weights.dtype), x, weights, axis=0)


@published
def histogram_bin_edges(xp: Any, a: Array, bins: Any = 10, range: Any = None, weights: Array = None) -> Any:
    """Return the edges of bins: so many of one width, or those that a rule for the data asks for."""
    if isinstance(bins, str):
        bins = (
            np.histogram_bin_edges(host(a), bins, range, None if weights is None else host(weights)).size - 1
        )
    if np.ndim(bins) if not isinstance(bins, Tensor) else bins.ndim:
        edges = xp.asarray(bins)
        if edges.ndim > 1 or np.any(host(edges)[:-1] > host(edges)[1:]):
            raise ArgumentError(message("histogram", f"bins are {bins}", "expected a vector in rising order"))
        return edges
    if int(bins) < 1:
        raise ArgumentError(message("histogram", f"bins is {bins}", "expected at least one"))
    kind = a.dtype if a.dtype.kind == "f" else None
    if range is None and not a.size:
        range = (0.0, 1.0)
    low, high = (xp.min(a), xp.max(a)) if range is None else (xp.asarray(float(x), dtype=kind) for x in range)
    low, high = (x if x.dtype.kind == "f" else xp.astype(x, xp.float64) for x in (low, high))
    if not np.isfinite(host(low) - host(high)):
        got = f"the range is from {host(low)} to {host(high)}"
        raise ArgumentError(message("histogram", got, "expected a finite one", "pass range="))
    if host(low) == host(high):
        low, high = low - 0.5, high + 0.5
    share = xp.arange(int(bins) + 1, dtype=low.dtype) / int(bins)
    edges = low + (high - low) * share
    return xp.concat([edges[:-1], xp.reshape(high, (1,))])


@published
def histogram(
    xp: Any,
    a: Array,
    bins: Any = 10,
    range: Any = None,
    density: bool = False,
    weights: Array = None,
) -> tuple[Any, Any]:
    """Count the entries in bins, or add up their weights, in which it is differentiable; and the edges."""
    edges = histogram_bin_edges(a, bins, range, weights)
    flat, n = xp.reshape(a.detach(), (-1,)), edges.shape[0] - 1
    place = xp.searchsorted(edges.detach(), flat, side="right") - 1
    place = xp.where(flat == edges.detach()[-1], n - 1, place)
    inside = (place >= 0) & (place < n)
    weights = None if weights is None else xp.reshape(weights, (-1,))[inside]
    counts = bincount(place[inside], weights, minlength=n)
    if not density:
        return counts, edges
    return counts / (edges[1:] - edges[:-1]) / xp.sum(counts), edges


# ---------------------------------------------------------------- sets


@published
def unique(
    xp: Any,
    ar: Array,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: Unused = True,
) -> Results:
    """Return the entries that differ, in order; where they first stand, where each is, how many there are.

    With ``axis`` its slices are what is compared.
    """
    _, *found = np.unique(host(ar), True, True, True, axis, equal_nan=equal_nan)
    values = xp.take(ar if axis is not None else xp.reshape(ar, (-1,)), xp.asarray(found[0]), axis=axis or 0)
    asked = zip((return_index, return_inverse, return_counts), found, strict=True)
    more = [xp.asarray(each.astype(np.int64)) for wanted, each in asked if wanted]
    return (values, *more) if more else values


def _as_standard(name: str) -> None:
    """Publish one of the standard's functions of what differs."""

    def function(xp: Any, x: Array, /) -> Any:
        return getattr(xp, name)(x)

    function.__name__, function.__doc__ = name, f"Do what ``anygrad.{name}`` does."
    published(function)


for _name in ("unique_all", "unique_counts", "unique_inverse", "unique_values"):
    _as_standard(_name)


def _distinct(xp: Any, *arrays: Any) -> Any:
    return unique(xp.concat([xp.reshape(a, (-1,)) for a in arrays]))


@published
def union1d(xp: Any, ar1: Array, ar2: Array) -> Any:
    """Return the entries of either, in order."""
    return _distinct(xp, ar1, ar2)


@published
def intersect1d(
    xp: Any, ar1: Array, ar2: Array, assume_unique: Unused = False, return_indices: bool = False
) -> Results:
    """Return the entries of both, in order, and where they first stand in each."""
    _, i, j = np.intersect1d(host(ar1), host(ar2), return_indices=True)
    i, j = (xp.asarray(k.astype(np.int64)) for k in (i, j))
    values = xp.astype(xp.take(xp.reshape(ar1, (-1,)), i), xp.result_type(ar1.dtype, ar2.dtype), copy=False)
    return (values, i, j) if return_indices else values


@published
def setdiff1d(xp: Any, ar1: Array, ar2: Array, assume_unique: bool = False) -> Any:
    """Return the entries of the first that are not in the second."""
    values = xp.reshape(ar1, (-1,)) if assume_unique else unique(ar1)
    return values[xp.isin(values, ar2, invert=True)]


@published
def setxor1d(xp: Any, ar1: Array, ar2: Array, assume_unique: Unused = False) -> Any:
    """Return the entries of one alone, in order."""
    return _distinct(xp, setdiff1d(ar1, ar2), setdiff1d(ar2, ar1))
