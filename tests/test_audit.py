"""``audit`` and ``strict``: what leaves the graph, where, and what a derivative has to do with it."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import pickle
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.conversion import Values
from anygrad.exchange import _pile
from anygrad.forwards import Route
from tests.test_profiling import state


def here() -> int:
    """Return the line that calls."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def said(report: ag.audit) -> list[tuple[str, str]]:
    return [(e.name, e.depended) for e in report]


@pytest.fixture
def put_back() -> Iterator[None]:
    """A test leaves the package as it was, to the object."""
    importing = ag.special  # declares functions, which is not put back
    before = [*state(), Values._only, Values.numpy, Values.tolist, Route.__init__, Route.push]
    yield
    after = [*state(), Values._only, Values.numpy, Values.tolist, Route.__init__, Route.push]
    assert all(a is b or a == b for a, b in zip(before, after, strict=True)) and not _pile and importing


# ---------------------------------------------------------------- what is listed


def test_line_shape_dtype_and_count(make: Callable[..., Any]) -> None:
    x = make(np.array([[1.0, 2.0]]), grad=True)
    with ag.audit() as report:
        for _ in range(3):
            n, line = float((x * 2)[0, :].sum()), here()
    (found,) = report.exits
    assert (found.op, found.kind, found.file, found.line) == ("float", "scalar", __file__, line)
    assert (found.shape, found.dtype, found.count, found.depended) == ((), x.dtype, 3, "")
    assert found.function == "test_line_shape_dtype_and_count" and n == 6
    assert len(report) == 1 and list(report) == [found]


X = ag.asarray([1.0, 2.0])
EXITS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "float": (lambda x: float(x[0]), ["float"]),
    "int": (lambda x: int(x[0]), ["int"]),
    "bool": (lambda x: not x[0], ["bool"]),
    "complex": (lambda x: complex(x[0]), ["complex"]),
    "round": (lambda x: round(x[0]), ["round"]),
    "item": (lambda x: x[0].item(), ["item"]),
    "tolist": (lambda x: x.tolist(), ["tolist"]),
    "astype": (lambda x: x.astype(ag.int32), ["astype"]),
    "to a dtype": (lambda x: x.to(ag.int32), ["to"]),
    "asarray": (lambda x: ag.asarray(x, dtype=ag.int64), ["asarray"]),
    "detach": (lambda x: x.detach(), ["detach"]),
    "a view's": (lambda x: x[1:].detach(), ["detach"]),
    "once, of what is detached": (lambda x: float(x.detach()[0]), ["detach"]),
    "what a comparison says": (lambda x: (x > 1).any() and x, ["bool of greater"]),
    "a position": (lambda x: [0, 1][ag.argmax(x)], ["index of argmax"]),
    "what is compared, as an array": (lambda x: np.asarray(x.detach() < x), ["detach", "__array__ of less"]),
    "what Python compares": (lambda x: max(x[0], x[1]), ["bool of greater"]),
    "membership": (lambda x: 2.0 in x, ["bool of equal"]),
    "masks": (lambda x: ag.where(x > 1, x, 0.0)[x > 1], []),
    "positions": (lambda x: x[ag.argsort(x)], []),
    "what is flat": (lambda x: ag.floor(x) + ag.sign(x), []),
    "shapes": (lambda x: ag.zeros_like(x) + len(x) + x.shape[0], []),
    "text": (lambda x: f"{x[0]:.2f} {x}", []),
    "casts of floats": (lambda x: x.astype(ag.float32), []),
    "what is untracked": (lambda x: float(X[0]) + X.tolist()[0], []),
}


@pytest.mark.targets("numpy")
@pytest.mark.parametrize("name", EXITS)
def test_exits(name: str, make: Callable[..., Any]) -> None:
    f, expected = EXITS[name]
    x = make(np.array([1.0, 2.0]), grad=True)
    with ag.audit() as report:
        f(x)
    assert [e.name for e in report] == expected
    assert all(e.line == f.__code__.co_firstlineno for e in report)
    with ag.strict():
        if expected:
            with pytest.raises(ag.GraphExitError, match=rf"\[{report.exits[0].op}\] x has shape"):
                f(x)
        else:
            f(x)
    with ag.audit() as report, ag.strict(), ag.no_grad():
        f(x)
    assert not report


def test_a_copy() -> None:
    x = ag.tensor([1.0], requires_grad=True)
    with ag.audit() as report, pytest.warns(UserWarning):
        y = ag.tensor(x, requires_grad=True)
        (x * y).sum().backward()
    assert said(report) == [("tensor", "yes")]


@pytest.mark.parametrize("function", [copy.copy, copy.deepcopy])
def test_a_copy_by_pythons_module(function: Callable[[Any], Any]) -> None:
    """What scikit-learn's ``clone`` does to the parameters of a model."""
    x = ag.tensor([1.0], requires_grad=True)
    with ag.audit() as report:
        y = function({"x": x})["x"] if function is copy.deepcopy else function(x)
        (x * y).sum().backward()
    assert said(report) == [("copy", "yes")] and y.requires_grad


def test_a_pickle() -> None:
    x = ag.tensor([1.0], requires_grad=True)
    with ag.audit() as report:
        y = pickle.loads(pickle.dumps(x))
        pickle.dumps(x.detach())
    assert [e.name for e in report] == ["pickle", "detach"] and y.requires_grad


def test_results_that_come_of_an_operand_each() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.audit() as report:
        ag.broadcast_arrays(x, ag.asarray([[3.0]]))
        ag.meshgrid(x, ag.asarray([3.0]))
    assert not report


def test_what_raises_is_none() -> None:
    x = ag.tensor([1.0], requires_grad=True)
    with ag.audit() as report:
        for export in (np.asarray, ag.Tensor.numpy, lambda x: x.__dlpack__()):
            with pytest.raises(ag.GraphExitError):
                export(x)
    assert not report and str(report) == "nothing left the graph"


# ---------------------------------------------------------------- what depended on it


def test_tensors_are_followed(make: Callable[..., Any]) -> None:
    """Through views, writes, casts and functions; what comes back elsewhere is told from what does not."""
    x, w = (make(np.array([1.0, 2.0]), grad=True) for _ in range(2))
    with ag.audit() as report:
        used = x.detach()
        lost = (x + 1).detach()
        moved = ag.zeros_like(used)
        moved[1:] = (used * 2)[1:]
        y = (x * moved.astype(ag.float32).astype(used.dtype)).sum()
        other = (w.detach() * x).sum() + float(lost[0])
        y.backward(inputs=[x])
    assert [e.depended for e in report] == ["yes", "no", "no"]
    assert [*report.of(y).values()] == ["yes", "no", "no"]
    # What came of w is a constant for x, and the number may be in it.
    assert [*report.of(other).values()] == ["no", "may", "no"]
    assert [*report.of(other + w.sum()).values()] == ["no", "may", "yes"]


def test_numbers_may_have_come_back() -> None:
    """From the same inputs, and from before the end of what is differentiated."""
    x, w = (ag.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    with ag.audit() as report:
        before = float(x.sum())
        elsewhere = float(w.sum())
        loss = (x * before).sum() + elsewhere
        logged = loss.item()
        loss.backward()
        after = float(x.sum())
    assert said(report) == [("float", "may"), ("float", "no"), ("item", "no"), ("float", "")]
    assert logged == 12 and after == 3


@pytest.mark.parametrize(
    "derive",
    [
        ag.grad,
        ag.hessian,
        lambda f: ag.jacobian(f, mode="forward"),
        lambda f: lambda x: ag.jvp(f, (x,), (x,)),
        lambda f: lambda x: ag.vjp(f, x)[1](ag.asarray(1.0)),
        lambda f: lambda x: ag.grad(lambda y: (ag.grad(f)(y) * y).sum())(x),
        lambda f: lambda x: f(x.requires_grad_()).backward(create_graph=True),
        lambda f: ag.grad(lambda x: ag.checkpoint(f, x)),
    ],
    ids=["grad", "hessian", "forward", "jvp", "vjp", "nested", "create_graph", "checkpoint"],
)
def test_transforms(derive: Callable[..., Any]) -> None:
    def f(x: Any) -> Any:
        return (x**3 * float(x[0]) * x.detach()).sum()

    with ag.audit() as report:
        derive(f)(ag.asarray([1.0, 2.0]))
    found = {e.op: (e.depended, e.count) for e in report if e.function.endswith("f")}
    assert found == {"float": ("may", 1), "detach": ("yes", 1)}


class Double(ag.Function):
    """A rule of the user's, whose forward is not recorded."""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        return x.detach() * float(y[0]) * 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2, None


def test_rules_of_the_users() -> None:
    """What they do in forward is their own; what goes in cannot be followed."""
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.audit() as report, ag.strict(allow="detach"):
        Double.apply(x, x.detach()).sum().backward()
    assert said(report) == [("detach", "may")]


def test_of_refuses_what_has_no_graph() -> None:
    with ag.audit() as report:
        pass
    with pytest.raises(ag.GradientError, match="does not require a gradient"):
        report.of(X)


# ---------------------------------------------------------------- blocks


def test_allowed_and_refused(put_back: None) -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.strict(allow=("detach", "cast")):
        assert float(x.detach()[0]) + int(x.astype(ag.int64)[1]) == 3
        with pytest.raises(ag.GraphExitError, match=r"\[bool\].*through greater.*no_grad"):
            bool((x > 0).all())
        with ag.strict(), pytest.raises(ag.GraphExitError, match=r"\[detach\]"):
            x.detach()
    with pytest.raises(ag.ArgumentError, match=r"'flaot'.*expected some of.*float"):
        ag.strict(allow=("flaot",))


def test_blocks_nest_and_belong_to_a_thread_or_task() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)

    async def task(n: int) -> int:
        with ag.audit() as report:
            for _ in range(n):
                float(x[0])
                await asyncio.sleep(0)
        return report.exits[0].count

    async def tasks() -> list[int]:
        return await asyncio.gather(task(2), task(3))

    with ag.audit() as outer:
        with ag.audit() as inner:
            float(x[0])
        int(x[0])
        thread = threading.Thread(target=lambda: x[0].item())
        thread.start()
        thread.join()
    assert [e.op for e in outer] == ["float", "int"] and [e.op for e in inner] == ["float"]
    assert asyncio.run(tasks()) == [2, 3]


def test_beside_others(put_back: None) -> None:
    """Blocks that observe otherwise are entered and left in any order."""
    x = ag.tensor([0.0, 2.0], requires_grad=True)
    report, p, safe = ag.audit(), ag.profile(), ag.nan_safe()
    for block in (report, p, safe):
        block.__enter__()
    with ag.detect_anomaly():
        float((x * 2).sum())
    ag.where(x > 0, ag.sqrt(x), x.detach()).sum().backward()
    for block in (report, p, safe):
        block.__exit__(None, None, None)
    assert said(report) == [("float", "may"), ("detach", "yes")]
    assert {"sqrt", "where"} <= {e.operation for e in p.events}
    np.testing.assert_array_equal(x.grad.numpy()[1:], [0.5 / np.sqrt(2)])


def test_functions_declared_in_a_block_are_seen() -> None:
    with ag.audit() as report:
        cube = ag.primitive(_cube, dx=lambda g, x: 3 * g * x * x)
        x = ag.tensor(2.0, requires_grad=True)
        cube(cube(x.detach()) * x).backward()
    assert said(report) == [("detach", "yes")]


def _cube(xp: Any, x: Any) -> Any:
    """Return x cubed."""
    return x * x * x


def test_nothing_is_kept_alive() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.audit() as report:
        y = ag.exp(x)
        float(y[0])
        node, held = weakref.ref(y.node), weakref.ref(d := y.detach())
        del y, d
        gc.collect()
        assert node() is None and held() is None
        (x * 2).sum().backward()
    assert [e.depended for e in report] == ["may", "no"]


def test_text() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.audit() as report:
        (x * float(x.sum())).sum().backward(), x.tolist()
    head, rule, first, second, last, total = str(report).splitlines()
    assert head.split() == ["exit", "calls", "shape", "dtype", "depended", "where", "source"]
    assert first.startswith("float") and "float64  " in first and "may" in first
    assert "in test_text  (x * float(x.sum())).sum().backward(), x.tolist()" in first
    assert (
        second.startswith("tolist") and " - " in second and total.split() == ["total", "2"] and rule == last
    )
    assert "2 lines" in repr(report) and "<pre>exit" in report._repr_html_()


# ---------------------------------------------------------------- what left twice


def test_what_left_came_back_and_left_again_is_followed() -> None:
    """A value may leave, be computed with in the graph of another leaf, and leave that too."""
    x, w = (ag.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    with ag.audit() as report:
        inner = w * x.detach()
        (x * inner.detach()).sum().backward()
    assert said(report) == [("detach", "yes"), ("detach", "yes")]
    with ag.audit() as report:
        inner = w * x.detach()
        (x * float(inner.sum())).sum().backward()
    assert said(report) == [("detach", "may"), ("float", "may")]


def test_what_is_written_by_out_is_followed() -> None:
    x, y = ag.tensor([1.0, 2.0], requires_grad=True), ag.ones(2)
    with ag.audit() as report:
        np.add(y, x.detach(), out=y)
        (x * y).sum().backward()
    assert said(report) == [("detach", "yes")]


@pytest.mark.parametrize(
    ("f", "depended"),
    [
        (lambda w: ag.asarray([float(w), 2.0]).sum(), "may"),
        (lambda w: w.detach() ** 2, "yes"),
        (lambda w: (w.astype(int) * 1.0).sum(), "yes"),
        (lambda w: (w.astype(int) + 0 * w.astype(int)) * 0.5 + w, "yes"),
    ],
)
def test_a_gradient_that_is_lost_whole(f: Any, depended: str) -> None:
    """No pass runs for what is connected to nothing, and it is told all the same."""
    with ag.audit() as report:
        ag.grad(f)(ag.tensor(1.5))
    assert {e.depended for e in report.exits} == {depended}
    with ag.audit() as report:
        ag.jvp(lambda w: ag.asarray(float(w)), (ag.tensor(1.5),), (ag.tensor(1.0),))
    assert [e.depended for e in report.exits] == ["may"]
