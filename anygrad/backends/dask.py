"""Dask: chunked arrays that are computed when their values are asked for.

A graph over them is built lazily too: ``backward`` returns at once, and reading ``.grad`` computes it.
"""

from __future__ import annotations

from typing import Any

import array_api_compat.dask.array as compat
import numpy as np

from anygrad.backends.base import Backend

__all__ = ["DaskBackend"]


class DaskBackend(Backend):
    """Dask's arrays on the host: one device, which has no name of its own."""

    special_library = "scipy.special"

    @classmethod
    def open(cls, library: str, spec: str) -> Backend:
        if spec:
            raise LookupError("Dask has one device, 'dask'")
        return cls(compat, "cpu", library)

    @classmethod
    def spec_of(cls, array: Any) -> str:
        return ""

    def listed_dtypes(self) -> dict[str, Any]:
        info = compat.__array_namespace_info__()
        return {text: np.dtype(found) for text, found in info.dtypes().items()}

    def to_numpy(self, array: Any) -> np.ndarray:
        return np.array(array.compute())

    def searchsorted(self, x: Any, y: Any, /, *, side: str = "left") -> Any:
        # Dask's own loses shapes that are empty or without axes.
        if not y.size:
            return self.zeros(y.shape, dtype=np.dtype(np.int64))
        return self.reshape(super().searchsorted(x, self.reshape(y, (-1,)), side=side), y.shape)

    def nonzero(self, x: Any) -> tuple[Any, ...]:
        """Return the positions of what is true, computed at once: shapes in a graph are numbers."""
        return tuple(index.compute_chunk_sizes() for index in compat.nonzero(x))

    def transform(self, name: str, x: Any, *, norm: str, **keywords: Any) -> Any:
        """Call a function of Dask's ``fft``, which wants axes in one chunk."""
        axes = keywords["axes"] if "axes" in keywords else (keywords["axis"],)
        return super().transform(name, x.rechunk(dict.fromkeys(axes, -1)), norm=norm, **keywords)
