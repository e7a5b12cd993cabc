"""Steps of the example programs and of the benchmarks' workloads, to be watched one at a time.

A step of an example is what it does from one backward pass to the next, seen from outside: the programs are
run as they are, and stopped once enough is known.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import anygrad as ag
from anygrad.tensors import Tensor
from benchmarks.workloads import cases
from tests.test_examples import load

__all__ = ["EXAMPLES", "PASSES", "WORKLOADS", "watched", "workload"]

PASSES = 3
"""After how many backward passes an example is stopped: the second step is like all that follow."""

Watch = Callable[[int], Any]


def _graph(device: str) -> None:
    with TemporaryDirectory() as folder:
        load("computation_graph").main(["--device", device, "--out", str(Path(folder))])


EXAMPLES: dict[str, Callable[[str], Any]] = {
    "computation_graph": _graph,
    "rosenbrock": lambda device: load("rosenbrock").descend(device, iterations=PASSES),
    "line": lambda device: load("regression").fit_line(device),
    "classifier": lambda device: load("regression").train(device, epochs=1),
}
"""The programs, each with a backward pass or more."""

_CASES = cases(quick=True, device="cuda")
WORKLOADS = tuple(name for name, case in _CASES.items() if hasattr(case.module, "anygrad"))
"""The benchmarks that anygrad does."""


class _Enough(BaseException):
    """The program is not to go on."""


def watched(name: str, device: str, before: Watch, after: Watch) -> int:
    """Run an example, told of each backward pass by its number from 1; return how many there were."""
    count = 0

    def watching(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **keywords: Any) -> Any:
            nonlocal count
            count += 1
            before(count)
            out = function(*arguments, **keywords)
            after(count)
            if count == PASSES:
                raise _Enough
            return out

        return run

    with (
        mock.patch.object(Tensor, "backward", watching(Tensor.backward)),
        mock.patch.object(ag.autograd, "grad", watching(ag.autograd.grad)),
        suppress(_Enough),
    ):
        EXAMPLES[name](device)
    return count


def workload(name: str, device: str) -> Callable[[], Any]:
    """Return the step of a workload, tiny, after its first run."""
    case = _CASES[name]
    step: Callable[[], Any] = case.module.anygrad(case.inputs(), device)
    step()
    return step
