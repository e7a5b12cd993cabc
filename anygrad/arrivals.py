"""What is done for a library once it is imported, be that before ``anygrad`` or after it.

Some libraries find others' tensors by classes that must have been declared. Nothing is imported for that:
a library that is never imported costs one comparison at each import of another.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import Any

from anygrad.errors import message

__all__ = ["AWAITED", "Awaiting", "await_arrivals"]

AWAITED = {"einops": "anygrad.interop.einops", "einx": "anygrad.interop.einx"}
"""The module of ours that makes us known to a library."""


class Awaiting:
    """Finds the module of a library as others do, and adds to how it is loaded what comes after."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return how a library is loaded that is awaited; None for every other module."""
        if name not in AWAITED:
            return None
        finders = [f for f in sys.meta_path if f is not self and hasattr(f, "find_spec")]
        spec = next((s for s in (f.find_spec(name, path, target) for f in finders) if s is not None), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def executed(module: Any) -> None:
                execute(module)
                _known_to(name)

            spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


def _known_to(library: str) -> None:
    """Make us known to a library; warn where it has changed so much that this fails, and let it be."""
    try:
        importlib.import_module(AWAITED[library])
    except ImportError as error:
        got = f"this version cannot be told of anygrad's tensors: {error}"
        warnings.warn(message(library, got, "its functions will not take them"), stacklevel=2)


def await_arrivals() -> None:
    """Make us known to the libraries that are there, and later to those that come."""
    for library in AWAITED:
        if sys.modules.get(library) is not None:  # None keeps it from being imported
            _known_to(library)
    if not any(isinstance(f, Awaiting) for f in sys.meta_path):
        sys.meta_path.insert(0, Awaiting())
