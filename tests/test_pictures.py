"""Pictures of graphs: both ways of rendering, and the layout of our own, in which nothing may overlap."""

from __future__ import annotations

import importlib
import random
import shutil
import struct
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

import anygrad as ag
from anygrad import layout, pictures
from anygrad.layout import Box, Link
from tests.test_drawing import NODE, halves, tutorial

__all__ = ["halves"]  # a fixture


@pytest.fixture
def no_dot(monkeypatch):
    """Make the machine one without Graphviz."""
    monkeypatch.setattr(pictures.shutil, "which", lambda name: None)


def size_of_png(data: bytes) -> tuple[int, int]:
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and data[-8:-4] == b"IEND"
    return struct.unpack(">II", data[16:24])


def check_pictures(drawing) -> str:
    """Render both kinds; return the text of the SVG."""
    svg = drawing.render("svg").decode()
    assert ET.fromstring(svg.encode()).tag == "{http://www.w3.org/2000/svg}svg"
    assert min(size_of_png(drawing.render("png"))) > 50
    return svg


def test_without_graphviz_matplotlib_draws(no_dot, tmp_path):
    x7, names = tutorial()
    drawing = ag.draw(x7, names, path=tmp_path / "graph.svg")
    svg = (tmp_path / "graph.svg").read_text()
    assert svg == check_pictures(drawing)
    # Matplotlib writes each text, drawn as outlines, as a comment too.
    for text in [*names, "square", "multiply, y = 0.2", "4.5", "0.8", "derivatives of x7, flowing back"]:
        assert f"<!-- {text} -->" in svg
    assert pictures.BACK in svg and pictures.INK in svg
    assert drawing.save(tmp_path / "graph.PNG").read_bytes() == drawing.render("png")
    assert drawing.save(str(tmp_path / "graph.dot")).read_text() == drawing.source
    width, height = size_of_png(drawing.render("png"))
    assert width > 2 * height


def test_a_notebook_gets_both(no_dot):
    x7, names = tutorial()
    drawing = ag.draw(x7, names)
    assert "<svg" in drawing._repr_svg_()
    assert size_of_png(drawing._repr_png_())[0] > 500


def test_with_graphviz_dot_gets_our_text(monkeypatch, tmp_path):
    """A program of that name stands in for Graphviz: it keeps what it was given, and answers."""
    program = tmp_path / "dot"
    program.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\n"
        f"pathlib.Path({str(tmp_path)!r}, 'args').write_text(' '.join(sys.argv[1:]))\n"
        f"pathlib.Path({str(tmp_path)!r}, 'stdin').write_bytes(sys.stdin.buffer.read())\n"
        "print('<svg/>')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    x7, names = tutorial()
    drawing = ag.draw(x7, names)
    assert drawing.render("svg").strip() == b"<svg/>"
    assert "-Tsvg" in (tmp_path / "args").read_text()
    assert (tmp_path / "stdin").read_text() == drawing.source
    assert drawing.render("png").strip() == b"<svg/>"
    assert "dpi=160" in (tmp_path / "stdin").read_text()
    program.write_text(f"#!{sys.executable}\nraise SystemExit('broken')\n")
    with pytest.warns(UserWarning, match=r"^\[draw\] dot failed .*: matplotlib draws the picture"):
        check_pictures(ag.draw(x7, names))


def test_without_the_package_matplotlib_draws(monkeypatch):
    known = importlib.import_module

    def missing(name, *rest):
        if name == "graphviz":
            raise ModuleNotFoundError(name=name)
        return known(name, *rest)

    monkeypatch.setattr(pictures.shutil, "which", lambda name: "/bin/dot")
    monkeypatch.setattr(pictures.importlib, "import_module", missing)
    assert "<!-- x5 -->" in check_pictures(ag.draw(*tutorial()))


def test_with_neither_the_error_says_what_to_install(no_dot, monkeypatch):
    def missing(name, *rest):
        raise ModuleNotFoundError(name=name)

    drawing = ag.draw(*tutorial())
    monkeypatch.setattr(pictures.importlib, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match=r"^\[draw\] matplotlib is not installed: .*\[plot\]"):
        drawing.render("svg")


def test_every_kind_of_graph_renders(halves, monkeypatch):
    """By matplotlib, and by Graphviz too where this machine has it."""
    x = ag.tensor(2.0, requires_grad=True)
    z = ag.tensor([1 + 2j, 3j], requires_grad=True)
    p, q = halves(x)
    outputs = [x, x * x, p * q, z * z, ag.concat([z, z]), ag.sum(ag.stack([x * i for i in range(20)]))]
    for installed in (False, True):
        if not installed:
            monkeypatch.setattr(pictures.shutil, "which", lambda name: None)
        else:
            monkeypatch.undo()
        for output in outputs:
            svg = check_pictures(ag.draw(output))
            assert ("Graphviz" in svg or "graphviz" in svg) == (installed and shutil.which("dot") is not None)


@pytest.mark.parametrize("installed", [False, True])
def test_names_of_every_kind_render(installed, monkeypatch):
    if not installed:
        monkeypatch.setattr(pictures.shutil, "which", lambda name: None)
    x = ag.tensor(2.0, requires_grad=True)
    for name in ('a<b> & "c"\\\n]; $\\frac{1}$', "é漢\x00\u2028", "<B>", "", " ", "n" * 300, "--> -->"):
        check_pictures(ag.draw(x * x, {name: x}))


# ---------------------------------------------------------------- size, and the layout


def test_hundreds_of_nodes_with_links_through_all_layers(monkeypatch):
    """Graphviz would take minutes for links through so many layers, so it is not asked."""
    x, w = ag.tensor(0.5, requires_grad=True), ag.tensor(0.9, requires_grad=True)
    y = x * 1.5
    for _ in range(70):
        y = ag.sin(y * w) + y
    drawing = ag.draw(y, {"x": x, "w": w, "y": y})
    monkeypatch.setattr(pictures.shutil, "which", lambda name: "/bin/dot")
    assert pictures.by_graphviz(drawing.source, *drawing._parts[:2], "svg") is None
    nodes = [line for line in drawing.source.splitlines() if NODE.match(line)]
    assert len(nodes) == 213
    assert size_of_png(drawing.render("png"))[0] > 10000


def measure(text: str, size: float, bold: bool) -> float:
    return 0.6 * size * len(text)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_overlaps(seed):
    rng = random.Random(seed)
    count = rng.randint(2, 60)
    boxes = [Box("operation", "b" * rng.randint(0, 9), ["line"] * rng.randint(0, 3)) for _ in range(count)]
    links = [
        Link(t, h, ["1.5"] * rng.randint(1, 2)) for h in range(1, count) for t in rng.choices(range(h), k=2)
    ]
    reached = {count - 1}
    for link in sorted(links, key=lambda link: -link.head):
        reached |= {link.tail} if link.head in reached else set()
    number = {old: new for new, old in enumerate(sorted(reached))}
    boxes = [boxes[old] for old in sorted(reached)]
    links = [Link(number[k.tail], number[k.head], k.lines) for k in links if k.head in reached]
    sheet = layout.arranged(boxes, links, measure)
    assert {item for layer in sheet.layers for item in layer} == set(sheet.y)
    assert sum(item[0] == "box" for item in sheet.y) == len(boxes)
    for (_, end), (start, _) in pairwise(sheet.columns):
        assert end < start
    for layer, (x0, x1) in zip(sheet.layers, sheet.columns, strict=True):
        for above, below in pairwise(layer):
            assert sheet.y[above] + sheet.reach[above][1] < sheet.y[below] - sheet.reach[below][0]
        assert all(sheet.width[item] <= x1 - x0 + 1e-6 for item in layer)
    for link, chain, port in zip(links, sheet.chains, sheet.ports, strict=True):
        assert [sheet.column[item] for item in chain] == list(
            range(sheet.column["box", link.tail], sheet.column["box", link.head] + 1)
        )
        assert abs(port) <= sheet.reach["box", link.head][0]
    for y_shift, first, last in ((1.0, 0.0, -5.0), (-1.0, 5.0, 0.0)):
        pieces, _ = layout.routes(sheet, y_shift, first, last)
        assert all(x0 <= x1 for (x0, _), (x1, _) in pieces)


def test_the_order_of_layers_removes_crossings():
    """Two pairs drawn the wrong way round: each crosses the other until the layers are sorted."""
    boxes = [Box("operation", name, []) for name in "abcdef"]
    links = [Link(0, 3, ["1"]), Link(1, 2, ["1"]), Link(2, 4, ["1"]), Link(3, 5, ["1"]), Link(4, 5, ["1"])]
    sheet = layout.arranged(boxes, links, measure)
    right: dict = {}
    for chain in sheet.chains:
        for a, b in pairwise(chain):
            right.setdefault(a, []).append(b)
    assert layout._crossings(sheet.layers, right) == 0
    assert (
        layout._crossings(
            [[("box", 0), ("box", 1)], [("box", 2), ("box", 3)]],
            {("box", 0): [("box", 3)], ("box", 1): [("box", 2)]},
        )
        == 1
    )


def test_a_chain_is_drawn_straight():
    boxes = [Box("operation", "a", []) for _ in range(5)]
    sheet = layout.arranged(boxes, [Link(i, i + 1, ["1"]) for i in range(4)], measure)
    assert len({round(y, 6) for y in sheet.y.values()}) == 1


def test_the_folder_must_exist(tmp_path, no_dot):
    x = ag.tensor(1.0, requires_grad=True)
    with pytest.raises(FileNotFoundError):
        ag.draw(x * 2).save(Path(tmp_path, "nowhere", "x.svg"))
