"""What networks call on every step, in standard functions: the defaults of the extras in ``NEURAL``.

A backend replaces them by functions that go over the rows of an array once. Each is also a row, so that
what a formula calls here is differentiable too. Knows no array library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

__all__ = ["NEURAL", "NeuralExtras"]

NEURAL = (
    "label_loss",
    "label_loss_dx",
    "log_softmax",
    "log_softmax_dx",
    "relu",
    "sigmoid",
    "softmax",
    "softmax_dx",
)


class NeuralExtras:
    """The part of a backend that is there for networks; ``self`` is the backend, which has the standard."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def floats(self, x: Any) -> Any:
        """Return real numbers as floats, in the dtype that NumPy computes ``exp`` of them in."""
        dtype = self.dtype_of(x)
        if dtype.kind == "f":
            return x
        if dtype.kind == "c":
            raise TypeError("complex numbers have no order")
        return self.astype(x, self.natives[np.result_type(dtype, np.float16)])

    def relu(self, x: Any) -> Any:
        """Return x where it is positive (or NaN), else 0."""
        if self.dtype_of(x).kind == "c":
            raise TypeError("complex numbers have no order")
        return self.maximum(x, 0)

    def sigmoid(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x)), exact to the last bits on either side, without overflow."""
        x = self.floats(x)
        small = self.exp(-self.abs(x))
        return self.where(x < 0, small, 1) / (1 + small)

    def softmax(self, x: Any, axis: Any) -> Any:
        """Return exp(x) divided by its sum along the axis."""
        x = self.floats(x)
        e = self.exp(x - self.max(x, axis=axis, keepdims=True))
        return e / self.sum(e, axis=axis, keepdims=True)

    def softmax_dx(self, y: Any, x: Any, axis: Any) -> Any:
        """Return the gradient of a softmax, ``x`` its result, from that of the result, ``y``."""
        return x * (y - self.sum(y * x, axis=axis, keepdims=True))

    def log_softmax(self, x: Any, axis: Any) -> Any:
        """Return x less the logarithm of the sum of exp(x) along the axis."""
        x = self.floats(x)
        x = x - self.max(x, axis=axis, keepdims=True)
        return x - self.log(self.sum(self.exp(x), axis=axis, keepdims=True))

    def log_softmax_dx(self, y: Any, x: Any, axis: Any) -> Any:
        """Return the gradient of a log-softmax, ``x`` its result, from that of the result, ``y``."""
        return y - self.exp(x) * self.sum(y, axis=axis, keepdims=True)

    def label_loss(self, x: Any, labels: Any, ignore_index: int, reduction: str) -> tuple[Any, Any, Any]:
        """Return what the rows of x (n, classes) lose to labels (n), what each weighs, and softmax.

        The loss of a row is the logarithm of the sum of exp(x), less x at the label: 0 where the label is
        ``ignore_index``, NaN where it is no class.
        """
        x = self.floats(x)
        n, count = x.shape
        x = x - self.max(x, axis=1, keepdims=True)
        e = self.exp(x)
        total = self.sum(e, axis=1, keepdims=True)
        hit, kept = self._hits(labels, count, ignore_index)
        picked = self.sum(self.where(hit, x, 0), axis=1)
        known = (labels >= 0) & (labels < count)
        losses = self.where(known, self.log(self.reshape(total, (n,))) - picked, float("nan"))
        losses = self.where(kept, losses, 0)
        share = self.ones((), dtype=x.dtype, device=self.device)
        if reduction == "none":
            return losses, share, e / total
        loss = self.sum(losses)
        if reduction == "mean":
            share = share / self.astype(self.count_nonzero(kept), x.dtype)
            loss = loss * share
        return loss, share, e / total

    def label_loss_dx(
        self, y: Any, x: Any, labels: Any, share: Any, ignore_index: int, reduction: str
    ) -> Any:
        """Return the gradient of ``label_loss``, ``x`` its softmax, from that of the loss, ``y``."""
        n, count = x.shape
        hit, kept = self._hits(labels, count, ignore_index)
        scale = self.reshape(y * share, (n, 1) if reduction == "none" else (1, 1))
        return self.where(self.reshape(kept, (n, 1)), scale * self.where(hit, x - 1, x), 0)

    def _hits(self, labels: Any, count: int, ignore_index: int) -> tuple[Any, Any]:
        """Tell of each row which entry its label picks, and whether its label counts at all."""
        classes = self.reshape(self.arange(count, dtype=labels.dtype, device=self.device), (1, count))
        return self.reshape(labels, (labels.shape[0], 1)) == classes, labels != ignore_index
