"""Functions of ours as PyTorch's: gradients of every order, memory, what PyTorch expects of an operation."""

from __future__ import annotations

import doctest
import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch

import anygrad as ag
from anygrad.errors import DtypeError, GradientError, LinAlgError, UnsupportedError
from anygrad.interop import torch as interop
from anygrad.interop.torch import to_torch

F64 = torch.float64


def leaf(*shape: int, dtype: Any = F64) -> Any:
    """Return a tensor of PyTorch's with a gradient."""
    return torch.randn(shape, dtype=dtype).requires_grad_()


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(7)


def test_the_examples_are_true() -> None:
    assert interop.__name__ == "anygrad.interop.torch"
    tried = doctest.testmod(interop, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried.attempted >= 9 and tried.failed == 0


REAL = {
    "one": (lambda x: ag.sin(x) * x, [(3,)]),
    "scalar": (lambda x: ag.sum(ag.exp(x) * x), [(2, 3)]),
    "0-d": (lambda x: x**3, [()]),
    "empty": (lambda x: ag.sum(x * x), [(0, 2)]),
    "broadcast": (lambda x, y: x / (1 + y * y), [(3, 1), (4,)]),
    "several": (lambda x, y: (ag.exp(x) * y, ag.sum(y * y), x), [(3,), (3,)]),
    "identity": (lambda x: x, [(3,)]),
    "view": (lambda x: x.mT[1:], [(2, 3)]),
    "saves its output": (lambda x: ag.tanh(x), [(3,)]),
    "linalg": (lambda x, y: ag.linalg.solve(x @ x.mT + 3 * ag.eye(3), y), [(3, 3), (3,)]),
    "writes": (lambda x, y: _written(x, y), [(3,), ()]),
    "twice": (lambda x: [x * x] * 2, [(2,)]),
}


def _written(x: Any, y: Any) -> Any:
    x[1] = y * x[0]
    x *= y
    return x


@pytest.mark.parametrize("name", REAL)
def test_gradients_of_two_orders_are_those_of_differences(name: str) -> None:
    function, shapes = REAL[name]
    wrapped = to_torch(function)
    inputs = [leaf(*shape) for shape in shapes]
    before = [x.detach().clone() for x in inputs]
    flat = lambda *xs: tuple(torch.utils._pytree.tree_leaves(wrapped(*xs)))
    assert torch.autograd.gradcheck(flat, inputs)
    assert torch.autograd.gradgradcheck(flat, inputs)
    assert all(torch.equal(x, b) for x, b in zip(inputs, before, strict=True))


@pytest.mark.parametrize(
    "function",
    [
        lambda z: z * z * z,
        lambda z: ag.conj(z) * z**2,
        lambda z: (ag.abs(z), ag.real(z) * z, ag.imag(z)),
        lambda z: ag.exp(1j * ag.conj(z)),
    ],
)
def test_complex_gradients_are_pytorchs(function: Any) -> None:
    z = leaf(3, dtype=torch.complex128)
    assert torch.autograd.gradcheck(to_torch(function), z)
    assert torch.autograd.gradgradcheck(to_torch(function), z)


def test_a_third_derivative_and_mixed_graphs() -> None:
    x = leaf(2)
    y = torch.sin(to_torch(lambda x: x**4)(torch.exp(x))).sum()
    want = torch.sin(torch.exp(x) ** 4).sum()
    for _ in range(3):
        (a,) = torch.autograd.grad(y, x, create_graph=True)
        (b,) = torch.autograd.grad(want, x, create_graph=True)
        torch.testing.assert_close(a, b)
        y, want = a.sum(), b.sum()


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_hessians_of_pytorchs_transforms() -> None:
    x = leaf(3)
    function = to_torch(lambda x: ag.sum(x[1:] * ag.sin(x[:-1])))
    want = torch.autograd.functional.hessian(lambda x: (x[1:] * torch.sin(x[:-1])).sum(), x)
    torch.testing.assert_close(torch.autograd.functional.hessian(function, x), want)
    torch.testing.assert_close(torch.func.grad(lambda x: torch.func.grad(function)(x)[0])(x), want[0])
    with pytest.raises(UnsupportedError, match=r"\[<lambda>\] torch.func.vmap was asked for"):
        torch.func.vmap(function)(x.reshape(3, 1))
    with pytest.raises((NotImplementedError, RuntimeError), match=r"jvp|forward"):
        torch.func.jvp(function, (x.detach(),), (torch.ones(3, dtype=F64),))


# ---------------------------------------------------------------- memory


def test_memory_is_shared_both_ways() -> None:
    seen: dict[str, Any] = {}

    def function(x: Any) -> Any:
        seen["in"] = x.array.ctypes.data
        y = x + 1
        seen["out"] = y.array.ctypes.data
        return y

    x = leaf(4, 5)
    y = to_torch(function)(x.mT)
    assert seen["in"] == x.data_ptr() and seen["out"] == y.data_ptr()
    assert to_torch(lambda x: x, device="torch")(x).data_ptr() != x.data_ptr()


def test_what_the_graph_saved_is_not_handed_out() -> None:
    x = leaf(3)
    want = torch.exp(x.detach())
    y = to_torch(ag.exp)(x)
    with torch.no_grad():
        y.zero_()
    y.sum().backward()
    torch.testing.assert_close(x.grad, want)


def test_what_is_captured_is_not_handed_out() -> None:
    constant = ag.asarray(np.ones(3))
    y = to_torch(lambda x: constant)(torch.zeros(1))
    y.zero_()
    assert float(constant.sum()) == 3


def test_gradients_have_memory_of_their_own() -> None:
    x, y = leaf(3), leaf(3)
    to_torch(lambda x, y: x + y)(x, y).sum().backward()
    x.grad.add_(5)
    torch.testing.assert_close(y.grad, torch.ones(3, dtype=F64))
    g = torch.ones(3, dtype=F64)
    z = leaf(3)
    to_torch(lambda x: x)(z).backward(g)
    z.grad.mul_(7)
    torch.testing.assert_close(g, torch.ones(3, dtype=F64))


def test_an_input_written_since_is_pytorchs_error() -> None:
    x = leaf(3)
    middle = x * 1
    y = to_torch(lambda x: x * x)(middle)
    middle.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_graph_is_released_once_and_dies_with_its_output() -> None:
    held: list[Any] = []

    def function(x: Any) -> Any:
        y = ag.exp(x)
        held.append(weakref.ref(y.node))
        return y * y

    x = leaf(3)
    y = to_torch(function)(x)
    gc.disable()
    try:
        assert held[0]() is not None
        y.sum().backward(retain_graph=True)
        y.sum().backward()
        with pytest.raises(RuntimeError, match="second time"):
            y.sum().backward()
        del y
        assert held[0]() is None
    finally:
        gc.enable()


# ---------------------------------------------------------------- what PyTorch expects


def test_arguments_and_results_of_every_kind() -> None:
    def function(tree: Any, n: int, *, mode: str, index: Any) -> Any:
        assert mode == "x" and n == 3
        return {"a": tree["w"][0] * n, "i": index + 1, "c": (ag.asarray([1.0]), tree["w"][1] > 0)}

    w, b, index = leaf(2), torch.randn(2, dtype=F64), torch.tensor([1, 2])
    out = to_torch(function)({"w": [w, b]}, 3, mode="x", index=index)
    assert out["a"].requires_grad and not out["i"].requires_grad and not out["c"][0].requires_grad
    assert out["i"].dtype == torch.int64 and out["c"][1].dtype == torch.bool
    (out["a"] * b).sum().backward()
    torch.testing.assert_close(w.grad, 3 * b)
    assert b.grad is None


def test_no_grad_and_what_needs_none_record_nothing() -> None:
    nodes: list[Any] = []

    def function(x: Any) -> Any:
        y = ag.sin(x)
        nodes.append(y.node)
        return y

    x = leaf(2)
    with torch.no_grad():
        assert not to_torch(function)(x).requires_grad
    assert not to_torch(function)(x.detach()).requires_grad
    with ag.no_grad():
        assert to_torch(function)(x).requires_grad
    assert nodes[0] is None and nodes[1] is None and nodes[2] is not None


def test_unused_inputs_and_outputs() -> None:
    x, y = leaf(2), leaf(2)
    a, b = to_torch(lambda x, y: (x * 2, x * y))(x, y)
    assert torch.autograd.grad(a.sum(), [x, y], allow_unused=True, retain_graph=True)[1] is None
    (b * y).sum().backward()
    torch.testing.assert_close(x.grad, y.detach() ** 2)


def test_hooks_see_gradients() -> None:
    seen: list[Any] = []
    x = leaf(2)
    x.register_hook(lambda g: seen.append(g.clone()))
    y = to_torch(lambda x: x * 3)(x)
    y.register_hook(lambda g: g * 2)
    y.sum().backward()
    torch.testing.assert_close(x.grad, torch.full((2,), 6.0, dtype=F64))
    torch.testing.assert_close(seen[0], x.grad)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, torch.complex64])
def test_dtypes_are_kept(dtype: Any) -> None:
    x = torch.ones(2, dtype=dtype, requires_grad=True)
    y = to_torch(lambda x: x * 2)(x)
    assert y.dtype == dtype
    y.abs().sum().backward()
    assert x.grad.dtype == dtype


@pytest.mark.parametrize("device", ["torch", "cpu", "array_api_strict:device1"])
def test_it_computes_where_it_is_told_to(device: str) -> None:
    seen: list[Any] = []

    def function(x: Any) -> Any:
        seen.append(x.device)
        return ag.sin(x) * x

    x = leaf(3)
    wrapped = to_torch(function, device=device)
    assert torch.autograd.gradcheck(wrapped, x) and torch.autograd.gradgradcheck(wrapped, x)
    assert set(seen) == {ag.device(device)}
    assert wrapped(x).device == x.device


def test_strides_of_every_kind() -> None:
    x = leaf(2, 3)
    function = to_torch(lambda x: x * x)
    for view in (x.mT, x[:, ::2], x[:1].expand(4, 3), x[1], x.real, x[:, :0]):
        torch.testing.assert_close(function(view), view * view)
    z = leaf(3, dtype=torch.complex128)
    torch.testing.assert_close(function(z.conj()), z.conj() ** 2)
    function(z.conj()).real.sum().backward()
    torch.testing.assert_close(z.grad, 2 * z.detach().conj())


def test_it_serves_in_a_module_under_an_optimizer_and_a_checkpoint() -> None:
    activation = to_torch(lambda x: x * ag.special.expit(x))

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = torch.nn.Linear(2, 8), torch.nn.Linear(8, 1)

        def forward(self, x: Any) -> Any:
            hidden = torch.utils.checkpoint.checkpoint(activation, self.first(x), use_reentrant=False)
            return self.second(hidden)

    net, x = Net(), torch.randn(32, 2)
    y = torch.sin(x[:, :1])
    optimizer = torch.optim.Adam(net.parameters(), 0.05)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 10


# ---------------------------------------------------------------- errors


def test_what_is_no_tensor_of_ours_is_refused() -> None:
    x = leaf(2)
    with pytest.raises(DtypeError, match=r"\[f\] out\[1\] is numpy.ndarray: expected anygrad's tensors"):

        def f(x: Any) -> Any:
            return x, np.ones(2)

        to_torch(f)(x)
    with pytest.raises(DtypeError, match="out is float"):
        to_torch(lambda x: 1.0)(x)
    with pytest.raises(DtypeError, match=r"\[to_torch\] got int: expected a function"):
        to_torch(3)  # type: ignore[arg-type]


def test_a_captured_gradient_is_not_lost() -> None:
    w = ag.tensor([2.0, 3.0], requires_grad=True)
    with pytest.raises(GradientError, match=r"requires a gradient and is no argument.*would be lost"):
        to_torch(lambda x: x * w)(leaf(2))
    with pytest.raises(GradientError, match="is no argument"):
        to_torch(lambda x: x * ag.exp(w))(leaf(2))
    out = to_torch(lambda x: x * w.detach())(leaf(2))
    assert out.requires_grad


def test_errors_of_the_function_and_dtypes_that_nobody_has() -> None:
    with pytest.raises(LinAlgError):
        to_torch(ag.linalg.cholesky)(torch.zeros(2, 2, dtype=F64))
    with pytest.raises(DtypeError, match=r"bfloat16.*cast it"):
        to_torch(lambda x: x)(torch.ones(2, dtype=torch.bfloat16))
