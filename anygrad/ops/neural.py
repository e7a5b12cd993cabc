"""What networks are made of: activations, softmax, losses.

Names and defaults are those of ``torch.nn.functional``. What can be written with other functions is a plain
function over the namespace; a row where that takes fewer passes over memory, or is exact where it is not.
"""

from __future__ import annotations

from math import inf, nan, pi, prod, sqrt
from numbers import Real
from typing import Any

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.op import ArrayLike, Axis, derived, operation, unary
from anygrad.rules import axes_in, axes_of, axis_in, check_real, fused, kept, whole_in

# ---------------------------------------------------------------- activations

relu = unary(
    "relu",
    dx=lambda xp, g, out: xp.where(out <= 0, 0, g),
    accepts="real",
    doc="Return x where it is positive, else 0; the gradient at 0 is 0.",
    example="[-1.5, 0.0, 2.0] -> [0., 0., 2.]",
)

sigmoid = unary(
    "sigmoid",
    dx=lambda g, out: g * (out * (1 - out)),
    accepts="real floating",
    doc="Return 1 / (1 + exp(-x)).",
    example="[0.0, 1.0] -> [0.5       , 0.73105858]",
)


ndtr = unary(
    "ndtr",
    dx=lambda xp, g, x: g * (xp.exp(-0.5 * (x * x)) * (1 / sqrt(2 * pi))),
    accepts="real floating",
    public=False,
    doc="Return the normal distribution function.",
)


@derived
def leaky_relu(xp: Any, x: ArrayLike, /, negative_slope: float = 0.01) -> Any:
    """Return x where it is positive, else ``negative_slope * x``; the derivative at 0 is the slope."""
    check_real("leaky_relu", x)
    return xp.where(x > 0, x, negative_slope * x)


@derived
def silu(xp: Any, x: ArrayLike, /) -> Any:
    """Return ``x * sigmoid(x)`` (Hendrycks and Gimpel, 2016)."""
    return x * xp.sigmoid(x)


@derived
def softplus(xp: Any, x: ArrayLike, /, beta: float = 1.0) -> Any:
    """Return ``log(1 + exp(beta * x)) / beta`` without overflow."""
    return xp.logaddexp(x, 0.0) if beta == 1 else xp.logaddexp(beta * x, 0.0) / beta


@derived
def gelu(xp: Any, x: ArrayLike, /, approximate: str = "none") -> Any:
    """Return x times the normal distribution function at x; ``"tanh"`` approximates that.

    Source: Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2.
    """
    check_real("gelu", x)
    if approximate == "tanh":
        return 0.5 * x * (1 + xp.tanh(sqrt(2 / pi) * (x + 0.044715 * (x * x * x))))
    if approximate != "none":
        got = f"approximate is {approximate!r}"
        raise ArgumentError(message("gelu", got, "expected 'none' or 'tanh'"))
    return x * xp.ndtr(x)


# ---------------------------------------------------------------- softmax


def _along(name: str) -> Any:
    def prepare(x: Any, /, axis: Axis = -1, *, dtype: Any = None) -> dict[str, Any]:
        check_real(name, x)
        return {"axis": axes_of(x.ndim, axes_in(name, axis, x.ndim)), "cast": dtype}

    return prepare


def _pull(y: Any, x: Any, /, axis: tuple[int, ...]) -> dict[str, Any]:
    return {"axis": axis}


softmax = operation(
    "softmax",
    lambda xp, x, axis: xp.softmax(x, axis),
    dx=lambda xp, g, out, axis: xp.softmax_dx(g, out, axis),
    prepare=_along("softmax"),
    accepts="real floating",
    doc="Return exp(x) divided by its sum along an axis, or several, without overflow.",
    example="[0.0, 0.0, 1.0] -> [0.21194156, 0.21194156, 0.57611688]",
)

softmax_dx = operation(
    "softmax_dx",
    lambda xp, y, x, axis: xp.softmax_dx(y, x, axis),
    inputs="y x",
    dy=lambda xp, g, x, axis: xp.softmax_dx(g, x, axis),
    dx=lambda xp, g, y, x, axis: (
        g * (y - xp.sum(y * x, axis=axis, keepdims=True)) - y * xp.sum(g * x, axis=axis, keepdims=True)
    ),
    prepare=_pull,
    accepts="real floating",
    public=False,
    doc="Return the gradient of softmax, x its result, from that of the result, y.",
)

log_softmax = operation(
    "log_softmax",
    lambda xp, x, axis: xp.log_softmax(x, axis),
    dx=lambda xp, g, out, axis: xp.log_softmax_dx(g, out, axis),
    prepare=_along("log_softmax"),
    accepts="real floating",
    doc="Return the logarithm of softmax along an axis, or several, exact where softmax is 0.",
    example="[0.0, 0.0, 1.0] -> [-1.55144471, -1.55144471, -0.55144471]",
)

log_softmax_dx = operation(
    "log_softmax_dx",
    lambda xp, y, x, axis: xp.log_softmax_dx(y, x, axis),
    inputs="y x",
    dy=lambda xp, g, x, axis: g - xp.sum(g * xp.exp(x), axis=axis, keepdims=True),
    dx=lambda xp, g, y, x, axis: -g * xp.exp(x) * xp.sum(y, axis=axis, keepdims=True),
    prepare=_pull,
    accepts="real floating",
    public=False,
    doc="Return the gradient of log_softmax, x its result, from that of the result, y.",
)


@fused
def _finite(xp, top):
    return xp.where(xp.isinf(top), 0, top)


@fused
def _exponentials(xp, x, top):
    return xp.exp(x - top)


@fused
def _logarithms(xp, total, top):
    return xp.log(total) + top


@fused
def _weighed(xp, part, g, out):
    return g * xp.where(out == -inf, 0, part)


def _logsumexp(xp, x, axis, keepdims):
    axes = axes_of(x.ndim, axis)
    if 0 in x.shape and any(x.shape[a] == 0 for a in axes):
        return xp.sum(x, axis=axis, keepdims=keepdims) - inf
    top = _finite(xp, xp.max(x, axis=axis, keepdims=True))
    out = _logarithms(xp, xp.sum(_exponentials(xp, x, top), axis=axis, keepdims=True), top)
    return out if keepdims else xp.reshape(out, tuple(n for i, n in enumerate(x.shape) if i not in axes))


def _logsumexp_dx(xp, g, x, out, axis, keepdims):
    g, out = (kept(xp, a, x.shape, axis, keepdims) for a in (g, out))
    return _weighed(xp, xp.softmax(x, axes_of(x.ndim, axis)), g, out)


def _reduced(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> dict[str, Any]:
    check_real("logsumexp", x)
    return {"axis": axes_in("logsumexp", axis, x.ndim), "keepdims": bool(keepdims)}


logsumexp = operation(
    "logsumexp",
    _logsumexp,
    dx=_logsumexp_dx,
    prepare=_reduced,
    accepts="real floating",
    doc="Return log(sum(exp(x))) along the axes without overflow; its gradient is 0 where all x are -inf.",
    example="[0.0, 0.0, 1.0] -> 1.55144471",
)

# ---------------------------------------------------------------- losses


def _label_loss_back(xp, g, labels, out, ignore_index, reduction):
    slope, found = out[1], None
    if g[0] is not None:
        found = xp.label_loss_dx(g[0], slope)
    if g[1] is None:
        return found
    # Under create_graph alone: slope is softmax, less one at the label, over the number of labels that count.
    labels = xp.reshape(labels, (slope.shape[0], 1))
    kept = labels != ignore_index
    n = xp.astype(xp.maximum(xp.count_nonzero(kept), 1), slope.dtype) if reduction == "mean" else 1
    hit = xp.cumulative_sum(xp.astype(xp.ones_like(slope), labels.dtype), axis=1) - 1 == labels
    softmax = slope * n + xp.astype(hit, slope.dtype)
    through = xp.where(kept, xp.softmax_dx(g[1], softmax, (1,)) / n, 0)
    return through if found is None else found + through


label_loss = operation(
    "label_loss",
    lambda xp, x, labels, ignore_index, reduction: xp.label_loss(x, labels, ignore_index, reduction),
    inputs="x labels",
    dx=_label_loss_back,
    carries=(True, True),
    prepare=lambda x, labels, /, ignore_index, reduction: {
        "ignore_index": ignore_index,
        "reduction": reduction,
    },
    accepts="real floating",
    public=False,
    doc="Return the loss of rows against their labels, and its gradient.",
)

label_loss_dx = operation(
    "label_loss_dx",
    lambda xp, y, x: xp.label_loss_dx(y, x),
    inputs="y x",
    dy=lambda xp, g, y, x: xp.sum(g * x, axis=1 if y.shape else None),
    dx=lambda xp, g, y: xp.label_loss_dx(y, g),
    prepare=lambda y, x, /: {},
    accepts="real floating",
    public=False,
    doc="Return the gradient of label_loss, which is x, times that of the loss, y.",
)


def _check_reduction(op: str, reduction: Any) -> None:
    if reduction not in ("mean", "sum", "none"):
        got = f"reduction is {reduction!r}"
        raise ArgumentError(message(op, got, "expected 'mean', 'sum' or 'none'"))


def _reduce(xp: Any, losses: Any, reduction: str) -> Any:
    return losses if reduction == "none" else xp.mean(losses) if reduction == "mean" else xp.sum(losses)


@derived
def cross_entropy(
    xp: Any,
    x: ArrayLike,
    y: ArrayLike,
    /,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Return what the logits ``x`` lose to the labels, or probabilities, ``y``: ``-log(softmax(x))`` there.

    Classes are axis 1 of x, or its only one. Integer labels have the shape of x without that axis,
    probabilities that of x. Labels equal to ``ignore_index`` count for nothing; of the others each weighs as
    its class does in ``weight``, and ``reduction="mean"`` divides by their weights (with probabilities: by
    their number). ``label_smoothing`` mixes the target with the same for each class. On NumPy a label that is
    no class raises ``IndexingError``, elsewhere its loss is NaN.

    >>> import anygrad as ag
    >>> ag.cross_entropy(ag.asarray([[0.0, 0.0, 1.0], [2.0, 0.0, 0.0]]), ag.asarray([2, 1]))
    tensor(1.39549474, dtype=float64, device='cpu')
    """
    _check_reduction("cross_entropy", reduction)
    real = label_smoothing.__class__ is float or isinstance(label_smoothing, Real)  # which takes its time
    if not (real and 0 <= label_smoothing <= 1):
        got = f"label_smoothing is {label_smoothing!r}"
        raise ArgumentError(message("cross_entropy", got, "expected a number from 0 to 1"))
    kind, given = y.dtype.kind, x.shape
    axis = min(1, len(given) - 1)
    shape, count = _labelled(given, y, kind, axis)
    if kind == "f":
        weight = _weights(xp, weight, x, axis)
        losses = _entropy(xp, xp.log_softmax(x, axis), y, weight, axis, label_smoothing)
        if reduction != "mean":
            return _reduce(xp, losses, reduction)
        return xp.sum(losses) * (1 / (prod(shape) or nan))
    rows, flat = x, (y := _wide(xp, y))
    if len(given) != 2:
        rows = xp.reshape(xp.moveaxis(x, axis, -1), (prod(shape), count))
        flat = xp.reshape(y, (prod(shape),))
    if weight is None and not label_smoothing:
        if reduction == "mean" and x.dtype.itemsize == 2 and x.dtype.kind == "f":
            # What is kept is divided by the number of labels: half precision would lose it before a factor.
            loss = xp.label_loss(xp.astype(rows, xp.float32), flat, ignore_index, reduction)[0]
            return xp.astype(loss, x.dtype)
        loss = xp.label_loss(rows, flat, ignore_index, reduction)[0]
        return xp.reshape(loss, shape) if reduction == "none" and len(given) != 2 else loss
    weight = _weights(xp, weight, x, axis)
    losses = xp.reshape(xp.label_loss(rows, flat, ignore_index, "none")[0], shape)
    mine = y != ignore_index
    if weight is not None:
        mine = xp.sum(xp.one_hot(y, count, axis=axis, dtype=weight.dtype) * weight, axis=axis)
        mine = xp.where(y != ignore_index, mine, 0)
        losses = losses * mine
    if label_smoothing:
        even = _entropy(xp, xp.log_softmax(x, axis), xp.ones_like(x), weight, axis, 0.0)
        even = xp.where(y != ignore_index, even, 0)
        losses = losses * (1 - label_smoothing) + even * (label_smoothing / count)
    if reduction != "mean":
        return _reduce(xp, losses, reduction)
    total = xp.astype(xp.sum(mine), losses.dtype)
    # The mean of nothing is NaN, and its gradient 0, as without weights.
    return xp.where(total == 0, nan, xp.sum(losses) / xp.where(total == 0, 1, total))


def _labelled(given: tuple[int, ...], y: Any, kind: str, axis: int) -> tuple[tuple[int, ...], int]:
    """Return the shape of the labels that fit logits of a shape, and the number of classes."""
    shape = given[:axis] + given[axis + 1 :]
    wanted = given if kind == "f" else shape
    if y.shape != wanted or not given or kind not in "iuf":
        got = f"x has shape {given}, y has shape {y.shape} and dtype {y.dtype}"
        if not given:
            raise ShapeError(message("cross_entropy", got, "expected an axis of classes in x"))
        if kind not in "iuf":
            expected = "expected integer labels, or probabilities of a real floating dtype"
            raise DtypeError(message("cross_entropy", got, expected))
        what = "probabilities" if kind == "f" else "labels"
        raise ShapeError(message("cross_entropy", got, f"expected {what} of shape {wanted}"))
    return shape, given[axis]


def _wide(xp: Any, labels: Any) -> Any:
    """Return labels in a dtype that any number of classes fits in, and -100."""
    if labels.dtype.kind == "i" and labels.dtype.itemsize >= 4:
        return labels
    return xp.astype(labels, xp.arange(0).dtype)


def _weights(xp: Any, weight: Any, x: Any, axis: int) -> Any:
    """Return the weights of the classes along their axis; None where there are none."""
    if weight is None:
        return None
    weight = weight if hasattr(weight, "dtype") else xp.asarray(weight)  # asarray would move an array.
    if x.dtype.kind == "f":
        weight = xp.astype(weight, x.dtype, copy=False)
    count = x.shape[axis]
    if weight.shape != (count,):
        got = f"weight has shape {weight.shape}"
        raise ShapeError(message("cross_entropy", got, f"expected one for each class, ({count},)"))
    return xp.reshape(weight, tuple(count if i == axis else 1 for i in range(x.ndim)))


def _entropy(xp: Any, logs: Any, y: Any, weight: Any, axis: int, smoothing: float) -> Any:
    """Sum ``-y * logs`` over the classes; a class of probability 0 adds nothing, however unlikely."""
    if smoothing:
        y = y * (1 - smoothing) + smoothing / logs.shape[axis]
    logs = xp.where((y == 0) & xp.isinf(logs), 0, logs)
    return -xp.sum(y * logs if weight is None else y * logs * weight, axis=axis)


@derived
def mse_loss(xp: Any, x: ArrayLike, y: ArrayLike, /, *, reduction: str = "mean") -> Any:
    """Return the mean (or the sum, or each) of the squares of what two tensors of one shape differ by.

    >>> import anygrad as ag
    >>> ag.mse_loss(ag.asarray([1.0, 2.0]), ag.asarray([1.0, 4.0]))
    tensor(2., dtype=float64, device='cpu')
    """
    _check_reduction("mse_loss", reduction)
    if x.shape != y.shape:
        got = f"x has shape {x.shape}, y has shape {y.shape}"
        raise ShapeError(message("mse_loss", got, "expected equal shapes", "broadcast one first"))
    away = x - y
    squares = xp.square(away) if away.dtype.kind != "c" else xp.real(away * xp.conj(away))
    return _reduce(xp, squares, reduction)


@derived
def one_hot(xp: Any, x: ArrayLike, num_classes: int, /, *, axis: int = -1, dtype: Any = None) -> Any:
    """Return, along a new axis, 1 at the class that a label names and 0 elsewhere; no 1 where it is no class.

    The dtype is the default real one, unless another is asked for.

    >>> import anygrad as ag
    >>> ag.one_hot(ag.asarray([0, 2]), 3)
    tensor([[1., 0., 0.],
            [0., 0., 1.]], dtype=float64, device='cpu')
    """
    if x.dtype.kind not in "iu":
        raise DtypeError(message("one_hot", f"x has dtype {x.dtype}", "expected integer labels"))
    axis, num_classes = axis_in("one_hot", axis, x.ndim + 1), whole_in("one_hot", "num_classes", num_classes)
    if num_classes < 0:
        got = f"num_classes is {num_classes}"
        raise ArgumentError(message("one_hot", got, "expected how many there are"))
    x = _wide(xp, x)
    classes = xp.arange(num_classes, dtype=x.dtype)
    classes = xp.reshape(classes, tuple(num_classes if i == axis else 1 for i in range(x.ndim + 1)))
    hit = xp.expand_dims(x, axis) == classes
    return xp.where(hit, 1.0, 0.0) if dtype is None else xp.astype(hit, dtype)
