"""Factorings: LU, polar, eigenvalues, singular values, QR, and what is defined by them.

SciPy computes LU, CuPy on CUDA; the rest is written in anygrad's own functions, for every device. Vectors are
fixed up to signs and phases alone, and where a library chooses others than SciPy's, so do these.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.applications import Application, Saved
from anygrad.errors import ArgumentError, ShapeError, UnsupportedError, message
from anygrad.graph import GRAD_MODE
from anygrad.op import ArrayLike, operation
from anygrad.rules import part
from anygrad.scipy.doors import beside, declared
from anygrad.scipy.linalg.equations import solve_continuous_lyapunov
from anygrad.scipy.linalg.operands import adjoint, floats
from anygrad.tensors import Tensor

__all__ = ["lu", "lu_factor", "lu_solve", "norm", "polar", "qr", "subspace_angles", "svd", "svdvals"]

# ---------------------------------------------------------------- LU


def _lu(xp, x):
    p, lower, upper = xp.scipy_function("linalg", "lu")(x)
    return xp.argmax(p, axis=-1), lower, upper


def _lu_dx(xp, g, out, x_shape):
    """Return the gradient at the permutation that was found, rows turned as they were.

    With F = L1^-1 dA1 U1^-1, of the first k rows and columns: dL1 = L1 tril(F, -1), dU1 = triu(F) U1, and
    what is beside them follows from dA = dL U + L dU.
    """
    p, lower, upper = out
    (m, n), k, axis = x_shape[-2:], min(x_shape[-2:]), len(x_shape) - 2
    turned = xp.matrix_transpose
    g_lower = xp.zeros_like(lower) if g[1] is None else g[1]
    g_upper = xp.zeros_like(upper) if g[2] is None else g[2]
    lower_1, upper_1 = part(xp, lower, axis, 0, k), part(xp, upper, axis + 1, 0, k)
    left = xp.matmul(turned(lower_1), part(xp, g_lower, axis, 0, k))
    right = xp.matmul(part(xp, g_upper, axis + 1, 0, k), turned(upper_1))
    beside = None
    if n > k:
        beside = part(xp, g_upper, axis + 1, k, n)
        left = left - xp.matmul(beside, turned(part(xp, upper, axis + 1, k, n)))
    if m > k:
        beside = part(xp, g_lower, axis, k, m)
        right = right - xp.matmul(turned(part(xp, lower, axis, k, m)), beside)
    change = xp.tril(left, k=-1) + xp.triu(right)
    change = turned(xp.linalg.solve_triangular(upper_1, turned(change), upper=True))
    if n > k:
        change = xp.concat([change, beside], axis=-1)
    change = xp.linalg.solve_triangular(turned(lower_1), change, upper=True, unit_diagonal=True)
    if m > k:
        rest = turned(xp.linalg.solve_triangular(upper_1, turned(beside), upper=True))
        change = xp.concat([change, rest], axis=-2)
    index = xp.broadcast_to(xp.expand_dims(p, axis=-1), x_shape)
    return xp.take_along_axis(change, index, axis=-2)


def _matrices(x: ArrayLike, /) -> dict[str, Any]:
    if x.ndim < 2 or 0 in x.shape:
        raise ShapeError(message("lu", f"a has shape {x.shape}", "expected matrices with entries"))
    return {}


_lu_row = declared(
    operation(
        "scipy.linalg.lu",
        _lu,
        dx=_lu_dx,
        prepare=_matrices,
        accepts="floating",
        carries=(False, True, True),
        method=False,
        doc="Return the permutation of rows of LU, and its factors.",
    )
)


def _factored(op: str, a: Any, check_finite: bool) -> tuple[Any, Any, Any, Any]:
    xp, a = floats(op, check_finite, a=a)
    return xp, *_lu_row(a)


def lu(
    a: ArrayLike,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> tuple[Tensor, ...]:
    """Return P, L and U with ``P @ L @ U = a``, of matrices (..., m, n).

    ``permute_l`` gives ``P @ L`` and U, ``p_indices`` the p with ``L[p] @ U = a`` in the place of P. On NumPy
    by SciPy, on CUDA by CuPy. Differentiable to any order at the pivots that were found, where the first
    ``min(m, n)`` of them are not zero: de Hoog, Anderssen and Lukas (2011), Differentiation of Matrix
    Functionals Using Triangular Factorization. Raises ``ShapeError``.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.lu(ag.asarray([[1.0, 2.0], [2.0, 4.0]]), permute_l=True)[1]
    tensor([[2., 4.],
            [0., 0.]], dtype=float64, device='cpu')
    """
    xp, p, lower, upper = _factored("lu", a, check_finite)
    if permute_l:
        index = xp.broadcast_to(xp.expand_dims(p, axis=-1), lower.shape)
        return xp.take_along_axis(lower, index, axis=-2), upper
    if not p_indices:
        columns = beside(p, np.arange(p.shape[-1]))
        dtype = np.dtype(f"f{np.finfo(lower.dtype).dtype.itemsize}")
        p = xp.astype(xp.expand_dims(p, axis=-1) == columns, dtype)
    return p, lower, upper


def _swaps(p: np.ndarray, count: int) -> np.ndarray:
    """Return LAPACK's sequence of swaps for the p with ``L[p] = P @ L``."""
    rows, order = list(range(len(p))), np.argsort(p)
    where, found = list(range(len(p))), np.empty(count, np.int32)
    for i in range(count):
        found[i] = j = where[order[i]]
        rows[i], rows[j] = rows[j], rows[i]
        where[rows[i]], where[rows[j]] = i, j
    return found


def lu_factor(a: ArrayLike, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Tensor, Tensor]:
    """Return U and, below the diagonal, L of a (..., m, n), and the rows that were swapped: for ``lu_solve``.

    As ``lu``, through which it goes; the swaps are integers, worked out on the host.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.lu_factor(ag.asarray([[1.0, 2.0], [2.0, 0.0]]))[1]
    tensor([1, 1], dtype=int32, device='cpu')
    """
    xp, p, lower, upper = _factored("lu_factor", a, check_finite)
    m, n = lower.shape[-2], upper.shape[-1]
    k = min(m, n)
    below = xp.tril(lower, k=-1)
    zeros = [(0, 0)] * (below.ndim - 2)
    both = xp.pad(below, [*zeros, (0, 0), (0, n - k)]) + xp.pad(upper, [*zeros, (0, m - k), (0, 0)])
    host = p.xp.to_numpy(p.array)
    swaps = [_swaps(one, k) for one in host.reshape(-1, m)]
    return both, beside(p, np.stack(swaps).reshape(*host.shape[:-1], k))


def _order(swaps: np.ndarray, n: int) -> np.ndarray:
    """Return the rows in the order that swaps bring them into."""
    order = np.arange(n)
    for i, j in enumerate(swaps):
        order[[i, j]] = order[[j, i]]
    return order


def lu_solve(
    lu_and_piv: tuple[ArrayLike, ArrayLike],
    b: ArrayLike,
    trans: int = 0,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Tensor:
    """Return x with ``a @ x = b`` from what ``lu_factor`` gives for a; ``trans`` as in ``solve_triangular``.

    b is (n,) or (..., n, k). On every device; differentiable to any order in the factors and in b.

    >>> import anygrad as ag
    >>> factors = ag.scipy.linalg.lu_factor(ag.asarray([[1.0, 2.0], [2.0, 0.0]]))
    >>> ag.scipy.linalg.lu_solve(factors, ag.asarray([5.0, 2.0]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    both, swaps = lu_and_piv
    xp, both, b = floats("lu_solve", check_finite, lu=both, b=b)
    n = both.shape[-1]
    if both.ndim < 2 or both.shape[-2] != n or not b.ndim or b.shape[-2 if b.ndim > 1 else 0] != n:
        got = f"lu has shape {both.shape}, b has shape {b.shape}"
        raise ShapeError(message("lu_solve", got, "expected (..., n, n), and (n,) or (..., n, k)"))
    swaps = swaps.xp.to_numpy(swaps.array) if isinstance(swaps, Tensor) else np.asarray(swaps)
    order = np.stack([_order(one, n) for one in swaps.reshape(-1, n)]).reshape(swaps.shape)
    vector = b.ndim == 1
    b = xp.expand_dims(b, axis=-1) if vector else b
    batch = np.broadcast_shapes(both.shape[:-2], b.shape[:-2])
    b = xp.broadcast_to(b, (*batch, *b.shape[-2:]))
    if trans not in (0, 1, 2):
        raise ArgumentError(message("lu_solve", f"trans is {trans!r}", "expected 0, 1 or 2"))
    if trans:
        order = np.argsort(order, axis=-1)
    index = beside(both, np.broadcast_to(order[..., None], b.shape).copy())
    if trans == 0:
        half = xp.linalg.solve_triangular(
            both, xp.take_along_axis(b, index, axis=-2), upper=False, unit_diagonal=True
        )
        x = xp.linalg.solve_triangular(both, half, upper=True)
    else:
        turned = adjoint(xp, both) if trans == 2 else xp.matrix_transpose(both)
        half = xp.linalg.solve_triangular(turned, b, upper=False)
        x = xp.linalg.solve_triangular(turned, half, upper=True, unit_diagonal=True)
        x = xp.take_along_axis(x, index, axis=-2)
    return xp.reshape(x, x.shape[:-1]) if vector else x


# ---------------------------------------------------------------- polar


def _unitary(xp: Any, a: Any) -> Any:
    """Return the unitary factor of a tall matrix; nothing in its gradient divides by gaps of singular values.

    With a = u p: ``u^H da - da^H u = w p + p w`` for the skew part w of ``u^H du``, and beside it
    ``(1 - u u^H) da p^-1`` (Higham 2008, Functions of Matrices, 8.4).
    """
    w, _, vh = xp.linalg.svd(a.detach(), full_matrices=False)
    found = w @ vh
    if a.node is None or not GRAD_MODE.get():
        return found
    kept, solution = Saved(a, a.node), Saved(found, None, 0)

    def pull(now: Application, g: Any) -> list[Any]:
        a, u = kept.opened(now, now.tracked), solution.opened(now, now.tracked)
        inner = adjoint(xp, u) @ g
        p = adjoint(xp, u) @ a
        p = (p + adjoint(xp, p)) / 2
        skew = solve_continuous_lyapunov(p, (inner - adjoint(xp, inner)) / 2)
        rest = g - u @ inner
        return [2 * (u @ skew) + adjoint(xp, xp.linalg.solve(p, adjoint(xp, rest)))]

    return Application("polar", [a], pull).record([found], False, (), [kept, solution])[0]


def polar(a: ArrayLike, side: str = "right") -> tuple[Tensor, Tensor]:
    """Return u and p with ``a = u @ p``, or ``a = p @ u`` for the left ``side``: u unitary, p semidefinite.

    a is (m, n), floating or complex, u too. The gradient is exact also where singular values
    are equal; it needs full rank. Differentiable to any order.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.polar(ag.asarray([[0.0, -2.0], [3.0, 0.0]]))[1]
    tensor([[3., 0.],
            [0., 2.]], dtype=float64, device='cpu')
    """
    xp, a = floats("polar", a=a)
    if side not in ("left", "right"):
        raise ArgumentError(message("polar", f"side is {side!r}", "expected 'left' or 'right'"))
    if a.ndim != 2:
        raise ShapeError(message("polar", f"a has shape {a.shape}", "expected a matrix"))
    u = _unitary(xp, a) if a.shape[0] >= a.shape[1] else adjoint(xp, _unitary(xp, adjoint(xp, a)))
    p = adjoint(xp, u) @ a if side == "right" else a @ adjoint(xp, u)
    return u, (p + adjoint(xp, p)) / 2


# ---------------------------------------------------------------- singular values, QR, norms


def svd(
    a: ArrayLike,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """Return u, s and vh with ``a = u @ diag(s) @ vh``; s alone without ``compute_uv``.

    As ``anygrad.linalg.svd``: NaN through vectors where singular values are equal.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.svd(ag.asarray([[3.0, 0.0], [0.0, 2.0]]), compute_uv=False)
    tensor([3., 2.], dtype=float64, device='cpu')
    """
    xp, a = floats("svd", check_finite, a=a)
    return tuple(xp.linalg.svd(a, full_matrices=full_matrices)) if compute_uv else xp.linalg.svdvals(a)


def svdvals(a: ArrayLike, overwrite_a: bool = False, check_finite: bool = True) -> Tensor:
    """Return singular values in descending order; differentiable to any order.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.svdvals(ag.asarray([[3.0, 0.0], [0.0, 2.0]]))
    tensor([3., 2.], dtype=float64, device='cpu')
    """
    xp, a = floats("svdvals", check_finite, a=a)
    return xp.linalg.svdvals(a)


def qr(
    a: ArrayLike,
    overwrite_a: bool = False,
    lwork: int | None = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """Return q and r with ``a = q @ r``; r alone for ``mode="r"``. "full" or "economic" say how much of q.

    As ``anygrad.linalg.qr``, through which it goes. With ``pivoting``, on NumPy alone, the columns are
    taken in the order that comes third, integers that are held fixed. ``mode="raw"`` raises
    ``UnsupportedError``.

    >>> import anygrad as ag
    >>> ag.abs(ag.scipy.linalg.qr(ag.asarray([[3.0], [4.0]]), mode="r")[0])
    tensor([[5.],
            [0.]], dtype=float64, device='cpu')
    """
    if mode == "raw":
        raise UnsupportedError(message("qr", "mode is 'raw'", "Householder vectors have no derivative here"))
    if mode not in ("full", "r", "economic"):
        raise ArgumentError(message("qr", f"mode is {mode!r}", "expected 'full', 'r', 'economic'"))
    xp, a = floats("qr", check_finite, a=a)
    more: tuple[Any, ...] = ()
    if pivoting:
        order = a.xp.scipy_function("linalg", "qr")(a.array, mode="r", pivoting=True)[1]
        more = (beside(a, order),)
        places = xp.broadcast_to(xp.expand_dims(more[0], axis=-2), a.shape)
        a = xp.take_along_axis(a, places, axis=-1)
    q, r = xp.linalg.qr(a, mode="reduced" if mode == "economic" else "complete")
    return (r, *more) if mode == "r" else (q, r, *more)


def norm(
    a: ArrayLike, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True
) -> Tensor:
    """Return the norm of a vector or a matrix, or of those along an axis or two.

    ``ord`` is as in ``numpy.linalg.norm``; None is the root of the sum of squares of all entries.
    Differentiable to any order where norms are; zero at zero.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.norm(ag.asarray([3.0, 4.0]))
    tensor(5., dtype=float64, device='cpu')
    """
    xp, a = floats("norm", check_finite, a=a)
    axes = (axis,) if isinstance(axis, int) else axis
    if ord is None or (a.ndim if axes is None else len(axes)) == 1:
        return xp.linalg.vector_norm(a, axis=axes, keepdims=keepdims, ord=2 if ord is None else ord)
    axes = tuple(range(a.ndim)) if axes is None else axes
    if len(axes) != 2:
        got = f"a has shape {a.shape}, axis is {axis!r}"
        raise ArgumentError(message("norm", got, "expected a vector or a matrix", "name one axis or two"))
    places = sorted(i % a.ndim for i in axes)
    matrices = xp.moveaxis(a, tuple(axes), (-2, -1))
    found = xp.linalg.matrix_norm(matrices, ord=ord)
    for i in places if keepdims else ():
        found = xp.expand_dims(found, axis=i)
    return found


def subspace_angles(A: ArrayLike, B: ArrayLike) -> Tensor:
    """Return the angles between the columns' spaces of two matrices, in descending order.

    A is (m, n), B (m, k), of full rank; the result is (min(n, k),). Differentiable to any order where angles
    differ and none is zero: Knyazev and Argentati (2002), Principal Angles between Subspaces.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.subspace_angles(ag.asarray([[1.0], [0.0]]), ag.asarray([[1.0], [1.0]]))
    tensor([0.78539816], dtype=float64, device='cpu')
    """
    xp, a, b = floats("subspace_angles", True, A=A, B=B)
    if a.ndim != 2 or b.ndim != 2 or a.shape[0] != b.shape[0]:
        got = f"A has shape {a.shape}, B has shape {b.shape}"
        raise ShapeError(message("subspace_angles", got, "expected matrices of as many rows"))
    a, b = xp.linalg.qr(a)[0], xp.linalg.qr(b)[0]
    if a.shape[1] < b.shape[1]:
        a, b = b, a
    inner = adjoint(xp, a) @ b
    cosines = xp.flip(xp.linalg.svdvals(inner))
    sines = xp.linalg.svdvals(b - a @ inner)
    near = cosines * cosines >= 0.5
    half = xp.full_like(cosines, 0.5)
    small = xp.asin(xp.where(near, sines, half))
    return xp.where(near, small, xp.acos(xp.where(near, half, cosines)))
