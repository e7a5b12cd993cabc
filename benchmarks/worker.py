"""The process of one peer for one workload: checks its result, then times it, a round for each request.

Started by ``runner`` with the environment that the peer needs; reads a request a line and answers a line of
JSON each. What the peer itself prints goes to the standard error.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import sys
import traceback
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.peers import PEERS, Peer, Step
from benchmarks.workloads import Case, Unsupported, cases

TOLERANCE = {4: 2e-3, 8: 1e-6}
"""The error that is allowed for real numbers of so many bytes, as a part of the largest."""


def differing(got: list[np.ndarray], expected: list[np.ndarray]) -> str | None:
    """Say in what results differ, or None; a lower precision than the expected one is a difference."""
    if len(got) != len(expected):
        return f"it returns {len(got)} results, not {len(expected)}"
    for i, (a, b) in enumerate(zip(got, expected, strict=True)):
        if a.shape != b.shape:
            return f"result {i} has shape {a.shape}, not {b.shape}"
        if a.dtype.kind != b.dtype.kind or a.dtype.itemsize < b.dtype.itemsize:
            return f"result {i} has dtype {a.dtype}, not {b.dtype}"
        error, size = (float(abs(v).max(initial=0)) for v in (a - b, b))
        if not error <= TOLERANCE[b.dtype.itemsize] * size:
            return f"result {i} is off by {error:.3g} of {size:.3g}"
    return None


def checked(peer: Peer, case: Case) -> Step:
    """Return the step of a workload after its first results are those of the hand-written one."""
    tried = case.tiny if case.check_tiny else case
    data = tried.inputs()
    by_hand = PEERS["numpy"]("cpu")
    expected = [by_hand.array(value) for value in by_hand.step(tried, data)()]
    step = peer.step(tried, data)
    wrong = differing([peer.array(value) for value in step()], expected)
    if wrong:
        raise ArithmeticError(f"{peer.name} is wrong: {wrong}")
    return step if tried is case else peer.step(case, case.inputs())


def resident(peak: bool = False) -> int:
    """Return the bytes of memory that this process has, or the most that it had."""
    try:
        with open("/proc/self/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmHWM" if peak else "VmRSS"].split()[0]) * 1024
    except (OSError, KeyError):  # not Linux, where only the peak can be asked for
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if platform.system() == "Darwin" else most * 1024


def forget_peak() -> None:
    """Start the peak of ``resident`` anew where the system can."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return  # the peak until now is that of the imports and the inputs, which is low


def available() -> int | None:
    """Return the bytes of memory that are free, None where the system does not say."""
    try:
        with open("/proc/meminfo") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable"))
    except OSError:
        return None


def peak_of(peer: Peer, case: Case) -> int:
    """Return the most memory that one step holds beyond its inputs; the result is checked on a tiny case."""
    free = available()
    if peer.device == "cpu" and free is not None and free < case.bytes_needed:
        raise Unsupported(f"it needs {case.bytes_needed / 1e9:.0f} GB of memory, {free / 1e9:.0f} are free")
    step = checked(peer, case)
    gc.collect()
    forget_peak()
    before = resident()
    result = step()
    peer.wait()
    del result
    on_device = peer.device_peak()
    # A page at least: what a tiny case needs may have been there already.
    return max(resident(peak=True) - before, 4096) if on_device is None else on_device


def calibrated(peer: Peer, step: Step, target: float) -> tuple[int, float]:
    """Return how many steps last about ``target`` seconds, warm, and how long one takes."""
    count = 1
    while True:
        seconds = peer.seconds(step, count)
        if seconds >= target / 2 or count >= 1_000_000:
            break
        count = max(count + 1, min(10 * count, int(count * target / max(seconds, 1e-9))))
    each = seconds / count
    return max(1, round(target / each)), each


def confine(threads: int) -> None:
    """Keep every thread of this process on so many cores, the same ones for each peer, where the system can.

    The environment's variables do not bind every library. Done after the check, so that the peers of a
    workload can be imported side by side.
    """
    if hasattr(os, "sched_setaffinity") and os.path.isdir("/proc/self/task"):
        cores = sorted(os.sched_getaffinity(0))[-threads:]
        for thread in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(thread), cores)


def answers(peer: Peer, case: Case, threads: int) -> Iterator[dict[str, Any]]:
    """Yield what the process has to say: first about itself, then to every request."""
    about = {"hardware": peer.start(), "versions": peer.versions() | {"numpy": np.__version__}}
    if case.measure == "memory":
        yield about | {"value": peak_of(peer, case)}
        return
    start = perf_counter()
    step = checked(peer, case)
    yield about | {"check": perf_counter() - start}
    confine(threads)
    for line in sys.stdin:
        request = json.loads(line)
        if "target" in request:
            count, each = calibrated(peer, step, request["target"])
            yield {"count": count, "each": each}
        else:
            gc.collect()
            yield {"value": peer.seconds(step, request["count"]) / request["count"]}


def main() -> None:
    """Serve one peer and one workload, named on the command line."""
    name, workload, device, quick, threads = sys.argv[1:]
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        for answer in answers(PEERS[name](device), cases(quick == "quick", device)[workload], int(threads)):
            print(json.dumps(answer), file=pipe, flush=True)
    except Unsupported as error:
        print(json.dumps({"skipped": str(error)}), file=pipe, flush=True)
    except Exception as error:
        told = str(error) if isinstance(error, ArithmeticError) else traceback.format_exc()
        print(json.dumps({"failed": told}), file=pipe, flush=True)


if __name__ == "__main__":
    main()
