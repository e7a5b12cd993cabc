"""DLPack, as a library's arrays have it: memory handed to others, and arrays on the memory of others.

What is handed out is a copy unless it was asked not to be: not every consumer heeds that memory is to be read
only, and a write there would change what a backward pass has saved.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any, ClassVar

import numpy as np

from anygrad.errors import InterchangeError, message

__all__ = ["HostInterchange", "Interchange", "runs_backwards"]

HOST = (1, 0)
"""What DLPack calls the memory of the host."""

NO_WAY_BACK = "not every library can import that; leave copy=False out"

Place = tuple[int, int]


class Interchange:
    """What a backend knows of DLPack; a part of ``Backend``."""

    module: Any
    device: Any
    name: str
    accept: Any
    asarray: Any
    dtype_of: Any
    entered: Any
    from_numpy: Any
    natives: Any
    to_numpy: Any
    zeros: Any
    generics: ClassVar[frozenset[type]]
    shortage: ClassVar[Any]

    shares: ClassVar[bool] = False
    """Whether arrays may lie on another library's memory, and others on theirs: neither is written then."""

    @functools.cached_property
    def dlpack_device(self) -> Place | None:
        """What DLPack calls the memory of this device; None where the library has no name for it."""
        try:
            dtype = self.natives[np.dtype("float32")]
            return self.dlpack_device_of(self.zeros((1,), dtype=dtype, device=self.device))
        except InterchangeError:
            return None

    def dlpack_device_of(self, array: Any) -> Place:
        """Return the name of an array's memory in DLPack; raises ``InterchangeError`` where it has none."""
        try:
            kind, index = array.__dlpack_device__()
        except (AttributeError, BufferError) as error:
            advice = "move it first, with .to('cpu')"
            raise InterchangeError(
                message("__dlpack_device__", f"DLPack has no name for {self.name}", advice)
            ) from error
        return int(kind), int(index)

    def export(self, array: Any, copy: bool | None, **keywords: Any) -> Any:
        """Return a capsule of an array: of a copy, or with ``copy=False`` of its own memory."""
        place, wanted = self.dlpack_device_of(array), keywords["dl_device"]
        if wanted is not None and (int(wanted[0]), int(wanted[1])) not in (place, HOST):
            expected = f"expected {place}" + ("" if place == HOST else f", or {HOST} for the host")
            raise InterchangeError(message("__dlpack__", f"dl_device is {wanted}", expected))
        try:
            with self.entered():
                if copy is False:
                    return self.shared(array, keywords["max_version"]).__dlpack__(copy=False, **keywords)
                return array.__dlpack__(copy=True, **keywords)
        except (BufferError, RuntimeError, ValueError) as error:
            if isinstance(error, InterchangeError):
                raise
            short = self.shortage("__dlpack__", error)
            raise short or InterchangeError(message("__dlpack__", str(error))) from error

    def shared(self, array: Any, version: tuple[int, int] | None) -> Any:
        """Return an array as its own memory is handed out, to a consumer of some version of DLPack."""
        if runs_backwards(array):
            raise InterchangeError(message("__dlpack__", "x runs backwards in memory", NO_WAY_BACK))
        return array

    def hosted(self, array: Any, pinned: bool) -> np.ndarray:
        """Copy an array to the host; ``pinned``: into page-locked memory, where the device knows that."""
        found: np.ndarray = self.to_numpy(array)
        return found

    def adopt(self, x: Any, copy: bool | None) -> Any:
        """Return an array on the memory of ``x``, which lies on this device; raises where there can be none.

        With ``copy=False`` that is all; else the library may copy.
        """
        return self.module.from_dlpack(x, device=self.device, copy=copy)

    def in_memory(self, array: Any) -> Any:
        """Return what a tensor holds as an array, which one of ``generics`` is not."""
        return self.asarray(array) if array.__class__ in self.generics else array

    def bring(self, array: Any, source: Any) -> Any:
        """Return an array of another backend on this device: on the same memory where both see that."""
        place = self.dlpack_device if self.shares and source.shares else None
        if place is not None and place == source.dlpack_device and source.dtype_of(array) in self.natives:
            with contextlib.suppress(BufferError, RuntimeError, TypeError, ValueError):
                return self.accept(self.adopt(array, None))
        return self.from_numpy(array if source.name == "cpu" else source.to_numpy(array))


class HostInterchange(Interchange):
    """NumPy's part: a reader is told not to write, where DLPack has a word for it."""

    shares = True

    def shared(self, array: Any, version: tuple[int, int] | None) -> Any:
        array = super().shared(array, version)
        if version is not None and version[0] >= 1:
            array = array.view()
            array.flags.writeable = False
        return array

    def adopt(self, x: Any, copy: bool | None) -> Any:
        return np.from_dlpack(x, copy=copy) if copy is False else np.from_dlpack(x)


def runs_backwards(array: Any) -> bool:
    """Tell whether an array has a negative stride, at which PyTorch ends the process that imports it."""
    return any(step < 0 for step in getattr(array, "strides", ()))
