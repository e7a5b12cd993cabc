"""What is defined by a whole matrix: its pseudoinverse, least squares, its exponential."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

from anygrad.errors import DeviceError, DtypeError, ShapeError, message
from anygrad.op import ArrayLike, operation
from anygrad.ops.linalg import adjoint, check_batches, columns, conj, extension, scale_of, square
from anygrad.rules import check_matrices, is_complex, split


class LstsqResult(NamedTuple):
    """The solution, the sums of squared residuals, the rank, and the singular values of the matrix."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


def precision(dtype: Any) -> float:
    """Return the distance from 1 to the next number of a dtype; double precision's for integers."""
    size = dtype.itemsize // (2 if dtype.kind == "c" else 1)
    return 2.0**-23 if dtype.kind in "fc" and size == 4 else 2.0**-52


def tolerance(op: str, x: Any, rtol: Any) -> Any:
    """Return what singular values are compared by: a number, or an array that is where x is."""
    if rtol is None:
        return max(x.shape[-2:]) * precision(x.dtype)
    if isinstance(rtol, Real):
        return float(rtol)
    if not hasattr(rtol, "shape") or not hasattr(rtol, "device"):
        raise DtypeError(message(op, f"rtol is {rtol!r}", "expected a number or an array"))
    here = rtol.xp is x.xp if hasattr(rtol, "xp") else type(rtol) is x.xp.array_type
    if not here:
        raise DeviceError(
            message(op, f"x is on {x.device}, rtol is on {rtol.device}", "move one with .to(device)")
        )
    return rtol


def _pinv(x: ArrayLike, /, *, rtol: Any = None) -> dict[str, Any]:
    check_matrices("pinv", x)
    rtol = tolerance("pinv", x, rtol)
    return {"rtol": getattr(rtol, "array", rtol)}


def _pinv_dx(xp, g, x, out, rtol):
    g, h = conj(xp, g), adjoint(xp, out)
    g_h = adjoint(xp, g)
    if not isinstance(rtol, float) or rtol > max(x.shape[-2:]) * 2.0**-23:  # above what rounding asks for
        return conj(xp, _cut_dx(xp, g, g_h, x, out))
    found = -xp.matmul(xp.matmul(h, g), h)
    left = xp.matmul(xp.matmul(g_h, out), h)
    right = xp.matmul(xp.matmul(h, out), g_h)
    found = found + left - xp.matmul(x, xp.matmul(out, left))
    return conj(xp, found + right - xp.matmul(xp.matmul(right, out), x))


def _cut_dx(xp, g, g_h, x, out):
    """Return the gradient where singular values may be left out that are not zero.

    The function of singular values that is 1/s of those that are kept and 0 of the others, by its divided
    differences on the Hermitian matrix [[0, x], [x^H, 0]] (Daleckii and Krein 1965).
    """
    u, s, v_h = xp.linalg.svd(x, full_matrices=False)
    u_h, v = adjoint(xp, u), adjoint(xp, v_h)
    found = xp.sum(xp.matmul(v_h, out) * xp.matrix_transpose(u), axis=-1)
    kept = xp.abs(found) * s > 0.5
    f = xp.where(kept, 1 / xp.where(kept, s, 1), 0)
    mixed = kept[..., :, None] & ~kept[..., None, :]
    gap = xp.where(mixed, s[..., :, None] ** 2 - s[..., None, :] ** 2, 1)
    one = xp.where(mixed, 1 / gap, 0)
    other = one * f[..., :, None] * s[..., None, :]
    one, other = (c + xp.matrix_transpose(c) for c in (one, other))
    inner = xp.matmul(xp.matmul(v_h, g), u)
    inner = adjoint(xp, one * inner) + (other - f[..., :, None] * f[..., None, :]) * inner
    left = xp.matmul(xp.matmul(u * (f * f)[..., None, :], u_h), g_h)
    right = xp.matmul(g_h, xp.matmul(v * (f * f)[..., None, :], v_h))
    left = left - xp.matmul(xp.matmul(left, v), v_h)
    right = right - xp.matmul(u, xp.matmul(u_h, right))
    return xp.matmul(xp.matmul(u, inner), v_h) + left + right


pinv = operation(
    "linalg.pinv",
    lambda xp, x, rtol: xp.linalg.pinv(x, rtol=rtol),
    dx=_pinv_dx,
    prepare=_pinv,
    accepts="floating",
    doc="""Return the pseudoinverse of matrices.

    Singular values up to ``rtol`` times the largest are zero; ``rtol`` is the larger side times the dtype's
    precision where it is not given, and may be an array. The gradient is that among matrices of one rank,
    or where ``rtol`` is given, that of as many singular values.
    Fewer than two axes raise ``ShapeError``.""",
    source="Golub and Pereyra (1973), The Differentiation of Pseudo-Inverses, 4.12",
    example="[[2.0, 0.0], [0.0, 0.0]] -> [[0.5, 0. ], [0. , 0. ]]",
)


@extension
def lstsq(xp: Any, x: ArrayLike, y: ArrayLike, /, *, rtol: Any = None, rcond: Any = None) -> LstsqResult:
    """Return the vectors of least length among those that minimise ``abs(y - x @ solution)``.

    x is (..., m, n), y a vector of length m or (..., m, k). ``rtol`` is as in ``pinv``, through which the
    gradient goes; ``rcond`` is NumPy's name for it. The residuals are those of each column, also where the
    rank is less than n. Raises ``ShapeError`` where the shapes do not fit.

    >>> import anygrad as ag
    >>> ag.linalg.lstsq(ag.asarray([[1.0], [1.0]]), ag.asarray([1.0, 3.0])).solution
    tensor([2.], dtype=float64, device='cpu')
    """
    check_matrices("lstsq", x)
    rtol = rcond if rtol is None else rtol
    m, flat = x.shape[-2], y.ndim == 1
    if not y.ndim or y.shape[-1 if flat else -2] != m:
        got = f"x has shape {x.shape}, y has shape {y.shape}"
        raise ShapeError(message("lstsq", got, f"expected y of shape ({m},) or (..., {m}, k)"))
    check_batches("lstsq", x, y)
    y = columns(xp, y) if flat else y
    solution = xp.matmul(xp.linalg.pinv(x, rtol=rtol), y)
    rest = y - xp.matmul(x, solution)
    rest = rest * conj(xp, rest)
    residuals = xp.sum(xp.real(rest) if is_complex(xp, rest.dtype) else rest, axis=-2)
    if flat:
        solution, residuals = (xp.reshape(out, out.shape[:-1]) for out in (solution, residuals))
    rank = xp.linalg.matrix_rank(x, rtol=rtol)
    return LstsqResult(solution, residuals, rank, xp.linalg.svdvals(x))


# ---------------------------------------------------------------- exponential


def _expm_dx(xp, g, x):
    """Return the upper right block of exp([[x.T, g], [0, x.T]])."""
    n = x.shape[-1]
    if not n:
        return g
    scale, turned = scale_of(xp, g), xp.matrix_transpose(x)
    upper = xp.concat([turned, g / scale], axis=-1)
    lower = xp.concat([xp.zeros_like(x), turned], axis=-1)
    out = xp.linalg.expm(xp.concat([upper, lower], axis=-2))
    axis = len(x.shape) - 1
    return scale * split(xp, split(xp, out, axis, n)[1], axis - 1, n)[0]


expm = operation(
    "linalg.expm",
    lambda xp, x: xp.linalg.expm(x) if x.shape[-1] else x,
    dx=_expm_dx,
    prepare=square("expm"),
    accepts="floating",
    doc="""Return the exponential of square matrices.

    Other shapes raise ``ShapeError``.""",
    source="Higham (2008), Functions of Matrices, 3.16 (Mathias, 1996)",
    example="[[0.0, 0.0], [0.0, 1.0]] -> [[1.        , 0.        ], [0.        , 2.71828183]]",
)
