"""What anygrad asks of an array library, answered with the standard's functions alone.

A backend is one array library on one device. It is the ``xp`` that a formula receives: the standard's
functions as attributes, and the extras for which the standard has no name (``EXTRAS``). A conforming
library needs no more than this class; a subclass replaces what its library does better. Nothing here
knows tensors, rows or the tape.
"""

from __future__ import annotations

import contextlib
import importlib
import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from anygrad.backends.algebra import AlgebraExtras
from anygrad.backends.checksums import Checksums
from anygrad.backends.contraction import ContractionExtras
from anygrad.backends.determinism import Determinism
from anygrad.backends.fourier import FourierExtras
from anygrad.backends.interchange import Interchange
from anygrad.backends.kinds import WIDENED, widened
from anygrad.backends.neural import NEURAL, NeuralExtras
from anygrad.backends.ordering import OrderingExtras
from anygrad.backends.paths import Values, follow, is_injective, shown
from anygrad.backends.randomness import RandomExtras
from anygrad.backends.special import SpecialExtras
from anygrad.backends.windows import WINDOWS, WindowExtras
from anygrad.errors import DtypeError, IndexingError, message

__all__ = ["DTYPES", "EXTRAS", "STANDARD", "Backend", "check_bounds"]

_STANDARD = """
    abs acos acosh add all any arange argmax argmin argsort asarray asin asinh astype atan atan2 atanh
    bitwise_and bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor
    broadcast_arrays broadcast_to ceil clip concat conj copysign cos cosh count_nonzero cumulative_prod
    cumulative_sum divide empty empty_like equal exp expand_dims expm1 eye fft flip floor floor_divide full
    full_like greater greater_equal hypot imag isdtype isfinite isinf isnan less less_equal linalg
    linspace log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor matmul
    matrix_transpose max maximum mean meshgrid min minimum moveaxis multiply negative nextafter nonzero
    not_equal ones ones_like permute_dims positive pow prod real reciprocal remainder repeat reshape
    roll round searchsorted sign signbit sin sinh sort sqrt square squeeze stack std subtract sum take
    take_along_axis tan tanh tensordot tile tril triu trunc unique_all
    unique_values var vecdot where zeros zeros_like
"""
STANDARD = tuple(_STANDARD.split())
"""The standard's functions that a formula or the engine may call."""

EXTRAS = (
    "compact",
    "contract",
    "getitem",
    "index_add",
    "place",
    "put",
    "region",
    "region_set",
    "special",
    "total",
    *NEURAL,
    *WINDOWS,
)
"""What a formula may call beside the standard; every name is also a method of ``Backend``."""

_DTYPES = """
    bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128
"""
DTYPES = tuple(_DTYPES.split())
NARROWER = {"float64": "float32", "complex128": "complex64", "int64": "int32", "uint64": "uint32"}


def check_bounds(index: np.ndarray, n: int, axis: int) -> None:
    """Raise ``IndexingError`` where an index array on the host leaves its axis."""
    if index.size and (index.min() < -n or index.max() >= n):
        worst = index.max() if index.max() >= n else index.min()
        raise IndexingError(
            message("getitem", f"index {worst} is out of bounds", f"axis {axis} has length {n}")
        )


class Backend(
    Interchange,
    AlgebraExtras,
    Checksums,
    ContractionExtras,
    Determinism,
    FourierExtras,
    NeuralExtras,
    OrderingExtras,
    RandomExtras,
    SpecialExtras,
    WindowExtras,
):
    """One array library on one device, as the namespace that formulas are written against."""

    generics: ClassVar[frozenset[type]] = frozenset()
    """The library's scalars that a tensor without axes may hold in place of an array, until it is written."""
    native: ClassVar[bool] = False
    """Whether the library promotes operands as NumPy does."""
    writable: ClassVar[bool] = False
    """Whether its arrays can be written in place, which the engine does to buffers that it owns."""
    scalars: frozenset[type] = frozenset({int, float, complex, bool})
    """The Python scalars that an operation hands to the library as they are."""
    aliases_exactly: ClassVar[bool] = False
    """Whether an array tells whose memory it shows; else aliasing follows row-major layout."""

    chains_from: ClassVar[int | None] = None
    """The bytes from which ``chained`` takes a gradient through several elementwise formulas at once."""

    partial: ClassVar[frozenset[str]] = frozenset()
    """Dtypes that arrays may have and that few of the library's functions take."""

    table: type[dict[Any, Any]] = dict
    """What finds a dtype by NumPy's object or the library's."""

    tensors: Any
    """The namespace of tensors on this backend; set by the module ``namespace``."""

    several: ClassVar[Any] = staticmethod(lambda: None)
    """To be called where a device is opened that is one of several of its library; set by ``namespace``."""

    shortage: ClassVar[Callable[..., Exception | None]]
    """``shortage(op, error)``: what to raise for an error that ``asked`` knows, or None; of ``memory``."""

    def __init__(self, module: Any, device: Any, name: str) -> None:
        self.module = module
        self.device = device
        self.name = name
        for function in STANDARD:
            found = getattr(module, function, None)
            if found is not None and not hasattr(type(self), function):
                foreign = function in WIDENED and not self.native
                setattr(self, function, widened(self, function, found) if foreign else found)
        self.dtypes: dict[Any, np.dtype] = self.table()
        self.natives: dict[Any, Any] = self.table()
        listed = self.listed_dtypes()
        for text in DTYPES:
            native = listed.get(text)
            if native is not None:
                self._pair(np.dtype(text), self.native_dtype_object(native))
        self.array_type = type(self.from_numpy(np.zeros(1, np.float32)))

    def _pair(self, dtype: np.dtype, native: Any) -> None:
        self.dtypes[native] = self.dtypes[dtype] = dtype
        self.natives[native] = self.natives[dtype] = native

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"[{self.__dict__.get('name', '?')}] the library has no function {name!r}")

    def __repr__(self) -> str:
        return f"<anygrad backend {self.name!r}>"

    # ---------------------------------------------------------------- opening

    @classmethod
    def open(cls, library: str, spec: str) -> Backend:
        """Return a backend of a library for a device of its own naming (``""``: its default one).

        Raises ``ImportError`` where the library is missing and ``LookupError`` where the device is.
        """
        module = importlib.import_module(library)
        if not hasattr(module, "__array_namespace_info__"):
            raise LookupError(f"the module {library} does not speak the Array API standard")
        info = module.__array_namespace_info__()
        default = info.default_device()
        known = {str(d): d for d in info.devices()}
        if spec and spec not in known:
            raise LookupError(f"its devices are {', '.join(known) or 'not listed'}")
        device = known[spec] if spec else default
        suffix = "" if device == default else f":{device}"
        return cls(module, device, f"{library}{suffix}")

    @classmethod
    def spec_of(cls, array: Any) -> str:
        """Return what ``open`` takes as ``spec`` for the device of an array."""
        return str(array.device)

    @classmethod
    def usable(cls) -> list[str]:
        """Return the ``spec`` of each device that can be used here."""
        return [""]

    # ---------------------------------------------------------------- dtypes and devices

    def listed_dtypes(self) -> dict[str, Any]:
        """Return the library's own dtypes by name, those left out that this device does not have."""
        info = getattr(self.module, "__array_namespace_info__", None)
        usable = set(DTYPES) if info is None else {*info().dtypes(device=self.device), "float16"}
        return {text: getattr(self.module, text, None) for text in DTYPES if text in usable}

    def native_dtype_object(self, found: Any) -> Any:
        """Return the object that arrays of the library carry as ``dtype`` for its attribute ``found``."""
        return found

    def dtype_of(self, array: Any) -> np.dtype:
        """Return the dtype of an array as NumPy's dtype object."""
        return self.dtypes[array.dtype]

    def within(self, dtype: np.dtype) -> np.dtype:
        """Return a dtype, or its narrower kin where the device lacks it: for defaults, never for requests."""
        if dtype in self.natives:
            return dtype
        narrow = NARROWER.get(dtype.name)
        return np.dtype(narrow) if narrow and np.dtype(narrow) in self.natives else dtype

    def advice(self, dtype: np.dtype) -> str:
        """Say what to do where a dtype was asked for that the device lacks."""
        return "ask for another dtype"

    def accept(self, array: Any) -> Any:
        """Return an array that came from outside as the engine may hold it."""
        return array if type(array) is self.array_type else self.asarray(array)

    def from_numpy(self, array: np.ndarray) -> Any:
        """Copy a host array to this device; raises ``DtypeError`` where the library lacks its dtype."""
        dtype = self.natives.get(array.dtype)
        if dtype is None:
            raise DtypeError(
                message("dtype", f"got {array.dtype}", f"{self.name} lacks it", self.advice(array.dtype))
            )
        return self.module.asarray(array, dtype=dtype, device=self.device, copy=True)

    def to_numpy(self, array: Any) -> np.ndarray:
        """Copy an array of this device to the host."""
        return np.array(np.from_dlpack(array) if hasattr(array, "__dlpack__") else array)

    def synchronize(self) -> None:
        """Wait until the device has done all that was asked of it."""

    def timer(self) -> Any:
        """Return what times this device by itself (``backends.cupy_timer``), or None for the host's clock."""
        return None

    def quiet(self) -> contextlib.AbstractContextManager[Any]:
        """Silence floating-point warnings while formulas run."""
        return np.errstate(all="ignore")

    def running(self) -> contextlib.AbstractContextManager[Any]:
        """Enter the device, and silence floating-point warnings, while formulas run."""
        stack = contextlib.ExitStack()
        stack.enter_context(self.entered())
        stack.enter_context(self.quiet())
        return stack

    def entered(self) -> contextlib.AbstractContextManager[Any]:
        """Make this backend's device the library's current one."""
        return contextlib.nullcontext()

    def asked(self, error: BaseException) -> int | None:
        """Return the bytes that an error of the library's says were not to be had; None for any other error.

        0 where it does not say how many.
        """
        return None

    # ---------------------------------------------------------------- aliasing and ownership

    def exclusive(self, holder: Any) -> bool:
        """Tell whether ``holder.array`` owns its memory and nobody but ``holder`` can see it."""
        return False

    def is_alias(self, out: Any, base: Any, path: tuple[Any, ...]) -> bool:
        """Tell whether ``out``, the path applied to ``base``, shares memory with it in NumPy's sense."""
        return shown(tuple(base.shape), None, path)

    def owned(self, array: Any) -> Any:
        """Return the array, or a copy where it shows memory of another."""
        return array

    def owner(self, array: Any) -> Any:
        """Return the array whose memory this one shows: itself where it is no view, or nobody can tell."""
        return array

    def compact(self, array: Any) -> Any:
        """Copy an array, keeping its memory order where the library has one."""
        return self.module.asarray(array, copy=True)

    # ---------------------------------------------------------------- extras: regions

    def getitem(self, x: Any, key: tuple[Any, ...]) -> Any:
        """Index with a canonical basic key: one integer or slice an axis."""
        return x[key]

    def region(self, x: Any, path: tuple[Any, ...]) -> Any:
        """Return the part of ``x`` that the path leads to."""
        return follow(self, x, path)

    def gather(self, x: Any, path: tuple[Any, ...], shape: tuple[int, ...], direct: Any) -> Any:
        """Return what a key with index arrays leads to; ``direct`` is that key as ``keys.Key`` has it."""
        return self.reshape(self.region(x, path), shape)

    def positions(self, shape: tuple[int, ...], path: tuple[Any, ...]) -> Any:
        """Return, flat, the row-major position in an array of this shape of each entry the path leads to."""
        n = int(np.prod(shape))
        gather = path[-1][1] if path and path[-1][0] == "take" else None
        index = follow(Values, np.arange(n).reshape(shape), path[:-1] if gather else path)
        flat = self.from_numpy(np.ascontiguousarray(index, dtype=self.within(np.dtype(np.int64))))
        return self.reshape(flat if gather is None else self.take(flat, **gather), (-1,))

    def region_set(self, x: Any, y: Any, path: tuple[Any, ...]) -> Any:
        """Return ``x`` with the region that the path leads to replaced by ``y`` (its shape, or a scalar)."""
        if not is_injective(path):
            index = self.positions(x.shape, path)
            y = self._spread(y, x.dtype, index.shape)
            return self.reshape(self.index_set(self.reshape(x, (-1,)), y, index, 0), x.shape)
        return self._merged(x, y, path)

    def place(self, y: Any, shape: tuple[int, ...], path: tuple[Any, ...]) -> Any:
        """Return zeros of ``shape`` with ``y`` added into the region that the path leads to."""
        if is_injective(path):
            return self._merged(self.zeros(shape, dtype=y.dtype, device=self.device), y, path)
        index = self.positions(shape, path)
        zeros = self.zeros((math.prod(shape),), dtype=y.dtype, device=self.device)
        return self.reshape(self.index_add(zeros, index, self.reshape(y, (-1,)), axis=0), shape)

    def _merged(self, x: Any, y: Any, path: tuple[Any, ...]) -> Any:
        """Replace a region without repeats: each entry of ``x`` knows which of ``y`` takes its place."""
        rows = follow(Values, np.arange(math.prod(x.shape)).reshape(x.shape), path)
        if not rows.size:
            return self.asarray(x, copy=True)
        source = np.full(x.shape, -1, dtype=self.within(np.dtype(np.int64)))
        source.reshape(-1)[rows] = np.arange(rows.size).reshape(rows.shape)
        found = self.from_numpy(source >= 0)
        if not hasattr(y, "dtype") or math.prod(y.shape) != rows.size:
            one = self.reshape(self._spread(y, x.dtype, (1,)), (1,) * len(x.shape))
            return self.where(found, self.broadcast_to(one, x.shape), x)
        index = self.from_numpy(np.maximum(source, 0).reshape(-1))
        new = self.take(self.reshape(y, (-1,)), index, axis=0)
        return self.where(found, self.reshape(new, x.shape), x)

    def put(self, buffer: Any, path: tuple[Any, ...], y: Any, add: bool) -> None:
        """Write (or add) ``y`` into a region of a buffer; only where arrays are ``writable``."""
        raise NotImplementedError

    def _spread(self, y: Any, dtype: Any, shape: tuple[int, ...]) -> Any:
        if not hasattr(y, "dtype"):
            return self.full(shape, y, dtype=dtype, device=self.device)
        return self.broadcast_to(self.reshape(y, (-1,)) if math.prod(y.shape) == shape[0] else y, shape)

    # ---------------------------------------------------------------- extras: sums, flat indices

    def total(self, x: Any, axes: tuple[int, ...], keepdims: bool = True) -> Any:
        """Sum a gradient over axes with all the accuracy that is to be had for nothing."""
        return self.sum(x, axis=axes, keepdims=keepdims)

    def take(self, x: Any, indices: Any, axis: int) -> Any:
        """Gather along an axis at a 1-d index, which a path names and the standard does not."""
        return self.module.take(x, indices, axis=axis)

    def bounded(self, index: Any, n: int, axis: int) -> Any:
        """Return an index array, checked where that does not wait for the device."""
        return index

    def index_set(self, x: Any, values: Any, index: Any, axis: int) -> Any:
        """Return ``x``, entries at a 1-d ``index`` along ``axis`` replaced; the last of equals stays."""
        n, m = x.shape[axis], index.shape[0]
        if n == 0 or m == 0:
            return self.asarray(x, copy=True)
        order, ends, found = self._runs(index, n)
        both = self.concat([x, self.take(values, self.take(order, ends, axis=0), axis=axis)], axis=axis)
        rows = self.arange(n, dtype=index.dtype, device=self.device)
        return self.take(both, self.where(found, rows + n, rows), axis=axis)

    def index_add(self, x: Any, index: Any, values: Any, axis: int) -> Any:
        """Return ``x`` with ``values`` added at a 1-d ``index`` along ``axis``; equal indices add up.

        The values are sorted by index and summed by doubling within each run of equals, so that neither
        the host nor the order of the device's threads has a say in the result.
        """
        n, m = x.shape[axis], index.shape[0]
        if n == 0 or m == 0:
            return self.asarray(x, copy=True)
        order, ends, found = self._runs(index, n)
        index, values = self.take(index, order, axis=0), self.take(values, order, axis=axis)
        column = tuple(m if i == axis else 1 for i in range(values.ndim))
        rows, step = self.arange(m, dtype=index.dtype, device=self.device), 1
        while step < m:
            back = self.where(rows >= step, rows - step, 0)
            same = (rows >= step) & (self.take(index, back, axis=0) == index)
            earlier = self.take(values, back, axis=axis)
            values = values + self.where(self.reshape(same, column), earlier, self.zeros_like(earlier))
            step *= 2
        sums = self.take(values, ends, axis=axis)
        found = self.reshape(found, tuple(n if i == axis else 1 for i in range(values.ndim)))
        return x + self.where(found, sums, self.zeros_like(sums))

    def _runs(self, index: Any, n: int) -> tuple[Any, Any, Any]:
        """Sort an index stably; for each of ``range(n)`` give where its run ends, and whether it has one."""
        order = self.argsort(index, stable=True)
        ordered = self.take(index, order, axis=0)
        rows = self.arange(n, dtype=index.dtype, device=self.device)
        ends = self.astype(self.searchsorted(ordered, rows, side="right"), index.dtype) - 1
        ends = self.where(ends < 0, self.zeros_like(ends), ends)
        return order, ends, self.take(ordered, ends, axis=0) == rows
