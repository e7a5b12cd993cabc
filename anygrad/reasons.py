"""What was wrong where a library has raised: the error that names function, operands and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from anygrad.errors import (
    AnygradError,
    ArgumentError,
    DeviceUnavailableError,
    DtypeError,
    LinAlgError,
    ShapeError,
    message,
)
from anygrad.op import Row
from anygrad.rules import broadcast_shape, names_for
from anygrad.tensors import Tensor

__all__ = ["KINDS", "explained"]

KINDS = {
    "any": "biufc",
    "bool": "biufc",
    "complex": "c",
    "floating": "biufc",
    "integer": "biu",
    "numeric": "biufc",
    "real": "biuf",
    "real floating": "biuf",
}
"""The dtype kinds that rows take, by the standard's word for them: NumPy's truths and integers are lifted."""


def explained(row: Row, operands: Sequence[Any], error: Exception) -> Exception:
    """Return the error that says what was wrong with the operands, or the library's own."""
    if isinstance(error, AnygradError):
        return error
    tensors = [x for x in operands if isinstance(x, Tensor)]
    short: Exception | None = tensors[0].xp.shortage(row.name, error)
    if short is not None:
        return short
    if isinstance(error, ImportError):  # Some load parts of theirs, as cuBLAS, when they are first called.
        got = f"{tensors[0].xp.name} computes with a library that cannot be loaded"
        return DeviceUnavailableError(message(row.name, got, str(error), "install what is missing"))
    if row.broadcasts and not row.batched:
        try:
            broadcast_shape(row.name, *(x.shape for x in tensors))
        except ShapeError as found:
            return found
    if row.batched:
        x, y = tensors
        got = f"x has shape {x.shape}, y has shape {y.shape}"
        if not x.ndim or not y.ndim:
            return ShapeError(message(row.name, got, "expected at least one axis each"))
        inner = -2 if y.ndim > 1 else -1
        if x.shape[-1] != y.shape[inner]:
            must = f"the last axis of x ({x.shape[-1]}) must equal axis {inner} of y ({y.shape[inner]})"
            return ShapeError(message(row.name, got, must))
        try:
            broadcast_shape(row.name, x.shape[:-2], y.shape[:-2])
        except ShapeError as found:
            return found
    names = names_for(len(operands)) if row.is_list else row.inputs
    kinds = [_described(name, x) for name, x in zip(names, operands, strict=True) if x is not None]
    accepts = "real" if row.real_only else row.accepts
    foreign = [got for kind, got in kinds if kind not in KINDS[accepts]]
    got = foreign[0] if foreign else ", ".join(got for _, got in kinds)
    if "keepdims" in row.keywords and not tensors[0].size:
        got, advice = f"x has shape {tensors[0].shape}", "an axis of length 0 has no such entry"
        return ShapeError(message(row.name, got, advice, "test x.size first"))
    if foreign or isinstance(error, TypeError | NotImplementedError):
        return DtypeError(message(row.name, got, f"expected {accepts} dtypes", str(error)))
    if isinstance(error, OverflowError):
        return OverflowError(message(row.name, got, str(error), "use a wider dtype"))
    failed = row.key.startswith("linalg.") and isinstance(error, RuntimeError)
    if failed or error.__class__.__name__.endswith("LinAlgError"):
        got = ", ".join(f"{n} has shape {x.shape}" for n, x in zip(names, tensors, strict=False))
        return LinAlgError(message(row.name, got, str(error)))
    if error.__class__ is ValueError:
        return ArgumentError(message(row.name, got, str(error)))
    return error


def _described(name: str, x: Any) -> tuple[str, str]:
    """Return the kind of an operand's dtype, and the words for it."""
    if isinstance(x, Tensor):
        return x.dtype.kind, f"{name} has dtype {x.dtype}"
    return np.dtype(type(x)).kind, f"{name} is of type {type(x).__name__}"
