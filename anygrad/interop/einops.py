"""What einops asks of a library of tensors. einops finds the class by itself once it is declared.

``import anygrad`` sees to that, whichever of the two is imported first (``arrivals``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from einops._backends import AbstractBackend

from anygrad.functions import FUNCTIONS
from anygrad.tensors import Tensor, asarray

__all__ = ["AnygradBackend"]


class AnygradBackend(AbstractBackend):  # type: ignore[misc]
    """Tensors of anygrad for einops, on every device."""

    framework_name = "anygrad"

    def is_appropriate_type(self, tensor: Any) -> bool:
        return isinstance(tensor, Tensor)

    def from_numpy(self, x: np.ndarray) -> Tensor:
        return asarray(x)

    def to_numpy(self, x: Tensor) -> np.ndarray:
        return x.numpy()

    def arange(self, start: int, stop: int) -> Any:
        return FUNCTIONS["arange"](start, stop)

    def transpose(self, x: Tensor, axes: Any) -> Any:
        return FUNCTIONS["permute_dims"](x, tuple(axes))

    def reduce(self, x: Tensor, operation: str, axes: Any) -> Any:
        return FUNCTIONS[operation](x, axis=tuple(axes))

    def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
        return FUNCTIONS["stack"](tensors)

    def add_axis(self, x: Tensor, new_position: int) -> Any:
        return FUNCTIONS["expand_dims"](x, axis=new_position)

    def tile(self, x: Tensor, repeats: Any) -> Any:
        return FUNCTIONS["tile"](x, tuple(repeats))

    def concat(self, tensors: list[Any], axis: int) -> Any:
        return FUNCTIONS["concat"](tensors, axis=axis)

    def is_float_type(self, x: Tensor) -> bool:
        return x.dtype.kind in "fc"

    def einsum(self, pattern: str, *x: Any) -> Any:
        return FUNCTIONS["einsum"](pattern, *x)
