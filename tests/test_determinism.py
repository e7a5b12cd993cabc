"""``deterministic``: no floating-point number is added atomically, and the numbers are right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.determinism import ASKED
from tests import standin


@pytest.fixture(autouse=True)
def off() -> Iterator[None]:
    """Every test starts and leaves with the mode off."""
    assert ASKED == [False]
    yield
    left = ASKED[0]
    ASKED[0] = False
    assert not left


INDEX = np.array([3, 0, 3, 3, 1, 0, -1, 3])

PROGRAMS: dict[str, Callable[[ag.Tensor, ag.Tensor], ag.Tensor]] = {
    "getitem": lambda x, i: x[i],
    "getitem of two": lambda x, i: x[i, i % 3],
    "columns": lambda x, i: x.mT[:, i],
    "take": lambda x, i: ag.take(x, i, axis=0),
    "take_along_axis": lambda x, i: ag.take_along_axis(x, i[:, None] % 4, axis=0),
    "index_add": lambda x, i: ag.index_add(x, i, ag.exp(x[i]), axis=0),
    "scatter_add": lambda x, i: ag.scatter_add(x, ag.stack([i % 5] * 3, axis=1), ag.sin(x)[i], axis=0),
    "a view": lambda x, i: x[1:][::-1][i % 4],
    "a write": lambda x, i: written(x, i),
    "max": lambda x, i: ag.max(x[i], axis=0),
    "convolution": lambda x, i: ag.conv1d(x[None], ag.broadcast_to(x[i][:2, None, :2], (2, 5, 2))),
}


def written(x: ag.Tensor, i: ag.Tensor) -> ag.Tensor:
    y = x * 1
    y[i] += x[i] ** 2
    return y


def gradients(name: str, device: str, dtype: str) -> list[np.ndarray]:
    """Return value, gradient and second derivative of a program."""
    host = np.random.default_rng(0).standard_normal((5, 3))
    host = host + 1j * host[::-1] if dtype.startswith("complex") else host
    x = ag.tensor(host.astype(dtype), device=device, requires_grad=True)
    out = PROGRAMS[name](x, ag.tensor(INDEX, device=device))
    loss = ag.sum(ag.real(out * out * out))
    (g,) = ag.autograd.grad(loss, x, create_graph=True)
    (h,) = ag.autograd.grad(ag.sum(ag.real(g * g)), x)
    return [t.detach().cpu().numpy() for t in (loss, g, h)]


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_cuda_adds_nothing_atomically(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On CuPy's stand-in: the same numbers as on the host, and no call of ``cupy.add.at`` with floats."""
    names = [name for name in PROGRAMS if dtype != "complex128" or name != "max"]
    wanted = {name: gradients(name, "cpu", dtype) for name in names}
    added: list[str] = []
    with standin.installed(1) as cupy:
        at = type(cupy.add).at
        spy = lambda f, a, *rest: added.append(a.dtype.kind) or at(f, a, *rest)
        monkeypatch.setattr(type(cupy.add), "at", spy)
        gradients("take", "cuda", dtype)
        assert "f" in added, "else this test sees nothing"
        added.clear()
        with ag.deterministic(True):
            found = {name: gradients(name, "cuda", dtype) for name in names}
    assert not set(added) & {"f", "c"}
    for name in names:
        for one, other in zip(found[name], wanted[name], strict=True):
            close = 1e-4 if dtype == "float32" else 1e-12
            np.testing.assert_allclose(one, other, rtol=close, atol=close, err_msg=name)


@pytest.mark.targets("torch", "jax")
@pytest.mark.parametrize("name", PROGRAMS)
def test_other_libraries(name: str, device: str, backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a library's device adds in any order, as it does on a GPU, the way without gives the same."""
    wanted = gradients(name, device, "float64")
    monkeypatch.setattr(backend, "any_order", True)
    for module, function in (("torch", "index_add_"), ("jax", "")):
        if backend.name == module and function:
            import torch

            monkeypatch.setattr(torch.Tensor, function, None)
    with ag.deterministic(True):
        found = gradients(name, device, "float64")
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.targets("torch")
def test_what_has_no_way(backend: Any, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "any_order", True)
    x = ag.tensor([1.0, 2.0], device=device)
    for function in (ag.cumulative_sum, ag.cumulative_prod):
        function(x)
        with ag.deterministic(True):
            says = (
                rf"\[{function.__name__}\] on torch torch.float64 is added up in an order.*leave ag\.determ"
            )
            with pytest.raises(ag.NondeterminismError, match=says):
                function(x)
            function(x.astype(ag.int64))


def test_modes() -> None:
    """At once, as a block, as a decorator; nested, entered again, and left by an error."""
    ag.deterministic(True)
    assert ASKED[0]
    ag.deterministic(False)
    assert not ASKED[0]
    with ag.deterministic():
        with ag.deterministic(False):
            assert not ASKED[0]
        assert ASKED[0]
    assert not ASKED[0]
    mode = ag.deterministic(True)
    with mode, mode:
        assert ASKED[0]
    assert not ASKED[0]
    with mode:
        assert ASKED[0]
    with pytest.raises(ZeroDivisionError), ag.deterministic(True):
        1 / 0
    assert not ASKED[0]

    @ag.deterministic(True)
    def asked(x: int) -> tuple[int, bool]:
        return x, ASKED[0]

    assert asked(3) == (3, True) and asked.__name__ == "asked" and not ASKED[0]
    for wrong in (1, None, "yes"):
        with pytest.raises(ag.DtypeError, match=r"\[deterministic\] got .*: expected True or False"):
            ag.deterministic(wrong)
    assert not ASKED[0]
