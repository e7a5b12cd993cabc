"""The tensor: an array, its backend, and the node that made it; construction, conversion and repr.

Operators and the methods of rows are put on it by ``dispatch``, views and writes by ``views``. Whether a
tensor requires a gradient is whether it has a node. Slots that an operation does not need stay unfilled.
"""

from __future__ import annotations

import copy as copying
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from anygrad import tape
from anygrad.backends.base import Backend
from anygrad.devices import Device, backend_of, get_backend, get_default_dtype
from anygrad.errors import (
    DeviceError,
    DtypeError,
    GradientError,
    GraphExitError,
    ShapeError,
    message,
)
from anygrad.rules import is_complex
from anygrad.tape import Hooked, Leaf, Node

__all__ = ["HookHandle", "Tensor", "as_gradient", "asarray", "tensor", "wrap"]

new = object.__new__
SCALARS = frozenset({int, float, complex, bool})


class HookHandle:
    """Removes a hook; as a context manager, at the end of the block."""

    def __init__(self, hooks: dict[int, Callable[[Any], Any]], hook: Callable[[Any], Any]) -> None:
        self._hooks = hooks
        self._key = max(hooks, default=0) + 1
        hooks[self._key] = hook

    def remove(self) -> None:
        """Remove the hook; raises ``GradientError`` when it is removed already."""
        if self._hooks.pop(self._key, None) is None:
            raise GradientError(message("remove", "the hook is removed already", "a handle removes its hook once"))

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self._hooks.pop(self._key, None)


class Tensor:
    """An array of any library, with a gradient. Made by ``anygrad.tensor``, ``anygrad.asarray`` and operations.

    >>> import anygrad as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.], dtype=float64, device='cpu')
    """

    __slots__ = ("__weakref__", "_grad", "array", "node", "written", "xp")
    __module__ = "anygrad"
    __array_ufunc__ = None
    __array_priority__ = 1000

    array: Any
    xp: Backend
    node: Node | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise DtypeError(message("Tensor", "a tensor is not made by its class", "use anygrad.tensor(data) or anygrad.asarray(data)"))

    # ---------------------------------------------------------------- what it is

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
    def dtype(self) -> np.dtype:
        """The dtype, as NumPy's dtype object on every backend."""
        return self.xp.dtype_of(self.array)

    @property
    def device(self) -> Device:
        """Where the array lies."""
        return Device(self.xp.name)

    @property
    def data(self) -> Any:
        """Not there: it would let writes pass the graph unseen."""
        raise AttributeError(
            message("data", "tensors have no .data", "read x.detach(), write under no_grad(): with ag.no_grad(): x[...] = value")
        )

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
            return self._grad  # type: ignore[has-type, no-any-return]
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
            _check_differentiable("requires_grad", self.dtype)
            self._make_leaf()
        elif not requires_grad and self.node is not None:
            if not self.is_leaf:
                raise GradientError(
                    message("requires_grad", "this tensor is not a leaf, its gradient flows on", "use x.detach()")
                )
            self._forget()
        elif requires_grad and self.node is not None:
            return self
        return self

    def _make_leaf(self) -> None:
        self.node = Leaf(self)

    def _forget(self) -> None:
        self.node = None

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
        seed = seed_of(self, gradient, create_graph)
        retain = create_graph if retain_graph is None else retain_graph
        if inputs is None:
            tape.backward([seed], None, retain, create_graph)
            return
        chosen = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        nodes = nodes_of("backward", chosen)
        if not nodes:
            raise GradientError(message("backward", "inputs is empty", "name a tensor, or leave inputs out"))
        got = tape.backward([seed], nodes, retain, create_graph)
        for t, node in zip(chosen, nodes, strict=True):
            if got[node] is not None:
                deposit(t, got[node], t.xp)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> HookHandle:
        """Call ``hook(gradient)`` whenever a pass has this tensor's gradient; what it returns takes its place.

        Raises ``GradientError`` for a tensor that requires no gradient; during the pass, for a returned
        gradient of another shape, dtype or device.
        """
        node = self.node
        if node is None:
            raise GradientError(message("register_hook", "this tensor does not require a gradient", "set requires_grad"))
        if node.__class__ is Leaf:
            return HookHandle(node.hooks, hook)  # type: ignore[attr-defined]
        if node.plan.__class__ is not Hooked:
            node.plan = Hooked(node.plan)
        return HookHandle(node.plan.hooks, hook)

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is not a leaf in its ``.grad``.

        Raises ``GradientError`` for a tensor that requires no gradient.
        """
        if self.node is None:
            raise GradientError(message("retain_grad", "this tensor does not require a gradient", "set requires_grad"))
        if self.is_leaf or getattr(self, "_grad", self) is not self:
            return
        self._grad = None
        keeper = tape.weakref.ref(self)

        def keep(g: Tensor) -> None:
            tensor = keeper()
            if tensor is not None:
                held = tensor._grad
                tensor._grad = g if held is None else held + g

        self.register_hook(keep)

    # ---------------------------------------------------------------- out of the graph

    def _untracked(self, op: str) -> Any:
        if self.node is not None:
            raise GraphExitError(
                message(op, "this tensor requires a gradient", "the result would not be connected", "write x.detach() first")
            )
        return self.array

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
        self._untracked("__array__")
        found = self.numpy(copy=bool(copy))
        if dtype is None or found.dtype == dtype:
            return found
        if copy is False:
            raise ValueError(message("__array__", f"x has dtype {found.dtype}, dtype is {dtype}", "that needs a copy"))
        return found.astype(dtype)

    def __dlpack__(self, **keywords: Any) -> Any:
        if self.node is not None:
            raise BufferError(message("__dlpack__", "this tensor requires a gradient", "write x.detach() first"))
        return self.xp.compact(self.array).__dlpack__(**keywords)

    def __dlpack_device__(self) -> tuple[int, int]:
        found: tuple[int, int] = self.array.__dlpack_device__()
        return found

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """Return the namespace of this tensor: ``anygrad``, creating on this tensor's device."""
        return self.xp.tensors.public(api_version)

    def item(self) -> Any:
        """Return the only entry as a Python scalar; raises ``ShapeError`` where there are more."""
        if self.size != 1:
            raise ShapeError(message("item", f"x has shape {self.shape}", "only one entry converts to a scalar"))
        return self.xp.to_numpy(self.array).item()

    def tolist(self) -> Any:
        """Return the values as nested lists of Python scalars."""
        return self.xp.to_numpy(self.array).tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                message("bool", f"x has shape {self.shape}", "the truth of several entries is ambiguous", "use any() or all()")
            )
        return bool(self.item())

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iub":
            raise DtypeError(
                message("index", f"x has shape {self.shape} and dtype {self.dtype}", "only an integer without axes is an index")
            )
        return int(self.item())

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.item(), digits)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __len__(self) -> int:
        if not self.ndim:
            raise DtypeError(message("len", "x has no axes", "len() counts along the first"))
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise DtypeError(message("iter", "x has no axes", "iteration goes along the first"))
        return (self[i] for i in range(self.shape[0]))  # type: ignore[index]

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return id(self)

    # ---------------------------------------------------------------- copies and text

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.is_leaf:
            raise GraphExitError(
                message("pickle", "this tensor is not a leaf", "its graph is not pickled", "write x.detach() first")
            )
        return _rebuilt, (self.xp.to_numpy(self.array), self.xp.name, self.requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise GraphExitError(
                message("deepcopy", "this tensor is not a leaf", "its graph is not copied", "write x.clone() or x.detach()")
            )
        twin = wrap(self.xp.compact(self.array), self.xp, None)
        memo[id(self)] = twin
        twin.requires_grad_(self.requires_grad)
        held = getattr(self, "_grad", None)
        if held is not None:
            twin._grad = copying.deepcopy(held, memo)
        return twin

    def __repr__(self) -> str:
        values = np.array2string(self.xp.to_numpy(self.array), separator=", ", prefix="tensor(")
        text = f"tensor({values}, dtype={self.dtype}, device={self.xp.name!r}"
        if self.is_leaf:
            return text + (", requires_grad=True)" if self.requires_grad else ")")
        return f"{text}, grad_fn={self.grad_fn!r})"


def wrap(array: Any, xp: Backend, node: Node | None) -> Tensor:
    """Make a tensor of an array that belongs to it."""
    t: Tensor = new(Tensor)
    t.array = array
    t.xp = xp
    t.node = node
    return t


def _rebuilt(array: np.ndarray, device: str, requires_grad: bool) -> Tensor:
    return tensor(array, device=device, requires_grad=requires_grad)


def _check_differentiable(op: str, dtype: np.dtype) -> None:
    if dtype.kind not in "fc":
        raise DtypeError(
            message(op, f"x has dtype {dtype}", "only floating and complex tensors have gradients", "pass dtype=anygrad.float64")
        )


# ---------------------------------------------------------------- construction


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Copy data into a new leaf.

    ``data`` is a scalar, nested lists, an array of any library or a tensor. Floats become the default real
    dtype (float64), on the default device. Raises ``ShapeError`` for ragged lists and ``DtypeError`` for
    ``requires_grad`` with an integer dtype.

    >>> tensor([1, 2])
    tensor([1, 2], dtype=int64, device='cpu')
    """
    if isinstance(data, Tensor):
        data = data.detach()  # type: ignore[attr-defined]
    out = asarray(data, dtype=dtype, device=device, copy=True)
    if out.node is not None:
        out = out.detach()  # type: ignore[attr-defined]
    if requires_grad:
        _check_differentiable("tensor", out.dtype)
        out.requires_grad_()
    return out


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """Return a tensor of an array, sharing its memory where it can (``copy=True``: never; ``False``: or raise).

    A tensor comes back as it is, or converted, and stays in the graph; lists that hold tensors are stacked.
    The tensor never writes into memory that it shares. Raises ``ShapeError`` for ragged lists.

    >>> asarray([1.0, 2.0]).dtype
    dtype('float64')
    """
    if isinstance(obj, Tensor):
        out = obj if device is None else obj.to(device)  # type: ignore[attr-defined]
        if dtype is not None and out.dtype != np.dtype(dtype):
            _forbid_copy(copy)
            return out.astype(dtype)  # type: ignore[attr-defined, no-any-return]
        return out.clone() if copy else out  # type: ignore[attr-defined, no-any-return]
    source = backend_of(obj)
    if source is None:
        return _from_python(obj, dtype, get_backend(device), copy)
    xp = source if device is None and not isinstance(obj, np.generic) else get_backend(device)
    if isinstance(obj, np.ndarray) and device is None:
        xp = get_backend(None)
    if source is xp and not isinstance(obj, np.generic):
        array = obj if type(obj) is xp.array_type else xp.asarray(obj)
        _check_known(xp, array.dtype)
        if dtype is not None and xp.dtype_of(array) != np.dtype(dtype):
            _forbid_copy(copy)
            array = xp.astype(array, native(xp, dtype))
        elif copy:
            array = xp.compact(array)
        return wrap(array, xp, None)
    _forbid_copy(copy)
    host = source.to_numpy(obj) if source.name != "cpu" else np.asarray(obj)
    if dtype is not None:
        host = host.astype(dtype)
    _check_known(xp, host.dtype)
    return wrap(xp.from_numpy(host), xp, None)


def native(xp: Backend, dtype: Any) -> Any:
    """Return a dtype as the backend's own; raises ``DtypeError`` where it has none."""
    found = xp.natives.get(dtype) if dtype.__hash__ else None
    if found is None:
        try:
            found = xp.natives.get(np.dtype(dtype))
        except TypeError:
            found = None
        _check_known(xp, dtype, found)
    return found


def _check_known(xp: Backend, dtype: Any, found: Any = None) -> None:
    if found is None and xp.natives.get(dtype) is None:
        known = ", ".join(str(d) for d in dict.fromkeys(xp.dtypes.values()))
        raise DtypeError(message("dtype", f"got {dtype}", f"{xp.name} has {known}"))


def _forbid_copy(copy: bool | None) -> None:
    if copy is False:
        raise ValueError(message("asarray", "copy=False was asked for", "this conversion needs a copy", "leave copy out"))


def _holds_tensor(obj: Any) -> bool:
    return isinstance(obj, list | tuple) and any(isinstance(i, Tensor) or _holds_tensor(i) for i in obj)


def _from_python(obj: Any, dtype: Any, xp: Backend, copy: bool | None) -> Tensor:
    _forbid_copy(copy)
    if _holds_tensor(obj):
        first = next(t for t in _flat(obj) if isinstance(t, Tensor))
        parts = [asarray(i, dtype=dtype, device=first.device) for i in obj]
        return first.xp.tensors.stack(parts)  # type: ignore[no-any-return]
    try:
        host = np.asarray(obj)
    except ValueError as error:
        raise ShapeError(
            message("tensor", "the nested lists are ragged", "all lists at one level must have equal lengths", str(error))
        ) from error
    if dtype is None and host.dtype == np.float64 and not isinstance(obj, np.generic):
        dtype = get_default_dtype()
    elif dtype is None and host.dtype == np.complex128 and get_default_dtype() == np.float32:
        dtype = np.dtype("complex64")
    elif dtype is None and host.dtype.kind == "O":
        raise DtypeError(message("tensor", f"got {type(obj).__name__}", "expected numbers, nested lists or an array"))
    try:
        target = native(xp, host.dtype if dtype is None else dtype)
        host = host.astype(xp.dtypes[target])
    except (TypeError, ValueError) as error:
        if isinstance(error, DtypeError):
            raise
        raise DtypeError(message("tensor", f"got {type(obj).__name__}", f"it does not convert to {dtype}")) from error
    return wrap(xp.from_numpy(host), xp, None)


def _flat(obj: Any) -> Iterator[Any]:
    if isinstance(obj, list | tuple):
        for i in obj:
            yield from _flat(i)
    else:
        yield obj


# ---------------------------------------------------------------- gradients in and out


def as_gradient(op: str, given: Any, like: Tensor) -> Tensor:
    """Return a gradient that came from outside as a tensor; raises ``GradientError`` where it does not fit."""
    if not isinstance(given, Tensor):
        scalar = given.__class__ in SCALARS
        given = asarray(given, dtype=like.dtype if scalar else None, device=like.xp.name)
    if given.xp is not like.xp:
        raise DeviceError(
            message(op, f"the gradient is on {given.device}, the tensor is on {like.device}", "move one with .to(device)")
        )
    if given.shape != like.shape:
        raise _Misfit(message(op, f"the gradient has shape {given.shape}", f"the tensor has shape {like.shape}"))
    if given.dtype != like.dtype:
        raise _Mistyped(
            message(op, f"the gradient has dtype {given.dtype}", f"the tensor has dtype {like.dtype}", "cast it with astype")
        )
    return given


class _Misfit(GradientError, ShapeError):
    """A gradient of another shape."""


class _Mistyped(GradientError, DtypeError):
    """A gradient of another dtype."""


def seed_of(output: Tensor, gradient: Any, create_graph: bool) -> tuple[Node, Any, Backend]:
    """Return where a pass starts and with what: the conjugate of the gradient that was given, or one."""
    node, xp = output.node, output.xp
    if node is None:
        raise GradientError(
            message(
                "backward",
                "the output does not require a gradient",
                "some input must have requires_grad=True, and no no_grad() in between",
            )
        )
    if gradient is None:
        shape = output.array.shape
        if output.size != 1:
            raise _Misfit(
                message("backward", f"the output has shape {output.shape}", "pass gradient= or reduce it to a scalar first")
            )
        if output.dtype.kind == "c":
            raise _Mistyped(
                message("backward", f"the output has dtype {output.dtype}", "pass gradient= or reduce it to a real scalar first")
            )
        g = xp.ones(shape, dtype=output.array.dtype, device=xp.device)
        return node, (wrap(g, xp, None) if create_graph else g), xp
    given = as_gradient("backward", gradient, output)
    turn = output.dtype.kind == "c"
    if create_graph:
        return node, (xp.tensors.conj(given) if turn else given), xp
    return node, (xp.conj(given.array) if turn else xp.compact(given.array)), xp


def nodes_of(op: str, tensors: Sequence[Tensor]) -> list[Node]:
    """Return the nodes of tensors; raises ``GradientError`` for one that requires no gradient."""
    nodes: list[Node] = []
    for i, t in enumerate(tensors):
        if not isinstance(t, Tensor):
            raise DtypeError(message(op, f"input {i} is {type(t).__name__}", "expected a tensor"))
        if t.node is None:
            raise GradientError(message(op, f"input {i} does not require a gradient", "call requires_grad_() before using it"))
        nodes.append(t.node)
    return nodes


def landed(g: Any, xp: Backend) -> Tensor:
    """Return what arrived at the end of a pass as a tensor of its own: the gradient, no longer its conjugate."""
    if isinstance(g, Tensor):
        return xp.tensors.conj(g) if g.dtype.kind == "c" else g  # type: ignore[no-any-return]
    if g.__class__ is not xp.array_type:
        g = xp.asarray(g)
    if is_complex(xp, g.dtype):
        g = xp.conj(g)
    return wrap(xp.owned(g), xp, None)


def deposit(t: Tensor, g: Any, xp: Backend) -> None:
    """Add a gradient to ``.grad``."""
    tracked = isinstance(g, Tensor)
    g = landed(g, xp)
    assert g.shape == t.shape, f"a gradient of shape {g.shape} arrived at a leaf of shape {t.shape}"
    held = getattr(t, "_grad", None)
    if held is None:
        t._grad = g
    elif tracked or held.node is not None:
        t._grad = held + g
    else:
        held += g


def move(g: Any, source: Backend, target: Backend) -> Any:
    """Carry an array or a tensor from one backend to another."""
    if isinstance(g, Tensor):
        return g.to(target.name)  # type: ignore[attr-defined]
    return carry(g, source, target)


def carry(array: Any, source: Backend, target: Backend) -> Any:
    """Carry an array from one backend to another."""
    return target.from_numpy(source.to_numpy(array))


tape.wrap, tape.deposit, tape.move, tape.as_gradient = wrap, deposit, move, as_gradient
