"""Pure helpers that formulas share, ``xp`` first: shapes of reductions, ties, products, fitting.

They call nothing but the standard's functions and the backend's extras, so that every interpreter of a
formula can interpret them too.
"""

from __future__ import annotations

import functools
from itertools import zip_longest
from math import nan, prod
from operator import index
from typing import Any

from anygrad.errors import AxisError, DeviceError, DtypeError, ShapeError, message


def is_complex(xp: Any, dtype: Any) -> bool:
    """Tell whether a dtype is complex."""
    answer: bool = xp.isdtype(dtype, "complex floating")
    return answer


def axes_of(ndim: int, axis: Any) -> tuple[int, ...]:
    """Return a canonical reduction axis as a tuple: all axes for None."""
    return tuple(range(ndim)) if axis is None else axis


def kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """Return the shape of a reduction with ``keepdims=True``."""
    axes = axes_of(len(shape), axis)
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def kept(xp: Any, g: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Return what a reduction gave such that it broadcasts over the shape of its input."""
    return g if keepdims or axis is None else xp.reshape(g, kept_shape(shape, axis))


def spread(xp: Any, g: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Broadcast what a reduction gave over the shape of its input."""
    if not keepdims and axis is not None:  # as in ``kept``, without the call
        g = xp.reshape(g, kept_shape(shape, axis))
    return xp.broadcast_to(g, shape)


def fused(formula: Any) -> Any:
    """Have ``formula(xp, x, ...)``, elementwise over what broadcasts, run at once where a backend can.

    Numbers are given as floats, so that another one is no other kernel.
    """
    # As the adapters of a row's formulas are, by which a backend knows what is ours.
    step = eval("lambda xp, g, saved: formula_0(xp, g, *saved)", {"formula_0": formula})

    def run(xp: Any, x: Any, *rest: Any) -> Any:
        launched = getattr(xp.__class__, "launched", None)
        return formula(xp, x, *rest) if launched is None else launched(xp, step, x, rest)

    return run


def safe(xp: Any, x: Any) -> Any:
    """Return x with zeros replaced by ones, to be divided by."""
    return xp.where(x == 0, 1, x)


def fit(xp: Any, g: Any, shape: tuple[int, ...], dtype: Any, *_: Any) -> Any:
    """Sum a gradient to the shape of the input it belongs to, and cast it to the input's dtype.

    A real input drops the imaginary part: the gradient with respect to it is real. What follows are the
    shape and dtype of the result, which the tape notes beside the input's, for tangents.
    """
    if g.shape != shape:
        axes, keepdims = _fitting(g.shape, shape)
        if axes:
            g = xp.total(g, axes, keepdims=keepdims)
        if g.shape != shape:
            g = xp.reshape(g, shape)
    # Under create_graph g has NumPy's dtype and the input the library's own: only isdtype may compare them.
    if g.dtype is not dtype and not xp.isdtype(g.dtype, dtype):
        if is_complex(xp, g.dtype) and not is_complex(xp, dtype):
            g = xp.real(g)
        g = xp.astype(g, dtype, copy=False)
    return g


@functools.lru_cache(4096)
def _fitting(given: tuple[int, ...], shape: tuple[int, ...]) -> tuple[tuple[int, ...], bool]:
    """Return the axes that a gradient is summed over to fit a shape, and whether they are kept."""
    lead = len(given) - len(shape)
    ones = tuple(i + lead for i, n in enumerate(shape) if n == 1 and given[i + lead] != 1)
    return (*range(lead), *ones), bool(ones)


def whole_in(op: str, name: str, n: Any) -> int:
    """Return an argument that is an integer; raises ``DtypeError`` for another."""
    try:
        return index(n)
    except TypeError:
        raise DtypeError(message(op, f"{name} is {n!r}", "expected an integer")) from None


def axis_in(op: str, axis: Any, ndim: int) -> int:
    """Return one axis as a number from 0; raises ``AxisError`` where the array has none such."""
    i = whole_in(op, "axis", axis)
    if not -ndim <= i < ndim:
        raise AxisError(message(op, f"axis {i} is out of bounds", f"x has {ndim} axes"))
    return i % ndim


def axes_in(op: str, axis: Any, ndim: int) -> tuple[int, ...] | None:
    """Return a reduction's axis as a tuple of numbers from 0, or None for all."""
    if axis is None:
        return None
    if axis.__class__ is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    axes = (
        tuple(axis_in(op, a, ndim) for a in axis)
        if isinstance(axis, tuple | list)
        else (axis_in(op, axis, ndim),)
    )
    if len(set(axes)) != len(axes):
        raise AxisError(message(op, f"axis is {axis!r}", "an axis is given twice"))
    return axes


def shape_in(op: str, shape: Any, name: str = "shape") -> tuple[int, ...]:
    """Return a shape as a tuple of integers; a bare integer is a shape of one axis."""
    try:
        return (index(shape),)
    except TypeError:
        pass
    try:
        return tuple(index(n) for n in shape)
    except TypeError:
        raise DtypeError(
            message(op, f"{name} is {shape!r}", "expected an integer or a tuple of integers")
        ) from None


def alongside(xp: Any, op: str, x: Any, name: str, other: Any) -> Any:
    """Return an array that a keyword names as a tensor; ``DeviceError`` for a tensor not on x's device."""
    if not hasattr(other, "xp"):
        if not hasattr(other, "dtype") and not isinstance(other, list | tuple | int | float | complex):
            got = f"{name} is of type {type(other).__name__}"
            raise DtypeError(message(op, got, "expected an array or a number"))
        return xp.asarray(other)
    if other.device != x.device:
        got = f"x is on {x.device}, {name} is on {other.device}"
        raise DeviceError(message(op, got, "move one with .to(device)"))
    return other


def check_real(op: str, x: Any, expected: str = "expected real dtypes", *advice: str) -> None:
    """Raise ``DtypeError`` for complex numbers."""
    if x.dtype.kind == "c":
        raise DtypeError(message(op, f"x has dtype {x.dtype}", expected, *advice))


def check_order(op: str, x: Any) -> None:
    """Raise ``DtypeError`` for complex numbers, which NumPy alone would order."""
    check_real(op, x, "complex numbers have no order", "use abs(x)")


def check_matrices(op: str, x: Any) -> None:
    """Raise ``ShapeError`` where an array has fewer than two axes."""
    if x.ndim < 2:
        raise ShapeError(message(op, f"x has shape {x.shape}", "expected matrices, of two axes or more"))


def count_of(shape: tuple[int, ...], axis: Any) -> int:
    """Return how many entries a reduction takes together."""
    return prod(shape) if axis is None else prod([shape[a] for a in axis])


def share_of(shape: tuple[int, ...], axis: Any) -> float:
    """Return what each entry of a mean weighs: a float, since float16 has no integers past 65504."""
    return 1 / (count_of(shape, axis) or nan)


def through(name: str, **keywords: Any) -> tuple[Any, ...]:
    """Return the path of one step."""
    return ((name, keywords),)


def part(xp: Any, x: Any, axis: int, start: int, stop: int) -> Any:
    """Return what stands from ``start`` to ``stop`` along an axis: to be read, never written."""
    key = tuple(slice(start, stop, 1) if i == axis else slice(None) for i in range(x.ndim))
    return xp.region(x, through("getitem", key=key))


def split(xp: Any, x: Any, axis: int, at: int) -> tuple[Any, Any]:
    """Cut an array in two along an axis."""
    return part(xp, x, axis, 0, at), part(xp, x, axis, at, x.shape[axis])


def shifted(xp: Any, x: Any, axis: int, by: int, fill: Any) -> Any:
    """Move an array ``by`` entries along an axis (back where negative); ``fill(part)`` fills the gap."""
    n = x.shape[axis]
    if abs(by) >= n:
        return fill(x)
    if by > 0:
        keep, lost = split(xp, x, axis, n - by)
        return xp.concat([fill(lost), keep], axis=axis)
    lost, keep = split(xp, x, axis, -by)
    return xp.concat([keep, fill(lost)], axis=axis)


def prefix_products(xp: Any, x: Any, axis: int) -> Any:
    """Return the product of all entries before each one along an axis: never a division."""
    if x.shape[axis] == 0:
        return x
    return xp.cumulative_prod(shifted(xp, x, axis, 1, xp.ones_like), axis=axis)


def others_product(xp: Any, x: Any, axis: Any) -> Any:
    """Return, at each entry, the product of all others that a reduction over ``axis`` takes with it."""
    axes = axes_of(x.ndim, axis)
    out = None
    for a in axes:
        after = xp.flip(prefix_products(xp, xp.flip(x, axis=a), a), axis=a)
        mine = prefix_products(xp, x, a) * after
        out = mine if out is None else out * mine
        x = xp.broadcast_to(xp.prod(x, axis=a, keepdims=True), x.shape)
    return xp.ones_like(x) if out is None else out


def recurrence(xp: Any, a: Any, b: Any, axis: int) -> Any:
    """Solve ``s[k] = b[k] + a[k] * s[k - 1]`` along an axis by doubling (Hillis and Steele, 1986)."""
    step = 1
    while step < a.shape[axis]:
        b = b + a * shifted(xp, b, axis, step, xp.zeros_like)
        a = a * shifted(xp, a, axis, step, xp.ones_like)
        step *= 2
    return b


def sum_to(xp: Any, g: Any, shape: tuple[int, ...]) -> Any:
    """Sum a gradient to the shape that was broadcast."""
    return fit(xp, g, shape, g.dtype)


def broadcast_shape(op: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that shapes broadcast to; raises ``ShapeError`` where they do not."""
    out: list[int] = []
    for lengths in zip_longest(*(reversed(s) for s in shapes), fillvalue=1):
        wide = {n for n in lengths if n != 1}
        if len(wide) > 1:
            got = ", ".join(
                f"{name} has shape {tuple(s)}" for name, s in zip(names_for(len(shapes)), shapes, strict=True)
            )
            raise ShapeError(message(op, got, "the shapes do not broadcast"))
        out.append(wide.pop() if wide else 1)
    return tuple(reversed(out))


def names_for(count: int) -> list[str]:
    """Return names for operands in messages: x, y, z, then numbered."""
    return ["x", "y", "z"][:count] if count <= 3 else [f"array {i}" for i in range(count)]
