"""What is CUDA's of the stand-in for CuPy: devices, streams, memory that can run out, pinned memory.

Nothing is asynchronous here. What could go wrong if it were is written down instead: who waits for what, on
which stream an array was made, and a copy that the device would still have to read is garbage.
"""

from __future__ import annotations

import contextlib
import itertools
import weakref
from collections import defaultdict
from time import perf_counter
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

CURRENT = [0]
CARD = 1 << 30
"""The bytes of a card."""


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

    def synchronize(self) -> None:
        LOG.append(("synchronize", self.id))

    @property
    def mem_info(self) -> tuple[int, int]:
        return CARD - POOL.taken[self.id], CARD


# ---------------------------------------------------------------- streams

LOG: list[tuple[Any, ...]] = []
"""What was recorded, waited for and synchronised, in order."""


class Event:
    done = True

    def __init__(self, stream: Stream) -> None:
        self.of, self.at = stream, perf_counter()

    def synchronize(self) -> None:
        LOG.append(("synchronize", self))


class Stream:
    numbers: ClassVar[Any] = itertools.count(1)
    stacks: ClassVar[dict[int, list[Stream]]] = {}

    def __init__(self, null: bool = False, non_blocking: bool = False, priority: int | None = None) -> None:
        self.ptr = 0 if null else next(self.numbers)
        self.device_id = -1 if null else CURRENT[0]
        self.non_blocking, self.priority, self.done = non_blocking, priority, True

    def here(self) -> int:
        """Return the current device; the stream must be of it."""
        if self.device_id not in (-1, CURRENT[0]):
            raise RuntimeError(f"a stream of device {self.device_id}, the current one is {CURRENT[0]}")
        return CURRENT[0]

    def __enter__(self) -> Stream:
        self.stacks.setdefault(self.here(), []).append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        self.stacks[self.here()].pop()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.ptr == other.ptr

    __hash__ = None  # type: ignore[assignment]

    def record(self) -> Event:
        event = Event(self)
        LOG.append(("record", self.here(), self.ptr, event))
        return event

    def wait_event(self, event: Event) -> None:
        LOG.append(("wait", self.here(), self.ptr, event))

    def synchronize(self) -> None:
        LOG.append(("synchronize", self.ptr))


NULL = Stream(null=True)


def get_current_stream(device_id: int = -1) -> Stream:
    stack = Stream.stacks.get(CURRENT[0] if device_id == -1 else device_id)
    return stack[-1] if stack else NULL


# ---------------------------------------------------------------- memory


class Memory:
    def __init__(self, ptr: int = 0, size: int = 0) -> None:
        self.ptr, self.size = ptr, size


class UnownedMemory(Memory):
    pass


class OutOfMemoryError(MemoryError):
    def __init__(self, size: int, total: int, limit: int = 0) -> None:
        self._size, self._total, self._limit = size, total, limit
        super().__init__(f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes).")


class Pool:
    """CuPy's memory pool: what is freed is kept, until it is asked for or given back."""

    def __init__(self) -> None:
        self.used: defaultdict[int, int] = defaultdict(int)
        self.taken: defaultdict[int, int] = defaultdict(int)

    def malloc(self, size: int) -> None:
        raise NotImplementedError

    def take(self, array: Any) -> None:
        """Account for the memory of a new array, until it dies."""
        where, size = CURRENT[0], int(array.nbytes)
        if self.used[where] + size > CARD:
            self.free_all_blocks()
            raise OutOfMemoryError(size, self.used[where])
        self.used[where] += size
        self.taken[where] = max(self.taken[where], self.used[where])
        weakref.finalize(array, self.give, where, size).atexit = False

    def give(self, where: int, size: int) -> None:
        self.used[where] -= size

    def used_bytes(self) -> int:
        return self.used[CURRENT[0]]

    def free_bytes(self) -> int:
        return self.taken[CURRENT[0]] - self.used[CURRENT[0]]

    def free_all_blocks(self) -> None:
        self.taken[CURRENT[0]] = self.used[CURRENT[0]]


class PinnedPool:
    blocks = 3

    def n_free_blocks(self) -> int:
        return self.blocks

    def free_all_blocks(self) -> None:
        self.blocks = 0


POOL = Pool()
PINNED: set[int] = set()
"""Addresses of host arrays that stand for pinned ones, while they live."""


def pinned(shape: Any, dtype: Any) -> np.ndarray:
    """Return a host array in pinned memory."""
    array = np.empty(shape, dtype)
    address = array.ctypes.data
    PINNED.add(address)
    weakref.finalize(array, PINNED.discard, address).atexit = False
    return array


def is_memory_pinned(address: int) -> bool:
    return address in PINNED


class CUDARuntimeError(RuntimeError):
    pass


def _gemm(dtype: Any) -> Any:
    """Return cuBLAS's product of matrices that lie column by column, at addresses of the host."""

    def at(address: int, rows: int, columns: int) -> np.ndarray:
        kind = np.ctypeslib.as_ctypes_type(dtype)
        flat = np.ctypeslib.as_array((kind * (rows * columns)).from_address(address))
        return flat.reshape(columns, rows).T

    def gemm(
        handle: str, turn_a: int, turn_b: int, m: int, n: int, k: int, alpha: int, a: int, lda: int,
        b: int, ldb: int, beta: int, c: int, ldc: int,
    ) -> None:  # fmt: skip
        assert handle == f"cublas {CURRENT[0]}" and at(alpha, 1, 1) == 1 and at(beta, 1, 1) == 0
        assert (lda, ldb, ldc) == (k if turn_a else m, n if turn_b else k, m)
        left = at(a, lda, m if turn_a else k)
        right = at(b, ldb, k if turn_b else n)
        at(c, m, n)[...] = (left.T if turn_a else left) @ (right.T if turn_b else right)

    return gemm


def cuda(count: int) -> SimpleNamespace:
    """Return what ``cupy.cuda`` is on a machine with some GPUs."""
    runtime = SimpleNamespace(
        CUDARuntimeError=CUDARuntimeError,
        driverGetVersion=lambda: 13000,
        getDeviceCount=lambda: count,
        getDeviceProperties=lambda index: {"name": b"Stand-in %d" % index},
    )
    return SimpleNamespace(
        Device=Device,
        Memory=Memory,
        Stream=Stream,
        UnownedMemory=UnownedMemory,
        cublas=SimpleNamespace(sgemm=_gemm(np.float32), dgemm=_gemm(np.float64)),
        device=SimpleNamespace(get_cublas_handle=lambda: f"cublas {CURRENT[0]}"),
        compiler=SimpleNamespace(CompileException=type("CompileException", (Exception,), {})),
        get_allocator=lambda: POOL.malloc,
        get_current_stream=get_current_stream,
        get_elapsed_time=lambda first, last: 1e3 * (last.at - first.at),
        memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
        pinned_memory=SimpleNamespace(is_memory_pinned=is_memory_pinned),
        runtime=runtime,
    )
