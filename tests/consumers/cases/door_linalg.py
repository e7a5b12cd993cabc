"""``anygrad.scipy.linalg`` beside SciPy's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

import anygrad as ag
from anygrad.errors import UnsupportedError
from tests.consumers.harness import Case, Draw, Held, Raises, normal, positive, spd, waves

LIBRARY = "anygrad.scipy"

ONLY = (
    *("lu", "lu_factor", "lu_solve", "logm", "sqrtm", "signm"),
    *("solve_continuous_are", "solve_discrete_are"),
)
"""What SciPy computes on NumPy alone, some of it CuPy on CUDA."""
NOT = Raises(UnsupportedError, "SciPy computes it on NumPy alone")


def regular(n: int) -> Draw:
    """Draw a matrix that is well conditioned and not symmetric."""
    return lambda rng: rng.standard_normal((n, n)) + 2 * n**0.5 * np.eye(n)


def regular_waves(n: int) -> Draw:
    """Draw such a complex matrix."""
    return lambda rng: waves(n, n)(rng) + 4 * n**0.5 * np.eye(n)


def stable(n: int) -> Draw:
    """Draw a matrix whose eigenvalues are within the unit circle."""
    return lambda rng: 0.3 * rng.standard_normal((n, n))


def near_one(rng: np.random.Generator) -> np.ndarray:
    """Draw a matrix that is close to the identity."""
    return np.eye(3) + 0.05 * rng.standard_normal((3, 3))


def case(name: str, *inputs: Draw | Held, run: Callable[..., Any] | None = None, **options: Any) -> Case:
    """Make the case of a function called alike in both; ``run(module, *arrays)`` is how."""
    function, _, remark = name.partition(" ")
    run = run or (lambda module, *arrays: getattr(module, function)(*arrays))
    tensors = lambda *arrays: run(ag.scipy.linalg, *arrays)
    if function in ONLY:
        options["strict"] = NOT
    full = f"anygrad.scipy.linalg.{function} {remark}".strip()
    return Case(full, tensors, *inputs, reference=functools.partial(run, linalg), **options)


def adjoint(x: Any) -> Any:
    return x.T.conj() if isinstance(x, np.ndarray) else ag.conj(x.T)


SYSTEMS = [
    case("solve", regular(4), normal(4, 2), everywhere=True),
    case("solve complex", regular_waves(3), waves(3)),
    case("solve transposed", regular(4), normal(4), run=lambda m, a, b: m.solve(a, b, transposed=True)),
    case("solve pos", spd(4), normal(4), run=lambda m, a, b: m.solve(a, b, assume_a="pos", lower=True)),
    case("solve sym", regular(4), normal(4), run=lambda m, a, b: m.solve(a, b, assume_a="sym")),
    case("solve her", regular_waves(3), waves(3), run=lambda m, a, b: m.solve(a, b, assume_a="her")),
    case(
        "solve tridiagonal", regular(4), normal(4), run=lambda m, a, b: m.solve(a, b, assume_a="tridiagonal")
    ),
    case("solve diagonal", regular(4), normal(4), run=lambda m, a, b: m.solve(a, b, assume_a="diagonal")),
    case("solve batched", lambda rng: rng.standard_normal((2, 3, 3)) + 4 * np.eye(3), normal(3, 2)),
    case("solve_triangular", regular(4), normal(4)),
    case(
        "solve_triangular lower",
        regular(4),
        normal(4, 2),
        run=lambda m, a, b: m.solve_triangular(a, b, trans="T", lower=True),
    ),
    case(
        "solve_triangular adjoint",
        regular_waves(3),
        waves(3),
        run=lambda m, a, b: m.solve_triangular(a, b, trans=2, unit_diagonal=True),
    ),
    case("cholesky", spd(4)),
    case("cholesky lower", spd(4), run=lambda m, a: m.cholesky(a, lower=True)),
    case(
        "cholesky complex",
        lambda rng: (lambda z: z @ z.conj().T + 3 * np.eye(3))(waves(3, 3)(rng)),
        run=lambda m, a: m.cholesky(a, lower=True),
    ),
    case(
        "cho_factor",
        spd(4),
        run=lambda m, a: (ag.triu if m is ag.scipy.linalg else np.triu)(m.cho_factor(a)[0]),
    ),
    case("cho_solve", spd(4), normal(4), run=lambda m, a, b: m.cho_solve(m.cho_factor(a), b)),
    case("cho_solve factor", regular(4), normal(4, 2), run=lambda m, c, b: m.cho_solve((c, True), b)),
    case("inv", regular(4), everywhere=True),
    case("inv lower", regular(4), run=lambda m, a: m.inv(a, assume_a="lower triangular")),
    case("det", normal(4, 4)),
    case("pinv", normal(5, 3)),
    case("pinv rank", normal(3, 5), run=lambda m, a: m.pinv(a, atol=0.1, return_rank=True)),
    case("pinvh", spd(3)),
    case("lstsq", normal(5, 3), normal(5, 2)),
    case("lstsq wide", normal(3, 5), normal(3)),
    case(
        "solve_banded",
        lambda rng: rng.uniform(0.5, 1, (4, 5)) + [[0], [0], [4], [0]],
        normal(5),
        run=lambda m, ab, b: m.solve_banded((2, 1), ab, b),
    ),
    case(
        "solveh_banded",
        lambda rng: rng.uniform(0.1, 0.9, (3, 5)) + [[0], [0], [4]],
        normal(5, 2),
    ),
    case(
        "solveh_banded lower",
        lambda rng: rng.uniform(0.1, 0.9, (2, 5)) + [[4], [0]],
        normal(5),
        run=lambda m, ab, b: m.solveh_banded(ab, b, lower=True),
    ),
    case(
        "solve_toeplitz",
        lambda rng: rng.uniform(0.1, 1, 5) + [6, 0, 0, 0, 0],
        normal(5),
        normal(5, 2),
        run=lambda m, c, r, b: m.solve_toeplitz((c, r), b),
    ),
    case("solve_circulant", lambda rng: rng.uniform(0.1, 1, 5) + [6, 0, 0, 0, 0], normal(5)),
    case(
        "solve_circulant axes",
        lambda rng: rng.uniform(0.1, 1, (2, 4)) + [6, 0, 0, 0],
        normal(4, 2),
        run=lambda m, c, b: m.solve_circulant(c, b, baxis=0, outaxis=-1),
    ),
]

FACTORINGS = [
    case("lu", normal(4, 4)),
    case("lu tall", normal(5, 3), run=lambda m, a: m.lu(a, permute_l=True)),
    case("lu wide", normal(3, 5), run=lambda m, a: m.lu(a, p_indices=True)),
    case("lu complex", waves(3, 3)),
    case("lu batched", normal(2, 3, 3)),
    case("lu_factor", normal(4, 4)),
    case("lu_factor tall", normal(5, 3)),
    case("lu_factor wide", normal(3, 5)),
    case("lu_solve", regular(4), normal(4), run=lambda m, a, b: m.lu_solve(m.lu_factor(a), b)),
    case(
        "lu_solve turned",
        normal(4, 4),
        normal(4, 2),
        run=lambda m, a, b: m.lu_solve(m.lu_factor(a), b, trans=1),
    ),
    case(
        "lu_solve adjoint", waves(3, 3), waves(3), run=lambda m, a, b: m.lu_solve(m.lu_factor(a), b, trans=2)
    ),
    case("qr", normal(4, 4)),
    case("qr economic", normal(5, 3), run=lambda m, a: m.qr(a, mode="economic")),
    case("qr pivoting", normal(4, 4), strict=NOT, run=lambda m, a: m.qr(a, pivoting=True)),
    case("svd", normal(4, 3), run=lambda m, a: [abs(x) for x in m.svd(a, full_matrices=False)]),
    case("svdvals", normal(4, 3)),
    case("polar", normal(4, 3)),
    case("polar left", normal(3, 3), run=lambda m, a: m.polar(a, side="left")),
    case("polar wide", normal(2, 4), run=lambda m, a: m.polar(a, side="left")),
    case("polar complex", waves(3, 3)),
    case("polar equal", lambda rng: 2 * np.linalg.qr(rng.standard_normal((3, 3)))[0]),
    case("norm", normal(3, 4)),
    case("norm axis", normal(3, 4), run=lambda m, a: m.norm(a, ord=1, axis=1)),
    case("norm matrices", normal(3, 4, 2), run=lambda m, a: m.norm(a, ord=1, axis=(2, 0), keepdims=True)),
    case("norm spectral", normal(3, 4), run=lambda m, a: m.norm(a, ord=2)),
    case("subspace_angles", normal(6, 2), normal(6, 3)),
    case("eigh", spd(4), run=lambda m, a: [abs(x) for x in m.eigh(a, lower=False)]),
    case("eigh pair", spd(4), spd(4), run=lambda m, a, b: [abs(x) for x in m.eigh(a, b)]),
    case("eigh type 2", spd(4), spd(4), run=lambda m, a, b: [abs(x) for x in m.eigh(a, b, type=2)]),
    case("eigh type 3", spd(4), spd(4), run=lambda m, a, b: [abs(x) for x in m.eigh(a, b, type=3)]),
    case("eigh subset", spd(4), run=lambda m, a: [abs(x) for x in m.eigh(a, subset_by_index=[1, 2])]),
    case("eigvalsh", spd(4)),
    case("eigvalsh pair", spd(4), spd(4)),
    case("eig", normal(4, 4), run=lambda m, a: [abs(x) for x in m.eig(a)]),
    case("eigvals", normal(4, 4), run=lambda m, a: m.eigvals(a)),
    case("eigvals pair", normal(4, 4), regular(4), run=lambda m, a, b: abs(m.eigvals(a, b)).sum()),
    case(
        "eigh_tridiagonal",
        normal(5),
        positive(4),
        run=lambda m, d, e: [abs(x) for x in m.eigh_tridiagonal(d, e)],
    ),
    case(
        "eigvalsh_tridiagonal",
        normal(5),
        positive(4),
        run=lambda m, d, e: m.eigvalsh_tridiagonal(d, e, "i", (1, 3)),
    ),
]

FUNCTIONS = [
    case("expm", normal(3, 3), everywhere=True),
    case("expm_frechet", normal(3, 3), normal(3, 3)),
    case("logm", regular(3)),
    case("logm complex", regular_waves(3)),
    case("sqrtm", regular(3)),
    case("sqrtm batched", lambda rng: rng.standard_normal((2, 3, 3)) + 5 * np.eye(3)),
    case("sqrtm to complex", lambda rng: rng.uniform(0, 0.2, (2, 2)) + [[-1, 0], [0, 3]]),
    case(
        "fractional_matrix_power",
        regular(3),
        strict=NOT,
        run=lambda m, a: m.fractional_matrix_power(a, 0.3),
    ),
    case("fractional_matrix_power whole", regular(3), run=lambda m, a: m.fractional_matrix_power(a, -2)),
    case(
        "fractional_matrix_power power",
        regular(3),
        positive(),
        strict=NOT,
        step=1e-4,
        rtol=1e-5,
        run=lambda m, a, t: m.fractional_matrix_power(a, t),
    ),
    case("signm", lambda rng: np.diag([2.0, -3, 4]) + 0.3 * rng.standard_normal((3, 3))),
    *(case(name, normal(3, 3)) for name in ("sinm", "cosm", "tanm", "sinhm", "coshm", "tanhm")),
    case("cosm complex", waves(2, 2)),
    case("sinm complex", waves(2, 2)),
]


def riccati(name: str, *inputs: Draw, **options: Any) -> Case:
    """Make the case of a Riccati equation, whose q and r are symmetric whatever is drawn."""

    def run(module: Any, a: Any, b: Any, q: Any, r: Any, *more: Any) -> Any:
        function = getattr(module, name.partition(" ")[0])
        return function(a, b, q + adjoint(q), r + adjoint(r), *more, balanced=not more)

    return case(name, *inputs, run=run, **options)


EQUATIONS = [
    case("solve_sylvester", regular(3), regular(2), normal(3, 2)),
    case("solve_sylvester complex", regular_waves(3), regular_waves(2), waves(3, 2)),
    case("solve_continuous_lyapunov", regular(3), normal(3, 3)),
    case("solve_continuous_lyapunov complex", regular_waves(3), waves(3, 3)),
    case("solve_discrete_lyapunov", stable(3), normal(3, 3)),
    case("solve_discrete_lyapunov complex", lambda rng: 0.3 * waves(3, 3)(rng), waves(3, 3)),
    case(
        "solve_discrete_lyapunov bilinear",
        stable(3),
        normal(3, 3),
        run=lambda m, a, q: m.solve_discrete_lyapunov(a, q, method="bilinear"),
    ),
    riccati("solve_continuous_are", normal(3, 3), normal(3, 2), spd(3), spd(2)),
    riccati(
        "solve_continuous_are general",
        stable(3),
        normal(3, 2),
        spd(3),
        spd(2),
        near_one,
        lambda rng: 0.1 * rng.standard_normal((3, 2)),
        step=1e-4,
    ),
    riccati("solve_continuous_are complex", waves(2, 2), waves(2, 1), spd(2), spd(1)),
    riccati("solve_discrete_are", stable(3), normal(3, 2), spd(3), spd(2)),
    riccati(
        "solve_discrete_are general",
        stable(3),
        normal(3, 2),
        spd(3),
        spd(2),
        near_one,
        lambda rng: 0.1 * rng.standard_normal((3, 2)),
        step=1e-4,
    ),
]

STRUCTURED = [
    case("toeplitz", normal(4), normal(3), everywhere=True),
    case("toeplitz alone", waves(4)),
    case("toeplitz batched", normal(2, 4), normal(3)),
    case("hankel", normal(4), normal(3)),
    case("hankel alone", normal(4)),
    case("circulant", normal(2, 4)),
    case("companion", positive(4)),
    case("leslie", positive(4), positive(3)),
    case("fiedler", normal(4), everywhere=True),
    case("fiedler_companion", positive(5)),
    case("fiedler_companion even", positive(6)),
    case("fiedler_companion two", positive(2)),
    *(
        case(
            f"convolution_matrix {mode} {n}",
            normal(4),
            run=lambda m, a, n=n, mode=mode: m.convolution_matrix(a, n, mode),
        )
        for mode in ("full", "same", "valid")
        for n in (3, 6)
    ),
    case("block_diag", normal(2, 3), normal(2), normal(3, 1)),
    case("khatri_rao", normal(2, 3), normal(4, 3)),
    case(
        "matmul_toeplitz",
        normal(4),
        normal(3),
        normal(3, 2),
        run=lambda m, c, r, x: m.matmul_toeplitz((c, r), x),
    ),
    case("matmul_toeplitz complex", waves(4), waves(4), run=lambda m, c, x: m.matmul_toeplitz(c, x)),
]

CASES = [*SYSTEMS, *FACTORINGS, *FUNCTIONS, *EQUATIONS, *STRUCTURED]
