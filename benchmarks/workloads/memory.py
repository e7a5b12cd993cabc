"""A chain of a hundred layers over eight million float64, forward and backward: peak memory."""

from benchmarks.workloads import random

CASES = {"memory": {"layers": 100, "n": 8_000_000}}
QUICK = {"layers": 5, "n": 100_000}
MEASURE = "memory"


def inputs(layers, n):
    return {"x": random().normal(size=n), "layers": layers}


def bytes_needed(layers, n):
    return (layers + 12) * n * 8


def by_hand(xp, data):
    x, layers = data.x, data.layers

    def step():
        y, kept = x, []
        for _ in range(layers):
            y = xp.tanh(y)
            kept.append(y)
        value = y.sum()
        g = xp.ones_like(y)
        del y
        while kept:
            slope = kept.pop()
            slope *= slope
            xp.subtract(1, slope, out=slope)
            g *= slope
        return value, g

    return step


def chain(x, layers, tanh):
    for _ in range(layers):
        x = tanh(x)
    return x.sum()


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.x, device=device, requires_grad=True)

    def step():
        value = chain(x, data.layers, ag.tanh)
        value.backward()
        return value, x.grad

    return step


def torch(data, device):
    import torch

    x = torch.tensor(data.x, device=device, requires_grad=True)

    def step():
        value = chain(x, data.layers, torch.tanh)
        value.backward()
        return value, x.grad

    return step


def jax(data, jit):
    import jax

    x = jax.numpy.asarray(data.x)
    both = jit(jax.value_and_grad(lambda x: chain(x, data.layers, jax.numpy.tanh)))
    return lambda: both(x)


def autograd(data):
    import autograd.numpy as np
    from autograd import value_and_grad

    both = value_and_grad(lambda x: np.sum(chain(x, data.layers, np.tanh)))
    return lambda: both(data.x)


def mygrad(data):
    import mygrad as mg

    x = mg.tensor(data.x)

    def step():
        value = chain(x, data.layers, mg.tanh)
        value.backward()
        return value, x.grad

    return step
