"""Distances between vectors and between the rows of matrices, under the names of ``scipy.spatial.distance``.

Gradients of any order flow to the vectors, to weights and to matrices such as ``VI``. Where a distance is
zero they are zero. Distances of truth values have no gradient and are SciPy's alone.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.spatial.matrices import cdist, directed_hausdorff, pdist, squareform
from anygrad.scipy.spatial.vectors import (
    braycurtis,
    canberra,
    chebyshev,
    cityblock,
    correlation,
    cosine,
    euclidean,
    jensenshannon,
    mahalanobis,
    minkowski,
    seuclidean,
    sqeuclidean,
)

__all__ = [
    "braycurtis",
    "canberra",
    "cdist",
    "chebyshev",
    "cityblock",
    "correlation",
    "cosine",
    "directed_hausdorff",
    "euclidean",
    "jensenshannon",
    "mahalanobis",
    "minkowski",
    "pdist",
    "seuclidean",
    "sqeuclidean",
    "squareform",
]


def __getattr__(name: str) -> Any:
    raise missing("scipy.spatial.distance", name)


def __dir__() -> list[str]:
    return sorted(__all__)
