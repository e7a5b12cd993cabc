"""Random programs over rows, to second order, beside NumPy, finite differences and PyTorch."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings

import anygrad as ag
from tests.conftest import is_default
from tests.row_programs import programs
from tests.row_runners import Numbers, Program, Tensors, Torch, is_complex, real


def along(xp: Any, gradients: Any, directions: Any) -> Any:
    """Return the derivative along a direction, of which gradients carry dL/dRe + i dL/dIm."""
    parts = [
        xp.sum(xp.conj(g) * d) if is_complex(g) else xp.sum(g * d) for g, d in zip(gradients, directions)
    ]
    return sum(real(xp, p) for p in parts)


def first_order(program: Program, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Return anygrad's gradients by a plain backward pass."""
    run = Tensors(inputs).run(program.steps)
    found = ag.autograd.grad(run.loss(program), run.leaves, materialize_grads=True)
    return [g.numpy() for g in found]


def agree(what: str, got: float, difference: Any) -> None:
    """Compare with a central difference, of fourth order; several steps, since some kink may be near one."""
    tries = []
    for h in (1e-3, 1e-4, 3e-3, 1e-5):
        near, far = (difference(k * h) - difference(-k * h) for k in (1, 2))
        expected = (8 * near - far) / (12 * h)
        tries.append(expected)
        if abs(got - expected) <= 1e-6 * (1 + abs(expected)):
            return
    raise AssertionError(f"{what} along a direction is {got}, by differences {tries}")


def check(program: Program, with_torch: bool) -> None:
    """Run a program in every way."""
    inputs = program.inputs()
    numbers, run = Numbers(inputs).run(program.steps), Tensors(inputs).run(program.steps)
    for i, (x, expected) in enumerate(zip(run.members, numbers.members, strict=True)):
        got = x.detach().numpy()
        assert got.dtype == expected.dtype and got.shape == expected.shape, (
            f"register {i}: {got!r}, not {expected!r}"
        )
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10, err_msg=f"register {i}")

    ways, others = program.like(200, inputs), program.like(300, inputs)
    found = ag.autograd.grad(run.loss(program), run.leaves, create_graph=True, materialize_grads=True)
    for g, plain in zip(found, first_order(program, inputs), strict=True):
        np.testing.assert_allclose(g.detach().numpy(), plain, rtol=1e-9, atol=1e-9)
    slope = along(ag, found, [ag.asarray(d) for d in ways])
    first = [g.detach().numpy() for g in found]
    if slope.requires_grad:
        second = ag.autograd.grad(slope, run.leaves, materialize_grads=True)
        second = [h.numpy() for h in second]
    else:
        second = [np.zeros_like(x) for x in inputs]

    def moved(h: float, directions: list[np.ndarray]) -> list[np.ndarray]:
        return [x + h * d for x, d in zip(inputs, directions)]

    agree(
        "the first derivative",
        float(along(np, first, ways)),
        lambda h: Numbers(moved(h, ways)).run(program.steps).loss(program),
    )
    agree(
        "the second derivative",
        float(along(np, second, others)),
        lambda h: float(along(np, first_order(program, moved(h, others)), ways)),
    )
    if with_torch:
        check_torch(program, numbers, first, second)


def check_torch(program: Program, numbers: Numbers, first: list[Any], second: list[Any]) -> None:
    """Compare values and derivatives with those of PyTorch."""
    torch = pytest.importorskip("torch")
    inputs = program.inputs()
    run = Torch(inputs, numbers.aliased).run(program.steps)
    for i, expected in enumerate(numbers.members):
        got = run.value(i).detach().numpy()
        assert got.dtype == expected.dtype and got.shape == expected.shape, (
            f"register {i}: {got!r}, not {expected!r}"
        )
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9, err_msg=f"register {i} in PyTorch")

    def grads(out: Any, **keywords: Any) -> list[Any]:
        found = torch.autograd.grad(out, run.leaves, allow_unused=True, materialize_grads=True, **keywords)
        return list(found)

    found = grads(run.loss(program), create_graph=True)
    for got, expected in zip(found, first, strict=True):
        np.testing.assert_allclose(
            got.detach().numpy(), expected, rtol=1e-7, atol=1e-7, err_msg="first order"
        )
    slope = along(torch, found, [torch.tensor(d) for d in program.like(200, inputs)])
    for got, expected in zip(grads(slope), second, strict=True):
        # copysign(0, y) is NaN in PyTorch at second order: there the differences, which ran before, decide.
        got = torch.where(torch.isnan(got), torch.tensor(expected), got)
        scale = 1 + np.abs(expected).max(initial=0)
        np.testing.assert_allclose(got.numpy() / scale, expected / scale, atol=1e-7, err_msg="second order")


def examples_of(config: pytest.Config) -> int:
    """Return how many programs a run tries."""
    return int(os.environ.get("ANYGRAD_ROW_PROGRAMS", 150 if is_default(config) else 1000))


def test_programs_over_rows(pytestconfig: pytest.Config) -> None:
    @settings(
        max_examples=examples_of(pytestconfig),
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @example(Program([(2, 0)], [False], 655, [("where", (0, 0), {"mask": [], "shape": (2, 0)})]))
    @example(Program([(3,)], [False], 9, [("tanh", (0,), {}), ("flip", (1,), {"axis": None})]))
    @example(Program([()], [False], 863, [("var", (0,), {}), ("copysign", (1, 0), {})]))
    @given(programs())
    def run(program: Program) -> None:
        check(program, with_torch)

    with_torch = not is_default(pytestconfig) and importlib.util.find_spec("torch") is not None
    run()


class Wrong:
    """anygrad, but for a sine whose value is right and whose derivative of one order is not."""

    def __init__(self, order: int) -> None:
        self.order = order

    def __getattr__(self, name: str) -> Any:
        return getattr(ag, name)

    def sin(self, x: ag.Tensor) -> ag.Tensor:
        return ag.sin(x) + 1e-4 * (x - x.detach()) ** self.order


@pytest.mark.parametrize(("order", "named"), [(1, "first"), (2, "second")])
def test_a_wrong_derivative_is_noticed(order: int, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program([(2, 3)], [False], 0, [("exp", (0,), {}), ("sin", (1,), {})])
    check(program, with_torch=False)
    monkeypatch.setattr(Tensors, "xp", Wrong(order))
    with pytest.raises(AssertionError, match=f"the {named} derivative along a direction"):
        check(program, with_torch=False)
