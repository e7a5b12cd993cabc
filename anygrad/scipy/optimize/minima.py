"""Minima: SciPy finds them with anygrad's gradients, and these, zero there, put them into the graph.

Within bounds it is the projected step, ``x - clip(x - gradient, low, high)``, that is zero (Blondel et al.
2022, Efficient and Modular Implicit Differentiation, 2.2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, DtypeError, ShapeError, UnsupportedError, message
from anygrad.graph import GRAD_MODE
from anygrad.jacobians import hessian, hvp
from anygrad.scipy.doors import OnHost
from anygrad.scipy.implied import Outside, dense, implied
from anygrad.scipy.optimize.driving import Asked, as_args, host
from anygrad.tensors import Tensor, asarray
from anygrad.transforms import grad

__all__ = ["minimize", "minimize_scalar"]

optimize = OnHost("optimize")
Function = Callable[..., Any]

SLOPELESS = ("nelder-mead", "powell", "cobyla", "cobyqa")
CURVED = ("dogleg", "trust-ncg", "trust-exact", "trust-krylov", "newton-cg", "trust-constr")
DENSE = ("dogleg", "trust-exact")


def limits(op: str, asked: Asked, bounds: Any, shape: tuple[int, ...]) -> tuple[Any, Any] | None:
    """Return lower and upper bounds as tensors; None where there are none.

    ``bounds`` are SciPy's ``Bounds``, or a pair for each variable, None for infinity.
    """
    if bounds is None:
        return None
    if hasattr(bounds, "lb"):
        sides = bounds.lb, bounds.ub
    else:
        pairs = [(-np.inf if a is None else a, np.inf if b is None else b) for a, b in bounds]
        if len(pairs) != int(np.prod(shape)):
            got = f"{len(pairs)} bounds are given for {int(np.prod(shape))} variables"
            raise ArgumentError(message(op, got, "expected a pair for each"))
        sides = [p[0] for p in pairs], [p[1] for p in pairs]
    xp = asked.backend.tensors
    made = (asarray(side, device=asked.backend.name).astype(asked.dtype) for side in sides)
    low, high = (xp.broadcast_to(side, shape) for side in made)
    return low, high


def stationary(slope: Function, sides: tuple[Any, Any] | None) -> Function:
    """Return what is zero at a minimum of a function with this gradient."""
    if sides is None:
        return slope

    def step(x: Tensor) -> Tensor:
        xp = x.xp.tensors
        below = x - slope(x)
        inside = (below > sides[0]) & (below < sides[1])
        nearest = xp.where(below >= sides[1], sides[1], sides[0])
        return x - xp.where(inside, below, nearest)

    return step


class _Number(Asked):
    """A function of tensors that returns one number, without axes or with."""

    def value(self, found: Any, x: Tensor) -> Tensor:
        """Return what was found at x as a tensor without axes."""
        if isinstance(found, tuple):
            advice = "expected one number", "pass jac=True where it returns its gradient too"
            raise ArgumentError(message(self.op, f"the function returned {len(found)} results", *advice))
        out = super().value(found, x)
        if out.size != 1:
            got = f"the function returned shape {out.shape}"
            raise ShapeError(message(self.op, got, "expected one number"))
        return out.xp.tensors.reshape(out, ())


def minimize(
    fun: Function,
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """Return SciPy's result for a minimum of ``fun(x, *args)``; ``x`` and ``fun`` are in the graph.

    ``fun`` takes a tensor of x0's dtype, a vector, on the device of x0 and of the arguments (pytrees), and
    returns one of one entry. SciPy's method runs on the host with the gradients of ``fun``, Hessians where
    it uses them. ``jac`` need not be given; where it is, as a function, as "2-point", or as True for a
    ``fun`` that returns a pair, the method's gradients are from it. ``hess`` and ``hessp`` are not called. x
    is differentiable to any order in all tensors that ``fun`` reads, arguments or not, and in ``bounds``, by
    the implicit function theorem, one dense system with the Hessian (NaN or ``LinAlgError`` where that is
    singular); not in x0. The gradient is as exact as the minimum: ask for a small ``tol``.

    ``GradientDtypeError`` is raised where ``fun`` returns a number or an array that is no tensor and the
    method needs its gradient; without gradients such a minimum is found and is in no graph. ``constraints``
    raise ``UnsupportedError`` where a gradient is tracked.

    >>> import anygrad as ag
    >>> def solved(a):
    ...     f = lambda x: ag.sum((x - a) ** 2 + x**4)
    ...     return ag.scipy.optimize.minimize(f, ag.zeros(1), tol=1e-10).x[0]
    >>> ag.grad(solved)(3.0)
    tensor(0.14285714, dtype=float64, device='cpu')
    """
    x0 = x0 if isinstance(x0, Tensor) else np.atleast_1d(np.asarray(x0))
    asked = _Number("minimize", fun, x0, args, jac)
    if asked.dtype.kind == "c":
        raise DtypeError(message("minimize", f"x0 has dtype {asked.dtype}", "expected real numbers"))
    start = host(x0).reshape(-1)
    sides = limits("minimize", asked, bounds, start.shape)
    slope = grad(asked)
    value = asked.on_host()
    given: dict[str, Any] = {}
    name = method.lower() if isinstance(method, str) else ""
    if name not in SLOPELESS:
        given["jac"] = asked.slope(slope)
    if name in DENSE:
        given["hess"] = asked.on_host(hessian(asked))
    elif name in CURVED:
        given["hessp"] = _products(asked)
    if sides is not None:
        given["bounds"] = optimize.Bounds(*(host(side) for side in sides))
    if constraints:
        _refuse(asked, start, sides)
        given["constraints"] = constraints
    pair = asked.on_host(asked.pair)
    found = optimize.minimize(
        pair if given.get("jac") is True else lambda x: float(value(x)),
        start,
        method=method,
        tol=tol,
        callback=callback,
        options=options,
        **given,
    )
    x = asked.point(found.x)
    bare = constraints or asked.plain
    found.x = x if bare else implied("minimize", stationary(slope, sides), x, dense)
    found.fun = asked(found.x)
    return found


def _products(asked: Asked) -> Function:
    """Return products of the Hessian with vectors, as SciPy calls them."""
    product = hvp(asked)

    def called(x: Any, v: Any, *_: Any) -> Any:
        token = GRAD_MODE.set(False)
        try:
            return host(product(asked.point(x), asked.point(v)))
        finally:
            GRAD_MODE.reset(token)

    return called


def _refuse(asked: Asked, start: Any, sides: Any) -> None:
    """Raise where a gradient would be lost that a constrained minimum has none of."""
    outside = Outside(asked.op)
    if GRAD_MODE.get():
        outside.watch(asked, asked.point(start))
    if outside.likes or any(side.requires_grad for side in sides or ()):
        advice = "minimise a penalty, or detach what the function reads"
        raise UnsupportedError(
            message(asked.op, "constraints are given, and a gradient is tracked", "there is none", advice)
        )


def minimize_scalar(
    fun: Function,
    bracket: Any = None,
    bounds: Any = None,
    args: Any = (),
    method: str | None = None,
    tol: float | None = None,
    options: Any = None,
) -> Any:
    """Return SciPy's result for a minimum of a function of one variable; ``x`` and ``fun`` are in the graph.

    ``fun`` takes a tensor without axes, on the device of the arguments and bounds, and returns one. Methods
    of SciPy's find a minimum to the root of the precision, which is then improved by steps of Newton's.
    Differentiable as ``minimize``, in the bounds too, where the minimum is at one.

    >>> import anygrad as ag
    >>> ag.grad(lambda a: ag.scipy.optimize.minimize_scalar(lambda x: (x - a) ** 2).x)(3.0)
    tensor(1., dtype=float64, device='cpu')
    """
    asked = Asked("minimize_scalar", fun, np.float64(0), (*as_args(args), *(bounds or ())))
    asked.args = as_args(args)
    value = asked.on_host()
    ends = None if bounds is None else [float(host(end)) for end in bounds]
    brackets = None if bracket is None else [float(host(end)) for end in bracket]
    found = optimize.minimize_scalar(
        lambda x: float(value(x)), brackets, ends, (), method, tol=tol, options=options
    )
    slope = grad(asked)
    sides: Any = None
    if bounds is not None:
        sides = tuple(asarray(end, device=asked.backend.name).astype(asked.dtype) for end in bounds)
    if asked.plain:
        found.x = asked.point(found.x)
    else:
        x = asked.point(_polished(asked, slope, float(found.x), ends))
        found.x = implied("minimize_scalar", stationary(slope, sides), x, dense)
    found.fun = asked(found.x)
    return found


def _polished(asked: Asked, slope: Function, x: float, ends: Any) -> float:
    """Return a minimum after steps of Newton's, none of which goes far or out of bounds."""
    first, second = asked.on_host(slope), asked.on_host(grad(slope))
    reach = 1e-4 * max(1.0, abs(x))
    if ends is not None:
        for end, sign in zip(ends, (1, -1), strict=True):
            if abs(x - end) <= 1e-3 * (ends[1] - ends[0]) and sign * float(first(end)) >= 0:
                return float(end)
    for _ in range(3):
        curve = float(second(x))
        step = float(first(x)) / curve if curve > 0 else 0.0
        if not abs(step) < reach:
            break
        x -= step
    return x
