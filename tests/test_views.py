"""Families: what a view shows, which member has a graph, and what a refused write leaves behind."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import DtypeError, GradientError, IndexingError, LeafWriteError, ShapeError, WriteError
from tests.runners import LAYOUTS, laid_out
from tests.targets import Target

SIX = np.arange(6.0).reshape(2, 3)


def members(x: Any) -> list[Any]:
    """Return views of every kind of a (2, 3) tensor."""
    return [
        x[0],
        x[:, ::-1],
        x[..., 1],
        x[None, 1:],
        x.reshape(3, 2),
        x.T,
        ag.flip(x, axis=1),
        ag.squeeze(x[:1]),
        ag.expand_dims(x, axis=1),
        ag.moveaxis(x, 0, 1),
        ag.broadcast_to(x, (2, 2, 3)),
        x.T[1:].T[0],
        x[...],
        x.detach(),
    ]


def test_every_view_shows_a_write_to_the_base_and_to_another_view(target: Target) -> None:
    x, expected = target.make(SIX), SIX.copy()
    views, arrays = members(x), members_of_numpy(expected)
    x[1, 2] = 50.0
    expected[1, 2] = 50.0
    x.T[0] = ag.asarray([-1.0, -2.0], device=target.device)
    expected.T[0] = [-1.0, -2.0]
    x *= 3
    expected *= 3
    for i, (v, a) in enumerate(zip(views, arrays, strict=True)):
        assert v.tolist() == a.tolist(), i


def members_of_numpy(a: np.ndarray) -> list[np.ndarray]:
    return [
        a[0],
        a[:, ::-1],
        a[..., 1],
        a[None, 1:],
        a.reshape(3, 2),
        a.T,
        np.flip(a, 1),
        a[:1].squeeze(),
        np.expand_dims(a, 1),
        np.moveaxis(a, 0, 1),
        np.broadcast_to(a, (2, 2, 3)),
        a.T[1:].T[0],
        a[...],
        a,
    ]


def test_a_view_of_a_written_base_carries_the_new_gradient(target: Target) -> None:
    x = target.make(SIX, grad=True)
    y = x * 2
    v = y[1]
    y[:, 0] = 0.0
    (v * v).sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0, 0.0], [0.0, 32.0, 40.0]]


@pytest.mark.parametrize(
    "take", ["x[1, 2]", "ag.real(x)", "ag.roll(x, 1)", "x[[0, 1]]", "x[x > 2]", "x.clone()"]
)
def test_what_is_a_copy_shows_no_write(target: Target, take: str) -> None:
    x = target.make(SIX)
    if target.name == "jax" and ">" in take:
        x = x * 1.0
    y = eval(take, {"x": x, "ag": ag})
    before = y.tolist()
    x += 100.0
    assert y.tolist() == before
    y -= 7.0
    assert x.tolist() == (SIX + 100).tolist()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_reshape_that_copies_stays_a_copy_after_a_write(layout: str) -> None:
    """A write moves the numbers to a buffer where the reshape would be a view."""
    expected = laid_out(SIX, layout)
    x = ag.asarray(laid_out(SIX, layout))
    for t in (x, expected):
        t[0, 0] = 9.0
        t.reshape(6)[5] = -1.0
        t += 1.0
        t.reshape(3, 2)[0, 1] = -2.0
        t.T[0, 0] = 4.0
    assert x.tolist() == expected.tolist()


def test_asarray_never_writes_into_the_callers_memory(target: Target) -> None:
    a = SIX.copy()
    x = ag.asarray(a, device=target.device)
    x[0] = 5.0
    x += 1
    x.T[1] = 0.0
    assert a.tolist() == SIX.tolist()


def test_a_snapshot_keeps_its_numbers_and_is_read_only(target: Target) -> None:
    x = target.make(SIX) * 1.0
    seen, part, copied = x.numpy(), x[1].numpy(), x.numpy(copy=True)
    copied[0] = -1.0
    x[1, 1] = 40.0
    x[0] += 1
    assert seen.tolist() == SIX.tolist()
    assert part.tolist() == SIX[1].tolist()
    with pytest.raises(ValueError, match="read-only"):
        seen[0] = 0.0


# ---------------------------------------------------------------- leaves


LEAF_WRITES: dict[str, Callable[[Any], Any]] = {
    "setitem": lambda x: x.__setitem__(0, 1.0),
    "setitem through a view": lambda x: x[0].__setitem__(1, 8.0),
    "augmented": lambda x: x.__iadd__(1.0),
    "augmented view": lambda x: x[1:].__imul__(2.0),
    "mask": lambda x: x.__setitem__(x > 2, 0.0),
    "array": lambda x: x.__setitem__([0, 0], 0.0),
    "method": lambda x: x.add_(1.0),
    "zero": lambda x: x.zero_(),
}


@pytest.mark.parametrize("name", LEAF_WRITES)
def test_a_leaf_is_written_only_under_no_grad(target: Target, name: str) -> None:
    x = target.make(SIX, grad=True)
    with pytest.raises(LeafWriteError, match="no_grad"):
        LEAF_WRITES[name](x)
    assert x.tolist() == SIX.tolist()
    y = x * x
    with ag.no_grad():
        LEAF_WRITES[name](x)
    assert x.tolist() != SIX.tolist()
    assert x.is_leaf and x.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == (2 * SIX).tolist()


def test_a_leaf_that_was_written_under_no_grad_goes_on(target: Target) -> None:
    x = target.make(SIX, grad=True)
    with ag.no_grad():
        x[0] = 10.0
        x -= 1.0
    (x * x).sum().backward()
    assert x.grad.tolist() == (2 * np.array([[9.0, 9, 9], [2, 3, 4]])).tolist()


def test_a_tracked_value_makes_a_plain_tensor_part_of_the_graph(target: Target) -> None:
    a, x = target.make(np.array(3.0), grad=True), target.make(np.zeros(3))
    v = x[1:]
    assert not v.requires_grad
    x[1] = a * a
    assert x.requires_grad and v.requires_grad and not x.is_leaf
    v.sum().backward()
    assert float(a.grad) == 6.0


# ---------------------------------------------------------------- members without a graph


def detached_members(x: Any) -> list[Any]:
    with ag.no_grad():
        view = x[...]
    return [x.detach(), view, x.detach()[:], x.detach().T.T]


def test_a_write_through_a_detached_member_moves_only_numbers(target: Target) -> None:
    for i in range(4):
        x = target.make(SIX, grad=True)
        y = x * 2
        d = detached_members(y)[i]
        node = y.node
        assert not d.requires_grad and d.is_leaf
        d[0] = 7.0
        d += 1.0
        assert y.node is node
        assert y.tolist() == [[8.0, 8.0, 8.0], [7.0, 9.0, 11.0]]
        (y * y).sum().backward()
        assert x.grad.tolist() == [[32.0, 32.0, 32.0], [28.0, 36.0, 44.0]]


def test_a_tracked_value_is_refused_by_a_detached_member(target: Target) -> None:
    a = target.make(np.array(3.0), grad=True)
    for i in range(4):
        y = target.make(SIX, grad=True) * 2
        d = detached_members(y)[i]
        for write in (
            lambda d=d: d.__setitem__(0, a),
            lambda d=d: d.__iadd__(a),
            lambda d=d: d.__setitem__([0, 0], a),
            lambda d=d: d.__setitem__(d > 0, a),
            lambda d=d: d.copy_(a),
        ):
            with pytest.raises(WriteError, match="detached"):
                write()
        assert y.tolist() == (SIX * 2).tolist()
        with ag.no_grad():
            d[0] = a
        assert y.tolist() == [[3.0, 3.0, 3.0], [6.0, 8.0, 10.0]]


def test_a_constant_copied_back_from_a_detached_view_cuts_the_gradient(target: Target) -> None:
    x = target.make(SIX, grad=True)
    y = x * 2
    y[1:] = y.detach()[1:]
    (y * y).sum().backward()
    assert x.grad.tolist() == [[0.0, 8.0, 16.0], [0.0, 0.0, 0.0]]


def test_requires_grad_takes_a_member_out_of_its_family(target: Target) -> None:
    x = target.make(SIX)
    for v in (x[0], x.detach(), x.T):
        before = v.tolist()
        v.requires_grad_()
        x += 1.0
        assert v.is_leaf and v.requires_grad and v.tolist() == before
        family = x.tolist()
        with ag.no_grad():
            v *= 0.0
        assert x.tolist() == family
        w = v[:1]
        (w * 3.0).sum().backward()
        assert float(v.grad.sum()) == 3.0 * w.size
        v.requires_grad_(False)
        assert not v.requires_grad and not w.requires_grad


def test_requires_grad_on_a_view_that_has_a_graph_is_refused_to_stop(target: Target) -> None:
    x = target.make(SIX, grad=True)
    assert x[0].requires_grad_().requires_grad
    with pytest.raises(GradientError, match="detach"):
        x[0].requires_grad_(False)


# ---------------------------------------------------------------- refused writes


REFUSED: dict[str, tuple[type[Exception], Callable[[Any], Any]]] = {
    "broadcast view": (WriteError, lambda x: ag.broadcast_to(x, (2, 2, 3)).__setitem__(0, 1.0)),
    "view of a broadcast view": (WriteError, lambda x: ag.broadcast_to(x, (2, 2, 3))[0].zero_()),
    "broadcast view in place": (WriteError, lambda x: ag.broadcast_to(x, (2, 2, 3)).__iadd__(1.0)),
    "shape": (ShapeError, lambda x: x.__setitem__(0, ag.asarray([1.0, 2.0], device=x.device))),
    "more axes": (ShapeError, lambda x: x.__setitem__(0, ag.ones((2, 3), device=x.device))),
    "shape in place": (ShapeError, lambda x: x[0].__iadd__(ag.ones((2, 3), device=x.device))),
    "number of a mask's values": (ShapeError, lambda x: x.__setitem__(x > 2, ag.ones(2, device=x.device))),
    "index": (IndexingError, lambda x: x.__setitem__((0, 3), 1.0)),
    "complex scalar": (DtypeError, lambda x: x.__setitem__(0, 1j)),
    "complex tensor": (DtypeError, lambda x: x.__setitem__(0, x[0] * 1j)),
    "complex mask": (DtypeError, lambda x: x.__setitem__(x > 2, 1j)),
    "complex in place": (DtypeError, lambda x: x.__imul__(1j)),
    "text": (DtypeError, lambda x: x.__setitem__(0, "one")),
    "none": (DtypeError, lambda x: x.__setitem__(0, None)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_write_changes_nothing(target: Target, name: str) -> None:
    kind, write = REFUSED[name]
    x = target.make(SIX, grad=True) * 1.0
    view = x[1]
    node, before = x.node, view.node
    with pytest.raises(kind):
        write(x)
    assert x.tolist() == SIX.tolist()
    assert x.node is node and view.node is before


INTEGER_WRITES: dict[str, tuple[type[Exception], Callable[[Any, Any], Any]]] = {
    "tracked": (DtypeError, lambda n, a: n.__setitem__(0, a)),
    "tracked through a mask": (DtypeError, lambda n, a: n.__setitem__(n > 0, a)),
    "tracked in place": (DtypeError, lambda n, a: n.__iadd__(a)),
    "fraction in place": (DtypeError, lambda n, a: n.__itruediv__(2)),
    "too large": (OverflowError, lambda n, a: n.__setitem__(0, 300)),
    "too large for a mask": (DtypeError, lambda n, a: n.__setitem__(n > 0, 300)),
    "not a number": (ValueError, lambda n, a: n.__setitem__(0, float("nan"))),
}


@pytest.mark.parametrize("name", INTEGER_WRITES)
def test_what_an_integer_tensor_refuses(target: Target, name: str) -> None:
    kind, write = INTEGER_WRITES[name]
    n, a = target.make(np.arange(3, dtype=np.int8)), target.make(np.array(2.0), grad=True)
    with pytest.raises(kind):
        write(n, a)
    assert n.tolist() == [0, 1, 2] and not n.requires_grad
    n[0] = 2.7
    n[n > 1] = 5.9
    assert n.tolist() == [5, 1, 5]


# ---------------------------------------------------------------- lifetimes


def test_views_and_writes_leave_no_cycle() -> None:
    gc.disable()
    try:
        x = ag.tensor(SIX, requires_grad=True)
        y = x * 2
        v = y[0]
        v[1] = 5.0
        y[[0, 1]] = y[1]
        dead = [weakref.ref(t) for t in (y, v, y.node, v.node)]
        v.sum().backward()
        del y, v
        assert all(ref() is None for ref in dead)
    finally:
        gc.enable()


def test_a_view_is_a_tensor_of_the_package() -> None:
    view = ag.tensor([1.0, 2.0])[1:]
    assert isinstance(view, ag.Tensor) and type(view).__module__ == "anygrad"
