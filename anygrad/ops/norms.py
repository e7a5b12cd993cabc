"""Norms of vectors and matrices, and what singular values tell of a matrix. At zero the gradient is zero."""

from __future__ import annotations

from math import inf
from numbers import Real
from typing import Any

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import ArrayLike, Axis, operation
from anygrad.ops.linalg import conj, extension
from anygrad.ops.matrix_functions import tolerance
from anygrad.rules import axes_in, check_matrices, fused, kept, safe, spread


def _vector_norm(
    x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2
) -> dict[str, Any]:
    if not isinstance(ord, Real):
        raise ArgumentError(message("vector_norm", f"ord is {ord!r}", "expected a number"))
    # Libraries differ on the largest of no entries; their sum is 0 everywhere.
    ord = 1 if ord == inf and 0 in x.shape else ord if isinstance(ord, int) else float(ord)
    return {"axis": axes_in("vector_norm", axis, x.ndim), "keepdims": bool(keepdims), "ord": ord}


@fused
def _euclidean_dx(xp, x, g, out):
    return xp.where(out == 0, 0, g * (conj(xp, x) / safe(xp, out)))


def _vector_norm_dx(xp, g, x, out, axis, keepdims, ord):
    if ord == 0:
        return xp.zeros_like(x)
    if ord == 2:
        return _euclidean_dx(xp, x, *(kept(xp, a, x.shape, axis, keepdims) for a in (g, out)))
    g = spread(xp, g, x.shape, axis, keepdims)
    size, direction = xp.abs(x), conj(xp, xp.sign(x))
    if ord == 1:
        return g * direction
    if ord in (inf, -inf):
        extremum = (xp.max if ord > 0 else xp.min)(size, axis=axis, keepdims=True)
        chosen = xp.astype(size == extremum, size.dtype)
        return g * direction * (chosen / xp.sum(chosen, axis=axis, keepdims=True))
    ratio = safe(xp, size) / safe(xp, spread(xp, out, x.shape, axis, keepdims))
    return xp.where(size == 0, 0, g * direction * xp.pow(ratio, ord - 1))


vector_norm = operation(
    "linalg.vector_norm",
    lambda xp, x, axis, keepdims, ord: xp.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord),
    dx=_vector_norm_dx,
    prepare=_vector_norm,
    accepts="floating",
    doc="""Return the norm of the entries along the axes, by default of all.

    ``ord`` is any number, inf and -inf too; without entries a norm of ``ord`` above 0 is 0. The gradient at
    zero is 0; equal largest entries share it evenly.""",
    example="[3.0, 4.0] -> 5.",
)


@extension
def matrix_norm(xp: Any, x: ArrayLike, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Return a norm of matrices: 'fro', 'nuc', 1, 2, inf, or the least of -1, -2, -inf.

    The gradient at zero is 0; columns, rows or singular values that are equally large share it evenly.
    Without entries a norm is 0. Raises ``ShapeError`` for fewer than two axes and for the least of nothing,
    ``ArgumentError`` for another ``ord``.

    >>> import anygrad as ag
    >>> ag.linalg.matrix_norm(ag.asarray([[3.0, 0.0], [4.0, 1.0]]), ord=1)
    tensor(7., dtype=float64, device='cpu')
    """
    check_matrices("matrix_norm", x)
    given, ord = ord, ord if isinstance(ord, str | Real) else None
    if ord == "fro":
        return xp.linalg.vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in (1, -1, inf, -inf):
        sizes = xp.sum(xp.abs(x), axis=-2 if abs(ord) == 1 else -1, keepdims=True)
    elif ord in ("nuc", 2, -2):
        # At zero abs has the gradient 0, which a singular value has not.
        sizes = xp.expand_dims(xp.abs(xp.linalg.svdvals(x)), axis=-1)
    else:
        expected = "expected 'fro', 'nuc', 1, 2, inf, -1, -2 or -inf"
        raise ArgumentError(message("matrix_norm", f"ord is {given!r}", expected))
    nothing = 0 in sizes.shape[-2:]
    if nothing and ord != "nuc" and ord < 0:
        raise ShapeError(
            message("matrix_norm", f"x has shape {x.shape}", f"ord={ord} is the least of nothing")
        )
    reduced = xp.sum if nothing or ord == "nuc" else xp.max if ord > 0 else xp.min
    return reduced(sizes, axis=(-2, -1), keepdims=keepdims)


@extension
def matrix_rank(xp: Any, x: ArrayLike, /, *, rtol: Any = None) -> Any:
    """Count the singular values above ``rtol`` times the largest.

    ``rtol`` is the larger side times the dtype's precision where it is not given; it may be an array, with a
    number for each matrix. Raises ``ShapeError`` for fewer than two axes.

    >>> import anygrad as ag
    >>> ag.linalg.matrix_rank(ag.asarray([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1, dtype=int64, device='cpu')
    """
    check_matrices("matrix_rank", x)
    rtol = tolerance("matrix_rank", x, rtol)
    values = xp.linalg.svdvals(x)
    if values.shape[-1] == 0:
        return xp.count_nonzero(values, axis=-1)
    if hasattr(rtol, "shape"):
        rtol = xp.expand_dims(rtol, axis=-1)
    return xp.count_nonzero(values > xp.max(values, axis=-1, keepdims=True) * rtol, axis=-1)
