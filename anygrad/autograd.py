"""Gradients on demand, and grad mode; here too are the hooks that stand in modules of their own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from contextvars import Token
from typing import Any

from anygrad import tape
from anygrad.custom import Function, once_differentiable
from anygrad.errors import ArgumentError, DtypeError, GradientError, message
from anygrad.gradients import landed, nodes_of, seed_of
from anygrad.graph import GRAD_MODE
from anygrad.saving import save_on_cpu, saved_tensors_hooks
from anygrad.several import register_multi_grad_hook
from anygrad.tensors import Tensor, wrap

__all__ = [
    "Function",
    "enable_grad",
    "grad",
    "is_grad_enabled",
    "no_grad",
    "once_differentiable",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
    "set_grad_enabled",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Return the gradients of outputs with respect to inputs, leaves or not; touches no ``.grad``.

    ``grad_outputs`` has one gradient for each output (None for a real scalar). ``allow_unused`` gives None
    for an input that no output depends on, ``materialize_grads`` zeros. ``create_graph`` makes the results
    differentiable; ``retain_graph`` (default: ``create_graph``) keeps the saved values.

    Raises ``GradientError`` for an unused input unless allowed, and where there is nothing to differentiate.

    >>> import anygrad as ag
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> (dy,) = ag.autograd.grad(x ** 3, x, create_graph=True)
    >>> ag.autograd.grad(dy, x)
    (tensor(18., dtype=float64, device='cpu'),)
    """
    ends, chosen = (
        [given] if isinstance(given, Tensor) or not isinstance(given, Iterable) else list(given)
        for given in (outputs, inputs)
    )
    if allow_unused is False and materialize_grads:
        got = "allow_unused is False, materialize_grads is True"
        raise ArgumentError(
            message("grad", got, "zeros for unused inputs allow them", "leave allow_unused out")
        )
    for i, end in enumerate(ends):
        if not isinstance(end, Tensor):
            raise DtypeError(message("grad", f"output {i} is {type(end).__name__}", "expected a tensor"))
    several = isinstance(grad_outputs, list | tuple)
    given = list(grad_outputs) if several else [grad_outputs]
    if grad_outputs is None:
        given = [None] * len(ends)
    if len(given) != len(ends) or not ends:
        got = f"{len(ends)} outputs and {len(given)} grad_outputs"
        raise GradientError(message("grad", got, "expected one gradient for each output"))
    nodes = nodes_of("grad", chosen)
    retain = create_graph if retain_graph is None else retain_graph
    token = GRAD_MODE.set(bool(create_graph))
    try:
        seeds = [seed_of(end, g, create_graph) for end, g in zip(ends, given, strict=True)]
        arrived = tape.backward(seeds, nodes, retain, create_graph)
        return tuple(
            _found(i, t, arrived[node], bool(allow_unused), materialize_grads)
            for i, (t, node) in enumerate(zip(chosen, nodes, strict=True))
        )
    except (MemoryError, RuntimeError) as error:
        short = ends[0].xp.shortage("grad", error)
        if short is None:
            raise
        raise short from error
    finally:
        GRAD_MODE.reset(token)


def _found(i: int, t: Tensor, g: Any, allow_unused: bool, materialize_grads: bool) -> Tensor | None:
    """Return what arrived at an input."""
    if g is not None:
        found: Tensor = landed(g, t.xp)
        return found
    if materialize_grads:
        return wrap(t.xp.zeros(t.shape, dtype=t.array.dtype, device=t.xp.device), t.xp, None)
    if allow_unused:
        return None
    advice = "pass allow_unused=True to get None for it"
    raise GradientError(message("grad", f"input {i} was not used for the outputs", advice))


def is_grad_enabled() -> bool:
    """Tell whether operations are recorded here and now.

    >>> is_grad_enabled()
    True
    """
    return GRAD_MODE.get()


def _undo(tokens: list[Token[bool]]) -> None:
    """Set grad mode to what it was before the last of some changes that was made in this thread or task.

    Where a generator ends in another one than it began in, there is none, and grad mode stays as it is.
    """
    for token in tokens[::-1]:  # a copy: other threads may be in the same block
        try:
            GRAD_MODE.reset(token)
        except (RuntimeError, ValueError):  # used by its own thread just now, or of another one
            continue
        tokens.remove(token)
        return


class _Mode:
    """Sets grad mode for a block or every call of a function, in this thread or task only; nests."""

    enabled: bool
    _tokens: list[Token[bool]]

    def __enter__(self) -> None:
        self._tokens.append(GRAD_MODE.set(self.enabled))

    def __exit__(self, *exception: object) -> None:
        _undo(self._tokens)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(function):
            raise DtypeError(
                message(
                    type(self).__name__, f"got {type(function).__name__}", "expected a function to decorate"
                )
            )
        wrapper = next(make for holds, make in _WRAPPERS if holds(function))
        return functools.wraps(function)(wrapper(self.enabled, function))


class _Block(_Mode):
    """The mode of one call."""

    def __init__(self, enabled: bool) -> None:
        self.enabled, self._tokens = enabled, []


def _called(enabled: bool, function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any, **keywords: Any) -> Any:
        with _Block(enabled):
            return function(*arguments, **keywords)

    return called


def _awaited(enabled: bool, function: Callable[..., Any]) -> Callable[..., Any]:
    async def awaited(*arguments: Any, **keywords: Any) -> Any:
        with _Block(enabled):
            return await function(*arguments, **keywords)

    return awaited


def _generated(enabled: bool, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a generator function with the mode set while it runs, not while its user does."""

    def generated(*arguments: Any, **keywords: Any) -> Any:
        generator = function(*arguments, **keywords)
        resume, value = generator.send, None
        while True:
            try:
                with _Block(enabled):
                    out = resume(value)
            except StopIteration as stop:
                return stop.value
            try:
                resume, value = generator.send, (yield out)
            except GeneratorExit:
                with _Block(enabled):
                    generator.close()
                raise
            except BaseException as error:
                resume, value = generator.throw, error

    return generated


def _streamed(enabled: bool, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return an asynchronous generator function with the mode set while it runs, not while its user does."""

    async def streamed(*arguments: Any, **keywords: Any) -> Any:
        generator = function(*arguments, **keywords)
        resume, value = generator.asend, None
        while True:
            try:
                with _Block(enabled):
                    out = await resume(value)
            except StopAsyncIteration:
                return
            try:
                resume, value = generator.asend, (yield out)
            except GeneratorExit:
                with _Block(enabled):
                    await generator.aclose()
                raise
            except BaseException as error:
                resume, value = generator.athrow, error

    return streamed


_WRAPPERS: tuple[tuple[Callable[[Any], bool], Callable[..., Any]], ...] = (
    (inspect.iscoroutinefunction, _awaited),
    (inspect.isgeneratorfunction, _generated),
    (inspect.isasyncgenfunction, _streamed),
    (callable, _called),
)


class _Fixed(_Mode):
    """A mode without arguments: a decorator with or without its parentheses."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        mode = super().__new__(cls)
        mode._tokens = []
        return mode if function is None else mode(function)


class no_grad(_Fixed):
    """Record nothing in a block (``with no_grad():``) or a function (``@no_grad()``).

    >>> with no_grad():
    ...     is_grad_enabled()
    False
    """

    enabled = False


class enable_grad(_Fixed):
    """Record again, inside ``no_grad``; as a block or a decorator.

    >>> with no_grad(), enable_grad():
    ...     is_grad_enabled()
    True
    """

    enabled = True


class set_grad_enabled(_Mode):
    """Set grad mode at once, as PyTorch's does; as a block, until its end; as a decorator, for the function.

    >>> with set_grad_enabled(False):
    ...     is_grad_enabled()
    False
    """

    def __init__(self, enabled: bool) -> None:
        self.enabled = bool(enabled)
        self._tokens = []
        self._at_once = [GRAD_MODE.set(self.enabled)]

    def __enter__(self) -> None:
        _undo(self._at_once)
        super().__enter__()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        _undo(self._at_once)
        return super().__call__(function)
