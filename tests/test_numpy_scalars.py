"""NumPy's scalars in the place of arrays without axes; and passes without its warnings."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends import numpy as numpy_backend
from anygrad.backends.numpy import Quiet, found_quiet

MADE: dict[str, Callable[[ag.Tensor], ag.Tensor]] = {
    "binary": lambda x: x[0] * x[1],
    "with a number": lambda x: 2.5 * x.sum() - 1.5 * x[0],
    "unary": lambda x: ag.exp(x[1]),
    "reduction": lambda x: x.sum(),
    "index": lambda x: x[1],
    "product": lambda x: x @ x,
}
"""Results without axes of every kind of function."""
made = pytest.mark.parametrize("make", MADE.values(), ids=MADE)


def leaf(grad: bool = False, dtype: str = "float64") -> ag.Tensor:
    return ag.tensor(np.array([1.5, -0.5], dtype), requires_grad=grad)


# ---------------------------------------------------------------- scalars


@made
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_without_axes_are_scalars(make: Callable[..., Any], dtype: str) -> None:
    y = make(leaf(dtype=dtype))
    assert type(y.array) is np.dtype(dtype).type
    assert (y.shape, y.dtype, y.ndim, y.size, y.nbytes) == ((), dtype, 0, 1, np.dtype(dtype).itemsize)


def test_other_results_are_arrays() -> None:
    x = leaf()
    found = [
        x[0] > 0,
        ag.tensor([1, 2])[0] + 1,
        ag.tensor([1j, 2])[0] * 2,
        ag.tensor(2, dtype=ag.float16) * 2,
    ]
    found += [ag.tensor(1.5), ag.asarray(1.5), x[:1] * 2, ag.zeros(()), x[0].clone()]
    assert [type(t.array) for t in found] == [np.ndarray] * len(found)


@made
def test_views_and_writes_alias(make: Callable[..., Any]) -> None:
    """As those of an array without axes do in NumPy."""
    for view, at in (
        (lambda t: t[...], ...),
        (lambda t: t[None], 0),
        (lambda t: t.reshape((1, 1)), (0, 0)),
        (lambda t: ag.expand_dims(t, axis=0), 0),
        (lambda t: t.detach(), ...),
        (lambda t: ag.permute_dims(t, ()), ...),
    ):
        y = make(leaf())
        v = view(y)
        v[at] = 7.0
        assert y.item() == v.item() == 7.0
        y[...] = 8.0
        assert y.item() == v.item() == 8.0
        y += 1
        assert y.item() == v.item() == 9.0
        v *= 2
        assert y.item() == v.item() == 18.0
    y = make(leaf())
    wide = ag.broadcast_to(y, (2, 2))
    y.fill(3.0)
    assert wide.tolist() == [[3.0, 3.0], [3.0, 3.0]]


@made
def test_gradients_through_writes(make: Callable[..., Any]) -> None:
    x = leaf(True)
    y = make(x)
    (plain,) = ag.autograd.grad(make(x), x)
    y.reshape((1,))[0] *= x[0]
    y += x[1]
    y[...] = y * 2.0
    (found,) = ag.autograd.grad(y, x)
    value = make(leaf()).item()
    np.testing.assert_allclose(found.numpy(), 2 * (plain.numpy() * 1.5 + np.array([value, 1.0])))


@made
def test_exports(make: Callable[..., Any]) -> None:
    y = make(leaf())
    value = y.item()
    assert isinstance(value, float) and type(value) is float and float(y) == value
    seen, copied, shared = y.numpy(), y.numpy(copy=True), np.from_dlpack(make(leaf()))
    assert type(seen) is type(copied) is type(shared) is np.ndarray
    assert not seen.flags.writeable and copied.flags.writeable and shared == value
    assert np.asarray(y).shape == () and np.asarray(y, dtype="float32").dtype == "float32"
    assert make(leaf()).__dlpack_device__() == (1, 0)
    for again in (pickle.loads(pickle.dumps(y)), copy.copy(y), copy.deepcopy(y), y.clone(), ag.tensor(y)):
        assert again.item() == value and again.dtype == y.dtype
        again += 1
        assert y.item() == value
    y += 1
    assert (seen, copied, y.item()) == (value, value, value + 1)


@made
def test_moves_to_another_device(make: Callable[..., Any], device: str) -> None:
    """Value, gradient and the gradient of that, each of which may be a scalar on its way."""
    x = leaf(True, "float32")
    (plain,) = ag.autograd.grad(make(x) ** 3, x, create_graph=True)
    (found,) = ag.autograd.grad((make(x).to(device) ** 3).to("cpu"), x, create_graph=True)
    np.testing.assert_allclose(found.detach().numpy(), plain.detach().numpy(), rtol=1e-5)
    (twice,) = ag.autograd.grad((found[0] * found[1]).to(device), x)
    (expected,) = ag.autograd.grad(plain[0] * plain[1], x)
    np.testing.assert_allclose(twice.numpy(), expected.numpy(), rtol=1e-5)


@made
def test_as_a_leaf(make: Callable[..., Any]) -> None:
    y = make(leaf()).requires_grad_()
    value = y.item()
    with pytest.raises(ag.errors.GraphExitError):
        y.numpy()
    for rounds in (1, 2):
        (y * y).backward()
        assert y.grad.item() == 2 * rounds * value and type(y.grad.array) is np.ndarray
    with ag.no_grad():
        y.sub_(y.grad, alpha=0.25)
        assert y.item() == value - value
        y.grad.zero_()
    assert y.grad.item() == 0


def test_numbers_are_those_of_arrays() -> None:
    """Of every dtype with every other, and with Python's numbers: values, dtypes and what is warned of."""
    functions = (
        ag.add,
        ag.subtract,
        ag.multiply,
        ag.divide,
        ag.pow,
        ag.maximum,
        ag.atan2,
        ag.less,
        ag.remainder,
    )
    values = [np.asarray(v, t) for t in ("float16", "float32", "float64", "int64", "uint8") for v in (0, 3)]
    values += [np.asarray(1 - 2j, t) for t in ("complex64", "complex128")]
    others = [*values, 0, 2, -1, 2.5, True, np.float64(0.1), np.float32(0.1), 1e300]
    for function in functions:
        for a in values:
            for b in others:
                found = []
                for at in ((lambda v: ag.tensor(v)), (lambda v: ag.tensor(np.stack([v, v]))[0])):
                    with warnings.catch_warnings(record=True) as caught:
                        warnings.simplefilter("always")
                        try:
                            out = function(at(a), at(b) if isinstance(b, np.ndarray) else b)
                            found.append((out.dtype, out.numpy().tobytes(), [w.category for w in caught]))
                        except (TypeError, OverflowError, ValueError) as error:
                            found.append(type(error))
                assert found[0] == found[1], (function, a, b, found)


def test_complex_numbers_of_python_compute_as_numpy_has_it() -> None:
    """Python's own arithmetic would take them and a float64: it raises where NumPy has infinities."""
    x = ag.tensor([0.0, 2.0], requires_grad=True)
    with np.errstate(all="ignore"):
        for function in (ag.add, ag.subtract, ag.multiply, ag.divide):
            for z in (1j, 0j, complex(np.inf, 0), complex(-0.0, -0.0)):
                for i in (0, 1):
                    expected = getattr(np, function.__name__)(z, np.asarray(x[i].item()))
                    found = function(z, x[i])
                    assert found.detach().numpy().tobytes() == expected.tobytes()
    (found,) = ag.autograd.grad(ag.real(4j / x[1] * 1j), x)
    np.testing.assert_allclose(found.numpy(), [0.0, 1.0])


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("used", ["leaf", "result", "argument"])
def test_checkpoints_know_an_array_that_was_made_of_a_scalar(used: str, write: bool) -> None:
    x, u = leaf(), leaf(True)
    w = u[0] * 3.0 if used != "leaf" else (leaf()[0] * 3.0).requires_grad_()
    end = u if used != "leaf" else w
    (expected,) = ag.autograd.grad((ag.sin(x * w) * w).sum(), end, retain_graph=True)
    if used == "argument":
        y = ag.checkpoint(lambda x, w: ag.sin(x * w) * w, x, w).sum()
    else:
        y = ag.checkpoint(lambda x: ag.sin(x * w) * w, x).sum()
    assert type(w.array) is np.float64
    assert w[None].shape == (1,) and type(w.array) is np.ndarray
    if write:
        with ag.no_grad():
            w += 1.0
    if write and used != "argument":
        with pytest.raises(ag.errors.CheckpointError):
            y.backward()
    else:
        (found,) = ag.autograd.grad(y, end)
        np.testing.assert_allclose(found.numpy(), expected.numpy())


def test_integers_overflow_without_a_sound() -> None:
    x = ag.tensor([2**63 - 1, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (x[0] + x[1]).item() == -(2**63)


# ---------------------------------------------------------------- no warnings in a pass


def test_a_pass_is_quiet() -> None:
    x = ag.tensor([0.0, 1.0], requires_grad=True)
    with np.errstate(all="raise"):
        before = np.geterr()
        ag.sqrt(x).sum().backward()
        assert np.geterr() == before
    np.testing.assert_array_equal(x.grad.numpy(), [np.inf, 0.5])


def test_quiet_is_errstate() -> None:
    assert found_quiet() is not None, "NumPy keeps this elsewhere now: passes are slower than they could be"
    before = np.geterr()
    with pytest.raises(ZeroDivisionError), Quiet():
        assert set(np.geterr().values()) == {"ignore"}
        with np.errstate(divide="raise"), Quiet():
            assert np.geterr()["divide"] == "ignore"
        raise ZeroDivisionError
    assert np.geterr() == before


def test_where_numpy_keeps_it_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_backend, "_QUIET", None)
    test_a_pass_is_quiet()
    with monkeypatch.context() as patch:
        patch.setattr(numpy_backend, "copy_context", dict)
        assert found_quiet() is None
