"""Minkowski's distances of all rows of one matrix from all of another, in little memory: a row of its own.

SciPy computes them on NumPy; elsewhere, and in the derivative everywhere, they are taken a block of rows at a
time, from the differences themselves, which keeps what products of matrices lose where points are close.
"""

from __future__ import annotations

import math
from typing import Any

from anygrad.errors import ShapeError, message
from anygrad.op import ArrayLike, operation
from anygrad.rules import part, safe
from anygrad.scipy.doors import declared, doubles
from anygrad.scipy.spatial.metrics import minkowski
from anygrad.tensors import Tensor

__all__ = ["between", "distance_matrix", "minkowski_distance", "minkowski_distance_p"]

BLOCK = 1 << 20
"""How many differences are held at a time."""
NAMES = {1: "cityblock", 2: "euclidean", math.inf: "chebyshev"}


def _blocks(x: Any, y: Any) -> list[tuple[int, int]]:
    size = max(1, BLOCK // max(1, y.shape[0] * y.shape[1]))
    return [(start, min(start + size, x.shape[0])) for start in range(0, max(1, x.shape[0]), size)]


def _steps(xp: Any, x: Any, y: Any, start: int, stop: int) -> Any:
    return xp.expand_dims(part(xp, x, 0, start, stop), axis=1) - xp.expand_dims(y, axis=0)


def _between(xp: Any, x: Any, y: Any, p: float, rooted: bool) -> Any:
    if xp.scipy_library == "scipy":
        metric = NAMES.get(p, "minkowski") if rooted else "sqeuclidean"
        keywords = {"p": p} if metric == "minkowski" else {}
        return xp.scipy_function("spatial.distance", "cdist")(x, y, metric, **keywords)
    found = []
    for start, stop in _blocks(x, y):
        step = _steps(xp, x, y, start, stop)
        norm = xp.linalg.vector_norm(step, axis=-1, ord=p) if rooted else xp.sum(step * step, axis=-1)
        found.append(norm)
    return xp.concat(found, axis=0)


def _pulled(xp: Any, g: Any, x: Any, y: Any, out: Any, p: float, rooted: bool) -> Any:
    """Return the gradient with respect to x, of g and out of shape (rows of x, rows of y)."""
    found = []
    for start, stop in _blocks(x, y):
        step = _steps(xp, x, y, start, stop)
        here, length = (xp.expand_dims(part(xp, z, 0, start, stop), axis=2) for z in (g, out))
        if not rooted:
            slope = 2 * here * step
        elif p == 2:
            slope = xp.where(length == 0, 0, here / safe(xp, length)) * step
        elif p == 1:
            slope = here * xp.sign(step)
        elif math.isinf(p):
            chosen = xp.astype(xp.abs(step) == length, step.dtype)
            slope = here * xp.sign(step) * (chosen / xp.sum(chosen, axis=2, keepdims=True))
        else:
            share = safe(xp, xp.abs(step)) / safe(xp, length)
            slope = xp.where(step == 0, 0, here * xp.sign(step) * share ** (p - 1))
        found.append(xp.sum(slope, axis=1))
    return xp.concat(found, axis=0)


def _pulled_back(xp: Any, g: Any, x: Any, y: Any, out: Any, p: float, rooted: bool) -> Any:
    return _pulled(xp, xp.matrix_transpose(g), y, x, xp.matrix_transpose(out), p, rooted)


between = declared(
    operation(
        "scipy.spatial.distance.between",
        lambda xp, x, y, p, rooted: _between(xp, x, y, p, rooted),
        inputs="x y",
        prepare=lambda x, y, /, p, rooted: {"p": p, "rooted": rooted},
        dx=_pulled,
        dy=_pulled_back,
        public=False,
        accepts="real floating",
        doc="Return the distances of order p of all rows of x from all of y, or the squared ones.",
    )
)


def distance_matrix(x: ArrayLike, y: ArrayLike, p: float = 2.0, threshold: int = 1000000) -> Tensor:
    """Return the distances of order p of all rows of x, (m, k), from all rows of y, (n, k).

    Gradients flow to both, of any order; at distance zero they are zero. ``threshold`` is not needed. Raises
    ``ShapeError`` for shapes that do not fit, ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance_matrix([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
    tensor([[5., 1.]], dtype=float64, device='cpu')
    """
    _, x, y = doubles("distance_matrix", x=x, y=y)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        got = f"x has shape {x.shape}, y has shape {y.shape}"
        raise ShapeError(message("distance_matrix", got, "expected (m, k) and (n, k)"))
    return between(x, y, p=p, rooted=True)


def minkowski_distance_p(x: ArrayLike, y: ArrayLike, p: float = 2.0) -> Tensor:
    """Return the distance of order p along the last axis, to the power p; x and y broadcast.

    Gradients flow to both. Raises ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.minkowski_distance_p([[0.0, 0.0]], [[3.0, 4.0]])
    tensor([25.], dtype=float64, device='cpu')
    """
    xp, x, y = doubles("minkowski_distance_p", x=x, y=y)
    return minkowski(xp, x, y, p=p, rooted=False)


def minkowski_distance(x: ArrayLike, y: ArrayLike, p: float = 2.0) -> Tensor:
    """Return the distance of order p along the last axis; x and y broadcast.

    Gradients flow to both; at distance zero they are zero. Raises ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.minkowski_distance([[0.0, 0.0]], [[3.0, 4.0]])
    tensor([5.], dtype=float64, device='cpu')
    """
    xp, x, y = doubles("minkowski_distance", x=x, y=y)
    return minkowski(xp, x, y, p=p)
