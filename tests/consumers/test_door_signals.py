"""What cases do not hold of ``anygrad.scipy``: of signals, images and transforms dtypes, corners, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import anygrad as ag
from anygrad.errors import (
    ArgumentError,
    AxisError,
    DeviceError,
    DtypeError,
    GraphExitError,
    ShapeError,
    UnsupportedError,
)
from anygrad.testing import gradcheck
from tests.consumers.cases import door_fft, door_ndimage, door_signal
from tests.consumers.harness import GRADIENT, Case, Held, ignoring, leaves

CASES = [
    case
    for module in (door_fft, door_ndimage, door_signal)
    for case in module.CASES
    if case.outcome is GRADIENT
]
LEAF = ag.tensor(2.0, requires_grad=True)
fft, ndimage, signal = ag.scipy.fft, ag.scipy.ndimage, ag.scipy.signal


def drawn(case: Case) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [np.asarray((i.draw if isinstance(i, Held) else i)(rng)) for i in case.inputs]


def floating(result: Any) -> list[Any]:
    return [leaf for leaf in leaves(result) if hasattr(leaf, "dtype") and leaf.dtype.kind in "fc"]


@pytest.mark.parametrize("one", CASES, ids=str)
def test_second_order(one: Case) -> None:
    inputs = [ag.tensor(x, requires_grad=True) for x in drawn(one)]
    gradcheck(lambda *a: floating(one.call(*a)), inputs, order=2, fast=True, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("one", CASES, ids=str)
def test_dtypes_are_scipys(one: Case) -> None:
    given = [x.astype("complex64" if x.dtype.kind == "c" else "float32") for x in drawn(one)]
    inputs = [ag.tensor(x, requires_grad=True) for x in given]
    outs = floating(one.call(*inputs))
    with ignoring(one.warns):
        expected = floating(one.reference(*given))
    assert [out.dtype for out in outs] == [out.dtype for out in expected]
    for out, like in zip(outs, expected, strict=True):
        np.testing.assert_allclose(
            out.numpy(copy=True) if not out.requires_grad else out.detach().numpy(),
            like,
            rtol=1e-3,
            atol=1e-3,
        )
    outs = [out for out in outs if out.requires_grad]
    found = ag.autograd.grad(outs, inputs, [ag.ones_like(out) for out in outs])
    assert [g.dtype for g in found] == [x.dtype for x in given]


# ---------------------------------------------------------------- corners


def test_integers_stay_integers_and_have_no_gradient() -> None:
    x = np.arange(12).reshape(3, 4)
    for f, g in (
        (ndimage.uniform_filter, scipy.ndimage.uniform_filter),
        (ndimage.sobel, scipy.ndimage.sobel),
    ):
        assert f(x).dtype == np.int64
        np.testing.assert_array_equal(f(x).numpy(), g(x))
    out = ndimage.zoom(x, 1.5)
    np.testing.assert_array_equal(out.numpy(), scipy.ndimage.zoom(x, 1.5))
    with pytest.raises(ArgumentError, match="cast x to a floating dtype"):
        ndimage.correlate1d(x, ag.tensor([1.0, 2.0], requires_grad=True))
    assert ndimage.laplace(x, output=np.float64).dtype == np.float64
    np.testing.assert_array_equal(signal.convolve([1, 2], [3, 4]).numpy(), [3, 10, 8])


def test_ties_share_the_gradient() -> None:
    x = ag.tensor([1.0, 1.0, 1.0, 2.0], requires_grad=True)
    ndimage.maximum_filter(x, 3, mode="constant").sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [1 / 2 + 1 / 3, 1 / 2 + 1 / 3, 1 / 3, 2.0])


def test_a_constant_border_that_is_chosen_has_no_gradient() -> None:
    x = ag.tensor([1.0, 3.0, 2.0], requires_grad=True)
    ndimage.minimum_filter(x, 3, mode="constant", cval=-5.0).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1.0, 0.0, 0.0])


def test_nan_in_a_window_is_in_its_gradient() -> None:
    x = ag.tensor([1.0, np.nan, 4.0, 2.0], requires_grad=True)
    out = ndimage.correlate1d(x, [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(np.isnan(out.detach().numpy()), [True, True, True, False])
    out[3].backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0.0, 0.0, 1.0, 2.0])


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3)])
def test_images_without_pixels(shape: tuple[int, ...]) -> None:
    x = ag.tensor(np.zeros(shape), requires_grad=True)
    for f in (ndimage.laplace, ndimage.uniform_filter, lambda a: ndimage.maximum_filter(a, 3)):
        out = f(x)
        assert out.shape == shape
        (g,) = ag.autograd.grad([out], [x], [ag.ones_like(out)])
        assert g.shape == shape


def test_short_mirrored_axes_are_scipys_and_differentiate() -> None:
    for n in (2, 3, 31, 32, 40):
        host = np.random.default_rng(0).standard_normal(n)
        for order in (2, 3, 4, 5):
            out = ndimage.spline_filter1d(host, order, mode="reflect")
            np.testing.assert_allclose(
                out.numpy(), scipy.ndimage.spline_filter1d(host, order, mode="reflect"), 1e-10
            )
            x = ag.tensor(host, requires_grad=True)
            gradcheck(lambda v, o=order: ndimage.spline_filter1d(v, o, mode="reflect"), [x], fast=True)


def test_interpolation_at_a_pixel_and_beyond() -> None:
    x, at = ag.tensor([0.0, 1.0, 5.0]), ag.tensor([[1.0, 0.5, 9.0]], requires_grad=True)
    ndimage.map_coordinates(x, at, order=1, mode="nearest").sum().backward()
    np.testing.assert_array_equal(at.grad.numpy(), [[4.0, 1.0, 0.0]])
    at.grad = None
    ndimage.map_coordinates(x, at, order=0).sum().backward()
    np.testing.assert_array_equal(at.grad.numpy(), [[0.0, 0.0, 0.0]])


def test_an_even_window_has_a_finite_gradient() -> None:
    x = ag.tensor(np.ones(8), requires_grad=True)
    signal.wiener(x, 3, 0.1).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_a_filter_differentiates_its_leading_coefficient_and_states() -> None:
    b, a = ag.tensor([0.5, 0.2], requires_grad=True), ag.tensor([2.0, -0.5, 0.1], requires_grad=True)
    x, zi = ag.tensor(np.arange(5.0), requires_grad=True), ag.tensor([1.0, -1.0], requires_grad=True)
    y, zf = signal.lfilter(b, a, x, zi=zi)
    again, _ = signal.lfilter(b, a, [2.0, -1.0], zi=zf)
    whole = signal.lfilter(b, a, [*range(5), 2.0, -1.0], zi=zi)[0]
    np.testing.assert_allclose(
        np.concatenate([y.detach().numpy(), again.detach().numpy()]), whole.detach().numpy()
    )
    gradcheck(lambda *v: signal.lfilter(*v[:3], zi=v[3]), [b, a, x, zi], order=2)


def test_parameters_beside_the_signal_differentiate() -> None:
    rng = np.random.default_rng(0)
    x, half = ag.tensor(rng.standard_normal(9), requires_grad=True), ag.tensor(0.5, requires_grad=True)
    gradcheck(lambda v, d: signal.savgol_filter(v, 5, 2, 1, d), [x, half], order=2)
    images = [ag.tensor(rng.standard_normal((n, n)), requires_grad=True) for n in (3, 2)]
    gradcheck(lambda v, w, f: signal.convolve2d(v, w, "same", fillvalue=f), [*images, half], order=2)
    waves = [
        ag.tensor(v + 1j * v[::-1], requires_grad=True) for v in (rng.uniform(0.2, 0.4, n) for n in (3, 3, 6))
    ]
    gradcheck(lambda b, a, v: signal.lfilter(b, a, v), waves, order=2, fast=True)


# ---------------------------------------------------------------- devices and what is refused


def test_recursive_filters_name_the_devices_that_have_them() -> None:
    x = ag.asarray([1.0, 2.0], device="array_api_strict:device1")
    one = ag.asarray([1.0], device=x.device)
    with pytest.raises(UnsupportedError, match=r'lfilter.*CuPy on CUDA; move x with .to\("cpu"\)'):
        signal.lfilter(one, one, x)
    with pytest.raises(DeviceError, match="move one"):
        signal.convolve(x, ag.asarray([1.0]))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: ndimage.correlate1d(x, [[1.0]]), ShapeError, "expected 1 axes"),
        (lambda x: ndimage.correlate1d(x, [1.0], origin=1), ArgumentError, "origin is 1"),
        (lambda x: ndimage.correlate1d(x, [1.0], axis=2), AxisError, "axis 2"),
        (lambda x: ndimage.correlate1d(x, [1.0], mode="odd"), ArgumentError, "mode is 'odd'"),
        (lambda x: ndimage.uniform_filter(x, output=np.zeros(3)), ArgumentError, "output is ndarray"),
        (lambda x: ndimage.maximum_filter(x), ArgumentError, "neither size nor footprint"),
        (lambda x: ndimage.maximum_filter(x * 1j, 3), DtypeError, "no order"),
        (lambda x: ndimage.rank_filter(x, 9, 3), ArgumentError, "rank is 9"),
        (lambda x: ndimage.map_coordinates(x, x), ShapeError, "a row of coordinates"),
        (lambda x: ndimage.map_coordinates(x, [[0.5]], order=6), ArgumentError, "order is 6"),
        (lambda x: ndimage.affine_transform(x, [1.0, 2.0]), ShapeError, "matrix has shape"),
        (lambda x: ndimage.rotate(x, 10.0), ArgumentError, "two axes"),
        (lambda x: ndimage.zoom(x, LEAF), UnsupportedError, "zoom requires a gradient"),
        (lambda x: ndimage.shift(x, 0.5, cval=LEAF), UnsupportedError, "cval requires a gradient"),
        (lambda x: ndimage.correlate1d(x, [1.0], cval=LEAF), UnsupportedError, "cval requires a gradient"),
        (lambda x: ndimage.maximum_filter(x, 3, cval=LEAF), UnsupportedError, "cval requires a gradient"),
        (lambda x: ndimage.grey_erosion(x, structure=LEAF * x), UnsupportedError, "structure requires"),
        (lambda x: ndimage.mean(x, LEAF * x), UnsupportedError, "labels requires a gradient"),
        (lambda x: signal.welch(x, LEAF, nperseg=4), GraphExitError, "requires a gradient"),
        (lambda x: signal.convolve(x, [[1.0]]), ShapeError, "as many axes"),
        (lambda x: signal.convolve(x, [1.0], "odd"), ArgumentError, "mode is 'odd'"),
        (lambda x: signal.lfilter([1.0], [0.0, 1.0], x), ArgumentError, "a\\[0\\]"),
        (lambda x: signal.lfilter([1.0], [1.0, 1.0], x, zi=x), ShapeError, "zi has shape"),
        (lambda x: signal.filtfilt([1.0], [1.0], x, method="gust"), ArgumentError, "gust"),
        (lambda x: signal.sosfilt([[1.0]], x), ShapeError, "rows of six"),
        (lambda x: signal.savgol_filter(x, 9, 2), ArgumentError, "window_length is 9"),
        (lambda x: signal.savgol_filter(x, 3, 3), ArgumentError, "polyorder"),
        (lambda x: signal.medfilt(x, 2), ArgumentError, "odd numbers"),
        (lambda x: signal.upfirdn([1.0], x, 0), ArgumentError, "up is 0"),
        (lambda x: signal.resample(x, 0), ArgumentError, "num is 0"),
        (lambda x: signal.hilbert(x * 1j), DtypeError, "real numbers"),
        (lambda x: fft.dct(x, 5), ArgumentError, "type is 5"),
        (lambda x: fft.dct(x[:1], 1), ShapeError, "two points"),
        (lambda x: fft.dctn(x, norm="odd"), ArgumentError, "norm is 'odd'"),
        (lambda x: signal.find_peaks, AttributeError, "scipy.signal.find_peaks"),
        (lambda x: ndimage.label, AttributeError, "scipy.ndimage.label"),
    ],
)
def test_what_is_refused(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(ag.tensor([1.0, 2.0, 4.0, 8.0, 3.0]))
