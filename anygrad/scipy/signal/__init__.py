"""SciPy's signal processing with gradients, under SciPy's names and with its defaults.

Every function takes tensors, arrays and lists. Recursive filters run on NumPy and CUDA, the others on every
device unless they say otherwise. What designs a filter from numbers is SciPy's own: hand what it gives over.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.signal import chirps, convolution, recursive, resampling, smoothing, spectra, zero_phase
from anygrad.scipy.signal.chirps import *  # noqa: F403
from anygrad.scipy.signal.convolution import *  # noqa: F403
from anygrad.scipy.signal.recursive import *  # noqa: F403
from anygrad.scipy.signal.resampling import *  # noqa: F403
from anygrad.scipy.signal.smoothing import *  # noqa: F403
from anygrad.scipy.signal.spectra import *  # noqa: F403
from anygrad.scipy.signal.zero_phase import *  # noqa: F403

_PARTS = (chirps, convolution, recursive, resampling, smoothing, spectra, zero_phase)
__all__ = sorted(name for part in _PARTS for name in part.__all__)


def __getattr__(name: str) -> Any:
    raise missing("scipy.signal", name)


def __dir__() -> list[str]:
    return list(__all__)
