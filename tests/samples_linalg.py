"""Samples of linear algebra: batches, one row, no rows, and singular matrices where a function takes them.

Where a result is fixed only up to signs or phases, a sample keeps what does not depend on them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.samples import NUMBERS, W, X, Y, Z, sample

_random = np.random.default_rng(3)


def matrices(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a real and a complex array of random numbers."""
    real, imaginary = _random.normal(size=(2, *shape)).round(2)
    return real, real[::-1] * 0.7 + 1j * imaginary


def hermitian(x: Any) -> Any:
    """Return the Hermitian part."""
    return (x + x.mT.conj()) / 2


def positive(x: np.ndarray) -> np.ndarray:
    """Return positive definite matrices."""
    return x @ x.mT.conj() + np.eye(x.shape[-1])


SQUARE = matrices(3, 3)
STACKED = matrices(2, 3, 3)
SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
NONE = np.zeros((0, 0)), np.zeros((0, 0), np.complex128)
NO_BATCH = np.zeros((0, 2, 2))
ONE = np.array([[1.7]]), np.array([[0.8 - 0.5j]])

# ---------------------------------------------------------------- triangles of matrices

for _name in ("tril", "triu"):
    for _x in (X, Z):
        sample(_name, "plain", _x)
        sample(_name, "plain", _x, k=1)
        sample(_name, "plain", np.stack([_x, _x]), k=-1)
    sample(_name, "plain", NUMBERS)
    sample(_name, "empty", X[:0])

# ---------------------------------------------------------------- inverse, solutions, determinants


def _cofactors(x: np.ndarray) -> np.ndarray:
    """Return the cofactors by their definition."""
    n = x.shape[-1]
    out = np.zeros_like(x)
    for i in range(n):
        for j in range(n):
            minor = np.delete(np.delete(x, i, axis=-2), j, axis=-1)
            out[..., i, j] = (-1) ** (i + j) * np.linalg.det(minor)
    return out


for _name in ("inv", "det", "slogdet", "cofactor"):
    _own: dict[str, Any] = {"reference": _cofactors} if _name == "cofactor" else {}
    for _plain, _deep, _one in zip(SQUARE, STACKED, ONE):
        for _x in (_plain, _deep, _deep[None], _one):
            sample(f"linalg.{_name}", "plain", _x, **_own)
    for _x in (*NONE, NO_BATCH):
        sample(f"linalg.{_name}", "empty", _x, **_own)
for _name, _own in (("det", {}), ("cofactor", {"reference": _cofactors})):
    for _x in (SINGULAR, SINGULAR * (1 + 2j), np.zeros((3, 3)), np.diag([2.0, 0.0, 0.0]), np.eye(3)):
        sample(f"linalg.{_name}", "tie", _x, smooth=True, **_own)
sample("linalg.det", "plain", NUMBERS[:, :2])
sample("linalg.inv", "plain", NUMBERS[:, :2])
sample(
    "linalg.slogdet",
    "tie",
    np.zeros((2, 2)),
    grads=(np.full((2, 2), np.nan),),
    without={"cupy": "its inverse of a singular matrix holds infinities beside NaN"},
)

for _plain, _deep, _one in zip(SQUARE, STACKED, ONE):
    _right = np.stack([_deep[0, :, :2], _deep[1, :, 1:]])
    for _x, _y in ((_plain, _plain[0]), (_plain, _right[0]), (_deep, _right), (_one, _one), (_one, _one[0])):
        sample("linalg.solve", "plain", _x, _y)
    for _x, _y in ((_deep, _plain[0]), (_plain, _right), (_deep[:1], _right), (_deep, _right[1])):
        sample("linalg.solve", "broadcast", _x, _y)
sample("linalg.solve", "mixed", SQUARE[0], SQUARE[1])
sample("linalg.solve", "mixed", SQUARE[1], SQUARE[0][0])
sample("linalg.solve", "mixed", SQUARE[0], np.array([1, 2, 3]))
sample("linalg.solve", "empty", NONE[0], np.zeros(0))
sample("linalg.solve", "empty", NONE[1], np.zeros((0, 2), np.complex128))
sample("linalg.solve", "empty", SQUARE[0], np.zeros((3, 0)))
sample("linalg.solve", "empty", NO_BATCH, np.zeros((2, 1)))


def _triangular(x: np.ndarray, y: np.ndarray, upper: bool, unit_diagonal: bool = False) -> np.ndarray:
    x = np.triu(x) if upper else np.tril(x)
    if unit_diagonal:
        x = np.where(np.eye(x.shape[-1]) != 0, 1, x)
    return np.linalg.solve(x, y)


for _plain, _deep, _one in zip(SQUARE, STACKED, ONE):
    for _options in ({"upper": False}, {"upper": True}, {"upper": True, "unit_diagonal": True}):
        for _kind, _x, _y in (
            ("plain", _plain, _plain[0]),
            ("plain", _plain, _plain[:, :2]),
            ("plain", _deep, _deep),
            ("plain", _one, _one),
            ("broadcast", _plain, _deep),
            ("broadcast", _deep, _plain[0]),
        ):
            sample("linalg.solve_triangular", _kind, _x, _y, reference=_triangular, **_options)
sample("linalg.solve_triangular", "mixed", SQUARE[0], SQUARE[1], reference=_triangular, upper=False)
sample(
    "linalg.solve_triangular",
    "tie",
    np.array([[0.0, 0.0], [1.0, 2.0]]),
    np.zeros((2, 1)),
    reference=lambda x, y, upper: np.full((2, 1), np.nan),
    upper=False,
)
sample("linalg.solve_triangular", "empty", NONE[0], np.zeros((0, 2)), reference=_triangular, upper=False)
sample("linalg.solve_triangular", "empty", NO_BATCH, np.zeros((2, 1)), reference=_triangular, upper=True)

for _plain, _deep, _one in zip(SQUARE, STACKED, ONE):
    for _x in (positive(_plain), positive(_deep), np.abs(_one)):
        for _options in ({}, {"upper": True}):
            sample("linalg.cholesky", "plain", _x, before=hermitian, **_options)
for _x in (*NONE, NO_BATCH):
    sample("linalg.cholesky", "empty", _x)

# ---------------------------------------------------------------- products

for _x, _y in ((X, Y), (Z, W), (X, W), (Z, Y)):
    _kind = "plain" if _x.dtype == _y.dtype else "mixed"
    sample("linalg.outer", _kind, _x[0], _y[1, :2])
    sample("linalg.cross", _kind, _x, _y)
    sample("linalg.cross", "axis", _x.T.copy(), _y.T.copy(), axis=0)
    sample("linalg.cross", "broadcast", _x, _y[0])
    sample("linalg.cross", "broadcast", _x[:1], np.stack([_y, _x]))
sample("linalg.outer", "plain", NUMBERS[0], NUMBERS[1])
sample("linalg.outer", "empty", X[0], Y[0, :0])
sample("linalg.cross", "empty", X[:0], Y[0])
for _plain, _deep, _one in zip(SQUARE, STACKED, ONE):
    for _x in (_plain, _deep, _deep[:, :2], _deep[:, :, :1], _one):
        for _offset in (0, 1, -1):
            _kind = "axis" if _offset else "plain"
            for _name in ("diagonal", "trace"):
                sample(f"linalg.{_name}", _kind, _x, offset=_offset)
    sample("linalg.diagonal", "axis", _deep, offset=-7)
    for _n in (0, 1, 2, 3, 5, -1, -2):
        sample("linalg.matrix_power", "plain", _plain, extra=(_n,))
    sample("linalg.matrix_power", "plain", _deep, extra=(3,))
sample("linalg.diagonal", "plain", NUMBERS)
sample("linalg.trace", "plain", NUMBERS)
sample("linalg.trace", "mixed", NUMBERS, dtype=np.dtype("float64"))
sample("linalg.matrix_power", "plain", NUMBERS[:, :2], extra=(3,))
for _x in (*NONE, NO_BATCH, X[:0]):
    sample("linalg.diagonal", "empty", _x)
    sample("linalg.trace", "empty", _x)
sample("linalg.matrix_power", "empty", NONE[0], extra=(2,))
sample("linalg.matrix_power", "empty", NO_BATCH, extra=(-1,))

# ---------------------------------------------------------------- norms

ORDERS = (2, 1, 3, 0.5, np.inf, -np.inf, -1.5)
for _x in (X, Z):
    for _order in ORDERS:
        sample("linalg.vector_norm", "plain", _x, ord=_order)
        sample("linalg.vector_norm", "axis", _x, ord=_order, axis=-1)
        sample("linalg.vector_norm", "axis", np.stack([_x, 2 * _x]), ord=_order, axis=(0, 2), keepdims=True)
        sample("linalg.vector_norm", "0-d", _x[0, 0], ord=_order)
        sample("linalg.vector_norm", "tie", np.zeros(2, _x.dtype), ord=_order, grads=(np.zeros(2),))
    sample("linalg.vector_norm", "plain", _x, ord=0)
    sample("linalg.vector_norm", "empty", _x[:0])
    sample("linalg.vector_norm", "empty", _x[:0], axis=1, ord=np.inf)
    _flat = np.array([3.0, -3.0, 1.0]) * (1 if _x is X else 1j)
    _half = np.array([0.5, -0.5, 0.0]) * (1 if _x is X else 1j)
    sample("linalg.vector_norm", "tie", _flat, ord=np.inf, grads=(_half,))
    sample(
        "linalg.vector_norm",
        "tie",
        np.array([1.0, 0.0]) * _flat[0],
        ord=0.5,
        grads=(np.sign(_flat[:2] * [1, 0]),),
    )
sample("linalg.vector_norm", "plain", NUMBERS)
for _plain, _deep, _one in zip(SQUARE, STACKED, ONE):
    for _order in ("fro", "nuc", 1, 2, np.inf, -1, -2, -np.inf):
        for _x in (_plain, _plain[:2], _deep[:, :, :2], _one):
            sample("linalg.matrix_norm", "plain", _x, ord=_order)
        sample("linalg.matrix_norm", "axis", _deep, ord=_order, keepdims=True)
        _zero = np.zeros((2, 3), _plain.dtype)
        sample("linalg.matrix_norm", "tie", _zero, ord=_order, grads=(_zero,))
    for _x in (_plain, _deep, _deep[:, :2]):
        sample("linalg.matrix_rank", "plain", _x)
        sample("linalg.matrix_rank", "plain", _x, rtol=0.5)
sample(
    "linalg.matrix_norm",
    "tie",
    np.array([[1.0, 1.0], [-1.0, 1.0]]),
    ord=1,
    grads=([[0.5, 0.5], [-0.5, 0.5]],),
)
sample("linalg.matrix_norm", "empty", NO_BATCH)
sample("linalg.matrix_norm", "empty", NO_BATCH, ord=2)
sample("linalg.matrix_rank", "tie", SINGULAR)
sample("linalg.matrix_rank", "tie", np.zeros((2, 3)))
sample("linalg.matrix_rank", "empty", NO_BATCH)
sample("linalg.matrix_rank", "empty", NONE[0])
sample("linalg.matrix_rank", "axis", STACKED[0], rtol=np.array([0.5, 0.01]))

# ---------------------------------------------------------------- decompositions


def without_phases(vectors: Any) -> Any:
    """Return columns times their first entry conjugated."""
    return vectors * vectors[..., :1, :].conj()


def _pairs(found: Any) -> Any:
    return found[0], without_phases(found[1])


def _thin(found: Any) -> Any:
    """Return of singular vectors what does not depend on phases, alone and together."""
    u, s, vh = found
    k = s.shape[-1]
    u, vh = u[..., :, :k], vh[..., :k, :]
    return without_phases(u), s, without_phases(vh.mT), u @ vh


def _full(found: Any) -> Any:
    """Return, beside that, what does not depend on the basis that completes the vectors."""
    u, s, vh = found
    k = s.shape[-1]
    u, v = u[..., :, k:], vh[..., k:, :].mT
    return (*_thin(found), u @ u.mT.conj(), v @ v.mT.conj())


def _projected(found: Any) -> Any:
    """Return of a complete QR what does not depend on the columns beyond."""
    q, r = found
    k = min(r.shape[-2:])
    return q[..., :, :k], r, q[..., :, k:] @ q[..., :, k:].mT.conj()


def _complex(function: Any) -> Any:
    """Return a reference whose results are complex."""

    def complex_of(x: np.ndarray) -> Any:
        found = function(x)
        if isinstance(found, tuple):
            return tuple(part.astype(np.result_type(part, np.complex64)) for part in found)
        return found.astype(np.result_type(found, np.complex64))

    return complex_of


for _plain, _deep, _one in zip(SQUARE, STACKED, ONE):
    for _x in (_plain, _deep, _one):
        sample("linalg.eigh", "plain", _x, before=hermitian, after=_pairs)
        sample("linalg.eigvalsh", "plain", _x, before=hermitian)
        sample("linalg.eig", "plain", _x, after=_pairs, reference=_complex(np.linalg.eig))
        sample("linalg.eigvals", "plain", _x, reference=_complex(np.linalg.eigvals))
    for _x in (_plain, _plain[:2], _plain[:, :2], _deep, _deep[:, :1], _one):
        sample("linalg.svd", "plain", _x, full_matrices=False, after=_thin)
        sample("linalg.svd", "axis", _x, after=_full)
        sample("linalg.svdvals", "plain", _x)
        sample("linalg.qr", "plain", _x)
        sample("linalg.qr", "axis", _x, mode="complete", after=_projected)
        sample("linalg.pinv", "plain", _x)
    sample("linalg.pinv", "tie", _plain, rtol=0.5)
    sample("linalg.pinv", "tie", _plain[:2], rtol=0.6)
    sample("linalg.pinv", "tie", _plain, rtol=0.9)
for _x in (*NONE, NO_BATCH):
    for _name in ("eigh", "eigvalsh", "eig", "eigvals", "svdvals", "qr", "pinv", "svd"):
        _own = {"reference": _complex(getattr(np.linalg, _name))} if _name in ("eig", "eigvals") else {}
        sample(f"linalg.{_name}", "empty", _x, **_own)

# ---------------------------------------------------------------- least squares, exponential


def _least_squares(x: np.ndarray, y: np.ndarray, rtol: float | None = None) -> tuple[Any, ...]:
    """Return what ``lstsq`` is to give, by the normal equations of the pseudoinverse."""
    rest: dict[str, Any] = {} if rtol is None else {"rtol": rtol}
    right = y[:, None] if y.ndim == 1 else y
    solution = np.linalg.pinv(x, **rest) @ right
    residuals = np.sum(np.abs(right - x @ solution) ** 2, axis=-2)
    if y.ndim == 1:
        solution, residuals = solution[..., 0], residuals[..., 0]
    return solution, residuals, np.linalg.matrix_rank(x, **rest), np.linalg.svdvals(x)


def _exponential(x: np.ndarray) -> np.ndarray:
    """Sum the series, of a matrix that is not large."""
    out = term = np.broadcast_to(np.eye(x.shape[-1]), x.shape).astype(x.dtype)
    for k in range(1, 30):
        term = term @ x / (8 * k)
        out = out + term
    return np.linalg.matrix_power(out, 8)


for _plain, _deep, _one in zip(SQUARE, STACKED, ONE):
    _tall, _wide = _deep[:, :, :2], _deep[:, :2]
    for _x, _y in ((_plain, _plain[0]), (_tall[0], _plain), (_wide[0], _plain[:2]), (_tall, _deep)):
        sample("linalg.lstsq", "plain", _x, _y, reference=_least_squares)
    sample("linalg.lstsq", "broadcast", _tall, _plain, reference=_least_squares)
    sample("linalg.lstsq", "broadcast", _tall, _plain[0], reference=_least_squares)
    for _x in (_plain, _deep, _one, 3 * _plain):
        sample("linalg.expm", "plain", _x, reference=_exponential)
    sample("linalg.expm", "tie", 0 * _plain, reference=_exponential, smooth=True)
sample("linalg.lstsq", "empty", X[:, :2], Y[:, :0], reference=_least_squares)
sample("linalg.lstsq", "empty", NO_BATCH, NO_BATCH, reference=_least_squares)
for _x in (*NONE, NO_BATCH):
    sample("linalg.expm", "empty", _x, reference=_exponential)
