"""Families: a base and its views, and reading ``x[key]``.

A view is a lens: the base and the path from it. Its array is the path applied to the base's array, its node
the path applied to the base's node, so that a write visits no view: it changes the base's array and node, and
costs the same with one view or a thousand. The base knows no views.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad import ops  # noqa: F401  (declares the rows that are looked up here)
from anygrad.backends.base import Backend
from anygrad.backends.paths import follow, shown
from anygrad.errors import DeviceError, message
from anygrad.gradients import retain_on
from anygrad.graph import GRAD_MODE, Leaf, Node
from anygrad.keys import canonical, plain
from anygrad.op import REGISTRY
from anygrad.tensors import Tensor, asarray, new, wrap

__all__ = [
    "View",
    "base_of",
    "detach",
    "getitem",
    "lens",
    "path_of",
    "raw_key",
    "shows",
    "was_written",
]

grad_mode = GRAD_MODE.get
GETITEM = REGISTRY["getitem"].plans[(0,)]
REGION = REGISTRY["region"].plans[(0,)]
RESHAPE = REGISTRY["reshape"].plans[(0,)]


class View(Tensor):
    """A lens on a base. ``live``: it has a graph, through the base's; a detached member has none.

    A member that was taken out of its family has a base of its own, and ``path`` is None.
    """

    __slots__ = ("_array", "_node", "_seen_array", "_seen_node", "base", "live", "path")
    __module__ = "anygrad"

    base: Tensor
    path: tuple[Any, ...] | None
    live: bool
    _seen_array: Any
    _seen_node: Node | None

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
    def node(self) -> Node | None:  # type: ignore[override]
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
                if hasattr(self, "_retains"):
                    retain_on(self)
        return self._node

    def _make_leaf(self) -> None:
        self._leave_family()
        self.base.node = getattr(self, "_leaf", None) or Leaf(self)

    def _forget(self) -> None:
        self._leaf, self.base.node = self.base.node, None

    def _leave_family(self) -> None:
        if self.path is not None:
            self.base, self.path, self.live = wrap(self.array, self.xp, None), None, True


def base_of(x: Tensor) -> Tensor:
    """Return the tensor that holds the family's array."""
    return x.base if x.__class__ is View else x


def path_of(x: Tensor) -> tuple[Any, ...]:
    """Return the steps from the base to x."""
    return (x.path or ()) if x.__class__ is View else ()


def lens(x: Tensor, steps: tuple[Any, ...], node: Node | None) -> View:
    """Make the view of x that lies ``steps`` further; ``node`` is its node as of now."""
    v: View = new(View)
    v.xp = x.xp
    v._seen_array = None
    live = grad_mode()
    if x.__class__ is View:
        base = x.base
        steps = (x.path or ()) + steps
        live = live and x.live
    else:
        base = x
        x._in_memory()
    v.base, v.path, v.live = base, steps, live
    v._seen_node, v._node = base.node, node
    return v


def detach(x: Tensor) -> Tensor:
    """Return a member of x's family without a graph: it shows its numbers, and writes move only those."""
    v = lens(x, (), None)
    v.live = False
    return v


def shows(x: Tensor, a: Any, out: Any, steps: tuple[Any, ...]) -> bool:
    """Tell whether ``out``, the steps applied to x's array ``a``, is a view of x in NumPy."""
    xp, base = x.xp, base_of(x)
    strides = getattr(base, "_strides", None)
    if strides is None and xp.aliases_exactly:
        return xp.is_alias(out, a, steps)
    if strides is None:
        return xp.is_alias(out, base.array, path_of(x) + steps)
    return shown(base.shape, strides, path_of(x) + steps)


def was_written(x: Tensor) -> bool:
    """Tell whether x is a view whose family has been written: then it is saved as a copy of its own."""
    return x.__class__ is View and getattr(x.base, "written", False)


# ---------------------------------------------------------------- reading


def raw_key(key: Any, xp: Backend) -> Any:
    """Return an index key with the backend's arrays in the place of tensors and of foreign arrays."""
    if isinstance(key, tuple):
        return tuple(raw_key(part, xp) for part in key)
    if isinstance(key, Tensor):
        if key.xp is not xp:
            got = f"x is on {xp.name}, the index is on {key.device}"
            raise DeviceError(message("getitem", got, "move one with .to(device)"))
        return key.array
    if isinstance(key, list) and any(isinstance(part, Tensor) for part in key):
        return raw_key(asarray(key, device=xp.name), xp)
    if hasattr(key, "dtype") and hasattr(key, "shape") and not isinstance(key, np.generic):
        if key.__class__ is np.ndarray:
            return key  # and is read where it is
        if isinstance(key, np.ndarray):
            key = key.astype(xp.within(key.dtype), copy=False)
        return asarray(key, device=xp.name).array
    return key


def getitem(x: Tensor, key: Any) -> Tensor:
    """Return ``x[key]``: a view for a basic key that leaves an axis, otherwise a copy.

    Raises ``IndexingError`` where NumPy raises ``IndexError``.
    """
    a, xp, node = x.array, x.xp, x.node
    if node is not None and not grad_mode():
        node = None
    shape = a.shape
    if key.__class__ is int and len(shape) == 1 and -shape[0] <= key < shape[0]:
        # One entry of a vector: what loops over scalars do all the time.
        entry = (key if key >= 0 else key + shape[0],)
        out = xp.getitem(a, entry)
        t: Tensor = new(Tensor)
        t.array = out if out.__class__ is xp.array_type or out.__class__ in xp.generics else xp.asarray(out)
        t.xp = xp
        t.node = node and Node(GETITEM, GETITEM.save(a, None, {"key": entry}), (node,))
        return t
    if a.__class__ in xp.generics:
        a = x._in_memory()
    shape = tuple(shape)
    found = plain(key, shape) or canonical(raw_key(key, xp), shape, xp)
    steps = found.steps
    if found.gather:
        path = steps + found.gather
        try:
            out = xp.gather(a, path, found.shape, found.direct)
        except (MemoryError, RuntimeError) as error:
            short = xp.shortage("getitem", error)
            if short is None:
                raise
            raise short from error
        if node is not None:
            node = Node(REGION, REGION.save(a, None, {"path": path}), (node,))
            if found.part != found.shape:
                node = Node(RESHAPE, (found.part, found.shape), (node,))
        return wrap(out, xp, node)
    if node is not None:
        if len(steps) == 1 and steps[0][0] == "getitem":
            node = Node(GETITEM, GETITEM.save(a, None, steps[0][1]), (node,))
        else:
            node = Node(REGION, REGION.save(a, None, {"path": steps}), (node,))
    if found.view:
        return lens(x, steps, node)
    out = xp.getitem(a, steps[0][1]["key"]) if steps else xp.compact(a)
    return wrap(out if out.__class__ is xp.array_type else xp.asarray(out), xp, node)
