"""Filters of an image that is given by its Fourier transform: products with the filter's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.rules import axis_in
from anygrad.scipy.doors import beside, given
from anygrad.scipy.ndimage.borders import per_axis

__all__ = ["fourier_gaussian", "fourier_shift", "fourier_uniform"]


def _filtered(
    op: str, x: Any, name: str, value: Any, n: int, axis: int, output: Any, of: Callable[..., Any]
) -> Any:
    """Multiply by ``of(xp, turns)``: of each axis the parameter times its frequencies, to be broadcast."""
    xp, x = given(op, input=x)
    axis = axis_in(op, axis, x.ndim) if x.ndim else 0
    dtype = np.dtype(x.dtype if x.dtype.kind == "c" or x.dtype == np.float32 else np.float64)
    if name == "shift" and dtype.kind != "c":
        dtype = np.dtype(np.complex128)
    if output is not None:
        if not isinstance(output, type | np.dtype | str):
            raise ArgumentError(message(op, f"output is {type(output).__name__}", "expected a dtype or None"))
        dtype = np.dtype(output)
    if hasattr(value, "xp") and value.ndim:
        if value.shape != (x.ndim,):
            raise ShapeError(message(op, f"{name} has shape {value.shape}", f"expected ({x.ndim},)"))
        values = [value[k] for k in range(x.ndim)]
    else:
        values = per_axis(op, name, value, x.ndim)
    turns = []
    for k, (length, v) in enumerate(zip(x.shape, values, strict=True)):
        whole = n if k == axis and n >= 0 else length
        steps = np.arange(length)
        if not (k == axis and n >= 0):
            steps = np.where(steps < (length + 1) // 2, steps, steps - length)
        line = beside(x, steps / max(whole, 1))
        turns.append(xp.reshape(line * v, tuple(-1 if j == k else 1 for j in range(x.ndim))))
    return xp.astype(x * of(xp, turns), x.xp.within(dtype), copy=False) if turns else x


def fourier_gaussian(input: Any, sigma: Any, n: int = -1, axis: int = -1, output: Any = None) -> Any:
    """Return the transform of an image, smoothed by a Gaussian of ``sigma`` pixels, one number or one each.

    ``n`` is the length of ``axis`` before ``rfft``, below 0 where the transform is whole. Dtype as
    ``input``, float64 for integers; ``output`` may be a dtype. Differentiable to any order in ``input`` and
    ``sigma``, on every device. Raises ``ShapeError`` where there is not one number an axis, ``AxisError``
    for the axis.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.fourier_gaussian([1.0, 1.0, 1.0], 1.0)
    tensor([1.        , 0.11155412, 0.11155412], dtype=float64, device='cpu')
    """

    def bell(xp: Any, turns: Any) -> Any:
        return math.prod(xp.exp(-2 * math.pi**2 * turn * turn) for turn in turns)

    return _filtered("fourier_gaussian", input, "sigma", sigma, n, axis, output, bell)


def fourier_uniform(input: Any, size: Any, n: int = -1, axis: int = -1, output: Any = None) -> Any:
    """Return the transform of an image, each pixel the mean of a box of ``size``. As ``fourier_gaussian``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.fourier_uniform([1.0, 1.0, 1.0], 2.0)
    tensor([1.        , 0.41349667, 0.41349667], dtype=float64, device='cpu')
    """

    def box(xp: Any, turns: Any) -> Any:
        return math.prod(_sinc(xp, math.pi * turn) for turn in turns)

    return _filtered("fourier_uniform", input, "size", size, n, axis, output, box)


def _sinc(xp: Any, x: Any) -> Any:
    """Return sin(x) / x, by its series where x is small."""
    small = xp.abs(x) < 1e-3
    far = xp.where(small, xp.ones_like(x), x)
    square = x * x
    return xp.where(small, 1 - square / 6 * (1 - square / 20), xp.sin(far) / far)


def fourier_shift(input: Any, shift: Any, n: int = -1, axis: int = -1, output: Any = None) -> Any:
    """Return the transform of an image moved by ``shift`` pixels: complex. As ``fourier_gaussian``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.fourier_shift([1.0, 1.0, 1.0, 1.0], 1.0)
    tensor([ 1.000000e+00+0.0000000e+00j,  6.123234e-17-1.0000000e+00j,
            -1.000000e+00+1.2246468e-16j,  6.123234e-17+1.0000000e+00j], dtype=complex128, device='cpu')
    """

    def moved(xp: Any, turns: Any) -> Any:
        angle = -2 * math.pi * sum(turns[1:], turns[0])
        return xp.cos(angle) + 1j * xp.sin(angle)

    return _filtered("fourier_shift", input, "shift", shift, n, axis, output, moved)
