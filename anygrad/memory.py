"""Who holds the memory of a device, and the error for when it is full.

Looks at graphs and tensors from outside when it is asked and never before: while programs run nothing is
counted. Knows backends by what they answer about memory, and no array library.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from typing import Any

from anygrad.backends.base import Backend
from anygrad.conversion import Values
from anygrad.devices import opened
from anygrad.errors import OutOfMemoryError, message
from anygrad.graph import Leaf, Node, plain

__all__ = ["holders", "in_units", "shortage"]

BIGGEST = 5
"""How many holders an error names."""
ADVICE = (
    "drop the tensors and graphs that are done with",
    "compute under no_grad() what needs no gradient",
    "or take smaller batches",
)


def shortage(xp: Backend, op: str, error: BaseException) -> OutOfMemoryError | None:
    """Return the error for a device without room, where that is what the library's error says; else None.

    What the failed call held on its way is let go, be the error kept or not.
    """
    asked = xp.asked(error)
    if asked is None:
        return None
    import traceback  # slow to import, and this is rare

    devices: list[Any] = opened(type(xp))
    names = " or ".join(each.name for each in devices)
    got = f"{names} has no room for {in_units(asked) if asked else 'what was to be computed'}"
    found = OutOfMemoryError(message(op, got, *map(_told, devices), *ADVICE))
    traceback.clear_frames(error.__traceback__)
    for each in devices:
        each.release()
    return found


Backend.shortage = shortage


def _told(xp: Any) -> str:
    """Say what a device holds, and who holds the most of it."""
    used, kept, free, total = (in_units(n) for n in xp.memory().values())
    text = f"on {xp.name} arrays hold {used}, {kept} more are kept for reuse, {free} of {total} are free"
    most = [f"{name} {in_units(n)}" for name, n in holders(xp)[:BIGGEST]]
    return f"{text}, the biggest holders are {', '.join(most)}" if most else text


def in_units(n: int) -> str:
    """Return a number of bytes as people read it.

    >>> in_units(512), in_units(3 << 29)
    ('512 bytes', '1.50 GiB')
    """
    if n < 1024:
        return f"{n} bytes"
    size, units = n / 1024, iter(("KiB", "MiB", "GiB", "TiB", "PiB"))
    unit = next(units)
    for larger in units:
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.2f} {unit}"


def holders(xp: Any) -> list[tuple[str, int]]:
    """Return who holds how many bytes on a device, the most first.

    What is saved for backward, or is the result of an operation, goes by the operation's name; the others are
    ``leaves``, ``gradients`` and ``tensors without a graph``. A buffer counts once, for the first of leaves,
    gradients, what is saved, results. What a running operation or foreign code holds is not seen.
    """
    nodes: list[Node] = []
    tensors: list[Any] = []
    for found in gc.get_objects():
        # By type(), since to ask a foreign object for its class may run code of its own.
        kind = type(found)
        if issubclass(kind, Node):
            nodes.append(found)
        elif issubclass(kind, Values) and getattr(found, "xp", None) is xp and not hasattr(found, "base"):
            tensors.append(found)
    gradients = {id(g) for t in tensors if (g := getattr(t, "_grad", None)) is not None}
    groups: tuple[list[tuple[str, Any]], ...] = ([], [], [], [], [])
    for t in tensors:
        # A thread may be about to fill the slots.
        node, array = getattr(t, "node", None), getattr(t, "array", None)
        if node.__class__ is Leaf:
            groups[0].append(("leaves", array))
        elif id(t) in gradients:
            groups[1].append(("gradients", array))
        else:
            groups[4].append(("tensors without a graph" if node is None else node.name, array))
    for node in nodes:
        plan = plain(getattr(node, "plan", None))
        for value, origin in zip(getattr(node, "saved", None) or (), getattr(plan, "origins", ())):
            groups[2 if origin == "out" else 3].append((plan.name, value))
    total: Counter[str] = Counter()
    seen: set[int] = set()
    for name, value in (entry for group in groups for entry in group):
        for array in _arrays(value, xp):
            buffer, size = xp.extent(array)
            if size and buffer not in seen:
                seen.add(buffer)
                total[name] += size
    return total.most_common()


def _arrays(value: Any, xp: Any) -> Iterator[Any]:
    """Yield the arrays of a device in a saved value: tuples, lists and paths are looked through."""
    if value.__class__ is xp.array_type:
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _arrays(part, xp)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _arrays(part, xp)
