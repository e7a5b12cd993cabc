"""What cases do not hold of ``anygrad.scipy``: derivatives of second order, and precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.testing import gradcheck
from tests.consumers.cases import door_integrate, door_linalg, door_optimize, door_sparse
from tests.consumers.harness import Case, Held, leaves

MODULES = (door_integrate, door_linalg, door_optimize, door_sparse)
CASES = [case for module in MODULES for case in module.CASES]


def drawn(case: Case, seed: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [(i.draw if isinstance(i, Held) else i)(rng) for i in case.inputs]


def floating(result: Any) -> list[Any]:
    """Return the floating tensors of a result."""
    return [leaf for leaf in leaves(result) if isinstance(leaf, ag.Tensor) and leaf.dtype.kind in "fc"]


def is_quick(case: Case) -> bool:
    """Tell whether a case takes no second derivative of an integral within another."""
    return not any(name in case.name for name in ("dblquad", "nquad"))


@pytest.mark.parametrize("one", [one for one in CASES if is_quick(one)], ids=str)
def test_second_order(one: Case) -> None:
    inputs = [ag.tensor(x, requires_grad=True) for x in drawn(one)]
    tolerances = {"atol": 1e-5, "rtol": 1e-4}
    if one in door_optimize.MINIMA + door_optimize.FITS:
        # A minimum is found to the root of the precision.
        tolerances = {"atol": 1e-3, "rtol": 1e-2, "eps": 1e-3}
    gradcheck(lambda *a: floating(one.pick(one.call(*a))), inputs, order=2, fast=True, **tolerances)


@pytest.mark.parametrize("one", door_linalg.CASES, ids=str)
@pytest.mark.filterwarnings("ignore:logm result may be inaccurate")
def test_single_precision_stays(one: Case) -> None:
    given = [x.astype("complex64" if x.dtype.kind == "c" else "float32") for x in drawn(one)]
    inputs = [ag.tensor(x, requires_grad=True) for x in given]
    outs = floating(one.call(*inputs))
    assert {out.dtype.itemsize // (2 if out.dtype.kind == "c" else 1) for out in outs} == {4}
    outs = [out for out in outs if out.requires_grad]
    found = ag.autograd.grad(outs, inputs, [ag.ones_like(out) for out in outs])
    assert [g.dtype for g in found] == [x.dtype for x in given]


@pytest.fixture
def narrow() -> Iterator[None]:
    """Have JAX without double precision, as it is by default."""
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", False)
    yield
    jax.config.update("jax_enable_x64", before)


INTEGERS: dict[str, Callable[[ag.Tensor], Any]] = {
    "fft.dct": lambda x: ag.scipy.fft.dct(x),
    "integrate.trapezoid": lambda x: ag.scipy.integrate.trapezoid(x, x=ag.cumulative_sum(x[0])),
    "integrate.fixed_quad": lambda x: ag.scipy.integrate.fixed_quad(lambda t: t * t, 0, x[0, 1])[0],
    "integrate.solve_ivp": lambda x: ag.scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), x[0]).y,
    "interpolate.CubicSpline": lambda x: ag.scipy.interpolate.CubicSpline([0, 1], x)(x),
    "linalg.det": lambda x: ag.scipy.linalg.det(x),
    "linalg.toeplitz": lambda x: ag.scipy.linalg.matmul_toeplitz(x[0], x),
    "ndimage.gaussian_filter": lambda x: ag.scipy.ndimage.gaussian_filter(x, 1.0, output="float32"),
    "ndimage.mean": lambda x: ag.scipy.ndimage.mean(x),
    "signal.detrend": lambda x: ag.scipy.signal.detrend(x),
    "signal.savgol_filter": lambda x: ag.scipy.signal.savgol_filter(x, 1, 0),
    "signal.stft": lambda x: ag.real(ag.scipy.signal.stft(x, nperseg=2)[2]),
    "sparse.csr_array": lambda x: ag.scipy.sparse.csr_array(x) @ x,
    "spatial.pdist": lambda x: ag.scipy.spatial.distance.pdist(x),
    "stats.norm": lambda x: ag.scipy.stats.norm.logpdf(x),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_become_what_floats_a_device_has(name: str, narrow: None) -> None:
    whole = [[2, 1], [1, 3]]
    out = INTEGERS[name](ag.asarray(np.asarray(whole), dtype="int32", device="jax"))
    assert out.dtype == "float32"
    expected = INTEGERS[name](ag.asarray(whole))
    np.testing.assert_allclose(out.to("cpu").numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["solve_continuous_are", "solve_discrete_are"])
def test_what_cannot_be_stabilised_is_an_error_of_ours(name: str) -> None:
    one = ag.tensor([[1.0]], requires_grad=True)
    with pytest.raises(ag.errors.LinAlgError, match=rf"^\[{name}\] a has shape"):
        getattr(ag.scipy.linalg, name)(2 * one, 0 * one, one, one)
