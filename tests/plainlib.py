"""The smallest array library that conforms: NumPy underneath, its own arrays and dtypes, and no courtesy.

No file of anygrad's knows it. Operands must agree in dtype, keys must be full and basic, arrays cannot be
written, nothing converts itself to NumPy but by DLPack, and creation must say where.
"""

from __future__ import annotations

import builtins
import sys
from typing import Any

import numpy as np

from anygrad.backends.base import DTYPES, STANDARD

DEVICE = "plain0"
BINARY = "add sub mul truediv floordiv mod pow lt le gt ge eq ne and or xor matmul".split()  # noqa: SIM905
LISTED = ("concat", "stack", "broadcast_arrays", "meshgrid")
CREATION = ("arange", "empty", "eye", "full", "linspace", "ones", "zeros", "asarray")


class Dtype:
    """A dtype that is nobody else's."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"plainlib.{self.name}"


class Array:
    """An array that cannot be written."""

    def __init__(self, host: Any) -> None:
        self._host = np.array(host)
        self._host.flags.writeable = False

    dtype = property(lambda self: DTYPE[self._host.dtype.name])
    shape = property(lambda self: self._host.shape)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    device = property(lambda self: DEVICE)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return sys.modules[__name__]

    def __dlpack__(self, **keywords: Any) -> Any:
        return self._host.copy().__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._host.__dlpack_device__()

    def __array__(self, *arguments: Any, **keywords: Any) -> Any:
        raise TypeError("plainlib: no implicit conversion to NumPy")

    def __bool__(self) -> bool:
        raise TypeError("plainlib: no read-back")

    __float__ = __int__ = __iter__ = __len__ = __setitem__ = __bool__  # type: ignore[assignment]

    def __getitem__(self, key: Any) -> Array:
        parts = key if isinstance(key, tuple) else (key,)
        if len(parts) != self.ndim or not builtins.all(isinstance(p, int | slice) for p in parts):
            raise IndexError(f"plainlib: {key!r} is no full basic key")
        return Array(self._host[key])

    def __neg__(self) -> Array:
        return Array(-self._host)

    def __invert__(self) -> Array:
        return Array(~self._host)


def _alike(*operands: Any) -> list[Any]:
    kinds = {o.dtype for o in operands if isinstance(o, Array)}
    real = {DTYPE[n] for n in ("float32", "float64")}
    mixed = kinds & real and builtins.all(k in real or k.name.startswith("complex") for k in kinds)
    if len(kinds) > 1 and not mixed:
        raise TypeError(f"plainlib: operands of dtypes {kinds}")
    return [o._host if isinstance(o, Array) else o for o in operands]


def _operator(name: str) -> Any:
    def method(self: Array, other: Any) -> Any:
        x, y = _alike(self, other)
        return Array(getattr(x, name)(y))

    return method


for _name in BINARY:
    setattr(Array, f"__{_name}__", _operator(f"__{_name}__"))
    if _name not in ("lt", "le", "gt", "ge", "eq", "ne"):
        setattr(Array, f"__r{_name}__", _operator(f"__r{_name}__"))
Array.__hash__ = object.__hash__  # type: ignore[method-assign]


def _bare(value: Any) -> Any:
    if isinstance(value, Array):
        return value._host
    if isinstance(value, Dtype):
        return np.dtype(value.name)
    return [_bare(v) for v in value] if isinstance(value, list) else value


def _function(name: str) -> Any:
    numpys = getattr(np, name)

    def function(*arguments: Any, **keywords: Any) -> Any:
        if name in CREATION and keywords.pop("device", None) != DEVICE:
            raise TypeError(f"plainlib: {name} without a device")
        if name not in LISTED:
            _alike(*(a for a in arguments[name == "where" :] if name not in ("take", "searchsorted")))
        with np.errstate(all="ignore"):
            out = numpys(*map(_bare, arguments), **{k: _bare(v) for k, v in keywords.items()})
        return tuple(map(Array, out)) if isinstance(out, list | tuple) else Array(out)

    return function


DTYPE = {name: Dtype(name) for name in DTYPES if name != "float16"}
globals().update(DTYPE)
globals().update({name: _function(name) for name in STANDARD if callable(getattr(np, name, None))})
linalg = None


def isdtype(dtype: Dtype, kind: Any) -> bool:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return builtins.any(
        dtype is k if isinstance(k, Dtype) else np.isdtype(np.dtype(dtype.name), k) for k in kinds
    )


def take(x: Array, indices: Array, /, *, axis: int) -> Array:
    return Array(np.take(x._host, indices._host, axis=axis))


class __array_namespace_info__:
    def default_device(self) -> str:
        return DEVICE

    def devices(self) -> list[str]:
        return [DEVICE]

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Dtype]:
        return dict(DTYPE)
