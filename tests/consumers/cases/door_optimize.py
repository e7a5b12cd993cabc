"""``anygrad.scipy.optimize`` beside SciPy's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

import anygrad as ag
from anygrad.errors import DeviceError
from tests.consumers.harness import Case, Draw, Held, Raises, normal, positive, within

LIBRARY = "anygrad.scipy"


def case(name: str, *inputs: Draw | Held, run: Callable[..., Any], **options: Any) -> Case:
    """Make the case of a function: ``run(module, xp, *arrays)`` calls it, xp of the arrays."""
    tensors = functools.partial(run, ag.scipy.optimize, ag)
    reference = functools.partial(run, optimize, np)
    settings = {"close": 1e-6, "rtol": 1e-4} | options
    return Case(f"anygrad.scipy.optimize.{name}", tensors, *inputs, reference=reference, **settings)


def coupled(xp: Any) -> Callable[..., Any]:
    """Return a function of two variables and parameters with one root."""

    def function(x: Any, k: Any, shift: Any) -> Any:
        return xp.stack([3 * x[0] + xp.sin(x[1]) * k[0] - shift, 2 * x[1] + k[1] * x[0] ** 3 - 1.0])

    return function


def bowl(xp: Any) -> Callable[..., Any]:
    """Return a function of three variables and parameters with one minimum."""

    def function(x: Any, k: Any) -> Any:
        return xp.sum((x - k) ** 4 / 4 + k**2 * x**2) + 0.3 * xp.sum(x) ** 2

    return function


def bracketed(name: str) -> Case:
    def run(m: Any, xp: Any, a: Any, k: Any) -> Any:
        return getattr(m, name)(lambda x, a: xp.exp(k * x) - a - 3.0, -5.0, 5.0, (a,), xtol=1e-12)

    return case(name, positive(), positive(), run=run)


def minimum(method: str | None, options: Any = None, **more: Any) -> Case:
    def run(m: Any, xp: Any, k: Any) -> Any:
        given = {} if m is not optimize or method not in CURVED else {"jac": "3-point"}
        if m is optimize and method in CURVED:
            given = {"jac": slope, "hess": curve}
        return m.minimize(bowl(xp), np.full(3, 0.5), (k,), method, tol=1e-12, options=options, **given).x

    return case(f"minimize {method or ''}".strip(), within(1, 2, 3), run=run, **more)


CURVED = ("trust-exact", "trust-ncg", "Newton-CG", "dogleg")


def slope(x: Any, k: Any) -> Any:
    """Return the gradient of ``bowl``."""
    return (x - k) ** 3 + 2 * k**2 * x + 0.6 * np.sum(x)


def curve(x: Any, k: Any) -> Any:
    """Return the Hessian of ``bowl``."""
    return np.diag(3 * (x - k) ** 2 + 2 * k**2) + 0.6


ROOTS = [
    *(
        case(
            f"root {method}",
            normal(2),
            normal(),
            run=lambda m, xp, k, s, method=method: (
                m.root(coupled(xp), np.zeros(2), (k, s), method, tol=1e-12).x
            ),
        )
        for method in ("hybr", "lm", "krylov", "broyden1")
    ),
    case(
        "root closure",
        normal(2),
        normal(),
        run=lambda m, xp, k, s: m.root(lambda x: coupled(xp)(x, k * k, s), np.zeros(2), tol=1e-12).x,
    ),
    *map(bracketed, ("brentq", "brenth", "bisect", "ridder", "toms748")),
    case(
        "root_scalar",
        positive(),
        run=lambda m, xp, a: m.root_scalar(lambda x: x**3 + x - a, bracket=[0, 3], xtol=1e-13).root,
    ),
    case(
        "root_scalar newton",
        positive(),
        run=lambda m, xp, a: (
            m.root_scalar(
                lambda x: x**3 + x - a, x0=1.0, method="newton", fprime=lambda x: 3 * x**2 + 1, xtol=1e-13
            ).root
        ),
    ),
    case("newton", positive(), run=lambda m, xp, a: m.newton(lambda x: x**3 + x - a, 1.0, tol=1e-13)),
    case(
        "newton entries",
        positive(3),
        run=lambda m, xp, a: m.newton(
            lambda x, a: x**3 + x - a, np.ones(3), lambda x, a: 3 * x**2 + 1, (a,), tol=1e-13
        ),
    ),
    case(
        "fixed_point",
        positive(3),
        run=lambda m, xp, a: m.fixed_point(
            lambda x: xp.cos(x * a) / 2 + 0.1 * xp.sum(x), np.full(3, 0.3), xtol=1e-13
        ),
    ),
]

MINIMA = [
    *(minimum(method) for method in (None, "BFGS", "CG", "L-BFGS-B", "SLSQP", *CURVED)),
    minimum("Nelder-Mead", {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 5000}, rtol=1e-3),
    minimum("Powell", {"xtol": 1e-12, "ftol": 1e-14}, rtol=1e-3),
    case(
        "minimize closure",
        within(1, 2, 3),
        run=lambda m, xp, k: (
            m.minimize(lambda x: bowl(xp)(x, k * k) + xp.sum(k * x), np.zeros(3), tol=1e-12).x
        ),
        rtol=1e-3,
        close=1e-5,
    ),
    case(
        "minimize fun",
        within(1, 2, 3),
        run=lambda m, xp, k: m.minimize(bowl(xp), np.zeros(3), (k,), tol=1e-10).fun,
    ),
    case(
        "minimize bounds",
        within(1, 2, 3),
        within(0.1, 0.15),
        run=lambda m, xp, k, top: (
            m.minimize(
                bowl(xp),
                np.full(3, 0.05),
                (k,),
                "L-BFGS-B",
                bounds=[(0, top), (None, None), (0, 3)],
                tol=1e-13,
            ).x
        ),
    ),
    *(
        case(
            f"minimize_scalar {method}",
            normal(),
            run=lambda m, xp, k, method=method: (
                m.minimize_scalar(
                    lambda x, k: (x - k) ** 2 + 0.2 * xp.cos(x),
                    args=(k,),
                    method=method,
                    options=OPTIONS.get(method),
                ).x
            ),
            rtol=1e-3,
            step=1e-2,
        )
        for method in ("brent", "golden")
    ),
    case(
        "minimize_scalar bounded",
        normal(),
        run=lambda m, xp, k: (
            m.minimize_scalar(
                lambda x: (x - k) ** 2 + 0.2 * xp.cos(x), bounds=(-9.0, 9.0), options={"xatol": 1e-9}
            ).x
        ),
        rtol=1e-3,
        step=1e-2,
    ),
]
OPTIONS: dict[str, Any] = {}


def decay(xp: Any) -> Callable[..., Any]:
    return lambda t, a, b: a * xp.exp(-b * t)


def times(y: Any) -> Any:
    """Return when samples were taken, where they are."""
    at = np.linspace(0, 3, 8)
    return at if isinstance(y, np.ndarray) else ag.asarray(at, device=y.device)


def spread(rng: np.random.Generator) -> np.ndarray:
    """Draw samples near a decay."""
    return 2 * np.exp(-0.7 * np.linspace(0, 3, 8)) + 0.1 * rng.standard_normal(8)


FITS = [
    *(
        case(
            f"least_squares {loss}",
            spread,
            run=lambda m, xp, y, loss=loss: (
                m.least_squares(
                    lambda p: decay(xp)(times(y), p[0], p[1]) - y,
                    np.ones(2),
                    loss=loss,
                    f_scale=0.15,
                    ftol=1e-15,
                    xtol=1e-15,
                    gtol=1e-15,
                ).x
            ),
        )
        for loss in ("linear", "soft_l1", "cauchy", "arctan")
    ),
    case(
        "least_squares bounds",
        spread,
        within(0.1, 0.3),
        run=lambda m, xp, y, top: (
            m.least_squares(
                lambda p: decay(xp)(times(y), p[0], p[1]) - y,
                np.array([0.5, 0.05]),
                bounds=(-np.inf, xp.stack([5.0 + 0 * top, top])),
                ftol=1e-15,
                xtol=1e-15,
                gtol=1e-15,
            ).x
        ),
    ),
    case(
        "curve_fit",
        spread,
        strict=Raises(DeviceError, "xdata is an array of NumPy's"),
        run=lambda m, xp, y: m.curve_fit(decay(xp), np.linspace(0, 3, 8), y, ftol=1e-14, xtol=1e-14),
    ),
    case(
        "curve_fit sigma",
        lambda rng: np.linspace(0, 3, 8) + 0.1 * rng.uniform(0, 1, 8),
        spread,
        positive(8),
        run=lambda m, xp, t, y, s: m.curve_fit(
            decay(xp), t, y, [1.0, 1.0], s, absolute_sigma=True, ftol=1e-14, xtol=1e-14
        ),
        step=1e-4,
    ),
    case("nnls", positive(5, 3), normal(5), run=lambda m, xp, a, b: m.nnls(a, b + 1.0), step=1e-5),
]

CASES = [*ROOTS, *MINIMA, *FITS]
