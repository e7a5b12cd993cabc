"""Sparse matrices made of diagonals and of other sparse matrices."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.scipy.doors import floating
from anygrad.scipy.sparse.matrices import SparseArray, coo_array
from anygrad.scipy.sparse.patterns import Pattern
from anygrad.tensors import Tensor, asarray

__all__ = ["diags_array", "eye_array", "hstack", "kron", "vstack"]


def eye_array(
    m: int, n: int | None = None, *, k: int = 0, dtype: Any = float, format: Any = None, device: Any = None
) -> SparseArray:
    """Return the (m, n) matrix, n being m where it is None, that has ones on diagonal k.

    ``format`` is SciPy's and says nothing here.

    >>> import anygrad as ag
    >>> ag.scipy.sparse.eye_array(2).toarray()
    tensor([[1., 0.],
            [0., 1.]], dtype=float64, device='cpu')
    """
    shape = operator.index(m), operator.index(m if n is None else n)
    rows, columns = _diagonal(shape, k)
    ones = np.ones(len(rows), dtype=dtype)
    return SparseArray(floating(asarray(ones, device=device)), Pattern(rows, columns, shape))


def _diagonal(shape: tuple[int, int], k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of a diagonal."""
    first = max(-k, 0)
    rows = np.arange(first, max(first, min(shape[0], shape[1] - k)))
    return rows, rows + k


def diags_array(
    diagonals: Any,
    /,
    *,
    offsets: Any = 0,
    shape: tuple[int, int] | None = None,
    format: Any = None,
    dtype: Any = None,
) -> SparseArray:
    """Return the matrix with these diagonals, at these offsets from the main one.

    ``diagonals`` are vectors, or one where ``offsets`` is a number; one of a single entry is repeated where
    ``shape`` is given, square otherwise. Differentiable in all of them. ``format`` is SciPy's and says
    nothing here. Raises ``ShapeError`` for a vector that is not as long as its diagonal.

    >>> import anygrad as ag
    >>> ag.scipy.sparse.diags_array([ag.asarray([1.0, 2.0]), ag.asarray([5.0])], offsets=[0, 1]).toarray()
    tensor([[1., 5.],
            [0., 2.]], dtype=float64, device='cpu')
    """
    if np.ndim(offsets) == 0:
        offsets, diagonals = [offsets], [diagonals]
    parts = [floating(asarray(part, dtype=dtype)) for part in diagonals]
    if not parts or len(parts) != len(offsets) or len(set(offsets)) != len(offsets):
        got = f"{len(parts)} diagonals are given, and the offsets {list(offsets)}"
        raise ArgumentError(message("diags_array", got, "expected an offset for each, no two alike"))
    if shape is None:
        n = parts[0].size + abs(int(offsets[0]))
        shape = (n, n)
    places = [_diagonal(shape, int(k)) for k in offsets]
    for i, (rows, _) in enumerate(places):
        if parts[i].size == 1:
            parts[i] = parts[i].xp.tensors.broadcast_to(parts[i], (len(rows),))
        if parts[i].shape != rows.shape:
            got = f"diagonal {offsets[i]} has shape {parts[i].shape}"
            raise ShapeError(message("diags_array", got, f"expected {rows.shape} in shape {shape}"))
    return _joined(parts, places, shape)


def _joined(
    parts: Sequence[Tensor], places: Sequence[tuple[Any, Any]], shape: tuple[int, int]
) -> SparseArray:
    rows, columns = (np.concatenate([place[i] for place in places]) for i in (0, 1))
    return SparseArray(parts[0].xp.tensors.concat(list(parts)), Pattern(rows, columns, shape))


def kron(A: Any, B: Any, format: Any = None) -> SparseArray:
    """Return Kronecker's product of two matrices, sparse ones or what ``coo_array`` takes.

    Differentiable in the values of both.

    >>> import anygrad as ag
    >>> ag.scipy.sparse.kron(ag.scipy.sparse.eye_array(2), ag.asarray([[1.0, 2.0]])).toarray()
    tensor([[1., 2., 0., 0.],
            [0., 0., 1., 2.]], dtype=float64, device='cpu')
    """
    one, two = coo_array(A), coo_array(B)
    (m, n), (p, q) = one.shape, two.shape
    rows, columns = (
        (a[:, None] * k + b).reshape(-1) for a, k, b in ((one.row, p, two.row), (one.col, q, two.col))
    )
    data = one.data.reshape((-1, 1)) * two.data
    return SparseArray(data.reshape((-1,)), Pattern(rows, columns, (m * p, n * q)))


def vstack(blocks: Any, format: Any = None, dtype: Any = None) -> SparseArray:
    """Return sparse matrices one below the other. Differentiable in the values of all.

    >>> import anygrad as ag
    >>> ag.scipy.sparse.vstack([ag.scipy.sparse.eye_array(1), ag.asarray([[3.0]])]).toarray()
    tensor([[1.],
            [3.]], dtype=float64, device='cpu')
    """
    return _stacked("vstack", blocks, dtype, lambda block: block)


def hstack(blocks: Any, format: Any = None, dtype: Any = None) -> SparseArray:
    """Return sparse matrices one beside the other. Differentiable in the values of all.

    >>> import anygrad as ag
    >>> ag.scipy.sparse.hstack([ag.scipy.sparse.eye_array(1), ag.asarray([[3.0]])]).toarray()
    tensor([[1., 3.]], dtype=float64, device='cpu')
    """
    return _stacked("hstack", blocks, dtype, lambda block: block.T).T


def _stacked(op: str, blocks: Any, dtype: Any, turn: Callable[[SparseArray], SparseArray]) -> SparseArray:
    made = [turn(coo_array(block)) for block in blocks]
    if len({block.shape[1] for block in made}) != 1:
        got = f"the shapes are {', '.join(str(turn(block).shape) for block in made)}"
        raise ShapeError(message(op, got, "expected matrices that fit one another"))
    below = np.cumsum([0, *(block.shape[0] for block in made)])
    places = [(block.row + int(start), block.col) for block, start in zip(made, below, strict=False)]
    parts = [block.data if dtype is None else block.data.astype(dtype) for block in made]
    return _joined(parts, places, (int(below[-1]), made[0].shape[1]))
