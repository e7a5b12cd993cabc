"""Where a sparse matrix has entries, and the rows over their values: products and solutions.

A pattern is integers, on the host, and never differentiated; the values of its entries are one tensor. SciPy
multiplies and solves on NumPy, CuPy on CUDA; elsewhere entries are gathered and added up, and systems dense.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from anygrad.errors import LinAlgError, ShapeError, message
from anygrad.op import ArrayLike, operation
from anygrad.scipy.doors import beside, declared
from anygrad.tensors import Tensor

__all__ = ["Factor", "Pattern", "index_on", "matmul", "meeting", "solve"]


class Pattern:
    """Rows and columns of entries, in any order; entries at one place add up."""

    def __init__(self, rows: Any, columns: Any, shape: tuple[int, int]) -> None:
        self.rows, self.columns, self.shape = rows, columns, shape

    @functools.cached_property
    def order(self) -> Any:
        """The order by rows, and in it the columns and where each row begins: compressed rows."""
        order = np.argsort(self.rows, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(self.rows, minlength=self.shape[0]))])
        return order, self.columns[order], starts

    @functools.cached_property
    def turned(self) -> Pattern:
        """The pattern of the transpose."""
        return Pattern(self.columns, self.rows, self.shape[::-1])

    def matrix(self, xp: Any, data: Any) -> Any:
        """Return the library's matrix of compressed rows."""
        order, columns, starts = (xp.from_numpy(np.asarray(part)) for part in self.order)
        kind = "csr_array" if xp.name == "cpu" else "csr_matrix"
        return xp.scipy_function("sparse", kind)((data[order], columns, starts), shape=self.shape)


def meeting(first: Pattern, second: Pattern) -> tuple[Any, Any]:
    """Return the pairs of entries that a product of two matrices multiplies.

    An entry of the first meets those of the second in the row that its column names.
    """
    order, _, starts = second.order
    counts = np.diff(starts)[first.columns]
    left = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
    return left, order[starts[first.columns[left]] + within]


def index_on(xp: Any, like: Any, host: Any) -> Any:
    """Return an index of the host's where a tensor, or an array of a backend's, is."""
    if isinstance(like, Tensor):
        return beside(like, host)
    return xp.from_numpy(host.astype(xp.within(host.dtype), copy=False))


def _entries(xp: Any, x: Any, y: Any, rows: Any, columns: Any) -> Any:
    """Return at each entry the product of the row of x and the row of y that it names."""
    product = xp.take(x, index_on(xp, x, rows), axis=0) * xp.take(y, index_on(xp, y, columns), axis=0)
    return xp.sum(product, axis=-1) if len(product.shape) > 1 else product


def dense(xp: Any, data: Any, pattern: Pattern) -> Any:
    """Return the matrix written out."""
    m, n = pattern.shape
    flat = index_on(xp, data, pattern.rows * n + pattern.columns)
    device = {} if isinstance(data, Tensor) else {"device": xp.device}
    zeros = xp.zeros((m * n,), dtype=data.dtype, **device)
    return xp.reshape(xp.index_add(zeros, flat, data, axis=0), (m, n))


def _has_scipy(xp: Any) -> bool:
    return xp.scipy_library is not None


def _fits(x: ArrayLike, pattern: Pattern, turned: bool) -> None:
    n = pattern.shape[0 if turned else 1]
    if x.ndim not in (1, 2) or x.shape[0] != n:
        got = f"the sparse matrix has shape {pattern.shape}, x has shape {x.shape}"
        raise ShapeError(message("matmul", got, f"expected ({n},) or ({n}, k)"))


def _product(data: ArrayLike, x: ArrayLike, /, *, pattern: Any) -> dict[str, Any]:
    _fits(x, pattern, False)
    return {"pattern": pattern}


def _matmul(xp, data, x, pattern):
    if _has_scipy(xp):
        return pattern.matrix(xp, data) @ x
    values = data if len(x.shape) == 1 else xp.reshape(data, (-1, 1))
    parts = values * xp.take(x, index_on(xp, x, pattern.columns), axis=0)
    zeros = xp.zeros((pattern.shape[0], *x.shape[1:]), dtype=parts.dtype, device=xp.device)
    return xp.index_add(zeros, index_on(xp, parts, pattern.rows), parts, axis=0)


matmul = declared(
    operation(
        "scipy.sparse.matmul",
        _matmul,
        inputs="data x",
        ddata=lambda xp, g, x, pattern: _entries(xp, g, x, pattern.rows, pattern.columns),
        dx=lambda xp, g, data, pattern: xp.scipy.sparse.matmul(data, g, pattern=pattern.turned),
        prepare=_product,
        accepts="floating",
        alike=True,
        method=False,
        doc="Multiply a sparse matrix and a dense one.",
    )
)

# ---------------------------------------------------------------- solutions


class Factor:
    """The LU factors of a sparse matrix, computed once for its values and solved with both ways round."""

    def __init__(self, pattern: Pattern, **options: Any) -> None:
        self.pattern, self.options = pattern, options
        self.of: Any = None
        self.found: Any = None

    def solved(self, xp: Any, data: Any, b: Any, turned: bool) -> Any:
        """Solve with the matrix or its transpose."""
        if not _has_scipy(xp):
            matrix = dense(xp, data, self.pattern)
            b_columns = xp.reshape(b, (b.shape[0], -1)) if len(b.shape) == 1 else b
            out = xp.linalg.solve(xp.matrix_transpose(matrix) if turned else matrix, b_columns)
            return xp.reshape(out, b.shape)
        if self.of is not data:
            matrix = self.pattern.matrix(xp, data).tocsc()
            matrix.sum_duplicates()
            try:
                self.found = xp.scipy_function("sparse.linalg", "splu")(matrix, **self.options)
            except RuntimeError as error:
                raise LinAlgError(message("spsolve", str(error), "the matrix is singular")) from error
            self.of = data
        return self.found.solve(b, "T" if turned else "N")


def _solution(data: ArrayLike, b: ArrayLike, /, *, factor: Any, turned: bool = False) -> dict[str, Any]:
    m, n = factor.pattern.shape
    if m != n:
        got = f"the matrix has shape {(m, n)}"
        raise ShapeError(message("spsolve", got, "expected a square one"))
    _fits(b, factor.pattern, turned)
    return {"factor": factor, "turned": turned}


def _solve_data(xp, g, data, out, factor, turned):
    back = xp.scipy.sparse.solve(data, g, factor=factor, turned=not turned)
    places = factor.pattern.turned if turned else factor.pattern
    return -_entries(xp, back, out, places.rows, places.columns)


solve = declared(
    operation(
        "scipy.sparse.solve",
        lambda xp, data, b, factor, turned: factor.solved(xp, data, b, turned),
        inputs="data b",
        ddata=_solve_data,
        db=lambda xp, g, data, factor, turned: xp.scipy.sparse.solve(
            data, g, factor=factor, turned=not turned
        ),
        prepare=_solution,
        accepts="floating",
        alike=True,
        method=False,
        doc="Solve a sparse system.",
    )
)
