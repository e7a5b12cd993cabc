"""Transforms of transforms, and of functions that close over tensors of an outer tape."""

from __future__ import annotations

from math import cos, sin
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.tensors import Tensor
from tests.test_transforms import A, near


def test_derivatives_nest() -> None:
    def power(x: Any) -> Any:
        return x**5

    wanted, f = [32.0, 80.0, 160.0, 240.0, 240.0, 120.0, 0.0], power
    for value in wanted:
        near(f(ag.asarray(2.0)), value)
        f = ag.grad(f)


def forwards(f: Any) -> Any:
    return lambda x: ag.jvp(f, (x,), (ag.ones_like(x),))[1]


def by_jacobian(mode: str) -> Any:
    return lambda f: ag.jacobian(f, mode=mode)


ONE_BY_ONE = {
    "grad": ag.grad,
    "jvp": forwards,
    "vjp": lambda f: lambda x: ag.vjp(f, x)[1](ag.ones_like(x))[0],
    "linearize": lambda f: lambda x: ag.linearize(f, x)[1](ag.ones_like(x)),
    "elementwise": ag.elementwise_grad,
    "forward": by_jacobian("forward"),
    "reverse": by_jacobian("reverse"),
}
"""Each transform as a derivative of a function of one number."""


@pytest.mark.parametrize("outer", ONE_BY_ONE)
@pytest.mark.parametrize("inner", ONE_BY_ONE)
def test_perturbations_are_not_confused(inner: str, outer: str) -> None:
    """Siskind and Pearlmutter (2005): the inner derivative is of y alone, at whatever x is."""
    D, d = ONE_BY_ONE[outer], ONE_BY_ONE[inner]
    near(D(lambda x: x * d(lambda y: x + y)(ag.asarray(1.0)))(ag.asarray(2.0)), 1.0)
    near(D(lambda x: x * d(lambda y: x * y)(x))(ag.asarray(2.0)), 4.0)
    near(
        D(lambda x: d(lambda y: ag.sin(x * y))(x))(ag.asarray(0.7)),
        2 * (cos(0.49) * 0.5 - 0.49 * sin(0.49)) + 0.0,
    )
    near(D(lambda x: d(lambda y: d(lambda z: x * y * z * z)(y))(x))(ag.asarray(3.0)), 24.0)


def test_second_derivatives_of_every_pair() -> None:
    for one in ONE_BY_ONE.values():
        for other in ONE_BY_ONE.values():
            near(one(other(lambda x: ag.exp(2 * x) / x))(ag.asarray(0.9)), SECOND)


X0 = 0.9
SECOND = float(np.exp(2 * X0) * (4 / X0 - 4 / X0**2 + 2 / X0**3))


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_closed_over_tensors_stay_connected(name: str) -> None:
    """To an outer tape, that of ``backward``: first as a factor inside, then as the argument."""
    d = ONE_BY_ONE[name]
    w = ag.tensor(3.0, requires_grad=True)
    out = d(lambda x: ag.sin(w * x))(ag.asarray(0.5))
    out.backward()
    near(w.grad, cos(1.5) - 1.5 * sin(1.5))
    x = ag.tensor(0.5, requires_grad=True)
    d(lambda x: x**3)(x).backward()
    near(x.grad, 3.0)
    with ag.no_grad():
        assert not d(lambda x: ag.sin(w * x))(x).requires_grad
    assert ag.is_grad_enabled()


def test_value_and_aux_stay_connected() -> None:
    w = ag.tensor(3.0, requires_grad=True)
    (value, aux), g = ag.value_and_grad(lambda x: (w * x * x, (w * x, x, w)), has_aux=True)(2.0)
    assert value.requires_grad and g.requires_grad and aux[0].requires_grad
    assert not aux[1].requires_grad and aux[2] is w
    (value + g + aux[0]).backward()
    near(w.grad, 4.0 + 4.0 + 2.0)


def test_aux_shares_a_graph_that_is_not_released() -> None:
    w = ag.tensor(3.0, requires_grad=True)

    def f(x: Tensor) -> Any:
        h = ag.exp(x)
        return h * h, ag.sin(h) * w

    _, aux = ag.grad(f, has_aux=True)(0.5)
    aux.backward()
    near(w.grad, sin(np.exp(0.5)))


def test_a_step_of_training_is_differentiated() -> None:
    """A learning rate by the loss after two steps of descent, each with a gradient inside."""

    def loss(x: Any) -> Any:
        return ag.sum((x - 1.0) ** 2)

    def after(rate: Any) -> Any:
        x = ag.asarray(A)
        for _ in range(2):
            x = x - rate * ag.grad(loss)(x)
        return loss(x)

    rate = 0.1
    start = np.sum((A - 1) ** 2)
    near(after(ag.asarray(rate)), start * (1 - 2 * rate) ** 4)
    near(ag.grad(after)(rate), -8 * start * (1 - 2 * rate) ** 3)
    near(ag.jvp(after, (rate,), (1.0,))[1], -8 * start * (1 - 2 * rate) ** 3)
