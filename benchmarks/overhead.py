"""What the hot path costs in units that do not vary from machine to machine, and a check that it stays so.

Counts, per operation of a few small programs and apart for forward, backward and update, the bytecode
instructions and the calls of Python functions that run (the program's own left out), and how many arrays are
held at the peak. ``python -m benchmarks.overhead`` compares with overhead.json and fails when a figure has
risen by more than 5 %; ``--write`` renews the file. Bytecode differs between versions of Python, so the file
has figures for each that the tests run on; on any other they are shown.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

import anygrad as ag
from benchmarks import report

__all__ = ["Program", "count", "counted", "main", "risen"]

FILE = Path(__file__).with_name("overhead.json")
PYTHON = ".".join(platform.python_version_tuple()[:2])
TOLERANCE = 0.05
LARGE = 100_000
"""Entries of the arrays among which the arrays held are counted."""

Phase = Callable[[], Any]


class Program(NamedTuple):
    """A program: how many operations it has, and its phases, each run once in their order."""

    operations: int
    phases: dict[str, Phase]


def _losing(operations: int, forward: Callable[[], ag.Tensor], update: Phase | None = None) -> Program:
    """Make a program of a loss, its backward pass and perhaps an update."""
    loss: list[ag.Tensor] = []
    phases: dict[str, Phase] = {
        "forward": lambda: loss.append(forward()),
        "backward": lambda: loss.pop().backward(),
    }
    return Program(operations, phases | ({"update": update} if update else {}))


def elementwise(n: int = 10) -> Program:
    """A chain of element-wise operations, with scalars and with tensors."""
    x = ag.tensor(np.linspace(0.5, 1.0, n), requires_grad=True)
    a = ag.tensor(np.linspace(0.9, 1.0, n))

    def forward() -> ag.Tensor:
        y = x
        for _ in range(25):
            y = y * a
            y = y + x
            y = ag.tanh(y)
            y = y - 0.1
        return y.sum()

    return _losing(100, forward)


def rosenbrock(n: int = 2) -> Program:
    """One iteration of the tutorial's loop: scalars out of a tensor, and an update in place."""
    x = ag.tensor(np.linspace(-1.0, 1.0, n, dtype=np.float32), requires_grad=True)

    def update() -> None:
        with ag.no_grad():
            x.sub_(0.01 * x.grad)
            x.grad.zero_()

    return _losing(10, lambda: (1 - x[0]) ** 2 + 5 * (x[1] - x[0] ** 2) ** 2, update)


def regression(n: int = 200) -> Program:
    """One step of linear regression: a product of matrices and a mean."""
    x = ag.tensor(np.stack([np.ones(n), np.linspace(0.0, 2.0, n)], axis=1))
    y = ag.tensor(np.linspace(1.0, 3.0, n))
    w = ag.tensor(np.zeros(2), requires_grad=True)

    def update() -> None:
        with ag.no_grad():
            w.sub_(0.1 * w.grad)
        w.grad = None

    return _losing(4, lambda: ag.mean((x @ w - y) ** 2), update)


def fill(n: int = 100) -> Program:
    """A loop of writes, each reading the element before."""
    start = ag.tensor(1.5, requires_grad=True)

    def forward() -> ag.Tensor:
        y = ag.zeros(n)
        y[0] = start
        for i in range(1, n):
            y[i] = y[i - 1] * 0.9
        return y.sum()

    return _losing(n, forward)


def reductions(n: int = 10) -> Program:
    """A sum and a mean along axes, broadcast back."""
    x = ag.tensor(np.linspace(0.0, 1.0, n).reshape(-1, 5), requires_grad=True)
    return _losing(5, lambda: ((x - ag.mean(x, axis=1, keepdims=True)) * ag.sum(x, axis=0)).sum())


def network(n: int = 8) -> Program:
    """One step of a network with one hidden layer: products, biases, a loss over labels, four updates."""
    source = np.random.default_rng(0)
    x, labels = ag.tensor(source.uniform(size=(n, 6))), ag.tensor(source.integers(0, 3, n))
    shapes = ((6, 4), (4,), (4, 3), (3,))
    weights = w1, b1, w2, b2 = [ag.tensor(source.normal(size=s), requires_grad=True) for s in shapes]

    def update() -> None:
        with ag.no_grad():
            for w in weights:
                w.sub_(w.grad, alpha=0.1)
                w.grad = None

    return _losing(6, lambda: ag.cross_entropy(ag.relu(x @ w1 + b1) @ w2 + b2, labels), update)


PROGRAMS: dict[str, Callable[..., Program]] = {
    program.__name__: program for program in (elementwise, rosenbrock, regression, network, fill, reductions)
}
SCALABLE = ("elementwise", "regression", "reductions")
"""Programs whose arrays may be made large."""


def count(phase: Phase) -> tuple[int, int]:
    """Run a phase once; return the instructions and the calls, this file's own left out."""
    instructions = calls = 0

    def local(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal instructions
        instructions += event == "opcode"
        return local

    def watched(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal calls
        if event != "call" or frame.f_code.co_filename == __file__:
            return None
        calls += 1
        frame.f_trace, frame.f_trace_opcodes, frame.f_trace_lines = local, True, False
        return local

    before = sys.gettrace()
    # Python 3.12 asks when it is told to trace whether any frame wants them, 3.13 each frame with a trace.
    sys._getframe().f_trace_opcodes = True
    sys.settrace(watched)
    try:
        phase()
    finally:
        sys.settrace(before)
    return instructions, calls


def held(program: Program, nbytes: int) -> float:
    """Run a program's phases; return the peak of the memory that it took, in arrays of ``nbytes``."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for phase in program.phases.values():
            phase()
        return (tracemalloc.get_traced_memory()[1] - before) / nbytes
    finally:
        tracemalloc.stop()


def counted() -> dict[str, dict[str, float]]:
    """Return every program's figures."""
    found: dict[str, dict[str, float]] = {}
    enabled = gc.isenabled()
    gc.disable()  # whenever it ran, finalizers of others would be counted
    try:
        for name, make in PROGRAMS.items():
            program, figures = make(), found.setdefault(name, {})
            for _ in range(3):  # what is cached after the first run, or learnt, is not what a loop pays
                for phase in program.phases.values():
                    phase()
            for title, phase in program.phases.items():
                instructions, calls = count(phase)
                figures[f"{title} instructions"] = round(instructions / program.operations, 2)
                figures[f"{title} calls"] = round(calls / program.operations, 2)
            if name in SCALABLE:
                large = make(LARGE)
                held(large, LARGE * 8)
                figures["arrays held"] = round(held(large, LARGE * 8), 1)
    finally:
        if enabled:
            gc.enable()
    return found


def risen(now: dict[str, dict[str, float]], before: dict[str, dict[str, float]]) -> list[str]:
    """Return a line for every figure that has risen by more than 5 %, that is new, or that is gone."""
    lines = []
    for name in {**before, **now}:
        new, old = now.get(name, {}), before.get(name, {})
        for figure in {**old, **new}:
            if figure not in old or figure not in new:
                lines.append(f"{name}: {figure} stands only in {'this run' if figure in new else 'the file'}")
            elif new[figure] > old[figure] * (1 + TOLERANCE):
                lines.append(f"{name}: {figure} rose from {old[figure]:g} to {new[figure]:g} an operation")
    return lines


def table(now: dict[str, dict[str, float]], before: dict[str, dict[str, float]]) -> str:
    """Lay the figures out beside those of the file."""
    rows = [["per operation", "file", "now"]]
    for name, figures in now.items():
        for figure, value in figures.items():
            old = before.get(name, {}).get(figure)
            rows.append([f"{name}: {figure}", "-" if old is None else f"{old:g}", f"{value:g}"])
    return report.aligned(rows)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = argparse.ArgumentParser("python -m benchmarks.overhead", description=__doc__)
    options.add_argument(
        "--write", action="store_true", help=f"renew what {FILE.name} has for this version of Python"
    )
    given = options.parse_args(arguments)
    now = counted()
    kept: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    before = kept.get(PYTHON, {"programs": {}})
    print(table(now, before["programs"]))
    if given.write:
        kept[PYTHON] = {"numpy": np.__version__, "programs": now}
        FILE.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n")
        print(f"written: {FILE}")
        return 0
    if PYTHON not in kept:
        print(f"shown only: the file has figures for Python {', '.join(kept)}, this is {PYTHON}")
        return 0
    lines = risen(now, before["programs"])
    if lines:
        print(*lines, "python -m benchmarks.overhead --write renews the file, where that is meant", sep="\n")
        if before.get("numpy") != np.__version__:
            print(f"the file was written with NumPy {before.get('numpy')}, this is {np.__version__}")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
