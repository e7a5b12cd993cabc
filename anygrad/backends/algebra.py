"""The extensions of the standard on a backend, and what linear algebra needs beyond ``xp.linalg``.

``xp.linalg.inv`` is the library's own function, or the backend's method ``linalg_inv`` where it has one.
``solve_triangular``, ``expm`` and ``cofactor`` are no names of the standard: written here in its functions,
replaced where a library has its own. Each is also a row, so that formulas differentiate what they call.
Knows no array library.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

from anygrad.backends.special import SPECIAL

__all__ = ["EXTENSIONS", "AlgebraExtras", "Extension"]

_LINALG = """
    cholesky cofactor cross det diagonal eig eigh eigvals eigvalsh expm inv matmul matrix_norm matrix_power
    matrix_rank matrix_transpose outer pinv qr slogdet solve solve_triangular svd svdvals tensordot trace
    vecdot vector_norm
"""
EXTENSIONS = {
    "fft": ("fftn", "ifftn", "irfft", "rfft"),
    "linalg": tuple(_LINALG.split()),
    "special": SPECIAL,
}
"""What a formula may call of each extension."""

PADE = (
    *(64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000),
    *(10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1),
)
"""The coefficients of the diagonal Padé approximant of degree 13 to exp (Higham, 2005)."""
REACH = 5.37
"""The 1-norm up to which that approximant is exact in double precision."""
SQUARINGS = 16
"""How often the default ``expm`` squares at most: beyond a norm of 351,000 its result is NaN."""


class Extension:
    """The functions of an extension on one backend; what the library lacks is an ``AttributeError``."""

    def __init__(self, xp: Any, name: str) -> None:
        self.name = f"{xp.name}.{name}"
        library = getattr(xp.module, name, None)
        for function in EXTENSIONS[name]:
            found = getattr(xp, f"{name}_{function}", None) or getattr(library, function, None)
            if found is not None:
                setattr(self, function, found)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"[{self.__dict__.get('name', '?')}] the library has no function {name!r}")


class AlgebraExtras:
    """The part of a backend that is there for matrices; ``self`` is the backend, which has the standard."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @functools.cached_property
    def linalg(self) -> Extension:
        """The extension ``linalg`` of the standard, and more."""
        return Extension(self, "linalg")

    def _diagonals(self, x: Any) -> Any:
        """Tell of each entry of square matrices whether it is on the diagonal."""
        rows = self.arange(x.shape[-1], device=self.device)
        return self.reshape(rows, (-1, 1)) == rows

    def linalg_solve_triangular(self, x: Any, y: Any, *, upper: bool, unit_diagonal: bool = False) -> Any:
        """Solve with a triangle of x; a zero on its diagonal gives NaN. The leading axes are equal."""
        diagonal = self._diagonals(x)
        x = self.triu(x) if upper else self.tril(x)
        if unit_diagonal:
            return self.linalg.solve(self.where(diagonal, 1, x), y)
        # A library's solver may raise where the others give NaN.
        singular = self.any(diagonal & (x == 0), axis=(-2, -1), keepdims=True)
        return self.linalg.solve(self.where(singular, math.nan, x), y)

    def linalg_cofactor(self, x: Any) -> Any:
        """Return the cofactors of square matrices, of any rank: ``det(x) * inv(x).mT`` where that exists."""
        # A library's singular values may raise where a determinant is NaN.
        finite = self.all(self.isfinite(x), axis=(-2, -1), keepdims=True)
        u, s, vh = self.linalg.svd(self.where(finite, x, 0))
        others = self.where(self._diagonals(x), 1, self.expand_dims(s, axis=-2))
        turn = self.linalg.det(u) * self.linalg.det(vh)
        turn = self.reshape(turn, (*turn.shape, 1)) * self.prod(others, axis=-1)
        if x.dtype != s.dtype:
            u, vh = self.conj(u), self.conj(vh)
        return self.where(finite, self.matmul(u * self.expand_dims(turn, axis=-2), vh), math.nan)

    def linalg_expm(self, x: Any) -> Any:
        """Return the matrix exponential by scaling and squaring (Higham, 2005), without asking for a norm."""
        norm = self.max(self.sum(self.abs(x), axis=-2, keepdims=True), axis=-1, keepdims=True)
        times = self.ceil(self.log2(self.where(norm > REACH, norm / REACH, 1)))
        x = x * self.where(times > SQUARINGS, math.nan, self.pow(0.5 * self.ones_like(times), times))
        one = self.astype(self._diagonals(x), x.dtype)
        even, odd, power, square = PADE[0] * one, PADE[1] * one, one, self.matmul(x, x)
        for i in range(2, len(PADE), 2):
            power = self.matmul(power, square)
            even, odd = even + PADE[i] * power, odd + PADE[i + 1] * power
        odd = self.matmul(x, odd)
        out = self.linalg.solve(even - odd, even + odd)
        for i in range(SQUARINGS):
            out = self.where(times > i, self.matmul(out, out), out)
        return out
