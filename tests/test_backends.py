"""What a backend must do beyond the standard, and what each library's own backend promises."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.base import Backend
from anygrad.backends.paths import follow
from anygrad.devices import get_backend
from anygrad.errors import DeviceUnavailableError, DtypeError, GraphExitError, IndexingError
from tests.targets import Target

FULL = slice(None)
SHAPES = [(), (1,), (5,), (0,), (3, 4), (2, 0, 3), (2, 3, 4)]


@pytest.fixture(params=["base", "own"], ids=["base", "own"])
def xp(request: pytest.FixtureRequest, target: Target) -> Backend:
    """The backend under test, once with its own extras and once with those of the base class."""
    if request.param == "own":
        return target.backend
    if target.backend.writable:
        pytest.skip("a writable backend reads its own arrays")
    extras = ("index_add", "index_set", "place", "positions", "region", "region_set", "take")
    plain = object.__new__(type("Plain", (type(target.backend),), {n: vars(Backend)[n] for n in extras}))
    plain.__dict__.update(target.backend.__dict__)
    return plain


def _paths(shape: tuple[int, ...], xp: Backend) -> Iterator[tuple[Any, ...]]:
    yield ()
    ndim, size = len(shape), int(np.prod(shape))
    yield (("reshape", {"shape": (size,)}),)
    for axis, n in enumerate(shape):
        for part in (
            FULL,
            slice(0, n // 2, 1),
            slice(n - 1, None, -2) if n else slice(0, 0, 1),
            *range(min(n, 1)),
        ):
            key = (*(FULL,) * axis, part, *(FULL,) * (ndim - axis - 1))
            yield (("getitem", {"key": key}),)
            if size and (ndim > 1 or part.__class__ is slice):
                yield (("getitem", {"key": key}), ("reshape", {"shape": (-1,)}))
        yield (("flip", {"axis": (axis,)}),)
        for index in ([], [0], [n - 1, 0, 0, n - 1, n // 2]):
            if n or not index:
                flat = xp.from_numpy(np.asarray(index, dtype=np.int64))
                yield (("take", {"indices": flat, "axis": axis}),)
                yield (("flip", {"axis": tuple(range(ndim))}), ("take", {"indices": flat, "axis": axis}))
    if ndim > 1:
        turn = (("permute_dims", {"axes": tuple(reversed(range(ndim)))}),)
        yield turn
        if all(shape):
            yield (*turn, ("getitem", {"key": (0, *(FULL,) * (ndim - 1))}))
            yield (*turn, ("reshape", {"shape": (size,)}), ("getitem", {"key": (slice(1, None, 2),)}))
            yield (("getitem", {"key": (0,) * ndim}),)


def _on_host(xp: Backend, path: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        (name, {k: xp.to_numpy(v) if k == "indices" else v for k, v in keywords.items()})
        for name, keywords in path
    )


def _positions(shape: tuple[int, ...], path: tuple[Any, ...]) -> np.ndarray:
    return np.asarray(follow(get_backend("cpu"), np.arange(int(np.prod(shape))).reshape(shape), path))


@pytest.mark.parametrize("shape", SHAPES)
def test_regions(xp: Backend, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    # JAX compiles for every shape.
    dtypes = ("float64",) if xp.name.startswith("jax") else ("float64", "complex64", "int64")
    for path, dtype in itertools.product(_paths(shape, xp), dtypes):
        host = (rng.integers(-9, 9, shape) * (1 + 1j if dtype[0] == "c" else 1)).astype(dtype)
        at = _positions(shape, _on_host(xp, path))
        part = (rng.integers(-9, 9, at.shape) * (1 - 1j if dtype[0] == "c" else 1)).astype(dtype)
        x, y = xp.from_numpy(host), xp.from_numpy(part)
        np.testing.assert_array_equal(xp.to_numpy(xp.region(x, path)), host.reshape(-1)[at])
        np.testing.assert_array_equal(xp.to_numpy(xp.positions(shape, path)), at.reshape(-1))
        for value in (part, 7):
            want = host.copy().reshape(-1)
            want[at.reshape(-1)] = value if value is not part else part.reshape(-1)
            found = xp.region_set(x, y if value is part else value, path)
            np.testing.assert_array_equal(xp.to_numpy(found), want.reshape(shape), err_msg=str(path))
            assert found.dtype == x.dtype
        want = np.zeros(int(np.prod(shape)), dtype)
        np.add.at(want, at.reshape(-1), part.reshape(-1))
        found = xp.place(y, shape, path)
        np.testing.assert_array_equal(xp.to_numpy(found), want.reshape(shape), err_msg=str(path))
        assert found.dtype == x.dtype and tuple(found.shape) == shape
        np.testing.assert_array_equal(xp.to_numpy(x), host)
        np.testing.assert_array_equal(xp.to_numpy(y), part)


@pytest.mark.parametrize("shape", [s for s in SHAPES if s])
def test_flat_indices(xp: Backend, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(2)
    for axis, n in enumerate(shape):
        for m in (0, 1, 3, 17) if n else (0,):
            index = rng.integers(0, max(n, 1), m)
            host = rng.integers(-9, 9, shape).astype(float)
            part = rng.integers(-9, 9, (*shape[:axis], m, *shape[axis + 1 :])).astype(float)
            x, y, i = map(xp.from_numpy, (host, part, index))
            key = (*(FULL,) * axis, index)
            want = host.copy()
            want[key] = part
            np.testing.assert_array_equal(xp.to_numpy(xp.index_set(x, y, i, axis)), want)
            want = host.copy()
            np.add.at(want, key, part)
            np.testing.assert_array_equal(xp.to_numpy(xp.index_add(x, i, y, axis)), want)
            np.testing.assert_array_equal(xp.to_numpy(xp.take(x, indices=i, axis=axis)), host[key])
            np.testing.assert_array_equal(xp.to_numpy(x), host)


def test_to_the_host_and_back(target: Target) -> None:
    xp = target.backend
    for dtype in xp.natives:
        if isinstance(dtype, np.dtype):
            for host in (np.asarray([[1, 0], [1, 1]], dtype), np.asarray(1, dtype), np.zeros((0, 2), dtype)):
                for given in (host, host[..., ::-1] if host.ndim else host):
                    array = xp.from_numpy(given)
                    assert type(array) is xp.array_type and xp.dtype_of(array) == dtype
                    back = xp.to_numpy(array)
                    np.testing.assert_array_equal(back, given)
                    assert back.dtype == dtype
                    back[...] = 0
                    np.testing.assert_array_equal(xp.to_numpy(array), given)
    if np.dtype("float16") not in xp.natives:
        with pytest.raises(DtypeError, match="float16"):
            xp.from_numpy(np.zeros(1, np.float16))


def test_indices_out_of_bounds(target: Target) -> None:
    x = target.make(np.zeros((3, 4)))
    for key in (3, -4, (0, 4), (slice(None), -5)):
        with pytest.raises(IndexingError):
            x[key]
    if target.device in ("cpu", "torch", "jax"):
        for key in ([3], [[-4]], ([0], [4]), (slice(None), [0, -5])):
            with pytest.raises(IndexingError, match="out of bounds"):
                x[key]


# ---------------------------------------------------------------- a library that has no file


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a library that anygrad has never heard of."""
    import tests.plainlib

    monkeypatch.setitem(sys.modules, "plainlib", tests.plainlib)
    monkeypatch.setattr(tests.plainlib, "__name__", "plainlib")
    monkeypatch.setattr(tests.plainlib, "_function", tests.plainlib._function)
    return "plainlib"


def _program(device: str) -> list[np.ndarray]:
    """Compute values, views, writes, and gradients of both orders on a device."""
    rng = np.random.default_rng(0)
    x = ag.tensor(rng.normal(size=(3, 4)), device=device, requires_grad=True)
    w = ag.tensor(rng.normal(size=(4, 2)), device=device, requires_grad=True)
    h = ag.tanh(x @ w) + ag.arange(2, device=device) * 0.5
    h = ag.concat([h, x[:, ::-2] ** 2, ag.exp(x[1:, 0:1] * 2)[[0, 1, 0]]], axis=1)
    view = h[1]
    h[0, 1:3] = x[2, :2] * 3
    view *= 2
    h[:, [0, 0, 3]] = x[:, 1:]
    h[h > 4] = 0.25
    rows = ag.where(h > 0, h, ag.sin(h)).mean(axis=0) + ag.max(h, axis=1).sum() - ag.prod(x, axis=1).sum()
    loss = (rows * rows).sum() / (1 + ag.abs(x).sum()) + ag.var(h) + ag.cumulative_sum(h, axis=1).mean()
    first = ag.autograd.grad(loss, [x, w], create_graph=True)
    second = ag.autograd.grad(sum((g * g).sum() for g in first), [x, w], retain_graph=True)
    loss.backward()
    return [t.detach().numpy(copy=True) for t in (h, view, loss, *first, *second, x.grad, w.grad)]


def test_a_library_that_has_no_file(plain: str) -> None:
    x = ag.tensor([[1.0, 2.0], [3.0, 4.0]], device=plain, requires_grad=True)
    assert type(x.array).__name__ == "Array" and type(x.xp) is Backend and x.device == "plainlib"
    assert x.dtype == ag.float64 and ag.tensor([1], device=plain).dtype == ag.int64
    for found, want in zip(_program(plain), _program("cpu"), strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-12)
    with pytest.raises(TypeError, match="no full basic key"):
        raise TypeError(_refusal(lambda: x.array[0]))
    assert ag.asarray(x.detach().array).device == "plainlib"
    assert (ag.arange(3, device=plain) * 2.5).tolist() == [0.0, 2.5, 5.0]


def _refusal(call: Any) -> str:
    with pytest.raises(IndexError) as caught:
        call()
    return str(caught.value)


def test_the_same_program_on_every_backend(target: Target) -> None:
    for found, want in zip(_program(target.device), _program("cpu"), strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-12)


def test_random_writes_with_repeats_have_one_winner(target: Target) -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        index = rng.integers(0, 4, 9)
        base, value = rng.normal(size=(4, 2)), rng.normal(size=(9, 2))
        x, v = target.make(base, grad=True), target.make(value, grad=True)
        y = x * 1.0
        y[ag.asarray(index, device=target.device)] = v * 2
        want = base.copy()
        want[index] = value * 2
        np.testing.assert_allclose(y.detach().numpy(), want)
        y.sum().backward()
        last = [max(np.flatnonzero(index == i), default=-1) for i in range(4)]
        np.testing.assert_array_equal(x.grad.numpy()[:, 0], [float(i < 0) for i in last])
        np.testing.assert_array_equal(v.grad.numpy()[:, 0], [2.0 * (k in last) for k in range(9)])


# ---------------------------------------------------------------- PyTorch


def test_torch_tensors_never_carry_torchs_graph() -> None:
    torch = pytest.importorskip("torch")
    tracked = torch.ones(3, requires_grad=True)
    for given in (tracked, tracked * 2, torch.nn.Parameter(torch.ones(2))):
        for take in (ag.asarray, ag.tensor, lambda t: ag.zeros(t.shape, device="torch") + t):
            with pytest.raises(GraphExitError, match="detach"):
                take(given)
    frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    x = ag.asarray(frozen).requires_grad_()
    assert type(x.array) is torch.Tensor
    y = (x * 2).sum()
    y.backward()
    assert not any(t.array.requires_grad for t in (x, y, x.grad)) and x.grad.tolist() == [2.0, 2.0]
    with pytest.raises(DtypeError, match="layout"):
        ag.asarray(torch.ones(3).to_sparse())
    with pytest.raises(DtypeError, match="bfloat16"):
        ag.asarray(torch.ones(3, dtype=torch.bfloat16))
    with pytest.raises(DeviceUnavailableError, match="cuda"):
        ag.zeros(1, device=f"torch:cuda:{torch.cuda.device_count()}")


def test_torch_lazy_conjugates() -> None:
    torch = pytest.importorskip("torch")
    lazy = torch.tensor([1 + 2j, 3 - 1j]).conj()
    assert lazy.is_conj() and ag.asarray(lazy).tolist() == [1 - 2j, 3 + 1j]
    assert ag.asarray(lazy.imag).tolist() == [-2.0, 1.0]
    assert not ag.conj(ag.asarray(torch.tensor([1 + 2j]))).array.is_conj()


# ---------------------------------------------------------------- JAX


@pytest.fixture
def narrow() -> Iterator[Any]:
    """JAX without its 64-bit mode."""
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", False)
    yield jax
    jax.config.update("jax_enable_x64", before)


def test_jax_without_64_bits(narrow: Any) -> None:
    made = {
        ag.tensor([1.0, 2.0], device="jax"): "float32",
        ag.zeros(2, device="jax"): "float32",
        ag.arange(3, device="jax"): "int32",
        ag.tensor([1j], device="jax"): "complex64",
        ag.arange(3, device="jax") * 2.5: "float32",
        ag.mean(ag.arange(3, device="jax")): "float32",
        ag.sqrt(ag.arange(3, device="jax")): "float32",
    }
    for x, dtype in made.items():
        assert x.dtype == np.dtype(dtype)
    x = ag.tensor([1.0, 2.0, 3.0], device="jax", requires_grad=True)
    for key in ([0, 2, 0], np.asarray([0, 2, 0]), ag.asarray([0, 2, 0], device="jax")):
        x.grad = None
        (x[key] * x[::-1]).sum().backward()
        assert x.grad.tolist() == [5.0, 3.0, 3.0] and x.grad.dtype == ag.float32
    for ask in (
        lambda: ag.tensor([1.0], dtype=ag.float64, device="jax"),
        lambda: ag.asarray(np.ones(3), device="jax"),
        lambda: ag.zeros(3, dtype="float64", device="jax"),
        lambda: ag.tensor([1.0]).to("jax"),
        lambda: x.astype(ag.float64),
        lambda: x.sum(dtype=ag.float64),
    ):
        with pytest.raises(DtypeError, match=r'jax\.config\.update\("jax_enable_x64", True\)'):
            ask()
    narrow.config.update("jax_enable_x64", True)
    wide = ag.tensor([1.0], device="jax")
    assert wide.dtype == ag.float64 and x.astype(ag.float64).dtype == ag.float64
    narrow.config.update("jax_enable_x64", False)
    assert wide.dtype == ag.float64 and wide.tolist() == [1.0]


def test_jax_weak_types_and_tracers() -> None:
    jax = pytest.importorskip("jax")
    weak = jax.numpy.asarray(3.0)
    assert weak.weak_type and not ag.asarray(weak).array.weak_type
    with pytest.raises(DtypeError, match="tracer"):
        jax.jit(lambda a: ag.asarray(a).array)(jax.numpy.ones(2))
    with pytest.raises(DeviceUnavailableError, match="tpu"):
        ag.zeros(1, device="jax:tpu")


def test_jax_slices_compile_once() -> None:
    jax = pytest.importorskip("jax")
    x = ag.zeros(64, dtype=ag.float32, device="jax")
    x[3:7]
    with jax.log_compiles(False), jax.check_tracer_leaks(False):
        import jax._src.monitoring as monitoring

        events: list[str] = []

        def heard(name: str, _: float, **__: Any) -> None:
            events.append(name)

        monitoring.register_event_duration_secs_listener(heard)
        try:
            for i in range(8, 40):
                x[i : i + 4]
        finally:
            monitoring.unregister_event_duration_listener(heard)
    assert not [e for e in events if "backend_compile" in e]


# ---------------------------------------------------------------- Dask


def test_dask() -> None:
    pytest.importorskip("dask.array")
    x = ag.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], device="dask", requires_grad=True)
    y = ag.exp(x[0, ::-1] * 0.1) * x[1] + ag.sum(x * x, axis=0)
    y.sum().backward()
    host = ag.tensor(x.detach().numpy(), device="cpu", requires_grad=True)
    want = ag.exp(host[0, ::-1] * 0.1) * host[1] + ag.sum(host * host, axis=0)
    want.sum().backward()
    np.testing.assert_allclose(y.detach().numpy(), want.detach().numpy())
    np.testing.assert_allclose(x.grad.numpy(), host.grad.numpy())
    assert x.device == "dask" and x[x > 2].shape == (4,)
