"""The harness fails where it is to fail: lost and wrong gradients, wrong values, what is declared wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import GraphExitError
from tests.consumers.harness import GRADIENT, Case, Exits, Held, Outcome, Plain, Raises, check, normal
from tests.targets import Target

HERE = Target("numpy", ag.asarray(0.0).xp)


def out_and_in(x: Any) -> Any:
    """Leave the graph and come back."""
    return ag.asarray(np.sin(x.detach().numpy())) if isinstance(x, ag.Tensor) else np.sin(x)


def halved(x: Any) -> Any:
    """Lose half of the gradient."""
    return x * x if isinstance(x, np.ndarray) else x * x.detach()


def shifted(x: Any) -> Any:
    """Return another value, with the right gradient."""
    return x * x if isinstance(x, np.ndarray) else x * x + 1


@pytest.mark.parametrize(
    "call, outcome, said",
    [
        (out_and_in, GRADIENT, "have no graph"),
        (lambda x: (x * x, out_and_in(x)), GRADIENT, "have no graph"),
        (out_and_in, Plain("declared wrongly"), "have no graph"),
        (halved, GRADIENT, "differences say"),
        (shifted, GRADIENT, "leaf 0"),
        (lambda x: x * x, Plain("declared wrongly"), "and has one"),
        (lambda x: x * x, Raises(GraphExitError, "declared wrongly"), "and it works"),
        (lambda x: x > 0, GRADIENT, "no floating tensor"),
    ],
)
def test_what_is_not_as_declared_fails(call: Any, outcome: Outcome, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check(Case("one", call, normal(3), outcome=outcome), HERE)


def test_an_input_that_the_graph_does_not_reach_fails() -> None:
    case = Case("one", lambda x, y: (x * 2, 0 * y), normal(3), normal(3))
    check(case, HERE)
    with pytest.raises(AssertionError, match="every input"):
        check(Case("one", lambda x, y: (x * 2, y > 0), normal(3), normal(3)), HERE)


def test_what_is_as_declared_passes() -> None:
    check(Case("one", lambda x, y: x * y, normal(3), Held(normal(3))), HERE)
    check(Case("one", lambda x: np.argmax(x) if isinstance(x, np.ndarray) else ag.argmax(x), normal(3),
               outcome=Plain("integers")), HERE)  # fmt: skip
    check(
        Case("one", lambda x: np.asarray(x).sum(), normal(3), outcome=Raises(GraphExitError, "numpy")), HERE
    )


def test_an_exit_is_to_be_recorded() -> None:
    check(Case("one", lambda x: float(x[0]), normal(3), outcome=Exits("float")), HERE)
    with pytest.raises(AssertionError, match="nothing is recorded"):
        check(Case("one", out_and_in, normal(3), outcome=Exits("declared wrongly")), HERE)
    with pytest.raises(AssertionError, match="the gradient is right"):
        check(Case("one", lambda x: x * x + 0 * x.tolist()[0], normal(3), outcome=Exits("float")), HERE)
