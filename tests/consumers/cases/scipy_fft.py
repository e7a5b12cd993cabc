"""SciPy's Fourier transforms, called directly: the complex ones are the namespace's own."""

from __future__ import annotations

from scipy import fft

from tests.consumers.harness import Case, normal, positive, waves
from tests.consumers.scipy_outcomes import COMPILED

LIBRARY = "scipy"

CASES = [
    Case("scipy.fft.fft", lambda x: fft.fft(x, axis=0), waves(5, 3), everywhere=True),
    Case("scipy.fft.fft real", lambda x: fft.fft(x, n=4), normal(2, 5)),
    Case("scipy.fft.ifft", lambda x: fft.ifft(x, n=7, norm="ortho"), waves(2, 5), everywhere=True),
    Case("scipy.fft.rfft", lambda x: fft.rfft(x, n=7), normal(2, 6), everywhere=True),
    Case("scipy.fft.irfft", lambda x: fft.irfft(x, n=7), waves(2, 4)),
    Case("scipy.fft.hfft", lambda x: fft.hfft(x, n=6), waves(2, 4)),
    Case("scipy.fft.ihfft", fft.ihfft, normal(2, 6)),
    Case("scipy.fft.fft2", fft.fft2, waves(3, 4)),
    Case("scipy.fft.ifft2", fft.ifft2, waves(3, 4)),
    Case("scipy.fft.rfft2", fft.rfft2, normal(3, 4)),
    Case("scipy.fft.irfft2", lambda x: fft.irfft2(x, s=(3, 5)), waves(3, 4)),
    Case("scipy.fft.hfft2", fft.hfft2, waves(3, 4)),
    Case("scipy.fft.ihfft2", fft.ihfft2, normal(3, 4)),
    Case("scipy.fft.fftn", lambda x: fft.fftn(x, axes=(0, 2)), waves(3, 2, 4)),
    Case("scipy.fft.ifftn", lambda x: fft.ifftn(x, s=(2, 5), axes=(0, 1)), waves(3, 4)),
    Case("scipy.fft.rfftn", fft.rfftn, normal(3, 2, 4)),
    Case("scipy.fft.irfftn", fft.irfftn, waves(3, 2, 4)),
    Case("scipy.fft.hfftn", fft.hfftn, waves(3, 2, 4)),
    Case("scipy.fft.ihfftn", fft.ihfftn, normal(3, 2, 4)),
    Case("scipy.fft.fftshift", lambda x: fft.fftshift(x, axes=1), normal(3, 4)),
    Case("scipy.fft.ifftshift", fft.ifftshift, normal(3, 4)),
    Case("scipy.fft.fht", lambda x: fft.fht(x, 0.1, 0.5), positive(6)),
    Case("scipy.fft.ifht", lambda x: fft.ifht(x, 0.1, 0.5, bias=0.2), positive(6)),
    Case("scipy.fft.dct", fft.dct, normal(6), outcome=COMPILED),
    Case("scipy.fft.idct", fft.idct, normal(6), outcome=COMPILED),
    Case("scipy.fft.dst", fft.dst, normal(6), outcome=COMPILED),
    Case("scipy.fft.idst", fft.idst, normal(6), outcome=COMPILED),
    Case("scipy.fft.dctn", fft.dctn, normal(3, 4), outcome=COMPILED),
    Case("scipy.fft.idctn", fft.idctn, normal(3, 4), outcome=COMPILED),
    Case("scipy.fft.dstn", fft.dstn, normal(3, 4), outcome=COMPILED),
    Case("scipy.fft.idstn", fft.idstn, normal(3, 4), outcome=COMPILED),
]
