"""Writes tests/SPECIAL.md: which library has which special function. ``python -m tests.special_table``

What it says is what ``anygrad.special`` goes by; tests compare that with the libraries.
"""

from __future__ import annotations

from pathlib import Path

import anygrad as ag
from anygrad.backends.special import SPECIAL
from anygrad.backends.special_lookup import LIBRARIES, way_to
from anygrad.functions import SHARED
from anygrad.op import DERIVED, REGISTRY

PLACE = Path(__file__).with_name("SPECIAL.md")
COLUMNS = {
    "NumPy, Dask": "scipy.special",
    "CuPy": "cupyx.scipy.special",
    "PyTorch": "torch.special",
    "JAX": "jax.scipy.special",
    "others": None,
}
MARKS = {"own": "own", "written out": "out", None: "-"}
HEAD = """# Special functions

Written by `python -m tests.special_table`. *own*: the library's own function; *out*: written out in standard
functions; *-*: there is none, and `UnsupportedError` says who has it. NumPy's and Dask's are SciPy's. The
last column says in which inputs there is a derivative.
"""


def inputs_of(name: str) -> str:
    """Return the inputs in which a function has a derivative."""
    row = REGISTRY[f"special.{name}"]
    return ", ".join(row.inputs[i] for i in row.differentiable)


def table() -> str:
    """Return the whole text."""
    rows = [name for name in sorted(SPECIAL) if name != "ndtr" and REGISTRY[f"special.{name}"].public]
    counts = {title: sum(way_to(n, library) is not None for n in rows) for title, library in COLUMNS.items()}
    lines = [HEAD, f"| function | {' | '.join(COLUMNS)} | derivatives |", "|---" * (len(COLUMNS) + 2) + "|"]
    for name in rows:
        cells = [MARKS[way_to(name, library)] for library in COLUMNS.values()]
        lines.append(f"| {name} | {' | '.join(cells)} | {inputs_of(name)} |")
    lines.append(f"| {len(rows)} functions | {' | '.join(map(str, counts.values()))} | |")
    made = sorted(name.removeprefix("special.") for name in DERIVED if name.startswith("special."))
    lines += ["", f"Made of these and of others: {', '.join(f'`{name}`' for name in made)}."]
    shared = [f"`{short}` is `anygrad.{key}`" for short, key in SHARED["special"].items()]
    lines += ["", f"The same functions as elsewhere: {', '.join(shared)}.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    assert set(COLUMNS.values()) - {None} == set(LIBRARIES) and ag.special
    PLACE.write_text(table(), encoding="utf-8")
