"""Arrays stay on the device: engine, examples and benchmarks run where every way to the host raises.

``test_spies`` holds the same of each row, derived and creation function, at first and second order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import array_api_strict
import numpy as np
import pytest

import anygrad as ag
from anygrad.tensors import Tensor
from benchmarks.workloads import Unsupported
from tests.spy import CONVERTS, WAITS, ReadBack, trapped
from tests.steps import EXAMPLES, PASSES, WORKLOADS, watched, workload
from tests.targets import Target

pytestmark = pytest.mark.targets("strict")

README = Path(__file__).parent.parent / "README.md"


# ---------------------------------------------------------------- what waits


def test_the_readme_lists_what_waits_and_nothing_else() -> None:
    text = README.read_text(encoding="utf-8")
    (operations, conversions) = re.search(
        r"^What gives or takes as many entries as numbers tell waits for the device: (.*?)\. So does what\n"
        r"brings .*?: (.*?)\. Nothing else does",
        text,
        re.DOTALL | re.MULTILINE,
    ).groups()
    assert [n for n in re.findall("`(.*?)`", operations) if n != "v"] == list(WAITS) and len(WAITS) <= 10
    assert re.findall("`(.*?)`", conversions) == list(CONVERTS)


@pytest.mark.parametrize("name", [*WAITS, *CONVERTS])
def test_what_is_listed_waits(name: str, make: Any, backend: Any) -> None:
    (WAITS | CONVERTS)[name](make(np.array([1.0, -2.0, 3.0])))
    x = make(np.array([1.0, -2.0, 3.0]))
    with (
        pytest.raises((ReadBack, RuntimeError), match=r"waits for the device|data_dependent|boolean"),
        trapped(backend),
    ):
        (WAITS | CONVERTS)[name](x)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[x > 0],
        lambda x: array_api_strict.nonzero(x),
        lambda x: array_api_strict.unique_values(x),
        lambda x: array_api_strict.repeat(x, array_api_strict.astype(x, array_api_strict.int64)),
    ],
    ids=["boolean indexing", "nonzero", "unique", "repeat"],
)
def test_a_shape_that_depends_on_numbers_is_caught(
    function: Callable[[Any], Any], make: Any, backend: Any
) -> None:
    array = make(np.array([1.0, 2.0])).array
    function(array)
    with pytest.raises(RuntimeError), trapped(backend):
        function(array)


# ---------------------------------------------------------------- the engine


def hooks(x: Tensor, y: Tensor) -> Any:
    z = ag.tanh(x * y)
    z.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: None)
    z.retain_grad()
    z.sum().backward()
    return x.grad + z.grad


def accumulation(x: Tensor, y: Tensor) -> Any:
    for _ in range(3):
        (x * x + x[0] + x[0] * y[1:2] + x[[0, 0, 1]].sum()).sum().backward()
    x.grad.zero_()
    (x * 2).backward(gradient=y)
    return x.grad


def second_order(x: Tensor, y: Tensor) -> Any:
    (x * ag.sum(x * y) ** 3).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    ag.autograd.grad(first.sum(), [x, y], retain_graph=True)
    return ag.autograd.grad(first, x, ag.ones_like(first), allow_unused=True)


def wanted(x: Tensor, y: Tensor) -> Any:
    a, b = ag.exp(x), ag.exp(y)
    out = a * b
    ag.autograd.grad([out, a], [a, x], [y.detach(), y.detach()], retain_graph=True)
    out.backward(gradient=y.detach(), inputs=[x], retain_graph=True)
    return ag.autograd.grad(a.sum(), [x, y], allow_unused=True, materialize_grads=True)


def views(x: Tensor, y: Tensor) -> Any:
    z = x * 1
    a, b = z.reshape((3, 1)), z[::-1]
    b[0:1] = y[0:1] * 2
    a *= 3.0
    z[:2].permute_dims((0,)).flip()[:1] = 5.0
    return ag.autograd.grad((z * a.squeeze(1) * b * ag.broadcast_to(z[0], (3,))).sum(), [x, y])


def writes(x: Tensor, y: Tensor) -> Any:
    z = ag.stack([x, y, x])
    where = ag.asarray([2, 0, 0], device=x.device)
    z[0] = y
    z[1, 2] = x[0]
    z[:, 1] += x
    z[where] = z * 2
    z[where, where] *= 3.0
    z[z > 1] = 0.5
    z[[True, False, True]] += 1.0
    z[...] = z + 1
    z.add_(x).mul_(y)
    z[where, 0] = x
    return ag.autograd.grad(z.sum(), [x, y])


def reads(x: Tensor, y: Tensor) -> Any:
    i = ag.asarray([1, -1, 0, 1], device=x.device)
    z = (
        x[i][1:] * y[ag.asarray(2, device=x.device)]
        + x[None, ..., -1]
        + x[[0, 1, 1]]
        + y[(x > 0).astype("int64")]
    )
    return ag.autograd.grad(z.sum(), [x, y])


def updates(x: Tensor, y: Tensor) -> Any:
    (x * y).sum().backward()
    with ag.no_grad():
        x.sub_(0.1 * x.grad)
        x[0] = 0.0
        x -= x.grad * y
        y.detach()[1:] = 2.0
        x.grad.zero_()
    (x * y).sum().backward()
    return x.grad, y.grad, x.detach().clone().requires_grad_()


def conversions(x: Tensor, y: Tensor) -> Any:
    z = (x.astype("float32") * y).astype("complex128").to(x.device)
    z = ag.abs(z * 1j) + ag.asarray(y).clone() + ag.tensor(x.detach()) + ag.zeros_like(x)
    assert z.shape == (3,) and z.dtype == ag.float64 and len(z) == 3 and hash(z)
    return ag.autograd.grad(sum(row * 2 for row in z), [x, y])


def transforms(x: Tensor, y: Tensor) -> Any:
    def f(x: Tensor, y: Tensor) -> Tensor:
        return ag.sum(ag.exp(x * 0.5) * y)

    def g(x: Tensor) -> Tensor:
        return ag.sin(x) * y.detach() + x[0]

    x, y, t = x.detach(), y.detach(), ag.cos(y.detach())
    value, pulled = ag.vjp(g, x)
    pushed, tangent = ag.jvp(g, (x,), (t,))
    linear = ag.linearize(g, x)[1]
    return (
        *ag.grad(f, (0, 1))(x, y),
        *ag.value_and_grad(f)(x, y),
        *(value, *pulled(t), pushed, tangent, linear(t)),
        *(ag.elementwise_grad(ag.tanh)(x), ag.jacobian(g)(x), ag.jacobian(ag.grad(f), 1)(x, y)),
        *(ag.hessian(f)(x, y), ag.hvp(f)(x, y, t), ag.vhp(f, 1)(x, y, t)),
        ag.ggnvp(g)(x, t),
        ag.grad(lambda x: ag.sum(ag.checkpoint(g, x)))(x),
    )


ENGINE = (transforms, hooks, accumulation, second_order, wanted, views, writes, reads, updates, conversions)


@pytest.mark.parametrize("program", ENGINE, ids=lambda program: program.__name__)
def test_the_engine_stays_on_the_device(
    program: Callable[[Tensor, Tensor], Any], make: Any, backend: Any
) -> None:
    x, y = (make(np.array([0.5, -1.5, 2.0]) + i, True) for i in range(2))
    with trapped(backend):
        found = program(x, y)
    a, b = (ag.tensor(np.array([0.5, -1.5, 2.0]) + i, requires_grad=True) for i in range(2))
    found, expected = (out if isinstance(out, tuple) else (out,) for out in (found, program(a, b)))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=1e-12)


# ---------------------------------------------------------------- programs


@pytest.mark.parametrize("name", EXAMPLES)
def test_steps_of_the_examples_stay_on_the_device(name: str, target: Target) -> None:
    """From before the first backward pass to after the third, there is no way to the host."""
    with ExitStack() as traps:
        started, ended = [], []

        def before(i: int) -> None:
            started.append(i)
            if i == 1:
                traps.enter_context(trapped(target.backend))

        def after(i: int) -> None:
            ended.append(i)
            if i == PASSES or name == "computation_graph":
                traps.close()

        count = watched(name, target.device, before, after)
    assert count == len(started) == len(ended) == (1 if name == "computation_graph" else PASSES)


@pytest.mark.parametrize("name", WORKLOADS)
def test_steps_of_the_benchmarks_stay_on_the_device(name: str, target: Target) -> None:
    try:
        step = workload(name, target.device)
    except Unsupported as reason:
        pytest.skip(str(reason))
    with trapped(target.backend):
        found = step()
    assert found and all(t.device == target.device for t in found)


def test_a_step_that_reads_back_is_caught(target: Target) -> None:
    backward = Tensor.backward

    def telling(self: Tensor, *arguments: Any, **keywords: Any) -> None:
        backward(self, *arguments, **keywords)
        float(self.detach())

    with pytest.MonkeyPatch.context() as patch, ExitStack() as traps, pytest.raises(ReadBack):
        patch.setattr(Tensor, "backward", telling)
        watched(
            "rosenbrock",
            target.device,
            lambda i: traps.enter_context(trapped(target.backend)),
            lambda i: None,
        )
