"""The rows, a module for each chapter of the standard. A row sees ``op`` and ``rules`` alone."""

from anygrad.ops import (
    convolution,
    creation,
    decompositions,
    elementwise,
    indexing,
    linalg,
    manipulation,
    matrix_functions,
    neural,
    norms,
    pooling,
    products,
    searching,
    statistical,
    transcendental,
)

__all__ = [
    "convolution",
    "creation",
    "decompositions",
    "elementwise",
    "indexing",
    "linalg",
    "manipulation",
    "matrix_functions",
    "neural",
    "norms",
    "pooling",
    "products",
    "searching",
    "statistical",
    "transcendental",
]
