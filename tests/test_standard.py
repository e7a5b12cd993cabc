"""Nothing in the standard is absent: every public name of array_api_strict is here, with its signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import array_api_strict as strict
import numpy as np
import pytest

import anygrad as ag

VERSION = "2025.12"
EXTENSIONS = ("linalg", "fft")
FLAGS = {"ArrayAPIStrictFlags", "get_array_api_strict_flags", "reset_array_api_strict_flags"}
FLAGS |= {"set_array_api_strict_flags"}
"""What array_api_strict adds to the standard: its own settings."""


@pytest.fixture(autouse=True)
def version() -> Iterator[None]:
    with strict.ArrayAPIStrictFlags(api_version=VERSION):
        yield


def names() -> list[str]:
    """Return every public name of the standard; with a dot, those of extensions."""
    with strict.ArrayAPIStrictFlags(api_version=VERSION):
        found = [name for name in strict.__all__ if name not in FLAGS and name not in EXTENSIONS]
        return found + [f"{e}.{name}" for e in EXTENSIONS for name in getattr(strict, e).__all__]


def of(module: Any, name: str) -> Any:
    for part in name.split("."):
        module = getattr(module, part)
    return module


NAMES = names()
FUNCTIONS = [name for name in NAMES if inspect.isfunction(of(strict, name))]
METHODS = ["__array_namespace__", "__dlpack__", "__dlpack_device__"]
"""The methods of the array object that are called by name."""


def plain(default: Any) -> Any:
    """Return a default; where array_api_strict notes that nothing was given, the standard has None."""
    return None if isinstance(default, strict._array_object.Undef) else default


def misfits(theirs: Callable[..., Any], ours: Callable[..., Any]) -> list[str]:
    """Say what a signature does not take as the standard's does: by place or keyword, by the same default.

    It may take more: keywords of its own that have defaults, and by place, as NumPy, what the standard
    takes by keyword alone.
    """
    wanted, given = (list(inspect.signature(f).parameters.values()) for f in (theirs, ours))
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    places = [p for p in given if p.kind in by_place]
    named = {p.name: p for p in given if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    found = []
    met: list[inspect.Parameter] = []
    for i, p in enumerate(p for p in wanted if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)):
        mine = places[i : i + 1] if p.kind in by_place else [named[p.name]] if p.name in named else []
        if p.kind is p.POSITIONAL_OR_KEYWORD and mine != [named.get(p.name)]:
            mine = []
        if not mine:
            found.append(f"takes no {p.name}: {p.kind.description}")
        elif p.default is not p.empty and mine[0].default != plain(p.default):
            found.append(f"{p.name} defaults to {mine[0].default!r}, not {plain(p.default)!r}")
        met += mine
    if any(p.kind is p.VAR_POSITIONAL for p in wanted) != any(p.kind is p.VAR_POSITIONAL for p in given):
        found.append("any number of positional arguments, or not")
    more = [p for p in given if p not in met and p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    return found + [f"{p.name} has no default" for p in more]


# ---------------------------------------------------------------- the comparison itself


@pytest.mark.parametrize(
    ("theirs", "ours", "says"),
    [
        (lambda x, /, *, axis=0: None, lambda y, /, *, axis=0: None, ""),
        (lambda x, /, *, axis=0: None, lambda x, /, *, axis=0, more=None: None, ""),
        (lambda x, /, *, axis=0: None, lambda x, axis=0: None, ""),
        (lambda x, /, *, axis=0: None, lambda x, axis=0, /: None, "takes no axis: keyword-only"),
        (lambda x, /, *, axis=0: None, lambda x, /, *, axis=1: None, "defaults to 1, not 0"),
        (lambda x, y, /: None, lambda x, /: None, "takes no y: positional-only"),
        (lambda x, y, /: None, lambda x, /, *, y: None, "takes no y"),
        (lambda x, /, axis=0: None, lambda x, axis=0, /: None, "takes no axis: positional or keyword"),
        (lambda x, /, axis=0: None, lambda x, /, *, axis=0: None, "takes no axis: positional or keyword"),
        (lambda x, /, axis=0: None, lambda x, /, axis=None: None, "defaults to None, not 0"),
        (lambda *xs: None, lambda x=1, /: None, "any number"),
        (lambda x, /: None, lambda x, /, *, more: None, "more has no default"),
    ],
)
def test_misfits_are_noticed(theirs: Callable[..., Any], ours: Callable[..., Any], says: str) -> None:
    found = misfits(theirs, ours)
    assert bool(found) == bool(says) and says in "".join(found)


# ---------------------------------------------------------------- names


def test_nothing_is_absent() -> None:
    absent = set()
    for name in NAMES:
        try:
            of(ag, name)
        except AttributeError:
            absent.add(name)
    assert not absent
    assert len(NAMES) > 190 and len(FUNCTIONS) > 160


def test_what_is_there_is_listed() -> None:
    listed = set(ag.__all__) | {f"{e}.{name}" for e in EXTENSIONS for name in of(ag, e).__all__}
    assert {name for name in NAMES if not name.startswith("_")} <= listed
    assert set(NAMES) <= {*dir(ag), *(f"{e}.{name}" for e in EXTENSIONS for name in dir(of(ag, e)))}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_agree(name: str) -> None:
    assert misfits(of(strict, name), of(ag, name)) == []


@pytest.mark.parametrize("name", METHODS)
def test_methods_agree(name: str) -> None:
    assert misfits(vars(strict._array_object.Array)[name], getattr(ag.Tensor, name)) == []


def test_the_array_object_has_everything() -> None:
    theirs = {n for n in vars(strict._array_object.Array) if not n.startswith("_") or n.startswith("__")}
    python = {
        "__buffer__",
        "__doc__",
        "__module__",
        "__dict__",
        "__weakref__",
        "__init__",
        "__new__",
        "__slots__",
    }
    assert not {name for name in theirs - python if not hasattr(ag.Tensor, name)}


@pytest.mark.parametrize("name", ["e", "inf", "nan", "newaxis", "pi"])
def test_constants_agree(name: str) -> None:
    assert of(ag, name) == of(strict, name) or (np.isnan(of(ag, name)) and np.isnan(of(strict, name)))


def test_dtypes_agree() -> None:
    theirs = {name: dtype for name in NAMES if isinstance(dtype := of(strict, name), strict._dtypes.DType)}
    assert len(theirs) == 13
    for name, dtype in theirs.items():
        assert of(ag, name) == dtype._np_dtype


def test_the_version_is_named() -> None:
    assert ag.__array_api_version__ == VERSION
    assert ag.ones(1).__array_namespace__(api_version=VERSION) is ag


def test_results_have_the_standards_fields() -> None:
    """Named tuples have the names of their fields."""
    given = [[2.0, 1.0], [1.0, 3.0]]
    x, y = ag.asarray(given), strict.asarray(given)
    for name in ("eig", "eigh", "qr", "slogdet", "svd"):
        ours, theirs = of(ag.linalg, name)(x), of(strict.linalg, name)(y)
        assert ours._fields == theirs._fields and all(isinstance(t, ag.Tensor) for t in ours)
    for name in ("unique_all", "unique_counts", "unique_inverse"):
        ours, theirs = of(ag, name)(x), of(strict, name)(y)
        assert ours._fields == theirs._fields and all(isinstance(t, ag.Tensor) for t in ours)
