"""Index keys made canonical, once: what ``x[key]`` means, as steps that any namespace can take.

A basic key becomes one integer or slice for each axis, and a reshape where it has ``None``. Integer arrays
and masks become one flat index along one axis, after the axes that they index were brought together.
Works on shapes and raw index arrays; knows no tensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from operator import index
from typing import Any

import numpy as np

from anygrad.errors import IndexingError, message
from anygrad.rules import broadcast_shape

__all__ = ["Key", "canonical", "slice_in"]

FULL = slice(None)


@dataclass(frozen=True, slots=True)
class Key:
    """What an index key does: view steps, then possibly a gather, and the shape that comes out.

    ``view`` is False where every axis has an integer: NumPy gives a scalar there, a copy. With a gather,
    ``length`` is that of the axis it reads, ``rest`` the number of axes that follow it.
    """

    steps: tuple[Any, ...]
    shape: tuple[int, ...]
    gather: tuple[Any, ...] = ()
    view: bool = True
    length: int = 0
    rest: int = 0


def slice_in(part: slice, n: int) -> slice:
    """Return the slice with bounds inside the axis, ``slice(None)`` where it takes everything in order."""
    try:
        start, stop, step = part.indices(n)
    except TypeError as error:
        raise IndexingError(message("getitem", f"got {part}", str(error))) from None
    if start == 0 and stop == n and step == 1:
        return FULL
    if not len(range(start, stop, step)):
        return slice(0, 0, 1)
    return slice(start, None if stop < 0 else stop, step)


def _integer(i: int, n: int, axis: int) -> int:
    if not -n <= i < n:
        raise IndexingError(message("getitem", f"index {i} is out of bounds", f"axis {axis} has length {n}"))
    return i + n if i < 0 else i


def _length(part: Any, n: int) -> int:
    return n if part is FULL else len(range(*part.indices(n)))


def canonical(key: Any, shape: tuple[int, ...], xp: Any) -> Key:
    """Return the canonical key; raises ``IndexingError`` for what cannot index an array of this shape."""
    kind = key.__class__
    if kind is int and shape:
        part: Any = _integer(key, shape[0], 0)
        return Key((("getitem", {"key": (part, *(FULL,) * (len(shape) - 1))}),), shape[1:], view=len(shape) > 1)
    if kind is slice and shape:
        part = slice_in(key, shape[0])
        out = (_length(part, shape[0]), *shape[1:])
        return Key(() if part is FULL else (("getitem", {"key": (part, *(FULL,) * (len(shape) - 1))}),), out)
    if isinstance(key, bool | np.bool_) or (getattr(key, "ndim", 1) == 0 and xp.isdtype(key.dtype, "bool")):
        # A lone mask without axes keeps or drops the whole: along a new axis of length 1.
        mask = xp.from_numpy(np.asarray([key])) if isinstance(key, bool | np.bool_) else xp.reshape(key, (1,))
        (kept,) = xp.nonzero(mask)
        return Key(
            (("reshape", {"shape": (1, *shape)}),),
            (kept.shape[0], *shape),
            (("take", {"indices": kept, "axis": 0}),),
            length=1,
            rest=len(shape),
        )
    parts = _expanded(key if kind is tuple else (key,), shape, xp)
    if any(hasattr(part, "dtype") for part in parts):
        return _advanced(parts, shape, xp)
    return _basic(parts, shape)


def _expanded(parts: tuple[Any, ...], shape: tuple[int, ...], xp: Any) -> list[Any]:
    """Replace masks by integer arrays and the ellipsis by full slices: one part for each axis, and ``None``."""
    found: list[Any] = []
    for part in parts:
        if part is None or part is Ellipsis or isinstance(part, slice):
            found.append(part)
        elif isinstance(part, bool | np.bool_):
            found.append(xp.from_numpy(np.asarray(part)))
        elif hasattr(part, "dtype") and not isinstance(part, np.generic):
            found.append(part)
        elif isinstance(part, list | tuple):
            array = np.asarray(part)
            found.append(xp.from_numpy(array.astype(np.intp) if array.size == 0 else array))
        else:
            try:
                found.append(index(part))
            except TypeError:
                raise IndexingError(
                    message(
                        "getitem",
                        f"got an index of type {type(part).__name__}",
                        "expected integers, slices, ..., None, masks or integer arrays",
                    )
                ) from None
    taken = sum(_axes_taken(part, xp) for part in found)
    free = len(shape) - taken
    if sum(part is Ellipsis for part in found) > 1:
        raise IndexingError(message("getitem", "the key has two ellipses (...)", "one at most can be filled in"))
    if free < 0:
        raise IndexingError(message("getitem", f"the key indexes {taken} axes", f"x has shape {shape}"))
    at = next((i for i, part in enumerate(found) if part is Ellipsis), len(found))
    found[at : at + 1] = [FULL] * free
    out: list[Any] = []
    axis = 0
    for part in found:
        if hasattr(part, "dtype") and xp.isdtype(part.dtype, "bool"):
            spanned = shape[axis : axis + part.ndim]
            if tuple(part.shape) != spanned:
                raise IndexingError(
                    message("getitem", f"a mask of shape {tuple(part.shape)} indexes axes of lengths {spanned}", "they must be equal")
                )
            if not part.ndim:
                raise IndexingError(message("getitem", "a mask without axes is combined with other indices", "use it alone"))
            out += xp.nonzero(part)
            axis += part.ndim
        else:
            if hasattr(part, "dtype") and not xp.isdtype(part.dtype, "integral"):
                raise IndexingError(message("getitem", f"an index array has dtype {part.dtype}", "expected integers or a mask"))
            out.append(part)
            axis += part is not None
    return out


def _axes_taken(part: Any, xp: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    if hasattr(part, "dtype") and xp.isdtype(part.dtype, "bool"):
        return int(part.ndim)
    return 1


def _basic(parts: list[Any], shape: tuple[int, ...]) -> Key:
    key: list[Any] = []
    out: list[int] = []
    for part in parts:
        axis = len(key)
        if part is None:
            out.append(1)
        elif isinstance(part, slice):
            key.append(slice_in(part, shape[axis]))
            out.append(_length(key[-1], shape[axis]))
        else:
            key.append(_integer(part, shape[axis], axis))
    steps: tuple[Any, ...] = ()
    if any(part is not FULL for part in key):
        steps = (("getitem", {"key": tuple(key)}),)
    if len(parts) > len(key):
        steps += (("reshape", {"shape": tuple(out)}),)
    return Key(steps, tuple(out), view=not key or any(isinstance(part, slice) for part in parts) or len(parts) > len(key))


def _advanced(parts: list[Any], shape: tuple[int, ...], xp: Any) -> Key:
    """Bring the indexed axes together, and make their arrays one flat index along the joined axis."""
    basic = [FULL if hasattr(p, "dtype") or not isinstance(p, slice) else p for p in parts if p is not None]
    first = _basic(basic, shape)
    lengths = iter(first.shape)
    wide = tuple(1 if p is None else next(lengths) for p in parts)
    arrays = {i: p for i, p in enumerate(parts) if p is not None and not isinstance(p, slice)}
    steps = first.steps
    if len(wide) > len(shape):
        steps += (("reshape", {"shape": wide}),)
    axes = tuple(arrays)
    adjacent = axes == tuple(range(axes[0], axes[0] + len(axes)))
    at = axes[0] if adjacent else 0
    rest = tuple(i for i in range(len(wide)) if i not in arrays)
    order = tuple(range(len(wide))) if adjacent else axes + rest
    if order != tuple(range(len(wide))):
        steps += (("permute_dims", {"axes": order}),)
    sizes = [wide[i] for i in order]
    joined = prod(wide[i] for i in axes)
    merged = (*sizes[:at], joined, *sizes[at + len(axes) :])
    if len(axes) > 1:
        steps += (("reshape", {"shape": merged}),)
    flat, block = _flat(list(arrays.values()), [wide[i] for i in axes], xp)
    out = (*merged[:at], *block, *merged[at + 1 :])
    gather = (("take", {"indices": flat, "axis": at}),)
    return Key(steps, out, gather, length=joined, rest=len(merged) - at - 1)


def _flat(arrays: list[Any], lengths: list[int], xp: Any) -> tuple[Any, tuple[int, ...]]:
    """Return one 1-d index into the joined axis, and the shape that the arrays broadcast to."""
    block = broadcast_shape("getitem", *(tuple(a.shape) if hasattr(a, "shape") else () for a in arrays))
    flat: Any = None
    for i, (a, n) in enumerate(zip(arrays, lengths, strict=True)):
        if hasattr(a, "dtype"):
            a = xp.astype(a, xp.natives[np.dtype(np.int64)], copy=False)
            a = xp.bounded(a, n, i)
            a = xp.where(a < 0, a + n, a)
        else:
            a = _integer(a, n, i)
        flat = a if flat is None else flat * n + a
    return xp.reshape(xp.broadcast_to(flat, block), (-1,)), block
