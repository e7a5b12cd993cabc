"""How SciPy's functions are called, and what comes of them again and again, where it is no gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from anygrad.errors import DeviceError, GraphExitError, UnsupportedError
from tests.consumers.harness import Case, Draw, Held, Plain, Raises

__all__ = ["COMPILED", "CONVERTS", "MIXES", "NOT_THERE", "RANKS", "caller"]

COMPILED = Raises(GraphExitError, "compiled for NumPy's arrays: it converts what it gets")
CONVERTS = Raises(GraphExitError, "written for NumPy's arrays: it converts what it gets")
NOT_THERE = Raises(
    UnsupportedError, "the library has no such special function, and the standard does not write it out"
)
MIXES = Raises(DeviceError, "mixes in arrays of NumPy's, which are on another device")
RANKS = Plain("of ranks alone")

OPTIONS = ("outcome", "strict", "everywhere", "pick", "step", "rtol", "close", "warns", "around")


def caller(module: ModuleType) -> Callable[..., Case]:
    """Return what makes cases of a module's functions; what is no option of a case is their keyword."""

    def of(name: str, *inputs: Draw | Held, **options: Any) -> Case:
        chosen = {key: options.pop(key) for key in OPTIONS if key in options}
        function = getattr(module, name.partition(" ")[0])
        return Case(f"{module.__name__}.{name}", partial(function, **options), *inputs, **chosen)

    return of
