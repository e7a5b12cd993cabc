"""SciPy's linear algebra on tensors, under SciPy's names and with its arguments.

What a library's own functions and anygrad's can do runs on every device; what SciPy alone computes says so.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.linalg import bands, equations, factorings, functions, spectra, structured, systems
from anygrad.scipy.linalg.bands import *  # noqa: F403
from anygrad.scipy.linalg.equations import *  # noqa: F403
from anygrad.scipy.linalg.factorings import *  # noqa: F403
from anygrad.scipy.linalg.functions import *  # noqa: F403
from anygrad.scipy.linalg.spectra import *  # noqa: F403
from anygrad.scipy.linalg.structured import *  # noqa: F403
from anygrad.scipy.linalg.systems import *  # noqa: F403

_PARTS = (bands, equations, factorings, functions, spectra, structured, systems)
__all__ = sorted(name for part in _PARTS for name in part.__all__)


def __getattr__(name: str) -> Any:
    raise missing("scipy.linalg", name)


def __dir__() -> list[str]:
    return list(__all__)
