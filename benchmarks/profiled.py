"""What ``ag.profile`` adds to a workload: its step with and without, in turns, in one process.

``python -m benchmarks.profiled [workload ...]`` prints medians with quartiles over rounds, and the median of
the rounds' ratios. What entering and leaving a block costs is shown apart.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

__all__ = ["Cost", "cost", "main"]

for _library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")


class Cost(NamedTuple):
    """Seconds for a step, without and with a profile, by round; and for a block with nothing in it."""

    plain: list[float]
    profiled: list[float]
    block: float

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return statistics.median(b / a for a, b in zip(self.plain, self.profiled, strict=True))


def _timed(step: Callable[[], Any], steps: int) -> float:
    """Return the median of the times of single steps."""
    samples = []
    for _ in range(steps):
        start = perf_counter()
        step()
        samples.append(perf_counter() - start)
    return statistics.median(samples)


def cost(step: Callable[[], Any], rounds: int = 21, steps: int = 100) -> Cost:
    """Time a step with and without a profile, in turns."""
    import anygrad as ag

    found = Cost([], [], 0.0)
    for _ in range(rounds):
        _timed(step, steps // 5)  # the interpreter learns anew what it calls
        found.plain.append(_timed(step, steps))
        with ag.profile():
            _timed(step, steps // 5)
            found.profiled.append(_timed(step, steps))
    start = perf_counter()
    for _ in range(rounds):
        with ag.profile():
            pass
    return found._replace(block=(perf_counter() - start) / rounds)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    from benchmarks.report import quantity
    from benchmarks.workloads import cases, chosen

    options = argparse.ArgumentParser("python -m benchmarks.profiled", description=__doc__)
    options.add_argument("workloads", nargs="*", default=["network"], help="names (default: network)")
    options.add_argument("--quick", action="store_true", help="tiny, for tests")
    given = options.parse_args(arguments)
    try:
        selected = chosen(given.workloads, cases(given.quick))
    except LookupError as error:
        options.error(str(error))
    for case in selected:
        if case.measure != "time":
            options.error(f"{case.name} measures {case.measure}: it has no step to profile")
    for case in selected:
        step = case.module.anygrad(case.inputs(), "cpu")
        found = cost(step, 3 if given.quick else 21, 5 if given.quick else 100)
        shown = []
        for title, samples in (("without", found.plain), ("with", found.profiled)):
            low, middle, high = (quantity(s, "time") for s in statistics.quantiles(samples, n=4))
            shown.append(f"{middle} {title} ({low} to {high})")
        block = quantity(found.block, "time")
        print(f"{case.name}: {', '.join(shown)}: {found.ratio:.3f}; entering and leaving {block}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
