"""Windows over the last axes of an array, what pooling and convolution make of them, and their transposes.

A *frame* says how windows lie along an axis: ``(kernel, stride, low, high, dilation)``, where ``low`` and
``high`` count what is padded before and after. Windows stand as axes of the kernel, then axes of positions,
after the others. The defaults are written in the standard's functions; ``WritableWindows`` is what libraries
with views and writes do. Every name of ``WINDOWS`` is also a row. Knows no array library.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

__all__ = ["WINDOWS", "WindowExtras", "WritableWindows", "positions_of"]

WINDOWS = (
    *("convolution", "convolution_dweight", "convolution_dx", "fold", "pool_max", "pool_max_dx"),
    *("pool_max_picked", "pool_sum", "pool_sum_dx", "windows"),
)

Frame = tuple[int, int, int, int, int]
Frames = tuple[Frame, ...]
Key = tuple[Any, ...]

ALONE: Frame = (1, 1, 0, 0, 1)
"""Along an axis that no window is laid over, each entry is its own."""


def positions_of(shape: tuple[int, ...], frames: Frames) -> tuple[int, ...]:
    """Return how many windows there are along each of the last axes."""
    lengths = shape[len(shape) - len(frames) :]
    return tuple(
        (n + low + high - dilation * (kernel - 1) - 1) // stride + 1
        for n, (kernel, stride, low, high, dilation) in zip(lengths, frames, strict=True)
    )


def _apart(frames: Frames) -> list[Frames]:
    """Return frames over one axis at a time: a sum, or a maximum, of each in turn is that of all."""
    axes = [i for i, frame in enumerate(frames) if frame != ALONE] or [0]
    return [tuple(f if i == axis else ALONE for i, f in enumerate(frames)) for axis in axes]


def _taps(shape: tuple[int, ...], frames: Frames) -> Iterator[tuple[Key, Key, Key]]:
    """Give each entry of the kernel; where the array has it; and the windows, of all, in which that is so."""
    before = len(shape) - len(frames)
    whole = tuple(slice(0, n, 1) for n in shape[:before])
    reach = [
        [_reach(n, count, frame, tap) for tap in range(frame[0])]
        for n, count, frame in zip(shape[before:], positions_of(shape, frames), frames, strict=True)
    ]
    for tap in itertools.product(*(range(frame[0]) for frame in frames)):
        found = [reach[axis][i] for axis, i in enumerate(tap)]
        yield tap, (*whole, *(at for at, _ in found)), (*whole, *(of for _, of in found))


def _reach(n: int, count: int, frame: Frame, tap: int) -> tuple[slice, slice]:
    """Return where an axis has an entry of the kernel, and the windows in which that is so."""
    _, stride, low, _, dilation = frame
    start = tap * dilation - low
    first = max(0, -(start // stride))
    last = min(count - 1, (n - 1 - start) // stride)
    if last < first:
        return slice(0, 0, 1), slice(0, 0, 1)
    return slice(start + first * stride, start + last * stride + 1, stride), slice(first, last + 1, 1)


def _unpadded(frames: Frames) -> Frames:
    return tuple((kernel, stride, 0, 0, dilation) for kernel, stride, _, _, dilation in frames)


class WindowExtras:
    """The part of a backend that lays windows; ``self`` is the backend, which has the standard."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    # ---------------------------------------------------------------- what libraries do in ways of their own

    def _padded(self, x: Any, frames: Frames, fill: Any = 0) -> Any:
        for i, (_, _, low, high, _) in enumerate(frames):
            axis = len(x.shape) - len(frames) + i
            parts = [
                self.full((*x.shape[:axis], n, *x.shape[axis + 1 :]), fill, dtype=x.dtype, device=self.device)
                for n in (low, high)
            ]
            if low or high:
                x = self.concat([parts[0], x, parts[1]], axis=axis)
        return x

    def _gathered(self, name: str, out: Any, part: Any) -> Any:
        """Take another part into what there is so far, with a function of two arrays; None: nothing yet."""
        return part if out is None else getattr(self, name)(out, part)

    def _added(self, out: Any, part: Any, at: Key) -> Any:
        return out + self.place(part, out.shape, (("getitem", {"key": at}),))

    def windows(self, x: Any, frames: Frames) -> Any:
        """Return the windows of x: zeros where they leave it."""
        shape, before = x.shape, len(x.shape) - len(frames)
        padded, bare = self._padded(x, frames), _unpadded(frames)
        parts = [self.getitem(padded, at) for _, at, _ in _taps(padded.shape, bare)]
        kernel = tuple(frame[0] for frame in frames)
        shape = (*shape[:before], *kernel, *positions_of(shape, frames))
        return self.reshape(self.stack(parts, axis=before), shape)

    def fold(self, y: Any, shape: tuple[int, ...], frames: Frames) -> Any:
        """Add up windows where they came from: the transpose of ``windows`` of an array of that shape."""
        out = self.zeros(shape, dtype=y.dtype, device=self.device)
        before = len(shape) - len(frames)
        for tap, at, of in _taps(shape, frames):
            out = self._added(out, self.getitem(y, (*of[:before], *tap, *of[before:])), at)
        return out

    # ---------------------------------------------------------------- pooling, one axis after the other

    def pool_sum(self, x: Any, frames: Frames) -> Any:
        """Return the sum of each window."""
        for part in _apart(frames):
            x = self._pooled("add", x, part, 0)
        return x

    def pool_sum_dx(self, y: Any, shape: tuple[int, ...], frames: Frames) -> Any:
        """Return the transpose of ``pool_sum`` of an array of that shape."""
        steps = [(shape, _apart(frames)[0])]
        for part in _apart(frames)[1:]:
            steps.append((self._lengths(*steps[-1]), part))
        for shape, part in reversed(steps):
            out = self.zeros(shape, dtype=y.dtype, device=self.device)
            for _, at, of in _taps(shape, part):
                out = self._added(out, self.getitem(y, of), at)
            y = out
        return y

    def pool_max(self, x: Any, frames: Frames) -> Any:
        """Return the largest entry of each window; what is padded is never it."""
        for part in _apart(frames):
            x = self._pooled("maximum", x, part, self._lowest(x))
        return x

    def pool_max_dx(self, y: Any, x: Any, out: Any, frames: Frames) -> Any:
        """Return the gradient of ``pool_max``, ``out`` its result: equals share it, NaN of a NaN."""
        steps = self._steps(x, out, frames)
        y = self.where(out == out, y / self._picked(self.ones_like(x), steps), math.nan)
        for low, high, part in reversed(steps):
            known, total = y == y, self.zeros(low.shape, dtype=y.dtype, device=self.device)
            for _, at, of in _taps(low.shape, part):
                lost = (self.getitem(low, at) < self.getitem(high, of)) & self.getitem(known, of)
                total = self._added(total, self.where(lost, 0, self.getitem(y, of)), at)
            y = total
        return y

    def pool_max_picked(self, y: Any, x: Any, out: Any, frames: Frames) -> Any:
        """Return the transpose of ``pool_max_dx``: the mean of ``y`` where a window has its largest."""
        steps = self._steps(x, out, frames)
        mean = self._picked(y, steps) / self._picked(self.ones_like(x), steps)
        return self.where(out == out, mean, math.nan)

    def _lengths(self, shape: tuple[int, ...], frames: Frames) -> tuple[int, ...]:
        return (*shape[: len(shape) - len(frames)], *positions_of(shape, frames))

    def _lowest(self, x: Any) -> Any:
        dtype = self.dtype_of(x)
        return -math.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)

    def _pooled(self, name: str, x: Any, frames: Frames, fill: Any) -> Any:
        out, x = None, self._padded(x, frames, fill)
        for _, at, _ in _taps(x.shape, _unpadded(frames)):
            out = self._gathered(name, out, self.getitem(x, at))
        return out

    def _steps(self, x: Any, out: Any, frames: Frames) -> list[tuple[Any, Any, Frames]]:
        """Return the maxima along one axis after the other: what is pooled, to what, with which frames."""
        steps = []
        *first, last = _apart(frames)
        for part in first:
            high = self._pooled("maximum", x, part, self._lowest(x))
            steps.append((x, high, part))
            x = high
        return [*steps, (x, out, last)]

    def _picked(self, y: Any, steps: list[tuple[Any, Any, Frames]]) -> Any:
        """Add up what ``y`` is where the largest entries of each window are."""
        for low, high, part in steps:
            low, y, out = self._padded(low, part, self._lowest(low)), self._padded(y, part), None
            for _, at, _ in _taps(low.shape, _unpadded(part)):
                mine = self.where(self.getitem(low, at) < high, 0, self.getitem(y, at))
                out = self._gathered("add", out, mine)
            y = out
        return y

    # ---------------------------------------------------------------- convolution

    def convolution(self, x: Any, weight: Any, frames: Frames, groups: int) -> Any:
        """Return what the kernels in ``weight`` (out, in / groups, ...) give over ``x`` (n, in, ...)."""
        columns = self._columns(self.windows(x, frames), groups, frames)
        out = self.matmul(self._kernels(weight, groups), columns)
        return self.reshape(out, (x.shape[0], weight.shape[0], *positions_of(x.shape, frames)))

    def convolution_dx(self, y: Any, weight: Any, shape: tuple[int, ...], frames: Frames, groups: int) -> Any:
        """Return the gradient with respect to ``x``, of that shape, from that of the result, ``y``."""
        columns = self.matmul(self.matrix_transpose(self._kernels(weight, groups)), self._rows(y, groups))
        kernel = tuple(frame[0] for frame in frames)
        return self.fold(self.reshape(columns, (*shape[:2], *kernel, *y.shape[2:])), shape, frames)

    def convolution_dweight(self, x: Any, y: Any, frames: Frames, groups: int) -> Any:
        """Return the gradient with respect to ``weight`` from that of the result, ``y``."""
        columns = self._columns(self.windows(x, frames), groups, frames)
        out = self.sum(self.matmul(self._rows(y, groups), self.matrix_transpose(columns)), axis=0)
        kernel = tuple(frame[0] for frame in frames)
        return self.reshape(out, (y.shape[1], x.shape[1] // groups, *kernel))

    def _columns(self, windows: Any, groups: int, frames: Frames) -> Any:
        """Return windows (n, in, ...) as matrices: n, the groups, what goes into one result, the results."""
        n, count, *lengths = windows.shape
        inside, outside = math.prod(lengths[: len(frames)]), math.prod(lengths[len(frames) :])
        return self.reshape(windows, (n, groups, count // groups * inside, outside))

    def _kernels(self, weight: Any, groups: int) -> Any:
        return self.reshape(weight, (groups, weight.shape[0] // groups, math.prod(weight.shape[1:])))

    def _rows(self, y: Any, groups: int) -> Any:
        n, count, *lengths = y.shape
        return self.reshape(y, (n, groups, count // groups, math.prod(lengths)))


class WritableWindows(WindowExtras):
    """The same where arrays can be written and shown by strides: windows are views, columns made in parts."""

    columns_bytes: ClassVar[int] = 1 << 20
    """How much of the columns of a convolution is in memory at a time, unless one sample has more."""

    def strided(self, x: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
        """Return a view of x with other lengths and strides."""
        raise NotImplementedError

    def _gathered(self, name: str, out: Any, part: Any) -> Any:
        return self.compact(part) if out is None else self.ufuncs[name](out, part, out=out)

    def _added(self, out: Any, part: Any, at: Key) -> Any:
        view = out[at]  # ``out[at] += part`` would write once more.
        view += part
        return out

    def windows(self, x: Any, frames: Frames) -> Any:
        shape, before = x.shape, len(x.shape) - len(frames)
        x = self._padded(x, frames)
        kernel = tuple(frame[0] for frame in frames)
        steps = x.strides[before:]
        within = tuple(step * frame[4] for step, frame in zip(steps, frames, strict=True))
        across = tuple(step * frame[1] for step, frame in zip(steps, frames, strict=True))
        shape = (*shape[:before], *kernel, *positions_of(shape, frames))
        return self.strided(x, shape, (*x.strides[:before], *within, *across))

    def _parts(self, count: int, sample: tuple[int, ...], itemsize: int) -> Iterator[slice]:
        """Cut the samples of a batch into parts whose columns fit."""
        step = max(1, self.columns_bytes // max(1, math.prod(sample) * itemsize))
        for start in range(0, count, step):
            yield slice(start, start + step)

    def convolution(self, x: Any, weight: Any, frames: Frames, groups: int) -> Any:
        windows, kernels = self.windows(x, frames), self._kernels(weight, groups)
        outs = positions_of(x.shape, frames)
        out = self.empty((x.shape[0], groups, kernels.shape[1], math.prod(outs)), dtype=x.dtype)
        for part in self._parts(x.shape[0], windows.shape[1:], x.itemsize):
            out[part] = self.matmul(kernels, self._columns(windows[part], groups, frames))
        return out.reshape((x.shape[0], weight.shape[0], *outs))

    def convolution_dx(self, y: Any, weight: Any, shape: tuple[int, ...], frames: Frames, groups: int) -> Any:
        rows, kernels = self._rows(y, groups), self.matrix_transpose(self._kernels(weight, groups))
        sample = (*shape[1:2], *(frame[0] for frame in frames), *y.shape[2:])
        out = self.zeros(shape, dtype=y.dtype)
        for part in self._parts(shape[0], sample, y.itemsize):
            mine = out[part]
            columns = self.matmul(kernels, rows[part]).reshape((-1, *sample))
            for tap, at, of in _taps(mine.shape, frames):
                self._added(mine, columns[(*of[:2], *tap, *of[2:])], at)
        return out

    def convolution_dweight(self, x: Any, y: Any, frames: Frames, groups: int) -> Any:
        windows, rows = self.windows(x, frames), self._rows(y, groups)
        kernel = tuple(frame[0] for frame in frames)
        out = self.zeros((y.shape[1], x.shape[1] // groups, *kernel), dtype=x.dtype)
        for part in self._parts(x.shape[0], windows.shape[1:], x.itemsize):
            columns = self._columns(windows[part], groups, frames)
            out += self.matmul(rows[part], self.matrix_transpose(columns)).sum(axis=0).reshape(out.shape)
        return out
