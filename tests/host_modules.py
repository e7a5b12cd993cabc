"""Runs the text of CUDA kernels on the host: a thread is a coroutine, ``__syncthreads`` goes on to the next.

Stands in for ``cupy.RawModule`` where there is no GPU, so that the very text that a GPU would run, launched
as it would be launched there, is what is tested. Needs ``g++``, and a machine that passes integers and
pointers alike, in 64 bits.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib
import importlib.util
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

WORDS = 36
"""The pointers and integers that a kernel takes at most."""

HEAD = """
#include <cmath>
#include <ucontext.h>
#include <vector>
using namespace std;
struct Place { int x, y, z; };
static Place threadIdx, blockIdx, blockDim, gridDim;
typedef _Float16 __half;
static ucontext_t host, fibers[1024];
static int now;
static void __syncthreads() { swapcontext(&fibers[now], &host); }
typedef void (*Kernel)(WORDS, double, double, double, double);
static Kernel kernel;
static long* given;
static double* numbers;
static bool ended[1024];
static void fiber() {
    kernel(GIVEN, numbers[0], numbers[1], numbers[2], numbers[3]);
    ended[now] = true;
}
extern "C" void launch(Kernel function, long* arguments, double* fractions,
                       long grid, long columns, long rows) {
    static vector<vector<char>> stacks(1024, vector<char>(1 << 16));
    kernel = function, given = arguments, numbers = fractions;
    blockDim = {(int)columns, (int)rows, 1}, gridDim = {(int)grid, 1, 1};
    int threads = columns * rows;
    for (int block = 0; block < grid; block++) {
        blockIdx = {block, 0, 0};
        for (int t = 0; t < threads; t++) {
            getcontext(&fibers[t]);
            fibers[t].uc_stack.ss_sp = stacks[t].data();
            fibers[t].uc_stack.ss_size = stacks[t].size();
            fibers[t].uc_link = &host;
            makecontext(&fibers[t], fiber, 0);
            ended[t] = false;
        }
        for (bool left = true; left;) {
            left = false;
            for (now = 0; now < threads; now++) {
                if (ended[now]) continue;
                threadIdx = {now % (int)columns, now / (int)columns, 0};
                swapcontext(&host, &fibers[now]);
                left |= !ended[now];
            }
        }
    }
}
#define __device__ static
#define __global__
#define __shared__ static
"""
HEAD = HEAD.replace("WORDS", ", ".join(["long"] * WORDS))
HEAD = HEAD.replace("GIVEN", ", ".join(f"given[{i}]" for i in range(WORDS)))


def available() -> bool:
    """Tell whether kernels can be run here."""
    return shutil.which("g++") is not None and platform.machine() == "x86_64"


@functools.cache
def _folder() -> Any:
    return tempfile.TemporaryDirectory()


@functools.cache
def _library(text: str) -> ctypes.CDLL:
    made = Path(_folder().name) / f"{hashlib.sha256(text.encode()).hexdigest()}.so"
    command = ["g++", "-O1", "-std=c++17", "-w", "-shared", "-fPIC", "-x", "c++", "-", "-o", str(made)]
    subprocess.run(command, input=HEAD + text, text=True, check=True)
    return ctypes.CDLL(str(made))


class RawModule:
    """Kernels of a text, as ``cupy.RawModule`` has them."""

    def __init__(self, code: str) -> None:
        self.library = _library(code.replace("#include <cuda_fp16.h>", ""))

    def get_function(self, name: str) -> Any:
        """Return a kernel, to be called with grid, block and arguments."""
        function = getattr(self.library, name)

        def launch(grid: tuple[int, ...], block: tuple[int, ...], arguments: tuple[Any, ...]) -> None:
            columns, rows = (*block, 1)[:2]
            assert len(grid) == 1 and columns * rows <= 1024 and len(arguments) <= WORDS
            for x in arguments:
                assert isinstance(x, int | float) or (isinstance(x, np.ndarray) and x.flags.c_contiguous)
            # In registers of their own, whatever stands between them.
            numbers = (ctypes.c_double * 4)(*(x for x in arguments if isinstance(x, float)))
            others = [x for x in arguments if not isinstance(x, float)]
            words = [x if isinstance(x, int) else x.__array_interface__["data"][0] for x in others]
            given = (ctypes.c_long * WORDS)(*words)
            sizes = (ctypes.c_long(n) for n in (*grid, columns, rows))
            self.library.launch(function, given, numbers, *sizes)

        launch.kernel = launch  # type: ignore[attr-defined]
        return launch


# ---------------------------------------------------------------- for a GPU


def includes() -> list[Path]:
    """Return where pip puts the headers of CUDA."""
    packages = importlib.util.find_spec("nvidia")
    folders = packages.submodule_search_locations if packages else ()
    return [Path(folder) / "cuda_runtime/include" for folder in folders or ()]


def compile_for_gpus(text: str) -> None:
    """Compile the text of kernels by NVRTC, which comes with CuPy's CUDA packages and needs no GPU."""
    nvrtc = importlib.import_module("cupy_backends.cuda.libs.nvrtc")
    try:
        nvrtc.getVersion()
    except RuntimeError as error:
        pytest.skip(f"NVRTC is not installed: {error}")
    for arch in ("80", "90"):
        made = nvrtc.createProgram(text, "kernels.cu", (), ())
        try:
            nvrtc.compileProgram(made, (f"--gpu-architecture=sm_{arch}", *(f"-I{f}" for f in includes())))
        except nvrtc.NVRTCError:
            pytest.fail(nvrtc.getProgramLog(made))
        assert len(nvrtc.getCUBIN(made)) > 1000
