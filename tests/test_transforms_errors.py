"""Bad input to transforms: each raises its class, naming the argument and what to do, and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import errors
from tests.test_bad_input import BUILT
from tests.test_transforms import Layer

A, S, D = errors.ArgumentError, errors.GradientShapeError, errors.DtypeError
G, T = errors.GradientDtypeError, errors.GradientError

X = ag.asarray([1.0, 2.0])
W = ag.tensor([1.0, 2.0], requires_grad=True)


def total(x: Any, y: Any = 1.0) -> ag.Tensor:
    return ag.sum(x * y)


def pulled(given: Any) -> Any:
    return ag.vjp(lambda x: {"a": x, "b": [ag.sum(x)]}, X)[1](given)


CASES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # ------------------------------------------------------------ what is differentiated
    (lambda: ag.grad(W, X), D, "[grad] got Tensor: expected a function; to differentiate tensors:"),
    (lambda: ag.jvp(3, (1.0,), (1.0,)), D, "[jvp] got int: expected a function"),
    (
        lambda: ag.grad(total, 2)(X, X),
        A,
        "[grad] argnums is 2, the function was called with 2 positional arguments: pass it by",
    ),
    (lambda: ag.hessian(total, (0, -3))(X, X), A, "[hessian] argnums is -3"),
    (lambda: ag.grad(total)(), A, "was called with 0 positional arguments"),
    (
        lambda: ag.grad(total, "x"),
        D,
        "[grad] argnums holds 'x': expected positions of arguments; pass names as argnames",
    ),
    (lambda: ag.grad(total, (0, 1.0)), D, "argnums holds 1.0"),
    (lambda: ag.grad(total, (0, -2))(X, X), A, "an argument is chosen twice"),
    (lambda: ag.jacobian(total, ()), A, "[jacobian] argnums is empty: name at least one argument"),
    (lambda: ag.grad(total, argnames=(0,)), D, "argnames holds 0: expected names"),
    (lambda: ag.grad(total, argnames=0), D, "argnames holds 0: expected names"),
    (
        lambda: ag.grad(total, argnames="z")(X),
        A,
        "[grad] argnames holds 'z', which the function was not called with: pass it by its name",
    ),
    (lambda: ag.grad(total, argnames="y")(X), A, "argnames holds 'y'"),
    (lambda: ag.grad(max, argnames="x")(X), A, "argnames holds 'x'"),
    (lambda: ag.grad(total, 1, "y")(X, X), A, "an argument is chosen twice"),
    # ------------------------------------------------------------ arguments
    (
        lambda: ag.grad(total)(3),
        D,
        "[grad] args[0] has dtype int64: differentiable are floating and complex dtypes; cast",
    ),
    (
        lambda: ag.grad(lambda p, q: p, 1)(X, {"n": [X, np.arange(3)]}),
        D,
        "[grad] args[1]['n'][1] has dtype int64",
    ),
    (lambda: ag.grad(total, argnames="y")(X, y=True), D, "[grad] y has dtype bool"),
    (
        lambda: ag.grad(total)({"name": "text", "x": X}),
        D,
        "[grad] args[0]['name'] is str: expected arrays or numbers",
    ),
    (lambda: ag.grad(total)(Layer(X, "text")), D, "args[0].bias is str"),
    (
        lambda: ag.grad(total, holomorphic=True)(X),
        D,
        "[grad] args[0] has dtype float64: holomorphic=True expects complex input",
    ),
    # ------------------------------------------------------------ what is returned
    (
        lambda: ag.grad(lambda x: x)(X),
        S,
        "[grad] the function returned shape (2,): expected a scalar, of shape (); reduce it, or",
    ),
    (lambda: ag.value_and_grad(lambda x: x[:1])(X), S, "[value_and_grad] the function returned shape (1,)"),
    (lambda: ag.grad(lambda x: None)(X), G, "[grad] the function returned None: expected one scalar tensor"),
    (
        lambda: ag.grad(lambda x: float(ag.sum(x)))(X),
        G,
        "[grad] the function returned float: expected tensors; numbers and arrays of NumPy have",
    ),
    (lambda: ag.jvp(lambda x: np.ones(2), (X,), (X,)), G, "[jvp] the function returned ndarray"),
    (
        lambda: ag.vjp(lambda x: [x, {"k": 1.0}], X),
        G,
        "[vjp] the function returned float with out[1]['k']: expected tensors",
    ),
    (
        lambda: ag.grad(lambda x: ag.sum(ag.asarray([1, 2])))(X),
        G,
        "[grad] the function returned dtype int64: only floating and complex results have",
    ),
    (
        lambda: ag.jacobian(lambda x: (x, ag.argmax(x)))(X),
        G,
        "[jacobian] the function returned dtype int64 with out[1]",
    ),
    (
        lambda: ag.jacobian(lambda x: [])(X),
        G,
        "[jacobian] the function returned a list of 0: expected a tensor",
    ),
    (
        lambda: ag.grad(lambda x: (ag.sum(x), x))(X),
        G,
        "[grad] the function returned a tuple of 2: expected one scalar tensor; pass",
    ),
    (
        lambda: ag.grad(total, has_aux=True)(X),
        D,
        "[grad] the function returned Tensor: has_aux=True expects a pair",
    ),
    (lambda: ag.vjp(lambda x: (x, x, x), X, has_aux=True), D, "the function returned a tuple of 3"),
    (
        lambda: ag.grad(lambda x: ag.sum(x * 1j))(X),
        G,
        "[grad] the function returned dtype complex128: expected real output; take abs(out) or",
    ),
    (lambda: ag.jacobian(lambda z: z * z)(X * 1j), G, "[jacobian] the function returned dtype complex128"),
    (lambda: ag.jacobian(lambda x: x * 1j, mode="reverse")(X), G, "use mode='forward'"),
    (
        lambda: ag.hessian(lambda z: ag.sum(ag.abs(z) ** 2))(X * 1j),
        G,
        "[hessian] an argument is complex: pass real and imaginary parts",
    ),
    (
        lambda: ag.grad(lambda z: ag.sum(ag.abs(z)), holomorphic=True)(X * 1j),
        G,
        "[grad] the function returned dtype float64: holomorphic=True expects complex output",
    ),
    # ------------------------------------------------------------ vectors
    (
        lambda: pulled([X, X]),
        A,
        "[vjp] cotangent has the form [*, *] and not {'a': *, 'b': [*]}: expected that of the",
    ),
    (lambda: pulled(X), A, "[vjp] cotangent has the form *"),
    (
        lambda: pulled({"a": ag.ones(3), "b": [1.0]}),
        S,
        "[vjp] cotangent['a'] has shape (3,): the output has shape (2,)",
    ),
    (
        lambda: pulled({"a": ag.ones(2, dtype=ag.float32), "b": [1.0]}),
        G,
        "[vjp] cotangent['a'] has dtype float32: the output has dtype float64; cast it",
    ),
    (lambda: pulled({"a": "text", "b": [1.0]}), G, "[vjp] cotangent['a']: got str"),
    (lambda: ag.vjp(ag.sum, X)[1](1j), G, "[vjp] cotangent"),
    (
        lambda: ag.jvp(ag.sin, X, (X,)),
        D,
        "[jvp] primals is Tensor: expected a tuple with one for each argument",
    ),
    (lambda: ag.jvp(ag.sin, (X,), X), D, "[jvp] tangents is Tensor"),
    (
        lambda: ag.jvp(total, (X, X), (X,)),
        A,
        "[jvp] got 2 primals and 1 tangents: expected one tangent for each primal",
    ),
    (lambda: ag.linearize(ag.sin, X)[1](X, X), A, "[linearize] got 1 primals and 2 tangents"),
    (
        lambda: ag.jvp(lambda x: x[0], ([X],), (X,)),
        A,
        "[jvp] tangents[0] has the form * and not [*]: expected that of the argument",
    ),
    (
        lambda: ag.jvp(total, (X, 1.0), (X, X)),
        S,
        "[jvp] tangents[1] has shape (2,): the argument has shape ()",
    ),
    (
        lambda: ag.jvp(ag.sin, (X,), (np.ones(2, np.float32),)),
        G,
        "[jvp] tangents[0] has dtype float32: the argument has dtype float64; cast it",
    ),
    (lambda: ag.jvp(total, (X, 2), (X, 1)), D, "[jvp] args[1] has dtype int64"),
    (lambda: ag.hvp(total)(), A, "[hvp] got no vector: pass it last, after the function's arguments"),
    (lambda: ag.hvp(total)(X), A, "was called with 0 positional arguments"),
    (lambda: ag.hvp(total)(X, ag.ones(3)), S, "[hvp] vector has shape (3,): the argument has shape (2,)"),
    (
        lambda: ag.vhp(total, (0, 1))(X, X, X),
        A,
        "[vhp] the vector is Tensor: expected one for each of [0, 1], as the gradient has",
    ),
    (lambda: ag.hvp(total, argnames=("x",))(X, {"y": X}), A, "[hvp] the vector is dict"),
    (lambda: ag.ggnvp(ag.sin, ag.sin)(X, X), S, "the function returned shape (2,)"),
    # ------------------------------------------------------------ options
    (
        lambda: ag.jacobian(total, mode="backward"),
        A,
        "[jacobian] mode is 'backward': expected 'forward', 'reverse' or None",
    ),
    (lambda: ag.hessian(total, chunk_size=0), A, "[hessian] chunk_size is 0: expected 1 or more, or None"),
    (lambda: ag.jacobian(total, chunk_size=1.5), D, "[jacobian] chunk_size is 1.5: expected an integer"),
    # ------------------------------------------------------------ inside
    (
        lambda: ag.grad(lambda x: x.retain_grad())(X),
        T,
        "[retain_grad] this is an argument of a transformed function: the transform returns its",
    ),
]


@pytest.mark.parametrize(("program", "kind", "text"), CASES, ids=[text for _, _, text in CASES])
def test_bad_input(program: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=re.escape(text)) as caught:
        program()
    assert BUILT.match(str(caught.value))
    assert ag.is_grad_enabled() and W.grad is None and X.node is None


def test_an_error_inside_passes_through() -> None:
    def broken(x: Any) -> Any:
        assert ag.is_grad_enabled()
        raise KeyError("mine")

    with ag.no_grad():
        for f in (ag.grad(broken), lambda x: ag.jvp(broken, (x,), (x,)), ag.hessian(broken)):
            with pytest.raises(KeyError, match="mine"):
                f(X)
            assert not ag.is_grad_enabled()
