"""NumPy's functions that choose among entries, take them by position, and compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from anygrad.construction import SCALARS
from anygrad.errors import ArgumentError, message
from anygrad.numpy.shapes import host
from anygrad.numpy.table import Array, Arrays, Operand, Out, Results, lifted, published
from anygrad.rules import axis_in

__all__: list[str] = []

# ---------------------------------------------------------------- choosing


@published
def where(xp: Any, condition: Array, x: Operand = None, y: Operand = None, /) -> Results:
    """Return x where a condition is true, else y; of a condition alone the positions where it is."""
    if x is None and y is None:
        return xp.nonzero(condition)
    if x is None or y is None:
        raise ArgumentError(message("where", "got one of x and y", "expected both, or neither"))
    if x.__class__ in SCALARS and y.__class__ in SCALARS:
        x = xp.asarray(x, dtype=np.result_type(type(x), type(y)))
    return xp.where(condition if condition.dtype.kind == "b" else condition != 0, x, y)


@published
def select(xp: Any, condlist: Arrays, choicelist: Arrays, default: Operand = 0) -> Any:
    """Return of each entry what stands beside the first condition that is true."""
    if len(condlist) != len(choicelist) or not condlist:
        got = f"got {len(condlist)} conditions and {len(choicelist)} choices"
        raise ArgumentError(message("select", got, "expected as many of both, and at least one"))
    result: Any = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        result = xp.where(condition, choice, result)
    return result


@published
def choose(xp: Any, a: Array, choices: Arrays, out: Out = None, mode: str = "raise") -> Any:
    """Return of each entry that of the choice with its number."""
    n, number = len(choices), a
    if mode == "raise" and np.any((host(a) < 0) | (host(a) >= n)):
        raise ArgumentError(message("choose", f"there are {n} choices", "expected their numbers"))
    number = a % n if mode == "wrap" else xp.clip(a, 0, n - 1)
    result = choices[0]
    for i in range(1, n):
        result = xp.where(number == i, choices[i], result)
    return xp.broadcast_to(result, np.broadcast_shapes(result.shape, a.shape))


@published
def piecewise(xp: Any, x: Array, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """Return of each entry the last function's value whose condition is true: called on those entries."""
    single = hasattr(condlist, "ndim") and condlist.ndim == x.ndim
    if single or (isinstance(condlist, list | tuple) and condlist and condlist[0].__class__ is bool):
        condlist = [condlist]
    _, conditions = lifted("piecewise", [*condlist], ["a condition"] * len(condlist), weak=False)
    if len(funclist) == len(conditions) + 1:
        rest = ~conditions[0]
        for condition in conditions[1:]:
            rest = rest & ~condition
        conditions = [*conditions, rest]
    if len(funclist) != len(conditions):
        got = f"got {len(conditions)} conditions and {len(funclist)} functions"
        raise ArgumentError(message("piecewise", got, "expected as many, or one function more"))
    out = xp.zeros_like(x)
    for condition, function in zip(conditions, funclist, strict=True):
        mask = xp.broadcast_to(condition, x.shape)
        if not callable(function):
            out[mask] = function
        elif np.any(host(mask)):
            out[mask] = function(x[mask], *args, **kw)
    return out


@published
def take(
    xp: Any, a: Array, indices: Array, axis: int | None = None, out: Out = None, mode: str = "raise"
) -> Any:
    """Return the entries at positions along an axis (None: of all)."""
    a, axis = (xp.reshape(a, (-1,)), 0) if axis is None else (a, axis_in("take", axis, a.ndim))
    n = a.shape[axis]
    indices = xp.astype(indices, xp.int64) if indices.dtype.kind == "b" else indices  # no mask
    if mode == "wrap":
        indices = indices % n
    elif mode == "clip":
        indices = xp.clip(indices, 0, n - 1)
    return a[(slice(None),) * axis + (indices,)]


@published
def take_along_axis(xp: Any, arr: Array, indices: Array, axis: int | None = -1) -> Any:
    """Return along each line of an axis the entries at positions of its own."""
    arr, axis = (xp.reshape(arr, (-1,)), -1) if axis is None else (arr, axis)
    return xp.take_along_axis(arr, indices, axis=axis)


@published
def compress(xp: Any, condition: Array, a: Array, axis: int | None = None, out: Out = None) -> Any:
    """Return the entries along an axis (None: of all) where a condition is true."""
    return take(a, xp.nonzero(condition)[0], axis)


@published
def extract(xp: Any, condition: Array, arr: Array) -> Any:
    """Return the entries where a condition is true, in one axis."""
    return compress(xp.reshape(condition, (-1,)), xp.reshape(arr, (-1,)))


# ---------------------------------------------------------------- functions along axes


@published
def apply_along_axis(
    xp: Any, func1d: Callable[..., Any], axis: int, arr: Array, *args: Any, **kwargs: Any
) -> Any:
    """Call a function on each line of an axis, and put together what it gives."""
    axis = axis_in("apply_along_axis", axis, arr.ndim)
    lines = xp.moveaxis(arr, axis, -1)
    shape = lines.shape[:-1]
    found = [func1d(line, *args, **kwargs) for line in xp.reshape(lines, (-1, lines.shape[-1]))]
    if not found:
        raise ArgumentError(message("apply_along_axis", f"arr has shape {arr.shape}", "there is no line"))
    out = xp.stack([xp.asarray(x) for x in found])
    out = xp.reshape(out, (*shape, *out.shape[1:]))
    made = tuple(range(len(shape), out.ndim))
    return xp.moveaxis(out, made, tuple(range(axis, axis + len(made)))) if made else out


@published
def apply_over_axes(xp: Any, func: Callable[..., Any], a: Array, axes: Any) -> Any:
    """Apply ``func(a, axis)`` for each axis in turn, and keep the number of axes."""
    for axis in axes if isinstance(axes, list | tuple) else (axes,):
        found = func(a, axis)
        a = found if found.ndim == a.ndim else xp.expand_dims(found, axis=axis)
    return a


# ---------------------------------------------------------------- comparing


@published
def isclose(
    xp: Any, a: Array, b: Array, rtol: Operand = 1e-05, atol: Operand = 1e-08, equal_nan: bool = False
) -> Any:
    """Tell which entries are equal up to a tolerance."""
    b = b if b.dtype.kind in "fc" else xp.astype(b, xp.float64)  # differences of integers may wrap
    near = xp.abs(a - b) <= atol + rtol * xp.abs(b)
    close = xp.where(xp.isfinite(a) & xp.isfinite(b), near, a == b)
    return close | (xp.isnan(a) & xp.isnan(b)) if equal_nan else close


@published
def allclose(
    xp: Any, a: Array, b: Array, rtol: Operand = 1e-05, atol: Operand = 1e-08, equal_nan: bool = False
) -> bool:
    """Tell whether all entries are equal up to a tolerance."""
    return bool(xp.all(isclose(a, b, rtol, atol, equal_nan)))


@published
def array_equal(xp: Any, a1: Array, a2: Array, equal_nan: bool = False) -> bool:
    """Tell whether shapes and entries are equal."""
    if a1.shape != a2.shape:
        return False
    same = a1 == a2
    return bool(xp.all(same | (xp.isnan(a1) & xp.isnan(a2)) if equal_nan else same))


@published
def array_equiv(xp: Any, a1: Array, a2: Array) -> bool:
    """Tell whether entries are equal once shapes are broadcast."""
    try:
        np.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return bool(xp.all(a1 == a2))
