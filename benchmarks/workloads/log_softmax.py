"""A log-softmax loss over a 2048 x 2048 matrix and its gradient: reductions and broadcasting."""

import numpy as np

from benchmarks.workloads import random

CASES = {"log-softmax": {"n": 2048}}
QUICK = {"n": 8}


def inputs(n):
    source = random()
    return {"x": source.normal(size=(n, n)).astype(np.float32), "labels": source.integers(0, n, n)}


def by_hand(xp, data):
    x, labels = data.x, data.labels
    n = len(labels)
    rows = xp.arange(n)

    def step():
        p = x - x.max(axis=1, keepdims=True)
        picked = p[rows, labels]
        xp.exp(p, out=p)
        total = p.sum(axis=1)
        value = (xp.log(total) - picked).mean()
        total *= n
        p /= total[:, None]
        p[rows, labels] -= 1 / n
        return value, p

    return step


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.x, device=device, requires_grad=True)
    labels = ag.tensor(data.labels, device=device)

    def step():
        x.grad = None
        value = ag.cross_entropy(x, labels)
        value.backward()
        return value, x.grad

    return step


def torch(data, device):
    import torch
    from torch.nn.functional import cross_entropy

    x = torch.tensor(data.x, device=device, requires_grad=True)
    labels = torch.tensor(data.labels, device=device)

    def step():
        x.grad = None
        value = cross_entropy(x, labels)
        value.backward()
        return value, x.grad

    return step


def jax(data, jit):
    import jax
    import jax.numpy as jnp

    x, labels = jnp.asarray(data.x), jnp.asarray(data.labels)

    def loss(x):
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), labels[:, None], axis=1))

    both = jit(jax.value_and_grad(loss))
    return lambda: both(x)


def autograd(data):
    import autograd.numpy as np
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    rows = np.arange(len(data.labels))
    both = value_and_grad(lambda x: np.mean(logsumexp(x, axis=1) - x[rows, data.labels]))
    return lambda: both(data.x)


def mygrad(data):
    import mygrad as mg
    from mygrad.nnet import softmax_crossentropy

    x = mg.tensor(data.x)

    def step():
        x.null_grad()
        value = softmax_crossentropy(x, data.labels)
        value.backward()
        return value, x.grad

    return step
