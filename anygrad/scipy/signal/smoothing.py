"""Smoothing: Savitzky and Golay's filter, order filters, Wiener's, and the removal of trends.

All in functions of tensors, so that they run on every device. The weights come from numbers alone, on the
host.
"""

from __future__ import annotations

import math
import warnings
from itertools import pairwise
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.rules import axis_in, part, whole_in
from anygrad.scipy import ndimage
from anygrad.scipy.doors import beside, double, floating, given
from anygrad.scipy.ndimage.borders import per_axis
from anygrad.scipy.signal.convolution import correlate
from anygrad.tensors import asarray

__all__ = [
    "detrend",
    "medfilt",
    "medfilt2d",
    "order_filter",
    "savgol_coeffs",
    "savgol_filter",
    "wiener",
]

# ---------------------------------------------------------------- Savitzky and Golay


def _weights(
    op: str, length: Any, order: Any, deriv: int, delta: float, pos: float | None, turned: bool
) -> np.ndarray:
    """Return the weights that give a derivative of the polynomial fitted to a window."""
    length, order = whole_in(op, "window_length", length), whole_in(op, "polyorder", order)
    if not 0 <= order < length:
        got = f"polyorder is {order}, window_length is {length}"
        raise ArgumentError(message(op, got, "polyorder must be less than window_length"))
    place = (length - 1) / 2 if pos is None else pos
    if not 0 <= place < length:
        raise ArgumentError(message(op, f"pos is {pos}", f"expected from 0 to below {length}"))
    if deriv > order:
        return np.zeros(length)
    x = np.arange(-place, length - place)
    powers = (x[::-1] if turned else x) ** np.arange(order + 1).reshape(-1, 1)
    wanted = np.zeros(order + 1)
    wanted[deriv] = math.factorial(deriv) / delta**deriv
    found: np.ndarray = np.linalg.lstsq(powers, wanted, rcond=None)[0]
    return found


def savgol_coeffs(
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    pos: float | None = None,
    use: str = "conv",
    *,
    device: Any = None,
) -> Any:
    """Return the weights of a Savitzky-Golay filter: a constant tensor of ``window_length`` entries.

    ``use`` is "conv" or "dot", which are mirror images. Raises ``ArgumentError`` for numbers that do not fit.

    >>> import anygrad as ag
    >>> ag.scipy.signal.savgol_coeffs(5, 2)
    tensor([-0.08571429,  0.34285714,  0.48571429,  0.34285714, -0.08571429], dtype=float64, device='cpu')
    """
    op = "savgol_coeffs"
    if use not in ("conv", "dot"):
        raise ArgumentError(message(op, f"use is {use!r}", "expected 'conv' or 'dot'"))
    return asarray(_weights(op, window_length, polyorder, deriv, delta, pos, use == "conv"), device=device)


def _fitted(length: int, order: int, deriv: int, delta: float, places: np.ndarray) -> np.ndarray:
    """Return the matrix from a window to a derivative, at places in it, of the polynomial fitted to it."""
    half = max(length - 1, 1) / 2
    at = np.vander((np.arange(length) - half) / half, order + 1, increasing=True)
    there = (places - half) / half
    rows = np.zeros((places.size, order + 1))
    for k in range(deriv, order + 1):
        rows[:, k] = math.perm(k, deriv) * there ** (k - deriv)
    found: np.ndarray = rows @ np.linalg.pinv(at) / (half * delta) ** deriv
    return found


def savgol_filter(
    x: Any,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: Any = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: float = 0.0,
) -> Any:
    """Return x smoothed along an axis, or a derivative of it: of polynomials fitted to windows.

    ``mode`` says how x goes on: "mirror", "constant" (``cval``), "nearest", "wrap", or "interp", by the
    polynomial fitted to the last window. Shape as x, dtype float64, or float32 for float32. Differentiable
    to any order in x and delta, on every device. Raises ``ArgumentError`` for numbers that do not fit or a
    mode that is none, ``AxisError``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.savgol_filter([2.0, 2.0, 5.0, 2.0, 1.0, 0.0, 1.0, 4.0, 9.0], 5, 2)
    tensor([1.65714286, 3.17142857, 3.54285714, 2.85714286, 0.65714286,
            0.17142857, 1.        , 4.        , 9.        ], dtype=float64, device='cpu')
    """
    op = "savgol_filter"
    if mode not in ("mirror", "constant", "nearest", "wrap", "interp"):
        expected = "expected 'mirror', 'constant', 'nearest', 'wrap' or 'interp'"
        raise ArgumentError(message(op, f"mode is {mode!r}", expected))
    xp, x = given(op, x=x)
    axis = axis_in(op, axis, x.ndim)
    if x.dtype.kind == "c":
        raise DtypeError(
            message(op, f"x has dtype {x.dtype}", "expected real numbers", "filter x.real, x.imag")
        )
    if x.dtype not in (np.float32, np.float64):
        x = double(x)
    if hasattr(delta, "xp"):
        y = savgol_filter(x, window_length, polyorder, deriv, 1.0, axis, mode, cval)
        return y / delta**deriv
    line = beside(x, _weights(op, window_length, polyorder, deriv, delta, None, True))
    if mode != "interp":
        return ndimage.convolve1d(x, line, axis, mode=mode, cval=cval)
    n, half = x.shape[axis], window_length // 2
    if window_length > n:
        got = f"window_length is {window_length}, x has length {n} along axis {axis}"
        raise ArgumentError(message(op, got, "with mode 'interp' x must be as long as a window"))
    inside = part(xp, ndimage.convolve1d(x, line, axis, mode="constant"), axis, half, n - half)
    ends = []
    for start, places in (
        (0, np.arange(half)),
        (n - window_length, np.arange(window_length - half, window_length)),
    ):
        matrix = _fitted(window_length, polyorder, deriv, delta, places)
        window = xp.moveaxis(part(xp, x, axis, start, start + window_length), axis, -1)
        ends.append(xp.moveaxis(xp.matmul(window, xp.asarray(matrix.T.copy(), dtype=x.dtype)), -1, axis))
    return xp.concat([ends[0], inside, ends[1]], axis=axis)


# ---------------------------------------------------------------- order filters and Wiener's


def medfilt(volume: Any, kernel_size: Any = None) -> Any:
    """Return the median of each window of ``kernel_size`` entries, odd and 3 by default; zeros are around.

    Shape and dtype are those of ``volume``, real. Differentiable, on every device: the gradient goes to the
    entries that equal the median, in equal parts. Raises ``ArgumentError`` for an even size, ``DtypeError``
    for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.signal.medfilt([2.0, 8.0, 0.0, 4.0, 6.0])
    tensor([2., 2., 4., 4., 4.], dtype=float64, device='cpu')
    """
    op = "medfilt"
    xp, x = given(op, volume=volume)
    x = xp.reshape(x, (1,)) if not x.ndim else x
    sizes = per_axis(op, "kernel_size", 3 if kernel_size is None else kernel_size, x.ndim)
    if any(n % 2 != 1 for n in sizes):
        raise ArgumentError(message(op, f"kernel_size is {kernel_size}", "expected odd numbers"))
    if any(k > n for k, n in zip(sizes, x.shape, strict=True)):
        warnings.warn("kernel_size exceeds volume extent: the volume will be zero-padded.", stacklevel=2)
    return ndimage.rank_filter(x, math.prod(sizes) // 2, size=sizes, mode="constant")


def medfilt2d(input: Any, kernel_size: Any = 3) -> Any:
    """Return the median of each window of an image. As ``medfilt``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.medfilt2d([[1.0, 2.0], [3.0, 4.0]])
    tensor([[0., 0.],
            [0., 0.]], dtype=float64, device='cpu')
    """
    _, x = given("medfilt2d", input=input)
    if x.ndim != 2:
        raise ShapeError(message("medfilt2d", f"input has shape {x.shape}", "expected two axes"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return medfilt(x, kernel_size)


def order_filter(a: Any, domain: Any, rank: int) -> Any:
    """Return the entry of a rank in each window, where ``domain``, of odd lengths, is not 0.

    As ``medfilt``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.order_filter([2.0, 8.0, 0.0, 4.0], [1, 1, 1], 2)
    tensor([8., 8., 8., 4.], dtype=float64, device='cpu')
    """
    shape = np.shape(domain) if isinstance(domain, list | tuple) else domain.shape
    if any(n % 2 != 1 for n in shape):
        raise ArgumentError(message("order_filter", f"domain has shape {shape}", "expected odd lengths"))
    return ndimage.rank_filter(a, rank, footprint=domain, mode="constant")


def wiener(im: Any, mysize: Any = None, noise: Any = None) -> Any:
    """Return a signal of which, where it varies as noise does, the mean of the window is left.

    ``mysize`` is the length of a window, 3 by default, one number or one an axis; ``noise`` the variance of
    the noise, by default the mean of all windows'. Dtypes are promoted. Differentiable to any order in
    ``im`` and ``noise``, on every device.

    >>> import anygrad as ag
    >>> ag.scipy.signal.wiener([2.0, 8.0, 0.0, 4.0, 6.0])
    tensor([3.06666667, 4.26666667, 3.46666667, 3.33333333, 3.33333333], dtype=float64, device='cpu')
    """
    op = "wiener"
    xp, x, noise = given(op, im=im, noise=noise)
    sizes = tuple(int(n) for n in per_axis(op, "mysize", 3 if mysize is None else mysize, x.ndim))
    window, count = xp.ones(sizes), float(math.prod(sizes))
    mean = correlate(x, window, "same") / count
    spread = correlate(x**2, window, "same") / count - mean**2
    noise = xp.mean(spread) if noise is None else noise
    even = spread < noise
    # Where the mean is taken nothing is divided: a window without variance has a finite gradient.
    rest = (x - mean) * (1 - noise / xp.where(even, xp.ones_like(spread), spread)) + mean
    return xp.where(even, mean, rest)


# ---------------------------------------------------------------- trends


def detrend(
    data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False
) -> Any:
    """Return data less its mean ("constant") or the line fitted to it ("linear") along an axis.

    ``bp`` are the places where a line ends and another begins; ``overwrite_data`` is taken and does
    nothing. Shape as ``data``, dtype floating. Differentiable to any order, on every device. Raises
    ``ArgumentError`` for another type or places outside, ``AxisError`` for the axis.

    >>> import anygrad as ag
    >>> ag.scipy.signal.detrend([1.0, 2.0, 3.0, 6.0])
    tensor([ 0.4, -0.2, -0.8,  0.6], dtype=float64, device='cpu')
    """
    op = "detrend"
    if type not in ("linear", "l", "constant", "c"):
        raise ArgumentError(message(op, f"type is {type!r}", "expected 'linear' or 'constant'"))
    xp, x = given(op, data=data)
    axis = axis_in(op, axis, x.ndim)
    x = floating(x)
    if type in ("constant", "c"):
        return x - xp.mean(x, axis=axis, keepdims=True)
    n = x.shape[axis]
    ends = sorted(
        {
            0,
            n,
            *(whole_in(op, "bp", b) for b in per_axis(op, "bp", bp, 1 if isinstance(bp, int) else len(bp))),
        }
    )
    if ends[0] < 0 or ends[-1] > n:
        raise ArgumentError(message(op, f"bp is {bp}", f"expected places from 0 to {n}"))
    parts = []
    for start, stop in pairwise(ends):
        piece = part(xp, x, axis, start, stop)
        count = stop - start
        line = np.arange(count) - (count - 1) / 2
        line = line / (math.sqrt(float(line @ line)) or 1.0)
        shape = tuple(count if k == axis else 1 for k in range(x.ndim))
        along = xp.reshape(xp.asarray(line, dtype=x.dtype), shape)
        piece = piece - xp.mean(piece, axis=axis, keepdims=True)
        parts.append(piece - along * xp.sum(along * piece, axis=axis, keepdims=True))
    return xp.concat(parts, axis=axis)
