"""Functions that make arrays: each on the backend that it is given, with a dtype of that backend."""

from __future__ import annotations

from math import inf
from typing import Any

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.op import creation
from anygrad.rules import is_complex, shape_in, whole_in


def _shape(op: str, shape: Any) -> tuple[int, ...]:
    found = shape_in(op, shape)
    if any(n < 0 for n in found):
        raise ShapeError(message(op, f"shape is {shape!r}", "expected lengths from 0"))
    return found


def _length(op: str, name: str, n: Any) -> int:
    found = whole_in(op, name, n)
    if found < 0:
        raise ShapeError(message(op, f"{name} is {found}", "expected a number from 0"))
    return found


def _scalar(xp: Any, op: str, name: str, value: Any, dtype: Any) -> Any:
    if not isinstance(value, int | float | complex):
        raise DtypeError(message(op, f"{name} is {value!r}", "expected a number"))
    if isinstance(value, complex) and not is_complex(xp, dtype):
        raise DtypeError(message(op, f"{name} is {value}, dtype is {dtype}", "expected a complex dtype"))
    return value


@creation
def zeros(xp: Any, shape: int | tuple[int, ...], *, dtype: Any = None) -> Any:
    """Return zeros."""
    return xp.zeros(_shape("zeros", shape), dtype=dtype, device=xp.device)


@creation
def ones(xp: Any, shape: int | tuple[int, ...], *, dtype: Any = None) -> Any:
    """Return ones."""
    return xp.ones(_shape("ones", shape), dtype=dtype, device=xp.device)


@creation
def empty(xp: Any, shape: int | tuple[int, ...], *, dtype: Any = None) -> Any:
    """Return memory as it was found."""
    return xp.empty(_shape("empty", shape), dtype=dtype, device=xp.device)


@creation
def full(xp: Any, shape: int | tuple[int, ...], fill_value: complex, *, dtype: Any = None) -> Any:
    """Return an array filled with a Python scalar, whose kind gives the dtype where none is named."""
    value = _scalar(xp, "full", "fill_value", fill_value, dtype)
    return xp.full(_shape("full", shape), value, dtype=dtype, device=xp.device)


@creation
def eye(xp: Any, n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None) -> Any:
    """Return ones on the k-th diagonal, zeros elsewhere."""
    n_rows = _length("eye", "n_rows", n_rows)
    n_cols = None if n_cols is None else _length("eye", "n_cols", n_cols)
    return xp.eye(n_rows, n_cols, k=whole_in("eye", "k", k), dtype=dtype, device=xp.device)


@creation
def arange(xp: Any, start: float, /, stop: float | None = None, step: float = 1, *, dtype: Any = None) -> Any:
    """Return the numbers from start to stop, stop not among them; one number alone is the stop."""
    if stop is None:
        start, stop = 0, start
    for name, n in (("start", start), ("stop", stop), ("step", step)):
        if not isinstance(n, int | float):
            raise DtypeError(message("arange", f"{name} is {n!r}", "expected a real number"))
        if n != n or n in (inf, -inf):
            raise ArgumentError(message("arange", f"{name} is {n}", "expected a finite number"))
    if step == 0:
        raise ArgumentError(message("arange", "step is 0", "expected a step up or down"))
    return xp.arange(start, stop, step, dtype=dtype, device=xp.device)


@creation
def linspace(
    xp: Any, start: complex, stop: complex, /, num: int, *, dtype: Any = None, endpoint: bool = True
) -> Any:
    """Return ``num`` numbers from start to stop in equal steps."""
    start = _scalar(xp, "linspace", "start", start, dtype)
    stop = _scalar(xp, "linspace", "stop", stop, dtype)
    num = _length("linspace", "num", num)
    return xp.linspace(start, stop, num, dtype=dtype, device=xp.device, endpoint=endpoint)
