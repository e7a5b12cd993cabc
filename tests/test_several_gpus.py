"""Several GPUs: each tensor computes on its own, whatever the current one is; copies between them.

The stand-in raises where an array of another device than the current one is computed with, be it by Python's
operators; CuPy would compute on the wrong one, or raise. With two GPUs, ``--device cuda`` runs the last test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

import anygrad as ag
from anygrad.devices import get_backend
from anygrad.op import DERIVED, REGISTRY
from tests import standin, standin_cuda
from tests.samples import SAMPLES, Sample, outputs_of, seeds_of
from tests.targets import Target

HOST = Target("numpy", get_backend("cpu"))


@pytest.fixture(scope="module")
def second() -> Iterator[Target]:
    """The second of two GPUs, while the first is the current one."""
    with standin.installed(2):
        found = Target("cupy", get_backend("cuda:1"))
        found.backend.chains_from = None  # which would compile a kernel for every formula
        yield found
        assert standin_cuda.CURRENT == [0]


def results(one: Sample, target: Target) -> list[np.ndarray]:
    """Return the outputs of a sample, the gradients and the gradients of those."""
    operands = one.made(target, one.tracked)
    outs = [out for out in outputs_of(one.call(target, operands)) if isinstance(out, ag.Tensor)]
    found = list(outs)
    outs = [out for out in outs if out.requires_grad]
    if outs:
        leaves = [operands[i] for i in one.tracked]
        seeds = seeds_of(outs, target)
        found += ag.autograd.grad(outs, leaves, seeds, retain_graph=True)
        first = ag.autograd.grad(outs, leaves, seeds, create_graph=True, retain_graph=True)
        again = [g for g in first if g.requires_grad]
        if again:
            second = seeds_of(again, target)
            found += ag.autograd.grad(again, leaves, second, retain_graph=True, materialize_grads=True)
        for _ in range(2):  # into .grad, and added to what is there
            outs[0].backward(seeds[0], retain_graph=True)
        found += [x.grad for x in leaves if x.grad is not None]
    assert all(t.device == target.device and target.holds(t) for t in found)
    return [t.xp.to_numpy(t.array) for t in found]


PLAIN = [name for name in (*REGISTRY, *DERIVED) if "." not in name]
"""The functions of which the stand-in has what they call: not those of the extensions."""


@pytest.mark.parametrize("name", PLAIN)
def test_functions_compute_on_the_device_of_their_operands(name: str, second: Target) -> None:
    kinds: Counter[tuple[str, bool]] = Counter()
    for one in SAMPLES[name]:
        kinds[one.kind, one.is_complex] += 1
        if one.kind == "tie" or kinds[one.kind, one.is_complex] > 2:
            continue
        for found, want in zip(results(one, second), results(one, HOST), strict=True):
            np.testing.assert_allclose(found, want, rtol=1e-10, atol=1e-10, err_msg=str(one))


def program(device: str) -> list[ag.Tensor]:
    """Index, write, compute in place and differentiate on a device."""
    start = np.arange(12.0).reshape(3, 4) / 7
    x = ag.tensor(start, device=device, requires_grad=True)
    rows, columns = (ag.asarray(i, device=device) for i in ([0, -1, 0], [1, -2, 1]))
    y = x * 1.0
    y[rows, columns] = x[rows, columns] * 2  # an index that comes twice
    y[1:, ::2] += x[:2, 1::2]
    y[[0, 2]] *= 3.0
    (y.mT.reshape((2, 6)) * x.reshape((2, 6))).sum().backward()
    plain = ag.tensor(start.copy(order="F"), device=device)
    plain.mT[1:] += 1.0
    plain.add_(ag.ones((3, 4), device=device), alpha=0.5)
    plain.mT.sub_(ag.ones((3, 4), device=device).mT, alpha=2.0)
    part = plain[:, ::2]
    part **= 2
    plain.copy_(plain.mT.reshape((3, 4)))
    grown = ag.asarray(np.asfortranarray(start), device=device)
    grown += ag.asarray(start, device=device)
    return [y, x.grad, plain, part, grown, plain[plain > 1.0], ag.where(plain > 1, plain, 0).std()]


def test_indexing_and_writing(second: Target) -> None:
    for found, want in zip(program(second.device), program("cpu"), strict=True):
        assert found.device == second.device
        np.testing.assert_allclose(found.xp.to_numpy(found.array), want.detach().numpy(), rtol=1e-12)


def test_sums_that_begin_where_gradients_come_from_another_device(second: Target) -> None:
    x = ag.tensor([1.0, 2.0], device="cuda:1", requires_grad=True)
    y = x * x
    first, other, home = y.to("cuda:0"), y.to("cpu"), y.to("cuda:0")
    total = (first * 2 + home).sum() + (other * 3).sum().to("cuda:0")
    total.backward()
    assert x.grad is not None and x.grad.device == "cuda:1" and x.grad.tolist() == [12.0, 24.0]


# ---------------------------------------------------------------- copies between devices


def test_a_copy_waits_for_its_array_and_the_arrays_stream_for_the_copy(second: Target) -> None:
    x = ag.tensor([1.0, 2.0], device="cuda:0")
    with ag.cuda.Stream("cuda:0") as source, ag.cuda.Stream("cuda:1") as target:
        standin_cuda.LOG.clear()
        y = x.to("cuda:1")
    (_, at, stream, ready), (_, *waits), (_, there, onto, done), (_, *holds) = standin_cuda.LOG
    assert (at, stream) == (0, source.raw.ptr) and waits == [1, target.raw.ptr, ready]
    assert (there, onto) == (1, target.raw.ptr) and holds == [0, source.raw.ptr, done]
    assert y.array.where == 1 and y.array.made_on == target.raw.ptr and y.tolist() == [1.0, 2.0]


def crossing(first: str, second: str) -> list[np.ndarray]:
    """Cross between two devices there and back, to second order."""
    x = ag.tensor([0.5, -1.5, 2.0], device=first, requires_grad=True)
    u = x.to(second)
    y = (ag.exp(u) * u).to(first) * x + (x * x).to(second).to(first)
    (d,) = ag.autograd.grad(y.sum(), x, create_graph=True)
    (dd,) = ag.autograd.grad((d * d).sum(), x, retain_graph=True)
    y.sum().backward()
    assert (u.device, d.device, dd.device) == (second, first, first)
    return [t.detach().cpu().numpy() for t in (y, d, dd, x.grad)]


def test_crossing_is_differentiable(second: Target) -> None:
    for found, want in zip(crossing("cuda:1", "cuda:0"), crossing("cpu", "cpu"), strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-12)


@pytest.mark.targets("cupy")
def test_on_two_real_gpus(target: Target) -> None:
    if ag.cuda.device_count() < 2:
        pytest.skip("this machine has one GPU")
    for device in ("cuda:1", "cuda:0"):
        for found, want in zip(program(device), program("cpu"), strict=True):
            np.testing.assert_allclose(found.detach().cpu().numpy(), want.detach().numpy(), rtol=1e-12)
    with ag.cuda.Stream("cuda:0", non_blocking=True), ag.cuda.Stream("cuda:1", non_blocking=True):
        found = crossing("cuda:0", "cuda:1") + crossing("cuda:1", "cuda:0")
    for got, want in zip(found, crossing("cpu", "cpu") * 2, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    x = ag.ones((2000, 2000), device="cuda:0", dtype=ag.float32)
    ag.cuda.synchronize("cuda:0")
    with ag.cuda.Stream("cuda:0", non_blocking=True):
        for i in range(20):  # each copy while the source is computed and its buffer written again
            y = ag.matmul(x, x) * (i / 2000)
            z = y.to("cuda:1")
            del y
            assert (z == i).all().item()
