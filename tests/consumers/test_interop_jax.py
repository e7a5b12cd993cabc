"""Functions across JAX's border: gradients of every order, jit and vmap, complex numbers, dtypes, memory."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

import anygrad as ag
from anygrad.errors import ArgumentError, DeviceError, DtypeError, GradientError, ShapeError
from anygrad.interop import jax as interop
from anygrad.interop.jax import from_jax, to_jax
from anygrad.testing import gradcheck


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    """Give JAX double precision, and take it back."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture
def narrow(wide: None) -> Iterator[None]:
    """Take double precision from JAX, as it is by default."""
    jax.config.update("jax_enable_x64", False)
    yield


def values(*shape: int, kind: str = "f") -> np.ndarray:
    """Return numbers of no symmetry."""
    rng = np.random.default_rng(sum(shape) + 1)
    x = rng.standard_normal(shape)
    return x + 1j * rng.standard_normal(shape) if kind == "c" else x


def theirs(*shape: int, kind: str = "f") -> Any:
    """Return an array of JAX's."""
    return jnp.asarray(values(*shape, kind=kind))


def ours(*shape: int, kind: str = "f", device: str = "cpu") -> Any:
    """Return a tensor of ours with a gradient."""
    return ag.tensor(values(*shape, kind=kind), device=device, requires_grad=True)


def close(a: Any, b: Any, rtol: float = 1e-10) -> None:
    """Compare results of either library."""
    a, b = (np.asarray(x.detach().cpu() if isinstance(x, ag.Tensor) else x) for x in (a, b))
    np.testing.assert_allclose(a, b, rtol, 1e-12)


def test_the_examples_are_true(narrow: None) -> None:
    tried = doctest.testmod(interop, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried.attempted >= 7 and tried.failed == 0


FUNCTIONS: dict[str, Any] = {
    "one": (lambda xp: lambda x: xp.sin(x) * x, [(3,)]),
    "scalar": (lambda xp: lambda x: xp.sum(xp.exp(x) * x), [(2, 3)]),
    "0-d": (lambda xp: lambda x: x**3, [()]),
    "empty": (lambda xp: lambda x: xp.sum(x * x), [(0, 2)]),
    "broadcast": (lambda xp: lambda x, y: x / (1 + y * y), [(3, 1), (4,)]),
    "several": (lambda xp: lambda x, y: (xp.exp(x) * y, xp.sum(y * y), x), [(3,), (3,)]),
    "identity": (lambda xp: lambda x: x, [(3,)]),
    "view": (lambda xp: lambda x: x.mT[1:], [(2, 3)]),
    "linalg": (lambda xp: lambda x, y: xp.linalg.solve(x @ x.mT + 3 * xp.eye(3), y), [(3, 3), (3,)]),
    "unused": (lambda xp: lambda x, y: x * 2, [(3,), (2,)]),
    "constant beside": (lambda xp: lambda x: (x * x, xp.ones(2)), [(3,)]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_ours_there_has_gradients_of_two_orders(name: str) -> None:
    make, shapes = FUNCTIONS[name]
    function, inputs = to_jax(make(ag)), [theirs(*shape) for shape in shapes]
    check_grads(function, inputs, order=2, modes=["rev"])
    check_grads(jax.jit(function), inputs, order=2, modes=["rev"])
    for got, want in zip(
        jax.tree.leaves(jax.jit(function)(*inputs)), jax.tree.leaves(make(jnp)(*inputs)), strict=True
    ):
        close(got, want)


@pytest.mark.parametrize("device", ["cpu", "jax", "array_api_strict:device1"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_theirs_here_has_gradients_of_two_orders(name: str, device: str) -> None:
    make, shapes = FUNCTIONS[name]
    inputs = [ours(*shape, device=device) for shape in shapes]
    assert gradcheck(from_jax(make(jnp)), inputs, order=2)
    found = from_jax(jax.jit(make(jnp)))(*inputs)
    assert all(t.device == device for t in (found if isinstance(found, tuple) else [found]))


COMPLEX: dict[str, Any] = {
    "holomorphic": lambda xp: lambda z: xp.sum(z * z * z),
    "not": lambda xp: lambda z: xp.sum(xp.conj(z) * z**2),
    "to real": lambda xp: lambda z: xp.sum(xp.abs(z) * xp.real(z)) + 0j,
    "mixed": lambda xp: lambda z: xp.sum(xp.exp(1j * xp.conj(z)) * xp.imag(z)),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_gradients_are_conjugated_at_the_border(name: str) -> None:
    z, make = theirs(3, kind="c"), COMPLEX[name]
    there, own = to_jax(make(ag)), make(jnp)
    for part in (jnp.real, jnp.imag):
        got, want = (jax.grad(lambda z, f=f: part(f(z)))(z) for f in (there, own))  # noqa: B023
        close(got, want)
        second = [
            jax.grad(lambda z, f=f: jnp.real(jnp.sum(jax.grad(lambda w: part(f(w)))(z) * (2 - 1j))))(z)  # noqa: B023
            for f in (there, own)
        ]
        close(*second)
    x = ours(3, kind="c")
    assert gradcheck(from_jax(own), [x], order=2)
    (got,) = ag.autograd.grad(ag.real(from_jax(own)(x)), [x])
    (want,) = ag.autograd.grad(ag.real(make(ag)(x)), [x])
    close(got, want)
    if name == "holomorphic":
        close(jax.grad(there, holomorphic=True)(z), 3 * z**2)


def test_transforms_of_jax() -> None:
    f, g = to_jax(lambda x: ag.sum(x[1:] * ag.sin(x[:-1]))), lambda x: jnp.sum(x[1:] * jnp.sin(x[:-1]))
    x, rows = theirs(3), theirs(4, 3)
    for transform in (
        lambda f: jax.vmap(f)(rows),
        lambda f: jax.vmap(jax.grad(f))(rows),
        lambda f: jax.jit(jax.vmap(jax.value_and_grad(f)))(rows),
        lambda f: jax.jacrev(jax.grad(f))(x),
        lambda f: jax.jit(jax.jacrev(jax.grad(f)))(x),
        lambda f: jax.lax.scan(lambda s, row: (s + f(row), f(row)), 0.0, rows),
        lambda f: jax.grad(lambda x: jax.lax.map(lambda r: f(r * x), rows).sum())(x),
        lambda f: jax.checkpoint(f)(x),
    ):
        for got, want in zip(jax.tree.leaves(transform(f)), jax.tree.leaves(transform(g)), strict=True):
            close(got, want)
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(f, (x,), (x,))


def test_transforms_of_ours() -> None:
    f, g = from_jax(lambda x: jnp.sum(x[1:] * jnp.sin(x[:-1]))), lambda x: ag.sum(x[1:] * ag.sin(x[:-1]))
    x = ours(3).detach()
    v = x + 1
    for transform in (
        lambda f: ag.grad(f)(x),
        lambda f: ag.hessian(f)(x),
        lambda f: ag.hvp(f)(x, v),
        lambda f: ag.jvp(f, (x,), (v,))[1],
        lambda f: ag.jacobian(lambda x: f(x) * x)(x),
        lambda f: ag.grad(lambda x: ag.sum(ag.hessian(f)(x) ** 2))(x),
    ):
        found = transform(f)
        close(found, transform(g))
        assert not found.requires_grad
    for rule in (jax.nn.relu, jax.nn.silu, jax.nn.logsumexp):
        y = ours(4)
        assert gradcheck(from_jax(rule), [y], order=2)


def test_each_within_the_other() -> None:
    x = ours(3)
    assert gradcheck(from_jax(to_jax(lambda x: ag.exp(x) * x)), [x], order=2)
    assert gradcheck(from_jax(jax.jit(to_jax(lambda x: ag.exp(x) * x))), [x], order=2)
    check_grads(to_jax(from_jax(lambda x: jnp.exp(x) * x)), [theirs(3)], order=2, modes=["rev"])


# ---------------------------------------------------------------- arguments, dtypes, memory


def test_arguments_and_results_of_every_kind() -> None:
    def function(tree: Any, n: int, *, mode: str, index: Any) -> Any:
        assert mode == "x" and n == 3
        return {"a": tree["w"][0] * n, "i": index + 1, "c": (tree["w"][1] > 0, None)}

    w, b, index = theirs(2), values(2), jnp.asarray([1, 2])

    def there(w: Any, b: Any, index: Any) -> Any:
        return to_jax(function)({"w": [w, b]}, 3, mode="x", index=index)

    out = there(w, b, index)
    assert out["i"].dtype == jnp.int64 and out["c"][0].dtype == bool and out["c"][1] is None
    for called in (there, jax.jit(there)):
        found = jax.grad(lambda w: jnp.sum(called(w, b, index)["a"] * b))(w)  # noqa: B023
        close(found, 3 * b)
    x = ours(2)
    out = from_jax(function)({"w": [x, ag.asarray(b)]}, 3, mode="x", index=ag.asarray([1, 2]))
    assert out["a"].requires_grad and not out["i"].requires_grad
    assert out["i"].dtype == ag.int64 and out["c"][0].dtype == ag.bool and out["c"][1] is None
    (out["a"] * b).sum().backward()
    close(x.grad, 3 * b)


def test_integers_have_no_gradient() -> None:
    f = to_jax(lambda x, i: ag.sum(ag.take(x, i)))
    x, i = theirs(3), jnp.asarray([0, 0, 2])
    for called in (f, jax.jit(f)):
        close(jax.grad(called)(x, i), [2, 0, 1])
        assert jax.grad(called, argnums=(0, 1), allow_int=True)(x, i)[1].dtype == jax.dtypes.float0


def test_dtypes_that_jax_lacks_by_default(narrow: None) -> None:
    x = jnp.asarray([1.0, 2.0])
    assert x.dtype == jnp.float32
    f = to_jax(lambda x: ag.sum(x * ag.asarray([2.0, 3.0])))
    for called in (f, jax.jit(f)):
        assert called(x).dtype == jnp.float32
        found = jax.grad(called)(x)
        assert found.dtype == jnp.float32 and found.tolist() == [2, 3]
    g = from_jax(lambda x: x * 2)
    with pytest.raises(DtypeError, match="got float64: jax lacks it; enable it first"):
        g(ag.tensor([1.0]))
    y = ag.tensor([1.0], dtype=ag.float32, requires_grad=True)
    g(y).sum().backward()
    assert y.grad.dtype == ag.float32


@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64"])
def test_dtypes_are_kept(dtype: str) -> None:
    x = jnp.ones(2, dtype)
    f = to_jax(lambda x: ag.sum(ag.real(x) * 2 if dtype[0] == "c" else x * 2))
    assert jax.grad(f)(x).dtype == dtype and jax.jit(jax.grad(f))(x).dtype == dtype
    y = ag.ones(2, dtype=np.dtype(dtype)).requires_grad_()
    out = from_jax(lambda x: x * 2)(y)
    assert out.dtype == dtype
    abs(out).sum().backward()
    assert y.grad.dtype == dtype


def test_memory_is_shared_on_the_way_there() -> None:
    seen: list[int] = []

    def function(x: Any) -> Any:
        seen.append(x.array.ctypes.data)
        return x + 1

    x = theirs(64, 64)
    to_jax(function)(x)
    assert seen == [x.unsafe_buffer_pointer()]
    a = ag.asarray(np.empty(4096 + 64)[: 4096 - 64].reshape(-1))
    start = -(a.array.ctypes.data // 8) % 8
    aligned = ag.asarray(a.array[start : start + 2048])
    pointers: list[int] = []
    out = from_jax(lambda x: pointers.append(x.unsafe_buffer_pointer()) or x * 2)(aligned)
    assert pointers == [aligned.array.ctypes.data]
    assert out.array.base is not None, "JAX's own memory, which is never written"


def test_writes_disturb_neither_side() -> None:
    x = ours(512)
    start = np.asarray(x.detach()).copy()
    middle = x * 1
    y = from_jax(lambda x: jnp.exp(x))(middle)
    middle[0] = 100.0
    y[1] = 7.0
    y.sum().backward()
    want = np.exp(start)
    want[1] = 0
    close(x.grad, want)
    z = theirs(512)
    before = np.array(z)

    def writes(z: Any) -> Any:
        z[0] = 5.0
        z *= 2
        return z

    out = to_jax(writes)(z)
    np.testing.assert_array_equal(z, before)
    assert float(out[0]) == 10
    constant = ag.asarray(np.ones(512))
    held = to_jax(lambda x: constant)(z)
    constant.array[0] = 9.0
    assert float(held[0]) == 1


def test_it_computes_where_it_is_told_to() -> None:
    for device in ("jax", "torch", "array_api_strict:device1"):
        seen: list[Any] = []
        f = to_jax(lambda x: (seen.append(x.device), ag.sum(x**2))[1], device=device)  # noqa: B023
        close(jax.grad(f)(theirs(3)), 2 * values(3))
        close(jax.jit(jax.grad(f))(theirs(3)), 2 * values(3))
        assert set(seen) == {ag.device(device)}


# ---------------------------------------------------------------- errors


def test_results_that_cannot_be_guessed() -> None:
    def picky(x: Any) -> Any:
        if float(x[0]) < 2:
            raise ag.errors.ArgumentError("[picky] x[0] must be two at least")
        return x * 2

    x = jnp.asarray([3.0, 4.0])
    with pytest.raises(ArgumentError, match=r"pass result=, of jax.ShapeDtypeStruct"):
        jax.jit(to_jax(picky))(x)
    told = to_jax(picky, result=jax.ShapeDtypeStruct((2,), jnp.float64))
    close(jax.jit(jax.grad(lambda x: told(x).sum()))(x), [2, 2])
    wrong = to_jax(picky, result=jax.ShapeDtypeStruct((3,), jnp.float64))
    with pytest.raises(ShapeError, match=r"it returned float64 \(2,\): expected float64 \(3,\)"):
        wrong(x)
    close(jax.jit(to_jax(ag.linalg.cholesky))(jnp.eye(2)), np.eye(2))


def test_what_does_not_fit_is_named() -> None:
    x = theirs(2)
    with pytest.raises(DtypeError, match=r"out is numpy.ndarray: expected anygrad's tensors"):
        to_jax(lambda x: np.ones(2))(x)
    with pytest.raises(DtypeError, match=r"out is jaxlib.*: expected anygrad's tensors"):
        to_jax(lambda t: x * 2)(x)
    with pytest.raises(DtypeError, match="out is float: expected JAX's arrays"):
        from_jax(lambda x: 1.0)(ours(2))
    with pytest.raises(DeviceError, match="its tensors are on cpu and jax"):
        from_jax(jnp.add)(ours(2), ours(2, device="jax"))
    with pytest.raises(DtypeError, match=r"\[to_jax\] got int: expected a function"):
        to_jax(3)  # type: ignore[arg-type]
    w = ag.tensor([2.0, 3.0], requires_grad=True)
    close(to_jax(lambda x: x * w)(x), x * jnp.asarray([2.0, 3.0]))
    with pytest.raises(GradientError, match=r"is no argument.*would be lost"):
        jax.grad(lambda x: to_jax(lambda x: x * w)(x).sum())(x)
    with ag.no_grad():
        assert not from_jax(jnp.sin)(ours(2)).requires_grad
