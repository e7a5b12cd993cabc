"""What CuPy's backend does by itself, on a stand-in; on a GPU, ``--device cuda`` runs everything else."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import DeviceUnavailableError
from tests import standin
from tests.test_backends import _paths, _positions, _program


@pytest.fixture(params=[1, 2], ids=["one GPU", "two GPUs"])
def cupy(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A stand-in in CuPy's place, on a machine with one GPU or two."""
    with standin.installed(request.param) as made:
        yield made


def test_the_same_program(cupy: Any) -> None:
    for device in ["cuda", "cuda:1"][: cupy.cuda.runtime.getDeviceCount()]:
        for found, want in zip(_program(device), _program("cpu"), strict=True):
            np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-12)
    x = ag.zeros(2, device="cuda")
    assert x.device == "cuda:0" and type(x.array) is cupy.ndarray and ag.asarray(x.array).device == "cuda:0"
    assert x.cpu().device == "cpu" and ag.tensor([1.0]).cuda().device == "cuda:0"
    count = cupy.cuda.runtime.getDeviceCount()
    assert [d for d in ag.devices() if d.library == "cuda"] == ["cuda:0", "cuda:1"][:count]


def test_formulas_of_users_see_arrays(cupy: Any) -> None:
    """They are never written as a kernel: they may ask what an array is, in ways that no symbol answers."""

    def slope(g: Any, x: Any) -> Any:
        assert isinstance(x, cupy.ndarray)
        return g * (2 * x if hasattr(x, "shape") else 99.0)

    @ag.primitive(elementwise=True, dx=slope)
    def squared(xp: Any, x: Any) -> Any:
        return x * x

    for _ in range(4):
        x = ag.tensor([1.0, 2.0], device="cuda", requires_grad=True)
        ag.sum(ag.exp(squared(x * 2.0)) * 3.0).backward()
        np.testing.assert_allclose(x.grad.cpu().numpy(), 24 * np.array([1, 2]) * np.exp([4.0, 16.0]))


def test_an_update_reads_what_was_there_before_it(cupy: Any) -> None:
    for write in (
        lambda x: x.sub_(x[::-1], alpha=0.5),
        lambda x: x[1:].add_(x[:-1], alpha=2),
        lambda x: x.neg_(),
    ):
        there, here = ag.tensor([1.0, 2.0, 4.0], device="cuda"), ag.tensor([1.0, 2.0, 4.0])
        write(there), write(here)
        assert there.tolist() == here.tolist()


@pytest.mark.parametrize("shape", [(), (5,), (0,), (3, 4), (2, 3, 4)])
def test_extras(cupy: Any, shape: tuple[int, ...]) -> None:
    xp = ag.zeros(1, device="cuda").xp
    rng = np.random.default_rng(0)
    for path in _paths(shape, xp):
        host_path = tuple(
            (n, {k: np.asarray(v) if k == "indices" else v for k, v in kw.items()}) for n, kw in path
        )
        at = _positions(shape, host_path)
        for dtype in ("float64", "float32", "complex128", "int64", "int8"):
            turn = np.asarray(1 + 2j if dtype == "complex128" else 1).astype(dtype)
            host = rng.integers(-9, 9, shape).astype(dtype) * turn
            part = rng.integers(-9, 9, at.shape).astype(dtype) * turn
            x, y = xp.from_numpy(host), xp.from_numpy(part)
            want = host.copy().reshape(-1)
            want[at.reshape(-1)] = part.reshape(-1)
            np.testing.assert_array_equal(
                xp.to_numpy(xp.region_set(x, y, path)), want.reshape(shape), err_msg=str(path)
            )
            want = np.zeros(host.size, dtype)
            np.add.at(want, at.reshape(-1), part.reshape(-1))
            np.testing.assert_array_equal(
                xp.to_numpy(xp.place(y, shape, path)), want.reshape(shape), err_msg=str(path)
            )
            np.testing.assert_array_equal(xp.to_numpy(x), host)


@pytest.mark.parametrize(
    "program",
    [
        lambda at: ag.linspace(1j, 2 - 3j, 5, device=at),
        lambda at: ag.linspace(0, 1j, 4, endpoint=False, dtype="complex64", device=at),
        lambda at: ag.linspace(np.complex128(2 + 1j), 0, 1, device=at),
        lambda at: ag.linspace(0, 7, 3, dtype="int64", device=at),
        lambda at: ag.logical_not(ag.tensor([0j, 1j, 2], device=at)),
        lambda at: ag.logical_and(ag.tensor([0j, 1j], device=at), True),
        lambda at: ag.logical_or(ag.tensor([False, True], device=at), 0j),
        lambda at: ag.logical_xor(ag.tensor([0, 1j], device=at), ag.tensor([1.0, 2.0], device=at)),
        lambda at: ag.clip(ag.tensor([True, False], device=at), ag.tensor([2, -3], dtype="int8", device=at)),
        lambda at: ag.clip(ag.tensor([1, 200], dtype="uint8", device=at), -5, 300),
        lambda at: ag.clip(ag.tensor([1, 200], device=at), 1.5, 2**70),
        lambda at: ag.clip(ag.tensor([-1.0, np.nan, 9.0], device=at), None, 2),
        lambda at: ag.clip(ag.tensor([1.0, 2.0], device=at), ag.tensor([np.nan, 5.0], device=at)),
        lambda at: ag.clip(ag.tensor([1.0, 2.0], device=at)),
        lambda at: ag.clip(2.0, ag.tensor([1.0, 3.0], device=at)),
        lambda at: ag.sign(ag.tensor([-2.0, -0.0, np.nan], device=at)),
        lambda at: ag.sign(ag.tensor([3 + 4j, 0], device=at)),
        lambda at: ag.tensor([1, 200], dtype="uint8", device=at) < 2**70,
        lambda at: 2**70 / ag.tensor([1.0, 4.0], dtype="float32", device=at),
    ],
)
def test_where_cupy_needs_help(cupy: Any, program: Any) -> None:
    found, want = program("cuda"), program("cpu")
    assert found.device == "cuda:0" and found.dtype == want.dtype
    np.testing.assert_allclose(found.numpy(), want.numpy(), rtol=1e-6)


def test_what_clips_nothing_is_another_array(cupy: Any) -> None:
    x = ag.tensor([1.0, 2.0], device="cuda")
    y = ag.clip(x)
    y[0] = 5.0
    assert x.tolist() == [1.0, 2.0] and y.array is not x.array


def test_writes_go_in_place_only_where_nobody_sees(cupy: Any) -> None:
    def address(x: ag.Tensor) -> int:
        return x.array.__array_interface__["data"][0]

    x = ag.zeros(4, device="cuda") + 1.0
    before = address(x)
    x[0] = 5.0
    assert address(x) == before
    for hold in (lambda a: a, lambda a: a[:], lambda a: (a,), lambda a: a.data, lambda a: a.data.mem):
        kept = hold(x.array)
        before = address(x)
        x[1] += 1.0
        assert address(x) != before
        del kept
    assert x.tolist() == [5.0, 6.0, 1.0, 1.0]
    for mem in (cupy.cuda.UnownedMemory(), type("DLPackMemory", (), {})()):
        x.array.data.mem = mem
        del mem
        before = address(x)
        x[2] += 1.0
        assert address(x) != before


def test_exports_are_copied_before_cupy_is_asked(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """CuPy refuses ``copy=True``, but for the host."""
    asked: list[tuple[Any, Any]] = []

    def dlpack(array: Any, **keywords: Any) -> str:
        if keywords["copy"] and keywords["dl_device"] is None:
            raise BufferError("copy=True only supported for copy to CPU.")
        asked.append((array, keywords))
        return "capsule"

    monkeypatch.setattr(cupy.ndarray, "__dlpack__", dlpack, raising=False)
    monkeypatch.setattr(cupy.ndarray, "__dlpack_device__", lambda array: (2, 0), raising=False)
    x = ag.tensor([1.0, 2.0], device="cuda")
    assert x.__dlpack_device__() == (2, 0)
    for keywords in ({}, {"copy": True}, {"dl_device": (2, 0)}, {"stream": 7}):
        assert x.__dlpack__(**keywords) == "capsule"
        array, given = asked.pop()
        assert array is not x.array and array.tolist() == [1.0, 2.0] and not given["copy"]
    x.__dlpack__(copy=False, stream=7)
    assert asked[-1][0] is x.array and asked[-1][1]["stream"] == 7
    x.__dlpack__(dl_device=(1, 0))
    assert asked[-1][1]["copy"] is True and asked[-1][1]["dl_device"] == (1, 0)


def test_arrays_on_the_device_come_by_dlpack(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cupy.ndarray, "__dlpack_device__", lambda array: (2, 0), raising=False)
    there = cupy.asarray([1.0, 2.0])
    stranger = SimpleNamespace(__dlpack__=None, __dlpack_device__=lambda: (2, 0))
    monkeypatch.setattr(cupy, "from_dlpack", lambda x, *, copy: there, raising=False)
    assert ag.from_dlpack(stranger).array is there
    assert ag.from_dlpack(stranger, copy=True).array is not there
    assert ag.from_dlpack(there).device == "cuda:0" and ag.from_dlpack(there).array is there


def test_counts_that_tell_nothing_are_not_trusted(cupy: Any) -> None:
    module = importlib.import_module("anygrad.backends.cupy")
    assert module.calibrate(lambda: cupy.empty(1)) is not None
    blind = SimpleNamespace(data=SimpleNamespace(mem=object()))
    assert (
        module.calibrate(lambda: type("Blind", (), {"data": blind.data, "__getitem__": lambda s, k: 0})())
        is None
    )


@pytest.mark.parametrize(
    ("driver", "count", "says"),
    [
        (0, 0, "the NVIDIA driver is not installed"),
        (13000, 0, "the driver sees no GPU"),
        (11040, "cudaErrorInsufficientDriver", r"serves CUDA 11\.4.*cudaErrorInsufficientDriver.*cuda12"),
        (13000, "cudaErrorNoDevice", "the driver sees no GPU"),
        (13000, 1, r"cuda:5.*1 CUDA device"),
    ],
)
def test_what_is_missing(cupy: Any, driver: int, count: Any, says: str) -> None:
    def counted() -> int:
        if isinstance(count, str):
            raise cupy.cuda.runtime.CUDARuntimeError(count)
        return int(count)

    cupy.cuda.runtime.driverGetVersion, cupy.cuda.runtime.getDeviceCount = lambda: driver, counted
    with pytest.raises(DeviceUnavailableError, match=says):
        ag.zeros(1, device="cuda:5")
    assert count == 1 or not any(d.library == "cuda" for d in ag.devices())
