"""What runs a program of ``row_programs``: ``Numbers`` (NumPy), ``Tensors`` (anygrad), ``Torch`` (PyTorch).

A program is data: literals alone, so that what hypothesis prints can be pasted into a test. Its steps append
to a list of registers or write into one. The three share what a step computes, but neither views nor writes
of PyTorch: there a write makes another tensor.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import anygrad as ag

Shape = tuple[int, ...]
Step = tuple[str, tuple[int, ...], dict[str, Any]]

SQUARE_MATRICES = ["linalg.inv", "linalg.det", "linalg.cholesky"]
AUGMENTED = {
    "+=": (operator.iadd, operator.add),
    "-=": (operator.isub, operator.sub),
    "*=": (operator.imul, operator.mul),
}

DOMAINS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(
        ["log", "log2", "log10", "log1p", "sqrt", "reciprocal"], lambda xp, x: xp.square(x) + 0.5
    ),
    **dict.fromkeys(["asin", "acos", "atanh", "tan"], lambda xp, x: 0.8 * xp.tanh(x)),
    "acosh": lambda xp, x: xp.square(x) + 1.5,
}
"""What brings any real number into the domain of a function."""


@dataclass
class Program:
    """Steps over registers, the first of which are the inputs: random numbers of a seed."""

    shapes: list[Shape]
    complex_: list[bool]
    seed: int
    steps: list[Step] = field(default_factory=list)

    def inputs(self) -> list[np.ndarray]:
        """Return the inputs."""
        return [self.drawn(k, shape, c) for k, (shape, c) in enumerate(zip(self.shapes, self.complex_))]

    def drawn(self, k: int, shape: Shape, complex_: bool) -> np.ndarray:
        """Return random numbers, the same for the same k."""
        rng = np.random.default_rng([self.seed, k])
        out = rng.uniform(-1.5, 1.5, shape)
        return out + 1j * rng.uniform(-1.5, 1.5, shape) if complex_ else np.asarray(out)

    def like(self, k: int, members: list[Any]) -> list[np.ndarray]:
        """Return random numbers of the shapes and kinds of some arrays."""
        return [self.drawn(k + i, m.shape, m.dtype.kind == "c") for i, m in enumerate(members)]


def key_of(key: Any) -> Any:
    """Return an index key: its lists stand for arrays."""
    if isinstance(key, tuple):
        return tuple(map(key_of, key))
    return np.asarray(key) if isinstance(key, list) else key


def is_complex(x: Any) -> bool:
    """Tell whether the array of any library is complex."""
    return "complex" in str(x.dtype)


def function_of(xp: Any, name: str) -> Any:
    """Return a function of a namespace."""
    return operator.attrgetter(name)(xp)


def computed(xp: Any, name: str, values: list[Any], keywords: dict[str, Any]) -> Any:
    """Compute a step that makes a register."""
    x, *others = values
    keywords = dict(keywords)
    factor = keywords.pop("factor", None)
    if name in DOMAINS:
        out = function_of(xp, name)(DOMAINS[name](xp, x))
    elif name == "divide":
        out = xp.divide(x, xp.square(others[0]) + 0.5)
    elif name == "pow":
        out = xp.pow(xp.square(x) + 0.5, others[0])
    elif name == "hypot":
        out = xp.hypot(x, xp.square(others[0]) + 0.5)
    elif name == "std":
        out = xp.sqrt(xp.var(x, **keywords) + 0.3)
    elif name in SQUARE_MATRICES:
        product = xp.matmul(x, xp.matrix_transpose(x))
        out = function_of(xp, name)(product + xp.asarray(np.eye(x.shape[-1])))
    elif name == "where":
        out = xp.where(
            xp.asarray(np.reshape(np.asarray(keywords["mask"], bool), keywords["shape"])), x, others[0]
        )
    elif name == "where_above":
        out = xp.where(x > keywords["threshold"], x, others[0])
    elif name == "branch":
        above = bool(xp.sum(xp.real(x) if is_complex(x) else x) > keywords["threshold"])
        out = function_of(xp, keywords["names"][0 if above else 1])(others[0])
    elif name in ("concat", "stack"):
        out = function_of(xp, name)(values, **keywords)
    elif name == "take":
        out = xp.take(x, xp.asarray(np.asarray(keywords["indices"])), axis=keywords["axis"])
    elif "to" in keywords:
        out = function_of(xp, name)(x, keywords.pop("to"), **keywords)
    else:
        out = function_of(xp, name)(x, *others, **keywords)
    return out if factor is None else out * factor


class OfNumPy:
    """NumPy's namespace under the standard's names, with what it lacks in plain formulas."""

    clone = staticmethod(np.copy)
    conj = staticmethod(np.conj)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def real(self, x: Any) -> Any:
        return np.real(x).copy()

    def imag(self, x: Any) -> Any:
        return np.imag(x).copy()

    def relu(self, x: Any) -> Any:
        return np.maximum(x, 0)

    def sigmoid(self, x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def logsumexp(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))

    def softmax(self, x: Any, axis: int) -> Any:
        return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)

    def sort(self, x: Any, axis: int, descending: bool) -> Any:
        return -np.sort(-x, axis=axis) if descending else np.sort(x, axis=axis)


class Numbers:
    """Runs a program in NumPy; ``aliased`` says of what register each is a view, or None."""

    xp = OfNumPy()

    def __init__(self, inputs: list[np.ndarray]) -> None:
        self.members = [np.array(x) for x in inputs]
        self.aliased: list[int | None] = [None] * len(inputs)
        for x in self.members:
            x.flags.writeable = False

    def run(self, steps: list[Step]) -> Numbers:
        """Run steps."""
        with np.errstate(all="ignore"):
            for step in steps:
                self.step(*step)
        return self

    def step(self, name: str, at: tuple[int, ...], keywords: dict[str, Any]) -> None:
        """Run one step."""
        values = [self.members[i] for i in at]
        if name in WRITES:
            WRITES[name](values[0], *values[1:], **keywords)
        elif name == "method":
            getattr(np, keywords["of"])(values[0], out=values[0])
        else:
            out = np.asarray(
                values[0][key_of(keywords["key"])]
                if name == "getitem"
                else computed(self.xp, name, values, keywords)
            )
            self.aliased.append(at[0] if np.may_share_memory(out, values[0]) else None)
            self.members.append(out)

    def loss(self, program: Program) -> float:
        """Return a real number that depends on every register."""
        weights = program.like(100, self.members)
        return float(sum(np.sum(m * (w + 0.5 * m)).real for m, w in zip(self.members, weights)))


def write(x: Any, value: Any = None, *, key: Any, scalar: Any = None) -> None:
    """Write a register or a scalar into a region."""
    x[key_of(key)] = scalar if value is None else value


def augment(x: Any, value: Any = None, *, key: Any, by: str, scalar: Any = None) -> None:
    """Write into a region what it holds with a register or a scalar."""
    value = scalar if value is None else value
    if key is None:
        AUGMENTED[by][0](x, value)
    else:
        key = key_of(key)
        x[key] = AUGMENTED[by][0](x[key], value)


WRITES: dict[str, Callable[..., None]] = {"write": write, "augment": augment}


class Tensors:
    """Runs a program in anygrad."""

    xp = ag

    def __init__(self, inputs: list[np.ndarray]) -> None:
        self.leaves = [ag.tensor(x, requires_grad=True) for x in inputs]
        self.members: list[Any] = list(self.leaves)

    def run(self, steps: list[Step]) -> Tensors:
        """Run steps."""
        for name, at, keywords in steps:
            values = [self.members[i] for i in at]
            if name in WRITES:
                WRITES[name](*values, **keywords)
            elif name == "method":
                getattr(values[0], keywords["of"] + "_")()
            elif name == "getitem":
                self.members.append(values[0][key_of(keywords["key"])])
            else:
                self.members.append(computed(self.xp, name, values, keywords))
        return self

    def loss(self, program: Program) -> Any:
        """Return a real number that depends on every register."""
        out: Any = ag.tensor(0.0)
        for m, w in zip(self.members, program.like(100, self.members)):
            out = out + real(ag, ag.sum(m * (ag.asarray(w) + 0.5 * m)))
        return out


def real(xp: Any, x: Any) -> Any:
    """Return the real part of real numbers too."""
    return xp.real(x) if is_complex(x) else x


class Torch:
    """Runs a program in PyTorch out of place: a register is a cell and the places in it that it shows.

    ``aliased`` is that of ``Numbers``: there, and nowhere else, registers share a cell. A write puts
    another flat tensor into the cell.
    """

    def __init__(self, inputs: list[np.ndarray], aliased: list[int | None]) -> None:
        import array_api_compat.torch as xp
        import torch

        self.torch = torch
        self.xp = OfTorch(xp)
        self.leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
        self.aliased = aliased
        self.cells: list[list[Any]] = []
        self.places: list[np.ndarray] = []
        for leaf in self.leaves:
            self.keep(leaf)

    def keep(self, x: Any) -> None:
        """Append a register with a cell of its own."""
        self.cells.append([x.reshape(-1)])
        self.places.append(np.arange(x.numel()).reshape(tuple(x.shape)))

    def value(self, i: int, key: Any = ...) -> Any:
        """Return what a register shows."""
        places = np.asarray(self.places[i][key])
        return self.cells[i][0][self.torch.tensor(np.ascontiguousarray(places.reshape(-1)))].reshape(
            places.shape
        )

    def put(self, i: int, key: Any, value: Any) -> None:
        """Write into a register; of repeated places the last value stands."""
        region, flat = np.asarray(self.places[i][key]), self.cells[i][0]
        value = self.torch.as_tensor(value, dtype=flat.dtype) if not hasattr(value, "dtype") else value
        source = np.full(flat.numel(), -1)
        source[region.reshape(-1)] = np.arange(region.size)
        if not region.size:
            return
        value = self.torch.broadcast_to(value.reshape(trimmed(value.shape, region.ndim)), region.shape)
        moved = value.to(flat.dtype).reshape(-1)[self.torch.tensor(np.maximum(source, 0))]
        self.cells[i][0] = self.torch.where(self.torch.tensor(source < 0), flat, moved)

    def run(self, steps: list[Step]) -> Torch:
        """Run steps."""
        for name, at, keywords in steps:
            if name in WRITES or name == "method":
                key = keywords.get("key")
                key = ... if key is None else key_of(key)
                value: Any = self.value(at[1]) if len(at) > 1 else keywords.get("scalar")
                if name == "method":
                    value = getattr(self.xp, keywords["of"])(self.value(at[0]))
                elif name == "augment":
                    value = AUGMENTED[keywords["by"]][1](self.value(at[0], key), value)
                self.put(at[0], key, value)
                continue
            source = self.aliased[len(self.cells)]
            if source is not None:
                seen = self.places[source]
                self.places.append(
                    seen[key_of(keywords["key"])]
                    if name == "getitem"
                    else computed(Numbers.xp, name, [seen], keywords)
                )
                self.cells.append(self.cells[source])
            elif name == "getitem":
                self.keep(self.value(at[0], key_of(keywords["key"])))
            else:
                self.keep(computed(self.xp, name, [self.value(i) for i in at], keywords))
        return self

    def loss(self, program: Program) -> Any:
        """Return a real number that depends on every register."""
        members = [self.value(i) for i in range(len(self.cells))]
        weights = program.like(100, [m.detach().numpy() for m in members])
        return sum(
            real(self.torch, (m * (self.torch.tensor(w) + 0.5 * m)).sum()) for m, w in zip(members, weights)
        )


def trimmed(shape: Any, ndim: int) -> Shape:
    """Return a shape without the leading ones that an assignment ignores."""
    return tuple(shape)[max(0, len(shape) - ndim) :]


class OfTorch:
    """PyTorch under the standard's names; what it promotes in no function of several tensors is promoted."""

    def __init__(self, xp: Any) -> None:
        self.xp = xp

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.xp, name)
        if name not in ("where", "matmul", "concat", "stack"):
            return function
        return lambda *arguments, **keywords: function(*self.promoted(arguments), **keywords)

    def promoted(self, arguments: Any) -> list[Any]:
        """Return the tensors of one dtype, but conditions as they are."""
        if isinstance(arguments[0], list):
            return [self.promoted(arguments[0])]
        wide = any(is_complex(x) for x in arguments)
        return [x.to(self.xp.complex128) if wide and "bool" not in str(x.dtype) else x for x in arguments]

    def relu(self, x: Any) -> Any:
        return self.xp.where(x > 0, x, self.xp.zeros_like(x))

    def logsumexp(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return self.xp.log(self.xp.sum(self.xp.exp(x), axis=axis, keepdims=keepdims))

    def softmax(self, x: Any, axis: int) -> Any:
        return self.xp.softmax(x, dim=axis)
