"""Programs that anygrad and PyTorch run alike: each sees one library, and returns plain numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

Program = Callable[[Any], Any]

SAME: dict[str, Program] = {}
RAISES: set[str] = set()


def same(program: Program) -> Program:
    """Declare a program that both run alike."""
    SAME[program.__name__] = program
    return program


def raises(program: Program) -> Program:
    """Declare a program that both refuse."""
    RAISES.add(program.__name__)
    return same(program)


def plain(found: Any) -> Any:
    """Return a result as Python's numbers, lists and None; an exception as the word for it."""
    if isinstance(found, list | tuple):
        return [plain(f) for f in found]
    return found.tolist() if hasattr(found, "tolist") else found


def vector(lib: Any, *values: Any) -> Any:
    """Return a leaf that requires a gradient."""
    return lib.tensor(list(values) or [1.0, 2.0, 3.0], requires_grad=True)


@same
def accumulation(lib: Any) -> Any:
    x = vector(lib)
    (x * x).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    return x.grad, first, first is x.grad


@same
def zeroed_between_passes(lib: Any) -> Any:
    x = vector(lib)
    for _ in range(3):
        (x * x).sum().backward()
        with lib.no_grad():
            x.sub_(0.1 * x.grad)
            x.grad.zero_()
    return x, x.grad


@same
def leaves(lib: Any) -> Any:
    x = vector(lib)
    y = x * 2
    with lib.no_grad():
        z = x * 2
    d = y.detach()
    return [(t.is_leaf, t.requires_grad, t.grad_fn is None) for t in (x, y, z, d, x[0:1], lib.tensor([1.0]))]


@raises
def second_pass(lib: Any) -> Any:
    y = (vector(lib) * 2).exp().sum()
    y.backward()
    y.backward()


@same
def second_pass_retained(lib: Any) -> Any:
    x = vector(lib)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


@same
def second_pass_over_what_saves_nothing(lib: Any) -> Any:
    x = vector(lib)
    y = (x + 1)[0] - 2
    y.backward()
    y.backward()
    return x.grad


@raises
def from_many(lib: Any) -> Any:
    (vector(lib) * 2).backward()


@raises
def from_what_requires_nothing(lib: Any) -> Any:
    lib.tensor([1.0]).sum().backward()


@raises
def from_complex(lib: Any) -> Any:
    (vector(lib) * 1j).sum().backward()


@raises
def gradient_of_a_wrong_shape(lib: Any) -> Any:
    (vector(lib) * 2).backward(gradient=lib.tensor([1.0, 1.0]))


@same
def complex_gradients(lib: Any) -> Any:
    z = vector(lib, 1 + 2j, -3 + 0.5j)
    w = vector(lib, 2.0, 3.0)
    ((z * z * w).real + abs(z)).sum().backward()
    return z.grad, w.grad


@same
def complex_gradient_given(lib: Any) -> Any:
    z = vector(lib, 1 + 2j)
    seen = []
    y = z * (2 - 1j)
    y.register_hook(lambda g: seen.append(plain(g)))
    y.backward(gradient=lib.tensor([3 + 4j]))
    return z.grad, seen


@same
def inputs_of_backward(lib: Any) -> Any:
    x, w = vector(lib), vector(lib)
    y = x * w
    z = (y * y).sum()
    z.backward(inputs=[x, x, y], retain_graph=True)
    return x.grad, w.grad, y.grad


@same
def grad_of_shared_outputs(lib: Any) -> Any:
    x = vector(lib)
    y = x * x
    z = y * 5
    one = lib.tensor([1.0, 1.0, 1.0])
    return lib.autograd.grad([z, y], [x, y, x], [one, 2 * one])


@same
def grad_with_respect_to_itself(lib: Any) -> Any:
    x = vector(lib, 2.0).sum()
    return lib.autograd.grad(x, x)


@raises
def grad_unused(lib: Any) -> Any:
    x, w = vector(lib), vector(lib)
    return lib.autograd.grad(x.sum(), [x, w])


@same
def grad_unused_allowed(lib: Any) -> Any:
    x, w = vector(lib), vector(lib)
    y = x.sum()
    zeros = lib.autograd.grad(y, [x, w], materialize_grads=True, retain_graph=True)
    return zeros, lib.autograd.grad(y, [x, w], allow_unused=True), w.grad


@same
def pruned_parts_are_not_freed(lib: Any) -> Any:
    x, w = vector(lib), vector(lib)
    a, b = x.exp(), w.exp()
    lib.autograd.grad((a + b).sum(), x)
    b.sum().backward()
    return w.grad


@same
def higher_orders(lib: Any) -> Any:
    x = vector(lib)
    found = []
    y = (x**5).sum()
    for _ in range(4):
        (y,) = lib.autograd.grad(y.sum(), x, create_graph=True)
        found.append(plain(y))
    return found


@same
def create_graph_under_no_grad(lib: Any) -> Any:
    x = vector(lib)
    y = (x**3).sum()
    with lib.no_grad():
        y.backward(create_graph=True)
    return x.grad.requires_grad, lib.autograd.grad(x.grad.sum(), x)


@same
def hooks(lib: Any) -> Any:
    x = vector(lib)
    y = x * 3
    seen = []
    y.register_hook(lambda g: seen.append(plain(g)))
    handle = y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(plain(g)))
    x.register_hook(lambda g: g + 1)
    (y * y).sum().backward(retain_graph=True)
    handle.remove()
    handle.remove()
    (y * y).sum().backward()
    return x.grad, seen


@same
def hooks_under_grad(lib: Any) -> Any:
    x = vector(lib)
    y = x * 3
    x.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: g * 100)
    z = (y * y).sum()
    return [lib.autograd.grad(z, t, retain_graph=True) for t in (x, y)]


@same
def hooks_are_differentiated(lib: Any) -> Any:
    x = vector(lib)
    y = x * x
    y.register_hook(lambda g: g * x)
    (d,) = lib.autograd.grad((y * y).sum(), x, create_graph=True)
    return d, lib.autograd.grad(d.sum(), x)


@same
def mode_inside_hooks(lib: Any) -> Any:
    seen = []
    for create_graph in (False, True):
        x = vector(lib)
        x.register_hook(lambda g: seen.append(lib.is_grad_enabled()))
        (x * x).sum().backward(create_graph=create_graph)
        x.grad = None
    return seen


@raises
def hook_of_a_wrong_shape(lib: Any) -> Any:
    x = vector(lib)
    x.register_hook(lambda g: g[0])
    x.sum().backward()


@same
def retained(lib: Any) -> Any:
    x = vector(lib)
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: g * 2)
    z = (y * y).sum()
    z.backward(retain_graph=True)
    lib.autograd.grad(z, x, retain_graph=True)
    lib.autograd.grad(z, y)
    return y.grad, x.grad


@same
def retained_through_writes(lib: Any) -> Any:
    x = vector(lib)
    y = x * 1
    y.retain_grad()
    y.mul_(2)
    y[0:1].mul_(5)
    (y * y).sum().backward()
    return y.grad, x.grad


@same
def stopped_requiring(lib: Any) -> Any:
    x, w = vector(lib), vector(lib)
    y = (x * w).sum()
    x.requires_grad_(False)
    y.backward()
    return x.grad, w.grad


@same
def required_again(lib: Any) -> Any:
    x = vector(lib)
    y = (x * 3).sum()
    x.requires_grad_(False)
    x.requires_grad_(True)
    return lib.autograd.grad(y + (x * 4).sum(), x)


@raises
def leaf_written_with_gradients_on(lib: Any) -> Any:
    vector(lib).add_(1)


@raises
def view_of_a_leaf_written(lib: Any) -> Any:
    vector(lib)[0:1].add_(1)


@raises
def integers_require_nothing(lib: Any) -> Any:
    lib.tensor([1, 2], requires_grad=True)


@raises
def numpy_of_what_is_tracked(lib: Any) -> Any:
    vector(lib).numpy()


@raises
def a_tensor_as_its_own_grad(lib: Any) -> Any:
    x = vector(lib)
    x.grad = x


@same
def deepcopy_of_a_leaf(lib: Any) -> Any:
    x = vector(lib)
    (x * x).sum().backward()
    y = copy.deepcopy(x)
    (y * 2).sum().backward()
    return x.grad, y.grad, y.requires_grad, y.is_leaf


@raises
def deepcopy_of_a_result(lib: Any) -> Any:
    copy.deepcopy(vector(lib) * 2)


@same
def decorated(lib: Any) -> Any:
    @lib.no_grad()
    def numbers() -> Iterator[bool]:
        yield lib.is_grad_enabled()

    @lib.no_grad
    def bare() -> bool:
        found: bool = lib.is_grad_enabled()
        return found

    return list(numbers()), bare(), [(i, lib.is_grad_enabled()) for i in numbers()]


@same
def ties_and_corners(lib: Any) -> Any:
    x, zero = vector(lib, 1.0, 1.0, 0.0, -1.0), lib.tensor([1.0, 0.0, 0.0, 0.0])
    found = []
    for y in (
        lib.maximum(x, zero),
        lib.minimum(x, zero),
        lib.clip(x, 0.0, 1.0),
        abs(x),
        lib.sign(x),
        x**2,
        x**0,
    ):
        found.append(lib.autograd.grad(y.sum(), x, retain_graph=True))
    return found


@same
def loop_of_writes(lib: Any) -> Any:
    x = vector(lib, 0.5, 1.5)
    y = lib.zeros(4)
    for i in range(4):
        y[i : i + 1] = x[0:1] * i + x[1:2]
    y[1:3] *= 2
    (y * lib.tensor([1.0, 10.0, 100.0, 1000.0])).sum().backward()
    return y, x.grad
