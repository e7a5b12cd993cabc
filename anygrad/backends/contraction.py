"""Contraction of two arrays over axes that letters name, in standard functions: the extra ``contract``.

Most contractions are one product of matrices: axes that both arrays have and the result keeps are a batch,
those that one has are rows or columns, those that the result lacks are summed over. Knows no array library.
"""

from __future__ import annotations

import functools
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

__all__ = ["ContractionExtras"]

Axes = tuple[int, ...]


class Layout(NamedTuple):
    """How axes are permuted to (batch, rows, summed) and (batch, summed, columns), and the result's back.

    None where the order is that already. ``batch``, ``rows`` and ``summed`` count axes.
    """

    batch: int
    rows: int
    summed: int
    x: Axes | None
    y: Axes | None
    out: Axes | None


def _order(axes: Axes) -> Axes | None:
    return None if axes == tuple(range(len(axes))) else axes


@functools.lru_cache(4096)
def layout(a: str, b: str, c: str) -> Layout:
    """Return how arrays whose axes are ``a`` and ``b`` give one whose axes are ``c``."""
    batch = [k for k in a if k in b and k in c]
    rows = [k for k in a if k not in b]
    summed = [k for k in a if k in b and k not in c]
    columns = [k for k in b if k not in a]
    found = [*batch, *rows, *columns]
    return Layout(
        len(batch),
        len(rows),
        len(summed),
        _order(tuple(map(a.index, [*batch, *rows, *summed]))),
        _order(tuple(map(b.index, [*batch, *summed, *columns]))),
        _order(tuple(map(found.index, c))),
    )


class ContractionExtras:
    """The part of a backend that contracts; ``self`` is the backend, which has the standard."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def contract(self, x: Any, y: Any, a: str, b: str, c: str) -> Any:
        """Sum products of x and y, of one dtype, over the axes whose letters ``c`` lacks.

        ``a``, ``b``, ``c`` name the axes of x, y and the result by a letter each; no string repeats one, and
        each letter is in two of them at least, so that a gradient is a contraction of the same kind.
        """
        if self.dtype_of(x) == np.bool_:
            whole = self.natives[np.dtype("int32")]
            return self.contract(self.astype(x, whole), self.astype(y, whole), a, b, c) != 0
        plan = layout(a, b, c)
        if not plan.summed:
            return self._spread_by(x, a, c) * self._spread_by(y, b, c)
        if plan.x is not None:
            x = self.permute_dims(x, plan.x)
        if plan.y is not None:
            y = self.permute_dims(y, plan.y)
        first = plan.batch + plan.rows
        batch, rows, columns = (
            x.shape[: plan.batch],
            x.shape[plan.batch : first],
            y.shape[plan.batch + plan.summed :],
        )
        inner = prod(x.shape[first:])
        if plan.rows != 1 or plan.summed != 1:
            x = self.reshape(x, (*batch, prod(rows), inner))
        if len(columns) != 1 or plan.summed != 1:
            y = self.reshape(y, (*batch, inner, prod(columns)))
        out = self.matmul(x, y)
        if plan.rows != 1 or len(columns) != 1:
            out = self.reshape(out, (*batch, *rows, *columns))
        return out if plan.out is None else self.permute_dims(out, plan.out)

    def _spread_by(self, x: Any, a: str, c: str) -> Any:
        """Return x with its axes in the order of ``c``, of length 1 where it has none."""
        order = tuple(a.index(k) for k in c if k in a)
        lengths = dict(zip(a, x.shape, strict=True))
        if _order(order) is not None:
            x = self.permute_dims(x, order)
        return self.reshape(x, tuple(lengths.get(k, 1) for k in c)) if len(a) < len(c) else x
