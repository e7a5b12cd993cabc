"""Systems whose matrix has bands, is Toeplitz or circulant: in functions of tensors, for every device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, LinAlgError, ShapeError, message
from anygrad.op import ArrayLike
from anygrad.scipy.bands import banded, diagonals_of
from anygrad.scipy.linalg.operands import by_cholesky, floats, hermitian, is_complex
from anygrad.scipy.linalg.structured import toeplitz
from anygrad.tensors import Tensor

__all__ = ["solve_banded", "solve_circulant", "solve_toeplitz", "solveh_banded"]


def solve_banded(
    l_and_u: tuple[int, int],
    ab: ArrayLike,
    b: ArrayLike,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Tensor:
    """Return x with ``a @ x = b`` for a banded matrix: ``ab[u + i - j, j] = a[i, j]``.

    ``ab`` is (l + u + 1, n), b (n,) or (n, k). Differentiable to any order in both. On NumPy SciPy solves it,
    elsewhere it is written out, in the time of a dense one. Raises ``ShapeError``, ``LinAlgError`` for a
    singular matrix.

    >>> import anygrad as ag
    >>> ab = ag.asarray([[0.0, 1.0], [2.0, 2.0]])
    >>> ag.scipy.linalg.solve_banded((0, 1), ab, ag.asarray([4.0, 4.0]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    xp, ab, b = floats("solve_banded", check_finite, ab=ab, b=b)
    below, above = l_and_u
    if ab.ndim < 2 or ab.shape[-2] != below + above + 1:
        got = f"ab has shape {ab.shape}"
        raise ShapeError(message("solve_banded", got, f"expected ({below + above + 1}, n)"))
    if ab.ndim > 2 or b.ndim > 2 or b.shape[:1] != ab.shape[1:]:
        return xp.linalg.solve(diagonals_of(xp, ab, above), b)
    dtype = xp.result_type(ab, b)
    columns = xp.reshape(b, (b.shape[0], math.prod(b.shape[1:]))).astype(dtype)
    return xp.reshape(banded(ab.astype(dtype), columns, lu=(below, above)), b.shape)


def solveh_banded(
    ab: ArrayLike,
    b: ArrayLike,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Tensor:
    """Return x with ``a @ x = b`` for a positive definite banded matrix, of which one triangle is given.

    ``ab[u + i - j, j] = a[i, j]``, or ``ab[i - j, j]`` where ``lower``; shapes are as in ``solve_banded``.
    Differentiable to any order in both. Raises ``LinAlgError`` where the matrix is not positive definite.

    >>> import anygrad as ag
    >>> ab = ag.asarray([[0.0, 1.0], [2.0, 2.0]])
    >>> ag.scipy.linalg.solveh_banded(ab, ag.asarray([4.0, 5.0]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    xp, ab, b = floats("solveh_banded", check_finite, ab=ab, b=b)
    triangle = diagonals_of(xp, ab, 0 if lower else ab.shape[-2] - 1)
    return by_cholesky(xp, xp.linalg.cholesky(hermitian(xp, triangle, lower)), b, True)


def solve_toeplitz(c_or_cr: Any, b: ArrayLike, check_finite: bool = True) -> Tensor:
    """Return x with ``toeplitz(c, r) @ x = b``; ``c_or_cr`` is c, or the pair of c and r.

    c and r are vectors of length n, b (n,) or (n, k). Differentiable to any order in all. Solved as a dense
    system, which is more stable than SciPy's recursion and slower for large n.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.solve_toeplitz(ag.asarray([2.0, 1.0]), ag.asarray([4.0, 5.0]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    xp, c, r, b = floats("solve_toeplitz", check_finite, c=c, r=r, b=b)
    return xp.linalg.solve(toeplitz(c, r), b)


def solve_circulant(
    c: ArrayLike,
    b: ArrayLike,
    singular: str = "raise",
    tol: Any = None,
    caxis: int = -1,
    baxis: int = 0,
    outaxis: int = 0,
) -> Tensor:
    """Return x with ``circulant(c) @ x = b``, by Fourier transforms.

    Differentiable to any order in c and b; the leading axes broadcast. Where a frequency of c is at most
    ``tol``, ``singular="raise"`` raises ``LinAlgError`` (which waits for the device) and ``"lstsq"`` gives
    the least solution by least squares.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.solve_circulant(ag.asarray([2.0, 1.0]), ag.asarray([4.0, 5.0]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    if singular not in ("raise", "lstsq"):
        got = f"singular is {singular!r}"
        raise ArgumentError(message("solve_circulant", got, "expected 'raise' or 'lstsq'"))
    xp, c, b = floats("solve_circulant", c=c, b=b)
    c, b = (xp.reshape(x, (1,)) if x.ndim == 0 else x for x in (c, b))
    c, b = xp.moveaxis(c, caxis, -1), xp.moveaxis(b, baxis, -1)
    if c.shape[-1] != b.shape[-1]:
        got = f"c has {c.shape[-1]} entries along axis {caxis}, b {b.shape[-1]} along axis {baxis}"
        raise ShapeError(message("solve_circulant", got, "expected as many"))
    real = not (is_complex(c) or is_complex(b))
    c, b = xp.fft.fft(_complex(xp, c)), xp.fft.fft(_complex(xp, b))
    size = xp.abs(c.detach())
    if tol is None:
        tol = xp.max(size, axis=-1, keepdims=True) * (c.shape[-1] * float(np.finfo(np.float64).eps))
    small = size <= tol
    if singular == "raise" and bool(xp.any(small)):
        got, advice = "a frequency of c is zero", "pass singular='lstsq'"
        raise LinAlgError(message("solve_circulant", got, advice))
    q = xp.where(small, xp.zeros_like(c[..., :1]), b / xp.where(small, xp.ones_like(c), c))
    x = xp.fft.ifft(q)
    return xp.moveaxis(xp.real(x) if real else x, -1, outaxis)


def _complex(xp: Any, x: Any) -> Any:
    return xp.astype(x, np.result_type(x.dtype, np.complex64), copy=False)
