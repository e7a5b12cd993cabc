"""NumPy's own functions, bound without their Python wrappers: the wrappers must have added nothing."""

from __future__ import annotations

import sys
from math import inf, nan
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.numpy import SMALL, Holder, NumpyBackend, calibrate
from tests.targets import LAYOUTS, laid_out

XP = NumpyBackend()
ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.arange(6, dtype=np.int8).reshape(2, 3)[:, ::-1],
    np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    np.array([[True, False], [True, True]]),
    np.array([[1 + 2j, 3], [4, 5j]]),
    np.zeros((2, 0)),
    np.ones((2, 1)),
]


def same(found: Any, expected: Any) -> None:
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("x", ARRAYS, ids=lambda x: f"{x.dtype}{x.shape}")
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, (0, 1), (1,)])
@pytest.mark.parametrize("name", ["sum", "prod", "max", "min"])
def test_reductions_are_numpys(name: str, axis: Any, keepdims: bool, x: np.ndarray) -> None:
    try:
        expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    except ValueError:
        with pytest.raises(ValueError):
            getattr(XP, name)(x, axis=axis, keepdims=keepdims)
        return
    same(getattr(XP, name)(x, axis=axis, keepdims=keepdims), expected)


def test_reductions_take_all_axes_by_default() -> None:
    x = np.arange(6.0).reshape(2, 3)
    for name in ("sum", "prod", "max", "min"):
        same(getattr(XP, name)(x), getattr(np, name)(x))


@pytest.mark.parametrize("x", ARRAYS, ids=lambda x: f"{x.dtype}{x.shape}")
def test_manipulation_is_numpys(x: np.ndarray) -> None:
    for found, expected in (
        (XP.reshape(x, (-1,)), np.reshape(x, (-1,))),
        (XP.permute_dims(x, (1, 0)), np.permute_dims(x, (1, 0))),
        (XP.matrix_transpose(x), np.matrix_transpose(x)),
        (XP.astype(x, np.dtype("complex128")), np.astype(x, np.dtype("complex128"))),
        (XP.zeros_like(x), np.zeros_like(x)),
        (XP.broadcast_to(x, (4, *x.shape)), np.broadcast_to(x, (4, *x.shape))),
    ):
        same(found, expected)
        assert found.base is expected.base or (found.base is None) == (expected.base is None)


@pytest.mark.parametrize("value", [np.array(2.5), np.float32(1.5), np.float64(-0.5), np.array(1 + 2j)])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3), (50, 60)])
def test_a_broadcast_number_is_numpys(value: Any, shape: tuple[int, ...]) -> None:
    found, expected = XP.broadcast_to(value, shape), np.broadcast_to(value, shape)
    same(found, expected)
    if isinstance(value, np.generic) and found.size <= SMALL:
        assert found.base is None and found.flags.c_contiguous  # written out
    else:
        assert found.strides == expected.strides or 0 in shape or not shape
        assert not found.flags.writeable


def test_an_array_that_others_see_is_not_exclusive() -> None:
    holder = Holder(np.empty(3))
    assert XP.exclusive(holder)
    named = holder.array
    assert not XP.exclusive(holder)
    del named
    view = holder.array[1:]
    assert not XP.exclusive(holder)
    del view
    buffer = memoryview(holder.array)
    assert not XP.exclusive(holder)
    del buffer
    assert XP.exclusive(holder)
    for other in (np.empty(3)[1:], np.broadcast_to(np.empty(1), (3,)), np.frombuffer(b"12345678")):
        assert not XP.exclusive(Holder(other))
    assert not XP.exclusive(Holder(np.float64(1.0)))
    fixed = Holder(np.empty(3))
    fixed.array.flags.writeable = False
    assert not XP.exclusive(fixed)


def test_a_count_that_tells_nothing_is_not_trusted() -> None:
    assert calibrate(lambda: np.empty(1), lambda holder: 7) == -1
    assert calibrate(lambda: np.empty(1), lambda holder: sys.getrefcount(holder)) == -1
    assert calibrate(lambda: np.empty(1)) > 0


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "complex64", "complex128", "int32", "bool"]
)
@pytest.mark.parametrize("layout", ["C", *LAYOUTS])
@pytest.mark.parametrize("length", [3, 50])
def test_where_is_numpys_to_the_bit(dtype: str, layout: str, length: int) -> None:
    """What is not chosen leaves no trace, be it infinite or not a number; zeros keep their sign."""
    where, random = XP.where, np.random.default_rng(0)
    values = random.choice(
        [1.5, -0.0, 0.0, -2.0, *(() if dtype in ("int32", "bool") else (inf, -inf, nan))], 2500
    )
    x, y = (random.permutation(values).reshape(50, 50)[:, :length].astype(dtype) for _ in range(2))
    masks = random.random((50, length)) < 0.5, np.zeros((50, length), bool), np.ones((50, length), bool)
    for condition in (*masks, masks[0][:1], masks[0][0, 0], bool(masks[0][0, 0]), masks[0].astype(int)):
        for a, b in ((x, y), (x, 0), (0, y), (x, 0.0), (x, 2), (x[0], y), (0, y[0]), (x[0, 0], 0), (0, 0)):
            a, b = (laid_out(v, layout) if isinstance(v, np.ndarray) else v for v in (a, b))
            found, expected = where(condition, a, b), np.where(condition, a, b)
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
            assert found.tobytes() == expected.tobytes() and found.base is None
            assert np.size(found) < 2 or found.strides == expected.strides
            assert not any(isinstance(v, np.ndarray) and np.shares_memory(found, v) for v in (a, b))


@pytest.mark.parametrize("name", sorted(name for name, f in XP.ufuncs.items() if f.nin == 1))
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128", "int32", "int64"])
def test_functions_compute_into_their_own_operand(name: str, dtype: str) -> None:
    for columns in range(1, 18):
        x = np.arange(1, 9 * columns + 1).reshape(9, columns).astype(dtype)
        part = x[:, 0]
        try:
            with np.errstate(all="ignore"):
                expected = XP.ufuncs[name](part.copy()).astype(dtype, casting="same_kind")
                XP.ufuncs[name](part, out=part)
        except TypeError:
            return
        np.testing.assert_allclose(part, expected, rtol=1e-6)


def test_a_column_changes_its_sign_in_place() -> None:
    x = ag.tensor(np.arange(12, dtype=np.float32).reshape(3, 4))
    x[:, :1].neg_()
    assert x.numpy()[:, 0].tolist() == [0, -4, -8] and x.numpy()[0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int64"])
@pytest.mark.parametrize("size", [1, 32_768, 32_769, 100_000])
def test_updates_go_block_by_block(size: int, dtype: str) -> None:
    rng = np.random.default_rng(0)
    a, b = (10 * rng.normal(size=(2, size))).astype(dtype)
    alpha = 3 if dtype == "int64" else 0.3
    expected = a - b * alpha
    x = ag.tensor(a)
    x.sub_(ag.tensor(b), alpha=alpha)
    assert x.dtype == dtype and np.array_equal(x.numpy(), expected)


def test_updates_from_the_memory_that_they_write() -> None:
    a = np.random.default_rng(0).normal(size=300_000)
    for to, by in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        x = ag.tensor(a)
        x[to].sub_(x[by], alpha=0.5)
        expected = a.copy()
        expected[to] = a[to] - 0.5 * a[by]
        assert np.array_equal(x.numpy(), expected)
