"""Integrals of samples: rules that are sums, written in functions of tensors for every device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, AxisError, ShapeError, message
from anygrad.op import ArrayLike
from anygrad.scipy.doors import beside, floating, given
from anygrad.tensors import Tensor

__all__ = ["cumulative_simpson", "cumulative_trapezoid", "fixed_quad", "romb", "simpson", "trapezoid"]


def _laid(op: str, y: Any, x: Any, dx: Any, axis: int) -> tuple[Any, Any, Any]:
    """Return the namespace, y with the axis last, and what lies between samples, which broadcasts to it."""
    xp, y, x, dx = given(op, y=y, x=x, dx=None if x is not None else dx)
    if not -y.ndim <= axis < y.ndim:
        raise AxisError(message(op, f"axis {axis} is out of bounds", f"y has {y.ndim} axes"))
    n = y.shape[axis]
    y = xp.moveaxis(floating(y), axis, -1)
    if x is None:
        if dx.ndim:
            dx = xp.moveaxis(dx, axis, -1) if dx.ndim == y.ndim else dx
        return xp, y, dx
    x = floating(x)
    if x.ndim != 1:
        if x.ndim != y.ndim:
            got = f"x has shape {x.shape}"
            raise ShapeError(message(op, got, "expected one axis, or as many as y has"))
        x = xp.moveaxis(x, axis, -1)
    if x.shape[-1] != n:
        got = f"x has {x.shape[-1]} entries along the axis, y has {n}"
        raise ShapeError(message(op, got, "expected as many"))
    return xp, y, x[..., 1:] - x[..., :-1]


def trapezoid(y: ArrayLike, x: ArrayLike | None = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """Return the integral along an axis by the trapezoidal rule, of samples at x or with steps ``dx``.

    x has one axis, or y's shape. Floating or complex; differentiable to any order in y, x and dx.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.trapezoid(ag.asarray([1.0, 2.0, 4.0]))
    tensor(4.5, dtype=float64, device='cpu')
    """
    xp, y, steps = _laid("trapezoid", y, x, dx, axis)
    return xp.sum(steps * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


def cumulative_trapezoid(
    y: ArrayLike, x: ArrayLike | None = None, dx: Any = 1.0, axis: int = -1, initial: float | None = None
) -> Tensor:
    """Return the integrals up to each sample but the first; ``initial=0`` puts a zero before them.

    Else as ``trapezoid``. Raises ``ArgumentError`` for another ``initial``, and for no sample.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.cumulative_trapezoid(ag.asarray([1.0, 2.0, 4.0]), initial=0)
    tensor([0. , 1.5, 4.5], dtype=float64, device='cpu')
    """
    xp, y, steps = _laid("cumulative_trapezoid", y, x, dx, axis)
    if not y.shape[-1] or (initial is not None and initial != 0):
        got = f"y has {y.shape[-1]} samples, initial is {initial!r}"
        advice = "expected at least one sample, and None or 0"
        raise ArgumentError(message("cumulative_trapezoid", got, advice))
    out = xp.cumulative_sum(steps * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    if initial is not None:
        out = xp.concat([xp.zeros((*out.shape[:-1], 1), dtype=out.dtype), out], axis=-1)
    return xp.moveaxis(out, -1, axis)


def _parabolas(xp: Any, y: Any, steps: Any, even: bool) -> Any:
    """Return the sum of Simpson's rule over pairs of intervals, of an odd number of samples."""
    low, middle, high = y[..., :-2:2], y[..., 1:-1:2], y[..., 2::2]
    if even:
        return xp.sum(low + 4.0 * middle + high, axis=-1) * (steps / 3.0)
    h0, h1 = steps[..., :-1:2], steps[..., 1::2]
    both, one = h0 + h1, xp.ones_like(h0)
    zero_0, zero_1 = h0 == 0, h1 == 0
    safe_0, safe_1 = xp.where(zero_0, one, h0), xp.where(zero_1, one, h1)
    none = zero_0 | zero_1
    first = 2.0 - xp.where(none, 0 * one, h1 / safe_0)
    second = both * xp.where(none, 0 * one, both / (safe_0 * safe_1))
    third = 2.0 - xp.where(zero_1, 0 * one, h0 / safe_1)
    return xp.sum(both / 6.0 * (low * first + middle * second + high * third), axis=-1)


def _cartwright(xp: Any, y: Any, h0: Any, h1: Any) -> Any:
    """Return the integral over the last interval, by the parabola through the last three samples."""
    one = xp.ones_like(h0 + h1)
    total = h0 + h1
    zero, none = h0 == 0, total == 0
    safe, whole = xp.where(zero, one, h0), xp.where(none, one, total)
    alpha = xp.where(none, 0 * one, (2 * h1**2 + 3 * h0 * h1) / (6 * whole))
    beta = xp.where(zero, 0 * one, (h1**2 + 3 * h0 * h1) / (6 * safe))
    eta = xp.where(zero | none, 0 * one, h1**3 / (6 * safe * whole))
    return alpha * y[..., -1] + beta * y[..., -2] - eta * y[..., -3]


def simpson(y: ArrayLike, x: ArrayLike | None = None, *, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """Return the integral along an axis by Simpson's rule, of samples at x or with steps ``dx``.

    Of an even number of samples the last interval is Cartwright's, as in SciPy. Floating or complex;
    differentiable to any order in y, x and dx.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.simpson(ag.asarray([0.0, 1.0, 4.0]))
    tensor(2.66666667, dtype=float64, device='cpu')
    """
    even = x is None
    xp, y, steps = _laid("simpson", y, x, dx, axis)
    n = y.shape[-1]
    if n < 2:
        return xp.sum(y[..., :0], axis=-1)
    if n == 2:
        last = steps if even else steps[..., -1]
        return 0.5 * last * (y[..., -1] + y[..., -2])
    if n % 2:
        return _parabolas(xp, y, steps, even)
    before = _parabolas(xp, y[..., :-1], steps if even else steps[..., :-1], even)
    h0, h1 = (steps, steps) if even else (steps[..., -2], steps[..., -1])
    return before + _cartwright(xp, y, h0, h1)


def _parts(y: Any, steps: Any, even: bool) -> Any:
    """Return the integral over the first of each two intervals, by the parabola through three samples."""
    low, middle, high = y[..., :-2], y[..., 1:-1], y[..., 2:]
    if even:
        return steps / 3.0 * (5 * low / 4 + 2 * middle - high / 4)
    first, second = steps[..., :-1], steps[..., 1:]
    by_both = first / (first + second)
    product = by_both * (first / second)
    return first / 6.0 * ((3 - by_both) * low + (3 + product + by_both) * middle - product * high)


def cumulative_simpson(
    y: ArrayLike, *, x: ArrayLike | None = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Tensor:
    """Return the integrals up to each sample but the first by Simpson's rule, ``initial`` before and in them.

    x has one axis, or y's shape, and ascends (equal neighbours give inf or NaN, where SciPy raises); two
    samples are integrated as a trapezoid. Floating or complex; differentiable to any order in y, x, dx
    and initial. Source: Cartwright (2017), Simpson's Rule Cumulative Integration, 8 and 10.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.cumulative_simpson(ag.asarray([0.0, 1.0, 4.0]))
    tensor([0.33333333, 2.66666667], dtype=float64, device='cpu')
    """
    even = x is None
    xp, y, steps = _laid("cumulative_simpson", y, x, dx, axis)
    n = y.shape[-1]
    if n < 3:
        out = xp.cumulative_sum(steps * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    else:
        ahead = _parts(y, steps, even)
        turned = steps if even else xp.flip(steps, axis=-1)
        back = xp.flip(_parts(xp.flip(y, axis=-1), turned, even), axis=-1)
        # The first of each two intervals is taken ahead, the second back, the last always back.
        zeros = [(0, 0)] * (y.ndim - 1)
        ahead, back = xp.pad(ahead, [*zeros, (0, 1)]), xp.pad(back, [*zeros, (1, 0)])
        chosen = np.arange(n - 1) % 2 == 0
        chosen[-1] = False
        out = xp.cumulative_sum(xp.where(beside(y, chosen), ahead, back), axis=-1)
    if initial is not None:
        _, initial, _ = given("cumulative_simpson", initial=initial, y=y)
        initial = xp.moveaxis(initial, axis, -1) if initial.ndim else initial
        initial = xp.astype(xp.broadcast_to(initial, (*out.shape[:-1], 1)), out.dtype)
        out = xp.concat([initial, out + initial], axis=-1)
    return xp.moveaxis(out, -1, axis)


def romb(y: ArrayLike, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Tensor:
    """Return the integral along an axis by Romberg's rule, of 2**k + 1 samples with steps ``dx``.

    Floating or complex; differentiable to any order in y and dx. Raises ``ArgumentError`` for another
    number of samples and for ``show``.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.romb(ag.asarray([0.0, 1.0, 4.0]))
    tensor(2.66666667, dtype=float64, device='cpu')
    """
    xp, y, dx = _laid("romb", y, None, dx, axis)
    n = y.shape[-1] - 1
    if n < 1 or n & (n - 1) or show:
        got = f"y has {n + 1} samples" if not show else "show is given"
        raise ArgumentError(message("romb", got, "expected 2**k + 1 of them, and no table"))
    h = n * dx
    before, step = [(y[..., 0] + y[..., -1]) / 2.0 * h], n
    while step > 1:
        row = [0.5 * (before[0] + h * xp.sum(y[..., step // 2 :: step], axis=-1))]
        for j, last in enumerate(before, 1):
            row.append(row[-1] + (row[-1] - last) / (4**j - 1))
        before, h, step = row, h / 2.0, step // 2
    return before[-1]


def fixed_quad(
    func: Callable[..., Any], a: Any, b: Any, args: tuple[Any, ...] = (), n: int = 5
) -> tuple[Tensor, None]:
    """Return the integral of a function from a to b by n points of Gauss, and None.

    ``func(x, *args)`` takes a tensor of n points and returns one whose last axis they are. Differentiable
    to any order in all that it reads and in the limits. Raises ``ArgumentError`` for limits that are
    infinite.

    >>> import anygrad as ag
    >>> ag.scipy.integrate.fixed_quad(lambda x: x**3, 0.0, 2.0)[0]
    tensor(4., dtype=float64, device='cpu')
    """
    if any(not isinstance(end, Tensor) and np.isinf(end) for end in (a, b)):
        raise ArgumentError(message("fixed_quad", f"the limits are {a} and {b}", "expected finite ones"))
    more = {f"argument {i}": x for i, x in enumerate(args) if isinstance(x, Tensor)}
    xp, a, b, *_ = given("fixed_quad", a=a, b=b, **more)
    points, weights = np.polynomial.legendre.leggauss(n)
    x = (b - a) * (beside(a, points) + 1) / 2.0 + a
    return (b - a) / 2.0 * xp.sum(beside(a, weights) * func(x, *args), axis=-1), None
