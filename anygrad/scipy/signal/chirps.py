"""The chirp z-transform: a Fourier transform at points along a spiral, and so of a part of the spectrum.

Written as a convolution with a chirp, by Fourier transforms (L. R. Rabiner, R. W. Schafer and C. M. Rader,
The chirp z-transform algorithm, 1969), in functions of tensors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, message
from anygrad.rules import axis_in, whole_in
from anygrad.scipy.doors import floating, given
from anygrad.scipy.fft.lengths import next_fast_len
from anygrad.scipy.ndimage.borders import fixed

__all__ = ["czt", "zoom_fft"]


def _transformed(op: str, x: Any, m: Any, axis: int, chirps: Any) -> Any:
    """Transform along an axis: ``chirps(n, m)`` gives what x is multiplied by, and the chirp."""
    xp, x = given(op, x=x)
    x, axis = floating(x), axis_in(op, axis, x.ndim)
    n = x.shape[axis]
    m = n if m is None else whole_in(op, "m", m)
    if n < 1 or m < 1:
        raise ArgumentError(message(op, f"x has length {n}, m is {m}", "expected 1 or more"))
    dtype = x.xp.within(np.dtype(np.complex128))
    before, chirp = chirps(n, m)
    points = next_fast_len(n + m - 1)
    kernel = np.fft.fft(1 / np.concatenate([chirp[n - 1 : 0 : -1], chirp[:m]]), points)
    before, kernel, after = (xp.asarray(v, dtype=dtype) for v in (before, kernel, chirp[:m]))
    x = xp.moveaxis(xp.astype(x, dtype, copy=False), axis, -1)
    y = xp.fft.ifft(kernel * xp.fft.fft(x * before, n=points))
    return xp.moveaxis(y[..., n - 1 : n + m - 1] * after, -1, axis)


def czt(x: Any, m: int | None = None, w: Any = None, a: Any = 1 + 0j, *, axis: int = -1) -> Any:
    """Return the z-transform of x along an axis at the ``m`` points ``a * w ** -k``.

    ``m`` is the length of x by default, ``w`` then or with any m the step of its Fourier transform; ``w``
    and ``a`` are numbers. Dtype complex128. Differentiable to any order in x, on every device. Raises
    ``ArgumentError`` for lengths below 1, ``AxisError`` for the axis.

    >>> import anygrad as ag
    >>> ag.scipy.signal.czt([1.0, 2.0, 4.0], 2)
    tensor([7.+0.0000000e+00j, 3.-2.6039219e-16j], dtype=complex128, device='cpu')
    """
    op = "czt"
    start = complex(fixed(op, "a", a))
    step = None if w is None else complex(fixed(op, "w", w))

    def chirps(n: int, m: int) -> Any:
        k = np.arange(max(m, n))
        chirp = np.exp(-(1j * np.pi * (k**2 % (2 * m))) / m) if step is None else step ** (k**2 / 2.0)
        return start ** -k[:n] * chirp[:n], chirp

    return _transformed(op, x, m, axis, chirps)


def zoom_fft(
    x: Any, fn: Any, m: int | None = None, *, fs: float = 2, endpoint: bool = False, axis: int = -1
) -> Any:
    """Return the Fourier transform of x along an axis at ``m`` frequencies from ``fn[0]`` to ``fn[1]``.

    One number ``fn`` stands for 0 to it; ``fs`` is the rate of x, ``endpoint`` takes the last frequency in.
    The rest is as for ``czt``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.zoom_fft([1.0, 2.0, 4.0], [0.0, 1.0], 2)
    tensor([ 7.-3.33066907e-16j, -3.-2.00000000e+00j], dtype=complex128, device='cpu')
    """
    op = "zoom_fft"
    ends = fixed(op, "fn", fn)
    if ends.size not in (1, 2):
        raise ArgumentError(message(op, f"fn is {fn!r}", "expected one frequency or two"))
    low, high = (0.0, float(ends.reshape(-1)[0])) if ends.size == 1 else map(float, ends)

    def chirps(n: int, m: int) -> Any:
        k = np.arange(max(m, n))
        scale = (high - low) * m / (fs * (m - 1)) if endpoint else (high - low) / fs
        chirp = np.exp(-(1j * np.pi * scale * k**2) / m)
        return np.exp(-2j * np.pi * low / fs * k[:n]) * chirp[:n], chirp

    return _transformed(op, x, m, axis, chirps)
