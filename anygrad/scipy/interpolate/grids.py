"""Interpolation of data on rectangular grids: linear, nearest, and by products of splines.

Written in anygrad's functions. Gradients flow to the values on the grid, to the points of a call and to the
grid itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, UnsupportedError, message
from anygrad.op import ArrayLike
from anygrad.rules import broadcast_shape, whole_in
from anygrad.scipy.interpolate.cubics import PchipInterpolator
from anygrad.scipy.interpolate.data import floats, locate, outside, pieces, rising
from anygrad.scipy.interpolate.splines import basis, make_interp_spline
from anygrad.tensors import Tensor

__all__ = ["NdBSpline", "RegularGridInterpolator", "interpn"]

DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5}
METHODS = ("linear", "nearest", *DEGREES, "pchip")
LEGACY = "_legacy"


def points_in(op: str, xi: Any, ndim: int, like: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Return points as a matrix of a row each, and their shape; a tuple has an array for each coordinate."""
    if isinstance(xi, tuple) and len(xi) == 1:
        (xi,) = xi
    if isinstance(xi, tuple):
        xp, *axes, _ = floats(op, **{f"xi[{i}]": x for i, x in enumerate(xi)}, like=like)
        shape = broadcast_shape(op, *(x.shape for x in axes))
        xi = xp.stack([xp.broadcast_to(x, shape) for x in axes], axis=-1)
        return rows_of(op, xi, ndim), shape
    xp, xi, _ = floats(op, xi=xi, like=like)
    if xi.ndim == 1:
        xi = xp.reshape(xi, (-1, ndim) if ndim == 1 else (1, -1))
    return rows_of(op, xi, ndim), xi.shape[:-1]


def rows_of(op: str, xi: Tensor, ndim: int) -> Tensor:
    """Return points as a matrix; raises ``ShapeError`` where their last axis is not that of coordinates."""
    if not xi.ndim or xi.shape[-1] != ndim:
        got = f"xi has shape {xi.shape}"
        raise ShapeError(message(op, got, f"its last axis must have the {ndim} coordinates of a point"))
    return xi.xp.tensors.reshape(xi, (-1, ndim))  # type: ignore[no-any-return]


def combined(xp: Any, data: Tensor, ndim: int, choices: list[list[tuple[Tensor, Tensor]]]) -> Tensor:
    """Sum what stands in data at all combinations of a place in each axis, weighed by their weights."""
    flat = xp.reshape(data, (-1, *data.shape[ndim:]))
    out = None
    for chosen in itertools.product(*choices):
        at, weight = chosen[0]
        for length, (here, w) in zip(data.shape[1:ndim], chosen[1:], strict=True):
            at, weight = at * length + here, weight * w
        term = pieces(weight, flat.ndim) * xp.take(flat, at, axis=0)
        out = term if out is None else out + term
    return out  # type: ignore[return-value]


class RegularGridInterpolator:
    """Interpolate values that are given on the product of ``points``, a vector for each axis.

    ``values`` has shape (m1, ..., mn, ...), real or complex; each vector ascends or descends. ``method`` is
    ``'linear'``, ``'nearest'``, ``'slinear'``, ``'cubic'``, ``'quintic'`` (products of splines, whose systems
    are solved exactly along each axis in turn; ``solver`` is not asked, ``'cubic_legacy'`` and its like are
    the same) or ``'pchip'``. A point outside is an error, for which the points are read; with
    ``bounds_error=False`` it has ``fill_value``, None for extrapolation. Gradients flow to values, to points
    and to where it is evaluated; at a grid point the cell after it counts. Raises ``ArgumentError`` and
    ``ShapeError`` for what does not fit.

    >>> import anygrad as ag
    >>> values = ag.tensor([[0.0, 1.0], [2.0, 4.0]], requires_grad=True)
    >>> f = ag.scipy.interpolate.RegularGridInterpolator(([0.0, 1.0], [0.0, 1.0]), values)
    >>> f([0.5, 0.25]).sum().backward()
    >>> values.grad
    tensor([[0.375, 0.125],
            [0.375, 0.125]], dtype=float64, device='cpu')
    """

    def __init__(
        self,
        points: Sequence[ArrayLike],
        values: ArrayLike,
        method: str = "linear",
        bounds_error: bool = True,
        fill_value: Any = math.nan,
        *,
        solver: Any = None,
        solver_args: Any = None,
    ) -> None:
        op = "RegularGridInterpolator"
        self.method = self._known(method)
        xp, values, *grid = floats(op, values=values, **{f"points[{i}]": x for i, x in enumerate(points)})
        if values.ndim < len(grid):
            got = f"values has shape {values.shape}, there are {len(grid)} vectors of points"
            raise ShapeError(message(op, got, "expected an axis for each"))
        for i, x in enumerate(grid):
            if x.ndim == 1 and x.shape[0] > 1 and np.all(np.diff(x.xp.to_numpy(x.array)) < 0):
                grid[i], values = xp.flip(x, axis=0), xp.flip(values, axis=i)
            rising(op, f"points[{i}]", grid[i])
            if x.shape[0] != values.shape[i]:
                got = f"points[{i}] has {x.shape[0]} entries, values has shape {values.shape}"
                raise ShapeError(message(op, got, f"axis {i} must be as long"))
        self.grid, self.values = tuple(grid), values
        self.bounds_error, self.fill_value = bounds_error, fill_value
        self._splines: dict[str, NdBSpline] = {}
        if self.method not in ("linear", "nearest"):
            self._lengths(self.method)

    def _known(self, method: str) -> str:
        known = str(method).removesuffix(LEGACY)
        if known not in METHODS or (known != method and known not in DEGREES):
            expected = f"expected {', '.join(map(repr, METHODS))}"
            raise ArgumentError(message("RegularGridInterpolator", f"method is {method!r}", expected))
        return known

    def _lengths(self, method: str) -> None:
        least = DEGREES.get(method, 3) + 1
        for i, x in enumerate(self.grid):
            if x.shape[0] < least:
                got = f"points[{i}] has {x.shape[0]} entries"
                raise ShapeError(message("RegularGridInterpolator", got, f"{method!r} needs {least} or more"))

    def __call__(self, xi: Any, method: str | None = None, *, nu: Any = None) -> Tensor:
        """Return the interpolant at points of shape (..., n), or a tuple of n arrays that broadcast.

        ``nu`` gives the order of derivative along each axis, with the methods that are splines.
        """
        op = "RegularGridInterpolator"
        method = self.method if method is None else self._known(method)
        if nu is not None and method not in DEGREES:
            raise ArgumentError(message(op, f"nu is {nu!r}", f"method {method!r} has no derivatives"))
        ndim = len(self.grid)
        x, shape = points_in(op, xi, ndim, self.values)
        xp = x.xp.tensors
        columns = [x[:, i] for i in range(ndim)]
        lost = xp.zeros((x.shape[0],), dtype=xp.bool)
        for i, (column, knots) in enumerate(zip(columns, self.grid, strict=True)):
            nan = xp.isnan(column.detach())
            away = outside(xp, column, knots[0], knots[-1])
            if self.bounds_error:
                self._refuse(xp.logical_and(away, xp.logical_not(nan)), i)
            lost = xp.logical_or(lost, away)
        if method in DEGREES:
            self._lengths(method)
            out = self._spline(method)(x, nu=nu, extrapolate=True)
        elif method == "pchip":
            self._lengths(method)
            out = self._pchip(xp, columns)
        else:
            out = self._cells(xp, columns, method)
        nans = xp.any(xp.isnan(x.detach()), axis=1)
        if self.fill_value is not None:
            out = xp.where(pieces(lost, out.ndim), self.fill_value, out)
        out = xp.where(pieces(nans, out.ndim), math.nan, out)
        return xp.reshape(out, (*shape, *out.shape[1:]))  # type: ignore[no-any-return]

    def _refuse(self, away: Tensor, axis: int) -> None:
        count = int(np.sum(away.xp.to_numpy(away.array)))
        if count:
            got = f"{count} points lie outside along axis {axis}"
            raise ArgumentError(message("RegularGridInterpolator", got, "pass bounds_error=False"))

    def _cells(self, xp: Any, columns: list[Tensor], method: str) -> Tensor:
        choices = []
        for x, knots in zip(columns, self.grid, strict=True):
            last = knots.shape[0] - 1
            low = locate(xp, knots, x, 0, max(last - 1, 0))
            high = low + min(last, 1)
            x0 = xp.take(knots, low)
            width = xp.take(knots, high) - x0 if last else xp.ones_like(x)
            part = (x - x0) / width if last else xp.zeros_like(x)
            if method == "nearest":
                choices.append([(xp.where(part.detach() <= 0.5, low, high), xp.ones_like(x))])
            else:
                choices.append([(low, 1 - part), (high, part)])
        return combined(xp, self.values, len(columns), choices)

    def _spline(self, method: str) -> NdBSpline:
        if method not in self._splines:
            c, knots = self.values, []
            for i, x in enumerate(self.grid):
                line = make_interp_spline(x, c, DEGREES[method], axis=i)
                knots.append(line.t)
                c = c.xp.tensors.moveaxis(line.c, 0, i)
            self._splines[method] = NdBSpline(knots, c, DEGREES[method])
        return self._splines[method]

    def _pchip(self, xp: Any, columns: list[Tensor]) -> Tensor:
        """Interpolate along the last axis at all points, then each of them along those before."""
        last = len(columns) - 1
        data = PchipInterpolator(self.grid[last], self.values, axis=last)(columns[last])
        for i in range(last - 1, -1, -1):
            x, knots = columns[i], self.grid[i]
            c = PchipInterpolator(knots, data, axis=i).c
            at = locate(xp, knots, x, 0, c.shape[1] - 1)
            along = (1,) * (i + 2) + (-1,) + (1,) * (c.ndim - i - 3)
            c = xp.take_along_axis(c, xp.reshape(at, along), axis=1)[:, 0]
            s = xp.reshape(x - xp.take(knots, at), along[2:])
            data = ((c[0] * s + c[1]) * s + c[2]) * s + c[3]
        return data


class NdBSpline:
    """A product of splines: ``c`` of shape (n1, ..., nd, ...) over knots ``t``, a vector for each axis.

    ``k`` is one degree or one for each axis. Gradients flow to t, c and the points of a call. Raises
    ``ArgumentError`` and ``ShapeError`` for what does not fit.

    >>> import anygrad as ag
    >>> f = ag.scipy.interpolate.NdBSpline(([0.0, 0.0, 1.0, 1.0],) * 2, [[0.0, 1.0], [2.0, 3.0]], 1)
    >>> f([[0.5, 0.5]])
    tensor([1.5], dtype=float64, device='cpu')
    """

    def __init__(
        self, t: Sequence[ArrayLike], c: ArrayLike, k: Any, *, extrapolate: bool | None = None
    ) -> None:
        _, c, *knots = floats("NdBSpline", c=c, **{f"t[{i}]": x for i, x in enumerate(t)})
        degrees = list(k) if isinstance(k, list | tuple) else [k] * len(knots)
        self.k = tuple(whole_in("NdBSpline", "k", degree) for degree in degrees)
        if c.ndim < len(knots) or len(self.k) != len(knots):
            got = f"c has shape {c.shape}, there are {len(knots)} vectors of knots and {len(self.k)} degrees"
            raise ShapeError(message("NdBSpline", got, "expected an axis for each"))
        for i, (x, degree) in enumerate(zip(knots, self.k, strict=True)):
            rising("NdBSpline", f"t[{i}]", x, strictly=False)
            if x.shape[0] - degree - 1 != c.shape[i] or c.shape[i] < degree + 1:
                got = f"t[{i}] has {x.shape[0]} entries, c has shape {c.shape}"
                raise ShapeError(message("NdBSpline", got, f"expected {c.shape[i] + degree + 1}"))
        self.t, self.c, self.extrapolate = tuple(knots), c, True if extrapolate is None else extrapolate

    def __call__(self, xi: ArrayLike, *, nu: Any = None, extrapolate: bool | None = None) -> Tensor:
        """Return the spline, or its derivative of order ``nu[i]`` along axis i, at points (..., d)."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        ndim = len(self.t)
        orders = [0] * ndim if nu is None else [whole_in("NdBSpline", "nu", i) for i in nu]
        if len(orders) != ndim or min(orders) < 0:
            raise ArgumentError(message("NdBSpline", f"nu is {nu!r}", f"expected {ndim} orders from 0"))
        xp, xi, _ = floats("NdBSpline", xi=xi, c=self.c)
        x, shape = rows_of("NdBSpline", xi, ndim), xi.shape[:-1]
        lost = xp.any(xp.isnan(x.detach()), axis=1)
        choices = []
        for i, (t, k) in enumerate(zip(self.t, self.k, strict=True)):
            column, n = x[:, i], t.shape[0] - k - 1
            at = locate(xp, t, column, k, n - 1)
            values = basis(xp, t, k, column, at, orders[i])
            choices.append([(at + (j - k), b) for j, b in enumerate(values)])
            if not extrapolate:
                lost = xp.logical_or(lost, outside(xp, column, t[k], t[n]))
        out = combined(xp, self.c, ndim, choices)
        out = xp.where(pieces(lost, out.ndim), math.nan, out)
        return xp.reshape(out, (*shape, *out.shape[1:]))  # type: ignore[no-any-return]


def interpn(
    points: Sequence[ArrayLike],
    values: ArrayLike,
    xi: Any,
    method: str = "linear",
    bounds_error: bool = True,
    fill_value: Any = math.nan,
) -> Tensor:
    """Return ``RegularGridInterpolator(points, values, ...)(xi)``, with its arguments, gradients and errors.

    SciPy's ``method="splinef2d"`` is not there.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.interpn(([0.0, 1.0],), [0.0, 2.0], [[0.25]])
    tensor([0.5], dtype=float64, device='cpu')
    """
    if method == "splinef2d":
        raise UnsupportedError(
            message("interpn", "method is 'splinef2d'", "use RectBivariateSpline, or 'cubic'")
        )
    return RegularGridInterpolator(points, values, method, bounds_error, fill_value)(xi)
