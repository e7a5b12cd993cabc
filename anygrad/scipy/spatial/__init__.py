"""Distances under SciPy's names: ``anygrad.scipy.spatial.distance``, and those beside it.

Rotations and the like are written to the Array API in SciPy itself and take tensors there.
"""

from typing import Any

import anygrad.scipy.spatial.distance as distance
from anygrad.scipy.doors import missing
from anygrad.scipy.spatial.pairs import distance_matrix, minkowski_distance, minkowski_distance_p

__all__ = ["distance", "distance_matrix", "minkowski_distance", "minkowski_distance_p"]


def __getattr__(name: str) -> Any:
    raise missing("scipy.spatial", name)


def __dir__() -> list[str]:
    return sorted(__all__)
