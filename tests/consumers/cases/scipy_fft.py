"""SciPy's Fourier transforms, called directly."""

from __future__ import annotations

from scipy import fft

from tests.consumers.harness import Case, normal, waves

LIBRARY = "scipy"

CASES = [
    Case("scipy.fft.fft", lambda x: fft.fft(x, axis=0), waves(5, 3), everywhere=True),
    Case("scipy.fft.rfft", lambda x: fft.rfft(x, n=7), normal(2, 6)),
]
