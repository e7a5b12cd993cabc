"""SciPy's functions with gradients, under SciPy's names: ``anygrad.scipy.ndimage.gaussian_filter(x, 2.0)``.

Here is what SciPy computes in compiled code, which no tensor passes. SciPy computes it here too, on NumPy,
and CuPy on CUDA; the derivative is ours. What SciPy writes to the Array API takes tensors as it stands, with
``SCIPY_ARRAY_API=1`` set before SciPy is imported. Each module is imported when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anygrad.scipy import fft as fft
    from anygrad.scipy import integrate as integrate
    from anygrad.scipy import interpolate as interpolate
    from anygrad.scipy import linalg as linalg
    from anygrad.scipy import ndimage as ndimage
    from anygrad.scipy import optimize as optimize
    from anygrad.scipy import signal as signal
    from anygrad.scipy import sparse as sparse
    from anygrad.scipy import spatial as spatial
    from anygrad.scipy import special as special
    from anygrad.scipy import stats as stats

_MODULES = (
    "fft",
    "integrate",
    "interpolate",
    "linalg",
    "ndimage",
    "optimize",
    "signal",
    "sparse",
    "spatial",
    "special",
    "stats",
)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}: it has {', '.join(_MODULES)}")


def __dir__() -> list[str]:
    return sorted(_MODULES)
