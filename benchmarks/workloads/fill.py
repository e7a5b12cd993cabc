"""Ten thousand writes of one element, each reading the one before: in-place code as in NumPy."""

import numpy as np

from benchmarks.workloads import random

CASES = {"fill": {"n": 10_000}}
QUICK = {"n": 20}
PER = ("n", "write")
FACTOR = 0.999


def inputs(n):
    return {"start": np.array(1.5), "weights": random().normal(size=n), "n": n}


def by_hand(xp, data):
    start, weights, n = data.start, data.weights, data.n

    def step():
        y = xp.zeros(n)
        y[0] = start
        for i in range(1, n):
            y[i] = y[i - 1] * FACTOR
        value = y @ weights
        g = weights.copy()
        for i in range(n - 1, 0, -1):
            g[i - 1] += g[i] * FACTOR
        return value, g[0]

    return step


def anygrad(data, device):
    import anygrad as ag

    start = ag.tensor(data.start, device=device, requires_grad=True)
    weights = ag.tensor(data.weights, device=device)

    def step():
        start.grad = None
        y = ag.zeros(data.n, device=device)
        y[0] = start
        for i in range(1, data.n):
            y[i] = y[i - 1] * FACTOR
        value = ag.sum(y * weights)
        value.backward()
        return value, start.grad

    return step


def torch(data, device):
    import torch

    start = torch.tensor(data.start, device=device, requires_grad=True)
    weights = torch.tensor(data.weights, device=device)

    def step():
        start.grad = None
        y = torch.zeros(data.n, dtype=torch.float64, device=device)
        y[0] = start
        for i in range(1, data.n):
            y[i] = y[i - 1] * FACTOR
        value = torch.sum(y * weights)
        value.backward()
        return value, start.grad

    return step


def jax(data, jit):
    """Arrays that cannot be written: a loop that the compiler sees carries the array along."""
    import jax
    import jax.numpy as jnp

    weights = jnp.asarray(data.weights)

    def loss(start):
        y = jnp.zeros(data.n).at[0].set(start)

        def write(y, i):
            return y.at[i].set(y[i - 1] * FACTOR), None

        y, _ = jax.lax.scan(write, y, jnp.arange(1, data.n))
        return jnp.sum(y * weights)

    start = jnp.asarray(data.start)
    both = jit(jax.value_and_grad(loss))
    return lambda: both(start)


def autograd(data):
    """Arrays that cannot be written: its users collect the elements in a list."""
    import autograd.numpy as np
    from autograd import value_and_grad

    def loss(start):
        y = [start]
        for _ in range(1, data.n):
            y.append(y[-1] * FACTOR)
        return np.sum(np.array(y) * data.weights)

    both = value_and_grad(loss)
    start = float(data.start)
    return lambda: both(start)


def mygrad(data):
    import mygrad as mg

    start = mg.tensor(data.start)

    def step():
        start.null_grad()
        y = mg.zeros(data.n)
        y[0] = start
        for i in range(1, data.n):
            y[i] = y[i - 1] * FACTOR
        value = mg.sum(y * data.weights)
        value.backward()
        return value, start.grad

    return step
