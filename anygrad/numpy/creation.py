"""NumPy's functions that make arrays, on a device (``device=``) or where another lies (``like=``)."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from anygrad.devices import get_backend
from anygrad.errors import ArgumentError, DtypeError, message
from anygrad.numpy.table import TABLE, Array, Results, Unused, created, lifted, published, weakly
from anygrad.tensors import Tensor

__all__: list[str] = []


@created
def array(
    xp: Any,
    object: Any,
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: Unused = "K",
    subok: Unused = False,
    ndmin: int = 0,
    ndmax: Unused = 0,
) -> Any:
    """Return a tensor of data; lists of tensors are stacked and stay in the graph."""
    made = xp.asarray(object, dtype=dtype, copy=copy)
    return made if made.ndim >= ndmin else xp.reshape(made, (1,) * (ndmin - made.ndim) + made.shape)


@created
def asarray(xp: Any, a: Any, dtype: Any = None, order: Unused = None, *, copy: bool | None = None) -> Any:
    """Return data as a tensor; a tensor is returned as it is."""
    return xp.asarray(a, dtype=dtype, copy=copy)


@created
def zeros(xp: Any, shape: Any, dtype: Any = None, order: Unused = "C") -> Any:
    """Return zeros."""
    return xp.zeros(lengths(shape), dtype=dtype)


@created
def ones(xp: Any, shape: Any, dtype: Any = None, order: Unused = "C") -> Any:
    """Return ones."""
    return xp.ones(lengths(shape), dtype=dtype)


@created
def empty(xp: Any, shape: Any, dtype: Any = None, order: Unused = "C") -> Any:
    """Return memory as it was found."""
    return xp.empty(lengths(shape), dtype=dtype)


@created
def full(xp: Any, shape: Any, fill_value: Any, dtype: Any = None, order: Unused = "C") -> Any:
    """Return an array filled with a value, or with what broadcasts to it, which stays in the graph."""
    if not isinstance(fill_value, Tensor | np.ndarray | list | tuple):
        return xp.full(lengths(shape), fill_value, dtype=dtype)
    return xp.clone(xp.broadcast_to(xp.asarray(fill_value, dtype=dtype), lengths(shape)))


def lengths(shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple of Python's numbers."""
    return tuple(int(n) for n in shape) if hasattr(shape, "__len__") else (int(shape),)


@created
def identity(xp: Any, n: int, dtype: Any = None) -> Any:
    """Return the identity matrix."""
    return xp.eye(n, dtype=dtype)


@created
def eye(xp: Any, N: int, M: int | None = None, k: int = 0, dtype: Any = None, order: Unused = "C") -> Any:
    """Return ones on a diagonal."""
    return xp.eye(N, M, k=k, dtype=dtype)


@created
def tri(xp: Any, N: int, M: int | None = None, k: int = 0, dtype: Any = float) -> Any:
    """Return ones on and below a diagonal."""
    return xp.tril(xp.ones((N, N if M is None else M), dtype=dtype), k=k)


@created
def arange(xp: Any, start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """Return numbers from start to stop, in steps."""
    return xp.arange(start, stop, 1 if step is None else step, dtype=dtype)


@created
def linspace(
    xp: Any,
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Results:
    """Return numbers evenly spaced from start to stop, in both of which it is differentiable."""
    num = operator.index(num)
    if num < 0:
        raise ArgumentError(message("linspace", f"num is {num}", "expected a number from 0"))
    xp, first, last, plain = _ends("linspace", xp, start, stop)
    parts = num - 1 if endpoint else num
    if plain and not retstep:
        return xp.linspace(start, stop, num, endpoint=endpoint, dtype=dtype)
    step = (last - first) / parts if parts > 0 else (last - first) * math.nan
    shares = xp.reshape(xp.arange(num, dtype=xp.real(first).dtype), (-1,) + (1,) * first.ndim)
    made = first + shares * step if parts > 0 else xp.broadcast_to(first, (num, *first.shape))
    if endpoint and num > 1:
        made = xp.concat([made[:-1], last[None]])
    made = made if dtype is None else xp.astype(_whole(xp, made, dtype), dtype)
    made = xp.moveaxis(made, 0, axis) if axis else made
    return (made, step) if retstep else made


def _ends(op: str, xp: Any, start: Any, stop: Any) -> tuple[Any, Any, Any, bool]:
    """Return the namespace of two ends, the ends as tensors of one shape, and whether they are numbers."""
    plain = all(isinstance(x, int | float | complex) for x in (start, stop))
    if not plain:
        backend, (start, stop) = lifted(op, [start, stop], ["start", "stop"], weak=False)
        xp = backend.tensors
    first, last = (xp.asarray(x) * 1.0 for x in (start, stop))
    return xp, *xp.broadcast_arrays(*weakly(xp, first, last)), plain


def _whole(xp: Any, x: Any, dtype: Any) -> Any:
    return xp.floor(x) if np.dtype(dtype).kind in "iu" else x


@created
def logspace(
    xp: Any,
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return powers of a base, whose exponents are evenly spaced."""
    xp, first, last, _ = _ends("logspace", xp, start, stop)
    made = base ** TABLE["linspace"](first, last, num, endpoint, axis=axis)
    return made if dtype is None else xp.astype(made, dtype)


@created
def geomspace(
    xp: Any, start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """Return numbers from start to stop whose ratio is constant."""
    xp, first, last, _ = _ends("geomspace", xp, start, stop)
    if first.dtype.kind == "c":
        raise DtypeError(message("geomspace", "an end is complex", "expected real numbers"))
    first, last = (xp.astype(x, xp.result_type(x.dtype, xp.float64), copy=False) for x in (first, last))
    sign = xp.sign(first)
    made = sign * TABLE["logspace"](xp.log10(first * sign), xp.log10(last * sign), num, endpoint)
    if num > 0:
        ends = [first[None], made[1 : num - endpoint if num > 1 else 1]]
        made = xp.concat([*ends, last[None]] if endpoint and num > 1 else ends)
    made = xp.moveaxis(made, 0, axis) if axis else made
    return made if dtype is None else xp.astype(made, dtype)


# ---------------------------------------------------------------- like another


def _like(name: str, xp: Any, a: Any, dtype: Any, shape: Any, device: Any, *value: Any) -> Any:
    xp = xp if device is None else get_backend(device).tensors
    wanted = a.shape if shape is None else lengths(shape)
    return TABLE[name](wanted, *value, dtype=a.dtype if dtype is None else dtype, device=xp.device)


@published
def zeros_like(
    xp: Any,
    a: Array,
    dtype: Any = None,
    order: Unused = "K",
    subok: Unused = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Return zeros of a's shape, dtype and device."""
    return _like("zeros", xp, a, dtype, shape, device)


@published
def ones_like(
    xp: Any,
    a: Array,
    dtype: Any = None,
    order: Unused = "K",
    subok: Unused = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Return ones of a's shape, dtype and device."""
    return _like("ones", xp, a, dtype, shape, device)


@published
def empty_like(
    xp: Any,
    prototype: Array,
    /,
    dtype: Any = None,
    order: Unused = "K",
    subok: Unused = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Return memory as it was found, of a's shape, dtype and device."""
    return _like("empty", xp, prototype, dtype, shape, device)


@published
def full_like(
    xp: Any,
    a: Array,
    fill_value: Any,
    dtype: Any = None,
    order: Unused = "K",
    subok: Unused = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Return a's shape filled with a value, or with what broadcasts to it."""
    return _like("full", xp, a, dtype, shape, device, fill_value)


@published
def copy(xp: Any, a: Array, order: Unused = "K", subok: Unused = False) -> Any:
    """Return a copy, which stays in the graph."""
    return xp.clone(a)


@created
def asanyarray(xp: Any, a: Any, dtype: Any = None, order: Unused = None, *, copy: bool | None = None) -> Any:
    """Return data as a tensor; a tensor is returned as it is."""
    return xp.asarray(a, dtype=dtype, copy=copy)


@created
def ascontiguousarray(xp: Any, a: Any, dtype: Any = None) -> Any:
    """Return data as a tensor with an axis at least; of the order of memory nothing is promised."""
    return TABLE["atleast_1d"](xp.asarray(a, dtype=dtype))


@created
def asfortranarray(xp: Any, a: Any, dtype: Any = None) -> Any:
    """Return data as a tensor; of the order of memory nothing is promised."""
    return xp.asarray(a, dtype=dtype)


@created
def require(xp: Any, a: Any, dtype: Any = None, requirements: Unused = None) -> Any:
    """Return data as a tensor, of a dtype; of memory nothing is promised."""
    return xp.asarray(a, dtype=dtype)


# ---------------------------------------------------------------- grids, windows, and what is read


@created
def indices(xp: Any, dimensions: Any, dtype: Any = int, sparse: bool = False) -> Results:
    """Return the position along each axis of every entry of a grid."""
    shape = lengths(dimensions)
    lines = [
        xp.reshape(xp.arange(n, dtype=dtype), (1,) * i + (n,) + (1,) * (len(shape) - i - 1))
        for i, n in enumerate(shape)
    ]
    if sparse:
        return tuple(lines)
    return (
        xp.stack([xp.broadcast_to(line, shape) for line in lines]) if lines else xp.zeros((0,), dtype=dtype)
    )


@created
def fromfunction(xp: Any, function: Any, shape: Any, *, dtype: Any = float, **kwargs: Any) -> Results:
    """Return what a function gives of the positions of a grid."""
    grid = TABLE["indices"](shape, dtype, device=xp.device)
    return function(*(grid[i] for i in range(grid.shape[0])), **kwargs)


def _angles(xp: Any, M: int) -> Any:
    """Return -pi to pi in M steps: what windows are cosines of."""
    return xp.arange(1 - M, M, 2) * (math.pi / max(M - 1, 1))


@created
def hanning(xp: Any, M: int) -> Any:
    """Return the Hann window."""
    return 0.5 + 0.5 * xp.cos(_angles(xp, M)) if M != 1 else xp.ones((1,))


@created
def hamming(xp: Any, M: int) -> Any:
    """Return the Hamming window."""
    return 0.54 + 0.46 * xp.cos(_angles(xp, M)) if M != 1 else xp.ones((1,))


@created
def blackman(xp: Any, M: int) -> Any:
    """Return the Blackman window."""
    turn = _angles(xp, M)
    return 0.42 + 0.5 * xp.cos(turn) + 0.08 * xp.cos(2 * turn) if M != 1 else xp.ones((1,))


@created
def bartlett(xp: Any, M: int) -> Any:
    """Return the triangular window."""
    return 1 - xp.abs(_angles(xp, M)) / math.pi if M != 1 else xp.ones((1,))


@created
def kaiser(xp: Any, M: int, beta: Any) -> Any:
    """Return the Kaiser window; differentiable in beta, but where that is 0."""
    beta = xp.asarray(beta) * 1.0
    return xp.special.i0(beta * xp.sqrt(1 - (_angles(xp, M) / math.pi) ** 2)) / xp.special.i0(beta)


def _from_host(name: str) -> None:
    """Publish a function that reads data or writes positions, as NumPy does, and makes tensors of them."""
    theirs = getattr(np, name)

    @created
    def function(xp: Any, *args: Any, **kwargs: Any) -> Any:
        found = theirs(*args, **kwargs)
        return tuple(xp.asarray(x) for x in found) if isinstance(found, tuple) else xp.asarray(found)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Return what ``numpy.{name}`` does, as tensors."
    TABLE[name] = TABLE.pop("function")


READ = ("frombuffer", "fromfile", "fromiter", "fromstring", "genfromtxt", "loadtxt")
POSITIONS = ("diag_indices", "tril_indices", "triu_indices", "mask_indices")
for _name in (*READ, *POSITIONS):
    _from_host(_name)
