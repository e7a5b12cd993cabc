"""From data to arrays: what ``tensor`` and ``asarray`` take, and the dtypes of a backend.

Works on arrays, lists and backends; knows no tensor.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from anygrad.backends.base import Backend
from anygrad.devices import get_default_dtype
from anygrad.errors import ArgumentError, DtypeError, ShapeError, message

__all__ = [
    "SCALARS",
    "carry",
    "common_dtype",
    "default_dtype",
    "flat",
    "forbid_copy",
    "from_array",
    "from_python",
    "holds",
    "known_dtype",
    "native",
]

SCALARS = frozenset({int, float, complex, bool})


def native(xp: Backend, dtype: Any) -> Any:
    """Return a dtype as the backend's own; raises ``DtypeError`` where it has none."""
    found = xp.natives.get(dtype) if dtype.__hash__ else None
    return xp.natives[known_dtype("dtype", xp, dtype)] if found is None else found


def known_dtype(op: str, xp: Backend, dtype: Any) -> np.dtype:
    """Return a dtype as NumPy's, in native byte order; raises ``DtypeError`` where the backend has none."""
    found = None
    if dtype is not None and dtype.__hash__:
        found = xp.dtypes.get(dtype)
        if found is None:
            try:
                found = xp.dtypes.get(np.dtype(dtype).newbyteorder("="))
            except TypeError:
                found = None
    if found is None:
        names = ", ".join(str(d) for d in dict.fromkeys(xp.dtypes.values()))
        try:
            advice = xp.advice(np.dtype(dtype))
        except TypeError:
            advice = "ask for one of these"
        raise DtypeError(message(op, f"got dtype {dtype}", f"{xp.name} has {names}", advice))
    return found


def forbid_copy(copy: bool | None) -> None:
    """Raise ``ArgumentError`` where a copy is needed and ``copy=False`` was asked for."""
    if copy is False:
        raise ArgumentError(
            message("asarray", "copy=False was asked for", "this conversion needs a copy", "leave copy out")
        )


def carry(array: Any, source: Backend, target: Backend) -> Any:
    """Carry an array from one backend to another, which may be a name for the same memory."""
    return target.bring(source.in_memory(array), source)


def from_array(obj: Any, dtype: Any, source: Backend, target: Backend, copy: bool | None) -> Any:
    """Return an array of the source's library as one of the target's, sharing its memory where it can."""
    scalar = isinstance(obj, np.generic)
    wanted = None if dtype is None else known_dtype("asarray", target, dtype)
    if source is target and not scalar:
        array = target.accept(obj)
        given = known_dtype("asarray", source, array.dtype)
        # A dtype of NumPy's in double precision equals None.
        if array.dtype != target.natives[given] or (wanted is not None and wanted != given):
            forbid_copy(copy)
            _check_real("asarray", given, wanted)
            return target.astype(array, target.natives[wanted or given])
        return target.compact(array) if copy else array
    forbid_copy(copy)
    host = np.asarray(obj) if source.name == "cpu" else source.to_numpy(source.accept(obj))
    given = known_dtype("asarray", target if wanted is None else source, host.dtype)
    _check_real("asarray", given, wanted)
    return target.from_numpy(host.astype(wanted or given, copy=False))


def from_python(obj: Any, dtype: Any, target: Backend) -> Any:
    """Return an array of numbers, nested lists or what NumPy can read; raises for anything else."""
    try:
        host = np.asarray(obj)
    except ValueError as error:
        raise ShapeError(
            message(
                "tensor",
                "the nested lists are ragged",
                "all lists at one level must have equal lengths",
                str(error).partition(". ")[2] or str(error),
            )
        ) from error
    if host.dtype.kind not in "biufc":
        of = f" of {_kind(host)}" if host.ndim or host.dtype.kind != "O" else ""
        got = f"got {type(obj).__name__}{of}"
        raise DtypeError(message("tensor", got, "expected numbers, nested lists or an array"))
    if dtype is not None:
        wanted = known_dtype("tensor", target, dtype)
        _check_real("tensor", host.dtype, wanted)
    elif host.dtype == np.float64:
        wanted = target.within(get_default_dtype())
    elif host.dtype == np.complex128:
        wanted = target.within(np.result_type(get_default_dtype(), np.complex64))
    else:
        wanted = target.within(host.dtype.newbyteorder("="))
    known_dtype("tensor", target, wanted)
    try:
        return target.from_numpy(host.astype(wanted, copy=False))
    except OverflowError as error:
        raise DtypeError(message("tensor", str(error), "use a wider dtype")) from error


def _kind(host: np.ndarray) -> str:
    """Name what an array holds that is no number."""
    if host.dtype.kind == "O" and host.size:
        return type(host.reshape(-1)[0]).__name__
    return {"U": "text", "S": "bytes", "O": "objects", "M": "dates", "m": "time differences"}.get(
        host.dtype.kind, str(host.dtype)
    )


def _check_real(op: str, given: np.dtype, wanted: np.dtype | None) -> None:
    if wanted is not None and given.kind == "c" and wanted.kind != "c":
        raise DtypeError(
            message(
                op, f"the data has dtype {given}, dtype is {wanted}", "take the real part, or abs(), first"
            )
        )


def holds(obj: Any, kind: type) -> bool:
    """Tell whether nested lists hold an object of a kind."""
    return isinstance(obj, list | tuple) and any(isinstance(i, kind) or holds(i, kind) for i in obj)


def flat(obj: Any) -> Iterator[Any]:
    """Yield what nested lists hold."""
    if isinstance(obj, list | tuple):
        for i in obj:
            yield from flat(i)
    else:
        yield obj


def common_dtype(dtypes: list[np.dtype], scalars: list[Any]) -> np.dtype:
    """Return the dtype that dtypes and Python scalars have in common: a scalar widens no kind."""
    found: np.dtype = np.result_type(*dtypes) if dtypes else np.dtype("bool")
    kinds = [s.__class__ for s in scalars]
    if complex in kinds and found.kind != "c":
        return np.result_type(found if found.kind == "f" else get_default_dtype(), np.complex64)
    if float in kinds and found.kind in "biu":
        return get_default_dtype()
    return np.dtype("int64") if found.kind == "b" and int in kinds else found


def default_dtype(name: str, numbers: Sequence[Any]) -> np.dtype:
    """Return the dtype that a creation function takes from its scalars."""
    if name not in ("arange", "full"):
        numbers = [1j] if name == "linspace" and any(x.__class__ is complex for x in numbers) else [1.0]
    if any(x.__class__ is complex for x in numbers):
        return np.result_type(get_default_dtype(), np.complex64)
    if any(x.__class__ is float for x in numbers):
        return get_default_dtype()
    return np.dtype("bool") if numbers and all(x.__class__ is bool for x in numbers) else np.dtype("int64")


def warn_of_cut(data: Any) -> None:
    """Warn where a new leaf would be made of what is tracked: the caller of ``tensor`` may not know."""
    if any(getattr(part, "node", None) is not None for part in flat(data)):
        advice = "write asarray(...) to stay in the graph, or x.detach()"
        warnings.warn(
            message("tensor", "data requires a gradient", "the copy is a new leaf", advice), stacklevel=3
        )
