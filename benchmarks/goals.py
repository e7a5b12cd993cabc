"""What the project wants of its figures: limits of ratios, and how a run stands to each.

Works on the document of a run, as ``report`` does, and measures nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.report import Document, aligned, ratio, ratios

__all__ = ["GOALS", "Goal", "standing"]


class Goal(NamedTuple):
    """At most ``limit`` times what a peer needs for a workload."""

    workload: str
    peer: str
    limit: float


GOALS = {
    "cpu": [
        Goal("operations", "torch", 0.48),
        Goal("operations", "numpy", 2.5),
        Goal("rosenbrock", "torch", 0.35),
        Goal("regression", "torch", 0.5),
        Goal("network", "torch", 0.9),
        Goal("network", "numpy", 1.2),
        Goal("elementwise-float32", "torch", 1.0),
        Goal("elementwise-float32", "numpy", 1.1),
        Goal("elementwise-float64", "torch", 1.0),
        Goal("elementwise-float64", "numpy", 1.1),
        Goal("log-softmax", "torch", 1.2),
        Goal("memory", "torch", 1.0),
        Goal("start-up", "numpy", 1.5),
    ],
    "cuda": [
        Goal("network", "torch", 1.0),
        Goal("elementwise-64M", "torch", 1.0),
        Goal("elementwise-64M", "cupy", 1.05),
        Goal("log-softmax", "torch", 1.2),
        Goal("matmul", "cupy", 1.03),
        Goal("operations", "cupy", 1.3),
    ],
}
"""The goals of each device, with one thread."""


def standing(document: Document) -> tuple[str, bool]:
    """Return a table of a device's goals and how a run stands to each, and whether it meets them all."""
    found = ratios(document)
    rows, all_met = [["goal: anygrad / peer", "at most", "now", ""]], True
    for workload, peer, limit in GOALS[document["settings"]["device"]]:
        now = found.get(workload, {}).get(peer)
        # As it is shown: a limit of two decimals says nothing about the third.
        met = now is not None and round(now, 2) <= limit
        all_met = all_met and met
        verdict = "met" if met else "not measured" if now is None else "MISSED"
        rows.append([f"{workload} / {peer}", f"{limit:.2f}", "-" if now is None else ratio(now), verdict])
    return aligned(rows), all_met
