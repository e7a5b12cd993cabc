"""A gather at a million random positions, and the scatter-add that is its gradient: indexing."""

from benchmarks.workloads import random

CASES = {"gather": {"count": 1_000_000, "n": 100_000}}
QUICK = {"count": 50, "n": 20}


def inputs(count, n):
    source = random()
    return {"x": source.normal(size=n), "positions": source.integers(0, n, count)}


def by_hand(xp, data):
    x, positions = data.x, data.positions

    def step():
        y = x[positions]
        return y @ y, xp.bincount(positions, weights=2 * y, minlength=len(x))

    return step


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.x, device=device, requires_grad=True)
    positions = ag.tensor(data.positions, device=device)

    def step():
        x.grad = None
        value = ag.sum(x[positions] ** 2)
        value.backward()
        return value, x.grad

    return step


def torch(data, device):
    import torch

    x = torch.tensor(data.x, device=device, requires_grad=True)
    positions = torch.tensor(data.positions, device=device)

    def step():
        x.grad = None
        value = torch.sum(torch.index_select(x, 0, positions) ** 2)
        value.backward()
        return value, x.grad

    return step


def jax(data, jit):
    import jax

    x, positions = jax.numpy.asarray(data.x), jax.numpy.asarray(data.positions)
    both = jit(jax.value_and_grad(lambda x: jax.numpy.sum(x[positions] ** 2)))
    return lambda: both(x)


def autograd(data):
    import autograd.numpy as np
    from autograd import value_and_grad

    both = value_and_grad(lambda x: np.sum(x[data.positions] ** 2))
    return lambda: both(data.x)


def mygrad(data):
    import mygrad as mg

    x = mg.tensor(data.x)

    def step():
        x.null_grad()
        value = mg.sum(x[data.positions] ** 2)
        value.backward()
        return value, x.grad

    return step
