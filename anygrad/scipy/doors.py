"""What the modules of this package share: operands made tensors, and rows whose forward SciPy computes.

A row is named as the function is in SciPy, ``scipy.ndimage.correlate1d``. A formula reaches it, as any other,
through its namespace: ``xp.scipy.ndimage.correlate1d`` is the row's forward on a backend and the row's
function on tensors. The forward asks ``xp.scipy_function("ndimage", "correlate1d")`` for what computes it:
SciPy's on NumPy, CuPy's on CUDA. What can be written in anygrad's own functions is a plain function of
tensors, and runs on every device.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.backends.base import Backend
from anygrad.devices import get_backend
from anygrad.dispatch import common_backend, operand
from anygrad.errors import DtypeError, message
from anygrad.functions import FUNCTIONS, publish
from anygrad.namespace import Namespace
from anygrad.op import REGISTRY, Row
from anygrad.tensors import Tensor, asarray

__all__ = ["OnHost", "beside", "declared", "double", "doubles", "floating", "given", "missing", "reals"]

HOST_ONLY = ("scipy.interpolate", "scipy.ndimage", "scipy.sparse", "scipy.sparse.linalg")
"""The modules of SciPy's that take no tensors."""


def given(op: str, **operands: Any) -> tuple[Any, ...]:
    """Return the namespace of the operands' device, then the operands as tensors there; None stays None.

    Lists are made tensors. Raises ``DeviceError`` where operands lie on several devices.
    """
    present = {name: x for name, x in operands.items() if x is not None}
    backend = common_backend(op, tuple(present.values()))
    tensors = {
        name: asarray(x, device=backend.name)
        if isinstance(x, list | tuple)
        else operand(op, name, x, backend)
        for name, x in present.items()
    }
    return backend.tensors, *(tensors.get(name) for name in operands)


def floating(x: Tensor) -> Tensor:
    """Return x, integers in double precision as far as the device has it."""
    return x if x.dtype.kind in "fc" else double(x)


def double(x: Tensor) -> Tensor:
    """Return x, real or complex, in double precision as far as the device has it."""
    wide = np.dtype(np.complex128 if x.dtype.kind == "c" else np.float64)
    return x.astype(x.xp.within(wide), copy=False)


def beside(x: Tensor, host: np.ndarray) -> Tensor:
    """Return an array of the host's where x is, in its dtype as far as the device has it."""
    return asarray(host.astype(x.xp.within(host.dtype), copy=False), device=x.xp.name)


def reals(op: str, **operands: Any) -> tuple[Any, ...]:
    """Do as ``given`` for real operands, integers ``floating``; raises ``DtypeError`` for complex ones."""
    xp, *tensors = given(op, **operands)
    for name, x in zip(operands, tensors, strict=True):
        if x is not None and x.dtype.kind == "c":
            raise DtypeError(message(op, f"{name} has dtype {x.dtype}", "expected real numbers"))
    return xp, *(None if x is None else floating(x) for x in tensors)


def doubles(op: str, **operands: Any) -> tuple[Any, ...]:
    """Do as ``reals``, each in double precision."""
    xp, *tensors = reals(op, **operands)
    return xp, *(None if x is None else double(x) for x in tensors)


def declared(row: Row) -> Callable[..., Tensor]:
    """Return the function of tensors that a row gives."""
    publish()
    return FUNCTIONS[row.key]


def missing(module: str, name: str) -> AttributeError:
    """Return the error for a function that is not there: what SciPy has of the name, and what is near."""
    text = f"module {'anygrad.' + module!r} has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(text)
    try:
        theirs = hasattr(importlib.import_module(module), name)
    except ImportError:
        theirs = None
    if theirs and module in HOST_ONLY:
        text += f": {module}.{name} computes on arrays of NumPy alone, of x.detach(), without a gradient"
    elif theirs:
        text += (
            f": {module}.{name} itself takes tensors where it is written to the Array API "
            "(with SCIPY_ARRAY_API=1 set before SciPy is imported)"
        )
    elif theirs is False:
        text += ", nor has SciPy"
    import difflib  # which nobody pays for who spells well

    ours = getattr(sys.modules.get("anygrad." + module), "__all__", ())
    near = difflib.get_close_matches(name, ours, cutoff=0.7)
    return AttributeError(text + f"; there is {', '.join(near)}" if near else text)


class OnHost:
    """A module of SciPy's, for arrays of the host; ``UnsupportedError`` where SciPy is not installed."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return get_backend("cpu").scipy_function(self._module, name)


class Rows:
    """The rows below a name, as a namespace: of functions of raw arrays, or of tensors."""

    def __init__(self, name: str, find: Callable[[str], Any]) -> None:
        self._name = name
        self._find = find

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        key = f"{self._name}.{name}"
        inner = any(row.startswith(key + ".") for row in REGISTRY)
        found = Rows(key, self._find) if inner else self._find(key)
        setattr(self, name, found)
        return found


def _on_arrays(xp: Backend) -> Rows:
    """Make ``xp.scipy`` of a backend: the forwards of rows, bound to it."""
    return Rows("scipy", lambda key: functools.partial(REGISTRY[key].forward, xp))


def _on_tensors(xp: Namespace) -> Rows:
    """Make ``xp.scipy`` of a namespace of tensors."""
    return Rows("scipy", FUNCTIONS.__getitem__)


for _owner, _rows in ((Backend, _on_arrays), (Namespace, _on_tensors)):
    _found = functools.cached_property(_rows)
    _found.__set_name__(_owner, "scipy")
    setattr(_owner, "scipy", _found)  # noqa: B010  (neither class declares it)
