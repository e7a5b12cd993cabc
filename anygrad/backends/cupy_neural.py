"""CuPy's part of what networks call: kernels that go over the rows of an array in one launch.

A row belongs to a line of threads of a block, which share what is computed of all of it. The text is plain
C++ over shared memory and ``__syncthreads``, so that the tests can run it without a GPU. Half precision is
computed in single.
"""

from __future__ import annotations

import functools
from typing import Any

import cupy
import numpy as np

from anygrad.backends.neural import NeuralExtras

__all__ = ["SOURCE", "TYPES", "CupyNeural", "source"]

TYPES = {"float16": ("__half", "float"), "float32": ("float", "float"), "float64": ("double", "double")}
"""What entries of a dtype are, and what they are computed in."""

THREADS = 256
FEW = 1 << 16
"""Entries up to which a sum is one of the kernels here, launched sooner than CuPy's."""
SMALL = 1 << 16
"""Entries up to which one block computes a whole loss: a second launch would cost more."""

SOURCE = """
typedef long long Int;
#define ROWS(row) \\
    for (Int first = (Int)blockIdx.x * blockDim.y, row = first + threadIdx.y; first < n; \\
         first += (Int)gridDim.x * blockDim.y, row = first + threadIdx.y)
#define ENTRIES(i, row) \\
    for (Int i = row * count + threadIdx.x; row < n && i < (row + 1) * count; i += blockDim.x)

__device__ A combined(A value, bool largest, int lane, int lanes) {
    __shared__ A parts[1024];
    A* part = parts + (threadIdx.y * blockDim.x + threadIdx.x - lane);
    __syncthreads();
    part[lane] = value;
    for (int half = lanes / 2; half > 0; half /= 2) {
        __syncthreads();
        if (lane < half) {
            A a = part[lane], b = part[lane + half];
            part[lane] = !largest ? a + b : a != a || a > b ? a : b;
        }
    }
    __syncthreads();
    return part[0];
}

__device__ A in_row(A value, bool largest) { return combined(value, largest, threadIdx.x, blockDim.x); }

__device__ A top_of(const T* x, Int row, Int n, Int count) {
    A top = row < n ? (A)x[row * count] : (A)0;
    ENTRIES(i, row) { A a = x[i]; top = top != top || top > a ? top : a; }
    return in_row(top, true);
}

__device__ A total_of(const T* x, A top, Int row, Int n, Int count) {
    A total = 0;
    ENTRIES(i, row) total += exp((A)x[i] - top);
    return in_row(total, false);
}

extern "C" __global__ void sum_rows(const T* x, T* out, Int n, Int count) {
    ROWS(row) {
        double part = 0;
        ENTRIES(i, row) part += (double)x[i];
        A total = in_row((A)part, false);
        if (row < n && threadIdx.x == 0) out[row] = (T)total;
    }
}

extern "C" __global__ void sum_columns(const T* x, T* out, Int n, Int count) {
    Int column = (Int)blockIdx.x * blockDim.y + threadIdx.y;
    double part = 0;
    if (column < count)
        for (Int row = threadIdx.x; row < n; row += blockDim.x) part += (double)x[row * count + column];
    A total = in_row((A)part, false);
    if (column < count && threadIdx.x == 0) out[column] = (T)total;
}

extern "C" __global__ void softmax(const T* x, T* out, Int n, Int count) {
    ROWS(row) {
        A top = top_of(x, row, n, count), total = total_of(x, top, row, n, count);
        ENTRIES(i, row) out[i] = (T)(exp((A)x[i] - top) / total);
    }
}

extern "C" __global__ void log_softmax(const T* x, T* out, Int n, Int count) {
    ROWS(row) {
        A top = top_of(x, row, n, count), total = log(total_of(x, top, row, n, count));
        ENTRIES(i, row) out[i] = (T)((A)x[i] - top - total);
    }
}

extern "C" __global__ void softmax_dx(const T* y, const T* x, T* out, Int n, Int count) {
    ROWS(row) {
        A total = 0;
        ENTRIES(i, row) total += (A)y[i] * (A)x[i];
        total = in_row(total, false);
        ENTRIES(i, row) out[i] = (T)((A)x[i] * ((A)y[i] - total));
    }
}

extern "C" __global__ void log_softmax_dx(const T* y, const T* x, T* out, Int n, Int count) {
    ROWS(row) {
        A total = 0;
        ENTRIES(i, row) total += (A)y[i];
        total = in_row(total, false);
        ENTRIES(i, row) out[i] = (T)((A)y[i] - exp((A)x[i]) * total);
    }
}

__device__ A share_of(const Int* labels, Int n, Int ignored, int lane, int lanes) {
    A kept = 0;
    for (Int i = lane; i < n; i += lanes) kept += labels[i] != ignored;
    return 1 / combined(kept, false, lane, lanes);
}

__device__ void add_up(const A* losses, T* loss, A share, Int n, int lane, int lanes) {
    A total = 0;
    for (Int i = lane; i < n; i += lanes) total += losses[i];
    total = combined(total, false, lane, lanes);
    if (lane == 0) *loss = (T)(total * share);
}

extern "C" __global__ void label_loss(const T* x, const Int* labels, T* out, A* losses, T* loss,
                                      const A* share, Int n, Int count, Int ignored, Int mean, Int whole) {
    int lane = threadIdx.y * blockDim.x + threadIdx.x, lanes = blockDim.x * blockDim.y;
    A weight = !mean ? (A)1 : whole ? share_of(labels, n, ignored, lane, lanes) : *share;
    ROWS(row) {
        A top = top_of(x, row, n, count), total = total_of(x, top, row, n, count);
        Int label = row < n ? labels[row] : ignored;
        ENTRIES(i, row) {
            A part = exp((A)x[i] - top) / total - (A)(i - row * count == label);
            out[i] = (T)(label == ignored ? (A)0 : weight * part);
        }
        if (row < n && threadIdx.x == 0) {
            bool known = label >= 0 && label < count;
            A at = known ? (A)x[row * count + label] : log((A)-1);
            losses[row] = label == ignored ? (A)0 : log(total) - (at - top);
        }
    }
    if (whole) {
        __syncthreads();
        add_up(losses, loss, weight, n, lane, lanes);
    }
}

extern "C" __global__ void label_share(const Int* labels, A* share, Int n, Int ignored) {
    A found = share_of(labels, n, ignored, threadIdx.x, blockDim.x);
    if (threadIdx.x == 0) *share = found;
}

extern "C" __global__ void label_loss_total(const A* losses, T* loss, const A* share, Int n, Int mean) {
    add_up(losses, loss, mean ? *share : (A)1, n, threadIdx.x, blockDim.x);
}

extern "C" __global__ void label_loss_dx(const T* y, const T* x, T* out, Int n, Int count, Int each) {
    ROWS(row) {
        A scale = row < n ? (A)y[each ? row : 0] : (A)0;
        ENTRIES(i, row) out[i] = (T)((A)x[i] * scale);
    }
}

#define EACH(i) \\
    for (Int i = (Int)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (Int)gridDim.x * blockDim.x)

extern "C" __global__ void sigmoid(const T* x, T* out, Int n) {
    EACH(i) {
        A a = x[i], small = exp(-fabs(a));
        out[i] = (T)((a < 0 ? small : (A)1) / (1 + small));
    }
}

extern "C" __global__ void ndtr(const T* x, T* out, Int n) {
    EACH(i) out[i] = (T)((A)0.5 * erfc((A)x[i] * (A)-0.70710678118654752440));
}
"""


def source(dtype: np.dtype) -> str:
    """Return the text of the kernels for a dtype."""
    entry, computed = TYPES[dtype.name]
    include = "#include <cuda_fp16.h>\n" if dtype.name == "float16" else ""
    return f"{include}typedef {entry} T;\ntypedef {computed} A;\n{SOURCE}"


@functools.cache
def _kernel(name: str, dtype: np.dtype) -> Any:
    kernel = _module(dtype).get_function(name)
    return kernel if cupy.cuda.runtime.getDeviceCount() > 1 else kernel.kernel


@functools.cache
def _module(dtype: np.dtype) -> Any:
    return cupy.RawModule(code=source(dtype))


@functools.lru_cache(1024)
def _shape(n: int, count: int, threads: int = THREADS) -> tuple[tuple[int], tuple[int, int]]:
    """Return grid and block: a thread for eight entries of a long row, or several short rows in a block."""
    lanes = 1 << max(0, min(count - 1, max(31, count // 8 - 1), 1023)).bit_length()
    threads = max(lanes, threads)
    return (min(-(-n * lanes // threads), 2**31 - 1),), (lanes, threads // lanes)


def _over_rows(name: str, general: Any, axis: Any, *arrays: Any) -> Any:
    """Launch a kernel over the rows along an axis; ``general`` where there are several, or no entries."""
    x = arrays[-1]
    if len(axis) != 1 or not x.size or x.dtype.name not in TYPES:
        return general(*arrays, axis)
    (at,) = axis
    last = at == x.ndim - 1
    given = [cupy.ascontiguousarray(a if last else cupy.moveaxis(a, at, -1), dtype=x.dtype) for a in arrays]
    out = cupy.ndarray(given[0].shape, x.dtype)
    count = out.shape[-1]
    n = out.size // count
    grid, block = _shape(n, count)
    _kernel(name, x.dtype)(grid, block, (*given, out, n, count))
    return out if last else cupy.ascontiguousarray(cupy.moveaxis(out, -1, at))


def _over_entries(name: str, x: Any) -> Any:
    """Launch a kernel that computes entry by entry."""
    x = cupy.ascontiguousarray(x) if x.ndim else x
    out = cupy.ndarray(x.shape, x.dtype)
    if x.size:
        grid = min(-(-x.size // THREADS), 1 << 16)
        _kernel(name, x.dtype)((grid,), (THREADS,), (x, out, x.size))
    return out


def summed(x: Any, axis: Any, keepdims: bool) -> Any:
    """Return a sum of few floating numbers over leading, trailing or all axes; None where it is another."""
    size, shape = x.size, x.shape
    if not 0 < size <= FEW or x.dtype.char not in "fd" or not x.flags.c_contiguous:
        return None
    ndim = len(shape)
    axes = tuple(range(ndim)) if axis is None else axis if axis.__class__ is tuple else (axis % ndim,)
    k = len(axes)
    by_rows = axes == tuple(range(ndim - k, ndim))
    if not by_rows and axes != tuple(range(k)):
        return None
    out = cupy.ndarray(
        tuple([1 if i in axes else n for i, n in enumerate(shape)])
        if keepdims
        else shape[: ndim - k]
        if by_rows
        else shape[k:],
        x.dtype,
    )
    left = out.size
    if by_rows:
        grid, block = _shape(left, size // left)
        _kernel("sum_rows", x.dtype)(grid, block, (x, out, left, size // left))
    else:
        _kernel("sum_columns", x.dtype)(((left + 7) // 8,), (32, 8), (x, out, size // left, left))
    return out


def _rows(x: Any, dtype: Any) -> Any:
    """Return an array of a dtype that lies in memory row by row."""
    return x if x.dtype == dtype and x.flags.c_contiguous else cupy.array(x, dtype, order="C")


class CupyNeural(NeuralExtras):
    """The extras of ``NEURAL`` on CuPy, and small sums."""

    def sum(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        out = summed(x, axis, keepdims)
        return x.sum(axis, keepdims=keepdims) if out is None else out

    def softmax(self, x: Any, axis: Any) -> Any:
        return _over_rows("softmax", super().softmax, axis, self.floats(x))

    def log_softmax(self, x: Any, axis: Any) -> Any:
        return _over_rows("log_softmax", super().log_softmax, axis, self.floats(x))

    def softmax_dx(self, y: Any, x: Any, axis: Any) -> Any:
        return _over_rows("softmax_dx", super().softmax_dx, axis, y, x)

    def log_softmax_dx(self, y: Any, x: Any, axis: Any) -> Any:
        return _over_rows("log_softmax_dx", super().log_softmax_dx, axis, y, x)

    def sigmoid(self, x: Any) -> Any:
        return _over_entries("sigmoid", self.floats(x))

    def ndtr(self, x: Any) -> Any:
        return _over_entries("ndtr", self.floats(x))

    def label_loss(self, x: Any, labels: Any, ignore_index: int, reduction: str) -> tuple[Any, Any]:
        x = self.floats(x)
        if not x.size:
            return super().label_loss(x, labels, ignore_index, reduction)
        x, labels = _rows(x, x.dtype), _rows(labels, np.int64)
        (n, count), dtype, mean = x.shape, x.dtype, reduction == "mean"
        wide = np.promote_types(dtype, np.float32)
        slope, losses = cupy.ndarray((n, count), dtype), cupy.ndarray(n, wide)
        loss, share = cupy.ndarray((), dtype), cupy.ndarray((), wide)
        whole = reduction != "none" and x.size <= SMALL
        if mean and not whole:
            _kernel("label_share", dtype)((1,), (1024,), (labels, share, n, ignore_index))
        grid, block = _shape(n, count, 1024 if whole else THREADS)
        given = x, labels, slope, losses, loss, share, n, count, ignore_index, int(mean), int(whole)
        _kernel("label_loss", dtype)((1,) if whole else grid, block, given)
        if reduction == "none":
            return losses.astype(dtype, copy=False), slope
        if not whole:
            _kernel("label_loss_total", dtype)((1,), (1024,), (losses, loss, share, n, int(mean)))
        return loss, slope

    def label_loss_dx(self, y: Any, x: Any) -> Any:
        if not x.size:
            return super().label_loss_dx(y, x)
        y, x = _rows(y, x.dtype), _rows(x, x.dtype)
        n, count = x.shape
        out = cupy.ndarray((n, count), x.dtype)
        grid, block = _shape(n, count)
        _kernel("label_loss_dx", x.dtype)(grid, block, (y, x, out, n, count, int(bool(y.shape))))
        return out
