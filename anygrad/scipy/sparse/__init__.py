"""Sparse matrices of tensors, made and solved under SciPy's names."""

import importlib
from typing import TYPE_CHECKING, Any

from anygrad.scipy.doors import missing
from anygrad.scipy.sparse import matrices
from anygrad.scipy.sparse.matrices import *  # noqa: F403

if TYPE_CHECKING:
    from anygrad.scipy.sparse import linalg as linalg

__all__ = list(matrices.__all__)


def __getattr__(name: str) -> Any:
    if name == "linalg":
        return importlib.import_module("anygrad.scipy.sparse.linalg")
    raise missing("scipy.sparse", name)


def __dir__() -> list[str]:
    return sorted([*__all__, "linalg"])
