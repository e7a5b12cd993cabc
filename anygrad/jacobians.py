"""Jacobians, Hessians and their products with vectors: derivatives of functions, built on one recorded call.

A Jacobian is taken by columns, all of them pushed forwards at once through one graph, or by rows, one pass
backwards for each. A Hessian is the Jacobian, forwards, of the gradient.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from anygrad import autograd, trees
from anygrad.arguments import Chosen
from anygrad.calls import Call, Linear, zeros_like
from anygrad.construction import native
from anygrad.errors import ArgumentError, GradientDtypeError, message
from anygrad.rules import whole_in
from anygrad.tensors import Tensor, wrap

__all__ = ["ggnvp", "hessian", "hvp", "jacobian", "vhp"]

Function = Callable[..., Any]
ENTRIES = 2**22
"""How many entries of tangents are held at once for each input and output, unless ``chunk_size`` is given."""


def jacobian(
    function: Function,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    *,
    mode: str | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    chunk_size: int | None = None,
) -> Function:
    """Return a function that gives the Jacobian of ``function``, every output by every input.

    For one tensor by another it has the output's shape, then the input's, the dtype that both promote to, and
    the output's device. Of pytrees it is the output's tree, in whose every leaf is what ``grad`` would return
    for it. ``mode`` is ``"forward"``, one pass for ``chunk_size`` input entries at once, or ``"reverse"``,
    one for each output entry; None takes the one that has less to do. By a complex input a real output has
    dL/dRe + i dL/dIm; ``holomorphic``: input and output are complex, the result is the complex derivative.

    ``argnums``, ``argnames`` and ``has_aux`` are as in ``grad``. Raises what ``grad`` does but for the shape,
    ``ArgumentError`` for another mode, ``GradientDtypeError`` for complex output that is not holomorphic (of
    real input only in reverse mode).

    >>> import anygrad as ag
    >>> ag.jacobian(lambda x: x[0] * x)(ag.asarray([2.0, 3.0]))
    tensor([[4., 0.],
            [3., 2.]], dtype=float64, device='cpu')
    """
    if mode not in (None, "forward", "reverse"):
        raise ArgumentError(message("jacobian", f"mode is {mode!r}", "expected 'forward', 'reverse' or None"))
    return _jacobian("jacobian", function, argnums, argnames, mode, has_aux, holomorphic, chunk_size)


def hessian(
    function: Function,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    *,
    has_aux: bool = False,
    holomorphic: bool = False,
    chunk_size: int | None = None,
) -> Function:
    """Return a function that gives the second derivatives of ``function``: the Jacobian of its Jacobian.

    For one tensor they have the output's shape, then the input's twice. Of pytrees they are the output's
    tree, in it the input's, in it the input's again. Arguments are as in ``jacobian``, and so is what is
    raised; complex input has a Hessian only where the function is ``holomorphic``.

    >>> import anygrad as ag
    >>> ag.hessian(lambda x: (x ** 3).sum())(ag.asarray([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]], dtype=float64, device='cpu')
    """
    inner = _jacobian("hessian", function, argnums, argnames, None, has_aux, holomorphic, chunk_size)
    return _jacobian("hessian", inner, argnums, argnames, "forward", has_aux, holomorphic, chunk_size)


def _jacobian(
    op: str,
    function: Function,
    argnums: Any,
    argnames: Any,
    mode: str | None,
    has_aux: bool,
    holomorphic: bool,
    chunk_size: int | None,
) -> Function:
    chosen = Chosen(op, function, argnums, argnames)
    if chunk_size is not None and whole_in(op, "chunk_size", chunk_size) < 1:
        raise ArgumentError(message(op, f"chunk_size is {chunk_size}", "expected 1 or more, or None"))

    @functools.wraps(function)
    def derivative(*args: Any, **keywords: Any) -> Any:
        places = chosen.places(args, keywords)
        call = Call(op, function, args, keywords, places, has_aux=has_aux, holomorphic=holomorphic)
        call.check_outputs()
        table = _by_columns(call, chunk_size) if _is_forward(call, mode) else _by_rows(call)
        found = trees.rebuild(call.form, [chosen.packed(call.parted(row)) for row in table])
        call.connect()
        return (found, call.beside()) if has_aux else found

    return derivative


def _is_forward(call: Call, mode: str | None) -> bool:
    """Tell whether a Jacobian is taken forwards; raises where it has none, or not this way."""
    real_input = all(mark.dtype.kind == "f" for mark in call.marks)
    if any(out.dtype.kind == "c" for out in call.outs) and not call.holomorphic:
        if not real_input and call.op == "hessian":
            advice = "pass real and imaginary parts", "or holomorphic=True for a complex derivative"
            raise GradientDtypeError(message("hessian", "an argument is complex", *advice))
        if not real_input:
            call.refuse_complex()
        if mode == "reverse":
            advice = "backwards only real output has rows", "use mode='forward'"
            raise GradientDtypeError(message(call.op, "the function returned complex numbers", *advice))
        return True
    if mode is not None:
        return mode == "forward"
    return _size(call.marks) <= _size(call.outs)


def _size(tensors: Sequence[Tensor]) -> int:
    return sum(int(t.size) for t in tensors)


def _by_rows(call: Call) -> list[list[Tensor]]:
    """Return the Jacobian of each output by each input, from one pass backwards for each entry."""
    table = []
    for out in call.outs:
        units = (row for block in _units(out, 1) for row in block)
        rows = [call.pulled([unit], retain=True, outs=[out]) for unit in units]
        table.append([_shaped([row[k] for row in rows], out, x, True) for k, x in enumerate(call.marks)])
    return table


def _by_columns(call: Call, chunk_size: int | None) -> list[list[Tensor]]:
    """Return the Jacobian of each output by each input, from passes forwards for several entries at once."""
    linear = Linear(call, call.outs)
    size = chunk_size or max(1, ENTRIES // max(1, _size(call.marks) + _size(call.outs)))
    columns: list[list[Tensor]] = []
    for k, x in enumerate(call.marks):
        found: list[list[Tensor]] = [[] for _ in call.outs]
        turn = x.dtype.kind == "c" and not call.holomorphic
        for units in _units(x, size):
            count = units.shape[0]
            moved = linear.pushed([(k, units)], count)
            turned = linear.pushed([(k, units * 1j)], count) if turn else moved
            for i, out in enumerate(call.outs):
                column = _tensor(moved[i], out, count)
                if turn:
                    column = column.astype(x.dtype) + _tensor(turned[i], out, count).astype(x.dtype) * 1j
                found[i].append(column)
        columns.append([_shaped(parts, out, x, False) for parts, out in zip(found, call.outs, strict=True)])
    return [list(row) for row in zip(*columns, strict=True)]


def _units(like: Tensor, size: int) -> Iterator[Tensor]:
    """Yield the unit vectors of a tensor's shape, up to ``size`` of them stacked at a time."""
    xp = like.xp
    for start in range(0, like.size, size):
        count = min(size, like.size - start)
        block = xp.eye(count, like.size, k=start, dtype=like.array.dtype, device=xp.device)
        yield wrap(xp.reshape(block, (count, *like.shape)), xp, None)


def _tensor(t: Any, out: Tensor, count: int) -> Tensor:
    """Return what was pushed to an output as a tensor."""
    xp = out.xp
    if t is None:
        t = xp.zeros((count, *out.shape), dtype=out.array.dtype, device=xp.device)
    return t if isinstance(t, Tensor) else wrap(t, xp, None)


def _shaped(parts: list[Tensor], out: Tensor, x: Tensor, rows: bool) -> Tensor:
    """Return the Jacobian of an output by an input, of its rows or of its columns in blocks."""
    xp, shape = out.xp, (*out.shape, *x.shape)
    dtype = native(xp, np.result_type(out.dtype, x.dtype))
    if not parts:
        return wrap(xp.zeros(shape, dtype=dtype, device=xp.device), xp, None)
    space = xp.tensors
    if rows:
        found = space.stack([part.to(xp.name) for part in parts])
    else:
        found = space.moveaxis(space.concat(parts), 0, -1)
    found = space.reshape(space.astype(found, dtype, copy=False), shape)
    return found if found.node is not None else wrap(found.array, xp, None)


# ---------------------------------------------------------------- products


def hvp(
    function: Function,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    *,
    has_aux: bool = False,
) -> Function:
    """Return a function of the arguments of ``function`` and a vector: the Hessian times the vector.

    The vector comes last and has the form of the gradient, which the product has too; the Hessian itself is
    never made. Two passes backwards, the second through the first: one forwards was measured to take longer.
    ``argnums``, ``argnames``, ``has_aux`` and what is raised are as in ``grad``; ``ArgumentError`` for a
    vector of another form.

    >>> import anygrad as ag
    >>> x, v = ag.asarray([1.0, 2.0]), ag.asarray([1.0, 0.5])
    >>> ag.hvp(lambda x: (x ** 3).sum())(x, v)
    tensor([6., 6.], dtype=float64, device='cpu')
    """
    return _product("hvp", function, argnums, argnames, has_aux, True, _second)


def vhp(
    function: Function,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    *,
    has_aux: bool = False,
) -> Function:
    """Return a function of the arguments of ``function`` and a vector: the vector times the Hessian.

    That is what ``hvp`` gives, since Hessians are symmetric; it takes and raises the same.

    >>> import anygrad as ag
    >>> x, v = ag.asarray([1.0, 2.0]), ag.asarray([1.0, 0.5])
    >>> ag.vhp(lambda x: (x ** 3).sum())(x, v)
    tensor([6., 6.], dtype=float64, device='cpu')
    """
    return _product("vhp", function, argnums, argnames, has_aux, True, _second)


def ggnvp(
    function: Function,
    loss: Function | None = None,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    *,
    has_aux: bool = False,
) -> Function:
    """Return a function of the arguments of ``function`` and a vector: the Gauss-Newton matrix times it.

    That matrix is ``J.T @ H @ J``, with J the Jacobian of ``function`` and H the Hessian of ``loss`` at what
    it returns: the Hessian of their composition without the curvature of ``function``. Without ``loss`` it is
    that of half the sum of squares, and H is one. Takes and raises what ``hvp`` does, but ``function`` may
    return any pytree of tensors.

    Source: Schraudolph, Fast curvature matrix-vector products for second-order gradient descent (2002).

    >>> import anygrad as ag
    >>> x, v = ag.asarray([1.0, 2.0]), ag.asarray([1.0, 0.5])
    >>> ag.ggnvp(lambda x: x ** 2)(x, v)
    tensor([4., 8.], dtype=float64, device='cpu')
    """

    def product(call: Call, vector: list[Tensor]) -> list[Tensor]:
        moved = Linear(call, call.outs).push(vector)
        if loss is not None:
            outs = call.outs if call.leads_on else [out.detach() for out in call.outs]
            at, along = (trees.rebuild(call.form, leaves) for leaves in (outs, moved))
            moved = trees.flatten(hvp(loss)(at, along))[0]
        return call.pulled(moved)

    return _product("ggnvp", function, argnums, argnames, has_aux, False, product)


def _product(
    op: str,
    function: Function,
    argnums: Any,
    argnames: Any,
    has_aux: bool,
    scalar: bool,
    product: Callable[[Call, list[Tensor]], list[Tensor]],
) -> Function:
    """Make the function of a product with a vector, from the leaves of the vector to those of the product."""
    chosen = Chosen(op, function, argnums, argnames)

    @functools.wraps(function)
    def multiplied(*args: Any, **keywords: Any) -> Any:
        if not args:
            raise ArgumentError(message(op, "got no vector", "pass it last, after the function's arguments"))
        *given, vector = args
        call = Call(op, function, given, keywords, chosen.places(given, keywords), has_aux=has_aux)
        if scalar:
            call.check_scalar()
        else:
            call.check_outputs()
        vectors = chosen.unpacked(vector)
        leaves = call.tangents(
            vectors, ["vector" if len(vectors) == 1 else f"vector[{i}]" for i in range(len(vectors))]
        )
        found = chosen.packed(call.parted(product(call, leaves)))
        call.connect()
        return (found, call.beside()) if has_aux else found

    return multiplied


def _second(call: Call, vector: list[Tensor]) -> list[Tensor]:
    """Return the Hessian of a call that returned one number, times a vector."""
    if call.out.node is None:
        return [zeros_like(mark) for mark in call.marks]
    found = autograd.grad(call.out, call.marks, create_graph=True, materialize_grads=True)
    return call.pulled(vector, outs=[g for g in found if g is not None])
