"""Dtypes and what a namespace can do: the standard's data type and inspection functions.

Dtypes are NumPy's on every backend, so only what names a device asks one. Knows tensors by their dtype and
their backend.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, NamedTuple

import numpy as np

from anygrad.backends.base import DTYPES, Backend
from anygrad.construction import SCALARS, common_dtype
from anygrad.devices import Device, backend_of, devices, get_backend, get_default_dtype
from anygrad.dispatch import common_backend
from anygrad.errors import ArgumentError, DtypeError, message
from anygrad.rules import broadcast_shape, shape_in
from anygrad.tensors import Tensor

__all__ = [
    "FloatLimits",
    "Info",
    "IntegerLimits",
    "__array_namespace_info__",
    "broadcast_shapes",
    "can_cast",
    "finfo",
    "iinfo",
    "isdtype",
    "result_type",
]


def _as_numpy(op: str, dtype: Any) -> np.dtype:
    """Return a dtype of any library as NumPy's, by its name."""
    try:
        return np.dtype(dtype) if isinstance(dtype, np.dtype | type) else np.dtype(_name(dtype))
    except TypeError as error:
        raise DtypeError(message(op, f"got {dtype!r}", "expected a dtype")) from error


def _name(dtype: Any) -> str:
    return str(dtype).rpartition(".")[2]


def _dtype_of(op: str, given: Any) -> np.dtype:
    """Return the dtype of an array of any library, or the dtype that was given."""
    if isinstance(given, Tensor):
        return given.dtype
    xp = None if isinstance(given, np.dtype | type) else backend_of(given)
    return _as_numpy(op, given) if xp is None else xp.dtype_of(given)


# ---------------------------------------------------------------- dtypes


def isdtype(dtype: Any, kind: Any) -> bool:
    """Tell whether a dtype is of a kind: a dtype, one of the standard's words, or a tuple of those.

    >>> isdtype(np.dtype("float32"), "real floating")
    True
    """
    # Made NumPy's before they are looked up: dtypes of some libraries hash as NumPy's and refuse comparison.
    kind = kind if isinstance(kind, str | tuple) else _as_numpy("isdtype", kind)
    found: bool = _isdtype(_as_numpy("isdtype", dtype), kind)
    return found


@functools.cache
def _isdtype(dtype: np.dtype, kind: Any) -> bool:
    try:
        return bool(np.isdtype(dtype, kind))
    except ValueError as error:
        raise DtypeError(message("isdtype", f"kind is {kind!r}", str(error))) from error


def can_cast(from_: Any, to: Any, /) -> bool:
    """Tell whether promotion can make one dtype, or an array's, another.

    Where an array is given, its device must have that dtype. Raises ``DtypeError`` for what is no dtype.

    >>> can_cast(np.dtype("int8"), np.dtype("int16")), can_cast(np.dtype("int16"), np.dtype("uint64"))
    (True, False)
    """
    target = _as_numpy("can_cast", to)
    xp = from_.xp if isinstance(from_, Tensor) else None
    return np.can_cast(_dtype_of("can_cast", from_), target) and (xp is None or target in xp.natives)


def result_type(*arrays_and_dtypes: Any) -> np.dtype:
    """Return the dtype that an operation of arrays, dtypes and Python's scalars has.

    The rules are NumPy's; a float among integers gives the default real dtype. Where there are arrays, it is
    a dtype that their device has. Raises ``DeviceError`` for arrays on different devices, ``DtypeError`` for
    what has no dtype and ``ArgumentError`` for nothing at all.

    >>> result_type(np.dtype("int8"), np.dtype("uint8"), 1)
    dtype('int16')
    """
    if not arrays_and_dtypes:
        raise ArgumentError(message("result_type", "got nothing", "expected arrays, dtypes or scalars"))
    given = [x for x in arrays_and_dtypes if x.__class__ not in SCALARS]
    arrays = [x for x in given if hasattr(x, "shape") and not isinstance(x, np.dtype | type)]
    found = common_dtype(
        [_dtype_of("result_type", x) for x in given], [x for x in arrays_and_dtypes if x.__class__ in SCALARS]
    )
    return common_backend("result_type", arrays).within(found) if arrays else found


# ---------------------------------------------------------------- limits


class FloatLimits(NamedTuple):
    """What ``finfo`` says of a real floating dtype, in Python's numbers."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype


class IntegerLimits(NamedTuple):
    """What ``iinfo`` says of an integer dtype, in Python's numbers."""

    bits: int
    max: int
    min: int
    dtype: np.dtype


def finfo(type: Any, /) -> FloatLimits:
    """Return the limits of a floating dtype or an array's; of a complex one, those of its parts.

    Raises ``DtypeError`` for any other.

    >>> finfo(np.dtype("float32")).max
    3.4028234663852886e+38
    """
    dtype = _dtype_of("finfo", type)
    if dtype.kind not in "fc":
        raise DtypeError(message("finfo", f"got {dtype}", "expected a floating dtype", "use iinfo"))
    found = np.finfo(dtype)
    eps, top, low, least = map(float, (found.eps, found.max, found.min, found.smallest_normal))
    return FloatLimits(found.bits, eps, top, low, least, np.dtype(found.dtype))


def iinfo(type: Any, /) -> IntegerLimits:
    """Return the limits of an integer dtype or an array's; raises ``DtypeError`` for any other.

    >>> iinfo(np.dtype("int8")).max
    127
    """
    dtype = _dtype_of("iinfo", type)
    if dtype.kind not in "iu":
        raise DtypeError(message("iinfo", f"got {dtype}", "expected an integer dtype", "use finfo"))
    found = np.iinfo(dtype)
    return IntegerLimits(found.bits, int(found.max), int(found.min), dtype)


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that shapes broadcast to; raises ``ShapeError`` where they do not.

    >>> broadcast_shapes((3, 1), (4,))
    (3, 4)
    """
    return broadcast_shape("broadcast_shapes", *(shape_in("broadcast_shapes", shape) for shape in shapes))


# ---------------------------------------------------------------- the namespace


class Info:
    """What a namespace says of itself: its devices, their dtypes and which of those are defaults."""

    def __init__(self, backend: Backend | None = None) -> None:
        self._backend = backend

    def __repr__(self) -> str:
        return f"<what {self._at(None).name!r} can do>"

    def _at(self, device: Any) -> Backend:
        return self._backend if device is None and self._backend is not None else get_backend(device)

    def capabilities(self) -> dict[str, Any]:
        """Tell whether masks index, whether shapes may depend on values, and how many axes there may be."""
        inquired = getattr(self._at(None).module, "__array_namespace_info__", None)
        most = inquired().capabilities().get("max dimensions") if inquired else None
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": most}

    def default_device(self) -> Device:
        """Return the device on which the namespace creates where none is named."""
        return Device(self._at(None).name)

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype]:
        """Return the dtypes that are taken on a device where none is named."""
        xp, real = self._at(device), get_default_dtype()
        whole = xp.within(np.dtype("int64"))
        return {
            "real floating": xp.within(real),
            "complex floating": xp.within(np.result_type(real, np.complex64)),
            "integral": whole,
            "indexing": whole,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype]:
        """Return, by name, the standard's dtypes that a device has; of a kind, as ``isdtype`` takes it.

        Left out is what few functions take there: PyTorch's unsigned integers, but for uint8.
        """
        xp = self._at(device)
        names = (np.dtype(name) for name in DTYPES if name != "float16" and name not in xp.partial)
        usable = {dtype.name: dtype for dtype in names if dtype in xp.natives}
        return {name: dtype for name, dtype in usable.items() if kind is None or isdtype(dtype, kind)}

    def devices(self) -> tuple[Device, ...]:
        """Return the devices that can be used here, of libraries that are imported."""
        return tuple(d for d in devices() if d.library in ("cpu", "cuda") or d.library in sys.modules)


def __array_namespace_info__() -> Info:
    """Return what the namespace says of itself: the methods of ``Info``.

    >>> __array_namespace_info__().default_device()
    device('cpu')
    """
    return Info()
