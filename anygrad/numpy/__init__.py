"""NumPy's functions for tensors of every device, under NumPy's names and with NumPy's arguments.

``import anygrad.numpy as np`` serves code that was written for ``autograd.numpy`` or for NumPy itself. It is
also what plain NumPy finds when it is handed a tensor: ``numpy.linalg.norm(t)`` is
``anygrad.numpy.linalg.norm(t)``. ``random`` is NumPy's own: what it draws are arrays.
"""

import difflib
from typing import Any

import numpy as _np

from anygrad.errors import message as _message
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
    random,
    reductions,
    searching,
    shapes,
    writing,
)
from anygrad.numpy.beyond import emath, lib
from anygrad.numpy.table import TABLE as _TABLE
from anygrad.numpy.table import table_of as _table_of
from anygrad.tensors import Tensor as ndarray

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

_TABLE |= {alias: _TABLE[name] for alias, name in ALIASES.items()}

_NAMES = """
    bool bool_ complex64 complex128 complexfloating dtype errstate finfo float16 float32 float64 floating
    generic iinfo inexact index_exp int8 int16 int32 int64 int_ integer intp isdtype isscalar issubdtype
    iterable newaxis number promote_types s_ set_printoptions signedinteger uint8 uint16 uint32 uint64
    unsignedinteger
"""
_CONSTANTS = {name: getattr(_np, name) for name in ("e", "euler_gamma", "inf", "nan", "pi")}
_OTHERS = _CONSTANTS | {name: getattr(_np, name) for name in _NAMES.split()}
"""What is the same for tensors: dtypes, constants, and what looks at those alone."""

_PUBLIC = _table_of("")
globals().update(_PUBLIC | _OTHERS)

__all__ = ["emath", "fft", "lib", "linalg", "ndarray", "random", *_PUBLIC, *_OTHERS]


def __getattr__(name: str) -> Any:
    near = difflib.get_close_matches(name, __all__, n=3)
    advice = f"near it are {', '.join(near)}" if near else "what is there is listed in dir(anygrad.numpy)"
    raise AttributeError(_message("anygrad.numpy", f"there is no {name}", advice))


def __dir__() -> list[str]:
    return sorted(__all__)
