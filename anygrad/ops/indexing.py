"""Reading and replacing parts of an array, closed under differentiation.

A *path* is a tuple of ``(function name, keywords)`` that leads from an array to a part of it; index arrays
in it are flat and on the device. ``region`` reads the part, ``place`` puts a part into zeros,
``region_set`` replaces it.
"""

from __future__ import annotations

from typing import Any

from anygrad.errors import AxisError, DtypeError, IndexingError, ShapeError, message
from anygrad.op import ArrayLike, derived, operation
from anygrad.rules import axis_in, through

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


def _standing(xp, part, winners):
    """Return what stands in a region, zero where a later write of the same index took its place."""
    return xp.where(winners, part, xp.zeros_like(part))


def _unreplaced(xp, g, path, winners):
    part = xp.region(g, path)
    return part if winners is None else _standing(xp, part, winners)


def _zeroed(xp, g, path, winners):
    """Read the region, then zero it in a gradient that nobody else sees: so a loop of writes stays linear."""
    part = xp.compact(_unreplaced(xp, g, path, winners))
    xp.put(g, path, 0, False)
    return g, part


region_set = operation(
    "region_set",
    lambda xp, x, y, path, winners: xp.region_set(
        x, y if winners is None else _standing(xp, y, winners), path
    ),
    inputs="x y",
    dx=lambda xp, g, path: xp.region_set(g, 0, path),
    dy=_unreplaced,
    consume=_zeroed,
    prepare=lambda x, y, /, path, winners=None: {"path": path, "winners": winners},
    accepts="any",
    linear=True,
    public=False,
    doc="Return x with the part that a path leads to replaced by y: of the part's shape, or a scalar.",
)

added_at = operation(
    "added_at",
    lambda xp, x, indices, y, axis: xp.index_add(x, indices, y, axis=axis),
    inputs="x indices y",
    dx=lambda g: g,
    dy=lambda xp, g, indices, axis: xp.take(g, indices, axis=axis),
    prepare=lambda x, indices, y, /, axis: {"axis": axis},
    public=False,
    doc="Return x with y added at a 1-d index along an axis; equal indices add up.",
)

# ---------------------------------------------------------------- at arrays of positions


def _read(op: str, x: Any, key: tuple[Any, ...], indices: Any, axis: int, n: int) -> Any:
    """Read x at a key, of which ``indices`` is the part that was given, for an axis of length n."""
    if indices.dtype.kind not in "iu":
        raise IndexingError(message(op, f"indices has dtype {indices.dtype}", "expected integers"))
    try:
        return x[key]
    except IndexingError as error:
        got = str(error).partition("] ")[2].partition(":")[0]
        raise IndexingError(message(op, got, f"axis {axis} has length {n}")) from None


def _along(xp: Any, op: str, x: Any, indices: Any, axis: int) -> Any:
    """Read x at positions along an axis, the other axes of both broadcast."""
    shapes = f"x has shape {x.shape}, indices has shape {indices.shape}"
    if indices.ndim != x.ndim:
        raise ShapeError(message(op, shapes, "expected as many axes"))
    for i, (n, m) in enumerate(zip(x.shape, indices.shape, strict=True)):
        if i != axis and n != m and 1 not in (n, m):
            raise ShapeError(message(op, shapes, f"all axes but {axis} must broadcast"))
    key = tuple(
        indices if i == axis else xp.reshape(xp.arange(n), tuple(n if j == i else 1 for j in range(x.ndim)))
        for i, n in enumerate(x.shape)
    )
    return _read(op, x, key, indices, axis, x.shape[axis])


def _addends(xp: Any, op: str, x: Any, y: Any, shape: tuple[int, ...]) -> Any:
    """Return y as what can be added into a part of x that has this shape."""
    ranks = {kind: rank for rank, kinds in enumerate(("b", "iu", "f", "c")) for kind in kinds}
    if x.dtype.kind == "b" or ranks[y.dtype.kind] > ranks[x.dtype.kind]:
        got = f"x has dtype {x.dtype}, y has dtype {y.dtype}"
        raise DtypeError(message(op, got, "the result has x's dtype", "write x.astype(...)"))
    fits = all(m in (1, n) for m, n in zip(y.shape[::-1], shape[::-1], strict=False))
    if not fits or y.ndim > len(shape):
        raise ShapeError(message(op, f"y has shape {y.shape}", f"it does not broadcast to {shape}"))
    return xp.broadcast_to(xp.astype(y, x.dtype, copy=False), shape)


@derived
def take(xp: Any, x: ArrayLike, indices: ArrayLike, /, *, axis: int | None = None) -> Any:
    """Return the entries of x at positions along an axis; the axes of ``indices`` take its place.

    Negative positions count from the end. ``axis`` may be left out where x has one. Dtypes: all. A copy,
    differentiable to any order: what is read twice gets the sum of both gradients. Raises ``IndexingError``
    for a position outside the axis (CuPy wraps it and JAX, except on the host, clamps it, since to look
    would wait for the device) or an index that is no integer, ``AxisError`` for an axis that is not there.

    >>> import anygrad as ag
    >>> ag.take(ag.asarray([1.0, 2.0, 3.0]), ag.asarray([2, 0, 2]))
    tensor([3., 1., 3.], dtype=float64, device='cpu')
    """
    if axis is None and x.ndim != 1:
        raise AxisError(message("take", f"x has shape {x.shape} and no axis was given", "pass axis="))
    axis = axis_in("take", axis or 0, x.ndim)
    return _read("take", x, (*(slice(None),) * axis, indices), indices, axis, x.shape[axis])


@derived
def take_along_axis(xp: Any, x: ArrayLike, indices: ArrayLike, /, *, axis: int = -1) -> Any:
    """Return the entries of x at positions along an axis, which differ from row to row.

    ``indices`` has as many axes as x; all but ``axis`` broadcast against those of x. So what ``argsort``
    returns sorts. Negative positions count from the end. Dtypes: all. Differentiable to any order: what is
    read twice gets the sum of both gradients. Raises ``ShapeError`` where the shapes do not fit,
    ``IndexingError`` as ``take`` does, ``AxisError`` for an axis that is not there.

    >>> import anygrad as ag
    >>> ag.take_along_axis(ag.asarray([[1.0, 2.0], [3.0, 4.0]]), ag.asarray([[1], [0]]))
    tensor([[2.],
            [3.]], dtype=float64, device='cpu')
    """
    return _along(xp, "take_along_axis", x, indices, axis_in("take_along_axis", axis, x.ndim))


@derived
def index_add(xp: Any, x: ArrayLike, indices: ArrayLike, y: ArrayLike, /, *, axis: int) -> Any:
    """Return x with the entries of y added at positions along an axis; where these are equal they add up.

    What ``take`` reads, this adds to. ``indices`` has one axis, and y broadcasts to what
    ``take(x, indices, axis=axis)`` gives. Negative positions count from the end. Dtypes: numeric; the result
    has that of x. Differentiable to any order. On CuPy floating additions are made in any order, and their
    last bits may differ between runs. Raises ``ShapeError`` where the shapes do not fit, ``DtypeError`` where
    y is of a kind that x cannot hold, ``IndexingError`` as ``take`` does, ``AxisError`` for an axis that is
    not there.

    >>> import anygrad as ag
    >>> ag.index_add(ag.zeros(3), ag.asarray([0, 2, 0]), ag.asarray([1.0, 2.0, 3.0]), axis=0)
    tensor([4., 0., 2.], dtype=float64, device='cpu')
    """
    axis = axis_in("index_add", axis, x.ndim)
    if indices.ndim != 1:
        raise ShapeError(message("index_add", f"indices has shape {indices.shape}", "expected one axis"))
    shape = (*x.shape[:axis], indices.shape[0], *x.shape[axis + 1 :])
    y = _addends(xp, "index_add", x, y, shape)
    n = x.shape[axis]
    places = _read("index_add", xp.arange(n), (indices,), indices, axis, n)
    return xp.added_at(x, places, y, axis=axis)


@derived
def scatter_add(xp: Any, x: ArrayLike, indices: ArrayLike, y: ArrayLike, /, *, axis: int = -1) -> Any:
    """Return x with the entries of y added at positions along an axis, which differ from row to row.

    What ``take_along_axis`` reads, this adds to; where positions are equal the entries add up. ``indices``
    has as many axes as x, all but ``axis`` as long as those of x or 1, and y broadcasts to them. Negative
    positions count from the end. Dtypes: numeric; the result has that of x. Differentiable to any order.
    Raises what ``index_add`` does.

    >>> import anygrad as ag
    >>> ag.scatter_add(ag.zeros((2, 2)), ag.asarray([[1, 1], [0, 1]]), ag.asarray([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[0., 3.],
            [3., 4.]], dtype=float64, device='cpu')
    """
    axis = axis_in("scatter_add", axis, x.ndim)
    places = _along(xp, "scatter_add", xp.reshape(xp.arange(x.size), x.shape), indices, axis)
    shape = (*x.shape[:axis], places.shape[axis], *x.shape[axis + 1 :])
    if places.shape != shape:
        got = f"x has shape {x.shape}, indices has shape {indices.shape}"
        raise ShapeError(message("scatter_add", got, f"all axes of indices but {axis} must fit those of x"))
    y = _addends(xp, "scatter_add", x, y, shape)
    flat = (xp.reshape(part, (-1,)) for part in (x, places, y))
    return xp.reshape(xp.added_at(*flat, axis=0), x.shape)
