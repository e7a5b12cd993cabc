"""Every name of CuPy that anygrad uses, looked up in the CuPy that is installed: its names need no GPU.

What rows and backend call is seen on the stand-in, with the arguments that they give; what only a GPU would
run is read from the source. A signature that compiled code does not tell is the first line of its docstring.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import inspect
import itertools
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from anygrad.backends.base import DTYPES, STANDARD
from anygrad.backends.special import SPECIAL
from anygrad.backends.special_lookup import LIBRARIES, OURS
from anygrad.devices import get_backend
from anygrad.op import CREATIONS, DERIVED, REGISTRY
from tests import standin
from tests.samples import cases, own
from tests.targets import Target
from tests.test_cupy_waits import twice

cupy = pytest.importorskip("cupy")
CupyBackend = importlib.import_module("anygrad.backends.cupy").CupyBackend
REAL = {name: importlib.import_module(name) for name in ("cupy", "cupyx", "array_api_compat.cupy")}
COMPAT = REAL["array_api_compat.cupy"]
PACKAGE = Path(__file__).parent.parent / "anygrad"
NOTHING = object()


def library(name: str) -> Any:
    """Return a module over a library of CUDA's; where that is not installed, the words of its binary."""
    try:
        return getattr(cupy.cuda, name)
    except ImportError:
        folder = Path(importlib.import_module("cupy_backends.cuda.libs").__file__).parent
        (file,) = folder.glob(f"{name}.*.so")
        words = set(re.findall(rb"(?<![\w])[a-z]\w+(?=\0)", file.read_bytes()))
        return SimpleNamespace(**{word.decode(): lambda *arguments: None for word in words})


cupy.cuda.cublas = library("cublas")

Call = tuple[str, str, int, tuple[str, ...]]
"""A module, a function, how many arguments by position, the names of the others."""


# ---------------------------------------------------------------- signatures


def signature_of(function: Any) -> inspect.Signature:
    """Return a signature; of compiled code, that of the first line of its docstring, without C's types."""
    try:
        return inspect.signature(function)
    except ValueError:
        found = re.match(r"[\w.]+\((.*?)\)(?: ->.*)?$", (function.__doc__ or "").partition("\n")[0])
        assert found, f"{function} does not tell its signature"
    parts = [part.partition("=") for part in re.findall(r"(?:[^,(\[]|\(.*?\)|\[.*?\])+", found[1])]
    names = [
        name.replace("\\", "").split()[-1] + ("=None" if equal else "")
        for name, equal, _ in parts
        if name.strip()
    ]
    made = ast.parse(f"lambda {', '.join(n for n in names if n != 'self')}: None", mode="eval")
    return inspect.signature(eval(compile(made, "<signature>", "eval")))


def misfit(function: Any, count: int, keywords: tuple[str, ...], partly: bool = False) -> str:
    """Say why a function does not take so many arguments and these keywords; nothing where it does."""
    found = signature_of(function)
    try:
        (found.bind_partial if partly else found.bind)(*range(count), **dict.fromkeys(keywords))
    except TypeError as error:
        return f"{error}: {found}"
    return ""


@pytest.mark.parametrize(
    ("function", "count", "keywords", "says"),
    [
        (cupy.maximum, 2, (), ""),
        (cupy.maximum, 2, ("out", "dtype"), ""),
        (cupy.maximum, 1, (), "missing"),
        (cupy.maximum, 2, ("where",), "unexpected"),
        (cupy.add.at, 3, (), ""),
        (cupy.add.at, 4, (), "too many"),
        (cupy.cuda.runtime.memcpyAsync, 5, (), ""),
        (cupy.cuda.runtime.memcpyAsync, 0, ("dst", "src", "size", "kind"), "missing"),
        (cupy.ElementwiseKernel, 4, ("preamble",), ""),
        (cupy.ndarray.reshape, 3, ("order",), ""),
        (COMPAT.clip, 3, (), ""),
        (COMPAT.clip, 1, ("a_min",), "unexpected"),
    ],
)
def test_signatures_are_read_right(function: Any, count: int, keywords: Any, says: str) -> None:
    found = misfit(function, count, keywords)
    assert says in found and bool(says) == bool(found)


# ---------------------------------------------------------------- what runs


@pytest.fixture(scope="module")
def seen() -> Iterator[tuple[set[Call], set[str]]]:
    """Run every sample on the stand-in, to second order; give the calls, and the attributes read."""
    calls: set[Call] = set()
    attributes: set[str] = set()

    def watched(home: str, name: str, function: Any) -> Any:
        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            calls.add((home, name, len(arguments), tuple(sorted(keywords))))
            return function(*arguments, **keywords)

        return call

    class Ufunc(standin.ufunc):
        def __init__(self, home: str, plain: standin.ufunc) -> None:
            super().__init__(plain.__name__, plain.numpys)
            self.call = watched(home, self.__name__, super().__call__)
            self.at = watched(home, f"{self.__name__}.at", super().at)

        def __call__(self, *arguments: Any, **keywords: Any) -> Any:
            return self.call(*arguments, **keywords)

    def attribute(self: Any, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if str(PACKAGE) in sys._getframe(1).f_code.co_filename:
            attributes.add(name)
        return found

    with pytest.MonkeyPatch.context() as patch, standin.installed():
        patch.setattr(standin.ndarray, "__getattribute__", attribute)
        for home in ("cupy", "array_api_compat.cupy"):
            module = sys.modules[home]
            for name, function in list(vars(module).items()):
                if isinstance(function, standin.ufunc):
                    setattr(module, name, Ufunc(home, function))
                elif callable(function) and not isinstance(function, type):
                    setattr(module, name, watched(home, name, function))
        for part in ("fft", "linalg"):
            space = getattr(sys.modules["array_api_compat.cupy"], part)
            for name, function in list(vars(space).items()):
                setattr(space, name, watched("array_api_compat.cupy", f"{part}.{name}", function))
        target = Target("cuda:0", get_backend("cuda"))
        patch.setattr(type(target.backend), "chains_from", None)  # Kernels are compiled elsewhere.
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            for name in own((*REGISTRY, *DERIVED, *CREATIONS)):
                for one in cases(name, "cupy"):
                    twice(one, target)
    yield calls, attributes


def resolved(name: str, home: Any) -> Any:
    """Return what a dotted name means; ``NOTHING`` where a part of it is not there."""
    for part in name.split("."):
        home = getattr(home, part, NOTHING)
    return home


def test_rows_and_backend_call_what_there_is(seen: tuple[set[Call], set[str]]) -> None:
    calls, _ = seen
    assert len({name for _, name, _, _ in calls}) > 100
    assert {"fft.fft", "fft.fftn", "linalg.qr"} <= {name for _, name, _, _ in calls}
    wrong = []
    for home, name, count, keywords in sorted(calls):
        function = resolved(name, REAL[home])
        found = "is not there" if function is NOTHING else misfit(function, count, keywords)
        if found:
            wrong.append(f"{home}.{name}: {found}")
    assert not wrong


def test_arrays_have_the_attributes_that_are_read(seen: tuple[set[Call], set[str]]) -> None:
    _, attributes = seen
    assert {"shape", "dtype", "data", "base", "flags", "view"} <= attributes
    assert not {name for name in attributes if not hasattr(cupy.ndarray, name)}


def test_special_functions_are_those_that_there_are() -> None:
    special = importlib.import_module("cupyx.scipy.special")
    there = {name for name in SPECIAL if name not in OURS and hasattr(special, name)}
    assert there - {"exprel"} == set(LIBRARIES["cupyx.scipy.special"])


def test_the_standin_offers_nothing_of_its_own() -> None:
    with standin.installed(2) as made:
        pairs = [(made, cupy), (sys.modules["array_api_compat.cupy"], COMPAT), (made.cuda, cupy.cuda)]
        pairs += [
            (made.ndarray, cupy.ndarray),
            (made.ufunc, cupy.ufunc),
            (made.cuda.runtime, cupy.cuda.runtime),
        ]
    for one, real in pairs:
        names = [name for name in vars(one) if not name.startswith("_")]
        assert names and not [name for name in names if not hasattr(real, name)], real


# ---------------------------------------------------------------- what the source says


def sources() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if re.search(r"\bimport .*cupy", path.read_text())]


def chain(node: ast.AST) -> tuple[str, ...]:
    """Return the parts of a dotted name, or nothing for another expression."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute) and (before := chain(node.value)):
        return (*before, node.attr)
    return ()


def imported(module: str, name: str) -> Any:
    """Return what a module has; without CUDA, a function of the signature in its source."""
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError:
        origin = importlib.util.find_spec(module).origin
    for path in Path(origin).parent.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                stub = ast.Expression(ast.Lambda(node.args, ast.Constant(None)))
                return eval(compile(ast.fix_missing_locations(stub), origin, "eval"))
    raise AttributeError(f"{module} has no {name}")


def meanings(tree: ast.AST) -> dict[str, Any]:
    """Return what a file calls CuPy and parts of it, by import or by assignment."""
    known: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if "cupy" in name.name:
                    short = name.asname or name.name.partition(".")[0]
                    known[short] = importlib.import_module(name.name if name.asname else short)
        elif (
            isinstance(node, ast.ImportFrom)
            and "cupy" in (node.module or "")
            and "anygrad" not in node.module
        ):
            known |= {name.asname or name.name: imported(node.module, name.name) for name in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            root, *rest = chain(node.value) or ("",)
            if root in known and rest:
                known[node.targets[0].id] = resolved(".".join(rest), known[root])
    return known


def objects() -> Iterator[Any]:
    """Give the kinds of objects that the backend has in hand, beside modules."""
    yield from (cupy.ndarray, cupy.dtype, cupy.RawModule, cupy.RawKernel, type(cupy.ndarray.flags))
    cuda = cupy.cuda
    yield from (cuda.Device, cuda.Stream, cuda.Event, cuda.MemoryPool, cuda.PinnedMemoryPool)
    yield from (cuda.MemoryPointer, cuda.Memory, cupy._core.flags.Flags, cuda.memory.OutOfMemoryError(1, 2))
    yield from (np.ndarray, bool, int, str, bytes, tuple, list, dict, set, BaseException, type, sources)
    yield from (CupyBackend, cupy.cuda.cublas, cupy.random.Generator)


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_the_source_reads_attributes_that_there_are(path: Path) -> None:
    """A misspelt attribute is one that no object has: not CuPy's, not Python's, not the file's own."""
    tree = ast.parse(path.read_text())
    known = {name for one in objects() for name in dir(one)}
    modules = {"self", *meanings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules |= {name.asname or name.name.partition(".")[0] for name in node.names}
    for file in (PACKAGE / "backends").glob("*.py"):
        found = (n for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Attribute))
        known |= {n.attr for n in found if isinstance(n.ctx, ast.Store)}
    read = (
        n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and (chain(n) or ("",))[0] not in modules
    )
    assert not [(n.lineno, n.attr) for n in read if n.attr not in known]


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_the_source_names_names_what_there_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    known, wrong = meanings(tree), []
    assert known
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else node
        root, *rest = chain(called) or ("",)
        if root not in known or not isinstance(node, ast.Call | ast.Attribute):
            continue
        function, found = resolved(".".join(rest), known[root]) if rest else known[root], ""
        if function is NOTHING:
            found = "is not there"
        elif isinstance(node, ast.Call) and not isinstance(function, type(cupy)):
            starred = any(isinstance(a, ast.Starred) for a in node.args) or any(
                k.arg is None for k in node.keywords
            )
            count = sum(not isinstance(a, ast.Starred) for a in node.args)
            found = misfit(function, count, tuple(k.arg for k in node.keywords if k.arg), starred)
        if found:
            wrong.append(f"line {node.lineno}: {'.'.join((root, *rest))} {found}")
    assert not wrong


# ---------------------------------------------------------------- dtypes


def test_dtypes_are_numpys() -> None:
    backend = object.__new__(CupyBackend)
    vars(backend).update(module=COMPAT, device=None, name="cuda:0")
    assert backend.listed_dtypes() == {text: np.dtype(text) for text in DTYPES}
    for text in DTYPES:
        assert np.dtype(getattr(COMPAT, text)) == np.dtype(text)
        assert cupy._core._scalar.get_typename(np.dtype(text))  # what kernels call it in C++


def loop(ufunc: Any, given: tuple[np.dtype, ...]) -> np.dtype | None:
    """Return the dtype of what CuPy computes: its first loop to which the operands can be cast."""
    for one in ufunc.types:
        into, _, out = one.partition("->")
        if "E" not in one and all(map(np.can_cast, given, into)):  # E is a half float of other packages
            return np.dtype(out)
    return None


def ufunc_of(name: str) -> Any:
    """Return CuPy's ufunc that a row calls; None where it is none, or the backend has something better."""
    function = getattr(CupyBackend, name, getattr(COMPAT, name))
    return function if isinstance(function, cupy.ufunc) else None


@pytest.mark.parametrize("name", [name for name in STANDARD if isinstance(getattr(np, name), np.ufunc)])
def test_ufuncs_have_the_loops_of_numpys(name: str) -> None:
    own, function = getattr(np, name), ufunc_of(name)
    if function is None:
        assert name in vars(CupyBackend) or inspect.isfunction(getattr(COMPAT, name))
        return
    lacking = []
    for given in itertools.product(map(np.dtype, DTYPES), repeat=own.nin):
        try:
            *_, want = own.resolve_dtypes((*given, *(None,) * own.nout))
        except TypeError:
            continue
        found = loop(function, given)
        if found != want and want in map(np.dtype, DTYPES):
            lacking.append(f"{', '.join(map(str, given))}: {found} for {want}")
    assert not lacking
