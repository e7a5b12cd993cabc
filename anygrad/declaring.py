"""``primitive``: a row of the user's own, by which an operation is declared as anygrad's own are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from anygrad import op
from anygrad.errors import ArgumentError, DtypeError, message
from anygrad.functions import FUNCTIONS, publish
from anygrad.op import REGISTRY, Row
from anygrad.tensors import Tensor

__all__ = ["primitive"]

TAKEN = ("cast", "copy", "dtype")
"""Keywords that mean something to what makes functions of rows."""

_declared: set[str] = set()


def primitive(
    forward: Callable[..., Any] | None = None,
    /,
    *,
    elementwise: bool = False,
    method: bool = False,
    **columns: Any,
) -> Any:
    """Declare ``forward(xp, x, ...)`` as an operation on tensors of every device; return its function.

    ``forward`` computes with arrays of the namespace ``xp``: the standard's functions, and ``xp.name``, the
    device. Parameters after ``xp`` are the inputs, keyword-only ones its options. For each input ``x`` that
    has a derivative, ``dx=`` is a formula whose parameters name what it needs: ``g``, the gradient of the
    output, ``out``, the inputs, ``x_shape``, ``x_dtype``, the options, and ``xp``, which is the namespace of
    tensors where second derivatives are asked for. Complex: formulas are plain derivatives, as in
    CONTRIBUTING. ``elementwise`` inputs broadcast, and their gradients are summed and cast to fit; other
    formulas return the input's shape. ``method`` makes it a method of tensors too.

    Further columns: ``accepts``, ``linear``, ``real_only``, ``carries`` and ``result`` (of several outputs),
    ``source``. The docstring is the forward's, completed. Declared again, it takes the place of the first.

    Raises ``ArgumentError`` for an option that is taken or an elementwise operation with options, and where
    a method has the name of another; ``TypeError`` for a formula that names what there is not.

    >>> import anygrad as ag
    >>> @ag.primitive(elementwise=True, dx=lambda g, out: g * (1 - out * out))
    ... def squash(xp, x):
    ...     "Return the hyperbolic tangent."
    ...     return xp.tanh(x)
    >>> ag.grad(squash)(0.0)
    tensor(1., dtype=float64, device='cpu')
    """
    if forward is None:
        return lambda function: primitive(function, elementwise=elementwise, method=method, **columns)
    if not callable(forward):
        raise DtypeError(message("primitive", f"got {type(forward).__name__}", "expected a function"))
    name = forward.__name__
    parameters = list(inspect.signature(forward).parameters.values())
    options = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    inputs = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][1:]
    if len(inputs) + len(options) + 1 != len(parameters) or not inputs or parameters[0].name != "xp":
        got = f"{name} takes ({', '.join(map(str, parameters))})"
        advice = "expected xp, then the inputs, then options by keyword"
        raise ArgumentError(message("primitive", got, advice))
    for p in options:
        if elementwise or p.name in TAKEN:
            got = f"{name} has the option {p.name}"
            advice = "an elementwise operation has none" if elementwise else "use another name"
            raise ArgumentError(message("primitive", got, advice))
    if method and hasattr(Tensor, name) and getattr(Tensor, name) is not FUNCTIONS.get(_key(forward)):
        raise ArgumentError(message("primitive", f"tensors have a method {name}", "use another name"))
    key = _key(forward)
    before = REGISTRY.pop(key, None), FUNCTIONS.pop(key, None)
    try:
        row = _row(key, forward, tuple(p.name for p in inputs), options, elementwise, columns)
    except BaseException:
        if before[0] is not None:
            REGISTRY[key], FUNCTIONS[key] = before  # type: ignore[assignment]
        raise
    publish()
    function = FUNCTIONS[key]
    function.__module__, function.__qualname__ = forward.__module__, forward.__qualname__
    function.row = row  # type: ignore[attr-defined]
    if method:
        setattr(Tensor, name, function)
    return function


def _key(forward: Callable[..., Any]) -> str:
    return f"{forward.__module__}.{forward.__name__}"


def _row(
    key: str,
    forward: Callable[..., Any],
    inputs: tuple[str, ...],
    options: list[inspect.Parameter],
    elementwise: bool,
    columns: dict[str, Any],
) -> Row:
    """Make the row of a declaration."""
    columns = {"doc": inspect.getdoc(forward) or f"Compute {forward.__name__}.", "method": False} | columns
    given = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in inputs]
    signature = inspect.Signature([*given, *options])

    def prepare(*arguments: Any, **keywords: Any) -> Any:
        bound = signature.bind(*arguments, **keywords)
        bound.apply_defaults()
        return arguments if elementwise else {p.name: bound.arguments[p.name] for p in options}

    prepare.__signature__ = signature  # type: ignore[attr-defined]
    columns["prepare"] = prepare
    if elementwise:
        return op.nary(key, " ".join(inputs), forward, **columns)
    return op.operation(key, forward, " ".join(inputs), **columns)
