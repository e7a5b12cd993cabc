"""What the cases of scikit-learn share: dispatch on tensors, and labels where the data lies."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sklearn
from array_api_compat import array_namespace

import anygrad as ag
from tests.consumers.harness import Case, Exits

__all__ = ["KINDS", "SIDES", "TO_FLOAT", "case", "dispatch", "fitted", "like", "safe"]

SIDES = (0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0)
KINDS = (0, 1, 2, 0, 1, 2, 2, 1, 0, 2, 1, 1)
"""Labels of twelve samples, in two classes and in three."""

TO_FLOAT = Exits("scikit-learn returns `float(score)`")
dispatch = functools.partial(sklearn.config_context, array_api_dispatch=True)


@contextmanager
def safe() -> Iterator[None]:
    """Dispatch, and let a gradient of zero stay zero: for code that divides 0 by 0 and overwrites it."""
    with dispatch(), ag.nan_safe():
        yield


def case(name: str, call: Callable[..., Any], *inputs: Any, **keywords: Any) -> Case:
    """Return a case with dispatch on, under the name that the function has in the package."""
    return Case(f"sklearn.{name}", call, *inputs, **{"around": dispatch, "everywhere": True, **keywords})


def like(x: Any, values: Any) -> Any:
    """Return an array of the library of x, where x lies."""
    return array_namespace(x).asarray(values)


def fitted(make: Callable[[], Any], parts: str, *targets: Any) -> Callable[..., Any]:
    """Return a call that fits an estimator and gives parts of it.

    Parts are attributes, methods that are called with the data, and with ``()`` methods that take nothing.
    """

    def call(x: Any, *others: Any) -> dict[str, Any]:
        model = make().fit(x, *others, *(like(x, labels) for labels in targets))
        found = {part: getattr(model, part.removesuffix("()")) for part in parts.split()}
        for part, value in found.items():
            if callable(value):
                found[part] = value() if part.endswith("()") else value(x)
        return found

    return call
