"""What runs the steps of a random program: ``Numbers`` in NumPy, ``Tensors`` in anygrad."""

from __future__ import annotations

import contextlib
import operator
from collections import Counter
from typing import Any

import numpy as np

import anygrad as ag
from anygrad.backends.base import Backend
from tests import targets

WHOLE = "whole"
"""The key of ``x += v``, where there is none."""
AUGMENTED = {"+=": operator.iadd, "-=": operator.isub, "*=": operator.imul}
METHODS = {"add_": np.add, "sub_": np.subtract, "mul_": np.multiply}
UNARY_METHODS = {
    "sin_": np.sin,
    "tanh_": np.tanh,
    "square_": np.square,
    "neg_": np.negative,
    "sqrt_": np.sqrt,
}
WIDER = {np.dtype("float32"): np.dtype("float64"), np.dtype("complex64"): np.dtype("complex128")}


LAYOUTS = (*targets.LAYOUTS, "rows", "gap")
"""Memory orders; of the last two, whose first axis is turned or has gaps, a flat reshape is a copy."""


def laid_out(host: np.ndarray, layout: str) -> np.ndarray:
    """Return a copy of an array in a memory order."""
    if layout == "rows" and host.ndim:
        return np.array(host[::-1], order="C")[::-1]
    if layout == "gap" and host.ndim:
        return np.concatenate([host, host], axis=-1)[..., : host.shape[-1]]
    return targets.laid_out(host, "C" if layout in ("rows", "gap") else layout)


class Numbers:
    """Runs steps in NumPy; ``tape``: what the first run recorded, ``wide``: without single precision."""

    def __init__(self, program: Any, inputs: list[np.ndarray], tape: list[Any] | None, wide: bool) -> None:
        self.program = program
        self.inputs = inputs
        self.wide = wide
        self.replays = tape is not None
        self.tape: list[Any] = [] if tape is None else list(reversed(tape))
        self.members: list[np.ndarray] = []
        self.snapshots: list[np.ndarray] = []

    def frozen(self, array: np.ndarray) -> np.ndarray:
        """Record a value that carries no gradient, or put the recorded one in its place."""
        if self.replays:
            return twin(self.tape.pop())
        self.tape.append(twin(array))
        return array

    def read(self, i: int) -> np.ndarray:
        """Return a member as an operand."""
        return self.members[i] if self.program.live[i] else self.frozen(self.members[i])

    def owned(self, result: Any) -> np.ndarray:
        """Return a result as a new base."""
        return np.asarray(result, order="C" if self.program.row_major else "K")

    def laid(self, host: np.ndarray, layout: str) -> np.ndarray:
        """Return a new array in a memory order."""
        return laid_out(host.astype(WIDER.get(host.dtype, host.dtype)) if self.wide else host, layout)

    def step(self, kind: str, grad: bool, *arguments: Any) -> None:
        """Run one step."""
        made = getattr(self, kind)(grad, *arguments)
        if made is not None:
            self.members.append(made)

    def leaf(self, grad: bool, i: int, layout: str) -> np.ndarray:
        return laid_out(self.inputs[i], layout)

    def buffer(self, grad: bool, host: np.ndarray, layout: str) -> np.ndarray:
        return self.laid(host, layout)

    def compute(self, grad: bool, name: str, *operands: int) -> np.ndarray:
        out = self.owned(getattr(np, name)(*(self.read(i) for i in operands)))
        out = out.copy(order="K") if name == "real" else out
        return out if grad else self.frozen(out)

    def view(self, grad: bool, how: str, i: int, argument: Any) -> np.ndarray:
        source = self.members[i]
        if how == "getitem":
            out = np.asarray(source[argument])
        else:
            out = {"reshape": np.reshape, "permute_dims": np.permute_dims, "flip": np.flip}.get(
                how, np.broadcast_to
            )(source, argument)
        if root_of(out) is root_of(source):
            return out
        out = self.owned(out)
        return out if grad and self.program.live[i] else self.frozen(out)

    def detach(self, grad: bool, i: int) -> np.ndarray:
        return self.members[i][...]

    def snapshot(self, grad: bool, i: int) -> None:
        self.snapshots.append(self.members[i].copy())

    def value(self, given: Any) -> Any:
        """Return what a write takes: a scalar, an array, or a member, as it is or scaled."""
        if not isinstance(given, tuple):
            return self.laid(given, "C") if isinstance(given, np.ndarray) else given
        i, scale = given
        return self.read(i) if scale is None else self.read(i) * scale

    @contextlib.contextmanager
    def writing(self, grad: bool, i: int) -> Any:
        """Undo a write that only moves numbers, in a replay, and move them as the first run did."""
        x = self.members[i]
        before = x.copy()
        yield
        if not (grad and self.program.live[i]):
            if self.replays:
                x[...] = before + self.tape.pop()
            else:
                self.tape.append(x - before)

    def write(self, grad: bool, i: int, key: Any, given: Any) -> None:
        with self.writing(grad, i):
            self.members[i][key] = self.value(given)

    def augment(self, grad: bool, i: int, name: str, key: Any, given: Any) -> None:
        x = self.members[i]
        with self.writing(grad, i):
            value = self.value(given)
            if key is WHOLE:
                AUGMENTED[name](x, value)
            else:
                x[key] = AUGMENTED[name](x[key], value)

    def method(self, grad: bool, i: int, name: str, *arguments: Any) -> None:
        x = self.members[i]
        with self.writing(grad, i):
            values = [self.value(given) for given in arguments]
            if name in METHODS:
                METHODS[name](x, *values, out=x, casting="same_kind")
            elif name == "clip_":
                np.clip(x, *values, out=x)
            elif name in UNARY_METHODS:
                UNARY_METHODS[name](x, out=x)
            else:
                x[...] = values[0] if values else 0


class Tensors:
    """Runs the same steps in anygrad."""

    def __init__(self, program: Any, inputs: list[np.ndarray], backend: Backend, count: Counter[Any]) -> None:
        self.program = program
        self.inputs = inputs
        self.backend = backend
        self.count = count
        self.members: list[Any] = []
        self.leaves: list[Any] = []
        self.snapshots: list[np.ndarray] = []
        self.shared: list[tuple[np.ndarray, np.ndarray]] = []

    def step(self, kind: str, grad: bool, *arguments: Any) -> None:
        """Run one step, and count how its write went."""
        with contextlib.nullcontext() if grad else ag.no_grad():
            asked = self.count["asked"], self.count["in place"]
            made = getattr(self, kind)(*arguments)
            if kind in ("write", "augment", "method"):
                way = self.count["in place"] > asked[1] if self.count["asked"] > asked[0] else None
                self.count[kind_of(kind, arguments), way] += 1
        if made is not None:
            self.members.append(made)

    def brought(self, host: np.ndarray, layout: str) -> Any:
        array = laid_out(host, layout)
        self.shared.append((array, array.copy()))
        return ag.asarray(array, device=self.backend.name)

    def leaf(self, i: int, layout: str) -> Any:
        self.leaves.append(self.brought(self.inputs[i], layout).requires_grad_())
        return self.leaves[-1]

    def buffer(self, host: np.ndarray, layout: str) -> Any:
        return self.brought(host, layout)

    def compute(self, name: str, *operands: int) -> Any:
        return getattr(ag, name)(*(self.members[i] for i in operands))

    def view(self, how: str, i: int, argument: Any) -> Any:
        if how == "getitem":
            return self.members[i][self.key(argument)]
        keywords = {"axis": argument} if how == "flip" else {}
        return getattr(ag, how)(self.members[i], *(() if keywords else (argument,)), **keywords)

    def key(self, key: Any) -> Any:
        """Return a key, on every second program with tensors in the place of arrays."""
        if self.program.seed % 2:
            return key
        if isinstance(key, tuple):
            return tuple(self.key(part) for part in key)
        return ag.asarray(key, device=self.backend.name) if isinstance(key, np.ndarray) else key

    def detach(self, i: int) -> Any:
        return self.members[i].detach()

    def snapshot(self, i: int) -> None:
        self.snapshots.append(self.members[i].detach().numpy())

    def value(self, given: Any) -> Any:
        if not isinstance(given, tuple):
            return ag.asarray(given, device=self.backend.name) if isinstance(given, np.ndarray) else given
        i, scale = given
        return self.members[i] if scale is None else self.members[i] * scale

    def write(self, i: int, key: Any, given: Any) -> None:
        self.members[i][self.key(key)] = self.value(given)

    def augment(self, i: int, name: str, key: Any, given: Any) -> None:
        x, value = self.members[i], self.value(given)
        if key is WHOLE:
            assert AUGMENTED[name](x, value) is x
        else:
            key = self.key(key)
            x[key] = AUGMENTED[name](x[key], value)

    def method(self, i: int, name: str, *arguments: Any) -> None:
        x = self.members[i]
        assert getattr(x, name)(*(self.value(given) for given in arguments)) is x


def twin(array: np.ndarray) -> np.ndarray:
    """Return a copy that NumPy lays results out by as by the array: its axes turned and repeated alike."""
    repeated = [
        step == 0 and n > 1 and array.size for step, n in zip(array.strides, array.shape, strict=True)
    ]
    if any(repeated):
        once = array[(..., *(slice(0, 1 if again else None) for again in repeated))]
        return np.broadcast_to(twin(once), array.shape)
    turned = (..., *(slice(None, None, -1 if step < 0 else None) for step in array.strides))
    return np.array(array[turned], order="K")[turned]


def root_of(array: np.ndarray) -> np.ndarray:
    """Return the array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def kind_of(step: str, arguments: Any) -> str:
    """Name the kind of a write, for the counts."""
    if step == "method":
        return "x.method_(v)"
    if step == "augment":
        return "x op= v" if arguments[2] is WHOLE else "x[k] op= v"
    parts = arguments[1] if isinstance(arguments[1], tuple) else (arguments[1],)
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    if arrays:
        return "x[mask] = v" if arrays[0].dtype == bool else "x[array] = v"
    return "x[int] = v" if all(isinstance(part, int) for part in parts) else "x[slice] = v"
