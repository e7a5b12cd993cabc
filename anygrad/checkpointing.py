"""Checkpoints: what a region saves for backward is dropped, and computed again when backward asks for it.

A region is a block of saved-value hooks. The graph is recorded as ever, so that gradients of every order and
of closed-over tensors flow by themselves; only arrays are missing. The first that is asked for runs the
function again, as far as the last that is wanted. What came from outside is kept: it is held anyway.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
import weakref
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Literal

import numpy as np

from anygrad import trees
from anygrad.errors import ArgumentError, CheckpointError, DtypeError, message
from anygrad.graph import GRAD_MODE, Leaf, Marker, Node, Output, plain
from anygrad.keeping import Held, Keeper, Part, Policy, checked
from anygrad.op import Plan
from anygrad.rules import whole_in
from anygrad.saving import HOOKS, Hooks, Parcel
from anygrad.tensors import Tensor, wrap
from anygrad.views import base_of

__all__ = ["GENERATORS", "checkpoint", "checkpoint_sequential"]

ENTERED = Marker("checkpoint")


def _numpys() -> Any:
    state: Any = np.random.get_state()  # noqa: NPY002
    name, keys, *rest = state
    return name, keys.tobytes(), *rest


def _set_numpys(state: Any) -> None:
    name, keys, *rest = state
    np.random.set_state((name, np.frombuffer(keys, np.uint32), *rest))  # noqa: NPY002


GENERATORS: list[tuple[Callable[[], Any], Callable[[Any], None]]] = [
    (lambda: import_module("random").getstate(), lambda state: import_module("random").setstate(state)),
    (_numpys, _set_numpys),
]
"""How the state of each global source of random numbers is read and set; others are added to it."""


_last: dict[int, Any] = {}


def _states() -> list[Any]:
    """Return the states of all sources; those that did not change are one object, however many hold it."""
    found = []
    for i, (get, _) in enumerate(GENERATORS):
        state = get()
        if _last.get(i) != state:
            _last[i] = state
        found.append(_last[i])
    return found


class _Enough(BaseException):
    """Ends a function that is run again once all that is wanted is there."""


class Slot:
    """The place of one saved value: what is ``held`` of it, or ``value``, from when it is computed again."""

    __slots__ = ("__weakref__", "held", "source", "value", "xp")

    def __init__(self, held: Held | Part | None, source: Node | None, xp: Any) -> None:
        self.held = held
        self.source = None if source is None else weakref.ref(source)
        self.value: Any = None
        self.xp = xp


class _Argument:
    """A tensor that a region was given, as it was then."""

    __slots__ = ("array", "node", "xp")

    def __init__(self, array: Any, t: Tensor) -> None:
        self.array, self.xp, self.node = array, t.xp, t.node

    def opened(self) -> Tensor:
        return wrap(_opened(self.array), self.xp, self.node)


def _opened(value: Any) -> Any:
    return value.opened() if value.__class__ is Parcel else value


class Region(Hooks):
    """One call of a checkpointed function."""

    def __init__(
        self, function: Callable[..., Any], arguments: Any, preserve: bool, check: bool, policy: Policy
    ) -> None:
        self.mark = object()
        self.outer = HOOKS.get()
        self.function, self.check = function, check
        self.name = getattr(function, "__qualname__", type(function).__name__)
        self.given: set[Node] = set()
        leaves, self.form = trees.flatten(arguments)
        self.arguments = [self._kept(x) if isinstance(x, Tensor) else x for x in leaves]
        self.states = _states() if preserve else []
        self.keeper = None if policy is None else Keeper(policy)
        # What it has from elsewhere: nodes, and of leaves the arrays.
        self.leaves: weakref.WeakKeyDictionary[Leaf, Any] = weakref.WeakKeyDictionary()
        self.others: weakref.WeakSet[Node] = weakref.WeakSet()
        self.forms: list[tuple[Any, ...]] = []
        self.slots: list[weakref.ref[Slot]] = []
        self.lock = threading.RLock()

    def run(self, arguments: Any) -> Any:
        """Call the function, watched by what keeps values."""
        with self.keeper or contextlib.nullcontext():
            return self.function(*arguments[0], **arguments[1])

    # ---------------------------------------------------------------- forward

    def _kept(self, t: Tensor) -> Any:
        """Return an argument as it is now: held, or handed on to the hooks around the region."""
        node = Node(ENTERED, (), () if t.node is None else (t.node,))
        self.given.update(node.edges)
        return _Argument(self._outside(node, 0, t), t)

    def _outside(self, node: Node, origin: Any, t: Tensor) -> Any:
        return Parcel(self.outer[-1][0], node, origin, t.array) if self.outer else t.array

    def pack(self, node: Node, origin: Any, t: Tensor) -> Slot:
        """Take note of a value; hold it only if it came from outside, or is worth it."""
        source = _source(node, origin)
        held: Held | Part | None = None
        if source is not None and source is not node and self.mark not in _marks(source):
            held = Held(self._outside(node, origin, t))
        elif self.keeper is not None:
            plan = None if source is None else plain(source.plan)
            row = plan.row if isinstance(plan, Plan) else None
            held = self.keeper.offered(t.array, t.xp, "" if source is None else source.name, row)
        # An argument is as it was; the function itself may write into it.
        slot = Slot(held, None if source in self.given else source, t.xp)
        self.forms.append(_form(node, t))
        self.slots.append(weakref.ref(slot))
        return slot

    def noted(self, node: Node) -> None:
        """Take note of what the function has from elsewhere, which is not held where nothing saves it."""
        for edge in _entering(node, self.mark):
            if not isinstance(edge, Leaf):
                self.others.add(edge)
            elif edge.variable is not None and edge not in self.given:
                self.leaves.setdefault(edge, base_of(edge.variable).array)

    # ---------------------------------------------------------------- backward

    def unpack(self, slot: Slot) -> Any:
        """Return a value: what is held of it, else what the function gives when it is run again."""
        found = None if slot.held is None else slot.held.value
        if found is None:
            with self.lock:
                if slot.value is None:
                    self._run_again()
                found, slot.value = slot.value, None
            if found is None:
                raise self._differs("a saved value did not come again")
        return wrap(_opened(found), slot.xp, None)

    def _run_again(self) -> None:
        slots = [ref() for ref in self.slots]
        wanted = [
            i for i, s in enumerate(slots) if s is not None and (s.held is None or s.held.value is None)
        ]
        again = Again(self, slots, wanted[-1])
        states = _states() if self.states else []
        mode, outer = GRAD_MODE.set(True), HOOKS.set(())
        try:
            for (_, put), state in zip(GENERATORS, self.states, strict=False):
                put(state)
            with again, contextlib.suppress(_Enough):
                given = [x.opened() if x.__class__ is _Argument else x for x in self.arguments]
                self.run(trees.rebuild(self.form, given))
        finally:
            HOOKS.reset(outer)
            GRAD_MODE.reset(mode)
            for (_, put), state in zip(GENERATORS, states, strict=False):
                put(state)
        if again.count <= again.last:
            raise self._differs(
                f"it saved {again.count} values, and at least {again.last + 1} the first time"
            )

    def _differs(self, got: str) -> CheckpointError:
        return CheckpointError(
            message(
                "checkpoint",
                f"{self.name} did not do the same when it was run again in backward",
                got,
                "it must depend on its arguments and on preserved random states alone",
            )
        )


class Again(Hooks):
    """The block in which a region's function is run again: fills the slots that are wanted."""

    def __init__(self, region: Region, slots: list[Slot | None], last: int) -> None:
        self.mark = object()
        self.region, self.slots, self.last = region, slots, last
        self.count = 0

    def noted(self, node: Node) -> None:
        """Compare what the function has from elsewhere with what it had."""
        region = self.region
        for edge in _entering(node, self.mark) if region.check else ():
            if isinstance(edge, Leaf):
                before, t = region.leaves.get(edge), edge.variable
                written = before is not None and t is not None and _another(before, base_of(t).array, t.xp)
            else:
                written = edge not in region.others and region.mark not in _marks(edge)
            if written:
                raise region._differs(f"what it passed to {node.name} has been written since")

    def pack(self, node: Node, origin: Any, t: Tensor) -> Tensor:
        """Compare a value with what was in its place, and hand it over; it stays for a pass inside."""
        i, region = self.count, self.region
        self.count += 1
        if region.check and (i >= len(region.forms) or region.forms[i] != _form(node, t)):
            before = _told(region.forms[i]) if i < len(region.forms) else "nothing"
            raise region._differs(f"saved value {i} is {_told(_form(node, t))}, and was {before}")
        slot = self.slots[i] if i < len(self.slots) else None
        if slot is not None:
            held = None if slot.held is None else slot.held.value
            if held is None:
                slot.value = t.array
            elif slot.source is not None and slot.source() is _source(node, origin) and _changed(held, t):
                raise region._differs(f"what it passed to {node.name} has been written since")
        if i == self.last:
            raise _Enough
        return t

    def unpack(self, handle: Tensor) -> Tensor:
        """Return a value to a pass that the function itself runs."""
        return handle


def _source(node: Node, origin: Any) -> Node | None:
    """Return the node that made a saved value, this or an input's; None where the graph does not tell."""
    if origin == "out":
        return node
    plan = plain(node.plan)
    if isinstance(plan, Plan):
        return node.edges[plan.which.index(origin)] if origin in plan.which and not plan.row.is_list else None
    return node.edges[origin] if isinstance(origin, int) and origin < len(node.edges) else None


def _entering(node: Node, mark: object) -> list[Node]:
    """Return the edges of a node that lead out of the block of a mark."""
    ends = (e for e in node.edges if isinstance(e, Leaf) or not isinstance(plain(e.plan), Marker))
    return [e for e in ends if mark not in _marks(e)]


def _marks(node: Node) -> tuple[object, ...]:
    return getattr(node.edges[0] if isinstance(node, Output) else node, "hooks", ())


def _form(node: Node, t: Tensor) -> tuple[Any, ...]:
    return node.name, t.shape, t.dtype, t.xp


def _told(form: tuple[Any, ...]) -> str:
    name, shape, dtype, xp = form
    return f"of {name}, {dtype} of shape {shape} on {xp.name}"


def _another(before: Any, now: Any, xp: Any) -> bool:
    """Tell whether an array is another than it was: not where one was made of a scalar of NumPy's."""
    return now is not before and not (before.__class__ in xp.generics and before.tobytes() == now.tobytes())


def _changed(held: Any, t: Tensor) -> bool:
    """Tell whether a tensor from outside has another array than it had; views do not tell."""
    return (
        held.__class__ is not Parcel
        and _another(held, t.array, t.xp)
        and all(t.xp.owner(a) is a for a in (held, t.array))
    )


# ---------------------------------------------------------------- for users


def checkpoint(
    function: Callable[..., Any] | None = None,
    /,
    *args: Any,
    policy: Policy = None,
    preserve_rng_state: bool = True,
    determinism_check: Literal["default", "none"] = "default",
    **kwargs: Any,
) -> Any:
    """Call ``function(*args, **kwargs)``, keep nothing that it saves for backward, and run it again there.

    Without arguments for it, as in ``@checkpoint`` and ``@checkpoint(policy=...)``, returns the function that
    does so on every call. Nests, works at every order of derivatives, and tensors that the function has from
    elsewhere get their gradients too. The function must do the same when it runs again: arguments, pytrees
    of tensors, are held as they were; the states of NumPy's and Python's global random numbers come back
    (``preserve_rng_state``).

    ``policy`` says what is kept after all: a function of an operation's name and the bytes of its result,
    or how many bytes may be kept, of which those go first that are cheapest to compute again. What is kept of
    products, reductions, convolutions and decompositions is not computed again.

    Raises ``CheckpointError``, by the function's name, where operations, shapes, dtypes or devices are not
    the same in backward (``determinism_check="none"`` does not compare), or where a tensor that requires
    a gradient and that it has from elsewhere was written in between; of others that is not noticed.

    >>> import anygrad as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> ag.checkpoint(lambda x: ag.exp(ag.sin(x)).sum(), x).backward()
    >>> bool((x.grad == ag.exp(ag.sin(x)) * ag.cos(x)).all())
    True
    """
    options: dict[str, Any] = {"policy": policy, "preserve_rng_state": preserve_rng_state}
    options["determinism_check"] = determinism_check
    if determinism_check not in ("default", "none"):
        got = f"determinism_check is {determinism_check!r}"
        raise ArgumentError(message("checkpoint", got, "expected 'default' or 'none'"))
    checked(policy)
    if function is None:
        return functools.partial(checkpoint, **options)
    if not callable(function):
        raise DtypeError(message("checkpoint", f"got {type(function).__name__}", "expected a function"))
    if not args and not kwargs:

        @functools.wraps(function)
        def checkpointed(*args: Any, **kwargs: Any) -> Any:
            return _called(function, (args, kwargs), preserve_rng_state, determinism_check, policy)

        return checkpointed
    return _called(function, (args, kwargs), preserve_rng_state, determinism_check, policy)


def _called(function: Callable[..., Any], given: Any, preserve: bool, check: str, policy: Policy) -> Any:
    if not GRAD_MODE.get():
        return function(*given[0], **given[1])
    region = Region(function, given, preserve, check == "default", policy)
    with region:
        return region.run(given)


def checkpoint_sequential(
    functions: Sequence[Callable[[Any], Any]], segments: int, input: Any, **options: Any
) -> Any:
    """Call functions one after the other, each on the result of the one before, in checkpointed segments.

    With as many segments as the root of the number n of functions, twice so many of n results are held at a
    time. The last is checkpointed like the others (PyTorch's is not), since what a pass has used is released
    when it ends. ``options`` are ``checkpoint``'s.

    Raises ``ArgumentError`` for fewer segments than one or more than functions.

    >>> import anygrad as ag
    >>> x = ag.tensor(0.5, requires_grad=True)
    >>> ag.checkpoint_sequential([ag.sin] * 100, 10, x).backward()
    """
    n, segments = len(functions), whole_in("checkpoint_sequential", "segments", segments)
    for function in functions:
        if not callable(function):
            got = f"functions holds {function!r}"
            raise DtypeError(message("checkpoint_sequential", got, "expected functions"))
    if not 1 <= segments <= n:
        got = f"segments is {segments}, there are {n} functions"
        raise ArgumentError(message("checkpoint_sequential", got, "expected a number from 1 to that"))

    def run(start: int, stop: int, x: Any) -> Any:
        for function in functions[start:stop]:
            x = function(x)
        return x

    bounds = [n * i // segments for i in range(segments + 1)]
    for start, stop in itertools.pairwise(bounds):
        input = checkpoint(functools.partial(run, start, stop), input, **options)
    return input
