"""Linear algebra at its edges: signatures and help, nothing to compute, wide and tall, odd arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import array_api_strict
import numpy as np
import pytest

import anygrad as ag
from anygrad import linalg
from anygrad.testing import gradcheck

grad = ag.autograd.grad
inf = np.inf

RANDOM = np.random.default_rng(11)
REAL = RANDOM.normal(size=(2, 3, 3))
COMPLEX = REAL + 1j * RANDOM.normal(size=REAL.shape)


def host(t: Any) -> np.ndarray:
    return t.detach().numpy()


# ---------------------------------------------------------------- signatures and help


def shown(function: Any) -> list[tuple[Any, ...]]:
    """Return what a caller can give by name, and the defaults; names of positional arguments are free."""
    parameters = inspect.signature(function).parameters.values()
    return [(p.kind is p.POSITIONAL_ONLY or p.name, p.kind, p.default) for p in parameters]


def test_signatures_are_the_standards() -> None:
    with array_api_strict.ArrayAPIStrictFlags(api_version="2025.12"):
        names = [n for n in array_api_strict.linalg.__all__ if not n.endswith("Result")]
        for name in names:
            assert shown(getattr(linalg, name)) == shown(getattr(array_api_strict.linalg, name)), name
    assert len(names) >= 23


def test_help_opens_with_a_short_line() -> None:
    """And says of each function of matrices which shapes are refused."""
    for name in linalg.__all__:
        doc = getattr(linalg, name).__doc__
        assert len(doc.partition("\n")[0]) <= 100, name
        if inspect.isfunction(getattr(linalg, name)) and name not in ("vector_norm", "matrix_transpose"):
            assert "ShapeError" in doc and ">>> ag." in doc, name


# ---------------------------------------------------------------- nothing to compute

SQUARE = {
    "cholesky": np.linalg.cholesky,
    "det": np.linalg.det,
    "eig": lambda x: tuple(o.astype(np.complex128) for o in np.linalg.eig(x)),
    "eigh": np.linalg.eigh,
    "eigvals": lambda x: np.linalg.eigvals(x).astype(np.complex128),
    "eigvalsh": np.linalg.eigvalsh,
    "expm": lambda x: x,
    "inv": np.linalg.inv,
    "slogdet": np.linalg.slogdet,
}
ANY = {
    "diagonal": np.linalg.diagonal,
    "matrix_norm": np.linalg.matrix_norm,
    "matrix_rank": np.linalg.matrix_rank,
    "pinv": np.linalg.pinv,
    "qr": np.linalg.qr,
    "svd": np.linalg.svd,
    "svdvals": np.linalg.svdvals,
    "trace": np.linalg.trace,
    "vector_norm": np.linalg.vector_norm,
}
NOTHING = [(name, f, s) for name, f in SQUARE.items() for s in ((0, 0), (0, 2, 2), (2, 0, 0))]
NOTHING += [(name, f, s) for name, f in ANY.items() for s in ((0, 3), (3, 0), (2, 0, 3), (0, 2, 3))]


@pytest.mark.parametrize(
    ("name", "numpys", "shape"), NOTHING, ids=lambda v: str(v) if "<" not in str(v) else ""
)
@pytest.mark.targets("numpy", "strict", "torch")
def test_matrices_without_entries(name: str, numpys: Any, shape: Any, make: Callable[..., Any]) -> None:
    """Have NumPy's results, and gradients of their own shape, at both orders."""
    x = make(np.zeros(shape), True)
    outs, want = getattr(linalg, name)(x), numpys(np.zeros(shape))
    outs, want = (o if isinstance(o, tuple) else (o,) for o in (outs, want))
    for out, one in zip(outs, want, strict=True):
        assert out.shape == one.shape and out.dtype == np.asarray(one).dtype
        if out.size and name not in ("qr", "svd"):
            np.testing.assert_array_equal(host(out), one)
    ends = [out for out in outs if out.requires_grad]
    assert bool(ends) == (name != "matrix_rank")
    if ends:
        (first,) = grad(ends, x, [ag.ones_like(out) for out in ends], create_graph=True)
        assert first.shape == shape
        if first.requires_grad:
            (second,) = grad(first, x, ag.ones_like(first), allow_unused=True)
            assert second is None or second.shape == shape


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (2, 0, 3), (2, 3, 0)])
def test_norms_of_nothing_are_zero(shape: tuple[int, ...], make: Callable[..., Any]) -> None:
    """Those above 0; there is no least of nothing."""
    x = make(np.zeros(shape), True)
    for order in ("fro", "nuc", 1, 2, inf):
        for keepdims in (False, True):
            out = linalg.matrix_norm(x, ord=order, keepdims=keepdims)
            assert host(out).tolist() == np.zeros((*shape[:-2], *(1, 1) * keepdims)).tolist()
            assert grad(ag.sum(out), x)[0].shape == shape
    for order in (0, 0.5, 1, 2, 3, inf):
        out = linalg.vector_norm(x, ord=order, axis=(-2, -1))
        assert host(out).tolist() == np.zeros(shape[:-2]).tolist()
        assert grad(ag.sum(out), x)[0].shape == shape
    with pytest.raises(
        ag.ShapeError, match=r"^\[matrix_norm\] x has shape .*: ord=-2 is the least of nothing"
    ):
        linalg.matrix_norm(x, ord=-2)


# ---------------------------------------------------------------- wide, tall, real, complex


def projector(u: Any) -> Any:
    """Return what no choice of basis or phases changes."""
    return u @ (ag.conj(u.mT) if u.dtype.kind == "c" else u.mT)


INVARIANT: dict[str, Callable[[Any], Any]] = {
    "svd, reduced": lambda x: [abs(linalg.svd(x, full_matrices=False)[i]) ** 2 for i in (0, 2)],
    "svd, full": lambda x: [projector(linalg.svd(x).U[..., : min(x.shape[-2:])]), linalg.svd(x).S],
    "qr": lambda x: tuple(linalg.qr(x)),
    "qr, complete": lambda x: projector(linalg.qr(x, mode="complete").Q[..., : min(x.shape[-2:])]),
    "qr, complete, R": lambda x: linalg.qr(x, mode="complete").R,
    "pinv": linalg.pinv,
    "lstsq": lambda x: linalg.lstsq(x, x[..., :1] ** 2 + 1)[:2],
    "norms": lambda x: [linalg.matrix_norm(x, ord=o) for o in ("fro", "nuc", 1, -1, 2, -2, inf, -inf)],
}


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (1, 3), (2, 2)])
@pytest.mark.parametrize("name", INVARIANT)
@pytest.mark.targets("numpy")
def test_wide_and_tall(name: str, shape: tuple[int, int], make: Callable[..., Any]) -> None:
    """Both orders against differences, batched, real and complex."""
    for values in (REAL, COMPLEX):
        x = make(values[:, : shape[0], : shape[1]], True)
        for order in (1, 2):
            gradcheck(INVARIANT[name], x, order=order, fast=True, rtol=1e-4)


@pytest.mark.parametrize("dtypes", [("f4", "f8"), ("f4", "i8"), ("f8", "c16"), ("i8", "f4"), ("c8", "f8")])
def test_mixed_dtypes(dtypes: tuple[str, str], make: Callable[..., Any]) -> None:
    """Promotion is NumPy's, and each operand's gradient has its own dtype."""
    x, y = (REAL[0].astype(dtype) + 3 * np.eye(3, dtype=dtype) for dtype in dtypes)
    for name in ("solve", "lstsq", "matmul", "vecdot", "tensordot", "cross", "outer"):
        a, b = (x[0], y[0]) if name == "outer" else (x, y)
        tracked = make(a, a.dtype.kind in "fc"), make(b, b.dtype.kind in "fc")
        out = getattr(linalg, name)(*tracked)
        out = out[0] if name == "lstsq" else out
        assert out.dtype == np.result_type(a, b), name
        wanted = [t for t in tracked if t.requires_grad]
        for t, g in zip(wanted, grad(out, wanted, ag.ones_like(out)), strict=True):
            assert (g.dtype, g.shape) == (t.dtype, t.shape), name


# ---------------------------------------------------------------- odd arguments


def test_tolerances(make: Callable[..., Any]) -> None:
    """A number for all matrices, or one for each: an array where the matrices are."""
    x = make(np.stack([np.diag([1.0, 0.1]), np.diag([1.0, 0.01])]))
    each = make(np.array([0.5, 0.001]))
    for rtol, ranks in ((0.05, [2, 1]), (np.float32(0.05), [2, 1]), (each, [1, 2]), (0, [2, 2])):
        assert host(linalg.matrix_rank(x, rtol=rtol)).tolist() == ranks
        counted = np.linalg.matrix_rank(host(linalg.pinv(x, rtol=rtol)), tol=1e-9)
        assert counted.tolist() == host(linalg.lstsq(x, x, rtol=rtol).rank).tolist() == ranks
    other = ag.asarray([0.5, 0.001], device="cpu" if x.device != "cpu" else "array_api_strict")
    for function in (linalg.matrix_rank, linalg.pinv):
        name = function.__name__
        with pytest.raises(ag.DeviceError, match=rf"^\[{name}\] x is on .*, rtol is on .*: move one with"):
            function(x, rtol=other)
        for rtol in ("0.1", [0.1, 0.2], 0.1j):
            with pytest.raises(
                ag.DtypeError, match=rf"^\[{name}\] rtol is .*: expected a number or an array"
            ):
                function(x, rtol=rtol)


@pytest.mark.parametrize(
    ("call", "kind", "match"),
    [
        (lambda x: ag.tensordot(x, x, axes=((0, 0), (0, 0))), ag.AxisError, r"\[tensordot\].*given twice"),
        (lambda x: ag.tensordot(x, x, axes="ab"), ag.DtypeError, r"\[tensordot\] axes is 'ab': expected"),
        (lambda x: ag.tensordot(x, x, axes=1.5), ag.DtypeError, r"\[tensordot\] axes is 1.5: expected"),
        (lambda x: ag.tensordot(x, x, axes=(None, None)), ag.DtypeError, r"\[tensordot\] axes is \(None"),
        (
            lambda x: ag.tensordot(x, x, axes=((0, 1), (0,))),
            ag.ShapeError,
            r"\[tensordot\].* must equal axes",
        ),
        (lambda x: ag.tensordot(x, x, axes=((0,), (5,))), ag.AxisError, r"\[tensordot\] axis 5"),
        (lambda x: ag.tensordot(x, x, axes=3), ag.AxisError, r"\[tensordot\] axes is 3"),
        (lambda x: ag.vecdot(x, x, axis=0), ag.AxisError, r"\[vecdot\] axis is 0: expected a negative axis"),
        (lambda x: ag.vecdot(x, x, axis=None), ag.DtypeError, r"\[vecdot\] axis is None"),
        (lambda x: ag.vecdot(x[0, 0], x), ag.AxisError, r"\[vecdot\] x has 0 axes, y has 2"),
        (lambda x: linalg.diagonal(x, offset=1.5), ag.DtypeError, r"\[diagonal\] offset is 1.5: expected an"),
        (lambda x: linalg.trace(x, offset="a"), ag.DtypeError, r"\[trace\] offset is 'a'"),
        (lambda x: linalg.matrix_power(x, 1.5), ag.DtypeError, r"\[matrix_power\] n is 1.5"),
        (lambda x: linalg.matrix_norm(x, ord=[1]), ag.ArgumentError, r"\[matrix_norm\] ord is \[1\]"),
        (lambda x: linalg.matrix_norm(x, ord=np.ones(2)), ag.ArgumentError, r"\[matrix_norm\] ord is array"),
        (lambda x: linalg.vector_norm(x, ord="2"), ag.ArgumentError, r"\[vector_norm\] ord is '2'"),
        (lambda x: linalg.vector_norm(x, axis=(0, -2)), ag.AxisError, r"\[vector_norm\].*given twice"),
        (lambda x: linalg.solve(x, [1.0]), ag.DtypeError, r"\[solve\] y is of type list"),
        (lambda x: linalg.inv(2.0), ag.ShapeError, r"\[inv\] x has shape \(\)"),
        (
            lambda x: linalg.solve(ag.stack([x, x]), ag.stack([x, x, x])),
            ag.ShapeError,
            r"\[solve\] x has shape \(2, 3, 3\), y has shape \(3, 3, 3\): the axes before the last two",
        ),
    ],
)
def test_arguments_that_cannot_be(call: Any, kind: type, match: str, make: Callable[..., Any]) -> None:
    with pytest.raises(kind, match=match):
        call(make(REAL[0]))


def test_numbers_of_numpys(make: Callable[..., Any]) -> None:
    """NumPy's scalars are numbers and integers, wherever those are asked for."""
    x = make(REAL[0])
    for found, want in (
        (linalg.vector_norm(x, ord=np.int64(1)), linalg.vector_norm(x, ord=1)),
        (linalg.vector_norm(x, ord=np.float32(3)), linalg.vector_norm(x, ord=3)),
        (linalg.matrix_norm(x, ord=np.float64(inf)), linalg.matrix_norm(x, ord=inf)),
        (linalg.matrix_power(x, np.int8(3)), linalg.matrix_power(x, 3)),
        (linalg.diagonal(x, offset=np.int64(1)), linalg.diagonal(x, offset=1)),
        (ag.tensordot(x, x, axes=np.int64(1)), ag.tensordot(x, x, axes=1)),
    ):
        np.testing.assert_array_equal(host(found), host(want))


def test_the_first_power_is_a_copy(make: Any) -> None:
    x = make(np.eye(2))
    ag.linalg.matrix_power(x, 1)[0, 0] = 5.0
    assert x[0, 0].item() == 1.0
