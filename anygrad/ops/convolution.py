"""Convolution of signals and images, and its transpose.

Names, arguments and defaults are those of ``torch.nn.functional``. A convolution and its two gradients are
three rows, of which each has the other two for its derivatives. They keep their operands, never the windows.
"""

from __future__ import annotations

from typing import Any

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import ArrayLike, derived, operation
from anygrad.ops.pooling import Frames, check_fit, each
from anygrad.rules import whole_in

# ---------------------------------------------------------------- rows


def _grouped(x: Any, y: Any, /, frames: Frames, groups: int) -> dict[str, Any]:
    return {"frames": frames, "groups": groups}


convolution = operation(
    "convolution",
    lambda xp, x, weight, frames, groups: xp.convolution(x, weight, frames, groups),
    inputs="x weight",
    dx=lambda xp, g, x_shape, weight, frames, groups: xp.convolution_dx(g, weight, x_shape, frames, groups),
    dweight=lambda xp, g, x, frames, groups: xp.convolution_dweight(x, g, frames, groups),
    prepare=_grouped,
    accepts="floating",
    alike=True,
    public=False,
    doc="Return the products of kernels with each window, added up over the channels of a group.",
)

convolution_dx = operation(
    "convolution_dx",
    lambda xp, y, weight, shape, frames, groups: xp.convolution_dx(y, weight, shape, frames, groups),
    inputs="y weight",
    dy=lambda xp, g, weight, frames, groups: xp.convolution(g, weight, frames, groups),
    dweight=lambda xp, g, y, frames, groups: xp.convolution_dweight(g, y, frames, groups),
    prepare=lambda y, weight, /, shape, frames, groups: {"shape": shape, "frames": frames, "groups": groups},
    accepts="floating",
    alike=True,
    public=False,
    doc="Return the gradient of convolution with respect to x from that of its result, y.",
)

convolution_dweight = operation(
    "convolution_dweight",
    lambda xp, x, y, frames, groups: xp.convolution_dweight(x, y, frames, groups),
    inputs="x y",
    dx=lambda xp, g, x_shape, y, frames, groups: xp.convolution_dx(y, g, x_shape, frames, groups),
    dy=lambda xp, g, x, frames, groups: xp.convolution(x, g, frames, groups),
    prepare=_grouped,
    accepts="floating",
    alike=True,
    public=False,
    doc="Return the gradient of convolution with respect to the weight from that of its result, y.",
)

# ---------------------------------------------------------------- arguments


def _padding(op: str, padding: Any, stride: Any, dilation: Any, kernel: Any) -> tuple[tuple[int, int], ...]:
    """Return what is padded before and after along each axis."""
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        if any(s != 1 for s in stride):
            got = f"padding is 'same', stride is {stride}"
            raise ArgumentError(message(op, got, "'same' is for a stride of 1", "pass padding as integers"))
        wide = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple((n // 2, n - n // 2) for n in wide)
    if isinstance(padding, str):
        got = f"padding is {padding!r}"
        raise ArgumentError(message(op, got, "expected integers, 'same' or 'valid'"))
    return tuple((n, n) for n in each(op, "padding", padding, len(kernel), 0))


def _check_channels(op: str, x: Any, weight: Any, axis: int, groups: int, count: int) -> None:
    """Raise where x and weight are not of ``count`` axes of windows, or their channels do not fit."""
    got = f"x has shape {x.shape}, weight has shape {weight.shape}"
    if weight.ndim != count + 2 or x.ndim not in (count + 1, count + 2):
        expected = f"expected {count + 2} axes of weight, and as many of x or one less"
        raise ShapeError(message(op, got, expected))
    channels = x.shape[-count - 1]
    wanted = weight.shape[1] * groups if axis else weight.shape[0]
    if groups < 1 or weight.shape[0] % groups or channels != wanted:
        expected = f"groups must divide axis 0 of weight, and x must have {wanted} channels"
        raise ShapeError(message(op, f"{got}, groups is {groups}", expected))


def _with_bias(xp: Any, op: str, out: Any, bias: Any, count: int, channels: int) -> Any:
    if bias is None:
        return out
    bias = bias if hasattr(bias, "dtype") else xp.asarray(bias)  # asarray would move an array.
    if bias.shape != (channels,):
        got = f"bias has shape {bias.shape}"
        raise ShapeError(message(op, got, f"expected one for each channel that comes out, ({channels},)"))
    return out + xp.reshape(bias, (channels, *(1,) * count))


# ---------------------------------------------------------------- convolution


def _convolved(
    xp: Any,
    op: str,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: Any,
    count: int,
) -> Any:
    groups = whole_in(op, "groups", groups)
    _check_channels(op, x, weight, 1, groups, count)
    kernel = weight.shape[2:]
    stride, dilation = each(op, "stride", stride, count), each(op, "dilation", dilation, count)
    pads = _padding(op, padding, stride, dilation, kernel)
    frames = tuple((k, s, *p, d) for k, s, p, d in zip(kernel, stride, pads, dilation, strict=True))
    check_fit(op, x.shape[-count:], frames)
    batch = x if x.ndim == count + 2 else xp.expand_dims(x, axis=0)
    out = xp.convolution(batch, weight, frames, groups)
    out = _with_bias(xp, op, out, bias, count, weight.shape[0])
    return out if x.ndim == count + 2 else xp.reshape(out, out.shape[1:])


@derived
def conv1d(
    xp: Any,
    x: ArrayLike,
    weight: ArrayLike,
    /,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Return the products of kernels with each window of signals, added up over channels.

    x (n, in, length), or without n, and weight (out, in / groups, kernel) give (n, out, positions); bias
    (out,) is added. ``padding`` is a number, ``"valid"`` for none, or ``"same"`` for as many positions as
    there are entries. Kernels are not turned around. Integers become floats. Raises ``ShapeError`` where
    channels do not fit or no window does, ``ArgumentError`` for other arguments.

    >>> import anygrad as ag
    >>> ag.conv1d(ag.asarray([[[1.0, 2.0, 4.0, 8.0]]]), ag.asarray([[[1.0, -1.0]]]))
    tensor([[[-1., -2., -4.]]], dtype=float64, device='cpu')
    """
    return _convolved(xp, "conv1d", x, weight, bias, stride, padding, dilation, groups, 1)


@derived
def conv2d(
    xp: Any,
    x: ArrayLike,
    weight: ArrayLike,
    /,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Return the products of kernels with each window of images, added up over channels.

    x (n, in, height, width), or without n, and weight (out, in / groups, height, width) give (n, out,
    rows, columns); bias (out,) is added. Of ``stride``, ``padding`` and ``dilation`` one number is for both
    axes. The rest is as for ``conv1d``.

    >>> import anygrad as ag
    >>> ag.conv2d(ag.ones((1, 1, 3, 3)), ag.ones((1, 1, 2, 2)), stride=2, padding=1)
    tensor([[[[1., 2.],
              [2., 4.]]]], dtype=float64, device='cpu')
    """
    return _convolved(xp, "conv2d", x, weight, bias, stride, padding, dilation, groups, 2)


def _transposed(
    xp: Any,
    op: str,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    more: Any,
    groups: Any,
    dilation: Any,
    count: int,
) -> Any:
    groups = whole_in(op, "groups", groups)
    _check_channels(op, x, weight, 0, groups, count)
    kernel, channels = weight.shape[2:], weight.shape[1] * groups
    stride, dilation = each(op, "stride", stride, count), each(op, "dilation", dilation, count)
    pads = each(op, "padding", padding, count, 0)
    more = each(op, "output_padding", more, count, 0)
    if any(m >= s for m, s in zip(more, stride, strict=True)):
        got = f"output_padding is {more}, stride is {stride}"
        raise ArgumentError(message(op, got, "output_padding must be less than the stride"))
    frames = tuple((k, s, p, p, d) for k, s, p, d in zip(kernel, stride, pads, dilation, strict=True))
    batch = x if x.ndim == count + 2 else xp.expand_dims(x, axis=0)
    lengths = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + 1 + m
        for n, m, (k, s, p, _, d) in zip(batch.shape[2:], more, frames, strict=True)
    )
    if min((*lengths, *batch.shape[2:], *kernel)) < 1:
        got = f"x has shape {x.shape}, weight has shape {weight.shape}, padding is {pads}"
        raise ShapeError(message(op, got, "nothing would come out"))
    out = xp.convolution_dx(batch, weight, (batch.shape[0], channels, *lengths), frames, groups)
    out = _with_bias(xp, op, out, bias, count, channels)
    return out if x.ndim == count + 2 else xp.reshape(out, out.shape[1:])


@derived
def conv_transpose1d(
    xp: Any,
    x: ArrayLike,
    weight: ArrayLike,
    /,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Return the transpose of ``conv1d`` of x (n, in, length), with weight (in, out / groups, kernel)."""
    arguments = stride, padding, output_padding, groups, dilation
    return _transposed(xp, "conv_transpose1d", x, weight, bias, *arguments, 1)


@derived
def conv_transpose2d(
    xp: Any,
    x: ArrayLike,
    weight: ArrayLike,
    /,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Return the transpose of ``conv2d`` of x (n, in, ...), with weight (in, out / groups, height, width)."""
    arguments = stride, padding, output_padding, groups, dilation
    return _transposed(xp, "conv_transpose2d", x, weight, bias, *arguments, 2)
