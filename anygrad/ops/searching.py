"""Where things stand, and which values there are. Positions have no derivative; values are read at theirs."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import ArrayLike, derived, operation
from anygrad.rules import axis_in, check_order


class UniqueAllResult(NamedTuple):
    """The values that occur, where each is first, which of them each entry is, and how often each occurs."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCountsResult(NamedTuple):
    """The values that occur, and how often."""

    values: Any
    counts: Any


class UniqueInverseResult(NamedTuple):
    """The values that occur, and which of them each entry is."""

    values: Any
    inverse_indices: Any


def _position(name: str) -> Any:
    def prepare(x: Any, /, axis: int | None = None, *, keepdims: bool = False) -> dict[str, Any]:
        check_order(name, x)
        return {"axis": None if axis is None else axis_in(name, axis, x.ndim), "keepdims": bool(keepdims)}

    return prepare


argmax = operation(
    "argmax",
    lambda xp, x, axis, keepdims: xp.argmax(x, axis=axis, keepdims=keepdims),
    prepare=_position("argmax"),
    accepts="real",
    doc="Return the position of the first largest entry along an axis (None: of the flattened array).",
    example="[1.0, 4.0, 3.0] -> 1, dtype=int64",
)

argmin = operation(
    "argmin",
    lambda xp, x, axis, keepdims: xp.argmin(x, axis=axis, keepdims=keepdims),
    prepare=_position("argmin"),
    accepts="real",
    doc="Return the position of the first smallest entry along an axis (None: of the flattened array).",
    example="[1.0, 4.0, 3.0] -> 0, dtype=int64",
)


def _positions(x: ArrayLike, /) -> dict[str, Any]:
    if not x.ndim:
        raise ShapeError(message("nonzero", "x has no axes", "expected at least one"))
    return {}


nonzero = operation(
    "nonzero",
    lambda xp, x: tuple(xp.nonzero(x)),
    prepare=_positions,
    accepts="any",
    carries=(),
    doc="Return the positions of the entries that are not zero, an array for each axis. Waits for the device,"
    " to know how many there are.",
)

# ---------------------------------------------------------------- in sorted arrays


insertions = operation(
    "insertions",
    lambda xp, x, y, side: xp.searchsorted(x, y, side=side),
    inputs="x y",
    prepare=lambda x, y, /, side: {"side": side},
    accepts="real",
    public=False,
    doc="Return where each y is to be inserted in a sorted vector x of the same dtype.",
)


@derived
def searchsorted(xp: Any, x1: ArrayLike, x2: ArrayLike, /, *, side: str = "left", sorter: Any = None) -> Any:
    """Return where each entry of x2 is to be inserted in x1 so that this stays sorted.

    x1 has one axis and ascends, or is sorted by the positions ``sorter``; x2 has any shape, which is the
    result's. Among equal entries the place is the first where ``side`` is ``left``, after the last where it
    is ``right``; NaN is the greatest of numbers. Dtypes: real. Carries no gradient. Raises ``ShapeError``
    where x1 has not one axis, ``ArgumentError`` for another side, ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.searchsorted(ag.asarray([1.0, 2.0, 4.0]), ag.asarray([2.0, 3.0]))
    tensor([1, 2], dtype=int64, device='cpu')
    """
    if x1.ndim != 1:
        raise ShapeError(message("searchsorted", f"x1 has shape {x1.shape}", "expected one axis"))
    if side not in ("left", "right"):
        raise ArgumentError(message("searchsorted", f"side is {side!r}", "expected 'left' or 'right'"))
    check_order("searchsorted", x1)
    check_order("searchsorted", x2)
    if sorter is not None:
        x1 = xp.take(x1, sorter)
    if x1.dtype != x2.dtype:
        dtype = xp.concat([x1[:0], xp.reshape(x2, (-1,))[:0]]).dtype
        x1, x2 = xp.astype(x1, dtype), xp.astype(x2, dtype)
    return xp.insertions(x1, x2, side=side)


@derived
def isin(xp: Any, x1: ArrayLike, x2: ArrayLike, /, *, invert: bool = False) -> Any:
    """Tell of each entry of x1 whether it is equal to one of x2; where ``invert``, whether it is not.

    Any shapes; the result has that of x1. NaN is equal to nothing. Dtypes: all; complex numbers are compared
    each with each. Carries no gradient.

    >>> import anygrad as ag
    >>> ag.isin(ag.asarray([1, 2, 3]), ag.asarray([3, 1]))
    tensor([ True, False,  True], dtype=bool, device='cpu')
    """
    both = xp.concat([x1, x2], axis=None)
    entries, values = both[: x1.size], both[x1.size :]
    if both.dtype.kind == "c" or not x2.size:
        found = xp.any(xp.reshape(entries, (-1, 1)) == values, axis=1)
    else:
        values = xp.sort(values, stable=False)
        at = xp.clip(xp.searchsorted(values, entries), None, x2.size - 1)
        found = xp.take(values, at) == entries
    return xp.reshape(xp.logical_not(found) if invert else found, x1.shape)


# ---------------------------------------------------------------- sets


def _at_first(xp, g, x_shape, indices):
    """Return zeros but for the first occurrence of each value."""
    zeros = xp.zeros((prod(x_shape),), dtype=g.dtype, device=xp.device)
    return xp.reshape(xp.index_add(zeros, indices, g, axis=0), x_shape)


unique_all = operation(
    "unique_all",
    lambda xp, x: tuple(xp.unique_all(x)),
    dx=lambda xp, g, out, x_shape: _at_first(xp, g[0], x_shape, out[1]),
    prepare=lambda x, /: {},
    accepts="any",
    carries=(True, False, False, False),
    result=UniqueAllResult,
    doc="Return the values that occur, sorted, where each is first, which of them each entry is, and how"
    " often each occurs. NaN differs from NaN. The gradient of a value goes to its first occurrence. Waits"
    " for the device, to know how many there are.",
    example="[3.0, 1.0, 3.0] -> [1., 3.]; [1, 0], dtype=int64; [1, 0, 1], dtype=int64; [1, 2], dtype=int64",
)

unique_values = operation(
    "unique_values",
    lambda xp, x: xp.unique_values(x),
    dx=lambda xp, g, x: _at_first(xp, g, x.shape, xp.unique_all(x)[1]),
    prepare=lambda x, /: {},
    accepts="any",
    doc="Return the values that occur, sorted. NaN differs from NaN. The gradient of a value goes to its"
    " first occurrence. Waits for the device, to know how many there are.",
    example="[3.0, 1.0, 3.0] -> [1., 3.]",
)


@derived
def unique_counts(xp: Any, x: ArrayLike, /) -> UniqueCountsResult:
    """Return the values that occur, sorted, and how often.

    NaN differs from NaN. The gradient of a value goes to its first occurrence. Dtypes: all. Waits for the
    device, to know how many there are.

    >>> import anygrad as ag
    >>> ag.unique_counts(ag.asarray([3, 1, 3])).counts
    tensor([1, 2], dtype=int64, device='cpu')
    """
    found = xp.unique_all(x)
    return UniqueCountsResult(found.values, found.counts)


@derived
def unique_inverse(xp: Any, x: ArrayLike, /) -> UniqueInverseResult:
    """Return the values that occur, sorted, and which of them each entry of x is.

    So ``values[inverse_indices]`` is x. NaN differs from NaN. The gradient of a value goes to its first
    occurrence. Dtypes: all. Waits for the device, to know how many there are.

    >>> import anygrad as ag
    >>> ag.unique_inverse(ag.asarray([3, 1, 3])).inverse_indices
    tensor([1, 0, 1], dtype=int64, device='cpu')
    """
    found = xp.unique_all(x)
    return UniqueInverseResult(found.values, found.inverse_indices)
