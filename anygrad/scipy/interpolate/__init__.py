"""Interpolation under SciPy's names: splines, piecewise polynomials, grids, scattered data.

Objects have SciPy's names and calls. All but the solution of banded systems is written in anygrad's own
functions: every device has it, and gradients of any order flow to the data, the abscissae and the points
of a call.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.interpolate.cubics import (
    Akima1DInterpolator,
    CubicSpline,
    PchipInterpolator,
    pchip_interpolate,
)
from anygrad.scipy.interpolate.fitpack import (
    InterpolatedUnivariateSpline,
    RectBivariateSpline,
    splantider,
    splder,
    splev,
    splint,
    splrep,
)
from anygrad.scipy.interpolate.grids import (
    NdBSpline,
    RegularGridInterpolator,
    interpn,
)
from anygrad.scipy.interpolate.lines import (
    BarycentricInterpolator,
    KroghInterpolator,
    barycentric_interpolate,
    interp1d,
    krogh_interpolate,
)
from anygrad.scipy.interpolate.piecewise import (
    CubicHermiteSpline,
    PPoly,
)
from anygrad.scipy.interpolate.scattered import (
    LinearNDInterpolator,
    NearestNDInterpolator,
    RBFInterpolator,
    griddata,
)
from anygrad.scipy.interpolate.splines import (
    BSpline,
    make_interp_spline,
    make_lsq_spline,
)

__all__ = [
    "Akima1DInterpolator",
    "BSpline",
    "BarycentricInterpolator",
    "CubicHermiteSpline",
    "CubicSpline",
    "InterpolatedUnivariateSpline",
    "KroghInterpolator",
    "LinearNDInterpolator",
    "NdBSpline",
    "NearestNDInterpolator",
    "PPoly",
    "PchipInterpolator",
    "RBFInterpolator",
    "RectBivariateSpline",
    "RegularGridInterpolator",
    "barycentric_interpolate",
    "griddata",
    "interp1d",
    "interpn",
    "krogh_interpolate",
    "make_interp_spline",
    "make_lsq_spline",
    "pchip_interpolate",
    "splantider",
    "splder",
    "splev",
    "splint",
    "splrep",
]


def __getattr__(name: str) -> Any:
    raise missing("scipy.interpolate", name)


def __dir__() -> list[str]:
    return sorted(__all__)
