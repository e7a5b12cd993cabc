"""Order and positions on PyTorch, which has little for wide unsigned integers and searches no NaN.

Unsigned integers are read as signed ones: bit for bit to be moved and added, shifted to be ordered.
"""

from __future__ import annotations

from typing import Any

import torch

from anygrad.backends.ordering import OrderingExtras

__all__ = ["TorchOrdering"]

SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}
LEAST = -(2**63)


def _signed(x: Any) -> Any:
    return x.view(SIGNED.get(x.dtype, x.dtype))


class TorchOrdering(OrderingExtras):
    """The part of PyTorch's backend that is there for order."""

    def sortable(self, x: Any) -> Any:
        if x.dtype not in SIGNED:
            return super().sortable(x)
        return _signed(x) ^ LEAST if x.dtype is torch.uint64 else x.to(torch.int64)

    def unsortable(self, key: Any, dtype: Any) -> Any:
        return (key ^ LEAST).view(dtype) if dtype is torch.uint64 else key.to(dtype)

    def searchsorted(self, x: Any, y: Any, /, *, side: str = "left") -> Any:
        x, y = self.sortable(x).contiguous(), self.sortable(y).contiguous()
        if not x.dtype.is_floating_point:
            return torch.searchsorted(x, y, side=side)
        # The numbers, which NaN follows, are searched without it.
        count = (x == x).sum()
        found = torch.searchsorted(torch.where(x == x, x, torch.inf), y, side=side)
        end = x.shape[0] if side == "right" else count
        return torch.where(y == y, torch.minimum(found, count), end)

    def nonzero(self, x: Any) -> Any:
        return torch.nonzero(_signed(x), as_tuple=True)

    def take(self, x: Any, indices: Any, axis: int) -> Any:
        return torch.index_select(_signed(x), axis, indices).view(x.dtype)

    def index_add(self, x: Any, index: Any, values: Any, axis: int) -> Any:
        return torch.index_add(_signed(x), axis, index, _signed(values)).view(x.dtype)
