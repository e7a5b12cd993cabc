"""NumPy's products of arrays, convolution, differences, integrals and interpolation."""

from __future__ import annotations

import itertools
import math
import operator
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.numpy.table import Array, Fixed, Out, Results, Unused, cast, lifted, published, stored
from anygrad.numpy.ufuncs import Ufunc
from anygrad.rules import axis_in
from anygrad.tensors import Tensor

__all__: list[str] = []


@published
def dot(xp: Any, a: Array, b: Array, out: Out = None) -> Any:
    """Sum products over the last axis of a and the last but one of b."""
    if not a.ndim or not b.ndim:
        return a * b
    return xp.tensordot(a, b, axes=((a.ndim - 1,), (max(b.ndim - 2, 0),)))


@published
def vdot(xp: Any, a: Array, b: Array, /) -> Any:
    """Sum products of all entries, those of a conjugated."""
    return xp.vecdot(xp.reshape(a, (-1,)), xp.reshape(b, (-1,)))


@published
def inner(xp: Any, a: Array, b: Array, /) -> Any:
    """Sum products over the last axes."""
    if not a.ndim or not b.ndim:
        return a * b
    return xp.tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))


@published
def outer(xp: Any, a: Array, b: Array, out: Out = None) -> Any:
    """Multiply every entry of a with every one of b."""
    return xp.reshape(a, (-1, 1)) * xp.reshape(b, (1, -1))


@published
def kron(xp: Any, a: Array, b: Array) -> Any:
    """Return the Kronecker product."""
    n = max(a.ndim, b.ndim)
    p, q = ((1,) * (n - x.ndim) + x.shape for x in (a, b))
    left = xp.reshape(a, tuple(itertools.chain(*((i, 1) for i in p))))
    right = xp.reshape(b, tuple(itertools.chain(*((1, j) for j in q))))
    return xp.reshape(left * right, tuple(map(operator.mul, p, q)))


@published
def cross(
    xp: Any, a: Array, b: Array, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """Return the cross product of vectors of length 3."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = xp.moveaxis(a, axisa, -1), xp.moveaxis(b, axisb, -1)
    return xp.moveaxis(xp.linalg.cross(*xp.broadcast_arrays(a, b)), -1, axisc)


@published
def tensordot(xp: Any, a: Array, b: Array, axes: Any = 2) -> Any:
    """Sum products over pairs of axes."""
    if not isinstance(axes, int):
        axes = tuple(tuple(i) if hasattr(i, "__len__") else (i,) for i in axes)
    return xp.tensordot(a, b, axes=axes)


@published
def einsum(
    *operands: Any, out: Any = None, optimize: Unused = False, order: Unused = "K", **kwargs: Any
) -> Any:
    """Sum products over letters; ``einsum(x, [0, 1], y, [1, 2])`` numbers the axes in place of letters."""
    subscripts, arrays = _lettered(list(operands))
    names = [f"operand {i}" for i in range(len(arrays))]
    xp, tensors = lifted("einsum", arrays, names, weak=False)
    if kwargs.get("dtype") is not None:
        tensors = [cast("einsum", t, kwargs["dtype"], kwargs.get("casting", "safe")) for t in tensors]
    result = xp.tensors.einsum(subscripts, *tensors)
    return result if out is None else stored("einsum", out, result, kwargs.get("casting", "safe"))


def _lettered(operands: list[Any]) -> tuple[str, list[Any]]:
    """Return the string of an Einstein sum and its operands, of either form of call."""
    if isinstance(operands[0], str):
        return operands[0], operands[1:]
    given = [operands[i + 1] for i in range(0, len(operands) - 1, 2)]
    last = [operands[-1]] if len(operands) % 2 else []
    numbers = sorted({i for axes in given + last for i in axes if i is not Ellipsis})
    letters = {n: chr(ord("a") + k) if k < 26 else chr(ord("A") + k - 26) for k, n in enumerate(numbers)}
    letters[Ellipsis] = "..."
    terms = ["".join(letters[i] for i in axes) for axes in given]
    end = "->" + "".join(letters[i] for i in last[0]) if last else ""
    return ",".join(terms) + end, operands[0 : 2 * len(given) : 2]


@published
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: Fixed = False) -> Results:
    """Return the order in which NumPy would contract, and its report; the values are not looked at."""
    subscripts, arrays = _lettered(list(operands))
    shapes = [
        np.broadcast_to(np.zeros(()), np.shape(a) if not hasattr(a, "shape") else a.shape) for a in arrays
    ]
    return np.einsum_path(subscripts, *shapes, optimize=optimize)


def _matvec(xp: Any, x: Any, v: Any, /) -> Any:
    """Multiply matrices and vectors."""
    return xp.matmul(x, v[..., None])[..., 0]


def _vecmat(xp: Any, v: Any, x: Any, /) -> Any:
    """Multiply conjugated vectors and matrices."""
    return xp.matmul(xp.conj(v)[..., None, :], x)[..., 0, :]


for _name, _function in (("matvec", _matvec), ("vecmat", _vecmat)):
    if hasattr(np, _name):  # from NumPy 2.2 on
        Ufunc(_name, _function, takes_xp=True)


# ---------------------------------------------------------------- sliding products


def _slid(xp: Any, a: Any, v: Any) -> Any:
    """Return the full convolution of two vectors: the shorter slides over the longer."""
    if v.shape[0] > a.shape[0]:
        a, v = v, a
    n, m = a.shape[0], v.shape[0]
    if m <= 32:
        rows = xp.stack([xp.pad(a * v[i], (i, m - 1 - i)) for i in range(m)])
        return xp.sum(rows, axis=0, dtype=rows.dtype)
    padded = xp.pad(a, (m - 1, m - 1))
    index = np.arange(n + m - 1)[:, None] + np.arange(m - 1, -1, -1)[None, :]
    return xp.matmul(xp.take(padded, xp.asarray(index.reshape(-1)), axis=0).reshape(index.shape), v)


def _cut(op: str, mode: Any, full: Any, n: int, m: int) -> Any:
    """Return the part of a full convolution that a mode asks for."""
    mode = {0: "valid", 1: "same", 2: "full"}.get(mode, mode)
    if mode not in ("valid", "same", "full"):
        raise ArgumentError(message(op, f"mode is {mode!r}", "expected 'valid', 'same' or 'full'"))
    if mode == "full":
        return full
    short, long = min(n, m), max(n, m)
    if mode == "valid":
        return full[short - 1 : long]
    start = (short - 1) // 2
    return full[start : start + long]


def _vectors(op: str, xp: Any, a: Any, v: Any) -> tuple[Any, Any]:
    for x in (a, v):
        if x.ndim > 1 or not x.size:
            raise ShapeError(message(op, f"an operand has shape {x.shape}", "expected vectors, not empty"))
    dtype = xp.result_type(a, v)
    return tuple(xp.astype(xp.reshape(x, (-1,)), dtype, copy=False) for x in (a, v))


@published
def convolve(xp: Any, a: Array, v: Array, mode: Any = "full") -> Any:
    """Convolve two vectors."""
    a, v = _vectors("convolve", xp, a, v)
    return _cut("convolve", mode, _slid(xp, a, v), a.shape[0], v.shape[0])


@published
def correlate(xp: Any, a: Array, v: Array, mode: Any = "valid") -> Any:
    """Correlate two vectors, the second of which is conjugated."""
    a, v = _vectors("correlate", xp, a, v)
    full, n, m = _slid(xp, a, xp.flip(xp.conj(v))), a.shape[0], v.shape[0]
    if n < m and mode in ("same", 1):  # NumPy turns both round where the second is longer
        start = m - 1 - (n - 1) // 2 - (m - 1) + (n - 1)
        return full[start : start + m]
    return _cut("correlate", mode, full, n, m)


# ---------------------------------------------------------------- differences and integrals


@published
def diff(
    xp: Any,
    a: Array,
    n: int = 1,
    axis: int = -1,
    prepend: Array = np._NoValue,
    append: Array = np._NoValue,
) -> Any:
    """Return differences of neighbours along an axis, n times over."""
    axis = axis_in("diff", axis, a.ndim)
    ends = [
        None
        if x is np._NoValue
        else x
        if x.ndim
        else xp.broadcast_to(x, (*a.shape[:axis], 1, *a.shape[axis + 1 :]))
        for x in (prepend, append)
    ]
    return xp.diff(a, axis=axis, n=n, prepend=ends[0], append=ends[1])


@published
def ediff1d(xp: Any, ary: Array, to_end: Array = None, to_begin: Array = None) -> Any:
    """Return differences of neighbours among all entries, with others around them."""
    flat = xp.reshape(ary, (-1,))
    around = [
        x if x is None else cast("ediff1d", xp.reshape(x, (-1,)), ary.dtype) for x in (to_begin, to_end)
    ]
    return xp.concat([x for x in (around[0], flat[1:] - flat[:-1], around[1]) if x is not None])


@published
def gradient(xp: Any, f: Array, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Results:
    """Return differences along axes, central inside and one-sided of an order at the edges."""
    axes = range(f.ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    axes = [axis_in("gradient", i, f.ndim) for i in axes]
    if len(varargs) not in (0, 1, len(axes)) or (len(varargs) == 1 < len(axes) and np.ndim(varargs[0])):
        raise TypeError(message("gradient", f"got {len(varargs)} spacings", f"expected one, or {len(axes)}"))
    if edge_order not in (1, 2):
        raise ArgumentError(message("gradient", f"edge_order is {edge_order}", "expected 1 or 2"))
    spacings = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    found = [_slope(xp, f, i, h, edge_order) for i, h in zip(axes, spacings, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _slope(xp: Any, f: Any, axis: int, h: Any, edge_order: int) -> Any:
    """Return the differences along one axis."""
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ShapeError(
            message("gradient", f"axis {axis} has length {n}", f"expected {edge_order + 1} entries")
        )
    x = xp.moveaxis(f if f.dtype.kind in "fc" else xp.astype(f, xp.float64), axis, -1)
    if not isinstance(h, int | float):
        h = xp.asarray(h)
    if isinstance(h, Tensor) and h.ndim:
        if h.shape != (n,):
            raise ShapeError(message("gradient", f"coordinates have shape {h.shape}", f"expected ({n},)"))
        gaps = h[1:] - h[:-1]
        left, right = gaps[:-1], gaps[1:]
        inside = (
            -x[..., :-2] * (right / (left * (left + right)))
            + x[..., 1:-1] * ((right - left) / (left * right))
            + x[..., 2:] * (left / (right * (left + right)))
        )
    else:
        gaps = h * xp.ones((n - 1,), dtype=x.dtype)
        inside = (x[..., 2:] - x[..., :-2]) / (2 * h)
    if edge_order == 1:
        first, last = (x[..., 1] - x[..., 0]) / gaps[0], (x[..., -1] - x[..., -2]) / gaps[-1]
    else:
        first = -_edge(x[..., 0], x[..., 1], x[..., 2], gaps[0], gaps[1])
        last = _edge(x[..., -1], x[..., -2], x[..., -3], gaps[-1], gaps[-2])
    return xp.moveaxis(xp.concat([first[..., None], inside, last[..., None]], axis=-1), -1, axis)


def _edge(x0: Any, x1: Any, x2: Any, near: Any, far: Any) -> Any:
    """Return the slope at the first of three points, outwards."""
    return (
        x0 * ((2 * near + far) / (near * (near + far)))
        - x1 * ((near + far) / (near * far))
        + x2 * (near / (far * (near + far)))
    )


@published
def trapezoid(xp: Any, y: Array, x: Array = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integrate along an axis by the trapezoidal rule."""
    y = xp.moveaxis(y, axis, -1)
    if x is not None:
        x = x if x.ndim == 1 else xp.moveaxis(x, axis, -1)
        dx = x[..., 1:] - x[..., :-1]
    return xp.sum(dx * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


@published
def interp(
    x: Array,
    xp: Array,
    fp: Array,
    left: Any = None,
    right: Any = None,
    period: float | None = None,
) -> Any:
    """Interpolate between points linearly: differentiable in where, in the points and in their values."""
    space = x.xp.tensors
    if xp.ndim != 1 or fp.shape != xp.shape or not fp.size:
        got = f"xp has shape {xp.shape}, fp {fp.shape}"
        raise ShapeError(message("interp", got, "expected vectors of one length"))
    if period is not None:
        period = abs(period)
        x, xp = x % period, xp % period
        order = space.argsort(xp)
        xp, fp = space.take(xp, order), space.take(fp, order)
        xp = space.concat([xp[-1:] - period, xp, xp[:1] + period])
        fp = space.concat([fp[-1:], fp, fp[:1]])
        left = right = None
    n = xp.shape[0]
    low, high = fp[0] if left is None else left, fp[-1] if right is None else right
    flat = space.reshape(x, (-1,))
    i = space.clip(space.searchsorted(xp.detach(), flat.detach(), side="right") - 1, 0, max(n - 2, 0))
    if n == 1:
        inside = space.broadcast_to(fp[0], flat.shape)
    else:
        x0, x1, y0, y1 = (space.take(v, k) for v, k in ((xp, i), (xp, i + 1), (fp, i), (fp, i + 1)))
        # What is not chosen below may be infinite, or between points that are one: no gradient comes from it.
        step = space.where((flat < xp[0]) | (flat > xp[-1]), 0, flat - x0)
        inside = y0 + step * ((y1 - y0) / space.where(x1 == x0, 1, x1 - x0))
        inside = space.where(flat == xp[-1], fp[-1], inside)
    out = space.where(flat < xp[0], low, space.where(flat > xp[-1], high, inside))
    return space.reshape(space.where(space.isnan(flat), math.nan, out), x.shape)
