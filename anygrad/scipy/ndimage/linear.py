"""Linear filters: correlation and convolution with weights, means of windows.

Two rows are here, which SciPy computes on NumPy and CuPy on CUDA; elsewhere windows are added up. The
transpose of a filter is the filter with its weights mirrored, on what is zero outside, and the border
folded back (``borders``). Filters over several axes are filters over one axis after another, as SciPy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import operation
from anygrad.rules import axis_in, fit, whole_in
from anygrad.scipy.doors import declared, floating
from anygrad.scipy.ndimage.borders import (
    axes_among,
    bordered,
    constant,
    finished,
    images,
    mode_in,
    per_axis,
    spread_back,
    taps,
)

__all__ = [
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "uniform_filter",
    "uniform_filter1d",
]

# ---------------------------------------------------------------- rows


def _correlated(xp: Any, x: Any, weights: Any, axes: Any, borders: Any, mode: str, cval: Any) -> Any:
    if xp.scipy_library is None or 0 in x.shape:
        out = xp.zeros_like(x)
        flat = xp.reshape(weights, (-1,))
        for k, (_, seen) in enumerate(taps(xp, x, borders, cval)):
            out = out + xp.getitem(flat, (k,)) * seen
        return out
    if xp.isdtype(weights.dtype, "complex floating"):
        weights = xp.conj(weights)  # which SciPy takes back
    origins = [b.before - (b.before + b.after + 1) // 2 for b in borders]
    if len(axes) == 1:
        function = xp.scipy_function("ndimage", "correlate1d")
        return function(x, xp.reshape(weights, (-1,)), axes[0], mode=mode, cval=cval, origin=origins[0])
    shape, around = [1] * x.ndim, [0] * x.ndim
    for b, n, origin in zip(borders, weights.shape, origins, strict=True):
        shape[b.axis], around[b.axis] = n, origin
    weights = xp.reshape(weights, tuple(shape))
    return xp.scipy_function("ndimage", "correlate")(x, weights, mode=mode, cval=cval, origin=around)


def _correlated_dx(xp: Any, g: Any, x_shape: Any, x_dtype: Any, weights: Any, axes: Any, borders: Any) -> Any:
    if 0 in x_shape:
        return xp.zeros(x_shape, dtype=x_dtype, device=xp.device)
    mirrored = xp.flip(weights)

    def transposed(g: Any) -> Any:
        return xp.scipy.ndimage.correlate(g, mirrored, **_around(g, mirrored, axes))

    return fit(xp, spread_back(xp, g, borders, transposed), x_shape, x_dtype)


def _around(x: Any, weights: Any, axes: Any) -> dict[str, Any]:
    """Return the keywords of a filter with zeros around."""
    count = len(axes)
    borders = bordered("correlate", x, axes, weights.shape, ["constant"] * count, [0] * count)
    return {"axes": axes, "borders": borders, "mode": "constant", "cval": 0.0}


def _correlated_dweights(
    xp: Any, g: Any, x: Any, weights_shape: Any, weights_dtype: Any, borders: Any, cval: Any
) -> Any:
    found = [xp.sum(g * seen) for _, seen in taps(xp, x, borders, cval)]
    return fit(xp, xp.reshape(xp.stack(found), weights_shape), weights_shape, weights_dtype)


_correlate = declared(
    operation(
        "scipy.ndimage.correlate",
        _correlated,
        "x weights",
        dx=_correlated_dx,
        dweights=_correlated_dweights,
        prepare=lambda x, weights, /, *, axes, borders, mode, cval: {
            "axes": axes,
            "borders": borders,
            "mode": mode,
            "cval": cval,
        },
        doc="Return the products of weights with each window, added up; weights are not conjugated.",
    )
)


def _evened(xp: Any, x: Any, size: int, borders: Any, mode: str, cval: Any) -> Any:
    (border,) = borders
    if xp.scipy_library is None or 0 in x.shape:
        return sum(seen / size for _, seen in taps(xp, x, borders, cval)) if x.size else xp.compact(x)
    function = xp.scipy_function("ndimage", "uniform_filter1d")
    return function(x, size, border.axis, mode=mode, cval=cval, origin=border.before - size // 2)


def _evened_dx(xp: Any, g: Any, x_shape: Any, x_dtype: Any, size: int, borders: Any) -> Any:
    if 0 in x_shape:
        return xp.zeros(x_shape, dtype=x_dtype, device=xp.device)
    axes = (borders[0].axis,)

    def transposed(g: Any) -> Any:
        around = bordered("uniform_filter1d", g, axes, (size,), ["constant"], [0])
        return xp.scipy.ndimage.uniform_filter1d(g, size=size, borders=around, mode="constant", cval=0.0)

    return spread_back(xp, g, borders, transposed)


_uniform = declared(
    operation(
        "scipy.ndimage.uniform_filter1d",
        _evened,
        dx=_evened_dx,
        prepare=lambda x, /, *, size, borders, mode, cval: {
            "size": size,
            "borders": borders,
            "mode": mode,
            "cval": cval,
        },
        doc="Return the mean of each window along an axis.",
    )
)

# ---------------------------------------------------------------- weights that are given


def _filtered(
    op: str,
    x: Any,
    weights: Any,
    axes: Sequence[int],
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    convolves: bool,
) -> Any:
    """Correlate or convolve over axes, of which weights have one each."""
    xp, x, weights = images(op, output, input=x, weights=weights)
    if callable(axes):
        axes = axes(x.ndim)
    if weights.ndim != len(axes) or 0 in weights.shape:
        got = f"weights has shape {weights.shape}"
        raise ShapeError(message(op, got, f"expected {len(axes)} axes, none of length 0"))
    mode = mode_in(op, mode)
    origins = [whole_in(op, "origin", o) for o in per_axis(op, "origin", origin, len(axes))]
    if convolves:
        weights = xp.flip(weights)
        origins = [-o - (n % 2 == 0) for o, n in zip(origins, weights.shape, strict=True)]
    elif weights.dtype.kind == "c":
        weights = xp.conj(weights)
    if weights.dtype.kind not in "fc":
        weights = weights.astype(x.dtype) if x.dtype.kind == "f" else floating(weights)
    borders = bordered(op, x, axes, weights.shape, [mode] * len(axes), origins)
    cval = constant(op, cval)
    out = _correlate(x, weights, axes=tuple(axes), borders=borders, mode=mode, cval=cval)
    return finished(xp, out, output)


def correlate1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    origin: int = 0,
) -> Any:
    """Return the products of weights with each window along an axis, added up.

    The result has the shape and dtype of ``input``; complex weights are conjugated. ``output`` may be a
    dtype. Differentiable to any order in ``input`` and ``weights``, on every device. Raises ``ShapeError``
    for weights that have not one axis, ``ArgumentError`` for a mode or an origin that is none,
    ``AxisError`` for the axis. The transpose mirrors the weights and folds the border back.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.correlate1d([2.0, 8.0, 0.0, 4.0], [1.0, 3.0])
    tensor([ 8., 26.,  8., 12.], dtype=float64, device='cpu')
    """
    axes: Any = lambda ndim: (axis_in("correlate1d", axis, ndim),)
    return _filtered("correlate1d", input, weights, axes, output, mode, cval, origin, False)


def convolve1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    origin: int = 0,
) -> Any:
    """Return the products of mirrored weights with each window along an axis, added up.

    As ``correlate1d``, but for the mirrored weights, which are not conjugated.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.convolve1d([2.0, 8.0, 0.0, 4.0], [1.0, 3.0])
    tensor([14., 24.,  4., 16.], dtype=float64, device='cpu')
    """
    axes: Any = lambda ndim: (axis_in("convolve1d", axis, ndim),)
    return _filtered("convolve1d", input, weights, axes, output, mode, cval, origin, True)


def correlate(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the products of weights with each window, added up.

    ``weights`` has as many axes as ``input``, or as ``axes`` names. The result has the shape and dtype of
    ``input``; complex weights are conjugated. ``output`` may be a dtype. Differentiable to any order in
    ``input`` and ``weights``, on every device. Raises ``ShapeError`` where the axes do not fit,
    ``ArgumentError`` for a mode or an origin that is none. The transpose mirrors the weights and folds the
    border back.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.correlate([[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [1.0, 1.0]])
    tensor([[3., 5.],
            [7., 9.]], dtype=float64, device='cpu')
    """
    found: Any = lambda ndim: axes_among("correlate", axes, ndim)
    return _filtered("correlate", input, weights, found, output, mode, cval, origin, False)


def convolve(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the products of mirrored weights with each window, added up.

    As ``correlate``, but for the mirrored weights, which are not conjugated.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.convolve([[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [1.0, 1.0]])
    tensor([[ 6.,  8.],
            [10., 12.]], dtype=float64, device='cpu')
    """
    found: Any = lambda ndim: axes_among("convolve", axes, ndim)
    return _filtered("convolve", input, weights, found, output, mode, cval, origin, True)


# ---------------------------------------------------------------- uniform


def uniform_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: complex = 0.0,
    origin: int = 0,
) -> Any:
    """Return the mean of each window of ``size`` entries along an axis.

    Shape and dtype are those of ``input``; ``output`` may be a dtype. Differentiable to any order in
    ``input``, on every device. Raises ``ArgumentError`` for a size below 1, a mode or an origin that is
    none.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.uniform_filter1d([2.0, 8.0, 0.0, 4.0], 3)
    tensor([4.        , 3.33333333, 4.        , 2.66666667], dtype=float64, device='cpu')
    """
    op = "uniform_filter1d"
    xp, x = images(op, output, input=input)
    size, axis, mode = whole_in(op, "size", size), axis_in(op, axis, x.ndim), mode_in(op, mode)
    if size < 1:
        raise ArgumentError(message(op, f"size is {size}", "expected 1 or more"))
    borders = bordered(op, x, (axis,), (size,), (mode,), (whole_in(op, "origin", origin),))
    out = _uniform(x, size=size, borders=borders, mode=mode, cval=constant(op, cval))
    return finished(xp, out, output)


def uniform_filter(
    input: Any,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: complex = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the mean of each window, of ``size`` entries along each axis or one number for all.

    As ``uniform_filter1d`` along one axis after another.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.uniform_filter([[2.0, 8.0], [0.0, 6.0]], 2)
    tensor([[2., 5.],
            [1., 4.]], dtype=float64, device='cpu')
    """
    op = "uniform_filter"
    xp, x = images(op, output, input=input)
    axes = axes_among(op, axes, x.ndim)
    arguments = (("size", size), ("mode", mode), ("origin", origin))
    for axis, n, how, o in zip(axes, *(per_axis(op, k, v, len(axes)) for k, v in arguments), strict=True):
        if n > 1:
            x = uniform_filter1d(x, int(n), axis, None, how, cval, o)
    return finished(xp, x, output)
