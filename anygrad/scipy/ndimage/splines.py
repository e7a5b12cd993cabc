"""Images as splines: their coefficients, and their values at coordinates between the pixels.

Two rows, which SciPy computes on NumPy and CuPy on CUDA. What the first inverts is the matrix of the
splines' values at the pixels: symmetric where the image is repeated or mirrored between pixels, and where
it is mirrored at a pixel symmetric up to the weights of the two ends. The derivative of the second by the
image are the weights of the pixels around, and by the coordinates the derivatives of these (M. Unser,
Splines: a perfect fit for signal and image processing, 1999; P. Thévenaz, T. Blu and M. Unser,
Interpolation revisited, 2000).
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np

from anygrad.devices import get_backend
from anygrad.op import operation
from anygrad.rules import part, split
from anygrad.scipy.doors import declared

__all__ = ["coefficients_along", "sampled"]

VALUES: dict[int, tuple[float, ...]] = {
    2: (3 / 4, 1 / 8),
    3: (2 / 3, 1 / 6),
    4: (115 / 192, 19 / 96, 1 / 384),
    5: (11 / 20, 13 / 60, 1 / 120),
}
"""Of each order, the values of a spline at its middle and at the pixels beside it."""

# ---------------------------------------------------------------- coefficients


def _coefficients(xp: Any, x: Any, order: int, axis: int, mode: str) -> Any:
    n = x.shape[axis]
    if xp.scipy_library is not None and x.size:
        function = xp.scipy_function("ndimage", "spline_filter1d")
        return function(x, order, axis, output=x.dtype, mode=mode)
    if n < 2 or not x.size:
        return xp.asarray(x, copy=True)
    around = x
    if mode != "grid-wrap":
        inside = x if mode == "reflect" else part(xp, x, axis, 1, n - 1)
        around = xp.concat([x, xp.flip(inside, axis=axis)], axis=axis)
    period = around.shape[axis]
    turns = 2 * np.pi * np.arange(period) / period
    middle, *beside = VALUES[order]
    gains = middle + 2 * sum(v * np.cos((k + 1) * turns) for k, v in enumerate(beside))
    shape = tuple(period if a == axis else 1 for a in range(x.ndim))
    spectrum = xp.fft.fftn(around, axes=(axis,), norm="backward")
    spectrum = spectrum * xp.from_numpy((1 / gains).reshape(shape))
    out = part(xp, xp.fft.ifftn(spectrum, axes=(axis,), norm="backward"), axis, 0, n)
    return out if xp.isdtype(x.dtype, "complex floating") else xp.real(out)


def _coefficients_dx(xp: Any, g: Any, order: int, axis: int, mode: str) -> Any:
    mirrors = mode == "mirror"
    g = _between(xp, g, axis, 0.5) if mirrors else g
    out = xp.scipy.ndimage.spline_filter1d(g, order=order, axis=axis, mode=mode)
    return _between(xp, out, axis, 2.0) if mirrors else out


def _between(xp: Any, x: Any, axis: int, factor: float) -> Any:
    """Multiply all but the two ends of an axis."""
    if x.shape[axis] < 3:
        return x
    first, rest = split(xp, x, axis, 1)
    inside, last = split(xp, rest, axis, x.shape[axis] - 2)
    return xp.concat([first, factor * inside, last], axis=axis)


_along = declared(
    operation(
        "scipy.ndimage.spline_filter1d",
        _coefficients,
        dx=_coefficients_dx,
        prepare=lambda x, /, *, order, axis, mode: {"order": order, "axis": axis, "mode": mode},
        accepts="floating",
        doc="Return the coefficients along an axis of the spline through the entries; order 2 to 5.",
    )
)


SHORT = 32
"""The length of an axis from which SciPy's way to go on as a mirror between pixels is exact."""


@functools.lru_cache(64)
def _short(n: int, order: int) -> np.ndarray:
    """Return the matrix of SciPy's filter on a short mirrored axis, which is not quite the inverse."""
    function = get_backend("cpu").scipy_function("ndimage", "spline_filter1d")
    found: np.ndarray = function(np.eye(n), order, axis=0, mode="reflect")
    return found


def coefficients_along(xp: Any, x: Any, order: int, axis: int, mode: str) -> Any:
    """Return the coefficients along an axis of the spline through the entries, as SciPy has them."""
    n = x.shape[axis]
    if mode != "reflect" or not 1 < n < SHORT:
        return _along(x, order=order, axis=axis, mode=mode)
    matrix = xp.asarray(_short(n, order), dtype=x.dtype)
    return xp.moveaxis(xp.tensordot(x, matrix, axes=((axis,), (1,))), -1, axis)


# ---------------------------------------------------------------- values


def _weights(t: Any, order: int, slopes: bool) -> list[Any]:
    """Return the values at t, from 0 to 1, of the splines that are not 0 there, or their slopes.

    By the recurrence of de Boor and Cox for knots at the integers.
    """
    found: list[Any] = [1.0]
    for p in range(1, order + 1 - slopes):
        wide = [0.0, *found, 0.0]
        found = [wide[j] * ((t + (p - j)) / p) + wide[j + 1] * (((j + 1) - t) / p) for j in range(p + 1)]
    if slopes:
        wide = [0.0, *found, 0.0]
        found = [wide[j] - wide[j + 1] for j in range(order + 1)]
    return found


class _Axis:
    """Along one axis, the pixels around each coordinate: their numbers, and what they weigh."""

    def __init__(self, xp: Any, c: Any, n: int, order: int, mode: str, whole: Any) -> None:
        self.inside = (c >= 0) & (c <= n - 1) if mode in ("constant", "wrap") else None
        if mode == "wrap":
            size = max(n - 1, 1)
            beyond = xp.where(c < 0, c + size * (xp.floor(-c / size) + 1), c - size * xp.floor(c / size))
            c = xp.where(self.inside, c, beyond if n > 1 else xp.zeros_like(c))
        middle = c if order % 2 else c + 0.5
        start = xp.floor(middle)
        self.t = middle - start
        first = xp.astype(start, whole) - order // 2
        self.valid: list[Any] = [None] * (order + 1)
        self.index = [first + j for j in range(order + 1)]
        if mode == "grid-constant":
            self.valid = [(i >= 0) & (i < n) for i in self.index]
        self.index = [_seen(xp, i, n, mode) for i in self.index]
        self.values = _weights(self.t, order, False)


def _seen(xp: Any, i: Any, n: int, mode: str) -> Any:
    """Return which of n pixels is seen at a number that may lie outside."""
    if mode in ("nearest", "grid-constant"):
        return xp.where(i < 0, 0, xp.where(i >= n, n - 1, i))
    if mode == "grid-wrap":
        return xp.remainder(i, n)
    if mode == "reflect":
        i = xp.remainder(i, 2 * n)
        return xp.where(i < n, i, 2 * n - 1 - i)
    i = xp.remainder(i, max(2 * n - 2, 1))
    return xp.where(i < n, i, 2 * n - 2 - i)


class _Grid:
    """The pixels around each of many coordinates (d, N) in an image of d axes."""

    def __init__(self, xp: Any, shape: Any, coordinates: Any, order: int, mode: str, whole: Any) -> None:
        rows = [xp.getitem(coordinates, (k, slice(None))) for k in range(len(shape))]
        self.xp, self.shape, self.order = xp, shape, order
        self.axes = [_Axis(xp, row, n, order, mode, whole) for row, n in zip(rows, shape, strict=True)]
        self.inside = None
        if mode == "constant":
            for axis in self.axes:
                self.inside = axis.inside if self.inside is None else self.inside & axis.inside

    def around(self, along: int | None = None) -> Any:
        """Yield of each pixel around its number, its weight or the slope of that, and whether it is there."""
        weights = [
            _weights(axis.t, self.order, True) if k == along else axis.values
            for k, axis in enumerate(self.axes)
        ]
        strides = [math.prod(self.shape[k + 1 :]) for k in range(len(self.shape))]
        for at in itertools.product(*(range(len(w)) for w in weights)):
            index, weight, valid = 0, 1.0, None
            for axis, w, stride, j in zip(self.axes, weights, strides, at, strict=True):
                index = index + axis.index[j] * stride
                weight = weight * w[j]
                there = axis.valid[j]
                valid = there if valid is None else valid if there is None else valid & there
            yield index, weight, valid

    def values(self, x: Any, cval: complex, along: int | None = None) -> Any:
        """Return what an image (b, S) has at the coordinates (b, N), or its slope along an axis."""
        out = None
        for index, weight, valid in self.around(along):
            seen = self.xp.take(x, index, axis=1)
            if valid is not None:
                seen = self.xp.where(valid, seen, cval)
            out = weight * seen if out is None else out + weight * seen
        return (
            out
            if self.inside is None
            else self.xp.where(self.inside, out, 0.0 if along is not None else cval)
        )


def _flat(xp: Any, x: Any, coordinates: Any) -> tuple[Any, Any]:
    """Return images (b, ...) and coordinates (d, ...), the axes that follow made one."""
    shape = (coordinates.shape[0], math.prod(coordinates.shape[1:]))
    return xp.reshape(x, (x.shape[0], math.prod(x.shape[1:]))), xp.reshape(coordinates, shape)


def _sampled(xp: Any, x: Any, coordinates: Any, order: int, mode: str, cval: complex, whole: Any) -> Any:
    shape = (x.shape[0], *coordinates.shape[1:])
    if xp.scipy_library is None or not math.prod(shape):
        flat, at = _flat(xp, x, coordinates)
        return xp.reshape(_Grid(xp, x.shape[1:], at, order, mode, whole).values(flat, cval), shape)
    function = xp.scipy_function("ndimage", "map_coordinates")
    keywords = {"order": order, "mode": mode, "cval": cval, "prefilter": False}
    images = (xp.getitem(x, (k, *(slice(None),) * (x.ndim - 1))) for k in range(x.shape[0]))
    return xp.stack([function(image, coordinates, **keywords) for image in images])


def _sampled_dx(xp: Any, g: Any, x_shape: Any, coordinates: Any, order: int, mode: str, whole: Any) -> Any:
    g, at = _flat(xp, g, coordinates)
    grid = _Grid(xp, x_shape[1:], at, order, mode, whole)
    out = xp.zeros((x_shape[0], math.prod(x_shape[1:])), dtype=g.dtype, device=xp.device)
    for index, weight, valid in grid.around():
        mine = weight * g
        for mask in (valid, grid.inside):
            mine = mine if mask is None else xp.where(mask, mine, xp.zeros_like(mine))
        out = xp.index_add(out, index, mine, axis=1)
    return xp.reshape(out, x_shape)


def _sampled_dcoordinates(
    xp: Any, g: Any, x: Any, coordinates: Any, order: int, mode: str, cval: complex, whole: Any
) -> Any:
    if not order:
        return xp.zeros_like(coordinates)
    flat, at = _flat(xp, x, coordinates)
    g, _ = _flat(xp, g, coordinates)
    grid = _Grid(xp, x.shape[1:], at, order, mode, whole)
    rows = [xp.sum(g * grid.values(flat, cval, k), axis=0) for k in range(at.shape[0])]
    found = xp.reshape(xp.stack(rows), coordinates.shape)
    return xp.real(found) if xp.isdtype(found.dtype, "complex floating") else found


sampled = declared(
    operation(
        "scipy.ndimage.map_coordinates",
        _sampled,
        "x coordinates",
        dx=_sampled_dx,
        dcoordinates=_sampled_dcoordinates,
        prepare=lambda x, coordinates, /, *, order, mode, cval: {
            "order": order,
            "mode": mode,
            "cval": cval,
            "whole": x.xp.natives[x.xp.within(np.dtype(np.int64))],
        },
        accepts="floating",
        doc="Return what images (b, ...), given as spline coefficients, have at coordinates (d, ...).",
    )
)
