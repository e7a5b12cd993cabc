"""Sets what SciPy reads once, when it is imported; says which cases run on which backends."""

from __future__ import annotations

import os
import sys

import pytest

if "scipy" in sys.modules and not os.environ.get("SCIPY_ARRAY_API"):
    raise pytest.UsageError("scipy is imported already: set SCIPY_ARRAY_API=1 before pytest starts")
os.environ["SCIPY_ARRAY_API"] = "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, on PyTorch and JAX, the cases that were not made for every backend."""
    out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def _is_left_out(item: pytest.Item) -> bool:
    found = getattr(item, "callspec", None)
    case = found and found.params.get("case")
    return case is not None and found.params["target"] in ("torch", "jax") and not case.everywhere
