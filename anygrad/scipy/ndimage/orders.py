"""Order filters: the smallest, largest or middle entry of each window.

One row serves them all. Its gradient goes to the entries of a window that equal what was chosen, in equal
parts; what was chosen beyond a constant border has none.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import operation
from anygrad.rules import axis_in, check_order, whole_in
from anygrad.scipy.doors import declared
from anygrad.scipy.ndimage.borders import (
    axes_among,
    bordered,
    constant,
    finished,
    fixed,
    folded,
    images,
    mode_in,
    per_axis,
    taps,
)

__all__ = [
    "maximum_filter",
    "maximum_filter1d",
    "median_filter",
    "minimum_filter",
    "minimum_filter1d",
    "percentile_filter",
    "rank_filter",
]

# ---------------------------------------------------------------- the row


def _seen(xp: Any, x: Any, borders: Any, cval: float, footprint: Any, structure: Any) -> Any:
    """Yield, for each place of a footprint, its number and what every window has there."""
    for at, seen in taps(xp, x, borders, cval):
        if footprint[at]:
            yield at, seen if structure is None else seen - float(structure[at])


def _chosen(
    xp: Any, x: Any, rank: int, borders: Any, modes: Any, cval: float, footprint: Any, structure: Any
) -> Any:
    last = int(footprint.sum()) - 1
    if xp.scipy_library is None or not x.size:
        seen = [part for _, part in _seen(xp, x, borders, cval, footprint, structure)]
        if rank in (0, last):
            return functools.reduce(xp.maximum if rank else xp.minimum, seen)
        return xp.getitem(xp.sort(xp.stack(seen), axis=0), (rank, *(slice(None),) * x.ndim))
    shape, origins, ways = [1] * x.ndim, [0] * x.ndim, ["reflect"] * x.ndim
    for b, n, mode in zip(borders, footprint.shape, modes, strict=True):
        shape[b.axis], origins[b.axis], ways[b.axis] = n, b.before - n // 2, mode
    window = footprint.reshape(shape)
    if rank in (0, last) and structure is None and footprint.all():
        name = "minimum_filter" if rank == 0 else "maximum_filter"
        return xp.scipy_function("ndimage", name)(x, size=shape, mode=ways, cval=cval, origin=origins)
    window = xp.from_numpy(window)
    if structure is not None:
        heights = xp.from_numpy(structure.reshape(shape))
        function = xp.scipy_function("ndimage", "grey_erosion")
        return function(x, footprint=window, structure=heights, mode=modes[0], cval=cval, origin=origins)
    function = xp.scipy_function("ndimage", "rank_filter")
    return function(x, rank, footprint=window, mode=modes[0], cval=cval, origin=tuple(origins))


def _chosen_dx(
    xp: Any, g: Any, x: Any, out: Any, borders: Any, cval: float, footprint: Any, structure: Any
) -> Any:
    if 0 in x.shape:
        return xp.zeros_like(g)
    if structure is not None:  # In single precision the difference may be rounded otherwise than SciPy's.
        parts = _seen(xp, x, borders, cval, footprint, structure)
        out = functools.reduce(xp.minimum, (seen for _, seen in parts))
    hits = [(at, seen == out) for at, seen in _seen(xp, x, borders, cval, footprint, structure)]
    count = sum(xp.astype(hit, g.dtype) for _, hit in hits)
    shape = [*x.shape]
    for b in borders:
        shape[b.axis] += b.before + b.after
    share, total = g / count, None
    for at, hit in hits:
        key = [slice(None)] * x.ndim
        for b, k in zip(borders, at, strict=True):
            key[b.axis] = slice(k, k + b.n, 1)
        mine = xp.where(hit, share, xp.where(count == 0, share * 0, xp.zeros_like(share)))
        mine = xp.place(mine, tuple(shape), (("getitem", {"key": tuple(key)}),))
        total = mine if total is None else total + mine
    for b in reversed(borders):
        total = folded(xp, total, b)
    return total


_order = declared(
    operation(
        "scipy.ndimage.rank_filter",
        _chosen,
        dx=_chosen_dx,
        prepare=lambda x, /, **keywords: keywords,
        real_only=True,
        accepts="real",
        doc="Return the entry of a rank in each window.",
    )
)

# ---------------------------------------------------------------- arguments


def _window(op: str, size: Any, footprint: Any, structure: Any, count: int) -> tuple[np.ndarray, Any]:
    """Return which places of a window count, and how high they are, on the host."""
    if size is not None and footprint is not None:
        warnings.warn("ignoring size because footprint is set", UserWarning, stacklevel=4)
    heights = None if structure is None else fixed(op, "structure", structure).astype(np.float64)
    if footprint is not None:
        window = fixed(op, "footprint", footprint).astype(bool)
    elif heights is not None:
        window = np.ones(heights.shape, bool)
    elif size is None:
        raise ArgumentError(message(op, "got neither size nor footprint", "pass one of them"))
    else:
        window = np.ones([whole_in(op, "size", n) for n in per_axis(op, "size", size, count)], bool)
    if window.ndim != count or (heights is not None and heights.shape != window.shape):
        raise ShapeError(message(op, f"the window has shape {window.shape}", f"expected {count} axes"))
    if not window.any():
        raise ArgumentError(message(op, "the footprint has no place that counts", "set at least one"))
    return window, heights


def _ordered(
    op: str,
    x: Any,
    rank: Any,
    size: Any,
    footprint: Any,
    structure: Any,
    output: Any,
    mode: Any,
    cval: float,
    origin: Any,
    axes: Any,
    *,
    mirrored: bool = False,
) -> Any:
    """Return the entry of each window that ``rank(count)`` says; ``mirrored`` windows are dilation's."""
    xp, x = images(op, output, input=x)
    check_order(op, x)
    axes = axes_among(op, axes, x.ndim)
    window, heights = _window(op, size, footprint, structure, len(axes))
    origins = [whole_in(op, "origin", o) for o in per_axis(op, "origin", origin, len(axes))]
    if mirrored:
        window, heights = np.flip(window), None if heights is None else np.flip(heights)
        origins = [-o - (n % 2 == 0) for o, n in zip(origins, window.shape, strict=True)]
    modes = [mode_in(op, m) for m in per_axis(op, "mode", mode, len(axes))]
    if len(set(modes)) > 1 and not window.all():
        raise ArgumentError(message(op, f"mode is {mode!r}", "a footprint with gaps takes one mode"))
    if not x.ndim:
        return finished(xp, xp.asarray(x, copy=True), output)
    borders = bordered(op, x, axes, window.shape, modes, origins)
    cval = constant(op, cval)
    kept = {"borders": borders, "modes": modes, "cval": cval, "footprint": window}
    if heights is not None and mirrored:
        # What is added to the largest is, upside down, taken from the smallest.
        kept["cval"] = -cval
        return finished(xp, -_order(-x, rank=0, structure=heights, **kept), output)
    rank = rank(int(window.sum()))
    return finished(xp, _order(x, rank=rank, structure=heights, **kept), output)


def erosion_of(op: str, x: Any, mirrored: bool, *arguments: Any) -> Any:
    """Return the smallest entries of windows less their structure, or the largest of mirrored ones and it."""
    return _ordered(op, x, _most if mirrored else _least, *arguments, mirrored=mirrored)


def _least(count: int) -> int:
    return 0


def _most(count: int) -> int:
    return count - 1


# ---------------------------------------------------------------- filters


def minimum_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
) -> Any:
    """Return the smallest entry of each window of ``size`` entries along an axis.

    As ``minimum_filter``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.minimum_filter1d([2.0, 8.0, 0.0, 4.0], 3)
    tensor([2., 0., 0., 0.], dtype=float64, device='cpu')
    """
    return _along("minimum_filter1d", input, _least, size, axis, output, mode, cval, origin)


def maximum_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
) -> Any:
    """Return the largest entry of each window of ``size`` entries along an axis.

    As ``minimum_filter``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.maximum_filter1d([2.0, 8.0, 0.0, 4.0], 3)
    tensor([8., 8., 8., 4.], dtype=float64, device='cpu')
    """
    return _along("maximum_filter1d", input, _most, size, axis, output, mode, cval, origin)


def _along(
    op: str, x: Any, rank: Any, size: Any, axis: int, output: Any, mode: Any, cval: float, origin: Any
) -> Any:
    _, x = images(op, output, input=x)
    axes = (axis_in(op, axis, x.ndim),)
    if whole_in(op, "size", size) < 1:
        raise ArgumentError(message(op, f"size is {size}", "expected 1 or more"))
    return _ordered(op, x, rank, size, None, None, output, mode, cval, origin, axes)


def minimum_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the smallest entry of each window: of ``size``, or where ``footprint`` is true.

    Shape and dtype are those of ``input``, real; ``output`` may be a dtype. Differentiable in ``input``, on
    every device: the gradient goes to the entries that equal what was chosen, in equal parts. Raises
    ``ShapeError`` where a window has not as many axes, ``ArgumentError`` for a size, a mode or an origin
    that is none, ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.minimum_filter([[2.0, 8.0], [1.0, 4.0]], 2)
    tensor([[2., 2.],
            [1., 1.]], dtype=float64, device='cpu')
    """
    arguments = size, footprint, None, output, mode, cval, origin, axes
    return _ordered("minimum_filter", input, _least, *arguments)


def maximum_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the largest entry of each window: of ``size``, or where ``footprint`` is true.

    As ``minimum_filter``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.maximum_filter([[2.0, 8.0], [1.0, 4.0]], 2)
    tensor([[2., 8.],
            [2., 8.]], dtype=float64, device='cpu')
    """
    arguments = size, footprint, None, output, mode, cval, origin, axes
    return _ordered("maximum_filter", input, _most, *arguments)


def rank_filter(
    input: Any,
    rank: int,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the entry of a rank in each window, from 0 for the smallest; -1 is the largest.

    As ``minimum_filter``; a rank that no entry has raises ``ArgumentError``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.rank_filter([2.0, 8.0, 0.0, 4.0], 1, 3)
    tensor([2., 2., 4., 4.], dtype=float64, device='cpu')
    """
    op = "rank_filter"
    place = whole_in(op, "rank", rank)

    def chosen(count: int) -> int:
        if not -count <= place < count:
            raise ArgumentError(message(op, f"rank is {rank}", f"a window has {count} entries"))
        return place % count

    return _ordered(op, input, chosen, size, footprint, None, output, mode, cval, origin, axes)


def median_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the middle entry of each window; of an even number the upper of two.

    As ``minimum_filter``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.median_filter([2.0, 8.0, 0.0, 4.0], 3)
    tensor([2., 2., 4., 4.], dtype=float64, device='cpu')
    """
    arguments = size, footprint, None, output, mode, cval, origin, axes
    return _ordered("median_filter", input, lambda count: count // 2, *arguments)


def percentile_filter(
    input: Any,
    percentile: float,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Return the entry of each window above so many percent of it; below 0 they are counted from 100.

    As ``minimum_filter``; a percentile outside raises ``ArgumentError``.

    >>> import anygrad as ag
    >>> ag.scipy.ndimage.percentile_filter([2.0, 8.0, 0.0, 4.0], 40, 3)
    tensor([2., 2., 4., 4.], dtype=float64, device='cpu')
    """
    op = "percentile_filter"
    share = percentile + 100.0 if percentile < 0 else percentile
    if not 0 <= share <= 100:
        raise ArgumentError(message(op, f"percentile is {percentile}", "expected -100 to 100"))

    def chosen(count: int) -> int:
        return count - 1 if share == 100 else int(float(count) * share / 100.0)

    return _ordered(op, input, chosen, size, footprint, None, output, mode, cval, origin, axes)
