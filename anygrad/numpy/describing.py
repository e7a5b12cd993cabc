"""NumPy's functions that say what arrays are, and that write them down: dtypes, text and files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.numpy.table import Array, published
from anygrad.tensors import Tensor

__all__: list[str] = []


@published
def result_type(*arrays_and_dtypes: Any) -> np.dtype:
    """Return the dtype that arrays, scalars and dtypes have in common."""
    return np.result_type(*(x.dtype if isinstance(x, Tensor) else x for x in arrays_and_dtypes))


@published
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """Tell whether a cast is allowed."""
    return np.can_cast(from_.dtype if isinstance(from_, Tensor) else from_, to, casting)


@published
def min_scalar_type(a: Array) -> np.dtype:
    """Return the dtype, and of a number without axes the smallest that holds it."""
    return a.dtype if a.ndim else np.min_scalar_type(a.item())


@published
def common_type(*arrays: Array) -> Any:
    """Return the floating dtype that arrays have in common."""
    return np.common_type(*(np.empty(0, x.dtype) for x in arrays))


# ---------------------------------------------------------------- text and files


def _as_text(name: str) -> None:
    """Publish a function that writes values as text, which no gradient is asked of."""
    theirs = getattr(np, name)

    def function(*args: Any, **kwargs: Any) -> Any:
        return theirs(*(x.xp.to_numpy(x.array) if isinstance(x, Tensor) else x for x in args), **kwargs)

    _put(function, name)


def _to_file(name: str) -> None:
    """Publish a function that writes files: an exit, so that what requires a gradient is refused."""
    theirs = getattr(np, name)

    def function(*args: Any, **kwargs: Any) -> Any:
        given = [x.numpy() if isinstance(x, Tensor) else x for x in args]
        return theirs(*given, **{k: x.numpy() if isinstance(x, Tensor) else x for k, x in kwargs.items()})

    _put(function, name)


def _put(function: Callable[..., Any], name: str) -> None:
    function.__name__, function.__doc__ = name, f"Do what ``numpy.{name}`` does."
    published(function)


for _name in ("array2string", "array_repr", "array_str"):
    _as_text(_name)
for _name in ("save", "savetxt", "savez", "savez_compressed"):
    _to_file(_name)
