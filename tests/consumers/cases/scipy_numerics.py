"""SciPy's integration, differentiation, optimisation, clustering and constants, called directly."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import constants, differentiate, integrate, optimize
from scipy.cluster import hierarchy, vq
from scipy.optimize import elementwise
from scipy.optimize._minpack import error as MinpackError

from anygrad import nan_safe
from tests.consumers.harness import Case, Exits, Raises, apart, normal, positive, rising, within
from tests.consumers.scipy_outcomes import COMPILED, CONVERTS, MIXES

LIBRARY = "scipy"


def xp_of(x: Any) -> Any:
    """Return the namespace of an array."""
    return x.__array_namespace__()


def wave(x: Any, a: Any) -> Any:
    """Return a smooth function of x with a parameter."""
    return xp_of(x).exp(-a * x * x)


FLOATS = Exits("compiled code asks the function for a float")
INTEGRALS = [
    Case("scipy.integrate.trapezoid", integrate.trapezoid, normal(7), rising(7), everywhere=True),
    Case("scipy.integrate.trapezoid axis", lambda y: integrate.trapezoid(y, dx=0.3, axis=0), normal(5, 3)),
    Case(
        "scipy.integrate.simpson",
        lambda y, x: integrate.simpson(y, x=x),
        normal(7),
        rising(7),
        outcome=CONVERTS,
    ),
    Case("scipy.integrate.romb", lambda y: integrate.romb(y, dx=0.2), normal(9)),
    Case("scipy.integrate.cumulative_trapezoid", integrate.cumulative_trapezoid, normal(7), rising(7)),
    Case(
        "scipy.integrate.cumulative_simpson",
        lambda y, x: integrate.cumulative_simpson(y, x=x),
        normal(7),
        rising(7),
    ),
    Case(
        "scipy.integrate.cumulative_simpson dx",
        lambda y: integrate.cumulative_simpson(y, dx=0.2, initial=0.0),
        normal(7),
    ),
    Case(
        "scipy.integrate.tanhsinh",
        lambda b, a: integrate.tanhsinh(wave, 0 * b, b, args=(a,)),
        positive(3),
        positive(3),
        pick=lambda r: r.integral,
    ),
    Case(
        "scipy.integrate.nsum",
        lambda p: integrate.nsum(lambda k, p: k**-p, 1 + 0 * p, np.inf + 0 * p, args=(p,)),
        within(2, 4, 2),
        pick=lambda r: r.sum,
        around=nan_safe,
    ),
    Case(
        "scipy.integrate.cubature",
        lambda a: integrate.cubature(
            lambda x, a: xp_of(x).exp(-(x[:, 0] ** 2) * a), 0 * a[None], 1 + 0 * a[None], args=(a,)
        ),
        positive(),
        pick=lambda r: r.estimate,
    ),
    Case(
        "scipy.integrate.quad",
        lambda a: integrate.quad(lambda x: a * x, 0.0, 1.0)[0],
        positive(),
        outcome=FLOATS,
    ),
    Case(
        "scipy.integrate.quad_vec",
        lambda a: integrate.quad_vec(lambda x: a * x, 0.0, 1.0)[0],
        positive(3),
        outcome=CONVERTS,
    ),
    Case(
        "scipy.integrate.fixed_quad",
        lambda a: integrate.fixed_quad(lambda x: a * xp_of(a).asarray(x), 0.0, 1.0)[0],
        positive(),
        strict=MIXES,
    ),
    Case(
        "scipy.integrate.solve_ivp",
        lambda y: integrate.solve_ivp(lambda t, y: -y, (0.0, 1.0), y).y,
        positive(2),
        outcome=CONVERTS,
    ),
]
DERIVATIVES = [
    Case(
        "scipy.differentiate.derivative",
        lambda x, a: differentiate.derivative(wave, x, args=(a,)),
        normal(3),
        positive(3),
        pick=lambda r: r.df,
    ),
    Case(
        "scipy.differentiate.jacobian",
        lambda x: differentiate.jacobian(lambda x: xp_of(x).stack([x[0] * x[1], xp_of(x).sin(x[0])]), x),
        normal(2),
        pick=lambda r: r.df,
    ),
    Case(
        "scipy.differentiate.hessian",
        lambda x: differentiate.hessian(lambda x: xp_of(x).sin(x[0] * x[1]) + x[1] ** 3, x),
        normal(2),
        pick=lambda r: r.ddf,
    ),
    Case(
        "scipy.optimize.approx_fprime",
        lambda x: optimize.approx_fprime(x, lambda x: (x**2).sum()),
        normal(3),
        outcome=CONVERTS,
    ),
]


def cubic(x: Any, c: Any) -> Any:
    """Return what is zero at the cubic root of c."""
    return x**3 - c


ROOTS = [
    Case("scipy.optimize.rosen", optimize.rosen, normal(4), everywhere=True),
    Case("scipy.optimize.rosen_der", optimize.rosen_der, normal(4), everywhere=True),
    Case("scipy.optimize.rosen_hess", optimize.rosen_hess, normal(4)),
    Case("scipy.optimize.rosen_hess_prod", optimize.rosen_hess_prod, normal(4), normal(4)),
    Case(
        "scipy.optimize.find_root",
        lambda c: elementwise.find_root(cubic, (0 * c, 2 + 0 * c), args=(c,)),
        positive(3),
        pick=lambda r: r.x,
    ),
    Case(
        "scipy.optimize.bracket_root",
        lambda c: elementwise.bracket_root(cubic, 0 * c, args=(c,)),
        positive(3),
        pick=lambda r: r.bracket,
    ),
    Case(
        "scipy.optimize.find_minimum",
        lambda c: elementwise.find_minimum(
            lambda x, c: (x - c) ** 2, (0 * c - 1, 1 + 0 * c, 4 + 0 * c), args=(c,)
        ),
        positive(3),
        pick=lambda r: r.x,
    ),
    Case(
        "scipy.optimize.bracket_minimum",
        lambda c: elementwise.bracket_minimum(lambda x, c: (x - c) ** 2, 0 * c, args=(c,)),
        positive(3),
        pick=lambda r: r.bracket,
    ),
    Case(
        "scipy.optimize.minimize",
        lambda c: optimize.minimize(lambda x: ((x - c) ** 2).sum(), np.zeros(2)).x,
        positive(2),
        outcome=CONVERTS,
        strict=MIXES,
    ),
    Case(
        "scipy.optimize.minimize start",
        lambda x: optimize.minimize(lambda x: ((x - 1) ** 2).sum(), x).fun,
        positive(2),
        outcome=CONVERTS,
    ),
    Case(
        "scipy.optimize.root",
        lambda c: optimize.root(lambda x: x**3 - c, np.ones(2)).x,
        positive(2),
        outcome=Raises(MinpackError, "compiled for NumPy's arrays: it asks the function for one"),
        strict=MIXES,
    ),
    Case(
        "scipy.optimize.least_squares",
        lambda c: optimize.least_squares(lambda x: x - c, np.ones(2)).x,
        positive(2),
        outcome=CONVERTS,
        strict=MIXES,
    ),
    Case(
        "scipy.optimize.curve_fit",
        lambda y: optimize.curve_fit(lambda x, a: a * x, np.arange(4.0), y)[0],
        positive(4),
        outcome=CONVERTS,
    ),
    Case(
        "scipy.optimize.brentq",
        lambda c: optimize.brentq(lambda x: x**3 - c, 0.0, 2.0),
        positive(),
        outcome=Exits("compiled code asks the function for a float"),
    ),
    Case(
        "scipy.optimize.newton",
        lambda c: optimize.newton(lambda x: x**3 - c, 1.0 + 0 * c),
        positive(3),
        outcome=CONVERTS,
    ),
    Case(
        "scipy.optimize.linear_sum_assignment",
        lambda c: c[optimize.linear_sum_assignment(c)].sum(),
        positive(3, 3),
        outcome=CONVERTS,
    ),
]
CLUSTERS = [
    Case("scipy.cluster.vq.whiten", vq.whiten, normal(6, 3), everywhere=True),
    Case("scipy.cluster.vq.vq", vq.vq, normal(6, 2), normal(3, 2), outcome=COMPILED),
    Case("scipy.cluster.vq.kmeans", lambda x: vq.kmeans(x, 2, rng=0), normal(6, 2), outcome=COMPILED),
    Case(
        "scipy.cluster.vq.kmeans2",
        lambda x: vq.kmeans2(x, 2, rng=0, minit="points"),
        normal(6, 2),
        outcome=COMPILED,
    ),
    Case("scipy.cluster.hierarchy.linkage", hierarchy.linkage, apart(6, 2), outcome=COMPILED),
    *(
        Case(f"scipy.cluster.hierarchy.{f.__name__}", f, apart(10), outcome=COMPILED)
        for f in (hierarchy.single, hierarchy.complete, hierarchy.average, hierarchy.weighted)
    ),
    *(
        Case(f"scipy.cluster.hierarchy.{f.__name__}", f, apart(5, 2), outcome=COMPILED)
        for f in (hierarchy.centroid, hierarchy.median, hierarchy.ward)
    ),
]
CONSTANTS = [
    Case(
        "scipy.constants.convert_temperature",
        lambda t: constants.convert_temperature(t, "Celsius", "Fahrenheit"),
        normal(3),
    ),
    Case("scipy.constants.lambda2nu", constants.lambda2nu, positive(3)),
    Case("scipy.constants.nu2lambda", constants.nu2lambda, positive(3)),
]
CASES = [*INTEGRALS, *DERIVATIVES, *ROOTS, *CLUSTERS, *CONSTANTS]
