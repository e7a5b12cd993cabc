"""Cubic interpolants whose slopes come from the data: splines, the monotone one, Akima's.

Each finds the slopes at the knots, in anygrad's functions, and is then Hermite's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, UnsupportedError, message
from anygrad.op import ArrayLike
from anygrad.rules import check_real
from anygrad.scipy.bands import banded
from anygrad.scipy.interpolate.data import floats, pieces
from anygrad.scipy.interpolate.piecewise import CubicHermiteSpline, Extrapolate
from anygrad.tensors import Tensor

__all__ = ["Akima1DInterpolator", "CubicSpline", "PchipInterpolator", "pchip_interpolate"]


class CubicSpline(CubicHermiteSpline):
    """The cubic spline through data: twice continuously differentiable.

    ``x`` has n entries that ascend, ``y`` n along ``axis``. ``bc_type`` is ``'not-a-knot'``, ``'natural'``,
    ``'clamped'``, ``'periodic'`` (the first value must be the last), or a pair for
    the two ends, each one of the first three or (order, value) with order 1 or 2. Gradients flow to x, y, the
    values of conditions and the points of a call. Raises ``ArgumentError`` for other conditions.

    >>> import anygrad as ag
    >>> y = ag.tensor([0.0, 1.0, 0.0], requires_grad=True)
    >>> f = ag.scipy.interpolate.CubicSpline([0.0, 1.0, 2.0], y, bc_type="natural")
    >>> f(0.5).backward()
    >>> y.grad
    tensor([ 0.40625,  0.6875 , -0.09375], dtype=float64, device='cpu')
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        axis: int = 0,
        bc_type: Any = "not-a-knot",
        extrapolate: Extrapolate = None,
    ) -> None:
        xp, x, y, axis = self._taken(x, y, axis)
        periodic = isinstance(bc_type, str) and bc_type == "periodic"
        slopes = _periodic(xp, x, y) if periodic else _slopes(xp, x, y, *_conditions(bc_type, y))
        self._fill(
            xp, x, y, slopes, axis, ("periodic" if periodic else True) if extrapolate is None else extrapolate
        )


def _conditions(bc_type: Any, y: Tensor) -> tuple[Any, Any]:
    """Return what is asked at both ends: None (not a knot), or an order and a value."""
    expected = "expected 'not-a-knot', 'natural', 'clamped', 'periodic' or a pair of conditions"
    ends = (bc_type, bc_type) if isinstance(bc_type, str) else tuple(bc_type)
    if len(ends) != 2:
        raise ArgumentError(message("CubicSpline", f"bc_type is {bc_type!r}", expected))
    found: list[Any] = []
    for end in ends:
        known = {"not-a-knot": None, "clamped": (1, 0.0), "natural": (2, 0.0)}
        if isinstance(end, str) and end in known:
            found.append(known[end])
        elif not isinstance(end, str) and len(end) == 2 and end[0] in (1, 2):
            found.append((end[0], end[1]))
        else:
            raise ArgumentError(message("CubicSpline", f"bc_type has {end!r}", expected))
    for i, end in enumerate(found):
        if end is not None:
            xp, value, _ = floats("CubicSpline", value=end[1], y=y)
            found[i] = (end[0], xp.broadcast_to(value, (1, *y.shape[1:])))
    return found[0], found[1]


def _slopes(xp: Any, x: Tensor, y: Tensor, start: Any, end: Any) -> Tensor:
    """Return the spline's derivatives at the knots, which solve a tridiagonal system (de Boor 1978, IV)."""
    n, dx = x.shape[0], x[1:] - x[:-1]
    h = pieces(dx, y.ndim)
    slope = (y[1:] - y[:-1]) / h
    if n == 2:
        start, end = start or (1, slope), end or (1, slope)
    if n == 3 and start is None and end is None:
        middle = (h[:1] * slope[1:] + h[1:] * slope[:1]) / (h[:1] + h[1:])
        return xp.concat([2 * slope[:1] - middle, middle, 2 * slope[1:] - middle])  # type: ignore[no-any-return]
    one = xp.ones_like(dx[:1])
    a, b = _end_condition(one, dx, h, slope, start)
    c, d = _end_condition(one, xp.flip(dx), xp.flip(h, axis=0), xp.flip(slope, axis=0), _mirrored(end))
    upper = xp.concat([0 * one, a[1], dx[:-1]])
    middle = xp.concat([a[0], 2 * (dx[:-1] + dx[1:]), c[0]])
    lower = xp.concat([dx[1:], c[1], 0 * one])
    inner = 3 * (h[1:] * slope[:-1] + h[:-1] * slope[1:])
    return _tridiagonal(xp, (upper, middle, lower), xp.concat([b, inner, d]))


def _mirrored(end: Any) -> Any:
    """Return the condition at the end of the mirrored data, whose slopes are taken as they are."""
    return end if end is None or end[0] == 1 else (2, -end[1])


def _end_condition(one: Tensor, dx: Tensor, h: Tensor, slope: Tensor, condition: Any) -> tuple[Any, Tensor]:
    """Return the two entries of the first equation, and its right side."""
    if condition is None:
        d, e = h[:1] + h[1:2], dx[:1] + dx[1:2]
        right = ((h[:1] + 2 * d) * h[1:2] * slope[:1] + h[:1] ** 2 * slope[1:2]) / d
        return (dx[1:2], e), right
    if condition[0] == 1:
        return (one, 0 * one), condition[1]
    return (2 * dx[:1], dx[:1]), -0.5 * condition[1] * h[:1] ** 2 + 3 * (slope[:1] * h[:1])


def _tridiagonal(xp: Any, rows: tuple[Tensor, ...], b: Tensor) -> Tensor:
    """Solve for data of any shape."""
    ab = xp.stack(rows)
    flat = xp.reshape(b, (b.shape[0], math.prod(b.shape[1:])))
    ab = ab if ab.dtype == flat.dtype else ab.astype(flat.dtype)
    return xp.reshape(banded(ab, flat, lu=(1, 1)), b.shape)  # type: ignore[no-any-return]


def _periodic(xp: Any, x: Tensor, y: Tensor) -> Tensor:
    """Return the derivatives of a periodic spline: a cyclic system, condensed to two tridiagonal ones."""
    n, dx = x.shape[0], x[1:] - x[:-1]
    first, final = (y.xp.to_numpy(end.array) for end in (y[0], y[-1]))
    if not np.allclose(first, final, rtol=1e-15, atol=1e-15):
        raise ArgumentError(
            message("CubicSpline", "y does not end where it starts", "expected periodic data")
        )
    h = pieces(dx, y.ndim)
    slope = (y[1:] - y[:-1]) / h
    if n == 2:
        return xp.concat([slope, slope])  # type: ignore[no-any-return]
    if n == 3:
        mean = xp.sum(slope / h, axis=0, keepdims=True) / xp.sum(1 / h, axis=0, keepdims=True)
        return xp.concat([mean, mean, mean])  # type: ignore[no-any-return]
    before, mean = xp.roll(dx, 1), xp.roll(slope, 1, axis=0)
    zero = xp.zeros_like(dx[:1])
    diagonal = 2 * (before + dx)[:-1]
    rows = (xp.concat([zero, before[: n - 3]]), diagonal, xp.concat([dx[1 : n - 2], zero]))
    right = xp.reshape(3 * (h * mean + xp.roll(h, 1, axis=0) * slope), (n - 1, math.prod(y.shape[1:])))
    corner = xp.concat([dx[:1], xp.zeros_like(dx[1 : n - 3]), dx[n - 4 : n - 3]])
    both = xp.concat([right[:-1], -pieces(corner, 2)], axis=1)
    found = _tridiagonal(xp, rows, both)
    s1, s2 = found[:, :-1], found[:, -1:]
    a, b = dx[n - 2], dx[n - 3]
    last = (right[-1:] - a * s1[-1:] - b * s1[:1]) / (2 * (a + b) + a * s2[-1:] + b * s2[:1])
    s = xp.concat([s1 + last * s2, last])
    return xp.reshape(xp.concat([s, s[:1]]), y.shape)  # type: ignore[no-any-return]


class PchipInterpolator(CubicHermiteSpline):
    """The monotone cubic interpolant of Fritsch and Butland: it overshoots nowhere.

    ``x`` has n entries that ascend, ``y`` n along ``axis``, real. Gradients flow to both and to the points
    of a call; where the slope of the data changes its sign the derivative is 0, and so are its gradients.
    Raises ``DtypeError`` for complex data, ``ArgumentError`` and ``ShapeError`` as PPoly does.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.PchipInterpolator([0.0, 1.0, 2.0], [0.0, 1.0, 4.0])([0.5, 1.5])
    tensor([0.3125, 2.1875], dtype=float64, device='cpu')
    """

    def __init__(self, x: ArrayLike, y: ArrayLike, axis: int = 0, extrapolate: Extrapolate = None) -> None:
        xp, x, y, axis = self._taken(x, y, axis)
        check_real("PchipInterpolator", y)
        h = pieces(x[1:] - x[:-1], y.ndim)
        slope = (y[1:] - y[:-1]) / h
        if x.shape[0] == 2:
            s = xp.concat([slope, slope])
        else:
            one, two, a, b = h[:-1], h[1:], slope[:-1], slope[1:]
            flat = a.detach() * b.detach() <= 0
            w1, w2 = 2 * two + one, two + 2 * one
            inner = (w1 + w2) / (w1 / xp.where(flat, 1.0, a) + w2 / xp.where(flat, 1.0, b))
            first = _pchip_end(xp, h[:1], h[1:2], slope[:1], slope[1:2])
            last = _pchip_end(xp, h[-1:], h[-2:-1], slope[-1:], slope[-2:-1])
            s = xp.concat([first, xp.where(flat, 0.0, inner), last])
        self._fill(xp, x, y, s, axis, True if extrapolate is None else extrapolate)


def _pchip_end(xp: Any, h0: Tensor, h1: Tensor, m0: Tensor, m1: Tensor) -> Tensor:
    """Return the derivative at an end, kept to the data's shape (Moler 2004, Numerical Computing, 3.6)."""
    d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    turned = xp.sign(d.detach()) != xp.sign(m0.detach())
    steep = xp.logical_and(
        xp.sign(m0.detach()) != xp.sign(m1.detach()), xp.abs(d.detach()) > 3 * xp.abs(m0.detach())
    )
    return xp.where(turned, 0.0, xp.where(steep, 3 * m0, d))  # type: ignore[no-any-return]


def pchip_interpolate(
    xi: ArrayLike, yi: ArrayLike, x: ArrayLike, der: Any = 0, axis: int = 0
) -> Tensor | list[Tensor]:
    """Return PchipInterpolator(xi, yi)(x), its derivative of order ``der``, or a list for a list of orders.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.pchip_interpolate([0.0, 1.0, 2.0], [0.0, 1.0, 4.0], [0.5])
    tensor([0.3125], dtype=float64, device='cpu')
    """
    found = PchipInterpolator(xi, yi, axis=axis)
    if isinstance(der, int):
        return found(x, der)
    return [found(x, nu) for nu in der]


class Akima1DInterpolator(CubicHermiteSpline):
    """Akima's cubic interpolant, or the modified one (``method="makima"``).

    ``x`` has n entries that ascend, ``y`` n along ``axis``, real. Without ``extrapolate`` what lies outside
    is NaN. Gradients flow to x, y and the points of a call; where slopes are equal the weights are even, and
    have no gradient. Raises ``UnsupportedError`` for another method, ``DtypeError`` for complex data.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.Akima1DInterpolator([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 4.0, 9.0])([1.5])
    tensor([2.25], dtype=float64, device='cpu')
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        axis: int = 0,
        *,
        method: str = "akima",
        extrapolate: Extrapolate = None,
    ) -> None:
        if method not in ("akima", "makima"):
            got = f"method is {method!r}"
            raise UnsupportedError(message("Akima1DInterpolator", got, "expected 'akima' or 'makima'"))
        xp, x, y, axis = self._taken(x, y, axis)
        check_real("Akima1DInterpolator", y)
        m = (y[1:] - y[:-1]) / pieces(x[1:] - x[:-1], y.ndim)
        if x.shape[0] == 2:
            s = xp.concat([m, m])
        else:
            left, right = 2 * m[:1] - m[1:2], 2 * m[-1:] - m[-2:-1]
            m = xp.concat([2 * left - m[:1], left, m, right, 2 * right - m[-1:]])
            steps = xp.abs(m[1:] - m[:-1])
            if method == "makima":
                steps = steps + 0.5 * xp.abs(m[1:] + m[:-1])
            f1, f2 = steps[2:], steps[:-2]
            both = f1 + f2
            defined = both > 1e-9 * xp.max(both.detach())
            weighed = m[1:-2] + f2 / xp.where(defined, both, 1.0) * (m[2:-1] - m[1:-2])
            s = xp.where(defined, weighed, 0.5 * (m[3:] + m[:-3]))
        self._fill(xp, x, y, s, axis, bool(extrapolate) if extrapolate != "periodic" else extrapolate)
