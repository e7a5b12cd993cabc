"""Sparse systems: by LU, and by SciPy's iterations with an operator of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anygrad.dispatch import common_backend
from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.graph import GRAD_MODE
from anygrad.op import ArrayLike
from anygrad.scipy.doors import OnHost, beside, floating, missing
from anygrad.scipy.implied import implied
from anygrad.scipy.sparse import patterns
from anygrad.scipy.sparse.matrices import SparseArray, coo_array
from anygrad.scipy.sparse.patterns import Factor, Pattern
from anygrad.tensors import Tensor, asarray
from anygrad.transforms import vjp

__all__ = [
    "SuperLU",
    "bicgstab",
    "cg",
    "factorized",
    "gmres",
    "minres",
    "splu",
    "spsolve",
    "spsolve_triangular",
]

Function = Callable[..., Any]


class SuperLU:
    """The LU factors of a sparse matrix: ``solve(b)``, or ``solve(b, "T")`` with the transpose."""

    def __init__(self, A: Any, **options: Any) -> None:
        self.matrix = coo_array(A)
        self.shape, self.nnz = self.matrix.shape, self.matrix.nnz
        self.factor = Factor(self.matrix.pattern, **options)

    def solve(self, rhs: ArrayLike, trans: str = "N") -> Tensor:
        """Return the solution for a right side, (n,) or (n, k), by the factors that are computed once.

        ``trans`` is "N", "T" or "H". Differentiable to any order in the matrix's values and in the right
        side.
        """
        if trans not in ("N", "T", "H"):
            raise ArgumentError(message("solve", f"trans is {trans!r}", "expected 'N', 'T' or 'H'"))
        if trans == "H" and self.matrix.dtype.kind == "c":
            xp = self.matrix.data.xp.tensors
            b = asarray(rhs, device=self.matrix.data.xp.name)
            b = xp.conj(b) if b.dtype.kind == "c" else b
            return xp.conj(self.solve(b, "T"))
        return patterns.solve(self.matrix.data, rhs, factor=self.factor, turned=trans != "N")


def splu(A: Any, permc_spec: str | None = None, **options: Any) -> SuperLU:
    """Return the LU factors of a sparse square matrix, for solutions with many right sides.

    Takes SciPy's options on NumPy. Elsewhere than on NumPy and CUDA the system is solved dense.

    >>> import anygrad as ag
    >>> A = ag.scipy.sparse.csr_array((ag.asarray([2.0, 4.0]), [0, 1], [0, 1, 2]))
    >>> ag.scipy.sparse.linalg.splu(A).solve(ag.asarray([2.0, 8.0]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    given = {"permc_spec": permc_spec} if permc_spec is not None else {}
    return SuperLU(A, **given, **options)


def factorized(A: Any) -> Function:
    """Return a function from right sides to solutions, as ``splu(A).solve``.

    >>> import anygrad as ag
    >>> A = ag.scipy.sparse.csr_array((ag.asarray([2.0, 4.0]), [0, 1], [0, 1, 2]))
    >>> ag.scipy.sparse.linalg.factorized(A)(ag.asarray([2.0, 8.0]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    return splu(A).solve


def spsolve(A: Any, b: ArrayLike, permc_spec: str | None = None, use_umfpack: bool = True) -> Tensor:
    """Return x with ``A @ x = b`` for a sparse square A and b (n,) or (n, k).

    A is what ``csr_array`` makes, or one of SciPy's. By SuperLU on NumPy and CUDA, dense elsewhere; the
    factors serve the gradient too: ``A.T @ z = g``, z that of b, ``-z[row] * x[col]`` that of A's values.
    Differentiable to any order in both. Raises ``ShapeError``, and ``LinAlgError`` for a singular matrix,
    where SciPy warns.

    >>> import anygrad as ag
    >>> A = ag.scipy.sparse.csr_array((ag.asarray([2.0, 4.0]), [0, 1], [0, 1, 2]))
    >>> ag.scipy.sparse.linalg.spsolve(A, ag.asarray([2.0, 8.0]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    return splu(A, permc_spec).solve(b)


def spsolve_triangular(
    A: Any,
    b: ArrayLike,
    lower: bool = True,
    overwrite_A: bool = False,
    overwrite_b: bool = False,
    unit_diagonal: bool = False,
) -> Tensor:
    """Return x with ``A @ x = b`` for a triangle of A, as ``spsolve``; the other triangle is not read.

    >>> import anygrad as ag
    >>> A = ag.scipy.sparse.csr_array((ag.asarray([2.0, 4.0]), [0, 1], [0, 1, 2]))
    >>> ag.scipy.sparse.linalg.spsolve_triangular(A, ag.asarray([2.0, 8.0]))
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    matrix = coo_array(A)
    below = matrix.row - matrix.col if lower else matrix.col - matrix.row
    kept = np.flatnonzero(below > 0 if unit_diagonal else below >= 0)
    data = matrix.data.xp.tensors.take(matrix.data, beside(matrix.data, kept), axis=0)
    some = SparseArray(data, Pattern(matrix.row[kept], matrix.col[kept], matrix.shape))
    if unit_diagonal:
        n = np.arange(matrix.shape[0])
        ones = matrix.data.xp.tensors.ones((len(n),), dtype=matrix.dtype)
        some = some + SparseArray(ones, Pattern(n, n, matrix.shape))
    return splu(some, "NATURAL").solve(b)


# ---------------------------------------------------------------- iterations


def _applied(op: str, A: Any, device: str) -> Function:
    """Return an operator as a function of a vector: a function, a matrix, or what has ``matvec``."""
    if hasattr(A, "matvec"):
        return A.matvec
    if isinstance(A, np.ndarray):
        A = asarray(A, device=device)
    elif hasattr(A, "tocoo"):
        constant = coo_array(A)
        A = SparseArray(constant.data.to(device), constant.pattern)
    if hasattr(A, "__matmul__"):
        return lambda x: A @ x
    if callable(A):
        return A
    expected = "expected a matrix, or a function of a vector"
    raise DtypeError(message(op, f"A is of type {type(A).__name__}", expected))


class _Iteration:
    """A method of SciPy's, as it is run on the device of a right side, or on the host where that has none."""

    def __init__(self, name: str, symmetric: bool, options: dict[str, Any], before: Any) -> None:
        self.name, self.symmetric, self.options = name, symmetric, options
        self.before = before
        self.info = 0

    def _operator(self, function: Function, b: Tensor) -> Any:
        xp = b.xp
        near = xp.scipy_library is not None

        def called(v: Any) -> Any:
            token = GRAD_MODE.set(False)
            try:
                x = asarray(v.reshape(-1).copy(), device=xp.name, dtype=b.dtype)
                out = function(x)
                return out.array if near else xp.to_numpy(out.array)
            finally:
                GRAD_MODE.reset(token)

        operator = self._scipy(xp, "LinearOperator")
        return operator((b.size, b.size), matvec=called, dtype=b.dtype)

    def _scipy(self, xp: Any, name: str) -> Any:
        if xp.scipy_library is not None:
            return xp.scipy_function("sparse.linalg", name)
        return getattr(OnHost("sparse.linalg"), name)

    def run(self, function: Function, b: Tensor, turned: bool = False, **more: Any) -> Tensor:
        """Return what the method comes to, outside of the graph."""
        right = b.array if b.xp.scipy_library is not None else b.xp.to_numpy(b.array)
        options = self.options | more
        if self.before is not None and (self.symmetric or not turned):
            options["M"] = self._operator(self.before, b)
        if self.name == "minres" and b.xp.scipy_library == "cupyx.scipy" and "rtol" in options:
            options["tol"] = options.pop("rtol")
        found, info = self._scipy(b.xp, self.name)(self._operator(function, b), right, **options)
        self.info = self.info if turned else int(info)
        return asarray(found, device=b.xp.name, dtype=b.dtype)

    def solved(self, function: Function, b: Tensor, turned: bool = False, **more: Any) -> Tensor:
        """Return a solution in the graph of the right side and of all that the operator reads."""
        x = self.run(function, b.detach(), turned, **more)

        def adjoint(_: Any, x: Tensor, g: Tensor) -> Tensor:
            # The operator is linear: it has one derivative, wherever that is taken.
            _, pull = vjp(function, x.detach())
            return self.solved(lambda v: pull(v)[0], g, not turned)

        return implied(self.name, lambda x: function(x) - b, x, adjoint)


def _iterated(name: str, symmetric: bool, about: str) -> Function:
    def solver(
        A: Any,
        b: ArrayLike,
        x0: Any = None,
        *,
        M: Any = None,
        callback: Any = None,
        **options: Any,
    ) -> tuple[Tensor, int]:
        held = [x for x in (b, getattr(A, "data", A)) if isinstance(x, Tensor)]
        right = floating(asarray(b, device=common_backend(name, held).name))
        if right.ndim != 1:
            raise ShapeError(message(name, f"b has shape {right.shape}", "expected a vector"))
        before = None if M is None else _applied(name, M, right.xp.name)
        iteration = _Iteration(name, symmetric, options, before)
        more: dict[str, Any] = {}
        if x0 is not None:
            start = asarray(x0, device=right.xp.name).detach()
            more["x0"] = start.array if right.xp.scipy_library else start.xp.to_numpy(start.array)
        if callback is not None:
            more["callback"] = callback
        x = iteration.solved(_applied(name, A, right.xp.name), right, **more)
        return x, iteration.info

    solver.__name__ = solver.__qualname__ = name
    solver.__doc__ = f"""Return x with ``A @ x = b`` by {about}, and 0 where it converged.

    A is a function of a vector, linear and of tensors, something with such a ``matvec``, a sparse matrix or
    a dense one; b is a vector. SciPy iterates, CuPy on CUDA, with its options (``rtol``, ``atol``,
    ``maxiter``, ...); M is a preconditioner of the same kinds. Differentiable to any order in b and in all
    tensors that A reads, by the same method with the adjoint: gradients are as exact as ``rtol`` says, 1e-5
    where nothing is said.

    >>> import anygrad as ag
    >>> A, b = ag.asarray([[4.0, 1.0], [1.0, 3.0]]), ag.asarray([6.0, 7.0])
    >>> ag.scipy.sparse.linalg.{name}(lambda x: A @ x, b, rtol=1e-12)[0]
    tensor([1., 2.], dtype=float64, device='cpu')
    """
    return solver


cg = _iterated("cg", True, "conjugate gradients, for A Hermitian and positive definite")
gmres = _iterated("gmres", False, "GMRES")
bicgstab = _iterated("bicgstab", False, "BiCGSTAB")
minres = _iterated("minres", True, "MINRES, for A symmetric")


def __getattr__(name: str) -> Any:
    raise missing("scipy.sparse.linalg", name)
