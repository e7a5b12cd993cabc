"""Writes: they move numbers as NumPy does and never disturb a saved value.

A write goes into the base's buffer where nobody else can see that, otherwise into a copy that becomes the
base's array; who held the old buffer (a saved value, a snapshot) keeps the old numbers. The base's node
becomes "the old base with this part replaced", from which every view finds its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.backends.base import Backend
from anygrad.backends.paths import follow
from anygrad.construction import SCALARS
from anygrad.devices import backend_of
from anygrad.errors import DeviceError, DtypeError, LeafWriteError, ShapeError, WriteError, message
from anygrad.gradients import retain_on
from anygrad.graph import GRAD_MODE, Leaf, Node
from anygrad.keys import Key, canonical, plain
from anygrad.op import REGISTRY
from anygrad.tensors import Tensor, asarray, wrap
from anygrad.views import View, base_of, path_of, raw_key

__all__ = ["assign", "check_writable", "fill", "setitem", "stored"]

grad_mode = GRAD_MODE.get
_REAL = {int, float}
REPLACED = REGISTRY["region_set"].plans


def setitem(x: Tensor, key: Any, value: Any) -> None:
    """Do ``x[key] = value``: numbers as NumPy's, gradients to the value and to what x was before.

    Raises ``ShapeError``, ``DtypeError`` or ``IndexingError`` where NumPy would, ``LeafWriteError`` for a
    leaf that requires a gradient, ``WriteError`` for a broadcast view or a tracked value through a detached
    one; what raises changes nothing.
    """
    shape = tuple(x.array.shape)
    found = plain(key, shape)
    if found is None:
        if key is Ellipsis:
            fill("setitem", x, value)
            return
        chosen = _masked(x, key, value) if hasattr(key, "dtype") else None
        if chosen is not None:
            found, value = Key((), shape), chosen
        else:
            found = canonical(raw_key(key, x.xp), shape, x.xp)
    if value.__class__ is not View or not _stands_there(x, found, value):
        _write("setitem", x, found, value)


def fill(op: str, x: Tensor, value: Any) -> Tensor:
    """Write a value that broadcasts to x into the whole of it; return x."""
    if value.__class__ in _REAL and (x.node is None or not grad_mode()) and x.dtype.kind in "fc":
        array = _own_array(x)
        if array is not None:
            x.xp.put(array, (), value, False)
            return x
    whole = Key((), x.shape)
    if value.__class__ is not View or not _stands_there(x, whole, value):
        _write(op, x, whole, value)
    return x


def stored(name: str, x: Tensor, y: Any = None, alpha: Any = None) -> bool:
    """Compute an elementwise operation of x, or of x and y times alpha, straight into x; tell whether it was.

    It is where nothing is recorded and only x's family sees the buffer. What is refused has changed nothing
    and is left to ``assign``, which says why. An error that floating-point numbers were asked to raise
    (``numpy.errstate``) comes when they are written, as in NumPy.
    """
    xp = x.xp
    if not xp.writable or (x.node is not None and grad_mode()):
        return False
    kind = y.__class__
    tensor = kind is Tensor or kind is View
    if tensor:
        if y.xp is not xp or (y.node is not None and grad_mode()):
            return False
    elif kind not in xp.scalars and y is not None:
        return False
    compute = xp.ufuncs.get(name)
    a = None if compute is None else _own_array(x)
    if a is None:
        return False
    # Read only now: an array that is a view of this very buffer would count as one more holder.
    b = y.array if tensor else y
    try:
        if b is None:
            compute(a, out=a)
        elif alpha is None:
            compute(a, b, out=a)
        else:
            xp.update(name, a, b, alpha)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _own_array(x: Tensor) -> Any:
    """Return x's array to be written into; None where others see the buffer, or it is no view of it."""
    if x.__class__ is not View:
        return x.array if x.xp.exclusive(x) else None
    base, path = x.base, x.path
    if not x.xp.exclusive(base):
        return None
    if not path:
        return base.array
    if any(name == "broadcast_to" for name, _ in path):
        return None
    try:
        array = follow(x.xp.layout, base.array, path)
    except ValueError:
        return None
    base.written = True
    return array


def assign(op: str, x: Tensor, value: Tensor) -> Tensor:
    """Give the whole of x the value that an operation computed from it, cast to x's dtype; return x."""
    if value.shape != x.shape:
        wanted = f"x has shape {x.shape} and is written in place"
        raise ShapeError(message(op, f"the result has shape {value.shape}", wanted))
    if value.dtype != x.dtype and not np.can_cast(value.dtype, x.dtype, "same_kind"):
        wanted = f"x has dtype {x.dtype} and is written in place"
        raise DtypeError(message(op, f"the result has dtype {value.dtype}", wanted))
    base = base_of(x)
    if base is not x and x.path is not None:  # type: ignore[attr-defined]
        _write(op, x, Key((), x.shape), value)
        return x
    check_writable(op, x, value.node is not None)
    if value.dtype != x.dtype:
        value = value.astype(x.dtype)
    array = value._in_memory()
    if x.xp.aliases_exactly and array.strides != base.array.strides:
        # Paths of views are valid on the memory order that they were made on.
        array = x.xp.empty_like(base.array)
        with x.xp.entered():
            array[...] = value.array
        _keep_layout(base, array)
    base.array = array
    if GRAD_MODE.get():
        carry_graph(base, value.node)
    return x


def carry_graph(base: Tensor, node: Node | None) -> None:
    """Give a base the node of its new value; a gradient that it retains is the new one's."""
    before, base.node = base.node, node
    if hasattr(base, "_retains") and node is not None and node is not before:
        retain_on(base)


def _keep_layout(base: Tensor, array: Any) -> None:
    """Remember the strides of a base whose next array has others: they decide which reshape is a view."""
    if array.strides != base.array.strides and not hasattr(base, "_strides"):
        base._strides = base.array.strides


def check_writable(op: str, x: Tensor, tracked: bool) -> None:
    """Raise where x cannot be written: a broadcast view, a leaf, a detached view by a tracked value."""
    view = x.__class__ is View
    if view and any(name == "broadcast_to" for name, _ in path_of(x)):
        raise WriteError(message(op, "x is a broadcast view", "its entries share memory", "use x.clone()"))
    if not GRAD_MODE.get():
        return
    if view and not x.live:  # type: ignore[attr-defined]
        if tracked:
            got = "the value requires a gradient, x is detached from the graph"
            raise WriteError(message(op, got, "write to the tensor itself, or value.detach()"))
    elif base_of(x).node.__class__ is Leaf:
        got = "x is a leaf that requires a gradient, or a view of one"
        raise LeafWriteError(message(op, got, "write under no_grad(), or to x.clone()"))


def _stands_there(x: Tensor, found: Key, value: View) -> bool:
    """Tell whether the value is x's own view at this key: the second half of ``x[key] += ...``."""
    if value.base is not base_of(x) or found.gather or not (value.live or not GRAD_MODE.get()):
        return False
    return value.path == path_of(x) + found.steps


def _masked(x: Tensor, key: Any, value: Any) -> Tensor | None:
    """Return what ``x[mask] = value`` makes of x, where the value does not depend on how many are true."""
    axes = len(getattr(key, "shape", ()))
    if not axes:
        return None
    xp, rest = x.xp, x.ndim - axes
    scalar = value.__class__ in SCALARS
    if not (scalar or len(getattr(value, "shape", (0,) * 65)) <= rest):
        return None
    mask = raw_key(key, xp)
    if mask.__class__ is np.ndarray and xp.array_type is not np.ndarray:
        if mask.dtype != bool:
            return None
        mask = xp.from_numpy(mask)
    if not xp.isdtype(mask.dtype, "bool") or tuple(mask.shape) != x.shape[: mask.ndim]:
        return None
    tensors = xp.tensors
    if scalar:
        value = tensors.full((), _cast_scalar("setitem", x, value), dtype=x.dtype)
    else:
        value = _given("setitem", x, value)
        _check_value("setitem", x, value, x.shape[mask.ndim :])
        value = tensors.astype(value, x.dtype)
    check_writable("setitem", x, value.node is not None)
    # A mask of the caller's may change before the gradient is asked for.
    mask = xp.compact(mask) if not isinstance(key, Tensor) else mask
    mask = xp.reshape(mask, (*mask.shape, *(1,) * rest))
    return tensors.where(wrap(mask, xp, None), value, x)  # type: ignore[no-any-return]


class _Unfit(DtypeError, OverflowError, ValueError):
    """A scalar that the dtype has no value for: NumPy raises either built-in."""


def _cast_scalar(op: str, x: Tensor, value: Any) -> Any:
    """Return a scalar as x's dtype has it."""
    dtype = x.dtype
    if value.__class__ is complex and dtype.kind != "c":
        raise DtypeError(message(op, f"the value is complex, x has dtype {dtype}", "write value.real"))
    try:
        return dtype.type(value).item()
    except (OverflowError, ValueError) as error:
        raise _Unfit(message(op, f"the value is {value}, x has dtype {dtype}", str(error))) from None


def _check_value(op: str, x: Tensor, value: Tensor, shape: tuple[int, ...]) -> None:
    """Raise where a value cannot be written into a part of x of this shape."""
    if value.xp is not x.xp:
        got = f"x is on {x.device}, the value is on {value.device}"
        raise DeviceError(message(op, got, "move one with .to(device)"))
    given = value.shape
    while len(given) > len(shape) and given[0] == 1:
        given = given[1:]
    fits = all(m in (1, n) for m, n in zip(given[::-1], shape[::-1], strict=False))
    if not fits or len(given) > len(shape):
        raise ShapeError(
            message(op, f"the value has shape {value.shape}", f"it does not broadcast to {shape}")
        )
    if value.dtype.kind == "c" and x.dtype.kind != "c":
        got = f"the value has dtype {value.dtype}, x has dtype {x.dtype}"
        raise DtypeError(message(op, got, "write value.real"))
    if value.node is not None and GRAD_MODE.get() and x.dtype.kind not in "fc":
        got = f"the value requires a gradient, x has dtype {x.dtype}"
        raise DtypeError(message(op, got, "write value.detach(), or make x floating"))


def _given(op: str, x: Tensor, value: Any) -> Tensor:
    """Return a value as a tensor; raises ``DeviceError`` for an array of another device."""
    if isinstance(value, Tensor):
        return value
    xp, source = x.xp, backend_of(value)
    if source is not None and source is not xp and not isinstance(value, np.generic):
        got = f"x is on {xp.name}, the value is on {source.name}"
        raise DeviceError(message(op, got, f"write ag.asarray(value, device={xp.name!r})"))
    return asarray(value, device=xp.name)


def _write(op: str, x: Tensor, found: Key, value: Any) -> None:
    """Write a value into the part of x that a key leads to."""
    xp, recording = x.xp, grad_mode()
    path, live = found.steps + found.gather, True
    base: Tensor = x
    if x.__class__ is View:
        base, path, live = x.base, (x.path or ()) + path, x.live
    old = base.node
    scalar = value.__class__ in SCALARS
    if not scalar:
        value = _given(op, x, value)
    tracked = recording and not scalar and value.node is not None
    if x.__class__ is View or (recording and old.__class__ is Leaf):
        check_writable(op, x, tracked)
    if scalar:
        if value.__class__ is complex or not xp.native or base.array.dtype.kind not in "fc":
            value = _cast_scalar(op, x, value)
    elif value.xp is not xp or not _fits(value.array, base.array.dtype, found):
        _check_value(op, x, value, found.shape)
        if tracked or found.gather or not xp.writable:
            value = _shaped(value, x.dtype, found)
    node = old
    if recording and live and (tracked or old is not None):
        node = _recorded(base, value, path, found, tracked)
    try:
        if xp.writable:
            # Asked before the value's array is made: that may be a view of this very buffer.
            if not xp.exclusive(base):
                array = xp.compact(base.array)
                if xp.aliases_exactly:
                    _keep_layout(base, array)
                base.array = array
                del array
            xp.put(base.array, path, value if scalar else value.array, False)
        else:
            base.array = xp.region_set(base.array, value if scalar else value.array, path)
    except (MemoryError, RuntimeError) as error:
        short = xp.shortage(op, error)
        if short is None:
            raise
        raise short from error
    if node is not old:
        carry_graph(base, node)
    base.written = True


def _fits(value: Any, dtype: Any, found: Key) -> bool:
    """Tell whether an array is just what its part is replaced by, with nothing to check or to change."""
    return value.shape == found.shape == found.part and value.dtype == dtype  # type: ignore[no-any-return]


def _shaped(value: Tensor, dtype: np.dtype, found: Key) -> Tensor:
    """Return a value cast and broadcast to the part that it replaces."""
    tensors, given, shape = value.xp.tensors, value.shape, found.shape
    if len(given) > len(shape):
        value = tensors.reshape(value, given[len(given) - len(shape) :])
    if value.dtype != dtype:
        value = tensors.astype(value, dtype)
    if value.shape != shape:
        value = tensors.broadcast_to(value, shape)
    return value if shape == found.part else tensors.reshape(value, found.part)


def _recorded(base: Tensor, value: Any, path: tuple[Any, ...], found: Key, tracked: bool) -> Node:
    """Return the base's node after the write: the old base with this part replaced."""
    old: Any = base.node
    edges: tuple[Any, ...]
    winners = None
    if not tracked:
        plan, edges = REPLACED[(0,)], (old,)
    elif old is None:
        plan, edges = REPLACED[(1,)], (value.node,)
    else:
        plan, edges = REPLACED[(0, 1)], (old, value.node)
    if tracked and found.gather:
        axis = found.gather[0][1]["axis"]
        winners = _standing(base.xp, found.gather[0][1]["indices"])
        winners = base.xp.reshape(winners, tuple(-1 if i == axis else 1 for i in range(len(found.part))))
    return Node(plan, plan.save(base.array, value, None, {"path": path, "winners": winners}), edges)


def _standing(xp: Backend, indices: Any) -> Any:
    """Tell which entries of a 1-d index stand at the end when all are written in order."""
    m = indices.shape[0]
    end = xp.ones((min(m, 1),), dtype=xp.natives[np.dtype(bool)], device=xp.device)
    if m < 2:
        return end
    order = xp.argsort(indices, stable=True)
    ordered = xp.take(indices, order, axis=0)
    with xp.entered():
        last = ordered[1:] != ordered[:-1]
    last = xp.concat([last, end])
    return xp.take(last, xp.argsort(order), axis=0)
