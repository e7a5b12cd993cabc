"""Copies and parts in another arrangement: repetition, grids, layers, differences."""

from __future__ import annotations

from operator import index
from typing import Any

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.op import ArrayLike, derived, operation
from anygrad.rules import alongside, axis_in, part, shape_in, whole_in


def _gathered(xp, g, x_shape, count, axis):
    """Add up what each entry was copied to."""
    apart = xp.reshape(g, (*x_shape[: axis + 1], count, *x_shape[axis + 1 :]))
    return xp.total(apart, (axis + 1,), keepdims=False)


copies = operation(
    "copies",
    lambda xp, x, count, axis: xp.repeat(x, count, axis=axis),
    dx=_gathered,
    prepare=lambda x, /, count, axis: {"count": count, "axis": axis},
    accepts="any",
    linear=True,
    public=False,
    doc="Repeat each entry equally often along an axis.",
)


@derived
def repeat(xp: Any, x: ArrayLike, repeats: int | Any, /, *, axis: int | None = None) -> Any:
    """Repeat the entries along an axis (None: of the flattened array), all equally often or by a count each.

    An array of counts, one for each entry or one for all, waits for the device: the shape of the result
    depends on its numbers. Raises ``DtypeError`` for counts that are no integers, ``ShapeError`` where they
    do not fit the axis, ``ArgumentError`` for negative ones, ``AxisError`` for an axis that is not there.

    >>> import anygrad as ag
    >>> ag.repeat(ag.asarray([1.0, 2.0]), 2)
    tensor([1., 1., 2., 2.], dtype=float64, device='cpu')
    >>> ag.repeat(ag.asarray([1.0, 2.0]), ag.asarray([1, 3]))
    tensor([1., 2., 2., 2.], dtype=float64, device='cpu')
    """
    if axis is None:
        x, axis = x if x.ndim == 1 else xp.reshape(x, (-1,)), 0
    axis = axis_in("repeat", axis, x.ndim)
    if isinstance(repeats, list | tuple) or hasattr(repeats, "xp") or getattr(repeats, "shape", None):
        return x[(slice(None),) * axis + (_positions(xp, x, repeats, x.shape[axis]),)]
    try:
        count = index(repeats)
    except TypeError:
        got = f"repeats is {repeats!r}"
        raise DtypeError(message("repeat", got, "expected an integer, or an array of integers")) from None
    if count < 0:
        raise ArgumentError(message("repeat", f"repeats is {count}", "expected a number from 0"))
    return xp.copies(x, count, axis)


def _positions(xp: Any, x: Any, repeats: Any, n: int) -> Any:
    """Return the index that repeats each of n entries by its count; brings two numbers to the host."""
    counts = alongside(xp, "repeat", x, "repeats", repeats)
    if counts.dtype.kind not in "biu":
        raise DtypeError(message("repeat", f"repeats has dtype {counts.dtype}", "expected integers"))
    if counts.shape not in ((), (1,), (n,)):
        got = f"repeats has shape {counts.shape}, the axis has length {n}"
        raise ShapeError(message("repeat", got, "expected a count for each entry, or one for all"))
    ends = xp.cumulative_sum(xp.broadcast_to(counts, (n,)), include_initial=True)
    negative, total = xp.stack([xp.count_nonzero(counts < 0), ends[n]]).tolist()
    if negative:
        got = f"{negative} of the repeats are negative"
        raise ArgumentError(message("repeat", got, "expected numbers from 0"))
    entries = xp.arange(int(total))
    return xp.searchsorted(xp.astype(ends[1:], entries.dtype), entries, side="right")


def _tiled(x: ArrayLike, repetitions: int | tuple[int, ...], /) -> dict[str, Any]:
    counts = shape_in("tile", repetitions, "repetitions")
    if any(k < 0 for k in counts):
        raise ArgumentError(message("tile", f"repetitions is {repetitions!r}", "expected numbers from 0"))
    return {"repetitions": (1,) * (x.ndim - len(counts)) + counts}


def _untiled(xp, g, x_shape, repetitions):
    lengths = (1,) * (len(repetitions) - len(x_shape)) + x_shape
    pairs = tuple(n for pair in zip(repetitions, lengths, strict=True) for n in pair)
    return xp.reshape(xp.total(xp.reshape(g, pairs), tuple(range(0, len(pairs), 2)), keepdims=False), x_shape)


tile = operation(
    "tile",
    lambda xp, x, repetitions: xp.tile(x, repetitions),
    dx=_untiled,
    prepare=_tiled,
    accepts="any",
    linear=True,
    doc="Lay copies of x side by side, so many along each axis; missing axes and numbers count as 1.",
    example="[1.0, 2.0], (2, 2) -> [[1., 2., 1., 2.],\n        [1., 2., 1., 2.]]",
)


@derived
def unstack(xp: Any, x: ArrayLike, /, *, axis: int = 0) -> tuple[Any, ...]:
    """Return the layers of x along an axis, which goes, as a tuple of views.

    Raises ``AxisError`` for an axis that is not there.

    >>> import anygrad as ag
    >>> ag.unstack(ag.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=1)[0]
    tensor([1., 3.], dtype=float64, device='cpu')
    """
    axis = axis_in("unstack", axis, x.ndim)
    return tuple(x[(slice(None),) * axis + (i,)] for i in range(x.shape[axis]))


@derived
def meshgrid(xp: Any, *arrays: ArrayLike, indexing: str = "xy") -> tuple[Any, ...]:
    """Spread vectors over a grid, the i-th along axis i; ``"xy"`` exchanges the first two axes. Copies.

    Raises ``ShapeError`` for arrays of more than one axis, ``ArgumentError`` for another ``indexing``.

    >>> import anygrad as ag
    >>> ag.meshgrid(ag.asarray([1.0, 2.0]), ag.asarray([3.0, 4.0, 5.0]))[0].shape
    (3, 2)
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(message("meshgrid", f"indexing is {indexing!r}", "expected 'xy' or 'ij'"))
    for i, x in enumerate(arrays):
        if x.ndim > 1:
            got = f"array {i} has shape {x.shape}"
            raise ShapeError(message("meshgrid", got, "expected vectors", "use reshape(x, (-1,))"))
    axes = list(range(len(arrays)))
    if indexing == "xy":
        axes[:2] = axes[1::-1]
    shape = tuple(arrays[i].size for i in axes)
    columns = (xp.reshape(x, tuple(-1 if i == k else 1 for i in axes)) for k, x in enumerate(arrays))
    return tuple(xp.clone(xp.broadcast_to(x, shape)) for x in columns)


@derived
def diff(
    xp: Any, x: ArrayLike, /, n: int = 1, axis: int = -1, *, prepend: Any = None, append: Any = None
) -> Any:
    """Return the n-th differences of neighbours along an axis, of x between ``prepend`` and ``append``.

    Those are arrays of x's shape but for the axis, or numbers; booleans differ where they are unequal.
    Raises ``AxisError`` for an axis that is not there, ``ArgumentError`` for a negative n, ``ShapeError``
    where shapes do not fit.

    >>> import anygrad as ag
    >>> ag.diff(ag.asarray([1.0, 4.0, 9.0]), prepend=0.0)
    tensor([1., 3., 5.], dtype=float64, device='cpu')
    """
    axis = axis_in("diff", axis, x.ndim)
    count = whole_in("diff", "n", n)
    if count < 0:
        raise ArgumentError(message("diff", f"n is {count}", "expected a number from 0"))
    if count == 0:
        return x
    if prepend is not None or append is not None:
        before, after = _end(xp, x, "prepend", prepend, axis), _end(xp, x, "append", append, axis)
        x = xp.concat([*before, x, *after], axis=axis)
    for _ in range(count):
        length = x.shape[axis]
        low, high = part(xp, x, axis, 0, max(length - 1, 0)), part(xp, x, axis, min(1, length), length)
        x = high != low if x.dtype.kind == "b" else high - low
    return x


def _end(xp: Any, x: Any, name: str, end: Any, axis: int) -> list[Any]:
    """Return what goes before or after x; a number as one layer, in the dtype that it has beside x."""
    if end is None:
        return []
    if not isinstance(end, int | float | complex):
        end = alongside(xp, "diff", x, name, end)
    if not getattr(end, "shape", ()):
        return [xp.zeros((*x.shape[:axis], 1, *x.shape[axis + 1 :]), dtype=x.dtype) + end]
    if end.ndim != x.ndim or any(i != axis and k != end.shape[i] for i, k in enumerate(x.shape)):
        got = f"x has shape {x.shape}, {name} has shape {end.shape}"
        raise ShapeError(message("diff", got, f"all axes but {axis} must be equal"))
    return [end]
