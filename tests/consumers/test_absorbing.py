"""``nan_safe`` over every row: numbers as outside, and what has no gradient poisons nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.tensors import Tensor
from tests.samples import Sample, cases, outputs_of
from tests.targets import Target
from tests.test_rows import DIFFERENTIABLE, about, gradients

pytestmark = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.targets("numpy"),
    pytest.mark.parametrize("name", DIFFERENTIABLE),
]
KINDS = ("plain", "axis", "batch")


def test_numbers_are_those_outside(name: str, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is NaN the way that absorbs gives what the formula gives."""
    for one in cases(name, target.name):
        with about(one):
            operands = one.made(target, one.tracked)
            if not any(out.requires_grad for out in outputs_of(one.call(target, operands))):
                continue
            expected = gradients(one, target, operands)
            with ag.nan_safe(), monkeypatch.context() as patch:
                patch.setattr("anygrad.absorbing.clean", lambda *parts: False)
                found = gradients(one, target, operands)
            for a, b in zip(found, expected, strict=True):
                known = np.isfinite(b)
                np.testing.assert_allclose(a[known], b[known], rtol=1e-6, atol=1e-9)


def test_a_gradient_is_the_sum_over_its_entries(name: str, target: Target) -> None:
    """Those that are zero, where the output is NaN, add nothing: what they would meet does not matter."""
    for one in cases(name, target.name, *KINDS):
        for place in one.tracked:
            poisoned = _poisoned(one, target, place)
            if poisoned is not None:
                with about(one, f"operand {place} holds NaN"):
                    _check_sum(target, *poisoned)


def _poisoned(one: Sample, target: Target, place: int) -> Any:
    """Return outputs and inputs of a call one operand of which holds NaN; None where it then raises."""
    operands = one.made(target, one.tracked)
    array = np.array(one.operands[place])
    if not array.size:
        return None
    array.reshape(-1)[0] = np.nan
    operands[place] = target.make(array, grad=True)
    try:
        outs = [out for out in outputs_of(one.call(target, operands)) if out.requires_grad]
    except (np.linalg.LinAlgError, ag.AnygradError, ValueError):
        return None
    return outs, [x for x in operands if isinstance(x, Tensor) and x.requires_grad]


def _check_sum(target: Target, outs: list[Tensor], inputs: list[Tensor]) -> None:
    random = np.random.default_rng(0)
    values = [out.detach().numpy() for out in outs]
    seeds = [np.where(np.isfinite(v), random.normal(size=v.shape), 0).astype(v.dtype) for v in values]

    def pulled(seeds: list[np.ndarray]) -> list[np.ndarray]:
        with ag.nan_safe():
            given = [target.make(seed) for seed in seeds]
            found = ag.autograd.grad(outs, inputs, given, retain_graph=True, materialize_grads=True)
        return [g.numpy() for g in found]

    sums = [np.zeros(x.shape, x.dtype) for x in inputs]
    for i, seed in enumerate(seeds):
        for at in zip(*np.nonzero(seed), strict=True) if seed.ndim else [()] * bool(seed):
            one = [np.zeros_like(s) for s in seeds]
            one[i][at] = seed[at]
            for total, g in zip(sums, pulled(one), strict=True):
                total += g
    for a, b in zip(pulled(seeds) if outs else [], sums, strict=False):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)
