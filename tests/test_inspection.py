"""What a namespace says of itself and of dtypes, on every backend; and the lists of what fails elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import array_api_strict
import numpy as np
import pytest

import anygrad as ag
from anygrad.tensors import Tensor

Make = Callable[..., Tensor]


# ---------------------------------------------------------------- dtypes


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_finfo(make: Make, dtype: str) -> None:
    expected = np.finfo(dtype)
    for given in (np.dtype(dtype), dtype, getattr(np, dtype), make(np.ones(2, dtype))):
        found = ag.finfo(given)
        for name in ("bits", "eps", "max", "min", "smallest_normal"):
            value = getattr(found, name)
            assert value == getattr(expected, name) and type(value) is (int if name == "bits" else float)
        assert found.dtype == expected.dtype and isinstance(found.dtype, np.dtype)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_iinfo(make: Make, dtype: str) -> None:
    expected = np.iinfo(dtype)
    for given in (np.dtype(dtype), dtype, make(np.ones(2, dtype))):
        found = ag.iinfo(given)
        assert (found.bits, found.max, found.min) == (expected.bits, expected.max, expected.min)
        assert found.dtype == np.dtype(dtype) and {type(found.max), type(found.min)} == {int}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ag.finfo(ag.int8), r"\[finfo\] got int8: expected a floating dtype; use iinfo"),
        (lambda: ag.finfo(ag.asarray(True)), r"\[finfo\] got bool: "),
        (lambda: ag.iinfo(ag.float32), r"\[iinfo\] got float32: expected an integer dtype; use finfo"),
        (lambda: ag.iinfo("nothing"), r"\[iinfo\] got 'nothing': expected a dtype"),
        (lambda: ag.can_cast(1.0, ag.int8), r"\[can_cast\] got 1.0: expected a dtype"),
        (lambda: ag.can_cast(ag.int8, "nothing"), r"\[can_cast\] got 'nothing': expected a dtype"),
        (lambda: ag.result_type([1], ag.int8), r"\[result_type\] got \[1\]: expected a dtype"),
        (lambda: ag.isdtype("nothing", "bool"), r"\[isdtype\] got 'nothing': expected a dtype"),
        (lambda: ag.isdtype(ag.int8, "nothing"), r"\[isdtype\] kind is 'nothing'"),
    ],
)
def test_what_is_no_dtype(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ag.DtypeError, match=says):
        call()


def test_can_cast(make: Make) -> None:
    for given in (ag.int16, make(np.ones(2, "int16"))):
        assert ag.can_cast(given, ag.int32) and ag.can_cast(given, ag.float32)
        assert not ag.can_cast(given, ag.uint32) and not ag.can_cast(given, ag.int8)
    assert ag.can_cast(np.ones(2, "float32"), ag.float64)
    assert type(ag.can_cast(ag.int8, ag.int8)) is bool


def test_result_type_is_that_of_the_operation(make: Make) -> None:
    names = ("bool", "int8", "uint8", "int32", "uint64", "float32", "float64", "complex64")
    for a in names:
        for b in names:
            if (a, b) != ("bool", "bool"):
                x, y = make(np.ones(2, a)), make(np.ones(3, b)[:2])
                assert ag.result_type(x, y) == ag.result_type(x, np.dtype(b)) == (x * y).dtype, (a, b)
        for scalar in (True, 2, 2.0, 2j):
            if (a, type(scalar)) != ("bool", bool):
                x = make(np.ones(2, a))
                assert ag.result_type(scalar, x) == (x * scalar).dtype == ag.result_type(x.dtype, scalar)


def test_result_type_of_scalars_and_defaults() -> None:
    assert ag.result_type(1) == np.int64 and ag.result_type(True) == np.bool_
    assert ag.result_type(1, 2.0) == np.float64 and ag.result_type(1, 2j) == np.complex128
    assert ag.result_type(np.float32(1), 1.0) == np.float32
    ag.set_default_dtype("float32")
    assert ag.result_type(ag.int64, 1.0) == np.float32 and ag.result_type(ag.int8, 1j) == np.complex64
    ag.set_default_dtype("float64")
    with pytest.raises(ag.ArgumentError, match=r"\[result_type\] got nothing"):
        ag.result_type()
    with pytest.raises(ag.DeviceError, match=r"\[result_type\] x is on cpu, y is on array_api_strict"):
        ag.result_type(ag.ones(1), ag.ones(1, device="array_api_strict"))


def test_dtypes_of_other_libraries() -> None:
    assert ag.isdtype(array_api_strict.float32, "real floating")
    assert ag.result_type(array_api_strict.int8, ag.int16) == np.int16
    assert ag.finfo(array_api_strict.complex64).bits == 32
    assert ag.iinfo(array_api_strict.asarray([1], dtype=array_api_strict.uint8)).max == 255


def test_astype_moves_too(make: Make) -> None:
    x = make(np.ones(2, "float32"), True)
    y = ag.astype(x, ag.float64, device="cpu")
    assert y.device == "cpu" and y.dtype == np.float64
    y.sum().backward()
    assert x.grad is not None and x.grad.device == x.device and x.grad.dtype == np.float32
    assert ag.astype(x, ag.float32, copy=False, device=x.device) is x
    assert x.astype(ag.float32, device=x.device) is not x


def test_sums_have_the_dtype_that_was_asked_for(make: Make) -> None:
    x = make(np.array([200, 100], "uint8"))
    for function in (ag.sum, ag.prod, ag.cumulative_sum, ag.cumulative_prod):
        for dtype in ("uint8", "int16", "float32", "bool"):
            assert function(x, dtype=np.dtype(dtype)).dtype == np.dtype(dtype)
    assert int(ag.sum(x, dtype=ag.uint8)) == 300 - 256


def test_broadcast_shapes() -> None:
    assert ag.broadcast_shapes() == ()
    assert ag.broadcast_shapes((3, 1), (4,), (1, 1, 1)) == (1, 3, 4)
    assert ag.broadcast_shapes((0, 1), (1, 5)) == (0, 5)
    with pytest.raises(ag.ShapeError, match=r"\[broadcast_shapes\] x has shape \(3,\), y has shape \(4,\)"):
        ag.broadcast_shapes((3,), (4,))


# ---------------------------------------------------------------- the namespace


def test_what_a_namespace_says_of_itself(make: Make) -> None:
    x = make(np.ones(2))
    xp = x.__array_namespace__()
    info = xp.__array_namespace_info__()
    assert info.default_device() == x.device == xp.zeros(2).device
    assert info.default_device() in info.devices() and isinstance(info.devices(), tuple)
    assert info.capabilities() == {
        "boolean indexing": True,
        "data-dependent shapes": True,
        "max dimensions": info.capabilities()["max dimensions"],
    }
    defaults = info.default_dtypes()
    assert defaults == info.default_dtypes(device=x.device)
    assert xp.zeros(1).dtype == defaults["real floating"]
    assert xp.arange(3).dtype == defaults["integral"] and xp.argmax(x).dtype == defaults["indexing"]
    assert (xp.zeros(1) * 1j).dtype == defaults["complex floating"]
    assert xp.__array_api_version__ == ag.__array_api_version__ == "2025.12"
    assert x.device.name in repr(info)


def test_dtypes_can_be_made(make: Make) -> None:
    info, device = make(np.ones(2)).__array_namespace__().__array_namespace_info__(), make(np.ones(2)).device
    assert list(info.dtypes()) == list(ag.__array_namespace_info__().dtypes(device=device))
    for name, dtype in info.dtypes().items():
        assert ag.zeros(1, dtype=dtype, device=device).dtype == np.dtype(name) == getattr(ag, name)
    assert list(info.dtypes(kind="bool")) == ["bool"]
    assert list(info.dtypes(kind=("complex floating", "bool"))) == ["bool", "complex64", "complex128"]
    assert set(info.dtypes(kind="numeric")) == set(info.dtypes()) - {"bool"}
    assert "float16" not in info.dtypes() and ("uint16" in info.dtypes()) == (device != "torch")


def test_defaults_are_followed() -> None:
    ag.set_default_dtype("float32")
    ag.set_default_device("array_api_strict:device1")
    info = ag.__array_namespace_info__()
    found = info.default_dtypes(), info.default_device()
    ag.set_default_device("cpu")
    ag.set_default_dtype("float64")
    assert found[0]["real floating"] == np.float32 and found[0]["complex floating"] == np.complex64
    assert found[1] == "array_api_strict:device1" and info.default_device() == "cpu"
    with pytest.raises(ag.DeviceError):
        info.dtypes(device="nowhere at all")


def test_jax_says_what_it_can_do_now() -> None:
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    try:
        jax.config.update("jax_enable_x64", False)
        info = ag.__array_namespace_info__()
        assert "float64" not in info.dtypes(device="jax")
        assert info.default_dtypes(device="jax")["integral"] == np.int32
        x = ag.ones(2, device="jax")
        assert not ag.can_cast(x, ag.float64) and ag.can_cast(x.dtype, ag.float64)
        assert ag.result_type(x.astype(ag.int32), 1.0) == np.float32
    finally:
        jax.config.update("jax_enable_x64", before)


def test_namespaces_by_version(make: Make) -> None:
    x = make(np.ones(2))
    assert x.__array_namespace__(api_version="2025.12") is x.__array_namespace__()
    with pytest.raises(ValueError, match=r"api_version is '2019.12'"):
        x.__array_namespace__(api_version="2019.12")


# ---------------------------------------------------------------- the lists


@pytest.mark.parametrize("name", ["numpy", "strict", "torch", "jax"])
def test_what_fails_has_a_cause(name: str) -> None:
    lines = (Path(__file__).parent / "conformance" / f"{name}.txt").read_text().splitlines()
    tests = [line for line in lines if line and not line.startswith("#")]
    assert len(tests) == len(set(tests))
    assert all(line.startswith("array_api_tests/test_") for line in tests)
    for before, line in itertools.pairwise(lines):
        assert before or line.startswith("#"), f"{line} stands without a cause"
    if name == "numpy":
        assert len(tests) <= 28, "more than array_api_compat.numpy fails"
