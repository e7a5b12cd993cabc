"""Samples: for every row, derived function and creation function, the operands that the tests call it with.

A sample is NumPy's view of a call; a target (a backend under test) makes tensors of it. Kinds name what a
sample is there for. The chapters are in ``samples_elementwise``, ``samples_shapes`` and ``samples_corners``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

import numpy as np

from anygrad.functions import FUNCTIONS
from anygrad.op import REGISTRY
from anygrad.tensors import Tensor
from tests.targets import Target

KINDS = ("plain", "broadcast", "scalar", "mixed", "axis", "0-d", "empty", "tie")
"""``tie`` is every point where a derivative had to be decided: ties, zeros, infinities, corners."""

SAMPLES: dict[str, list[Sample]] = {}
"""The samples of each function by its name."""

X = np.array([[-1.3, 0.4, 2.2], [0.9, -0.6, 1.7]])
Y = np.array([[0.7, -1.1, 0.47], [-0.35, 1.35, 2.6]])
POSITIVE = np.array([[0.3, 1.2, 2.5], [0.7, 1.9, 0.15]])
UNIT = np.array([[-0.7, 0.4, 0.2], [0.9, -0.35, 0.05]])
ABOVE_ONE = POSITIVE + 1
Z = np.array([[0.55 + 0.7j, -1.2 + 0.3j, 0.8 - 1.1j], [-0.4 - 0.9j, 1.6 + 0.2j, 0.3 + 1.4j]])
W = np.array([[1.1 - 0.4j, 0.6 + 0.8j, -0.7 + 0.5j], [0.9 + 1.2j, -1.3 - 0.6j, 0.4 - 0.3j]])
NUMBERS = np.array([[4, 1, 7], [2, 9, 3]])
FLAGS = np.array([[True, False, True], [False, False, True]])


OWN: dict[str, Callable[..., Any]] = {"clip": lambda x, low=None, high=None: np.clip(x, low, high)}
"""References where NumPy's function has another signature."""


def itself(x: Any) -> Any:
    """Return what it is given."""
    return x


@dataclass(frozen=True, eq=False)
class Sample:
    """One call: operands (NumPy arrays, or scalars of Python), then ``extra`` and keyword arguments.

    ``grads`` are the gradients of the sum of the output, known exactly, one for each tracked operand.
    ``smooth`` tells whether differences tell the derivative. ``without`` has reasons not to run, by target.
    ``before`` is applied to the first operand (which it makes Hermitian, say) and ``after`` to what the
    function returns (of which it keeps what no choice of phases changes); both take arrays and tensors.
    """

    name: str
    kind: str
    operands: tuple[Any, ...]
    extra: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    grads: tuple[Any, ...] | None = None
    smooth: bool = True
    reference: Callable[..., Any] | None = None
    without: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[Any], Any] = itself
    after: Callable[[Any], Any] = itself

    def __str__(self) -> str:
        parts = [f"{o.dtype}{list(o.shape)}" if isinstance(o, np.ndarray) else repr(o) for o in self.operands]
        parts += [repr(e) for e in self.extra] + [f"{k}={v!r}" for k, v in self.options.items()]
        return f"{self.kind}: {self.name}({', '.join(parts)})"

    @property
    def is_list(self) -> bool:
        """Whether the operands go in as one list."""
        return self.name in REGISTRY and REGISTRY[self.name].is_list

    @property
    def tracked(self) -> tuple[int, ...]:
        """The operands that take gradients."""
        row = REGISTRY.get(self.name)
        return tuple(
            i
            for i, o in enumerate(self.operands)
            if isinstance(o, np.ndarray)
            and o.dtype.kind in "fc"
            and (row is None or row.is_list or i in row.differentiable)
            and (row is None or bool(row.formulas))
        )

    @property
    def is_complex(self) -> bool:
        """Whether some operand is complex."""
        return any(np.iscomplexobj(o) for o in self.operands if o is not None)

    def expected(self) -> Any:
        """Return what NumPy's own function gives."""
        function = self.reference or OWN.get(self.name) or attrgetter(self.name)(np)
        operands = (
            (list(self.operands),)
            if self.is_list
            else (*map(self.before, self.operands[:1]), *self.operands[1:])
        )
        with np.errstate(all="ignore"):
            return self.after(function(*operands, *self.extra, **self.options))

    def made(self, target: Target, tracked: tuple[int, ...] = (), layout: str = "C") -> list[Any]:
        """Return the operands as tensors of a target: the tracked ones are leaves that require gradients."""
        return [
            target.make(o, i in tracked, layout) if isinstance(o, np.ndarray) else o
            for i, o in enumerate(self.operands)
        ]

    def call(self, target: Target, operands: list[Any]) -> Any:
        """Call the function of anygrad."""
        with np.errstate(all="ignore"):
            return self.after(self.bare(target, operands))

    def bare(self, target: Target, operands: list[Any]) -> Any:
        """Call the function of anygrad, and leave what it returns as it is."""
        given = (list(operands),) if self.is_list else (*map(self.before, operands[:1]), *operands[1:])
        xp = target.backend
        with np.errstate(all="ignore"):
            return FUNCTIONS[self.name](*given, *carried(xp, self.extra), **carried(xp, dict(self.options)))

    def cast(self, double: str, single: str) -> Sample:
        """Return the sample with operands of single precision."""
        kinds = {"f": np.dtype(double), "c": np.dtype(single)}
        return replace(
            self,
            operands=tuple(
                o.astype(kinds[o.dtype.kind]) if isinstance(o, np.ndarray) and o.dtype.kind in kinds else o
                for o in self.operands
            ),
        )


def carried(xp: Any, value: Any) -> Any:
    """Return keywords with their index arrays on the backend."""
    if isinstance(value, np.ndarray):
        return xp.from_numpy(value)
    if isinstance(value, dict):
        return {k: carried(xp, v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(carried(xp, v) for v in value)
    return value


def sample(name: str, kind: str, *operands: Any, **rest: Any) -> None:
    """Declare a sample; lists become arrays, and what is no field of a sample is a keyword of the call."""
    assert kind in KINDS, kind
    named = ("extra", "grads", "smooth", "reference", "without", "before", "after")
    fields = {k: rest.pop(k) for k in named if k in rest}
    fields.setdefault("smooth", kind != "tie")
    given = tuple(np.array(o) if isinstance(o, list | np.generic) else o for o in operands)
    SAMPLES.setdefault(name, []).append(Sample(name, kind, given, options=rest, **fields))


def own(names: Iterable[str]) -> tuple[str, ...]:
    """Leave out the operations that tests declare, and those of SciPy, which ``tests/consumers`` tries."""
    return tuple(name for name in names if not name.startswith(("tests.", "scipy.")))


def cases(name: str, target: str | None = None, *kinds: str, **traits: Any) -> Iterator[Sample]:
    """Return the samples of a function that run on a target, of some kinds, with the given attributes.

    On JAX, which compiles every function anew for each shape, one real and one complex sample of each kind.
    """
    seen: set[tuple[str, bool]] = set()
    for one in SAMPLES.get(name, ()):
        if (kinds and one.kind not in kinds) or target in one.without:
            continue
        if target == "jax" and one.kind != "tie":
            if (one.kind, one.is_complex) in seen:
                continue
            seen.add((one.kind, one.is_complex))
        if all(bool(getattr(one, k)) == v for k, v in traits.items()):
            yield one


def outputs_of(found: Any) -> list[Tensor]:
    """Return one output or several as a list."""
    return list(found) if isinstance(found, tuple | list) else [found]


def seeds_of(outs: list[Tensor], target: Target) -> list[Tensor]:
    """Return a gradient for each output: numbers without a pattern, the same in every run."""
    made = []
    for out in outs:
        random = np.random.default_rng(out.size)
        values = random.normal(size=out.shape) + (
            1j * random.normal(size=out.shape) if out.dtype.kind == "c" else 0
        )
        made.append(target.make(np.asarray(values).astype(out.dtype)))
    return made


# The chapters declare into SAMPLES.
from tests import (  # noqa: E402, F401
    samples_convolution,
    samples_corners,
    samples_elementwise,
    samples_fft,
    samples_linalg,
    samples_manipulation,
    samples_neural,
    samples_shapes,
    samples_sorting,
    samples_special,
)
