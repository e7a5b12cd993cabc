"""B-splines: their values, and those that interpolate or fit data.

Written in anygrad's functions over the recurrence of de Boor and Cox, so that gradients of any order flow to
coefficients, knots and points. A knot's gradient is that of the spline with the coefficients held fixed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import ArrayLike
from anygrad.rules import axis_in, whole_in
from anygrad.scipy.bands import banded
from anygrad.scipy.doors import beside
from anygrad.scipy.interpolate.data import (
    floats,
    locate,
    outside,
    pieces,
    queries,
    restore,
    rising,
    to_front,
)
from anygrad.scipy.interpolate.piecewise import Extrapolate, check_extrapolate, periodic_integral
from anygrad.tensors import Tensor, asarray

__all__ = ["BSpline", "make_interp_spline", "make_lsq_spline"]


def basis(xp: Any, t: Tensor, k: int, x: Tensor, at: Tensor, nu: int = 0) -> list[Tensor]:
    """Return, at points in the intervals ``at``, the k + 1 B-splines not zero there, or a derivative.

    De Boor 1978, A Practical Guide to Splines, X(8); the derivative by X(12).
    """
    if nu > k:
        return [xp.zeros_like(x)] * (k + 1)
    knots = {i: xp.take(t, at + i) for i in range(1 - k, k + 1)}
    found = [xp.ones_like(x)]
    for d in range(1, k - nu + 1):
        parts = [_over(xp, b, knots[r + 1] - knots[r + 1 - d]) for r, b in enumerate(found)]
        rise = [(x - knots[r + 1 - d]) * part for r, part in enumerate(parts)]
        fall = [(knots[r + 1] - x) * part for r, part in enumerate(parts)]
        found = [fall[0], *(rise[r - 1] + fall[r] for r in range(1, d)), rise[-1]]
    for d in range(k - nu + 1, k + 1):
        parts = [_over(xp, d * b, knots[r + 1] - knots[r + 1 - d]) for r, b in enumerate(found)]
        found = [-parts[0], *(parts[r - 1] - parts[r] for r in range(1, d)), parts[-1]]
    return found


def _over(xp: Any, x: Tensor, span: Tensor) -> Tensor:
    """Divide by the length between two knots; what stands over none counts as zero."""
    empty = span == 0
    return xp.where(empty, 0.0, x / xp.where(empty, 1.0, span))  # type: ignore[no-any-return]


class BSpline:
    """A spline of degree k: the sum of coefficients ``c`` times the B-splines over the knots ``t``.

    ``t`` has n + k + 1 entries or more that do not descend, ``c`` n along ``axis`` (what follows is not
    used). Gradients flow to t, c and the points of a call; at a knot the piece after it counts. Without
    extrapolation what lies without ``t[k]`` to ``t[n]`` is NaN. Raises ``ShapeError`` for too few knots,
    ``ArgumentError`` for knots that descend or a degree below 0.

    >>> import anygrad as ag
    >>> c = ag.tensor([1.0, 2.0, 4.0], requires_grad=True)
    >>> f = ag.scipy.interpolate.BSpline([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], c, 2)
    >>> f(2.5).backward()
    >>> c.grad
    tensor([0.125, 0.75 , 0.125], dtype=float64, device='cpu')
    """

    def __init__(
        self, t: ArrayLike, c: ArrayLike, k: int, extrapolate: Extrapolate = True, axis: int = 0
    ) -> None:
        self.k = k = whole_in("BSpline", "k", k)
        xp, t, c = floats("BSpline", t=t, c=c)
        rising("BSpline", "t", t, strictly=False)
        n = t.shape[0] - k - 1
        if k < 0:
            raise ArgumentError(message("BSpline", f"k is {k}", "expected 0 or more"))
        axis = axis_in("BSpline", axis, c.ndim)
        if n < k + 1 or c.shape[axis] < n:
            got = f"t has {t.shape[0]} entries, c has shape {c.shape}, k is {k}"
            raise ShapeError(message("BSpline", got, "expected 2 k + 2 knots or more, and n coefficients"))
        self._keep(t, xp.moveaxis(c, axis, 0), extrapolate, axis)

    def _keep(self, t: Tensor, c: Tensor, extrapolate: Any, axis: int) -> BSpline:
        self.t, self.c, self.axis = t, c, axis
        self.extrapolate = check_extrapolate("BSpline", extrapolate)
        return self

    @classmethod
    def construct_fast(
        cls, t: Tensor, c: Tensor, k: int, extrapolate: Extrapolate = True, axis: int = 0
    ) -> BSpline:
        """Return a spline of tensors of double precision, not looked at; the axis of ``c`` is the first."""
        made = object.__new__(cls)
        made.k = k
        return made._keep(t, c, extrapolate, axis)

    @classmethod
    def basis_element(cls, t: ArrayLike, extrapolate: Extrapolate = True) -> BSpline:
        """Return the B-spline whose knots are ``t``."""
        xp, t = floats("basis_element", t=t)
        k = t.shape[0] - 2
        t = xp.concat([t[:1] - 1] * k + [t] + [t[-1:] + 1] * k)
        c = np.zeros(2 * k + 1)
        c[k] = 1
        return cls(t, asarray(c, device=t.xp.name), k, extrapolate)

    @property
    def tck(self) -> tuple[Tensor, Tensor, int]:
        """The knots, the coefficients and the degree."""
        return self.t, self.c, self.k

    def __call__(self, x: ArrayLike, nu: int = 0, extrapolate: Extrapolate = None) -> Tensor:
        """Return the spline, or its derivative of order ``nu``, at points of any shape."""
        extrapolate = self.extrapolate if extrapolate is None else check_extrapolate("BSpline", extrapolate)
        nu = whole_in("BSpline", "nu", nu)
        if nu < 0:
            raise ArgumentError(message("BSpline", f"nu is {nu}", "expected 0 or more", "see antiderivative"))
        x = queries("BSpline", x, self.c)
        xp, k, n = x.xp.tensors, self.k, self.t.shape[0] - self.k - 1
        flat = xp.reshape(x, (-1,))
        low, high = self.t[k], self.t[n]
        if extrapolate == "periodic":
            flat = low + xp.remainder(flat - low, high - low)
        at = locate(xp, self.t, flat, k, n - 1)
        values = basis(xp, self.t, k, flat, at, nu)
        terms = [pieces(b, self.c.ndim) * xp.take(self.c, at + (j - k), axis=0) for j, b in enumerate(values)]
        out = terms[0]
        for term in terms[1:]:
            out = out + term
        lost = xp.isnan(flat) if extrapolate else outside(xp, flat, low, high)
        return restore(xp, xp.where(pieces(lost, out.ndim), float("nan"), out), x.shape, self.axis)

    def _spans(self, c: Tensor, t: Tensor, k: int) -> Tensor:
        return pieces(t[k + 1 :] - t[: -k - 1], c.ndim)

    def derivative(self, nu: int = 1) -> BSpline:
        """Return the derivative of an order as a spline; its coefficients are n - nu."""
        t, k, c, xp = self.t, self.k, self.c[: self.t.shape[0] - self.k - 1], self.c.xp.tensors
        for _ in range(whole_in("derivative", "nu", nu)):
            if not k:
                raise ArgumentError(message("derivative", f"nu is {nu}", f"the degree is {self.k}"))
            span = pieces(t[k + 1 : -1] - t[1 : -k - 1], c.ndim)
            c = _over(xp, k * (c[1:] - c[:-1]), span)
            t, k = t[1:-1], k - 1
        return self.construct_fast(t, c, k, self.extrapolate, self.axis)

    def antiderivative(self, nu: int = 1) -> BSpline:
        """Return the antiderivative, zero at the first knot, as a spline of n + nu coefficients."""
        t, k, c, xp = self.t, self.k, self.c[: self.t.shape[0] - self.k - 1], self.c.xp.tensors
        for _ in range(whole_in("antiderivative", "nu", nu)):
            c = xp.cumulative_sum(c * self._spans(c, t, k) / (k + 1), axis=0, include_initial=True)
            t, k = xp.concat([t[:1], t, t[-1:]]), k + 1
        extrapolate = False if nu and self.extrapolate == "periodic" else self.extrapolate
        return self.construct_fast(t, c, k, extrapolate, self.axis)

    def integrate(self, a: ArrayLike, b: ArrayLike, extrapolate: Extrapolate = None) -> Tensor:
        """Return the integral from a to b; without extrapolation the spline is zero outside its knots."""
        extrapolate = self.extrapolate if extrapolate is None else check_extrapolate("integrate", extrapolate)
        a, b = queries("integrate", a, self.c), queries("integrate", b, self.c)
        xp, whole = a.xp.tensors, self.antiderivative()
        low, high = self.t[self.k], self.t[self.t.shape[0] - self.k - 1]
        if extrapolate == "periodic":
            return periodic_integral(xp, whole, low, high, a, b)
        if not extrapolate:
            a, b = (xp.minimum(xp.maximum(end, low), high) for end in (a, b))
        return whole(b, extrapolate=True) - whole(a, extrapolate=True)


# ---------------------------------------------------------------- through data


def collocation(xp: Any, t: Tensor, k: int, x: Tensor, where: np.ndarray, nu: int = 0) -> Tensor:
    """Return the values at points, whose intervals the host knows, of the B-splines from ``where - k`` on."""
    at = beside(x, where)
    return xp.stack(basis(xp, t, k, x, at, nu), axis=1)  # type: ignore[no-any-return]


def scattered(xp: Any, values: Tensor, places: np.ndarray, size: int) -> Tensor:
    """Return a vector of zeros with values added at places that the host knows."""
    index = beside(values, places.reshape(-1))
    zeros = xp.zeros((size,), dtype=values.dtype)
    return xp.index_add(zeros, index, xp.reshape(values, (-1,)), axis=0)  # type: ignore[no-any-return]


def _intervals(t: np.ndarray, x: np.ndarray, k: int) -> np.ndarray:
    return np.clip(np.searchsorted(t, x, side="right") - 1, k, len(t) - k - 2)


def _not_a_knot(xp: Any, x: Tensor, k: int) -> Tensor:
    inner = x if k % 2 else (x[1:] + x[:-1]) / 2
    cut = (k + 1) // 2
    return xp.concat([x[:1]] * (k + 1) + [inner[cut : inner.shape[0] - cut]] + [x[-1:]] * (k + 1))  # type: ignore[no-any-return]


def _periodic_knots(xp: Any, x: Tensor, k: int) -> Tensor:
    if k % 2 == 0:
        x = xp.concat([x[:1], x[1:-1] - (x[1:-1] - x[:-2]) / 2, x[-1:]])
    m, step = x.shape[0] - 1, x[1:] - x[:-1]
    before, after = [x[:1]], [x[-1:]]
    for i in range(k):
        j = m - 1 - i % m
        before.append(before[-1] - step[j : j + 1])
        after.append(after[-1] + step[i % m : i % m + 1])
    return xp.concat([*before[:0:-1], x, *after[1:]])  # type: ignore[no-any-return]


def make_interp_spline(
    x: ArrayLike,
    y: ArrayLike,
    k: int = 3,
    t: ArrayLike | None = None,
    bc_type: Any = None,
    axis: int = 0,
    check_finite: bool = True,
) -> BSpline:
    """Return the spline of degree k through data: ``x`` has n entries that ascend, ``y`` n along ``axis``.

    ``bc_type`` is None or ``'not-a-knot'``, ``'natural'``, ``'clamped'``, ``'periodic'``, or a pair of lists
    of (order, value) for both ends. Gradients flow to x, y, the knots ``t``, the values of conditions and the
    points of a call. A banded system is solved; a periodic one as a dense one. ``check_finite`` refuses x
    that are not finite. Raises ``ArgumentError`` and ``ShapeError`` for what does not fit.

    >>> import anygrad as ag
    >>> f = ag.scipy.interpolate.make_interp_spline([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 8.0, 27.0])
    >>> f(1.5)
    tensor(3.375, dtype=float64, device='cpu')
    """
    op = "make_interp_spline"
    k = whole_in(op, "k", k)
    xp, x, y, t = floats(op, x=x, y=y, t=t)
    host = rising(op, "x", x)
    if check_finite and not np.all(np.isfinite(host)):
        raise ArgumentError(message(op, "x holds inf", "expected finite numbers"))
    y, axis = to_front(op, y, axis, x.shape[0])
    periodic = isinstance(bc_type, str) and bc_type == "periodic"
    start, end = _ends(op, bc_type, y)
    if k < 0 or (k < 2 and t is None and (start or end)) or (t is not None and (k == 0 or periodic)):
        got = f"k is {k}, bc_type is {bc_type!r}" + (", t is given" if t is not None else "")
        raise ArgumentError(message(op, got, "these do not go together"))
    if k == 0:
        return BSpline.construct_fast(xp.concat([x, x[-1:]]), y, k, True, axis)
    if k == 1 and t is None:
        return BSpline.construct_fast(xp.concat([x[:1], x, x[-1:]]), y, k, True, axis)
    if periodic:
        return _periodic(xp, x, y, k, axis)
    if t is None:
        ends = start or end
        t = xp.concat([x[:1]] * k + [x] + [x[-1:]] * k) if ends else _not_a_knot(xp, x, k)
    knots = rising(op, "t", t, strictly=False)
    n = t.shape[0] - k - 1
    if n - x.shape[0] != len(start) + len(end):
        got = f"t has {t.shape[0]} entries, x has {x.shape[0]}, conditions are {len(start)} and {len(end)}"
        raise ArgumentError(message(op, got, "t must have k + 1 more than x and the conditions together"))
    if host[0] < knots[k] or host[-1] > knots[n]:
        raise ArgumentError(message(op, "x leaves the knots", f"from t[{k}] to t[{n}] is expected"))
    c = _through(op, xp, t, k, knots, x, host, y, start, end)
    return BSpline.construct_fast(t, c, k, True, axis)


def _ends(op: str, bc_type: Any, y: Tensor) -> tuple[list[Any], list[Any]]:
    """Return the conditions of both ends, each an order and a value of the data's shape."""
    if bc_type is None or (isinstance(bc_type, str) and bc_type in ("not-a-knot", "periodic")):
        return [], []
    sides = (bc_type, bc_type) if isinstance(bc_type, str) else tuple(bc_type)
    known = {"clamped": [(1, 0.0)], "natural": [(2, 0.0)]}
    found = []
    for side in sides:
        pairs = known.get(side) if isinstance(side, str) else list(side or [])
        if pairs is None or len(sides) != 2 or not all(len(pair) == 2 for pair in pairs):
            expected = "expected a name, or for both ends a list of (order, value)"
            raise ArgumentError(message(op, f"bc_type is {bc_type!r}", expected))
        values = []
        for order, value in pairs:
            xp, value, _ = floats(op, value=value, y=y)
            values.append((whole_in(op, "order", order), xp.broadcast_to(value, (1, *y.shape[1:]))))
        found.append(values)
    return found[0], found[1]


def _through(
    op: str,
    xp: Any,
    t: Tensor,
    k: int,
    knots: np.ndarray,
    x: Tensor,
    host: np.ndarray,
    y: Tensor,
    start: list[Any],
    end: list[Any],
) -> Tensor:
    """Return the coefficients for which values and conditions hold: a system of k diagonals on each side."""
    n = t.shape[0] - k - 1
    at = _intervals(knots, host, k)
    parts = [(0, x[:1], at[:1], order) for order, _ in start]
    parts += [(0, x, at, 0)] + [(0, x[-1:], at[-1:], order) for order, _ in end]
    values = xp.concat([collocation(xp, t, k, points, where, nu) for _, points, where, nu in parts])
    where = np.concatenate([where for _, _, where, _ in parts])
    columns = where[:, None] + np.arange(-k, 1)
    diagonal = k + np.arange(n)[:, None] - columns
    if diagonal.min() < 0 or diagonal.max() > 2 * k:
        raise ArgumentError(message(op, "no spline passes through the data", "move the knots to the data"))
    ab = xp.reshape(scattered(xp, values, diagonal * n + columns, (2 * k + 1) * n), (2 * k + 1, n))
    right = xp.concat([*(v for _, v in start), y, *(v for _, v in end)])
    flat = xp.reshape(right, (n, math.prod(right.shape[1:])))
    ab = ab if ab.dtype == flat.dtype else ab.astype(flat.dtype)
    return xp.reshape(banded(ab, flat, lu=(k, k)), right.shape)  # type: ignore[no-any-return]


def _periodic(xp: Any, x: Tensor, y: Tensor, k: int, axis: int) -> BSpline:
    """Return the periodic spline: as many coefficients as intervals, of which the first come again."""
    op = "make_interp_spline"
    first, last = (y.xp.to_numpy(end.array) for end in (y[0], y[-1]))
    if not np.allclose(first, last, atol=1e-15):
        raise ArgumentError(message(op, "y does not end where it starts", "expected periodic data"))
    t = _periodic_knots(xp, x, k)
    m = x.shape[0] - 1
    at = _intervals(rising(op, "t", t), x.xp.to_numpy(x.array)[:-1], k)
    columns = (at[:, None] + np.arange(-k, 1)) % m
    values = collocation(xp, t, k, x[:-1], at)
    a = xp.reshape(scattered(xp, values, np.arange(m)[:, None] * m + columns, m * m), (m, m))
    flat = xp.reshape(y[:-1], (m, math.prod(y.shape[1:])))
    c = xp.linalg.solve(a if a.dtype == flat.dtype else a.astype(flat.dtype), flat)
    c = xp.take(c, beside(x, np.arange(m + k) % m), axis=0)
    return BSpline.construct_fast(t, xp.reshape(c, (m + k, *y.shape[1:])), k, "periodic", axis)


def make_lsq_spline(
    x: ArrayLike,
    y: ArrayLike,
    t: ArrayLike,
    k: int = 3,
    w: ArrayLike | None = None,
    axis: int = 0,
    check_finite: bool = True,
    *,
    method: str = "qr",
) -> BSpline:
    """Return the spline over knots ``t`` for which the sum of ``(w * (y - f(x))) ** 2`` is least.

    ``x`` has m entries that do not descend, ``y`` m along ``axis``, ``w`` m. Gradients flow to all, to ``t``
    too. Both methods (``'qr'``, ``'norm-eq'``) are computed by a dense QR decomposition. Raises
    ``ArgumentError`` and ``ShapeError`` for what does not fit.

    >>> import anygrad as ag
    >>> x = ag.linspace(0.0, 1.0, 9)
    >>> f = ag.scipy.interpolate.make_lsq_spline(x, 2 * x, [0.0, 0.0, 0.5, 1.0, 1.0], 1)
    >>> f(0.25)
    tensor(0.5, dtype=float64, device='cpu')
    """
    op = "make_lsq_spline"
    k = whole_in(op, "k", k)
    if method not in ("qr", "norm-eq"):
        raise ArgumentError(message(op, f"method is {method!r}", "expected 'qr' or 'norm-eq'"))
    xp, x, y, t, w = floats(op, x=x, y=y, t=t, w=w)
    host, knots = rising(op, "x", x, strictly=False), rising(op, "t", t, strictly=False)
    y, axis = to_front(op, y, axis, x.shape[0])
    m, n = x.shape[0], t.shape[0] - k - 1
    if k < 0 or n < k + 1 or m < n or (w is not None and w.shape != x.shape):
        got = f"x has {m} entries, t {t.shape[0]}, k is {k}" + (
            f", w has shape {w.shape}" if w is not None else ""
        )
        raise ShapeError(
            message(op, got, "expected 2 k + 2 knots, points for them all, and a weight for each")
        )
    if host[0] < knots[k] or host[-1] > knots[n]:
        raise ArgumentError(message(op, "x leaves the knots", f"from t[{k}] to t[{n}] is expected"))
    if check_finite and not np.all(np.isfinite(host)):
        raise ArgumentError(message(op, "x holds inf", "expected finite numbers"))
    at = _intervals(knots, host, k)
    values = collocation(xp, t, k, x, at)
    flat = xp.reshape(y, (m, math.prod(y.shape[1:])))
    if w is not None:
        values, flat = values * pieces(w, 2), flat * pieces(w, 2)
    places = np.arange(m)[:, None] * n + at[:, None] + np.arange(-k, 1)
    q, r = xp.linalg.qr(xp.reshape(scattered(xp, values, places, m * n), (m, n)))
    q, r = (q, r) if q.dtype == flat.dtype else (q.astype(flat.dtype), r.astype(flat.dtype))
    c = xp.linalg.solve(r, xp.matrix_transpose(q) @ flat)
    return BSpline.construct_fast(t, xp.reshape(c, (n, *y.shape[1:])), k, True, axis)
