"""The standard's extension ``fft``: Fourier transforms over one axis or several, and their frequencies.

Complex input is what the standard speaks of; real numbers and integers are taken too, as NumPy takes them.
Only ``rfft``, ``rfftn`` and ``ihfft`` refuse complex input: ``DtypeError``.
"""

from typing import Any

from anygrad import ops  # noqa: F401  (declares the rows, before anything reads the registry)
from anygrad.functions import functions_of
from anygrad.hints import elsewhere

_PUBLIC = functions_of("fft")
globals().update(_PUBLIC)

__all__ = [*_PUBLIC]


def __getattr__(name: str) -> Any:
    return elsewhere(name, __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
