"""Elementwise formulas as the text of one kernel.

A formula is called with symbols in the place of arrays: each operation on them adds a line of C++ that
computes one entry, and goes along on empty NumPy arrays, which tell the dtype that NumPy would give it.
Whatever is not listed here raises ``AttributeError`` or ``TypeError``, and the formula then runs on the
arrays themselves. The text is plain C++ over ``complex``, so that the tests can run it without a GPU.
Knows no array library but NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["Program", "Symbol", "Trace", "traced"]

TYPES = {
    "bool": "bool",
    "int8": "signed char",
    "int16": "short",
    "int32": "int",
    "int64": "long long",
    "uint8": "unsigned char",
    "uint16": "unsigned short",
    "uint32": "unsigned int",
    "uint64": "unsigned long long",
    "float16": "float",  # What lies between is computed in single precision, as CuPy's own kernels do.
    "float32": "float",
    "float64": "double",
    "complex64": "complex<float>",
    "complex128": "complex<double>",
}
"""How an entry of each dtype is computed with."""

BOTH = "exp log log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sqrt"
REAL = "expm1 log1p log2 floor ceil trunc"
FUNCTIONS: dict[str, tuple[str, str, np.ufunc]] = {
    **{name: (f"{name}({{0}})", "fc", getattr(np, name)) for name in BOTH.split()},
    **{name: (f"{name}({{0}})", "f", getattr(np, name)) for name in REAL.split()},
    "sign": ("({0} != {0} ? {0} : ({T})(({0} > 0) - ({0} < 0)))", "f", np.sign),
    "negative": ("-{0}", "iufc", np.negative),
    "square": ("{0} * {0}", "iufc", np.square),
    "reciprocal": ("({T})1 / {0}", "fc", np.reciprocal),
    "isinf": ("isinf({0})", "f", np.isinf),
    "isnan": ("{0} != {0}", "f", np.isnan),
    "logical_not": ("!{0}", "b", np.logical_not),
    "add": ("{0} + {1}", "iufc", np.add),
    "subtract": ("{0} - {1}", "iufc", np.subtract),
    "multiply": ("{0} * {1}", "iufc", np.multiply),
    "divide": ("{0} / {1}", "fc", np.divide),
    "pow": ("pow({0}, {1})", "f", np.pow),
    "hypot": ("hypot({0}, {1})", "f", np.hypot),
    "copysign": ("copysign({0}, {1})", "f", np.copysign),
    "maximum": ("({0} != {0} || {0} > {1} ? {0} : {1})", "f", np.maximum),
    "minimum": ("({0} != {0} || {0} < {1} ? {0} : {1})", "f", np.minimum),
    "equal": ("{0} == {1}", "biufc", np.equal),
    "not_equal": ("{0} != {1}", "biufc", np.not_equal),
    "less": ("{0} < {1}", "iuf", np.less),
    "less_equal": ("{0} <= {1}", "iuf", np.less_equal),
    "greater": ("{0} > {1}", "iuf", np.greater),
    "greater_equal": ("{0} >= {1}", "iuf", np.greater_equal),
    "logical_and": ("{0} && {1}", "b", np.logical_and),
    "logical_or": ("{0} || {1}", "b", np.logical_or),
    "logical_xor": ("{0} != {1}", "b", np.logical_xor),
}
"""Each function's text over its operands, the kinds of dtype that it is computed in, and NumPy's own."""

OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "pow": "pow",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "and": "logical_and",
    "or": "logical_or",
    "xor": "logical_xor",
}


class Symbol:
    """One entry of an array: its name in the text, and in ``like`` an empty array of its dtype.

    For a Python scalar ``like`` is a scalar of its type, so that it widens no dtype here either.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, trace: Trace, text: str, like: Any) -> None:
        self.trace = trace
        self.text = text
        self.like = like

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the array."""
        return np.result_type(self.like)

    def __neg__(self) -> Symbol:
        return self.trace.call("negative", self)

    def __invert__(self) -> Symbol:
        return self.trace.call("logical_not", self)

    def __bool__(self) -> bool:
        raise TypeError("a symbol has no value")


def _operator(name: str, turned: bool) -> Callable[[Symbol, Any], Symbol]:
    def operator(self: Symbol, other: Any) -> Symbol:
        return self.trace.call(name, other, self) if turned else self.trace.call(name, self, other)

    return operator


for _short, _name in OPERATORS.items():
    setattr(Symbol, f"__{_short}__", _operator(_name, False))
    setattr(Symbol, f"__r{_short}__", _operator(_name, True))


class Trace:
    """The namespace of symbols: what a formula calls becomes a line of ``lines``."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.isdtype = np.isdtype

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            raise AttributeError(f"no kernel computes {name!r}")
        return lambda *operands: self.call(name, *operands)

    def call(self, name: str, *operands: Any) -> Symbol:
        """Add the line of a function of the table."""
        text, kinds, function = FUNCTIONS[name]
        symbols = [self.symbol(x) for x in operands]
        likes = [s.like for s in symbols]
        like = np.asarray(function(*likes))
        within = np.result_type(*likes) if like.dtype.kind == "b" else like.dtype
        if within.kind not in kinds:
            raise TypeError(f"no kernel computes {name} of {within}")
        given = [self.cast(s, within) for s in symbols]
        return self.line(text.format(*given, T=TYPES[within.name]), like if like.ndim else like.item())

    def line(self, text: str, like: Any) -> Symbol:
        """Add a line, and return the symbol that it defines."""
        name = f"v{len(self.lines)}"
        self.lines.append(f"const {TYPES[np.result_type(like).name]} {name} = {text};")
        return Symbol(self, name, like)

    def symbol(self, x: Any) -> Symbol:
        """Return an operand as a symbol: a number is written out."""
        if isinstance(x, Symbol):
            return x
        if x.__class__ not in (bool, int, float, complex):
            raise TypeError(f"no kernel takes {type(x).__name__}")
        if x.__class__ is complex:
            return Symbol(self, f"complex<double>({_number(x.real)}, {_number(x.imag)})", x)
        return Symbol(self, _number(x), x)

    def cast(self, x: Symbol, dtype: np.dtype) -> str:
        """Return the text of an operand in a dtype."""
        given, wanted = TYPES[x.dtype.name], TYPES[dtype.name]
        if given == wanted and isinstance(x.like, np.ndarray) and x.dtype.name != "float16":
            return x.text
        if dtype.kind == "c" and x.dtype.kind != "c":
            return f"{wanted}(({TYPES[np.empty(0, dtype).real.dtype.name]}){x.text})"
        return f"({wanted}){x.text}"

    # ---------------------------------------------------------------- what is no plain function

    def where(self, condition: Any, x: Any, y: Any) -> Symbol:
        """Choose."""
        c, a, b = (self.symbol(s) for s in (condition, x, y))
        if c.dtype.kind != "b":
            c = self.call("not_equal", c, 0)
        dtype = np.result_type(a.like, b.like)
        is_array = isinstance(a.like, np.ndarray) or isinstance(b.like, np.ndarray)
        text = f"({c.text} ? {self.cast(a, dtype)} : {self.cast(b, dtype)})"
        return self.line(text, np.empty(0, dtype) if is_array else dtype.type(0).item())

    def astype(self, x: Symbol, dtype: Any, copy: bool = True) -> Symbol:
        """Cast."""
        if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
            raise TypeError("no kernel casts complex numbers to real ones")
        return self.line(self.cast(x, np.dtype(dtype)), np.empty(0, dtype))

    def full_like(self, x: Symbol, value: Any) -> Symbol:
        """Return a number in x's dtype."""
        return self.line(self.cast(self.symbol(value), x.dtype), x.like)

    def zeros_like(self, x: Symbol) -> Symbol:
        """Return a zero."""
        return self.full_like(x, 0)

    def ones_like(self, x: Symbol) -> Symbol:
        """Return a one."""
        return self.full_like(x, 1)

    def conj(self, x: Symbol) -> Symbol:
        """Conjugate."""
        return self.line(f"conj({x.text})", x.like) if x.dtype.kind == "c" else x

    def abs(self, x: Symbol) -> Symbol:
        """Return the absolute value."""
        if x.dtype.kind not in "fc":
            raise TypeError(f"no kernel computes abs of {x.dtype}")
        return self.line(f"{'abs' if x.dtype.kind == 'c' else 'fabs'}({x.text})", np.abs(x.like))

    def real(self, x: Symbol) -> Symbol:
        """Return the real part."""
        return self.line(f"{x.text}.real()", np.empty(0, x.dtype).real) if x.dtype.kind == "c" else x

    def imag(self, x: Symbol) -> Symbol:
        """Return the imaginary part of a complex number."""
        if x.dtype.kind != "c":
            raise TypeError("no kernel takes the imaginary part of a real number")
        return self.line(f"{x.text}.imag()", np.empty(0, x.dtype).imag)


def _number(x: Any) -> str:
    """Return a number as C++ writes it."""
    if x.__class__ is bool:
        return str(x).lower()
    if x.__class__ is int:
        return f"{x}LL" if abs(x) < 2**63 else repr(float(x))
    if math.isnan(x):
        return "log(-1.0)"
    if math.isinf(x):  # The compiler knows no other name for it everywhere.
        return "-log(0.0)" if x > 0 else "log(0.0)"
    return repr(x)


class Program:
    """The text of formulas in a row: an entry of the last one's result, from those of what they are given.

    ``parameters`` are the arrays and numbers, in order, each a dtype and a name; ``dtype`` is the result's.
    """

    def __init__(self, parameters: list[tuple[np.dtype, str]], lines: list[str], out: Symbol) -> None:
        self.parameters = parameters
        self.lines = lines
        self.dtype = out.dtype
        self.result = out.text


def traced(chains: Sequence[tuple[Any, Sequence[tuple[Callable[..., Any], Sequence[Any]]]]]) -> Program:
    """Write out the sum of chains, whose formulas are called one on the other's result, the first on ``g``.

    ``g`` and what the formulas have saved may be arrays, of which only the dtype counts, and floating or
    complex numbers, which become parameters; whatever else they have is taken as it is. Raises ``TypeError``
    or ``AttributeError`` for a formula that cannot be written out.
    """
    trace = Trace()
    parameters: list[tuple[np.dtype, str]] = []

    def parameter(x: Any) -> Any:
        like = np.empty(0, x.dtype) if hasattr(x, "dtype") else x
        if not isinstance(like, np.ndarray | float | complex):
            return x
        name = f"a{len(parameters)}"
        parameters.append((np.result_type(like), name))
        return Symbol(trace, name, like)

    total: Any = None
    with np.errstate(all="ignore"):
        for g, steps in chains:
            out = parameter(g)
            for formula, saved in steps:
                out = formula(trace, out, tuple(parameter(x) for x in saved))
            total = out if total is None else total + out
    return Program(parameters, trace.lines, total)
