"""Banded systems: a row that SciPy computes on NumPy, in time that grows with n and the bands.

``linalg.solve_banded`` calls it, and what interpolates. Its derivative is a banded system again.
"""

from __future__ import annotations

from typing import Any

from anygrad.errors import UnsupportedError
from anygrad.op import operation
from anygrad.rules import shifted
from anygrad.scipy.doors import declared

__all__ = ["banded", "diagonals_of"]


def _solved(xp: Any, ab: Any, b: Any, lu: tuple[int, int]) -> Any:
    try:
        solve = xp.scipy_function("linalg", "solve_banded")
    except UnsupportedError:
        return xp.linalg.solve(diagonals_of(xp, ab, lu[1]), b)
    return solve(lu, ab, b, check_finite=False)


def diagonals_of(xp: Any, ab: Any, above: int) -> Any:
    """Return the square matrices with ``a[i, j] = ab[above + i - j, j]``, zero where ab has no such row."""
    rows, n = ab.shape[-2:]
    i, j = (xp.reshape(xp.arange(n, device=xp.device), shape) for shape in ((n, 1), (1, n)))
    row = i - j + above
    flat = xp.reshape(xp.clip(row, 0, rows - 1) * n + j, (-1,))
    taken = xp.take(xp.reshape(ab, (*ab.shape[:-2], rows * n)), flat, axis=-1)
    taken = xp.reshape(taken, (*ab.shape[:-2], n, n))
    return xp.where(xp.logical_and(row >= 0, row < rows), taken, xp.zeros_like(taken))


def _transposed(xp: Any, ab: Any, lu: tuple[int, int]) -> Any:
    """Return the diagonals of the transposed matrix."""
    lower, upper = lu
    rows = [shifted(xp, ab[upper - d, :], 0, -d, xp.zeros_like) for d in range(-lower, upper + 1)]
    return xp.stack(rows)


def _dab(xp: Any, g: Any, ab: Any, out: Any, lu: tuple[int, int]) -> Any:
    gb = xp.scipy.banded(_transposed(xp, ab, lu), g, lu[::-1])
    rows = range(lu[1], -lu[0] - 1, -1)
    return -xp.stack([xp.sum(shifted(xp, gb, 0, d, xp.zeros_like) * out, axis=1) for d in rows])


banded = declared(
    operation(
        "scipy.banded",
        lambda xp, ab, b, lu: _solved(xp, ab, b, lu),
        inputs="ab b",
        prepare=lambda ab, b, /, lu: {"lu": lu},
        dab=_dab,
        db=lambda xp, g, ab, lu: xp.scipy.banded(_transposed(xp, ab, lu), g, lu[::-1]),
        public=False,
        accepts="floating",
        doc="""Solve a banded system for the columns of ``b``.

    Row ``upper + i - j`` of ``ab`` holds entry (i, j). SciPy's ``solve_banded`` on NumPy, elsewhere a dense
    solve. Both have one dtype.""",
        source="Giles 2008, An extended collection of matrix derivative results, 2.3.1.",
    )
)
