"""Pytrees of tensors in files: ``save`` and ``load``, in the format of safetensors.

A file holds arrays and, as JSON beside them, how they stand in the tree: no code runs when it is read. It is
written under another name and renamed when all of it is on the disk. safetensors is imported on first use.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import operator
import os
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from anygrad.devices import Device, get_backend
from anygrad.errors import DtypeError, FileError, message
from anygrad.tensors import Tensor, wrap

__all__ = ["load", "save"]

Path = str | os.PathLike[str]
VERSION = 1
LONGEST = 100_000_000
"""The bytes that the format allows its header."""

REAL: dict[np.dtype, np.dtype] = {
    np.dtype("complex64"): np.dtype("float32"),
    np.dtype("complex128"): np.dtype("float64"),
}
"""What a complex array is stored as, with an axis of real and imaginary parts at the end."""


def save(path: Path, tree: Any, /) -> None:
    """Write a pytree of tensors to a file, which ``load`` reads.

    A tree is made of dictionaries (keys: text and integers), lists, tuples, named tuples, dataclasses and
    None; its leaves are tensors, numbers and text. A tensor that stands there twice is written once. Values,
    dtypes, shapes and ``requires_grad`` are kept; ``.grad`` and the device are not. A crash on the way leaves
    the file that was there. Needs safetensors (the extra ``save``).

    Raises ``DtypeError`` for other objects, by their place in the tree, ``GraphExitError`` for a tensor that
    is no leaf, and what the operating system raises.

    >>> import os, tempfile
    >>> import anygrad as ag
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.safetensors")
    ...     ag.save(path, {"w": ag.zeros(2, requires_grad=True), "steps": 10})
    ...     ag.load(path)
    {'w': tensor([0., 0.], dtype=float64, device='cpu', requires_grad=True), 'steps': 10}
    """
    library = _library("save")
    path = os.path.realpath(_named("save", path))
    names: dict[int, str] = {}
    tensors: dict[str, Tensor] = {}
    structure = _encoded(tree, "tree", names, tensors)
    text = json.dumps({"version": VERSION, "tree": structure})
    arrays = {name: _stored(t) for name, t in tensors.items()}
    beside = f"{path}.{secrets.token_hex(4)}.tmp"
    open(beside, "xb").close()  # Where that cannot be, the operating system says why.
    try:
        library.numpy.save_file(arrays, beside, {"anygrad": text})
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except library.SafetensorError as error:
        os.remove(beside)
        raise OSError(message("save", f"{path} cannot be written", str(error))) from error
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(beside)
        raise
    if os.name == "posix":
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(folder)  # The new name too is on the disk.
        finally:
            os.close(folder)


def load(
    path: Path, /, *, device: str | Device | None = None, requires_grad: bool | None = None, like: Any = None
) -> Any:
    """Return the pytree that ``save`` wrote, its tensors new leaves.

    They come on ``device``, by default the default one, and require gradients as they did; ``requires_grad``
    says otherwise for all floating and complex ones. No code runs, so that named tuples and dataclasses come
    as dictionaries of their fields; ``like``, a tree of the same form, gives them their classes.

    Raises ``FileError`` for a file that is truncated, too long or not one of ``save``'s, and where ``like``
    has another form; ``DtypeError`` for a dtype that the device lacks; and what the operating system raises.
    """
    library = _library("load")
    path = _named("load", path)
    _check(path)
    xp = get_backend(device)
    made: dict[str, Tensor] = {}
    try:
        with library.safe_open(path, framework="numpy") as file:
            metadata, names = file.metadata() or {}, set(file.keys())
            if "anygrad" not in metadata:
                held = f"it holds {', '.join(sorted(names)[:3]) or 'nothing'}"
                raise _fault(path, "was not written by ag.save", held, "read it with safetensors.numpy")
            structure = json.loads(metadata["anygrad"])

            def tensor(name: Any, tracked: Any, dtype: Any) -> Tensor:
                if not isinstance(name, str) or name not in names:
                    raise _fault(path, f"names a tensor {name!r} that it does not hold")
                if name not in made:
                    made[name] = wrap(xp.from_numpy(_restored(path, file.get_tensor(name), dtype)), xp, None)
                    wanted = tracked if requires_grad is None else requires_grad
                    made[name].requires_grad_(bool(wanted) and made[name].dtype.kind in "fc")
                return made[name]

            match structure:
                case {"version": int(version), "tree": [*node]} if version == VERSION:
                    tree = _decoded(path, node, tensor, FREE if like is None else like)
                case {"version": int(version)} if version > VERSION:
                    raise _fault(path, f"was written by a later anygrad, in version {version} of the form")
                case _:
                    raise _fault(path, "tells no tree")
            if names - made.keys():
                raise _fault(
                    path, f"holds a tensor {min(names - made.keys())!r} that stands nowhere in its tree"
                )
            return tree
    except (library.SafetensorError, json.JSONDecodeError, RecursionError) as error:
        raise _fault(path, "cannot be read", str(error)) from error


# ---------------------------------------------------------------- trees as JSON


def _encoded(x: Any, place: str, names: dict[int, str], tensors: dict[str, Tensor]) -> list[Any]:
    """Return a tree as JSON takes it, and gather its tensors under names."""

    def inside(parts: Mapping[Any, Any], shown: Callable[[Any], str]) -> list[Any]:
        return [[key, _encoded(part, place + shown(key), names, tensors)] for key, part in parts.items()]

    if isinstance(x, Tensor):
        if id(x) not in names:
            x._leaf_only("save", f"write {place}.detach() first")
            plain = re.sub(r"\W+", ".", place[4:]).strip(".") or "tensor"
            plain = "tensor" if plain == "__metadata__" else plain  # The format has that name for itself.
            free = (f"{plain}.{count}" for count in itertools.count(2))
            name = plain if plain not in tensors else next(name for name in free if name not in tensors)
            names[id(x)] = name
            tensors[name] = x
        return ["tensor", names[id(x)], x.requires_grad, str(x.dtype)]
    if x is None or x.__class__ in (bool, int, float, str):
        return ["value", x]
    if x.__class__ is complex:
        return ["complex", x.real, x.imag]
    if x.__class__ in (list, tuple):
        parts = inside(dict(enumerate(x)), lambda i: f"[{i}]")
        return [x.__class__.__name__, [part for _, part in parts]]
    if x.__class__ is dict:
        wrong = [key for key in x if key.__class__ not in (str, int)]
        if wrong:
            got = f"{place} has a key {wrong[0]!r}"
            raise DtypeError(message("save", got, "expected text or an integer"))
        return ["dict", inside(x, lambda key: f"[{key!r}]")]
    fields = _fields(x)
    if fields is not None:
        return ["fields", inside({name: getattr(x, name) for name in fields}, lambda name: f".{name}")]
    advice = ("pass ag.asarray(...)",) if hasattr(x, "dtype") else ()
    expected = "expected tensors, numbers and text, in dictionaries, lists, tuples and dataclasses"
    raise DtypeError(message("save", f"{place} is {type(x).__name__}", expected, *advice))


def _fields(x: Any) -> tuple[str, ...] | None:
    """Return the names of the fields of a named tuple or a dataclass."""
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        found: tuple[str, ...] = x._fields
        return found
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return tuple(f.name for f in dataclasses.fields(x) if f.init)
    return None


FREE: Any = object()
"""Stands where ``like`` would, for a tree that may be any."""


def _decoded(path: str, node: Any, tensor: Callable[..., Tensor], like: Any) -> Any:
    """Return the tree that JSON tells, with the classes that ``like`` has."""

    def alike(fits: bool, what: str) -> None:
        if like is not FREE and not fits:
            raise _fault(path, f"has {what} where like has {type(like).__name__}")

    def inside(parts: Any, take: Callable[[Any, Any], Any]) -> dict[Any, Any]:
        models = {key: like if like is FREE else take(like, key) for key, _ in parts}
        return {key: _decoded(path, part, tensor, models[key]) for key, part in parts}

    match node:
        case ["tensor", name, bool(tracked), str(dtype)]:
            alike(isinstance(like, Tensor), "a tensor")
            return tensor(name, tracked, dtype)
        case ["value", None | bool() | int() | float() | str() as value]:
            alike(value.__class__ is like.__class__, type(value).__name__)
            return value
        case ["complex", int() | float() as real, int() | float() as imag]:
            alike(like.__class__ is complex, "a complex number")
            return complex(real, imag)
        case ["list" | "tuple" as kind, [*parts]]:
            alike(like.__class__.__name__ == kind and len(like) == len(parts), f"a {kind} of {len(parts)}")
            found = inside(list(enumerate(parts)), operator.getitem).values()
            return list(found) if kind == "list" else tuple(found)
        case ["dict", [*items]] if all(_is_item(item, (str, int)) for item in items):
            keys = [key for key, _ in items]
            alike(like.__class__ is dict and set(like) == set(keys), f"a dict of {keys}")
            return inside(items, operator.getitem)
        case ["fields", [*items]] if all(_is_item(item, (str,)) for item in items):
            keys = [key for key, _ in items]
            alike(_fields(like) == tuple(keys), f"fields {keys}")
            fields = inside(items, getattr)
            return fields if like is FREE else type(like)(**fields)
    raise _fault(path, f"tells no tree: it has {str(node)[:60]} in it")


def _is_item(item: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(item, list) and len(item) == 2 and item[0].__class__ in kinds


# ---------------------------------------------------------------- arrays and files


def _stored(t: Tensor) -> np.ndarray:
    """Return the values of a tensor as the format has them."""
    host = t.xp.to_numpy(t.array)
    host = np.array(host, order="C", copy=None)
    real = REAL.get(host.dtype)
    return host if real is None else host.reshape(*host.shape, 1).view(real)


def _restored(path: str, host: np.ndarray, dtype: str) -> np.ndarray:
    """Return an array of the dtype that it was saved with."""
    wanted = next((c for c in REAL if str(c) == dtype), None)
    if wanted is None and str(host.dtype) == dtype:
        return host
    if wanted is not None and host.dtype == REAL[wanted] and host.shape[-1:] == (2,):
        out: np.ndarray = host.copy().view(wanted).reshape(host.shape[:-1])
        return out
    raise _fault(path, f"has an array of {host.dtype} where its tree tells of {dtype}")


def _check(path: str) -> None:
    """Raise ``FileError`` where a file is not as long as its header tells, or has none."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        first = file.read(8)
        length = int.from_bytes(first, "little")
        if len(first) < 8:
            raise _fault(path, f"has {size} bytes", "it is truncated, or empty")
        text = file.read(min(length, LONGEST))
    if not 2 <= length <= LONGEST or text[:1] not in (b"{", b""):
        raise _fault(path, "does not begin as a file of ag.save does")
    if len(text) < length:
        raise _fault(path, "is truncated", f"its header has {length} bytes, of which {len(text)} are there")
    try:
        header = json.loads(text)
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        wanted = max(ends, default=0)
        left = size - 8 - length - wanted
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise _fault(
            path, "has no header that can be read", "it is no file of ag.save, or damaged"
        ) from error
    if left < 0:
        raise _fault(path, "is truncated", f"of {wanted} bytes of data {wanted + left} are there")
    if left > 0:
        raise _fault(path, f"is {left} bytes too long", "something was written behind its data")


def _fault(path: str, got: str, *advice: str) -> FileError:
    return FileError(message("load", f"{path} {got}", *advice))


def _named(op: str, path: Path) -> str:
    try:
        return os.fsdecode(os.fspath(path))
    except TypeError:
        got = f"path is {type(path).__name__}"
        raise DtypeError(message(op, got, "expected text or a path")) from None


def _library(op: str) -> Any:
    """Return what is used of safetensors."""
    try:
        import safetensors
        import safetensors.numpy
    except ModuleNotFoundError as error:
        advice = 'from the checkout: pip install -e ".[save]"'
        raise ModuleNotFoundError(
            message(op, "safetensors is not installed", advice), name=error.name
        ) from error
    return safetensors
