"""Where things stand: positions have no derivative."""

from __future__ import annotations

from typing import Any

from anygrad.op import operation
from anygrad.rules import axis_in


def _position(name: str) -> Any:
    def prepare(x: Any, /, axis: int | None = None, *, keepdims: bool = False) -> dict[str, Any]:
        return {"axis": None if axis is None else axis_in(name, axis, x.ndim), "keepdims": bool(keepdims)}

    return prepare


argmax = operation(
    "argmax",
    lambda xp, x, axis, keepdims: xp.argmax(x, axis=axis, keepdims=keepdims),
    prepare=_position("argmax"),
    accepts="real",
    doc="Return the position of the first largest entry along an axis (None: of the flattened array).",
    example="[1.0, 4.0, 3.0] -> 1, dtype=int64",
)

argmin = operation(
    "argmin",
    lambda xp, x, axis, keepdims: xp.argmin(x, axis=axis, keepdims=keepdims),
    prepare=_position("argmin"),
    accepts="real",
    doc="Return the position of the first smallest entry along an axis (None: of the flattened array).",
    example="[1.0, 4.0, 3.0] -> 0, dtype=int64",
)
