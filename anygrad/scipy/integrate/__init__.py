"""SciPy's integrals on tensors, under SciPy's names and with its arguments."""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.integrate import equations, quadrature, samples
from anygrad.scipy.integrate.equations import *  # noqa: F403
from anygrad.scipy.integrate.quadrature import *  # noqa: F403
from anygrad.scipy.integrate.samples import *  # noqa: F403

_PARTS = (equations, quadrature, samples)
__all__ = sorted(name for part in _PARTS for name in part.__all__)


def __getattr__(name: str) -> Any:
    raise missing("scipy.integrate", name)


def __dir__() -> list[str]:
    return list(__all__)
