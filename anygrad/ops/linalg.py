"""Matrices solved, inverted and factorised by Cholesky: the determinant and its kin.

Formulas are transposes. Where a source writes its formula for gradients and adjoints of matrices, as most do,
``conj`` of ``g`` goes in and ``conj`` of the result comes out.
"""

from __future__ import annotations

from functools import cache, partial
from math import cos, fsum, nan, pi, prod
from typing import Any, NamedTuple

from anygrad.errors import ShapeError, message
from anygrad.op import ArrayLike, derived, operation
from anygrad.rules import broadcast_shape, is_complex, safe, sum_to

extension = partial(derived, extension="linalg")
"""Declares a function of ``linalg`` that is built of others."""


class SlogdetResult(NamedTuple):
    """The sign of a determinant and the logarithm of its absolute value."""

    sign: Any
    logabsdet: Any


# ---------------------------------------------------------------- helpers


def check_square(op: str, x: Any) -> None:
    """Raise ``ShapeError`` where an array holds no square matrices."""
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(message(op, f"x has shape {x.shape}", "expected square matrices, (..., n, n)"))


def check_batches(op: str, x: Any, y: Any) -> None:
    """Raise ``ShapeError`` where the leading axes of matrices x and y do not broadcast."""
    try:
        broadcast_shape(op, x.shape[:-2], y.shape[:-2])
    except ShapeError:
        got = f"x has shape {x.shape}, y has shape {y.shape}"
        raise ShapeError(message(op, got, "the axes before the last two do not broadcast")) from None


def square(op: str) -> Any:
    """Return the ``prepare`` of a row over square matrices that takes nothing else."""

    def prepare(x: ArrayLike, /) -> dict[str, Any]:
        check_square(op, x)
        return {}

    return prepare


def conj(xp, x):
    """Conjugate, and leave real arrays as they are."""
    return xp.conj(x) if is_complex(xp, x.dtype) else x


def adjoint(xp, x):
    """Return conjugated transposes."""
    return conj(xp, xp.matrix_transpose(x))


def columns(xp, x):
    """Return an array, or numbers, with an axis of length 1 at the end."""
    return xp.reshape(x, (*x.shape, 1))


def over_matrices(xp, x):
    """Return one number for each matrix with two axes of length 1 at the end."""
    return xp.reshape(x, (*x.shape, 1, 1))


def diagonals(xp, x):
    """Tell of each entry of square matrices whether it is on the diagonal."""
    return xp.eye(x.shape[-1], dtype=x.dtype, device=xp.device) != 0


def scale_of(xp, x):
    """Return for each matrix a power of two near its largest entry, with no gradient; 1 for zeros."""
    power = xp.floor(xp.log2(safe(xp, xp.max(xp.abs(x), axis=(-2, -1), keepdims=True))))
    return xp.pow(2 * xp.ones_like(power), power)


# ---------------------------------------------------------------- inverse and solutions


def _inverse_dx(xp, g, out):
    turned = xp.matrix_transpose(out)
    return -xp.matmul(xp.matmul(turned, g), turned)


inv = operation(
    "linalg.inv",
    lambda xp, x: xp.linalg.inv(x),
    dx=_inverse_dx,
    prepare=square("inv"),
    accepts="floating",
    doc="""Return the inverse of square matrices.

    Other shapes raise ``ShapeError``, a singular matrix ``LinAlgError`` (CuPy, JAX: NaN or inf).""",
    source="Giles (2008), Collected matrix derivative results, 2.2.3",
    example="[[2.0, 0.0], [0.0, 4.0]] -> [[0.5 , 0.  ], [0.  , 0.25]]",
)


def _check_sides(name: str, x: Any, y: Any) -> None:
    """Raise ``ShapeError`` where square matrices x do not fit a vector or matrices y."""
    check_square(name, x)
    n = x.shape[-1]
    if not y.ndim or y.shape[-2 if y.ndim > 1 else -1] != n:
        got = f"x has shape {x.shape}, y has shape {y.shape}"
        raise ShapeError(message(name, got, f"expected y of shape ({n},) or (..., {n}, k)"))
    check_batches(name, x, y)


def _sides(x: ArrayLike, y: ArrayLike, /) -> dict[str, Any]:
    _check_sides("solve", x, y)
    return {}


def _triangle(x: ArrayLike, y: ArrayLike, /, *, upper: bool, unit_diagonal: bool = False) -> dict[str, Any]:
    _check_sides("solve_triangular", x, y)
    return {"upper": bool(upper), "unit_diagonal": bool(unit_diagonal)}


def _solved(xp, solve, x, y):
    """Solve for matrices y, or for a vector; the leading axes broadcast."""
    if len(y.shape) == 1:
        out = _solved(xp, solve, x, columns(xp, y))
        return xp.reshape(out, out.shape[:-1])
    if x.shape[:-2] != y.shape[:-2]:
        batch = broadcast_shape("solve", x.shape[:-2], y.shape[:-2])
        x = xp.broadcast_to(x, (*batch, *x.shape[-2:]))
        y = xp.broadcast_to(y, (*batch, *y.shape[-2:]))
    return solve(x, y)


def _sides_dx(xp, solve, g, x, out, y_shape):
    """Return -solve(x.T, g) out.T: Giles (2008), 2.3.1."""
    if len(y_shape) == 1:
        g, out = columns(xp, g), columns(xp, out)
    g = _solved(xp, solve, xp.matrix_transpose(x), g)
    return sum_to(xp, -xp.matmul(g, xp.matrix_transpose(out)), x.shape)


def _sides_dy(xp, solve, g, x, y_shape):
    turned = xp.matrix_transpose(x)
    if len(y_shape) == 1:
        g = _solved(xp, solve, turned, columns(xp, g))
        return sum_to(xp, xp.reshape(g, g.shape[:-1]), y_shape)
    return sum_to(xp, _solved(xp, solve, turned, g), y_shape)


solve = operation(
    "linalg.solve",
    lambda xp, x, y: _solved(xp, xp.linalg.solve, x, y),
    inputs="x y",
    dx=lambda xp, g, x, out, y_shape: _sides_dx(xp, xp.linalg.solve, g, x, out, y_shape),
    dy=lambda xp, g, x, y_shape: _sides_dy(xp, xp.linalg.solve, g, x, y_shape),
    prepare=_sides,
    accepts="floating",
    alike=True,
    doc="""Solve x @ out = y for square matrices x.

    x is (..., n, n), y a vector of length n or (..., n, k); the leading axes broadcast. A singular x raises
    ``LinAlgError`` (CuPy, JAX: NaN or inf).""",
    source="Giles (2008), Collected matrix derivative results, 2.3.1",
    example="[[2.0, 0.0], [0.0, 4.0]], [1.0, 2.0] -> [0.5, 0.5]",
)


def _triangles(xp, upper, unit_diagonal, turned=False):
    """Return the solver of one triangle, or of its transpose, as a function of matrix and right side."""
    upper = upper != turned
    return lambda x, y: xp.linalg.solve_triangular(x, y, upper=upper, unit_diagonal=unit_diagonal)


def _solve_triangular_dx(xp, g, x, out, y_shape, upper, unit_diagonal):
    found = _sides_dx(xp, _triangles(xp, upper, unit_diagonal, True), g, x, out, y_shape)
    return xp.triu(found, k=int(unit_diagonal)) if upper else xp.tril(found, k=-int(unit_diagonal))


solve_triangular = operation(
    "linalg.solve_triangular",
    lambda xp, x, y, upper, unit_diagonal: _solved(xp, _triangles(xp, upper, unit_diagonal), x, y),
    inputs="x y",
    dx=_solve_triangular_dx,
    dy=lambda xp, g, x, y_shape, upper, unit_diagonal: _sides_dy(
        xp, _triangles(xp, upper, unit_diagonal, True), g, x, y_shape
    ),
    prepare=_triangle,
    accepts="floating",
    alike=True,
    doc="""Solve x @ out = y with the upper or the lower triangle of x.

    x and y are as in ``solve``. A zero on the diagonal gives NaN or inf; ``unit_diagonal`` takes it as
    ones.""",
    source="Giles (2008), Collected matrix derivative results, 2.3.1",
    example="[[2.0, 0.0], [1.0, 4.0]], [2.0, 9.0], upper=False -> [1., 2.]",
)

# ---------------------------------------------------------------- determinants


@cache
def _slopes(n: int) -> list[tuple[float, float]]:
    """Return t and w such that sums of w * (p(t) - p(-t)) are slopes at 0 of polynomials p below degree n.

    The t are the positive Chebyshev points, at which rounding errors stay small.
    """
    points = [cos(pi * (2 * j + 1) / (2 * n)) for j in range(n)]
    found = []
    for t in points[: n // 2]:
        others = [s for s in points if s != t]
        rests = [prod(-s / (t - s) for s in others if s != r) for r in others]
        found.append((t, fsum(rest / (t - r) for r, rest in zip(others, rests, strict=True))))
    return found


def _cofactor_dx(xp, g, x):
    """Return the second derivative of the determinant in the direction g.

    Cofactors along a line are polynomials, known exactly from a few points of it: so this needs no inverse,
    and its own derivative is more of the same, at matrices of any rank.
    """
    if not x.shape[-1]:
        return g
    reach = scale_of(xp, x) / scale_of(xp, g) / x.shape[-1]
    out = xp.zeros_like(x)
    for t, weight in _slopes(x.shape[-1]):
        step = t * reach * g
        out = out + weight * (xp.linalg.cofactor(x + step) - xp.linalg.cofactor(x - step))
    return out / reach


cofactor = operation(
    "linalg.cofactor",
    lambda xp, x: xp.linalg.cofactor(x),
    dx=_cofactor_dx,
    prepare=square("cofactor"),
    accepts="floating",
    public=False,
    doc="Return the cofactors of square matrices, the gradient of the determinant.",
)

det = operation(
    "linalg.det",
    lambda xp, x: xp.linalg.det(x),
    dx=lambda xp, g, x: over_matrices(xp, g) * xp.linalg.cofactor(x),
    prepare=square("det"),
    accepts="floating",
    doc="""Return the determinant of square matrices.

    Derivatives are exact at singular ones too. Other shapes raise ``ShapeError``.""",
    source="Magnus and Neudecker (1999), Matrix Differential Calculus, 8.3",
    example="[[1.0, 2.0], [3.0, 4.0]] -> -2.",
)


def _slogdet_dx(xp, g, x, out):
    sign = over_matrices(xp, out[0])
    change = None if g[1] is None else over_matrices(xp, g[1])
    if g[0] is not None and is_complex(xp, x.dtype):
        turn = xp.imag(over_matrices(xp, g[0]) * sign)
        turn = xp.astype(turn, x.dtype) * 1j
        change = turn if change is None else change + turn
    if change is None:
        return xp.zeros_like(x)
    # What a solver would refuse is NaN for the matrix concerned, and leaves the others of a batch alone.
    marked = xp.where(sign == 0, nan, xp.ones_like(sign))
    return change * marked * xp.matrix_transpose(xp.linalg.inv(x * marked))


slogdet = operation(
    "linalg.slogdet",
    lambda xp, x: tuple(xp.linalg.slogdet(x)),
    dx=_slogdet_dx,
    prepare=square("slogdet"),
    accepts="floating",
    carries=(True, True),
    result=SlogdetResult,
    doc="""Return sign and logarithm of the absolute value of the determinant.

    The gradient at singular matrices is NaN. Shapes that are not of square matrices raise ``ShapeError``.""",
    source="Giles (2008), Collected matrix derivative results, 2.2.5",
    example="[[0.0, 2.0], [1.0, 0.0]] -> -1.; 0.69314718",
)

# ---------------------------------------------------------------- Cholesky


def _cholesky(x: ArrayLike, /, *, upper: bool = False) -> dict[str, Any]:
    check_square("cholesky", x)
    return {"upper": bool(upper)}


def _cholesky_dx(xp, g, out, upper):
    if upper:
        g, out = adjoint(xp, g), adjoint(xp, out)
    turned = xp.matrix_transpose(out)
    found = xp.tril(xp.matmul(turned, g))
    found = xp.where(diagonals(xp, found), found / 2, found)
    found = xp.linalg.solve_triangular(turned, found, upper=True)
    found = xp.matrix_transpose(found)
    found = xp.linalg.solve_triangular(conj(xp, turned), found, upper=True)
    return (xp.matrix_transpose(found) + conj(xp, found)) / 2


cholesky = operation(
    "linalg.cholesky",
    lambda xp, x, upper: xp.linalg.cholesky(x, upper=upper),
    dx=_cholesky_dx,
    prepare=_cholesky,
    accepts="floating",
    doc="""Return the lower (or upper) Cholesky factor of Hermitian matrices.

    Their gradient is Hermitian too; which triangle of x is read is the library's choice. Other shapes raise
    ``ShapeError``, a matrix that is not positive definite ``LinAlgError`` (CuPy, JAX: NaN).""",
    source="Murray (2016), Differentiation of the Cholesky decomposition, eq. 10",
    example="[[4.0, 2.0], [2.0, 5.0]] -> [[2., 0.], [1., 2.]]",
)
