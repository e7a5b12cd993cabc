"""Families: a base and its views, and writes that move numbers as NumPy does and never disturb a saved value.

A view is a lens: the base and the path from it. Its array is the path applied to the base's array, its node
the path applied to the base's node, so a write visits no view: it changes the base's array and node, and
costs the same with one view or a thousand. The base knows no views. A write goes into the base's buffer
where nobody else can see that, otherwise into a copy that becomes the base's array; who held the old buffer
(a saved value, a snapshot) keeps the old numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from anygrad.backends.base import Backend, follow
from anygrad.devices import backend_of
from anygrad.errors import DeviceError, DtypeError, LeafWriteError, ShapeError, WriteError, message
from anygrad.keys import Key, canonical
from anygrad.op import REGISTRY
from anygrad.rules import last_of_equals
from anygrad.tape import GRAD_MODE, Leaf, Node
from anygrad.tensors import SCALARS, Tensor, asarray, new, wrap

__all__ = ["View", "assign", "base_of", "detach", "getitem", "lens", "setitem"]

REGION = REGISTRY["region"].plans[(0,)]
GETITEM = REGISTRY["getitem"].plans[(0,)]
REPLACED = REGISTRY["region_set"].plans


class View(Tensor):
    """A lens on a base. ``live``: it has a graph, through the base's; a detached member has none.

    A member that was taken out of its family has a base of its own, and ``path`` is None.
    """

    __slots__ = ("_array", "_node", "_seen_array", "_seen_node", "base", "live", "path")

    base: Tensor
    path: tuple[Any, ...] | None
    live: bool

    @property
    def array(self) -> Any:
        a = self.base.array
        if not self.path:
            return a
        if self.xp.writable:
            # Not kept: a live NumPy view would count as one more holder of the buffer.
            return follow(self.xp, a, self.path)
        if self._seen_array is not a:
            self._seen_array, self._array = a, self.xp.region(a, self.path)
        return self._array

    @property
    def node(self) -> Node | None:
        if not self.live:
            return None
        carrier = self.base.node
        if self.path is None:
            return carrier
        if carrier is not self._seen_node:
            self._seen_node = carrier
            self._node = None
            if carrier is not None:
                self._node = Node(REGION, REGION.save(self.base.array, None, {"path": self.path}), (carrier,))
        return self._node

    def _make_leaf(self) -> None:
        self._leave_family()
        self.base.node = Leaf(self)

    def _forget(self) -> None:
        self.base.node = None

    def _leave_family(self) -> None:
        if self.path is not None:
            self.base, self.path, self.live = wrap(self.array, self.xp, None), None, True


def base_of(x: Tensor) -> Tensor:
    """Return the tensor that holds the family's array."""
    return x.base if x.__class__ is View else x


def lens(x: Tensor, steps: tuple[Any, ...], node: Node | None) -> View:
    """Make the view of x that lies ``steps`` further; ``node`` is its node as of now."""
    v: View = new(View)
    v.xp = x.xp
    v._seen_array = None
    if x.__class__ is View:
        v.base, v.path, v.live = x.base, (x.path or ()) + steps, x.live
    else:
        v.base, v.path, v.live = x, steps, True
    v.live = v.live and GRAD_MODE.get()
    v._seen_node, v._node = v.base.node, node
    return v


def detach(x: Tensor) -> Tensor:
    """Return a member of x's family without a graph: it shows x's numbers, and writes to it move only numbers."""
    v = lens(x, (), None)
    v.live = False
    return v


def was_written(x: Tensor) -> bool:
    """Tell whether x is a view whose family has been written: then it is saved as a copy of its own."""
    return x.__class__ is View and getattr(x.base, "written", False)


# ---------------------------------------------------------------- reading


def raw_key(key: Any, xp: Backend) -> Any:
    """Return an index key with arrays of the backend in the place of tensors, and foreign arrays carried over."""
    if isinstance(key, tuple):
        return tuple(raw_key(part, xp) for part in key)
    if isinstance(key, Tensor):
        if key.xp is not xp:
            raise DeviceError(message("getitem", f"x is on {xp.name}, the index is on {key.device}", "move one with .to(device)"))
        return key.array
    if isinstance(key, list):
        return asarray(key, device=xp.name).array if key else key
    if hasattr(key, "dtype") and hasattr(key, "shape") and not isinstance(key, np.generic):
        source = backend_of(key)
        if source is not None and source is not xp:
            return asarray(key, device=xp.name).array
        return xp.asarray(key, copy=True)
    return key


def parsed(key: Any, x: Tensor) -> Key:
    """Return the canonical form of an index key of x."""
    kind = key.__class__
    if kind is not int and kind is not slice:
        key = raw_key(key, x.xp)
    return canonical(key, tuple(x.array.shape), x.xp)


def getitem(x: Tensor, key: Any) -> Tensor:
    """Return ``x[key]``: a view for a basic key that leaves an axis, otherwise a copy."""
    found = parsed(key, x)
    steps = found.steps
    if not found.gather and len(steps) == 1 and steps[0][0] == "getitem":
        xp, a, node = x.xp, x.array, x.node
        out = xp.getitem(a, steps[0][1]["key"])
        made = None
        if node is not None and GRAD_MODE.get():
            made = Node(GETITEM, GETITEM.save(a, out, steps[0][1]), (node,))
        if found.view:
            return lens(x, steps, made)
        if out.__class__ is not xp.array_type:
            out = xp.asarray(out)
        return wrap(out, xp, made)
    out = x
    tensors = x.xp.tensors
    for name, keywords in steps:
        out = getattr(tensors, name)(out, **keywords)
    if found.gather:
        return tensors.reshape(tensors.take(out, **found.gather[0][1]), found.shape)  # type: ignore[no-any-return]
    return lens(x, (), _again(x)) if out is x else out


def _again(x: Tensor) -> Node | None:
    """Return the node of a view of the whole."""
    node = x.node
    if node is None or not GRAD_MODE.get():
        return None
    return Node(REGION, REGION.save(x.array, None, {"path": ()}), (node,))


# ---------------------------------------------------------------- writing


def setitem(x: Tensor, key: Any, value: Any) -> None:
    """Do ``x[key] = value``: numbers as NumPy's, gradients to the value and to what x was before.

    Raises ``ShapeError``, ``DtypeError`` or ``IndexingError`` where NumPy would, ``LeafWriteError`` for a leaf
    that requires a gradient, ``WriteError`` for a broadcast view or a tracked value through a detached one.
    """
    found = _masked(x, key, value)
    if found is not None:
        found, value = found
    else:
        found = parsed(key, x)
    if value.__class__ is View and _stands_there(x, found, value):
        return
    _write("setitem", x, found, value)


def assign(op: str, x: Tensor, value: Tensor) -> Tensor:
    """Give the whole of x the value that an operation computed from it, cast to x's dtype; return x."""
    if value.shape != x.shape:
        raise ShapeError(message(op, f"the result has shape {value.shape}", f"x has shape {x.shape} and is written in place"))
    if value.dtype != x.dtype and not np.can_cast(value.dtype, x.dtype, "same_kind"):
        raise DtypeError(message(op, f"the result has dtype {value.dtype}", f"x has dtype {x.dtype} and is written in place"))
    base = base_of(x)
    if base is not x and x.path is not None:  # type: ignore[attr-defined]
        _write(op, x, Key((), x.shape), value)
        return x
    check_writable(op, x, value.node is not None)
    if value.dtype != x.dtype:
        value = value.astype(x.dtype)  # type: ignore[attr-defined]
    node, xp = value.node, x.xp
    if xp.writable and value.array.strides != base.array.strides:
        # Paths of views are valid on the memory order that they were made on.
        array = xp.empty_like(base.array)
        array[...] = value.array
    else:
        array = value.array
    base.array = array
    if GRAD_MODE.get():
        base.node = node
    return x


def check_writable(op: str, x: Tensor, tracked: bool) -> None:
    """Raise where x cannot be written: a leaf with gradients on, a broadcast view, a tracked value into a detached one."""
    view = x.__class__ is View
    if view and any(name == "broadcast_to" for name, _ in x.path or ()):  # type: ignore[attr-defined]
        raise WriteError(message(op, "x is a broadcast view", "its entries share memory", "write to x.clone()"))
    if not GRAD_MODE.get():
        return
    if view and not x.live:  # type: ignore[attr-defined]
        if tracked:
            raise WriteError(
                message(op, "the value requires a gradient, x is detached from the graph", "write to the tensor itself, or value.detach()")
            )
    elif base_of(x).node.__class__ is Leaf:
        raise LeafWriteError(
            message(op, "x is a leaf that requires a gradient, or a view of one", "write under no_grad(), or to x.clone()")
        )


def _stands_there(x: Tensor, found: Key, value: View) -> bool:
    """Tell whether the value is x's own view at this key: the second half of ``x[key] += ...``."""
    if value.base is not base_of(x) or found.gather or not (value.live or not GRAD_MODE.get()):
        return False
    return value.path == ((x.path or ()) if x.__class__ is View else ()) + found.steps  # type: ignore[attr-defined]


def _masked(x: Tensor, key: Any, value: Any) -> tuple[Key, Any] | None:
    """Return ``x[mask] = value`` as a write of the whole, where the value does not depend on how many are true."""
    mask = key.array if isinstance(key, Tensor) else key
    if not hasattr(mask, "dtype") or not hasattr(mask, "shape") or isinstance(mask, np.generic):
        return None
    mask = raw_key(key, x.xp)
    if not x.xp.isdtype(mask.dtype, "bool") or not mask.ndim or tuple(mask.shape) != x.shape[: mask.ndim]:
        return None
    rest = x.ndim - mask.ndim
    if not (value.__class__ in SCALARS or getattr(value, "ndim", math.inf) <= rest):
        return None
    tensors = x.xp.tensors
    if value.__class__ not in SCALARS:
        value = asarray(value, device=x.xp.name) if not isinstance(value, Tensor) else value
        _check_value("setitem", x, value, x.shape[mask.ndim :])
        value = tensors.astype(value, x.dtype)
    else:
        _check_scalar("setitem", x, value)
        value = tensors.full((), value, dtype=x.dtype)
    mask = x.xp.reshape(mask, (*mask.shape, *(1,) * rest))
    check_writable("setitem", x, value.node is not None)
    return Key((), x.shape), tensors.where(wrap(mask, x.xp, None), value, x)


def _check_value(op: str, x: Tensor, value: Tensor, shape: tuple[int, ...]) -> None:
    if value.xp is not x.xp:
        raise DeviceError(message(op, f"x is on {x.device}, the value is on {value.device}", "move one with .to(device)"))
    given = value.shape
    while len(given) > len(shape) and given[0] == 1:
        given = given[1:]
    if len(given) > len(shape) or any(m not in (1, n) for m, n in zip(given[::-1], shape[::-1], strict=False)):
        raise ShapeError(message(op, f"the value has shape {value.shape}", f"it does not broadcast to {shape}"))
    if value.dtype.kind == "c" and x.dtype.kind != "c":
        raise DtypeError(message(op, f"the value has dtype {value.dtype}, x has {x.dtype}", "write value.real"))
    if value.node is not None and GRAD_MODE.get() and x.dtype.kind not in "fc":
        raise DtypeError(
            message(op, f"the value requires a gradient, x has dtype {x.dtype}", "write value.detach(), or make x floating")
        )


def _check_scalar(op: str, x: Tensor, value: Any) -> None:
    if value.__class__ is complex and x.dtype.kind != "c":
        raise DtypeError(message(op, f"the value is complex, x has dtype {x.dtype}", "write value.real"))


def _write(op: str, x: Tensor, found: Key, value: Any) -> None:
    """Write a value into the part of x that a key leads to."""
    xp, base = x.xp, base_of(x)
    scalar = value.__class__ in SCALARS
    if scalar:
        _check_scalar(op, x, value)
    else:
        if not isinstance(value, Tensor):
            value = asarray(value, device=xp.name)
        _check_value(op, x, value, found.shape)
    live = x.__class__ is not View or x.live  # type: ignore[attr-defined]
    tracked = not scalar and value.node is not None and GRAD_MODE.get()
    check_writable(op, x, tracked)
    path = ((x.path or ()) if x.__class__ is View else ()) + found.steps + found.gather  # type: ignore[attr-defined]
    part = _part_shape(found)
    if tracked or (not scalar and (found.gather or not xp.writable)):
        value = _shaped(value, x.dtype, found.shape, part)
    node = _recorded(base, value, path, found, part, tracked) if live and GRAD_MODE.get() else base.node
    if xp.writable:
        # Asked before the value's array is made: that may be a view of this very buffer.
        if not xp.exclusive(base):
            base.array = xp.compact(base.array)
        xp.put(base.array, path, value if scalar else value.array, False)
    else:
        native = base.array.dtype
        base.array = xp.region_set(base.array, value if scalar else xp.astype(value.array, native, copy=False), path)
    base.node = node
    base.written = True


def _part_shape(found: Key) -> tuple[int, ...]:
    """Return the shape of what a path ends in: with a gather, its flat index is one axis."""
    if not found.gather:
        return found.shape
    gather = found.gather[0][1]
    axis, m = gather["axis"], gather["indices"].shape[0]
    return (*found.shape[:axis], m, *found.shape[len(found.shape) - found.rest :])


def _shaped(value: Tensor, dtype: np.dtype, shape: tuple[int, ...], part: tuple[int, ...]) -> Tensor:
    """Return a value cast and broadcast to the part that it replaces."""
    tensors = value.xp.tensors
    given = value.shape
    if len(given) > len(shape):
        value = tensors.reshape(value, given[len(given) - len(shape) :])
    if value.dtype != dtype:
        value = tensors.astype(value, dtype)
    if value.shape != shape:
        value = tensors.broadcast_to(value, shape)
    return value if shape == part else tensors.reshape(value, part)  # type: ignore[no-any-return]


def _recorded(
    base: Tensor, value: Any, path: tuple[Any, ...], found: Key, part: tuple[int, ...], tracked: bool
) -> Node | None:
    """Return the base's node after the write: the old base with this part replaced."""
    old = base.node
    if old is None and not tracked:
        return None
    winners = None
    if tracked and found.gather:
        gather, xp = found.gather[0][1], base.xp
        axis = gather["axis"]
        winners = last_of_equals(xp, gather["indices"], found.length)
        winners = xp.reshape(winners, tuple(-1 if i == axis else 1 for i in range(len(part))))
    edges = tuple(e for e in (old, value.node if tracked else None) if e is not None)
    plan = REPLACED[(0,) * (old is not None) + (1,) * tracked]
    return Node(plan, plan.save(base.array, value, None, {"path": path, "winners": winners}), edges)
