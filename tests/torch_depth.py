"""Programs that anygrad and PyTorch run alike: hooks on nodes, saved values, checkpoints and ``Function``."""

from __future__ import annotations

import importlib
from typing import Any

from tests.torch_programs import plain, raises, same, vector


def tools(lib: Any) -> Any:
    """Return where the hooks of a library stand."""
    return getattr(lib.autograd, "graph", lib.autograd)


def checkpoint(lib: Any, function: Any, *args: Any, **options: Any) -> Any:
    """Run a function in a checkpoint."""
    if hasattr(lib, "checkpoint"):
        return lib.checkpoint(function, *args, **options)
    module = importlib.import_module("torch.utils.checkpoint")
    return module.checkpoint(function, *args, use_reentrant=False, **options)


@same
def hooks_around_a_node(lib: Any) -> Any:
    x, w, seen = vector(lib), vector(lib, 4.0, 5.0, 6.0), []
    y = x * w
    y.register_hook(lambda g: seen.append(plain(g)))
    y.grad_fn.register_hook(lambda ins, outs: seen.append(plain([*ins, *outs])))
    y.grad_fn.register_prehook(lambda outs: (outs[0] * 10,))
    y.grad_fn.register_hook(lambda ins, outs: (ins[0] * 2, ins[1]))
    y.sum().backward()
    return seen, x.grad, w.grad


@same
def hooks_of_a_node_with_a_number(lib: Any) -> Any:
    x, seen = vector(lib), []
    y = x * 2.0
    y.grad_fn.register_hook(lambda ins, outs: seen.append([g is None for g in (*ins, *outs)]))
    y.sum().backward()
    return seen


@raises
def hook_of_a_node_that_returns_too_many(lib: Any) -> Any:
    y = vector(lib) * 2.0
    y.grad_fn.register_hook(lambda ins, outs: (*ins, *ins))
    y.sum().backward()


@same
def hooks_of_a_leafs_node(lib: Any) -> Any:
    x, seen = vector(lib), []
    node = (x * 1.0).grad_fn.next_functions[0][0]
    node.register_prehook(lambda outs: (outs[0] * 10,))
    node.register_hook(lambda ins, outs: seen.append((list(ins), plain(outs), plain(x.grad))))
    (x * x).sum().backward()
    lib.autograd.grad((x * x).sum(), x)
    return seen, x.grad


@same
def after_accumulation(lib: Any) -> Any:
    x, w, seen = vector(lib), vector(lib), []

    def step(p: Any) -> None:
        seen.append((plain(p.grad), lib.is_grad_enabled()))
        p.sub_(0.1 * p.grad)
        p.grad = None

    for p in (x, w):
        p.register_post_accumulate_grad_hook(step)
    for _ in range(2):
        (x * x * w).sum().backward()
    (x * w).sum().backward(inputs=[x])
    return sorted(map(str, seen)), x, w, x.grad


@raises
def after_accumulation_into_no_leaf(lib: Any) -> Any:
    (vector(lib) * 2).register_post_accumulate_grad_hook(print)


@same
def several_tensors_are_watched(lib: Any) -> Any:
    x, w, unused, seen = vector(lib), vector(lib), vector(lib), []
    y = x * w
    with_all = tools(lib).register_multi_grad_hook([x, y, unused], lambda gs: seen.append(plain(list(gs))))
    with_any = tools(lib).register_multi_grad_hook([x, y], lambda g: seen.append(plain(g)), mode="any")
    (y * y).sum().backward(retain_graph=True)
    lib.autograd.grad(y.sum(), w, retain_graph=True)
    with_all.remove()
    with_all.remove()
    y.sum().backward()
    with_any.remove()
    return seen


@same
def saved_values_are_packed(lib: Any) -> Any:
    x, w, packed = vector(lib), vector(lib), []

    def pack(t: Any) -> Any:
        packed.append(plain(t.detach()))
        return len(packed), t.detach() * 1

    with tools(lib).saved_tensors_hooks(pack, lambda kept: kept[1] * 2):
        y = x * w
    y.sum().backward()
    return packed, x.grad, w.grad


@same
def saved_values_at_second_order(lib: Any) -> Any:
    x = vector(lib)
    with tools(lib).saved_tensors_hooks(lambda t: t.detach() * 1, lambda t: t):
        y = (x.exp() * x.sin()).sum()
    (g,) = lib.autograd.grad(y, x, create_graph=True)
    return g, lib.autograd.grad((g * g).sum(), x)[0]


@same
def the_innermost_packs(lib: Any) -> Any:
    x, log = vector(lib), []

    def named(name: str) -> Any:
        return tools(lib).saved_tensors_hooks(lambda t: (log.append(name), t)[1], lambda t: t)

    with named("outer"):
        x.exp()
        with named("inner"):
            x.exp()
        x.exp()
    return log


@same
def on_the_host(lib: Any) -> Any:
    x = vector(lib)
    with tools(lib).save_on_cpu():
        y = (x.exp() * x).sum()
    y.backward()
    return x.grad


@same
def checkpoints(lib: Any) -> Any:
    x, w, calls = vector(lib), vector(lib), []

    def region(t: Any) -> Any:
        calls.append(1)
        return (t.exp() * w).sin()

    y = checkpoint(lib, region, x)
    before = len(calls)
    (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = lib.autograd.grad((g * g).sum(), x, retain_graph=True)
    (y * y).sum().backward()
    return before, len(calls) > before, g, second, x.grad, w.grad


@raises
def a_checkpoint_that_is_not_deterministic(lib: Any) -> Any:
    x, shapes = vector(lib), iter([3, 2])
    checkpoint(lib, lambda t: t[: next(shapes)].exp(), x).sum().backward()


def swish(lib: Any, **members: Any) -> Any:
    """Return a Function of two inputs and a number."""

    def forward(ctx: Any, x: Any, n: Any, w: Any) -> Any:
        ctx.save_for_backward(x, w)
        ctx.n = n
        return x * w * n

    def backward(ctx: Any, g: Any) -> Any:
        x, w = ctx.saved_tensors
        return g * w * ctx.n, None, g * x * ctx.n

    found = {"forward": forward, "backward": backward} | members
    made = {name: f if name == "apply" else staticmethod(f) for name, f in found.items()}
    return type("Swish", (lib.autograd.Function,), made)


@same
def a_function(lib: Any) -> Any:
    x, w = vector(lib), vector(lib, 2.0, 3.0, 4.0)
    y = swish(lib).apply(x, 5.0, w)
    (g,) = lib.autograd.grad((y * y).sum(), x, create_graph=True)
    return y, g, lib.autograd.grad(g.sum(), [x, w])


@same
def a_function_told_what_is_needed(lib: Any) -> Any:
    seen: list[Any] = []

    def backward(ctx: Any, g: Any) -> Any:
        seen.append((list(ctx.needs_input_grad), lib.is_grad_enabled()))
        return g, None, None

    x = vector(lib)
    swish(lib, backward=backward).apply(x, 1.0, lib.tensor([1.0, 2.0, 3.0])).sum().backward()
    return seen, x.grad


@same
def a_function_with_several_outputs(lib: Any) -> Any:
    seen: list[Any] = []

    def forward(ctx: Any, x: Any) -> Any:
        sign = x > 2
        ctx.mark_non_differentiable(sign)
        return x * 2, x * 3, sign

    def backward(ctx: Any, *gs: Any) -> Any:
        seen.append([plain(g) for g in gs[:2]])
        return gs[0] * 2 + gs[1] * 3

    x = vector(lib)
    a, b, sign = swish(lib, forward=forward, backward=backward).apply(x)
    b.sum().backward()
    return seen, x.grad, a.requires_grad, sign.requires_grad, sign


@same
def a_function_whose_gradient_broadcasts(lib: Any) -> Any:
    x = lib.tensor([[1.0], [2.0]], requires_grad=True)
    made = swish(lib, forward=lambda ctx, x: x + lib.zeros(3), backward=lambda ctx, g: g)
    made.apply(x).sum().backward()
    return x.grad


@same
def a_function_that_writes(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    x = vector(lib)
    y = x * 3
    z = swish(lib, forward=forward, backward=lambda ctx, g: g * 2).apply(y)
    (y * z).sum().backward()
    return z is y, y, x.grad


def _given_back(name: str, backward: Any) -> None:
    def program(lib: Any) -> Any:
        swish(lib, backward=backward).apply(vector(lib), 5.0, vector(lib)).sum().backward()

    program.__name__ = name
    raises(program)


_given_back("a_backward_with_too_few", lambda ctx, g: g)
_given_back("a_backward_with_too_many", lambda ctx, g: (g, None, g, g))
_given_back("a_backward_with_a_gradient_for_a_number", lambda ctx, g: (g, g, g))
_given_back("a_backward_of_a_wrong_shape", lambda ctx, g: (g[:2], None, g))
_given_back("a_backward_of_numbers", lambda ctx, g: (1.0, None, g))


@raises
def a_function_that_saves_a_number(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x, 3.0)
        return x * 2

    swish(lib, forward=forward).apply(vector(lib)).sum().backward()


@raises
def a_function_differentiated_once_too_often(lib: Any) -> Any:
    module = lib.autograd if hasattr(lib.autograd, "once_differentiable") else lib.autograd.function

    def backward(ctx: Any, g: Any) -> Any:
        x, _ = ctx.saved_tensors
        return g * x, None, None

    x = vector(lib)
    y = swish(lib, backward=module.once_differentiable(backward)).apply(x, 1.0, x)
    (g,) = lib.autograd.grad((y * y).sum(), x, create_graph=True)
    lib.autograd.grad(g.sum(), x)
