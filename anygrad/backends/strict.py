"""array_api_strict: the standard and nothing else, each of its devices a backend of its own."""

from __future__ import annotations

from typing import Any

import array_api_strict
import numpy as np

from anygrad.backends.base import Backend, check_bounds

__all__ = ["StrictBackend"]


class Apart(dict[Any, Any]):
    """A table whose keys are told apart by type first: comparing the library's dtypes with NumPy's warns."""

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__((type(key), key))

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((type(key), key), value)

    def __contains__(self, key: Any) -> bool:
        return super().__contains__((type(key), key))

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((type(key), key), default)


class StrictBackend(Backend):
    """One of array_api_strict's devices; all but the first count as memory that the host does not see."""

    table = Apart

    @classmethod
    def open(cls, library: str, spec: str) -> Backend:
        known = {_name(d): d for d in array_api_strict.__array_namespace_info__().devices()}
        default = _name(array_api_strict.__array_namespace_info__().default_device())
        if spec and spec not in known:
            raise LookupError(f"its devices are {', '.join(known)}")
        spec = spec or default
        return cls(array_api_strict, known[spec], library if spec == default else f"{library}:{spec}")

    @classmethod
    def spec_of(cls, array: Any) -> str:
        return _name(array.device)

    @classmethod
    def usable(cls) -> list[str]:
        return [_name(d) for d in array_api_strict.__array_namespace_info__().devices()]

    def to_numpy(self, array: Any) -> np.ndarray:
        # The library's own way to the host stays free to be trapped by tests.
        return np.array(array._array)

    def bounded(self, index: Any, n: int, axis: int) -> Any:
        if self.device == array_api_strict.Device():
            check_bounds(self.to_numpy(index), n, axis)
        return index


def _name(device: Any) -> str:
    return str(device._device)
