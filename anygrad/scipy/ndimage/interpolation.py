"""Images at coordinates: given, or as an affine map, a zoom, a shift or a rotation leads to them.

All of it is one row, ``splines.sampled``, at coordinates that are computed in functions of tensors as SciPy
computes them, from which the derivatives by matrix, offset, shift and angle come.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.rules import axis_in, shape_in, whole_in
from anygrad.scipy.doors import double, given
from anygrad.scipy.ndimage.borders import MODES, constant, finished, fixed, images, mode_in, per_axis
from anygrad.scipy.ndimage.splines import coefficients_along, sampled

__all__ = [
    "affine_transform",
    "map_coordinates",
    "rotate",
    "shift",
    "spline_filter",
    "spline_filter1d",
    "zoom",
]

PADDED = 12
"""The pixels that SciPy adds where splines have no exact way to go on."""

# ---------------------------------------------------------------- coefficients


def _order_in(op: str, order: Any, least: int = 0) -> int:
    found = whole_in(op, "order", order)
    if not least <= found <= 5:
        raise ArgumentError(message(op, f"order is {found}", f"expected {least} to 5"))
    return found


def _kind(op: str, mode: str) -> str:
    """Return how coefficients go on: SciPy has exact ways for three."""
    mode_in(op, mode)
    if mode == "grid-wrap":
        return mode
    return "reflect" if MODES[mode] in ("nearest", "reflect") else "mirror"


def _cast(xp: Any, out: Any, dtype: np.dtype) -> Any:
    """Return a result in a dtype, in integers rounded as SciPy rounds them: halves away from zero."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        out = xp.trunc(out + xp.where(out > 0, 0.5, -0.5))
        out = xp.clip(out, float(limits.min), float(limits.max))
    return xp.astype(out, dtype, copy=False)


def spline_filter1d(
    input: Any, order: int = 3, axis: int = -1, output: Any = np.float64, mode: str = "mirror"
) -> Any:
    """Return the coefficients along an axis of the spline of an order through the entries of ``input``.

    Shape as ``input``; dtype ``output``, complex for complex input. Differentiable to any order, on every
    device. Raises ``ArgumentError`` for an order outside 0 to 5 or a mode that is none, ``AxisError`` for
    the axis.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.spline_filter1d([0.0, 1.0, 0.0, 0.0])
    tensor([-0.93333333,  1.86666667, -0.53333333,  0.26666667], dtype=float64, device='cpu')
    """
    op = "spline_filter1d"
    xp, x = given(op, input=input)
    order, axis, kind = _order_in(op, order), axis_in(op, axis, x.ndim), _kind(op, mode)
    out = double(x)
    if order > 1:
        out = coefficients_along(xp, out, order=order, axis=axis, mode=kind)
    return _cast(xp, out, _output_dtype(op, x, output))


def spline_filter(input: Any, order: int = 3, output: Any = np.float64, mode: str = "mirror") -> Any:
    """Return the coefficients of the spline of an order, 2 to 5, through the entries of ``input``.

    As ``spline_filter1d`` along one axis after another.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.spline_filter([[0.0, 1.0], [1.0, 0.0]])
    tensor([[-4.,  5.],
            [ 5., -4.]], dtype=float64, device='cpu')
    """
    op = "spline_filter"
    xp, x = given(op, input=input)
    order, kind = _order_in(op, order, 2), _kind(op, mode)
    out = double(x)
    for axis in range(x.ndim):
        out = coefficients_along(xp, out, order=order, axis=axis, mode=kind)
    return _cast(xp, out, _output_dtype(op, x, output))


def _output_dtype(op: str, x: Any, output: Any) -> np.dtype:
    """Return the dtype of a result: complex where x is."""
    if not isinstance(output, type | np.dtype | str | None):
        raise ArgumentError(message(op, f"output is {type(output).__name__}", "expected a dtype or None"))
    dtype = np.dtype(x.dtype if output is None else output)
    return np.result_type(dtype, np.complex64) if x.dtype.kind == "c" and dtype.kind != "c" else dtype


# ---------------------------------------------------------------- at coordinates


def _interpolated(
    op: str, xp: Any, x: Any, rows: Any, output: Any, order: Any, mode: str, cval: complex, prefilter: bool
) -> Any:
    """Return images (b, ...) at coordinates: an array (d, ...), or a list of d that broadcast."""
    order, kind = _order_in(op, order), _kind(op, mode)
    dtype, cval = _output_dtype(op, x, output), constant(op, cval)
    mode = "reflect" if mode == "grid-mirror" else mode
    x, extra = double(x), 0
    if prefilter and order > 1:
        if mode in ("nearest", "grid-constant"):
            extra = PADDED
            around = [(0, 0)] + [(extra, extra)] * (x.ndim - 1)
            x = xp.pad(x, around, "edge") if mode == "nearest" else xp.pad(x, around, constant_values=cval)
        for axis in range(1, x.ndim):
            x = coefficients_along(xp, x, order=order, axis=axis, mode=kind)
    if isinstance(rows, list):
        rows = xp.stack(list(xp.broadcast_arrays(*rows)))
    if extra:
        rows = rows + extra
    return _cast(xp, sampled(x, rows, order=order, mode=mode, cval=cval), dtype)


def _steps(xp: Any, like: Any, shape: Sequence[int]) -> list[Any]:
    """Return the numbers of pixels along each axis of a result, to be broadcast."""
    dtype = like.xp.within(np.dtype(np.float64))
    lines = (xp.arange(n, dtype=dtype) for n in shape)
    return [
        xp.reshape(line, tuple(n if a == axis else 1 for a in range(len(shape))))
        for axis, (line, n) in enumerate(zip(lines, shape, strict=True))
    ]


def _vector(op: str, name: str, value: Any, count: int) -> list[Any]:
    """Return a parameter as ``count`` numbers or tensors without axes, in double precision."""
    if hasattr(value, "dtype") and getattr(value, "shape", ()) != ():
        _, value = given(op, **{name: value})
        if value.shape != (count,):
            got = f"{name} has shape {value.shape}"
            raise ShapeError(message(op, got, f"expected one number, or one for each of {count} axes"))
        return [double(value[k]) for k in range(count)]
    return [double(v) if hasattr(v, "xp") else float(v) for v in per_axis(op, name, value, count)]


def map_coordinates(
    input: Any,
    coordinates: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: complex = 0.0,
    prefilter: bool = True,
) -> Any:
    """Return what the spline through the pixels of ``input`` has at coordinates, in pixels.

    ``coordinates`` has a row for each axis of ``input`` and gives the result the shape of its other axes.
    Dtype as ``input``, integers rounded; ``output`` may be a dtype. Differentiable to any order in
    ``input`` and ``coordinates``, on every device: of order 1 at a pixel the slope is that to its right, of
    order 0 it is 0. Raises ``ShapeError`` where the rows are not one an axis, ``ArgumentError`` for an
    order or a mode that is none, ``DtypeError`` for complex coordinates.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.map_coordinates([0.0, 1.0, 4.0, 9.0], [[0.5, 2.0, 7.0]], order=1)
    tensor([0.5, 4. , 0. ], dtype=float64, device='cpu')
    """
    op = "map_coordinates"
    xp, x, coordinates = images(op, output, input=input, coordinates=coordinates)
    if coordinates.dtype.kind == "c":
        raise DtypeError(message(op, f"coordinates has dtype {coordinates.dtype}", "expected real numbers"))
    if not x.ndim or coordinates.ndim < 2 or coordinates.shape[0] != x.ndim:
        got = f"coordinates has shape {coordinates.shape}, input has shape {x.shape}"
        raise ShapeError(message(op, got, "expected a row of coordinates for each axis"))
    x, coordinates = xp.expand_dims(x, axis=0), double(coordinates)
    out = _interpolated(op, xp, x, coordinates, output, order, mode, cval, prefilter)
    return xp.reshape(out, coordinates.shape[1:])


def affine_transform(
    input: Any,
    matrix: Any,
    offset: Any = 0.0,
    output_shape: Any = None,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: complex = 0.0,
    prefilter: bool = True,
) -> Any:
    """Return an image whose pixel ``o`` is what ``input`` has at ``matrix @ o + offset``.

    ``matrix`` is (d, d) for d axes, (d,) for a diagonal, or homogeneous, (d, d + 1) or (d + 1, d + 1), and
    then has the offset in it. The rest is as for ``map_coordinates``. Differentiable to any order in
    ``input``, ``matrix`` and ``offset``, on every device. Raises ``ShapeError`` for a matrix of another
    shape.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.affine_transform([0.0, 1.0, 4.0, 9.0], [0.5], 1.0, order=1)
    tensor([1. , 2.5, 4. , 6.5], dtype=float64, device='cpu')
    """
    op = "affine_transform"
    xp, x, matrix = images(op, output, input=input, matrix=matrix)
    shape = x.shape if output_shape is None else shape_in(op, output_shape, "output_shape")
    d, matrix = x.ndim, double(matrix)
    if matrix.ndim == 2 and matrix.shape in ((d, d + 1), (d + 1, d + 1)):
        offset, matrix = matrix[:d, d], matrix[:d, :d]
    if (
        not d
        or not shape
        or matrix.shape not in ((d,), (d, len(shape)))
        or (matrix.ndim == 1 and len(shape) != d)
    ):
        got = f"matrix has shape {matrix.shape}, input has shape {x.shape}, the result {shape}"
        raise ShapeError(message(op, got, f"expected {(d,)}, {(d, len(shape))} or homogeneous coordinates"))
    offset, steps = _vector(op, "offset", offset, d), _steps(xp, x, shape)
    if matrix.ndim == 1:
        rows = [(step + o / m) * m for step, o, m in zip(steps, offset, matrix, strict=True)]
    else:
        rows = []
        for k in range(d):
            row = offset[k]
            for j, step in enumerate(steps):
                row = row + step * matrix[k, j]
            rows.append(row)
    out = _interpolated(op, xp, xp.expand_dims(x, axis=0), rows, output, order, mode, cval, prefilter)
    return xp.reshape(out, shape)


def shift(
    input: Any,
    shift: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: complex = 0.0,
    prefilter: bool = True,
) -> Any:
    """Return an image moved by ``shift`` pixels, one number or one for each axis.

    Shape as ``input``; the rest is as for ``map_coordinates``. Differentiable to any order in ``input`` and
    ``shift``, on every device.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.shift([0.0, 1.0, 4.0, 9.0], 0.5, order=1)
    tensor([0. , 0.5, 2.5, 6.5], dtype=float64, device='cpu')
    """
    op = "shift"
    xp, x = images(op, output, input=input)
    _check_axes(op, x)
    moves = _vector(op, "shift", shift, x.ndim)
    rows = [step - move for step, move in zip(_steps(xp, x, x.shape), moves, strict=True)]
    out = _interpolated(op, xp, xp.expand_dims(x, axis=0), rows, output, order, mode, cval, prefilter)
    return xp.reshape(out, x.shape)


def _check_axes(op: str, x: Any) -> None:
    if not x.ndim:
        raise ShapeError(message(op, "input has no axes", "expected at least one"))


def zoom(
    input: Any,
    zoom: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: complex = 0.0,
    prefilter: bool = True,
    *,
    grid_mode: bool = False,
) -> Any:
    """Return an image made larger or smaller by factors, one number or one for each axis.

    The length of an axis is rounded, and from that follow the coordinates: there is no derivative by
    ``zoom``, which must be numbers. The ends of both images are the middles of pixels, with ``grid_mode``
    their outer sides. The rest is as for ``map_coordinates``. Differentiable to any order in ``input``, on
    every device.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.zoom([0.0, 1.0, 4.0, 9.0], 1.75, order=1)
    tensor([0. , 0.5, 1. , 2.5, 4. , 6.5, 9. ], dtype=float64, device='cpu')
    """
    op = "zoom"
    xp, x = images(op, output, input=input)
    _check_axes(op, x)
    factors = [float(fixed(op, "zoom", f)) for f in per_axis(op, "zoom", zoom, x.ndim)]
    shape = tuple(round(n * f) for n, f in zip(x.shape, factors, strict=True))
    if prefilter and all(f == 1 for f in factors):
        return finished(xp, xp.asarray(x, copy=True), output)
    rows = []
    for step, n, m in zip(_steps(xp, x, shape), x.shape, shape, strict=True):
        if grid_mode:
            rows.append((step + 0.5) * (n / m if m else 1.0) - 0.5)
        else:
            rows.append(step * ((n - 1) / (m - 1) if m != 1 else 1.0))
    out = _interpolated(op, xp, xp.expand_dims(x, axis=0), rows, output, order, mode, cval, prefilter)
    return xp.reshape(out, shape)


def rotate(
    input: Any,
    angle: Any,
    axes: Sequence[int] = (1, 0),
    reshape: bool = True,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: complex = 0.0,
    prefilter: bool = True,
) -> Any:
    """Return an image rotated by an angle in degrees in the plane of two axes.

    ``reshape`` makes room for all of it: a step, which has no part in the gradient (where the angle is a
    tensor it is read for that). The rest is as for ``map_coordinates``. Differentiable to any order in
    ``input`` and ``angle``, on every device. Raises ``ArgumentError`` for axes that are not two.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.rotate([[0.0, 1.0], [2.0, 3.0]], 90.0)
    tensor([[ 1.00000000e+00,  3.00000000e+00],
            [-4.02455846e-16,  2.00000000e+00]], dtype=float64, device='cpu')
    """
    op = "rotate"
    xp, x, angle = images(op, output, input=input, angle=angle)
    plane = sorted({axis_in(op, axis, x.ndim) for axis in axes}) if x.ndim > 1 else []
    if len(plane) != 2 or len(axes) != 2 or angle.shape != ():
        got = f"axes is {axes!r}, input has shape {x.shape}, angle has shape {angle.shape}"
        raise ArgumentError(message(op, got, "expected one angle, and two axes of an image that has them"))
    angle = double(angle)
    c, s = _turned(xp, angle)
    before = [x.shape[axis] for axis in plane]
    after = _room(before, c.detach().item(), s.detach().item()) if reshape else before
    y, z = ((n - 1) / 2 for n in after)
    middles = [(n - 1) / 2 for n in before]
    offset = middles[0] - (c * y + s * z), middles[1] - (c * z - s * y)
    steps = _steps(xp, x, after)
    rows = [offset[0] + steps[0] * c + steps[1] * s, offset[1] + steps[0] * -s + steps[1] * c]
    others = [axis for axis in range(x.ndim) if axis not in plane]
    order_of = (*others, *plane)
    flat = xp.reshape(xp.permute_dims(x, order_of), (math.prod(x.shape[a] for a in others), *before))
    out = _interpolated(op, xp, flat, rows, output, order, mode, cval, prefilter)
    out = xp.reshape(out, (*(x.shape[a] for a in others), *after))
    return xp.permute_dims(out, tuple(order_of.index(a) for a in range(x.ndim)))


def _turned(xp: Any, angle: Any) -> tuple[Any, Any]:
    """Return cosine and sine of degrees, exact at right angles."""
    if angle.xp.scipy_library is not None:
        return xp.special.cosdg(angle), xp.special.sindg(angle)
    quarter = xp.round(angle / 90)
    rest = (angle - 90 * quarter) * (math.pi / 180)
    c, s, quarter = xp.cos(rest), xp.sin(rest), xp.remainder(quarter, 4.0)
    odd, turned = xp.remainder(quarter, 2.0) == 1, quarter >= 2
    c, s = xp.where(odd, -s, c), xp.where(odd, c, s)
    return xp.where(turned, -c, c), xp.where(turned, -s, s)


def _room(shape: Sequence[int], c: float, s: float) -> list[int]:
    """Return the shape that holds a rotated image."""
    y, x = shape
    bounds = np.asarray([[c, s], [-s, c]]) @ [[0, 0, y, y], [0, x, 0, x]]
    return [int(n) for n in np.ptp(bounds, axis=1) + 0.5]
