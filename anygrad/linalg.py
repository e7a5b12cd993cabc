"""The standard's extension ``linalg``, and beyond it ``expm``, ``lstsq`` and ``solve_triangular``.

Leading axes are batches. Where a matrix is singular, or not positive definite, NumPy and PyTorch raise
``LinAlgError``; CuPy and JAX, which do not wait for the device, give NaN.
"""

from typing import Any

from anygrad import ops  # noqa: F401  (declares the rows, before anything reads the registry)
from anygrad.functions import functions_of
from anygrad.hints import elsewhere
from anygrad.ops.decompositions import EighResult, EigResult, QRResult, SVDResult
from anygrad.ops.linalg import SlogdetResult
from anygrad.ops.matrix_functions import LstsqResult

_PUBLIC = functions_of("linalg")
globals().update(_PUBLIC)

__all__ = ["EigResult", "EighResult", "LstsqResult", "QRResult", "SVDResult", "SlogdetResult", *_PUBLIC]


def __getattr__(name: str) -> Any:
    return elsewhere(name, __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
