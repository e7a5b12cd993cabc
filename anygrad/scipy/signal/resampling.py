"""Signals at another rate: by Fourier transforms, by a polyphase filter, and the analytic signal.

One row, ``upfirdn``, which SciPy computes on NumPy and CuPy on CUDA: its transpose is itself with the rates
exchanged and the filter mirrored. The rest is written in functions of tensors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from anygrad.devices import get_backend
from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.op import operation
from anygrad.rules import axes_in, axis_in, fit, part, whole_in
from anygrad.scipy.doors import declared, floating, given
from anygrad.scipy.signal.recursive import sosfilt
from anygrad.scipy.signal.zero_phase import sosfiltfilt

__all__ = ["decimate", "hilbert", "hilbert2", "resample", "resample_poly", "upfirdn"]


def designed(name: str, *arguments: Any, **keywords: Any) -> Any:
    """Return what a function of SciPy's gives for numbers, on the host."""
    return get_backend("cpu").scipy_function("signal", name)(*arguments, **keywords)


# ---------------------------------------------------------------- upsample, filter, downsample


def _stuffed(xp: Any, x: Any, by: int, axis: int) -> Any:
    """Return x with ``by - 1`` zeros between entries."""
    n = (x.shape[axis] - 1) * by + 1
    key = tuple(slice(0, n, by) if k == axis else slice(None) for k in range(x.ndim))
    shape = tuple(n if k == axis else m for k, m in enumerate(x.shape))
    return xp.place(x, shape, (("getitem", {"key": key}),))


def _resampled(xp: Any, h: Any, x: Any, up: int, down: int, axis: int) -> Any:
    if xp.scipy_library is not None:
        return xp.scipy_function("signal", "upfirdn")(h, x, up, down, axis)
    line = xp.reshape(h, tuple(-1 if k == axis else 1 for k in range(x.ndim)))
    long = xp.scipy.signal.convolve(_stuffed(xp, x, up, axis), line, mode="full", axes=(axis,), method="fft")
    return xp.getitem(long, tuple(slice(None, None, down if k == axis else 1) for k in range(x.ndim)))


def _resampled_dx(xp: Any, g: Any, h: Any, x_shape: Any, x_dtype: Any, up: int, down: int, axis: int) -> Any:
    reach = h.shape[0] - 1
    zeros = xp.zeros((-reach % up,), dtype=h.dtype, device=xp.device)
    mirrored = xp.concat([zeros, xp.flip(h)], axis=0)
    found = xp.scipy.signal.upfirdn(mirrored, g, up=down, down=up, axis=axis)
    start, n = -(-reach // up), x_shape[axis]
    found = part(xp, found, axis, start, min(start + n, found.shape[axis]))
    if found.shape[axis] < n:
        key = tuple(slice(0, m, 1) for m in found.shape)
        found = xp.place(found, x_shape, (("getitem", {"key": key}),))
    return fit(xp, found, x_shape, x_dtype)


def _resampled_dh(xp: Any, g: Any, h_shape: Any, h_dtype: Any, x: Any, up: int, down: int, axis: int) -> Any:
    g, x = _stuffed(xp, g, down, axis), _stuffed(xp, x, up, axis)
    sums = []
    for k in range(h_shape[0]):
        n = max(min(g.shape[axis] - k, x.shape[axis]), 0)
        later = part(xp, g, axis, min(k, g.shape[axis]), k + n) if n else part(xp, g, axis, 0, 0)
        sums.append(xp.sum(later * part(xp, x, axis, 0, n)))
    return fit(xp, xp.stack(sums), h_shape, h_dtype)


_upfirdn = declared(
    operation(
        "scipy.signal.upfirdn",
        _resampled,
        "h x",
        dh=_resampled_dh,
        dx=_resampled_dx,
        prepare=lambda h, x, /, *, up, down, axis: {"up": up, "down": down, "axis": axis},
        accepts="floating",
        alike=True,
        doc="Return x with zeros between its entries, filtered by h, and of that what is kept.",
    )
)


def upfirdn(
    h: Any, x: Any, up: int = 1, down: int = 1, axis: int = -1, mode: str = "constant", cval: float = 0
) -> Any:
    """Return x upsampled by ``up`` along an axis, filtered by h and downsampled by ``down``.

    h is a vector. Beyond its ends x is 0: of the modes there is "constant", of ``cval`` 0. Dtypes are
    promoted, to floats. Differentiable to any order in h and x, on every device. Raises ``ArgumentError``
    for rates below 1 and other modes, ``ShapeError`` for h of other axes, ``AxisError`` for the axis.

    >>> import anygrad as ag
    >>> ag.scipy.signal.upfirdn([1.0, 0.5], [1.0, 2.0, 4.0], up=2)
    tensor([1. , 0.5, 2. , 1. , 4. , 2. ], dtype=float64, device='cpu')
    """
    op = "upfirdn"
    _, h, x = given(op, h=h, x=x)
    up, down, axis = whole_in(op, "up", up), whole_in(op, "down", down), axis_in(op, axis, x.ndim)
    if h.ndim != 1 or not h.size:
        raise ShapeError(message(op, f"h has shape {h.shape}", "expected one axis, not empty"))
    if mode != "constant" or cval != 0:
        got = f"mode is {mode!r}, cval is {cval}"
        raise ArgumentError(message(op, got, "expected 'constant' and 0", "pad x before"))
    if up < 1 or down < 1:
        raise ArgumentError(message(op, f"up is {up}, down is {down}", "expected 1 or more"))
    if not x.shape[axis]:
        raise ShapeError(message(op, f"x has shape {x.shape}", f"axis {axis} has no entry"))
    return _upfirdn(floating(h), floating(x), up=up, down=down, axis=axis)


BACKGROUNDS = {"mean": "mean", "median": "median", "minimum": "min", "maximum": "max"}


def resample_poly(
    x: Any,
    up: int,
    down: int,
    axis: int = 0,
    window: Any = ("kaiser", 5.0),
    padtype: str = "constant",
    cval: Any = None,
) -> Any:
    """Return x along an axis at ``up / down`` times its rate, by a polyphase filter.

    ``window`` is the window of a low-pass filter, or its coefficients. Beyond its ends x is 0 or, by
    ``padtype``, "mean", "median", "minimum" or "maximum" along the axis. Differentiable to any order in x
    and in coefficients, on every device. Raises ``ArgumentError`` for rates below 1 or another padding.

    >>> import anygrad as ag
    >>> ag.scipy.signal.resample_poly([0.0, 1.0, 2.0, 1.0], 1, 2, window=[0.25, 0.5, 0.25])
    tensor([0.25, 1.5 ], dtype=float64, device='cpu')
    """
    op = "resample_poly"
    coefficients = window if isinstance(window, list) or hasattr(window, "dtype") else None
    xp, x, h = given(op, x=x, window=coefficients)
    x, axis = floating(x), axis_in(op, axis, x.ndim)
    up, down = whole_in(op, "up", up), whole_in(op, "down", down)
    if up < 1 or down < 1:
        raise ArgumentError(message(op, f"up is {up}, down is {down}", "expected 1 or more"))
    if (padtype != "constant" and padtype not in BACKGROUNDS) or cval not in (None, 0):
        got = f"padtype is {padtype!r}, cval is {cval}"
        raise ArgumentError(message(op, got, f"expected 'constant', {', '.join(BACKGROUNDS)}, and cval 0"))
    shared = math.gcd(up, down)
    up, down = up // shared, down // shared
    if up == down == 1:
        return xp.asarray(x, copy=True)
    if h is None:
        rate = max(up, down)
        h = xp.asarray(designed("firwin", 20 * rate + 1, 1 / rate, window=window), dtype=x.dtype)
    if h.ndim != 1:
        raise ShapeError(message(op, f"window has shape {h.shape}", "expected one axis"))
    half, n = (h.shape[0] - 1) // 2, x.shape[axis]
    count = -(-n * up // down)
    before = down - half % down
    start = (half + before) // down
    after = 0
    while ((n - 1) * up + h.shape[0] + before + after - 1) // down + 1 < count + start:
        after += 1
    h = xp.pad(floating(h) * up, (before, after))
    ground = None
    if padtype in BACKGROUNDS:
        ground = getattr(xp, BACKGROUNDS[padtype])(x, axis=axis, keepdims=True)
        x = x - ground
    y = part(xp, upfirdn(h, x, up, down, axis), axis, start, start + count)
    return y if ground is None else y + ground


def decimate(
    x: Any, q: int, n: int | None = None, ftype: str = "iir", axis: int = -1, zero_phase: bool = True
) -> Any:
    """Return every q-th entry of x along an axis, after a low-pass filter of order n.

    ``ftype`` is "iir" (Chebyshev's, on NumPy and CUDA) or "fir" (Hamming's, on every device), designed by
    SciPy. Differentiable to any order in x. Raises ``ArgumentError`` for another filter.

    >>> import anygrad as ag
    >>> ag.scipy.signal.decimate([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 2, n=2, ftype="fir")
    tensor([0.0462215, 2.       , 4.       ], dtype=float64, device='cpu')
    """
    op = "decimate"
    xp, x = given(op, x=x)
    x, axis, q = floating(x), axis_in(op, axis, x.ndim), whole_in(op, "q", q)
    if ftype not in ("iir", "fir"):
        raise ArgumentError(message(op, f"ftype is {ftype!r}", "expected 'iir' or 'fir'"))
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(f"f{x.dtype.itemsize // 2}")
    if ftype == "fir":
        half = 10 * q if n is None else whole_in(op, "n", n) / 2
        count = int(2 * half) + 1 if n is None else whole_in(op, "n", n) + 1
        h = xp.asarray(designed("firwin", count, 1.0 / q, window="hamming"), dtype=dtype)
        if zero_phase:
            return resample_poly(x, 1, q, axis=axis, window=h)
        return part(xp, upfirdn(h, x, 1, q, axis), axis, 0, -(-x.shape[axis] // q))
    sections = designed("cheby1", 8 if n is None else n, 0.05, 0.8 / q, output="sos")
    run = sosfiltfilt if zero_phase else sosfilt
    y = run(xp.asarray(sections, dtype=dtype), x, axis)
    return y[tuple(slice(None, None, q if k == axis else 1) for k in range(x.ndim))]


# ---------------------------------------------------------------- by Fourier transforms


def _spectral_window(op: str, xp: Any, x: Any, window: Any) -> Any:
    """Return a window over the last axis of x, frequencies in the order of ``fft``; None stays None."""
    if window is None:
        return None
    n = x.shape[-1]
    if not hasattr(window, "shape"):
        named = not callable(window)
        found = np.fft.fftshift(designed("get_window", window, n)) if named else window(np.fft.fftfreq(n))
        window = xp.asarray(found, dtype=np.finfo(x.dtype).dtype) if isinstance(found, np.ndarray) else found
    _, _, window = given(op, x=x, window=window)
    if window.shape != (n,):
        raise ShapeError(message(op, f"window has shape {window.shape}", f"expected ({n},)"))
    return window


def resample(x: Any, num: int, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time") -> Any:
    """Return ``num`` samples of x along an axis, by a Fourier transform; with ``t`` their times as well.

    ``window`` weighs the frequencies: a name of SciPy's, an array, a function of frequencies; ``domain`` is
    "time", or "freq" where x is a spectrum. Differentiable to any order in x, in a window that is a tensor
    and in t, on every device. Raises ``ArgumentError`` for a number below 1 or another domain,
    ``AxisError``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.resample([0.0, 1.0, 0.0, -1.0], 8)
    tensor([ 0.        ,  0.70710678,  1.        ,  0.70710678,  0.        ,
            -0.70710678, -1.        , -0.70710678], dtype=float64, device='cpu')
    """
    op = "resample"
    if domain not in ("time", "freq"):
        raise ArgumentError(message(op, f"domain is {domain!r}", "expected 'time' or 'freq'"))
    xp, x, t = given(op, x=x, t=t)
    x, axis, num = floating(x), axis_in(op, axis, x.ndim), whole_in(op, "num", num)
    n = x.shape[axis]
    if num < 1 or n < 1:
        raise ArgumentError(message(op, f"num is {num}, x has shape {x.shape}", "expected 1 or more"))
    x, m = xp.moveaxis(x, axis, -1), min(num, n)
    half, w = m // 2 + 1, _spectral_window(op, xp, x, window)
    if domain == "time" and x.dtype.kind == "f":
        spectrum = xp.fft.rfft(x)
        if w is not None:
            count = n // 2 + 1
            folded = (w[1:count] + xp.flip(w[n - count + 1 :])) / 2
            spectrum = spectrum * xp.concat([w[:1], folded], axis=0)
        spectrum = spectrum[..., :half]
        if m % 2 == 0 and num != n:
            last = spectrum[..., m // 2 :] * (2.0 if num < n else 0.5)
            spectrum = xp.concat([spectrum[..., : m // 2], last], axis=-1)
        out = xp.fft.irfft(spectrum * (num / n), n=num)
    else:
        spectrum = xp.fft.fft(x) if domain == "time" else x
        spectrum = spectrum if w is None else spectrum * w
        low, high = spectrum[..., :half], spectrum[..., n - (m - half) :]
        parts = [low, xp.zeros((*x.shape[:-1], num - m), dtype=spectrum.dtype), high]
        if m % 2 == 0 and num != n:
            low, pair = low[..., : half - 1], low[..., half - 1 :]
            if num < n:
                parts = [low, pair + spectrum[..., n - m // 2 : n - m // 2 + 1], high]
            else:
                gap = xp.zeros((*x.shape[:-1], num - m - 1), dtype=spectrum.dtype)
                parts = [low, pair / 2, gap, pair / 2, high]
        out = xp.fft.ifft(xp.concat(parts, axis=-1) * (num / n))
    out = xp.moveaxis(out, -1, axis)
    if t is None:
        return out
    return out, t[0] + (t[1] - t[0]) * (n / num) * xp.arange(num, dtype=t.xp.within(np.dtype(np.float64)))


def _one_sided(xp: Any, x: Any, n: int, axis: int, middle: float) -> Any:
    """Return the weights that keep the frequencies from 0, twice those between; ``middle`` of an even n."""
    weights = np.zeros(n)
    weights[0] = 1
    weights[1 : (n + 1) // 2] = 2
    if n % 2 == 0:
        weights[n // 2] = middle
    shape = tuple(n if k == axis else 1 for k in range(x.ndim))
    return xp.reshape(xp.asarray(weights, dtype=np.finfo(x.dtype).dtype), shape)


def _real(op: str, x: Any) -> Any:
    if x.dtype.kind == "c":
        raise DtypeError(message(op, f"x has dtype {x.dtype}", "expected real numbers"))
    return floating(x)


def hilbert(x: Any, N: int | None = None, axis: int = -1) -> Any:
    """Return the analytic signal of real x along an axis: complex, without negative frequencies.

    ``N`` is the number of points, to which x is cut or continued with zeros. Differentiable to any order,
    on every device. Raises ``DtypeError`` for complex x, ``ArgumentError`` for N below 1, ``AxisError`` for
    the axis.

    >>> import anygrad as ag
    >>> ag.scipy.signal.hilbert([1.0, 2.0, 0.0, 4.0])
    tensor([1.+1.j , 2.+0.5j, 0.-1.j , 4.-0.5j], dtype=complex128, device='cpu')
    """
    op = "hilbert"
    xp, x = given(op, x=x)
    x, axis = _real(op, x), axis_in(op, axis, x.ndim)
    n = x.shape[axis] if N is None else whole_in(op, "N", N)
    if n < 1:
        raise ArgumentError(message(op, f"N is {n}", "expected 1 or more"))
    return xp.fft.ifft(xp.fft.fft(x, n=n, axis=axis) * _one_sided(xp, x, n, axis, 1), axis=axis)


def hilbert2(x: Any, N: Any = None, axes: Any = (-2, -1)) -> Any:
    """Return the analytic signal of a real image: complex, its frequencies from 0 along both axes.

    As ``hilbert``; ``N`` is one number of points, or two.

    >>> import anygrad as ag
    >>> ag.scipy.signal.hilbert2([[1.0, 2.0], [0.0, 4.0]])
    tensor([[1.75+0.j, 1.75+0.j],
            [1.75+0.j, 1.75+0.j]], dtype=complex128, device='cpu')
    """
    op = "hilbert2"
    xp, x = given(op, x=x)
    x, axes = _real(op, x), axes_in(op, axes, x.ndim)
    if axes is None or len(axes) != 2:
        raise ArgumentError(message(op, f"axes is {axes}", "expected two"))
    points = tuple(x.shape[a] for a in axes) if N is None else (N, N) if isinstance(N, int) else tuple(N)
    if len(points) != 2 or min(points) < 1:
        raise ArgumentError(message(op, f"N is {N!r}", "expected one or two numbers, 1 or more"))
    out = xp.fft.fftn(x, s=points, axes=axes)
    for axis, n in zip(axes, points, strict=True):
        out = out * _one_sided(xp, x, n, axis, 0)
    return xp.fft.ifftn(out, axes=axes)
