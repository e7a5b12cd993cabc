"""Runs the text of kernels on the host: one C++ loop for each, over arrays broadcast to one shape.

Stands in for ``cupy.ElementwiseKernel`` where there is no GPU, so that the very text that a GPU would run
is what is compared with the formula. Needs ``g++``.
"""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anygrad.backends.fusing import TYPES, Program

HEAD = """
#include <cmath>
#include <complex>
using namespace std;
"""


def available() -> bool:
    """Tell whether there is a compiler."""
    return shutil.which("g++") is not None


def source(i: int, parameters: Sequence[tuple[np.dtype, str]], dtype: np.dtype, body: str) -> str:
    """Return a C++ function that runs ``body`` for each entry."""
    reads = "".join(
        f"const {TYPES[d.name]} {name} = (({TYPES[d.name]}*)given[{j}])[i]; "
        for j, (d, name) in enumerate(parameters)
    )
    return (
        f'extern "C" void kernel_{i}(long n, void** given, {TYPES[dtype.name]}* result) '
        f"{{ for (long i = 0; i < n; i++) {{ {reads}{TYPES[dtype.name]} out; {body} result[i] = out; }} }}\n"
    )


def body_of(program: Program) -> str:
    """Return the statements that set ``out``."""
    return f"{' '.join(program.lines)} out = {program.result};"


def compiled(programs: Sequence[tuple[Sequence[tuple[np.dtype, str]], np.dtype, str]]) -> list[Any]:
    """Compile programs ``(parameters, dtype, body)`` together, and return a function for each."""
    text = HEAD + "".join(source(i, *program) for i, program in enumerate(programs))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "kernels.so"
        command = ["g++", "-O0", "-w", "-shared", "-fPIC", "-x", "c++", "-", "-o", str(made)]
        subprocess.run(command, input=text, text=True, check=True)
        library = ctypes.CDLL(str(made))
    return [
        functools.partial(run, getattr(library, f"kernel_{i}"), [d for d, _ in parameters], dtype)
        for i, (parameters, dtype, _) in enumerate(programs)
    ]


def run(function: Any, dtypes: Sequence[np.dtype], dtype: np.dtype, *given: Any) -> np.ndarray:
    """Call a compiled kernel on arrays and numbers."""
    arrays = [_widened(np.asarray(x, dtype=d)) for x, d in zip(given, dtypes, strict=True)]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    rows = [np.ascontiguousarray(np.broadcast_to(a, shape)) for a in arrays]
    out = _widened(np.empty(shape, dtype))
    pointers = (ctypes.c_void_p * len(rows))(*(a.ctypes.data for a in rows))
    function(ctypes.c_long(out.size), pointers, ctypes.c_void_p(out.ctypes.data))
    return out.astype(dtype, copy=False)


def _widened(x: np.ndarray) -> np.ndarray:
    """Return half precision as what C++ computes it in."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


class ElementwiseKernel:
    """What CuPy's class of that name does, on host arrays; compiled at the first call, as there."""

    def __init__(self, in_params: str, out_params: str, operation: str, name: str) -> None:
        parts = [part.split() for part in in_params.split(", ")]
        self.program = [(np.dtype(d), n) for d, n in parts], np.dtype(out_params.split()[0]), operation
        self.name = name

    @functools.cached_property
    def function(self) -> Any:
        return _once(tuple(self.program[0]), *self.program[1:])

    def __call__(self, *given: Any) -> Any:
        """Compute, into a last array where one more is given than there are parameters."""
        count = len(self.program[0])
        found = self.function(*given[:count])
        for out in given[count:]:
            for x in given[:count]:
                # Entries are computed in any order: one may be read after it was written.
                assert x is out or not np.may_share_memory(x, out)
            out[...] = found
        return found


@functools.cache
def _once(parameters: tuple[tuple[np.dtype, str], ...], dtype: np.dtype, body: str) -> Any:
    return compiled([(parameters, dtype, body)])[0]
