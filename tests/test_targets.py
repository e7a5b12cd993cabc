"""The choice of backends: a missing one skips, or fails where that is asked for; and how inputs are made."""

from __future__ import annotations

import numpy as np
import pytest

from anygrad.devices import get_backend
from tests.conftest import chosen_backends, opened
from tests.targets import LAYOUTS, Target


class Options:
    """Stands in for pytest's configuration."""

    def __init__(self, backends: str = "numpy,strict", device: str | None = None) -> None:
        self.options = {"--backends": backends, "--device": device}

    def getoption(self, name: str) -> str | None:
        return self.options[name]


def test_chosen_backends() -> None:
    assert chosen_backends(Options()) == ["numpy", "strict"]
    assert chosen_backends(Options("torch, jax")) == ["torch", "jax"]
    assert chosen_backends(Options(device="cuda")) == ["cupy"]
    assert chosen_backends(Options(device="cuda:1")) == ["cuda:1"]
    for unknown in ("tensorflow", "", "numpy,mlx"):
        with pytest.raises(pytest.UsageError, match="--backends"):
            chosen_backends(Options(unknown))


def test_missing_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYGRAD_REQUIRE_BACKENDS", "0")
    with pytest.raises(pytest.skip.Exception, match="no_such_library cannot be used"):
        opened("no_such_library")
    monkeypatch.setenv("ANYGRAD_REQUIRE_BACKENDS", "1")
    with pytest.raises(pytest.fail.Exception, match="no_such_library was asked for"):
        opened("no_such_library")


def test_memory_orders() -> None:
    """Each order is what it says, and holds the same values."""
    host = np.arange(6.0).reshape(2, 3)
    for name in ("numpy", "numpy-readonly"):
        target = Target(name, get_backend("cpu"))
        strides = {layout: target.make(host, layout=layout).array.strides for layout in ("C", *LAYOUTS)}
        assert strides == {"C": (24, 8), "F": (8, 16), "reversed": (-24, -8), "step": (48, 16)}
        for layout in ("C", *LAYOUTS):
            made = target.make(host, layout=layout)
            np.testing.assert_array_equal(made.numpy(), host)
            assert made.array.flags.writeable == (name == "numpy")


def test_made_on_every_target(target: Target) -> None:
    for host in (np.arange(6.0).reshape(2, 3), np.asarray(2.5), np.zeros((0, 3)), np.array([1 + 2j])):
        for layout in ("C", *LAYOUTS):
            made = target.make(host, True, layout)
            assert made.is_leaf and made.requires_grad and made.device == target.device
            np.testing.assert_array_equal(made.detach().numpy(), host)
