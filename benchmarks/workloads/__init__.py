"""The workloads: what is measured, one small file each, and how a file is found and read.

A workload's file says in its docstring what it stands for, and has:

- ``CASES``: the names it is known by, each with the parameters of ``inputs``; ``QUICK`` makes them tiny;
  ``CASES_CUDA``: more of them, too large for a CPU;
- ``inputs(**parameters)``: a dict of NumPy arrays and numbers, the same on every call;
- one function for each peer that can do it, named for the peer, which takes the inputs (an object with an
  attribute for each) and returns ``step``: a function that does the work once and returns a tuple, the loss
  first, of what the others' steps return too. ``by_hand(xp, data)`` serves NumPy and CuPy; the others are
  ``anygrad(data, device)``, ``torch(data, device)``, ``jax(data, jit)``, ``autograd(data)`` and
  ``mygrad(data)``.

It may have ``PER``, the parameter by which a time is divided and the word for one; ``CANNOT``, why a peer has
no function; ``MEASURE``, what is measured in place of time; ``bytes_needed(**parameters)``; ``CHECK_TINY``,
where the result is checked on a tiny case, because NumPy would take minutes for the whole.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Case", "Unsupported", "cases", "chosen"]

FILES = (
    "rosenbrock",
    "operations",
    "regression",
    "network",
    "elementwise",
    "matmul",
    "log_softmax",
    "fan_out",
    "pieces",
    "fill",
    "hessian",
    "hessian_vector",
    "gaussian_process",
    "gather",
    "memory",
    "checkpointed",
    "start_up",
)
"""The files in the order of the report."""


class Unsupported(Exception):
    """A peer cannot do a workload, for the reason given."""


class Case(NamedTuple):
    """A workload with its parameters, under the name that the report gives it."""

    name: str
    module: ModuleType
    parameters: dict[str, Any]

    @property
    def about(self) -> str:
        """What the workload stands for: the first line of its file."""
        return (self.module.__doc__ or "").partition("\n")[0]

    @property
    def measure(self) -> str:
        """What is measured: ``time``, ``memory`` or ``start-up``."""
        return getattr(self.module, "MEASURE", "time")

    @property
    def per(self) -> tuple[int, str]:
        """How many of what one step does; (1, "") where a step is the unit."""
        parameter, word = getattr(self.module, "PER", ("", ""))
        return (self.parameters[parameter], word) if parameter else (1, "")

    @property
    def check_tiny(self) -> bool:
        """Whether the result is checked on a tiny case: of memory, which the check would take too."""
        return getattr(self.module, "CHECK_TINY", self.measure == "memory")

    @property
    def tiny(self) -> Case:
        """The same with tiny inputs."""
        return self._replace(parameters=self.parameters | self.module.QUICK)

    @property
    def bytes_needed(self) -> int:
        """The memory that a step takes, where that is much."""
        needed = getattr(self.module, "bytes_needed", None)
        return needed(**self.parameters) if needed else 0

    def inputs(self) -> SimpleNamespace:
        """Make the inputs."""
        return SimpleNamespace(**self.module.inputs(**self.parameters))


def cases(quick: bool = False, device: str = "cpu") -> dict[str, Case]:
    """Return every case of a device by its name, tiny ones with ``quick``."""
    found = {}
    for file in FILES:
        module = importlib.import_module(f"{__name__}.{file}")
        more = getattr(module, "CASES_CUDA", {}) if device == "cuda" else {}
        for name, parameters in (module.CASES | more).items():
            case = Case(name, module, parameters)
            found[name] = case.tiny if quick else case
    return found


def chosen(names: Iterable[str], every: dict[str, Case]) -> list[Case]:
    """Return the cases of these names, or of the names that begin so; all where none is named.

    Raises ``LookupError`` for a name that none begins with.
    """
    names = list(names)
    for name in names:
        if not any(case.startswith(name) for case in every):
            raise LookupError(f"no workload is called {name!r}: there are {', '.join(every)}")
    return [case for case in every.values() if not names or any(case.name.startswith(n) for n in names)]


def random(seed: int = 0) -> np.random.Generator:
    """Return the source of a workload's numbers."""
    return np.random.default_rng(seed)
