"""Functions that make arrays: each on the backend that it is given, with a dtype of that backend."""

from __future__ import annotations

from typing import Any

from anygrad.op import creation


@creation
def zeros(xp: Any, shape: int | tuple[int, ...], *, dtype: Any = None) -> Any:
    """Return zeros."""
    return xp.zeros(shape, dtype=dtype, device=xp.device)


@creation
def ones(xp: Any, shape: int | tuple[int, ...], *, dtype: Any = None) -> Any:
    """Return ones."""
    return xp.ones(shape, dtype=dtype, device=xp.device)


@creation
def empty(xp: Any, shape: int | tuple[int, ...], *, dtype: Any = None) -> Any:
    """Return memory as it was found."""
    return xp.empty(shape, dtype=dtype, device=xp.device)


@creation
def full(xp: Any, shape: int | tuple[int, ...], fill_value: complex, *, dtype: Any = None) -> Any:
    """Return an array filled with a Python scalar, whose kind gives the dtype where none is named."""
    return xp.full(shape, fill_value, dtype=dtype, device=xp.device)


@creation
def eye(xp: Any, n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None) -> Any:
    """Return ones on the k-th diagonal, zeros elsewhere."""
    return xp.eye(n_rows, n_cols, k=k, dtype=dtype, device=xp.device)


@creation
def arange(xp: Any, start: float, /, stop: float | None = None, step: float = 1, *, dtype: Any = None) -> Any:
    """Return the numbers from start to stop, stop not among them; one number alone is the stop."""
    if stop is None:
        start, stop = 0, start
    return xp.arange(start, stop, step, dtype=dtype, device=xp.device)


@creation
def linspace(
    xp: Any, start: complex, stop: complex, /, num: int, *, dtype: Any = None, endpoint: bool = True
) -> Any:
    """Return ``num`` numbers from start to stop in equal steps."""
    return xp.linspace(start, stop, num, dtype=dtype, device=xp.device, endpoint=endpoint)
