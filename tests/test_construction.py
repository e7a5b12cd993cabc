"""``tensor`` and ``asarray`` of everything; the default dtype and device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import ArgumentError, DtypeError, GraphExitError, ShapeError

DATA: list[tuple[Any, str, tuple[int, ...]]] = [
    (1, "int64", ()),
    (1.5, "float64", ()),
    (True, "bool", ()),
    (1j, "complex128", ()),
    ([], "float64", (0,)),
    ([[], []], "float64", (2, 0)),
    ([1, 2], "int64", (2,)),
    ([1, 2.5, True], "float64", (3,)),
    ([True, False], "bool", (2,)),
    ([1, 2j], "complex128", (2,)),
    (((1, 2), (3, 4)), "int64", (2, 2)),
    (range(3), "int64", (3,)),
    (np.float32(1.5), "float32", ()),
    (np.float64(1.5), "float64", ()),
    (np.int8(3), "int8", ()),
    (np.bool_(True), "bool", ()),
    (np.complex64(1j), "complex64", ()),
    ([np.float32(1.5), np.float32(2)], "float32", (2,)),
    ([np.array([1, 2], np.int16), np.array([3, 4], np.int16)], "int16", (2, 2)),
    (np.ones((2, 3), np.float16), "float16", (2, 3)),
    (np.ones((2, 3), np.uint8).T, "uint8", (3, 2)),
    (np.array(2.0), "float64", ()),
    (np.ones(2).view(type("Own", (np.ndarray,), {})), "float64", (2,)),
    (2**63, "uint64", ()),
]


@pytest.mark.parametrize(("data", "dtype", "shape"), DATA, ids=range(len(DATA)))
@pytest.mark.parametrize("made", [ag.tensor, ag.asarray], ids=["tensor", "asarray"])
def test_everything_that_holds_numbers(made: Callable[..., Any], data: Any, dtype: str, shape: Any) -> None:
    x = made(data)
    assert type(x) is ag.Tensor and type(x.array) is np.ndarray
    assert (x.dtype, x.shape, x.is_leaf, x.requires_grad) == (np.dtype(dtype), shape, True, False)
    np.testing.assert_array_equal(x.numpy(), np.asarray(data))
    assert made(data, dtype=ag.complex64).dtype == np.complex64


def test_objects_that_numpy_can_read() -> None:
    class Arrays:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.array([1.0, 2.0])

    assert ag.tensor(Arrays()).tolist() == [1.0, 2.0]
    import array

    assert ag.tensor(array.array("i", [1, 2])).tolist() == [1, 2]


@pytest.mark.parametrize("dtype", [ag.float32, "float32", np.float32, np.dtype("float32")])
def test_dtypes_have_many_names(dtype: Any) -> None:
    for x in (ag.tensor([1, 2], dtype=dtype), ag.zeros(2, dtype=dtype), ag.asarray(np.ones(2), dtype=dtype)):
        assert x.dtype == ag.float32
    assert ag.tensor([1, 2], dtype=float).dtype == ag.float64
    assert ag.tensor([1.5, 2], dtype=int).tolist() == [1, 2]


def test_byte_order_becomes_native() -> None:
    big = np.array([1.0, 2.0], ">f8")
    for x in (ag.tensor(big), ag.asarray(big), ag.asarray(big, dtype=ag.float32), ag.tensor([big])):
        assert x.dtype.isnative
        assert x.numpy().reshape(-1).tolist() == [1.0, 2.0]
    with pytest.raises(ag.ArgumentError):
        ag.asarray(big, copy=False)
    assert ag.zeros(1, dtype=">f4").dtype == ag.float32


def test_tensor_copies_and_asarray_shares() -> None:
    a = np.array([1.0, 2.0])
    copied, shared = ag.tensor(a), ag.asarray(a)
    assert not np.shares_memory(copied.array, a) and shared.array is a
    assert ag.asarray(a, copy=False).array is a
    assert not np.shares_memory(ag.asarray(a, copy=True).array, a)
    shared[0] = 9.0
    shared += 1
    assert a.tolist() == [1.0, 2.0] and shared.tolist() == [10.0, 3.0]
    frozen = np.array([1.0, 2.0])
    frozen.flags.writeable = False
    x = ag.asarray(frozen)
    x[0] = 5.0
    assert x.tolist() == [5.0, 2.0] and frozen.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("order", ["C", "F", "transposed", "reversed"])
def test_memory_order_is_kept(order: str) -> None:
    a = np.arange(24.0).reshape(2, 3, 4)
    a = {"C": a, "F": np.asfortranarray(a), "transposed": a.transpose(1, 2, 0), "reversed": a[::-1]}[order]
    x = ag.tensor(a)
    assert x.array.strides == np.array(a, order="K").strides
    assert ag.asarray(a).array.strides == a.strides
    assert x.clone().array.strides == x.array.strides
    np.testing.assert_array_equal(x.numpy(), a)


def test_a_tensor_of_a_tensor() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with pytest.warns(UserWarning, match="data requires a gradient.*asarray") as caught:
        y = ag.tensor(x)
    assert caught[0].filename == __file__
    assert y is not x and y.is_leaf and not y.requires_grad
    y[0] = 5.0
    assert x.tolist() == [1.0, 2.0]
    x = x.detach()
    assert ag.tensor(x, requires_grad=True).is_leaf
    z = ag.tensor(x * 2, dtype=ag.float32, requires_grad=True)
    assert z.is_leaf and z.requires_grad and z.dtype == ag.float32
    v = ag.tensor(x[0:1])
    v[0] = 7.0
    assert type(v) is ag.Tensor and x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("given", ["bool", "int8", "int64", "float32", "float64"])
@pytest.mark.parametrize("wanted", ["int8", "float32", "float64", "complex128"])
def test_asarray_has_the_dtype_that_is_asked_for(given: str, wanted: str) -> None:
    array = np.ones(2, given)
    for out in (ag.asarray(array, dtype=wanted), ag.asarray(array, dtype=np.dtype(wanted), device="cpu")):
        assert out.dtype == np.dtype(wanted)


def test_asarray_of_a_tensor_stays_in_the_graph() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    assert ag.asarray(x) is x and ag.asarray(x, dtype=ag.float64) is x and ag.asarray(x, copy=False) is x
    for y in (ag.asarray(x, copy=True), ag.asarray(x, dtype=ag.float32)):
        assert y is not x and y.requires_grad
        x.grad = None
        (y * 3).sum().backward()
        assert x.grad.tolist() == [3.0, 3.0]


def test_lists_of_tensors_are_stacked_in_the_graph() -> None:
    a, b = ag.tensor(2.0, requires_grad=True), ag.tensor(3.0, requires_grad=True)
    x = ag.asarray([[a, 1.0], [b * a, 4]])
    assert (x.tolist(), x.dtype, x.requires_grad) == ([[2.0, 1.0], [6.0, 4.0]], np.float64, True)
    (x * x).sum().backward()
    assert (a.grad.item(), b.grad.item()) == (4.0 + 36.0, 24.0)
    with pytest.warns(UserWarning, match="data requires a gradient"):
        copied = ag.tensor([a, b], requires_grad=True)
    assert copied.is_leaf and copied.tolist() == [2.0, 3.0]
    rows = ag.asarray([ag.tensor([1, 2]), [3, 4], np.array([5, 6])])
    assert rows.tolist() == [[1, 2], [3, 4], [5, 6]] and rows.dtype == np.int64


@pytest.mark.parametrize(
    ("first", "scalar", "expected"),
    [
        ("float32", 1.5, "float32"),
        ("float32", 1, "float32"),
        ("float32", 1j, "complex64"),
        ("float64", 1j, "complex128"),
        ("int32", 1, "int32"),
        ("int32", 1.5, "float64"),
        ("int32", 1j, "complex128"),
        ("bool", 1, "int64"),
        ("bool", True, "bool"),
        ("complex64", 1.5, "complex64"),
    ],
)
def test_scalars_beside_tensors_widen_nothing_within_a_kind(first: str, scalar: Any, expected: str) -> None:
    assert ag.asarray([ag.tensor(1, dtype=first), scalar]).dtype == np.dtype(expected)


def test_stacking_on_another_device() -> None:
    pytest.importorskip("array_api_strict")
    there = ag.tensor(1.0, device="array_api_strict:device1", requires_grad=True)
    x = ag.asarray([there, 2.0])
    assert x.device == there.device and x.requires_grad
    with pytest.raises(ag.DeviceError, match="move one with"):
        ag.stack([there, ag.tensor(1.0)])


# ---------------------------------------------------------------- defaults


def test_default_dtype() -> None:
    assert ag.get_default_dtype() == np.float64
    ag.set_default_dtype("float32")
    try:
        assert ag.get_default_dtype() == np.float32
        for x in (
            ag.tensor(1.5),
            ag.tensor([1, 2.5]),
            ag.zeros(2),
            ag.tensor([]),
            ag.full(2, 1.5),
            ag.arange(1.0),
        ):
            assert x.dtype == np.float32
        assert ag.tensor(1j).dtype == ag.tensor([1j, 2.0]).dtype == np.complex64
        assert ag.tensor([1, 2]).dtype == ag.arange(3).dtype == np.int64
        assert ag.tensor(np.ones(2)).dtype == ag.tensor(np.float64(1)).dtype == np.float64
        ints = ag.tensor([1, 2])
        for y in (ints * 1.5, 1.5 * ints, ints + 0.5, ints / 2.0, ints**0.5, ag.where(ints > 1, ints, 0.5)):
            assert y.dtype == np.float32
        assert (ints * 1j).dtype == np.complex64
        assert (ag.tensor([True]) * 1.5).dtype == np.float32
        assert (ag.tensor([1], dtype=ag.float64) * 1.5).dtype == np.float64
        assert (ag.tensor([1.5]) * 2j).dtype == np.complex64
        assert (ints * 2).dtype == np.int64
    finally:
        ag.set_default_dtype(np.float64)
    assert (ag.tensor([1, 2]) * 1.5).dtype == np.float64


def test_default_dtype_is_float32_or_float64() -> None:
    for wrong in (ag.int32, "complex64", np.float16, "no"):
        with pytest.raises(DtypeError, match=r"\[set_default_dtype\]"):
            ag.set_default_dtype(wrong)
    assert ag.get_default_dtype() == np.float64


def test_default_device() -> None:
    pytest.importorskip("array_api_strict")
    where = "array_api_strict:device1"
    ag.set_default_device(where)
    try:
        assert ag.get_default_device() == where
        made = [
            ag.tensor([1.0]),
            ag.zeros(2),
            ag.asarray([1]),
            ag.asarray(np.ones(2)),
            ag.tensor(np.float32(1)),
        ]
        for x in made:
            assert x.device == where
        assert ag.tensor([1.0], device="cpu").device == "cpu"
        x = ag.tensor([1.0, 2.0], requires_grad=True)
        assert x.__array_namespace__() is ag
        (x * x).sum().backward()
        assert x.grad.device == where
    finally:
        ag.set_default_device("cpu")
    assert ag.tensor(1.0).device == "cpu"


def test_creation_requires_grad() -> None:
    for x in (
        ag.zeros(2, requires_grad=True),
        ag.ones((2, 2), requires_grad=True),
        ag.full(2, 3.0, requires_grad=True),
        ag.linspace(0, 1, 3, requires_grad=True),
        ag.eye(2, requires_grad=True),
    ):
        assert x.is_leaf and x.requires_grad


BAD: list[tuple[str, tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    ("zeros", (-3,), {}, ShapeError, r"shape is -3: "),
    ("ones", ((2, -3),), {}, ShapeError, r"shape is \(2, -3\): "),
    ("empty", (2.5,), {}, DtypeError, r"shape is 2.5: expected an integer"),
    ("zeros", ("ab",), {}, DtypeError, r"shape is 'ab': "),
    ("zeros", (None,), {}, DtypeError, r"shape is None: "),
    ("full", (-2, 1), {}, ShapeError, r"shape is -2: "),
    ("full", (2, "a"), {}, DtypeError, r"fill_value is 'a': expected a number"),
    ("full", (2, None), {}, DtypeError, r"fill_value is None: "),
    ("full", (2, [1.0, 2.0]), {}, DtypeError, r"fill_value is \[1.0, 2.0\]: "),
    ("full", (2, 1j), {"dtype": "float32"}, DtypeError, r"fill_value is 1j, dtype is "),
    ("eye", (-1,), {}, ShapeError, r"n_rows is -1: "),
    ("eye", (2, -1), {}, ShapeError, r"n_cols is -1: "),
    ("eye", (2.5,), {}, DtypeError, r"n_rows is 2.5: expected an integer"),
    ("eye", (2,), {"k": 0.5}, DtypeError, r"k is 0.5: expected an integer"),
    ("arange", (0, 5, 0), {}, ArgumentError, r"step is 0: "),
    ("arange", ("a",), {}, DtypeError, r"stop is 'a': expected a real number"),
    ("arange", (1j,), {}, DtypeError, r"stop is 1j: expected a real number"),
    ("arange", (float("nan"),), {}, ArgumentError, r"stop is nan: "),
    ("arange", (0, float("inf")), {}, ArgumentError, r"stop is inf: "),
    ("linspace", (0, 1, 2.5), {}, DtypeError, r"num is 2.5: expected an integer"),
    ("linspace", (0, 1, -1), {}, ShapeError, r"num is -1: "),
    ("linspace", ("a", 2, 3), {}, DtypeError, r"start is 'a': expected a number"),
    ("linspace", ([0, 1], 2, 3), {}, DtypeError, r"start is \[0, 1\]: expected a number"),
    ("linspace", (0, 1j, 3), {"dtype": "float32"}, DtypeError, r"stop is 1j, dtype is "),
]


@pytest.mark.parametrize(("name", "given", "keywords", "kind", "match"), BAD)
def test_creation_from_what_makes_no_array(
    name: str, given: Any, keywords: Any, kind: type[Exception], match: str, device: str
) -> None:
    with pytest.raises(kind, match=rf"^\[{name}\] {match}"):
        getattr(ag, name)(*given, **keywords, device=device)


def test_creation_takes_numbers_of_every_library(device: str) -> None:
    """A number of NumPy's, or a tensor without axes, counts as Python's own of its kind."""
    wide = ag.ones(1, device=device).dtype
    for number in (np.float32(2.0), np.float64(2.0), ag.tensor(2.0, device=device)):
        assert (ag.full(2, number, device=device).dtype, ag.full(2, number).tolist()) == (wide, [2.0, 2.0])
        assert ag.arange(number, device=device).tolist() == [0.0, 1.0]
        assert ag.linspace(0, number, 3, device=device).tolist() == [0.0, 1.0, 2.0]
    assert ag.full(fill_value=1.5, shape=2, device=device).tolist() == [1.5, 1.5]
    assert ag.arange(ag.tensor(2, device=device), device=device).tolist() == [0, 1]
    assert ag.zeros(ag.tensor(2), device=device).shape == ag.zeros((np.int8(2),), device=device).shape == (2,)
    tracked = ag.tensor(2.0, requires_grad=True)
    with pytest.raises(GraphExitError, match=r"^\[arange\] the number requires a gradient: .*x.detach\(\)"):
        ag.arange(tracked)


def test_what_is_filled_with_a_tracked_number_is_connected_to_it(device: str) -> None:
    x = ag.tensor([1.0, 2.0], device=device, requires_grad=True)
    xp = x.__array_namespace__()
    for made, gradient in (
        (xp.full((2, 3), x[0]), [6.0, 0.0]),
        (ag.full(3, fill_value=x[1], dtype=ag.float32, device=device), [0.0, 3.0]),
        (xp.full_like(x, x[1]), [0.0, 2.0]),
        (xp.linspace(x[0], x[1], 5), [2.5, 2.5]),
        (xp.linspace(0.0, x[1], 3, endpoint=False), [0.0, 1.0]),
    ):
        assert made.device == x.device
        (found,) = ag.autograd.grad(made.sum(), x)
        assert np.allclose(found.numpy(), gradient, rtol=1e-6)
