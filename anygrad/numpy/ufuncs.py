"""What a universal function of NumPy's is for tensors: an elementwise function, and its methods.

``reduce`` and ``accumulate`` are the function of that name where there is one (``add.reduce`` is ``sum``).
Otherwise they go along the axis entry by entry, as NumPy says that they do.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.backends.base import Backend
from anygrad.construction import SCALARS
from anygrad.errors import ArgumentError, DtypeError, ShapeError, UnsupportedError, message
from anygrad.numpy.table import TABLE, cast, lifted, stored, weakly
from anygrad.rules import axis_in
from anygrad.tensors import Tensor
from anygrad.views import View

__all__ = ["Ufunc"]

_NoValue = np._NoValue
REDUCTIONS = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "max",
    "minimum": "min",
    "logical_and": "all",
    "logical_or": "any",
}
ACCUMULATIONS = {"add": "cumsum", "multiply": "cumprod"}


QUICK = frozenset({Tensor, View, *SCALARS})
"""Kinds of operands that functions take as they are."""


class Ufunc:
    """An elementwise function with NumPy's name, arguments and methods; ``numpy`` has what each means.

    ``out=`` takes tensors. Where ``where=`` is false nothing is computed: the entry is that of ``out``, or 0.
    """

    def __init__(self, name: str, function: Callable[..., Any], takes_xp: bool = False) -> None:
        theirs = getattr(np, name)
        self.__name__ = self.__qualname__ = name
        self.__module__ = "anygrad.numpy"
        self.__doc__ = (
            f"{(function.__doc__ or '').strip()}\n\nArguments and methods are those of ``numpy.{name}``."
        )
        self.nin, self.nout = theirs.nin, theirs.nout
        self.identity, self.signature = theirs.identity, theirs.signature
        self._function = function
        self._takes_xp = takes_xp
        TABLE[name] = self

    def __repr__(self) -> str:
        return f"<ufunc 'anygrad.numpy.{self.__name__}'>"

    def __call__(
        self,
        *inputs: Any,
        out: Any = None,
        where: Any = True,
        casting: Any = "same_kind",
        order: str = "K",
        dtype: Any = None,
        subok: bool = True,
        **unknown: Any,
    ) -> Any:
        quick = out is None and where is True and dtype is None and not unknown
        if quick and len(inputs) == self.nin and not self._takes_xp:
            kinds = {x.__class__ for x in inputs}
            if QUICK.issuperset(kinds) and not SCALARS.issuperset(kinds):
                return self._function(*inputs)
        if unknown:
            got = f"{next(iter(unknown))}= was given"
            raise UnsupportedError(message(self.__name__, got, "write the function without it"))
        if len(inputs) > self.nin:
            out, inputs = inputs[self.nin :], inputs[: self.nin]
        if len(inputs) < self.nin:
            raise TypeError(message(self.__name__, f"got {len(inputs)} operands", f"expected {self.nin}"))
        xp, operands = lifted(self.__name__, list(inputs), [f"x{i + 1}" for i in range(len(inputs))])
        if dtype is not None:
            operands = [
                xp.tensors.asarray(x, dtype=dtype)
                if x.__class__ in SCALARS
                else cast(self.__name__, x, dtype, casting)
                for x in operands
            ]
        if where is not True:
            return self._chosen(xp, operands, out, where, casting)
        result = self._computed(xp, operands)
        return result if out is None else stored(self.__name__, out, result, casting, spread=True)

    def _computed(self, xp: Backend, operands: list[Any]) -> Any:
        if not self._takes_xp:
            return self._function(*operands)
        if self.nin == 2:
            operands = list(weakly(xp.tensors, *operands))
        return self._function(xp.tensors, *operands)

    def _chosen(self, xp: Backend, operands: list[Any], out: Any, where: Any, casting: Any) -> Any:
        """Compute where a mask is true alone, so that no gradient comes from where it is not."""
        if self.nout > 1 or self.signature:
            raise UnsupportedError(
                message(self.__name__, "where= was given", "choose with where() afterwards")
            )
        names = [*(f"x{i + 1}" for i in range(self.nin)), "where"]
        xp, (*operands, mask) = lifted(self.__name__, [*operands, where], names, weak=False)
        if mask.dtype.kind != "b":
            raise DtypeError(message(self.__name__, f"where has dtype {mask.dtype}", "expected booleans"))
        tensors = xp.tensors
        out = out[0] if isinstance(out, tuple) else out
        shape = np.broadcast_shapes(
            mask.shape, *(x.shape for x in operands), () if out is None else out.shape
        )
        mask = tensors.broadcast_to(mask, shape)
        computed = self._computed(xp, [tensors.broadcast_to(x, shape)[mask] for x in operands])
        result = tensors.zeros(shape, dtype=computed.dtype) if out is None else tensors.clone(out)
        if not np.can_cast(computed.dtype, result.dtype, casting):
            got = f"out has dtype {result.dtype}, the result {computed.dtype}"
            raise DtypeError(message(self.__name__, got, f"that is no {casting!r} cast"))
        result[mask] = computed
        return result if out is None else stored(self.__name__, out, result, casting)

    # ---------------------------------------------------------------- methods

    def _binary(self, method: str) -> None:
        if self.nin != 2 or self.nout != 1 or self.signature:
            got = f"it takes {self.nin} operands and gives {self.nout}"
            raise ArgumentError(message(f"{self.__name__}.{method}", got, "expected two and one"))

    def outer(self, x: Any, y: Any, /, **keywords: Any) -> Any:
        """Compute for every pair of an entry of x and one of y."""
        self._binary("outer")
        _, (x, y) = lifted(self.__name__, [x, y], ["x1", "x2"], weak=False)
        return self(x[(..., *(None,) * y.ndim)], y, **keywords)

    def reduce(
        self,
        array: Any,
        axis: Any = 0,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = _NoValue,
        where: Any = True,
    ) -> Any:
        """Reduce along an axis, or several, to ``f(..f(f(initial, x[0]), x[1]).., x[n - 1])``."""
        self._binary("reduce")
        if dtype is not None and self.__name__ not in ("add", "multiply"):
            _, (x,) = lifted(self.__name__, [array], ["array"], weak=False)
            array = cast(self.__name__, x, dtype)
        if self.__name__ in REDUCTIONS:
            keywords: dict[str, Any] = {"axis": axis, "out": out, "keepdims": keepdims, "where": where}
            if initial is not _NoValue:
                keywords["initial"] = initial
            if self.__name__ in ("add", "multiply"):
                keywords["dtype"] = dtype
            return TABLE[REDUCTIONS[self.__name__]](array, **keywords)
        xp, (x,) = lifted(self.__name__, [array], ["array"], weak=False)
        axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = () if axes in ((0,), (-1,)) and not x.ndim else axes
        axes = tuple(axis_in(f"{self.__name__}.reduce", i, x.ndim) for i in axes)
        parts, masks = self._along(x, axes), None
        if where is not True:
            _, (mask,) = lifted(self.__name__, [where], ["where"], weak=False)
            masks = self._along(xp.tensors.broadcast_to(mask, x.shape), axes)
        shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
        result = xp.tensors.broadcast_to(self._start(x, initial, parts, masks), shape)
        for i, part in enumerate(parts):
            step = self(result, part, dtype=dtype)
            result = step if masks is None else xp.tensors.where(masks[i], step, result)
        if keepdims:
            result = result.reshape(tuple(1 if i in axes else n for i, n in enumerate(x.shape)))
        return result if out is None else stored(self.__name__, out, result)

    def _start(self, x: Tensor, initial: Any, parts: list[Any], masks: Any) -> Any:
        """Return what a reduction begins with, taken off its parts where it is the first of them."""
        if initial is _NoValue and self.identity is None:
            if not parts or masks is not None:
                got = f"array has shape {x.shape}"
                raise ShapeError(
                    message(f"{self.__name__}.reduce", got, "there is no identity", "pass initial=")
                )
            return parts.pop(0)
        start = self.identity if initial is _NoValue or initial is None else initial
        endless = start.__class__ is float and not math.isfinite(start) and x.dtype.kind in "biu"
        return x.xp.tensors.asarray(start, dtype=np.float64 if endless else x.dtype)

    @staticmethod
    def _along(x: Any, axes: tuple[int, ...]) -> list[Any]:
        """Return the entries along axes, in order."""
        others = tuple(i for i in range(x.ndim) if i not in axes)
        count = math.prod(x.shape[i] for i in axes)
        return list(x.permute_dims((*axes, *others)).reshape((count, *(x.shape[i] for i in others))))

    def accumulate(self, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        """Return all the steps of a reduction along an axis."""
        self._binary("accumulate")
        if self.__name__ in ACCUMULATIONS:
            _, (x,) = lifted(self.__name__, [array], ["array"], weak=False)
            axis_in(f"{self.__name__}.accumulate", axis, x.ndim)
            return TABLE[ACCUMULATIONS[self.__name__]](x, axis=axis, dtype=dtype, out=out)
        xp, (x,) = lifted(self.__name__, [array], ["array"], weak=False)
        axis = axis_in(f"{self.__name__}.accumulate", axis, x.ndim)
        steps: list[Any] = []
        for part in xp.tensors.unstack(x, axis=axis):
            steps.append(part if not steps else self(steps[-1], part, dtype=dtype))
        result = xp.tensors.stack(steps, axis=axis) if steps else xp.tensors.clone(x)
        return result if out is None else stored(self.__name__, out, result)

    def reduceat(self, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        """Reduce the parts of an axis that begin at indices; where the next is not greater, one entry."""
        self._binary("reduceat")
        xp, (x,) = lifted(self.__name__, [array], ["array"], weak=False)
        axis = axis_in(f"{self.__name__}.reduceat", axis, x.ndim)
        starts = [operator.index(i) for i in (indices.tolist() if hasattr(indices, "tolist") else indices)]
        n = x.shape[axis]
        if not all(0 <= i < n for i in starts):
            got = f"indices are {starts}, the axis has length {n}"
            raise ArgumentError(message(f"{self.__name__}.reduceat", got, "each must be an entry of it"))
        before = (slice(None),) * axis
        parts = [
            self.reduce(x[(*before, slice(i, j if j > i else i + 1))], axis=axis, dtype=dtype)
            for i, j in zip(starts, [*starts[1:], n], strict=True)
        ]
        if not parts:
            return x[(*before, slice(0, 0))].clone()
        result = xp.tensors.stack(parts, axis=axis)
        return result if out is None else stored(self.__name__, out, result)

    def at(self, x: Any, indices: Any, y: Any = None, /) -> None:
        """Do ``x[indices] = f(x[indices], y)``, for an index that comes again as often as it comes."""
        op = f"{self.__name__}.at"
        if self.nout != 1 or self.nin > 2 or self.signature:
            raise ArgumentError(message(op, f"it gives {self.nout}", "expected one result"))
        if not isinstance(x, Tensor):
            got = f"the first operand is of type {type(x).__name__}"
            raise DtypeError(message(op, got, "only a tensor records what is written", "pass a tensor"))
        xp = x.xp
        places = xp.tensors.arange(x.size).reshape(x.shape)[indices]
        shape, rows = places.shape, np.reshape(xp.to_numpy(places.array), -1)
        flat: Any = x.reshape((-1,))
        y = None if self.nin == 1 else _values(op, xp, x, y, shape)
        for rank in _rounds(rows):
            index = xp.tensors.asarray(rows[rank])
            operands = () if y is None else (y[xp.tensors.asarray(rank)],)
            step = self(flat[index], *operands)
            if not np.can_cast(step.dtype, x.dtype, "same_kind"):
                got = f"x has dtype {x.dtype}, the result {step.dtype}"
                raise DtypeError(message(op, got, "that is no 'same_kind' cast"))
            flat = xp.tensors.clone(flat)
            flat[index] = step
        if rows.size:
            x[...] = flat.reshape(x.shape)


def _values(op: str, xp: Backend, like: Tensor, y: Any, shape: tuple[int, ...]) -> Any:
    """Return what goes to each place, flat."""
    _, (_, y) = lifted(op, [like, y], ["x", "y"])
    return xp.tensors.broadcast_to(weakly(xp.tensors, like, y)[1], shape).reshape((-1,))


def _rounds(rows: np.ndarray) -> list[np.ndarray]:
    """Return positions in rounds: in none does a place come twice, and of one place the first is first."""
    order = np.argsort(rows, kind="stable")
    starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    rank = np.arange(rows.size) - np.repeat(starts, np.diff(np.append(starts, rows.size)))
    return [np.sort(order[rank == k]) for k in range(int(rank.max(initial=-1)) + 1)]
