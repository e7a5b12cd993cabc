"""``from_dlpack``: tensors on the memory of other libraries' arrays, through DLPack.

An array of a library that has a backend stays in that library; NumPy's, and those of unknown libraries,
become the default device's where that is the same memory.
"""

from __future__ import annotations

from typing import Any

from anygrad.backends.base import Backend
from anygrad.construction import carry, from_array, known_dtype
from anygrad.devices import CPU, backend_of, get_backend
from anygrad.errors import BufferExitError, InterchangeError, message
from anygrad.tensors import Tensor, wrap

__all__ = ["from_dlpack"]

CUDA = (2, 13)
"""What DLPack calls the memory of NVIDIA's devices, and what of it is the host's too."""


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """Return a tensor of an array of any library, on its memory unless ``copy=True``.

    Without ``device`` it lies where x lies. Memory that others see is never written, but what its owner
    writes there shows. Raises ``InterchangeError``, a ``BufferError`` and a ``ValueError``, where
    ``copy=False`` cannot be had, ``BufferExitError`` for what tracks a gradient, ``DtypeError`` for a dtype
    that the device lacks and ``AttributeError`` for what does not speak DLPack.

    >>> import numpy as np
    >>> import anygrad as ag
    >>> ag.from_dlpack(np.array([1.0, 2.0]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    return imported(x, device, copy, get_backend(None))


def imported(x: Any, device: Any, copy: bool | None, home: Backend) -> Tensor:
    """Return a tensor of an array of any library; without ``device`` on ``home`` where that is its memory."""
    if not hasattr(x, "__dlpack__") or not hasattr(x, "__dlpack_device__"):
        got = f"got {type(x).__name__}, which does not speak DLPack"
        raise AttributeError(message("from_dlpack", got, "pass ag.asarray(x)"))
    if isinstance(x, Tensor):
        source, array, known = x.xp, x._untracked("from_dlpack", BufferExitError), True
    else:
        source, array, known = _read(x, copy)
    target = get_backend(device) if device is not None else source if known else _near(source, home)
    known_dtype("from_dlpack", target, source.dtype_of(array))
    if target is source:
        return wrap(target.compact(array) if copy else array, target, None)
    if not copy and source.dlpack_device is not None and source.dlpack_device == target.dlpack_device:
        try:
            return wrap(target.accept(target.adopt(array, copy)), target, None)
        except (BufferError, ValueError) as error:
            if copy is False:
                raise InterchangeError(message("from_dlpack", str(error), "leave copy=False out")) from error
    elif copy is False:
        got = f"x is on {source.name}, device is {target.name}"
        raise InterchangeError(message("from_dlpack", got, "that needs a copy", "leave copy=False out"))
    return wrap(carry(source.compact(array) if copy else array, source, target), target, None)


def _read(x: Any, copy: bool | None) -> tuple[Backend, Any, bool]:
    """Return the backend of another library's array, the array, and whether that library is no stranger."""
    source, copy = backend_of(x), False if copy is False else None
    if source is not None:
        return source, from_array(x, None, source, source, copy), source is not CPU
    kind, index = x.__dlpack_device__()
    source = get_backend(f"cuda:{int(index)}") if int(kind) in CUDA else CPU
    return source, source.accept(source.adopt(x, copy)), False


def _near(source: Backend, home: Backend) -> Backend:
    """Return the backend to read an array with: the one at home where it reads the same memory."""
    return home if source.dlpack_device == home.dlpack_device else source
