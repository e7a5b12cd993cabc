"""The example programs, run as a user runs them: what they print, and the pictures that they write."""

from __future__ import annotations

import html
import importlib.util
import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = ("computation_graph", "rosenbrock", "regression", "custom_kernel")

# Iteration, value, gradient.
TABLE = """
100  | 0.3502924    | -0.667685, -0.5771312
200  | 0.07398106   | -0.1603189, -0.2532476
300  | 0.02483024   | -0.07679074, -0.1373911
400  | 0.009619333  | -0.04347242, -0.08254051
500  | 0.003990697  | -0.02652063, -0.05206227
600  | 0.001719962  | -0.01683905, -0.03373682
700  | 0.0007584976 | -0.01095017, -0.02221584
800  | 0.0003393509 | -0.007221781, -0.01477957
900  | 0.0001532408 | -0.004811745, -0.009894371
1000 | 6.962555e-05 | -0.003222887, -0.006653666
"""


def load(name: str) -> ModuleType:
    """Import an example by its path."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_png(path: Path) -> None:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[-8:-4] == b"IEND"
    width, height = struct.unpack(">II", data[16:24])
    assert width > 600 and height > 200


def test_computation_graph(device, tmp_path, capsys):
    load("computation_graph").main(["--device", device, "--out", str(tmp_path / "new")])
    printed = capsys.readouterr().out
    values = dict(re.findall(r"^ *(x.*) = tensor\(([-0-9.]+), dtype=float32", printed, re.MULTILINE))
    assert {k: float(v) for k, v in values.items()} == {
        "x1": 2.0,
        "x2": 2.0,
        "x3": 4.0,
        "x4": 4.0,
        "x5": 0.8,
        "x6": 0.8,
        "x5 + x6": 1.6,
        "x7": -3.4,
    }
    assert f"d x7 / d x1 = tensor(0.8, dtype=float32, device={device!r})\n" in printed
    assert f"d x7 / d x2 = tensor(0.8, dtype=float32, device={device!r})\n" in printed
    svg, png = tmp_path / "new" / "computation_graph.svg", tmp_path / "new" / "computation_graph.png"
    assert f"wrote {svg}\n" in printed and f"wrote {png}\n" in printed
    assert ET.parse(svg).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    for text in ("x1", "x7", "square", "-3.4", "0.2"):
        assert re.search(rf">{re.escape(text)}<|<!-- {re.escape(text)} -->", html.unescape(svg.read_text()))
    check_png(png)


def test_rosenbrock_prints_the_table(device, tmp_path, capsys):
    load("rosenbrock").main(["--device", device, "--out", str(tmp_path)])
    out, progress = capsys.readouterr()
    rows = re.findall(r"^ *(\d+) +([-+.e\d]+)  ([-+.e\d]+), ([-+.e\d]+)$", out, re.MULTILINE)
    wanted = [re.split(r"[|, ]+", line) for line in TABLE.split("\n") if line]
    assert [row[:2] for row in rows] == [tuple(line[:2]) for line in wanted]
    for row, line in zip(rows, wanted, strict=True):
        for got, exact in zip(row[2:], line[2:], strict=True):
            # Six significant digits: half a unit of the sixth.
            unit = 10.0 ** (int(f"{float(exact):e}".partition("e")[2]) - 5)
            assert abs(float(got) - float(exact)) <= unit / 2, (line, got)
    assert "ends at x = (0.9918, 0.9830)\n" in out
    assert f"wrote {tmp_path / 'rosenbrock.png'}\n" in out
    assert "1000/1000" in progress
    check_png(tmp_path / "rosenbrock.png")


def test_regression(tmp_path, capsys):
    load("regression").main(["--out", str(tmp_path)])
    out, progress = capsys.readouterr()
    found = re.search(r"by descent: +([.\d]+) \+ ([.\d]+) x\nby least squares: ([.\d]+) \+ ([.\d]+) x\n", out)
    ours, exact = np.array(found.groups(), float).reshape(2, 2)
    np.testing.assert_allclose(ours, exact, rtol=0, atol=1e-6)
    accuracy = re.search(r"([.\d]+)% of the held-out digits are read right", out)
    assert float(accuracy[1]) >= 96
    assert f"wrote {tmp_path / 'regression.png'}\n" in out
    assert "40/40" in progress
    check_png(tmp_path / "regression.png")


def test_custom_kernel(device, tmp_path, capsys):
    load("custom_kernel").main(["--device", device, "--out", str(tmp_path)])
    out = capsys.readouterr().out
    differs = float(re.search(r"differs from silu's by at most ([-.e\d]+)\n", out)[1])
    assert differs < 1e-6 and "0.1387, 0.122, -0.0568, -0.3413, 0.0, 1.6587" in out
    svg = (tmp_path / "custom_kernel.svg").read_text()
    assert f"wrote {tmp_path / 'custom_kernel.svg'}\n" in out and ">Swish<" in svg


def test_the_line_is_the_least_squares_line(device):
    """Against the normal equations, on the same data, written out here."""
    ours, exact = load("regression").fit_line(device)
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 2, 200)
    y = 1 + x + rng.normal(0, 0.5, 200)
    slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    np.testing.assert_allclose(exact, [y.mean() - slope * x.mean(), slope], rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours, exact, rtol=0, atol=1e-6)
    assert len(x) == 200 and abs(np.subtract(ours, 1)).max() < 0.2


def test_the_classifier_learns_on_every_device(target, capsys):
    epochs = 40 if target.device.startswith("cuda") else 3
    losses, accuracy = load("regression").train(target.device, epochs=epochs)
    assert len(losses) == epochs and losses[-1] < losses[0] / 3
    assert accuracy >= (0.96 if epochs == 40 else 0.88)


def test_no_digit_is_both_trained_on_and_held_out(monkeypatch):
    """The split that the example makes, seen as it is made: it covers all digits, each once."""
    module, seen = load("regression"), []
    split = module.train_test_split

    def watched(pixels, digits, **options):
        rows = np.arange(len(digits))
        seen.append(split(rows, **options))
        return split(pixels, digits, **options)

    monkeypatch.setattr(module, "train_test_split", watched)
    module.train("cpu", epochs=1)
    ((trained, held_out),) = seen
    assert sorted([*trained, *held_out]) == list(range(1797))
    assert len(held_out) == 360


@pytest.mark.parametrize("name", NAMES)
def test_each_is_short_and_explains_itself(name):
    text = (EXAMPLES / f"{name}.py").read_text()
    assert len(text.splitlines()) < 80
    program = [sys.executable, EXAMPLES / f"{name}.py", "--help"]
    # What these tests import the program imports too, installed or not.
    shown = subprocess.check_output(
        program, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert "--device" in shown and "--out" in shown
    assert " ".join(shown.split()).count(load(name).__doc__.partition("\n")[0]) == 1


def test_an_unknown_device_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"^\[device\] 'nowhere' is no device"):
        load("computation_graph").main(["--device", "nowhere", "--out", str(tmp_path)])
