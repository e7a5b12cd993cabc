"""SciPy's statistics, called directly."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from anygrad import nan_safe
from anygrad.errors import UnsupportedError
from tests.consumers.harness import Case, Raises, apart, fixed, normal, positive, within
from tests.consumers.scipy_outcomes import COMPILED, CONVERTS, NOT_THERE, RANKS, caller

LIBRARY = "scipy"


of = caller(stats)


def both(result: Any) -> tuple[Any, Any]:
    """Return a test's statistic and its probability."""
    return result.statistic, result.pvalue


test = partial(of, pick=both)
X, Y, Y9, Z9 = apart(9), apart(8, offset=0.1), apart(9, offset=0.1), apart(9, offset=0.05)
UNIT = within(0.1, 0.9, 6)

DESCRIPTIVE = [
    of("describe", normal(8, 3), everywhere=True),
    of("gmean", positive(8, 3), everywhere=True),
    of("gstd", positive(8)),
    of("hmean", positive(8, 3)),
    of("pmean", positive(8, 3), p=1.5),
    of("gzscore", positive(8)),
    of("zscore", normal(8, 3), everywhere=True),
    of("zmap", normal(5), normal(8)),
    of("moment", normal(8, 3), order=3),
    of("skew", normal(8, 3), bias=False),
    of("kurtosis", normal(8, 3), everywhere=True),
    of("kstat", normal(8)),
    of("kstatvar", normal(8)),
    of("variation", positive(8, 3)),
    of("sem", normal(8, 3)),
    of("iqr", X),
    of("median_abs_deviation", X),
    of("mode", X),
    of("quantile", X, fixed([0.2, 0.45])),
    of("rankdata", X, outcome=RANKS),
    of("tmean", X, limits=(0.2, 1.5)),
    *(of(name, X) for name in ("tvar", "tstd", "tsem")),
    *(of(f"{name} limited", X, limits=(0.2, 1.5), around=nan_safe) for name in ("tvar", "tstd", "tsem")),
    of("tmin", X, lowerlimit=0.3),
    of("tmax", X, upperlimit=1.5),
    of("trim_mean", X, proportiontocut=0.2),
    of("trimboth", X, proportiontocut=0.2, outcome=CONVERTS),
    of("sigmaclip", X, low=1.25, high=1.25, step=1e-5),
    of("lmoment", X),
    of("expectile", normal(9), alpha=0.3, outcome=CONVERTS),
    of("circmean", normal(8)),
    of("circvar", normal(8)),
    of("circstd", normal(8)),
    of("directional_stats", normal(6, 3), pick=lambda r: (r.mean_direction, r.mean_resultant_length)),
    of("entropy", positive(6)),
    of("entropy relative", positive(6), positive(6)),
    of("differential_entropy", apart(12)),
    of("obrientransform", normal(7), normal(6), outcome=CONVERTS),
    of("percentileofscore", X, fixed(0.3), outcome=CONVERTS),
    of("boxcox_llf", fixed(0.5), positive(7)),
    of("yeojohnson_llf", fixed(0.5), positive(7)),
    of("boxcox", positive(7), lmbda=0.5, outcome=CONVERTS),
    of("yeojohnson", positive(7), lmbda=0.5, outcome=CONVERTS),
    of("binned_statistic", normal(9), normal(9), outcome=CONVERTS),
]
MEANS = [
    test("ttest_1samp", normal(9), popmean=0.2, strict=NOT_THERE),
    test("ttest_ind", normal(9), normal(7), strict=NOT_THERE),
    test(
        "ttest_ind unequal",
        normal(9),
        normal(7),
        equal_var=False,
        outcome=Raises(
            UnsupportedError, "the probability depends on degrees of freedom, which have no derivative"
        ),
    ),
    test("ttest_rel", normal(9), normal(9), strict=NOT_THERE),
    Case(
        "scipy.stats.ttest_ind_from_stats",
        lambda m, n: stats.ttest_ind_from_stats(m, 1.5, 9, n, 1.2, 8),
        normal(),
        normal(),
        pick=both,
        strict=NOT_THERE,
    ),
    test("f_oneway", normal(9), normal(8), normal(7), strict=NOT_THERE),
    test("alexandergovern", normal(9), normal(8), strict=NOT_THERE),
    test("bartlett", normal(9), normal(8), normal(7), strict=NOT_THERE),
    test("levene", X, Y, strict=NOT_THERE),
    test("skewtest", normal(12)),
    test("kurtosistest", normal(22)),
    test("normaltest", normal(22), strict=NOT_THERE),
    test("jarque_bera", normal(12), strict=NOT_THERE),
    test(
        "shapiro",
        normal(12),
        outcome=Raises(TypeError, COMPILED.why),
    ),
    test("epps_singleton_2samp", X, Y, strict=NOT_THERE),
    test("chisquare", positive(6), fixed(np.ones(6)), sum_check=False, strict=NOT_THERE),
    test("power_divergence", positive(6), lambda_=0.5, strict=NOT_THERE),
    test("pearsonr", normal(9), normal(9), strict=NOT_THERE),
    test("combine_pvalues", UNIT, strict=NOT_THERE),
    test("combine_pvalues stouffer", UNIT, method="stouffer", strict=NOT_THERE),
    of("false_discovery_control", UNIT, step=1e-5),
    of("linregress", normal(9), normal(9), outcome=CONVERTS),
    of("theilslopes", normal(9), normal(9), outcome=CONVERTS),
    of("energy_distance", normal(9), normal(8), outcome=CONVERTS),
    of("wasserstein_distance", normal(9), normal(8), outcome=CONVERTS),
]
OF_RANKS = [
    *(test(name, X, Y, outcome=RANKS) for name in ("mood", "ansari", "mannwhitneyu", "cramervonmises_2samp")),
    *(test(name, X, Y, outcome=RANKS, strict=NOT_THERE) for name in ("fligner", "kruskal", "brunnermunzel")),
    test("chatterjeexi", X, Y9, outcome=RANKS),
    test("spearmanrho", X, Y9, outcome=RANKS, strict=NOT_THERE),
    *(test(name, X, Y9, outcome=CONVERTS) for name in ("kendalltau", "weightedtau")),
    test("spearmanr", X, Y9, outcome=RANKS, strict=NOT_THERE),
    test("friedmanchisquare", X, Y9, Z9, outcome=RANKS, strict=NOT_THERE),
    test("wilcoxon", apart(9), outcome=RANKS),
]
NORMAL = stats.Normal(mu=1.0, sigma=2.0)
DISTRIBUTIONS = [
    Case("scipy.stats.norm.pdf", stats.norm.pdf, normal(5), outcome=CONVERTS),
    Case("scipy.stats.norm.logpdf", lambda x: stats.norm.logpdf(x, 1.0, 2.0), normal(5), outcome=CONVERTS),
    Case(
        "scipy.stats.multivariate_normal.logpdf",
        lambda x: stats.multivariate_normal.logpdf(x, np.zeros(3)),
        normal(5, 3),
        outcome=CONVERTS,
    ),
    Case("scipy.stats.Normal", NORMAL.logpdf, normal(5), outcome=CONVERTS),
    Case(
        "scipy.stats.gaussian_kde", lambda x: stats.gaussian_kde(x)(np.zeros(1)), normal(9), outcome=CONVERTS
    ),
    *(
        Case(
            f"scipy.stats.{f.__name__}",
            partial(f, cdf=stats.norm.cdf),
            normal(9),
            pick=both,
            outcome=CONVERTS,
        )
        for f in (stats.cramervonmises, stats.ks_1samp)
    ),
]
CASES = [*DESCRIPTIVE, *MEANS, *OF_RANKS, *DISTRIBUTIONS]
