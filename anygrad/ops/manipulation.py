"""Shapes, axes and dtypes: views where NumPy gives views, and what joins arrays."""

from __future__ import annotations

from itertools import accumulate, pairwise
from math import prod
from typing import Any

import anygrad.rules as rules
from anygrad.errors import AxisError, ShapeError, message
from anygrad.op import ArrayLike, Axis, derived, listed, operation
from anygrad.rules import axes_in, axis_in, check_matrices, shape_in, whole_in


def _reshape(x: ArrayLike, /, shape: int | tuple[int, ...], *, copy: bool | None = None) -> dict[str, Any]:
    shape = shape_in("reshape", shape)
    if shape.count(-1) == 1:
        known = prod(n for n in shape if n != -1)
        if known and x.size % known == 0:
            shape = tuple(x.size // known if n == -1 else n for n in shape)
    if any(n < 0 for n in shape) or prod(shape) != x.size:
        raise ShapeError(
            message(
                "reshape",
                f"x has shape {x.shape}, shape is {shape}",
                f"the sizes must be equal, x has {x.size} entries",
            )
        )
    return {"shape": shape, "copy": copy}


reshape = operation(
    "reshape",
    lambda xp, x, shape: xp.reshape(x, shape),
    dx=lambda xp, g, x_shape: xp.reshape(g, x_shape),
    prepare=_reshape,
    accepts="any",
    is_view=True,
    linear=True,
    doc="Give the entries another shape, in row-major order; -1 is filled in. A view where NumPy has one.",
    example="[1.0, 2.0, 3.0, 4.0], (2, -1) -> [[1., 2.],\n        [3., 4.]]",
)


def _permute(x: ArrayLike, /, axes: tuple[int, ...]) -> dict[str, Any]:
    found = axes_in("permute_dims", tuple(axes), x.ndim)
    if len(found or ()) != x.ndim:
        raise AxisError(
            message("permute_dims", f"axes is {axes!r}", f"x has {x.ndim} axes, each must be named once")
        )
    return {"axes": found}


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


permute_dims = operation(
    "permute_dims",
    lambda xp, x, axes: xp.permute_dims(x, axes),
    dx=lambda xp, g, axes: xp.permute_dims(g, _inverse(axes)),
    prepare=_permute,
    accepts="any",
    is_view=True,
    linear=True,
    doc="Reorder the axes. A view.",
    example="[[1.0, 2.0], [3.0, 4.0]], (1, 0) -> [[1., 3.],\n        [2., 4.]]",
)


def _flipped(x: ArrayLike, /, axis: Axis = None) -> dict[str, Any]:
    return {"axis": rules.axes_of(x.ndim, axes_in("flip", axis, x.ndim))}


flip = operation(
    "flip",
    lambda xp, x, axis: xp.flip(x, axis=axis) if x.ndim else xp.compact(x),
    dx=lambda xp, g, axis: xp.flip(g, axis=axis),
    prepare=_flipped,
    accepts="any",
    is_view=True,
    linear=True,
    doc="Reverse the order along the axes. A view.",
    example="[1.0, 2.0, 3.0] -> [3., 2., 1.]",
)


def _broadcast(x: ArrayLike, /, shape: int | tuple[int, ...]) -> dict[str, Any]:
    shape = shape_in("broadcast_to", shape)
    fits = all(m in (1, n) for m, n in zip(x.shape[::-1], shape[::-1], strict=False))
    if not fits or len(shape) < x.ndim or min(shape, default=0) < 0:
        raise ShapeError(
            message("broadcast_to", f"x has shape {x.shape}", f"it does not broadcast to {shape}")
        )
    return {"shape": shape}


broadcast_to = operation(
    "broadcast_to",
    lambda xp, x, shape: xp.broadcast_to(x, shape),
    dx=lambda xp, g, x_shape: rules.sum_to(xp, g, x_shape),
    prepare=_broadcast,
    accepts="any",
    is_view=True,
    linear=True,
    doc="Repeat along axes of length 1, without memory. A view that cannot be written.",
    example="[1.0, 2.0], (2, 2) -> [[1., 2.],\n        [1., 2.]]",
)


def _rolled(x: ArrayLike, /, shift: int | tuple[int, ...], axis: Axis = None) -> dict[str, Any]:
    shifts = shape_in("roll", shift)
    if axis is None:
        if len(shifts) != 1:
            raise ShapeError(message("roll", f"shift is {shift!r}", "several shifts need an axis each"))
        return {"shift": shifts[0], "axis": None}
    axes = tuple(axis_in("roll", a, x.ndim) for a in shape_in("roll", axis))
    if len(shifts) == 1:
        shifts *= len(axes)
    if len(shifts) != len(axes):
        raise ShapeError(
            message("roll", f"shift is {shift!r}, axis is {axis!r}", "expected a shift for each axis")
        )
    return {"shift": shifts, "axis": axes} if axes else {"shift": 0, "axis": None}


def _back(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, tuple) else -shift


roll = operation(
    "roll",
    lambda xp, x, shift, axis: xp.roll(x, shift, axis=axis),
    dx=lambda xp, g, shift, axis: xp.roll(g, _back(shift), axis=axis),
    prepare=_rolled,
    accepts="any",
    linear=True,
    doc="Shift along the axes; what leaves at one end enters at the other.",
    example="[1.0, 2.0, 3.0], 1 -> [3., 1., 2.]",
)


def _cast(x: ArrayLike, dtype: Any, /, *, copy: bool = True, device: Any = None) -> dict[str, Any]:
    return {"dtype": dtype}


astype = operation(
    "astype",
    lambda xp, x, dtype: xp.astype(x, dtype),
    dx=lambda xp, g, x_shape, x_dtype: rules.fit(xp, g, x_shape, x_dtype),
    prepare=_cast,
    accepts="any",
    linear=True,
    doc="Return a copy of another dtype; an integer result carries no gradient.",
    example="[1.5, 2.5], ag.int64 -> [1, 2], dtype=int64",
)

clone = operation(
    "clone",
    lambda xp, x: xp.compact(x),
    dx=lambda g: g,
    prepare=lambda x, /: {},
    accepts="any",
    linear=True,
    doc="Return a copy in the same memory order, connected to the graph.",
    example="[1.0, 2.0] -> [1., 2.]",
)


def _triangle(name: str) -> Any:
    def prepare(x: ArrayLike, /, *, k: int = 0) -> dict[str, Any]:
        check_matrices(name, x)
        return {"k": whole_in(name, "k", k)}

    return prepare


tril = operation(
    "tril",
    lambda xp, x, k: xp.tril(x, k=k),
    dx=lambda xp, g, k: xp.tril(g, k=k),
    prepare=_triangle("tril"),
    accepts="any",
    linear=True,
    doc="Keep of matrices what is on the k-th diagonal and below; zeros above.",
    example="[[1.0, 2.0], [3.0, 4.0]] -> [[1., 0.],\n        [3., 4.]]",
)

triu = operation(
    "triu",
    lambda xp, x, k: xp.triu(x, k=k),
    dx=lambda xp, g, k: xp.triu(g, k=k),
    prepare=_triangle("triu"),
    accepts="any",
    linear=True,
    doc="Keep of matrices what is on the k-th diagonal and above; zeros below.",
    example="[[1.0, 2.0], [3.0, 4.0]] -> [[1., 2.],\n        [0., 4.]]",
)

# ---------------------------------------------------------------- joining


def _joined(xs: list[Any], axis: int | None) -> dict[str, Any]:
    if axis is None:
        return {"axis": None}
    axis = axis_in("concat", axis, xs[0].ndim)
    for i, x in enumerate(xs):
        if x.ndim != xs[0].ndim or any(
            m != n for a, (m, n) in enumerate(zip(x.shape, xs[0].shape, strict=True)) if a != axis
        ):
            raise ShapeError(
                message(
                    "concat",
                    f"array 0 has shape {xs[0].shape}, array {i} has shape {x.shape}",
                    f"all axes but {axis} must be equal",
                )
            )
    return {"axis": axis}


def _concat(arrays: list[ArrayLike] | tuple[ArrayLike, ...], /, *, axis: int | None = 0) -> dict[str, Any]:
    return {"axis": axis}


def _pieces(xp, g, xs_shape, xs_dtype, needs, axis):
    flat = axis is None
    ends = [0, *accumulate(prod(s) if flat else s[axis] for s in xs_shape)]
    spans = list(pairwise(ends))
    axis = axis or 0
    whole: list[Any] = [slice(None)] * g.ndim
    out = []
    for i in needs:
        whole[axis] = slice(spans[i][0], spans[i][1], 1)
        piece = xp.getitem(g, tuple(whole))
        out.append(rules.fit(xp, xp.reshape(piece, xs_shape[i]) if flat else piece, xs_shape[i], xs_dtype[i]))
    return tuple(out)


concat = listed(
    "concat",
    lambda xp, xs, axis: xp.concat(xs, axis=axis),
    dxs=_pieces,
    prepare=_concat,
    check=_joined,
    accepts="any",
    linear=True,
    doc="Join arrays along an axis (None: flattened).",
    example="[[1.0], [2.0, 3.0]] -> [1., 2., 3.]",
)


def _stacked(xs: list[Any], axis: int) -> dict[str, Any]:
    for i, x in enumerate(xs):
        if x.shape != xs[0].shape:
            raise ShapeError(
                message(
                    "stack",
                    f"array 0 has shape {xs[0].shape}, array {i} has shape {x.shape}",
                    "all shapes must be equal",
                )
            )
    return {"axis": axis_in("stack", axis, xs[0].ndim + 1)}


def _stack(arrays: list[ArrayLike] | tuple[ArrayLike, ...], /, *, axis: int = 0) -> dict[str, Any]:
    return {"axis": axis}


def _layers(xp, g, xs_shape, xs_dtype, needs, axis):
    whole: list[Any] = [slice(None)] * g.ndim
    out = []
    for i in needs:
        whole[axis] = i
        out.append(rules.fit(xp, xp.getitem(g, tuple(whole)), xs_shape[i], xs_dtype[i]))
    return tuple(out)


stack = listed(
    "stack",
    lambda xp, xs, axis: xp.stack(xs, axis=axis),
    dxs=_layers,
    prepare=_stack,
    check=_stacked,
    accepts="any",
    linear=True,
    doc="Join arrays along a new axis.",
    example="[[1.0, 2.0], [3.0, 4.0]] -> [[1., 2.],\n        [3., 4.]]",
)

# ---------------------------------------------------------------- built of the above


@derived
def expand_dims(xp: Any, x: ArrayLike, /, axis: int | tuple[int, ...] = 0) -> Any:
    """Insert axes of length 1 at the positions that they have in the result. A view."""
    axes = shape_in("expand_dims", axis)
    axes = axes_in("expand_dims", axes, x.ndim + len(axes)) or ()
    lengths = iter(x.shape)
    return xp.reshape(x, tuple(1 if i in axes else next(lengths) for i in range(x.ndim + len(axes))))


@derived
def squeeze(xp: Any, x: ArrayLike, /, axis: Axis = None) -> Any:
    """Remove axes of length 1 (None: all of them). A view."""
    axes = axes_in("squeeze", axis, x.ndim)
    if axes is None:
        axes = tuple(i for i, n in enumerate(x.shape) if n == 1)
    if any(x.shape[a] != 1 for a in axes):
        raise ShapeError(
            message("squeeze", f"x has shape {x.shape}, axis is {axis!r}", "only axes of length 1 can go")
        )
    return xp.reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


@derived
def matrix_transpose(xp: Any, x: ArrayLike, /) -> Any:
    """Swap the last two axes. A view."""
    if x.ndim < 2:
        raise ShapeError(message("matrix_transpose", f"x has shape {x.shape}", "expected two axes or more"))
    return xp.permute_dims(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@derived
def moveaxis(
    xp: Any, x: ArrayLike, source: int | tuple[int, ...], destination: int | tuple[int, ...], /
) -> Any:
    """Move axes to other positions; the rest keep their order. A view."""
    old = axes_in("moveaxis", shape_in("moveaxis", source), x.ndim) or ()
    new = axes_in("moveaxis", shape_in("moveaxis", destination), x.ndim) or ()
    if len(old) != len(new):
        raise ShapeError(
            message(
                "moveaxis",
                f"source is {source!r}, destination is {destination!r}",
                "expected as many axes in both",
            )
        )
    placed = dict(zip(new, old, strict=True))
    others = (a for a in range(x.ndim) if a not in old)
    return xp.permute_dims(x, tuple(placed[i] if i in placed else next(others) for i in range(x.ndim)))


@derived
def broadcast_arrays(xp: Any, *arrays: ArrayLike) -> tuple[Any, ...]:
    """Broadcast arrays against one another, to a tuple of views that cannot be written."""
    shape = rules.broadcast_shape("broadcast_arrays", *(x.shape for x in arrays))
    return tuple(xp.broadcast_to(x, shape) for x in arrays)
