"""Grad mode: blocks, decorators of every kind of function, nesting, exceptions, threads and tasks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

import anygrad as ag
from anygrad.errors import DtypeError
from anygrad.graph import GRAD_MODE
from tests.test_memory import run_threads


def recorded() -> bool:
    """Tell whether an operation is recorded here."""
    x = ag.tensor(1.0, requires_grad=True)
    found = (x * 2).requires_grad
    assert found == ag.is_grad_enabled()
    return found


def test_blocks_nest_and_restore() -> None:
    assert recorded()
    with ag.no_grad():
        assert not recorded()
        with ag.enable_grad():
            assert recorded()
            with ag.set_grad_enabled(False):
                assert not recorded()
            assert recorded()
        assert not recorded()
    assert recorded()


def test_one_object_can_be_entered_again_and_within_itself() -> None:
    for made in (ag.no_grad, lambda: ag.set_grad_enabled(False)):
        mode = made()
        with mode, mode:
            assert not recorded()
        assert recorded()
        with mode:
            assert not recorded()
        assert recorded()


def test_exceptions_restore_the_mode() -> None:
    with pytest.raises(KeyError), ag.no_grad():
        raise KeyError
    assert recorded()

    @ag.no_grad()
    def failing() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert recorded()


def test_set_grad_enabled_acts_at_once() -> None:
    ag.set_grad_enabled(False)
    assert not recorded()
    ag.set_grad_enabled(True)
    assert recorded()


def test_decorated_function_keeps_name_arguments_and_result() -> None:
    @ag.no_grad()
    def function(a: int, *, b: int) -> tuple[int, bool]:
        """Add."""
        return a + b, recorded()

    assert function(1, b=2) == (3, False)
    assert recorded()
    assert function.__name__ == "function"
    assert function.__doc__ == "Add."


def test_decorator_without_parentheses() -> None:
    @ag.no_grad
    def off() -> bool:
        return recorded()

    @ag.enable_grad
    def on() -> bool:
        return recorded()

    assert not off()
    with ag.no_grad():
        assert on()


def test_set_grad_enabled_as_a_decorator_changes_nothing_outside() -> None:
    @ag.set_grad_enabled(False)
    def off() -> bool:
        return recorded()

    assert recorded()
    assert not off()
    assert not off()
    assert recorded()


def test_decorated_method() -> None:
    class Model:
        @ag.no_grad()
        def predict(self) -> bool:
            return recorded()

        @ag.no_grad()
        def stream(self) -> Iterator[bool]:
            yield recorded()

    assert not Model().predict()
    assert list(Model().stream()) == [False]


def test_decorated_recursion() -> None:
    @ag.no_grad()
    def down(n: int) -> int:
        assert not recorded()
        return 0 if n == 0 else 1 + down(n - 1)

    assert down(5) == 5
    assert recorded()


def test_only_functions_are_decorated() -> None:
    with pytest.raises(DtypeError, match=r"\[no_grad\] got int"):
        ag.no_grad()(3)  # type: ignore[type-var]
    with pytest.raises(DtypeError, match=r"\[enable_grad\]"):
        ag.enable_grad("x")


def test_decorated_generator_has_the_mode_only_while_it_runs() -> None:
    seen: list[object] = []

    @ag.no_grad()
    def numbers() -> Iterator[int]:
        try:
            for i in range(3):
                assert not recorded()
                try:
                    seen.append((yield i))
                except KeyError:
                    assert not recorded()
                    seen.append("thrown")
            return 7
        finally:
            seen.append(recorded())

    generator = numbers()
    assert next(generator) == 0
    assert recorded()
    assert generator.send("sent") == 1
    assert recorded()
    assert generator.throw(KeyError()) == 2
    assert recorded()
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == 7
    assert seen == ["sent", "thrown", None, False]
    assert recorded()


def test_decorated_generator_that_is_closed() -> None:
    seen: list[bool] = []

    @ag.no_grad()
    def numbers() -> Iterator[int]:
        try:
            yield 1
        finally:
            seen.append(recorded())

    generator = numbers()
    next(generator)
    generator.close()
    assert seen == [False]
    assert recorded()


def test_decorated_coroutine() -> None:
    @ag.no_grad()
    async def off() -> bool:
        await asyncio.sleep(0)
        return recorded()

    async def main() -> tuple[bool, bool]:
        return await off(), recorded()

    assert asyncio.run(main()) == (False, True)


def test_decorated_asynchronous_generator() -> None:
    @ag.no_grad()
    async def numbers() -> AsyncIterator[bool]:
        yield recorded()
        await asyncio.sleep(0)
        yield recorded()

    async def main() -> list[tuple[bool, bool]]:
        return [(inside, recorded()) async for inside in numbers()]

    assert asyncio.run(main()) == [(False, True), (False, True)]


def test_mode_does_not_leak_between_tasks() -> None:
    async def off(started: asyncio.Event, go_on: asyncio.Event) -> bool:
        with ag.no_grad():
            started.set()
            await go_on.wait()
            return recorded()

    async def on(started: asyncio.Event, go_on: asyncio.Event) -> bool:
        await started.wait()
        found = recorded()
        go_on.set()
        return found

    async def main() -> list[bool]:
        started, go_on = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(off(started, go_on), on(started, go_on))

    assert asyncio.run(main()) == [False, True]
    assert recorded()


def test_one_mode_object_shared_by_tasks() -> None:
    mode = ag.no_grad()

    async def off(turns: int) -> bool:
        with mode:
            for _ in range(turns):
                await asyncio.sleep(0)
            return recorded()

    async def main() -> list[bool]:
        return [*await asyncio.gather(off(1), off(3), off(2)), recorded()]

    assert asyncio.run(main()) == [False, False, False, True]


def test_a_new_thread_starts_with_gradients_on() -> None:
    seen: list[bool] = []
    with ag.no_grad():
        thread = threading.Thread(target=lambda: seen.append(recorded()))
        thread.start()
        thread.join()
        assert not recorded()
    assert seen == [True]


def test_mode_of_a_thread_stays_there() -> None:
    inside, leave = threading.Event(), threading.Event()
    seen: list[bool] = []

    def work() -> None:
        with ag.no_grad():
            inside.set()
            leave.wait(10)
            seen.append(recorded())

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(10)
    assert recorded()
    leave.set()
    thread.join()
    assert seen == [False]


@pytest.mark.parametrize("make", [ag.no_grad, lambda: ag.set_grad_enabled(False)])
def test_one_mode_object_shared_by_threads(make: Callable[[], Any]) -> None:
    mode = make()
    ag.set_grad_enabled(True)
    inside, leave = threading.Event(), threading.Event()
    seen: list[bool] = []

    def work() -> None:
        with ag.no_grad(), mode:
            inside.set()
            leave.wait(10)
            seen.append(recorded())
        seen.append(recorded())
        with mode:
            seen.append(recorded())
        seen.append(recorded())

    thread = threading.Thread(target=work)
    with mode:
        thread.start()
        assert inside.wait(10)
    assert recorded()
    leave.set()
    thread.join()
    assert seen == [False, True, False, True]


def test_threads_leave_one_mode_object_at_one_time() -> None:
    mode, seen = ag.no_grad(), list[bool]()

    def work(i: int) -> None:
        for _ in range(2000):
            with mode, mode:
                pass
        seen.append(recorded())

    assert run_threads(work, 6) == []
    assert seen == [True] * 6
    with mode:
        # What another thread has used and has yet to take away.
        used = GRAD_MODE.set(False)
        GRAD_MODE.reset(used)
        mode._tokens.append(used)
    assert recorded()


def test_mode_that_ends_in_another_thread_changes_nothing_there() -> None:
    def numbers() -> Iterator[int]:
        with ag.no_grad():
            yield 1

    generator = numbers()
    started = threading.Thread(target=lambda: next(generator))
    started.start()
    started.join()
    with ag.no_grad():
        assert list(generator) == []
        assert not recorded()


def test_mode_says_what_is_a_leaf() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.no_grad():
        y = x * 2
        view = x[0:1]
        assert ag.tensor(1.0, requires_grad=True).requires_grad
    assert y.is_leaf and not y.requires_grad and y.grad_fn is None
    assert view.is_leaf and not view.requires_grad


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("outside", [False, True])
def test_a_pass_records_only_under_create_graph(create_graph: bool, outside: bool) -> None:
    x = ag.tensor(3.0, requires_grad=True)
    y = x**3
    seen: list[bool] = []
    x.register_hook(lambda g: seen.append(ag.is_grad_enabled()))
    with ag.set_grad_enabled(outside):
        y.backward(create_graph=create_graph)
        assert ag.is_grad_enabled() == outside
    assert seen == [create_graph]
    assert x.grad.item() == 27.0
    assert x.grad.requires_grad == create_graph
    if create_graph:
        (second,) = ag.autograd.grad(x.grad, x)
        assert second.item() == 18.0


def test_complex_gradients_under_create_graph_are_recorded_in_no_grad() -> None:
    x = ag.tensor(1.0 + 2.0j, requires_grad=True)
    y = (x * x).real
    with ag.no_grad():
        (g,) = ag.autograd.grad(y, x, create_graph=True)
    assert g.item() == 2 * (1 - 2j)
    assert g.requires_grad
