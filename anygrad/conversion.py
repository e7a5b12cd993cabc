"""The values of a tensor: shape and dtype, NumPy and DLPack exports, Python's scalars and protocols.

Nothing leaves the graph silently: an export of a tensor that requires a gradient raises. The exception is
Python's own scalars, where the program asks for them. The base class of ``Tensor``; knows ``array``, ``xp``
and ``node``.
"""

from __future__ import annotations

import dis
import math
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from anygrad.devices import Device
from anygrad.errors import ArgumentError, BufferExitError, DtypeError, GraphExitError, ShapeError, message
from anygrad.hints import METHODS as ELSEWHERE

if TYPE_CHECKING:
    from anygrad.backends.base import Backend
    from anygrad.graph import Node

__all__ = ["Values"]


STORE_SUBSCR = dis.opmap["STORE_SUBSCR"]
ARRAY_ADVICE = (
    "use np.stack for a list of tensors, anygrad.scipy for what SciPy compiles (other SciPy functions take "
    "tensors with SCIPY_ARRAY_API=1, scikit-learn's with array_api_dispatch=True), or write x.detach() first"
)


def _refuse_to_store(caller: FrameType) -> None:
    """Raise where nobody asked for a number: a plain array takes one of ``array[i] = x``, without a sound."""
    if caller.f_code.co_code[caller.f_lasti] == STORE_SUBSCR:
        got = "a tensor that requires a gradient is stored in an array that is no tensor"
        advice = "make the array by np.zeros_like(x) or ag.zeros, or store x.item()"
        raise GraphExitError(message("setitem", got, "the array would not be connected", advice))


class Values:
    """An array with its backend, as Python and NumPy see it."""

    __slots__ = ()

    array: Any
    xp: Backend
    node: Node | None

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return tuple(self.array.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.array.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return math.prod(self.array.shape)

    @property
    def nbytes(self) -> int:
        """The bytes that the entries take."""
        return self.size * self.dtype.itemsize

    @property
    def itemsize(self) -> int:
        """The bytes that one entry takes."""
        return self.dtype.itemsize

    @property
    def dtype(self) -> np.dtype:
        """The dtype, as NumPy's dtype object on every backend."""
        return self.xp.dtype_of(self.array)

    @property
    def device(self) -> Device:
        """Where the array lies."""
        return Device(self.xp.name)

    # ---------------------------------------------------------------- arrays

    def _untracked(
        self, op: str, error: type[GraphExitError] = GraphExitError, advice: str = "write x.detach() first"
    ) -> Any:
        if self.node is not None:
            got = "this tensor requires a gradient"
            raise error(message(op, got, "the result would not be connected", advice))
        return self._in_memory()

    def _in_memory(self) -> Any:
        """Return the array; one is made, and held from now on, where the tensor holds a scalar of NumPy's."""
        array = self.array
        if array.__class__ in self.xp.generics:
            array = self.array = self.xp.in_memory(array)
        return array

    def numpy(self, *, copy: bool = False) -> np.ndarray:
        """Return the values as a NumPy array: a read-only snapshot, or with ``copy`` one that may be written.

        Later writes to the tensor do not show in it. Raises ``GraphExitError`` when a gradient is tracked.
        """
        array = self._untracked("numpy")
        if copy or not isinstance(array, np.ndarray):
            found = self.xp.to_numpy(array)
        else:
            found = array.view()
        if not copy:
            found.flags.writeable = False
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        self._untracked("__array__", advice=ARRAY_ADVICE)
        found = self.numpy(copy=bool(copy))
        if dtype is None or found.dtype == dtype:
            return found
        if copy is False:
            raise ArgumentError(
                message("__array__", f"x has dtype {found.dtype}, dtype is {dtype}", "that needs a copy")
            )
        return found.astype(dtype)

    def __dlpack__(
        self,
        /,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Return a DLPack capsule of a copy: neither side's later writes show on the other.

        With ``copy=False`` it is of the memory itself, marked read-only where the consumer knows that mark
        (DLPack 1.0): later writes to the tensor do not show there, but what a consumer writes all the same
        shows in the tensor, and in what backward has saved of it. Raises ``BufferExitError`` when a gradient
        is tracked and ``InterchangeError``, a ``BufferError`` too, where the library cannot export.
        """
        array = self._untracked("__dlpack__", BufferExitError)
        return self.xp.export(array, copy, stream=stream, max_version=max_version, dl_device=dl_device)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.xp.dlpack_device_of(self._in_memory())

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """Return the namespace of this tensor: ``anygrad``, creating on this tensor's device."""
        return self.xp.tensors.public(api_version)

    # ---------------------------------------------------------------- Python's scalars and protocols

    def item(self, *index: int) -> Any:
        """Return an entry as a Python scalar: the only one, at a position among all, or at one for each axis.

        Raises ``ShapeError`` where there are several and none is named, ``IndexingError`` outside the axes.
        """
        if not index:
            return self._only("item")
        flat = len(index) == 1 and self.ndim != 1
        entry: Any = self.reshape((-1,))[index] if flat else self[index]  # type: ignore[attr-defined, index]
        return entry._only("item")

    def tolist(self) -> Any:
        """Return the values as nested lists of Python scalars."""
        return self.xp.to_numpy(self.array).tolist()

    def _only(self, op: str) -> Any:
        if self.size != 1:
            raise ShapeError(message(op, f"x has shape {self.shape}", "only one entry converts to a scalar"))
        return self.xp.to_numpy(self.array).item()

    def _real(self, op: str) -> Any:
        if self.dtype.kind == "c":
            raise DtypeError(message(op, f"x has dtype {self.dtype}", "use complex(x), or x.real"))
        return self._only(op)

    def __float__(self) -> float:
        if self.node is not None:
            _refuse_to_store(sys._getframe(1))
        return float(self._real("float"))

    def __int__(self) -> int:
        if self.node is not None:
            _refuse_to_store(sys._getframe(1))
        return int(self._real("int"))

    def __complex__(self) -> complex:
        if self.node is not None:
            _refuse_to_store(sys._getframe(1))
        return complex(self._only("complex"))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                message(
                    "bool",
                    f"x has shape {self.shape}",
                    "the truth of several entries is ambiguous",
                    "use any() or all()",
                )
            )
        return bool(self._only("bool"))

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iu":
            raise DtypeError(
                message(
                    "index",
                    f"x has shape {self.shape} and dtype {self.dtype}",
                    "only an integer without axes is an index",
                )
            )
        return int(self._only("index"))

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._real("round"), digits)

    def __format__(self, spec: str) -> str:
        return format(self._only("format"), spec) if spec else str(self)

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) - ELSEWHERE.keys())

    def __len__(self) -> int:
        if not self.ndim:
            raise DtypeError(message("len", "x has no axes", "len() counts along the first"))
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise DtypeError(message("iter", "x has no axes", "iteration goes along the first"))
        return (self[i] for i in range(self.shape[0]))  # type: ignore[index]

    def __contains__(self, value: Any) -> bool:
        equal: Any = self == value
        return isinstance(equal, Values) and bool(equal.any())  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return id(self)

    def _text(self) -> str:
        """Return the text up to what the graph adds; the shape too, where the values do not tell it."""
        values = np.array2string(self.xp.to_numpy(self.array), separator=", ", prefix="tensor(")
        hidden = self.size > np.get_printoptions()["threshold"] or (not self.size and self.shape != (0,))
        shape = f", shape={self.shape}" if hidden else ""
        return f"tensor({values}{shape}, dtype={self.dtype}, device={self.xp.name!r}"
