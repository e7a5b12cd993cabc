"""PyTorch as an array library: functions through array_api_compat, its own scatters, none of its autograd.

Operands come with one dtype (``dispatch`` casts them), so arithmetic is Python's operators and nothing is
promoted twice. A tensor that torch differentiates does not get in, and none that does ever comes out.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import array_api_compat.torch as compat
import numpy as np
import torch
from torch.nn import functional, grad

from anygrad.backends.base import DTYPES, Backend, check_bounds
from anygrad.backends.interchange import runs_backwards
from anygrad.backends.randomness import small
from anygrad.backends.torch_ordering import TorchOrdering
from anygrad.errors import BufferExitError, DeviceUnavailableError, DtypeError, message

__all__ = ["TorchBackend"]


class TorchBackend(TorchOrdering, Backend):
    """One torch device. Arrays are never written in place, since nobody can tell who else holds them."""

    special_library = "torch.special"

    partial = frozenset({"uint16", "uint32", "uint64"})
    shares = True

    add = staticmethod(operator.add)
    subtract = staticmethod(operator.sub)
    multiply = staticmethod(operator.mul)
    divide = staticmethod(operator.truediv)
    equal = staticmethod(operator.eq)
    not_equal = staticmethod(operator.ne)
    less = staticmethod(operator.lt)
    less_equal = staticmethod(operator.le)
    greater = staticmethod(operator.gt)
    greater_equal = staticmethod(operator.ge)

    # ---------------------------------------------------------------- opening

    @classmethod
    def open(cls, library: str, spec: str) -> Backend:
        try:
            device = torch.device(spec or "cpu")
        except RuntimeError as error:
            raise LookupError(str(error)) from error
        if device.type == "meta":
            raise LookupError("its tensors hold no values")
        try:
            device = torch.empty(1, device=device).device
        except (RuntimeError, AssertionError, ImportError) as error:
            reason = str(error).partition("\n")[0]
            raise DeviceUnavailableError(
                message(
                    "device",
                    f"'torch:{spec}' cannot be used here",
                    reason,
                    "torch.cuda.is_available() tells about CUDA",
                )
            ) from error
        found = cls(compat, device, library if device.type == "cpu" else f"{library}:{device}")
        found.any_order = device.type != "cpu"
        return found

    @classmethod
    def usable(cls) -> list[str]:
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return ["", *(f"cuda:{i}" for i in range(count))]

    # ---------------------------------------------------------------- dtypes and devices

    def listed_dtypes(self) -> dict[str, Any]:
        # Asking the compatibility layer probes every kind of device that torch has ever known.
        lacks = ("float64", "complex128") if self.device.type == "mps" else ()
        return {text: getattr(torch, text) for text in DTYPES if text not in lacks}

    def accept(self, array: Any) -> Any:
        if array.requires_grad:
            raise BufferExitError(
                message(
                    "asarray",
                    "torch tracks this tensor's gradient",
                    "anygrad would not be connected to it",
                    "pass x.detach(), or call across with anygrad.interop.torch",
                )
            )
        if array.layout is not torch.strided:
            raise DtypeError(
                message(
                    "asarray",
                    f"the tensor has layout {array.layout}",
                    "expected a strided one",
                    "x.to_dense()",
                )
            )
        return array.as_subclass(torch.Tensor).resolve_conj().resolve_neg()

    def from_numpy(self, array: np.ndarray) -> Any:
        if any(step < 0 for step in array.strides) or not array.flags.writeable:
            array = array.copy()
        return super().from_numpy(array)

    def to_numpy(self, array: Any) -> np.ndarray:
        found: np.ndarray = array.detach().resolve_conj().resolve_neg().cpu().numpy().copy()
        return found

    def export(self, array: Any, copy: bool | None, **keywords: Any) -> Any:
        if copy is not False:
            # What torch has conjugated or negated for later it does not export.
            array = array.resolve_conj().resolve_neg()
        return super().export(array, copy, **keywords)

    def adopt(self, x: Any, copy: bool | None) -> Any:
        x = np.from_dlpack(x) if self.device.type == "cpu" else x
        if runs_backwards(x):
            raise BufferError("torch has no arrays that run backwards in memory")
        return torch.from_dlpack(x)

    def synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def checksum(self, array: Any) -> Any:
        if not array.numel():
            return None
        flat = (torch.view_as_real(array) if array.is_complex() else array).contiguous().reshape(-1)
        bits = flat.view({1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[flat.element_size()])
        return (bits * torch.arange(1, 2 * bits.numel(), 2, device=array.device)).sum()

    def owner(self, array: Any) -> Any:
        return array if array._base is None else array._base

    # ---------------------------------------------------------------- where the standard's meaning needs help

    def sign(self, x: Any) -> Any:
        if x.dtype.is_complex:
            return torch.sgn(x)
        return torch.where(x != x, x, torch.sign(x)) if x.dtype.is_floating_point else torch.sign(x)

    def pow(self, x: Any, y: Any) -> Any:
        """Raise; integers to negative integer powers are an error, as NumPy's.

        On a GPU that holds for a Python integer alone, since to look at a tensor would wait for the device:
        torch gives 0 there.
        """
        if not (x.dtype.is_floating_point or x.dtype.is_complex):
            if not hasattr(y, "dtype"):
                negative = y.__class__ is int and y < 0
            else:
                negative = self.device.type == "cpu" and y.dtype.is_signed and bool((y < 0).any())
            if negative:
                raise ValueError("Integers to negative integer powers are not allowed.")
        return compat.pow(x, y)

    def sum(self, x: Any, **keywords: Any) -> Any:
        return _accumulated(compat.sum, x, keywords)

    def prod(self, x: Any, **keywords: Any) -> Any:
        return _accumulated(compat.prod, x, keywords)

    def cumulative_sum(self, x: Any, **keywords: Any) -> Any:
        if x.dtype.is_floating_point or x.dtype.is_complex:
            self.refuse_any_order("cumulative_sum", x.dtype)
        return _accumulated(compat.cumulative_sum, x, keywords)

    def cumulative_prod(self, x: Any, **keywords: Any) -> Any:
        if x.dtype.is_floating_point or x.dtype.is_complex:
            self.refuse_any_order("cumulative_prod", x.dtype)
        return _accumulated(compat.cumulative_prod, x, keywords)

    def count_nonzero(self, x: Any, **keywords: Any) -> Any:
        return compat.sum((x != 0).to(torch.int64), **keywords)

    # ---------------------------------------------------------------- extras

    linalg_expm = staticmethod(torch.linalg.matrix_exp)

    def linalg_solve_triangular(self, x: Any, y: Any, *, upper: bool, unit_diagonal: bool = False) -> Any:
        return torch.linalg.solve_triangular(x, y, upper=upper, unitriangular=unit_diagonal)

    sigmoid = staticmethod(torch.sigmoid)
    ndtr = staticmethod(torch.special.ndtr)

    def softmax(self, x: Any, axis: tuple[int, ...]) -> Any:
        return torch.softmax(x, *axis) if len(axis) == 1 else super().softmax(x, axis)

    def log_softmax(self, x: Any, axis: tuple[int, ...]) -> Any:
        return torch.log_softmax(x, *axis) if len(axis) == 1 else super().log_softmax(x, axis)

    def _added(self, out: Any, part: Any, at: Any) -> Any:
        out[at] += part  # Of zeros made for the sum, which nobody else has seen.
        return out

    def convolution(self, x: Any, weight: Any, frames: Any, groups: int) -> Any:
        if self.in_one_order() or not _has_kernels(x, weight, frames):
            return super().convolution(x, weight, frames, groups)
        _, stride, padding, _, dilation = zip(*frames, strict=True)
        function = (functional.conv1d, functional.conv2d, functional.conv3d)[len(frames) - 1]
        return function(x, weight, None, stride, padding, dilation, groups)

    def convolution_dx(self, y: Any, weight: Any, shape: tuple[int, ...], frames: Any, groups: int) -> Any:
        if self.in_one_order() or not _has_kernels(y, weight, frames):
            return super().convolution_dx(y, weight, shape, frames, groups)
        _, stride, padding, _, dilation = zip(*frames, strict=True)
        function = (grad.conv1d_input, grad.conv2d_input, grad.conv3d_input)[len(frames) - 1]
        return function(shape, weight, y, stride, padding, dilation, groups)

    def convolution_dweight(self, x: Any, y: Any, frames: Any, groups: int) -> Any:
        if self.in_one_order() or not _has_kernels(x, y, frames):
            return super().convolution_dweight(x, y, frames, groups)
        kernel, stride, padding, _, dilation = zip(*frames, strict=True)
        shape = (y.shape[1], x.shape[1] // groups, *kernel)
        function = (grad.conv1d_weight, grad.conv2d_weight, grad.conv3d_weight)[len(frames) - 1]
        return function(x, shape, y, stride, padding, dilation, groups)

    def bounded(self, index: Any, n: int, axis: int) -> Any:
        if self.device.type == "cpu":
            check_bounds(index.numpy(), n, axis)
        return index

    def getitem(self, x: Any, key: tuple[Any, ...]) -> Any:
        turned = []
        forward: list[Any] = []
        for part, n in zip(key, x.shape, strict=True):
            if part.__class__ is slice and part.step is not None and part.step < 0:
                found = range(*part.indices(n))
                turned.append(sum(p.__class__ is slice for p in forward))
                part = slice(found[-1], found[0] + 1, -found.step) if len(found) else slice(0, 0)
            forward.append(part)
        out = x[tuple(forward)]
        return out.flip(turned) if turned else out

    def region_set(self, x: Any, y: Any, path: tuple[Any, ...]) -> Any:
        out = x.clone(memory_format=torch.contiguous_format)
        target = _window(out, path)
        if target is None:
            return super().region_set(x, y, path)
        if not hasattr(y, "dtype"):
            target.fill_(y)
        else:
            target.copy_(y)
        return out

    def place(self, y: Any, shape: tuple[int, ...], path: tuple[Any, ...]) -> Any:
        out = torch.zeros(shape, dtype=y.dtype, device=y.device)
        step = path[-1] if path and path[-1][0] == "take" else None
        target = _window(out, path[:-1] if step else path)
        if target is None:
            return super().place(y, shape, path)
        if step and self.in_one_order():
            return super().place(y, shape, path)
        if step:
            target.index_add_(step[1]["axis"], step[1]["indices"], y)
        else:
            target.copy_(y)
        return out

    def index_set(self, x: Any, values: Any, index: Any, axis: int) -> Any:
        # torch's own writes leave it open which of equal indices stands at the end.
        n, m = x.shape[axis], index.shape[0]
        rows = torch.arange(m, device=x.device)
        last = torch.full((n,), -1, device=x.device).scatter_reduce(0, index.to(torch.int64), rows, "amax")
        if not m:
            return x.clone()
        found = (last >= 0).reshape(tuple(n if i == axis else 1 for i in range(x.ndim)))
        return torch.where(found, torch.index_select(values, axis, last.clamp(min=0)), x)

    # ---------------------------------------------------------------- random numbers

    def random_source(self, seed: int) -> Any:
        return torch.Generator(self.device).manual_seed(small(seed, 63))

    def random_state(self, source: Any) -> Any:
        return {"torch": source.get_state()}

    def random_restore(self, source: Any, state: Any) -> None:
        try:
            source.set_state(state["torch"].cpu())
        except RuntimeError as error:
            raise ValueError(str(error)) from error

    def random_draw(self, source: Any, kind: str, shape: Any, dtype: np.dtype, *parameters: Any) -> Any:
        made: dict[str, Any] = {"dtype": self.natives[dtype], "device": self.device}
        if kind == "uniform":
            return torch.rand(shape, generator=source, **made)
        if kind == "normal":
            return torch.randn(shape, generator=source, **made)
        if kind == "exponential":
            return torch.empty(shape, **made).exponential_(generator=source)
        if kind == "gamma":
            alpha = torch.broadcast_to(parameters[0], shape).to(made["dtype"])
            return torch._standard_gamma(alpha, generator=source)
        if kind == "integers":
            return torch.randint(*parameters, shape, generator=source, **made)
        assert kind == "permutation", kind
        return torch.randperm(*parameters, generator=source, **made)


def _accumulated(reduction: Any, x: Any, keywords: dict[str, Any]) -> Any:
    """Reduce; integers in the widest dtype of their sign, for which torch has arithmetic only if signed."""
    if x.dtype.is_floating_point or x.dtype.is_complex:
        return reduction(x, **keywords)
    out = reduction(x.to(torch.int64), **keywords)
    return out if x.dtype.is_signed or x.dtype is torch.bool else out.to(torch.uint64)


def _has_kernels(x: Any, y: Any, frames: Any) -> bool:
    """Tell whether torch convolves such arrays: of real numbers, padded alike on both sides, not empty."""
    even = all(low == high for _, _, low, high, _ in frames)
    return even and len(frames) <= 3 and x.dtype.is_floating_point and bool(x.numel() and y.numel())


def _window(x: Any, path: tuple[Any, ...]) -> Any:
    """Return the view of x that a path leads to; None where torch has no such view, or one with repeats."""
    for name, keywords in path:
        if name == "getitem":
            if any(p.__class__ is slice and (p.step or 1) < 0 for p in keywords["key"]):
                return None
            x = x[keywords["key"]]
        elif name == "permute_dims":
            x = x.permute(keywords["axes"])
        elif name == "reshape" and math.prod(keywords["shape"]):
            try:
                x = x.view(keywords["shape"])
            except RuntimeError:
                return None
        else:
            return None
    return x
