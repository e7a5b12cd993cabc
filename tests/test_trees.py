"""Pytrees: what is taken apart comes back, in its form and with names for messages."""

from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optree
import pytest

import anygrad as ag
from anygrad import trees
from tests.test_transforms import Layer, Pair


@dataclass
class Net:
    first: Layer
    rest: Any = None
    size: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.size = 2


TREES = {
    "number": (1.5, ["x"]),
    "array": (np.ones(3), ["x"]),
    "tensor": (ag.asarray(1.0), ["x"]),
    "text": ("text", ["x"]),
    "None": (None, []),
    "empty": ([], []),
    "list": ([1.0, (2.0, None), []], ["x[0]", "x[1][0]"]),
    "dict": ({"b": 1.0, "a": [2.0]}, ["x['a'][0]", "x['b']"]),
    "ordered": (OrderedDict(b=1.0, a=2.0), ["x['b']", "x['a']"]),
    "default": (defaultdict(list, a=1.0), ["x['a']"]),
    "deque": (deque([1.0, 2.0]), ["x[0]", "x[1]"]),
    "named tuple": (Pair(1.0, [2.0]), ["x.w", "x.b[0]"]),
    "dataclass": (Net(Layer(1.0, 2.0), [3.0]), ["x.first.weight", "x.first.bias", "x.rest[0]"]),
    "dataclasses inside": (
        {"n": [Layer(1.0, Net(Layer(2.0, None)))]},
        ["x['n'][0].weight", "x['n'][0].bias.first.weight"],
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_a_tree_comes_back(name: str) -> None:
    tree, names = TREES[name]
    leaves, form = trees.flatten(tree)
    assert form.num_leaves == len(leaves) == len(names)
    assert trees.names(tree, "x") == names
    again = trees.rebuild(form, leaves)
    assert type(again) is type(tree)
    assert trees.difference(trees.flatten(again)[1], form) is None
    assert repr(again) == repr(tree)
    if name not in ("array", "tensor"):
        assert again == tree


def test_other_forms_are_told() -> None:
    def told(a: Any, b: Any) -> str | None:
        return trees.difference(trees.flatten(a)[1], trees.flatten(b)[1])

    assert told([1.0], [2.0]) is None and told(np.ones(3), 1.0) is None
    assert told([1.0, 2.0], (1.0,)) == "[*, *] and not (*,)"
    assert told({"a": None}, 1.0) == "{'a': None} and not *"
    assert told(Layer(1.0, None), None) == "CustomTreeNode(Layer[None], [*, None]) and not None"


def test_containers_registered_with_optree() -> None:
    @optree.dataclasses.dataclass(namespace=trees.NAMESPACE)
    class Scaled:
        x: Any
        by: Any = optree.dataclasses.field(pytree_node=False)

    g = ag.grad(lambda s: s.x * s.by)(Scaled(2.0, 3))
    assert g.by == 3 and float(g.x) == 3.0


def test_optree_is_imported_for_the_first_container() -> None:
    program = """
import sys, anygrad as ag
ag.grad(lambda x: x * x)(2.0), ag.hessian(ag.sum)(ag.ones(3)), ag.jvp(ag.sin, (1.0,), (1.0,))
assert "optree" not in sys.modules
ag.grad(lambda p: p["x"])({"x": 1.0})
assert "optree" in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
