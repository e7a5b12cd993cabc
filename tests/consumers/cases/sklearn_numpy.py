"""What scikit-learn computes by NumPy's functions or compiled code, whatever array it is handed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from sklearn import covariance, ensemble, feature_selection, impute, linear_model, metrics, preprocessing
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import IncrementalPCA, KernelPCA, TruncatedSVD
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_approximation import AdditiveChi2Sampler, RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import pairwise
from sklearn.multioutput import MultiOutputRegressor

from anygrad.errors import DeviceError, GraphExitError
from tests.consumers.harness import GRADIENT, Outcome, Raises, apart, normal, positive
from tests.consumers.learning import KINDS, SIDES, TO_FLOAT, case, fitted, like

LIBRARY = "scikit-learn"
X, Y = normal(12, 3), normal(12)
GUESSES = (0, 1, 2, 0, 2, 2, 2, 1, 1, 2, 1, 0)
WEIGHTS = positive(12)


def exported(why: str) -> Raises:
    """Return the outcome of what asks for NumPy's array of a tensor that is tracked."""
    return Raises(GraphExitError, why)


LISTS = exported("it makes one array of NumPy's of a list of tensors")
STORED = Raises(
    ValueError, "it writes numbers of tensors into an array of NumPy's", "setting an array element"
)
BY_NUMPY = exported("it asks for NumPy's arrays")
BY_SCIPY = exported("it calls a compiled function of SciPy's")


# ---------------------------------------------------------------- answers, weighted


def answers(name: str, **keywords: Any) -> Callable[..., Any]:
    """Return a call that gives a score of fixed answers for the weights of samples."""
    function = getattr(metrics, name)
    return lambda w: function(like(w, KINDS), like(w, GUESSES), sample_weight=w, **keywords)


def area(w: Any) -> Any:
    scores = like(w, [0.9, 0.2, 0.7, 0.5, 0.1, 0.3, 0.25, 0.8, 0.6, 0.4, 0.15, 0.35])
    return metrics.roc_auc_score(like(w, SIDES), scores, sample_weight=w)


COUNTS = ("f1_score", "jaccard_score", "precision_score", "recall_score")
ANSWERS = [
    *(case(f"metrics.{name}", answers(name, average=None), WEIGHTS) for name in COUNTS),
    *(
        case(f"metrics.{name} averaged", answers(name, average="macro"), WEIGHTS, outcome=TO_FLOAT)
        for name in COUNTS
    ),
    case("metrics.fbeta_score", answers("fbeta_score", average=None, beta=0.5), WEIGHTS),
    case("metrics.precision_recall_fscore_support", answers("precision_recall_fscore_support"), WEIGHTS),
    case("metrics.multilabel_confusion_matrix", answers("multilabel_confusion_matrix"), WEIGHTS),
    case("metrics.roc_auc_score", area, WEIGHTS, outcome=TO_FLOAT),
    *(
        case(f"metrics.{name}", answers(name), WEIGHTS, outcome=BY_NUMPY)
        for name in ("balanced_accuracy_score", "cohen_kappa_score", "confusion_matrix")
    ),
]


# ---------------------------------------------------------------- features

FEATURES: dict[str, tuple[Callable[[], Any], Outcome]] = {
    "preprocessing.RobustScaler": (preprocessing.RobustScaler, LISTS),
    "preprocessing.PowerTransformer": (preprocessing.PowerTransformer, BY_SCIPY),
    "preprocessing.SplineTransformer": (preprocessing.SplineTransformer, STORED),
    "feature_selection.VarianceThreshold": (feature_selection.VarianceThreshold, LISTS),
    "impute.SimpleImputer": (impute.SimpleImputer, exported("it makes a masked array of NumPy's")),
    "kernel_approximation.RBFSampler": (
        functools.partial(RBFSampler, n_components=4, random_state=0),
        Raises(TypeError, "its random weights are NumPy's, and it forbids several libraries"),
    ),
    "decomposition.TruncatedSVD": (
        functools.partial(TruncatedSVD, 2, random_state=0, power_iteration_normalizer="QR"),
        GRADIENT,
    ),
    "decomposition.KernelPCA": (
        functools.partial(KernelPCA, 2, kernel="rbf", eigen_solver="dense"),
        BY_SCIPY,
    ),
}

OTHERS = [
    case(
        "preprocessing.QuantileTransformer",
        fitted(lambda: preprocessing.QuantileTransformer(n_quantiles=5), "transform"),
        apart(8, 3),
        strict=Raises(DeviceError, "its reference points lie in NumPy"),
    ),
    case(
        "decomposition.IncrementalPCA",
        fitted(lambda: IncrementalPCA(2), "transform"),
        X,
        outcome=BY_SCIPY,
        warns="invalid value encountered in divide",
    ),
    case("preprocessing.scale", preprocessing.scale, X, outcome=BY_NUMPY),
    case("covariance.empirical_covariance", covariance.empirical_covariance, X),
    case(
        "covariance.EmpiricalCovariance",
        fitted(covariance.EmpiricalCovariance, "covariance_"),
        X,
        outcome=BY_SCIPY,
    ),
    case("metrics.pairwise.nan_euclidean_distances", pairwise.nan_euclidean_distances, X, normal(4, 3)),
    case(
        "metrics.pairwise.pairwise_distances_argmin_min",
        pairwise.pairwise_distances_argmin_min,
        X,
        normal(4, 3),
    ),
    case("kernel_approximation.AdditiveChi2Sampler", AdditiveChi2Sampler().fit_transform, positive(8, 2)),
]


# ---------------------------------------------------------------- models


def ridge() -> linear_model.Ridge:
    return linear_model.Ridge(solver="svd")


def several() -> list[tuple[str, Any]]:
    return [("a", ridge()), ("b", linear_model.RidgeCV())]


def transformed() -> TransformedTargetRegressor:
    return TransformedTargetRegressor(
        ridge(), func=lambda y: y**3, inverse_func=lambda z: z / 3, check_inverse=False
    )


MODELS = [
    case("compose.TransformedTargetRegressor", fitted(transformed, "predict"), X, Y),
    case(
        "ensemble.StackingRegressor", fitted(lambda: ensemble.StackingRegressor(several()), "predict"), X, Y
    ),
    case(
        "ensemble.VotingRegressor",
        fitted(lambda: ensemble.VotingRegressor(several()), "predict"),
        X,
        Y,
        outcome=LISTS,
    ),
    case(
        "multioutput.MultiOutputRegressor",
        fitted(lambda: MultiOutputRegressor(ridge()), "predict"),
        X,
        normal(12, 2),
        outcome=LISTS,
    ),
    case(
        "discriminant_analysis.QuadraticDiscriminantAnalysis",
        fitted(QuadraticDiscriminantAnalysis, "decision_function", SIDES),
        X,
        outcome=LISTS,
    ),
    case(
        "feature_selection.SelectKBest",
        fitted(lambda: feature_selection.SelectKBest(feature_selection.f_regression, k=2), "transform"),
        X,
        Y,
        outcome=BY_SCIPY,
    ),
    case(
        "gaussian_process.GaussianProcessRegressor",
        fitted(lambda: GaussianProcessRegressor(optimizer=None, alpha=0.1), "predict"),
        X,
        Y,
        outcome=BY_SCIPY,
    ),
    case(
        "isotonic.IsotonicRegression",
        fitted(IsotonicRegression, "predict"),
        apart(9),
        apart(9),
        outcome=Raises(TypeError, "compiled code takes NumPy's arrays"),
    ),
    case(
        "kernel_ridge.KernelRidge",
        fitted(lambda: KernelRidge(kernel="rbf"), "predict"),
        X,
        Y,
        outcome=Raises(AttributeError, "it writes through .flat", match="flat"),
    ),
    case(
        "linear_model.LinearRegression",
        fitted(linear_model.LinearRegression, "coef_"),
        X,
        Y,
        outcome=BY_SCIPY,
    ),
    case("linear_model.BayesianRidge", fitted(linear_model.BayesianRidge, "coef_"), X, Y, outcome=BY_NUMPY),
    case("linear_model.Lasso", fitted(linear_model.Lasso, "coef_"), X, Y, outcome=BY_NUMPY),
    *(
        case(
            f"linear_model.{name}",
            fitted(functools.partial(getattr(linear_model, name), solver="lbfgs"), "coef_"),
            X,
            positive(12),
            outcome=STORED,
        )
        for name in ("TweedieRegressor", "GammaRegressor")
    ),
]

CASES = ANSWERS + OTHERS + MODELS
CASES += [
    case(name, fitted(make, "transform"), apart(8, 3), outcome=outcome)
    for name, (make, outcome) in FEATURES.items()
]
