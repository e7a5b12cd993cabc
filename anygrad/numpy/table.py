"""The table of NumPy's functions, and how each takes its arguments.

A function of a chapter is written over tensors and the namespace of their device, with NumPy's signature; the
annotation of a parameter says what becomes of its argument on the way in. A name ends in an underscore where
it would hide one of Python's.
"""

from __future__ import annotations

import builtins
import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad import writes
from anygrad.backends.base import Backend
from anygrad.construction import SCALARS, common_dtype, flat, holds
from anygrad.devices import get_backend
from anygrad.dispatch import common_backend
from anygrad.errors import DtypeError, UnsupportedError, message
from anygrad.tensors import Tensor, asarray

__all__ = [
    "TABLE",
    "Array",
    "Arrays",
    "Fixed",
    "Operand",
    "Out",
    "Results",
    "Unused",
    "cast",
    "created",
    "lifted",
    "published",
    "stored",
    "table_of",
    "weakly",
]

TABLE: dict[str, Any] = {}
"""What answers for NumPy, by NumPy's public names: ``sum``, ``linalg.norm``."""

Array = Any
"""Of a parameter: the argument becomes a tensor (None stays where that is the default)."""
Operand = Any
"""As ``Array``, but for Python's scalars, which stay and widen no dtype."""
Arrays = Any
"""A sequence, whose parts become tensors on one device."""
Out = Any
"""A tensor to be written into; the function itself is called without it."""
Fixed = Any
"""Nothing but the default is taken."""
Unused = Any
"""Taken, and of no effect: the order of memory, the algorithm."""
Results = Any
"""Of a function: one tensor, or several, or something else, as its arguments say."""

KINDS = ("Array", "Operand", "Arrays", "Out", "Fixed")


def lifted(op: str, values: list[Any], names: list[str], weak: bool = True) -> tuple[Backend, list[Any]]:
    """Return the backend of values and the values as tensors on it; ``weak``: Python's scalars stay.

    Raises ``DeviceError`` where there are two backends, ``DtypeError`` for what is no array of numbers.
    """
    values = [asarray(x) if isinstance(x, list | tuple) and holds(x, Tensor) else x for x in values]
    xp = common_backend(op, values, names)
    kept = SCALARS if weak and not all(x.__class__ in SCALARS for x in values) else ()
    return xp, [
        x if x.__class__ in kept or isinstance(x, Tensor) else asarray(x, device=xp.name) for x in values
    ]


def cast(op: str, x: Any, dtype: Any, casting: Any = "same_kind") -> Any:
    """Return a tensor as another dtype; raises ``DtypeError`` for a cast that is not allowed."""
    if not np.can_cast(x.dtype, dtype, casting):
        got = f"an operand has dtype {x.dtype}, dtype is {np.dtype(dtype)}"
        raise DtypeError(message(op, got, f"that is no {casting!r} cast"))
    return x.astype(dtype, copy=False)


def stored(op: str, out: Any, result: Any, casting: Any = "same_kind", spread: bool = False) -> Any:
    """Write a result into ``out=`` and return that; ``spread``: broadcast first, as ufuncs do.

    Raises ``DtypeError`` for no tensor and a cast that is not allowed, ``ShapeError`` for another shape.
    """
    if isinstance(out, tuple):
        if not isinstance(result, tuple):
            return stored(op, out[0], result, casting, spread)
        return tuple(
            r if o is None else stored(op, o, r, casting, spread) for o, r in zip(out, result, strict=True)
        )
    if not isinstance(out, Tensor):
        advice = "expected a tensor, which records what is written", "write x = x + y for x += y"
        raise DtypeError(message(op, f"out is of type {type(out).__name__}", *advice))
    if out.xp is not result.xp:
        common_backend(op, (out, result), ("out", "the result"))
    if not np.can_cast(result.dtype, out.dtype, casting):
        got = f"out has dtype {out.dtype}, the result {result.dtype}"
        raise DtypeError(message(op, got, f"that is no {casting!r} cast"))
    if spread and result.shape != out.shape:
        result = out.xp.tensors.broadcast_to(result, out.shape)
    return writes.assign(op, out, result.astype(out.dtype, copy=False))


def _plan(function: Callable[..., Any], skipped: int) -> list[tuple[int | None, str, str, Any]]:
    """Return of each parameter that is looked at: its place (None: by name), name, kind and default."""
    found = []
    for i, p in enumerate(list(inspect.signature(function).parameters.values())[skipped:]):
        kind = str(p.annotation).partition(" ")[0]
        if kind in KINDS:
            place = None if p.kind is p.KEYWORD_ONLY else i
            found.append((place, p.name, "*" if p.kind is p.VAR_POSITIONAL else kind, p.default))
    return found


def published(function: Callable[..., Any], within: str = "") -> Callable[..., Any]:
    """Put a function into the table, under the names of a module of NumPy's.

    The first parameter ``xp`` is handed the namespace of tensors on the device of the arguments.
    """
    name = _public(function, within)
    takes_xp = next(iter(inspect.signature(function).parameters), None) == "xp"
    plan = _plan(function, takes_xp)

    @functools.wraps(function)
    def numpys(*given: Any, **keywords: Any) -> Any:
        arguments, out = list(given), None
        if any(value is np._NoValue for value in keywords.values()):  # as NumPy's wrappers hand it on
            keywords = {name: value for name, value in keywords.items() if value is not np._NoValue}
        places: list[tuple[Any, Any, int]] = []
        values: list[Any] = []
        names: list[str] = []
        weak: list[bool] = []

        def add(holder: Any, key: Any, name: str, kind: str) -> None:
            value = holder[key]
            if kind == "Arrays":
                holder[key] = parts = _parts(function.__name__, name, value)
                for i in range(len(parts)):
                    add(parts, i, f"{name}[{i}]", "Array")
                return
            places.append((holder, key, len(values)))
            values.append(value)
            names.append(name)
            weak.append(kind == "Operand")

        for place, parameter, kind, default in plan:
            if kind == "*":
                for i in range(place or 0, len(arguments)):
                    add(arguments, i, f"{parameter}[{i}]", "Array")
                continue
            by_place = place is not None and place < len(arguments)
            if not by_place and parameter not in keywords:
                continue
            holder: Any = arguments if by_place else keywords
            key: Any = place if by_place else parameter
            if kind == "Out":
                out, holder[key] = holder[key], None
            elif kind == "Fixed":
                _check_default(name, parameter, holder[key], default)
            elif holder[key] is not default:
                add(holder, key, parameter, kind)
        xp, tensors = lifted(name, values, names)
        for (holder, key, i), kept in zip(places, weak, strict=True):
            x = tensors[i]
            holder[key] = x if kept or isinstance(x, Tensor) else asarray(x, device=xp.name)
        result = function(*((xp.tensors,) if takes_xp else ()), *arguments, **keywords)
        return result if out is None else stored(name, out, result)

    return _named(numpys, name, takes_xp)


def created(function: Callable[..., Any], within: str = "") -> Callable[..., Any]:
    """Put a function that makes arrays into the table: ``xp`` is that of ``device=``, or of a tensor."""
    name = _public(function, within)

    @functools.wraps(function)
    def numpys(*arguments: Any, device: Any = None, like: Any = None, **keywords: Any) -> Any:
        if device is None:
            given = flat([*arguments, *keywords.values(), like])
            device = next((x.xp.name for x in given if isinstance(x, Tensor)), None)
        return function(get_backend(device).tensors, *arguments, **keywords)

    numpys.creates = True  # type: ignore[attr-defined]
    where = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None) for key in ("device", "like")
    ]
    return _named(numpys, name, True, where)


def _public(function: Callable[..., Any], within: str) -> str:
    """Return the name in the table."""
    short = function.__name__
    return f"{within}.{short[:-1] if hasattr(builtins, short[:-1]) else short}".lstrip(".")


def _named(
    numpys: Any, name: str, takes_xp: bool, more: list[inspect.Parameter] | None = None
) -> Callable[..., Any]:
    """Put a function into the table under its name, with its signature."""
    signature = inspect.signature(numpys)
    parameters = [*list(signature.parameters.values())[takes_xp:], *(more or ())]
    parameters.sort(key=lambda p: p.kind)  # variadic keywords come last
    numpys.__signature__ = signature.replace(parameters=parameters)
    within, _, numpys.__name__ = name.rpartition(".")
    numpys.__qualname__, numpys.__module__ = numpys.__name__, f"anygrad.numpy.{within}".rstrip(".")
    TABLE[name] = numpys
    return numpys  # type: ignore[no-any-return]


def _parts(op: str, name: str, given: Any) -> list[Any]:
    """Return a sequence of arrays as a list; a tensor or an array is that of its first axis."""
    if not hasattr(given, "__len__"):
        got = f"{name} is of type {type(given).__name__}"
        raise DtypeError(message(op, got, "expected a sequence of arrays"))
    return list(given)


def _check_default(op: str, name: str, given: Any, default: Any) -> None:
    if given is not default and not (given.__class__ is default.__class__ and given == default):
        raise UnsupportedError(message(op, f"{name} is {given!r}", f"it may be {default!r} alone"))


def weakly(xp: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Return two operands, one of which may be Python's scalar, as tensors that have promoted each other."""
    scalars = [v for v in (x, y) if v.__class__ in SCALARS]
    dtype = common_dtype([v.dtype for v in (x, y) if v.__class__ not in SCALARS], scalars)
    return tuple(xp.asarray(v, dtype=dtype) if v.__class__ in SCALARS else v for v in (x, y))


def table_of(within: str) -> dict[str, Any]:
    """Return what the table has under a module's name, by short names ("" is NumPy itself)."""
    return {key.rpartition(".")[2]: TABLE[key] for key in TABLE if key.rpartition(".")[0] == within}
