"""Recursive filters forwards and then backwards in time, so that nothing is delayed."""

from __future__ import annotations

from typing import Any

from anygrad.errors import ArgumentError, message
from anygrad.rules import axis_in, part, whole_in
from anygrad.scipy.doors import floating, given
from anygrad.scipy.signal.recursive import (
    coefficients,
    lfilter,
    lfilter_zi,
    sections,
    sosfilt,
    sosfilt_zi,
)

__all__ = ["filtfilt", "sosfiltfilt"]


def continued(op: str, xp: Any, x: Any, axis: int, padtype: Any, edge: int) -> Any:
    """Return x going on at both ends: as its mirror image, that turned over, or constant."""
    if padtype not in ("odd", "even", "constant", None):
        raise ArgumentError(
            message(op, f"padtype is {padtype!r}", "expected 'odd', 'even', 'constant', None")
        )
    n = x.shape[axis]
    if n <= edge:
        got = f"x has length {n} along axis {axis}, padlen is {edge}"
        raise ArgumentError(message(op, got, "x must be longer", "pass padlen="))
    if edge < 0:
        raise ArgumentError(message(op, f"padlen is {edge}", "expected 0 or more"))
    if padtype is None or not edge:
        return x
    widths = [(edge, edge) if k == axis else (0, 0) for k in range(x.ndim)]
    if padtype == "constant":
        return xp.pad(x, widths, "edge")
    if padtype == "even":
        return xp.pad(x, widths, "reflect")
    first, last = part(xp, x, axis, 0, 1), part(xp, x, axis, n - 1, n)
    before = 2 * first - xp.flip(part(xp, x, axis, 1, edge + 1), axis=axis)
    after = 2 * last - xp.flip(part(xp, x, axis, n - edge - 1, n - 1), axis=axis)
    return xp.concat([before, x, after], axis=axis)


def _both_ways(xp: Any, x: Any, axis: int, edge: int, run: Any) -> Any:
    """Filter forwards, then backwards, each from the states that the first entry asks for; cut the ends."""
    for _ in range(2):
        x = xp.flip(run(x, part(xp, x, axis, 0, 1)), axis=axis)
    return part(xp, x, axis, edge, x.shape[axis] - edge)


def filtfilt(
    b: Any,
    a: Any,
    x: Any,
    axis: int = -1,
    padtype: Any = "odd",
    padlen: int | None = None,
    method: str = "pad",
    irlen: int | None = None,
) -> Any:
    """Return x filtered forwards and backwards along an axis by b / a, without a delay.

    Before, x goes on by ``padlen`` entries at both ends: "odd", "even", "constant" or None. Differentiable
    to any order in ``b``, ``a`` and ``x``, on NumPy and CUDA. Raises ``ArgumentError`` where x is not
    longer than ``padlen``, and for the method "gust", which is not there.

    >>> import anygrad as ag
    >>> ag.scipy.signal.filtfilt([0.5, 0.5], [1.0], [1.0, 2.0, 4.0, 8.0], padlen=1)
    tensor([1.  , 2.25, 4.5 , 8.  ], dtype=float64, device='cpu')
    """
    op = "filtfilt"
    if method != "pad" or irlen is not None:
        got = f"method is {method!r}, irlen is {irlen!r}"
        raise ArgumentError(message(op, got, "expected 'pad' and None", "Gustafsson's method is not there"))
    xp, b, a, x = given(op, b=b, a=a, x=x)
    b, a = coefficients(op, xp, b=b, a=a)
    axis = axis_in(op, axis, x.ndim)
    edge = 3 * max(a.shape[0], b.shape[0]) if padlen is None else whole_in(op, "padlen", padlen)
    edge = 0 if padtype is None else edge
    longer = continued(op, xp, floating(x), axis, padtype, edge)
    zi = lfilter_zi(b, a)
    zi = xp.reshape(zi, tuple(-1 if k == axis else 1 for k in range(x.ndim)))
    return _both_ways(xp, longer, axis, edge, lambda x, first: lfilter(b, a, x, axis, zi * first)[0])


def sosfiltfilt(sos: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: int | None = None) -> Any:
    """Return x filtered forwards and backwards along an axis by sections of the second order.

    As ``filtfilt``; where ``padlen`` is left out the sections are read for how many of them end in zeros.

    >>> import anygrad as ag
    >>> ag.scipy.signal.sosfiltfilt([[0.5, 0.5, 0.0, 1.0, 0.0, 0.0]], [1.0, 2.0, 4.0, 8.0], padlen=1)
    tensor([1.  , 2.25, 4.5 , 8.  ], dtype=float64, device='cpu')
    """
    op = "sosfiltfilt"
    xp, sos, x = given(op, sos=sos, x=x)
    sos, axis = sections(op, sos), axis_in(op, axis, x.ndim)
    if padlen is None:
        known = sos.detach().xp.to_numpy(sos.array)
        zeros = min((known[:, 2] == 0).sum(), (known[:, 5] == 0).sum())
        padlen = 3 * int(2 * sos.shape[0] + 1 - zeros)
    edge = 0 if padtype is None else whole_in(op, "padlen", padlen)
    longer = continued(op, xp, floating(x), axis, padtype, edge)
    zi = sosfilt_zi(sos)
    zi = xp.reshape(zi, (sos.shape[0], *(2 if k == axis else 1 for k in range(x.ndim))))
    return _both_ways(xp, longer, axis, edge, lambda x, first: sosfilt(sos, x, axis, zi * first)[0])
