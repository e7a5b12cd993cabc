"""What a run looks like: tables for the terminal, the comparison with an older run, a bar chart.

Works on the document that ``runner.run`` returns and ``--json`` writes, and measures nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = [
    "chart",
    "comparable",
    "comparison",
    "described",
    "file_name",
    "geometric_mean",
    "ratios",
    "tables",
]

Document = dict[str, Any]
OURS = "anygrad"
BY_HAND = ("numpy", "cupy")
FLOOR = 0.02
"""A change smaller than this is noise, whatever the quartiles say."""
TIMES = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
SIZES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))


def quantity(value: float, measure: str) -> str:
    """Write a time or a size with three digits and its unit."""
    units = SIZES if measure == "memory" else TIMES
    scale, unit = next((u for u in units if value >= u[0]), units[-1])
    number = value / scale
    return f"{number:.{max(0, 2 - int(math.log10(number))) if number >= 1 else 2}f} {unit}"


def ratio(value: float) -> str:
    """Write a ratio with two decimals, or two digits where that would be nothing; a dash for NaN."""
    if math.isnan(value):
        return "-"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def by_case(document: Document) -> dict[str, dict[str, Any]]:
    """Return the results by workload and peer, in the order of the run."""
    found: dict[str, dict[str, Any]] = {}
    for result in document["results"]:
        found.setdefault(result["workload"], {})[result["peer"]] = result
    return found


def peers_of(document: Document) -> list[str]:
    """Return the peers that have results, in the order of the run."""
    return list(dict.fromkeys(result["peer"] for result in document["results"]))


def ratios(document: Document) -> dict[str, dict[str, float]]:
    """Return anygrad's median over each peer's, by workload: below 1, anygrad needs less."""
    found = {}
    for name, results in by_case(document).items():
        if OURS in results:
            ours = results[OURS]["median"]
            found[name] = {p: ours / r["median"] for p, r in results.items() if p != OURS}
    return found


def geometric_mean(values: Iterable[float]) -> float:
    """Return the geometric mean; NaN of nothing."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def aligned(rows: list[list[str]]) -> str:
    """Lay out a table: the first column to the left, the others to the right, a rule under the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(others, widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def label(name: str, results: dict[str, Any]) -> str:
    """Name a workload, with what a figure is for."""
    word = next(iter(results.values()))["per"]
    return f"{name}, per {word}" if word else name


def tables(document: Document) -> str:
    """Return the table of medians with quartiles, and that of ratios with their geometric means last."""
    cases, peers = by_case(document), peers_of(document)
    rows = [["median ± half the quartiles' range", *peers]]
    for name, results in cases.items():
        cells = []
        for peer in peers:
            r = results.get(peer)
            spread = round(50 * (r["q3"] - r["q1"]) / r["median"]) if r else 0
            noise = f" ± {spread:2d} %" if r and len(r["samples"]) > 1 else " " * 7
            cells.append(quantity(r["median"], r["measure"]) + noise if r else "-" + " " * 7)
        rows.append([label(name, results), *cells])
    parts = [aligned(rows)]
    others = [peer for peer in peers if peer != OURS]
    found = ratios(document)
    if others and found:
        rows = [["anygrad / peer", *others]]
        rows += [[n, *(ratio(r.get(p, math.nan)) for p in others)] for n, r in found.items()]
        means = [geometric_mean(r[p] for r in found.values() if p in r) for p in others]
        rows.append(["geometric mean", *map(ratio, means)])
        parts.append(aligned(rows))
    return "\n\n".join(parts)


def described(document: Document) -> str:
    """Return a line about the machine and one about the versions."""
    m, s = document["machine"], document["settings"]
    where = [m.get("device", m["processor"]), f"{m['cores']} cores", m["system"]]
    counts = [f"{s[name]} {name if s[name] > 1 else name[:-1]}" for name in ("threads", "rounds")]
    threads = (
        f"{counts[0]} each, {counts[1]}{', tiny inputs: the figures mean nothing' if s['quick'] else ''}"
    )
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    return f"{', '.join(map(str, where))}; {threads}\n{versions}"


def file_name(document: Document) -> str:
    """Name a file for a run: its date and its machine."""
    m = document["machine"]
    where = re.sub(r"[^a-z0-9]+", "-", str(m.get("device", f"{m['cores']} cores")).lower()).strip("-")
    return f"{document['date'][:10]}-{where}.json"


# ---------------------------------------------------------------- comparison with an older run


def moved(new: dict[str, Any] | None, old: dict[str, Any] | None) -> int:
    """Say whether a result got slower (1), faster (-1) or neither: the quartiles' ranges lie apart.

    One sample of a time tells nothing of the noise.
    """
    if new is None or old is None:
        return 0
    if new["measure"] != "memory" and min(len(new["samples"]), len(old["samples"])) < 2:
        return 0
    if new["q1"] > old["q3"] and new["median"] > old["median"] * (1 + FLOOR):
        return 1
    return -1 if new["q3"] < old["q1"] and new["median"] < old["median"] * (1 - FLOOR) else 0


def comparable(document: Document, before: Document) -> None:
    """Raise ``ValueError`` for two runs under different settings."""
    for name in ("device", "threads", "quick"):
        new, old = (d["settings"][name] for d in (document, before))
        if new != old:
            raise ValueError(f"the older run has {name}={old}, this one {name}={new}: they do not compare")


def comparison(document: Document, before: Document) -> tuple[str, list[str]]:
    """Return a table of what changed since an older run, and the workloads where anygrad got slower.

    What got slower together with the hand-written code is marked but not counted: the machine changed.
    Raises ``ValueError`` for a run under other settings.
    """
    comparable(document, before)
    notes = [
        f"{key} was {old[key]}, is {new[key]}"
        for new, old in ((document[part], before[part]) for part in ("machine", "versions"))
        for key in old
        if key in new and new[key] != old[key] and key not in ("commit", "memory")
    ]
    rows = [["anygrad, and by hand", "before", "now", "change", "by hand", ""]]
    slower = []
    earlier = by_case(before)
    for name, results in by_case(document).items():
        old = earlier.get(name, {})
        if OURS not in results or OURS not in old:
            continue
        control = next((p for p in BY_HAND if p in results and p in old), "")
        change = moved(results[OURS], old[OURS])
        by_hand = moved(results.get(control), old.get(control))
        mark = {1: "SLOWER", -1: "faster", 0: ""}[change]
        if change == by_hand == 1:
            mark = "slower, as by hand is"
        elif change == 1:
            slower.append(name)
        pairs = [(results[p], old[p]) for p in (OURS, control) if p]
        changes = [f"{new['median'] / past['median'] - 1:+.1%}" for new, past in pairs]
        shown = [quantity(r["median"], r["measure"]) for r in (old[OURS], results[OURS])]
        rows.append([label(name, results), *shown, *changes, *[""] * (2 - len(changes)), mark])
    return "\n".join([aligned(rows), *notes]), slower


# ---------------------------------------------------------------- the chart


def chart(document: Document, path: Path) -> None:
    """Draw the ratios as bars, a group for each workload, on a logarithmic axis, into an image file."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    found = ratios(document)
    others = [peer for peer in peers_of(document) if peer != OURS]
    figure, axes = plt.subplots(
        figsize=(9, 1.5 + 0.16 * len(found) * (len(others) + 1)), layout="constrained"
    )
    height = 0.85 / max(1, len(others))
    for i, peer in enumerate(others):
        bars = [(row + i * height, r[peer]) for row, r in enumerate(found.values()) if peer in r]
        # Bars from 1, so that the side says who needs less.
        widths = [ratio - 1 for _, ratio in bars]
        axes.barh([at for at, _ in bars], widths, height=height, left=1, label=peer, align="edge")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks([row + 0.425 for row in range(len(found))], list(found))
    axes.invert_yaxis()
    axes.set_xlabel("anygrad's median / the peer's (left of 1, anygrad needs less)")
    axes.set_title(described(document).partition("\n")[0], fontsize="small")
    if others:
        axes.legend(loc="best", fontsize="small")
    figure.savefig(path)
    plt.close(figure)
