"""What formulas must not do: call more than the standard and the extras, write, wait for the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.base import EXTRAS, STANDARD
from anygrad.dispatch import broadcasting
from anygrad.op import CREATIONS, DERIVED, REGISTRY
from anygrad.tensors import Tensor
from tests.samples import Sample, cases, outputs_of, seeds_of
from tests.spy import READING, WAITS, ReadBack, Spy, replaced, trapped
from tests.targets import Target
from tests.test_rows import about, connected

trapping = pytest.mark.targets("strict")
"""array_api_strict is where reading back is trapped."""

rows = pytest.mark.parametrize("name", REGISTRY)


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Spy]]:
    """Have the forward of a row see a spy in the place of the backend; returns the spies that were sent."""

    def watch(name: str) -> list[Spy]:
        row, sent = REGISTRY[name], []
        forward = row.forward

        def watched(xp: Any, *arguments: Any, **keywords: Any) -> Any:
            sent.append(Spy(xp))
            return forward(sent[-1], *arguments, **keywords)

        monkeypatch.setattr(row, "forward", watched)
        return sent

    return watch


def called(one: Sample, target: Target, operands: list[Any]) -> Any:
    """Call a function without the shortcuts of the hot path, which know their forward."""
    row = REGISTRY[one.name]
    if row.broadcasts and row.prepare is None:
        with np.errstate(all="ignore"):
            return broadcasting(row, operands)
    return one.bare(target, operands)


def arrived(found: Any, target: Target) -> tuple[Any, Any]:
    """Return the node behind one output or several, and a gradient for it."""
    outs = outputs_of(found)
    seeds = [s.array for s in seeds_of(outs, target)]
    if not isinstance(found, tuple):
        return found.node, seeds[0]
    lead = next(out.node for out in outs if out.requires_grad)
    return lead.edges[0], tuple(g if out.requires_grad else None for g, out in zip(seeds, outs, strict=True))


@rows
def test_only_the_standard_and_the_extras(name: str, target: Target, spied: Any) -> None:
    """Forward and formulas call what they may, and say dtype and device of what they make."""
    spies = spied(name)
    for one in cases(name, target.name):
        with about(one):
            out = called(one, target, one.made(target, one.tracked))
            assert spies, "the forward was not called"
            if not connected(one):
                continue
            (node, g), xp = arrived(out, target), target.backend
            for formula in (node.plan.all, *(node.plan.each or ())):
                with xp.quiet():
                    formula(Spy(xp), g, node.saved)
    assert any(spy.taken for spy in spies) or not list(cases(name, target.name))


def test_small_powers_are_multiplications(target: Target, spied: Any) -> None:
    """Python's 2 and 3 as exponents call no pow, forward or backward."""
    spies = spied("pow")
    for exponent in (2, 3):
        x = target.make(np.array([0.0, -1.5, 2.0]), True)
        out = broadcasting(REGISTRY["pow"], [x, exponent])
        spies.append(Spy(target.backend))
        out.node.plan.all(spies[-1], seeds_of([out], target)[0].array, out.node.saved)
    assert not any("pow" in spy.taken for spy in spies)


@rows
@pytest.mark.targets("numpy", "numpy-readonly")
def test_formulas_write_nothing(name: str, target: Target) -> None:
    """Formulas leave the gradient that they are given, and what was saved, as it is."""
    for one in cases(name, target.name):
        if connected(one):
            with about(one):
                out = one.bare(target, one.made(target, one.tracked))
                node, g = arrived(out, target)
                with np.errstate(all="ignore"):
                    node.plan.all(target.backend, sealed(g), sealed(node.saved))


def sealed(value: Any) -> Any:
    """Return a value with every array in it read-only."""
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    elif isinstance(value, tuple):
        return tuple(sealed(v) for v in value)
    return value


def test_the_spy_refuses() -> None:
    xp = Spy(ag.tensor(1.0).xp)
    xp.sin(np.ones(2))
    assert xp.taken == ["sin"]
    for name in ("einsum", "float64", "random", "natives", "to_numpy", "module", "array"):
        with pytest.raises(AssertionError, match=name):
            getattr(xp, name)
    with pytest.raises(AssertionError, match="without dtype="):
        xp.zeros((2,), device=xp.device)
    with pytest.raises(AssertionError, match="without device="):
        xp.full((2,), 1.0, dtype=np.dtype(float))
    assert not set(STANDARD) & set(EXTRAS)


# ---------------------------------------------------------------- waiting for the device


@trapping
@pytest.mark.parametrize("name", [n for n in (*REGISTRY, *DERIVED, *CREATIONS) if n not in WAITS])
def test_nothing_waits_for_the_device(name: str, target: Target) -> None:
    """Forward, backward and the backward of the backward ask no number back."""
    for one in cases(name, target.name):
        with about(one):
            operands = one.made(target, one.tracked)
            with trapped(target.backend):
                outs = outputs_of(one.call(target, operands))
                if connected(one):
                    outs = [out for out in outs if out.requires_grad]
                    tracked = [operands[i] for i in one.tracked]
                    seeds = [s.requires_grad_() for s in seeds_of(outs, target)]
                    first = ag.autograd.grad(outs, tracked, seeds, create_graph=True)
                    ends = [g for g in first if g.requires_grad]
                    if ends:
                        again = seeds_of(ends, target)
                        ag.autograd.grad(ends, [*tracked, *seeds], again, allow_unused=True)


READS: dict[str, Callable[[Any], Any]] = {
    "__array__": np.asarray,
    "__bool__": bool,
    "__complex__": complex,
    "__dlpack__": np.from_dlpack,
    "__float__": float,
    "__index__": lambda a: [1, 2, 3][a],
    "__int__": int,
    "__iter__": list,
    "item": lambda a: a.item(),
    "tolist": lambda a: a.tolist(),
    "__buffer__": lambda a: a.__buffer__(0),
}


@trapping
@pytest.mark.parametrize("name", READING)
def test_each_read_back_is_caught(name: str, target: Target) -> None:
    t = target.make(np.asarray(1))
    with trapped(target.backend):
        with pytest.raises(ReadBack, match=name):
            READS[name](t.array)
        with pytest.raises(ReadBack, match="to_numpy"):
            t.tolist()
    assert t.tolist() == 1 and not hasattr(type(t.array), "tolist")


@trapping
def test_tensors_that_read_back_are_caught(target: Target) -> None:
    """The tensor's own conversions, which audit records, go the same way."""
    t = target.make(np.asarray(1.0))
    for read in (float, int, bool, complex, Tensor.item, Tensor.numpy, repr, str):
        with pytest.raises(ReadBack), trapped(target.backend):
            read(t)


@trapping
def test_a_formula_that_reads_back_is_caught(target: Target) -> None:
    (one, *_) = cases("exp", "strict", "0-d")
    with replaced(REGISTRY["exp"], dx=lambda g, out: g * out if float(out) > 0 else g):
        (x,) = one.made(target, one.tracked)
        out = one.call(target, [x])
        with pytest.raises(ReadBack), trapped(target.backend):
            ag.autograd.grad(out, x)
