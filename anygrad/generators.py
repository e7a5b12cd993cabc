"""Sources of random numbers: one for each device that is used, and those that users make.

A source is its array library's own generator, with a state that goes out and in. Knows no distribution.
"""

from __future__ import annotations

import operator
import secrets
import threading
import weakref
from typing import Any

import numpy as np

from anygrad import checkpointing
from anygrad.backends.base import Backend
from anygrad.devices import Device, backend_of, get_backend
from anygrad.errors import ArgumentError, DtypeError, message
from anygrad.tensors import Tensor, wrap

__all__ = ["Generator", "get_state", "of", "seed", "set_state"]

State = dict[str, Any]
Where = str | Device | None


class Generator:
    """A source of random numbers on one device: NumPy's ``Generator``, CuPy's, PyTorch's, a key of JAX's.

    ``seed`` is an integer from 0, or None for one of the system's. With the same seed a device gives the same
    numbers in every run; two devices give the same ones only where they have one library. On NumPy they are
    those of ``numpy.random.default_rng(seed)``. Threads may share one; each draws what comes next.

    >>> import anygrad as ag
    >>> g = ag.random.Generator(0)
    >>> ag.random.uniform(shape=2, generator=g)
    tensor([0.63696169, 0.26978671], dtype=float64, device='cpu')
    """

    def __init__(self, seed: int | None = None, device: Where = None) -> None:
        self._xp = get_backend(device)
        self._lock = threading.Lock()
        self._drawn = 0
        self._last: tuple[int, Any] = (-1, None)
        self.seed(seed)
        _living.add(self)

    @property
    def device(self) -> Device:
        """The device that it draws on."""
        return Device(self._xp.name)

    def seed(self, seed: int | None = None) -> Generator:
        """Begin anew from a seed, and return the generator.

        Raises ``DtypeError`` for what is no integer, ``ArgumentError`` for a negative one.
        """
        seed = _checked(seed)
        with self._lock:
            self._source = self._xp.random_source(seed)
            self._drawn += 1
        return self

    def get_state(self) -> State:
        """Return the state, which ``set_state`` and ``ag.save`` take; nothing waits for the device."""
        return {"device": self._xp.name, "state": _wrapped(self._state(), self._xp)}

    def set_state(self, state: State) -> None:
        """Go on from a state, of a generator of the same library.

        Raises ``ArgumentError`` for what is none.
        """
        advice = "expected what get_state() of a generator on the same library returned"
        try:
            found = _unwrapped(state["state"], self._xp)
            with self._lock:
                self._xp.random_restore(self._source, found)
                self._drawn += 1
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            got = f"this is no state of a generator on {self._xp.name}"
            raise ArgumentError(message("set_state", got, advice, str(error))) from error

    def draw(self, kind: str, shape: tuple[int, ...], dtype: Any, *parameters: Any) -> Tensor:
        """Return standard variates, as ``Backend.random_draw`` has them."""
        xp = self._xp
        with self._lock, xp.entered():
            self._drawn += 1
            out = xp.random_draw(self._source, kind, shape, dtype, *parameters)
        return wrap(out if out.__class__ is xp.array_type else xp.asarray(out), xp, None)

    def _state(self) -> Any:
        """Return the state as the backend has it: the same object until something is drawn."""
        with self._lock:
            if self._last[0] != self._drawn:
                self._last = self._drawn, self._xp.random_state(self._source)
            return self._last[1]

    def __repr__(self) -> str:
        return f"<generator on {self._xp.name}>"


def _checked(seed: Any) -> int:
    if seed is None:
        return secrets.randbits(63)
    try:
        number = operator.index(seed)
    except TypeError:
        got = f"the seed is {type(seed).__name__}"
        raise DtypeError(message("seed", got, "expected an integer, or None")) from None
    if number < 0 or seed.__class__ is bool:
        raise ArgumentError(message("seed", f"the seed is {seed}", "expected an integer from 0"))
    return number


def _wrapped(state: Any, xp: Backend) -> Any:
    """Return a state with tensors in the place of arrays."""
    if isinstance(state, dict):
        return {key: _wrapped(part, xp) for key, part in state.items()}
    owner = backend_of(state) if not isinstance(state, np.generic) else None
    return state if owner is None else wrap(state, owner, None)


def _unwrapped(state: Any, xp: Backend) -> Any:
    if isinstance(state, dict):
        return {key: _unwrapped(part, xp) for key, part in state.items()}
    if not isinstance(state, Tensor):
        return state
    # A loaded one may lie elsewhere.
    found: Any = state.detach()
    return found.array if type(found.array) is xp.array_type else found.to(xp.name).array


# ---------------------------------------------------------------- one for each device

_lock = threading.Lock()
_of: dict[Backend, Generator] = {}
_begun: dict[Backend, tuple[Generator, int, Any]] = {}
_seed: list[int | None] = [None]
_living: weakref.WeakSet[Generator] = weakref.WeakSet()


def of(xp: Backend) -> Generator:
    """Return the generator of a device."""
    with _lock:
        found = _of.get(xp)
        if found is None:
            found = _of[xp] = Generator(_seed[0], xp.name)
            _begun[xp] = found, found._drawn, found._state()
        return found


def seed(seed: int | None = None, device: Where = None) -> None:
    """Begin anew from a seed: the generator of a device, or of all, those included that are not used yet.

    Raises ``DtypeError`` for what is no integer, ``ArgumentError`` for a negative one.

    >>> import anygrad as ag
    >>> ag.random.seed(0)
    >>> ag.random.normal(shape=2)
    tensor([ 0.12573022, -0.13210486], dtype=float64, device='cpu')
    """
    number = _checked(seed)
    if device is not None:
        of(get_backend(device)).seed(number)
        return
    with _lock:
        _seed[0] = number if seed is not None else None
        for generator in _of.values():
            generator.seed(number)


def get_state(device: Where = None) -> State:
    """Return the state of a device's generator: numbers, text and tensors, which ``ag.save`` takes."""
    return of(get_backend(device)).get_state()


def set_state(state: State, device: Where = None) -> None:
    """Have a device's generator go on from a state; ``device`` is by default the one that it came from.

    Raises ``ArgumentError`` for what is no state of a generator on that library.
    """
    where = state.get("device") if device is None and isinstance(state, dict) else device
    of(get_backend(where)).set_state(state)


def _states() -> list[Any]:
    """Return the states of all generators, for who runs a function a second time."""
    return [(generator, generator._drawn, generator._state()) for generator in list(_living)]


def _restore(states: list[Any]) -> None:
    known = {generator for generator, _, _ in states}
    # What was first used after the states were taken was then about to begin.
    for generator, drawn, state in [*states, *(b for b in list(_begun.values()) if b[0] not in known)]:
        if generator._drawn != drawn:
            with generator._lock:
                generator._xp.random_restore(generator._source, state)
                generator._drawn += 1


checkpointing.GENERATORS.append((_states, _restore))
