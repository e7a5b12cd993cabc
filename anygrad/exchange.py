"""The public functions under observation: which they are, who calls one, and how it runs another for a while.

A function is held by whoever imported it, so what is exchanged is its code. Who observes is told from others
by what it installs; all are put on and taken off like a pile. Knows no log and no clock.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from anygrad.functions import FUNCTIONS
from anygrad.methods import COMPARISONS, IN_PLACE, METHODS, OPERATORS, SHORT
from anygrad.namespace import LIKE
from anygrad.op import CREATIONS
from anygrad.tensors import Tensor, asarray, tensor

__all__ = ["Local", "Op", "Shared", "called", "exchange", "operations", "put_on", "swap", "take_off"]

Op = tuple[str, types.CodeType | None, int]
"""One call of an operation, told by identity: its name, and the user's code and instruction that called (None
where that was not seen)."""

HERE = os.path.dirname(__file__)
Function = Callable[..., Any]


class Here:
    """What a thread is doing: the operation that runs, and the one whose derivative ran last."""

    __slots__ = ("last", "op", "thread")

    def __init__(self) -> None:
        self.op: Op | None = None
        self.last: Op | None = None
        self.thread = threading.get_ident()


class Local(threading.local):
    """``here``: this thread's ``Here``."""

    def __init__(self) -> None:
        self.here = Here()


class Files(dict[str, bool]):
    """Which files are the package's own; adapters are compiled from none."""

    def __missing__(self, name: str) -> bool:
        found = self[name] = name.startswith(HERE) or name == "<adapter>"
        return found


FILES = Files()


def called(name: str) -> Op:
    """Return the op of a call: its place is the innermost frame that is not the package's."""
    frame: Any = sys._getframe(2)
    while frame is not None and FILES[frame.f_code.co_filename]:
        frame = frame.f_back
    return (name, None, 0) if frame is None else (name, frame.f_code, frame.f_lasti)


def operations() -> dict[types.FunctionType, tuple[str, str]]:
    """Return the public functions, each with the name to give it and whether it ``creates`` or ``writes``."""
    found: dict[Any, tuple[str, str]] = {tensor: ("tensor", "creates"), asarray: ("asarray", "creates")}
    for name, function in FUNCTIONS.items():
        found[function] = (name, "creates" if name in CREATIONS else "")
    for name, function in LIKE.items():
        found[function] = (name, "creates")
    for name, function in IN_PLACE.items():
        found[function] = (SHORT.get(name[:-1], name[:-1]) + "_", "writes")
    for name, method in METHODS.items():
        if name != "detach":
            made = method.fget if isinstance(method, property) else method
            found.setdefault(made, (name, "writes" if name.endswith("_") or name == "fill" else ""))
    own = vars(Tensor)
    for name, row in (OPERATORS | COMPARISONS).items():
        found.setdefault(own[f"__{name}__"], (row, ""))
    for name, row in OPERATORS.items():
        found.setdefault(own[f"__r{name}__"], (row, ""))
        found.setdefault(own[f"__i{name}__"], (row + "_", "writes"))
    found[own["__getitem__"]], found[own["__setitem__"]] = ("getitem", ""), ("setitem", "writes")
    return found


@functools.cache
def _stand_in(count: int) -> types.CodeType:
    """Return the code of a function with so many free variables, which calls ``_timed`` in its own place."""
    free = ", ".join(f"v{i}" for i in range(count))
    text = f"""
def make({free}):
    def stand_in(*arguments, _timed, **keywords):
        return _timed(arguments, keywords)
        {free or "None"}
    return stand_in
"""
    names: dict[str, Any] = {}
    exec(compile(text, __file__, "exec"), names)
    made: types.FunctionType = names["make"](*range(count))
    return made.__code__


def exchange(undo: contextlib.ExitStack, function: types.FunctionType, wrap: Function) -> None:
    """Have a function run ``wrap(itself)``, for everybody who holds it, until the stack is unwound."""
    code, defaults = function.__code__, function.__kwdefaults__
    own = types.FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    own.__kwdefaults__ = defaults
    # Whoever calls in between finds what he needs: the keyword is there before the code that asks for it.
    undo.callback(setattr, function, "__kwdefaults__", defaults)
    undo.callback(setattr, function, "__code__", code)
    function.__kwdefaults__ = (defaults or {}) | {"_timed": wrap(own)}
    function.__code__ = _stand_in(len(code.co_freevars))


def swap(undo: contextlib.ExitStack, owner: Any, name: str, value: Any) -> None:
    """Set an attribute until the stack is unwound."""
    if hasattr(owner, "__dict__") and name not in vars(owner):
        undo.callback(delattr, owner, name)
    else:
        before = vars(owner)[name] if hasattr(owner, "__dict__") else getattr(owner, name)
        undo.callback(setattr, owner, name, before)
    setattr(owner, name, value)


_lock = threading.RLock()
_pile: list[Any] = []


def put_on(observer: Any) -> None:
    """Have an observer, which has ``install`` and ``uninstall``, see what is called from now on."""
    with _lock:
        observer.install()
        _pile.append(observer)


def take_off(observer: Any) -> None:
    """End that.

    What it has exchanged others may have exchanged again since: they are taken off too, and put on again.
    """
    with _lock:
        at = _pile.index(observer)
        above = _pile[at + 1 :]
        for one in reversed(_pile[at:]):
            one.uninstall()
        for one in above:
            one.install()
        _pile[at:] = above


class Shared:
    """One observer for all blocks of its kind that are open at a time, in whatever thread."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._blocks = 0
        self._observer: Any = None

    def enter(self) -> Any:
        """Open a block, and return the observer."""
        with _lock:
            if not self._blocks:
                observer = self._make()
                put_on(observer)
                self._observer = observer
            self._blocks += 1
            return self._observer

    def leave(self) -> None:
        """Close a block."""
        with _lock:
            self._blocks -= 1
            if not self._blocks:
                take_off(self._observer)
                self._observer = None
