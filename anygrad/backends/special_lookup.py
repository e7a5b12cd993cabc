"""The special functions of a backend: which library has which, and under what name.

A function is the library's own, or else one written in standard functions (``special_defaults``). Nothing
goes by way of the host: what a library lacks is an error that names those which have it.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np

from anygrad.backends.special import SPECIAL
from anygrad.backends.special_defaults import DEFAULTS
from anygrad.errors import UnsupportedError, message

__all__ = ["LIBRARIES", "OURS", "Special", "way_to"]

OURS = ("digamma_rise", "polygamma")
"""What is written here wherever it runs: NumPy's users too have no better one."""

# Not exprel, which of infinity is NaN there.
_CUPY = """
    beta betainc betaincinv betaln binom boxcox boxcox1p cbrt cosdg cosm1 cotdg digamma ellipeinc ellipk
    ellipkinc ellipkm1 entr erf erfc erfcinv erfcx erfinv exp1 expi expn gamma gammainc gammaincc
    gammainccinv gammaincinv gammaln gammasgn huber i0 i0e i1 i1e inv_boxcox inv_boxcox1p j0 j1 k0 k0e k1
    k1e kl_div lambertw log_expit log_ndtr loggamma logit ndtr ndtri poch pseudo_huber rel_entr rgamma
    sici sinc sindg tandg xlog1py xlogy y0 y1 zeta
"""
_JAX = """
    beta betainc betaln dawsn digamma entr erf erfc erfcx erfinv exp1 expi expn fresnel gamma gammainc
    gammaincc gammaln gammasgn hyp1f1 hyp2f1 i0 i0e i1 i1e kl_div log_ndtr logit ndtr ndtri poch rel_entr
    sici spence xlog1py xlogy zeta
"""
_TORCH = """
    digamma entr erf erfc erfcx erfinv gammainc gammaincc gammaln i0 i0e i1 i1e log_ndtr logit ndtr ndtri
    sinc xlog1py xlogy zeta
"""
_TORCHS_BESSEL = {
    "j0": "bessel_j0",
    "j1": "bessel_j1",
    "y0": "bessel_y0",
    "y1": "bessel_y1",
    "k0": "modified_bessel_k0",
    "k1": "modified_bessel_k1",
    "k0e": "scaled_modified_bessel_k0",
    "k1e": "scaled_modified_bessel_k1",
}
LIBRARIES: dict[str, dict[str, str]] = {
    "scipy.special": {name: name for name in SPECIAL if name not in OURS},
    "cupyx.scipy.special": {name: name for name in _CUPY.split()},
    "torch.special": {name: name for name in _TORCH.split()} | _TORCHS_BESSEL,
    "jax.scipy.special": {name: name for name in _JAX.split()},
}
"""Of each library, what it calls the functions that it has."""

SPOKEN = {
    "scipy.special": "NumPy with SciPy",
    "cupyx.scipy.special": "CuPy",
    "torch.special": "PyTorch",
    "jax.scipy.special": "JAX",
}


def way_to(name: str, library: str | None) -> str | None:
    """Tell how a library comes by a function: ``"own"``, ``"written out"`` in standard functions, or None."""
    if library is not None and name in LIBRARIES[library]:
        return "own"
    if name not in DEFAULTS:
        return None
    needs: tuple[str, ...] = DEFAULTS[name].needs
    return "written out" if all(way_to(other, library) for other in needs) else None


class Special:
    """The special functions of one backend, each found when it is first asked for."""

    def __init__(self, xp: Any) -> None:
        self.xp = xp

    def __getattr__(self, name: str) -> Any:
        if name not in SPECIAL:
            raise AttributeError(f"[{self.xp.name}.special] there is no function {name!r}")
        found = self.xp.launching(self._found(name))
        setattr(self, name, found)
        return found

    def _found(self, name: str) -> Any:
        xp, library = self.xp, self.xp.special_library
        missing = None
        if library is not None and name in LIBRARIES[library]:
            try:
                function = getattr(importlib.import_module(library), LIBRARIES[library][name])
            except ImportError as error:
                missing = error
            else:
                if library == "scipy.special" and name == "zeta":
                    return functools.partial(_scipys_zeta, xp, function)
                # Beside Python's numbers SciPy computes in double precision, and PyTorch not at all.
                single = xp.native and getattr(function, "nin", 2) == 1
                return function if single else functools.partial(_lifting, xp, function)
        if name in DEFAULTS and way_to(name, library):
            function = functools.partial(DEFAULTS[name], xp)
            return functools.partial(_floating, xp, function) if DEFAULTS[name].lifts else function
        if missing is not None:
            got = f"SciPy, which has {name} for {xp.name}, cannot be imported"
            raise UnsupportedError(message(name, got, str(missing), "pip install scipy")) from missing
        have = [SPOKEN[other] for other in LIBRARIES if way_to(name, other)]
        got = f"{xp.name} has no such function"
        raise UnsupportedError(
            message(name, got, f"it is there on {', '.join(have)}", "move x with .to(device)")
        )


def _lifting(xp: Any, function: Any, *operands: Any, **keywords: Any) -> Any:
    """Call a function with Python's numbers made arrays, which widen nothing."""
    dtypes = [xp.dtype_of(x) for x in operands if hasattr(x, "dtype")]
    if len(dtypes) == len(operands):
        return function(*operands, **keywords)
    dtype = np.result_type(*dtypes)
    dtype = xp.natives[dtype if dtype.kind in "fc" else xp.within(np.dtype("float64"))]
    return function(
        *(x if hasattr(x, "dtype") else xp.full((), x, dtype=dtype, device=xp.device) for x in operands)
    )


def _floating(xp: Any, function: Any, *operands: Any) -> Any:
    """Call a function that is written for floats."""
    return _lifting(xp, function, *(xp.floats(x) if hasattr(x, "dtype") else x for x in operands))


def _scipys_zeta(xp: Any, zeta: Any, x: Any, q: Any) -> Any:
    """Return Riemann's zeta for the integer 1: SciPy continues it to where Hurwitz' is none."""
    return zeta(x) if q.__class__ is int and q == 1 else _lifting(xp, zeta, x, q)
