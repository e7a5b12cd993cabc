"""Hooks on nodes, after accumulation, and over several tensors."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import anygrad as ag
from anygrad.errors import ArgumentError, DtypeError, GradientError, GradientShapeError

grad = ag.autograd.grad
several = ag.autograd.register_multi_grad_hook


def leaf(values: Any, dtype: Any = None) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, dtype=dtype, requires_grad=True)


def items(gs: Any) -> Any:
    """Return gradients as numbers."""
    return tuple(None if g is None else g.tolist() for g in gs)


# ---------------------------------------------------------------- nodes


def test_order_and_arguments() -> None:
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    seen: list[Any] = []
    y.grad_fn.register_hook(lambda ins, outs: seen.append(("after", items(ins), items(outs))))
    y.grad_fn.register_prehook(lambda outs: seen.append(("before", items(outs))))
    y.register_hook(lambda g: seen.append(("tensor", g.item())))
    (y * 5).backward()
    assert seen == [("tensor", 5.0), ("before", (5.0,)), ("after", (15.0, 10.0), (5.0,))]


def test_what_they_return_takes_the_place() -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    y = x * w
    handles = [
        y.grad_fn.register_prehook(lambda outs: (outs[0] * 10,)),
        y.grad_fn.register_hook(lambda ins, outs: (ins[0] + outs[0], None)),
    ]
    y.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [40.0, 50.0] and w.grad is None
    for handle in handles:
        handle.remove()
        handle.remove()
    x.grad = None
    y.sum().backward()
    assert (x.grad.tolist(), w.grad.tolist()) == ([3.0, 4.0], [1.0, 2.0])


def test_a_place_for_every_input() -> None:
    x = leaf([1.0, 2.0])
    y = 3.0 - x * 2.0
    seen: list[Any] = []
    with y.grad_fn.register_hook(lambda ins, outs: seen.append(items(ins))):
        y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert seen == [(None, [-1.0, -1.0])]


def test_gradients_are_shown_as_they_fit_and_unconjugated() -> None:
    z, a = leaf([[1.0 + 2.0j, 1.0j]]), leaf(2.0)
    y = z * a
    seen: list[Any] = []
    y.grad_fn.register_hook(lambda ins, outs: seen.append((items(ins), items(outs))))
    y.backward(gradient=[[1.0 + 1.0j, 2.0]])
    assert seen == [(([[2.0 + 2.0j, 4.0]], a.grad.item()), ([[1.0 + 1.0j, 2.0]],))]
    assert z.grad.tolist() == [[2.0 + 2.0j, 4.0]]
    assert a.grad.item() == pytest.approx(((1 - 1j) * (1 + 2j) + 2 * 1j).real)


def test_several_outputs_share_their_node() -> None:
    m = leaf([[2.0, 0.0], [0.0, 3.0]])
    found = ag.linalg.eigh(m)
    seen: list[Any] = []
    found.eigenvalues.grad_fn.register_prehook(lambda outs: seen.append([g is None for g in outs]))
    found.eigenvectors.grad_fn.register_prehook(lambda outs: (outs[0] * 2, outs[1]))
    found.eigenvalues.sum().backward()
    assert seen == [[False, True]]
    assert m.grad.tolist() == [[2.0, 0.0], [0.0, 2.0]]


def test_under_create_graph_they_are_differentiated() -> None:
    x = leaf(3.0)
    y = x * x
    y.grad_fn.register_prehook(lambda outs: (outs[0] * x,))
    y.grad_fn.register_hook(lambda ins, outs: tuple(g * x for g in ins))
    (d,) = grad(y, x, create_graph=True)  # 2 x * x * x
    assert d.item() == 54.0 and grad(d, x)[0].item() == 54.0


def test_of_a_crossing() -> None:
    strict = pytest.importorskip("array_api_strict")
    assert strict
    x = leaf([1.0, 2.0])
    y = x.to("array_api_strict")
    seen: list[Any] = []
    y.grad_fn.register_hook(lambda ins, outs: seen.append((str(ins[0].device), str(outs[0].device))))
    y.grad_fn.register_hook(lambda ins, outs: (ins[0] * 2,))
    (y * y).sum().backward()
    assert seen == [("cpu", "array_api_strict")] and x.grad.tolist() == [4.0, 8.0]


def test_of_a_leaf() -> None:
    x = leaf(2.0)
    node = (x * 1).grad_fn.next_functions[0][0]
    seen: list[Any] = []
    node.register_prehook(lambda outs: (outs[0] * 10,))
    node.register_hook(lambda ins, outs: seen.append((ins, items(outs), x.grad.item())))
    (x * 3).backward()
    (x * 3).backward(inputs=[x])
    assert grad(x * 3, x)[0].item() == 3.0  # nothing is accumulated
    assert seen == [((), (30.0,), 30.0), ((), (30.0,), 60.0)]


def test_pruned_inputs_are_none_and_pruned_nodes_silent() -> None:
    x, w, v = leaf(2.0), leaf(3.0), leaf(1.0)
    y, other = x * w, v * 2
    seen: list[Any] = []
    y.grad_fn.register_hook(lambda ins, outs: seen.append(items(ins)))
    other.grad_fn.register_hook(lambda ins, outs: seen.append("other"))
    assert grad(y + other, x)[0].item() == 3.0
    assert seen == [(3.0, None)]


WRONG = [
    (lambda ins, outs: ins[0], DtypeError, r"\[hook\] a hook of a node returned Tensor"),
    (lambda ins, outs: (*ins, None), ArgumentError, r"\[hook\] a hook of a node returned 3 gradients: exp"),
    (lambda ins, outs: (ins[0], ins[0]), ArgumentError, r"\[hook\] a hook of a node returned a gradient in"),
    (lambda ins, outs: (ag.ones(3), None), GradientShapeError, r"\[hook\] the gradient has shape \(3,\)"),
]


@pytest.mark.parametrize(("hook", "kind", "match"), WRONG)
def test_what_does_not_fit(hook: Any, kind: Any, match: str) -> None:
    x = leaf([1.0, 2.0])
    y = x * 2.0
    handle = y.grad_fn.register_hook(hook)
    with pytest.raises(kind, match=match):
        y.sum().backward()
    assert x.grad is None
    handle.remove()
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_what_is_no_function() -> None:
    x = leaf(1.0)
    y = x * 2
    for register in (
        y.grad_fn.register_hook,
        y.grad_fn.register_prehook,
        x.register_post_accumulate_grad_hook,
    ):
        with pytest.raises(DtypeError, match=rf"\[{register.__name__}\] got int: expected a function"):
            register(3)


# ---------------------------------------------------------------- after accumulation


def test_an_optimiser_runs_inside_backward() -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    twin = [x.detach().clone(), w.detach().clone()]
    held: list[int] = []

    def step(p: Any) -> None:
        held.append(sum(t.grad is not None for t in (x, w)))
        p.sub_(0.1 * p.grad)
        p.grad = None

    handles = [p.register_post_accumulate_grad_hook(step) for p in (x, w)]
    for _ in range(3):
        (ag.exp(x * w * 0.1) * w).sum().backward()
        a, b = (t.clone().requires_grad_() for t in twin)
        (ag.exp(a * b * 0.1) * b).sum().backward()
        twin = [(t - 0.1 * t.grad).detach() for t in (a, b)]
        assert x.tolist() == twin[0].tolist() and w.tolist() == twin[1].tolist()
    assert held == [1] * 6
    for handle in handles:
        handle.remove()
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_post_accumulate_sees_what_is_added() -> None:
    x = leaf(2.0)
    seen: list[Any] = []
    x.register_post_accumulate_grad_hook(lambda p: seen.append((p is x, p.grad.item())))
    x.register_hook(lambda g: g * 10)
    (x * 3).backward()
    (x * 3).backward(inputs=[x])
    grad(x * 3, x)
    assert seen == [(True, 30.0), (True, 60.0)]
    (x * x).backward(create_graph=True)
    assert seen[-1] == (True, 100.0) and x.grad.requires_grad


def test_post_accumulate_is_for_leaves() -> None:
    x = leaf(2.0)
    with pytest.raises(
        GradientError, match=r"\[register_post_accumulate_grad_hook\] this tensor is not a le"
    ):
        (x * 2).register_post_accumulate_grad_hook(print)
    with pytest.raises(GradientError, match="does not require a gradient"):
        ag.tensor(1.0).register_post_accumulate_grad_hook(print)


def test_hooks_make_no_cycles() -> None:
    x = leaf([1.0])
    y = x * 2
    y.grad_fn.register_hook(lambda ins, outs: None)
    x.register_post_accumulate_grad_hook(lambda p: None)
    gone = [weakref.ref(t) for t in (x, y, y.grad_fn)]
    y.backward()
    del x, y
    assert all(ref() is None for ref in gone)


# ---------------------------------------------------------------- several tensors


def test_all_are_shown_when_the_last_is_there() -> None:
    x, w, unused = leaf(2.0), leaf(3.0), leaf(4.0)
    y = x * w
    seen: list[Any] = []
    handle = several([x, y, unused], lambda gs: seen.append(items(gs)))
    (y * y).backward(retain_graph=True)
    assert seen == [(36.0, 12.0, None)]
    (y * unused + y).backward(retain_graph=True)
    assert seen[1:] == [(15.0, 5.0, 6.0)]
    grad(y, x, retain_graph=True)
    assert seen[2:] == [(3.0, 1.0, None)]
    grad(y * unused, unused)
    assert seen[3:] == [(None, None, 6.0)]
    handle.remove()
    handle.remove()
    y.backward()
    assert len(seen) == 4


def test_any_is_the_first() -> None:
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    seen: list[Any] = []
    with several([x, w, y], lambda g: seen.append(g.item()), mode="any"):
        (y * 7).backward(retain_graph=True)
        (y * 5).backward(retain_graph=True)
    y.backward()
    assert seen == [7.0, 5.0]


def test_the_same_tensor_twice() -> None:
    x = leaf(2.0)
    seen: list[Any] = []
    several([x, x], lambda gs: seen.append(items(gs)))
    (x * 3).backward()
    assert seen == [(3.0, 3.0)]


def test_what_cannot_be_watched() -> None:
    x = leaf(1.0)
    with pytest.raises(ArgumentError, match=r"\[register_multi_grad_hook\] mode is 'some'"):
        several([x], print, mode="some")  # type: ignore[arg-type]
    with pytest.raises(DtypeError, match="got int: expected a function"):
        several([x], 3)  # type: ignore[arg-type]
    with pytest.raises(DtypeError, match="entry 1 is float"):
        several([x, 1.0], print)  # type: ignore[list-item]
    with pytest.raises(GradientError, match="tensor 1 does not require a gradient"):
        several([x, ag.tensor(1.0)], print)


def test_hooks_over_several_tensors_die_with_them() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    seen = weakref.ref(x.node)
    several([x, y], lambda gs: None)
    gc.disable()
    try:
        (x * y).sum().backward()
        del x, y
        assert seen() is None
    finally:
        gc.enable()
