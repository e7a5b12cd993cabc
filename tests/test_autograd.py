"""``autograd.grad``, and what a tensor knows of its graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import (
    ArgumentError,
    DtypeError,
    GradientDtypeError,
    GradientError,
    GradientShapeError,
)

grad = ag.autograd.grad


def leaf(values: Any, dtype: Any = None) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------- autograd.grad


def test_grad_touches_no_grad() -> None:
    x = leaf([1.0, 2.0])
    x.grad = ag.tensor([5.0, 5.0])
    assert grad((x * x).sum(), x)[0].tolist() == [2.0, 4.0]
    assert x.grad.tolist() == [5.0, 5.0]


def test_grad_of_several_outputs_that_share_their_graph() -> None:
    x, w = leaf([1.0, 2.0]), leaf(3.0)
    shared = x * w
    a, b = (shared * shared).sum(), shared.exp().sum()
    together = grad([a, b], [x, w], retain_graph=True)
    alone = [grad(out, [x, w], retain_graph=True) for out in (a, b)]
    for i in range(2):
        np.testing.assert_allclose(together[i].numpy(), alone[0][i].numpy() + alone[1][i].numpy())
    weighted = grad((a, b), (x, w), [2.0, ag.tensor(3.0)])
    for i in range(2):
        np.testing.assert_allclose(weighted[i].numpy(), 2 * alone[0][i].numpy() + 3 * alone[1][i].numpy())


def test_grad_where_one_output_is_interior_to_another() -> None:
    x = leaf(2.0)
    y = x * x
    z = y * 5
    assert grad([z, y], x, retain_graph=True)[0].item() == 24.0
    assert grad([y, z], x, retain_graph=True)[0].item() == 24.0
    assert [g.item() for g in grad([y, z], [x, y], retain_graph=True)] == [24.0, 6.0]
    assert grad([z, z], x)[0].item() == 40.0


def test_grad_with_respect_to_an_output() -> None:
    x = leaf(2.0)
    y = x * x
    z = y * 5
    assert [g.item() for g in grad([y, z], [y], retain_graph=True)] == [6.0]
    assert [g.item() for g in grad([y, x], [y, x])] == [1.0, 5.0]


def test_grad_of_the_same_input_twice() -> None:
    x = leaf(2.0)
    one, two = grad(x * x, [x, x])
    assert one.item() == two.item() == 4.0 and one is not two


def test_grad_of_an_intermediate_and_what_it_comes_from() -> None:
    x = leaf(2.0)
    y = x * 3
    z = y * y + x
    assert [g.item() for g in grad(z, [y, x])] == [12.0, 37.0]


def test_grad_of_unused_inputs() -> None:
    x, unused = leaf([1.0, 2.0]), leaf([[1.0]], np.float32)
    y = (x * x).sum()
    with pytest.raises(
        GradientError, match=r"\[grad\] input 1 was not used for the outputs: pass allow_unused"
    ):
        grad(y, [x, unused], retain_graph=True)
    used, none = grad(y, [x, unused], allow_unused=True, retain_graph=True)
    assert used.tolist() == [2.0, 4.0] and none is None
    _, zeros = grad(y, [x, unused], materialize_grads=True, retain_graph=True)
    assert (zeros.tolist(), zeros.dtype, zeros.requires_grad) == ([[0.0]], np.float32, False)
    with pytest.raises(ArgumentError, match=r"\[grad\] allow_unused is False, materialize_grads is True"):
        grad(y, [x, unused], allow_unused=False, materialize_grads=True)


def test_an_intermediate_made_after_the_output_is_unused() -> None:
    x = leaf(2.0)
    y = x * x
    later = x * 3
    with pytest.raises(GradientError, match="input 0 was not used"):
        grad(y, later)


def test_grad_with_wrong_arguments() -> None:
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    with pytest.raises(GradientError, match=r"\[grad\] 1 outputs and 2 grad_outputs"):
        grad(y, x, [1.0, 2.0])
    with pytest.raises(GradientError, match=r"\[grad\] 2 outputs and 1 grad_outputs"):
        grad([y, y], x, ag.tensor(1.0))
    with pytest.raises(GradientError, match=r"\[grad\] 0 outputs"):
        grad([], x)
    with pytest.raises(DtypeError, match=r"\[grad\] output 0 is int"):
        grad([3], x)
    with pytest.raises(DtypeError, match=r"\[grad\] input 0 is ndarray"):
        grad(y, [np.ones(2)])
    with pytest.raises(GradientError, match=r"\[grad\] input 0 does not require a gradient"):
        grad(y, ag.ones(2))
    with pytest.raises(GradientError, match="the output does not require a gradient"):
        grad([y, ag.tensor(1.0)], x)
    assert grad(y, x)[0].tolist() == [2.0, 4.0]


# ---------------------------------------------------------------- leaves


def test_is_leaf_grad_fn_and_next_functions() -> None:
    x, c = leaf([1.0, 2.0]), ag.tensor([3.0, 4.0])
    y = x * c
    z = y.sum()
    assert x.is_leaf and c.is_leaf and not y.is_leaf
    assert x.grad_fn is None and c.grad_fn is None
    assert (y.grad_fn.name, z.grad_fn.name) == ("multiply", "sum")
    assert repr(z.grad_fn) == "<sum>"
    assert z.grad_fn.next_functions == ((y.grad_fn, 0),)
    (first, number), (second, _) = y.grad_fn.next_functions
    assert (first.name, number, second) == ("accumulate", 0, None)
    assert first.variable is x
    assert x.detach().is_leaf and (x * 2).detach().is_leaf
    assert [n.name for n, _ in ag.concat([x, x]).grad_fn.next_functions] == ["accumulate", "accumulate"]


def test_next_functions_lead_through_the_whole_graph() -> None:
    x, y = leaf(2.0), leaf(3.0)
    out = ag.sin(x * y) + x.clone() - y[...]
    seen: set[Any] = set()
    stack = [out.grad_fn]
    while stack:
        node = stack.pop()
        if node is not None and node not in seen:
            seen.add(node)
            stack += [n for n, _ in node.next_functions]
    assert {n.variable for n in seen if n.name == "accumulate"} == {x, y}


def test_a_dead_leaf_is_skipped() -> None:
    a, b = leaf(2.0), leaf(3.0)
    y = a * b
    del a
    y.backward()
    assert b.grad.item() == 2.0


def test_a_leaf_that_stopped_requiring_gets_nothing() -> None:
    a, b = leaf(2.0), leaf(3.0)
    y = a * b
    a.requires_grad = False
    y.backward()
    assert a.grad is None and b.grad.item() == 2.0


def test_a_leaf_that_requires_again_is_the_same_leaf() -> None:
    for x in (leaf(2.0), leaf([2.0, 5.0])[0:1].detach().requires_grad_()):
        y = (x * 3).sum()
        x.requires_grad_(False)
        x.requires_grad_(True)
        total = y + (x * 4).sum()
        assert grad(total, x, retain_graph=True)[0].sum().item() == 7.0
        total.backward()
        assert x.grad.sum().item() == 7.0


def test_grad_of_what_is_no_leaf_is_none_and_says_why() -> None:
    x = leaf(2.0)
    y = x * 3
    y.backward()
    with pytest.warns(UserWarning, match=r"\[grad\] this tensor is not a leaf.*retain_grad"):
        assert y.grad is None
    assert ag.tensor(1.0).grad is None


def test_grad_is_set_and_deleted() -> None:
    x = leaf([1.0, 2.0], np.float32)
    given = ag.tensor([3.0, 4.0], dtype=np.float32)
    x.grad = given
    assert x.grad is given
    (x * 1).sum().backward()
    assert x.grad.tolist() == [4.0, 5.0]
    del x.grad
    assert x.grad is None
    for wrong, kind in (
        (ag.ones(3, dtype=np.float32), GradientShapeError),
        (ag.ones(2), GradientDtypeError),
        (np.ones(2, np.float32), DtypeError),
        (x, GradientError),
    ):
        with pytest.raises(kind, match=r"^\[grad\] "):
            x.grad = wrong
        assert x.grad is None


def test_requires_grad_is_for_leaves_of_floats() -> None:
    x = ag.tensor([1.0, 2.0])
    assert x.requires_grad_() is x and x.requires_grad
    x.requires_grad = False
    assert not x.requires_grad
    x.requires_grad = True
    y = x * 2
    with pytest.raises(GradientError, match=r"\[requires_grad\] this tensor is not a leaf.*detach"):
        y.requires_grad_(False)
    assert y.requires_grad
    assert y.requires_grad_() is y
    with pytest.raises(DtypeError, match=r"\[requires_grad\] x has dtype int64"):
        ag.tensor([1]).requires_grad = True
