"""Names from elsewhere: the error says what they are called here, and what it says exists."""

import re

import pytest

import anygrad as ag
from anygrad.hints import FUNCTIONS, METHODS


def test_a_name_from_elsewhere_is_answered() -> None:
    with pytest.raises(AttributeError, match="module 'anygrad' has no attribute 'cat': use concat"):
        _ = ag.cat
    with pytest.raises(AttributeError, match=r"no attribute 'nonsense'$"):
        _ = ag.nonsense
    with pytest.raises(
        AttributeError, match=r"'anygrad.linalg' has no attribute 'norm': use linalg.vector_n"
    ):
        _ = ag.linalg.norm
    assert not hasattr(ag, "clamp")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_hint_names_exists(name: str) -> None:
    assert not hasattr(ag, name)
    first = re.match(r"(?:1 / \(1 \+ )?(\w+)", FUNCTIONS[name])
    assert first is not None and hasattr(ag, first.group(1))


@pytest.mark.parametrize("name", sorted(METHODS.keys() - FUNCTIONS.keys()))
def test_what_a_method_hint_names_exists(name: str) -> None:
    found = re.search(r"use (\w+)|read x\.(\w+)", METHODS[name])
    assert found is not None and hasattr(ag.Tensor, found.group(1) or found.group(2))


def test_a_method_from_elsewhere_is_answered() -> None:
    x = ag.tensor([1.0])
    with pytest.raises(AttributeError, match=r"^\[view\] tensors have no .view: use reshape$"):
        x.view(1)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = x[:1].nonsense
    assert not METHODS.keys() & set(dir(x)) and not hasattr(x, "data")


def test_the_package_lists_what_is_public() -> None:
    assert {"draw", "testing", "sin", "tensor"} <= set(dir(ag))
    assert not {"dispatch", "Any", "views"} & set(dir(ag))
    for module in (ag.autograd, ag.cuda, ag.fft, ag.linalg, ag.random, ag.special, ag.testing):
        assert dir(module) == sorted(module.__all__)
