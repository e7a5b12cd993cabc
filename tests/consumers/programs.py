"""Programs of plain NumPy, as one writes them with nothing in mind: nothing here names anygrad.

They follow the descriptions of the examples in HIPS autograd's documentation. Each ``Program`` is an
objective, a number as a function of parameters (arrays, in lists and dictionaries), with what the parameters
are drawn from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.special
from numpy.random import Generator, default_rng

PROGRAMS: dict[str, Program] = {}


@dataclass(frozen=True)
class Program:
    """An objective, and a function that draws its parameters."""

    objective: Callable[[Any], Any]
    draw: Callable[[Generator], Any]


def program(draw: Callable[[Generator], Any]) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Declare an objective by its name, with how its parameters are drawn."""

    def declare(objective: Callable[[Any], Any]) -> Callable[[Any], Any]:
        PROGRAMS[objective.__name__] = Program(objective, draw)
        return objective

    return declare


def logsumexp(x, axis=None, keepdims=False):
    """The logarithm of a sum of exponentials, with the largest taken out."""
    top = np.max(x, axis=axis, keepdims=True)
    out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.sum(out, axis=axis)


def erf(x):
    return scipy.special.erf(x)


def sigmoid(x):
    return 0.5 * (np.tanh(x / 2.0) + 1)


# ---------------------------------------------------------------- regression and networks


@program(lambda r: r.normal(size=3))
def logistic_regression(weights):
    inputs = np.array([[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]])
    targets = np.array([True, True, False, True])
    chances = sigmoid(np.dot(inputs, weights))
    likely = chances * targets + (1 - chances) * (1 - targets)
    return -np.sum(np.log(likely))


def layers(sizes, r, scale=0.5):
    return [{"w": scale * r.normal(size=(m, n)), "b": scale * r.normal(size=n)} for m, n in pairwise(sizes)]


def network(params, inputs, bend=None):
    for layer in params:
        outputs = np.dot(inputs, layer["w"]) + layer["b"]
        inputs = (bend or np.tanh)(outputs)
    return outputs


@program(lambda r: layers([5, 7, 4, 3], r))
def neural_net(params):
    r = default_rng(1)
    images, labels = r.normal(size=(6, 5)), np.eye(3)[r.integers(0, 3, 6)]
    outputs = network(params, images)
    logs = outputs - logsumexp(outputs, axis=1, keepdims=True)
    prior = sum(np.sum(layer["w"] ** 2) + np.sum(layer["b"] ** 2) for layer in params)
    return -np.sum(logs * labels) + 0.01 * prior


@program(
    lambda r: {
        "filters": r.normal(size=(4, 2, 3, 3)),
        "bias": r.normal(size=(1, 4, 1, 1)),
        "out": r.normal(size=(36, 3)),
    }
)
def convnet(params):
    """A convolution as a sum over the filter's entries, the largest of squares of two, a layer on top."""
    images = default_rng(2).normal(size=(3, 2, 8, 8))
    high, wide = images.shape[2] - 2, images.shape[3] - 2
    maps = params["bias"]
    for i in range(3):
        for j in range(3):
            patch = images[:, :, i : i + high, j : j + wide]
            maps = maps + np.einsum("bcij,fc->bfij", patch, params["filters"][:, :, i, j])
    pooled = np.max(np.max(np.reshape(maps, (3, 4, 3, 2, 3, 2)), axis=3), axis=4)
    logs = np.dot(np.reshape(np.maximum(pooled, 0), (3, -1)), params["out"])
    logs = logs - logsumexp(logs, axis=1, keepdims=True)
    return -logs[0, 0] - logs[1, 2] - np.mean(logs[2])


def concat_and_multiply(weights, *arrays):
    joined = np.hstack(arrays + (np.ones((arrays[0].shape[0], 1)),))
    return np.dot(joined, weights)


@program(
    lambda r: {
        "first": r.normal(size=(1, 4)),
        "change": 0.5 * r.normal(size=(3 + 4 + 1, 4)),
        "predict": 0.5 * r.normal(size=(4 + 1, 3)),
    }
)
def rnn(params):
    inputs = default_rng(3).normal(size=(6, 2, 3))
    hiddens = np.repeat(params["first"], inputs.shape[1], axis=0)
    total = 0.0
    for t, one in enumerate(inputs):
        hiddens = np.tanh(concat_and_multiply(params["change"], one, hiddens))
        logs = concat_and_multiply(params["predict"], hiddens)
        total = total + np.sum((logs - logsumexp(logs, axis=1, keepdims=True))[:, t % 3])
    return -total / inputs.shape[0]


@program(
    lambda r: {
        name: 0.4 * r.normal(size=(3 + 4 + 1, 4)) for name in ("change", "forget", "ingate", "outgate")
    }
)
def lstm(params):
    inputs = default_rng(4).normal(size=(5, 2, 3))
    hiddens, cells = np.zeros((2, 4)), np.zeros((2, 4))
    outputs = []
    for one in inputs:
        change = np.tanh(concat_and_multiply(params["change"], one, hiddens))
        forget = sigmoid(concat_and_multiply(params["forget"], one, hiddens))
        ingate = sigmoid(concat_and_multiply(params["ingate"], one, hiddens))
        outgate = sigmoid(concat_and_multiply(params["outgate"], one, hiddens))
        cells = cells * forget + ingate * change
        hiddens = outgate * np.tanh(cells)
        outputs.append(hiddens)
    return np.mean(np.abs(np.stack(outputs) - 0.3))


# ---------------------------------------------------------------- simulations


def project(vx, vy):
    """Make a velocity field free of divergence, by some steps of Jacobi's."""
    p = np.zeros(vx.shape)
    h = 1.0 / vx.shape[0]
    div = (
        -0.5
        * h
        * (
            np.roll(vx, -1, axis=0)
            - np.roll(vx, 1, axis=0)
            + np.roll(vy, -1, axis=1)
            - np.roll(vy, 1, axis=1)
        )
    )
    for _ in range(6):
        p = (
            div
            + np.roll(p, 1, axis=0)
            + np.roll(p, -1, axis=0)
            + np.roll(p, 1, axis=1)
            + np.roll(p, -1, axis=1)
        ) / 4.0
    vx = vx - 0.5 * (np.roll(p, -1, axis=0) - np.roll(p, 1, axis=0)) / h
    vy = vy - 0.5 * (np.roll(p, -1, axis=1) - np.roll(p, 1, axis=1)) / h
    return vx, vy


def advect(f, vx, vy):
    """Move a field along velocities, back in time, with bilinear weights."""
    rows, cols = f.shape
    xs, ys = np.meshgrid(np.arange(rows), np.arange(cols), indexing="ij")
    center_xs, center_ys = np.ravel(xs - vx), np.ravel(ys - vy)
    left, top = np.floor(center_xs).astype(int), np.floor(center_ys).astype(int)
    rw, bw = center_xs - left, center_ys - top
    left, top = np.mod(left, rows), np.mod(top, cols)
    right, below = np.mod(left + 1, rows), np.mod(top + 1, cols)
    flat = (1 - rw) * ((1 - bw) * f[left, top] + bw * f[left, below]) + rw * (
        (1 - bw) * f[right, top] + bw * f[right, below]
    )
    return np.reshape(flat, (rows, cols))


@program(lambda r: {"vx": r.normal(size=(8, 8)), "vy": r.normal(size=(8, 8))})
def fluid_simulation(params):
    r = default_rng(5)
    smoke, target = r.uniform(size=(8, 8)), r.uniform(size=(8, 8))
    vx, vy = params["vx"], params["vy"]
    for _ in range(3):
        vx, vy = advect(vx, vx, vy), advect(vy, vx, vy)
        vx, vy = project(vx, vy)
        smoke = advect(smoke, vx, vy)
    return np.mean((target - smoke) ** 2)


@program(lambda r: 0.3 * r.normal(size=(8, 8)))
def wing(params):
    """Lift less drag of an obstacle in a wind."""
    occlusion = sigmoid(params)
    vx, vy = np.ones((8, 8)), np.zeros((8, 8))
    for _ in range(2):
        vx, vy = advect(vx, vx, vy), advect(vy, vx, vy)
        vx, vy = project(vx, vy)
        vx, vy = vx * (1 - occlusion), vy * (1 - occlusion)
    drag, lift = np.mean(1.0 - vx), np.mean(vy)
    return -lift + 2 * drag + np.std(occlusion)


@program(lambda r: {"net": layers([2, 6, 2], r), "start": r.normal(size=2)})
def ode_net(params):
    """A trajectory of Runge and Kutta's along a network, compared with a spiral."""

    def slope(y):
        return network(params["net"], y**3)

    y, path, h = params["start"], [], 0.1
    for _ in range(8):
        a = slope(y)
        b = slope(y + h / 2 * a)
        c = slope(y + h / 2 * b)
        d = slope(y + h * c)
        y = y + h / 6 * (a + 2 * b + 2 * c + d)
        path.append(y)
    times = np.linspace(0.1, 0.8, 8)
    spiral = np.stack([np.cos(times), -np.sin(times)], axis=1)
    return np.mean(np.abs(np.stack(path) - spiral))


# ---------------------------------------------------------------- densities


def rbf(scale, lengths, x, y):
    diffs = np.expand_dims(x / lengths, 1) - np.expand_dims(y / lengths, 0)
    return scale * np.exp(-0.5 * np.sum(diffs**2, axis=2))


def log_gauss(x, mean, cov):
    logdet = np.linalg.slogdet(cov)[1]
    away = x - mean
    return -0.5 * (np.dot(away, np.linalg.solve(cov, away)) + logdet + len(x) * np.log(2 * np.pi))


def unpack(params):
    return params[0], np.exp(params[1]), np.exp(params[2]), np.exp(params[3:])


@program(lambda r: 0.3 * r.normal(size=5))
def gaussian_process(params):
    r = default_rng(6)
    x = r.normal(size=(12, 2))
    y = np.cos(x[:, 0]) + 0.1 * r.normal(size=12)
    mean, noise, scale, lengths = unpack(params)
    cov = rbf(scale, lengths, x, x) + (noise + 1e-6) * np.eye(12)
    return -log_gauss(y, mean * np.ones(12), cov)


@program(lambda r: {"hidden": r.normal(size=(7, 2)), "kernel": 0.3 * r.normal(size=4)})
def gplvm(params):
    data = default_rng(7).normal(size=(7, 3))
    mean, noise, scale, lengths = (
        0.0,
        np.exp(params["kernel"][0]),
        np.exp(params["kernel"][1]),
        np.exp(params["kernel"][2:]),
    )
    cov = rbf(scale, lengths, params["hidden"], params["hidden"]) + (noise + 1e-3) * np.eye(7)
    fit = sum(log_gauss(data[:, i], mean * np.ones(7), cov) for i in range(3))
    return -fit + 0.5 * np.sum(params["hidden"] ** 2)


@program(lambda r: {"mean": r.normal(size=2), "log_std": 0.2 * r.normal(size=2)})
def black_box_svi(params):
    """The bound on the evidence of a funnel, over samples drawn once."""
    noise = default_rng(8).normal(size=(30, 2))
    samples = noise * np.exp(params["log_std"]) + params["mean"]
    mu, log_sigma = samples[:, 0], samples[:, 1]
    prior = -0.5 * (log_sigma / 1.35) ** 2 - np.log(1.35)
    density = prior - 0.5 * (mu / np.exp(log_sigma)) ** 2 - log_sigma - np.log(2 * np.pi)
    entropy = 0.5 * 2 * (1.0 + np.log(2 * np.pi)) + np.sum(params["log_std"])
    return -entropy - np.mean(density)


@program(
    lambda r: {
        "weights": r.normal(size=3),
        "means": r.normal(size=(3, 2)),
        "roots": np.eye(2) + 0.3 * r.normal(size=(3, 2, 2)),
    }
)
def mixture(params):
    data = default_rng(9).normal(size=(15, 2))
    logs = params["weights"] - logsumexp(params["weights"])
    scores = []
    for k in range(3):
        cov = np.dot(params["roots"][k].T, params["roots"][k])
        away = data - params["means"][k]
        apart = np.einsum("ni,ij,nj->n", away, np.linalg.inv(cov), away)
        scores.append(logs[k] - 0.5 * (apart + np.linalg.slogdet(cov)[1]))
    return -np.sum(logsumexp(np.vstack(scores), axis=0))


@program(
    lambda r: {"start": r.normal(size=3), "change": r.normal(size=(3, 3)), "emit": r.normal(size=(3, 4))}
)
def hidden_markov(params):
    seen = default_rng(10).integers(0, 4, 9)
    start = params["start"] - logsumexp(params["start"])
    change = params["change"] - logsumexp(params["change"], axis=1, keepdims=True)
    emit = params["emit"] - logsumexp(params["emit"], axis=1, keepdims=True)
    alphas = start + emit[:, seen[0]]
    for one in seen[1:]:
        alphas = logsumexp(alphas[:, None] + change, axis=0) + emit[:, one]
    return -logsumexp(alphas)


@program(lambda r: {"encode": layers([5, 6, 4], r), "decode": layers([2, 6, 5], r)})
def variational_autoencoder(params):
    r = default_rng(11)
    images, noise = (r.uniform(size=(6, 5)) > 0.5) * 1.0, r.normal(size=(6, 2))
    found = network(params["encode"], images)
    means, log_stds = found[:, :2], found[:, 2:]
    hidden = means + np.exp(log_stds) * noise
    outputs = network(params["decode"], hidden)
    fit = np.sum(-np.logaddexp(0, -(2 * images - 1) * outputs), axis=1)
    prior = -0.5 * np.sum(hidden**2, axis=-1)
    density = -np.sum(log_stds, axis=-1) - 0.5 * np.sum(noise**2, axis=-1)
    return -np.mean(fit + prior - density)


@program(lambda r: {"make": layers([2, 5, 3], r), "judge": layers([3, 5, 1], r)})
def adversarial(params):
    r = default_rng(12)
    real, noise = r.normal(size=(6, 3)), r.normal(size=(6, 2))
    fake = network(params["make"], noise, lambda x: np.maximum(x, 0))
    log_real = -np.logaddexp(0, -network(params["judge"], real))
    log_fake = -np.logaddexp(0, network(params["judge"], fake))
    return np.mean(log_real) + np.mean(log_fake)


@program(lambda r: 0.5 * r.normal(size=2))
def expected_improvement(query):
    """What a point promises of an improvement, by a Gaussian process."""
    r = default_rng(13)
    x, y = r.normal(size=(6, 2)), r.normal(size=6)
    cov = rbf(1.0, np.ones(2), x, x) + 1e-3 * np.eye(6)
    cross = rbf(1.0, np.ones(2), np.reshape(query, (1, 2)), x)
    mean = np.dot(cross, np.linalg.solve(cov, y))[0]
    std = np.sqrt(1.0 - np.dot(cross, np.linalg.solve(cov, cross.T)))[0, 0]
    z = (mean - np.max(y)) / std
    return std * (np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) + z * 0.5 * (1 + erf(z / np.sqrt(2.0))))


# ---------------------------------------------------------------- small ones


@program(lambda r: r.normal(size=2))
def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


@program(lambda r: r.normal(size=()))
def taylor_sine(x):
    """The series, summed until its terms are small."""
    term, total, i = x, x, 0
    while np.abs(term) > 1e-12:
        term = -term * x * x / ((2 * i + 3) * (2 * i + 2))
        total = total + term
        i += 1
    return total


@program(lambda r: r.normal(size=(4, 4)))
def matrices(x):
    """Whatever of linear algebra and sorting people write in one place."""
    both = np.dot(x, x.T) + 4 * np.eye(4)
    values = np.linalg.eigh(both)[0]
    low = np.linalg.cholesky(both)
    total = np.sum(np.sort(values)[::-1] * np.arange(4)) + np.trace(np.linalg.inv(low)) + np.linalg.norm(x)
    total = total + np.linalg.det(both) / 100 + np.sum(np.diag(x)) + np.sum(np.kron(x[:2], np.ones((1, 2))))
    total = total + np.sum(np.cumsum(x, axis=0) * np.tril(x)) + np.prod(x[0]) + np.var(x, axis=0)[1]
    return (
        total + np.sum(np.where(x > 0, x**2, np.sin(x))) + np.sum(np.concatenate([x[:1], x[2:]], axis=0) ** 3)
    )
