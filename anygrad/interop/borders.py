"""What the borders have in common: names for messages, what may be returned, whose memory is handed out.

Knows no other framework.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from anygrad import trees
from anygrad.construction import carry
from anygrad.devices import get_backend
from anygrad.errors import DeviceError, DtypeError, GradientError, message
from anygrad.graph import Leaf, Node
from anygrad.tensors import Tensor, new

__all__ = ["check_function", "common", "handed", "name_of", "refuse_captured", "returned"]


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function is called in messages."""
    return getattr(function, "__name__", type(function).__name__)


def check_function(op: str, function: Any) -> None:
    """Raise ``DtypeError`` for what cannot be called."""
    if not callable(function):
        raise DtypeError(message(op, f"got {type(function).__name__}", "expected a function"))


def common(op: str, tensors: Iterable[Tensor]) -> Any:
    """Return the backend of tensors, None where there are none; raises ``DeviceError`` for two."""
    found = list(dict.fromkeys(t.xp for t in tensors))
    if len(found) > 1:
        got = f"its tensors are on {' and '.join(xp.name for xp in found)}"
        raise DeviceError(message(op, got, "move them with .to(device)"))
    return found[0] if found else None


def returned(op: str, out: Any, kind: type, wanted: str) -> tuple[list[Any], Any]:
    """Return the leaves and the form of what a function returned, which are to be arrays of a kind."""
    leaves, form = trees.flatten(out)
    for leaf, name in zip(leaves, trees.names(out, "out") if leaves else [], strict=True):
        if not isinstance(leaf, kind):
            library = type(leaf).__module__.partition(".")[0]
            got = f"{name} is {library}.{type(leaf).__name__}".replace(" builtins.", " ")
            raise DtypeError(message(op, got, f"expected {wanted}", "a gradient would be lost there"))
    return leaves, form


def _holders(tensors: list[Any], i: int) -> int:
    return sys.getrefcount(tensors[i])


_ALONE = _holders([new(Tensor)], 0)


def handed(tensors: list[Any], i: int, device: str) -> Any:
    """Return the array of one of a list for another framework to keep: on its memory if nobody else sees it.

    Only then may that framework write there, as it is free to. Nobody may hold the tensor but the list.
    """
    alone = _holders(tensors, i) == _ALONE and tensors[i].xp.exclusive(tensors[i])
    t, target = tensors[i], get_backend(device)
    array = t.array if alone else t.xp.compact(t.array)
    return array if target is t.xp else carry(array, t.xp, target)


def refuse_captured(op: str, outs: Sequence[Any], marks: Iterable[Tensor | None]) -> None:
    """Raise ``GradientError`` where results depend on tracked tensors that are no arguments."""
    ours = {id(m.node) for m in marks if m is not None}
    seen: set[Node] = set()
    waiting = [out.node for out in outs if isinstance(out, Tensor) and out.node is not None]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        waiting += node.edges
        if isinstance(node, Leaf) and not node.edges and id(node) not in ours:
            got = "the function uses a tensor that requires a gradient and is no argument"
            advice = "its gradient would be lost", "pass it as an argument, or x.detach()"
            raise GradientError(message(op, got, *advice))
