"""``anygrad.scipy.interpolate`` beside SciPy's: gradients with respect to abscissae, data and queries."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import interpolate
from scipy.sparse.linalg import spsolve

import anygrad as ag
from tests.consumers.harness import Case, Draw, Held, fixed, normal, positive, rising, waves, within

LIBRARY = "anygrad.scipy"


def case(name: str, *inputs: Draw | Held, run: Callable[..., Any], **options: Any) -> Case:
    """Make the case of what is called alike in both: ``run(module, *arrays)``."""
    tensors = lambda *arrays: run(ag.scipy.interpolate, *arrays)
    options.setdefault("reference", functools.partial(run, interpolate))
    return Case(f"anygrad.scipy.interpolate.{name}", tensors, *inputs, **options)


def closed(*shape: int) -> Draw:
    """Draw data that end where they start."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        y = rng.standard_normal(shape)
        y[-1] = y[0]
        return y

    return draw


def cloud(n: int) -> Draw:
    """Draw points in the unit square, its corners among them."""
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1.0]])
    return lambda rng: np.concatenate([corners, rng.uniform(0.1, 0.9, (n - 4, 2))])


def knots(rng: np.random.Generator) -> np.ndarray:
    """Draw knots, some before 0 and some past 3."""
    return np.linspace(-2, 5, 10) + rng.uniform(-0.1, 0.1, 10)


X, Q = rising(7), within(1.5, 4.0, 5)
PAIRS = ([(1, 0.3)], [(2, -0.2)])

PIECEWISE = [
    case("CubicSpline", X, normal(7), Q, run=lambda m, x, y, q: m.CubicSpline(x, y)(q), everywhere=True),
    case(
        "CubicSpline natural",
        X,
        normal(2, 7),
        Q,
        run=lambda m, x, y, q: m.CubicSpline(x, y, axis=1, bc_type="natural")(q, 1),
    ),
    case(
        "CubicSpline conditions",
        X,
        normal(7),
        normal(2),
        Q,
        run=lambda m, x, y, v, q: m.CubicSpline(x, y, bc_type=((1, v[0]), (2, v[1])))(q),
    ),
    case("CubicSpline complex", X, waves(7), Q, run=lambda m, x, y, q: m.CubicSpline(x, y)(q)),
    case(
        "CubicSpline three",
        rising(3),
        normal(3),
        within(0.5, 2.0, 4),
        run=lambda m, x, y, q: m.CubicSpline(x, y)(q),
    ),
    case(
        "CubicSpline periodic",
        X,
        normal(7),
        within(5, 8, 5),
        run=lambda m, x, y, q: m.CubicSpline(x, y, extrapolate="periodic")(q),
    ),
    case(
        "CubicSpline integrate",
        X,
        normal(7),
        within(0, 5, 2),
        run=lambda m, x, y, q: m.CubicSpline(x, y).integrate(q[0], q[1]),
        reference=lambda x, y, q: interpolate.CubicSpline(x, y).antiderivative()(q) @ [-1, 1],
    ),
    case(
        "PchipInterpolator",
        X,
        normal(7, 2),
        Q,
        run=lambda m, x, y, q: m.PchipInterpolator(x, y)(q),
        everywhere=True,
    ),
    case("pchip_interpolate", X, normal(7), Q, run=lambda m, x, y, q: m.pchip_interpolate(x, y, q, der=1)),
    case("Akima1DInterpolator", X, normal(7), Q, run=lambda m, x, y, q: m.Akima1DInterpolator(x, y)(q)),
    case(
        "Akima1DInterpolator makima",
        X,
        normal(7),
        Q,
        run=lambda m, x, y, q: m.Akima1DInterpolator(x, y, method="makima")(q),
    ),
    case(
        "CubicHermiteSpline",
        X,
        normal(7),
        normal(7),
        Q,
        run=lambda m, x, y, s, q: m.CubicHermiteSpline(x, y, s)(q),
    ),
    case("PPoly", normal(3, 6), X, Q, run=lambda m, c, x, q: m.PPoly(c, x)(q)),
    case("PPoly derivative", normal(4, 6), X, Q, run=lambda m, c, x, q: m.PPoly(c, x).derivative()(q)),
    case(
        "PPoly antiderivative", normal(3, 6), X, Q, run=lambda m, c, x, q: m.PPoly(c, x).antiderivative(2)(q)
    ),
]

BASES = [
    case(
        "BSpline",
        knots,
        normal(6, 2),
        within(0, 3, 5),
        run=lambda m, t, c, x: m.BSpline(t, c, 3)(x),
        everywhere=True,
    ),
    case("BSpline nu", knots, normal(6), within(0, 3, 5), run=lambda m, t, c, x: m.BSpline(t, c, 3)(x, 1)),
    case(
        "BSpline periodic",
        knots,
        normal(6),
        within(5, 6, 5),
        run=lambda m, t, c, x: m.BSpline(t, c, 3, extrapolate="periodic")(x),
    ),
    case(
        "BSpline antiderivative",
        knots,
        normal(6),
        within(0, 3, 5),
        run=lambda m, t, c, x: m.BSpline(t, c, 3).antiderivative()(x),
    ),
    case(
        "BSpline integrate",
        knots,
        normal(6),
        within(0, 3, 2),
        run=lambda m, t, c, x: m.BSpline(t, c, 3).integrate(x[0], x[1]),
        reference=lambda t, c, x: interpolate.BSpline(t, c, 3).antiderivative()(x) @ [-1, 1],
    ),
    case(
        "make_interp_spline",
        X,
        normal(7, 2),
        Q,
        run=lambda m, x, y, q: m.make_interp_spline(x, y)(q),
        everywhere=True,
    ),
    case("make_interp_spline two", X, normal(7), Q, run=lambda m, x, y, q: m.make_interp_spline(x, y, 2)(q)),
    case(
        "make_interp_spline natural",
        X,
        normal(7),
        Q,
        run=lambda m, x, y, q: m.make_interp_spline(x, y, bc_type="natural")(q),
    ),
    case(
        "make_interp_spline conditions",
        X,
        normal(7),
        Q,
        run=lambda m, x, y, q: m.make_interp_spline(x, y, bc_type=PAIRS)(q),
    ),
    case(
        "make_interp_spline periodic",
        X,
        normal(6),
        Q,
        run=lambda m, x, y, q: m.make_interp_spline(
            x, (np if isinstance(y, np.ndarray) else ag).concat([y, y[:1]]), bc_type="periodic"
        )(q),
    ),
    case(
        "make_lsq_spline",
        rising(9),
        normal(9),
        fixed([0.0] * 4 + [3.0, 4.5] + [12.0] * 4),
        positive(9),
        within(2, 4, 3),
        run=lambda m, x, y, t, w, q: m.make_lsq_spline(x, y, t, 3, w)(q),
    ),
    case("splrep", X, normal(7), run=lambda m, x, y: m.splrep(x, y, s=0)[1]),
    case("splev", knots, normal(6), within(0, 3, 5), run=lambda m, t, c, x: m.splev(x, (t, c, 3), der=1)),
    case(
        "splev zeros", knots, normal(6), within(-3, 5, 5), run=lambda m, t, c, x: m.splev(x, (t, c, 3), ext=1)
    ),
    case("splint", knots, normal(6), run=lambda m, t, c: m.splint(0.5, 2.5, (t, c, 3))),
    case("splder", knots, normal(10), run=lambda m, t, c: m.splder((t, c, 3))[1][:5]),
    case("splantider", knots, normal(10), run=lambda m, t, c: m.splantider((t, c, 3))[1][:7]),
    case(
        "InterpolatedUnivariateSpline",
        X,
        normal(7),
        Q,
        run=lambda m, x, y, q: m.InterpolatedUnivariateSpline(x, y)(q),
    ),
]


def line(kind: Any, *inputs: Draw, **options: Any) -> Case:
    """Make a case of interp1d, of points that may lie outside."""
    filled = {"fill_value": 0.5} | options
    run = lambda m, x, y, q: m.interp1d(x, y, kind, axis=0, bounds_error=False, **filled)(q)
    return case(f"interp1d {kind}", *inputs, run=run)


LINES = [
    line("linear", X, normal(7, 2), within(-1, 7, 6)),
    line("cubic", X, normal(7), within(1, 4, 6)),
    line("quadratic", X, normal(7), within(1, 4, 6), fill_value="extrapolate"),
    *(
        case(
            f"interp1d {kind}",
            Held(X),
            normal(7),
            Held(within(-1, 7, 6)),
            run=functools.partial(
                lambda m, x, y, q, kind: m.interp1d(x, y, kind, bounds_error=False, fill_value=0.5)(q),
                kind=kind,
            ),
        )
        for kind in ("nearest", "previous", "next", "zero")
    ),
    case(
        "interp1d fill",
        X,
        normal(7),
        normal(2),
        within(-2, 8, 9),
        run=lambda m, x, y, f, q: m.interp1d(x, y, bounds_error=False, fill_value=(f[0], f[1]))(q),
    ),
    case(
        "interp1d unsorted",
        lambda rng: X(rng)[[3, 1, 6, 0, 2, 5, 4]],
        normal(7),
        Q,
        run=lambda m, x, y, q: m.interp1d(x, y)(q),
        everywhere=True,
    ),
    case(
        "BarycentricInterpolator",
        X,
        normal(7),
        Q,
        run=lambda m, x, y, q: m.BarycentricInterpolator(x, y)(q),
        everywhere=True,
    ),
    case(
        "barycentric_interpolate",
        X,
        normal(7, 2),
        Q,
        run=lambda m, x, y, q: m.barycentric_interpolate(x, y, q),
    ),
    case("KroghInterpolator", X, normal(7), Q, run=lambda m, x, y, q: m.KroghInterpolator(x, y)(q)),
    case(
        "KroghInterpolator repeated",
        rising(3),
        normal(6),
        within(0.5, 2.0, 3),
        run=lambda m, x, y, q: m.KroghInterpolator(x[np.array([0, 0, 1, 1, 1, 2])], y)(q),
    ),
    case("krogh_interpolate", X, normal(7), Q, run=lambda m, x, y, q: m.krogh_interpolate(x, y, q, der=1)),
]


def on_grid(method: str, **options: Any) -> list[Case]:
    """Make the cases of a method on a grid of two axes."""
    exact = {"solver": spsolve} if method in ("slinear", "cubic") else {}
    grid, points = (rising(5), rising(6)), within(1.2, 2.4, 4, 2)

    def run(m: Any, a: Any, b: Any, v: Any, q: Any) -> Any:
        return m.RegularGridInterpolator((a, b), v, method, **(exact if m is interpolate else {}))(q)

    held = (Held(grid[0]), Held(grid[1]), normal(5, 6), Held(points))
    inputs = held if method == "nearest" else (*grid, normal(5, 6), points)
    return [case(f"RegularGridInterpolator {method}", *inputs, run=run, **options)]


GRIDS = [
    *on_grid("linear", everywhere=True),
    *on_grid("nearest"),
    *on_grid("slinear"),
    *on_grid("cubic"),
    *on_grid("pchip"),
    case(
        "RegularGridInterpolator extrapolated",
        rising(3),
        normal(3, 2),
        within(-1, 4, 5, 1),
        run=lambda m, x, v, q: m.RegularGridInterpolator((x,), v, bounds_error=False, fill_value=None)(q),
    ),
    case(
        "interpn",
        rising(3),
        rising(4),
        normal(3, 4),
        within(0.9, 1.5, 5, 2),
        run=lambda m, a, b, v, q: m.interpn((a, b), v, q, bounds_error=False),
    ),
    case(
        "NdBSpline",
        knots,
        normal(6, 5),
        within(0, 3, 4, 2),
        run=lambda m, t, c, q: m.NdBSpline((t, t[:-1]), c, 3)(q),
    ),
    case(
        "RectBivariateSpline",
        rising(5),
        rising(6),
        normal(5, 6),
        within(0.9, 2.5, 4, 2),
        run=lambda m, x, y, z, q: m.RectBivariateSpline(x, y, z).ev(q[:, 0], q[:, 1]),
        close=1e-8,
    ),
]

KERNELS = ("linear", "thin_plate_spline", "cubic", "quintic", "multiquadric", "inverse_quadratic", "gaussian")
INSIDE = within(0.2, 0.6, 4, 2)
SCATTERED = [
    *(
        case(
            f"RBFInterpolator {kernel}",
            cloud(9),
            normal(9),
            within(0.9, 1.4),
            INSIDE,
            run=functools.partial(
                lambda m, y, d, e, q, kernel: m.RBFInterpolator(y, d, kernel=kernel, epsilon=e)(q),
                kernel=kernel,
            ),
            rtol=1e-5,
            close=1e-7,
        )
        for kernel in KERNELS
    ),
    case(
        "RBFInterpolator neighbors",
        cloud(12),
        normal(12, 2),
        positive(12),
        INSIDE,
        run=lambda m, y, d, s, q: m.RBFInterpolator(y, d, neighbors=7, smoothing=s, kernel="cubic")(q),
        step=1e-4,
    ),
    case(
        "LinearNDInterpolator",
        cloud(8),
        normal(8),
        INSIDE,
        run=lambda m, x, v, q: m.LinearNDInterpolator(x, v)(q),
        step=1e-4,
    ),
    case(
        "griddata",
        cloud(8),
        normal(8),
        INSIDE,
        run=lambda m, x, v, q: m.griddata(x, v, q),
        step=1e-4,
    ),
    case(
        "NearestNDInterpolator",
        Held(cloud(8)),
        normal(8),
        Held(INSIDE),
        run=lambda m, x, v, q: m.NearestNDInterpolator(x, v)(q),
    ),
]

CASES = [*PIECEWISE, *BASES, *LINES, *GRIDS, *SCATTERED]
