"""Order, sets and arrays of positions: signatures, what is refused, what is copied, PyTorch's gradients."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable
from typing import Any

import array_api_strict
import numpy as np
import pytest

import anygrad as ag
from anygrad.tensors import Tensor

STANDARD = (
    *("argsort", "count_nonzero", "isin", "nonzero", "searchsorted", "sort", "take", "take_along_axis"),
    *("unique_all", "unique_counts", "unique_inverse", "unique_values"),
)
X = np.array([[3.0, 1.0, 2.0], [1.0, 5.0, 1.0]])
UNEQUAL = np.array([[0.3, -1.2, 2.5], [0.7, 1.9, -0.4]])
TIED = np.array([2.0, 1.0, 2.0, 0.0, 1.0, 2.0])


@pytest.mark.parametrize("name", STANDARD)
def test_signatures_are_the_standards(name: str) -> None:
    """Names, kinds and defaults of parameters; what anygrad takes by position beside is more, not other."""
    own = inspect.signature(getattr(ag, name)).parameters
    for p, q in zip(
        own.values(), inspect.signature(getattr(array_api_strict, name)).parameters.values(), strict=True
    ):
        assert (p.name, p.default) == (q.name, q.default)
        assert p.kind is q.kind or (p.kind is p.POSITIONAL_OR_KEYWORD and q.kind is q.KEYWORD_ONLY)


def test_where_of_a_condition_alone_is_nonzero(make: Any) -> None:
    """As in NumPy and PyTorch; other libraries' code for every array library leans on it."""
    mask = make(X) > 1.5
    for found, like in zip(ag.where(mask), ag.nonzero(mask), strict=True):
        assert found.tolist() == like.tolist()
    with pytest.raises(TypeError, match="y is of type None"):
        ag.where(mask, mask)


@pytest.mark.parametrize("name", ["unique_all", "unique_counts", "unique_inverse"])
def test_sets_come_in_the_standards_tuples(name: str, make: Any) -> None:
    found = getattr(ag, name)(make(X))
    theirs = getattr(array_api_strict, name)(array_api_strict.asarray([1]))
    assert found._fields == theirs._fields and type(found) is getattr(ag, type(found).__name__)
    assert all(isinstance(part, Tensor) and part.device == make(X).device for part in found)
    if name != "unique_counts":
        np.testing.assert_array_equal(found.values[found.inverse_indices].numpy(), X)


# ---------------------------------------------------------------- order


@pytest.mark.parametrize("descending", [False, True])
def test_equal_entries_keep_their_order(make: Any, descending: bool) -> None:
    order = ag.argsort(make(TIED), descending=descending)
    assert order.tolist() == ([0, 2, 5, 1, 4, 3] if descending else [3, 1, 4, 0, 2, 5])
    x = make(TIED, True)
    for stable in (True, False):
        (g,) = ag.autograd.grad(ag.sort(x, descending=descending, stable=stable), x, make(np.arange(6.0)))
        np.testing.assert_array_equal(g.numpy()[order.numpy()], np.arange(6.0))


@pytest.mark.parametrize("descending", [False, True])
def test_zeros_of_both_signs_keep_their_order(make: Any, descending: bool) -> None:
    host = np.random.default_rng(5).choice([0.0, -0.0, 1.0, -1.0, np.nan], 300)
    order = ag.argsort(make(host), descending=descending).numpy()
    found = ag.sort(make(host), descending=descending).numpy()
    np.testing.assert_array_equal(found, host[order])
    np.testing.assert_array_equal(np.signbit(found[found == 0]), np.signbit(host[order][found == 0]))


def test_sorting_and_reading_at_the_order_are_one(make: Any) -> None:
    x, seed = make(X, True), make(np.arange(6.0).reshape(2, 3))
    (direct,) = ag.autograd.grad(ag.sort(x, axis=0), x, seed)
    read = ag.take_along_axis(x, ag.argsort(x, axis=0), axis=0)
    (g,) = ag.autograd.grad(read, x, seed)
    np.testing.assert_array_equal(direct.numpy(), g.numpy())
    np.testing.assert_array_equal(read.detach().numpy(), np.sort(X, axis=0))


def test_long_axes_and_many_rows(make: Any) -> None:
    """More entries than one block of anything, many of them equal."""
    host = np.random.default_rng(3).integers(0, 40, (3, 700)).astype(float)
    x, seed = make(host, True), np.random.default_rng(4).normal(size=host.shape)
    (g,) = ag.autograd.grad(ag.sort(x), x, make(seed))
    want = np.empty_like(seed)
    np.put_along_axis(want, np.argsort(host, stable=True), seed, axis=-1)
    np.testing.assert_array_equal(g.numpy(), want)
    found = ag.unique_all(x)
    expected = np.unique_all(host)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.detach().numpy(), other)


# ---------------------------------------------------------------- quantiles

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


@pytest.mark.targets("numpy")
@pytest.mark.parametrize("method", METHODS)
def test_quantiles_are_numpys(method: str, make: Any) -> None:
    for n in range(1, 9):
        host = np.random.default_rng(n).normal(size=n)
        for q in (0.0, 0.1, 1 / 6, 0.25, 0.375, 0.5, 0.73, 0.875, 1.0):
            found = ag.quantile(make(host), q, method=method)
            np.testing.assert_allclose(found.numpy(), np.quantile(host, q, method=method), rtol=1e-13)


def test_quantiles_have_derivatives_in_q(make: Any) -> None:
    x, q = make(UNEQUAL, True), make(np.array([0.3, 0.7]), True)
    ag.testing.gradcheck(lambda x, q: ag.quantile(x * x, q, axis=1), [x, q], order=2)


def test_quantiles_outside(make: Any) -> None:
    found = ag.quantile(make(X), make(np.array([-0.1, 0.5, np.nan, 1.1])), axis=1).numpy()
    assert np.isnan(found).tolist() == [[True, True], [False, False], [True, True], [True, True]]


def test_infinite_quantiles(make: Any) -> None:
    x = make(np.array([np.inf, 1.0, np.inf, -np.inf, -np.inf]))
    assert ag.quantile(x, [0.1, 0.5, 0.9]).tolist() == [-np.inf, 1.0, np.inf]
    assert ag.median(x).tolist() == 1.0


# ---------------------------------------------------------------- positions


@pytest.mark.parametrize(
    "function",
    [
        lambda x, i: ag.take(x, i, axis=1),
        lambda x, i: ag.take_along_axis(x, i[None, :]),
        lambda x, i: ag.index_add(x * 1, i, x, axis=1) * x,
        lambda x, i: ag.scatter_add(x * 1, i[None, :], x) * x,
    ],
    ids=["take", "take_along_axis", "index_add", "scatter_add"],
)
def test_positions_may_change_after_the_call(function: Callable[..., Any], make: Any) -> None:
    """The graph has a copy of them: its owner, or a write, changes no gradient."""
    results = []
    for change in (False, True):
        x, host = make(X, True), np.array([2, 0, 2])
        i = ag.asarray(host) if x.device == "cpu" else make(host)
        out = function(x, i)
        if change:
            i[0] = 1
            host[:] = 1
        results.append(ag.autograd.grad(out, x, ag.ones_like(out))[0].numpy())
    np.testing.assert_array_equal(*results)


def test_results_are_copies(make: Any) -> None:
    x = make(X)
    for read in (
        lambda: ag.take(x, make(np.asarray(1)), axis=0),
        lambda: ag.take_along_axis(x, make(np.array([[0, 1, 2]]))),
        lambda: ag.sort(x, descending=True),
        lambda: ag.index_add(x, make(np.array([], np.int64)), 1.0, axis=0),
        lambda: ag.scatter_add(x, make(np.zeros((2, 0), np.int64)), 1.0),
    ):
        part = read()
        part[...] = 7.0
        np.testing.assert_array_equal(x.numpy(), X)


def test_embeddings_accumulate(make: Any) -> None:
    """Rows that are read several times get the sum of their gradients; what is not read gets 0."""
    table, words = make(np.zeros((4, 2)), True), make(np.array([[1, 3, 1], [1, 0, 0]]))
    ag.take(table, words, axis=0).sum().backward()
    assert table.grad.tolist() == [[2, 2], [3, 3], [0, 0], [1, 1]]


def test_added_values_take_the_dtype_of_what_they_are_added_to(make: Any) -> None:
    i, y = make(np.array([0, 0])), make(np.array([1.5, 2.0]), True)
    out = ag.index_add(make(np.zeros(2, np.float32)), i, y, axis=0)
    assert out.dtype == np.float32 and out.tolist() == [3.5, 0.0]
    out.sum().backward()
    assert y.grad.dtype == np.float64 and y.grad.tolist() == [1.0, 1.0]
    out = ag.scatter_add(make(np.zeros(2, np.complex128)), i, y)
    assert out.dtype == np.complex128


# ---------------------------------------------------------------- what is refused


REFUSED = {
    "ag.sort(x[0, 0])": (ag.AxisError, "[sort] axis -1 is out of bounds: x has 0 axes"),
    "ag.sort(x, axis=2)": (ag.AxisError, "[sort] axis 2 is out of bounds: x has 2 axes"),
    "ag.argsort(x, axis=1.5)": (ag.DtypeError, "[argsort] axis is 1.5: expected an integer"),
    "ag.sort(c)": (ag.DtypeError, "[sort] x has dtype complex128"),
    "ag.sort(c.detach())": (ag.DtypeError, "complex128: complex numbers have no order; use abs(x)"),
    "ag.argsort(c.detach())": (ag.DtypeError, "[argsort] x has dtype complex128: complex numbers"),
    "ag.argmax(c.detach())": (ag.DtypeError, "[argmax] x has dtype complex128: complex numbers have"),
    "ag.searchsorted(x[0], c.detach())": (ag.DtypeError, "[searchsorted] x has dtype complex128"),
    "ag.median(c)": (ag.DtypeError, "[median] x has dtype complex128: complex numbers have no order"),
    "ag.median(x, axis=2)": (ag.AxisError, "[median] axis 2"),
    "ag.median(x[:0])": (ag.ShapeError, "[median] x has shape (0, 3), axis is None: an axis of length 0"),
    "ag.quantile(c, 0.5)": (ag.DtypeError, "[quantile] x has dtype complex128"),
    "ag.quantile(x[:, :0], 0.5, axis=1)": (ag.ShapeError, "[quantile] x has shape (2, 0), axis is 1"),
    "ag.quantile(x, 1.5)": (ag.ArgumentError, "[quantile] q is 1.5: expected numbers from 0 to 1"),
    "ag.quantile(x, [0.5, -1])": (ag.ArgumentError, "[quantile] q is [0.5, -1]"),
    "ag.quantile(x, [0.5, 'a'])": (ag.ArgumentError, "[quantile] q is [0.5, 'a']: expected numbers from 0"),
    "ag.quantile(x, None)": (ag.ArgumentError, "[quantile] q is None"),
    "ag.quantile(x, float('nan'))": (ag.ArgumentError, "[quantile] q is nan"),
    "ag.quantile(x, 0.5, method='mean')": (
        ag.ArgumentError,
        "method is 'mean': expected one of linear, lower",
    ),
    "ag.nonzero(x[0, 0])": (ag.ShapeError, "[nonzero] x has no axes: expected at least one"),
    "ag.searchsorted(x, x)": (ag.ShapeError, "[searchsorted] x1 has shape (2, 3): expected one axis"),
    "ag.searchsorted(x[0], x, side='up')": (ag.ArgumentError, "side is 'up': expected 'left' or 'right'"),
    "ag.isin(x)": (TypeError, "x2"),
    "ag.take(x, i)": (ag.AxisError, "[take] x has shape (2, 3) and no axis was given: pass axis="),
    "ag.take(x, i, axis=2)": (ag.AxisError, "[take] axis 2"),
    "ag.take(x, x, axis=0)": (ag.IndexingError, "[take] indices has dtype float64: expected integers"),
    "ag.take(x, x > 1, axis=0)": (ag.IndexingError, "[take] indices has dtype bool"),
    "ag.take(x, [0, 1], axis=0)": (ag.DtypeError, "is of type list"),
    "ag.take_along_axis(x, i)": (ag.ShapeError, "indices has shape (3,): expected as many axes"),
    "ag.take_along_axis(x, m)": (ag.ShapeError, "indices has shape (3, 3): all axes but 1 must broadcast"),
    "ag.take_along_axis(x, x)": (ag.IndexingError, "[take_along_axis] indices has dtype float64"),
    "ag.take_along_axis(x[0, 0], i[0])": (ag.AxisError, "[take_along_axis] axis -1"),
    "ag.index_add(x, i, x)": (TypeError, "axis"),
    "ag.index_add(x, m, x, axis=1)": (ag.ShapeError, "indices has shape (3, 3): expected one axis"),
    "ag.index_add(x, i, x[:, :2], axis=1)": (ag.ShapeError, "y has shape (2, 2): it does not broadcast"),
    "ag.index_add(x, i, x[None] * m[:2, :1, None], axis=1)": (
        ag.ShapeError,
        "y has shape (2, 2, 3): it does not",
    ),
    "ag.index_add(x, i, c, axis=1)": (ag.DtypeError, "x has dtype float64, y has dtype complex128"),
    "ag.index_add(x > 1, i, 1, axis=1)": (ag.DtypeError, "x has dtype bool, y has dtype int64"),
    "ag.index_add(i, i, 0.5, axis=0)": (ag.DtypeError, "x has dtype int64, y has dtype float64"),
    "ag.scatter_add(x, i, x)": (ag.ShapeError, "[scatter_add] x has shape (2, 3), indices has shape (3,)"),
    "ag.scatter_add(x[:1], m, 1.0)": (ag.ShapeError, "all axes of indices but 1 must fit those of x"),
    "ag.scatter_add(x, x, x)": (ag.IndexingError, "[scatter_add] indices has dtype float64"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_bad_input(text: str, make: Any) -> None:
    error, says = REFUSED[text]
    x, i, c = make(X, True), make(np.array([2, 0, 2])), make(np.array([1 + 2j, 3 - 1j, 0j]), True)
    with pytest.raises(error, match=re.escape(says)):
        eval(text, {"ag": ag, "x": x, "i": i, "c": c, "m": make(np.ones((3, 3), np.int64))})


@pytest.mark.targets("numpy", "torch")
@pytest.mark.parametrize("worst", [3, -4])
def test_positions_outside_their_axis(worst: int, make: Any) -> None:
    x, i = make(X, True), make(np.array([0, worst, 1]))
    says = rf"index {worst} is out of bounds: axis 1 has length 3"
    for name, read in {
        "take": lambda: ag.take(x, i, axis=1),
        "take_along_axis": lambda: ag.take_along_axis(x, i[None, :]),
        "index_add": lambda: ag.index_add(x, i, 1.0, axis=1),
        "scatter_add": lambda: ag.scatter_add(x, i[None, :], 1.0),
    }.items():
        with pytest.raises(ag.IndexingError, match=rf"\[{name}\] {says}"):
            read()


# ---------------------------------------------------------------- PyTorch

SAME: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sort": (lambda x, i: ag.sort(x), lambda t, x, i: t.sort(x, stable=True).values),
    "descending": (
        lambda x, i: ag.sort(x, descending=True, axis=0),
        lambda t, x, i: t.sort(x, descending=True, dim=0, stable=True).values,
    ),
    "quantile": (lambda x, i: ag.quantile(x, 0.3, axis=1), lambda t, x, i: t.quantile(x, 0.3, dim=1)),
    "several": (
        lambda x, i: ag.quantile(x, [0.2, 0.65]),
        lambda t, x, i: t.quantile(x, t.tensor([0.2, 0.65], dtype=x.dtype)),
    ),
    "median of an odd number": (lambda x, i: ag.median(x, axis=1), lambda t, x, i: t.median(x, dim=1).values),
    "take": (lambda x, i: ag.take(x, i, axis=1), lambda t, x, i: t.index_select(x, 1, i)),
    "take_along_axis": (
        lambda x, i: ag.take_along_axis(x, i[None, :]),
        lambda t, x, i: t.take_along_dim(x, i[None, :], 1),
    ),
    "index_add": (
        lambda x, i: ag.index_add(x, i, x * x, axis=1),
        lambda t, x, i: t.index_add(x, 1, i, x * x),
    ),
    "scatter_add": (
        lambda x, i: ag.scatter_add(x, ag.stack([i, i]), x * x),
        lambda t, x, i: t.scatter_add(x, 1, t.stack([i, i]), x * x),
    ),
}


@pytest.mark.targets("numpy")
@pytest.mark.parametrize("name", SAME)
def test_gradients_are_those_of_torch(name: str, make: Any) -> None:
    """First and second order; unequal entries, since PyTorch leaves open which of equal ones it takes."""
    with warnings.catch_warnings(action="ignore"):
        torch = pytest.importorskip("torch")
    ours, theirs = SAME[name]
    x, i = make(UNEQUAL, True), make(np.array([2, 0, 2]))
    y, j = torch.tensor(UNEQUAL, requires_grad=True), torch.tensor([2, 0, 2])
    out, want = ours(x, i), theirs(torch, y, j)
    np.testing.assert_allclose(out.detach().numpy(), want.detach().numpy(), rtol=1e-13)
    (g,) = ag.autograd.grad((out * out * out).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad((want * want * want).sum(), y, create_graph=True)
    np.testing.assert_allclose(g.detach().numpy(), h.detach().numpy(), rtol=1e-12)
    (g,) = ag.autograd.grad((g * g).sum(), x)
    (h,) = torch.autograd.grad((h * h).sum(), y)
    np.testing.assert_allclose(g.numpy(), h.numpy(), rtol=1e-12)
