"""Eigenvalues and eigenvectors, of one matrix or of a pair.

Where values are equal the gradient through vectors is NaN; signs and phases of vectors are the library's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, UnsupportedError, message
from anygrad.op import ArrayLike
from anygrad.scipy.linalg.operands import adjoint, floats, hermitian
from anygrad.tensors import Tensor

__all__ = ["eig", "eigh", "eigh_tridiagonal", "eigvals", "eigvalsh", "eigvalsh_tridiagonal"]


def _chosen(op: str, values: Any, by_index: Any, by_value: Any) -> slice:
    """Return which of ascending eigenvalues were asked for: of a slice of them, or within two values."""
    if by_index is not None and by_value is not None:
        got = "subset_by_index and subset_by_value are both given"
        raise ArgumentError(message(op, got, "expected one of them"))
    if by_index is not None:
        low, high = by_index
        if not 0 <= low <= high < values.shape[-1]:
            got = f"the indices are {low} and {high}"
            raise ArgumentError(message(op, got, f"expected two in order, from 0 to {values.shape[-1] - 1}"))
        return slice(low, high + 1)
    if by_value is None:
        return slice(None)
    if values.ndim != 1:
        raise ShapeError(message(op, "values of several matrices are chosen", "expected one matrix"))
    host = values.xp.to_numpy(values.array)
    low, high = np.searchsorted(host, np.asarray(by_value, dtype=host.dtype), side="right")
    return slice(int(low), int(high))


def eigh(
    a: ArrayLike,
    b: ArrayLike | None = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:
    """Return eigenvalues, ascending, and eigenvectors of Hermitian matrices (..., n, n), by a triangle.

    With b, positive definite: of ``a @ v = w * b @ v`` (``type`` 1), ``a @ b @ v = w * v`` (2) or
    ``b @ a @ v = w * v`` (3). Differentiable to any order in a and b: b is factored by Cholesky, which leaves
    an ordinary problem. Raises ``ShapeError``, ``LinAlgError`` where b is not positive definite.

    >>> import anygrad as ag
    >>> a, b = ag.asarray([[2.0, 0.0], [0.0, 8.0]]), ag.asarray([[1.0, 0.0], [0.0, 2.0]])
    >>> ag.scipy.linalg.eigh(a, b, eigvals_only=True)
    tensor([2., 4.], dtype=float64, device='cpu')
    """
    xp, a, b = floats("eigh", check_finite, a=a, b=b)
    for name, x in (("a", a), ("b", b)):
        if x is not None and (x.ndim < 2 or x.shape[-1] != x.shape[-2] or x.shape[-1] != a.shape[-1]):
            got = f"{name} has shape {x.shape}"
            raise ShapeError(message("eigh", got, "expected square matrices of one size"))
    if type not in (1, 2, 3):
        raise ArgumentError(message("eigh", f"type is {type!r}", "expected 1, 2 or 3"))
    a = hermitian(xp, a, lower)
    factor = None
    if b is not None:
        factor = xp.linalg.cholesky(hermitian(xp, b, lower))
        if type == 1:
            half = xp.linalg.solve_triangular(factor, a, upper=False)
            a = xp.linalg.solve_triangular(factor, adjoint(xp, half), upper=False)
        else:
            a = adjoint(xp, factor) @ a @ factor
        a = hermitian(xp, a, True)
    if eigvals_only:
        values = xp.linalg.eigvalsh(a)
        return values[..., _chosen("eigh", values, subset_by_index, subset_by_value)]
    values, vectors = xp.linalg.eigh(a)
    some = _chosen("eigh", values, subset_by_index, subset_by_value)
    values, vectors = values[..., some], vectors[..., some]
    if factor is not None and type == 3:
        vectors = factor @ vectors
    elif factor is not None:
        vectors = xp.linalg.solve_triangular(adjoint(xp, factor), vectors, upper=True)
    return values, vectors


def eigvalsh(a: ArrayLike, b: ArrayLike | None = None, **options: Any) -> Tensor:
    """Return the eigenvalues of Hermitian matrices, ascending: ``eigh`` with ``eigvals_only``.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.eigvalsh(ag.asarray([[2.0, 0.0], [0.0, 1.0]]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    return eigh(a, b, eigvals_only=True, **options)


def _single(xp: Any, a: Any, b: Any) -> Any:
    return a if b is None else xp.linalg.solve(b, a)


def eig(
    a: ArrayLike,
    b: ArrayLike | None = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """Return eigenvalues and eigenvectors, complex, of square matrices; with b of ``a @ v = w * b @ v``.

    b must be regular. Vectors have length one. Differentiable to any order in a and b. Raises ``ShapeError``;
    ``UnsupportedError`` for ``left`` vectors and homogeneous values.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.eig(ag.asarray([[2.0, 0.0], [0.0, 1.0]]))[0]
    tensor([2.+0.j, 1.+0.j], dtype=complex128, device='cpu')
    """
    if left or homogeneous_eigvals:
        advice = "take eig of the adjoint for left vectors", "divide for homogeneous values"
        raise UnsupportedError(message("eig", "left or homogeneous_eigvals is given", *advice))
    xp, a, b = floats("eig", check_finite, a=a, b=b)
    if not right:
        return xp.linalg.eigvals(_single(xp, a, b))
    return tuple(xp.linalg.eig(_single(xp, a, b)))


def eigvals(
    a: ArrayLike,
    b: ArrayLike | None = None,
    overwrite_a: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Tensor:
    """Return the eigenvalues, complex, of square matrices, or of a pair: ``eig`` without vectors.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.eigvals(ag.asarray([[2.0, 0.0], [0.0, 1.0]]))
    tensor([2.+0.j, 1.+0.j], dtype=complex128, device='cpu')
    """
    return eig(a, b, right=False, check_finite=check_finite, homogeneous_eigvals=homogeneous_eigvals)


def eigh_tridiagonal(
    d: ArrayLike,
    e: ArrayLike,
    eigvals_only: bool = False,
    select: str = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    """Return eigenvalues and eigenvectors of a real symmetric matrix with diagonal d and e beside it.

    d is (n,), e (n - 1,). ``select`` is "a" (all), "v" (values within ``select_range``) or "i" (from one
    index to another). The matrix is written out. Differentiable to any order in both.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.eigh_tridiagonal(ag.asarray([2.0, 2.0]), ag.asarray([1.0]), eigvals_only=True)
    tensor([1., 3.], dtype=float64, device='cpu')
    """
    xp, d, e = floats("eigh_tridiagonal", check_finite, d=d, e=e)
    if d.ndim != 1 or e.shape != (max(d.shape[0] - 1, 0),) or "c" in (d.dtype.kind, e.dtype.kind):
        got = f"d is {d.dtype} of shape {d.shape}, e is {e.dtype} of shape {e.shape}"
        raise ShapeError(message("eigh_tridiagonal", got, "expected real (n,) and (n - 1,)"))
    if select not in ("a", "v", "i", "all", "value", "index", 0, 1, 2):
        got = f"select is {select!r}"
        raise ArgumentError(message("eigh_tridiagonal", got, "expected 'a', 'v' or 'i'"))
    n = d.shape[0]
    below = xp.pad(xp.expand_dims(e, axis=-1) * xp.eye(n - 1, dtype=e.dtype), [(1, 0), (0, 1)])
    matrix = xp.expand_dims(d, axis=-1) * xp.eye(n, dtype=d.dtype) + below
    by = "a" if select in ("a", "all", 0) else "v" if select in ("v", "value", 1) else "i"
    return eigh(
        matrix,
        eigvals_only=eigvals_only,
        subset_by_index=select_range if by == "i" else None,
        subset_by_value=select_range if by == "v" else None,
    )


def eigvalsh_tridiagonal(
    d: ArrayLike,
    e: ArrayLike,
    select: str = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Tensor:
    """Return the eigenvalues of a real symmetric tridiagonal matrix: ``eigh_tridiagonal`` without vectors.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.eigvalsh_tridiagonal(ag.asarray([2.0, 2.0]), ag.asarray([1.0]))
    tensor([1., 3.], dtype=float64, device='cpu')
    """
    return eigh_tridiagonal(d, e, True, select, select_range, check_finite)
