"""JAX: ``jax.numpy`` as it is, under whatever configuration its user has chosen.

Without 64-bit mode it has no float64 and no int64: defaults are then the 32-bit dtypes, and a request for
more is an error that names the switch. Positions go in as arrays and sizes alone as constants, because JAX
compiles anew for every constant.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np

from anygrad.backends.base import DTYPES, Backend, check_bounds
from anygrad.backends.randomness import small
from anygrad.errors import DeviceUnavailableError, DtypeError, message

__all__ = ["JaxBackend"]

ALL = {np.dtype(text): np.dtype(text) for text in DTYPES}
WIDE = ("int64", "uint64", "float64", "complex128")
NARROW = {dtype: dtype for dtype in ALL if dtype.name not in WIDE}
PLATFORMS = ("cpu", "gpu", "cuda", "rocm", "tpu", "METAL")


class JaxBackend(Backend):
    """One JAX device. Its arrays cannot be written."""

    special_library = "jax.scipy.special"
    shares = True

    # ---------------------------------------------------------------- opening

    @classmethod
    def open(cls, library: str, spec: str) -> Backend:
        default = jax.devices()[0]
        platform, _, number = spec.partition(":")
        if number and not number.isdigit():
            raise LookupError(f"its devices are {', '.join(map(_name, jax.devices()))}")
        try:
            found = jax.devices(platform) if platform else [default]
        except RuntimeError as error:
            if platform not in PLATFORMS:
                raise LookupError(f"its devices are {', '.join(map(_name, jax.devices()))}") from error
            raise DeviceUnavailableError(
                message(
                    "device", f"'jax:{spec}' cannot be used here", str(error), "install the jax build for it"
                )
            ) from error
        index = int(number or 0)
        if index >= len(found):
            raise LookupError(f"its devices are {', '.join(map(_name, found))}")
        device = found[index]
        found = cls(jnp, device, library if device == default else f"{library}:{_name(device)}")
        found.any_order = device.platform != "cpu"
        return found

    @classmethod
    def spec_of(cls, array: Any) -> str:
        if isinstance(array, jax.core.Tracer):
            raise DtypeError(
                message("asarray", "got a JAX tracer", "wrap the function with anygrad.interop.jax.to_jax")
            )
        device = array.device
        # An array that is spread over devices goes where JAX puts the results.
        return _name(device) if hasattr(device, "platform") else ""

    @classmethod
    def usable(cls) -> list[str]:
        return [_name(d) for d in jax.devices()]

    # ---------------------------------------------------------------- dtypes

    @property
    def natives(self) -> dict[Any, Any]:
        """The dtypes that can be created now: the user may enter or leave 64-bit mode at any time."""
        return ALL if jax.config.jax_enable_x64 else NARROW

    @natives.setter
    def natives(self, table: dict[Any, Any]) -> None:
        pass

    dtypes = natives

    def dtype_of(self, array: Any) -> np.dtype:
        dtype: np.dtype = array.dtype
        return dtype

    def listed_dtypes(self) -> dict[str, Any]:
        return {}

    def advice(self, dtype: np.dtype) -> str:
        if dtype.name in WIDE:
            return 'enable it first, with jax.config.update("jax_enable_x64", True)'
        return super().advice(dtype)

    def accept(self, array: Any) -> Any:
        # A weakly typed array would give way to the dtype of whatever it meets.
        return jax.lax.convert_element_type(array, array.dtype) if array.weak_type else array

    def to_numpy(self, array: Any) -> np.ndarray:
        return np.array(array)

    def synchronize(self) -> None:
        jnp.zeros((), device=self.device).block_until_ready()

    def pow(self, x: Any, y: Any) -> Any:
        """Raise; zero to a complex power is 0 where the real part of that is positive, as in NumPy."""
        out = jnp.power(x, y)
        if out.dtype.kind != "c":
            return out
        return jnp.where((x == 0) & (jnp.real(y) > 0), jnp.zeros_like(out), out)

    # ---------------------------------------------------------------- extras

    def linalg_expm(self, x: Any) -> Any:
        return jax.scipy.linalg.expm(x)

    def linalg_solve_triangular(self, x: Any, y: Any, *, upper: bool, unit_diagonal: bool = False) -> Any:
        return jax.scipy.linalg.solve_triangular(x, y, lower=not upper, unit_diagonal=unit_diagonal)

    sigmoid = staticmethod(jax.nn.sigmoid)
    softmax = staticmethod(jax.nn.softmax)
    log_softmax = staticmethod(jax.nn.log_softmax)

    def ndtr(self, x: Any) -> Any:
        x = self.floats(x)  # Of half precision JAX has none.
        return jax.scipy.special.ndtr(x.astype(np.promote_types(x.dtype, np.float32))).astype(x.dtype)

    def _added(self, out: Any, part: Any, at: Any) -> Any:
        return out.at[at].add(part)

    def _pooled(self, name: str, x: Any, frames: Any, fill: Any) -> Any:
        before = x.ndim - len(frames)
        kernel, stride, low, high, dilation = zip(*frames, strict=True)
        ones, pads = (1,) * before, ((0, 0),) * before + tuple(zip(low, high, strict=True))
        function = {"add": jax.lax.add, "maximum": jax.lax.max}[name]
        fill, kernel, stride, dilation = x.dtype.type(fill), ones + kernel, ones + stride, ones + dilation
        return jax.lax.reduce_window(x, fill, function, kernel, stride, pads, window_dilation=dilation)

    def convolution(self, x: Any, weight: Any, frames: Any, groups: int) -> Any:
        if self.in_one_order():  # XLA picks kernels by timing them.
            return super().convolution(x, weight, frames, groups)
        _, stride, low, high, dilation = zip(*frames, strict=True)
        pads = tuple(zip(low, high, strict=True))
        return jax.lax.conv_general_dilated(
            x, weight, stride, pads, rhs_dilation=dilation, feature_group_count=groups
        )

    def convolution_dx(self, y: Any, weight: Any, shape: tuple[int, ...], frames: Any, groups: int) -> Any:
        if self.in_one_order():  # XLA picks kernels by timing them.
            return super().convolution_dx(y, weight, shape, frames, groups)

        def of(x: Any) -> Any:
            return self.convolution(x, weight, frames, groups)

        (out,) = jax.linear_transpose(of, jax.ShapeDtypeStruct(shape, y.dtype))(y)
        return out

    def convolution_dweight(self, x: Any, y: Any, frames: Any, groups: int) -> Any:
        if self.in_one_order():  # XLA picks kernels by timing them.
            return super().convolution_dweight(x, y, frames, groups)

        def of(weight: Any) -> Any:
            return self.convolution(x, weight, frames, groups)

        shape = (y.shape[1], x.shape[1] // groups, *(frame[0] for frame in frames))
        (out,) = jax.linear_transpose(of, jax.ShapeDtypeStruct(shape, x.dtype))(y)
        return out

    def bounded(self, index: Any, n: int, axis: int) -> Any:
        if self.device.platform == "cpu":
            check_bounds(np.asarray(index), n, axis)
        return index

    def getitem(self, x: Any, key: tuple[Any, ...]) -> Any:
        starts, sizes, shape, strided = [], [], [], []
        for axis, (part, n) in enumerate(zip(key, x.shape, strict=True)):
            if part.__class__ is not slice:
                starts.append(part)
                sizes.append(1)
                continue
            found = range(*part.indices(n))
            if found.step != 1:
                strided.append((axis, found))
                found = range(n)
            starts.append(found.start if len(found) else 0)
            sizes.append(len(found))
        for axis, found in strided:
            index = np.arange(found.start, found.stop, found.step, dtype=np.int32)
            x = jnp.take(x, jnp.asarray(index), axis=axis)
            sizes[axis] = len(found)
        if tuple(sizes) != x.shape:
            x = jax.lax.dynamic_slice(x, starts, sizes)
        shape = [n for part, n in zip(key, sizes, strict=True) if part.__class__ is slice]
        return jnp.reshape(x, shape) if len(shape) < len(key) else x

    def index_set(self, x: Any, values: Any, index: Any, axis: int) -> Any:
        # JAX leaves it open which of equal indices stands at the end.
        n, m = x.shape[axis], index.shape[0]
        if not n or not m:
            return x
        last = jnp.full((n,), -1, np.int32).at[index].max(jnp.arange(m, dtype=np.int32))
        found = jnp.reshape(last >= 0, tuple(n if i == axis else 1 for i in range(x.ndim)))
        return jnp.where(found, jnp.take(values, jnp.maximum(last, 0), axis=axis), x)

    def index_add(self, x: Any, index: Any, values: Any, axis: int) -> Any:
        if self.in_one_order():
            return super().index_add(x, index, values, axis)
        return x.at[(*(slice(None),) * axis, index)].add(values)

    # ---------------------------------------------------------------- random numbers

    def random_source(self, seed: int) -> Any:
        return {"key": jax.device_put(jax.random.PRNGKey(small(seed, 31)), self.device)}

    def random_state(self, source: Any) -> Any:
        return dict(source)

    def random_restore(self, source: Any, state: Any) -> None:
        key = state["key"]
        if (key.shape, key.dtype) != (source["key"].shape, source["key"].dtype):
            raise ValueError(f"the key has shape {key.shape}, expected {source['key'].shape}")
        source["key"] = key

    def random_draw(self, source: Any, kind: str, shape: Any, dtype: np.dtype, *parameters: Any) -> Any:
        source["key"], key = jax.random.split(source["key"])
        if kind in ("uniform", "normal", "exponential"):
            return getattr(jax.random, kind)(key, shape, dtype)
        if kind == "gamma":
            return jax.random.gamma(key, parameters[0].astype(dtype), shape, dtype)
        if kind == "integers":
            return jax.random.randint(key, shape, *parameters, dtype)
        assert kind == "permutation", kind
        return jax.random.permutation(key, jnp.arange(parameters[0], dtype=dtype, device=self.device))


def _name(device: Any) -> str:
    """Name a device by its platform, and its number there unless that is the first."""
    number = jax.devices(device.platform).index(device)
    return f"{device.platform}:{number}" if number else str(device.platform)
