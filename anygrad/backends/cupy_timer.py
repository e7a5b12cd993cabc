"""What a CUDA device says of the time: events on its current stream, read when all is done.

The host's clock tells when a kernel was launched, not how long it ran.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

import cupy

__all__ = ["Timer"]


class Timer:
    """Marks points in the work of one device without waiting for it."""

    def __init__(self, device: Any) -> None:
        self.device = device
        self.began = self.mark()
        self.offset = 0

    def mark(self) -> Any:
        """Return an event that is over when all launched before it, on this thread's stream, is."""
        with self.device:
            return cupy.cuda.get_current_stream().record()

    def settle(self) -> None:
        """Wait for the device, once, after which marks can be read."""
        end = self.mark()
        self.device.synchronize()
        self.offset = perf_counter_ns() - _between(self.began, end)

    def read(self, first: Any, last: Any) -> tuple[int, int]:
        """Return when a mark was passed, by the host's clock, and how long until another, in nanoseconds."""
        return self.offset + _between(self.began, first), _between(first, last)


def _between(first: Any, last: Any) -> int:
    return int(cupy.cuda.get_elapsed_time(first, last) * 1e6)
