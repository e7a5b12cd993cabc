"""Rows with several outputs and with lists of inputs; graphs over two devices."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import functions
from anygrad.errors import (
    GradientDeviceError,
    GradientError,
)
from anygrad.op import REGISTRY, operation

grad = ag.autograd.grad


def leaf(values: Any, dtype: Any = None) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------- several outputs, lists of inputs


def _pair_dx(xp: Any, g: Any, x: Any, y: Any) -> Any:
    found = xp.zeros_like(x)
    if g[0] is not None:
        found = found + g[0] * y
    return found if g[1] is None else found + g[1] * xp.cos(x)


def _pair_dy(g: Any, x: Any) -> Any:
    return None if g[0] is None else g[0] * x


def _halved(xp: Any, g: Any, out: Any) -> Any:
    assert g[1] is None
    return g[0] * out[0]


@pytest.fixture
def pair() -> Iterator[Callable[..., Any]]:
    """A row with two outputs: ``x * y`` and ``sin(x)``."""
    row = operation(
        "pair_of_tests",
        lambda xp, x, y: (x * y, xp.sin(x)),
        inputs="x y",
        dx=_pair_dx,
        dy=_pair_dy,
        prepare=lambda x, y, /: {},
        carries=(True, True),
        doc="Return two outputs.",
    )
    yield functions.operation(row)
    del REGISTRY["pair_of_tests"]


@pytest.fixture
def lone() -> Iterator[Callable[..., Any]]:
    """A row with two outputs of which one carries a gradient: ``exp(x)`` and its rank."""
    row = operation(
        "lone_of_tests",
        lambda xp, x: (xp.exp(x), xp.argsort(x)),
        dx=_halved,
        prepare=lambda x, /: {},
        carries=(True, False),
        doc="Return two outputs, the second of integers.",
    )
    yield functions.operation(row)
    del REGISTRY["lone_of_tests"]


@pytest.mark.parametrize("used", [(1, 0), (0, 1), (1, 1), (2, 1)])
def test_two_outputs(pair: Callable[..., Any], used: tuple[int, int]) -> None:
    x, y = leaf([0.5, 1.5]), leaf([2.0, 3.0])
    a, b = np.array([0.5, 1.5]), np.array([2.0, 3.0])
    p, s = pair(x, y)
    total = ag.tensor(0.0)
    for _ in range(used[0]):
        total = total + (p * p).sum()
    if used[1]:
        total = total + (s * 3).sum()
    total.backward()
    np.testing.assert_allclose(x.grad.numpy(), used[0] * 2 * a * b * b + used[1] * 3 * np.cos(a))
    if used[0]:
        np.testing.assert_allclose(y.grad.numpy(), used[0] * 2 * a * a * b)
    else:
        assert y.grad is None


def test_two_outputs_second_order(pair: Callable[..., Any]) -> None:
    x, y = leaf([0.5, 1.5]), leaf([2.0, 3.0])
    a, b = np.array([0.5, 1.5]), np.array([2.0, 3.0])
    p, s = pair(x, y)
    dx, dy = grad((p * p * s).sum(), [x, y], create_graph=True)
    np.testing.assert_allclose(dx.detach().numpy(), 2 * a * b * b * np.sin(a) + (a * b) ** 2 * np.cos(a))
    xx, xy = grad(dx.sum(), [x, y], retain_graph=True)
    np.testing.assert_allclose(
        xx.numpy(), b * b * (2 * np.sin(a) + 4 * a * np.cos(a) - a * a * np.sin(a)), rtol=1e-12
    )
    np.testing.assert_allclose(xy.numpy(), 4 * a * b * np.sin(a) + 2 * a * a * b * np.cos(a))
    np.testing.assert_allclose(grad(dy.sum(), x)[0].numpy(), xy.numpy())


def test_two_outputs_pruned_hooked_and_wanted(pair: Callable[..., Any]) -> None:
    x, y = leaf(0.5), leaf(2.0)
    p, s = pair(x, y)
    assert [p.grad_fn.name, s.grad_fn.name] == ["pair_of_tests"] * 2
    assert (p * s).grad_fn.next_functions == ((p.grad_fn.edges[0], 0), (p.grad_fn.edges[0], 1))
    z = p * s * 2
    got = grad(z, [p, s], retain_graph=True)
    np.testing.assert_allclose([g.item() for g in got], [2 * np.sin(0.5), 2.0])
    assert grad(z, s, retain_graph=True)[0].item() == 2.0
    np.testing.assert_allclose(grad(z, y, retain_graph=True)[0].item(), np.sin(0.5))
    s.register_hook(lambda g: g * 10)
    s.retain_grad()
    for create_graph in (False, True):
        x.grad = s.grad = None
        z.backward(retain_graph=True, create_graph=create_graph)
        np.testing.assert_allclose(x.grad.item(), 4 * np.sin(0.5) + 20 * np.cos(0.5))
        assert s.grad.item() == 20.0
    assert (p * s).grad_fn.next_functions[1][1] == 1


def test_an_output_that_is_dropped(pair: Callable[..., Any]) -> None:
    x, y = leaf(0.5), leaf(2.0)
    p = pair(x, y)[0]
    (p * p).backward()
    assert x.grad.item() == 4.0


def test_outputs_given_both_to_grad(pair: Callable[..., Any]) -> None:
    x, y = leaf(0.5), leaf(2.0)
    np.testing.assert_allclose(grad(pair(x, y), x, [2.0, 3.0])[0].item(), 4 + 3 * np.cos(0.5))


def test_one_output_of_two_carries(lone: Callable[..., Any]) -> None:
    x = leaf([2.0, 1.0])
    e, rank = lone(x)
    assert e.requires_grad and not rank.requires_grad
    assert (rank.dtype.kind, rank.tolist()) == ("i", [1, 0])
    (d,) = grad((e * rank).sum(), x, create_graph=True)
    np.testing.assert_allclose(d.detach().numpy(), np.exp([2.0, 1.0]) * [1, 0])
    np.testing.assert_allclose(grad(d.sum(), x)[0].numpy(), np.exp([2.0, 1.0]) * [1, 0])
    with pytest.raises(GradientError, match="the output does not require"):
        rank.sum().backward()


def test_several_outputs_record_nothing_without_need(pair: Callable[..., Any]) -> None:
    p, s = pair(ag.tensor(1.0), ag.tensor(2.0))
    assert p.is_leaf and not s.requires_grad
    with ag.no_grad():
        assert not pair(leaf(1.0), leaf(2.0))[0].requires_grad


def test_lists_of_inputs() -> None:
    a, b, c = leaf([1.0]), ag.tensor([2.0, 3.0]), leaf([4.0], np.float32)
    joined = ag.concat([a, b, c, a])
    weights = ag.tensor([1.0, 10.0, 100.0, 1000.0, 10000.0])
    (joined * weights).sum().backward()
    assert a.grad.tolist() == [10001.0] and b.grad is None
    assert c.grad.tolist() == [1000.0] and c.grad.dtype == np.float32
    x = leaf(2.0)
    (d,) = grad((ag.stack([x, x * x, x]) ** 2).sum(), x, create_graph=True)
    assert d.item() == 4 * 2 + 4 * 8
    assert grad(d, x)[0].item() == 4 + 12 * 4


# ---------------------------------------------------------------- devices in one graph


def test_a_graph_over_two_devices() -> None:
    pytest.importorskip("array_api_strict")
    x = leaf([1.0, 2.0])
    moved = x.to("array_api_strict:device1")
    y = (moved * moved).to("cpu") * x
    moved.register_hook(lambda g: g * 1)
    moved.retain_grad()
    (d,) = grad(y.sum(), x, create_graph=True)
    assert d.tolist() == [3.0, 12.0]
    (dd,) = grad(d.sum(), x)
    assert dd.tolist() == [6.0, 12.0]
    assert moved.grad.device == "array_api_strict:device1"


def test_a_gradient_on_another_device() -> None:
    strict = pytest.importorskip("array_api_strict")
    x = leaf([1.0, 2.0])
    there = ag.ones(2, device="array_api_strict:device1")
    for given in (there, strict.ones(2)):
        with pytest.raises(GradientDeviceError, match=r"\[backward\] the gradient is on array_api_strict"):
            (x * 2).backward(gradient=given)
    with pytest.raises(GradientDeviceError, match=r"\[grad\] the gradient is on array_api_strict:device1"):
        x.grad = there
    with pytest.raises(GradientDeviceError):
        (x.to("array_api_strict:device1") * 2).backward(gradient=np.ones(2))
    assert x.grad is None


def test_nothing_is_left_behind() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf([1.0, 2.0])
        (x * x).sum().backward(create_graph=True)
        x.grad = None
        del x
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_no_gradient_crosses_a_device(pair: Callable[..., Any]) -> None:
    """What a formula leaves out reports across devices too: the sum there is finished on its own device."""
    there = "array_api_strict:device1"
    x, y = leaf([0.5, 1.0]), leaf([2.0, 3.0])
    middle = y * 2.0
    _, sine = pair(x.to(there), middle.to(there))
    (sine.cpu() + middle * 3.0).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.cos([0.5, 1.0]))
    np.testing.assert_array_equal(y.grad.numpy(), [6.0, 6.0])
    assert y.grad.device == "cpu"
