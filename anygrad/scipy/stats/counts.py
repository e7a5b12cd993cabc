"""What a distribution over integers is: formulas of its probabilities, and what location makes of them."""

from __future__ import annotations

import math
from typing import Any

from anygrad.errors import UnsupportedError, message
from anygrad.scipy.stats.families import Family, Formula, listed, log_of
from anygrad.tensors import Tensor

__all__ = ["Discrete"]


class Discrete(Family):
    """A distribution over integers, called as SciPy's: ``poisson.logpmf(k, mu, loc)``.

    Shapes come first, by place or by name, then ``loc``. Gradients flow to shapes; k and loc have none, and
    are refused where they require one. What is no integer, or outside the support, has probability 0, and
    the gradient of what is 0 is zero, at p = 0 and p = 1 too. All else is as of continuous distributions.

    >>> import anygrad as ag
    >>> mu = ag.tensor(2.0, requires_grad=True)
    >>> ag.scipy.stats.poisson.logpmf(3, mu).backward()
    >>> mu.grad
    tensor(0.5, dtype=float64, device='cpu')
    """

    parameters = ("loc",)
    variable = "k"

    def __init__(self, name: str, shapes: str, *, support: Formula, doc: str, **formulas: Any) -> None:
        self.bounds = support
        super().__init__(name, shapes, formulas, doc)

    def support(self, *args: Any, **kwds: Any) -> tuple[Tensor, Tensor]:
        """Return where the support begins and ends."""
        _, *shapes, loc = self._parsed("support", args, kwds)
        low, high = self.bounds(*(s.detach() for s in shapes))
        return loc + low, loc + high

    def _placed(self, op: str, k: Any, args: tuple[Any, ...], kwds: dict[str, Any]) -> tuple[Any, ...]:
        xp, k, *shapes, loc = self._parsed(op, args, kwds, k=k)
        for name, x in (("k", k), ("loc", loc)):
            if x.requires_grad:
                got = f"{name} requires a gradient"
                raise UnsupportedError(message(f"{self.name}.{op}", got, f"pass {name}.detach()"))
        valid, at, *shapes = xp.broadcast_arrays(self._valid(xp, shapes, None), k - loc, *shapes)
        fine = listed(self.formulas.get("fine", 1.0), shapes)
        shapes = [xp.where(valid, s, f) for s, f in zip(shapes, fine, strict=True)]
        low, high = self.bounds(*(s.detach() for s in shapes))
        return xp, k, at, shapes, valid, low, high

    def logpmf(self, k: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the logarithm of the probability of k."""
        xp, k, at, shapes, valid, low, high = self._placed("logpmf", k, args, kwds)
        whole = xp.logical_and(xp.isfinite(at), xp.floor(at) == at)
        whole = xp.logical_and(whole, xp.logical_and(at >= low, at <= high))
        inside = 0.0 if isinstance(low, float) and math.isinf(low) else low
        value = self._formula("logpmf", "logpmf")(xp, xp.where(whole, at, inside), *shapes)
        return self._shown(xp, valid, k, [(xp.logical_not(whole), -math.inf)], value)

    def pmf(self, k: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the probability of k."""
        out = self.logpmf(k, *args, **kwds)
        xp = out.xp.tensors
        zero = out == -math.inf
        return xp.where(zero, 0.0, xp.exp(xp.where(zero, 0.0, out)))  # type: ignore[no-any-return]

    def _cumulated(
        self, name: str, k: Any, args: tuple[Any, ...], kwds: dict[str, Any], below: float, above: float
    ) -> Tensor:
        xp, k, at, shapes, valid, low, high = self._placed(name, k, args, kwds)
        under, over = at < low, at >= high
        inner = xp.where(xp.logical_or(under, xp.logical_or(over, xp.isnan(at))), low, xp.floor(at))
        logarithm = name.startswith("log")
        value = self._formula(name, name.removeprefix("log"))(xp, inner, *shapes)
        value = log_of(xp, value) if logarithm else value
        return self._shown(xp, valid, k, [(under, below), (over, above)], value)

    def cdf(self, k: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the probability of at most k."""
        return self._cumulated("cdf", k, args, kwds, 0.0, 1.0)

    def sf(self, k: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the probability of more than k."""
        return self._cumulated("sf", k, args, kwds, 1.0, 0.0)

    def logcdf(self, k: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the logarithm of the probability of at most k."""
        return self._cumulated("logcdf", k, args, kwds, -math.inf, 0.0)

    def logsf(self, k: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the logarithm of the probability of more than k."""
        return self._cumulated("logsf", k, args, kwds, 0.0, -math.inf)
