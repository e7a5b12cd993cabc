"""What a row is: one operation, its forward, and one derivative formula for each input.

A formula's parameter names say what it needs, and so what the tape keeps: ``g`` (the gradient of the
output), ``xp`` (the namespace), ``out``, the row's inputs, ``<input>_shape``, ``<input>_dtype``, and the
row's keywords. Signatures are read once, here; a misspelt name fails at import. From a row and a set of
inputs that need gradients comes a *plan*, which is all that the tape and the dispatch ever look at.
Knows no tensor and no array library.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from itertools import combinations
from operator import attrgetter
from typing import Any

__all__ = [
    "CREATIONS",
    "DERIVED",
    "REGISTRY",
    "ArrayLike",
    "Axis",
    "Operand",
    "Plan",
    "Row",
    "binary",
    "creation",
    "derived",
    "enter_devices",
    "listed",
    "named",
    "nary",
    "operation",
    "parameters_of",
    "unary",
]

ArrayLike = Any
"""A tensor, a Python scalar, or an array of a registered library."""
Operand = Any
"""The same; a function of a namespace that takes it is handed a scalar as it is, beside a tensor."""
Axis = int | tuple[int, ...] | None
"""One axis, several, or all."""

REGISTRY: dict[str, Row] = {}
"""Every row by its name."""

DERIVED: dict[str, Callable[..., Any]] = {}
"""Functions over a namespace, ``f(xp, *arrays, ...)``, that need no row of their own."""

CREATIONS: dict[str, Callable[..., Any]] = {}
"""Functions that make arrays, ``f(xp, ..., dtype)``, on the backend they are given."""

Formula = Callable[..., Any]


def parameters_of(function: Formula) -> list[str]:
    """Return the names of a function's parameters, sooner than ``inspect.signature``: import asks often."""
    code = getattr(function, "__code__", None)
    if code is None:
        return list(inspect.signature(function).parameters)
    return list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def _compile(parameters: str, body: str, **names: Any) -> Any:
    """Make a function of one expression: the adapters between the tape's calls and a row's formulas."""
    return eval(_code(f"lambda {parameters}: {body}"), names)


@functools.cache
def _code(text: str) -> Any:
    """Compile a text once: the adapters of most rows read alike."""
    return compile(text, "<adapter>", "eval")


def _in_a_tuple(formula: Formula) -> Formula:
    return lambda xp, g, saved: (formula(xp, g, saved),)


_PASSING = (lambda g: g).__code__.co_code


class Plan:
    """A row for one set of inputs that need gradients, with everything that depends on nothing else.

    ``save(*inputs, out, keywords)`` gives what a node keeps. ``one(xp, g, saved)`` is the gradient of the
    only edge, or None where there are several; ``all`` gives a tuple for all edges, ``pair`` the same where
    there are two and nothing else to ask, ``each`` one function per edge (None for a row over a list).
    ``into(xp, buffer, g, saved)`` adds the gradient of the only edge into a buffer; ``consume`` is ``all``
    for a ``g`` that the engine owns and the row may write.
    ``elementwise``: an entry of a gradient depends on the same entry of ``g`` and of what is saved.
    ``chains``: so it does, and its formulas may be run with others, part by part; what is not ``ours`` may
    keep arrays of its own.
    ``passes`` tells of each formula whether it returns ``g`` as it is.
    ``parameters`` name what is saved, ``origins`` the inputs it comes from; ``keeps``: some is an array.
    ``keywords`` are those of the row that are saved, each with its place.
    """

    __slots__ = (
        *("all", "chains", "consume", "each", "elementwise", "into", "keeps", "keywords", "name"),
        *("one", "origins", "ours", "pair", "parameters", "passes", "row", "save", "which"),
    )

    def __init__(self, row: Row, which: tuple[int, ...]) -> None:
        self.row = row
        self.name = row.name
        self.which = which
        self.elementwise = row.broadcasts and not row.batched
        formulas = [row.formulas[row.inputs[i]] for i in which]
        self.ours = all(str(getattr(f, "__module__", "")).startswith("anygrad.") for f in formulas)
        self.chains = self.elementwise and self.ours
        needed = list(dict.fromkeys(p for f in formulas for p in parameters_of(f) if p not in ("g", "xp")))
        extra = [f for f in (row.into if len(which) == 1 else None, row.consume) if f is not None]
        for p in (p for f in extra for p in parameters_of(f)):
            if p not in ("g", "xp", "buffer", *needed):
                needed.append(p)
        needed += [p for p in row.needs_forwards(which, needed) if p not in needed]
        sources = [row.source_of(p) for p in needed]
        self.parameters = tuple(needed)
        self.keywords = tuple((p, i) for i, p in enumerate(needed) if p in row.keywords)
        self.passes = tuple(parameters_of(f) == ["g"] and f.__code__.co_code == _PASSING for f in formulas)
        self.origins = tuple(origin for _, origin in sources)
        self.keeps = any(origin is not None for origin in self.origins)
        kept = "".join(f"{text}, " for text, _ in sources)
        self.save = _compile(f"{', '.join(row.inputs)}, out, keywords=None", f"({kept})")
        slots = {p: f"saved[{i}]" for i, p in enumerate(needed)} | {"g": "g", "xp": "xp", "buffer": "buffer"}
        given = [", ".join(slots[p] for p in parameters_of(f)) for f in formulas]
        parts = list(zip(formulas, given, self.passes, strict=True))
        head = "xp, g, saved"
        self.each: Any = tuple(
            _compile(head, "g" if passing else f"formula_0({text})", formula_0=f)
            for f, text, passing in parts
        )
        calls = ["g" if passing else f"formula_{i}({text})" for i, (_, text, passing) in enumerate(parts)]
        if len(calls) > 1:
            names = {f"formula_{i}": f for i, f in enumerate(formulas)}
            self.all = _compile(head, f"({', '.join(calls)})", **names)
        else:
            self.all = _in_a_tuple(self.each[0])
        self.one = self.each[0] if len(calls) == 1 and not row.consume and len(row.carries) == 1 else None
        is_pair = len(calls) == 2 and len(row.carries) == 1 and not row.consume
        self.pair = self.all if is_pair else None
        if row.is_list:
            self.one, self.all, self.each = None, self.each[0], None
        self.into = self.consume = None
        if row.into is not None and len(which) == 1:
            arguments = ", ".join(slots[p] for p in parameters_of(row.into))
            self.into = _compile("xp, buffer, g, saved", f"into({arguments})", into=row.into)
        if row.consume is not None:
            arguments = ", ".join(slots[p] for p in parameters_of(row.consume))
            chosen = f"consume({arguments})" if len(which) > 1 else f"(consume({arguments})[{which[0]}],)"
            self.consume = _compile(head, chosen, consume=row.consume)

    def __repr__(self) -> str:
        return f"<plan {self.name}{list(self.which)}>"


class Plans(dict[tuple[int, ...], Plan]):
    """The plans of a row, each made when it is first asked for: few programs use more than a few."""

    def __init__(self, row: Row) -> None:
        self.row = row

    def __missing__(self, which: tuple[int, ...]) -> Plan:
        return self.setdefault(which, Plan(self.row, which))

    def every(self) -> list[Plan]:
        """Return all that there can be."""
        inputs = self.row.differentiable
        sets = [which for n in range(1, len(inputs) + 1) for which in combinations(inputs, n)]
        return [self[which] for which in sets]


class Row:
    """One operation: its name, its forward, its formulas, and what the standard says of its dtypes.

    ``inputs`` are the names of the arrays it takes; a row over a list has one, with ``is_list``.
    ``prepare(*arrays, ...)`` has the public signature after the arrays and returns the keywords of the
    forward, canonical. ``broadcasts``: the engine fits gradients to the inputs. ``alike``: all operands
    are cast to one dtype, and so need no fitting. ``real_only``: complex
    input that needs a gradient is an error. An input that is ``fixed`` has no derivative, and is refused
    where it needs one. ``accepts`` is the standard's dtype category. ``linear``: in all inputs together, so
    that the forward is its own derivative forwards (``jvp``). ``symmetric``: so is the formula of an
    elementwise row, its own transpose unless it mixes a complex ``g`` with ``conj(g)``. ``carries`` tells
    which of several outputs carry a gradient; ``g`` is then a tuple, None where none arrived, and
    ``result`` the named tuple that they are returned in; empty, their number depends on the input.
    ``direct``: the forward is the namespace's function of that name. A row of an extension of the standard
    has a dot in its ``key``, as in ``linalg.inv``; ``name`` is what follows it. Of the first ``lifts``
    operands a Python scalar is made an array, since a formula hands it alone to a function. A call with
    fewer operands than inputs is one of the row that ``fewer`` names.
    """

    def __init__(
        self,
        name: str,
        forward: Formula,
        inputs: tuple[str, ...],
        formulas: dict[str, Formula],
        *,
        doc: str,
        prepare: Formula | None = None,
        check: Formula | None = None,
        accepts: str = "numeric",
        alike: bool = False,
        batched: bool = False,
        broadcasts: bool = False,
        is_list: bool = False,
        is_view: bool = False,
        lifts: int = 0,
        linear: bool = False,
        symmetric: bool = True,
        real_only: bool = False,
        into: Formula | None = None,
        consume: Formula | None = None,
        direct: bool = False,
        fewer: str = "",
        fixed: tuple[str, ...] = (),
        carries: tuple[bool, ...] = (True,),
        result: Any = None,
        method: bool = True,
        public: bool = True,
        source: str = "",
        example: str = "",
    ) -> None:
        self.key = name
        self.name = name.rpartition(".")[2]
        self.forward = forward
        self.inputs = inputs
        self.formulas = formulas
        self.doc = inspect.cleandoc(doc)
        self.prepare = prepare
        self.check = check
        self.accepts = accepts
        self.alike = alike
        self.batched = batched
        self.broadcasts = broadcasts
        self.is_list = is_list
        self.is_view = is_view
        self.lifts = lifts
        self.linear = linear
        self.symmetric = symmetric
        self.real_only = real_only
        self.carries = carries
        self.result = result
        self.into = into
        self.consume = consume
        self.direct = direct
        self.fewer = fewer
        self.fixed = tuple(inputs.index(name) for name in fixed)
        self.method = method
        self.public = public
        self.source = source
        self.example = example
        names = parameters_of(forward)
        self.keywords = tuple(p for p in names if p not in ("xp", *inputs))
        unknown = [n for n in formulas if n not in inputs]
        if unknown or names[: len(inputs) + 1] != ["xp", *inputs]:
            raise TypeError(f"row {name}: the forward takes {names}; formulas are given for {list(formulas)}")
        self.differentiable = tuple(i for i, n in enumerate(inputs) if n in formulas)
        for parameter in (p for f in (*formulas.values(), into, consume) if f for p in parameters_of(f)):
            if parameter not in ("g", "xp", "buffer"):
                self.source_of(parameter)
        self.plans = Plans(self)
        if name in REGISTRY:
            raise TypeError(f"row {name} is declared twice")
        REGISTRY[name] = self

    def remake(self) -> None:
        """Make the plans anew, in place: for when a formula is replaced (as mutants do)."""
        for which, old in self.plans.items():
            new = Plan(self, which)
            for slot in Plan.__slots__:
                setattr(old, slot, getattr(new, slot))

    def needs_forwards(self, which: tuple[int, ...], needed: list[str]) -> list[str]:
        """Return what a plan keeps so that tangents can be pushed through it: nothing that takes memory.

        Where no formula says it: the keywords of a linear row, which is applied to tangents as it is, and
        what the result of any other looks like.
        """
        if self.broadcasts and self.symmetric:
            return []
        if self.linear and self.is_list:
            return [*self.keywords, "needs", "xs_shape", "xs_dtype"]
        if self.linear:
            return [*self.keywords, *(() if which == (0,) else (f"{self.inputs[0]}_shape",))]
        return [] if "out" in needed else ["out_shape", "out_dtype"]

    def source_of(self, parameter: str) -> tuple[str, int | str | None]:
        """Return the expression that keeps a formula's parameter, and which input (or ``out``) it is."""
        if parameter == "out":
            return "out", "out"
        if parameter in self.inputs:
            return parameter, self.inputs.index(parameter)
        if parameter in self.keywords:
            return f"keywords[{parameter!r}]", None
        stem, _, facet = parameter.rpartition("_")
        if stem == "out" and facet in ("shape", "dtype"):
            return f"out.{facet}" if len(self.carries) == 1 else f"tuple(o.{facet} for o in out)", None
        if stem in self.inputs and facet in ("shape", "dtype"):
            if self.is_list:
                return f"tuple(i.{facet} for i in {stem})", None
            return f"{stem}.{facet}", None
        if self.is_list and parameter == "needs":
            return "keywords['needs']", None
        raise TypeError(
            f"row {self.name}: {parameter!r} is none of g, xp, out, {', '.join(self.inputs)}, "
            f"<input>_shape, <input>_dtype, {', '.join(self.keywords) or 'no keyword'}"
        )

    def __repr__(self) -> str:
        return f"<row {self.name}({', '.join(self.inputs)})>"


def enter_devices() -> None:
    """Make all forwards enter the device of their namespace: Python's operators compute on the current one.

    A backend enters it in its own functions, and the tape before it runs formulas. Only machines with
    several devices, once one is used, pay for this.
    """
    for row in REGISTRY.values():
        if not row.direct and not hasattr(row.forward, "enters"):
            row.forward = _entering(row.forward)


def _entering(forward: Formula) -> Formula:
    def entered(xp: Any, *arrays: Any, **keywords: Any) -> Any:
        with xp.entered():
            return forward(xp, *arrays, **keywords)

    entered.enters = True  # type: ignore[attr-defined]
    return entered


def _formulas(inputs: tuple[str, ...], columns: dict[str, Any]) -> dict[str, Formula]:
    """Take the columns ``d<input>`` out of a declaration."""
    return {name: columns.pop("d" + name) for name in inputs if "d" + name in columns}


def _elementwise(name: str, inputs: tuple[str, ...], forward: Formula | None, columns: dict[str, Any]) -> Row:
    direct = forward is None
    if forward is None:
        # Not a text: compiling a hundred of them would take as long as all else here.
        named = attrgetter(name)
        forward = (lambda xp, x: named(xp)(x)) if len(inputs) == 1 else (lambda xp, x, y: named(xp)(x, y))
    return Row(name, forward, inputs, _formulas(inputs, columns), broadcasts=True, direct=direct, **columns)


def unary(name: str, forward: Formula | None = None, /, **columns: Any) -> Row:
    """Declare an elementwise row of one input, ``x``."""
    return _elementwise(name, ("x",), forward, columns)


def binary(name: str, forward: Formula | None = None, /, **columns: Any) -> Row:
    """Declare an elementwise row of two inputs that broadcast, ``x`` and ``y``."""
    return _elementwise(name, ("x", "y"), forward, columns)


def nary(name: str, inputs: str, forward: Formula, /, **columns: Any) -> Row:
    """Declare a row of named inputs whose gradients the engine fits to them."""
    names = tuple(inputs.split())
    return Row(name, forward, names, _formulas(names, columns), broadcasts=True, **columns)


def named(name: str, inputs: str, /, **columns: Any) -> Row:
    """Declare an elementwise row of an extension, whose named inputs are taken by position."""
    columns.setdefault("lifts", len(inputs.split()))
    given = ", ".join(inputs.split())
    prepare = _compile(f"{given}, /", f"({given},)")
    prepare.__annotations__ = dict.fromkeys(inputs.split(), "ArrayLike")
    forward = _compile(f"xp, {given}", f"xp.{name}({given})")
    return nary(name, inputs, forward, prepare=prepare, direct=True, **columns)


def operation(name: str, forward: Formula, /, inputs: str = "x", **columns: Any) -> Row:
    """Declare a row whose formulas return gradients of exactly the inputs' shapes."""
    names = tuple(inputs.split())
    return Row(name, forward, names, _formulas(names, columns), **columns)


def listed(name: str, forward: Formula, /, **columns: Any) -> Row:
    """Declare a row over a list of arrays, ``xs``; ``dxs`` gives a gradient for each of ``needs``."""
    return Row(name, forward, ("xs",), _formulas(("xs",), columns), is_list=True, **columns)


def derived(function: Callable[..., Any], extension: str = "") -> Callable[..., Any]:
    """Declare a function over the namespace, built of rows; of an extension, where one is named."""
    DERIVED[f"{extension}.{function.__name__}".strip("._")] = function
    return function


def creation(function: Callable[..., Any], extension: str = "") -> Callable[..., Any]:
    """Declare a function that makes an array; of an extension, where one is named."""
    CREATIONS[f"{extension}.{function.__name__}".strip("._")] = function
    return function
