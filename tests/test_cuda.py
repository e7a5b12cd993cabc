"""``ag.cuda``, copies, streams and memory on the stand-in: what is done, what goes wrong and what is said."""

from __future__ import annotations

import contextlib
import gc
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.errors import DeviceError, DeviceUnavailableError, OutOfMemoryError
from anygrad.memory import holders
from tests import standin, standin_cuda

ASKS = {
    "current_stream": ag.cuda.current_stream,
    "empty_cache": ag.cuda.empty_cache,
    "get_device_name": ag.cuda.get_device_name,
    "memory_allocated": ag.cuda.memory_allocated,
    "memory_reserved": ag.cuda.memory_reserved,
    "memory_summary": ag.cuda.memory_summary,
    "Stream": ag.cuda.Stream,
    "synchronize": ag.cuda.synchronize,
}


@pytest.fixture
def cupy() -> Iterator[Any]:
    """The stand-in, on a machine with one GPU."""
    with standin.installed(1) as made:
        yield made


@pytest.fixture
def two() -> Iterator[Any]:
    """The stand-in, on a machine with two."""
    with standin.installed(2) as made:
        yield made


# ---------------------------------------------------------------- what is missing


def unusable(says: str) -> None:
    """Hold that nothing is there, and that every question says why."""
    assert not ag.cuda.is_available() and ag.cuda.device_count() == 0
    assert not any(d.library == "cuda" for d in ag.devices())
    for ask in (*ASKS.values(), lambda: ag.zeros(2, device="cuda"), lambda: ag.ones(2).cuda()):
        with pytest.raises(DeviceUnavailableError, match=says) as caught:
            ask()
        assert str(caught.value).startswith("[device] 'cuda")


def test_no_cupy(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)  # type: ignore[arg-type]
    unusable(r"CuPy is not installed; from the checkout: pip install -e \"\.\[cuda13\]\"")


def test_a_cupy_that_does_not_load(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n====\nCuPy failed to load.\n\nOriginal error:\n  ImportError: libcudart.so.12: no file\n====\n"

    class Finder:
        def find_spec(self, name: str, *rest: Any) -> None:
            if name.partition(".")[0] == "cupy":
                raise ImportError(text)

    monkeypatch.delitem(sys.modules, "cupy")
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    unusable(r"CuPy is installed and does not load; ImportError: libcudart\.so\.12.*pip install -e")


def test_a_cupy_for_another_cuda(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any) -> Any:
        raise cupy.cuda.compiler.CompileException("nvrtc: error: invalid value for --gpu-architecture")

    monkeypatch.setattr(cupy, "zeros", refused)
    unusable(r"invalid value for --gpu-architecture; CuPy may be built for another CUDA.*\[cuda12\]")


@pytest.mark.parametrize(("driver", "says"), [(0, "driver is not installed"), (13000, "sees no GPU")])
def test_no_driver_and_no_gpu(cupy: Any, driver: int, says: str) -> None:
    cupy.cuda.runtime.driverGetVersion, cupy.cuda.runtime.getDeviceCount = lambda: driver, lambda: 0
    unusable(says)


@pytest.mark.parametrize("error", [standin_cuda.OutOfMemoryError(512, 0), "cudaErrorMemoryAllocation: no"])
def test_a_gpu_that_another_program_fills(cupy: Any, monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    def refused(*arguments: Any) -> Any:
        raise cupy.cuda.runtime.CUDARuntimeError(error) if isinstance(error, str) else error

    monkeypatch.setattr(cupy, "zeros", refused)
    unusable("the memory of the GPU is full; ask nvidia-smi")


def test_an_index_past_the_last(two: Any) -> None:
    assert ag.cuda.is_available() and ag.cuda.device_count() == 2
    for device in (2, "cuda:2", ag.device("cuda:2")):
        with pytest.raises(DeviceUnavailableError, match=r"'cuda:2'.*2 CUDA devices, cuda:0 to cuda:1$"):
            ag.cuda.synchronize(device)
    for name, ask in ASKS.items():
        for device in ("cpu", "torch:cuda:0"):
            if name != "empty_cache":
                with pytest.raises(DeviceError, match=rf"^\[{name}\] got '{device}': expected a CUDA device"):
                    ask(device)
    with pytest.raises(DeviceError, match=r"'cuda:-1' is no device"):
        ag.cuda.synchronize(-1)


def test_arrays_of_numpy_among_operands(cupy: Any) -> None:
    x, host = ag.ones(2, device="cuda"), np.ones(2)
    for mix in (
        lambda: x + host,
        lambda: host * x,
        lambda: ag.matmul(x, host),
        lambda: ag.where(x > 1, x, host),
        lambda: ag.concat([x, host]),
        lambda: x.add_(host),
    ):
        with pytest.raises(DeviceError, match=r"cuda:0.*cpu|cpu.*cuda:0") as caught:
            mix()
        assert "ag.asarray(" in str(caught.value) and "device=" in str(caught.value)
    with pytest.raises(DeviceError, match=r"the gradient is on cpu, the tensor is on cuda:0"):
        x.requires_grad_().backward(host)


# ---------------------------------------------------------------- what is asked


def test_devices_are_told_by_name_index_or_default(two: Any) -> None:
    assert ag.cuda.get_device_name() == ag.cuda.get_device_name(0) == "Stand-in 0"
    assert ag.cuda.get_device_name("cuda:1") == ag.cuda.get_device_name(ag.device("cuda:1")) == "Stand-in 1"
    ag.set_default_device("cuda:1")
    try:
        assert ag.cuda.get_device_name() == "Stand-in 1"
    finally:
        ag.set_default_device("cpu")
    standin_cuda.LOG.clear()
    ag.cuda.synchronize(1)
    assert standin_cuda.LOG == [("synchronize", 1)]
    assert "cuda" in dir(ag) and ag.cuda.__name__ == "anygrad.cuda"


def test_memory(cupy: Any) -> None:
    gc.collect()
    before = ag.cuda.memory_allocated()
    x = ag.ones((64, 1024), device="cuda", requires_grad=True)
    y = ag.exp(x * x)
    table = ag.cuda.memory_summary()
    assert ag.cuda.memory_allocated() - before == 2 * x.nbytes <= ag.cuda.memory_reserved()
    assert table.startswith("cuda:0, Stand-in 0\n") and re.search(r"^pinned blocks kept +3$", table, re.M)
    assert re.search(r"^held by\n  leaves +512\.00 KiB\n  exp +512\.00 KiB$", table, re.M)
    y.sum().backward()
    held = dict(holders(x.xp))
    assert held["leaves"] == held["gradients"] == held["exp"] == x.nbytes
    del y
    gc.collect()
    assert (
        0 <= ag.cuda.memory_allocated() - before - 2 * x.nbytes <= 16
    )  # and the ones that passes begin with
    assert ag.cuda.memory_reserved() > ag.cuda.memory_allocated()
    ag.cuda.empty_cache()
    assert ag.cuda.memory_reserved() == ag.cuda.memory_allocated()
    assert re.search(r"^pinned blocks kept +0$", ag.cuda.memory_summary(), re.M)


# ---------------------------------------------------------------- streams and copies


def test_a_stream_takes_forward_backward_and_copies(two: Any) -> None:
    outside = ag.cuda.current_stream(1)
    with ag.cuda.Stream("cuda:1", priority=-1, non_blocking=True) as stream:
        assert ag.cuda.current_stream(1) == stream != outside and standin_cuda.CURRENT == [1]
        x = ag.tensor([[1.0, 2.0], [3.0, 4.0]], device="cuda:1", requires_grad=True)
        y = ag.matmul(x, x).std() + (x[[0, 1], [1, 0]] ** 2).sum()
        (g,) = ag.autograd.grad(y, x, create_graph=True)
        g.sum().backward()
        made = [x, y, g, x.grad, ag.zeros(2, device="cuda:1"), ag.ones(2).to("cuda:1")]
        with ag.cuda.Stream(0) as other:
            assert ag.cuda.current_stream(1) == stream and ag.cuda.current_stream(0) == other
            z = ag.ones(2, device="cuda:1") * 2
            there = ag.ones(2, device="cuda:0") * 2
        made.append(z)
    assert [t.array.made_on for t in made] == [stream.raw.ptr] * 7 and there.array.made_on == other.raw.ptr
    assert ag.cuda.current_stream(1) == outside and standin_cuda.CURRENT == [0]
    assert (ag.ones(2, device="cuda:1") * 2).array.made_on == outside.raw.ptr == 0
    assert (stream.raw.priority, stream.raw.non_blocking, stream.device) == (-1, True, "cuda:1")


def test_a_pass_begins_with_a_one_that_all_streams_may_read(cupy: Any) -> None:
    x = ag.ones(3, device="cuda", requires_grad=True)
    for waited in ([("synchronize", 0)], []):
        standin_cuda.LOG.clear()
        with ag.cuda.Stream(non_blocking=True):
            x.sum().backward()
        assert waited == standin_cuda.LOG


def test_streams_end_where_a_block_raises(two: Any) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), ag.cuda.Stream(1), ag.cuda.Stream(0):
            1 / 0
        assert standin_cuda.CURRENT == [0]
        assert ag.cuda.current_stream(0).raw.ptr == ag.cuda.current_stream(1).raw.ptr == 0


def test_streams_wait(two: Any) -> None:
    first, second = ag.cuda.Stream(0), ag.cuda.Stream(1)
    standin_cuda.LOG.clear()
    second.wait_stream(first)
    first.synchronize()
    (_, at, stream, event), waits, done = standin_cuda.LOG
    assert (at, stream) == (0, first.raw.ptr) and waits == ("wait", 1, second.raw.ptr, event)
    assert done == ("synchronize", first.raw.ptr) and first.query()
    assert first != second and first != 3 and len({first, second, ag.cuda.current_stream(0)}) == 3
    assert repr(second) == f"<stream {second.raw.ptr:#x} on cuda:1>"
    assert second.__cuda_stream__() == (0, second.raw.ptr)


def test_copies_leave_the_host_array_to_its_owner(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[bool] = []
    copy = cupy.array

    def array(*arguments: Any, blocking: bool = False, **keywords: Any) -> Any:
        waited.append(blocking)
        return copy(*arguments, blocking=blocking, **keywords)

    xp = ag.zeros(1, device="cuda").xp
    monkeypatch.setattr(cupy, "array", array)
    pinned = standin_cuda.pinned((3, 2), np.float64)
    for host, waits in ((np.ones((3, 2)), False), (pinned, True), (np.ones(()), False), (np.ones(0), False)):
        host[...] = 1.0
        for bring in (xp.from_numpy, lambda a: ag.asarray(a, device="cuda"), lambda a: ag.asarray(a).cuda()):
            waited.clear()
            made = bring(host)
            host[...] = 7.0
            assert waited == [waits]
            values = xp.to_numpy(getattr(made, "array", made))
            np.testing.assert_array_equal(values, np.ones(host.shape))
            host[...] = 1.0


# ---------------------------------------------------------------- memory that runs out


@contextlib.contextmanager
def room(free: int) -> Iterator[None]:
    """Leave so many bytes of the stand-in's card."""
    gc.collect()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standin_cuda, "CARD", standin_cuda.POOL.used[0] + free)
        yield


def write(x: Any) -> None:
    """Write into what is saved, which makes a copy first."""
    y = x * 1.0
    kept = y * y
    y[0] = 2.0
    del kept


NEEDS: dict[str, Callable[[Any], Any]] = {
    "multiply": lambda x: x * x,
    "pow": lambda x: x**2,
    "concat": lambda x: ag.concat([x, x]),
    "clone": lambda x: x.clone(),
    "zeros": lambda x: ag.zeros(1024, device="cuda"),
    "full": lambda x: ag.full(1024, 2.0, device="cuda"),
    "to_device": lambda x: ag.asarray(np.ones(1024), device="cuda"),
    "getitem": lambda x: x[ag.asarray(np.arange(1000), device="cuda")],
    "setitem": write,
}


@pytest.mark.parametrize("name", NEEDS)
def test_no_room_in_forward(cupy: Any, name: str) -> None:
    x = ag.ones(1024, device="cuda", requires_grad=True)
    with (
        room({"getitem": 20_000, "setitem": 2 * 8192}.get(name, 0)),
        pytest.raises(OutOfMemoryError) as caught,
    ):
        NEEDS[name](x)
    text = str(caught.value)
    asked = {"concat": "16.00 KiB", "getitem": "7.81 KiB"}.get(name, "8.00 KiB")
    assert text.startswith(f"[{name}] cuda:0 has no room for {asked}: on cuda:0 arrays hold "), text
    assert isinstance(caught.value, MemoryError) and caught.value.__cause__ is not None
    assert re.search(r"the biggest holders are .*leaves 8\.00 KiB", text) and "no_grad()" in text
    NEEDS[name](x)


def test_no_room_in_backward_and_on_it_goes(cupy: Any) -> None:
    x = ag.ones(1024, device="cuda", requires_grad=True)
    (x * 3).sum().backward()
    y = ag.tanh(ag.exp(x) * x)
    loss = ((y * x) ** 2).sum()
    want = ag.autograd.grad(loss, x, retain_graph=True)[0].cpu().numpy()
    gc.collect()
    before, kept = standin_cuda.POOL.used[0], []
    for run in (loss.backward, lambda: ag.autograd.grad(loss, x), lambda: loss.backward(inputs=[x])):
        for free in (0, 8192, 8192 * 2):
            with room(free), pytest.raises(OutOfMemoryError) as caught:
                run()
            kept.append(caught.value)
            # What the pass had made is gone, though the error and what it came of are kept.
            assert standin_cuda.POOL.used[0] == before
        assert x.grad is not None and x.grad.tolist() == [3.0] * 1024
    text = str(kept[0])
    assert re.match(
        r"\[backward\] cuda:0 has no room for 8\.00 KiB: on cuda:0 arrays hold \d\d\.\d\d KiB, ", text
    )
    assert re.search(r"0 bytes more are kept for reuse, 0 bytes of \d+\.\d\d KiB are free", text)
    for name in ("leaves", "gradients", "exp", "tanh", "pow"):
        assert f"{name} 8.00 KiB" in text
    assert str(kept[3]).startswith("[grad] ")
    loss.backward()
    np.testing.assert_allclose(x.grad.cpu().numpy() - 3, want, rtol=1e-12)


def test_an_error_of_cuda_itself_is_told_too(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x = ag.ones((4, 4), device="cuda", requires_grad=True)
    y = ag.matmul(x, x).sum()

    def refused(*arguments: Any) -> Any:
        raise cupy.cuda.runtime.CUDARuntimeError(said)

    monkeypatch.setattr(x.xp, "matmul", refused)
    said = "CUBLAS_STATUS_ALLOC_FAILED"
    for run, op in ((lambda: ag.matmul(x, x), "matmul"), (y.backward, "backward")):
        with pytest.raises(OutOfMemoryError, match=rf"^\[{op}\] cuda:0 has no room for what was to be"):
            run()
    said = "cudaErrorIllegalAddress"
    with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match=said) as caught:
        y.backward()
    assert caught.value.__cause__ is None


def test_a_part_of_cuda_that_is_not_there(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """CuPy loads cuBLAS when it is first asked for a product, long after the device was opened."""
    x = ag.ones((4, 4), device="cuda")

    def missing(*arguments: Any) -> Any:
        raise ImportError('Failure finding "libcublasLt.so": no such file')

    monkeypatch.setattr(x.xp, "matmul", missing)
    with pytest.raises(
        DeviceUnavailableError, match=r"^\[matmul\] cuda:0 computes with a library.*libcublasLt"
    ):
        x @ x


def test_every_device_in_use_is_told(two: Any) -> None:
    x, y = (ag.ones(1024, device=f"cuda:{i}", requires_grad=True) for i in range(2))
    with room(0), pytest.raises(OutOfMemoryError) as caught:
        x * 2 + y.to("cuda:0")
    text = str(caught.value)
    assert text.startswith("[multiply] cuda:0 or cuda:1 has no room for 8.00 KiB: on cuda:0 arrays hold 8.")
    assert "; on cuda:1 arrays hold 8." in text
