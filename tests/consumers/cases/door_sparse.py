"""``anygrad.scipy.sparse`` beside SciPy's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg  # noqa: F401  (SciPy's module has it once it is imported)

import anygrad as ag
from tests.consumers.harness import Case, Draw, Held, normal, positive, waves, within

LIBRARY = "anygrad.scipy"

ROWS = np.array([0, 0, 1, 2, 2, 3, 3, 1])
COLUMNS = np.array([0, 2, 1, 2, 0, 3, 1, 3])
PLACES = (ROWS, COLUMNS)
"""Where a matrix of four rows has entries: on its diagonal, and in four other places."""
STARTS = np.array([0, 2, 4, 6, 8])
INNER = np.array([0, 2, 1, 3, 2, 0, 3, 1])


def values(rng: np.random.Generator) -> np.ndarray:
    """Draw the values of entries that make a regular matrix."""
    return rng.uniform(0.2, 1, 8) + np.where(ROWS == COLUMNS, 3.0, 0.0)


def complex_values(rng: np.random.Generator) -> np.ndarray:
    return values(rng) + 0.5j * rng.standard_normal(8)


def symmetric(m: Any, xp: Any, d: Any) -> Any:
    """Return a positive definite matrix of a vector of eight."""
    A = m.coo_array((d, PLACES), shape=(4, 4))
    return A + A.T


def case(name: str, *inputs: Draw | Held, run: Callable[..., Any], **options: Any) -> Case:
    """Make the case of a function: ``run(module, xp, *arrays)`` calls it, xp of the arrays."""
    tensors = functools.partial(run, ag.scipy.sparse, ag)
    return Case(
        f"anygrad.scipy.sparse.{name}",
        tensors,
        *inputs,
        reference=functools.partial(run, sparse, np),
        **options,
    )


def made(name: str, run: Callable[..., Any], *inputs: Draw) -> Case:
    """Make the case of something done with a matrix of the pattern above."""
    return case(
        name, normal(8), *inputs, run=lambda m, xp, d, *x: run(m.coo_array((d, PLACES), shape=(4, 4)), *x)
    )


def stacked(name: str, run: Callable[..., Any]) -> Case:
    """Make the case of a function of two sparse matrices, which it is handed with the module."""
    return case(
        name,
        normal(8),
        run=lambda m, xp, d: run(m, *_both(m.coo_array((d, PLACES), shape=(4, 4)))).toarray(),
    )


def _both(A: Any) -> tuple[Any, Any]:
    return A, A.T


MATRICES = [
    case(
        "diags_array",
        normal(4),
        normal(3),
        run=lambda m, xp, x, y: m.diags_array([x, y], offsets=[0, -1]).toarray(),
    ),
    stacked("kron", lambda m, A, B: m.kron(A, B)),
    stacked("hstack", lambda m, A, B: m.hstack([A, B])),
    stacked("vstack", lambda m, A, B: m.vstack([A, B])),
    made("coo_array @ coo_array", lambda A: (A.T @ A).toarray()),
    made("coo_array rows", lambda A: A.tocsr()[1:3].toarray()),
    made("coo_array by entries", lambda A, x: ((A * x).power(2) * A.T).toarray(), normal(4)),
    case(
        "csr_array", normal(8), run=lambda m, xp, d: m.csr_array((d, INNER, STARTS), shape=(4, 5)).toarray()
    ),
    case(
        "csc_array",
        waves(8),
        normal(4),
        run=lambda m, xp, d, x: m.csc_array((d, INNER, STARTS), shape=(5, 4)) @ x,
    ),
    made("coo_array", lambda A: A.toarray()),
    made("coo_array @ vector", lambda A, x: A @ x, normal(4)),
    made("coo_array @ matrix", lambda A, x: A @ x, waves(4, 3)),
    made("coo_array vector @", lambda A, x: x @ A, normal(4)),
    made("coo_array transposed", lambda A, x: A.T @ x, normal(4, 2)),
    made("coo_array sum", lambda A: (A.sum(), A.sum(axis=0), A.sum(axis=1))),
    made("coo_array diagonal", lambda A: A.diagonal()),
    made("coo_array arithmetic", lambda A, c: ((2 * A - A.T / 3 + (-A)) * c).toarray(), normal()),
    case("coo_array dense", normal(3, 4), run=lambda m, xp, x: m.coo_array(x).T @ x[:, 0]),
    case(
        "coo_array twice",
        normal(4),
        normal(3),
        run=lambda m, xp, d, x: m.coo_array((d, ([0, 0, 1, 0], [1, 1, 2, 1])), shape=(2, 3)) @ x,
    ),
]

SOLVED = [
    case(
        "linalg.spsolve",
        values,
        normal(4),
        run=lambda m, xp, d, b: m.linalg.spsolve(m.csc_array(m.coo_array((d, PLACES), shape=(4, 4))), b),
    ),
    case(
        "linalg.spsolve columns",
        values,
        normal(4, 2),
        run=lambda m, xp, d, b: m.linalg.spsolve(m.csc_array(m.coo_array((d, PLACES), shape=(4, 4))), b),
    ),
    case(
        "linalg.spsolve complex",
        complex_values,
        waves(4),
        run=lambda m, xp, d, b: m.linalg.spsolve(m.csc_array(m.coo_array((d, PLACES), shape=(4, 4))), b),
    ),
    *(
        case(
            f"linalg.splu {way}",
            complex_values,
            waves(4),
            run=lambda m, xp, d, b, way=way: m.linalg.splu(
                m.csc_array(m.coo_array((d, PLACES), shape=(4, 4)))
            ).solve(b, way),
        )
        for way in "NTH"
    ),
    case(
        "linalg.factorized",
        values,
        normal(4),
        run=lambda m, xp, d, b: m.linalg.factorized(m.csc_array(m.coo_array((d, PLACES), shape=(4, 4))))(b),
    ),
    case(
        "linalg.spsolve_triangular",
        positive(3),
        normal(2),
        run=lambda m, xp, d, b: m.linalg.spsolve_triangular(m.csr_array((d, [0, 0, 1], [0, 1, 3])), b),
    ),
    case(
        "linalg.spsolve_triangular unit",
        lambda rng: np.array([1.0, rng.uniform(), 1.0]),
        normal(2),
        run=lambda m, xp, d, b: m.linalg.spsolve_triangular(
            m.csr_array((d, [0, 0, 1], [0, 1, 3])), b, unit_diagonal=True
        ),
    ),
    *(
        case(
            f"linalg.{name}",
            values,
            normal(4),
            close=1e-8,
            rtol=1e-5,
            run=lambda m, xp, d, b, name=name: getattr(m.linalg, name)(symmetric(m, xp, d), b, rtol=1e-13)[0],
        )
        for name in ("cg", "minres")
    ),
    *(
        case(
            f"linalg.{name}",
            values,
            normal(4),
            close=1e-8,
            rtol=1e-5,
            run=lambda m, xp, d, b, name=name: getattr(m.linalg, name)(
                m.coo_array((d, PLACES), shape=(4, 4)), b, rtol=1e-13
            )[0],
        )
        for name in ("gmres", "bicgstab")
    ),
    case(
        "linalg.gmres complex",
        complex_values,
        waves(4),
        close=1e-8,
        rtol=1e-5,
        run=lambda m, xp, d, b: m.linalg.gmres(m.coo_array((d, PLACES), shape=(4, 4)), b, rtol=1e-13)[0],
    ),
    case(
        "linalg.cg dense",
        lambda rng: rng.uniform(0, 0.3, (4, 4)) + 2 * np.eye(4),
        normal(4),
        close=1e-8,
        rtol=1e-5,
        run=lambda m, xp, a, b: m.linalg.cg(a + a.T, b, rtol=1e-13, x0=np.ones(4), M=np.eye(4) / 4)[0],
    ),
]


def operator(m: Any, k: Any) -> Any:
    """Return a function of a vector, as an operator of SciPy's where it asks for one."""

    def apply(x: Any) -> Any:
        return k[0] * x + k[1] * (2 * x - (ag if m is ag.scipy.sparse else np).roll(x, 1) * 0.5)

    return apply if m is ag.scipy.sparse else sparse.linalg.LinearOperator((5, 5), matvec=apply)


SOLVED.append(
    case(
        "linalg.gmres operator",
        within(1, 2, 2),
        normal(5),
        close=1e-8,
        rtol=1e-5,
        run=lambda m, xp, k, b: m.linalg.gmres(operator(m, k), b, rtol=1e-13)[0],
    )
)

CASES = [*MATRICES, *SOLVED]
