"""Random numbers: what an array library's generator gives; drawn on the host where it has none.

A source belongs to one backend. ``random_draw`` gives standard variates, of which ``anygrad.random`` makes
all others. A state is made of numbers, text and arrays, and does not change with the source.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["HostRandom", "RandomExtras", "small"]


def small(seed: int, bits: int) -> int:
    """Return a seed that a library takes: the seed itself where it has so many bits."""
    if seed < 1 << bits:
        return seed
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]) >> (64 - bits)


def drawn(
    source: np.random.Generator, kind: str, shape: Any, dtype: np.dtype, *parameters: Any
) -> np.ndarray:
    """Draw on the host: float32 and float64, and integers in int64."""
    single: Any = dtype
    given: Any = parameters
    if kind == "uniform":
        out = source.random(shape, single)
    elif kind == "normal":
        out = source.standard_normal(shape, single)
    elif kind == "exponential":
        out = source.standard_exponential(shape, single)
    elif kind == "gamma":
        out = source.standard_gamma(parameters[0], shape, single)
    elif kind == "integers":
        out = source.integers(given[0], given[1], shape)
    else:
        assert kind == "permutation", kind
        out = source.permutation(*parameters)
    return np.asarray(out)


class RandomExtras:
    """Random numbers by NumPy's generator, carried to the device."""

    from_numpy: Any
    to_numpy: Any

    def random_source(self, seed: int) -> Any:
        """Return a new source."""
        return np.random.default_rng(seed)

    def random_state(self, source: Any) -> Any:
        """Return the state of a source."""
        return source.bit_generator.state

    def random_restore(self, source: Any, state: Any) -> None:
        """Set the state of a source; raises ``ValueError``, ``TypeError`` or ``KeyError`` for no state."""
        source.bit_generator.state = state

    def random_draw(self, source: Any, kind: str, shape: Any, dtype: np.dtype, *parameters: Any) -> Any:
        """Draw ``uniform``, ``normal``, ``exponential``, ``gamma``, ``integers`` or a ``permutation``.

        ``dtype`` is float32 or float64, or that of integers. ``gamma`` takes the array of its parameter,
        ``integers`` the least and the first that is too large, ``permutation`` how many there are.
        """
        parameters = tuple(self.to_numpy(p) if hasattr(p, "dtype") else p for p in parameters)
        out = drawn(source, kind, shape, dtype, *parameters)
        return self.from_numpy(out.astype(dtype, copy=False))


class HostRandom(RandomExtras):
    """The same where the host's arrays are the device's."""

    def random_draw(self, source: Any, kind: str, shape: Any, dtype: np.dtype, *parameters: Any) -> Any:
        return drawn(source, kind, shape, dtype, *parameters).astype(dtype, copy=False)
