"""What NumPy asks of tensors that its functions are handed: ``__array_ufunc__`` and ``__array_function__``.

The answer stands in one table, the package ``anygrad.numpy``, which is imported when NumPy first asks. A
function that is not there raises and names the nearest one: nothing is computed by way of NumPy's arrays.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.construction import SCALARS
from anygrad.errors import UnsupportedError, message
from anygrad.tensors import Tensor

__all__: list[str] = []


@functools.cache
def _table() -> dict[str, Any]:
    """Return NumPy's functions for tensors, by NumPy's names."""
    importlib.import_module("anygrad.numpy")
    return importlib.import_module("anygrad.numpy.table").TABLE  # type: ignore[no-any-return]


SPECIAL = "scipy.special._ufuncs"
"""Where all of SciPy's special ufuncs are, also where its public functions are no ufuncs."""

PLAIN = frozenset({Tensor, np.ndarray, np.float64, *SCALARS})
"""Kinds of operands that are known to leave the answer to tensors."""


def _answers_itself(x: Any) -> bool:
    """Tell whether an operand has an ``__array_ufunc__`` that is not that of arrays, or of tensors."""
    own = getattr(type(x), "__array_ufunc__", None)
    return own is not None and not isinstance(x, Tensor) and own is not np.ndarray.__array_ufunc__


def array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
    """Answer for a universal function of NumPy's, or of ``scipy.special``'s, and its methods."""
    out = keywords.get("out", ())
    operands = (*inputs, *out)
    if not PLAIN.issuperset(map(type, operands)) and any(map(_answers_itself, operands)):
        return NotImplemented
    name = ufunc.__name__
    if getattr(np, name, None) is ufunc:
        found, home = _table().get(name), "numpy"
    elif getattr(sys.modules.get(SPECIAL), name, None) is ufunc:
        special = importlib.import_module("anygrad.special")
        found, home = getattr(special, name, None) if name in special.__all__ else None, "scipy.special"
    else:  # one of the user's own, whatever its name
        found, home = None, "the ufunc"
    if found is None:
        raise _missing(name, home)
    # NumPy's scalars come as arrays from their comparisons; they are on no device.
    inputs = tuple(x[()] if isinstance(x, np.ndarray) and not x.ndim else x for x in inputs)
    if len(out) == 1:
        keywords["out"] = out[0]
    if method == "__call__":
        return found(*inputs, **keywords)
    if not hasattr(found, method):
        raise UnsupportedError(message(name, f"there is no {name}.{method} of tensors", f"use {name} itself"))
    return getattr(found, method)(*inputs, **keywords)


def array_function(
    self: Tensor, function: Callable[..., Any], types: Any, arguments: Any, keywords: dict[str, Any]
) -> Any:
    """Answer for a function of NumPy's by its public name."""
    if not all(issubclass(kind, Tensor | np.ndarray) for kind in types):
        return NotImplemented
    name = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
    found = _table().get(name)
    if found is None:
        raise _missing(name)
    if getattr(found, "creates", False) and keywords.get("device") is None:
        keywords = keywords | {"device": self.xp.name}  # which NumPy asked for by like=, and has taken out
    return found(*arguments, **keywords)


def _missing(name: str, home: str = "numpy") -> UnsupportedError:
    """Return the error for a function that is not in the table, with those whose names are near."""
    import difflib  # which nobody pays for who spells well

    near = difflib.get_close_matches(name, _table() if home == "numpy" else (), n=3, cutoff=0.6)
    advice = [f"near it are {', '.join(near)}"] if near else []
    if name in INSTEAD:
        advice = [INSTEAD[name]]
    got = f"{home}{' ' if ' ' in home else '.'}{name} has no form for tensors"
    return UnsupportedError(message(name, got, *advice, "compute it of x.detach().numpy()"))


INSTEAD = {
    "busday_count": "dates are no numbers",
    "isnat": "dates are no numbers",
    "packbits": "use bitwise_left_shift and sum",
    "unpackbits": "use bitwise_right_shift and bitwise_and",
}
"""What to do in the place of functions that nothing is near to."""

Tensor.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
Tensor.__array_function__ = array_function  # type: ignore[attr-defined]
