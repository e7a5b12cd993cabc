"""Recursive filters: one row, and in functions of tensors what SciPy builds on it.

A filter solves ``a * y = b * x + z`` along an axis, where ``*`` is convolution cut to the length of x and
``z`` are the states at the start in the first entries. With w the gradient filtered backwards in time by 1
/ a, the gradient of x is w correlated with b, those of b and a are w correlated with x and with -y, and
that of the states is w itself: the adjoint of a linear recurrence (A. V. Oppenheim and R. W. Schafer,
Discrete-Time Signal Processing, on transposed structures). All of that are filters and sums again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ShapeError, message
from anygrad.op import operation
from anygrad.rules import axis_in, fit, part
from anygrad.scipy.doors import beside, declared, floating, given
from anygrad.scipy.signal.convolution import convolve

__all__ = [
    "deconvolve",
    "lfilter",
    "lfilter_zi",
    "lfiltic",
    "sosfilt",
    "sosfilt_zi",
]

# ---------------------------------------------------------------- the row


def _filtered(xp: Any, b: Any, a: Any, x: Any, zi: Any, axis: int, starts: bool) -> Any:
    function = xp.scipy_function("signal", "lfilter")
    if not starts:
        return function(b, a, x, axis=axis)
    if xp.scipy_library == "scipy":
        return function(b, a, x, axis=axis, zi=zi)[0]
    # CuPy's states are others: past inputs and outputs. What SciPy's add is filtered by 1 / a alone.
    states = _cut(xp, zi * xp.getitem(a, (0,)), axis, x.shape[axis])
    return function(b, a, x, axis=axis) + function(xp.ones((1,), dtype=a.dtype), a, states, axis=axis)


def _cut(xp: Any, x: Any, axis: int, n: int) -> Any:
    """Return the first n entries along an axis, zeros after those that there are."""
    own = x.shape[axis]
    if own >= n:
        return part(xp, x, axis, 0, n)
    shape = tuple(n - own if k == axis else m for k, m in enumerate(x.shape))
    return xp.concat([x, xp.zeros(shape, dtype=x.dtype, device=xp.device)], axis=axis)


def _backwards(xp: Any, b: Any, a: Any, g: Any, axis: int) -> Any:
    """Filter backwards in time, from no states."""
    count = max(b.shape[0], a.shape[0]) - 1
    shape = tuple(count if k == axis else n for k, n in enumerate(g.shape))
    rest = xp.zeros(shape, dtype=g.dtype, device=xp.device)
    return xp.flip(
        xp.scipy.signal.lfilter(b, a, xp.flip(g, axis=axis), rest, axis=axis, starts=False), axis=axis
    )


def _inverted(xp: Any, a: Any, g: Any, axis: int) -> Any:
    """Filter backwards in time by 1 / a."""
    return _backwards(xp, xp.ones((1,), dtype=a.dtype, device=xp.device), a, g, axis)


def _lagged(xp: Any, w: Any, x: Any, count: int, axis: int) -> Any:
    """Return the sums of the products of w and x moved by 0, 1, ... entries."""
    n = x.shape[axis]
    sums = []
    for k in range(count):
        later = part(xp, w, axis, min(k, n), n)
        sums.append(xp.sum(later * part(xp, x, axis, 0, max(n - k, 0))))
    return xp.stack(sums)


def _da(xp: Any, g: Any, a: Any, a_shape: Any, a_dtype: Any, zi: Any, out: Any, axis: int) -> Any:
    w = _inverted(xp, a, g, axis)
    found = -_lagged(xp, w, out, a_shape[0], axis)
    # SciPy divides b and a by the first entry of a, and not the states: so that the states scale with it.
    count = min(zi.shape[axis], out.shape[axis])
    scaled = xp.sum(part(xp, w, axis, 0, count) * part(xp, zi, axis, 0, count))
    first = part(xp, found, 0, 0, 1) + xp.reshape(scaled, (1,))
    return fit(xp, xp.concat([first, part(xp, found, 0, 1, a_shape[0])], axis=0), a_shape, a_dtype)


def _dzi(xp: Any, g: Any, a: Any, zi_shape: Any, zi_dtype: Any, axis: int) -> Any:
    w = _cut(xp, xp.getitem(a, (0,)) * _inverted(xp, a, g, axis), axis, zi_shape[axis])
    return fit(xp, w, zi_shape, zi_dtype)


_filter = declared(
    operation(
        "scipy.signal.lfilter",
        _filtered,
        "b a x zi",
        db=lambda xp, g, b_shape, b_dtype, a, x, axis: fit(
            xp, _lagged(xp, _inverted(xp, a, g, axis), x, b_shape[0], axis), b_shape, b_dtype
        ),
        da=_da,
        dx=lambda xp, g, b, a, x_shape, x_dtype, axis: fit(
            xp, _backwards(xp, b, a, g, axis), x_shape, x_dtype
        ),
        dzi=_dzi,
        prepare=lambda b, a, x, zi, /, *, axis, starts: {"axis": axis, "starts": starts},
        accepts="floating",
        alike=True,
        doc="Return x filtered along an axis by b / a from the states zi.",
    )
)

# ---------------------------------------------------------------- arguments


def coefficients(op: str, xp: Any, **given: Any) -> list[Any]:
    """Return coefficients as vectors; raises ``ShapeError`` for more axes or none at all."""
    found = []
    for name, x in given.items():
        x = xp.reshape(x, (1,)) if not x.ndim else x
        if x.ndim != 1 or not x.size:
            raise ShapeError(message(op, f"{name} has shape {x.shape}", "expected one axis, not empty"))
        found.append(floating(x))
    return found


def _ended(xp: Any, x: Any, axis: int, count: int) -> Any:
    """Return the last ``count`` entries along an axis, the last first; zeros where there are fewer."""
    n = x.shape[axis]
    return _cut(xp, xp.flip(part(xp, x, axis, max(n - count, 0), n), axis=axis), axis, count)


def _carried(xp: Any, b: Any, past: Any, axis: int, count: int) -> Any:
    """Return what coefficients make of past entries (the last first) in each of ``count`` states."""
    length = past.shape[axis]
    reach = np.arange(count)[:, None] + np.arange(1, length + 1)[None, :]
    b = xp.concat([b, xp.zeros((1,), dtype=b.dtype)], axis=0)
    index = np.minimum(reach, b.shape[0] - 1).reshape(-1)
    weights = xp.reshape(xp.take(b, beside(b, index), axis=0), (count, length))
    moved = xp.moveaxis(past, axis, -1)
    dtype = np.result_type(weights.dtype, moved.dtype)
    weights, moved = (xp.astype(v, dtype, copy=False) for v in (weights, moved))
    return xp.moveaxis(xp.matmul(moved, xp.matrix_transpose(weights)), -1, axis)


def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Return x filtered along an axis by the transfer function b / a; with ``zi`` the states as well.

    ``b`` and ``a`` are vectors; ``zi`` has the shape of x but for ``max(len(a), len(b)) - 1`` along the
    axis, or broadcasts to it, and then ``(y, zf)`` is returned. Dtypes are promoted, to floats.
    Differentiable to any order in ``b``, ``a``, ``x`` and ``zi``, on NumPy and CUDA. Raises ``ShapeError``
    where shapes do not fit, ``ArgumentError`` where the first entry of a is 0, ``AxisError`` for the axis.

    >>> import anygrad as ag
    >>> ag.scipy.signal.lfilter([1.0], [1.0, -0.5], [1.0, 0.0, 0.0, 8.0])
    tensor([1.   , 0.5  , 0.25 , 8.125], dtype=float64, device='cpu')
    """
    op = "lfilter"
    xp, b, a, x, zi = given(op, b=b, a=a, x=x, zi=zi)
    b, a = coefficients(op, xp, b=b, a=a)
    axis, x = axis_in(op, axis, x.ndim), floating(x)
    count = max(b.shape[0], a.shape[0]) - 1
    shape = tuple(count if k == axis else n for k, n in enumerate(x.shape))
    if zi is None:
        return _filter(b, a, x, xp.zeros(shape, dtype=x.dtype), axis=axis, starts=False)
    got = f"zi has shape {zi.shape}, x has shape {x.shape}, axis is {axis}"
    if zi.ndim != x.ndim or any(n not in (m, 1) for n, m in zip(zi.shape, shape, strict=True)):
        raise ShapeError(message(op, got, f"expected what broadcasts to {shape}"))
    zi = xp.broadcast_to(floating(zi), shape)
    y = _filter(b, a, x, zi, axis=axis, starts=True)
    if not count:
        return y, xp.astype(zi, y.dtype, copy=False)
    past = (_carried(xp, c, _ended(xp, v, axis, count), axis, count) for c, v in ((b, x), (a, y)))
    first, second = past
    zf = (first - second) / a[0]
    if x.shape[axis] < count:
        left = part(xp, zi, axis, x.shape[axis], count)
        zf = zf + _ended(xp, xp.flip(left, axis=axis), axis, count)
    return y, zf


def lfilter_zi(b: Any, a: Any) -> Any:
    """Return the states in which a filter starts, so that its answer to a step is constant.

    A vector of ``max(len(a), len(b)) - 1`` entries. Differentiable to any order in ``b`` and ``a``, on every
    device. Raises ``ShapeError`` for what is no vector.

    >>> import anygrad as ag
    >>> ag.scipy.signal.lfilter_zi([0.25, 0.25], [1.0, -0.5])
    tensor([0.75], dtype=float64, device='cpu')
    """
    op = "lfilter_zi"
    xp, b, a = given(op, b=b, a=a)
    b, a = coefficients(op, xp, b=b, a=a)
    dtype = np.result_type(a.dtype, b.dtype)
    length = max(a.shape[0], b.shape[0])
    a, b = (xp.astype(xp.pad(v / a[0], (0, length - v.shape[0])), dtype, copy=False) for v in (a, b))
    rest = b[1:] - a[1:] * b[0]
    first = xp.sum(rest) / xp.sum(a)
    ahead = xp.pad(xp.cumulative_sum(rest, axis=0), (1, 0))
    return (first * xp.cumulative_sum(a, axis=0) - ahead)[: length - 1]


def lfiltic(b: Any, a: Any, y: Any, x: Any = None) -> Any:
    """Return the states of a filter after the outputs ``y`` and the inputs ``x``, the last of each first.

    Vectors; those that are too short go on with zeros. Differentiable to any order in all four, on every
    device. Raises ``ShapeError`` for what is no vector.

    >>> import anygrad as ag
    >>> ag.scipy.signal.lfiltic([1.0], [1.0, -0.5], [2.0])
    tensor([1.], dtype=float64, device='cpu')
    """
    op = "lfiltic"
    xp, b, a, y, x = given(op, b=b, a=a, y=y, x=x)
    b, a, y = coefficients(op, xp, b=b, a=a, y=y)
    count = max(b.shape[0], a.shape[0]) - 1
    zi = -_carried(xp, a, _long(xp, y, count), 0, count)
    if x is not None:
        (x,) = coefficients(op, xp, x=x)
        zi = zi + _carried(xp, b, _long(xp, x, count), 0, count)
    return zi / a[0]


def _long(xp: Any, x: Any, count: int) -> Any:
    return xp.pad(x[:count], (0, max(count - x.shape[0], 0)))


# ---------------------------------------------------------------- sections of the second order


def sections(op: str, sos: Any) -> Any:
    """Return sections as floating rows; raises ``ShapeError`` where they are not of six."""
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ShapeError(message(op, f"sos has shape {sos.shape}", "expected rows of six"))
    return floating(sos)


def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Return x filtered along an axis by sections of the second order; with ``zi``, the states as well.

    ``sos`` (n, 6) has a row of b and a for each; ``zi`` (n, ..., 2, ...) is x with 2 in the place of the
    axis, and then ``(y, zf)`` is returned. Differentiable to any order in ``sos``, ``x`` and ``zi``, on
    NumPy and CUDA. Raises ``ShapeError`` where shapes do not fit, ``AxisError`` for the axis.

    >>> import anygrad as ag
    >>> ag.scipy.signal.sosfilt([[1.0, 0.0, 0.0, 1.0, -0.5, 0.0]], [1.0, 0.0, 0.0, 8.0])
    tensor([1.   , 0.5  , 0.25 , 8.125], dtype=float64, device='cpu')
    """
    op = "sosfilt"
    xp, sos, x, zi = given(op, sos=sos, x=x, zi=zi)
    sos, axis, y = sections(op, sos), axis_in(op, axis, x.ndim), x
    shape = (sos.shape[0], *(2 if k == axis else n for k, n in enumerate(x.shape)))
    if zi is not None and zi.shape != shape:
        got = f"zi has shape {zi.shape}, x has shape {x.shape}, axis is {axis}"
        raise ShapeError(message(op, got, f"expected {shape}"))
    ends = []
    for k in range(sos.shape[0]):
        if zi is None:
            y = lfilter(sos[k, :3], sos[k, 3:], y, axis)
        else:
            y, zf = lfilter(sos[k, :3], sos[k, 3:], y, axis, zi[k, ...])
            ends.append(zf)
    return y if zi is None else (y, xp.stack(ends))


def sosfilt_zi(sos: Any) -> Any:
    """Return the states (n, 2) in which sections start, so that their answer to a step is constant.

    Differentiable to any order, on every device. Raises ``ShapeError`` for rows that are not of six.

    >>> import anygrad as ag
    >>> ag.scipy.signal.sosfilt_zi([[0.25, 0.25, 0.0, 1.0, -0.5, 0.0]])
    tensor([[0.75, 0.  ]], dtype=float64, device='cpu')
    """
    op = "sosfilt_zi"
    xp, sos = given(op, sos=sos)
    sos, scale, rows = sections(op, sos), 1.0, []
    for k in range(sos.shape[0]):
        b, a = sos[k, :3], sos[k, 3:]
        rows.append(scale * lfilter_zi(b, a))
        scale = scale * (xp.sum(b) / xp.sum(a))
    return xp.stack(rows)


def deconvolve(signal: Any, divisor: Any) -> Any:
    """Return the quotient and the remainder of a signal divided by another: polynomials' long division.

    Vectors. Differentiable to any order in both, on NumPy and CUDA. Raises ``ShapeError`` for what is no
    vector.

    >>> import anygrad as ag
    >>> ag.scipy.signal.deconvolve([1.0, 1.0, -1.0], [1.0, -1.0])
    (tensor([1., 2.], dtype=float64, device='cpu'), tensor([0., 0., 1.], dtype=float64, device='cpu'))
    """
    op = "deconvolve"
    xp, signal, divisor = given(op, signal=signal, divisor=divisor)
    signal, divisor = coefficients(op, xp, signal=signal, divisor=divisor)
    count = signal.shape[0] - divisor.shape[0] + 1
    if count < 1:
        return xp.zeros((0,), dtype=signal.dtype), signal
    wide = signal.xp.within(np.dtype(np.float64))
    pulse = xp.pad(xp.ones((1,), dtype=wide), (0, count - 1))
    quotient = lfilter(signal, divisor, pulse)
    return quotient, signal - convolve(divisor, quotient)
