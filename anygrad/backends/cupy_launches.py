"""Launches that leave out what CuPy asks of operands first, which takes longer than the launch itself.

Kernels and products for arrays that lie in memory row by row; for all others there is CuPy's own way, and the
answer here is None. The text of the kernels is plain C++, so that the tests can run it without a GPU. Knows
no formula and no backend.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

import cupy
import numpy as np

from anygrad.backends.fusing import TYPES, Program, traced

__all__ = ["Kernel", "function_of", "multiplied", "source", "updated"]

WIDEST = 1 << 30
"""The most entries that are not left to CuPy, to whom its own way then costs nothing."""
THREADS = 256


class Kernel:
    """A program as kernels, each compiled at its first launch.

    ``general`` computes it for arrays of any memory order: CuPy's elementwise kernel, where none is given.
    """

    def __init__(self, program: Program, name: str, general: Callable[..., Any] | None = None) -> None:
        dtypes = {program.dtype, *(dtype for dtype, _ in program.parameters)}
        self.program = program
        self.name = name
        self.is_plain = not any(dtype.kind == "c" or dtype.itemsize == 2 for dtype in dtypes)
        self.general = general or _elementwise_kernel(program, name)
        self.direct: dict[str, Any] = {}

    def __call__(self, *given: Any) -> Any:
        found = _laid_out(given) if self.is_plain else None
        if found is None:
            return self.general(*given)
        layout, shape, n, arguments = found
        kernel = self.direct.get(layout)
        if kernel is None:
            kernel = self.direct[layout] = _compiled(source(self.program, layout, self.name), self.name)
        out = cupy.ndarray(shape, self.program.dtype)
        kernel(((n + THREADS - 1) // THREADS,), (THREADS,), (*arguments, out, n))
        return out


def _elementwise_kernel(program: Program, name: str) -> Any:
    given = ", ".join(f"{dtype.name} {name}" for dtype, name in program.parameters)
    body = " ".join(program.lines)
    return cupy.ElementwiseKernel(given, f"{program.dtype.name} out", f"{body} out = {program.result};", name)


def _compiled(text: str, name: str) -> Any:
    kernel = cupy.RawModule(code=text).get_function(name)
    # What is loaded on the one device there is starts sooner than what looks up where it is to run.
    return kernel if cupy.cuda.runtime.getDeviceCount() > 1 else kernel.kernel


def source(program: Program, layout: str, name: str) -> str:
    """Return the text of a program over row-major arrays.

    ``layout`` has a letter for each parameter: ``a`` for an array of the result's shape, ``r`` for one that
    is repeated along axes in front of its own, followed by its size, and ``n`` for a number.
    """
    heads, reads = [], []
    for kind, (dtype, label) in zip(layout, program.parameters, strict=True):
        entry = TYPES[dtype.name]
        if kind == "n":
            heads.append(f"{entry} {label}")
            continue
        heads.append(f"const {entry}* p_{label}")
        at = "i"
        if kind == "r":
            heads.append(f"long long m_{label}")
            at = f"i % (unsigned)m_{label}"
        reads.append(f"const {entry} {label} = p_{label}[{at}];")
    result = TYPES[program.dtype.name]
    return (
        f'extern "C" __global__ void {name}({", ".join(heads)}, {result}* result, long long n) {{\n'
        f"    const unsigned i = blockIdx.x * {THREADS}u + threadIdx.x;\n"
        f"    if (i < n) {{ {' '.join((*reads, *program.lines))} result[i] = {program.result}; }}\n}}\n"
    )


Layout = tuple[str, tuple[int, ...], int, Sequence[Any]]
"""A letter for each operand, the shape and entries of the result, and the arguments of the launch."""


def _laid_out(given: Sequence[Any]) -> Layout | None:
    """Return how operands are launched, if they are of one shape; None where CuPy's own way must do."""
    layout, shape, n = "", None, 0
    for x in given:
        if x.__class__ is not cupy.ndarray:
            layout += "n"
        elif not x.flags.c_contiguous:
            return None
        elif shape is None:
            layout, shape, n = layout + "a", x.shape, x.size
        elif x.shape == shape:
            layout += "a"
        else:
            return _repeated(given)
    return (layout, shape, n, given) if shape is not None and 0 < n < WIDEST else None


def _repeated(given: Sequence[Any]) -> Layout | None:
    """Return the same for operands of which some are repeated along axes in front of their own."""
    arrays = [x for x in given if x.__class__ is cupy.ndarray]
    largest = max(arrays, key=lambda x: (x.size, x.ndim))
    shape, n = largest.shape, largest.size
    if not (0 < n < WIDEST and all(x.flags.c_contiguous for x in arrays)):
        return None
    layout, arguments = "", []
    for x in given:
        arguments.append(x)
        if x.__class__ is not cupy.ndarray:
            layout += "n"
        elif x.shape == shape:
            layout += "a"
        elif x.ndim < len(shape) and x.shape == shape[len(shape) - x.ndim :]:
            layout += "r"
            arguments.append(x.size)
        else:
            return None
    return layout, shape, n, arguments


def function_of(name: str, general: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of CuPy's that launches straight away for row-major floating arrays and numbers."""
    kernels: dict[str, Kernel] = {}

    def formula(xp: Any, x: Any, rest: Sequence[Any]) -> Any:
        return getattr(xp, name)(x, *rest)

    def function(*operands: Any) -> Any:
        dtypes, given = "", []
        for x in operands:
            if x.__class__ is cupy.ndarray and x.dtype.char in "fd":
                dtypes += x.dtype.char
                given.append(x)
            elif x.__class__ is float or (x.__class__ is int and abs(x) < 1 << 63):
                dtypes += "n"
                given.append(float(x))
            else:
                return general(*operands)
        kernel = kernels.get(dtypes)
        if kernel is None:
            program = traced([(given[0], [(formula, tuple(given[1:]))])])
            kernel = kernels[dtypes] = Kernel(program, f"anygrad_{name}", general)
        return kernel(*given)

    return function


# ---------------------------------------------------------------- updates in place

UPDATE = """
extern "C" __global__ void add_multiple({T}* a, const {T}* b, double alpha, long long n) {{
    const unsigned i = blockIdx.x * {THREADS}u + threadIdx.x;
    if (i < n) a[i] = a[i] {sign} ({T})alpha * b[i];
}}
"""
SIGNS = {"add": "+", "subtract": "-"}


@functools.cache
def _update(name: str, char: str) -> Any:
    text = UPDATE.format(T=TYPES[np.dtype(char).name], THREADS=THREADS, sign=SIGNS[name])
    return _compiled(text, "add_multiple")


def updated(name: str, a: Any, b: Any, alpha: Any) -> bool:
    """Add ``alpha * b`` into ``a``, or subtract it, in one launch; tell whether that could be done."""
    n = a.size
    fits = b.__class__ is cupy.ndarray and b.dtype == a.dtype and b.shape == a.shape and 0 < n < 1 << 31
    if not fits or a.dtype.char not in "fd" or alpha.__class__ not in (int, float):
        return False
    if not (a.flags.c_contiguous and b.flags.c_contiguous):
        return False
    # An entry may be read after it was written, unless it is the same one.
    if b is not a and b.data.mem is a.data.mem:
        return False
    grid = (n + THREADS - 1) // THREADS
    _update(name, a.dtype.char)((grid,), (THREADS,), (a, b, float(alpha), n))
    return True


# ---------------------------------------------------------------- products of matrices

ROUNDED = os.environ.get("CUPY_TF32", "0") != "0"
"""Whether CuPy was asked to multiply in fewer bits, which its own product then does."""


_NUMBERS = {char: (np.ones(1, char), np.zeros(1, char)) for char in "fd"}
"""What cuBLAS multiplies by; it is given their addresses."""


@functools.cache
def _product(char: str) -> tuple[Any, int, int]:
    """Return cuBLAS's product of a dtype, and where it finds one and zero."""
    cublas = cupy.cuda.cublas  # Which loads it.
    one, zero = _NUMBERS[char]
    return (cublas.sgemm if char == "f" else cublas.dgemm), one.ctypes.data, zero.ctypes.data


def _side(x: Any) -> tuple[int, int] | None:
    """Return whether a matrix lies column by column, and the length of such a line; None where neither."""
    flags = x.flags
    if flags.c_contiguous:
        return 0, x.shape[1]
    return (1, x.shape[0]) if flags.f_contiguous else None


def multiplied(x: Any, y: Any) -> Any:
    """Return x @ y."""
    char = x.dtype.char
    if char not in "fd" or y.dtype.char != char or x.ndim != 2 or y.ndim != 2 or ROUNDED:
        return x @ y
    (n, k), m = x.shape, y.shape[1]
    left, right = _side(x), _side(y)
    if left is None or right is None or y.shape[0] != k or not 0 < n * m < WIDEST or not 0 < k < WIDEST:
        return x @ y
    gemm, one, zero = _product(char)
    out = cupy.ndarray((n, m), x.dtype)
    handle = cupy.cuda.device.get_cublas_handle()
    # cuBLAS goes by columns: what lies there row by row is the transpose, and y.T @ x.T that of x @ y.
    sides = right[0], left[0]
    operands = one, y.data.ptr, right[1], x.data.ptr, left[1], zero, out.data.ptr, m
    gemm(handle, *sides, m, n, k, *operands)
    return out
