"""A line fitted to noisy points, then a network that reads handwritten digits: gradient descent on real data.

python examples/regression.py --device cpu
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import anygrad as ag


def fit_line(device):
    """Fit y = 1 + x + e, e of variance 0.25, by descent and in closed form; return both."""
    rng = np.random.default_rng(1)
    x = np.stack([np.ones(200), rng.uniform(0, 2, 200)], axis=1)
    y = x @ (1, 1) + rng.normal(0, 0.25**0.5, 200)
    a, b = ag.tensor(x, device=device), ag.tensor(y, device=device)
    w = ag.zeros(2, device=device, requires_grad=True)
    for _ in range(500):
        (g,) = ag.autograd.grad(ag.mean((a @ w - b) ** 2), w)
        with ag.no_grad():
            w.sub_(0.2 * g)
    return w.tolist(), np.linalg.lstsq(x, y)[0].tolist()


def log_probabilities(x, w1, b1, w2, b2):
    """Return the logarithms of what the network, with one hidden layer, gives to each of the ten digits."""
    s = ag.tanh(x @ w1 + b1) @ w2 + b2
    s = s - ag.max(s, axis=1, keepdims=True).detach()  # so that exp cannot overflow
    return s - ag.log(ag.sum(ag.exp(s), axis=1, keepdims=True))


def train(device, epochs=40, batch=32, rate=0.3):
    """Train on four fifths of the digits; return each epoch's loss, and the accuracy on the last fifth."""
    pixels, digits = load_digits(return_X_y=True)
    split = train_test_split(pixels / 16, digits, test_size=0.2, random_state=1, stratify=digits)
    x, unseen, y = (ag.tensor(a, dtype=ag.float32, device=device) for a in (*split[:2], np.eye(10)[split[2]]))
    rng = np.random.default_rng(1)
    start = (rng.normal(0, 0.1, shape) for shape in ((64, 64), 64, (64, 10), 10))
    p = [ag.tensor(a, dtype=ag.float32, device=device, requires_grad=True) for a in start]
    losses = []
    for _ in tqdm(range(epochs), desc="epochs"):
        for rows in np.split(rng.permutation(len(y)), range(batch, len(y), batch)):
            loss = -ag.mean(ag.sum(y[rows] * log_probabilities(x[rows], *p), axis=1))
            loss.backward()
            with ag.no_grad():
                for t in p:
                    t.sub_(rate * t.grad)
                    t.grad.zero_()
            losses.append(loss.detach())
    guesses = ag.argmax(log_probabilities(unseen, *p), axis=1).numpy()
    return np.reshape(ag.stack(losses).numpy(), (epochs, -1)).mean(axis=1), (guesses == split[3]).mean()


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="where to compute: cpu, cuda, cuda:1, torch:cpu, ...")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="the folder for the picture")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    found, exact = fit_line(options.device)
    print("by descent:       {:.9f} + {:.9f} x\nby least squares: {:.9f} + {:.9f} x".format(*found, *exact))
    losses, accuracy = train(options.device)
    print(f"{accuracy:.2%} of the held-out digits are read right, at a loss of {losses[-1]:.4f}")
    axes = (figure := Figure(figsize=(7, 4.2), layout="constrained")).subplots()
    axes.semilogy(range(1, len(losses) + 1), losses, "o-", color="#d9480f", markersize=3)
    axes.set(xlabel="epoch", ylabel="cross entropy", title=f"{accuracy:.1%} of the held-out digits are right")
    figure.savefig(options.out / "regression.png", dpi=150)
    print("wrote", options.out / "regression.png")


if __name__ == "__main__":
    main()
