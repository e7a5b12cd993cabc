"""On a GPU, CuPy itself tells that no row waits for the device; and what that leaves unchecked."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

import anygrad as ag
from anygrad.op import CREATIONS, DERIVED, REGISTRY
from tests.samples import Sample, cases, outputs_of, own, seeds_of
from tests.spy import WAITS
from tests.targets import Target
from tests.test_rows import about, connected

on_a_gpu = pytest.mark.targets("cupy")


@contextlib.contextmanager
def unsynchronized() -> Iterator[None]:
    """Have CuPy raise ``cupyx.DeviceSynchronized`` where the host waits for the device."""
    import cupyx

    with warnings.catch_warnings(
        action="ignore"
    ):  # It is deprecated, since it misses what other libraries do.
        context = cupyx.allow_synchronize(False)
        context.__enter__()
    try:
        yield
    finally:
        context.__exit__(None, None, None)


def twice(one: Sample, target: Target) -> None:
    """Compute a sample on a target, its gradient and the gradient of that."""
    operands = one.made(target, one.tracked)
    outs = outputs_of(one.call(target, operands))
    if not connected(one):
        return
    outs = [out for out in outs if out.requires_grad]
    tracked = [operands[i] for i in one.tracked]
    seeds = [s.requires_grad_() for s in seeds_of(outs, target)]
    first = ag.autograd.grad(outs, tracked, seeds, create_graph=True)
    ends = [g for g in first if g.requires_grad]
    if ends:
        ag.autograd.grad(ends, [*tracked, *seeds], seeds_of(ends, target), allow_unused=True)


@on_a_gpu
@pytest.mark.parametrize("name", [n for n in own((*REGISTRY, *DERIVED, *CREATIONS)) if n not in WAITS])
def test_nothing_waits_for_the_gpu(name: str, target: Target) -> None:
    for one in cases(name, target.name):
        with about(one), unsynchronized():
            twice(one, target)


@on_a_gpu
def test_waiting_is_noticed(target: Target) -> None:
    import cupyx

    x = target.make(np.ones(3))
    for wait in (ag.Tensor.tolist, lambda x: float(x[0]), lambda x: x[x > 0]):
        with pytest.raises(cupyx.DeviceSynchronized), unsynchronized():
            wait(x)
    assert x.tolist() == [1.0, 1.0, 1.0]


@on_a_gpu
def test_indices_that_leave_their_axis_wrap_in_values_and_gradients(target: Target) -> None:
    x, v = target.make(np.arange(3.0), True), target.make(np.array([7.0, 8.0]), True)
    index = ag.asarray(np.array([4, -4]), device=target.device)
    (x[index] * 2).sum().backward()
    assert x[index].tolist() == [1.0, 2.0] and x.grad.tolist() == [0.0, 2.0, 2.0]
    y = x * 1
    y[index] = v
    y.sum().backward()
    assert y.tolist() == [0.0, 7.0, 8.0] and v.grad.tolist() == [1.0, 1.0]
    assert x.grad.tolist() == [1.0, 2.0, 2.0]
