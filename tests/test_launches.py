"""What a GPU is asked to launch has not risen, and what is counted is what is meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.op import REGISTRY
from tests.launches import PLACE, changes, counting, figures, written
from tests.samples import cases
from tests.spy import replaced
from tests.steps import EXAMPLES, WORKLOADS


def test_no_launch_more_and_the_file_is_up_to_date() -> None:
    found = figures()
    lines = changes(found, json.loads(PLACE.read_text(encoding="utf-8")))
    assert not lines, "\n".join(["launches changed; where that is meant: python -m tests.launches", *lines])
    assert PLACE.read_text(encoding="utf-8") == written(found)
    assert {name for name in REGISTRY if any(cases(name, "cupy"))} < set(found)
    steps = [name for name in found if name.startswith("step of")]
    assert len(steps) > (len(EXAMPLES) + len(WORKLOADS)) / 2 and min(found[n]["all"] for n in steps) > 1


def test_kernels_of_formulas_launch_no_more_than_functions_do() -> None:
    found = json.loads(PLACE.read_text(encoding="utf-8"))
    fused = {(n, c): v for n, columns in found.items() for c, v in columns.items() if c.startswith("fused ")}
    assert len(fused) > 50
    assert not [at for at, count in fused.items() if count > found[at[0]][at[1].removeprefix("fused ")]]


def test_a_longer_formula_is_noticed_and_named() -> None:
    def longer(g: Any, out: Any) -> Any:
        return g * (1 - out * out) + 0 * out

    longer.__module__ = "anygrad.ops.elementwise"  # what users write never becomes a kernel
    before = figures()
    with replaced(REGISTRY["tanh"], dx=longer):
        lines = changes(figures(), before)
    assert lines[-1] == "tanh, dx: 5, was 3"
    assert any(line.startswith("step of classifier, all: ") for line in lines)
    assert changes(before | {"new": {"forward": 1}}, before) == ["new, forward: 1, was none"]


@pytest.mark.parametrize(
    ("number", "function"),
    [
        (1, lambda xp, x, y: x + y),
        (2, lambda xp, x, y: 2 - -x),
        (3, lambda xp, x, y: x * (1 - y * y)),
        (1, lambda xp, x, y: x > y),
        (1, lambda xp, x, y: x @ y.T),
        (1, lambda xp, x, y: x.__iadd__(y)),
        (1, lambda xp, x, y: x.__setitem__((0, slice(None)), y[1])),
        (2, lambda xp, x, y: xp.where(x > 0, x, 0)),
        (1, lambda xp, x, y: xp.sum(x, axis=(0,))),
        (1, lambda xp, x, y: xp.mean(x, axis=(0,))),
        (1, lambda xp, x, y: xp.concat([x, y])),
        (1, lambda xp, x, y: xp.take(x, xp.from_numpy(np.array([0])), axis=0)),
        (1, lambda xp, x, y: xp.compact(x)),
        (1, lambda xp, x, y: xp.zeros_like(x)),
        (1, lambda xp, x, y: xp.zeros((2,), dtype=x.dtype, device=xp.device)),
        (1, lambda xp, x, y: xp.astype(x, np.dtype("float32"))),
        (1, lambda xp, x, y: xp.reshape(xp.permute_dims(x, (1, 0)), (6,))),
        (1, lambda xp, x, y: xp.add_at(x, (xp.from_numpy(np.array([0, 0])),), y)),
        (0, lambda xp, x, y: xp.astype(x, x.dtype, copy=False)),
        (0, lambda xp, x, y: xp.broadcast_to(xp.reshape(x, (1, 6)), (5, 6))),
        (0, lambda xp, x, y: xp.flip(xp.permute_dims(x, (1, 0))[0:2, :])),
        (0, lambda xp, x, y: xp.expand_dims(xp.matrix_transpose(x), axis=0)),
    ],
)
def test_what_is_a_launch(number: int, function: Callable[..., Any]) -> None:
    """Functions, operators and writes are; views are not, nor is what comes from the host."""
    with counting() as (seen, target):
        x, y = (target.make(np.arange(6.0).reshape(2, 3) + i).array for i in range(2))
        before = seen.count
        function(target.backend, x, y)
        assert seen.count - before == number


def test_numbers_stay_what_they_are_while_launches_are_counted() -> None:
    def program(device: str) -> list[Any]:
        x = ag.tensor([[0.5, 2.0], [1.5, 3.0]], device=device, requires_grad=True)
        y = ag.tanh(x) * x[0]
        y[1] = y[0] ** 2
        ag.max(y, axis=1).sum().backward()
        with ag.no_grad():
            x.sub_(x.grad)
        return [x.tolist(), x.grad.tolist()]

    with counting():
        found = program("cuda")
    np.testing.assert_allclose(found, program("cpu"), rtol=1e-12)
