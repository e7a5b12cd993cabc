"""Distances between vectors and between the rows of matrices, under the names of ``scipy.spatial.distance``.

Gradients of any order flow to the vectors, to weights and to matrices such as ``VI``. Where a distance is
zero they are zero. Distances of truth values have no gradient and are SciPy's alone.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.spatial import matrices, vectors
from anygrad.scipy.spatial.matrices import *  # noqa: F403
from anygrad.scipy.spatial.vectors import *  # noqa: F403

_PARTS = (matrices, vectors)
__all__ = sorted(name for part in _PARTS for name in part.__all__)


def __getattr__(name: str) -> Any:
    raise missing("scipy.spatial.distance", name)


def __dir__() -> list[str]:
    return list(__all__)
