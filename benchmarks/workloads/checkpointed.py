"""A chain of a hundred layers over eight million float64 in ten checkpoints, both ways: peak memory."""

import itertools

from benchmarks.workloads import memory

CASES = {"checkpoint": {"layers": 100, "n": 8_000_000, "segments": 10}}
QUICK = {"layers": 9, "n": 100_000, "segments": 3}
MEASURE = "memory"
CANNOT = {
    "autograd": "has a checkpoint for one function, none for a sequence",
    "mygrad": "has no checkpoints",
}


def inputs(layers, n, segments):
    return memory.inputs(layers, n) | {"segments": segments}


def bytes_needed(layers, n, segments):
    return (3 * segments + layers // segments + 12) * n * 8


def by_hand(xp, data):
    x, layers, segments = data.x, data.layers, data.segments
    bounds = [layers * i // segments for i in range(segments + 1)]

    def run(y, count):
        kept = []
        for _ in range(count):
            y = xp.tanh(y)
            kept.append(y)
        return kept

    def step():
        starts, y = [], x
        for start, stop in itertools.pairwise(bounds):
            starts.append(y)
            for _ in range(start, stop):
                y = xp.tanh(y)
        value = y.sum()
        g = xp.ones_like(y)
        del y
        for i in reversed(range(segments)):
            kept = run(starts.pop(), bounds[i + 1] - bounds[i])
            while kept:
                slope = kept.pop()
                slope *= slope
                xp.subtract(1, slope, out=slope)
                g *= slope
        return value, g

    return step


def anygrad(data, device):
    import anygrad as ag

    x = ag.tensor(data.x, device=device, requires_grad=True)

    def step():
        value = ag.checkpoint_sequential([ag.tanh] * data.layers, data.segments, x).sum()
        value.backward()
        return value, x.grad

    return step


def torch(data, device):
    import torch
    from torch.utils.checkpoint import checkpoint_sequential

    x = torch.tensor(data.x, device=device, requires_grad=True)

    def step():
        layers = [torch.tanh] * data.layers
        value = checkpoint_sequential(layers, data.segments, x, use_reentrant=False).sum()
        value.backward()
        return value, x.grad

    return step


def jax(data, jit):
    import jax

    size = data.layers // data.segments

    def segment(x):
        for _ in range(size):
            x = jax.numpy.tanh(x)
        return x

    def chain(x):
        for _ in range(data.segments):
            x = jax.checkpoint(segment)(x)
        return x.sum()

    x = jax.numpy.asarray(data.x)
    both = jit(jax.value_and_grad(chain))
    return lambda: both(x)
