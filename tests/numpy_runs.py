"""Runs the expressions of ``numpy_cases``: on arrays, and on tensors by NumPy's functions or ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

import anygrad as ag
from tests.numpy_cases import INPUTS, names_in


class Names(dict[str, Any]):
    """What an expression may name: inputs, and behind them the functions of a module."""

    def __init__(self, module: Any, inputs: Mapping[str, Any]) -> None:
        super().__init__(inputs, np_inf=np.inf, no_value=np._NoValue, float=float, slice=slice)
        self.module = module

    def __missing__(self, name: str) -> Any:
        return getattr(self.module, name)


def evaluated(expression: str, module: Any, inputs: Mapping[str, Any]) -> Any:
    """Return what an expression gives, or what it has written into."""
    names = Names(module, inputs)
    found = eval(expression, {"__builtins__": {}}, names)
    return names["o"] if found is None else found


def on_arrays(expression: str) -> Any:
    """Evaluate with NumPy alone."""
    with np.errstate(all="ignore"):
        return evaluated(expression, np, {k: a.copy() for k, a in INPUTS.items()})


def leaves_of(expression: str, device: str) -> dict[str, Any]:
    """Return a leaf for each input that an expression reads: floating ones require a gradient."""
    return {
        letter: ag.tensor(
            np.nan_to_num(INPUTS[letter]), device=device, requires_grad=INPUTS[letter].dtype.kind in "fc"
        )
        for letter in dict.fromkeys(names_in(expression))
    }


def on_tensors(expression: str, module: Any, leaves: Mapping[str, Any]) -> Any:
    """Evaluate on tensors; what is written into is a copy of its leaf."""
    given = {letter: t.clone() if letter == "o" else t for letter, t in leaves.items()}
    if "n" in given:
        given["n"] = ag.where(ag.asarray(np.isnan(INPUTS["n"]), device=given["n"].device), np.nan, given["n"])
    return evaluated(expression, module, given)


def parts_of(found: Any) -> Iterator[Any]:
    """Yield the arrays, tensors and other things of a result, in order."""
    if isinstance(found, list | tuple) and not isinstance(found, str):
        for part in found:
            yield from parts_of(part)
    else:
        yield found
