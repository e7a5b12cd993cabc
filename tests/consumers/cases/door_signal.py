"""``anygrad.scipy.signal`` beside SciPy's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import signal

import anygrad as ag
from anygrad.errors import UnsupportedError
from tests.consumers.harness import Case, Draw, Held, Raises, apart, normal, waves, within

LIBRARY = "anygrad.scipy"
RECURSIVE = ("lfilter", "sosfilt", "filtfilt", "sosfiltfilt", "deconvolve")
NOT = Raises(UnsupportedError, "SciPy computes it on NumPy, CuPy on CUDA")
MODES = ("full", "same", "valid")
B, A = signal.butter(3, 0.3)
FIRST, OTHERS = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0, 1.0, 1.0]
SECTIONS = signal.butter(4, [0.2, 0.5], btype="band", output="sos")

x = normal(2, 9)


def case(name: str, *inputs: Draw | Held, run: Callable[..., Any], **options: Any) -> Case:
    """Make the case of a function called alike in both: ``run(function, *arrays)`` is how."""
    function = name.partition(" ")[0]
    if function in RECURSIVE or name.startswith("decimate iir"):
        options["strict"] = NOT
    tensors = lambda *arrays: run(getattr(ag.scipy.signal, function), *arrays)
    reference = functools.partial(run, getattr(signal, function))
    return Case(f"anygrad.scipy.signal.{name}", tensors, *inputs, reference=reference, **options)


def call(*arguments: Any, **keywords: Any) -> Callable[..., Any]:
    """Return how a function of one signal is called."""
    return lambda f, one: f(one, *arguments, **keywords)


def both(*arguments: Any, **keywords: Any) -> Callable[..., Any]:
    """Return how a function of two signals is called."""
    return lambda f, one, other: f(one, other, *arguments, **keywords)


def near(values: Any, far: float = 0.01) -> Draw:
    """Draw numbers close to given ones: a filter that stays stable."""
    return lambda rng: np.asarray(values) + far * rng.standard_normal(np.shape(values))


def monic(sections: Any) -> Any:
    """Return sections whose denominators begin with 1, as SciPy asks."""
    return sections * OTHERS + FIRST


def stable(rng: np.random.Generator) -> np.ndarray:
    """Draw the denominator of a stable filter, its first entry not 1."""
    return np.concatenate([[1.5], rng.uniform(-0.4, 0.4, 2)])


CONVOLUTIONS = [
    *(case(f"convolve {m}", normal(7), normal(3), run=both(m), everywhere=True) for m in MODES),
    *(case(f"convolve direct {m}", normal(4, 5), normal(2, 3), run=both(m, "direct")) for m in MODES),
    case("convolve longer", normal(3), normal(7), run=both("valid")),
    case("convolve complex", waves(5), normal(3), run=both(method="fft")),
    *(case(f"correlate {m}", normal(7), normal(4), run=both(m), everywhere=True) for m in MODES),
    case("correlate complex", waves(4, 3), waves(2, 3), run=both("same")),
    *(case(f"fftconvolve {m}", normal(2, 7), normal(1, 4), run=both(m, axes=1)) for m in MODES),
    *(case(f"oaconvolve {m}", normal(2, 40), normal(2, 4), run=both(m, axes=-1)) for m in MODES),
    *(
        case(f"{f} {m} {b}", normal(4, 5), normal(2, 3), run=both(m, b, 1.5))
        for f in ("convolve2d", "correlate2d")
        for m in MODES
        for b in ("fill", "wrap", "symm")
    ),
]
FILTERS = [
    case("lfilter", normal(4), stable, x, run=lambda f, b, a, v: f(b, a, v)),
    case(
        "lfilter zi",
        normal(2),
        stable,
        normal(5, 2),
        normal(2, 2),
        run=lambda f, b, a, v, z: f(b, a, v, 0, z),
    ),
    case(
        "lfilter short", normal(5), stable, normal(2), normal(4), run=lambda f, b, a, v, z: f(b, a, v, zi=z)
    ),
    case("lfilter fir", normal(3), waves(6), run=lambda f, b, v: f(b, [1.0], v)),
    case("lfilter_zi", normal(4), stable, run=both(), everywhere=True),
    case("lfiltic", normal(4), stable, normal(3), normal(2), run=lambda f, b, a, y, v: f(b, a, y, v)),
    case("sosfilt", near(SECTIONS), x, run=lambda f, s, v: f(monic(s), v)),
    case("sosfilt zi", near(SECTIONS), x, normal(4, 2, 2), run=lambda f, s, v, z: f(monic(s), v, zi=z)),
    case("sosfilt_zi", near(SECTIONS), run=call()),
    *(
        case(
            f"filtfilt {t}", near(B), near(A), x, run=lambda f, b, a, v, t=t: f(b, a, v, padtype=t, padlen=5)
        )
        for t in ("odd", "even", "constant", None)
    ),
    case("sosfiltfilt", near(SECTIONS), normal(30), run=lambda f, s, v: f(monic(s), v)),
    case("deconvolve", normal(6), stable, run=both()),
]
SMOOTHING = [
    *(
        case(f"savgol_filter {m}", x, run=call(5, 2, 1, 0.5, -1, m, 1.5))
        for m in ("mirror", "constant", "nearest", "wrap", "interp")
    ),
    case("savgol_filter even", normal(9, 2), run=call(4, 3, axis=0), everywhere=True),
    case("medfilt", apart(3, 5), run=call(3), everywhere=True),
    case("medfilt2d", apart(4, 5), run=call((1, 3))),
    case("order_filter", apart(9), run=call(np.ones(3), 1)),
    case("wiener", normal(9), within(0.1, 0.2), run=lambda f, v, n: f(v, 3, n)),
    case("wiener 2", normal(5, 4), run=call((3, 5))),
    case("detrend", x, run=call(bp=[4]), everywhere=True),
    case("detrend constant", x, run=call(0, "constant")),
]
RATES = [
    *(case(f"resample {n}", x, run=call(n, axis=1), everywhere=True) for n in (4, 5, 12, 13)),
    case("resample even", normal(8), run=call(6)),
    case("resample complex", waves(8), normal(8), run=lambda f, v, w: f(v, 12, window=w)),
    case("resample window", normal(9), normal(9), normal(9), run=lambda f, v, w, t: f(v, 6, t, window=w)),
    case("resample spectrum", waves(6), run=call(4, domain="freq")),
    case("upfirdn", normal(5), x, run=both(3, 2), everywhere=True),
    case("upfirdn short", normal(2), normal(4, 2), run=both(2, 5, 0)),
    case("resample_poly", x, run=call(3, 2, 1)),
    case("resample_poly mean", x, normal(7), run=lambda f, v, w: f(v, 2, 3, 1, w, "mean")),
    case("decimate iir", normal(60), run=call(3)),
    case("decimate fir", normal(2, 40), run=call(3, ftype="fir"), everywhere=True),
    case("hilbert", x, run=call(), everywhere=True),
    case("hilbert even", normal(6, 2), run=call(8, 0)),
    case("hilbert2", normal(4, 5), run=call()),
]

SPECTRA = [
    *(case(f"csd {n}", normal(2, 40), normal(2, 40), run=both(nperseg=n, noverlap=3)) for n in (8, 9)),
    case("csd complex", waves(30), waves(30), run=both(nperseg=8, return_onesided=False, fs=2.0)),
    case("welch", normal(40), run=call(nperseg=8, nfft=11, scaling="spectrum"), everywhere=True),
    case(
        "welch window", normal(40), within(0.5, 1.0, 9), run=lambda f, v, w: f(v, window=w, detrend="linear")
    ),
    case("periodogram", normal(2, 20), run=call(nfft=24)),
    case("periodogram short", normal(20, 2), run=call(window="hann", nfft=15, axis=0)),
    case("coherence", normal(40), normal(40), run=both(nperseg=8), rtol=1e-5),
    *(
        case(f"stft {b}", normal(2, 30), run=call(nperseg=8, boundary=b))
        for b in ("zeros", "even", "odd", None)
    ),
    case("stft psd", normal(30), run=call(nperseg=9, nfft=12, padded=False, scaling="psd"), everywhere=True),
    case("istft", waves(5, 6), run=call(nperseg=8)),
    case(
        "istft psd",
        waves(4, 8),
        run=call(nperseg=8, noverlap=6, input_onesided=False, time_axis=0, freq_axis=1, scaling="psd"),
    ),
    *(
        case(f"spectrogram {m}", normal(2, 40), run=call(nperseg=8, mode=m))
        for m in ("psd", "complex", "magnitude")
    ),
    case("czt", normal(2, 7), run=call(5, axis=0), everywhere=True),
    case("czt spiral", waves(6), run=call(9, 0.98 * np.exp(-0.3j), 1.1 + 0.2j)),
    case("zoom_fft", normal(7, 2), run=call([0.2, 0.7], 5, fs=3.0, axis=0)),
    case("zoom_fft endpoint", waves(6), run=call(0.7, 8, endpoint=True)),
    case("spectrogram angle", waves(40), run=call(nperseg=8, mode="angle", return_onesided=False), rtol=1e-4),
]

CASES = [*CONVOLUTIONS, *FILTERS, *SMOOTHING, *RATES, *SPECTRA]
