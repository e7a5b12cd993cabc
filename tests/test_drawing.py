"""Pictures of graphs: every number in the DOT text against hand values, and both ways of rendering it."""

from __future__ import annotations

import html
import importlib
import random
import re
import shutil
import struct
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import anygrad as ag
from anygrad import functions, layout, pictures
from anygrad.errors import DtypeError, FreedGraphError, GradientError
from anygrad.layout import Box, Link
from anygrad.op import REGISTRY, operation

NODE = re.compile(r'^  (n\d+) \[label=<(.*)>, fillcolor="(#\w+)", color="#\w+"\]$')
EDGE = re.compile(r"^  (n\d+) -> (n\d+) \[label=<(.*)>\]$")


def read(drawing):
    """Parse the DOT text: the lines of each node by its first line, and (tail, head, label) of each edge."""
    nodes, edges = {}, []
    for line in drawing.source.splitlines():
        if found := NODE.match(line):
            bare = found[2].replace("<B>", "").replace("</B>", "")
            nodes[found[1]] = [html.unescape(part) for part in bare.split("<BR/>")]
        elif found := EDGE.match(line):
            label = [html.unescape(part) for part in found[3].split("<BR/>")]
            edges.append((nodes[found[1]][0], nodes[found[2]][0], " | ".join(label)))
    return {lines[0]: lines[1:] for lines in nodes.values()}, edges


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


def tutorial(device="cpu"):
    x1 = ag.tensor(2.0, dtype=ag.float32, device=device, requires_grad=True)
    x2 = ag.tensor(3.0, dtype=ag.float32, device=device, requires_grad=True)
    x3, x4 = x1.square(), x2.square()
    x5, x6 = x3 * 0.2, x4 * 0.5
    x7 = x5 + x6 - 5
    return x7, {"x1": x1, "x2": x2, "x3": x3, "x4": x4, "x5": x5, "x6": x6, "x7": x7}


# ---------------------------------------------------------------- what the text says


def test_every_node_and_edge_of_the_tutorial(device):
    x7, names = tutorial(device)
    drawing = ag.draw(x7, names)
    nodes, edges = read(drawing)
    assert nodes == {
        "x1": ["2"],
        "x2": ["3"],
        "x3": ["square", "4"],
        "x4": ["square", "9"],
        "x5": ["multiply, y = 0.2", "0.8"],
        "x6": ["multiply, y = 0.5", "4.5"],
        "add": [],
        "x7": ["subtract", "0.3"],
    }
    assert sorted(edges) == [
        ("add", "x7", "1"),
        ("x1", "x3", "0.8"),
        ("x2", "x4", "3"),
        ("x3", "x5", "0.2"),
        ("x4", "x6", "0.5"),
        ("x5", "add", "1"),
        ("x6", "add", "1"),
    ]
    assert "rankdir=LR" in drawing.source
    assert repr(drawing).startswith("<drawing of 8 nodes and 7 edges: .save('graph.svg')")


def test_an_input_used_twice_has_an_edge_for_each_use():
    x = ag.tensor(3.0, requires_grad=True)
    nodes, edges = read(ag.draw(x * x, {"x": x}))
    assert nodes == {"x": ["3"], "multiply": ["9"]}
    assert edges == [("x", "multiply", "3"), ("x", "multiply", "3")]


def test_operands_keep_their_order_and_their_own_derivative():
    a, b = ag.tensor(6.0, requires_grad=True), ag.tensor(2.0, requires_grad=True)
    _, edges = read(ag.draw(a / b, {"a": a, "b": b}))
    assert edges == [("a", "divide", "0.5"), ("b", "divide", "-1.5")]


def test_what_fans_out_gets_the_sum_of_what_flows_back():
    x = ag.tensor(3.0, requires_grad=True)
    y = x * 2
    z = y * y + y
    _, edges = read(ag.draw(z, {"x": x, "y": y, "z": z}))
    assert sorted(edges) == [
        ("multiply", "z", "1"),
        ("x", "y", "26"),
        ("y", "multiply", "6"),
        ("y", "multiply", "6"),
        ("y", "z", "1"),
    ]
    z.backward()
    assert float(x.grad) == 26


def test_a_graph_shows_what_it_computed_with_not_what_was_written_since():
    x = ag.tensor(3.0, requires_grad=True)
    y = x * x
    with ag.no_grad():
        x.sub_(1.0)
    nodes, edges = read(ag.draw(y, {"x": x}))
    assert nodes["x"] == ["3"]
    assert edges[0] == ("x", "multiply", "3")


def test_values_of_unnamed_nodes_come_from_the_graph():
    x = ag.tensor(0.0, requires_grad=True)
    nodes, _ = read(ag.draw(ag.sin(ag.exp(x)) * 2))
    assert nodes == {"leaf": ["0"], "exp": ["1"], "sin": [], "multiply, y = 2": ["1.683"]}


def test_keys_and_axes_are_named():
    x = ag.tensor(np.arange(12.0).reshape(3, 4), requires_grad=True)
    nodes, edges = read(ag.draw(ag.sum(x[2, 1:], axis=0)))
    assert set(nodes) == {"leaf", "getitem [2, 1:4]", "sum, axis = (0,)"}
    assert edges[-1][2] == "(3,) float64 | 1, 1, 1"
    assert edges[0][2] == "(3, 4) float64 | 0, 0, …, 1"


def test_arrays_are_summarised():
    x = ag.tensor(np.linspace(0, 1, 6).reshape(2, 3), requires_grad=True)
    e = ag.tensor(np.zeros((0, 2)), requires_grad=True)
    y = ag.sum(x * 3) + ag.sum(e)
    nodes, edges = read(ag.draw(y, {"x": x, "e": e}))
    assert nodes["x"] == ["(2, 3) float64", "0, 0.2, …, 1"]
    assert nodes["e"] == ["(0, 2) float64"]
    assert ("x", "multiply, y = 3", "(2, 3) float64 | all 3") in edges


def test_an_output_of_several_entries_shows_the_derivatives_of_its_sum():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    drawing = ag.draw(y, {"x": x, "y": y})
    assert "derivatives of y.sum(), flowing back" in drawing.source
    assert read(drawing)[1] == [("x", "y", "(2,) float64 | 1, 2")] * 2
    given = ag.draw(y, {"x": x, "y": y}, gradient=ag.tensor([10.0, 0.0]))
    assert read(given)[1] == [("x", "y", "(2,) float64 | 10, 0")] * 2
    assert ".sum()" not in given.source


def test_complex_derivatives_are_those_of_grad():
    z = ag.tensor(3 + 4j, requires_grad=True)
    loss = ag.abs(z)
    _, edges = read(ag.draw(loss, {"z": z, "loss": loss}))
    assert edges == [("z", "loss", "0.6+0.8j")]
    w = z * (1 + 2j)
    _, edges = read(ag.draw(w, {"z": z, "w": w}))
    w.backward(ag.tensor(1 + 0j))
    assert complex(z.grad) == 1 - 2j
    assert edges == [("z", "w", "1-2j")]


def test_a_list_of_inputs():
    a, b = ag.tensor([1.0, 2.0], requires_grad=True), ag.tensor([3.0], requires_grad=True)
    c = ag.concat([a, ag.tensor([9.0]), b, a])
    y = ag.sum(c * ag.tensor([1.0, 2, 3, 4, 5, 6]))
    _, edges = read(ag.draw(y, {"a": a, "b": b, "c": c}))
    assert [e for e in edges if e[1] == "c"] == [
        ("a", "c", "(2,) float64 | 1, 2"),
        ("b", "c", "(1,) float64 | 4"),
        ("a", "c", "(2,) float64 | 5, 6"),
    ]


@pytest.fixture
def halves() -> Iterator[object]:
    """A function of two outputs: twice and three times its input, and how often it was given None."""

    def dx(xp, g):
        return sum(factor * part for factor, part in zip((2, 3), g, strict=True) if part is not None)

    row = operation(
        "halves", lambda xp, x: (x * 2, x * 3), dx=dx, carries=(True, True), prepare=lambda x, /: {}, doc="."
    )
    yield functions.operation(row)
    del REGISTRY["halves"]


def test_several_outputs(halves):
    x = ag.tensor(5.0, requires_grad=True)
    p, q = halves(x)
    nodes, edges = read(ag.draw(p * 7 + q * q, {"x": x, "p": p, "q": q}))
    assert nodes["p, q"] == ["halves", "p [0] 10", "q [1] 15"]
    assert [e for e in edges if "p, q" in e] == [
        ("x", "p, q", "104"),
        ("p, q", "multiply, y = 7", "[0] 7"),
        ("p, q", "multiply", "[1] 15"),
        ("p, q", "multiply", "[1] 15"),
    ]
    nodes, edges = read(ag.draw(q, {"x": x, "q": q}))
    assert nodes["q"] == ["halves", "q [1] 15"] and edges == [("x", "q", "3")]


def test_a_leaf_alone():
    x = ag.tensor(2.0, requires_grad=True)
    assert read(ag.draw(x, {"x": x})) == ({"x": ["2"]}, [])
    assert read(ag.draw(x)) == ({"leaf": ["2"]}, [])


def test_a_leaf_that_is_gone():
    x, y = ag.tensor(2.0, requires_grad=True), ag.tensor(5.0, requires_grad=True)
    z = x * x + y
    del x, y
    nodes, edges = read(ag.draw(z))
    assert sorted(label for _, _, label in edges) == ["1", "1", "2", "2"]
    assert nodes["leaf"] in ([], ["2"])


def test_a_graph_across_devices():
    x = ag.tensor(3.0, requires_grad=True)
    y = (x * 2).to("array_api_strict:device1") * 5
    nodes, edges = read(ag.draw(y, {"x": x, "y": y}))
    assert nodes["y"] == ["multiply, y = 5", "30"]
    assert edges == [
        ("x", "multiply, y = 2", "10"),
        ("multiply, y = 2", "to_device", "5"),
        ("to_device", "y", "5"),
    ]


def test_hooks_are_shown_through_and_not_called():
    x = ag.tensor(3.0, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: pytest.fail("the drawing called a hook"))
    assert read(ag.draw(y * 4, {"x": x, "y": y}))[1] == [("x", "y", "8"), ("y", "multiply, y = 4", "4")]


def test_text_is_escaped_and_kept_short(no_dot):
    x = ag.tensor(2.0, requires_grad=True)
    name = 'a<b> & "c"\\\n]; $\\frac{1}$ é漢'
    drawing = ag.draw(x * x, {name: x, "n" * 200: x})
    (line,) = (line for line in drawing.source.splitlines() if line.startswith("  n0 ["))
    assert "&lt;b&gt; &amp; &quot;c&quot;" in line
    nodes, edges = read(drawing)
    title = 'a<b> & "c"\\ ]; $\\frac{1}$ é漢, nnnnn'
    assert [k for k in nodes if k.startswith(title) and len(k) == 48 and k.endswith("…")]
    assert len(edges) == 2
    check_pictures(drawing)


# ---------------------------------------------------------------- what it leaves alone, and what it refuses


def test_drawing_changes_nothing():
    x7, names = tutorial()
    first = ag.draw(x7, names)
    assert names["x1"].grad is None
    assert ag.draw(x7, names).source == first.source
    x7.backward()
    assert float(names["x1"].grad) == pytest.approx(0.8)


def test_a_released_graph_is_refused_and_a_retained_one_is_not():
    x7, names = tutorial()
    x7.backward(retain_graph=True)
    assert len(read(ag.draw(x7, names))[1]) == 7
    x7.backward()
    with pytest.raises(FreedGraphError, match=r"^\[draw\] the graph was released.*draw before backward\(\)"):
        ag.draw(x7, names)


def test_refusals(tmp_path):
    x = ag.tensor(2.0, requires_grad=True)
    with pytest.raises(GradientError, match=r"^\[draw\] the output does not require a gradient"):
        ag.draw(ag.tensor(1.0))
    with pytest.raises(DtypeError, match=r"^\[draw\] got float: expected a tensor"):
        ag.draw(1.0)
    with pytest.raises(GradientError, match=r"^\[draw\] 'c' does not require a gradient"):
        ag.draw(x * 2, {"c": ag.tensor(1.0)})
    with pytest.raises(GradientError, match=r"^\[draw\] the output does not depend on 'z'"):
        ag.draw(x * 2, {"z": x * 3})
    with pytest.raises(DtypeError, match=r"^\[draw\] names\['k'\] is int: expected a tensor"):
        ag.draw(x * 2, {"k": 3})
    with pytest.raises(
        ValueError, match=r"^\[draw\] the path is '.*x.jpeg': expected a name that ends in .svg"
    ):
        ag.draw(x * 2, path=tmp_path / "x.jpeg")
    with pytest.raises(GradientError, match=r"the gradient has shape \(2,\)"):
        ag.draw(x * 2, gradient=ag.tensor([1.0, 2.0]))
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- renderers


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
    with pytest.raises(
        ModuleNotFoundError, match=r"^\[draw\] matplotlib is not installed: install matplotlib"
    ):
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
    check_pictures(drawing)


def test_thousands_of_nodes_need_no_recursion():
    y = x = ag.tensor(1.0, requires_grad=True)
    for _ in range(5000):
        y = -y
    _, edges = read(ag.draw(y, {"x": x}))
    assert len(edges) == 5000 and edges[0][2] == "1" and edges[1][2] == "-1"


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


def test_the_notation_of_numbers():
    from anygrad.drawing import _number, _summary

    assert [_number(v) for v in (-0.0, 1e-12, 123456.0, True, 7, 2j)] == [
        "0",
        "1e-12",
        "1.235e+05",
        "True",
        "7",
        "0+2j",
    ]
    assert _summary(np.array([np.nan, np.inf])) == ["(2,) float64", "nan, inf"]
    assert _summary(np.full(5, np.nan)) == ["(5,) float64", "nan, nan, …, nan"]


def test_the_folder_must_exist(tmp_path, no_dot):
    x = ag.tensor(1.0, requires_grad=True)
    with pytest.raises(FileNotFoundError):
        ag.draw(x * 2).save(Path(tmp_path, "nowhere", "x.svg"))
