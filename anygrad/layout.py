"""Boxes and links laid out in layers: where everything stands in a picture that Graphviz does not draw.

Layers follow longest paths, and every second one holds the labels of links. Barycentres order each layer, and
heights follow the neighbours as closely as the order allows. Whatever takes room (a box, a label, a lane
that a longer link passes through) is an item of one layer, so that nothing overlaps. Knows sizes and
positions only, nothing of tensors or of drawing; y grows downwards, lengths are points.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

__all__ = [
    "APART",
    "HEAD",
    "LINE",
    "SIZE",
    "SMALL",
    "Box",
    "Item",
    "Link",
    "Sheet",
    "arranged",
    "depths",
    "routes",
]

SIZE, SMALL = 10.0, 8.5  # of the type of titles, and of all else
LINE = 1.3  # height of a line of text, in its size
APART = 1.4  # half the distance between the two lines of a link
HEAD = 5.5  # length of an arrow head

Item = tuple[Any, ...]
"""("box", number), ("label", number of its link), or ("lane", tail, layer)."""
Measure = Callable[[str, float, bool], float]
"""(text, size, bold) -> width."""


@dataclass
class Box:
    """A node of the picture: how it looks, its title, and what stands below."""

    look: str
    title: str
    lines: list[str]


@dataclass
class Link:
    """An edge of the picture, between two boxes by number, and its label."""

    tail: int
    head: int
    lines: list[str]


@dataclass
class Sheet:
    """Where everything goes: the columns of layers; of items the layer, y, width, and reach up and down."""

    columns: list[tuple[float, float]] = field(default_factory=list)
    layers: list[list[Item]] = field(default_factory=list)
    chains: list[list[Item]] = field(default_factory=list)
    ports: list[float] = field(default_factory=list)
    column: dict[Item, int] = field(default_factory=dict)
    y: dict[Item, float] = field(default_factory=dict)
    width: dict[Item, float] = field(default_factory=dict)
    reach: dict[Item, tuple[float, float]] = field(default_factory=dict)


# ---------------------------------------------------------------- layers and their order


def depths(count: int, links: list[Link]) -> list[int]:
    """Return the layer of each box, by longest path; what has no input moves up to what uses it.

    Boxes are numbered so that a link leads from a lower number to a higher one.
    """
    depth = [0] * count
    inputs: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        inputs[link.head].append(link.tail)
    for i in range(count):
        depth[i] = 1 + max((depth[t] for t in inputs[i]), default=-1)
    nearest: dict[int, int] = {}
    for link in links:
        nearest[link.tail] = min(nearest.get(link.tail, count), depth[link.head])
    return [nearest[i] - 1 if not inputs[i] and i in nearest else d for i, d in enumerate(depth)]


def _chains(links: list[Link], depth: list[int]) -> list[list[Item]]:
    """Return what each link passes: its tail, lanes (shared by the links of a tail), its label, its head."""
    found = []
    for j, link in enumerate(links):
        lanes = [("lane", link.tail, i) for i in range(2 * depth[link.tail] + 1, 2 * depth[link.head] - 1)]
        found.append([("box", link.tail), *lanes, ("label", j), ("box", link.head)])
    return found


def _neighbours(chains: list[list[Item]]) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    left: dict[Item, dict[Item, None]] = {}
    right: dict[Item, dict[Item, None]] = {}
    for chain in chains:
        for a, b in pairwise(chain):
            right.setdefault(a, {})[b] = None
            left.setdefault(b, {})[a] = None
    return {a: list(b) for a, b in left.items()}, {a: list(b) for a, b in right.items()}


def _first_order(
    start: Item, left: dict[Item, list[Item]], layer_of: Callable[[Item], int]
) -> list[list[Item]]:
    """Walk from the output, first inputs first, so that operands stand from top to bottom."""
    layers: list[list[Item]] = [[] for _ in range(layer_of(start) + 1)]
    seen = set()
    stack = [start]
    while stack:
        item = stack.pop()
        if item not in seen:
            seen.add(item)
            layers[layer_of(item)].append(item)
            stack.extend(reversed(left.get(item, [])))
    return layers


def _crossings(layers: list[list[Item]], right: dict[Item, list[Item]]) -> int:
    total = 0
    for here, there in pairwise(layers):
        place = {item: i for i, item in enumerate(there)}
        ends: list[int] = []
        for item in here:
            mine = sorted(place[b] for b in right.get(item, []))
            total += sum(len(ends) - bisect_left(ends, end + 1) for end in mine)
            for end in mine:
                insort(ends, end)
    return total


def _ordered(
    layers: list[list[Item]], left: dict[Item, list[Item]], right: dict[Item, list[Item]]
) -> list[list[Item]]:
    """Sort each layer by the barycentres of its neighbours, to and fro; keep the order that crosses least."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers, right)
    for sweep in range(16):
        if not fewest:
            break
        forward = sweep % 2 == 1
        side = left if forward else right
        count = len(layers)
        for i in range(1, count) if forward else range(count - 2, -1, -1):
            place = {item: float(k) for k, item in enumerate(layers[i - 1 if forward else i + 1])}
            mine = {item: float(k) for k, item in enumerate(layers[i])}
            for item in layers[i]:
                near = [place[n] for n in side.get(item, [])]
                mine[item] = sum(near) / len(near) if near else mine[item]
            layers[i].sort(key=mine.__getitem__)
        found = _crossings(layers, right)
        if found < fewest:
            best, fewest = [list(layer) for layer in layers], found
    return best


# ---------------------------------------------------------------- coordinates


def _settled(wishes: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Return the positions nearest to the wishes, in least squares, that keep the order and the gaps."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[list[float]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        blocks.append([wish - offset, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    flat = [total / count for total, count in blocks for _ in range(int(count))]
    return [at + offset for at, offset in zip(flat, offsets, strict=True)]


def _sized(sheet: Sheet, boxes: list[Box], links: list[Link], measure: Measure) -> None:
    inputs: dict[int, int] = {}
    for link in links:
        inputs[link.head] = inputs.get(link.head, 0) + 1
    for i, box in enumerate(boxes):
        rows = [measure(box.title, SIZE, True)] + [measure(line, SMALL, False) for line in box.lines]
        height = SIZE * LINE * bool(box.title) + SMALL * LINE * len(box.lines) + 10
        half = max(height, 9.0 * inputs.get(i, 0) + 6) / 2
        sheet.width["box", i], sheet.reach["box", i] = max(*rows, 14.0) + 16, (half, half)
    for j, link in enumerate(links):
        sheet.width["label", j] = max(measure(line, SMALL, False) for line in link.lines) + 8
        sheet.reach["label", j] = (SMALL * LINE * len(link.lines) + APART + 4, 4.0)
    for item in (item for chain in sheet.chains for item in chain if item[0] == "lane"):
        sheet.width[item], sheet.reach[item] = 0.0, (4.0, 4.0)


def arranged(boxes: list[Box], links: list[Link], measure: Measure) -> Sheet:
    """Place everything."""
    sheet = Sheet()
    depth = depths(len(boxes), links)
    sheet.chains = _chains(links, depth)
    left, right = _neighbours(sheet.chains)

    def layer_of(item: Item) -> int:
        if item[0] == "lane":
            return int(item[2])
        return 2 * depth[item[1]] if item[0] == "box" else 2 * depth[links[item[1]].head] - 1

    sheet.layers = _ordered(_first_order(("box", len(boxes) - 1), left, layer_of), left, right)
    _sized(sheet, boxes, links, measure)
    _set_ports(sheet, links)
    _set_heights(sheet, links, left, right)
    x = 0.0
    for i, layer in enumerate(sheet.layers):
        sheet.column.update(dict.fromkeys(layer, i))
        wide = max(sheet.width[item] for item in layer) + (2 * HEAD + 4 if i % 2 == 0 else 0)
        sheet.columns.append((x, x + wide))
        x += wide
        rises = [abs(sheet.y[a] - sheet.y[b]) for a in layer for b in right.get(a, [])]
        x += min(max(16.0, 0.22 * max(rises, default=0.0)), 90.0)
    return sheet


def _set_ports(sheet: Sheet, links: list[Link]) -> None:
    """Give each link its height on the box that it enters, in the order of the labels."""
    entering: dict[int, list[int]] = {}
    for layer in sheet.layers:
        for item in layer:
            if item[0] == "label":
                entering.setdefault(links[item[1]].head, []).append(item[1])
    sheet.ports = [0.0] * len(links)
    for head, numbers in entering.items():
        room = sheet.reach["box", head][0] * 2 - 8
        for k, j in enumerate(numbers):
            sheet.ports[j] = (k - (len(numbers) - 1) / 2) * min(22.0, room / len(numbers))


def _set_heights(
    sheet: Sheet, links: list[Link], left: dict[Item, list[Item]], right: dict[Item, list[Item]]
) -> None:
    """Draw every item towards the mean of its neighbours, layer by layer, to and fro."""

    def wish(item: Item, sides: Sequence[dict[Item, list[Item]]]) -> float:
        total = weight = 0.0
        for side in sides:
            for near in side.get(item, []):
                at = sheet.y[near]
                if item[0] == "label" and side is right:
                    at += sheet.ports[item[1]]
                elif item[0] == "box" and side is left:
                    at -= sheet.ports[near[1]]
                # Lanes and labels make bends visible, so they follow each other closely.
                pull = 4.0 if "box" not in (item[0], near[0]) else 1.0
                total, weight = total + pull * at, weight + pull
        return total / weight if weight else sheet.y[item]

    gaps = [
        [
            sheet.reach[a][1] + sheet.reach[b][0] + (5.0 if "lane" in (a[0], b[0]) else 9.0)
            for a, b in pairwise(layer)
        ]
        for layer in sheet.layers
    ]
    for layer, between in zip(sheet.layers, gaps, strict=True):
        sheet.y.update(zip(layer, _settled([0.0] * len(layer), between), strict=True))
    count = len(sheet.layers)
    there, back = range(count), range(count - 1, -1, -1)
    rounds = [(back, (right,)), (there, (left,))] * 4 + [(back, (left, right)), (there, (left, right))] * 8
    # At last each follows its input alone: a straight line that bends where it joins another, not everywhere.
    rounds += [(there, (left,))]
    for indices, sides in rounds:
        for i in indices:
            layer = sheet.layers[i]
            sheet.y.update(zip(layer, _settled([wish(item, sides) for item in layer], gaps[i]), strict=True))
    top = min(at - sheet.reach[item][0] for item, at in sheet.y.items())
    sheet.y = {item: at - top for item, at in sheet.y.items()}


def routes(sheet: Sheet, y_shift: float, first: float, last: float) -> tuple[list[Any], list[Any]]:
    """Return the pieces of all links, each once, and their ends; end points move by ``first`` and ``last``.

    A piece runs straight through a column, or from one column to the next.
    """
    pieces: dict[Any, None] = {}
    ends: dict[Any, None] = {}
    for j, chain in enumerate(sheet.chains):
        points: list[tuple[float, float]] = []
        for item in chain:
            at, (x0, x1) = sheet.y[item] + y_shift, sheet.columns[sheet.column[item]]
            inset = (x1 - x0 - sheet.width[item]) / 2
            if item is chain[0]:
                points += [(x1 - inset + first, at), (x1, at)]
            elif item is chain[-1]:
                points += [(x0, at + sheet.ports[j]), (x0 + inset + last, at + sheet.ports[j])]
            else:
                points += [(x0, at), (x1, at)]
        pieces.update(dict.fromkeys(pairwise(points)))
        ends[points[0 if first else -1]] = None
    return list(pieces), list(ends)
