"""Side by side with ``torch.func`` and JAX: one program each, the same values in the same structure.

Runs where ``--backends`` names them. One thing differs by design: gradients by complex arguments are
dL/dRe + i dL/dIm, as PyTorch's are, and the conjugates of JAX's.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from tests.conftest import chosen_backends, opened

A, B = np.array([0.5, -1.2, 2.0]), np.array([1.5, 0.3, -0.7])
Z = np.array([0.5 + 0.7j, -1.2 + 0.3j])
M = np.array([[1.0, 0.5, -0.2], [0.3, 2.0, 0.7]])


def ours() -> Any:
    """Return anygrad as programs see a library: ``xp``, ``array`` and the transforms."""
    names = ("grad", "value_and_grad", "vjp", "jvp", "linearize", "jacobian", "hessian")
    modes = {
        "jacfwd": lambda f, argnums=0: ag.jacobian(f, argnums, mode="forward"),
        "jacrev": lambda f, argnums=0: ag.jacobian(f, argnums, mode="reverse"),
    }
    return SimpleNamespace(xp=ag, array=ag.asarray, **{n: getattr(ag, n) for n in names}, **modes)


def torchs() -> Any:
    torch = importlib.import_module("torch")
    func = torch.func

    def value_and_grad(f: Any, argnums: Any = 0, **options: Any) -> Any:
        both = func.grad_and_value(f, argnums, **options)
        return lambda *args: both(*args)[::-1]

    names = ("grad", "vjp", "jvp", "linearize", "jacfwd", "jacrev", "hessian")
    found = {n: getattr(func, n) for n in names}
    return SimpleNamespace(
        xp=torch,
        array=lambda x: torch.asarray(np.asarray(x)),
        value_and_grad=value_and_grad,
        **found,
    )


def jaxs() -> Any:
    jax = importlib.import_module("jax")
    names = ("grad", "value_and_grad", "vjp", "jvp", "linearize", "jacfwd", "jacrev", "hessian")
    return SimpleNamespace(xp=jax.numpy, array=jax.numpy.asarray, **{n: getattr(jax, n) for n in names})


@pytest.fixture(params=["torch", "jax"])
def peer(request: pytest.FixtureRequest) -> Any:
    if request.param not in chosen_backends(request.config):
        pytest.skip(f"--backends does not name {request.param}")
    opened(request.param)
    return torchs() if request.param == "torch" else jaxs()


PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Declare a program of a library."""
    PROGRAMS[f.__name__] = f
    return f


def model(lib: Any) -> tuple[Any, Any]:
    """Return a loss of a pytree, and such a pytree."""

    def loss(p: Any, x: Any) -> Any:
        h = lib.xp.tanh(lib.xp.matmul(p["w"], x) + p["b"][0])
        return lib.xp.sum(h * h * p["b"][1])

    return loss, {"w": lib.array(M), "b": [lib.array(A[:2]), lib.array(B[:2])]}


@program
def gradients_of_pytrees(lib: Any) -> Any:
    loss, p = model(lib)
    x = lib.array(A)
    return lib.grad(loss)(p, x), lib.grad(loss, (1, 0))(p, x), lib.value_and_grad(loss, 1)(p, x)


@program
def aux(lib: Any) -> Any:
    def f(x: Any) -> Any:
        return lib.xp.sum(x * x), {"twice": [x * 2]}

    return lib.grad(f, has_aux=True)(lib.array(A)), lib.value_and_grad(f, has_aux=True)(lib.array(A))


@program
def products(lib: Any) -> Any:
    a, b = lib.array(A), lib.array(B)

    def f(x: Any, y: Any) -> Any:
        return {"p": x * lib.xp.sin(y), "s": (lib.xp.sum(x / y),)}

    out, pull = lib.vjp(f, a, b)
    _, alone = lib.vjp(lib.xp.exp, a)
    pushed = lib.linearize(f, a, b)
    return (
        out,
        pull({"p": b, "s": (lib.array(2.0),)}),
        alone(b),
        lib.jvp(f, (a, b), (b, a)),
        pushed[0],
        pushed[1](b, a),
    )


@program
def jacobians(lib: Any) -> Any:
    def f(x: Any, p: Any) -> Any:
        return {"m": p["w"] * x, "v": lib.xp.cumsum(x, 0) if lib.xp is not ag else ag.cumulative_sum(x)}

    a, p = lib.array(A), {"w": lib.array(M)}
    by_both = lib.jacrev(f, (0, 1))(a, p)
    return lib.jacfwd(f)(a, p), lib.jacrev(f)(a, p), by_both, lib.jacfwd(f, 1)(a, p)


@program
def hessians(lib: Any) -> Any:
    loss, p = model(lib)
    x = lib.array(A)
    both = lib.hessian(loss, (0, 1))(p, x)
    vector = lib.hessian(lambda x: lib.xp.matmul(lib.array(M), x**3))(x)
    return lib.hessian(loss)(p, x), both, vector, lib.jvp(lib.grad(loss, 1), (p, x), (p, lib.array(B)))[1]


@program
def nests(lib: Any) -> Any:
    one = lib.array(1.3)

    def inner(x: Any) -> Any:
        return lib.grad(lambda y: lib.xp.sin(x * y))(x) * x

    third = lib.grad(lib.grad(lib.grad(lambda x: lib.xp.exp(x * x))))(one)
    mixed = lib.jvp(lambda x: lib.grad(inner)(x), (one,), (one,))
    return lib.grad(inner)(one), third, mixed, lib.grad(lambda x: lib.jvp(inner, (x,), (x,))[1])(one)


@program
def complex_tangents(lib: Any) -> Any:
    z = lib.array(Z)
    return lib.jvp(lambda z: lib.xp.abs(z * z + 1j), (z,), (z * 2j,)), lib.jvp(lib.xp.exp, (z,), (z,))


@program
def ties(lib: Any) -> Any:
    x = lib.array(np.array([0.0, 2.0, 2.0, -1.0]))
    return lib.grad(lambda x: lib.xp.amax(x) if lib.xp is not ag else ag.max(x))(x), lib.jvp(
        lambda x: lib.xp.where(x > 0, x * x, -x), (x,), (x + 1,)
    )


def same(found: Any, expected: Any) -> None:
    """Compare trees of arrays: their containers, shapes, dtypes and values."""
    if isinstance(expected, dict):
        assert isinstance(found, dict) and set(found) == set(expected)
        for key in expected:
            same(found[key], expected[key])
    elif isinstance(expected, tuple | list):
        assert isinstance(found, tuple | list) and len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            same(one, other)
    elif expected is None:
        assert found is None
    else:
        wanted = np.asarray(expected.detach() if hasattr(expected, "detach") else expected)
        values = found.detach().numpy()
        assert (values.shape, values.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(values, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_as_a_peer(name: str, peer: Any) -> None:
    same(PROGRAMS[name](ours()), PROGRAMS[name](peer))


@pytest.mark.filterwarnings("ignore")
def test_complex_gradients_are_conjugates_of_jaxs(peer: Any) -> None:
    def run(lib: Any) -> Any:
        return lib.grad(lambda z: lib.xp.sum(lib.xp.real(z * z * z)))(lib.array(Z))

    found, theirs = run(ours()).numpy(), np.asarray(run(peer))
    np.testing.assert_allclose(found, theirs if "torch" in peer.xp.__name__ else np.conj(theirs), rtol=1e-12)
