"""Writes tests/NUMPY.md: which of NumPy's functions tensors answer for. ``python -m tests.numpy_table``"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy._core.overrides import ARRAY_FUNCTIONS  # every function that asks its operands

import anygrad.numpy as anp
from anygrad.numpy.table import TABLE
from anygrad.numpy.ufuncs import Ufunc

PLACE = Path(__file__).with_name("NUMPY.md")
HEAD = """# NumPy's functions on tensors

Written by `python -m tests.numpy_table`. Plain NumPy finds these by `__array_function__` and
`__array_ufunc__` when it is handed a tensor; `anygrad.numpy` has the same. Each is tried, values and
gradients, in `tests/consumers/test_numpy_functions.py`.
"""
ABSENT = {
    "memory and bits, of which tensors make no promise": "may_share_memory packbits shares_memory unpackbits",
    "dates": "busday_count busday_offset datetime_as_string is_busday isnat",
    "histograms of more than one dimension": "histogram2d histogramdd",
}
"""What NumPy would ask tensors for and is not there: it raises, and names what is near."""


def public(function: Any) -> str:
    """Return the name of a function of NumPy's in the table."""
    return f"{function.__module__}.{function.__name__}".removeprefix("numpy.")


def asked() -> set[str]:
    """Return the names of NumPy's functions that ask their operands, ufuncs too."""
    importlib.import_module("numpy.fft")
    places = {name.rpartition(".")[0] for name in TABLE}
    found = {name for name in map(public, ARRAY_FUNCTIONS) if name.rpartition(".")[0] in places}
    return found | {u.__name__ for u in vars(np).values() if isinstance(u, np.ufunc)}


def chapters() -> Iterator[tuple[str, list[str]]]:
    """Yield each chapter's first line with its functions, those under two names once."""
    seen: set[int] = set()
    ufuncs = [name for name, f in TABLE.items() if isinstance(f, Ufunc) and name not in anp.ALIASES]
    yield "Universal functions, with `reduce`, `accumulate`, `reduceat`, `outer` and `at`", ufuncs
    modules = [m for name, m in sys.modules.items() if name.startswith("anygrad.numpy.")]
    for module in sorted(modules, key=lambda m: m.__name__):
        names = []
        for name, function in TABLE.items():
            code = getattr(getattr(function, "__wrapped__", None), "__code__", None)
            if code and code.co_filename == module.__file__ and id(function) not in seen:
                seen.add(id(function))
                names.append(name)
        assert module.__doc__ is not None
        if names:
            title = module.__doc__.splitlines()[0].rstrip(".").replace("`", "").removeprefix("NumPy's ")
            yield title[0].upper() + title[1:], names


def table() -> str:
    """Return the whole text."""
    lines, total = [HEAD], 0
    for title, names in chapters():
        total += len(names)
        lines += [f"- {title} ({len(names)}): {', '.join(f'`{n}`' for n in sorted(names))}"]
    others = ", ".join(f"`{alias}` is `{name}`" for alias, name in sorted(anp.ALIASES.items()))
    lines += [
        f"Other names: {others}.",
        "",
        f"Together {total} functions.",
        "",
        "Absent, and refused by name:",
        "",
    ]
    lines += [f"- {why}: {', '.join(f'`{n}`' for n in names.split())}" for why, names in ABSENT.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PLACE.write_text(table(), encoding="utf-8")
