"""Across the borders of other frameworks: ``anygrad.interop.torch``, ``.jax`` and ``.einops``.

Each is imported when it is first asked for, and needs its library then. Functions go both ways with their
gradients; arrays go on the same memory, wherever both libraries see that.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anygrad.interop import einops as einops
    from anygrad.interop import jax as jax
    from anygrad.interop import torch as torch

__all__ = ["einops", "jax", "torch"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted(__all__)
