"""Products of vectors and matrices: ``matmul`` and what is built on it."""

from __future__ import annotations

from math import prod
from numbers import Integral
from typing import Any

from anygrad.errors import AxisError, DtypeError, ShapeError, message
from anygrad.op import ArrayLike, derived, nary
from anygrad.ops.linalg import check_square, extension
from anygrad.rules import axes_in, axis_in, broadcast_shape, check_matrices, whole_in


def _multiplied(x: ArrayLike, y: ArrayLike, /) -> tuple[Any, ...]:
    return x, y


def _matmul_dx(xp, g, y, x_shape):
    if len(x_shape) == 1 and len(y.shape) == 2:
        return xp.matmul(y, g)
    if len(y.shape) == 1:
        y, g = xp.reshape(y, (*y.shape, 1)), xp.reshape(g, (*g.shape, 1))
    if len(x_shape) == 1:
        out = xp.matmul(xp.reshape(g, (*g.shape[:-1], 1, g.shape[-1])), xp.matrix_transpose(y))
        return xp.reshape(out, (*out.shape[:-2], out.shape[-1]))
    return xp.matmul(g, xp.matrix_transpose(y))


def _matmul_dy(xp, g, x, y_shape):
    if len(y_shape) == 1 and len(x.shape) == 2:
        return xp.matmul(g, x)
    if len(x.shape) == 1:
        x, g = xp.reshape(x, (1, *x.shape)), xp.reshape(g, (*g.shape[:-1], 1, *g.shape[-1:]))
    if len(y_shape) == 1:
        out = xp.matmul(xp.matrix_transpose(x), xp.reshape(g, (*g.shape, 1)))
        return xp.reshape(out, out.shape[:-1])
    return xp.matmul(xp.matrix_transpose(x), g)


matmul = nary(
    "matmul",
    "x y",
    lambda xp, x, y: xp.matmul(x, y),
    prepare=_multiplied,
    dx=_matmul_dx,
    dy=_matmul_dy,
    batched=True,
    doc="Multiply matrices; leading axes broadcast, a vector is a row on the left, a column on the right.",
    example="[[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0] -> [3., 7.]",
)


@derived
def vecdot(xp: Any, x: ArrayLike, y: ArrayLike, /, *, axis: int = -1) -> Any:
    """Sum conj(x) * y along an axis; the other axes broadcast.

    Raises ``AxisError`` for an axis that is not negative, as the standard has it, or not there in both, and
    ``ShapeError`` where the lengths differ.

    >>> import anygrad as ag
    >>> ag.vecdot(ag.asarray([1.0, 2.0]), ag.asarray([3.0, 4.0]))
    tensor(11., dtype=float64, device='cpu')
    """
    ndim, axis = min(x.ndim, y.ndim), whole_in("vecdot", "axis", axis)
    if not ndim:
        raise AxisError(
            message("vecdot", f"x has {x.ndim} axes, y has {y.ndim}", "expected at least one each")
        )
    if not -ndim <= axis < 0:
        raise AxisError(message("vecdot", f"axis is {axis}", f"expected a negative axis from {-ndim} to -1"))
    if x.shape[axis] != y.shape[axis]:
        raise ShapeError(
            message("vecdot", f"x has shape {x.shape}, y has shape {y.shape}", f"axis {axis} must be equal")
        )
    broadcast_shape("vecdot", x.shape, y.shape)
    if xp.isdtype(x.dtype, "complex floating"):
        x = xp.conj(x)
    products = x * y
    return xp.astype(xp.sum(products, axis=axis), products.dtype, copy=False)


@derived
def tensordot(xp: Any, x: ArrayLike, y: ArrayLike, /, *, axes: Any = 2) -> Any:
    """Sum products over the last ``axes`` axes of x and the first of y, or over two lists of axes.

    Raises ``ShapeError`` where these axes are not equally long, ``AxisError`` where one is not there or given
    twice.

    >>> import anygrad as ag
    >>> ag.tensordot(ag.asarray([[1.0, 2.0]]), ag.asarray([[3.0, 4.0]]), axes=((0, 1), (0, 1)))
    tensor(11., dtype=float64, device='cpu')
    """
    if isinstance(axes, Integral):
        axes = int(axes)
        if not 0 <= axes <= min(x.ndim, y.ndim):
            raise AxisError(
                message("tensordot", f"axes is {axes}", f"x has {x.ndim} axes and y has {y.ndim}")
            )
        mine, other = tuple(range(x.ndim - axes, x.ndim)), tuple(range(axes))
    else:
        if not isinstance(axes, tuple | list) or len(axes) != 2 or None in axes:
            expected = "expected a number of axes, or axes of x and axes of y"
            raise DtypeError(message("tensordot", f"axes is {axes!r}", expected))
        mine, other = (axes_in("tensordot", a, z.ndim) or () for a, z in zip(axes, (x, y), strict=True))
    if [x.shape[a] for a in mine] != [y.shape[a] for a in other]:
        raise ShapeError(
            message(
                "tensordot",
                f"x has shape {x.shape}, y has shape {y.shape}",
                f"axes {mine} of x must equal axes {other} of y",
            )
        )
    left = tuple(a for a in range(x.ndim) if a not in mine)
    right = tuple(a for a in range(y.ndim) if a not in other)
    shape = tuple(x.shape[a] for a in left) + tuple(y.shape[a] for a in right)
    k = prod(x.shape[a] for a in mine)
    x = xp.reshape(xp.permute_dims(x, left + mine), (prod(x.shape[a] for a in left), k))
    y = xp.reshape(xp.permute_dims(y, other + right), (k, prod(y.shape[a] for a in right)))
    return xp.reshape(xp.matmul(x, y), shape)


# ---------------------------------------------------------------- of linalg alone


@extension
def outer(xp: Any, x: ArrayLike, y: ArrayLike, /) -> Any:
    """Return the products of each entry of a vector x with each of a vector y; ``ShapeError`` for others.

    >>> import anygrad as ag
    >>> ag.linalg.outer(ag.asarray([1.0, 2.0]), ag.asarray([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]], dtype=float64, device='cpu')
    """
    if x.ndim != 1 or y.ndim != 1:
        got = f"x has shape {x.shape}, y has shape {y.shape}"
        raise ShapeError(message("outer", got, "expected two vectors"))
    return xp.reshape(x, (x.shape[0], 1)) * xp.reshape(y, (1, y.shape[0]))


@extension
def cross(xp: Any, x: ArrayLike, y: ArrayLike, /, *, axis: int = -1) -> Any:
    """Return the cross product of vectors along an axis; the other axes broadcast.

    Raises ``ShapeError`` where that axis has not length 3 in both.

    >>> import anygrad as ag
    >>> ag.linalg.cross(ag.asarray([1.0, 0.0, 0.0]), ag.asarray([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.], dtype=float64, device='cpu')
    """
    at = axis_in("cross", axis, x.ndim), axis_in("cross", axis, y.ndim)
    if x.shape[at[0]] != 3 or y.shape[at[1]] != 3:
        got = f"x has shape {x.shape}, y has shape {y.shape}"
        raise ShapeError(message("cross", got, f"axis {axis} must have length 3 in both"))
    x, y = xp.moveaxis(x, at[0], -1), xp.moveaxis(y, at[1], -1)
    broadcast_shape("cross", x.shape, y.shape)

    def next_but(x: Any, by: int) -> Any:
        return xp.roll(x, -by, axis=-1)

    out = next_but(x, 1) * next_but(y, 2) - next_but(x, 2) * next_but(y, 1)
    return xp.moveaxis(out, -1, axis)


@extension
def diagonal(xp: Any, x: ArrayLike, /, *, offset: int = 0) -> Any:
    """Return the entries of matrices on a diagonal, above the main one for a positive offset. A copy.

    Raises ``ShapeError`` for fewer than two axes.

    >>> import anygrad as ag
    >>> ag.linalg.diagonal(ag.asarray([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.], dtype=float64, device='cpu')
    """
    check_matrices("diagonal", x)
    m, n = x.shape[-2:]
    offset = whole_in("diagonal", "offset", offset)
    start, length = (offset, min(m, n - offset)) if offset >= 0 else (-offset * n, min(m + offset, n))
    # In a row of all entries of a matrix, those of a diagonal follow in equal steps.
    stop = start + (length - 1) * (n + 1) + 1
    part = slice(start, stop, n + 1) if length > 0 else slice(0, 0, 1)
    batch = x.shape[:-2]
    key = (*(slice(0, k, 1) for k in batch), part)
    return xp.region(x, (("reshape", {"shape": (*batch, m * n)}), ("getitem", {"key": key})))


@extension
def trace(xp: Any, x: ArrayLike, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Return the sum of the entries on a diagonal of matrices; the dtype is that of ``sum``.

    Raises ``ShapeError`` for fewer than two axes.

    >>> import anygrad as ag
    >>> ag.linalg.trace(ag.asarray([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5., dtype=float64, device='cpu')
    """
    check_matrices("trace", x)
    offset = whole_in("trace", "offset", offset)
    return xp.sum(xp.linalg.diagonal(x, offset=offset), axis=-1, dtype=dtype)


@extension
def matrix_power(xp: Any, x: ArrayLike, n: int, /) -> Any:
    """Return square matrices to an integer power; a negative one of the inverse.

    Raises ``ShapeError`` for other shapes, and as ``inv`` does for the inverse of a singular matrix.

    >>> import anygrad as ag
    >>> ag.linalg.matrix_power(ag.asarray([[1.0, 1.0], [0.0, 1.0]]), 3)
    tensor([[1., 3.],
            [0., 1.]], dtype=float64, device='cpu')
    """
    check_square("matrix_power", x)
    n = whole_in("matrix_power", "n", n)
    if n == 0:
        one = xp.eye(x.shape[-1], dtype=x.dtype, device=xp.device)
        return xp.where(one == one, one, x)  # Connected to x, with gradient zero.
    if n < 0:
        x, n = xp.linalg.inv(x), -n
    elif n == 1:
        return xp.clone(x)
    out = None
    while True:
        if n % 2:
            out = x if out is None else xp.matmul(out, x)
        n //= 2
        if not n:
            return out
        x = xp.matmul(x, x)
