"""The special functions, under SciPy's names: those of ``anygrad.special``, with SciPy's signatures.

What SciPy writes in Python takes its arguments by name there, and so here; the rest are as they are.
Derivatives are those of ``anygrad.special``, whose docstrings say in which argument.
"""

from __future__ import annotations

import math
from typing import Any

from anygrad import special as _special
from anygrad.errors import UnsupportedError, message
from anygrad.op import ArrayLike
from anygrad.rules import whole_in
from anygrad.scipy.doors import given, missing
from anygrad.special import *  # noqa: F403
from anygrad.tensors import Tensor

_OWN = (
    *("comb", "diric", "eval_chebyt", "eval_chebyu", "eval_hermite", "eval_hermitenorm", "eval_laguerre"),
    *("eval_legendre", "factorial", "lambertw", "log_softmax", "logsumexp", "multigammaln", "perm"),
    *("polygamma", "powm1", "sinc", "softmax", "softplus", "zeta"),
)
__all__ = sorted({*_special.__all__, *_OWN})


def __getattr__(name: str) -> Any:
    raise missing("scipy.special", name)


def __dir__() -> list[str]:
    return __all__


def _refuse(op: str, **options: Any) -> None:
    for name, value in options.items():
        if value not in (False, None, "zero"):
            got = f"{name} is {value!r}"
            raise UnsupportedError(
                message(op, got, "this is computed in floating point", f"leave {name} out")
            )


# ---------------------------------------------------------------- with SciPy's signatures


def logsumexp(
    a: ArrayLike, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Return ``log(sum(b * exp(a)))`` along axes, with the gradients of ``anygrad.special.logsumexp``.

    >>> import anygrad as ag
    >>> ag.scipy.special.logsumexp(ag.asarray([0.0, 0.0]))
    tensor(0.69314718, dtype=float64, device='cpu')
    """
    return _special.logsumexp(a, axis=axis, b=b, keepdims=keepdims, return_sign=return_sign)


def softmax(x: ArrayLike, axis: Any = None) -> Tensor:
    """Return ``exp(x)`` over its sum along axes; gradients of any order.

    >>> import anygrad as ag
    >>> ag.scipy.special.softmax(ag.asarray([0.0, 0.0]))
    tensor([0.5, 0.5], dtype=float64, device='cpu')
    """
    return _special.softmax(x, axis=axis)


def log_softmax(x: ArrayLike, axis: Any = None) -> Tensor:
    """Return the logarithm of softmax along axes; gradients of any order.

    >>> import anygrad as ag
    >>> ag.scipy.special.log_softmax(ag.asarray([0.0, 0.0]))
    tensor([-0.69314718, -0.69314718], dtype=float64, device='cpu')
    """
    return _special.log_softmax(x, axis=axis)


def comb(N: ArrayLike, k: ArrayLike, *, exact: bool = False, repetition: bool = False) -> Tensor:
    """Return in how many ways k of N can be chosen, with ``repetition`` or without, in floating point.

    Gradients flow to both. Raises ``UnsupportedError`` for ``exact``.

    >>> import anygrad as ag
    >>> ag.scipy.special.comb(5.0, 2.0)
    tensor(10., dtype=float64, device='cpu')
    """
    _refuse("comb", exact=exact)
    if repetition:
        _, N, k = given("comb", N=N, k=k)
        return _special.comb(N + k - 1, k)
    return _special.comb(N, k)


def perm(N: ArrayLike, k: ArrayLike, exact: bool = False) -> Tensor:
    """Return in how many ways k of N can be lined up, in floating point; gradients flow to both.

    Raises ``UnsupportedError`` for ``exact``.

    >>> import anygrad as ag
    >>> ag.scipy.special.perm(5.0, 2.0)
    tensor(20., dtype=float64, device='cpu')
    """
    _refuse("perm", exact=exact)
    return _special.perm(N, k)


def factorial(n: ArrayLike, exact: bool = False, extend: str = "zero") -> Tensor:
    """Return n!, in floating point, zero for negative n; gradients flow to n.

    Raises ``UnsupportedError`` for ``exact`` and for another ``extend``.

    >>> import anygrad as ag
    >>> ag.scipy.special.factorial(4.0)
    tensor(24., dtype=float64, device='cpu')
    """
    _refuse("factorial", exact=exact, extend=extend)
    return _special.factorial(n)


def sinc(x: ArrayLike) -> Tensor:
    """Return ``sin(pi * x) / (pi * x)``; gradients of any order.

    >>> import anygrad as ag
    >>> ag.scipy.special.sinc(0.5)
    tensor(0.63661977, dtype=float64, device='cpu')
    """
    return _special.sinc(x)


def polygamma(n: ArrayLike, x: ArrayLike) -> Tensor:
    """Return the derivative of order n of digamma at x; gradients flow to x.

    >>> import anygrad as ag
    >>> ag.scipy.special.polygamma(1, 1.0)
    tensor(1.64493407, dtype=float64, device='cpu')
    """
    return _special.polygamma(n, x)


def multigammaln(a: ArrayLike, d: int) -> Tensor:
    """Return the logarithm of the gamma function of dimension d; gradients flow to a.

    >>> import anygrad as ag
    >>> ag.scipy.special.multigammaln(2.0, 1)
    tensor(0., dtype=float64, device='cpu')
    """
    return _special.multigammaln(a, d)


def zeta(x: ArrayLike, q: Any = None, out: Any = None) -> Tensor:
    """Return the zeta function of Riemann, or of Hurwitz with q; gradients flow to q.

    Raises ``UnsupportedError`` for ``out``.

    >>> import anygrad as ag
    >>> ag.scipy.special.zeta(2.0)
    tensor(1.64493407, dtype=float64, device='cpu')
    """
    if out is not None:
        raise UnsupportedError(message("zeta", "out is given", "results are new tensors", "leave it out"))
    return _special.zeta(x) if q is None else _special.zeta(x, q)


def lambertw(z: ArrayLike, k: int = 0, tol: float = 1e-8) -> Tensor:
    """Return the branch k of Lambert's W; gradients of any order. ``tol`` is not asked: it is exact.

    >>> import anygrad as ag
    >>> abs(ag.scipy.special.lambertw(1.0))
    tensor(0.56714329, dtype=float64, device='cpu')
    """
    return _special.lambertw(z, k)


# ---------------------------------------------------------------- beside those of anygrad.special


def softplus(x: ArrayLike) -> Tensor:
    """Return ``log(1 + exp(x))``; gradients of any order.

    >>> import anygrad as ag
    >>> ag.scipy.special.softplus(0.0)
    tensor(0.69314718, dtype=float64, device='cpu')
    """
    xp, x = given("softplus", x=x)
    return xp.logaddexp(x, xp.zeros_like(x))  # type: ignore[no-any-return]


def powm1(x: ArrayLike, y: ArrayLike) -> Tensor:
    """Return ``x ** y - 1``, exact where that is small; gradients flow to both, where x is above 0.

    For x at 0 or below it is the difference itself.

    >>> import anygrad as ag
    >>> ag.scipy.special.powm1(2.0, 3.0)
    tensor(7., dtype=float64, device='cpu')
    """
    xp, x, y = given("powm1", x=x, y=y)
    above = x > 0
    exact = xp.expm1(y * xp.log(xp.where(above, x, 1.0)))
    return xp.where(above, exact, xp.where(above, 1.0, x) ** y - 1)  # type: ignore[no-any-return]


def diric(x: ArrayLike, n: int) -> Tensor:
    """Return ``sin(n * x / 2) / (n * sin(x / 2))``, Dirichlet's kernel; gradients flow to x, of any order.

    It is computed as a sum of n cosines over n, which needs no division. Raises ``DtypeError`` for an n that
    is no integer.

    >>> import anygrad as ag
    >>> ag.scipy.special.diric(0.0, 3)
    tensor(1., dtype=float64, device='cpu')
    """
    xp, x = given("diric", x=x)
    n = whole_in("diric", "n", n)
    if n < 1:
        return xp.full_like(x * 1.0, math.nan)  # type: ignore[no-any-return]
    total = xp.ones_like(x * 1.0) * (n % 2)
    for i in range(n // 2):
        total = total + 2 * xp.cos((n - 1 - 2 * i) / 2 * x)
    return total / n  # type: ignore[no-any-return]


def _recurred(op: str, n: Any, x: Any, first: Any, step: Any) -> Tensor:
    """Return the polynomial of degree n from those of 0 and 1: ``p[k + 1] = step(k, x, p[k], p[k - 1])``."""
    xp, x = given(op, x=x)
    n = whole_in(op, "n", n)
    if n < 0:
        raise UnsupportedError(message(op, f"n is {n}", "expected 0 or more"))
    x = x * 1.0
    before, now = xp.ones_like(x), first(x)
    if n == 0:
        return before  # type: ignore[no-any-return]
    for k in range(1, n):
        before, now = now, step(k, x, now, before)
    return now  # type: ignore[no-any-return]


def eval_legendre(n: int, x: ArrayLike) -> Tensor:
    """Return Legendre's polynomial of degree n, an integer, at x; gradients flow to x, of any order.

    >>> import anygrad as ag
    >>> ag.scipy.special.eval_legendre(2, 0.5)
    tensor(-0.125, dtype=float64, device='cpu')
    """
    return _recurred(
        "eval_legendre", n, x, lambda x: x, lambda k, x, p, q: ((2 * k + 1) * x * p - k * q) / (k + 1)
    )


def eval_chebyt(n: int, x: ArrayLike) -> Tensor:
    """Return Chebyshev's polynomial of degree n, of the first kind, at x; gradients flow to x, of any order.

    >>> import anygrad as ag
    >>> ag.scipy.special.eval_chebyt(2, 0.5)
    tensor(-0.5, dtype=float64, device='cpu')
    """
    return _recurred("eval_chebyt", n, x, lambda x: x, lambda k, x, p, q: 2 * x * p - q)


def eval_chebyu(n: int, x: ArrayLike) -> Tensor:
    """Return Chebyshev's polynomial of degree n, of the second kind, at x; gradients flow to x, of any order.

    >>> import anygrad as ag
    >>> ag.scipy.special.eval_chebyu(2, 0.5)
    tensor(0., dtype=float64, device='cpu')
    """
    return _recurred("eval_chebyu", n, x, lambda x: 2 * x, lambda k, x, p, q: 2 * x * p - q)


def eval_hermite(n: int, x: ArrayLike) -> Tensor:
    """Return the physicists' Hermite polynomial of degree n at x; gradients flow to x, of any order.

    >>> import anygrad as ag
    >>> ag.scipy.special.eval_hermite(2, 0.5)
    tensor(-1., dtype=float64, device='cpu')
    """
    return _recurred("eval_hermite", n, x, lambda x: 2 * x, lambda k, x, p, q: 2 * x * p - 2 * k * q)


def eval_hermitenorm(n: int, x: ArrayLike) -> Tensor:
    """Return the probabilists' Hermite polynomial of degree n at x; gradients flow to x, of any order.

    >>> import anygrad as ag
    >>> ag.scipy.special.eval_hermitenorm(2, 0.5)
    tensor(-0.75, dtype=float64, device='cpu')
    """
    return _recurred("eval_hermitenorm", n, x, lambda x: x, lambda k, x, p, q: x * p - k * q)


def eval_laguerre(n: int, x: ArrayLike) -> Tensor:
    """Return Laguerre's polynomial of degree n at x; gradients flow to x, of any order.

    >>> import anygrad as ag
    >>> ag.scipy.special.eval_laguerre(2, 0.5)
    tensor(0.125, dtype=float64, device='cpu')
    """
    return _recurred(
        "eval_laguerre", n, x, lambda x: 1 - x, lambda k, x, p, q: ((2 * k + 1 - x) * p - k * q) / (k + 1)
    )
