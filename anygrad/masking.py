"""``nan_safe``: backward passes in which a gradient of exactly zero contributes exactly zero.

While a block is open anywhere, the slot of nodes that holds their plan is exchanged: in a block a plan is
read as its twin, whose formulas run so that zeros absorb (``absorbing``). A pass, hooks, and derivatives
forwards read plans there and nowhere else, so that nothing is asked of anybody outside.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from typing import Any

from anygrad.absorbing import Number, Space, absorbed, masked, settled
from anygrad.applications import CustomPlan
from anygrad.exchange import Shared, swap
from anygrad.forwards import Pusher
from anygrad.graph import Hooked, Node, plain
from anygrad.op import Plan

__all__ = ["nan_safe"]

Function = Callable[..., Any]

_SAFE: ContextVar[bool] = ContextVar("anygrad_nan_safe", default=False)
_twins: dict[Plan, Plan] = {}


class Absorbing(CustomPlan):
    """The plan of a rule of the user's, which is taken as a whole: zero where every gradient is."""

    __slots__ = ("plan",)

    def __init__(self, plan: CustomPlan) -> None:
        super().__init__(plan.name, plan.keeps)
        self.plan = plan

    def all(self, xp: Any, g: Any, saved: Any) -> tuple[Any, ...]:
        return tuple(settled(xp, "", g, part) for part in self.plan.all(xp, g, saved))

    def push(self, xp: Any, tangents: Any, saved: Any) -> Any:
        with _exposed():
            return self.plan.push(xp, tangents, saved)


def safe(plan: Any) -> Any:
    """Return the twin of a plan; what is linear with constants alone, and markers, are their own."""
    if plan.__class__ is Plan:
        found = _twins.get(plan)
        if found is None:
            found = _twins[plan] = plan if plan.row.linear else _twin(plan)
        return found
    return Absorbing(plan) if isinstance(plan, CustomPlan) else plan


def _twin(plan: Plan) -> Plan:
    """Make the twin of a plan. Formulas are looked up when they run: others may have exchanged them.

    One of the user's own may do what it likes with ``g``, and is taken as a whole.
    """
    twin, key = copy.copy(plan), plan.row.key

    def run(formula: Function, xp: Any, g: Any, saved: Any) -> Any:
        if plan.ours and not plan.elementwise:
            return absorbed(xp, formula, key, g, saved)
        out = formula(xp, g, saved)
        if isinstance(out, tuple | list):
            return tuple(contributed(xp, g, part) for part in out)
        return contributed(xp, g, out)

    def contributed(xp: Any, g: Any, part: Any) -> Any:
        return masked(xp, g, part) if plan.elementwise else settled(xp, key, g, part)

    def guarded(pick: Callable[[], Any]) -> Function:
        def guard(xp: Any, g: Any, saved: Any) -> Any:
            formula = pick()
            around = getattr(formula, "around", None)
            if around is None:
                return run(formula, xp, g, saved)
            # Who looks at what a formula gives is to see what is left of it.
            return around(functools.partial(run, formula.formula))(xp, g, saved)

        return guard

    twin.all = guarded(lambda: plan.all)
    twin.one = None if plan.one is None else guarded(lambda: plan.one)
    twin.pair = None if plan.pair is None else twin.all
    if plan.each is not None:
        twin.each = tuple(guarded(lambda i=i: plan.each[i]) for i in range(len(plan.each)))  # type: ignore[misc]
    twin.into = twin.consume = None
    return twin


class Guard:
    """Exchanges what plans are read from, for all blocks that are open."""

    def __init__(self) -> None:
        self._undo = contextlib.ExitStack()

    def install(self) -> None:
        """Put it in."""
        with contextlib.ExitStack() as undo:
            for owner in (Node, Hooked):
                swap(undo, owner, "plan", _reading(vars(owner)["plan"]))
            swap(undo, Pusher, "multiplied", _multiplying(Pusher.multiplied))
            swap(undo, Pusher, "transposed", _transposing(Pusher.transposed))
            self._undo = undo.pop_all()

    def uninstall(self) -> None:
        """Put everything back."""
        self._undo.close()


def _reading(slot: Any) -> property:
    """Return the slot ``plan``, of which a block reads the twin."""
    get, inside = slot.__get__, _SAFE.get
    return property(lambda owner: safe(get(owner)) if inside() else get(owner), slot.__set__)


def _multiplying(multiplied: Function) -> Function:
    """Return what multiplies a tangent by the other factor of a product."""

    def run(pusher: Any, t: Any, other: Any, first: bool) -> Any:
        if not _SAFE.get():
            return multiplied(pusher, t, other, first)
        twin = copy.copy(pusher)
        twin.space = Space(pusher.space)
        return multiplied(twin, Number(pusher.space, t, True), Number(pusher.space, other), first).value

    return run


def _transposing(transposed: Function) -> Function:
    """Return what pushes tangents through the transpose of a formula."""

    def run(pusher: Any, node: Node, plan: Plan, *rest: Any) -> Any:
        with _exposed():
            return transposed(pusher, node, plain(node.plan), *rest)

    return run


@contextlib.contextmanager
def _exposed() -> Iterator[None]:
    """Have zeros absorb nothing: within a rule that is transposed they are its own, and not of tangents."""
    token = _SAFE.set(False)
    try:
        yield
    finally:
        _SAFE.reset(token)


_SHARED = Shared(Guard)


class nan_safe:
    """Have a gradient that is exactly zero contribute exactly zero, whatever it is multiplied by, in a block.

    For code that one cannot edit and that computes NaN or infinities which are then masked: by ``where``,
    by ``y[mask] = 1``. Their gradient is zero, and zero times NaN is NaN; here it is zero, in every pass that
    runs in the block, wherever its graph was recorded: entry by entry, in sums of products term by term, in
    ``Function`` and its like where all gradients are zero. NaN that meets a gradient other than zero stays.
    Derivatives forwards do the same for tangents in elementwise functions and products.

    Where one can edit, mask the argument instead: ``where(x > 0, log(where(x > 0, x, 1)), 0)`` is exact and
    needs no block. A block serves the thread or task that is in it, and nests; outside nothing is slower.

    >>> import anygrad as ag
    >>> x = ag.tensor([0.0, 4.0], requires_grad=True)
    >>> with ag.nan_safe():
    ...     ag.where(x > 0, ag.sqrt(x), 0.0).sum().backward()
    >>> x.grad
    tensor([0.  , 0.25], dtype=float64, device='cpu')
    """

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        _SHARED.enter()
        self._tokens.append(_SAFE.set(True))

    def __exit__(self, *exception: object) -> None:
        _SAFE.reset(self._tokens.pop())
        _SHARED.leave()
