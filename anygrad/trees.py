"""Pytrees: containers of arrays, taken apart into leaves and put together again, over optree.

Lists, tuples, named tuples, dictionaries (by sorted keys) and dataclasses are containers, None is one without
leaves, what is registered with optree is what it says, and all else is a leaf. optree is imported when the
first container is met. Knows no tensor.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["NAMESPACE", "Form", "difference", "flatten", "names", "nested", "rebuild"]

_registering = threading.Lock()
_registered: set[type] = set()

NAMESPACE = "anygrad"
"""Where optree looks containers up, beside its global registry."""

SCALARS = frozenset({int, float, complex, bool})


class One:
    """The form of a leaf that is in no container."""

    num_leaves = 1


ONE = One()
Form = Any
"""What ``flatten`` tells of a tree beside its leaves; forms compare."""


def flatten(tree: Any) -> tuple[list[Any], Form]:
    """Return the leaves of a tree, in a fixed order, and its form."""
    if tree.__class__ in SCALARS or hasattr(tree, "__array_namespace__"):
        return [tree], ONE
    import optree

    while True:
        leaves, form = optree.tree_flatten(tree, namespace=NAMESPACE)
        fresh = {type(x) for x in leaves if dataclasses.is_dataclass(x) and not isinstance(x, type)}
        if not fresh:
            return leaves, ONE if optree.treespec_is_leaf(form) else form
        with _registering:
            for kind in fresh - _registered:
                _register(kind)
            _registered.update(fresh)


def rebuild(form: Form, leaves: Iterable[Any]) -> Any:
    """Return the tree of a form with other leaves."""
    if form is ONE:
        (leaf,) = leaves
        return leaf
    import optree

    return optree.tree_unflatten(form, leaves)


def nested(form: Form, inner: Form, leaves: Sequence[Any]) -> Any:
    """Return the tree of a form whose leaves are trees of the inner form."""
    step = inner.num_leaves
    parts = [leaves[i * step : (i + 1) * step] for i in range(form.num_leaves)]
    return rebuild(form, [rebuild(inner, part) for part in parts])


def names(tree: Any, root: str) -> list[str]:
    """Return what each leaf is called in messages: ``root`` with the way to it, as in ``root['w'][0]``."""
    if flatten(tree)[1] is ONE:
        return [root]
    import optree

    accessors = optree.tree_accessors(tree, namespace=NAMESPACE)
    return [accessor.codify(root) for accessor in accessors]


def difference(found: Form, wanted: Form) -> str | None:
    """Return how two forms differ, None where they do not."""
    if found == wanted:
        return None
    return f"{_text(found)} and not {_text(wanted)}"


def _text(form: Form) -> str:
    if form is ONE:
        return "*"
    return repr(form).removeprefix("PyTreeSpec(")[:-1].removesuffix(f", namespace={NAMESPACE!r}")


def _register(kind: type) -> None:
    """Make a dataclass a container of the fields that its constructor takes."""
    import optree

    fields = tuple(f.name for f in dataclasses.fields(kind) if f.init)

    def taken(instance: Any) -> tuple[list[Any], None, tuple[str, ...]]:
        return [getattr(instance, name) for name in fields], None, fields

    def made(_: Any, children: Iterable[Any]) -> Any:
        return kind(**dict(zip(fields, children, strict=True)))

    register: Any = optree.register_pytree_node
    register(kind, taken, made, path_entry_type=optree.DataclassEntry, namespace=NAMESPACE)
