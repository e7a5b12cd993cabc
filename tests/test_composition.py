"""Every transform with every feature; and the table of them at the end of the README."""

from __future__ import annotations

import pytest

from tests.composition import FEATURES, README, TRANSFORMS, cell, written

ONCE = {
    "autograd.grad, twice",
    "grad of grad",
    "jvp",
    "jvp of jvp",
    "linearize",
    "jacobian, forward",
    "hessian",
}
ONCE |= {"hvp", "vhp", "ggnvp"}
"""Transforms that differentiate a derivative, or go forwards."""


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_transform_with_a_feature(transform: str, feature: str) -> None:
    refused = feature == "once_differentiable" and transform in ONCE
    assert cell(transform, feature) == ("GradientError" if refused else "+")


def test_the_end_of_the_readme_is_current() -> None:
    text = README.read_text()
    assert written(text) == text, "README.md is stale: run python -m tests.composition"
