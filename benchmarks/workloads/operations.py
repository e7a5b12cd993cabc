"""A thousand small operations on ten numbers, forward and backward: what one operation costs."""

from benchmarks.workloads import random

CASES = {"operations": {"count": 1000}}
QUICK = {"count": 20}
PER = ("count", "operation")


def inputs(count):
    source = random()
    return {"x": source.uniform(0.5, 1.0, 10), "a": source.uniform(0.5, 1.0, 10), "turns": count // 4}


def by_hand(xp, data):
    x, a, turns = data.x, data.a, data.turns

    def step():
        y, kept = x, []
        for _ in range(turns):
            y = y * a
            y = y + x
            y = xp.tanh(y)
            kept.append(y)
            y = y - 0.1
        value = y.sum()
        g, gx = xp.ones_like(x), xp.zeros_like(x)
        for out in reversed(kept):
            g = g * (1 - out * out)
            gx += g
            g = g * a
        gx += g
        return value, gx

    return step


def chain(x, a, turns, tanh):
    y = x
    for _ in range(turns):
        y = y * a
        y = y + x
        y = tanh(y)
        y = y - 0.1
    return y.sum()


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.x, device=device, requires_grad=True)
    a = ag.tensor(data.a, device=device)

    def step():
        x.grad = None
        value = chain(x, a, data.turns, ag.tanh)
        value.backward()
        return value, x.grad

    return step


def torch(data, device):
    import torch

    x = torch.tensor(data.x, device=device, requires_grad=True)
    a = torch.tensor(data.a, device=device)

    def step():
        x.grad = None
        value = chain(x, a, data.turns, torch.tanh)
        value.backward()
        return value, x.grad

    return step


def jax(data, jit):
    import jax

    x, a = jax.numpy.asarray(data.x), jax.numpy.asarray(data.a)
    both = jit(jax.value_and_grad(lambda x: chain(x, a, data.turns, jax.numpy.tanh)))
    return lambda: both(x)


def autograd(data):
    import autograd.numpy as np
    from autograd import value_and_grad

    both = value_and_grad(lambda x: np.sum(chain(x, data.a, data.turns, np.tanh)))
    return lambda: both(data.x)


def mygrad(data):
    import mygrad as mg

    x = mg.tensor(data.x)

    def step():
        x.null_grad()
        value = chain(x, data.a, data.turns, mg.tanh)
        value.backward()
        return value, x.grad

    return step
