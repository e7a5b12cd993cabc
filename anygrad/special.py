"""The special functions, under SciPy's names: NumPy's are SciPy's, others are their own library's.

Imported when it is first asked for. Each function is differentiable to any order in what has a closed form;
an input that has none is refused where it requires a gradient. What a library lacks raises
``UnsupportedError``, which says who has it; NumPy's part needs SciPy.
"""

from typing import Any

from anygrad import functions
from anygrad.hints import missing_function
from anygrad.ops import (  # noqa: F401  (declare the rows)
    bessel,
    degrees,
    distributions,
    error_functions,
    gamma_functions,
    integrals,
    special,
)

functions.publish()

_PUBLIC = functions.functions_of("special")
globals().update(_PUBLIC)

__all__ = [*_PUBLIC]


def __getattr__(name: str) -> Any:
    raise missing_function(name, __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
