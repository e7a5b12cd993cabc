"""Chains of elementwise formulas on NumPy, block by block: what lies between two formulas stays in the cache.

A chain that comes again is written out as a list of ufunc calls, by running its formulas once on symbols that
note each call. It then computes into a few blocks of scratch memory and straight into the result. What notes
nothing (``where``, a look at a value) leaves the chain to its formulas, which make an array at every step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

__all__ = ["NumpyChains", "traceable"]

BLOCK = 1 << 17
"""The bytes of a block: a handful of them fit the second cache of a core."""
KEPT = 256
"""Chains that are known at one time."""

ARRAYS = (np.ndarray, np.generic)
Step = tuple[Callable[..., Any], Sequence[Any]]
SEEN, PLAIN = "seen once", "not to be written out"


class NumpyChains:
    """The part of NumPy's backend that runs several elementwise formulas at once."""

    chains_from: ClassVar[int | None] = 1 << 20
    programs: ClassVar[dict[Any, Any]] = {}

    def follows(self, g: Any, saved: tuple[Any, ...]) -> bool:
        """Tell whether a gradient and what a formula has saved can be cut into blocks alike."""
        if not g.flags.c_contiguous and any(g.strides):
            return False
        for s in saved:
            if s.__class__ is np.ndarray and s.ndim and not (s.shape == g.shape and s.flags.c_contiguous):
                return False
        return True

    def adds_into(self, buffer: Any) -> bool:
        """Tell whether ``chained`` can add into a buffer."""
        return bool(buffer.flags.c_contiguous)

    def chained(self, g: Any, steps: Sequence[Step], buffer: Any = None) -> Any:
        """Take a gradient through elementwise formulas, and add it to a row-major buffer if there is one."""
        flat = g.reshape(-1) if g.flags.c_contiguous else np.broadcast_to(g[(0,) * g.ndim], (g.size,))
        cut: list[Step] = [
            (f, [s.reshape(-1) if getattr(s, "ndim", 0) else s for s in saved]) for f, saved in steps
        ]
        program = self._program(flat, cut)
        # Never a view of new memory: what lands in `.grad` would be copied.
        if program is None:
            return self._through(flat, cut, buffer, g.shape)
        whole = np.empty(g.shape, program.dtype) if buffer is None else buffer
        program.run(flat, [s for _, saved in cut for s in saved], whole.reshape(-1), buffer is not None)
        return whole

    def _through(self, flat: Any, cut: list[Step], buffer: Any, shape: tuple[int, ...]) -> Any:
        """Call the formulas one on the other's result."""
        whole, entries = buffer, _entries(flat)
        for start in range(0, max(flat.size, 1), entries):
            part = slice(start, start + entries)
            block = flat[part]
            for formula, saved in cut:
                block = formula(self, block, [s[part] if getattr(s, "ndim", 0) else s for s in saved])
            if whole is None:
                whole = np.empty(shape, block.dtype)
            into = whole.reshape(-1)[part]
            if buffer is None:
                into[...] = block
            else:
                into += block
        return whole

    def _program(self, flat: Any, cut: list[Step]) -> Program | None:
        """Return the calls of a chain that was seen before; None where it is new or has no such text."""
        programs = self.programs
        key: list[Any] = [flat.dtype]
        for formula, saved in cut:
            key.append(formula)
            # Numbers by what they look like: 0.0 and -0.0 are equal.
            key += [(s.dtype, s.ndim) if isinstance(s, ARRAYS) else (s.__class__, repr(s)) for s in saved]
        known = tuple(key)
        found: Any = programs.get(known)
        if found is None:
            if len(programs) >= KEPT:
                programs.clear()
            programs[known] = SEEN
        elif found is SEEN:
            found = PLAIN
            if all(traceable(formula) for formula, _ in cut):
                with contextlib.suppress(AttributeError, TypeError):
                    found = Program(self, flat, cut)
            programs[known] = found
        return found if found.__class__ is Program else None


def traceable(formula: Any) -> bool:
    """Tell whether a formula is of a row of ours: what users wrote may ask in many ways what an array is."""
    names = getattr(formula, "__globals__", {}).items()  # of an adapter, what it calls
    called = [f for name, f in names if name.startswith("formula_")]
    modules = [str(getattr(f, "__module__", "")) for f in called]
    return bool(called) and all(name.startswith("anygrad.") for name in modules)


class Symbol(NDArrayOperatorsMixin):
    """Stands for an array, or a scalar of NumPy's, in a formula: notes the ufuncs that are called with it.

    ``like`` is an empty array that tells its dtype, with as many axes. Whatever is no call of a ufunc, or
    asks for a value, is a ``TypeError`` or an ``AttributeError``.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, calls: list[Call], like: Any) -> None:
        self.calls = calls
        self.like = like

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the array."""
        dtype: np.dtype = self.like.dtype
        return dtype

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        if method != "__call__" or keywords or ufunc.nout != 1:
            return NotImplemented
        like = np.asarray(ufunc(*(x.like if isinstance(x, Symbol) else x for x in operands)))
        out = Symbol(self.calls, like)
        self.calls.append((ufunc, operands, out))
        return out

    def __array_function__(self, *arguments: Any) -> Any:
        return NotImplemented

    def __array__(self, *arguments: Any, **keywords: Any) -> Any:
        raise TypeError("a symbol has no value")

    def __bool__(self) -> bool:
        raise TypeError("a symbol has no value")


Call = tuple[np.ufunc, tuple[Any, ...], Symbol]


class Program:
    """The ufunc calls of a chain, written out as one function of a block: ``text``.

    ``a0``, ``a1``, ... are the gradient and what the formulas saved, in order, ``r0``, ... blocks of scratch
    memory, which are used again once nobody reads them, ``f0``, ... the ufuncs.
    """

    def __init__(self, xp: Any, flat: Any, cut: list[Step]) -> None:
        calls: list[Call] = []
        given: list[Any] = []

        def symbol(s: Any) -> Any:
            given.append(Symbol(calls, np.empty((0,) * s.ndim, s.dtype)) if isinstance(s, ARRAYS) else s)
            return given[-1]

        out = symbol(flat)
        for formula, saved in cut:
            out = formula(xp, out, [symbol(s) for s in saved])
        if not calls or calls[-1][2] is not out or not out.like.ndim:
            raise TypeError("the last formula returns nothing new")
        self.dtype = out.dtype
        self.scratch: list[np.dtype] = []
        self._write(calls, given)

    def _write(self, calls: list[Call], given: list[Any]) -> None:
        names: dict[int, str] = {id(s): f"a{i}" for i, s in enumerate(given)}
        last = {id(x): i for i, (_, operands, _) in enumerate(calls) for x in operands}
        constants: dict[str, Any] = {}
        free: dict[np.dtype, list[str]] = {}
        lines = []
        for i, (ufunc, operands, out) in enumerate(calls):
            constants[f"f{i}"] = ufunc
            arguments = []
            for j, x in enumerate(operands):
                if not isinstance(x, Symbol):
                    constants[f"c{i}_{j}"] = x
                    arguments.append(f"c{i}_{j}")
                    continue
                arguments.append(names[id(x)])
                if last[id(x)] == i and names[id(x)][0] == "r":
                    last[id(x)] = -1  # once, also where it is both operands
                    free.setdefault(x.dtype, []).append(names[id(x)])
            if out is calls[-1][2]:
                lines.append(f"f{i}({', '.join(arguments)}, out)")
            elif not out.like.ndim:
                names[id(out)] = f"s{i}"
                lines.append(f"s{i} = f{i}({', '.join(arguments)})")
            else:
                spare = free.get(out.dtype)
                if not spare:
                    spare = [f"r{len(self.scratch)}"]
                    self.scratch.append(out.dtype)
                names[id(out)] = register = spare.pop()
                lines.append(f"f{i}({', '.join(arguments)}, {register})")
        taken = [f"a{i}" for i in range(len(given))] + [f"r{i}" for i in range(len(self.scratch))] + ["out"]
        self.text = f"def block({', '.join(taken)}):\n    " + "\n    ".join(lines)
        exec(compile(self.text, "<chain>", "exec"), constants)
        self.block = constants["block"]

    def run(self, flat: Any, saved: Sequence[Any], out: Any, adds: bool) -> None:
        """Compute the chain for a gradient, into ``out`` or added to it."""
        given, size, entries = [flat, *saved], flat.size, _entries(flat)
        scratch = [np.empty(min(entries, size), d) for d in (*self.scratch, *([self.dtype] if adds else []))]
        own = len(self.scratch)
        for start in range(0, size, entries):
            part = slice(start, start + entries)
            if start + entries > size:
                scratch = [r[: size - start] for r in scratch]
            blocks = [s[part] if getattr(s, "ndim", 0) else s for s in given]
            into = out[part]
            self.block(*blocks, *scratch[:own], scratch[own] if adds else into)
            if adds:
                into += scratch[own]


def _entries(flat: Any) -> int:
    """Return how many entries a block has."""
    return max(1, BLOCK // int(flat.itemsize))
