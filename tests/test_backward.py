"""The backward pass: what it adds where, what it frees, what it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import (
    FreedGraphError,
)

grad = ag.autograd.grad


def leaf(values: Any, dtype: Any = None) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------- what arrives


def test_every_path_counts() -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x * x
    z = (y + x) * y + y.sum() * x[0]
    z.sum().backward()
    a = np.array([1.0, 2.0, 3.0])
    expected = 4 * a**3 + 3 * a**2 + 3 * 2 * a * a[0]
    expected[0] += 3 * (a * a).sum()
    np.testing.assert_allclose(x.grad.numpy(), expected)


def test_gradients_accumulate_over_passes() -> None:
    x = leaf([1.0, 2.0])
    for n in range(1, 4):
        (x * x).sum().backward()
        assert x.grad.tolist() == [2.0 * n, 4.0 * n]
    held = x.grad
    (x * 3).sum().backward()
    assert x.grad is held
    assert held.tolist() == [9.0, 15.0]
    x.grad = None
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_accumulation_leaves_a_snapshot_alone() -> None:
    x = leaf([1.0, 2.0])
    (x * 2).sum().backward()
    snapshot, view = x.grad.numpy(), x.grad[0:1]
    (x * 2).sum().backward()
    assert snapshot.tolist() == [2.0, 2.0]
    assert view.tolist() == [4.0]


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_of_leaves_share_nothing(create_graph: bool) -> None:
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    given = ag.tensor([1.0, 1.0])
    (a + b).backward(gradient=given, create_graph=create_graph)
    assert a.grad is not b.grad and a.grad is not given
    with ag.no_grad():
        a.grad.zero_()
    assert given.tolist() == b.grad.tolist() == [1.0, 1.0]
    with ag.no_grad():
        b.grad[0] = 7
        given[...] = 9
    assert (a.grad.tolist(), b.grad.tolist(), given.tolist()) == ([0, 0], [7, 1], [9, 9])
    (a + b).backward(gradient=given)
    assert (a.grad.tolist(), b.grad.tolist()) == ([9, 9], [16, 10])


@pytest.mark.parametrize("create_graph", [False, True])
def test_writing_the_gradient_that_was_given_changes_no_grad(create_graph: bool) -> None:
    x = leaf([1.0, 2.0])
    given = np.ones(2)
    for y in (x, x + 0, x[:], x.reshape((2, 1))):
        x.grad = None
        y.backward(gradient=given.reshape(y.shape), create_graph=create_graph)
        given[...] = 5
        assert x.grad.tolist() == [1.0, 1.0]
        given[...] = 1


def test_writing_a_grad_disturbs_no_graph() -> None:
    x = leaf([1.0, 2.0])
    y = x.exp()
    y.sum().backward(retain_graph=True)
    first = x.grad.tolist()
    x.grad[...] = 100
    x.grad.zero_()
    y.sum().backward()
    assert x.grad.tolist() == first


def test_grad_returns_tensors_of_their_own() -> None:
    x = leaf([1.0, 2.0])
    for create_graph in (False, True):
        y = x + 0
        one, two = grad(y, [x, x], ag.ones(2), create_graph=create_graph)
        with ag.no_grad():
            one.zero_()
        assert two.tolist() == [1.0, 1.0]


def test_gradient_of_many_forms() -> None:
    x = leaf([1.0, 2.0], ag.float32)
    for given in (ag.tensor([1, 2], dtype=ag.float32), np.array([1, 2], np.float32), [1, 2], (1.0, 2.0)):
        x.grad = None
        (x * 2).backward(gradient=given)
        assert x.grad.tolist() == [2.0, 4.0]
        assert x.grad.dtype == ag.float32
    s = leaf(2.0, ag.float32)
    for scalar in (3, 3.0, np.float32(3)):
        s.grad = None
        (s * 2).backward(gradient=scalar)
        assert s.grad.item() == 6.0


def test_dtype_and_device_are_the_leafs(make: Callable[..., Any]) -> None:
    for dtype in (np.float32, np.float64):
        x = make(np.ones((2, 3), dtype), grad=True)
        (x * x).sum().backward()
        assert x.grad.dtype == dtype
        assert x.grad.device == x.device
        assert x.grad.shape == (2, 3)
        assert x.grad.is_leaf and not x.grad.requires_grad


def test_mixed_dtypes_and_shapes_fit_their_leaves() -> None:
    a, b, c = leaf([[1.0], [2.0]], np.float32), leaf([1.0, 2.0, 3.0]), leaf(2.0)
    (a * b + c).sum().backward()
    assert (a.grad.dtype, a.grad.shape) == (np.float32, (2, 1))
    assert (b.grad.dtype, b.grad.shape) == (np.float64, (3,))
    assert (c.grad.shape, c.grad.item()) == ((), 6.0)


def test_a_leaf_is_its_own_gradient() -> None:
    x = leaf(3.0)
    x.backward()
    x.backward()
    assert x.grad.item() == 2.0
    assert grad(x, x)[0].item() == 1.0


def test_a_scalar_may_have_axes() -> None:
    x = leaf([[3.0]])
    (x * 2).backward()
    assert x.grad.tolist() == [[2.0]]


def test_complex_gradient_descends() -> None:
    z = leaf([1.0 + 2.0j, -3.0 + 0.5j])
    loss = (z.real * z.real + 3 * z.imag * z.imag).sum()
    loss.backward()
    a = z.detach().numpy()
    np.testing.assert_allclose(z.grad.numpy(), 2 * a.real + 6j * a.imag)


def test_complex_gradient_given_is_the_gradient() -> None:
    z, w = leaf(1.0 + 2.0j), 3.0 - 1.0j
    (z * w).backward(gradient=2.0 + 1.0j)
    assert z.grad.item() == (2 + 1j) * np.conj(w)
    (got,) = grad(z * w, z, 2.0 + 1.0j)
    assert got.item() == z.grad.item()


# ---------------------------------------------------------------- create_graph


def test_second_and_third_order() -> None:
    x = leaf(2.0)
    (d1,) = grad(x**5, x, create_graph=True)
    (d2,) = grad(d1, x, create_graph=True)
    (d3,) = grad(d2, x)
    assert [d.item() for d in (d1, d2, d3)] == [80.0, 160.0, 240.0]
    assert not d3.requires_grad


def test_backward_through_grad() -> None:
    x = leaf([1.0, 2.0])
    (x**3).sum().backward(create_graph=True)
    penalty = (x.grad * x.grad).sum()
    x.grad = None
    penalty.backward()
    np.testing.assert_allclose(x.grad.numpy(), 36 * np.array([1.0, 8.0]))


def test_accumulating_into_a_tracked_grad_keeps_its_graph() -> None:
    x = leaf(2.0)
    (x**3).backward(create_graph=True)
    (x**2).backward()
    assert x.grad.item() == 16.0
    (second,) = grad(x.grad, x)
    assert second.item() == 12.0
    x.grad = None
    (x**2).backward()
    (x**3).backward(create_graph=True)
    assert x.grad.item() == 16.0
    assert grad(x.grad, x)[0].item() == 12.0


def test_a_tracked_gradient_is_differentiated_too() -> None:
    x, v = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (gx,) = grad(x * x, x, v, create_graph=True)
    got = grad(gx.sum(), [x, v])
    assert [g.tolist() for g in got] == [[6.0, 8.0], [2.0, 4.0]]


def test_saved_values_keep_their_place_in_the_graph() -> None:
    x = leaf(0.5)
    y = ag.exp(x * x)  # saves its output, whose own derivative leads through x * x
    (d,) = grad(y, x, create_graph=True)
    (dd,) = grad(d, x)
    np.testing.assert_allclose(dd.item(), (2 + 4 * 0.25) * np.exp(0.25))


# ---------------------------------------------------------------- retain_graph, freeing


def test_a_second_pass_needs_retain_graph() -> None:
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0, 8.0]
    with pytest.raises(FreedGraphError, match=r"\[backward\] the graph was released.*retain_graph=True"):
        y.backward()
    assert x.grad.tolist() == [4.0, 8.0]
    with pytest.raises(FreedGraphError):
        grad(y, x)


def test_create_graph_retains() -> None:
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward(create_graph=True)
    y.backward(retain_graph=False, create_graph=True)
    with pytest.raises(FreedGraphError):
        y.backward()
    assert x.grad.tolist() == [4.0, 8.0]


def test_operations_that_save_no_array_can_run_again() -> None:
    x = leaf([1.0, 2.0])
    y = (x + 1)[0] - 3
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2.0, 0.0]


def test_a_shared_part_that_was_freed_says_so() -> None:
    x = leaf(2.0)
    shared = x * x
    (shared * 3).backward()
    with pytest.raises(FreedGraphError):
        (shared * 5).backward()
    assert x.grad.item() == 12.0


def test_saved_arrays_are_released() -> None:
    import weakref

    x = leaf(np.ones(4))
    y = x * 2
    array = weakref.ref(y.array)
    z = (y * y).sum()
    del y
    assert array() is not None
    z.backward(retain_graph=True)
    assert array() is not None
    z.backward()
    assert array() is None
