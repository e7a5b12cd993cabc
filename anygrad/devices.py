"""Devices by name, and the backend of each: ``cpu`` is NumPy, ``cuda`` is CuPy, others go by library.

No array library but NumPy is imported until a device or an array of it is used. Backends of other
libraries register under the entry-point group ``anygrad.backends``; a conforming library needs none.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from typing import Any

import numpy as np

from anygrad.backends.base import Backend
from anygrad.backends.numpy import NumpyBackend
from anygrad.errors import DeviceError, DeviceUnavailableError, DtypeError, message

__all__ = [
    "CPU",
    "Device",
    "backend_of",
    "device",
    "devices",
    "get_backend",
    "get_default_device",
    "get_default_dtype",
    "opened",
    "set_default_device",
    "set_default_dtype",
]

BUILT_IN = {
    "cuda": "anygrad.backends.cupy:CupyBackend",
    "torch": "anygrad.backends.torch:TorchBackend",
    "jax": "anygrad.backends.jax:JaxBackend",
    "dask": "anygrad.backends.dask:DaskBackend",
    "array_api_strict": "anygrad.backends.strict:StrictBackend",
}
LIBRARY_OF_MODULE = {"numpy": "cpu", "cupy": "cuda", "jaxlib": "jax"}
NAMED_OTHERWISE = {"numpy": "cpu", "cupy": "cuda", "gpu": "cuda"}
CALLED = {"cuda": "CuPy", "torch": "PyTorch", "jax": "JAX", "dask": "Dask"}
INSTALL = {
    "cuda": 'from the checkout: pip install -e ".[cuda13]", or ".[cuda12]" where the driver is older',
    "torch": 'from the checkout: pip install -e ".[torch]"',
    "jax": 'from the checkout: pip install -e ".[jax]"',
    "dask": 'from the checkout: pip install -e ".[dask]"',
    "array_api_strict": "pip install array-api-strict",
}


class Device:
    """The name of a place where arrays lie: ``cpu``, ``cuda:0``, ``torch:cpu``, ``array_api_strict:device1``.

    Devices compare equal to their names, and to any other name of the same place that was used before
    (``cuda`` is always ``cuda:0``); nothing is opened to compare. They hash as the name their tensors show.

    >>> device("cpu") == "cpu"
    True
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def library(self) -> str:
        """The part before the colon."""
        return self.name.partition(":")[0]

    @property
    def index(self) -> int | None:
        """The number after the colon; None where there is none."""
        spec = self.name.partition(":")[2]
        return int(spec) if spec.isdigit() else None

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"device({self.name!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Device | str):
            return NotImplemented
        name = str(other)
        return self.name == name or _shown(self.name) == _shown(name)

    def __hash__(self) -> int:
        return hash(_shown(self.name))

    def __reduce__(self) -> tuple[Any, ...]:
        return Device, (self.name,)


def _shown(name: str) -> str:
    """Return the name that the tensors of a device show, as far as that is known without opening it."""
    if name == "cuda":
        return "cuda:0"
    found = _backends.get(name)
    return name if found is None else found.name


def device(name: str | Device) -> Device:
    """Return the ``Device`` of a name, without asking whether it can be used here.

    Raises ``DeviceError`` for what cannot be a device's name.

    >>> device("cuda:1").index
    1
    """
    if isinstance(name, Device):
        return name
    if not isinstance(name, str):
        advice = "expected a name such as 'cpu', 'cuda', 'cuda:1' or 'torch:cpu'"
        raise DeviceError(message("device", f"got {name!r}", advice))
    library, colon, spec = name.partition(":")
    if library in NAMED_OTHERWISE:
        raise DeviceError(message("device", f"{name!r} is no device", f"write {NAMED_OTHERWISE[library]!r}"))
    known = all(part.isidentifier() for part in library.split("."))
    if not known or (colon and not spec) or (library == "cuda" and colon and not spec.isdigit()):
        advice = "expected 'cpu', 'cuda', 'cuda:1', or '<library>:<its device>'"
        raise DeviceError(message("device", f"{name!r} is no device", advice))
    return Device(name)


CPU = NumpyBackend()
_backends: dict[str, Backend] = {"cpu": CPU}
_default: list[Backend] = [CPU]


@functools.cache
def _registered() -> dict[str, str]:
    """Return the backends that installed packages register, with ours before theirs."""
    import importlib.metadata  # slow to import, and never needed on the CPU

    found = {e.name: e.value for e in importlib.metadata.entry_points(group="anygrad.backends")}
    return found | BUILT_IN


def _class_of(library: str) -> type[Backend]:
    if library == "cpu":
        return NumpyBackend
    where = _registered().get(library)
    if where is None:
        return Backend
    module, _, name = where.partition(":")
    found: type[Backend] = getattr(importlib.import_module(module), name)
    return found


def get_backend(where: str | Device | None) -> Backend:
    """Return the backend of a device (None: the default one).

    Raises ``DeviceError`` for an unknown device, ``DeviceUnavailableError`` for one that cannot be used here.
    """
    if where is None:
        return _default[0]
    name = device(where).name
    found = _backends.get(name)
    if found is not None:
        return found
    library, _, spec = name.partition(":")
    try:
        found = _class_of(library).open(library, spec)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == __name__.partition(".")[0]:
            raise
        raise _missing(library, name, error.name) from error
    except ImportError as error:
        if (error.name or "").partition(".")[0] == __name__.partition(".")[0]:
            raise
        raise _broken(library, name, error) from error
    except LookupError as error:
        if type(error) is not LookupError:
            raise
        raise DeviceError(message("device", f"{name!r} is no device of {library}", str(error))) from error
    found = _backends.setdefault(found.name, found)
    _backends[name] = found
    return found


def opened(kind: type[Backend] | None = None) -> list[Backend]:
    """Return the backends of a class, or all, that are in use."""
    return list(dict.fromkeys(xp for xp in list(_backends.values()) if kind in (None, xp.__class__)))


def _missing(library: str, name: str, module: str | None) -> Exception:
    """Return the error for a library, or something that it needs, that is not installed."""
    if module == library and library not in _registered():
        got = f"{name!r} is no device"
        return DeviceError(message("device", got, f"no array library named {library!r} is installed"))
    what = (
        CALLED.get(library, library) if module and module.partition(".")[0] in (library, "cupy") else module
    )
    advice = f"{what} is not installed", INSTALL.get(library, f"install {module}")
    return DeviceUnavailableError(message("device", f"{name!r} cannot be used here", *advice))


def _broken(library: str, name: str, error: ImportError) -> Exception:
    """Return the error for a library that is installed and does not load."""
    says = [line.strip() for line in str(error).splitlines() if line.strip(" =")]
    got = f"{CALLED.get(library, library)} is installed and does not load"
    advice = got, *says[-1:], INSTALL.get(library, f"install {library} anew")
    return DeviceUnavailableError(message("device", f"{name!r} cannot be used here", *advice))


REFUSED = {
    "MaskedArray": ("its mask would be lost", "write m.filled(value), or choose with where(m.mask, ...)"),
    "matrix": ("its product is another than that of arrays", "write numpy.asarray(m)"),
}
"""Kinds of NumPy's arrays whose meaning a tensor has not."""


@functools.cache
def _library_of(kind: type) -> str | None:
    """Return the library of an array type, or None where the type is no array of any."""
    if not hasattr(kind, "dtype") or not hasattr(kind, "shape"):
        return None
    for base in kind.__mro__:
        root = base.__module__.partition(".")[0]
        root = LIBRARY_OF_MODULE.get(root, root)
        if root == "cpu" and not issubclass(kind, np.ndarray | np.generic):
            continue
        if root == "cpu" and base.__name__ in REFUSED:
            raise DtypeError(message("asarray", f"got a {base.__name__}", *REFUSED[base.__name__]))
        if root == "cpu" or root in _registered():
            return root
    return "" if hasattr(kind, "__array_namespace__") else None


def backend_of(array: Any) -> Backend | None:
    """Return the backend of an array of any library, or None where the object is no array."""
    library = _library_of(array.__class__)
    if library == "cpu":
        return CPU
    if library is None:
        return None
    if not library:
        library = array.__array_namespace__().__name__
    spec = _class_of(library).spec_of(array)
    return get_backend(f"{library}:{spec}" if spec else library)


def devices() -> list[Device]:
    """Return the devices that can be used here, without importing a library that is not imported yet.

    CUDA is asked by trying. A library that is installed and not imported is listed by its name alone.

    >>> device("cpu") in devices()
    True
    """
    names = ["cpu"]
    for library in _registered():
        if library != "cuda" and library not in sys.modules:
            names += [library] if importlib.util.find_spec(library) else []
            continue
        try:
            for spec in _class_of(library).usable():
                names.append(get_backend(f"{library}:{spec}" if spec else library).name)
        except DeviceUnavailableError:
            continue
        except ImportError as error:
            if (error.name or "").partition(".")[0] == __name__.partition(".")[0]:
                raise
    return [Device(name) for name in dict.fromkeys(names)]


# ---------------------------------------------------------------- defaults

_default_dtype: list[np.dtype] = [np.dtype("float64")]


def get_default_device() -> Device:
    """Return the device on which tensors are created when none is named.

    >>> get_default_device()
    device('cpu')
    """
    return Device(_default[0].name)


def set_default_device(where: str | Device) -> None:
    """Create tensors on this device from now on, where none is named.

    Raises what ``device`` raises, and ``DeviceUnavailableError`` where it cannot be used here.
    """
    _default[0] = get_backend(where)


def get_default_dtype() -> np.dtype:
    """Return the real dtype of Python floats: float64 until it is set.

    >>> get_default_dtype()
    dtype('float64')
    """
    return _default_dtype[0]


def set_default_dtype(dtype: Any) -> None:
    """Make ``float32`` or ``float64`` the dtype of Python floats in lists, and of integers times one.

    Raises ``DtypeError`` for any other dtype.
    """
    try:
        new = np.dtype(dtype)
    except TypeError:
        raise DtypeError(
            message("set_default_dtype", f"got {dtype!r}", "expected float32 or float64")
        ) from None
    if new not in (np.dtype("float32"), np.dtype("float64")):
        raise DtypeError(message("set_default_dtype", f"got {new}", "expected float32 or float64"))
    _default_dtype[0] = new
    # Only with NumPy's own default may a bare float or complex be left to the library.
    Backend.scalars = frozenset({int, float, complex, bool} if new == np.float64 else {int, bool})
