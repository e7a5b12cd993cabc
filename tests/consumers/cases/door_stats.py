"""``anygrad.scipy.stats`` beside SciPy's: gradients with respect to values, shapes, location and scale."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

import anygrad as ag
from anygrad.errors import UnsupportedError
from tests.consumers.harness import Case, Draw, Held, Raises, fixed, normal, positive, within

LIBRARY = "anygrad.scipy"

LIBRARYS_OWN = (
    "vonmises logpdf",
    *(f"t {how}" for how in ("cdf", "sf", "logcdf")),
    *(f"gamma {how}" for how in ("cdf", "sf", "logcdf", "logsf")),
    *(f"{name} {how}" for name in ("beta", "f") for how in ("cdf", "sf")),
    *(f"{name} {how}" for name in ("norm", "gamma") for how in ("ppf", "isf")),
    *("poisson cdf", "binom sf", "truncnorm ppf"),
)
"""What needs a special function that the standard alone has not."""


def case(name: str, *inputs: Draw | Held, run: Callable[..., Any], **options: Any) -> Case:
    """Make the case of what is called alike in both: ``run(module, *arrays)``."""
    tensors = lambda *arrays: run(ag.scipy.stats, *arrays)
    if name in LIBRARYS_OWN:
        options["strict"] = Raises(UnsupportedError, "its special function is in SciPy and CuPy")
    reference = functools.partial(run, stats)
    return Case(f"anygrad.scipy.stats.{name}", tensors, *inputs, reference=reference, **options)


def near(value: float) -> Draw:
    """Draw a number near a given one."""
    return lambda rng: value * rng.uniform(0.9, 1.1, ())


LINES: dict[str, tuple[float, ...]] = {
    "cauchy": (),
    "exponnorm": (1.2,),
    "gennorm": (1.7,),
    "gumbel_l": (),
    "gumbel_r": (),
    "hypsecant": (),
    "laplace": (),
    "logistic": (),
    "moyal": (),
    "norm": (),
    "skewnorm": (1.3,),
    "t": (3.5,),
    "vonmises": (1.5,),
}
HALVES: dict[str, tuple[float, ...]] = {
    "chi": (2.6,),
    "chi2": (3.4,),
    "erlang": (3.0,),
    "expon": (),
    "f": (5.0, 6.5),
    "fisk": (2.7,),
    "gamma": (2.3,),
    "halfcauchy": (),
    "halflogistic": (),
    "halfnorm": (),
    "invgamma": (3.1,),
    "invgauss": (1.4,),
    "levy": (),
    "lognorm": (0.8,),
    "lomax": (2.7,),
    "maxwell": (),
    "nakagami": (1.6,),
    "rayleigh": (),
    "wald": (),
    "weibull_min": (1.6,),
}
BOUNDED: dict[str, tuple[float, ...]] = {
    "arcsine": (),
    "beta": (2.2, 1.4),
    "powerlaw": (1.7,),
    "triang": (0.9,),
    "truncexpon": (2.4,),
    "uniform": (),
}
COUNTS: dict[str, tuple[float, ...]] = {
    "bernoulli": (0.3,),
    "dlaplace": (0.8,),
    "geom": (0.4,),
    "logser": (0.6,),
    "nbinom": (3.5, 0.4),
    "planck": (0.7,),
    "poisson": (2.3,),
}


def continuous(name: str, shapes: tuple[float, ...], draw: Draw) -> list[Case]:
    """Make the cases of a distribution: of its density in all parameters, and of what it is cumulated to."""
    parameters = (*map(near, shapes), near(0.3), near(1.3))
    run = lambda m, *a: getattr(m, name).logpdf(*a)
    warns = "The shape parameter" if name == "erlang" else None
    everywhere = name in ("norm", "gamma")
    return [case(f"{name} logpdf", draw, *parameters, run=run, everywhere=everywhere, warns=warns)]


DENSITIES = [
    *(c for name, shapes in LINES.items() for c in continuous(name, shapes, within(-1.5, 1.5, 5))),
    *(c for name, shapes in HALVES.items() for c in continuous(name, shapes, within(0.6, 3.0, 5))),
    *(c for name, shapes in BOUNDED.items() for c in continuous(name, shapes, within(0.5, 1.2, 5))),
    *continuous("pareto", (2.6,), within(1.8, 4.0, 5)),
    *continuous("weibull_max", (1.6,), within(-3.0, -0.2, 5)),
    *continuous("loguniform", (0.5, 2.5), within(1.2, 2.6, 5)),
    *continuous("reciprocal", (0.5, 2.5), within(1.2, 2.6, 5)),
    *continuous("truncnorm", (-0.7, 1.6), within(0.2, 1.4, 5)),
]


def method(name: str, how: str, draw: Draw, *shapes: float) -> Case:
    """Make the case of another method, whose shapes are held."""
    held = [Held(near(s)) for s in shapes]
    run = lambda m, *a: getattr(getattr(m, name), how)(*a)
    return case(f"{name} {how}", draw, *held, near(0.3), near(1.3), run=run)


Q = within(0.1, 0.9, 4)
CUMULATED = [
    *(method(n, how, within(-1, 2, 4)) for n in ("norm", "gumbel_r", "moyal") for how in ("cdf", "logsf")),
    *(method("t", how, within(-1, 2, 4), 3.5) for how in ("cdf", "sf", "logcdf")),
    *(method("gamma", how, within(1, 3, 4), 2.3) for how in ("pdf", "cdf", "sf", "logcdf", "logsf")),
    *(method("beta", how, within(0.5, 1.2, 4), 2.2, 1.4) for how in ("pdf", "cdf", "sf")),
    *(method("f", how, within(1, 3, 4), 5.0, 6.5) for how in ("cdf", "sf")),
    *(method("norm", how, Q) for how in ("ppf", "isf")),
    *(method("gamma", how, Q, 2.3) for how in ("ppf", "isf")),
    method("laplace", "ppf", Q),
    method("truncnorm", "ppf", Q, -0.7, 1.6),
    case(
        "truncnorm cdf",
        within(0.2, 1.4, 4),
        near(-0.7),
        near(1.6),
        near(0.1),
        near(1.3),
        run=lambda m, *a: m.truncnorm.cdf(*a),
    ),
    case("norm frozen", normal(4), near(0.3), near(1.3), run=lambda m, x, l, s: m.norm(l, s).logpdf(x)),
    case("beta entropy", near(2.2), near(1.4), run=lambda m, a, b: m.beta.entropy(a, b)),
    case("t var", near(3.5), near(1.3), run=lambda m, df, s: m.t.var(df, 0.3, s)),
    case("lognorm mean", near(0.8), near(0.3), near(1.3), run=lambda m, *a: m.lognorm.mean(*a)),
]


def count(name: str, *shapes: float, held: int = 0, how: str = "logpmf") -> Case:
    """Make the case of a distribution over integers; the first of its shapes may be held."""
    inputs = [fixed(s) if i < held else near(s) for i, s in enumerate(shapes)]
    beside = [1.5, -1.0] if how == "pmf" else []
    ks = [1.0] if name == "bernoulli" else [1.0, 2.0, 4.0, *beside]
    run = lambda m, *a: getattr(getattr(m, name), how)(*a)
    return case(f"{name} {how}", fixed(ks), *inputs, run=run)


INTEGERS = [
    *(count(name, *shapes) for name, shapes in COUNTS.items()),
    count("binom", 7.0, 0.3, held=1),
    count("betabinom", 6.0, 1.3, 2.2, held=1),
    count("betanbinom", 4.0, 2.3, 1.2, held=1),
    count("poisson", 2.3, how="cdf"),
    count("poisson", 2.3, how="pmf"),
    count("binom", 7.0, 0.3, held=1, how="sf"),
    count("geom", 0.4, how="logsf"),
]

COVARIANCE = lambda m, a: (
    a @ (a.T if isinstance(a, np.ndarray) else ag.matrix_transpose(a))
    + (np.eye(3) if isinstance(a, np.ndarray) else ag.eye(3, device=a.device))
)
SEVERAL = [
    case(
        "multivariate_normal logpdf",
        normal(4, 3),
        normal(3),
        normal(3, 3),
        run=lambda m, x, mean, a: m.multivariate_normal.logpdf(x, mean, COVARIANCE(m, a)),
        everywhere=True,
    ),
    case(
        "multivariate_normal entropy",
        normal(3, 3),
        run=lambda m, a: m.multivariate_normal.entropy(None, COVARIANCE(m, a)),
    ),
    case(
        "multivariate_t logpdf",
        normal(4, 3),
        normal(3),
        normal(3, 3),
        near(4.0),
        run=lambda m, x, loc, a, df: m.multivariate_t.logpdf(x, loc, COVARIANCE(m, a), df),
    ),
    case(
        "dirichlet logpdf",
        within(0.1, 0.4, 2, 4),
        positive(3),
        run=lambda m, x, alpha: m.dirichlet.logpdf(x, alpha),
    ),
    case(
        "multinomial logpmf",
        fixed([[1.0, 2.0, 3.0], [0.0, 0.0, 6.0]]),
        lambda rng: rng.dirichlet(np.full(3, 9.0)),
        run=lambda m, x, p: m.multinomial.logpmf(x, 6, p),
        warns="Some rows of",
    ),
    *(
        case(
            f"{name} logpdf",
            normal(3, 3),
            near(5.5),
            normal(3, 3),
            run=functools.partial(
                lambda m, x, df, s, name: getattr(m, name).logpdf(
                    COVARIANCE(m, x), float(df) if m is stats else df, COVARIANCE(m, s)
                ),
                name=name,
            ),
        )
        for name in ("wishart", "invwishart")
    ),
    case(
        "gaussian_kde", normal(8), normal(4), run=lambda m, data, x: m.gaussian_kde(data)(x), everywhere=True
    ),
    case(
        "gaussian_kde weighed",
        normal(2, 8),
        positive(8),
        normal(2, 4),
        run=lambda m, data, w, x: m.gaussian_kde(data, 0.5, w).logpdf(x),
    ),
]

CASES = [*DENSITIES, *CUMULATED, *INTEGERS, *SEVERAL]
