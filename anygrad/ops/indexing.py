"""Reading and replacing parts of an array, closed under differentiation.

A *path* is a tuple of ``(function name, keywords)`` that leads from an array to a part of it; index arrays
in it are flat and on the device. ``region`` reads the part, ``place`` puts a part into zeros,
``region_set`` replaces it.
"""

from __future__ import annotations

from anygrad.op import operation
from anygrad.rules import through

getitem = operation(
    "getitem",
    lambda xp, x, key: xp.getitem(x, key),
    dx=lambda xp, g, x_shape, key: xp.place(g, x_shape, through("getitem", key=key)),
    into=lambda xp, buffer, g, key: xp.put(buffer, through("getitem", key=key), g, True),
    prepare=lambda x, /, key: {"key": key},
    accepts="any",
    is_view=True,
    linear=True,
    public=False,
    doc="Index with one integer or slice an axis. A view where a slice is left.",
)


take = operation(
    "take",
    lambda xp, x, indices, axis: xp.take(x, indices, axis=axis),
    dx=lambda xp, g, x_shape, indices, axis: xp.place(
        g, x_shape, through("take", indices=indices, axis=axis)
    ),
    into=lambda xp, buffer, g, indices, axis: xp.put(
        buffer, through("take", indices=indices, axis=axis), g, True
    ),
    prepare=lambda x, /, indices, axis: {"indices": indices, "axis": axis},
    accepts="any",
    linear=True,
    public=False,
    doc="Gather along an axis at a 1-d integer index.",
)

region = operation(
    "region",
    lambda xp, x, path: xp.region(x, path),
    dx=lambda xp, g, x_shape, path: xp.place(g, x_shape, path),
    into=lambda xp, buffer, g, path: xp.put(buffer, path, g, True),
    prepare=lambda x, /, path: {"path": path},
    accepts="any",
    linear=True,
    public=False,
    doc="Return the part that a path leads to.",
)

place = operation(
    "place",
    lambda xp, x, shape, path: xp.place(x, shape, path),
    dx=lambda xp, g, path: xp.region(g, path),
    prepare=lambda x, /, shape, path: {"shape": shape, "path": path},
    accepts="any",
    linear=True,
    public=False,
    doc="Return zeros with x added into the part that a path leads to.",
)


def _unreplaced(xp, g, path, winners):
    """Read what stands in the region, zero where a later write of the same index took its place."""
    part = xp.region(g, path)
    return part if winners is None else xp.where(winners, part, xp.zeros_like(part))


def _zeroed(xp, g, path, winners):
    """Read the region, then zero it in a gradient that nobody else sees: so a loop of writes stays linear."""
    part = xp.compact(_unreplaced(xp, g, path, winners))
    xp.put(g, path, 0, False)
    return g, part


region_set = operation(
    "region_set",
    lambda xp, x, y, path, winners: xp.region_set(x, y, path),
    inputs="x y",
    dx=lambda xp, g, path: xp.region_set(g, 0, path),
    dy=_unreplaced,
    consume=_zeroed,
    prepare=lambda x, y, /, path, winners=None: {"path": path, "winners": winners},
    accepts="any",
    public=False,
    doc="Return x with the part that a path leads to replaced by y: of the part's shape, or a scalar.",
)

index_add = operation(
    "index_add",
    lambda xp, x, y, indices, axis: xp.index_add(x, y, indices, axis),
    inputs="x y",
    dx=lambda g: g,
    dy=lambda xp, g, indices, axis: xp.take(g, indices, axis=axis),
    prepare=lambda x, y, /, indices, axis: {"indices": indices, "axis": axis},
    accepts="any",
    linear=True,
    public=False,
    doc="Return x with y added at a 1-d index along an axis; equal indices add up.",
)
