"""What a graph holds and for how long: long chains, reference cycles, threads that share nodes."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import FreedGraphError

LONG = 1_000_000


def leaf(values: Any) -> Any:
    """Return a leaf that requires a gradient."""
    return ag.tensor(values, requires_grad=True)


# ---------------------------------------------------------------- a long chain


def test_a_chain_of_a_million_nodes() -> None:
    limit = sys.getrecursionlimit()
    x = leaf(1.0)
    y = x
    for _ in range(LONG):
        y = y * 1.0
    y.backward()
    assert x.grad.item() == 1.0
    last = weakref.ref(y.grad_fn)
    del y
    assert last() is None
    assert sys.getrecursionlimit() == limit


def test_a_long_chain_towards_an_input_and_through_create_graph() -> None:
    x = leaf(1.0)
    y = x
    value, first, second = 1.0, 1.0, 0.0
    for _ in range(10_000):
        y = y + y * y * 1e-6
        second = second * (1 + 2e-6 * value) + 2e-6 * first * first
        first *= 1 + 2e-6 * value
        value += value * value * 1e-6
    (d,) = ag.autograd.grad(y, x, create_graph=True)
    (dd,) = ag.autograd.grad(d, x)
    np.testing.assert_allclose([y.item(), d.item(), dd.item()], [value, first, second])


def test_a_long_chain_of_writes() -> None:
    x = leaf(np.ones(4))
    y = x * 1
    for i in range(20_000):
        y[i % 4] = y[(i + 1) % 4] * 1.0
    y.sum().backward()
    assert x.grad.sum().item() == 4.0


# ---------------------------------------------------------------- no cycles


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Run without the garbage collector, and find nothing for it afterwards."""
    gc.collect()
    gc.disable()
    try:
        yield
        assert gc.collect() == 0
    finally:
        gc.enable()


def plainly(x: Any) -> Any:
    y = (x * x).exp()
    y.sum().backward()
    return y


def twice(x: Any) -> Any:
    y = (x * x).exp()
    (d,) = ag.autograd.grad(y.sum(), x, create_graph=True)
    d.sum().backward()
    return d


def tracked(x: Any) -> Any:
    y = (x * x).exp()
    y.sum().backward(create_graph=True)
    x.grad = None
    return y


def hooked(x: Any) -> Any:
    y = x * x
    y.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: None)
    y.sum().backward()
    return y


def retained(x: Any) -> Any:
    y = x * x
    y.retain_grad()
    y.sum().backward()
    assert y.grad is not None
    return y


def viewed(x: Any) -> Any:
    y = x * x
    view = y[1:]
    view[0] = view[1] * 2
    y.retain_grad()
    (y.sum() + view.sum()).backward()
    return view


def unused(x: Any) -> Any:
    return (x * x).exp()


def detached(x: Any) -> Any:
    return (x * x).detach()


def joined(x: Any) -> Any:
    y = ag.concat([x, x * x])
    y.sum().backward(retain_graph=True)
    return y


def interrupted(x: Any) -> Any:
    y = x * x

    def stop(g: Any) -> None:
        raise KeyboardInterrupt

    x.register_hook(stop)
    with contextlib.suppress(KeyboardInterrupt):
        y.sum().backward()
    return y


@pytest.mark.parametrize(
    "program",
    [plainly, twice, tracked, hooked, retained, viewed, unused, detached, joined, interrupted],
    ids=lambda f: f.__name__,
)
def test_graphs_die_by_reference_count(program: Callable[..., Any], uncollected: None) -> None:
    x = leaf(np.arange(1.0, 5.0))
    y = program(x)
    seen = [weakref.ref(x), weakref.ref(y), weakref.ref(y.array if y.array.base is None else y.array.base)]
    stack = [y.grad_fn] if y.grad_fn is not None else []
    while stack:
        node = stack.pop()
        seen.append(weakref.ref(node))
        stack += node.edges
    if x.grad is not None:
        seen += [weakref.ref(x.grad), weakref.ref(x.grad.array)]
    stack = node = None
    del x, y
    assert [ref() for ref in seen] == [None] * len(seen)


def test_a_result_keeps_no_input_tensor(uncollected: None) -> None:
    x = leaf(np.ones(4))
    a = x * 2
    b = a + 1
    tensor, array = weakref.ref(a), weakref.ref(a.array)
    del a
    assert tensor() is None
    assert array() is None  # add saves nothing
    b.sum().backward()
    assert x.grad.tolist() == [2.0] * 4


def test_multiply_saves_only_what_it_needs(uncollected: None) -> None:
    x, c = leaf(np.ones(4)), ag.tensor(np.ones(4))
    a = x * 2
    array, node = weakref.ref(a.array), a.grad_fn
    y = a * c
    del a
    assert array() is None  # c needs no gradient
    assert y.grad_fn.next_functions[0][0] is node


def test_a_pass_leaves_no_gradient_behind(uncollected: None) -> None:
    x = leaf(np.ones(4))
    y = x * 2
    gradients: list[Any] = []
    y.register_hook(lambda g: gradients.append(weakref.ref(g.array)))
    (y * 3).sum().backward()
    assert gradients[0]() is None


def test_a_gradient_function_dies_with_its_leaf(uncollected: None) -> None:
    x = leaf(1.0)
    ref = weakref.ref(x)
    y = x * 2
    del x
    assert ref() is None
    y.backward()


# ---------------------------------------------------------------- threads


def run_threads(work: Callable[[int], None], count: int = 4) -> list[BaseException]:
    """Run a function in threads that start together; return what they raised."""
    barrier = threading.Barrier(count)
    raised: list[BaseException] = []

    def body(i: int) -> None:
        barrier.wait()
        try:
            work(i)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=body, args=(i,)) for i in range(count)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    return raised


def deep(x: Any) -> Any:
    y = x
    for _ in range(30):
        y = (y * 1.01).sin() + x
    return y.sum()


def test_threads_over_a_shared_graph_lose_nothing() -> None:
    x = leaf(np.linspace(0.1, 1.0, 5))
    y = deep(x)
    (once,) = ag.autograd.grad(y, x, retain_graph=True)
    results: list[Any] = []

    def work(i: int) -> None:
        for _ in range(25):
            y.backward(retain_graph=True)
            results.append(ag.autograd.grad(y, x, retain_graph=True)[0].numpy())

    assert run_threads(work) == []
    np.testing.assert_allclose(x.grad.numpy(), 100 * once.numpy(), rtol=1e-12)
    assert len(results) == 100
    for found in results:
        np.testing.assert_array_equal(found, once.numpy())


def test_threads_with_graphs_of_their_own_add_into_one_leaf() -> None:
    x = leaf(np.ones(3))

    def work(i: int) -> None:
        for _ in range(100):
            (x * (i + 1)).sum().backward()

    assert run_threads(work) == []
    assert x.grad.tolist() == [100.0 * (1 + 2 + 3 + 4)] * 3


def test_threads_over_a_graph_that_is_freed_never_give_a_wrong_number() -> None:
    whole = freed = 0
    for _ in range(30):
        x = leaf(np.linspace(0.1, 1.0, 5))
        y = deep(x)
        (once,) = ag.autograd.grad(y, x, retain_graph=True)
        raised = run_threads(lambda i, y=y: y.backward())
        assert all(isinstance(error, FreedGraphError) for error in raised)
        passes = 4 - len(raised)
        assert passes >= 1
        np.testing.assert_allclose(x.grad.numpy(), passes * once.numpy(), rtol=1e-12)
        whole += passes
        freed += len(raised)
    assert whole >= 30
    assert whole + freed == 120


def test_threads_under_create_graph() -> None:
    x = leaf(np.linspace(0.1, 1.0, 5))
    y = deep(x)

    def second() -> np.ndarray:
        (d,) = ag.autograd.grad(y, x, create_graph=True)
        found: np.ndarray = ag.autograd.grad(d.sum(), x, retain_graph=True)[0].numpy()
        return found

    once, results = second(), []
    assert run_threads(lambda i: results.append(second())) == []
    assert len(results) == 4
    for found in results:
        np.testing.assert_array_equal(found, once)
