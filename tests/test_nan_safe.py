"""``nan_safe``: a gradient that is exactly zero contributes exactly zero, and nothing else changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.absorbing import Number
from anygrad.exchange import _pile
from anygrad.graph import Hooked, Node
from tests.spy import trapped
from tests.targets import Target

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
NAN, INF = np.nan, np.inf


def host(x: Any) -> np.ndarray:
    return x.detach().cpu().numpy()


def gradient(f: Callable[..., Any], x: Any) -> np.ndarray:
    return host(ag.autograd.grad(f(x), x)[0])


def chosen(y: Any) -> Any:
    """Return the sum of what is no NaN and no infinity: the others get a gradient of zero."""
    return ag.sum(ag.where(ag.isfinite(y), y, 0.0))


# ---------------------------------------------------------------- entry by entry

ENTRIES: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "sqrt": (lambda x: ag.where(x > 0, ag.sqrt(x), 0.0), [0.0, 4.0]),
    "log": (lambda x: ag.where(x > 0, ag.log(x), 0.0), [0.0, 2.0]),
    "power": (lambda x: ag.where(x > 0, x**0.5, 0.0), [0.0, 4.0]),
    "quotient": (lambda x: ag.where(x != 0, ag.sin(x) / x, 0.0), [0.0, 2.0]),
    "two inputs": (lambda x: ag.where(x != 0, (x * x) / x, 0.0), [0.0, 2.0]),
    "negative zero": (lambda x: -0.0 * ag.where(x > 0, 0.0, ag.log(x)) + x, [0.0, 2.0]),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_masked_entries(name: str, make: Callable[..., Any]) -> None:
    """As with the argument masked too, to the second order."""
    f, values = ENTRIES[name]
    x, y = (make(np.array(v), grad=True) for v in (values, values[1:]))
    with ag.nan_safe():
        (first,) = ag.autograd.grad(ag.sum(f(x)), x, create_graph=True)
        second = ag.autograd.grad(ag.sum(first), x, allow_unused=True)[0]
    (alone,) = ag.autograd.grad(ag.sum(f(y)), y, create_graph=True)
    np.testing.assert_allclose(host(first), [name == "negative zero", *host(alone)], rtol=1e-12)
    if second is not None and alone.requires_grad:
        expected = ag.autograd.grad(ag.sum(alone), y, allow_unused=True, materialize_grads=True)[0]
        np.testing.assert_allclose(host(second), [0, *host(expected)], atol=1e-12)


def scaler(x: Any) -> Any:
    """Divide by a deviation of zero and overwrite that, as scikit-learn's StandardScaler does."""
    deviation = ag.std(x, axis=0)
    y = (x - ag.mean(x, axis=0)) / deviation
    y[:, deviation == 0] = 1.0
    return ag.sum(y * y * y * ag.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]))


def test_masked_columns_do_not_poison_the_others() -> None:
    x = ag.tensor([[1.0, 2.0], [1.0, 3.0], [1.0, 5.0]])
    assert np.isnan(ag.grad(scaler)(x).numpy()).any()
    with ag.nan_safe():
        found, second = ag.grad(scaler)(x), ag.hessian(scaler)(x)

    def padded(c: Any) -> Any:
        return scaler(ag.stack([ag.arange(3.0), c], axis=1))

    np.testing.assert_allclose(found[:, 1].numpy(), ag.grad(padded)(x[:, 1]).numpy())
    np.testing.assert_allclose(second[:, 1, :, 1].numpy(), ag.hessian(padded)(x[:, 1]).numpy(), atol=1e-12)
    assert not found[:, 0].any() and not second[:, 0].any() and not second[:, :, :, 0].any()


def test_second_derivatives_where_a_gradient_happens_to_be_zero() -> None:
    """A zero hides no local derivative that is finite: (y - 1)**2 at y = 1."""

    def f(x: Any) -> Any:
        return ag.sum((x * x - 1) ** 2)

    x = ag.tensor([1.0, 2.0])
    with ag.nan_safe():
        np.testing.assert_array_equal(ag.hessian(f)(x).numpy(), [[8, 0], [0, 44]])
        np.testing.assert_array_equal(ag.hvp(f)(x, ag.ones(2)).numpy(), [8, 44])
        np.testing.assert_array_equal(ag.vhp(f)(x, ag.ones(2)).numpy(), [8, 44])


def test_dtypes_shapes_and_complex(make: Callable[..., Any]) -> None:
    for value in (0.0, np.float32([0, 1]), np.array([0, 1 + 1j]), np.zeros((0, 2))):
        x = make(np.asarray(value), grad=True)
        with ag.nan_safe():
            (g,) = ag.autograd.grad(ag.sum(ag.where(x == 0, 0.0, ag.abs(ag.sqrt(x)))), x)
        assert (g.dtype, g.shape) == (x.dtype, x.shape)
        assert np.isfinite(host(g)).all() and (host(g)[host(x) == 0] == 0).all()


# ---------------------------------------------------------------- sums of products

PRODUCTS: dict[str, tuple[Callable[[Any, Any], Any], tuple[int, ...], tuple[int, ...]]] = {
    "matmul": (lambda x, y: x @ y, (2, 3), (3, 2)),
    "matrix by vector": (lambda x, y: x @ y, (2, 3), (3,)),
    "vector by matrix": (lambda x, y: x @ y, (3,), (3, 2)),
    "batches": (lambda x, y: x @ y, (2, 2, 3), (3, 2)),
    "tensordot": (lambda x, y: ag.tensordot(x, y, axes=1), (2, 3), (3, 2)),
    "vecdot": (ag.vecdot, (2, 3), (2, 3)),
    "einsum": (lambda x, y: ag.einsum("ij,jk->ik", x, y), (2, 3), (3, 2)),
    "convolution": (lambda x, y: ag.conv1d(x, y, padding=1), (2, 2, 4), (3, 2, 2)),
    "transposed": (lambda x, y: ag.conv_transpose1d(x, y), (2, 2, 4), (2, 3, 2)),
    "solve": (ag.linalg.solve, (3, 3), (3, 2)),
}


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("bad", [NAN, INF])
def test_products_ignore_terms_whose_gradient_is_zero(name: str, bad: float, make: Any) -> None:
    """What arrives at each factor is the sum over the terms whose gradient is not zero."""
    f, *shapes = PRODUCTS[name]
    random = np.random.default_rng(0)
    arrays = [random.normal(size=s) for s in shapes]
    for poisoned in (0, 1) if name != "solve" else (1,):
        given = [a.copy() for a in arrays]
        given[poisoned].reshape(-1)[0] = bad
        x, y = (make(a, grad=True) for a in given)
        out = f(x, y)
        weights = np.isfinite(host(out)) * random.normal(size=out.shape)
        with ag.nan_safe():
            found = ag.autograd.grad(out, (x, y), make(weights), allow_unused=True)
        given[poisoned].reshape(-1)[0] = 0.0
        x, y = (make(a, grad=True) for a in given)
        expected = ag.autograd.grad(f(x, y), (x, y), make(weights), allow_unused=True)
        for a, b in zip(found, expected, strict=True):
            if b is not None:
                np.testing.assert_allclose(host(a), host(b), rtol=1e-12, atol=1e-12)


def test_what_meets_a_gradient_that_is_not_zero_stays() -> None:
    x, y = ag.ones((2, 2), requires_grad=True), ag.asarray([[NAN, 1.0], [INF, 1.0]])
    with ag.nan_safe():
        (g,) = ag.autograd.grad(x @ y, x, ag.asarray([[1.0, 0.0], [0.0, 1.0]]))
        np.testing.assert_array_equal(g.numpy(), [[NAN, INF], [1, 1]])
        z = ag.tensor([0.0, NAN, 4.0], requires_grad=True)
        ag.sum(ag.sqrt(z)).backward()
    np.testing.assert_array_equal(z.grad.numpy(), [INF, NAN, 0.25])


# ---------------------------------------------------------------- rows that belong together

ROWS: dict[str, Callable[[Any], Any]] = {
    "softmax": ag.softmax,
    "log_softmax": ag.log_softmax,
    "logsumexp": lambda x: ag.logsumexp(x, axis=1),
    "prod": lambda x: ag.prod(x, axis=1),
    "cumulative_prod": lambda x: ag.cumulative_prod(x, axis=1),
    "vector_norm": lambda x: ag.linalg.vector_norm(x, axis=1),
    "norm of order 3": lambda x: ag.linalg.vector_norm(x, axis=1, ord=3),
    "std": lambda x: ag.std(x, axis=1),
    "max": lambda x: ag.max(x, axis=1),
    "sort": ag.sort,
    "median": lambda x: ag.median(x, axis=1),
    "cross_entropy": lambda x: ag.cross_entropy(x, ag.asarray([1, 2], device=x.device), reduction="none"),
    "max_pool1d": lambda x: ag.max_pool1d(ag.reshape(x, (2, 1, 4)), 2),
    "det": lambda x: ag.linalg.det(ag.reshape(x, (2, 2, 2))),
    "slogdet": lambda x: ag.linalg.slogdet(ag.reshape(x, (2, 2, 2))).logabsdet,
    "expm": lambda x: ag.linalg.expm(ag.reshape(x, (2, 2, 2))),
    "qr": lambda x: ag.linalg.qr(ag.reshape(x, (2, 2, 2))).R,
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_zeros_contributes_nothing(name: str, make: Callable[..., Any]) -> None:
    f = ROWS[name]
    clean = np.array([[1.0, 2.0, 3.0, 5.0], [2.0, 1.0, 4.0, 3.0]])
    bad = clean.copy()
    bad[0] = NAN
    found = []
    for values in (bad, clean):
        x = make(values, grad=True)
        out = f(x)
        weights = np.zeros(out.shape)
        weights[1] = np.random.default_rng(0).normal(size=out.shape[1:])
        with ag.nan_safe():
            found.append(host(ag.autograd.grad(out, x, make(weights))[0]))
    np.testing.assert_allclose(*found, rtol=1e-12, atol=1e-12)
    assert not found[0][0].any() and found[0][1].any()


@pytest.mark.parametrize("name", ROWS)
def test_numbers_are_those_outside(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is NaN the way that absorbs gives what the formula gives, to the second order."""
    f, x = ROWS[name], ag.asarray([[1.0, 2.0, 3.0, 5.0], [2.0, 1.0, 4.0, 3.0]])

    def g(x: Any) -> Any:
        return ag.sum(ag.sin(f(x)))

    expected = ag.grad(g)(x), ag.vhp(g)(x, ag.cos(x))
    monkeypatch.setattr("anygrad.absorbing.clean", lambda *parts: False)
    with ag.nan_safe():
        found = ag.grad(g)(x), ag.vhp(g)(x, ag.cos(x))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------- the rest of the engine


def test_chains_of_large_arrays() -> None:
    x = ag.arange(200_000.0, requires_grad=True)
    with ag.nan_safe():
        ag.sum(ag.where(x > 0, ag.exp(-ag.sqrt(x)) * x, 0.0)).backward()
    at = np.arange(1, 200_000.0)
    root = np.sqrt(at)
    np.testing.assert_allclose(x.grad.numpy()[1:], np.exp(-root) * (1 - root / 2), rtol=1e-9, atol=1e-300)
    assert x.grad[0] == 0


class Root(ag.Function):
    """A square root with a rule of the user's."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        out = ag.sqrt(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g / (2 * ctx.saved_tensors[0])


def test_rules_of_the_users_are_taken_as_a_whole() -> None:
    x = ag.tensor([0.0, 0.0], requires_grad=True)
    for gradient, expected in (([0.0, -0.0], [0, 0]), ([0.0, 1.0], [NAN, INF])):
        with ag.nan_safe():
            (g,) = ag.autograd.grad(Root.apply(x), x, ag.asarray(gradient))
        np.testing.assert_array_equal(g.numpy(), expected)


def _rooted(xp: Any, x: Any) -> Any:
    """Return square roots."""
    return xp.sqrt(x)


def test_primitives(make: Callable[..., Any]) -> None:
    """Those that are elementwise entry by entry; others, whose formula may do what it likes, as a whole."""

    def dx(g: Any, out: Any) -> Any:
        assert not isinstance(g, Number)  # which is of anygrad's own formulas alone
        return g / (2 * out)

    x = make(np.array([0.0, 4.0]), grad=True)
    for elementwise, bad in ((True, 0.0), (False, NAN)):
        root = ag.primitive(_rooted, dx=dx, elementwise=elementwise)
        for weights, expected in (([0.0, 1.0], [bad, 0.25]), ([0.0, 0.0], [0.0, 0.0])):
            with ag.nan_safe():
                (g,) = ag.autograd.grad(root(x), x, make(np.array(weights)))
            np.testing.assert_array_equal(host(g), expected)


def test_anomalies_are_what_is_left() -> None:
    x = ag.tensor([0.0, 4.0], requires_grad=True)
    with ag.nan_safe(), ag.detect_anomaly():
        ag.sum(ENTRIES["sqrt"][0](x) @ ag.softmax(x)).backward()
        with pytest.raises(ag.AnomalyError, match="inf at"):
            ag.sum(ag.sqrt(x)).backward()
    np.testing.assert_allclose(x.grad.numpy()[0], -2 * np.prod(ag.softmax(x.detach()).numpy()))


def test_checkpoints_hooks_and_inputs() -> None:
    f = ENTRIES["sqrt"][0]
    x = ag.tensor([0.0, 4.0], requires_grad=True)
    root = ag.sqrt(x)
    root.retain_grad()
    seen: list[Any] = []
    root.grad_fn.register_hook(lambda inputs, outputs: seen.append(inputs[0]))
    with ag.nan_safe():
        ag.sum(ag.checkpoint(f, x)).backward(inputs=[x])
        np.testing.assert_array_equal(x.grad.numpy(), [0, 0.25])
        ag.sum(ag.where(x > 0, root, 0.0)).backward()
    np.testing.assert_array_equal(seen[0].numpy(), [0, 0.25])
    np.testing.assert_array_equal(x.grad.numpy(), [0, 0.5])


def test_tangents() -> None:
    x, t = ag.tensor([0.0, 4.0]), ag.tensor([0.0, 1.0])
    with ag.nan_safe():
        np.testing.assert_array_equal(ag.jvp(ag.sqrt, (x,), (t,))[1].numpy(), [0, 0.25])
        bad = ag.asarray([[NAN, INF], [1.0, 2.0]])
        np.testing.assert_array_equal(ag.jvp(lambda x: x @ bad, (x,), (t,))[1].numpy(), [1, 2])
        # The largest of what holds NaN moves as NaN, and not as a zero of the formula has it.
        assert np.isnan(ag.jvp(ag.max, (ag.asarray([1.0, NAN]),), (ag.ones(2),))[1].numpy())


def test_it_is_the_pass_that_counts_and_the_thread() -> None:
    x = ag.tensor([0.0, 4.0], requires_grad=True)
    f = ENTRIES["sqrt"][0]
    with ag.nan_safe():
        y = f(x)
        found: list[Any] = []
        other = threading.Thread(target=lambda: found.append(gradient(lambda x: ag.sum(f(x)), x)))
        other.start()
        other.join()
        with ag.nan_safe():
            pass
        np.testing.assert_array_equal(gradient(lambda x: ag.sum(f(x)), x), [0, 0.25])
    assert np.isnan(found[0][0])
    np.testing.assert_array_equal(gradient(lambda x: ag.sum(y), x), [NAN, 0.25])


def test_all_is_put_back() -> None:
    before = vars(Node)["plan"], vars(Hooked)["plan"]
    with pytest.raises(ZeroDivisionError), ag.nan_safe():
        assert vars(Node)["plan"] is not before[0]
        raise ZeroDivisionError
    assert (vars(Node)["plan"], vars(Hooked)["plan"]) == before and not _pile
    first, second = ag.nan_safe(), ag.profile()
    first.__enter__()
    second.__enter__()
    first.__exit__()
    second.__exit__()
    assert (vars(Node)["plan"], vars(Hooked)["plan"]) == before and not _pile


@pytest.mark.targets("strict")
def test_nothing_waits_for_the_device(target: Target) -> None:
    """On ``device1`` what would be read back is trapped."""
    x = target.make(np.array([0.0, 4.0]), grad=True)
    with ag.nan_safe():
        loss = ag.sum(ag.where(x > 0, ag.sqrt(x), 0.0) @ ag.softmax(x))
        with trapped(target.backend):
            loss.backward()
    assert np.isfinite(host(x.grad)).all()
