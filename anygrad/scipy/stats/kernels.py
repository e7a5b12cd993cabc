"""A density estimated from data, a normal kernel at each point."""

from __future__ import annotations

import math
from typing import Any

from anygrad.errors import ArgumentError, ShapeError, message
from anygrad.op import ArrayLike
from anygrad.scipy.doors import doubles
from anygrad.scipy.spatial.pairs import between
from anygrad.tensors import Tensor

__all__ = ["gaussian_kde"]


class gaussian_kde:
    """Estimate a density by normal kernels, whose covariance is that of the data times a squared factor.

    ``dataset`` has shape (d, n), or (n,); ``bw_method`` is ``'scott'``, ``'silverman'``, a number, or a
    function of the estimate. Gradients of any order flow to the data, the weights, a factor and the points of
    a call. Raises ``ShapeError`` and ``ArgumentError`` for what does not fit, ``LinAlgError`` for data in
    fewer than d dimensions.

    >>> import anygrad as ag
    >>> data = ag.tensor([0.0, 1.0, 3.0], requires_grad=True)
    >>> density = ag.scipy.stats.gaussian_kde(data)
    >>> density.logpdf(1.0)
    tensor([-1.53760404], dtype=float64, device='cpu', grad_fn=<subtract>)
    """

    def __init__(self, dataset: ArrayLike, bw_method: Any = None, weights: ArrayLike | None = None) -> None:
        xp, dataset, weights = doubles("gaussian_kde", dataset=dataset, weights=weights)
        self.dataset = xp.reshape(dataset, (1, -1)) if dataset.ndim < 2 else dataset
        if self.dataset.ndim != 2 or self.dataset.size < 2:
            got = f"dataset has shape {dataset.shape}"
            raise ShapeError(message("gaussian_kde", got, "expected (d, n), of several points"))
        self.d, self.n = self.dataset.shape
        if weights is None:
            weights = xp.full((self.n,), 1.0 / self.n, dtype=self.dataset.dtype)
        if weights.shape != (self.n,):
            got = f"weights has shape {weights.shape}"
            raise ShapeError(message("gaussian_kde", got, f"expected ({self.n},)"))
        self.weights = weights / xp.sum(weights)
        self.neff = 1 / xp.sum(self.weights * self.weights)
        self.set_bandwidth(bw_method)

    def scotts_factor(self) -> Tensor:
        """Return ``neff ** (-1 / (d + 4))``."""
        return self.neff ** (-1.0 / (self.d + 4))  # type: ignore[no-any-return]

    def silverman_factor(self) -> Tensor:
        """Return ``(neff * (d + 2) / 4) ** (-1 / (d + 4))``."""
        return (self.neff * (self.d + 2.0) / 4.0) ** (-1.0 / (self.d + 4))  # type: ignore[no-any-return]

    def set_bandwidth(self, bw_method: Any = None) -> None:
        """Choose the factor anew."""
        if bw_method is None or (isinstance(bw_method, str) and bw_method == "scott"):
            factor: Any = self.scotts_factor()
        elif isinstance(bw_method, str) and bw_method == "silverman":
            factor = self.silverman_factor()
        elif isinstance(bw_method, str):
            got = f"bw_method is {bw_method!r}"
            expected = "expected 'scott', 'silverman', a number or a function"
            raise ArgumentError(message("gaussian_kde", got, expected))
        else:
            factor = bw_method(self) if callable(bw_method) else bw_method
        xp, self.factor, _ = doubles("gaussian_kde", factor=factor, dataset=self.dataset)
        step = self.dataset - xp.sum(self.dataset * self.weights, axis=1, keepdims=True)
        spread = (step * self.weights) @ xp.matrix_transpose(step) / (1 - xp.sum(self.weights**2))
        self._root = xp.linalg.cholesky(spread) * self.factor
        self.covariance = spread * self.factor**2

    @property
    def inv_cov(self) -> Tensor:
        """The inverse of the covariance of the kernels."""
        return self.covariance.xp.tensors.linalg.inv(self.covariance)  # type: ignore[no-any-return]

    def _exponents(self, points: Any) -> tuple[Any, Tensor]:
        """Return the exponent of each point, (m,), and each kernel, (n,), but for the normalization."""
        xp, points, _ = doubles("gaussian_kde", points=points, dataset=self.dataset)
        points = xp.reshape(points, (1, -1)) if points.ndim < 2 else points
        if points.shape[0] != self.d and points.shape == (1, self.d):
            points = xp.reshape(points, (self.d, 1))
        if points.ndim != 2 or points.shape[0] != self.d:
            got = f"points has shape {points.shape}"
            raise ShapeError(message("gaussian_kde", got, f"expected ({self.d}, m)"))
        white = xp.matrix_transpose(xp.linalg.solve(self._root, xp.concat([points, self.dataset], axis=1)))
        m = points.shape[1]
        return xp, -0.5 * between(white[:m], white[m:], p=2.0, rooted=False)

    def _log_norm(self, xp: Any) -> Tensor:
        logs = xp.sum(xp.log(xp.linalg.diagonal(self._root)))
        return logs + self.d / 2 * math.log(2 * math.pi)  # type: ignore[no-any-return]

    def evaluate(self, points: ArrayLike) -> Tensor:
        """Return the density at points, (d, m) or (m,): of shape (m,)."""
        xp, exponents = self._exponents(points)
        return xp.exp(exponents) @ self.weights / xp.exp(self._log_norm(xp))  # type: ignore[no-any-return]

    __call__ = evaluate

    def pdf(self, x: ArrayLike) -> Tensor:
        """Return the density at points: ``evaluate``."""
        return self.evaluate(x)

    def logpdf(self, x: ArrayLike) -> Tensor:
        """Return the logarithm of the density at points, exact where that is small."""
        xp, exponents = self._exponents(x)
        zero = self.weights == 0
        logs = xp.where(zero, -math.inf, xp.log(xp.where(zero, 1.0, self.weights)))
        return xp.special.logsumexp(exponents + logs, axis=1) - self._log_norm(xp)  # type: ignore[no-any-return]
