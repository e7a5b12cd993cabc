"""Fourier transforms, which ``anygrad.fft`` has, with SciPy's arguments."""

from __future__ import annotations

from typing import Any

from anygrad.scipy.doors import given
from anygrad.scipy.fft.lengths import transformable

__all__ = [
    "fft",
    "fft2",
    "fftn",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftn",
]


def _fourier(name: str, x: Any, norm: Any, **keywords: Any) -> Any:
    """Call a function of ``anygrad.fft`` with SciPy's arguments."""
    xp, x = given(name, x=x)
    keywords = {key: value for key, value in keywords.items() if value is not None}
    if "s" in keywords and "axes" not in keywords:
        keywords["axes"] = tuple(range(x.ndim - len(keywords["s"]), x.ndim))
    return getattr(xp.fft, name)(transformable(x), norm="backward" if norm is None else norm, **keywords)


def fft(
    x: Any,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the discrete Fourier transform along an axis: ``anygrad.fft.fft``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.fft([1.0, 2.0, 4.0])
    tensor([ 7.+0.j        , -2.+1.73205081j, -2.-1.73205081j], dtype=complex128, device='cpu')
    """
    return _fourier("fft", x, norm, n=n, axis=axis)


def ifft(
    x: Any,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the inverse discrete Fourier transform along an axis: ``anygrad.fft.ifft``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.ifft([1.0, 2.0, 4.0])
    tensor([ 2.33333333+0.j        , -0.66666667-0.57735027j,
            -0.66666667+0.57735027j], dtype=complex128, device='cpu')
    """
    return _fourier("ifft", x, norm, n=n, axis=axis)


def rfft(
    x: Any,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the discrete Fourier transform of real numbers along an axis: ``anygrad.fft.rfft``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.rfft([1.0, 2.0, 4.0])
    tensor([ 7.+0.j        , -2.+1.73205081j], dtype=complex128, device='cpu')
    """
    return _fourier("rfft", x, norm, n=n, axis=axis)


def irfft(
    x: Any,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the real numbers whose ``rfft`` is x along an axis: ``anygrad.fft.irfft``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.irfft([1.0, 2.0, 4.0])
    tensor([ 2.25, -0.75,  0.25, -0.75], dtype=float64, device='cpu')
    """
    return _fourier("irfft", x, norm, n=n, axis=axis)


def hfft(
    x: Any,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the discrete Fourier transform of a Hermitian signal along an axis: ``anygrad.fft.hfft``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.hfft([1.0, 2.0, 4.0])
    tensor([ 9., -3.,  1., -3.], dtype=float64, device='cpu')
    """
    return _fourier("hfft", x, norm, n=n, axis=axis)


def ihfft(
    x: Any,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the inverse discrete Fourier transform of a real spectrum along an axis: ``anygrad.fft.ihfft``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.ihfft([1.0, 2.0, 4.0])
    tensor([ 2.33333333-0.j        , -0.66666667-0.57735027j], dtype=complex128, device='cpu')
    """
    return _fourier("ihfft", x, norm, n=n, axis=axis)


def fftn(
    x: Any,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the discrete Fourier transform over axes, by default all: ``anygrad.fft.fftn``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.fftn([[1.0, 2.0], [4.0, 8.0]])
    tensor([[15.+0.j, -5.+0.j],
            [-9.+0.j,  3.+0.j]], dtype=complex128, device='cpu')
    """
    return _fourier("fftn", x, norm, s=s, axes=axes)


def ifftn(
    x: Any,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the inverse discrete Fourier transform over axes, by default all: ``anygrad.fft.ifftn``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.ifftn([[1.0, 2.0], [4.0, 8.0]])
    tensor([[ 3.75+0.j, -1.25+0.j],
            [-2.25+0.j,  0.75+0.j]], dtype=complex128, device='cpu')
    """
    return _fourier("ifftn", x, norm, s=s, axes=axes)


def rfftn(
    x: Any,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the discrete Fourier transform of real numbers over axes, by default all: ``anygrad.fft.rfftn``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.rfftn([[1.0, 2.0], [4.0, 8.0]])
    tensor([[15.+0.j, -5.+0.j],
            [-9.+0.j,  3.+0.j]], dtype=complex128, device='cpu')
    """
    return _fourier("rfftn", x, norm, s=s, axes=axes)


def irfftn(
    x: Any,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the real numbers whose ``rfft`` is x over axes, by default all: ``anygrad.fft.irfftn``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.irfftn([[1.0, 2.0], [4.0, 8.0]])
    tensor([[ 3.75, -1.25],
            [-2.25,  0.75]], dtype=float64, device='cpu')
    """
    return _fourier("irfftn", x, norm, s=s, axes=axes)


def fft2(
    x: Any,
    s: Any = None,
    axes: Any = (-2, -1),
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the discrete Fourier transform over two axes.

    >>> import anygrad as ag
    >>> ag.scipy.fft.fft2([[1.0, 2.0], [4.0, 8.0]])
    tensor([[15.+0.j, -5.+0.j],
            [-9.+0.j,  3.+0.j]], dtype=complex128, device='cpu')
    """
    return _fourier("fftn", x, norm, s=s, axes=axes)


def ifft2(
    x: Any,
    s: Any = None,
    axes: Any = (-2, -1),
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the inverse discrete Fourier transform over two axes.

    >>> import anygrad as ag
    >>> ag.scipy.fft.ifft2([[1.0, 2.0], [4.0, 8.0]])
    tensor([[ 3.75+0.j, -1.25+0.j],
            [-2.25+0.j,  0.75+0.j]], dtype=complex128, device='cpu')
    """
    return _fourier("ifftn", x, norm, s=s, axes=axes)


def rfft2(
    x: Any,
    s: Any = None,
    axes: Any = (-2, -1),
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the discrete Fourier transform of real numbers over two axes.

    >>> import anygrad as ag
    >>> ag.scipy.fft.rfft2([[1.0, 2.0], [4.0, 8.0]])
    tensor([[15.+0.j, -5.+0.j],
            [-9.+0.j,  3.+0.j]], dtype=complex128, device='cpu')
    """
    return _fourier("rfftn", x, norm, s=s, axes=axes)


def irfft2(
    x: Any,
    s: Any = None,
    axes: Any = (-2, -1),
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: None = None,
) -> Any:
    """Return the real numbers whose ``rfft`` is x over two axes.

    >>> import anygrad as ag
    >>> ag.scipy.fft.irfft2([[1.0, 2.0], [4.0, 8.0]])
    tensor([[ 3.75, -1.25],
            [-2.25,  0.75]], dtype=float64, device='cpu')
    """
    return _fourier("irfftn", x, norm, s=s, axes=axes)
