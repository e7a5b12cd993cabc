"""scikit-learn's scores: those that return ``float(score)`` leave the graph, the others are arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from sklearn import linear_model, metrics
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics.cluster import entropy
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import cross_val_score

from tests.consumers.harness import Case, Draw, Exits, Plain, normal, positive, within
from tests.consumers.learning import KINDS, SIDES, TO_FLOAT, case, fitted, like

LIBRARY = "scikit-learn"
RAW: dict[str, Any] = {"multioutput": "raw_values"}
WEIGHTS = positive(12)
COUNTED = Plain("it counts labels")
RENAMED = "Function entropy is deprecated"
GUESSES = (0, 1, 2, 0, 2, 2, 2, 1, 1, 2, 1, 0)


def sides(rng: np.random.Generator) -> np.ndarray:
    """Draw the probability of the second class, no two of them close."""
    return rng.permutation(12) / 14 + rng.uniform(0.02, 0.05, 12)


# ---------------------------------------------------------------- regression

ANY = (
    "mean_absolute_error mean_pinball_loss mean_squared_error "
    "root_mean_squared_error median_absolute_error explained_variance_score r2_score d2_pinball_score "
    "d2_absolute_error_score"
)
POSITIVE = "mean_absolute_percentage_error mean_squared_log_error root_mean_squared_log_error"
DEVIANCES = "mean_poisson_deviance mean_gamma_deviance mean_tweedie_deviance d2_tweedie_score"


def score(name: str, draw: Callable[..., Draw]) -> list[Case]:
    """Return the cases of a score: of several outputs, as an array, and of one, as Python's number."""
    function = getattr(metrics, name)
    several = case(f"metrics.{name}", functools.partial(function, **RAW), draw(9, 2), draw(9, 2))
    return [several, case(f"metrics.{name} of one output", function, draw(9), draw(9), outcome=TO_FLOAT)]


REGRESSION = [found for name in ANY.split() for found in score(name, normal)]
REGRESSION += [found for name in POSITIVE.split() for found in score(name, positive)]
REGRESSION += [
    case(f"metrics.{name}", getattr(metrics, name), positive(9), positive(9), outcome=TO_FLOAT)
    for name in DEVIANCES.split()
]
REGRESSION += [
    case("metrics.max_error", metrics.max_error, normal(9), normal(9), outcome=TO_FLOAT),
    case(
        "metrics.r2_score weighted",
        lambda y, guess, w: metrics.r2_score(y, guess, sample_weight=w, **RAW),
        normal(9, 2),
        normal(9, 2),
        positive(9),
    ),
]


# ---------------------------------------------------------------- probabilities


def of(name: str, labels: Any, **keywords: Any) -> Callable[..., Any]:
    return lambda p: getattr(metrics, name)(like(p, labels), p, **keywords)


def shares(name: str) -> Callable[..., Any]:
    """Return a call that takes weights of the classes for their probabilities."""
    return lambda p: of(name, KINDS)(p / array_namespace(p).sum(p, axis=1, keepdims=True))


PROBABILITIES = [
    case(f"metrics.{name}", shares(name), positive(12, 3), outcome=TO_FLOAT)
    for name in ("log_loss", "brier_score_loss", "d2_log_loss_score", "d2_brier_score")
]
PROBABILITIES += [
    case("metrics.precision_recall_curve", of("precision_recall_curve", SIDES), sides),
    case("metrics.roc_curve", lambda p: [part[1:] for part in of("roc_curve", SIDES)(p)], sides),
    case(
        "metrics.det_curve",
        lambda p: [part[:-1] for part in of("det_curve", SIDES, drop_intermediate=True)(p)],
        sides,
    ),
    case("metrics.confusion_matrix_at_thresholds", of("confusion_matrix_at_thresholds", SIDES), sides),
]


def weighted(name: str, labels: Any, guesses: Any, **keywords: Any) -> Callable[..., Any]:
    """Return a call that gives a score of fixed answers for the weights of samples."""
    function = getattr(metrics, name)
    return lambda w: function(like(w, labels), like(w, guesses), sample_weight=w, **keywords)


PROBABILITIES += [
    case(f"metrics.{name} weighted", weighted(name, SIDES, np.linspace(0.1, 0.9, 12)[::-1].copy()), WEIGHTS)
    for name in ("precision_recall_curve", "confusion_matrix_at_thresholds")
]
PROBABILITIES += [
    case(
        f"metrics.{name}",
        weighted(name, SIDES, np.cos(np.arange(12.0))),
        WEIGHTS,
        outcome=TO_FLOAT,
    )
    for name in ("average_precision_score",)
]


# ---------------------------------------------------------------- labels

LABELS = [
    case(f"metrics.{name}", weighted(name, KINDS, GUESSES), WEIGHTS, outcome=TO_FLOAT)
    for name in ("accuracy_score", "zero_one_loss", "hamming_loss")
]
LABELS += [
    case(
        "metrics.calinski_harabasz_score",
        lambda x: metrics.calinski_harabasz_score(x, like(x, KINDS)),
        normal(12, 3),
        outcome=TO_FLOAT,
    ),
    case(
        "metrics.davies_bouldin_score",
        lambda x: metrics.davies_bouldin_score(x, like(x, KINDS)),
        normal(12, 3),
        outcome=TO_FLOAT,
    ),
    case("metrics.cluster.entropy", entropy, within(0.0, 3.0, 12), outcome=COUNTED, warns=RENAMED),
]


# ---------------------------------------------------------------- models

X, Y = normal(12, 3), normal(12)


def tempered(x: Any) -> Any:
    model = CalibratedClassifierCV(LinearDiscriminantAnalysis(), method="temperature", ensemble=False, cv=2)
    return model.fit(x, like(x, SIDES)).predict_proba(x)


def ridge() -> linear_model.Ridge:
    return linear_model.Ridge(solver="svd")


def mixture() -> GaussianMixture:
    return GaussianMixture(2, init_params="random_from_data", random_state=0, max_iter=3, tol=0.0)


MODELS = [
    case("decomposition.PCA score", fitted(lambda: PCA(2, svd_solver="full"), "score"), X, outcome=TO_FLOAT),
    case(
        "mixture.GaussianMixture score",
        fitted(mixture, "score bic aic"),
        X,
        outcome=TO_FLOAT,
        warns="Best performing initialization did not converge",
    ),
    case("linear_model.Ridge score", lambda x, y: ridge().fit(x, y).score(x, y), X, Y, outcome=TO_FLOAT),
    case(
        "model_selection.cross_val_score",
        lambda x, y: cross_val_score(ridge(), x, y, cv=3),
        X,
        Y,
        outcome=TO_FLOAT,
    ),
    case(
        "calibration.CalibratedClassifierCV",
        tempered,
        X,
        outcome=Exits("the temperature is sought by comparing Python's numbers"),
        close=1e-6,
    ),
]

CASES: list[Case] = REGRESSION + PROBABILITIES + LABELS + MODELS
