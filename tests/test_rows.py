"""Every function, on every backend: its numbers are NumPy's, its gradients those of finite differences."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.functions import FUNCTIONS
from anygrad.op import CREATIONS, DERIVED, REGISTRY
from anygrad.tensors import Tensor
from anygrad.testing import gradcheck
from tests.samples import KINDS, SAMPLES, Sample, cases, outputs_of, own, seeds_of
from tests.targets import LAYOUTS, Target

EVERYTHING = own((*REGISTRY, *DERIVED, *CREATIONS))
DIFFERENTIABLE = tuple(name for name in EVERYTHING if any(one.tracked for one in SAMPLES.get(name, ())))

rows = pytest.mark.parametrize("name", EVERYTHING)
differentiable = pytest.mark.parametrize("name", DIFFERENTIABLE)


@contextmanager
def about(one: Sample, *more: Any) -> Iterator[None]:
    """Say in every failure which sample it was."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"sample {one}" + (f", {', '.join(map(str, more))}" if more else ""))
        raise


def host(t: Tensor) -> np.ndarray:
    """Return the values of a tensor, tracked or not."""
    return t.detach().numpy()


def checksums(tensors: list[Any]) -> list[int]:
    """Return a number for the bytes of each tensor."""
    return [zlib.crc32(np.ascontiguousarray(host(t)).tobytes()) for t in tensors if isinstance(t, Tensor)]


def same(found: Tensor, expected: Any, target: Target) -> None:
    """Compare values and dtype; exactly on NumPy, where both are the same function."""
    expected = np.asarray(expected)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    loose = 1e-5 if expected.dtype in (np.float32, np.complex64) else 1e-12
    np.testing.assert_allclose(host(found), expected, rtol=loose, atol=loose, equal_nan=True)


def gradients(one: Sample, target: Target, operands: list[Any], *, ones: bool = False) -> list[np.ndarray]:
    """Return the gradients of the tracked operands for a gradient of the outputs."""
    found = outputs_of(one.call(target, operands))
    outs = [out for out in found if out.requires_grad]
    tracked = [x for x in operands if isinstance(x, Tensor) and x.requires_grad]
    seeds = [target.make(np.ones(o.shape, o.dtype)) for o in outs] if ones else seeds_of(outs, target)
    before = checksums([*operands, *seeds])
    found = ag.autograd.grad(outs, tracked, seeds)
    for x, g in zip(tracked, found):
        assert (g.shape, g.dtype, g.device) == (x.shape, x.dtype, x.device)
        assert target.holds(g)
    assert checksums([*operands, *seeds]) == before, "an input or the gradient of the output was written"
    return [host(g) for g in found]


# ---------------------------------------------------------------- every row has its samples


def test_everything_has_samples() -> None:
    assert set(EVERYTHING) == set(SAMPLES) == set(EVERYTHING) & set(FUNCTIONS)


@pytest.mark.parametrize("name", own(REGISTRY))
def test_samples_cover(name: str) -> None:
    """Each row has the kinds of sample that its declaration calls for."""
    row = REGISTRY[name]
    kinds = {one.kind for one in SAMPLES[name]}
    assert kinds <= set(KINDS)
    assert "plain" in kinds and "empty" in kinds
    matrices = name.startswith("linalg.") and name != "linalg.vector_norm"
    assert ("0-d" in kinds) == (name not in NO_ZERO_D and not matrices)
    if row.broadcasts and len(row.inputs) > 1:
        assert "broadcast" in kinds
        assert "scalar" in kinds or row.batched
    if row.formulas and not takes_no_complex(name):
        assert any(one.is_complex and one.tracked for one in SAMPLES[name])


NO_ZERO_D = (
    *("cumulative_sum", "cumulative_prod", "matmul", "added_at", "tril", "triu"),
    *("argsort", "copies", "nonzero", "sort"),
    *("fft.fft", "fft.ifft", "fft.rfft", "fft.irfft"),
    *("windows", "fold", "pool_sum", "pool_sum_dx", "pool_max", "pool_max_dx", "pool_max_picked"),
    *("convolution", "convolution_dx", "convolution_dweight"),
    *("softmax", "softmax_dx", "log_softmax", "log_softmax_dx", "label_loss", "label_loss_dx"),
)
"""Rows that need an axis."""


def takes_no_complex(name: str) -> bool:
    """Tell whether complex input is refused: by the row, or by NumPy, which has no loop for it."""
    row = REGISTRY[name]
    if row.real_only or row.accepts in ("real", "real floating"):
        return True
    found = getattr(np, name, None)
    if not isinstance(found, np.ufunc):
        return False
    return not any("D" in loop.partition("->")[0] for loop in found.types)


# ---------------------------------------------------------------- numbers


@rows
def test_forward(name: str, target: Target) -> None:
    """Numbers, dtype and device are NumPy's own function's; the operands keep their bytes."""
    for one in cases(name, target.name):
        with about(one):
            operands = one.made(target)
            before = checksums(operands)
            made = {"device": target.device} if name in CREATIONS else {}
            if made:
                out = FUNCTIONS[name](*one.extra, **one.options, **made)
            else:
                out = one.call(target, operands)
            expected = one.expected()
            several = expected if isinstance(expected, tuple | list) else [expected]
            for found, values in zip(outputs_of(out), several, strict=True):
                assert isinstance(found, Tensor) and not found.requires_grad
                assert found.device == target.device
                assert target.holds(found)
                if name == "empty":
                    assert (found.shape, found.dtype) == (values.shape, values.dtype)
                else:
                    same(found, values, target)
            assert checksums(operands) == before


@pytest.mark.thorough
@rows
def test_forward_in_single_precision(name: str, target: Target) -> None:
    """Single precision stays single, forward and backward."""
    for one in cases(name, target.name, "plain", "broadcast", "scalar", "axis", "0-d"):
        if name in CREATIONS or not one.tracked:
            continue
        one = one.cast("float32", "complex64")
        with about(one):
            operands = one.made(target, one.tracked)
            expected = one.expected()
            several = expected if isinstance(expected, tuple | list) else [expected]
            outs = outputs_of(one.call(target, operands))
            for found, values in zip(outs, several, strict=True):
                assert found.dtype == values.dtype
            if all(out.dtype.kind in "fc" for out in outs):
                gradients(one, target, operands)


@pytest.mark.thorough
@rows
def test_memory_orders(name: str, target: Target) -> None:
    """Operands that are column-major, backwards or spaced out give the same numbers and gradients."""
    if name in CREATIONS or not target.has_layouts:
        return
    for one in cases(name, target.name, "plain", "broadcast", "axis"):
        want = gradients(one, target, one.made(target, one.tracked)) if connected(one) else []
        for layout in LAYOUTS:
            with about(one, layout):
                operands = one.made(target, one.tracked, layout)
                expected = one.expected()
                several = expected if isinstance(expected, tuple | list) else [expected]
                for found, values in zip(outputs_of(one.call(target, operands)), several, strict=True):
                    same(found, values, target)
                for g, w in zip(gradients(one, target, operands) if want else [], want, strict=True):
                    np.testing.assert_allclose(g, w, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------- gradients


def connected(one: Sample) -> bool:
    """Tell whether the output carries a gradient: not where it is of integers."""
    expected = one.expected()
    first = expected[0] if isinstance(expected, tuple | list) else expected
    return bool(one.tracked) and np.asarray(first).dtype.kind in "fc"


@differentiable
def test_first_order(name: str, target: Target) -> None:
    """Gradients are those of finite differences; on NumPy for every pair of entries."""
    for one in cases(name, target.name, smooth=True):
        if connected(one):
            with about(one):
                check(one, target, 1)


@pytest.mark.thorough
@differentiable
def test_second_order(name: str, target: Target) -> None:
    """The gradient, made with create_graph, has the derivatives of finite differences."""
    for one in cases(name, target.name, smooth=True):
        if connected(one) and one.kind != "empty":
            with about(one):
                check(one, target, 2)


def check(one: Sample, target: Target, order: int) -> None:
    """Check a sample against differences: every pair of entries at first order on NumPy, else projections."""
    operands = one.made(target, one.tracked)
    gradcheck(
        lambda *xs: one.call(target, list(xs)), operands, order=order, fast=order > 1 or not target.is_numpy
    )


@pytest.mark.parametrize("name", ("multiply", "divide", "pow", "exp", "tanh", "abs", "matmul", "prod", "var"))
@pytest.mark.targets("numpy")
def test_third_order(name: str, target: Target) -> None:
    for one in cases(name, target.name, "plain", smooth=True):
        if connected(one):
            with about(one):
                check(one, target, 3)


@pytest.mark.thorough
@differentiable
def test_form_of_gradients(name: str, target: Target) -> None:
    """Whichever operands need gradients, each gets the same one, of its own shape, dtype and device."""
    for one in cases(name, target.name):
        if not connected(one):
            continue
        with about(one):
            whole = gradients(one, target, one.made(target, one.tracked))
            for i, want in zip(one.tracked, whole, strict=True) if len(one.tracked) > 1 else ():
                (alone,) = gradients(one, target, one.made(target, (i,)))
                np.testing.assert_allclose(alone, want, rtol=1e-12, atol=1e-12, equal_nan=True)


@differentiable
def test_decided_points(name: str, target: Target) -> None:
    """Ties, zeros and infinities have the gradients that were decided on."""
    for one in cases(name, target.name, grads=True):
        with about(one):
            operands = one.made(target, one.tracked)
            found = gradients(one, target, operands, ones=True)
            for g, want in zip(found, one.grads or (), strict=True):
                np.testing.assert_allclose(g, np.asarray(want), rtol=1e-14, atol=0, equal_nan=True)


def test_x_log_x(make: Any) -> None:
    """A product whose one factor has no finite derivative: NaN at 0, as both factors say, never masked."""
    x = make(np.array([0.0, 1.0]), True)
    with np.errstate(all="ignore"):
        ag.sum(x * ag.log(x)).backward()
    np.testing.assert_array_equal(host(x.grad), [np.nan, 1.0])


@pytest.mark.parametrize("name", [name for name in EVERYTHING if name not in DIFFERENTIABLE])
def test_without_derivative(name: str, target: Target) -> None:
    """Functions without a derivative leave the graph, and say so: the result requires no gradient."""
    for one in cases(name, target.name):
        with about(one):
            floats = [
                i for i, o in enumerate(one.operands) if isinstance(o, np.ndarray) and o.dtype.kind in "fc"
            ]
            if floats:
                outs = outputs_of(one.call(target, one.made(target, tuple(floats))))
                assert not any(out.requires_grad for out in outs)


@pytest.mark.parametrize("name", [name for name, row in REGISTRY.items() if row.real_only])
def test_real_only(name: str, target: Target) -> None:
    """Complex input that needs a gradient is refused where a row has no gradient for it."""
    operands = [target.make(np.array([1 + 2j, 3 - 1j]), True) for _ in REGISTRY[name].inputs]
    with pytest.raises(ag.DtypeError, match=rf"\[{REGISTRY[name].name}\]"):
        FUNCTIONS[name](*operands)


@pytest.mark.parametrize("name", [name for name, row in REGISTRY.items() if row.into])
def test_accumulation_into_buffers(name: str, target: Target) -> None:
    """The column ``into`` adds what the column ``dx`` returns: seen where one input is used three times."""
    for one in cases(name, target.name):
        if not connected(one):
            continue
        with about(one):
            (x,) = one.made(target, one.tracked)
            (once,) = gradients(one, target, [x])
            outs = [one.call(target, [x]) for _ in range(4)]
            (found,) = ag.autograd.grad(outs, x, [seeds_of([out], target)[0] for out in outs])
            np.testing.assert_allclose(host(found), 4 * once, rtol=1e-12)
