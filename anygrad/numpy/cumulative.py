"""NumPy's cumulative sums and products, medians and quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.construction import holds
from anygrad.errors import ArgumentError, message
from anygrad.numpy.reductions import Axis
from anygrad.numpy.table import Array, Fixed, Out, Unused, published
from anygrad.tensors import Tensor

__all__: list[str] = []

# ---------------------------------------------------------------- cumulative


@published
def cumsum(xp: Any, a: Array, axis: int | None = None, dtype: Any = None, out: Out = None) -> Any:
    """Return the sums of the entries up to each, along an axis (None: of all)."""
    return xp.cumulative_sum(*_line(xp, a, axis), dtype=dtype)


@published
def cumprod(xp: Any, a: Array, axis: int | None = None, dtype: Any = None, out: Out = None) -> Any:
    """Return the products of the entries up to each, along an axis (None: of all)."""
    return xp.cumulative_prod(*_line(xp, a, axis), dtype=dtype)


def _line(xp: Any, a: Any, axis: int | None) -> tuple[Any, int]:
    """Return what an axis goes along: with None all entries."""
    return (xp.reshape(a, (-1,)), 0) if axis is None or not a.ndim else (a, axis)


@published
def cumulative_sum(
    xp: Any,
    x: Array,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    out: Out = None,
    include_initial: bool = False,
) -> Any:
    """Return the sums of the entries up to each along an axis."""
    return xp.cumulative_sum(x, axis=axis, dtype=dtype, include_initial=include_initial)


@published
def cumulative_prod(
    xp: Any,
    x: Array,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    out: Out = None,
    include_initial: bool = False,
) -> Any:
    """Return the products of the entries up to each along an axis."""
    return xp.cumulative_prod(x, axis=axis, dtype=dtype, include_initial=include_initial)


# ---------------------------------------------------------------- order


@published
def median(
    xp: Any,
    a: Array,
    axis: Axis = None,
    out: Out = None,
    overwrite_input: Unused = False,
    keepdims: bool = False,
) -> Any:
    """Return the median along axes."""
    return xp.median(a, axis=axis, keepdims=keepdims)


def levels(xp: Any, a: Any, q: Any, top: int) -> Any:
    """Return which quantiles are asked for, as numbers up to 1; raises ``ArgumentError`` for others."""
    if isinstance(q, Tensor) or q.__class__ in (int, float):
        return q / top if top > 1 else q
    if holds(q, Tensor):
        return xp.asarray(q) / top
    host = np.asarray(q) / top
    if not np.all((host >= 0) & (host <= 1)):
        raise ArgumentError(message("quantile", f"q is {q!r}", f"expected numbers from 0 to {top}"))
    return xp.asarray(host)


@published
def quantile(
    xp: Any,
    a: Array,
    q: Any,
    axis: Axis = None,
    out: Out = None,
    overwrite_input: Unused = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Fixed = None,
) -> Any:
    """Return quantiles along axes; those of a q with axes come first."""
    return xp.quantile(a, levels(xp, a, q, 1), axis=axis, keepdims=keepdims, method=method)


@published
def percentile(
    xp: Any,
    a: Array,
    q: Any,
    axis: Axis = None,
    out: Out = None,
    overwrite_input: Unused = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Fixed = None,
) -> Any:
    """Return percentiles along axes; those of a q with axes come first."""
    return xp.quantile(a, levels(xp, a, q, 100), axis=axis, keepdims=keepdims, method=method)
