"""Least squares: fits by SciPy, in the graph by the gradient of the cost, which is zero there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.jacobians import jacobian
from anygrad.op import ArrayLike
from anygrad.scipy.doors import OnHost, floating, given, reals
from anygrad.scipy.implied import dense, implied
from anygrad.scipy.optimize.driving import Asked, host
from anygrad.scipy.optimize.minima import limits, stationary
from anygrad.tensors import Tensor, asarray
from anygrad.transforms import grad

__all__ = ["curve_fit", "least_squares", "nnls"]

optimize = OnHost("optimize")
Function = Callable[..., Any]


def _loss(xp: Any, name: str, z: Any) -> Any:
    """Return SciPy's loss of squared residuals."""
    if name == "linear":
        return z
    if name == "soft_l1":
        return 2 * (xp.sqrt(1 + z) - 1)
    if name == "huber":
        small = z <= 1
        return xp.where(small, z, 2 * xp.sqrt(xp.where(small, xp.ones_like(z), z)) - 1)
    if name == "cauchy":
        return xp.log1p(z)
    if name == "arctan":
        return xp.atan(z)
    expected = "expected 'linear', 'soft_l1', 'huber', 'cauchy' or 'arctan'"
    raise ArgumentError(message("least_squares", f"loss is {name!r}", expected))


def _pairs(bounds: Any, n: int) -> Any:
    """Return bounds as a pair for each variable; None where they are infinite."""
    if hasattr(bounds, "lb"):
        return bounds
    low, high = bounds
    if all(not isinstance(side, Tensor) and np.all(np.isinf(side)) for side in (low, high)):
        return None
    sides = [side if hasattr(side, "shape") or np.ndim(side) else np.full(n, side) for side in (low, high)]
    return _Sides(*sides)


class _Sides:
    """Bounds as SciPy's ``Bounds`` has them, of tensors."""

    def __init__(self, lb: Any, ub: Any) -> None:
        self.lb, self.ub = lb, ub


def least_squares(
    fun: Function,
    x0: Any,
    jac: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: str = "trf",
    ftol: float | None = 1e-8,
    xtol: float | None = 1e-8,
    gtol: float | None = 1e-8,
    x_scale: Any = None,
    loss: str = "linear",
    f_scale: float = 1.0,
    *,
    max_nfev: int | None = None,
    verbose: int = 0,
    args: Any = (),
    kwargs: Any = None,
    **options: Any,
) -> Any:
    """Return SciPy's result for the x that makes residuals ``fun(x, *args, **kwargs)`` smallest.

    ``fun`` takes a tensor, a vector, and returns one of residuals. ``x``, ``fun`` and ``cost`` are tensors in
    the graph; the Jacobian is anygrad's unless ``jac`` is a function of its own. Differentiable as
    ``minimize``, with the whole Hessian of the cost, in the bounds too, which may be tensors. ``loss`` is one
    of SciPy's by name.

    >>> import anygrad as ag
    >>> def solved(a):
    ...     return ag.scipy.optimize.least_squares(lambda x: x * ag.asarray([1.0, 2.0]) - a, ag.zeros(1)).x[0]
    >>> ag.grad(solved)(ag.asarray([5.0, 5.0]))
    tensor([0.2, 0.4], dtype=float64, device='cpu')
    """
    x0 = x0 if isinstance(x0, Tensor) else np.atleast_1d(np.asarray(x0))
    named = kwargs or {}
    own = (lambda x, *more: jac(x, *more, **named)) if callable(jac) else jac
    asked = Asked("least_squares", lambda x, *more: fun(x, *more, **named), x0, args, own)
    if asked.dtype.kind == "c":
        raise DtypeError(message("least_squares", f"x0 has dtype {asked.dtype}", "expected real numbers"))
    start, xp = host(x0).reshape(-1), asked.backend.tensors
    sides = limits("least_squares", asked, _pairs(bounds, start.size), start.shape)

    def cost(x: Tensor) -> Tensor:
        residuals = asked(x) / f_scale
        return 0.5 * f_scale**2 * xp.sum(_loss(xp, loss, residuals * residuals))

    if x_scale is not None:
        options["x_scale"] = x_scale
    found = optimize.least_squares(
        asked.on_host(lambda x: xp.reshape(asked(x), (-1,))),
        start,
        jac=asked.slope(jacobian(lambda x: xp.reshape(asked(x), (-1,)))),
        bounds=(-np.inf, np.inf) if sides is None else tuple(host(side) for side in sides),
        method=method,
        ftol=ftol,
        xtol=xtol,
        gtol=gtol,
        loss=loss,
        f_scale=f_scale,
        max_nfev=max_nfev,
        verbose=verbose,
        **options,
    )
    x = found.x if sides is None else _at_bounds(found.x, found.active_mask, sides)
    found.x = asked.point(x)
    if not asked.plain:
        found.x = implied("least_squares", stationary(grad(cost), sides), found.x, dense)
    found.fun, found.cost = asked(found.x), cost(found.x)
    return found


def _at_bounds(x: Any, mask: Any, sides: Any) -> Any:
    """Return a solution with active variables at their bounds, which SciPy keeps them off."""
    low, high = (host(side) for side in sides)
    return np.where(mask < 0, low, np.where(mask > 0, high, x))


def curve_fit(
    f: Function,
    xdata: Any,
    ydata: ArrayLike,
    p0: Any = None,
    sigma: ArrayLike | None = None,
    absolute_sigma: bool = False,
    check_finite: bool | None = None,
    bounds: Any = (-np.inf, np.inf),
    method: str | None = None,
    jac: Any = None,
    *,
    full_output: bool = False,
    **options: Any,
) -> tuple[Any, ...]:
    """Return the parameters that fit ``f(xdata, *p)`` to ``ydata``, and an estimate of their covariance.

    ``f`` takes tensors and returns one of ydata's shape, or a list of such without axes; ``sigma`` is a
    vector of deviations or a covariance matrix. Both results are tensors, differentiable to any order in
    xdata, ydata, sigma and whatever else ``f`` reads: as ``least_squares``, through which it goes, to a
    tolerance of 1e-12. p0 is all ones where it is not given. The covariance is inf where the Jacobian has not
    full rank, and has then no gradient. With ``full_output`` there follow a dictionary (``fvec``, ``nfev``),
    a message and a status.

    >>> import anygrad as ag
    >>> x, y = ag.asarray([0.0, 1.0, 2.0]), ag.asarray([1.0, 3.0, 5.0])
    >>> ag.scipy.optimize.curve_fit(lambda x, a, b: a * x + b, x, y)[0]
    tensor([2., 1.], dtype=float64, device='cpu')
    """
    given_x = xdata if isinstance(xdata, Tensor) else np.asarray(xdata, dtype=np.float64)
    xp, x, y, sigma = given("curve_fit", xdata=given_x, ydata=ydata, sigma=sigma)
    y = xp.reshape(y, (-1,))
    if p0 is None:
        p0 = np.ones(len(inspect.signature(f).parameters) - 1)
    start = xp.reshape(floating(asarray(p0, device=y.xp.name)), (-1,))
    if sigma is not None and sigma.shape not in ((y.size,), (y.size, y.size)):
        got = f"sigma has shape {sigma.shape}, ydata has {y.size} entries"
        raise ShapeError(message("curve_fit", got, "expected as many, or a square matrix"))
    factor = xp.linalg.cholesky(sigma) if sigma is not None and sigma.ndim == 2 else None
    asked = Asked("curve_fit", lambda p: f(x, *(p[i] for i in range(p.shape[0]))), start, ())

    def residuals(p: Tensor) -> Tensor:
        rest = xp.reshape(asked(p), (-1,)) - y
        if factor is not None:
            return xp.linalg.solve_triangular(factor, rest, upper=False)
        return rest if sigma is None else rest / sigma

    bounded = _pairs(bounds, start.size) is not None
    tight = {"ftol": 1e-12, "xtol": 1e-12, "gtol": 1e-12} | options
    method = method or ("trf" if bounded else "lm")
    found = least_squares(residuals, start, bounds=bounds, method=method, **tight)
    if not found.success:
        raise RuntimeError(message("curve_fit", f"no fit was found: {found.message}"))
    more = ({"fvec": found.fun, "nfev": found.nfev}, found.message, found.status) if full_output else ()
    m, n = y.size, start.size
    slopes = jacobian(residuals)(found.x)
    if int(np.linalg.matrix_rank(host(slopes))) < n or (not absolute_sigma and m <= n):
        return found.x, xp.full((n, n), np.inf, dtype=found.x.dtype), *more
    covariance = xp.linalg.inv(xp.matrix_transpose(slopes) @ slopes)
    if not absolute_sigma:
        covariance = covariance * (2 * found.cost / (m - n))
    return found.x, covariance, *more


def nnls(A: ArrayLike, b: ArrayLike, *, maxiter: int | None = None) -> tuple[Tensor, Tensor]:
    """Return the x that is nowhere negative and makes ``norm(A @ x - b)`` smallest, and that norm.

    A is (m, n), b (m,). SciPy finds on the host which entries are not zero; these solve their least squares
    problem, on every device. Differentiable to any order in A and b while none changes from or to zero.

    >>> import anygrad as ag
    >>> ag.scipy.optimize.nnls(ag.asarray([[1.0, 0.0], [0.0, 1.0]]), ag.asarray([2.0, -1.0]))[0]
    tensor([2., 0.], dtype=float64, device='cpu')
    """
    xp, a, b = reals("nnls", A=A, b=b)
    found, _ = optimize.nnls(host(a), host(b), maxiter=maxiter)
    places = np.flatnonzero(found > 0)
    chosen = np.zeros((len(found), len(places)))
    chosen[places, np.arange(len(places))] = 1.0
    spread = asarray(chosen, device=a.xp.name, dtype=a.dtype)
    x = spread @ xp.linalg.lstsq(a @ spread, b).solution if len(places) else xp.zeros_like(a[0] * 0.0)
    return x, xp.linalg.vector_norm(a @ x - b)
