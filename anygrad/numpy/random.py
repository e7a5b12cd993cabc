"""NumPy's own random numbers, where ``autograd.numpy`` has them: arrays, constants to a derivative.

``anygrad.random`` draws tensors on every device, whose gradients flow to the parameters of distributions.
"""

from numpy import random as _random
from numpy.random import *  # noqa: F403

__all__ = [*_random.__all__]
