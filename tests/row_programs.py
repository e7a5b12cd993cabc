"""Random programs over rows, for hypothesis: shapes, broadcasts, reuse, views, writes and branches.

``programs`` draws steps while running them in NumPy, so that domains, shapes, thresholds and what may be
written are known. Values stay bounded by factors that are drawn into the steps, and thresholds stay away from
the values, so that a difference crosses no branch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.row_runners import AUGMENTED, SQUARE_MATRICES, WRITES, Numbers, Program, Shape, key_of

BOUND = 4.0
SHAPES: list[Shape] = [(3,), (2, 3), (3, 3), (), (3, 2), (1, 3), (2, 1), (2, 2, 3), (0,), (2, 0)]
ANYWHERE = ["sin", "cos", "sinh", "cosh", "exp", "expm1", "square", "negative", "positive", "clone"]
REAL = [
    "tanh",
    "atan",
    "asinh",
    "relu",
    "sigmoid",
    "abs",
    "log",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "reciprocal",
]
REAL += ["asin", "acos", "atanh", "acosh", "tan"]
COMPLEX = ["conj", "real", "imag"]
BINARY = ["add", "subtract", "multiply"]
REAL_BINARY = ["divide", "pow", "atan2", "hypot", "logaddexp", "maximum", "minimum", "copysign"]
REDUCTIONS = ["sum", "mean", "prod"]
REAL_REDUCTIONS = ["max", "min", "var", "std", "logsumexp"]
METHODS = ["sin", "cos", "square", "negative", "tanh"]
KINDS = ["unary", "binary", "reduction", "view", "write", "where", "branch", "matmul", "arranged", "along"]
WEIGHTS = [3, 3, 2, 3, 4, 1, 1, 3, 2, 2]


class Maker:
    """Draws steps; ``numbers`` are the registers so far."""

    def __init__(self, draw: Any, program: Program) -> None:
        self.draw = draw
        self.program = program
        self.numbers = Numbers(program.inputs())

    def one_of(self, options: list[Any]) -> Any:
        """Draw one of some options."""
        return options[self.draw(st.integers(0, len(options) - 1))]

    def register(self, fits: Any = lambda m: True) -> int | None:
        """Draw a register that fits; late ones are the simpler choice."""
        found = [i for i, m in enumerate(self.numbers.members) if fits(m)]
        return self.one_of(found[::-1]) if found else None

    def like(self, i: int) -> int:
        """Draw a register that broadcasts with register i to something small."""

        def fits(m: np.ndarray) -> bool:
            try:
                return math.prod(np.broadcast_shapes(m.shape, self.numbers.members[i].shape)) <= 40
            except ValueError:
                return False

        found = self.register(fits)
        return i if found is None else found

    def do(self, name: str, *at: int, **keywords: Any) -> None:
        """Add a step, with the factor that keeps its values bounded; not one whose values are not finite."""
        members = self.numbers.members
        if name not in WRITES and name not in ("method", "getitem"):
            trial = Numbers([])
            trial.members = members[:]
            with np.errstate(all="ignore"):
                trial.step(name, at, keywords)
            out = trial.members[-1]
            largest = float(np.abs(out).max()) if out.size else 0.0
            if not math.isfinite(largest) or out.size > 60:
                return
            if largest > BOUND:
                keywords["factor"] = float(f"{BOUND / largest / 2:.1g}")
        self.numbers.step(name, at, keywords)
        self.program.steps.append((name, at, keywords))

    def grow(self) -> None:
        """Add one step, or none where nothing fits."""
        kind = self.one_of([k for k, n in zip(KINDS, WEIGHTS) for _ in range(n)])
        getattr(self, kind)()

    def unary(self) -> None:
        i = self.register()
        complex_ = self.numbers.members[i].dtype.kind == "c"
        self.do(self.one_of(ANYWHERE + (COMPLEX if complex_ else REAL)), i)

    def binary(self) -> None:
        i = self.register()
        j = self.like(i)
        complex_ = any(self.numbers.members[k].dtype.kind == "c" for k in (i, j))
        self.do(self.one_of(BINARY + ([] if complex_ else REAL_BINARY)), i, j)

    def reduction(self) -> None:
        i = self.register()
        x = self.numbers.members[i]
        names = REDUCTIONS + ([] if x.dtype.kind == "c" else REAL_REDUCTIONS) if x.size else ["sum", "prod"]
        axes = list(range(-x.ndim, x.ndim))
        pairs = [(a, b) for a in range(x.ndim) for b in range(x.ndim) if a != b]
        axis = self.one_of([None, *axes, *pairs])
        self.do(self.one_of(names), i, axis=axis, keepdims=self.draw(st.booleans()))

    def along(self) -> None:
        i = self.register(lambda m: m.ndim and m.size)
        if i is None:
            return
        x = self.numbers.members[i]
        axis = self.one_of(list(range(-x.ndim, x.ndim)))
        names = ["cumulative_sum", "cumulative_prod", "take", "diff"]
        name = self.one_of(names + ([] if x.dtype.kind == "c" else ["sort", "softmax"]))
        if name == "sort":
            self.do(name, i, axis=axis, descending=self.draw(st.booleans()))
        elif name == "take":
            indices = self.draw(st.lists(st.integers(0, x.shape[axis] - 1), min_size=1, max_size=4))
            self.do(name, i, axis=axis, indices=indices)
        elif name.startswith("cumulative"):
            self.do(name, i, axis=axis, include_initial=self.draw(st.booleans()))
        else:
            self.do(name, i, axis=axis)

    def matmul(self) -> None:
        i = self.register(lambda m: m.ndim >= 2 and m.size)
        if i is None:
            return
        x = self.numbers.members[i]
        if x.dtype.kind == "f" and self.draw(st.booleans()):
            self.do(self.one_of(SQUARE_MATRICES) if x.shape[-1] == x.shape[-2] else "matrix_transpose", i)
            return
        j = self.register(
            lambda m: (
                m.ndim and m.shape[-2:][0] == x.shape[-1] and (m.ndim < 3 or m.shape[:-2] == x.shape[:-2])
            )
        )
        if j is not None:
            self.do("matmul", i, j)

    def view(self) -> None:
        i = self.register()
        shape = self.numbers.members[i].shape
        name = self.one_of(
            ["getitem", "getitem", "reshape", "permute_dims", "broadcast_to", "flip", "expand_dims"]
        )
        if name == "getitem":
            self.do(name, i, key=self.key(shape))
        elif name == "reshape":
            n = math.prod(shape)
            whole = [(a, n // a) for a in range(1, n + 1) if n % a == 0] if n else [(0, 2), (3, 0)]
            self.do(name, i, to=self.one_of([(n,), (-1,) if n else (0,), *whole]))
        elif name == "permute_dims":
            self.do(name, i, to=tuple(self.draw(st.permutations(range(len(shape))))))
        elif name == "broadcast_to":
            self.do(name, i, to=(*self.one_of([(), (2,)]), *(2 if n == 1 else n for n in shape)))
        elif name == "flip":
            self.do(name, i, axis=self.one_of([None, *range(len(shape))]))
        else:
            self.do(name, i, axis=self.one_of(list(range(-len(shape) - 1, len(shape) + 1))))

    def key(self, shape: Shape) -> Any:
        """Draw an index key: slices, integers, None, a list of integers, a mask."""
        way = self.one_of(["slices", "slices", "list", "mask"])
        if not shape or 0 in shape:
            return self.one_of([..., None])
        if way == "mask":
            return [self.draw(st.booleans()) for _ in range(shape[0])]
        if way == "list":
            return self.draw(st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=4))
        slices = [slice(None), slice(1, None), slice(None, -1), slice(None, None, -1), slice(None, None, 2)]
        parts = [self.one_of([*slices, self.draw(st.integers(-n, n - 1))]) for n in shape]
        return tuple(parts[: self.draw(st.integers(1, len(parts)))])

    def arranged(self) -> None:
        i = self.register()
        x = self.numbers.members[i]
        name = self.one_of(["concat", "stack", "roll", "repeat", "tile", "tril"])
        if name in ("concat", "stack"):
            if name == "concat" and not x.ndim:
                return
            others = [
                self.register(lambda m: m.shape == x.shape) for _ in range(self.draw(st.integers(0, 2)))
            ]
            self.do(name, i, *others, axis=self.one_of(list(range(-max(x.ndim, 1), max(x.ndim, 1)))))
        elif name == "roll":
            self.do(name, i, shift=self.draw(st.integers(-3, 3)), axis=self.one_of([None, *range(x.ndim)]))
        elif name == "repeat" and x.ndim:
            self.do(name, i, to=2, axis=self.one_of(list(range(x.ndim))))
        elif name == "tile":
            self.do(name, i, to=self.one_of([(2,), (2, 1), (1, 2)]))
        elif name == "tril" and x.ndim >= 2:
            self.do(name, i, k=self.draw(st.integers(-1, 1)))

    def where(self) -> None:
        i = self.register()
        j, x = self.like(i), self.numbers.members[i]
        if x.dtype.kind == "c" or x.size < 2 or self.draw(st.booleans()):
            mask = [self.draw(st.booleans()) for _ in range(x.size)]
            self.do("where", i, j, mask=mask, shape=x.shape)
            return
        flat = np.sort(x, axis=None)
        k = int(np.argmax(np.diff(flat)))
        if flat[k + 1] - flat[k] > 0.05:
            self.do("where_above", i, j, threshold=float((flat[k] + flat[k + 1]) / 2))

    def branch(self) -> None:
        i, j = self.register(), self.register()
        total = float(np.sum(self.numbers.members[i]).real)
        threshold = total + self.one_of([0.5, -0.5])
        self.do("branch", i, j, threshold=threshold, names=(self.one_of(METHODS), self.one_of(METHODS)))

    def write(self) -> None:
        i = self.register(lambda m: m.flags.writeable)
        if i is None:
            return
        x = self.numbers.members[i]
        way = self.one_of(["write", "write", "augment", "augment", "method"])
        if way == "method":
            self.do("method", i, of=self.one_of(METHODS))
            return
        key = self.one_of([None, "key"]) and self.key(x.shape)
        region = x if key is None else x[key_of(key)]
        j = self.register(
            lambda m: (x.dtype.kind == "c" or m.dtype.kind == "f") and fits(m.shape, np.shape(region))
        )
        given: dict[str, Any] = (
            {"scalar": self.one_of([0.5, -1.25])} if j is None or self.draw(st.booleans()) else {}
        )
        at = (i,) if given else (i, j)
        if way == "write":
            self.do("write", *at, key=... if key is None else key, **given)
            return
        grown = np.abs(region).max(initial=0) * (
            np.abs(self.numbers.members[j]).max(initial=0) if not given else 1.25
        )
        by = self.one_of(list(AUGMENTED) if grown <= 2 * BOUND else ["+=", "-="])
        if by == "*=" or np.abs(region).max(initial=0) <= 2 * BOUND:
            self.do("augment", *at, key=key, by=by, **given)


def fits(shape: Shape, onto: Shape) -> bool:
    """Tell whether a shape broadcasts to another."""
    try:
        return np.broadcast_shapes(shape, onto) == onto
    except ValueError:
        return False


@st.composite
def programs(draw: Any) -> Program:
    """Draw a program of up to sixteen steps over one to three inputs, some of them complex."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    some_complex = draw(st.sampled_from([False, True]))
    program = Program(
        shapes, [some_complex and draw(st.booleans()) for _ in shapes], draw(st.integers(0, 999))
    )
    maker = Maker(draw, program)
    for _ in range(draw(st.integers(5, 16))):
        maker.grow()
    return program
