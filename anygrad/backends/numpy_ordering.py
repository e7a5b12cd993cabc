"""Order on NumPy: its fastest sort where no one can tell that from the stable one, and its own sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.backends.ordering import OrderingExtras

__all__ = ["NumpyOrdering"]


class NumpyOrdering(OrderingExtras):
    """The part of NumPy's backend that is there for order."""

    def sort(self, x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
        # Of equal real numbers only zeros of both signs differ, and the stable sort takes ten times as long.
        if x.dtype.kind in "biu":
            stable = False
        elif stable and x.dtype.kind == "f":
            stable = bool(np.any(np.signbit(x) & (x == 0)))
        return super().sort(x, axis=axis, descending=descending, stable=stable)

    def unique_values(self, x: Any, /) -> Any:
        return np.unique(x, equal_nan=False)
