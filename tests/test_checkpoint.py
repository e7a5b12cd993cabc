"""Checkpoints: the same gradients of every order, less memory, and what is not deterministic is named."""

from __future__ import annotations

import dataclasses
import gc
import random
import weakref
from collections import Counter
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import dispatch, generators
from anygrad.devices import get_backend
from anygrad.errors import ArgumentError, CheckpointError, DtypeError, FreedGraphError
from anygrad.graph import Node
from anygrad.op import REGISTRY
from tests.programs import Program
from tests.runners import Tensors
from tests.test_saved_hooks import orders, program

grad = ag.autograd.grad
checkpoint = ag.checkpoint


@dataclasses.dataclass
class Layer:
    weight: Any
    options: dict[str, float]


def leaf(values: Any) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, requires_grad=True)


def nested(x: Any, w: Any) -> Any:
    """Return the program in two checkpoints, one in the other."""

    def inner(y: Any) -> Any:
        return ag.exp(ag.sin(y)) * w[0]

    def outer(y: Any, *, w: Any) -> Any:
        return program(checkpoint(inner, ag.cos(y)) * y, w)

    return checkpoint(outer, x, w=w)


def open_nested(x: Any, w: Any) -> Any:
    """Return the same without a checkpoint."""
    return program(ag.exp(ag.sin(ag.cos(x))) * w[0] * x, w)


@pytest.fixture
def inputs(make: Any) -> list[Any]:
    random = np.random.default_rng(1)
    return [make(random.normal(size=3), True), make(random.normal(size=(3, 3)), True)]


POLICIES = [None, lambda op, nbytes: op in ("matmul", "svd", "exp"), lambda op, nbytes: True, 0, 200, 10**9]


@pytest.mark.parametrize("policy", POLICIES)
def test_every_order(inputs: list[Any], policy: Any) -> None:
    expected = orders(program, *inputs)
    for function in (
        checkpoint(policy=policy)(program),
        lambda x, w: checkpoint(lambda y: program(y, w), x, policy=policy),  # w is closed over
        lambda x, w: checkpoint(lambda: program(x, w))(),
    ):
        for found, wanted in zip(orders(function, *inputs), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)
    assert dispatch.Node is Node
    assert REGISTRY["matmul"].forward.__name__ != "watched"


def test_nested_and_among_saved_value_hooks(inputs: list[Any], device: str) -> None:
    expected = orders(open_nested, *inputs)

    def on_host(x: Any, w: Any) -> Any:
        with ag.autograd.save_on_cpu():
            return nested(x, w)

    def host_inside(x: Any, w: Any) -> Any:
        return checkpoint(on_host, x, w)

    for function in (nested, on_host, host_inside, checkpoint(nested, policy=300)):
        for found, wanted in zip(orders(function, *inputs), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


def test_it_runs_twice_and_only_as_far_as_is_needed() -> None:
    x = leaf([0.5, 1.0])
    log: list[str] = []

    def region(y: Any) -> Any:
        log.append("first")
        z = ag.exp(y)
        log.append("second")
        return z + 1.0

    out = checkpoint(region, x).sum()
    assert log == ["first", "second"]
    out.backward(retain_graph=True)
    assert log == ["first", "second", "first"]
    out.backward()
    assert log == ["first", "second"] + ["first"] * 2
    assert x.grad.tolist() == (2 * np.exp([0.5, 1.0])).tolist()
    with pytest.raises(FreedGraphError):
        out.backward()


def test_without_gradients_it_is_the_call() -> None:
    calls: list[Any] = []
    with ag.no_grad():
        assert checkpoint(lambda y: (calls.append(1), y * 2)[1], leaf(2.0)).item() == 4.0
    assert checkpoint(lambda y: y * 2, ag.tensor(2.0)).item() == 4.0
    assert len(calls) == 1


def test_random_states_are_preserved_and_put_back() -> None:
    x = leaf(np.ones(50))

    def region(y: Any) -> Any:
        mask = np.random.random(50) < 0.5  # noqa: NPY002
        return ag.exp(y) * mask * random.random()

    out = checkpoint(region, x)
    seen = out.detach().numpy(copy=True)
    before = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), seen)
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # noqa: NPY002
    x.grad = None
    out = checkpoint(region, x, preserve_rng_state=False)
    seen = out.detach().numpy(copy=True)
    out.sum().backward()
    assert np.abs(x.grad.numpy() - seen).max() > 0


def test_a_checkpoint_may_be_the_first_to_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generators, "_of", {})
    monkeypatch.setattr(generators, "_begun", {})
    x = ag.ones(3, requires_grad=True)
    drawn: list[Any] = []

    def region(x: Any) -> Any:
        drawn.append(ag.random.normal(shape=3).tolist())
        return ag.sin(x * ag.asarray(drawn[-1]))

    ag.checkpoint(region, x).sum().backward()
    assert len(drawn) == 2 and drawn[0] == drawn[1]


def test_arguments_are_as_they_were() -> None:
    x, scale = leaf([1.0, 2.0]), ag.tensor([3.0, 4.0])
    y = x * 1
    out = checkpoint(lambda pair, by: ag.exp(pair["y"] * by[0]), {"y": y}, [scale]).sum()
    y *= 100
    scale[...] = 0.0
    out.backward()
    np.testing.assert_allclose(x.grad.numpy(), [3, 4] * np.exp([3.0, 8.0]))


def test_writes_and_views_inside() -> None:
    x = leaf([1.0, 2.0, 3.0])

    def region(y: Any) -> Any:
        z = y * 2
        part = z[1:]
        part *= ag.exp(z[:1])
        z[0] = part[0] * part[1]
        return z * z

    def run(function: Any) -> Any:
        x.grad = None
        function(x).sum().backward()
        return x.grad.tolist()

    assert run(checkpoint(region)) == run(region)
    y = x * 1.0
    checkpoint(lambda t: t.mul_(ag.exp(t)), y)  # writes into what it was given
    x.grad = None
    y.sum().backward()
    e = np.exp([1.0, 2.0, 3.0])
    np.testing.assert_allclose(x.grad.numpy(), e + e * [1, 2, 3])


def test_a_leaf_that_the_function_itself_writes() -> None:
    def region(y: Any) -> Any:
        with ag.no_grad():
            y[0] = 5.0
        return ag.exp(y) * y

    x, twin = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    checkpoint(region, x).sum().backward()
    region(twin).sum().backward()
    assert x.grad.tolist() == twin.grad.tolist() and x.tolist() == [5.0, 2.0]


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_of_views_and_writes(seed: int) -> None:
    made = Program(seed)

    def run(*leaves: Any) -> Any:
        given = iter(leaves)
        tensors = Tensors(made, made.inputs, get_backend("cpu"), Counter())
        tensors.leaf = lambda i, layout: next(given)  # type: ignore[method-assign]
        for step in made.steps:
            tensors.step(*step)
        return made.loss(tensors.members, [ag.asarray(w) for w in made.weights], ag.sum)

    def packed(*leaves: Any) -> Any:
        with ag.autograd.saved_tensors_hooks(lambda t: t.numpy(copy=True), ag.tensor):
            return run(*leaves)

    def second(function: Any) -> list[np.ndarray]:
        leaves = [leaf(x) for x in made.inputs]
        out = function(*leaves)
        first = grad(out, leaves, create_graph=True, materialize_grads=True)
        total = sum((g * g).sum() for g in first)
        last = grad(total, leaves, materialize_grads=True) if total.requires_grad else ()
        return [t.detach().numpy(copy=True) for t in (out, *first, *last)]

    expected = second(run)
    for function in (
        checkpoint(run),
        checkpoint(packed),
        lambda *xs: checkpoint(checkpoint(run), *xs, policy=99),
    ):
        for found, wanted in zip(second(function), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


def test_leaves_inside_and_constants() -> None:
    x = leaf([1.0, 2.0])

    def region(y: Any) -> Any:
        own = leaf([3.0, 4.0])
        mask = y.detach() > 1.5
        return ag.where(mask, ag.exp(y) * own, ag.sin(y)) * ag.asarray([5.0, 6.0])

    checkpoint(region, x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [5 * np.cos(1.0), 24 * np.exp(2.0)])


def test_hooks_inside_run_once_and_a_pass_inside() -> None:
    x = leaf(2.0)
    seen: list[float] = []

    def region(y: Any) -> Any:
        z = ag.exp(y)
        z.register_hook(lambda g: (seen.append(g.item()), g * 10)[1])
        (slope,) = grad(ag.sin(y), y, create_graph=True)
        return z * slope

    checkpoint(region, x).backward()
    assert seen == [np.cos(2.0)]
    assert x.grad.item() == pytest.approx(np.exp(2.0) * (10 * np.cos(2.0) - np.sin(2.0)))


def test_nothing_is_kept_alive() -> None:
    x = leaf(np.ones(10))
    y = x * 1
    gone = weakref.ref(y)
    out = checkpoint(lambda t: ag.exp(ag.sin(t)) + 1.0, y).sum()
    array = weakref.ref(y.array)
    del y
    out.backward()
    assert gone() is None and array() is None
    gc.collect()
    out = checkpoint(lambda t: ag.exp(ag.sin(t)), x)
    node = weakref.ref(out.grad_fn)
    del out
    assert node() is None


# ---------------------------------------------------------------- bad input


def flaky(*functions: Any) -> Any:
    """Return a function that does something else on every call."""
    calls = iter(functions)

    def changing(y: Any) -> Any:
        return next(calls)(y)

    return changing


CHANGES = [
    (ag.exp, ag.sin, r"saved value 0 is of sin, float64 of shape \(2,\) on cpu, and was of exp"),
    (ag.exp, lambda y: ag.exp(y[:1]), r"saved value 0 is of exp, float64 of shape \(1,\)"),
    (ag.exp, lambda y: ag.exp(y.astype(ag.float32)), "saved value 0 is of exp, float32"),
    (lambda y: ag.exp(ag.exp(y)), ag.exp, "it saved 1 values, and at least 2 the first time"),
    (ag.exp, lambda y: y.detach(), "it saved 0 values"),
]


@pytest.mark.parametrize(("first", "second", "match"), CHANGES)
def test_what_is_not_deterministic_is_named(first: Any, second: Any, match: str) -> None:
    x = leaf([1.0, 2.0])
    out = checkpoint(flaky(first, second), x).sum()
    with pytest.raises(
        CheckpointError, match=r"\[checkpoint\] flaky.<locals>.changing did not do .*" + match
    ):
        out.backward()
    assert x.grad is None and ag.is_grad_enabled()


def test_unchecked_the_operations_may_differ() -> None:
    x = leaf([1.0, 2.0])
    checkpoint(flaky(ag.exp, lambda y: ag.exp(y).clone()), x, determinism_check="none").sum().backward()
    assert x.grad.tolist() == np.exp([1.0, 2.0]).tolist()


def test_a_tensor_from_elsewhere_that_was_written_is_told() -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    out = checkpoint(lambda y: ag.exp(y) * w, x).sum()
    with ag.no_grad():
        w.mul_(2)
    with pytest.raises(CheckpointError, match="what it passed to multiply has been written since"):
        out.backward()


def test_an_error_in_the_second_run_is_raised_as_it_is() -> None:
    x = leaf([1.0, 2.0])

    def fail(y: Any) -> Any:
        raise LookupError("mine")

    out = checkpoint(flaky(ag.exp, fail, ag.exp), x).sum()
    with pytest.raises(LookupError, match="mine"):
        out.backward()
    assert ag.is_grad_enabled() and dispatch.Node is Node
    out.backward()
    assert x.grad.tolist() == np.exp([1.0, 2.0]).tolist()


def test_arguments_that_cannot_be() -> None:
    x = leaf([1.0])
    for policy in (True, "all", 1.5):
        with pytest.raises(
            DtypeError, match=r"\[checkpoint\] policy is .*expected a function of an operation's"
        ):
            checkpoint(ag.exp, x, policy=policy)
    with pytest.raises(ArgumentError, match="policy is -1: expected a number of bytes"):
        checkpoint(ag.exp, x, policy=-1)
    with pytest.raises(ArgumentError, match="determinism_check is 'some': expected 'default' or 'none'"):
        checkpoint(ag.exp, x, determinism_check="some")  # type: ignore[arg-type]
    with pytest.raises(DtypeError, match="got Tensor: expected a function"):
        checkpoint(x, ag.exp)  # type: ignore[arg-type]
    for segments in (0, 3):
        with pytest.raises(ArgumentError, match=rf"segments is {segments}, there are 2 functions"):
            ag.checkpoint_sequential([ag.exp, ag.sin], segments, x)
    with pytest.raises(DtypeError, match=r"segments is 1.5: expected an integer"):
        ag.checkpoint_sequential([ag.exp, ag.sin], 1.5, x)  # type: ignore[arg-type]
    with pytest.raises(DtypeError, match=r"functions holds 3: expected functions"):
        ag.checkpoint_sequential([ag.exp, 3], 1, x)  # type: ignore[list-item]


def test_a_closed_over_tensor_that_nothing_saves_and_that_was_written_is_named() -> None:
    x, w = leaf(np.ones(3)), leaf(np.arange(3.0))
    y = checkpoint(lambda x: ag.sin(x + w).sum(), x)
    with ag.no_grad():
        w -= 0.5
    with pytest.raises(ag.CheckpointError, match="passed to add has been written since"):
        y.backward()
    assert x.grad is None and w.grad is None
    b = x * 2
    y = checkpoint(lambda x: ag.sin(x + b).sum(), x)
    b[0] = 5.0
    with pytest.raises(ag.CheckpointError, match="passed to add has been written since"):
        y.backward()


def test_arguments_are_pytrees() -> None:
    w = leaf(np.arange(3.0))
    layer = Layer(w, {"scale": 2.0})
    y = checkpoint(lambda p, x: ag.sin(x * p.options["scale"] + p.weight).sum(), layer, ag.ones(3))
    with ag.no_grad():
        w -= 0.5
    y.backward()
    np.testing.assert_allclose(w.grad, np.cos(2 + np.arange(3.0)))
