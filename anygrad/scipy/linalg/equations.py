"""Matrix equations: Sylvester's, Lyapunov's and Riccati's.

SciPy solves Riccati's, on NumPy, and Sylvester's there; the derivative of each is another such equation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, LinAlgError, ShapeError, message
from anygrad.op import ArrayLike, operation
from anygrad.rules import is_complex
from anygrad.scipy.doors import declared, given
from anygrad.scipy.implied import implied
from anygrad.scipy.linalg.operands import adjoint, floats
from anygrad.tensors import Tensor

__all__ = [
    "solve_continuous_are",
    "solve_continuous_lyapunov",
    "solve_discrete_are",
    "solve_discrete_lyapunov",
    "solve_lyapunov",
    "solve_sylvester",
]


def _sides(a: ArrayLike, b: ArrayLike, q: ArrayLike, /) -> dict[str, Any]:
    batch, (m, n) = q.shape[:-2], q.shape[-2:] if q.ndim > 1 else (-1, -1)
    if a.shape != (*batch, m, m) or b.shape != (*batch, n, n):
        got = f"a has shape {a.shape}, b has shape {b.shape}, q has shape {q.shape}"
        raise ShapeError(message("solve_sylvester", got, "expected (..., m, m), (..., n, n) and (..., m, n)"))
    return {}


def _sylvester(xp, a, b, q):
    """Solve by SciPy on NumPy, elsewhere as the dense system kron(a, 1) + kron(1, b.T)."""
    if xp.name == "cpu":
        return xp.scipy_function("linalg", "solve_sylvester")(a, b, q)
    batch, (m, n) = q.shape[:-2], q.shape[-2:]
    left = xp.eye(n, dtype=q.dtype, device=xp.device)
    left = xp.reshape(a, (*batch, m, 1, m, 1)) * xp.reshape(left, (n, 1, n))
    right = xp.reshape(xp.eye(m, dtype=q.dtype, device=xp.device), (m, 1, m, 1))
    right = right * xp.reshape(xp.matrix_transpose(b), (*batch, 1, n, 1, n))
    system = xp.reshape(left + right, (*batch, m * n, m * n))
    return xp.reshape(xp.linalg.solve(system, xp.reshape(q, (*batch, m * n, 1))), q.shape)


def _pulled(xp, g, a, b):
    turned = xp.matrix_transpose
    return xp.scipy.linalg.solve_sylvester(turned(a), turned(b), g)


_solve_sylvester = declared(
    operation(
        "scipy.linalg.solve_sylvester",
        _sylvester,
        inputs="a b q",
        da=lambda xp, g, a, b, out: -xp.matmul(_pulled(xp, g, a, b), xp.matrix_transpose(out)),
        db=lambda xp, g, a, b, out: -xp.matmul(xp.matrix_transpose(out), _pulled(xp, g, a, b)),
        dq=lambda xp, g, a, b: _pulled(xp, g, a, b),
        prepare=_sides,
        accepts="floating",
        alike=True,
        method=False,
        doc="Return the solution of Sylvester's equation.",
    )
)


def solve_sylvester(a: ArrayLike, b: ArrayLike, q: ArrayLike) -> Tensor:
    """Return x with ``a @ x + x @ b = q``: (..., m, n) for a (..., m, m), b (..., n, n), q (..., m, n).

    Floating or complex; by SciPy on NumPy, elsewhere as one dense system of m * n equations. Differentiable
    to any order in all: with z the solution for the adjoints of a and b and the gradient, q gets z, a gets
    ``-z @ x^H``, b ``-x^H @ z``: Kao and Hennequin (2020), Automatic differentiation of Sylvester,
    Lyapunov, and algebraic Riccati equations, 2. Raises ``ShapeError``.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.solve_sylvester(ag.asarray([[2.0]]), ag.asarray([[1.0]]), ag.asarray([[6.0]]))
    tensor([[2.]], dtype=float64, device='cpu')
    """
    _, a, b, q = floats("solve_sylvester", True, a=a, b=b, q=q)
    return _solve_sylvester(a, b, q)


def solve_continuous_lyapunov(a: ArrayLike, q: ArrayLike) -> Tensor:
    """Return x with ``a @ x + x @ a^H = q``, for square matrices a and q of one shape.

    As ``solve_sylvester``, through which it goes.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.solve_continuous_lyapunov(ag.asarray([[2.0]]), ag.asarray([[8.0]]))
    tensor([[2.]], dtype=float64, device='cpu')
    """
    xp, a, q = given("solve_continuous_lyapunov", a=a, q=q)
    return solve_sylvester(a, adjoint(xp, a), q)


solve_lyapunov = solve_continuous_lyapunov


def solve_discrete_lyapunov(a: ArrayLike, q: ArrayLike, method: str | None = None) -> Tensor:
    """Return x with ``a @ x @ a^H - x + q = 0``, for square matrices a and q of one shape.

    ``method``: "direct", one dense system of n**2 equations, on every device; "bilinear", a Lyapunov
    equation, on NumPy alone; None takes the first up to n = 9. Differentiable to any order in both.

    >>> import anygrad as ag
    >>> ag.scipy.linalg.solve_discrete_lyapunov(ag.asarray([[0.5]]), ag.asarray([[3.0]]))
    tensor([[4.]], dtype=float64, device='cpu')
    """
    xp, a, q = floats("solve_discrete_lyapunov", a=a, q=q)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or q.shape != a.shape:
        got = f"a has shape {a.shape}, q has shape {q.shape}"
        raise ShapeError(message("solve_discrete_lyapunov", got, "expected two (n, n)"))
    n = a.shape[0]
    one = xp.eye(n, dtype=a.dtype)
    method = method or ("direct" if n < 10 else "bilinear")
    if method == "direct":
        other = xp.conj(a) if is_complex(xp, a.dtype) else a
        product = xp.reshape(a, (n, 1, n, 1)) * xp.reshape(other, (1, n, 1, n))
        system = xp.eye(n * n, dtype=a.dtype) - xp.reshape(product, (n * n, n * n))
        return xp.reshape(xp.linalg.solve(system, xp.reshape(q, (-1,))), (n, n))
    if method != "bilinear":
        got = f"method is {method!r}"
        raise ArgumentError(message("solve_discrete_lyapunov", got, "expected 'direct' or 'bilinear'"))
    a = adjoint(xp, a)
    right = xp.linalg.inv(a + one)
    b = (a - one) @ right
    c = 2 * (adjoint(xp, right) @ q @ right)
    return solve_continuous_lyapunov(adjoint(xp, b), -c)


# ---------------------------------------------------------------- Riccati


def _riccati(op: str, operands: dict[str, Any], balanced: bool, residual: Any, pulled: Any) -> Tensor:
    """Return SciPy's solution, in the graph by its equation; ``pulled`` solves its derivative's adjoint."""
    xp, *tensors = floats(op, True, **operands)
    solve = tensors[0].xp.scipy_function("linalg", op)
    arrays = [None if t is None else t.array for t in tensors]
    try:
        found = solve(*arrays, balanced=balanced)
    except np.linalg.LinAlgError as error:
        got = f"a has shape {tensors[0].shape}: {error}"
        raise LinAlgError(message(op, got, "expected a pair (a, b) that can be stabilised")) from error
    a, b, q, r, e, s = tensors
    s = xp.zeros(b.shape, dtype=b.dtype) if s is None else s

    def equation(x: Any) -> Any:
        return residual(xp, x, a, b, q, r, e, s)

    def adjoint_solve(_: Any, x: Any, g: Any) -> Any:
        return pulled(xp, x, g, a, b, r, e, s)

    dtype = np.result_type(*(t.dtype for t in tensors if t is not None))
    return implied(op, equation, xp.astype(xp.asarray(found), dtype, copy=False), adjoint_solve)


def _gain(xp: Any, x: Any, b: Any, r: Any, e: Any, s: Any) -> Any:
    right = x if e is None else x @ e
    return xp.linalg.solve(r, adjoint(xp, b) @ right + adjoint(xp, s))


def _continuous(xp: Any, x: Any, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
    right = x if e is None else x @ e
    half = adjoint(xp, a) @ right
    left = right if e is None else adjoint(xp, e) @ x
    return half + left @ a - (left @ b + s) @ _gain(xp, x, b, r, e, s) + q


def _continuous_pulled(xp: Any, x: Any, g: Any, a: Any, b: Any, r: Any, e: Any, s: Any) -> Any:
    closed = a - b @ _gain(xp, x, b, r, e, s)
    if e is None:
        return solve_continuous_lyapunov(closed, g)
    g = adjoint(xp, xp.linalg.solve(e, adjoint(xp, xp.linalg.solve(e, g))))
    return solve_continuous_lyapunov(xp.linalg.solve(e, closed), g)


def solve_continuous_are(
    a: ArrayLike,
    b: ArrayLike,
    q: ArrayLike,
    r: ArrayLike,
    e: ArrayLike | None = None,
    s: ArrayLike | None = None,
    balanced: bool = True,
) -> Tensor:
    """Return the stabilising x of the continuous-time algebraic Riccati equation.

    ``a^H x e + e^H x a - (e^H x b + s) r^-1 (b^H x e + s^H) + q = 0``, e the identity and s zero where they
    are not given: a, e, q are (m, m), b and s (m, n), r (n, n), q and r Hermitian. On NumPy alone, by SciPy.
    Differentiable to any order in all, by the implicit function theorem: Kao and Hennequin (2020), 4.
    Raises ``LinAlgError`` where there is no such solution.

    >>> import anygrad as ag
    >>> one = ag.asarray([[1.0]])
    >>> ag.scipy.linalg.solve_continuous_are(0.0 * one, one, 4.0 * one, one)
    tensor([[2.]], dtype=float64, device='cpu')
    """
    operands = {"a": a, "b": b, "q": q, "r": r, "e": e, "s": s}
    return _riccati("solve_continuous_are", operands, balanced, _continuous, _continuous_pulled)


def _discrete_gain(xp: Any, x: Any, a: Any, b: Any, r: Any, s: Any) -> Any:
    half = adjoint(xp, b) @ x
    return xp.linalg.solve(r + half @ b, half @ a + adjoint(xp, s))


def _discrete(xp: Any, x: Any, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
    left = adjoint(xp, a) @ x
    out = left @ a - (left @ b + s) @ _discrete_gain(xp, x, a, b, r, s) + q
    return out - (x if e is None else adjoint(xp, e) @ x @ e)


def _discrete_pulled(xp: Any, x: Any, g: Any, a: Any, b: Any, r: Any, e: Any, s: Any) -> Any:
    closed = a - b @ _discrete_gain(xp, x, a, b, r, s)
    if e is None:
        return solve_discrete_lyapunov(closed, -g)
    g = adjoint(xp, xp.linalg.solve(e, adjoint(xp, xp.linalg.solve(e, g))))
    return solve_discrete_lyapunov(xp.linalg.solve(e, closed), -g)


def solve_discrete_are(
    a: ArrayLike,
    b: ArrayLike,
    q: ArrayLike,
    r: ArrayLike,
    e: ArrayLike | None = None,
    s: ArrayLike | None = None,
    balanced: bool = True,
) -> Tensor:
    """Return the stabilising x of the discrete-time algebraic Riccati equation.

    ``a^H x a - e^H x e - (a^H x b + s) (r + b^H x b)^-1 (b^H x a + s^H) + q = 0``; else as
    ``solve_continuous_are``.

    >>> import anygrad as ag
    >>> one = ag.asarray([[1.0]])
    >>> ag.scipy.linalg.solve_discrete_are(0.0 * one, one, 4.0 * one, one)
    tensor([[4.]], dtype=float64, device='cpu')
    """
    operands = {"a": a, "b": b, "q": q, "r": r, "e": e, "s": s}
    return _riccati("solve_discrete_are", operands, balanced, _discrete, _discrete_pulled)
