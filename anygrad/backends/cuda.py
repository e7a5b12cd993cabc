"""CUDA devices through CuPy, beside the arrays' own functions: whether one is there, copies, streams, memory.

Each device has a current stream in each thread, CuPy's, and all that is launched goes there. Knows no formula
and no other library.
"""

from __future__ import annotations

import contextlib
from typing import Any

import array_api_compat.cupy as compat
import cupy
import cupyx
import numpy as np

from anygrad.backends.base import Backend
from anygrad.errors import DeviceUnavailableError, message

__all__ = ["CudaDevice"]

BUILDS = 'CuPy may be built for another CUDA: from the checkout, pip install -e ".[cuda12]" or ".[cuda13]"'
FULL = "the memory of the GPU is full"
SHORT = ("cudaErrorMemoryAllocation", "CUDA_ERROR_OUT_OF_MEMORY", "ALLOC_FAILED")
"""What CUDA and its libraries say where CuPy's pool is not asked: contexts, kernels, work space."""


class CudaDevice(Backend):
    """One CUDA device, as a mixin for the backend of its arrays."""

    shares = True

    @property
    def dlpack_device(self) -> tuple[int, int]:
        return 2, int(self.device.id)

    # ---------------------------------------------------------------- opening

    @classmethod
    def open(cls, library: str, spec: str) -> Backend:
        count = count_devices(f"{library}:{spec}" if spec else library)
        index = int(spec or 0)
        got = f"'cuda:{index}' cannot be used here"
        if index >= count:
            has = (
                "1 CUDA device, cuda:0" if count == 1 else f"{count} CUDA devices, cuda:0 to cuda:{count - 1}"
            )
            raise DeviceUnavailableError(message("device", got, f"this machine has {has}"))
        device = cupy.cuda.Device(index)
        try:
            with device:
                cupy.zeros(1).sum()
        except (MemoryError, RuntimeError, cupy.cuda.compiler.CompileException) as error:
            advice = (str(error), BUILDS)
            if asked(error) is not None:
                advice = (FULL, "ask nvidia-smi who holds it")
            raise DeviceUnavailableError(message("device", got, *advice)) from error
        return cls(compat, device, f"{library}:{index}")

    @classmethod
    def spec_of(cls, array: Any) -> str:
        return str(array.device.id)

    @classmethod
    def usable(cls) -> list[str]:
        try:
            count = count_devices("cuda")
        except DeviceUnavailableError:
            return []
        return [str(i) for i in range(count)]

    # ---------------------------------------------------------------- copies

    def from_numpy(self, array: np.ndarray) -> Any:
        # CuPy stages a copy in pinned memory of its pool, kept until the device has read it: nobody waits,
        # and the array may change at once. What is pinned already the device reads where it lies, so that
        # this copy is waited for. An array without axes travels with the launch.
        pinned = array.ndim and cupy.cuda.pinned_memory.is_memory_pinned(array.__array_interface__["data"][0])
        try:
            with self.device:
                return cupy.array(array, blocking=bool(pinned))
        except (MemoryError, RuntimeError) as error:
            short = self.shortage("to_device", error)
            if short is None:
                raise
            raise short from error

    def to_numpy(self, array: Any) -> np.ndarray:
        with self.device:  # whose current stream the copy is to go by
            found: np.ndarray = cupy.asnumpy(array)
        return found

    def hosted(self, array: Any, pinned: bool) -> np.ndarray:
        if not pinned or not array.size:
            return self.to_numpy(array)
        with self.device:
            out: np.ndarray = cupyx.empty_pinned(array.shape, array.dtype)
            array.get(out=out)
        return out

    def bring(self, array: Any, source: Backend) -> Any:
        if not isinstance(source, CudaDevice):
            return super().bring(array, source)
        # Streams of two devices know nothing of each other: the copy waits until the array is computed, and
        # what comes after on the array's own stream, which may write there, until it is copied.
        theirs, mine = source.current_stream(), self.current_stream()
        with source.device:
            ready = theirs.record()
        try:
            with self.device:
                mine.wait_event(ready)
                out = cupy.array(array, order="C")
                done = mine.record()
        except (MemoryError, RuntimeError) as error:
            short = self.shortage("to_device", error)
            if short is None:
                raise
            raise short from error
        with source.device:
            theirs.wait_event(done)
        return out

    def export(self, array: Any, copy: bool | None, **keywords: Any) -> Any:
        # CuPy's own export copies to the host alone.
        if copy is not False and keywords["dl_device"] in (None, self.dlpack_device_of(array)):
            with self.device:
                array, copy = self.compact(array), False
        return super().export(array, copy, **keywords)

    def adopt(self, x: Any, copy: bool | None) -> Any:
        with self.device:
            return cupy.from_dlpack(x, copy=copy)

    # ---------------------------------------------------------------- streams

    def synchronize(self) -> None:
        self.device.synchronize()

    def entered(self) -> contextlib.AbstractContextManager[Any]:
        entered: contextlib.AbstractContextManager[Any] = self.device
        return entered

    def running(self) -> contextlib.AbstractContextManager[Any]:
        return self.entered()

    def current_stream(self) -> Any:
        """Return the stream that this thread's work on the device goes to."""
        return cupy.cuda.get_current_stream(self.device.id)

    def new_stream(self, priority: int, non_blocking: bool) -> Any:
        """Return another stream."""
        with self.device:
            return cupy.cuda.Stream(non_blocking=non_blocking, priority=priority)

    # ---------------------------------------------------------------- memory

    def asked(self, error: BaseException) -> int | None:
        return asked(error)

    def memory(self) -> dict[str, int]:
        """Return the bytes used by arrays, kept for reuse, free on the card, and its total."""
        with self.device:
            pool = _pool()
            free, total = self.device.mem_info
            return {"used": pool.used_bytes(), "kept": pool.free_bytes(), "free": free, "total": total}

    def pinned_blocks(self) -> int:
        """Return how many blocks of pinned memory are kept for reuse."""
        return int(cupy.get_default_pinned_memory_pool().n_free_blocks())

    def release(self) -> None:
        """Give back the memory that is kept for reuse."""
        with self.device:
            _pool().free_all_blocks()
        cupy.get_default_pinned_memory_pool().free_all_blocks()

    def extent(self, array: Any) -> tuple[int, int]:
        """Return the address and size of the buffer that an array shows; size 0 if it lies elsewhere."""
        memory = array.data.mem
        return memory.ptr, memory.size if array.data.device_id == self.device.id else 0

    def title(self) -> str:
        """Return what the maker calls the device."""
        name: bytes = cupy.cuda.runtime.getDeviceProperties(self.device.id)["name"]
        return name.decode()


def _pool() -> Any:
    """Return the pool that CuPy allocates from, or its own where the program's allocator is none."""
    pool = getattr(cupy.cuda.get_allocator(), "__self__", None)
    return pool if hasattr(pool, "used_bytes") else cupy.get_default_memory_pool()


def asked(error: BaseException) -> int | None:
    """Return the bytes that were not to be had, 0 where the error does not say; None for any other error."""
    if isinstance(error, cupy.cuda.memory.OutOfMemoryError):
        return int(error._size)
    return 0 if any(sign in str(error) for sign in SHORT) else None


def count_devices(name: str) -> int:
    """Return how many CUDA devices there are; raises ``DeviceUnavailableError`` where that is none."""
    got = f"{name!r} cannot be used here"
    runtime = cupy.cuda.runtime
    try:
        driver = runtime.driverGetVersion()
    except RuntimeError:
        driver = 0
    if not driver:
        advice = (
            "the NVIDIA driver is not installed",
            "install it, then ask nvidia-smi whether it sees the GPU",
        )
        raise DeviceUnavailableError(message("device", got, *advice))
    try:
        count = int(runtime.getDeviceCount())
    except runtime.CUDARuntimeError as error:
        if "NoDevice" in str(error):
            count = 0
        else:
            serves = f"the NVIDIA driver serves CUDA {driver // 1000}.{driver % 1000 // 10}"
            raise DeviceUnavailableError(message("device", got, serves, str(error), BUILDS)) from error
    if not count:
        raise DeviceUnavailableError(
            message("device", got, "the driver sees no GPU", "ask nvidia-smi which it sees")
        )
    return count
