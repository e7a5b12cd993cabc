"""Programs of plain NumPy, run on tensors: numbers are NumPy's, gradients those of HIPS autograd."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import autograd
import autograd.numpy
import autograd.scipy.special
import numpy as np
import pytest

import anygrad as ag
from anygrad.trees import flatten
from tests.consumers import programs
from tests.consumers.programs import PROGRAMS


def loaded(**modules: Any) -> ModuleType:
    """Return a copy of the programs with other modules under some of their names, as ``np``."""
    spec = importlib.util.spec_from_file_location("programs_copy", programs.__file__)
    assert spec is not None and spec.loader is not None
    found = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    vars(found).update(modules)
    return found


HIPS = loaded(np=autograd.numpy, erf=autograd.scipy.special.erf)


def leaves(tree: Any) -> list[np.ndarray]:
    """Return the arrays of a tree, in one order for trees of arrays and of tensors."""
    return [np.asarray(leaf) for leaf in flatten(tree)[0]]


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("seed", (0, 1))
def test_program(name: str, seed: int) -> None:
    one = PROGRAMS[name]
    params = one.draw(np.random.default_rng(seed))
    value, gradient = ag.value_and_grad(one.objective)(params)
    assert isinstance(value, ag.Tensor) and value.shape == ()
    np.testing.assert_allclose(value.item(), one.objective(params), rtol=1e-12)
    expected = autograd.grad(HIPS.PROGRAMS[name].objective)(params)
    assert any(np.any(part) for part in leaves(expected))
    for found, part in zip(leaves(gradient), leaves(expected), strict=True):
        np.testing.assert_allclose(found, part, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    "name", ("gaussian_process", "logistic_regression", "matrices", "rosenbrock", "wing")
)
def test_curvature(name: str) -> None:
    """A product with the Hessian."""
    one = PROGRAMS[name]
    x = one.draw(np.random.default_rng(2))
    v = np.cos(np.arange(x.size, dtype=float)).reshape(x.shape)
    found = ag.hvp(one.objective)(x, v)
    expected = autograd.hessian_vector_product(HIPS.PROGRAMS[name].objective)(x, v)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-8, atol=1e-10)
