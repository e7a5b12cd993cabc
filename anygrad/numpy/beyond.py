"""``numpy.lib``: sliding windows, and functions that are complex where real numbers do not do (``emath``)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from anygrad.errors import ShapeError, message
from anygrad.numpy import table
from anygrad.numpy.table import Array, Fixed, Operand, Unused, table_of
from anygrad.rules import axis_in

__all__ = ["emath", "lib"]

windowed = functools.partial(table.published, within="lib.stride_tricks")
published = functools.partial(table.published, within="lib.scimath")


@windowed
def sliding_window_view(
    xp: Any, x: Array, window_shape: Any, axis: Any = None, *, subok: Unused = False, writeable: Fixed = False
) -> Any:
    """Return the windows that slide over axes, in last axes of their own, as a copy."""
    lengths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(lengths) != len(axes):
        got = f"window_shape is {window_shape}, axis is {axis}"
        raise ShapeError(message("sliding_window_view", got, "expected a length for each axis"))
    for n, i in zip(lengths, axes, strict=True):
        i = axis_in("sliding_window_view", i, x.ndim)
        count = x.shape[i] - n + 1
        if n < 0 or count < 1:
            got = f"axis {i} has length {x.shape[i]}, the window {n}"
            raise ShapeError(message("sliding_window_view", got, "the window is to fit"))
        index = np.arange(count)[:, None] + np.arange(n)
        parts = xp.take(x, xp.asarray(index.reshape(-1)), axis=i)
        parts = xp.reshape(parts, (*x.shape[:i], count, n, *x.shape[i + 1 :]))
        x = xp.moveaxis(parts, i + 1, -1)
    return x


def _complex(xp: Any, x: Any, outside: Any) -> Any:
    """Return x as complex numbers where some of it lies outside of what a real function takes."""
    x = x if x.dtype.kind in "fc" else xp.astype(x, xp.float64)
    if x.dtype.kind == "c" or not bool(xp.any(outside(x.detach()))):
        return x
    return xp.astype(x, xp.result_type(x.dtype, xp.complex64))


def _beyond(name: str, standard: str, outside: Callable[[Any], Any]) -> None:
    """Publish a function of one operand."""

    def function(xp: Any, x: Array) -> Any:
        return getattr(xp, standard)(_complex(xp, x, outside))

    function.__name__ = name
    function.__doc__ = f"Do what ``anygrad.{standard}`` does, in complex numbers where real ones do not do."
    published(function)


for _name in ("sqrt", "log", "log2", "log10"):
    _beyond(_name, _name, lambda x: x < 0)
for _name, _standard in (("arccos", "acos"), ("arcsin", "asin"), ("arctanh", "atanh")):
    _beyond(_name, _standard, lambda x: abs(x) > 1)


@published
def logn(xp: Any, n: Array, x: Array) -> Any:
    """Return the logarithm to the base n."""
    n, x = (_complex(xp, v, lambda v: v < 0) for v in (n, x))
    return xp.log(x) / xp.log(n)


@published
def power(xp: Any, x: Array, p: Operand) -> Any:
    """Return x to the power p."""
    return _complex(xp, x, lambda v: v < 0) ** p


emath = SimpleNamespace(**table_of("lib.scimath"))
lib = SimpleNamespace(scimath=emath, stride_tricks=SimpleNamespace(**table_of("lib.stride_tricks")))
