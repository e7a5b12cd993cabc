"""SciPy's solvers on functions of tensors, under SciPy's names: what they find is in the graph.

The solver is SciPy's, on the host; the gradient of what it finds is the implicit function theorem's. What
carries a gradient is everything that the function reads, handed to it as an argument or not.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.optimize import fitting, minima, roots
from anygrad.scipy.optimize.fitting import *  # noqa: F403
from anygrad.scipy.optimize.minima import *  # noqa: F403
from anygrad.scipy.optimize.roots import *  # noqa: F403

_PARTS = (fitting, minima, roots)
__all__ = sorted(name for part in _PARTS for name in part.__all__)


def __getattr__(name: str) -> Any:
    raise missing("scipy.optimize", name)


def __dir__() -> list[str]:
    return list(__all__)
