"""Paths: what leads from an array to a part of it, as a tuple of ``(function name, keywords)``.

Read off ``Layout``, as off any namespace, it moves strides and no memory: so views are told from copies.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Layout", "Values", "follow", "is_injective", "layout_of", "shown"]


class Layout:
    """A reading of paths that tells views from copies: strides move, memory does not.

    ``reshape`` refuses to copy, so that a path which is no view raises ``ValueError``.
    """

    permute_dims = staticmethod(np.transpose)
    flip = staticmethod(np.flip)
    broadcast_to = staticmethod(np.broadcast_to)
    getitem = staticmethod(lambda x, key: x[key])

    @staticmethod
    def reshape(x: Any, shape: tuple[int, ...]) -> Any:
        return x.reshape(shape, copy=False)

    @staticmethod
    def take(x: Any, indices: Any, axis: int) -> Any:
        raise ValueError("a gather is no view")


class Values(Layout):
    """The same reading for values: a reshape may copy."""

    @staticmethod
    def reshape(x: Any, shape: tuple[int, ...]) -> Any:
        return np.reshape(x, shape)


def follow(namespace: Any, x: Any, path: tuple[Any, ...]) -> Any:
    """Apply the steps of ``path`` to ``x``, each read off ``namespace``."""
    for name, keywords in path:
        x = getattr(namespace, name)(x, **keywords)
    return x


def layout_of(shape: tuple[int, ...], strides: tuple[int, ...] | None = None) -> np.ndarray:
    """Return an array of this shape (row-major, or of these strides) in one byte, for ``Layout`` to walk."""
    if strides is None:
        strides, step = (), 1
        for n in reversed(shape):
            strides = (step, *strides)
            step *= max(n, 1)
    return np.lib.stride_tricks.as_strided(np.empty(1, np.int8), shape, strides, writeable=True)


def shown(shape: tuple[int, ...], strides: tuple[int, ...] | None, path: tuple[Any, ...]) -> bool:
    """Tell whether NumPy gives a view where a path is applied to an array of this shape and these strides."""
    try:
        # A scalar is a copy, as of ``flip`` where there is no axis.
        return isinstance(follow(Layout, layout_of(shape, strides), path), np.ndarray)
    except ValueError:
        return False


def is_injective(path: tuple[Any, ...]) -> bool:
    """Tell whether a path leads to no entry twice."""
    return all(name not in ("take", "broadcast_to") for name, _ in path)
