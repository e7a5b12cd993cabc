"""Parts of a signal: how it is cut, windowed and transformed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.rules import axis_in, whole_in
from anygrad.scipy.doors import beside, floating, given
from anygrad.scipy.signal.resampling import designed
from anygrad.scipy.signal.smoothing import detrend as without_trend

__all__ = ["Frame", "is_halved", "prepared"]

SCALINGS = ("density", "spectrum")


class Frame:
    """How a signal is cut into parts: their window, length, step, points of transform, frequencies."""

    def __init__(
        self,
        op: str,
        xp: Any,
        n: int,
        dtype: np.dtype,
        fs: float,
        window: Any,
        nperseg: Any,
        noverlap: Any,
        nfft: Any,
        halved: bool,
        share: int = 2,
    ) -> None:
        named = isinstance(window, str | tuple | float)
        if named:
            length = 256 if nperseg is None else whole_in(op, "nperseg", nperseg)
            if length > n:
                got = f"nperseg = {length} is greater than the length of the signal, which is taken: {n}"
                warnings.warn(got, UserWarning, stacklevel=4)
                length = n
            if length < 1:
                raise ArgumentError(message(op, f"nperseg is {length}", "expected 1 or more"))
            window = xp.asarray(designed("get_window", window, length), dtype=dtype)
        _, window = given(op, window=window)
        if (
            window.ndim != 1
            or window.shape[0] > n
            or (nperseg is not None and not named and window.shape[0] != nperseg)
        ):
            got = f"window has shape {window.shape}, nperseg is {nperseg}, the signal has length {n}"
            raise ShapeError(message(op, got, "expected one axis, as long as a part"))
        self.length: int = window.shape[0]
        self.points = self.length if nfft is None else whole_in(op, "nfft", nfft)
        overlap = self.length // share if noverlap is None else whole_in(op, "noverlap", noverlap)
        if self.points < self.length or not 0 <= overlap < self.length:
            got = f"nperseg is {self.length}, nfft is {nfft}, noverlap is {noverlap}"
            raise ArgumentError(message(op, got, "nfft must be as large, noverlap less and not below 0"))
        self.step = self.length - overlap
        self.xp, self.halved = xp, halved
        self.window = xp.astype(window, dtype, copy=False)
        name = "rfftfreq" if halved else "fftfreq"
        self.frequencies = getattr(xp.fft, name)(self.points, d=1 / fs)

    def scale(self, op: str, scaling: Any, fs: float) -> Any:
        """Return what spectra of power are multiplied by."""
        if scaling not in SCALINGS:
            raise ArgumentError(
                message(op, f"scaling is {scaling!r}", f"expected one of {', '.join(SCALINGS)}")
            )
        if scaling == "density":
            return 1 / (fs * self.xp.sum(self.window * self.window))
        return 1 / self.xp.sum(self.window) ** 2

    def count(self, n: int) -> int:
        """Return how many parts there are in a signal of length n."""
        return (n - self.length) // int(self.step) + 1

    def starts(self, n: int) -> np.ndarray:
        """Return the positions of all parts in a signal of length n, flat."""
        rows = np.arange(self.count(n))[:, None] * self.step + np.arange(self.length)
        found: np.ndarray = rows.reshape(-1)
        return found

    def spectra(self, x: Any, detrend: Any) -> Any:
        """Return the transform of each part (..., parts, frequencies) of a signal (..., n)."""
        xp, n = self.xp, x.shape[-1]
        parts = xp.take(x, beside(x, self.starts(n)), axis=x.ndim - 1)
        parts = xp.reshape(parts, (*x.shape[:-1], self.count(n), self.length))
        if callable(detrend):
            parts = detrend(parts)
        elif detrend:
            parts = without_trend(parts, type=detrend)
        transform = xp.fft.rfft if self.halved else xp.fft.fft
        return transform(self.window * parts, n=self.points)

    def doubled(self, power: Any) -> Any:
        """Return power (..., frequencies) with that of the frequencies that are left out."""
        if not self.halved:
            return power
        weights = np.full(self.points // 2 + 1, 2.0)
        weights[0] = 1
        if self.points % 2 == 0:
            weights[-1] = 1
        return power * self.xp.asarray(weights, dtype=np.finfo(power.dtype).dtype)


def prepared(op: str, axis: int, **signals: Any) -> tuple[Any, list[Any], int]:
    """Return the namespace, the signals with the axis last, and the axis as a number below 0."""
    xp, *given_signals = given(op, **signals)
    found = []
    for x in given_signals:
        at = axis_in(op, axis, x.ndim)
        if not x.shape[at]:
            raise ShapeError(message(op, f"a signal has shape {x.shape}", f"axis {axis} has no entry"))
        found.append(xp.moveaxis(floating(x), at, -1))
    return xp, found, axis if axis < 0 else axis - given_signals[0].ndim


def is_halved(signals: list[Any], return_onesided: bool) -> bool:
    if return_onesided and any(x.dtype.kind == "c" for x in signals):
        warnings.warn("Input data is complex, switching to return_onesided=False", UserWarning, stacklevel=4)
        return False
    return return_onesided
