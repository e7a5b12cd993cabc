"""Sparse matrices of tensors, made and solved under SciPy's names."""

from typing import Any

from anygrad.scipy.doors import missing
from anygrad.scipy.sparse import matrices
from anygrad.scipy.sparse.matrices import *  # noqa: F403

__all__ = list(matrices.__all__)


def __getattr__(name: str) -> Any:
    if name == "linalg":
        import importlib

        return importlib.import_module("anygrad.scipy.sparse.linalg")
    raise missing("scipy.sparse", name)
