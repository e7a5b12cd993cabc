"""Tensors that move between libraries, and arrays of one library among tensors of another."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import anygrad as ag
from anygrad.errors import DeviceError, DtypeError, GraphExitError
from anygrad.testing import gradcheck

PLACES = ("cpu", "torch", "jax", "array_api_strict", "array_api_strict:device1")
SHARING = ("cpu", "torch", "jax")
PAIRS = [(a, b) for a in PLACES for b in PLACES if a != b]


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    """Give JAX double precision, and take it back."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def leaf(n: int, device: str, dtype: Any = np.float64) -> Any:
    """Return a tensor with a gradient."""
    values = np.random.default_rng(n).standard_normal(n) * (1 + (2j if np.dtype(dtype).kind == "c" else 0))
    return ag.tensor(values.astype(dtype), device=device, requires_grad=True)


def host(x: Any) -> np.ndarray:
    """Return a copy of the values."""
    return np.array(x.detach().cpu())


@pytest.mark.parametrize(("source", "goal"), PAIRS)
def test_a_tensor_moves_with_its_gradient(source: str, goal: str) -> None:
    for dtype in (np.float64, np.complex128):
        x = leaf(3, source, dtype)
        assert gradcheck(lambda x: (x * x).to(goal) ** 2, [x], order=2)
        there = (x * x).to(goal)
        assert there.device == goal and there.requires_grad
        (ag.real(there * there)).sum().backward()
        assert x.grad.device == source and x.grad.dtype == dtype
        np.testing.assert_allclose(host(x.grad), np.conj(4 * host(x) ** 3))
        x.grad.zero_()
    narrow = leaf(3, source, np.float32)
    narrow.to(goal).sum().backward()
    assert narrow.grad.dtype == np.float32 and narrow.grad.device == source


@pytest.mark.parametrize(("source", "goal"), PAIRS)
def test_writes_after_a_move_show_on_neither_side(source: str, goal: str) -> None:
    x = leaf(512, source).detach() * 1
    before = host(x)
    y = x.to(goal)
    x[0] = 7.0
    x += 1
    np.testing.assert_array_equal(host(y), before)
    moved = host(x)
    y[1] = 9.0
    y *= 2
    np.testing.assert_array_equal(host(x), moved)
    w = leaf(512, source)
    middle = w * 1
    out = ag.exp(middle.to(goal))
    middle *= 0
    out.sum().backward()
    np.testing.assert_allclose(host(w.grad), np.exp(host(w)))


@pytest.mark.parametrize(("source", "goal"), PAIRS)
def test_gradients_that_moved_are_their_own(source: str, goal: str) -> None:
    x, y = leaf(512, source), leaf(512, source)
    g = ag.ones(512, device=goal)
    (x + y).to(goal).backward(g)
    x.grad.zero_()
    assert float(y.grad.sum()) == 512 == float(g.sum())
    a = leaf(512, source)
    (a.to(goal) + a.to(goal) * 2 + a.to(goal)).sum().backward()
    np.testing.assert_allclose(host(a.grad), 4)


def pointer(array: Any) -> int:
    """Return where the memory of an array begins."""
    if isinstance(array, torch.Tensor):
        return array.data_ptr()
    return array.unsafe_buffer_pointer() if isinstance(array, jax.Array) else array.ctypes.data


@pytest.mark.parametrize(("source", "goal"), [(a, b) for a in SHARING for b in SHARING if a != b])
def test_memory_is_shared_where_both_see_it(source: str, goal: str) -> None:
    buffer = np.empty(4096 + 8)
    start = -(buffer.ctypes.data // 8) % 8
    x = ag.asarray(buffer[start : start + 4096]).to(
        source
    )  # JAX takes memory by whole lines of a cache alone.
    y = x.to(goal)
    assert pointer(x.array) == pointer(y.array)
    assert pointer(x.to(goal, copy=True).array) != pointer(x.array)
    z = ag.from_dlpack(x.detach(), device=goal, copy=True)
    assert pointer(z.array) != pointer(x.array)
    y[0] = 3.0
    assert pointer(x.array) != pointer(y.array)


@pytest.mark.parametrize("goal", SHARING[1:])
def test_what_cannot_be_shared_is_copied(goal: str) -> None:
    only_read = np.arange(3.0)
    only_read.flags.writeable = False
    swapped = np.arange(3.0).astype(">f8")
    for values in (only_read, swapped, np.arange(6.0)[::-2], np.broadcast_to(2.0, (2, 3)), np.zeros((0, 3))):
        x = ag.asarray(values)
        np.testing.assert_array_equal(host(x.to(goal)), values)
        np.testing.assert_array_equal(host(x.to(goal).to("cpu")), values)
    z = ag.asarray(np.float64(2.5)).to(goal)
    assert z.shape == () and float(z) == 2.5
    t = torch.arange(3.0).to(torch.complex64).conj()
    np.testing.assert_array_equal(host(ag.asarray(t).to("cpu")), [0, 1, 2])


def test_jax_without_double_precision_says_so() -> None:
    jax.config.update("jax_enable_x64", False)
    with pytest.raises(DtypeError, match="got float64: jax lacks it; enable it first"):
        ag.tensor([1.0]).to("jax")
    x = ag.tensor([1.0], dtype=ag.float32, requires_grad=True)
    x.to("jax").sum().backward()
    assert x.grad.dtype == ag.float32


# ---------------------------------------------------------------- foreign arrays among tensors

OPERATORS = ("add", "sub", "mul", "truediv", "pow", "matmul", "lt", "eq")


def foreign(device: str) -> Any:
    """Return a bare array of a library."""
    values = np.asarray([2.0, 3.0])
    return {"torch": torch.from_numpy, "jax": jnp.asarray, "cpu": np.asarray}[device](values)


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("device", SHARING)
def test_an_array_of_another_library_is_refused_on_either_side(device: str, name: str) -> None:
    x, operate = leaf(2, device), getattr(operator, name)
    for other in {"torch", "jax"} - {device}:
        for a, b in ((x, foreign(other)), (foreign(other), x)):
            with pytest.raises(DeviceError, match=rf"is on ({device}|{other}).*write ag.asarray\("):
                operate(a, b)


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("device", SHARING)
def test_an_array_of_its_own_library_is_an_operand(device: str, name: str) -> None:
    x, operate, bare = leaf(2, device), getattr(operator, name), foreign(device)
    for a, b, x_first in ((x, bare, True), (bare, x, False)):
        out = operate(a, b)
        assert isinstance(out, ag.Tensor) and out.device == device
        arrays = (host(x), np.asarray(bare)) if x_first else (np.asarray(bare), host(x))
        with np.errstate(invalid="ignore"):
            np.testing.assert_allclose(host(out), operate(*arrays))
        assert out.requires_grad == (out.dtype == ag.float64)


def test_a_gradient_of_pytorchs_is_not_lost() -> None:
    tracked = torch.ones(2, dtype=torch.float64, requires_grad=True)
    x = leaf(2, "torch")
    for use in (
        lambda: x * tracked,
        lambda: tracked * x,
        lambda: x == tracked,
        lambda: ag.asarray(tracked),
        lambda: ag.tensor(tracked),
        lambda: ag.asarray(tracked, device="cpu"),
        lambda: ag.tensor(tracked, device="cpu"),
        lambda: ag.asarray(tracked, dtype=ag.float32),
        lambda: ag.asarray(tracked, device="array_api_strict"),
        lambda: ag.from_dlpack(tracked),
        lambda: ag.concat([tracked, tracked]),
        lambda: ag.where(x > 0, tracked, x),
        lambda: x.detach().clone().__setitem__(0, tracked[0]),
        lambda: (x * 2).backward(tracked),
    ):
        with pytest.raises(GraphExitError, match=r"torch tracks this tensor's gradient.*interop\.torch"):
            use()
    assert not ag.asarray(tracked.detach(), device="cpu").requires_grad


def test_a_gradient_of_ours_does_not_get_lost_elsewhere() -> None:
    for x in (leaf(2, "cpu"), leaf(2, "torch"), leaf(2, "jax"), leaf(2, "cpu")[0]):
        for use in (
            torch.tensor,
            torch.as_tensor,
            torch.asarray,
            torch.from_dlpack,
            torch.sin,
            lambda x: torch.tensor([x]),
            lambda x: torch.add(torch.ones(2), x),
            lambda x: torch.zeros(2).fill_(x),
            lambda x: operator.setitem(torch.zeros(2), 0, x),
            jnp.asarray,
            jnp.array,
            jnp.sin,
            jax.device_put,
            jax.jit(lambda x: x * 2),
            lambda x: jnp.asarray([x]),
            lambda x: jnp.zeros(2).at[0].set(x),
            np.asarray,
            np.array,
            np.from_dlpack,
        ):
            with pytest.raises((GraphExitError, TypeError)):
                use(x)


def test_a_tracer_names_the_way_across() -> None:
    with pytest.raises(DtypeError, match=r"got a JAX tracer: .*interop\.jax\.to_jax"):
        jax.jit(lambda x: ag.sin(x))(jnp.ones(2))
    with pytest.raises(DtypeError, match="got a JAX tracer"):
        jax.grad(lambda x: ag.sum(ag.asarray(x)).array)(jnp.ones(2))
    with pytest.raises(DtypeError, match="got a JAX tracer"):
        jax.jit(lambda y: leaf(2, "jax") * y)(jnp.ones(2))
