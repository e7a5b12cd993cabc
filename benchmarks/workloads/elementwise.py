"""Value and gradient of sum(tanh(1.5 x + 0.5)² exp(-x²)) over millions of numbers: memory bandwidth."""

from benchmarks.workloads import random

CASES = {f"elementwise-{dtype}": {"n": 4_000_000, "dtype": dtype} for dtype in ("float32", "float64")}
CASES_CUDA = {"elementwise-64M": {"n": 64_000_000, "dtype": "float32"}}
QUICK = {"n": 1000}


def inputs(n, dtype):
    return {"x": random().normal(size=n).astype(dtype)}


def by_hand(xp, data):
    x = data.x

    def step():
        t = 1.5 * x
        t += 0.5
        xp.tanh(t, out=t)
        e = x * x
        xp.negative(e, out=e)
        xp.exp(e, out=e)
        te = t * e  # both terms of the gradient hold it: te (3 (1 - t²) - 2 x t)
        value = (te * t).sum() if xp.__name__ != "numpy" else te @ t
        g = t * t
        xp.subtract(1, g, out=g)
        g *= 3
        t *= x
        t *= 2
        g -= t
        g *= te
        return value, g

    return step


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.x, device=device, requires_grad=True)

    def step():
        x.grad = None
        value = ag.sum(ag.tanh(1.5 * x + 0.5) ** 2 * ag.exp(-(x**2)))
        value.backward()
        return value, x.grad

    return step


def torch(data, device):
    import torch

    x = torch.tensor(data.x, device=device, requires_grad=True)

    def step():
        x.grad = None
        value = torch.sum(torch.tanh(1.5 * x + 0.5) ** 2 * torch.exp(-(x**2)))
        value.backward()
        return value, x.grad

    return step


def jax(data, jit):
    import jax
    import jax.numpy as jnp

    x = jnp.asarray(data.x)
    both = jit(jax.value_and_grad(lambda x: jnp.sum(jnp.tanh(1.5 * x + 0.5) ** 2 * jnp.exp(-(x**2)))))
    return lambda: both(x)


def autograd(data):
    import autograd.numpy as np
    from autograd import value_and_grad

    both = value_and_grad(lambda x: np.sum(np.tanh(1.5 * x + 0.5) ** 2 * np.exp(-(x**2))))
    return lambda: both(data.x)


def mygrad(data):
    import mygrad as mg

    x = mg.tensor(data.x)

    def step():
        x.null_grad()
        value = mg.sum(mg.tanh(1.5 * x + 0.5) ** 2 * mg.exp(-(x**2)))
        value.backward()
        return value, x.grad

    return step
