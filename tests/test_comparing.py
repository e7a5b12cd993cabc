"""``cross_check`` and ``verify``: what is right passes, and what is wrong is named."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.devices import get_backend
from anygrad.exchange import _pile, operations
from anygrad.op import REGISTRY
from anygrad.testing import cross_check, gradcheck
from tests.spy import replaced

TWO = ["cpu", "array_api_strict:device1"]


def here() -> int:
    """Return the line that calls."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Every test leaves the package as it was, to the object."""
    before = [f.__code__ for f in operations()]
    yield
    assert before == [f.__code__ for f in operations()] and not _pile


def leaf(*host: Any) -> ag.Tensor:
    return ag.tensor(np.array(host), requires_grad=True)


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``other(name, change)``: have the second device compute a function of the standard otherwise."""
    xp = get_backend(TWO[1])

    def changed(name: str, change: Callable[..., Any]) -> None:
        right = getattr(xp, name)
        monkeypatch.setattr(xp, name, lambda *a, **k: change(right(*a, **k)))

    return changed


# ---------------------------------------------------------------- cross_check


def test_the_same_on_both() -> None:
    x, w = leaf(0.5, 2.0, -1.0), leaf([1.0, 2.0, 3.0], [0.5, 1 / 3, 2.0])

    def program(x: ag.Tensor, tree: dict[str, Any], power: int) -> Any:
        y = ag.softmax(tree["w"] @ x)
        z = y * 1
        z[0] = ag.sum(x[1:] ** power)
        return {"loss": ag.std(z) + ag.linalg.det(tree["w"][:, :2]), "count": ag.argmax(z), "none": None}

    worst = cross_check(program, (x, {"w": w}, 2), TWO)
    assert 0 <= worst < 100
    assert x.grad is None and w.grad is None
    assert cross_check(lambda x: x * 2, ag.tensor([1, 2]), [*TWO, "cpu"]) == 0
    assert cross_check(lambda x: ag.exp(x), x.detach(), TWO) < 10
    z = leaf(1 + 2j, np.nan, 0.5j)
    with np.errstate(all="ignore"):
        assert cross_check(lambda z: ag.abs(z * z), z, TWO) < 10
    with ag.no_grad():
        assert cross_check(lambda x: ag.sin(x), x, TWO) < 10


def test_names_the_value(other: Any) -> None:
    other("exp", lambda y: y * (1 + 1e-9))
    lines = []

    def program(x: ag.Tensor) -> ag.Tensor:
        y = ag.sin(x)
        y, line = ag.exp(y), here()
        lines.append(line)
        return ag.log(y)

    with pytest.raises(ag.CrossCheckError) as caught:
        cross_check(program, leaf(0.5, 2.0), TWO)
    text = str(caught.value)
    assert f"[cross_check] exp at {__file__}:{lines[0]}: its result differs by" in text
    assert "ulps at (1,)" in text and "on cpu and" in text and "1000 are allowed" in text
    assert isinstance(caught.value, AssertionError)
    worst = cross_check(program, leaf(0.5, 2.0), TWO, ulps=1e8)
    assert 1e6 < worst < 1e8


def test_names_the_gradient() -> None:
    """A formula that is wrong on one device: the values agree."""

    def wrong(xp: Any, g: Any, x: Any) -> Any:
        return g * xp.cos(x) * (1 if isinstance(x, np.ndarray) else 1 + 1e-9)

    lines = []

    def program(x: ag.Tensor) -> ag.Tensor:
        y = ag.exp(x)
        z, line = ag.sin(y), here()
        lines.append(line)
        return ag.sum(z * z)

    with replaced(REGISTRY["sin"], dx=wrong):
        says = r"the derivative of sin at .*:{}: the gradient of the result of exp at"
        with pytest.raises(ag.CrossCheckError) as caught:
            cross_check(program, leaf(0.5, 2.0), TWO)
        assert says.format(lines[0]).replace(".*", __file__) in str(caught.value)
        with pytest.raises(ag.CrossCheckError, match=r"derivative of sin at .*: the gradient of input 0"):
            cross_check(lambda x: ag.sin(x), leaf(0.5), TWO)


def test_names_another_way(other: Any) -> None:
    other("sum", lambda y: y + 1)

    def program(x: ag.Tensor) -> ag.Tensor:
        return ag.exp(x) if float(ag.sum(x).detach()) > 0 else ag.sin(x)

    with pytest.raises(
        ag.CrossCheckError, match=r"call \d is sin at .* on cpu and exp at .* on array_api_str"
    ):
        cross_check(program, leaf(-0.5), TWO)
    with pytest.raises(ag.CrossCheckError, match=r"is .* on cpu and nothing more on|is the function on cpu"):
        cross_check(lambda x: x if x.device == "cpu" else ag.exp(x), leaf(0.5), TWO)
    with pytest.raises(ag.CrossCheckError, match="shapes and dtypes must be the same"):
        cross_check(lambda x: x[: 1 + (x.device == "cpu")], leaf(0.5, 1.0), TWO)
    with pytest.raises(ag.CrossCheckError, match="of input 0 is there on cpu and not on array"):
        cross_check(
            lambda x, y: y * 1 + (x if x.device == "cpu" else x.detach()), (leaf(1.0), leaf(2.0)), TWO
        )


def test_bad_input_to_cross_check() -> None:
    x = leaf(1.0)
    for devices in ("cpu", ["cpu"], []):
        with pytest.raises(ag.ArgumentError, match="expected two or more"):
            cross_check(ag.exp, x, devices)
    with pytest.raises(ag.DtypeError, match="the function returned no tensor"):
        cross_check(lambda x: 3.0, x, TWO)
    with pytest.raises(ag.DeviceError):
        cross_check(ag.exp, x, ["cpu", "nowhere"])
    with pytest.raises(ZeroDivisionError):
        cross_check(lambda x: 1 / 0, x, TWO)


# ---------------------------------------------------------------- corners


def test_gradcheck_tells_a_corner() -> None:
    """Where differences disagree because there is no derivative, the slopes on both sides are told."""
    bent = {"dx": lambda xp, g, x: g * xp.where(x >= 0, 1, -1)}
    with replaced(REGISTRY["abs"], **bent):
        for fast in (False, True):
            with pytest.raises(
                ag.NotDifferentiableError, match=r"corner or a jump: slope .* above, .* below"
            ):
                gradcheck(ag.abs, leaf(0.0), fast=fast)
        says = r"order 1, input 0 at \(1,\), output 0 at \(1,\): the gradient is 1.*slope 1 above, -1 below"
        with pytest.raises(ag.NotDifferentiableError, match=says):
            gradcheck(ag.abs, leaf(1.0, 0.0))
        assert not gradcheck(ag.abs, leaf(0.0), raise_exception=False)
    with pytest.raises(ag.NotDifferentiableError):
        gradcheck(lambda x: ag.floor(x) * 2.0, leaf(3.0))
    with np.errstate(all="ignore"), pytest.raises(ag.NotDifferentiableError, match="below"):
        gradcheck(ag.sqrt, leaf(0.0))


@pytest.mark.parametrize("fast", [False, True])
def test_a_wrong_formula_is_no_corner(fast: bool) -> None:
    """Nor is a steep one, or a large one."""
    wrong = {"dx": lambda g, out: g * out * 1.001}
    with replaced(REGISTRY["exp"], **wrong):
        for host in (np.array([0.5, 2.0]), np.array([20.0, -20.0]), np.array([9.0])):
            with pytest.raises(ag.GradcheckError) as caught:
                gradcheck(lambda x: ag.exp(x) * 1e3, leaf(*host), fast=fast)
            assert not isinstance(caught.value, ag.NotDifferentiableError)


# ---------------------------------------------------------------- verify


def network(device: str, dtype: Any) -> ag.Tensor:
    """Return the loss of a small program with writes, lists, views and keywords."""
    x = ag.tensor(np.linspace(-1.0, 1.0, 12).reshape(3, 4), dtype=dtype, device=device, requires_grad=True)
    y = ag.concat([x, ag.tanh(x)], axis=0)
    y = y * 2
    y[0] = x[1] * 3
    y += 1
    y = ag.softmax(y.mT @ y, axis=-1)
    return ag.logsumexp(ag.where(y > 0.2, y, y * y), axis=None) + ag.max(x, axis=0, keepdims=True).sum()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_verify_passes_what_is_right(dtype: str, device: str) -> None:
    with ag.verify(p=1.0) as v:
        loss = network(device, dtype)
        loss.backward()
    assert v.checked >= 12
    plain = network(device, dtype)
    assert loss.item() == plain.item()
    with ag.verify(p=0.0) as v:
        network(device, dtype)
    assert (v.checked, v.skipped) == (0, 0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_verify_names_what_is_wrong(dtype: str, device: str) -> None:
    wrong = {"dx": lambda xp, g, out: g * (1 - out * out) * 1.01}
    says = rf"\[verify\] tanh at {__file__}:\d+ has a wrong derivative"
    with replaced(REGISTRY["tanh"], **wrong), ag.verify(p=1.0), pytest.raises(ag.GradcheckError, match=says):
        network(device, dtype)


def test_verify_is_random_and_skips() -> None:
    x = leaf(0.5, 0.0)
    found = []
    for seed in (0, 0, 1):
        with ag.verify(p=0.3, seed=seed) as v:
            for _ in range(40):
                ag.sin(x)
        found.append(v.checked)
    assert found[0] == found[1] and 2 <= found[0] <= 25
    with ag.verify(p=1.0) as v:
        ag.maximum(x, x * 3)  # one half each at a tie, which no difference tells
        ag.sqrt(leaf(0.0))
        ag.exp(x).astype(ag.float32)
        ag.exp(x.detach())
        with ag.no_grad():
            ag.exp(x)
        ag.argmax(x)
    assert v.checked >= 3 and v.skipped >= 2
    with v, pytest.raises(ag.ArgumentError, match="this block is running"):
        v.__enter__()
    for p in (-0.1, 1.5, float("nan")):
        with pytest.raises(ag.ArgumentError, match=r"\[verify\] p is"):
            ag.verify(p=p)


def test_verify_among_others() -> None:
    """With profiles, anomalies, threads and cross_check, in any order; in-place methods too."""
    x = leaf(0.5, 2.0)
    with ag.profile() as p, ag.verify(p=1.0) as v, ag.detect_anomaly():
        y = ag.exp(x)
        y.mul_(y)
        y.sum().backward()
        threads = [threading.Thread(target=lambda: ag.sum(ag.sin(x)).backward()) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cross_check(ag.sin, x, TWO)
    assert v.checked >= 7 and v.skipped == 0
    assert {"exp", "multiply_", "sum", "sin"} <= {e.operation for e in p.events}
    np.testing.assert_allclose(
        x.grad.numpy(), 2 * np.exp(2 * x.detach().numpy()) + 2 * np.cos(x.detach().numpy())
    )
