"""The likelihood of a Gaussian process, n = 500, by a Cholesky factor, and its gradient: linear algebra."""

import math

import numpy as np

from benchmarks.workloads import random

CASES = {"gaussian-process": {"n": 500}}
QUICK = {"n": 12}
CANNOT = {"mygrad": "has no linear algebra"}


def inputs(n):
    source = random()
    x = source.uniform(0, 10, (n, 1))
    distances = (x - x.T) ** 2
    y = np.sin(x[:, 0]) + 0.1 * source.normal(size=n)
    # The logarithms of the length scale, of the signal's deviation and of the noise's.
    return {"distances": distances, "eye": np.eye(n), "y": y, "theta": np.log([1.2, 0.9, 0.3])}


def by_hand(xp, data):
    distances, eye, y, theta = data.distances, data.eye, data.y, data.theta
    n = len(y)

    def step():
        length, signal, noise = (math.exp(2 * float(t)) for t in theta)
        smooth = signal * xp.exp(distances * (-0.5 / length))
        k = smooth + noise * eye
        factor = xp.linalg.cholesky(k)
        inverse = xp.linalg.inv(k)  # the gradient needs it; through the factor it takes longer without a trsm
        alpha = inverse @ y
        value = 0.5 * (y @ alpha) + xp.log(xp.diagonal(factor)).sum() + 0.5 * n * math.log(2 * math.pi)
        g = 0.5 * (inverse - xp.outer(alpha, alpha))
        gs = g * smooth
        return value, xp.stack([(gs * distances).sum() / length, 2 * gs.sum(), 2 * noise * xp.trace(g)])

    return step


def covariance(distances, eye, length, signal, noise, exp):
    return signal * exp(distances * (-0.5 / length)) + noise * eye


def anygrad(data, device):
    import anygrad as ag

    theta = ag.tensor(data.theta, device=device, requires_grad=True)
    distances, eye, y = (ag.tensor(a, device=device) for a in (data.distances, data.eye, data.y))
    constant = 0.5 * len(data.y) * math.log(2 * math.pi)

    def step():
        theta.grad = None
        scales = ag.exp(2 * theta)
        factor = ag.linalg.cholesky(covariance(distances, eye, scales[0], scales[1], scales[2], ag.exp))
        white = ag.linalg.solve_triangular(factor, y, upper=False)
        value = 0.5 * (white @ white) + ag.sum(ag.log(ag.linalg.diagonal(factor))) + constant
        value.backward()
        return value, theta.grad

    return step


def torch(data, device):
    import torch

    theta = torch.tensor(data.theta, device=device, requires_grad=True)
    distances, eye, y = (torch.tensor(a, device=device) for a in (data.distances, data.eye, data.y))
    constant = 0.5 * len(data.y) * math.log(2 * math.pi)

    def step():
        theta.grad = None
        factor = torch.linalg.cholesky(covariance(distances, eye, *torch.exp(2 * theta), torch.exp))
        white = torch.linalg.solve_triangular(factor, y[:, None], upper=False)[:, 0]
        value = 0.5 * (white @ white) + torch.log(torch.diagonal(factor)).sum() + constant
        value.backward()
        return value, theta.grad

    return step


def jax(data, jit):
    import jax
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular

    theta, distances, eye, y = (jnp.asarray(a) for a in (data.theta, data.distances, data.eye, data.y))
    constant = 0.5 * len(data.y) * math.log(2 * math.pi)

    def loss(theta):
        factor = jnp.linalg.cholesky(covariance(distances, eye, *jnp.exp(2 * theta), jnp.exp))
        white = solve_triangular(factor, y, lower=True)
        return 0.5 * (white @ white) + jnp.log(jnp.diagonal(factor)).sum() + constant

    both = jit(jax.value_and_grad(loss))
    return lambda: both(theta)


def autograd(data):
    import autograd.numpy as np
    from autograd import value_and_grad
    from autograd.scipy.linalg import solve_triangular

    constant = 0.5 * len(data.y) * math.log(2 * math.pi)

    def loss(theta):
        scales = np.exp(2 * theta)
        k = covariance(data.distances, data.eye, scales[0], scales[1], scales[2], np.exp)
        factor = np.linalg.cholesky(k)
        white = solve_triangular(factor, data.y, lower=True)
        return 0.5 * np.dot(white, white) + np.sum(np.log(np.diag(factor))) + constant

    both = value_and_grad(loss)
    return lambda: both(data.theta)
