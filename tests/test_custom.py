"""``Function``: operations of the user's own, in PyTorch's shape."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import (
    ArgumentError,
    DtypeError,
    FreedGraphError,
    GradientDeviceError,
    GradientError,
    GradientShapeError,
    LeafWriteError,
    UnsupportedError,
)
from anygrad.testing import gradcheck

grad = ag.autograd.grad


def leaf(values: Any, dtype: Any = None) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, dtype=dtype, requires_grad=True)


class Product(ag.Function):
    """x * y by hand, with an output that is no derivative's: what was saved is an input and an output."""

    @staticmethod
    def forward(ctx: Any, x: Any, scale: float, y: Any) -> Any:
        out = x * y * scale
        ctx.save_for_backward(x, y)
        ctx.scale = scale
        sign = ag.real(x) > 0
        ctx.mark_non_differentiable(sign)
        return out, sign

    @staticmethod
    def backward(ctx: Any, g: Any, g_sign: Any) -> Any:
        x, y = ctx.saved_tensors
        assert g_sign is None or g_sign.shape == x.shape
        conj = ag.conj if g.dtype.kind == "c" else (lambda t: t)
        gx = g * conj(y) * ctx.scale if ctx.needs_input_grad[0] else None
        gy = g * conj(x) * ctx.scale if ctx.needs_input_grad[2] else None
        return gx, None, gy


class Exp(ag.Function):
    """exp, from the saved output."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        out = ag.exp(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (out,) = ctx.saved_tensors
        return g * (ag.conj(out) if out.dtype.kind == "c" else out)


# ---------------------------------------------------------------- Function


def test_every_order_on_every_backend(make: Any) -> None:
    x, y = make(np.linspace(0.5, 1.5, 3), True), make(np.linspace(1.0, 2.0, 3), True)
    out, sign = Product.apply(x, 2.0, y)
    assert sign.dtype == np.bool_ and not sign.requires_grad and out.grad_fn.name == "Product"
    assert gradcheck(lambda x, y: Product.apply(Exp.apply(x), 2.0, y)[0], [x, y], order=2, rtol=1e-4)


def test_complex_gradients_are_seen_as_users_see_them(make: Any) -> None:
    x, y = make(np.array([1 + 2j, 0.5j]), True), make(np.array([2 - 1j, 1.0 + 0j]), True)
    assert gradcheck(lambda x, y: Product.apply(Exp.apply(x), 2.0, y)[0], [x, y], order=2, rtol=1e-4)
    seen: list[Any] = []

    class See(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            seen.append(g.tolist())
            return g

    See.apply(x).backward(gradient=[1 + 1j, 2j])
    assert seen == [[1 + 1j, 2j]] and x.grad.tolist() == seen[0]


def test_of_what_requires_nothing_or_is_unrecorded_nothing_is_recorded() -> None:
    assert Exp.apply(ag.tensor(0.0)).requires_grad is False
    with ag.no_grad():
        assert Exp.apply(leaf(0.0)).requires_grad is False


def test_what_a_function_is_told() -> None:
    log: list[Any] = []

    class Tell(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any, n: Any) -> Any:
            assert not ag.is_grad_enabled()
            log.append(ctx.needs_input_grad)
            return x + 1, y + 1, n

        @staticmethod
        def backward(ctx: Any, *gs: Any) -> Any:
            log.append([None if g is None else g.tolist() for g in gs])
            return gs

    a, _, n = Tell.apply(leaf(1.0), leaf([1.0, 2.0]), None)
    assert n is None
    a.backward()
    assert log == [(True, True, False), [1.0, [0.0, 0.0], None]]

    class Quiet(Tell):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any, n: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x + 1, y + 1, None

    y = leaf([1.0, 2.0])
    log.clear()
    Quiet.apply(leaf(1.0), y, None)[0].backward()
    assert log == [[1.0, None, None]] and y.grad is None


def test_setup_context_and_attributes() -> None:
    class Scale(ag.Function):
        @staticmethod
        def forward(x: Any, by: float) -> Any:
            return x * by

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            _, ctx.by = inputs

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.by, None

    x = leaf(2.0)
    y = Scale.apply(x, 3.0)
    y.backward()
    y.backward()  # nothing was saved
    assert x.grad.item() == 6.0


def test_gradients_are_summed_and_cast_to_fit() -> None:
    class Add(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x + y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g, g

    x, y = leaf([[1.0], [2.0]], ag.float32), leaf(3.0)
    Add.apply(x, y + ag.zeros(3)).sum().backward()
    assert x.grad.tolist() == [[3.0], [3.0]] and x.grad.dtype == np.float32 and y.grad.item() == 6.0


def test_saved_values_stand_though_written() -> None:
    x = leaf([1.0, 2.0])
    z = x * 1.0
    y = Exp.apply(z)
    out, _ = Product.apply(z, 1.0, y)
    y *= 100
    z[...] = 7.0
    (out + y).sum().backward()
    e = np.exp([1.0, 2.0])
    np.testing.assert_allclose(x.grad.numpy(), e + [1, 2] * e + 100 * e)


class Double(ag.Function):
    """Doubles its input in place."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


def test_dirty_inputs() -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x * 3
    assert Double.apply(y) is y
    assert y.tolist() == [6.0, 12.0, 18.0]
    (y * y).sum().backward()
    assert x.grad.tolist() == [72.0, 144.0, 216.0]
    x.grad = None
    y = x * 3
    view = y[1:]
    Double.apply(view)
    y.sum().backward()
    assert y.tolist() == [3.0, 12.0, 18.0] and x.grad.tolist() == [3.0, 6.0, 6.0]
    with pytest.raises(LeafWriteError, match=r"\[Double\] x is a leaf"):
        Double.apply(x)


def test_an_input_returned_as_it_is() -> None:
    class Same(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 10

    x = leaf([1.0, 2.0])
    y = Same.apply(x)
    assert y is not x and y.grad_fn.name == "Same"
    y.sum().backward()
    assert x.grad.tolist() == [10.0, 10.0]


def test_once_differentiable() -> None:
    class Square(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @ag.autograd.once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            assert not ag.is_grad_enabled()
            return ag.asarray(2 * x.detach().numpy() * g.numpy())

    x = leaf(3.0)
    Square.apply(x).backward()
    assert x.grad.item() == 6.0
    (d,) = grad(Square.apply(x) + x**3, x, create_graph=True)
    assert d.item() == 33.0
    with pytest.raises(GradientError, match=r"\[Square\] a second derivative was asked for, .*once_differen"):
        grad(d, x)


def test_a_jvp_of_its_own_and_without() -> None:
    class Ours(Exp):
        @staticmethod
        def jvp(ctx: Any, t: Any) -> Any:
            (out,) = ctx.saved_for_forward
            return out * t * 1000  # so that it shows

    x, t = ag.tensor([0.5, 1.0]), ag.tensor([2.0, 3.0])
    e = np.exp([0.5, 1.0])
    assert ag.jvp(Ours.apply, (x,), (t,))[1].tolist() == (e * [2, 3] * 1000).tolist()
    assert ag.jvp(Exp.apply, (x,), (t,))[1].tolist() == (e * [2, 3]).tolist()
    found = ag.jvp(lambda x, y: Product.apply(x, 2.0, y)[0], (x, t), (t, x))[1]
    np.testing.assert_allclose(found.numpy(), 2 * (np.array([2, 3]) ** 2 + np.array([0.5, 1.0]) ** 2))
    z, dz = ag.tensor([1 + 2j, 0.5j]), ag.tensor([1j, 2.0 + 0j])
    found = ag.jvp(Exp.apply, (z,), (dz,))[1]
    np.testing.assert_allclose(found.numpy(), np.exp([1 + 2j, 0.5j]) * [1j, 2])
    second = ag.jvp(lambda x: ag.jvp(Exp.apply, (x,), (t,))[1], (x,), (t,))[1]
    np.testing.assert_allclose(second.numpy(), e * [4, 9])


def test_it_leaves_no_cycles() -> None:
    for cls in (Exp, Double):
        x = leaf([1.0])
        y = cls.apply(x * 1)
        gone = [weakref.ref(v) for v in (y, y.grad_fn, y.grad_fn.saved[0])]
        gc.disable()
        try:
            del y
            assert [ref() for ref in gone] == [None] * 3
        finally:
            gc.enable()


def test_across_devices() -> None:
    pytest.importorskip("array_api_strict")

    class There(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.to("array_api_strict") * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g.to("cpu") * 2

    x = leaf([1.0, 2.0])
    y = There.apply(x)
    (y * y).sum().backward()
    assert x.grad.tolist() == [8.0, 16.0]


def returning(made: Any) -> Any:
    """Return a Function of two inputs whose backward returns what is made of the gradient."""

    class Wrong(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return made(g)

    return Wrong


WRONG = [
    (lambda g: g, ArgumentError, r"\[Wrong\] backward returned 1 gradients, the inputs are 2"),
    (lambda g: (g, None, g), ArgumentError, "backward returned 3 gradients"),
    (lambda g: (g, g), DtypeError, "backward returned a gradient for input 1, which is no tensor"),
    (
        lambda g: (ag.ones(5), None),
        GradientShapeError,
        r"gradient of input 0 has shape \(5,\): the input has",
    ),
    (lambda g: (ag.ones(()), None), GradientShapeError, r"gradient of input 0 has shape \(\)"),
    (lambda g: (1.0, None), DtypeError, "the gradient of input 0 is float: expected a tensor or None"),
    (lambda g: (g.to("array_api_strict"), None), GradientDeviceError, "input 0 is on array_api_strict, the"),
]


@pytest.mark.parametrize(("made", "kind", "match"), WRONG)
def test_a_backward_that_returns_what_does_not_fit(made: Any, kind: Any, match: str) -> None:
    x = leaf([1.0, 2.0])
    y = returning(made).apply(x, 3.0)
    with pytest.raises(kind, match=match):
        y.sum().backward()
    assert x.grad is None and ag.is_grad_enabled()


def test_what_cannot_be_a_function() -> None:
    x = leaf(1.0)

    class Saves(Exp):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x, 3.0)

    with pytest.raises(
        DtypeError, match=r"\[Saves\] argument 1 of save_for_backward is float: expected tens"
    ):
        Saves.apply(x)
    with pytest.raises(DtypeError, match=r"\[Exp\] it was made an instance: call Exp.apply"):
        Exp()

    class Empty(ag.Function):
        pass

    with pytest.raises(UnsupportedError, match=r"\[Empty\] it has no forward"):
        Empty.apply(x)

    class Dirty(Double):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.mark_dirty(x)
            return x * 2

    with pytest.raises(ArgumentError, match="a tensor is marked dirty that is no input, or not returned"):
        Dirty.apply(x * 1)
    y = Exp.apply(x)
    y.backward()
    with pytest.raises(FreedGraphError):
        y.backward()
