"""What is filled in: around an array (``pad``), and where there is no finite number (``nan_to_num``)."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isfinite
from operator import index
from sys import float_info
from typing import Any

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.op import ArrayLike, derived, operation
from anygrad.rules import alongside, is_complex, part, through

LARGEST = {2: 65504.0, 4: (2 - 2**-23) * 2.0**127, 8: float_info.max}
"""The largest finite number of a real dtype, by its bytes."""


def _numbers(
    x: ArrayLike, /, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> dict[str, Any]:
    top = LARGEST.get(x.dtype.itemsize // (2 if x.dtype.kind == "c" else 1), inf)
    found = {
        "nan": nan,
        "posinf": top if posinf is None else posinf,
        "neginf": -top if neginf is None else neginf,
    }
    for name, value in found.items():
        if not isinstance(value, int | float):
            raise DtypeError(message("nan_to_num", f"{name} is {value!r}", "expected a real number"))
        if x.dtype.kind == "c" and not isfinite(value):
            got = f"{name} is {value}, x has dtype {x.dtype}"
            raise ArgumentError(message("nan_to_num", got, "parts of complex numbers take finite ones"))
    return {name: float(value) for name, value in found.items()}


def _finite(xp, x, nan, posinf, neginf):
    if is_complex(xp, x.dtype):
        parts = (_finite(xp, part, nan, posinf, neginf) for part in (xp.real(x), xp.imag(x)))
        return xp.where(xp.isfinite(x), x, _joined(xp, x.dtype, *parts))
    if not xp.isdtype(x.dtype, "real floating"):
        return xp.compact(x)
    return xp.where(x == inf, posinf, xp.where(x == -inf, neginf, xp.where(xp.isnan(x), nan, x)))


def _joined(xp, dtype, real, imag):
    return xp.astype(real, dtype) + xp.astype(imag, dtype) * 1j


def _finite_dx(xp, g, x):
    if is_complex(xp, x.dtype):
        parts = (_finite_dx(xp, part(g), part(x)) for part in (xp.real, xp.imag))
        return _joined(xp, g.dtype, *parts)
    return xp.where(xp.isfinite(x), g, 0)


nan_to_num = operation(
    "nan_to_num",
    _finite,
    dx=_finite_dx,
    prepare=_numbers,
    doc="Replace NaN, and infinities by the largest numbers of the dtype; the gradient there is 0.",
    example="[1.0, float('nan'), float('inf')], posinf=9.0 -> [1., 0., 9.]",
)

# ---------------------------------------------------------------- padding

MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


@derived
def pad(xp: Any, x: ArrayLike, /, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Any:
    """Return x with entries added before and after it along each axis, as ``numpy.pad`` has it.

    ``pad_width``: a number, a pair (before, after), or a pair for each axis. ``mode``: ``"constant"``
    (``constant_values``, given in the same forms, tensors without axes among them), ``"edge"``,
    ``"reflect"``, ``"symmetric"`` or ``"wrap"``. Raises ``ArgumentError`` for a negative width or another
    mode, ``ShapeError`` where the widths do not fit the axes, or nothing is there to be repeated.

    >>> import anygrad as ag
    >>> ag.pad(ag.asarray([1.0, 2.0, 3.0]), (2, 1), "reflect")
    tensor([3., 2., 1., 2., 3., 2.], dtype=float64, device='cpu')
    """
    if mode not in MODES:
        raise ArgumentError(message("pad", f"mode is {mode!r}", f"expected one of {', '.join(MODES)}"))
    widths = _pairs("pad_width", pad_width.tolist() if hasattr(pad_width, "tolist") else pad_width, x.ndim)
    try:
        widths = [(index(before), index(after)) for before, after in widths]
    except TypeError:
        raise DtypeError(message("pad", f"pad_width is {pad_width!r}", "expected integers")) from None
    if any(k < 0 for pair in widths for k in pair):
        raise ArgumentError(message("pad", f"pad_width is {pad_width!r}", "expected numbers from 0"))
    values = _pairs("constant_values", constant_values, x.ndim)
    if mode == "constant" and all(
        v.__class__ in (int, float, bool) and v == 0 for pair in values for v in pair
    ):
        key = tuple(slice(before, before + n, 1) for (before, _), n in zip(widths, x.shape, strict=True))
        shape = tuple(before + n + after for (before, after), n in zip(widths, x.shape, strict=True))
        return xp.place(x, shape, through("getitem", key=key))
    out = x
    for axis, (before, after) in enumerate(widths):
        if not before and not after:
            continue
        if mode == "constant":
            parts = [_layers(xp, x, out, axis, k, v) for k, v in zip(widths[axis], values[axis], strict=True)]
        elif not out.shape[axis]:
            got = f"x has shape {x.shape}, mode is {mode!r}"
            raise ShapeError(message("pad", got, f"axis {axis} has no entry to repeat"))
        else:
            parts = [list(_seen(xp, out, axis, mode, *span)) for span in ((-before, 0), (0, after))]
        out = xp.concat([*parts[0], out, *parts[1]], axis=axis)
    return xp.clone(x) if out is x else out


def _pairs(name: str, given: Any, ndim: int) -> list[tuple[Any, Any]]:
    """Return a pair for each axis, of a number, a pair, or as many pairs as axes, or one."""
    pairs = given if isinstance(given, list | tuple) else (given,)
    if not any(isinstance(pair, list | tuple) for pair in pairs):
        pairs = (pairs,)
    found = [tuple(pair) if isinstance(pair, list | tuple) else (pair,) for pair in pairs]
    if len(found) not in (1, ndim) or any(len(pair) not in (1, 2) for pair in found):
        got = f"{name} is {given!r}, x has {ndim} axes"
        raise ShapeError(message("pad", got, "expected a number, a pair, or a pair for each axis"))
    return [(pair[0], pair[-1]) for pair in (found if len(found) == ndim else found * ndim)]


def _layers(xp: Any, x: Any, out: Any, axis: int, count: int, value: Any) -> list[Any]:
    """Return one number as so many layers along an axis."""
    if not isinstance(value, int | float | complex):
        value = alongside(xp, "pad", x, "constant_values", value)
        if value.shape:
            got = f"constant_values has shape {value.shape}"
            raise ShapeError(message("pad", got, "expected tensors without axes"))
    shape = (*out.shape[:axis], count, *out.shape[axis + 1 :])
    if hasattr(value, "dtype"):
        if value.requires_grad and x.dtype.kind not in "fc":
            got = f"x has dtype {x.dtype}, constant_values requires a gradient"
            raise DtypeError(message("pad", got, "expected a floating dtype", "cast x first"))
        return [xp.broadcast_to(xp.astype(value, x.dtype, copy=False), shape)]
    return [xp.full(shape, value, dtype=x.dtype)]


def _seen(xp: Any, x: Any, axis: int, mode: str, start: int, stop: int) -> Iterator[Any]:
    """Yield the parts of x that are seen from ``start`` to ``stop`` along an axis that goes on for ever.

    Below 0 those before x, from 0 on those after it.
    """
    n = x.shape[axis]
    if mode == "edge" or (mode == "reflect" and n == 1):
        if stop > start:
            end = 0 if start < 0 else n - 1
            yield xp.copies(part(xp, x, axis, end, end + 1), stop - start, axis)
        return
    once = mode == "reflect"  # The entries at the ends are seen once, not twice.
    period = n if mode == "wrap" else 2 * (n - once)
    at, stop = (start, stop) if start < 0 else (start + n, stop + n)
    while at < stop:
        phase = at % period
        length = min((n if phase < n else period) - phase, stop - at)
        if phase < n:
            yield part(xp, x, axis, phase, phase + length)
        else:
            top = period - phase - (not once)
            key = tuple(
                slice(top - length + 1, top + 1, 1) if i == axis else slice(None) for i in range(x.ndim)
            )
            yield xp.region(x, (*through("getitem", key=key), *through("flip", axis=(axis,))))
        at += length
