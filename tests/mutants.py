"""Mutants: every formula changed in turn, and each must be noticed. ``python -m tests.mutants [row ...]``

Each mutant is tried in this process on the samples of its row, on NumPy, until one fails. Changes that cannot
make a difference are recognised by rules on what the formula returned and was called with, not by name:
conjugating what is always real, fitting what always fits, swapping operands that a formula never sees.
"""

from __future__ import annotations

import inspect
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np

import anygrad as ag
from anygrad import graph, rules, sums, tape
from anygrad.devices import get_backend
from anygrad.op import REGISTRY, Row
from anygrad.tensors import Tensor
from anygrad.testing import gradcheck
from tests.samples import Sample, cases, outputs_of, seeds_of
from tests.spy import replaced
from tests.targets import Target

NUMPY = Target("numpy", get_backend("cpu"))

Formula = Callable[..., Any]


@dataclass
class Seen:
    """What a formula did while the samples of its row passed; the rules for equivalent mutants read it."""

    calls: int = 0
    nonzero: bool = False
    complex: bool = False
    fitted: bool = False


# ---------------------------------------------------------------- what the samples notice


def check(one: Sample) -> None:
    """Raise where the gradients of a sample are not what they should be."""
    operands = one.made(NUMPY, one.tracked)
    outs = [out for out in outputs_of(one.call(NUMPY, operands)) if out.requires_grad]
    if not outs:
        return
    tracked = [operands[i] for i in one.tracked]
    if one.grads is not None:
        ones = [NUMPY.make(np.ones(out.shape, out.dtype)) for out in outs]
        for g, want in zip(ag.autograd.grad(outs, tracked, ones, retain_graph=True), one.grads, strict=True):
            np.testing.assert_allclose(g.numpy(), np.asarray(want), rtol=1e-9, equal_nan=True)
    if one.smooth:
        gradcheck(lambda *xs: one.call(NUMPY, list(xs)), operands)
    row = REGISTRY[one.name]
    if row.into is not None:
        accumulate(one, tracked[0])
    if row.consume is not None and one.smooth:
        consume(one, operands, tracked)
    for x, g in zip(tracked, ag.autograd.grad(outs, tracked, seeds_of(outs, NUMPY))):
        assert (g.shape, g.dtype) == (x.shape, x.dtype)


def accumulate(one: Sample, x: Tensor) -> None:
    """Use one input several times: from the second on, its gradient is added into a buffer."""
    outs = [one.call(NUMPY, [x]) for _ in range(4)]
    seeds = [seeds_of([out], NUMPY)[0] for out in outs]
    (whole,) = ag.autograd.grad(outs, x, seeds, retain_graph=True)
    (once,) = ag.autograd.grad(outs[0], x, seeds[0])
    np.testing.assert_allclose(whole.numpy(), 4 * once.numpy(), rtol=1e-9)


def consume(one: Sample, operands: list[Any], tracked: list[Tensor]) -> None:
    """Hand the row a gradient that nobody else holds, and compare with one that somebody does."""
    out = one.call(NUMPY, operands)
    (seed,) = seeds_of([out], NUMPY)
    shared = out.node.plan.all(NUMPY.backend, np.conj(seed.numpy()), out.node.saved)
    owned = ag.autograd.grad(out * 1, tracked, seed)
    for g, want in zip(owned, shared, strict=True):
        np.testing.assert_allclose(g.numpy(), np.conj(want), rtol=1e-9)


def passes(name: str) -> Sample | None:
    """Return the first sample that fails, None where all pass."""
    for one in cases(name, "numpy"):
        if one.tracked:
            try:
                check(one)
            except Exception:  # whatever a wrong formula leads to: the mutant is noticed
                return one
    return None


# ---------------------------------------------------------------- changes


def _each(change: Formula, found: Any) -> Any:
    """Change a gradient, or every one of several."""
    if isinstance(found, tuple):
        return tuple(g if g is None else change(g) for g in found)
    return change(found)


def _wrapped(formula: Formula, after: Callable[[Any, Any], Any]) -> Formula:
    """Return a formula whose result goes through ``after(xp, result)``."""
    names = list(inspect.signature(formula).parameters)
    takes_xp = "xp" in names
    parameters = names if takes_xp else ["xp", *names]
    scope: dict[str, Any] = {"formula": formula, "after": after}
    call = f"formula({', '.join(names)})"
    return eval(f"lambda {', '.join(parameters)}: after(xp, {call})", scope)  # type: ignore[no-any-return]


def _under(formula: Formula, context: Callable[[], Any]) -> Formula:
    """Return a formula, with the same parameters, that runs in a context."""

    def run(*arguments: Any) -> Any:
        with context():
            return formula(*arguments)

    names = ", ".join(inspect.signature(formula).parameters)
    return eval(f"lambda {names}: run({names})", {"run": run})  # type: ignore[no-any-return]


def scaled(formula: Formula, seen: Seen) -> Formula | None:
    """Multiply by 1.001, or where it is always zero, be a little off zero."""
    if seen.nonzero:
        return _wrapped(formula, lambda xp, found: _each(lambda g: g * 1.001, found))
    return _wrapped(formula, lambda xp, found: _each(lambda g: g + 1e-3, found))


def conjugated(formula: Formula, seen: Seen) -> Formula | None:
    """Conjugate."""
    if not seen.complex:
        return None
    return _wrapped(formula, lambda xp, found: _each(xp.conj, found))


def unfitted(formula: Formula, seen: Seen) -> Formula | None:
    """Leave the gradient in the shape and dtype of the output."""
    if not seen.fitted:
        return None

    def marked(xp: Any, found: Any) -> Any:
        RETURNED[:] = [found]
        return found

    inner = _wrapped(formula, marked)

    return _under(inner, lambda: mock.patch.object(rules, "fit", lambda xp, g, *rest: g))


RETURNED: list[Any] = []
"""What the formula in question returned last: the engine's next fitting of that very array is its own."""


def engine_fit(xp: Any, g: Any, *rest: Any) -> Any:
    """Stand in for the engine's ``fit``: leave alone what has just come from an unfitted mutant."""
    return g if any(g is found for found in RETURNED) else FIT(xp, g, *rest)


FIT = rules.fit


def symmetric(formula: Formula, names: list[str], renamed: list[str]) -> bool:
    """Tell whether a formula gives the same when two inputs are exchanged, on numbers of no pattern."""
    values = {name: np.array([0.37, 0.71]) + 0.113 * i for i, name in enumerate(names)}
    values["xp"] = NUMPY.backend
    try:
        one, other = (formula(*(values[name] for name in order)) for order in (names, renamed))
    except (KeyError, TypeError, ValueError, IndexError):  # It takes other than arrays.
        return False
    return isinstance(one, np.ndarray) and np.array_equal(one, other)


def swaps(row: Row, formula: Formula) -> Iterator[tuple[str, Formula | None]]:
    """Exchange two of the row's inputs in a formula that sees one of them, or both."""
    names = list(inspect.signature(formula).parameters)
    for a, b in itertools.combinations(row.inputs, 2):
        exchange = {a: b, b: a} | {
            f"{p}_{f}": f"{q}_{f}" for p, q in ((a, b), (b, a)) for f in ("shape", "dtype")
        }
        renamed = [exchange.get(name, name) for name in names]
        if renamed != names and symmetric(formula, names, renamed):
            yield f"{a} and {b} swapped", None
        elif renamed != names:
            yield (
                f"{a} and {b} swapped",
                eval(f"lambda {', '.join(renamed)}: f({', '.join(renamed)})", {"f": formula}),
            )


# ---------------------------------------------------------------- watching, and the run


def watched(formula: Formula, seen: Seen) -> Formula:
    """Return a formula that notes what it returns, and whether anything is fitted to an input."""

    def note(xp: Any, found: Any) -> Any:
        seen.calls += 1
        RETURNED[:] = [found]
        for g in found if isinstance(found, tuple) else (found,):
            if g is not None:
                host = np.asarray(g.array if isinstance(g, Tensor) else g)
                seen.nonzero = seen.nonzero or bool(np.any(host != 0))
                seen.complex = seen.complex or bool(np.any(np.imag(host) != 0))
        return found

    inner = _wrapped(formula, note)

    return _under(inner, lambda: mock.patch.object(rules, "fit", noting(seen, always=True)))


def noting(seen: Seen, always: bool = False) -> Formula:
    """Return a stand-in for ``fit`` that notes whether it has anything to do."""

    def fit(xp: Any, g: Any, *rest: Any) -> Any:
        fitted = FIT(xp, g, *rest)
        if fitted is not g and (always or any(g is found for found in RETURNED)):
            seen.fitted = True
        return fitted

    return fit


@contextmanager
def fitting(function: Formula) -> Iterator[None]:
    """Have the engine fit with another function."""
    with ExitStack() as patches:
        for module in (graph, sums, tape):
            patches.enter_context(mock.patch.object(module, "fit", function))
        yield


def columns_of(row: Row) -> dict[str, Formula]:
    """Return every formula of a row by the name of its column."""
    found = {f"d{name}": formula for name, formula in row.formulas.items()}
    return found | {name: f for name, f in (("consume", row.consume), ("into", row.into)) if f is not None}


def mutants(row: Row) -> Iterator[tuple[str, str, Formula | None]]:
    """Return the mutants of a row, each with its column and what was changed; None for an equivalent one."""
    for column, formula in columns_of(row).items():
        if column == "into":
            yield column, "scaled", _scaled_into(formula)
            continue
        seen = Seen()
        with replaced(row, **{column: watched(formula, seen)}), fitting(noting(seen)):
            failed = passes(row.key)
        assert failed is None, f"{row.name} fails as it is: {failed}"
        assert seen.calls, f"no sample calls {column} of {row.name}"
        yield column, "scaled", scaled(formula, seen)
        yield column, "conjugated", conjugated(formula, seen)
        if column != "consume":
            yield column, "not fitted", unfitted(formula, seen)
            for change, mutant in swaps(row, formula):
                yield column, change, mutant


def _scaled_into(formula: Formula) -> Formula:
    """Add 1.001 times the gradient."""
    names = list(inspect.signature(formula).parameters)
    call = ", ".join("g * 1.001" if name == "g" else name for name in names)
    return eval(f"lambda {', '.join(names)}: formula({call})", {"formula": formula})  # type: ignore[no-any-return]


def survivors(names: list[str]) -> Iterator[tuple[str, str, str, bool | None]]:
    """Return for each mutant whether it survived; None for an equivalent one."""
    for name in names:
        row = REGISTRY[name]
        for column, change, mutant in mutants(row):
            if mutant is None:
                yield name, column, change, None
                continue
            RETURNED.clear()
            with replaced(row, **{column: mutant}), fitting(engine_fit), np.errstate(all="ignore"):
                yield name, column, change, passes(name) is None


def main(arguments: list[str]) -> int:
    """Run the mutants of the named rows, or of all; print those that survive; return 1 if any does."""
    started, killed, equivalent, alive = time.monotonic(), 0, 0, 0
    for name, column, change, survived in survivors(arguments or list(REGISTRY)):
        if survived is None:
            equivalent += 1
        elif survived:
            alive += 1
            print(f"survived: {name}, {column} {change}")
        else:
            killed += 1
    seconds = time.monotonic() - started
    print(f"{killed} mutants killed, {alive} survived, {equivalent} equivalent, in {seconds:.0f} s")
    return 1 if alive or not killed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
