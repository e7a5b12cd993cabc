"""The standard's extension ``linalg``, and beyond it ``expm``, ``lstsq`` and ``solve_triangular``.

Leading axes are batches. Where a matrix is singular, or not positive definite, NumPy and PyTorch raise
``LinAlgError``; CuPy and JAX, which do not wait for the device, give NaN.
"""

from anygrad import ops  # noqa: F401  (declares the rows, before anything reads the registry)
from anygrad.functions import functions_of
from anygrad.op import REGISTRY

_FUNCTIONS = functions_of("linalg")
_PUBLIC = {
    name: f for name, f in _FUNCTIONS.items() if getattr(REGISTRY.get(f"linalg.{name}"), "public", True)
}
_RESULTS = {
    row.result.__name__: row.result
    for row in REGISTRY.values()
    if row.key.startswith("linalg.") and row.result
}
globals().update(_PUBLIC | _RESULTS)

__all__ = [*_PUBLIC, *_RESULTS]
