"""What all transforms share: one call of a function on fresh inputs, and the derivatives of what it made.

Every call begins at nodes of its own (``graph.Input``), which nothing that was there before leads to. So no
transform can take another's derivative for its own, however they are nested, and no argument is changed.
While the function runs these nodes lead nowhere; then they are connected to what the arguments came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from anygrad import autograd, trees
from anygrad.arguments import Place
from anygrad.backends.base import Backend
from anygrad.errors import (
    AnygradError,
    ArgumentError,
    DtypeError,
    GradientDtypeError,
    GradientShapeError,
    message,
)
from anygrad.forwards import Route
from anygrad.graph import GRAD_MODE, Input, Node
from anygrad.tensors import Tensor, as_gradient, asarray, wrap

__all__ = ["Call", "Linear", "zeros_like"]


class Call:
    """One call of a function on fresh inputs.

    ``marks`` are those inputs, leaf by leaf, and ``forms`` the arguments that they belong to; ``outs`` are
    the leaves of what was returned, ``form`` its form.
    """

    def __init__(
        self,
        op: str,
        function: Callable[..., Any],
        args: Sequence[Any],
        keywords: dict[str, Any],
        places: Iterable[Place],
        *,
        has_aux: bool = False,
        holomorphic: bool = False,
    ) -> None:
        self.op = op
        self.holomorphic = holomorphic
        self.outer = GRAD_MODE.get()
        self.marks: list[Tensor] = []
        self.forms: list[trees.Form] = []
        self.sources: list[tuple[Input, Node]] = []
        given, named = list(args), dict(keywords)
        for place in places:
            holder: Any = named if isinstance(place, str) else given
            holder[place] = self._fresh(place, holder[place])
        token = GRAD_MODE.set(True)
        try:
            out = function(*given, **named)
        finally:
            GRAD_MODE.reset(token)
        self.aux = None
        if has_aux:
            if not isinstance(out, tuple) or len(out) != 2:
                expected = "has_aux=True expects a pair: what is differentiated, and what is not"
                raise DtypeError(message(op, f"the function returned {_kind(out)}", expected))
            out, self.aux = out
        self.has_aux = has_aux
        self.out = out
        self.outs, self.form = trees.flatten(out)
        self._leads: bool | None = None

    def _fresh(self, place: Place, tree: Any) -> Any:
        """Return an argument with fresh tensors as leaves."""
        leaves, form = trees.flatten(tree)
        fresh = []
        for i, leaf in enumerate(leaves):
            x = self._tensor(leaf, place, tree, i)
            node, array = Input(), x.array
            if self.outer and x.node is not None:
                self.sources.append((node, x.node))
            # Two tensors of one array: a write by the function goes into a copy.
            self.marks.append(wrap(array, x.xp, node))
            fresh.append(wrap(array, x.xp, node))
        self.forms.append(form)
        return trees.rebuild(form, fresh)

    def _tensor(self, leaf: Any, place: Place, tree: Any, i: int) -> Tensor:
        """Return a leaf as a tensor that can be differentiated; raises ``DtypeError`` with its name."""
        try:
            x = asarray(leaf)
        except (AnygradError, TypeError, ValueError):
            self._refuse_leaf(f"is {type(leaf).__name__}", "expected arrays or numbers", place, tree, i)
        if x.dtype.kind not in "fc":
            advice = "differentiable are floating and complex dtypes", "cast it, or write 3.0 for 3"
            self._refuse_leaf(f"has dtype {x.dtype}", "; ".join(advice), place, tree, i)
        if self.holomorphic and x.dtype.kind != "c":
            self._refuse_leaf(
                f"has dtype {x.dtype}", "holomorphic=True expects complex input", place, tree, i
            )
        return x

    def _refuse_leaf(self, got: str, expected: str, place: Place, tree: Any, i: int) -> NoReturn:
        root = place if isinstance(place, str) else f"args[{place}]"
        raise DtypeError(message(self.op, f"{trees.names(tree, root)[i]} {got}", expected))

    # ---------------------------------------------------------------- what was returned

    def check_outputs(self) -> None:
        """Raise ``GradientDtypeError`` where something that was returned cannot be differentiated."""
        if not self.outs:
            self._refuse(f"returned {_kind(self.out)}", "expected a tensor")
        kinds = "c" if self.holomorphic else "fc"
        for i, out in enumerate(self.outs):
            if isinstance(out, Tensor) and out.dtype.kind in kinds:
                continue
            place = trees.names(self.out, "out")[i]
            where = "" if place == "out" else f" with {place}"
            if not isinstance(out, Tensor):
                advice = "expected tensors", "numbers and arrays of NumPy have left the graph"
                self._refuse(f"returned {_kind(out)}{where}", *advice)
            if self.holomorphic and out.dtype.kind == "f":
                self._refuse(f"returned dtype {out.dtype}{where}", "holomorphic=True expects complex output")
            advice = (
                "only floating and complex results have derivatives",
                "return others beside it, with has_aux=True",
            )
            self._refuse(f"returned dtype {out.dtype}{where}", *advice)

    def check_scalar(self) -> None:
        """Raise where what was returned is not one real number (``holomorphic``: one complex number)."""
        out = self.out
        if not isinstance(out, Tensor) and self.form is not trees.ONE:
            advice = "expected one scalar tensor"
            hint = "pass has_aux=True to return more beside it, or use jacobian"
            self._refuse(f"returned {_kind(out)}", advice, hint)
        self.check_outputs()
        if out.shape != ():
            got, remedy = f"the function returned shape {out.shape}", "reduce it, or use jacobian"
            raise GradientShapeError(message(self.op, got, "expected a scalar, of shape ()", remedy))
        if out.dtype.kind == "c" and not self.holomorphic:
            self.refuse_complex()

    def refuse_complex(self) -> NoReturn:
        """Raise ``GradientDtypeError`` for complex output that has no gradient."""
        dtype = next(out.dtype for out in self.outs if out.dtype.kind == "c")
        advice = "take abs(out) or out.real", "pass holomorphic=True for a complex derivative"
        self._refuse(f"returned dtype {dtype}", "expected real output", *advice)

    def _refuse(self, got: str, *advice: str) -> NoReturn:
        raise GradientDtypeError(message(self.op, f"the function {got}", *advice))

    @property
    def leads_on(self) -> bool:
        """Whether what was returned depends on something that an outer derivative may be taken by."""
        if self._leads is None:
            self._leads = self.outer and (bool(self.sources) or self._leaves([o.node for o in self.outs]))
        return self._leads

    def _leaves(self, nodes: Iterable[Node | None]) -> bool:
        """Tell whether nodes lead anywhere but to the fresh inputs that are connected to nothing."""
        connected = {node for node, _ in self.sources}
        seen = {mark.node for mark in self.marks} - connected
        stack = [node for node in nodes if node is not None and node not in seen]
        while stack:
            node = stack.pop()
            if not node.edges or node in connected:
                return True
            fresh = [e for e in node.edges if e not in seen]
            seen.update(fresh)
            stack += fresh
        return False

    def connect(self) -> None:
        """Connect the inputs to what the arguments came from; the passes of this transform are over."""
        for node, source in self.sources:
            node.connect(source)

    def results(self) -> Any:
        """Return what the function returned, in the graph of nothing but what was there before."""
        if not self.leads_on:
            return trees.rebuild(self.form, [wrap(out.array, out.xp, None) for out in self.outs])
        return trees.rebuild(self.form, [self._settled(out) for out in self.outs])

    def beside(self) -> Any:
        """Return what the function returned beside its result."""
        leaves, form = trees.flatten(self.aux)
        return trees.rebuild(form, [self._settled(x) if isinstance(x, Tensor) else x for x in leaves])

    def _settled(self, t: Tensor) -> Tensor:
        if t.is_leaf or (self.outer and self._leaves([t.node])):
            return t
        return wrap(t.array, t.xp, None)

    # ---------------------------------------------------------------- derivatives

    def tangents(self, given: Sequence[Any], names: Sequence[str]) -> list[Tensor]:
        """Return the leaves of a vector for each chosen argument, which must be like it."""
        found, at = [], 0
        for tree, form, name in zip(given, self.forms, names, strict=True):
            likes = self.marks[at : at + form.num_leaves]
            found += self._fitting(name, tree, form, likes, "the argument")
            at += form.num_leaves
        return found

    def cotangents(self, given: Any) -> list[Tensor]:
        """Return the leaves of a vector that must be like what was returned."""
        return self._fitting("cotangent", given, self.form, self.outs, "the output")

    def _fitting(
        self, root: str, tree: Any, form: trees.Form, likes: Sequence[Tensor], owner: str
    ) -> list[Tensor]:
        leaves, given = trees.flatten(tree)
        other = trees.difference(given, form)
        if other is not None:
            raise ArgumentError(message(self.op, f"{root} has the form {other}", f"expected that of {owner}"))
        names = [root] if form is trees.ONE else trees.names(tree, root)
        return [
            as_gradient(self.op, x, like, name, owner)
            for x, like, name in zip(leaves, likes, names, strict=True)
        ]

    def pulled(
        self, seeds: Sequence[Tensor] | None, retain: bool = False, outs: Sequence[Tensor] | None = None
    ) -> list[Tensor]:
        """Return the gradients of the inputs for those of what was returned, or of other ``outs``.

        ``seeds`` None: of one real number. ``retain``: there will be another pass.
        """
        outs = self.outs if outs is None else outs
        given: Sequence[Any] = [None] * len(outs) if seeds is None else seeds
        tracked = GRAD_MODE.get() and (self.leads_on or any(g.node is not None for g in seeds or ()))
        pairs = [(out, g) for out, g in zip(outs, given, strict=True) if out.node is not None]
        if not pairs:
            return [zeros_like(mark) for mark in self.marks]
        ends, gs = zip(*pairs, strict=True)
        outputs = None if seeds is None else gs
        found = autograd.grad(ends, self.marks, outputs, retain or tracked, tracked, None, True)
        turned = self.holomorphic
        return [g.xp.tensors.conj(g) if turned else g for g in found if g is not None]

    def ones(self) -> list[Tensor]:
        """Return ones like what was returned."""
        return [o.xp.tensors.ones_like(o.detach()) for o in self.outs]

    def parted(self, leaves: Sequence[Any]) -> list[Any]:
        """Return for each chosen argument the tree of its leaves, out of those of all."""
        found, at = [], 0
        for form in self.forms:
            found.append(trees.rebuild(form, leaves[at : at + form.num_leaves]))
            at += form.num_leaves
        return found


class Linear:
    """The derivative of tensors that a call made, as a linear function of its inputs' tangents."""

    def __init__(self, call: Call, ends: Sequence[Tensor]) -> None:
        self.call = call
        self.ends = ends
        self.moving = [i for i, end in enumerate(ends) if end.node is not None]
        starts = [mark.node for mark in call.marks if mark.node is not None]
        self.route = Route([(ends[i].node, ends[i].xp) for i in self.moving], starts)  # type: ignore[misc]

    def push(self, tangents: Sequence[Tensor]) -> list[Tensor]:
        """Return the tangents of the ends, from one for each input."""
        found = self.pushed([(i, t) for i, t in enumerate(tangents)], None)
        return [
            zeros_like(end) if t is None else _own(t, end.xp) for t, end in zip(found, self.ends, strict=True)
        ]

    def pushed(self, tangents: Iterable[tuple[int, Tensor]], count: int | None) -> list[Any]:
        """Return for each end an array or a tensor, None for zero; ``count`` stacked where it is given."""
        given: dict[Any, Any] = {self.call.marks[i].node: t for i, t in tangents}
        tracked = GRAD_MODE.get() and (self.call.leads_on or any(t.node is not None for t in given.values()))
        arrays = given if tracked else {node: t.array for node, t in given.items()}
        found: list[Any] = [None] * len(self.ends)
        for i, t in zip(self.moving, self.route.push(arrays, count, tracked), strict=True):
            found[i] = t
        return found


def _own(t: Any, xp: Backend) -> Tensor:
    """Return what was pushed to an end as a tensor of its own."""
    if isinstance(t, Tensor):
        return wrap(t.array, xp, t.node)
    return wrap(xp.owned(t if t.__class__ is xp.array_type else xp.asarray(t)), xp, None)


def zeros_like(like: Tensor) -> Tensor:
    """Return zeros of the shape, dtype and device of a tensor."""
    xp = like.xp
    return wrap(xp.zeros(like.shape, dtype=like.array.dtype, device=xp.device), xp, None)


def _kind(found: Any) -> str:
    if isinstance(found, tuple | list):
        return f"a {type(found).__name__} of {len(found)}"
    return "None" if found is None else type(found).__name__
