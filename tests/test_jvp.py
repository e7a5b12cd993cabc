"""Derivatives forwards are those of reverse mode: of every row, of many tangents at once, of second order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.calls import Call, Linear
from anygrad.op import REGISTRY
from anygrad.tensors import Tensor
from tests.samples import Sample, cases, outputs_of
from tests.targets import Target
from tests.test_rows import DIFFERENTIABLE, about, connected, host

rows = pytest.mark.parametrize("name", [name for name in DIFFERENTIABLE if name in REGISTRY])


def primals(one: Sample, target: Target) -> tuple[Any, ...]:
    """Return the operands that are differentiated."""
    operands = one.made(target)
    return tuple(operands[i] for i in one.tracked)


def function(one: Sample, target: Target) -> Callable[..., Any]:
    """Return a sample as a function of the operands that are differentiated, to a list of tensors."""

    def called(*given: Tensor) -> list[Tensor]:
        operands = one.made(target)
        for i, x in zip(one.tracked, given, strict=True):
            operands[i] = x
        return [
            out
            for out in outputs_of(one.call(target, operands))
            if out.dtype.kind in "fc" and out.requires_grad
        ]

    return called


def few(name: str, target: Target, *kinds: str) -> Iterable[Sample]:
    """Return one real and one complex sample of each kind."""
    found = [one for one in cases(name, target.name, *kinds, smooth=True) if connected(one)]
    return {(one.kind, one.is_complex): one for one in reversed(found)}.values()


def vectors(random: np.random.Generator, likes: Sequence[Tensor], target: Target) -> tuple[Tensor, ...]:
    """Return a random vector like each tensor."""
    found = []
    for like in likes:
        values = random.normal(size=like.shape) + (
            1j * random.normal(size=like.shape) if like.dtype.kind == "c" else 0
        )
        found.append(target.make(np.asarray(values, like.dtype)))
    return tuple(found)


def projected(xs: Sequence[Tensor], ys: Sequence[Tensor]) -> float:
    """Return the real part of the inner product."""
    return sum(float(np.vdot(host(x), host(y)).real) for x, y in zip(xs, ys, strict=True))


def forwards_by_reverse(f: Callable[..., Any], x: tuple[Any, ...], t: tuple[Any, ...]) -> list[Tensor]:
    """Return the derivative along t by two passes backwards: the transpose of the transpose."""
    out, pull = ag.vjp(f, *x)
    _, transpose = ag.vjp(pull, type(out)(map(ag.ones_like, out)))
    return transpose(t)[0]


def one_of(f: Callable[..., Any], held: list[Tensor], i: int, a: Tensor) -> Any:
    """Call a function with one argument, in the place of one of those that are held."""
    return f(*held[:i], a, *held[i + 1 :])


def close(found: Any, expected: Any) -> None:
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype, a.device) == (b.shape, b.dtype, b.device)
        np.testing.assert_allclose(host(a), host(b), rtol=1e-9, atol=1e-9)


@pytest.mark.thorough
@rows
def test_first_order(name: str, target: Target) -> None:
    """Tangents along t, projected on c, are gradients for c, projected on t: at corners too."""
    random = np.random.default_rng(0)
    kinds = () if target.is_numpy else ("plain", "broadcast")
    for one in cases(name, target.name, *kinds):
        if not connected(one):
            continue
        with about(one), np.errstate(all="ignore"):
            x, f = primals(one, target), function(one, target)
            t = vectors(random, x, target)
            out, moved = ag.jvp(f, x, t)
            for a, b in zip(moved, out, strict=True):
                assert (a.shape, a.dtype, a.device) == (b.shape, b.dtype, b.device)
                assert not a.requires_grad and not b.requires_grad
            pull = ag.vjp(f, *x)[1]
            loose = 1e-5 if any(t.dtype in (ag.float32, ag.complex64) for t in (*x, *out)) else 1e-9
            for _ in range(2):
                c = list(vectors(random, out, target))
                np.testing.assert_allclose(projected(moved, c), projected(pull(c), t), rtol=loose, atol=loose)


@rows
@pytest.mark.targets("numpy")
def test_one_input_moves_alone(name: str, target: Target) -> None:
    """The others require gradients, and have no tangent: as if theirs were zero."""
    random = np.random.default_rng(3)
    for one in few(name, target, "plain", "broadcast", "mixed"):
        x, f = primals(one, target), function(one, target)
        for i in range(len(x) if len(x) > 1 else 0):
            with about(one):
                t = tuple(v if j == i else v * 0.0 for j, v in enumerate(vectors(random, x, target)))
                held = [a.clone().requires_grad_() for a in x]
                alone = partial(one_of, f, held, i)
                moved = ag.jvp(alone, x[i : i + 1], t[i : i + 1])[1]
                close([v.detach() for v in moved], ag.jvp(f, x, t)[1])


@rows
@pytest.mark.targets("numpy")
def test_many_at_once(name: str, target: Target) -> None:
    """Stacked tangents give what each gives by itself."""
    random = np.random.default_rng(1)
    for one in few(name, target, "plain", "broadcast", "axis"):
        with about(one):
            x, f = primals(one, target), function(one, target)
            call = Call("jvp", f, x, {}, range(len(x)))
            linear = Linear(call, call.outs)
            each = [vectors(random, x, target) for _ in range(3)]
            stacked = linear.pushed(
                [(i, ag.stack(parts)) for i, parts in enumerate(zip(*each, strict=True))], 3
            )
            for n, t in enumerate(each):
                for found, expected in zip(stacked, linear.push(t), strict=True):
                    got = np.zeros(expected.shape) if found is None else found[n]
                    np.testing.assert_allclose(got, host(expected), rtol=1e-12, atol=1e-12)


@rows
@pytest.mark.targets("numpy")
def test_second_order(name: str, target: Target) -> None:
    """Forwards through forwards, backwards through forwards and forwards through backwards."""
    for one in few(name, target, "plain"):
        with about(one):
            check_second_order(function(one, target), primals(one, target), target)


def check_second_order(f: Callable[..., Any], x: tuple[Any, ...], target: Target) -> None:
    """Differentiate derivatives along t: along u, and for a gradient c of what they are."""
    random = np.random.default_rng(2)
    t, u = vectors(random, x, target), vectors(random, x, target)

    def moved(*y: Tensor) -> Any:
        return ag.jvp(f, y, t)[1]

    def moved_by_reverse(*y: Tensor) -> Any:
        return forwards_by_reverse(f, y, t)

    close(ag.jvp(moved, x, u)[1], forwards_by_reverse(moved_by_reverse, x, u))
    out, pull = ag.vjp(moved, *x)
    c = list(vectors(random, out, target))
    close(pull(c), ag.vjp(moved_by_reverse, *x)[1](c))

    def pulled(*y: Tensor) -> Any:
        return ag.vjp(f, *y)[1](c)

    close(ag.jvp(pulled, x, u)[1], forwards_by_reverse(pulled, x, u))


def test_a_value_that_moves_is_written_where_nothing_does() -> None:
    """Of two arguments a Hessian moves one at a time, and an array that was written depends on both."""

    def f(x: Tensor, y: Tensor) -> Tensor:
        z = x * 1.0
        z[0] = y[0] * x[1]
        z[ag.tensor([2, 3])] = y * x[1]
        return (z * z).sum()

    def by_concatenation(x: Tensor, y: Tensor) -> Tensor:
        z = ag.concat([y[:1] * x[1], x[1:2], y * x[1]])
        return (z * z).sum()

    at = ag.tensor([1.0, 2.0, 3.0, 4.0]), ag.tensor([5.0, 6.0])
    found, expected = (ag.hessian(g, argnums=(0, 1))(*at) for g in (f, by_concatenation))
    for row, wanted in zip(found, expected, strict=True):
        close(row, wanted)
