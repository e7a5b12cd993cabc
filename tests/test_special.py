"""Special functions: digits where formulas cancel, what is refused, who has what."""

from __future__ import annotations

import inspect
import sys
from math import inf, nan
from typing import Any

import numpy as np
import pytest
import scipy.special as scipy

import anygrad as ag
from anygrad.backends.special import SPECIAL
from anygrad.backends.special_lookup import LIBRARIES, Special, way_to
from anygrad.functions import FUNCTIONS
from anygrad.op import REGISTRY
from anygrad.testing import gradcheck
from tests import special_table
from tests.samples import SAMPLES
from tests.targets import Target
from tests.test_rows import host

special = ag.special
numpy_alone = pytest.mark.targets("numpy")


def derivative(function: Any, at: float, order: int = 1) -> float:
    """Return a derivative at a point."""
    x = ag.tensor(np.array([at]), requires_grad=True)
    out = function(x)
    for _ in range(order):
        (out,) = ag.autograd.grad(out, x, ag.ones_like(out), create_graph=True)
    return float(out.detach()[0])


# ---------------------------------------------------------------- digits, of 60 that mpmath has computed

DIGITS: dict[str, tuple[Any, float, int, float]] = {
    "log_ndtr": (special.log_ndtr, -40.0, 1, 40.024968847207263723),
    "log_ndtr, second": (special.log_ndtr, -40.0, 2, -0.99937733162140861123),
    "erfcx": (special.erfcx, 50.0, 1, -0.00022554056313532387778),
    "erfcx, second": (special.erfcx, 50.0, 2, 9.0162171151572225858e-6),
    "erfcx near": (special.erfcx, 11.0, 1, -0.0046060824175668122765),
    "dawsn": (special.dawsn, 50.0, 1, -0.00020012012016830306701),
    "dawsn below": (special.dawsn, -11.0, 1, -0.0041845476105524426306),
    "dawsn near": (special.dawsn, 9.5, 1, -0.0056349014068872823727),
    "exprel": (special.exprel, -50.0, 1, 0.0004),
    "exprel, second": (special.exprel, 1e-9, 2, 0.33333333358333333343),
    "betaln": (lambda x: special.betaln(x, 2.5), 1e10, 1, -2.4999999998125e-10),
    "betaln of little": (lambda x: special.betaln(x, 1e-6), 200.0, 1, -5.01252082066651232e-9),
    "i0e": (special.i0e, 1e4, 1, -1.99478621069841881e-7),
    "i1e below": (special.i1e, -1e4, 1, -1.99448698528524345e-7),
    "k0e": (special.k0e, 1e4, 1, -6.26633571220445496e-7),
    "k1e": (special.k1e, 1e4, 1, -6.26727563906605077e-7),
    "ellipk": (special.ellipk, 1e-9, 1, 0.39269908214051062218),
    "ellipk near 1": (special.ellipk, 1 - 2.0**-30, 1, 536870909.4291244799),
    "j1, second": (special.j1, 1e-5, 2, -3.7499999999479166667e-6),
    "i1, second": (special.i1, 1e-5, 2, 3.7500000000520833333e-6),
    "spence, second": (special.spence, 1 - 2.0**-30, 2, 0.50000000062088171706),
    "boxcox": (lambda x: special.boxcox(3.0, x), 1e-12, 1, 0.60347448040673297858),
    "ellipkm1, second": (special.ellipkm1, 1e-20, 2, 5.000000000000000548e39),
    "ellipkm1, second near": (special.ellipkm1, 9e-9, 2, 6172839492283953.722781),
    "pseudo_huber": (lambda x: special.pseudo_huber(x, 1.5), 1e8, 1, 1.265625e-24),
    "pseudo_huber of huge": (lambda x: special.pseudo_huber(x, 1e200), 1e-50, 1, 1e200),
    "sinc": (special.sinc, 1e-8, 1, -3.2898681336964525482e-8),
    "sinc, second": (special.sinc, 1e-8, 2, -3.2898681336964518989),
    "rgamma": (special.rgamma, -3.0, 1, -6.0),
    "rgamma, second": (special.rgamma, -3.0, 2, 15.073412021181605673),
    "gammainc": (lambda x: special.gammainc(300.0, x), 310.0, 1, 0.018931075058174459976),
    "stdtr": (lambda x: special.stdtr(1e8, x), 2.0, 1, 0.053990967458029938205),
}


@pytest.mark.parametrize("name", DIGITS)
def test_digits(name: str) -> None:
    function, at, order, want = DIGITS[name]
    assert derivative(function, at, order) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("name", ["j1", "i1", "sinc", "exprel", "spence", "ellipk", "ellipe", "ellipkm1"])
def test_third_order_at_the_point_itself(name: str) -> None:
    """Where a formula is its series, further derivatives are those of the function."""
    at = 1.0 if name in ("spence", "ellipkm1") else 0.0
    x = np.array([at])
    gradcheck(getattr(special, name), [ag.tensor(x, requires_grad=True)], order=3)


@pytest.mark.parametrize("name", ["gamma", "loggamma", "erf", "erfc", "erfi", "exp1", "expi"])
def test_complex(name: str) -> None:
    z = ag.tensor(np.array([0.5 + 0.7j, -1.2 + 0.3j, 2.0 - 1.5j]), requires_grad=True)
    gradcheck(getattr(special, name), [z])


def test_single_precision_stays() -> None:
    x = ag.asarray([0.5, 2.0], dtype=ag.float32)
    assert special.comb(5.0, x).dtype == special.perm(5, x).dtype == special.comb(x, 0.5).dtype == ag.float32
    assert special.comb(5.5, ag.asarray([2])).item() == pytest.approx(scipy.binom(5.5, 2))


def test_weights_of_logsumexp() -> None:
    a, b = np.array([[0.3, -inf, 900.0], [1.2, inf, -0.4]]), np.array([[1.0, 2.0, 0.0], [0.5, 0.0, 0.0]])
    x, w = ag.tensor(a, requires_grad=True), ag.tensor(b, requires_grad=True)
    out = special.logsumexp(x, axis=1, b=w)
    np.testing.assert_allclose(host(out), [0.3, 1.2 + np.log(0.5)])
    (g,) = ag.autograd.grad(out.sum(), x)
    np.testing.assert_allclose(host(g), [[1, 0, 0], [1, 0, 0]], atol=1e-15)
    out, sign = special.logsumexp(x[:, :1], b=-w[:, :1], return_sign=True)
    assert sign.item() == -1 and out.item() == pytest.approx(np.log(np.exp(0.3) + 0.5 * np.exp(1.2)))
    with np.errstate(invalid="ignore"):
        assert np.isnan(special.logsumexp(x[:, :1], b=-w[:, :1]).item())


def test_python_numbers_widen_nothing() -> None:
    x = ag.tensor(np.array([0.3, 0.6], np.float32), requires_grad=True)
    for call in (
        lambda: special.jv(1.5, x),
        lambda: special.expn(2, x),
        lambda: special.chdtr(3.0, x),
        lambda: special.pdtr(2, x),
        lambda: special.betainc(2, 3.5, x),
        lambda: special.hyp2f1(0.5, 1, 1.5, x),
        lambda: special.polygamma(1, x),
        lambda: special.xlogy(2.0, x),
    ):
        out = call()
        assert out.dtype == ag.float32
        assert ag.autograd.grad(out.sum(), x)[0].dtype == ag.float32


# ---------------------------------------------------------------- names


def test_names_are_scipys_and_shared() -> None:
    assert special.expit is ag.sigmoid and special.psi is special.digamma and special.jn is special.jv
    assert special.log1p is ag.log1p and special.expm1 is ag.expm1
    unknown = [name for name in special.__all__ if not hasattr(scipy, name)]
    assert not unknown
    assert len(special.__all__) > 100
    assert "digamma_rise" not in dir(special) and set(dir(special)) == set(special.__all__)
    with pytest.raises(AttributeError, match=r"'anygrad\.special' has no attribute 'nothing'"):
        special.nothing
    with pytest.raises(AttributeError, match="no function 'nothing'"):
        ag.tensor(1.0).xp.special.nothing


def test_zeta_is_riemanns_without_q() -> None:
    x = np.array([-1.5, 0.5, 2.0, 4.0])
    np.testing.assert_array_equal(host(special.zeta(ag.asarray(x))), scipy.zeta(x))


# ---------------------------------------------------------------- what is refused

FIXED = [(name, i) for name, row in REGISTRY.items() for i in row.fixed]


@pytest.mark.parametrize(("name", "i"), FIXED)
def test_inputs_without_a_derivative_are_refused(name: str, i: int) -> None:
    row = REGISTRY[name]
    given = [ag.asarray(0.4) for _ in row.inputs]
    given[i] = ag.tensor(2.0, requires_grad=True)
    with pytest.raises(ag.UnsupportedError, match=rf"\[{row.name}\] {row.inputs[i]} requires a gradient"):
        FUNCTIONS[name](*given)
    with ag.no_grad():
        assert not FUNCTIONS[name](*given).requires_grad
    given[i] = given[i].detach()
    assert not FUNCTIONS[name](*given).requires_grad


def test_bad_input_is_named() -> None:
    x = ag.tensor([0.5, 0.7])
    with pytest.raises(ag.ShapeError, match=r"\[betainc\]"):
        special.betainc(ag.ones(3), 2.0, x)
    with pytest.raises(ag.DtypeError, match=r"\[erfinv\] x has dtype complex128: expected real floating"):
        special.erfinv(ag.tensor([1j]))
    with pytest.raises(ag.DtypeError, match=r"\[digamma\]"):
        special.digamma(ag.tensor([1j], requires_grad=True))
    with pytest.raises(ag.ArgumentError, match=r"\[multigammaln\] d is 0"):
        special.multigammaln(x, 0)
    with pytest.raises(ag.ArgumentError, match=r"\[lambertw\] k is 0.5"):
        special.lambertw(x, 0.5)
    with pytest.raises(TypeError, match="positional"):
        special.gammainc(1.0)


@pytest.mark.targets("strict")
def test_what_a_library_lacks_says_who_has_it(make: Any) -> None:
    x = make(np.array([0.5]))
    with pytest.raises(NotImplementedError, match=r"\[j0\].*NumPy with SciPy, CuPy, PyTorch; move x with"):
        special.j0(x)
    with pytest.raises(ag.UnsupportedError, match=r"\[fresnel\].*NumPy with SciPy, JAX"):
        special.fresnel(x)


# ---------------------------------------------------------------- who has what


def test_the_table_is_up_to_date() -> None:
    said = special_table.PLACE.read_text(encoding="utf-8")
    assert said == special_table.table(), "run python -m tests.special_table"


def test_the_table_is_true(target: Target) -> None:
    """A function is found where the table says so, and only there; of the library where it says that."""
    xp = target.backend
    library = xp.special_library
    for name in SPECIAL:
        if way_to(name, library) is None:
            with pytest.raises(ag.UnsupportedError, match=rf"\[{name}\]"):
                getattr(xp.special, name)
        else:
            assert callable(getattr(xp.special, name))
    if library is not None:
        module = sys.modules[library]
        assert not [name for name in LIBRARIES[library].values() if not hasattr(module, name)]


@numpy_alone
def test_samples_run_wherever_there_is_the_function() -> None:
    """A sample that does not run on a library has a reason, and not that the library has the function."""
    for name in SPECIAL:
        for one in SAMPLES.get(f"special.{name}", ()):
            for target, why in one.without.items():
                assert why
                library = {"strict": None, "torch": "torch.special", "jax": "jax.scipy.special"}.get(
                    target, ""
                )
                if why == f"lacks {name}" and library != "":
                    assert way_to(name, library) is None


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy alone has what is written out; for the others the error says what to install."""
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    bare = Special(ag.tensor(1.0).xp)
    x = np.array([-1.5, -0.3, 0.2, 0.45, 0.9])
    for name in ("erf", "erfc", "erfcx", "log_ndtr", "exprel", "sinc", "rgamma", "log_expit", "cosm1"):
        np.testing.assert_allclose(getattr(bare, name)(x), getattr(scipy, name)(x), rtol=2e-14, atol=1e-15)
    for name in ("gamma", "gammaln", "digamma", "logit", "entr"):
        np.testing.assert_allclose(getattr(bare, name)(x[2:]), getattr(scipy, name)(x[2:]), rtol=1e-13)
    for name in (
        "xlogy",
        "beta",
        "poch",
        "boxcox",
        "inv_boxcox",
        "huber",
        "pseudo_huber",
        "rel_entr",
        "kl_div",
    ):
        np.testing.assert_allclose(
            getattr(bare, name)(x[2:], 0.7), getattr(scipy, name)(x[2:], 0.7), rtol=2e-13
        )
    np.testing.assert_allclose(bare.zeta(2.5, x[2:]), scipy.zeta(2.5, x[2:]), rtol=1e-14)
    with pytest.raises(ag.UnsupportedError, match=r"\[j0\] SciPy, which has j0 for cpu, .*pip install scipy"):
        bare.j0(x)


WRITTEN_OUT = {
    "gammasgn": [-2.5, -1.0, -0.5, 0.0, -0.0, 1.5, inf, nan],
    "gammaln": [-2.5, -1.0, -0.5, 0.0, 1.0, 2.0, 171.0, 1e300, inf],
    "digamma": [-2.5, -1.0, -0.5, 0.0, -0.0, 1.0, 1e8, inf, nan],
    "rgamma": [-2.0, 0.0, -1.5, 3.0],
    "loggamma": [-1.5, 0.5, 30.0],
    "erf": [-inf, -30.0, 30.0, inf, nan],
    "erfc": [-inf, -6.0, 5.0, 26.0, inf, nan],
    "erfcx": [-20.0, 0.0, 1e3, 1e150, inf, nan],
    "log_ndtr": [-1e10, -38.0, -1.0, 9.0, 40.0, inf, nan],
    "exprel": [-inf, -800.0, 1e-9, 0.0, 800.0, inf, nan],
    "logit": [0.0, 1e-300, 0.5, 0.5000001, 0.9999, 1.0, 2.0],
    "entr": [-1.0, 0.0, 1.0, inf, nan],
    "cbrt": [-8.0, 0.0, 27.0],
    "sinc": [0.0, 1e-9, 1.0, 30.25],
}


@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_what_is_written_out_is_right_at_the_edges(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.array(WRITTEN_OUT[name])
    want = getattr(scipy, name)(x)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with np.errstate(all="ignore"):
        found = getattr(Special(ag.tensor(1.0).xp), name)(x)
    np.testing.assert_allclose(found, want, rtol=2e-13, atol=1e-14)


def test_a_loss_of_a_distribution() -> None:
    """The likelihood of a beta-binomial distribution: its gradient, through betaln, is the closed form."""
    k, n = np.array([3.0, 7.0, 1.0]), 10.0
    a = ag.tensor(2.0, requires_grad=True)
    loss = ag.sum(special.betaln(a + k, n - k + 1.5) - special.betaln(a, 1.5))
    loss.backward()
    psi = scipy.psi
    want = np.sum(psi(2 + k) - psi(2 + n + 1.5)) - 3 * (psi(2.0) - psi(3.5))
    assert a.grad.item() == pytest.approx(want, rel=1e-13)


def test_help_says_in_what_a_function_is_differentiable() -> None:
    assert "to any order in x; the rest may require no gradient" in (special.gammainc.__doc__ or "")
    assert str(inspect.signature(special.jv)) == "(v: 'ArrayLike', z: 'ArrayLike', /) -> 'Tensor'"
