"""A small function, its values, its gradients, and a picture of the graph that computed them.

python examples/computation_graph.py
python examples/computation_graph.py --device cuda
"""

import argparse
from pathlib import Path

import anygrad as ag


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="where to compute: cpu, cuda, cuda:1, torch:cpu, ...")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="the folder for the pictures")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)

    # Leaves: the tensors whose gradients we want.
    x1 = ag.tensor(2.0, dtype=ag.float32, device=options.device, requires_grad=True)
    x2 = ag.tensor(2.0, dtype=ag.float32, device=options.device, requires_grad=True)

    # Every operation on them is recorded; whatever depends on them requires a gradient too.
    x3 = x1.square()
    x4 = x2.square()
    x5 = x3 * 0.2
    x6 = x4 * 0.2
    total = x5 + x6
    x7 = total - 5

    names = {"x1": x1, "x2": x2, "x3": x3, "x4": x4, "x5": x5, "x6": x6, "x5 + x6": total, "x7": x7}
    for name, x in names.items():
        print(f"{name:>7} = {x!r}")

    # Drawn before backward(), which releases the values that the graph keeps.
    drawing = ag.draw(x7, names)

    # One pass from the output to the leaves leaves the derivatives of x7 in .grad.
    x7.backward()
    for name in ("x1", "x2"):
        print(f"d x7 / d {name} = {names[name].grad!r}")

    for suffix in (".svg", ".png"):
        print("wrote", drawing.save(options.out / f"computation_graph{suffix}"))


if __name__ == "__main__":
    main()
