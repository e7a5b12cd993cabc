"""In-place operations: straight into the buffer where only the family sees it, and right where others do."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import iadd, imul, isub, itruediv
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.numpy import NumpyBackend
from anygrad.errors import DeviceError, DtypeError, LeafWriteError, ShapeError, WriteError
from anygrad.methods import IN_PLACE
from tests.targets import Target

SIX = np.linspace(0.5, 3.0, 6).reshape(2, 3)
BINARY = [name for name in IN_PLACE if name + "|" in "add_|sub_|mul_|div_|maximum_|minimum_|atan2_|hypot_|"]
UNARY = ["neg_", "exp_", "sqrt_", "square_", "tanh_", "abs_", "sign_", "conj_", "log1p_", "reciprocal_"]


def buffer(x: Any) -> int:
    """Return where a NumPy tensor's numbers lie, without keeping a view of them."""
    address: int = x.array.__array_interface__["data"][0]
    return address


@pytest.fixture(params=["in place", "copied"])
def shortcut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run with the reference count, and as where nobody can tell who holds an array."""
    if request.param == "copied":
        monkeypatch.setattr(NumpyBackend, "exclusive", lambda self, holder: False)
    return bool(request.param == "in place")


# ---------------------------------------------------------------- straight into the buffer


def put(x: np.ndarray, value: Any) -> None:
    x[...] = value


PLAIN: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "x.add_(y)": (lambda x, y: x.add_(y), lambda x, y: put(x, x + y)),
    "x.sub_(2)": (lambda x, y: x.sub_(2), lambda x, y: put(x, x - 2)),
    "x.sub_(x[::-1], alpha=2)": (lambda x, y: x.sub_(x[::-1], alpha=2), lambda x, y: put(x, x - x[::-1] * 2)),
    "x.sub_(y, alpha=0.5)": (lambda x, y: x.sub_(y, alpha=0.5), lambda x, y: put(x, x - y * 0.5)),
    "x.sqrt_()": (lambda x, y: x.sqrt_(), lambda x, y: put(x, np.sqrt(x))),
    "x.zero_()": (lambda x, y: x.zero_(), lambda x, y: put(x, 0)),
    "x.fill_(2)": (lambda x, y: x.fill_(2), lambda x, y: put(x, 2)),
    "x.copy_(y)": (lambda x, y: x.copy_(y), put),
    "x.detach() *= y": (lambda x, y: imul(x.detach(), y), imul),
} | {
    name: (write, write)
    for name, write in {
        "x += y": iadd,
        "x *= 2": lambda x, y: imul(x, 2),
        "x /= y[0]": lambda x, y: itruediv(x, y[0]),
        "x -= x": lambda x, y: isub(x, x),
        "x -= x[::-1]": lambda x, y: isub(x, x[::-1]),
        "x[0] += y[1]": lambda x, y: iadd(x[0], y[1]),
        "x.T -= y.T": lambda x, y: isub(x.T, y.T),
        "x.reshape(6)[::2] *= 3": lambda x, y: imul(x.reshape(6)[::2], 3),
        "x[:, 1:] += x[:, :-1]": lambda x, y: iadd(x[:, 1:], x[:, :-1]),
    }.items()
}
"""Writes to the whole of a tensor or of a view: in anygrad, and in NumPy."""


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_nothing_is_allocated_where_only_the_family_sees_the_buffer(name: str, dtype: str) -> None:
    x, y = ag.tensor(SIX, dtype=dtype), ag.tensor(SIX[::-1] + 1, dtype=dtype)
    expected = SIX.astype(dtype)
    at = buffer(x)
    PLAIN[name][0](x, y)
    PLAIN[name][1](expected, (SIX[::-1] + 1).astype(dtype))
    assert buffer(x) == at
    assert x.dtype == dtype and x.numpy().tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", PLAIN)
def test_the_numbers_are_the_same_on_every_backend(target: Target, name: str) -> None:
    x, y, expected = target.make(SIX), target.make(SIX[::-1] + 1), SIX.copy()
    PLAIN[name][0](x, y)
    PLAIN[name][1](expected, SIX[::-1] + 1)
    assert np.allclose(x.tolist(), expected, rtol=1e-6)


HOLDERS: dict[str, Callable[[Any], Any]] = {
    "an export": lambda x: x.detach().numpy(),
    "an export of a part": lambda x: x.detach()[1].numpy(),
    "asarray": lambda x: np.asarray(x.detach()),
    "another tensor": lambda x: ag.asarray(x.detach().numpy()),
    "the array": lambda x: x.array,
    "a view of the array": lambda x: x.array[:1],
    "a memory view": lambda x: memoryview(x.array),
    "dlpack": lambda x: np.from_dlpack(x.detach()),
}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("name", PLAIN)
def test_who_else_holds_the_numbers_keeps_them(name: str, holder: str) -> None:
    x, y, expected = ag.tensor(SIX), ag.tensor(SIX[::-1] + 1), SIX.copy()
    held = HOLDERS[holder](x)
    before = np.array(held.array if isinstance(held, ag.Tensor) else held)
    PLAIN[name][0](x, y)
    PLAIN[name][1](expected, SIX[::-1] + 1)
    assert np.array_equal(held.array if isinstance(held, ag.Tensor) else held, before)
    assert np.allclose(x.tolist(), expected, rtol=1e-15)


SAVED: dict[str, Callable[[Any, Any], Any]] = {
    "an operand": lambda x, a: x * a,
    "an operand twice": lambda x, a: (x * a) * x,
    "a view": lambda x, a: x[0] * a[1],
    "a reversed view": lambda x, a: x[::-1] * a,
    "a reshape": lambda x, a: x.reshape(3, 2) * a.reshape(3, 2),
    "a list": lambda x, a: ag.concat([x * a, a * x]),
    "a product of matrices": lambda x, a: x @ a.T,
}


@pytest.mark.parametrize("saved", SAVED)
@pytest.mark.parametrize("name", PLAIN)
def test_what_a_graph_saved_does_not_change(name: str, saved: str, shortcut: bool) -> None:
    results = []
    for writes in (False, True):
        x, y, a = ag.tensor(SIX), ag.tensor(SIX[::-1] + 1), ag.tensor(SIX * 2, requires_grad=True)
        out = SAVED[saved](x, a)
        if writes:
            PLAIN[name][0](x, y)
        out.sum().backward()
        results.append(a.grad.tolist())
    assert results[0] == results[1]


@pytest.mark.parametrize("name", [name for name in PLAIN if "x.detach" not in name])
def test_what_a_graph_saved_of_a_leaf_does_not_change(name: str, shortcut: bool) -> None:
    x, y, expected = ag.tensor(SIX, requires_grad=True), ag.tensor(SIX[::-1] + 1), SIX.copy()
    out = (x * x).exp().sum()
    with ag.no_grad():
        PLAIN[name][0](x, y)
        PLAIN[name][1](expected, SIX[::-1] + 1)
    out.backward()
    assert np.allclose(x.grad.numpy(), 2 * SIX * np.exp(SIX**2), rtol=1e-14)
    assert x.is_leaf and x.requires_grad
    assert np.allclose(x.detach().numpy(), expected)


def test_an_output_that_was_saved_does_not_change(shortcut: bool) -> None:
    a = ag.tensor(SIX, requires_grad=True)
    y = a.exp()
    with ag.no_grad():
        y *= 0.0
    (d,) = ag.autograd.grad(y.sum(), a, create_graph=True)
    with ag.no_grad():
        y += 7.0
    d.sum().backward()
    assert np.allclose(d.detach().numpy(), np.exp(SIX)) and np.allclose(a.grad.numpy(), np.exp(SIX))


def test_once_the_graph_is_gone_the_buffer_is_used_again() -> None:
    x = ag.tensor(SIX, requires_grad=True)
    (x * x).sum().backward()
    at, gradient = buffer(x), x.grad
    for _ in range(3):
        with ag.no_grad():
            x.sub_(x.grad, alpha=0.1)
            x -= 0.1 * gradient
        gradient.zero_()
        (x * x).sum().backward()
    assert buffer(x) == at


def test_a_tracked_write_records_the_old_value(target: Target, shortcut: bool) -> None:
    a, b = target.make(SIX, grad=True), target.make(SIX + 1, grad=True)
    x = a * 1.0
    x *= b
    x *= x
    x.sub_(b, alpha=3.0)
    x.tanh_()
    x.sum().backward()
    inner = SIX * (SIX + 1)
    slope = 1 - np.tanh(inner**2 - 3 * (SIX + 1)) ** 2
    assert np.allclose(a.grad.tolist(), slope * 2 * inner * (SIX + 1), rtol=1e-4, atol=1e-6)
    assert np.allclose(b.grad.tolist(), slope * (2 * inner * SIX - 3), rtol=1e-4, atol=1e-6)


def test_second_order_through_an_in_place_chain(shortcut: bool) -> None:
    a = ag.tensor(SIX, requires_grad=True)
    x = a * 1.0
    x *= a
    x[0] += a[1]
    x *= x
    (d,) = ag.autograd.grad(x.sum(), a, create_graph=True)
    (dd,) = ag.autograd.grad(d.sum(), a)
    p, q = SIX
    # The sum of (p p + q)^2 and q^4.
    assert np.allclose(d.detach().numpy(), [4 * p * (p * p + q), 2 * (p * p + q) + 4 * q**3])
    assert np.allclose(dd.numpy(), [12 * p * p + 4 * q + 4 * p, 4 * p + 2 + 12 * q * q])


# ---------------------------------------------------------------- what is refused


REFUSED: dict[str, tuple[type[Exception], Callable[[Any], Any]]] = {
    "shape": (ShapeError, lambda x: x.add_(ag.ones((4, 2, 3)))),
    "shapes that do not fit": (ShapeError, lambda x: x.sub_(ag.ones(4))),
    "shape of a view": (ShapeError, lambda x: x[:1].__imul__(ag.ones((2, 3)))),
    "complex": (DtypeError, lambda x: x.__iadd__(1j)),
    "complex tensor": (DtypeError, lambda x: x.mul_(ag.ones((2, 3), dtype="complex128"))),
    "complex alpha": (DtypeError, lambda x: x.add_(1.0, alpha=1j)),
    "none": (DtypeError, lambda x: x.sub_(None)),
    "none times alpha": (DtypeError, lambda x: x.sub_(None, alpha=0.1)),
    "a list": (DtypeError, lambda x: x.add_([1.0, 2.0, 3.0], alpha=2)),
    "elsewhere": (DeviceError, lambda x: x.add_(ag.ones((2, 3), device="array_api_strict").array, alpha=2)),
    "a broadcast view": (WriteError, lambda x: ag.broadcast_to(x, (4, 2, 3)).add_(1.0)),
    "a broadcast view's reshape": (WriteError, lambda x: ag.broadcast_to(x, (4, 2, 3))[0].T.add_(1.0)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_changes_nothing(name: str, shortcut: bool) -> None:
    kind, write = REFUSED[name]
    x = ag.tensor(SIX)
    with pytest.raises(kind):
        write(x)
    assert x.numpy().tobytes() == SIX.tobytes()


@pytest.mark.parametrize(
    ("dtype", "write"),
    [
        ("int64", lambda n: n.__itruediv__(2)),
        ("int64", lambda n: n.__iadd__(0.5)),
        ("int64", lambda n: n.add_(1, alpha=0.5)),
        ("int64", lambda n: n.sqrt_()),
        ("int64", lambda n: n.__ipow__(ag.asarray([1, -1, 2]))),
        ("int8", lambda n: n.__iadd__(300)),
        ("int8", lambda n: n.add_(ag.ones(3, dtype="int8"), alpha=300)),
        ("int8", lambda n: n.add_(100, alpha=2)),
        ("uint8", lambda n: n.__isub__(ag.ones(3, dtype="int64"))),
        ("bool", lambda n: n.__isub__(True)),
        ("bool", lambda n: n.__iadd__(1)),
        ("bool", lambda n: n.add_(True, alpha=True)),
    ],
)
def test_what_integers_refuse_changes_nothing(
    dtype: str, write: Callable[[Any], Any], shortcut: bool
) -> None:
    n = ag.tensor([1, 0, 1], dtype=dtype)
    with pytest.raises((DtypeError, OverflowError, ValueError)):
        write(n)
    assert n.tolist() == [1, 0, 1] and n.dtype == dtype


@pytest.mark.parametrize("name", ["add_", "sub_", "subtract_", "mul_", "exp_"])
def test_wrong_arguments_are_told_by_the_in_place_name(name: str) -> None:
    x = ag.ones(3)
    for arguments, keywords in [((1, 2), {}), ((1,), {"beta": 2}), ((), {"beta": 2})]:
        with pytest.raises(TypeError, match=re.escape(f"{name}()")):
            getattr(x, name)(*arguments, **keywords)


# ---------------------------------------------------------------- dtypes, shapes, values


@pytest.mark.parametrize("name", ["x += v", "x -= v", "x *= v", "x /= v", "x //= v", "x %= v", "x **= v"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "complex64", "complex128", "int64", "uint8", "bool"])
@pytest.mark.parametrize(
    "other", ["float64", "float32", "complex128", "int64", "int8", "bool", "scalar", "0-d"]
)
def test_dtypes_are_as_in_numpy(name: str, dtype: str, other: str, shortcut: bool) -> None:
    a = np.array([1, 3, 5]).astype(dtype)
    v: Any = np.array([2, 1, 2]).astype(other) if other not in ("scalar", "0-d") else 2
    v = np.array(2.0) if other == "0-d" else v
    x, w = ag.tensor(a), v if other == "scalar" else ag.asarray(v)
    outcome: list[Any] = []
    for values in ({"x": a, "v": v}, {"x": x, "v": w}):
        try:
            exec(name, values)
        except (TypeError, ValueError) as error:
            outcome.append(type(error))
        else:
            found = np.asarray(values["x"])
            outcome.append((found.dtype, found.tolist()))
    raised = [isinstance(found, type) for found in outcome]
    assert raised[0] == raised[1]
    assert raised[0] or outcome[0] == outcome[1]


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0, 2), (2, 1, 3)])
@pytest.mark.parametrize("name", ["add_", "neg_", "mul_"])
def test_scalars_and_empty_tensors(target: Target, shape: tuple[int, ...], name: str, shortcut: bool) -> None:
    host = np.full(shape, 1.5)
    x = target.make(host)
    out = x.neg_() if name == "neg_" else getattr(x, name)(x)
    assert out is x and x.shape == shape
    assert x.tolist() == {"add_": host + host, "neg_": -host, "mul_": host * host}[name].tolist()


@pytest.mark.parametrize("layout", ["C", "F", "reversed", "strided"])
def test_memory_orders(layout: str, shortcut: bool) -> None:
    host = {
        "C": SIX.copy(),
        "F": np.asfortranarray(SIX),
        "reversed": SIX.copy()[::-1],
        "strided": np.repeat(SIX, 2, axis=1)[:, ::2],
    }[layout]
    x, expected = ag.tensor(host), host.copy(order="K")
    flat, there = x.reshape(-1), expected.reshape(-1)
    for t in (x, expected):
        t += t[::-1]
        t.T[1:] *= 2.0
    for f in (flat, there):
        f -= 1.0
    assert x.tolist() == expected.tolist()
    assert flat.tolist() == there.tolist()


def test_not_a_number_and_infinity_go_through() -> None:
    x, y = ag.tensor([np.nan, np.inf, 1.0]), ag.tensor([1.0, np.inf, np.nan])
    with np.errstate(invalid="ignore"):
        x -= y
    assert np.isnan(x.numpy()).tolist() == [True, True, True]
    z = ag.tensor([1.0])
    with pytest.raises(FloatingPointError), np.errstate(divide="raise"):
        z /= 0.0


@pytest.mark.parametrize("alpha", [0.1, 2, -1.5, True, 1, np.float64(0.3), "tensor"])
@pytest.mark.parametrize("name", ["add_", "sub_", "subtract_"])
@pytest.mark.parametrize("other", ["tensor", "array", "scalar", "view", "itself"])
def test_alpha_multiplies_the_operand(name: str, alpha: Any, other: str, target: Target) -> None:
    x, host = target.make(SIX), SIX.copy()
    y: Any = {"tensor": SIX[::-1] * 2, "array": SIX * 3, "scalar": 2.0, "view": SIX[0], "itself": SIX}[other]
    given = y if other in ("array", "scalar") else target.make(SIX)[0] if other == "view" else target.make(y)
    given = x if other == "itself" else given
    if other == "array" and not target.is_numpy:
        given = target.make(y)
    factor = 0.7 if alpha == "tensor" else alpha
    assert getattr(x, name)(given, alpha=target.make(np.array(0.7)) if alpha == "tensor" else alpha) is x
    expected = host + factor * y if name == "add_" else host - factor * y
    assert np.allclose(x.tolist(), expected, rtol=1e-5)


def test_alpha_in_single_precision_stays_there_and_carries_gradients() -> None:
    x = ag.tensor(SIX, dtype="float32")
    with ag.no_grad():
        x.sub_(x, alpha=0.1)
    assert x.dtype == "float32"
    factor = ag.tensor(3.0, requires_grad=True)
    a = ag.tensor(SIX, requires_grad=True)
    y = a * 1.0
    y.add_(a, alpha=factor)
    y.add_(a, alpha=2)
    y.sum().backward()
    assert np.allclose(a.grad.numpy(), 6.0) and np.isclose(float(factor.grad), SIX.sum())


# ---------------------------------------------------------------- families


def test_a_detached_view_moves_the_numbers_of_a_tracked_base(shortcut: bool) -> None:
    a = ag.tensor(SIX, requires_grad=True)
    y = a * 2.0
    node, d = y.node, y.detach()
    d += 1.0
    d[0] *= 3.0
    assert y.node is node and np.allclose(y.detach().numpy(), (SIX * 2 + 1) * [[3.0], [1.0]])
    with pytest.raises(WriteError, match="detached"):
        d += a
    with pytest.raises(LeafWriteError):
        a += 1.0
    (y * y).sum().backward()
    assert np.allclose(a.grad.numpy(), 4 * (SIX * 2 + 1) * [[3.0], [1.0]])


@pytest.mark.parametrize("name", BINARY + UNARY)
def test_methods_compute_as_their_functions_do(name: str, shortcut: bool) -> None:
    function = getattr(
        ag,
        {"sub_": "subtract", "mul_": "multiply", "div_": "divide", "neg_": "negative"}.get(name, name[:-1]),
    )
    for dtype in ("float64", "float32", "complex128"):
        x, y = ag.tensor(SIX, dtype=dtype), ag.tensor(SIX[::-1] - 1.2, dtype=dtype)
        rest = (y,) if name in BINARY else ()
        try:
            expected = function(x, *rest)
        except DtypeError:
            with pytest.raises(DtypeError):
                getattr(x, name)(*rest)
            continue
        assert getattr(x, name)(*rest) is x and x.dtype == dtype
        assert np.array_equal(x.numpy(), expected.numpy())
