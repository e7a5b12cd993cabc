"""Sorting, searching and sets on a backend, the same on every library: descending, truth values, repeats.

Ascending order is the library's own, NaN last; descending is that backwards, NaN first, and equal entries
keep their order in both. Positions are of the default integer dtype. What a library cannot order it makes
``sortable``. Knows no array library.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

__all__ = ["OrderingExtras"]


class OrderingExtras:
    """The part of a backend that is there for order; ``self`` is the backend, which has the standard."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def sortable(self, x: Any) -> Any:
        """Return numbers that the library can order, in the order of x: integers for truth values."""
        return self._as(x, "int8") if self.dtype_of(x) == np.dtype("bool") else x

    def unsortable(self, key: Any, dtype: Any) -> Any:
        """Return what ``sortable`` was given."""
        return self.astype(key, dtype)

    def _as(self, x: Any, dtype: str) -> Any:
        return self.astype(x, self.natives[self.within(np.dtype(dtype))], copy=False)

    def sort(self, x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
        """Return x sorted along an axis."""
        key = self.sortable(x)
        if descending:
            backwards = self.module.sort(self.flip(key, axis=axis), axis=axis, stable=stable)
            out = self.owned(self.flip(backwards, axis=axis))
        else:
            out = self.module.sort(key, axis=axis, stable=stable)
        return out if key is x else self.unsortable(out, x.dtype)

    def argsort(self, x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
        """Return the positions that sort x along an axis."""
        key = self.sortable(x)
        if descending:
            backwards = self.module.argsort(self.flip(key, axis=axis), axis=axis, stable=stable)
            return x.shape[axis] - 1 - self._as(self.flip(backwards, axis=axis), "int64")
        return self._as(self.module.argsort(key, axis=axis, stable=stable), "int64")

    def searchsorted(self, x: Any, y: Any, /, *, side: str = "left") -> Any:
        """Return where each y is to be inserted in a sorted x."""
        return self._as(self.module.searchsorted(self.sortable(x), self.sortable(y), side=side), "int64")

    def unique_all(self, x: Any, /) -> tuple[Any, Any, Any, Any]:
        """Return the values that occur, sorted, where each is first, which one each entry is, and how often.

        NaN differs from NaN. Waits for the device, to know how many there are.
        """
        n = math.prod(x.shape)
        one = min(n, 1)
        flat = self.reshape(x, (-1,))
        order = self._order(flat)
        ordered = self.take(flat, order, axis=0)
        start = self.ones((one,), dtype=self.natives[np.dtype("bool")], device=self.device)
        fresh = self.concat([start, ordered[one:] != ordered[: n - one]])
        starts = self._as(self.nonzero(fresh)[0], "int64")
        end = self.full((one,), n, dtype=starts.dtype, device=self.device)
        group = self.cumulative_sum(self._as(fresh, "int64"), axis=0) - 1
        return (
            self.take(ordered, starts, axis=0),
            self.take(order, starts, axis=0),
            self.reshape(self.take(group, self.argsort(order), axis=0), x.shape),
            self.concat([starts[one:], end]) - starts,
        )

    def unique_values(self, x: Any, /) -> Any:
        """Return the values that occur, sorted; NaN differs from NaN. Waits for the device."""
        return self.unique_all(x)[0]

    def _order(self, x: Any) -> Any:
        """Return what sorts a vector; complex numbers by their real parts, then by their imaginary parts."""
        if self.dtype_of(x).kind != "c":
            return self.argsort(x)
        order = self.argsort(self.imag(x))
        return self.take(order, self.argsort(self.take(self.real(x), order, axis=0)), axis=0)
