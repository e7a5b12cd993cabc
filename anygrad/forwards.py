"""Derivatives forwards: tangents pushed from where a recorded function begins to where it ends.

There is no second tape: what they are pushed through are the nodes of the graph, each after its inputs. An
elementwise formula is diagonal, and so its own transpose: the tangent takes the place of ``g``. A linear row
is applied to tangents as it is, and a product to those of each factor in turn. Through any other node goes
the transpose of its formula, which is linear in ``g``: one more pass over that one node. Tangents are arrays,
or tensors where the result is to be differentiable itself; many at once are stacked along a first axis.

Rows are transposes (``ops.elementwise`` says of what), so that complex numbers need no conjugate here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from anygrad import tape
from anygrad.backends.base import Backend
from anygrad.batches import Stacked, Unstacked, spread_rows
from anygrad.construction import native
from anygrad.errors import GradientError, message
from anygrad.gradients import move
from anygrad.graph import CROSSING, GRAD_MODE, OUTPUT, Input, Node, freed, plain, rewrapped
from anygrad.op import Plan
from anygrad.rules import fit, is_complex
from anygrad.tensors import Tensor, wrap

__all__ = ["Pusher", "Route"]


class Route:
    """The nodes between those where tangents are known and those where they are asked for, inputs first."""

    def __init__(self, ends: Sequence[tuple[Node, Backend]], starts: Iterable[Node]) -> None:
        self.ends = [node for node, _ in ends]
        moving = set(starts)
        seen, done, order = set(moving), set(moving), []
        stack = [node for node in self.ends if node not in seen]
        while stack:
            node = stack[-1]
            if node not in seen:
                seen.add(node)
                stack += [e for e in node.edges if e not in seen]
                continue
            stack.pop()
            if node not in done:
                done.add(node)
                if not moving.isdisjoint(node.edges):
                    moving.add(node)
                    order.append(node)
        # From the ends back: where each node is, and which tangents nobody needs after it.
        found = []
        backends = dict(ends)
        kept = set(self.ends)
        for node in reversed(order):
            xp = backends[node]
            before = node.saved[0] if plain(node.plan) is CROSSING and node.saved else xp
            last = [e for e in node.edges if e not in kept]
            kept.update(last)
            backends.update(dict.fromkeys(node.edges, before))
            found.append((xp, node, last))
        self.steps = found[::-1]

    def push(self, tangents: dict[Node, Any], count: int | None = None, tracked: bool = False) -> list[Any]:
        """Return the tangent at each end, None where it is zero, from those at the starts.

        ``count``: how many there are at once. ``tracked``: they are tensors, and the results differentiable.
        """
        held: dict[Node, Any] = dict(tangents)
        token = GRAD_MODE.set(tracked)
        try:
            for xp, steps in groupby(self.steps, itemgetter(0)):
                push = Pusher(xp, count, tracked).push
                with xp.running():
                    for _, node, last in steps:
                        held[node] = push(node, [held.get(e) for e in node.edges])
                        for e in last:
                            held.pop(e, None)
        finally:
            GRAD_MODE.reset(token)
        return [held.get(node) for node in self.ends]


class Pusher:
    """Pushes tangents through nodes of one backend; ``space`` is the namespace that their formulas run in."""

    def __init__(self, xp: Backend, count: int | None, tracked: bool) -> None:
        self.xp = xp
        self.space = xp.tensors if tracked else xp
        self.stacked = self.space if count is None else Stacked(self.space, count)
        self.count = count
        self.tracked = tracked

    def push(self, node: Node, given: list[Any]) -> Any:
        """Return the tangent of the output, or of each of several, from those of the inputs (None: zero)."""
        first = given[0]
        if first is None:
            first = next((t for t in given if t is not None), None)
        if first is None or node.__class__ is Input:
            return first
        plan, saved = plain(node.plan), node.saved
        if plan.__class__ is not Plan:
            return self.unplanned(plan, saved, given, first)
        if saved is None:
            raise freed()
        row = plan.row
        if plan.elementwise and (row.symmetric or not is_complex(self.space, first.dtype)):
            return self.diagonal(node, plan, saved, given)
        if row.batched:
            return self.product(node, plan, saved, given)
        if not row.linear:
            return self.transposed(node, plan, saved, given)
        try:
            return self.linear(plan, saved, given, self.stacked)
        except Unstacked:
            return self.one_by_one(lambda ts: self.linear(plan, saved, ts, self.space), given)

    def unplanned(self, plan: Any, saved: Any, given: list[Any], first: Any) -> Any:
        """Push through a node that is no row's."""
        if plan is OUTPUT:
            return first[saved[0]]
        if plan is CROSSING:
            return move(first, saved[0], self.xp)
        push = getattr(plan, "push", None)
        if push is None:
            advice = "differentiate it backwards"
            raise GradientError(message("jvp", f"{plan.name} has no derivative forwards", advice))
        return self.one_by_one(lambda ts: push(self.space, ts, saved), given)

    def values(self, node: Node, saved: tuple[Any, ...]) -> Any:
        """Return what was saved; as tensors in the graph where the result is to be differentiable."""
        return rewrapped(node, saved, self.xp) if self.tracked else saved

    # ---------------------------------------------------------------- kinds of rows

    def diagonal(self, node: Node, plan: Plan, saved: Any, given: list[Any]) -> Any:
        """Push through formulas that are their own transposes."""
        space, saved, fits, total = self.space, self.values(node, saved), node.fits, None
        for i, t in enumerate(given):
            if t is None:
                continue
            f = fits and fits[i]
            if f and f[0] != f[2]:
                t = space.broadcast_to(t, f[2]) if self.count is None else spread_rows(space, t, f[2])
            part = plan.each[i](space, t, saved)
            total = part if total is None else total + part
        return total if fits is None else self.cast(fits, total)

    def cast(self, fits: tuple[Any, ...], t: Any) -> Any:
        """Return a tangent in the dtype of the output; that of a real one has no imaginary part."""
        dtype = next(f[3] for f in fits if f is not None)
        return fit(self.space, t, t.shape, dtype)

    def linear(self, plan: Plan, saved: tuple[Any, ...], given: list[Any], space: Any) -> Any:
        """Apply a linear row to the tangents of its inputs."""
        row = plan.row
        keywords = {name: saved[i] for name, i in plan.keywords}
        if len(row.inputs) == 1 and not row.is_list:
            return given[0] if plan.passes[0] else row.forward(space, given[0], **keywords)
        named = dict(zip(plan.parameters, saved, strict=True))
        if row.is_list:
            found = dict(zip(named["needs"], given, strict=True))
            looks = enumerate(zip(named["xs_shape"], named["xs_dtype"], strict=True))
            xs = [self.zeros(*look) if found.get(i) is None else found[i] for i, look in looks]
            return row.forward(space, xs, **keywords)
        found = dict(zip(plan.which, given, strict=True))
        first, *others = (found.get(i) for i in range(len(row.inputs)))
        if plan.passes[0] and first is not None and all(t is None for t in others):
            return first
        if first is None:
            t = next(t for t in others if t is not None)
            first = self.zeros(named[f"{row.inputs[0]}_shape"], t.dtype)
        return row.forward(space, first, *(0 if t is None else t for t in others), **keywords)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Return the tangent of what does not move."""
        lead = () if self.count is None else (self.count,)
        return self.space.zeros((*lead, *shape), dtype=dtype, device=self.space.device)

    def product(self, node: Node, plan: Plan, saved: Any, given: list[Any]) -> Any:
        """Multiply the tangent of each factor by the other factor."""
        total = None
        named = dict(zip(plan.parameters, self.values(node, saved), strict=True))
        for i, t in zip(plan.which, given, strict=True):
            if t is None:
                continue
            part = self.multiplied(t, named[plan.row.inputs[1 - i]], i == 0)
            total = part if total is None else total + part
        return total if node.fits is None else self.cast(node.fits, total)

    def multiplied(self, t: Any, other: Any, first: bool) -> Any:
        """Multiply matrices or vectors, of which the tangent is the first factor or the second."""
        space, count = self.space, self.count
        if count is None:
            return space.matmul(t, other) if first else space.matmul(other, t)
        shape = tuple(t.shape[1:])
        vectors = len(shape) == 1, other.ndim == 1
        row, column = vectors if first else vectors[::-1]
        if len(shape) == 1:
            shape = (1, *shape) if first else (*shape, 1)
        if other.ndim == 1:
            other = space.reshape(other, (*other.shape, 1) if first else (1, *other.shape))
        t = space.reshape(t, (count, *(1,) * (other.ndim - len(shape)), *shape))
        out = space.matmul(t, other) if first else space.matmul(other, t)
        *batch, m, n = out.shape
        return space.reshape(out, (*batch, *(() if row else (m,)), *(() if column else (n,))))

    # ---------------------------------------------------------------- any row

    def transposed(self, node: Node, plan: Plan, saved: Any, given: list[Any]) -> Any:
        """Push through the transpose of a formula: the derivative, by ``g``, of what it makes of ``g``.

        What was saved is fenced off, so that a pass over this node does not walk what lies behind it.
        """
        xp = self.xp
        fences: list[tuple[Input, Node]] = []

        def fenced(value: Any) -> Any:
            if isinstance(value, tuple | list):
                return type(value)(map(fenced, value))
            if not isinstance(value, Tensor):
                return value
            if value.node is None or not self.tracked:
                return wrap(value.array, xp, None)
            fences.append((Input(), value.node))
            return wrap(value.array, xp, fences[-1][0])

        values = zip(rewrapped(node, saved, xp), plan.origins, strict=True)
        saved = tuple(value if origin is None else fenced(value) for value, origin in values)
        g, leaves = self.unknown(plan, dict(zip(plan.parameters, saved, strict=True)))
        token = GRAD_MODE.set(True)
        try:
            parts = plan.all(xp.tensors, g, saved)
            if node.fits is not None:
                pairs = zip(parts, node.fits, strict=True)
                parts = [part if f is None else fit(xp.tensors, part, *f) for part, f in pairs]
        finally:
            GRAD_MODE.reset(token)
        ends = [None if part is None else part.node for part in parts]

        def push(ts: list[Any]) -> Any:
            seeds = [(n, t, xp) for n, t in zip(ends, ts, strict=True) if n is not None and t is not None]
            wanted: list[Node] = [leaf for leaf in leaves if leaf is not None]
            found: dict[Any, Any] = tape.backward(seeds, wanted, True, self.tracked) if seeds else {}
            out = tuple(found.get(leaf) for leaf in leaves)
            return out if isinstance(g, tuple) else out[0]

        out = self.one_by_one(push, given)
        for fence, source in fences:
            fence.connect(source)
        return out

    def unknown(self, plan: Plan, named: dict[str, Any]) -> tuple[Any, list[Input | None]]:
        """Return what stands for ``g`` in a formula that is linear in it, and a node for each output."""
        out, carries, xp = named.get("out"), plan.row.carries, self.xp
        several = len(carries) > 1
        if out is not None:
            looks = [(o.shape, o.dtype) for o in (out if several else [out])]
        elif several:
            looks = list(zip(named["out_shape"], named["out_dtype"], strict=True))
        else:
            looks = [(named["out_shape"], named["out_dtype"])]
        leaves = [Input() if each else None for each in carries]
        # Ones, since some formulas scale what they are given: of zeros that would be NaN.
        parts = tuple(
            leaf and wrap(xp.ones(shape, dtype=native(xp, dtype), device=xp.device), xp, leaf)
            for leaf, (shape, dtype) in zip(leaves, looks, strict=True)
        )
        return parts if several else parts[0], leaves

    # ---------------------------------------------------------------- several tangents

    def one_by_one(self, push: Callable[[list[Any]], Any], given: list[Any]) -> Any:
        """Push each of several stacked tangents by itself."""
        count = self.count
        if count is None:
            return push(given)
        self.count = None
        outs = [push([None if t is None else self.nth(t, i) for t in given]) for i in range(count)]
        self.count = count
        if isinstance(outs[0], tuple):
            return tuple(map(self.stack, zip(*outs, strict=True)))
        return self.stack(outs)

    def nth(self, t: Any, i: int) -> Any:
        """Return one of stacked tangents, or one for each of several outputs."""
        if isinstance(t, tuple):
            return tuple(None if part is None else self.nth(part, i) for part in t)
        return self.space.getitem(t, key=(i, *(slice(0, n, 1) for n in t.shape[1:])))

    def stack(self, ts: Any) -> Any:
        """Stack tangents."""
        return None if ts[0] is None else self.space.stack(list(ts), axis=0)
