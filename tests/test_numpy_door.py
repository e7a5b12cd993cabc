"""NumPy's own functions on tensors: what they give, what is refused and how; nothing leaves the graph.

Every function, with its values and gradients, is tried in ``tests/consumers/test_numpy_functions.py``.
"""

from __future__ import annotations

import inspect
import operator
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
import anygrad.numpy as anp
from anygrad import errors
from anygrad.numpy.table import TABLE
from anygrad.numpy.ufuncs import Ufunc
from anygrad.testing import gradcheck
from tests.numpy_cases import EXPRESSIONS, name_of
from tests.numpy_runs import leaves_of, on_tensors, parts_of
from tests.numpy_table import ABSENT, PLACE, asked, table

STRICT = "array_api_strict:device1"


def leaf(*shape: int, device: str = "cpu") -> ag.Tensor:
    values = np.random.default_rng(len(shape)).normal(size=shape)
    return ag.tensor(values, device=device, requires_grad=True)


# ---------------------------------------------------------------- what is there


def test_all_that_numpy_asks_is_there_or_refused_by_name() -> None:
    absent = {name for names in ABSENT.values() for name in names.split()}
    assert asked() - TABLE.keys() == absent & asked() and not absent & TABLE.keys()
    assert len({id(f) for f in TABLE.values()}) >= 220
    assert PLACE.read_text(encoding="utf-8") == table(), "run python -m tests.numpy_table"


def test_every_function_is_tried() -> None:
    files = {"frombuffer", "fromfile", "fromstring", "genfromtxt", "loadtxt"}
    files |= {"save", "savetxt", "savez", "savez_compressed"}
    random = {"empty", "empty_like"}  # whose values are what they are
    unordered = {"unique_values"}
    untried = TABLE.keys() - {name_of(e) for e in EXPRESSIONS} - anp.ALIASES.keys()
    assert untried == files | random | unordered


VARIADIC = {"array2string", "array_repr", "array_str", "frombuffer", "fromfile", "fromiter", "fromstring"}
VARIADIC |= {"genfromtxt", "loadtxt", "save", "savetxt", "savez", "savez_compressed"}
VARIADIC |= {"diag_indices", "tril_indices", "triu_indices", "mask_indices"}
OURS = {"device", "like", "order", "kwargs"}


def test_signatures_are_numpys() -> None:
    for name in TABLE.keys() - VARIADIC:
        ours, theirs = TABLE[name], operator.attrgetter(name)(np)
        if isinstance(ours, Ufunc):
            assert isinstance(theirs, np.ufunc) and (ours.nin, ours.nout) == (theirs.nin, theirs.nout)
            continue
        try:
            expected = inspect.signature(theirs).parameters
        except ValueError:
            continue  # compiled, without one
        named = [n for n in inspect.signature(ours).parameters if n not in OURS]
        wanted = [n for n in expected if n not in OURS]
        if name == "arange":
            wanted[0] = "start"
        assert [n.rstrip("_") for n in named] == [n.rstrip("_") for n in wanted], name


# ---------------------------------------------------------------- what they give

FEW = [
    "add(x, y)",
    "where(b, x, 0.0)",
    "concatenate([x, y])",
    "linalg.norm(x, axis=1)",
    "fft.rfft2(x)",
    "einsum(x, [0, 1], v, [1])",
    "std(x, axis=0, ddof=1)",
    "nanmedian(n, axis=1)",
    "interp(x, l, l**2)",
    "add.at(o, (j % 3, j), v)",
    "divide(x, y, where=x > 0, out=o)",
    "maximum.accumulate(x, axis=1)",
    "add.reduceat(x, [0, 2, 1], axis=1)",
    "put_along_axis(o, i[:, :1] % 4, u[:, None], axis=1)",
]


@pytest.mark.parametrize("device", ["cpu", STRICT])
@pytest.mark.parametrize("expression", FEW)
def test_a_few(expression: str, device: str) -> None:
    """The others are tried among the consumers."""
    leaves = leaves_of(expression, device)
    found = on_tensors(expression, np, leaves)
    assert isinstance(found, ag.Tensor) and found.requires_grad and str(found.device) == device

    def function(*given: Any) -> Any:
        return on_tensors(expression, np, dict(zip(leaves, given, strict=True)))

    gradcheck(function, list(leaves.values()), fast=True)


def test_nothing_tracked_comes_back_as_an_array() -> None:
    for expression in EXPRESSIONS:
        leaves = leaves_of(expression, "cpu")
        if not any(t.requires_grad for t in leaves.values()):
            continue
        try:
            found = on_tensors(expression, np, leaves)
        except errors.GraphExitError:
            continue  # NumPy did not ask, and nothing is lost without a sound
        assert not any(isinstance(part, np.ndarray) for part in parts_of(found)), expression


def test_operators_with_arrays_and_numpys_numbers() -> None:
    x, array = leaf(2), np.array([2.0, 3.0])
    for f in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul):
        assert isinstance(f(array, abs(x)), ag.Tensor) and f(array, abs(x)).requires_grad
    assert (array < x).dtype == bool and (np.float64(2) * x).requires_grad
    assert (np.float32(2) * ag.tensor([1.0], dtype=np.float32)).dtype == np.float32
    y = ag.tensor([1.0, 2.0], dtype=np.float32)
    assert np.multiply(y, 2.0).dtype == np.float32 and np.multiply(y, np.float64(2)).dtype == np.float64


def test_like_makes_tensors_there() -> None:
    there = ag.asarray([1.0], device=STRICT)
    for made in (np.zeros(3, like=there), np.asarray([1, 2], like=there), np.eye(2, like=there)):
        assert isinstance(made, ag.Tensor) and str(made.device) == STRICT
    assert anp.asarray(there) is there and str(anp.array([there, there]).device) == STRICT
    assert str(anp.zeros(2, device=STRICT).device) == STRICT and str(anp.zeros(2).device) == "cpu"


def test_out_is_written_and_recorded() -> None:
    x, y = leaf(3), ag.zeros(3)
    assert np.multiply(x, 3.0, out=y) is y and y.requires_grad
    np.add(y[:2], 1.0, out=y[1:])
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [6.0, 3.0, 0.0]
    kept = ag.ones(3)
    result = np.log(ag.tensor([0.0, 1.0, 0.0], requires_grad=True), out=kept, where=[False, True, False])
    assert result.tolist() == [1.0, 0.0, 1.0]
    with pytest.raises(errors.LeafWriteError):
        np.add(x, 1.0, out=x)


def test_where_keeps_what_is_not_computed_out_of_the_gradient() -> None:
    x = ag.tensor([0.0, 4.0], requires_grad=True)
    np.sqrt(x, where=x > 0, out=ag.zeros(2)).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0, 0.25]


def test_at_goes_over_repeated_places_in_turn() -> None:
    x = ag.ones(3) * leaf()
    np.add.at(x, [0, 0, 2], leaf(3))
    y = ag.tensor([2.0, 3.0])
    np.power.at(y, [0, 0], [2.0, 3.0])
    assert x.requires_grad and y.tolist() == [64.0, 3.0]


def test_exclusive_reductions_are_folds() -> None:
    x = leaf(4)
    assert float(np.subtract.reduce(x)) == pytest.approx(float(np.subtract.reduce(x.detach().numpy())))
    assert np.power.reduce(ag.tensor([2.0, 3.0, 2.0])).item() == 64.0  # NumPy 2.4 gives 4, its accumulate 64


def test_scipys_ufuncs_are_answered() -> None:
    special = pytest.importorskip("scipy.special")
    x = leaf(3)
    found = special._ufuncs.expit(x)
    assert isinstance(found, ag.Tensor) and found.requires_grad
    with pytest.raises(errors.UnsupportedError, match="mathieu"):
        special._ufuncs.mathieu_a(1, x)


def test_files_take_what_requires_no_gradient(tmp_path: Any) -> None:
    x = leaf(2, 2)
    for name in ("save", "savetxt", "savez"):
        with pytest.raises(errors.GraphExitError):
            getattr(np, name)(tmp_path / name, x)
        getattr(np, name)(tmp_path / name, x.detach())
    assert np.array_equal(anp.loadtxt(tmp_path / "savetxt"), x.detach())


# ---------------------------------------------------------------- what is refused

ARRAY = np.ones(3)


def _added_in_place(x: ag.Tensor) -> None:
    array = np.ones(3)
    array += x


REFUSED: dict[str, tuple[Callable[[ag.Tensor], Any], type[Exception], str]] = {
    "out=": (lambda x: np.add(x, 1, out=ARRAY), TypeError, r"\[add\] out is of type ndarray"),
    "out= of a reduction": (lambda x: np.sum(x, out=np.zeros(())), TypeError, r"\[sum\] out is of type"),
    "array += tensor": (_added_in_place, TypeError, r"\[add\] out is of type ndarray.*x = x \+ y"),
    "out= dtype": (lambda x: np.add(x, 1, out=ag.zeros(3, dtype=np.int64)), TypeError, "no 'same_kind' cast"),
    "out= shape": (lambda x: np.add(x, 1, out=ag.zeros(2)), ValueError, "broadcast"),
    "out= shape of a sum": (lambda x: np.sum(x, out=ag.zeros(2)), ValueError, r"the result has shape \(\)"),
    "at of an array": (lambda x: np.add.at(ARRAY, 0, x[0]), TypeError, r"\[add.at\].*ndarray.*pass a tensor"),
    "put into an array": (
        lambda x: np.put_along_axis(ARRAY, np.array([0]), x, 0),
        TypeError,
        "into is of type",
    ),
    "copyto an array": (lambda x: np.copyto(ARRAY, x), RuntimeError, "__array__"),
    "array of a tensor": (np.asarray, RuntimeError, "write x.detach"),
    "array of tensors": (lambda x: np.array([x, x]), RuntimeError, "write x.detach"),
    "array of numbers": (lambda x: np.array([x[0], x[1]]), RuntimeError, "write x.detach"),
    "array[...] = tensor": (lambda x: operator.setitem(ARRAY, ..., x), RuntimeError, "write x.detach"),
    "array[0:1] = [tensor]": (
        lambda x: operator.setitem(ARRAY, slice(0, 1), [x[0]]),
        RuntimeError,
        "__array__",
    ),
    "full": (lambda x: np.full(3, x[0]), RuntimeError, "write x.detach"),
    "vectorize": (lambda x: np.vectorize(abs)(x), RuntimeError, "write x.detach"),
    "a function of one's own": (
        np.frompyfunc(abs, 1, 1),
        NotImplementedError,
        "abs.*has no form for tensors",
    ),
    "an absent function": (np.packbits, NotImplementedError, "packbits has no form for tensors"),
    "an absent ufunc": (np.isnat, NotImplementedError, "dates are no numbers"),
    "a keyword": (lambda x: np.sort(x, order="f"), NotImplementedError, "order is 'f': it may be None alone"),
    "masked, after": (lambda x: x * np.ma.array(ARRAY, mask=[1, 0, 0]), TypeError, "its mask would be lost"),
    "masked, before": (lambda x: np.ma.array(ARRAY, mask=[1, 0, 0]) * x, RuntimeError, "write x.detach"),
    "masked, by name": (lambda x: np.add(x, np.ma.array(ARRAY)), TypeError, "its mask would be lost"),
    "masked, as data": (lambda x: ag.asarray(np.ma.array(ARRAY)), TypeError, r"write m.filled\(value\)"),
    "matrix": (lambda x: np.asmatrix(ARRAY) * x, TypeError, "another product|product is another"),
    "objects": (lambda x: x + np.array([1, None, 2]), TypeError, "got dtype object"),
    "structured": (lambda x: np.zeros(3, [("a", float)]) + x, TypeError, "got dtype"),
    "text": (lambda x: np.add(x, np.array(["a", "b", "c"])), TypeError, "got dtype <U1"),
    "dates": (lambda x: np.multiply(x, np.array(["2020"], "M8[Y]")), TypeError, "got dtype datetime64"),
    "mixed devices": (
        lambda x: np.add(x, ag.ones(3, device=STRICT)),
        ValueError,
        f"x is on cpu, y is on {STRICT}|x1 is on cpu, x2 is on {STRICT}",
    ),
    "an array beside another device": (
        lambda x: np.add(ARRAY, ag.ones(3, device=STRICT)),
        ValueError,
        rf"x1 is on cpu, x2 is on {STRICT}",
    ),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("refused", REFUSED)
def test_what_is_refused_says_so(refused: str) -> None:
    call, kind, match = REFUSED[refused]
    with pytest.raises(kind, match=match):
        call(leaf(3))
    assert ARRAY.tolist() == [1.0, 1.0, 1.0]


def test_what_is_untracked_goes_into_arrays() -> None:
    array, x = np.ones(3), ag.asarray([4.0, 5.0, 6.0])
    array[...] = x
    np.copyto(array[:1], ag.asarray([9.0]))
    assert array.tolist() == [9.0, 5.0, 6.0]
    read_only = np.ones(3)
    read_only.flags.writeable = False
    assert np.add(read_only, x).tolist() == [5.0, 6.0, 7.0]


def test_a_number_is_not_written_into_an_array() -> None:
    """``array[0] = t`` asks for ``float(t)``, which nobody wrote; NumPy makes the error its own."""
    array, x = np.zeros(2), leaf(2)
    with pytest.raises(ValueError, match="setting an array element") as caught:
        array[0] = x[0] ** 2
    assert isinstance(caught.value.__cause__, errors.GraphExitError)
    with pytest.raises(ValueError, match="setting an array element"):
        array[0] *= x[0]
    for other in (np.zeros(2, complex), np.zeros(2, int)):
        with pytest.raises(errors.GraphExitError, match=r"\[setitem\] .* np.zeros_like\(x\)"):
            other[0] = x[0]
    assert not array.any()
    with ag.no_grad():
        array[0] = x[0] * 2
    array[1] = float(x[1])
    assert array.tolist() == [2 * x[0].item(), x[1].item()]
    several, table = [x[0]], {float(x[0]): 1}
    several[0] = x[1]
    assert several[0].requires_grad and table[x[0].item()] == 1
    with ag.audit() as report:
        array.fill(x[0])
    assert [e.op for e in report.exits] == ["float"]


def test_the_module_says_what_it_has_not() -> None:
    assert anp.random.default_rng is np.random.default_rng
    with pytest.raises(AttributeError, match=r"near it are .*arctan"):
        _ = anp.arctann
    assert anp.float64 is np.float64 and anp.pi == np.pi and isinstance(leaf(2), anp.ndarray)
    assert set(dir(anp)) >= {"linalg", "fft", "sum", "pi"} and re.search(
        "ufunc 'anygrad.numpy.add'", repr(anp.add)
    )


def test_it_is_imported_when_numpy_first_asks() -> None:
    code = """
import sys, numpy as np, anygrad as ag
x = ag.tensor([1.0, 2.0], requires_grad=True)
(x * np.ones(2)).sum().backward()
assert "anygrad.numpy" not in sys.modules
assert np.sum(x).item() == 3.0 and "anygrad.numpy" in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
