"""Chains of elementwise formulas on NumPy, block by block: what lies between two formulas stays in the cache.

Chains that come again are written out as a list of ufunc calls, by running their formulas once on symbols
that note each call. They then compute into a few blocks of scratch memory and straight into the result. What
notes nothing (``where``, a look at a value) leaves them to their formulas, which make an array at every step.
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
Chain = tuple[Any, Sequence[Step]]
"""A gradient and the formulas that it goes through, each with what was saved for it."""
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

    def chained(self, chains: Sequence[Chain], buffer: Any = None) -> Any:
        """Return the sum of gradients, each taken through formulas; add it to a row-major buffer if given."""
        shape = chains[0][0].shape
        cut: list[Chain] = [
            (_flat(g) if shape else g.reshape(-1), [(f, [_flat(s) for s in saved]) for f, saved in steps])
            for g, steps in chains
        ]
        if buffer is not None:
            cut.insert(0, (buffer.reshape(-1), []))
        program = self._program(cut)
        # Never a view of new memory: what lands in `.grad` would be copied.
        if program is None:
            return self._through(cut, buffer, shape)
        whole = np.empty(shape, program.dtype) if buffer is None else buffer
        program.run(_given(cut), whole.reshape(-1))
        return whole

    def _through(self, cut: list[Chain], whole: Any, shape: tuple[int, ...]) -> Any:
        """Call the formulas one on the other's result."""
        first = cut[0][0]
        entries = _entries(first)
        for start in range(0, max(first.size, 1), entries):
            part = slice(start, start + entries)
            total: Any = None
            for g, steps in cut:
                block = g[part]
                for formula, saved in steps:
                    block = formula(self, block, [s[part] if getattr(s, "ndim", 0) else s for s in saved])
                total = block if total is None else total + block
            if whole is None:
                whole = np.empty(shape, total.dtype)
            whole.reshape(-1)[part] = total
        return whole

    def _program(self, cut: list[Chain]) -> Program | None:
        """Return the calls of chains that were seen before; None where they are new or have no such text."""
        programs = self.programs
        key: list[Any] = []
        for g, steps in cut:
            key += [g.dtype, _is_one(g)]
            for formula, saved in steps:
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
            if all(traceable(formula) for _, steps in cut for formula, _ in steps):
                with contextlib.suppress(AttributeError, TypeError):
                    found = Program(self, cut)
            programs[known] = found
        return found if found.__class__ is Program else None


def _flat(x: Any) -> Any:
    """Return an array in one row of entries, without a copy; whatever else as it is."""
    if not getattr(x, "ndim", 0):
        return x
    return x.reshape(-1) if x.flags.c_contiguous else np.broadcast_to(x[(0,) * x.ndim], (x.size,))


def _is_one(g: Any) -> bool:
    """Tell whether a gradient is a one at every entry: what a sum begins with."""
    return g.strides == (0,) and g.size > 1 and bool(g[0] == 1)


def _given(cut: list[Chain]) -> list[Any]:
    """Return what chains compute with, in order: of each its gradient, then what its formulas saved."""
    return [x for g, steps in cut for x in (g, *(s for _, saved in steps for s in saved))]


def traceable(formula: Any) -> bool:
    """Tell whether a formula is as ``op`` adapts it to the tape: around one that is watched there is more."""
    return any(name.startswith("formula_") for name in getattr(formula, "__globals__", {}))


class Symbol(NDArrayOperatorsMixin):
    """Stands for an array, or a scalar of NumPy's, in a formula: notes the ufuncs that are called with it.

    ``like`` is an empty array that tells its dtype, with as many axes. A product with an array of ones
    (``is_one``) is no call. Whatever is no call of a ufunc, or asks for a value, is a ``TypeError`` or an
    ``AttributeError``.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, calls: list[Call], like: Any, is_one: bool = False) -> None:
        self.calls = calls
        self.like = like
        self.is_one = is_one

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the array."""
        dtype: np.dtype = self.like.dtype
        return dtype

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        if method != "__call__" or keywords or ufunc.nout != 1:
            return NotImplemented
        like = np.asarray(ufunc(*(x.like if isinstance(x, Symbol) else x for x in operands)))
        if ufunc is np.multiply:
            for one, other in (operands, operands[::-1]):
                ones = isinstance(one, Symbol) and one.is_one
                if ones and isinstance(other, Symbol) and other.like.ndim and other.dtype == like.dtype:
                    return other
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

    def __init__(self, xp: Any, cut: list[Chain]) -> None:
        calls: list[Call] = []
        given: list[Any] = []

        def symbol(s: Any, is_one: bool = False) -> Any:
            like = np.ones((0,) * s.ndim, s.dtype) if isinstance(s, ARRAYS) else None
            given.append(s if like is None else Symbol(calls, like, is_one))
            return given[-1]

        total: Any = None
        for g, steps in cut:
            out = symbol(g, _is_one(g))
            for formula, saved in steps:
                out = formula(xp, out, [symbol(s) for s in saved])
            total = out if total is None else total + out
        if not calls or calls[-1][2] is not total:
            total = np.positive(total)
        if not total.like.ndim:
            raise TypeError("the last formula returns a number")
        self.dtype = total.dtype
        self.scratch: list[np.dtype] = []
        self._write(calls, given)
        calls.clear()  # which the symbols hold that it holds

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
        self.block = constants.pop("block")

    def run(self, given: Sequence[Any], out: Any) -> None:
        """Compute the chains from what they are given, each in one row of entries, into ``out``."""
        size, entries = out.size, _entries(given[0])
        scratch = [np.empty(min(entries, size), d) for d in self.scratch]
        for start in range(0, size, entries):
            part = slice(start, start + entries)
            if start + entries > size:
                scratch = [r[: size - start] for r in scratch]
            blocks = [s[part] if getattr(s, "ndim", 0) else s for s in given]
            self.block(*blocks, *scratch, out[part])


def _entries(flat: Any) -> int:
    """Return how many entries a block has."""
    return max(1, BLOCK // int(flat.itemsize))
