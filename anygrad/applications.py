"""Calls of operations whose derivative is a rule of the user's: their nodes, and what these do in a pass.

A rule is a function from the gradients of the outputs to those of the inputs, both as users see gradients:
tensors, dL/dRe + i dL/dIm, which are turned into the pass's conjugates and back at this border. Under
``create_graph`` it runs on tensors in the graph, and so is differentiated itself.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from anygrad import tape
from anygrad.backends.base import Backend
from anygrad.devices import backend_of
from anygrad.errors import (
    ArgumentError,
    DeviceError,
    DtypeError,
    GradientDeviceError,
    GradientError,
    GradientShapeError,
    message,
)
from anygrad.graph import CROSSING, GRAD_MODE, Input, Node, Output
from anygrad.hooks import outside
from anygrad.rules import fit, is_complex
from anygrad.saving import HOOKS, Packed, Parcel
from anygrad.tensors import Tensor, asarray, wrap

__all__ = ["Application", "OncePlan", "Saved", "among"]

Rule = Callable[..., Any]


class CustomPlan:
    """What a node of such an operation runs: the rule of the call that it saved."""

    __slots__ = ("keeps", "name")
    one = pair = into = consume = each = None
    chains = False
    passes: tuple[bool, ...] = ()
    which: tuple[int, ...] = ()
    origins, parameters = (None,), ("call",)

    def __init__(self, name: str, keeps: bool) -> None:
        self.name = name
        self.keeps = keeps

    def all(self, xp: Any, g: Any, saved: Any) -> tuple[Any, ...]:
        """Return the gradient for each edge."""
        return saved[0].pulled(xp, g)  # type: ignore[no-any-return]

    def push(self, xp: Any, tangents: Sequence[Any], saved: Any) -> Any:
        """Return the tangent of each output, from one for each edge."""
        return saved[0].pushed(xp, tangents)


class OncePlan(CustomPlan):
    """Stands where a derivative ends that may not be differentiated again."""

    def all(self, xp: Any, g: Any, saved: Any) -> tuple[Any, ...]:
        """Refuse."""
        raise GradientError(
            message(
                self.name,
                "a second derivative was asked for, or one forwards",
                "its backward is marked once_differentiable",
                "take the mark away and write it with differentiable operations, or write a jvp",
            )
        )

    push = all  # type: ignore[assignment]


class Saved:
    """A tensor as it was when an operation saved it: an input, an output, or another."""

    __slots__ = ("array", "edge", "number", "xp")

    def __init__(self, t: Tensor, edge: Node | None, number: int | None = None) -> None:
        self.array: Any = t.array
        self.xp, self.edge, self.number = t.xp, edge, number

    def pack(self, node: Node, place: int | None) -> None:
        """Hand the array to the innermost block of hooks, if there is one."""
        stack = HOOKS.get()
        if stack:
            origin = "out" if self.number is not None else place
            self.array = Parcel(stack[-1][0], node, origin, self.array)

    def opened(self, call: Application, tracked: bool) -> Tensor:
        """Return the tensor; with the place in the graph that it had, where derivatives are to flow."""
        array = self.array.opened() if self.array.__class__ is Parcel else self.array
        edge = self.edge if self.number is None else call.output(self.number)
        return wrap(array, self.xp, edge if tracked else None)


class Application:
    """One call of an operation with a rule: what it was given, what it returned, how it is differentiated.

    ``pull(self, *gradients)`` returns a gradient for each argument, ``push(self, *tangents)``, where there is
    one, a tangent for each output.
    """

    def __init__(self, name: str, arguments: Sequence[Any], pull: Rule, push: Rule | None = None) -> None:
        self.name, self.pull, self.push = name, pull, push
        self.looks = [(a.shape, a.dtype, a.xp) if isinstance(a, Tensor) else None for a in arguments]
        self.nodes = [a.node if isinstance(a, Tensor) else None for a in arguments]
        self.which = [i for i, n in enumerate(self.nodes) if n is not None]
        self.materialize, self.tracked = True, False
        self.outs: list[Any] = []
        self.several = False
        self.ref: Callable[[], Node | None] = lambda: None

    # ---------------------------------------------------------------- recording

    def record(
        self, outs: Sequence[Any], several: bool, fixed: Sequence[Any], saved: Sequence[Any]
    ) -> list[Any]:
        """Give outputs their node; those that are ``fixed``, integers and no tensors get none."""
        carries = [isinstance(o, Tensor) and o.dtype.kind in "fc" and not among(o, fixed) for o in outs]
        backends = {o.xp for o, carry in zip(outs, carries, strict=True) if carry}
        if not backends:
            return [o.detach() if isinstance(o, Tensor) else o for o in outs]
        if len(backends) > 1:
            got = f"the outputs are on {' and '.join(sorted(xp.name for xp in backends))}"
            raise DeviceError(message(self.name, got, "expected one device", "move them outside"))
        (self.xp,) = backends
        self.outs = [(o.shape, o.dtype) if carry else None for o, carry in zip(outs, carries, strict=True)]
        self.several = several
        edges = []
        for i in self.which:
            edge, look = self.nodes[i], self.looks[i]
            assert edge is not None and look is not None
            edges.append(edge if look[2] is self.xp else Node(CROSSING, (look[2],), (edge,)))
        plan = CustomPlan(self.name, bool(saved))
        node = (Packed if HOOKS.get() else Node)(plan, (self,), tuple(edges))
        self.ref = weakref.ref(node)
        for value in saved:
            value.pack(node, self.which.index(i) if (i := self._place(value)) in self.which else None)
        return [
            wrap(o.array, o.xp, self.output(i)) if carry else o.detach() if isinstance(o, Tensor) else o
            for i, (o, carry) in enumerate(zip(outs, carries, strict=True))
        ]

    def _place(self, saved: Saved) -> int:
        """Return which argument a saved tensor is."""
        return next((i for i, n in enumerate(self.nodes) if n is not None and n is saved.edge), -1)

    def output(self, number: int) -> Node | None:
        """Return the node of an output, while the graph lives."""
        node = self.ref()
        return Output(node, number, len(self.outs)) if node is not None and self.several else node

    # ---------------------------------------------------------------- differentiating

    def pulled(self, xp: Any, g: Any) -> tuple[Any, ...]:
        """Return the gradient for each edge: the conjugates that a pass carries, arrays or tensors."""
        raw = isinstance(xp, Backend)
        given = g if self.several else (g,)
        token, before = GRAD_MODE.set(not raw), self.tracked
        self.tracked = not raw
        try:
            gs = [self._shown(part, look, raw) for part, look in zip(given, self.outs, strict=True)]
            found = self.pull(self, *gs)
            found = found if isinstance(found, tuple | list) else (found,)
            self._check(found)
            parts = [self._taken(i, found[i]) for i in self.which]
        finally:
            GRAD_MODE.reset(token)
            self.tracked = before
        return tuple(part.array if raw and part is not None else part for part in parts)

    def _shown(self, g: Any, look: Any, raw: bool) -> Tensor | None:
        if g is not None:
            return outside(g, self.xp, not raw)  # type: ignore[no-any-return]
        return self._zeros(look[0], look[1], self.xp) if self.materialize and look is not None else None

    def _zeros(self, shape: Any, dtype: Any, xp: Backend) -> Tensor:
        return wrap(xp.zeros(shape, dtype=xp.natives[dtype], device=xp.device), xp, None)

    def _check(self, found: Sequence[Any]) -> None:
        """Raise where there are too few gradients, or too many, or some for what has none."""
        count = len(self.looks)
        if len(found) < count or any(part is not None for part in found[count:]):
            got = f"backward returned {len(found)} gradients, the inputs are {count}"
            raise ArgumentError(message(self.name, got, "return one for each, None where there is none"))
        for i, (part, look) in enumerate(zip(found, self.looks, strict=False)):
            if part is not None and look is None:
                got = f"backward returned a gradient for input {i}, which is no tensor"
                raise DtypeError(message(self.name, got, "return None for it"))

    def _taken(self, i: int, part: Any) -> Any:
        """Return a gradient as the pass carries it: fitted to its input, conjugated, moved to the outputs."""
        if part is None:
            return None
        shape, dtype, xp = self.looks[i]  # type: ignore[misc]
        if not isinstance(part, Tensor):
            if backend_of(part) is None:
                got = f"the gradient of input {i} is {type(part).__name__}"
                raise DtypeError(message(self.name, got, "expected a tensor or None"))
            part = asarray(part)
        if part.xp is not xp:
            got = f"the gradient of input {i} is on {part.xp.name}, the input is on {xp.name}"
            raise GradientDeviceError(message(self.name, got, "move it with .to(device)"))
        lead = part.ndim - len(shape)
        if lead < 0 or any(n not in (1, m) for n, m in zip(shape, part.shape[lead:], strict=True)):
            got = f"the gradient of input {i} has shape {part.shape}"
            raise GradientShapeError(message(self.name, got, f"the input has shape {shape}"))
        part = fit(xp.tensors, part, shape, dtype)
        if is_complex(xp.tensors, part.dtype):
            part = xp.tensors.conj(part)
        return part.to(self.xp.name)

    def pushed(self, xp: Any, tangents: Sequence[Any]) -> Any:
        """Return the tangent of each output, None where it is zero: by its rule, or by transposing pull."""
        raw = isinstance(xp, Backend)
        token, before = GRAD_MODE.set(not raw), self.tracked
        self.tracked = not raw
        try:
            ts = [None if t is None else wrap(t, self.xp, None) if raw else t for t in tangents]
            outs = self._transposed(ts) if self.push is None else self._by_rule(ts)
        finally:
            GRAD_MODE.reset(token)
            self.tracked = before
        found = tuple(t if t is None or not raw else t.array for t in outs)
        return found if self.several else found[0]

    def _by_rule(self, ts: list[Any]) -> list[Any]:
        assert self.push is not None
        given: list[Any] = [None] * len(self.looks)
        for i, look in enumerate(self.looks):
            if i in self.which:
                t = ts[self.which.index(i)]
                t = self._zeros(look[0], look[1], self.xp) if t is None and self.materialize else t  # type: ignore[index]
                given[i] = None if t is None else t.to(look[2].name)  # type: ignore[index]
            elif look is not None and self.materialize:
                given[i] = self._zeros(*look)
        found = self.push(self, *given)
        found = list(found) if isinstance(found, tuple | list) else [found]
        if len(found) != len(self.outs):
            got = f"jvp returned {len(found)} tangents, the outputs are {len(self.outs)}"
            raise ArgumentError(message(self.name, got, "return one for each"))
        for i, (t, look) in enumerate(zip(found, self.outs, strict=True)):
            if t is not None and not isinstance(t, Tensor):
                got = f"the tangent of output {i} is {type(t).__name__}"
                raise DtypeError(message(self.name, got, "expected a tensor or None"))
            if t is not None and look is not None and (t.shape, t.dtype) != look:
                got = f"the tangent of output {i} is {t.dtype} of shape {t.shape}"
                raise GradientShapeError(
                    message(self.name, got, f"the output is {look[1]} of shape {look[0]}")
                )
        return [t if look is not None else None for t, look in zip(found, self.outs, strict=True)]

    def _transposed(self, ts: list[Any]) -> list[Any]:
        """Push by differentiating the rule, which is linear in the gradients, by them."""
        leaves = [look and Input() for look in self.outs]
        ones = tuple(
            leaf
            and wrap(
                self.xp.ones(look[0], dtype=self.xp.natives[look[1]], device=self.xp.device), self.xp, leaf
            )
            for leaf, look in zip(leaves, self.outs, strict=True)
        )
        tracked = self.tracked
        parts = self.pulled(self.xp.tensors, ones if self.several else ones[0])
        seeds = [
            (part.node, t if tracked else t.array, self.xp)
            for part, t in zip(parts, ts, strict=True)
            if part is not None and t is not None and part.node is not None
        ]
        wanted: list[Node] = [leaf for leaf in leaves if leaf is not None]
        found = tape.backward(seeds, wanted, True, tracked) if seeds else {}
        got = [None if leaf is None else found.get(leaf) for leaf in leaves]
        return [g if g is None or tracked else wrap(g, self.xp, None) for g in got]


def among(t: Any, others: Sequence[Any]) -> bool:
    return any(t is other for other in others)
