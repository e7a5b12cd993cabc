"""Pictures of a graph: what each operation computed, and the derivative that flows back along each edge.

The graph is read once, into boxes and links of plain text, from which ``pictures`` makes the rest. Nothing
here changes the graph: formulas run on what the nodes have saved, and release nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from anygrad.errors import DtypeError, FreedGraphError, GradientError, message
from anygrad.gradients import seed_of
from anygrad.graph import CROSSING, OUTPUT, Leaf, Node, plain
from anygrad.layout import Box, Link
from anygrad.op import Plan
from anygrad.pictures import by_graphviz, by_matplotlib, clean, dot_text
from anygrad.tensors import Tensor

__all__ = ["Drawing", "draw"]

SHOWN = 4  # an array of more numbers is abbreviated


def draw(
    output: Tensor,
    names: Mapping[str, Tensor] | None = None,
    *,
    gradient: Any = None,
    path: str | Path | None = None,
) -> Drawing:
    """Draw the graph of an output: inputs left, output right.

    Each node shows its operation and its value, where ``names`` (name -> tensor) or the graph itself holds
    it; each edge, in a second colour, the derivative of the output that flows back along it, in the
    convention of ``.grad`` (where edges leave one node, its gradient is their sum). Arrays are summarised.
    ``gradient`` is what flows into the output: by default ones, so that a drawing of several entries shows
    the derivatives of their sum. Hooks are not called. ``path`` also saves the picture.

    Raises ``GradientError`` for an output that requires no gradient and for a name that is not in its
    graph, ``FreedGraphError`` where a backward pass has released what the derivatives need.

    >>> import anygrad as ag
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> drawing = ag.draw(x * x, {"x": x})
    >>> drawing.source.count("->")
    2
    """
    if not isinstance(output, Tensor):
        raise DtypeError(message("draw", f"got {type(output).__name__}", "expected a tensor"))
    if output.node is None:
        raise GradientError(
            message(
                "draw",
                "the output does not require a gradient, so it has no graph",
                "some input must have requires_grad=True, and no no_grad() in between",
            )
        )
    if path is not None:
        _kind_of(path)
    sums = gradient is None and output.size != 1
    if gradient is None and (sums or output.dtype.kind == "c"):
        gradient = output.xp.tensors.ones(output.shape, dtype=output.dtype)
    root, seed, backend = seed_of(output, gradient, False)
    order = _topological(root)
    links, backends = _links(order, root, seed, backend)
    called = _called(names or {}, order)
    boxes = _boxes(order, called, _values(order, backends, called, output), root)
    own = next((name for name, t in (names or {}).items() if t.node is root), "output")
    through = f"{own}.sum()" if sums else own
    caption = "values, computed from left to right", clean(f"derivatives of {through}, flowing back")
    drawing = Drawing(boxes, links, caption)
    if path is not None:
        drawing.save(path)
    return drawing


# ---------------------------------------------------------------- reading the graph


def _real(node: Node) -> tuple[Node, int, int]:
    """Return the node of an operation, which of its outputs this is, and how many it has."""
    if plain(node.plan) is not OUTPUT:
        return node, 0, 1
    if node.saved is None:
        raise _released()
    return node.edges[0], *node.saved


def _released() -> FreedGraphError:
    return FreedGraphError(
        message(
            "draw",
            "the graph was released by an earlier backward pass",
            "draw before backward(), pass retain_graph=True to it, or compute the output again",
        )
    )


def _topological(root: Node) -> list[Node]:
    """Return the nodes of operations and leaves, each after all that it was computed from."""
    start = _real(root)[0]
    order: list[Node] = []
    seen = {start}
    stack: list[tuple[Node, Iterator[Node]]] = [(start, iter(start.edges))]
    while stack:
        node, edges = stack[-1]
        for edge in edges:
            edge = _real(edge)[0]
            if edge not in seen:
                seen.add(edge)
                stack.append((edge, iter(edge.edges)))
                break
        else:
            order.append(node)
            stack.pop()
    return order


def _links(order: list[Node], root: Node, seed: Any, backend: Any) -> tuple[list[Link], dict[Node, Any]]:
    """Carry the gradient to every edge; also return the backend of each node's output."""
    number = {node: i for i, node in enumerate(order)}
    start, which, _ = _real(root)
    arrived: dict[Node, dict[int, Any]] = {start: {which: seed}}
    counts = {
        node: n for edge in (root, *(e for v in order for e in v.edges)) for node, _, n in [_real(edge)]
    }
    backends = {start: backend}
    links: list[Link] = []
    for node in reversed(order):
        parts, xp = arrived.pop(node), backends[node]
        if node.saved is None:
            raise _released()
        if isinstance(node, Leaf):
            continue
        g = tuple(parts.get(i) for i in range(counts[node])) if counts[node] > 1 else parts[0]
        with xp.entered(), xp.quiet():
            pulled = node.pull(xp, g)
        below = node.saved[0] if plain(node.plan) is CROSSING else xp
        found = []
        for edge, part in zip(node.edges, pulled, strict=True):
            tail, which, count = _real(edge)
            backends[tail] = below
            sums = arrived.setdefault(tail, {})
            sums[which] = part if which not in sums else sums[which] + part
            lines = _summary(np.conj(_host(below, part)))
            found.append(
                Link(
                    number[tail], number[node], [f"[{which}] {lines[0]}", *lines[1:]] if count > 1 else lines
                )
            )
        links = found + links
    return links, backends


def _called(names: Mapping[str, Tensor], order: list[Node]) -> dict[tuple[Node, int], tuple[str, Tensor]]:
    """Return the names of outputs, and a tensor that bears each."""
    known = set(order)
    found: dict[tuple[Node, int], tuple[str, Tensor]] = {}
    for name, t in names.items():
        if not isinstance(t, Tensor):
            raise DtypeError(message("draw", f"names[{name!r}] is {type(t).__name__}", "expected a tensor"))
        if t.node is None:
            raise GradientError(
                message(
                    "draw",
                    f"{name!r} does not require a gradient",
                    "only tensors that do are in the graph",
                    "leave it out",
                )
            )
        node, which, _ = _real(t.node)
        if node not in known:
            raise GradientError(
                message(
                    "draw",
                    f"the output does not depend on {name!r}",
                    "name the tensors that it was computed from",
                )
            )
        before = found.get((node, which))
        found[node, which] = (f"{before[0]}, {name}" if before else str(name), t)
    return found


def _values(
    order: list[Node],
    backends: dict[Node, Any],
    called: dict[tuple[Node, int], tuple[str, Tensor]],
    output: Tensor,
) -> dict[tuple[Node, int], np.ndarray]:
    """Return the values of outputs: those the graph has saved first, since a tensor may have been written."""
    found: dict[tuple[Node, int], tuple[Any, Any]] = {}
    for node in order:
        plan, xp = plain(node.plan), backends[node]
        if not isinstance(plan, Plan) or plan.row.is_list:
            continue
        for value, origin in zip(node.saved or (), plan.origins, strict=True):
            if origin == "out":
                for i, part in enumerate(value if isinstance(value, tuple) else (value,)):
                    found[node, i] = (xp, part)
            elif origin in plan.which and hasattr(value, "dtype"):
                found.setdefault(_real(node.edges[plan.which.index(origin)])[:2], (xp, value))
    for key, (_, t) in called.items():
        found.setdefault(key, (t.xp, t.array))
    assert output.node is not None
    found.setdefault(_real(output.node)[:2], (output.xp, output.array))
    for node in order:
        leaf = node.variable if isinstance(node, Leaf) else None
        if leaf is not None:
            found.setdefault((node, 0), (leaf.xp, leaf.array))
    return {key: _host(*value) for key, value in found.items()}


def _boxes(
    order: list[Node], called: Any, values: dict[tuple[Node, int], np.ndarray], root: Node
) -> list[Box]:
    """Write what each node shows: its names, its operation, its value."""
    counts = dict.fromkeys(order, 1)
    for edge in (root, *(e for v in order for e in v.edges)):
        node, _, counts[node] = _real(edge)
    boxes = []
    for node in order:
        leaf, count = isinstance(node, Leaf), counts[node]
        numbers = [i for i in range(count) if (node, i) in called]
        title = ", ".join(called[node, i][0] for i in numbers)
        lines = ["leaf" if not title else ""] if leaf else [_operation(node)]
        for i in range(count):
            value = _summary(values[node, i]) if (node, i) in values else []
            if count > 1 and value:
                mark = f"{called[node, i][0]} [{i}]" if i in numbers else f"[{i}]"
                value[0] = f"{mark} {value[0]}"
            lines += value
        look = "output" if node is _real(root)[0] and not leaf else "leaf" if leaf else "operation"
        boxes.append(Box(look, clean(title), [clean(line) for line in lines if line]))
    return boxes


# ---------------------------------------------------------------- text


def _operation(node: Node) -> str:
    """Name an operation, with the operands and keywords that the graph knows."""
    plan = plain(node.plan)
    known = []
    if isinstance(plan, Plan):
        row = plan.row
        for name, value, origin in zip(plan.parameters, node.saved or (), plan.origins, strict=True):
            if name == "key":
                return f"{row.name} [{', '.join(map(_slice, value))}]"
            if isinstance(origin, int) and origin not in plan.which and value is not None and not row.is_list:
                known.append(f"{name} = {_brief(value)}")
            elif (
                name in ("axis", "shape", "axes", "correction") and name in row.keywords and value is not None
            ):
                known.append(f"{name} = {value}")
    return f"{node.name}, {', '.join(known)}" if known else node.name


def _slice(part: Any) -> str:
    if not isinstance(part, slice):
        return str(part)
    start, stop = ("" if end is None else str(end) for end in (part.start, part.stop))
    return f"{start}:{stop}" + (f":{part.step}" if part.step not in (None, 1) else "")


def _brief(value: Any) -> str:
    """Return a scalar, or the shape and dtype of an array."""
    value = value.array if isinstance(value, Tensor) else value
    return f"{tuple(value.shape)} {value.dtype}" if getattr(value, "shape", ()) else _number(value)


def _number(value: Any, digits: int = 4) -> str:
    value = value.item() if hasattr(value, "item") else value
    # Adding zero turns -0.0, which products with zero leave behind, into 0.0.
    return f"{value + 0.0:.{digits}g}" if isinstance(value, float | complex) else str(value)


def _summary(array: np.ndarray) -> list[str]:
    """Return a scalar, or the shape and dtype of an array and its first and last numbers."""
    if not array.ndim:
        return [_number(array[()])]
    head, flat = f"{array.shape} {array.dtype}", array.reshape(-1)
    if not flat.size:
        return [head]
    if flat.size > SHOWN:
        if (flat == flat[0]).all():
            return [head, f"all {_number(flat[0])}"]
        first, second, last = (_number(v, 3) for v in (*flat[:2], flat[-1]))
        return [head, f"{first}, {second}, …, {last}"]
    return [head, ", ".join(_number(v, 3) for v in flat)]


def _host(xp: Any, array: Any) -> np.ndarray:
    array = array.array if isinstance(array, Tensor) else array
    found: np.ndarray = xp.to_numpy(array if array.__class__ is xp.array_type else xp.asarray(array))
    return found


# ---------------------------------------------------------------- pictures


class Drawing:
    """A picture of a graph: ``source`` is its DOT text, ``save`` writes it, a notebook shows it."""

    def __init__(self, boxes: list[Box], links: list[Link], caption: tuple[str, str]) -> None:
        self.source = dot_text(boxes, links, caption)
        self._parts = boxes, links, caption
        self._made: dict[str, bytes] = {}

    def save(self, path: str | Path) -> Path:
        """Write the picture, or with the suffix ``.dot`` the text, and return the path.

        Raises ``ValueError`` for a suffix other than this, ``.svg`` and ``.png``, and
        ``ModuleNotFoundError`` where nothing can draw.
        """
        kind = _kind_of(path)
        path = Path(path)
        path.write_bytes(self.source.encode() if kind == "dot" else self.render(kind))
        return path

    def render(self, kind: str) -> bytes:
        """Return the picture as a file's contents, ``"svg"`` or ``"png"``."""
        if kind not in self._made:
            boxes, links, caption = self._parts
            self._made[kind] = by_graphviz(self.source, boxes, links, kind) or by_matplotlib(
                boxes, links, caption, kind
            )
        return self._made[kind]

    def _repr_svg_(self) -> str:
        return self.render("svg").decode()

    def _repr_png_(self) -> bytes:
        return self.render("png")

    def __repr__(self) -> str:
        boxes, links, _ = self._parts
        return (
            f"<drawing of {len(boxes)} nodes and {len(links)} edges: "
            ".save('graph.svg') or .save('graph.png') writes it, .source is its DOT text, notebooks show it>"
        )


def _kind_of(path: str | Path) -> str:
    kind = Path(path).suffix.lower().lstrip(".")
    if kind not in ("svg", "png", "dot"):
        raise ValueError(
            message("draw", f"the path is {str(path)!r}", "expected a name that ends in .svg, .png or .dot")
        )
    return kind
