"""One step of linear regression by gradient descent, n = 200: small statistics."""

from benchmarks.workloads import random

CASES = {"regression": {"n": 200}}
QUICK = {"n": 20}
RATE = 0.1


def inputs(n):
    import numpy as np

    source = random(1)
    x = source.uniform(0, 2, n)
    return {"x": np.stack([np.ones(n), x], axis=1), "y": 1 + x + source.normal(0, 0.5, n), "w": np.zeros(2)}


def by_hand(xp, data):
    x, y, w = data.x, data.y, data.w.copy()
    n = len(y)

    def step():
        nonlocal w
        error = x @ w - y
        value = error @ error / n
        w = w - (2 * RATE / n) * (error @ x)
        return value, w

    return step


def anygrad(data, device):
    import anygrad as ag

    x, y = ag.tensor(data.x, device=device), ag.tensor(data.y, device=device)
    w = ag.tensor(data.w, device=device, requires_grad=True)

    def step():
        value = ag.mean((x @ w - y) ** 2)
        value.backward()
        with ag.no_grad():
            w.sub_(w.grad, alpha=RATE)
        w.grad = None
        return value, w

    return step


def torch(data, device):
    import torch

    x, y = torch.tensor(data.x, device=device), torch.tensor(data.y, device=device)
    w = torch.tensor(data.w, device=device, requires_grad=True)

    def step():
        value = torch.nn.functional.mse_loss(x @ w, y)
        value.backward()
        with torch.no_grad():
            w.sub_(w.grad, alpha=RATE)
        w.grad = None
        return value, w

    return step


def jax(data, jit):
    import jax

    x, y, w = (jax.numpy.asarray(a) for a in (data.x, data.y, data.w))

    @jit
    def iteration(w):
        value, g = jax.value_and_grad(lambda w: jax.numpy.mean((x @ w - y) ** 2))(w)
        return value, w - RATE * g

    def step():
        nonlocal w
        value, w = iteration(w)
        return value, w

    return step


def autograd(data):
    import autograd.numpy as np
    from autograd import value_and_grad

    w = data.w.copy()
    both = value_and_grad(lambda w: np.mean((data.x @ w - data.y) ** 2))

    def step():
        nonlocal w
        value, g = both(w)
        w = w - RATE * g
        return value, w

    return step


def mygrad(data):
    import mygrad as mg

    w = mg.tensor(data.w)

    def step():
        value = mg.mean((mg.matmul(data.x, w) - data.y) ** 2)
        value.backward()
        g = w.grad
        w.null_grad()
        w.data -= RATE * g
        return value, w

    return step
