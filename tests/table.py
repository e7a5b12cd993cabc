"""Writes tests/ROWS.md: for every function and backend, how many samples of each trait run, or why none does.

``python -m tests.table`` writes it; a test compares. The numbers are those of the very loops that
``test_rows`` runs, so that what passes is what is counted.
"""

from __future__ import annotations

from pathlib import Path

from anygrad.op import CREATIONS, DERIVED, REGISTRY
from tests.samples import SAMPLES, Sample, cases, own
from tests.targets import DEVICES, LAYOUTS
from tests.test_rows import connected, takes_no_complex

PLACE = Path(__file__).with_name("ROWS.md")

TRAITS = ("real", "complex", "empty", "0-d", "tie", "strided", "second order")

HEAD = """# What is tested

Written by `python -m tests.table`; a test compares it with the samples. A number says how many samples of a
trait run on the backend where that is tested: all of them forward and, where there is a derivative, at first
order. Where there is no number there is the reason.

- *empty*: an axis of length 0; *0-d*: no axes; *tie*: a point where the derivative had to be decided;
  *strided*: column-major, backwards and spaced operands; *second order*: samples checked at both orders.
- The strict backend runs on `device1`, where reading numbers back to the host is trapped.
"""

REAL_ONLY = ("leaky_relu", "gelu", "silu", "softplus", "cross_entropy", "one_hot", "max_pool1d", "max_pool2d")
REAL_ONLY += ("fft.rfftn", "fft.ihfft", "median", "quantile", "searchsorted")
"""Functions without a row that take no complex numbers."""


def _plain(one: Sample) -> bool:
    return one.kind not in ("empty", "0-d", "tie")


def counted(name: str, backend: str, trait: str) -> int:
    """Return how many samples of a trait the tests of a function run on a backend."""
    ran = list(cases(name, backend))
    if trait == "real":
        return sum(_plain(one) and not one.is_complex for one in ran)
    if trait == "complex":
        return sum(one.is_complex for one in ran)
    if trait == "strided":
        if backend == "jax" or name in CREATIONS:
            return 0
        return len(LAYOUTS) * len(list(cases(name, backend, "plain", "broadcast", "axis")))
    if trait == "second order":
        return sum(one.smooth and one.kind != "empty" and connected(one) for one in ran)
    return sum(one.kind == trait for one in ran)


def reason(name: str, backend: str, trait: str) -> str:
    """Return why a function has no sample of a trait on a backend."""
    row = REGISTRY.get(name)
    left = [one.without.get(backend) for one in SAMPLES[name] if trait != "complex" or one.is_complex]
    if left and all(left):
        return str(left[0])
    anywhere = [one for one in SAMPLES[name] if one.kind == trait]
    if anywhere:
        return next(one.without[backend] for one in anywhere)
    if name in CREATIONS:
        return "makes arrays" if trait != "complex" else "made by dtype"
    if trait == "real":
        return "complex only"
    if trait == "strided":
        return "one memory order"
    if trait == "0-d":
        return "needs an axis"
    real = name in REAL_ONLY or name.startswith("special.") if row is None else takes_no_complex(name)
    if trait == "complex" and real:
        return "real only"
    if trait == "complex" and row is not None and not row.formulas:
        return "not in the standard"
    if trait == "second order" or (row is not None and not row.formulas):
        return "no derivative"
    if trait == "tie":
        return "linear" if row is None or row.linear else "smooth"
    raise LookupError(f"{name} has no samples for {trait} on {backend}, and no reason")


def table() -> str:
    """Return the whole text."""
    parts = [HEAD]
    for backend in DEVICES:
        parts.append(
            f"\n## {backend}\n\n| function | {' | '.join(TRAITS)} |\n|{'---|' * (1 + len(TRAITS))}\n"
        )
        for name in own((*REGISTRY, *DERIVED, *CREATIONS)):
            cells = [str(counted(name, backend, t) or reason(name, backend, t)) for t in TRAITS]
            parts.append(f"| {name} | {' | '.join(cells)} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PLACE.write_text(table(), encoding="utf-8")
