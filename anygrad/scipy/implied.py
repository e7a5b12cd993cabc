"""Tensors that an equation implies, in the graph of all that the equation reads; knows nothing of solvers.

Where ``equation(x) = 0`` at a solution that was found outside of the graph, x moves with whatever else the
equation depends on: ``dx = -J^-1 dF``, J its derivative by x (Griewank and Walther 2008, Evaluating
Derivatives, 15; Blondel et al. 2022, Efficient and Modular Implicit Differentiation). What else that is need
not be said: the equation is called, and its graph shows which tensors from around it were read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from anygrad import tape, trees
from anygrad.applications import Application, Saved
from anygrad.backends.base import Backend
from anygrad.calls import Call
from anygrad.devices import backend_of
from anygrad.dispatch import common_backend
from anygrad.errors import CheckpointError, UnsupportedError, message
from anygrad.gradients import Ends, landed, seed_of
from anygrad.graph import GRAD_MODE, Node
from anygrad.jacobians import jacobian
from anygrad.tensors import Tensor, wrap

__all__ = ["Outside", "backend_for", "dense", "diagonal", "implied"]

Function = Callable[..., Any]


def backend_for(op: str, function: Function, *given: Any) -> Backend:
    """Return where a function is to be called: where arguments are, else what it closes over.

    ``given`` are pytrees. Raises ``DeviceError`` where that is on several devices.
    """
    tensors = [leaf for tree in given for leaf in trees.flatten(tree)[0] if isinstance(leaf, Tensor)]
    return common_backend(op, tensors or _closed_over(function, 3))


def _closed_over(function: Any, depth: int) -> list[Tensor]:
    """Return the tensors that a function closes over, and functions that it does."""
    found = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            held = cell.cell_contents
        except ValueError:
            continue
        found += [leaf for leaf in trees.flatten(held)[0] if isinstance(leaf, Tensor)]
        found += _closed_over(held, depth - 1) if depth else []
    return found


class Outside:
    """The tensors that a function reads from around it, through which gradients leave it.

    A node is of before a call if the function, called again, meets the same one. Of these it reads those that
    a node of its own leads to. ``likes`` are tensors of their shapes, dtypes and devices, with their nodes.
    """

    def __init__(self, op: str) -> None:
        self.op = op
        self.likes: dict[Node, Tensor] = {}
        self.first: tuple[tuple[Tensor, ...], list[Any]] | None = None

    def watch(self, function: Function, *points: Tensor) -> list[Tensor]:
        """Call a function on points without a graph; return what it returned, and remember what it read."""
        token = GRAD_MODE.set(True)
        try:
            outs = _tensors(function(*points))
            if not self._covers(outs):
                again = _tensors(function(*points))
                self._learn(outs, again)
        finally:
            GRAD_MODE.reset(token)
        if self.first is None:
            self.first = points, [out.array for out in outs]
        return outs

    def check(self, function: Function) -> None:
        """Raise ``CheckpointError`` where the function gives something else than it gave when first watched.

        Up to the root of the precision: on some devices sums are not repeatable.
        """
        assert self.first is not None
        points, arrays = self.first
        token = GRAD_MODE.set(False)
        try:
            outs = _tensors(function(*points))
        finally:
            GRAD_MODE.reset(token)
        same = len(outs) == len(arrays)
        for out, before in zip(outs, arrays, strict=False):
            new, old = (out.xp.to_numpy(x) for x in (out.array, before))
            near = float(np.finfo(new.dtype).eps) ** 0.5 if new.dtype.kind in "fc" else 0.0
            same = same and new.shape == old.shape and np.allclose(new, old, near, near, equal_nan=True)
        if not same:
            got = "the function, called again for the derivative, gives something else than before"
            advice = (
                "it must depend on its arguments alone",
                "and what it reads may not be written in between",
            )
            raise CheckpointError(message(self.op, got, *advice))

    def _covers(self, outs: Sequence[Tensor]) -> bool:
        """Tell whether the graph of results begins at what is known."""
        return all(node in self.likes or node.edges for node in _below(outs, self.likes))

    def _learn(self, outs: Sequence[Tensor], again: Sequence[Tensor]) -> None:
        first, second = _below(outs), _below(again)
        read = [out.node for out in outs] + [e for node in first - second for e in node.edges]
        fresh = [n for n in dict.fromkeys(read) if n in first and n in second and n not in self.likes]
        ends = [out for out in outs if out.node is not None]
        seeds = [seed_of(out, _ones(out), False) for out in ends]
        for node, g in tape.backward(seeds, Ends(fresh), True, False).items():
            if isinstance(g, tuple):
                got = f"the function reads several results of {node.name} at once"
                raise UnsupportedError(message(self.op, got, "pass them on as x.clone()"))
            if g is not None:
                backend = backend_of(g)
                assert backend is not None
                self.likes[node] = wrap(g, backend, node)

    def forget(self) -> None:
        """Let go of numbers: from now on the tensors are known by their nodes and devices."""
        self.nodes = [(node, like.xp) for node, like in self.likes.items()]
        self.likes = {}

    def pulled(
        self,
        function: Function,
        points: Sequence[Tensor],
        given: Tensor,
        tracked: bool,
        partly: bool = False,
    ) -> list[Any]:
        """Return the gradient of each tensor that was read, for one of what the function returns at points.

        The function is called again; raises ``CheckpointError`` where it then reads others. ``partly``: it
        need not read all at each point, and there is None for what it does not.
        """
        call = Call(self.op, function, points, {}, range(len(points)))
        (out,) = call.outs
        token = GRAD_MODE.set(tracked)
        try:
            wanted = Ends(node for node, _ in self.nodes)
            arrived = tape.backward([seed_of(out, given, tracked)], wanted, True, tracked) if out.node else {}
        finally:
            GRAD_MODE.reset(token)
        call.connect()
        found = [None if arrived.get(node) is None else landed(arrived[node], xp) for node, xp in self.nodes]
        if not partly and any(g is None for g in found):
            got = (
                "the function, called again for the derivative, did not read the tensors that it read before"
            )
            advice = (
                "it must depend on its arguments alone",
                "and what it reads may not be written in between",
            )
            raise CheckpointError(message(self.op, got, *advice))
        return found


def _tensors(result: Any) -> list[Tensor]:
    return [leaf for leaf in trees.flatten(result)[0] if isinstance(leaf, Tensor)]


def _below(outs: Sequence[Tensor], stops: Any = ()) -> set[Node]:
    """Return the nodes that results come from, down to some at which to stop."""
    seen: set[Node] = set()
    waiting = [out.node for out in outs]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            if node not in stops:
                waiting.extend(node.edges)
    return seen


def _ones(out: Tensor) -> Tensor:
    return wrap(out.xp.ones(out.shape, dtype=out.array.dtype, device=out.xp.device), out.xp, None)


def implied(op: str, equation: Function, x: Tensor, solve: Function) -> Tensor:
    """Return x, at which ``equation(x)`` is zero, in the graph of the tensors that the equation reads.

    ``solve(equation, x, g)`` solves with the adjoint of the equation's derivative by x, in functions of
    tensors, so that there are derivatives of any order.
    """
    if not GRAD_MODE.get():
        return x
    outside = Outside(op)
    outside.watch(equation, x)
    if not outside.likes:
        return x
    solution = Saved(x, None, 0)

    def pull(now: Application, g: Tensor) -> list[Any]:
        outside.check(equation)
        here = solution.opened(now, now.tracked)
        return outside.pulled(equation, (here,), -solve(equation, here, g), now.tracked)

    application = Application(op, list(outside.likes.values()), pull)
    outside.forget()
    made: Tensor = application.record([x], False, (), [solution])[0]
    return made


# ---------------------------------------------------------------- solving with the adjoint of a derivative


def dense(equation: Function, x: Tensor, g: Tensor) -> Tensor:
    """Solve with the Jacobian, written out."""
    xp = x.xp.tensors
    n = x.size
    j = xp.reshape(jacobian(equation)(x), (n, n))
    return xp.reshape(xp.linalg.solve(xp.matrix_transpose(j), xp.reshape(g, (n,))), g.shape)  # type: ignore[no-any-return]


def diagonal(equation: Function, x: Tensor, g: Tensor) -> Tensor:
    """Solve where each entry of the equation depends on its own of x."""
    call = Call("elementwise", equation, (x,), {}, (0,))
    (slope,) = call.pulled(call.ones())
    call.connect()
    return g / slope
