"""Windows over signals and images: pooling, and the windows themselves.

Names, arguments and defaults are those of ``torch.nn.functional``. How windows lie along an axis is a
*frame*, ``(kernel, stride, low, high, dilation)``, with what is padded before and after; a row has one for
each of the last axes. What a pool keeps is its input, never the windows.
"""

from __future__ import annotations

from math import prod
from operator import index
from typing import Any

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.op import ArrayLike, derived, operation
from anygrad.rules import whole_in

Frames = tuple[tuple[int, int, int, int, int], ...]

# ---------------------------------------------------------------- rows


def _framed(x: Any, /, frames: Frames) -> dict[str, Any]:
    return {"frames": frames}


def _shaped(y: Any, /, shape: tuple[int, ...], frames: Frames) -> dict[str, Any]:
    return {"shape": shape, "frames": frames}


windows = operation(
    "windows",
    lambda xp, x, frames: xp.windows(x, frames),
    dx=lambda xp, g, x_shape, frames: xp.fold(g, x_shape, frames),
    prepare=_framed,
    linear=True,
    public=False,
    doc="Return the windows over the last axes: axes of the kernel, then of positions.",
)

fold = operation(
    "fold",
    lambda xp, y, shape, frames: xp.fold(y, shape, frames),
    inputs="y",
    dy=lambda xp, g, frames: xp.windows(g, frames),
    prepare=_shaped,
    linear=True,
    public=False,
    doc="Add up windows where they came from.",
)

pool_sum = operation(
    "pool_sum",
    lambda xp, x, frames: xp.pool_sum(x, frames),
    dx=lambda xp, g, x_shape, frames: xp.pool_sum_dx(g, x_shape, frames),
    prepare=_framed,
    linear=True,
    public=False,
    doc="Return the sum of each window over the last axes.",
)

pool_sum_dx = operation(
    "pool_sum_dx",
    lambda xp, y, shape, frames: xp.pool_sum_dx(y, shape, frames),
    inputs="y",
    dy=lambda xp, g, frames: xp.pool_sum(g, frames),
    prepare=_shaped,
    linear=True,
    public=False,
    doc="Return the gradient of pool_sum from that of its result.",
)


def _found(y: Any, x: Any, out: Any, /, frames: Frames) -> dict[str, Any]:
    return {"frames": frames}


pool_max = operation(
    "pool_max",
    lambda xp, x, frames: xp.pool_max(x, frames),
    dx=lambda xp, g, x, out, frames: xp.pool_max_dx(g, x, out, frames),
    prepare=_framed,
    accepts="real",
    public=False,
    doc="Return the largest entry of each window over the last axes; equal ones share the gradient evenly.",
)

pool_max_dx = operation(
    "pool_max_dx",
    lambda xp, y, x, top, frames: xp.pool_max_dx(y, x, top, frames),
    inputs="y x top",
    dy=lambda xp, g, x, top, frames: xp.pool_max_picked(g, x, top, frames),
    prepare=_found,
    accepts="real floating",
    public=False,
    doc="Return the gradient of pool_max, top its result, from that of the result, y.",
)

pool_max_picked = operation(
    "pool_max_picked",
    lambda xp, y, x, top, frames: xp.pool_max_picked(y, x, top, frames),
    inputs="y x top",
    dy=lambda xp, g, x, top, frames: xp.pool_max_dx(g, x, top, frames),
    prepare=_found,
    accepts="real floating",
    public=False,
    doc="Return the mean of y over the entries of x that are the largest of each window, top.",
)


# ---------------------------------------------------------------- arguments


def each(op: str, name: str, value: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """Return an argument as a number for each axis; one stands for all."""
    try:
        given = tuple(index(n) for n in value) if isinstance(value, tuple | list) else (index(value),)
    except TypeError:
        expected = f"expected an integer, or a tuple of {count}"
        raise DtypeError(message(op, f"{name} is {value!r}", expected)) from None
    given = given * count if len(given) == 1 else given
    if len(given) != count or min(given) < least:
        expected = f"expected an integer of at least {least}, or a tuple of {count} such"
        raise ArgumentError(message(op, f"{name} is {value!r}", expected))
    return given


def check_fit(op: str, lengths: tuple[int, ...], frames: Frames) -> None:
    """Raise ``ShapeError`` where no window fits along some axis."""
    for n, (kernel, _, low, high, dilation) in zip(lengths, frames, strict=True):
        reach = dilation * (kernel - 1) + 1
        if not kernel or n + low + high < reach:
            got = f"the last axes of x have lengths {lengths}, with padding {n + low + high} in one"
            expected = "expected a kernel of at least 1" if not kernel else f"a window there takes {reach}"
            raise ShapeError(message(op, got, expected))


def _laid(
    op: str, x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, count: int, ceil_mode: bool
) -> Frames:
    """Return the frames of windows over the last axes of x (n, channels, ...), or of x without n."""
    if x.ndim not in (count + 1, count + 2):
        got = f"x has shape {x.shape}"
        raise ShapeError(message(op, got, f"expected {count + 2} axes, or {count + 1} without a batch"))
    kernel = each(op, "kernel_size", kernel, count)
    stride = kernel if stride is None else each(op, "stride", stride, count)
    pads, dilation = each(op, "padding", padding, count, 0), each(op, "dilation", dilation, count)
    frames = []
    for n, k, s, p, d in zip(x.shape[-count:], kernel, stride, pads, dilation, strict=True):
        reach = d * (k - 1) + 1
        high = p
        if ceil_mode:
            more = -(-(n + 2 * p - reach) // s)
            more -= more * s >= n + p  # A window that would see nothing but padding after x is left out.
            high = max(p, more * s + reach - n - p)
        frames.append((k, s, p, high, d))
    check_fit(op, x.shape[-count:], tuple(frames))
    return tuple(frames)


def _check_half(op: str, frames: Frames) -> None:
    """Raise where padding may fill a window."""
    for kernel, _, low, _, dilation in frames:
        if 2 * low > dilation * (kernel - 1) + 1:
            got = f"padding is {low} for windows that reach over {dilation * (kernel - 1) + 1}"
            raise ArgumentError(message(op, got, "it may be half of that at most"))


# ---------------------------------------------------------------- pooling


def _largest(
    xp: Any,
    op: str,
    x: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    count: int,
) -> Any:
    if x.dtype.kind not in "fiu":
        raise DtypeError(message(op, f"x has dtype {x.dtype}", "expected real numbers"))
    frames = _laid(op, x, kernel, stride, padding, dilation, count, ceil_mode)
    _check_half(op, frames)
    return xp.pool_max(x, frames)


@derived
def max_pool1d(
    xp: Any,
    x: ArrayLike,
    /,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """Return the largest entry of each window of signals (n, channels, length), or without n.

    Windows follow one another unless ``stride`` says otherwise. What is padded is never the largest.
    ``ceil_mode`` keeps a last window that leaves x. Equal entries share the gradient evenly. Raises
    ``ShapeError`` where no window fits.

    >>> import anygrad as ag
    >>> ag.max_pool1d(ag.asarray([[1.0, 3.0, 2.0, 4.0, 0.0]]), 2, ceil_mode=True)
    tensor([[3., 4., 0.]], dtype=float64, device='cpu')
    """
    return _largest(xp, "max_pool1d", x, kernel_size, stride, padding, dilation, ceil_mode, 1)


@derived
def max_pool2d(
    xp: Any,
    x: ArrayLike,
    /,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """Return the largest entry of each window of images (n, channels, height, width), or without n.

    One number is for both axes. The rest is as for ``max_pool1d``.

    >>> import anygrad as ag
    >>> ag.max_pool2d(ag.asarray([[[1.0, 3.0], [4.0, 2.0]]]), 2)
    tensor([[[4.]]], dtype=float64, device='cpu')
    """
    return _largest(xp, "max_pool2d", x, kernel_size, stride, padding, dilation, ceil_mode, 2)


def _averaged(
    xp: Any,
    op: str,
    x: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: Any,
    count: int,
) -> Any:
    frames = _laid(op, x, kernel, stride, padding, 1, count, ceil_mode)
    _check_half(op, frames)
    if divisor is not None and whole_in(op, "divisor_override", divisor) == 0:
        raise ArgumentError(message(op, "divisor_override is 0", "expected another integer"))
    x = x if x.dtype.kind in "fc" else x * 1.0
    out = xp.pool_sum(x, frames)
    if divisor is not None:
        return out / divisor
    counts = [
        _counts(n, positions, frame, count_include_pad)
        for n, positions, frame in zip(x.shape[-count:], out.shape[-count:], frames, strict=True)
    ]
    if all(len(set(found)) == 1 for found in counts):
        return out / prod(found[0] for found in counts)
    weights = xp.asarray(counts[-1], dtype=out.dtype)
    for found in counts[:-1]:
        weights = weights * xp.reshape(xp.asarray(found, dtype=out.dtype), (-1, 1))
    return out / weights


def _counts(n: int, positions: int, frame: tuple[int, int, int, int, int], padded: bool) -> list[int]:
    """Return how many entries each window along an axis has; those between two ``padded`` ends, or of x."""
    kernel, stride, low, _, _ = frame
    first, last = (-low, n + low) if padded else (0, n)
    starts = (i * stride - low for i in range(positions))
    return [min(start + kernel, last) - max(start, first) for start in starts]


@derived
def avg_pool1d(
    xp: Any,
    x: ArrayLike,
    /,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """Return the mean of each window of signals (n, channels, length), or without n.

    Windows follow one another unless ``stride`` says otherwise. Zeros that were padded count, unless
    ``count_include_pad`` is false. ``ceil_mode`` keeps a last window that leaves x. Integers become floats.
    Raises ``ShapeError`` where no window fits.

    >>> import anygrad as ag
    >>> ag.avg_pool1d(ag.asarray([[1.0, 3.0, 2.0, 4.0, 0.0]]), 2)
    tensor([[2., 3.]], dtype=float64, device='cpu')
    """
    options = ceil_mode, count_include_pad, None
    return _averaged(xp, "avg_pool1d", x, kernel_size, stride, padding, *options, 1)


@derived
def avg_pool2d(
    xp: Any,
    x: ArrayLike,
    /,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Return the mean of each window of images (n, channels, height, width), or without n.

    One number is for both axes; sums are divided by ``divisor_override`` where it is given. The rest is as
    for ``avg_pool1d``.

    >>> import anygrad as ag
    >>> ag.avg_pool2d(ag.asarray([[[1.0, 3.0], [4.0, 2.0]]]), 2)
    tensor([[[2.5]]], dtype=float64, device='cpu')
    """
    options = ceil_mode, count_include_pad, divisor_override
    return _averaged(xp, "avg_pool2d", x, kernel_size, stride, padding, *options, 2)


@derived
def unfold(
    xp: Any, x: ArrayLike, /, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """Return the windows of images (n, channels, height, width), or without n, as columns.

    The result is (n, channels * height * width of the kernel, positions).

    >>> import anygrad as ag
    >>> ag.unfold(ag.asarray([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]), 2)
    tensor([[1., 2.],
            [2., 3.],
            [4., 5.],
            [5., 6.]], dtype=float64, device='cpu')
    """
    frames = _laid("unfold", x, kernel_size, stride, padding, dilation, 2, False)
    out = xp.windows(x, frames)
    *lead, channels = x.shape[:-2]
    positions = out.shape[-2] * out.shape[-1]
    return xp.reshape(out, (*lead, channels * frames[0][0] * frames[1][0], positions))
