"""NumPy's functions that write into an array: into a tensor, which records it."""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.construction import SCALARS
from anygrad.errors import DtypeError, ShapeError, message
from anygrad.numpy.table import TABLE, lifted, published
from anygrad.rules import axis_in
from anygrad.tensors import Tensor

__all__: list[str] = []


def _target(op: str, a: Any) -> Tensor:
    if not isinstance(a, Tensor):
        got = f"what is to be written into is of type {type(a).__name__}"
        raise DtypeError(message(op, got, "only a tensor records what is written", "start from a tensor"))
    return a


@published
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """Write into a tensor, where a mask is true; into an array what requires no gradient."""
    if isinstance(dst, np.ndarray):
        np.copyto(dst, np.asarray(src), casting, np.asarray(where))  # raises for what is tracked
        return
    dst = _target("copyto", dst)
    _, (_, value, mask) = lifted("copyto", [dst, src, where], ["dst", "src", "where"])
    if value.__class__ not in SCALARS and not np.can_cast(value.dtype, dst.dtype, casting):
        got = f"src has dtype {value.dtype}, dst has {dst.dtype}"
        raise DtypeError(message("copyto", got, f"that is no {casting!r} cast"))
    dst[...] = value if mask is True else dst.xp.tensors.where(mask, value, dst)


@published
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Write values, again and again where there are too few, at positions among all entries."""
    a = _target("put", a)
    xp, (_, value) = lifted("put", [a, v], ["a", "v"], weak=False)
    index, n = xp.tensors.asarray(ind).reshape((-1,)), a.size
    if mode != "raise":
        index = index % n if mode == "wrap" else xp.tensors.clip(index, 0, n - 1)
    if index.size:
        _written(a, index, TABLE["resize"](value, index.shape))


def _written(a: Tensor, index: Any, value: Any) -> None:
    """Write values at positions among all entries."""
    flat = a.xp.tensors.clone(a.reshape((-1,)))
    flat[index] = value
    a[...] = flat.reshape(a.shape)


@published
def place(arr: Any, mask: Any, vals: Any) -> None:
    """Write values, one after the other, where a mask is true."""
    arr = _target("place", arr)
    xp, (_, value) = lifted("place", [arr, vals], ["arr", "vals"], weak=False)
    index = TABLE["flatnonzero"](xp.tensors.asarray(mask))
    if index.size:
        _written(arr, index, TABLE["resize"](value, index.shape))


@published
def putmask(a: Any, mask: Any, values: Any) -> None:
    """Write where a mask is true what stands there in values, which are repeated to a's length."""
    a = _target("putmask", a)
    xp, (_, value) = lifted("putmask", [a, values], ["a", "values"], weak=False)
    copyto(a, TABLE["resize"](value, a.shape), where=xp.tensors.asarray(mask))


@published
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """Write along each line of an axis at positions of its own."""
    arr = _target("put_along_axis", arr)
    xp = arr.xp
    index = xp.tensors.asarray(indices)
    if axis is None:
        _written(arr, index, values)
        return
    axis = axis_in("put_along_axis", axis, arr.ndim)
    lines = [n if i == axis else arr.shape[i] for i, n in enumerate(index.shape)]
    places = [
        index
        if i == axis
        else xp.tensors.asarray(np.arange(n).reshape(tuple(-1 if k == i else 1 for k in range(arr.ndim))))
        for i, n in enumerate(lines)
    ]
    arr[tuple(places)] = values


@published
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Write on the main diagonal of a matrix, or where all indices of more axes are equal."""
    a = _target("fill_diagonal", a)
    if a.ndim < 2 or (a.ndim > 2 and len(set(a.shape)) > 1):
        got = f"a has shape {a.shape}"
        raise ShapeError(message("fill_diagonal", got, "expected a matrix, or axes of one length"))
    step = a.shape[1] + 1 if a.ndim == 2 else 1 + int(np.cumprod(a.shape[:-1]).sum())
    end = a.size if wrap or a.ndim > 2 else min(a.size, a.shape[1] ** 2)
    put(a, np.arange(0, end, step), val)
