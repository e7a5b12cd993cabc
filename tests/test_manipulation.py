"""Repetition, layers, grids, differences, padding, NaN: aliasing, exact gradients, bad input."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.autograd import grad
from anygrad.testing import gradcheck

RANDOM = np.random.default_rng(0)
X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]])
MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def host(t: Any) -> np.ndarray:
    return t.detach().numpy()


# ---------------------------------------------------------------- whose memory


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ag.repeat(x, 1, axis=0),
        lambda x: ag.repeat(x, ag.asarray([1, 1], device=x.device), axis=0),
        lambda x: ag.repeat(x[0], 1),
        lambda x: ag.tile(x, (1, 1)),
        lambda x: ag.tile(x, ()),
        lambda x: ag.pad(x, 0),
        lambda x: ag.pad(x, 0, "edge"),
        lambda x: ag.meshgrid(x[0], x[1])[0],
        lambda x: ag.meshgrid(x[0])[0],
        lambda x: ag.nan_to_num(x),
        lambda x: ag.nan_to_num(x.astype(ag.int64)),
        lambda x: ag.diff(x, append=0.0),
    ],
)
def test_copies_are_copies(function: Callable[[Any], Any], make: Callable[..., Any]) -> None:
    """To write into the result changes nothing else, where no entry is added too."""
    x = make(X)
    out = function(x)
    before = host(out).copy()
    out[...] = 7
    assert (host(x) == X).all() and (host(out) == 7).all() and not (before == 7).all()
    x[...] = 9.0
    assert (host(out) == 7).all()


def test_layers_are_views(make: Callable[..., Any]) -> None:
    """As in NumPy, a write into one is a write into the array, and the gradient knows it."""
    x, v = make(X, True), make(np.array([5.0, 6.0]), True)
    y = x * 2
    first, _, last = ag.unstack(y, axis=1)
    first[...] = v
    last *= 10.0
    assert host(y).tolist() == [[5.0, -4.0, 60.0], [6.0, 8.0, -30.0]]
    dx, dv = grad(ag.sum(y), [x, v])
    assert host(dx).tolist() == [[0, 2, 20], [0, 2, 20]] and host(dv).tolist() == [1, 1]
    assert [part.item() for part in ag.unstack(x.detach()[0])] == [1.0, -2.0, 3.0]


# ---------------------------------------------------------------- repetition by counts


@pytest.mark.parametrize("counts", [[2, 0, 1], [0, 0, 0], [3], 2, np.uint8(2), np.array([1, 2, 0], np.int8)])
def test_counts_in_any_form(counts: Any, make: Callable[..., Any]) -> None:
    x = make(X, True)
    given = counts if isinstance(counts, int) else np.asarray(counts)
    forms = [counts] if isinstance(counts, int | list) else []
    for form in [*forms, given, make(np.asarray(given))]:
        out = ag.repeat(x, form, axis=1)
        np.testing.assert_array_equal(host(out), np.repeat(X, given, axis=1))
        (g,) = grad(ag.sum(out * out), x)
        np.testing.assert_array_equal(host(g), 2 * X * given)


def test_true_and_false_are_counts(make: Callable[..., Any]) -> None:
    out = ag.repeat(make(X), make(np.array([True, False, True])), axis=1)
    assert host(out).tolist() == [[1.0, 3.0], [0.5, -1.5]]
    gradcheck(lambda x: ag.repeat(x, [0, 3, 1], axis=-1) ** 2, make(X, True), order=2)


# ---------------------------------------------------------------- differences


def test_what_is_prepended_gets_its_gradient(make: Callable[..., Any]) -> None:
    x, before, after = make(X, True), make(X[:, :2] + 1, True), make(np.asarray(2.5), True)
    for n in (1, 2, 3):
        gradcheck(
            lambda *parts, n=n: ag.diff(parts[0], n=n, prepend=parts[1], append=parts[2]),
            [x, before, after],
        )
        out = ag.diff(x, n=n, prepend=before, append=after)
        np.testing.assert_allclose(host(out), np.diff(X, n, prepend=X[:, :2] + 1, append=2.5), atol=1e-14)
    (g,) = grad(ag.sum(ag.diff(x, prepend=before, append=after)), after)
    assert g.shape == () and g.item() == 2.0


def test_dtypes_of_differences(make: Callable[..., Any]) -> None:
    single = make(X.astype(np.float32))
    assert ag.diff(single, prepend=0.0, append=1).dtype == ag.float32
    assert ag.diff(single, prepend=1j).dtype == ag.complex64
    assert ag.diff(make(np.array([1, 2])), append=0.5).dtype == ag.float64
    assert host(ag.diff(make(np.array([3, 1], dtype=np.uint8)))).tolist() == [254]
    flags = ag.diff(make(np.array([True, True, False])), prepend=False)
    assert flags.dtype == ag.bool and host(flags).tolist() == [True, False, True]


def test_no_difference_is_the_tensor_itself(make: Callable[..., Any]) -> None:
    x = make(X)
    assert ag.diff(x, n=0) is x and ag.diff(x, n=9).shape == (2, 0)


# ---------------------------------------------------------------- padding


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1,), (2,), (5,), (2, 3), (1, 4)])
def test_padding_is_numpys_and_its_gradient_the_exact_adjoint(
    mode: str, shape: tuple[int, ...], make: Callable[..., Any]
) -> None:
    """Widths beyond the length too; with whole numbers the gradient is exact."""
    x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    for _ in range(6):
        widths = [tuple(RANDOM.integers(0, 9, 2).tolist()) for _ in shape]
        t = make(x, True)
        out = ag.pad(t, widths, mode)
        np.testing.assert_array_equal(host(out), np.pad(x, widths, mode))
        weights = RANDOM.integers(-9, 9, out.shape).astype(np.float64)
        source = np.pad(np.arange(1, 1 + x.size).reshape(shape), widths, mode)
        expected = np.zeros(1 + x.size)
        np.add.at(expected, source, weights)  # the constant's positions are those of number 0
        np.testing.assert_array_equal(host(grad(ag.sum(out * make(weights)), t)[0]).ravel(), expected[1:])


@pytest.mark.parametrize(
    "widths", [1, (1, 2), ((1, 2),), ((1,), (2,)), [[1, 2], [0, 3]], np.array([[1, 2], [3, 0]]), np.int64(2)]
)
def test_widths_in_any_form(widths: Any, make: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(host(ag.pad(make(X), widths, "wrap")), np.pad(X, widths, "wrap"))
    values = ((1.5, 2), (3, 4.5))
    found = ag.pad(make(X), widths, constant_values=values)
    np.testing.assert_array_equal(host(found), np.pad(X, widths, constant_values=values))


def test_constants_get_their_gradient(make: Callable[..., Any]) -> None:
    x, c, d = make(X, True), make(np.asarray(2.0), True), make(np.asarray(-1.0, np.float32), True)
    out = ag.pad(x, ((1, 0), (0, 2)), constant_values=((c, 0), (0, d)))
    np.testing.assert_array_equal(host(out), np.pad(X, ((1, 0), (0, 2)), constant_values=((2, 0), (0, -1))))
    found = grad(ag.sum(out * out), [x, c, d])
    np.testing.assert_array_equal(host(found[0]), 2 * X)
    assert [g.item() for g in found[1:]] == [3 * 4.0, 6 * -2.0] and found[2].dtype == ag.float32


@pytest.mark.parametrize("dtype", ["bool", "int32", "uint8", "float32", "complex64"])
def test_padding_keeps_the_dtype(dtype: str, make: Callable[..., Any]) -> None:
    x = np.array([1, 0, 1]).astype(dtype)
    for mode in MODES:
        out = ag.pad(make(x), 2, mode)
        assert out.dtype == x.dtype
        np.testing.assert_array_equal(host(out), np.pad(x, 2, mode))


# ---------------------------------------------------------------- no numbers


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "complex64", "complex128", "int16", "bool"]
)
def test_replaced_numbers_are_numpys(dtype: str, make: Callable[..., Any], backend: Any) -> None:
    if np.dtype(dtype) not in backend.natives:
        pytest.skip(f"{backend.name} lacks {dtype}")
    x = np.array([1.0, nan, inf, -inf, -0.0]) if np.dtype(dtype).kind in "fc" else np.array([1, 0])
    with np.errstate(all="ignore"):
        x = x.astype(dtype) + (np.array([0, 1j, nan * 1j, -2j, 3j]).astype(dtype) if dtype[0] == "c" else 0)
        for options in ({}, {"nan": 2.0, "posinf": 1.5, "neginf": -1}):
            out = host(ag.nan_to_num(make(x), **options))
            want = np.nan_to_num(x, **options)
            assert out.dtype == want.dtype
            np.testing.assert_array_equal(out, want)
            np.testing.assert_array_equal(np.signbit(out.real), np.signbit(want.real))


def test_each_part_of_a_complex_number_is_on_its_own(make: Callable[..., Any]) -> None:
    x = make(np.array([complex(nan, 2), complex(3, -inf), 1 + 1j]), True)
    (g,) = grad(ag.nan_to_num(x, neginf=0.0), x, make(np.full(3, 2 + 5j)))
    assert host(g).tolist() == [5j, 2, 2 + 5j]


def test_no_axis_is_rolled(make: Callable[..., Any]) -> None:
    x = make(X, True)
    out = ag.roll(x, 2, axis=())
    np.testing.assert_array_equal(host(out), X)
    (g,) = grad(ag.sum(out * out), x)
    np.testing.assert_array_equal(host(g), 2 * X)


# ---------------------------------------------------------------- bad input

BAD = [
    (lambda x: ag.repeat(x, -1), ag.ArgumentError, r"\[repeat\] repeats is -1: expected a number from 0"),
    (lambda x: ag.repeat(x, 1.5), ag.DtypeError, r"\[repeat\] repeats is 1.5: expected an integer"),
    (lambda x: ag.repeat(x, [1.0]), ag.DtypeError, r"\[repeat\] repeats has dtype float64"),
    (lambda x: ag.repeat(x, [1, 2], axis=1), ag.ShapeError, r"has shape \(2,\), the axis has length 3"),
    (lambda x: ag.repeat(x, [1, -2], axis=0), ag.ArgumentError, r"\[repeat\] 1 of the repeats are negative"),
    (lambda x: ag.repeat(x, 2, axis=2), ag.AxisError, r"\[repeat\] axis 2 is out of bounds"),
    (lambda x: ag.tile(x, (1, -2)), ag.ArgumentError, r"\[tile\] repetitions is \(1, -2\)"),
    (lambda x: ag.tile(x, 1.5), ag.DtypeError, r"\[tile\] repetitions is 1.5"),
    (lambda x: ag.unstack(x, axis=2), ag.AxisError, r"\[unstack\] axis 2 is out of bounds: x has 2 axes"),
    (lambda x: ag.unstack(x[0, 0]), ag.AxisError, r"\[unstack\] axis 0 is out of bounds: x has 0 axes"),
    (lambda x: ag.meshgrid(x), ag.ShapeError, r"\[meshgrid\] array 0 has shape \(2, 3\): expected vectors"),
    (lambda x: ag.meshgrid(x[0], indexing="yx"), ag.ArgumentError, r"\[meshgrid\] indexing is 'yx'"),
    (lambda x: ag.diff(x, n=-1), ag.ArgumentError, r"\[diff\] n is -1: expected a number from 0"),
    (lambda x: ag.tril(x, k=0.5), ag.DtypeError, r"\[tril\] k is 0.5: expected an integer"),
    (lambda x: ag.diff(x, n=0.5), ag.DtypeError, r"\[diff\] n is 0.5: expected an integer"),
    (lambda x: ag.diff(x[0, 0]), ag.AxisError, r"\[diff\] axis -1 is out of bounds"),
    (lambda x: ag.diff(x, prepend=x[0]), ag.ShapeError, r"\[diff\] x has shape \(2, 3\), prepend has shape"),
    (lambda x: ag.diff(x, append=x.T), ag.ShapeError, r"append has shape \(3, 2\): all axes but 1 must be"),
    (lambda x: ag.diff(x, prepend="a"), ag.DtypeError, r"\[diff\] prepend is of type str: expected an array"),
    (lambda x: ag.pad(x, -1), ag.ArgumentError, r"\[pad\] pad_width is -1: expected numbers from 0"),
    (lambda x: ag.pad(x, ((1, 1), (0, -2)), "wrap"), ag.ArgumentError, r"\[pad\] pad_width is \(\(1, 1\)"),
    (lambda x: ag.pad(x, 0.5), ag.DtypeError, r"\[pad\] pad_width is 0.5: expected integers"),
    (lambda x: ag.pad(x, (1, 2, 3)), ag.ShapeError, r"\[pad\] pad_width is \(1, 2, 3\), x has 2 axes"),
    (
        lambda x: ag.pad(x, ((1, 2),) * 3),
        ag.ShapeError,
        r"expected a number, a pair, or a pair for each axis",
    ),
    (lambda x: ag.pad(x, 1, "mean"), ag.ArgumentError, r"\[pad\] mode is 'mean': expected one of constant"),
    (lambda x: ag.pad(x[:, :0], 1, "edge"), ag.ShapeError, r"\[pad\] x has shape \(2, 0\), mode is 'edge'"),
    (lambda x: ag.pad(x, 1, constant_values=1j), ag.DtypeError, r"1j"),
    (lambda x: ag.pad(x, 1, constant_values=x), ag.ShapeError, r"constant_values has shape \(2, 3\)"),
    (
        lambda x: ag.pad(x.astype(ag.int64), 1, constant_values=x[0, 0].requires_grad_()),
        ag.DtypeError,
        r"\[pad\] x has dtype int64, constant_values requires a gradient",
    ),
    (
        lambda x: ag.nan_to_num(x, nan="0"),
        ag.DtypeError,
        r"\[nan_to_num\] nan is '0': expected a real number",
    ),
    (lambda x: ag.nan_to_num(x, posinf=x), ag.DtypeError, r"\[nan_to_num\] posinf is"),
    (
        lambda x: ag.nan_to_num(x.astype(ag.complex128), nan=inf),
        ag.ArgumentError,
        r"\[nan_to_num\] nan is inf, x has dtype complex128",
    ),
]


@pytest.mark.parametrize("call, kind, says", BAD)
def test_bad_input(call: Callable[[Any], Any], kind: type, says: str, make: Callable[..., Any]) -> None:
    with pytest.raises(kind, match=says):
        call(make(X))


@pytest.mark.targets("strict")
@pytest.mark.parametrize(
    "call",
    [
        lambda x, y: ag.repeat(x, y.astype(ag.int64)),
        lambda x, y: ag.diff(x, prepend=y),
        lambda x, y: ag.diff(x, append=y[0]),
        lambda x, y: ag.pad(x, 1, constant_values=y[0]),
        lambda x, y: ag.meshgrid(x, y),
    ],
)
def test_devices_are_not_mixed(call: Callable[..., Any], make: Callable[..., Any]) -> None:
    with pytest.raises(ag.DeviceError, match=r"is on array_api_strict:device1, .* is on cpu: move one with"):
        call(make(np.ones(3)), ag.ones(3))
