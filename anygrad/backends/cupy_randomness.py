"""Random numbers drawn on CUDA devices by CuPy's generators; nothing is read back."""

from __future__ import annotations

from typing import Any

import cupy
import numpy as np

from anygrad.backends.randomness import RandomExtras

__all__ = ["CupyRandom"]


class CupyRandom(RandomExtras):
    """Random numbers by ``cupy.random.Generator`` over cuRAND's XORWOW."""

    device: Any

    def random_source(self, seed: int) -> Any:
        """Return a generator and the array that its bits come from, the one that CuPy keeps there."""
        with self.device:
            bits = cupy.random.XORWOW(seed)
            (state,) = (x for x in vars(bits).values() if x.__class__ is cupy.ndarray)
            return cupy.random.Generator(bits), state

    def random_state(self, source: Any) -> Any:
        with self.device:
            return {"xorwow": source[1].copy()}

    def random_restore(self, source: Any, state: Any) -> None:
        given, held = state["xorwow"], source[1]
        if given.shape != held.shape or given.dtype != held.dtype:
            raise ValueError(f"the state has shape {given.shape}, expected {held.shape}")
        with self.device:
            held[...] = given

    def random_draw(self, source: Any, kind: str, shape: Any, dtype: np.dtype, *parameters: Any) -> Any:
        generator: cupy.random.Generator = source[0]
        with self.device:
            if kind == "uniform":
                return generator.random(shape, dtype)
            if kind == "normal":
                return generator.standard_normal(shape, dtype)
            if kind == "exponential":
                return generator.standard_exponential(shape, dtype)
            if kind == "gamma":
                # The kernel reads double precision and row-major order.
                alpha = cupy.ascontiguousarray(cupy.broadcast_to(parameters[0], shape).astype(np.float64))
                # No draw of it is a number without axes.
                return generator.standard_gamma(alpha.reshape(-1), (alpha.size,), dtype).reshape(shape)
            if kind == "integers":
                return generator.integers(*parameters, size=shape, dtype=dtype)
            assert kind == "permutation", kind
            # Two equal numbers of 53 bits stay in order: they are too rare to be noticed.
            return cupy.argsort(generator.random(parameters[0], np.float64)).astype(dtype, copy=False)
