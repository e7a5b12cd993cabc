"""Chains of elementwise formulas on CuPy: a kernel for each formula, and one for chains that come again.

A kernel is compiled for the formulas, the dtypes and what else was saved, and kept; CuPy keeps the binary
on disk too. Compiling takes tenths of a second, so a chain that is seen for the first time goes through the
kernels of its single formulas, of which there is no endless number.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any, ClassVar

import cupy

from anygrad.backends.cupy_launches import Kernel
from anygrad.backends.fusing import traced
from anygrad.backends.numpy_chains import Chain, traceable

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

    def chained(self, chains: Sequence[Chain], buffer: Any = None) -> Any:
        """Return the sum of gradients, each taken through formulas; add it into a buffer where there is one.

        The result is a new array, which may be written into.
        """
        ends = []
        for g, steps in chains:
            while len(steps) > LONGEST:
                g, steps = self._through([(g, steps[:LONGEST])]), steps[LONGEST:]
            ends.append((g, steps))
        total = self._through(ends)
        if buffer is None:
            return total
        buffer += total
        return buffer

    def launched(self, formula: Any, x: Any, rest: tuple[Any, ...]) -> Any:
        """Compute one formula of what broadcasts (``rules.fused``) by one kernel."""
        return self._through([(x, [(formula, rest)])])

    def _through(self, chains: Sequence[Chain]) -> Any:
        key: list[Any] = []
        given = []
        for g, steps in chains:
            key.append(g.dtype)
            given.append(g)
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
        known, single = tuple(key), len(chains) == len(chains[0][1]) == 1
        kernel: Any = self.kernels.get(known)
        if kernel is None:
            kernel = self.kernels[known] = self._written(chains) if single else SEEN
        elif kernel is SEEN:
            kernel = self.kernels[known] = self._written(chains)
        if kernel is not SEEN and kernel is not PLAIN:
            return kernel(*given)
        if len(chains) > 1:
            return functools.reduce(operator.iadd, [self._through([chain]) for chain in chains])
        ((g, steps),) = chains
        if single:
            ((formula, saved),) = steps
            out = formula(self, g, saved)
            is_new = out.base is None and all(out is not x for x in (g, *saved))
            return out if is_new else out.copy()
        for step in steps:
            g = self._through([(g, [step])])
        return g

    def _written(self, chains: Sequence[Chain]) -> Any:
        if len(self.kernels) > KEPT:
            self.kernels.clear()
        if not all(traceable(formula) for _, steps in chains for formula, _ in steps):
            return PLAIN
        try:
            return Kernel(traced(chains), "anygrad_backward")
        except (AttributeError, TypeError):
            return PLAIN
