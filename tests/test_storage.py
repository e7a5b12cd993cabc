"""``save`` and ``load``: what comes back is what went in, and what is no such file is named."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.base import DTYPES

safetensors = pytest.importorskip("safetensors")

Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Layer:
    w: Any
    b: Any


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tree.safetensors"


def same(found: Any, wanted: Any) -> None:
    """Compare trees: classes, dtypes, shapes, bits and requires_grad."""
    assert type(found) is type(wanted) or isinstance(found, ag.Tensor) is isinstance(wanted, ag.Tensor)
    if isinstance(wanted, ag.Tensor):
        assert (found.dtype, found.shape, found.requires_grad) == (
            wanted.dtype,
            wanted.shape,
            wanted.requires_grad,
        )
        assert found.is_leaf
        hosts = [t.detach().cpu().numpy().tobytes() for t in (found, wanted)]
        assert hosts[0] == hosts[1]
    elif isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key in wanted:
            same(found[key], wanted[key])
    elif isinstance(wanted, list | tuple):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted):
            same(one, other)
    elif dataclasses.is_dataclass(wanted):
        same(vars(found), vars(wanted))
    else:
        assert found == wanted or found != found


def test_trees(path: Path) -> None:
    x = ag.tensor([1.0, np.nan, -0.0, np.inf], requires_grad=True)
    leaves = {"none": None, "pi": 3.25, "nan": float("nan"), "big": 10**30, "text": "ünï", "z": 1 - 2j}
    tree = {"a": [x, (x, ag.tensor(2)), [], ()], 7: leaves, "a.0": ag.zeros((2, 0)), "yes": True, "": {}}
    ag.save(path, tree)
    found = ag.load(path)
    same(found, tree)
    assert found["a"][0] is found["a"][1][0], "a tensor that stands there twice is one"
    for tree in (x, None, 3, [x, x.detach()]):
        ag.save(str(path), tree)
        same(ag.load(os.fsencode(path)), tree)
    assert os.listdir(path.parent) == [path.name]


def test_dtypes_and_shapes(path: Path, make: Callable[..., ag.Tensor], backend: Any) -> None:
    tree = {}
    for name in DTYPES:
        for shape in ((), (0,), (2, 3), (1, 0, 2)):
            host = (np.arange(np.prod(shape)).reshape(shape) * (1.5 - 1j if "complex" in name else 1)).astype(
                name
            )
            if np.dtype(name) in backend.natives:
                x = make(host)
                tree[f"{name}{shape}"] = x.requires_grad_() if x.dtype.kind in "fc" else x
    assert len(tree) >= 4 * 13
    ag.save(path, tree)
    found = ag.load(path, device=x.device)
    same(found, tree)
    assert all(t.device == x.device for t in found.values())
    assert not any(t.requires_grad for t in ag.load(path, requires_grad=False).values())
    asked = ag.load(path, requires_grad=True).values()
    assert all(t.requires_grad == (t.dtype.kind in "fc") for t in asked)


def test_layouts_and_views(path: Path) -> None:
    a = np.arange(24.0).reshape(2, 3, 4)
    x = ag.asarray(a)
    tree = [x[:, ::-1, ::2], ag.asarray(np.asfortranarray(a)), x.mT, ag.broadcast_to(ag.tensor(3.0), (2, 2))]
    ag.save(path, tree)
    for found, wanted in zip(ag.load(path), tree):
        np.testing.assert_array_equal(found.numpy(), wanted.numpy())


def test_named_tuples_and_dataclasses(path: Path) -> None:
    tree = {"p": Point(ag.tensor(1.0), [2, Point(None, "t")]), "l": Layer(ag.zeros(2), ag.ones(1))}
    ag.save(path, tree)
    assert ag.load(path)["p"]["y"] == [2, {"x": None, "y": "t"}]
    same(ag.load(path, like=tree), tree)
    for like, says in (
        ({"p": tree["p"]}, r"a dict of \['p', 'l'\] where like has dict"),
        ({"p": tree["p"], "l": 3}, r"fields \['w', 'b'\] where like has int"),
        ({"p": Point(3, [2, Point(None, "t")]), "l": tree["l"]}, "a tensor where like has int"),
        ({"p": Point(tree["p"].x, [2.0, Point(None, "t")]), "l": tree["l"]}, "int where like has float"),
        ({"p": Point(tree["p"].x, [2]), "l": tree["l"]}, "a list of 2 where like has list"),
    ):
        with pytest.raises(ag.FileError, match=says):
            ag.load(path, like=like)


def test_training_goes_on(path: Path) -> None:
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    ag.save(path, [w, w.grad])
    again, grad = ag.load(path)
    assert again.grad is None
    np.testing.assert_array_equal(grad.numpy(), [2, 4])
    (again * again).sum().backward()
    with ag.no_grad():
        again[0] = 5.0
    np.testing.assert_array_equal(ag.load(path)[0].detach().numpy(), [1, 2])


def test_what_cannot_be_saved(path: Path) -> None:
    x = ag.tensor([1.0], requires_grad=True)
    ag.save(path, x)
    before = path.read_bytes()
    for tree, kind, says in (
        ({"a": [x * 2]}, ag.GraphExitError, r"^\[save\] .*write tree\['a'\]\[0\]\.detach\(\) first"),
        ([np.zeros(2)], ag.DtypeError, r"tree\[0\] is ndarray.*ag\.asarray"),
        ({"f": print}, ag.DtypeError, r"tree\['f'\] is builtin"),
        (np.float64(2), ag.DtypeError, "tree is float64"),
        ({(1, 2): 3}, ag.DtypeError, r"tree has a key \(1, 2\): expected text or an integer"),
        ({True: 3}, ag.DtypeError, "tree has a key True"),
        (Point(x, {1, 2}), ag.DtypeError, r"tree\.y is set"),
        (collections.OrderedDict(a=x), ag.DtypeError, "tree is OrderedDict"),
    ):
        with pytest.raises(kind, match=says):
            ag.save(path, tree)
    with pytest.raises(ag.DtypeError, match=r"\[save\] path is int"):
        ag.save(3, x)
    with pytest.raises(FileNotFoundError):
        ag.save(path.parent / "nowhere" / "x", x)
    assert path.read_bytes() == before and os.listdir(path.parent) == [path.name]


def test_a_crash_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails on the way, the file that was there stays, and nothing beside it."""
    ag.save(path, ag.zeros(3))
    before = path.read_bytes()
    link = path.parent / "link"
    link.symlink_to(path)
    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, lambda *a: (_ for _ in ()).throw(OSError("the disk is full")))
            with pytest.raises(OSError, match="the disk is full"):
                ag.save(path, ag.ones(1000))
        assert path.read_bytes() == before and sorted(os.listdir(path.parent)) == ["link", path.name]
    ag.save(link, ag.ones(2))
    assert link.is_symlink()
    np.testing.assert_array_equal(ag.load(path).numpy(), [1, 1])


def rewritten(raw: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """Return a file with another header."""
    n = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + n])
    text = json.dumps(change(header) or header).encode()
    return struct.pack("<Q", len(text)) + text + raw[8 + n :]


def of_tree(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], None]:
    """Return what changes the tree in a header."""

    def changed(header: dict[str, Any]) -> None:
        found = json.loads(header["__metadata__"]["anygrad"])
        header["__metadata__"]["anygrad"] = json.dumps(change(found) or found)

    return changed


def test_files_that_are_damaged(path: Path) -> None:
    ag.save(path, {"w": ag.tensor([1.0, 2.0, 3.0]), "z": ag.tensor([1j])})
    raw = path.read_bytes()
    n = struct.unpack("<Q", raw[:8])[0]
    deep = json.dumps({"version": 1, "tree": None}).replace("null", "[" * 100_000 + "]" * 100_000)
    cases: list[tuple[bytes, str]] = [
        (b"", "has 0 bytes: it is truncated, or empty"),
        (raw[:5], "has 5 bytes"),
        (raw[: 8 + n // 2], f"is truncated: its header has {n} bytes, of which {n // 2} are there"),
        (raw[:-1], "is truncated: of 40 bytes of data 39 are there"),
        (raw[: 8 + n], "is truncated: of 40 bytes of data 0 are there"),
        (raw + b"xyz", "is 3 bytes too long"),
        (b"\x80\x04\x95 a pickle of something, perhaps evil", "does not begin as a file of ag.save does"),
        (b"PK\x03\x04\x00\x00\x00\x00 a zip", "does not begin as a file of ag.save does"),
        (struct.pack("<Q", 4) + b"{nop", "has no header that can be read"),
        (struct.pack("<Q", 2) + b"[]", "does not begin as a file of ag.save does"),
        (struct.pack("<Q", 2) + b"{}", "was not written by ag.save: it holds nothing"),
        (
            rewritten(raw, lambda h: h.pop("__metadata__") and None),
            "was not written by ag.save: it holds w, z",
        ),
        (rewritten(raw, lambda h: h["w"].update(data_offsets=[0])), "has no header that can be read"),
        (rewritten(raw, lambda h: h["w"].update(data_offsets=[16, 38])), "cannot be read"),
        (rewritten(raw, lambda h: h["w"].update(shape=[7])), "cannot be read"),
        (rewritten(raw, lambda h: h["w"].update(dtype="X9")), "cannot be read"),
        (rewritten(raw, lambda h: h["__metadata__"].update(anygrad="{")), "cannot be read"),
        (rewritten(raw, lambda h: h["__metadata__"].update(anygrad=deep)), "cannot be read"),
        (rewritten(raw, of_tree(lambda t: [1])), "tells no tree"),
        (rewritten(raw, of_tree(lambda t: t.update(version=2))), "by a later anygrad, in version 2"),
        (rewritten(raw, of_tree(lambda t: t.update(version="x"))), "tells no tree"),
        (rewritten(raw, of_tree(lambda t: t.update(tree=["code", "print(1)"]))), "tells no tree: it has"),
        (rewritten(raw, of_tree(lambda t: t.update(tree=["dict", [[[], ["value", 1]]]]))), "tells no tree"),
        (rewritten(raw, of_tree(lambda t: t.update(tree=["value", [1]]))), "tells no tree"),
        (rewritten(raw, of_tree(lambda t: t.update(tree=["value", 1]))), "'w' that stands nowhere"),
        (
            rewritten(raw, of_tree(lambda t: t["tree"][1][0][1].__setitem__(1, "q"))),
            "a tensor 'q' that it does",
        ),
        (rewritten(raw, of_tree(lambda t: t["tree"][1][0][1].__setitem__(1, []))), r"tensor \[\] that"),
        (
            rewritten(raw, of_tree(lambda t: t["tree"][1][0][1].__setitem__(3, "int64"))),
            "array of float64 where",
        ),
        (
            rewritten(raw, of_tree(lambda t: t["tree"][1][1][1].__setitem__(3, "complex64"))),
            "array of float64",
        ),
        (
            rewritten(raw, of_tree(lambda t: t["tree"][1][0][1].__setitem__(3, "complex128"))),
            "array of float64",
        ),
    ]
    for content, says in cases:
        path.write_bytes(content)
        with pytest.raises(ag.FileError, match=rf"^\[load\] .*tree\.safetensors {says}|^\[load\] .*{says}"):
            ag.load(path)
    for content in (raw[:k] for k in range(len(raw))):
        path.write_bytes(content)
        with pytest.raises(ag.FileError):
            ag.load(path)
    with pytest.raises(FileNotFoundError):
        ag.load(path.parent / "nothing")
    with pytest.raises(ag.DtypeError, match=r"\[load\] path is NoneType"):
        ag.load(None)


def test_foreign_files_of_safetensors(path: Path) -> None:
    import safetensors.numpy

    safetensors.numpy.save_file({"weight": np.zeros(3)}, path)
    with pytest.raises(ag.FileError, match=r"was not written by ag.save: it holds weight; read it with"):
        ag.load(path)
    ag.save(path, {"w": [ag.ones(2)]})
    found = safetensors.numpy.load_file(path)  # and theirs reads ours
    np.testing.assert_array_equal(found["w.0"], [1, 1])


def test_without_safetensors() -> None:
    code = (
        "import sys; sys.modules['safetensors'] = None\nimport anygrad as ag\n"
        "for f in (lambda: ag.save('x', 1), lambda: ag.load('x')):\n"
        "    try:\n        f()\n    except ModuleNotFoundError as error:\n        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for op, line in zip(("save", "load"), done.stdout.splitlines(), strict=True):
        assert line == f'[{op}] safetensors is not installed: from the checkout: pip install -e ".[save]"'


@pytest.mark.targets("jax")
def test_a_dtype_that_the_device_lacks(path: Path, target: Any) -> None:
    import jax

    ag.save(path, ag.zeros(2, device="cpu"))
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(ag.DtypeError, match="jax_enable_x64"):
            ag.load(path, device="jax")
    finally:
        jax.config.update("jax_enable_x64", True)


def test_a_key_that_is_the_format_s_own_name(path: Path) -> None:
    ag.save(path, {"__metadata__": ag.ones(2), "tensor": ag.zeros(1)})
    found = ag.load(path)
    assert found["__metadata__"].tolist() == [1.0, 1.0] and found["tensor"].tolist() == [0.0]
