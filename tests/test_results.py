"""What functions return: tensors alone, in the standard's containers, aliased where NumPy's are."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import array_api_strict as strict
import numpy as np
import pytest

import anygrad as ag
from anygrad.functions import FUNCTIONS
from anygrad.op import CREATIONS, REGISTRY
from anygrad.tensors import Tensor
from anygrad.views import View
from tests.samples import SAMPLES, Sample, cases, itself, outputs_of
from tests.targets import Target

VALUES = np.array([[1.5, -2.0], [0.5, 4.0]])

quick = pytest.mark.targets("numpy", "numpy-readonly", "strict", "torch", "cupy")
"""Not JAX, which would compile every function for what is the same on all."""

SPACES = {"": ag, "linalg.": ag.linalg, "fft.": ag.fft, "special.": ag.special}
MODULES = {space.__name__ for space in SPACES.values()}
MODULES |= {f"anygrad.{name}" for name in ("interchange", "namespace", "tensors")}
"""Where functions are from that return tensors, other than those that run a function of the user's."""

OTHERS: dict[str, Callable[[Any], Any]] = {
    "asarray": lambda x: ag.asarray(x),
    "tensor": lambda x: ag.tensor(x),
    "from_dlpack": lambda x: ag.from_dlpack(x),
    "zeros_like": lambda x: ag.zeros_like(x),
    "ones_like": lambda x: ag.ones_like(x),
    "empty_like": lambda x: ag.empty_like(x),
    "full_like": lambda x: ag.full_like(x, 2),
}
"""Those that are in no table of functions, and a call of each."""


def public() -> dict[str, Any]:
    """Return every public function that returns tensors, by its name and its extension's."""
    found = {f"{at}{name}": getattr(space, name) for at, space in SPACES.items() for name in space.__all__}
    functions = {name: f for name, f in found.items() if callable(f) and not isinstance(f, type)}
    return {name: f for name, f in functions.items() if getattr(f, "__module__", "") in MODULES}


PUBLIC = public()
KEYS = {name: next((key for key, f in FUNCTIONS.items() if f is found), "") for name, found in PUBLIC.items()}
"""By its public name, what the table of functions calls it; nothing for what is not in there."""


def leaves(found: Any) -> Iterator[Any]:
    """Yield what a function has returned, however it is packed."""
    if isinstance(found, tuple | list):
        for part in found:
            yield from leaves(part)
    else:
        yield found


def check(found: Any, target: Target, about: object) -> None:
    """Hold that all that was returned are tensors of a target, over its arrays."""
    assert list(leaves(found))
    for out in leaves(found):
        assert out.__class__ in (Tensor, View), about
        assert out.device == target.device and out.__array_namespace__() is target.backend.tensors.public()
        assert target.holds(out) and type(out.shape) is tuple, about


def firsts(name: str, target: Target) -> list[Sample]:
    """Return a sample of each kind that matters here, real and complex."""
    found = {(s.kind, s.is_complex): s for s in cases(name, target.name, "plain", "0-d", "axis", "scalar")}
    return list(found.values())


# ---------------------------------------------------------------- types


def test_no_public_function_escapes() -> None:
    table = {name for name, key in KEYS.items() if key}
    assert {KEYS[name] for name in table} <= SAMPLES.keys()
    assert PUBLIC.keys() - table == OTHERS.keys()
    assert len(PUBLIC) > 300


@quick
@pytest.mark.parametrize("name", sorted({key for key in KEYS.values() if key not in CREATIONS} - {""}))
def test_results_are_tensors(name: str, target: Target) -> None:
    """From tensors, and from the library's own arrays, and of a namespace's function as of the package's."""
    for one in firsts(name, target):
        operands = one.made(target)
        found = one.bare(target, operands)
        check(found, target, one)
        if one.before is not itself:
            continue
        raw = [x.array if isinstance(x, Tensor) else x for x in operands]
        again = one.bare(target, raw)
        check(again, target, one)
        assert type(found) is type(again) and len(list(leaves(found))) == len(list(leaves(again)))
        assert [x.dtype for x in leaves(found)] == [x.dtype for x in leaves(again)]


@pytest.mark.parametrize("name", sorted(CREATIONS))
def test_creation(name: str, target: Target) -> None:
    created = attrgetter(name)(target.backend.tensors)
    for one in firsts(name, target):
        check(created(*one.extra, **one.options), target, one)
        check(FUNCTIONS[name](*one.extra, **one.options, device=target.device), target, one)


@pytest.mark.parametrize("name", OTHERS)
def test_other_functions(name: str, target: Target) -> None:
    for values in (VALUES, np.asarray(1.5), np.zeros((0, 2))):
        check(OTHERS[name](target.make(values)), target, name)


BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "eq", "ne", "gt", "ge")
BITWISE = ("and_", "or_", "xor", "lshift", "rshift")


@pytest.mark.parametrize("shape", [(), (2, 2)])
def test_operators_return_tensors(target: Target, shape: tuple[int, ...]) -> None:
    x, i = target.make(np.full(shape, 2.5)), target.make(np.full(shape, 2))
    for name in BINARY:
        f = getattr(operator, name)
        others = (x, 2.0, 2) + ((np.float64(2.0),) if target.is_numpy else ())
        for y in others:
            check(f(x, y), target, name)
            check(f(y, x), target, name)
    for name in BITWISE:
        f = getattr(operator, name)
        check([f(i, i), f(i, 1), f(1, i)], target, name)
    check([-x, +x, abs(x), ~i, divmod(x, 2.0), x[...], x.T if shape else x], target, "unary")
    if shape:
        check([x @ x, x[0], x[0, 0], x[x > 0], x[i[0] - 1], list(x)], target, "indexing")


@pytest.mark.parametrize("shape", [(), (2, 2)])
def test_in_place_operators_return_the_tensor(target: Target, shape: tuple[int, ...]) -> None:
    for name in ("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul"):
        x = target.make(np.full(shape, 2.5))
        if shape or name != "imatmul":
            assert getattr(operator, name)(x, x if name == "imatmul" else 2.0) is x
            check(x, target, name)
    for name in ("iand", "ior", "ixor", "ilshift", "irshift"):
        i = target.make(np.full(shape, 2))
        assert getattr(operator, name)(i, 1) is i
        check(i, target, name)


# ---------------------------------------------------------------- containers

SEVERAL = """
    broadcast_arrays meshgrid nonzero unique_all unique_counts unique_inverse unstack
    linalg.eig linalg.eigh linalg.qr linalg.slogdet linalg.svd
"""


@pytest.mark.parametrize("name", SEVERAL.split())
def test_containers_are_the_standards(name: str, target: Target) -> None:
    """A list is a list, a tuple a tuple, and a named tuple has the standard's fields."""
    with strict.ArrayAPIStrictFlags(api_version="2025.12"):
        given = [VALUES[0], VALUES[1]] if name == "meshgrid" else [VALUES]
        theirs = attrgetter(name)(strict)(*map(strict.asarray, given))
    ours = attrgetter(name)(ag)(*map(target.make, given))
    assert isinstance(ours, tuple) == isinstance(theirs, tuple)
    assert isinstance(ours, list) == isinstance(theirs, list)
    assert getattr(ours, "_fields", None) == getattr(theirs, "_fields", None)
    assert len(ours) == len(theirs)


# ---------------------------------------------------------------- aliasing

COPIES = {"real", "imag", "linalg.diagonal"}
"""What NumPy gives as a view and anygrad as a copy, as README says."""


ALIASING = [name for name in sorted(REGISTRY.keys() & set(KEYS.values())) if "special." not in name]
ALIASING += ["broadcast_arrays", "unstack"]


def written(x: Tensor) -> None:
    """Change every entry of a tensor."""
    x[...] = ~x if x.dtype.kind == "b" else x + 1


@quick
@pytest.mark.parametrize("name", ALIASING)
def test_results_alias_what_numpys_do(name: str, target: Target) -> None:
    """A write to an operand shows in the result where NumPy's result is a view of it, and nowhere else."""
    for one in firsts(name, target):
        for i, values in enumerate(one.operands):
            if not isinstance(values, np.ndarray) or not values.size:
                continue
            twin = [np.array(o) if isinstance(o, np.ndarray) else o for o in one.operands]
            theirs = Sample(name, one.kind, tuple(twin), one.extra, one.options, reference=one.reference)
            expected = outputs_of(theirs.expected())
            operands = one.made(target)
            outs = outputs_of(one.bare(target, operands))
            before = [out.numpy(copy=True) for out in outs]
            written(operands[i])
            for out, old, there in zip(outs, before, expected, strict=True):
                moved = out.size > 0 and not np.array_equal(
                    out.numpy(), old, equal_nan=old.dtype.kind in "fc"
                )
                assert moved == (np.shares_memory(there, twin[i]) and name not in COPIES), one
