"""Samples of convolution and pooling, with references that go by windows."""

from __future__ import annotations

from math import inf, nan

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tests.samples import NUMBERS, sample

random = np.random.default_rng(5)


def _numbers(*shape, part="real"):
    found = random.normal(size=shape)
    return found + 1j * random.normal(size=shape) if part == "complex" else found


def _windows(x, frames, fill=0):
    """Return the windows of x as axes of the kernel, then of positions."""
    before = x.ndim - len(frames)
    x = np.pad(x, [(0, 0)] * before + [frame[2:4] for frame in frames], constant_values=fill)
    reach = tuple(d * (k - 1) + 1 for k, _, _, _, d in frames)
    found = sliding_window_view(x, reach, tuple(range(before, x.ndim)))
    strides = tuple(slice(None, None, frame[1]) for frame in frames)
    dilations = tuple(slice(None, None, frame[4]) for frame in frames)
    found = found[(..., *strides, *dilations)]
    return np.moveaxis(found, _last(found, frames), range(before, x.ndim))


def _last(x, frames):
    return tuple(range(x.ndim - len(frames), x.ndim))


def _fold(y, shape, frames):
    before = len(shape) - len(frames)
    padded = (*shape[:before], *(n + f[2] + f[3] for n, f in zip(shape[before:], frames, strict=True)))
    rows = _windows(
        np.arange(np.prod(padded, dtype=int)).reshape(padded), [(k, s, 0, 0, d) for k, s, _, _, d in frames]
    )
    out = np.zeros(np.prod(padded, dtype=int), y.dtype)
    np.add.at(out, rows, y)
    inside = (slice(f[2], f[2] + n) for n, f in zip(shape[before:], frames, strict=True))
    return out.reshape(padded)[(..., *inside)]


def _pool_sum(x, frames):
    return _windows(x, frames).sum(axis=_last(x, frames))


def _spread(y, frames):
    """Return windows that are the same all over."""
    y = np.expand_dims(y, tuple(range(y.ndim - len(frames), y.ndim)))
    kernel = [frame[0] for frame in frames]
    return np.broadcast_to(y, (*y.shape[: -2 * len(frames)], *kernel, *y.shape[-len(frames) :]))


def _pool_sum_dx(y, shape, frames):
    return _fold(_spread(y, frames), shape, frames)


def _pool_max(x, frames):
    fill = -inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return _windows(x, frames, fill).max(axis=_last(x, frames), initial=fill)


def _shares(x, top, frames):
    hit = _windows(x, frames, nan) == _spread(top, frames)
    return hit / hit.sum(axis=_last(x, frames), keepdims=True, dtype=x.dtype)


def _pool_max_picked(y, x, top, frames):
    return (_windows(y, frames) * _shares(x, top, frames)).sum(axis=_last(x, frames))


def _pool_max_dx(y, x, top, frames):
    return _fold(_shares(x, top, frames) * _spread(y, frames), x.shape, frames)


def _columns(x, frames, groups):
    """Return the windows as an array (n, groups, what is added up, positions)."""
    n, inside = x.shape[0], np.prod([frame[0] for frame in frames])
    found = _windows(x, frames)
    return found.reshape(
        n, groups, x.shape[1] // groups * inside, int(np.prod(found.shape[2 + len(frames) :]))
    )


def _positions(shape, frames):
    return _pool_sum(np.zeros(shape), frames).shape


def _convolution(x, weight, frames, groups):
    kernels = weight.reshape(groups, weight.shape[0] // groups, -1)
    out = np.einsum("goc,ngcp->ngop", kernels, _columns(x, frames, groups))
    return out.reshape(x.shape[0], weight.shape[0], *_positions(x.shape[2:], frames))


def _convolution_dx(y, weight, shape, frames, groups):
    kernels = weight.reshape(groups, weight.shape[0] // groups, -1)
    y, outs = y.reshape(y.shape[0], groups, kernels.shape[1], int(np.prod(y.shape[2:]))), y.shape[2:]
    kernel = [frame[0] for frame in frames]
    return _fold(np.einsum("goc,ngop->ngcp", kernels, y).reshape(*shape[:2], *kernel, *outs), shape, frames)


def _convolution_dweight(x, y, frames, groups):
    kernel = [frame[0] for frame in frames]
    rows = y.reshape(y.shape[0], groups, y.shape[1] // groups, int(np.prod(y.shape[2:])))
    out = np.einsum("ngop,ngcp->goc", rows, _columns(x, frames, groups))
    return out.reshape(y.shape[1], x.shape[1] // groups, *kernel)


# ---------------------------------------------------------------- rows

LAYOUTS = {
    "plain": ((2, 1, 0, 0, 1), (3, 1, 1, 1, 1)),
    "uneven": ((3, 2, 1, 2, 1), (2, 3, 0, 1, 1)),
    "dilated": ((1, 2, 0, 0, 1), (2, 2, 1, 0, 3)),
}
"""Frames over two axes, of lengths 4 and 5."""
X = _numbers(1, 4, 5)
TIED = np.round(X)

for _name, _frames in LAYOUTS.items():
    _kind = "plain" if _name == "plain" else "axis"
    _wide, _small = _windows(X, _frames), _pool_sum(X, _frames)
    _y = _numbers(*_small.shape)
    _top = _pool_max(X, _frames)
    sample("windows", _kind, X, frames=_frames, reference=_windows)
    sample("fold", _kind, _numbers(*_wide.shape), shape=X.shape, frames=_frames, reference=_fold)
    sample("pool_sum", _kind, X, frames=_frames, reference=_pool_sum)
    sample("pool_sum_dx", _kind, _y, shape=X.shape, frames=_frames, reference=_pool_sum_dx)
    sample("pool_max", _kind, X, frames=_frames, reference=_pool_max)
    sample("pool_max_dx", _kind, _y, X, _top, frames=_frames, reference=_pool_max_dx)
    sample("pool_max_picked", _kind, _numbers(1, 4, 5), X, _top, frames=_frames, reference=_pool_max_picked)
    _top = _pool_max(TIED, _frames)
    sample("pool_max", "tie", TIED, frames=_frames, reference=_pool_max)
    sample("pool_max_dx", "axis", _y, TIED, _top, frames=_frames, reference=_pool_max_dx)
    sample("pool_max_picked", "axis", X, TIED, _top, frames=_frames, reference=_pool_max_picked)
_frames = ((2, 2, 0, 0, 1),)
_z = _numbers(2, 3, 5, part="complex")
sample("windows", "axis", _z, frames=_frames, reference=_windows)
sample("fold", "axis", _windows(_z, _frames), shape=_z.shape, frames=_frames, reference=_fold)
sample("pool_sum", "axis", _z, frames=_frames, reference=_pool_sum)
sample("pool_sum_dx", "axis", _pool_sum(_z, _frames), shape=_z.shape, frames=_frames, reference=_pool_sum_dx)
_none, _less = np.ones((0, 4)), np.ones((0, 2))
sample("windows", "empty", _none, frames=_frames, reference=_windows)
sample("fold", "empty", np.ones((0, 2, 2)), shape=(0, 4), frames=_frames, reference=_fold)
sample("pool_sum", "empty", _none, frames=_frames, reference=_pool_sum)
sample("pool_sum_dx", "empty", _less, shape=(0, 4), frames=_frames, reference=_pool_sum_dx)
sample("pool_max", "empty", _none, frames=_frames, reference=_pool_max)
sample("pool_max_dx", "empty", _less, _none, _less, frames=_frames, reference=_pool_max_dx)
sample("pool_max_picked", "empty", _none, _none, _less, frames=_frames, reference=_pool_max_picked)
sample("pool_max", "mixed", NUMBERS, frames=((2, 1, 1, 0, 1),), reference=_pool_max)
sample(
    "pool_max",
    "tie",
    [[1.0, 1.0, 0.0, 2.0], [1.0, 0.0, 2.0, inf], [-inf, -inf, nan, 5.0], [-inf, -inf, 6.0, 4.0]],
    frames=((2, 2, 0, 0, 1), (2, 2, 0, 0, 1)),
    grads=([[1 / 3, 1 / 3, 0, 0], [1 / 3, 0, 0, 1], [0.25, 0.25, nan, nan], [0.25, 0.25, nan, nan]],),
    reference=lambda x, frames: np.array([[1, inf], [-inf, nan]]),
)
sample(
    "pool_max",
    "tie",
    [-inf, -inf, 0.0],
    frames=((3, 2, 1, 1, 1),),
    grads=([0.5, 0.5, 1],),
    reference=lambda x, frames: np.array([-inf, 0]),
)

for _name, _frames in LAYOUTS.items():
    _kind = "plain" if _name == "plain" else "axis"
    _kernel = tuple(frame[0] for frame in _frames)
    for _groups, _part in ((1, "real"), (2, "real"), (1, "complex")):
        if (_part, _groups) != ("real", 1) and _name == "uneven":
            continue
        _x = _numbers(1, 2, 4, 5, part=_part)
        _w = _numbers(4 if _groups == 2 else 3, 2 // _groups, *_kernel, part=_part)
        _y = _numbers(*_convolution(_x, _w, _frames, _groups).shape, part=_part)
        _options = {"frames": _frames, "groups": _groups}
        sample("convolution", _kind, _x, _w, **_options, reference=_convolution)
        sample("convolution_dx", _kind, _y, _w, shape=_x.shape, **_options, reference=_convolution_dx)
        sample("convolution_dweight", _kind, _x, _y, **_options, reference=_convolution_dweight)
_options = {"frames": ((2, 1, 0, 0, 1),), "groups": 1}
_x, _w, _y = np.ones((0, 2, 5)), _numbers(3, 2, 2), np.ones((0, 3, 4))
sample("convolution", "empty", _x, _w, **_options, reference=_convolution)
sample("convolution_dx", "empty", _y, _w, shape=_x.shape, **_options, reference=_convolution_dx)
sample("convolution_dweight", "empty", _x, _y, **_options, reference=_convolution_dweight)

# ---------------------------------------------------------------- functions


def _frames_of(kernel, stride, padding, dilation):
    return tuple((k, stride, padding, padding, dilation) for k in kernel)


def _conv(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    frames = _frames_of(weight.shape[2:], stride, padding, dilation)
    out = _convolution(x, weight, frames, groups)
    return out if bias is None else out + np.reshape(bias, (-1, *(1,) * len(frames)))


def _conv_transpose(x, weight, bias=None, stride=1, padding=0):
    frames = _frames_of(weight.shape[2:], stride, padding, 1)
    lengths = [(n - 1) * stride - 2 * padding + k for n, k in zip(x.shape[2:], weight.shape[2:], strict=True)]
    return _convolution_dx(x, weight, (x.shape[0], weight.shape[1], *lengths), frames, 1)


def _avg_pool(x, kernel_size, padding=0):
    frames = ((kernel_size, kernel_size, padding, padding, 1),) * (x.ndim - 2)
    return _pool_sum(x, frames) / kernel_size ** len(frames)


def _max_pool(x, kernel_size, padding=0):
    return _pool_max(x, ((kernel_size, kernel_size, padding, padding, 1),) * (x.ndim - 2))


def _unfold(x, kernel_size):
    found = _windows(x, ((kernel_size, 1, 0, 0, 1),) * 2)
    return found.reshape(x.shape[0], x.shape[1] * kernel_size**2, found.shape[-2] * found.shape[-1])


for _axes, _lengths in ((1, (5,)), (2, (4, 5))):
    _x, _w, _bias = _numbers(2, 2, *_lengths), _numbers(3, 2, *(2,) * _axes), _numbers(3)
    _name = f"conv{_axes}d"
    sample(_name, "plain", _x, _w, reference=_conv)
    sample(_name, "axis", _x, _w, stride=2, padding=1, dilation=2, reference=_conv)
    sample(_name, "axis", _x, _w[:2, :1], groups=2, reference=_conv)
    sample(_name, "axis", _x, _w, bias=_bias.tolist(), reference=_conv)
    sample(_name, "mixed", _x, _w * 1j, reference=_conv)
    sample(
        _name,
        "mixed",
        NUMBERS.reshape(2, 1, 3) if _axes == 1 else NUMBERS.reshape(2, 1, 3, 1),
        _w[:, :1] if _axes == 1 else _w[:, :1, :, :1],
        reference=_conv,
    )
    sample(_name, "empty", _x[:0], _w, reference=_conv)
    _name, _turned = f"conv_transpose{_axes}d", _numbers(2, 3, *(2,) * _axes)
    sample(_name, "plain", _x, _turned, reference=_conv_transpose)
    sample(_name, "axis", _x, _turned, stride=2, padding=1, reference=_conv_transpose)
    sample(_name, "mixed", _x * 1j, _turned, reference=_conv_transpose)
    sample(_name, "empty", _x[:0], _turned, reference=_conv_transpose)
    for _name, _reference in ((f"max_pool{_axes}d", _max_pool), (f"avg_pool{_axes}d", _avg_pool)):
        sample(_name, "plain", _x, kernel_size=2, reference=_reference)
        sample(_name, "axis", _x, kernel_size=2, padding=1, reference=_reference)
        sample(_name, "mixed", _x.round().astype(int), kernel_size=2, reference=_reference)
        sample(_name, "empty", _x[:0], kernel_size=2, reference=_reference)
    _tied = np.ones((1, *(2,) * _axes))
    sample(
        f"max_pool{_axes}d",
        "tie",
        _tied,
        kernel_size=2,
        grads=(_tied / 2**_axes,),
        reference=lambda x, kernel_size: x[..., :1].max(axis=-2, keepdims=True),
    )
    sample(f"avg_pool{_axes}d", "plain", _x * 1j, kernel_size=2, reference=_avg_pool)
_x = _numbers(2, 2, 3, 4)
sample("unfold", "plain", _x, kernel_size=2, reference=_unfold)
sample("unfold", "plain", _x * 1j, kernel_size=2, reference=_unfold)
sample("unfold", "empty", _x[:0], kernel_size=2, reference=_unfold)
