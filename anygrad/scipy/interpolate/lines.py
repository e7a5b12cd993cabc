"""Interpolation along a line: ``interp1d``, and the polynomial through all points in two forms.

Written in anygrad's functions. Positions among the abscissae have no derivative; a step's gradient is that of
the value that it shows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, UnsupportedError, message
from anygrad.op import ArrayLike
from anygrad.rules import check_real, others_product, whole_in
from anygrad.scipy.doors import beside, floating, given
from anygrad.scipy.interpolate.data import floats, pieces, queries, restore, to_front
from anygrad.scipy.interpolate.splines import make_interp_spline
from anygrad.tensors import Tensor

__all__ = [
    "BarycentricInterpolator",
    "KroghInterpolator",
    "barycentric_interpolate",
    "interp1d",
    "krogh_interpolate",
]

ORDERS = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}
STEPS = ("linear", "nearest", "nearest-up", "previous", "next")


class interp1d:
    """Interpolate data along a line: linearly, by steps, or by a spline of degree ``kind``.

    ``x`` has n entries, in any order unless ``assume_sorted``, ``y`` n along ``axis``, real or complex.
    ``fill_value`` is one value or a pair, for what lies below and above, or ``'extrapolate'``; without one a
    point outside is an error, for which the points are read (``bounds_error=False`` spares that). Gradients
    flow to x, y, fill_value and the points of a call; linearly at a knot the piece before it counts. Single
    precision stays, but for splines. Raises ``UnsupportedError`` for another kind, ``ArgumentError``,
    ``ShapeError`` and ``DtypeError`` for what does not fit.

    >>> import anygrad as ag
    >>> f = ag.scipy.interpolate.interp1d([0.0, 1.0, 2.0], [0.0, 1.0, 4.0])
    >>> f([0.5, 1.5])
    tensor([0.5, 2.5], dtype=float64, device='cpu')
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        kind: str | int = "linear",
        axis: int = -1,
        copy: bool = True,
        bounds_error: bool | None = None,
        fill_value: Any = math.nan,
        assume_sorted: bool = False,
    ) -> None:
        if kind not in STEPS and kind not in ORDERS and not isinstance(kind, int):
            expected = f"expected {', '.join(repr(k) for k in (*STEPS, *ORDERS))} or a degree"
            raise UnsupportedError(message("interp1d", f"kind is {kind!r}", expected))
        xp, x, y = given("interp1d", x=x, y=y)
        check_real("interp1d", x)
        if x.ndim != 1:
            raise ShapeError(message("interp1d", f"x has shape {x.shape}", "expected one axis"))
        data, self.axis = to_front("interp1d", y, axis, x.shape[0])
        data = floating(data)
        if not assume_sorted:
            order = xp.argsort(x.detach(), stable=True)
            x, data = xp.take(x, order), xp.take(data, order, axis=0)
        least = 1 if kind in STEPS else 1 + (kind if isinstance(kind, int) else ORDERS[kind])
        if x.shape[0] < least:
            got = f"x has {x.shape[0]} entries"
            raise ShapeError(message("interp1d", got, f"kind={kind!r} needs {least} or more"))
        self.x, self.y, self._data, self._kind = x, y, data, kind
        if kind not in STEPS:
            degree = kind if isinstance(kind, int) else ORDERS[kind]
            self._spline = make_interp_spline(x, data, k=degree, check_finite=False)
        self._fill(xp, fill_value, bounds_error)

    def _fill(self, xp: Any, value: Any, bounds_error: bool | None) -> None:
        self.fill_value = value
        self._extrapolates = isinstance(value, str) and value == "extrapolate"
        if self._extrapolates:
            if bounds_error:
                got = "fill_value is 'extrapolate', bounds_error is True"
                raise ArgumentError(message("interp1d", got, "expected one of both"))
            self.bounds_error = False
            ends = {"previous": (math.nan, self._data[-1]), "next": (self._data[0], math.nan)}
            if self._kind not in ends:
                return
            value, self._extrapolates = ends[str(self._kind)], False
        else:
            self.bounds_error = True if bounds_error is None else bool(bounds_error)
        pair = value if isinstance(value, tuple) and len(value) == 2 else (value, value)
        self._ends = [given("interp1d", fill_value=end, y=self._data)[1] for end in pair]
        for end in self._ends:
            xp.broadcast_to(end, self._data.shape[1:])

    def __call__(self, x: ArrayLike) -> Tensor:
        """Return the interpolant at points of any shape, real; raises ``ArgumentError`` for one outside."""
        xp, x, _ = given("interp1d", x=x, y=self._data)
        check_real("interp1d", x)
        flat = xp.reshape(x, (-1,))
        out = (
            self._spline(flat) if self._kind in ORDERS or isinstance(self._kind, int) else self._at(xp, flat)
        )
        if not self._extrapolates:
            now, knots = flat.detach(), self.x.detach()
            below, above = now < knots[0], now > knots[-1]
            if self.bounds_error:
                self._refuse(below, "below")
                self._refuse(above, "above")
            else:
                out = xp.where(pieces(below, out.ndim), self._ends[0], out)
                out = xp.where(pieces(above, out.ndim), self._ends[1], out)
        return restore(xp, out, x.shape, self.axis)

    def _refuse(self, outside: Tensor, side: str) -> None:
        count = int(np.sum(outside.xp.to_numpy(outside.array)))
        if count:
            advice = "pass bounds_error=False, or fill_value='extrapolate'"
            raise ArgumentError(message("interp1d", f"{count} points lie {side} x", advice))

    def _at(self, xp: Any, flat: Tensor) -> Tensor:
        now, knots, last = flat.detach(), self.x.detach(), self.x.shape[0] - 1
        if self._kind == "linear":
            high = (
                xp.clip(xp.searchsorted(knots, now), 1, max(last, 1))
                if last
                else 0 * xp.searchsorted(knots, now)
            )
            low = high - 1 if last else high
            x0, y0 = xp.take(self.x, low), xp.take(self._data, low, axis=0)
            rise = xp.take(self._data, high, axis=0) - y0
            run = xp.take(self.x, high) - x0
            return rise / pieces(run, rise.ndim) * pieces(flat - x0, rise.ndim) + y0  # type: ignore[no-any-return]
        if self._kind in ("nearest", "nearest-up"):
            middle = knots[1:] / 2.0 + knots[:-1] / 2.0
            at = xp.searchsorted(middle, now, side="left" if self._kind == "nearest" else "right")
        elif self._kind == "previous":
            at = xp.searchsorted(knots, now, side="right") - 1
        else:
            at = xp.searchsorted(knots, now, side="left")
        return xp.take(self._data, xp.clip(at, 0, last), axis=0)  # type: ignore[no-any-return]


# ---------------------------------------------------------------- one polynomial through all points


class BarycentricInterpolator:
    """The polynomial through points, in the barycentric form (Berrut and Trefethen 2004, equation 4.2).

    ``xi`` has n entries, all different, ``yi`` n along ``axis``. It is evaluated without a division by
    ``x - xi``, so that values and gradients are right at the nodes too, to any order; they flow to xi, yi,
    the weights ``wi`` and the points of a call. ``rng`` and ``random_state`` are not needed. A call takes
    memory for points times n.

    >>> import anygrad as ag
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> f = ag.scipy.interpolate.BarycentricInterpolator([0.0, 1.0, 2.0], [0.0, 1.0, 4.0])
    >>> f(x).backward()
    >>> x.grad
    tensor(2., dtype=float64, device='cpu')
    """

    def __init__(
        self,
        xi: ArrayLike,
        yi: ArrayLike | None = None,
        axis: int = 0,
        *,
        wi: ArrayLike | None = None,
        rng: Any = None,
        random_state: Any = None,
    ) -> None:
        xp, xi, wi, _ = floats("BarycentricInterpolator", xi=xi, wi=wi, yi=yi)
        if xi.ndim != 1 or (wi is not None and wi.shape != xi.shape):
            got = f"xi has shape {xi.shape}" + ("" if wi is None else f", wi has shape {wi.shape}")
            raise ShapeError(
                message("BarycentricInterpolator", got, "expected one axis, and a weight for each")
            )
        self.xi, self.n, self._quarter = xi, xi.shape[0], 1.0
        if self.n > 1:
            self._quarter = (xp.max(xi) - xp.min(xi)).detach() / 4
        if wi is None:
            apart = (xp.expand_dims(xi, axis=1) - xi) / self._quarter
            apart = xp.where(xp.eye(self.n, dtype=xp.bool), 1.0, apart)
            wi = 1 / xp.prod(apart, axis=1)
        self.wi = wi
        self._data: Tensor | None = None
        if yi is not None:
            self.set_yi(yi, axis)

    def set_yi(self, yi: ArrayLike, axis: int | None = None) -> None:
        """Give the values at the nodes anew."""
        _, yi, _ = floats("BarycentricInterpolator", yi=yi, xi=self.xi)
        self._data, self._axis = to_front("BarycentricInterpolator", yi, axis or 0, self.n, "xi")

    def __call__(self, x: ArrayLike) -> Tensor:
        """Return the polynomial at points of any shape."""
        if self._data is None:
            raise ArgumentError(message("BarycentricInterpolator", "there are no values", "call set_yi(yi)"))
        x = queries("BarycentricInterpolator", x, self._data)
        xp = x.xp.tensors
        steps = (xp.reshape(x, (-1, 1)) - self.xi) / self._quarter
        weights = self.wi * others_product(xp, steps, (1,))
        weights = weights / xp.sum(weights, axis=1, keepdims=True)
        flat = xp.reshape(self._data, (self.n, math.prod(self._data.shape[1:])))
        out = weights.astype(flat.dtype) @ flat
        return restore(xp, xp.reshape(out, (-1, *self._data.shape[1:])), x.shape, self._axis)


def barycentric_interpolate(
    xi: ArrayLike, yi: ArrayLike, x: ArrayLike, axis: int = 0, *, der: Any = 0, rng: Any = None
) -> Any:
    """Return the polynomial through points at x, its derivative of order ``der``, or of several, stacked.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.barycentric_interpolate([0.0, 1.0, 2.0], [0.0, 1.0, 4.0], 3.0)
    tensor(9., dtype=float64, device='cpu')
    """
    if isinstance(der, int):
        return (
            BarycentricInterpolator(xi, yi, axis)(x) if der == 0 else krogh_interpolate(xi, yi, x, der, axis)
        )
    found = [barycentric_interpolate(xi, yi, x, axis, der=nu) for nu in der]
    return found[0].xp.tensors.stack(found)


class KroghInterpolator:
    """The polynomial through points in Newton's form; where one of ``xi`` recurs, ``yi`` is a derivative.

    ``xi`` has n entries, equal ones side by side, ``yi`` n along ``axis``. Gradients flow to yi, to the
    points of a call and to xi; those of entries that are equal are for the one abscissa together, since they
    stand for it. Raises ``ShapeError`` for what does not fit.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.KroghInterpolator([0.0, 0.0, 1.0], [0.0, 2.0, 1.0])(0.5)
    tensor(0.75, dtype=float64, device='cpu')
    """

    def __init__(self, xi: ArrayLike, yi: ArrayLike, axis: int = 0) -> None:
        xp, xi, yi = floats("KroghInterpolator", xi=xi, yi=yi)
        if xi.ndim != 1 or not xi.shape[0]:
            raise ShapeError(message("KroghInterpolator", f"xi has shape {xi.shape}", "expected one axis"))
        self.xi, self.n = xi, xi.shape[0]
        self._data, self._axis = to_front("KroghInterpolator", yi, axis, self.n, "xi")
        host = xi.xp.to_numpy(xi.array)
        first = np.maximum.accumulate(np.where(np.r_[True, host[1:] != host[:-1]], np.arange(self.n), 0))
        rows = xp.take(self._data, beside(self.xi, first), axis=0)
        found = [rows[:1]]
        for j in range(1, self.n):
            span = pieces(xi[j:] - xi[:-j], rows.ndim)
            given_here = beside(self.xi, np.minimum(first[:-j] + j, self.n - 1))
            derivative = xp.take(self._data, given_here, axis=0) / math.factorial(min(j, 170))
            same = span == 0
            rows = xp.where(same, derivative, (rows[1:] - rows[:-1]) / xp.where(same, 1.0, span))
            found.append(rows[:1])
        self.c = xp.concat(found)

    def _values(self, x: ArrayLike, der: int) -> list[Tensor]:
        x = queries("KroghInterpolator", x, self.c)
        xp = x.xp.tensors
        flat = pieces(xp.reshape(x, (-1,)), self.c.ndim)
        zero = xp.zeros_like(flat * self.c[0])
        found = [zero] * der
        for i in range(self.n - 1, -1, -1):
            step = flat - self.xi[i]
            found = [found[j] * step + (found[j - 1] if j else self.c[i]) for j in range(der)]
        return [restore(xp, out * math.factorial(j), x.shape, self._axis) for j, out in enumerate(found)]

    def __call__(self, x: ArrayLike) -> Tensor:
        """Return the polynomial at points of any shape."""
        return self._values(x, 1)[0]

    def derivative(self, x: ArrayLike, der: int = 1) -> Tensor:
        """Return a derivative of the polynomial at points of any shape."""
        return self._values(x, whole_in("derivative", "der", der) + 1)[-1]

    def derivatives(self, x: ArrayLike, der: int | None = None) -> Tensor:
        """Return the polynomial and its derivatives, ``der`` in all (None: n), along a first axis."""
        found = self._values(x, self.n if der is None else whole_in("derivatives", "der", der))
        return found[0].xp.tensors.stack(found)  # type: ignore[no-any-return]


def krogh_interpolate(xi: ArrayLike, yi: ArrayLike, x: ArrayLike, der: Any = 0, axis: int = 0) -> Any:
    """Return the polynomial through points at x, its derivative of order ``der``, or of several, stacked.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.krogh_interpolate([0.0, 1.0, 2.0], [0.0, 1.0, 4.0], 3.0, der=1)
    tensor(6., dtype=float64, device='cpu')
    """
    found = KroghInterpolator(xi, yi, axis)
    if isinstance(der, int):
        return found.derivative(x, der)
    rows = [found.derivative(x, nu) for nu in der]
    return rows[0].xp.tensors.stack(rows)
