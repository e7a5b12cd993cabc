"""Fourier transforms on a backend: the four that rows call, each for every kind of input.

A library need have them as the standard does, of complex input or (``rfft``) real; what a library refuses
beyond that is cast before, and where there are no entries there is nothing to ask it for. Knows no array
library.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from anygrad.backends.algebra import Extension

__all__ = ["FourierExtras"]


class FourierExtras:
    """The part of a backend that is there for Fourier transforms; ``self`` is the backend."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @functools.cached_property
    def fft(self) -> Extension:
        """The extension ``fft`` of the standard, as far as rows call it."""
        return Extension(self, "fft")

    def fft_fftn(self, x: Any, *, s: Any = None, axes: tuple[int, ...], norm: str) -> Any:
        return self._several("fftn", x, s, axes, norm)

    def fft_ifftn(self, x: Any, *, s: Any = None, axes: tuple[int, ...], norm: str) -> Any:
        return self._several("ifftn", x, s, axes, norm)

    def fft_rfft(self, x: Any, *, n: int | None = None, axis: int, norm: str) -> Any:
        n = x.shape[axis] if n is None else n
        return self._transformed("rfft", x, {axis: n // 2 + 1}, n=n, axis=axis, norm=norm)

    def fft_irfft(self, x: Any, *, n: int, axis: int, norm: str) -> Any:
        return self._transformed("irfft", x, {axis: n}, n=n, axis=axis, norm=norm)

    def _several(self, name: str, x: Any, s: Any, axes: tuple[int, ...], norm: str) -> Any:
        s = tuple(x.shape[a] for a in axes) if s is None else s
        if len(axes) == 1:  # Of which libraries have a function that asks less.
            return self._transformed(name[:-1], x, {axes[0]: s[0]}, n=s[0], axis=axes[0], norm=norm)
        return self._transformed(name, x, dict(zip(axes, s, strict=True)), s=s, axes=axes, norm=norm)

    def _transformed(self, name: str, x: Any, lengths: dict[int, int], **keywords: Any) -> Any:
        """Call the library's function, whose result has these lengths along the axes that it transforms."""
        if self.native and lengths and 0 not in x.shape:
            return self.transform(name, x, **keywords)
        dtype = self.dtype_of(x)
        wide = np.result_type(np.float64 if dtype.kind in "biu" else dtype, np.complex64)
        narrow = np.finfo(wide).dtype
        given, made = (narrow if name == "rfft" else wide), (narrow if name == "irfft" else wide)
        shape = tuple(lengths.get(a, n) for a, n in enumerate(x.shape))
        if 0 in x.shape:
            return self.zeros(shape, dtype=self.natives[made], device=self.device)
        if dtype != given:
            x = self.astype(x, self.natives[given])
        return self.transform(name, x, **keywords) if lengths else self.asarray(x, copy=True)

    def transform(self, name: str, x: Any, *, norm: str, **keywords: Any) -> Any:
        """Call a function of the library's ``fft``: ``fft`` and ``ifft``, or one that rows call."""
        function = getattr(getattr(self.module, "fft", None), name, None)
        if function is None:
            raise AttributeError(f"[{self.name}.fft] the library has no function {name!r}")
        return function(x, norm=norm, **keywords)
