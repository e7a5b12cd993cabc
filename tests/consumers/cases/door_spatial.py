"""``anygrad.scipy.spatial`` beside SciPy's: gradients with respect to points, weights and matrices."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import spatial
from scipy.spatial import distance

import anygrad as ag
from tests.consumers.harness import Case, Draw, Held, normal, positive

LIBRARY = "anygrad.scipy"


def case(name: str, *inputs: Draw | Held, run: Callable[..., Any], **options: Any) -> Case:
    """Make the case of what is called alike in both: ``run(module, *arrays)``."""
    theirs = distance if name.startswith("distance.") else spatial
    tensors = lambda *arrays: run(
        ag.scipy.spatial.distance if theirs is distance else ag.scipy.spatial, *arrays
    )
    reference = functools.partial(run, theirs)
    options = {"step": 1e-5, "rtol": 1e-5} | options  # corners are near where there are many pairs
    return Case(f"anygrad.scipy.spatial.{name}", tensors, *inputs, reference=reference, **options)


def metric(k: int) -> Draw:
    """Draw a symmetric positive definite matrix near the identity."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        a = 0.3 * rng.standard_normal((k, k))
        return np.eye(k) + a @ a.T

    return draw


PLAIN = (
    "braycurtis",
    "canberra",
    "chebyshev",
    "cityblock",
    "correlation",
    "cosine",
    "euclidean",
    "sqeuclidean",
)
U, V, W = positive(4), positive(4), positive(4)


def named(name: str) -> Callable[..., Any]:
    return lambda m, *arrays: getattr(m, name)(*arrays)


def all_pairs(metric: str, **keywords: Any) -> Callable[..., Any]:
    return lambda m, x, y: m.cdist(x, y, metric, **keywords)


VECTORS = [
    *(case(f"distance.{name}", U, V, run=named(name), everywhere=name == "euclidean") for name in PLAIN),
    *(
        case(f"distance.{name} weighed", U, V, W, run=named(name))
        for name in (
            "braycurtis",
            "canberra",
            "cityblock",
            "correlation",
            "cosine",
            "euclidean",
            "sqeuclidean",
        )
    ),
    case("distance.minkowski", U, V, W, run=lambda m, u, v, w: m.minkowski(u, v, 3, w)),
    case("distance.jensenshannon", positive(3, 4), positive(3, 4), run=named("jensenshannon")),
    case("distance.jensenshannon base", U, V, run=lambda m, p, q: m.jensenshannon(p, q, 2.0)),
    case("distance.seuclidean", U, V, W, run=named("seuclidean")),
    case("distance.mahalanobis", U, V, metric(4), run=named("mahalanobis")),
]

MATRICES = [
    *(
        case(
            f"distance.cdist {name}",
            positive(5, 3),
            positive(6, 3),
            run=all_pairs(name),
            everywhere=name in ("euclidean", "cosine"),
        )
        for name in (*PLAIN, "jensenshannon", "seuclidean", "mahalanobis")
    ),
    *(
        case(f"distance.cdist p={p}", normal(4, 3), normal(5, 3), run=all_pairs("minkowski", p=p))
        for p in (1.5, 3.0, np.inf)
    ),
    case(
        "distance.cdist VI",
        normal(4, 3),
        normal(5, 3),
        metric(3),
        run=lambda m, x, y, v: m.cdist(x, y, "mahalanobis", VI=v),
    ),
    case(
        "distance.cdist weighed",
        normal(4, 3),
        normal(5, 3),
        positive(3),
        run=lambda m, x, y, w: m.cdist(x, y, "minkowski", p=3.0, w=w),
    ),
    case("distance.pdist", normal(5, 3), run=lambda m, x: m.pdist(x), everywhere=True),
    case("distance.pdist cosine", normal(5, 3), run=lambda m, x: m.pdist(x, "cosine")),
    case("distance.pdist seuclidean", normal(5, 3), run=lambda m, x: m.pdist(x, "seuclidean")),
    case("distance.squareform", positive(6), run=named("squareform")),
    case("distance.squareform matrix", normal(4, 4), run=lambda m, x: m.squareform(x, checks=False)),
    case("distance.directed_hausdorff", normal(4, 3), normal(5, 3), run=named("directed_hausdorff")),
    case("distance_matrix", normal(4, 3), normal(5, 3), run=lambda m, x, y: m.distance_matrix(x, y, 3.0)),
    case("minkowski_distance", normal(4, 3), normal(4, 3), run=named("minkowski_distance")),
    case("minkowski_distance_p", normal(4, 3), normal(4, 3), run=named("minkowski_distance_p")),
]

CASES = [*VECTORS, *MATRICES]
