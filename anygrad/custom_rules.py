"""``custom_vjp`` and ``custom_jvp``: functions with a derivative of their own, in JAX's shape."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from anygrad import autograd, trees
from anygrad.applications import Application, Saved
from anygrad.errors import (
    ArgumentError,
    CheckpointError,
    DtypeError,
    GradientError,
    UnsupportedError,
    message,
)
from anygrad.graph import GRAD_MODE, Input
from anygrad.tensors import Tensor, wrap

__all__ = ["custom_jvp", "custom_vjp"]


class _Custom:
    """A function whose derivative is given beside it; ``nondiff_argnums`` are handed on as they are."""

    op: str

    def __init__(self, function: Callable[..., Any], nondiff_argnums: Sequence[int] = ()) -> None:
        if not callable(function):
            raise DtypeError(message(self.op, f"got {type(function).__name__}", "expected a function"))
        functools.update_wrapper(self, function)
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self.fixed = tuple(nondiff_argnums)
        self.signature = inspect.signature(function)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def _bound(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
        """Return all arguments by position; raises ``DtypeError`` for one that has none."""
        bound = self.signature.bind(*args, **keywords)
        bound.apply_defaults()
        if bound.kwargs:
            got = f"{', '.join(bound.kwargs)} can only be given by name"
            raise DtypeError(message(self.name, got, "arguments of a function with a rule have positions"))
        return bound.args

    def _refuse_outside(self, *functions: Callable[..., Any]) -> None:
        """Raise where a function reads from around it a tensor whose gradient would be lost."""
        for f in functions:
            code = getattr(f, "__code__", None)
            for name, cell in zip(code.co_freevars if code else (), f.__closure__ or (), strict=False):
                held = cell.cell_contents if _is_filled(cell) else None
                if isinstance(held, Tensor) and held.requires_grad:
                    got = f"{name} requires a gradient and is no argument"
                    advice = f"pass it as one, or close over {name}.detach()"
                    raise GradientError(message(self.name, got, "its gradient would be lost", advice))

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        given = self._bound(args, keywords)
        call = _Call(self, given)
        if not GRAD_MODE.get():
            return self.function(*given)
        for i in call.fixed:
            if any(isinstance(x, Tensor) and x.requires_grad for x in trees.flatten(given[i])[0]):
                got = f"argument {i} requires a gradient and is among nondiff_argnums"
                raise GradientError(message(self.name, got, "its gradient would be lost", "pass x.detach()"))
        if not call.needed:
            return self.function(*given)
        return self._recorded(call)

    def _recorded(self, call: _Call) -> Any:
        raise NotImplementedError


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


class _Call:
    """The arguments of one call, taken apart into leaves."""

    def __init__(self, custom: _Custom, given: Sequence[Any]) -> None:
        self.name = custom.name
        self.given, self.fixed = given, [i for i in range(len(given)) if i in custom.fixed]
        self.moving = [i for i in range(len(given)) if i not in custom.fixed]
        self.leaves: list[Any] = []
        self.forms: list[Any] = []
        for i in self.moving:
            leaves, form = trees.flatten(given[i])
            self.leaves += leaves
            self.forms.append(form)
        self.needed = any(isinstance(x, Tensor) and x.requires_grad for x in self.leaves)
        self.kept = [Saved(x, x.node) if isinstance(x, Tensor) else x for x in self.leaves]

    def unfixed(self) -> list[Any]:
        """Return the arguments that are handed on as they are."""
        return [self.given[i] for i in self.fixed]

    def rebuilt(self, leaves: Sequence[Any]) -> list[Any]:
        """Return the differentiated arguments with other leaves."""
        found, at = [], 0
        for form in self.forms:
            found.append(trees.rebuild(form, leaves[at : at + form.num_leaves]))
            at += form.num_leaves
        return found

    def whole(self, arguments: Sequence[Any]) -> list[Any]:
        """Return all arguments, the differentiated ones replaced."""
        found = list(self.given)
        for i, argument in zip(self.moving, arguments, strict=True):
            found[i] = argument
        return found

    def opened(self, call: Application) -> list[Any]:
        """Return the leaves as they were, in the graph where the derivative is to be differentiated."""
        return [x.opened(call, call.tracked) if isinstance(x, Saved) else x for x in self.kept]

    def forget(self, keep: bool) -> None:
        """Let go of the arguments, but for what is kept of them where the function is to be called again."""
        self.leaves = []
        self.given = [None if i in self.moving else a for i, a in enumerate(self.given)]
        self.kept = self.kept if keep else []

    def flat(self, op: str, trees_given: Any) -> list[Any]:
        """Return one gradient for each leaf, from one tree for each argument, None for all of it."""
        if not isinstance(trees_given, tuple | list) or len(trees_given) != len(self.forms):
            got = f"{op} returned {_count(trees_given)}"
            expected = f"expected a tuple of {len(self.forms)}, one for each argument"
            raise ArgumentError(message(self.name, got, expected, "None where there is no gradient"))
        found: list[Any] = []
        for i, (tree, form) in enumerate(zip(trees_given, self.forms, strict=True)):
            if tree is None:
                found += [None] * form.num_leaves
                continue
            leaves, got_form = trees.flatten(tree)
            differs = trees.difference(got_form, form)
            if differs:
                got = f"{op} returned another form for argument {self.moving[i]}"
                raise ArgumentError(message(self.name, got, differs))
            found += leaves
        return found


def _count(value: Any) -> str:
    return f"a tuple of {len(value)}" if isinstance(value, tuple | list) else type(value).__name__


class custom_vjp(_Custom):
    """Give a function a derivative of its own for backward, as JAX's decorator of that name does.

    ``f.defvjp(fwd, bwd)``: ``fwd(*args)`` returns the result and what ``bwd(residuals, g)`` needs; that
    returns a tuple with a gradient for each argument, of the argument's form, None where there is none.
    Arguments are pytrees; ``nondiff_argnums`` name those that are no part of the derivative and come first
    in ``bwd``. A complex ``g`` is dL/dRe + i dL/dIm, as in ``.grad``.

    Second derivatives go through ``bwd``, and through ``fwd`` for residuals other than its arguments: it
    is then called again, and must give the same (``CheckpointError`` else). Raises ``GradientError`` where
    the function reads a tensor that requires a gradient from around it.

    >>> import anygrad as ag
    >>> @ag.custom_vjp
    ... def cube(x):
    ...     return x ** 3
    >>> cube.defvjp(lambda x: (x ** 3, x), lambda x, g: (3 * x ** 2 * g,))
    >>> ag.grad(cube)(2.0)
    tensor(12., dtype=float64, device='cpu')
    """

    op = "custom_vjp"
    fwd: Callable[..., Any] | None = None
    bwd: Callable[..., Any]

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Set the rule: ``fwd(*args) -> (out, residuals)`` and ``bwd(residuals, g) -> gradients``."""
        for name, f in (("fwd", fwd), ("bwd", bwd)):
            if not callable(f):
                got = f"{name} is {type(f).__name__}"
                raise DtypeError(message("defvjp", got, "expected a function"))
        self.fwd, self.bwd = fwd, bwd

    def _ran(self, arguments: Sequence[Any]) -> Any:
        assert self.fwd is not None
        found = self.fwd(*arguments)
        if not isinstance(found, tuple) or len(found) != 2:
            got = f"fwd returned {_count(found)}"
            raise ArgumentError(message(self.name, got, "expected a pair: the result and the residuals"))
        return found

    def _recorded(self, call: _Call) -> Any:
        if self.fwd is None:
            raise UnsupportedError(message(self.name, "it has no rule", "call defvjp(fwd, bwd) first"))
        self._refuse_outside(self.function, self.fwd, self.bwd)
        token = GRAD_MODE.set(False)
        try:
            out, residuals = self._ran(call.whole(call.rebuilt(call.leaves)))
        finally:
            GRAD_MODE.reset(token)
        outs, form = trees.flatten(out)
        rest, shape = trees.flatten(residuals)
        # An argument among the residuals is connected by itself.
        places = [next((i for i, x in enumerate(call.leaves) if x is r), None) for r in rest]
        kept = [
            call.kept[i] if i is not None else Saved(r, None) if isinstance(r, Tensor) else r
            for r, i in zip(rest, places, strict=True)
        ]
        computed = [
            n
            for n, (r, i) in enumerate(zip(rest, places, strict=True))
            if i is None and isinstance(r, Tensor) and r.dtype.kind in "fc"
        ]
        fixed = call.unfixed()

        def pull(now: Application, *gs: Any) -> list[Any]:
            values = [k.opened(now, now.tracked) if isinstance(k, Saved) else k for k in kept]
            if now.tracked and computed:
                again = self._again(call, now, shape, values)
                values = [again[n] if n in computed else value for n, value in enumerate(values)]
            found = self.bwd(*fixed, trees.rebuild(shape, values), trees.rebuild(form, gs))
            return call.flat("bwd", found)

        application = Application(self.name, call.leaves, pull)
        saved = {id(k): k for k in (*kept, *(call.kept if computed else ())) if isinstance(k, Saved)}
        made = application.record(outs, len(outs) != 1, (), list(saved.values()))
        call.forget(bool(computed))
        return trees.rebuild(form, made)

    def _again(self, call: _Call, now: Application, shape: Any, values: list[Any]) -> list[Any]:
        """Return the residuals in the graph, from calling ``fwd`` once more."""
        _, residuals = self._ran(call.whole(call.rebuilt(call.opened(now))))
        rest, found = trees.flatten(residuals)
        same = trees.difference(found, shape) is None and all(
            not isinstance(old, Tensor)
            or (
                (isinstance(new, Tensor) and (new.shape, new.dtype, new.xp) == (old.shape, old.dtype, old.xp))
                and bool(((new == old) | ((new != new) & (old != old))).all())
            )
            for new, old in zip(rest, values, strict=True)
        )
        if not same:
            got = "fwd did not give the same residuals when it was called again for a second derivative"
            raise CheckpointError(message(self.name, got, "it must depend on its arguments alone"))
        return rest


class custom_jvp(_Custom):
    """Give a function a derivative of its own forwards, as JAX's decorator of that name does.

    ``f.defjvp(rule)``: ``rule(primals, tangents)`` returns the result and its tangent, linear in the
    tangents; ``f.defjvps(*rules)`` takes one ``rule(tangent, out, *primals)`` for each argument, None where
    there is none. Backward transposes the rule, and differentiates it for second derivatives.
    ``nondiff_argnums`` name arguments that come first in ``rule`` and are in neither tuple.

    Raises ``GradientError`` where the function reads a tensor that requires a gradient from around it.

    >>> import anygrad as ag
    >>> @ag.custom_jvp
    ... def cube(x):
    ...     return x ** 3
    >>> cube.defjvps(lambda t, out, x: 3 * x ** 2 * t)
    >>> ag.grad(cube)(2.0), ag.jvp(cube, (2.0,), (1.0,))[1]
    (tensor(12., dtype=float64, device='cpu'), tensor(12., dtype=float64, device='cpu'))
    """

    op = "custom_jvp"
    rule: Callable[..., Any] | None = None

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Set the rule: ``rule(primals, tangents) -> (out, tangent)``; returns it."""
        if not callable(rule):
            raise DtypeError(message("defjvp", f"got {type(rule).__name__}", "expected a function"))
        self.rule = rule
        return rule

    def defjvps(self, *rules: Callable[..., Any] | None) -> None:
        """Set a rule for each argument: ``rule(tangent, out, *primals) -> tangent``."""
        for i, f in enumerate(rules):
            if f is not None and not callable(f):
                got = f"rule {i} is {type(f).__name__}"
                raise DtypeError(message("defjvps", got, "expected a function or None"))

        def rule(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
            if len(primals) != len(rules):
                got = f"it has {len(primals)} arguments and {len(rules)} rules"
                raise ArgumentError(message(self.name, got, "expected one for each, or None"))
            if all(f is None for f in rules):
                got = "every rule is None"
                raise ArgumentError(message(self.name, got, "expected one for some argument"))
            out = self.function(*primals)
            parts = [f(t, out, *primals) for f, t in zip(rules, tangents, strict=True) if f is not None]
            return out, sum(parts[1:], start=parts[0])

        self.rule = rule

    def _recorded(self, call: _Call) -> Any:
        if self.rule is None:
            raise UnsupportedError(message(self.name, "it has no rule", "call defjvp(rule) first"))
        self._refuse_outside(self.function, self.rule)
        token = GRAD_MODE.set(False)
        try:
            outs, form = trees.flatten(self.function(*call.given))
        finally:
            GRAD_MODE.reset(token)
        fixed = call.unfixed()

        def ran(primals: list[Any], tangents: list[Any]) -> list[Any]:
            assert self.rule is not None
            found = self.rule(*fixed, tuple(call.rebuilt(primals)), tuple(call.rebuilt(tangents)))
            if not isinstance(found, tuple) or len(found) != 2:
                got = f"the rule returned {_count(found)}"
                raise ArgumentError(message(self.name, got, "expected a pair: the result and its tangent"))
            leaves, shape = trees.flatten(found[1])
            differs = trees.difference(shape, form)
            if differs:
                raise ArgumentError(
                    message(self.name, "the tangent has another form than the result", differs)
                )
            return leaves

        def push(now: Application, *tangents: Any) -> list[Any]:
            return ran(call.opened(now), list(tangents))

        def pull(now: Application, *gs: Any) -> list[Any]:
            primals = call.opened(now)
            tangents = [_zeros(x) for x in primals]
            token = GRAD_MODE.set(True)
            try:
                outs = ran(primals, tangents)
            finally:
                GRAD_MODE.reset(token)
            ends = [
                (o, g) for o, g in zip(outs, gs, strict=True) if isinstance(o, Tensor) and o.requires_grad
            ]
            wanted = [t for t in tangents if isinstance(t, Tensor) and t.requires_grad]
            if not ends:
                return [None] * len(primals)
            found = iter(
                autograd.grad(
                    [o for o, _ in ends],
                    wanted,
                    [g for _, g in ends],
                    create_graph=now.tracked,
                    allow_unused=True,
                )
            )
            return [next(found) if isinstance(t, Tensor) and t.requires_grad else None for t in tangents]

        application = Application(self.name, call.leaves, pull, push)
        made = application.record(outs, len(outs) != 1, (), [k for k in call.kept if isinstance(k, Saved)])
        call.forget(True)
        return trees.rebuild(form, made)


def _zeros(x: Any) -> Any:
    """Return a tangent to differentiate by; of an integer, zeros."""
    if not isinstance(x, Tensor):
        return None if x is None else x * 0
    zeros = x.xp.zeros_like(x.array)
    return wrap(zeros, x.xp, Input() if x.dtype.kind in "fc" else None)
