"""What networks call on every step, in standard functions: the defaults of the extras in ``NEURAL``.

A backend replaces them by functions that go over the rows of an array once. Each is also a row, so that
what a formula calls here is differentiable too. Knows no array library.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

__all__ = ["FAR", "MIDDLE", "NEAR", "NEURAL", "NeuralExtras", "ratio"]

NEURAL = (
    "label_loss",
    "label_loss_dx",
    "log_softmax",
    "log_softmax_dx",
    "ndtr",
    "relu",
    "sigmoid",
    "softmax",
    "softmax_dx",
)

NEAR = (
    (0.185777706184603153, 3.1611237438705656, 113.864154151050156, 377.485237685302021, 3209.37758913846947),
    (1.0, 23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062),
)
MIDDLE = (
    (
        *(2.15311535474403846e-8, 0.564188496988670089, 8.88314979438837594, 66.1191906371416295),
        *(298.635138197400131, 881.95222124176909, 1712.04761263407058, 2051.07837782607147),
        1230.33935479799725,
    ),
    (
        *(1.0, 15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019),
        *(3290.79923573345963, 4362.61909014324716, 3439.36767414372164, 1230.33935480374942),
    ),
)
FAR = (
    (
        *(0.0163153871373020978, 0.305326634961232344, 0.360344899949804439),
        *(0.125781726111229246, 0.0160837851487422766, 6.58749161529837803e-4),
    ),
    (
        *(1.0, 2.56852019228982242, 1.87295284992346725, 0.527905102951428412),
        *(0.0605183413124413191, 2.33520497626869185e-3),
    ),
)


def ratio(x: Any, above: tuple[float, ...], below: tuple[float, ...]) -> Any:
    """Return a polynomial divided by another, coefficients from the highest power down."""
    parts = []
    for coefficients in (above, below):
        value = coefficients[0]
        for c in coefficients[1:]:
            value = value * x + c
        parts.append(value)
    return parts[0] / parts[1]


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
        kind = self.dtype_of(x).kind
        if kind == "c":
            raise TypeError("complex numbers have no order")
        if kind == "b":
            x = self.astype(x, self.natives[self.within(np.dtype("int64"))])
        return self.maximum(x, 0)

    def sigmoid(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x)), exact to the last bits on either side, without overflow."""
        x = self.floats(x)
        small = self.exp(-self.abs(x))
        return self.where(x < 0, small, 1) / (1 + small)

    def ndtr(self, x: Any) -> Any:
        """Return the normal distribution function: half of erfc(-x / sqrt(2)).

        Source: Cody, Rational Chebyshev approximations for the error function (1969).
        """
        x = self.floats(x) * -math.sqrt(0.5)
        a = self.minimum(self.abs(x), 30)  # beyond, nothing is left
        square = a * a
        near = 1 - x * ratio(square, *NEAR)
        inverse = 1 / self.maximum(square, 1)
        far = (1 / math.sqrt(math.pi) - inverse * ratio(inverse, *FAR)) / self.maximum(a, 1)
        tail = self.exp(-square) * self.where(a > 4, far, ratio(a, *MIDDLE))
        return 0.5 * self.where(a <= 0.46875, near, self.where(x < 0, 2 - tail, tail))

    def softmax(self, x: Any, axis: Any) -> Any:
        """Return exp(x) divided by its sum along the axis."""
        x = self.floats(x)
        if 0 in x.shape:
            return self.compact(x)
        e = self.exp(x - self.max(x, axis=axis, keepdims=True))
        return e / self.sum(e, axis=axis, keepdims=True)

    def softmax_dx(self, y: Any, x: Any, axis: Any) -> Any:
        """Return the gradient of a softmax, ``x`` its result, from that of the result, ``y``."""
        return x * (y - self.sum(y * x, axis=axis, keepdims=True))

    def log_softmax(self, x: Any, axis: Any) -> Any:
        """Return x less the logarithm of the sum of exp(x) along the axis."""
        x = self.floats(x)
        if 0 in x.shape:
            return self.compact(x)
        x = x - self.max(x, axis=axis, keepdims=True)
        return x - self.log(self.sum(self.exp(x), axis=axis, keepdims=True))

    def log_softmax_dx(self, y: Any, x: Any, axis: Any) -> Any:
        """Return the gradient of a log-softmax, ``x`` its result, from that of the result, ``y``."""
        return y - self.exp(x) * self.sum(y, axis=axis, keepdims=True)

    def label_loss(self, x: Any, labels: Any, ignore_index: int, reduction: str) -> tuple[Any, Any]:
        """Return what the rows of x (n, classes) lose to labels (n), and its gradient with respect to x.

        The loss of a row is the logarithm of the sum of exp(x), less x at the label: 0 where the label is
        ``ignore_index``, NaN where it is no class. Its gradient is softmax, less one at the label.
        """
        x = self.floats(x)
        n, count = x.shape
        x = x - self.max(x, axis=1, keepdims=True)
        e = self.exp(x)
        total = self.sum(e, axis=1, keepdims=True)
        classes = self.reshape(self.arange(count, dtype=labels.dtype, device=self.device), (1, count))
        hit, kept = self.reshape(labels, (n, 1)) == classes, labels != ignore_index
        picked = self.sum(self.where(hit, x, 0), axis=1)
        known = (labels >= 0) & (labels < count)
        losses = self.where(known, self.log(self.reshape(total, (n,))) - picked, float("nan"))
        loss, slope = self.where(kept, losses, 0), e / total
        slope = self.where(hit, slope - 1, slope)
        if reduction != "none":
            loss = self.sum(loss)
        if reduction == "mean":
            share = 1 / self.astype(self.count_nonzero(kept), x.dtype)
            loss, slope = loss * share, slope * share
        return loss, self.where(self.reshape(kept, (n, 1)), slope, 0)

    def label_loss_dx(self, y: Any, x: Any) -> Any:
        """Return ``x``, the gradient that ``label_loss`` returned, times that of the loss, ``y``."""
        return x * (self.reshape(y, (x.shape[0], 1)) if y.shape else y)
