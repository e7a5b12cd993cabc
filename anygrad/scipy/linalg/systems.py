"""Systems of equations: whole, by triangles, by Cholesky, by least squares.

All of it is written in anygrad's own functions, and so runs on every device and has derivatives of any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import ArrayLike
from anygrad.scipy.linalg.operands import by_cholesky, floats, hermitian, swapped
from anygrad.tensors import Tensor

__all__ = [
    "cho_factor",
    "cho_solve",
    "cholesky",
    "det",
    "inv",
    "lstsq",
    "pinv",
    "pinvh",
    "solve",
    "solve_triangular",
]

_STRUCTURES = {
    "gen": "general",
    "diag": "diagonal",
    "symmetric": "sym",
    "hermitian": "her",
    "positive definite": "pos",
}


def _structured(op: str, xp: Any, a: Any, assume_a: str | None, lower: bool) -> tuple[str, Any]:
    """Return the name of a structure, and the matrices of it that ``a`` stands for."""
    kind = _STRUCTURES.get(assume_a or "general", assume_a or "general")
    if kind in ("sym", "her", "pos"):
        return kind, hermitian(xp, a, lower, kind != "sym")
    if kind == "upper triangular":
        return kind, xp.triu(a)
    if kind == "lower triangular":
        return kind, xp.tril(a)
    if kind in ("diagonal", "tridiagonal"):
        reach = int(kind == "tridiagonal")
        return kind, xp.tril(xp.triu(a, k=-reach), k=reach)
    if kind in ("general", "banded"):
        return kind, a
    expected = "expected general, diagonal, tridiagonal, banded, upper or lower triangular, sym, her or pos"
    raise ArgumentError(message(op, f"assume_a is {assume_a!r}", expected))


def _check_square(op: str, a: Any) -> None:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(message(op, f"a has shape {a.shape}", "expected square matrices, (..., n, n)"))


def solve(
    a: ArrayLike,
    b: ArrayLike,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Tensor:
    """Return x with ``a @ x = b``, or with ``a.T @ x = b`` where ``transposed``.

    a is (..., n, n), b a vector of length n or (..., n, k), floating or complex. ``assume_a`` names what of a
    is read, as in SciPy; only that gets a gradient. Differentiable to any order in a and b, on every device.
    Raises ``ShapeError``, ``LinAlgError`` for a singular matrix, ``ArgumentError`` for another structure.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.solve(ag.asarray([[4.0, 2.0], [9.0, 2.0]]), ag.asarray([2.0, 4.0]), assume_a="pos")
    tensor([-1.,  3.], dtype=float64, device='cpu')
    """
    xp, a, b = floats("solve", check_finite, a=a, b=b)
    _check_square("solve", a)
    kind, a = _structured("solve", xp, a, assume_a, lower)
    if transposed and kind != "sym":
        a = xp.matrix_transpose(a)
    if kind == "pos":
        return by_cholesky(xp, xp.linalg.cholesky(a), b, True)
    return xp.linalg.solve(a, b)


def solve_triangular(
    a: ArrayLike,
    b: ArrayLike,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Tensor:
    """Return x with ``a @ x = b`` for a triangle of a, its transpose ("T") or its adjoint ("C").

    Shapes and dtypes are those of ``solve``; the other triangle is not read. Differentiable to any order in a
    and b. A zero on the diagonal gives inf or NaN, where SciPy raises.

    >>> import anygrad as ag
    >>> a = ag.asarray([[2.0, 0.0], [1.0, 4.0]])
    >>> ag.scipy.linalg.solve_triangular(a, ag.asarray([2.0, 9.0]), lower=True)
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    xp, a, b = floats("solve_triangular", check_finite, a=a, b=b)
    turned = swapped(xp, a, trans, "solve_triangular")
    upper = bool(lower) != (trans in (0, "N"))
    return xp.linalg.solve_triangular(turned, b, upper=upper, unit_diagonal=unit_diagonal)


def inv(
    a: ArrayLike,
    overwrite_a: bool = False,
    check_finite: bool = True,
    *,
    assume_a: str | None = None,
    lower: bool = False,
) -> Tensor:
    """Return the inverse of square matrices; ``assume_a`` is as in ``solve``.

    Differentiable to any order. Raises ``ShapeError``, and ``LinAlgError`` for a singular matrix.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.inv(ag.asarray([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]], dtype=float64, device='cpu')
    """
    xp, a = floats("inv", check_finite, a=a)
    _check_square("inv", a)
    return xp.linalg.inv(_structured("inv", xp, a, assume_a, lower)[1])


def det(a: ArrayLike, overwrite_a: bool = False, check_finite: bool = True) -> Tensor:
    """Return the determinant of square matrices; differentiable to any order, at singular ones too.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.det(ag.asarray([[2.0, 0.0], [0.0, 4.0]]))
    tensor(8., dtype=float64, device='cpu')
    """
    xp, a = floats("det", check_finite, a=a)
    return xp.linalg.det(a)


def _cutoff(xp: Any, a: Any, atol: Any, rtol: Any) -> Any:
    """Return the cutoff of singular values beside the largest that ``atol`` and ``rtol`` come to."""
    if rtol is None:
        rtol = max(a.shape[-2:], default=0) * np.finfo(a.dtype).eps if atol is None else 0.0
    if atol is None or 0 in a.shape:
        return rtol
    return rtol + atol / xp.max(xp.linalg.svdvals(a.detach()), axis=-1)


def pinv(
    a: ArrayLike,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """Return the pseudoinverse; with ``return_rank`` a pair, the rank beside it.

    a is (..., m, n). Singular values up to ``atol + rtol * the largest`` count as zero. Differentiable
    to any order, as ``anygrad.linalg.pinv``.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.pinv(ag.asarray([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5, 0. ],
            [0. , 0. ]], dtype=float64, device='cpu')
    """
    xp, a = floats("pinv", check_finite, a=a)
    rtol = _cutoff(xp, a, atol, rtol)
    found = xp.linalg.pinv(a, rtol=rtol)
    return (found, xp.linalg.matrix_rank(a, rtol=rtol)) if return_rank else found


def pinvh(
    a: ArrayLike,
    atol: float | None = None,
    rtol: float | None = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """Return the pseudoinverse of Hermitian matrices, of which one triangle is read; else as ``pinv``.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.pinvh(ag.asarray([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5, 0. ],
            [0. , 0. ]], dtype=float64, device='cpu')
    """
    xp, a = floats("pinvh", check_finite, a=a)
    _check_square("pinvh", a)
    return pinv(hermitian(xp, a, lower), atol=atol, rtol=rtol, return_rank=return_rank, check_finite=False)


def lstsq(
    a: ArrayLike,
    b: ArrayLike,
    cond: float | None = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: str | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the least solution of ``a @ x = b`` by least squares, residuals, rank, singular values.

    a is (m, n), b (m,) or (m, k); singular values up to ``cond`` times the largest count as zero. The
    residuals, sums of squares, are empty where m <= n. Differentiable to any order, as
    ``anygrad.linalg.lstsq``.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.lstsq(ag.asarray([[1.0], [1.0]]), ag.asarray([1.0, 3.0]))[0]
    tensor([2.], dtype=float64, device='cpu')
    """
    xp, a, b = floats("lstsq", check_finite, a=a, b=b)
    rtol = float(np.finfo(a.dtype).eps) if cond is None else cond
    found = xp.linalg.lstsq(a, b, rtol=rtol)
    residuals = found.residuals
    if a.shape[-2] <= a.shape[-1]:
        residuals = xp.zeros((0,), dtype=residuals.dtype)
    return found.solution, residuals, found.rank, found.singular_values


# ---------------------------------------------------------------- Cholesky


def cholesky(
    a: ArrayLike, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Tensor:
    """Return the upper (or ``lower``) Cholesky factor of Hermitian matrices, of which that triangle is read.

    The gradient is of that triangle. Raises ``LinAlgError`` where a matrix is not positive definite (CuPy,
    JAX: NaN). Source: Murray (2016), Differentiation of the Cholesky decomposition, eq. 10.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.cholesky(ag.asarray([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 1.],
            [0., 2.]], dtype=float64, device='cpu')
    """
    xp, a = floats("cholesky", check_finite, a=a)
    _check_square("cholesky", a)
    return xp.linalg.cholesky(hermitian(xp, a, lower), upper=not lower)


def cho_factor(
    a: ArrayLike, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> tuple[Tensor, bool]:
    """Return the Cholesky factor for ``cho_solve``, and whether it is the lower one.

    As ``cholesky``: the other triangle is zero, which in SciPy's holds what was there before.

    >>> import anygrad as ag
    >>> c = ag.scipy.linalg.cho_factor(ag.asarray([[4.0, 2.0], [2.0, 5.0]]))
    >>> ag.scipy.linalg.cho_solve(c, ag.asarray([8.0, 8.0]))
    tensor([1.5, 1. ], dtype=float64, device='cpu')
    """
    return cholesky(a, lower, check_finite=check_finite), bool(lower)


def cho_solve(
    c_and_lower: tuple[ArrayLike, bool], b: ArrayLike, overwrite_b: bool = False, check_finite: bool = True
) -> Tensor:
    """Return x with ``a @ x = b``, from what ``cho_factor`` gives for a; the other triangle is not read.

    Differentiable to any order in the factor and in b, whose shapes are those of ``solve``.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.cho_solve((ag.asarray([[2.0]]), True), ag.asarray([8.0]))
    tensor([2.], dtype=float64, device='cpu')
    """
    c, lower = c_and_lower
    xp, c, b = floats("cho_solve", check_finite, c=c, b=b)
    return by_cholesky(xp, c, b, bool(lower))
