"""Derivatives of functions, with the value or without, and their products with vectors, both ways.

Each takes a function of pytrees and leaves all as it was: no ``.grad``, no argument changes. They nest, in
any order and to any depth, since all of them record on the one tape and begin at nodes of their own
(``calls``).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from anygrad import trees
from anygrad.arguments import Chosen
from anygrad.calls import Call, Linear
from anygrad.errors import ArgumentError, DtypeError, message

__all__ = ["elementwise_grad", "grad", "jvp", "linearize", "value_and_grad", "vjp"]

Function = Callable[..., Any]


def value_and_grad(
    function: Function,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    *,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """Return a function that gives both the value of ``function`` and its gradient.

    Takes and raises what ``grad`` does. With ``has_aux`` the value is the pair that the function returns.

    >>> import anygrad as ag
    >>> ag.value_and_grad(lambda x: x ** 2)(3.0)
    (tensor(9., dtype=float64, device='cpu'), tensor(6., dtype=float64, device='cpu'))
    """
    op = "value_and_grad"
    chosen = Chosen(op, function, argnums, argnames)

    @functools.wraps(function)
    def both(*args: Any, **keywords: Any) -> Any:
        call, gradient = _differentiated(op, chosen, args, keywords, has_aux, holomorphic)
        value = call.results()
        return ((value, call.beside()) if has_aux else value), gradient

    return both


def _differentiated(
    op: str, chosen: Chosen, args: Any, keywords: Any, has_aux: bool, holomorphic: bool
) -> tuple[Call, Any]:
    """Call a function that returns one number; return the call and its gradient."""
    places = chosen.places(args, keywords)
    call = Call(op, chosen.function, args, keywords, places, has_aux=has_aux, holomorphic=holomorphic)
    call.check_scalar()
    # What is returned beside may share a part of the graph.
    found = call.pulled(call.ones() if holomorphic else None, retain=has_aux)
    call.connect()
    return call, chosen.packed(call.parted(found))


def grad(
    function: Function,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    *,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """Return a function that gives the gradient of ``function``, which returns one real number.

    ``argnums`` and ``argnames`` choose the arguments, the first where neither is given: one gives its
    gradient, several positions a tuple, several names a dictionary, both a pair. An argument is a tensor, an
    array of any library, a number or a pytree of these, and its gradient has its form, shapes, dtypes and
    devices: zeros where the function does not depend on it. The gradient of a complex argument is dL/dRe + i
    dL/dIm. With ``has_aux`` the function returns a pair and only its first half is differentiated; the result
    is a pair too. ``holomorphic``: input and output are complex, and the result is the complex derivative.

    Arguments stay as they are, and no ``.grad`` is touched. The result is differentiable where the arguments
    were, or what else the function used: by an outer transform, or by ``backward``; not under ``no_grad``.

    Raises ``GradientShapeError`` where the function returns no scalar, ``GradientDtypeError`` where that is
    an integer, complex, or no tensor, ``DtypeError`` for an integer argument, ``ArgumentError`` for one that
    is not there.

    >>> import anygrad as ag
    >>> ag.grad(lambda x: x ** 3)(2.0)
    tensor(12., dtype=float64, device='cpu')
    >>> ag.grad(ag.grad(lambda x: x ** 3))(2.0)
    tensor(12., dtype=float64, device='cpu')
    >>> ag.grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 3.0})
    {'a': tensor(3., dtype=float64, device='cpu'), 'b': tensor(2., dtype=float64, device='cpu')}
    """
    chosen = Chosen("grad", function, argnums, argnames)

    @functools.wraps(function)
    def gradient(*args: Any, **keywords: Any) -> Any:
        call, found = _differentiated("grad", chosen, args, keywords, has_aux, holomorphic)
        return (found, call.beside()) if has_aux else found

    return gradient


def elementwise_grad(
    function: Function,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    *,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """Return a function that gives the derivative of an elementwise function at each entry.

    Of any other function that is the gradient of the sum of what it returns. Takes and raises what ``grad``
    does, but for the shape of the output, which may be any.

    >>> import anygrad as ag
    >>> ag.elementwise_grad(lambda x: x ** 2)(ag.asarray([1.0, 2.0]))
    tensor([2., 4.], dtype=float64, device='cpu')
    """
    op = "elementwise_grad"
    chosen = Chosen(op, function, argnums, argnames)

    @functools.wraps(function)
    def derivative(*args: Any, **keywords: Any) -> Any:
        places = chosen.places(args, keywords)
        call = Call(op, function, args, keywords, places, has_aux=has_aux, holomorphic=holomorphic)
        call.check_outputs()
        found = chosen.packed(call.parted(call.pulled(call.ones(), retain=has_aux)))
        call.connect()
        return (found, call.beside()) if has_aux else found

    return derivative


def vjp(function: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Return ``function(*primals)`` and a function from gradients of that to gradients of the primals.

    Primals and output are pytrees of tensors; the second function takes a pytree of the output's form and
    returns a tuple, one for each primal. It may be called again, and is differentiable itself. Complex
    gradients are dL/dRe + i dL/dIm, as ``.grad`` is. With ``has_aux`` the function returns a pair, of which
    the second half comes third. Raises what ``grad`` does, ``ArgumentError`` for a pytree of another form.

    >>> import anygrad as ag
    >>> out, pull = ag.vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> pull(1.0)
    (tensor(3., dtype=float64, device='cpu'), tensor(2., dtype=float64, device='cpu'))
    """
    Chosen("vjp", function, 0, None)
    call = Call("vjp", function, primals, {}, range(len(primals)), has_aux=has_aux)
    call.check_outputs()
    call.connect()

    def pull(cotangents: Any) -> tuple[Any, ...]:
        return tuple(call.parted(call.pulled(call.cotangents(cotangents), retain=True)))

    return _beside(call, call.results(), pull)


def jvp(
    function: Function,
    primals: tuple[Any, ...] | list[Any],
    tangents: tuple[Any, ...] | list[Any],
    *,
    has_aux: bool = False,
) -> Any:
    """Return ``function(*primals)`` and the derivative of that as the primals move along the tangents.

    One pass forwards. ``primals`` is a tuple of arguments, pytrees of tensors, ``tangents`` one of pytrees of
    the same forms, shapes and dtypes, with None for an argument that does not move (and may then be
    anything). With ``has_aux`` the function returns a pair, of which the second half comes third. Raises what
    ``vjp`` does.

    >>> import anygrad as ag
    >>> ag.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (tensor(6., dtype=float64, device='cpu'), tensor(3., dtype=float64, device='cpu'))
    """
    Chosen("jvp", function, 0, None)
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple | list):
            expected = "expected a tuple with one for each argument"
            raise DtypeError(message("jvp", f"{name} is {type(given).__name__}", expected))
    _check_count("jvp", primals, tangents)
    moving = [i for i, t in enumerate(tangents) if t is not None]
    call = Call("jvp", function, primals, {}, moving, has_aux=has_aux)
    call.check_outputs()
    names = [f"tangents[{i}]" for i in moving]
    found = Linear(call, call.outs).push(call.tangents([tangents[i] for i in moving], names))
    call.connect()
    return _beside(call, call.results(), trees.rebuild(call.form, found))


def linearize(function: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Return ``function(*primals)`` and the function from tangents to how that moves, as ``jvp`` has it.

    The function itself runs once; the second, a linear function of one tangent for each primal, may be called
    often. Takes and raises what ``jvp`` does.

    >>> import anygrad as ag
    >>> out, push = ag.linearize(ag.sin, 0.0)
    >>> push(2.0), push(3.0)
    (tensor(2., dtype=float64, device='cpu'), tensor(3., dtype=float64, device='cpu'))
    """
    Chosen("linearize", function, 0, None)
    call = Call("linearize", function, primals, {}, range(len(primals)), has_aux=has_aux)
    call.check_outputs()
    linear = Linear(call, call.outs)
    names = [f"tangents[{i}]" for i in range(len(primals))]
    call.connect()

    def push(*tangents: Any) -> Any:
        _check_count("linearize", primals, tangents)
        return trees.rebuild(call.form, linear.push(call.tangents(tangents, names)))

    return _beside(call, call.results(), push)


def _check_count(op: str, primals: Sequence[Any], tangents: Sequence[Any]) -> None:
    if len(primals) != len(tangents):
        got = f"got {len(primals)} primals and {len(tangents)} tangents"
        raise ArgumentError(message(op, got, "expected one tangent for each primal"))


def _beside(call: Call, out: Any, found: Any) -> Any:
    """Return the value, what was found, and what the function returned beside if it has that."""
    return (out, found, call.beside()) if call.has_aux else (out, found)
