"""Samples at the awkward points, where a derivative had to be decided: with the gradients decided on.

``grads`` are those of the sum of the output. Where the function is smooth there all the same (products with
zeros), differences check it too.
"""

from __future__ import annotations

from math import inf, nan

from tests.samples import sample

CROSSED = {"strict": "refuses bounds that cross"}


def corner(name: str, *operands: object, grads: tuple[object, ...], **rest: object) -> None:
    """Declare a sample at a point that a formula must get right by decision."""
    sample(name, "tie", *operands, grads=grads, **rest)


# ---------------------------------------------------------------- one input

corner("abs", [-1.0, 0.0, -0.0, 2.0], grads=([-1, 0, 0, 1],))
corner("abs", [0j, 3 + 4j], grads=([0, 0.6 + 0.8j],))
corner("sign", [-1.0, 0.0, 2.0], grads=([0, 0, 0],))
corner("sign", [0j, 2 + 0j], grads=([0, 0],))
for _name in ("round", "floor", "ceil", "trunc"):
    corner(_name, [-1.5, -1.0, 0.0, 0.5, 2.0], grads=([0] * 5,))
corner("sqrt", [0.0, 4.0], grads=([inf, 0.25],))
corner("log", [0.0, 2.0], grads=([inf, 0.5],))
corner("reciprocal", [0.0, 2.0], grads=([-inf, -0.25],))
corner("square", [0.0, -2.0], grads=([0, -4],))
corner("real", [0j, 1j], grads=([1, 1],))
corner("imag", [0j, 1 + 0j], grads=([1j, 1j],))

# ---------------------------------------------------------------- powers

corner("pow", [0.0, 4.0], 0.5, grads=([inf, 0.25],))
corner("pow", [0.0, 3.0], 0, grads=([0, 0],))
corner("pow", [0.0, 3.0], 0.0, grads=([0, 0],))
corner("pow", [0.0, 3.0], 1, grads=([1, 1],))
corner("pow", [0.0, -3.0], 2, grads=([0, -6],))
corner("pow", [0.0, -3.0], 3, grads=([0, 27],))
corner("pow", [0.0, 3.0], [0.0, 0.0], grads=([0, 0], [0, 1.0986122886681098]))
corner("pow", [0.0, 0.0, 0.0], [2.0, 0.0, -1.0], grads=([0, 0, -inf], [0, 0, -inf]))
corner("pow", 0.0, [2.0, 0.0, -1.0], grads=([0, 0, -inf],))
corner("pow", [-2.0, -2.0], [2.0, 3.0], grads=([-4, 12], [nan, nan]))
corner("pow", [-2.0, -3.0], 2.0, grads=([-4, -6],))
corner("pow", [0j, 2 + 0j], 2, grads=([0, 4],))
_POWER = {"torch": "its complex 0**0 is NaN"}
corner("pow", [0j, 2 + 0j], [1 + 0j, 1 + 0j], grads=([1, 1], [0, 1.3862943611198906]), without=_POWER)

# ---------------------------------------------------------------- two inputs

corner("divide", [1.0, -1.0], [0.0, 0.0], grads=([inf, inf], [-inf, inf]))
corner("hypot", [0.0, 3.0], [0.0, 4.0], grads=([0, 0.6], [0, 0.8]))
corner("atan2", [0.0, 0.0], [0.0, 2.0], grads=([0, 0.5], [0, 0]))
corner("logaddexp", [-inf, -inf, 0.0], [-inf, 0.0, 0.0], grads=([0, 0, 0.5], [0, 1, 0.5]))
corner("maximum", [1.0, 2.0, 3.0], [1.0, 3.0, 2.0], grads=([0.5, 0, 1], [0.5, 1, 0]))
corner("minimum", [1.0, 2.0, 3.0], [1.0, 3.0, 2.0], grads=([0.5, 1, 0], [0.5, 0, 1]))
corner("maximum", [1.0, 2.0, 0.0], 1.0, grads=([0.5, 1, 0],))
corner("minimum", 1.0, [1.0, 2.0, 0.0], grads=([0.5, 0, 1],))
corner("maximum", [nan, 1.0, inf, -inf], [1.0, nan, inf, inf], grads=([1, 1, 0.5, 0], [1, 1, 0.5, 1]))
corner("minimum", [nan, 1.0, inf, -inf], [1.0, nan, inf, inf], grads=([1, 1, 0.5, 1], [1, 1, 0.5, 0]))
corner("copysign", [0.0, -2.0, 2.0], [1.0, 1.0, -1.0], grads=([0, -1, -1], [0, 0, 0]))
corner("floor_divide", [4.0, -1.0], [2.0, 2.0], grads=([0, 0], [0, 0]))
corner("remainder", [4.0, -1.0], [2.0, 2.0], grads=([1, 1], [-2, 1]))
corner("nextafter", [1.0, 1.0], [1.0, 2.0], grads=([1, 1], [0, 0]))
corner("clip", [0.0, 1.0, 2.0, -1.0], [0.0] * 4, [1.0] * 4, grads=([1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]))
corner("clip", [0.0, 1.0, 2.0, -1.0], 0.0, 1.0, grads=([1, 1, 0, 0],))
corner("clip", [nan, inf, -inf], 0.0, 1.0, grads=([1, 0, 0],))
corner("clip", [0.0, 5.0], [2.0, 2.0], [1.0, 1.0], grads=([0, 0], [0, 0], [1, 1]), without=CROSSED)
corner("multiply", [0.0, 0.0], [0.0, 2.0], grads=([0, 2], [0, 0]))
corner("where", [True, False], [nan, 1.0], [2.0, inf], grads=([1, 0], [0, 1]))

# ---------------------------------------------------------------- reductions

corner("max", [1.0, 3.0, 3.0], grads=([0, 0.5, 0.5],))
corner("min", [1.0, 1.0, 3.0, 1.0], grads=([1 / 3, 1 / 3, 0, 1 / 3],))
corner("max", [[2.0, 2.0, 1.0], [0.0, 5.0, 5.0]], axis=1, grads=([[0.5, 0.5, 0], [0, 0.5, 0.5]],))
corner("min", [[2.0, 2.0, 1.0], [0.0, 2.0, 5.0]], axis=0, keepdims=True, grads=([[0, 0.5, 1], [1, 0.5, 0]],))
corner("max", [[1.0, nan], [2.0, 3.0]], axis=1, grads=([[nan, nan], [0, 1]],))
corner("min", [[1.0, nan], [2.0, 3.0]], axis=1, grads=([[nan, nan], [1, 0]],))
corner("std", [[2.0, 2.0], [1.0, 3.0]], axis=1, grads=([[0, 0], [-0.5, 0.5]],))
corner("std", [[1j, 1j]], axis=1, grads=([[0, 0]],))
corner("var", [2.0, 2.0], grads=([0, 0],))
corner("prod", [2.0, 0.0, 3.0], grads=([0, 6, 0],), smooth=True)
corner("prod", [2.0, 0.0, 0.0], grads=([0, 0, 0],), smooth=True)
corner("prod", [[2.0, 0.0], [0.0, 3.0]], axis=(0, 1), grads=([[0, 0], [0, 0]],), smooth=True)
corner("prod", [[2.0, 0.0], [4.0, 3.0]], axis=(0, 1), grads=([[0, 24], [0, 0]],), smooth=True)
corner("prod", [0j, 1 + 1j], grads=([1 - 1j, 0],), smooth=True)
corner("cumulative_prod", [2.0, 0.0, 3.0], grads=([1, 8, 0],), smooth=True)
corner("cumulative_prod", [0.0, 0.0, 3.0], grads=([1, 0, 0],), smooth=True)
corner("cumulative_prod", [[2.0, 0.0, 3.0]], axis=1, include_initial=True, grads=([[1, 8, 0]],), smooth=True)
corner("cumulative_prod", [0j, 2j], grads=([1 - 2j, 0],), smooth=True)

# ---------------------------------------------------------------- repeated indices

corner("take", [1.0, 2.0, 3.0], [2, 0, 2], grads=([1, 0, 2],), smooth=True)
