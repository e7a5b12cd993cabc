"""The product of two 16384 x 16384 float32 matrices and both gradients: the arithmetic of the device.

On CUDA alone, since a core of a CPU takes minutes. All peers compute in single precision, without TF32: as
CuPy and PyTorch do by themselves, JAX and CUDA's own libraries are told to by ``peers.environment``.
"""

import numpy as np

from benchmarks.workloads import random

CASES = {}
CASES_CUDA = {"matmul": {"n": 16384}}
QUICK = {"n": 16}
CHECK_TINY = True
CANNOT = {
    "autograd": "has no CUDA device",
    "mygrad": "has no CUDA device",
}


def inputs(n):
    source = random()
    return {name: source.standard_normal((n, n), np.float32) for name in ("x", "y", "g")}


def by_hand(xp, data):
    x, y, g = data.x, data.y, data.g
    return lambda: (x @ y, g @ y.T, x.T @ g)


def anygrad(data, device):
    import anygrad as ag

    x, y = (ag.tensor(a, device=device, requires_grad=True) for a in (data.x, data.y))
    g = ag.tensor(data.g, device=device)

    def step():
        out = x @ y
        return out, *ag.autograd.grad(out, [x, y], g)

    return step


def torch(data, device):
    import torch

    x, y = (torch.tensor(a, device=device, requires_grad=True) for a in (data.x, data.y))
    g = torch.tensor(data.g, device=device)

    def step():
        out = x @ y
        return out, *torch.autograd.grad(out, [x, y], g)

    return step


def jax(data, jit):
    import jax
    import jax.numpy as jnp

    x, y, g = jnp.asarray(data.x), jnp.asarray(data.y), jnp.asarray(data.g)

    @jit
    def both(x, y, g):
        out, back = jax.vjp(jnp.matmul, x, y)
        return out, *back(g)

    return lambda: both(x, y, g)
