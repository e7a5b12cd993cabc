"""The tensor as Python and NumPy see it: operators, conversions, text, copies."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.methods import IN_PLACE
from tests.targets import laid_out

ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
BITS = ("and_", "or_", "xor", "lshift", "rshift")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
SCALARS: tuple[Any, ...] = (2, 2.5, True, np.float64(2.5), np.float32(1.5), np.int64(3), np.bool_(True))


def host(dtype: Any) -> np.ndarray:
    """Return some numbers, all of them positive."""
    return np.array([[1, 2, 3], [4, 5, 6]], dtype)


def same(found: Any, expected: Any) -> None:
    """Assert that a tensor has an array's numbers, dtype and shape."""
    assert type(found) in (ag.Tensor, *ag.Tensor.__subclasses__()), type(found)
    expected = np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found.detach().numpy(), expected)


# ---------------------------------------------------------------- operators


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int8])
def test_arithmetic_with_everything(name: str, dtype: Any) -> None:
    f, a = getattr(operator, name), host(dtype)
    x = ag.tensor(a)
    others: list[Any] = [*SCALARS, np.array([1, 2, 3], np.float32), np.full((2, 1), 2)]
    for other in others:
        same(f(x, other), f(a, other))
        same(f(other, x), f(other, a))
        if isinstance(other, np.ndarray):
            same(f(x, ag.tensor(other)), f(a, other))
    same(f(x, x), f(a, a))


@pytest.mark.parametrize("name", BITS)
def test_bits(name: str) -> None:
    f, a = getattr(operator, name), host(np.int64)
    for other in (1, np.int64(3), np.array([1, 2, 3])):
        same(f(ag.tensor(a), other), f(a, other))
        same(f(other, ag.tensor(a)), f(other, a))
    same(~ag.tensor(a), ~a)


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name: str) -> None:
    f, a = getattr(operator, name), host(np.float64)
    for other in (3, 3.0, np.float64(3), np.array([1.0, 5.0, 3.0])):
        same(f(ag.tensor(a), other), f(a, other))
        same(f(other, ag.tensor(a)), f(other, a))
    assert not f(ag.tensor(a, requires_grad=True), 3).requires_grad


def test_signs_and_matmul() -> None:
    a, b = host(np.float64), host(np.float64).T
    x = ag.tensor(a)
    for f in (operator.neg, operator.pos, operator.abs):
        same(f(x), f(a))
    for left, right in ((x, ag.tensor(b)), (a, ag.tensor(b)), (x, b)):
        same(left @ right, a @ b)


def test_numpy_scalars_and_arrays_give_tensors_that_track() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    for other in (np.float64(2), np.array([1.0, 2.0]), np.array(2.0), np.int64(2)):
        for f in (operator.mul, operator.add, operator.truediv, operator.sub, operator.pow):
            assert f(other, x).requires_grad and f(x, other).requires_grad
    (np.float64(2) * x).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    array = np.ones(2)
    with pytest.raises(TypeError, match=r"\[add\] out is of type ndarray"):
        array += x
    assert array.tolist() == [1.0, 1.0]


def test_pow_of_scalars() -> None:
    x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    same(2.0**x, 2.0 ** np.array([1.0, 2.0, 3.0]))
    (2.0**x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.log(2) * 2.0 ** np.array([1.0, 2.0, 3.0]))
    same(pow(x, 2), np.array([1.0, 4.0, 9.0]))
    with pytest.raises(TypeError, match=r"\[pow\] a modulus was given"):
        pow(x, 2, 3)


def test_divmod() -> None:
    a = np.array([7.0, -7.5, 3.25])
    for left, right, expected in (
        (ag.tensor(a), 2.0, divmod(a, 2.0)),
        (20.0, ag.tensor(a), divmod(20.0, a)),
        (a, ag.tensor(a[::-1].copy()), divmod(a, a[::-1])),
    ):
        for found, wanted in zip(divmod(left, right), expected):
            same(found, wanted)


@pytest.mark.parametrize("name", [*ARITHMETIC, "and_", "or_", "xor", "lshift", "rshift", "matmul"])
def test_in_place_operators(name: str) -> None:
    f = getattr(operator, "i" + name.rstrip("_"))
    dtype = np.int64 if name in BITS else np.float64
    a = np.array([[1, 2], [3, 4]], dtype)
    x = ag.tensor(a)
    alias, view = x, x[0]
    other = np.array([[1, 2], [2, 1]], dtype)
    for value in (other, ag.tensor(other)) if name == "matmul" else (2, other, ag.tensor(other)):
        x = f(x, value)
        a = f(a, other if isinstance(value, ag.Tensor) else value)
    assert x is alias
    same(x, a)
    same(view, a[0])


def test_in_place_operators_are_differentiated() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    y *= 3
    y += x
    y **= 2
    y -= 1
    y /= 2
    y.sum().backward()
    assert x.grad.tolist() == [16.0, 32.0]


@pytest.mark.parametrize("name", sorted(IN_PLACE))
def test_in_place_names(name: str) -> None:
    function = {"sub_": "subtract", "mul_": "multiply", "div_": "divide", "neg_": "negative"}.get(
        name, name[:-1]
    )
    call = getattr(ag, function)
    a = np.array([0.25, 0.5]) + (1 if name == "acosh_" else 0)
    x = ag.tensor(a)
    others: tuple[Any, ...] = ()
    if name == "clip_":
        others = (0.3, 0.4)
    else:
        try:
            call(ag.tensor(a))
        except TypeError:
            others = (ag.tensor([2.0, 3.0]),)
    expected = call(ag.tensor(a), *others)
    assert getattr(x, name)(*others) is x
    same(x, expected.numpy())


def test_names_that_torch_has() -> None:
    x = ag.tensor([1.0, 2.0, 3.0])
    assert x.zero_().tolist() == [0.0] * 3
    assert x.fill_(2).tolist() == [2.0] * 3
    assert x.copy_(ag.tensor([4, 5, 6])).tolist() == [4.0, 5.0, 6.0]
    assert x.copy_([[7]]).tolist() == [7.0] * 3
    assert x.add_(1).sub_(2).mul_(3).div_(2).pow_(2).tolist() == [81.0] * 3
    assert x.clip_(0.0, 5.0).tolist() == [5.0] * 3
    assert x.sub(1).mul(2).div(4).tolist() == [2.0] * 3
    y = ag.tensor([1.0, 2.0], requires_grad=True)
    z = ag.zeros(2)
    z.copy_(y * 3)
    z.sum().backward()
    assert y.grad.tolist() == [3.0, 3.0]


# ---------------------------------------------------------------- Python's protocols


def test_scalars() -> None:
    x = ag.tensor(2.567, requires_grad=True)
    assert (float(x), int(x), complex(x), bool(x)) == (2.567, 2, 2.567 + 0j, True)
    assert (round(x), round(x, 1), f"{x:.2f}", f"{x:8.1e}") == (3, 2.6, "2.57", " 2.6e+00")
    assert isinstance(round(x), int) and isinstance(round(x, 1), float)
    assert type(x.item()) is float and type(ag.tensor(3).item()) is int
    assert type(ag.tensor(True).item()) is bool and type(ag.tensor(1j).item()) is complex
    assert float(ag.tensor([[1.5]])) == 1.5 and not ag.tensor([0])
    assert complex(ag.tensor(1 + 2j)) == 1 + 2j
    assert operator.index(ag.tensor(2)) == 2
    assert [10, 20, 30][ag.tensor(1, dtype=ag.int8)] == 20
    assert list(range(ag.tensor(3))) == [0, 1, 2]
    assert np.zeros((4, 5))[ag.tensor(1)].shape == (5,)


def test_tolist() -> None:
    assert ag.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert ag.tensor(1.5).tolist() == 1.5
    assert ag.tensor([[1.0, 2.0]], requires_grad=True).T.tolist() == [[1.0], [2.0]]
    assert ag.zeros((2, 0)).tolist() == [[], []]


def test_format_without_a_format_is_the_text() -> None:
    x = ag.tensor([1.0, 2.0])
    assert f"{x}" == str(x) == repr(x)


def test_len_iter_contains() -> None:
    x = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    assert len(x) == 2 and len(ag.zeros((0, 3))) == 0
    first, second = x
    assert (first.tolist(), second.tolist()) == ([1.0, 2.0], [3.0, 4.0])
    (first * 2 + second * 3).sum().backward()
    assert x.grad.tolist() == [[2.0, 2.0], [3.0, 3.0]]
    assert 3 in x and 3.0 in x and ag.tensor(4.0) in x and 5 not in x
    assert None not in x and "a" not in x
    assert [v.item() for v in reversed(ag.tensor([1, 2]))] == [2, 1]


def test_equality_hash_and_identity() -> None:
    x, y = ag.tensor([1.0, 2.0]), ag.tensor([1.0, 2.0])
    assert (x == y).tolist() == [True, True]
    assert hash(x) != hash(y) and {x: 1, y: 2}[x] == 1
    assert {x, x, y} == {y, x}
    assert (x == None) is False and (x != None) is True  # noqa: E711
    assert (x == "a") is False and (x != "a") is True


# ---------------------------------------------------------------- text


REPRS: list[tuple[Callable[[], Any], str]] = [
    (lambda: ag.tensor(2.0), "tensor(2., dtype=float64, device='cpu')"),
    (lambda: ag.tensor([1, 2]), "tensor([1, 2], dtype=int64, device='cpu')"),
    (lambda: ag.tensor([True]), "tensor([ True], dtype=bool, device='cpu')"),
    (lambda: ag.tensor(1 + 2j), "tensor(1.+2.j, dtype=complex128, device='cpu')"),
    (lambda: ag.zeros((0, 2), dtype=ag.float32), "tensor([], shape=(0, 2), dtype=float32, device='cpu')"),
    (lambda: ag.tensor([]), "tensor([], dtype=float64, device='cpu')"),
    (
        lambda: ag.tensor([[1.5, 2.0], [3.0, 4.0]], dtype=ag.float32, requires_grad=True),
        "tensor([[1.5, 2. ],\n        [3. , 4. ]], dtype=float32, device='cpu', requires_grad=True)",
    ),
    (
        lambda: ag.tensor(2.0, dtype=ag.float32, requires_grad=True).square() * 0.4 - 5,
        "tensor(-3.4, dtype=float32, device='cpu', grad_fn=<subtract>)",
    ),
    (
        lambda: ag.tensor([1.0, 2.0], requires_grad=True)[0:1],
        "tensor([1.], dtype=float64, device='cpu', grad_fn=<getitem>)",
    ),
    (lambda: ag.tensor([1.0], requires_grad=True).detach(), "tensor([1.], dtype=float64, device='cpu')"),
    (lambda: ag.tensor([1.0, np.nan, np.inf]), "tensor([ 1., nan, inf], dtype=float64, device='cpu')"),
]


@pytest.mark.parametrize(("made", "text"), REPRS, ids=range(len(REPRS)))
def test_repr(made: Callable[[], Any], text: str) -> None:
    assert repr(made()) == text


def test_repr_of_many_entries_and_of_other_devices() -> None:
    text = repr(ag.arange(10_000))
    assert "..., 9997, 9998, 9999]" in text and text.endswith(", shape=(10000,), dtype=int64, device='cpu')")
    with np.printoptions(precision=2):
        assert repr(ag.tensor(1 / 3)) == "tensor(0.33, dtype=float64, device='cpu')"
    pytest.importorskip("array_api_strict")
    x = ag.tensor([1.0], device="array_api_strict:device1")
    assert repr(x) == "tensor([1.], dtype=float64, device='array_api_strict:device1')"


# ---------------------------------------------------------------- arrays


def test_numpy_is_a_snapshot() -> None:
    x = ag.tensor([1.0, 2.0])
    snapshot, asarray, own = x.numpy(), np.asarray(x), x.numpy(copy=True)
    for array in (snapshot, asarray):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9
    own[0] = 9
    x[1] = 7
    x += 1
    assert (snapshot.tolist(), asarray.tolist(), own.tolist()) == ([1, 2], [1, 2], [9, 2])
    assert x.tolist() == [2.0, 8.0]


def test_array_conversions() -> None:
    x = ag.tensor([1.0, 2.0])
    assert np.shares_memory(np.asarray(x), x.array)
    assert not np.shares_memory(np.array(x), x.array)
    assert np.array(x).flags.writeable
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    with pytest.raises(ValueError, match=r"\[__array__\].*needs a copy"):
        np.asarray(x, dtype=np.float32, copy=False)
    np.testing.assert_array_equal(np.from_dlpack(x), [1.0, 2.0])
    assert not np.shares_memory(np.from_dlpack(x), x.array)
    assert x.__dlpack_device__() == (1, 0)
    assert np.linalg.norm(ag.tensor([3.0, 4.0])) == 5.0
    y = ag.tensor([1.0], requires_grad=True)
    assert y.detach().numpy().tolist() == [1.0]


def test_what_it_is() -> None:
    x = ag.zeros((2, 3), dtype=ag.float32)
    assert (x.shape, x.ndim, x.size, x.nbytes, x.dtype) == ((2, 3), 2, 6, 24, np.float32)
    assert x.device == "cpu" and type(x).__module__ == "anygrad"
    assert x.__array_namespace__() is ag
    assert x.T.shape == x.mT.shape == (3, 2)
    z = ag.tensor([1 + 2j])
    assert (z.real.tolist(), z.imag.tolist()) == ([1.0], [2.0])


def test_clone_and_detach() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x.clone()
    assert y.requires_grad and y is not x
    (y * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    d = x.detach()
    assert d.is_leaf and not d.requires_grad
    d[0] = 5.0
    assert x.tolist() == [5.0, 2.0]


def test_to() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    assert x.to("cpu") is x and x.cpu() is x and x.to_device("cpu") is x and x.to() is x
    assert x.to(ag.float64) is x
    y = x.to(ag.float32)
    assert y.dtype == ag.float32 and x.to("cpu", ag.float32).dtype == ag.float32
    (y * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0] and x.grad.dtype == ag.float64
    assert x.to("cpu", copy=True) is not x and x.to(ag.tensor(1.0)) is x


# ---------------------------------------------------------------- copies


LEAVES: list[Any] = [
    (np.ones((2, 3)), "C"),
    (np.arange(6.0).reshape(2, 3), "F"),
    (np.arange(6.0, dtype=np.float32).reshape(2, 3), "reversed"),
    (np.arange(6).reshape(2, 3), "step"),
    (np.array(1 + 2j), "C"),
    (np.zeros((0, 2)), "C"),
    (np.array([True, False]), "C"),
]


@pytest.mark.parametrize(("values", "layout"), LEAVES, ids=range(len(LEAVES)))
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_leaves(values: np.ndarray, layout: str, copied: Callable[[Any], Any]) -> None:
    x = ag.asarray(laid_out(values, layout))
    if x.dtype.kind in "fc":
        x.requires_grad_()
    y = copied(x)
    assert y.is_leaf and y.requires_grad == x.requires_grad and y.device == "cpu"
    same(y, values)
    assert not np.shares_memory(y.array, x.array)
    if layout == "F":
        assert y.array.flags.f_contiguous
    if y.size:
        with ag.no_grad():
            y[...] = 0
        same(x, values)


def test_deepcopy_keeps_grad_and_sharing() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    (x * 3).sum().backward()
    first, second = copy.deepcopy([x, x])
    assert first is second and first.grad.tolist() == [3.0, 3.0] and first.grad is not x.grad
    first.grad.zero_()
    assert x.grad.tolist() == [3.0, 3.0]
    (first * 2).sum().backward()
    assert (first.grad.tolist(), x.grad.tolist()) == ([2.0, 2.0], [3.0, 3.0])
    assert pickle.loads(pickle.dumps(x)).grad is None and copy.copy(x).grad is None


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_copies_of_what_is_no_leaf(copied: Callable[[Any], Any]) -> None:
    y = ag.tensor([1.0], requires_grad=True) * 2
    with pytest.raises(ag.GraphExitError, match=r"this tensor is not a leaf.*x.detach\(\)"):
        copied(y)
    copied(y.detach())


def test_pickling_keeps_the_device() -> None:
    pytest.importorskip("array_api_strict")
    x = ag.tensor([1.0, 2.0], device="array_api_strict:device1", requires_grad=True)
    y = pickle.loads(pickle.dumps(x))
    assert (y.device, y.tolist(), y.requires_grad) == (x.device, [1.0, 2.0], True)
    assert pickle.loads(pickle.dumps(ag.device("cuda:1"))) == "cuda:1"
