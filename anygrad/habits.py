"""Methods under NumPy's names, with NumPy's arguments: what code that was written for ndarrays calls.

Those alone whose meaning is NumPy's everywhere. The standard has other names for most, or the function
of that name takes an argument by name only. Written with public functions; knows tensors by their methods.
"""

from __future__ import annotations

from typing import Any

from anygrad import writes
from anygrad.construction import known_dtype
from anygrad.errors import ArgumentError, DtypeError, message
from anygrad.functions import FUNCTIONS
from anygrad.rules import axis_in
from anygrad.tensors import Tensor, asarray

__all__ = ["HABITS"]


def _in_order(op: str, order: str) -> None:
    """Raise where another order than C's is asked for, which not every library has."""
    if order not in ("C", "K", "A"):
        advice = "permute the axes first"
        raise ArgumentError(message(op, f"order is {order!r}", "expected 'C': entries go row by row", advice))


def transpose(self: Tensor, *axes: Any) -> Tensor:
    """Reorder the axes, as one tuple or as several numbers; reverse them where none are given. A view."""
    if not axes or axes == (None,):
        axes = tuple(reversed(range(self.ndim)))
    elif len(axes) == 1 and not isinstance(axes[0], int):
        axes = tuple(axes[0])
    return FUNCTIONS["permute_dims"](self, axes)  # type: ignore[no-any-return]


def swapaxes(self: Tensor, axis1: int, axis2: int) -> Tensor:
    """Swap two axes. A view."""
    axes = list(range(self.ndim))
    i, j = axis_in("swapaxes", axis1, self.ndim), axis_in("swapaxes", axis2, self.ndim)
    axes[i], axes[j] = j, i
    return FUNCTIONS["permute_dims"](self, tuple(axes))  # type: ignore[no-any-return]


def ravel(self: Tensor, order: str = "C") -> Tensor:
    """Return the entries along one axis, row by row: a view where the memory allows one."""
    _in_order("ravel", order)
    return FUNCTIONS["reshape"](self, (-1,))  # type: ignore[no-any-return]


def flatten(self: Tensor, order: str = "C") -> Tensor:
    """Return a copy of the entries along one axis, row by row."""
    _in_order("flatten", order)
    return FUNCTIONS["reshape"](self, (-1,), copy=True)  # type: ignore[no-any-return]


def copy(self: Tensor, order: str = "C") -> Tensor:
    """Return a copy, which stays in the graph: ``clone``."""
    _in_order("copy", order)
    return FUNCTIONS["clone"](self)  # type: ignore[no-any-return]


def view(self: Tensor, dtype: Any = None) -> Tensor:
    """Return a view of the tensor; with a dtype, its memory read as that: complex numbers as pairs, or back.

    Those two are copies. Raises ``DtypeError`` for any other dtype than the tensor's, and for a shape.
    """
    if dtype is None:
        return self[...]
    if isinstance(dtype, int | tuple | list):
        raise DtypeError(message("view", f"got {dtype!r}", "expected a dtype", "use reshape for a shape"))
    target, own = known_dtype("view", self.xp, dtype), self.dtype
    if target == own:
        return self[...]
    if own.kind == "c" and target.kind == "f" and 2 * target.itemsize == own.itemsize and self.ndim:
        pairs = FUNCTIONS["stack"]([FUNCTIONS["real"](self), FUNCTIONS["imag"](self)], axis=-1)
        return FUNCTIONS["reshape"](pairs, (*self.shape[:-1], -1))  # type: ignore[no-any-return]
    if own.kind == "f" and target.kind == "c" and target.itemsize == 2 * own.itemsize and self.ndim:
        pairs = FUNCTIONS["reshape"](self, (*self.shape[:-1], -1, 2))
        return pairs[..., 0] + 1j * pairs[..., 1]  # type: ignore[no-any-return]
    raise DtypeError(message("view", f"x has dtype {own}, dtype is {target}", "use astype, which converts"))


def fill(self: Tensor, value: Any) -> None:
    """Fill the tensor with a value, in place, and return nothing: ``fill_``."""
    writes.fill("fill", self, value)


def dot(self: Tensor, other: Any) -> Tensor:
    """Sum the products along x's last axis and the other's last but one; multiply where one has no axes."""
    other = other if isinstance(other, Tensor) else asarray(other, device=self.device)
    if not self.ndim or not other.ndim:
        return FUNCTIONS["multiply"](self, other)  # type: ignore[no-any-return]
    if self.ndim <= 2 and other.ndim <= 2:
        return FUNCTIONS["matmul"](self, other)  # type: ignore[no-any-return]
    axes = ((self.ndim - 1,), (max(other.ndim - 2, 0),))
    return FUNCTIONS["tensordot"](self, other, axes=axes)  # type: ignore[no-any-return]


def cumsum(self: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Return the sums of the entries up to each, along an axis or of all: ``cumulative_sum``."""
    x, axis = (ravel(self), 0) if axis is None else (self, axis)
    return FUNCTIONS["cumulative_sum"](x, axis=axis, dtype=dtype)  # type: ignore[no-any-return]


def cumprod(self: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Return the products of the entries up to each, along an axis or of all: ``cumulative_prod``."""
    x, axis = (ravel(self), 0) if axis is None else (self, axis)
    return FUNCTIONS["cumulative_prod"](x, axis=axis, dtype=dtype)  # type: ignore[no-any-return]


def take(self: Tensor, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Tensor:
    """Return the entries at positions along an axis, or of the entries row by row where none is given.

    ``mode`` says what becomes of a position outside: "raise", "wrap" (count on from the other end) or "clip".
    """
    x, axis = (ravel(self), 0) if axis is None else (self, axis)
    n = x.shape[axis_in("take", axis, x.ndim)]
    indices = asarray(indices, device=self.device)
    if mode == "wrap":
        indices = FUNCTIONS["remainder"](indices, n)
    elif mode == "clip":
        indices = FUNCTIONS["clip"](indices, 0, n - 1)
    elif mode != "raise":
        raise ArgumentError(message("take", f"mode is {mode!r}", "expected 'raise', 'wrap' or 'clip'"))
    return FUNCTIONS["take"](x, indices, axis=axis)  # type: ignore[no-any-return]


def repeat(self: Tensor, repeats: Any, axis: int | None = None) -> Tensor:
    """Repeat each entry along an axis, or of the entries row by row where none is given."""
    return FUNCTIONS["repeat"](self, repeats, axis=axis)  # type: ignore[no-any-return]


def argsort(self: Tensor, axis: int | None = -1, *, descending: bool = False, stable: bool = True) -> Tensor:
    """Return the positions that sort along an axis, or the entries row by row where it is None."""
    x, axis = (ravel(self), 0) if axis is None else (self, axis)
    return FUNCTIONS["argsort"](x, axis=axis, descending=descending, stable=stable)  # type: ignore[no-any-return]


def rounded(self: Tensor, decimals: int = 0) -> Tensor:
    """Round to so many decimals, halves to the even neighbour. The gradient is zero."""
    if not decimals or (self.dtype.kind in "iu" and decimals > 0):
        return FUNCTIONS["round"](self)  # type: ignore[no-any-return]
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return FUNCTIONS["round"](self * scale) / scale  # type: ignore[no-any-return]
    found: Tensor = FUNCTIONS["round"](self / scale) * scale
    return found if self.dtype.kind not in "iu" else found.astype(self.dtype)


def _correction(op: str, correction: float | None, ddof: float | None) -> float:
    if correction is not None and ddof is not None:
        got = "correction and ddof were given"
        raise ArgumentError(message(op, got, "both say what is taken off the count", "leave one out"))
    return ddof if correction is None and ddof is not None else correction or 0.0


def var(
    self: Tensor,
    axis: Any = None,
    *,
    correction: float | None = None,
    ddof: float | None = None,
    keepdims: bool = False,
) -> Tensor:
    """Return the variance along axes; what is taken off the count is ``correction``, NumPy's ``ddof``."""
    correction = _correction("var", correction, ddof)
    return FUNCTIONS["var"](self, axis=axis, correction=correction, keepdims=keepdims)  # type: ignore[no-any-return]


def std(
    self: Tensor,
    axis: Any = None,
    *,
    correction: float | None = None,
    ddof: float | None = None,
    keepdims: bool = False,
) -> Tensor:
    """Return the standard deviation along axes, as ``var`` does the variance."""
    correction = _correction("std", correction, ddof)
    return FUNCTIONS["std"](self, axis=axis, correction=correction, keepdims=keepdims)  # type: ignore[no-any-return]


def diagonal(self: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Return the diagonal of two axes as the last axis of a copy."""
    turned = FUNCTIONS["moveaxis"](self, (axis1, axis2), (-2, -1))
    return FUNCTIONS["linalg.diagonal"](turned, offset=offset)  # type: ignore[no-any-return]


def trace(self: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Return the sum along the diagonal of two axes."""
    return FUNCTIONS["sum"](diagonal(self, offset, axis1, axis2), axis=-1)  # type: ignore[no-any-return]


HABITS: dict[str, Any] = {
    "argsort": argsort,
    "conjugate": FUNCTIONS["conj"],
    "copy": copy,
    "cumprod": cumprod,
    "cumsum": cumsum,
    "diagonal": diagonal,
    "dot": dot,
    "fill": fill,
    "flatten": flatten,
    "ravel": ravel,
    "repeat": repeat,
    "round": rounded,
    "std": std,
    "swapaxes": swapaxes,
    "take": take,
    "trace": trace,
    "transpose": transpose,
    "var": var,
    "view": view,
}
"""The methods, by name; ``methods`` puts them on ``Tensor``."""
