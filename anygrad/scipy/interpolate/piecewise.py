"""Piecewise polynomials, and the cubic one through values and slopes.

Written in anygrad's functions, so that every device has them and every order of derivative: by the data, the
abscissae and the points of a call.
"""

from __future__ import annotations

from typing import Any

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import ArrayLike
from anygrad.rules import whole_in
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
from anygrad.tensors import Tensor

__all__ = [
    "CubicHermiteSpline",
    "PPoly",
]

Extrapolate = bool | str | None


def check_extrapolate(op: str, extrapolate: Any) -> Any:
    """Return a choice of extrapolation: a truth value, or ``'periodic'``."""
    if isinstance(extrapolate, str) and extrapolate != "periodic":
        got = f"extrapolate is {extrapolate!r}"
        raise ArgumentError(message(op, got, "expected True, False or 'periodic'"))
    return extrapolate


class PPoly:
    """A piecewise polynomial: ``c[m, i]`` multiplies ``(x - x[i]) ** (k - m)`` from ``x[i]`` to ``x[i + 1]``.

    ``c`` has shape (k + 1, m, ...), ``x`` has m + 1 entries that ascend (SciPy's may also descend). Gradients
    flow to c, to x and to the points of a call; at a breakpoint the piece after it counts, as it does for the
    value. Without extrapolation what lies outside is NaN, with gradient zero. Raises ``ShapeError`` for
    shapes that do not fit and ``ArgumentError`` for breakpoints that do not ascend.

    >>> import anygrad as ag
    >>> p = ag.scipy.interpolate.PPoly([[1.0, 2.0], [0.0, 1.0]], [0.0, 1.0, 2.0])
    >>> p([0.5, 1.5])
    tensor([0.5, 2. ], dtype=float64, device='cpu')
    """

    c: Tensor
    x: Tensor
    extrapolate: Any
    axis: int

    def __init__(self, c: ArrayLike, x: ArrayLike, extrapolate: Extrapolate = None, axis: int = 0) -> None:
        op = type(self).__name__
        xp, c, x = floats(op, c=c, x=x)
        rising(op, "x", x)
        if c.ndim < 2 or not 0 <= axis < c.ndim - 1:
            raise ShapeError(message(op, f"c has shape {c.shape}, axis is {axis}", "expected (k, m, ...)"))
        if axis:
            c = xp.moveaxis(xp.moveaxis(c, axis + 1, 0), axis + 1, 0)
        if c.shape[1] != x.shape[0] - 1 or not c.shape[0]:
            got = f"c has shape {c.shape}, x has shape {x.shape}"
            raise ShapeError(message(op, got, "c needs a column for each interval, and a row"))
        self._keep(c, x, True if extrapolate is None else extrapolate, axis)

    def _keep(self, c: Tensor, x: Tensor, extrapolate: Any, axis: int) -> None:
        self.c, self.x, self.axis = c, x, axis
        self.extrapolate = check_extrapolate(type(self).__name__, extrapolate)

    def _like(self, c: Tensor, nu: int) -> PPoly:
        other = object.__new__(PPoly)
        periodic = self.extrapolate == "periodic" and nu < 0
        other._keep(c, self.x, False if periodic else self.extrapolate, self.axis)
        return other

    def __call__(self, x: ArrayLike, nu: int = 0, extrapolate: Extrapolate = None) -> Tensor:
        """Return the polynomial, or its derivative of order ``nu``, at points of any shape."""
        op = type(self).__name__
        extrapolate = self.extrapolate if extrapolate is None else check_extrapolate(op, extrapolate)
        x = queries(op, x, self.c)
        xp = x.xp.tensors
        c = self._derived(whole_in(op, "nu", nu))
        flat = xp.reshape(x, (-1,))
        low, high = self.x[0], self.x[-1]
        if extrapolate == "periodic":
            flat = low + xp.remainder(flat - low, high - low)
        out = self._at(xp, c, flat)
        lost = xp.isnan(flat) if extrapolate else outside(xp, flat, low, high)
        return restore(xp, xp.where(pieces(lost, out.ndim), float("nan"), out), x.shape, self.axis)

    def _at(self, xp: Any, c: Tensor, x: Tensor) -> Tensor:
        """Evaluate coefficients at a vector of points, by Horner's rule."""
        at = locate(xp, self.x, x, 0, c.shape[1] - 1)
        s = pieces(x - xp.take(self.x, at), c.ndim - 1)
        c = xp.take(c, at, axis=1)
        out = c[0]
        for row in range(1, c.shape[0]):
            out = out * s + c[row]
        return out

    def _derived(self, nu: int) -> Tensor:
        """Return the coefficients of a derivative, or of an antiderivative where ``nu`` is negative."""
        c, xp = self.c, self.c.xp.tensors
        for _ in range(nu):
            if c.shape[0] == 1:
                return xp.zeros_like(c)  # type: ignore[no-any-return]
            powers = xp.arange(c.shape[0] - 1, 0, -1, dtype=self.x.dtype)
            c = c[:-1] * pieces(powers, c.ndim)
        for _ in range(-nu):
            powers = xp.arange(c.shape[0], 0, -1, dtype=self.x.dtype)
            c = c / pieces(powers, c.ndim)
            width = pieces(self.x[1:] - self.x[:-1], c.ndim - 1)
            whole = c[0] * width
            for row in range(1, c.shape[0]):
                whole = (whole + c[row]) * width
            start = xp.cumulative_sum(whole, axis=0, include_initial=True)[:-1]
            c = xp.concat([c, xp.expand_dims(start, axis=0)])
        return c

    def derivative(self, nu: int = 1) -> PPoly:
        """Return the derivative of an order as a piecewise polynomial."""
        nu = whole_in("derivative", "nu", nu)
        return self._like(self._derived(nu), nu)

    def antiderivative(self, nu: int = 1) -> PPoly:
        """Return the antiderivative, zero at the first breakpoint, as a piecewise polynomial."""
        nu = whole_in("antiderivative", "nu", nu)
        return self._like(self._derived(-nu), -nu)

    def integrate(self, a: ArrayLike, b: ArrayLike, extrapolate: Extrapolate = None) -> Tensor:
        """Return the integral from a to b, numbers; gradients flow to both."""
        extrapolate = self.extrapolate if extrapolate is None else check_extrapolate("integrate", extrapolate)
        a, b = queries("integrate", a, self.c), queries("integrate", b, self.c)
        xp = a.xp.tensors
        whole = self._like(self._derived(-1), -1)
        if extrapolate == "periodic":
            return periodic_integral(xp, whole, self.x[0], self.x[-1], a, b)
        return whole(b, extrapolate=extrapolate) - whole(a, extrapolate=extrapolate)


def periodic_integral(xp: Any, whole: Any, low: Tensor, high: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Return the integral of what repeats itself, from its antiderivative over one period."""

    period = high - low
    once = whole(high, extrapolate=True) - whole(low, extrapolate=True)

    def upto(x: Tensor) -> Any:
        turns = xp.floor((x - low) / period).detach()
        return turns * once + whole(x - turns * period, extrapolate=True)

    return upto(b) - upto(a)  # type: ignore[no-any-return]


class CubicHermiteSpline(PPoly):
    """The cubic pieces that have values ``y`` and derivatives ``dydx`` at ``x``.

    ``x`` has n entries that ascend, ``y`` and ``dydx`` n along ``axis``. Gradients flow to all three and to
    the points of a call. Raises ``ArgumentError`` and ``ShapeError`` as PPoly does.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.CubicHermiteSpline([0.0, 1.0], [0.0, 1.0], [0.0, 0.0])(0.5)
    tensor(0.5, dtype=float64, device='cpu')
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        dydx: ArrayLike,
        axis: int = 0,
        extrapolate: Extrapolate = None,
    ) -> None:
        xp, x, y, axis = self._taken(x, y, axis)
        _, dydx, _ = floats(type(self).__name__, dydx=dydx, x=x)
        if dydx.shape != y.shape[1 : axis + 1] + y.shape[:1] + y.shape[axis + 1 :]:
            got = f"dydx has shape {dydx.shape}"
            raise ShapeError(message(type(self).__name__, got, "y and dydx must be of one shape"))
        self._fill(xp, x, y, xp.moveaxis(dydx, axis, 0), axis, True if extrapolate is None else extrapolate)

    def _taken(self, x: Any, y: Any, axis: int, least: int = 2) -> tuple[Any, Tensor, Tensor, int]:
        op = type(self).__name__
        xp, x, y = floats(op, x=x, y=y)
        rising(op, "x", x)
        if x.shape[0] < least:
            raise ShapeError(message(op, f"x has shape {x.shape}", f"expected {least} entries or more"))
        y, axis = to_front(op, y, axis, x.shape[0])
        return xp, x, y, axis

    def _fill(self, xp: Any, x: Tensor, y: Tensor, s: Tensor, axis: int, extrapolate: Any) -> None:
        """Make the coefficients of the pieces from values and slopes at their ends."""
        width = pieces(x[1:] - x[:-1], y.ndim)
        mean = (y[1:] - y[:-1]) / width
        bend = (s[:-1] + s[1:] - 2 * mean) / width
        self._keep(
            xp.stack([bend / width, (mean - s[:-1]) / width - bend, s[:-1], y[:-1]]), x, extrapolate, axis
        )
