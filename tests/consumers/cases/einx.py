"""einx, which takes tensors as arrays of the standard."""

from __future__ import annotations

from typing import Any

import einx
import numpy as np
from einx.errors import OperationNotSupportedError

from tests.consumers.harness import Case, Plain, Raises, apart, fixed, normal, positive

LIBRARY = "einx"
ASKS = Plain("an answer in booleans or integers")
LACKS = Raises(OperationNotSupportedError, "einx has it for no array of the standard")
INDEX = fixed([0, 2])


def case(name: str, call: Any, *inputs: Any, **keywords: Any) -> Case:
    """Return a case; its name is the function's and what sets it apart."""
    return Case(f"einx.{name}", call, *inputs, **keywords)


def reduced(name: str, **keywords: Any) -> Case:
    """Return the case of a reduction."""
    return case(name, lambda x: getattr(einx, name)("a [b] c", x), apart(2, 3, 2), **keywords)


def kept(name: str, **keywords: Any) -> Case:
    """Return the case of an operation that keeps the shape."""
    return case(name, lambda x: getattr(einx, name)("a [b]", x), apart(2, 3), **keywords)


def joined(name: str, **keywords: Any) -> Case:
    """Return the case of an elementwise operation."""
    return case(
        name, lambda x, y: getattr(einx, name)("a b, b", x, y), positive(2, 3), positive(3), **keywords
    )


def written(name: str) -> Case:
    """Return the case of a write."""

    def call(x: Any, i: Any, y: Any) -> Any:
        return getattr(einx, name)("[h] c, p, p c -> [h] c", x, i, y)

    return case(name, call, normal(3, 2), INDEX, normal(2, 2), outcome=LACKS)


def _mask(name: str) -> Case:
    def call(x: Any, y: Any) -> Any:
        return getattr(einx, name)("a b, b", x > 0, y > 0)

    return case(name, call, normal(2, 3), normal(3), outcome=ASKS)


def _own(adapt: Any, name: str) -> Any:
    """Return an operation of one's own: for NumPy's arrays by einx' other adapter."""

    def made(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            return getattr(einx.numpy, adapt)(getattr(np, {"atan2": "arctan2"}.get(name, name)))
        return getattr(einx.arrayapi, adapt)(getattr(x.__array_namespace__(), name))

    return made


CASES = [
    *(reduced(name) for name in ("sum", "mean", "var", "std", "prod", "max", "min", "logsumexp")),
    *(reduced(name, outcome=ASKS) for name in ("argmax", "argmin")),
    *(
        case(name, lambda x, n=name: getattr(einx, n)("a [b]", x > 0), normal(2, 3), outcome=ASKS)
        for name in ("all", "any", "count_nonzero")
    ),
    *(kept(name) for name in ("softmax", "log_softmax", "sort", "flip")),
    kept("argsort", outcome=ASKS),
    case("roll", lambda x: einx.roll("a [b]", x, shift=2), normal(2, 3)),
    *(joined(name) for name in ("add", "subtract", "multiply", "divide", "logaddexp", "maximum", "minimum")),
    joined("true_divide"),
    joined("floor_divide"),
    *(joined(f"{n}{e}", outcome=ASKS) for n in ("less", "greater") for e in ("", "_equal")),
    *(joined(name, outcome=ASKS) for name in ("equal", "not_equal")),
    *(_mask(name) for name in ("logical_and", "logical_or")),
    case("where", lambda x, y: einx.where("a b, a b, b", x > 0, x, y), normal(2, 3), normal(3)),
    case("id", lambda x: einx.id("a (b c) -> c (b a)", x, b=2), normal(2, 6)),
    case("id joins", lambda x, y: einx.id("a b, a c -> a (b + c)", x, y), normal(2, 3), normal(2, 2)),
    case("id diagonal", lambda x: einx.id("a a b -> b a", x), normal(3, 3, 2)),
    case("id repeats", lambda x: einx.id("a b -> a 4 b", x), normal(2, 3)),
    case("id splits", lambda x: einx.id("a (b + c) -> a b, a c", x, b=1), normal(2, 3), outcome=LACKS),
    case("dot", lambda x, y: einx.dot("a [b], [b] c -> c a", x, y), normal(2, 3), normal(3, 4)),
    case(
        "dot several",
        lambda x, y, z: einx.dot("a [b], [b c], [c] -> a", x, y, z),
        *(normal(2, 3), normal(3, 4), normal(4)),
    ),
    case("get_at", lambda x, i: einx.get_at("[h] c, p -> c p", x, i), normal(3, 2), INDEX),
    *(written(name) for name in ("set_at", "add_at", "subtract_at")),
    case("solve_shapes", lambda x: einx.solve_shapes("a (b c)", x, b=2), normal(2, 6), outcome=ASKS),
    case(
        "arrayapi.adapt_numpylike_reduce",
        lambda x: _own("adapt_numpylike_reduce", "sum")(x)("a [b]", x),
        normal(2, 3),
    ),
    case(
        "arrayapi.adapt_numpylike_elementwise",
        lambda x, y: _own("adapt_numpylike_elementwise", "atan2")(x)("a b, b", x, y),
        *(normal(2, 3), normal(3)),
    ),
]
