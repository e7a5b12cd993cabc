"""Sparse matrices whose values are a tensor: made as SciPy's are, multiplied, added, written out.

SciPy's own cannot hold a tensor. The pattern of one here is fixed, and gradients are of the values in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.scipy.doors import beside, floating
from anygrad.scipy.sparse import patterns
from anygrad.scipy.sparse.patterns import Pattern, index_on, meeting
from anygrad.tensors import Tensor, asarray

__all__ = ["SparseArray", "coo_array", "csc_array", "csr_array"]


class SparseArray:
    """A sparse matrix: ``data``, a tensor of the values of its entries, and where they are, ``row``, ``col``.

    ``A @ x`` with a vector or a matrix, dense or sparse, ``x @ A``, sums and differences of sparse matrices,
    ``A * x`` entry by entry, ``A**n``, ``A[i:j]``, ``A.T``, ``A.sum(axis)``, ``A.diagonal()`` and
    ``A.toarray()`` are differentiable to any order in the values and in x. Sparse matrices of SciPy's are
    constants in them. Entries at one place add up. ``csr_array`` and its like make one.

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

    def _taken(self, places: Any) -> Tensor:
        """Return the values of entries."""
        return _at(self.data, places)

    def _ordered(self, first: np.ndarray, second: np.ndarray) -> SparseArray:
        """Return the matrix with one entry at each place, in the order of a sum of the two."""
        keys, inverse = np.unique(first * (int(second.max(initial=0)) + 1) + second, return_inverse=True)
        if len(keys) == self.nnz and np.array_equal(inverse, np.arange(self.nnz)):
            return self
        xp = self.data.xp.tensors
        zeros = xp.zeros((len(keys),), dtype=self.dtype)
        data = xp.index_add(zeros, index_on(xp, self.data, inverse), self.data, axis=0)
        places = np.zeros(len(keys), dtype=np.int64)
        places[inverse] = np.arange(self.nnz)
        return SparseArray(data, Pattern(self.row[places], self.col[places], self.shape))

    def tocsr(self) -> SparseArray:
        """Return the matrix with one entry at each place, row by row."""
        return self._ordered(self.row, self.col)

    def tocsc(self) -> SparseArray:
        """Return the matrix with one entry at each place, column by column."""
        return self._ordered(self.col, self.row)

    def tocoo(self) -> SparseArray:
        """Return the matrix as it is."""
        return self

    def diagonal(self) -> Tensor:
        """Return the main diagonal."""
        on = np.flatnonzero(self.row == self.col)
        xp, n = self.data.xp.tensors, min(self.shape)
        zeros = xp.zeros((n,), dtype=self.dtype)
        return xp.index_add(zeros, index_on(xp, self.data, self.row[on]), self._taken(on), axis=0)

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

    def _sparse(self, x: Any) -> SparseArray | None:
        """Return a sparse matrix of ours or of SciPy's, which comes to where this one is; else None."""
        if isinstance(x, SparseArray) or not hasattr(x, "tocoo"):
            return x if isinstance(x, SparseArray) else None
        found = coo_array(x)
        values = found.data.xp.to_numpy(found.data.array)
        return SparseArray(beside(self.data, values), found.pattern)

    def __matmul__(self, x: Any) -> Any:
        other = self._sparse(x)
        if other is None:
            return patterns.matmul(self.data, x, pattern=self.pattern)
        if self.shape[1] != other.shape[0]:
            got = f"the sparse matrices have shapes {self.shape} and {other.shape}"
            raise ShapeError(message("matmul", got, f"expected {self.shape[1]} rows in the second"))
        left, right = meeting(self.pattern, other.pattern)
        shape = self.shape[0], other.shape[1]
        places = Pattern(self.row[left], other.col[right], shape)
        return SparseArray(self._taken(left) * other._taken(right), places).tocsr()

    dot = __matmul__

    def __rmatmul__(self, x: Any) -> Any:
        other = self._sparse(x)
        if other is not None:
            return other @ self
        x = asarray(x, device=self.data.xp.name)
        if x.ndim == 1:
            return self.T @ x
        return self.data.xp.tensors.matrix_transpose(self.T @ self.data.xp.tensors.matrix_transpose(x))

    def multiply(self, other: Any) -> SparseArray:
        """Return the product entry by entry, with a number, a sparse matrix or what broadcasts."""
        found = self._sparse(other)
        if found is None:
            return SparseArray(self.data * self._beside(other, "multiply"), self.pattern)
        self._same_shape("multiply", found)
        one, two = self.tocsr(), found.tocsr()
        first, second = (m.row * m.shape[1] + m.col for m in (one, two))
        _, left, right = np.intersect1d(first, second, assume_unique=True, return_indices=True)
        return SparseArray(
            one._taken(left) * two._taken(right), Pattern(one.row[left], one.col[left], self.shape)
        )

    def _beside(self, x: Any, op: str) -> Any:
        """Return what is of a dense operand at each entry."""
        if not getattr(x, "ndim", 0) and not isinstance(x, list | tuple):
            return x
        x = asarray(x, device=self.data.xp.name)
        full = (1,) * (2 - x.ndim) + x.shape
        if len(full) != 2 or any(n not in (1, own) for n, own in zip(full, self.shape, strict=True)):
            got = f"the sparse matrix has shape {self.shape}, the other operand {x.shape}"
            raise ShapeError(message(op, got, "expected what broadcasts to the sparse matrix"))
        rows, columns = (part * (n > 1) for part, n in zip((self.row, self.col), full, strict=True))
        return _at(x.reshape((-1,)), rows * full[1] + columns)

    def __mul__(self, other: Any) -> SparseArray:
        if type(other).__name__.endswith("matrix"):
            got = f"the other operand is of type {type(other).__name__}, whose * is the product of matrices"
            raise DtypeError(message("multiply", got, "write A @ B for that", "or A.multiply(B) by entries"))
        return self.multiply(other)

    __rmul__ = __mul__

    def __truediv__(self, value: Any) -> SparseArray:
        if self._sparse(value) is not None:
            advice = "write A.toarray() / B.toarray()"
            raise DtypeError(message("divide", "both operands are sparse matrices", "0 / 0 is NaN", advice))
        return SparseArray(self.data / self._beside(value, "divide"), self.pattern)

    def power(self, n: Any) -> SparseArray:
        """Return each entry to the power of a number that is not zero."""
        if not np.isscalar(n) or n == 0:
            raise ArgumentError(message("power", f"the power is {n!r}", "expected a number that is not zero"))
        one = self.tocsr()
        return SparseArray(one.data**n, one.pattern)

    __pow__ = power

    def __getitem__(self, key: Any) -> Any:
        """Return rows and columns by slices or vectors of places; an integer gives a dense vector."""
        keys = key if isinstance(key, tuple) else (key, slice(None))
        vectors = [k for k in keys if isinstance(k, bool) or not isinstance(k, int | np.integer | slice)]
        if len(keys) != 2 or (len(vectors) > 1) or any(np.ndim(k) != 1 for k in vectors):
            expected = "expected integers, slices or one vector, for rows and columns"
            raise ArgumentError(message("getitem", f"the key is {key!r}", expected))
        wanted = [np.arange(n)[k] for n, k in zip(self.shape, keys, strict=True)]
        rows, columns = (np.atleast_1d(k) for k in wanted)
        out = self._rows(rows).T._rows(columns).T
        if all(k.ndim for k in wanted):
            return out
        return out.toarray().reshape(tuple(k.size for k in wanted if k.ndim))

    def _rows(self, rows: np.ndarray) -> SparseArray:
        n = len(rows)
        left, right = meeting(Pattern(np.arange(n), rows, (n, self.shape[0])), self.pattern)
        return SparseArray(self._taken(right), Pattern(left, self.col[right], (n, self.shape[1])))

    def __neg__(self) -> SparseArray:
        return SparseArray(-self.data, self.pattern)

    def __add__(self, other: Any) -> SparseArray:
        if isinstance(other, int | float) and other == 0:
            return self
        found = self._sparse(other)
        if found is None:
            got = f"the other operand is of type {type(other).__name__}"
            raise DtypeError(message("add", got, "expected a sparse matrix", "write A.toarray() + x"))
        self._same_shape("add", found)
        if found.pattern is self.pattern:
            return SparseArray(self.data + found.data, self.pattern)
        rows = np.concatenate([self.row, found.row])
        columns = np.concatenate([self.col, found.col])
        data = self.data.xp.tensors.concat([self.data, found.data])
        return SparseArray(data, Pattern(rows, columns, self.shape)).tocsr()

    __radd__ = __add__

    def __sub__(self, other: Any) -> SparseArray:
        return self + (-other)

    def __rsub__(self, other: Any) -> SparseArray:
        return -self + other

    def _same_shape(self, op: str, other: SparseArray) -> None:
        if other.shape != self.shape:
            got = f"the shapes are {self.shape} and {other.shape}"
            raise ShapeError(message(op, got, "expected one shape"))

    def __repr__(self) -> str:
        return f"<sparse {self.shape} of {self.nnz} entries, {self.dtype}, {self.device}>"


def _at(x: Tensor, places: Any) -> Tensor:
    """Return entries of a vector."""
    xp = x.xp.tensors
    return xp.take(x, index_on(xp, x, places), axis=0)


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
