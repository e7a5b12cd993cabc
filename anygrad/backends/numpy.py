"""NumPy on the host: functions bound directly, writes in place, and the reference count that allows them.

The count is what lets ``x[i] = v`` write without copying: an array that owns its memory and that one
attribute holds can be seen by nobody else. What an unshared array counts differs between interpreters,
so it is measured at import with the very function that is used, and not trusted unless one more holder shows.
"""

from __future__ import annotations

import contextlib
import functools
import math
import operator
import sys
from collections.abc import Mapping
from contextvars import ContextVar, copy_context
from typing import Any, ClassVar

import numpy as np

from anygrad.backends.base import STANDARD, Backend, check_bounds
from anygrad.backends.checksums import ViewedChecksums
from anygrad.backends.interchange import HostInterchange
from anygrad.backends.numpy_algebra import ComplexEigenvalues, NumpyAlgebra
from anygrad.backends.numpy_chains import BLOCK, NumpyChains
from anygrad.backends.numpy_neural import NumpyNeural
from anygrad.backends.numpy_ordering import NumpyOrdering
from anygrad.backends.paths import Layout, follow
from anygrad.backends.randomness import HostRandom
from anygrad.backends.windows import WritableWindows

__all__ = ["NumpyBackend"]


class Holder:
    """The smallest thing that holds an array as a tensor does."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array


def _holders(holder: Any) -> int:
    return sys.getrefcount(holder.array)


def calibrate(make: Any, count: Any = _holders) -> int:
    """Return the count of an array that only one attribute holds; -1 where the count tells nothing.

    >>> calibrate(lambda: np.empty(1), lambda holder: 7)
    -1
    """
    holder = Holder(make())
    alone: int = count(holder)
    named = holder.array
    if count(holder) != alone + 1:
        return -1
    del named
    view = holder.array[:]
    if count(holder) != alone + 1:
        return -1
    del view
    kept = (holder.array,)
    if count(holder) != alone + 1:
        return -1
    del kept
    return alone if count(holder) == alone else -1


def gil_held() -> bool:
    """Tell whether reference counts are exact: a free-threaded interpreter defers some."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


_ALONE = calibrate(lambda: np.empty(1)) if gil_held() else -1


def found_quiet() -> tuple[ContextVar[Any], Any] | None:
    """Return the context variable in which NumPy keeps how it treats errors, and what ignores them.

    None where that is kept elsewhere, as in older versions: then nothing, or more than one, changes.
    """
    before = copy_context()
    with np.errstate(all="ignore"):
        during = copy_context()
    found = [(v, during[v]) for v in during if v not in before or before[v] is not during[v]]
    return found[0] if len(found) == 1 else None


_QUIET = found_quiet()


class Quiet:
    """``numpy.errstate(all="ignore")``, once for every pass: at a third of the price."""

    __slots__ = ("token",)

    def __enter__(self) -> None:
        variable, ignoring = _QUIET  # type: ignore[misc]
        self.token = variable.set(ignoring)

    def __exit__(self, *exception: object) -> None:
        self.token.var.reset(self.token)


class WritableBackend(ComplexEigenvalues, ViewedChecksums, WritableWindows, Backend):
    """What NumPy and CuPy share: views that alias, writes in place, NumPy's promotion."""

    native: ClassVar[bool] = True
    writable: ClassVar[bool] = True
    aliases_exactly: ClassVar[bool] = True
    layout: ClassVar[type[Layout]] = Layout
    """Reads paths as views of a buffer, where the library's reshape can refuse to copy."""
    ufuncs: Mapping[str, Any] = {}
    """The standard's functions that compute entry by entry and take an array to compute into, ``out``."""

    def is_alias(self, out: Any, base: Any, path: tuple[Any, ...]) -> bool:
        owner = out.base
        return owner is not None and (owner is base or owner is base.base)

    def owned(self, array: Any) -> Any:
        return array if array.base is None else self.compact(array)

    def owner(self, array: Any) -> Any:
        return array if array.base is None else array.base

    def compact(self, array: Any) -> Any:
        # Of a scalar of NumPy's too this makes an array, which can be written.
        return self.module.array(array, order="K")

    def real(self, x: Any) -> Any:
        return self.compact(self.module.real(x))

    def imag(self, x: Any) -> Any:
        return self.compact(self.module.imag(x))

    def update(self, name: str, a: Any, b: Any, alpha: Any) -> None:
        """Add ``alpha * b`` into ``a``, or subtract it, with the ufunc of that name."""
        self.ufuncs[name](a, b * alpha, out=a)

    def put(self, buffer: Any, path: tuple[Any, ...], y: Any, add: bool) -> None:
        if len(path) == 1 and path[0][0] == "getitem":
            at = path[0][1]["key"]
            buffer[at] = buffer[at] + y if add else y
            return
        if not path and not add:
            buffer[...] = y
            return
        key: Any = ...
        name, keywords = path[-1] if path else ("", {})
        if name == "getitem":
            # Written through its key, since an index of integers alone gives a scalar and no view.
            key, path = keywords["key"], path[:-1]
        elif name == "take":
            key, path = (slice(None),) * keywords["axis"] + (keywords["indices"],), path[:-1]
        try:
            target = follow(self.layout, buffer, path)
        except ValueError:
            target = None
        if target is None or any(step == "broadcast_to" for step, _ in path) or name == "broadcast_to":
            self._put_flat(buffer, (*path, (name, keywords)) if key is not ... else path, y, add)
        elif name == "take":
            (self.add_at if add else self.set_at)(target, key, y)
        elif not add:
            target[key] = y
        else:
            target[key] += y

    def _put_flat(self, buffer: Any, path: tuple[Any, ...], y: Any, add: bool) -> None:
        """Write by position: for a path that is no view on this memory order, or that repeats entries."""
        index = self.positions(buffer.shape, path)
        flat = buffer.reshape(-1)
        y = self._spread(y, buffer.dtype, index.shape)
        if add:
            self.add_at(flat, (index,), y)
        else:
            self.set_at(flat, (index,), y)
        if not buffer.flags.c_contiguous:  # Then that may have been a copy.
            buffer[...] = flat.reshape(buffer.shape)

    def set_at(self, buffer: Any, key: Any, values: Any) -> None:
        """Write into ``buffer`` at ``key``, which ends in an index array; the last of equal indices stays."""
        buffer[key] = values

    def add_at(self, buffer: Any, key: Any, values: Any) -> None:
        """Add into ``buffer`` at ``key``; equal indices add up."""
        raise NotImplementedError

    def region_set(self, x: Any, y: Any, path: tuple[Any, ...]) -> Any:
        out = self.compact(x)
        self.put(out, path, y, False)
        return out

    def place(self, y: Any, shape: tuple[int, ...], path: tuple[Any, ...]) -> Any:
        out = self.zeros(shape, dtype=y.dtype)
        if len(path) == 1 and path[0][0] == "getitem":
            out[path[0][1]["key"]] = y  # One basic key leads to no entry twice: to write is to add.
        else:
            self.put(out, path, y, True)
        return out

    def index_set(self, x: Any, values: Any, index: Any, axis: int) -> Any:
        return self.region_set(x, values, (("take", {"indices": index, "axis": axis}),))

    def index_add(self, x: Any, index: Any, values: Any, axis: int) -> Any:
        out = self.compact(x)
        self.put(out, (("take", {"indices": index, "axis": axis}),), values, True)
        return out


SMALL = 1024
"""The entries up to which a number is written out: it costs less than a view, and so does what reads it."""

LONG = 512
"""The terms from which a sum in single precision is taken in double."""

_sum: Any = np.add.reduce
_WIDE = {
    np.dtype("float16"): np.dtype("float64"),
    np.dtype("float32"): np.dtype("float64"),
    np.dtype("complex64"): np.dtype("complex128"),
}
_BITS = {
    np.dtype("float32"): np.dtype("uint32"),
    np.dtype("float64"): np.dtype("uint64"),
    np.dtype("complex64"): np.dtype("uint64"),
}
"""Numbers as integers: of those, one times a mask is the number or 0, where it is infinite or NaN too."""


def _alike(x: np.ndarray, y: np.ndarray) -> bool:
    """Tell whether two arrays have one shape, one dtype and the usual memory order."""
    return x.shape == y.shape and x.dtype == y.dtype and x.flags.c_contiguous and y.flags.c_contiguous


class NumpyBackend(
    HostInterchange, HostRandom, NumpyAlgebra, NumpyChains, NumpyNeural, NumpyOrdering, WritableBackend
):
    """NumPy, with no wrapper between a row and NumPy's own functions."""

    special_library: ClassVar[str | None] = "scipy.special"
    scipy_library: ClassVar[str | None] = "scipy"
    generics: ClassVar[frozenset[type]] = frozenset({np.float32, np.float64})

    def __init__(self, name: str = "cpu") -> None:
        super().__init__(np, "cpu", name)
        self.array_type = np.ndarray
        self.isdtype = functools.cache(np.isdtype)
        self.ufuncs = {name: f for name in STANDARD if isinstance(f := getattr(self, name), np.ufunc)}
        # Before 2.5 NumPy's, computed into its own operand, takes some columns for rows.
        del self.ufuncs["negative"]
        # The same on arrays; on two of NumPy's scalars they take a tenth of the time.
        self.add, self.subtract, self.negative = operator.add, operator.sub, operator.neg
        self.multiply, self.divide = operator.mul, operator.truediv
        self.dtype_of = operator.attrgetter("dtype")  # type: ignore[assignment, method-assign]

    @classmethod
    def open(cls, library: str, spec: str) -> Backend:
        if spec:
            raise LookupError("NumPy has one device, 'cpu'")
        return cls()

    @classmethod
    def spec_of(cls, array: Any) -> str:
        return ""

    def native_dtype_object(self, found: Any) -> Any:
        return np.dtype(found)

    def update(self, name: str, a: Any, b: Any, alpha: Any) -> None:
        compute = self.ufuncs[name]
        large = a.nbytes > BLOCK and a.dtype.kind in "fc" and b.__class__ is np.ndarray and _alike(a, b)
        if not large or np.may_share_memory(a, b):
            compute(a, b * alpha, a)
            return
        # New memory for all of the product would cost as much as the update.
        entries = BLOCK // a.itemsize
        alpha, scratch = np.asarray(alpha, a.dtype), np.empty(entries, a.dtype)
        a, b = a.reshape(-1), b.reshape(-1)
        for start in range(0, a.size, entries):
            part = a[start : start + entries]
            compute(part, np.multiply(b[start : start + entries], alpha, scratch[: part.size]), part)

    def from_numpy(self, array: np.ndarray) -> Any:
        return np.array(array)

    def to_numpy(self, array: Any) -> np.ndarray:
        return np.array(array)

    def running(self) -> contextlib.AbstractContextManager[Any]:
        return Quiet() if _QUIET else np.errstate(all="ignore")

    def exclusive(self, holder: Any) -> bool:
        if _holders(holder) != _ALONE:
            return False
        array = holder.array
        if array.__class__ is not self.array_type or array.base is not None:
            return False
        flags = array.flags
        return bool(flags.owndata and flags.writeable)

    def bounded(self, index: Any, n: int, axis: int) -> Any:
        check_bounds(index, n, axis)
        return index

    def gather(self, x: Any, path: tuple[Any, ...], shape: tuple[int, ...], direct: Any) -> Any:
        # NumPy's own indexing has a memory order of its own, which later tells a view from a copy.
        steps, key, moved = direct
        out = follow(self, x, steps)[key]
        return out if moved is None else np.moveaxis(out, *moved)

    def add_at(self, buffer: Any, key: Any, values: Any) -> None:
        np.add.at(buffer, key, values)

    strided = staticmethod(np.lib.stride_tricks.as_strided)

    # ------------------------------------------------ faster than NumPy's own function

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        # NumPy's takes a jump for each entry, and at a mask without a pattern half of them are guessed wrong.
        if condition.__class__ is np.ndarray and condition.dtype == bool and condition.flags.c_contiguous:
            if x.__class__ is int and x == 0:
                condition, x, y = ~condition, y, x
            if x.__class__ is np.ndarray and x.shape == condition.shape:
                if y.__class__ is int and y == 0 and x.dtype in _BITS:
                    bits: Any = _BITS[x.dtype]
                    out = np.empty(x.shape, x.dtype)
                    np.multiply(condition, x.view(bits), out=out.view(bits))
                    return out
                if x.size > 1024 and y.__class__ is np.ndarray and _alike(x, y) and not condition.any():
                    return y.copy()  # As at ties, which are rare.
        return np.where(condition, x, y)

    # ------------------------------------------------ NumPy's own functions, without their Python wrappers

    def take(self, x: Any, indices: Any, axis: int | None = None) -> Any:
        return x.take(indices, axis)

    def sum(self, x: Any, axis: Any = None, keepdims: Any = False) -> Any:
        return _sum(x, axis, None, None, keepdims)

    def total(self, x: Any, axes: tuple[int, ...], keepdims: Any = True) -> Any:
        # Along leading axes NumPy adds up one by one: in single precision a long sum would lose what it adds.
        wide: Any = None
        if x.size > LONG and math.prod([x.shape[a] for a in axes]) > LONG:
            wide = _WIDE.get(x.dtype)
        out = np.add.reduce(x, axis=axes, dtype=wide, keepdims=keepdims)
        return out if wide is None else out.astype(x.dtype)

    def mean(self, x: Any, axis: Any = None, keepdims: Any = False) -> Any:
        if x.dtype.char not in "fdFD" or not x.size:
            return np.mean(x, axis=axis, keepdims=keepdims)
        out = _sum(x, axis, None, None, keepdims)
        return out / (x.size // out.size)

    def prod(self, x: Any, axis: Any = None, keepdims: Any = False) -> Any:
        return np.multiply.reduce(x, axis=axis, keepdims=keepdims)

    def max(self, x: Any, axis: Any = None, keepdims: Any = False) -> Any:
        return np.maximum.reduce(x, axis=axis, keepdims=keepdims)

    def min(self, x: Any, axis: Any = None, keepdims: Any = False) -> Any:
        return np.minimum.reduce(x, axis=axis, keepdims=keepdims)

    def reshape(self, x: Any, shape: tuple[int, ...]) -> Any:
        return x.reshape(shape)

    def permute_dims(self, x: Any, axes: tuple[int, ...]) -> Any:
        return x.transpose(axes)

    def matrix_transpose(self, x: Any) -> Any:
        return x.swapaxes(-1, -2)

    def astype(self, x: Any, dtype: Any, copy: bool = True) -> Any:
        return x.astype(dtype, copy=copy)

    def zeros_like(self, x: Any) -> Any:
        return np.zeros(x.shape, x.dtype)

    def broadcast_to(self, x: Any, shape: tuple[int, ...]) -> Any:
        # What a reduction's gradient goes through, at a part of the price.
        if x.__class__ in self.generics and math.prod(shape) <= SMALL:
            out: Any = np.empty(shape, self.dtype_of(x))
            out.fill(x)
            return out
        if not x.shape:
            out = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
        elif x.flags.c_contiguous:
            strides = [0 if n == 1 else step for n, step in zip(x.shape, x.strides)]
            out = np.ndarray(shape, x.dtype, x, 0, (0,) * (len(shape) - len(strides)) + tuple(strides))
        else:
            return np.broadcast_to(x, shape)
        out.flags.writeable = False
        return out
