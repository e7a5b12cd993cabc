"""The command line of the benchmark suite: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import goals, report, runner
from benchmarks.peers import PEERS, peers_for
from benchmarks.workloads import cases, chosen

STATUS = """
Exit status: 0 when all was measured; 1 when a peer failed or gave a wrong result, or nothing could be
measured; 2 for a wrong command line; 3 when --compare finds something slower by more than the noise; 4 when
--goals finds a goal that is missed or was not measured; 130 when interrupted, with what was measured written.
"""

PICTURES = (".svg", ".png", ".pdf")


def parser() -> argparse.ArgumentParser:
    """Return the command line's description."""
    new = argparse.ArgumentParser("python -m benchmarks", description=__doc__, epilog=STATUS)
    add = new.add_argument
    add("workloads", nargs="*", metavar="WORKLOAD", help="names, or how names begin (default: all)")
    add("--list", action="store_true", help="say what there is, and stop")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--peers", metavar="A,B", help="the peers beside anygrad (default: all of the device)")
    add("--threads", type=positive, default=1, help="threads, and cores, for each peer (default: 1)")
    add("--rounds", type=positive, help="rounds in which the peers take turns (default: 11)")
    add("--quick", action="store_true", help="tiny inputs: shows that all works, the figures mean nothing")
    add(
        "--json",
        type=Path,
        metavar="FILE",
        help="write everything measured; a folder: named by date and machine",
    )
    add("--goals", action="store_true", help="say of each goal of the project whether the run meets it")
    add("--plot", type=Path, metavar="FILE", help=f"draw the ratios as a bar chart ({', '.join(PICTURES)})")
    add("--compare", type=Path, metavar="OLD.json", help="mark what changed since a run that --json wrote")
    return new


def positive(text: str) -> int:
    """Read a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {text!r}")
    return int(text)


def read(file: Path) -> report.Document:
    """Read what ``--json`` wrote; raises ``ValueError`` for another file."""
    try:
        document = json.loads(file.read_text())
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{file} is no JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != 1:
        raise ValueError(f"{file} is not of a run: expected what --json wrote")
    return document


def writable(file: Path | None, suffixes: Sequence[str] = ()) -> None:
    """Raise ``ValueError`` for a file that could not be written: now, not when all has been measured."""
    if file is None or (file.is_dir() and not suffixes):
        return
    if not file.parent.is_dir():
        raise ValueError(f"{file} cannot be written: there is no folder {file.parent}")
    if suffixes and file.suffix not in suffixes:
        raise ValueError(f"{file} cannot be drawn: expected a name that ends in {', '.join(suffixes)}")
    if suffixes and importlib.util.find_spec("matplotlib") is None:
        raise ValueError(f"{file} cannot be drawn: matplotlib is not installed (pip install matplotlib)")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ValueError(f"{file} cannot be written: no permission")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = parser()
    given = options.parse_args(arguments)
    known = peers_for(given.device)
    peers = known if given.peers is None else [p for p in given.peers.split(",") if p]
    for peer in peers:
        if peer not in known:
            options.error(f"no peer {peer!r} for {given.device}: there are {', '.join(known)}")
    if given.goals and (given.quick or given.threads > 1):
        options.error("--goals is of full inputs and one thread: leave --quick and --threads out")
    peers = ["anygrad", *(peer for peer in peers if peer != "anygrad")]
    try:
        selected = chosen(given.workloads, cases(given.quick, given.device))
        before = read(given.compare) if given.compare else None
        writable(given.json)
        writable(given.plot, PICTURES)
    except (LookupError, OSError, ValueError) as error:
        options.error(str(error))
    if given.list:
        for case in selected:
            print(f"{case.name:<20} {case.about}")
        return 0
    quick = {"rounds": 3, "target": 0.002, "budget": 1.0} if given.quick else {}
    settings = runner.Settings(given.device, given.threads, quick=given.quick)._replace(**quick)
    if given.rounds:
        settings = settings._replace(rounds=given.rounds)
    if before:
        try:
            report.comparable({"settings": settings._asdict()}, before)
        except ValueError as error:
            options.error(str(error))

    why = PEERS["anygrad"](given.device).missing()
    if why:
        print(f"nothing to measure: {why}")
        return 1
    document = measured(selected, peers, settings)
    if document.get("interrupted") and not document["results"]:
        return 130
    print(f"\n{report.tables(document)}\n\n{report.described(document)}")
    slower = []
    if before:
        table, slower = report.comparison(document, before)
        print(f"\n{table}")
    met = True
    if given.goals:
        table, met = goals.standing(document)
        print(f"\n{table}")
    if given.json:
        file = given.json / report.file_name(document) if given.json.is_dir() else given.json
        file.write_text(json.dumps(document, indent=1) + "\n")
        print(f"written: {file}")
    if given.plot:
        report.chart(document, given.plot)
        print(f"written: {given.plot}")
    if document.get("interrupted"):
        return 130
    if document["failed"] or not document["results"]:
        return 1
    return 3 if slower else 0 if met else 4


def measured(selected: list, peers: list[str], settings: runner.Settings) -> report.Document:
    """Measure behind a progress bar, where there is tqdm to draw it."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        print("no progress is shown: pip install tqdm")
        return runner.run(selected, peers, settings)

    with tqdm(total=len(selected) * settings.rounds, unit="round", leave=False, disable=None) as bar:

        def advance(name: str) -> None:
            bar.set_description(name)
            bar.update()

        return runner.run(selected, peers, settings, advance, tqdm.write)


if __name__ == "__main__":
    sys.exit(main())
