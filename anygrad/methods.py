"""What a tensor can do: operators, methods and in-place names, put on ``Tensor`` from the functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from anygrad import dispatch, views, writes
from anygrad.construction import SCALARS, carry
from anygrad.devices import get_backend
from anygrad.errors import DeviceError, DtypeError, ShapeError, message
from anygrad.functions import FUNCTIONS
from anygrad.graph import CROSSING, GRAD_MODE, Node
from anygrad.habits import HABITS
from anygrad.hints import METHODS as ELSEWHERE
from anygrad.hints import Elsewhere
from anygrad.op import DERIVED, REGISTRY, Row
from anygrad.tensors import Tensor, asarray, wrap

__all__ = ["IN_PLACE", "METHODS", "OPERATORS"]

OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}
"""Python's operators with a reflected and an in-place form, and their rows."""
COMPARISONS = {
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
}
SIGNS = {"neg": "negative", "pos": "positive", "abs": "abs", "invert": "bitwise_invert"}
SYMBOLS = {
    "add": "+=",
    "sub": "-=",
    "mul": "*=",
    "truediv": "/=",
    "floordiv": "//=",
    "mod": "%=",
    "pow": "**=",
    "matmul": "@=",
    "and": "&=",
    "or": "|=",
    "xor": "^=",
    "lshift": "<<=",
    "rshift": ">>=",
}
"""What a message calls the in-place form of an operator."""
SCALED = ("add_", "sub_", "subtract_")
"""In-place names with a factor ``alpha``, as PyTorch's have."""
SHORT = {"sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative"}


def _operator(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return an operator and its reflection, for lists of numbers too; both refuse what is foreign."""
    row = REGISTRY[name]

    def foreign(operands: Sequence[Any]) -> Any:
        if not any(isinstance(x, list | tuple) for x in operands):
            return NotImplemented
        device = next(x.device for x in operands if isinstance(x, Tensor))
        try:
            tensors = [asarray(x, device=device) if isinstance(x, list | tuple) else x for x in operands]
        except (DtypeError, ShapeError):
            if row.name in ("equal", "not_equal"):
                return NotImplemented
            raise
        return forward(*tensors)

    forward = (dispatch.product if row.batched else dispatch.binary)(row, foreign)
    return forward, lambda x, y: forward(y, x)


def _in_place(function: Callable[..., Any], row: Row, name: str, op: str) -> Callable[..., Tensor]:
    """Return the in-place form of a row's function: the result goes into the buffer where that can be."""
    key = row.name if row.direct else ""

    def anew(self: Tensor, *arguments: Any, **keywords: Any) -> Tensor:
        writes.check_writable(op, self, False)
        result = function(self, *arguments, **keywords)
        return result if result is NotImplemented else writes.assign(op, self, result)

    def unary(self: Tensor, /) -> Tensor:
        return self if writes.stored(key, self) else anew(self)

    def binary(self: Tensor, y: Any, /) -> Tensor:
        return self if y is not None and writes.stored(key, self, y) else anew(self, y)

    def scaled(self: Tensor, y: Any, /, *, alpha: Any = 1) -> Tensor:
        if alpha.__class__ is int and alpha == 1:
            return binary(self, y)
        if alpha.__class__ in SCALARS and y is not None and writes.stored(key, self, y, alpha):
            return self
        if {y.__class__, alpha.__class__} <= SCALARS:
            return anew(self, y * alpha)
        dispatch.common_backend(op, (self, y, alpha), ("x", "y", "alpha"))
        factor = alpha if alpha.__class__ in SCALARS else dispatch.operand(op, "alpha", alpha, self.xp)
        return anew(self, FUNCTIONS["multiply"](dispatch.operand(op, "y", y, self.xp), factor))

    method: Callable[..., Tensor] = anew
    if row.prepare is None:
        method = unary if len(row.inputs) == 1 else scaled if name in SCALED else binary
    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Do ``{function.__name__}`` in place, and return the tensor."
    if method is scaled:
        method.__doc__ = f"{method.__doc__[:-1]}; ``alpha`` multiplies y first."
    return method


# ---------------------------------------------------------------- devices


def to(self: Tensor, device: Any = None, dtype: Any = None, *, copy: bool = False) -> Tensor:
    """Return the tensor on a device, as a dtype; itself where nothing changes. Differentiable.

    Libraries that see the same memory share it, unless ``copy``: neither is written there from then on.
    ``device`` may be a dtype, as in PyTorch: ``x.to(anygrad.float32)``. Raises what ``device`` raises.
    """
    if isinstance(device, np.dtype) or (isinstance(device, type) and issubclass(device, np.generic)):
        device, dtype = None, device
    out = self
    target = (
        self.xp if device is None else get_backend(device.device if isinstance(device, Tensor) else device)
    )
    if target is not self.xp:
        array = self.xp.compact(self.array) if copy else self.array
        moved = wrap(carry(array, self.xp, target), target, None)
        node = self.node
        if node is not None and GRAD_MODE.get():
            moved.node = Node(CROSSING, (self.xp,), (node,))
        out = moved
    if dtype is not None and np.dtype(dtype) != out.dtype:
        return out.astype(dtype)
    return out.clone() if copy and out is self else out


def cpu(self: Tensor) -> Tensor:
    """Return the tensor on the host, in NumPy. Differentiable."""
    return to(self, "cpu")


def cuda(self: Tensor, index: int | None = None) -> Tensor:
    """Return the tensor on a CUDA device, in CuPy. Differentiable."""
    return to(self, "cuda" if index is None else f"cuda:{index}")


def to_device(self: Tensor, device: Any, /, *, stream: Any = None) -> Tensor:
    """Return the tensor on a device (the standard's name). Differentiable; ``stream`` must be None."""
    if stream is not None:
        raise DeviceError(
            message("to_device", f"stream is {stream!r}", "expected None", "use the library's current stream")
        )
    return to(self, device)


# ---------------------------------------------------------------- other methods


def fill_(self: Tensor, value: Any) -> Tensor:
    """Fill the tensor with a value, in place, and return it."""
    return writes.fill("fill_", self, value)


def zero_(self: Tensor) -> Tensor:
    """Fill the tensor with zeros, in place, and return it."""
    return writes.fill("zero_", self, 0)


def copy_(self: Tensor, source: Any) -> Tensor:
    """Copy what broadcasts to the tensor into it, in place, and return it."""
    return writes.fill("copy_", self, source)


def reshape(self: Tensor, *shape: Any, copy: bool | None = None) -> Tensor:
    """Give the entries another shape, as one tuple or as several numbers."""
    chosen = shape[0] if len(shape) == 1 else shape
    return FUNCTIONS["reshape"](self, chosen, copy=copy)  # type: ignore[no-any-return]


def permute_dims(self: Tensor, *axes: Any) -> Tensor:
    """Reorder the axes, as one tuple or as several numbers."""
    chosen = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return FUNCTIONS["permute_dims"](self, chosen)  # type: ignore[no-any-return]


def _pow(self: Tensor, y: Any, modulo: None = None) -> Any:
    if modulo is not None:
        raise DtypeError(message("pow", "a modulus was given", "expected two operands", "use remainder()"))
    return _POW(self, y)


def _divmod(self: Tensor, y: Any) -> Any:
    return self // y, self % y


def _rdivmod(self: Tensor, y: Any) -> Any:
    return y // self, y % self


_POW, _RPOW = _operator("pow")


METHODS: dict[str, Any] = {
    name: FUNCTIONS[name]
    for name, row in REGISTRY.items()
    if row.public and row.method and not row.is_list and "." not in name and name not in ("real", "imag")
}
NO_METHODS = ("broadcast_arrays", "einsum", "meshgrid")
METHODS |= {name: FUNCTIONS[name] for name in DERIVED if "." not in name and name not in NO_METHODS}
METHODS |= HABITS
METHODS |= {
    "copy_": copy_,
    "cpu": cpu,
    "cuda": cuda,
    "detach": views.detach,
    "fill_": fill_,
    "permute_dims": permute_dims,
    "reshape": reshape,
    "to": to,
    "to_device": to_device,
    "zero_": zero_,
    "T": property(HABITS["transpose"], doc="The tensor with its axes reversed, as NumPy has it."),
    "mT": property(FUNCTIONS["matrix_transpose"], doc="The tensor with its last two axes swapped."),
    "real": property(FUNCTIONS["real"], doc="The real part, as a copy."),
    "imag": property(FUNCTIONS["imag"], doc="The imaginary part, as a copy."),
}

IN_PLACE: dict[str, Callable[..., Tensor]] = {}
for _name, _row in REGISTRY.items():
    if (
        _row.broadcasts
        and _row.formulas
        and not _row.batched
        and _row.method
        and _row.public
        and "." not in _name
        and _name not in ("real", "imag")
    ):
        IN_PLACE[_name + "_"] = _in_place(FUNCTIONS[_name], _row, _name + "_", _name + "_")
for _short, _name in SHORT.items():
    METHODS[_short] = FUNCTIONS[_name]
    IN_PLACE[_short + "_"] = _in_place(FUNCTIONS[_name], REGISTRY[_name], _short + "_", _short + "_")

for _name in ELSEWHERE:
    assert not hasattr(Tensor, _name), f"{_name} is a name of ours"
    setattr(Tensor, _name, Elsewhere(_name))
for _name, _method in (METHODS | IN_PLACE).items():
    setattr(Tensor, _name, _method)
for _name, _function in OPERATORS.items():
    _forward, _reflected = _operator(_function)
    setattr(Tensor, f"__{_name}__", _forward)
    setattr(Tensor, f"__r{_name}__", _reflected)
    _method = _in_place(_forward, REGISTRY[_function], f"__i{_name}__", SYMBOLS[_name])
    setattr(Tensor, f"__i{_name}__", _method)
for _name, _function in COMPARISONS.items():
    setattr(Tensor, f"__{_name}__", _operator(_function)[0])
for _name, _function in SIGNS.items():
    setattr(Tensor, f"__{_name}__", FUNCTIONS[_function])
for _name, _special in {
    "pow": _pow,
    "divmod": _divmod,
    "rdivmod": _rdivmod,
    "getitem": views.getitem,
    "setitem": writes.setitem,
}.items():
    setattr(Tensor, f"__{_name}__", _special)
