"""NumPy's promotion on every backend: values, dtypes and gradients for mixed dtypes and Python scalars."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import ArgumentError, DtypeError
from anygrad.functions import FUNCTIONS
from anygrad.op import REGISTRY
from tests.targets import Target

DTYPES = ("bool", "int8", "int64", "uint8", "float32", "float64", "complex64", "complex128")
SCALARS = (2, 0, -1, 2.5, True, 1 + 2j)
ORDER = ("less", "less_equal", "greater", "greater_equal", "maximum", "minimum", "clip", "argmax", "argmin")
"""NumPy orders complex numbers by their parts; the standard, and every other library, refuses."""
ROWS = [row for row in REGISTRY.values() if row.public and row.broadcasts and row.key == row.name]
BINARY = [row.name for row in ROWS if len(row.inputs) == 2]
UNARY = [row.name for row in ROWS if len(row.inputs) == 1]


def _host(dtype: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype[0] in "iu":
        return rng.integers(0, 5, shape).astype(dtype)
    parts = rng.integers(1, 9, shape) / 8, rng.integers(-8, 9, shape) / 8
    return (parts[0] + 1j * parts[1] if dtype[0] == "c" else parts[0]).astype(dtype)


def _computed(function: Any, arguments: tuple[Any, ...], device: str) -> list[np.ndarray]:
    """Return the value, and the gradient of each floating argument."""
    inputs = [
        ag.tensor(a, device=device, requires_grad=a.dtype.kind in "fc") if isinstance(a, np.ndarray) else a
        for a in arguments
    ]
    with np.errstate(all="ignore"):
        out = function(*inputs)
        found = [out.detach().numpy()]
        if out.requires_grad:
            out.backward(ag.ones(out.shape, dtype=out.dtype, device=device))
            found += [t.grad.numpy() for t in inputs if getattr(t, "grad", None) is not None]
    return found


def _agree(name: str, function: Any, arguments: tuple[Any, ...], target: Target) -> bool:
    """Compare with NumPy; False where NumPy itself, or the device's dtypes, leave nothing to compare."""
    try:
        want = _computed(function, arguments, "cpu")
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return False
    if any(w.dtype not in target.backend.natives for w in want):
        return False
    complex_ = any(
        isinstance(a, complex) or getattr(a, "dtype", np.dtype(int)).kind == "c" for a in arguments
    )
    if complex_ and name in ORDER:
        return False
    label = f"{name}({', '.join(str(getattr(a, 'dtype', repr(a))) for a in arguments)})"
    for w, f in zip(want, _computed(function, arguments, target.device), strict=True):
        assert (w.dtype, w.shape) == (f.dtype, f.shape), label
        if name == "divide" and w.dtype.kind == "c" and target.device.startswith("cuda"):
            # A complex number divided by zero is NaN in C++, and has infinite parts in NumPy.
            w, f = (np.where(np.isfinite(a), a, np.nan) for a in (w, f))
        tolerance = 1e-4 if w.dtype.itemsize < 8 or w.dtype == np.complex64 else 1e-9
        tolerance = 1e-3 if w.dtype == np.float16 else tolerance  # Some compute in single precision.
        assert np.allclose(w, f, rtol=tolerance, atol=tolerance, equal_nan=True), f"{label}: {f} for {w}"
    return True


def _kinds(target: Target) -> tuple[str, ...]:
    # JAX compiles for each.
    return ("bool", "int64", "float32", "complex128") if target.device.startswith("jax") else DTYPES


@pytest.mark.thorough
@pytest.mark.parametrize("name", BINARY)
def test_two_operands(name: str, target: Target) -> None:
    function, compared = FUNCTIONS[name], 0
    shapes = ((2, 3), (3, 2)) if REGISTRY[name].batched else ((2, 3), (3,))
    for s, t in itertools.product(_kinds(target), repeat=2):
        compared += _agree(name, function, (_host(s, shapes[0], 1), _host(t, shapes[1], 2)), target)
    for s, scalar in itertools.product(_kinds(target), SCALARS):
        # A scalar zero divides to NaN or inf, by rules of each library; a negative shift has none.
        if REGISTRY[name].batched or (scalar == 0 and name == "divide") or (name == "pow" and s == "bool"):
            continue
        if "shift" in name and scalar.__class__ is int and scalar < 0:
            continue
        x = _host(s, (2, 3), 3)
        compared += _agree(name, function, (x, scalar), target)
        if name not in ("divide", "floor_divide", "remainder") or x.all():
            compared += _agree(name, function, (scalar, x), target)
    assert compared


@pytest.mark.parametrize("name", UNARY)
def test_one_operand(name: str, target: Target) -> None:
    compared = 0
    for s in _kinds(target):
        x = _host(s, (2, 3), 1)
        if name == "round" and s == "bool":
            continue
        compared += _agree(
            name, FUNCTIONS[name], (x + x.dtype.type(1) if name == "reciprocal" else x,), target
        )
    assert compared


@pytest.mark.parametrize(
    "name", ["sum", "prod", "mean", "max", "min", "var", "std", "all", "any", "count_nonzero", "argmax"]
)
def test_reductions(name: str, target: Target) -> None:
    function, compared = FUNCTIONS[name], 0
    for s in _kinds(target):
        for keywords in ({}, {"axis": 1, "keepdims": True}, {"axis": (0, 1)}, {"axis": ()}):
            if name != "argmax" or not isinstance(keywords.get("axis"), tuple):
                compared += _agree(
                    name, lambda x, k=keywords: function(x, **k), (_host(s, (2, 3), 1),), target
                )
    assert compared


def test_choices_and_joins(target: Target) -> None:
    compared = 0
    condition = _host("bool", (2, 3), 0)
    for s, t in itertools.product(_kinds(target), repeat=2):
        x, y = _host(s, (2, 3), 1), _host(t, (2, 3), 2)
        compared += _agree("where", ag.where, (condition, x, y), target)
        compared += _agree("where", ag.where, (x, x, y), target)
        compared += _agree("clip", ag.clip, (x, y), target)
        compared += _agree("concat", lambda a, b: ag.concat([a, b]), (x, y), target)
        compared += _agree("stack", lambda a, b: ag.stack([a, b], axis=1), (x, y), target)
        if s[0] != "c" or t[0] in "cb":
            compared += _agree("astype", lambda a, t=t: ag.astype(a, t), (x,), target)
    compared += _agree("where", lambda c: ag.where(c, 1.0, 2), (condition,), target)
    compared += _agree("where", lambda a: ag.where(True, a, 2), (_host("float32", (2,), 0),), target)
    assert compared > 100 or len(_kinds(target)) < 8


def test_integers_divided_by_zero(target: Target) -> None:
    x, y = np.asarray([7, -7, 0]), np.asarray([0, 2, 0])
    for name in ("floor_divide", "remainder"):
        assert _agree(name, FUNCTIONS[name], (x, y), target)
        assert _agree(name, FUNCTIONS[name], (x, 0), target)


def test_default_dtype_lifts_integers(target: Target) -> None:
    ag.set_default_dtype("float32")
    try:
        x = ag.arange(3, device=target.device)
        assert (x * 2.5).dtype == (2.5 * x).dtype == ag.float32
        assert (x * 1j).dtype == ag.complex64
        assert (ag.ones(2, dtype="float64", device=target.device) * 2.5).dtype == ag.float64
        assert ag.signbit(x - 1).tolist() == [True, False, False]
    finally:
        ag.set_default_dtype("float64")


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "bool"])
def test_reductions_of_integers_give_the_default_dtype(dtype: str, device: str) -> None:
    x = ag.asarray(np.array([1, 0, 1], dtype), device=device)
    assert {f(x).dtype for f in (ag.mean, ag.std, ag.var)} == {x.xp.within(ag.float64)}
    ag.set_default_dtype("float32")
    try:
        assert {f(x).dtype for f in (ag.mean, ag.std, ag.var)} == {ag.float32}
    finally:
        ag.set_default_dtype("float64")


REFUSING = ("add", "multiply", "floor_divide", "pow", "bitwise_and", "bitwise_left_shift", "maximum", "where")


@pytest.mark.parametrize("scalar", [300, -2, 2**70])
def test_a_python_integer_that_does_not_fit_is_an_error(scalar: int, device: str) -> None:
    x = ag.asarray(np.array([1, 200], np.uint8), device=device)
    choose = (x == x,)
    for name in REFUSING:
        with pytest.raises(OverflowError, match=rf"^\[{name}\] .*: Python int.*; use a wider dtype$"):
            FUNCTIONS[name](*(choose if name == "where" else ()), x, scalar)
    with pytest.raises(OverflowError, match=r"^\[clip\] .*: Python int.*; use a wider dtype$"):
        ag.clip(x, *((scalar, None) if scalar > 0 else (None, scalar)))
    with pytest.raises(OverflowError, match=r"^\[full\] .* out of bounds for uint8: use a wider dtype"):
        ag.full(2, scalar, dtype=ag.uint8, device=device)
    before = x.tolist()
    with pytest.raises(OverflowError):
        x *= scalar
    assert x.tolist() == before
    # Where nothing is stored, NumPy takes any.
    for name in ORDER[:4]:
        compare = FUNCTIONS[name]
        assert compare(x, scalar).tolist() == [compare(np.int64(v), scalar).item() for v in before]
        assert compare(scalar, x).tolist() == [compare(scalar, np.int64(v)).item() for v in before]
    assert (x == scalar).tolist() == [False, False] and (x != scalar).tolist() == [True, True]
    assert (x / 300).dtype == (x.astype(ag.float64) + 300).dtype == x.xp.within(ag.float64)


@pytest.mark.parametrize("scalar", [2**70, -(2**70), 2**63])
def test_floats_take_any_python_integer(scalar: int, target: Target) -> None:
    arithmetic = ("add", "subtract", "multiply", "divide", "pow", "equal", "not_equal")
    for dtype, names in (("float64", (*arithmetic, *ORDER[:6])), ("complex128", arithmetic)):
        x = _host(dtype, (3,), 1)
        for name in names:
            assert _agree(name, FUNCTIONS[name], (x, scalar), target)
            assert _agree(name, FUNCTIONS[name], (scalar, x), target)
    x = _host("float64", (3,), 1)
    assert _agree("where", lambda a: ag.where(a > 0.5, a, scalar), (x,), target)
    assert _agree("limits", lambda a: ag.clip(a, None, scalar), (x,), target)
    y = target.make(x)
    y *= scalar
    np.testing.assert_array_equal(y.numpy(), x * scalar)


def test_limits_beyond_a_dtype_limit_nothing(target: Target) -> None:
    x = np.array([1, 200], np.uint8)
    for low, high in ((-5, 300), (0, 300), (-(2**70), 2**70), (-5, 100), (None, 300), (150, 300)):
        assert _agree("limits", lambda a, lo=low, hi=high: ag.clip(a, lo, hi), (x,), target)
    assert _agree("limits", lambda a: ag.clip(a, -300, 5), (x.astype(np.int8),), target)


@pytest.mark.targets("numpy", "strict", "torch")
def test_no_integer_has_a_negative_integer_power(device: str) -> None:
    x = ag.asarray([2, 3], device=device)
    for program in (lambda: x**-x, lambda: x**-1, lambda: 2**-x, lambda: ag.pow(x, -1)):
        with pytest.raises(ArgumentError, match=r"^\[pow\] .*: Integers to negative integer powers"):
            program()
    assert (x**x).tolist() == [4, 27] and (x**-1.0).tolist() == pytest.approx([1 / 2, 1 / 3])
    assert (x.astype(ag.float64) ** -x).tolist() == pytest.approx([1 / 4, 1 / 27])


REAL = ("hypot", "atan2", "copysign", "nextafter", "logaddexp", "floor_divide", "remainder")


@pytest.mark.parametrize("name", [*REAL, "signbit", "floor", "less", "greater_equal"])
def test_complex_numbers_are_refused_alike(name: str, target: Target) -> None:
    if target.backend.native and name in ORDER:
        pytest.skip("NumPy orders complex numbers")
    z, x = (ag.asarray(np.ones(2, d), device=target.device) for d in ("complex64", "float32"))
    two = (((z, z), "x"), ((x, z), "y"), ((z, x), "x"), ((x, 1j), "y"), ((1j, x), "x"))
    for operands, blamed in two if len(REGISTRY[name].inputs) == 2 else (((z,), "x"),):
        with pytest.raises(DtypeError, match=rf"^\[{name}\] {blamed} .*complex.*: expected real"):
            FUNCTIONS[name](*operands)


def test_the_operand_of_the_wrong_kind_is_named(device: str) -> None:
    n, x, z = (ag.asarray(np.ones(2, d), device=device) for d in ("int64", "float32", "complex64"))
    for name, operands, got in (
        ("bitwise_and", (n, x), "y has dtype float32: expected integer dtypes"),
        ("bitwise_and", (x, n), "x has dtype float32: expected integer dtypes"),
        ("bitwise_or", (n, 1.0), "y is of type float: expected integer dtypes"),
        ("bitwise_or", (1.0, n), "x is of type float: expected integer dtypes"),
        ("floor_divide", (x, z), "y has dtype complex64: expected real dtypes"),
        ("atan2", (n, z), "y has dtype complex64: expected real floating dtypes"),
    ):
        with pytest.raises(DtypeError) as caught:
            FUNCTIONS[name](*operands)
        assert str(caught.value).startswith(f"[{name}] {got}")


@pytest.mark.targets("torch")
def test_arithmetic_that_torch_lacks_is_an_error_of_dtypes(device: str) -> None:
    x = ag.asarray(np.array([1, 2], np.uint64), device=device)
    for name, program in {
        "add": lambda: x + x,
        "subtract": lambda: x - 1,
        "negative": lambda: -x,
        "less": lambda: x < x,
        "max": lambda: x.max(),
        "argmin": lambda: ag.argmin(x),
    }.items():
        with pytest.raises(
            DtypeError, match=rf"^\[{name}\] x has dtype uint64.*: expected .* dtypes; .*UInt"
        ):
            program()
    z = ag.asarray([1j], device=device)
    for program in (lambda: ag.max(z), lambda: ag.argmax(z), lambda: ag.maximum(z, z)):
        with pytest.raises(DtypeError, match=r"complex128: (expected real dtypes|complex numbers have no)"):
            program()
