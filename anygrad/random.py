"""Random tensors: variates of each device's own generator, whose gradients flow to the parameters.

``normal``, ``uniform``, ``exponential``, ``gumbel`` and ``gamma`` are reparameterised: a sample is a function
of its parameters and of noise without parameters. ``randint``, ``bernoulli`` and the order of ``permutation``
have no gradient. Nothing that is drawn on a GPU waits for it.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from anygrad import dispatch, functions
from anygrad.construction import known_dtype
from anygrad.custom import Context, Function
from anygrad.draws import Draw, Shape, Where, is_number, place, shape_of
from anygrad.errors import ArgumentError, DtypeError, message
from anygrad.generators import Generator, get_state, of, seed, set_state
from anygrad.implicit import implicit_gamma
from anygrad.op import ArrayLike
from anygrad.tensors import Tensor

__all__ = [
    "Generator",
    "bernoulli",
    "exponential",
    "gamma",
    "get_state",
    "gumbel",
    "normal",
    "permutation",
    "randint",
    "seed",
    "set_state",
    "uniform",
]


def __dir__() -> list[str]:
    return sorted(__all__)


# ---------------------------------------------------------------- with gradients


def normal(
    loc: ArrayLike = 0.0,
    scale: ArrayLike = 1.0,
    shape: Shape = None,
    *,
    dtype: Any = None,
    device: Where = None,
    generator: Generator | None = None,
) -> Tensor:
    """Draw from the normal distribution of a mean and a standard deviation: ``loc + scale * z``.

    Parameters are numbers or tensors that broadcast to ``shape`` (by default their own). The dtype is theirs,
    or the default one; of a complex one real and imaginary part have half the variance each.
    Raises ``ShapeError``, ``DtypeError`` and ``DeviceError`` for what does not fit, and ``ArgumentError`` for
    a negative scale.

    >>> import anygrad as ag
    >>> ag.random.seed(0)
    >>> scale = ag.tensor(2.0, requires_grad=True)
    >>> x = ag.random.normal(1.0, scale, (2,))
    >>> x.sum().backward()
    >>> scale.grad
    tensor(-0.00637464, dtype=float64, device='cpu')
    """
    to = Draw("normal", {"loc": loc, "scale": scale}, shape, dtype, device, generator, "fc")
    scale = to.positive("scale")
    z = to.standard("normal")
    if to.dtype.kind == "c":
        z = (z + 1j * to.standard("normal")) * math.sqrt(0.5)
    return to.moved(z, to.parameter("loc"), scale)


def uniform(
    low: ArrayLike = 0.0,
    high: ArrayLike = 1.0,
    shape: Shape = None,
    *,
    dtype: Any = None,
    device: Where = None,
    generator: Generator | None = None,
) -> Tensor:
    """Draw evenly from low on, below high: ``low + (high - low) * u``, which rounding may bring to high.

    Parameters, dtype and errors as of ``normal``.

    >>> import anygrad as ag
    >>> ag.random.seed(0)
    >>> ag.random.uniform(-1.0, 1.0, 2)
    tensor([ 0.27392337, -0.46042657], dtype=float64, device='cpu')
    """
    to = Draw("uniform", {"low": low, "high": high}, shape, dtype, device, generator)
    low, high = to.parameter("low"), to.parameter("high")
    return to.moved(to.standard("uniform"), low, high if is_number(low) and low == 0 else high - low)


def exponential(
    scale: ArrayLike = 1.0,
    shape: Shape = None,
    *,
    dtype: Any = None,
    device: Where = None,
    generator: Generator | None = None,
) -> Tensor:
    """Draw from the exponential distribution of mean ``scale``.

    Parameters, dtype and errors as of ``normal``.

    >>> import anygrad as ag
    >>> ag.random.seed(0)
    >>> ag.random.exponential(2.0, 2)
    tensor([1.35986381, 2.0391942 ], dtype=float64, device='cpu')
    """
    to = Draw("exponential", {"scale": scale}, shape, dtype, device, generator)
    scale = to.positive("scale")
    return to.moved(to.standard("exponential"), 0, scale)


def gumbel(
    loc: ArrayLike = 0.0,
    scale: ArrayLike = 1.0,
    shape: Shape = None,
    *,
    dtype: Any = None,
    device: Where = None,
    generator: Generator | None = None,
) -> Tensor:
    """Draw from Gumbel's distribution: ``loc - scale * log(e)`` for an exponential variate e.

    The largest of such with logits as ``loc`` stands at a class drawn by softmax.
    Parameters, dtype and errors as of ``normal``.

    >>> import anygrad as ag
    >>> ag.random.seed(0)
    >>> ag.random.gumbel(shape=2)
    tensor([ 0.38576263, -0.01940755], dtype=float64, device='cpu')
    """
    to = Draw("gumbel", {"loc": loc, "scale": scale}, shape, dtype, device, generator)
    scale = to.positive("scale")
    e = to.standard("exponential")
    # A variate may be 0, once in many millions in single precision.
    e = e.xp.tensors.maximum(e, float(np.finfo(e.dtype).tiny))
    return to.moved(-e.xp.tensors.log(e), to.parameter("loc"), scale)


class _Gamma(Function):
    """A sample that is there already, as a function of the shape that it was drawn for."""

    @staticmethod
    def forward(ctx: Context, alpha: Tensor, z: Tensor) -> Tensor:
        out = z.clone()
        ctx.save_for_backward(alpha, out)
        return out

    @staticmethod
    def backward(ctx: Context, g: Tensor) -> Any:
        alpha, z = ctx.saved_tensors
        assert alpha is not None and z is not None
        return g * implicit_gamma(z.xp.tensors, alpha, z), None


def gamma(
    alpha: ArrayLike,
    scale: ArrayLike = 1.0,
    shape: Shape = None,
    *,
    dtype: Any = None,
    device: Where = None,
    generator: Generator | None = None,
) -> Tensor:
    """Draw from the gamma distribution of a shape ``alpha`` above 0 and a scale.

    Its gradient by alpha is that of the quantile at which the sample stands (implicit reparameterisation:
    Figurnov, Mohamed and Mnih 2018, arXiv:1805.08498, equation 5), exact to the dtype's precision, and of any
    order. Parameters, dtype and errors as of ``normal``.

    >>> import anygrad as ag
    >>> ag.random.seed(0)
    >>> alpha = ag.tensor(3.0, requires_grad=True)
    >>> x = ag.random.gamma(alpha)
    >>> x.backward()
    >>> alpha.grad
    tensor(1.0350639, dtype=float64, device='cpu')
    """
    to = Draw("gamma", {"alpha": alpha, "scale": scale}, shape, dtype, device, generator)
    alpha, scale = to.positive("alpha", zero=False), to.positive("scale")
    if is_number(alpha):
        alpha = functions.FUNCTIONS["full"]((), alpha, dtype=to.dtype, device=to.xp.name)
    alpha = functions.FUNCTIONS["broadcast_to"](alpha, to.shape)
    z = to.standard("gamma", alpha.array)
    return to.moved(_Gamma.apply(alpha, z) if alpha.requires_grad else z, 0, scale)


# ---------------------------------------------------------------- without


def bernoulli(
    p: ArrayLike = 0.5,
    shape: Shape = None,
    *,
    dtype: Any = None,
    device: Where = None,
    generator: Generator | None = None,
) -> Tensor:
    """Draw truth values, true with probability p, or 0 and 1 of a dtype; p gets no gradient.

    Parameters and errors as of ``normal``; ``ArgumentError`` for a number that is no probability.

    >>> import anygrad as ag
    >>> ag.random.seed(0)
    >>> ag.random.bernoulli(0.5, 3)
    tensor([False,  True,  True], dtype=bool, device='cpu')
    """
    if is_number(p) and not 0 <= p <= 1:
        raise ArgumentError(message("bernoulli", f"p is {p}", "expected a probability, from 0 to 1"))
    to = Draw("bernoulli", {"p": p}, shape, None, device, generator)
    p = to.parameter("p")
    found: Tensor = to.standard("uniform") < (p if is_number(p) else p.detach())
    return found if dtype is None else found.astype(dtype)


def randint(
    low: int,
    high: int | None = None,
    shape: Shape = (),
    *,
    dtype: Any = None,
    device: Where = None,
    generator: Generator | None = None,
) -> Tensor:
    """Draw integers from low on, below high; from 0 on, below low, where that is all.

    Raises ``ArgumentError`` where there are none between, ``DtypeError`` for bounds that are no integers or a
    dtype that has none.

    >>> import anygrad as ag
    >>> ag.random.seed(0)
    >>> ag.random.randint(10, shape=5)
    tensor([8, 6, 5, 2, 3], dtype=int64, device='cpu')
    """
    try:
        last = operator.index(low if high is None else high)
        first = 0 if high is None else operator.index(low)
    except TypeError:
        got = f"low is {low!r}" + ("" if high is None else f", high is {high!r}")
        raise DtypeError(message("randint", got, "expected integers")) from None
    if first >= last:
        raise ArgumentError(message("randint", f"low is {first}, high is {last}", "low must be less"))
    xp = place("randint", {}, device, generator)
    wide = xp.within(np.dtype("int64"))
    wanted = wide if dtype is None else known_dtype("randint", xp, dtype)
    if wanted.kind not in "iu":
        raise DtypeError(message("randint", f"the dtype is {wanted}", "expected integers"))
    for limits in (np.iinfo(wanted), np.iinfo(wide)):
        if first < limits.min or last - 1 > limits.max:
            got = f"low is {first}, high is {last}"
            goes = f"{limits.dtype} goes from {limits.min} to {limits.max}"
            raise ArgumentError(message("randint", got, goes))
    source = of(xp) if generator is None else generator
    out = source.draw("integers", shape_of("randint", shape, {}), wide, first, last)
    return out if wanted == wide else out.astype(wanted)


def permutation(
    x: int | ArrayLike, /, *, axis: int = 0, device: Where = None, generator: Generator | None = None
) -> Tensor:
    """Return the integers below x in random order, or so the layers of a tensor along an axis.

    Gradients flow to the tensor. Raises ``ArgumentError`` for a negative number, ``AxisError`` for an axis
    that is not there.

    >>> import anygrad as ag
    >>> ag.random.seed(0)
    >>> ag.random.permutation(5)
    tensor([2, 4, 3, 0, 1], dtype=int64, device='cpu')
    """
    numbers = hasattr(x, "__index__") and not hasattr(x, "dtype")
    xp = place("permutation", {} if numbers else {"x": x}, device, generator)
    source = of(xp) if generator is None else generator
    kind = xp.within(np.dtype("int64"))
    if numbers:
        n = operator.index(x)
        if n < 0:
            raise ArgumentError(message("permutation", f"x is {n}", "expected 0 or more"))
        return source.draw("permutation", (n,), kind, n)
    x = dispatch.operand("permutation", "x", x, xp)
    n = x.shape[axis] if -x.ndim <= axis < x.ndim else 0  # else ``take`` says that there is no such axis
    found: Tensor = functions.FUNCTIONS["take"](x, source.draw("permutation", (n,), kind, n), axis=axis)
    return found
