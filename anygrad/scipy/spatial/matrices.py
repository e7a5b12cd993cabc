"""Distances between all rows of one matrix and all of another, and the forms that they are kept in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, UnsupportedError, message
from anygrad.op import ArrayLike
from anygrad.scipy.doors import beside, doubles, reals
from anygrad.scipy.spatial import metrics, vectors
from anygrad.scipy.spatial.pairs import between
from anygrad.tensors import Tensor, asarray

__all__ = ["cdist", "directed_hausdorff", "pdist", "squareform"]

_ALIASES = {
    "braycurtis": "",
    "canberra": "",
    "chebyshev": "chebychev cheby cheb ch",
    "cityblock": "cblock cb c",
    "correlation": "co",
    "cosine": "cos",
    "euclidean": "euclid eu e",
    "jensenshannon": "js",
    "mahalanobis": "mahal mah",
    "minkowski": "mi m pnorm",
    "seuclidean": "se s",
    "sqeuclidean": "sqe sqeuclid",
}
_KNOWN = {alias: name for name, others in _ALIASES.items() for alias in (name, *others.split())}
_KEYWORDS: dict[str, tuple[str, ...]] = {
    "correlation": ("w", "centered"),
    "jensenshannon": ("base",),
    "mahalanobis": ("VI",),
    "minkowski": ("p", "w"),
    "seuclidean": ("V",),
}
_ORDERS = {"euclidean": 2.0, "cityblock": 1.0, "chebyshev": math.inf, "sqeuclidean": 2.0}


def _metric(op: str, metric: Any) -> Any:
    if callable(metric):
        own = metric.__name__ if metric.__name__ in _ALIASES else ""
        return own if own and metric is getattr(vectors, own) else metric
    if metric not in _KNOWN:
        raise UnsupportedError(message(op, f"metric is {metric!r}", f"expected {', '.join(_ALIASES)}"))
    return _KNOWN[metric]


def _refuse_out(op: str, out: Any) -> None:
    if out is not None:
        raise UnsupportedError(message(op, "out is given", "results are new tensors", "leave it out"))


def _all_pairs(op: str, x: Any, y: Any, metric: Any, keywords: dict[str, Any]) -> Tensor:
    """Return the distances of all rows of x from all of y, or of x from its own where y is None."""
    known = _metric(op, metric)
    own = y is None
    xp, x, y = doubles(op, XA=x, XB=y)
    y = x if own else y
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        got = f"XA has shape {x.shape}, XB has shape {y.shape}"
        raise ShapeError(message(op, got, "expected (m, k) and (n, k)"))
    if callable(known):
        rows = [[known(x[i], y[j], **keywords) for j in range(y.shape[0])] for i in range(x.shape[0])]
        return asarray(rows)
    allowed = _KEYWORDS.get(known, ("w",))
    for name in keywords:
        if name not in allowed:
            raise ArgumentError(message(op, f"{name} is given", f"metric {known!r} does not take it"))
    if getattr(keywords.get("p"), "requires_grad", False):
        expected = "there is no derivative in it", "pass p.detach()"
        raise UnsupportedError(message(op, "p requires a gradient", *expected))
    arrays = {name: keywords.pop(name, None) for name in ("w", "V", "VI")}
    _, w, V, VI, _ = doubles(op, **arrays, x=x)
    if known in ("cosine", "correlation"):
        return metrics.correlations(xp, x, y, w, known == "correlation" and keywords.get("centered", True))
    if known == "seuclidean":
        pooled = x if own else xp.concat([x, y])
        scale = xp.sqrt(xp.var(pooled, axis=0, correction=1) if V is None else V)
        return between(x / scale, y / scale, p=2.0, rooted=True)
    if w is None and (known in _ORDERS or known == "minkowski"):
        p = float(keywords.get("p", 2)) if known == "minkowski" else _ORDERS[known]
        if not p > 0:
            raise ArgumentError(message(op, f"p is {p}", "expected a number above 0, or inf"))
        return between(x, y, p=p, rooted=known != "sqeuclidean")
    u, v = xp.expand_dims(x, axis=1), xp.expand_dims(y, axis=0)
    if known == "mahalanobis":
        return metrics.mahalanobis(
            xp, u, v, _inverse(op, xp, x if own else xp.concat([x, y])) if VI is None else VI
        )
    if known == "jensenshannon":
        return metrics.jensenshannon(xp, u, v, **keywords)
    if known in _ORDERS or known == "minkowski":
        p = _ORDERS.get(known, keywords.get("p", 2))
        return metrics.minkowski(xp, u, v, w, p, rooted=known != "sqeuclidean")
    measure: Callable[..., Tensor] = metrics.braycurtis if known == "braycurtis" else metrics.canberra
    return measure(xp, u, v, w)


def _inverse(op: str, xp: Any, x: Tensor) -> Tensor:
    """Return the inverse of the covariance of rows."""
    n, k = x.shape
    if n <= k:
        got = f"there are {n} points of {k} coordinates"
        raise ArgumentError(message(op, got, "more are needed for a covariance", "pass VI"))
    step = x - xp.mean(x, axis=0)
    return xp.linalg.inv(xp.matrix_transpose(step) @ step / (n - 1))  # type: ignore[no-any-return]


def cdist(
    XA: ArrayLike, XB: ArrayLike, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any
) -> Tensor:
    """Return the distances of all rows of XA, (m, k), from all rows of XB, (n, k).

    ``metric`` is a name of SciPy's for real vectors, with its keywords (``p``, ``w``, ``V``, ``VI``,
    ``base``, ``centered``), or a function of two vectors. Double precision. Gradients of any order flow to
    both and to the arrays among the keywords; at distance zero they are zero. Those of Minkowski's kind
    without weights take no memory for m times n times k numbers, and neither do ``'cosine'`` and
    ``'correlation'``. Raises ``ShapeError``, ``ArgumentError`` for keywords that do not fit,
    ``UnsupportedError`` for other metrics.

    >>> import anygrad as ag
    >>> x = ag.tensor([[0.0, 0.0]], requires_grad=True)
    >>> d = ag.scipy.spatial.distance.cdist(x, [[3.0, 4.0], [0.0, 0.0]])
    >>> d.sum().backward()
    >>> x.grad
    tensor([[-0.6, -0.8]], dtype=float64, device='cpu')
    """
    _refuse_out("cdist", out)
    return _all_pairs("cdist", XA, XB, metric, kwargs)


def _pairs(n: int, like: Tensor) -> Tensor:
    """Return, flat, where the entries above the diagonal of an n x n matrix stand."""
    i, j = np.triu_indices(n, 1)
    return beside(like, i * n + j)


def pdist(X: ArrayLike, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Tensor:
    """Return the distances of the rows of X, (m, k), from each other: above the diagonal, row after row.

    All else is as of ``cdist``, by which all m times m are computed.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.pdist([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    tensor([5.        , 1.        , 4.24264069], dtype=float64, device='cpu')
    """
    _refuse_out("pdist", out)
    square = _all_pairs("pdist", X, None, metric, kwargs)
    xp = square.xp.tensors
    return xp.take(xp.reshape(square, (-1,)), _pairs(square.shape[0], square))  # type: ignore[no-any-return]


def squareform(X: ArrayLike, force: str = "no", checks: bool = True) -> Tensor:
    """Return the symmetric matrix of a vector of distances, or the vector of such a matrix.

    A matrix gives what stands above its diagonal, and gradients flow there alone. ``checks`` reads a matrix,
    to see that it is symmetric. Raises ``ShapeError`` for other shapes, ``ArgumentError`` for a matrix that
    is not symmetric with zeros on its diagonal, and for a ``force`` that does not fit.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.squareform([1.0, 2.0, 3.0])
    tensor([[0., 1., 2.],
            [1., 0., 3.],
            [2., 3., 0.]], dtype=float64, device='cpu')
    """
    xp, X = reals("squareform", X=X)
    wanted = {"tomatrix": 1, "tovector": 2}.get(force.lower(), X.ndim)
    if X.ndim not in (1, 2) or X.ndim != wanted or (X.ndim == 2 and X.shape[0] != X.shape[1]):
        got = f"X has shape {X.shape}, force is {force!r}"
        raise ShapeError(message("squareform", got, "expected a vector or a square matrix, as force says"))
    if X.ndim == 2:
        n = X.shape[0]
        if checks:
            host = X.xp.to_numpy(X.array)
            if not np.array_equal(host, host.T) or np.any(np.diagonal(host)):
                expected = "expected a symmetric matrix with zeros on its diagonal"
                raise ArgumentError(message("squareform", "X is another", expected, "pass checks=False"))
        return xp.take(xp.reshape(X, (-1,)), _pairs(n, X))  # type: ignore[no-any-return]
    n = max(1, math.ceil(math.sqrt(2 * X.shape[0])))
    if n * (n - 1) // 2 != X.shape[0]:
        got = f"X has {X.shape[0]} entries"
        raise ShapeError(message("squareform", got, "expected n * (n - 1) / 2 of them"))
    places = np.zeros((n, n), np.int64)
    places[np.triu_indices(n, 1)] = np.arange(1, X.shape[0] + 1)
    flat = beside(X, (places + places.T).reshape(-1))
    padded = xp.concat([xp.zeros((1,), dtype=X.dtype), X])
    return xp.reshape(xp.take(padded, flat), (n, n))  # type: ignore[no-any-return]


def directed_hausdorff(u: ArrayLike, v: ArrayLike, rng: Any = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Return how far the farthest row of u is from the nearest of v, and the positions of both rows.

    ``u`` has shape (m, k), ``v`` (n, k). Gradients flow to the two rows; of several that are as far the first
    counts. ``rng`` is not needed. Takes memory for m times n distances. Raises ``ShapeError``.

    >>> import anygrad as ag
    >>> ag.scipy.spatial.distance.directed_hausdorff([[0.0], [5.0]], [[1.0], [2.0]])[0]
    tensor(3., dtype=float64, device='cpu')
    """
    d = _all_pairs("directed_hausdorff", u, v, "euclidean", {})
    xp = d.xp.tensors
    nearest = xp.argmin(d.detach(), axis=1)
    least = xp.take_along_axis(d, xp.expand_dims(nearest, axis=1), axis=1)[:, 0]
    i = xp.argmax(least.detach())
    return xp.take(least, i), i, xp.take(nearest, i)
