"""SciPy's matrices, interpolation, images and sparse arrays, called directly: most is compiled for NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate, linalg, ndimage, sparse
from scipy.sparse import linalg as sparse_linalg

from anygrad import nan_safe
from tests.consumers.harness import Case, Raises, apart, fixed, normal, rising, spd, within
from tests.consumers.scipy_outcomes import COMPILED, CONVERTS

LIBRARY = "scipy"


def xp_of(x: Any) -> Any:
    """Return the namespace of an array."""
    return x.__array_namespace__()


COMPUTED = {
    "cholesky": linalg.cholesky,
    "det": linalg.det,
    "eigh": lambda a: linalg.eigh(a, eigvals_only=True),
    "expm": linalg.expm,
    "inv": linalg.inv,
    "norm": linalg.norm,
    "qr": lambda a: linalg.qr(a)[1],
    "svd": linalg.svdvals,
}
MATRICES = [
    *(Case(f"scipy.linalg.{name}", call, spd(3), outcome=COMPILED) for name, call in COMPUTED.items()),
    *(
        Case(f"scipy.linalg.{f.__name__}", f, spd(3), normal(3), outcome=COMPILED)
        for f in (linalg.solve, linalg.solve_triangular, linalg.lstsq)
    ),
    *(
        Case(f"scipy.linalg.{f.__name__}", f, normal(4), outcome=COMPILED)
        for f in (linalg.hankel, linalg.companion)
    ),
    *(
        Case(f"scipy.linalg.{f.__name__}", f, draw, outcome=Raises(AttributeError, "asks for NumPy's memory"))
        for f, draw in (
            (linalg.toeplitz, normal(4)),
            (linalg.circulant, normal(4)),
            (linalg.bandwidth, spd(3)),
        )
    ),
    Case("scipy.linalg.khatri_rao", linalg.khatri_rao, normal(2, 3), normal(4, 3), outcome=CONVERTS),
    Case("scipy.linalg.block_diag", linalg.block_diag, normal(2, 2), normal(1, 3)),
    Case("scipy.linalg.fiedler", linalg.fiedler, apart(4)),
    Case("scipy.linalg.orthogonal_procrustes", linalg.orthogonal_procrustes, normal(5, 3), normal(5, 3)),
]


def curve(make: Any) -> Case:
    """Make a case of an interpolant, read at three points."""
    return Case(
        f"scipy.interpolate.{make.__name__}",
        lambda x, y, at: make(x, y)(at),
        rising(6),
        normal(6),
        READ,
        outcome=COMPILED,
    )


READ = within(1.1, 2.9, 3)
CUBICS = (interpolate.CubicSpline, interpolate.PchipInterpolator, interpolate.Akima1DInterpolator)
MADE = (interpolate.make_interp_spline, interpolate.make_splrep, interpolate.make_smoothing_spline)
CURVES = [
    *(curve(make) for make in (*CUBICS, *MADE, interpolate.interp1d)),
    Case(
        "scipy.interpolate.CubicHermiteSpline",
        lambda x, y, d, at: interpolate.CubicHermiteSpline(x, y, d)(at),
        rising(5),
        normal(5),
        normal(5),
        READ,
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.PPoly",
        lambda c, x, at: interpolate.PPoly(c, x)(at),
        normal(3, 5),
        rising(6),
        READ,
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.BPoly",
        lambda c, x, at: interpolate.BPoly(c, x)(at),
        normal(3, 5),
        rising(6),
        READ,
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.BSpline",
        lambda t, c, at: interpolate.BSpline(t, c, 2)(at),
        rising(9),
        normal(6),
        within(2.6, 3.2, 3),
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.NdBSpline",
        lambda t, c, at: interpolate.NdBSpline((t,), c, 2)(at[:, None]),
        rising(9),
        normal(6),
        within(2.6, 3.2, 3),
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.make_lsq_spline",
        lambda x, y, t: interpolate.make_lsq_spline(x, y, t, k=1).c,
        fixed(np.arange(6.0)),
        normal(6),
        fixed([0.0, 0.0, 2.5, 5.0, 5.0]),
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.make_splprep",
        lambda x: interpolate.make_splprep([x[0], x[1]], k=1)[1],
        normal(2, 6),
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.generate_knots",
        lambda x, y: list(interpolate.generate_knots(x, y))[-1],
        rising(6),
        normal(6),
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.RBFInterpolator",
        lambda y, d, at: interpolate.RBFInterpolator(y, d, kernel="cubic")(at),
        normal(7, 2),
        normal(7),
        normal(3, 2),
    ),
    Case(
        "scipy.interpolate.RBFInterpolator thin",
        lambda y, d, at: interpolate.RBFInterpolator(y, d)(at),
        normal(7, 2),
        normal(7),
        normal(3, 2),
        around=nan_safe,
        warns="divide by zero|invalid value",
    ),
    Case(
        "scipy.interpolate.RegularGridInterpolator",
        lambda x, y, v, at: interpolate.RegularGridInterpolator((x, y), v)(at),
        rising(4),
        rising(5),
        normal(4, 5),
        within(1.1, 1.9, 3, 2),
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.interpn",
        lambda x, v, at: interpolate.interpn((x,), v, at),
        rising(6),
        normal(6),
        READ,
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.griddata",
        interpolate.griddata,
        normal(7, 2),
        normal(7),
        within(-0.1, 0.1, 2, 2),
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.LinearNDInterpolator",
        lambda p, v, at: interpolate.LinearNDInterpolator(p, v)(at),
        normal(7, 2),
        normal(7),
        within(-0.1, 0.1, 2, 2),
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.splrep",
        lambda x, y: interpolate.splrep(x, y)[1],
        rising(6),
        normal(6),
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.barycentric_interpolate",
        interpolate.barycentric_interpolate,
        rising(5),
        normal(5),
        READ,
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.krogh_interpolate",
        interpolate.krogh_interpolate,
        rising(5),
        normal(5),
        READ,
        outcome=COMPILED,
    ),
    Case(
        "scipy.interpolate.lagrange",
        lambda x, y: interpolate.lagrange(x, y).c,
        rising(4),
        normal(4),
        outcome=COMPILED,
    ),
]
FILTERS: dict[str, dict[str, Any]] = {
    "gaussian_filter": {"sigma": 1.0},
    "gaussian_filter1d": {"sigma": 1.0},
    "gaussian_gradient_magnitude": {"sigma": 1.0},
    "gaussian_laplace": {"sigma": 1.0},
    "laplace": {},
    "prewitt": {},
    "sobel": {},
    "uniform_filter": {},
    "uniform_filter1d": {"size": 3},
    "maximum_filter": {"size": 3},
    "maximum_filter1d": {"size": 3},
    "minimum_filter": {"size": 3},
    "minimum_filter1d": {"size": 3},
    "median_filter": {"size": 3},
    "percentile_filter": {"percentile": 30, "size": 3},
    "rank_filter": {"rank": 1, "size": 3},
    "grey_closing": {"size": 3},
    "grey_dilation": {"size": 3},
    "grey_erosion": {"size": 3},
    "grey_opening": {"size": 3},
    "black_tophat": {"size": 3},
    "white_tophat": {"size": 3},
    "morphological_gradient": {"size": 3},
    "morphological_laplace": {"size": 3},
    "spline_filter": {},
    "spline_filter1d": {},
    "shift": {"shift": 0.3},
    "zoom": {"zoom": 1.5},
    "rotate": {"angle": 20.0},
    "fourier_ellipsoid": {"size": 1.0},
    "fourier_gaussian": {"sigma": 1.0},
    "fourier_shift": {"shift": 1.0},
    "fourier_uniform": {"size": 1.0},
    "center_of_mass": {},
    "extrema": {},
    "histogram": {"min": 0, "max": 1, "bins": 3},
    "maximum": {},
    "maximum_position": {},
    "mean": {},
    "median": {},
    "minimum": {},
    "minimum_position": {},
    "standard_deviation": {},
    "sum": {},
    "sum_labels": {},
    "variance": {},
}
"""Functions of one image, and what they take beside."""


def image(name: str, keywords: dict[str, Any]) -> Case:
    """Make a case of a function of one image."""
    function = getattr(ndimage, name)
    return Case(f"scipy.ndimage.{name}", lambda x: function(x, **keywords), apart(5, 6), outcome=COMPILED)


IMAGES = [
    *(image(name, keywords) for name, keywords in FILTERS.items()),
    *(
        Case(f"scipy.ndimage.{f.__name__}", f, normal(5, 6), normal(3, 3), outcome=COMPILED)
        for f in (ndimage.convolve, ndimage.correlate)
    ),
    *(
        Case(f"scipy.ndimage.{f.__name__}", f, normal(5, 6), normal(3), outcome=COMPILED)
        for f in (ndimage.convolve1d, ndimage.correlate1d)
    ),
    Case(
        "scipy.ndimage.affine_transform",
        ndimage.affine_transform,
        normal(5, 6),
        normal(2, 2),
        outcome=COMPILED,
    ),
    Case(
        "scipy.ndimage.map_coordinates",
        ndimage.map_coordinates,
        normal(5, 6),
        within(1, 3, 2, 4),
        outcome=COMPILED,
    ),
]
SPARSE = [
    Case(
        "scipy.sparse.csr_array",
        lambda x: sparse.csr_array(x).toarray(),
        normal(3, 3),
        outcome=Raises(ValueError, "takes NumPy's arrays alone"),
    ),
    Case(
        "scipy.sparse.csr_array product",
        lambda x: sparse.csr_array(np.eye(3)) @ x,
        normal(3),
        outcome=CONVERTS,
    ),
    Case(
        "scipy.sparse.linalg.spsolve",
        lambda b: sparse_linalg.spsolve(sparse.csc_array(np.eye(3)), b),
        normal(3),
        outcome=CONVERTS,
    ),
    Case(
        "scipy.sparse.linalg.cg",
        lambda a, b: sparse_linalg.cg(a, b)[0],
        spd(3),
        normal(3),
        outcome=Raises(TypeError, "an operator is of NumPy's arrays"),
    ),
    Case(
        "scipy.sparse.linalg.LinearOperator",
        lambda x: sparse_linalg.aslinearoperator(np.eye(3)) @ x,
        normal(3),
        outcome=CONVERTS,
    ),
]
CASES = [*MATRICES, *CURVES, *IMAGES, *SPARSE]
