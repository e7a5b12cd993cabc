"""NumPy's promotion on every backend: operands are cast to what NumPy computes in, results to what it gives.

NumPy's own ufuncs are asked which loop they would take, so that nothing here restates a rule of theirs. The
one rule that is ours: a float or complex scalar lifts integers to the default real dtype.
"""

from __future__ import annotations

import functools
from math import inf
from typing import Any

import numpy as np

from anygrad.backends.base import Backend
from anygrad.construction import common_dtype, native
from anygrad.devices import get_default_dtype
from anygrad.op import Row
from anygrad.tensors import Tensor, wrap

__all__ = ["check_range", "promoted", "settled"]

ORDERED = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")


def promoted(row: Row, xp: Backend, operands: list[Any]) -> np.dtype | None:
    """Cast operands, in place, to what NumPy would compute in, where the library would not do so itself.

    Returns the dtype that NumPy's result has, or None where the library's own stands.
    """
    first = 1 if row.name == "where" else 0
    kinds = [x.dtype for x in operands[first:] if isinstance(x, Tensor)]
    scalars = [x for x in operands[first:] if x is not None and not isinstance(x, Tensor)]
    target = result = None
    if any(x.__class__ is int and not -(2**63) <= x < 2**63 for x in scalars):
        operands[first:] = _within(row, operands[first:], kinds)
    if first and xp.native and kinds:
        check_range(np.result_type(*kinds), operands)  # NumPy's choice alone wraps without a word.
    if not xp.native or float not in xp.scalars:
        if first and isinstance(operands[0], Tensor) and operands[0].dtype.kind != "b":
            operands[0] = operands[0].astype("bool")
        elif first and not isinstance(operands[0], Tensor):
            operands[0] = _lifted(xp, bool(operands[0]), np.dtype("bool"))
        if row.name in ORDERED:
            operands[:] = _in_order(operands, kinds)
            scalars = [x for x in operands if not isinstance(x, Tensor)]
        target, result = _computed_in(row, xp, operands[first:], kinds, scalars)
        if target.kind == "c" and row.accepts in ("real", "real floating"):
            raise TypeError("complex numbers are not taken")  # By some libraries they are, each in its way.
        if row.name == "clip":
            operands[1:] = _limits(target, *operands[1:])
        check_range(target, operands[first:])
        for i in range(first, len(operands)):
            x = operands[i]
            if isinstance(x, Tensor):
                operands[i] = x if x.dtype == target else x.astype(target)
            elif x is not None and target.kind == "b":
                operands[i] = bool(x)
            elif x.__class__ is bool:
                operands[i] = int(x)
        if first and not kinds:
            operands[1:] = [_lifted(xp, x, target) for x in operands[1:]]
    if scalars:
        for i in range(row.lifts):
            if not isinstance(operands[i], Tensor):
                dtype = np.result_type(*kinds, operands[i]) if target is None else target
                operands[i] = _lifted(xp, operands[i], dtype)
    return result


def settled(xp: Backend, out: Any, dtype: np.dtype | None) -> Any:
    """Return a result in the dtype that NumPy gives it."""
    if dtype is None or xp.dtype_of(out) == dtype:
        return out
    return xp.astype(out, xp.natives[dtype])


def _computed_in(
    row: Row, xp: Backend, operands: list[Any], kinds: list[np.dtype], scalars: list[Any]
) -> tuple[np.dtype, np.dtype | None]:
    """Return the dtype to compute in, and the result's where the library may give another."""
    target = common_dtype(kinds, scalars)
    lifted = target.kind in "fc" and all(d.kind in "biu" for d in kinds)
    loop = _loop(row.name, *(_given(x, target, lifted) for x in operands))
    result = None
    if loop is not None:
        target = np.result_type(*loop[:-1])
        result = loop[-1] if not xp.native and loop[-1] in xp.natives else None
    if row.accepts == "bool":
        target = np.dtype("bool")
    elif target.kind == "b" and row.accepts != "integer" and loop is not None and not xp.native:
        target = np.dtype("int8")  # The standard computes with numbers alone.
    if loop is None and row.accepts in ("floating", "real floating") and target.kind in "biu":
        target = np.result_type(target, np.float16)  # What NumPy's ufuncs make of integers.
    if row.accepts in ("floating", "real floating") and target.kind in "biu" and not xp.native:
        return xp.within(get_default_dtype()), result
    if target not in xp.natives and target.kind == "f":
        return xp.within(get_default_dtype()), None
    return xp.within(target), result


def _given(x: Any, target: np.dtype, lifted: bool) -> Any:
    if lifted:
        return target
    return x.dtype if isinstance(x, Tensor) else np.dtype("bool") if x.__class__ is bool else x.__class__


def check_range(dtype: np.dtype, operands: list[Any]) -> None:
    """Raise ``OverflowError`` for a Python integer that an integer dtype does not hold, as NumPy does."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        for s in operands:
            if s.__class__ is int and not info.min <= s <= info.max:
                raise OverflowError(f"Python integer {s} out of bounds for {dtype}")


def _within(row: Row, operands: list[Any], kinds: list[np.dtype]) -> list[Any]:
    """Replace a Python integer beyond 64 bits where NumPy takes it: among floats, and to compare."""
    if any(dtype.kind in "fc" for dtype in kinds):
        return [float(x) if x.__class__ is int else x for x in operands]
    return _in_order(operands, kinds) if row.name in ORDERED else operands


def _in_order(operands: list[Any], kinds: list[np.dtype]) -> list[Any]:
    """Replace a Python integer that lies beyond a dtype by an infinity: all comparisons come out alike."""
    dtype = np.result_type(*kinds) if kinds else np.dtype("bool")
    if dtype.kind not in "iu":
        return operands
    info = np.iinfo(dtype)
    return [
        (inf if x > 0 else -inf) if x.__class__ is int and not info.min <= x <= info.max else x
        for x in operands
    ]


def _limits(dtype: np.dtype, low: Any, high: Any) -> tuple[Any, Any]:
    """Move bounds that limit nothing into an integer dtype's range, as NumPy leaves them out."""
    if dtype.kind not in "iu":
        return low, high
    info = np.iinfo(dtype)
    return (
        max(low, int(info.min)) if low.__class__ is int else low,
        min(high, int(info.max)) if high.__class__ is int else high,
    )


@functools.cache
def _loop(name: str, *given: Any) -> tuple[np.dtype, ...] | None:
    """Return the dtypes of the loop that NumPy's ufunc takes; None where it is none, or refuses."""
    ufunc = getattr(np, name, None)
    if not isinstance(ufunc, np.ufunc):
        return None
    try:
        return ufunc.resolve_dtypes((*given, None))
    except TypeError:
        return None


def _lifted(xp: Backend, scalar: Any, dtype: np.dtype) -> Tensor:
    """Return a Python scalar as a tensor without axes."""
    return wrap(xp.full((), scalar, dtype=native(xp, dtype), device=xp.device), xp, None)
