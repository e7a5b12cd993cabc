"""SciPy's special functions, called directly: they find ``special`` in the namespace of tensors."""

from __future__ import annotations

import numpy as np
from scipy import special

from anygrad.errors import UnsupportedError
from tests.consumers.harness import Case, Draw, Held, Raises, fixed, normal, positive, within
from tests.consumers.scipy_outcomes import COMPILED, NOT_THERE

LIBRARY = "scipy"

NO_FORM = Raises(UnsupportedError, "a ufunc that has no form for tensors")

UNIT = within(0.1, 0.9, 4)
WRITTEN_OUT: dict[str, tuple[Draw | Held, ...]] = {
    "beta": (positive(4), positive(4)),
    "betaln": (positive(4), positive(4)),
    "binom": (within(4, 6, 4), within(1, 2, 4)),
    "boxcox": (positive(4), normal(4)),
    "boxcox1p": (positive(4), normal(4)),
    "cbrt": (normal(4),),
    "cosm1": (normal(4),),
    "entr": (positive(4),),
    "erf": (normal(4),),
    "erfc": (normal(4),),
    "erfcx": (normal(4),),
    "exp10": (normal(4),),
    "exp2": (normal(4),),
    "expit": (normal(3, 2),),
    "exprel": (normal(4),),
    "gamma": (positive(4),),
    "gammaln": (positive(4),),
    "huber": (positive(4), within(3, 4, 4)),
    "inv_boxcox": (positive(4), within(0.5, 1, 4)),
    "inv_boxcox1p": (positive(4), within(0.5, 1, 4)),
    "kl_div": (positive(4), positive(4)),
    "log_ndtr": (normal(4),),
    "log_softmax": (normal(3, 4),),
    "loggamma": (positive(4),),
    "logit": (UNIT,),
    "logsumexp": (normal(3, 4),),
    "ndtr": (normal(4),),
    "poch": (positive(4), positive(4)),
    "polygamma": (fixed([1, 2]), positive(2)),
    "pseudo_huber": (positive(4), normal(4)),
    "psi": (positive(4),),
    "radian": (normal(4), normal(4), normal(4)),
    "rel_entr": (positive(4), positive(4)),
    "rgamma": (positive(4),),
    "sinc": (normal(4),),
    "softmax": (normal(3, 4),),
    "xlog1py": (normal(4), positive(4)),
    "xlogy": (normal(4), positive(4)),
    "zeta": (Held(within(1.5, 3, 4)), positive(4)),
}
"""Functions that any library has, written in those of the standard, and their inputs."""

OF_LIBRARIES: dict[str, tuple[Draw | Held, ...]] = {
    "bdtr": (fixed([1.0, 2.0]), fixed([5, 7]), within(0.2, 0.8, 2)),
    "bdtrc": (fixed([1.0, 2.0]), fixed([5, 7]), within(0.2, 0.8, 2)),
    "betainc": (Held(positive(4)), Held(positive(4)), UNIT),
    "betaincc": (Held(positive(4)), Held(positive(4)), UNIT),
    "betaincinv": (Held(positive(4)), Held(positive(4)), UNIT),
    "chdtr": (Held(within(2, 4, 4)), positive(4)),
    "chdtrc": (Held(within(2, 4, 4)), positive(4)),
    "chdtri": (Held(within(2, 4, 4)), UNIT),
    "cosdg": (within(0, 90, 4),),
    "cotdg": (within(10, 80, 4),),
    "dawsn": (normal(4),),
    "ellipk": (UNIT,),
    "ellipkm1": (UNIT,),
    "erfinv": (within(-0.8, 0.8, 4),),
    "exp1": (positive(4),),
    "expi": (positive(4),),
    "expn": (fixed([2, 3]), positive(2)),
    "fdtr": (Held(within(2, 4, 4)), Held(within(2, 4, 4)), positive(4)),
    "fdtrc": (Held(within(2, 4, 4)), Held(within(2, 4, 4)), positive(4)),
    "fdtri": (Held(within(2, 4, 4)), Held(within(2, 4, 4)), UNIT),
    "gammainc": (Held(positive(4)), positive(4)),
    "gammaincc": (Held(positive(4)), positive(4)),
    "gammainccinv": (Held(positive(4)), UNIT),
    "gammaincinv": (Held(positive(4)), UNIT),
    "gdtr": (positive(4), Held(positive(4)), positive(4)),
    "gdtrc": (positive(4), Held(positive(4)), positive(4)),
    "hyp1f1": (Held(positive(4)), Held(positive(4)), normal(4)),
    "hyp2f1": (Held(positive(4)), Held(positive(4)), Held(positive(4)), within(-0.5, 0.5, 4)),
    "i0": (normal(4),),
    "i0e": (normal(4),),
    "i1": (normal(4),),
    "i1e": (normal(4),),
    "j0": (normal(4),),
    "j1": (normal(4),),
    "jv": (fixed([0.5, 2.0]), positive(2)),
    "k0": (positive(4),),
    "k0e": (positive(4),),
    "k1": (positive(4),),
    "k1e": (positive(4),),
    "nbdtr": (fixed([1, 2]), fixed([5, 7]), within(0.2, 0.8, 2)),
    "nbdtrc": (fixed([1, 2]), fixed([5, 7]), within(0.2, 0.8, 2)),
    "nbdtri": (fixed([1, 2]), fixed([5, 7]), within(0.2, 0.8, 2)),
    "ndtri": (UNIT,),
    "pdtr": (fixed([1.0, 2.0]), positive(2)),
    "pdtrc": (fixed([1.0, 2.0]), positive(2)),
    "pdtri": (fixed([1, 2]), within(0.2, 0.8, 2)),
    "sindg": (within(0, 90, 4),),
    "spence": (positive(4),),
    "stdtr": (Held(within(2, 4, 4)), normal(4)),
    "stdtrit": (Held(within(2, 4, 4)), UNIT),
    "tandg": (within(0, 80, 4),),
    "y0": (positive(4),),
    "y1": (positive(4),),
    "yn": (fixed([1, 2]), positive(2)),
}
"""Functions that a library has itself, and their inputs."""

CASES = [
    *(Case(f"scipy.special.{n}", getattr(special, n), *i, everywhere=True) for n, i in WRITTEN_OUT.items()),
    *(Case(f"scipy.special.{n}", getattr(special, n), *i, strict=NOT_THERE) for n, i in OF_LIBRARIES.items()),
    Case(
        "scipy.special.logsumexp weighted",
        lambda x, b: special.logsumexp(x, axis=1, b=b),
        normal(3, 4),
        positive(3, 4),
    ),
    Case(
        "scipy.special.logsumexp complex",
        lambda x: special.logsumexp(x, axis=0),
        lambda rng: rng.normal(size=(3, 2)) + 0.3j,
    ),
    Case("scipy.special.softmax axis", lambda x: special.softmax(x, axis=0), normal(3, 4)),
    Case("scipy.special.multigammaln", lambda x: special.multigammaln(x, 2), within(2, 4, 3)),
    Case("scipy.special.lpmv", lambda x: special.lpmv(1, 2, x), UNIT, outcome=COMPILED),
    Case("scipy.special.zetac", special.zetac, within(1.5, 3, 4), outcome=COMPILED),
    Case("scipy.special.owens_t", special.owens_t, normal(3), normal(3), outcome=NO_FORM),
    Case("scipy.special.wofz", special.wofz, normal(3), outcome=NO_FORM),
    Case("scipy.special.eval_legendre", lambda x: special.eval_legendre(2, x), UNIT, outcome=NO_FORM),
    Case("scipy.special.comb", lambda n: special.comb(n, np.asarray(2.0)), within(4, 6, 3), outcome=COMPILED),
    Case("scipy.special.factorial", special.factorial, within(1, 3, 3), outcome=COMPILED),
    Case(
        "scipy.special.sph_harm_y", lambda t, p: special.sph_harm_y(2, 1, t, p), UNIT, UNIT, outcome=COMPILED
    ),
]
