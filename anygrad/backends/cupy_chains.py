"""Chains of elementwise formulas on CuPy: a kernel for each formula, and one for chains that come again.

A kernel is compiled for the formulas, the dtypes and what else was saved, and kept; CuPy keeps the binary
on disk too. Compiling takes tenths of a second, so a chain that is seen for the first time goes through the
kernels of its single formulas, of which there is no endless number.
"""

from __future__ import annotations

from typing import Any, ClassVar

import cupy

from anygrad.backends.cupy_launches import Kernel
from anygrad.backends.fusing import traced
from anygrad.backends.numpy_chains import traceable

__all__ = ["Chains"]

LONGEST = 12
"""Formulas in one kernel, so that a program with long chains compiles few texts, each of them short."""
KEPT = 4096

SEEN, PLAIN = "seen once", "not to be written as a kernel"


class Chains:
    """The part of CuPy's backend that runs several elementwise formulas at once."""

    chains_from: ClassVar[int | None] = 0
    kernels: ClassVar[dict[Any, Any]] = {}

    def follows(self, g: Any, saved: tuple[Any, ...]) -> bool:
        """Tell whether a formula can be run on a gradient: always, a kernel reads any array."""
        return True

    def adds_into(self, buffer: Any) -> bool:
        """Tell whether ``chained`` can add into a buffer: always."""
        return True

    def chained(self, g: Any, steps: list[Any], buffer: Any = None) -> Any:
        """Take a gradient through elementwise formulas, and add it into a buffer where there is one.

        The result is a new array: formulas that pass ``g`` on are left out by the tape, and none returns what
        it has saved.
        """
        for start in range(0, len(steps), LONGEST):
            g = self._through(g, steps[start : start + LONGEST])
        if buffer is None:
            return g
        buffer += g
        return buffer

    def _through(self, g: Any, steps: list[Any]) -> Any:
        key: list[Any] = [g.dtype]
        given = [g]
        for formula, saved in steps:
            key.append(formula)
            for x in saved:
                if x.__class__ is cupy.ndarray:
                    key.append(x.dtype)
                elif x.__class__ is float or x.__class__ is complex:
                    key.append(x.__class__)
                else:
                    key.append((x.__class__, x))
                    continue
                given.append(x)
        kernel: Any = self.kernels.get(tuple(key))
        if kernel is None:
            kernel = self.kernels[tuple(key)] = SEEN if len(steps) > 1 else self._written(g, steps)
        elif kernel is SEEN:
            kernel = self.kernels[tuple(key)] = self._written(g, steps)
        if kernel is SEEN or (kernel is PLAIN and len(steps) > 1):
            for step in steps:
                g = self._through(g, [step])
            return g
        if kernel is PLAIN:
            formula, saved = steps[0]
            return formula(self, g, saved)
        return kernel(*given)

    def _written(self, g: Any, steps: list[Any]) -> Any:
        if len(self.kernels) > KEPT:
            self.kernels.clear()
        if not all(traceable(formula) for formula, _ in steps):
            return PLAIN
        try:
            return Kernel(traced(g, steps), "anygrad_backward")
        except (AttributeError, TypeError):
            return PLAIN
