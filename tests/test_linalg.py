"""Linear algebra beside its samples: names and types, awkward points, errors, the ways through a library."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import array_api_strict
import numpy as np
import pytest

import anygrad as ag
from anygrad import linalg
from anygrad.backends import numpy_algebra
from anygrad.testing import gradcheck

grad = ag.autograd.grad

RANDOM = np.random.default_rng(5)
SQUARE = RANDOM.normal(size=(4, 4))
POSITIVE = SQUARE @ SQUARE.T + np.eye(4)
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


def host(t: Any) -> np.ndarray:
    return t.detach().numpy()


# ---------------------------------------------------------------- names and types


def test_all_names_of_the_standard_are_there() -> None:
    with array_api_strict.ArrayAPIStrictFlags(api_version="2025.12"):
        theirs = {
            name: f
            for name, f in vars(array_api_strict.linalg).items()
            if inspect.isfunction(f) and f.__module__.startswith("array_api_strict._linalg")
        }
    theirs = {name: f for name, f in theirs.items() if name in array_api_strict.linalg.__all__}
    assert len(theirs) >= 21
    for name, function in theirs.items():
        assert name in linalg.__all__
        ours = [p.name for p in inspect.signature(getattr(linalg, name)).parameters.values()]
        keywords = [
            p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY
        ]
        assert set(keywords) <= set(ours), name
    assert set(dir(linalg)) >= set(linalg.__all__) >= {"solve_triangular", "lstsq", "expm"}


def test_ways_to_the_functions() -> None:
    assert importlib.import_module("anygrad.linalg") is ag.linalg is linalg
    for name in ("matmul", "matrix_transpose", "tensordot", "vecdot"):
        assert getattr(linalg, name) is getattr(ag, name)
    assert (linalg.inv.__module__, linalg.inv.__name__) == ("anygrad.linalg", "inv")
    assert not hasattr(ag, "inv") and not hasattr(ag.ones(1), "cholesky") and not hasattr(linalg, "cofactor")
    other = ag.ones((2, 2), device="array_api_strict").__array_namespace__()
    assert other.linalg.inv is linalg.inv
    with pytest.raises(AttributeError):
        other.linalg.nothing


def test_named_tuples(make: Callable[..., Any], device: str) -> None:
    x = make(POSITIVE, True)
    for found, kind, fields in (
        (linalg.eigh(x), linalg.EighResult, ("eigenvalues", "eigenvectors")),
        (linalg.eig(x), linalg.EigResult, ("eigenvalues", "eigenvectors")),
        (linalg.qr(x), linalg.QRResult, ("Q", "R")),
        (linalg.slogdet(x), linalg.SlogdetResult, ("sign", "logabsdet")),
        (linalg.svd(x), linalg.SVDResult, ("U", "S", "Vh")),
        (
            linalg.lstsq(x, x),
            linalg.LstsqResult,
            ("solution", "residuals", "rank", "singular_values"),
        ),
    ):
        assert type(found) is kind and kind._fields == fields
        for field in fields:
            part = getattr(found, field)
            assert isinstance(part, ag.Tensor) and part.device == device
            assert part.requires_grad == (field != "rank")
    assert linalg.eig(x).eigenvalues.dtype == linalg.eigvals(x).dtype == np.complex128
    assert linalg.eigvals(make(POSITIVE.astype(np.float32))).dtype == np.complex64


def test_integers_become_floats(make: Callable[..., Any]) -> None:
    x, y = make(np.array([[2, 1], [1, 3]])), make(np.array([3.0, 4.0]), True)
    assert linalg.cholesky(x).dtype == linalg.vector_norm(x).dtype == linalg.pinv(x).dtype == np.float64
    np.testing.assert_allclose(host(linalg.solve(x, y)), [1.0, 1.0])
    (found,) = grad(ag.sum(linalg.solve(x, y)), y)
    np.testing.assert_allclose(host(found), np.linalg.inv([[2, 1], [1, 3]]).sum(axis=0))
    assert linalg.solve(x, 1.0 * y.astype(ag.float32)).dtype == np.float64
    assert linalg.trace(x).dtype == linalg.matrix_power(x, 3).dtype == np.int64


def test_a_diagonal_is_a_copy(make: Callable[..., Any]) -> None:
    x = make(np.arange(6.0).reshape(2, 3))
    y = linalg.diagonal(x, offset=1)
    y[0] = 9.0
    x[1, 2] = 7.0
    assert y.tolist() == [9.0, 5.0] and x.tolist() == [[0, 1, 2], [3, 4, 7]]


def test_views_and_writes(make: Callable[..., Any]) -> None:
    """Views go in as they are, and a later write does not disturb what was saved."""
    base = make(np.stack([POSITIVE, POSITIVE]), True)
    x = base * 1.0
    out = ag.sum(linalg.inv(x[0]))
    x[0] = 0.0
    (found,) = grad(out, base)
    inverse = np.linalg.inv(POSITIVE)
    np.testing.assert_allclose(
        host(found)[0], -np.outer(inverse.sum(axis=0), inverse.sum(axis=1)), rtol=1e-10
    )
    assert not host(found)[1].any()


# ---------------------------------------------------------------- equal values, zeros


def test_values_that_are_equal(make: Callable[..., Any]) -> None:
    """Losses of the values alone have their gradient; through the vectors it is NaN."""
    for host_x in (np.eye(3), np.zeros((3, 3))):
        x = make(host_x, True)
        for values in (linalg.eigvalsh(x), linalg.eigh(x).eigenvalues, linalg.svdvals(x), linalg.svd(x).S):
            np.testing.assert_allclose(np.abs(host(grad(ag.sum(values), x)[0])), np.eye(3), atol=1e-12)
        np.testing.assert_allclose(host(grad(ag.sum(linalg.eigvals(x)).real, x)[0]), np.eye(3), atol=1e-12)
        for vectors in (linalg.eigh(x).eigenvectors, linalg.svd(x).U, linalg.svd(x).Vh):
            assert np.isnan(host(grad(ag.sum(vectors * make(SQUARE[:3, :3])), x)[0])).all()


@pytest.mark.targets("numpy", "strict", "torch")
def test_two_equal_values_of_three(make: Callable[..., Any]) -> None:
    """The derivative of a double eigenvalue's sum exists, and is that of the trace of a block."""
    x = make(np.diag([1.0, 2.0, 2.0]), True)
    (found,) = grad(ag.sum(linalg.eigvalsh(x)[1:]), x)
    np.testing.assert_allclose(host(found), np.diag([0.0, 1.0, 1.0]), atol=1e-12)
    (found,) = grad(ag.sum(linalg.eigh(x).eigenvectors[:, :1] ** 2), x)
    assert np.isnan(host(found)).any()


def test_vectors_of_the_value_zero(make: Callable[..., Any]) -> None:
    """The direction that a complex matrix takes to zero moves as differences say."""
    weights = SQUARE[:2, :2]
    x = SINGULAR * (1 + 2j)

    def projected(x: Any, weights: Any) -> Any:
        u = linalg.svd(x).U[:, 1:] if isinstance(x, ag.Tensor) else np.linalg.svd(x).U[:, 1:]
        return ((u @ u.mT.conj()) * weights).sum().real

    tracked = make(x, True)
    found = host(grad(projected(tracked, make(weights)), tracked)[0])
    for step in np.eye(4).reshape(4, 2, 2):
        for turn in (1e-6, 1e-6j):
            change = (projected(x + turn * step, weights) - projected(x - turn * step, weights)) / 2e-6
            got = np.sum(np.conj(found) * step * turn / 1e-6).real
            np.testing.assert_allclose(got, change, atol=1e-8)


def test_norms_at_zero_twice(make: Callable[..., Any]) -> None:
    """The gradient of a norm at zero is zero, and so is that of the gradient."""
    for function in (linalg.vector_norm, linalg.matrix_norm, lambda x: linalg.vector_norm(x, ord=3)):
        x = make(np.zeros((2, 2)), True)
        (first,) = grad(function(x), x, create_graph=True)
        (second,) = grad(ag.sum(first), x)
        assert not host(first).any() and not host(second).any()


def test_the_determinant_at_any_order(make: Callable[..., Any]) -> None:
    """Also where it is zero, and where singular values are equal."""
    for values in (np.eye(3), np.zeros((3, 3)), np.diag([1.0, 0.0, 0.0]), np.ones((2, 2)), SQUARE):
        gradcheck(linalg.det, make(values, True), order=3, fast=True)
        gradcheck(linalg.det, make(values * (1 + 1j), True), order=3, fast=True)
    x = make(np.array([[0.1, 0.2], [0.3, 0.6]]), True)
    np.testing.assert_allclose(host(grad(linalg.det(x), x)[0]), [[0.6, -0.3], [-0.2, 0.1]], rtol=1e-14)


def test_scale_does_not_matter(make: Callable[..., Any]) -> None:
    """Gradients of any size go through the determinant's second derivative and the exponential's first."""
    for scale in (1e-200, 1.0, 1e150):
        x = make(SQUARE[:3, :3], True)
        (first,) = grad(linalg.det(x) * scale, x, create_graph=True)
        (second,) = grad(first[0, 0], x)
        minor = scale * np.array([[SQUARE[2, 2], -SQUARE[2, 1]], [-SQUARE[1, 2], SQUARE[1, 1]]])
        np.testing.assert_allclose(host(second)[1:, 1:], minor, rtol=1e-9)
        (found,) = grad(ag.sum(linalg.expm(x)) * scale, x)
        (plain,) = grad(ag.sum(linalg.expm(x)), x)
        np.testing.assert_allclose(host(found), scale * host(plain), rtol=1e-12)


@pytest.mark.parametrize("order", [3, 4])
@pytest.mark.targets("numpy")
def test_higher_orders(order: int, make: Callable[..., Any]) -> None:
    def hermitian(x: Any) -> Any:
        return (x + x.mT) / 2

    x, small = make(POSITIVE[:3, :3], True), make(SQUARE[:2, :2], True)
    for function, at in (
        (linalg.inv, x),
        (linalg.slogdet, x),
        (lambda x: linalg.cholesky(hermitian(x)), x),
        (lambda x: linalg.solve(x, x[0]), x),
        (lambda x: linalg.eigh(hermitian(x)).eigenvalues, x),
        (lambda x: linalg.eigvals(x), small),
        (linalg.svdvals, x),
        (linalg.qr, x),
        (linalg.pinv, x[:, :2].detach().requires_grad_()),
        (linalg.expm, small),
        (linalg.vector_norm, x),
    ):
        gradcheck(function, at, order=order, fast=True, rtol=1e-4)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda a: linalg.inv(a(2, 3)), r"\[inv\] x has shape \(2, 3\): expected square matrices"),
        (lambda a: linalg.cholesky(a(3)), r"\[cholesky\] x has shape \(3,\): expected square"),
        (lambda a: linalg.det(a(3, 3, 2)), r"\[det\] x has shape \(3, 3, 2\)"),
        (lambda a: linalg.eigh(a(2, 3)), r"\[eigh\]"),
        (lambda a: linalg.eig(a(2, 3)), r"\[eig\]"),
        (lambda a: linalg.expm(a(2, 3)), r"\[expm\]"),
        (lambda a: linalg.matrix_power(a(2, 3), 2), r"\[matrix_power\]"),
        (lambda a: linalg.svd(a(3)), r"\[svd\] x has shape \(3,\): expected matrices"),
        (lambda a: linalg.qr(a(3)), r"\[qr\]"),
        (lambda a: linalg.pinv(a(3)), r"\[pinv\]"),
        (lambda a: linalg.diagonal(a(3)), r"\[diagonal\]"),
        (lambda a: linalg.trace(a(3)), r"\[trace\]"),
        (lambda a: linalg.matrix_norm(a(3)), r"\[matrix_norm\]"),
        (lambda a: linalg.matrix_rank(a(3)), r"\[matrix_rank\]"),
        (lambda a: linalg.outer(a(3), a(2, 2)), r"\[outer\].*expected two vectors"),
        (lambda a: linalg.cross(a(3), a(2)), r"\[cross\].*must have length 3"),
        (lambda a: linalg.cross(a(2, 3), a(4, 3)), r"\[cross\].*do not broadcast"),
        (
            lambda a: linalg.solve(a(3, 3), a(2)),
            r"\[solve\] x has shape \(3, 3\), y has shape \(2,\): expected y",
        ),
        (lambda a: linalg.solve(a(2, 3, 3), a(4, 3, 1)), r"\[solve\].*do not broadcast"),
        (lambda a: linalg.solve_triangular(a(3, 3), a(2, 3), upper=True), r"\[solve_triangular\]"),
        (lambda a: linalg.lstsq(a(3, 2), a(2)), r"\[lstsq\].*expected y of shape \(3,\)"),
    ],
)
def test_shapes_that_do_not_fit(call: Any, match: str, device: str) -> None:
    with pytest.raises(ag.ShapeError, match=match):
        call(lambda *shape: ag.ones(shape, device=device))


def test_arguments_that_cannot_be(make: Callable[..., Any]) -> None:
    x = make(SQUARE)
    for call, kind in (
        (lambda: linalg.qr(x, mode="r"), ag.ArgumentError),
        (lambda: linalg.matrix_norm(x, ord="max"), ag.ArgumentError),
        (lambda: linalg.matrix_norm(x, ord=3), ag.ArgumentError),
        (lambda: linalg.vector_norm(x, ord="fro"), ag.ArgumentError),
        (lambda: linalg.vector_norm(x, axis=2), ag.AxisError),
        (lambda: linalg.cross(x, x, axis=2), ag.AxisError),
        (lambda: linalg.matrix_power(x, 0.5), ag.DtypeError),
        (lambda: linalg.inv([[1.0]]), ag.DtypeError),
        (lambda: linalg.solve_triangular(x, x), TypeError),
    ):
        with pytest.raises(kind):
            call()


@pytest.mark.targets("numpy", "numpy-readonly", "strict", "torch")
def test_matrices_without_a_result(make: Callable[..., Any]) -> None:
    """What NumPy raises is raised, by name, and caught by what catches NumPy's."""
    batch = make(np.stack([SINGULAR, np.eye(2)]), True)
    for name, call in (
        ("cholesky", lambda: linalg.cholesky(-batch)),
        ("inv", lambda: linalg.inv(batch)),
        ("solve", lambda: linalg.solve(batch, batch)),
    ):
        with pytest.raises(np.linalg.LinAlgError, match=rf"^\[{name}\] x has shape \(2, 2, 2\)") as caught:
            call()
        assert type(caught.value) is ag.LinAlgError and isinstance(caught.value, ValueError)


@pytest.mark.targets("jax")
def test_matrices_without_a_result_on_jax(make: Callable[..., Any]) -> None:
    assert np.isnan(host(linalg.cholesky(make(-POSITIVE)))).any()
    assert not np.isfinite(host(linalg.inv(make(np.zeros((2, 2)))))).any()


def test_one_singular_matrix_leaves_the_others(make: Callable[..., Any]) -> None:
    """In a batch the gradient of slogdet is NaN for the singular matrix alone."""
    x = make(np.stack([np.zeros((2, 2)), np.diag([2.0, 4.0])]), True)
    out = linalg.slogdet(x).logabsdet
    assert host(out).tolist() == [-np.inf, np.log(8.0)]
    (found,) = grad(ag.sum(out), x)
    assert np.isnan(host(found)[0]).all()
    np.testing.assert_allclose(host(found)[1], np.diag([0.5, 0.25]))


def test_numbers_that_are_none(make: Callable[..., Any]) -> None:
    """NaN stays in its own matrix of a batch, or is an error of ours."""
    x = make(np.stack([np.full((2, 2), np.nan), np.diag([2.0, 4.0])]), True)
    with np.errstate(invalid="ignore"):
        (found,) = grad(ag.sum(linalg.det(x)), x)
    assert np.isnan(host(found)[0]).all() and host(found)[1].tolist() == [[4.0, 0.0], [0.0, 2.0]]
    if x.device.library not in ("jax", "cuda"):  # which tell no failure
        for name in ("eig", "svd", "pinv"):
            with pytest.raises(ag.LinAlgError, match=rf"^\[{name}\] x has shape \(2, 2, 2\)"):
                getattr(linalg, name)(x)


def test_identity_is_the_power_zero(make: Callable[..., Any]) -> None:
    x = make(np.array([[np.inf, 0.0], [1.0, 2.0]]), True)
    out = linalg.matrix_power(x, 0)
    assert host(out).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert host(grad(ag.sum(out), x)[0]).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_a_zero_on_the_diagonal_of_a_triangle(make: Callable[..., Any]) -> None:
    x, y = make(np.diag([0.0, 1.0])), make(np.ones((2, 1)))
    for upper in (True, False):
        assert not np.isfinite(host(linalg.solve_triangular(x, y, upper=upper))).all()
        unit = linalg.solve_triangular(x, y, upper=upper, unit_diagonal=True)
        assert host(unit).tolist() == [[1.0], [1.0]]


# ---------------------------------------------------------------- ways through a library


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.targets("numpy")
def test_triangles_block_by_block(dtype: Any, target: Any) -> None:
    """More rows than a block, a rest, several right sides or one, batches, either memory order."""
    n = 2 * numpy_algebra.BLOCK + 5
    x = (RANDOM.normal(size=(2, n, n)) / n + 3 * np.eye(n)).astype(dtype)
    if x.dtype.kind == "c":
        x = x * (1 + 0.3j * RANDOM.normal(size=x.shape))
    y = RANDOM.normal(size=(2, n, n)).astype(dtype)
    solve = target.backend.linalg_solve_triangular
    for upper in (True, False):
        for unit in (True, False):
            triangle = np.triu(x) if upper else np.tril(x)
            if unit:
                triangle = np.where(np.eye(n) != 0, 1, triangle)
            for left, whole in ((x, triangle), (np.asfortranarray(x[0]), triangle[0])):
                for k in (1, n):
                    right = y[: len(whole), :, :k] if whole.ndim > 2 else y[0, :, :k]
                    out = solve(left, right, upper=upper, unit_diagonal=unit)
                    assert out.dtype == dtype
                    np.testing.assert_allclose(whole @ out, right, atol=1e-4 if x.itemsize == 4 else 1e-12)
    x[0, n // 2, n // 2] = 0
    for upper in (True, False):
        out = solve(x, y, upper=upper)
        assert np.isnan(out[0]).any() and np.isfinite(out[1]).all()


@pytest.mark.targets("numpy")
def test_the_exponential_without_scipy(monkeypatch: pytest.MonkeyPatch, target: Any) -> None:
    """NumPy alone gives the same, and NaN beyond what it can square."""
    expm = pytest.importorskip("scipy.linalg").expm
    x = SQUARE * np.array([1e-3, 1.0, 30.0, 300.0])[:, None, None]
    monkeypatch.setattr(numpy_algebra, "_expm", lambda: None)
    np.testing.assert_allclose(target.backend.linalg_expm(x), expm(x), rtol=1e-9)
    assert np.isnan(target.backend.linalg_expm(1e6 * SQUARE)).all()


def test_the_likelihood_of_a_gaussian_process(device: str) -> None:
    """The benchmark's program, on every backend, with the gradient written by hand."""
    from types import SimpleNamespace

    from benchmarks.workloads import gaussian_process

    data = SimpleNamespace(**gaussian_process.inputs(12))
    value, gradient = gaussian_process.anygrad(data, device)()
    want, by_hand = gaussian_process.by_hand(np, data)()
    np.testing.assert_allclose(host(value), want, rtol=1e-10)
    np.testing.assert_allclose(host(gradient), by_hand, rtol=1e-8)
