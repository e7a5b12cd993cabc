"""PyTorch's functions and modules as operations of ours: gradients of every order, parameters, memory."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch

import anygrad as ag
from anygrad.errors import DeviceError, DtypeError, FreedGraphError, GraphExitError, WriteError
from anygrad.interop.torch import from_torch, to_torch
from anygrad.testing import gradcheck

F64 = torch.float64


def leaf(*shape: int, dtype: Any = ag.float64, device: str = "cpu") -> Any:
    """Return a tensor of ours with a gradient."""
    rng = np.random.default_rng(sum(shape) + 1)
    values = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return ag.tensor(values, dtype=dtype, device=device, requires_grad=True)


def same(x: Any, t: Any) -> None:
    """Compare one of ours with one of PyTorch's."""
    np.testing.assert_allclose(np.asarray(x.detach().cpu()), t.detach().resolve_conj().numpy(), 1e-12, 1e-14)


def network() -> Any:
    """Return a module of PyTorch's."""
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()


REAL = {
    "one": (lambda x: torch.sin(x) * x, [(3,)]),
    "scalar": (lambda x: (x.exp() * x).sum(), [(2, 3)]),
    "0-d": (lambda x: x**3, [()]),
    "empty": (lambda x: (x * x).sum(), [(0, 2)]),
    "broadcast": (lambda x, y: x / (1 + y * y), [(3, 1), (4,)]),
    "several": (lambda x, y: (x.exp() * y, (y * y).sum(), x), [(3,), (3,)]),
    "identity": (lambda x: x, [(3,)]),
    "view": (lambda x: x.mT[1:], [(2, 3)]),
    "linalg": (lambda x, y: torch.linalg.solve(x @ x.mT + 3 * torch.eye(3, dtype=F64), y), [(3, 3), (3,)]),
    "constant beside": (lambda x: (x * x, torch.ones(2, dtype=F64)), [(3,)]),
}


@pytest.mark.parametrize("device", ["cpu", "torch", "array_api_strict:device1"])
@pytest.mark.parametrize("name", REAL)
def test_gradients_of_two_orders_are_those_of_differences(name: str, device: str) -> None:
    function, shapes = REAL[name]
    wrapped = from_torch(function)
    inputs = [leaf(*shape, device=device) for shape in shapes]
    assert gradcheck(wrapped, inputs, order=2)
    found = wrapped(*inputs)
    assert all(t.device == device for t in (found if isinstance(found, tuple) else [found]))


@pytest.mark.parametrize(
    "function",
    [
        lambda z: z * z * z,
        lambda z: z.conj() * z**2,
        lambda z: (z.abs(), z.real * z, z.imag),
        lambda z: torch.exp(1j * z.conj()),
    ],
)
def test_complex_gradients(function: Any) -> None:
    assert gradcheck(from_torch(function), [leaf(3, dtype=ag.complex128)], order=2)


def test_derivatives_of_every_kind() -> None:
    function = from_torch(lambda x: (x[1:] * torch.sin(x[:-1])).sum())
    ours = lambda x: ag.sum(x[1:] * ag.sin(x[:-1]))
    x, v = leaf(3).detach(), leaf(3).detach() + 1
    for transform in (ag.grad, ag.hessian, ag.jacobian, lambda f: ag.grad(lambda x: ag.grad(f)(x)[0])):
        np.testing.assert_allclose(transform(function)(x), transform(ours)(x))
    np.testing.assert_allclose(ag.jvp(function, (x,), (v,))[1], ag.jvp(ours, (x,), (v,))[1])
    np.testing.assert_allclose(ag.hvp(function)(x, v), ag.hvp(ours)(x, v))
    third = lambda f: ag.grad(lambda x: ag.sum(ag.hessian(f)(x) ** 2))(x)
    np.testing.assert_allclose(third(function), third(ours))


# ---------------------------------------------------------------- modules


def test_parameters_accumulate_as_in_pytorch() -> None:
    net, x = network(), leaf(5, 3)
    there = torch.tensor(np.asarray(x.detach()), requires_grad=True)
    operation = from_torch(net)
    for _ in range(2):
        (operation(x) ** 2).sum().backward()
    found = [p.grad for p in net.parameters()]
    net.zero_grad()
    for _ in range(2):
        (net(there) ** 2).sum().backward()
    same(x.grad, there.grad)
    for p, g in zip(net.parameters(), found, strict=True):
        torch.testing.assert_close(p.grad, g)


def test_grad_touches_no_parameter_and_a_penalty_reaches_each() -> None:
    net, x = network(), leaf(5, 3)
    (g,) = ag.autograd.grad(from_torch(net)(x).sum(), x, create_graph=True)
    assert all(p.grad is None for p in net.parameters())
    (g**2).sum().backward()
    found = [p.grad for p in net.parameters()]
    net.zero_grad()
    there = torch.tensor(np.asarray(x.detach()), requires_grad=True)
    (g,) = torch.autograd.grad(net(there).sum(), there, create_graph=True)
    (g**2).sum().backward()
    for p, g in zip(net.parameters(), found, strict=True):
        torch.testing.assert_close(p.grad, g)
    same(x.grad, there.grad)


def test_parameters_that_are_passed_are_arguments() -> None:
    net, x = network(), leaf(5, 3).detach()
    function = from_torch(lambda p, x: torch.func.functional_call(net, p, (x,)).square().sum())
    ours = {name: ag.asarray(p.detach()).to("cpu") for name, p in net.named_parameters()}
    found = ag.grad(function)(ours, x)
    net(torch.tensor(np.asarray(x))).square().sum().backward()
    for name, p in net.named_parameters():
        same(found[name], p.grad)


def test_hooks_frozen_parameters_and_captured_graphs() -> None:
    net, x = network(), leaf(3)
    seen: list[Any] = []
    first, *_, last = net.parameters()
    first.requires_grad_(False)
    last.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))
    from_torch(net)(x).sum().backward()
    assert first.grad is None and torch.equal(seen[0], torch.ones(2, dtype=F64))
    w = torch.tensor([2.0, 3.0, 4.0], dtype=F64, requires_grad=True)
    from_torch(lambda x: x * torch.exp(w))(x.detach()).sum().backward()
    torch.testing.assert_close(w.grad, torch.tensor(np.asarray(x.detach())) * torch.exp(w.detach()))
    with ag.no_grad():
        assert not from_torch(net)(x).requires_grad


def test_a_gradient_with_a_graph_does_not_land_in_a_parameter() -> None:
    net = network()
    out = from_torch(net)(leaf(3)).sum()
    with pytest.raises(GraphExitError, match="parameter of PyTorch's would get a gradient with a graph"):
        (out * out).backward(create_graph=True)


def test_a_forward_runs_once_whatever_is_differentiated() -> None:
    calls: list[int] = []

    def noisy(x: Any) -> Any:
        calls.append(1)
        return torch.nn.functional.dropout(x, 0.5) * x**2

    x = leaf(64)
    torch.manual_seed(0)
    y = from_torch(noisy)(x)
    (g,) = ag.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = ag.autograd.grad(g.sum(), x)
    mask = np.asarray(y.detach() != 0)
    assert len(calls) == 1 and 0 < mask.sum() < 64
    np.testing.assert_allclose(h, 12 * mask * np.asarray(x.detach()))


def test_parameters_and_graphs_die() -> None:
    net, x = network(), leaf(3)
    held = weakref.ref(net[0].weight)
    y = from_torch(net)(x)
    node = weakref.ref(y.node)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    with pytest.raises(FreedGraphError):
        y.sum().backward()
    gc.collect()
    gc.disable()
    try:
        del y
        assert node() is None
    finally:
        gc.enable()
    del net
    gc.collect()
    assert held() is None


# ---------------------------------------------------------------- memory


def test_memory_is_shared_both_ways() -> None:
    seen: list[int] = []

    def function(x: Any) -> Any:
        y = x + 1
        seen.extend([x.data_ptr(), y.data_ptr()])
        return y

    x = leaf(4, 5)
    y = from_torch(function)(x)
    assert seen == [x.array.ctypes.data, y.array.ctypes.data]
    y = from_torch(function)(leaf(3, device="torch"))
    assert seen[3] == y.array.data_ptr()


def test_later_writes_disturb_neither_side() -> None:
    x = leaf(3)
    start = np.asarray(x.detach()).copy()
    middle = x * 1
    y = from_torch(lambda x: x.exp())(middle)
    middle[0] = 100.0
    y[1] = 7.0
    y.sum().backward()
    want = np.exp(start)
    want[1] = 0
    np.testing.assert_allclose(x.grad, want)


def test_writes_by_the_function() -> None:
    with pytest.raises(RuntimeError, match="in-place"):
        from_torch(lambda x: x.mul_(2))(leaf(3))
    with pytest.raises(WriteError, match=r"\[<lambda>\] the function wrote into an argument"):
        from_torch(lambda x, i: x * i.add_(1))(leaf(3), ag.asarray([1, 2, 3]))
    count = torch.zeros(1)
    from_torch(lambda x, count: x * count.add_(1))(leaf(3), count)
    assert count == 1


def test_gradients_have_memory_of_their_own() -> None:
    x, y = leaf(3), leaf(3)
    from_torch(lambda x, y: x + y)(x, y).sum().backward()
    x.grad.zero_()
    assert y.grad.tolist() == [1, 1, 1]


def test_arrays_that_pytorch_cannot_hold_as_they_are() -> None:
    backwards, only_read = np.arange(3.0)[::-1], np.arange(3.0)
    only_read.flags.writeable = False
    for values in (backwards, only_read, np.broadcast_to(2.0, (3,)), np.zeros((0, 3)), np.float64(3)):
        x = ag.asarray(values)
        np.testing.assert_array_equal(from_torch(lambda x: x * 2)(x), values * 2)
    x = leaf(4)
    from_torch(lambda x: x**2)(x[::-2]).sum().backward()
    np.testing.assert_allclose(x.grad, 2 * np.asarray(x.detach()) * [0, 1, 0, 1])


# ---------------------------------------------------------------- arguments, modes, errors


def test_arguments_and_results_of_every_kind() -> None:
    def function(tree: Any, n: int, *, mode: str, index: Any) -> Any:
        assert mode == "x" and n == 3 and index.dtype == torch.int64
        return {"a": tree["w"][0] * n, "i": index + 1, "c": (tree["w"][1] > 0, None)}

    w, b = leaf(2), leaf(2).detach()
    out = from_torch(function)({"w": [w, b]}, 3, mode="x", index=ag.asarray([1, 2]))
    assert out["a"].requires_grad and not out["i"].requires_grad
    assert out["i"].dtype == ag.int64 and out["c"][0].dtype == ag.bool and out["c"][1] is None
    (out["a"] * b).sum().backward()
    np.testing.assert_allclose(w.grad, 3 * np.asarray(b))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_pytorchs_own_modes_do_not_matter(mode: Any) -> None:
    x = leaf(3)
    with mode():
        y = from_torch(torch.exp)(x)
        y.sum().backward()
    np.testing.assert_allclose(x.grad, np.exp(np.asarray(x.detach())))


@pytest.mark.parametrize("dtype", [ag.float16, ag.float32, ag.complex64])
def test_dtypes_are_kept(dtype: Any) -> None:
    x = leaf(2, dtype=dtype)
    y = from_torch(lambda x: x * 2)(x)
    assert y.dtype == dtype
    abs(y).sum().backward()
    assert x.grad.dtype == dtype


def test_each_within_the_other() -> None:
    x = leaf(3)
    assert gradcheck(from_torch(to_torch(lambda x: ag.exp(x) * x)), [x], order=2)
    there = torch.randn(3, dtype=F64, requires_grad=True)
    function = to_torch(from_torch(lambda x: x.exp() * x))
    assert torch.autograd.gradcheck(function, there) and torch.autograd.gradgradcheck(function, there)


def test_what_does_not_fit_is_named() -> None:
    x = leaf(2)
    with pytest.raises(DtypeError, match=r"\[<lambda>\] out is numpy.ndarray: expected PyTorch's tensors"):
        from_torch(lambda x: x.detach().numpy())(x)
    with pytest.raises(DtypeError, match="out is float"):
        from_torch(lambda x: float(x.detach().sum()))(x)
    with pytest.raises(DtypeError, match=r"got dtype torch.bfloat16"):
        from_torch(lambda x: x.bfloat16())(x)
    with pytest.raises(DeviceError, match=r"its tensors are on cpu and torch: move them with .to\(device\)"):
        from_torch(torch.add)(x, leaf(2, device="torch"))
    with pytest.raises(DtypeError, match=r"\[from_torch\] got str: expected a function"):
        from_torch("relu")  # type: ignore[arg-type]


def test_a_crossing_is_no_exit() -> None:
    with ag.strict():
        x = leaf(3)
        from_torch(network())(x).sum().backward()
        y = torch.randn(3, dtype=F64, requires_grad=True)
        to_torch(lambda x: ag.sum(x**3))(y).backward()
    assert x.grad is not None and y.grad is not None
