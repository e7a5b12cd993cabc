"""Gradients beside PyTorch's own, where torch is a chosen backend; every deviation stands in one list."""

from __future__ import annotations

import warnings
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.devices import get_backend
from anygrad.op import REGISTRY
from tests.samples import Sample, cases, outputs_of
from tests.targets import Target
from tests.test_rows import DIFFERENTIABLE, about, connected

pytestmark = pytest.mark.targets("torch")

DEVIATIONS = {
    "clip": "0 at NaN; here 1 to x",
    "hypot": "NaN at the origin; here 0",
    "linalg.det": "0 at a complex singular matrix; here its cofactors",
    "linalg.matrix_norm": "a matrix of singular vectors at zero; here 0",
    "linalg.pinv": "the derivative at one rank, whatever rtol cuts; here that of the result",
    "linalg.slogdet": "inf among NaN at a matrix of zeros; here NaN",
    "linalg.solve_triangular": "inf where a diagonal holds a zero; here NaN, or inf",
    "logaddexp": "NaN where both are -inf; here 0",
    "nextafter": "0 to x where x equals y; here 1",
    "pow": "NaN for a complex 0**0; here NumPy's 1",
    "sign": "NaN at a complex 0; here 0",
    "special.entr": "inf at 0; here 0",
    "special.erfcx": "NaN at inf; here its limit, 0",
    "special.log_ndtr": "NaN at -inf; here its limit, inf",
    "special.xlog1py": "NaN to y where x is 0 and y is -1; here 0",
    "special.xlogy": "NaN to y where both are 0; here 0",
}
"""What PyTorch gives at points where anygrad decided otherwise, by function; only at samples of ties."""

REFUSED = {
    "floor_divide(": "has no derivative",
    "special.erf(complex128": "takes no complex numbers",
    "special.erfc(complex128": "takes no complex numbers",
    "special.gammainc(1.": "takes no scalars",
    "special.gammainc(2.": "takes no scalars",
    "special.gammaincc(0.": "takes no scalars",
    "special.gammaincc(1.": "takes no scalars",
    "remainder(1.25,": "a scalar on the left has no derivative",
    "remainder(2,": "a scalar on the left has no derivative",
    "where(bool[2, 3], float64[2, 3], complex128[2, 3])": "mixes no real and complex in a backward pass",
    "dtype=dtype('complex128')": "mixes no real and complex in a backward pass",
    "shape=-1": "wants a tuple",
    "shift=1, axis=(0, 1)": "wants a shift for each axis",
    "axis=())": "an empty tuple of axes is all axes",
    "shift(complex128[3, 2, 3], axes=())": "wants an axis",
    "axes=(1, 0, 1)": "wants each axis once",
    "axes=(0, 1, 0, 0)": "wants each axis once",
    "empty: fft.": "wants entries",
    "shift(float64[])": "wants an axis",
    "append=": "wants tensors of as many axes on both sides",
    "diff(float64[2, 3], prepend=1j)": "wants tensors of as many axes on both sides",
    "mixed: meshgrid(": "wants one dtype",
    "nan_to_num(complex128": "takes no complex numbers",
    "scalar: einsum(": "takes no scalars",
    "mixed: einsum(": "mixes no dtypes",
    "correction=0.5": "wants an integer in std",
    "axis: linalg.svd(": "differs from differences where there are more vectors than singular values",
    "mode='complete'": "has no derivative",
    "linalg.vector_norm(float64[2, 3], ord=0)": "is not connected",
    "linalg.vector_norm(complex128[2, 3], ord=0)": "is not connected",
    "solve_triangular(float64[3, 3], complex128[3, 3]": "mixes no real and complex in a backward pass",
    "[3], upper": "wants matrices on the right",
    "squeeze(float64[1, 3, 1])": "wants an axis",
    "squeeze(complex128[1, 3, 1])": "wants an axis",
    "squeeze(float64[])": "wants an axis",
    "squeeze(complex128[])": "wants an axis",
}
"""Calls that PyTorch refuses, or takes otherwise, by a part of the sample's name."""

ABSENT = {name for name, row in REGISTRY.items() if not row.public}
ABSENT |= {"clone", "astype", "broadcast_arrays", "pad", "linalg.lstsq"}
ABSENT |= {"softmax", "log_softmax", "logsumexp", "leaky_relu", "silu", "softplus", "gelu"}
ABSENT |= {"cross_entropy", "mse_loss"}
"""Functions that take or give something else in PyTorch's namespace; ``test_neural`` compares its own."""


def of_torch(one: Sample) -> Any:
    """Return PyTorch's function for a sample, with the names of ours."""
    import array_api_compat.torch as torch

    if one.name == "linalg.expm":
        return torch.linalg.matrix_exp
    if one.name == "linalg.solve_triangular":
        return lambda x, y, upper, unit_diagonal=False: torch.linalg.solve_triangular(
            x, y, upper=upper, unitriangular=unit_diagonal
        )
    if one.name == "repeat":
        return lambda x, k, axis=None: torch.repeat_interleave(
            x, torch.asarray(np.asarray(k, np.int64)), dim=axis
        )
    if one.name == "diff":
        return lambda x, **rest: torch.diff(
            x, **{k: torch.asarray(v) if isinstance(v, np.ndarray) else v for k, v in rest.items()}
        )
    return attrgetter(one.name)(torch)


def gradients_of_torch(one: Sample, seeds: list[np.ndarray]) -> list[np.ndarray]:
    """Return what torch.autograd gives for a sample."""
    import array_api_compat.torch as torch

    operands: list[Any] = [
        torch.asarray(np.array(o)) if isinstance(o, np.ndarray) else o for o in one.operands
    ]
    for i in one.tracked:
        operands[i].requires_grad_()
    options = {k: getattr(torch, v.name) if isinstance(v, np.dtype) else v for k, v in one.options.items()}
    taken = (operands,) if one.is_list else (*map(one.before, operands[:1]), *operands[1:])
    outs = outputs_of(one.after(of_torch(one)(*taken, *one.extra, **options)))
    tracked = [operands[i] for i in one.tracked]
    ends = [(out, torch.asarray(g)) for out, g in zip(outs, seeds, strict=True) if out.requires_grad]
    heads, given = zip(*ends)
    found = torch.autograd.grad(heads, tracked, given)
    return [g.resolve_conj().numpy() for g in found]


def gradients_of_anygrad(one: Sample) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return what anygrad gives on NumPy, and the gradients of the outputs that it was for."""
    numpy = Target("numpy", get_backend("cpu"))
    operands = one.made(numpy, one.tracked)
    outs = outputs_of(one.call(numpy, operands))
    seeds = [np.ones(out.shape, out.dtype) for out in outs]
    ends = [(out, ag.asarray(g)) for out, g in zip(outs, seeds, strict=True) if out.requires_grad]
    heads, given = zip(*ends)
    found = ag.autograd.grad(list(heads), [operands[i] for i in one.tracked], list(given))
    return [g.numpy() for g in found], seeds


def compare(one: Sample) -> None:
    """Raise where the two differ."""
    ours, seeds = gradients_of_anygrad(one)
    loose = 1e-6 if any(getattr(o, "dtype", None) == np.float32 for o in one.operands) else 1e-12
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = gradients_of_torch(one, seeds)
    for g, want in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(g, want, rtol=loose, atol=loose, equal_nan=True)


ELSEWHERE = [
    "avg_pool1d",
    "avg_pool2d",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "index_add",
    "max_pool1d",
    "max_pool2d",
    "median",
    "quantile",
    "scatter_add",
    "take",
    "unfold",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]
"""Called otherwise in PyTorch; ``test_convolution`` and ``test_sorting`` compare what it differentiates."""

_SPECIAL = """
    digamma_rise entr erf erfc erfcx erfinv exp2 gammainc gammaincc gammaln i0 i0e i1 i1e log_ndtr logit
    multigammaln ndtri sinc xlog1py xlogy zeta
"""
SPECIAL = {f"special.{name}" for name in _SPECIAL.split()}
"""What PyTorch has of ``special``, but ``digamma``, whose derivative it computes to eight digits."""

COMPARED = [
    name
    for name in DIFFERENTIABLE
    if name not in (*ABSENT, *ELSEWHERE) and (name in SPECIAL or not name.startswith("special."))
]


@pytest.mark.parametrize("name", COMPARED)
def test_torch_deviations(name: str, target: Target) -> None:
    """Both agree, save where the lists above say so; and there they still differ."""
    deviating = []
    for one in cases(name):
        if not connected(one):
            continue
        with about(one):
            if any(part in str(one) for part in REFUSED):
                continue
            try:
                compare(one)
            except AssertionError:
                if name not in DEVIATIONS or one.kind != "tie":
                    raise
                deviating.append(one)
    assert bool(deviating) == (name in DEVIATIONS), "a deviation that is listed is none"
