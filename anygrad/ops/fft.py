"""Fourier transforms: what is linear is its own derivative, so formulas are transforms too.

A transform's matrix is symmetric, so that the transpose of ``fftn`` is ``fftn`` and that of padding is
cutting. Of real input a spectrum has one half, whose frequencies but the first (and for an even length the
last) stand for two: they count once in ``rfft`` and twice in ``irfft``.
"""

from __future__ import annotations

from typing import Any

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.op import ArrayLike, operation
from anygrad.rules import axis_in, check_real, fit, split, whole_in

OPPOSITE = {"backward": "forward", "ortho": "ortho", "forward": "backward"}
"""By ``norm``, that with which an inverse is scaled as the transform is."""

# ---------------------------------------------------------------- arguments


def check_norm(op: str, norm: Any) -> str:
    """Return a norm that there is; raises ``ArgumentError`` for another."""
    if not isinstance(norm, str) or norm not in OPPOSITE:
        raise ArgumentError(message(op, f"norm is {norm!r}", "expected 'backward', 'ortho' or 'forward'"))
    return norm


def whole(op: str, name: str, n: Any, *advice: str) -> int:
    """Return a number of points; raises ``ShapeError`` where there are none."""
    count = whole_in(op, name, n)
    if count < 1:
        raise ShapeError(message(op, f"{name} is {count}", "a transform has at least one point", *advice))
    return count


def listed(op: str, name: str, given: Any) -> tuple[Any, ...]:
    """Return a sequence as a tuple; raises ``DtypeError`` where it is none."""
    try:
        return tuple(given)
    except TypeError:
        raise DtypeError(message(op, f"{name} is {given!r}", "expected a tuple of integers")) from None


def refuse_complex(op: str, x: Any) -> None:
    """Raise ``DtypeError`` for complex numbers."""
    check_real(op, x, "expected real dtypes", "use fft or fftn")


def point(op: str, x: Any, n: Any, axis: int, half: bool = False) -> tuple[int, int]:
    """Return the number of points and the axis; by default all, ``half``: of a half the whole."""
    axis = axis_in(op, axis, x.ndim)
    if n is not None:
        return whole(op, "n", n), axis
    own = x.shape[axis]
    return whole(op, "n", 2 * (own - 1) if half else own, f"x has shape {x.shape}; pass n="), axis


def points(op: str, x: Any, s: Any, axes: Any, half: bool = False) -> tuple[Any, tuple[int, ...]]:
    """Return the numbers of points and the axes; -1 among the numbers is the default."""
    if axes is None:
        if s is not None:
            expected = "expected the axes that the lengths are for"
            raise ArgumentError(message(op, f"s is {s!r}, axes is None", expected, "pass axes="))
        axes = range(x.ndim)
    axes = tuple(axis_in(op, a, x.ndim) for a in listed(op, "axes", axes))
    own = [x.shape[a] for a in axes]
    if half and own:
        own[-1] = 2 * (own[-1] - 1)
    given = own if s is None else listed(op, "s", s)
    if len(given) != len(axes):
        raise ShapeError(message(op, f"s is {s!r}, axes is {axes}", "expected a length for each axis"))
    return tuple(whole(op, "s", d if n == -1 else n) for n, d in zip(given, own, strict=True)), axes


# ---------------------------------------------------------------- of complex numbers


def resized(xp, x, lengths):
    """Cut axes at their ends, or continue them with zeros."""
    for axis, n in lengths.items():
        own = x.shape[axis]
        if own > n:
            x, _ = split(xp, x, axis, n)
        elif own < n:
            shape = (*x.shape[:axis], n - own, *x.shape[axis + 1 :])
            x = xp.concat([x, xp.zeros(shape, dtype=x.dtype, device=xp.device)], axis=axis)
    return x


def _along(op: str) -> Any:
    def prepare(
        x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
    ) -> dict[str, Any]:
        n, axis = point(op, x, n, axis)
        return {"runs": ({axis: n},), "norm": check_norm(op, norm)}

    return prepare


def _over(op: str) -> Any:
    def prepare(
        x: ArrayLike,
        /,
        *,
        s: tuple[int, ...] | None = None,
        axes: tuple[int, ...] | None = None,
        norm: str = "backward",
    ) -> dict[str, Any]:
        s, axes = points(op, x, s, axes)
        runs: list[dict[int, int]] = [{}]
        for n, axis in zip(reversed(s), reversed(axes), strict=True):
            if axis in runs[-1]:
                runs.append({})
            runs[-1][axis] = n
        return {"runs": tuple(runs), "norm": check_norm(op, norm)}

    return prepare


def _transformed(transform, x, runs, norm):
    """Transform over the axes of each run in turn, which differ from one another."""
    for run in runs:
        x = transform(x, s=tuple(run.values()), axes=tuple(run), norm=norm)
    return x


def _transposed(xp, transform, g, x_shape, x_dtype, runs, norm):
    lengths = dict(enumerate(x_shape))
    before = []
    for run in runs:
        before.append({axis: lengths[axis] for axis in run})
        lengths |= run
    for run in reversed(before):
        g = resized(xp, transform(g, axes=tuple(run), norm=norm), run)
    return fit(xp, g, x_shape, x_dtype)


_SCALED = "``norm='forward'`` divides by the number of points, 'ortho' by its root, 'backward' by nothing"
_INVERSE = "``norm='backward'`` divides by the number of points, 'ortho' by its root, 'forward' by nothing"
_ONE = """

``n`` cuts the axis at its end, or continues it with zeros.
{}.
Real input is taken as complex. An ``n`` below 1 raises ``ShapeError``."""
_SEVERAL = """

``s`` has a length for each of ``axes``, at which it is cut or to which it is continued with zeros; -1 is its
own. An axis that is given twice is transformed twice.
{}.
Real input is taken as complex. A length below 1, and lengths that are not one for each axis, raise
``ShapeError``; lengths without axes ``ArgumentError``."""

fft = operation(
    "fft.fft",
    lambda xp, x, runs, norm: _transformed(xp.fft.fftn, x, runs, norm),
    dx=lambda xp, g, x_shape, x_dtype, runs, norm: _transposed(
        xp, xp.fft.fftn, g, x_shape, x_dtype, runs, norm
    ),
    prepare=_along("fft"),
    accepts="floating",
    linear=True,
    doc="Return the discrete Fourier transform along an axis." + _ONE.format(_SCALED),
    example="[1.0, 2.0, 3.0, 4.0] -> [10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j], dtype=complex128",
)

ifft = operation(
    "fft.ifft",
    lambda xp, x, runs, norm: _transformed(xp.fft.ifftn, x, runs, norm),
    dx=lambda xp, g, x_shape, x_dtype, runs, norm: _transposed(
        xp, xp.fft.ifftn, g, x_shape, x_dtype, runs, norm
    ),
    prepare=_along("ifft"),
    accepts="floating",
    linear=True,
    doc="Return the inverse discrete Fourier transform along an axis." + _ONE.format(_INVERSE),
    example="[6.0, 0.0, 2.0, 0.0] -> [2.+0.j, 1.+0.j, 2.+0.j, 1.+0.j], dtype=complex128",
)

fftn = operation(
    "fft.fftn",
    lambda xp, x, runs, norm: _transformed(xp.fft.fftn, x, runs, norm),
    dx=lambda xp, g, x_shape, x_dtype, runs, norm: _transposed(
        xp, xp.fft.fftn, g, x_shape, x_dtype, runs, norm
    ),
    prepare=_over("fftn"),
    accepts="floating",
    linear=True,
    doc="Return the discrete Fourier transform over several axes, by default all." + _SEVERAL.format(_SCALED),
    example="[[1.0, 2.0], [3.0, 4.0]] -> [[10.+0.j, -2.+0.j], [-4.+0.j,  0.+0.j]], dtype=complex128",
)

ifftn = operation(
    "fft.ifftn",
    lambda xp, x, runs, norm: _transformed(xp.fft.ifftn, x, runs, norm),
    dx=lambda xp, g, x_shape, x_dtype, runs, norm: _transposed(
        xp, xp.fft.ifftn, g, x_shape, x_dtype, runs, norm
    ),
    prepare=_over("ifftn"),
    accepts="floating",
    linear=True,
    doc="Return the inverse discrete Fourier transform over several axes, by default all."
    + _SEVERAL.format(_INVERSE),
    example="[[10.0, -2.0], [-4.0, 0.0]] -> [[1.+0.j, 2.+0.j], [3.+0.j, 4.+0.j]], dtype=complex128",
)

# ---------------------------------------------------------------- of real numbers


def _between(xp, x, n, axis, factor):
    """Multiply the frequencies that stand for two, of the half spectrum of n real numbers."""
    low = split(xp, x, axis, 1)
    if n % 2:
        return xp.concat([low[0], factor * low[1]], axis=axis)
    middle, last = split(xp, low[1], axis, n // 2 - 1)
    return xp.concat([low[0], factor * middle, last], axis=axis)


def _halved(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> dict[str, Any]:
    refuse_complex("rfft", x)
    n, axis = point("rfft", x, n, axis)
    return {"n": n, "axis": axis, "norm": check_norm("rfft", norm)}


def _whole_again(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> dict[str, Any]:
    n, axis = point("irfft", x, n, axis, half=True)
    return {"n": n, "axis": axis, "norm": check_norm("irfft", norm)}


def _rfft_dx(xp, g, x_shape, x_dtype, n, axis, norm):
    found = _between(xp, xp.conj(g), n, axis, 0.5)
    found = xp.fft.irfft(found, n=n, axis=axis, norm=OPPOSITE[norm])
    return fit(xp, resized(xp, found, {axis: x_shape[axis]}), x_shape, x_dtype)


def _irfft_dx(xp, g, x_shape, x_dtype, n, axis, norm):
    found = xp.conj(xp.fft.rfft(g, axis=axis, norm=OPPOSITE[norm]))
    found = _between(xp, found, n, axis, 2)
    return fit(xp, resized(xp, found, {axis: x_shape[axis]}), x_shape, x_dtype)


_HALF = """

The result has ``n // 2 + 1`` frequencies: the others are their conjugates. ``n`` cuts the axis of x at its
end, or continues it with zeros.
{}.
An ``n`` below 1 raises ``ShapeError``."""
_WHOLE = """

The result has ``n`` numbers along the axis, by default twice those of x less 2: an odd length must be given.
Of x, which is half a spectrum, ``n // 2 + 1`` entries are used; the imaginary part of the first, and for an
even ``n`` of the last, is taken as 0.
{}.
An ``n`` below 1 raises ``ShapeError``."""

rfft = operation(
    "fft.rfft",
    lambda xp, x, n, axis, norm: xp.fft.rfft(x, n=n, axis=axis, norm=norm),
    dx=_rfft_dx,
    prepare=_halved,
    accepts="real floating",
    linear=True,
    doc="Return the discrete Fourier transform of real numbers along an axis: half of it."
    + _HALF.format(_SCALED),
    example="[1.0, 2.0, 3.0, 4.0] -> [10.+0.j, -2.+2.j, -2.+0.j], dtype=complex128",
)

irfft = operation(
    "fft.irfft",
    lambda xp, x, n, axis, norm: xp.fft.irfft(x, n=n, axis=axis, norm=norm),
    dx=_irfft_dx,
    prepare=_whole_again,
    accepts="floating",
    linear=True,
    doc="Return the real numbers along an axis whose ``rfft`` is x." + _WHOLE.format(_INVERSE),
    example="[6.0, 0.0, 2.0] -> [2., 1., 2., 1.]",
)
