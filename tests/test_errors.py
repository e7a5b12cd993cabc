"""The classes of errors: documented, public, and caught by what catches NumPy's."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import errors
from anygrad.op import REGISTRY
from tests.samples import own


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_has_a_docstring_and_the_common_base(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, errors.AnygradError) and kind.__doc__
    assert getattr(ag, name) is kind


def test_errors_derive_from_what_numpy_raises_there() -> None:
    for made in (
        lambda xp, a: xp.add(a(np.ones(2)), a(np.ones(3))),
        lambda xp, a: xp.sum(a(np.ones(2)), axis=3),
        lambda xp, a: a(np.ones(2))[4],
        lambda xp, a: a(np.ones(2))["a"],
        lambda xp, a: xp.matmul(a(np.ones((2, 3))), a(np.ones((2, 3)))),
        lambda xp, a: xp.reshape(a(np.ones(4)), (3,)),
        lambda xp, a: xp.bitwise_and(a(np.ones(2)), a(np.ones(2))),
        lambda xp, a: len(a(np.asarray(1.0))),
        lambda xp, a: bool(a(np.ones(2))),
        lambda xp, a: a(np.ones(2)).__setitem__(slice(None), a(np.ones(3))),
    ):
        with pytest.raises(Exception) as theirs:
            made(np, np.array)
        with pytest.raises(errors.AnygradError) as ours:
            made(ag, ag.tensor)
        kinds = (ValueError, TypeError, IndexError)
        assert any(isinstance(theirs.value, k) and isinstance(ours.value, k) for k in kinds)


@pytest.mark.parametrize("key", [n for n in own(REGISTRY) if REGISTRY[n].public])
def test_a_wrong_keyword_names_the_function(key: str) -> None:
    x, name = ag.ones((2, 2)), REGISTRY[key].name
    given = ([x],) if REGISTRY[key].is_list else (x,)
    with pytest.raises(
        TypeError, match=rf"^{name}\(\) (got an unexpected keyword argument 'foo'|missing 1 req)"
    ):
        attrgetter(key)(ag)(*given, foo=1)


def test_operators_leave_foreign_objects_to_python() -> None:
    x = ag.tensor([1.0, 2.0])
    for foreign in ("a", None, object()):
        with pytest.raises(TypeError, match="unsupported operand"):
            x + foreign
        with pytest.raises(TypeError, match="unsupported operand"):
            foreign - x

    class Theirs:
        def __radd__(self, other: Any) -> str:
            return "theirs"

    assert x + Theirs() == "theirs"


TAKEN = "expected a tensor, an array or a scalar"


ONE = ("mean", "sum", "argmax", "sin", "negative", "reshape", "squeeze", "expand_dims", "clip", "zeros_like")
TWO = ("add", "matmul", "vecdot", "tensordot", "broadcast_arrays")
MORE = {"reshape": (1,), "clip": (0, 1)} | dict.fromkeys(TWO, (1.0,))


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_functions_refuse_lists_alike(name: str) -> None:
    function, more = getattr(ag, name), MORE.get(name, ())
    for foreign in ([1.0], (1.0,), [[1.0]], [ag.ones(1)]):
        match = rf"^\[{name}\] x is of type {type(foreign).__name__}: {TAKEN}; pass ag.asarray\(...\)$"
        for rest in (more, (ag.ones(1),)) if name in TWO else (more,):
            with pytest.raises(errors.DtypeError, match=match):
                function(foreign, *rest)
    for foreign in ("a", None, object()):
        with pytest.raises(errors.DtypeError, match=rf"^\[{name}\] x is of type \w+: {TAKEN}$"):
            function(foreign, *more)


def test_lists_of_tensors_hold_no_lists() -> None:
    for name in ("concat", "stack"):
        with pytest.raises(errors.DtypeError, match=rf"^\[{name}\] array 1 is of type list: {TAKEN}; pass"):
            getattr(ag, name)([ag.ones(1), [1.0]])
        assert getattr(ag, name)([ag.ones(1), np.ones(1)]).size == 2
    with pytest.raises(errors.DtypeError, match=rf"^\[astype\] x is of type list: {TAKEN}; pass"):
        ag.astype([1], ag.float32)


def test_derived_functions_take_scalars_and_arrays(device: str) -> None:
    x = ag.asarray([1.0, 2.0, 3.0], device=device)
    assert ag.expand_dims(2.0, 0).tolist() == [2.0]
    assert ag.squeeze(2.0).tolist() == 2.0
    assert ag.squeeze(np.ones((1, 1))).tolist() == 1.0
    assert ag.tensordot(x, 2.0, axes=0).tolist() == [2.0, 4.0, 6.0]
    assert ag.tensordot(np.float64(2.0), x, axes=0).tolist() == [2.0, 4.0, 6.0]
    one, other = ag.broadcast_arrays(1.0, x)
    assert one.tolist() == [1.0] * 3 and one.device == other.device == x.device
    for program, kind in (
        (lambda: ag.vecdot(x, 2.0), errors.AxisError),
        (lambda: ag.matrix_transpose(2.0), errors.ShapeError),
        (lambda: ag.moveaxis(2.0, 0, 1), errors.AxisError),
    ):
        with pytest.raises(kind):
            program()


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_nothing_has_no_largest_entry(name: str, device: str) -> None:
    for shape, keywords in (((0,), {}), ((0, 3), {"axis": 0}), ((3, 0), {"axis": -1}), ((2, 0), {})):
        x = ag.zeros(shape, device=device)
        with pytest.raises(errors.ShapeError) as caught:
            getattr(ag, name)(x, **keywords)
        assert str(caught.value).startswith(f"[{name}] x has shape {shape}: ")
    assert getattr(ag, name)(ag.zeros((0, 3), device=device), axis=1).shape == (0,)


def test_the_gradient_of_nothing() -> None:
    x = ag.tensor(1.0, requires_grad=True)
    with pytest.raises(errors.DtypeError, match=r"\[grad\] output 0 is NoneType: expected a tensor"):
        ag.autograd.grad(None, x)
    with pytest.raises(errors.DtypeError, match=r"\[grad\] input 0 is NoneType: expected a tensor"):
        ag.autograd.grad(x * 2, None)


def test_operands_go_by_the_names_that_the_function_gives_them() -> None:
    there = ag.ones(2, device="array_api_strict:device1")
    with pytest.raises(
        ag.DeviceError, match=r"\[where\] condition is on cpu, y is on array_api_strict:device1"
    ):
        ag.where(ag.asarray([True, False]), 1.0, there)
    with pytest.raises(ag.DeviceError, match=r"\[clip\] x is on cpu, max is on array_api_strict:device1"):
        ag.clip(ag.ones(2), None, there)
    with pytest.raises(ag.DeviceError, match=r"\[concat\] x is on cpu, y is on array_api_strict:device1"):
        ag.concat([ag.ones(2), there])
    with pytest.raises(ag.DtypeError, match=r"\[clip\] min is of type str"):
        ag.clip(ag.ones(2), "a")
