"""What is called of ``xp.special``, the special functions of a backend, and which library has SciPy's others.

The rest, ``special_lookup`` and ``special_defaults``, is imported when the first function is asked for.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, ClassVar

from anygrad.errors import UnsupportedError, message

if TYPE_CHECKING:
    from anygrad.backends.special_lookup import Special

__all__ = ["SPECIAL", "SpecialExtras"]

_SPECIAL = """
    beta betainc betaincc betaincinv betainccinv betaln binom boxcox boxcox1p cbrt cosdg cosm1 cotdg dawsn
    digamma digamma_rise ellipe ellipeinc ellipk ellipkinc ellipkm1 entr erf erfc erfcinv erfcx erfi
    erfinv exp1 expi expn exprel fresnel gamma gammainc gammaincc gammainccinv gammaincinv gammaln
    gammasgn huber hyp0f1 hyp1f1 hyp2f1 i0 i0e i1 i1e inv_boxcox inv_boxcox1p iv ive j0 j1 jv k0 k0e k1
    k1e kl_div kv kve lambertw log_expit log_ndtr loggamma logit ndtr ndtri ndtri_exp poch polygamma
    pseudo_huber rel_entr rgamma sici sinc sindg spence stdtr stdtrit tandg xlog1py xlogy y0 y1 yv zeta
"""
SPECIAL = tuple(_SPECIAL.split())
"""What a formula may call of the extension."""


class SpecialExtras:
    """The part of a backend that is there for special functions, and for the rest of SciPy."""

    special_library: ClassVar[str | None] = None
    """The module with the library's own, of those that ``special_lookup`` names."""

    scipy_library: ClassVar[str | None] = None
    """The package that computes what SciPy does in compiled code on arrays of this library."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @functools.cached_property
    def special(self) -> Special:
        """The special functions, under SciPy's names."""
        from anygrad.backends.special_lookup import Special

        return Special(self)

    def launching(self, function: Any) -> Any:
        """Return a function as it is to be called: on some backends only after entering the device."""
        return function

    def scipy_function(self, module: str, name: str) -> Any:
        """Return SciPy's function for arrays of this library: ``scipy_function("ndimage", "correlate1d")``.

        Raises ``UnsupportedError`` where the library has no such function, or SciPy cannot be imported.
        """
        if self.scipy_library is None:
            got = f"{self.name} has no {module}.{name}"
            raise UnsupportedError(
                message(name, got, "SciPy computes it on NumPy, CuPy on CUDA", 'move x with .to("cpu")')
            )
        path = f"{self.scipy_library}.{module}"
        try:
            found = getattr(importlib.import_module(path), name, None)
        except ModuleNotFoundError as error:
            got = f"{path}, which has {name} for {self.name}, cannot be imported"
            raise UnsupportedError(message(name, got, str(error), "pip install scipy")) from error
        if found is None:
            raise UnsupportedError(message(name, f"{path} has no {name}", 'move x with .to("cpu")'))
        return self.launching(found)
