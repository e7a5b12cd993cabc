"""What is said of names that ``anygrad.scipy`` has not."""

from __future__ import annotations

import sys

import pytest

import anygrad as ag


@pytest.mark.parametrize(
    ("module", "name", "said"),
    [
        ("special", "foo", "'foo', nor has SciPy$"),
        ("special", "gama", "nor has SciPy; there is gamma"),
        ("ndimage", "gausian_filter", "nor has SciPy; there is gaussian_filter"),
        ("sparse", "lil_array", "scipy.sparse.lil_array computes on arrays of NumPy alone"),
        ("ndimage", "label", "scipy.ndimage.label computes on arrays of NumPy alone"),
        ("stats", "zscore", "scipy.stats.zscore itself takes tensors .*SCIPY_ARRAY_API=1"),
        ("stats", "__wrapped__", "has no attribute '__wrapped__'$"),
    ],
)
def test_a_name_that_is_not_there(module: str, name: str, said: str) -> None:
    with pytest.raises(AttributeError, match=said):
        getattr(getattr(ag.scipy, module), name)


def test_a_name_that_is_not_there_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    special = ag.scipy.special
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(AttributeError, match="no attribute 'gama'; there is gamma"):
        _ = special.gama
