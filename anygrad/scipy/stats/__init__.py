"""Distributions under SciPy's names, and densities estimated from data.

All is written in anygrad's functions: every device has it, and gradients of any order flow to parameters too.
What SciPy's ``stats`` computes of samples (``zscore``, ``skew``, tests) is written to the Array API there.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.stats.bounded import (
    arcsine,
    beta,
    loguniform,
    powerlaw,
    reciprocal,
    triang,
    truncexpon,
    truncnorm,
    uniform,
)
from anygrad.scipy.stats.halves import (
    chi,
    chi2,
    erlang,
    expon,
    f,
    gamma,
    halfcauchy,
    halflogistic,
    halfnorm,
    invgamma,
    lognorm,
    lomax,
    maxwell,
    pareto,
    rayleigh,
    weibull_max,
    weibull_min,
)
from anygrad.scipy.stats.integers import (
    bernoulli,
    betabinom,
    betanbinom,
    binom,
    dlaplace,
    geom,
    logser,
    nbinom,
    planck,
    poisson,
)
from anygrad.scipy.stats.kernels import (
    gaussian_kde,
)
from anygrad.scipy.stats.lines import (
    cauchy,
    exponnorm,
    gennorm,
    gumbel_l,
    gumbel_r,
    hypsecant,
    laplace,
    logistic,
    moyal,
    norm,
    skewnorm,
    t,
    vonmises,
)
from anygrad.scipy.stats.several import (
    dirichlet,
    invwishart,
    multinomial,
    multivariate_normal,
    multivariate_t,
    wishart,
)
from anygrad.scipy.stats.tails import (
    fisk,
    invgauss,
    levy,
    nakagami,
    wald,
)

__all__ = [
    "arcsine",
    "bernoulli",
    "beta",
    "betabinom",
    "betanbinom",
    "binom",
    "cauchy",
    "chi",
    "chi2",
    "dirichlet",
    "dlaplace",
    "erlang",
    "expon",
    "exponnorm",
    "f",
    "fisk",
    "gamma",
    "gaussian_kde",
    "gennorm",
    "geom",
    "gumbel_l",
    "gumbel_r",
    "halfcauchy",
    "halflogistic",
    "halfnorm",
    "hypsecant",
    "invgamma",
    "invgauss",
    "invwishart",
    "laplace",
    "levy",
    "logistic",
    "lognorm",
    "logser",
    "loguniform",
    "lomax",
    "maxwell",
    "moyal",
    "multinomial",
    "multivariate_normal",
    "multivariate_t",
    "nakagami",
    "nbinom",
    "norm",
    "pareto",
    "planck",
    "poisson",
    "powerlaw",
    "rayleigh",
    "reciprocal",
    "skewnorm",
    "t",
    "triang",
    "truncexpon",
    "truncnorm",
    "uniform",
    "vonmises",
    "wald",
    "weibull_max",
    "weibull_min",
    "wishart",
]


def __getattr__(name: str) -> Any:
    raise missing("scipy.stats", name)


def __dir__() -> list[str]:
    return sorted(__all__)
