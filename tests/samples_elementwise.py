"""Samples of the elementwise functions, away from their corners."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.samples import ABOVE_ONE, FLAGS, NUMBERS, POSITIVE, UNIT, W, X, Y, Z, sample


def unary(name: str, x: np.ndarray, z: np.ndarray | None = Z) -> None:
    """Declare the samples that every function of one input has."""
    sample(name, "plain", x)
    sample(name, "0-d", x[0, 1])
    sample(name, "empty", x[:0])
    if z is not None:
        sample(name, "plain", z)
        sample(name, "0-d", z[1, 0])
        sample(name, "empty", z[:0])


def binary(
    name: str, x: np.ndarray, y: np.ndarray, z: np.ndarray | None = Z, w: np.ndarray | None = W
) -> None:
    """Declare the samples that every function of two inputs has."""
    sample(name, "plain", x, y)
    for a, b in _pairs(x, y):
        sample(name, "broadcast", a, b)
    sample(name, "scalar", x, 1.25)
    sample(name, "scalar", 1.25, y)
    sample(name, "scalar", x, 2)
    sample(name, "scalar", 2, y)
    sample(name, "mixed", x, NUMBERS)
    sample(name, "mixed", NUMBERS, y)
    sample(name, "mixed", x.astype(np.float32), y, smooth=False)
    sample(name, "0-d", x[0, 1], y[1, 2])
    sample(name, "empty", x[:0], y[0])
    sample(name, "empty", x[:0], y[:0])
    if z is None or w is None:
        return
    sample(name, "plain", z, w)
    for a, b in _pairs(z, w):
        sample(name, "broadcast", a, b)
    sample(name, "scalar", z, 1.25 - 0.5j)
    sample(name, "scalar", 1.25 - 0.5j, w)
    sample(name, "scalar", x, 1.25 - 0.5j)
    sample(name, "scalar", 1.25 - 0.5j, y)
    sample(name, "scalar", z, 2)
    sample(name, "mixed", x, w)
    sample(name, "mixed", z, y)
    sample(name, "mixed", x[0], w)
    sample(name, "0-d", z[0, 1], w[1, 2])
    sample(name, "empty", z[:0], w[0])


def _pairs(x: np.ndarray, y: np.ndarray) -> list[tuple[Any, Any]]:
    return [(x, y[0]), (x[0], y), (x[:, :1], y[0]), (x[0, 0], y), (x, y[:1])]


for _name in (
    "negative",
    "positive",
    "square",
    "exp",
    "expm1",
    "sin",
    "cos",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
):
    unary(_name, X)
for _name in ("tan", "atan", "abs", "sign", "conj", "real", "round"):
    unary(_name, X)
for _name in ("floor", "ceil", "trunc"):
    unary(_name, X, None)
    sample(_name, "plain", NUMBERS)
for _name in ("reciprocal", "sqrt", "log", "log2", "log10"):
    unary(_name, POSITIVE)
unary("log1p", UNIT)
for _name in ("asin", "acos", "atanh"):
    unary(_name, UNIT)
unary("acosh", ABOVE_ONE)
sample("reciprocal", "plain", X)
sample("tan", "plain", UNIT)
sample("imag", "plain", Z)
sample("imag", "0-d", Z[1, 0])
sample("imag", "empty", Z[:0])
for _name in ("negative", "positive", "square", "abs", "sign", "sin", "sqrt", "exp"):
    sample(_name, "plain", NUMBERS)

for _name in ("add", "subtract", "multiply", "divide"):
    binary(_name, X, Y)
for _name in ("hypot", "logaddexp", "atan2", "copysign", "nextafter", "maximum", "minimum"):
    binary(_name, X, Y, None, None)
for _name in ("floor_divide", "remainder"):
    binary(_name, X, Y, None, None)
    sample(_name, "plain", NUMBERS, NUMBERS[::-1].copy())

binary("pow", POSITIVE, Y)
for _exponent in (0, 1, 2, 3, 4, -1, -2, 0.5, 1.0, 2.0, 2.5, True):
    # NumPy's pow is not exactly the multiplications that anygrad's small exponents are.
    sample("pow", "scalar", POSITIVE, _exponent)
    if type(_exponent) is not bool:
        sample("pow", "scalar", Z, _exponent)
for _exponent in (2, 3, -1):
    sample("pow", "scalar", X, _exponent)
sample("pow", "scalar", 2.5, Y)
sample("pow", "scalar", 2.5, W)
sample("pow", "mixed", -POSITIVE, W)  # a negative real to a complex power
sample("pow", "scalar", -2.5 + 0j, Y)
sample("pow", "plain", Z, np.asarray(2.0 + 0j))

# ---------------------------------------------------------------- choices

_LOW, _HIGH = np.array([-0.5, 0.0, 1.0]), np.array([[1.1, 0.2, 1.5], [1.2, 0.6, 3.0]])
sample("clip", "plain", X, _HIGH - 1.5, _HIGH)
sample("clip", "broadcast", X, _LOW, _HIGH[:, :1] + 1)
sample("clip", "broadcast", X[0], _HIGH - 1.5, _HIGH)
sample("clip", "broadcast", X, np.asarray(-0.55), np.asarray(1.25))
sample("clip", "plain", X, None, _HIGH)
sample("clip", "plain", X, _LOW, None)
sample("clip", "plain", X)
sample("clip", "scalar", X, -0.55, 1.25)
sample("clip", "scalar", X, -0.55)
sample("clip", "scalar", X, None, 1.25)
# The bounds crossed: NumPy gives the upper one.
sample("clip", "plain", X, _HIGH, _LOW - 1, without={"strict": "refuses bounds that cross"})
sample("clip", "0-d", X[0, 0], np.asarray(-0.5), np.asarray(0.5))
sample("clip", "empty", X[:0], _LOW, None)
sample("clip", "scalar", NUMBERS, 2, 5)

sample("where", "plain", FLAGS, X, Y)
sample("where", "broadcast", FLAGS, X[0], Y)
sample("where", "broadcast", FLAGS[0], X, Y[0])
sample("where", "broadcast", FLAGS[:, :1], X[0], Y[0, 0])
sample("where", "broadcast", FLAGS, X[0], Y[1])
sample("where", "scalar", FLAGS, X, 1.5)
sample("where", "scalar", FLAGS, 2, Y)
sample("where", "scalar", FLAGS, X, 1.5 + 1j)
sample("where", "mixed", FLAGS, X, NUMBERS)
sample("where", "plain", FLAGS, Z, W)
sample("where", "mixed", FLAGS, X, W)
sample("where", "0-d", np.asarray(True), X[0, 0], Y[0, 0])
sample("where", "empty", FLAGS[:0], X[:0], Y[0])

# ---------------------------------------------------------------- no derivative

_OTHERS = np.where(FLAGS, X, Y)  # equal to X in half of its entries
for _name in ("equal", "not_equal"):
    sample(_name, "plain", Z, np.where(FLAGS, Z, W))
for _name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
    sample(_name, "plain", X, _OTHERS)
    sample(_name, "plain", NUMBERS, NUMBERS[::-1].copy())
    sample(_name, "broadcast", X, _OTHERS[0])
    sample(_name, "scalar", X, 0.4)
    sample(_name, "scalar", 0.4, X)
    sample(_name, "mixed", X, NUMBERS)
    sample(_name, "0-d", X[0, 0], X[0, 0])
    sample(_name, "empty", X[:0], X[0])
for _name in ("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor"):
    sample(_name, "plain", FLAGS, FLAGS[::-1].copy())
    sample(_name, "broadcast", FLAGS, FLAGS[0])
    sample(_name, "scalar", FLAGS, True)
    sample(_name, "0-d", FLAGS[0, 0], FLAGS[1, 1])
    sample(_name, "empty", FLAGS[:0], FLAGS[0])
for _name in ("logical_and", "logical_or", "logical_xor"):
    sample(_name, "plain", NUMBERS - 2, X)
for _name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"):
    sample(_name, "plain", NUMBERS, NUMBERS[::-1].copy())
    sample(_name, "broadcast", NUMBERS, NUMBERS[0])
    sample(_name, "scalar", NUMBERS, 3)
    sample(_name, "scalar", 3, NUMBERS)
    sample(_name, "0-d", NUMBERS[0, 0], NUMBERS[1, 0])
    sample(_name, "empty", NUMBERS[:0], NUMBERS[0])
_SPECIAL = np.array([[np.nan, np.inf, -np.inf], [0.0, -0.0, 1.5]])
for _name in ("isfinite", "isinf", "isnan", "signbit"):
    sample(_name, "plain", _SPECIAL)
    sample(_name, "0-d", _SPECIAL[0, 0])
    sample(_name, "empty", X[:0])
for _name in ("isfinite", "isinf", "isnan"):
    sample(_name, "plain", _SPECIAL + 1j)
    sample(_name, "plain", NUMBERS)
for _name, _values in (("logical_not", FLAGS), ("bitwise_invert", NUMBERS), ("bitwise_invert", FLAGS)):
    sample(_name, "plain", _values)
    sample(_name, "0-d", _values[0, 0])
    sample(_name, "empty", _values[:0])
sample("logical_not", "plain", X * FLAGS)
