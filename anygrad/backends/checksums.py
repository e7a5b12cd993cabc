"""Checksums of arrays, which tell whether somebody has written into one; they stay on the device."""

from __future__ import annotations

from typing import Any

__all__ = ["Checksums", "ViewedChecksums"]


class Checksums:
    """Where nobody can write into an array, or nobody can tell."""

    def checksum(self, array: Any) -> Any:
        """Return a number, as an array of this device, that changes with the array; None without need."""
        return None


class ViewedChecksums:
    """Where an array shows its bits as integers, with NumPy's functions: each is weighed by its place."""

    module: Any
    arange: Any
    entered: Any

    def checksum(self, array: Any) -> Any:
        if not array.size:
            return None
        with self.entered():
            bits = self.module.array(array, order="C").reshape(-1).view(f"u{min(array.dtype.itemsize, 8)}")
            return (bits * self.arange(1, 2 * bits.size, 2, dtype="uint64")).sum()
