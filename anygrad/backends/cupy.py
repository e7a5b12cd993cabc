"""CuPy on CUDA devices: NumPy's rules and in-place writes, on arrays whose memory has a count of its own.

An array is nobody else's when its own reference count, its pointer's and its memory's are those of an array
that one attribute holds; a view, an export or another array on the same memory raises one of the three. The
counts are taken when the first device is opened, with the function that is used, and not trusted unless
every further holder shows. Creation enters the device, because array_api_compat drops ``device=``.

Left as CuPy has them: what leaves its axis in an index array on the device wraps, in values and gradients
alike, for to check it would wait; float sums at repeated indices are atomic additions, in any order, and not
the same to the last bit in every run, unless that is asked for (``determinism``); kernels flush subnormal
numbers to zero.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import array_api_compat.cupy as compat
import cupy
import numpy as np

from anygrad.backends.base import STANDARD, Backend
from anygrad.backends.cuda import CudaDevice
from anygrad.backends.cupy_chains import Chains
from anygrad.backends.cupy_launches import function_of, multiplied, updated
from anygrad.backends.cupy_neural import CupyNeural
from anygrad.backends.cupy_randomness import CupyRandom
from anygrad.backends.cupy_timer import Timer
from anygrad.backends.fusing import FUNCTIONS
from anygrad.backends.neural import NEURAL
from anygrad.backends.numpy import Holder, WritableBackend, gil_held
from anygrad.backends.paths import Layout
from anygrad.backends.windows import WINDOWS

__all__ = ["CupyBackend"]

_CREATION = "arange asarray empty empty_like eye full full_like linspace ones ones_like zeros zeros_like"
CREATION = tuple(_CREATION.split())
LAUNCHING = (
    *("compact", "index_add", "index_set", "owned", "place", "put", "region_set", "take", "update"),
    *NEURAL,
    *WINDOWS,
)
ATOMIC = ("float16", "float32", "float64", "int32", "int64", "uint32", "uint64")


def counts(holder: Any) -> tuple[int, int, int, type]:
    """Return how many hold the array, its pointer and its memory; and whose that is, as its class tells."""
    return (
        sys.getrefcount(holder.array),
        sys.getrefcount(holder.array.data),
        sys.getrefcount(holder.array.data.mem),
        type(holder.array.data.mem),
    )


def calibrate(make: Callable[[], Any]) -> tuple[int, int, int, type] | None:
    """Return the counts of an array that one attribute holds; None where one more holder does not show."""
    holder = Holder(make())
    alone = counts(holder)
    others: tuple[Callable[[], Any], ...] = (
        lambda: holder.array,
        lambda: holder.array[:],
        lambda: (holder.array,),
        lambda: holder.array.data,
        lambda: holder.array.data.mem,
    )
    for other in others:
        kept = other()
        if counts(holder) == alone:
            return None
        del kept
        if counts(holder) != alone:
            return None
    return alone


class CupyLayout(Layout):
    """Paths read as views of CuPy's arrays, whose ``reshape`` cannot be told not to copy."""

    @staticmethod
    def reshape(x: Any, shape: tuple[int, ...]) -> Any:
        view = x.view()
        try:
            view.shape = shape
        except AttributeError as error:
            raise ValueError(str(error)) from error
        return view


def _of_truth(function: Any) -> Any:
    """Return a logical function that takes complex numbers too, and integers of any size."""

    def logical(*operands: Any) -> Any:
        return function(*(_truth(x) for x in operands))

    return staticmethod(functools.update_wrapper(logical, function))


def _truth(x: Any) -> Any:
    if x.__class__ is not cupy.ndarray:
        return bool(x)
    return x != 0 if x.dtype.kind == "c" else x


def _chosen(condition: Any, x: Any, y: Any) -> Any:
    """Choose, by a Python truth value too."""
    return cupy.where(cupy.asarray(condition) if condition.__class__ is bool else condition, x, y)


class CupyBackend(Chains, CupyNeural, CupyRandom, CudaDevice, WritableBackend):
    """One CUDA device."""

    # array_api_compat's mends NaN through a mask, which waits for the device; since 14.2 CuPy's keeps it.
    sign = staticmethod(cupy.sign)
    logical_and = _of_truth(cupy.logical_and)
    logical_not = _of_truth(cupy.logical_not)
    logical_or = _of_truth(cupy.logical_or)
    logical_xor = _of_truth(cupy.logical_xor)

    # array_api_compat's wrappers of these add nothing to what the engine calls.
    matmul = staticmethod(multiplied)
    where = staticmethod(_chosen)

    layout: ClassVar[type[Layout]] = CupyLayout
    special_library: ClassVar[str | None] = "cupyx.scipy.special"
    scipy_library: ClassVar[str | None] = "cupyx.scipy"
    alone: ClassVar[list[Any]] = []
    any_order: bool = True

    def __init__(self, module: Any, device: Any, name: str) -> None:
        super().__init__(module, device, name)
        self.isdtype = functools.cache(compat.isdtype)
        self.ufuncs = {name: f for name in STANDARD if isinstance(f := getattr(self, name), cupy.ufunc)}
        for function in FUNCTIONS.keys() & self.ufuncs:
            setattr(self, function, function_of(function, self.ufuncs[function]))
        for function in CREATION:
            setattr(self, function, self._entering(getattr(self, function)))
        if cupy.cuda.runtime.getDeviceCount() > 1:
            # Kernels are launched on the current device, whatever the arrays say.
            for function in (*STANDARD, *LAUNCHING):
                if function not in CREATION and callable(getattr(self, function, None)):
                    setattr(self, function, self._entering(getattr(self, function)))
            self.ufuncs = {name: self._entering(function) for name, function in self.ufuncs.items()}
            self.several()
        if not self.alone:
            with device:
                self.alone.append(calibrate(lambda: cupy.empty(1)) if gil_held() else None)

    def permute_dims(self, x: Any, axes: tuple[int, ...]) -> Any:
        return x.transpose(axes)

    def matrix_transpose(self, x: Any) -> Any:
        return x.swapaxes(-1, -2)

    def reshape(self, x: Any, shape: tuple[int, ...]) -> Any:
        return x.reshape(shape)

    def update(self, name: str, a: Any, b: Any, alpha: Any) -> None:
        if not updated(name, a, b, alpha):
            super().update(name, a, b, alpha)

    def linspace(self, start: Any, stop: Any, num: int, dtype: Any, endpoint: bool = True) -> Any:
        if not isinstance(start, complex) and not isinstance(stop, complex):
            return compat.linspace(start, stop, num, dtype=dtype, endpoint=endpoint)
        out = cupy.empty(num, dtype)
        for part in ("real", "imag"):
            ends = getattr(start, part), getattr(stop, part)
            getattr(out, part)[...] = cupy.linspace(*ends, num, endpoint=endpoint)
        return out

    def clip(self, x: Any, min: Any, max: Any) -> Any:
        # array_api_compat's writes through masks, which wait for the device, and does not promote.
        if x.__class__ is cupy.ndarray and x.dtype.kind in "iu":
            info = np.iinfo(x.dtype)
            min = None if min.__class__ is int and min <= info.min else min
            max = None if max.__class__ is int and max >= info.max else max
        out = x if min is None else cupy.maximum(x, min)
        out = out if max is None else cupy.minimum(out, max)
        return self.compact(x) if out is x else out

    def launching(self, function: Any) -> Any:
        return self._entering(function) if cupy.cuda.runtime.getDeviceCount() > 1 else function

    def _entering(self, function: Any) -> Any:
        def entered(*arguments: Any, device: Any = None, **keywords: Any) -> Any:
            with self.device:
                return function(*arguments, **keywords)

        return functools.update_wrapper(entered, function)

    def strided(self, x: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
        # A view of it has a base, which tells that others see the memory.
        return cupy.lib.stride_tricks.as_strided(x, shape, strides).view()

    # ---------------------------------------------------------------- linear algebra

    def linalg_pinv(self, x: Any, rtol: Any) -> Any:
        # CuPy's own writes through a mask, which waits for the device.
        if not x.size:
            return compat.linalg.pinv(x)
        u, s, vh = cupy.linalg.svd(cupy.conj(x), full_matrices=False)
        least = (rtol[..., None] if getattr(rtol, "ndim", 0) else rtol) * cupy.max(s, axis=-1, keepdims=True)
        s = cupy.where(s <= least, 0, 1 / s)
        return (vh.swapaxes(-1, -2) * s[..., None, :]) @ u.swapaxes(-1, -2)

    def linalg_solve_triangular(self, x: Any, y: Any, *, upper: bool, unit_diagonal: bool = False) -> Any:
        from cupyx.scipy.linalg import solve_triangular  # Loads cuBLAS.

        if not y.size:
            return self.compact(y)
        return solve_triangular(x, y, lower=not upper, unit_diagonal=unit_diagonal)

    # ---------------------------------------------------------------- dtypes

    def listed_dtypes(self) -> dict[str, Any]:
        return {dtype: np.dtype(dtype) for dtype in super().listed_dtypes()}

    def dtype_of(self, array: Any) -> np.dtype:
        dtype: np.dtype = array.dtype
        return dtype

    def timer(self) -> Timer:
        return Timer(self.device)

    # ---------------------------------------------------------------- ownership and writes

    def exclusive(self, holder: Any) -> bool:
        return (
            counts(holder) == self.alone[0]
            and holder.array.base is None
            and bool(holder.array.flags.owndata)
            and not isinstance(holder.array.data.mem, cupy.cuda.UnownedMemory)
        )

    def set_at(self, buffer: Any, key: Any, values: Any) -> None:
        # Equal indices are written in any order, so each is given what the last one brings.
        axis, index = len(key) - 1, key[-1]
        m, at = index.shape[0], axis - buffer.ndim
        if getattr(values, "ndim", 0) >= -at and values.shape[at] == m > 1:
            last = cupy.zeros(buffer.shape[axis], np.int32 if m < 2**31 else np.uint64)
            cupy.maximum.at(last, index, cupy.arange(m, dtype=last.dtype))
            values = cupy.take(values, last[index], axis=at)
        buffer[key] = values

    def add_at(self, buffer: Any, key: Any, values: Any) -> None:
        dtype = buffer.dtype
        if self.in_one_order() and dtype.kind in "fc":
            axis, index = len(key) - 1, key[-1]
            values = cupy.broadcast_to(
                values, (*buffer.shape[:axis], *index.shape, *buffer.shape[axis + 1 :])
            )
            buffer[...] = Backend.index_add(self, buffer, index % max(buffer.shape[axis], 1), values, axis)
            return
        if dtype.kind == "c":
            cupy.add.at(buffer.real, key, values.real)
            cupy.add.at(buffer.imag, key, values.imag)
        elif dtype.name in ATOMIC:
            cupy.add.at(buffer, key, values)
        else:
            sums = cupy.zeros(buffer.shape, np.int32)
            cupy.add.at(sums, key, cupy.asarray(values, np.int32))
            buffer += sums.astype(dtype)
