"""``anygrad.scipy.fft`` beside SciPy's."""

from __future__ import annotations

import functools
from typing import Any

from scipy import fft

import anygrad as ag
from tests.consumers.harness import Case, Draw, normal, waves

LIBRARY = "anygrad.scipy"
TRIGONOMETRIC = ("dct", "idct", "dst", "idst")


def case(name: str, draw: Draw, *arguments: Any, **keywords: Any) -> Case:
    """Make the case of a function called alike in both."""
    function, _, remark = name.partition(" ")
    everywhere = keywords.pop("everywhere", False)
    run = lambda module, x: getattr(module, function)(x, *arguments, **keywords)
    full = f"anygrad.scipy.fft.{function} {remark}".strip()
    tensors = lambda x: run(ag.scipy.fft, x)
    return Case(full, tensors, draw, reference=functools.partial(run, fft), everywhere=everywhere)


CASES = [
    *(case(f"{f} {t}", normal(2, 5), t, everywhere=True) for f in TRIGONOMETRIC for t in (1, 2, 3, 4)),
    *(
        case(f"{f} {t} even", normal(6, 2), t, axis=0, norm="forward")
        for f in TRIGONOMETRIC
        for t in (1, 2, 3, 4)
    ),
    *(case(f"{f} {t} ortho", normal(5), t, norm="ortho") for f in TRIGONOMETRIC for t in (1, 2, 3, 4)),
    *(
        case(f"{f} {t} weighed", normal(5), t, 7, orthogonalize=True)
        for f in TRIGONOMETRIC
        for t in (1, 2, 3)
    ),
    *(case(f"{f}n {t}", waves(3, 4), t, (5, 2)) for f in TRIGONOMETRIC for t in (1, 2, 3, 4)),
    *(case(f, waves(3, 5), n=7, axis=0) for f in ("fft", "ifft", "irfft", "hfft")),
    *(case(f, normal(3, 5), n=4, norm="ortho") for f in ("rfft", "ihfft")),
    *(case(f, waves(2, 3, 4), s=(4, 3)) for f in ("fftn", "ifftn", "irfftn", "fft2", "ifft2", "irfft2")),
    *(case(f, normal(2, 3, 4), s=(4, 3)) for f in ("rfftn", "rfft2")),
    case("fftshift", normal(3, 4), axes=1),
    case("ifftshift", normal(3, 4)),
]
