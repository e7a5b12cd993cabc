"""The classes of errors: documented, public, and caught by what catches NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import errors
from anygrad.op import REGISTRY


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_has_a_docstring_and_the_common_base(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, errors.AnygradError) and kind.__doc__
    assert getattr(ag, name) is kind


def test_errors_derive_from_what_numpy_raises_there() -> None:
    for made in (
        lambda xp, a: xp.add(a(np.ones(2)), a(np.ones(3))),
        lambda xp, a: xp.sum(a(np.ones(2)), axis=3),
        lambda xp, a: a(np.ones(2))[4],
        lambda xp, a: a(np.ones(2))["a"],
        lambda xp, a: xp.matmul(a(np.ones((2, 3))), a(np.ones((2, 3)))),
        lambda xp, a: xp.reshape(a(np.ones(4)), (3,)),
        lambda xp, a: xp.bitwise_and(a(np.ones(2)), a(np.ones(2))),
        lambda xp, a: len(a(np.asarray(1.0))),
        lambda xp, a: bool(a(np.ones(2))),
        lambda xp, a: a(np.ones(2)).__setitem__(slice(None), a(np.ones(3))),
    ):
        with pytest.raises(Exception) as theirs:
            made(np, np.array)
        with pytest.raises(errors.AnygradError) as ours:
            made(ag, ag.tensor)
        kinds = (ValueError, TypeError, IndexError)
        assert any(isinstance(theirs.value, k) and isinstance(ours.value, k) for k in kinds)


@pytest.mark.parametrize("name", [n for n in REGISTRY if REGISTRY[n].public])
def test_a_wrong_keyword_names_the_function(name: str) -> None:
    x = ag.ones((2, 2))
    given = ([x],) if REGISTRY[name].is_list else (x,)
    with pytest.raises(
        TypeError, match=rf"^{name}\(\) (got an unexpected keyword argument 'foo'|missing 1 req)"
    ):
        getattr(ag, name)(*given, foo=1)


def test_operators_leave_foreign_objects_to_python() -> None:
    x = ag.tensor([1.0, 2.0])
    for foreign in ("a", [1.0], None, object()):
        with pytest.raises(TypeError, match="unsupported operand"):
            x + foreign
        with pytest.raises(TypeError, match="unsupported operand"):
            foreign - x

    class Theirs:
        def __radd__(self, other: Any) -> str:
            return "theirs"

    assert x + Theirs() == "theirs"
