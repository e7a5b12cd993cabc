"""The product of that Hessian and a vector: second order as optimisers use it."""

from benchmarks.workloads import random
from benchmarks.workloads.hessian import rosenbrock

CASES = {"hessian-vector": {"n": 100}}
QUICK = {"n": 6}
CANNOT = {"mygrad": "has no second derivatives"}


def inputs(n):
    source = random()
    return {"x": source.normal(size=n), "v": source.normal(size=n)}


def by_hand(xp, data):
    x, v = data.x, data.v

    def step():
        a, b = x[:-1], x[1:]
        off = -400 * a
        out = xp.zeros_like(x)
        out[:-1] = (1200 * a * a - 400 * b + 2) * v[:-1] + off * v[1:]
        out[1:] += 200 * v[1:] + off * v[:-1]
        return (out,)

    return step


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.x, device=device, requires_grad=True)
    v = ag.tensor(data.v, device=device)

    def step():
        (g,) = ag.autograd.grad(rosenbrock(x), x, create_graph=True)
        return ag.autograd.grad(g, x, v)

    return step


def torch(data, device):
    import torch

    x = torch.tensor(data.x, device=device, requires_grad=True)
    v = torch.tensor(data.v, device=device)

    def step():
        (g,) = torch.autograd.grad(rosenbrock(x), x, create_graph=True)
        return torch.autograd.grad(g, x, v)

    return step


def jax(data, jit):
    import jax

    x, v = jax.numpy.asarray(data.x), jax.numpy.asarray(data.v)
    product = jit(lambda x, v: jax.jvp(jax.grad(rosenbrock), (x,), (v,))[1])
    return lambda: (product(x, v),)


def autograd(data):
    from autograd import hessian_vector_product

    product = hessian_vector_product(rosenbrock)
    return lambda: (product(data.x, data.v),)
