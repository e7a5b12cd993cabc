"""scikit-learn's scalers, encoders and features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from array_api_compat import array_namespace
from sklearn import preprocessing

from tests.consumers.harness import Case, apart, normal, positive
from tests.consumers.learning import KINDS, case, fitted, like, safe

LIBRARY = "scikit-learn"
DATA = normal(8, 3)
ZERO_BY_ZERO: dict[str, Any] = {"around": safe, "warns": "invalid value encountered in divide"}
"""It divides 0 by 0, with a warning, and overwrites the result."""


def inverse(make: Callable[[], Any]) -> Callable[..., Any]:
    return lambda x, y: make().fit(x).inverse_transform(y)


def scaler(make: Callable[[], Any], learnt: str, **keywords: Any) -> list[Case]:
    """Return the cases of a scaler: there, with what it has learnt, and back."""
    name = f"preprocessing.{make.__name__}"
    there = case(name, fitted(make, f"{learnt} transform"), apart(8, 3), **keywords)
    return [there, case(f"{name} back", inverse(make), apart(8, 3), normal(4, 3), **keywords)]


def centered(x: Any) -> Any:
    return preprocessing.KernelCenterer().fit(x @ x.T).transform(x @ x.T)


def weighted(x: Any, w: Any) -> Any:
    return preprocessing.StandardScaler().fit(x, sample_weight=w).transform(x)


def beside_a_constant(x: Any) -> Any:
    """Scale data with a column that is constant, whose deviation of zero is taken as one."""
    xp = array_namespace(x)
    return preprocessing.StandardScaler().fit_transform(xp.concat([x, xp.full_like(x[:, :1], 3.0)], axis=1))


CASES = [
    *scaler(preprocessing.StandardScaler, "mean_ var_ scale_", **ZERO_BY_ZERO),
    case("preprocessing.StandardScaler weighted", weighted, DATA, positive(8), **ZERO_BY_ZERO),
    case("preprocessing.StandardScaler of a constant", beside_a_constant, DATA, **ZERO_BY_ZERO),
    *scaler(preprocessing.MinMaxScaler, "min_ scale_ data_min_ data_max_ data_range_"),
    *scaler(preprocessing.MaxAbsScaler, "scale_ max_abs_"),
    *(
        case(f"preprocessing.Normalizer {norm}", preprocessing.Normalizer(norm=norm).transform, apart(8, 3))
        for norm in ("l1", "l2", "max")
    ),
    case("preprocessing.normalize", preprocessing.normalize, DATA),
    case("preprocessing.normalize along columns", lambda x: preprocessing.normalize(x, axis=0), DATA),
    case("preprocessing.minmax_scale", preprocessing.minmax_scale, apart(8, 3)),
    case("preprocessing.maxabs_scale", preprocessing.maxabs_scale, apart(8, 3)),
    case("preprocessing.KernelCenterer transform", centered, DATA),
    case(
        "preprocessing.KernelCenterer K_fit_rows_",
        lambda x: preprocessing.KernelCenterer().fit(x @ x.T).K_fit_rows_,
        DATA,
    ),
    case(
        "preprocessing.PolynomialFeatures",
        lambda x: preprocessing.PolynomialFeatures(3).fit_transform(x),
        DATA,
    ),
    case(
        "preprocessing.PolynomialFeatures interactions",
        lambda x: preprocessing.PolynomialFeatures(
            2, interaction_only=True, include_bias=False
        ).fit_transform(x),
        DATA,
    ),
    case(
        "preprocessing.FunctionTransformer",
        lambda x: preprocessing.FunctionTransformer(lambda v: v * v * v).fit_transform(x),
        DATA,
    ),
    case("preprocessing.Binarizer used", lambda x: preprocessing.Binarizer().fit_transform(x) * x, DATA),
    case("preprocessing.binarize used", lambda x: preprocessing.binarize(x) * x, DATA),
    case(
        "preprocessing.LabelBinarizer used",
        lambda x: preprocessing.LabelBinarizer().fit_transform(like(x, KINDS)) * x,
        normal(12, 3),
    ),
    case(
        "preprocessing.label_binarize used",
        lambda x: preprocessing.label_binarize(like(x, KINDS), classes=[0, 1, 2]) * x,
        normal(12, 3),
    ),
    case(
        "preprocessing.LabelEncoder used",
        lambda x: preprocessing.LabelEncoder().fit_transform(like(x, KINDS)) * x,
        normal(12),
    ),
]
