"""Sparse matrices of tensors: what is made of them has SciPy's values and gradients, on every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse as theirs

import anygrad as ag
from anygrad.errors import ArgumentError, DtypeError, ShapeError
from anygrad.scipy import sparse as ours
from anygrad.testing import gradcheck

RNG = np.random.default_rng(5)
ROWS, COLUMNS = np.array([2, 0, 1, 2, 0, 1]), np.array([1, 0, 3, 3, 2, 3])
"""A matrix of (3, 4), out of order, with two entries at one place."""
OTHER = np.array([1, 0, 3, 2, 1]), np.array([2, 0, 1, 1, 0])
"""One of (4, 3)."""
D, E = RNG.standard_normal(6), RNG.standard_normal(5)
X, Y, Z = RNG.standard_normal((3, 4)), RNG.standard_normal(4), RNG.standard_normal((3, 1))
K = theirs.csr_array(np.array([[1.0, 0, 2], [0, 0, 3], [0, 4, 0]]))
WIDE = theirs.csr_array(np.array([[1.0, 0, 2, 0], [0, 0, 3, 5], [0, 4, 0, 0]]))

Run = Callable[[Any, Any, Any], Any]

CASES: dict[str, Run] = {
    "A.T @ A": lambda m, a, b: a.T @ a,
    "A @ B": lambda m, a, b: a @ b,
    "A @ B @ A": lambda m, a, b: a @ b @ a,
    "dot": lambda m, a, b: a.dot(b),
    "A @ K": lambda m, a, b: b @ K,
    "K @ A": lambda m, a, b: K @ a,
    "A + B.T": lambda m, a, b: a + b.T,
    "A - B.T": lambda m, a, b: a - b.T,
    "A + K": lambda m, a, b: a + WIDE,
    "K + A": lambda m, a, b: WIDE + a,
    "K - A": lambda m, a, b: WIDE - a,
    "sum()": lambda m, a, b: sum([a, b.T]),
    "A * B.T": lambda m, a, b: a * b.T,
    "multiply": lambda m, a, b: a.multiply(b.T),
    "A * K": lambda m, a, b: a * WIDE,
    "A * matrix": lambda m, a, b: a * X,
    "A * vector": lambda m, a, b: a * Y,
    "A * column": lambda m, a, b: a * Z,
    "matrix * A": lambda m, a, b: X * a,
    "matrix @ A": lambda m, a, b: X.T @ a,
    "A / column": lambda m, a, b: a / Z,
    "power": lambda m, a, b: a.power(2),
    "A**3": lambda m, a, b: a**3,
    "A[i:j]": lambda m, a, b: a.tocsr()[1:],
    "A[::-1]": lambda m, a, b: a.tocsr()[::-1],
    "A[:, i:j]": lambda m, a, b: a.tocsr()[:, 1:4:2],
    "A[rows]": lambda m, a, b: a.tocsr()[np.array([2, 0, 2])],
    "A[mask, i:j]": lambda m, a, b: a.tocsr()[np.array([True, False, True]), 1:],
    "A[i]": lambda m, a, b: a.tocsr()[1],
    "A[:, i]": lambda m, a, b: a.tocsr()[:, 3],
    "A[i, j]": lambda m, a, b: a.tocsr()[1, -1],
    "tocsr": lambda m, a, b: a.tocsr(),
    "tocsc": lambda m, a, b: a.tocsc(),
    "tocoo": lambda m, a, b: a.tocoo(),
    "sum": lambda m, a, b: (a @ b).sum(0),
    "diagonal": lambda m, a, b: (a @ b).diagonal(),
    "eye_array": lambda m, a, b: a @ b + 2 * m.eye_array(3),
    "eye_array k": lambda m, a, b: a * 2 + m.eye_array(3, 4, k=1) - m.eye_array(3, 4, k=-2),
    "kron": lambda m, a, b: m.kron(a, b),
    "kron K": lambda m, a, b: m.kron(K, b),
    "vstack": lambda m, a, b: m.vstack([a, b.T, WIDE]),
    "hstack": lambda m, a, b: m.hstack([a, K, b.T]),
}


def written(found: Any) -> Any:
    return found.toarray() if hasattr(found, "toarray") else found


@pytest.mark.parametrize("run", CASES.values(), ids=CASES)
def test_values_and_gradients(run: Run) -> None:
    def called(d: Any, e: Any) -> Any:
        a = ours.coo_array((d, (ROWS, COLUMNS)), shape=(3, 4))
        return written(run(ours, a, ours.coo_array((e, OTHER), shape=(4, 3))))

    a = theirs.coo_array((D, (ROWS, COLUMNS)), shape=(3, 4))
    wanted = written(run(theirs, a, theirs.coo_array((E, OTHER), shape=(4, 3))))
    d, e = ag.tensor(D, requires_grad=True), ag.tensor(E, requires_grad=True)
    found = called(d, e)
    assert found.shape == np.shape(wanted)
    np.testing.assert_allclose(found.detach(), wanted, rtol=1e-13, atol=1e-14)
    used = [
        x for x, g in zip((d, e), ag.autograd.grad(found.sum(), [d, e], allow_unused=True)) if g is not None
    ]
    assert used
    gradcheck(
        lambda *x: called(*(x if len(x) == 2 else (x[0], E) if used[0] is d else (D, x[0]))), used, order=2
    )


DIAGONALS: dict[str, Callable[..., Any]] = {
    "two": lambda m, x, y: m.diags_array([x, y], offsets=[0, 1]),
    "two below": lambda m, x, y: m.diags_array([y, x], offsets=[-1, 0]),
    "matrix of one": lambda m, x, y: m.diags_array(x),
    "one": lambda m, x, y: m.diags_array(y, offsets=-2),
    "one in a list": lambda m, x, y: m.diags_array([y], offsets=[2]),
    "shape": lambda m, x, y: m.diags_array([x, y], offsets=[0, 1], shape=(4, 3)),
    "repeated": lambda m, x, y: m.diags_array([y[:1], x[1:2]], offsets=[-1, 1], shape=(4, 5)),
    "plain numbers": lambda m, x, y: m.diags_array([x, [-2.0]], offsets=[0, 1], shape=(3, 3)),
}


@pytest.mark.parametrize("run", DIAGONALS.values(), ids=DIAGONALS)
def test_diagonals(run: Callable[..., Any]) -> None:
    x, y = np.array([1.0, 2.0, 5.0]), np.array([3.0, 7.0])
    wanted = run(theirs, x, y).toarray()
    given = [ag.tensor(part, requires_grad=True) for part in (x, y)]
    found = run(ours, *given).toarray()
    np.testing.assert_array_equal(found.detach(), wanted)
    used = ag.autograd.grad(found.sum(), given, allow_unused=True)
    assert sum(float(g.sum()) for g in used if g is not None) > 0
    np.testing.assert_array_equal(ours.diags_array([1.0, 2.0]).toarray(), np.diag([1.0, 2.0]))


def test_products_are_scipys_entries_and_take_solvers() -> None:
    a = ours.coo_array((ag.asarray(D), (ROWS, COLUMNS)), shape=(3, 4))
    square = theirs.csr_array((D, (ROWS, COLUMNS)), shape=(3, 4))
    assert (a.T @ a).nnz == (square.T @ square).nnz
    b = ag.asarray([1.0, 2.0, 3.0, 4.0])
    x = ours.linalg.spsolve(a.T @ a + ours.eye_array(4), b)
    np.testing.assert_allclose(x, theirs.linalg.spsolve((square.T @ square + theirs.eye_array(4)).tocsc(), b))


@pytest.mark.parametrize("device", ["torch", "array_api_strict"])
def test_other_backends(device: str) -> None:
    pytest.importorskip(device)
    for name, run in CASES.items():
        if "eye" in name or "stack" in name or name == "kron K":
            continue
        d, e = (ag.asarray(x).to(device).requires_grad_(True) for x in (D, E))
        a = ours.coo_array((d, (ROWS, COLUMNS)), shape=(3, 4))
        found = written(run(ours, a, ours.coo_array((e, OTHER), shape=(4, 3))))
        found.sum().backward()
        a = theirs.coo_array((D, (ROWS, COLUMNS)), shape=(3, 4))
        wanted = written(run(theirs, a, theirs.coo_array((E, OTHER), shape=(4, 3))))
        np.testing.assert_allclose(found.detach().to("cpu"), wanted, rtol=1e-12, atol=1e-14, err_msg=name)


def test_dense_tensors_beside() -> None:
    a = ours.coo_array((ag.asarray(D), (ROWS, COLUMNS)), shape=(3, 4))
    x = ag.tensor(X, requires_grad=True)
    for run in (lambda x: x.T @ a, lambda x: a @ x.T, lambda x: a * x, lambda x: x * a, lambda x: a / x):
        gradcheck(lambda x, run=run: written(run(x)), [x], order=2)


def test_nothing_and_single_precision() -> None:
    empty = ours.coo_array((ag.zeros(0, dtype="float32"), ([], [])), shape=(2, 3))
    assert (empty.T @ empty).toarray().dtype == np.float32
    assert (empty[1:] + empty[:1]).toarray().shape == (1, 3)
    assert (empty * empty).nnz == 0
    assert empty[0].shape == (3,)
    assert ours.vstack([empty, empty], dtype="float64").dtype == np.float64
    assert ours.eye_array(2, device="torch").device == "torch"


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda a: a @ a, ShapeError, "expected 4 rows"),
        (lambda a: a + a.T, ShapeError, "one shape"),
        (lambda a: a * a.T, ShapeError, "one shape"),
        (lambda a: a * np.ones(3), ShapeError, "broadcasts"),
        (lambda a: a / a, DtypeError, "toarray"),
        (lambda a: a + X, DtypeError, "toarray"),
        (lambda a: a**0, ArgumentError, "not zero"),
        (lambda a: a[[0, 1], [1, 2]], ArgumentError, "one vector"),
        (lambda a: a[True], ArgumentError, "integers, slices"),
        (lambda a: theirs.csr_matrix(K) * a, DtypeError, "write A @ B"),
        (lambda a: a * theirs.csr_matrix(WIDE), DtypeError, "write A @ B"),
        (lambda a: ours.eye_array(2.5), TypeError, "integer"),
        (lambda a: ours.diags_array([], offsets=[]), ArgumentError, "an offset for each"),
        (lambda a: a[5], IndexError, "out of bounds"),
        (lambda a: ours.vstack([a, a.T]), ShapeError, "fit one another"),
        (lambda a: ours.diags_array([X[0], X[0]], offsets=[0, 1]), ShapeError, r"expected \(3,\) in"),
        (lambda a: ours.diags_array([X[0]]), ShapeError, "expected"),
        (lambda a: ours.diags_array([np.ones(2)], offsets=[0, 1]), ArgumentError, "an offset for each"),
        (lambda a: ours.csr_matrix, AttributeError, "write csr_array"),
        (lambda a: ours.identity, AttributeError, "write eye_array"),
    ],
)
def test_what_is_refused(call: Callable[[Any], Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        call(ours.coo_array((ag.asarray(D), (ROWS, COLUMNS)), shape=(3, 4)))
