"""NumPy's polynomials, as coefficients from the highest power down."""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.numpy.linalg import eigvals
from anygrad.numpy.products import convolve
from anygrad.numpy.shapes import atleast_1d, diag, host
from anygrad.numpy.table import Array, Fixed, Results, published

__all__: list[str] = []


@published
def polyval(xp: Any, p: Array, x: Array) -> Any:
    """Return the polynomial's value, by Horner's rule."""
    value = xp.zeros_like(x)
    for i in range(p.shape[0]):
        value = value * x + p[i]
    return value


@published
def polyadd(xp: Any, a1: Array, a2: Array) -> Any:
    """Add polynomials."""
    a, b = atleast_1d(a1), atleast_1d(a2)
    n = max(a.shape[0], b.shape[0])
    return xp.pad(a, (n - a.shape[0], 0)) + xp.pad(b, (n - b.shape[0], 0))


@published
def polysub(xp: Any, a1: Array, a2: Array) -> Any:
    """Subtract polynomials."""
    return polyadd(a1, -a2)


@published
def polymul(xp: Any, a1: Array, a2: Array) -> Any:
    """Multiply polynomials."""
    return convolve(_led(a1), _led(a2))


def _led(p: Any) -> Any:
    """Return coefficients without the zeros in front, but for the last."""
    p = atleast_1d(p)
    found = np.flatnonzero(host(p))
    return p[int(found[0]) if found.size else -1 :] if p.size else p + [0]


@published
def polydiv(xp: Any, u: Array, v: Array) -> tuple[Any, Any]:
    """Return quotient and remainder of polynomials."""
    u, v = atleast_1d(u) + 0.0, atleast_1d(v) + 0.0
    m, n = u.shape[0] - 1, v.shape[0] - 1
    quotient, rest = [], u
    for _ in range(m - n + 1):
        quotient.append(rest[0] / v[0])
        rest = xp.concat([rest[1 : n + 1] - quotient[-1] * v[1:], rest[n + 1 :]])
    left = np.flatnonzero(~(np.abs(host(rest)) <= 1e-08))  # NumPy drops what is close to 0
    start = int(left[0]) if left.size else max(rest.shape[0] - 1, 0)
    whole = xp.stack(quotient) if quotient else xp.zeros((1,), dtype=u.dtype)
    return whole, rest[start:] if rest.shape[0] else xp.zeros((1,), dtype=u.dtype)


@published
def polyder(xp: Any, p: Array, m: int = 1) -> Any:
    """Return the m-th derivative."""
    if m < 0:
        raise ArgumentError(message("polyder", f"m is {m}", "expected a number from 0"))
    for _ in range(m):
        p = p[:-1] * xp.arange(p.shape[0] - 1, 0, -1)
    return p


@published
def polyint(xp: Any, p: Array, m: int = 1, k: Array = None) -> Any:
    """Return the m-th integral, with constants k."""
    if m < 0:
        raise ArgumentError(message("polyint", f"m is {m}", "expected a number from 0"))
    k = xp.zeros((m,)) if k is None else atleast_1d(k)
    k = xp.broadcast_to(k, (m,)) if k.shape[0] == 1 else k
    for i in range(m):
        p = xp.concat([p / xp.arange(p.shape[0], 0, -1), k[i : i + 1]])
    return p


@published
def poly(xp: Any, seq_of_zeros: Array) -> Any:
    """Return the polynomial with given zeros, or the characteristic one of a matrix."""
    zeros = atleast_1d(seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] and zeros.size:
        zeros = eigvals(zeros)
    elif zeros.ndim != 1:
        raise ShapeError(message("poly", f"got shape {zeros.shape}", "expected a vector or a square matrix"))
    zeros = zeros if zeros.dtype.kind in "fc" else xp.astype(zeros, xp.float64)
    p = xp.ones((1,), dtype=zeros.dtype)
    for i in range(zeros.shape[0]):
        p = convolve(p, xp.stack([xp.ones_like(p[0]), -zeros[i]]))
    if p.dtype.kind == "c":
        values = host(zeros)
        if np.all(np.sort(values) == np.sort(values.conj())):
            return xp.real(p)
    return p


@published
def roots(xp: Any, p: Array) -> Any:
    """Return the zeros of a polynomial: the eigenvalues of its companion matrix."""
    if p.ndim > 1:
        raise ShapeError(message("roots", f"p has shape {p.shape}", "expected a vector"))
    p = atleast_1d(p)
    found = np.flatnonzero(host(p))
    if not found.size:
        return xp.zeros((0,))
    trailing, p = p.shape[0] - 1 - int(found[-1]), p[int(found[0]) : int(found[-1]) + 1]
    p = p if p.dtype.kind in "fc" else xp.astype(p, xp.float64)
    n = p.shape[0] - 1
    if not n:
        return xp.zeros((trailing,), dtype=p.dtype)
    below = diag(xp.ones((n - 1,), dtype=p.dtype), -1) if n > 1 else xp.zeros((1, 1), dtype=p.dtype)
    first = xp.reshape(-p[1:] / p[0], (1, n))
    values = eigvals(xp.concat([first, below[1:]], axis=0))
    return xp.concat([values, xp.zeros((trailing,), dtype=values.dtype)]) if trailing else values


@published
def vander(xp: Any, x: Array, N: int | None = None, increasing: bool = False) -> Any:
    """Return the powers of x as columns."""
    n = x.shape[0] if N is None else N
    powers = xp.arange(n) if increasing else xp.arange(n - 1, -1, -1)
    return x[:, None] ** powers


@published
def polyfit(
    xp: Any,
    x: Array,
    y: Array,
    deg: int,
    rcond: float | None = None,
    full: Fixed = False,
    w: Array = None,
    cov: bool | str = False,
) -> Results:
    """Return the polynomial of a degree that fits points best, in the sense of least squares."""
    x = x if x.dtype.kind in "fc" else xp.astype(x, xp.float64)
    lhs, rhs = vander(x, deg + 1), y
    if w is not None:
        lhs, rhs = lhs * w[:, None], rhs * (w if y.ndim == 1 else w[:, None])
    scale = xp.sqrt(xp.sum(lhs * lhs, axis=0))
    rhs = xp.astype(rhs, lhs.dtype, copy=False) if rhs.dtype.kind not in "fc" else rhs
    rhs = rhs if rhs.ndim > 1 else rhs[:, None]
    scaled = lhs / scale
    c = xp.linalg.lstsq(scaled, rhs, rtol=rcond)[0]
    result = (c / scale[:, None]) if y.ndim > 1 else (c / scale[:, None])[:, 0]
    if not cov:
        return result
    base = xp.linalg.inv(xp.matmul(scaled.mT, scaled)) / (scale[:, None] * scale[None, :])
    if cov == "unscaled":
        return result, base
    rest = rhs - xp.matmul(scaled, c)
    base = base if y.ndim == 1 else base[..., None]
    factor = xp.sum(xp.real(xp.conj(rest) * rest), axis=0) / (x.shape[0] - deg - 1)
    return result, base * (factor[0] if y.ndim == 1 else factor)
