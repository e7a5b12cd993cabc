"""Spectra of the parts of a signal: their means, their courses, and the signal again.

All in functions of tensors: parts are gathered, windowed and transformed (P. D. Welch, The use of the fast
Fourier transform for the estimation of power spectra, 1967). Only names of windows are SciPy's to turn into
numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, message
from anygrad.rules import axis_in, part, whole_in
from anygrad.scipy.doors import beside, given
from anygrad.scipy.signal.frames import Frame, is_halved, prepared
from anygrad.scipy.signal.zero_phase import continued

__all__ = ["coherence", "csd", "istft", "periodogram", "spectrogram", "stft", "welch"]


def _longer(xp: Any, x: Any, n: int) -> Any:
    return x if x.shape[-1] >= n else xp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, n - x.shape[-1])])


def csd(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> Any:
    """Return frequencies and the cross power spectrum of two signals: the mean of that of their parts.

    ``window`` is a name of SciPy's or an array; ``detrend`` what ``detrend`` takes, a function, or False;
    ``average`` is "mean" ("median" is not there). The frequencies take the place of the axis.
    Differentiable to any order in x, y and a window that is a tensor, on every device. Raises
    ``ArgumentError`` for numbers that do not fit, ``ShapeError`` for a window that does not.

    >>> import anygrad as ag
    >>> ag.scipy.signal.csd([1.0, 2.0, 0.0, 4.0], [1.0, 0.0, 2.0, 2.0], nperseg=2)[1]
    tensor([-0.41666667+0.j, -0.41666667+0.j], dtype=complex128, device='cpu')
    """
    op = "csd"
    if average != "mean":
        raise ArgumentError(message(op, f"average is {average!r}", "expected 'mean'"))
    same = x is y
    xp, (x, y), axis = prepared(op, axis, x=x, y=y)
    n = max(x.shape[-1], y.shape[-1])
    x, y = _longer(xp, x, n), _longer(xp, y, n)
    dtype = np.result_type(x.dtype, y.dtype)
    halved = is_halved([x, y], return_onesided)
    frame = Frame(op, xp, n, np.finfo(dtype).dtype, fs, window, nperseg, noverlap, nfft, halved)
    first = frame.spectra(x, detrend)
    second = first if same else frame.spectra(y, detrend)
    power = xp.conj(first) * second
    power = xp.mean(xp.real(power) if same else power, axis=-2)
    power = frame.doubled(power * frame.scale(op, scaling, fs))
    return frame.frequencies, xp.moveaxis(power, -1, axis)


def welch(
    x: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> Any:
    """Return frequencies and the power spectrum of a signal: the mean of that of its parts. As ``csd``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.welch([1.0, 2.0, 0.0, 4.0], nperseg=2)[1]
    tensor([1.75, 1.75], dtype=float64, device='cpu')
    """
    keywords = {"fs": fs, "window": window, "nperseg": nperseg, "noverlap": noverlap, "nfft": nfft}
    keywords |= {"detrend": detrend, "return_onesided": return_onesided, "scaling": scaling}
    return csd(x, x, **keywords, axis=axis, average=average)


def periodogram(
    x: Any,
    fs: float = 1.0,
    window: Any = "boxcar",
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
) -> Any:
    """Return frequencies and the power spectrum of a signal as a whole. As ``csd``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.periodogram([1.0, 2.0, 0.0, 4.0])[1]
    tensor([0.  , 2.5 , 6.25], dtype=float64, device='cpu')
    """
    op = "periodogram"
    xp, (x,), axis = prepared(op, axis, x=x)
    n = x.shape[-1]
    if nfft is not None and whole_in(op, "nfft", nfft) < n:
        x, n = part(xp, x, x.ndim - 1, 0, nfft), nfft
    keywords = {"fs": fs, "window": "boxcar" if window is None else window, "nperseg": n, "noverlap": 0}
    keywords |= {"nfft": nfft, "detrend": detrend, "return_onesided": return_onesided, "scaling": scaling}
    frequencies, power = csd(x, x, **keywords)
    return frequencies, xp.moveaxis(power, -1, axis)


def coherence(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    axis: int = -1,
) -> Any:
    """Return frequencies and how far two signals agree there: from 0 to 1, by their parts. As ``csd``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.coherence([1.0, 2.0, 0.0, 4.0], [1.0, 0.0, 2.0, 2.0], nperseg=2)[1]
    tensor([0.23809524, 0.23809524], dtype=float64, device='cpu')
    """
    keywords = {"fs": fs, "window": window, "nperseg": nperseg, "noverlap": noverlap, "nfft": nfft}
    keywords |= {"detrend": detrend, "axis": axis}
    frequencies, power_x = welch(x, **keywords)
    _, power_y = welch(y, **keywords)
    _, power = csd(x, y, **keywords)
    xp, power = given("coherence", power=power)
    return frequencies, xp.real(power * xp.conj(power)) / power_x / power_y


def _course(
    op: str,
    x: Any,
    fs: float,
    frame: Any,
    detrend: Any,
    halved: bool,
    boundary: Any,
    padded: bool,
    share: int,
) -> tuple[Any, ...]:
    """Return the namespace, the frame, times, and the spectra (..., parts, frequencies) of a signal."""
    xp = given(op, x=x)[0]
    n, dtype = x.shape[-1], np.finfo(x.dtype).dtype
    window, nperseg, noverlap, nfft = frame
    cut = Frame(op, xp, n, dtype, fs, window, nperseg, noverlap, nfft, halved, share)
    if boundary not in ("even", "odd", "constant", "zeros", None):
        got = f"boundary is {boundary!r}"
        raise ArgumentError(message(op, got, "expected 'even', 'odd', 'constant', 'zeros' or None"))
    edge = cut.length // 2
    if boundary == "zeros":
        x = xp.pad(x, [(0, 0)] * (x.ndim - 1) + [(edge, edge)])
    elif boundary is not None:
        x = continued(op, xp, x, x.ndim - 1, boundary, edge)
    if padded:
        x = _longer(xp, x, x.shape[-1] + (-(x.shape[-1] - cut.length) % cut.step) % cut.length)
    half = cut.length / 2
    times = np.arange(half, x.shape[-1] - half + 1, cut.step) / float(fs)
    times = times - (half / fs if boundary is not None else 0)
    return xp, cut, beside(x, times), cut.spectra(x, detrend)


def stft(
    x: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = 256,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = False,
    return_onesided: bool = True,
    boundary: Any = "zeros",
    padded: bool = True,
    axis: int = -1,
    scaling: str = "spectrum",
) -> Any:
    """Return frequencies, times and the spectra of the parts of a signal, complex.

    The frequencies take the place of the axis, the times come last. ``boundary`` says how the signal goes
    on at both ends: "zeros", "even", "odd", "constant" or None; ``padded`` lets zeros follow, so that parts
    fill it; ``scaling`` is "spectrum" or "psd". The rest is as for ``csd``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.stft([1.0, 2.0, 0.0, 4.0], nperseg=2)[2]
    tensor([[ 1.+0.j,  2.+0.j,  0.+0.j,  4.+0.j,  0.+0.j],
            [-1.+0.j, -2.+0.j,  0.+0.j, -4.+0.j,  0.+0.j]], dtype=complex128, device='cpu')
    """
    op = "stft"
    if scaling not in ("spectrum", "psd"):
        raise ArgumentError(message(op, f"scaling is {scaling!r}", "expected 'spectrum' or 'psd'"))
    xp, (x,), axis = prepared(op, axis, x=x)
    halved = is_halved([x], return_onesided)
    frame = window, nperseg, noverlap, nfft
    xp, cut, times, found = _course(op, x, fs, frame, detrend, halved, boundary, padded, 2)
    found = found * xp.sqrt(cut.scale(op, "density" if scaling == "psd" else scaling, fs))
    return cut.frequencies, times, xp.moveaxis(found, -1, axis - 1)


def spectrogram(
    x: Any,
    fs: float = 1.0,
    window: Any = ("tukey", 0.25),
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    mode: str = "psd",
) -> Any:
    """Return frequencies, times and the power of the parts of a signal.

    ``mode`` is "psd", "complex", "magnitude" (whose gradient is 0 where it is 0) or "angle" ("phase" is not
    there). The rest is as for ``stft``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.spectrogram([1.0, 2.0, 0.0, 4.0], nperseg=2)[2]
    tensor([[0.25, 4.  ],
            [0.25, 4.  ]], dtype=float64, device='cpu')
    """
    op = "spectrogram"
    if mode not in ("psd", "complex", "magnitude", "angle"):
        expected = "expected 'psd', 'complex', 'magnitude' or 'angle'"
        raise ArgumentError(message(op, f"mode is {mode!r}", expected))
    xp, (x,), axis = prepared(op, axis, x=x)
    halved = is_halved([x], return_onesided)
    frame = window, nperseg, noverlap, nfft
    xp, cut, times, found = _course(op, x, fs, frame, detrend, halved, None, False, 8)
    scale = cut.scale(op, scaling, fs)
    if mode == "psd":
        found = cut.doubled(xp.real(xp.conj(found) * found) * scale)
    else:
        found = found * xp.sqrt(scale)
        if mode == "magnitude":
            found = xp.abs(found)
        elif mode == "angle":
            found = xp.atan2(xp.imag(found), xp.real(found))
    return cut.frequencies, times, xp.moveaxis(found, -1, axis - 1)


def istft(
    Zxx: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    input_onesided: bool = True,
    boundary: bool = True,
    time_axis: int = -1,
    freq_axis: int = -2,
    scaling: str = "spectrum",
) -> Any:
    """Return times and the signal whose ``stft`` is ``Zxx``: its parts, added up, divided by their windows.

    Differentiable to any order in ``Zxx`` and a window that is a tensor, on every device. Raises what
    ``stft`` does.

    >>> import anygrad as ag
    >>> spectra = ag.scipy.signal.stft([1.0, 2.0, 0.0, 4.0], nperseg=2)[2]
    >>> ag.scipy.signal.istft(spectra, nperseg=2)[1]
    tensor([1., 2., 0., 4.], dtype=float64, device='cpu')
    """
    op = "istft"
    xp, z = given(op, Zxx=Zxx)
    if z.ndim < 2 or scaling not in ("spectrum", "psd"):
        got = f"Zxx has shape {z.shape}, scaling is {scaling!r}"
        raise ArgumentError(message(op, got, "expected two axes or more, 'spectrum' or 'psd'"))
    time, frequency = axis_in(op, time_axis, z.ndim), axis_in(op, freq_axis, z.ndim)
    z = xp.moveaxis(z, (time, frequency), (-2, -1))
    bins, parts = z.shape[-1], z.shape[-2]
    points = 2 * (bins - 1) if input_onesided else bins
    length = points if nperseg is None else nperseg
    if nfft is None:
        nfft = length if input_onesided and length == points + 1 else points
    frame = Frame(op, xp, length, np.finfo(z.dtype).dtype, fs, window, length, noverlap, nfft, input_onesided)
    n = length + (parts - 1) * frame.step
    pieces = (xp.fft.irfft if input_onesided else xp.fft.ifft)(z, n=nfft)[..., :length]
    pieces = pieces * (
        frame.window / xp.sqrt(frame.scale(op, "density" if scaling == "psd" else scaling, fs))
    )
    index = beside(z, frame.starts(n))
    flat = xp.reshape(pieces, (*z.shape[:-2], parts * length))
    x = xp.index_add(xp.zeros((*z.shape[:-2], n), dtype=flat.dtype), index, flat, axis=z.ndim - 2)
    weights = xp.tile(frame.window**2, (parts,))
    norm = xp.index_add(xp.zeros((n,), dtype=weights.dtype), index, weights, axis=0)
    if boundary:
        edge = length // 2
        x, norm = x[..., edge : n - edge], norm[edge : n - edge]
    x = x / xp.where(norm > 1e-10, norm, xp.ones_like(norm))
    times = beside(x, np.arange(x.shape[-1]) / float(fs))
    if time == z.ndim - 1:
        return times, x
    return times, xp.moveaxis(x, -1, time - (frequency < time))
