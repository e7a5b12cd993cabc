"""Writes the end of README.md, what goes with what: ``python -m tests.composition``; a test compares.

Every transform meets every feature in one program, which computes the same with the feature as without. The
cells are found by running it: ``+`` where the numbers agree with the program without the feature, else the
error that is raised, which must be one of anygrad's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import anygrad as ag
from anygrad.errors import AnygradError

README = Path(__file__).parents[1] / "README.md"
TITLE = "## What goes with what\n"
Program = Callable[[Any], Any]


class Exp(ag.Function):
    """exp, by hand."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        out = ag.exp(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0]


class ExpOnce(Exp):
    """exp, whose derivative is not differentiated."""

    @staticmethod
    @ag.autograd.once_differentiable
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0]


by_vjp = ag.custom_vjp(lambda x: ag.exp(x))
by_vjp.defvjp(lambda x: ((out := ag.exp(x)), out), lambda out, g: (g * out,))
by_jvp = ag.custom_jvp(lambda x: ag.exp(x))
by_jvp.defjvps(lambda t, out, x: t * out)


@ag.primitive(elementwise=True, dx=lambda g, out: g * out)
def own_exp(xp: Any, x: Any) -> Any:
    """Return exp."""
    return xp.exp(x)


# ---------------------------------------------------------------- features


def plain(x: Any, exp: Program = ag.exp) -> Any:
    """Return the program, a vector, with some ``exp``."""
    return exp(ag.sin(x)) * x


def nested_checkpoint(x: Any) -> Any:
    return ag.checkpoint(lambda t: plain(t, ag.checkpoint(ag.exp)), x)


def budget(x: Any) -> Any:
    return ag.checkpoint(plain, x, policy=24)


def hooked(x: Any) -> Any:
    y = ag.exp(ag.sin(x))
    if y.requires_grad:
        y.register_hook(lambda g: g * 1)
    return y * x


def node_hooked(x: Any) -> Any:
    y = ag.exp(ag.sin(x))
    if y.requires_grad:
        y.grad_fn.register_prehook(lambda outs: tuple(g * 1 for g in outs))
        y.grad_fn.register_hook(lambda ins, outs: tuple(g * 1 for g in ins))
    return y * x


def packed(x: Any) -> Any:
    with ag.autograd.saved_tensors_hooks(lambda t: t.numpy(copy=True), ag.asarray):
        return plain(x)


def on_host(x: Any) -> Any:
    with ag.autograd.save_on_cpu():
        return plain(x)


def in_place(x: Any) -> Any:
    y = ag.zeros(3) + ag.sin(x)
    y[1:] = ag.exp(y[1:])
    y[0] = ag.exp(y[:1])[0]
    y *= x
    return y


def frozen(x: Any) -> Any:
    """Compute beside the graph; what that gives is a constant, as in the program without."""
    with ag.no_grad():
        unrecorded = ag.exp(x)
    return plain(x) + 0 * unrecorded


FEATURES: dict[str, Program] = {
    "checkpoint": ag.checkpoint(plain),
    "nested checkpoint": nested_checkpoint,
    "checkpoint, budget": budget,
    "tensor hooks": hooked,
    "node hooks": node_hooked,
    "saved_tensors_hooks": packed,
    "save_on_cpu": on_host,
    "Function": lambda x: plain(x, Exp.apply),
    "once_differentiable": lambda x: plain(x, ExpOnce.apply),
    "custom_vjp": lambda x: plain(x, by_vjp),
    "custom_jvp": lambda x: plain(x, by_jvp),
    "primitive": lambda x: plain(x, own_exp),
    "in-place": in_place,
    "no_grad": frozen,
}


# ---------------------------------------------------------------- transforms

X = np.array([0.3, -0.7, 1.2])
V = np.array([1.0, -2.0, 0.5])


def tracked() -> Any:
    return ag.tensor(X, requires_grad=True)


def backward(f: Program) -> Any:
    x = tracked()
    f(x).sum().backward()
    return x.grad


def twice(f: Program) -> Any:
    x = tracked()
    (g,) = ag.autograd.grad(f(x).sum(), x, create_graph=True)
    return ag.autograd.grad((g * g).sum(), x)


def total(f: Program) -> Program:
    return lambda x: f(x).sum()


TRANSFORMS: dict[str, Callable[[Program], Any]] = {
    "backward": backward,
    "autograd.grad, twice": twice,
    "grad": lambda f: ag.grad(total(f))(X),
    "value_and_grad": lambda f: ag.value_and_grad(total(f))(X),
    "elementwise_grad": lambda f: ag.elementwise_grad(f)(X),
    "grad of grad": lambda f: ag.grad(lambda x: (ag.grad(total(f))(x) * V).sum())(X),
    "vjp": lambda f: ag.vjp(f, X)[1](V),
    "jvp": lambda f: ag.jvp(f, (X,), (V,)),
    "jvp of jvp": lambda f: ag.jvp(lambda x: ag.jvp(f, (x,), (V,))[1], (X,), (V,)),
    "linearize": lambda f: ag.linearize(f, X)[1](V),
    "jacobian, reverse": lambda f: ag.jacobian(f, mode="reverse")(X),
    "jacobian, forward": lambda f: ag.jacobian(f, mode="forward")(X),
    "hessian": lambda f: ag.hessian(total(f))(X),
    "hvp": lambda f: ag.hvp(total(f))(X, V),
    "vhp": lambda f: ag.vhp(total(f))(X, V),
    "ggnvp": lambda f: ag.ggnvp(f, lambda y: (y**4).sum())(X, V),
}


def numbers(found: Any) -> list[Any]:
    """Return what a transform gives as arrays."""
    if isinstance(found, tuple | list):
        return [array for part in found for array in numbers(part)]
    return [found.detach().numpy()]


def cell(transform: str, feature: str) -> str:
    """Return what a transform and a feature give: ``+``, or the class of an error."""
    run = TRANSFORMS[transform]
    try:
        found = numbers(run(FEATURES[feature]))
    except AnygradError as error:
        return type(error).__name__
    for one, other in zip(found, numbers(run(plain)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)
    return "+"


def text() -> str:
    """Return the end of the README."""
    cells = {(t, f): cell(t, f) for t in TRANSFORMS for f in FEATURES}
    agree = sum(found == "+" for found in cells.values())
    lines = [
        TITLE,
        f"Each transform in one program with each feature, {len(cells)} pairs: {agree} give the numbers of "
        f"the program without the feature (+), {len(cells) - agree}",
        "raise an error that says why: a derivative marked `once_differentiable` has no second, and none "
        "forwards. Written by `python -m tests.composition`.",
        "",
        f"| | {' | '.join(FEATURES)} |",
        f"|---{'|---' * len(FEATURES)}|",
    ]
    lines += [
        f"| {t} | {' | '.join('+' if cells[t, f] == '+' else 'error' for f in FEATURES)} |"
        for t in TRANSFORMS
    ]
    return "\n".join(lines) + "\n"


def written(readme: str) -> str:
    """Return the README with its end renewed."""
    end = "\nBSD-3-Clause."
    before, _, licence = readme.partition(end)
    return f"{before.partition(TITLE)[0].rstrip()}\n\n{text()}{end}{licence}"


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
