"""One iteration of the tutorial's descent on the Rosenbrock function: a few scalars, all of it overhead."""

import numpy as np

CASES = {"rosenbrock": {}}
QUICK = {}
RATE = 0.01


def inputs():
    return {"start": np.array([-1.0, 1.0], dtype=np.float32)}


def by_hand(xp, data):
    x = data.start.copy()

    def step():
        a, b = x
        u, v = 1 - a, b - a * a
        value = u * u + 5 * (v * v)
        x[0] = a + RATE * (2 * u + 20 * a * v)
        x[1] = b - RATE * (10 * v)
        return value, x

    return step


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.start, device=device, requires_grad=True)

    def step():
        value = (1 - x[0]) ** 2 + 5 * (x[1] - x[0] ** 2) ** 2
        value.backward()
        with ag.no_grad():
            x.sub_(x.grad, alpha=RATE)
        x.grad = None
        return value, x

    return step


def torch(data, device):
    import torch

    x = torch.tensor(data.start, device=device, requires_grad=True)

    def step():
        value = (1 - x[0]) ** 2 + 5 * (x[1] - x[0] ** 2) ** 2
        value.backward()
        with torch.no_grad():
            x.sub_(x.grad, alpha=RATE)
        x.grad = None
        return value, x

    return step


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 5 * (x[1] - x[0] ** 2) ** 2


def jax(data, jit):
    import jax

    @jit
    def iteration(x):
        value, g = jax.value_and_grad(rosenbrock)(x)
        return value, x - RATE * g

    x = jax.numpy.asarray(data.start)

    def step():
        nonlocal x
        value, x = iteration(x)
        return value, x

    return step


def autograd(data):
    from autograd import value_and_grad

    x = data.start.copy()
    both = value_and_grad(rosenbrock)

    def step():
        nonlocal x
        value, g = both(x)
        x -= RATE * g
        return value, x

    return step


def mygrad(data):
    import mygrad as mg

    x = mg.tensor(data.start)

    def step():
        value = rosenbrock(x)
        value.backward()
        g = x.grad
        x.null_grad()
        x.data -= RATE * g
        return value, x

    return step
