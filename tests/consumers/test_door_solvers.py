"""What solvers' functions read is seen wherever it comes from, and nothing of it is lost without a sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import optimize as scipy_optimize
from scipy import sparse as scipy_sparse

import anygrad as ag
from anygrad.errors import (
    ArgumentError,
    CheckpointError,
    GradientDtypeError,
    LinAlgError,
    ShapeError,
    UnsupportedError,
)
from anygrad.scipy import integrate, linalg, optimize, sparse
from anygrad.testing import gradcheck


def leaf(*values: float) -> Any:
    return ag.tensor(values if len(values) > 1 else values[0], requires_grad=True)


# ---------------------------------------------------------------- what is read


def test_a_tensor_and_what_it_was_made_of_may_both_be_read() -> None:
    a = leaf(2.0)
    b = a * a
    x = optimize.brentq(lambda x: x * b - a, -5.0, 5.0)
    by_b, by_a = ag.autograd.grad(x, [b, a], retain_graph=True)
    assert float(by_b) == pytest.approx(-2.0 / 16.0)
    assert float(by_a) == pytest.approx(-1 / 4)  # of a / a**2: through b too


def test_pytrees_and_what_stands_around_are_alike() -> None:
    k, shift = leaf(1.0, 2.0), leaf(0.5)

    def given(k: Any, shift: Any) -> Any:
        return optimize.root(
            lambda x, p: x**3 + p["k"] * x - p["more"][0], np.ones(2), ({"k": k, "more": [shift]},)
        ).x

    def around(k: Any, shift: Any) -> Any:
        return optimize.root(lambda x: x**3 + k * x - shift, np.ones(2)).x

    assert gradcheck(given, [k, shift], order=2, atol=1e-5)
    assert gradcheck(around, [k, shift], order=2, atol=1e-5)


def test_transforms_of_every_kind_pass_through_a_root() -> None:
    def solved(a: Any) -> Any:
        return optimize.newton(lambda x: x**2 - a, 1.0, True, tol=1e-14)

    a = ag.asarray(4.0)
    assert float(ag.grad(ag.grad(solved))(a)) == pytest.approx(-1 / 32)
    assert float(ag.hessian(solved)(a)) == pytest.approx(-1 / 32)
    assert float(ag.grad(ag.grad(ag.grad(solved)))(a)) == pytest.approx(3 / 256)
    assert float(ag.jvp(solved, (a,), (ag.asarray(1.0),))[1]) == pytest.approx(0.25)
    assert float(ag.jacobian(solved, mode="forward")(a)) == pytest.approx(0.25)


def test_a_minimum_within_a_root_within_an_integral() -> None:
    def inner(a: Any) -> Any:
        return optimize.minimize(lambda x: ag.sum((x - a) ** 2), np.zeros(1), tol=1e-12).x[0]

    def outer(a: Any) -> Any:
        return integrate.quad(
            lambda t: inner(a) * t + optimize.brentq(lambda x: x**3 - a * t, 0.0, 5.0) * 0.0, 0.0, 1.0
        )[0]

    assert float(ag.grad(outer)(ag.asarray(3.0))) == pytest.approx(0.5)


def test_results_of_a_factoring_may_be_read() -> None:
    matrix = ag.tensor([[3.0, 1.0], [0.5, 2.0]], requires_grad=True)

    def solved(matrix: Any) -> Any:
        s = ag.linalg.svd(matrix)[1]
        return optimize.root(lambda x: x + 0.1 * x**3 - s, np.ones(2), tol=1e-13).x

    assert gradcheck(solved, [matrix], order=2, atol=1e-5)


def test_what_is_read_at_some_points_alone_is_seen() -> None:
    a, b = leaf(2.0), leaf(3.0)
    value = integrate.quad(lambda x: a * x if x < 0.99 else b * x, 0.0, 1.0, points=[0.99])[0]
    value.backward()
    assert float(a.grad) == pytest.approx(0.99**2 / 2)
    assert float(b.grad) == pytest.approx((1 - 0.99**2) / 2)


def test_three_integrals_within_one_another() -> None:
    k = ag.asarray(0.7)
    value, _ = integrate.tplquad(lambda z, y, x: k * z, 0.0, 1.0, 0.0, lambda x: k * x, 0.0, lambda x, y: y)
    assert float(value) == pytest.approx(0.7**4 / 24)


def test_nothing_is_recorded_where_nothing_is_tracked() -> None:
    assert optimize.brentq(lambda x: x - 1.0, 0.0, 3.0).node is None
    a = leaf(4.0)
    with ag.no_grad():
        assert optimize.brentq(lambda x: x * x - a, 0.0, 3.0).node is None
        assert integrate.quad(lambda x: a * x, 0.0, 1.0)[0].node is None
        assert integrate.solve_ivp(lambda t, y: -a * y, (0.0, 1.0), np.ones(1)).y.node is None


def test_a_second_pass_and_a_freed_graph() -> None:
    a = leaf(4.0)
    x = optimize.brentq(lambda x: x * x - a, 0.0, 3.0)
    x.backward(retain_graph=True)
    x.backward()
    assert float(a.grad) == pytest.approx(0.5)
    with pytest.raises(ag.FreedGraphError):
        x.backward()


def test_anomalies_are_looked_for_within() -> None:
    a = leaf(4.0)
    with ag.detect_anomaly():
        x = optimize.brentq(lambda x: x * x - a, 0.0, 3.0)
        x.backward()
    assert float(a.grad) == pytest.approx(0.25)


# ---------------------------------------------------------------- what is refused


def test_a_write_between_is_an_error() -> None:
    a = leaf(4.0)
    b = a * 1.0
    x = optimize.brentq(lambda x: x * x - b, 0.0, 3.0)
    b += 1.0
    with pytest.raises(CheckpointError, match="something else than before"):
        x.backward()


def test_a_write_between_is_an_error_in_an_integral_too() -> None:
    a = leaf(4.0)
    b = a * 1.0
    value = integrate.quad(lambda x: x * b, 0.0, 1.0)[0]
    b += 1.0
    with pytest.raises(CheckpointError, match="something else than before"):
        value.backward()


def test_implicit_methods_and_events_and_constraints_are_refused_where_a_gradient_is_tracked() -> None:
    a = leaf(1.0)
    with pytest.raises(UnsupportedError, match="RK45"):
        integrate.solve_ivp(lambda t, y: -a * y, (0.0, 1.0), np.ones(1), "LSODA")
    with pytest.raises(UnsupportedError, match="events"):
        integrate.solve_ivp(lambda t, y: -y, (0.0, 1.0), np.ones(1), events=lambda t, y: y[0])
    limit = {"type": "ineq", "fun": lambda x: x[0] - 1.0}
    with pytest.raises(UnsupportedError, match="constraints"):
        optimize.minimize(lambda x: ag.sum((x - a) ** 2), np.zeros(1), constraints=limit)
    with ag.no_grad():
        found = optimize.minimize(lambda x: ag.sum((x - a * 0.0) ** 2), np.zeros(1), constraints=limit)
    assert float(found.x[0]) == pytest.approx(1.0)


def test_weights_and_limits() -> None:
    b = leaf(1.0)
    with pytest.raises(UnsupportedError, match="weight"):
        integrate.quad(lambda x: x, 0.0, b, weight="cos", wvar=1.0)


def test_singular_systems_raise() -> None:
    with pytest.raises(LinAlgError):
        sparse.linalg.spsolve(sparse.coo_array((ag.ones(2), ([0, 0], [0, 1])), shape=(2, 2)), np.ones(2))
    with pytest.raises(LinAlgError):
        linalg.solve_circulant(ag.ones(3), ag.ones(3))
    with pytest.raises(LinAlgError):
        linalg.cholesky(ag.asarray([[1.0, 2.0], [2.0, 1.0]]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: linalg.solve(np.ones((2, 3)), np.ones(2)),
        lambda: linalg.solve_sylvester(np.eye(2), np.eye(3), np.eye(2)),
        lambda: linalg.lu_solve((np.eye(2), np.array([0, 1])), np.ones(3)),
        lambda: linalg.solve_banded((1, 1), np.ones((2, 3)), np.ones(3)),
        lambda: linalg.expm_frechet(np.eye(2), np.eye(3)),
        lambda: linalg.khatri_rao(np.eye(2), np.eye(3)),
        lambda: sparse.coo_array((ag.ones(2), ([0], [0]))),
        lambda: sparse.csr_array((ag.ones(1), [0], [0, 1])) @ np.ones(2),
        lambda: sparse.linalg.cg(np.eye(2), np.ones((2, 2))),
    ],
)
def test_shapes_that_do_not_fit(call: Any) -> None:
    with pytest.raises(ShapeError, match="expected"):
        call()


@pytest.mark.parametrize("name", ["solve", "cholesky", "lu", "inv", "svdvals"])
def test_what_is_not_finite_is_refused_as_in_scipy(name: str) -> None:
    matrix = np.array([[1.0, np.nan], [np.nan, 1.0]])
    given = (matrix, np.ones(2)) if name == "solve" else (matrix,)
    with pytest.raises(ValueError, match="inf or NaN"):
        getattr(linalg, name)(*given)


# ---------------------------------------------------------------- sparse matrices


def test_a_sparse_matrix_of_scipys_is_constant() -> None:
    matrix = scipy_sparse.random_array(
        (5, 5), density=0.5, rng=np.random.default_rng(0)
    ) + 3 * scipy_sparse.eye_array(5)
    b = ag.tensor(np.arange(5.0), requires_grad=True)
    x = sparse.linalg.spsolve(matrix.tocsr(), b)
    np.testing.assert_allclose(x.detach(), scipy_sparse.linalg.spsolve(matrix.tocsc(), np.arange(5.0)))
    x.sum().backward()
    np.testing.assert_allclose(b.grad, scipy_sparse.linalg.spsolve(matrix.tocsc().T, np.ones(5)))


def test_a_sparse_matrix_without_entries() -> None:
    nothing = sparse.coo_array((ag.zeros(0), ([], [])), shape=(2, 3))
    assert nothing.toarray().shape == (2, 3)
    assert (nothing @ ag.ones(3)).shape == (2,)


def test_the_factors_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    count = []
    before = scipy_sparse.linalg.splu
    monkeypatch.setattr(scipy_sparse.linalg, "splu", lambda *a, **k: count.append(1) or before(*a, **k))
    data = ag.tensor([2.0, 4.0], requires_grad=True)
    solve = sparse.linalg.factorized(sparse.coo_array((data, ([0, 1], [0, 1]))))
    (solve(ag.ones(2)) + solve(ag.ones(2))).sum().backward()
    assert len(count) == 1
    np.testing.assert_allclose(data.grad, [-0.5, -0.125])


# ---------------------------------------------------------------- numbers in place of tensors


def _loop(x: Any, a: Any, b: Any) -> Any:
    out = np.zeros(3)
    for i in range(3):
        out[i] = float(a) * float(x[i]) + float(b)
    return out


@pytest.mark.parametrize(
    "call",
    [
        lambda: optimize.minimize(lambda x: (float(x[0]) - 3) ** 2, np.ones(1)),
        lambda: optimize.minimize(lambda x: float((x[0] - 3) ** 2), np.ones(1), method="trust-exact"),
        lambda: optimize.least_squares(lambda x: np.asarray(x.detach()) - 3, np.ones(1)),
        lambda: optimize.least_squares(lambda x: [float(x[0]) - 3], np.ones(1)),
        lambda: optimize.curve_fit(_loop, np.arange(3.0), np.array([1.0, 3.0, 5.0])),
        lambda: optimize.root(lambda x: np.asarray(x.detach()) - 3, np.ones(1), method="lm"),
        lambda: optimize.root(lambda x: [float(x[0]) - 3], np.ones(1)),
        lambda: optimize.newton(lambda x: float(x) - 3, 1.0, True),
        lambda: optimize.root_scalar(lambda x: float(x) - 3, x0=1.0, method="newton"),
    ],
)
def test_numbers_where_a_slope_is_taken_raise(call: Any) -> None:
    with pytest.raises(GradientDtypeError, match="its derivative is taken: expected tensors"):
        call()


@pytest.mark.parametrize("method", ["Nelder-Mead", "Powell", "COBYLA", "COBYQA"])
def test_numbers_do_where_no_slope_is_taken(method: str) -> None:
    found = optimize.minimize(lambda x: (float(x[0]) - 3) ** 2, np.ones(1), method=method, tol=1e-8)
    np.testing.assert_allclose(found.x, [3.0], atol=1e-4)
    assert found.x.node is None


def test_numbers_do_for_solvers_without_slopes() -> None:
    assert float(optimize.brentq(lambda x: float(x) - 3, 0.0, 5.0)) == pytest.approx(3.0)
    assert float(optimize.minimize_scalar(lambda x: (float(x) - 3) ** 2).x) == pytest.approx(3.0)
    np.testing.assert_allclose(optimize.root(lambda x: np.asarray(x) - 3, [1.0], method="broyden1").x, [3.0])
    found = optimize.minimize(lambda x: (float(x[0]) - 3) ** 2, np.ones(1), jac="2-point")
    np.testing.assert_allclose(found.x, [3.0], atol=1e-5)


def test_a_constant_function_is_at_its_minimum() -> None:
    np.testing.assert_array_equal(optimize.minimize(lambda x: ag.asarray(2.0), np.ones(2)).x, np.ones(2))


def test_slopes_that_are_given_drive_the_solver_and_the_gradient_is_ours() -> None:
    def value(x: Any, a: Any) -> Any:
        return ag.sum((x - a) ** 2 + 0.1 * x**4)

    calls: list[str] = []

    def slope(x: Any, a: Any) -> Any:
        calls.append("slope")
        return 2 * (x - a) + 0.4 * x**3

    def pair(x: Any, a: Any) -> Any:
        calls.append("pair")
        return value(x, a), np.asarray(slope(x, a).detach())

    a = ag.asarray([1.0, 3.0])

    def found(fun: Any, **options: Any) -> Any:
        return lambda a: optimize.minimize(fun, np.ones(2), (a,), tol=1e-10, **options).x

    wanted = ag.jacobian(found(value))(a)
    for fun, jac in ((value, slope), (pair, True), (ag.value_and_grad(value), True)):
        calls.clear()
        np.testing.assert_allclose(ag.jacobian(found(fun, jac=jac))(a), wanted, rtol=1e-6, atol=1e-9)
        assert calls or (fun is not pair and jac is not slope)
    np.testing.assert_allclose(
        optimize.minimize(pair, np.ones(2), (a,), method="Nelder-Mead", jac=True, tol=1e-10).x,
        found(value)(a),
        atol=1e-5,
    )

    both = ag.jacobian(
        lambda a: optimize.root(lambda x: (x**3 - a, 3 * ag.diag(x**2)), np.ones(2), jac=True).x
    )(a)
    np.testing.assert_allclose(both, np.diag(1 / 3 * np.array([1.0, 3.0]) ** (-2 / 3)), atol=1e-9)
    fitted = optimize.least_squares(lambda x, k: k * x - a, np.ones(2), lambda x, k: k * ag.eye(2), args=(2,))
    np.testing.assert_allclose(fitted.x, [0.5, 1.5])


def test_a_model_may_return_a_list() -> None:
    def fitted(y: Any) -> Any:
        return optimize.curve_fit(lambda x, a, b: [a * v + b for v in x], np.arange(3.0), y)[0]

    y = ag.tensor([1.0, 2.0, 5.0], requires_grad=True)
    np.testing.assert_allclose(fitted(y).detach(), np.polyfit(np.arange(3.0), [1.0, 2.0, 5.0], 1))
    assert gradcheck(fitted, [y], atol=1e-5)


@pytest.mark.parametrize("method", ["BFGS", "trust-exact", "Nelder-Mead"])
def test_a_minimum_of_one_number_with_axes(method: str) -> None:
    def found(a: Any) -> Any:
        return optimize.minimize(lambda x: (x - a) ** 2, np.ones(1), method=method, tol=1e-10).x

    a = ag.tensor([3.0], requires_grad=True)
    np.testing.assert_allclose(found(a).detach(), [3.0], atol=1e-6)
    np.testing.assert_allclose(ag.jacobian(found)(a), [[1.0]])


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: optimize.minimize(lambda x: (x - 3) ** 2, np.ones(2)), ShapeError, "expected one number"),
        (lambda: optimize.minimize(lambda x: (x[0] ** 2, 2 * x), np.ones(1)), ArgumentError, "pass jac=True"),
        (lambda: optimize.minimize(lambda x: x[0] ** 2, np.ones(1), jac=True), ArgumentError, "a pair"),
        (lambda: optimize.root(lambda x: x**2 - 2, np.ones(3), jac=True), ArgumentError, "a pair"),
    ],
)
def test_results_of_another_form_are_refused(call: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        call()


def test_what_a_fit_says_beside() -> None:
    x, y = np.linspace(0.0, 1.0, 10), np.sin(np.linspace(0.0, 1.0, 10))
    ours = optimize.curve_fit(lambda x, a, b: a * x + b, x, y, full_output=True)
    theirs = scipy_optimize.curve_fit(lambda x, a, b: a * x + b, x, y, full_output=True)
    assert len(ours) == len(theirs) == 5 and isinstance(ours[3], str) and ours[2]["nfev"] > 0 < ours[4]
    np.testing.assert_allclose(ours[2]["fvec"].numpy(), theirs[2]["fvec"], rtol=1e-6)
