"""Samples of special functions, with SciPy's as references; they do not run where a library lacks one."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import scipy.special as scipy

import anygrad.special  # noqa: F401  (declares the rows)
from anygrad.backends.special import SPECIAL
from anygrad.backends.special_lookup import way_to
from tests.samples import ABOVE_ONE, NUMBERS, POSITIVE, SAMPLES, UNIT, X, Z, sample

PROBABILITIES = np.array([[0.05, 0.3, 0.62], [0.5, 0.77, 0.96]])
FAR = np.array([[-24.0, -12.5, -6.0], [5.5, 11.0, 23.0]])
LIBRARIES = {
    "strict": None,
    "torch": "torch.special",
    "jax": "jax.scipy.special",
    "cupy": "cupyx.scipy.special",
}
COMPLEX = dict.fromkeys(LIBRARIES, "has no complex ones")


def lacking(*names: str) -> dict[str, str]:
    """Return why samples do not run, by target: functions that a library lacks."""
    found = {}
    for target, library in LIBRARIES.items():
        missing = [name for name in names if name in SPECIAL and way_to(name, library) is None]
        if missing:
            found[target] = f"lacks {missing[0]}"
    return found


def narrow(function: Any) -> Any:
    """Return a function of SciPy whose results are no wider than the arrays that it is given."""

    def narrowed(*operands: Any, **keywords: Any) -> Any:
        out = function(*operands, **keywords)
        arrays = [x for x in operands if isinstance(x, np.ndarray | np.generic)]
        dtype = np.result_type(*arrays) if arrays else np.dtype("float64")
        if isinstance(out, tuple) or np.asarray(out).dtype.kind == "c" or dtype.kind in "biu":
            return out
        return np.asarray(out, dtype)

    return narrowed


KEPT = ("broadcast", "empty", "tie")
"""Kinds that run on the strict library too; of the others one sample is enough there, as it is slow."""
LONG = ("beta", "betaln", "binom", "digamma_rise", "gamma", "gammaln", "loggamma", "poch", "polygamma")
"""Functions written out in so many steps that one sample is enough of all kinds."""


def special(name: str, kind: str, *operands: Any, needs: tuple[str, ...] = (), **rest: Any) -> None:
    """Declare a sample of a special function, which needs itself and what it is made of."""
    rest.setdefault("reference", narrow(getattr(scipy, name, None)))
    rest["without"] = rest.pop("without", {}) | lacking(name, *needs)
    if SAMPLES.get(f"special.{name}") and (name in LONG or kind not in KEPT):
        rest["without"].setdefault("strict", "one sample is enough")
    sample(f"special.{name}", kind, *operands, **rest)


def corner(name: str, *operands: Any, grads: tuple[Any, ...], **rest: Any) -> None:
    """Declare a sample at a point that a formula must get right by decision."""
    special(name, "tie", *operands, grads=grads, **rest)


# ---------------------------------------------------------------- one input

ONE = {
    "cbrt cosm1 erf erfc erfcx erfi dawsn exprel log_expit log_ndtr sinc": X,
    "gammasgn rgamma j0 j1 i0 i0e i1 i1e": X,
    "digamma entr exp1 expi gamma gammaln k0 k0e k1 k1e loggamma spence y0 y1": POSITIVE,
    "ellipe ellipk erfinv": UNIT,
    "ellipkm1 erfcinv logit ndtri": PROBABILITIES,
    "ndtri_exp": -POSITIVE,
    "cosdg cotdg sindg tandg": 50 * POSITIVE,
}
for _names, _x in ONE.items():
    for _name in _names.split():
        special(_name, "plain", _x)
        special(_name, "0-d", _x[0, 1])
        special(_name, "empty", np.ones((0, 3)))
for _name in ("erf", "gammaln", "j0", "entr", "log_ndtr"):
    special(_name, "mixed", NUMBERS, without={"torch": "is exact to nine digits"} if _name == "j0" else {})
for _name in ("erf", "erfc", "erfi"):
    special(_name, "plain", 0.5 * Z, without=COMPLEX)
for _name in ("exp1", "expi"):
    special(_name, "plain", Z, without=COMPLEX)
for _name in ("dawsn", "log_ndtr", "exprel", "log_expit"):
    special(_name, "plain", FAR)
special("erfcx", "plain", np.array([-3.0, 9.9, 10.1, 1e4, 1e9]))
for _name in ("j1", "i1", "sinc", "exprel", "cosm1", "dawsn", "erfcx", "rgamma"):
    special(_name, "plain", np.array([-0.1, 0.0, 0.004]))
special("i1e", "plain", np.array([-0.1, 0.004]))
special("ellipk", "plain", np.array([-40.0, -0.05, 0.0, 0.02, 0.9]))
special("ellipe", "plain", np.array([-40.0, -0.05, 0.0, 0.02, 0.9]))
special("ellipkm1", "plain", np.array([0.07, 0.98, 1.0, 1.05]))
special("spence", "plain", np.array([1e-3, 0.97, 1.0, 1.05, 30.0]))
special("digamma", "plain", np.array([30.0, 1e5]))
for _name in ("digamma", "gamma", "gammaln"):
    special(_name, "plain", X, without={"strict": "lacks zeta of negative numbers"})
special("rgamma", "plain", np.array([-3.0, -2.0, -0.5, 0.5, 6.0]))
# Its derivative, of complex numbers, has none in turn.
_Z = np.array([0.55 + 0.7j, -1.2 + 0.3j])
for _name, _slope in {"gamma": scipy.gamma(_Z) * scipy.psi(_Z), "loggamma": scipy.psi(_Z)}.items():
    corner(_name, _Z, grads=(np.conj(_slope),), without=COMPLEX)

corner("cbrt", [0.0, -8.0], grads=([inf, 1 / 12],))
corner("entr", [0.0, 1.0, -1.0], grads=([0, -1, nan],))
corner("erf", [inf, -inf, 0.0], grads=([0, 0, 1.1283791670955126],))
corner("erfcx", [inf, -inf], grads=([0, -inf],))
corner("erfinv", [1.0, -1.0], grads=([inf, inf],))
corner("exprel", [0.0, inf, -inf], grads=([0.5, inf, 0],))
corner(
    "gammaln", [inf, 0.0], grads=([inf, -inf],), without=dict.fromkeys(("torch", "jax"), "has no such limit")
)
corner("gammasgn", [0.0, -0.5, 2.0], grads=([0, 0, 0],))
corner("i0e", [0.0], grads=([0],))
corner("i1e", [0.0], grads=([0.5],))
corner("log_expit", [-800.0, 800.0, 0.0], grads=([1, 0, 0.5],))
corner("log_ndtr", [-inf, 50.0, 0.0], grads=([inf, 0, 0.7978845608028654],))
corner("logit", [0.0, 1.0, 0.5], grads=([inf, inf, 4],))
corner("ndtri", [0.0, 1.0, 0.5], grads=([inf, inf, 2.5066282746310002],))
corner("spence", [0.0, 1.0], grads=([-inf, -1],))

# ---------------------------------------------------------------- two inputs, both with derivatives

TWO: dict[str, tuple[Any, Any]] = {
    "beta": (POSITIVE, PROBABILITIES),
    "betaln": (POSITIVE, PROBABILITIES),
    "binom": (ABOVE_ONE, PROBABILITIES),
    "boxcox": (POSITIVE, X),
    "boxcox1p": (POSITIVE, X),
    "huber": (POSITIVE, X),
    "inv_boxcox": (PROBABILITIES, UNIT),
    "inv_boxcox1p": (PROBABILITIES, UNIT),
    "kl_div": (POSITIVE, PROBABILITIES),
    "poch": (POSITIVE, PROBABILITIES),
    "pseudo_huber": (POSITIVE, X),
    "rel_entr": (POSITIVE, PROBABILITIES),
    "xlog1py": (X, UNIT),
    "xlogy": (X, POSITIVE),
}


def pairs(name: str, x: Any, y: Any, **rest: Any) -> None:
    """Declare the samples that each function of two inputs has."""
    special(name, "plain", x, y, **rest)
    special(name, "broadcast", x[:, :1], y, **rest)
    special(name, "scalar", x, 0.4, **rest)
    special(name, "scalar", 0.7, y, **rest)
    special(name, "0-d", x[1, 0], y[1, 0], **rest)
    special(name, "empty", np.ones((0, 3)), np.ones((0, 3)), **rest)


for _name, (_x, _y) in TWO.items():
    pairs(_name, _x, _y)
pairs("digamma_rise", POSITIVE, PROBABILITIES, reference=narrow(lambda x, y: scipy.psi(x + y) - scipy.psi(x)))
special("betaln", "plain", np.array([30.0, 400.0]), np.array([0.5, 20.0]))
special("boxcox", "plain", POSITIVE, np.array([[0.0], [1e-3]]))
special("inv_boxcox", "plain", PROBABILITIES, np.array([[0.0], [1e-3]]))
special("xlogy", "mixed", NUMBERS, POSITIVE)

corner("xlogy", [0.0, 0.0, 0.0, 2.0], [0.0, 2.0, -1.0, 1.0], grads=([0, np.log(2), 0, 0], [0, 0, 0, 2]))
corner("xlog1py", [0.0, 0.0, 2.0], [-1.0, 1.0, 0.0], grads=([0, np.log(2), 0], [0, 0, 2]))
corner("rel_entr", [0.0, 0.0, 1.0], [0.0, 2.0, 1.0], grads=([0, 0, 1], [0, 0, -1]))
corner("kl_div", [0.0, 0.0, 1.0], [0.0, 2.0, 1.0], grads=([0, 0, 0], [1, 1, 0]))
corner("huber", [1.0, 1.0, 0.0], [1.0, -1.0, 2.0], grads=([0, 0, 2], [1, -1, 0]))
corner("pseudo_huber", [0.0, 1.0, 1e-200], [2.0, 0.0, 2.0], grads=([2, 0, 2], [0, 0, 1e-200]))
corner("boxcox", [0.0, 1.0], [2.0, 0.0], grads=([0, 1], [0.25, 0]))

# ---------------------------------------------------------------- parameters that have no derivative


def orders(name: str, parameter: float, x: Any, **rest: Any) -> None:
    """Declare the samples of a function of a parameter, which has no derivative, and a variable."""
    each = np.full(x.shape, parameter)
    special(name, "plain", each, x, **rest)
    special(name, "broadcast", each[:1, :1], x, **rest)
    special(name, "scalar", parameter, x, **rest)
    special(name, "0-d", each[0, 0], x[0, 1], **rest)
    special(name, "empty", np.ones((0, 3)), np.ones((0, 3)), **rest)


_INTEGER = {"torch": "takes Python's integers"}
for _name, _parameter, _x in (
    ("gammainc", 1.7, POSITIVE),
    ("gammaincc", 1.7, POSITIVE),
    ("gammaincinv", 1.7, PROBABILITIES),
    ("gammainccinv", 1.7, PROBABILITIES),
    ("stdtr", 3.5, X),
    ("stdtrit", 3.5, PROBABILITIES),
    ("hyp0f1", 1.5, X),
    ("iv", 1.5, POSITIVE),
    ("ive", 2.0, X),
    ("jv", 1.5, POSITIVE),
    ("kv", 1.5, POSITIVE),
    ("kve", 1.5, POSITIVE),
    ("yv", 1.5, POSITIVE),
    ("zeta", 2.5, POSITIVE),
):
    orders(_name, _parameter, _x)
orders("polygamma", 1, POSITIVE)
orders("expn", 2, POSITIVE)
special("polygamma", "plain", 3, POSITIVE)
special("polygamma", "plain", np.array([0, 1, 2]), POSITIVE)
special("expn", "plain", np.array([0, 1, 3]), POSITIVE)
special("expn", "plain", 1, POSITIVE)
special("expn", "plain", 0, POSITIVE)
for _name in ("ellipeinc", "ellipkinc"):
    special(_name, "plain", X, np.full((2, 3), 0.4))
    special(_name, "broadcast", X, np.full((1, 3), 0.4))
    special(_name, "scalar", X, 0.4)
    special(_name, "0-d", 0.7 + 0 * X[0, 0], 0.4 + 0 * X[0, 0])
    special(_name, "empty", np.ones((0, 3)), np.ones((0, 3)))


def three(name: str, a: float, b: float, x: Any, **rest: Any) -> None:
    """Declare the samples of a function of two parameters and a variable."""
    special(name, "plain", np.full(x.shape, a), np.full(x.shape, b), x, **rest)
    special(name, "broadcast", np.full((2, 1), a), np.array(b), x, **rest)
    special(name, "scalar", a, b, x, **rest)
    special(name, "0-d", a, b, x[0, 1], **rest)
    special(name, "empty", a, b, np.ones((0, 3)), **rest)


for _name in ("betainc", "betaincc", "betaincinv", "betainccinv"):
    three(_name, 1.7, 2.5, PROBABILITIES)
three("hyp1f1", 0.7, 1.6, X)
special("hyp2f1", "plain", 0.7, 1.6, 2.5, UNIT)
special("hyp2f1", "broadcast", np.full((2, 1), 0.7), 1.6, np.full((1, 3), 2.5), UNIT)
special("hyp2f1", "scalar", 0.7, 1.6, 2.5, UNIT)
special("hyp2f1", "0-d", 0.7, 1.6, 2.5, UNIT[0, 1])
special("hyp2f1", "empty", 0.7, 1.6, 2.5, np.ones((0, 3)))

corner("gammainc", 1.0, [0.0, inf], grads=([1, 0],))
corner("gammainc", 2.0, [0.0], grads=([0],))
corner("gammaincc", 0.5, [0.0], grads=([-inf],))
corner("betainc", 1.0, 2.0, [0.0, 1.0], grads=([2, 0],))
corner("stdtr", 1.0, [0.0], grads=([0.3183098861837907],))
corner("jv", 0, [0.0], grads=([0],))
corner("iv", 1, [0.0], grads=([0.5],))

# ---------------------------------------------------------------- several outputs, keywords

for _name, _x in (("fresnel", X), ("sici", POSITIVE)):
    special(_name, "plain", _x)
    special(_name, "0-d", _x[0, 1])
    special(_name, "empty", np.ones((0, 3)))
special("lambertw", "plain", POSITIVE)
special("lambertw", "plain", Z)
special("lambertw", "plain", Z, k=-1)
special("lambertw", "0-d", POSITIVE[0, 0])
special("lambertw", "empty", np.ones((0, 3)))
corner("lambertw", [0.0], grads=([1],))

# ---------------------------------------------------------------- functions made of others

K = np.array([[1, 0, 2], [3, 1, 2]])
MADE: dict[str, tuple[tuple[str, ...], tuple[Any, ...]]] = {
    "bdtr": (("betaincc",), (K, 4, PROBABILITIES)),
    "bdtrc": (("betainc",), (K, 4, PROBABILITIES)),
    "bdtri": (("betainccinv",), (K, 4, PROBABILITIES)),
    "chdtr": (("gammainc",), (3.0, POSITIVE)),
    "chdtrc": (("gammaincc",), (3.0, POSITIVE)),
    "chdtri": (("gammainccinv",), (3.0, PROBABILITIES)),
    "comb": (("binom",), (np.array([[5.0, 4.5, 3.0]]), np.array([[2.0, 1.5, 4.0]]))),
    "exp2": ((), (X,)),
    "exp10": ((), (X,)),
    "factorial": (("gamma",), (np.array([2.5, 0.3, -1.0]),)),
    "fdtr": (("betainc",), (3.0, 5.0, POSITIVE)),
    "fdtrc": (("betainc",), (3.0, 5.0, POSITIVE)),
    "fdtri": (("betainccinv",), (3.0, 5.0, PROBABILITIES)),
    "gdtr": (("gammainc",), (PROBABILITIES, 2.0, POSITIVE)),
    "gdtrc": (("gammaincc",), (PROBABILITIES, 2.0, POSITIVE)),
    "kn": (("kv",), (2, POSITIVE)),
    "multigammaln": (("gammaln",), (ABOVE_ONE, 3)),
    "nbdtr": (("betainc",), (K, 4, PROBABILITIES)),
    "nbdtrc": (("betaincc",), (K, 4, PROBABILITIES)),
    "nbdtri": (("betaincinv",), (K, 4, PROBABILITIES)),
    "pdtr": (("gammaincc",), (K, POSITIVE)),
    "pdtrc": (("gammainc",), (2, POSITIVE)),
    "pdtri": (("gammainccinv",), (K, PROBABILITIES)),
    "perm": (("poch",), (np.array([[5.0, 4.5, 3.0]]), np.array([[2.0, 1.5, 4.0]]))),
    "radian": ((), (X, 2.0, POSITIVE)),
    "yn": (("yv",), (2, POSITIVE)),
}
for _name, (_needs, _operands) in MADE.items():
    _extra = (3,) if _name == "multigammaln" else ()
    _operands = _operands[: len(_operands) - len(_extra)]
    _arrays = [isinstance(x, np.ndarray) for x in _operands]
    _first = [x.reshape(-1)[0] if array else x for x, array in zip(_operands, _arrays, strict=True)]
    _none = [x[:0] if array else x for x, array in zip(_operands, _arrays, strict=True)]
    _without = {"strict": "made of functions that run there"} if _needs else {}
    for _kind, _given in (("plain", _operands), ("0-d", _first), ("empty", _none)):
        special(_name, _kind, *_given, extra=_extra, needs=_needs, without=dict(_without))

WEIGHTS = np.array([[1.5, 0.0, 2.0], [0.5, 1.0, 0.3]])


def _references() -> dict[str, Callable[..., Any]]:
    def cast(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x, **keywords: np.asarray(function(x, **keywords))

    return {name: cast(getattr(scipy, name)) for name in ("softmax", "log_softmax", "logsumexp")}


for _name, _reference in _references().items():
    special(_name, "plain", X, reference=_reference)
    special(_name, "axis", X, axis=-1, reference=_reference)
    special(_name, "axis", X, axis=0, reference=_reference)
    special(_name, "0-d", X[0, 0], reference=_reference)
    special(_name, "empty", np.ones((0, 3)), axis=1, reference=_reference)
special("logsumexp", "axis", X, axis=1, b=WEIGHTS, keepdims=True, reference=scipy.logsumexp)
special("logsumexp", "axis", X, b=-WEIGHTS, axis=0, return_sign=True, reference=scipy.logsumexp)
