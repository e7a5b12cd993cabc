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

__all__ = sorted([*fitting.__all__, *minima.__all__, *roots.__all__])


def __getattr__(name: str) -> Any:
    raise missing("scipy.optimize", name)
