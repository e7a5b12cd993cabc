"""The backends that tests run on, and how an input is made for each: in some memory order, or read-only."""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.backends.base import Backend
from anygrad.tensors import Tensor, asarray, wrap

DEVICES = {
    "numpy": "cpu",
    "numpy-readonly": "cpu",
    "strict": "array_api_strict:device1",
    "torch": "torch:cpu",
    "jax": "jax",
    "cupy": "cuda",
}
"""Each name that ``--backends`` takes, and its device."""

LAYOUTS = ("F", "reversed", "step")
"""Memory orders beside the contiguous one: column-major, backwards, every second entry of a longer row."""


class Target:
    """One backend under test; ``name`` is as ``--backends`` has it, or the device of ``--device``."""

    def __init__(self, name: str, backend: Backend) -> None:
        self.name = next((n for n, d in DEVICES.items() if d == name), name)
        self.backend = backend
        self.device = backend.name
        self.is_numpy = self.device == "cpu"
        self.has_layouts = not self.device.startswith("jax")

    def __repr__(self) -> str:
        return f"<target {self.name}>"

    def holds(self, t: Tensor) -> bool:
        """Tell whether a tensor holds what its backend's tensors do: an array, or without axes a scalar."""
        kind = type(t.array)
        return kind is self.backend.array_type or (not t.shape and kind in self.backend.generics)

    def make(self, host: Any, grad: bool = False, layout: str = "C") -> Tensor:
        """Return a leaf with the host's values and dtype, in a memory order."""
        host = np.asarray(host)
        if self.is_numpy:
            array = laid_out(host, layout)
            array.flags.writeable = self.name != "numpy-readonly"
            made = asarray(array, device="cpu")
        else:
            made = wrap(self._laid_out(host, layout), self.backend, None)
        return made.requires_grad_() if grad else made

    def _laid_out(self, host: np.ndarray, layout: str) -> Any:
        xp = self.backend
        if layout == "F":
            order = tuple(reversed(range(host.ndim)))
            return xp.permute_dims(xp.from_numpy(host.transpose(order).copy(order="C")), order)
        if layout == "reversed" and host.ndim:
            return xp.flip(xp.from_numpy(np.flip(host).copy(order="C")))
        if layout == "step" and host.ndim:
            key = (*(slice(None),) * (host.ndim - 1), slice(0, 2 * host.shape[-1], 2))
            return xp.getitem(xp.from_numpy(np.repeat(host, 2, axis=-1)), key)
        return xp.from_numpy(host.copy(order="C"))


def laid_out(host: np.ndarray, layout: str) -> np.ndarray:
    """Return a copy of an array in a memory order."""
    if layout == "F":
        return np.array(host, order="F")
    if layout == "reversed" and host.ndim:
        back = (slice(None, None, -1),) * host.ndim
        return np.array(host[back], order="C")[back]
    if layout == "step" and host.ndim:
        return np.repeat(host, 2, axis=-1)[..., ::2]
    return np.array(host, order="C")
