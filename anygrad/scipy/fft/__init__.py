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

_PARTS = (fourier, lengths, trigonometric)
__all__ = sorted(name for part in _PARTS for name in part.__all__)


def __getattr__(name: str) -> Any:
    raise missing("scipy.fft", name)


def __dir__() -> list[str]:
    return list(__all__)
