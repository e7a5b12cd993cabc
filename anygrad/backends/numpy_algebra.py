"""Linear algebra on NumPy: triangles solved block by block, and dtypes that do not depend on numbers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from anygrad.backends.algebra import AlgebraExtras

__all__ = ["ComplexEigenvalues", "NumpyAlgebra"]


class ComplexEigenvalues(AlgebraExtras):
    """Eigenvalues of general matrices are complex, as the standard has it, also where all are real."""

    if TYPE_CHECKING:
        module: Any

    def linalg_eig(self, x: Any) -> Any:
        values, vectors = self.module.linalg.eig(x)
        return _complex(values), _complex(vectors)

    def linalg_eigvals(self, x: Any) -> Any:
        return _complex(self.module.linalg.eigvals(x))


def _complex(x: Any) -> Any:
    return x.astype(np.result_type(x.dtype, np.complex64), copy=False)


BLOCK = 48
"""The size of the triangles that are solved at once: what lies between them is left to matrix products."""


class NumpyAlgebra(ComplexEigenvalues):
    """The part of NumPy's backend that is there for matrices."""

    def linalg_solve_triangular(self, x: Any, y: Any, *, upper: bool, unit_diagonal: bool = False) -> Any:
        # SciPy's solver would be one call, but of another BLAS, whose threads wait for those of NumPy's.
        solve = functools.partial(super().linalg_solve_triangular, upper=upper, unit_diagonal=unit_diagonal)
        n, many = x.shape[-1], y.shape[-1] > BLOCK // 2
        if n <= BLOCK:
            return solve(x, y)
        out = np.empty(y.shape, y.dtype)
        starts = range(0, n, BLOCK)
        for start in reversed(starts) if upper else starts:
            part = slice(start, min(start + BLOCK, n))
            rest = slice(part.stop, n) if upper else slice(0, start)
            block, right = x[..., part, part], y[..., part, :] - x[..., part, rest] @ out[..., rest, :]
            if many:
                one = np.broadcast_to(np.eye(part.stop - start, dtype=x.dtype), block.shape)
                out[..., part, :] = solve(block, one) @ right
            else:
                out[..., part, :] = solve(block, right)
        return out

    def linalg_expm(self, x: Any) -> Any:
        expm = _expm()
        return super().linalg_expm(x) if expm is None else expm(x)


@functools.cache
def _expm() -> Any:
    """Return SciPy's exponential of matrices, or None."""
    try:
        from scipy.linalg import expm
    except ImportError:
        return None
    return expm
