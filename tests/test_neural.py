"""Activations, softmax and losses: numbers and gradients beside PyTorch's, bad input, what is kept."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.neural import NeuralExtras
from tests.targets import Target

SHAPES = [((4,), ()), ((5, 3), (5,)), ((2, 4, 3, 2), (2, 3, 2))]
"""Shapes of logits and of their labels."""


@pytest.fixture
def torch() -> Any:
    """PyTorch, in double precision on the CPU."""
    return pytest.importorskip("torch")


def both(torch: Any, name: str, options: dict[str, Any], *arrays: Any, ours: Any = None) -> None:
    """Compare a function with PyTorch's of that name: its value, and the gradients of a projection of it."""
    tensors = [ag.tensor(a, requires_grad=np.asarray(a).dtype.kind == "f") for a in arrays]
    theirs = [torch.tensor(a, requires_grad=np.asarray(a).dtype.kind == "f") for a in arrays]
    given = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    with np.errstate(all="ignore"):
        found = getattr(ag, name)(*tensors, **(options if ours is None else ours))
    wanted = getattr(torch.nn.functional, name)(*theirs, **given)
    weights = np.random.default_rng(1).normal(size=found.shape)
    with np.errstate(all="ignore"):
        ag.sum(found * weights).backward()
    (wanted * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(found.detach().numpy(), wanted.detach().numpy(), rtol=1e-12, atol=1e-12)
    for x, y in zip(tensors, theirs, strict=True):
        if x.requires_grad:
            np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-11, atol=1e-12)


@pytest.mark.targets("torch")
@pytest.mark.parametrize("shape, labelled", SHAPES, ids=str)
def test_cross_entropy_is_that_of_pytorch(
    shape: tuple[int, ...], labelled: tuple[int, ...], torch: Any, target: Target
) -> None:
    rng = np.random.default_rng(0)
    count = shape[min(1, len(shape) - 1)]
    x, weight = rng.normal(size=shape), rng.uniform(0.5, 2, count)
    labels = rng.integers(0, count, labelled)
    probabilities = rng.uniform(0, 1, shape)
    for weights, reduction, smoothing in itertools.product(
        (None, weight), ("mean", "sum", "none"), (0.0, 0.3)
    ):
        options = {"weight": weights, "reduction": reduction, "label_smoothing": smoothing}
        both(torch, "cross_entropy", options, x, probabilities)
        for ignore in (-100, 1):
            if labelled or labels != ignore:
                both(torch, "cross_entropy", options | {"ignore_index": ignore}, x, labels)


@pytest.mark.targets("torch")
def test_activations_are_those_of_pytorch(torch: Any, target: Target) -> None:
    x = np.concatenate([np.linspace(-40, 40, 41), [-1e4, 1e4, 0.0, np.inf, 1e-30]])
    for name in ("relu", "leaky_relu", "sigmoid"):
        both(torch, name, {}, x)
    x = x[np.isfinite(x)]
    for name in ("silu", "gelu"):
        both(torch, name, {}, x)
    for beta in (1.0, 0.5):
        both(torch, "softplus", {"beta": beta, "threshold": 1e9}, x[abs(x) < 100], ours={"beta": beta})
    both(torch, "leaky_relu", {"negative_slope": 0.3}, x)
    both(torch, "gelu", {"approximate": "tanh"}, x)
    for axis in (0, 1, -1):
        y = np.random.default_rng(0).normal(size=(3, 4))
        both(torch, "softmax", {"dim": axis}, y, ours={"axis": axis})
        both(torch, "log_softmax", {"dim": axis}, y, ours={"axis": axis})
        both(torch, "mse_loss", {"reduction": "sum"}, y, y[::-1].copy())


def test_a_gradient_that_is_infinite_stops_at_a_dead_unit(make: Any) -> None:
    x = make(np.array([-1.0, 4.0]), True)
    with np.errstate(all="ignore"):
        ag.sum(ag.sqrt(ag.relu(x))).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0.0, 0.25])


def test_large_arrays_go_by_blocks() -> None:
    """Across the blocks of NumPy's backend nothing is lost: whole and uneven blocks, one row and more."""
    cpu = ag.zeros(1).xp
    rng = np.random.default_rng(0)
    for size in ((300, 700), (1, 200_000), (70_000, 3)):
        x, labels = rng.normal(size=size), rng.integers(0, size[1], size[0])
        for name in ("softmax", "log_softmax"):
            found, expected = getattr(cpu, name)(x, (1,)), getattr(NeuralExtras, name)(cpu, x, (1,))
            np.testing.assert_allclose(found, expected, rtol=1e-11)
            found = getattr(cpu, f"{name}_dx")(x, expected, (1,))
            wanted = getattr(NeuralExtras, f"{name}_dx")(cpu, x, expected, (1,))
            np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)
        loss, slope = cpu.label_loss(x, labels, -100, "none")
        expected = -cpu.log_softmax(x, (1,))[np.arange(size[0]), labels]
        np.testing.assert_allclose(loss, expected, rtol=1e-11)
        slope[np.arange(size[0]), labels] += 1
        np.testing.assert_allclose(slope, cpu.softmax(x, (1,)), rtol=1e-12, atol=1e-16)


def test_half_precision_is_computed_in_single() -> None:
    x = np.zeros((2, 70_000), np.float16)
    x[0, 0] = 20
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        t = ag.tensor(x, requires_grad=True)
        loss = ag.cross_entropy(t, ag.asarray([0, 1]), reduction="none")
        assert loss.dtype == np.float16 and ag.log_softmax(t).dtype == np.float16
        wide = x.astype(np.float64)
        expected = np.log(np.exp(wide).sum(axis=1)) - wide[[0, 1], [0, 1]]
        np.testing.assert_allclose(loss.detach().numpy(), expected, rtol=1e-3)
    ag.sum(loss).backward()
    assert t.grad.dtype == np.float16 and t.grad[1, 1].item() == -1


def test_a_scaled_loss_in_half_precision_keeps_small_gradients() -> None:
    """The gradient of a mean over many labels is below what half precision has, until it is scaled."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(4096, 50)).astype(np.float16), ag.asarray(rng.integers(0, 50, 4096))
    found = []
    for dtype in (ag.float16, ag.float64):
        t = ag.tensor(x, dtype=dtype, requires_grad=True)
        loss = ag.cross_entropy(t, labels)
        assert loss.dtype == dtype
        (loss * 1024.0).backward()
        assert t.grad.dtype == dtype
        found.append(t.grad.numpy())
    np.testing.assert_allclose(*found, rtol=2e-3)


@pytest.mark.parametrize(
    "write",
    [
        lambda g: g.zero_(),
        lambda g: g.mul_(3.0),
        lambda g: g.sub_(g, alpha=0.5),
        lambda g: g[1:].fill(7.0),
        lambda g: g.T.__setitem__(0, 1.0),
    ],
)
def test_a_gradient_that_a_graph_still_holds_is_not_written(write: Any, make: Any) -> None:
    """On NumPy the gradient of a loss is what the loss has saved; whoever writes into it gets a copy."""
    x = make(np.random.default_rng(0).normal(size=(4, 3)), True)
    labels = ag.asarray([0, 1, 2, 0], device=x.device)
    loss = ag.cross_entropy(x, labels)
    loss.backward(retain_graph=True)
    first = x.grad.cpu().numpy(copy=True)
    for _ in range(2):
        write(x.grad)
        x.grad = None
        loss.backward(retain_graph=True)
        np.testing.assert_array_equal(x.grad.cpu().numpy(), first)
    write(x.grad)
    x.grad = None
    loss.backward()
    held = x.grad
    write(held)
    written = held.cpu().numpy(copy=True)
    ag.cross_entropy(x, labels).backward()
    assert x.grad is held
    np.testing.assert_allclose(held.cpu().numpy(), written + first, rtol=1e-15, atol=1e-16)


def test_a_pass_that_begins_at_a_loss_computes_nothing() -> None:
    """On NumPy its gradient is the array that the loss has kept; of a multiple of the loss it is another."""
    x = ag.tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True)
    loss = ag.cross_entropy(x, ag.asarray([0, 1, 2, 0]))
    _, slope = next(part for part in loss.grad_fn.edges[0].saved if isinstance(part, tuple))
    loss.backward(retain_graph=True)
    assert x.grad.array is slope
    kept, x.grad = slope.copy(), None
    (loss * 2.0).backward()
    assert x.grad.array is not slope
    np.testing.assert_array_equal(x.grad.numpy(), 2 * kept)
    np.testing.assert_array_equal(slope, kept)


def test_second_use_and_retained_graphs() -> None:
    """What is kept for backward stays as it is, however often it is used."""
    x = ag.tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True)
    loss = ag.cross_entropy(x, ag.asarray([0, 1, 2, 0]))
    grads = [ag.autograd.grad(loss, x, retain_graph=True)[0] for _ in range(2)]
    grads[0].zero_()
    again = ag.autograd.grad(loss, x)[0]
    np.testing.assert_array_equal(grads[1].numpy(), again.numpy())
    assert abs(again.numpy()).min() > 0


@pytest.mark.parametrize("first", [0, 1])
def test_labels_of_no_class(first: int, make: Any, target: Target) -> None:
    """On NumPy they raise, however the loss is computed; elsewhere the loss is NaN."""
    x = make(np.zeros((2, 3)), True)
    options: dict[str, Any] = {"label_smoothing": 0.1} if first else {}
    for label in (-1, 3):
        labels = make(np.array([0, label]))
        if target.is_numpy:
            with pytest.raises(ag.IndexingError, match=rf"label {label} is out of bounds: x has 3 classes"):
                ag.cross_entropy(x, labels, **options)
        else:
            assert np.isnan(ag.cross_entropy(x, labels, **options).detach().cpu().numpy())
    assert np.isfinite(ag.cross_entropy(x, make(np.array([0, 3])), ignore_index=3, **options).item())


@pytest.mark.parametrize("options", [{}, {"weight": [1.0, 2.0]}, {"label_smoothing": 0.1}])
def test_nothing_counts(options: dict[str, Any]) -> None:
    x = ag.tensor([[1.0, 2.0]], requires_grad=True)
    with np.errstate(all="raise"):
        loss = ag.cross_entropy(x, ag.asarray([-100]), **options)
        assert np.isnan(loss.item())
        assert ag.cross_entropy(x, ag.asarray([-100]), reduction="sum", **options).item() == 0
    loss.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[0, 0]])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "uint64"])
def test_labels_of_any_integer_dtype(dtype: str, make: Any) -> None:
    """Classes may be more than the labels' dtype has numbers, and 156 is no -100 of eight bits."""
    host = np.array([3, 100 if dtype == "int8" else 156])
    labels, x = make(host.astype(dtype)), np.random.default_rng(0).normal(size=(2, 300))
    hot = ag.one_hot(labels, 300)
    np.testing.assert_array_equal(hot.cpu().numpy(), np.eye(300)[host])
    for options in ({}, {"weight": make(np.arange(1.0, 301.0))}, {"label_smoothing": 0.1}):
        found = ag.cross_entropy(make(x), labels, reduction="none", **options)
        wanted = ag.cross_entropy(make(x), make(host), reduction="none", **options)
        np.testing.assert_array_equal(found.cpu().numpy(), wanted.cpu().numpy())
        np.testing.assert_array_less(0, found.cpu().numpy())


def test_truth_values_become_floats(make: Any) -> None:
    x = np.array([[True, False], [True, True]])
    for name in ("softmax", "log_softmax", "sigmoid", "softplus", "silu", "gelu"):
        found = getattr(ag, name)(make(x))
        assert found.dtype.kind == "f"
        expected = getattr(ag, name)(x.astype(float)).numpy()
        np.testing.assert_allclose(found.cpu().numpy(), expected, rtol=2e-3)


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "silu", "gelu", "relu", "softmax"])
def test_half_precision_stays(name: str) -> None:
    assert getattr(ag, name)(ag.asarray([0.5, -1.0], dtype=ag.float16)).dtype == ag.float16


BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda x, y: ag.cross_entropy(x, x[0]), ag.ShapeError, r"probabilities of shape \(2, 3\)"),
    (lambda x, y: ag.cross_entropy(x, y[:1]), ag.ShapeError, r"expected labels of shape \(2,\)"),
    (lambda x, y: ag.cross_entropy(x[0, 0], y), ag.ShapeError, "an axis of classes"),
    (lambda x, y: ag.cross_entropy(x, y > 0), ag.DtypeError, "integer labels, or probabilities"),
    (lambda x, y: ag.cross_entropy(x * 1j, y), ag.DtypeError, r"expected real floating"),
    (lambda x, y: ag.cross_entropy(x, y, reduction="avg"), ag.ArgumentError, "'mean', 'sum' or 'none'"),
    (lambda x, y: ag.cross_entropy(x, y, weight=np.ones(2)), ag.ShapeError, r"one for each class, \(3,\)"),
    (lambda x, y: ag.cross_entropy(x, y, label_smoothing=1.5), ag.ArgumentError, "a number from 0 to 1"),
    (lambda x, y: ag.cross_entropy(x, y, label_smoothing="a"), ag.ArgumentError, "label_smoothing is 'a'"),
    (lambda x, y: ag.cross_entropy(x, y, label_smoothing=np.zeros(2)), ag.ArgumentError, "from 0 to 1"),
    (lambda x, y: ag.one_hot(y, 2.5), ag.DtypeError, "num_classes is 2.5: expected an integer"),
    (lambda x, y: ag.one_hot(y, -1), ag.ArgumentError, "num_classes is -1"),
    (lambda x, y: ag.gelu(x * 1j, "tanh"), ag.DtypeError, r"\[gelu\] .*complex128"),
    (lambda x, y: ag.mse_loss(x, y), ag.ShapeError, "equal shapes; broadcast"),
    (lambda x, y: ag.one_hot(x, 3), ag.DtypeError, "expected integer labels"),
    (lambda x, y: ag.gelu(x, approximate="erf"), ag.ArgumentError, "'none' or 'tanh'"),
    (lambda x, y: ag.softmax(x, axis=2), ag.AxisError, r"\[softmax\] axis 2"),
    (lambda x, y: ag.softmax(x * 1j), ag.DtypeError, r"\[softmax\] .*complex128"),
    (lambda x, y: ag.relu(x * 1j), ag.DtypeError, r"\[relu\] .*complex128"),
    (lambda x, y: ag.sigmoid(x * 1j), ag.DtypeError, r"\[sigmoid\] .*complex128"),
    (lambda x, y: ag.leaky_relu(x * 1j), ag.DtypeError, r"\[leaky_relu\] .*complex128"),
    (lambda x, y: ag.logsumexp(x * 1j), ag.DtypeError, r"\[logsumexp\] .*complex128"),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case[2])
def test_bad_input(case: Any, make: Any) -> None:
    function, kind, text = case
    with pytest.raises(kind, match=text):
        function(make(np.zeros((2, 3))), make(np.array([0, 2])))
