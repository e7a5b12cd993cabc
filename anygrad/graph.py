"""The graph: nodes, and grad mode.

A node is a plan, what it saved, and one edge for each input that needs a gradient. It never holds a tensor
that came out of it, so a graph has no cycles and dies by reference count. Imports nothing of tensors: how one
is made, checked and moved is handed in.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from anygrad.errors import DtypeError, FreedGraphError, message
from anygrad.op import REGISTRY, Plan
from anygrad.rules import fit

__all__ = [
    "CROSSING",
    "GRAD_MODE",
    "LEAF",
    "OUTPUT",
    "HookHandle",
    "Hooked",
    "Input",
    "Leaf",
    "Marker",
    "Node",
    "Output",
]

GRAD_MODE: ContextVar[bool] = ContextVar("anygrad_grad_mode", default=True)


Hook = Any
_numbers = itertools.count()


def _unset(*arguments: Any) -> Any:
    raise AssertionError("set by a module above, before any graph is built")


def _nobody() -> None:
    """Stand for a leaf that is no more."""


wrap: Callable[..., Any] = _unset
"""``wrap(array, backend, node)``: make a tensor. Set by ``tensors``, as is the next."""
as_gradient: Callable[..., Any] = _unset
"""``as_gradient(op, given, like)``: check a gradient from outside against the tensor it belongs to."""
move: Callable[..., Any] = _unset
"""``move(g, source, target)``: carry an array or a tensor between backends. Set by ``gradients``."""


class Marker:
    """Stands where a plan does, for nodes that are no operation's; has no ``one``, ``pair`` or ``into``."""

    __slots__ = ("name",)
    one = pair = into = None
    keeps = chains = False

    def __init__(self, name: str) -> None:
        self.name = name


LEAF = Marker("accumulate")
OUTPUT = Marker("output")
CROSSING = Marker("to_device")


class Hooked:
    """A plan with functions that see the gradient first. A node is hooked by exchanging its plan.

    ``hooks`` see what arrives, and take part in what is asked for; ``before`` and ``after`` see a node run.
    ``kept`` are weak references to tensors that retain their gradient.
    """

    __slots__ = ("after", "before", "hooks", "keeps", "kept", "name", "plan")
    one = pair = into = None
    chains = False

    def __init__(self, plan: Any) -> None:
        self.plan = plan
        self.keeps = plan.keeps
        self.name = plan.name
        self.hooks: dict[int, Hook] = {}
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}
        self.kept: list[weakref.ref[Any]] = []


class HookHandle:
    """Removes a hook; as a context manager, at the end of the block."""

    def __init__(self, hooks: dict[int, Hook], hook: Hook) -> None:
        self._hooks = hooks
        self._key = next(_numbers)
        hooks[self._key] = hook

    def remove(self) -> None:
        """Remove the hook; once it is removed, do nothing."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def hook_on(op: str, hooks: dict[int, Hook], hook: Hook, takes: str) -> HookHandle:
    """Add a hook to others; raises ``DtypeError`` for what cannot be called."""
    if not callable(hook):
        raise DtypeError(message(op, f"got {type(hook).__name__}", f"expected a function of {takes}"))
    return HookHandle(hooks, hook)


class Node:
    """What the graph knows of one operation: ``name``, and ``next_functions``, the nodes of its inputs."""

    __slots__ = ("__weakref__", "edges", "fits", "plan", "saved")

    plan: Any
    saved: tuple[Any, ...] | None
    edges: tuple[Node, ...]
    fits: tuple[Any, ...] | None

    def __init__(
        self, plan: Any, saved: tuple[Any, ...] | None, edges: tuple[Node, ...], fits: Any = None
    ) -> None:
        self.plan = plan
        self.edges = edges
        self.saved = saved
        self.fits = fits

    @property
    def name(self) -> str:
        """The name of the operation."""
        name: str = self.plan.name
        return name

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The node and output number behind each input; (None, 0) for one that needs no gradient."""
        plan = plain(self.plan)
        ends = [(e.edges[0], e.saved[0]) if isinstance(e, Output) and e.saved else (e, 0) for e in self.edges]
        if not isinstance(plan, Plan) or plan.row.is_list:
            return tuple(ends)
        found: list[tuple[Node | None, int]] = [(None, 0)] * len(plan.row.inputs)
        for i, end in zip(plan.which, ends, strict=True):
            found[i] = end
        return tuple(found)

    @property
    def is_hooked(self) -> bool:
        """Whether anybody is to see its gradient."""
        return self.plan.__class__ is Hooked

    @property
    def hooked(self) -> Any:
        """What holds its hooks."""
        if self.plan.__class__ is not Hooked:
            self.plan = Hooked(self.plan)
        return self.plan

    @property
    def around(self) -> Any:
        """What holds the hooks before it and after it."""
        return self.hooked

    def register_prehook(self, hook: Callable[[tuple[Any, ...]], Any]) -> HookHandle:
        """Call ``hook(grad_outputs)`` before a pass runs this node; it may return others, in a tuple.

        ``grad_outputs`` has one gradient for each output, None where none arrived. Hooks of tensors come
        first. Raises ``DtypeError`` for what is no function; during the pass, for what does not fit.
        """
        return hook_on("register_prehook", self.around.before, hook, "grad_outputs")

    def register_hook(self, hook: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]) -> HookHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` after a pass has run this node.

        A tuple that it returns takes the place of ``grad_inputs``, which has an entry for each of
        ``next_functions``, None where no gradient is needed. For a leaf's node they are ``()``, and it is
        called once ``.grad`` is there. Raises what ``register_prehook`` does.
        """
        return hook_on("register_hook", self.around.after, hook, "grad_inputs and grad_outputs")

    def pull(self, xp: Any, g: Any) -> tuple[Any, ...]:
        """Return the gradient for each edge, from the gradient of the output."""
        if self.saved is None:
            raise freed()
        plan = plain(self.plan)
        if plan is CROSSING:
            return (move(g, xp, self.saved[0]),)
        if plan is OUTPUT:
            number, count = self.saved
            return (tuple(g if i == number else None for i in range(count)),)
        out: tuple[Any, ...] = plan.all(xp, g, self.saved)
        if self.fits is not None:
            out = tuple(
                part if f is None else fit(xp, part, *f) for part, f in zip(out, self.fits, strict=True)
            )
        return out

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Late:
    """Hooks around the accumulation into a leaf; ``landed`` are called with the leaf once that is done."""

    __slots__ = ("after", "before", "landed")

    def __init__(self) -> None:
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}
        self.landed: dict[int, Hook] = {}


class Leaf(Node):
    """Where a pass ends: knows weakly the tensor whose ``.grad`` it adds to."""

    __slots__ = ("hooks", "late", "tensor")

    def __init__(self, tensor: Any) -> None:
        super().__init__(LEAF, (), ())
        self.tensor: Any = weakref.ref(tensor)
        self.hooks: dict[int, Hook] = {}
        self.late: Late | None = None

    @property
    def is_hooked(self) -> bool:
        return bool(self.hooks)

    @property
    def hooked(self) -> Any:
        return self

    @property
    def around(self) -> Any:
        if self.late is None:
            self.late = Late()
        return self.late

    @property
    def variable(self) -> Any:
        """The leaf tensor, or None when it is gone."""
        return self.tensor()


class Input(Leaf):
    """Where an argument of a transformed function begins: the end of every walk while the function runs.

    ``connect`` then makes it the identity on what the argument came from, if a gradient is to flow there. No
    tensor is its leaf, and arguments may be written in place.
    """

    __slots__ = ()

    def __init__(self) -> None:
        Node.__init__(self, LEAF, (), ())
        self.tensor: Any = _nobody
        self.hooks = {}
        self.late = None

    def connect(self, source: Node) -> None:
        """Let gradients flow on to another node."""
        plan: Any = REGISTRY["clone"].plans[(0,)]
        if self.hooks:
            plan = Hooked(plan)
            plan.hooks = self.hooks
        self.plan, self.edges = plan, (source,)

    @property
    def is_hooked(self) -> bool:
        return bool(self.hooks) or self.plan.__class__ is Hooked

    @property
    def hooked(self) -> Any:
        return self if self.plan is LEAF else Node.hooked.fget(self)  # type: ignore[attr-defined]

    @property
    def around(self) -> Any:
        return (Leaf if self.plan is LEAF else Node).around.fget(self)  # type: ignore[attr-defined]


class Output(Node):
    """One of several outputs of a node: the only edge leads to the node, ``saved`` is (number, how many)."""

    __slots__ = ()

    def __init__(self, node: Node, number: int, count: int) -> None:
        super().__init__(OUTPUT, (number, count), (node,))

    @property
    def name(self) -> str:
        return self.edges[0].name

    def register_prehook(self, hook: Hook) -> HookHandle:
        return self.edges[0].register_prehook(hook)

    def register_hook(self, hook: Hook) -> HookHandle:
        return self.edges[0].register_hook(hook)


def plain(plan: Any) -> Any:
    """Return a plan without its hooks."""
    return plan.plan if plan.__class__ is Hooked else plan


def rewrapped(node: Node, saved: tuple[Any, ...], backend: Any) -> tuple[Any, ...]:
    """Return what a node saved as tensors: an input with the edge that it had, an output with the node."""
    plan = plain(node.plan)
    out: list[Any] = []
    for value, origin in zip(saved, plan.origins, strict=True):
        if origin is None or (not hasattr(value, "dtype") and origin != "out"):
            out.append(value)
        elif origin == "out":
            if isinstance(value, tuple):
                n = len(value)
                out.append(tuple(wrap(v, backend, Output(node, i, n)) for i, v in enumerate(value)))
            else:
                out.append(wrap(value, backend, node))
        else:
            edge = node.edges[plan.which.index(origin)] if origin in plan.which else None
            out.append(wrap(value, backend, edge))
    return tuple(out)


def freed() -> FreedGraphError:
    """Return the error of a second pass."""
    return FreedGraphError(
        message(
            "backward",
            "the graph was released by an earlier backward pass",
            "the saved values are gone",
            "pass retain_graph=True to the first pass, or compute the output again",
        )
    )
