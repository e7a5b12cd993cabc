"""What SciPy's solvers are handed: functions of the host's numbers that call functions of tensors.

A solver works on the host; the function that it asks is called with tensors on the device of the arguments,
outside of the graph. What it found is put back into the graph by the equation that it solves (``implied``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad import trees
from anygrad.errors import ArgumentError, GradientDtypeError, message
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
    """A function of tensors and the arguments after the first, where they are; ``x0`` says of what dtype.

    ``jac`` is a function of the same arguments, or true where the function returns a pair, the value and its
    derivative. ``plain``: what it returned last held no tensor, so that no gradient comes from it.
    """

    def __init__(self, op: str, function: Function, x0: Any, args: Any, jac: Any = None) -> None:
        self.op, self.function, self.args, self.jac = op, function, as_args(args), jac
        self.plain = False
        self.backend = backend_for(op, function, x0, *self.args)
        dtype = x0.dtype if isinstance(x0, Tensor) else np.asarray(x0).dtype
        self.dtype = self.backend.within(dtype if dtype.kind in "fc" else np.dtype("float64"))

    def point(self, x: Any) -> Tensor:
        """Return the host's numbers as a tensor, without a graph."""
        return asarray(np.array(x), device=self.backend.name, dtype=self.dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the function's value at a tensor; of a list of tensors, their stack."""
        return self.value(self.both(x)[0] if self.jac is True else self.function(x, *self.args), x)

    def both(self, x: Tensor) -> Any:
        """Return the pair that a function returns beside which ``jac`` is true."""
        found = self.function(x, *self.args)
        if not isinstance(found, list | tuple) or len(found) != 2:
            got = f"jac is True, and the function returned {type(found).__name__}"
            raise ArgumentError(message(self.op, got, "expected a pair, of the value and its derivative"))
        return found

    def value(self, found: Any, x: Tensor) -> Tensor:
        """Return what was found at x as one tensor; numbers raise where a derivative by x is taken."""
        self.plain = not any(isinstance(part, Tensor) for part in trees.flatten(found)[0])
        if self.plain and x.requires_grad:
            got = f"the function returned {type(found).__name__}, and its derivative is taken"
            advice = "expected tensors", "numbers and arrays of NumPy have left the graph"
            raise GradientDtypeError(message(self.op, got, *advice))
        return self.tensor(found)

    def pair(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the value and the derivative that the function itself returns."""
        value, slope = self.both(x)
        return self.value(value, x), self.tensor(slope)

    def slope(self, own: Function) -> Any:
        """Return the derivative as SciPy takes it: what was given as ``jac``, else the function ``own``.

        True stands for a function that is to return pairs.
        """
        if self.jac is True or (isinstance(self.jac, str) and self.jac in ("2-point", "3-point")):
            return self.jac
        if callable(self.jac):
            return self.on_host(lambda x: self.tensor(self.jac(x, *self.args)))
        return self.on_host(own)

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
                found = asked(self.point(x))
                return tuple(map(host, found)) if isinstance(found, tuple) else host(found)
            finally:
                GRAD_MODE.reset(token)

        return called
