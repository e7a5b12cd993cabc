"""What a distribution is: formulas of a standard form, and what location and scale make of them.

A formula is ``f(xp, x, *shapes)``, written in anygrad's functions, and is only called inside the support:
what lies outside is put to a point inside first, so that its gradient is zero and not NaN. Values are in
double precision, as SciPy's are.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from anygrad.errors import ArgumentError, UnsupportedError, message
from anygrad.scipy.doors import doubles
from anygrad.tensors import Tensor

__all__ = ["Continuous", "Family", "Frozen", "listed", "log_of", "power_log"]

Formula = Callable[..., Any]


def power_log(xp: Any, c: Any, x: Tensor) -> Tensor:
    """Return ``c * log(x)``, 0 where c is 0; at x = 0 its gradients are zero."""
    zero = x == 0
    if isinstance(c, Tensor):
        bound = xp.where(c == 0, 0.0, xp.where(c > 0, -math.inf, math.inf))
    else:
        bound = 0.0 if c == 0 else math.copysign(math.inf, -c)
    return xp.where(zero, bound, xp.special.xlogy(c, xp.where(zero, 1.0, x)))  # type: ignore[no-any-return]


def log_of(xp: Any, x: Tensor) -> Tensor:
    """Return the logarithm, at zero -inf with gradient zero."""
    zero = x <= 0
    return xp.where(zero, -math.inf, xp.log(xp.where(zero, 1.0, x)))  # type: ignore[no-any-return]


class Family:
    """What continuous and discrete distributions share: their parameters, and being frozen."""

    def __init__(self, name: str, shapes: str, formulas: dict[str, Any], doc: str) -> None:
        self.name = name
        self.shapes = tuple(shapes.split())
        self.formulas = formulas
        self.__doc__ = f"{doc}\n\n{self._said()}"

    parameters: tuple[str, ...] = ()
    variable = "x"

    def _said(self) -> str:
        """Return what ``help`` says of the functions that there are, and of derivatives."""
        held = ", ".join([*self.shapes, "loc=0", "scale=1"][: len(self.shapes) + len(self.parameters)])
        have = [name for name in METHODS if self._has(name)]
        at = [n for n in have if n not in MOMENTS and n not in ("ppf", "isf")]
        lines = [f"{n}({self.variable}, {held})" for n in at]
        lines += [f"{n}(q, {held})" for n in ("ppf", "isf") if n in have]
        lines += [f"{n}({held})" for n in MOMENTS if n in have] + [f"{self.name}({held}), which holds these"]
        listing = "\n".join(f"    {line}" for line in lines)
        by = list(self.shapes)
        if self.variable == "x":
            by = ["x", *(["q"] if "ppf" in have else []), *by, *self.parameters]
        smooth = ", ".join(by)
        return f"{listing}\n\nAll broadcast; differentiable in {smooth}. More in ``help(type({self.name}))``."

    def _has(self, name: str) -> bool:
        """Tell whether there is a formula for a method."""
        needs = {"std": "var", "median": "ppf", "pdf": "logpdf", "pmf": "logpmf"}.get(name, name)
        if needs == "support":
            return True
        if needs == "isf":
            return not {"isf", "ppf"}.isdisjoint(self.formulas)
        if needs in ("cdf", "sf", "logcdf", "logsf"):
            return needs in self.formulas or not {"cdf", "sf"}.isdisjoint(self.formulas)
        return needs in self.formulas

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        text = f"{self!r} has no {name!r}"
        if name == "rvs" and self.name in DRAWN:
            text += f": draw with anygrad.random.{DRAWN[self.name]}"
        elif name == "rvs" and self._has("ppf") and self.variable == "x":
            text += f": draw with {self.name}.ppf(anygrad.random.uniform(0, 1, shape), ...)"
        elif name == "rvs":
            text += f": draw with SciPy's {self.name}.rvs, of numbers"
        elif name == "fit":
            log = "logpdf" if self.variable == "x" else "logpmf"
            text += f": minimise -{self.name}.{log}(data, ...).sum() with anygrad.scipy.optimize.minimize"
        else:
            text += f": it has {', '.join(method for method in METHODS if self._has(method))}"
        raise AttributeError(text)

    def __repr__(self) -> str:
        return f"<anygrad.scipy.stats.{self.name}>"

    def __call__(self, *args: Any, **kwds: Any) -> Frozen:
        """Return the distribution with its parameters held: ``norm(1.0, 2.0).logpdf(x)``."""
        return Frozen(self, args, kwds)

    def _parsed(self, op: str, args: tuple[Any, ...], kwds: dict[str, Any], **more: Any) -> tuple[Any, ...]:
        """Return the namespace, ``more`` as tensors, then shapes and what follows them, by place or name."""
        names = (*self.shapes, *self.parameters)
        op = f"{self.name}.{op}"
        taken = {"loc": 0.0, "scale": 1.0} | dict(zip(names, args, strict=False)) | kwds
        wrong = [n for n in kwds if n not in names or n in names[: len(args)]]
        lacking = [n for n in self.shapes if n not in taken]
        if len(args) > len(names) or wrong or lacking:
            got = f"{(wrong or lacking or ['too many parameters'])[0]} is " + (
                "missing" if lacking else "given"
            )
            raise ArgumentError(message(op, got, f"expected {', '.join(names)}"))
        return doubles(op, **more, **{n: taken[n] for n in names})

    def _formula(self, op: str, name: str) -> Formula:
        found: Formula | None = self.formulas.get(name)
        if found is None:
            got = f"{self.name} has no {name} here"
            have = ", ".join(sorted(n for n, f in self.formulas.items() if callable(f) and n in PUBLIC))
            raise UnsupportedError(message(op, got, f"it has {have}"))
        return found

    def _valid(self, xp: Any, shapes: list[Tensor], scale: Tensor | None) -> Any:
        """Tell where parameters are allowed; None where they always are."""
        valid = None if scale is None else scale.detach() > 0
        default: Formula = lambda xp, *shapes: functools.reduce(xp.logical_and, [s > 0 for s in shapes])
        if shapes:
            here = self.formulas.get("valid", default)(xp, *(s.detach() for s in shapes))
            valid = here if valid is None else xp.logical_and(valid, here)
        return valid

    def _moment(self, name: str, args: tuple[Any, ...], kwds: dict[str, Any]) -> Tensor:
        xp, *shapes, loc, scale = self._scaled(name, args, kwds)
        value = self._formula(name, name)(xp, *shapes)
        one = xp.ones_like(loc) if scale is None else xp.ones_like(loc * scale)
        value = one * value
        if scale is not None:
            value = {"mean": lambda: value * scale, "var": lambda: value * scale * scale}.get(
                name, lambda: value + xp.log(xp.where(scale > 0, scale, 1.0))
            )()
        value = value + loc if name == "mean" else value
        valid = self._valid(xp, shapes, scale)
        return value if valid is None else xp.where(valid, value, math.nan)  # type: ignore[no-any-return]

    def _scaled(self, op: str, args: tuple[Any, ...], kwds: dict[str, Any]) -> tuple[Any, ...]:
        found = self._parsed(op, args, kwds)
        return found if "scale" in self.parameters else (*found, None)

    def mean(self, *args: Any, **kwds: Any) -> Tensor:
        """Return the mean, inf or NaN where it does not exist."""
        return self._moment("mean", args, kwds)

    def var(self, *args: Any, **kwds: Any) -> Tensor:
        """Return the variance, inf or NaN where it does not exist."""
        return self._moment("var", args, kwds)

    def std(self, *args: Any, **kwds: Any) -> Tensor:
        """Return the standard deviation, inf or NaN where it does not exist."""
        return self._moment("var", args, kwds) ** 0.5

    def entropy(self, *args: Any, **kwds: Any) -> Tensor:
        """Return the entropy in nats: of the density, or of the probabilities."""
        return self._moment("entropy", args, kwds)

    def _shown(
        self, xp: Any, valid: Any, x: Tensor, outcomes: list[tuple[Any, Any]], value: Tensor
    ) -> Tensor:
        """Return a value but where one of the outcomes is; NaN for NaN and for parameters not allowed."""
        for where, other in outcomes:
            value = xp.where(where, other, value)
        bad = xp.isnan(x.detach()) if valid is None else xp.logical_or(xp.isnan(x.detach()), ~valid)
        return xp.where(bad, math.nan, value)  # type: ignore[no-any-return]


MOMENTS = ("mean", "var", "std", "entropy", "median", "support")
METHODS = (
    *("logpdf", "pdf", "logpmf", "pmf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf"),
    *MOMENTS,
)
DRAWN = {
    "bernoulli": "bernoulli",
    "expon": "exponential",
    "gamma": "gamma",
    "gumbel_r": "gumbel",
    "norm": "normal",
    "randint": "randint",
    "uniform": "uniform",
}
"""What draws from distributions, by their names."""

PUBLIC = ("cdf", "entropy", "isf", "logcdf", "logpdf", "logpmf", "logsf", "mean", "ppf", "sf", "var")


class Continuous(Family):
    """A continuous distribution, called as SciPy's: ``norm.logpdf(x, loc, scale)``.

    Shapes come first, by place or by name, then ``loc`` and ``scale``; all broadcast with x, and gradients
    flow to x and to all of them. Outside the support the density is 0 and its logarithm -inf, with gradient
    zero; on a bound the formula holds, and where it has log 0 this counts with gradient zero, as does a
    density of 0; what is infinite is outside. Parameters that are not allowed give NaN. Distribution
    functions are differentiable in shapes where a closed form is known; where the row of ``special`` has
    none, a shape that requires a gradient is refused. Where a probability underflows its logarithm is -inf
    with gradient zero. Raises ``ArgumentError`` for parameters that are missing or unknown,
    ``UnsupportedError`` for a function that has no closed form, ``DtypeError`` for complex numbers.

    >>> import anygrad as ag
    >>> loc = ag.tensor(0.0, requires_grad=True)
    >>> ag.scipy.stats.norm.logpdf(1.0, loc, 2.0).backward()
    >>> loc.grad
    tensor(0.25, dtype=float64, device='cpu')
    """

    parameters = ("loc", "scale")

    def __init__(
        self,
        name: str,
        shapes: str = "",
        *,
        support: Any = (-math.inf, math.inf),
        doc: str,
        **formulas: Any,
    ) -> None:
        self.bounds = support
        super().__init__(name, shapes, formulas, doc)

    def _support(self, xp: Any, shapes: list[Tensor]) -> tuple[Any, Any]:
        return self.bounds(*shapes) if callable(self.bounds) else self.bounds  # type: ignore[no-any-return]

    def support(self, *args: Any, **kwds: Any) -> tuple[Tensor, Tensor]:
        """Return where the support begins and ends."""
        xp, *shapes, loc, scale = self._parsed("support", args, kwds)
        a, b = self._support(xp, shapes)
        return _moved(xp, a, loc, scale), _moved(xp, b, loc, scale)

    def _placed(self, op: str, x: Any, args: tuple[Any, ...], kwds: dict[str, Any]) -> tuple[Any, ...]:
        """Return what a formula needs: all of it broadcast, the standard x inside its support."""
        xp, x, *shapes, loc, scale = self._parsed(op, args, kwds, x=x)
        valid = self._valid(xp, shapes, scale)
        width = xp.where(scale > 0, scale, 1.0)
        now = (x.detach() - loc.detach()) / width.detach()
        if shapes:
            valid, now, *shapes = xp.broadcast_arrays(valid, now, *shapes)
            fine = self.formulas.get("fine", 1.0)
            shapes = [xp.where(valid, s, f) for s, f in zip(shapes, listed(fine, shapes), strict=True)]
        a, b = self._support(xp, shapes)
        low, high = (end.detach() if isinstance(end, Tensor) else end for end in (a, b))
        below = xp.logical_or(now < low, now == -math.inf)
        above = xp.logical_or(now > high, now == math.inf)
        away = xp.logical_or(xp.logical_or(below, above), xp.isnan(now))
        inside = self.formulas.get("inside", _middle)(low, high)
        # Infinite x would make the gradient of the scale NaN, so that it goes before the scale is applied.
        z = xp.where(away, inside, (xp.where(away, 0.0, x) - loc) / width)
        return xp, x, z, shapes, width, valid, below, above, (now <= low, now >= high)

    def logpdf(self, x: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the logarithm of the density at x."""
        xp, x, z, shapes, width, valid, below, above, _ = self._placed("logpdf", x, args, kwds)
        value = self._formula("logpdf", "logpdf")(xp, z, *shapes) - xp.log(width)
        return self._shown(xp, valid, x, [(below, -math.inf), (above, -math.inf)], value)

    def pdf(self, x: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the density at x."""
        out = self.logpdf(x, *args, **kwds)
        xp = out.xp.tensors
        zero = out == -math.inf
        return xp.where(zero, 0.0, xp.exp(xp.where(zero, 0.0, out)))  # type: ignore[no-any-return]

    def _cumulated(
        self, name: str, x: Any, args: tuple[Any, ...], kwds: dict[str, Any], low: float, high: float
    ) -> Tensor:
        xp, x, z, shapes, _, valid, _, _, ends = self._placed(name, x, args, kwds)
        first, last = self._support(xp, shapes)
        middle = self.formulas.get("inside", _middle)(*(_plain(end) for end in (first, last)))
        z = xp.where(xp.logical_or(*ends), middle, z)
        value = self._between(xp, name, z, shapes)
        return self._shown(xp, valid, x, [(ends[0], low), (ends[1], high)], value)

    def _between(self, xp: Any, name: str, z: Tensor, shapes: list[Tensor]) -> Tensor:
        """Return one of cdf, sf and their logarithms inside the support, from another where it has none."""
        direct = self.formulas.get(name)
        if direct is not None:
            return direct(xp, z, *shapes)  # type: ignore[no-any-return]
        if name in ("logcdf", "logsf"):
            return log_of(xp, self._between(xp, name[3:], z, shapes))
        other = "sf" if name == "cdf" else "cdf"
        if other not in self.formulas:
            self._formula(name, name)
        return 1 - self.formulas[other](xp, z, *shapes)  # type: ignore[no-any-return]

    def cdf(self, x: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the probability of at most x."""
        return self._cumulated("cdf", x, args, kwds, 0.0, 1.0)

    def sf(self, x: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the probability of more than x."""
        return self._cumulated("sf", x, args, kwds, 1.0, 0.0)

    def logcdf(self, x: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the logarithm of the probability of at most x."""
        return self._cumulated("logcdf", x, args, kwds, -math.inf, 0.0)

    def logsf(self, x: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the logarithm of the probability of more than x."""
        return self._cumulated("logsf", x, args, kwds, 0.0, -math.inf)

    def ppf(self, q: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the x that is not exceeded with probability q; NaN for a q that is no probability."""
        return self._quantile("ppf", q, args, kwds)

    def isf(self, q: Any, *args: Any, **kwds: Any) -> Tensor:
        """Return the x that is exceeded with probability q; NaN for a q that is no probability."""
        return self._quantile("isf", q, args, kwds)

    def median(self, *args: Any, **kwds: Any) -> Tensor:
        """Return the median."""
        return self.ppf(0.5, *args, **kwds)

    def _quantile(self, name: str, q: Any, args: tuple[Any, ...], kwds: dict[str, Any]) -> Tensor:
        xp, q, *shapes, loc, scale = self._parsed(name, args, kwds, q=q)
        formula = self.formulas.get(name)
        upper = name == "isf"
        if formula is None:
            formula, upper = self._formula(name, "ppf"), False
        p = q if name == "ppf" or upper else 1 - q
        now = p.detach()
        inner = xp.where(xp.logical_and(now > 0, now < 1), p, 0.5)
        value = formula(xp, inner, *shapes) * scale + loc
        low, high = (_moved(xp, end, loc, scale) for end in self._support(xp, shapes))
        ends = [(now == 0, high if upper else low), (now == 1, low if upper else high)]
        ends += [(xp.logical_or(now < 0, now > 1), math.nan)]
        return self._shown(xp, self._valid(xp, shapes, scale), q, ends, value)


def _moved(xp: Any, end: Any, loc: Tensor, scale: Tensor) -> Any:
    """Return a bound by location and scale, which an infinite one does not depend on."""
    if not isinstance(end, Tensor):
        return (loc + scale).detach() * 0 + end if math.isinf(end) else end * scale + loc
    endless = xp.isinf(end)
    return xp.where(endless, end.detach(), xp.where(endless, 0.0, end) * scale + loc)


def _plain(end: Any) -> Any:
    return end.detach() if isinstance(end, Tensor) else end


def listed(fine: Any, shapes: list[Any]) -> tuple[Any, ...]:
    return fine if isinstance(fine, tuple) else (fine,) * len(shapes)


def _middle(low: Any, high: Any) -> Any:
    """Return a point inside a support."""
    if isinstance(low, Tensor) or isinstance(high, Tensor):
        return (low + high) / 2
    if math.isinf(low):
        return 0.0 if math.isinf(high) else high - 1.0
    return low + 1.0 if math.isinf(high) else (low + high) / 2


class Frozen:
    """A distribution whose parameters are held; its methods take what is left of theirs."""

    def __init__(self, dist: Any, args: tuple[Any, ...], kwds: dict[str, Any]) -> None:
        self.dist, self.args, self.kwds = dist, args, kwds

    def __repr__(self) -> str:
        return f"<frozen {self.dist!r}>"

    def __dir__(self) -> list[str]:
        return [name for name in dir(type(self.dist)) if not name.startswith("_")]

    def __getattr__(self, name: str) -> Any:
        method = None if name.startswith("_") else getattr(type(self.dist), name, None)
        if not callable(method):
            # A distribution says what to do in its place.
            getattr(self.dist, name)
            raise AttributeError(f"{self.dist!r} has no {name!r}")
        return lambda *x: method(self.dist, *x, *self.args, **self.kwds)
