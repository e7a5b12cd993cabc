"""Distances between two vectors."""

from __future__ import annotations

import math
from typing import Any

from anygrad.errors import ShapeError, message
from anygrad.op import ArrayLike
from anygrad.scipy.doors import doubles, reals
from anygrad.scipy.spatial import metrics
from anygrad.tensors import Tensor

__all__ = [
    "braycurtis",
    "canberra",
    "chebyshev",
    "cityblock",
    "correlation",
    "cosine",
    "euclidean",
    "jensenshannon",
    "mahalanobis",
    "minkowski",
    "seuclidean",
    "sqeuclidean",
]

_DOUBLE = ("braycurtis", "canberra", "euclidean")
"""What SciPy computes in double precision whatever it is given."""


def _vectors(op: str, u: Any, v: Any, **others: Any) -> tuple[Any, ...]:
    wide = doubles if op in _DOUBLE else reals
    xp, u, v, *rest = wide(op, u=u, v=v, **others)
    u, v = (xp.reshape(x, (1,)) if not x.ndim else x for x in (u, v))
    if u.ndim != 1 or u.shape != v.shape:
        got = f"u has shape {u.shape}, v has shape {v.shape}"
        raise ShapeError(message(op, got, "expected two vectors of one length", "cdist takes matrices"))
    return xp, u, v, *rest


def minkowski(u: ArrayLike, v: ArrayLike, p: float = 2, w: ArrayLike | None = None) -> Tensor:
    """Return the norm of order p, above 0, of the difference of two vectors, weighed by w.

    Gradients flow to u, v and w; at distance zero they are zero, and equal largest differences share them
    where p is inf. Raises ``ShapeError``, ``DtypeError`` for complex numbers, ``ArgumentError`` for another
    p.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.minkowski([1.0, 0.0], [0.0, 1.0], 1)
    tensor(2., dtype=float64, device='cpu')
    """
    xp, u, v, w = _vectors("euclidean" if p == 2 else "minkowski", u, v, w=w)
    return metrics.minkowski(xp, u, v, w, p)


def euclidean(u: ArrayLike, v: ArrayLike, w: ArrayLike | None = None) -> Tensor:
    """Return the distance of two vectors, weighed by w.

    Gradients flow to u, v and w; at distance zero they are zero. Raises ``ShapeError``, and ``DtypeError``
    for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.euclidean([3.0, 0.0], [0.0, 4.0])
    tensor(5., dtype=float64, device='cpu')
    """
    xp, u, v, w = _vectors("euclidean", u, v, w=w)
    return metrics.minkowski(xp, u, v, w)


def sqeuclidean(u: ArrayLike, v: ArrayLike, w: ArrayLike | None = None) -> Tensor:
    """Return the squared distance of two vectors, weighed by w. Gradients flow to u, v and w.

    Raises ``ShapeError``, and ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.sqeuclidean([3.0, 0.0], [0.0, 4.0])
    tensor(25., dtype=float64, device='cpu')
    """
    xp, u, v, w = _vectors("sqeuclidean", u, v, w=w)
    return metrics.minkowski(xp, u, v, w, rooted=False)


def cityblock(u: ArrayLike, v: ArrayLike, w: ArrayLike | None = None) -> Tensor:
    """Return the sum of the absolute differences of two vectors, weighed by w. Gradients flow to u, v and w.

    Raises ``ShapeError``, and ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.cityblock([3.0, 0.0], [0.0, 4.0])
    tensor(7., dtype=float64, device='cpu')
    """
    xp, u, v, w = _vectors("cityblock", u, v, w=w)
    return metrics.minkowski(xp, u, v, w, 1)


def chebyshev(u: ArrayLike, v: ArrayLike, w: ArrayLike | None = None) -> Tensor:
    """Return the largest absolute difference of two vectors, where w, if given, is above zero.

    Gradients flow to u and v; equal largest differences share them. Raises ``ShapeError``, and ``DtypeError``
    for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.chebyshev([3.0, 0.0], [0.0, 4.0])
    tensor(4., dtype=float64, device='cpu')
    """
    xp, u, v, w = _vectors("chebyshev", u, v, w=w)
    return metrics.minkowski(xp, u, v, w, math.inf)


def seuclidean(u: ArrayLike, v: ArrayLike, V: ArrayLike) -> Tensor:
    """Return the distance of two vectors whose components have variances V. Gradients flow to all three.

    At distance zero they are zero. Raises ``ShapeError``, and ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.seuclidean([3.0, 0.0], [0.0, 4.0], [9.0, 16.0])
    tensor(1.41421356, dtype=float64, device='cpu')
    """
    xp, u, v, V = _vectors("seuclidean", u, v, V=V)
    return metrics.seuclidean(xp, u, v, V)


def mahalanobis(u: ArrayLike, v: ArrayLike, VI: ArrayLike) -> Tensor:
    """Return the distance of two vectors, measured by the inverse VI of a covariance. Gradients flow to all.

    At distance zero they are zero. Raises ``ShapeError``, and ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.mahalanobis([1.0, 0.0], [0.0, 1.0], [[1.0, 0.5], [0.5, 1.0]])
    tensor(1., dtype=float64, device='cpu')
    """
    xp, u, v, VI = _vectors("mahalanobis", u, v, VI=VI)
    return metrics.mahalanobis(xp, u, v, VI)


def cosine(u: ArrayLike, v: ArrayLike, w: ArrayLike | None = None) -> Tensor:
    """Return 1 less the cosine of the angle between two vectors, weighed by w: from 0 to 2.

    Gradients flow to u, v and w; a vector of zeros gives NaN. Raises ``ShapeError``, and ``DtypeError`` for
    complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.cosine([3.0, 4.0], [4.0, 3.0])
    tensor(0.04, dtype=float64, device='cpu')
    """
    return correlation(u, v, w, centered=False)


def correlation(u: ArrayLike, v: ArrayLike, w: ArrayLike | None = None, centered: bool = True) -> Tensor:
    """Return 1 less the correlation of two vectors, weighed by w: from 0 to 2.

    Gradients flow to u, v and w; a constant vector gives NaN. Raises ``ShapeError``, and ``DtypeError`` for
    complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.correlation([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
    tensor(2., dtype=float64, device='cpu')
    """
    xp, u, v, w = _vectors("correlation", u, v, w=w)
    return metrics.correlation(xp, u, v, w, centered)


def braycurtis(u: ArrayLike, v: ArrayLike, w: ArrayLike | None = None) -> Tensor:
    """Return the sum of ``abs(u - v)`` over that of ``abs(u + v)``, weighed by w. Gradients flow to u, v, w.

    Raises ``ShapeError``, and ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.braycurtis([1.0, 0.0], [1.0, 2.0])
    tensor(0.5, dtype=float64, device='cpu')
    """
    xp, u, v, w = _vectors("braycurtis", u, v, w=w)
    return metrics.braycurtis(xp, u, v, w)


def canberra(u: ArrayLike, v: ArrayLike, w: ArrayLike | None = None) -> Tensor:
    """Return the sum of ``abs(u - v) / (abs(u) + abs(v))``, weighed by w; 0 / 0 counts as 0.

    Gradients flow to u, v and w. Raises ``ShapeError``, and ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.canberra([1.0, 0.0], [3.0, 0.0])
    tensor(0.5, dtype=float64, device='cpu')
    """
    xp, u, v, w = _vectors("canberra", u, v, w=w)
    return metrics.canberra(xp, u, v, w)


def jensenshannon(
    p: ArrayLike, q: ArrayLike, base: float | None = None, *, axis: int = 0, keepdims: bool = False
) -> Tensor:
    """Return the root of the Jensen-Shannon divergence of p and q along an axis, normed to sum 1.

    Gradients flow to p and q, which broadcast; at distance zero they are zero. Raises ``DtypeError`` for
    complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.jensenshannon([1.0, 0.0], [0.0, 1.0], 2)
    tensor(1., dtype=float64, device='cpu')
    """
    xp, p, q = reals("jensenshannon", p=p, q=q)
    return metrics.jensenshannon(xp, p, q, base, axis, keepdims)
