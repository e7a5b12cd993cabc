"""How an image goes on beyond its borders, and the transpose of that; the arguments that all filters share.

An image that is extended has ``before`` more layers at the start of an axis and ``after`` at its end, each a
copy of a layer inside, or constant. The transpose adds them back to where they came from. Both are written in
functions of the namespace, and so differentiate; knows no filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, UnsupportedError, message
from anygrad.rules import axes_in, part, split
from anygrad.scipy.doors import given

__all__ = [
    "Border",
    "axes_among",
    "bordered",
    "constant",
    "extended",
    "finished",
    "fixed",
    "folded",
    "images",
    "mode_in",
    "per_axis",
    "source_of",
    "spread_back",
    "taps",
]

MODES = {
    "reflect": "reflect",
    "grid-mirror": "reflect",
    "mirror": "mirror",
    "nearest": "nearest",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}
"""SciPy's words for how an image goes on, and the five ways there are for filters."""


class Border(NamedTuple):
    """Along an axis of length ``n``: how many layers are added, and which they are (None: constant)."""

    axis: int
    n: int
    before: int
    after: int
    mode: str
    index: Any


def source_of(positions: np.ndarray, n: int, mode: str) -> Any:
    """Return which entries of n are seen at positions that may lie outside."""
    n = max(n, 1)
    if mode == "nearest":
        return np.clip(positions, 0, n - 1)
    if mode == "wrap":
        return np.mod(positions, n)
    period = 2 * n if mode == "reflect" else max(2 * n - 2, 1)
    phase = np.mod(positions, period)
    return np.minimum(phase, (2 * n - 1 if mode == "reflect" else period) - phase)


def bordered(
    op: str, x: Any, axes: Sequence[int], sizes: Sequence[int], modes: Sequence[str], origins: Sequence[int]
) -> tuple[Border, ...]:
    """Return the borders that filters of these sizes see; raises ``ArgumentError`` for an origin outside."""
    found = []
    for axis, size, mode, origin in zip(axes, sizes, modes, origins, strict=True):
        before = size // 2 + origin
        if not 0 <= before < size:
            got = f"origin is {origin}, the filter has length {size}"
            raise ArgumentError(message(op, got, f"expected {-(size // 2)} to {(size - 1) // 2}"))
        n, after, index = x.shape[axis], size - 1 - before, None
        if n and mode != "constant" and before + after:
            around = np.concatenate([np.arange(-before, 0), np.arange(n, n + after)])
            index = x.xp.from_numpy(source_of(around, n, mode).astype(x.xp.within(np.dtype(np.int64))))
        found.append(Border(axis, n, before, after, mode, index))
    return tuple(found)


def extended(xp: Any, x: Any, border: Border, cval: complex) -> Any:
    """Return x with its border."""
    axis, _, before, after, _, index = border
    if not before + after:
        return x
    if index is None:
        shape = (*x.shape[:axis], before + after, *x.shape[axis + 1 :])
        around = xp.full(shape, cval, dtype=x.dtype, device=xp.device)
    else:
        around = xp.region(x, (("take", {"indices": index, "axis": axis}),))
    first, last = split(xp, around, axis, before)
    return xp.concat([first, x, last], axis=axis)


def folded(xp: Any, g: Any, border: Border) -> Any:
    """Return the transpose of ``extended``: what was added, added back to where it came from."""
    axis, n, before, after, _, index = border
    if not before + after:
        return g
    inside = part(xp, g, axis, before, before + n)
    if index is None:
        return inside
    around = xp.concat(
        [part(xp, g, axis, 0, before), part(xp, g, axis, before + n, g.shape[axis])], axis=axis
    )
    return inside + xp.place(around, inside.shape, (("take", {"indices": index, "axis": axis}),))


def spread_back(xp: Any, g: Any, borders: Sequence[Border], transposed: Any) -> Any:
    """Return the transpose of a linear filter of a bordered image, from that of the filter itself.

    ``transposed(g)`` filters with the mirrored weights, zeros around and no origin: g is given with so many
    zeros that the result has the borders, which are folded back.
    """
    shape, key = list(g.shape), [slice(None)] * g.ndim
    for b in borders:
        size = b.before + b.after + 1
        start = size - 1 - size // 2
        shape[b.axis], key[b.axis] = b.n + size - 1, slice(start, start + b.n, 1)
    g = transposed(xp.place(g, tuple(shape), (("getitem", {"key": tuple(key)}),)))
    for b in borders:
        g = folded(xp, g, b)
    return g


def taps(
    xp: Any, x: Any, borders: Sequence[Border], cval: complex = 0.0
) -> Iterable[tuple[tuple[int, ...], Any]]:
    """Yield, for each place in a filter's window, what every window has there."""
    for b in borders:
        x = extended(xp, x, b, cval)
    for at in np.ndindex(*(b.before + b.after + 1 for b in borders)):
        key = [slice(None)] * x.ndim
        for b, k in zip(borders, at, strict=True):
            key[b.axis] = slice(k, k + b.n, 1)
        yield at, xp.region(x, (("getitem", {"key": tuple(key)}),))


# ---------------------------------------------------------------- arguments


def images(op: str, output: Any, **operands: Any) -> tuple[Any, ...]:
    """Return the namespace and the operands, the first in the dtype of ``output`` where that holds more."""
    if not isinstance(output, type | np.dtype | str | None):
        got = f"output is {type(output).__name__}"
        raise ArgumentError(message(op, got, "expected a dtype or None", "assign the result: x[...] = out"))
    xp, x, *others = given(op, **operands)
    if output is not None and np.dtype(output).kind in "fc" and x.dtype.kind not in "fc":
        x = xp.astype(x, np.dtype(output))
    weighs = next((w for w in others if w is not None and w.requires_grad), None)
    if weighs is not None and x.dtype.kind not in "fc":
        got = f"x has dtype {x.dtype}, as then has the result, and another argument requires a gradient"
        raise ArgumentError(message(op, got, "cast x to a floating dtype"))
    return xp, x, *others


def finished(xp: Any, out: Any, output: Any) -> Any:
    """Return a result in the dtype that was asked for."""
    return out if output is None else xp.astype(out, np.dtype(output), copy=False)


def fixed(op: str, name: str, x: Any) -> Any:
    """Return an argument that has no derivative as NumPy's; ``UnsupportedError`` where it requires one."""
    if getattr(x, "requires_grad", False):
        expected = "there is no derivative in it", f"pass {name}.detach()"
        raise UnsupportedError(message(op, f"{name} requires a gradient", *expected))
    return x.xp.to_numpy(x.array) if hasattr(x, "xp") else np.asarray(x)


def constant(op: str, cval: Any) -> Any:
    """Return the number that is beyond a constant border."""
    return fixed(op, "cval", cval).item() if hasattr(cval, "dtype") else cval


def per_axis(op: str, name: str, value: Any, count: int) -> list[Any]:
    """Return an argument's value for each axis."""
    if isinstance(value, str) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0:
        return [value] * count
    found = list(value)
    if len(found) != count:
        got = f"{name} is {value!r}"
        raise ShapeError(message(op, got, f"expected one value, or one for each of {count} axes"))
    return found


def axes_among(op: str, axes: Any, ndim: int) -> tuple[int, ...]:
    """Return the axes to be filtered, from 0; all for None."""
    found = axes_in(op, axes, ndim)
    return tuple(range(ndim)) if found is None else found


def mode_in(op: str, mode: Any) -> str:
    """Return how images go on for filters; raises ``ArgumentError`` for no such mode."""
    if not isinstance(mode, str) or mode not in MODES:
        raise ArgumentError(message(op, f"mode is {mode!r}", f"expected one of {', '.join(MODES)}"))
    return MODES[mode]
