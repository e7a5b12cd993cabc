"""marray: masked arrays over the namespace that an array comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import marray
import numpy as np

from tests.consumers.harness import Case, Plain, apart, normal, positive, waves

LIBRARY = "marray"
MASK = np.array([[True, False, False], [False, True, False]])
ASKS = Plain("an answer in booleans or integers")


def space(x: Any) -> Any:
    """Return the masked namespace of an array."""
    return marray.masked_namespace(x.__array_namespace__())


def masked(x: Any, mask: np.ndarray = MASK) -> Any:
    """Return a masked array."""
    xp = x.__array_namespace__()
    return space(x).asarray(x, mask=xp.asarray(mask, copy=True, device=x.device))


def opened(m: Any) -> Any:
    """Return what is not masked, zero in the place of what is, and the mask."""
    xp = m.data.__array_namespace__()
    return xp.where(m.mask, xp.zeros_like(m.data), m.data), m.mask


def case(name: str, call: Callable[..., Any], *inputs: Any, **keywords: Any) -> Case:
    """Return a case over masked arrays; ``call`` is handed the namespace first."""
    return Case(
        f"marray.{name}",
        lambda *xs: opened(call(space(xs[0]), *(masked(x) if x.shape == MASK.shape else x for x in xs))),
        *(inputs or (normal(2, 3),)),
        **keywords,
    )


def _set(m: Any, x: Any) -> Any:
    m = m * 1
    m[0, 1] = x[0, 2] * 3
    return m


CASES = [
    case("asarray", lambda mx, x: x),
    *(case(name, lambda mx, x, n=name: getattr(mx, n)(x)) for name in ("abs", "exp", "sin", "tanh")),
    case("log", lambda mx, x: mx.log(x), positive(2, 3)),
    case("conj", lambda mx, x: mx.conj(x), waves(2, 3)),
    case("clip", lambda mx, x: mx.clip(x, -0.5, 0.5)),
    *(
        case(name, lambda mx, x, y, n=name: getattr(mx, n)(x, y), normal(2, 3), positive(2, 3))
        for name in ("add", "subtract", "multiply", "divide")
    ),
    case("matmul", lambda mx, x, y: mx.matmul(x, mx.asarray(y)), normal(2, 3), normal(3, 4)),
    case("vecdot", lambda mx, x, y: mx.vecdot(x, y), normal(2, 3), normal(2, 3)),
    *(
        case(name, lambda mx, x, n=name: getattr(mx, n)(x, axis=1), apart(2, 3))
        for name in ("sum", "prod", "mean", "var", "std", "max", "min")
    ),
    case("cumulative_sum", lambda mx, x: mx.cumulative_sum(x, axis=1)),
    case("sort", lambda mx, x: mx.sort(x, axis=1), apart(2, 3)),
    case("argsort", lambda mx, x: mx.argsort(x, axis=1), apart(2, 3), outcome=ASKS),
    case("astype", lambda mx, x: mx.astype(x, mx.complex128)),
    case("concat", lambda mx, x, y: mx.concat([x, y], axis=0), normal(2, 3), normal(2, 3)),
    case("expand_dims", lambda mx, x: mx.expand_dims(x, axis=1)),
    case("flip", lambda mx, x: mx.flip(x, axis=1)),
    case("permute_dims", lambda mx, x: mx.permute_dims(x, (1, 0))),
    case("reshape", lambda mx, x: mx.reshape(x, (3, 2))),
    case("getitem", lambda mx, x: x[:, 1:]),
    case("setitem", lambda mx, x: _set(x, x)),
    case("take", lambda mx, x: mx.take(x, mx.asarray([2, 0]), axis=1)),
    case("where", lambda mx, x, y: mx.where(x > 0, x, y), normal(2, 3), normal(2, 3)),
]
