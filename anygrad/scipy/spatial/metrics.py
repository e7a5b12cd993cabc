"""Distances of vectors along the last axis, of arrays that broadcast: what all functions here are made of.

Where a distance is zero its gradient is zero, as a norm's is. All is written in anygrad's functions.
"""

from __future__ import annotations

import math
from typing import Any

from anygrad.errors import ArgumentError, message
from anygrad.tensors import Tensor

__all__ = [
    "braycurtis",
    "canberra",
    "correlation",
    "correlations",
    "jensenshannon",
    "mahalanobis",
    "minkowski",
    "seuclidean",
]


def root(xp: Any, x: Tensor, p: float = 2) -> Tensor:
    """Return a root whose gradient at zero is zero."""
    zero = x == 0
    inner = xp.where(zero, 1.0, x)
    return xp.where(zero, 0.0, xp.sqrt(inner) if p == 2 else inner ** (1 / p))  # type: ignore[no-any-return]


def weighed(x: Tensor, w: Tensor | None) -> Tensor:
    return x if w is None else x * w


def minkowski(
    xp: Any, u: Tensor, v: Tensor, w: Tensor | None = None, p: float = 2, rooted: bool = True
) -> Tensor:
    """Return the norm of order p of the difference, or the sum that it is the root of."""
    if not p > 0:
        raise ArgumentError(message("minkowski", f"p is {p}", "expected a number above 0, or inf"))
    step = u - v
    if math.isinf(p):
        step = step if w is None else xp.where(w > 0, step, 0.0)
    if math.isinf(p) or (w is None and rooted):
        return xp.linalg.vector_norm(step, axis=-1, ord=p)  # type: ignore[no-any-return]
    terms = step * step if p == 2 else xp.abs(step) if p == 1 else xp.abs(step) ** p
    total = xp.sum(weighed(terms, w), axis=-1)
    return root(xp, total, p) if rooted and p != 1 else total


def seuclidean(xp: Any, u: Tensor, v: Tensor, V: Tensor) -> Tensor:
    step = u - v
    return root(xp, xp.sum(step * step / V, axis=-1))


def mahalanobis(xp: Any, u: Tensor, v: Tensor, VI: Tensor) -> Tensor:
    step = u - v
    return root(xp, xp.sum((step @ VI) * step, axis=-1))


def braycurtis(xp: Any, u: Tensor, v: Tensor, w: Tensor | None = None) -> Tensor:
    apart, both = (xp.sum(weighed(xp.abs(x), w), axis=-1) for x in (u - v, u + v))
    return apart / both  # type: ignore[no-any-return]


def canberra(xp: Any, u: Tensor, v: Tensor, w: Tensor | None = None) -> Tensor:
    sizes = xp.abs(u) + xp.abs(v)
    zero = sizes == 0
    parts = xp.where(zero, 0.0, xp.abs(u - v) / xp.where(zero, 1.0, sizes))
    return xp.sum(weighed(parts, w), axis=-1)  # type: ignore[no-any-return]


def jensenshannon(
    xp: Any, u: Tensor, v: Tensor, base: Any = None, axis: int = -1, keepdims: bool = False
) -> Tensor:
    u, v = (x / xp.sum(x, axis=axis, keepdims=True) for x in (u, v))
    middle = (u + v) / 2
    parts = xp.special.rel_entr(u, middle), xp.special.rel_entr(v, middle)
    total = xp.sum(parts[0], axis=axis, keepdims=keepdims) + xp.sum(parts[1], axis=axis, keepdims=keepdims)
    if base is not None:
        total = total / (xp.log(base) if isinstance(base, Tensor) else math.log(base))
    return root(xp, total / 2)


def _centered(xp: Any, x: Tensor, w: Tensor | None, centered: bool) -> Tensor:
    if not centered:
        return x
    if w is None:
        return x - xp.mean(x, axis=-1, keepdims=True)  # type: ignore[no-any-return]
    return x - xp.sum(x * w, axis=-1, keepdims=True) / xp.sum(w)  # type: ignore[no-any-return]


def correlation(xp: Any, u: Tensor, v: Tensor, w: Tensor | None = None, centered: bool = True) -> Tensor:
    u, v = _centered(xp, u, w, centered), _centered(xp, v, w, centered)
    sizes = xp.sum(weighed(u * u, w), axis=-1) * xp.sum(weighed(v * v, w), axis=-1)
    out = 1 - xp.sum(weighed(u * v, w), axis=-1) / xp.sqrt(sizes)
    return xp.clip(out, 0.0, 2.0)  # type: ignore[no-any-return]


def correlations(xp: Any, x: Tensor, y: Tensor, w: Tensor | None = None, centered: bool = True) -> Tensor:
    """Return the distances by correlation of all rows of x from all of y: a product of matrices."""
    x, y = _centered(xp, x, w, centered), _centered(xp, y, w, centered)
    sizes = [xp.sum(weighed(z * z, w), axis=-1) for z in (x, y)]
    out = 1 - x @ xp.matrix_transpose(weighed(y, w)) / xp.sqrt(xp.expand_dims(sizes[0], axis=1) * sizes[1])
    return xp.clip(out, 0.0, 2.0)  # type: ignore[no-any-return]
