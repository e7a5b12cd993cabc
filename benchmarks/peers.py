"""The peers: how each is imported, given a workload, timed on its device, and read.

Used in the process of one peer only, whose environment was set by ``runner`` before anything was imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from importlib import metadata
from itertools import repeat
from time import perf_counter
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from benchmarks.workloads import Case, Unsupported

__all__ = ["PEERS", "Peer", "peers_for"]

Step = Callable[[], tuple[Any, ...]]
THREADS = ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR")


class Peer:
    """A library that does the workloads. Subclasses say what is special about theirs."""

    name = ""
    imported = ""
    """The module that ``import`` names, which is also how its version is asked for."""
    function = ""
    """The function of a workload's file that is written for it."""
    devices = ("cpu",)
    environment: ClassVar[dict[str, str]] = {}

    def __init__(self, device: str) -> None:
        self.device = device

    def missing(self) -> str | None:
        """Say why it cannot run here, or None; imports nothing."""
        if importlib.util.find_spec(self.imported) is None:
            return "not installed"
        return None

    def start(self) -> str | None:
        """Import it; return the name of the device's hardware where it is not the CPU."""
        importlib.import_module(self.imported)
        return None

    def versions(self) -> dict[str, str]:
        """Return the versions of what it runs on."""
        return {self.imported: getattr(importlib.import_module(self.imported), "__version__", "")}

    def step(self, case: Case, data: SimpleNamespace) -> Step:
        """Return the function that does the workload once."""
        build = getattr(case.module, self.function, None)
        if build is None:
            raise Unsupported(
                f"{self.name} {getattr(case.module, 'CANNOT', {}).get(self.name, 'cannot do it')}"
            )
        return self.made(build, data)

    def made(self, build: Callable[..., Step], data: SimpleNamespace) -> Step:
        """Call the workload's function with what this peer is to be told."""
        return build(data)

    def wait(self) -> None:
        """Wait until the device has done what it was given."""

    def seconds(self, step: Step, count: int) -> float:
        """Time ``count`` steps."""
        self.wait()
        start = perf_counter()
        for _ in repeat(None, count):
            step()
        self.wait()
        return perf_counter() - start

    def array(self, value: Any) -> np.ndarray:
        """Copy a result to the host."""
        return np.array(value)

    def device_peak(self) -> int | None:
        """Return the most bytes that the device held; None on the CPU, where the process is asked."""
        return None


class Events:
    """Times by CUDA events on CuPy's stream, for the two peers that run on CuPy."""

    device: str

    def wait(self) -> None:
        if self.device == "cuda":
            import cupy

            cupy.cuda.get_current_stream().synchronize()

    def seconds(self, step: Step, count: int) -> float:
        if self.device != "cuda":
            return super().seconds(step, count)  # type: ignore[misc]
        import cupy

        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        begin.record()
        for _ in repeat(None, count):
            step()
        end.record()
        end.synchronize()
        return cupy.cuda.get_elapsed_time(begin, end) / 1e3

    def device_peak(self) -> int | None:
        if self.device != "cuda":
            return None
        import cupy

        return cupy.get_default_memory_pool().total_bytes()  # the pool gives nothing back by itself


class Anygrad(Events, Peer):
    name = imported = function = "anygrad"
    devices = ("cpu", "cuda")

    def missing(self) -> str | None:
        if self.device == "cuda":
            import anygrad

            try:
                anygrad.zeros(1, device="cuda")
            except anygrad.DeviceUnavailableError as error:
                return str(error)
        return super().missing()

    def made(self, build: Callable[..., Step], data: SimpleNamespace) -> Step:
        return build(data, self.device)

    def array(self, value: Any) -> np.ndarray:
        return value.detach().cpu().numpy(copy=True)


class NumPy(Peer):
    """Hand-written forward and backward: the limit."""

    name = imported = "numpy"
    function = "by_hand"

    def made(self, build: Callable[..., Step], data: SimpleNamespace) -> Step:
        return build(np, data)


class CuPy(Events, Peer):
    """The same hand-written code on CuPy."""

    name = imported = "cupy"
    function = "by_hand"
    devices = ("cuda",)

    def start(self) -> str | None:
        import cupy

        return cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()

    def made(self, build: Callable[..., Step], data: SimpleNamespace) -> Step:
        import cupy

        def moved(value: Any) -> Any:
            if isinstance(value, list):
                return [moved(v) for v in value]
            return cupy.asarray(value) if isinstance(value, np.ndarray) else value

        return build(cupy, SimpleNamespace(**{name: moved(value) for name, value in vars(data).items()}))

    def array(self, value: Any) -> np.ndarray:
        return value.get() if hasattr(value, "get") else np.array(value)


class Torch(Peer):
    name = imported = function = "torch"
    devices = ("cpu", "cuda")

    def start(self) -> str | None:
        import torch

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        if self.device == "cpu":
            return None
        if not torch.cuda.is_available():
            raise Unsupported("this build of torch has no CUDA device")
        return torch.cuda.get_device_name()

    def made(self, build: Callable[..., Step], data: SimpleNamespace) -> Step:
        return build(data, self.device)

    def wait(self) -> None:
        if self.device == "cuda":
            import torch

            torch.cuda.synchronize()

    def seconds(self, step: Step, count: int) -> float:
        if self.device != "cuda":
            return super().seconds(step, count)
        import torch

        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in repeat(None, count):
            step()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / 1e3

    def array(self, value: Any) -> np.ndarray:
        return value.detach().cpu().numpy().copy()

    def device_peak(self) -> int | None:
        import torch

        return torch.cuda.max_memory_reserved() if self.device == "cuda" else None


class Jax(Peer):
    """Compiled. It has no events: its results are waited for, on CUDA too."""

    name = imported = function = "jax"
    devices = ("cpu", "cuda")
    # Without these it computes in float32 and takes three quarters of the device's memory at once.
    # By default it multiplies float32 matrices in TF32 on a GPU, as none of the others does.
    environment: ClassVar[dict[str, str]] = {
        "JAX_ENABLE_X64": "1",
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }

    def start(self) -> str | None:
        import jax

        try:
            return jax.devices(self.device)[0].device_kind if self.device == "cuda" else None
        except RuntimeError as error:
            raise Unsupported("this build of jax has no CUDA device") from error

    def made(self, build: Callable[..., Step], data: SimpleNamespace) -> Step:
        import jax

        step, ready = build(data, self.jit()), jax.block_until_ready
        return lambda: ready(step())

    def jit(self) -> Callable[..., Any]:
        import jax

        return jax.jit

    def device_peak(self) -> int | None:
        import jax

        return jax.devices()[0].memory_stats()["peak_bytes_in_use"] if self.device == "cuda" else None


class JaxEager(Jax):
    """The same functions, operation by operation."""

    name = "jax-eager"
    devices = ("cpu",)

    def jit(self) -> Callable[..., Any]:
        return lambda function: function


class Autograd(Peer):
    name = imported = function = "autograd"

    def versions(self) -> dict[str, str]:
        return {"autograd": metadata.version("autograd")}


class MyGrad(Peer):
    name = imported = function = "mygrad"

    def start(self) -> str | None:
        import mygrad

        mygrad.turn_memory_guarding_off()  # as its documentation says for speed
        return None

    def array(self, value: Any) -> np.ndarray:
        return np.array(getattr(value, "data", value))


PEERS: dict[str, type[Peer]] = {
    peer.name: peer for peer in (Anygrad, NumPy, CuPy, Torch, Jax, JaxEager, Autograd, MyGrad)
}


def peers_for(device: str) -> list[str]:
    """Return the peers that a device has, anygrad first."""
    return [name for name, peer in PEERS.items() if device in peer.devices]


def environment(name: str, device: str, threads: int) -> dict[str, str]:
    """Return the variables that a peer's process starts with."""
    found = {f"{library}_NUM_THREADS": str(threads) for library in THREADS}
    found["NVIDIA_TF32_OVERRIDE"] = "0"  # float32 is float32 for every peer
    found["JAX_PLATFORMS"] = device
    found["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
    return found | PEERS[name].environment
