"""``custom_vjp``, ``custom_jvp`` and ``primitive``; and all that is the user's own, together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import (
    ArgumentError,
    CheckpointError,
    DtypeError,
    GradcheckError,
    GradientError,
    GradientShapeError,
    UnsupportedError,
)
from anygrad.testing import check_operation, gradcheck
from tests.test_custom import Exp, Product

grad = ag.autograd.grad


def leaf(values: Any, dtype: Any = None) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------- custom_vjp


@ag.custom_vjp
def log1pexp(x: Any) -> Any:
    """Return log(1 + exp(x))."""
    return ag.log1p(ag.exp(x))


log1pexp.defvjp(
    lambda x: (ag.log1p(ag.exp(x)), 1 - 1 / (1 + ag.exp(x))),
    lambda slope, g: (g * slope,),
)


def test_custom_vjp_at_every_order(make: Any) -> None:
    x = make(np.linspace(-1.0, 2.0, 3), True)
    assert log1pexp.__name__ == "log1pexp" and log1pexp.__doc__ == "Return log(1 + exp(x))."
    assert gradcheck(log1pexp, x, order=2, rtol=1e-4)
    assert log1pexp(x).grad_fn.name == "log1pexp"


def test_custom_vjp_takes_trees() -> None:
    @ag.custom_vjp
    def f(p: Any, n: int, y: Any = 2.0) -> Any:
        return {"out": p["a"] * p["b"][0] * y, "n": n}

    f.defvjp(
        lambda p, n, y: (f.function(p, n, y), (p, y)),
        lambda res, g: (
            {"a": g["out"] * res[0]["b"][0] * res[1], "b": [g["out"] * res[0]["a"] * res[1] * 10]},
            None,
            None,
        ),
    )
    p = {"a": leaf(3.0), "b": [leaf(5.0)]}
    out = f(p, n=7)
    assert out["n"] == 7 and out["out"].item() == 30.0
    (a, b) = grad(out["out"], [p["a"], p["b"][0]], create_graph=True)
    assert (a.item(), b.item()) == (10.0, 60.0)
    assert grad(b, p["a"])[0].item() == 20.0


def test_custom_vjp_with_nondiff_argnums() -> None:
    def power(n: int, x: Any) -> Any:
        return x**n

    f = ag.custom_vjp(power, nondiff_argnums=(0,))
    f.defvjp(lambda n, x: (x**n, x), lambda n, x, g: (g * n * x ** (n - 1),))
    assert ag.grad(lambda x: f(3, x))(2.0).item() == 12.0
    assert ag.grad(ag.grad(lambda x: f(3, x)))(2.0).item() == 12.0
    with pytest.raises(GradientError, match=r"\[power\] argument 0 requires a gradient and is among nondiff"):
        f(leaf(3.0), leaf(2.0))


def test_an_iteration_is_not_kept() -> None:
    """The derivative of a fixed point, by the implicit function theorem: no step of it is in the graph."""

    def solve(a: Any) -> Any:
        x = a * 0 + 1.0
        for _ in range(60):
            x = (x + a / x) / 2
        return x

    f = ag.custom_vjp(solve)
    f.defvjp(lambda a: ((x := solve(a)), x), lambda x, g: (g / (2 * x),))
    a = leaf(2.0)
    y = f(a)
    assert y.grad_fn.next_functions[0][0] is a.node
    assert ag.grad(f)(2.0).item() == pytest.approx(0.5 / 2**0.5)
    assert ag.grad(ag.grad(f))(2.0).item() == pytest.approx(-0.25 / 2**1.5)
    assert gradcheck(f, a, order=2)


def test_custom_vjp_that_cannot_be() -> None:
    x, w = leaf(2.0), leaf(3.0)
    with pytest.raises(UnsupportedError, match=r"\[f\] it has no rule: call defvjp"):
        ag.custom_vjp(named("f", lambda x: x))(x)
    with pytest.raises(DtypeError, match=r"\[custom_vjp\] got int"):
        ag.custom_vjp(3)  # type: ignore[arg-type]
    with pytest.raises(DtypeError, match=r"\[defvjp\] bwd is int"):
        ag.custom_vjp(named("f", lambda x: x)).defvjp(print, 3)  # type: ignore[arg-type]
    for function, rule, kind, match in [
        (
            lambda x: x * w,
            (lambda x: (x * w, x), lambda r, g: (g,)),
            GradientError,
            "w requires a gradient and",
        ),
        (
            lambda x: x * 1,
            (lambda x: x * 1, lambda r, g: (g,)),
            ArgumentError,
            "fwd returned Tensor: expected",
        ),
        (lambda x: x * 1, (lambda x: (x * 1, x), lambda r, g: g), ArgumentError, "bwd returned Tensor"),
        (
            lambda x: x * 1,
            (lambda x: (x * 1, x), lambda r, g: (g, g)),
            ArgumentError,
            "bwd returned a tuple of 2",
        ),
        (
            lambda x: x * 1,
            (lambda x: (x * 1, x), lambda r, g: ([g],)),
            ArgumentError,
            "another form for argument 0",
        ),
        (
            lambda x: x * 1,
            (lambda x: (x * 1, x), lambda r, g: (ag.ones(5),)),
            GradientShapeError,
            "input 0 has",
        ),
    ]:
        f = ag.custom_vjp(named("f", function))
        f.defvjp(*rule)
        with pytest.raises(kind, match=r"\[f\] .*" + match):
            f(leaf([2.0, 3.0])).sum().backward()


def test_a_fwd_that_is_not_deterministic_is_told_at_second_order() -> None:
    f, calls = ag.custom_vjp(named("f", lambda x: x * 2)), iter(range(10))
    f.defvjp(lambda x: (x * 2, x * next(calls)), lambda r, g: (g * r,))
    x = leaf(2.0)
    f(x).backward()
    with pytest.raises(CheckpointError, match=r"\[f\] fwd did not give the same residuals"):
        f(x).backward(create_graph=True)


def named(name: str, function: Any) -> Any:
    """Give a function a name."""
    function.__name__ = name
    return function


# ---------------------------------------------------------------- custom_jvp


@ag.custom_jvp
def modulus(x: Any, y: Any) -> Any:
    """Return the square root of x ** 2 + y ** 2."""
    return ag.sqrt(x * x + y * y)


@modulus.defjvp
def _(primals: Any, tangents: Any) -> Any:
    x, y = primals
    dx, dy = tangents
    out = modulus(x, y)
    return out, (x * dx + y * dy) / out


def test_custom_jvp_both_ways_at_every_order(make: Any) -> None:
    x, y = make(np.array([3.0, 1.0]), True), make(np.array([4.0, 2.0]), True)
    assert gradcheck(modulus, [x, y], order=2, rtol=1e-4)
    t = make(np.array([1.0, 2.0]))
    _, found = ag.jvp(modulus, (x, y), (t, t))
    np.testing.assert_allclose(found.detach().to("cpu").numpy(), [7 / 5, 6 / 5**0.5])
    _, both = ag.jvp(lambda x: ag.jvp(lambda y: modulus(x, y), (y,), (t,))[1].sum(), (x,), (t,))
    expected = [-12 / 125, -2 / 5**1.5 * 4]
    np.testing.assert_allclose(both.detach().to("cpu").numpy(), sum(expected))


def test_defjvps_and_complex_numbers() -> None:
    f = ag.custom_jvp(named("f", lambda z, w: z * ag.conj(w)))
    f.defjvps(lambda t, out, z, w: t * ag.conj(w), lambda t, out, z, w: z * ag.conj(t))
    z, w = leaf(1 + 2j), leaf(3 - 1j)
    assert gradcheck(f, [z, w], order=2)
    assert ag.jvp(f, (z, w), (1j, 1j))[1].item() == 1j * (3 + 1j) + (1 + 2j) * -1j


def test_custom_jvp_that_cannot_be() -> None:
    x, w = leaf(2.0), leaf(3.0)
    with pytest.raises(UnsupportedError, match=r"\[f\] it has no rule: call defjvp"):
        ag.custom_jvp(named("f", lambda x: x))(x)
    for function, rule, match in [
        (lambda x: x * 2, lambda p, t: p[0], "the rule returned Tensor: expected a pair"),
        (lambda x: x * 2, lambda p, t: (p[0], [t[0]]), "the tangent has another form than the result"),
    ]:
        f = ag.custom_jvp(named("f", function))
        f.defjvp(rule)
        with pytest.raises(ArgumentError, match=r"\[f\] " + match):
            f(x).backward()
    f = ag.custom_jvp(named("f", lambda x: x * w))
    f.defjvps(lambda t, out, x: t * 3)
    with pytest.raises(GradientError, match=r"\[f\] w requires a gradient and is no argument"):
        f(x)
    f = ag.custom_jvp(named("f", lambda x: x * 2))
    f.defjvps(None, None)
    with pytest.raises(ArgumentError, match="it has 1 arguments and 2 rules"):
        f(x).backward()
    f.defjvps(None)
    with pytest.raises(ArgumentError, match="every rule is None"):
        f(x).backward()
    f.defjvp(lambda primals, tangents: (f(*primals), 3.0))
    with pytest.raises(DtypeError, match="the tangent of output 0 is float: expected a tensor"):
        ag.jvp(f, (x,), (ag.ones_like(x),))


# ---------------------------------------------------------------- primitive


@ag.primitive(
    elementwise=True,
    dx=lambda g, x, y, out: g * x / out,
    dy=lambda g, y, out: g * y / out,
    accepts="real floating",
)
def length(xp: Any, x: Any, y: Any) -> Any:
    """Return the length of the vector (x, y)."""
    return xp.sqrt(x * x + y * y)


@ag.primitive(
    dx=lambda xp, g, x_shape, axis: xp.broadcast_to(xp.expand_dims(g, axis=axis), x_shape), linear=True
)
def added(xp: Any, x: Any, *, axis: int = 0) -> Any:
    """Add along an axis."""
    return xp.sum(x, axis=axis)


def test_a_row_of_the_users_own(make: Any) -> None:
    x, y = make(np.array([[3.0], [1.0]]), True), make(np.array([4.0, 2.0]), True)
    assert length.__module__ == __name__ and length.__doc__.startswith(
        "Return the length of the vector (x, y)."
    )
    assert gradcheck(length, [x, y], order=2, rtol=1e-4)
    assert gradcheck(lambda x: added(x, axis=1), x, order=2)
    assert length(x, y).grad_fn.name == "length" and "length" not in ag.__all__
    _, t = ag.jvp(lambda x: length(x, 4.0), (x,), (make(np.ones((2, 1))),))
    np.testing.assert_allclose(t.detach().to("cpu").numpy(), [[0.6], [1 / 17**0.5]])


def test_the_helper_for_tests_of_ones_own(device: str) -> None:
    check_operation(length, ([3.0, 1.0], [[4.0], [2.0]]), ([[1.0, -2.0]], 0.5), devices=[device], rtol=1e-4)
    check_operation(added, ([[3.0, 1.0]], {"axis": 1}), (np.ones((2, 0)),), devices=[device])

    @ag.primitive(elementwise=True, dx=lambda g, x: g * x)
    def wrong(xp: Any, x: Any) -> Any:
        return x * x

    with pytest.raises(GradcheckError, match=r"order 1, input 0 at \(1,\).*\(sample 0 on"):
        check_operation(wrong, ([0.0, 2.0],), devices=[device])

    def wide(x: Any) -> Any:
        return x.astype(ag.float64)

    with pytest.raises(GradcheckError, match="output 0 has dtype float64 where the inputs are in single"):
        check_operation(wide, ([0.0, 2.0],), devices=[device])

    def writes(x: Any) -> Any:
        with ag.no_grad():
            x.mul_(2)
        return x * 1

    with pytest.raises(GradcheckError):
        check_operation(writes, ([1.0, 2.0],), devices=[device])


def test_a_row_with_a_method_and_declared_again() -> None:
    def declare(factor: float) -> Any:
        @ag.primitive(method=True, elementwise=True, dx=lambda g: g * factor)
        def times_some_number(xp: Any, x: Any) -> Any:
            return x * factor

        return times_some_number

    for factor in (2.0, 3.0):
        declare(factor)
        x = leaf([1.0, 2.0])
        y = x.times_some_number()
        y.sum().backward()
        assert y.tolist() == [factor, 2 * factor] and x.grad.tolist() == [factor] * 2
    del ag.Tensor.times_some_number


def test_a_row_that_cannot_be() -> None:
    with pytest.raises(ArgumentError, match=r"\[primitive\] f takes \(x\): expected xp, then the inputs"):
        ag.primitive(named("f", lambda x: x))
    with pytest.raises(ArgumentError, match="f has the option n: an elementwise operation has none"):
        ag.primitive(named("f", lambda xp, x, *, n: x), elementwise=True)
    with pytest.raises(ArgumentError, match="f has the option dtype: use another name"):
        ag.primitive(named("f", lambda xp, x, *, dtype: x))
    with pytest.raises(ArgumentError, match="tensors have a method exp"):
        ag.primitive(named("exp", lambda xp, x: x), method=True)
    with pytest.raises(TypeError, match="'slope' is none of g, xp, out, x"):
        ag.primitive(named("f", lambda xp, x: x), dx=lambda g, slope: g)
    with pytest.raises(DtypeError, match="got int: expected a function"):
        ag.primitive(3)  # type: ignore[arg-type]


# ---------------------------------------------------------------- together


def test_in_checkpoints_and_among_saved_value_hooks(make: Any) -> None:
    x = make(np.array([0.5, 1.0]), True)

    def f(x: Any) -> Any:
        y = Exp.apply(ag.sin(x))
        out, _ = Product.apply(log1pexp(y), 2.0, y)
        return modulus(length(out, y), x) + added(out)

    def on_host(x: Any) -> Any:
        with ag.autograd.save_on_cpu():
            return f(x)

    for g in (f, ag.checkpoint(f), on_host, ag.checkpoint(on_host), ag.checkpoint(f, policy=50)):
        assert gradcheck(g, x, order=2, rtol=1e-4)
        for nested in (ag.hessian, lambda h: ag.jacobian(ag.grad(h), mode="forward")):
            found = nested(lambda x, g=g: g(x).sum())(x).detach().to("cpu").numpy()
            wanted = ag.jacobian(ag.grad(lambda x: f(x).sum()), mode="reverse")(x).detach().to("cpu").numpy()
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


def test_saved_values_of_a_function_are_packed_and_hooks_see_its_node() -> None:
    x = leaf([1.0, 2.0])
    seen: list[Any] = []
    with ag.autograd.saved_tensors_hooks(
        lambda t: (seen.append("pack"), t)[1], lambda t: (seen.append("open"), t)[1]
    ):
        y, _ = Product.apply(x, 2.0, x)
    y.grad_fn.register_prehook(lambda outs: seen.append(len(outs)))
    y.grad_fn.register_hook(lambda ins, outs: seen.append([g.tolist() for g in ins]))
    y.sum().backward()
    assert seen == ["pack", "pack", 2, "open", "open", [[2.0, 4.0], [2.0, 4.0]]]
