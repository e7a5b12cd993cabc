"""``anygrad.scipy.special`` beside SciPy's: what has a signature of SciPy's own or is nowhere else."""

from __future__ import annotations

import functools
from typing import Any

from scipy import special

import anygrad as ag
from tests.consumers.harness import Case, Draw, normal, positive, within

LIBRARY = "anygrad.scipy"


def case(name: str, *inputs: Draw, before: tuple[Any, ...] = (), **keywords: Any) -> Case:
    """Make the case of a function called alike in both, with ``before`` before its arrays."""
    function, _, _ = name.partition(" ")
    run = lambda module, *arrays: getattr(module, function)(*before, *arrays, **keywords)
    tensors = lambda *arrays: run(ag.scipy.special, *arrays)
    full = f"anygrad.scipy.special.{name}"
    return Case(full, tensors, *inputs, reference=functools.partial(run, special), everywhere=True)


POLYNOMIALS = (
    "eval_chebyt",
    "eval_chebyu",
    "eval_hermite",
    "eval_hermitenorm",
    "eval_laguerre",
    "eval_legendre",
)

CASES = [
    case("erf", normal(5)),
    case("gammaln", positive(5)),
    case("logsumexp", normal(3, 4), axis=1, keepdims=True),
    case("softmax", normal(3, 4), axis=0),
    case("log_softmax", normal(3, 4), axis=1),
    case("comb", within(4, 6, 3), within(1, 3, 3), repetition=True),
    case("perm", within(4, 6, 3), within(1, 3, 3)),
    case("sinc", normal(5)),
    case("polygamma", positive(4), before=(1,)),
    case("multigammaln", within(2, 4), d=2),
    case("softplus", normal(5)),
    case("powm1", positive(5), normal(5)),
    *(case(name, normal(4), before=(4,)) for name in POLYNOMIALS),
]
CASES.append(
    Case(
        "anygrad.scipy.special.diric",
        lambda x: ag.scipy.special.diric(x, 4),
        normal(5),
        reference=lambda x: special.diric(x, 4),
    )
)
