"""What linear algebra gains from SciPy, where that is installed, and dtypes that do not depend on numbers."""

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


class NumpyAlgebra(ComplexEigenvalues):
    """The part of NumPy's backend that is there for matrices."""

    def linalg_solve_triangular(self, x: Any, y: Any, *, upper: bool, unit_diagonal: bool = False) -> Any:
        trsm = _trsm(x.dtype.char)
        if trsm is None or x.ndim > 2 or y.ndim > 2 or not y.size:
            return super().linalg_solve_triangular(x, y, upper=upper, unit_diagonal=unit_diagonal)
        # BLAS wants columns in a row of memory, so it is handed transposes, which are no copies, and solves
        # out.T @ x.T = y.T: from that side it is faster too.
        turned = not x.flags.f_contiguous
        if turned:
            x = np.ascontiguousarray(x).T
        return trsm(1.0, x, np.ascontiguousarray(y).T, 1, upper == turned, not turned, unit_diagonal).T

    def linalg_expm(self, x: Any) -> Any:
        expm = _expm()
        return super().linalg_expm(x) if expm is None else expm(x)


@functools.cache
def _trsm(char: str) -> Any:
    """Return BLAS's solver of triangles for a dtype; None without SciPy, or for other dtypes."""
    try:
        from scipy.linalg import blas
    except ImportError:
        return None
    return {"f": blas.strsm, "d": blas.dtrsm, "F": blas.ctrsm, "D": blas.ztrsm}.get(char)


@functools.cache
def _expm() -> Any:
    try:
        from scipy.linalg import expm
    except ImportError:
        return None
    return expm
