"""Samples of activations, softmax and losses, with references written out in NumPy."""

from __future__ import annotations

from math import erfc, inf, nan, pi, sqrt

import numpy as np

from tests.samples import NUMBERS, UNIT, W, X, Y, Z, sample

LABELS = np.array([2, 0])
IGNORED = np.array([2, -100])
ROWS3 = np.array([[[0.3, -0.8], [1.2, 0.1], [-0.5, 0.9]], [[0.7, 0.2], [-1.1, 1.4], [0.4, -0.6]]])
"""Logits (2, 3, 2) whose axis 1 is that of the classes."""


def _softmax(x, axis=-1, dtype=None):
    x = np.asarray(x, dtype)
    e = np.exp(x - (x.max(axis=axis, keepdims=True) if x.size else 0))
    return e / e.sum(axis=axis, keepdims=True)


def _log_softmax(x, axis=-1, dtype=None):
    x = np.asarray(x, dtype)
    x = x - (x.max(axis=axis, keepdims=True) if x.size else 0)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def _softmax_dx(y, x, axis):
    return x * (y - (y * x).sum(axis=axis, keepdims=True))


def _log_softmax_dx(y, x, axis):
    return y - np.exp(x) * y.sum(axis=axis, keepdims=True)


def _logsumexp(x, axis=None, keepdims=False):
    return np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _label_loss(x, labels, ignore_index=-100, reduction="mean"):
    kept = labels != ignore_index
    losses = np.where(
        kept, -np.take_along_axis(_log_softmax(x), np.where(kept, labels, 0)[:, None], 1)[:, 0], 0
    )
    share = 1 / kept.sum() if reduction == "mean" else 1.0
    loss = losses if reduction == "none" else losses.sum() * share
    slope = (_softmax(x) - (labels[:, None] == np.arange(x.shape[1]))) * share * kept[:, None]
    return loss.astype(x.dtype), slope.astype(x.dtype)


def _label_loss_dx(y, x):
    return (y[:, None] if y.ndim else y) * x


def _cross_entropy(x, y, weight=None, *, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    axis = min(1, x.ndim - 1)
    count = x.shape[axis]
    logs = np.moveaxis(_log_softmax(x, axis), axis, -1)
    given = np.ones(count, x.dtype) if weight is None else np.asarray(weight)
    if y.dtype.kind == "f":
        target = np.moveaxis(y, axis, -1)
        weights = np.ones(logs.shape[:-1])
    else:
        target = (y[..., None] == np.arange(count)).astype(x.dtype)
        weights = np.where(y != ignore_index, (target * given).sum(-1), 0)
    target = target * (1 - label_smoothing) + label_smoothing / count
    losses = np.where(weights != 0, -(target * given * logs).sum(-1), 0)
    if reduction == "none":
        return losses.astype(x.dtype)
    return np.asarray(losses.sum() / (weights.sum() if reduction == "mean" else 1), x.dtype)


def _mse_loss(x, y, reduction="mean"):
    each = np.abs(x - y) ** 2
    return each if reduction == "none" else each.mean() if reduction == "mean" else each.sum()


def _one_hot(x, num_classes, axis=-1, dtype=None):
    hit = np.moveaxis(x[..., None] == np.arange(num_classes), -1, axis)
    return hit.astype(np.float64 if dtype is None else dtype)


def _ndtr(x):
    return np.asarray(np.vectorize(lambda a: 0.5 * erfc(-a / sqrt(2)), otypes=[x.dtype])(x))


def _gelu_by_tanh(x, approximate):
    return 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))


# ---------------------------------------------------------------- activations

ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x),
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "softplus": lambda x, beta=1.0: np.log1p(np.exp(beta * x)) / beta,
    "ndtr": _ndtr,
    "gelu": lambda x: x * _ndtr(x),
}
for _name, _reference in ACTIVATIONS.items():
    sample(_name, "plain", X, reference=_reference)
    sample(_name, "0-d", np.array(0.7), reference=_reference)
    sample(_name, "empty", np.ones((0, 3)), reference=_reference)
sample("relu", "mixed", NUMBERS, reference=ACTIVATIONS["relu"])
sample("sigmoid", "mixed", NUMBERS, reference=_sigmoid)
sample("leaky_relu", "axis", X, negative_slope=1.5, reference=ACTIVATIONS["leaky_relu"])
sample("softplus", "axis", X, beta=2.0, reference=ACTIVATIONS["softplus"])
sample(
    "relu",
    "tie",
    [-1.0, 0.0, -0.0, 2.0, inf, -inf],
    grads=([0, 0, 0, 1, 1, 0],),
    reference=ACTIVATIONS["relu"],
)
sample("relu", "tie", [nan], grads=([1],), reference=ACTIVATIONS["relu"])
sample("gelu", "axis", X, approximate="tanh", reference=_gelu_by_tanh)
sample("ndtr", "axis", np.linspace(-9, 9, 61), reference=_ndtr)
sample(
    "ndtr", "tie", [-inf, -50.0, 0.0, 50.0, inf], grads=([0, 0, 0.3989422804014327, 0, 0],), reference=_ndtr
)
sample("leaky_relu", "tie", [-1.0, 0.0, 2.0], grads=([0.01, 0.01, 1],), reference=ACTIVATIONS["leaky_relu"])
sample("sigmoid", "tie", [-800.0, 0.0, 800.0, -inf, inf], grads=([0, 0.25, 0, 0, 0],), reference=_sigmoid)
sample("softplus", "tie", [-800.0, 0.0, 800.0], grads=([0, 0.5, 1],), reference=lambda x: np.logaddexp(x, 0))

# ---------------------------------------------------------------- softmax

for _name, _reference in {"softmax": _softmax, "log_softmax": _log_softmax}.items():
    sample(_name, "plain", X, reference=_reference)
    sample(_name, "axis", X, axis=0, reference=_reference)
    sample(_name, "axis", ROWS3, axis=(0, -1), reference=_reference)
    sample(_name, "axis", ROWS3, axis=1, reference=_reference)
    sample(_name, "mixed", NUMBERS, reference=_reference)
    sample(_name, "empty", np.ones((0, 3)), reference=_reference)
    sample(_name, "empty", np.ones((2, 0)), axis=1, reference=lambda x, axis: x)
sample("softmax", "axis", NUMBERS, axis=0, dtype=np.dtype("float32"), reference=_softmax)
sample("softmax", "tie", [[1e4, 0.0], [-inf, 0.0]], grads=([[0, 0], [0, 0]],), reference=_softmax)
sample("log_softmax", "tie", [[1e4, 0.0], [-inf, 0.0]], grads=([[-1, 1], [1, -1]],), reference=_log_softmax)
for _name, _reference in {"softmax_dx": _softmax_dx, "log_softmax_dx": _log_softmax_dx}.items():
    _out = _softmax(Y) if _name == "softmax_dx" else _log_softmax(Y)
    sample(_name, "plain", X, _out, axis=(1,), reference=_reference)
    sample(_name, "axis", X, _out, axis=(0,), reference=_reference)
    sample(_name, "axis", X, _out, axis=(0, 1), reference=_reference)
    sample(_name, "empty", np.ones((0, 3)), np.ones((0, 3)), axis=(1,), reference=_reference)

sample("logsumexp", "plain", X, reference=_logsumexp)
sample("logsumexp", "axis", X, axis=1, reference=_logsumexp)
sample("logsumexp", "axis", ROWS3, axis=(0, 2), keepdims=True, reference=_logsumexp)
sample("logsumexp", "0-d", np.array(0.7), reference=_logsumexp)
sample("logsumexp", "mixed", NUMBERS, axis=0, reference=_logsumexp)
sample("logsumexp", "empty", np.ones((0, 3)), axis=1, reference=_logsumexp)
for _options in ({"axis": 1}, {"axis": (0, 1), "keepdims": True}):
    _none = np.ones((2, 0))
    sample("logsumexp", "tie", _none, grads=(_none,), reference=_logsumexp, **_options)
sample(
    "logsumexp",
    "tie",
    [[-inf, -inf], [-inf, 0.0], [1e4, 1e4]],
    axis=1,
    grads=([[0, 0], [0, 1], [0.5, 0.5]],),
    reference=lambda x, axis: np.logaddexp(x[:, 0], x[:, 1]),
)

# ---------------------------------------------------------------- losses

for _reduction in ("mean", "sum", "none"):
    _options = {"ignore_index": -100, "reduction": _reduction, "reference": _label_loss}
    sample("label_loss", "plain" if _reduction == "mean" else "axis", X, LABELS, **_options)
    sample("label_loss", "axis", X, IGNORED, **_options)
for _g in (np.array([0.7, -1.2]), np.array(0.7), np.array(1.0)):
    sample("label_loss_dx", "axis" if _g.shape else "plain", _g, UNIT, reference=_label_loss_dx)
_options = {"ignore_index": -100, "reduction": "sum"}
_none = np.ones((0, 3)), np.zeros(0, np.int64)
sample("label_loss", "empty", *_none, **_options, reference=_label_loss)
sample("label_loss_dx", "empty", np.array(0.7), _none[0], reference=_label_loss_dx)

PROBABILITIES = _softmax(Y)
WEIGHT = np.array([0.5, 2.0, 1.5])
GRID = np.array([[2, 0], [-100, 1]])
for _options in (
    {},
    {"reduction": "sum"},
    {"reduction": "none"},
    {"weight": WEIGHT},
    {"weight": WEIGHT, "label_smoothing": 0.2},
    {"label_smoothing": 0.1, "reduction": "none"},
):
    for _kind, _x, _y in (
        ("axis" if _options else "plain", X, LABELS),
        ("axis", X, IGNORED),
        ("axis", X, PROBABILITIES),
        ("axis", ROWS3, GRID),
        ("axis", ROWS3, _softmax(ROWS3[::-1], 1)),
        ("axis", X[0], np.array(1)),
    ):
        sample("cross_entropy", _kind, _x, _y, **_options, reference=_cross_entropy)
sample("cross_entropy", "axis", X, np.array([1, 0]), ignore_index=1, reference=_cross_entropy)
sample("cross_entropy", "empty", *_none, reduction="sum", reference=_cross_entropy)
sample(
    "cross_entropy",
    "tie",
    [[-inf, 0.0, 0.0], [1e4, 0.0, -1e4]],
    [1, 0],
    reduction="sum",
    grads=([[0, -0.5, 0.5], [0, 0, 0]],),
    reference=lambda x, y, reduction: np.log(2),
)
sample(
    "cross_entropy",
    "tie",
    [[-inf, 0.0, 0.0]],
    [[0.0, 0.5, 0.5]],
    grads=([[0, 0, 0]], [[0, np.log(2), np.log(2)]]),
    reference=lambda x, y: np.log(2),
)
sample("mse_loss", "plain", X, Y, reference=_mse_loss)
sample("mse_loss", "plain", Z, W, reference=_mse_loss)
sample("mse_loss", "axis", X, Y, reduction="sum", reference=_mse_loss)
sample("mse_loss", "axis", X, Y, reduction="none", reference=_mse_loss)
sample("mse_loss", "0-d", np.array(0.7), np.array(0.2), reference=_mse_loss)
sample("mse_loss", "empty", np.ones((0, 3)), np.ones((0, 3)), reduction="sum", reference=_mse_loss)
sample("mse_loss", "tie", [1.0, 2.0], [1.0, 4.0], grads=([0, -2], [0, 2]), reference=_mse_loss)

sample("one_hot", "plain", GRID, extra=(3,), reference=_one_hot)
sample("one_hot", "axis", GRID, extra=(3,), axis=0, reference=_one_hot)
sample("one_hot", "axis", LABELS, extra=(4,), dtype=np.dtype("float32"), reference=_one_hot)
sample("one_hot", "0-d", np.array(1), extra=(3,), reference=_one_hot)
sample("one_hot", "empty", np.zeros(0, np.int64), extra=(3,), reference=_one_hot)
