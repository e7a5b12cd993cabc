"""The table of functions: of every row, derived and creation function its public one, documented."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.backends.base import Backend
from anygrad.construction import SCALARS, default_dtype, native
from anygrad.devices import get_backend, get_default_dtype
from anygrad.dispatch import (
    alone,
    binary,
    broadcasting,
    common_backend,
    computed,
    operand,
    product,
    unary,
    viewing,
)
from anygrad.documents import documented, like_binary, like_unary, presented, signature_of
from anygrad.errors import DtypeError, GraphExitError, ShapeError, message
from anygrad.graph import GRAD_MODE, Node
from anygrad.hints import elsewhere, renamed
from anygrad.op import CREATIONS, DERIVED, REGISTRY, Row, parameters_of
from anygrad.promotion import check_range
from anygrad.reasons import explained
from anygrad.rules import names_for
from anygrad.tensors import Tensor, wrap

__all__ = ["FUNCTIONS", "SHARED", "functions_of", "publish"]

Function = Callable[..., Any]


def nary(row: Row) -> Function:
    """Make the function of a broadcasting row with a signature of its own."""
    prepare, count = row.prepare, len(row.inputs)
    assert prepare is not None

    def function(*arguments: Any, **keywords: Any) -> Any:
        operands = prepare(*arguments, **keywords)
        return broadcasting(row, operands) if len(operands) == count else FUNCTIONS[row.fewer](*operands)

    return function


def _native_of(operands: tuple[Any, ...]) -> Backend | None:
    """Return the backend of tensors that need no preparation; None where some operand does."""
    found = None
    for x in operands:
        if x.__class__ is not Tensor or (found is not None and x.xp is not found):
            return None
        found = x.xp
    return found if found is not None and found.native else None


def operation(row: Row) -> Function:
    """Make the function of a row whose forward takes keywords."""
    prepare, count = row.prepare, len(row.inputs)
    assert prepare is not None

    casts, floating = "dtype" in parameters_of(prepare), row.accepts.endswith("floating")

    def single(x: Any, /, *arguments: Any, **keywords: Any) -> Any:
        if x.__class__ is Tensor and x.xp.native and not (floating and float not in x.xp.scalars):
            try:
                found = prepare(x, *arguments, **keywords)
            except TypeError as error:
                raise renamed(error) from None
            if not (casts and found.pop("cast") is not None):
                return alone(row, x, x.array, found)
        return function(x, *arguments, **keywords)

    def several(*arguments: Any, **keywords: Any) -> Any:
        operands = arguments[:count]
        xp = _native_of(operands)
        if xp is not None and not (floating and float not in xp.scalars):
            try:
                found = prepare(*arguments, **keywords)
            except TypeError as error:
                raise renamed(error) from None
            if not (casts and found.pop("cast") is not None):
                return computed(row, xp, operands, found)
        return function(*arguments, **keywords)

    def function(*arguments: Any, **keywords: Any) -> Any:
        operands = list(arguments[:count])
        if len(operands) < count:
            prepare(*arguments, **keywords)  # whose TypeError names what is missing
        if count > 1 or not isinstance(operands[0], Tensor):
            xp = common_backend(row.name, operands)
            operands = [
                x
                if i and x.__class__ in SCALARS and not row.alike
                else operand(row.name, row.inputs[i], x, xp)
                for i, x in enumerate(operands)
            ]
            if row.alike:
                operands = _alike(operands, xp)
        x = operands[0]
        xp = x.xp
        found = prepare(*operands, *arguments[count:], **keywords)
        copy = found.pop("copy", None) if row.is_view else None
        cast = found.pop("cast", None) if casts else None
        if casts and not floating and cast is None and not xp.native and x.dtype.kind == "b":
            cast = xp.within(np.dtype("int64"))  # NumPy counts what is true
        lifts = floating and x.dtype.kind in "biu" and not (xp.native and float in xp.scalars)
        if cast is not None or lifts:
            x = operands[0] = x.astype(xp.within(get_default_dtype()) if cast is None else cast)
        if row.is_view:
            return viewing(row, x, found, copy)
        out = alone(row, x, x.array, found) if count == 1 else computed(row, xp, operands, found)
        # Integers are added up in a wide dtype, whatever was asked for.
        return out if cast is None else out.astype(cast, copy=False)

    return function if row.is_view or row.alike else single if count == 1 else several


def _alike(operands: list[Tensor], xp: Any) -> list[Tensor]:
    """Cast tensors to the floating dtype that they have in common."""
    target = np.result_type(*(x.dtype for x in operands))
    target = xp.within(get_default_dtype() if target.kind in "biu" else target)
    return [x if x.dtype == target else x.astype(target) for x in operands]


def astype(row: Row) -> Function:
    """Make the function that casts: it takes NumPy's dtypes, whatever the backend's are."""

    def function(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        x = operand("astype", "x", x, common_backend("astype", (x,)))
        x = x if device is None else x.to(device)
        target = native(x.xp, dtype)
        if not copy and x.xp.dtypes[target] == x.dtype:
            return x
        if x.dtype.kind == "c" and x.xp.dtypes[target].kind not in "cb":
            got = f"x has dtype {x.dtype}, dtype is {x.xp.dtypes[target]}"
            raise DtypeError(message("astype", got, "take x.real or abs(x)"))
        return alone(row, x, x.array, {"dtype": target})

    return function


def listed(row: Row) -> Function:
    """Make the function of a row over a list of arrays."""
    prepare, check = row.prepare, row.check
    assert prepare is not None and check is not None
    plan = row.plans[(0,)]

    def function(arrays: Any, /, **keywords: Any) -> Any:
        found = prepare(arrays, **keywords)
        if isinstance(arrays, Tensor):
            arrays = list(arrays)
        if not isinstance(arrays, list | tuple) or not arrays:
            got = f"got {arrays!r}"
            raise ShapeError(message(row.name, got, "expected a list or tuple of at least one tensor"))
        xp = common_backend(row.name, arrays)
        tensors = [operand(row.name, f"array {i}", x, xp) for i, x in enumerate(arrays)]
        if found["axis"] is None:
            tensors = [t.reshape((-1,)) for t in tensors]
            found["axis"] = 0
        if not xp.native and len({t.dtype for t in tensors}) > 1:
            target = np.result_type(*(t.dtype for t in tensors))
            tensors = [t if t.dtype == target else t.astype(target) for t in tensors]
        found = check(tensors, found["axis"])
        raw = [t.array for t in tensors]
        try:
            out = row.forward(xp, raw, **found)
        except Exception as error:
            raise explained(row, tensors, error) from error
        result = wrap(out, xp, None)
        if GRAD_MODE.get() and result.dtype.kind in "fc":
            nodes = [t.node for t in tensors]
            needs = tuple(i for i, node in enumerate(nodes) if node is not None)
            if needs:
                saved = plan.save(raw, out, found | {"needs": needs})
                result.node = Node(plan, saved, tuple(nodes[i] for i in needs))  # type: ignore[misc]
        return result

    return function


# ---------------------------------------------------------------- functions over the namespace, and creation


def derived(function: Function) -> Function:
    """Bind a function over the namespace to the namespace of its first array."""
    name = function.__name__
    parameters = list(signature_of(function).parameters.values())
    like = [i for i, p in enumerate(parameters) if p.annotation in ("ArrayLike", "Operand")]
    start = like[0]
    keeps = SCALARS if parameters[start].annotation == "Operand" else ()
    several = parameters[start].kind is inspect.Parameter.VAR_POSITIONAL
    stop = None if several else like[-1] + 1

    def bound(*arguments: Any, **keywords: Any) -> Any:
        arrays = arguments[start:stop]
        quick = _native_of(arrays)
        if quick is not None:
            return function(quick.tensors, *arguments, **keywords)
        xp = common_backend(name, arrays)
        kept = () if all(x.__class__ in SCALARS for x in arrays) else keeps
        given = [
            x if x.__class__ in kept else operand(name, n, x, xp)
            for n, x in zip(names_for(len(arrays)), arrays, strict=True)
        ]
        before, after = arguments[:start], arguments[start + len(arrays) :]
        return function(xp.tensors, *before, *given, *after, **keywords)

    return bound


def creation(function: Function) -> Function:
    """Give a function that makes arrays its ``dtype``, ``device`` and ``requires_grad``."""
    name = function.__name__
    shaped = name in ("zeros", "ones", "empty")

    def made(
        *arguments: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **keywords: Any
    ) -> Tensor:
        if shaped and len(arguments) > 1:
            got = f"got {len(arguments)} positional arguments"
            raise TypeError(message(name, got, "write the shape as one tuple, and dtype= by name"))
        if name in ("full", "linspace") and any(map(_tracked, (*arguments, *keywords.values()))):
            where = {} if device is None else {"device": device}
            return elsewhere(name)(*arguments, dtype=dtype, **where, **keywords)  # type: ignore[no-any-return]
        xp = get_backend(device)
        arguments = tuple(_number(name, x) for x in arguments)
        keywords = {key: _number(name, x) for key, x in keywords.items()}
        numbers = [*arguments, *keywords.values()]
        if name == "full":
            numbers = [arguments[1] if len(arguments) > 1 else keywords.get("fill_value")]
        numbers = [x for x in numbers if x.__class__ in SCALARS]
        dtype = native(xp, xp.within(default_dtype(name, numbers)) if dtype is None else dtype)
        if name == "full":
            try:
                check_range(xp.dtypes[dtype], numbers)
            except OverflowError as error:
                raise OverflowError(message(name, str(error), "use a wider dtype")) from None
        try:
            with xp.entered():
                t = wrap(function(xp, *arguments, dtype=dtype, **keywords), xp, None)
        except (MemoryError, RuntimeError) as error:
            short = xp.shortage(name, error)
            if short is None:
                raise
            raise short from error
        return t.requires_grad_() if requires_grad else t

    signature = signature_of(function)
    extra = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for key, default, annotation in (("device", None, "Any"), ("requires_grad", False, "bool"))
    ]
    made.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *extra])  # type: ignore[attr-defined]
    return made


def _tracked(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _number(op: str, x: Any) -> Any:
    """Return a number of NumPy's, or a tensor without axes, as Python's; whatever else as it is."""
    if not isinstance(x, Tensor | np.generic) or x.shape:
        return x
    if _tracked(x):
        advice = "the result would not be connected to it", "write x.detach()"
        raise GraphExitError(message(op, "the number requires a gradient", *advice))
    return x.item()


# ---------------------------------------------------------------- the tables


def _made(row: Row) -> Function:
    if row.is_list:
        return listed(row)
    if not row.broadcasts:
        return astype(row) if row.name == "astype" else operation(row)
    if row.batched:
        return product(row)
    if row.prepare is not None:
        return nary(row)
    return binary(row) if len(row.inputs) == 2 else unary(row)


FUNCTIONS: dict[str, Function] = {}
"""Every function by its name, the extras included; with a dot, as in ``linalg.inv``, those of extensions."""

SHARED = {
    "linalg": {n: n for n in ("matmul", "matrix_transpose", "tensordot", "vecdot")},
    "special": {n: n for n in ("expm1", "log1p", "ndtr")}
    | {"expit": "sigmoid", "jn": "special.jv", "psi": "special.digamma"},
}
"""Functions of an extension that have another name, or stand in the main namespace, and their keys."""


def publish() -> None:
    """Put into the table what has been declared since this was last called."""
    for row in (r for r in REGISTRY.values() if r.key not in FUNCTIONS):
        if row.prepare is not None:
            row.prepare.__qualname__ = row.name  # what Python calls it, where a keyword is wrong
        like = row.prepare or (like_unary if len(row.inputs) == 1 else like_binary)
        several = "Tensor" if len(row.carries) == 1 else "tuple[Tensor, ...]"
        result = row.result.__name__ if row.result else several
        FUNCTIONS[row.key] = presented(_made(row), row.key, documented(row), signature_of(like, result))
    for name, function in DERIVED.items():
        if name not in FUNCTIONS:
            signature = signature_of(function)
            FUNCTIONS[name] = presented(derived(function), name, function.__doc__ or "", signature)
    for name, function in CREATIONS.items():
        if name not in FUNCTIONS:
            FUNCTIONS[name] = presented(creation(function), name, function.__doc__ or "", None)


publish()


def functions_of(extension: str, hidden: bool = False) -> dict[str, Function]:
    """Return what an extension has, by short names ("" is the main namespace); ``hidden`` functions too."""
    keys = [key for key in FUNCTIONS if hidden or key not in REGISTRY or REGISTRY[key].public]
    found = {key.rpartition(".")[2]: FUNCTIONS[key] for key in keys if key.rpartition(".")[0] == extension}
    shared = SHARED.get(extension, {}).items()
    return found | {short: FUNCTIONS[key] for short, key in shared if key in FUNCTIONS}
