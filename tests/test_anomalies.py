"""``detect_anomaly``: what it names, that it looks at everything, once, and that all is put back."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.exchange import _pile
from tests.test_profiling import state


def here() -> int:
    """Return the line that calls."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Every test leaves the package as it was, to the object."""
    before = state()
    with np.errstate(all="ignore"):
        yield
    after = state()
    assert all(a is b or a == b for a, b in zip(before, after, strict=True))
    assert not _pile and "chains_from" not in vars(ag.zeros(1).xp)


def test_names_operation_entry_and_line(make: Any) -> None:
    x = make(np.array([[4.0, 1.0], [1.0, 0.0]]), grad=True)
    with pytest.raises(ag.AnomalyError) as caught, ag.detect_anomaly():
        y, line = ag.sqrt(x), here()
        (y * y).sum().backward()
    text = str(caught.value)
    assert "the derivative of sqrt gave no finite gradient for x: NaN at (1, 1), shape (2, 2)" in text
    assert f"sqrt was called at {__file__}:{line}, `y, line = ag.sqrt(x), here()`" in text
    assert x.grad is None
    assert isinstance(caught.value, FloatingPointError) and isinstance(caught.value, ag.GradientError)


def test_graph_and_grad_survive(make: Any) -> None:
    """An error changes neither; without the block the pass then runs."""
    x, y = make(np.array([4.0, 0.0]), grad=True), make(np.array([1.0, 2.0]), grad=True)
    with ag.detect_anomaly():
        loss = (ag.sqrt(x) + y * y).sum()
        with pytest.raises(ag.AnomalyError, match="inf at"):
            loss.backward()
    assert x.grad is None and y.grad is None
    loss.backward()
    np.testing.assert_array_equal(y.grad.cpu().numpy(), [2, 4])
    assert np.isinf(x.grad.cpu().numpy()[1])


def test_what_is_finite_passes(make: Any) -> None:
    x = make(np.array([1.0, 2.0]), grad=True)
    z = make(np.array([1.0 + 1j, 2.0]), grad=True)
    n = make(np.zeros((0, 3)), grad=True)
    with ag.detect_anomaly():
        parts = [ag.exp(x).sum(), ag.abs(z * z).sum(), n.sum(), ag.concat([x, x[:1]]).prod(), ag.std(x)]
        sum(parts, start=ag.sum(x)).backward()
        (g,) = ag.autograd.grad((x**3).sum(), x, create_graph=True)
        g.sum().backward()
    assert x.grad is not None and z.grad is not None and n.grad.shape == (0, 3)


def test_saved_numbers_are_shown_on_the_host() -> None:
    x = ag.tensor([2.0, -1.0])
    y = ag.tensor([1.0, 0.0], requires_grad=True)
    with pytest.raises(ag.AnomalyError, match=r"for y: NaN at \(1,\).*y is 0.0 there"), ag.detect_anomaly():
        (ag.zeros(2) * x / y).sum().backward()


def test_second_order(make: Any) -> None:
    x = make(np.array([4.0, 0.0]), grad=True)
    with ag.detect_anomaly():
        line = here() + 1
        (g,) = ag.autograd.grad((x**1.5).sum(), x, create_graph=True)
        with pytest.raises(ag.AnomalyError, match=rf"pow, in the derivative of pow was called at .*:{line}"):
            g.sum().backward()


def test_gradients_from_elsewhere(make: Any) -> None:
    x = make(np.array([1.0, 2.0]), grad=True)
    nan = make(np.array([1.0, np.nan]))
    with ag.detect_anomaly():
        y = ag.exp(x)
        with pytest.raises(ag.AnomalyError, match="that the pass starts with is not finite: NaN at"):
            y.backward(nan)
        y = ag.exp(x)
        y.register_hook(lambda g: g * nan)
        with pytest.raises(ag.AnomalyError, match="the gradient that arrived at exp is not finite"):
            y.sum().backward()
        big = make(np.array(1e308), grad=True)
        with pytest.raises(ag.AnomalyError, match="the sum of the gradients that arrived at a leaf"):
            (big * 1e308 + big * 1.7e308).backward()
        with pytest.raises(ag.AnomalyError, match="the sum of the gradients that arrived"):
            ag.autograd.grad(big * 1e308 + big * 1.7e308, big)
    assert x.grad is None and big.grad is None


def test_a_graph_from_before_the_block(make: Any) -> None:
    x = make(np.array([0.0]), grad=True)
    y = ag.log(x).sum()
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match="log was called before the block"):
        y.backward()


def test_reads_once(make: Any, monkeypatch: pytest.MonkeyPatch, target: Any) -> None:
    """Off the host the device is asked once for each pass, whatever its length."""
    if target.is_numpy:
        pytest.skip("the host looks at once")
    x = make(np.array([1.0, 2.0]), grad=True)
    reads = []
    to_numpy = type(x.xp).to_numpy
    monkeypatch.setattr(type(x.xp), "to_numpy", lambda xp, a: reads.append(a) or to_numpy(xp, a))
    with ag.detect_anomaly():
        y = x
        for _ in range(20):
            y = ag.sin(y) * x
        y.sum().backward()
        assert len(reads) == 1
        y = ag.log(x - x)
        with pytest.raises(ag.AnomalyError, match="derivative of log"):
            ag.exp(y).sum().backward()
        assert len(reads) == 2


@pytest.mark.targets("numpy", "torch", "cupy")
def test_operands_that_somebody_writes(target: Any) -> None:
    """The one way in which a saved value changes: memory that the caller owns."""
    x = ag.tensor([1.0, 2.0], requires_grad=True, device=target.device)
    a = target.backend.from_numpy(np.array([1.0, 2.0, 3.0]))
    for write in (lambda: a.__setitem__(0, 7.0), lambda: a.__setitem__(slice(None), a[[1, 0, 2]])):
        with ag.detect_anomaly():
            y, line = x * ag.asarray(a)[:2], here()
            write()
            with pytest.raises(ag.ChangedOperandError, match=rf"y of multiply has changed.*:{line}"):
                y.sum().backward()
    with ag.detect_anomaly():
        y = x * ag.asarray(a)[:2]
        a[2] = 0.0  # not what was saved
        y.sum().backward()
    t = ag.tensor([3.0, 4.0], device=target.device)
    with ag.detect_anomaly():
        y = x * t
        t[0] = 9.0  # a write to a tensor changes no saved value
        y.sum().backward()


def test_composes(make: Any) -> None:
    """With profiles and saved-value hooks, in either order; blocks nest, and end in any order."""
    x = make(np.array([1.0, 0.0]), grad=True)
    blocks = (ag.detect_anomaly, ag.profile, ag.autograd.save_on_cpu)
    for first, second, third in (blocks, blocks[::-1], (blocks[2], blocks[0], blocks[1])):
        with first(), second(), third():
            y, line = ag.log(x), here()
            with pytest.raises(ag.AnomalyError, match=rf"log was called at .*:{line}"):
                y.sum().backward()
    one, other, p = ag.detect_anomaly(), ag.detect_anomaly(), ag.profile()
    one.__enter__()
    p.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    with pytest.raises(ag.AnomalyError):
        ag.log(x).sum().backward()
    other.__exit__(None, None, None)
    ag.log(x).sum().backward()
    p.__exit__(None, None, None)
    forward = [e.operation for e in p.events if e.phase == "forward"]
    assert forward == ["log", "sum", "log", "sum"]
    assert "log" in [e.operation for e in p.events if e.phase == "backward"]


def test_all_threads(make: Any) -> None:
    x = make(np.array([0.0]), grad=True)
    found: list[BaseException] = []

    def work() -> None:
        try:
            with np.errstate(all="ignore"):
                ag.log(x).sum().backward()
        except ag.AnomalyError as error:
            found.append(error)

    with ag.detect_anomaly():
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 3


def test_large_gradients_are_not_chained() -> None:
    """From a megabyte on, NumPy takes gradients through several formulas at once: not here."""
    x = ag.tensor(np.linspace(0.0, 1.0, 200_000), requires_grad=True)
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match="derivative of sqrt"):
        (ag.exp(ag.sqrt(ag.exp(x) - 1)) * 2).sum().backward()


def test_operations_of_the_users_own(make: Any) -> None:
    """``Function`` and ``custom_vjp`` are named as others are."""

    class Bad(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
            return g / ctx.saved_tensors[0]

    @ag.custom_vjp
    def bent(x: ag.Tensor) -> ag.Tensor:
        return ag.sin(x)

    bent.defvjp(lambda x: (ag.sin(x), x), lambda x, g: (g / x,))
    x = make(np.array([1.0, 0.0]), grad=True)
    for name, function in (("Bad", Bad.apply), ("bent", bent)):
        says = (
            rf"the derivative of {name} gave no finite gradient.*inf at \(1,\).*{name} was called at .*:{{}}"
        )
        with ag.detect_anomaly():
            y, line = function(ag.exp(x) - 1), here()
            with pytest.raises(ag.AnomalyError, match=says.format(line)):
                y.sum().backward()
    assert x.grad is None
