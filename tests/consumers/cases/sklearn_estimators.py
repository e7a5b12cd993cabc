"""scikit-learn's models: what they learn and predict depends on the data that they were fitted to."""

from __future__ import annotations

import functools
from typing import Any

from sklearn import linear_model
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import Nystroem
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.random_projection import GaussianRandomProjection

from anygrad.errors import DeviceError, GraphExitError
from tests.consumers.harness import Case, Raises, normal, positive
from tests.consumers.learning import KINDS, SIDES, case, fitted, like

LIBRARY = "scikit-learn"
X, Y = normal(12, 3), normal(12)
STORED = Raises(
    ValueError, "it writes a number of a tensor into an array of NumPy's", "setting an array element"
)
BY_LBFGS = Raises(GraphExitError, "SciPy's L-BFGS takes the loss as a number of NumPy's")


# ---------------------------------------------------------------- decomposition

COMPONENTS = (
    "components_ explained_variance_ explained_variance_ratio_ singular_values_ mean_ noise_variance_ "
    "transform fit_transform score_samples get_covariance() get_precision()"
)


def components(solver: str) -> PCA:
    return PCA(2, svd_solver=solver, random_state=0, power_iteration_normalizer="QR", iterated_power=2)


def restored(x: Any) -> Any:
    model = components("full").fit(x)
    return model.inverse_transform(model.transform(x))


DECOMPOSITION = [
    case(f"decomposition.PCA {solver}", fitted(functools.partial(components, solver), COMPONENTS), X)
    for solver in ("full", "covariance_eigh", "randomized")
]
DECOMPOSITION += [
    case("decomposition.PCA there and back", restored, X),
    case("decomposition.PCA whitened", PCA(2, svd_solver="full", whiten=True).fit_transform, X),
    case("decomposition.PCA mle", PCA("mle", svd_solver="full").fit_transform, X),
    case("decomposition.PCA of a share of the variance", PCA(0.8, svd_solver="full").fit_transform, X),
    case("kernel_approximation.Nystroem", Nystroem(n_components=4, random_state=0).fit_transform, X),
    case(
        "random_projection.GaussianRandomProjection",
        GaussianRandomProjection(2, random_state=0).fit_transform,
        X,
        strict=Raises(DeviceError, "its matrix lies in NumPy"),
    ),
]


# ---------------------------------------------------------------- classes

DISCRIMINANT = (
    "coef_ intercept_ means_ scalings_ xbar_ explained_variance_ratio_ priors_ "
    "transform decision_function predict_proba predict_log_proba predict"
)
BAYES = "theta_ var_ epsilon_ class_prior_ predict_joint_log_proba predict_proba predict_log_proba predict"


def weighted_bayes(x: Any, w: Any) -> Any:
    return GaussianNB().fit(x, like(x, KINDS), sample_weight=w).predict_proba(x)


CLASSES = [
    case(
        "discriminant_analysis.LinearDiscriminantAnalysis",
        fitted(LinearDiscriminantAnalysis, DISCRIMINANT, KINDS),
        X,
    ),
    case("naive_bayes.GaussianNB", fitted(GaussianNB, BAYES, KINDS), X),
    case("naive_bayes.GaussianNB weighted", weighted_bayes, X, positive(12)),
]


# ---------------------------------------------------------------- linear models

Ridge = functools.partial(linear_model.Ridge, solver="svd")
RidgeClassifier = functools.partial(linear_model.RidgeClassifier, solver="svd")
LINE = "coef_ intercept_ predict"
DECISION = "coef_ intercept_ decision_function predict"


def weighted_ridge(x: Any, y: Any, w: Any) -> Any:
    return Ridge().fit(x, y, sample_weight=w).predict(x)


def solved(x: Any, y: Any) -> Any:
    return linear_model.ridge_regression(x, y, alpha=0.7, solver="svd")


LINEAR = [
    case("linear_model.Ridge", fitted(Ridge, LINE), X, Y),
    case("linear_model.Ridge of two targets", fitted(Ridge, LINE), X, normal(12, 2)),
    case("linear_model.Ridge weighted", weighted_ridge, X, Y, positive(12)),
    case("linear_model.RidgeCV", fitted(linear_model.RidgeCV, f"{LINE} best_score_"), X, Y),
    case("linear_model.RidgeClassifier", fitted(RidgeClassifier, DECISION, KINDS), X),
    case("linear_model.RidgeClassifierCV", fitted(linear_model.RidgeClassifierCV, DECISION, SIDES), X),
    case("linear_model.ridge_regression", solved, X, Y),
    case(
        "linear_model.LogisticRegression",
        fitted(linear_model.LogisticRegression, "coef_", KINDS),
        X,
        outcome=BY_LBFGS,
    ),
    case(
        "linear_model.PoissonRegressor",
        fitted(linear_model.PoissonRegressor, "coef_"),
        X,
        positive(12),
        outcome=STORED,
    ),
]


# ---------------------------------------------------------------- mixtures

MIXTURE = (
    "weights_ means_ covariances_ precisions_ precisions_cholesky_ lower_bound_ "
    "score_samples predict_proba predict"
)


def mixture(form: str) -> GaussianMixture:
    return GaussianMixture(
        2, covariance_type=form, init_params="random_from_data", random_state=0, max_iter=3, tol=0.0
    )


MIXTURES = [
    case(
        f"mixture.GaussianMixture {form}",
        fitted(functools.partial(mixture, form), MIXTURE),
        normal(8, 2),
        warns="Best performing initialization did not converge",
        rtol=1e-5,
    )
    for form in ("full", "tied", "diag", "spherical")
]

CASES: list[Case] = DECOMPOSITION + CLASSES + LINEAR + MIXTURES
