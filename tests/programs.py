"""Random programs of views and writes, run side by side in NumPy and in anygrad.

``Program(seed)`` draws steps over registers while running them in NumPy. ``check`` runs them in anygrad: the
numbers must be NumPy's, and the gradient must be the finite difference of the NumPy program. That program
knows no detached value, so a replay puts back what the first run recorded: a value read through a detached
member is the recorded one, and a write that only moves numbers adds what it added then.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np

import anygrad as ag
from anygrad.backends.base import Backend
from tests.runners import AUGMENTED, LAYOUTS, METHODS, WHOLE, WIDER, Numbers, Tensors, root_of

SHAPES = [(), (5,), (6,), (2, 3), (3, 2), (3, 3), (4, 1), (2, 3, 2), (1, 2, 2)]


class Program:
    """A random program; ``order`` of the derivative that is checked, ``row_major`` for other backends."""

    def __init__(self, seed: int, row_major: bool = False, complex_: bool = False, order: int = 1) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.row_major = row_major
        self.complex = complex_
        self.order = order
        self.live: list[bool] = []
        self.readonly: list[bool] = []
        self.of_leaf: list[bool] = []
        self.tracked_roots: set[int] = set()
        self.narrow = False
        self.steps: list[tuple[Any, ...]] = []
        shapes = [self.random.choice(SHAPES[1:]) for _ in range(2)]
        self.inputs = [self.drawn(shape, "complex128" if complex_ else "float64") for shape in shapes]
        self.numbers = Numbers(self, self.inputs, None, False)
        for i in range(2):
            self.do("leaf", True, i, self.layout())
        with np.errstate(all="ignore"):
            self.grow()
        rng = np.random.default_rng(seed)
        self.weights = [rng.standard_normal(m.shape) for m in self.numbers.members]

    def __repr__(self) -> str:
        return "\n".join(
            [f"program {self.seed} over {[x.shape for x in self.inputs]}", *map(str, self.steps)]
        )

    # ------------------------------------------------ what is drawn

    def drawn(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """Return random numbers away from zero."""
        n = int(np.prod(shape))
        real = [self.random.uniform(0.2, 1.2) * self.random.choice([-1, 1]) for _ in range(2 * n)]
        host = np.array(real[:n]) + (1j * np.array(real[n:]) if dtype.startswith("c") else 0)
        return (host * 3 if dtype == "int64" else host).astype(dtype).reshape(shape)

    def layout(self) -> str:
        """Return a memory order."""
        return "C" if self.row_major else self.random.choice(("C", "C", *LAYOUTS))

    def do(self, kind: str, grad: bool, *arguments: Any) -> None:
        """Add a step, run it, and keep account of what the new member is."""
        numbers, before = self.numbers, len(self.numbers.members)
        numbers.step(kind, grad, *arguments)
        self.steps.append((kind, grad, *arguments))
        if kind in ("write", "augment", "method"):
            i, given = arguments[0], arguments[3 if kind == "augment" else 2 :]
            if grad and self.live[i] and any(isinstance(v, tuple) and self.tracked(v[0]) for v in given):
                self.tracked_roots.add(id(root_of(numbers.members[i])))
        if len(numbers.members) == before:
            return
        made = numbers.members[-1]
        sources = {"compute": arguments[1:], "view": arguments[1:2], "detach": arguments}.get(kind, ())
        aliased = [i for i in sources if root_of(numbers.members[i]) is root_of(made)]
        tracked = grad and any(self.tracked(i) for i in sources) and made.dtype.kind in "fc"
        self.live.append(kind != "detach" and (not aliased or (grad and self.live[aliased[0]])))
        self.readonly.append(not made.flags.writeable or any(self.readonly[i] for i in aliased))
        self.of_leaf.append(kind == "leaf" or any(self.of_leaf[i] for i in aliased))
        if kind == "leaf" or (tracked and not aliased):
            self.tracked_roots.add(id(root_of(made)))

    def tracked(self, i: int) -> bool:
        """Tell whether a member requires a gradient."""
        return self.live[i] and id(root_of(self.numbers.members[i])) in self.tracked_roots

    def grow(self) -> None:
        """Draw the steps."""
        ways = [self.some_result, self.some_view, self.some_holder, self.some_write]
        for _ in range(self.random.randrange(8, 16)):
            self.random.choices(ways, (3, 4, 2, 7))[0]()
            if any(m.size and not np.abs(m).max() < 20 for m in self.numbers.members[-3:]):
                break

    def chosen(self, fits: Any) -> int | None:
        """Return a member that fits, preferring late ones."""
        found = [i for i in range(len(self.numbers.members)) if fits(i)]
        return found[-1 - min(int(self.random.expovariate(0.4)), len(found) - 1)] if found else None

    def mode(self) -> bool:
        return self.random.random() < 0.85

    def some_result(self) -> None:
        """Compute from members, or bring a buffer."""
        members = self.numbers.members
        if self.random.random() < 0.25:
            dtype = self.random.choice(
                ["float64", "float64", "float32", "int64", *["complex128"] * self.complex]
            )
            self.narrow = self.narrow or dtype == "float32"
            self.do("buffer", True, self.drawn(self.random.choice(SHAPES), dtype), self.layout())
            return
        i = self.chosen(lambda i: members[i].dtype.kind in "fc")
        if i is None:
            return
        names = (
            ["square", "negative"] if members[i].dtype.kind == "c" else ["sin", "tanh", "square", "negative"]
        )
        names += ["conj", "real"] if members[i].dtype.kind == "c" else []
        if self.random.random() < 0.5:
            self.do("compute", self.mode(), self.random.choice(names), i)
            return
        shape = members[i].shape
        j = self.chosen(lambda j: broadcasts(members[j].shape, shape))
        self.do("compute", self.mode(), self.random.choice(["multiply", "multiply", "add", "subtract"]), i, j)

    def some_view(self) -> None:
        """Take a view, or what looks like one and is a copy."""
        i = self.chosen(lambda i: True)
        shape = self.numbers.members[i].shape
        how = self.random.choice(["getitem"] * 3 + ["reshape"] * 2 + ["permute_dims", "flip", "broadcast_to"])
        if how == "getitem":
            argument: Any = self.some_key(shape)
        elif how == "reshape":
            argument = self.random.choice(factored(int(np.prod(shape))))
        elif how == "permute_dims":
            argument = tuple(self.random.sample(range(len(shape)), len(shape)))
        elif how == "flip":
            argument = tuple(a for a in range(len(shape)) if self.random.random() < 0.6)
        else:
            argument = (*self.random.choice([(), (2,)]), *(2 if n == 1 else n for n in shape))
        self.do("view", self.mode(), how, i, argument)

    def some_holder(self) -> None:
        """Let somebody else hold the numbers."""
        i = self.chosen(lambda i: True)
        self.do(self.random.choice(["detach", "snapshot", "snapshot"]), True, i)

    def some_write(self) -> None:
        """Write to a member."""
        members = self.numbers.members
        i = self.chosen(lambda i: not self.readonly[i])
        x, grad = members[i], not self.of_leaf[i] and self.mode()
        way = self.random.choice(["write"] * 5 + ["augment"] * 2 + ["whole"] * 2 + ["method"] * 3 + ["own"])
        if way == "own" and x.shape and x.shape[0] > 1:
            low, high = slice(None, -1), slice(1, None)
            first, then = self.random.choice([(low, high), (high, low)])
            if grad and not self.live[i]:
                return
            self.do("view", True, "getitem", i, first)
            self.do("write", grad, i, then, (len(members) - 1, self.random.choice([None, None, 0.9])))
        elif way == "method":
            self.some_method(i, grad)
        elif way == "whole":
            view = self.chosen(lambda j: not self.readonly[j] and members[j].base is not None)
            if view is not None and self.random.random() < 0.6:
                i, x, grad = view, members[view], grad and not self.of_leaf[view]
            name = self.random.choice(list(AUGMENTED))
            self.do("augment", grad, i, name, WHOLE, self.some_value(i, grad, x.shape, True))
        else:
            key = self.some_key(x.shape)
            shape = np.shape(x[key])
            if way == "augment":
                name = self.random.choice(list(AUGMENTED))
                self.do("augment", grad, i, name, key, self.some_value(i, grad, shape, True))
            else:
                self.do("write", grad, i, key, self.some_value(i, grad, shape, False))

    def some_method(self, i: int, grad: bool) -> None:
        """Write to the whole of a member by a method."""
        x = self.numbers.members[i]
        names = ["zero_", "fill_", "copy_", *METHODS]
        names += {"f": ["clip_", "sin_", "tanh_", "square_", "neg_", "sqrt_"], "c": ["square_", "neg_"]}.get(
            x.dtype.kind, []
        )
        name = self.random.choice(names)
        if name == "clip_":
            self.do("method", grad, i, name, -0.7123, 0.6719)
        elif name == "fill_":
            self.do("method", grad, i, name, self.some_value(i, grad, (), False))
        elif name in ("copy_", *METHODS):
            self.do("method", grad, i, name, self.some_value(i, grad, x.shape, name != "copy_"))
        else:
            if name == "sqrt_":
                self.do("method", grad, i, "square_")
                self.do("method", grad, i, "add_", 0.5)
            self.do("method", grad, i, name)

    def some_value(self, i: int, grad: bool, shape: tuple[int, ...], kept: bool) -> Any:
        """Return what may be written to member i at a region of this shape; ``kept``: of a like dtype."""
        members, kind = self.numbers.members, self.numbers.members[i].dtype.kind
        choice = self.random.random()
        if choice < 0.2:
            scalars = [0.5, -0.25, 2, True] + ([1 - 0.5j] if kind == "c" else [])
            return self.random.choice([1, 2] if kind == "i" and kept else scalars)
        if choice < 0.6:
            orders = {"i": 0, "f": 1, "c": 2}
            tracks = not grad or (self.live[i] and kind in "fc")
            j = self.chosen(
                lambda j: (
                    broadcasts(members[j].shape, shape)
                    and orders[members[j].dtype.kind] <= orders[kind]
                    and (tracks or not self.tracked(j))
                )
            )
            if j is not None:
                return j, self.random.choice([None, 0.5]) if kind != "i" else None
        dtypes = {"i": ["int64"], "f": ["float64", "float32", "int64"], "c": ["complex128", "float64"]}[kind]
        if kind == "i" and not kept:
            dtypes = ["int64", "float64"]
        dtype = self.random.choice(dtypes)
        self.narrow = self.narrow or dtype == "float32"
        cut = self.random.randrange(len(shape) + 1) if self.random.random() < 0.3 else 0
        small = tuple(1 if self.random.random() < 0.2 else n for n in shape[cut:])
        return self.drawn(self.random.choice([shape, small]), dtype)

    def some_key(self, shape: tuple[int, ...]) -> Any:
        """Return an index key."""
        way = self.random.choice(["int", "slice", "slice", "mask", "array", "array", "mixed"])
        n = len(shape)
        if way == "mask":
            axes = self.random.randrange(1, n + 1) if n else 0
            flat = [self.random.random() < 0.5 for _ in range(int(np.prod(shape[:axes])))]
            return np.array(flat, bool).reshape(shape[:axes])
        if not n or 0 in shape:
            return self.random.choice([..., (), None])
        if way == "int":
            key = tuple(self.random.randrange(-m, m) for m in shape[: self.random.randrange(1, n + 1)])
            return key[0] if len(key) == 1 else key
        if way == "array":
            block = self.random.choice([(3,), (2,), (1,), (2, 2), (0,)])
            parts = [self.indices(m, block) for m in shape[: self.random.randrange(1, n + 1)]]
            return parts[0] if len(parts) == 1 else tuple(parts)
        parts = [self.some_slice(m) for m in shape]
        if way == "mixed":
            for a in self.random.sample(range(n), self.random.randrange(1, n + 1)):
                i = self.random.randrange(shape[a])
                parts[a] = self.random.choice([i, self.indices(shape[a], (2,)), self.indices(shape[a], (3,))])
                if isinstance(parts[a], np.ndarray) and len(parts[a]) == 3:
                    parts[a] = parts[a][:2]
        if self.random.random() < 0.15:
            parts.insert(self.random.randrange(len(parts) + 1), None)
        if self.random.random() < 0.15:
            parts[self.random.randrange(len(parts)) :] = [...]
        return parts[0] if len(parts) == 1 else tuple(parts)

    def indices(self, n: int, block: tuple[int, ...]) -> np.ndarray:
        flat = [self.random.randrange(-n, n) for _ in range(int(np.prod(block)))]
        return np.array(flat, np.int64).reshape(block)

    def some_slice(self, n: int) -> slice:
        step = self.random.choice([None, None, 1, 2, -1, -1, -2])
        ends = [self.random.choice([None, None, *range(-n - 1, n + 2)]) for _ in range(2)]
        return slice(*ends, step)

    # ------------------------------------------------ the derivative

    def loss(self, members: list[Any], weights: list[Any], total: Any) -> Any:
        """Return a real scalar that depends on every member that requires a gradient."""
        out: Any = None
        for i, (m, w) in enumerate(zip(members, weights, strict=True)):
            if self.tracked(i) and m.size:
                part = total(m * (0.5 * m + w))
                out = part if out is None else out + part
        return out

    def replayed(self, tape: list[Any] | None, inputs: list[np.ndarray]) -> Numbers:
        """Run all steps in NumPy, in double precision."""
        numbers = Numbers(self, inputs, tape, True)
        with np.errstate(all="ignore"):
            for step in self.steps:
                numbers.step(*step)
        return numbers

    def difference(self, directions: list[list[np.ndarray]], h: float) -> float:
        """Return the derivative of the NumPy program along one direction, or two, by central differences."""
        tape = self.replayed(None, self.inputs).tape if self.narrow else self.numbers.tape
        signs = [(1,), (-1,)] if len(directions) == 1 else [(1, 1), (1, -1), (-1, 1), (-1, -1)]
        out = 0.0
        for sign in signs:
            moves = [sum(s * h * d[k] for s, d in zip(sign, directions, strict=True)) for k in range(2)]
            members = self.replayed(tape, [x + m for x, m in zip(self.inputs, moves, strict=True)]).members
            out += float(np.prod(sign)) * float(np.real(self.loss(members, self.weights, np.sum)))
        return out / (2 * h) ** len(directions)


def broadcasts(shape: tuple[int, ...], onto: tuple[int, ...]) -> bool:
    """Tell whether a shape broadcasts to another."""
    return len(shape) <= len(onto) and all(m in (1, n) for m, n in zip(shape[::-1], onto[::-1], strict=False))


def factored(n: int) -> list[tuple[int, ...]]:
    """Return some shapes of n entries."""
    pairs = [(a, n // a) for a in range(1, n + 1) if n % a == 0] if n else [(0, 2), (3, 0)]
    return [(n,), *pairs, *([(2, n // 4, 2)] if n and n % 4 == 0 else []), *([()] if n == 1 else [])]


def check(program: Program, backend: Backend, count: Counter[Any]) -> None:
    """Run a program in anygrad; raise ``AssertionError`` where a number or a gradient is not NumPy's."""
    tensors = Tensors(program, program.inputs, backend, count)
    for step in program.steps:
        tensors.step(*step)
    for i, (x, expected) in enumerate(zip(tensors.members, program.numbers.members, strict=True)):
        single = expected.dtype in WIDER or program.narrow
        got = backend.to_numpy(x.array)
        assert got.dtype == expected.dtype, (
            f"member {i} has dtype {got.dtype}, not {expected.dtype}\n{program}"
        )
        assert got.shape == expected.shape, (
            f"member {i} has shape {got.shape}, not {expected.shape}\n{program}"
        )
        near = np.allclose(got, expected, rtol=1e-5 if single else 1e-12, atol=1e-6 if single else 1e-14)
        assert near, f"member {i} is\n{got}, not\n{expected}\n{program}"
        assert x.requires_grad == program.tracked(i), (
            f"member {i} requires a gradient: {x.requires_grad}\n{program}"
        )
    for got, expected in zip(tensors.snapshots, program.numbers.snapshots, strict=True):
        assert np.allclose(got, expected, rtol=1e-5), f"a snapshot changed\n{program}"
    for array, before in tensors.shared:
        assert np.array_equal(array, before), f"an array of the caller's was written\n{program}"
    check_derivative(program, tensors)


def check_derivative(program: Program, tensors: Tensors) -> None:
    """Compare the gradient along random directions with finite differences."""
    rng = np.random.default_rng(program.seed)
    directions: list[list[np.ndarray]] = []
    weights = [ag.asarray(w, device=tensors.backend.name) for w in program.weights]
    out = program.loss(tensors.members, weights, ag.sum)
    for order in range(program.order):
        parts = [rng.standard_normal(x.shape) for x in program.inputs]
        turn = 1j if program.complex else 0
        directions.append([p + turn * rng.standard_normal(p.shape) for p in parts])
        out = ag.real(out) if program.complex else out
        last = order == program.order - 1
        found = ag.autograd.grad(out, tensors.leaves, create_graph=not last, materialize_grads=True)
        ways = [ag.asarray(d, device=tensors.backend.name) for d in directions[-1]]
        out = sum(
            (g.conj() * way if program.complex else g * way).sum() for g, way in zip(found, ways, strict=True)
        )
        if not out.requires_grad and not last:
            directions.append(directions[-1])
            out = 0.0
            break
    got = float(np.real(complex(out)))
    tries = []
    # More than one step: near a kink of clip only the smaller ones tell.
    for h in (1e-5, 1e-6, 1e-4, 1e-7) if program.order == 1 else (2e-4, 5e-5, 1e-3):
        expected = program.difference(directions, h)
        tries.append(expected)
        scale = 1 + abs(expected) + (abs(got) if program.narrow else 0)
        if abs(got - expected) <= (2e-3 if program.narrow else 1e-6 if program.order == 1 else 2e-5) * scale:
            return
    raise AssertionError(f"the derivative along {directions} is {got}, by differences {tries}\n{program}")
