"""Convolution and pooling: beside PyTorch, what is kept and held at a time, bad input."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.windows import WindowExtras, positions_of
from tests.targets import Target

NAMES = ("conv", "conv_transpose", "max_pool", "avg_pool", "unfold")


@pytest.fixture
def torch() -> Any:
    """PyTorch, on the CPU."""
    return pytest.importorskip("torch")


# ---------------------------------------------------------------- beside PyTorch


class Case:
    """A random call of a function, in which most arguments are unusual."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        kind = NAMES[seed % len(NAMES)]
        self.axes = 2 if kind == "unfold" else self.one(1, 2)
        self.name = kind if kind == "unfold" else f"{kind}{self.axes}d"
        self.complex = kind.startswith("conv") and self.random.random() < 0.2
        self.lengths = tuple(self.random.integers(4, 9, self.axes))
        self.batch = self.one((), (1,), (2,))
        self.arrays: list[np.ndarray] = []
        self.options = getattr(self, f"of_{kind}")()

    def one(self, *choices: Any) -> Any:
        return choices[self.random.integers(len(choices))]

    def sizes(self, low: int, high: int) -> Any:
        """Return a number for all axes, or one for each."""
        each = tuple(int(n) for n in self.random.integers(low, high, self.axes))
        return self.one(each[0], each)

    def numbers(self, *shape: int) -> np.ndarray:
        found = self.random.normal(size=shape)
        return found + 1j * self.random.normal(size=shape) if self.complex else found

    def of_conv(self, transposed: bool = False) -> dict[str, Any]:
        groups = self.one(1, 2, 3)
        given, made = (groups * self.one(1, 2) for _ in range(2))
        kernel = self.random.integers(1, 4, self.axes)
        channels = (given, made // groups) if transposed else (made, given // groups)
        self.arrays = [self.numbers(*self.batch, given, *self.lengths), self.numbers(*channels, *kernel)]
        if self.one(True, False):
            self.arrays.append(self.numbers(made))
        return {"stride": self.sizes(1, 4), "dilation": self.sizes(1, 3), "groups": groups} | (
            {} if transposed else self.one({"padding": self.sizes(0, 3)}, {"padding": "same", "stride": 1})
        )

    def of_conv_transpose(self) -> dict[str, Any]:
        options = self.of_conv(True)
        more = np.minimum(np.broadcast_to(options["stride"], self.axes), 2) - 1
        return options | {"padding": self.sizes(0, 2), "output_padding": tuple(int(n) for n in more)}

    def of_max_pool(self) -> dict[str, Any]:
        self.arrays = [self.numbers(*self.batch, 2, *self.lengths)]
        return self.pool() | {"dilation": self.sizes(1, 3)}

    def of_avg_pool(self) -> dict[str, Any]:
        self.arrays = [self.numbers(*self.batch, 2, *self.lengths)]
        more = {"divisor_override": self.one(None, 3)} if self.axes == 2 else {}
        return self.pool() | {"count_include_pad": self.one(True, False)} | more

    def pool(self) -> dict[str, Any]:
        kernel, stride = self.sizes(1, 4), self.one(None, self.sizes(1, 4))
        padding = self.one(0, int(np.min(kernel)) // 2)
        return {
            "kernel_size": kernel,
            "stride": stride,
            "padding": padding,
            "ceil_mode": self.one(True, False),
        }

    def of_unfold(self) -> dict[str, Any]:
        self.arrays = [self.numbers(*self.batch, 2, *self.lengths)]
        small = self.one(1, 2)
        return {
            "kernel_size": self.sizes(1, 3),
            "dilation": small,
            "padding": self.one(0, 1),
            "stride": small,
        }


@pytest.mark.targets("torch")
@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel lengths")
@pytest.mark.parametrize("start", range(0, 200, 20))
def test_random_arguments_beside_pytorch(start: int, torch: Any, target: Target) -> None:
    """Values, gradients and gradients of gradients; on NumPy and on torch itself."""
    compared = 0
    for seed in range(start, start + 20):
        case = Case(seed)
        theirs = [torch.tensor(a, requires_grad=True) for a in case.arrays]
        try:
            wanted = getattr(torch.nn.functional, case.name)(*theirs, **case.options)
        except RuntimeError:
            with pytest.raises(ag.ShapeError):
                getattr(ag, case.name)(*case.arrays, **case.options)
            continue
        for device in ("cpu", target.device):
            compare(case, wanted, theirs, torch, device)
        compared += 1
    assert compared > 15


def compare(case: Case, wanted: Any, theirs: list[Any], torch: Any, device: str) -> None:
    ours = [ag.asarray(a, device=device).requires_grad_() for a in case.arrays]
    found = getattr(ag, case.name)(*ours, **case.options)
    close(found, wanted)
    random = np.random.default_rng(0)
    weights = random.normal(size=found.shape) * (1 if found.dtype.kind == "f" else 1 + 0.5j)
    g, seed = ag.asarray(weights, device=device).requires_grad_(), torch.tensor(weights, requires_grad=True)
    first = ag.autograd.grad(found, ours, g, create_graph=True)
    expected = torch.autograd.grad(wanted, theirs, seed, create_graph=True)
    for one, other in zip(first, expected, strict=True):
        close(one, other)
    again = [random.normal(size=x.shape) * (1 if x.dtype.kind == "f" else 1 - 0.3j) for x in first]
    more = [ag.asarray(w, device=device) for w in again]
    second = ag.autograd.grad(list(first), [*ours, g], more, allow_unused=True)
    more = [torch.tensor(w) for w in again]
    expected = torch.autograd.grad(expected, [*theirs, seed], more, allow_unused=True, retain_graph=True)
    for one, other in zip(second, expected, strict=True):
        if one is None or other is None:
            assert one is None and (other is None or not other.any())
        else:
            close(one, other)


def close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(
        found.detach().cpu().numpy(), wanted.detach().numpy(), rtol=1e-10, atol=1e-11, strict=True
    )


# ---------------------------------------------------------------- transposes


def test_what_is_called_a_transpose_is_one(target: Target) -> None:
    """<f(x), y> is <x, f'(y)>, for windows of all kinds, and NumPy's ways give what the defaults do."""
    random, xp = np.random.default_rng(3), target.backend
    for _ in range(30 if target.is_numpy else 5):
        frames = tuple(
            tuple(
                int(n) for n in (*random.integers(1, 4, 2), *random.integers(0, 3, 2), random.integers(1, 3))
            )
            for _ in range(random.integers(1, 4))
        )
        shape = (2, 2, *(int(n) for n in random.integers(5, 7, len(frames))))
        outs = positions_of(shape, frames)
        x, y = random.normal(size=shape), random.normal(size=(2, 2, *outs))
        kernel = tuple(frame[0] for frame in frames)
        wide, weight = random.normal(size=(2, 2, *kernel, *outs)), random.normal(size=(2, 2, *kernel))
        given = {k: xp.from_numpy(v) for k, v in {"x": x, "y": y, "wide": wide, "weight": weight}.items()}

        def call(name: str, *arguments: Any, xp: Any = xp, given: Any = given, frames: Any = frames) -> Any:
            arguments = tuple(given[a] if isinstance(a, str) else a for a in arguments)
            groups = (1,) if name.startswith("convolution") else ()
            found = xp.to_numpy(getattr(xp, name)(*arguments, frames, *groups))
            if target.is_numpy:
                default = getattr(WindowExtras, name)(Default(xp), *arguments, frames, *groups)
                np.testing.assert_allclose(found, default, rtol=1e-12, atol=1e-12)
            return found

        def equal(a: float, b: float) -> None:
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)

        equal(np.sum(call("windows", "x") * wide), np.sum(call("fold", "wide", shape) * x))
        equal(np.sum(call("pool_sum", "x") * y), np.sum(call("pool_sum_dx", "y", shape) * x))
        product = np.sum(call("convolution", "x", "weight") * y)
        equal(product, np.sum(call("convolution_dx", "y", "weight", shape) * x))
        equal(product, np.sum(call("convolution_dweight", "x", "y") * weight))
        if all(2 * max(f[2:4]) <= f[4] * (f[0] - 1) + 1 for f in frames):
            given["top"] = xp.from_numpy(call("pool_max", "x"))
            given["h"] = xp.from_numpy(h := random.normal(size=shape))
            found = call("pool_max_picked", "h", "x", "top")
            equal(np.sum(found * y), np.sum(call("pool_max_dx", "y", "x", "top") * h))


class Default(WindowExtras):
    """The defaults, over NumPy."""

    def __init__(self, xp: Any) -> None:
        self.xp = xp

    def __getattr__(self, name: str) -> Any:
        return getattr(self.xp, name)


# ---------------------------------------------------------------- memory


def test_windows_are_not_kept(make: Any) -> None:
    x, w = make(np.ones((2, 3, 8, 8)), True), make(np.ones((4, 3, 3, 3)), True)
    kept = ag.conv2d(x, w, padding=1).node.saved
    assert {id(a) for a in kept if hasattr(a, "shape") and not isinstance(a, np.dtype)} == {
        id(x.array),
        id(w.array),
    }
    pooled = ag.max_pool2d(x, 3, padding=1)
    assert {id(a) for a in pooled.node.saved if hasattr(a, "shape")} == {id(x.array), id(pooled.array)}


def test_columns_are_in_memory_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many samples there are, what is held beside operands and results is a part of the columns."""
    x, w = ag.ones((40, 8, 32, 32), requires_grad=True), ag.ones((4, 8, 3, 3), requires_grad=True)
    cpu = type(x.xp)
    sample = 8 * 9 * 30 * 30 * 8
    monkeypatch.setattr(cpu, "columns_bytes", 2 * sample)
    found = []
    for parts in (2, 40):
        monkeypatch.setattr(cpu, "columns_bytes", parts * sample)
        tracemalloc.start()
        y = ag.conv2d(x, w)
        ag.sum(y).backward()
        found.append((tracemalloc.get_traced_memory()[1], y.detach().numpy(), x.grad.numpy(), w.grad.numpy()))
        tracemalloc.stop()
        x.grad = w.grad = None
    assert found[0][0] < x.nbytes * 2 + y.nbytes * 2 + 4 * sample < 40 * sample < found[1][0]
    for one, other in zip(found[0][1:], found[1][1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_writes_do_not_show_in_windows(make: Any) -> None:
    """Windows may be views of x; nobody sees that."""
    x = make(np.arange(12.0).reshape(1, 3, 4))
    for kernel in (1, 2):
        z = x * 1
        columns = ag.unfold(z, kernel)
        before = columns.numpy(copy=True)
        z[...] = -1.0
        np.testing.assert_array_equal(columns.numpy(), before)
        columns[...] = 7.0
        assert z.min().item() == z.max().item() == -1.0
    z = make(np.arange(4.0).reshape(1, 4), True)
    y = z * 1
    wide = y.xp.tensors.windows(y, ((2, 1, 0, 0, 1),))
    square = wide * wide
    wide[0, 0] = 0.0
    y[0, 1] = 100.0
    (ag.sum(square) + ag.sum(wide)).backward()
    np.testing.assert_array_equal(z.grad.numpy(), [[0.0, 5.0, 9.0, 7.0]])


# ---------------------------------------------------------------- dtypes and bad input


def test_dtypes(make: Any) -> None:
    x, w = np.arange(8).reshape(1, 1, 8), np.array([[[1, 2]]])
    half = make(x.astype(np.float32)), make(w.astype(np.float64))
    assert ag.conv1d(*half).dtype == np.float64 and ag.conv1d(half[0], half[0][..., :2]).dtype == np.float32
    assert ag.conv1d(make(x), make(w)).dtype == np.float64
    assert ag.conv1d(make(x > 3), make(w.astype(np.float32))).dtype == np.float32
    assert ag.max_pool1d(make(x), 2).dtype == x.dtype
    assert ag.avg_pool1d(make(x > 3), 2).numpy().tolist() == [[[0.0, 0.0, 1.0, 1.0]]]
    for name in ("avg_pool1d", "max_pool1d"):
        assert getattr(ag, name)(half[0], 3, ceil_mode=True, padding=1).dtype == np.float32


def test_gradients_that_are_infinite_stay_where_they_belong(make: Any) -> None:
    x = make(np.array([[1.0, 4.0, 0.0, 0.0]]), True)
    with np.errstate(all="ignore"):
        ag.sum(ag.sqrt(ag.max_pool1d(x, 2))).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[0.0, 0.25, np.inf, np.inf]])


BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda x, w: ag.conv2d(x[0, 0], w), ag.ShapeError, r"\[conv2d\] x has shape \(4, 4\), weight .*4 axes"),
    (lambda x, w: ag.conv1d(x, w), ag.ShapeError, r"expected 3 axes of weight"),
    (lambda x, w: ag.conv2d(x, w[:, :1]), ag.ShapeError, r"x must have 1 channels"),
    (lambda x, w: ag.conv2d(x, w, groups=2), ag.ShapeError, r"groups is 2.*groups must divide axis 0"),
    (lambda x, w: ag.conv2d(x, w, groups=0), ag.ShapeError, r"groups is 0"),
    (lambda x, w: ag.conv2d(x[..., :2], w), ag.ShapeError, r"lengths \(4, 2\).*a window there takes 3"),
    (lambda x, w: ag.conv2d(x, w[..., :0]), ag.ShapeError, r"a kernel of at least 1"),
    (lambda x, w: ag.conv2d(x, w, stride=0), ag.ArgumentError, r"stride is 0: expected .* at least 1"),
    (lambda x, w: ag.conv2d(x, w, stride=(1, 1, 1)), ag.ArgumentError, r"a tuple of 2"),
    (lambda x, w: ag.conv2d(x, w, padding=-1), ag.ArgumentError, r"padding is -1: expected .* at least 0"),
    (lambda x, w: ag.conv2d(x, w, dilation=1.5), ag.DtypeError, r"dilation is 1.5: expected an integer"),
    (lambda x, w: ag.conv2d(x, w, groups=1.5), ag.DtypeError, r"\[conv2d\] groups is 1.5: expected an int"),
    (lambda x, w: ag.conv2d(x, w, padding="full"), ag.ArgumentError, r"'same' or 'valid'"),
    (lambda x, w: ag.conv2d(x, w, padding="same", stride=2), ag.ArgumentError, r"for a stride of 1"),
    (lambda x, w: ag.conv2d(x, w, [1.0]), ag.ShapeError, r"bias has shape \(1,\): expected .*\(3,\)"),
    (lambda x, w: ag.conv_transpose2d(x, w), ag.ShapeError, r"x must have 3 channels"),
    (lambda x, w: ag.conv_transpose2d(x, w[:2], output_padding=1), ag.ArgumentError, r"less than the stride"),
    (
        lambda x, w: ag.conv_transpose2d(x[..., :1], w[:2], padding=2),
        ag.ShapeError,
        r"nothing would come out",
    ),
    (lambda x, w: ag.max_pool2d(x[0, 0], 2), ag.ShapeError, r"\[max_pool2d\] .*expected 4 axes, or 3"),
    (lambda x, w: ag.max_pool2d(x, 5), ag.ShapeError, r"a window there takes 5"),
    (lambda x, w: ag.max_pool2d(x, 2, padding=2), ag.ArgumentError, r"half of that at most"),
    (lambda x, w: ag.max_pool2d(x * 1j, 2), ag.DtypeError, r"complex128: expected real numbers"),
    (lambda x, w: ag.max_pool2d(x > 0, 2), ag.DtypeError, r"bool: expected real numbers"),
    (lambda x, w: ag.max_pool2d(x, "2"), ag.DtypeError, r"kernel_size is '2'"),
    (lambda x, w: ag.avg_pool2d(x, 2, padding=2), ag.ArgumentError, r"\[avg_pool2d\] padding is 2"),
    (lambda x, w: ag.avg_pool2d(x, 2, divisor_override=1.5), ag.DtypeError, r"divisor_override is 1.5"),
    (lambda x, w: ag.avg_pool2d(x, 2, divisor_override=0), ag.ArgumentError, r"divisor_override is 0"),
    (lambda x, w: ag.avg_pool1d(x[:, :, :0, 0], 2), ag.ShapeError, r"lengths \(0,\)"),
    (lambda x, w: ag.unfold(x, (2, 5)), ag.ShapeError, r"\[unfold\] .*a window there takes 5"),
    (lambda x, w: ag.conv2d(x, [[1.0]]), ag.DtypeError, r"y is of type list.*ag.asarray"),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case[2])
def test_bad_input(case: Any, make: Any) -> None:
    function, kind, text = case
    with pytest.raises(kind, match=text):
        function(make(np.ones((2, 2, 4, 4))), make(np.ones((3, 2, 3, 3))))


@pytest.mark.targets("strict", "torch", "jax", "cupy")
def test_devices_are_not_mixed(make: Any) -> None:
    x, w = make(np.ones((1, 1, 4))), make(np.ones((1, 1, 2)))
    for call in (lambda: ag.conv1d(x, w.cpu()), lambda: ag.conv1d(x, w, ag.ones(1))):
        with pytest.raises(ag.DeviceError, match=r"is on .*cpu"):
            call()
