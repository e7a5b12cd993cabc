"""scikit-learn's kernels and distances between samples."""

from __future__ import annotations

from typing import Any

from sklearn.metrics import pairwise

from anygrad.errors import GraphExitError
from tests.consumers.harness import Case, Raises, normal, positive
from tests.consumers.learning import case

LIBRARY = "scikit-learn"
BY_SCIPY = Raises(GraphExitError, "SciPy's compiled distances, and no rule for this one")

KERNELS = (
    "linear_kernel",
    "polynomial_kernel",
    "sigmoid_kernel",
    "rbf_kernel",
    "laplacian_kernel",
    "cosine_similarity",
    "euclidean_distances",
    "manhattan_distances",
    "cosine_distances",
)


def named(name: str) -> Any:
    return getattr(pairwise, name)


CASES: list[Case] = []
for _name in KERNELS:
    CASES += [
        case(f"metrics.pairwise.{_name}", named(_name), normal(6, 3), normal(4, 3)),
        case(f"metrics.pairwise.{_name} with itself", named(_name), normal(6, 3)),
    ]
CASES += [
    case(f"metrics.pairwise.{name}", named(name), positive(6, 3), positive(4, 3))
    for name in ("additive_chi2_kernel", "chi2_kernel")
]
CASES += [
    case(f"metrics.pairwise.{name}", named(name), normal(6, 3), normal(6, 3))
    for name in (
        "paired_euclidean_distances",
        "paired_manhattan_distances",
        "paired_cosine_distances",
        "paired_distances",
    )
]


def squared(u: Any, v: Any) -> Any:
    return ((u - v) ** 2).sum()


def between(metric: Any) -> Any:
    return lambda x, y: pairwise.pairwise_distances(x, y, metric=metric)


def kernels(metric: str) -> Any:
    return lambda x, y: pairwise.pairwise_kernels(x, y, metric=metric)


CASES += [
    case(f"metrics.pairwise.pairwise_distances {metric}", between(metric), normal(6, 3), normal(4, 3))
    for metric in ("euclidean", "manhattan", "cosine")
]
CASES += [
    case(f"metrics.pairwise.pairwise_kernels {metric}", kernels(metric), normal(6, 3), normal(4, 3))
    for metric in ("rbf", "polynomial", "sigmoid", "laplacian", "linear", "cosine")
]
CASES += [
    case("metrics.pairwise.pairwise_distances called", between(squared), normal(6, 3), normal(4, 3)),
    case(
        "metrics.pairwise.pairwise_distances chebyshev",
        between("chebyshev"),
        normal(6, 3),
        normal(4, 3),
        outcome=BY_SCIPY,
    ),
]
