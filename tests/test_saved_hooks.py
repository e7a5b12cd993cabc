"""Saved-value hooks: packed at recording, unpacked in backward, at every order."""

from __future__ import annotations

import threading
import weakref
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import dispatch
from anygrad.errors import DeviceError, DtypeError, FreedGraphError, ShapeError
from anygrad.graph import Node

grad = ag.autograd.grad
hooks = ag.autograd.saved_tensors_hooks


def program(x: Any, w: Any) -> Any:
    """Return a scalar of operations of every kind: elementwise, products, several outputs, lists, views."""
    y = ag.tanh(x) * x - 2.0**x
    z = w @ y
    s = ag.linalg.svd(w + ag.reshape(ag.arange(9.0, device=x.device), (3, 3))).S
    q = ag.einsum("ij,jk,k->i", w, w, z)
    v = z * 1
    v[1:] = y[:2] * v[0]
    v *= ag.concat([y[:1], ag.exp(v[1:])])
    return (
        (v * v).sum()
        + s.sum()
        + (q**3).sum()
        + ag.stack([y, z]).max()
        + (x[ag.asarray([0, 0], device=x.device)] ** 2).sum()
    )


def orders(make: Any, *inputs: Any) -> list[Any]:
    """Return the value, first and second derivatives."""
    out = make(*inputs)
    first = grad(out, inputs, create_graph=True)
    second = grad(sum((g * g).sum() for g in first), inputs, retain_graph=True)
    out.backward()
    found = [t.detach().numpy(copy=True) for t in (out, *first, *second, *(x.grad for x in inputs))]
    for x in inputs:
        x.grad = None
    return found


def inside(block: Any) -> Any:
    """Return the program, recorded in a block."""

    def made(*inputs: Any) -> Any:
        with block:
            return program(*inputs)

    return made


@pytest.fixture
def inputs(make: Any) -> list[Any]:
    random = np.random.default_rng(0)
    return [make(random.normal(size=3), True), make(random.normal(size=(3, 3)), True)]


def test_every_order_through_any_packing(inputs: list[Any], device: str) -> None:
    expected = orders(program, *inputs)
    host = hooks(lambda t: t.numpy(copy=True), lambda a: ag.tensor(a, device=device))
    for block in (host, hooks(lambda t: t, lambda t: t), ag.autograd.save_on_cpu(pin_memory=True)):
        for found, wanted in zip(orders(inside(block), *inputs), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


def test_what_is_packed_is_what_is_saved() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    log: list[Any] = []

    def pack(t: Any) -> Any:
        assert not t.requires_grad and not ag.is_grad_enabled()
        log.append(("pack", t.tolist()))
        return t

    def unpack(t: Any) -> Any:
        log.append(("unpack", t.tolist()))
        return t

    with hooks(pack, unpack):
        y = x * x
        z = (y + 1.0).sum()  # saves nothing
    assert log == [("pack", [1.0, 2.0])] * 2
    outside = ag.exp(y)
    log.clear()
    (z + outside.sum()).backward()
    assert log == [("unpack", [1.0, 2.0])] * 2


def test_unpacked_once_in_a_pass(unchained: None) -> None:
    x = ag.tensor(np.linspace(0.1, 1.0, 5), requires_grad=True)
    count = [0, 0]

    def counted(i: int) -> Any:
        def passed(t: Any) -> Any:
            count[i] += 1
            return t

        return passed

    with hooks(counted(0), counted(1)):
        y = (ag.exp(x) * ag.sin(x)).sum()
    (g,) = grad(y, x, create_graph=True)
    assert count[0] == count[1] == 4
    grad(g.sum(), x)
    assert count[0] == 4


def test_the_innermost_is_asked() -> None:
    x = ag.tensor(2.0, requires_grad=True)
    log: list[str] = []

    def named(name: str) -> Any:
        return hooks(lambda t: (log.append(name), t)[1], lambda t: t)

    with named("outer"):
        a = ag.exp(x)
        with named("inner"):
            b = ag.exp(x)
        c = ag.exp(x)
    d = ag.exp(x)
    assert log == ["outer", "inner", "outer"]
    (a + b + c + d).backward()
    assert x.grad.item() == pytest.approx(4 * np.exp(2.0))


def test_a_block_entered_twice_and_left_by_an_error() -> None:
    x = ag.tensor(2.0, requires_grad=True)
    log: list[int] = []
    block = hooks(lambda t: (log.append(1), t)[1], lambda t: t)
    with pytest.raises(KeyError), block, block:
        ag.exp(x)
        raise KeyError
    ag.exp(x)
    assert log == [1]
    assert dispatch.Node is Node


def test_no_grad_packs_nothing_and_values_are_freed() -> None:
    x = ag.tensor([2.0], requires_grad=True)
    kept: list[Any] = []

    class Handle:
        def __init__(self, t: Any) -> None:
            self.t = t
            kept.append(weakref.ref(self))

    with hooks(Handle, lambda h: h.t):
        with ag.no_grad():
            ag.exp(x)
        assert not kept
        y = ag.exp(x).sum()
    y.backward()
    assert [ref() for ref in kept] == [None]
    with pytest.raises(FreedGraphError):
        y.backward()


def test_other_threads_are_left_alone() -> None:
    x = ag.tensor(2.0, requires_grad=True)
    log: list[int] = []
    found: list[Any] = []
    with hooks(lambda t: (log.append(1), t)[1], lambda t: t):
        thread = threading.Thread(target=lambda: found.append(ag.exp(x)))
        thread.start()
        thread.join()
    assert not log
    found[0].backward()
    assert x.grad.item() == pytest.approx(np.exp(2.0))


def test_what_is_packed_is_not_disturbed_by_writes() -> None:
    x = ag.tensor([2.0, 3.0], requires_grad=True)
    with hooks(lambda t: t, lambda t: t):
        y = x * 1
        z = y[:1] * y[1:]
        y[0] = 100.0
        y *= 2
    (z.sum() + y.sum()).backward()
    assert x.grad.tolist() == [3.0, 4.0]


WRONG = [
    (lambda t: t[:1], ShapeError, r"\[exp\] unpack returned a tensor of shape \(1,\): what was saved was of"),
    (lambda t: t.astype(ag.float32), DtypeError, r"\[exp\] unpack returned a tensor of dtype float32"),
    (lambda t: t.numpy(), DtypeError, r"\[exp\] unpack returned ndarray: expected the tensor"),
]


@pytest.mark.parametrize(("unpack", "kind", "match"), WRONG)
def test_unpacking_something_else(unpack: Any, kind: Any, match: str) -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with hooks(lambda t: t, unpack):
        y = ag.exp(x).sum()
    with pytest.raises(kind, match=match):
        y.backward()
    assert x.grad is None and ag.is_grad_enabled()


def test_unpacking_on_another_device() -> None:
    pytest.importorskip("array_api_strict")
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with hooks(lambda t: t, lambda t: t.to("array_api_strict")):
        y = ag.exp(x).sum()
    with pytest.raises(DeviceError, match=r"\[exp\] unpack returned a tensor on array_api_strict: .* on cpu"):
        y.backward()


def test_what_is_no_function() -> None:
    with pytest.raises(DtypeError, match=r"\[saved_tensors_hooks\] unpack is int: expected a function"):
        hooks(lambda t: t, 3)  # type: ignore[arg-type]


def test_an_error_in_pack_leaves_everything_whole() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)

    def fail(t: Any) -> Any:
        raise LookupError("mine")

    with hooks(fail, lambda t: t), pytest.raises(LookupError, match="mine"):
        ag.exp(x)
    assert ag.is_grad_enabled() and dispatch.Node is Node
