"""gradcheck proves itself: it passes what is right, and catches formulas that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import sums, tape
from anygrad.op import REGISTRY
from anygrad.testing import gradcheck, gradgradcheck
from tests.samples import POSITIVE, W, X, Y, Z
from tests.spy import replaced

both = pytest.mark.parametrize("fast", [False, True], ids=["entries", "projection"])


def leaf(host: Any) -> ag.Tensor:
    return ag.tensor(host, requires_grad=True)


# ---------------------------------------------------------------- what is right


@both
@pytest.mark.parametrize("order", [1, 2, 3])
def test_right_formulas_pass(fast: bool, order: int, make: Any) -> None:
    """Real and complex, several inputs and outputs, with inputs that are no tensors, on every backend."""
    x, y, z, w = (make(host, True) for host in (X[0], Y, Z[0], W))
    kept = make(POSITIVE)
    assert gradcheck(lambda a, b: a * b + ag.sin(b), [x, y], order=order, fast=fast)
    assert gradcheck(lambda a, b: a * b / (1 + a), [z, w], order=order, fast=fast)
    assert gradcheck(lambda a, b: (ag.abs(a), a * b, a == b), (z, y), order=order, fast=fast)
    assert gradcheck(lambda a, k, n: (a * k) ** n, (y, kept, 3), order=order, fast=fast)


@both
def test_complex_conventions(fast: bool) -> None:
    """Functions that are not holomorphic, complex to real, real to complex and complex to complex."""
    z, x = leaf(Z), leaf(X)
    for function in (ag.conj, ag.real, ag.imag, ag.abs, lambda a: ag.conj(a) * a, lambda a: a * ag.abs(a)):
        assert gradcheck(function, z, order=2, fast=fast)
    assert gradcheck(lambda a: a * (1 + 2j), x, order=2, fast=fast)
    assert gradcheck(lambda a: ag.exp(1j * a), x, order=2, fast=fast)


def test_empty_and_zero_dimensional() -> None:
    assert gradgradcheck(lambda a: ag.sum(a * a), leaf(np.zeros((0, 3))))
    assert gradgradcheck(lambda a: a * a, leaf(2.0))


def test_leaves_nothing_behind() -> None:
    """Neither gradients nor freed graphs: the inputs, leaves or not, are as they were."""
    x = leaf(X)
    y = ag.exp(x)
    assert gradgradcheck(ag.sin, y)
    assert x.grad is None
    ag.sum(y).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp(X))


def test_under_no_grad() -> None:
    """The mode outside does not matter."""
    x = leaf(X)
    with ag.no_grad():
        assert gradgradcheck(ag.sin, x)
        assert not ag.is_grad_enabled()


# ---------------------------------------------------------------- what is wrong

WRONG: dict[str, Callable[..., Any]] = {
    "scaled": lambda xp, g, other: g * other * 1.001,
    "shifted": lambda xp, g, other: g * other + 1e-3,
    "conjugated": lambda xp, g, other: xp.conj(g) * other,
    "conjugated factor": lambda xp, g, other: g * (xp.conj(other) if hasattr(other, "dtype") else other),
    "zero": lambda xp, g, other: xp.zeros_like(g),
    "constant": lambda xp, g, other: xp.ones_like(g),
}
"""Formulas for a factor of a product, all wrong, from the gradient and the other factor."""


def columns(wrong: str) -> dict[str, Callable[..., Any]]:
    """Return the wrong formula for either factor."""
    if wrong == "swapped":
        return {"dx": lambda g, x: g * x, "dy": lambda g, y: g * y}
    formula = WRONG[wrong]
    return {"dx": lambda xp, g, y: formula(xp, g, y), "dy": lambda xp, g, x: formula(xp, g, x)}


@both
@pytest.mark.parametrize("wrong", [*WRONG, "swapped"])
def test_catches_at_first_order(wrong: str, fast: bool, make: Any) -> None:
    z, w = make(Z, True), make(W, True)
    with replaced(REGISTRY["multiply"], **columns(wrong)):
        with pytest.raises(ag.GradcheckError, match=r"order 1, input 0"):
            gradcheck(ag.multiply, (z, w), fast=fast)
        assert not gradcheck(ag.multiply, (z, w), fast=fast, raise_exception=False)


@both
@pytest.mark.parametrize("wrong", [*WRONG, "swapped"])
def test_catches_at_second_order(wrong: str, fast: bool, make: Any) -> None:
    """The formula of ``square`` is right, and is itself differentiated by those of ``multiply``."""
    z = make(Z, True)
    with replaced(REGISTRY["multiply"], **columns(wrong)):
        assert gradcheck(ag.square, z, fast=fast)
        with pytest.raises(ag.GradcheckError, match=r"order 2, input"):
            gradgradcheck(ag.square, z, fast=fast)


@both
def test_catches_a_gradient_lost_at_second_order(fast: bool, make: Any) -> None:
    """A formula whose numbers are right, but which takes its operand out of the graph."""
    x = make(X, True)

    def detached(xp: Any, g: Any, x: Any) -> Any:
        return g * xp.cos(x.detach() if isinstance(x, ag.Tensor) else x)

    with replaced(REGISTRY["sin"], dx=detached):
        assert gradcheck(ag.sin, x, fast=fast)
        with pytest.raises(ag.GradcheckError, match="order 2, input 0"):
            gradgradcheck(ag.sin, x, fast=fast)


@both
def test_catches_other_numbers_under_create_graph(fast: bool) -> None:
    """A formula that gives tensors another gradient than arrays."""
    x = leaf(X)

    def two_faced(xp: Any, g: Any, x: Any) -> Any:
        return g * xp.cos(x) * (1.001 if isinstance(x, ag.Tensor) else 1)

    with replaced(REGISTRY["sin"], dx=two_faced):
        assert gradcheck(ag.sin, x, fast=fast)
        with pytest.raises(ag.GradcheckError, match="when the graph is kept"):
            gradgradcheck(ag.sin, x, fast=fast)


@both
def test_catches_a_lost_gradient(fast: bool) -> None:
    x, y = leaf(X), leaf(Y)
    with pytest.raises(ag.GradcheckError, match=r"input 1.*the gradient is 0"):
        gradcheck(lambda a, b: a * b.detach(), (x, y), fast=fast)
    with pytest.raises(ag.GradcheckError, match="the output does not require a gradient"):
        gradcheck(lambda a: ag.sin(a).detach(), x, fast=fast)


@both
def test_catches_missing_broadcasting(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient of the output's shape arrives at an input of another."""
    for module in (sums, tape):
        monkeypatch.setattr(module, "fit", lambda xp, g, shape, dtype, *_: g)
    with pytest.raises(ag.GradcheckError, match=r"the gradient of input 1 is .* of shape"):
        gradcheck(ag.multiply, (leaf(X), leaf(Y[0])), fast=fast)
    with pytest.raises(ag.GradcheckError, match="the gradient of input 0 is complex128"):
        gradcheck(lambda a: a * (1 + 1j), leaf(X), fast=fast)


def test_names_the_entries() -> None:
    """The error names the input, its entry and part, the output and its entry, and both numbers."""
    with pytest.raises(AssertionError, match="gradcheck") as caught:
        gradcheck(lambda a: ag.real(a) + ag.imag(a).detach(), leaf(Z))
    assert "input 0 at (0, 0).imag, output 0 at (0, 0): the gradient is 0: differences give 1" in str(
        caught.value
    )
    place = r"input 0 at \(0, 2\), output 0 at \(0, 2\): the gradient is 2"
    wrong = {"dx": lambda xp, g, x: xp.where(x == 2.2, 2 * g, g * xp.cos(x))}
    with replaced(REGISTRY["sin"], **wrong), pytest.raises(ag.GradcheckError, match=place):
        gradcheck(ag.sin, leaf(X))


# ---------------------------------------------------------------- what cannot be checked


def test_single_precision() -> None:
    """Differences in single precision tell little: an error, unless a step is chosen for it."""
    x = ag.tensor(X, dtype=ag.float32, requires_grad=True)
    with pytest.raises(ag.DtypeError, match="input 0 has dtype float32"):
        gradcheck(ag.sin, x)
    with pytest.raises(ag.DtypeError, match="output 0 has dtype float32"):
        gradcheck(lambda a: ag.sin(a).astype(ag.float32), leaf(X))
    assert gradcheck(ag.sin, x, eps=1e-2, atol=1e-3, rtol=1e-3)
    wrong = {"dx": lambda xp, g, x: g * xp.cos(x) * 1.1}
    with replaced(REGISTRY["sin"], **wrong), pytest.raises(ag.GradcheckError):
        gradcheck(ag.sin, x, eps=1e-2, atol=1e-3, rtol=1e-3)


def test_bad_input() -> None:
    with pytest.raises(ag.GradientError, match="no input requires a gradient"):
        gradcheck(ag.sin, ag.tensor(X))
    with pytest.raises(ag.GradientError, match="order is 0"):
        gradcheck(ag.sin, leaf(X), order=0)
    with pytest.raises(ag.DtypeError, match="no floating tensor"):
        gradcheck(ag.isnan, leaf(X))
    with pytest.raises(ag.DtypeError, match="returned ndarray"):
        gradcheck(lambda a: [a.detach().numpy()], leaf(X))
