"""Names from elsewhere: the error says what they are called here, and what it says exists."""

import re

import pytest

import anygrad as ag
from anygrad.hints import FUNCTIONS, METHODS, NUMPYS


def test_a_name_from_elsewhere_is_answered() -> None:
    with pytest.raises(AttributeError, match="module 'anygrad' has no attribute 'cat': use concat"):
        _ = ag.cat
    with pytest.raises(AttributeError, match=r"no attribute 'nonsense'$"):
        _ = ag.nonsense
    with pytest.raises(AttributeError, match=r"'anygrad.linalg' has no attribute 'norm_except_dim'"):
        _ = ag.linalg.norm_except_dim
    assert not hasattr(ag, "clamp")


def test_numpys_names_are_numpys_functions() -> None:
    import anygrad.numpy as anp

    x, there = ag.tensor([3.0, 4.0]), ag.asarray([3.0, 4.0], device="array_api_strict:device1")
    assert ag.cumsum is anp.cumsum and ag.linalg.norm is anp.linalg.norm and ag.fft.fft2 is anp.fft.fft2
    assert ag.median is not anp.median  # the standard's, and what this library has beside them, come first
    for xp, y in ((ag, x), (there.__array_namespace__(), there)):
        assert xp.cumsum(y).tolist() == [3.0, 7.0] and xp.linalg.norm(y).item() == 5.0
        made = xp.identity(2)
        assert made.device == y.device and made.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert NUMPYS.keys() <= set(anp.__all__)


def test_pytorchs_keywords_are_answered() -> None:
    x = ag.ones((2, 3))
    for call in (lambda: ag.sum(x, dim=0), lambda: x.max(dim=0), lambda: ag.sort(x, dim=1)):
        with pytest.raises(TypeError, match=r"unexpected keyword argument 'dim': use axis$"):
            call()
    with pytest.raises(TypeError, match=r"'keepdim': use keepdims$"):
        x.mean(axis=0, keepdim=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_hint_names_exists(name: str) -> None:
    assert not hasattr(ag, name)
    first = re.match(r"(?:1 / \(1 \+ )?(\w+)", FUNCTIONS[name])
    assert first is not None and hasattr(ag, first.group(1))


@pytest.mark.parametrize("name", NUMPYS)
def test_what_is_named_in_the_place_of_numpys_exists(name: str) -> None:
    first = re.match(r"\w+", NUMPYS[name])
    assert first is not None and hasattr(ag, first.group())


@pytest.mark.parametrize("name", sorted(METHODS.keys() - FUNCTIONS.keys() - NUMPYS.keys()))
def test_what_a_method_hint_names_exists(name: str) -> None:
    found = re.search(r"use (anygrad\.)?(\w+)|read x\.(\w+)", METHODS[name])
    assert found is not None
    assert hasattr(ag if found.group(1) else ag.Tensor, found.group(2) or found.group(3))


def test_a_method_from_elsewhere_is_answered() -> None:
    x = ag.tensor([1.0])
    with pytest.raises(AttributeError, match=r"^\[permute\] tensors have no .permute: use permute_dims$"):
        x.permute(0)
    with pytest.raises(TypeError, match=r"^\[view\] got 1: expected a dtype; use reshape for a shape$"):
        x.view(1)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = x[:1].nonsense
    assert not METHODS.keys() & set(dir(x)) and not hasattr(x, "data")


def test_the_package_lists_what_is_public() -> None:
    assert {"draw", "testing", "sin", "tensor"} <= set(dir(ag))
    assert not {"dispatch", "Any", "views"} & set(dir(ag))
    for module in (ag.autograd, ag.cuda, ag.fft, ag.linalg, ag.random, ag.special, ag.testing):
        assert dir(module) == sorted(module.__all__)
