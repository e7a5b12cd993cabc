"""Sparse matrices whose values are a tensor: made as SciPy's are, multiplied, added, written out.

SciPy's own cannot hold a tensor. The pattern of one here is fixed, and gradients are of the values in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, DtypeError, ShapeError, UnsupportedError, message
from anygrad.scipy.doors import beside, floating
from anygrad.scipy.sparse import patterns
from anygrad.scipy.sparse.patterns import Pattern, index_on
from anygrad.tensors import Tensor, asarray

__all__ = ["SparseArray", "coo_array", "csc_array", "csr_array"]


class SparseArray:
    """A sparse matrix: ``data``, a tensor of the values of its entries, and where they are, ``row``, ``col``.

    ``A @ x`` with a vector or a dense matrix, ``x @ A``, sums and differences of sparse matrices, products
    with numbers and tensors without axes, ``A.T``, ``A.sum(axis)``, ``A.diagonal()`` and ``A.toarray()``
    are differentiable to any order in the values and in x; ``A @ B`` of two sparse matrices raises. Entries
    at one place add up. ``csr_array`` and its like make one.

    >>> import anygrad as ag
    >>> A = ag.scipy.sparse.csr_array((ag.asarray([1.0, 2.0, 3.0]), [0, 1, 1], [0, 2, 3]))
    >>> A @ ag.asarray([1.0, 10.0])
    tensor([21., 30.], dtype=float64, device='cpu')
    """

    ndim = 2
    __array_ufunc__ = None

    def __init__(self, data: Tensor, pattern: Pattern) -> None:
        self.data, self.pattern = data, pattern

    @property
    def shape(self) -> tuple[int, int]:
        """Its rows and columns."""
        return self.pattern.shape

    @property
    def row(self) -> np.ndarray:
        """The row of each entry."""
        return self.pattern.rows

    @property
    def col(self) -> np.ndarray:
        """The column of each entry."""
        return self.pattern.columns

    @property
    def nnz(self) -> int:
        """How many entries there are."""
        return len(self.pattern.rows)

    @property
    def dtype(self) -> Any:
        """The dtype of the values."""
        return self.data.dtype

    @property
    def device(self) -> Any:
        """The device of the values."""
        return self.data.device

    @property
    def T(self) -> SparseArray:
        """The transpose."""
        return SparseArray(self.data, self.pattern.turned)

    def toarray(self) -> Tensor:
        """Return the matrix written out."""
        return patterns.dense(self.data.xp.tensors, self.data, self.pattern)

    todense = toarray

    def diagonal(self) -> Tensor:
        """Return the main diagonal."""
        on = np.flatnonzero(self.row == self.col)
        xp, n = self.data.xp.tensors, min(self.shape)
        zeros = xp.zeros((n,), dtype=self.dtype)
        values = xp.take(self.data, index_on(xp, self.data, on), axis=0)
        return xp.index_add(zeros, index_on(xp, self.data, self.row[on]), values, axis=0)

    def sum(self, axis: int | None = None) -> Tensor:
        """Return the sum of all entries, or of those along an axis."""
        xp = self.data.xp.tensors
        if axis is None:
            return xp.sum(self.data)
        if axis not in (-2, -1, 0, 1):
            raise ArgumentError(message("sum", f"axis is {axis!r}", "expected None, 0 or 1"))
        matrix = self.T if axis in (0, -2) else self
        return matrix @ xp.ones((matrix.shape[1],), dtype=self.dtype)

    def conj(self) -> SparseArray:
        """Return the conjugate."""
        xp = self.data.xp.tensors
        return SparseArray(xp.conj(self.data), self.pattern) if self.dtype.kind == "c" else self

    def __matmul__(self, x: Any) -> Any:
        if isinstance(x, SparseArray):
            advice = "multiply with B.toarray()", "or apply one after the other to what they act on"
            raise UnsupportedError(message("matmul", "both matrices are sparse", *advice))
        return patterns.matmul(self.data, x, pattern=self.pattern)

    dot = __matmul__

    def __rmatmul__(self, x: Any) -> Any:
        x = asarray(x, device=self.data.xp.name)
        if x.ndim == 1:
            return self.T @ x
        return self.data.xp.tensors.matrix_transpose(self.T @ self.data.xp.tensors.matrix_transpose(x))

    def _by_number(self, value: Any, op: str) -> SparseArray:
        if isinstance(value, SparseArray) or getattr(value, "ndim", 0) != 0:
            got = f"the other operand is of type {type(value).__name__}"
            raise DtypeError(message(op, got, "expected a number", "write A @ x for products of matrices"))
        return SparseArray(self.data * value if op == "multiply" else self.data / value, self.pattern)

    def __mul__(self, value: Any) -> SparseArray:
        return self._by_number(value, "multiply")

    __rmul__ = __mul__

    def __truediv__(self, value: Any) -> SparseArray:
        return self._by_number(value, "divide")

    def __neg__(self) -> SparseArray:
        return SparseArray(-self.data, self.pattern)

    def __add__(self, other: Any) -> SparseArray:
        if not isinstance(other, SparseArray):
            got = f"the other operand is of type {type(other).__name__}"
            raise DtypeError(message("add", got, "expected a sparse matrix", "write A.toarray() + x"))
        if other.shape != self.shape:
            got = f"the shapes are {self.shape} and {other.shape}"
            raise ShapeError(message("add", got, "expected one shape"))
        if other.pattern is self.pattern:
            return SparseArray(self.data + other.data, self.pattern)
        rows = np.concatenate([self.row, other.row])
        columns = np.concatenate([self.col, other.col])
        data = self.data.xp.tensors.concat([self.data, other.data])
        return SparseArray(data, Pattern(rows, columns, self.shape))

    def __sub__(self, other: Any) -> SparseArray:
        return self + (-other)

    def __repr__(self) -> str:
        return f"<sparse {self.shape} of {self.nnz} entries, {self.dtype}, {self.device}>"


def _integers(op: str, name: str, x: Any) -> np.ndarray:
    x = x.xp.to_numpy(x.array) if isinstance(x, Tensor) else np.asarray(x)
    if x.dtype.kind not in "iu" and x.size:
        raise DtypeError(message(op, f"{name} has dtype {x.dtype}", "expected integers"))
    return x.astype(np.int64)


def _values(data: Any) -> Tensor:
    return floating(asarray(data))


def _made(op: str, data: Any, rows: np.ndarray, columns: np.ndarray, shape: Any) -> SparseArray:
    data = _values(data)
    if data.ndim != 1 or not data.shape[0] == len(rows) == len(columns):
        got = f"data has shape {data.shape}, {len(rows)} rows and {len(columns)} columns are named"
        raise ShapeError(message(op, got, "expected as many, in vectors"))
    if shape is None:
        shape = tuple(int(part.max(initial=-1)) + 1 for part in (rows, columns))
    for part, n in zip((rows, columns), shape, strict=True):
        if len(part) and not 0 <= part.min() <= part.max() < n:
            got = f"an index is {part.min() if part.min() < 0 else part.max()}"
            raise ArgumentError(message(op, got, f"the shape is {tuple(shape)}"))
    return SparseArray(data, Pattern(rows, columns, tuple(int(n) for n in shape)))  # type: ignore[arg-type]


def coo_array(arg: Any, shape: Any = None) -> SparseArray:
    """Return a sparse matrix of ``(data, (row, col))``, of a dense matrix, or of a sparse one of SciPy's.

    ``data`` is a tensor; of a dense matrix entries that are zero are left out. Raises ``ShapeError`` and
    ``ArgumentError`` for indices that do not fit.

    >>> import anygrad as ag
    >>> ag.scipy.sparse.coo_array((ag.asarray([3.0]), ([0], [1])), shape=(1, 2)).toarray()
    tensor([[0., 3.]], dtype=float64, device='cpu')
    """
    if isinstance(arg, SparseArray):
        return arg
    if hasattr(arg, "tocoo"):
        found = arg.tocoo()
        row, col = (np.asarray(part) for part in found.coords)
        return _made("coo_array", found.data, row, col, found.shape)
    if isinstance(arg, tuple):
        data, (rows, columns) = arg
        row, col = _integers("coo_array", "row", rows), _integers("coo_array", "col", columns)
        return _made("coo_array", data, row, col, shape)
    x = _values(arg)
    if x.ndim != 2:
        raise ShapeError(message("coo_array", f"the shape is {x.shape}", "expected a matrix"))
    rows, columns = np.nonzero(x.xp.to_numpy(x.array))
    flat = beside(x, rows * x.shape[1] + columns)
    return _made("coo_array", x.xp.tensors.take(x.reshape((-1,)), flat, axis=0), rows, columns, x.shape)


def _compressed(op: str, arg: Any, shape: Any, by_rows: bool) -> SparseArray:
    if not isinstance(arg, tuple) or len(arg) != 3:
        return coo_array(arg, shape)
    data, inner, starts = arg
    inner, starts = _integers(op, "indices", inner), _integers(op, "indptr", starts)
    if starts.size < 1 or np.any(np.diff(starts) < 0) or starts[0] != 0 or starts[-1] != len(inner):
        got = f"indptr is from {starts[:1]} to {starts[-1:]}"
        raise ArgumentError(message(op, got, f"expected from 0 to {len(inner)}, ascending"))
    outer = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    if shape is None:
        lengths = len(starts) - 1, int(inner.max(initial=-1)) + 1
        shape = lengths if by_rows else lengths[::-1]
    rows, columns = (outer, inner) if by_rows else (inner, outer)
    return _made(op, data, rows, columns, shape)


def csr_array(arg: Any, shape: Any = None) -> SparseArray:
    """Return a sparse matrix of ``(data, indices, indptr)``, compressed rows, or of what ``coo_array`` takes.

    >>> import anygrad as ag
    >>> ag.scipy.sparse.csr_array((ag.asarray([1.0, 2.0]), [1, 0], [0, 1, 2])).toarray()
    tensor([[0., 1.],
            [2., 0.]], dtype=float64, device='cpu')
    """
    return _compressed("csr_array", arg, shape, True)


def csc_array(arg: Any, shape: Any = None) -> SparseArray:
    """Return a sparse matrix of ``(data, indices, indptr)``, compressed columns, or of a matrix.

    >>> import anygrad as ag
    >>> ag.scipy.sparse.csc_array((ag.asarray([1.0, 2.0]), [1, 0], [0, 1, 2])).toarray()
    tensor([[0., 2.],
            [1., 0.]], dtype=float64, device='cpu')
    """
    return _compressed("csc_array", arg, shape, False)
