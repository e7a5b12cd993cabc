"""Gradient descent on Rosenbrock's function, and a picture of the path that it takes through the valley.

python examples/rosenbrock.py
python examples/rosenbrock.py --device cuda
"""

import argparse
from pathlib import Path

from matplotlib.figure import Figure
from tqdm import tqdm

import anygrad as ag


def rosenbrock(x):
    """Return the function at the point (x[0], x[1]); its minimum, 0, lies at (1, 1)."""
    return (1 - x[0]) ** 2 + 5 * (x[1] - x[0] ** 2) ** 2


def descend(device, iterations=1000, rate=0.01):
    """Walk downhill from (-1, 1); return every point of the way."""
    x = ag.tensor([-1.0, 1.0], dtype=ag.float32, device=device, requires_grad=True)
    path = [x.detach().clone()]  # stays on the device, which no step waits for
    tqdm.write(f"{'iteration':>9}  {'value':>12}  gradient")
    for i in tqdm(range(1, iterations + 1), desc="descent"):
        value = rosenbrock(x)
        value.backward()  # adds to x.grad
        if i % 100 == 0:
            g = x.grad.tolist()
            tqdm.write(f"{i:>9}  {float(value):>12.7g}  {g[0]:.7g}, {g[1]:.7g}")
        with ag.no_grad():  # the step itself is no part of the function
            x.sub_(rate * x.grad)
            x.grad.zero_()
        path.append(x.detach().clone())
    path = ag.stack(path).tolist()
    print(f"ends at x = ({path[-1][0]:.4f}, {path[-1][1]:.4f})")
    return path


def plot(path, device, file):
    """Draw the function's heights and the path over them."""
    across = ag.broadcast_to(ag.linspace(-1.5, 1.5, 241, device=device), (181, 241))
    up = ag.broadcast_to(ag.reshape(ag.linspace(-0.5, 1.6, 181, device=device), (181, 1)), (181, 241))
    heights = ag.maximum(rosenbrock(ag.stack([across, up])), 0.001)  # the same function, on a whole grid

    figure = Figure(figsize=(8, 5.6), layout="constrained")
    axes = figure.subplots()
    levels = [10 ** (k / 4) for k in range(-12, 8)]
    grid = (across.numpy(), up.numpy(), heights.numpy())
    filled = axes.contourf(*grid, levels, cmap="GnBu_r", norm="log")
    axes.contour(*grid, levels, colors="white", linewidths=0.4)
    figure.colorbar(filled, label="value", ticks=[0.001, 0.01, 0.1, 1, 10])
    axes.plot(*zip(*path), color="#d9480f", linewidth=1.6, label="gradient descent")
    axes.plot(*zip(*path[::100]), "o", color="#d9480f", markersize=4, label="every 100th iteration")
    axes.plot(1, 1, "*", color="#1f2933", markersize=13, label="minimum")
    axes.set(xlabel="$x_0$", ylabel="$x_1$", title="$(1 - x_0)^2 + 5\\,(x_1 - x_0^2)^2$")
    axes.legend(loc="lower left")
    figure.savefig(file, dpi=150)
    print("wrote", file)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="where to compute: cpu, cuda, cuda:1, torch:cpu, ...")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="the folder for the picture")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    plot(descend(options.device), options.device, options.out / "rosenbrock.png")


if __name__ == "__main__":
    main()
