"""Gradients on demand, and grad mode: ``grad``, ``no_grad``, ``enable_grad``, ``set_grad_enabled``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from contextvars import Token
from typing import Any

from anygrad import tape
from anygrad.errors import DtypeError, GradientError, message
from anygrad.gradients import landed, nodes_of, seed_of
from anygrad.tape import GRAD_MODE
from anygrad.tensors import Tensor, wrap

__all__ = ["enable_grad", "grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]


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
    ends = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    chosen = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    given = list(grad_outputs) if isinstance(grad_outputs, list | tuple) else [grad_outputs] * len(ends)
    for i, end in enumerate(ends):
        if not isinstance(end, Tensor):
            raise DtypeError(message("grad", f"output {i} is {type(end).__name__}", "expected a tensor"))
    if (
        len(given) != len(ends)
        or not ends
        or (grad_outputs is not None and not isinstance(grad_outputs, list | tuple) and len(ends) > 1)
    ):
        raise GradientError(
            message(
                "grad",
                f"{len(ends)} outputs and {len(given)} grad_outputs",
                "expected one gradient for each output",
            )
        )
    nodes = nodes_of("grad", chosen)
    seeds = [seed_of(end, g, create_graph) for end, g in zip(ends, given, strict=True)]
    got = tape.backward(seeds, nodes, create_graph if retain_graph is None else retain_graph, create_graph)
    found: list[Tensor | None] = []
    for i, (t, node) in enumerate(zip(chosen, nodes, strict=True)):
        g = got[node]
        if g is not None:
            found.append(landed(g, t.xp))
        elif materialize_grads:
            found.append(wrap(t.xp.zeros(t.shape, dtype=t.array.dtype, device=t.xp.device), t.xp, None))
        elif allow_unused:
            found.append(None)
        else:
            raise GradientError(
                message(
                    "grad",
                    f"input {i} was not used for the outputs",
                    "pass allow_unused=True to get None for it",
                )
            )
    return tuple(found)


def is_grad_enabled() -> bool:
    """Tell whether operations are recorded here and now.

    >>> is_grad_enabled()
    True
    """
    return GRAD_MODE.get()


class _Mode:
    """Sets grad mode for a block or every call of a function, in this thread or task only; nests."""

    enabled: bool

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(GRAD_MODE.set(self.enabled))

    def __exit__(self, *exception: object) -> None:
        GRAD_MODE.reset(self._tokens.pop())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(function):
            raise DtypeError(
                message(type(self).__name__, f"got {function!r}", "expected a function to decorate")
            )
        enabled = self.enabled
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*arguments: Any, **keywords: Any) -> Any:
                token = GRAD_MODE.set(enabled)
                try:
                    return await function(*arguments, **keywords)
                finally:
                    GRAD_MODE.reset(token)

            return awaited
        if inspect.isgeneratorfunction(function):
            return functools.wraps(function)(functools.partial(_generated, enabled, function))

        @functools.wraps(function)
        def called(*arguments: Any, **keywords: Any) -> Any:
            token = GRAD_MODE.set(enabled)
            try:
                return function(*arguments, **keywords)
            finally:
                GRAD_MODE.reset(token)

        return called


def _generated(enabled: bool, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Run a generator with the mode set while it runs, not while its user does."""
    generator = function(*arguments, **keywords)
    resume, value = generator.send, None
    while True:
        token = GRAD_MODE.set(enabled)
        try:
            out = resume(value)
        except StopIteration as stop:
            return stop.value
        finally:
            GRAD_MODE.reset(token)
        try:
            value = yield out
            resume = generator.send
        except GeneratorExit:
            generator.close()
            raise
        except BaseException as error:
            resume, value = generator.throw, error


class no_grad(_Mode):
    """Record nothing in a block (``with no_grad():``) or a function (``@no_grad()``).

    >>> with no_grad():
    ...     is_grad_enabled()
    False
    """

    enabled = False


class enable_grad(_Mode):
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
        super().__init__()
        self.enabled = bool(enabled)
        self._before = GRAD_MODE.set(self.enabled)
        self._entered = False

    def __enter__(self) -> None:
        if self._entered:
            super().__enter__()
        self._entered = True

    def __exit__(self, *exception: object) -> None:
        if self._tokens:
            super().__exit__(*exception)
        else:
            GRAD_MODE.reset(self._before)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        GRAD_MODE.reset(self._before)
        return super().__call__(function)
