"""Devices by name: what parses, what can be used, what is missing, defaults, and moving between devices."""

from __future__ import annotations

import importlib
import importlib.metadata
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.base import Backend
from anygrad.backends.strict import StrictBackend
from anygrad.errors import DeviceError, DeviceUnavailableError
from tests.conftest import chosen_backends, opened

STRICT = "array_api_strict:device1"
# The function of this name hides the module.
devices = importlib.import_module("anygrad.devices")


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a test register and open backends that are gone afterwards."""
    monkeypatch.setattr(devices, "_backends", {"cpu": devices.CPU})
    devices._registered.cache_clear()
    devices._library_of.cache_clear()
    yield
    devices._registered.cache_clear()
    devices._library_of.cache_clear()


# ---------------------------------------------------------------- names


def test_names_parse() -> None:
    assert ag.device("cuda").library == "cuda" and ag.device("cuda").index is None
    assert ag.device("cuda:1").index == 1
    assert ag.device("torch:cuda:0").library == "torch"
    assert ag.device("some.library:here").library == "some.library"
    assert ag.device(ag.device("cpu")) == "cpu" and hash(ag.device("cpu")) == hash("cpu")


def test_names_of_one_place_are_equal() -> None:
    assert ag.device("cuda") == "cuda:0" == ag.device("cuda") and ag.device("cuda:1") != ag.device("cuda")
    assert len({ag.device("cuda"), ag.device("cuda:0"), ag.device("cuda:1")}) == 2
    assert ag.device("cpu") != 3 and ag.device("cpu") is not None and "cpu" == ag.device("cpu") != "cuda"
    pytest.importorskip("array_api_strict")
    alias = ag.device("array_api_strict:CPU_DEVICE")
    found = ag.ones(1, device=alias).device
    assert found.name == "array_api_strict"
    assert found == alias and alias == found and found == "array_api_strict:CPU_DEVICE"
    assert hash(found) == hash(alias) == hash("array_api_strict")
    assert found != ag.ones(1, device="array_api_strict:device1").device


def test_namespaces_are_told_apart_by_name() -> None:
    pytest.importorskip("array_api_strict")
    before = ag.get_default_device()
    x = ag.tensor(1.0)
    try:
        ag.set_default_device("array_api_strict")
        y = ag.tensor(1.0)
        names = [t.__array_namespace__().__name__ for t in (x, y)]
        assert names == [f"anygrad[{before}]", "anygrad"]
    finally:
        ag.set_default_device(before)
    assert x.__array_namespace__().__name__ == "anygrad"
    assert y.__array_namespace__().__name__ == "anygrad[array_api_strict]"


@pytest.mark.parametrize(
    "name", ["", ":", "cuda:", "cuda:x", "torch:", "a b", "1", 3, None, "numpy", "cupy:0", "gpu", ".a"]
)
def test_what_is_no_name(name: Any) -> None:
    with pytest.raises(DeviceError, match=r"^\[device\]"):
        ag.device(name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nolibrary", "no array library named 'nolibrary'"),
        ("math", "does not speak the Array API standard"),
        ("cpu:1", "NumPy has one device"),
        ("array_api_strict:device9", "CPU_DEVICE, device1"),
        ("cupy", "write 'cuda'"),
    ],
)
def test_unknown_devices(name: str, says: str) -> None:
    for ask in (lambda: ag.zeros(2, device=name), lambda: ag.tensor(1.0).to(name)):
        with pytest.raises(DeviceError, match=says):
            ask()
    with pytest.raises(DeviceError, match=says):
        ag.set_default_device(name)


def test_devices_lists_what_opens() -> None:
    ag.zeros(1, device=STRICT)
    found = ag.devices()
    assert found[0] == "cpu" and ag.device(STRICT) in found and len(set(found)) == len(found)
    for each in found:
        if each.library == "cpu" or each.library in sys.modules:
            assert (ag.zeros(2, device=each) + 1).sum().item() == 2


def test_a_fault_of_ours_is_no_missing_library(forgetful: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(devices.BUILT_IN, "broken", "anygrad.backends.nowhere:Backend")
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        ag.zeros(1, device="broken")

    class Faulty(StrictBackend):
        def __init__(self, *arguments: Any) -> None:
            {}["a table of ours"]

    monkeypatch.setattr("anygrad.backends.strict.StrictBackend", Faulty)
    with pytest.raises(KeyError, match="a table of ours"):
        ag.zeros(1, device="array_api_strict:device2")


def test_a_library_that_is_not_installed(forgetful: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("cupy", "anygrad.backends.cupy"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "cupy", None)  # type: ignore[arg-type]
    with pytest.raises(DeviceUnavailableError, match=r'CuPy is not installed.*pip install -e "\.\[cuda13\]"'):
        ag.zeros(1, device="cuda")
    with pytest.raises(DeviceUnavailableError, match="CuPy is not installed"):
        ag.tensor([1.0]).cuda()
    assert not any(d.library == "cuda" for d in ag.devices())


# ---------------------------------------------------------------- entry points


def test_entry_points(forgetful: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    info = tmp_path / "elsewhere-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[anygrad.backends]\nelsewhere = elsewhere_backend:Elsewhere\n")
    (tmp_path / "elsewhere_backend.py").write_text(
        "from anygrad.backends.strict import StrictBackend\n"
        "class Elsewhere(StrictBackend):\n"
        "    @classmethod\n"
        "    def open(cls, library, spec):\n"
        "        found = super().open(library, spec or 'device2')\n"
        "        found.name = 'elsewhere'\n"
        "        return found\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    x = ag.tensor([1.0, 2.0], device="elsewhere", requires_grad=True)
    (x * x).sum().backward()
    assert x.device == "elsewhere" and x.grad is not None and x.grad.tolist() == [2.0, 4.0]
    assert type(x.xp).__name__ == "Elsewhere"


def test_ours_come_before_theirs(forgetful: None, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = importlib.metadata.EntryPoint("array_api_strict", "elsewhere:Elsewhere", "anygrad.backends")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [theirs])
    assert devices._registered()["array_api_strict"] == devices.BUILT_IN["array_api_strict"]


def test_a_registered_backend_whose_library_is_missing(
    forgetful: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = importlib.metadata.EntryPoint("elsewhere", "nowhere_backend:Elsewhere", "anygrad.backends")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [theirs])
    with pytest.raises(DeviceUnavailableError, match="nowhere_backend is not installed"):
        ag.zeros(1, device="elsewhere")
    assert all(d.library != "elsewhere" for d in ag.devices())


def test_what_looks_like_an_array_library_is_asked_for_arrays_only() -> None:
    fake = ModuleType("torch")
    kind = type("Thing", (), {"__module__": fake.__name__})
    assert devices.backend_of(kind()) is None
    with pytest.raises(TypeError):
        ag.tensor(1.0) + kind()


# ---------------------------------------------------------------- defaults and mixing


def test_default_device() -> None:
    ag.set_default_device(STRICT)
    try:
        made = [ag.zeros(2), ag.tensor([1.0]), ag.asarray([1, 2]), ag.arange(3), ag.asarray(np.ones(2))]
        assert [t.device for t in made] == [STRICT] * 5
        assert ag.get_default_device() == STRICT
        assert made[0].__array_namespace__() is ag
        assert ag.zeros(2, device="cpu").device == "cpu"
        assert ag.zeros(2, device="cpu").__array_namespace__() is not ag
        assert ag.zeros(2, device="cpu").__array_namespace__().zeros(1).device == "cpu"
    finally:
        ag.set_default_device("cpu")
    with pytest.raises(DeviceError):
        ag.set_default_device("nolibrary")
    assert ag.get_default_device() == "cpu"


def test_mixing_names_both_and_the_way_out() -> None:
    x, y = ag.tensor([1.0, 2.0]), ag.tensor([1.0, 2.0], device=STRICT)
    index = ag.tensor([0, 1], device=STRICT)

    def write() -> None:
        x.clone()[:] = y

    for mix in (
        lambda: x + y,
        lambda: x * index,
        lambda: ag.matmul(x, y),
        lambda: ag.where(x > 1, x, y),
        lambda: ag.clip(x, y),
        lambda: ag.concat([x, y]),
        lambda: x[index],
        lambda: x.clone().add_(y),
        write,
    ):
        with pytest.raises(DeviceError, match=r"cpu.*array_api_strict:device1.*\.to\(") as caught:
            mix()
        assert str(caught.value).startswith("[")
    tracked = ag.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(DeviceError, match="array_api_strict:device1"):
        tracked.backward(y)
    assert tracked.grad is None


# ---------------------------------------------------------------- moving


@pytest.fixture
def places(request: pytest.FixtureRequest) -> list[str]:
    """Return NumPy, a strict device and whatever else this run tests."""
    found = ["cpu", STRICT, "array_api_strict:device2"]
    for name in chosen_backends(request.config):
        try:
            found.append(opened(name).device)
        except pytest.skip.Exception:
            continue
    return list(dict.fromkeys(found))


def _pairs(places: list[str]) -> list[tuple[str, str]]:
    return list(itertools.permutations(places, 2))


def _hosts(*tensors: Any) -> list[np.ndarray]:
    return [t.detach().numpy(copy=True) for t in tensors]


def test_moving_is_differentiable_to_second_order(places: list[str]) -> None:
    start = np.asarray([[0.5, -1.25, 2.0], [1.0, 0.25, -0.5]])
    for a, b in _pairs(places):
        x = ag.tensor(start, device=a, requires_grad=True)
        y = x.to(b)
        assert y.device == ag.zeros(1, device=b).device and y.grad_fn.name == "to_device"
        loss = (y * y * y).sum().to(a) + (x * x).sum()
        (g,) = ag.autograd.grad(loss, x, create_graph=True)
        assert g.device == x.device and g.requires_grad
        np.testing.assert_allclose(g.detach().numpy(), 3 * start**2 + 2 * start)
        (gg,) = ag.autograd.grad((g * g).sum(), x, create_graph=True)
        np.testing.assert_allclose(
            gg.detach().numpy(), 2 * (3 * start**2 + 2 * start) * (6 * start + 2), rtol=1e-12
        )
        loss.backward()
        np.testing.assert_allclose(x.grad.numpy(), 3 * start**2 + 2 * start)


def test_diamonds_that_cross_devices(places: list[str]) -> None:
    start = np.asarray([0.5, -1.25, 2.0])

    def value(x: Any, there: str, home: str) -> Any:
        u = x.to(there)
        v = ag.exp(u) + u
        w = (v * 2).to(home)
        t = (x * x).to(there) * v
        return (w * x).sum() + t.to(home).sum() + (x.to(there) * u).sum().to(home)

    x = ag.tensor(start, requires_grad=True)
    want = ag.autograd.grad(value(x, "cpu", "cpu"), x, create_graph=True)[0]
    (want_second,) = ag.autograd.grad((want * want).sum(), x)
    for a, b in _pairs(places):
        x = ag.tensor(start, device=a, requires_grad=True)
        (got,) = ag.autograd.grad(value(x, b, a), x, create_graph=True)
        (second,) = ag.autograd.grad((got * got).sum(), x)
        for found, right in zip(_hosts(got, second), _hosts(want, want_second), strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-12)
        value(x, b, a).backward()
        np.testing.assert_allclose(x.grad.numpy(), want.detach().numpy(), rtol=1e-12)


def test_a_tour_of_all_devices(places: list[str]) -> None:
    leaves = [ag.tensor([1.5 + i, -0.5], device=p, requires_grad=True) for i, p in enumerate(places)]
    total = leaves[0] * 1.0
    for leaf in leaves[1:]:
        total = total.to(leaf.device) * leaf + leaf
    total.sum().backward(create_graph=True)
    factors = [np.asarray([1.5 + i, -0.5]) for i in range(len(places))]
    for i, leaf in enumerate(leaves):
        assert leaf.grad.device == leaf.device
        before = factors[0]
        for f in factors[1:i]:
            before = before * f + f
        after = np.prod(factors[i + 1 :], axis=0)
        want = after if i == 0 else (before + 1) * after
        np.testing.assert_allclose(leaf.grad.detach().numpy(), want, rtol=1e-12)
    (mixed,) = ag.autograd.grad(leaves[-1].grad.sum(), leaves[0])
    np.testing.assert_allclose(mixed.numpy(), np.prod(factors[1:-1], axis=0), rtol=1e-12)


def test_hooks_and_kept_gradients_at_a_crossing() -> None:
    for create_graph in (False, True):
        x = ag.tensor([1.0, 2.0], requires_grad=True)
        y = x.to(STRICT)
        seen: list[Any] = []
        y.register_hook(seen.append)
        y.retain_grad()
        (y * y).sum().backward(create_graph=create_graph)
        assert seen[0].device == STRICT and y.grad.device == STRICT and x.grad.device == "cpu"
        assert y.grad.tolist() == [2.0, 4.0] and x.grad.tolist() == [2.0, 4.0]
        (only,) = ag.autograd.grad((y * y).sum(), y)
        assert only.device == STRICT and only.tolist() == [2.0, 4.0]


def test_complex_and_masked_graphs_cross(places: list[str]) -> None:
    start = np.asarray([1 + 2j, -0.5 + 1j, 3 - 1j])

    def loss(z: Any, there: str) -> Any:
        moved = z.to(there)
        picked = moved[ag.asarray(np.asarray([0, 2, 2]), device=there)]
        return ag.abs(picked * moved).sum().to(z.device)

    z = ag.tensor(start, requires_grad=True)
    loss(z, "cpu").backward()
    for a, b in _pairs(places):
        other = ag.tensor(start, device=a, requires_grad=True)
        loss(other, b).backward()
        np.testing.assert_allclose(other.grad.numpy(), z.grad.numpy(), rtol=1e-12)


def test_moving_what_needs_no_gradient(places: list[str]) -> None:
    for a, b in _pairs(places):
        x = ag.tensor([1, 2, 3], device=a)
        y = x.to(b)
        assert not y.requires_grad and y.dtype == x.dtype and y.tolist() == [1, 2, 3]
        y[0] = 9
        assert x.tolist() == [1, 2, 3]
        assert x.to(a) is x and x.to(b, ag.float64).dtype == ag.float64
        assert x.cpu().device == "cpu" and x.to_device(b).device == y.device
        with ag.no_grad():
            assert not ag.tensor([1.0], device=a, requires_grad=True).to(b).requires_grad
    with pytest.raises(DeviceError, match="stream"):
        ag.zeros(1).to_device("cpu", stream=1)


def test_dtypes_are_numpys_everywhere(places: list[str]) -> None:
    for place in places:
        for name in ("bool", "int32", "int64", "uint8", "float32", "float64", "complex64", "complex128"):
            x = ag.zeros(2, dtype=name, device=place)
            assert isinstance(x.dtype, np.dtype) and x.dtype == np.dtype(name) == getattr(ag, name)
            assert isinstance((x == x).dtype, np.dtype)


def test_backends_are_made_once() -> None:
    assert devices.get_backend("array_api_strict") is devices.get_backend("array_api_strict:CPU_DEVICE")
    assert devices.get_backend(STRICT) is not devices.get_backend("array_api_strict:device2")
    assert isinstance(devices.get_backend(STRICT), Backend)


def test_a_write_moves_no_array_between_devices() -> None:
    x = ag.zeros(3, device="array_api_strict:device1")
    says = r"^\[setitem\] x is on array_api_strict:device1, the value is on cpu: write ag\.asarray\(value"
    for key in (..., slice(0, 3), x < 1):
        with pytest.raises(DeviceError, match=says):
            x[key] = np.ones(3)
    x[1:] = np.float64(2.0)
    x[:1] = [1.0]
    assert x.tolist() == [1.0, 2.0, 2.0]
