"""The Hessian of the Rosenbrock function in 100 variables: second order, whole."""

from benchmarks.workloads import random

CASES = {"hessian": {"n": 100}}
QUICK = {"n": 6}
CANNOT = {"mygrad": "has no second derivatives"}


def inputs(n):
    return {"x": random().normal(size=n)}


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def by_hand(xp, data):
    """Write the band of the matrix down: it is tridiagonal."""
    x = data.x
    n = len(x)
    here, after = xp.arange(n - 1), xp.arange(1, n)

    def step():
        a, b = x[:-1], x[1:]
        hessian = xp.zeros((n, n))
        hessian[here, here] = 1200 * a * a - 400 * b + 2
        hessian[after, after] += 200
        hessian[here, after] = hessian[after, here] = -400 * a
        return (hessian,)

    return step


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.x, device=device)
    hessian = ag.hessian(rosenbrock)
    return lambda: (hessian(x),)


def torch(data, device):
    import torch

    x = torch.tensor(data.x, device=device)
    hessian = torch.func.hessian(rosenbrock)
    return lambda: (hessian(x),)


def jax(data, jit):
    import jax

    x = jax.numpy.asarray(data.x)
    hessian = jit(jax.hessian(rosenbrock))
    return lambda: (hessian(x),)


def autograd(data):
    from autograd import hessian

    of = hessian(rosenbrock)
    return lambda: (of(data.x),)
