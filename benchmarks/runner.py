"""The measuring: a process for each peer, rounds in turn, and the document that comes of it.

Knows nothing of how a peer works (``peers``, ``worker``) nor of how a result looks (``report``).
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.peers import PEERS, environment
from benchmarks.workloads import Case

__all__ = ["Settings", "run", "summary"]

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 120.0
"""Seconds after which a peer's process is taken for lost."""


class Settings(NamedTuple):
    """How to measure: ``target`` seconds a round; a peer gets fewer rounds where one takes long."""

    device: str = "cpu"
    threads: int = 1
    rounds: int = 11
    quick: bool = False
    target: float = 0.1
    budget: float = 3.0

    def rounds_of(self, seconds: float) -> int:
        """Return how many rounds of so many seconds fit."""
        return max(1, min(self.rounds, int(self.budget / max(seconds, 1e-9))))


class Lost(Exception):
    """A peer's process ended or failed; ``skipped`` when it said that it cannot."""

    def __init__(self, why: str, skipped: bool = False) -> None:
        super().__init__(why)
        self.skipped = skipped


class Worker:
    """A peer's process for one workload. A context manager, which ends it."""

    def __init__(self, peer: str, case: Case, settings: Settings) -> None:
        arguments = [
            peer,
            case.name,
            settings.device,
            "quick" if settings.quick else "full",
            str(settings.threads),
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | environment(peer, settings.device, settings.threads),
            process_group=0,  # An interrupt from the keyboard is for the parent, which then ends it.
        )

    def answer(self, request: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request, if any, and return the answer; raises ``Lost``."""
        assert self.process.stdin is not None and self.process.stdout is not None
        late = threading.Timer(LIMIT, self.process.kill)
        late.daemon = True
        late.start()
        try:
            if request is not None:
                self.process.stdin.write(json.dumps(request) + "\n")
                self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            late.cancel()
        if not line:
            raise Lost(f"its process ended with status {self.process.wait()}, or took over {LIMIT:.0f} s")
        found: dict[str, Any] = json.loads(line)
        if "failed" in found:
            raise Lost(found["failed"])
        if "skipped" in found:
            raise Lost(found["skipped"], skipped=True)
        return found

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.kill()
        with suppress(BrokenPipeError):  # What was not read any more.
            self.process.communicate()


class Run:
    """The document as it grows, and who is to be told of it."""

    def __init__(
        self, settings: Settings, advance: Callable[[str], None], say: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.advance = advance
        self.say = say
        self.document: dict[str, Any] = {
            "format": 1,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "settings": settings._asdict(),
            "machine": machine(),
            "versions": {"python": platform.python_version(), **commit()},
            "results": [],
            "skipped": [],
            "failed": [],
        }

    def lose(self, case: Case, peer: str, error: Lost) -> None:
        """Note that a peer has no result, and why."""
        kind = "skipped" if error.skipped else "failed"
        self.document[kind].append({"workload": case.name, "peer": peer, "why": str(error)})
        self.say(f"{case.name}: {peer} {kind}: {error}")

    def learn(self, answer: dict[str, Any]) -> None:
        """Note what a peer says about itself."""
        self.document["versions"] |= answer["versions"]
        if answer["hardware"]:
            self.document["machine"]["device"] = answer["hardware"]

    def record(self, case: Case, peer: str, samples: list[float]) -> None:
        """Note the samples of a peer, divided by how many operations a step has."""
        count, word = case.per
        result = {"workload": case.name, "peer": peer, "measure": case.measure, "per": word}
        self.document["results"].append(result | summary([s / count for s in samples]) | {"steps": count})

    def time(self, case: Case, peers: Sequence[str]) -> None:
        """Time the peers in interleaved rounds."""
        with ExitStack() as stack:
            workers = {peer: stack.enter_context(Worker(peer, case, self.settings)) for peer in peers}
            plans: dict[str, tuple[int, int]] = {}
            for peer, worker in workers.items():
                try:
                    self.learn(worker.answer())
                except Lost as error:
                    self.lose(case, peer, error)
                else:
                    plans[peer] = (0, 0)
            for peer in list(plans):
                try:
                    found = workers[peer].answer({"target": self.settings.target})
                    plans[peer] = (found["count"], self.settings.rounds_of(found["count"] * found["each"]))
                except Lost as error:
                    del plans[peer]
                    self.lose(case, peer, error)
            samples: dict[str, list[float]] = {peer: [] for peer in plans}
            for i in range(self.settings.rounds):
                order = list(plans)
                for peer in order[i % len(order) :] + order[: i % len(order)] if order else ():
                    count, rounds = plans[peer]
                    if i >= rounds:
                        continue
                    try:
                        samples[peer].append(workers[peer].answer({"count": count})["value"])
                    except Lost as error:
                        del plans[peer], samples[peer]
                        self.lose(case, peer, error)
                self.advance(case.name)
        for peer in peers:
            if peer in samples:
                self.record(case, peer, samples[peer])

    def memory(self, case: Case, peers: Sequence[str]) -> None:
        """Ask each peer once, in a process of its own: what is held at the peak hardly varies."""
        for peer in peers:
            try:
                with Worker(peer, case, self.settings) as worker:
                    answer = worker.answer()
            except Lost as error:
                self.lose(case, peer, error)
            else:
                self.learn(answer)
                self.record(case, peer, [answer["value"]])
        for _ in range(self.settings.rounds):
            self.advance(case.name)

    def start_up(self, case: Case, peers: Sequence[str]) -> None:
        """Import each peer in fresh processes, in interleaved rounds, after two that fill the caches."""
        seen: dict[str, str] = {PEERS[peer].imported: peer for peer in reversed(peers)}
        peers = [peer for peer in peers if peer in seen.values()]
        samples: dict[str, list[float]] = {peer: [] for peer in peers}
        rounds = dict.fromkeys(peers, 1)
        with tempfile.TemporaryDirectory() as bytecode:
            for i in range(-2, self.settings.rounds):
                for peer in list(samples):
                    if i >= rounds[peer]:
                        continue
                    try:
                        seconds = self.imported(peer, bytecode)
                    except Lost as error:
                        del samples[peer]
                        self.lose(case, peer, error)
                        continue
                    if i < 0:
                        rounds[peer] = self.settings.rounds_of(seconds)
                    else:
                        samples[peer].append(seconds)
                if i >= 0:
                    self.advance(case.name)
        for peer, found in samples.items():
            self.record(case, peer, found)

    def imported(self, peer: str, bytecode: str) -> float:
        """Return how long an import takes in a fresh process, with compiled modules kept in a folder.

        A user's are kept too, while a machine that tests may forbid it: then a checkout would be compiled
        anew each time, and its installed peers not.
        """
        name = PEERS[peer].imported
        code = f"import time; t = time.perf_counter(); import {name}; t = time.perf_counter() - t; "
        code += f"import sys; print(getattr(sys.modules[{name.partition('.')[0]!r}], '__version__', ''), t)"
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        kept |= environment(peer, self.settings.device, self.settings.threads)
        kept["PYTHONPYCACHEPREFIX"] = bytecode
        command = [sys.executable, "-c", code]
        try:
            done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=kept, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            raise Lost(f"import {name} took over {LIMIT:.0f} s") from None
        if done.returncode:
            raise Lost(f"import {name} failed: {done.stderr[-2000:]}")
        *version, seconds = done.stdout.split()
        self.document["versions"] |= {name.partition(".")[0]: v for v in version}
        return float(seconds)


def run(
    cases: Sequence[Case],
    peers: Sequence[str],
    settings: Settings,
    advance: Callable[[str], None] = lambda name: None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Measure cases for peers and return the document; calls ``advance`` for every round of every case.

    A peer that is not there is skipped, and ``say`` is told in one line. An interrupt from the keyboard ends
    the run: the document then has what was measured until then, and says so.
    """
    going = Run(settings, advance, say)
    present = []
    for peer in peers:
        why = PEERS[peer](settings.device).missing()
        if why is None:
            present.append(peer)
        else:
            going.document["skipped"].append({"workload": "", "peer": peer, "why": why})
            say(f"{peer} skipped: {why}")
    try:
        for case in cases:
            how = {"time": going.time, "memory": going.memory, "start-up": going.start_up}[case.measure]
            how(case, present)
    except KeyboardInterrupt:
        going.document["interrupted"] = True
        say(f"interrupted: {case.name} and what would have come after it have no result")
    return going.document


def summary(samples: list[float]) -> dict[str, Any]:
    """Return samples with their median and quartiles."""
    if len(samples) < 2:
        q1 = median = q3 = samples[0]
    else:
        q1, median, q3 = statistics.quantiles(samples, n=4, method="inclusive")
    return {"median": median, "q1": q1, "q3": q3, "samples": samples}


def machine() -> dict[str, Any]:
    """Describe the machine, not who it belongs to."""
    found: dict[str, Any] = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        found["memory"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError, AttributeError):  # not Linux
        return found
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found | {"processor": models[0] if models else found["processor"]}


def commit() -> dict[str, str]:
    """Name the commit that is measured, with a mark for changes that are not in it."""
    try:
        asked = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
        done = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT)
    except OSError:
        return {}
    return {"commit": done.stdout.strip()} if done.returncode == 0 else {}
