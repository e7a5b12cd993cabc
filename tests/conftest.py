"""Which backends a test runs on, and what is put back after each.

A test that asks for ``target`` (or for ``device``, ``backend`` or ``make``, which come from it) runs once for
every backend of ``--backends``, or on ``--device`` alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.base import Backend
from anygrad.devices import get_backend
from anygrad.errors import AnygradError
from anygrad.graph import GRAD_MODE
from tests.targets import DEVICES, Target

DEFAULT = "numpy,strict"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--backends", default=DEFAULT, help=f"comma-separated, of {', '.join(DEVICES)}")
    parser.addoption("--device", default=None, help="one device for all tests, in place of --backends")


def chosen_backends(config: pytest.Config) -> list[str]:
    """Return the names of the backends that this run is to test."""
    device = config.getoption("--device")
    if device:
        return [next((name for name, d in DEVICES.items() if d == device), device)]
    names = [name.strip() for name in config.getoption("--backends").split(",") if name.strip()]
    unknown = [name for name in names if name not in DEVICES]
    if unknown or not names:
        raise pytest.UsageError(f"--backends {','.join(unknown)}: expected some of {', '.join(DEVICES)}")
    return names


def is_default(config: pytest.Config) -> bool:
    """Tell whether nobody chose backends: a run that is to be short."""
    return not config.getoption("--device") and config.getoption("--backends") == DEFAULT


def opened(name: str) -> Target:
    """Return the target of a name; skip where its library is missing, or fail where that is asked for."""
    if name == "jax":
        enable_x64()
    try:
        return Target(name, get_backend(DEVICES.get(name, name)))
    except (ImportError, AnygradError) as error:
        if os.environ.get("ANYGRAD_REQUIRE_BACKENDS") == "1":
            pytest.fail(f"{name} was asked for and cannot be used: {error}")
        pytest.skip(f"{name} cannot be used: {error}")


def enable_x64() -> None:
    """Give JAX double precision, which finite differences need."""
    try:
        import jax
    except ImportError:
        return
    jax.config.update("jax_enable_x64", True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" in metafunc.fixturenames:
        names = chosen_backends(metafunc.config)
        only = metafunc.definition.get_closest_marker("targets")
        if only is not None:
            names = [name for name in names if name in only.args]
        if metafunc.definition.get_closest_marker("thorough") and is_default(metafunc.config):
            names = names[:1]
        metafunc.parametrize("target", names, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for other backends than the chosen ones: it is not skipped, it was not asked for."""
    chosen = set(chosen_backends(config))
    left = [
        m is not None and not chosen & set(m.args) for m in (i.get_closest_marker("targets") for i in items)
    ]
    config.hook.pytest_deselected(items=[item for item, out in zip(items, left) if out])
    items[:] = [item for item, out in zip(items, left) if not out]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "targets(*names): run on these backends alone, where they are chosen")
    config.addinivalue_line("markers", "thorough: run on NumPy alone, unless backends are chosen")


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Target:
    """A backend under test, and how inputs are made for it."""
    return opened(request.param)


@pytest.fixture
def device(target: Target) -> str:
    """The name of the device under test."""
    return target.device


@pytest.fixture
def backend(target: Target) -> Backend:
    """The backend under test."""
    return target.backend


@pytest.fixture
def make(target: Target) -> Callable[..., Any]:
    """``make(host, grad=False, layout="C")``: a tensor on the device under test."""
    return target.make


@pytest.fixture
def unchained(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let backward run formula by formula, which on some backends small gradients do not."""
    monkeypatch.setattr(type(target.backend), "chains_from", None)


@pytest.fixture(autouse=True)
def sealed() -> Iterator[None]:
    """Start every test with gradients on and the defaults unset; fail the one that leaves them otherwise."""
    token = GRAD_MODE.set(True)
    yield
    left = GRAD_MODE.get(), str(ag.get_default_device()), ag.get_default_dtype()
    GRAD_MODE.reset(token)
    ag.set_default_device("cpu")
    ag.set_default_dtype(np.float64)
    assert left == (True, "cpu", np.float64), f"the test left grad mode, device and dtype at {left}"
