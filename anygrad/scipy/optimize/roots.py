"""Roots and fixed points: SciPy finds them, and the function that is zero there puts them into the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, DtypeError, message
from anygrad.jacobians import jacobian
from anygrad.scipy.doors import OnHost
from anygrad.scipy.implied import dense, diagonal, implied
from anygrad.scipy.optimize.driving import Asked, host
from anygrad.tensors import Tensor
from anygrad.transforms import elementwise_grad, grad

__all__ = [
    "bisect",
    "brenth",
    "brentq",
    "fixed_point",
    "newton",
    "ridder",
    "root",
    "root_scalar",
    "toms748",
]

optimize = OnHost("optimize")
Function = Callable[..., Any]


def _no_complex(op: str, asked: Asked) -> None:
    if asked.dtype.kind == "c":
        raise DtypeError(message(op, f"x0 has dtype {asked.dtype}", "expected real numbers"))


def root(
    fun: Function,
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """Return SciPy's result for a root of ``fun(x, *args)``; its ``x`` and ``fun`` are in the graph.

    ``fun`` takes a tensor of x0's dtype on the device of x0 and of the arguments (pytrees), and returns one
    as long, or a list. SciPy's solver runs on the host, with the Jacobian of ``fun`` for "hybr" and "lm"
    unless ``jac`` is a function of its own, or True for a ``fun`` that returns a pair. x is differentiable to
    any order in all tensors that ``fun`` reads, arguments or not, by the implicit function theorem (Blondel
    et al. 2022), one dense system; not in x0. The gradient is as exact as the root.

    >>> import anygrad as ag
    >>> def solved(a):
    ...     return ag.scipy.optimize.root(lambda x: x * x - a, ag.ones(2)).x
    >>> ag.jacobian(solved)(ag.asarray([4.0, 9.0]))
    tensor([[0.25      , 0.        ],
            [0.        , 0.16666667]], dtype=float64, device='cpu')
    """
    asked = Asked("root", fun, x0, args, jac)
    _no_complex("root", asked)
    slopes = asked.slope(jacobian(asked)) if method in ("hybr", "lm") else None
    call = asked.on_host(asked.pair if slopes is True else None)
    found = optimize.root(
        call, host(x0), method=method, jac=slopes, tol=tol, callback=callback, options=options
    )
    found.x = implied("root", asked, asked.point(found.x), dense)
    found.fun = asked(found.x)
    return found


# ---------------------------------------------------------------- one variable


def _scalar(op: str, asked: Asked, x: Any) -> Tensor:
    return implied(op, asked, asked.point(x), diagonal)


def _bracketed(name: str) -> Function:
    """Return a bracketing solver of SciPy's, of a function of tensors."""

    def solver(f: Function, a: Any, b: Any, args: Any = (), **options: Any) -> Any:
        asked = Asked(name, f, np.float64(0), args)
        call = asked.on_host()
        found = getattr(optimize, name)(lambda x: float(call(x)), float(host(a)), float(host(b)), **options)
        if isinstance(found, tuple):
            found[1].root = _scalar(name, asked, found[0])
            return found[1].root, found[1]
        return _scalar(name, asked, found)

    solver.__name__ = solver.__qualname__ = name
    solver.__doc__ = f"""Return a root of ``f(x, *args)`` between a and b, by SciPy's ``{name}``.

    ``f`` takes a tensor without axes, on the device of the arguments, and returns one. Differentiable to any
    order in all tensors that ``f`` reads, arguments or not, by the implicit function theorem; where the slope
    of ``f`` is zero the gradient is infinite.

    >>> import anygrad as ag
    >>> ag.grad(lambda a: ag.scipy.optimize.{name}(lambda x: x**2 - a, 0.0, 9.0))(4.0)
    tensor(0.25, dtype=float64, device='cpu')
    """
    return solver


bisect, brenth, brentq, ridder, toms748 = map(_bracketed, ("bisect", "brenth", "brentq", "ridder", "toms748"))


def root_scalar(
    f: Function,
    args: Any = (),
    method: str | None = None,
    bracket: Any = None,
    fprime: Any = None,
    fprime2: Any = None,
    x0: Any = None,
    x1: Any = None,
    **options: Any,
) -> Any:
    """Return SciPy's result for a root of a function of one variable; its ``root`` is a tensor in the graph.

    As ``brentq``. The methods "newton" and "halley" are handed derivatives of ``f``; ``fprime`` and
    ``fprime2`` need not be given, and are not called.

    >>> import anygrad as ag
    >>> ag.grad(lambda a: ag.scipy.optimize.root_scalar(lambda x: x**2 - a, x0=1.0, fprime=True).root)(4.0)
    tensor(0.25, dtype=float64, device='cpu')
    """
    asked = Asked("root_scalar", f, np.float64(0), args)
    needs = (fprime, method in ("newton", "halley")), (fprime2, method == "halley")
    first, second = (bool(given) or needed for given, needed in needs)
    call, slope = asked.on_host(), asked.on_host(grad(asked))
    curve = asked.on_host(grad(grad(asked)))
    found = optimize.root_scalar(
        lambda x: float(call(x)),
        method=method,
        bracket=None if bracket is None else [float(host(end)) for end in bracket],
        fprime=(lambda x: float(slope(x))) if first or second else None,
        fprime2=(lambda x: float(curve(x))) if second else None,
        x0=None if x0 is None else float(host(x0)),
        x1=None if x1 is None else float(host(x1)),
        **options,
    )
    found.root = _scalar("root_scalar", asked, found.root)
    return found


def newton(
    func: Function,
    x0: Any,
    fprime: Any = None,
    args: Any = (),
    tol: float = 1.48e-8,
    maxiter: int = 50,
    fprime2: Any = None,
    x1: Any = None,
    rtol: float = 0.0,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """Return roots of ``func(x, *args)`` near x0, each entry by itself, by SciPy's ``newton``.

    Secants are taken without ``fprime``; where it is given, or true, anygrad's derivatives of ``func``, and
    second ones with ``fprime2``. Differentiable as ``brentq``. With ``full_output`` what SciPy returns
    beside.

    >>> import anygrad as ag
    >>> ag.scipy.optimize.newton(lambda x: x**2 - ag.asarray([4.0, 9.0]), ag.asarray([1.0, 1.0]), True)
    tensor([2., 3.], dtype=float64, device='cpu')
    """
    asked = Asked("newton", func, x0, args)
    start = host(x0)
    slope = elementwise_grad(asked)
    found = optimize.newton(
        asked.on_host(),
        start if start.ndim else start.item(),
        asked.on_host(slope) if fprime or fprime2 else None,
        (),
        tol,
        maxiter,
        asked.on_host(elementwise_grad(slope)) if fprime2 else None,
        None if x1 is None else host(x1),
        rtol,
        full_output,
        disp,
    )
    if isinstance(found, tuple):
        return _scalar("newton", asked, found[0]), *found[1:]
    return _scalar("newton", asked, found)


def fixed_point(
    func: Function, x0: Any, args: Any = (), xtol: float = 1e-8, maxiter: int = 500, method: str = "del2"
) -> Tensor:
    """Return x with ``func(x, *args) = x``, by SciPy's ``fixed_point`` from x0.

    x has x0's shape; its entries may depend on one another. Differentiable to any order in all tensors that
    ``func`` reads, by the implicit function theorem, one dense system.

    >>> import anygrad as ag
    >>> ag.grad(lambda a: ag.scipy.optimize.fixed_point(lambda x: (x + a / x) / 2, 1.0))(4.0)
    tensor(0.25, dtype=float64, device='cpu')
    """
    if method not in ("del2", "iteration"):
        got = f"method is {method!r}"
        raise ArgumentError(message("fixed_point", got, "expected 'del2' or 'iteration'"))
    asked = Asked("fixed_point", func, x0, args)
    found = optimize.fixed_point(asked.on_host(), host(x0), (), xtol, maxiter, method)
    return implied("fixed_point", lambda x: asked(x) - x, asked.point(found), dense)
