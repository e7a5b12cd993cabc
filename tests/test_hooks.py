"""Hooks, retained gradients, and passes that are interrupted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import (
    DtypeError,
    GradientDtypeError,
    GradientError,
    GradientShapeError,
)
from anygrad.op import REGISTRY

grad = ag.autograd.grad


def leaf(values: Any, dtype: Any = None) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------- hooks


def test_hooks_run_in_order_and_replace() -> None:
    for made in (lambda x: x, lambda x: x * 1, lambda x: x[0:2], lambda x: x.T):
        x = leaf([[1.0, 2.0], [3.0, 4.0]])
        y = made(x)
        seen: list[float] = []
        y.register_hook(lambda g, seen=seen: seen.append(g[0, 0].item()))
        y.register_hook(lambda g: g * 10)
        y.register_hook(lambda g, seen=seen: seen.append(g[0, 0].item()))
        (y * 3).sum().backward()
        assert seen == [3.0, 30.0]
        assert x.grad.tolist() == [[30.0, 30.0], [30.0, 30.0]]


def test_a_hook_sees_the_whole_gradient_once() -> None:
    x = leaf(2.0)
    y = x * 3
    seen: list[float] = []
    y.register_hook(lambda g: seen.append(g.item()))
    (y * y + y).backward()
    assert seen == [13.0]


def test_hooks_run_for_grad_and_inputs() -> None:
    x = leaf(2.0)
    x.register_hook(lambda g: g * 10)
    y = x * 3
    y.register_hook(lambda g: g * 100)
    z = y * y
    assert grad(z, x, retain_graph=True)[0].item() == 36000.0
    assert grad(z, y, retain_graph=True)[0].item() == 1200.0
    assert [g.item() for g in grad(z, [y, x], retain_graph=True)] == [1200.0, 36000.0]
    z.backward(inputs=[x])
    assert x.grad.item() == 36000.0


def test_a_removed_hook_does_not_run() -> None:
    x = leaf(2.0)
    y = x * 3
    handles = [y.register_hook(lambda g: g * 2), y.register_hook(lambda g: g * 5)]
    handles[0].remove()
    handles[0].remove()
    third = y.register_hook(lambda g: g * 7)
    handles[0].remove()
    y.backward(retain_graph=True)
    assert x.grad.item() == 105.0
    x.grad = None
    third.remove()
    with handles[1]:
        pass
    y.backward()
    assert x.grad.item() == 3.0


def test_a_hook_may_remove_itself() -> None:
    x = leaf(2.0)
    handle = x.register_hook(lambda g: (handle.remove(), g * 2)[1])
    (x * 3).backward()
    (x * 3).backward()
    assert x.grad.item() == 9.0


def test_a_hook_on_a_view_of_a_leaf() -> None:
    x = leaf([1.0, 2.0, 3.0])
    view = x[1:]
    view.register_hook(lambda g: g * 10)
    (view * view).sum().backward()
    assert x.grad.tolist() == [0.0, 40.0, 60.0]


def test_hooks_see_gradients_not_conjugates() -> None:
    z = leaf(1.0 + 2.0j)
    y = z * 1
    seen: list[complex] = []
    y.register_hook(lambda g: seen.append(g.item()))
    z.register_hook(lambda g: (seen.append(g.item()), g * 1j)[1])
    y.backward(gradient=3.0 + 4.0j)
    assert seen == [3 + 4j, 3 + 4j]
    assert z.grad.item() == (3 + 4j) * 1j


def test_hooks_under_create_graph_are_differentiated() -> None:
    x = leaf(2.0)
    y = x * x
    y.register_hook(lambda g: g * x)
    (d,) = grad(y * y, x, create_graph=True)  # 2y * x * 2x
    assert d.item() == 64.0
    # 8yx by itself, and 4x^2 to y, where the hook stands on the way back too.
    assert grad(d, x)[0].item() == 64.0 + 16 * 2 * 4


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hook_that_writes_into_what_it_sees_changes_nothing_else(create_graph: bool) -> None:
    a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])

    def zero(g: Any) -> None:
        with ag.no_grad():
            g[...] = 0

    a.register_hook(zero)
    (a + b).backward(gradient=[1.0, 1.0], create_graph=create_graph)
    assert a.grad.tolist() == b.grad.tolist() == [1.0, 1.0]


WRONG_RETURNS = [
    (lambda g: ag.ones(3), GradientShapeError, r"\[hook\] the gradient has shape \(3,\)"),
    (lambda g: g.astype(ag.float32), GradientDtypeError, r"\[hook\] the gradient has dtype float32"),
    (lambda g: g * 1j, GradientDtypeError, r"\[hook\] the gradient has dtype complex128"),
    (lambda g: np.ones(3), GradientShapeError, r"\[hook\] "),
    (lambda g: "no", GradientDtypeError, r"\[hook\] the gradient: got str"),
    (lambda g: [1.0, [2.0]], GradientShapeError, r"\[hook\] the gradient: the nested lists are ragged"),
]


@pytest.mark.parametrize(("hook", "kind", "match"), WRONG_RETURNS)
@pytest.mark.parametrize("where", ["leaf", "inner", "view"])
def test_a_hook_that_returns_what_does_not_fit(hook: Any, kind: Any, match: str, where: str) -> None:
    x, other = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    inner = x * other
    view = inner[:]
    y = (view * view).sum() + other.sum()
    handle = {"leaf": x, "inner": inner, "view": view}[where].register_hook(hook)
    other.grad = ag.tensor([7.0, 7.0])
    with pytest.raises(kind, match=match):
        y.backward()
    assert x.grad is None and other.grad.tolist() == [7.0, 7.0]
    handle.remove()
    y.backward()
    assert x.grad.tolist() == [2.0, 16.0]


def test_a_hook_that_cannot_be() -> None:
    with pytest.raises(GradientError, match=r"\[register_hook\] this tensor does not require"):
        ag.tensor(1.0).register_hook(print)
    with pytest.raises(DtypeError, match=r"\[register_hook\] got int"):
        leaf(1.0).register_hook(3)
    with pytest.raises(GradientError, match=r"\[retain_grad\] this tensor does not require"):
        ag.tensor(1.0).retain_grad()


def test_a_hook_may_run_a_pass_of_its_own() -> None:
    x, w = leaf(2.0), leaf(5.0)
    y = x * 3

    def run(g: Any) -> None:
        with ag.enable_grad():
            (w * w).backward()

    y.register_hook(run)
    y.backward()
    assert (x.grad.item(), w.grad.item()) == (3.0, 10.0)


# ---------------------------------------------------------------- retain_grad


def test_retain_grad_keeps_and_accumulates() -> None:
    x = leaf([1.0, 2.0])
    y = x * 3
    y.retain_grad()
    y.retain_grad()
    z = (y * y).sum()
    z.backward(retain_graph=True)
    assert y.grad.tolist() == [6.0, 12.0]
    y.grad[...] = 0
    z.backward()
    assert y.grad.tolist() == [6.0, 12.0]
    x.retain_grad()  # of a leaf: nothing to do
    assert x.grad.tolist() == [36.0, 72.0]


def test_retain_grad_sees_what_hooks_return_and_passes_of_every_kind() -> None:
    x = leaf(2.0)
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: g * 2)
    z = y * 1
    grad(z, x, retain_graph=True)
    assert y.grad.item() == 2.0
    grad(z, y, retain_graph=True)
    assert y.grad.item() == 4.0
    z.backward(create_graph=True)
    assert y.grad.item() == 6.0


def test_retain_grad_follows_writes() -> None:
    x = leaf([2.0, 3.0])
    for write in (lambda y: y.mul_(2), lambda y: y[0:1].mul_(2), lambda y: y.__setitem__(0, y[0] * 2)):
        y = x * 1
        y.retain_grad()
        write(y)
        (y * 5).sum().backward()
        assert y.grad.tolist() == [5.0, 5.0]


def test_retain_grad_of_a_view() -> None:
    x = leaf([2.0, 3.0])
    y = x * 1
    view = y[0:1]
    view.retain_grad()
    (view * 4 + y.sum()).sum().backward()
    assert view.grad.tolist() == [4.0]
    assert x.grad.tolist() == [5.0, 1.0]


# ---------------------------------------------------------------- interrupts


def stop(g: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["leaf", "inner", "first"])
def test_an_interrupt_in_a_hook_changes_nothing(where: str) -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    inner = x * w
    inner.retain_grad()
    y = inner.exp().sum() + w.sum()
    w.grad = ag.tensor([10.0, 10.0])
    handle = {"leaf": x, "inner": inner, "first": y}[where].register_hook(stop)
    for run in (y.backward, lambda: y.backward(inputs=[x]), lambda: grad(y, [x, w])):
        with pytest.raises(KeyboardInterrupt):
            run()
        assert x.grad is None and inner.grad is None and w.grad.tolist() == [10.0, 10.0]
        assert ag.is_grad_enabled()
    handle.remove()
    y.backward()
    e = np.exp([3.0, 8.0])
    np.testing.assert_allclose(x.grad.numpy(), [3, 4] * e)
    np.testing.assert_allclose(w.grad.numpy(), 11 + [1, 2] * e)
    np.testing.assert_allclose(inner.grad.numpy(), e)


def test_an_interrupt_in_a_formula_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    y = (ag.exp(x * w) * w).sum()
    plan = REGISTRY["exp"].plans[(0,)]
    before = plan.one
    plan.one = lambda xp, g, saved: stop(g)
    try:
        with pytest.raises(KeyboardInterrupt):
            y.backward()
    finally:
        plan.one = before
    assert x.grad is None and w.grad is None
    y.backward()
    e = np.exp([3.0, 8.0])
    np.testing.assert_allclose(x.grad.numpy(), [9, 16] * e)
    np.testing.assert_allclose(w.grad.numpy(), e + np.array([3, 8]) * e)


def test_an_interrupt_while_gradients_are_added_takes_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    from anygrad import gradients

    leaves = [leaf([float(i), 1.0]) for i in range(4)]
    for x in leaves[:2]:
        x.grad = ag.tensor([7.0, 7.0])
    y = sum(((i + 1) * x for i, x in enumerate(leaves)), start=ag.zeros(2)).sum()
    landed, calls = gradients.landed, []

    def failing(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return landed(*arguments)

    monkeypatch.setattr(gradients, "landed", failing)
    held = [x.grad for x in leaves]
    with pytest.raises(KeyboardInterrupt):
        y.backward()
    assert [x.grad for x in leaves] == held
    assert [g.tolist() for g in held[:2]] == [[7.0, 7.0]] * 2
    monkeypatch.undo()
    y.backward()
    assert [x.grad.tolist() for x in leaves] == [[8.0, 8.0], [9.0, 9.0], [3.0, 3.0], [4.0, 4.0]]


def test_an_error_in_a_hook_is_raised_as_it_is() -> None:
    x = leaf(1.0)

    def failing(g: Any) -> None:
        raise LookupError("mine")

    y = x * 2
    y.register_hook(failing)
    with pytest.raises(LookupError, match="mine"):
        y.backward()
    assert x.grad is None
