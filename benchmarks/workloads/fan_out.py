"""One tensor used a thousand times: the accumulation of gradients."""

from benchmarks.workloads import random

CASES = {"fan-out": {"count": 1000}}
QUICK = {"count": 10}
PER = ("count", "use")


def inputs(count):
    source = random()
    return {"x": source.normal(size=1000), "factors": source.normal(size=count).tolist()}


def by_hand(xp, data):
    x, factors = data.x, data.factors

    def step():
        total = xp.zeros_like(x)
        for c in factors:
            total += x * c
        value = total @ total
        g, gx = 2 * total, xp.zeros_like(x)
        for c in factors:
            gx += g * c
        return value, gx

    return step


def loss(x, factors):
    total = x * factors[0]
    for c in factors[1:]:
        total = total + x * c
    return (total * total).sum()


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.x, device=device, requires_grad=True)

    def step():
        x.grad = None
        value = loss(x, data.factors)
        value.backward()
        return value, x.grad

    return step


def torch(data, device):
    import torch

    x = torch.tensor(data.x, device=device, requires_grad=True)

    def step():
        x.grad = None
        value = loss(x, data.factors)
        value.backward()
        return value, x.grad

    return step


def jax(data, jit):
    """A loop that the compiler sees: written out, the thousand uses take it many seconds."""
    import jax
    import jax.numpy as jnp

    factors = jnp.asarray(data.factors)

    def loss(x):
        total, _ = jax.lax.scan(lambda total, c: (total + x * c, None), jnp.zeros_like(x), factors)
        return (total * total).sum()

    x = jnp.asarray(data.x)
    both = jit(jax.value_and_grad(loss))
    return lambda: both(x)


def autograd(data):
    from autograd import value_and_grad

    both = value_and_grad(lambda x: loss(x, data.factors))
    return lambda: both(data.x)


def mygrad(data):
    import mygrad as mg

    x = mg.tensor(data.x)

    def step():
        x.null_grad()
        value = loss(x, data.factors)
        value.backward()
        return value, x.grad

    return step
