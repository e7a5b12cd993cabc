"""Cosine and sine transforms: two rows, which SciPy computes on NumPy.

Elsewhere they are Fourier transforms of what x is continued to. A transform's transpose is that of the type
that inverts it, up to the weights of what stands at the ends (V. Britanak, P. Yip and K. R. Rao, Discrete
Cosine and Sine Transforms, 2007, chapter 4).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import operation
from anygrad.ops.fft import OPPOSITE, check_norm, points, resized
from anygrad.rules import part
from anygrad.scipy.doors import declared, given
from anygrad.scipy.fft.lengths import transformable

__all__ = [
    "dct",
    "dctn",
    "dst",
    "dstn",
    "idct",
    "idctn",
    "idst",
    "idstn",
]

# ---------------------------------------------------------------- by a Fourier transform


def _turned(xp: Any, x: Any, axis: int, angles: np.ndarray) -> Any:
    """Multiply by the exponentials of imaginary angles along an axis."""
    dtype = xp.dtype_of(x)
    wide = np.result_type(dtype, np.complex64)
    shape = tuple(-1 if k == axis else 1 for k in range(x.ndim))
    turns = xp.from_numpy(np.exp(1j * angles).astype(wide).reshape(shape))
    return xp.astype(x, xp.natives[wide], copy=False) * turns


def _alternating(xp: Any, x: Any, axis: int) -> Any:
    signs = (1.0 - 2.0 * (np.arange(x.shape[axis]) % 2)).astype(np.finfo(xp.dtype_of(x)).dtype)
    return x * xp.from_numpy(signs.reshape(tuple(-1 if k == axis else 1 for k in range(x.ndim))))


def _cosines(xp: Any, x: Any, type: int, axis: int) -> Any:
    """Return the cosine transform of a type along an axis, neither scaled nor orthogonal; complex."""
    n = x.shape[axis]
    fft = functools.partial(xp.fft.fftn, axes=(axis,), norm="backward")
    if type == 1:
        inside = xp.flip(part(xp, x, axis, 1, n - 1), axis=axis)
        return part(xp, fft(xp.concat([x, inside], axis=axis)), axis, 0, n)
    k = np.arange(n) * np.pi / (2 * n)
    mirrored = xp.flip(x, axis=axis)
    if type == 2:
        out = part(xp, fft(xp.concat([x, mirrored], axis=axis)), axis, 0, n)
        return _turned(xp, out, axis, -k)
    if type == 3:
        ahead, back = _turned(xp, x, axis, -k), _turned(xp, mirrored, axis, k[::-1])
        zero = xp.zeros_like(part(xp, ahead, axis, 0, 1))
        around = xp.concat([ahead, zero, part(xp, back, axis, 0, n - 1)], axis=axis)
        return part(xp, fft(around), axis, 0, n)
    around = xp.concat([x, -mirrored], axis=axis)
    around = _turned(xp, around, axis, -np.arange(2 * n) * np.pi / (2 * n))
    return _turned(xp, part(xp, fft(around), axis, 0, n), axis, -(k + np.pi / (4 * n)))


def _sines(xp: Any, x: Any, type: int, axis: int) -> Any:
    """Return the sine transform of a type along an axis, neither scaled nor orthogonal; complex."""
    n = x.shape[axis]
    if type == 1:
        zero = xp.zeros_like(part(xp, x, axis, 0, 1))
        around = xp.concat([zero, x, zero, -xp.flip(x, axis=axis)], axis=axis)
        return 1j * part(xp, xp.fft.fftn(around, axes=(axis,), norm="backward"), axis, 1, n + 1)
    if type == 2:
        return xp.flip(_cosines(xp, _alternating(xp, x, axis), 2, axis), axis=axis)
    return _alternating(xp, _cosines(xp, xp.flip(x, axis=axis), type, axis), axis)


def _weighted(xp: Any, x: Any, axis: int, ends: Any, factor: float) -> Any:
    """Multiply the first entry along an axis, the last, or both."""
    n = x.shape[axis]
    first, last = ends[0], ends[1] and n > 1
    if ends[1] and n == 1:
        return x * factor
    parts = [part(xp, x, axis, 0, first), part(xp, x, axis, first, n - last), part(xp, x, axis, n - last, n)]
    return xp.concat([factor * parts[0], parts[1], factor * parts[2]], axis=axis)


ENDS = {
    ("dct", 1): ((True, True), (True, True)),
    ("dct", 2): ((False, False), (True, False)),
    ("dct", 3): ((True, False), (False, False)),
    ("dst", 2): ((False, False), (False, True)),
    ("dst", 3): ((False, True), (False, False)),
}
"""What an orthogonal transform weighs with the root of 2, of x, and with 1 over that, of the result."""


def _transformed(
    xp: Any, kind: str, x: Any, type: int, axes: tuple[int, ...], norm: str, orthogonal: bool
) -> Any:
    if xp.scipy_library == "scipy":  # What CuPy has lacks types and arguments.
        function = functools.partial(
            xp.scipy_function("fft", f"{kind}n"), type=type, axes=axes, norm=norm, orthogonalize=orthogonal
        )
        if not xp.isdtype(x.dtype, "complex floating"):
            return function(x)
        return function(xp.real(x)) + 1j * function(xp.imag(x))
    out = x
    for axis in axes:
        n = x.shape[axis]
        before, after = ENDS.get((kind, type), ((False, False),) * 2) if orthogonal else ((False, False),) * 2
        if any(before):
            out = _weighted(xp, out, axis, before, 2**0.5)
        out = (_cosines if kind == "dct" else _sines)(xp, out, type, axis)
        if any(after):
            out = _weighted(xp, out, axis, after, 0.5**0.5)
        count = 2 * (n if type > 1 else n - 1 if kind == "dct" else n + 1)
        out = out * {"backward": 1.0, "ortho": count**-0.5, "forward": 1 / count}[norm]
    out = xp.astype(out, xp.natives[np.result_type(xp.dtype_of(x), np.complex64)], copy=False)
    return out if xp.isdtype(x.dtype, "complex floating") else xp.real(out)


def _transposed(
    xp: Any, kind: str, g: Any, type: int, axes: tuple[int, ...], norm: str, orthogonal: bool
) -> Any:
    # Not orthogonal, entries at the ends count once where all others count twice.
    weighs = (kind, type) in ENDS and not orthogonal
    before = {1: (True, True), 2: ENDS[kind, 2][1]}.get(type) if weighs else None
    after = {1: (True, True), 3: ENDS[kind, 3][0]}.get(type) if weighs else None
    for axis in axes if before else ():
        g = _weighted(xp, g, axis, before, 2.0)
    transform = getattr(xp.scipy.fft, f"{kind}n")
    out = transform(g, type={2: 3, 3: 2}.get(type, type), axes=axes, norm=norm, orthogonal=orthogonal)
    for axis in axes if after else ():
        out = _weighted(xp, out, axis, after, 0.5)
    return out


def _declared(kind: str) -> Callable[..., Any]:
    name = {"dct": "cosine", "dst": "sine"}[kind]
    return declared(
        operation(
            f"scipy.fft.{kind}n",
            lambda xp, x, type, axes, norm, orthogonal: _transformed(
                xp, kind, x, type, axes, norm, orthogonal
            ),
            dx=lambda xp, g, type, axes, norm, orthogonal: _transposed(
                xp, kind, g, type, axes, norm, orthogonal
            ),
            prepare=lambda x, /, *, type, axes, norm, orthogonal: {
                "type": type,
                "axes": axes,
                "norm": norm,
                "orthogonal": orthogonal,
            },
            accepts="floating",
            doc=f"Return the {name} transform of a type over axes.",
        )
    )


_ROWS = {kind: _declared(kind) for kind in ("dct", "dst")}

# ---------------------------------------------------------------- cosine and sine transforms


def _trigonometric(op: str, x: Any, type: Any, s: Any, axes: Any, norm: Any, orthogonalize: Any) -> Any:
    """Return a transform over axes, or its inverse, as its name says."""
    xp, x = given(op, x=x)
    inverse, kind = op.startswith("i"), op.removeprefix("i")[:3]
    if type not in (1, 2, 3, 4):
        raise ArgumentError(message(op, f"type is {type!r}", "expected 1, 2, 3 or 4"))
    norm = check_norm(op, "backward" if norm is None else norm)
    x = transformable(x)
    s = (s,) if isinstance(s, int) else s
    axes = (axes,) if isinstance(axes, int) else axes
    if axes is None and s is not None:
        axes = range(x.ndim - len(s), x.ndim)
    lengths, axes = points(op, x, s, axes)
    if len(set(axes)) != len(axes):
        raise ArgumentError(message(op, f"axes is {axes}", "an axis is given twice"))
    if kind == "dct" and type == 1 and min(lengths, default=2) < 2:
        raise ShapeError(message(op, f"x has shape {x.shape}", "type 1 takes two points or more"))
    cut: Any = resized
    x = cut(xp, x, dict(zip(axes, lengths, strict=True)))
    orthogonal = norm == "ortho" if orthogonalize is None else bool(orthogonalize)
    if inverse:
        type, norm = {2: 3, 3: 2}.get(type, type), OPPOSITE[norm]
    return _ROWS[kind](x, type=type, axes=axes, norm=norm, orthogonal=orthogonal)


def _along(op: str, x: Any, type: Any, n: Any, axis: int, norm: Any, orthogonalize: Any) -> Any:
    s = None if n is None else (n,)
    return _trigonometric(op, x, type, s, (axis,), norm, orthogonalize)


def dct(
    x: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """Return the discrete cosine transform of x along an axis, of type 1 to 4.

    ``n`` cuts the axis at its end, or continues it with zeros; ``norm`` is "backward", "ortho" or "forward";
    ``orthogonalize`` weighs the ends so that the transform is orthogonal, by default with "ortho" alone (for
    complex x too, where SciPy leaves it out). Dtypes: floating and complex, integers become floats.
    Differentiable to any order in x, on every device. Raises ``ArgumentError`` for another type or norm,
    ``ShapeError`` where there are too few points, ``AxisError``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.dct([1.0, 2.0, 4.0])
    tensor([14.        , -5.19615242,  1.        ], dtype=float64, device='cpu')
    """
    return _along("dct", x, type, n, axis, norm, orthogonalize)


def idct(
    x: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """Return the inverse discrete cosine transform of x along an axis, of type 1 to 4.

    As ``dct``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.idct([1.0, 2.0, 4.0])
    tensor([ 1.4106836 , -1.16666667,  0.25598306], dtype=float64, device='cpu')
    """
    return _along("idct", x, type, n, axis, norm, orthogonalize)


def dst(
    x: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """Return the discrete sine transform of x along an axis, of type 1 to 4.

    As ``dct``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.dst([1.0, 2.0, 4.0])
    tensor([ 9.        , -5.19615242,  6.        ], dtype=float64, device='cpu')
    """
    return _along("dst", x, type, n, axis, norm, orthogonalize)


def idst(
    x: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """Return the inverse discrete sine transform of x along an axis, of type 1 to 4.

    As ``dct``.

    >>> import anygrad as ag
    >>> ag.scipy.fft.idst([1.0, 2.0, 4.0])
    tensor([ 1.4106836 , -0.33333333,  0.25598306], dtype=float64, device='cpu')
    """
    return _along("idst", x, type, n, axis, norm, orthogonalize)


def dctn(
    x: Any,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """Return the discrete cosine transform of x over axes, by default all.

    As ``dct`` along each; ``s`` has a length for each axis.

    >>> import anygrad as ag
    >>> ag.scipy.fft.dctn([[1.0, 2.0], [4.0, 8.0]])
    tensor([[ 60.        , -14.14213562],
            [-25.45584412,   6.        ]], dtype=float64, device='cpu')
    """
    return _trigonometric("dctn", x, type, s, axes, norm, orthogonalize)


def idctn(
    x: Any,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """Return the inverse discrete cosine transform of x over axes, by default all.

    As ``idct`` along each; ``s`` has a length for each axis.

    >>> import anygrad as ag
    >>> ag.scipy.fft.idctn([[1.0, 2.0], [4.0, 8.0]])
    tensor([[ 1.59283009, -0.7607233 ],
            [-1.1142767 ,  0.53216991]], dtype=float64, device='cpu')
    """
    return _trigonometric("idctn", x, type, s, axes, norm, orthogonalize)


def dstn(
    x: Any,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """Return the discrete sine transform of x over axes, by default all.

    As ``dst`` along each; ``s`` has a length for each axis.

    >>> import anygrad as ag
    >>> ag.scipy.fft.dstn([[1.0, 2.0], [4.0, 8.0]])
    tensor([[ 30.        , -14.14213562],
            [-25.45584412,  12.        ]], dtype=float64, device='cpu')
    """
    return _trigonometric("dstn", x, type, s, axes, norm, orthogonalize)


def idstn(
    x: Any,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """Return the inverse discrete sine transform of x over axes, by default all.

    As ``idst`` along each; ``s`` has a length for each axis.

    >>> import anygrad as ag
    >>> ag.scipy.fft.idstn([[1.0, 2.0], [4.0, 8.0]])
    tensor([[ 1.15533009, -0.1982233 ],
            [-0.5517767 ,  0.09466991]], dtype=float64, device='cpu')
    """
    return _trigonometric("idstn", x, type, s, axes, norm, orthogonalize)
