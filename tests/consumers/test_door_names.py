"""What is said of names that ``anygrad.scipy`` has not."""

from __future__ import annotations

import copy
import pydoc
import sys
from typing import Any

import pytest

import anygrad as ag
from anygrad.errors import UnsupportedError
from anygrad.scipy import stats
from anygrad.scipy.stats.families import METHODS, MOMENTS, Family


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


# ---------------------------------------------------------------- what distributions say


DISTRIBUTIONS = [found for n in stats.__all__ if isinstance(found := getattr(stats, n), Family)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("one", DISTRIBUTIONS, ids=repr)
def test_help_names_the_functions_that_there_are(one: Any) -> None:
    shapes = [0.3 if name == "p" else 3.0 for name in one.shapes]
    said = pydoc.render_doc(one, renderer=pydoc.plaintext)
    for name in METHODS:
        method = getattr(type(one), name, None)
        given = shapes if name in MOMENTS else [0.5, *shapes]
        try:
            there = method is not None and method(one, *given) is not None
        except UnsupportedError:
            there = False
        assert there == (f" {name}(" in said), name
    assert "differentiable in" in said


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: stats.norm.rvs, "draw with anygrad.random.normal"),
        (lambda: stats.t(3.0).rvs, "draw with t.ppf"),
        (lambda: stats.poisson.rvs, "SciPy's poisson.rvs"),
        (lambda: stats.norm.fit, "minimise -norm.logpdf"),
        (lambda: stats.poisson(3.0).fit, "minimise -poisson.logpmf"),
        (lambda: stats.norm.moment, "it has logpdf, pdf, cdf"),
        (lambda: stats.multivariate_normal.rvs, "anygrad.random.normal"),
        (lambda: stats.dirichlet.rvs, "it has .*logpdf"),
    ],
)
def test_a_method_that_is_not_there(call: Any, said: str) -> None:
    with pytest.raises(AttributeError, match=said):
        call()
    assert "logpdf" in dir(stats.norm(1.0, 2.0))


@pytest.mark.parametrize("one", DISTRIBUTIONS, ids=repr)
def test_distributions_are_copied(one: Any) -> None:
    assert copy.copy(one).name == one.name
