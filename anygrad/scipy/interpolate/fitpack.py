"""FITPACK's names, for splines that pass through the data: ``splrep`` and what evaluates what it returns.

Smoothing (``s`` above 0) chooses its knots from the data, and is not there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, UnsupportedError, message
from anygrad.op import ArrayLike
from anygrad.rules import whole_in
from anygrad.scipy.interpolate.data import floats, queries
from anygrad.scipy.interpolate.grids import NdBSpline
from anygrad.scipy.interpolate.splines import BSpline, make_interp_spline, make_lsq_spline
from anygrad.tensors import Tensor

__all__ = [
    "InterpolatedUnivariateSpline",
    "RectBivariateSpline",
    "splantider",
    "splder",
    "splev",
    "splint",
    "splrep",
]

Spline = Any


def splrep(
    x: ArrayLike,
    y: ArrayLike,
    w: ArrayLike | None = None,
    xb: float | None = None,
    xe: float | None = None,
    k: int = 3,
    task: int = 0,
    s: float | None = None,
    t: ArrayLike | None = None,
    full_output: int = 0,
    per: int = 0,
    quiet: int = 1,
) -> tuple[Tensor, Tensor, int]:
    """Return knots, coefficients and degree of the spline through data, or that fits it over knots.

    ``x`` and ``y`` have n entries each; ``task=-1`` with inner knots ``t`` fits, with weights ``w``.
    Gradients flow to x, y, w and t. As in SciPy k + 1 zeros follow the coefficients. Raises ``ArgumentError``
    for ``s`` above 0, weights without ``task=-1``, ``full_output``, ``per`` and limits ``xb`` and ``xe``.

    >>> import anygrad as ag
    >>> f = ag.scipy.interpolate.splrep([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 8.0, 27.0])
    >>> ag.scipy.interpolate.splev(1.5, f)
    tensor(3.375, dtype=float64, device='cpu')
    """
    fits = task == -1 and t is not None
    asked = {"xb": xb, "xe": xe, "full_output": full_output, "per": per, "s": s}
    refused = [name for name, value in asked.items() if value]
    refused += ["task"] if task not in (0, -1) or (task == -1) != fits else []
    refused += ["w without s=0 and t"] if w is not None and not fits else []
    if refused:
        got = f"{refused[0]} is given"
        raise UnsupportedError(message("splrep", got, "this spline passes through the data", "leave it out"))
    xp, x, y, t, w = floats("splrep", x=x, y=y, t=t, w=w)
    if fits:
        knots = xp.concat([x[:1]] * (k + 1) + [t] + [x[-1:]] * (k + 1))
        found = make_lsq_spline(x, y, knots, k, w)
    else:
        found = make_interp_spline(x, y, k)
    zeros = xp.zeros((found.k + 1,), dtype=found.c.dtype)
    return found.t, xp.concat([found.c, zeros]), found.k


def _of(tck: Spline) -> BSpline:
    return tck if isinstance(tck, BSpline) else BSpline(*tck)


def _padded(f: BSpline) -> tuple[Tensor, Tensor, int]:
    xp = f.c.xp.tensors
    return f.t, xp.concat([f.c, xp.zeros((f.k + 1, *f.c.shape[1:]), dtype=f.c.dtype)]), f.k


def splev(x: ArrayLike, tck: Spline, der: int = 0, ext: int = 0) -> Tensor:
    """Return a spline, or its derivative of order ``der``, at points of any shape.

    ``tck`` are knots, coefficients and degree, or a BSpline. Outside: ``ext`` 0 extrapolates, 1 gives 0, 2 is
    an error, for which the points are read, 3 gives the value at the end. Gradients flow to x and tck.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.splev([0.5], ([0.0, 0.0, 1.0, 1.0], [0.0, 2.0], 1))
    tensor([1.], dtype=float64, device='cpu')
    """
    if ext not in (0, 1, 2, 3):
        raise ArgumentError(message("splev", f"ext is {ext!r}", "expected 0, 1, 2 or 3"))
    f = _of(tck)
    x = queries("splev", x, f.c)
    xp = x.xp.tensors
    low, high = f.t[f.k], f.t[f.t.shape[0] - f.k - 1]
    if ext == 0:
        return f(x, der, extrapolate=True)
    inside = xp.minimum(xp.maximum(x, low), high)
    if ext == 3:
        return f(xp.where(x.detach() < low.detach(), low, xp.where(x.detach() > high.detach(), high, x)), der)
    away = xp.logical_or(x.detach() < low.detach(), x.detach() > high.detach())
    if ext == 2 and np.any(x.xp.to_numpy(away.array)):
        raise ArgumentError(message("splev", "points lie outside the knots", "pass another ext"))
    return xp.where(away, 0.0, f(xp.where(away, inside.detach(), x), der))  # type: ignore[no-any-return]


def splint(a: ArrayLike, b: ArrayLike, tck: Spline, full_output: int = 0) -> Tensor:
    """Return the integral of a spline from a to b, outside whose knots it is zero.

    Gradients flow to a, b and tck. Raises ``UnsupportedError`` for ``full_output``.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.splint(0.0, 1.0, ([0.0, 0.0, 1.0, 1.0], [0.0, 2.0], 1))
    tensor(1., dtype=float64, device='cpu')
    """
    if full_output:
        raise UnsupportedError(message("splint", "full_output is given", "leave it out"))
    return _of(tck).integrate(a, b, extrapolate=False)


def splder(tck: Spline, n: int = 1) -> Spline:
    """Return the derivative of order n as a spline, of the kind that was given; gradients flow to tck.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.splder(([0.0, 0.0, 1.0, 1.0], [0.0, 2.0], 1))[1]
    tensor([2., 0.], dtype=float64, device='cpu')
    """
    n = whole_in("splder", "n", n)
    found = _of(tck).derivative(n) if n >= 0 else _of(tck).antiderivative(-n)
    return found if isinstance(tck, BSpline) else _padded(found)


def splantider(tck: Spline, n: int = 1) -> Spline:
    """Return the antiderivative of order n as a spline, of the kind that was given; gradients flow to tck.

    >>> import anygrad as ag
    >>> ag.scipy.interpolate.splantider(([0.0, 0.0, 1.0, 1.0], [0.0, 2.0], 1))[1]
    tensor([0., 0., 1., 0., 0., 0.], dtype=float64, device='cpu')
    """
    return splder(tck, -whole_in("splantider", "n", n))


class InterpolatedUnivariateSpline:
    """The spline of degree k through data, under the name of FITPACK's classes.

    ``x`` has n entries that ascend, ``y`` n. ``ext`` is as of ``splev``, by number or name
    (``'extrapolate'``, ``'zeros'``, ``'raise'``, ``'const'``). Weights ``w`` are not needed by what passes
    through all data. Gradients flow to x, y and the points of a call. Raises ``UnsupportedError`` for a
    ``bbox``.

    >>> import anygrad as ag
    >>> f = ag.scipy.interpolate.InterpolatedUnivariateSpline([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 8.0, 27.0])
    >>> f(1.5)
    tensor(3.375, dtype=float64, device='cpu')
    """

    NAMES = ("extrapolate", "zeros", "raise", "const")

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        w: ArrayLike | None = None,
        bbox: Any = (None, None),
        k: int = 3,
        ext: int | str = 0,
        check_finite: bool = False,
    ) -> None:
        if any(end is not None for end in bbox):
            raise UnsupportedError(
                message("InterpolatedUnivariateSpline", f"bbox is {bbox!r}", "leave it out")
            )
        self._spline = make_interp_spline(x, y, k, check_finite=check_finite)
        self.ext = self._number(ext)

    def _number(self, ext: Any) -> int:
        return self.NAMES.index(ext) if ext in self.NAMES else ext

    def __call__(self, x: ArrayLike, nu: int = 0, ext: int | str | None = None) -> Tensor:
        """Return the spline, or its derivative of order ``nu``, at points of any shape."""
        return splev(x, self._spline, nu, self.ext if ext is None else self._number(ext))

    def get_knots(self) -> Tensor:
        """Return the knots without those that repeat the ends."""
        k = self._spline.k
        return self._spline.t[k : self._spline.t.shape[0] - k]

    def get_coeffs(self) -> Tensor:
        """Return the coefficients."""
        return self._spline.c

    def integral(self, a: ArrayLike, b: ArrayLike) -> Tensor:
        """Return the integral from a to b; outside the data the spline is zero."""
        return splint(a, b, self._spline)

    def derivatives(self, x: ArrayLike) -> Tensor:
        """Return the spline and all its derivatives at a point."""
        found = [self(x, nu) for nu in range(self._spline.k + 1)]
        return found[0].xp.tensors.stack(found)  # type: ignore[no-any-return]


class RectBivariateSpline:
    """The product of splines through data on a rectangular grid: ``z`` of shape (m, n) at ``x`` and ``y``.

    Gradients flow to x, y, z and the points of a call; outside the grid the nearest point of its edge counts,
    as in SciPy. Raises ``UnsupportedError`` for ``bbox`` and for ``s`` above 0.

    >>> import anygrad as ag
    >>> x = ag.linspace(0.0, 1.0, 4)
    >>> f = ag.scipy.interpolate.RectBivariateSpline(x, x, x[:, None] * x)
    >>> f.ev(0.5, 0.25)
    tensor(0.125, dtype=float64, device='cpu')
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        z: ArrayLike,
        bbox: Any = (None, None, None, None),
        kx: int = 3,
        ky: int = 3,
        s: float = 0,
        maxit: int = 20,
    ) -> None:
        op = "RectBivariateSpline"
        if s or any(end is not None for end in bbox):
            raise UnsupportedError(message(op, f"s is {s!r}, bbox is {bbox!r}", "expected s=0 and no bbox"))
        first = make_interp_spline(x, z, kx)
        xp, rows, _ = floats(op, z=first.c, y=y)
        second = make_interp_spline(y, rows, ky, axis=1)
        self._spline = NdBSpline([first.t, second.t], xp.matrix_transpose(second.c), (kx, ky))

    def ev(self, xi: ArrayLike, yi: ArrayLike, dx: int = 0, dy: int = 0) -> Tensor:
        """Return the spline, or a derivative, at points whose coordinates broadcast."""
        points, c = [], self._spline.c
        for x, t, k in zip((xi, yi), self._spline.t, self._spline.k, strict=True):
            x = queries("RectBivariateSpline", x, c)
            xp, now, low, high = x.xp.tensors, x.detach(), t[k], t[t.shape[0] - k - 1]
            inside = xp.where(now < low.detach(), low, xp.where(now > high.detach(), high, x))
            points.append(inside)
        return self._spline(xp.stack(xp.broadcast_arrays(*points), axis=-1), nu=(dx, dy))

    def __call__(self, x: ArrayLike, y: ArrayLike, dx: int = 0, dy: int = 0, grid: bool = True) -> Tensor:
        """Return the spline, or a derivative, on the grid of two vectors, or at points where not ``grid``."""
        if not grid:
            return self.ev(x, y, dx, dy)
        x, y = (
            queries("RectBivariateSpline", x, self._spline.c),
            queries("RectBivariateSpline", y, self._spline.c),
        )
        xp = x.xp.tensors
        return self.ev(xp.expand_dims(xp.reshape(x, (-1,)), axis=1), xp.reshape(y, (-1,)), dx, dy)
