"""Fourier transforms beside their samples: the standard's names, what transforms keep, bad input."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import array_api_strict
import numpy as np
import pytest

import anygrad as ag
from anygrad import fft
from anygrad.backends.fourier import FourierExtras
from anygrad.testing import gradcheck

grad = ag.autograd.grad

RANDOM = np.random.default_rng(7)
REAL = RANDOM.normal(size=(3, 4, 5))
COMPLEX = REAL + 1j * RANDOM.normal(size=REAL.shape)
NORMS = ("backward", "ortho", "forward")

norms = pytest.mark.parametrize("norm", NORMS)


def host(t: Any) -> np.ndarray:
    return t.detach().numpy()


# ---------------------------------------------------------------- names, signatures, dtypes


def test_names_and_signatures_are_the_standards() -> None:
    with array_api_strict.ArrayAPIStrictFlags(api_version="2025.12"):
        theirs = {name: getattr(array_api_strict.fft, name) for name in array_api_strict.fft.__all__}
    assert set(theirs) == set(fft.__all__) == set(dir(fft)) and len(theirs) == 14
    for name, function in theirs.items():
        ours = list(inspect.signature(getattr(fft, name)).parameters.values())
        given = [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]
        assert [(p.name, p.kind, p.default) for p in ours if p.name != "requires_grad"] == given, name


def test_ways_to_the_functions() -> None:
    assert importlib.import_module("anygrad.fft") is ag.fft is fft and "fft" in ag.__all__
    assert (fft.rfft.__module__, fft.rfft.__name__) == ("anygrad.fft", "rfft")
    assert not hasattr(ag.ones(1), "rfft") and not hasattr(ag, "rfft")
    other = ag.ones(2, device="array_api_strict:device1").__array_namespace__()
    assert other.fft.fft is fft.fft
    assert other.fft.fftfreq(3).device == "array_api_strict:device1"
    assert fft.fft2 is ag.numpy.fft.fft2 and not hasattr(fft, "fft3")  # NumPy has one more than the standard


SINGLE = {"f": "float32", "c": "complex64"}
TRANSFORMS = ("fft", "ifft", "fftn", "ifftn", "rfft", "irfft", "rfftn", "irfftn", "hfft", "ihfft")


@pytest.mark.parametrize("name", TRANSFORMS)
def test_dtypes(name: str, make: Callable[..., Any]) -> None:
    """The result is as precise as the input, complex or real as the standard says; integers are NumPy's."""
    function, kind = getattr(fft, name), "f" if name in ("irfft", "irfftn", "hfft") else "c"
    taken = (REAL,) if name in ("rfft", "rfftn", "ihfft") else (REAL, COMPLEX)
    for x in taken:
        assert function(make(x)).dtype == {"f": np.float64, "c": np.complex128}[kind]
        single = make(x.astype(SINGLE[x.dtype.kind]), True)
        out = function(single)
        assert out.dtype == SINGLE[kind]
        (g,) = grad(ag.sum(ag.abs(out) ** 2), single)
        assert (g.dtype, g.shape) == (single.dtype, x.shape)
    for dtype in ("bool", "int8", "uint16", "int64"):
        x = (np.arange(12) % 5 > 2).reshape(3, 4).astype(dtype)
        out = function(make(x))
        want = getattr(np.fft, name)(x.astype(np.float64))
        assert out.dtype == want.dtype
        np.testing.assert_allclose(host(out), want, atol=1e-12)


def test_frequencies(device: str) -> None:
    for function, theirs in ((fft.fftfreq, np.fft.fftfreq), (fft.rfftfreq, np.fft.rfftfreq)):
        for n in (1, 2, 9, 16):
            found = function(n, d=0.25, device=device)
            assert (found.dtype, found.device, found.requires_grad) == (ag.float64, device, False)
            np.testing.assert_allclose(host(found), theirs(n, 0.25), rtol=1e-15)
        single = function(9, dtype=ag.float32, device=device, requires_grad=True)
        assert single.dtype == ag.float32 and single.requires_grad
    found = fft.fftshift(fft.fftfreq(9, device=device))
    assert host(found).tolist() == sorted(host(found).tolist())


def test_frequencies_have_the_default_dtype() -> None:
    ag.set_default_dtype(ag.float32)
    try:
        assert fft.fftfreq(4).dtype == fft.rfftfreq(4).dtype == ag.float32
    finally:
        ag.set_default_dtype(ag.float64)


# ---------------------------------------------------------------- what transforms keep


@norms
def test_there_and_back(norm: str, make: Callable[..., Any]) -> None:
    """An inverse gives the numbers back, and their gradient passes through both as it is."""
    for forth, back, x, options in (
        (fft.fft, fft.ifft, COMPLEX, {"axis": 1}),
        (fft.fftn, fft.ifftn, COMPLEX, {"axes": (0, 2)}),
        (fft.fftn, fft.ifftn, COMPLEX, {}),
        (fft.rfft, fft.irfft, REAL, {"n": 5}),
        (fft.rfft, fft.irfft, REAL, {"n": 4, "axis": 1}),
        (fft.ihfft, fft.hfft, REAL, {"n": 5}),
        (fft.rfftn, fft.irfftn, REAL, {"s": (3, 4, 5), "axes": (0, 1, 2)}),
        (fft.rfftn, fft.irfftn, REAL, {"s": (5, 4), "axes": (2, 1)}),
    ):
        tracked, weights = make(x, True), make(x[::-1].copy())
        out = back(forth(tracked, norm=norm, **options), norm=norm, **options)
        np.testing.assert_allclose(host(out), x, atol=1e-12)
        found = ag.sum(out * weights) if x.dtype.kind == "f" else ag.sum(ag.real(out * weights))
        np.testing.assert_allclose(host(grad(found, tracked)[0]), np.conj(x[::-1]), atol=1e-12)


@norms
def test_energy(norm: str, make: Callable[..., Any]) -> None:
    """Parseval: the energy of a spectrum is that of the signal, and so are its first two derivatives."""
    n = REAL.shape[-1]
    factor = {"backward": n, "ortho": 1, "forward": 1 / n}[norm]
    for x in (REAL, COMPLEX):
        tracked = make(x, True)
        energy = ag.sum(ag.abs(fft.fft(tracked, norm=norm)) ** 2)
        np.testing.assert_allclose(host(energy), factor * np.sum(np.abs(x) ** 2))
        (first,) = grad(energy, tracked, create_graph=True)
        np.testing.assert_allclose(host(first), 2 * factor * x)
        direction = make(x[::-1].copy())
        product = first * ag.conj(direction) if x.dtype.kind == "c" else first * direction
        (second,) = grad(ag.sum(ag.real(product)), tracked)
        np.testing.assert_allclose(host(second), 2 * factor * x[::-1], atol=1e-12)


def test_convolution(make: Callable[..., Any]) -> None:
    """Products of spectra are convolutions, with their gradients, at odd and even lengths."""
    for m, k in ((6, 3), (5, 2)):
        x, y = make(REAL[0, 0, :1].repeat(m) * np.arange(1, m + 1), True), make(REAL[1, 1, :k], True)
        n = m + k - 1
        out = fft.irfft(fft.rfft(x, n=n) * fft.rfft(y, n=n), n=n)
        np.testing.assert_allclose(host(out), np.convolve(host(x), host(y)), atol=1e-12)
        weights = np.cos(np.arange(n))
        for_x, for_y = grad(ag.sum(out * make(weights)), [x, y])
        np.testing.assert_allclose(host(for_x), np.correlate(weights, host(y), "valid"), atol=1e-12)
        np.testing.assert_allclose(host(for_y), np.correlate(weights, host(x), "valid"), atol=1e-12)


@pytest.mark.parametrize("n", [4, 5])
@pytest.mark.parametrize("name", ["irfft", "hfft", "irfftn"])
def test_what_is_not_seen_has_no_gradient(name: str, n: int, make: Callable[..., Any]) -> None:
    """Not the imaginary part of the frequency 0, nor of the highest of an even length, nor what is cut."""
    x = make(COMPLEX[0, :2, :4], True)
    options = {"s": (n,), "axes": (1,)} if name == "irfftn" else {"n": n}
    out = getattr(fft, name)(x, **options)
    turned = COMPLEX[0, :2, :4].copy()
    turned[:, 0] += 3j
    turned[:, n // 2] += 0 if n % 2 else 2j
    turned[:, n // 2 + 1 :] = 7.0
    np.testing.assert_allclose(host(getattr(fft, name)(make(turned), **options)), host(out), atol=1e-12)
    g = host(grad(ag.sum(out**3), x)[0])
    assert not g[:, 0].imag.any() and not g[:, n // 2 + 1 :].any()
    assert np.all(g[:, n // 2].imag == 0) == (n % 2 == 0)


def test_numbers_beyond_a_cut_carry_none(make: Callable[..., Any]) -> None:
    x = make(np.array([1.0, 2.0, np.nan, np.inf]), True)
    for function in (fft.fft, fft.ifft, fft.rfft, fft.ihfft):
        out = function(x, n=2)
        assert np.isfinite(host(out)).all()
        g = host(grad(ag.sum(ag.abs(out) ** 2), x)[0])
        assert np.isfinite(g).all() and not g[2:].any() and g[:2].any()


@pytest.mark.targets("numpy")
def test_third_order() -> None:
    x = ag.tensor(COMPLEX[0, :2, :3], requires_grad=True)
    for function in (fft.fft, fft.ifftn, fft.irfft, lambda x: fft.rfft(ag.real(x), n=5)):
        gradcheck(lambda x, f=function: f(x) ** 3, x, order=3, fast=True)


# ---------------------------------------------------------------- the engine


def test_views_and_writes(make: Callable[..., Any]) -> None:
    """Views go in as they are, a later write disturbs nothing, and a result is memory of its own."""
    base = make(REAL, True)
    x = base * 1.0
    out = fft.rfft(x[1, ::2, ::-1], axis=0)
    x[1] = 0.0
    (g,) = grad(ag.sum(ag.abs(out) ** 2), base)
    want = np.zeros_like(REAL)
    want[1, ::2] = 2 * REAL[1, ::2]  # Two points: both frequencies stand for themselves.
    np.testing.assert_allclose(host(g), 2 * want, atol=1e-12)
    for function in (fft.fftn, fft.ifftn, fft.fftshift, fft.ifftshift):
        x = make(COMPLEX)
        y = function(x, axes=())
        y[0] = 0.0
        np.testing.assert_array_equal(host(x), COMPLEX)


def test_nothing_is_recorded_without_need(make: Callable[..., Any]) -> None:
    x = make(REAL, True)
    with ag.no_grad():
        assert not fft.fft(x).requires_grad
    assert not fft.rfftn(make(REAL)).requires_grad
    out = fft.fft(x)
    assert out.requires_grad and not fft.fft(x.detach()).requires_grad


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "kind", "match"),
    [
        (lambda x: fft.fft(x, n=0), ag.ShapeError, r"^\[fft\] n is 0: a transform has at least one point$"),
        (lambda x: fft.ifft(x, n=-1), ag.ShapeError, r"^\[ifft\] n is -1"),
        (lambda x: fft.hfft(x, n=0), ag.ShapeError, r"^\[hfft\] n is 0"),
        (lambda x: fft.fft(x[:, :0]), ag.ShapeError, r"\[fft\] n is 0.*x has shape \(2, 0\); pass n="),
        (lambda x: fft.irfft(x[:, :1]), ag.ShapeError, r"\[irfft\] n is 0.*x has shape \(2, 1\)"),
        (lambda x: fft.ihfft(x[:, :0]), ag.ShapeError, r"^\[ihfft\] n is 0"),
        (lambda x: fft.fftn(x, s=(2, 0), axes=(0, 1)), ag.ShapeError, r"^\[fftn\] s is 0"),
        (lambda x: fft.irfftn(x, s=(2, -2), axes=(0, 1)), ag.ShapeError, r"^\[irfftn\] s is -2"),
        (
            lambda x: fft.fftn(x, s=(2,), axes=(0, 1)),
            ag.ShapeError,
            r"\[fftn\] s is \(2,\), axes is \(0, 1\)",
        ),
        (lambda x: fft.rfftn(x, s=(2, 3, 4), axes=(0, 1)), ag.ShapeError, r"^\[rfftn\] s is \(2, 3, 4\)"),
        (lambda x: fft.ifftn(x, s=(2, 3)), ag.ArgumentError, r"s is \(2, 3\), axes is None: .*; pass axes="),
        (lambda x: fft.fft(x, axis=2), ag.AxisError, r"^\[fft\] axis 2 is out of bounds: x has 2 axes"),
        (lambda x: fft.rfft(x, axis=-3), ag.AxisError, r"^\[rfft\] axis -3"),
        (lambda x: fft.fft(x[0, 0]), ag.AxisError, r"^\[fft\] axis -1 is out of bounds: x has 0 axes"),
        (lambda x: fft.fftn(x, axes=(0, 2)), ag.AxisError, r"^\[fftn\] axis 2"),
        (lambda x: fft.rfftn(x, axes=()), ag.AxisError, r"^\[rfftn\].*expected at least one axis"),
        (lambda x: fft.irfftn(x[0, 0]), ag.AxisError, r"^\[irfftn\].*expected at least one axis"),
        (lambda x: fft.fftshift(x, axes=2), ag.AxisError, r"^\[fftshift\] axis 2"),
        (lambda x: fft.ifftshift(x, axes=(0, -3)), ag.AxisError, r"^\[ifftshift\] axis -3"),
        (lambda x: fft.fft(x, norm="forwards"), ag.ArgumentError, r"^\[fft\] norm is 'forwards': expected"),
        (lambda x: fft.hfft(x, norm=None), ag.ArgumentError, r"^\[hfft\] norm is None"),
        (lambda x: fft.rfftn(x, norm=["ortho"]), ag.ArgumentError, r"^\[rfftn\] norm is \['ortho'\]"),
        (lambda x: fft.irfftn(x, norm=1), ag.ArgumentError, r"^\[irfftn\] norm is 1"),
        (lambda x: fft.rfft(1j * x), ag.DtypeError, r"\[rfft\] x has dtype complex128: expected real dtypes"),
        (lambda x: fft.rfftn(1j * x), ag.DtypeError, r"^\[rfftn\] x has dtype complex128"),
        (lambda x: fft.ihfft(1j * x), ag.DtypeError, r"^\[ihfft\] x has dtype complex128"),
        (lambda x: fft.fft(x, n=2.0), ag.DtypeError, r"^\[fft\] n is 2.0: expected an integer"),
        (lambda x: fft.fftn(x, axes=1), ag.DtypeError, r"^\[fftn\] axes is 1: expected a tuple of integers"),
        (lambda x: fft.fftn(x, s=4, axes=(0,)), ag.DtypeError, r"^\[fftn\] s is 4"),
        (lambda x: fft.fftn(x, axes=(0, 0.5)), ag.DtypeError, r"^\[fftn\] axis is 0.5"),
        (lambda x: fft.fft([1.0]), ag.DtypeError, r"^\[fft\] x is of type list"),
        (lambda x: fft.fftfreq(0, device=x.device), ag.ShapeError, r"^\[fftfreq\] n is 0"),
        (lambda x: fft.rfftfreq(2.5, device=x.device), ag.DtypeError, r"^\[rfftfreq\] n is 2.5"),
        (lambda x: fft.fftfreq(4, d=0, device=x.device), ag.ArgumentError, r"^\[fftfreq\] d is 0"),
        (lambda x: fft.fftfreq(4, d="1", device=x.device), ag.DtypeError, r"^\[fftfreq\] d is '1'"),
        (lambda x: fft.rfftfreq(4, dtype=ag.int64, device=x.device), ag.DtypeError, r"\[rfftfreq\] dtype is"),
    ],
)
def test_arguments_that_cannot_be(call: Any, kind: type, match: str, make: Callable[..., Any]) -> None:
    with pytest.raises(kind, match=match):
        call(make(REAL[0, :2, :3]))


def test_a_library_without_transforms() -> None:
    plain = SimpleNamespace(module=SimpleNamespace(), name="plain")
    with pytest.raises(AttributeError, match=r"^\[plain.fft\] the library has no function 'fftn'"):
        FourierExtras.transform(plain, "fftn", None, norm="ortho")  # type: ignore[arg-type]
