"""Transforms: what they take and return, that they touch nothing; views, writes, hooks, complex numbers."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import anygrad as ag
from anygrad import tape
from anygrad.tensors import Tensor
from tests.test_rows import host

A, B = np.array([0.5, -1.2, 2.0]), np.array([1.5, 0.3, -0.7])


class Pair(NamedTuple):
    w: Any
    b: Any


@dataclass
class Layer:
    weight: Any
    bias: Any


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(host(found), expected, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------- arguments and results


def product(x: Any, y: Any, *, scale: Any = 1.0) -> Tensor:
    return ag.sum(x * y * scale)


def test_argnums_and_argnames_choose(make: Any) -> None:
    a, b = make(A), make(B)
    near(ag.grad(product)(a, b), B)
    near(ag.grad(product, 1)(a, b), A)
    near(ag.grad(product, -1)(a, b), A)
    gx, gy = ag.grad(product, (0, 1))(a, b)
    near(gx, B), near(gy, A)
    (only,) = ag.grad(product, [1])(a, b)
    near(only, A)
    near(ag.grad(product, argnames="y")(a, b), A)
    near(ag.grad(product, argnames="y")(a, y=b), A)
    two = make(2.0)
    assert list(ag.grad(product, argnames=("scale",))(a, b, scale=two)) == ["scale"]
    (gx,), named = ag.grad(product, (0,), ("scale", "y"))(a, b, scale=two)
    near(gx, 2 * B), near(named["scale"], A @ B), near(named["y"], 2 * A)


def test_aux_and_value(make: Any) -> None:
    def f(x: Any) -> Any:
        y = x * x
        return ag.sum(y), {"y": y, "n": 3}

    a = make(A)
    g, aux = ag.grad(f, has_aux=True)(a)
    near(g, 2 * A), near(aux["y"], A * A)
    assert aux["n"] == 3 and not aux["y"].requires_grad
    (value, aux), g = ag.value_and_grad(f, has_aux=True)(a)
    near(value, A @ A), near(aux["y"], A * A), near(g, 2 * A)
    value, g = ag.value_and_grad(lambda x: ag.sum(x * x))(a)
    near(value, A @ A), near(g, 2 * A)
    assert not value.requires_grad and not g.requires_grad
    g, aux = ag.elementwise_grad(lambda x: (ag.sin(x), x), has_aux=True)(a)
    near(g, np.cos(A)), near(aux, A)
    out, pull, aux = ag.vjp(lambda x: (ag.sin(x), x + 1), a, has_aux=True)
    near(out, np.sin(A)), near(pull(a)[0], np.cos(A) * A), near(aux, A + 1)
    out, moved, aux = ag.jvp(lambda x: (ag.sin(x), x + 1), (a,), (a,), has_aux=True)
    near(out, np.sin(A)), near(moved, np.cos(A) * A), near(aux, A + 1)
    out, push, aux = ag.linearize(lambda x: (ag.sin(x), x + 1), a, has_aux=True)
    near(out, np.sin(A)), near(push(a), np.cos(A) * A), near(aux, A + 1)


def test_pytrees_come_back_in_their_form(make: Any) -> None:
    tree = {"p": Pair(make(A), [make(B), None]), "l": (Layer(make(2.0), make(3.0)),), "none": None}

    def f(t: Any) -> Tensor:
        layer = t["l"][0]
        return ag.sum(t["p"].w * t["p"].b[0]) * layer.weight + layer.bias * 5.0

    g = ag.grad(f)(tree)
    assert list(g) == list(tree) and g["none"] is None and g["p"].b[1] is None
    assert isinstance(g["p"], Pair) and isinstance(g["l"][0], Layer)
    near(g["p"].w, 2 * B), near(g["p"].b[0], 2 * A), near(g["l"][0].weight, A @ B), near(g["l"][0].bias, 5.0)
    _, pull = ag.vjp(lambda t: Pair(t["p"].w * 2, {"x": t["l"][0].weight}), tree)
    (g,) = pull(Pair(make(A), {"x": make(3.0)}))
    near(g["p"].w, 2 * A), near(g["l"][0].weight, 3.0), near(g["p"].b[0], 0 * B)
    _, moved = ag.jvp(lambda t: [t["p"].w * t["p"].b[0]], (tree,), (tree,))
    assert isinstance(moved, list)
    near(moved[0], 2 * A * B)


@pytest.mark.parametrize("transform", [ag.grad, lambda f: lambda x: ag.vjp(f, x)[1](1.0)[0]])
def test_arrays_and_numbers_are_arguments(transform: Any) -> None:
    g = transform(lambda x: ag.sum(x * x))(A)
    assert isinstance(g, Tensor) and g.device == "cpu"
    near(g, 2 * A)
    g = transform(lambda x: x**3)(2.0)
    assert (g.shape, g.dtype) == ((), np.float64)
    near(g, 12.0)
    g = transform(lambda x: ag.sum(x * x))(A.astype(np.float32))
    assert g.dtype == np.float32
    near(transform(lambda x: x**2)(np.float64(3)), 6.0)


def test_shape_dtype_and_device_are_kept(make: Any, device: str) -> None:
    for dtype in (np.float32, np.float64):
        for shape in ((), (0,), (2, 3)):
            x = make(np.ones(shape, dtype))
            found = (
                ag.grad(lambda x: ag.sum(x * 2.0))(x),
                ag.grad(lambda x: ag.sum(make(A)))(x),
                ag.elementwise_grad(ag.sin)(x),
                ag.jvp(ag.sin, (x,), (x,))[1],
                ag.vjp(ag.sin, x)[1](x)[0],
                ag.jvp(lambda x: ag.ones_like(x), (x,), (x,))[1],
            )
            for g in found:
                assert (g.shape, g.dtype, g.device) == (shape, dtype, device)


def test_devices_may_differ() -> None:
    pytest.importorskip("array_api_strict")
    x, y = ag.asarray(A), ag.asarray(B, device="array_api_strict:device1")

    def f(x: Tensor, y: Tensor) -> Tensor:
        return ag.sum(ag.sin(x) * y.to("cpu"))

    gx, gy = ag.grad(f, (0, 1))(x, y)
    assert (gx.device, gy.device) == (x.device, y.device)
    near(gx, np.cos(A) * B), near(gy, np.sin(A))
    near(ag.jvp(f, (x, y), (x, y))[1], np.sum(np.cos(A) * A * B + np.sin(A) * B))
    j = ag.jacobian(lambda x: ag.sin(x).to(y.device), mode="reverse")(x)
    assert j.device == ag.jacobian(lambda x: ag.sin(x).to(y.device), mode="forward")(x).device == y.device
    near(j, np.diag(np.cos(A)))


def test_what_does_not_depend_on_it_has_zeros(make: Any) -> None:
    a = make(A)
    near(ag.grad(lambda x: ag.sum(make(B)))(a), 0 * A)
    gx, gy = ag.grad(lambda x, y: ag.sum(y), (0, 1))(a, a)
    near(gx, 0 * A), near(gy, 1 + 0 * A)
    near(ag.jvp(lambda x: make(B), (a,), (a,))[1], 0 * B)
    near(ag.jvp(lambda x: ag.floor(x), (a,), (a,))[1], 0 * A)
    near(ag.hvp(lambda x: ag.sum(x))(a, a), 0 * A)
    near(ag.hvp(lambda x: ag.sum(make(B)))(a, a), 0 * A)
    near(ag.hessian(lambda x: ag.sum(x))(a), np.zeros((3, 3)))


def test_an_argument_may_stand_still(make: Any) -> None:
    out, moved = ag.jvp(lambda x, n: x**n, (make(3.0), 2), (make(1.0), None))
    near(out, 9.0), near(moved, 6.0)


# ---------------------------------------------------------------- purity


def test_nothing_is_touched(make: Any) -> None:
    x, w = make(A, True), make(B, True)
    x.grad = before = make(B)
    nodes = x.node, w.node
    for f in (
        ag.grad(product),
        ag.value_and_grad(product),
        ag.elementwise_grad(product),
        ag.hessian(product),
    ):
        f(x, w)
    ag.vjp(product, x, w)[1](1.0)
    ag.jvp(product, (x, w), (make(A), make(B)))
    assert x.grad is before and w.grad is None and (x.node, w.node) == nodes
    plain = make(A)
    ag.grad(product)(plain, plain)
    assert not plain.requires_grad and plain.grad is None


def test_arguments_may_be_written() -> None:
    """A function that writes into its argument writes into its own: NumPy's array and the tensor stay."""
    for given in (A.copy(), ag.asarray(A.copy()), ag.tensor(A, requires_grad=True)):

        def f(x: Tensor) -> Tensor:
            x *= x
            x[0] = x[1] * 3.0
            x[1:][0] += 1.0
            return ag.sum(x * ag.asarray(B))

        expected = [0.0, 2 * A[1] * (3 * B[0] + B[1]), 2 * A[2] * B[2]]
        near(ag.grad(f)(given), expected)
        near(ag.jvp(f, (given,), (B,))[1], expected @ B)
        near(given if isinstance(given, Tensor) else ag.asarray(given), A)


def test_the_first_order_makes_no_graph_of_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    run = tape.backward

    def watched(seeds: Any, wanted: Any, retain: Any, create: Any) -> Any:
        passes.append(create)
        return run(seeds, wanted, retain, create)

    monkeypatch.setattr(tape, "backward", watched)
    x = ag.asarray(A)
    ag.grad(lambda x: ag.sum(ag.sin(x)))(x)
    ag.vjp(ag.sin, x)[1](x)
    ag.jvp(lambda x: ag.linalg.inv(ag.exp(x * ag.eye(3))), (x,), (x,))
    ag.jacobian(ag.sin, mode="reverse")(x)
    with ag.no_grad():
        ag.grad(lambda x: ag.sum(ag.sin(x)))(ag.tensor(A, requires_grad=True))
    assert not any(passes) and len(passes) == 7
    ag.grad(ag.grad(lambda x: x**3))(2.0)
    assert passes[7:] == [True, False]


def test_graphs_die_with_what_was_returned() -> None:
    gc.collect()
    gc.disable()
    try:
        kept: list[Any] = []

        def f(x: Tensor) -> Tensor:
            y = x * x
            kept.append(weakref.ref(y.node))
            return ag.sum(y)

        ag.grad(f)(ag.asarray(A))
        ag.hessian(f)(ag.asarray(A))
        out = ag.vjp(f, ag.asarray(A))
        ag.jvp(f, (A,), (A,))
        ag.linearize(f, A)[1](A)
        del out
        assert kept and all(ref() is None for ref in kept)
    finally:
        gc.enable()


def test_threads_do_not_meet() -> None:
    found: dict[int, Any] = {}

    def run(i: int) -> None:
        f = ag.grad(ag.grad(lambda x: x ** (i + 3)))
        found[i] = [float(f(1.0)) for _ in range(20)]

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {i: [(i + 3) * (i + 2)] * 20 for i in range(4)}


def test_pull_and_push_may_be_called_again(make: Any) -> None:
    a, b = make(A), make(B)
    _, pull = ag.vjp(lambda x, y: x * y, a, b)
    for _ in range(2):
        near(pull(a)[0], A * B)
    _, push = ag.linearize(lambda x, y: x * y, a, b)
    for _ in range(2):
        near(push(a, a), A * B + A * A)
    near(ag.grad(lambda c: ag.sum(pull(c)[0] * c))(a), 2 * A * B)
    near(ag.grad(lambda t: ag.sum(push(t, b) * t))(a), 2 * A * B + B * A)


# ---------------------------------------------------------------- views, writes, hooks


def written(x: Tensor) -> Tensor:
    """Write through views, at repeated indices too."""
    y = x * 1.0
    y[1:] = y[:-1] * x[1:]
    y[ag.asarray([0, 0], device=x.device)] = ag.stack([x[2] ** 2, x[1] ** 3])
    z = y.reshape((3, 1))
    z += x[0]
    return ag.concat([y, z[::-1, 0]])


def test_writes_and_views_are_pushed_through(make: Any) -> None:
    a = make(A)
    expected = ag.jacobian(written, mode="reverse")(a)
    near(ag.jacobian(written, mode="forward")(a), host(expected))
    near(ag.jvp(written, (a,), (make(B),))[1], host(expected) @ B)
    second = ag.jacobian(ag.jacobian(written, mode="reverse"), mode="reverse")(a)
    near(ag.jacobian(ag.jacobian(written, mode="forward"), mode="forward")(a), host(second))
    near(ag.hessian(written)(a), host(second))


def test_hooks_see_gradients_and_no_tangents() -> None:
    seen: list[Any] = []

    def f(x: Tensor) -> Tensor:
        y = x * x
        y.register_hook(seen.append)
        y.register_hook(lambda g: 2 * g)
        return ag.sum(y)

    near(ag.grad(f)(ag.asarray(A)), 4 * A)
    assert len(seen) == 1
    near(ag.jvp(f, (A,), (B,))[1], 2 * A @ B)
    assert len(seen) == 1


def test_what_hooks_packed_is_unpacked() -> None:
    packed: list[Any] = []
    unpacked: list[Any] = []

    def plain(x: Tensor) -> Tensor:
        return ag.sum(ag.linalg.inv(ag.exp(x * ag.eye(3))) @ x)

    def pack(t: Tensor) -> Any:
        packed.append(1)
        return t.tolist()

    def unpack(held: Any) -> Tensor:
        unpacked.append(1)
        return ag.asarray(held)

    def f(x: Tensor) -> Tensor:
        with ag.autograd.saved_tensors_hooks(pack, unpack):
            return plain(x)

    near(ag.jvp(f, (A,), (B,))[1], host(ag.jvp(plain, (A,), (B,))[1]))
    assert packed and unpacked
    near(ag.grad(f)(A), host(ag.grad(plain)(A)))
    near(ag.hessian(f)(A), host(ag.hessian(plain)(A)))


def test_a_hook_on_an_argument() -> None:
    def f(x: Tensor) -> Tensor:
        x.register_hook(lambda g: g * 10)
        return ag.sum(x * x)

    near(ag.grad(f)(A), 20 * A)
    x = ag.tensor(A, requires_grad=True)
    out = ag.value_and_grad(f)(x)[0]
    out.backward()
    near(x.grad, 20 * A)


# ---------------------------------------------------------------- complex numbers

Z = np.array([0.5 + 0.7j, -1.2 + 0.3j])


def test_complex_gradients_are_those_of_backward(make: Any) -> None:
    x = make(Z, True)
    f: Callable[[Any], Any] = lambda z: ag.sum(ag.real(ag.exp(z) * ag.conj(z)))
    f(x).backward()
    z = make(Z)
    near(ag.grad(f)(z), host(x.grad))
    near(ag.vjp(f, z)[1](1.0)[0], host(x.grad))
    t = make(Z * 1j + 0.2)
    near(ag.jvp(f, (z,), (t,))[1], np.sum(np.real(np.conj(host(x.grad)) * host(t))))


def test_holomorphic_derivatives(make: Any) -> None:
    z = make(Z)
    near(ag.grad(lambda z: ag.sum(ag.exp(z) * z), holomorphic=True)(z), np.exp(Z) * (1 + Z))
    near(ag.elementwise_grad(ag.sin, holomorphic=True)(z), np.cos(Z))
    value, g = ag.value_and_grad(lambda z: ag.sum(z * z), holomorphic=True)(z)
    near(value, np.sum(Z * Z)), near(g, 2 * Z)
    twice = ag.grad(ag.grad(lambda z: z**3, holomorphic=True), holomorphic=True)
    near(twice(make(Z[0])), 6 * Z[0])
    near(ag.jvp(ag.exp, (z,), (make(Z * 2),))[1], np.exp(Z) * 2 * Z)


def test_a_real_function_of_complex_numbers_inside(make: Any) -> None:
    """By way of complex numbers and back, the derivative of a real function is the real one."""

    def f(x: Tensor) -> Tensor:
        return ag.abs(ag.exp(x * 1j) + x)

    a = make(A)
    expected = (A + np.cos(A) - A * np.sin(A)) / np.abs(np.exp(1j * A) + A)
    near(ag.elementwise_grad(f)(a), expected)
    near(ag.jvp(f, (a,), (make(B),))[1], expected * B)
