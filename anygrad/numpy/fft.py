"""NumPy's Fourier transforms, over one axis, two or several."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from anygrad.numpy import table
from anygrad.numpy.table import Array, Out, table_of

__all__: list[str] = []

published = functools.partial(table.published, within="fft")
created = functools.partial(table.created, within="fft")


def _along(name: str) -> None:
    """Publish a transform over one axis."""

    def transform(
        xp: Any, a: Array, n: int | None = None, axis: int = -1, norm: str | None = None, out: Out = None
    ) -> Any:
        return getattr(xp.fft, name)(a, n=n, axis=axis, norm=norm or "backward")

    _publish(transform, name, "one axis")


def _over(name: str, inner: str, default: tuple[int, int] | None, where: str) -> None:
    """Publish a transform over axes."""

    def transform(
        xp: Any,
        a: Array,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = default,
        norm: str | None = None,
        out: Out = None,
    ) -> Any:
        if s is not None and axes is None:
            axes = range(-len(s), 0)
        if s is not None:
            axes = tuple(axes or ())
            s = tuple(a.shape[i] if n == -1 else n for n, i in zip(s, axes, strict=True))
        axes = None if axes is None else tuple(axes)
        return getattr(xp.fft, inner)(a, s=s, axes=axes, norm=norm or "backward")

    _publish(transform, name, where)


def _publish(transform: Callable[..., Any], name: str, where: str) -> None:
    transform.__name__ = name
    transform.__doc__ = f"Do ``anygrad.fft``'s transform over {where}."
    published(transform)


for _name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
    _along(_name)
for _name in ("fft", "ifft", "rfft", "irfft"):
    _over(f"{_name}n", f"{_name}n", None, "several axes, or all")
    _over(f"{_name}2", f"{_name}n", (-2, -1), "two axes")


@published
def fftshift(xp: Any, x: Array, axes: Any = None) -> Any:
    """Move frequency 0 to the middle."""
    return xp.fft.fftshift(x, axes=tuple(axes) if isinstance(axes, list) else axes)


@published
def ifftshift(xp: Any, x: Array, axes: Any = None) -> Any:
    """Move frequency 0 from the middle to the front."""
    return xp.fft.ifftshift(x, axes=tuple(axes) if isinstance(axes, list) else axes)


@created
def fftfreq(xp: Any, n: int, d: float = 1.0) -> Any:
    """Return the frequencies of a transform."""
    return xp.fft.fftfreq(n, d=d)


@created
def rfftfreq(xp: Any, n: int, d: float = 1.0) -> Any:
    """Return the frequencies of a real transform."""
    return xp.fft.rfftfreq(n, d=d)


_PUBLIC = table_of("fft")
globals().update(_PUBLIC)
__all__ += _PUBLIC


def __dir__() -> list[str]:
    return sorted(__all__)
