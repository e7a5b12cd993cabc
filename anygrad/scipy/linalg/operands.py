"""How matrices come in: as floating tensors of one namespace, checked as SciPy's ``check_finite`` has it.

``overwrite_*``, ``lwork`` and drivers are taken everywhere and do nothing: no argument is overwritten.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, message
from anygrad.scipy.doors import floating, given

__all__ = ["adjoint", "by_cholesky", "floats", "hermitian", "is_complex", "swapped"]


def floats(op: str, check_finite: bool = False, /, **operands: Any) -> tuple[Any, ...]:
    """Return the namespace and the operands as floating tensors; None stays None.

    ``check_finite`` raises ``ArgumentError`` for inf and NaN on NumPy; elsewhere it would wait for the
    device.
    """
    xp, *tensors = given(op, **operands)
    found = []
    for name, x in zip(operands, tensors, strict=True):
        x = x if x is None else floating(x)
        if x is not None and check_finite and x.xp.name == "cpu" and not np.isfinite(x.array).all():
            advice = "expected finite numbers", "pass check_finite=False to let them through"
            raise ArgumentError(message(op, f"{name} holds inf or NaN", *advice))
        found.append(x)
    return xp, *found


def is_complex(x: Any) -> bool:
    """Tell whether a tensor holds complex numbers."""
    return bool(x.dtype.kind == "c")


def adjoint(xp: Any, x: Any) -> Any:
    """Return conjugated transposes."""
    x = xp.matrix_transpose(x)
    return xp.conj(x) if is_complex(x) else x


def swapped(xp: Any, x: Any, trans: Any, op: str) -> Any:
    """Return x, its transpose or its adjoint, as SciPy's ``trans`` has it: 0, 1, 2, or "N", "T", "C"."""
    if trans in (0, "N"):
        return x
    if trans in (1, "T"):
        return xp.matrix_transpose(x)
    if trans in (2, "C"):
        return adjoint(xp, x)
    raise ArgumentError(message(op, f"trans is {trans!r}", "expected 0, 1, 2, 'N', 'T' or 'C'"))


def hermitian(xp: Any, x: Any, lower: bool, conjugated: bool = True) -> Any:
    """Return the Hermitian (or symmetric) matrices of which x has one triangle; the other is not read.

    The diagonal of a Hermitian matrix is real.
    """
    strict = xp.tril(x, k=-1) if lower else xp.triu(x, k=1)
    other = adjoint(xp, strict) if conjugated else xp.matrix_transpose(strict)
    diagonal = xp.tril(xp.triu(x))
    if is_complex(x) and conjugated:
        diagonal = xp.astype(xp.real(diagonal), x.dtype)
    return strict + diagonal + other


def by_cholesky(xp: Any, c: Any, b: Any, lower: bool) -> Any:
    """Solve with the Cholesky factor of a matrix."""
    first, second = (c, adjoint(xp, c)) if lower else (adjoint(xp, c), c)
    half = xp.linalg.solve_triangular(first, b, upper=False)
    return xp.linalg.solve_triangular(second, half, upper=True)
