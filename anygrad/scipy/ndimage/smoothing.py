"""Gaussian filters and derivatives of images: correlations along one axis after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.rules import axis_in, whole_in
from anygrad.scipy.ndimage.borders import axes_among, finished, images, per_axis
from anygrad.scipy.ndimage.linear import correlate1d

__all__ = [
    "gaussian_filter",
    "gaussian_filter1d",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "generic_gradient_magnitude",
    "generic_laplace",
    "laplace",
    "prewitt",
    "sobel",
]

# ---------------------------------------------------------------- Gaussian


def _gaussian(xp: Any, sigma: Any, order: int, radius: int) -> Any:
    """Return the weights of a Gaussian or its derivative, mirrored; sigma has no axes."""
    x = xp.arange(-radius, radius + 1, dtype=sigma.xp.within(np.dtype(np.float64)))
    bell = xp.exp(-0.5 / (sigma * sigma) * x**2)
    bell = bell / xp.sum(bell)
    # Of the polynomial before the bell, the coefficients: its derivative, and x times -1 / sigma**2.
    q = [xp.asarray(1.0)] + [xp.asarray(0.0)] * order
    for _ in range(order):
        q = [
            (q[k + 1] * (k + 1) if k < order else 0.0) - (q[k - 1] / (sigma * sigma) if k else 0.0)
            for k in range(order + 1)
        ]
    return xp.flip(sum(c * x**k for k, c in enumerate(q)) * bell) if order else bell


def gaussian_filter1d(
    input: Any,
    sigma: Any,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    truncate: float = 4.0,
    *,
    radius: int | None = None,
) -> Any:
    """Return ``input`` smoothed along an axis by a Gaussian, or its derivative of an order.

    Shape and dtype are those of ``input``; ``output`` may be a dtype. Differentiable to any order in
    ``input`` and in ``sigma``, on every device; the weights reach to ``truncate`` times sigma, rounded, a
    step that has no part in the gradient (where sigma is a tensor it is read for that, unless ``radius`` is
    given). Raises ``ArgumentError`` for a radius or an order below 0, and what ``correlate1d`` does.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.gaussian_filter1d([1.0, 2.0, 3.0, 4.0, 5.0], 1.0)
    tensor([1.42704095, 2.06782203, 3.        , 3.93217797, 4.57295905], dtype=float64, device='cpu')
    """
    op = "gaussian_filter1d"
    xp, x, sigma = images(op, output, input=input, sigma=sigma)
    if sigma.size != 1:
        raise ShapeError(message(op, f"sigma has shape {sigma.shape}", "expected one number"))
    order = whole_in(op, "order", order)
    if radius is None:
        radius = int(truncate * sigma.detach().item() + 0.5)
    if order < 0 or whole_in(op, "radius", radius) < 0:
        raise ArgumentError(message(op, f"order is {order}, radius is {radius}", "expected 0 or more"))
    weights = _gaussian(xp, xp.reshape(sigma, ()), order, radius)
    return correlate1d(x, weights, axis, output, mode, cval)


def gaussian_filter(
    input: Any,
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    """Return ``input`` smoothed by a Gaussian, or derivatives of it; each argument may have a value an axis.

    As ``gaussian_filter1d`` along one axis after another; an axis whose sigma is 0 is left as it is.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.gaussian_filter([[0.0, 4.0], [8.0, 4.0]], 1.0)
    tensor([[3.24791373, 3.58717076],
            [4.75208627, 4.41282924]], dtype=float64, device='cpu')
    """
    op = "gaussian_filter"
    xp, x = images(op, output, input=input)
    axes = axes_among(op, axes, x.ndim)
    arguments = (("sigma", sigma), ("order", order), ("mode", mode), ("radius", radius))
    values = (per_axis(op, k, v, len(axes)) for k, v in arguments)
    for axis, width, degree, how, reach in zip(axes, *values, strict=True):
        known = width.detach().item() if hasattr(width, "detach") else width
        if known > 1e-15:
            x = gaussian_filter1d(x, width, axis, degree, None, how, cval, truncate, radius=reach)
    return finished(xp, x, output)


# ---------------------------------------------------------------- derivatives


def _edges(op: str, x: Any, axis: int, output: Any, mode: Any, cval: Any, across: list[float]) -> Any:
    """Return differences along one axis, smoothed along the others."""
    xp, x = images(op, output, input=x)
    axis, modes = axis_in(op, axis, x.ndim), per_axis(op, "mode", mode, x.ndim)
    x = correlate1d(x, [-1.0, 0.0, 1.0], axis, None, modes[axis], cval)
    for other in range(x.ndim):
        if other != axis:
            x = correlate1d(x, across, other, None, modes[other], cval)
    return finished(xp, x, output)


def sobel(input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: complex = 0.0) -> Any:
    """Return Sobel's differences along an axis.

    Shape and dtype are those of ``input``; ``output`` may be a dtype. Differentiable to any order, on every
    device. Raises what ``correlate1d`` does.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.sobel([[0.0, 1.0, 4.0], [0.0, 1.0, 4.0]])
    tensor([[ 4., 16., 12.],
            [ 4., 16., 12.]], dtype=float64, device='cpu')
    """
    return _edges("sobel", input, axis, output, mode, cval, [1.0, 2.0, 1.0])


def prewitt(
    input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: complex = 0.0
) -> Any:
    """Return Prewitt's differences along an axis.

    As ``sobel``, with equal weights across.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.prewitt([[0.0, 1.0, 4.0], [0.0, 1.0, 4.0]])
    tensor([[ 3., 12.,  9.],
            [ 3., 12.,  9.]], dtype=float64, device='cpu')
    """
    return _edges("prewitt", input, axis, output, mode, cval, [1.0, 1.0, 1.0])


def _over_axes(
    op: str, x: Any, each: Callable[..., Any], output: Any, mode: Any, cval: Any, axes: Any, extra: Any
) -> list[Any]:
    """Return the namespace, then what a function gives along each axis."""
    xp, x = images(op, output, input=x)
    axes = axes_among(op, axes, x.ndim)
    modes = per_axis(op, "mode", mode, len(axes))
    arguments, keywords = extra
    found = [
        each(x, axis, x.dtype, how, cval, *arguments, **keywords)
        for axis, how in zip(axes, modes, strict=True)
    ]
    return [xp, *(found or [xp.asarray(x, copy=True)])]


def generic_laplace(
    input: Any,
    derivative2: Callable[..., Any],
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    extra_arguments: Sequence[Any] = (),
    extra_keywords: dict[str, Any] | None = None,
    *,
    axes: Any = None,
) -> Any:
    """Return the sum of what ``derivative2(x, axis, dtype, mode, cval, ...)`` gives along each axis.

    Differentiable where that function of tensors is.

    >>> import anygrad as ag
    >>> def second(x, axis, output, mode, cval):
    ...     return ag.scipy.ndimage.correlate1d(x, [1.0, -2.0, 1.0], axis, output, mode, cval)
    >>> ag.scipy.ndimage.generic_laplace([0.0, 1.0, 4.0], second)
    tensor([ 1.,  2., -3.], dtype=float64, device='cpu')
    """
    extra = extra_arguments, extra_keywords or {}
    xp, first, *others = _over_axes("generic_laplace", input, derivative2, output, mode, cval, axes, extra)
    return finished(xp, sum(others, first), output)


def laplace(
    input: Any, output: Any = None, mode: Any = "reflect", cval: complex = 0.0, *, axes: Any = None
) -> Any:
    """Return the sum of second differences along the axes.

    Shape and dtype are those of ``input``; ``output`` may be a dtype. Differentiable to any order, on every
    device. Raises what ``correlate1d`` does.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.laplace([0.0, 1.0, 4.0, 9.0])
    tensor([ 1.,  2.,  2., -5.], dtype=float64, device='cpu')
    """

    def second(x: Any, axis: int, output: Any, mode: str, cval: complex) -> Any:
        return correlate1d(x, [1.0, -2.0, 1.0], axis, None, mode, cval)

    return generic_laplace(input, second, output, mode, cval, axes=axes)


def _bells(
    op: str, x: Any, sigma: Any, axes: Any, degree: int, keywords: dict[str, Any]
) -> Callable[..., Any]:
    """Return a function that gives the Gaussian derivative along one axis, smoothed along ``axes``."""
    ndim = np.ndim(x) if isinstance(x, list | tuple) else x.ndim
    axes = axes_among(op, axes, ndim)
    widths: list[Any] = [0] * ndim
    for axis, width in zip(axes, per_axis(op, "sigma", sigma, len(axes)), strict=True):
        widths[axis] = width

    def one(x: Any, axis: int, output: Any, mode: str, cval: complex) -> Any:
        orders = [degree if other == axis else 0 for other in range(ndim)]
        return gaussian_filter(x, widths, orders, None, mode, cval, **keywords)

    return one


def gaussian_laplace(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    *,
    axes: Any = None,
    **kwargs: Any,
) -> Any:
    """Return the sum of second Gaussian derivatives along the axes; ``kwargs`` are ``gaussian_filter``'s.

    Differentiable to any order in ``input`` and ``sigma``, on every device, and raises, as
    ``gaussian_filter``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.gaussian_laplace([0.0, 1.0, 4.0, 9.0], 1.0)
    tensor([ 1.30691479,  1.42942558,  0.00782105, -2.74516942], dtype=float64, device='cpu')
    """
    one = _bells("gaussian_laplace", input, sigma, axes, 2, kwargs)
    return generic_laplace(input, one, output, mode, cval, axes=axes)


def generic_gradient_magnitude(
    input: Any,
    derivative: Callable[..., Any],
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    extra_arguments: Sequence[Any] = (),
    extra_keywords: dict[str, Any] | None = None,
    *,
    axes: Any = None,
) -> Any:
    """Return the root of the sum of squares of what ``derivative(x, axis, dtype, mode, cval, ...)`` gives.

    Differentiable where that function of tensors is; where all derivatives are 0 the gradient is 0.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.generic_gradient_magnitude([[0.0, 3.0], [4.0, 7.0]], ag.scipy.ndimage.sobel)
    tensor([[20., 20.],
            [20., 20.]], dtype=float64, device='cpu')
    """
    extra = extra_arguments, extra_keywords or {}
    xp, *found = _over_axes("generic_gradient_magnitude", input, derivative, output, mode, cval, axes, extra)
    return finished(xp, xp.linalg.vector_norm(xp.stack(found), axis=0), output)


def gaussian_gradient_magnitude(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    *,
    axes: Any = None,
    **kwargs: Any,
) -> Any:
    """Return the length of the gradient of a smoothed image; ``kwargs`` are ``gaussian_filter``'s.

    Differentiable to any order in ``input`` and ``sigma``, on every device, and raises, as
    ``gaussian_filter``; where the gradient of the image is 0 that of its length is 0.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.gaussian_gradient_magnitude([0.0, 1.0, 4.0, 9.0], 1.0)
    tensor([0.63239613, 2.04609076, 2.9607942 , 1.54709958], dtype=float64, device='cpu')
    """
    one = _bells("gaussian_gradient_magnitude", input, sigma, axes, 1, kwargs)
    return generic_gradient_magnitude(input, one, output, mode, cval, axes=axes)
