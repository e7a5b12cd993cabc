"""A stand-in for CuPy over NumPy, so that what its backend does by itself is tested where there is no GPU.

It has what CuPy has and NumPy has not: memory with a reference count of its own, writes through repeated
indices that land in another order, ufuncs of few dtypes, no ``reshape(copy=)``, reductions to
arrays without axes, and functions that need the arrays' device to be the current one.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import array_api_compat
import array_api_compat.numpy.fft as np_fft
import array_api_compat.numpy.linalg as np_linalg
import numpy as np
import pytest
import scipy.special

import anygrad.backends
from anygrad.backends.algebra import EXTENSIONS
from anygrad.backends.base import STANDARD
from anygrad.backends.special_lookup import LIBRARIES
from anygrad.op import REGISTRY
from tests import host_kernels, host_modules
from tests.standin_cuda import (
    CURRENT,
    POOL,
    Device,
    Memory,
    PinnedPool,
    cuda,
    get_current_stream,
    is_memory_pinned,
)


class Pointer:
    def __init__(self, mem: Any, device_id: int, ptr: int) -> None:
        self.mem, self.device_id, self.ptr = mem, device_id, ptr


class ndarray(np.ndarray):
    """NumPy's array, with a pointer to memory that every view shares."""

    def __new__(cls, shape: Any, dtype: Any = float) -> Any:
        out = np.ndarray.__new__(cls, shape, dtype)
        POOL.take(out)
        return out

    def __array_finalize__(self, parent: Any) -> None:
        self.where = getattr(parent, "where", CURRENT[0])
        self.made_on = get_current_stream(self.where).ptr

    @property
    def data(self) -> Pointer:  # type: ignore[override]
        if "_pointer" not in self.__dict__:
            owner = self.base if isinstance(self.base, ndarray) else None
            mem = Memory(self.ctypes.data, self.nbytes) if owner is None else owner.data.mem
            self._pointer = Pointer(mem, self.where, self.ctypes.data)
        return self._pointer

    @property
    def device(self) -> Any:  # type: ignore[override]
        return Device(self.where)

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: tuple[Any, ...] = (), **keywords: Any
    ) -> Any:
        _elsewhere(ufunc.__name__, (*inputs, *out))
        if out:
            keywords["out"] = tuple(map(_bare, out))
        found = getattr(ufunc, method)(*map(_bare, inputs), **keywords)
        if out:
            return out[0]
        return tuple(map(_array, found)) if isinstance(found, tuple) else _array(found)

    def __getitem__(self, key: Any) -> Any:
        if any(isinstance(part, np.ndarray) for part in (key if isinstance(key, tuple) else (key,))):
            _elsewhere("getitem", (self,))
        out = super().__getitem__(key)
        out = out if isinstance(out, ndarray) else _array(out)
        out.data
        return out

    def astype(self, *arguments: Any, **keywords: Any) -> Any:
        _elsewhere("astype", (self,))
        return super().astype(*arguments, **keywords)

    def __setitem__(self, key: Any, value: Any) -> None:
        _elsewhere("setitem", (self, value))
        parts = key if isinstance(key, tuple) else (key,)
        last = parts[-1] if parts else None
        if isinstance(last, np.ndarray) and last.ndim == 1:
            axis = len(parts) - 1 - self.ndim
            if getattr(value, "ndim", 0) >= -axis and value.shape[axis] == last.shape[0]:
                value = np.flip(value, axis)
            key = (*parts[:-1], np.flip(last))
        super().__setitem__(key, value)

    def reshape(self, *shape: Any) -> Any:  # type: ignore[override]
        return super().reshape(*shape)

    @property
    def shape(self) -> Any:
        return np.ndarray.shape.__get__(self)

    @shape.setter
    def shape(self, new: Any) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's from 2.5 on, not CuPy's
                np.ndarray.shape.__set__(self, new)
        except AttributeError as error:
            raise AttributeError("incompatible shape for a non-contiguous array") from error


def _array(host: Any) -> Any:
    host = np.array(host)
    out = np.ndarray.__new__(ndarray, host.shape, host.dtype)
    np.ndarray.__setitem__(out, ..., host)
    POOL.take(out)
    return out


def _bare(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, ndarray) else x


def _copied(obj: Any, dtype: Any = None, blocking: bool = False, **_: Any) -> Any:
    host = np.asarray(_bare(obj), dtype)
    if not blocking and host.ndim and is_memory_pinned(host.ctypes.data):
        host = np.full_like(host, -1)  # whatever the caller has put there when the device reads it
    return _array(host)


def _to_host(array: Any) -> np.ndarray:
    _elsewhere("asnumpy", (array,))
    return np.array(_bare(array))


def _elsewhere(name: str, arguments: tuple[Any, ...]) -> None:
    elsewhere = {a.where for a in arguments if isinstance(a, ndarray)} - {CURRENT[0]}
    if elsewhere:
        raise RuntimeError(f"{name}: arrays of device {elsewhere}, the current one is {CURRENT[0]}")


AT = {
    "add": "float16 float32 float64 int32 int64 uint32 uint64",
    "maximum": "float32 float64 int32 int64 uint32 uint64",
}
"""The ufuncs that have ``at``, and its dtypes."""


class ufunc:
    """NumPy's, with CuPy's gaps: logic of complex numbers, Python integers beyond 64 bits, most of ``at``."""

    def __init__(self, name: str, numpys: np.ufunc) -> None:
        self.__name__, self.numpys = name, numpys

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        _elsewhere(self.__name__, arguments)
        for a in arguments:
            if a.__class__ is int and not -(2**63) <= a < 2**64:
                raise OverflowError("Python int too large to convert to C long")
            if self.__name__.startswith("logical") and np.result_type(a).kind == "c":
                raise TypeError(f"Wrong type of arguments for cupy_{self.__name__}")
        out = self.numpys(*arguments, **keywords)
        return out if isinstance(out, ndarray) else _array(out)

    def at(self, a: Any, indices: Any, b: Any = None) -> None:
        if a.dtype.name not in AT[self.__name__].split():
            raise TypeError(f"cupy.{self.__name__}.at only supports {AT[self.__name__]}")
        self.numpys.at(a.view(np.ndarray), indices, np.asarray(b, dtype=a.dtype))


def _function(name: str, numpys: Any) -> Any:
    if isinstance(numpys, np.ufunc):
        return ufunc(name, numpys)

    @functools.wraps(numpys)
    def function(*arguments: Any, **keywords: Any) -> Any:
        keywords.pop("device", None)
        _elsewhere(name, arguments)
        out = numpys(*arguments, **keywords)
        if isinstance(out, tuple):
            return getattr(type(out), "_make", tuple)(map(_array, out))
        fresh = isinstance(out, np.ndarray | np.generic) and not isinstance(out, ndarray)
        return _array(out) if fresh else out

    return function


class ElementwiseKernel(host_kernels.ElementwiseKernel):
    """A kernel that runs on the host, and like a GPU's only on arrays of the current device."""

    def __call__(self, *given: Any) -> Any:
        return _function(self.name, super().__call__)(*given)


def _strided(x: Any, shape: Any = None, strides: Any = None) -> Any:
    out = np.lib.stride_tricks.as_strided(x, shape, strides, subok=True)
    out._pointer = x.data
    return out


def _rows(x: Any, dtype: Any = None) -> Any:
    return x if x.flags.c_contiguous and x.dtype == (dtype or x.dtype) else _copied(x, dtype)


def modules(count: int = 1) -> dict[str, ModuleType]:
    """Return what to put into ``sys.modules`` for a machine with some GPUs."""
    cupy, compat = ModuleType("cupy"), ModuleType("array_api_compat.cupy")
    for name in STANDARD:
        numpys = getattr(np, name, None)
        if callable(numpys):
            made = numpys if name == "isdtype" else _function(name, numpys)
            setattr(compat, name, made)
            if name != "vecdot":  # The one of the standard's that CuPy lacks.
                setattr(cupy, name, made)
    linalg = {n: _function(n, getattr(np_linalg, n)) for n in EXTENSIONS["linalg"] if hasattr(np_linalg, n)}
    cupy.linalg = SimpleNamespace(svd=_function("svd", np.linalg.svd))
    compat.linalg = SimpleNamespace(**linalg)
    compat.fft = SimpleNamespace(
        **{n: _function(n, getattr(np_fft, n)) for n in ("fft", "ifft", *EXTENSIONS["fft"])}
    )
    cupy.array = compat.array = cupy.asarray = compat.asarray = _copied
    cupy.asnumpy = _to_host
    pinned = PinnedPool()
    cupy.get_default_memory_pool, cupy.get_default_pinned_memory_pool = lambda: POOL, lambda: pinned
    cupy.ndarray, cupy.ufunc, cupy.ElementwiseKernel = ndarray, ufunc, ElementwiseKernel
    cupy.RawModule, cupy.ascontiguousarray = host_modules.RawModule, _rows
    cupy.cuda = cuda(count)
    cupy.lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=_strided))
    ndarray.__module__ = "cupy"
    triangular = ModuleType("cupyx.scipy.linalg")
    triangular.solve_triangular = _function("solve_triangular", _solve_triangular)
    special = ModuleType("cupyx.scipy.special")
    for name in LIBRARIES["cupyx.scipy.special"]:
        # Not as ufuncs, since some have two results.
        setattr(special, name, _function(name, functools.partial(getattr(scipy.special, name))))
    return {
        "cupy": cupy,
        "array_api_compat.cupy": compat,
        "cupyx": ModuleType("cupyx"),
        "cupyx.scipy": ModuleType("cupyx.scipy"),
        "cupyx.scipy.linalg": triangular,
        "cupyx.scipy.special": special,
    }


def _solve_triangular(a: Any, b: Any, *, lower: bool, unit_diagonal: bool) -> Any:
    a, b = np.asarray(a.view(np.ndarray)), np.asarray(b.view(np.ndarray))
    columns = b if b.ndim == a.ndim else b[..., None]
    out = np.zeros(columns.shape, np.result_type(a, b))
    n = a.shape[-1]
    with np.errstate(all="ignore"):
        for i in range(n) if lower else reversed(range(n)):
            known = slice(0, i) if lower else slice(i + 1, n)
            row = columns[..., i, :] - (a[..., i, None, known] @ out[..., known, :])[..., 0, :]
            out[..., i, :] = row if unit_diagonal else row / a[..., i, i, None]
    return out.reshape(b.shape)


BACKEND = tuple(
    path.stem
    for path in sorted(Path(anygrad.backends.__path__[0]).glob("*.py"))
    if re.search(r"^import cupy$", path.read_text(encoding="utf-8"), re.MULTILINE)
)
"""The modules of ``anygrad.backends`` that import CuPy."""


@contextlib.contextmanager
def installed(count: int = 1) -> Iterator[Any]:
    """Put the stand-in in CuPy's place for a while, on a machine with some GPUs; give its ``cupy``."""
    devices = importlib.import_module("anygrad.devices")  # The package has a function of that name.
    made = modules(count)
    with pytest.MonkeyPatch.context() as patch:
        for name, module in made.items():
            patch.setitem(sys.modules, name, module)
        # ``import a.b as c`` reads the attribute of a before it asks for the module.
        patch.setattr(array_api_compat, "cupy", made["array_api_compat.cupy"], raising=False)
        for name in BACKEND:
            patch.setattr(anygrad.backends, name, None, raising=False)
            patch.setitem(sys.modules, f"anygrad.backends.{name}", made["cupy"])
            del sys.modules[f"anygrad.backends.{name}"]  # imported anew, and put back with the rest
        for row in REGISTRY.values():
            patch.setattr(row, "forward", row.forward)  # which enters the device where there are several
        patch.setattr(devices, "_backends", {"cpu": devices.CPU})
        devices._library_of.cache_clear()
        # Here each kernel would take a C++ compiler: those of single functions are tested by themselves.
        importlib.import_module("anygrad.backends.cupy_launches").WIDEST = 0
        importlib.import_module("anygrad.backends.cupy_neural").FEW = 0
        yield made["cupy"]
    devices._library_of.cache_clear()
