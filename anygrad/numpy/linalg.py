"""NumPy's linear algebra."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.linalg import EighResult, EigResult, QRResult, SVDResult
from anygrad.numpy import products, shapes, table
from anygrad.numpy.table import Array, Arrays, Out, Results, table_of
from anygrad.ops.linalg import SlogdetResult
from anygrad.rules import axis_in

__all__: list[str] = []

published = functools.partial(table.published, within="linalg")


def _same(name: str) -> None:
    """Publish a function of one matrix that is the standard's."""

    def function(xp: Any, a: Array) -> Any:
        return getattr(xp.linalg, name)(a)

    function.__name__, function.__doc__ = name, f"Do what ``anygrad.linalg.{name}`` does."
    published(function)


for _name in ("det", "inv"):
    _same(_name)


@published
def slogdet(xp: Any, a: Array) -> SlogdetResult:
    """Return the sign of the determinant and the logarithm of its size."""
    return xp.linalg.slogdet(a)  # type: ignore[no-any-return]


def _plain(xp: Any, values: Any) -> Any:
    """Return eigenvalues as real numbers where all of them are."""
    kind = values.dtype.kind == "c" and not np.any(shapes.host(values).imag)
    return xp.real(values) if kind else values


@published
def eig(xp: Any, a: Array) -> EigResult:
    """Return eigenvalues and eigenvectors, real where they are, as NumPy's."""
    values, vectors = xp.linalg.eig(a)
    if a.dtype.kind == "c":
        return EigResult(values, vectors)
    real = _plain(xp, values)
    return EigResult(real, vectors if real is values else xp.real(vectors))


@published
def eigvals(xp: Any, a: Array) -> Any:
    """Return eigenvalues, real where they are, as NumPy's."""
    values = xp.linalg.eigvals(a)
    return values if a.dtype.kind == "c" else _plain(xp, values)


def _hermitian(op: str, xp: Any, a: Any, UPLO: str) -> Any:
    """Return the Hermitian matrix that one triangle stands for: the gradient goes there alone."""
    if UPLO.upper() not in ("L", "U"):
        raise ArgumentError(message(op, f"UPLO is {UPLO!r}", "expected 'L' or 'U'"))
    lower = UPLO.upper() == "L"
    below = xp.tril(a, k=-1) if lower else xp.conj(xp.triu(a, k=1)).mT
    middle = a - xp.tril(a, k=-1) - xp.triu(a, k=1)
    middle = xp.astype(xp.real(middle), a.dtype) if a.dtype.kind == "c" else middle
    return below + xp.conj(below).mT + middle


@published
def eigh(xp: Any, a: Array, UPLO: str = "L") -> EighResult:
    """Return eigenvalues and eigenvectors of the Hermitian matrix whose one triangle is a's."""
    return xp.linalg.eigh(_hermitian("eigh", xp, a, UPLO))  # type: ignore[no-any-return]


@published
def eigvalsh(xp: Any, a: Array, UPLO: str = "L") -> Any:
    """Return eigenvalues of the Hermitian matrix whose one triangle is a's."""
    return xp.linalg.eigvalsh(_hermitian("eigvalsh", xp, a, UPLO))


@published
def cholesky(xp: Any, a: Array, /, *, upper: bool = False) -> Any:
    """Return the Cholesky factor of the Hermitian matrix whose lower (or upper) triangle is a's."""
    return xp.linalg.cholesky(_hermitian("cholesky", xp, a, "U" if upper else "L"), upper=upper)


@published
def qr(xp: Any, a: Array, mode: str = "reduced") -> Results:
    """Return an orthonormal and a triangular factor, or the latter alone."""
    if mode == "r":
        return xp.linalg.qr(a, mode="reduced")[1]
    found: QRResult = xp.linalg.qr(a, mode=mode)
    return found


@published
def svd(
    xp: Any, a: Array, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Results:
    """Return the singular value decomposition, or the values alone."""
    if not compute_uv:
        return xp.linalg.svdvals(a)
    found: SVDResult = xp.linalg.svd(a, full_matrices=full_matrices)
    return found


@published
def svdvals(xp: Any, x: Array, /) -> Any:
    """Return the singular values."""
    return xp.linalg.svdvals(x)


@published
def solve(xp: Any, a: Array, b: Array) -> Any:
    """Solve linear equations; b is a vector where it has one axis."""
    return xp.linalg.solve(a, b[:, None])[..., 0] if b.ndim == 1 and a.ndim > 2 else xp.linalg.solve(a, b)


@published
def lstsq(xp: Any, a: Array, b: Array, rcond: float | None = None) -> tuple[Any, ...]:
    """Return the best solution, its residuals, the rank and the singular values of a.

    The residuals are empty where they are zero, or where the rank is less than the number of columns.
    """
    found = xp.linalg.lstsq(a, b, rtol=rcond)
    few = a.shape[0] <= a.shape[1] or shapes.host(found.rank) < a.shape[1]
    residuals = xp.reshape(found.residuals, (-1,))
    rank = xp.astype(found.rank, xp.int32)
    return found.solution, residuals[:0] if few else residuals, rank, found.singular_values


@published
def pinv(
    xp: Any,
    a: Array,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    rtol: Any = np._NoValue,
) -> Any:
    """Return the pseudo-inverse."""
    chosen = rcond if rtol is np._NoValue else rtol
    return xp.linalg.pinv(a, rtol=1e-15 if chosen is None and rtol is np._NoValue else chosen)


@published
def matrix_rank(xp: Any, A: Array, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """Return how many singular values are larger than a tolerance."""
    if A.ndim < 2:
        return xp.astype(xp.any(A != 0), xp.int64)
    if tol is None:
        return xp.linalg.matrix_rank(A, rtol=rtol)
    values = xp.linalg.svdvals(A)
    limit = xp.asarray(tol)
    return xp.count_nonzero(values > (limit[..., None] if limit.ndim else limit), axis=-1)


@published
def matrix_power(xp: Any, a: Array, n: int) -> Any:
    """Multiply a matrix with itself; a negative number of times its inverse."""
    return xp.linalg.matrix_power(a, n)


@published
def multi_dot(xp: Any, arrays: Arrays, *, out: Out = None) -> Any:
    """Multiply matrices in the order that takes the fewest operations."""
    if len(arrays) < 2:
        raise ShapeError(message("multi_dot", f"got {len(arrays)} arrays", "expected at least two"))
    sizes = [x.shape for x in arrays]
    rows = arrays[0].ndim == 1
    columns = arrays[-1].ndim == 1
    parts = [arrays[0][None] if rows else arrays[0], *arrays[1:]]
    parts[-1] = parts[-1][:, None] if columns else parts[-1]
    if any(x.ndim != 2 for x in parts):
        raise ShapeError(message("multi_dot", f"shapes are {sizes}", "expected matrices"))
    result = _chained(parts, _splits([parts[0].shape[0], *(x.shape[1] for x in parts)]), 0, len(parts) - 1)
    result = result[0] if rows else result
    return result[..., 0] if columns else result


def _splits(lengths: list[int]) -> dict[tuple[int, int], int]:
    """Return where each run of matrices is best parted."""
    n = len(lengths) - 1
    cost, best = {(i, i): 0 for i in range(n)}, {}
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            cost[i, j], best[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + lengths[i] * lengths[k + 1] * lengths[j + 1], k)
                for k in range(i, j)
            )
    return best


def _chained(parts: list[Any], best: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return parts[i]
    k = best[i, j]
    return _chained(parts, best, i, k) @ _chained(parts, best, k + 1, j)


# ---------------------------------------------------------------- norms


@published
def norm(xp: Any, x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the norm of a vector or a matrix; without ``ord`` the root of the sum of squares."""
    x = x if x.dtype.kind in "fc" else xp.astype(x, xp.float64)
    axes = None if axis is None else tuple(axis) if isinstance(axis, tuple | list) else (axis,)
    if ord is None or (ord == 2 and axes is None and x.ndim == 1):
        return xp.linalg.vector_norm(x, axis=axes, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axes is None else axes
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ArgumentError(message("norm", f"ord is {ord!r}", "vectors have no such norm"))
        return xp.linalg.vector_norm(x, axis=axes, keepdims=keepdims, ord=ord)
    if len(axes) != 2:
        raise ArgumentError(message("norm", f"axis is {axis}", "expected one axis, or two"))
    i, j = (axis_in("norm", a, x.ndim) for a in axes)
    if i == j:
        raise ArgumentError(message("norm", f"axis is {axis}", "expected two that differ"))
    found = xp.linalg.matrix_norm(xp.moveaxis(x, (i, j), (-2, -1)), ord=ord)
    return xp.expand_dims(found, axis=(i, j)) if keepdims else found


@published
def vector_norm(xp: Any, x: Array, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Return the norm of vectors."""
    return xp.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)


@published
def matrix_norm(xp: Any, x: Array, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Return the norm of matrices."""
    return xp.linalg.matrix_norm(x, keepdims=keepdims, ord=ord)


@published
def cond(xp: Any, x: Array, p: Any = None) -> Any:
    """Return the condition number: a matrix's norm times its inverse's."""
    if p in (None, 2, -2):
        values = xp.linalg.svdvals(x)
        return values[..., -1] / values[..., 0] if p == -2 else values[..., 0] / values[..., -1]
    return xp.linalg.matrix_norm(x, ord=p) * xp.linalg.matrix_norm(xp.linalg.inv(x), ord=p)


# ---------------------------------------------------------------- tensors


@published
def tensorinv(xp: Any, a: Array, ind: int = 2) -> Any:
    """Return the inverse under tensordot over ``ind`` axes."""
    rows, columns = a.shape[:ind], a.shape[ind:]
    flat = xp.linalg.inv(xp.reshape(a, (math.prod(rows), math.prod(columns))))
    return xp.reshape(flat, columns + rows)


@published
def tensorsolve(xp: Any, a: Array, b: Array, axes: Any = None) -> Any:
    """Solve ``tensordot(a, x, x.ndim) = b``."""
    if axes is not None:
        others = [i for i in range(a.ndim) if i not in axes]
        a = xp.permute_dims(a, (*others, *axes))
    shape = a.shape[b.ndim :]
    flat = xp.reshape(a, (-1, math.prod(shape)))
    return xp.reshape(xp.linalg.solve(flat, xp.reshape(b, (-1,))), shape)


@published
def cross(xp: Any, x1: Array, x2: Array, /, *, axis: int = -1) -> Any:
    """Return the cross product of vectors of length 3."""
    return xp.linalg.cross(*xp.broadcast_arrays(x1, x2), axis=axis)


@published
def outer(xp: Any, x1: Array, x2: Array, /) -> Any:
    """Multiply every entry of one vector with every one of another."""
    return xp.linalg.outer(x1, x2)


@published
def diagonal(xp: Any, x: Array, /, *, offset: int = 0) -> Any:
    """Return a diagonal of matrices, as the last axis."""
    return xp.linalg.diagonal(x, offset=offset)


@published
def trace(xp: Any, x: Array, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Sum a diagonal of matrices."""
    return xp.linalg.trace(x, offset=offset, dtype=dtype)


@published
def matmul(xp: Any, x1: Array, x2: Array, /) -> Any:
    """Multiply matrices."""
    return xp.matmul(x1, x2)


@published
def matrix_transpose(xp: Any, x: Array, /) -> Any:
    """Swap the last two axes."""
    return xp.matrix_transpose(x)


@published
def tensordot(xp: Any, x1: Array, x2: Array, /, *, axes: Any = 2) -> Any:
    """Sum products over pairs of axes."""
    return products.tensordot(x1, x2, axes)


@published
def vecdot(xp: Any, x1: Array, x2: Array, /, *, axis: int = -1) -> Any:
    """Sum products along an axis, those of the first conjugated."""
    return xp.vecdot(*(xp.moveaxis(x, axis, -1) for x in (x1, x2)))


LinAlgError = np.linalg.LinAlgError

_PUBLIC = table_of("linalg")
globals().update(_PUBLIC)
__all__ += ["LinAlgError", *_PUBLIC]


def __dir__() -> list[str]:
    return sorted(__all__)
