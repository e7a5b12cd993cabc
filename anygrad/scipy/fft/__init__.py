"""SciPy's Fourier, cosine and sine transforms with gradients, under SciPy's names and with its arguments.

``overwrite_x``, ``workers`` and ``plan`` are taken and change nothing. All are linear, differentiable to
any order in x, and run on every device.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.fft import fourier, lengths, trigonometric
from anygrad.scipy.fft.fourier import *  # noqa: F403
from anygrad.scipy.fft.lengths import *  # noqa: F403
from anygrad.scipy.fft.trigonometric import *  # noqa: F403

__all__ = [*fourier.__all__, *lengths.__all__, *trigonometric.__all__]


def __getattr__(name: str) -> Any:
    raise missing("scipy.fft", name)


def __dir__() -> list[str]:
    return sorted(__all__)
