"""A thousand slices of one tensor, joined again: slicing, concatenation and their gradients."""

from benchmarks.workloads import random

CASES = {"pieces": {"count": 1000}}
QUICK = {"count": 10}
PER = ("count", "piece")
WIDTH = 10


def inputs(count):
    source = random()
    return {"x": source.normal(size=WIDTH * count), "factors": source.normal(size=count).tolist()}


def by_hand(xp, data):
    x, factors = data.x, data.factors

    def step():
        y = xp.concatenate([x[i * WIDTH : (i + 1) * WIDTH] * c for i, c in enumerate(factors)])
        value = y @ y
        g, gx = 2 * y, xp.empty_like(x)
        for i, c in enumerate(factors):
            piece = slice(i * WIDTH, (i + 1) * WIDTH)
            xp.multiply(g[piece], c, out=gx[piece])
        return value, gx

    return step


def loss(x, factors, join):
    y = join([x[i * WIDTH : (i + 1) * WIDTH] * c for i, c in enumerate(factors)])
    return (y * y).sum()


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.x, device=device, requires_grad=True)

    def step():
        x.grad = None
        value = loss(x, data.factors, ag.concat)
        value.backward()
        return value, x.grad

    return step


def torch(data, device):
    import torch

    x = torch.tensor(data.x, device=device, requires_grad=True)

    def step():
        x.grad = None
        y = torch.cat([piece * c for piece, c in zip(torch.split(x, WIDTH), data.factors, strict=True)])
        value = (y * y).sum()
        value.backward()
        return value, x.grad

    return step


def jax(data, jit):
    """A loop that the compiler sees: written out, the thousand slices take it minutes."""
    import jax
    import jax.numpy as jnp

    factors = jnp.asarray(data.factors)

    def loss(x):
        def piece(given):
            i, c = given
            return jax.lax.dynamic_slice(x, (i * WIDTH,), (WIDTH,)) * c

        y = jax.lax.map(piece, (jnp.arange(len(factors)), factors)).reshape(-1)
        return (y * y).sum()

    x = jnp.asarray(data.x)
    both = jit(jax.value_and_grad(loss))
    return lambda: both(x)


def autograd(data):
    import autograd.numpy as np
    from autograd import value_and_grad

    both = value_and_grad(lambda x: loss(x, data.factors, np.concatenate))
    return lambda: both(data.x)


def mygrad(data):
    import mygrad as mg

    x = mg.tensor(data.x)

    def step():
        x.null_grad()
        value = loss(x, data.factors, mg.concatenate)
        value.backward()
        return value, x.grad

    return step
