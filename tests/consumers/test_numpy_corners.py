"""NumPy's functions on tensors where a case of ``test_numpy_functions`` is not enough: ties, NaN, integers.

Each calls a function on arrays and on tensors, and compares values, shapes and dtypes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import errors
from anygrad.testing import gradcheck
from tests.numpy_runs import parts_of

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
HOLE = np.array([1.0, np.nan, 4.0, np.inf, 2.0])
WHOLE, SMALL = np.array([3, 4, 2]), np.array([1, 7, 7], np.uint8)
TALL = np.array([[1.0, -2.0], [3.0, 4.0], [0.5, 1.0]])
FLAGS = np.array([True, False, True])

CORNERS: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    "digitize, falling": (lambda x: np.digitize(x, np.array([5, 3, 3, 2])), [np.arange(7)]),
    "digitize, falling, right": (lambda x: np.digitize(x, np.array([5, 3, 3]), right=True), [np.arange(7)]),
    "gradient beside NaN": (np.gradient, [HOLE]),
    "gradient, spaced": (lambda x: np.gradient(x, 0.5, edge_order=2), [HOLE]),
    "hypot of one": (np.hypot.reduce, [np.array([-2.0])]),
    "logaddexp of a masked integer": (
        lambda x: np.astype(np.logaddexp.reduce(x, where=np.array([False, True, True])), np.float32),
        [WHOLE.astype(np.int16)],
    ),
    "reduction with dtype": (lambda x: np.maximum.reduce(x, dtype="float32"), [WHOLE]),
    "reduction of nothing": (lambda x: np.subtract.reduce(x, axis=1, initial=2.0), [np.ones((0, 3))]),
    "power at a place": (lambda x: np.power.at(x, [0, 0], 2), [SMALL]),
    "add at a place, single precision": (lambda x: np.add.at(x, [0, 0], 2.5), [np.ones(3, np.float32)]),
    "isclose wraps nothing": (lambda x, y: np.isclose(x, y, rtol=0, atol=8), [SMALL, SMALL[::-1]]),
    "isclose of flags": (np.isclose, [FLAGS, FLAGS]),
    "poly of small integers": (np.poly, [SMALL]),
    "polymul, zeros in front": (np.polymul, [np.array([0, 0, 1.0, 2.0]), np.array([0, 3.0])]),
    "polymul of zeros": (np.polymul, [np.zeros(3), np.array([1.0, 3.0])]),
    "polyfit's covariance, complex": (
        lambda x, y: np.polyfit(x, y, 1, cov=True),
        [np.arange(5.0), np.array([1, 2j, 3, 1 + 1j, 0])],
    ),
    "take by flags": (np.take, [HOLE, FLAGS]),
    "norm of integers": (lambda x: np.linalg.norm(x, 1), [np.array([[1, -2], [3, 4]])]),
    "fabs of integers": (np.fabs, [-WHOLE]),
    "average of integers": (lambda x: np.average(x, weights=[1, 2, 3], returned=True), [WHOLE]),
    "bincount of flags": (np.bincount, [FLAGS]),
    "diag of flags": (np.diag, [FLAGS]),
    "sort_complex": (np.sort_complex, [np.array([3, 1], np.float32)]),
    "sort_complex, small": (np.sort_complex, [np.array([3, 1], np.int16)]),
    "intersect1d": (np.intersect1d, [WHOLE.astype(np.int32), WHOLE[1:]]),
    "sum of integers from a number": (lambda x: np.sum(x, initial=2.0), [WHOLE]),
    "max of integers from a number": (lambda x: np.max(x, initial=2.0), [WHOLE]),
    "lstsq": (np.linalg.lstsq, [TALL, HOLE[[0, 2, 4]]]),
    "lstsq, wide": (np.linalg.lstsq, [TALL.T, TALL.T[:, :1]]),
    "lstsq, of less rank": (np.linalg.lstsq, [np.ones((3, 2)), TALL]),
    "vecdot along the first axis": (lambda x: np.linalg.vecdot(x, 2 * x, axis=0), [TALL]),
    "power of negative numbers": (lambda x: np.emath.power(x, 3), [TALL]),
    "interp, by name": (lambda x: np.interp(x, xp=[1.0, 2.0], fp=[3.0, 5.0]), [np.array([1.25, 9.0])]),
    "delete nothing": (lambda x: np.delete(x, []), [HOLE]),
}


@pytest.mark.parametrize("name", CORNERS)
def test_corners(name: str) -> None:
    function, given = CORNERS[name]
    written = [a.copy() for a in given]
    expected = function(*written)
    tensors = [ag.tensor(a) for a in given]
    found = function(*tensors)
    pairs = zip(parts_of(found), parts_of(expected), strict=True) if found is not None else ()
    for mine, other in [*pairs, *zip(tensors, written, strict=True)]:
        assert (mine.shape, mine.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(mine.numpy(), other, rtol=1e-6, atol=1e-12)


def test_polydiv_keeps_a_remainder_that_is_no_number() -> None:
    rest = np.polydiv(ag.tensor([1.0, 1.0, np.nan, 5.0]), ag.tensor([1.0, 1.0, 0.0]))[1]
    np.testing.assert_array_equal(rest.numpy(), [np.nan, 5.0])


def test_edges_that_a_rule_asks_for_are_differentiable() -> None:
    x = ag.tensor([0.0, 1.0, 5.0, 2.0], requires_grad=True)
    edges = np.histogram_bin_edges(x, "sturges")
    np.testing.assert_allclose(edges.detach().numpy(), np.histogram_bin_edges(x.detach().numpy(), "sturges"))
    (found,) = ag.autograd.grad(edges[1], x)
    np.testing.assert_allclose(found.numpy(), [2 / 3, 0, 1 / 3, 0])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.histogram(x, [3.0, 1.0]),
        lambda x: np.histogram(x * np.nan),
        lambda x: np.concatenate([x], dtype=int),
        lambda x: np.stack([x], dtype=int),
        lambda x: np.einsum("i->", x, dtype="float32"),
        lambda x: np.ediff1d(ag.asarray([1, 2]), to_end=x),
        lambda x: np.subtract.reduce(x, dtype=int),
        lambda x: np.dot(x, None),
    ],
)
def test_what_numpy_refuses_is_refused(call: Callable[[Any], Any]) -> None:
    with pytest.raises((errors.ArgumentError, errors.DtypeError)):
        call(ag.tensor([1.0, 2.0], requires_grad=True))


@pytest.mark.parametrize(
    ("at", "points", "expected"),
    [([np.inf, 0.5], [0.0, 1.0, 2.0], [0.5, 0.5, 1.0]), ([1.0, 0.5], [0.0, 1.0, 1.0], [0.5, 0.5, 1.0])],
)
def test_interp_at_its_end(at: list[float], points: list[float], expected: list[float]) -> None:
    values = ag.tensor([1.0, 3.0, 4.0], requires_grad=True)
    np.interp(at, points, values).sum().backward()
    assert values.grad is not None and values.grad.tolist() == expected


def test_ufuncs_are_named_by_where_they_are_from() -> None:
    special = pytest.importorskip("scipy.special")
    for ufunc, name in ((np.frompyfunc(abs, 1, 1), "the ufunc abs"), (special.airy, r"scipy\.special\.airy")):
        with pytest.raises(errors.UnsupportedError, match=name):
            ufunc(ag.tensor([0.5]))


def test_polyfit_of_less_rank() -> None:
    """What ``rcond`` leaves out depends on how columns are scaled."""
    x = ag.tensor([0.3, 1.0, -0.8, 2.0], requires_grad=True)
    gradcheck(lambda x: np.polyfit(x, [1.0, 0.5, 2.0, -1.0], 3, rcond=0.1), [x], atol=1e-4, rtol=1e-4)


def test_a_turn_by_nothing_is_a_view() -> None:
    x = ag.zeros((2, 2))
    np.rot90(x, 4)[0] = 1.0
    assert x.tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_a_sum_of_integers_is_an_exit() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.audit() as report:
        (x * np.sum(x, dtype=int)).sum().backward()
    assert [(e.name, e.kind, e.depended) for e in report] == [("sum", "cast", "yes")]


def test_decisions_on_values_are_no_exits() -> None:
    """What a function asks of values to choose its way leaves nothing out of the gradient."""
    x = ag.tensor([1.0, -3.0, 2.0], requires_grad=True)
    with ag.strict():
        np.roots(x)
        np.bincount(np.argmax(x)[None], weights=x[:1])
        np.choose(np.argmin(x), [x, 2 * x, 3 * x])
        np.piecewise(x, [x > 0], [lambda v: v * v, lambda v: -v])
