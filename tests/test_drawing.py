"""Graphs as DOT text: every number against hand values, what is left alone, and what is refused."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import numpy as np
import pytest

import anygrad as ag
from anygrad import functions
from anygrad.errors import DtypeError, FreedGraphError, GradientError
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


def test_text_is_escaped_and_kept_short():
    x = ag.tensor(2.0, requires_grad=True)
    name = 'a<b> & "c"\\\n]; $\\frac{1}$ é漢'
    drawing = ag.draw(x * x, {name: x, "n" * 200: x})
    (line,) = (line for line in drawing.source.splitlines() if line.startswith("  n0 ["))
    assert "&lt;b&gt; &amp; &quot;c&quot;" in line
    nodes, edges = read(drawing)
    title = 'a<b> & "c"\\ ]; $\\frac{1}$ é漢, nnnnn'
    assert [k for k in nodes if k.startswith(title) and len(k) == 48 and k.endswith("…")]
    assert len(edges) == 2


def test_thousands_of_nodes_need_no_recursion():
    y = x = ag.tensor(1.0, requires_grad=True)
    for _ in range(5000):
        y = -y
    _, edges = read(ag.draw(y, {"x": x}))
    assert len(edges) == 5000 and edges[0][2] == "1" and edges[1][2] == "-1"


def test_a_second_derivative_has_a_graph_too():
    x = ag.tensor(3.0, requires_grad=True)
    (slope,) = ag.autograd.grad(x * x * x, x, create_graph=True)
    _, edges = read(ag.draw(slope, {"x": x, "slope": slope}))
    assert sum(float(label) for tail, _, label in edges if tail == "x") == 18


def test_a_written_tensor():
    x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    v = ag.tensor(5.0, requires_grad=True)
    y = x * 1
    y[1] = v
    nodes, edges = read(ag.draw(ag.sum(y * y), {"x": x, "v": v, "y": y}))
    assert nodes["y"] == ["region_set", "(3,) float64", "1, 5, 3"]
    assert [e[2] for e in edges if e[0] == "v"] == ["10"]
    assert [e[2] for e in edges if e[0] == "x"] == ["(3,) float64 | 2, 0, 6"]


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
