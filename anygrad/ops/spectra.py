"""Fourier transforms that are built of others, and the frequencies that go with them."""

from __future__ import annotations

from functools import partial
from typing import Any

from anygrad.errors import ArgumentError, AxisError, DtypeError, message
from anygrad.op import ArrayLike, creation, derived
from anygrad.ops.fft import OPPOSITE, check_norm, listed, point, points, refuse_complex, whole
from anygrad.ops.linalg import conj
from anygrad.rules import axis_in

extension = partial(derived, extension="fft")
"""Declares a function of ``fft`` that is built of others."""

# ---------------------------------------------------------------- of real numbers


def _real_points(op: str, x: Any, s: Any, axes: Any, half: bool = False) -> tuple[Any, tuple[int, ...]]:
    s, axes = points(op, x, s, axes, half)
    if not axes:
        raise AxisError(message(op, f"x has shape {x.shape}, axes is {axes}", "expected at least one axis"))
    return s, axes


@extension
def rfftn(
    xp: Any,
    x: ArrayLike,
    /,
    *,
    s: tuple[int, ...] | None = None,
    axes: tuple[int, ...] | None = None,
    norm: str = "backward",
) -> Any:
    """Return the discrete Fourier transform of real numbers over several axes: half of it along the last.

    ``s`` and ``axes`` are as in ``fftn``. Raises ``DtypeError`` for complex x.

    >>> import anygrad as ag
    >>> ag.fft.rfftn(ag.asarray([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[10.+0.j, -2.+0.j],
            [-4.+0.j,  0.+0.j]], dtype=complex128, device='cpu')
    """
    refuse_complex("rfftn", x)
    s, axes = _real_points("rfftn", x, s, axes)
    x = xp.fft.rfft(x, n=s[-1], axis=axes[-1], norm=check_norm("rfftn", norm))
    return x if len(axes) == 1 else xp.fft.fftn(x, s=s[:-1], axes=axes[:-1], norm=norm)


@extension
def irfftn(
    xp: Any,
    x: ArrayLike,
    /,
    *,
    s: tuple[int, ...] | None = None,
    axes: tuple[int, ...] | None = None,
    norm: str = "backward",
) -> Any:
    """Return the real numbers whose ``rfftn`` is x.

    ``s`` and ``axes`` are as in ``ifftn``; the last of ``axes`` is that of which x has half the spectrum, and
    the last of ``s`` the length of the result there, by default twice that of x less 2.

    >>> import anygrad as ag
    >>> ag.fft.irfftn(ag.asarray([[10.0, -2.0], [-4.0, 0.0]]))
    tensor([[1., 2.],
            [3., 4.]], dtype=float64, device='cpu')
    """
    s, axes = _real_points("irfftn", x, s, axes, half=True)
    check_norm("irfftn", norm)
    if len(axes) > 1:
        # NumPy goes from the first axis to the last here, which matters where one is given twice.
        x = xp.fft.ifftn(x, s=s[-2::-1], axes=axes[-2::-1], norm=norm)
    return xp.fft.irfft(x, n=s[-1], axis=axes[-1], norm=norm)


@extension
def hfft(xp: Any, x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Return the discrete Fourier transform, which is real, of a Hermitian signal that x is one half of.

    ``n`` is the length of the result, as in ``irfft``; ``norm`` is as in ``fft``.

    >>> import anygrad as ag
    >>> ag.fft.hfft(ag.asarray([1.0, 2.0, 3.0]))
    tensor([ 8., -2.,  0., -2.], dtype=float64, device='cpu')
    """
    n, axis = point("hfft", x, n, axis, half=True)
    return xp.fft.irfft(conj(xp, x), n=n, axis=axis, norm=OPPOSITE[check_norm("hfft", norm)])


@extension
def ihfft(xp: Any, x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Return one half of the Hermitian signal whose discrete Fourier transform is x, which is real.

    ``n`` is as in ``rfft``; ``norm`` is as in ``ifft``. Raises ``DtypeError`` for complex x.

    >>> import anygrad as ag
    >>> ag.fft.ihfft(ag.asarray([8.0, -2.0, 0.0, -2.0]))
    tensor([1.-0.j, 2.-0.j, 3.-0.j], dtype=complex128, device='cpu')
    """
    refuse_complex("ihfft", x)
    n, axis = point("ihfft", x, n, axis)
    return xp.conj(xp.fft.rfft(x, n=n, axis=axis, norm=OPPOSITE[check_norm("ihfft", norm)]))


# ---------------------------------------------------------------- frequencies


def _rolled(op: str, xp: Any, x: Any, axes: Any, sign: int) -> Any:
    """Roll axes by half their length."""
    given = range(x.ndim) if axes is None else (axes,) if hasattr(axes, "__index__") else axes
    found = tuple(axis_in(op, a, x.ndim) for a in listed(op, "axes", given))
    if not found:
        return xp.compact(x)
    return xp.roll(x, tuple(sign * (x.shape[a] // 2) for a in found), axis=found)


@extension
def fftshift(xp: Any, x: ArrayLike, /, *, axes: int | tuple[int, ...] | None = None) -> Any:
    """Roll axes, by default all, so that the frequency 0 stands in the middle. Any dtype.

    >>> import anygrad as ag
    >>> ag.fft.fftshift(ag.fft.fftfreq(4))
    tensor([-0.5 , -0.25,  0.  ,  0.25], dtype=float64, device='cpu')
    """
    return _rolled("fftshift", xp, x, axes, 1)


@extension
def ifftshift(xp: Any, x: ArrayLike, /, *, axes: int | tuple[int, ...] | None = None) -> Any:
    """Undo ``fftshift``, from which it differs at odd lengths. Any dtype.

    >>> import anygrad as ag
    >>> ag.fft.ifftshift(ag.asarray([-1.0, 0.0, 1.0]))
    tensor([ 0.,  1., -1.], dtype=float64, device='cpu')
    """
    return _rolled("ifftshift", xp, x, axes, -1)


def _step(xp: Any, op: str, n: Any, d: Any, dtype: Any) -> tuple[int, float]:
    """Return n and the distance of the frequencies of n numbers that are d apart."""
    n = whole(op, "n", n)
    if not isinstance(d, int | float):
        raise DtypeError(message(op, f"d is {d!r}", "expected a real number"))
    if d == 0:
        raise ArgumentError(message(op, "d is 0", "expected the distance of samples"))
    if not xp.isdtype(dtype, "real floating"):
        raise DtypeError(message(op, f"dtype is {dtype}", "expected a real floating dtype"))
    return n, 1 / (n * d)


@partial(creation, extension="fft")
def fftfreq(xp: Any, n: int, /, *, d: float = 1.0, dtype: Any = None) -> Any:
    """Return the frequencies of ``fft`` for n numbers that are d apart: 0, those above and those below it.

    >>> import anygrad as ag
    >>> ag.fft.fftfreq(4, d=0.5)
    tensor([ 0. ,  0.5, -1. , -0.5], dtype=float64, device='cpu')
    """
    n, step = _step(xp, "fftfreq", n, d, dtype)
    numbers = xp.arange(-(n // 2), (n + 1) // 2, dtype=dtype, device=xp.device)
    return xp.roll(numbers, -(n // 2), axis=0) * step


@partial(creation, extension="fft")
def rfftfreq(xp: Any, n: int, /, *, d: float = 1.0, dtype: Any = None) -> Any:
    """Return the frequencies of ``rfft`` for n numbers that are d apart.

    >>> import anygrad as ag
    >>> ag.fft.rfftfreq(4, d=0.5)
    tensor([0. , 0.5, 1. ], dtype=float64, device='cpu')
    """
    n, step = _step(xp, "rfftfreq", n, d, dtype)
    return xp.arange(n // 2 + 1, dtype=dtype, device=xp.device) * step
