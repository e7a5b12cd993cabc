"""What comes of SciPy's functions again and again, where it is no gradient."""

from anygrad.errors import GraphExitError, UnsupportedError
from tests.consumers.harness import Plain, Raises

__all__ = ["COMPILED", "CONVERTS", "NOT_THERE", "RANKS"]

COMPILED = Raises(GraphExitError, "compiled for NumPy's arrays: it converts what it gets")
CONVERTS = Raises(GraphExitError, "written for NumPy's arrays: it converts what it gets")
NOT_THERE = Raises(
    UnsupportedError, "the library has no such special function, and the standard does not write it out"
)
RANKS = Plain("of ranks alone")
