"""SciPy's signal processing, called directly: convolutions, filters that are applied, spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal

from anygrad.errors import DtypeError
from tests.consumers.harness import (
    Case,
    Draw,
    Held,
    Raises,
    apart,
    fixed,
    normal,
    positive,
    rising,
    waves,
    within,
)
from tests.consumers.scipy_outcomes import COMPILED, CONVERTS, MIXES, NOT_THERE, caller

LIBRARY = "scipy"


of = caller(signal)


CONVOLUTIONS = [
    of("convolve", normal(7), normal(3), method="fft"),
    of("convolve direct", normal(7), normal(3), method="direct", outcome=COMPILED),
    of("correlate", normal(7), normal(3), mode="same", method="fft"),
    of("correlate complex", waves(7), waves(3), method="fft"),
    of("fftconvolve", normal(6, 5), normal(3, 2), mode="same", everywhere=True),
    of("fftconvolve axes", waves(6, 5), waves(6, 2), axes=1),
    of("oaconvolve", normal(40), normal(5)),
    of("oaconvolve axes", normal(30, 3), normal(4, 3), mode="valid", axes=0),
    of("convolve2d", normal(4, 5), normal(2, 3), outcome=COMPILED),
    of("correlate2d", normal(4, 5), normal(2, 3), outcome=COMPILED),
    of(
        "deconvolve",
        normal(7),
        positive(3),
        outcome=Raises(ValueError, COMPILED.why),
    ),
    Case(
        "scipy.signal.upfirdn",
        lambda h, x: signal.upfirdn(h, x, up=2, down=3),
        normal(4),
        normal(9),
        outcome=COMPILED,
    ),
    Case(
        "scipy.signal.sepfir2d",
        signal.sepfir2d,
        normal(5, 5),
        fixed(np.ones(3)),
        fixed(np.ones(3)),
        outcome=COMPILED,
    ),
]
FILTERS = [
    of("detrend", normal(9, 2), axis=0, outcome=CONVERTS),
    Case(
        "scipy.signal.detrend pieces",
        lambda x, bp: signal.detrend(x, bp=bp),
        normal(9),
        fixed([4]),
        outcome=CONVERTS,
    ),
    of("detrend constant", normal(9), type="constant", outcome=CONVERTS),
    of("hilbert", normal(8)),
    of("hilbert2", normal(5, 4)),
    of("envelope", normal(9), bp_in=(1, None)),
    of("resample", normal(9), num=6),
    of("resample up", waves(6), num=11),
    of("resample_poly", normal(9), up=3, down=2, outcome=CONVERTS),
    of("decimate", normal(40), q=2, outcome=CONVERTS),
    of("decimate fir", normal(40), q=2, ftype="fir", outcome=CONVERTS),
    of("savgol_filter", normal(11), window_length=5, polyorder=2, outcome=CONVERTS),
    of("medfilt", apart(9), kernel_size=3, outcome=CONVERTS),
    of("medfilt2d", apart(5, 5), kernel_size=3, outcome=CONVERTS),
    of("order_filter", apart(9), fixed(np.ones(3)), rank=0, outcome=CONVERTS),
    of("wiener", normal(9), mysize=3, outcome=CONVERTS),
    Case("scipy.signal.lfilter", signal.lfilter, normal(3), positive(3), normal(9), outcome=COMPILED),
    Case(
        "scipy.signal.filtfilt",
        signal.filtfilt,
        fixed([0.2, 0.3]),
        fixed([1.0, -0.4]),
        normal(20),
        outcome=COMPILED,
    ),
    of("sosfilt", Held(lambda rng: signal.butter(2, 0.3, output="sos")), normal(12), outcome=COMPILED),
    of("sosfiltfilt", Held(lambda rng: signal.butter(2, 0.3, output="sos")), normal(30), outcome=COMPILED),
    of("lfilter_zi", normal(3), positive(3), outcome=CONVERTS),
    of("lfiltic", normal(3), positive(3), normal(2)),
    Case(
        "scipy.signal.symiirorder1", lambda x: signal.symiirorder1(x, 0.5, 0.2), normal(40), outcome=COMPILED
    ),
    of("gauss_spline", normal(9), n=3),
    of("cspline1d", normal(9), outcome=CONVERTS),
    Case(
        "scipy.signal.cspline1d_eval", signal.cspline1d_eval, normal(9), fixed([0.3, 1.2]), outcome=CONVERTS
    ),
    of("cspline2d", normal(40, 40), outcome=CONVERTS),
    of("qspline1d", normal(9), outcome=CONVERTS),
    Case(
        "scipy.signal.qspline1d_eval", signal.qspline1d_eval, normal(9), fixed([0.3, 1.2]), outcome=CONVERTS
    ),
    of("qspline2d", normal(40, 40), outcome=Raises(AttributeError, "asks for the flags of NumPy's arrays")),
    of("spline_filter", normal(40, 40), outcome=CONVERTS),
]
INTO = Raises(DtypeError, "writes what it computes of tensors into arrays of NumPy's")
PEAK = lambda rng: rng.uniform(0, 1, 5) + np.asarray([0.0, 0.0, 2.0, 0.0, 0.0])
STFT = signal.ShortTimeFFT(np.hanning(8), hop=4, fs=1.0)
SPECTRA = [
    of("periodogram", normal(16), outcome=CONVERTS),
    of("welch", normal(32), nperseg=16, outcome=CONVERTS),
    of("csd", normal(32), normal(32), nperseg=16, outcome=CONVERTS),
    of("coherence", normal(32), normal(32), nperseg=8, outcome=CONVERTS),
    of("stft", normal(32), nperseg=8, outcome=CONVERTS),
    of("istft", waves(5, 9), nperseg=8, outcome=CONVERTS),
    of("spectrogram", normal(32), nperseg=8, outcome=CONVERTS),
    Case("scipy.signal.ShortTimeFFT.stft", STFT.stft, normal(32), outcome=CONVERTS, strict=MIXES),
    Case(
        "scipy.signal.ShortTimeFFT.istft",
        lambda s: STFT.istft(s, k1=32),
        waves(5, 9),
        outcome=INTO,
        strict=MIXES,
    ),
    Case(
        "scipy.signal.ShortTimeFFT.spectrogram", STFT.spectrogram, normal(32), outcome=CONVERTS, strict=MIXES
    ),
    of("lombscargle", rising(12), normal(12), positive(4), outcome=CONVERTS),
    of("vectorstrength", normal(9), positive()),
    of("czt", waves(7), m=5, outcome=CONVERTS),
    of("zoom_fft", normal(16), fixed([0.2, 0.6]), m=5, outcome=CONVERTS),
    of("chirp", rising(9), f0=1.0, t1=3.0, f1=2.0, outcome=CONVERTS),
    of("gausspulse", normal(9), fc=2.0),
    of("sawtooth", normal(9), outcome=CONVERTS),
    of("square", normal(9), outcome=CONVERTS),
    Case(
        "scipy.signal.sweep_poly",
        lambda t: signal.sweep_poly(t, np.poly1d([0.1, 1.0])),
        normal(9),
    ),
    of("find_peaks", apart(9), outcome=CONVERTS),
    of("argrelmax", apart(9), outcome=INTO, strict=MIXES),
    Case("scipy.signal.peak_prominences", signal.peak_prominences, PEAK, fixed([2]), outcome=CONVERTS),
]


def window(name: str, *inputs: Draw, **options: Any) -> Case:
    """Make a case of a window of seven points, whose parameters are arrays."""
    function = getattr(signal.windows, name)
    call = lambda *p: function(7, *p, xp=p[0].__array_namespace__())
    return Case(f"scipy.signal.windows.{name}", call, *inputs, **options)


WINDOWS = [
    window("gaussian", positive()),
    window("general_gaussian", positive(), positive()),
    Case("scipy.signal.windows.general_cosine", lambda a: signal.windows.general_cosine(7, a), normal(3)),
    window("general_hamming", positive()),
    Case(
        "scipy.signal.windows.exponential",
        lambda tau: signal.windows.exponential(7, tau=tau, xp=tau.__array_namespace__()),
        positive(),
    ),
    window("kaiser", positive(), strict=NOT_THERE),
    window("tukey", within(0.4, 0.6)),
]
CASES = [*CONVOLUTIONS, *FILTERS, *SPECTRA, *WINDOWS]
