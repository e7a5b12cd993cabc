"""scikit-learn's pipelines, searches and helpers."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace
from sklearn import linear_model, model_selection, utils
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, PolynomialFeatures
from sklearn.utils import extmath
from sklearn.utils.class_weight import compute_sample_weight

from anygrad.errors import DeviceError
from tests.consumers.harness import Case, Raises, apart, normal
from tests.consumers.learning import KINDS, SIDES, case, like

LIBRARY = "scikit-learn"
X, Y = normal(12, 3), normal(12)
IN_NUMPY = Raises(DeviceError, "the weights lie in NumPy")
RENAMED = r"Function \w+ is deprecated|`\w+` is deprecated"


# ---------------------------------------------------------------- model_selection, pipeline


def ridge(**keywords: Any) -> linear_model.Ridge:
    return linear_model.Ridge(solver="svd", **keywords)


def search(x: Any, y: Any) -> Any:
    found = model_selection.GridSearchCV(ridge(), {"alpha": [0.1, 1.0]}, cv=3).fit(x, y)
    return found.predict(x), found.best_estimator_.coef_


def random_search(x: Any, y: Any) -> Any:
    drawn = model_selection.RandomizedSearchCV(
        ridge(), {"alpha": [0.1, 1.0, 3.0]}, n_iter=2, cv=3, random_state=0
    )
    return drawn.fit(x, y).predict(x)


def at_a_threshold(x: Any) -> Any:
    made = model_selection.FixedThresholdClassifier(LinearDiscriminantAnalysis()).fit(x, like(x, SIDES))
    return made.estimator_.decision_function(x)


def piped(x: Any, y: Any) -> Any:
    steps = make_pipeline(MinMaxScaler(), PolynomialFeatures(2, include_bias=False), ridge())
    return steps.fit(x, y).predict(x)


SELECTION = [
    case(
        "model_selection.train_test_split", lambda x: model_selection.train_test_split(x, random_state=0), X
    ),
    case(
        "model_selection.cross_val_predict",
        lambda x, y: model_selection.cross_val_predict(ridge(), x, y, cv=3),
        X,
        Y,
    ),
    case("model_selection.GridSearchCV", search, X, Y),
    case("model_selection.RandomizedSearchCV", random_search, X, Y),
    case("model_selection.FixedThresholdClassifier", at_a_threshold, X),
    case("pipeline.Pipeline", piped, apart(12, 3), Y),
    case(
        "pipeline.FeatureUnion",
        lambda x: FeatureUnion([("a", MinMaxScaler()), ("b", MaxAbsScaler())]).fit_transform(x),
        apart(12, 3),
    ),
]


# ---------------------------------------------------------------- utils


def weighted(x: Any) -> Any:
    return compute_sample_weight("balanced", like(x, KINDS)) * x


def decomposed(x: Any) -> Any:
    u, s, v = extmath.randomized_svd(x, 2, random_state=0, power_iteration_normalizer="QR")
    return (u * s) @ v, s


def in_range(x: Any) -> Any:
    return extmath.randomized_range_finder(
        x, size=2, n_iter=2, power_iteration_normalizer="QR", random_state=0
    )


def flipped(x: Any) -> Any:
    u, _, v = array_namespace(x).linalg.svd(x, full_matrices=False)
    return extmath.svd_flip(u, v)


UTILS = [
    case("utils.check_array", lambda x: utils.check_array(x) * x, X),
    case("utils.resample", lambda x: utils.resample(x, random_state=0), X),
    case("utils.shuffle", lambda x: utils.shuffle(x, random_state=0), X),
    case("utils.class_weight.compute_sample_weight", weighted, Y, strict=IN_NUMPY),
    case("utils.extmath.row_norms", extmath.row_norms, X),
    case("utils.extmath.row_norms squared", lambda x: extmath.row_norms(x, squared=True), X),
    case("utils.extmath.softmax", extmath.softmax, X),
    case("utils.extmath.fast_logdet", lambda x: extmath.fast_logdet(x.T @ x), X),
    case("utils.extmath.safe_sparse_dot", lambda x, y: extmath.safe_sparse_dot(x, y.T), X, normal(4, 3)),
    case("utils.extmath.randomized_svd", decomposed, X, warns=RENAMED),
    case("utils.extmath.randomized_range_finder", in_range, X, warns=RENAMED),
    case("utils.extmath.svd_flip", flipped, normal(5, 3)),
]

CASES: list[Case] = SELECTION + UTILS
