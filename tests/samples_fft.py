"""Samples of Fourier transforms: odd and even lengths, cut and continued, one point, real and complex."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.samples import NUMBERS, W, X, Y, Z, sample

ODD, EVEN = np.concatenate([X, Y[:, :2]], axis=1), np.concatenate([X, Y[:, :1]], axis=1)
LONGER = np.concatenate([Z, W[:, :1]], axis=1)
CUBE = np.stack([ODD[:, :3], Y, EVEN[:, 1:]])
TURNED = CUBE * (1 - 0.5j) + 0.7j * CUBE[::-1]
NO_ROWS = np.zeros((0, 4)), np.zeros((0, 4), np.complex128)
ONE = np.array([[1.7], [-0.4]]), np.array([[0.8 - 0.5j], [0.3 + 2.0j]])

REAL = ("rfft", "ihfft")
"""Those of one axis that take real numbers alone."""


def padded(name: str) -> Callable[..., Any]:
    """Return NumPy's function of one zero: of nothing, some of them return what they find in memory."""
    return lambda x, n: getattr(np.fft, name)(np.zeros((2, 1)), n=n)


def frequencies(name: str) -> Callable[..., Any]:
    """Return NumPy's function with a dtype."""
    return lambda n, d=1.0, dtype=float: getattr(np.fft, name)(n, d).astype(dtype)


for _name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
    _whole = f"fft.{_name}"
    _x, _y = (EVEN, ODD) if _name in REAL else (LONGER, ODD)
    for _options in ({}, {"n": 3}, {"n": 8}):
        sample(_whole, "plain", _x, **_options)
    for _options in ({}, {"n": 4}, {"n": 7}):
        sample(_whole, "plain", _y, **_options)
    sample(_whole, "axis", _x, axis=0, norm="forward", n=3)
    sample(_whole, "axis", _y, axis=-2, norm="ortho", n=4)
    sample(_whole, "axis", CUBE if _name in REAL else TURNED, axis=1, norm="backward")
    sample(_whole, "axis", ONE[_name not in REAL], n=1)
    sample(_whole, "axis", ONE[0], n=2, norm="ortho")
    for _x in NO_ROWS[: 1 if _name in REAL else 2]:
        sample(_whole, "empty", _x)
    sample(_whole, "empty", np.zeros((2, 0)), n=3, reference=padded(_name))
    sample(_whole, "plain", NUMBERS)

for _name in ("fftn", "ifftn", "rfftn", "irfftn"):
    _whole, _x = f"fft.{_name}", CUBE if _name == "rfftn" else TURNED
    sample(_whole, "plain", _x)
    sample(_whole, "axis", _x, axes=(2, -3), norm="ortho")
    sample(_whole, "axis", _x, s=(2, 4), axes=(0, -1), norm="forward")
    sample(_whole, "axis", _x, s=(4,), axes=(1,), norm="ortho")
    sample(_whole, "axis", _x, s=(4, 2, 3), axes=(1, 0, 1), norm="ortho")
    sample(_whole, "axis", _x, axes=(0, 1, 0, 0))
    sample(_whole, "empty", NO_ROWS[_name != "rfftn"], axes=(1,))
    sample(_whole, "plain", NUMBERS)
    sample(_whole, "axis", _x, s=(-1, 2), axes=(0, 1))
    if _name in ("fftn", "ifftn"):
        for _x in (np.array(1.5), np.array(0.4 - 2j)):
            sample(_whole, "0-d", _x, reference=lambda x: x + 0j)
        sample(_whole, "axis", X, axes=(), reference=lambda x, axes: x + 0j)

for _name in ("fftshift", "ifftshift"):
    _whole = f"fft.{_name}"
    sample(_whole, "plain", CUBE)
    for _axes in (-1, (0, -1), (1, 1), ()):
        for _x in (TURNED, NUMBERS):
            sample(_whole, "axis", _x, axes=_axes)
    sample(_whole, "0-d", np.array(1.5), reference=lambda x: x)
    sample(_whole, "empty", NO_ROWS[0])

for _name in ("fftfreq", "rfftfreq"):
    for _n in (1, 2, 7, 8):
        for _options in ({}, {"d": 0.3}, {"d": -2, "dtype": np.dtype("float32")}):
            sample(
                f"fft.{_name}",
                "plain",
                extra=(_n,),
                reference=frequencies(_name),
                **_options,
            )
