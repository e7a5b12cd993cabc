"""Interpolation under SciPy's names: splines, piecewise polynomials, grids, scattered data.

Objects have SciPy's names and calls. All but the solution of banded systems is written in anygrad's own
functions: every device has it, and gradients of any order flow to the data, the abscissae and the points
of a call.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.interpolate import cubics, fitpack, grids, lines, piecewise, scattered, splines
from anygrad.scipy.interpolate.cubics import *  # noqa: F403
from anygrad.scipy.interpolate.fitpack import *  # noqa: F403
from anygrad.scipy.interpolate.grids import *  # noqa: F403
from anygrad.scipy.interpolate.lines import *  # noqa: F403
from anygrad.scipy.interpolate.piecewise import *  # noqa: F403
from anygrad.scipy.interpolate.scattered import *  # noqa: F403
from anygrad.scipy.interpolate.splines import *  # noqa: F403

_PARTS = (cubics, fitpack, grids, lines, piecewise, scattered, splines)
__all__ = sorted(name for part in _PARTS for name in part.__all__)


def __getattr__(name: str) -> Any:
    raise missing("scipy.interpolate", name)


def __dir__() -> list[str]:
    return list(__all__)
