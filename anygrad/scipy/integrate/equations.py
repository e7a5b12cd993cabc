"""Ordinary differential equations: SciPy chooses the steps, and these are gone again with tensors.

What is differentiated is the discrete solution, at the steps that were taken: exact for what was computed, to
any order, in all that the right side reads, in the initial value and in the times. That needs explicit
methods: Hairer, Nørsett and Wanner (1993), Solving Ordinary Differential Equations I, II.4 to II.6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, UnsupportedError, message
from anygrad.graph import GRAD_MODE
from anygrad.op import ArrayLike
from anygrad.scipy.doors import OnHost, beside, floating
from anygrad.scipy.implied import Outside, backend_for
from anygrad.tensors import Tensor, asarray

__all__ = ["odeint", "solve_ivp"]

integrate = OnHost("integrate")
Function = Callable[..., Any]
EXPLICIT = ("RK23", "RK45", "DOP853")


def _host(x: Any) -> Any:
    return x.xp.to_numpy(x.array) if isinstance(x, Tensor) else np.asarray(x)


def _sum(coefficients: Sequence[float], slopes: Sequence[Any]) -> Any:
    """Return a combination of slopes, those with coefficient zero left out."""
    total = None
    for c, k in zip(coefficients, slopes, strict=False):
        if c:
            total = c * k if total is None else total + c * k
    return 0.0 * slopes[0] if total is None else total


class _Step:
    """One step of an explicit method, from y at ``before`` to ``after``, with the right side there."""

    def __init__(self, method: Any, f: Function, before: Any, after: Any, y: Any, slope: Any) -> None:
        self.method, self.f, self.before, self.y = method, f, before, y
        self.h = h = after - before
        slopes = [slope]
        for a, c in zip(method.A[1:], method.C[1:], strict=True):
            slopes.append(f(before + float(c) * h, y + h * _sum(a.tolist(), slopes)))
        self.end = y + h * _sum(method.B.tolist(), slopes)
        self.slope = f(after, self.end)
        self.slopes = [*slopes, self.slope]

    def at(self, t: Any) -> Any:
        """Return the solution within the step, as SciPy interpolates it."""
        x = (t - self.before) / self.h
        if not hasattr(self.method, "A_EXTRA"):
            powers = [x ** (i + 1) for i in range(self.method.P.shape[1])]
            weights = [_sum(row.tolist(), powers) for row in self.method.P]
            return self.y + self.h * _total(weights, self.slopes)
        y = self.y * 0.0
        for i, part in enumerate(reversed(self._parts())):
            y = (y + part) * (x if i % 2 == 0 else 1 - x)
        return y + self.y

    def _parts(self) -> list[Any]:
        """Return what the interpolation of DOP853 is made of."""
        slopes, h = list(self.slopes), self.h
        for a, c in zip(self.method.A_EXTRA, self.method.C_EXTRA, strict=True):
            slopes.append(self.f(self.before + float(c) * h, self.y + h * _sum(a.tolist(), slopes)))
        change, first = self.end - self.y, slopes[0]
        parts = [change, h * first - change, 2 * change - h * (self.slope + first)]
        return parts + [h * _sum(row.tolist(), slopes) for row in self.method.D]


def _total(weights: Sequence[Any], slopes: Sequence[Any]) -> Any:
    total = weights[0] * slopes[0]
    for w, k in zip(weights[1:], slopes[1:], strict=True):
        total = total + w * k
    return total


class _Solution:
    """The solution between steps: a function of the time, or of a vector of times."""

    def __init__(self, times: np.ndarray, steps: Sequence[_Step]) -> None:
        self.times, self.steps = times, steps
        self.sign = 1.0 if times[-1] >= times[0] else -1.0

    def one(self, t: Any) -> Any:
        place = np.searchsorted(self.sign * self.times[1:], self.sign * float(_host(t)))
        return self.steps[min(int(place), len(self.steps) - 1)].at(t)

    def __call__(self, t: Any) -> Tensor:
        xp = self.steps[0].y.xp
        t = asarray(t, device=xp.name)
        if t.ndim == 0:
            return self.one(t)
        if not t.shape[0]:
            start = self.steps[0].y
            return xp.tensors.zeros((*start.shape, 0), dtype=start.dtype)
        return xp.tensors.stack([self.one(t[i]) for i in range(t.shape[0])], axis=-1)


def solve_ivp(
    fun: Function,
    t_span: Any,
    y0: ArrayLike,
    method: str = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    **options: Any,
) -> Any:
    """Solve ``dy/dt = fun(t, y, *args)`` from ``y0`` at ``t_span[0]`` to ``t_span[1]``; return SciPy's.

    Its ``t`` and ``y`` are tensors, as is what ``sol`` gives of ``dense_output``; ``fun`` takes and returns
    them, on the device of y0. SciPy chooses the steps, which are then taken again: where gradients are on,
    ``fun`` is called twice as often. Differentiable to any order in what ``fun`` reads, arguments or not,
    y0, t_span and t_eval, the steps between held fixed, for the methods RK23, RK45 and DOP853. Others raise
    ``UnsupportedError`` where a gradient is tracked, as ``events`` always do.

    >>> import anygrad as ag
    >>> y0 = ag.tensor([2.0], requires_grad=True)
    >>> end = ag.scipy.integrate.solve_ivp(lambda t, y: -y, (0.0, 1.0), y0, rtol=1e-8, atol=1e-10).y[0, -1]
    >>> end.backward()
    >>> y0.grad
    tensor([0.36787944], dtype=float64, device='cpu')
    """
    if events is not None:
        advice = "find them in the solution with optimize.root_scalar"
        raise UnsupportedError(message("solve_ivp", "events are given", "they are not recorded", advice))
    args = tuple(args) if args is not None else ()
    backend = backend_for("solve_ivp", fun, y0, *t_span, t_eval, *args)
    y = floating(asarray(y0, device=backend.name))

    def slope(t: Any, y: Tensor) -> Tensor:
        found = fun(t, y, *args)
        if isinstance(found, list | tuple):
            found = backend.tensors.stack([asarray(x, device=backend.name) for x in found])
        return found

    def host(t: float, at: np.ndarray) -> Any:
        point = beside(y, np.asarray(t)), beside(y, at.copy())
        token = GRAD_MODE.set(False)
        try:
            return _host(slope(*point))
        finally:
            GRAD_MODE.reset(token)

    span = [float(_host(t)) for t in t_span]
    wanted = None if t_eval is None else _host(t_eval)
    again = GRAD_MODE.get() and method in EXPLICIT
    found = integrate.solve_ivp(
        host, span, _host(y), method, wanted, dense_output or again, None, False, None, **options
    )
    if not again:
        _refuse(method, slope, y, t_span, t_eval, span[0])
        found.t, found.y = beside(y, found.t), beside(y, found.y)
        if dense_output:
            between = found.sol
            found.sol = lambda t: beside(y, between(_host(t)))
        return found
    kind, times = getattr(integrate, method), found.sol.ts
    steps, ends = _replayed(kind, slope, times, t_span, y)
    solution = _Solution(times, steps)
    found.sol = solution if dense_output else None
    if t_eval is None:
        found.t, found.y = _stacked(backend, ends)
    else:
        found.t = asarray(t_eval, device=backend.name)[: len(found.t)]
        found.y = solution(found.t)
    return found


def _refuse(method: str, slope: Function, y: Tensor, t_span: Any, t_eval: Any, start: float) -> None:
    """Raise where a gradient would be lost that an implicit method has none of."""
    if not GRAD_MODE.get():
        return
    outside = Outside("solve_ivp")
    outside.watch(slope, beside(y, np.asarray(start)), y.detach())
    moving = [x for x in (y, *t_span, t_eval) if isinstance(x, Tensor) and x.node is not None]
    if outside.likes or moving:
        got = f"method is {method!r}, and a gradient is tracked"
        raise UnsupportedError(message("solve_ivp", got, f"expected one of {', '.join(EXPLICIT)}"))


def _replayed(kind: Any, slope: Function, times: np.ndarray, t_span: Any, y: Tensor) -> tuple[Any, Any]:
    """Return the steps between given times, and the times and values at their ends."""
    device = y.xp.name
    points = [beside(y, np.asarray(t)) for t in times]
    points[0] = asarray(t_span[0], device=device) if isinstance(t_span[0], Tensor) else points[0]
    reached = isinstance(t_span[1], Tensor) and float(_host(t_span[1])) == times[-1]
    points[-1] = asarray(t_span[1], device=device) if reached else points[-1]
    if len(times) < 2 or times[0] == times[-1]:
        got = f"t_span is from {times[0]} to {times[-1]}"
        raise ArgumentError(message("solve_ivp", got, "expected a time that goes on"))
    k = slope(points[0], y)
    steps, ends = [], [(points[0], y)]
    for before, after in pairwise(points):
        step = _Step(kind, slope, before, after, y, k)
        y, k = step.end, step.slope
        steps.append(step)
        ends.append((after, y))
    return steps, ends


def _stacked(backend: Any, ends: Sequence[tuple[Any, Any]]) -> tuple[Tensor, Tensor]:
    xp = backend.tensors
    return xp.stack([t for t, _ in ends]), xp.stack([y for _, y in ends], axis=-1)


def odeint(
    func: Function,
    y0: ArrayLike,
    t: ArrayLike,
    args: Any = (),
    *,
    rtol: float | None = None,
    atol: Any = None,
    hmax: float = 0.0,
    h0: float = 0.0,
    tfirst: bool = False,
) -> Tensor:
    """Return the solution of ``dy/dt = func(y, t, *args)`` at times t, from ``y0`` at t[0].

    The result is (len(t), len(y0)). ``tfirst``: the function takes the time first. SciPy's is LSODA, which
    has no steps that can be taken again; here it is DOP853 with the same tolerances (1.49e-8), so that
    values agree within these. Else as ``solve_ivp``. Options that are LSODA's alone do not exist.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.odeint(lambda y, t: -y, ag.asarray([1.0]), ag.asarray([0.0, 1.0]))[1]
    tensor([0.3678794], dtype=float64, device='cpu')
    """
    y = y0 if isinstance(y0, Tensor) else np.atleast_1d(np.asarray(y0, dtype=float))
    y = y.reshape((-1,))
    times = t if isinstance(t, Tensor) else np.asarray(t, dtype=float)
    function = func if tfirst else lambda t, y, *more: func(y, t, *more)
    options: dict[str, Any] = {"max_step": hmax} if hmax else {}
    options |= {"first_step": h0} if h0 else {}
    tolerance = 1.49012e-8
    found = solve_ivp(
        function,
        (times[0], times[-1]),
        y,
        "DOP853",
        times,
        args=args if isinstance(args, tuple) else (args,),
        rtol=tolerance if rtol is None else rtol,
        atol=tolerance if atol is None else atol,
        **options,
    )
    if not found.success:
        raise ArgumentError(message("odeint", found.message, "loosen the tolerances"))
    return found.y.xp.tensors.permute_dims(found.y, (1, 0))
