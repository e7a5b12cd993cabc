"""What SciPy's solvers are handed: functions of the host's numbers that call functions of tensors.

A solver works on the host; the function that it asks is called with tensors on the device of the arguments,
outside of the graph. What it found is put back into the graph by the equation that it solves (``implied``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.graph import GRAD_MODE
from anygrad.scipy.implied import backend_for
from anygrad.tensors import Tensor, asarray

__all__ = ["Asked", "as_args", "host"]

Function = Callable[..., Any]


def as_args(args: Any) -> tuple[Any, ...]:
    """Return arguments as SciPy takes them: a tuple, or one that is none."""
    return args if isinstance(args, tuple) else (args,)


def host(x: Any) -> Any:
    """Return numbers on the host, in double precision."""
    found = x.xp.to_numpy(x.array) if isinstance(x, Tensor) else np.asarray(x)
    return found.astype(np.complex128 if found.dtype.kind == "c" else np.float64)


class Asked:
    """A function of tensors and the arguments after the first, where they are; ``x0`` says of what dtype."""

    def __init__(self, op: str, function: Function, x0: Any, args: Any) -> None:
        self.op, self.function, self.args = op, function, as_args(args)
        self.backend = backend_for(op, function, x0, *self.args)
        dtype = x0.dtype if isinstance(x0, Tensor) else np.asarray(x0).dtype
        self.dtype = self.backend.within(dtype if dtype.kind in "fc" else np.dtype("float64"))

    def point(self, x: Any) -> Tensor:
        """Return the host's numbers as a tensor, without a graph."""
        return asarray(np.array(x), device=self.backend.name, dtype=self.dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the function's value at a tensor; of a list of tensors, their stack."""
        return self.tensor(self.function(x, *self.args))

    def tensor(self, found: Any) -> Tensor:
        """Return what a function returned as one tensor."""
        if isinstance(found, list | tuple):
            parts = [asarray(part, device=self.backend.name) for part in found]
            return self.backend.tensors.stack(parts)
        return found if isinstance(found, Tensor) else asarray(found, device=self.backend.name)

    def on_host(self, function: Function | None = None) -> Function:
        """Return the function, or another of a tensor, as SciPy calls it."""
        asked = self if function is None else function

        def called(x: Any, *_: Any) -> Any:
            token = GRAD_MODE.set(False)
            try:
                return host(asked(self.point(x)))
            finally:
                GRAD_MODE.reset(token)

        return called
