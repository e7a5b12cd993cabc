"""NumPy's functions for tensors of every device, under NumPy's names and with NumPy's arguments.

``import anygrad.numpy as np`` serves code that was written for ``autograd.numpy`` or for NumPy itself. It is
also what plain NumPy finds when it is handed a tensor: ``numpy.linalg.norm(t)`` is
``anygrad.numpy.linalg.norm(t)``.
"""

from anygrad.numpy import (  # noqa: F401  (fill the table)
    choosing,
    creation,
    cumulative,
    describing,
    elementwise,
    fft,
    ignoring,
    joining,
    linalg,
    polynomials,
    positions,
    products,
    reductions,
    searching,
    shapes,
    writing,
)
from anygrad.numpy.table import TABLE, table_of

ALIASES = {
    "abs": "absolute",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "bitwise_invert": "invert",
    "bitwise_left_shift": "left_shift",
    "bitwise_not": "invert",
    "bitwise_right_shift": "right_shift",
    "concat": "concatenate",
    "conj": "conjugate",
    "mod": "remainder",
    "permute_dims": "transpose",
    "pow": "power",
    "true_divide": "divide",
}
"""Other names of functions, as NumPy has them."""

TABLE |= {alias: TABLE[name] for alias, name in ALIASES.items()}

_PUBLIC = table_of("")
globals().update(_PUBLIC)

__all__ = ["fft", "linalg", *_PUBLIC]
