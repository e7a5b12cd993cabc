"""NumPy's functions of shapes: what they are, axes put in another order, entries turned, diagonals."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.numpy.table import Array, Out, Results, Unused, published
from anygrad.rules import axis_in

__all__: list[str] = []

Axes = int | tuple[int, ...] | None


# ---------------------------------------------------------------- what a shape is


@published
def shape(a: Array) -> tuple[int, ...]:
    """Return the length of each axis."""
    return a.shape  # type: ignore[no-any-return]


@published
def ndim(a: Array) -> int:
    """Return the number of axes."""
    return int(a.ndim)


@published
def size(a: Array, axis: Axes = None) -> int:
    """Return the number of entries, of all or along axes."""
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod(a.shape[i] for i in axes)


# ---------------------------------------------------------------- axes and shapes


@published
def reshape(xp: Any, a: Array, /, shape: Any, order: str = "C", *, copy: bool | None = None) -> Any:
    """Give the entries another shape, read by rows (C) or by columns (F)."""
    if isinstance(shape, list):
        shape = tuple(shape)
    if order == "F":
        shape = shape if isinstance(shape, tuple) else (shape,)
        return _turned(xp, xp.reshape(_turned(xp, a), shape[::-1], copy=copy))
    return xp.reshape(a, shape, copy=copy)


def _turned(xp: Any, a: Any) -> Any:
    """Return a with its axes in reversed order."""
    return xp.permute_dims(a, tuple(range(a.ndim))[::-1])


@published
def ravel(xp: Any, a: Array, order: str = "C") -> Any:
    """Return the entries in one axis."""
    return reshape(a, (-1,), order)


@published
def transpose(xp: Any, a: Array, axes: Sequence[int] | None = None) -> Any:
    """Return a with its axes in another order, reversed where none is given."""
    return _turned(xp, a) if axes is None else xp.permute_dims(a, tuple(operator.index(i) for i in axes))


@published
def matrix_transpose(xp: Any, x: Array, /) -> Any:
    """Swap the last two axes."""
    return xp.matrix_transpose(x)


@published
def swapaxes(xp: Any, a: Array, axis1: int, axis2: int) -> Any:
    """Swap two axes."""
    order = list(range(a.ndim))
    i, j = axis_in("swapaxes", axis1, a.ndim), axis_in("swapaxes", axis2, a.ndim)
    order[i], order[j] = order[j], order[i]
    return xp.permute_dims(a, tuple(order))


@published
def moveaxis(xp: Any, a: Array, source: Any, destination: Any) -> Any:
    """Move axes to other places; the others keep their order."""
    return xp.moveaxis(a, *(tuple(i) if isinstance(i, list) else i for i in (source, destination)))


@published
def rollaxis(xp: Any, a: Array, axis: int, start: int = 0) -> Any:
    """Move an axis to where it lies before another."""
    axis = axis_in("rollaxis", axis, a.ndim)
    start = start + a.ndim if start < 0 else start
    return xp.moveaxis(a, axis, start - 1 if axis < start else start)


@published
def expand_dims(xp: Any, a: Array, axis: Any) -> Any:
    """Return a with axes of length 1 at places."""
    return xp.expand_dims(a, axis=tuple(axis) if isinstance(axis, list) else axis)


@published
def squeeze(xp: Any, a: Array, axis: Axes = None) -> Any:
    """Return a without axes of length 1."""
    axes = tuple(i for i, n in enumerate(a.shape) if n == 1) if axis is None else axis
    return xp.squeeze(a, axis=axes)


@published
def broadcast_to(xp: Any, array: Array, shape: Any, subok: Unused = False) -> Any:
    """Return a view of another shape, which cannot be written."""
    return xp.broadcast_to(array, tuple(shape) if isinstance(shape, list) else shape)


@published
def broadcast_arrays(xp: Any, *args: Array, subok: Unused = False) -> tuple[Any, ...]:
    """Return views of arrays, of one shape."""
    return xp.broadcast_arrays(*args)  # type: ignore[no-any-return]


@published
def atleast_1d(xp: Any, *arys: Array) -> Results:
    """Return arrays with at least one axis."""
    return _alone([xp.reshape(a, (1,)) if not a.ndim else a for a in arys])


@published
def atleast_2d(xp: Any, *arys: Array) -> Results:
    """Return arrays with at least two axes, new ones in front."""
    return _alone([a if a.ndim > 1 else xp.reshape(a, (1, -1)) for a in arys])


@published
def atleast_3d(xp: Any, *arys: Array) -> Results:
    """Return arrays with at least three axes."""
    return _alone(
        [a if a.ndim > 2 else xp.reshape(a, (*a.shape, 1) if a.ndim == 2 else (1, -1, 1)) for a in arys]
    )


def _alone(found: list[Any]) -> Any:
    return found[0] if len(found) == 1 else tuple(found)


@published
def astype(xp: Any, x: Array, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """Return x as another dtype."""
    return xp.astype(x, dtype, copy=copy, device=device)


@published
def flip(xp: Any, m: Array, axis: Axes = None) -> Any:
    """Reverse the entries along axes."""
    return xp.flip(m, axis=axis)


@published
def fliplr(xp: Any, m: Array) -> Any:
    """Reverse the entries along the second axis."""
    return xp.flip(m, axis=1)


@published
def flipud(xp: Any, m: Array) -> Any:
    """Reverse the entries along the first axis."""
    return xp.flip(m, axis=0)


@published
def rot90(xp: Any, m: Array, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turn the plane of two axes by k right angles, from the first towards the second."""
    i, j = (axis_in("rot90", axis, m.ndim) for axis in axes)
    if i == j:
        raise ArgumentError(message("rot90", f"axes are {axes}", "expected two that differ"))
    if k % 4 == 2:
        return xp.flip(m, axis=(i, j))
    if k % 2 == 0:
        return m[...]
    return swapaxes(xp.flip(m, axis=j), i, j) if k % 4 == 1 else xp.flip(swapaxes(m, i, j), axis=j)


@published
def roll(xp: Any, a: Array, shift: Any, axis: Axes = None) -> Any:
    """Shift the entries along axes; those that leave come in at the other end."""
    if isinstance(shift, tuple) != isinstance(axis, tuple) and axis is not None:
        axis = axis if isinstance(axis, tuple) else (axis,) * len(shift)
        shift = shift if isinstance(shift, tuple) else (shift,) * len(axis)
    return xp.roll(a, shift, axis=axis)


@published
def resize(xp: Any, a: Array, new_shape: Any) -> Any:
    """Return another shape, filled by going over the entries again and again."""
    new = tuple(new_shape) if isinstance(new_shape, list | tuple) else (new_shape,)
    n = math.prod(new)
    if not a.size or not n:
        return xp.zeros(new, dtype=a.dtype)
    flat = xp.reshape(a, (-1,))
    return xp.reshape(xp.tile(flat, (-(-n // a.size),))[:n], new)


def host(x: Any) -> np.ndarray:
    """Return the values on the host: for decisions, never for results."""
    return x.xp.to_numpy(x.array)  # type: ignore[no-any-return]


# ---------------------------------------------------------------- diagonals


@published
def tril(xp: Any, m: Array, k: int = 0) -> Any:
    """Return m with zeros above a diagonal."""
    return xp.tril(_square(xp, m), k=k)


@published
def triu(xp: Any, m: Array, k: int = 0) -> Any:
    """Return m with zeros below a diagonal."""
    return xp.triu(_square(xp, m), k=k)


def _square(xp: Any, m: Any) -> Any:
    return m if m.ndim > 1 else xp.broadcast_to(m, (m.shape[0], m.shape[0]))


@published
def diag(xp: Any, v: Array, k: int = 0) -> Any:
    """Return a diagonal of a matrix, or the matrix with a diagonal."""
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ShapeError(message("diag", f"v has shape {v.shape}", "expected one axis or two"))
    n = v.shape[0] + abs(k)
    index = np.arange(v.shape[0])
    out = xp.zeros((n * n,), dtype=v.dtype)
    out[xp.asarray((index + max(-k, 0)) * n + index + max(k, 0))] = v
    return xp.reshape(out, (n, n))


@published
def diagflat(xp: Any, v: Array, k: int = 0) -> Any:
    """Return the matrix with all entries on a diagonal."""
    return diag(xp.reshape(v, (-1,)), k)


@published
def diagonal(xp: Any, a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return a diagonal of the matrices in two axes, as the last axis."""
    return xp.linalg.diagonal(xp.moveaxis(a, (axis1, axis2), (-2, -1)), offset=offset)


@published
def trace(
    xp: Any,
    a: Array,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Any = None,
    out: Out = None,
) -> Any:
    """Sum a diagonal of the matrices in two axes."""
    return xp.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)
