"""Sparse matrices of tensors, made and solved under SciPy's names."""

import importlib
from typing import TYPE_CHECKING, Any

from anygrad.scipy.doors import missing
from anygrad.scipy.sparse import building, matrices
from anygrad.scipy.sparse.building import *  # noqa: F403
from anygrad.scipy.sparse.matrices import *  # noqa: F403

if TYPE_CHECKING:
    from anygrad.scipy.sparse import linalg as linalg

__all__ = sorted([*building.__all__, *matrices.__all__])

LEGACY = {
    "coo_matrix": "coo_array",
    "csc_matrix": "csc_array",
    "csr_matrix": "csr_array",
    "diags": "diags_array",
    "eye": "eye_array",
    "identity": "eye_array",
}
"""What SciPy has for its matrices, whose ``*`` is the product of matrices and whose sums have two axes."""


def __getattr__(name: str) -> Any:
    if name == "linalg":
        return importlib.import_module("anygrad.scipy.sparse.linalg")
    if name in LEGACY:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}: matrices are sparse arrays here, whose products "
            f"are A @ B; write {LEGACY[name]}"
        )
    raise missing("scipy.sparse", name)


def __dir__() -> list[str]:
    return sorted([*__all__, "linalg"])
