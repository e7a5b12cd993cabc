"""The rows, a module per chapter of the standard. A row sees ``op`` and ``rules``, nothing else of anygrad."""

from anygrad.ops import (
    creation,
    elementwise,
    indexing,
    linalg,
    manipulation,
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
    "searching",
    "statistical",
    "transcendental",
]
