"""One training step of a network with one hidden layer, float32: deep learning at its smallest."""

import numpy as np

from benchmarks.workloads import random

CASES = {"network": {"batch": 64, "sizes": (784, 256, 10)}}
QUICK = {"batch": 8, "sizes": (12, 6, 4)}
RATE = 0.05


def inputs(batch, sizes):
    source = random()
    pixels, hidden, classes = sizes
    shapes = {"w1": (pixels, hidden), "b1": (hidden,), "w2": (hidden, classes), "b2": (classes,)}
    weights = {name: (0.1 * source.normal(size=s)).astype(np.float32) for name, s in shapes.items()}
    x = source.uniform(0, 1, (batch, pixels)).astype(np.float32)
    return {"x": x, "labels": source.integers(0, classes, batch), "weights": list(weights.values())}


def by_hand(xp, data):
    x, labels = data.x, data.labels
    n = len(labels)
    rows = xp.arange(n)
    weights = w1, b1, w2, b2 = [w.copy() for w in data.weights]

    def step():
        h = xp.maximum(x @ w1 + b1, 0)
        z = h @ w2 + b2
        z -= z.max(axis=1, keepdims=True)
        p = xp.exp(z)
        total = p.sum(axis=1, keepdims=True)
        value = (xp.log(total[:, 0]) - z[rows, labels]).mean()
        p /= total
        p[rows, labels] -= 1
        p /= n
        gw2, gb2 = h.T @ p, p.sum(axis=0)
        gh = p @ w2.T
        gh *= h > 0
        gw1, gb1 = x.T @ gh, gh.sum(axis=0)
        for w, g in zip(weights, (gw1, gb1, gw2, gb2), strict=True):
            g *= RATE
            w -= g
        return value, *weights

    return step


def anygrad(data, device):
    import anygrad as ag

    x, labels = ag.tensor(data.x, device=device), ag.tensor(data.labels, device=device)
    weights = w1, b1, w2, b2 = [ag.tensor(w, device=device, requires_grad=True) for w in data.weights]

    def step():
        value = ag.cross_entropy(ag.relu(x @ w1 + b1) @ w2 + b2, labels)
        value.backward()
        with ag.no_grad():
            for w in weights:
                w.sub_(w.grad, alpha=RATE)
                w.grad = None
        return value, *weights

    return step


def torch(data, device):
    import torch
    from torch.nn.functional import cross_entropy

    x, labels = torch.tensor(data.x, device=device), torch.tensor(data.labels, device=device)
    weights = w1, b1, w2, b2 = [torch.tensor(w, device=device, requires_grad=True) for w in data.weights]

    def step():
        hidden = torch.relu(torch.addmm(b1, x, w1))
        value = cross_entropy(torch.addmm(b2, hidden, w2), labels)
        value.backward()
        with torch.no_grad():
            for w in weights:
                w.sub_(w.grad, alpha=RATE)
                w.grad = None
        return value, *weights

    return step


def jax(data, jit):
    import jax
    import jax.numpy as jnp

    x, labels = jnp.asarray(data.x), jnp.asarray(data.labels)
    weights = [jnp.asarray(w) for w in data.weights]

    def loss(weights):
        w1, b1, w2, b2 = weights
        z = jax.nn.log_softmax(jax.nn.relu(x @ w1 + b1) @ w2 + b2)
        return -jnp.mean(jnp.take_along_axis(z, labels[:, None], axis=1))

    @jit
    def iteration(weights):
        value, gs = jax.value_and_grad(loss)(weights)
        return value, [w - RATE * g for w, g in zip(weights, gs, strict=True)]

    def step():
        nonlocal weights
        value, weights = iteration(weights)
        return value, *weights

    return step


def autograd(data):
    import autograd.numpy as np
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    rows = np.arange(len(data.labels))
    weights = [w.copy() for w in data.weights]

    def loss(weights):
        w1, b1, w2, b2 = weights
        z = np.dot(np.maximum(np.dot(data.x, w1) + b1, 0), w2) + b2
        return np.mean(logsumexp(z, axis=1) - z[rows, data.labels])

    both = value_and_grad(loss)

    def step():
        value, gs = both(weights)
        for w, g in zip(weights, gs, strict=True):
            w -= RATE * g
        return value, *weights

    return step


def mygrad(data):
    import mygrad as mg
    from mygrad.nnet import relu, softmax_crossentropy

    weights = w1, b1, w2, b2 = [mg.tensor(w) for w in data.weights]

    def step():
        z = mg.matmul(relu(mg.matmul(data.x, w1) + b1), w2) + b2
        value = softmax_crossentropy(z, data.labels)
        value.backward()
        for w in weights:
            g = w.grad
            w.null_grad()
            w.data -= RATE * g
        return value, *weights

    return step
