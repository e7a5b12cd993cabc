"""CUDA devices for users: whether there are any, waiting for them, streams, memory.

Tensors go to a device by its name (``device="cuda:1"``); this is for what lies beside that. CuPy is
imported when something is asked that only CUDA can answer; where there is none, that raises
``DeviceUnavailableError``, which says what is missing. ``device`` is a name, a ``Device`` or an index; None
is the default device where that is CUDA, else ``cuda:0``.
"""

from __future__ import annotations

from typing import Any

from anygrad.devices import Device, get_backend, get_default_device, opened
from anygrad.errors import DeviceError, DeviceUnavailableError, message
from anygrad.memory import holders, in_units

__all__ = [
    "Stream",
    "current_stream",
    "device_count",
    "empty_cache",
    "get_device_name",
    "is_available",
    "memory_allocated",
    "memory_reserved",
    "memory_summary",
    "synchronize",
]

Where = str | Device | int | None


def _opened(op: str, device: Where) -> Any:
    """Return the backend of a CUDA device."""
    if device is None:
        default = get_default_device()
        device = default if default.library == "cuda" else "cuda"
    elif isinstance(device, int):
        device = f"cuda:{device}"
    if Device(str(device)).library != "cuda":
        raise DeviceError(
            message(op, f"got {str(device)!r}", "expected a CUDA device, such as 'cuda:0' or 0")
        )
    return get_backend(device)


def __dir__() -> list[str]:
    return sorted(__all__)


def is_available() -> bool:
    """Tell whether ``device="cuda"`` can be used here; where it cannot, using it says why.

    >>> import anygrad as ag
    >>> device = "cuda" if ag.cuda.is_available() else "cpu"
    """
    try:
        get_backend("cuda")
    except DeviceUnavailableError:
        return False
    return True


def device_count() -> int:
    """Return how many CUDA devices there are: 0 where none can be used."""
    return len(type(get_backend("cuda")).usable()) if is_available() else 0


def get_device_name(device: Where = None) -> str:
    """Return what the maker calls a device."""
    name: str = _opened("get_device_name", device).title()
    return name


def synchronize(device: Where = None) -> None:
    """Wait until a device has done all that was asked of it, on all its streams.

    To measure time needs it: operations return before the device has begun. Reading values waits by itself.
    """
    _opened("synchronize", device).synchronize()


# ---------------------------------------------------------------- streams


class Stream:
    """A queue of work on a CUDA device: ``with Stream():`` sends what is computed in the block there.

    That holds for forward, for backward (which runs on the stream that is current when it is called) and for
    copies to and from the device. Work on two streams runs in any order, except that the default stream and
    one that is not ``non_blocking`` wait for each other. What one stream makes another may use after
    ``wait_stream``, and is to be kept until that is done. The lower ``priority`` goes first.

    The block also makes the device CUDA's current one, for CuPy code of your own. ``raw`` is CuPy's stream.
    """

    __slots__ = ("_xp", "raw")

    def __init__(self, device: Where = None, priority: int = 0, *, non_blocking: bool = False) -> None:
        self._xp = _opened("Stream", device)
        self.raw = self._xp.new_stream(priority, non_blocking)

    @classmethod
    def _of(cls, xp: Any, raw: Any) -> Stream:
        stream = object.__new__(cls)
        stream._xp, stream.raw = xp, raw
        return stream

    @property
    def device(self) -> Device:
        """The device that it belongs to."""
        return Device(self._xp.name)

    def synchronize(self) -> None:
        """Wait until its work is done."""
        self.raw.synchronize()

    def query(self) -> bool:
        """Tell whether its work is done."""
        return bool(self.raw.done)

    def record_event(self) -> Any:
        """Return an event, CuPy's, that marks what it has been given so far; its ``synchronize()`` waits."""
        with self._xp.entered():
            return self.raw.record()

    def wait_event(self, event: Any) -> None:
        """Have what it is given from now on wait for an event, of this or another device."""
        with self._xp.entered():
            self.raw.wait_event(event)

    def wait_stream(self, stream: Stream) -> None:
        """Have what it is given from now on wait for what another stream has been given so far."""
        self.wait_event(stream.record_event())

    def __enter__(self) -> Stream:
        self._xp.device.__enter__()
        self.raw.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self.raw.__exit__(*exception)  # which puts back what was the current device's stream before
        finally:
            self._xp.device.__exit__(*exception)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stream):
            return NotImplemented
        return self._xp is other._xp and bool(self.raw == other.raw)

    def __hash__(self) -> int:
        return hash((self._xp.name, self.raw.ptr))

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, int(self.raw.ptr)

    def __repr__(self) -> str:
        return f"<stream {int(self.raw.ptr):#x} on {self._xp.name}>"


def current_stream(device: Where = None) -> Stream:
    """Return the stream that this thread's work on a device goes to."""
    xp = _opened("current_stream", device)
    return Stream._of(xp, xp.current_stream())


# ---------------------------------------------------------------- memory


def memory_allocated(device: Where = None) -> int:
    """Return the bytes of a device that arrays take, CuPy's own arrays included."""
    return _memory("memory_allocated", device)["used"]


def memory_reserved(device: Where = None) -> int:
    """Return the bytes of a device that CuPy holds, for arrays and for reuse."""
    found = _memory("memory_reserved", device)
    return found["used"] + found["kept"]


def _memory(op: str, device: Where) -> dict[str, int]:
    found: dict[str, int] = _opened(op, device).memory()
    return found


def empty_cache() -> None:
    """Give the memory that CuPy keeps for reuse back to the devices in use, and pinned memory to the host.

    Helps other programs alone: tensors of this one get the memory that is kept.
    """
    xp = _opened("empty_cache", None)
    for each in opened(type(xp)):
        each.release()


def memory_summary(device: Where = None) -> str:
    """Return a table of a device's memory, and of who holds it: operations by what they saved for backward.

    What CuPy code of your own holds is in the first line and has no name below.
    """
    xp = _opened("memory_summary", device)
    found = xp.memory()
    rows = [
        ("taken by arrays", in_units(found["used"])),
        ("kept by CuPy for reuse", in_units(found["kept"])),
        ("free on the card", in_units(found["free"])),
        ("total on the card", in_units(found["total"])),
        ("pinned blocks kept", str(xp.pinned_blocks())),
    ]
    rows += [(f"  {name}", in_units(n)) for name, n in holders(xp)]
    width = max(len(name) for name, _ in rows)
    lines = [f"{xp.name}, {xp.title()}", *(f"{name:<{width}}  {size:>12}" for name, size in rows)]
    lines.insert(6, "held by")
    return "\n".join(lines)
