"""What cases do not hold of ``anygrad.scipy``: derivatives of second order, and precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.testing import gradcheck
from tests.consumers.cases import door_integrate, door_linalg, door_optimize, door_sparse
from tests.consumers.harness import Case, Held, leaves

MODULES = (door_integrate, door_linalg, door_optimize, door_sparse)
CASES = [case for module in MODULES for case in module.CASES]


def drawn(case: Case, seed: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [(i.draw if isinstance(i, Held) else i)(rng) for i in case.inputs]


def floating(result: Any) -> list[Any]:
    """Return the floating tensors of a result."""
    return [leaf for leaf in leaves(result) if isinstance(leaf, ag.Tensor) and leaf.dtype.kind in "fc"]


def is_quick(case: Case) -> bool:
    """Tell whether a case takes no second derivative of an integral within another."""
    return not any(name in case.name for name in ("dblquad", "nquad"))


@pytest.mark.parametrize("one", [one for one in CASES if is_quick(one)], ids=str)
def test_second_order(one: Case) -> None:
    inputs = [ag.tensor(x, requires_grad=True) for x in drawn(one)]
    tolerances = {"atol": 1e-5, "rtol": 1e-4}
    if one in door_optimize.MINIMA + door_optimize.FITS:
        # A minimum is found to the root of the precision.
        tolerances = {"atol": 1e-3, "rtol": 1e-2, "eps": 1e-3}
    gradcheck(lambda *a: floating(one.pick(one.call(*a))), inputs, order=2, fast=True, **tolerances)


@pytest.mark.parametrize("one", door_linalg.CASES, ids=str)
@pytest.mark.filterwarnings("ignore:logm result may be inaccurate")
def test_single_precision_stays(one: Case) -> None:
    given = [x.astype("complex64" if x.dtype.kind == "c" else "float32") for x in drawn(one)]
    inputs = [ag.tensor(x, requires_grad=True) for x in given]
    outs = floating(one.call(*inputs))
    assert {out.dtype.itemsize // (2 if out.dtype.kind == "c" else 1) for out in outs} == {4}
    outs = [out for out in outs if out.requires_grad]
    found = ag.autograd.grad(outs, inputs, [ag.ones_like(out) for out in outs])
    assert [g.dtype for g in found] == [x.dtype for x in given]
