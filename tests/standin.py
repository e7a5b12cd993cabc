"""A stand-in for CuPy over NumPy, so that what its backend does by itself is tested where there is no GPU.

It has what CuPy has and NumPy has not: memory with a reference count of its own, writes through repeated
indices that land in another order, ufuncs of few dtypes, no ``reshape(copy=)``, reductions to
arrays without axes, and functions that need the arrays' device to be the current one.
"""

from __future__ import annotations

import contextlib
import functools
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from anygrad.backends.base import STANDARD

CURRENT = [0]


class Device(contextlib.AbstractContextManager):  # type: ignore[type-arg]
    def __init__(self, index: int) -> None:
        self.id = index
        self._before: list[int] = []

    def __enter__(self) -> Device:
        self._before.append(CURRENT[0])
        CURRENT[0] = self.id
        return self

    def __exit__(self, *exception: object) -> None:
        CURRENT[0] = self._before.pop()

    __hash__ = None  # type: ignore[assignment]

    def synchronize(self) -> None: ...


class Pointer:
    def __init__(self, mem: Any) -> None:
        self.mem = mem


class Memory:
    pass


class UnownedMemory(Memory):
    pass


class ndarray(np.ndarray):
    """NumPy's array, with a pointer to memory that every view shares."""

    def __array_finalize__(self, parent: Any) -> None:
        self.where = getattr(parent, "where", CURRENT[0])

    @property
    def data(self) -> Pointer:  # type: ignore[override]
        if "_pointer" not in self.__dict__:
            owner = self.base if isinstance(self.base, ndarray) else None
            self._pointer = Pointer(Memory() if owner is None else owner.data.mem)
        return self._pointer

    @property
    def device(self) -> Any:  # type: ignore[override]
        return Device(self.where)

    def __getitem__(self, key: Any) -> Any:
        out = super().__getitem__(key)
        out = out if isinstance(out, ndarray) else _array(out)
        out.data
        return out

    def __setitem__(self, key: Any, value: Any) -> None:
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
            np.ndarray.shape.__set__(self, new)
        except AttributeError as error:
            raise AttributeError("incompatible shape for a non-contiguous array") from error


def _array(host: Any) -> Any:
    host = np.array(host)
    out = np.ndarray.__new__(ndarray, host.shape, host.dtype)
    np.ndarray.__setitem__(out, ..., host)
    return out


def _copied(obj: Any, dtype: Any = None, **_: Any) -> Any:
    return _array(np.asarray(obj, dtype))


def _elsewhere(name: str, arguments: tuple[Any, ...]) -> None:
    elsewhere = {a.where for a in arguments if isinstance(a, ndarray)} - {CURRENT[0]}
    if elsewhere:
        raise RuntimeError(f"{name}: arrays of device {elsewhere}, the current one is {CURRENT[0]}")


class ufunc:
    """NumPy's, with CuPy's gaps: logic of complex numbers, Python integers beyond 64 bits, most of ``at``."""

    at_dtypes: ClassVar[dict[str, str]] = {
        "add": "float16 float32 float64 int32 int64 uint32 uint64",
        "maximum": "float32 float64 int32 int64 uint32 uint64",
    }

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
        return out if "out" in keywords else _array(out)

    def at(self, a: Any, indices: Any, b: Any = None) -> None:
        if a.dtype.name not in self.at_dtypes[self.__name__].split():
            raise TypeError(f"cupy.{self.__name__}.at only supports {self.at_dtypes[self.__name__]}")
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
            return tuple(map(_array, out))
        fresh = isinstance(out, np.ndarray | np.generic) and not isinstance(out, ndarray)
        return _array(out) if fresh else out

    return function


class CUDARuntimeError(RuntimeError):
    pass


def modules(count: int = 1) -> dict[str, ModuleType]:
    """Return what to put into ``sys.modules`` for a machine with some GPUs."""
    cupy, compat = ModuleType("cupy"), ModuleType("array_api_compat.cupy")
    for name in STANDARD:
        numpys = getattr(np, name, None)
        if callable(numpys):
            made = numpys if name == "isdtype" else _function(name, numpys)
            setattr(cupy, name, made)
            setattr(compat, name, made)
    cupy.linalg, compat.linalg = SimpleNamespace(), SimpleNamespace()
    cupy.array = compat.array = cupy.asarray = compat.asarray = _copied
    cupy.asnumpy = lambda a: np.array(a.view(np.ndarray))
    cupy.ndarray, cupy.ufunc = ndarray, ufunc
    runtime = SimpleNamespace(
        getDeviceCount=lambda: count, driverGetVersion=lambda: 13000, CUDARuntimeError=CUDARuntimeError
    )
    compiler = SimpleNamespace(CompileException=type("CompileException", (Exception,), {}))
    cupy.cuda = SimpleNamespace(
        runtime=runtime, compiler=compiler, Device=Device, UnownedMemory=UnownedMemory, Memory=Memory
    )
    ndarray.__module__ = "cupy"
    return {"cupy": cupy, "array_api_compat.cupy": compat}
