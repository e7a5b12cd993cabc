"""What NumPy has a meaning for and the standard refuses: truth values, or real numbers, in certain places.

Wraps a library's own functions, so that each kind of input gives what it gives in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["WIDENED", "widened"]

Function = Callable[..., Any]
WIDENED = ("argmax", "argmin", "astype", "imag", "max", "min", "real")


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

    def astype(x: Any, dtype: Any, **keywords: Any) -> Any:
        truth = kind(x) == "c" and xp.dtypes.get(dtype) == np.dtype("bool")
        return x != 0 if truth else function(x, dtype, **keywords)

    def real(x: Any) -> Any:
        return function(x) if kind(x) == "c" else x

    def imag(x: Any) -> Any:
        return function(x) if kind(x) == "c" else xp.zeros_like(x)

    forms: dict[str, Function] = {"astype": astype, "real": real, "imag": imag}
    forms |= dict.fromkeys(("argmax", "argmin"), position) | dict.fromkeys(("max", "min"), extremum)
    return forms[name]
