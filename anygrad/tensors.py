"""The tensor: an array, its backend, and the node that made it; ``tensor`` and ``asarray``.

Operators and the methods of rows are put on it by ``dispatch``, views and writes by ``views``. Whether a
tensor requires a gradient is whether it has a node. Slots that an operation does not need stay unfilled.
"""

from __future__ import annotations

import copy as copying
import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from anygrad import graph, tape
from anygrad.backends.base import Backend
from anygrad.construction import (
    SCALARS,
    common_dtype,
    flat,
    forbid_copy,
    from_array,
    from_python,
    holds,
    known_dtype,
    warn_of_cut,
)
from anygrad.conversion import Values
from anygrad.devices import backend_of, get_backend
from anygrad.errors import (
    DtypeError,
    GradientDeviceError,
    GradientDtypeError,
    GradientError,
    GradientShapeError,
    GraphExitError,
    ShapeError,
    message,
)
from anygrad.gradients import deliver, nodes_of, retain_on, seed_of
from anygrad.graph import GRAD_MODE, HookHandle, Leaf, Node, hook_on

__all__ = [
    "HookHandle",
    "Tensor",
    "as_gradient",
    "asarray",
    "new",
    "tensor",
    "wrap",
]

new = object.__new__


class Tensor(Values):
    """An array of any library, with a gradient. Made by ``tensor``, ``asarray`` and operations.

    >>> import anygrad as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.], dtype=float64, device='cpu')
    """

    __slots__ = ("__weakref__", "_grad", "_leaf", "_retains", "_strides", "array", "node", "written", "xp")
    __module__ = "anygrad"
    __array_priority__ = 1000

    array: Any
    written: bool
    _strides: tuple[int, ...]
    xp: Backend
    node: Node | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        got = "a tensor is not made by its class"
        raise DtypeError(message("Tensor", got, "use anygrad.tensor(data) or anygrad.asarray(data)"))

    # ---------------------------------------------------------------- the graph

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to it; may be set on leaves."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user, not by an operation that is recorded."""
        node = self.node
        return node is None or (node.__class__ is Leaf and node.tensor() is self)

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made it; None for a leaf."""
        return None if self.is_leaf else self.node

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated by ``backward``: dL/dRe + i dL/dIm for a complex leaf. None until then.

        A tensor that is not a leaf has none, with a warning that says so, unless ``retain_grad`` was called.
        """
        try:
            return self._grad
        except AttributeError:
            if not self.is_leaf:
                warnings.warn(
                    message(
                        "grad",
                        "this tensor is not a leaf, its gradient is not kept",
                        "call retain_grad() on it before backward()",
                    ),
                    stacklevel=2,
                )
            return None

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise DtypeError(message("grad", f"got {type(value).__name__}", "expected a tensor or None"))
            if value is self:
                raise GradientError(message("grad", "got the tensor itself", "pass x.detach().clone()"))
            value = as_gradient("grad", value, self)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Start or stop tracking a leaf, and return it.

        Raises ``DtypeError`` for integers, ``GradientError`` for a tensor that is not a leaf.
        """
        if requires_grad and self.node is None:
            if self.dtype.kind not in "fc":
                got, advice = f"x has dtype {self.dtype}", "cast it, or pass dtype=anygrad.float64"
                raise DtypeError(
                    message("requires_grad", got, "only floating and complex tensors have gradients", advice)
                )
            self._make_leaf()
        elif not requires_grad and self.node is not None:
            if not self.is_leaf:
                raise GradientError(
                    message(
                        "requires_grad", "this tensor is not a leaf, its gradient flows on", "use x.detach()"
                    )
                )
            self._forget()
        return self

    def _make_leaf(self) -> None:
        # The node that it had before, if any: graphs that lead there lead to this leaf.
        self.node = getattr(self, "_leaf", None) or Leaf(self)

    def _forget(self) -> None:
        self._leaf, self.node = self.node, None

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add the derivative of this tensor to the ``.grad`` of every leaf that it depends on.

        ``gradient`` has this tensor's shape and dtype (needed unless it is a real scalar). The saved values
        are released at the end unless ``retain_graph`` (its default is ``create_graph``). ``create_graph``
        makes the gradients differentiable. ``inputs`` limits the pass to these tensors, leaves or not.

        Raises ``GradientError`` where there is nothing to differentiate or ``gradient`` does not fit, and
        ``FreedGraphError`` on a second pass. An interrupted pass changes neither ``.grad`` nor the graph.

        >>> import anygrad as ag
        >>> x = ag.tensor(3.0, requires_grad=True)
        >>> (x ** 2).backward()
        >>> x.grad
        tensor(6., dtype=float64, device='cpu')
        """
        retain = create_graph if retain_graph is None else retain_graph
        token = GRAD_MODE.set(bool(create_graph))
        try:
            seed = seed_of(self, gradient, create_graph)
            if inputs is None:
                tape.backward([seed], None, retain, create_graph)
                return
            chosen = {id(t): t for t in ([inputs] if isinstance(inputs, Tensor) else inputs)}.values()
            nodes = nodes_of("backward", chosen)
            if not nodes:
                raise GradientError(
                    message("backward", "inputs is empty", "name a tensor, or leave inputs out")
                )
            got = tape.backward([seed], nodes, retain, create_graph)
            deliver(chosen, nodes, got)
        except (MemoryError, RuntimeError) as error:
            short = self.xp.shortage("backward", error)
            if short is None:
                raise
            raise short from error
        finally:
            GRAD_MODE.reset(token)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> HookHandle:
        """Call ``hook(gradient)`` when a pass has this tensor's gradient; what it returns takes its place.

        Raises ``GradientError`` for a tensor that requires no gradient; during the pass, for a returned
        gradient of another shape, dtype or device.
        """
        return hook_on("register_hook", self._node_for("register_hook").hooked.hooks, hook, "one gradient")

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> HookHandle:
        """Call ``hook(self)`` in a pass as soon as this leaf's ``.grad`` has been added to.

        Raises ``GradientError`` for a tensor that is no leaf or requires no gradient.
        """
        op = "register_post_accumulate_grad_hook"
        node = self._node_for(op)
        if not self.is_leaf:
            raise GradientError(
                message(op, "this tensor is not a leaf", "use retain_grad() or register_hook()")
            )
        return hook_on(op, node.around.landed, hook, "the leaf")

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is not a leaf in its ``.grad``.

        Raises ``GradientError`` for a tensor that requires no gradient.
        """
        self._node_for("retain_grad")
        if not self.is_leaf and not hasattr(self, "_retains"):
            self._retains, self._grad = True, getattr(self, "_grad", None)
            retain_on(self)

    def _node_for(self, op: str) -> Node:
        if self.node is None:
            got = "this tensor does not require a gradient"
            raise GradientError(message(op, got, "call requires_grad_() first"))
        return self.node

    # ---------------------------------------------------------------- copies and text

    def _leaf_only(self, op: str, advice: str) -> None:
        if not self.is_leaf:
            raise GraphExitError(message(op, "this tensor is not a leaf", "its graph is not copied", advice))

    def __reduce__(self) -> tuple[Any, ...]:
        self._leaf_only("pickle", "write x.detach() first")
        made = functools.partial(tensor, device=self.xp.name, requires_grad=self.requires_grad)
        return made, (self.xp.to_numpy(self.array),)

    def __copy__(self) -> Tensor:
        self._leaf_only("copy", "write x.clone() or x.detach()")
        return wrap(self.xp.compact(self.array), self.xp, None).requires_grad_(self.requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        self._leaf_only("deepcopy", "write x.clone() or x.detach()")
        twin = self.__copy__()
        memo[id(self)] = twin
        held = getattr(self, "_grad", None)
        if held is not None:
            twin._grad = copying.deepcopy(held, memo)
        return twin

    def __repr__(self) -> str:
        text = self._text()
        if self.node is None:
            return f"{text})"
        return f"{text}, requires_grad=True)" if self.is_leaf else f"{text}, grad_fn={self.node!r})"


def wrap(array: Any, xp: Backend, node: Node | None) -> Tensor:
    """Make a tensor of an array that belongs to it."""
    t: Tensor = new(Tensor)
    t.array = array
    t.xp = xp
    t.node = node
    return t


# ---------------------------------------------------------------- construction


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Copy data into a new leaf.

    ``data`` is a scalar, nested lists, an array of any library or a tensor. Floats become the default real
    dtype (float64), on the default device. Raises ``ShapeError`` for ragged lists and ``DtypeError`` for
    ``requires_grad`` with an integer dtype. Warns where data is tracked: ``asarray`` keeps the graph.

    >>> tensor([1, 2])
    tensor([1, 2], dtype=int64, device='cpu')
    """
    warn_of_cut(data)
    token = GRAD_MODE.set(False)
    try:
        out = asarray(data, dtype=dtype, device=device, copy=True)
    finally:
        GRAD_MODE.reset(token)
    return out.requires_grad_() if requires_grad else out


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """Return a tensor of an array, sharing its memory where it can (``copy=True``: never; ``False``: always).

    A tensor comes back as it is, or converted, and stays in the graph; lists that hold tensors are stacked.
    The tensor never writes into memory that it shares. Raises ``ShapeError`` for ragged lists,
    ``DtypeError`` for what is no number, ``ArgumentError`` where ``copy=False`` cannot be had.

    >>> asarray([1.0, 2.0]).dtype
    dtype('float64')
    """
    if isinstance(obj, Tensor):
        out: Any = obj if device is None else obj.to(device)  # type: ignore[attr-defined]
        if dtype is not None and out.dtype != known_dtype("asarray", out.xp, dtype):
            out = out.astype(dtype)
        if out is not obj:
            forbid_copy(copy)
            return out  # type: ignore[no-any-return]
        return out.clone() if copy else out  # type: ignore[attr-defined]
    source = backend_of(obj)
    if source is None:
        forbid_copy(copy)
        if holds(obj, Tensor):
            return _stacked(obj, dtype, device)
        xp = get_backend(device)
        return wrap(from_python(obj, dtype, xp), xp, None)
    xp = get_backend(device) if device is not None or source.name == "cpu" else source
    return wrap(from_array(obj, dtype, source, xp, copy), xp, None)


def _stacked(obj: Any, dtype: Any, device: Any) -> Tensor:
    """Stack nested lists that hold tensors; Python's scalars among them widen nothing within a kind."""
    parts = list(flat(obj))
    first = next(t for t in parts if isinstance(t, Tensor))
    if dtype is None:
        dtypes = [part.dtype for part in parts if hasattr(part, "dtype")]
        dtype = common_dtype(dtypes, [part for part in parts if not hasattr(part, "dtype")])
    where = first.device if device is None else device

    def stacked(part: Any) -> Tensor:
        if isinstance(part, list | tuple):
            return first.xp.tensors.stack([stacked(p) for p in part])  # type: ignore[no-any-return]
        return asarray(part, dtype=dtype, device=where)

    return stacked(obj)


# ---------------------------------------------------------------- gradients from outside


def as_gradient(
    op: str, given: Any, like: Tensor, name: str = "the gradient", owner: str = "the tensor"
) -> Tensor:
    """Return a gradient from outside as a tensor; raises ``GradientError`` where it does not fit."""
    if not isinstance(given, Tensor):
        source = backend_of(given)
        if source is not None and source is not like.xp and not isinstance(given, np.generic):
            raise _elsewhere(op, name, source, owner, like)
        plain = given.__class__ in SCALARS or (isinstance(given, list | tuple) and not holds(given, Tensor))
        try:
            given = asarray(given, dtype=like.dtype if plain else None, device=like.xp.name, copy=True)
        except (DtypeError, ShapeError) as error:
            kind = GradientShapeError if isinstance(error, ShapeError) else GradientDtypeError
            raise kind(message(op, f"{name}: {str(error).partition('] ')[2]}")) from error
    if given.xp is not like.xp:
        raise _elsewhere(op, name, given.xp, owner, like)
    if given.shape != like.shape:
        raise GradientShapeError(
            message(op, f"{name} has shape {given.shape}", f"{owner} has shape {like.shape}")
        )
    if given.dtype != like.dtype:
        raise GradientDtypeError(
            message(op, f"{name} has dtype {given.dtype}", f"{owner} has dtype {like.dtype}", "cast it")
        )
    found: Tensor = given
    return found


def _elsewhere(op: str, name: str, source: Backend, owner: str, like: Tensor) -> GradientDeviceError:
    got = f"{name} is on {source.name}, {owner} is on {like.xp.name}"
    return GradientDeviceError(message(op, got, "move one with .to(device)"))


graph.wrap, graph.as_gradient = wrap, as_gradient
