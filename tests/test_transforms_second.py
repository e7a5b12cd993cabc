"""``jacobian``, ``hessian`` and products with them: both modes, pytrees, complex numbers, odd shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.tensors import Tensor
from tests.test_rows import host
from tests.test_transforms import A, B, Pair, Z, near

MODES = ("forward", "reverse")
modes = pytest.mark.parametrize("mode", [*MODES, None])


def wave(x: Tensor) -> Tensor:
    """Take three numbers to a matrix of two by two."""
    return ag.reshape(ag.stack([x[0] * x[1], ag.sin(x[2]), x[0] ** 2, ag.exp(x[1]) * x[2]]), (2, 2))


def wave_jacobian(x: np.ndarray) -> np.ndarray:
    a, b, c = x
    rows = [[b, a, 0], [0, 0, np.cos(c)], [2 * a, 0, 0], [0, np.exp(b) * c, np.exp(b)]]
    return np.array(rows).reshape(2, 2, 3)


@modes
def test_jacobian_has_the_shape_of_output_and_input(mode: Any, make: Any, device: str) -> None:
    j = ag.jacobian(wave, mode=mode)(make(A))
    assert (j.shape, j.dtype, j.device) == ((2, 2, 3), np.float64, device)
    near(j, wave_jacobian(A))
    assert type(j) is Tensor and not j.requires_grad


@modes
@pytest.mark.parametrize(
    "shapes", [((), ()), ((3,), ()), ((), (3,)), ((0,), (2,)), ((2,), (0,)), ((0,), (0, 3)), ((1, 2), (2, 1))]
)
def test_odd_shapes(mode: Any, shapes: tuple[Any, Any], make: Any) -> None:
    given, wanted = shapes
    x = make(np.full(given, 2.0))

    def f(x: Tensor) -> Tensor:
        return ag.broadcast_to(ag.sum(x * x), wanted)

    j = ag.jacobian(f, mode=mode)(x)
    assert j.shape == (*wanted, *given) and j.dtype == np.float64
    near(j, np.full((*wanted, *given), 4.0))
    assert ag.hessian(f)(x).shape == (*wanted, *given, *given)


@modes
def test_dtypes_promote(mode: Any, make: Any) -> None:
    for given, wanted, both in (("f4", "f8", "f8"), ("f8", "f4", "f8"), ("f4", "f4", "f4")):
        j = ag.jacobian(lambda x, to=wanted: ag.astype(x * 2.0, np.dtype(to)), mode=mode)(
            make(A.astype(given))
        )
        assert j.dtype == np.dtype(both)
        near(j, 2 * np.eye(3))


@modes
def test_jacobian_of_pytrees(mode: Any, make: Any) -> None:
    def f(p: Any, y: Any, n: int) -> Any:
        return {"a": p["w"] * y, "b": [ag.sum(p["w"]) ** n]}

    a, b = make(A), make(B)
    jp, jy = ag.jacobian(f, (0, 1), mode=mode)({"w": a, "c": Pair(b, None)}, b, 2)["a"]
    near(jp["w"], np.diag(B)), near(jy, np.diag(A)), near(jp["c"].w, np.zeros((3, 3)))
    assert jp["c"].b is None
    j = ag.jacobian(f, argnames="y", mode=mode)({"w": a}, y=b, n=2)
    near(j["a"], np.diag(A)), near(j["b"][0], np.zeros(3))
    j, aux = ag.jacobian(lambda x: (x * x, x), has_aux=True, mode=mode)(a)
    near(j, np.diag(2 * A)), near(aux, A)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_chunks(size: int, make: Any) -> None:
    near(ag.jacobian(wave, mode="forward", chunk_size=size)(make(A)), wave_jacobian(A))
    near(ag.hessian(wave, chunk_size=size)(make(A)), host(ag.hessian(wave)(make(A))))


@modes
def test_complex_jacobians(mode: Any, make: Any) -> None:
    z = make(Z)
    near(ag.jacobian(lambda z: z * z, mode=mode, holomorphic=True)(z), np.diag(2 * Z))
    # dL/dRe + i dL/dIm, of each output.
    near(ag.jacobian(lambda z: ag.real(z * z), mode=mode)(z), np.diag(2 * np.conj(Z)))
    near(ag.jacobian(ag.abs, mode=mode)(z), np.diag(Z / np.abs(Z)))
    if mode != "reverse":
        near(ag.jacobian(lambda x: ag.exp(x * 1j), mode=mode)(make(A)), np.diag(1j * np.exp(1j * A)))
    h = ag.hessian(lambda z: ag.sum(z**3), holomorphic=True)(z)
    near(h, np.diag(6 * Z))


def test_less_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """By rows where there are fewer outputs than inputs, by columns otherwise."""
    from anygrad import jacobians

    taken: list[str] = []
    for name in ("_by_rows", "_by_columns"):
        run = getattr(jacobians, name)
        monkeypatch.setattr(jacobians, name, lambda *a, run=run, name=name: taken.append(name) or run(*a))
    ag.jacobian(ag.sum)(A), ag.jacobian(lambda x: x[0] * A)(A), ag.jacobian(lambda x: ag.exp(x * 1j)[:1])(A)
    assert taken == ["_by_rows", "_by_columns", "_by_columns"]


def bowl(x: Any, y: Any = 1.0) -> Tensor:
    return ag.sum(ag.exp(x[1:] * x[:-1])) * ag.sum(ag.sin(x)) * y


def test_hessian_is_the_jacobian_of_the_gradient(make: Any) -> None:
    a = make(A)
    h = ag.hessian(bowl)(a)
    assert h.shape == (3, 3)
    near(h, host(ag.jacobian(ag.grad(bowl), mode="reverse")(a)))
    near(h, host(h).T)
    mixed = ag.hessian(bowl, (0, 1))(a, make(2.0))
    near(mixed[0][1], host(ag.grad(bowl)(a)))
    near(mixed[1][1], 0.0), near(mixed[0][0], 2 * host(h))
    tree = ag.hessian(lambda p: bowl(p["x"], p["y"]))({"x": a, "y": make(2.0)})
    near(tree["x"]["y"], host(mixed[0][1])), near(tree["y"]["x"], host(mixed[1][0]))
    h, aux = ag.hessian(lambda x: (bowl(x), x), has_aux=True)(a)
    near(aux, A)
    assert not aux.requires_grad


def test_products_are_those_with_the_matrix(make: Any) -> None:
    a, v = make(A), make(B)
    h = host(ag.hessian(bowl)(a))
    near(ag.hvp(bowl)(a, v), h @ B)
    near(ag.vhp(bowl)(a, v), h @ B)
    near(ag.hvp(bowl, argnames="x")(a, 2.0, v), 2 * h @ B)
    hx, hy = ag.hvp(bowl, (0, 1))(a, make(2.0), (v, make(0.5)))
    near(hx, 2 * h @ B + 0.5 * host(ag.grad(bowl)(a)))
    near(hy, host(ag.grad(bowl)(a)) @ B)
    product, aux = ag.hvp(lambda p: (bowl(p["x"]), 7), has_aux=True)({"x": a}, {"x": v})
    near(product["x"], h @ B)
    assert aux == 7
    named = ag.hvp(bowl, argnames=("x",))(a, {"x": v})
    near(named["x"], h @ B)
    pair = ag.hvp(bowl, (0,), ("y",))(a, make(1.0), ((v,), {"y": make(0.0)}))
    near(pair[0][0], h @ B)


def test_gauss_newton(make: Any) -> None:
    a, v = make(A), make(B)
    j = wave_jacobian(A).reshape(4, 3)
    near(ag.ggnvp(wave)(a, v), j.T @ j @ B)

    def loss(y: Tensor) -> Tensor:
        return ag.sum(y**4) + y[0, 0] * y[1, 1]

    y = ag.reshape(wave(a), (4,))
    h = host(ag.hessian(lambda y: loss(ag.reshape(y, (2, 2))))(y))
    near(ag.ggnvp(wave, loss)(a, v), j.T @ h @ j @ B)
    tree = ag.ggnvp(lambda p: {"y": wave(p["x"])}, lambda out: loss(out["y"]))({"x": a}, {"x": v})
    near(tree["x"], j.T @ h @ j @ B)


@pytest.mark.parametrize("name", ["hvp", "vhp", "ggnvp"])
def test_products_are_differentiable(name: str, make: Any) -> None:
    """By the point and by the vector, through an outer transform and for an outer tape."""
    f = wave if name == "ggnvp" else bowl
    product = getattr(ag, name)(f)
    by_x = ag.jacobian(product)(make(A), make(B))
    by_v = ag.jacobian(product, 1)(make(A), make(B))

    def matrix(x: Any) -> Any:
        if name != "ggnvp":
            return ag.hessian(bowl)(x)
        j = ag.reshape(ag.jacobian(wave)(x), (4, 3))
        return j.mT @ j

    near(by_v, host(matrix(make(A))))
    near(by_x, host(ag.jacobian(lambda x: matrix(x) @ make(B))(make(A))))
    x = make(A, True)
    ag.sum(product(x, make(B)) * make(B)).backward()
    near(x.grad, B @ host(by_x))


def test_derivatives_of_hessians(make: Any) -> None:
    third = ag.jacobian(ag.hessian(lambda x: ag.sum(x**4)))(make(A))
    expected = np.zeros((3, 3, 3))
    expected[range(3), range(3), range(3)] = 24 * A
    near(third, expected)
    near(ag.hessian(ag.hessian(lambda x: x**5))(2.0), 240.0)
    w = make(2.0, True)
    ag.sum(ag.hessian(lambda x: ag.sum(w * x**3))(make(A))).backward()
    near(w.grad, np.sum(6 * A))
