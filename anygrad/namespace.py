"""The namespace of tensors on one device: anygrad's functions, creating there.

``anygrad`` itself is the namespace of the default device. These objects are what a formula receives as
``xp`` under ``create_graph``, and what ``__array_namespace__`` returns for a tensor on another device. They
are made once for each backend, compare by identity and are told apart by ``__name__``.
"""

from __future__ import annotations

import functools
import importlib
import math
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np

from anygrad.backends.algebra import EXTENSIONS
from anygrad.backends.base import DTYPES, Backend
from anygrad.devices import get_backend
from anygrad.dispatch import common_backend, operand
from anygrad.errors import message
from anygrad.functions import FUNCTIONS, functions_of
from anygrad.hints import elsewhere
from anygrad.inspection import Info, isdtype
from anygrad.interchange import from_dlpack as from_dlpack_anywhere
from anygrad.interchange import imported
from anygrad.op import CREATIONS, enter_devices
from anygrad.tensors import Tensor, asarray, tensor

__all__ = ["CONSTANTS", "LIKE", "Namespace"]

CONSTANTS: dict[str, Any] = {"e": math.e, "inf": math.inf, "nan": math.nan, "newaxis": None, "pi": math.pi}
CONSTANTS |= {name: np.dtype(name) for name in DTYPES}
VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")


def zeros_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return zeros of the shape, dtype and device of x."""
    return _filled_like("zeros", x, dtype, device)


def ones_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return ones of the shape, dtype and device of x."""
    return _filled_like("ones", x, dtype, device)


def empty_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return memory as it was found, of the shape, dtype and device of x."""
    return _filled_like("empty", x, dtype, device)


def full_like(x: Tensor, /, fill_value: complex, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return an array filled with a scalar, of the shape, dtype and device of x."""
    return _filled_like("full", x, dtype, device, fill_value)


def _filled_like(name: str, x: Any, dtype: Any, device: Any, *value: Any) -> Tensor:
    x = operand(f"{name}_like", "x", x, common_backend(name, (x,)))
    return FUNCTIONS[name](  # type: ignore[no-any-return]
        x.shape,
        *value,
        dtype=x.dtype if dtype is None else dtype,
        device=x.xp.name if device is None else device,
    )


LIKE = {f.__name__: f for f in (zeros_like, ones_like, empty_like, full_like)}


class Extension(SimpleNamespace):
    """The functions of an extension for one backend, and behind them NumPy's."""

    def __init__(self, name: str, functions: dict[str, Any]) -> None:
        super().__init__(**functions)
        self.__name__ = f"anygrad.{name}"

    def __getattr__(self, name: str) -> Any:
        return elsewhere(name, self.__name__)


class Namespace:
    """anygrad's functions for one backend; what is not device-bound is ``anygrad``'s own."""

    __array_api_version__ = VERSIONS[-1]

    def __init__(self, backend: Backend) -> None:
        self.__name__ = f"anygrad[{backend.name}]"
        self.device = backend.name
        self._backend = backend
        for extension in ("", *(name for name in EXTENSIONS if name != "special")):
            before = f"{extension}.".lstrip(".")
            found = {
                name: self._bound(function) if before + name in CREATIONS else function
                for name, function in functions_of(extension, hidden=True).items()
            }
            vars(self).update({extension: Extension(extension, found)} if extension else found)
        self.asarray = self._bound(asarray)
        self.tensor = self._bound(tensor)
        for name, function in LIKE.items():
            setattr(self, name, function)
        self.isdtype = isdtype
        self.compact = FUNCTIONS["clone"]

    @functools.cached_property
    def special(self) -> SimpleNamespace:
        """The special functions, which are declared when they are first asked for."""
        importlib.import_module("anygrad.special")
        return SimpleNamespace(**functions_of("special", hidden=True))

    def _bound(self, function: Any) -> Any:
        @functools.wraps(function)
        def here(*arguments: Any, device: Any = None, **keywords: Any) -> Any:
            return function(*arguments, device=self.device if device is None else device, **keywords)

        return here

    def from_dlpack(self, x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
        return imported(x, device, copy, self._backend)

    from_dlpack.__doc__ = from_dlpack_anywhere.__doc__

    def __array_namespace_info__(self) -> Info:
        """Return what this namespace says of itself."""
        return Info(self._backend)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{self.__name__} has no {name!r}")
        found = getattr(sys.modules["anygrad"], name)
        return self._bound(found) if getattr(found, "creates", False) else found

    def __repr__(self) -> str:
        return f"<namespace {self.__name__!r}>"

    def __dir__(self) -> list[str]:
        return sorted(set(dir(sys.modules["anygrad"])) | set(vars(self)))

    def public(self, api_version: str | None = None) -> Any:
        """Return the namespace to hand out: the package itself for the default device."""
        if api_version is not None and api_version not in VERSIONS:
            raise ValueError(
                message(
                    "__array_namespace__",
                    f"api_version is {api_version!r}",
                    f"expected one of {', '.join(VERSIONS)}",
                )
            )
        return sys.modules["anygrad"] if get_backend(None) is self._backend else self


def _tensors(backend: Backend) -> Namespace:
    """Make the namespace of a backend on first use."""
    found = vars(backend).get("_tensors")
    if found is None:
        found = vars(backend).setdefault("_tensors", Namespace(backend))
    return found  # type: ignore[no-any-return]


Backend.tensors = property(_tensors)
Backend.several = staticmethod(enter_devices)
