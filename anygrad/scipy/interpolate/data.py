"""What the interpolators share: data made tensors of double precision, and where queries lie.

As SciPy's, the interpolators compute in double precision (in single where the device has no other), whatever
they are given. Knots are looked at on the host when an object is made; queries never are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, AxisError, DtypeError, ShapeError, message
from anygrad.rules import axis_in
from anygrad.scipy.doors import double, given
from anygrad.tensors import Tensor

__all__ = ["floats", "locate", "outside", "pieces", "queries", "restore", "rising", "to_front"]


def floats(op: str, **operands: Any) -> tuple[Any, ...]:
    """Return the namespace of the operands, then each as a tensor of double precision, real or complex.

    Lists are taken as SciPy takes them; None stays None. Raises ``DtypeError`` for what are no numbers.
    """
    xp, *tensors = given(op, **operands)
    return xp, *(None if x is None else _double(op, x) for x in tensors)


def _double(op: str, x: Tensor) -> Tensor:
    if x.dtype.kind not in "fcbiu":
        raise DtypeError(message(op, f"the dtype is {x.dtype}", "expected numbers"))
    return double(x)


def queries(op: str, x: Any, like: Tensor) -> Tensor:
    """Return the points of a call as a tensor of double precision, where the data are."""
    _, x, _ = floats(op, x=x, like=like)
    if x.dtype.kind == "c":
        raise DtypeError(message(op, f"x has dtype {x.dtype}", "expected real numbers"))
    return x  # type: ignore[no-any-return]


def rising(op: str, name: str, x: Tensor, *, strictly: bool = True) -> np.ndarray:
    """Return abscissae as they are on the host; raises ``ArgumentError`` where they do not ascend."""
    if x.ndim != 1:
        raise ShapeError(message(op, f"{name} has shape {x.shape}", "expected one axis"))
    if x.dtype.kind == "c":
        raise DtypeError(message(op, f"{name} has dtype {x.dtype}", "expected real numbers"))
    host = x.xp.to_numpy(x.array)
    steps = np.diff(host)
    if not np.all(steps > 0 if strictly else steps >= 0):
        expected = "expected numbers that ascend" + (", none twice" if strictly else "")
        raise ArgumentError(message(op, f"{name} does not ascend", expected, f"sort {name} first"))
    return host


def to_front(op: str, y: Tensor, axis: int, n: int, x: str = "x") -> tuple[Tensor, int]:
    """Return data with the axis of interpolation first, and that axis from 0."""
    if not y.ndim:
        raise AxisError(message(op, "y has no axes", "expected at least one"))
    axis = axis_in(op, axis, y.ndim)
    if y.shape[axis] != n:
        got = f"{x} has {n} entries, y has shape {y.shape}"
        raise ShapeError(message(op, got, f"axis {axis} of y must be as long as {x}"))
    return y.xp.tensors.moveaxis(y, axis, 0), axis


def restore(xp: Any, out: Tensor, shape: tuple[int, ...], axis: int) -> Tensor:
    """Put what was found at flat queries of this shape in the place of the axis of interpolation."""
    rest = out.shape[1:]
    out = xp.reshape(out, (*shape, *rest))
    order = (
        *range(len(shape), len(shape) + axis),
        *range(len(shape)),
        *range(len(shape) + axis, len(shape) + len(rest)),
    )
    return xp.permute_dims(out, order)  # type: ignore[no-any-return]


def pieces(x: Tensor, ndim: int) -> Tensor:
    """Return a vector with axes appended, to be broadcast over data whose first axis it runs along."""
    return x.xp.tensors.reshape(x, (-1,) + (1,) * (ndim - 1))  # type: ignore[no-any-return]


def locate(xp: Any, knots: Tensor, x: Tensor, first: int, last: int) -> Tensor:
    """Return in which interval, from ``first`` to ``last``, queries lie: at a knot, in the one after it."""
    at = xp.searchsorted(knots.detach(), x.detach(), side="right") - 1
    return xp.clip(at, first, last)  # type: ignore[no-any-return]


def outside(xp: Any, x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Tell which queries lie without an interval, or are NaN."""
    x = x.detach()
    return xp.logical_not(xp.logical_and(x >= low.detach(), x <= high.detach()))  # type: ignore[no-any-return]
