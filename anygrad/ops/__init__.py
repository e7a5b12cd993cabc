"""The rows, a module for each chapter of the standard. A row sees ``op`` and ``rules`` alone."""

from anygrad.ops import (
    creation,
    elementwise,
    indexing,
    linalg,
    manipulation,
    neural,
    searching,
    statistical,
    transcendental,
)

__all__ = [
    "creation",
    "elementwise",
    "indexing",
    "linalg",
    "manipulation",
    "neural",
    "searching",
    "statistical",
    "transcendental",
]
