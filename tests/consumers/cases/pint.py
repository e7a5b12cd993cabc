"""pint: quantities whose magnitude is an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pint

from anygrad.errors import DeviceError
from tests.consumers.harness import Case, Plain, Raises, apart, normal, positive

LIBRARY = "pint"
UNITS = pint.UnitRegistry()
Q = UNITS.Quantity
ASKS = Plain("an answer in booleans or integers")


def magnitude(result: Any) -> Any:
    """Return the magnitude of a quantity, of each of several; what is none stays."""
    if isinstance(result, list | tuple):
        return [magnitude(part) for part in result]
    return result.magnitude if isinstance(result, Q) else result


def case(name: str, call: Callable[..., Any], *inputs: Any, unit: str = "meter", **keywords: Any) -> Case:
    """Return a case on quantities of a unit."""
    return Case(
        f"pint.{name}",
        lambda *xs: magnitude(call(*(Q(x, unit) for x in xs))),
        *(inputs or (normal(2, 3),)),
        **keywords,
    )


def method(name: str, *arguments: Any, draw: Any = None) -> Case:
    """Return the case of a method."""
    return case(f"Quantity.{name}", lambda q: getattr(q, name)(*arguments), draw or apart(2, 3))


def through(name: str, call: Callable[..., Any], *inputs: Any, **keywords: Any) -> Case:
    """Return the case of a function of NumPy's on quantities."""
    return case(f"numpy.{name}", call, *inputs, **keywords)


def _ito(q: Any) -> Any:
    q = q * 1
    q.ito("cm")
    return q


def _iadd(q: Any) -> Any:
    q = q * 2
    q += Q(3.0, "cm")
    return q


def _setitem(q: Any) -> Any:
    q = q * 1
    q[0] = q[1] * 2
    return q


@UNITS.wraps("second", ("meter", "meter/second"))
def _time(x: Any, v: Any) -> Any:
    return x / v


CASES = [
    *(method(name) for name in ("sum", "mean", "std", "var", "max", "min", "cumsum", "prod", "transpose")),
    case(
        "Quantity.clip",
        lambda q: q.clip(Q(-50, "cm"), Q(0.5, "m")),
        outcome=Raises(TypeError, "pint hands the method an out: numpy.clip takes quantities"),
    ),
    method("reshape", (3, 2)),
    method("to", "cm"),
    method("m_as", "km"),
    method("to_base_units"),
    case("Quantity.abs", lambda q: abs(q)),
    case("Quantity.add", lambda p, q: p + q.to("km"), normal(2, 3), normal(3)),
    case("Quantity.subtract", lambda p, q: q - p, normal(2, 3), normal(3)),
    case("Quantity.multiply", lambda p, q: p * q, normal(2, 3), normal(3)),
    case("Quantity.truediv", lambda p, q: 2 * p / q, normal(2, 3), positive(3)),
    case("Quantity.power", lambda q: q**3),
    case("Quantity.matmul", lambda p, q: p @ q, normal(2, 3), normal(3, 2)),
    case("Quantity.dot", lambda p, q: p.dot(q), normal(2, 3), normal(3)),
    case("Quantity.comparison", lambda q: q > Q(20, "cm"), outcome=ASKS),
    case("Quantity.getitem", lambda q: q[:, 1:]),
    case("Quantity.setitem", _setitem),
    case("Quantity.ito", _ito),
    case("Quantity.iadd", _iadd),
    Case("pint.Unit.rmul", lambda x: magnitude((x * UNITS.meter).to("cm")), normal(3)),
    Case("pint.wraps", lambda x, v: magnitude(_time(Q(x, "cm"), Q(v, "km/hour"))), normal(3), positive(3)),
    *(through(name, getattr(np, name), unit="radian") for name in ("sin", "cos")),
    through("exp", np.exp, unit="dimensionless"),
    through("log", np.log, positive(3), unit="dimensionless"),
    through("sqrt", np.sqrt, positive(3)),
    *(through(name, getattr(np, name), apart(2, 3)) for name in ("sum", "mean", "std", "max")),
    *(through(name, getattr(np, name), positive(3), positive(3)) for name in ("hypot", "maximum", "dot")),
    through("cross", np.cross, normal(2, 3), normal(2, 3)),
    through("diff", np.diff),
    through("concatenate", lambda p, q: np.concatenate([p, q]), normal(3), normal(2)),
    through("stack", lambda p, q: np.stack([p, q]), normal(3), normal(3)),
    through("where", lambda p, q: np.where(p > q, p, q), normal(3), normal(3)),
    through("trapezoid", lambda p, q: np.trapezoid(p, q), normal(3), normal(3)),
    through("einsum", lambda p, q: np.einsum("ij,j", p, q), normal(2, 3), normal(3)),
    through("linalg.norm", np.linalg.norm),
    through(
        "interp",
        lambda q: np.interp(q, Q([-9.0, 0, 9], "m"), Q([1.0, 2, 5], "s")),
        normal(3),
        strict=Raises(DeviceError, "pint makes NumPy's arrays of the lists that it is given"),
    ),
]
