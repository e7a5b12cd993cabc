"""NumPy's part of what networks call: over rows, in blocks of a few that stay in the cache of a core.

Of a large array each line is then read once and written once, whatever is computed of it between.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from anygrad.backends.neural import NeuralExtras
from anygrad.errors import IndexingError, message

__all__ = ["NumpyNeural"]

BLOCK = 1 << 16
"""The entries of a block: a few such fit the second cache of a core."""


def _blocks(*arrays: np.ndarray) -> Iterable[tuple[np.ndarray, ...]]:
    """Cut arrays of equally many rows into blocks of some rows."""
    n, count = arrays[0].shape
    step = max(1, BLOCK // max(count, 1))
    if n <= step:
        return (arrays,)
    return (tuple([a[start : start + step] for a in arrays]) for start in range(0, n, step))


def _sums(x: np.ndarray) -> np.ndarray:
    """Add up each row: by BLAS in a third of the time, but of long ones as NumPy does, which loses less."""
    n = x.shape[1]
    out: np.ndarray = np.add.reduce(x, axis=1) if n > 4096 else np.dot(x, _ones(n, x.dtype))
    return out


@functools.lru_cache(64)
def _ones(n: int, dtype: np.dtype) -> np.ndarray:
    """Return a vector of ones that nobody writes into."""
    return np.ones(n, dtype)


def _exponentials(x: np.ndarray, out: np.ndarray) -> None:
    """Write exp(x) into ``out``, each row less its largest entry."""
    np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=out)
    np.exp(out, out=out)


def _softmax(x: np.ndarray, out: np.ndarray) -> None:
    _exponentials(x, out)
    out *= (1 / _sums(out))[:, None]


def _log_softmax(x: np.ndarray, out: np.ndarray) -> None:
    np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=out)
    out -= np.log(_sums(np.exp(out)))[:, None]


def _softmax_dx(y: np.ndarray, x: np.ndarray, out: np.ndarray) -> None:
    np.subtract(y, _sums(y * x)[:, None], out=out)
    out *= x


def _log_softmax_dx(y: np.ndarray, x: np.ndarray, out: np.ndarray) -> None:
    np.exp(x, out=out)
    out *= -_sums(y)[:, None]
    out += y


def _by_rows(function: Callable[..., None], general: Callable[..., Any], *arrays: Any, axis: Any) -> Any:
    """Apply a function to the rows of arrays; ``general`` where the axis is no row in memory.

    Half precision is computed in single, as sums of it leave its range.
    """
    x = arrays[0]
    dtype = x.dtype
    if dtype == np.float16:
        arrays = tuple(a.astype(np.float32) for a in arrays)
        x = arrays[0]
    if axis != (x.ndim - 1,) or not x.size or not all(a.flags.c_contiguous for a in arrays):
        return general(*arrays, axis).astype(dtype, copy=False)
    flat = [a.reshape(-1, x.shape[-1]) for a in arrays]
    out = np.empty(flat[0].shape, x.dtype)
    for block in _blocks(*flat, out):
        function(*block)
    return out.reshape(x.shape).astype(dtype, copy=False)


class NumpyNeural(NeuralExtras):
    """The extras of ``NEURAL`` on NumPy."""

    def ndtr(self, x: Any) -> Any:
        x = self.floats(x)
        try:
            from scipy.special import ndtr
        except ImportError:
            wide = x.astype(np.promote_types(x.dtype, np.float32), copy=False)
            return super().ndtr(wide).astype(x.dtype, copy=False)
        return ndtr(x).astype(x.dtype, copy=False)  # SciPy makes float64 of float16.

    def softmax(self, x: Any, axis: Any) -> Any:
        return _by_rows(_softmax, super().softmax, self.floats(x), axis=axis)

    def log_softmax(self, x: Any, axis: Any) -> Any:
        return _by_rows(_log_softmax, super().log_softmax, self.floats(x), axis=axis)

    def softmax_dx(self, y: Any, x: Any, axis: Any) -> Any:
        return _by_rows(_softmax_dx, super().softmax_dx, y, x, axis=axis)

    def log_softmax_dx(self, y: Any, x: Any, axis: Any) -> Any:
        return _by_rows(_log_softmax_dx, super().log_softmax_dx, y, x, axis=axis)

    def label_loss(self, x: Any, labels: Any, ignore_index: int, reduction: str) -> tuple[Any, Any]:
        x = self.floats(x)
        dtype, (n, count) = x.dtype, x.shape
        if dtype == np.float16:
            x = x.astype(np.float32)
        labels = labels.astype(np.int64, copy=False)
        left, kept = n, None
        if not _all_known(labels, count) or 0 <= ignore_index < count:
            kept = labels != ignore_index
            left = int(np.count_nonzero(kept))
            labels = np.where(kept, labels, 0)
            if left and not _all_known(labels, count):
                worst = labels.min() if labels.min() < 0 else labels.max()
                got = f"label {worst} is out of bounds"
                raise IndexingError(message("cross_entropy", got, f"x has {count} classes"))
        share = 1.0 if reduction != "mean" else 1 / left if left else np.nan
        slope, losses = np.empty((n, count), x.dtype), np.empty(n, x.dtype)
        for a, p, loss, label in _blocks(x, slope, losses, labels):
            np.subtract(a, np.maximum.reduce(a, axis=1, keepdims=True), out=p)
            flat, places = p.reshape(-1), _places(label, count)
            picked = flat[places]
            np.exp(p, out=p)
            total = _sums(p)
            np.subtract(np.log(total), picked, out=loss)
            p *= np.divide(share, total, out=total)[:, None]
            flat[places] -= share
        if kept is not None:
            losses[~kept], slope[~kept] = 0, 0
        out = losses if reduction == "none" else np.add.reduce(losses, dtype=np.float64) * share
        return np.asarray(out, dtype), slope.astype(dtype, copy=False)

    def label_loss_dx(self, y: Any, x: Any) -> Any:
        # Where nothing came after the loss, all of it was done before.
        return x if not y.shape and y == 1 else super().label_loss_dx(y, x)


def _all_known(labels: np.ndarray, count: int) -> bool:
    """Tell whether all labels are classes: as unsigned numbers the negative ones are large."""
    return not labels.size or bool(np.maximum.reduce(labels.view(np.uint64)) < count)


def _places(labels: np.ndarray, count: int) -> np.ndarray:
    """Return where in the flat rows the labels point."""
    places = np.arange(0, len(labels) * count, count)
    places += labels
    return places
