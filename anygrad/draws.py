"""What every draw settles first: where, by whom, of which shape and dtype. Knows no distribution."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from anygrad import dispatch
from anygrad.backends.base import Backend
from anygrad.construction import SCALARS, known_dtype
from anygrad.devices import Device, get_backend, get_default_dtype
from anygrad.errors import ArgumentError, DeviceError, DtypeError, ShapeError, message
from anygrad.generators import Generator, of
from anygrad.tensors import Tensor

__all__ = ["Draw", "Shape", "Where", "is_number", "place", "shape_of"]

Shape = int | Sequence[int] | None
Where = str | Device | None


def is_number(x: Any) -> bool:
    """Tell a Python scalar from an array."""
    return x.__class__ in SCALARS


class Draw:
    """What is drawn, where and by whom: settled from the parameters and what was asked for."""

    def __init__(
        self,
        op: str,
        parameters: dict[str, Any],
        shape: Shape,
        dtype: Any,
        device: Where,
        generator: Generator | None,
        kinds: str = "f",
    ) -> None:
        arrays = {name: x for name, x in parameters.items() if not is_number(x)}
        xp = place(op, arrays, device, generator)
        self.op, self.xp = op, xp
        self.generator = of(xp) if generator is None else generator
        tensors = {name: dispatch.operand(op, name, x, xp) for name, x in arrays.items()}
        self.shape = shape_of(op, shape, {name: t.shape for name, t in tensors.items()})
        if dtype is None:
            floats = [t.dtype for t in tensors.values() if t.dtype.kind in "fc"]
            self.dtype = np.result_type(*floats) if floats else xp.within(get_default_dtype())
        else:
            self.dtype = known_dtype(op, xp, dtype)
        if self.dtype.kind not in kinds:
            expected = "expected a floating one" if "c" in kinds else "expected a real floating one"
            raise DtypeError(message(op, f"the dtype is {self.dtype}", expected))
        self.parameters = {name: tensors.get(name, x) for name, x in parameters.items()}

    def standard(self, kind: str, *parameters: Any) -> Tensor:
        """Return standard variates of the shape and dtype; half precision is drawn in single."""
        real = np.dtype(f"f{self.dtype.itemsize // (2 if self.dtype.kind == 'c' else 1)}")
        drawn = real if real.itemsize > 2 else np.dtype("float32")
        out = self.generator.draw(kind, self.shape, drawn, *parameters)
        return out if drawn == real else out.astype(real)

    def parameter(self, name: str) -> Any:
        """Return a parameter, in the dtype of the result where it is a tensor."""
        x = self.parameters[name]
        return x if is_number(x) or x.dtype == self.dtype else x.astype(self.dtype)

    def positive(self, name: str, zero: bool = True) -> Any:
        """Return a parameter that may not be negative; of tensors nobody knows without waiting for them."""
        x = self.parameters[name]
        if is_number(x) and not (x >= 0 if zero else x > 0):
            expected = "expected 0 or more" if zero else "expected a number above 0"
            raise ArgumentError(message(self.op, f"{name} is {x}", expected))
        return self.parameter(name)

    def moved(self, z: Any, loc: Any, scale: Any) -> Tensor:
        """Return ``loc + scale * z``, without what would change nothing."""
        z = z if _is(scale, 1) else scale * z
        found: Tensor = z if _is(loc, 0) else loc + z
        return found


def _is(x: Any, number: int) -> bool:
    return is_number(x) and bool(x == number)


def place(op: str, arrays: dict[str, Any], device: Where, generator: Generator | None) -> Backend:
    """Return where to draw; raises ``DeviceError`` where not all that tells is in one place."""
    found = {"generator": generator._xp} if generator is not None else {}
    if device is not None:
        found["device"] = get_backend(device)
    if arrays:
        first = next(iter(arrays))
        found[first] = dispatch.common_backend(op, list(arrays.values()), tuple(arrays))
    places = list(found.items())
    for name, xp in places[1:]:
        if xp is not places[0][1]:
            got = f"{places[0][0]} is on {places[0][1].name}, {name} is on {xp.name}"
            raise DeviceError(message(op, got, "they must be on one device"))
    return places[0][1] if places else get_backend(None)


def shape_of(op: str, shape: Any, parameters: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Return the shape that was asked for, or that of the parameters together."""
    shown = ", ".join(f"{name} has shape {s}" for name, s in parameters.items())
    try:
        together = np.broadcast_shapes(*parameters.values())
    except ValueError:
        raise ShapeError(message(op, shown, "they must broadcast")) from None
    if shape is None:
        return together
    try:
        lengths = [shape] if hasattr(shape, "__index__") else shape
        wanted = tuple(operator.index(n) for n in lengths)
    except TypeError:
        raise DtypeError(message(op, f"shape is {shape!r}", "expected integers")) from None
    if any(n < 0 for n in wanted):
        raise ShapeError(message(op, f"shape is {wanted}", "expected lengths of 0 or more"))
    try:
        fits = np.broadcast_shapes(wanted, together) == wanted
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(message(op, f"shape is {wanted}, {shown}", "the parameters must broadcast to shape"))
    return wanted
