"""Eigenvalues, singular values, QR, and what is defined by them.

Formulas follow sources that write gradients of complex matrices as PyTorch's: ``turned`` makes those of ``g``
and, applied again, ``g`` of those. Vectors are fixed by a library up to signs or phases only, so that a loss
should not depend on these; its gradient is then exact. Where eigenvalues or singular values are equal the
gradient through the vectors is NaN, and exact for losses of the values alone.
"""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

from anygrad.errors import ArgumentError, message
from anygrad.op import ArrayLike, operation
from anygrad.ops.linalg import adjoint, columns, conj, diagonals, square
from anygrad.rules import check_matrices, is_complex, split


class EigResult(NamedTuple):
    """The eigenvalues of matrices, and their eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class EighResult(NamedTuple):
    """The eigenvalues of Hermitian matrices in ascending order, and their eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """Orthonormal columns, and an upper triangle."""

    Q: Any
    R: Any


class SVDResult(NamedTuple):
    """Left singular vectors as columns, singular values in descending order, right ones as rows."""

    U: Any
    S: Any
    Vh: Any


# ---------------------------------------------------------------- helpers


def turned(xp, g):
    """Return the gradient of a source for ``g``, or ``g`` for such a gradient; None for None."""
    return None if g is None else conj(xp, g)


def rows(xp, x):
    """Return vectors as matrices of one row."""
    return xp.expand_dims(x, axis=-2)


def hermitian(xp, x):
    """Return the Hermitian part of matrices."""
    return (x + adjoint(xp, x)) / 2


def scaled(xp, x, values):
    """Multiply columns by values."""
    return x * rows(xp, values)


def inverse_gaps(xp, values):
    """Return 1 / (v_j - v_i) at i, j: 0 on the diagonal, NaN where different values are equal."""
    gaps = rows(xp, values) - columns(xp, values)
    diagonal = diagonals(xp, gaps)
    gaps = xp.where(diagonal, 1, xp.where(gaps == 0, nan, gaps))
    return xp.where(diagonal, 0, 1 / gaps)


# ---------------------------------------------------------------- Hermitian eigenvalues


def _eigh_dx(xp, g, out):
    values, vectors = out
    change = None
    if g[1] is not None:
        inner = xp.matmul(adjoint(xp, vectors), turned(xp, g[1]))
        change = hermitian(xp, inner * inverse_gaps(xp, values))
    if g[0] is not None:
        if change is None:
            return turned(xp, xp.matmul(scaled(xp, vectors, g[0]), adjoint(xp, vectors)))
        change = xp.where(diagonals(xp, change), rows(xp, g[0]), change)
    return turned(xp, xp.matmul(xp.matmul(vectors, change), adjoint(xp, vectors)))


eigh = operation(
    "linalg.eigh",
    lambda xp, x: tuple(xp.linalg.eigh(x)),
    dx=_eigh_dx,
    prepare=square("eigh"),
    accepts="floating",
    carries=(True, True),
    result=EighResult,
    doc="""Return eigenvalues and eigenvectors of Hermitian matrices.

    The gradient is Hermitian too. Losses must not depend on signs or phases of vectors; where values are
    equal the gradient through vectors is NaN. Shapes that are not of square matrices raise ``ShapeError``.
    """,
    source="Giles (2008), 3.1; Boeddeker et al. (2017), On the Computation of Complex-valued Gradients, 4.2",
    example="[[2.0, 0.0], [0.0, 1.0]] -> [1., 2.]; [[0., 1.], [1., 0.]]",
)

eigvalsh = operation(
    "linalg.eigvalsh",
    lambda xp, x: xp.linalg.eigvalsh(x),
    dx=lambda xp, g, x: _eigh_dx(xp, (g, None), tuple(xp.linalg.eigh(x))),
    prepare=square("eigvalsh"),
    accepts="floating",
    doc="""Return the eigenvalues of Hermitian matrices in ascending order.

    The gradient is Hermitian too. Shapes that are not of square matrices raise ``ShapeError``.""",
    source="Giles (2008), 3.1",
    example="[[2.0, 0.0], [0.0, 1.0]] -> [1., 2.]",
)

# ---------------------------------------------------------------- eigenvalues


def _eig_dx(xp, g, out, x_dtype):
    values, vectors = out
    change = None
    if g[1] is not None:
        g_vectors = turned(xp, g[1])
        inner = xp.matmul(adjoint(xp, vectors), g_vectors)
        lengths = xp.real(xp.sum(conj(xp, vectors) * g_vectors, axis=-2))
        inner = inner - scaled(xp, xp.matmul(adjoint(xp, vectors), vectors), lengths)
        change = inner * xp.conj(inverse_gaps(xp, values))
    if g[0] is not None:
        g_values = rows(xp, turned(xp, g[0]))
        diagonal = diagonals(xp, vectors)
        change = xp.where(diagonal, g_values, xp.zeros_like(vectors) if change is None else change)
    found = xp.linalg.solve(adjoint(xp, vectors), xp.matmul(change, adjoint(xp, vectors)))
    return turned(xp, found) if is_complex(xp, x_dtype) else xp.real(found)


eig = operation(
    "linalg.eig",
    lambda xp, x: tuple(xp.linalg.eig(x)),
    dx=_eig_dx,
    prepare=square("eig"),
    accepts="floating",
    carries=(True, True),
    result=EigResult,
    doc="""Return eigenvalues and eigenvectors, complex, of square matrices.

    Losses must not depend on phases of the vectors; where eigenvalues are equal the gradient through
    vectors is NaN. Other shapes raise ``ShapeError``.""",
    source="Boeddeker et al. (2017), On the Computation of Complex-valued Gradients, 4.2, for unit vectors",
    example="[[2.0, 0.0], [0.0, 1.0]] -> [2.+0.j, 1.+0.j], dtype=complex128;"
    " [[1.+0.j, 0.+0.j], [0.+0.j, 1.+0.j]], dtype=complex128",
)

eigvals = operation(
    "linalg.eigvals",
    lambda xp, x: xp.linalg.eigvals(x),
    dx=lambda xp, g, x: _eig_dx(xp, (g, None), tuple(xp.linalg.eig(x)), x.dtype),
    prepare=square("eigvals"),
    accepts="floating",
    doc="""Return the eigenvalues, complex, of square matrices.

    Other shapes raise ``ShapeError``.""",
    source="Boeddeker et al. (2017), On the Computation of Complex-valued Gradients, 4.2",
    example="[[2.0, 0.0], [0.0, 1.0]] -> [2.+0.j, 1.+0.j], dtype=complex128",
)

# ---------------------------------------------------------------- singular values


def _svd(x: ArrayLike, /, *, full_matrices: bool = True) -> dict[str, Any]:
    check_matrices("svd", x)
    return {"full_matrices": bool(full_matrices)}


def _within(xp, x, g, k):
    """Return the first k columns of a square unitary x, and their gradient with that of the others in it.

    The others complete a basis, so that what moves them is the movement of the first.
    """
    if x.shape[-1] == k:
        return x, g
    first, others = split(xp, x, len(x.shape) - 1, k)
    if g is not None:
        g, rest = split(xp, g, len(x.shape) - 1, k)
        g = g - xp.matmul(others, xp.matmul(adjoint(xp, rest), first))
    return first, g


def _svd_dx(xp, g, out):
    u, s, vh = out
    k = s.shape[-1]
    if g[0] is None and g[2] is None:
        u, vh = _within(xp, u, None, k)[0], adjoint(xp, _within(xp, adjoint(xp, vh), None, k)[0])
        return turned(xp, xp.matmul(scaled(xp, u, g[1]), vh))
    g_u, g_v = turned(xp, g[0]), None if g[2] is None else adjoint(xp, turned(xp, g[2]))
    u, g_u = _within(xp, u, g_u, k)
    v, g_v = _within(xp, adjoint(xp, vh), g_v, k)
    gaps = inverse_gaps(xp, s)
    sums = columns(xp, s) + rows(xp, s)
    diagonal = diagonals(xp, sums)
    # 1 / (s_j**2 - s_i**2), where only the difference can be small.
    gaps = gaps / xp.where(diagonal, 1, sums)
    core = 0
    if g_u is not None:
        inner = xp.matmul(adjoint(xp, u), g_u)
        core = scaled(xp, 2 * hermitian(xp, gaps * inner), s)
        if g_v is not None and is_complex(xp, u.dtype):
            # Of one side alone no phase matters, and a value near zero would only magnify rounding errors.
            phases = xp.where(diagonal, xp.imag(inner), 0) / columns(xp, s)
            core = core + 1j * xp.astype(phases, u.dtype)
    if g_v is not None:
        core = core + columns(xp, s) * (2 * hermitian(xp, gaps * xp.matmul(adjoint(xp, v), g_v)))
    if g[1] is not None:
        core = core + xp.where(diagonal, rows(xp, g[1]), 0)
    found = xp.matmul(xp.matmul(u, core), adjoint(xp, v))
    if g_u is not None and u.shape[-2] > k:
        beyond = (g_u - xp.matmul(u, xp.matmul(adjoint(xp, u), g_u))) / rows(xp, s)
        found = found + xp.matmul(beyond, adjoint(xp, v))
    if g_v is not None and v.shape[-2] > k:
        beyond = (g_v - xp.matmul(v, xp.matmul(adjoint(xp, v), g_v))) / rows(xp, s)
        found = found + xp.matmul(u, adjoint(xp, beyond))
    return turned(xp, found)


svd = operation(
    "linalg.svd",
    lambda xp, x, full_matrices: tuple(xp.linalg.svd(x, full_matrices=full_matrices)),
    dx=_svd_dx,
    prepare=_svd,
    accepts="floating",
    carries=(True, True, True),
    result=SVDResult,
    doc="""Return the singular value decomposition x = U @ diag(S) @ Vh.

    Losses must not depend on signs or phases of the vectors, nor on the choice of those beyond the singular
    values; where these are equal the gradient through vectors is NaN. Fewer than two axes raise
    ``ShapeError``.""",
    source="Townsend (2016), Differentiating the Singular Value Decomposition; Wan and Zhang (2019),"
    " Automatic Differentiation for Complex Valued SVD",
    example="[[2.0, 0.0], [0.0, 1.0]] -> [[1., 0.], [0., 1.]]; [2., 1.]; [[1., 0.], [0., 1.]]",
)


def _svdvals(x: ArrayLike, /) -> dict[str, Any]:
    check_matrices("svdvals", x)
    return {}


svdvals = operation(
    "linalg.svdvals",
    lambda xp, x: xp.linalg.svdvals(x),
    dx=lambda xp, g, x: _svd_dx(xp, (None, g, None), tuple(xp.linalg.svd(x, full_matrices=False))),
    prepare=_svdvals,
    accepts="floating",
    doc="""Return the singular values of matrices in descending order.

    Fewer than two axes raise ``ShapeError``.""",
    source="Giles (2008), 3.2",
    example="[[2.0, 0.0], [0.0, 1.0]] -> [2., 1.]",
)

# ---------------------------------------------------------------- QR


def _qr(x: ArrayLike, /, *, mode: str = "reduced") -> dict[str, Any]:
    check_matrices("qr", x)
    if mode not in ("reduced", "complete"):
        raise ArgumentError(message("qr", f"mode is {mode!r}", "expected 'reduced' or 'complete'"))
    return {"mode": mode}


def _qr_dx(xp, g, out):
    q, r = out
    g_q, g_r = turned(xp, g[0]), turned(xp, g[1])
    m, n = q.shape[-2], r.shape[-1]
    k, axis = min(m, n), len(r.shape) - 1
    q, g_q = _within(xp, q, g_q, k)
    if r.shape[-2] > k:
        r = split(xp, r, axis - 1, k)[0]
        g_r = None if g_r is None else split(xp, g_r, axis - 1, k)[0]
    g_right = None
    if n > k:
        r, right = split(xp, r, axis, k)
        if g_r is not None:
            g_r, g_right = split(xp, g_r, axis, k)
            moved = xp.matmul(xp.matmul(q, right), adjoint(xp, g_right))
            g_q = moved if g_q is None else g_q + moved
        else:
            g_right = xp.zeros_like(right)
        g_right = xp.matmul(q, g_right)
    inner = 0 if g_q is None else xp.matmul(adjoint(xp, g_q), q)
    twist = inner if g_r is None else inner - xp.matmul(r, adjoint(xp, g_r))
    twist = twist - adjoint(xp, twist)
    twist = xp.where(diagonals(xp, twist), twist / 2, xp.triu(twist))
    found = twist if g_q is None else twist - inner
    found = xp.matmul(found, adjoint(xp, q))
    found = found if g_q is None else found + adjoint(xp, g_q)
    found = adjoint(xp, xp.linalg.solve_triangular(r, found, upper=True))
    if g_r is not None:
        found = found + xp.matmul(q, g_r)
    return turned(xp, found if g_right is None else xp.concat([found, g_right], axis=-1))


qr = operation(
    "linalg.qr",
    lambda xp, x, mode: tuple(xp.linalg.qr(x, mode=mode)),
    dx=_qr_dx,
    prepare=_qr,
    accepts="floating",
    carries=(True, True),
    result=QRResult,
    doc="""Return orthonormal Q and upper triangular R with x = Q @ R.

    Q is (..., m, k) and R (..., k, n), with k the smaller of m and n, or m for mode='complete', where
    losses must not depend on the choice of the columns beyond. Without full rank in the first columns the
    gradient is NaN or inf. Fewer than two axes raise ``ShapeError``, another mode ``ArgumentError``.""",
    source="Walter, Lehmann and Lamour (2012), On evaluating higher-order derivatives of the QR"
    " decomposition; Roberts and Roberts (2020), QR and LQ Decomposition Matrix Backpropagation Algorithms",
    example="[[3.0, 1.0], [4.0, 2.0]] -> [[-0.6, -0.8], [-0.8,  0.6]]; [[-5. , -2.2], [ 0. ,  0.4]]",
)
