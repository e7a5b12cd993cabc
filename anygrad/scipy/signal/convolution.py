"""Convolution and correlation of signals of any number of axes.

One row, which SciPy computes on NumPy and CuPy on CUDA, elsewhere Fourier transforms; its derivatives are
convolutions with the other operand mirrored: of a full one valid ones, and of a valid one full ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import operation
from anygrad.rules import axes_in, fit, part
from anygrad.scipy.doors import declared, given
from anygrad.scipy.fft.lengths import next_fast_len

__all__ = ["convolve", "convolve2d", "correlate", "correlate2d", "fftconvolve", "oaconvolve"]

MODES = ("full", "same", "valid")
METHODS = ("auto", "direct", "fft")
BOUNDARIES = {"fill": "constant", "pad": "constant", "wrap": "wrap", "circular": "wrap"}
BOUNDARIES |= {"symm": "symmetric", "symmetric": "symmetric"}

# ---------------------------------------------------------------- the row


def _convolved(xp: Any, x: Any, y: Any, mode: str, axes: tuple[int, ...], method: str) -> Any:
    if xp.scipy_library is None or not axes:
        return _by_transforms(xp, x, y, mode, axes)
    if method in METHODS[:2]:
        # SciPy's own takes the first operand's dtype for the result.
        dtype = np.result_type(x.dtype, y.dtype)
        x, y = xp.astype(x, dtype, copy=False), xp.astype(y, dtype, copy=False)
        return xp.scipy_function("signal", "convolve")(x, y, mode=mode, method=method)
    return xp.scipy_function("signal", method)(x, y, mode=mode, axes=axes)


def _by_transforms(xp: Any, x: Any, y: Any, mode: str, axes: tuple[int, ...]) -> Any:
    if not axes:
        return x * y
    lengths = tuple(x.shape[a] + y.shape[a] - 1 for a in axes)
    fast = tuple(next_fast_len(n, True) for n in lengths)
    spectra = (xp.fft.fftn(each, s=fast, axes=axes, norm="backward") for each in (x, y))
    first, second = spectra
    out = xp.fft.ifftn(first * second, axes=axes, norm="backward")
    if not any(xp.isdtype(each.dtype, "complex floating") for each in (x, y)):
        out = xp.real(out)
    for a, n in zip(axes, lengths, strict=True):
        lost = y.shape[a] - 1 if mode == "valid" else 0
        out = part(xp, out, a, lost, n - lost)
    dtype = np.result_type(xp.dtype_of(x), xp.dtype_of(y))
    out = xp.round(out) if dtype.kind in "biu" else out
    return xp.astype(out, xp.natives[dtype], copy=False)


def _convolved_dx(
    xp: Any, g: Any, x_shape: Any, x_dtype: Any, y: Any, mode: str, axes: Any, method: str
) -> Any:
    other = "valid" if mode == "full" else "full"
    mirrored = xp.flip(y, axis=axes) if axes else y
    found = xp.scipy.signal.convolve(g, mirrored, mode=other, axes=axes, method=method)
    return fit(xp, found, x_shape, x_dtype)


def _convolved_dy(
    xp: Any, g: Any, x: Any, y_shape: Any, y_dtype: Any, mode: str, axes: Any, method: str
) -> Any:
    if mode == "full" or not axes:
        return _convolved_dx(xp, g, y_shape, y_dtype, x, mode, axes, method)
    found = xp.scipy.signal.convolve(x, xp.flip(g, axis=axes), mode="valid", axes=axes, method=method)
    return fit(xp, xp.flip(found, axis=axes), y_shape, y_dtype)


_convolve = declared(
    operation(
        "scipy.signal.convolve",
        _convolved,
        "x y",
        dx=_convolved_dx,
        dy=_convolved_dy,
        prepare=lambda x, y, /, *, mode, axes, method: {"mode": mode, "axes": axes, "method": method},
        doc="Return the full or the valid convolution over axes; of the valid one x is the longer operand.",
    )
)

# ---------------------------------------------------------------- arguments


def _combined(op: str, x: Any, y: Any, mode: Any, axes: Any, method: str, correlates: bool = False) -> Any:
    """Convolve or correlate in one of three modes."""
    xp, x, y = given(op, in1=x, in2=y)
    if not isinstance(mode, str) or mode not in MODES:
        raise ArgumentError(message(op, f"mode is {mode!r}", f"expected one of {', '.join(MODES)}"))
    got = f"in1 has shape {x.shape}, in2 has shape {y.shape}"
    if x.ndim != y.ndim:
        raise ShapeError(message(op, got, "expected as many axes"))
    axes = tuple(range(x.ndim)) if axes is None else axes_in(op, axes, x.ndim)
    if x.ndim and not axes:
        raise ArgumentError(message(op, "axes is empty", "expected at least one axis"))
    if correlates:
        y = xp.flip(y, axis=axes) if axes else y
        y = xp.conj(y) if y.dtype.kind == "c" else y
    if not x.ndim:
        return x * y
    if not x.size or not y.size:
        return xp.zeros((0,), dtype=np.result_type(x.dtype, y.dtype))
    others = [a for a in range(x.ndim) if a not in axes]
    if any(x.shape[a] != y.shape[a] and 1 not in (x.shape[a], y.shape[a]) for a in others):
        raise ShapeError(message(op, got, f"all axes but {axes} must broadcast"))
    if mode != "valid":
        out = _convolve(x, y, mode="full", axes=axes, method=method)
        return _middle(xp, out, x.shape) if mode == "same" else out
    if not all(x.shape[a] >= y.shape[a] for a in axes):
        if not all(y.shape[a] >= x.shape[a] for a in axes):
            raise ShapeError(message(op, got, "for 'valid' one must be as long as the other on each axis"))
        x, y = y, x
    return _convolve(x, y, mode="valid", axes=axes, method=method)


def _middle(xp: Any, x: Any, shape: tuple[int, ...]) -> Any:
    for axis, n in enumerate(shape):
        start = (x.shape[axis] - n) // 2
        x = part(xp, x, axis, start, start + n)
    return x


def _method_in(op: str, method: Any) -> str:
    if not isinstance(method, str) or method not in METHODS:
        raise ArgumentError(message(op, f"method is {method!r}", f"expected one of {', '.join(METHODS)}"))
    return "fftconvolve" if method == "fft" else method


# ---------------------------------------------------------------- functions


def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Return the convolution of two signals of as many axes.

    ``mode`` is "full", "same" (the middle of that, as long as ``in1``) or "valid" (where all of one operand
    meets the other); ``method`` is "direct", "fft" or "auto" (elsewhere than on NumPy and CUDA always
    "fft"). Dtypes are promoted. Differentiable to any order in both, on every device. Raises ``ShapeError``
    where the axes do not fit, ``ArgumentError`` for a mode or a method that is none.

    >>> import anygrad as ag
    >>> ag.scipy.signal.convolve([1.0, 2.0, 3.0], [1.0, -1.0])
    tensor([ 1.,  1.,  1., -3.], dtype=float64, device='cpu')
    """
    return _combined("convolve", in1, in2, mode, None, _method_in("convolve", method))


def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Return the correlation of two signals of as many axes: convolution with ``conj(flip(in2))``.

    As ``convolve``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.correlate([1.0, 2.0, 3.0], [1.0, -1.0])
    tensor([-1., -1., -1.,  3.], dtype=float64, device='cpu')
    """
    return _combined("correlate", in1, in2, mode, None, _method_in("correlate", method), True)


def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """Return the convolution of two signals over axes, by default all, by Fourier transforms.

    Over other axes the operands broadcast. The rest is as for ``convolve``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.fftconvolve([1.0, 2.0, 3.0], [1.0, -1.0])
    tensor([ 1.,  1.,  1., -3.], dtype=float64, device='cpu')
    """
    return _combined("fftconvolve", in1, in2, mode, axes, "fftconvolve")


def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """Return the convolution of two signals over axes, by default all, by Fourier transforms of short parts.

    As ``fftconvolve``.

    >>> import anygrad as ag
    >>> ag.scipy.signal.oaconvolve([1.0, 2.0, 3.0], [1.0, -1.0])
    tensor([ 1.,  1.,  1., -3.], dtype=float64, device='cpu')
    """
    return _combined("oaconvolve", in1, in2, mode, axes, "oaconvolve")


def _images(op: str, x: Any, y: Any, mode: Any, boundary: Any, fillvalue: Any, correlates: bool) -> Any:
    """Convolve or correlate images that go on beyond their borders."""
    xp, x, y = given(op, in1=x, in2=y)
    if x.ndim != 2 or y.ndim != 2 or not x.size or not y.size:
        got = f"in1 has shape {x.shape}, in2 has shape {y.shape}"
        raise ShapeError(message(op, got, "expected two axes each, none of length 0"))
    if boundary not in BOUNDARIES:
        raise ArgumentError(message(op, f"boundary is {boundary!r}", "expected 'fill', 'wrap' or 'symm'"))
    shorter = any(n < m for n, m in zip(x.shape, y.shape, strict=True))
    if mode == "valid" and correlates and shorter:  # Of which SciPy conjugates the longer one.
        return xp.flip(_combined(op, y, x, mode, None, "direct", correlates))
    if mode not in MODES or mode == "valid":
        return _combined(op, x, y, mode, None, "direct", correlates)
    if mode == "full":
        widths = [(n - 1, n - 1) for n in y.shape]
    else:
        before = [(n - 1) // 2 if correlates else n // 2 for n in y.shape]
        widths = [(k, n - 1 - k) for k, n in zip(before, y.shape, strict=True)]
    x = xp.astype(x, np.result_type(x.dtype, y.dtype), copy=False)
    how = BOUNDARIES[boundary]
    x = xp.pad(x, widths, how, **({"constant_values": fillvalue} if how == "constant" else {}))
    return _combined(op, x, y, "valid", None, "direct", correlates)


def convolve2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """Return the convolution of two images; ``boundary`` is "fill" (``fillvalue``), "wrap" or "symm".

    The rest is as for ``convolve``, directly.

    >>> import anygrad as ag
    >>> ag.scipy.signal.convolve2d([[1.0, 2.0], [3.0, 4.0]], [[1.0, -1.0]], "same", "wrap")
    tensor([[-1.,  1.],
            [-1.,  1.]], dtype=float64, device='cpu')
    """
    return _images("convolve2d", in1, in2, mode, boundary, fillvalue, False)


def correlate2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """Return the correlation of two images; ``boundary`` is "fill" (``fillvalue``), "wrap" or "symm".

    The rest is as for ``correlate``, directly.

    >>> import anygrad as ag
    >>> ag.scipy.signal.correlate2d([[1.0, 2.0], [3.0, 4.0]], [[1.0, -1.0]], "same", "wrap")
    tensor([[-1.,  1.],
            [-1.,  1.]], dtype=float64, device='cpu')
    """
    return _images("correlate2d", in1, in2, mode, boundary, fillvalue, True)
