"""Spies on what formulas call and on what waits for the device; rows with other formulas for a while."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import array_api_strict

import anygrad as ag
from anygrad.backends.algebra import EXTENSIONS
from anygrad.backends.base import EXTRAS, STANDARD, Backend
from anygrad.op import Row

CREATING = ("arange", "empty", "eye", "full", "linspace", "ones", "zeros")
"""Functions that make an array of nothing: they must be told dtype and device."""

READING = (
    "__array__",
    "__bool__",
    "__buffer__",
    "__complex__",
    "__dlpack__",
    "__float__",
    "__index__",
    "__int__",
    "__iter__",
    "item",
    "tolist",
)
"""How an array gives its numbers to the host, which on a GPU waits for the device."""


class Spy:
    """A namespace that hands out what a formula may call, and remembers its names in ``taken``."""

    def __init__(self, xp: Any, allowed: Sequence[str] = (*STANDARD, *EXTRAS)) -> None:
        self.xp = xp
        self.allowed = allowed
        self.taken: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name == "device":
            return self.xp.device
        assert name in self.allowed, f"xp.{name} is neither in the standard nor an extra"
        self.taken.append(name)
        if name in EXTENSIONS:
            return Spy(getattr(self.xp, name), EXTENSIONS[name])
        function = getattr(self.xp, name)
        return _told(name, function) if name in CREATING else function


def _told(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def made(*arguments: Any, **keywords: Any) -> Any:
        assert keywords.get("dtype") is not None, f"xp.{name} was called without dtype="
        assert keywords.get("device") is not None, f"xp.{name} was called without device="
        return function(*arguments, **keywords)

    return made


class ReadBack(AssertionError):
    """A number was asked back from the device."""


WAITS: dict[str, Callable[[Any], Any]] = {
    "x[mask]": lambda x: x[x > 0],
    "x[mask] = v": lambda x: x.__setitem__(x > 0, ag.asarray([1.0, 2.0], device=x.device)),
    "nonzero": ag.nonzero,
    "unique_all": ag.unique_all,
    "unique_counts": ag.unique_counts,
    "unique_inverse": ag.unique_inverse,
    "unique_values": ag.unique_values,
    "repeat(x, counts)": lambda x: ag.repeat(x, ag.asarray([1, 0, 2], device=x.device)),
}
"""Operations that wait for the device by what they mean, as README lists them; at most ten."""

CONVERTS: dict[str, Callable[[Any], Any]] = {
    "bool(x)": lambda x: bool(x[0]),
    "float(x)": lambda x: float(x[0]),
    "int(x)": lambda x: int(x[0]),
    "complex(x)": lambda x: complex(x[0]),
    "range(x)": lambda x: range(x.astype(ag.int64)[0]),
    "ag.full(2, x)": lambda x: ag.full(2, x[0], device=x.device),
    "x.item()": lambda x: x[0].item(),
    "x.tolist()": lambda x: x.tolist(),
    "x.numpy()": lambda x: x.numpy(),
    "x.cpu()": lambda x: x.cpu(),
    "print(x)": lambda x: print(x),
    "ag.draw(x)": lambda x: ag.draw(x.requires_grad_() * 2),
    "pickle.dumps(x)": lambda x: pickle.dumps(x),
}
"""What brings numbers to Python and NumPy, as README lists it."""


@contextlib.contextmanager
def trapped(backend: Backend) -> Iterator[None]:
    """Make every way from an array of array_api_strict to the host raise ``ReadBack``.

    Boolean indexing and functions whose results' shapes depend on numbers raise too: ``RuntimeError``.
    """
    kind = array_api_strict._array_object.Array
    missing = object()
    before = {name: vars(kind).get(name, missing) for name in READING}

    def trap(name: str) -> Callable[..., Any]:
        def raising(*arguments: Any, **keywords: Any) -> Any:
            raise ReadBack(f"{name} waits for the device")

        return raising

    try:
        for name in READING:
            setattr(kind, name, trap(name))
        backend.to_numpy = trap("to_numpy")  # type: ignore[method-assign]
        with array_api_strict.ArrayAPIStrictFlags(boolean_indexing=False, data_dependent_shapes=False):
            yield
    finally:
        del backend.to_numpy
        for name, function in before.items():
            if function is missing:
                delattr(kind, name)
            else:
                setattr(kind, name, function)


@contextlib.contextmanager
def replaced(row: Row, **formulas: Callable[..., Any]) -> Iterator[None]:
    """Give a row other formulas (``dx=...``), or another ``into`` or ``consume``, for a while."""
    before = dict(row.formulas), row.into, row.consume
    try:
        for column, formula in formulas.items():
            if column in ("into", "consume"):
                setattr(row, column, formula)
            else:
                row.formulas[column.removeprefix("d")] = formula
        row.remake()
        yield
    finally:
        row.formulas, row.into, row.consume = before
        row.remake()
