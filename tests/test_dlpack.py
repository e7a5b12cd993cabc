"""DLPack: who sees whose writes, what is refused, and where arrays of other libraries end up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.devices import get_backend
from anygrad.tensors import Tensor
from tests import plainlib

Make = Callable[..., Tensor]
VALUES = np.arange(6.0).reshape(2, 3)


class Producer:
    """Speaks DLPack for an array, and remembers what it was asked for."""

    def __init__(self, array: Any, device: tuple[int, int] | None = None) -> None:
        self.array, self.device = array, device
        self.asked: dict[str, Any] = {}

    def __dlpack__(self, **keywords: Any) -> Any:
        self.asked = keywords
        return self.array.__dlpack__(**keywords)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device or self.array.__dlpack_device__()


def received(x: Any) -> np.ndarray:
    """Return what NumPy takes over, from a GPU too."""
    return np.from_dlpack(x, device="cpu")


# ---------------------------------------------------------------- export


def test_the_device_is_that_of_the_memory(make: Make) -> None:
    kind, index = make(VALUES).__dlpack_device__()
    assert (kind, index) == make(VALUES).xp.dlpack_device
    assert type(kind) is type(index) is int


@pytest.mark.parametrize("layout", ["C", "F", "reversed", "step"])
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "float32", "float64", "complex64"])
def test_numbers_survive(make: Make, dtype: str, layout: str) -> None:
    values = VALUES.astype(dtype)
    x = make(values, layout=layout)
    np.testing.assert_array_equal(received(x), values)
    assert received(x).dtype == values.dtype
    np.testing.assert_array_equal(received(x[:, 1:]), values[:, 1:])


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1, 4)])
def test_any_shape(make: Make, shape: tuple[int, ...]) -> None:
    found = received(make(np.ones(shape)))
    assert found.shape == shape and found.dtype == np.float64
    expanded = ag.broadcast_to(make(np.asarray(2.0)), (2, 2))
    np.testing.assert_array_equal(received(expanded), np.full((2, 2), 2.0))


@pytest.mark.targets("numpy", "numpy-readonly", "strict", "torch")
def test_neither_side_sees_what_the_other_writes(make: Make) -> None:
    x = make(VALUES).clone()
    seen = np.from_dlpack(x)
    seen[0, 0] = 100.0
    x[1, 1] = -1.0
    assert seen[1, 1] == 4.0 and float(x[0, 0]) == 0.0


def test_a_consumer_changes_no_saved_value(make: Make) -> None:
    x = make(VALUES, True)
    y = x * x
    seen = np.array(received(x.detach()), copy=None)
    if seen.flags.writeable:
        seen[...] = 100.0
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), 2 * VALUES)


def test_a_gradient_does_not_leave(make: Make) -> None:
    x = make(VALUES, True)
    for tracked in (x, x * 2, x[0]):
        for copied in (None, True, False):
            with pytest.raises(BufferError, match=r"\[__dlpack__\] this tensor requires a gradient"):
                tracked.__dlpack__(copy=copied)
    with ag.no_grad(), pytest.raises(ag.BufferExitError):
        received(x)
    with pytest.raises(BufferError, match=r"\[from_dlpack\] this tensor requires a gradient"):
        ag.from_dlpack(x)
    np.testing.assert_array_equal(received(x.detach()), VALUES)


@pytest.mark.targets("numpy")
def test_the_memory_itself_is_handed_out_to_be_read(make: Make) -> None:
    x = make(VALUES).clone()
    seen = np.from_dlpack(x, copy=False)
    assert np.shares_memory(seen, x.array) and not seen.flags.writeable
    x[0, 0] = 7.0
    assert seen[0, 0] == 0.0, "a write of ours went where others look"
    part = np.from_dlpack(x[1], copy=False)
    x[1, 0] = 9.0
    assert part[0] == 3.0 and float(x[1, 0]) == 9.0
    del seen, part
    buffer = x.array.ctypes.data
    x[0, 0] = 8.0
    assert x.array.ctypes.data == buffer, "nobody looks any more, and the write copied"


@pytest.mark.targets("numpy")
def test_a_consumer_that_knows_no_mark_is_trusted(make: Make) -> None:
    x = make(VALUES).clone()
    capsule = x.__dlpack__(copy=False)
    assert "dltensor_versioned" not in repr(capsule)
    assert "dltensor_versioned" in repr(x.__dlpack__(copy=False, max_version=(1, 0)))
    assert "dltensor_versioned" in repr(x.__dlpack__(max_version=(1, 0)))
    frozen = ag.broadcast_to(x, (2, 2, 3))
    with pytest.raises(ag.InterchangeError, match="readonly"):
        frozen.__dlpack__(copy=False)


@pytest.mark.targets("numpy", "numpy-readonly")
def test_what_runs_backwards_is_not_shared(make: Make) -> None:
    x = make(VALUES)[::-1]
    with pytest.raises(BufferError, match=r"\[__dlpack__\] x runs backwards in memory: .*; leave copy=False"):
        x.__dlpack__(copy=False, max_version=(1, 0))
    assert min(np.from_dlpack(x).strides) > 0


def test_other_places_are_refused(make: Make) -> None:
    x = make(VALUES)
    with pytest.raises(BufferError, match=r"\[__dlpack__\] dl_device is \(8, 5\): expected \(\d+, \d+\)"):
        x.__dlpack__(dl_device=(8, 5))
    np.from_dlpack(x, device="cpu")
    assert "dltensor" in repr(x.__dlpack__(dl_device=(1, 0), max_version=(1, 0)))


@pytest.mark.targets("numpy", "strict")
def test_a_stream_is_refused_where_there_is_none(make: Make) -> None:
    with pytest.raises(ag.InterchangeError, match=r"\[__dlpack__\] NumPy only supports stream=None"):
        make(VALUES).__dlpack__(stream=1)


@pytest.mark.targets("torch")
def test_torch_reads_what_torch_put_off(make: Make) -> None:
    torch = pytest.importorskip("torch")
    x = make(VALUES)
    lazily = ag.asarray(torch.tensor([1 + 2j]))
    lazily.array = torch.conj(lazily.array)
    assert torch.from_dlpack(lazily).item() == 1 - 2j
    with pytest.raises(ag.InterchangeError, match="conjugate"):
        lazily.__dlpack__(copy=False)
    seen = torch.from_dlpack(x, copy=False)
    assert seen.data_ptr() == x.array.data_ptr()
    x[0, 0] = 7.0
    assert seen[0, 0] == 0.0
    assert torch.from_dlpack(x).data_ptr() != x.array.data_ptr()
    assert torch.from_dlpack(ag.asarray(VALUES)[::-1])[0, 0] == 3.0


# ---------------------------------------------------------------- import


@pytest.mark.parametrize("copied", [None, True, False])
def test_a_tensor_is_read_where_it_lies(make: Make, copied: bool | None) -> None:
    x = make(VALUES)
    y = ag.from_dlpack(x, copy=copied)
    assert type(y) is Tensor and y.device == x.device and not y.requires_grad
    assert (y.array is x.array) == (not copied)
    np.testing.assert_array_equal(y.numpy(), VALUES)
    y[0, 0] = 5.0
    assert float(x[0, 0]) == 0.0


def test_between_devices(make: Make) -> None:
    x = make(VALUES)
    there = ag.from_dlpack(x, device="cpu")
    back = ag.from_dlpack(there, device=x.device)
    assert there.device == "cpu" and back.device == x.device
    for y in (there, back):
        np.testing.assert_array_equal(y.numpy(), VALUES)
        assert y.dtype == np.float64
    there[0, 0] = 5.0
    assert float(x[0, 0]) == float(back[0, 0]) == 0.0
    moved = ag.from_dlpack(x, device="cpu", copy=True)
    assert not np.shares_memory(moved.array, np.asarray(x.numpy()))


def test_a_write_does_not_go_to_another_library(make: Make) -> None:
    x = ag.asarray(VALUES).clone()
    y = ag.from_dlpack(x, device=make(VALUES).device)
    x[0, 0] = 7.0
    assert float(y[0, 0]) == 0.0


@pytest.mark.targets("numpy")
def test_arrays_of_numpy_are_shared(make: Make) -> None:
    host = VALUES.copy()
    x = ag.from_dlpack(host, copy=False)
    assert x.array is host
    x[0, 0] = 5.0
    assert host[0, 0] == 0.0
    assert not np.shares_memory(ag.from_dlpack(host, copy=True).array, host)
    swapped = host.astype(">f8")
    assert ag.from_dlpack(swapped).dtype == np.float64
    with pytest.raises(ValueError, match="copy=False was asked for"):
        ag.from_dlpack(swapped, copy=False)


@pytest.mark.targets("torch")
def test_arrays_of_torch_are_shared(make: Make) -> None:
    torch = pytest.importorskip("torch")
    given = torch.arange(3.0)
    assert ag.from_dlpack(given).array.data_ptr() == given.data_ptr()
    host = ag.from_dlpack(given, device="cpu", copy=False)
    assert host.dtype == np.float32 and host.array.ctypes.data == given.data_ptr()
    there = ag.from_dlpack(VALUES, device="torch", copy=False)
    assert there.array.data_ptr() == VALUES.ctypes.data
    backwards = VALUES[::-1]
    np.testing.assert_array_equal(ag.from_dlpack(backwards, device="torch").numpy(), backwards)
    with pytest.raises(BufferError, match=r"\[from_dlpack\] torch has no arrays that run backwards"):
        ag.from_dlpack(backwards, device="torch", copy=False)
    with pytest.raises(BufferError, match="torch tracks this tensor's gradient"):
        ag.from_dlpack(given.requires_grad_())
    with pytest.raises(ag.DtypeError, match="bfloat16"):
        ag.from_dlpack(torch.ones(2, dtype=torch.bfloat16))


def test_strangers_are_read(make: Make) -> None:
    """Arrays of libraries without a backend come to the default device where that has the same memory."""
    device = make(VALUES).device
    given = Producer(VALUES.copy())
    assert ag.from_dlpack(given).device == "cpu"
    x = ag.from_dlpack(given, device=device)
    assert x.device == device
    np.testing.assert_array_equal(x.numpy(), VALUES)
    xp = make(VALUES).__array_namespace__()
    near = xp.from_dlpack(given)
    assert near.device == (device if make(VALUES).xp.dlpack_device == (1, 0) else "cpu")
    ag.set_default_device(device)
    assert ag.from_dlpack(given).device == near.device
    assert ag.from_dlpack(VALUES).device == near.device
    ag.set_default_device("cpu")


def test_a_conforming_library_needs_no_file() -> None:
    theirs = plainlib.asarray(VALUES, device=plainlib.DEVICE)
    x = ag.from_dlpack(theirs)
    assert x.device == "tests.plainlib"
    np.testing.assert_array_equal(np.from_dlpack(x), VALUES)
    np.testing.assert_array_equal(ag.from_dlpack(x, device="cpu").numpy(), VALUES)


@pytest.mark.parametrize("x", [3.0, [1.0], np.float64(2.0), None])
def test_what_does_not_speak_dlpack(x: Any) -> None:
    with pytest.raises(AttributeError, match=r"\[from_dlpack\] got \w+, which does not speak DLPack: pass"):
        ag.from_dlpack(x)


def test_errors_of_the_producer_come_through() -> None:
    class Refusing(Producer):
        def __dlpack__(self, **keywords: Any) -> Any:
            raise BufferError("not today")

    for copied in (None, True, False):
        with pytest.raises(BufferError, match="not today"):
            ag.from_dlpack(Refusing(VALUES), copy=copied)
    elsewhere = Producer(VALUES, (2, 99))
    with pytest.raises(ag.DeviceUnavailableError, match=r"cuda:99"):
        ag.from_dlpack(elsewhere)


def test_a_stranger_is_asked_not_to_copy() -> None:
    given = Producer(VALUES.copy())
    assert np.shares_memory(ag.from_dlpack(given, copy=False).array, given.array)
    assert given.asked["copy"] is False
    assert not np.shares_memory(ag.from_dlpack(given, copy=True).array, given.array)


def test_dask_has_no_dlpack() -> None:
    pytest.importorskip("dask.array")
    x = ag.ones(3, device="dask")
    assert get_backend("dask").dlpack_device is None
    with pytest.raises(BufferError, match=r"DLPack has no name for dask: move it first, with .to\('cpu'\)"):
        np.from_dlpack(x)
    with pytest.raises(BufferError, match="DLPack has no name"):
        x.__dlpack__()
    assert ag.from_dlpack(x, device="cpu").tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ag.InterchangeError, match=r"x is on dask, device is cpu: that needs a copy"):
        ag.from_dlpack(x, device="cpu", copy=False)


def test_jax_counts_in_single_precision_unless_told() -> None:
    """JAX itself would give float32 without a word."""
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    try:
        jax.config.update("jax_enable_x64", False)
        with pytest.raises(ag.DtypeError, match="jax_enable_x64"):
            ag.from_dlpack(VALUES, device="jax")
        assert ag.from_dlpack(VALUES.astype("float32"), device="jax").dtype == np.float32
    finally:
        jax.config.update("jax_enable_x64", before)
