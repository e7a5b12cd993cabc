"""Gradients that wait: an array, and the elementwise formulas that it is still to go through.

Between two nodes of a chain of elementwise operations nobody looks at the gradient. So on backends that ask
for it (``Backend.chains_from``) the tape only notes the formulas, and the backend runs them together when
somebody does look: NumPy block by block, while the block is in the cache, CuPy in one kernel.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Chain"]


class Chain:
    """A gradient as of now: what ``array`` becomes by ``steps``, each a formula and what it saved.

    Has one owner. Holding ``array`` it keeps everybody else from writing into it.
    """

    __slots__ = ("array", "steps")

    def __init__(self, array: Any, *steps: tuple[Any, tuple[Any, ...]]) -> None:
        self.array = array
        self.steps = list(steps)

    def value(self, xp: Any) -> Any:
        """Return the gradient; it belongs to the caller alone where there were steps."""
        if self.steps:
            self.array, self.steps = xp.chained(self.array, self.steps), []
        return self.array

    def add_to(self, buffer: Any, xp: Any) -> Any:
        """Add the gradient into a buffer of its shape and dtype, and return that."""
        if buffer.flags.c_contiguous:
            return xp.chained(self.array, self.steps, buffer)
        buffer += self.value(xp)
        return buffer
