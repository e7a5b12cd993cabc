"""Distributions under SciPy's names, and densities estimated from data.

All is written in anygrad's functions: every device has it, and gradients of any order flow to parameters too.
What SciPy's ``stats`` computes of samples (``zscore``, ``skew``, tests) is written to the Array API there.
"""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.stats import bounded, halves, integers, kernels, lines, several, tails
from anygrad.scipy.stats.bounded import *  # noqa: F403
from anygrad.scipy.stats.halves import *  # noqa: F403
from anygrad.scipy.stats.integers import *  # noqa: F403
from anygrad.scipy.stats.kernels import *  # noqa: F403
from anygrad.scipy.stats.lines import *  # noqa: F403
from anygrad.scipy.stats.several import *  # noqa: F403
from anygrad.scipy.stats.tails import *  # noqa: F403

_PARTS = (bounded, halves, integers, kernels, lines, several, tails)
__all__ = sorted(name for part in _PARTS for name in part.__all__)


def __getattr__(name: str) -> Any:
    raise missing("scipy.stats", name)


def __dir__() -> list[str]:
    return list(__all__)
