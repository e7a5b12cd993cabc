"""What NumPy has a meaning for and the standard refuses: truth values, or real numbers, in certain places.

Wraps a library's own functions, so that each kind of input gives what it gives in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["WIDENED", "widened"]

Function = Callable[..., Any]
_WIDENED = """
    all any argmax argmin astype clip cumulative_prod cumulative_sum floor_divide imag max min prod real
    remainder sum
"""
WIDENED = tuple(_WIDENED.split())


def widened(xp: Any, name: str, function: Function) -> Function:
    """Return a library's function as one that takes every kind of input that NumPy's takes."""

    def kind(x: Any) -> str:
        found: str = xp.dtype_of(x).kind
        return found

    def counted(x: Any) -> Any:
        return xp.module.astype(x, xp.natives[np.dtype("int8")]) if kind(x) == "b" else x

    def position(x: Any, **keywords: Any) -> Any:
        return function(counted(x), **keywords)

    def extremum(x: Any, **keywords: Any) -> Any:
        out = function(counted(x), **keywords)
        return xp.module.astype(out, x.dtype) if kind(x) == "b" else out

    def clip(x: Any, min: Any = None, max: Any = None) -> Any:
        out = function(counted(x), *(counted(b) if hasattr(b, "dtype") else b for b in (min, max)))
        return xp.module.astype(out, x.dtype) if kind(x) == "b" else out

    def astype(x: Any, dtype: Any, **keywords: Any) -> Any:
        to_truth = kind(x) == "c" and xp.dtypes.get(dtype) == np.dtype("bool")
        return x != 0 if to_truth else function(x, dtype, **keywords)

    def real(x: Any) -> Any:
        return function(x) if kind(x) == "c" else x

    def imag(x: Any) -> Any:
        return function(x) if kind(x) == "c" else xp.zeros_like(x)

    def truth(x: Any, **keywords: Any) -> Any:
        return function(x != 0 if kind(x) == "c" else x, **keywords)

    def accumulated(x: Any, **keywords: Any) -> Any:
        wide = {"i": "int64", "b": "int64", "u": "uint64"}.get(kind(x))
        if wide is not None:
            x = xp.module.astype(x, xp.natives[xp.within(np.dtype(wide))], copy=False)
        return function(x, **keywords)

    def divided(x: Any, y: Any) -> Any:
        """Divide; by an integer zero the result is 0."""
        if kind(x if hasattr(x, "dtype") else y) not in "iu":
            return function(x, y)
        if not hasattr(y, "dtype"):
            return function(x, y) if y else xp.zeros_like(x)
        nothing = y == 0
        out = function(x, xp.where(nothing, xp.ones_like(y), y))
        return xp.where(nothing, xp.zeros_like(out), out)

    forms: dict[str, Function] = {"astype": astype, "clip": clip, "real": real, "imag": imag}
    forms |= dict.fromkeys(("argmax", "argmin"), position) | dict.fromkeys(("max", "min"), extremum)
    forms |= dict.fromkeys(("all", "any"), truth) | dict.fromkeys(("floor_divide", "remainder"), divided)
    return forms.get(name, accumulated)
