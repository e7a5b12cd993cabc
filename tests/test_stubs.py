"""The committed stubs are what the generator writes, and name all that is public."""

import ast
from pathlib import Path

import pytest

import anygrad as ag
from tests.stubs import PACKAGE, STUBS


@pytest.mark.parametrize("name", STUBS)
def test_committed_stub_is_current(name: str) -> None:
    committed = (Path(PACKAGE) / name).read_text()
    assert committed == STUBS[name](), f"anygrad/{name} is stale: run python -m tests.stubs"


def test_stub_names_everything_public() -> None:
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text())
    named = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    named |= {
        n.target.id for n in tree.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    }
    named |= {a.asname or a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert set(ag.__all__) <= named


def test_stub_names_every_method() -> None:
    tree = ast.parse((PACKAGE / "tensors.pyi").read_text())
    (tensor,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Tensor")
    named = {n.name for n in tensor.body if isinstance(n, ast.FunctionDef)}
    named |= {n for base in ag.Tensor.__mro__[1:] for n in vars(base)}  # these have no stub of their own
    public = {n for n in dir(ag.Tensor) if not n.startswith("_") and callable(getattr(ag.Tensor, n))}
    assert public <= named
