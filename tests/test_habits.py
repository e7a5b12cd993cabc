"""Methods under NumPy's names: the values, dtypes and aliasing are NumPy's, and the graph stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import ArgumentError, AxisError, DtypeError, ShapeError
from tests.targets import Target

A = np.asarray([[[1.26, -2.5, 3.0], [0.5, 5.0, -6.44]], [[7.1, 8.0, 9.0], [1.0, 11.0, 2.0]]])
CALLS: dict[str, Callable[[Any], Any]] = {
    "argsort": lambda x: x.argsort(0),
    "argsort of all": lambda x: x.argsort(None),
    "conjugate": lambda x: x.conjugate(),
    "copy": lambda x: x.copy(),
    "cumprod": lambda x: x.cumprod(1),
    "cumsum": lambda x: x.cumsum(),
    "cumsum as": lambda x: x.cumsum(0, np.float32),
    "diagonal": lambda x: x.diagonal(),
    "diagonal of": lambda x: x.diagonal(1, 1, 2),
    "dot a matrix": lambda x: x.dot(np.ones((3, 2))),
    "dot a vector": lambda x: x.dot(x[0, 0]),
    "dot a number": lambda x: x.dot(2.0),
    "dot a stack": lambda x: x.dot(x.swapaxes(1, 2)),
    "dot of a vector": lambda x: x[0, 0].dot(x[0, 1]),
    "flatten": lambda x: x.flatten(),
    "ravel": lambda x: x.ravel(),
    "repeat": lambda x: x.repeat(2, 0),
    "repeat all": lambda x: x.repeat(3),
    "round": lambda x: x.round(),
    "round to": lambda x: x.round(1),
    "round up to": lambda x: x.round(-1),
    "round integers": lambda x: x.astype("int64").round(-1),
    "std": lambda x: x.std(1, ddof=1),
    "swapaxes": lambda x: x.swapaxes(0, -1),
    "take": lambda x: x.take([5, 0, -1]),
    "take wrapped": lambda x: x.take([[4, -5]], 2, mode="wrap"),
    "take clipped": lambda x: x.take(np.asarray([4, -5]), axis=1, mode="clip"),
    "trace": lambda x: x.trace(0, 1, 2),
    "transpose": lambda x: x.transpose(),
    "transpose to": lambda x: x.transpose(1, 0, 2),
    "transpose to a tuple": lambda x: x.transpose((2, 0, 1)),
    "view": lambda x: x.view(),
    "view as float": lambda x: x.view(float),
    "view of pairs": lambda x: (x + 2j).view(np.float64),
    "var": lambda x: x.var(axis=(0, 2), ddof=1, keepdims=True),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_method_is_numpys(name: str, target: Target) -> None:
    expected = np.asarray(CALLS[name](A))
    x = target.make(A, grad=True)
    found = CALLS[name](x)
    got = found.detach().numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-12 if expected.dtype == np.float64 else 1e-6)
    assert got.dtype == expected.dtype and found.device == x.device
    assert found.requires_grad == (expected.dtype.kind == "f")


def test_views_are_views_and_copies_copies(target: Target) -> None:
    for name in ("ravel", "flatten", "copy", "transpose", "transpose to", "swapaxes", "view as float"):
        mine, theirs = target.make(A), A.copy()
        CALLS[name](mine)[...] = 0
        CALLS[name](theirs)[...] = 0
        assert np.array_equal(mine.numpy(), theirs), name


def test_fill_and_item(target: Target) -> None:
    x = target.make(A)
    assert (x.item(3), x.item(1, 0, 2), x[0, 0].item(1)) == (A.item(3), A.item(1, 0, 2), -2.5)
    assert x.fill(2.0) is None and np.all(x.numpy() == 2.0) and x.itemsize == 8


def test_pairs_viewed_as_complex_numbers(target: Target) -> None:
    x = target.make(A[..., :2], grad=True)
    y = x.view(np.complex128)
    assert np.array_equal(y.detach().numpy(), np.ascontiguousarray(A[..., :2]).view(np.complex128))
    y.imag.sum().backward()
    assert np.array_equal(x.grad.numpy(), np.broadcast_to([0.0, 1.0], (2, 2, 2)))


def test_what_is_refused() -> None:
    x = ag.asarray(A)
    with pytest.raises(ArgumentError, match=r"^\[ravel\] order is 'F': expected 'C'"):
        x.ravel("F")
    with pytest.raises(ArgumentError, match="mode is 'away'"):
        x.take([0], mode="away")
    with pytest.raises(ArgumentError, match="leave one out"):
        x.var(correction=1, ddof=1)
    with pytest.raises(AxisError):
        x[0, 0].trace()
    with pytest.raises(AttributeError, match=r"\[sort\].*in place as NumPy's does"):
        x.sort()
    with pytest.raises(DtypeError, match="use astype, which converts"):
        x.view(np.int64)


def test_lists_are_operands_of_operators(target: Target) -> None:
    x = target.make(A[0], grad=True)
    y = x * 1
    y += [1, 2, 3]
    for mine, theirs in (
        (x + [1, 2, 3], A[0] + [1, 2, 3]),
        ([1, 2, 3] * x, [1, 2, 3] * A[0]),
        (x @ (1.0, 2.0, 3.0), A[0] @ (1.0, 2.0, 3.0)),
        ([x[0, 0], 2.0, 3.0] - x, [A[0, 0, 0], 2.0, 3.0] - A[0]),
        (y, A[0] + [1, 2, 3]),
    ):
        assert mine.requires_grad and np.allclose(mine.detach().numpy(), theirs, rtol=1e-15)
    assert np.array_equal((x > [1, 2, 3]).numpy(), A[0] > [1, 2, 3])
    assert (x == ["text"]) is False and x not in [["a", "b"], None]
    assert np.array_equal(([2, 3] * ag.asarray(2)).numpy(), [4, 6])
    with pytest.raises(ShapeError):
        x + [[1], [1, 2]]


def test_numpys_scalars_are_on_no_device(target: Target) -> None:
    x = target.make(A)
    assert np.array_equal((np.float64(3) < x).numpy(), A > 3)
    assert (np.float64(3) * x).device == x.device


def test_axes_reversed() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    assert x.T.tolist() == [1.0, 2.0] and (x.T @ x).requires_grad and ag.tensor(1.0).T.shape == ()
    assert ag.zeros((2, 3, 4)).T.shape == (4, 3, 2)
