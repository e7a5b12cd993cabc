"""What goes with transforms: frequencies, their order, lengths that are fast, and dtypes that are taken."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from anygrad.devices import get_backend
from anygrad.errors import ArgumentError, message
from anygrad.rules import whole_in
from anygrad.scipy.doors import floating, given

__all__ = [
    "fftfreq",
    "fftshift",
    "ifftshift",
    "next_fast_len",
    "prev_fast_len",
    "rfftfreq",
]


def transformable(x: Any) -> Any:
    """Return x in a dtype that SciPy transforms."""
    return x.astype(np.float32) if x.dtype == np.float16 else floating(x)


def fftshift(x: Any, axes: Any = None) -> Any:
    """Return x with the frequency 0 moved to the middle: ``anygrad.fft.fftshift``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.fftshift([0.0, 1.0, -1.0])
    tensor([-1.,  0.,  1.], dtype=float64, device='cpu')
    """
    xp, x = given("fftshift", x=x)
    return xp.fft.fftshift(x, axes=axes)


def ifftshift(x: Any, axes: Any = None) -> Any:
    """Return x with the frequency 0 moved from the middle back: ``anygrad.fft.ifftshift``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.ifftshift([-1.0, 0.0, 1.0])
    tensor([ 0.,  1., -1.], dtype=float64, device='cpu')
    """
    xp, x = given("ifftshift", x=x)
    return xp.fft.ifftshift(x, axes=axes)


def fftfreq(n: int, d: float = 1.0, *, device: Any = None) -> Any:
    """Return the frequencies of ``fft``: ``anygrad.fft.fftfreq``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.fftfreq(4)
    tensor([ 0.  ,  0.25, -0.5 , -0.25], dtype=float64, device='cpu')
    """
    return _frequencies("fftfreq", n, d, device)


def rfftfreq(n: int, d: float = 1.0, *, device: Any = None) -> Any:
    """Return the frequencies of ``rfft``: ``anygrad.fft.rfftfreq``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.rfftfreq(4)
    tensor([0.  , 0.25, 0.5 ], dtype=float64, device='cpu')
    """
    return _frequencies("rfftfreq", n, d, device)


def _frequencies(name: str, n: int, d: float, device: Any) -> Any:
    return getattr(get_backend(device).tensors.fft, name)(n, d=d)


def _is_smooth(n: int, factors: tuple[int, ...]) -> bool:
    for factor in factors:
        while not n % factor:
            n //= factor
    return n == 1


def next_fast_len(target: int, real: bool = False) -> int:
    """Return the next length from ``target`` on whose prime factors are small: to 5 if ``real``, or to 11.

    >>> import anygrad as ag
    >>> ag.scipy.fft.next_fast_len(93059)
    93170
    """
    n = _length("next_fast_len", target)
    factors = (2, 3, 5) if real else (2, 3, 5, 7, 11)
    return next(m for m in itertools.count(n) if _is_smooth(m, factors))


def prev_fast_len(target: int, real: bool = False) -> int:
    """Return the last length up to ``target`` whose prime factors are small: to 5 if ``real``, or to 11.

    >>> import anygrad as ag
    >>> ag.scipy.fft.prev_fast_len(93059)
    92928
    """
    n = _length("prev_fast_len", target)
    factors = (2, 3, 5) if real else (2, 3, 5, 7, 11)
    return next(m for m in range(n, 0, -1) if _is_smooth(m, factors))


def _length(op: str, target: Any) -> int:
    n = whole_in(op, "target", target)
    if n < 1:
        raise ArgumentError(message(op, f"target is {n}", "expected 1 or more"))
    return n
