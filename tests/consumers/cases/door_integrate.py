"""``anygrad.scipy.integrate`` beside SciPy's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate

import anygrad as ag
from tests.consumers.harness import Case, Draw, Held, normal, positive, rising, waves, within

LIBRARY = "anygrad.scipy"


def case(name: str, *inputs: Draw | Held, run: Callable[..., Any] | None = None, **options: Any) -> Case:
    """Make the case of a function: ``run(module, xp, *arrays)`` calls it, xp of the arrays."""
    function = name.partition(" ")[0]
    run = run or (lambda module, xp, *arrays: getattr(module, function)(*arrays))
    tensors = functools.partial(run, ag.scipy.integrate, ag)
    reference = functools.partial(run, integrate, np)
    return Case(f"anygrad.scipy.integrate.{name}", tensors, *inputs, reference=reference, **options)


def sampled(name: str, **options: Any) -> list[Case]:
    """Make the cases of a rule on samples: with steps, with abscissae for one axis, and for all."""
    more = {"initial": 0} if name.startswith("cumulative") else {}
    return (
        [
            case(
                f"{name} {n} steps",
                normal(3, n),
                positive(),
                run=lambda m, xp, y, h: getattr(m, name)(y, dx=h),
            )
            for n in (2, 5, 6)
        ]
        + [
            case(
                f"{name} {n} x",
                waves(n, 2),
                rising(n),
                run=lambda m, xp, y, x: getattr(m, name)(y, x=x, axis=0, **more),
            )
            for n in (4, 7)
        ]
        + [
            case(
                f"{name} all x",
                normal(2, 6),
                lambda rng: np.cumsum(rng.uniform(0.5, 1, (2, 6)), axis=1),
                run=lambda m, xp, y, x: getattr(m, name)(y, x=x),
            )
        ]
    )


SAMPLES = [
    *(
        one
        for name in ("trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson")
        for one in sampled(name)
    ),
    case(
        "cumulative_simpson initial",
        normal(5),
        positive(),
        run=lambda m, xp, y, i: m.cumulative_simpson(y, initial=i),
    ),
    case("romb", normal(2, 9), positive(), run=lambda m, xp, y, h: m.romb(y, dx=h)),
    case("romb axis", waves(5, 2), run=lambda m, xp, y: m.romb(y, axis=0)),
    case(
        "fixed_quad",
        normal(),
        positive(),
        positive(),
        run=lambda m, xp, a, b, k: m.fixed_quad(lambda x, k: xp.sin(k * x) * x, a, b, (k,), n=7)[0],
    ),
]

QUAD = [
    case(
        "quad",
        normal(),
        within(2, 3),
        positive(2),
        run=lambda m, xp, a, b, k: m.quad(lambda x, k: xp.sin(k[0] * x) + k[1] * x**2, a, b, (k,))[0],
    ),
    case(
        "quad closure", positive(3), run=lambda m, xp, k: m.quad(lambda x: xp.sum(xp.cos(k * x) * k), 0, 1)[0]
    ),
    case("quad backwards", positive(), run=lambda m, xp, k: m.quad(lambda x: xp.exp(k * x), 2, k)[0]),
    case(
        "quad infinite",
        positive(),
        run=lambda m, xp, k: m.quad(lambda x: xp.exp(-k * x * x), -np.inf, np.inf)[0],
    ),
    case(
        "quad half",
        positive(),
        normal(),
        run=lambda m, xp, k, a: m.quad(lambda x, k: xp.exp(-k * x), a, np.inf, k)[0],
    ),
    case(
        "quad singular",
        positive(),
        run=lambda m, xp, k: m.quad(lambda x: xp.cos(k * x) / x**0.5, 0, 1)[0],
        rtol=1e-5,
    ),
    case(
        "quad points",
        positive(),
        run=lambda m, xp, k: m.quad(lambda x: abs(x - 0.3) * k**2, 0, 1, points=[0.3])[0],
    ),
    case(
        "quad weight",
        positive(2),
        run=lambda m, xp, k: m.quad(lambda x: xp.exp(-x * k[0]) * k[1], 0, 2, weight="cos", wvar=3)[0],
    ),
    case(
        "quad complex",
        waves(),
        run=lambda m, xp, k: m.quad(lambda x: xp.exp(k * x), 0, 1, complex_func=True)[0],
    ),
    case(
        "quad branch",
        positive(2),
        run=lambda m, xp, k: m.quad(lambda x: k[0] * x if x < 0.5 else k[1] * x * x, 0, 1, points=[0.5])[0],
    ),
    case(
        "quad_vec",
        normal(3),
        within(1, 2),
        run=lambda m, xp, k, b: m.quad_vec(lambda x: xp.sin(k * x), 0.0, b, epsabs=1e-12)[0],
    ),
    case(
        "dblquad",
        positive(),
        positive(),
        run=lambda m, xp, k, h: m.dblquad(lambda y, x: xp.sin(k * x * y), 0, 1, 0, lambda x: h * x)[0],
    ),
    case(
        "nquad",
        positive(),
        positive(),
        run=lambda m, xp, k, b: m.nquad(lambda x, k: xp.cos(k * x), [[0, b]], (k,))[0],
    ),
]


def flow(xp: Any) -> Callable[..., Any]:
    """Return the right side of a pendulum with friction that depends on the time."""

    def slope(t: Any, y: Any, k: Any) -> Any:
        return xp.stack([y[1], -k[0] * xp.sin(y[0]) - k[1] * t * y[1]])

    return slope


def solved(method: str, **options: Any) -> Callable[..., Any]:
    """Return the call of a solver whose steps are all of one length: differences see no other steps."""
    steps = {"rtol": 1e6, "atol": 1e6, "max_step": 0.25, "first_step": 0.25} | options

    def run(m: Any, xp: Any, y0: Any, k: Any) -> Any:
        return m.solve_ivp(flow(xp), (0.0, 2.0), y0, method, args=(k,), **steps).y

    return run


ODE = [
    *(
        case(f"solve_ivp {method}", normal(2), positive(2), run=solved(method))
        for method in ("RK23", "RK45", "DOP853")
    ),
    *(
        case(
            f"solve_ivp {method} at",
            normal(2),
            positive(2),
            run=solved(method, t_eval=np.array([0.1, 0.5, 0.6, 2.0])),
        )
        for method in ("RK23", "RK45", "DOP853")
    ),
    case(
        "solve_ivp times",
        positive(2),
        within(1.5, 1.9),
        run=lambda m, xp, y0, end: (
            m.solve_ivp(
                lambda t, y: -y * y + t,
                (0.0, end),
                y0,
                rtol=1e-9,
                atol=1e-9,
                t_eval=xp.stack([0.5 * end, end]),
            ).y
        ),
        rtol=1e-5,
        close=1e-8,
    ),
    case(
        "solve_ivp dense",
        normal(2),
        positive(2),
        run=lambda m, xp, y0, k: m.solve_ivp(
            flow(xp), (2.0, 0.0), y0, args=(k,), rtol=1e-8, atol=1e-8, dense_output=True
        ).sol(1.3),
        rtol=1e-5,
    ),
    case(
        "odeint",
        normal(2),
        positive(2),
        run=lambda m, xp, y0, k: m.odeint(
            flow(xp), y0, np.linspace(0, 2, 4), (k,), tfirst=True, rtol=1e-10, atol=1e-10
        ),
        rtol=1e-5,
        close=1e-7,
    ),
]

CASES = [*SAMPLES, *QUAD, *ODE]
