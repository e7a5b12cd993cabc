"""``random`` on CUDA, on stand-ins for CuPy and its generators: what is asked of them, and states."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import generators
from tests import standin
from tests.test_random import DRAWS


class Bits:
    """Bits of a seed; the state, on the device, counts the draws."""

    def __init__(self, seed: int) -> None:
        import cupy

        self.seed = seed
        self.state_of_threads = cupy.zeros(8, dtype=np.int8)


class Generator:
    """The part of ``cupy.random.Generator`` that is used, with its signatures."""

    def __init__(self, bit_generator: Bits) -> None:
        self.bits = bit_generator

    def host(self) -> np.random.Generator:
        self.bits.state_of_threads[0] += 1
        return np.random.default_rng((self.bits.seed, int(self.bits.state_of_threads[0])))

    def random(self, size: Any = None, dtype: Any = np.float64) -> Any:
        return _there(self.host().random(size, dtype))

    def standard_normal(self, size: Any = None, dtype: Any = np.float64) -> Any:
        return _there(self.host().standard_normal(size, dtype))

    def standard_exponential(self, size: Any = None, dtype: Any = np.float64) -> Any:
        return _there(self.host().standard_exponential(size, dtype))

    def standard_gamma(self, shape: Any, size: Any = None, dtype: Any = np.float64) -> Any:
        assert shape.dtype == np.float64 and shape.flags.c_contiguous and shape.shape == size
        return _there(self.host().standard_gamma(np.asarray(shape), size).astype(dtype))

    def integers(self, low: int, high: Any = None, size: Any = None, dtype: Any = np.int64) -> Any:
        return _there(self.host().integers(low, high, size).astype(dtype))


def _there(host: Any) -> Any:
    import cupy

    return cupy.asarray(host)


@pytest.fixture(params=["cuda:0", "cuda:1"])
def device(request: pytest.FixtureRequest) -> Iterator[str]:
    with standin.installed(2) as cupy:
        cupy.random = SimpleNamespace(XORWOW=Bits, Generator=Generator)
        before = set(generators._of)
        yield request.param
        for xp in set(generators._of) - before:
            del generators._of[xp]


def test_draws_and_states(device: str) -> None:
    ag.random.seed(3)
    state = ag.random.get_state(device)
    assert state["device"] == state["state"]["xorwow"].device == device
    first = [draw(device=device) for draw in DRAWS.values()]
    assert all(x.device == device for x in first)
    again = [draw(device=device) for draw in DRAWS.values()]
    ag.random.set_state(state)
    third = [draw(device=device) for draw in DRAWS.values()]
    for x, y, z in zip(first, again, third, strict=True):
        assert x.tolist() == z.tolist() != y.tolist()
    assert state["state"]["xorwow"].tolist() == [0] * 8, "a state does not change with the generator"
    with pytest.raises(ag.ArgumentError, match="no state of a generator on cuda"):
        ag.random.set_state({"state": {"xorwow": ag.zeros(3, device=device)}}, device)


def test_parameters(device: str) -> None:
    alpha = ag.tensor([2.0, 0.5], dtype=ag.float32, device=device, requires_grad=True)
    x = ag.random.gamma(alpha, shape=(3, 2))
    assert (x.dtype, x.shape) == (np.float32, (3, 2))
    x.sum().backward()
    assert alpha.grad.device == device and np.isfinite(alpha.grad.cpu().numpy()).all()
    loc = ag.zeros(2, device=device, requires_grad=True)
    assert ag.random.normal(loc, 2.0, dtype=ag.float16).dtype == np.float16
    assert sorted(ag.random.permutation(9, device=device).tolist()) == list(range(9))
