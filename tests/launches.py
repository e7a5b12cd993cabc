"""Counts what a GPU would be asked to launch, on the stand-in for CuPy: ``python -m tests.launches``.

A launch is a function of the namespace, or an operator on arrays, whose result is new memory, and a write
into memory; what only shows memory in another way is none. Counted are, of every row, the forward and each
formula on its own, then expressions (with the copy of the gradient given), then programs: one step of each,
from one backward pass to the next. Each is counted function by function, as every library has it, and where
CuPy's kernels of whole formulas make it less, with those: ``fused``. The figures stand in launches.json; the
command writes them anew, and a test compares.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np

import anygrad as ag
from anygrad.graph import OUTPUT
from anygrad.op import REGISTRY
from anygrad.rules import fit
from anygrad.tensors import Tensor
from benchmarks.workloads import Unsupported
from tests import standin
from tests.samples import POSITIVE, Sample, cases, outputs_of, seeds_of
from tests.steps import EXAMPLES, PASSES, WORKLOADS, watched, workload
from tests.targets import Target

__all__ = ["PLACE", "changes", "counting", "figures", "written"]

PLACE = Path(__file__).with_name("launches.json")

Figures = dict[str, dict[str, int]]

MAKING = ("arange", "eye", "full", "linspace", "ones", "zeros")
"""Functions that fill memory and see no array."""
METHODS = ("__getitem__", "astype", "copy", "flatten", "ravel", "reshape")
"""Methods of arrays that may copy, and call no function that is seen."""


class Launches:
    """How many there were so far; what a counted function does inside counts for nothing."""

    def __init__(self) -> None:
        self.count = 0
        self.inside = False

    def counted(self, function: Callable[..., Any], writes: bool = False) -> Callable[..., Any]:
        """Return a function that is counted where it writes, or returns memory that it was not given."""

        def run(*arguments: Any, **keywords: Any) -> Any:
            if self.inside:
                return function(*arguments, **keywords)
            self.inside = True
            try:
                out = function(*arguments, **keywords)
                self.count += writes or _is_new(out, arguments)
            finally:
                self.inside = False
            return out

        return run


def _is_new(out: Any, arguments: Any) -> bool:
    """Tell whether some result shows memory of no argument."""
    given = [a for group in arguments for a in (group if isinstance(group, tuple | list) else (group,))]
    given = [_bare(a) for a in given if isinstance(a, np.ndarray)]
    results = out if isinstance(out, tuple | list) else (out,)
    return any(
        isinstance(r, np.ndarray | np.generic) and not any(np.may_share_memory(_bare(r), a) for a in given)
        for r in results
    )


def _bare(value: Any) -> Any:
    """Return NumPy's arrays in the place of the stand-in's."""
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    return value.view(np.ndarray) if isinstance(value, standin.ndarray) else value


@contextmanager
def counting(fused: bool = False) -> Iterator[tuple[Launches, Target]]:
    """Count launches on a GPU that is not there, where kernels, ``fused`` formulas among them, do nothing."""
    seen = Launches()

    class Kernel(standin.ElementwiseKernel):  # type: ignore[misc]
        def __call__(self, *given: Any) -> Any:
            out = np.zeros(np.broadcast_shapes(*(np.shape(x) for x in given)), self.program[1])
            return seen.counted(standin._array, writes=True)(out)

    def called(array: Any, function: Any, types: Any, arguments: Any, keywords: Any) -> Any:
        def run(*arguments: Any) -> Any:
            return super(standin.ndarray, array).__array_function__(function, types, arguments, keywords)

        return seen.counted(run)(*arguments)

    def copied(x: Any, *arguments: Any, **keywords: Any) -> Any:
        # What comes from the host is a transfer.
        function = seen.counted(standin._copied) if isinstance(x, standin.ndarray) else standin._copied
        return function(x, *arguments, **keywords)

    methods = {name: _method(seen.counted(getattr(standin.ndarray, name))) for name in METHODS}
    for name in ("__array_ufunc__", "__setitem__"):
        methods[name] = _method(seen.counted(getattr(standin.ndarray, name), writes=True))
    methods["__array_function__"] = called
    with standin.installed() as cupy, mock.patch.multiple(standin.ndarray, create=True, **methods):
        for module in (cupy, sys.modules["array_api_compat.cupy"]):
            for name in MAKING:
                setattr(module, name, seen.counted(getattr(module, name)))
            module.array = copied
        compat = sys.modules["array_api_compat.cupy"]
        for module in (
            compat.fft,
            compat.linalg,
            sys.modules["cupyx.scipy.linalg"],
            sys.modules["cupyx.scipy.special"],
        ):
            for name, function in list(vars(module).items()):
                if callable(function):
                    setattr(module, name, seen.counted(function, writes=True))
        for name in ("add", "maximum"):
            function = getattr(cupy, name)
            function.at = seen.counted(function.at, writes=True)
        kernel = seen.counted(lambda grid, block, arguments: None, writes=True)
        cupy.RawModule = lambda code: SimpleNamespace(
            get_function=lambda name: SimpleNamespace(kernel=kernel)
        )
        cupy.ElementwiseKernel = Kernel
        target = Target("cupy", ag.zeros(1, device="cuda").xp)
        with ExitStack() as plain:
            if not fused:
                plain.enter_context(mock.patch.object(target.backend, "chains_from", None))
                plain.enter_context(mock.patch.object(type(target.backend), "launched", None))
            yield seen, target


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *arguments, **keywords: function(self, *arguments, **keywords)


# ---------------------------------------------------------------- what is counted

EXPRESSIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "clip(x, -1, 1)": lambda x: ag.clip(x, -1, 1),
    "maximum(x, 0)": lambda x: ag.maximum(x, 0),
    "max(x, axis=1)": lambda x: ag.max(x, axis=1),
    "sum(x, axis=1)": lambda x: ag.sum(x, axis=1),
    "where(x > 0, x, 0)": lambda x: ag.where(x > 0, x, 0),
    "x ** 0.5": lambda x: x**0.5,
    "x ** 2": lambda x: x**2,
    "x * x[0]": lambda x: x.detach() * x[0],
    "x[0]": lambda x: x[0],
    "x[:, [2, 0, 2]]": lambda x: x[:, [2, 0, 2]],
}
"""Calls that differ from their row's first sample, from one operand to the result and back."""


def figures() -> Figures:
    """Return the launches of every row, expression and step, by name."""
    found, fused = _figures(False), _figures(True)
    for name, columns in fused.items():
        for column, count in columns.items():
            if count != found[name][column]:
                found[name][f"fused {column}"] = count
    return dict(sorted(found.items()))


def _figures(fused: bool) -> Figures:
    found: Figures = {}
    with counting(fused) as (seen, target), np.errstate(all="ignore"):

        def launches(function: Callable[[], Any]) -> tuple[Any, int]:
            before = seen.count
            out = function()
            return out, seen.count - before

        for name in REGISTRY:
            for one in islice(cases(name, "cupy", "plain"), 1):
                found[name] = _of_row(one, target, launches, fused)
        for text, expression in EXPRESSIONS.items():
            found[text] = _of_expression(expression, target, launches)
        for name in WORKLOADS:
            with suppress(Unsupported):
                _, count = launches(workload(name, target.device))
                found[f"step of {name}, tiny"] = {"all": count}
        for name in EXAMPLES:
            count = _of_example(name, target, seen)
            if count is not None:
                found[f"step of {name}"] = {"all": count}
    return found


def _of_row(one: Sample, target: Target, launches: Any, fused: bool) -> dict[str, int]:
    """Return the launches of a row's forward and of each of its formulas."""
    operands = one.made(target)
    found = {"forward": launches(lambda: one.call(target, operands))[1]}
    outs = outputs_of(one.call(target, one.made(target, one.tracked)))
    lead = next((i for i, out in enumerate(outs) if out.node is not None), None)
    if lead is None:
        return found
    node, xp = outs[lead].node, target.backend
    g: Any = tuple(seed.array for seed in seeds_of(outs, target))
    if node.plan is OUTPUT:
        node = node.edges[0]
    else:
        g = g[lead]
    plan = node.plan
    fits = node.fits or (None,) * len(plan.which)

    def run(formula: Any, passes: bool, wanted: Any) -> None:
        chains = fused and plan.chains and not passes
        part = xp.chained([(g, [(formula, node.saved)])]) if chains else formula(xp, g, node.saved)
        if wanted is not None:
            fit(xp, part, *wanted)

    for i, *way in zip(plan.which, plan.each or [plan.all], plan.passes, fits):
        found[f"d{plan.row.inputs[i]}"] = launches(lambda way=way: run(*way))[1]
    return found


def _of_expression(expression: Callable[[Tensor], Tensor], target: Target, launches: Any) -> dict[str, int]:
    """Return the launches from one operand to the result, and back."""
    x = target.make(POSITIVE, True)
    out, forward = launches(lambda: expression(x))
    (seed,) = seeds_of([out], target)
    return {"forward": forward, "backward": launches(lambda: ag.autograd.grad(out, x, seed))[1]}


def _of_example(name: str, target: Target, seen: Launches) -> int | None:
    """Return the launches from the last but one backward pass to the last; None where there is one alone."""
    at: list[int] = []
    count = watched(name, target.device, lambda i: at.append(seen.count), lambda i: None)
    return at[-1] - at[-2] if count == PASSES else None


# ---------------------------------------------------------------- the file


def written(found: Figures) -> str:
    """Return the text of the file: a line for each name."""
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(found[name])}" for name in found) + "\n}\n"


def changes(found: Figures, before: Figures) -> list[str]:
    """Say of each figure that is another than before what it was and is."""
    lines = []
    for name in sorted(found.keys() | before.keys()):
        now, was = found.get(name, {}), before.get(name, {})
        for column in dict.fromkeys([*was, *now]):
            if now.get(column) != was.get(column):
                lines.append(f"{name}, {column}: {now.get(column, 'none')}, was {was.get(column, 'none')}")
    return lines


if __name__ == "__main__":
    PLACE.write_text(written(figures()), encoding="utf-8")
