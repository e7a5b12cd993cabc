"""From rows to functions: one closure for each arity is ``anygrad.add``, ``x.add``, ``+``, behind ``add_``.

The closures of one and two inputs are the hot path: they read each attribute once, fill only the slots that
an operation needs, and leave whatever is not a tensor or a Python scalar to ``broadcasting``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from anygrad.backends.base import Backend
from anygrad.construction import SCALARS
from anygrad.devices import backend_of, get_backend
from anygrad.errors import DeviceError, DtypeError, ShapeError, UnsupportedError, message
from anygrad.graph import GRAD_MODE, Node, Output
from anygrad.op import Row
from anygrad.promotion import promoted, settled
from anygrad.reasons import explained
from anygrad.rules import names_for
from anygrad.tensors import Tensor, asarray, new, wrap
from anygrad.views import View, lens, shows, was_written

__all__ = [
    "alone",
    "binary",
    "broadcasting",
    "common_backend",
    "computed",
    "operand",
    "product",
    "record",
    "unary",
    "viewing",
]

grad_mode = GRAD_MODE.get
Function = Callable[..., Any]

# ---------------------------------------------------------------- the hot path


def unary(row: Row) -> Function:
    """Make the function of an elementwise row of one input."""
    call = attrgetter(row.key)
    plan = row.plans[(0,)] if row.differentiable else None
    save: Any = plan.save if plan else None
    if row.real_only:
        return lambda x, /: broadcasting(row, (x,))

    def function(x: Any, /) -> Any:
        if x.__class__ is not Tensor or not x.xp.native:
            return viewed(function, (x,)) if x.__class__ is View else broadcasting(row, (x,))
        a, xp = x.array, x.xp
        try:
            out = call(xp)(a)
        except Exception as error:
            raise explained(row, (x,), error) from error
        if out.__class__ is not xp.array_type and out.__class__ not in xp.generics:
            out = xp.asarray(out)
        t = new(Tensor)
        t.array = out
        t.xp = xp
        edge = x.node
        if edge is not None and plan is not None and grad_mode():
            n = t.node = new(Node)
            n.plan = plan
            n.edges = (edge,)
            n.saved = save(a, out)
            n.fits = None if a.dtype is out.dtype else ((a.shape, a.dtype, out.shape, out.dtype),)
        else:
            t.node = None
        return t

    return function


def binary(row: Row, refuse: Function | None = None) -> Function:
    """Make the function of an elementwise row of two inputs; ``refuse`` answers for foreign objects."""
    call = attrgetter(row.key) if row.direct else None
    x_plan: Any
    y_plan: Any
    both: Any
    x_plan, y_plan, both = (
        row.plans[which] if row.differentiable == (0, 1) else None for which in ((0,), (1,), (0, 1))
    )
    recorded = both is not None and not row.real_only

    def other(x: Any, y: Any) -> Any:
        if x.__class__ is View or y.__class__ is View:
            return viewed(function, (x, y))
        return broadcasting(row, (x, y), refuse)

    def function(x: Any, y: Any, /) -> Any:
        if x.__class__ is Tensor:
            a, xp, x_edge = x.array, x.xp, x.node
            if y.__class__ is Tensor and y.xp is xp:
                b, y_edge = y.array, y.node
            elif y.__class__ in xp.scalars:
                b, y_edge = y, None
            else:
                return other(x, y)
        elif y.__class__ is Tensor and x.__class__ in y.xp.scalars and not row.lifts:
            # A complex number of Python's computes with a float64 of NumPy's, a float of Python's, by itself.
            b = y.array if x.__class__ is not complex else y._in_memory()
            a, xp, x_edge, y_edge = x, y.xp, None, y.node
        else:
            return other(x, y)
        if not xp.native:
            return broadcasting(row, (x, y), refuse)
        try:
            out = call(xp)(a, b) if call is not None else row.forward(xp, a, b)
        except OverflowError:
            return broadcasting(row, (x, y), refuse)  # By promotion's rules a float may do for the integer.
        except Exception as error:
            raise explained(row, (x, y), error) from error
        if out.__class__ is not xp.array_type and out.__class__ not in xp.generics:
            out = xp.asarray(out)
        t = new(Tensor)
        t.array = out
        t.xp = xp
        t.node = None
        if x_edge is not None:
            if recorded and grad_mode():
                n = t.node = new(Node)
                dtype, shape, n.fits = out.dtype, out.shape, None
                x_fit = None if a.dtype is dtype and a.shape == shape else (a.shape, a.dtype, shape, dtype)
                if y_edge is None:
                    n.plan = x_plan
                    n.edges = (x_edge,)
                    n.saved = x_plan.save(a, b, out)
                    if x_fit is not None:
                        n.fits = (x_fit,)
                else:
                    n.plan = both
                    n.edges = (x_edge, y_edge)
                    n.saved = both.save(a, b, out)
                    y_fit = (
                        None if b.dtype is dtype and b.shape == shape else (b.shape, b.dtype, shape, dtype)
                    )
                    if x_fit is not y_fit:
                        n.fits = (x_fit, y_fit)
            elif not recorded:
                record(row, xp, t, (x, y), [a, b], out, None)
        elif y_edge is not None:
            if recorded and grad_mode():
                n = t.node = new(Node)
                n.plan = y_plan
                n.edges = (y_edge,)
                n.saved = y_plan.save(a, b, out)
                dtype, shape = out.dtype, out.shape
                n.fits = (
                    None if b.dtype is dtype and b.shape == shape else ((b.shape, b.dtype, shape, dtype),)
                )
            elif not recorded:
                record(row, xp, t, (x, y), [a, b], out, None)
        return t

    return function


def viewed(function: Function, operands: Sequence[Any]) -> Any:
    """Call a function on views as they are now; a view of a family that was written is saved as a copy."""
    now = [wrap(x.array, x.xp, x.node) if x.__class__ is View else x for x in operands]
    t = function(*now)
    if t.__class__ is Tensor and t.node is not None and not getattr(t.node, "hooks", ()):
        for x, held in zip(operands, now, strict=True):
            if was_written(x):
                t.node.saved = tuple(x.xp.compact(v) if v is held.array else v for v in t.node.saved or ())
    return t


# ---------------------------------------------------------------- everything else


def product(row: Row, refuse: Function | None = None) -> Function:
    """Make the function of ``matmul``, which takes no scalars and whose batches alone are fitted."""

    def function(x: Any, y: Any, /) -> Any:
        if x.__class__ is not Tensor or y.__class__ is not Tensor or x.xp is not y.xp or not x.xp.native:
            return broadcasting(row, (x, y), refuse)
        a, b, xp = x.array, y.array, x.xp
        if a.ndim > 2 or b.ndim > 2 or a.dtype is not b.dtype:
            return computed(row, xp, (x, y), {})
        try:
            out = row.forward(xp, a, b)
        except Exception as error:
            raise explained(row, (x, y), error) from error
        if out.__class__ is not xp.array_type and out.__class__ not in xp.generics:
            out = xp.asarray(out)
        t = wrap(out, xp, None)
        x_edge, y_edge = x.node, y.node
        if x_edge is not None:
            if grad_mode():
                plan, edges = (x_plan, (x_edge,)) if y_edge is None else (both, (x_edge, y_edge))
                t.node = Node(plan, plan.save(a, b, out), edges)
        elif y_edge is not None and grad_mode():
            t.node = Node(y_plan, y_plan.save(a, b, out), (y_edge,))
        return t

    x_plan, y_plan, both = (row.plans[which] for which in ((0,), (1,), (0, 1)))
    return function


def record(
    row: Row, xp: Backend, t: Tensor, operands: Sequence[Any], arrays: list[Any], out: Any, keywords: Any
) -> Tensor:
    """Give a result its node, where a gradient is to flow."""
    if not row.differentiable or not grad_mode():
        return t
    for i in row.fixed:
        _refuse_fixed(row, operands, i)
    which: tuple[int, ...] = ()
    edges: tuple[Node, ...] = ()
    for i in row.differentiable:
        x = operands[i]
        if (x.__class__ is Tensor or isinstance(x, Tensor)) and x.node is not None:
            which += (i,)
            edges += (x.node,)
    if not which:
        return t
    kind = t.dtype.kind
    if kind != "f":
        if kind != "c":
            return t
        if row.real_only:
            advice = "complex numbers have no order, so no gradient", "use abs(x) or x.real"
            raise DtypeError(message(row.name, f"x has dtype {t.dtype}", *advice))
    plan = row.plans[which]
    for origin in plan.origins:
        if origin.__class__ is int and was_written(operands[origin]):
            arrays[origin] = xp.compact(arrays[origin])
    t.node = n = new(Node)
    n.plan, n.edges, n.saved = plan, edges, plan.save(*arrays, out, keywords)
    n.fits = _fits(row, which, arrays, out) if row.broadcasts else None
    return t


def _refuse_fixed(row: Row, operands: Sequence[Any], i: int) -> None:
    """Raise where an input requires a gradient that a row has no formula for."""
    x = operands[i]
    if isinstance(x, Tensor) and x.node is not None:
        name = row.inputs[i]
        have = " and ".join(row.inputs[j] for j in row.differentiable)
        got = f"{name} requires a gradient"
        has = f"there is a derivative in {have} alone"
        raise UnsupportedError(message(row.name, got, has, f"pass {name}.detach()"))


def _fits(row: Row, which: tuple[int, ...], arrays: list[Any], out: Any) -> tuple[Any, ...] | None:
    """Return shape and dtype, of the input and of the result, where gradients are to be fitted; else None."""
    shape, dtype = out.shape, out.dtype
    loose = row.batched and not len(shape) == 2 == arrays[0].ndim == arrays[1].ndim
    loose = loose and any(a.ndim < 2 or a.shape[:-2] != shape[:-2] for a in arrays)
    found = tuple(
        (arrays[i].shape, arrays[i].dtype, shape, dtype)
        if arrays[i].dtype != dtype or (loose if row.batched else arrays[i].shape != shape)
        else None
        for i in which
    )
    return found if found.count(None) < len(found) else None


def broadcasting(row: Row, operands: Sequence[Any], refuse: Function | None = None) -> Any:
    """Compute an elementwise row, or ``matmul``, for operands of every kind."""
    xp = common_backend(row.name, operands, row.inputs)
    lifted: list[Any] = []
    for i, x in enumerate(operands):
        absent = x is None and i > 0 and row.name == "clip"
        if not isinstance(x, Tensor) and not absent and (x.__class__ not in SCALARS or row.batched):
            if refuse is not None and x.__class__ not in SCALARS and backend_of(x) is None:
                return refuse(operands)
            x = operand(row.name, row.inputs[i], x, xp)
        lifted.append(x)
    if not any(isinstance(x, Tensor) for x in lifted):
        lifted = [x if x is None else asarray(x, device=xp.name) for x in lifted]
    given = list(lifted)
    try:
        dtype = promoted(row, xp, lifted)
        arrays = [x.array if isinstance(x, Tensor) else x for x in lifted]
        out = row.forward(xp, *arrays)
    except Exception as error:
        raise explained(row, given, error) from error
    if out.__class__ is not xp.array_type:
        out = xp.asarray(out)
    out = settled(xp, out, dtype)
    return record(row, xp, wrap(out, xp, None), lifted, arrays, out, None)


def operand(op: str, name: str, x: Any, xp: Backend) -> Tensor:
    """Return an operand as a tensor: arrays and scalars, and none of what only ``asarray`` takes."""
    if isinstance(x, Tensor):
        return x
    if x.__class__ not in SCALARS and backend_of(x) is None:
        expected = "expected a tensor, an array or a scalar"
        advice = ("pass ag.asarray(...)",) if isinstance(x, list | tuple) else ()
        raise DtypeError(message(op, f"{name} is of type {type(x).__name__}", expected, *advice))
    return asarray(x, device=xp.name)


def common_backend(op: str, operands: Sequence[Any], names: Sequence[str] = ()) -> Backend:
    """Return the backend of the operands; raises ``DeviceError``, by their names, where there are two."""
    found: Backend | None = None
    for i, x in enumerate(operands):
        if isinstance(x, Tensor):
            xp = x.xp
        elif x is None or x.__class__ in SCALARS or isinstance(x, np.generic):
            continue
        else:
            given = backend_of(x)
            if given is None:
                continue
            xp = given
        if found is None:
            found, first = xp, i
        elif found is not xp:
            names = names or names_for(len(operands))
            got = f"{names[first]} is on {found.name}, {names[i]} is on {xp.name}"
            advice = "move one with .to(device)"
            for j, other in ((first, xp), (i, found)):
                if not isinstance(operands[j], Tensor):
                    advice = f"write ag.asarray({names[j]}, device={other.name!r})"
            raise DeviceError(message(op, got, advice))
    return get_backend(None) if found is None else found


def alone(row: Row, x: Tensor, a: Any, keywords: dict[str, Any]) -> Any:
    """Compute a row of one input, whose array is ``a``, on canonical keywords, and record it."""
    xp = x.xp
    try:
        out = row.forward(xp, a, **keywords)
    except Exception as error:
        raise explained(row, (x,), error) from error
    if out.__class__ is not xp.array_type and out.__class__ not in xp.generics:
        if isinstance(out, tuple):
            return outputs(row, xp, (x,), [a], out, keywords)
        out = xp.asarray(out)
    t = wrap(out, xp, None)
    edge = x.node
    if edge is not None and grad_mode():
        plan = row.plans.get((0,))
        if x.__class__ is Tensor and plan is not None and xp.dtype_of(out).kind == "f":
            t.node = Node(plan, plan.save(a, out, keywords), (edge,))
        else:
            record(row, xp, t, (x,), [a], out, keywords)
    return t


def viewing(row: Row, x: Tensor, keywords: dict[str, Any], copy: bool | None) -> Tensor:
    """Compute a row of views: a view of x where memory is shared, which ``copy`` may ask for or refuse."""
    a, steps = x._in_memory(), ((row.name, keywords),)
    t: Tensor = alone(row, x, a, keywords)
    shared = shows(x, a, t.array, steps)
    if copy is False and not shared:
        got = f"x has shape {x.shape}"
        raise ShapeError(message(row.name, got, "this needs a copy", "leave copy=False out"))
    if copy and shared:
        return t.clone()
    return lens(x, steps, t.node) if shared else t


def computed(row: Row, xp: Backend, operands: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """Compute a row of several inputs, some of which may be numbers, and record it."""
    arrays = [x.array if isinstance(x, Tensor) else x for x in operands]
    try:
        out = row.forward(xp, *arrays, **keywords)
    except Exception as error:
        raise explained(row, operands, error) from error
    if out.__class__ is not xp.array_type and out.__class__ not in xp.generics:
        if isinstance(out, tuple):
            return outputs(row, xp, operands, arrays, out, keywords)
        out = xp.asarray(out)
    return record(row, xp, wrap(out, xp, None), operands, arrays, out, keywords)


def outputs(
    row: Row,
    xp: Backend,
    operands: Sequence[Any],
    arrays: list[Any],
    out: tuple[Any, ...],
    keywords: dict[str, Any],
) -> tuple[Tensor, ...]:
    """Wrap several outputs: each that carries a gradient has an edge of its own to the node."""
    out = tuple([o if o.__class__ is xp.array_type else xp.asarray(o) for o in out])
    tensors = tuple([wrap(o, xp, None) for o in out])
    lead = row.carries.index(True) if row.differentiable else 0
    node = record(row, xp, tensors[lead], operands, arrays, out, keywords).node
    if node is not None:
        for i, carries in enumerate(row.carries):
            if carries:
                tensors[i].node = Output(node, i, len(out))
    return row.result(*tensors) if row.result else tensors
