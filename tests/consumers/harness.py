"""What a consumer's case is, and how it is held against plain NumPy.

A case is one call of somebody else's function. ``check`` calls it on arrays of NumPy's and on tensors,
compares the values, asks whether a graph leads from what came out to what went in, and compares the gradient
with differences of the function on NumPy. What is untracked and yet changes with the input has lost the
gradient, whatever was declared.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

import anygrad as ag
from anygrad.errors import DeviceError

__all__ = ["GRADIENT", "Case", "Exits", "Held", "Plain", "Raises", "check"]

DRAWS, DIRECTIONS = 2, 2
VALUES = ("astype", "complex", "float", "int", "item", "numpy", "tolist")
"""Exits by which values leave; ``bool`` and ``index`` are decisions."""
Draw = Callable[[np.random.Generator], np.ndarray]


# ---------------------------------------------------------------- what comes of a case


@dataclass(frozen=True)
class Outcome:
    """What comes of a case, and ``why`` where it is no gradient."""

    why: str = ""
    said = "with gradient"


@dataclass(frozen=True)
class Plain(Outcome):
    """The result is there and has no gradient by its nature: integers, booleans, constants."""

    said = "without"


@dataclass(frozen=True)
class Exits(Outcome):
    """The function makes Python scalars of tensors: what comes out lacks a gradient, the audit says so."""

    said = "exits, audited"


@dataclass(frozen=True)
class Raises(Outcome):
    """The function raises this error, of which ``why`` names the cause."""

    error: type[BaseException] = Exception
    match: str = ""
    said = "raises"

    def __init__(self, error: type[BaseException], why: str, match: str = "") -> None:
        for name, value in {"error": error, "why": why, "match": match}.items():
            object.__setattr__(self, name, value)


GRADIENT = Outcome()


# ---------------------------------------------------------------- inputs


@dataclass(frozen=True)
class Held:
    """An input that becomes a tensor and requires no gradient."""

    draw: Draw


def normal(*shape: int) -> Draw:
    """Draw from the normal distribution."""
    return lambda rng: rng.standard_normal(shape)


def within(low: float, high: float, *shape: int) -> Draw:
    """Draw evenly between two numbers."""
    return lambda rng: rng.uniform(low, high, shape)


def positive(*shape: int) -> Draw:
    """Draw numbers between a half and two."""
    return within(0.5, 2.0, *shape)


def apart(*shape: int, offset: float = 0.0) -> Draw:
    """Draw numbers whose order differences do not change: a twentieth lies between any two of them.

    So it does between those of two draws, if one has an ``offset`` of a tenth.
    """
    n = int(np.prod(shape))
    return lambda rng: rng.permutation(n).reshape(shape) / 5 + rng.uniform(0, 0.05, shape) + offset


def rising(n: int) -> Draw:
    """Draw numbers that rise, in steps between a half and one."""
    return lambda rng: np.cumsum(rng.uniform(0.5, 1.0, n))


def waves(*shape: int) -> Draw:
    """Draw complex numbers."""
    return lambda rng: rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def spd(n: int) -> Draw:
    """Draw a symmetric positive definite matrix; differences leave it in any direction."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        a = rng.standard_normal((n, n))
        return a @ a.T + n * np.eye(n)

    return draw


def fixed(value: Any) -> Held:
    """Hold an array that is always the same."""
    return Held(lambda rng: np.array(value))


# ---------------------------------------------------------------- a case


class Case:
    """One call: ``call(*arrays)`` is somebody else's function with what it needs beside arrays.

    ``name`` is the function's, and after a blank what tells several calls of it apart. ``inputs`` are draws,
    or ``Held`` ones. ``reference`` is called in the place of ``call`` on NumPy where the function is another.
    ``pick`` takes from a result what is to be compared, where it is an object of the library's. ``strict`` is
    what comes of it on array_api_strict, which has the standard alone, where that differs; ``everywhere``
    lets it run on PyTorch's and JAX's arrays too. ``around()`` is entered around call and gradient.
    ``step`` and ``rtol`` are of the differences, ``close`` is how close the values are; ``warns`` is of
    a warning to ignore.
    """

    def __init__(
        self,
        name: str,
        call: Callable[..., Any],
        *inputs: Draw | Held,
        outcome: Outcome = GRADIENT,
        strict: Outcome | None = None,
        everywhere: bool = False,
        reference: Callable[..., Any] | None = None,
        pick: Callable[[Any], Any] = lambda result: result,
        around: Callable[[], AbstractContextManager[Any]] = nullcontext,
        step: float = 1e-3,
        rtol: float = 1e-6,
        close: float = 1e-9,
        warns: str | None = None,
    ) -> None:
        self.name, self.call, self.inputs = name, call, inputs
        self.outcome, self.strict, self.everywhere = outcome, strict, everywhere
        self.reference, self.pick, self.around = reference or call, pick, around
        self.step, self.rtol, self.close, self.warns = step, rtol, close, warns
        assert inputs, f"{name} has no inputs"
        assert any(not isinstance(i, Held) for i in inputs), f"{name} has no input to differentiate"

    def on(self, target: Any) -> Outcome:
        """Return what is to come of it on a backend; devices that do not mix are as array_api_strict's."""
        mixes = isinstance(self.strict, Raises) and self.strict.error is DeviceError
        if self.strict is None or not (target.name == "strict" or (mixes and not target.is_numpy)):
            return self.outcome
        return self.strict

    def __repr__(self) -> str:
        return self.name


# ---------------------------------------------------------------- results


def leaves(result: Any) -> list[Any]:
    """Return what a result holds, in order: arrays, tensors, Python's scalars and text."""
    if isinstance(result, ag.Tensor | np.ndarray | np.generic | int | float | complex | str | None):
        return [result]
    if isinstance(result, dict):
        return [leaf for value in result.values() for leaf in leaves(value)]
    if isinstance(result, list | tuple):
        return [leaf for value in result for leaf in leaves(value)]
    if dataclasses.is_dataclass(result):
        return [leaf for f in dataclasses.fields(result) for leaf in leaves(getattr(result, f.name))]
    raise TypeError(f"{type(result).__name__}: say in pick= what of it is compared")


def host(leaf: Any) -> np.ndarray:
    """Return a leaf's values."""
    return leaf.xp.to_numpy(leaf.array) if isinstance(leaf, ag.Tensor) else np.asarray(leaf)


def varies(leaf: Any) -> bool:
    """Tell whether a leaf is of numbers that could have a gradient."""
    return not isinstance(leaf, str | None) and host(leaf).dtype.kind in "fc"


def tracked(leaf: Any) -> bool:
    """Tell whether a leaf is a tensor with a graph, or an input itself."""
    return isinstance(leaf, ag.Tensor) and leaf.requires_grad


def reached(outputs: Iterable[Any], wanted: set[int]) -> set[int]:
    """Return which nodes, of those wanted by their id, the graphs of the outputs reach: the spy."""
    seen: set[int] = set()
    waiting = [t.node for t in outputs]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            waiting.extend(node.edges)
    return seen & wanted


# ---------------------------------------------------------------- the check


class Reference:
    """The function on NumPy: its values, and by differences how its floating leaves change."""

    def __init__(self, case: Case, rng: np.random.Generator) -> None:
        self.case = case
        self.held = [isinstance(i, Held) for i in case.inputs]
        self.inputs = [np.asarray((i.draw if isinstance(i, Held) else i)(rng)) for i in case.inputs]
        self.leaves = self.at(self.inputs)
        self.directions = [[self.direction(rng, x) for x in self.inputs] for _ in range(DIRECTIONS)]
        self.changes: list[list[np.ndarray]] = []

    def at(self, inputs: list[np.ndarray]) -> list[Any]:
        with ignoring(self.case.warns):
            return leaves(self.case.pick(self.case.reference(*(x.copy() for x in inputs))))

    @staticmethod
    def direction(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
        v = rng.standard_normal(x.shape)
        return v + 1j * rng.standard_normal(x.shape) if x.dtype.kind == "c" else v

    def moved(self, direction: list[np.ndarray], t: float) -> list[np.ndarray]:
        """Return the floating leaves where the inputs have been moved along a direction."""
        there = [
            x if held else (x + t * v).astype(x.dtype)
            for x, v, held in zip(self.inputs, direction, self.held, strict=True)
        ]
        return [np.asarray(leaf) for leaf in self.at(there) if varies(leaf)]

    def change(self, direction: list[np.ndarray]) -> list[np.ndarray]:
        """Return the derivative of each floating leaf along a direction: differences of five points."""
        h = self.case.step
        points = [self.moved(direction, t) for t in (-2 * h, -h, h, 2 * h)]
        with np.errstate(invalid="ignore"):
            return [(8 * (c - b) - (d - a)) / (12 * h) for a, b, c, d in zip(*points, strict=True)]

    def measure(self) -> None:
        self.changes = [self.change(direction) for direction in self.directions]


@contextmanager
def ignoring(pattern: str | None) -> Iterator[None]:
    """Ignore the warnings that a case says the function gives."""
    with warnings.catch_warnings():
        if pattern is not None:
            warnings.filterwarnings("ignore", message=pattern)
        yield


def check(case: Case, target: Any) -> None:
    """Hold a case against plain NumPy on a backend, twice; fail where what comes of it is not as declared."""
    for draw in range(DRAWS):
        rng = np.random.default_rng(draw)
        reference = Reference(case, rng)
        outcome = case.on(target)
        with case.around(), ignoring(case.warns):
            if isinstance(outcome, Raises):
                _check_raise(case, reference, target, outcome)
            else:
                _check_result(case, reference, target, outcome, rng)


def _called(case: Case, inputs: list[Any]) -> list[Any]:
    return leaves(case.pick(case.call(*inputs)))


def _made(reference: Reference, target: Any) -> list[Any]:
    pairs = zip(reference.inputs, reference.held, strict=True)
    return [target.make(x, grad=not held) for x, held in pairs]


def _check_raise(case: Case, reference: Reference, target: Any, outcome: Raises) -> None:
    """Fail unless it raises what was declared, forwards or in the backward pass."""
    inputs = _made(reference, target)
    try:
        outputs = [leaf for leaf in _called(case, inputs) if tracked(leaf)]
        for output in outputs:
            output.backward(ag.ones_like(output), retain_graph=True)
    except outcome.error as error:
        assert outcome.match in str(error), f"{case}: another message: {error}"
        return
    raise AssertionError(f"{case}: expected {outcome.error.__name__}, and it works: declare what it does")


def _check_result(
    case: Case, reference: Reference, target: Any, outcome: Outcome, rng: np.random.Generator
) -> None:
    inputs = _made(reference, target)
    if isinstance(outcome, Exits):
        found = _audited(case, inputs)
    else:
        found = _called(case, inputs)
    _check_values(case, found, reference.leaves)
    reference.measure()
    floating = [leaf for leaf in found if varies(leaf)]
    outputs = {i: leaf for i, leaf in enumerate(floating) if tracked(leaf)}
    lost = [
        i
        for i in range(len(floating))
        if i not in outputs and any(np.any(np.abs(change[i]) > 1e-7) for change in reference.changes)
    ]
    if isinstance(outcome, Exits):
        wrong = None if lost or not outputs else _difference(case, inputs, outputs, reference, rng)
        assert lost or not outputs or wrong, f"{case}: declared to exit, and the gradient is right"
        return
    assert not lost, f"{case}: floating leaves {lost} change with the input and have no graph"
    if isinstance(outcome, Plain):
        assert not outputs, f"{case}: declared without gradient, and has one"
        assert not any(isinstance(leaf, np.ndarray | np.generic) for leaf in found), f"{case}: gave NumPy's"
        return
    assert outputs, f"{case}: no floating tensor with a graph came out"
    wanted = {id(t.node) for t in inputs if t.requires_grad}
    assert reached(outputs.values(), wanted) == wanted, f"{case}: the graph does not lead to every input"
    wrong = _difference(case, inputs, outputs, reference, rng)
    assert wrong is None, f"{case}: {wrong}"


def _audited(case: Case, inputs: list[Any]) -> list[Any]:
    """Return what comes of a case that leaves the graph; fail unless audit says so, and strict refuses it."""
    with ag.audit() as report:
        found = _called(case, inputs)
    assert any(exit.op in VALUES for exit in report), f"{case}: declared to exit, and nothing is recorded"
    with ag.strict():
        try:
            _called(case, inputs)
        except Exception as error:  # a library may have wrapped it in an error of its own
            assert "GraphExitError" in f"{type(error).__name__}: {error}", f"{case}: strict gives {error!r}"
            return found
    raise AssertionError(f"{case}: declared to exit, and strict lets it")


def _check_values(case: Case, found: list[Any], expected: list[Any]) -> None:
    """Compare the values with NumPy's."""
    assert len(found) == len(expected), f"{case}: {len(found)} leaves, NumPy's has {len(expected)}"
    for i, (leaf, like) in enumerate(zip(found, expected, strict=True)):
        if isinstance(like, str | None):
            assert leaf == like, f"{case}: leaf {i} is {leaf!r}, NumPy's {like!r}"
            continue
        got, want = host(leaf), host(like)
        assert got.shape == want.shape, f"{case}: leaf {i} has shape {got.shape}, NumPy's {want.shape}"
        assert varies(leaf) == varies(like), f"{case}: leaf {i} has dtype {got.dtype}, NumPy's {want.dtype}"
        sizes = np.abs(want[np.isfinite(want)])
        atol = case.close * float(np.max(sizes, initial=0))
        np.testing.assert_allclose(got, want, rtol=case.close, atol=atol, err_msg=f"{case}: leaf {i}")


def _difference(
    case: Case, inputs: list[Any], outputs: dict[int, Any], reference: Reference, rng: np.random.Generator
) -> str | None:
    """Return what is wrong with the gradient beside the differences; None where they agree."""
    cotangents = {i: reference.direction(rng, host(t)) for i, t in outputs.items()}
    seeds = [ag.asarray(cotangents[i], dtype=t.dtype, device=t.xp.name) for i, t in outputs.items()]
    moving = [i for i, held in enumerate(reference.held) if not held]
    found = ag.autograd.grad(list(outputs.values()), [inputs[i] for i in moving], seeds)
    gradients = [host(g) for g in found]
    for direction, changes in zip(reference.directions, reference.changes, strict=True):
        parts = [np.real(np.conj(g) * direction[i]) for g, i in zip(gradients, moving, strict=True)]
        got = sum(float(np.sum(part)) for part in parts)
        want = sum(float(np.sum(np.real(np.conj(c) * changes[i]))) for i, c in cotangents.items())
        scale = sum(float(np.sum(part**2)) for part in parts) ** 0.5
        if not abs(got - want) <= case.rtol * max(abs(want), scale, 1e-6):
            return f"the gradient along a direction is {got}, differences say {want}"
    return None
