"""NumPy's functions of positions: grids of indices, and positions among all entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ShapeError, message
from anygrad.numpy.shapes import host
from anygrad.numpy.table import Array, Arrays, Unused, published

__all__: list[str] = []


@published
def ix_(xp: Any, *args: Array) -> tuple[Any, ...]:
    """Return vectors as the index of their grid."""
    found = []
    for i, x in enumerate(args):
        if x.ndim != 1:
            raise ShapeError(message("ix_", f"argument {i} has shape {x.shape}", "expected vectors"))
        x = xp.nonzero(x)[0] if x.dtype.kind == "b" else x
        found.append(xp.reshape(x, (1,) * i + (-1,) + (1,) * (len(args) - i - 1)))
    return tuple(found)


@published
def meshgrid(
    xp: Any, *xi: Array, copy: Unused = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    """Return coordinates on the grid of vectors."""
    if not sparse:
        return xp.meshgrid(*xi, indexing=indexing)  # type: ignore[no-any-return]
    grids = [xp.reshape(x, (1,) * i + (-1,) + (1,) * (len(xi) - i - 1)) for i, x in enumerate(xi)]
    if indexing == "xy" and len(xi) > 1:
        grids = [xp.permute_dims(g, (1, 0, *range(2, len(xi)))) for g in grids]
    return tuple(grids)


@published
def ravel_multi_index(xp: Any, multi_index: Arrays, dims: Any, mode: str = "raise", order: str = "C") -> Any:
    """Return positions among all entries of those given by an index for each axis."""
    found = np.ravel_multi_index(tuple(host(i) for i in multi_index), dims, mode, order)  # type: ignore[call-overload]
    return xp.asarray(np.asarray(found))


@published
def unravel_index(xp: Any, indices: Array, shape: Any, order: str = "C") -> tuple[Any, ...]:
    """Return an index for each axis of positions among all entries."""
    found = np.unravel_index(host(indices), shape, order)  # type: ignore[call-overload]
    return tuple(xp.asarray(np.asarray(i)) for i in found)


@published
def diag_indices_from(xp: Any, arr: Array) -> tuple[Any, ...]:
    """Return the index of the main diagonal."""
    return tuple(xp.asarray(i) for i in np.diag_indices(arr.shape[0], arr.ndim))


@published
def tril_indices_from(xp: Any, arr: Array, k: int = 0) -> tuple[Any, ...]:
    """Return the index of the lower triangle."""
    return tuple(xp.asarray(i) for i in np.tril_indices(arr.shape[-2], k, arr.shape[-1]))


@published
def triu_indices_from(xp: Any, arr: Array, k: int = 0) -> tuple[Any, ...]:
    """Return the index of the upper triangle."""
    return tuple(xp.asarray(i) for i in np.triu_indices(arr.shape[-2], k, arr.shape[-1]))
