"""Matrices made of vectors or of other matrices: Toeplitz, Hankel, companion, blocks, products of columns.

Every entry is one of the arguments', or zero, or one; so the gradients are sums over where an entry stands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import ArrayLike
from anygrad.rules import broadcast_shape
from anygrad.scipy.doors import beside, given
from anygrad.scipy.linalg.operands import floats, is_complex
from anygrad.tensors import Tensor

__all__ = [
    "block_diag",
    "circulant",
    "companion",
    "convolution_matrix",
    "fiedler",
    "fiedler_companion",
    "hankel",
    "khatri_rao",
    "leslie",
    "matmul_toeplitz",
    "toeplitz",
]


def _vector(xp: Any, x: Any) -> Any:
    return xp.reshape(x, (1,)) if x.ndim == 0 else x


def _gathered(xp: Any, values: Any, index: np.ndarray) -> Any:
    """Return what stands at an index of the host's, along the last axis."""
    flat = beside(values, index.reshape(-1))
    return xp.reshape(xp.take(values, flat, axis=-1), (*values.shape[:-1], *index.shape))


def _offsets(rows: int, columns: int) -> np.ndarray:
    """Return i - j of each entry."""
    return np.subtract.outer(np.arange(rows), np.arange(columns))


def toeplitz(c: ArrayLike, r: ArrayLike | None = None) -> Tensor:
    """Return matrices with ``c[i - j]`` below and on the diagonal, ``r[j - i]`` above it.

    c is (..., m), r (..., n), the conjugate of c where it is not given; ``r[0]`` is not read. Any dtype;
    differentiable to any order in both.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.toeplitz(ag.asarray([1.0, 2.0]), ag.asarray([0.0, 4.0, 5.0]))
    tensor([[1., 4., 5.],
            [2., 1., 4.]], dtype=float64, device='cpu')
    """
    xp, c, r = given("toeplitz", c=c, r=r)
    c = _vector(xp, c)
    r = (xp.conj(c) if is_complex(c) else c) if r is None else _vector(xp, r)
    batch = broadcast_shape("toeplitz", c.shape[:-1], r.shape[:-1])
    m, n = c.shape[-1], r.shape[-1]
    c, r = xp.broadcast_to(c, (*batch, m)), xp.broadcast_to(r, (*batch, n))
    offsets = _offsets(m, n)
    index = np.where(offsets >= 0, offsets, m - offsets)
    return _gathered(xp, xp.concat([c, r], axis=-1), index)


def hankel(c: ArrayLike, r: ArrayLike | None = None) -> Tensor:
    """Return the matrix with ``c[i + j]`` to the first anti-diagonal that is full, and r along the last row.

    c and r are vectors (r: zeros), ``r[0]`` is not read. Any dtype; differentiable to any order in both.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.hankel(ag.asarray([1.0, 2.0]), ag.asarray([0.0, 4.0]))
    tensor([[1., 2.],
            [2., 4.]], dtype=float64, device='cpu')
    """
    xp, c, r = given("hankel", c=c, r=r)
    c = xp.reshape(c, (-1,))
    r = xp.zeros_like(c) if r is None else xp.reshape(r, (-1,))
    values = xp.concat([c, r[1:]])
    return _gathered(xp, values, np.add.outer(np.arange(c.shape[0]), np.arange(r.shape[0])))


def circulant(c: ArrayLike) -> Tensor:
    """Return square matrices whose first column is c (..., n) and whose columns go round.

    Any dtype; differentiable to any order.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.circulant(ag.asarray([1.0, 2.0, 3.0]))
    tensor([[1., 3., 2.],
            [2., 1., 3.],
            [3., 2., 1.]], dtype=float64, device='cpu')
    """
    xp, c = given("circulant", c=c)
    c = _vector(xp, c)
    n = c.shape[-1]
    return _gathered(xp, c, _offsets(n, n) % max(n, 1))


def companion(a: ArrayLike) -> Tensor:
    """Return the companion matrix of a polynomial's coefficients a (..., n), from the highest power.

    The result is (..., n - 1, n - 1), floating; differentiable to any order. ``a[0] = 0`` gives inf or NaN,
    where SciPy raises. Raises ``ShapeError`` for fewer than two coefficients.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.companion(ag.asarray([1.0, -10.0, 31.0]))
    tensor([[ 10., -31.],
            [  1.,   0.]], dtype=float64, device='cpu')
    """
    xp, a = given("companion", a=a)
    a = _vector(xp, a)
    n = a.shape[-1]
    if n < 2:
        raise ShapeError(message("companion", f"a has shape {a.shape}", "expected two coefficients or more"))
    first = -a[..., 1:] / a[..., :1]
    below = xp.broadcast_to(xp.eye(n - 2, n - 1, dtype=first.dtype), (*a.shape[:-1], n - 2, n - 1))
    return xp.concat([xp.expand_dims(first, axis=-2), below], axis=-2)


def leslie(f: ArrayLike, s: ArrayLike) -> Tensor:
    """Return the Leslie matrix: fecundities f (..., n) in the first row, survivals s (..., n - 1) below.

    Any dtype; differentiable to any order in both. Raises ``ShapeError`` where the lengths do not fit.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.leslie(ag.asarray([0.1, 2.0]), ag.asarray([0.2]))
    tensor([[0.1, 2. ],
            [0.2, 0. ]], dtype=float64, device='cpu')
    """
    xp, f, s = given("leslie", f=f, s=s)
    f, s = _vector(xp, f), _vector(xp, s)
    n = f.shape[-1]
    if s.shape[-1] != n - 1 or n < 2:
        got = f"f has shape {f.shape}, s has shape {s.shape}"
        raise ShapeError(message("leslie", got, "s must be shorter than f by one, and not empty"))
    batch = broadcast_shape("leslie", f.shape[:-1], s.shape[:-1])
    f, s = xp.broadcast_to(f, (*batch, n)), xp.broadcast_to(s, (*batch, n - 1))
    below = xp.expand_dims(s, axis=-1) * xp.eye(n - 1, n, dtype=s.dtype)
    return xp.concat([xp.expand_dims(f, axis=-2), below], axis=-2)


def fiedler(a: ArrayLike) -> Tensor:
    """Return ``abs(a[i] - a[j])`` for a (..., n): (..., n, n); the gradient is 0 where entries are equal.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.fiedler(ag.asarray([1.0, 4.0]))
    tensor([[0., 3.],
            [3., 0.]], dtype=float64, device='cpu')
    """
    xp, a = given("fiedler", a=a)
    a = _vector(xp, a)
    if not a.shape[-1]:
        return a
    return xp.abs(xp.expand_dims(a, axis=-1) - xp.expand_dims(a, axis=-2))


def fiedler_companion(a: ArrayLike) -> Tensor:
    """Return the pentadiagonal companion matrix of a polynomial's coefficients a, from the highest power.

    a is (n,); floating, (n - 1, n - 1); differentiable to any order. ``a[0] = 0`` gives inf or NaN, where
    SciPy raises.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.fiedler_companion(ag.asarray([1.0, -16.0, 86.0]))
    tensor([[ 16., -86.],
            [  1.,   0.]], dtype=float64, device='cpu')
    """
    xp, a = given("fiedler_companion", a=a)
    a = _vector(xp, a)
    n = a.shape[-1] - 1
    if n < 1:
        return a[..., :0]
    values = -a / a[..., :1]
    tail = xp.zeros((*a.shape[:-1], 1), dtype=values.dtype), xp.ones((*a.shape[:-1], 1), dtype=values.dtype)
    index = np.full((n, n), n + 1)
    index[range(3, n, 2), range(1, n - 2, 2)] = n + 2
    index[range(2, n, 2), range(1, n - 1, 2)] = range(3, n + 1, 2)
    index[range(0, n - 2, 2), range(2, n, 2)] = n + 2
    index[range(0, n - 1, 2), range(1, n, 2)] = range(2, n + 1, 2)
    index[:2, 0] = (1, n + 2)[: min(n, 2)]
    return _gathered(xp, xp.concat([values, *tail], axis=-1), index)


def convolution_matrix(a: ArrayLike, n: int, mode: str = "full") -> Tensor:
    """Return the matrix by which vectors of length n are convolved with a (..., m).

    ``mode`` is "full", "same" or "valid", as in ``numpy.convolve``. Any dtype; differentiable to any order.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.convolution_matrix(ag.asarray([1.0, 2.0]), 2)
    tensor([[1., 0.],
            [2., 1.],
            [0., 2.]], dtype=float64, device='cpu')
    """
    xp, a = given("convolution_matrix", a=a)
    m = a.shape[-1] if a.ndim else 0
    if n <= 0 or m == 0:
        got = f"n is {n}, a has shape {a.shape}"
        raise ArgumentError(message("convolution_matrix", got, "expected n > 0 and a vector with entries"))
    if mode not in ("full", "valid", "same"):
        got = f"mode is {mode!r}"
        raise ArgumentError(message("convolution_matrix", got, "expected 'full', 'valid' or 'same'"))
    trim = 0 if mode == "full" else min(n, m) - 1
    start = trim if mode == "valid" else trim // 2
    stop = m + n - 1 - (trim if mode == "valid" else trim - start)
    offsets = _offsets(m + n - 1, n)[start:stop]
    zero = xp.zeros((*a.shape[:-1], 1), dtype=a.dtype)
    index = np.where((offsets >= 0) & (offsets < m), offsets, m)
    return _gathered(xp, xp.concat([a, zero], axis=-1), index)


def block_diag(*arrs: ArrayLike) -> Tensor:
    """Return matrices with the given ones along the diagonal, zero elsewhere; vectors are rows.

    The leading axes broadcast. Any dtype; differentiable to any order in all.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.block_diag(ag.asarray([[1.0], [2.0]]), 3.0)
    tensor([[1., 0.],
            [2., 0.],
            [0., 3.]], dtype=float64, device='cpu')
    """
    names = {f"array {i}": a for i, a in enumerate(arrs)}
    xp, *blocks = given("block_diag", **names)
    if not blocks:
        return xp.zeros((1, 0))
    blocks = [xp.reshape(b, (1,) * (2 - b.ndim) + b.shape) if b.ndim < 2 else b for b in blocks]
    batch = broadcast_shape("block_diag", *(b.shape[:-2] for b in blocks))
    width, at, rows = sum(b.shape[-1] for b in blocks), 0, []
    for b in blocks:
        n = b.shape[-1]
        around = [(0, 0)] * len(batch) + [(0, 0), (at, width - at - n)]
        rows.append(xp.pad(xp.broadcast_to(b, (*batch, *b.shape[-2:])), around))
        at += n
    return xp.concat(rows, axis=-2)


def khatri_rao(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Return the Kronecker products of columns: a (..., n, k) and b (..., m, k) give (..., n * m, k).

    Any dtype; differentiable to any order in both. Raises ``ShapeError`` where the columns are not as many.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.khatri_rao(ag.asarray([[1.0], [2.0]]), ag.asarray([[3.0], [5.0]]))
    tensor([[ 3.],
            [ 5.],
            [ 6.],
            [10.]], dtype=float64, device='cpu')
    """
    xp, a, b = given("khatri_rao", a=a, b=b)
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-1]:
        got = f"a has shape {a.shape}, b has shape {b.shape}"
        raise ShapeError(message("khatri_rao", got, "expected matrices with as many columns"))
    out = xp.expand_dims(a, axis=-2) * xp.expand_dims(b, axis=-3)
    return xp.reshape(out, (*out.shape[:-3], out.shape[-3] * out.shape[-2], out.shape[-1]))


def matmul_toeplitz(
    c_or_cr: Any, x: ArrayLike, check_finite: bool = False, workers: int | None = None
) -> Tensor:
    """Return ``toeplitz(c, r) @ x`` by Fourier transforms; ``c_or_cr`` is c, or the pair of c and r.

    c (m,) and r (n,) are vectors, x (n,) or (n, k). Floating or complex; differentiable to any order in all.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.matmul_toeplitz(ag.asarray([2.0, 1.0]), ag.asarray([1.0, 2.0]))
    tensor([4., 5.], dtype=float64, device='cpu')
    """
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    xp, c, r, x = floats("matmul_toeplitz", check_finite, c=c, r=r, x=x)
    c = xp.reshape(c, (-1,))
    r = (xp.conj(c) if is_complex(c) else c) if r is None else xp.reshape(r, (-1,))
    m, n = c.shape[0], r.shape[0]
    if not x.ndim or x.shape[0] != n:
        got = f"x has shape {x.shape}"
        raise ShapeError(message("matmul_toeplitz", got, f"expected ({n},) or ({n}, k)"))
    column = xp.concat([c, xp.flip(r[1:])])
    column = xp.reshape(column, (-1,) + (1,) * (x.ndim - 1))
    p, kind = m + n - 1, np.result_type(c.dtype, r.dtype, x.dtype)
    if not p or not x.size:
        return xp.zeros((m, *x.shape[1:]), dtype=kind)
    if kind.kind == "c":
        column, x = xp.astype(column, kind, copy=False), xp.astype(x, kind, copy=False)
        out = xp.fft.ifft(xp.fft.fft(column, n=p, axis=0) * xp.fft.fft(x, n=p, axis=0), axis=0)
    else:
        out = xp.fft.irfft(xp.fft.rfft(column, n=p, axis=0) * xp.fft.rfft(x, n=p, axis=0), n=p, axis=0)
    return out[:m]
