"""anygrad: reverse-mode automatic differentiation for any array library that speaks the Array API standard.

The package has the standard's names and is the namespace of its tensors, which carry gradients; operations
run on NumPy (``device="cpu"``), CuPy (``device="cuda"``) or any conforming library.
"""

from typing import Any

from anygrad import (
    autograd,
    errors,
    fft,
    linalg,
    memory,  # noqa: F401  (tells backends who holds their memory)
    ops,  # noqa: F401  (declares the rows, before anything reads the registry)
    protocols,  # noqa: F401  (puts on Tensor what NumPy asks of it)
)
from anygrad.arrivals import await_arrivals as _await_arrivals
from anygrad.autograd import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from anygrad.custom import Function
from anygrad.devices import (
    Device,
    device,
    devices,
    get_default_device,
    get_default_dtype,
    set_default_device,
    set_default_dtype,
)
from anygrad.errors import *  # noqa: F403
from anygrad.errors import __all__ as _ERRORS
from anygrad.functions import functions_of as _functions_of
from anygrad.graph import Node
from anygrad.hints import elsewhere as _elsewhere
from anygrad.inspection import (
    __array_namespace_info__,
    broadcast_shapes,
    can_cast,
    finfo,
    iinfo,
    isdtype,
    result_type,
)
from anygrad.interchange import from_dlpack
from anygrad.methods import METHODS as _METHODS  # noqa: F401  (puts them on Tensor)
from anygrad.namespace import CONSTANTS as _CONSTANTS
from anygrad.namespace import LIKE as _LIKE
from anygrad.ops.searching import UniqueAllResult, UniqueCountsResult, UniqueInverseResult
from anygrad.tensors import Tensor, asarray, tensor

__version__ = "0.1.0"
__array_api_version__ = "2025.12"

_PUBLIC = _functions_of("")
globals().update(_PUBLIC | _CONSTANTS | _LIKE)

_TRANSFORMS = {
    **dict.fromkeys(("checkpoint", "checkpoint_sequential"), "checkpointing"),
    **dict.fromkeys(("custom_jvp", "custom_vjp"), "custom_rules"),
    **dict.fromkeys(("ggnvp", "hessian", "hvp", "jacobian", "vhp"), "jacobians"),
    **dict.fromkeys(("elementwise_grad", "grad", "jvp", "linearize", "value_and_grad", "vjp"), "transforms"),
    "primitive": "declaring",
}
"""What takes functions, and where it is: imported when it is first used, as all in ``_LATE``."""

__all__ = [
    "Device",
    "Function",
    "Node",
    "Tensor",
    "UniqueAllResult",
    "UniqueCountsResult",
    "UniqueInverseResult",
    "__array_namespace_info__",
    "asarray",
    "autograd",
    "broadcast_shapes",
    "can_cast",
    "device",
    "devices",
    "enable_grad",
    "errors",
    "fft",
    "finfo",
    "from_dlpack",
    "get_default_device",
    "get_default_dtype",
    "iinfo",
    "is_grad_enabled",
    "isdtype",
    "linalg",
    "no_grad",
    "result_type",
    "set_default_device",
    "set_default_dtype",
    "set_grad_enabled",
    "tensor",
    *_ERRORS,
    *_TRANSFORMS,
    *_PUBLIC,
    *_CONSTANTS,
    *_LIKE,
]


_await_arrivals()

_LATE = {
    **_TRANSFORMS,
    "audit": "auditing",
    "detect_anomaly": "anomalies",
    "deterministic": "determinism",
    "draw": "drawing",
    "load": "storage",
    "nan_safe": "masking",
    "profile": "profiling",
    "save": "storage",
    "strict": "auditing",
    "verify": "verifying",
}
_LATE_MODULES = (
    *("cuda", "drawing", "interop", "numpy", "profiling", "random", "scipy", "special", "testing"),
)


def __getattr__(name: str) -> Any:
    """Import what few programs use when it is first used."""
    import importlib

    if name in _LATE_MODULES:
        return importlib.import_module(f"anygrad.{name}")
    if name in _LATE:
        found = globals()[name] = getattr(importlib.import_module(f"anygrad.{_LATE[name]}"), name)
        return found
    return _elsewhere(name)


def __dir__() -> list[str]:
    return sorted({*__all__, "__array_api_version__", "__version__", *_LATE, *_LATE_MODULES})
