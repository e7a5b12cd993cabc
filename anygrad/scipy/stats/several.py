"""Distributions of vectors and of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from anygrad.errors import ArgumentError, ShapeError, UnsupportedError, message
from anygrad.op import ArrayLike
from anygrad.scipy.doors import doubles
from anygrad.scipy.stats.families import Frozen, power_log
from anygrad.tensors import Tensor

__all__ = ["dirichlet", "invwishart", "multinomial", "multivariate_normal", "multivariate_t", "wishart"]

LOG_2PI = math.log(2 * math.pi)


def squeezed(xp: Any, x: Tensor) -> Tensor:
    """Leave out all axes of length one, as SciPy does."""
    return xp.squeeze(x, axis=tuple(i for i, n in enumerate(x.shape) if n == 1))  # type: ignore[no-any-return]


def _matrix(xp: Any, op: str, name: str, x: Tensor, dim: int) -> Tensor:
    """Return a square matrix: a number stands for a multiple of the identity, a vector for a diagonal."""
    if x.ndim < 2:
        return xp.eye(dim, dtype=x.dtype) * x  # type: ignore[no-any-return]
    if x.shape != (dim, dim):
        got = f"{name} has shape {x.shape}"
        raise ShapeError(message(op, got, f"expected ({dim}, {dim})"))
    return x


def _log_det(xp: Any, root: Tensor) -> Tensor:
    """Return the logarithm of a determinant from a Cholesky factor, or from several."""
    return 2 * xp.sum(xp.log(xp.linalg.diagonal(root)), axis=-1)  # type: ignore[no-any-return]


class Multivariate:
    """What distributions of vectors share: their look, and being frozen."""

    name = ""

    def __repr__(self) -> str:
        return f"<anygrad.scipy.stats.{self.name}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name == "rvs" and self.name == "multivariate_normal":
            advice = "draw with mean + anygrad.random.normal(0, 1, shape) @ L.T, of the covariance's factor L"
        else:
            advice = "it has " + ", ".join(
                n for n in dir(type(self)) if not n.startswith("_") and n != "name"
            )
        raise AttributeError(f"{self!r} has no {name!r}: {advice}")

    def _frozen(self, *args: Any, **kwds: Any) -> Frozen:
        return Frozen(self, args, {name: x for name, x in kwds.items() if x is not None})


class Elliptical(Multivariate):
    """A density that depends on ``(x - mean) / L``, where ``L`` is the Cholesky factor of a matrix."""

    def _regular(self, allow_singular: bool) -> None:
        if allow_singular:
            got = "allow_singular is True"
            raise UnsupportedError(message(self.name, got, "a Cholesky factor is needed", "leave it out"))

    def _taken(self, x: Any, mean: Any, cov: Any, names: str, allow_singular: bool) -> tuple[Any, ...]:
        """Return the namespace, the dimension, squared distances and the logarithm of the determinant."""
        self._regular(allow_singular)
        first, second = names.split()
        xp, x, mean, cov = doubles(self.name, x=x, **{first: mean, second: cov})
        dim = mean.size if mean is not None else cov.shape[0] if cov.ndim else 1
        cov = _matrix(xp, self.name, second, cov, dim)
        x = xp.reshape(x, (-1, 1) if dim == 1 and x.ndim == 1 else (1,) * (1 - x.ndim) + x.shape)
        if x.shape[-1] != dim or (mean is not None and mean.ndim > 1):
            got = f"x has shape {x.shape}" + ("" if mean is None else f", {first} has shape {mean.shape}")
            raise ShapeError(message(self.name, got, f"expected points of {dim} coordinates"))
        step = xp.reshape(x if mean is None else x - mean, (-1, dim))
        root = xp.linalg.cholesky(cov)
        white = xp.linalg.solve(root, xp.matrix_transpose(step))
        square = xp.reshape(xp.sum(white * white, axis=0), x.shape[:-1])
        return xp, dim, square, _log_det(xp, root)


class MultivariateNormal(Elliptical):
    """The normal distribution of vectors, of mean ``mean`` and covariance ``cov``.

    ``x`` has shape (..., k), ``mean`` (k,) or None for zeros, ``cov`` (k, k), (k,) for a diagonal, or a
    number. Gradients of any order flow to all three. ``cov`` must be positive definite: ``LinAlgError`` where
    NumPy computes, NaN where a library does not look; ``allow_singular`` is not there. Its lower triangle is
    read, and its gradient is symmetric. Axes of length one are left out of the result, as SciPy does.

    >>> import anygrad as ag
    >>> mean = ag.tensor([0.0, 1.0], requires_grad=True)
    >>> ag.scipy.stats.multivariate_normal.logpdf([1.0, 0.0], mean, 2.0).backward()
    >>> mean.grad
    tensor([ 0.5, -0.5], dtype=float64, device='cpu')
    """

    name = "multivariate_normal"

    def __call__(
        self, mean: Any = None, cov: Any = 1, allow_singular: bool = False, seed: Any = None
    ) -> Frozen:
        """Return the distribution with its parameters held."""
        self._regular(allow_singular)
        return self._frozen(mean=mean, cov=cov)

    def logpdf(self, x: ArrayLike, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Tensor:
        """Return the logarithm of the density at x."""
        xp, dim, square, log_det = self._taken(x, mean, cov, "mean cov", allow_singular)
        return squeezed(xp, -0.5 * (dim * LOG_2PI + log_det + square))

    def pdf(self, x: ArrayLike, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Tensor:
        """Return the density at x."""
        out = self.logpdf(x, mean, cov, allow_singular)
        return out.xp.tensors.exp(out)  # type: ignore[no-any-return]

    def entropy(self, mean: Any = None, cov: Any = 1) -> Tensor:
        """Return the entropy in nats."""
        xp, mean, cov = doubles("entropy", mean=mean, cov=cov)
        dim = mean.size if mean is not None else cov.shape[0] if cov.ndim else 1
        root = xp.linalg.cholesky(_matrix(xp, "entropy", "cov", cov, dim))
        return 0.5 * (dim * (LOG_2PI + 1) + _log_det(xp, root))


class MultivariateT(Elliptical):
    """Student's distribution of vectors, of location ``loc``, matrix ``shape`` and ``df`` degrees of freedom.

    Shapes, gradients and errors are those of ``multivariate_normal``; gradients flow to df too.

    >>> import anygrad as ag
    >>> ag.scipy.stats.multivariate_t.pdf([0.0, 0.0], [0.0, 0.0], 1.0, 3.0)
    tensor(0.15915494, dtype=float64, device='cpu')
    """

    name = "multivariate_t"

    def __call__(
        self, loc: Any = None, shape: Any = 1, df: Any = 1, allow_singular: bool = False, seed: Any = None
    ) -> Frozen:
        """Return the distribution with its parameters held."""
        self._regular(allow_singular)
        return self._frozen(loc=loc, shape=shape, df=df)

    def logpdf(self, x: ArrayLike, loc: Any = None, shape: Any = 1, df: Any = 1) -> Tensor:
        """Return the logarithm of the density at x."""
        xp, dim, square, log_det = self._taken(x, loc, shape, "loc shape", False)
        _, df, _ = doubles(self.name, df=df, x=square)
        endless = xp.isinf(df)
        k = xp.where(endless, 1.0, df)
        gammaln = xp.special.gammaln
        scale = gammaln((k + dim) / 2) - gammaln(k / 2) - dim / 2 * xp.log(k * math.pi)
        finite = scale - (k + dim) / 2 * xp.log1p(square / k)
        out = xp.where(endless, -0.5 * (dim * LOG_2PI + square), finite) - 0.5 * log_det
        return squeezed(xp, xp.where(df > 0, out, math.nan))

    def pdf(
        self, x: ArrayLike, loc: Any = None, shape: Any = 1, df: Any = 1, allow_singular: bool = False
    ) -> Tensor:
        """Return the density at x."""
        self._regular(allow_singular)
        out = self.logpdf(x, loc, shape, df)
        return out.xp.tensors.exp(out)  # type: ignore[no-any-return]


class Dirichlet(Multivariate):
    """Dirichlet's distribution over probabilities, of concentrations ``alpha``, (k,).

    ``x`` has shape (k,) or (k, n), or k - 1 where the last is what lacks to 1; its sum and its bounds are
    looked at. Gradients of any order flow to x and alpha; where x is 0 those of its logarithm are zero.
    Raises ``ArgumentError`` for what are no probabilities, ``ShapeError`` for what does not fit.

    >>> import anygrad as ag
    >>> ag.scipy.stats.dirichlet.logpdf([0.2, 0.3, 0.5], [1.0, 2.0, 3.0])
    tensor(1.5040774, dtype=float64, device='cpu')
    """

    name = "dirichlet"

    def __call__(self, alpha: Any, seed: Any = None) -> Frozen:
        """Return the distribution with its parameters held."""
        return self._frozen(alpha)

    def _alpha(self, alpha: Any, **more: Any) -> tuple[Any, ...]:
        xp, alpha, *rest = doubles(self.name, alpha=alpha, **more)
        if alpha.ndim != 1:
            raise ShapeError(message(self.name, f"alpha has shape {alpha.shape}", "expected one axis"))
        if not np.all(alpha.xp.to_numpy(alpha.array) > 0):
            raise ArgumentError(message(self.name, "alpha is not above 0", "expected positive numbers"))
        return xp, alpha, *rest

    def logpdf(self, x: ArrayLike, alpha: Any) -> Tensor:
        """Return the logarithm of the density at x."""
        xp, alpha, x = self._alpha(alpha, x=x)
        k = alpha.shape[0]
        if not x.ndim or x.shape[0] not in (k - 1, k):
            got = f"x has shape {x.shape}, alpha has shape {alpha.shape}"
            raise ShapeError(message(self.name, got, f"expected {k} or {k - 1} entries along axis 0"))
        if x.shape[0] == k - 1:
            x = xp.concat([x, 1 - xp.sum(x, axis=0, keepdims=True)])
        host = x.xp.to_numpy(x.array)
        if np.any(host < 0) or np.any(host > 1) or np.any(np.abs(host.sum(0) - 1) > 1e-9):
            got = "x holds what are no probabilities"
            raise ArgumentError(message(self.name, got, "expected numbers from 0 to 1 of sum 1"))
        gammaln = xp.special.gammaln
        log_beta = xp.sum(gammaln(alpha)) - gammaln(xp.sum(alpha))
        c = xp.reshape(alpha - 1, (-1,) + (1,) * (x.ndim - 1))
        return squeezed(xp, xp.sum(power_log(xp, c, x), axis=0) - log_beta)

    def pdf(self, x: ArrayLike, alpha: Any) -> Tensor:
        """Return the density at x."""
        out = self.logpdf(x, alpha)
        return out.xp.tensors.exp(out)  # type: ignore[no-any-return]

    def mean(self, alpha: Any) -> Tensor:
        """Return the mean."""
        xp, alpha = self._alpha(alpha)
        return squeezed(xp, alpha / xp.sum(alpha))

    def var(self, alpha: Any) -> Tensor:
        """Return the variance of each entry."""
        xp, alpha = self._alpha(alpha)
        total = xp.sum(alpha)
        return squeezed(xp, alpha * (total - alpha) / (total * total * (total + 1)))

    def entropy(self, alpha: Any) -> Tensor:
        """Return the entropy in nats."""
        xp, alpha = self._alpha(alpha)
        gammaln, digamma, total = xp.special.gammaln, xp.special.digamma, xp.sum(alpha)
        log_beta = xp.sum(gammaln(alpha)) - gammaln(total)
        spread = (total - alpha.shape[0]) * digamma(total) - xp.sum((alpha - 1) * digamma(alpha))
        return log_beta + spread  # type: ignore[no-any-return]


class Multinomial(Multivariate):
    """How often each of k outcomes is seen in ``n`` trials, with probabilities ``p`` of shape (..., k).

    ``x`` has shape (..., k). Gradients of any order flow to p, but not to its last entries, which, as in
    SciPy, are what lacks to 1; x and n have none, and are refused where they require one. Counts that do not
    add up to n have probability 0; parameters that are not allowed give NaN.

    >>> import anygrad as ag
    >>> p = ag.tensor([0.25, 0.75], requires_grad=True)
    >>> ag.scipy.stats.multinomial.logpmf([1, 3], 4, p).backward()
    >>> p.grad
    tensor([0., 0.], dtype=float64, device='cpu')
    """

    name = "multinomial"

    def __call__(self, n: Any, p: Any, seed: Any = None) -> Frozen:
        """Return the distribution with its parameters held."""
        return self._frozen(n, p)

    def _taken(self, n: Any, p: Any, **more: Any) -> tuple[Any, ...]:
        xp, n, p, *rest = doubles(self.name, n=n, p=p, **more)
        for name, x in {"n": n, **dict(zip(more, rest, strict=True))}.items():
            if x.requires_grad:
                got = f"{name} requires a gradient"
                raise UnsupportedError(message(self.name, got, f"pass {name}.detach()"))
        p = xp.concat([p[..., :-1], 1 - xp.sum(p[..., :-1], axis=-1, keepdims=True)], axis=-1)
        now = p.detach()
        allowed = xp.all(xp.logical_and(now >= 0, now <= 1), axis=-1)
        valid = xp.logical_and(allowed, xp.logical_and(n >= 0, xp.floor(n) == n))
        return xp, n, p, valid, *rest

    def logpmf(self, x: ArrayLike, n: Any, p: Any) -> Tensor:
        """Return the logarithm of the probability of x."""
        xp, n, p, valid, x = self._taken(n, p, x=x)
        whole = xp.all(xp.logical_and(x >= 0, xp.floor(x) == x), axis=-1)
        whole = xp.logical_and(whole, xp.sum(x, axis=-1) == n)
        counts = xp.where(xp.expand_dims(whole, axis=-1), x, 0.0)
        p = xp.where(xp.expand_dims(valid, axis=-1), p, 0.5)
        terms = xp.special.xlogy(counts, p) - xp.special.gammaln(counts + 1)
        out = xp.special.gammaln(n + 1) + xp.sum(terms, axis=-1)
        return xp.where(valid, xp.where(whole, out, -math.inf), math.nan)  # type: ignore[no-any-return]

    def pmf(self, x: ArrayLike, n: Any, p: Any) -> Tensor:
        """Return the probability of x."""
        out = self.logpmf(x, n, p)
        xp = out.xp.tensors
        zero = out == -math.inf
        return xp.where(zero, 0.0, xp.exp(xp.where(zero, 0.0, out)))  # type: ignore[no-any-return]

    def mean(self, n: Any, p: Any) -> Tensor:
        """Return how often each outcome is expected."""
        xp, n, p, valid = self._taken(n, p)
        return xp.where(xp.expand_dims(valid, axis=-1), xp.expand_dims(n, axis=-1) * p, math.nan)  # type: ignore[no-any-return]


class Wishart(Multivariate):
    """Wishart's distribution of matrices, of ``df`` degrees of freedom and matrix ``scale``, (p, p).

    ``x`` has shape (p, p), or (p, p, n) for n matrices. Gradients of any order flow to x, df and scale.
    Matrices must be positive definite, as for ``multivariate_normal``.

    >>> import anygrad as ag
    >>> ag.scipy.stats.wishart.logpdf([[1.0, 0.0], [0.0, 1.0]], 3.0, [[1.0, 0.0], [0.0, 1.0]])
    tensor(-3.53102425, dtype=float64, device='cpu')
    """

    name, inverse = "wishart", False

    def __call__(self, df: Any = None, scale: Any = None, seed: Any = None) -> Frozen:
        """Return the distribution with its parameters held."""
        return self._frozen(df=df, scale=scale)

    def logpdf(self, x: ArrayLike, df: Any, scale: Any) -> Tensor:
        """Return the logarithm of the density at x."""
        xp, x, df, scale = doubles(self.name, x=x, df=df, scale=scale)
        dim = scale.shape[0] if scale.ndim else 1
        scale = _matrix(xp, self.name, "scale", scale, dim)
        x = xp.reshape(x, (dim, dim) if dim == 1 and not x.ndim else x.shape)
        if x.shape[:2] != (dim, dim) or x.ndim > 3:
            got = f"x has shape {x.shape}, scale has shape {scale.shape}"
            raise ShapeError(message(self.name, got, "expected (p, p) or (p, p, n)"))
        x = xp.moveaxis(x, -1, 0) if x.ndim == 3 else x
        log_x, log_scale = (_log_det(xp, xp.linalg.cholesky(z)) for z in (x, scale))
        over, under = (scale, x) if self.inverse else (x, scale)
        trace = xp.linalg.trace(xp.linalg.solve(under, xp.broadcast_to(over, x.shape)))
        constant = df * (dim * math.log(2) / 2) + xp.special.multigammaln(df / 2, dim)
        if self.inverse:
            out = df / 2 * log_scale - constant - (df + dim + 1) / 2 * log_x - trace / 2
        else:
            out = (df - dim - 1) / 2 * log_x - trace / 2 - constant - df / 2 * log_scale
        return squeezed(xp, out)

    def pdf(self, x: ArrayLike, df: Any, scale: Any) -> Tensor:
        """Return the density at x."""
        out = self.logpdf(x, df, scale)
        return out.xp.tensors.exp(out)  # type: ignore[no-any-return]

    def mean(self, df: Any, scale: Any) -> Tensor:
        """Return the mean."""
        xp, df, scale = doubles(self.name, df=df, scale=scale)
        dim = scale.shape[0] if scale.ndim else 1
        scale = _matrix(xp, self.name, "scale", scale, dim)
        return squeezed(xp, scale / (df - dim - 1) if self.inverse else df * scale)


class InverseWishart(Wishart):
    """The distribution of the inverse of a matrix of Wishart's; all else is as of ``wishart``.

    >>> import anygrad as ag
    >>> ag.scipy.stats.invwishart.logpdf([[1.0, 0.0], [0.0, 1.0]], 3.0, [[1.0, 0.0], [0.0, 1.0]])
    tensor(-3.53102425, dtype=float64, device='cpu')
    """

    name, inverse = "invwishart", True


dirichlet = Dirichlet()
invwishart = InverseWishart()
multinomial = Multinomial()
multivariate_normal = MultivariateNormal()
multivariate_t = MultivariateT()
wishart = Wishart()
