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


class Side(NamedTuple):
    """How an operand becomes matrices: permuted, the ``first`` axes after the batch made one, and the rest.

    ``order`` is None where the axes stand so already; ``turned``, where they do for the transposed matrices.
    """

    order: Axes | None
    first: int
    turned: bool


class Layout(NamedTuple):
    """How two operands are multiplied as matrices; ``found`` are the letters of the product."""

    batch: int
    x: Side
    y: Side
    found: str
    out: Axes | None


def _order(given: str, wanted: str) -> Axes | None:
    return None if given == wanted else tuple(map(given.index, wanted))


def _side(given: str, batch: str, first: str, last: str) -> Side:
    if given == batch + last + first != batch + first + last:
        return Side(None, len(last), True)
    return Side(_order(given, batch + first + last), len(first), False)


@functools.lru_cache(4096)
def layout(a: str, b: str, c: str) -> Layout | None:
    """Return how arrays whose axes are ``a`` and ``b`` give one whose axes are ``c``; None without a sum."""
    batch = "".join(k for k in a if k in b and k in c)
    summed = "".join(k for k in a if k in b and k not in c)
    rows, columns = ("".join(k for k in mine if k not in other) for mine, other in ((a, b), (b, a)))
    if not summed:
        return None
    found = batch + rows + columns
    x, y = _side(a, batch, rows, summed), _side(b, batch, summed, columns)
    return Layout(len(batch), x, y, found, _order(found, c))


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
        if plan is None:
            return self._spread_by(x, a, c) * self._spread_by(y, b, c)
        lengths = dict(zip(a, x.shape, strict=True)) | dict(zip(b, y.shape, strict=True))
        shape = tuple(lengths[k] for k in plan.found)
        out = self.matmul(self._matrices(x, plan.x, plan.batch), self._matrices(y, plan.y, plan.batch))
        if out.shape != shape:
            out = self.reshape(out, shape)
        return out if plan.out is None else self.permute_dims(out, plan.out)

    def _matrices(self, x: Any, side: Side, batch: int) -> Any:
        if side.order is not None:
            x = self.permute_dims(x, side.order)
        lengths, middle = x.shape, batch + side.first
        if middle != batch + 1 or len(lengths) != batch + 2:
            x = self.reshape(x, (*lengths[:batch], prod(lengths[batch:middle]), prod(lengths[middle:])))
        return self.matrix_transpose(x) if side.turned else x

    def _spread_by(self, x: Any, a: str, c: str) -> Any:
        """Return x with its axes in the order of ``c``, of length 1 where it has none."""
        lengths = dict(zip(a, x.shape, strict=True))
        order = _order(a, "".join(k for k in c if k in a))
        if order is not None:
            x = self.permute_dims(x, order)
        return self.reshape(x, tuple(lengths.get(k, 1) for k in c)) if len(a) < len(c) else x
