"""Functions of whole matrices: exponential, logarithm, roots, powers, trigonometry.

The derivative of a function f at x in a direction e is the upper right block of f([[x, e], [0, x]]) (Mathias
1996, A Chain Rule for Matrix Functions), and its transpose that of the transposed blocks; so it is the
function itself of a larger matrix, which is differentiated the same way again.
"""

from __future__ import annotations

import cmath
from math import isfinite
from typing import Any

import numpy as np

from anygrad.errors import ShapeError, message
from anygrad.op import ArrayLike, operation
from anygrad.ops.linalg import scale_of, square
from anygrad.rules import is_complex, split
from anygrad.scipy.doors import declared
from anygrad.scipy.linalg.operands import floats
from anygrad.tensors import Tensor

__all__ = [
    "coshm",
    "cosm",
    "expm",
    "expm_frechet",
    "fractional_matrix_power",
    "logm",
    "signm",
    "sinhm",
    "sinm",
    "sqrtm",
    "tanhm",
    "tanm",
]


def _upper_right(xp, function, x, e):
    """Return the upper right block of a function of [[x, e], [0, x]]: linear in e."""
    n = x.shape[-1]
    if not n:
        return e
    scale = scale_of(xp, e)
    upper = xp.concat([x, e / scale], axis=-1)
    lower = xp.concat([xp.zeros_like(x), x], axis=-1)
    out = function(xp.concat([upper, lower], axis=-2))
    axis = len(x.shape) - 1
    return scale * split(xp, split(xp, out, axis, n)[1], axis - 1, n)[0]


def _real_where(xp, found, x):
    """Drop the imaginary part of a gradient of real matrices, which a complex result leads to."""
    return xp.real(found) if is_complex(xp, found.dtype) and not is_complex(xp, x.dtype) else found


def _blocks(xp, function, g, x):
    x_turned = xp.matrix_transpose(x)
    if is_complex(xp, g.dtype) and not is_complex(xp, x.dtype):
        x_turned = xp.astype(x_turned, g.dtype)
    return _real_where(xp, _upper_right(xp, function, x_turned, g), x)


def _of_scipy(name):
    """Return a forward that SciPy computes, in the precision of what it is given."""

    def forward(xp, x, *more):
        if not x.shape[-1]:
            return x
        out = xp.scipy_function("linalg", name)(x, *more)
        single = x.dtype.itemsize == (8 if is_complex(xp, x.dtype) else 4)
        return (
            xp.astype(out, np.dtype("complex64" if out.dtype.kind == "c" else "float32")) if single else out
        )

    return forward


_compute_logm = _of_scipy("logm")
_logm = declared(
    operation(
        "scipy.linalg.logm",
        lambda xp, x: _compute_logm(xp, x),
        dx=lambda xp, g, x: _blocks(xp, xp.scipy.linalg.logm, g, x),
        prepare=square("logm"),
        accepts="floating",
        method=False,
        doc="Return the principal logarithm of square matrices.",
    )
)


def _sqrtm_dx(xp, g, x, out):
    turned = xp.matrix_transpose(out)
    if is_complex(xp, g.dtype) and not is_complex(xp, out.dtype):
        turned = xp.astype(turned, g.dtype)
    found = xp.scipy.linalg.solve_sylvester(turned, turned, g)
    return _real_where(xp, found, x)


_compute_sqrtm = _of_scipy("sqrtm")
_sqrtm = declared(
    operation(
        "scipy.linalg.sqrtm",
        lambda xp, x: _compute_sqrtm(xp, x),
        dx=_sqrtm_dx,
        prepare=square("sqrtm"),
        accepts="floating",
        method=False,
        doc="Return the principal square root of square matrices.",
    )
)


def _power(x: ArrayLike, t: ArrayLike, /) -> dict[str, Any]:
    if x.ndim != 2 or x.shape[0] != x.shape[1] or t.ndim:
        got = f"A has shape {x.shape}, t has shape {t.shape}"
        raise ShapeError(message("fractional_matrix_power", got, "expected a square matrix and a number"))
    return {}


def _power_dt(xp, g, x, out):
    change = xp.matmul(out, xp.scipy.linalg.logm(x))
    found = xp.sum(g * change)
    return xp.real(found) if is_complex(xp, found.dtype) else found


_compute_power = _of_scipy("fractional_matrix_power")
_fractional_matrix_power = declared(
    operation(
        "scipy.linalg.fractional_matrix_power",
        lambda xp, x, t: _compute_power(xp, x, float(t)),
        inputs="x t",
        dx=lambda xp, g, x, t: _blocks(xp, lambda b: xp.scipy.linalg.fractional_matrix_power(b, t), g, x),
        dt=_power_dt,
        prepare=_power,
        accepts="floating",
        method=False,
        doc="Return a power of a square matrix.",
    )
)


def _matrix(op: str, a: Any) -> tuple[Any, Any]:
    xp, a = floats(op, A=a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(message(op, f"A has shape {a.shape}", "expected square matrices, (..., n, n)"))
    return xp, a


def expm(A: ArrayLike) -> Tensor:
    """Return the exponential of square matrices (..., n, n); on every device, differentiable to any order.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.expm(ag.asarray([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]], dtype=float64, device='cpu')
    """
    xp, a = _matrix("expm", A)
    return xp.linalg.expm(a)


def expm_frechet(
    A: ArrayLike,
    E: ArrayLike,
    method: str | None = None,
    compute_expm: bool = True,
    check_finite: bool = True,
) -> Any:
    """Return the exponential of A and its derivative in the direction E; that alone without ``compute_expm``.

    Both are (n, n), and the result is differentiable to any order in both, on every device. ``method`` does
    nothing: the derivative is a block of an exponential (Mathias 1996).

    >>> import anygrad as ag
    >>> zero = ag.asarray([[0.0]])
    >>> ag.scipy.linalg.expm_frechet(zero, ag.asarray([[3.0]]), compute_expm=False)
    tensor([[3.]], dtype=float64, device='cpu')
    """
    xp, a, e = floats("expm_frechet", check_finite, A=A, E=E)
    if a.shape != e.shape or a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        got = f"A has shape {a.shape}, E has shape {e.shape}"
        raise ShapeError(message("expm_frechet", got, "expected square matrices of one shape"))
    scale = scale_of(xp, e.detach())
    upper = xp.concat([a, e / scale], axis=-1)
    out = xp.linalg.expm(xp.concat([upper, xp.concat([xp.zeros_like(a), a], axis=-1)], axis=-2))
    n = a.shape[-1]
    change = scale * out[..., :n, n:]
    return (out[..., :n, :n], change) if compute_expm else change


def _off_the_cut(a: Any) -> float:
    """Return the angle by which to turn real matrices with a negative eigenvalue, so that none has; else 0.

    The blocks of the derivative have each eigenvalue twice, and on the cut rounding would part the two.
    """
    if a.dtype.kind == "c" or not a.size or a.xp.scipy_library is None:
        return 0.0
    angles = np.angle(np.linalg.eigvals(a.xp.to_numpy(a.array)))
    return (np.pi + float(np.min(angles))) / 2 if np.any(angles == np.pi) else 0.0


def logm(A: ArrayLike) -> Tensor:
    """Return the principal logarithm of a square matrix; complex where it is.

    On NumPy alone, by SciPy. Differentiable to any order where no eigenvalue is zero, or of a complex matrix
    negative.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.logm(ag.asarray([[1.0, 1.0], [0.0, 1.0]]))
    tensor([[0., 1.],
            [0., 0.]], dtype=float64, device='cpu')
    """
    xp, a = _matrix("logm", A)
    angle = _off_the_cut(a)
    if not angle:
        return _logm(a)
    return _logm(a * cmath.exp(-1j * angle)) + 1j * angle * xp.eye(a.shape[-1], dtype=a.dtype)


def sqrtm(A: ArrayLike) -> Tensor:
    """Return the principal square root of square matrices; complex where it is.

    On NumPy alone, by SciPy. Differentiable to any order where no two eigenvalues of the root add up to zero:
    the gradient z solves ``r^H @ z + z @ r^H = g`` for the root r (Higham 2008, Functions of Matrices, 6.1).

    >>> import anygrad as ag
    >>> ag.scipy.linalg.sqrtm(ag.asarray([[4.0, 0.0], [0.0, 9.0]]))
    tensor([[2., 0.],
            [0., 3.]], dtype=float64, device='cpu')
    """
    return _sqrtm(_matrix("sqrtm", A)[1])


def fractional_matrix_power(A: ArrayLike, t: ArrayLike) -> Tensor:
    """Return the power of a square matrix by a real number; complex where it is.

    On NumPy alone, by SciPy. Differentiable to any order in the matrix, and in t where t is a tensor.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.fractional_matrix_power(ag.asarray([[4.0, 0.0], [0.0, 9.0]]), 0.5)
    tensor([[2., 0.],
            [0., 3.]], dtype=float64, device='cpu')
    """
    xp, a, power = floats("fractional_matrix_power", A=A, t=t)
    if not isinstance(t, Tensor) and isfinite(t) and t == int(t) and a.ndim == 2:
        return xp.linalg.matrix_power(a, int(t))
    whole = a.ndim != 2 or power.ndim or bool(power.detach() == xp.round(power.detach()))
    angle = 0.0 if whole else _off_the_cut(a)
    if not angle:
        return _fractional_matrix_power(a, power)
    return _fractional_matrix_power(a * cmath.exp(-1j * angle), power) * xp.exp(1j * angle * power)


def signm(A: ArrayLike) -> Tensor:
    """Return the sign of a square matrix: each eigenvalue's, of its real part. On NumPy alone.

    Written as ``A @ (A @ A)**(-1/2)`` (Higham 2008, 5.1), through the square root; differentiable to any
    order. Raises ``LinAlgError`` where an eigenvalue is zero.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.signm(ag.asarray([[4.0, 0.0], [0.0, -9.0]]))
    tensor([[ 1.,  0.],
            [ 0., -1.]], dtype=float64, device='cpu')
    """
    xp, a = _matrix("signm", A)
    return xp.linalg.solve(sqrtm(a @ a), a)


def _turned(xp: Any, a: Any) -> Any:
    """Return the exponential of i times a matrix."""
    return xp.linalg.expm(1j * a)


def cosm(A: ArrayLike) -> Tensor:
    """Return the cosine of square matrices; on every device, differentiable to any order.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.cosm(ag.asarray([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 0.],
            [0., 1.]], dtype=float64, device='cpu')
    """
    xp, a = _matrix("cosm", A)
    if a.dtype.kind == "c":
        return 0.5 * (_turned(xp, a) + _turned(xp, -a))
    return xp.real(_turned(xp, a))


def sinm(A: ArrayLike) -> Tensor:
    """Return the sine of square matrices; on every device, differentiable to any order.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.sinm(ag.asarray([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[0., 1.],
            [0., 0.]], dtype=float64, device='cpu')
    """
    xp, a = _matrix("sinm", A)
    if a.dtype.kind == "c":
        return -0.5j * (_turned(xp, a) - _turned(xp, -a))
    return xp.imag(_turned(xp, a))


def tanm(A: ArrayLike) -> Tensor:
    """Return the tangent of square matrices, ``solve(cosm(A), sinm(A))``.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.tanm(ag.asarray([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[0., 1.],
            [0., 0.]], dtype=float64, device='cpu')
    """
    xp, a = _matrix("tanm", A)
    return xp.linalg.solve(cosm(a), sinm(a))


def coshm(A: ArrayLike) -> Tensor:
    """Return the hyperbolic cosine of square matrices; on every device, differentiable to any order.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.coshm(ag.asarray([[0.0]]))
    tensor([[1.]], dtype=float64, device='cpu')
    """
    xp, a = _matrix("coshm", A)
    return 0.5 * (xp.linalg.expm(a) + xp.linalg.expm(-a))


def sinhm(A: ArrayLike) -> Tensor:
    """Return the hyperbolic sine of square matrices; on every device, differentiable to any order.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.sinhm(ag.asarray([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[0., 1.],
            [0., 0.]], dtype=float64, device='cpu')
    """
    xp, a = _matrix("sinhm", A)
    return 0.5 * (xp.linalg.expm(a) - xp.linalg.expm(-a))


def tanhm(A: ArrayLike) -> Tensor:
    """Return the hyperbolic tangent of square matrices, ``solve(coshm(A), sinhm(A))``.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.tanhm(ag.asarray([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[0., 1.],
            [0., 0.]], dtype=float64, device='cpu')
    """
    xp, a = _matrix("tanhm", A)
    return xp.linalg.solve(coshm(a), sinhm(a))
