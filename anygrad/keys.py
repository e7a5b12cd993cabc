"""Index keys made canonical, once: what ``x[key]`` means, as steps that any namespace can take.

A basic key becomes one integer or slice for each axis, and a reshape where it has ``None``. Integer arrays
and masks become one flat index along one axis, after the axes that they index were brought together; what
NumPy holds is read on the host first, so that no device is waited for.
Works on shapes and raw index arrays; knows no tensor.
"""

from __future__ import annotations

from math import prod
from operator import index
from typing import Any

import numpy as np

from anygrad.backends.base import check_bounds
from anygrad.errors import IndexingError, ShapeError, message
from anygrad.rules import broadcast_shape

__all__ = ["Key", "canonical", "plain"]

FULL = slice(None)
FULLS = tuple((FULL,) * n for n in range(65))
"""Full slices for any number of axes that NumPy allows."""


class _SliceError(IndexingError, ValueError, TypeError):
    """A slice that no axis has: NumPy raises one built-in for a zero step and another for a fraction."""


class Key:
    """What an index key does: view steps, then possibly a gather, and the shape that comes out.

    ``view`` is False where every axis has an integer: NumPy gives a scalar there, a copy. With a gather,
    the path ends in a ``part`` where the axes that the index arrays give the result are one; ``direct`` says
    the same as steps, a key of arrays and full slices, and how to move the axes of what that key gives.
    """

    __slots__ = ("direct", "gather", "part", "shape", "steps", "view")

    def __init__(
        self,
        steps: tuple[Any, ...],
        shape: tuple[int, ...],
        view: bool = True,
        gather: tuple[Any, ...] = (),
        part: tuple[int, ...] | None = None,
        direct: tuple[Any, ...] | None = None,
    ) -> None:
        self.steps = steps
        self.shape = shape
        self.view = view
        self.gather = gather
        self.part = shape if part is None else part
        self.direct = direct


class _Index:
    """An array that indexes one axis, or a new axis of length 1 (``fresh``): no entry is negative."""

    __slots__ = ("array", "fresh", "length")

    def __init__(self, array: Any, length: int, fresh: bool = False) -> None:
        self.array = array
        self.length = length
        self.fresh = fresh


def sliced(part: slice, n: int) -> tuple[slice, int]:
    """Return a slice with bounds inside the axis, ``FULL`` where it takes all in order, and its length."""
    try:
        start, stop, step = part.indices(n)
    except (TypeError, ValueError) as error:
        raise _SliceError(message("getitem", f"got {part}", str(error))) from None
    if step == 1:
        if start == 0 and stop == n:
            return FULL, n
        length = stop - start
    else:
        length = len(range(start, stop, step))
    if length <= 0:
        return slice(0, 0, 1), 0
    return slice(start, None if stop < 0 else stop, step), length


def _integer(i: int, n: int, axis: int) -> int:
    if not -n <= i < n:
        raise IndexingError(message("getitem", f"index {i} is out of bounds", f"axis {axis} has length {n}"))
    return i + n if i < 0 else i


def plain(key: Any, shape: tuple[int, ...]) -> Key | None:
    """Return the key of integers and slices alone, the common case; None where there is something else."""
    if key.__class__ is int and shape:
        i = key if 0 <= key < shape[0] else _integer(key, shape[0], 0)
        return Key((("getitem", {"key": (i, *FULLS[len(shape) - 1])}),), shape[1:], len(shape) > 1)
    parts = key if key.__class__ is tuple else (key,)
    rest = len(shape) - len(parts)
    if rest < 0:
        return None
    entries: list[Any] = []
    out: list[int] = []
    whole = True
    for part, n in zip(parts, shape, strict=False):
        if part.__class__ is int:
            entries.append(part if 0 <= part < n else _integer(part, n, len(entries)))
            whole = False
        elif part.__class__ is slice:
            part, n = sliced(part, n)
            entries.append(part)
            out.append(n)
            whole = whole and part is FULL
        else:
            return None
    steps = () if whole else (("getitem", {"key": (*entries, *FULLS[rest])}),)
    return Key(steps, (*out, *shape[len(parts) :]), bool(out) or rest > 0)


def canonical(key: Any, shape: tuple[int, ...], xp: Any) -> Key:
    """Return the canonical key; raises ``IndexingError`` for what cannot index an array of this shape."""
    try:
        return _canonical(key, shape, xp)
    except (MemoryError, RuntimeError) as error:
        short = xp.shortage("getitem", error)
        if short is None:
            raise
        raise short from error


def _canonical(key: Any, shape: tuple[int, ...], xp: Any) -> Key:
    entries, dots = _expanded(key if key.__class__ is tuple else (key,), shape, xp)
    gathers = any(e.__class__ is _Index for e in entries)
    steps, wide = _basic(entries, shape, gathers or dots is not None)
    if gathers:
        return _gathered(entries, dots, steps, wide, xp)
    return Key(steps, wide, dots is not None or any(e.__class__ is not int for e in entries))


def _expanded(parts: tuple[Any, ...], shape: tuple[int, ...], xp: Any) -> tuple[list[Any], int | None]:
    """Return one integer, slice or index array for each axis, and ``None``; and where the ellipsis stood."""
    found = [_classified(part, xp) for part in parts]
    taken = sum(_axes_taken(part, xp) for part in found)
    if sum(part is Ellipsis for part in found) > 1:
        raise IndexingError(message("getitem", "the key has two ellipses (...)", "one at most is allowed"))
    if taken > len(shape):
        raise IndexingError(message("getitem", f"the key indexes {taken} axes", f"x has shape {shape}"))
    dots: int | None = None
    out: list[Any] = []
    axis = 0
    for part in found:
        if part is Ellipsis:
            dots = len(out)
            out += FULLS[len(shape) - taken]
            axis += len(shape) - taken
        elif part is None:
            out.append(None)
        elif isinstance(part, slice):
            out.append(sliced(part, shape[axis])[0])
            axis += 1
        elif part.__class__ is int:
            out.append(_integer(part, shape[axis], axis))
            axis += 1
        elif _is_mask(part, xp):
            out += _from_mask(part, shape[axis : axis + part.ndim], xp)
            axis += part.ndim
        else:
            out.append(_Index(_positive(part, shape[axis], axis, xp), shape[axis]))
            axis += 1
    # Only an ellipsis that is written makes a key of integers a view, and parts indices.
    return out + list(FULLS[len(shape) - axis]), dots


def _classified(part: Any, xp: Any) -> Any:
    """Return one part of a key as None, an ellipsis, a slice, an ``int``, an array of integers or a mask."""
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    if isinstance(part, bool | np.bool_):
        return np.asarray(part)
    if isinstance(part, list | tuple):
        part = _array_of(part)
    if hasattr(part, "dtype") and hasattr(part, "shape") and not isinstance(part, np.generic):
        on_host = part.__class__ is np.ndarray
        if part.dtype.kind not in "biu" if on_host else not xp.isdtype(part.dtype, ("integral", "bool")):
            raise IndexingError(
                message("getitem", f"an index array has dtype {part.dtype}", "expected integers or a mask")
            )
        return part
    try:
        return int(index(part))
    except TypeError:
        raise IndexingError(
            message(
                "getitem",
                f"got an index of type {type(part).__name__}",
                "expected integers, slices, ..., None, masks or integer arrays",
            )
        ) from None


def _array_of(part: Any) -> np.ndarray:
    try:
        array = np.asarray(part)
    except ValueError as error:
        raise IndexingError(message("getitem", "an index is a ragged list", str(error))) from None
    if array.dtype.kind not in "biuf":
        raise IndexingError(message("getitem", f"got an index {part!r}", "expected integers or booleans"))
    return array if array.size else array.astype(np.int64)


def _is_mask(part: Any, xp: Any) -> bool:
    return bool(part.dtype == bool if part.__class__ is np.ndarray else xp.isdtype(part.dtype, "bool"))


def _sent(array: np.ndarray, xp: Any) -> Any:
    """Return an index that the host has just made on the device."""
    array = array.astype(xp.within(np.dtype(np.int64)), copy=False)
    return array if xp.array_type is np.ndarray else xp.from_numpy(array)


def _axes_taken(part: Any, xp: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    if hasattr(part, "dtype") and _is_mask(part, xp):
        return int(part.ndim)
    return 1


def _from_mask(mask: Any, spanned: tuple[int, ...], xp: Any) -> list[_Index]:
    """Return one index for each axis of a mask; a mask without axes keeps or drops all along a new axis."""
    on_host = mask.__class__ is np.ndarray
    fresh = not mask.ndim
    if fresh:
        mask, spanned = mask.reshape(1) if on_host else xp.reshape(mask, (1,)), (1,)
    shape = tuple(mask.shape)
    # As NumPy has it, a mask without entries selects none, however long the axis.
    if len(shape) != len(spanned) or any(m not in (0, n) for m, n in zip(shape, spanned)):
        got = f"a mask of shape {shape} indexes axes of lengths {spanned}"
        raise IndexingError(message("getitem", got, "they must be equal"))
    found = [_sent(a, xp) for a in np.nonzero(mask)] if on_host else xp.nonzero(mask)
    return [_Index(a, n, fresh) for a, n in zip(found, spanned, strict=True)]


def _positive(array: Any, n: int, axis: int, xp: Any) -> Any:
    """Return an array of integers with the negative ones counted from the end; never the array itself."""
    if array.__class__ is np.ndarray:
        check_bounds(array, n, axis)
        array = array.astype(np.int64)
        array[array < 0] += n
        return _sent(array, xp)
    wide = xp.natives[xp.within(np.dtype(np.int64))]
    array = xp.bounded(xp.astype(array, wide, copy=False), n, axis)
    with xp.entered():
        return xp.where(array < 0, array + n, array)


def _basic(entries: list[Any], shape: tuple[int, ...], view: bool) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """Return the steps of all but the index arrays, and the shape after them."""
    key: list[Any] = []
    wide: list[int] = []
    added = False
    for e in entries:
        if e is None or (e.__class__ is _Index and e.fresh):
            wide.append(1)
            added = True
        elif e.__class__ is int:
            key.append(e)
        else:
            n = shape[len(key)]
            key.append(e if e.__class__ is slice else FULL)
            wide.append(sliced(key[-1], n)[1])
    if (view or added) and key and all(part.__class__ is int for part in key):
        # Integers alone would give a scalar, and no view to go on from.
        key = [slice(i, i + 1, 1) for i in key]
        added = True
    steps: tuple[Any, ...] = ()
    if any(part is not FULL for part in key):
        steps = (("getitem", {"key": tuple(key)}),)
    if added:
        steps += (("reshape", {"shape": tuple(wide)}),)
    return steps, tuple(wide)


def _gathered(
    entries: list[Any], dots: int | None, steps: tuple[Any, ...], wide: tuple[int, ...], xp: Any
) -> Key:
    """Bring the indexed axes together where NumPy has them, and make their arrays one flat index."""
    at = _block_place(entries, dots)
    left = [e for e in entries if e.__class__ is not int]
    axes = [i for i, e in enumerate(left) if e.__class__ is _Index]
    rest = [i for i in range(len(left)) if i not in axes]
    before, after = tuple(wide[i] for i in rest[:at]), tuple(wide[i] for i in rest[at:])
    flat, block = _flat([left[i] for i in axes], xp)
    own = axes[0] if axes[-1] - axes[0] < len(axes) else 0
    moved = None if own == at else (range(own, own + len(block)), range(at, at + len(block)))
    direct = (steps, tuple(e.array if e.__class__ is _Index else FULL for e in left), moved)
    order = (*rest[:at], *axes, *rest[at:])
    if order != tuple(range(len(left))):
        steps += (("permute_dims", {"axes": order}),)
    if len(axes) > 1:
        steps += (("reshape", {"shape": (*before, prod(left[i].length for i in axes), *after)}),)
    gather = (("take", {"indices": flat, "axis": at}),)
    part = (*before, flat.shape[0], *after)
    return Key(steps, (*before, *block, *after), False, gather, part, direct)


def _block_place(entries: list[Any], dots: int | None) -> int:
    """Return how many axes stand before the index arrays': none where a slice or ``None`` parts them."""
    fancy = [i for i, e in enumerate(entries) if e.__class__ is int or e.__class__ is _Index]
    first, last = fancy[0], fancy[-1]
    parted = last - first >= len(fancy) or (dots is not None and first < dots <= last)
    return 0 if parted else first


def _flat(indices: list[_Index], xp: Any) -> tuple[Any, tuple[int, ...]]:
    """Return one 1-d index into the joined axis, and the shape that the arrays broadcast to."""
    try:
        block = broadcast_shape("getitem", *(tuple(i.array.shape) for i in indices))
    except ShapeError as error:
        raise IndexingError(str(error)) from None
    flat = indices[0].array
    with xp.entered():
        for i in indices[1:]:
            flat = flat * i.length + i.array
    if tuple(flat.shape) != block:
        flat = xp.broadcast_to(flat, block)
    return (flat if len(block) == 1 else xp.reshape(flat, (-1,))), block
