"""One program on several devices: ``cross_check`` names the first operation that differs.

While the program runs, every public function that it calls writes down its results; afterwards one backward
pass gives the gradient of each of them. Knows no array library.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from anygrad import autograd, trees
from anygrad.accounting import place_of
from anygrad.devices import Device, get_backend
from anygrad.errors import ArgumentError, CrossCheckError, DtypeError, message
from anygrad.exchange import Op, called, exchange, operations, put_on, take_off
from anygrad.graph import GRAD_MODE
from anygrad.tensors import Tensor, tensor, wrap

__all__ = ["Tracer", "cross_check", "shown"]

Function = Callable[..., Any]


def shown(op: Op) -> str:
    """Return a call as messages name it."""
    file, line = place_of(op)
    return f"{op[0]} at {file}:{line}" if line else op[0]


def tensors_in(given: Any) -> list[Tensor]:
    """Return the tensors among arguments, those in lists and tuples included."""
    if isinstance(given, Tensor):
        return [given]
    return [t for part in given for t in tensors_in(part)] if isinstance(given, list | tuple) else []


class Call(NamedTuple):
    """What a public function did: tensors that it returned or wrote, as they were, and nodes it was given."""

    op: Op
    results: list[Tensor]
    operands: list[Any]


class Tracer:
    """Writes down what public functions do that one thread calls; what they call in turn is part of them."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._thread = threading.get_ident()
        self._inside = False
        self._undo = contextlib.ExitStack()

    def install(self) -> None:
        """Put the traced functions in."""
        with contextlib.ExitStack() as undo:
            for function, (name, kind) in operations().items():
                exchange(undo, function, functools.partial(self.traced, name, kind))
            self._undo = undo.pop_all()

    def uninstall(self) -> None:
        """Put everything back."""
        self._undo.close()

    def traced(self, name: str, kind: str, function: Function) -> Function:
        """Return a function that writes down what it does."""

        def run(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            if self._inside or threading.get_ident() != self._thread:
                return function(*arguments, **keywords)
            self._inside = True
            try:
                op = called(name)
                # A write gives its operand another node: what it was given is noted first.
                operands = [t.node for t in tensors_in(arguments)]
                out = function(*arguments, **keywords)
                results = [arguments[0]] if kind == "writes" else tensors_in(out)
                self.calls.append(Call(op, [wrap(t.array, t.xp, t.node) for t in results], operands))
            finally:
                self._inside = False
            return out

        return run


class Run:
    """A program on one device: its calls, and the values and gradients of their results, on the host."""

    def __init__(self, function: Function, leaves: list[Any], form: Any, device: str | Device) -> None:
        xp = get_backend(device)
        self.device = xp.name
        given = [_carried(x, xp.name) for x in leaves]
        tracer = Tracer()
        put_on(tracer)
        token = GRAD_MODE.set(True)
        try:
            out = function(*trees.rebuild(form, given))
        finally:
            GRAD_MODE.reset(token)
            take_off(tracer)
        self.calls = tracer.calls
        found = [t for t in trees.flatten(out)[0] if isinstance(t, Tensor)]
        if not found:
            raise DtypeError(
                message("cross_check", "the function returned no tensor", "return one, or several")
            )
        self.calls.append(Call(("the function", None, 0), [wrap(t.array, t.xp, t.node) for t in found], []))
        self.values = [[_host(t) for t in call.results] for call in self.calls]
        self.inputs = [x for x in given if isinstance(x, Tensor) and x.requires_grad]
        self.gradients, self.of_inputs = self._gradients([t for t in found if t.requires_grad])

    def _gradients(self, ends: list[Tensor]) -> tuple[list[list[Any]], list[Any]]:
        """Return the gradient of each result of each call, and of each input, for random ones of the ends."""
        if not ends:
            return [[None for _ in call.results] for call in self.calls], [None for _ in self.inputs]
        random = np.random.default_rng(0)
        seeds = [tensor(_normal(random, t), dtype=t.dtype, device=t.device) for t in ends]
        tracked = [t for call in self.calls for t in call.results if t.node is not None]
        got = autograd.grad(ends, [*tracked, *self.inputs], seeds, allow_unused=True)
        hosts = iter([None if g is None else _host(g) for g in got])
        of_results = [[None if t.node is None else next(hosts) for t in call.results] for call in self.calls]
        return of_results, list(hosts)


def _carried(x: Any, device: str) -> Any:
    if not isinstance(x, Tensor):
        return x
    moved = tensor(x.xp.to_numpy(x.array), dtype=x.dtype, device=device)
    return moved.requires_grad_(x.requires_grad)


def _host(t: Tensor) -> np.ndarray:
    return t.xp.to_numpy(t.array)


def _normal(random: np.random.Generator, t: Tensor) -> np.ndarray:
    found = np.asarray(random.standard_normal(t.shape))
    return found + 1j * random.standard_normal(t.shape) if t.dtype.kind == "c" else found


def _apart(a: np.ndarray, b: np.ndarray) -> tuple[float, tuple[int, ...]]:
    """Return by how many ulps of the largest entry two arrays differ at most, and where."""
    if not a.size:
        return 0.0, ()
    same = (a == b) | ((a != a) & (b != b))
    if a.dtype.kind not in "fc":
        apart = np.where(same, 0.0, np.inf)
    else:
        sizes = np.abs(np.stack([a, b]))
        largest = np.max(sizes, where=np.isfinite(sizes), initial=0)
        with np.errstate(all="ignore"):
            apart = np.where(same, 0, np.abs(a - b) / np.spacing(largest)).astype(float)
        apart[np.isnan(apart)] = np.inf
    worst = int(np.argmax(apart))
    return float(apart.reshape(-1)[worst]), tuple(int(i) for i in np.unravel_index(worst, a.shape))


class _Comparison:
    """Two runs, side by side."""

    def __init__(self, one: Run, other: Run, ulps: float) -> None:
        self.one, self.other, self.ulps = one, other, ulps
        self.worst = 0.0
        self.ways()
        for k, call in enumerate(one.calls):
            for i in range(len(call.results)):
                found = one.values[k][i], other.values[k][i]
                self.compare(f"{shown(call.op)}: its result", *found)
        for k, call in reversed(list(enumerate(one.calls))):
            for i in range(len(call.results)):
                found = one.gradients[k][i], other.gradients[k][i]
                self.compare(self.users(call.results[i], f"the result of {shown(call.op)}"), *found)
        for i, x in enumerate(one.inputs):
            self.compare(self.users(x, f"input {i}"), one.of_inputs[i], other.of_inputs[i])

    def ways(self) -> None:
        """Compare which operations were called, and of which shapes and dtypes their results are."""
        names = self.one.device, self.other.device
        for k in range(max(len(self.one.calls), len(self.other.calls))):
            calls = [run.calls[k] if k < len(run.calls) else None for run in (self.one, self.other)]
            texts = ["nothing more" if call is None else shown(call.op) for call in calls]
            if calls[0] is None or calls[1] is None or calls[0].op[0] != calls[1].op[0]:
                got = f"call {k} is {texts[0]} on {names[0]} and {texts[1]} on {names[1]}"
                raise CrossCheckError(message("cross_check", got, "the program goes another way there"))
            forms = [[(t.shape, t.dtype.name) for t in call.results] for call in calls if call is not None]
            if forms[0] != forms[1]:
                got = f"{texts[0]} gives {forms[0]} on {names[0]} and {forms[1]} on {names[1]}"
                raise CrossCheckError(message("cross_check", got, "shapes and dtypes must be the same"))

    def users(self, t: Tensor, name: str) -> str:
        """Name whose derivatives a gradient comes from."""
        using = [
            shown(c.op) for c in self.one.calls if t.node is not None and any(n is t.node for n in c.operands)
        ]
        if not using:
            return f"the gradient of {name}"
        return f"the derivative of {', or of '.join(dict.fromkeys(using))}: the gradient of {name}"

    def compare(self, what: str, a: Any, b: Any) -> None:
        """Raise where two values are too far apart."""
        names = self.one.device, self.other.device
        if a is None or b is None:
            if a is not b:
                got = f"{what} is there on {names[b is not None]} and not on {names[a is not None]}"
                raise CrossCheckError(message("cross_check", got))
            return
        apart, at = _apart(a, b)
        self.worst = max(self.worst, apart)
        if apart > self.ulps:
            got = f"{what} differs by {apart:.3g} ulps" + (f" at {at}" if at else "")
            values = f"{a[at]} on {names[0]} and {b[at]} on {names[1]}"
            raise CrossCheckError(message("cross_check", got, values, f"{self.ulps:g} are allowed"))


def cross_check(
    function: Function, inputs: Any, devices: Sequence[str | Device], *, ulps: float = 1000.0
) -> float:
    """Run ``function(*inputs)`` on several devices, and return by how much its operations differ at most.

    ``inputs`` are tensors, or trees of them, which are copied to each device, and whatever else the function
    takes. Compared with the first device are, in the order of the program, the results of every public
    function that it calls, then, backwards, their gradients, for random ones of what it returns.
    The difference is in units in the last place of an array's largest entry, so that what cancels does not
    count as wrong; it adds up on the way, and ``ulps`` are allowed.

    Raises ``CrossCheckError``, an ``AssertionError``, which names the first operation whose value or gradient
    differs by more, or where the program goes another way; ``ArgumentError`` for fewer than two devices; and
    what the function raises.

    >>> import anygrad as ag
    >>> x = ag.tensor([0.5, 2.0], requires_grad=True)
    >>> ag.testing.cross_check(lambda x: ag.exp(x) * x, [x], devices=["cpu", "array_api_strict"])
    0.0
    """
    if isinstance(devices, str | Device) or len(devices) < 2:
        raise ArgumentError(message("cross_check", f"devices are {devices!r}", "expected two or more"))
    arguments = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
    leaves, form = trees.flatten(arguments)
    first = Run(function, leaves, form, devices[0])
    return max(_Comparison(first, Run(function, leaves, form, d), ulps).worst for d in devices[1:])
