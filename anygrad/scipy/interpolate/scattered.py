"""Interpolation of scattered data: radial basis functions, triangles, the nearest point.

SciPy finds triangles and neighbours on the host; they have no derivative. What is computed with them is
written in anygrad's functions, and gradients flow to the points, the values and where it is evaluated.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from anygrad.devices import get_backend
from anygrad.errors import ArgumentError, ShapeError, UnsupportedError, message
from anygrad.op import ArrayLike
from anygrad.rules import whole_in
from anygrad.scipy.doors import beside
from anygrad.scipy.interpolate.data import floats, pieces
from anygrad.scipy.interpolate.grids import points_in
from anygrad.scipy.interpolate.lines import interp1d
from anygrad.tensors import Tensor

__all__ = ["LinearNDInterpolator", "NearestNDInterpolator", "RBFInterpolator", "griddata"]


def _with_log(xp: Any, s: Any) -> Any:
    return s * xp.log(s) / 2


KERNELS: dict[str, tuple[int, Any]] = {
    "linear": (0, lambda xp, s: -xp.sqrt(s)),
    "thin_plate_spline": (1, _with_log),
    "cubic": (1, lambda xp, s: s * xp.sqrt(s)),
    "quintic": (2, lambda xp, s: -s * s * xp.sqrt(s)),
    "multiquadric": (0, lambda xp, s: -xp.sqrt(s + 1)),
    "inverse_multiquadric": (-1, lambda xp, s: 1 / xp.sqrt(s + 1)),
    "inverse_quadratic": (-1, lambda xp, s: 1 / (s + 1)),
    "gaussian": (-1, lambda xp, s: xp.exp(-s)),
}
"""Each kernel's least degree of polynomial, and what it makes of squared distances."""
POWERS = ("linear", "thin_plate_spline", "cubic", "quintic")
"""Those that scale with the distance: zero at zero, where their gradient counts as zero too."""


class RBFInterpolator:
    """Interpolate scattered data by radial functions and a polynomial (Wahba 1990, equations 2.4.9 and on).

    ``y`` has shape (n, k), the points, ``d`` (n, ...), real or complex, ``smoothing`` is a number or one for
    each point. Kernels are SciPy's; those that do not scale need ``epsilon``. With ``neighbors`` each point
    of a call has a system of its own, of the nearest so many, which the host finds. Gradients flow to y, d,
    smoothing, epsilon and the points of a call; at a point of the data those of ``kernel="linear"`` count as
    zero in it. Raises ``ArgumentError`` and ``ShapeError`` for what does not fit.

    >>> import anygrad as ag
    >>> d = ag.tensor([0.0, 1.0, 4.0], requires_grad=True)
    >>> f = ag.scipy.interpolate.RBFInterpolator([[0.0], [1.0], [2.0]], d, kernel="cubic")
    >>> f([[1.5]]).sum().backward()
    >>> d.grad
    tensor([-0.09375,  0.6875 ,  0.40625], dtype=float64, device='cpu')
    """

    def __init__(
        self,
        y: ArrayLike,
        d: ArrayLike,
        neighbors: int | None = None,
        smoothing: ArrayLike = 0.0,
        kernel: str = "thin_plate_spline",
        epsilon: ArrayLike | None = None,
        degree: int | None = None,
    ) -> None:
        op = "RBFInterpolator"
        if kernel not in KERNELS:
            expected = f"expected {', '.join(map(repr, KERNELS))}"
            raise ArgumentError(message(op, f"kernel is {kernel!r}", expected))
        if epsilon is None and kernel not in POWERS:
            raise ArgumentError(message(op, "epsilon is None", f"kernel {kernel!r} needs one"))
        xp, y, d, smoothing, epsilon = floats(op, y=y, d=d, smoothing=smoothing, epsilon=epsilon)
        if y.ndim != 2 or not d.ndim or d.shape[0] != y.shape[0]:
            got = f"y has shape {y.shape}, d has shape {d.shape}"
            raise ShapeError(message(op, got, "expected (n, k) and (n, ...)"))
        n, ndim = y.shape
        least = KERNELS[kernel][0]
        degree = max(least, 0) if degree is None else whole_in(op, "degree", degree)
        if degree < -1:
            raise ArgumentError(message(op, f"degree is {degree}", "expected -1 or more"))
        combinations = itertools.combinations_with_replacement
        chosen = [c for size in range(degree + 1) for c in combinations(range(ndim), size)]
        self._powers = np.array([[c.count(i) for i in range(ndim)] for c in chosen]).reshape(-1, ndim)
        self.neighbors = None if neighbors is None else min(whole_in(op, "neighbors", neighbors), n)
        if len(chosen) > (n if self.neighbors is None else self.neighbors):
            got = f"there are {n} points" if self.neighbors is None else f"neighbors is {neighbors}"
            raise ArgumentError(message(op, got, f"degree {degree} needs {len(chosen)} or more"))
        self.y, self.d, self.kernel, self.epsilon = y, d, kernel, epsilon
        self.smoothing = xp.broadcast_to(smoothing, (n,))
        self._flat = xp.reshape(d, (n, math.prod(d.shape[1:])))
        if self.neighbors is None:
            self._solved = self._solve(xp, y, self._flat, self.smoothing)
        else:
            tree = get_backend("cpu").scipy_function("spatial", "cKDTree")
            self._tree = tree(y.xp.to_numpy(y.array))

    def _kernels(self, xp: Any, x: Tensor, y: Tensor) -> Tensor:
        """Return the kernel of each point of x, (..., m, k), with each of y, (..., n, k)."""
        step = xp.expand_dims(x, axis=-2) - xp.expand_dims(y, axis=-3)
        if self.epsilon is not None:
            step = step * self.epsilon
        square = xp.sum(step * step, axis=-1)
        apply = KERNELS[self.kernel][1]
        if self.kernel not in POWERS:
            return apply(xp, square)  # type: ignore[no-any-return]
        here = square == 0
        return xp.where(here, 0.0, apply(xp, xp.where(here, 1.0, square)))  # type: ignore[no-any-return]

    def _monomials(self, xp: Any, x: Tensor) -> Tensor:
        columns = []
        for powers in self._powers:
            term = xp.ones_like(x[..., 0])
            for i, power in enumerate(powers):
                for _ in range(power):
                    term = term * x[..., i]
            columns.append(term)
        return xp.stack(columns, axis=-1)  # type: ignore[no-any-return]

    def _solve(self, xp: Any, y: Tensor, d: Tensor, smoothing: Tensor) -> tuple[Tensor, ...]:
        """Return the middle and the extent of the points, and the coefficients of kernels and monomials."""
        n, wide = y.shape[-2], len(self._powers)
        high, low = xp.max(y.detach(), axis=-2, keepdims=True), xp.min(y.detach(), axis=-2, keepdims=True)
        middle, extent = (high + low) / 2, (high - low) / 2
        extent = xp.where(extent == 0, 1.0, extent)
        diagonal = xp.eye(n, dtype=y.dtype) * xp.expand_dims(smoothing, axis=-1)
        system = self._kernels(xp, y, y) + diagonal
        if wide:
            p = self._monomials(xp, (y - middle) / extent)
            corner = xp.zeros((*p.shape[:-2], wide, wide), dtype=y.dtype)
            right = xp.concat([xp.matrix_transpose(p), corner], axis=-1)
            system = xp.concat([xp.concat([system, p], axis=-1), right], axis=-2)
            d = xp.concat([d, xp.zeros((*d.shape[:-2], wide, d.shape[-1]), dtype=d.dtype)], axis=-2)
        return middle, extent, xp.linalg.solve(system.astype(d.dtype), d)

    def __call__(self, x: ArrayLike) -> Tensor:
        """Return the interpolant at points of shape (m, k)."""
        xp, x, _ = floats("RBFInterpolator", x=x, y=self.y)
        if x.ndim != 2 or x.shape[1] != self.y.shape[1]:
            got = f"x has shape {x.shape}"
            raise ShapeError(message("RBFInterpolator", got, f"expected (m, {self.y.shape[1]})"))
        if self.neighbors is None:
            out = self._value(xp, x, self.y, self._solved)
        else:
            _, found = self._tree.query(x.xp.to_numpy(x.array), self.neighbors)
            found = np.sort(found.reshape(x.shape[0], self.neighbors), axis=1)
            groups, which = np.unique(found, axis=0, return_inverse=True)
            at, mine = (beside(self.y, places) for places in (groups, which.reshape(-1)))
            y, d, s = (xp.take(z, at, axis=0) for z in (self.y, self._flat, self.smoothing))
            middle, extent, c = (xp.take(z, mine, axis=0) for z in self._solve(xp, y, d, s))
            near = xp.take(y, mine, axis=0)
            out = self._value(xp, xp.expand_dims(x, axis=1), near, (middle, extent, c))[:, 0]
        return xp.reshape(out, (x.shape[0], *self.d.shape[1:]))  # type: ignore[no-any-return]

    def _value(self, xp: Any, x: Tensor, y: Tensor, solved: tuple[Tensor, ...]) -> Tensor:
        middle, extent, c = solved
        columns = self._kernels(xp, x, y)
        if len(self._powers):
            columns = xp.concat([columns, self._monomials(xp, (x - middle) / extent)], axis=-1)
        return columns.astype(c.dtype) @ c


def _cloud(op: str, points: Any, values: Any) -> tuple[Any, Tensor, Tensor]:
    """Return points as a matrix and values of a row each; points may be a tuple of coordinates."""
    if isinstance(points, tuple):
        xp, values, *columns = floats(op, values=values, **{f"x[{i}]": x for i, x in enumerate(points)})
        points = xp.stack([xp.reshape(x, (-1,)) for x in columns], axis=1)
    xp, points, values = floats(op, points=points, values=values)
    if points.ndim != 2 or not values.ndim or values.shape[0] != points.shape[0]:
        got = f"points have shape {points.shape}, values have shape {values.shape}"
        raise ShapeError(message(op, got, "expected (n, k) and (n, ...)"))
    return xp, points, values


class LinearNDInterpolator:
    """Interpolate linearly over the triangles of scattered points (simplices, in more dimensions).

    ``points`` has shape (n, k) with k at least 2, or is a tuple of k coordinates; ``values`` (n, ...). What
    lies outside has ``fill_value``. SciPy finds the triangulation on the host, which has no derivative;
    gradients flow to points, values and the points of a call. With ``rescale`` the triangulation is that of
    points scaled to the unit cube.

    >>> import anygrad as ag
    >>> corners = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> ag.scipy.interpolate.LinearNDInterpolator(corners, [0.0, 1.0, 2.0])([[0.25, 0.5]])
    tensor([1.25], dtype=float64, device='cpu')
    """

    def __init__(
        self, points: Any, values: ArrayLike, fill_value: float = math.nan, rescale: bool = False
    ) -> None:
        _, self.points, self.values = _cloud("LinearNDInterpolator", points, values)
        self.fill_value = fill_value
        host = self.points.xp.to_numpy(self.points.array)
        self._shift = host.mean(axis=0) if rescale else np.zeros(host.shape[1])
        self._extent = np.ptp(host, axis=0) if rescale else np.ones(host.shape[1])
        self._extent[self._extent == 0] = 1
        found = get_backend("cpu").scipy_function("spatial", "Delaunay")
        self._triangles = found((host - self._shift) / self._extent)

    def __call__(self, *args: Any) -> Tensor:
        """Return the interpolant at points of shape (..., k), or at k arrays that broadcast."""
        op, ndim = "LinearNDInterpolator", self.points.shape[1]
        x, shape = points_in(op, args[0] if len(args) == 1 else args, ndim, self.values)
        xp = x.xp.tensors
        simplex = self._triangles.find_simplex((x.xp.to_numpy(x.array) - self._shift) / self._extent)
        corners = beside(x, self._triangles.simplices[np.maximum(simplex, 0)])
        lost = beside(x, simplex < 0)
        at = xp.take(self.points, corners, axis=0)
        inside = xp.where(pieces(lost, 2), at[:, 0].detach(), x)
        sides = xp.matrix_transpose(at[:, 1:] - at[:, :1])
        weights = xp.linalg.solve(sides, xp.expand_dims(inside - at[:, 0], axis=-1))[..., 0]
        weights = xp.concat([1 - xp.sum(weights, axis=1, keepdims=True), weights], axis=1)
        data = xp.take(self.values, corners, axis=0)
        out = xp.sum(xp.reshape(weights, (*weights.shape, *(1,) * (data.ndim - 2))) * data, axis=1)
        out = xp.where(pieces(lost, out.ndim), self.fill_value, out)
        return xp.reshape(out, (*shape, *out.shape[1:]))  # type: ignore[no-any-return]


class NearestNDInterpolator:
    """Return the value at the nearest of scattered points, which SciPy finds on the host.

    ``x`` has shape (n, k) or is a tuple of k coordinates, ``y`` (n, ...). Gradients flow to y.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.NearestNDInterpolator([[0.0, 0.0], [1.0, 1.0]], [3.0, 5.0])([[0.9, 0.8]])
    tensor([5.], dtype=float64, device='cpu')
    """

    def __init__(
        self, x: Any, y: ArrayLike, rescale: bool = False, tree_options: dict[str, Any] | None = None
    ) -> None:
        _, self.points, self.values = _cloud("NearestNDInterpolator", x, y)
        host = self.points.xp.to_numpy(self.points.array)
        self._shift = host.mean(axis=0) if rescale else np.zeros(host.shape[1])
        self._extent = np.ptp(host, axis=0) if rescale else np.ones(host.shape[1])
        self._extent[self._extent == 0] = 1
        tree = get_backend("cpu").scipy_function("spatial", "cKDTree")
        self._tree = tree((host - self._shift) / self._extent, **(tree_options or {}))

    def __call__(self, *args: Any, **query_options: Any) -> Tensor:
        """Return the values at points of shape (..., k), or at k arrays that broadcast."""
        op, ndim = "NearestNDInterpolator", self.points.shape[1]
        x, shape = points_in(op, args[0] if len(args) == 1 else args, ndim, self.values)
        xp, host = x.xp.tensors, (x.xp.to_numpy(x.array) - self._shift) / self._extent
        _, found = self._tree.query(host, **query_options)
        known = found < self.points.shape[0]
        out = xp.take(self.values, beside(x, np.where(known, found, 0)), axis=0)
        lost = beside(x, ~known)
        out = xp.where(pieces(lost, out.ndim), math.nan, out)
        return xp.reshape(out, (*shape, *out.shape[1:]))  # type: ignore[no-any-return]


def griddata(
    points: Any,
    values: ArrayLike,
    xi: Any,
    method: str = "linear",
    fill_value: float = math.nan,
    rescale: bool = False,
) -> Tensor:
    """Interpolate scattered data at ``xi``: linearly over triangles, or from the nearest point.

    Points in one dimension may be a vector, and are interpolated by ``interp1d``, ``'cubic'`` too; in more
    dimensions ``'cubic'`` is not there. Arguments, gradients and errors are those of LinearNDInterpolator.

    >>> import anygrad as ag
    >>> corners = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> ag.scipy.interpolate.griddata(corners, [0.0, 1.0, 2.0], [[0.25, 0.5]])
    tensor([1.25], dtype=float64, device='cpu')
    """
    if method not in ("linear", "nearest", "cubic"):
        raise ArgumentError(
            message("griddata", f"method is {method!r}", "expected 'linear', 'nearest' or 'cubic'")
        )
    points = points[0] if isinstance(points, tuple) and len(points) == 1 else points
    if not isinstance(points, tuple):
        xp, points = floats("griddata", points=points)
        if points.ndim < 2 or points.shape[-1] == 1:
            xi = xi[0] if isinstance(xi, tuple) else xi
            xp, points, xi = floats("griddata", points=points, xi=xi)
            points = xp.reshape(points, (-1,))
            fill: Any = "extrapolate" if method == "nearest" else fill_value
            return interp1d(points, values, method, axis=0, bounds_error=False, fill_value=fill)(xi)
    if method == "nearest":
        return NearestNDInterpolator(points, values, rescale=rescale)(xi)
    if method == "cubic":
        raise UnsupportedError(
            message("griddata", "method is 'cubic'", "in one dimension alone", "use 'linear'")
        )
    return LinearNDInterpolator(points, values, fill_value=fill_value, rescale=rescale)(xi)
