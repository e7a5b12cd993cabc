"""Passes towards chosen inputs: what they add to, what they neither run nor free."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import (
    DtypeError,
    FreedGraphError,
    GradientError,
)
from anygrad.op import REGISTRY

grad = ag.autograd.grad


def leaf(values: Any, dtype: Any = None) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, dtype=dtype, requires_grad=True)


def test_inputs_limits_what_is_added() -> None:
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    y = (a * b).sum()
    y.backward(inputs=[a], retain_graph=True)
    assert a.grad.tolist() == [3.0, 4.0] and b.grad is None
    y.backward(inputs=b)
    assert a.grad.tolist() == [3.0, 4.0] and b.grad.tolist() == [1.0, 2.0]


def test_inputs_may_be_intermediate() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2
    z = (y * y).sum()
    z.backward(inputs=[y, x], retain_graph=True)
    assert y.grad.tolist() == [4.0, 8.0] and x.grad.tolist() == [8.0, 16.0]
    z.backward(inputs=[y])
    assert y.grad.tolist() == [8.0, 16.0] and x.grad.tolist() == [8.0, 16.0]


def test_an_input_named_twice_counts_once() -> None:
    x = leaf(3.0)
    (x * x).backward(inputs=[x, x])
    assert x.grad.item() == 6.0


def test_inputs_that_are_not_reached_get_nothing() -> None:
    a, b = leaf(1.0), leaf(1.0)
    (a * 2).backward(inputs=[a, b])
    assert a.grad.item() == 2.0 and b.grad is None


def test_inputs_that_cannot_be() -> None:
    a, b = leaf(1.0), ag.tensor(1.0)
    y = a * b
    with pytest.raises(GradientError, match=r"\[backward\] inputs is empty"):
        y.backward(inputs=[])
    with pytest.raises(GradientError, match=r"\[backward\] input 1 does not require a gradient"):
        y.backward(inputs=[a, b])
    with pytest.raises(DtypeError, match=r"\[backward\] input 0 is float"):
        y.backward(inputs=[1.0])
    assert a.grad is None
    y.backward()
    assert a.grad.item() == 1.0


@pytest.fixture
def spy() -> Iterator[list[str]]:
    """Count the formulas that run: each row's name, when its formulas are called."""
    ran: list[str] = []
    changed: list[tuple[Any, str, Any]] = []
    for name in ("exp", "sin", "multiply"):
        row = REGISTRY[name]
        before = dict(row.formulas)
        changed.append((row, name, before))
    yield ran
    for row, _, before in changed:
        row.formulas.clear()
        row.formulas.update(before)
        row.remake()


def watch(name: str, ran: list[str]) -> None:
    """Have a row's formula note that it ran."""
    row = REGISTRY[name]
    formula = row.formulas["x"]
    if name == "exp":
        row.formulas["x"] = lambda g, out: (ran.append(name), formula(g, out))[1]
    else:
        row.formulas["x"] = lambda xp, g, x: (ran.append(name), formula(xp, g, x))[1]
    row.remake()


def test_a_pruned_pass_neither_runs_nor_frees_what_leads_elsewhere(spy: list[str]) -> None:
    watch("exp", spy)
    watch("sin", spy)
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    left, right = a.exp(), b.sin()
    y = (left * right).sum()
    (got,) = grad(y, a)
    assert spy == ["exp"]
    np.testing.assert_allclose(got.numpy(), np.exp([1, 2]) * np.sin([3, 4]))
    spy.clear()
    right.sum().backward()  # was not run, so not freed
    assert spy == ["sin"]
    with pytest.raises(FreedGraphError):
        left.sum().backward()


def test_a_pass_to_an_intermediate_stops_there(spy: list[str]) -> None:
    watch("exp", spy)
    x = leaf([1.0, 2.0])
    y = x.exp()
    (got,) = grad((y * y).sum(), y)
    assert spy == []
    np.testing.assert_allclose(got.numpy(), 2 * np.exp([1, 2]))
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1, 2]))


def test_a_hooked_intermediate_that_is_wanted_is_not_freed() -> None:
    x = leaf([1.0, 2.0])
    y = x.exp()
    seen: list[Any] = []
    y.register_hook(seen.append)
    (got,) = grad((y * y).sum(), y)
    assert len(seen) == 1 and seen[0].tolist() == got.tolist()
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1, 2]))


def test_a_wanted_intermediate_may_be_freed_already() -> None:
    x = leaf(2.0)
    y = x * x
    y.backward()
    assert grad(y * 3, y)[0].item() == 3.0


def test_dead_ends_inside_a_pruned_pass() -> None:
    a, b = leaf(2.0), leaf(3.0)
    shared = b * b
    y = a * shared + shared
    assert grad(y, a, retain_graph=True)[0].item() == 9.0
    assert grad(y, b)[0].item() == 18.0
