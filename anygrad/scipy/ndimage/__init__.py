"""SciPy's filters and interpolation of images, with gradients, under SciPy's names and with its defaults.

Every function takes tensors, arrays and lists, and runs on every device unless it says otherwise. As in SciPy
the result of integers is of integers, and so has no gradient: cast an image to a floating dtype first.
``output`` may be a dtype; an array to be written into is refused.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.ndimage import fourier, interpolation, linear, morphology, orders, regions, smoothing
from anygrad.scipy.ndimage.fourier import *  # noqa: F403
from anygrad.scipy.ndimage.interpolation import *  # noqa: F403
from anygrad.scipy.ndimage.linear import *  # noqa: F403
from anygrad.scipy.ndimage.morphology import *  # noqa: F403
from anygrad.scipy.ndimage.orders import *  # noqa: F403
from anygrad.scipy.ndimage.regions import *  # noqa: F403
from anygrad.scipy.ndimage.smoothing import *  # noqa: F403

_PARTS = (fourier, interpolation, linear, morphology, orders, regions, smoothing)
__all__ = sorted(name for part in _PARTS for name in part.__all__)


def __getattr__(name: str) -> Any:
    raise missing("scipy.ndimage", name)


def __dir__() -> list[str]:
    return list(__all__)
