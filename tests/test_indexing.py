"""``x[key]`` as NumPy has it: value, shape, dtype, aliasing, memory order, and gradient."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import DeviceError, IndexingError
from tests.targets import Target, laid_out

SHAPES = [(), (1,), (4,), (0,), (3, 4), (2, 1), (3, 0), (2, 3, 4), (4, 4, 3)]
TWO = np.arange(12.0).reshape(3, 4)


class Draw:
    """Random keys for arrays of a shape."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def shape(self) -> tuple[int, ...]:
        return self.random.choice(SHAPES)

    def key(self, shape: tuple[int, ...]) -> Any:
        """Return a key: now and then one that NumPy refuses too."""
        parts: list[Any] = []
        axis, dots = 0, False
        block = self.random.choice([(3,), (2,), (1,), (2, 2), (0,)])
        for _ in range(self.random.randrange(len(shape) + 3)):
            way = self.random.choice(
                ["int", "slice", "slice", "array", "array", "none", "dots", "mask", "flag"]
            )
            if way == "none":
                parts.append(self.random.choice([None, np.newaxis]))
            elif way == "flag" and self.random.random() < 0.2:
                parts.append(self.random.choice([True, False, np.True_, np.array(False)]))
            elif way == "dots" and not dots:
                parts.append(...)
                axis, dots = max(axis, len(shape) - 1), True
            elif axis < len(shape):
                part = self.part(way, shape[axis:], block)
                axis += part.ndim if isinstance(part, np.ndarray) and part.dtype == bool else 1
                parts.append(part)
        return tuple(parts) if len(parts) != 1 or self.random.random() < 0.5 else parts[0]

    def part(self, way: str, shape: tuple[int, ...], block: tuple[int, ...]) -> Any:
        """Return what indexes the first axis of a shape, or several by a mask."""
        n = shape[0]
        if way == "mask":
            shape = shape[: self.random.randrange(1, len(shape) + 1)]
            shape = tuple(n if self.random.random() < 0.9 else 0 for n in shape)
            flat = [self.random.random() < 0.5 for _ in range(int(np.prod(shape)))]
            return np.array(flat, bool).reshape(shape)
        if way == "array" and n:
            block = self.random.choice([block, block, (1,), ()])
            dtype = self.random.choice(["int64", "int64", "int32", "uint8"])
            low = 0 if dtype == "uint8" else -n
            flat = [self.random.randrange(low, n) for _ in range(int(np.prod(block)))]
            array = np.array(flat, dtype).reshape(block)
            return array.tolist() if array.ndim and self.random.random() < 0.2 else array
        if way == "int" and n:
            i = self.random.randrange(-n, n)
            return self.random.choice([i, i, i, np.int64(i), np.int8(i)])
        ends = [self.random.choice([None, *range(-n - 2, n + 3)]) for _ in range(2)]
        return slice(*ends, self.random.choice([None, 1, 2, -1, -2, 3, -3]))


def as_tensors(key: Any, target: Target) -> Any:
    """Return a key with tensors in the place of arrays."""
    if isinstance(key, tuple):
        return tuple(as_tensors(part, target) for part in key)
    return ag.asarray(key, device=target.device) if isinstance(key, np.ndarray) else key


@pytest.mark.parametrize("chunk", range(3))
def test_random_keys(target: Target, chunk: int) -> None:
    total = {"numpy": 900, "strict": 300, "jax": 15}.get(target.name, 200)
    refused = 0
    for seed in range(chunk * 100_000, chunk * 100_000 + total):
        draw = Draw(seed)
        shape = draw.shape()
        key = draw.key(shape)
        layout = draw.random.choice(["C", "F", "reversed", "step"]) if target.is_numpy else "C"
        a = laid_out(np.arange(int(np.prod(shape))).reshape(shape).astype("float32"), layout)
        x = ag.asarray(laid_out(a, layout), device=target.device).requires_grad_()
        given = as_tensors(key, target) if seed % 2 else key
        try:
            expected = a[key]
        except IndexError:
            refused += 1
            with pytest.raises(IndexingError):
                x[given]
            continue
        check_reading(target, x, given, a, expected, f"seed {seed}: {shape}, {layout}, {key}")
    assert refused < total / 4


def check_reading(target: Target, x: Any, key: Any, a: np.ndarray, expected: Any, what: str) -> None:
    y = x[key]
    got = target.backend.to_numpy(y.array)
    assert got.shape == np.shape(expected) and got.dtype == expected.dtype, what
    assert np.array_equal(got, expected), what
    if isinstance(expected, np.ndarray) and target.is_numpy and target.name == "numpy":
        assert [s for s, n in zip(y.array.strides, expected.shape, strict=True) if n > 1] == [
            s for s, n in zip(expected.strides, expected.shape, strict=True) if n > 1
        ] or not expected.size, what
    weights = np.cos(np.arange(expected.size, dtype="float32")).reshape(expected.shape)
    (y * ag.asarray(weights, device=target.device)).sum().backward()
    gradient, places = np.zeros(a.shape), np.arange(a.size).reshape(a.shape)[numpy_key(key, target)]
    np.add.at(gradient.reshape(-1), places, weights)
    assert np.allclose(target.backend.to_numpy(x.grad.array), gradient, atol=1e-6), what
    with ag.no_grad():
        y -= 1.0
    shared = isinstance(expected, np.ndarray) and np.shares_memory(a, expected)
    # Under no_grad a leaf is written too; a copy is written alone.
    assert np.array_equal(target.backend.to_numpy(x.array), a) != shared, what


def numpy_key(key: Any, target: Target) -> Any:
    if isinstance(key, tuple):
        return tuple(numpy_key(part, target) for part in key)
    return target.backend.to_numpy(key.array) if isinstance(key, ag.Tensor) else key


READINGS: dict[str, Callable[[Any], Any]] = {
    "first": lambda x: x[0],
    "last entry": lambda x: x[-1, -1],
    "integers and an ellipsis": lambda x: x[1, 2, ...],
    "an ellipsis of nothing": lambda x: x[1, ..., 2],
    "backwards": lambda x: x[::-1, 10:-10:-3],
    "beyond the end": lambda x: x[2:100, 100:],
    "new axes": lambda x: x[None, :, None, 0, None],
    "empty list": lambda x: x[[]],
    "empty nested list": lambda x: x[[[]]],
    "list of booleans": lambda x: x[[True, False, True]],
    "list of lists": lambda x: x[[[0, 1], [2, -1]]],
    "tuple in a tuple": lambda x: x[(0, 1), :],
    "pairs": lambda x: x[[0, 1, 2], [3, 2, 1]],
    "outer": lambda x: x[[[0], [2]], [1, 3]],
    "integer beside an array": lambda x: x[1, [0, 0, 2]],
    "array, None, array": lambda x: x[[0, 1], None, [2, 3]],
    "array, slice, array": lambda x: x[None][[0, 0], 1:, [2, 3]],
    "array with a stride": lambda x: x[:, ::2][:, [1, 0, 1]],
    "true": lambda x: x[True],
    "false": lambda x: x[False],
    "true beside an array": lambda x: x[True, [0, 2]],
    "all": lambda x: x[...],
    "nothing": lambda x: x[()],
    "NumPy's integer": lambda x: x[np.int32(1), np.uint8(2)],
}


@pytest.mark.parametrize("name", READINGS)
def test_readings_by_name(target: Target, name: str) -> None:
    x, expected = target.make(TWO), READINGS[name](TWO)
    y = READINGS[name](x)
    assert y.shape == np.shape(expected)
    assert y.tolist() == expected.tolist()


class Index:
    def __index__(self) -> int:
        return 2


def test_whatever_has_an_index_is_one(target: Target) -> None:
    x = target.make(TWO)
    assert x[Index(), Index()].tolist() == 10.0
    assert x[: Index()].shape == (2, 4)
    two = ag.asarray(np.array(2), device="cpu")
    assert ag.tensor(TWO)[two : two + 1, two].tolist() == [10.0]


REFUSED: dict[str, Callable[[Any], Any]] = {
    "beyond": lambda x: x[3],
    "before": lambda x: x[-4],
    "beyond a later axis": lambda x: x[:, 4],
    "too many": lambda x: x[0, 0, 0],
    "too many for a mask": lambda x: x[0, x > 2],
    "two ellipses": lambda x: x[..., 0, ...],
    "fraction": lambda x: x[1.0],
    "fraction in a tuple": lambda x: x[:, 1.0],
    "list of fractions": lambda x: x[[0.0, 1.0]],
    "tensor of fractions": lambda x: x[x],
    "text": lambda x: x["a"],
    "list of text": lambda x: x[["a"]],
    "list of slices": lambda x: x[[slice(1)]],
    "ragged list": lambda x: x[[[0], [1, 2]]],
    "complex": lambda x: x[1j],
    "arrays that do not broadcast": lambda x: x[[0, 1], [0, 1, 2]],
    "short mask": lambda x: x[[True, False]],
    "long mask": lambda x: x[np.ones((3, 5), bool)],
    "slice by zero": lambda x: x[::0],
    "slice of fractions": lambda x: x[0.5:],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_index_is_refused(target: Target, name: str) -> None:
    with pytest.raises(IndexingError, match=r"^\[getitem\] .*: "):
        REFUSED[name](target.make(TWO))
    if "slice" not in name and "ragged" not in name and "complex" not in name:
        with pytest.raises((IndexError, TypeError, ValueError)):
            REFUSED[name](TWO)


def test_errors_of_slices_are_numpys_too() -> None:
    with pytest.raises(ValueError, match="zero"):
        ag.tensor(TWO)[::0]
    with pytest.raises(TypeError, match="integers"):
        ag.tensor(TWO)[0.5:]


@pytest.mark.parametrize("index", [np.array([0, 3]), np.array([-4]), [[0, 3]], (slice(None), [4])])
def test_index_arrays_out_of_bounds(index: Any) -> None:
    x = ag.tensor(TWO)
    with pytest.raises(IndexingError, match="out of bounds"):
        x[index]
    with pytest.raises(IndexingError, match="out of bounds"):
        x[index] = 0.0
    assert x.tolist() == TWO.tolist()


def test_an_index_on_another_device_is_refused() -> None:
    pytest.importorskip("array_api_strict")
    x, i = ag.tensor(TWO), ag.asarray(np.array([0]), device="array_api_strict:device1")
    with pytest.raises(DeviceError, match="to"):
        x[i]
    with pytest.raises(DeviceError, match="to"):
        i[ag.tensor([0])]


def test_second_derivative_through_every_reading(target: Target) -> None:
    for name in READINGS:
        x = target.make(TWO + 1.0, grad=True)
        y = READINGS[name](x)
        (g,) = ag.autograd.grad((y * y * y).sum(), x, create_graph=True)
        g.sum().backward()
        places = READINGS[name](np.arange(12).reshape(3, 4))
        expected = 6 * (TWO + 1.0) * np.bincount(np.ravel(places), minlength=12).reshape(3, 4)
        assert np.allclose(target.backend.to_numpy(x.grad.array), expected), name


@pytest.mark.parametrize("shape", [(0,), (0, 4), (3, 0)])
def test_a_mask_without_entries_selects_none(make: Callable[..., Any], shape: tuple[int, ...]) -> None:
    x, none = make(TWO, True), make(np.ones(shape, bool))
    assert x[none].shape == TWO[np.ones(shape, bool)].shape
    y = x * 2
    y[none] = 5.0
    y[none] = make(np.ones((0, *TWO.shape[len(shape) :])))
    y.sum().backward()
    np.testing.assert_array_equal(y.detach().numpy(), 2 * TWO)
    np.testing.assert_array_equal(x.grad.numpy(), np.full((3, 4), 2.0))
    with pytest.raises(IndexingError, match=r"a mask of shape \(0, 2\) indexes axes of lengths \(3, 4\)"):
        x[make(np.ones((0, 2), bool))]
