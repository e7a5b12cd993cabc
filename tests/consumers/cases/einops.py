"""einops, and its functions for any array library; it finds tensors by the class that anygrad declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import einops
import numpy as np
from einops import array_api

from anygrad.errors import GraphExitError
from tests.consumers.harness import Case, Plain, Raises, apart, normal, waves

LIBRARY = "einops"
ASKS = Plain("an answer in booleans or integers")
LEAVES = Raises(GraphExitError, "makes an array of NumPy's: hand it x.detach()")


def case(name: str, call: Callable[..., Any], *inputs: Any, **keywords: Any) -> Case:
    """Return a case; its name is the function's and what sets it apart."""
    return Case(f"einops.{name}", call, *inputs, everywhere=True, **keywords)


def logsum(x: Any, axes: Any) -> Any:
    """Reduce by a function of one's own."""
    xp = x.__array_namespace__()
    return xp.log(xp.sum(xp.exp(x), axis=axes))


def packed(pack: Any, unpack: Any) -> Any:
    """Return a call that packs two arrays, works on them, and takes them apart."""

    def call(x: Any, y: Any) -> Any:
        both, shapes = pack([x, y], "b *")
        return unpack(both * both, shapes, "b *")

    return call


CASES = [
    case("rearrange", lambda x: einops.rearrange(x, "a b c -> (c a) b"), normal(2, 3, 4)),
    case("rearrange splits", lambda x: einops.rearrange(x, "(a b) c -> b c a", a=2), normal(6, 2)),
    case("rearrange of a list", lambda x, y: einops.rearrange([x, y], "n a -> a n"), normal(3), normal(3)),
    case("rearrange ellipsis", lambda x: einops.rearrange(x, "a ... -> ... a 1"), waves(2, 3)),
    *(
        case(f"reduce.{name}", lambda x, n=name: einops.reduce(x, "a (b c) -> a c", n, c=2), apart(2, 6))
        for name in ("max", "mean", "min", "prod", "sum")
    ),
    *(
        case(
            f"reduce.{name}",
            lambda x, n=name: einops.reduce(x > 0, "a b -> b", n),
            normal(2, 3),
            outcome=ASKS,
        )
        for name in ("all", "any")
    ),
    case("reduce.callable", lambda x: einops.reduce(x, "a b -> b", logsum), normal(2, 3)),
    case("repeat", lambda x: einops.repeat(x, "a b -> (a n) b m", n=2, m=3), normal(2, 3)),
    case("einsum", lambda x, y: einops.einsum(x, y, "a b, b c -> c a"), normal(2, 3), normal(3, 4)),
    case("pack", lambda x, y: einops.pack([x, y], "b *")[0], normal(2, 3), normal(2, 2, 2)),
    case("unpack", packed(einops.pack, einops.unpack), normal(2, 3), normal(2, 2, 2)),
    case("parse_shape", lambda x: einops.parse_shape(x, "a b _"), normal(2, 3, 4), outcome=ASKS),
    case("asnumpy", einops.asnumpy, normal(2), outcome=LEAVES),
    case("array_api.rearrange", lambda x: array_api.rearrange(x, "a b -> b a 1"), normal(2, 3)),
    case("array_api.reduce", lambda x: array_api.reduce(x, "a b -> b", "mean"), normal(2, 3)),
    case("array_api.repeat", lambda x: array_api.repeat(x, "a b -> (a n) b", n=2), normal(2, 3)),
    case("array_api.pack", lambda x, y: array_api.pack([x, y], "b *")[0], normal(2, 3), normal(2, 4)),
    case("array_api.unpack", packed(array_api.pack, array_api.unpack), normal(2, 3), normal(2, 4)),
    case("array_api.asnumpy", array_api.asnumpy, normal(2), outcome=LEAVES, reference=np.asarray),
]
