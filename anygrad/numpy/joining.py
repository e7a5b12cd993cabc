"""NumPy's functions that join and part arrays, and put entries in or leave them out."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.numpy.shapes import atleast_1d, atleast_2d, atleast_3d, host
from anygrad.numpy.table import Array, Arrays, Fixed, Operand, Out, cast, lifted, published
from anygrad.rules import axis_in
from anygrad.tensors import Tensor

__all__: list[str] = []

# ---------------------------------------------------------------- joining


def _cast(op: str, parts: list[Any], dtype: Any, casting: Any) -> list[Any]:
    """Return the tensors of a list as a dtype, where one is asked for."""
    return parts if dtype is None else [cast(op, x, dtype, casting) for x in parts]


@published
def concatenate(
    xp: Any,
    arrays: Arrays,
    /,
    axis: int | None = 0,
    out: Out = None,
    *,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Any:
    """Join arrays along an axis."""
    return xp.concat(_cast("concatenate", arrays, dtype, casting), axis=axis)


@published
def stack(
    xp: Any,
    arrays: Arrays,
    axis: int = 0,
    out: Out = None,
    *,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Any:
    """Join arrays along a new axis."""
    return xp.stack(_cast("stack", arrays, dtype, casting), axis=axis)


@published
def vstack(xp: Any, tup: Arrays, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """Join arrays as rows."""
    return xp.concat(_cast("vstack", [atleast_2d(x) for x in tup], dtype, casting), axis=0)


@published
def hstack(xp: Any, tup: Arrays, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """Join arrays along the second axis; those of one axis along that."""
    parts = _cast("hstack", [atleast_1d(x) for x in tup], dtype, casting)
    return xp.concat(parts, axis=0 if parts and parts[0].ndim == 1 else 1)


@published
def dstack(xp: Any, tup: Arrays) -> Any:
    """Join arrays along the third axis."""
    return xp.concat([atleast_3d(x) for x in tup], axis=2)


@published
def column_stack(xp: Any, tup: Arrays) -> Any:
    """Join arrays as columns."""
    return xp.concat([x if x.ndim > 1 else xp.reshape(x, (-1, 1)) for x in tup], axis=1)


@published
def append(xp: Any, arr: Array, values: Array, axis: int | None = None) -> Any:
    """Join values to the end."""
    return xp.concat([arr, values], axis=axis)


@published
def block(arrays: Any) -> Any:
    """Join blocks of nested lists: the innermost along the last axis, those around along the one before."""

    def leaves(part: Any) -> list[Any]:
        return [leaf for p in part for leaf in leaves(p)] if isinstance(part, list) else [part]

    def depth(part: Any) -> int:
        return 1 + depth(part[0]) if isinstance(part, list) and part else int(isinstance(part, list))

    xp, found = lifted("block", leaves(arrays), ["a block"] * len(leaves(arrays)), weak=False)
    tensors = iter(found)
    levels = depth(arrays)
    axes = max([levels, *(t.ndim for t in found)])

    def joined(part: Any, level: int) -> Any:
        if isinstance(part, list):
            if not part or level == levels:
                raise ShapeError(
                    message("block", f"got {arrays!r}", "lists are to be as deep, and not empty")
                )
            return xp.tensors.concat([joined(p, level + 1) for p in part], axis=axes - levels + level)
        if level != levels:
            raise ShapeError(message("block", f"got {arrays!r}", "lists are to be as deep everywhere"))
        leaf = next(tensors)
        return xp.tensors.reshape(leaf, (1,) * (axes - leaf.ndim) + leaf.shape)

    result = joined(arrays, 0)
    return xp.tensors.clone(result) if not isinstance(arrays, list) else result


# ---------------------------------------------------------------- parting


@published
def array_split(xp: Any, ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Part an axis at indices, or into a number of parts of about one length."""
    axis = axis_in("split", axis, ary.ndim)
    n, given = ary.shape[axis], indices_or_sections
    if isinstance(given, int | np.integer):
        if given < 1:
            raise ArgumentError(message("array_split", f"sections are {given}", "expected at least one"))
        ends = np.cumsum([0] + [n // given + (i < n % given) for i in range(given)]).tolist()
    else:
        ends = [0, *(operator.index(i) for i in given), n]
    before = (slice(None),) * axis
    return [ary[(*before, slice(start, stop))] for start, stop in itertools.pairwise(ends)]


@published
def split(xp: Any, ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Part an axis at indices, or into a number of equal parts."""
    given = indices_or_sections
    if isinstance(given, int | np.integer) and ary.shape[axis_in("split", axis, ary.ndim)] % given:
        got = f"axis {axis} has length {ary.shape[axis]}"
        raise ShapeError(message("split", got, f"it has no {given} equal parts", "use array_split"))
    return array_split(ary, given, axis)  # type: ignore[no-any-return]


@published
def hsplit(xp: Any, ary: Array, indices_or_sections: Any) -> list[Any]:
    """Part the second axis, or the only one."""
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)  # type: ignore[no-any-return]


@published
def vsplit(xp: Any, ary: Array, indices_or_sections: Any) -> list[Any]:
    """Part the first axis."""
    if ary.ndim < 2:
        raise ShapeError(message("vsplit", f"ary has shape {ary.shape}", "expected two axes or more"))
    return split(ary, indices_or_sections, 0)  # type: ignore[no-any-return]


@published
def dsplit(xp: Any, ary: Array, indices_or_sections: Any) -> list[Any]:
    """Part the third axis."""
    return split(ary, indices_or_sections, 2)  # type: ignore[no-any-return]


@published
def unstack(xp: Any, x: Array, /, *, axis: int = 0) -> tuple[Any, ...]:
    """Return the parts along an axis, without it."""
    return xp.unstack(x, axis=axis)  # type: ignore[no-any-return]


# ---------------------------------------------------------------- repeating, padding, putting in and out


@published
def repeat(xp: Any, a: Array, repeats: Any, axis: int | None = None) -> Any:
    """Repeat each entry."""
    return xp.repeat(a, xp.asarray(repeats) if isinstance(repeats, list | tuple) else repeats, axis=axis)


@published
def tile(xp: Any, A: Array, reps: Any) -> Any:
    """Repeat the whole."""
    return xp.tile(A, tuple(int(n) for n in reps) if hasattr(reps, "__len__") else int(reps))


@published
def pad(xp: Any, array: Array, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """Add entries around the edges; modes are those of ``anygrad.pad``, and ``linear_ramp`` is not."""
    if isinstance(pad_width, dict):
        widths = [(0, 0)] * array.ndim
        for axis, width in pad_width.items():
            widths[axis_in("pad", axis, array.ndim)] = width if isinstance(width, tuple) else (width, width)
        pad_width = tuple(widths)
    return xp.pad(array, pad_width, mode, **kwargs)


@published
def insert(xp: Any, arr: Array, obj: Any, values: Operand, axis: int | None = None) -> Any:
    """Put values before places along an axis (None: of all entries)."""
    arr, axis = (xp.reshape(arr, (-1,)), 0) if axis is None else (arr, axis_in("insert", axis, arr.ndim))
    n = arr.shape[axis]
    places = np.arange(n)[obj] if isinstance(obj, slice) else np.asarray(obj)
    places = np.flatnonzero(places) if places.dtype == bool else places.astype(np.intp)
    if np.any((places < -n) | (places > n)):
        raise ArgumentError(message("insert", f"places are {obj}", f"the axis has length {n}"))
    one = places.ndim == 0
    places = np.atleast_1d(np.where(places < 0, places + n, places))
    values = xp.astype(xp.asarray(values), arr.dtype, copy=False)
    if one:  # one place takes as many as values has along the axis
        lone = xp.reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape)
        lone = xp.moveaxis(lone, 0, axis)
        places = np.repeat(places, lone.shape[axis])
        values = lone
    full = (*arr.shape[:axis], len(places), *arr.shape[axis + 1 :])
    values = xp.broadcast_to(values, full)
    order = np.argsort(places, kind="stable")
    index = np.empty(n + len(places), np.intp)
    at = places[order] + np.arange(len(places))
    index[at] = n + order
    rest = np.ones(index.size, bool)
    rest[at] = False
    index[rest] = np.arange(n)
    return xp.take(xp.concat([arr, values], axis=axis), xp.asarray(index), axis=axis)


@published
def delete(xp: Any, arr: Array, obj: Any, axis: int | None = None) -> Any:
    """Leave out the entries at places along an axis (None: of all entries)."""
    arr, axis = (xp.reshape(arr, (-1,)), 0) if axis is None else (arr, axis_in("delete", axis, arr.ndim))
    left = np.delete(np.arange(arr.shape[axis]), host(obj) if isinstance(obj, Tensor) else obj)
    return xp.take(arr, xp.asarray(left), axis=axis)


@published
def trim_zeros(xp: Any, filt: Array, trim: str = "fb", axis: Fixed = None) -> Any:
    """Return the entries without the zeros at the front (f) and the back (b)."""
    found = np.argwhere(host(filt) != 0)
    if not len(found):
        return filt[(slice(0, 0),) * filt.ndim]
    lows, highs = found.min(axis=0), found.max(axis=0) + 1
    return filt[
        tuple(
            slice(int(low) if "f" in trim.lower() else 0, int(high) if "b" in trim.lower() else n)
            for low, high, n in zip(lows, highs, filt.shape, strict=True)
        )
    ]
