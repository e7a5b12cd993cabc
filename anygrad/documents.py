"""What ``help`` shows of a function: its signature, and the docstring that its row amounts to."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from anygrad.op import DERIVED, ArrayLike, Row, parameters_of

__all__ = ["documented", "like_binary", "like_unary", "presented", "signature_of"]

Function = Callable[..., Any]


@functools.cache
def signature_of(function: Function, result: str = "Tensor") -> inspect.Signature:
    """Return a signature without the namespace that comes first; ``result`` is what a row returns."""
    found = inspect.signature(function)
    parameters = [p for name, p in found.parameters.items() if name != "xp"]
    if function in DERIVED.values():
        result = found.return_annotation
    return found.replace(parameters=parameters, return_annotation="Tensor" if result == "Any" else result)


def like_unary(x: ArrayLike, /) -> Any:
    """Have the signature of an elementwise function of one input."""


def like_binary(x: ArrayLike, y: ArrayLike, /) -> Any:
    """Have the signature of an elementwise function of two inputs."""


def _example(name: str, example: str, kind: Any) -> str:
    """Return a doctest from ``arguments -> result``: lists are made tensors; ``;`` parts several results."""
    given, _, result = example.partition(" -> ")
    depth, out = 0, []
    outermost = 1 if name in ("concat", "stack") else 0
    for c in given:
        if c == "[" and depth == outermost:
            out.append("ag.asarray(")
        depth += (c == "[") - (c == "]")
        out.append(c)
        if c == "]" and depth == outermost:
            out.append(")")
    call = "".join(out)
    call = f"[{call[1:-1]}]" if outermost else call
    dtypes = ["" if ", dtype=" in one else ", dtype=float64" for one in result.split("; ")]
    shown = [f"tensor({one}{d}, device='cpu')" for one, d in zip(result.split("; "), dtypes, strict=True)]
    if kind is not None:
        parts = ", ".join(f"{field}={one}" for field, one in zip(kind._fields, shown, strict=True))
        shown = [f"{kind.__name__}({parts})"]
    return f">>> import anygrad as ag\n>>> ag.{name}({call})\n{shown[0]}"


DTYPES_TAKEN = {
    "floating": "floating and complex (integers become floats as NumPy's do)",
    "real": "all but complex",
    "real floating": "real floating (integers become floats as NumPy's do)",
    "numeric": "numbers, and booleans where NumPy takes them",
    "integer": "integers and booleans",
    "bool": "all, taken as true or false",
    "complex": "complex",
    "any": "all",
}


def documented(row: Row) -> str:
    """Return a row's docstring: its line, shapes, dtypes, errors, its source and an example."""
    shapes = "Any shapes that broadcast." if row.broadcasts and len(row.inputs) > 1 else ""
    if row.batched:
        shapes = "Shapes (..., m, k) and (..., k, n) give (..., m, n); the leading axes broadcast."
    errors = [] if row.accepts in ("any", "bool") else ["``DtypeError`` for another dtype"]
    if len(row.inputs) > 1 or row.is_list:
        errors = ["``ShapeError`` where the shapes do not fit", "``DeviceError`` for mixed devices", *errors]
    if row.prepare is not None and "axis" in parameters_of(row.prepare):
        errors.insert(0, "``AxisError`` for an axis that is not there")
    flow = "Differentiable to any order." if row.formulas else "Carries no gradient."
    if row.fixed:
        flow = f"Differentiable to any order in {', '.join(row.formulas)}; the rest may require no gradient."
    if row.real_only:
        flow = "Differentiable to any order, for real dtypes."
    lines = [row.doc, "", " ".join(filter(None, [shapes, f"Dtypes: {DTYPES_TAKEN[row.accepts]}.", flow]))]
    if errors:
        lines.append(f"Raises {', '.join(errors)}.")
    if row.source:
        lines += ["", f"Source: {row.source}"]
    if row.example:
        lines += ["", _example(row.key, row.example, row.result)]
    return "\n".join(lines)


def presented(function: Function, name: str, doc: str, signature: inspect.Signature | None) -> Function:
    """Give a function its public name, module, docstring and signature, and return it."""
    extension, _, short = name.rpartition(".")
    function.__name__ = function.__qualname__ = short
    function.__module__ = f"anygrad.{extension}".strip(".")
    function.__doc__ = doc
    if signature is not None:
        function.__signature__ = signature  # type: ignore[attr-defined]
    return function
