"""Integrals of functions: SciPy's QUADPACK chooses the points, on the host, and tensors answer.

The derivative of an integral by what its integrand reads is the integral of the derivative, chosen anew by
the same rules, and that by a limit the integrand there (Leibniz): both are in the graph again. What the
integrand reads need not be said: it is seen at each point (``implied``).
"""

from __future__ import annotations

from collections.abc import Callable
from math import isinf, prod
from typing import Any

import numpy as np

from anygrad.applications import Application, Saved
from anygrad.backends.base import Backend
from anygrad.errors import ArgumentError, UnsupportedError, message
from anygrad.graph import GRAD_MODE
from anygrad.scipy.doors import OnHost
from anygrad.scipy.implied import Outside, backend_for
from anygrad.tensors import Tensor, asarray

__all__ = ["dblquad", "nquad", "quad", "quad_vec", "tplquad"]

integrate = OnHost("integrate")
Function = Callable[..., Any]
_FLOAT = np.dtype("float64")


def _host(x: Any) -> Any:
    return x.xp.to_numpy(x.array) if isinstance(x, Tensor) else np.asarray(x)


def _limit(x: Any) -> float:
    return float(_host(x))


class _Integral:
    """The integral of a function of a tensor without axes: ``run(f, a, b, vector)`` does it on the host."""

    def __init__(self, op: str, function: Function, a: Any, b: Any, backend: Backend, run: Function) -> None:
        self.op, self.function, self.backend, self.run = op, function, backend, run
        self.limits = (a, b)
        self.outside = Outside(op)
        self.rest: tuple[Any, ...] = ()

    def at(self, x: Any) -> Tensor:
        """Return the integrand at a point."""
        return asarray(self.function(x), device=self.backend.name)

    def _answer(self, x: float) -> Any:
        point = asarray(np.float64(x), device=self.backend.name, dtype=self.backend.within(_FLOAT))
        if not GRAD_MODE.get():
            return _host(self.at(point))
        (out,) = self.outside.watch(self.at, point)
        return _host(out)

    def value(self, vector: bool) -> Tensor:
        """Return the integral, in the graph of what the integrand reads and of the limits."""
        low, high = (_limit(end) for end in self.limits)
        flip = high < low
        found, *rest = self.run(self._answer, *((high, low) if flip else (low, high)), vector)
        self.rest = tuple(rest)
        out = asarray(-np.asarray(found) if flip else np.asarray(found), device=self.backend.name)
        ends = [end for end in self.limits if isinstance(end, Tensor)]
        moving = ends if GRAD_MODE.get() and any(end.node is not None for end in ends) else []
        if not self.outside.likes and not moving:
            return out
        kept = [Saved(end, end.node) for end in moving]
        likes = list(self.outside.likes.values())
        self.looks = [(like.shape, like.dtype) for like in likes]

        def pull(now: Application, g: Tensor) -> list[Any]:
            opened = iter([one.opened(now, now.tracked) for one in kept])
            limits = [next(opened) if isinstance(end, Tensor) and moving else end for end in self.limits]
            if self.looks:
                self.outside.check(self.at)
            found = self._inner(now, limits, g) if self.looks else []
            for end, sign in zip(limits, (-1, 1), strict=True):
                if isinstance(end, Tensor) and moving:
                    found.append(self._at_limit(end, sign, g))
            return found

        application = Application(self.op, [*likes, *moving], pull)
        self.outside.forget()
        made: Tensor = application.record([out], False, (), kept)[0]
        return made

    def _at_limit(self, end: Tensor, sign: int, g: Tensor) -> Any:
        xp = self.backend.tensors
        f = self.at(end)
        product = g * (xp.conj(f) if f.dtype.kind == "c" else f)
        product = xp.real(product) if product.dtype.kind == "c" else product
        return sign * xp.sum(product)

    def _inner(self, now: Application, limits: list[Any], g: Tensor) -> list[Any]:
        """Return the integrals of the gradients of what was read."""
        xp = self.backend.tensors
        kind, tracked = np.result_type(*(dtype for _, dtype in self.looks)), now.tracked

        def gradients(x: Tensor) -> Tensor:
            found = self.outside.pulled(self.at, (x,), g, tracked, partly=True)
            parts = [
                xp.zeros((prod(shape),), dtype=kind)
                if part is None
                else xp.astype(xp.reshape(part.to(self.backend.name), (-1,)), kind, copy=False)
                for part, (shape, _) in zip(found, self.looks, strict=True)
            ]
            return xp.concat(parts)

        whole = _Integral(self.op, gradients, limits[0], limits[1], self.backend, self.run).value(True)
        out, at = [], 0
        for (shape, dtype), (_, device) in zip(self.looks, self.outside.nodes, strict=True):
            part = xp.reshape(whole[at : at + prod(shape)], shape)
            part = xp.real(part) if dtype.kind != "c" and kind.kind == "c" else part
            out.append(xp.astype(part, dtype, copy=False).to(device.name))
            at += prod(shape)
        return out


def quad(
    func: Function,
    a: Any,
    b: Any,
    args: Any = (),
    full_output: int = 0,
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    limit: int = 50,
    points: Any = None,
    weight: str | None = None,
    wvar: Any = None,
    wopts: Any = None,
    maxp1: int = 50,
    limlst: int = 50,
    complex_func: bool = False,
) -> Any:
    """Return the integral of a function from a to b, either maybe infinite, and an estimate of its error.

    ``func(x, *args)`` takes a tensor without axes, on the device of the limits and arguments, and returns
    one. SciPy's ``quad`` chooses the points, with its options and warnings. Differentiable to any order in
    all that the integrand reads, arguments or not, and in finite limits (Leibniz); the derivatives are
    integrals with the same options, so that the integrand's derivatives must be integrable too. With a
    ``weight`` the limits may not be differentiated.

    >>> import anygrad as ag
    >>> ag.grad(lambda k: ag.scipy.integrate.quad(lambda x, k: ag.exp(-k * x), 0.0, ag.inf, (k,))[0])(2.0)
    tensor(-0.25, dtype=float64, device='cpu')
    """
    args = args if isinstance(args, tuple) else (args,)
    backend = backend_for("quad", func, a, b, *args)
    if weight is not None and any(isinstance(end, Tensor) and end.requires_grad for end in (a, b)):
        got = f"weight is {weight!r}, and a limit requires a gradient"
        advice = "write the weight into the integrand", "or detach the limit"
        raise UnsupportedError(message("quad", got, *advice))
    if any(getattr(part, "requires_grad", False) for part in (wvar if isinstance(wvar, tuple) else (wvar,))):
        advice = "write the weight into the integrand", "or detach wvar"
        raise UnsupportedError(message("quad", "wvar requires a gradient", *advice))
    options = {"epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": points, "weight": weight}
    options |= {"wvar": wvar, "wopts": wopts, "maxp1": maxp1, "limlst": limlst}

    def run(f: Function, low: float, high: float, vector: bool) -> tuple[Any, ...]:
        if not vector:
            many = {"complex_func": complex_func, "full_output": full_output}
            scalar = complex if complex_func else float
            return integrate.quad(lambda x: scalar(f(x)), low, high, **options, **many)
        if weight is None:
            tolerances = {"epsabs": epsabs, "epsrel": epsrel, "points": points}
            return integrate.quad_vec(f, low, high, norm="max", **tolerances)
        size = f(low if not isinf(low) else 0.0).shape[0]
        parts = [integrate.quad(lambda x, i=i: f(x)[i], low, high, **options) for i in range(size)]
        return (np.asarray([part[0] for part in parts]),)

    integral = _Integral("quad", lambda x: func(x, *args), a, b, backend, run)
    return integral.value(False), *integral.rest


def quad_vec(
    f: Function,
    a: Any,
    b: Any,
    epsabs: float = 1e-200,
    epsrel: float = 1e-8,
    norm: str = "2",
    cache_size: float = 100e6,
    limit: int = 10000,
    workers: int = 1,
    points: Any = None,
    quadrature: str | None = None,
    full_output: bool = False,
    *,
    args: tuple[Any, ...] = (),
) -> Any:
    """Return the integral of a function whose values have axes, and an estimate of its error.

    As ``quad``, by SciPy's ``quad_vec``. Raises ``ArgumentError`` for several ``workers``.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.quad_vec(lambda x: x ** ag.asarray([1.0, 2.0]), 0.0, 1.0)[0]
    tensor([0.5       , 0.33333333], dtype=float64, device='cpu')
    """
    if workers != 1:
        got = f"workers is {workers!r}"
        raise ArgumentError(message("quad_vec", got, "tensors are computed by one"))
    options = {"epsabs": epsabs, "epsrel": epsrel, "norm": norm, "cache_size": cache_size, "limit": limit}
    options |= {"points": points, "quadrature": quadrature}

    def run(host: Function, low: float, high: float, vector: bool) -> tuple[Any, ...]:
        # A gradient that is zero would never come within a relative error.
        more = {"epsabs": max(epsabs, 1e-12)} if vector else {"full_output": full_output}
        return integrate.quad_vec(host, low, high, **(options | more))

    backend = backend_for("quad_vec", f, a, b, *args)
    integral = _Integral("quad_vec", lambda x: f(x, *args), a, b, backend, run)
    return integral.value(False), *integral.rest


def nquad(
    func: Function, ranges: Any, args: Any = None, opts: Any = None, full_output: bool = False
) -> tuple[Any, ...]:
    """Return the integral over several variables, and an estimate of its error: ``quad`` inside ``quad``.

    ``func(x0, ..., *args)`` takes tensors without axes. ``ranges`` are pairs of limits, or functions of the
    variables after theirs; ``opts`` options of ``quad``, one for each or functions too. Differentiable to any
    order in all that integrand and limits read; each integral within another takes at least 21 times as many
    calls, and its derivative several times that. Raises ``UnsupportedError`` for ``full_output``.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.nquad(lambda x, y: x * y, [[0.0, 1.0], [0.0, 2.0]])[0]
    tensor(1., dtype=float64, device='cpu')
    """
    if full_output:
        raise UnsupportedError(message("nquad", "full_output is given", "call quad inside quad for it"))
    count = len(ranges)
    given: list[Any] = list(opts) if isinstance(opts, list | tuple) else [opts or {}] * count
    errors = [0.0]

    def integrate(depth: int, *inner: Any) -> Any:
        place = count - 1 - depth
        low, high = ranges[place](*inner) if callable(ranges[place]) else ranges[place]
        options = dict(given[place](*inner) if callable(given[place]) else given[place])
        if "points" in options:
            options["points"] = [x for x in options["points"] if _limit(low) <= x <= _limit(high)]
        function = func if place == 0 else lambda *x: integrate(depth + 1, *x)
        value, error = quad(function, low, high, inner, **options)[:2]
        errors[0] = max(errors[0], error)
        return value

    value = integrate(0, *(args or ()))
    return value, errors[0]


def dblquad(
    func: Function,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> tuple[Any, ...]:
    """Return the integral of ``func(y, x)`` for x from a to b, y from ``gfun(x)`` to ``hfun(x)``, or numbers.

    As ``nquad``.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.dblquad(lambda y, x: x * y, 0.0, 2.0, 0.0, 1.0)[0]
    tensor(1., dtype=float64, device='cpu')
    """

    def inner(*x: Any) -> list[Any]:
        return [end(x[0]) if callable(end) else end for end in (gfun, hfun)]

    return nquad(func, [inner, [a, b]], args, {"epsabs": epsabs, "epsrel": epsrel})


def tplquad(
    func: Function,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    qfun: Any,
    rfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> tuple[Any, ...]:
    """Return the integral of ``func(z, y, x)``, z from ``qfun(x, y)`` to ``rfun(x, y)``, else as ``dblquad``.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.tplquad(lambda z, y, x: x * y, 0.0, 2.0, 0.0, 1.0, 0.0, 1.0)[0]
    tensor(1., dtype=float64, device='cpu')
    """

    def innermost(*x: Any) -> list[Any]:
        return [end(x[1], x[0]) if callable(end) else end for end in (qfun, rfun)]

    def inner(*x: Any) -> list[Any]:
        return [end(x[0]) if callable(end) else end for end in (gfun, hfun)]

    return nquad(func, [innermost, inner, [a, b]], args, {"epsabs": epsabs, "epsrel": epsrel})
