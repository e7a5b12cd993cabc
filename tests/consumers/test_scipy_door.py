"""What ``anygrad.scipy`` has is called as SciPy's is: names, and of each the parameters and their order."""

from __future__ import annotations

import importlib
import inspect
import types
from typing import Any

import numpy as np
import pytest

LEAST = 60
"""How many functions there are at least."""

OUR_OWN = {"scipy.sparse.SparseArray": "what SciPy names sparray"}
"""What SciPy has under another name or not at all, and why."""

NOT_NEEDED = ("xp", "seed")
"""What says whose arrays, or draws what nothing is drawn for."""

EXCEPT = {
    "scipy.integrate.odeint": "what is LSODA's own has no place",
    "scipy.linalg.logm": "disp is going",
    "scipy.linalg.signm": "disp is going",
    "scipy.linalg.sqrtm": "disp and blocksize are going",
    "scipy.optimize.least_squares": "what chooses how is handed on",
    "scipy.optimize.nnls": "atol is going",
    **dict.fromkeys(
        ("scipy.sparse.coo_array", "scipy.sparse.csc_array", "scipy.sparse.csr_array"),
        "of what they are made alone",
    ),
    "scipy.sparse.eye_array": "it may be made on another device",
}
"""What is called otherwise than SciPy's is, and why."""


def listed(module: types.ModuleType) -> list[str]:
    """Return what a module says that it has."""
    return list(getattr(module, "__all__", None) or dir(module))


def modules(name: str = "anygrad.scipy") -> list[types.ModuleType]:
    """Return the public modules from a name on: those that it lists, and those that they list."""
    module = importlib.import_module(name)
    inner = [n for n in listed(module) if isinstance(getattr(module, n), types.ModuleType)]
    return [module, *(found for n in inner for found in modules(f"{name}.{n}"))]


def public() -> dict[str, Any]:
    """Return every public function and class, by its name below ``anygrad``."""
    return {
        f"{module.__name__.removeprefix('anygrad.')}.{name}": getattr(module, name)
        for module in modules()
        for name in listed(module)
        if not isinstance(getattr(module, name), types.ModuleType)
    }


def theirs(name: str) -> Any:
    """Return what SciPy has of a name, or None."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute, None)


def parameters(function: Any) -> dict[str, bool]:
    """Return the names of parameters in order, whether each is taken by place; ``**`` for all others."""
    kinds = {p.name: p.kind for p in inspect.signature(function).parameters.values()}
    rest = {"**": False} if inspect.Parameter.VAR_KEYWORD in kinds.values() else {}
    named = {name: kind for name, kind in kinds.items() if kind is not inspect.Parameter.VAR_KEYWORD}
    return {name: kind is not inspect.Parameter.KEYWORD_ONLY for name, kind in named.items()} | rest


def agree(own: dict[str, bool], scipys: dict[str, bool]) -> bool:
    """Tell whether parameters are SciPy's: all of them, or the first and ``**`` for the others."""
    wanted = {name: place for name, place in scipys.items() if name not in NOT_NEEDED and name != "**"}
    given = {name: place for name, place in own.items() if name not in NOT_NEEDED and name != "**"}
    if "**" in own:
        wanted = {name: place for name, place in wanted.items() if name in given}
    return list(given) == list(wanted) and all(given[name] for name in wanted if wanted[name])


def is_ufunc(function: Any) -> bool:
    """Tell whether a function is a ufunc of SciPy's, or one that lets other libraries' arrays by."""
    return isinstance(function, np.ufunc) or "casting" in parameters(function)


PUBLIC = public()
SIGNED = [
    name
    for name, own in PUBLIC.items()
    if callable(own) and callable(theirs(name)) and not hasattr(theirs(name), "_parse_args")
    if not is_ufunc(theirs(name))
]
"""What has a signature in SciPy: ufuncs have none, and distributions take their shapes."""


def test_there_are_many() -> None:
    assert len([own for own in PUBLIC.values() if callable(own)]) >= LEAST


def test_there_are_modules() -> None:
    names = [module.__name__.removeprefix("anygrad.scipy").lstrip(".") for module in modules()]
    assert {"linalg", "interpolate", "signal", "ndimage", "stats", "special", "spatial.distance"} <= set(
        names
    )


@pytest.mark.parametrize("name", PUBLIC)
def test_scipy_has_it(name: str) -> None:
    assert (theirs(name) is None) == (name in OUR_OWN)


@pytest.mark.parametrize("name", SIGNED)
def test_it_is_called_as_scipys(name: str) -> None:
    own, scipys = parameters(PUBLIC[name]), parameters(theirs(name))
    assert agree(own, scipys) == (name not in EXCEPT), f"{list(own)}, SciPy has {list(scipys)}"


@pytest.mark.parametrize("name", [name for name in PUBLIC if hasattr(theirs(name), "shapes")])
def test_a_distribution_has_scipys_shapes(name: str) -> None:
    shapes = theirs(name).shapes or ""
    assert list(PUBLIC[name].shapes) == shapes.replace(",", " ").split()


METHODS = [
    (name, method)
    for name, own in PUBLIC.items()
    for method in dir(own if isinstance(own, type) else type(own))
    if name.startswith(("scipy.interpolate.", "scipy.stats.")) and callable(getattr(own, method))
    if (not method.startswith("_") or (method == "__call__" and "__call__" in dir(theirs(name))))
    if isinstance(own, type) or not isinstance(own, types.FunctionType)
]
"""The methods of classes and of distributions."""


@pytest.mark.parametrize("name, method", METHODS)
def test_a_method_is_called_as_scipys(name: str, method: str) -> None:
    own, scipys = getattr(PUBLIC[name], method), getattr(theirs(name), method)
    assert agree(parameters(own), parameters(scipys))
