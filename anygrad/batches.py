"""Linear functions of many arrays at once, stacked along a first axis: a namespace for the forwards of rows.

What is not here raises ``Unstacked``, and the caller takes the arrays one by one. Knows no tensor.
"""

from __future__ import annotations

from typing import Any

from anygrad.rules import axes_of

__all__ = ["Stacked", "Unstacked", "spread_rows"]


class Unstacked(Exception):
    """A function that has no form for stacked arrays."""


def spread_rows(space: Any, x: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast each of stacked arrays to a shape."""
    count, *rest = x.shape
    if len(rest) < len(shape):
        x = space.reshape(x, (count, *(1,) * (len(shape) - len(rest)), *rest))
    return space.broadcast_to(x, (count, *shape))


def _next(axis: Any) -> Any:
    """Return the axis, or the axes, of stacked arrays that each array has as ``axis``."""
    return tuple(a + 1 for a in axis) if isinstance(axis, tuple) else axis + 1


def _path(count: int, path: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what a path to a part of each array is in the stack."""
    found = []
    for name, keywords in path:
        if name == "getitem":
            new = {"key": (slice(0, count, 1), *keywords["key"])}
        elif name == "take":
            new = keywords | {"axis": keywords["axis"] + 1}
        elif name == "reshape":
            new = {"shape": (count, *keywords["shape"])}
        elif name == "permute_dims":
            new = {"axes": (0, *_next(keywords["axes"]))}
        elif name == "flip":
            new = {"axis": _next(keywords["axis"])}
        else:
            raise Unstacked(name)
        found.append((name, new))
    return tuple(found)


class Stacked:
    """The functions of a namespace that linear rows call, of ``count`` stacked arrays."""

    def __init__(self, space: Any, count: int) -> None:
        self._space = space
        self._count = count
        for name in ("astype", "compact", "tril", "triu", "where", "zeros_like"):
            setattr(self, name, getattr(space, name))

    def __getattr__(self, name: str) -> Any:
        raise Unstacked(name)

    def sum(self, x: Any, axis: Any, keepdims: bool) -> Any:
        """Add up along axes of each."""
        return self._space.sum(x, axis=_next(axes_of(x.ndim - 1, axis)), keepdims=keepdims)

    def mean(self, x: Any, axis: Any, keepdims: bool) -> Any:
        """Average along axes of each."""
        return self._space.mean(x, axis=_next(axes_of(x.ndim - 1, axis)), keepdims=keepdims)

    def total(self, x: Any, axes: Any, keepdims: bool = True) -> Any:
        """Add up along axes of each."""
        return self._space.total(x, _next(axes), keepdims)

    def cumulative_sum(self, x: Any, axis: int, include_initial: bool) -> Any:
        """Add up along an axis of each, and keep what came of it on the way."""
        return self._space.cumulative_sum(x, axis=axis + 1, include_initial=include_initial)

    def reshape(self, x: Any, shape: tuple[int, ...]) -> Any:
        """Give each another shape."""
        return self._space.reshape(x, (self._count, *shape))

    def permute_dims(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Reorder the axes of each."""
        return self._space.permute_dims(x, (0, *_next(axes)))

    def broadcast_to(self, x: Any, shape: tuple[int, ...]) -> Any:
        """Repeat each along axes of length 1."""
        return spread_rows(self._space, x, shape)

    def flip(self, x: Any, axis: Any) -> Any:
        """Reverse each along axes."""
        return self._space.flip(x, axis=_next(axis))

    def roll(self, x: Any, shift: Any, axis: Any) -> Any:
        """Shift each along axes; without, as one row of numbers."""
        if axis is not None:
            return self._space.roll(x, shift, axis=_next(axis))
        flat = self._space.reshape(x, (self._count, -1 if x.size else 0))
        return self._space.reshape(self._space.roll(flat, shift, axis=1), x.shape)

    def concat(self, arrays: Any, axis: int) -> Any:
        """Join along an axis of each."""
        return self._space.concat(arrays, axis=axis + 1)

    def stack(self, arrays: Any, axis: int) -> Any:
        """Join along a new axis of each."""
        return self._space.stack(arrays, axis=axis + 1)

    def getitem(self, x: Any, key: tuple[Any, ...]) -> Any:
        """Index each with a canonical basic key."""
        return self._space.getitem(x, key=(slice(0, self._count, 1), *key))

    def take(self, x: Any, indices: Any, axis: int) -> Any:
        """Gather along an axis of each."""
        return self._space.take(x, indices, axis=axis + 1)

    def region(self, x: Any, path: tuple[Any, ...]) -> Any:
        """Return the part of each that a path leads to."""
        return self._space.region(x, path=_path(self._count, path))

    def place(self, y: Any, shape: tuple[int, ...], path: tuple[Any, ...]) -> Any:
        """Put each into zeros of a shape."""
        return self._space.place(y, shape=(self._count, *shape), path=_path(self._count, path))

    def region_set(self, x: Any, y: Any, path: tuple[Any, ...]) -> Any:
        """Replace a part of each."""
        return self._space.region_set(x, y, path=_path(self._count, path))
