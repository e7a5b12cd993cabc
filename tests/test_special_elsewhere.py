"""Special functions among others: what importing them brings, SciPy's own dispatch, gradients elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import anygrad as ag
from anygrad.backends.special_lookup import LIBRARIES
from tests.samples import cases
from tests.targets import Target
from tests.test_rows import gradients

# ---------------------------------------------------------------- start-up, SciPy's dispatch


def run(code: str, **environment: str) -> str:
    """Run a program, whose warnings are errors, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    assert not done.returncode, done.stderr
    return done.stdout


def test_neither_scipy_nor_the_rows_are_imported_before_they_are_used() -> None:
    code = """
import sys
import anygrad as ag
print('anygrad.special' in sys.modules, 'anygrad.ops.bessel' in sys.modules, 'scipy' in sys.modules)
x = ag.tensor([0.5], requires_grad=True)
ag.special.erf
print('anygrad.special' in sys.modules, 'scipy' in sys.modules)
ag.special.erf(x).sum().backward(create_graph=True)
print('scipy' in sys.modules, hasattr(ag.zeros(1, device='cpu').xp.tensors.special, 'digamma_rise'))
"""
    assert run(code).split() == ["False", "False", "False", "True", "False", "True", "True"]


DISPATCH = """
import warnings
import numpy as np
import scipy.special
import scipy.special._support_alternative_backends as dispatch
import anygrad as ag

unit = np.array([0.2, 0.45, 0.8])
lacking, wrong = [], []
for name in dispatch.__all__:
    function, count = getattr(scipy.special, name), 1
    for info in dispatch._special_funcs:
        if info.name == name:
            count = info.n_args
    if not hasattr(ag.special, name):
        lacking.append(name)
        continue
    if name in ("polygamma", "yn", "expn"):
        given = [2, unit]
    elif name == "multigammaln":
        given = [unit + 3, 2]
    elif name == "zeta":
        given = [3.5, unit]
    else:
        given = [unit if i + 1 == count else 2.0 + i for i in range(count)]
    with ag.no_grad():
        plain = function(*(ag.asarray(x) if isinstance(x, np.ndarray) else x for x in given))
    tracked = [ag.tensor(x, requires_grad=True) if isinstance(x, np.ndarray) else x for x in given]
    out = function(*tracked)
    want = getattr(ag.special, name)(*tracked)
    x = next(t for t in tracked if isinstance(t, ag.Tensor))
    if not (isinstance(out, ag.Tensor) and out.requires_grad and isinstance(plain, ag.Tensor)):
        wrong.append((name, type(out)))
        continue
    (g,), (w,) = ag.autograd.grad(out.sum(), x), ag.autograd.grad(want.sum(), x)
    same = np.array_equal(out.detach().numpy(), want.detach().numpy(), equal_nan=True)
    if not (same and np.array_equal(g.numpy(), w.numpy(), equal_nan=True)):
        wrong.append((name, out, want))
print(len(dispatch.__all__) - len(lacking), lacking, wrong)
x = ag.tensor(unit, requires_grad=True)
for name in ("logsumexp", "softmax", "log_softmax"):
    out, want = getattr(scipy.special, name)(x), getattr(ag.special, name)(x)
    (g,), (w,) = ag.autograd.grad(out[..., :1].sum() if out.ndim else out, x), ag.autograd.grad(
        want[..., :1].sum() if want.ndim else want, x
    )
    np.testing.assert_allclose(g.numpy(), w.numpy(), atol=1e-15)
"""


def test_scipy_reaches_all_that_it_dispatches() -> None:
    """With SCIPY_ARRAY_API, SciPy's functions are ours for tensors, and connected; two there are not."""
    count, _, rest = run(DISPATCH, SCIPY_ARRAY_API="1").partition(" ")
    assert int(count) > 85
    assert rest.strip() == "['lpmv', 'zetac'] []"


# ---------------------------------------------------------------- gradients of others


@pytest.mark.targets("torch")
def test_gradients_are_torchs(target: Target) -> None:
    import torch

    compared = 0
    for name in LIBRARIES["torch.special"]:
        function = getattr(torch.special, LIBRARIES["torch.special"][name])
        for one in cases(f"special.{name}", "torch", "plain"):
            operands = one.made(target, one.tracked)
            ours = gradients(one, target, operands, ones=True)
            theirs = [torch.tensor(x, requires_grad=i in one.tracked) for i, x in enumerate(one.operands)]
            try:
                function(*theirs).sum().backward()
            except (NotImplementedError, RuntimeError):
                continue  # torch has no derivative of its own.
            compared += 1
            for i, g in zip(one.tracked, ours, strict=True):
                np.testing.assert_allclose(g, theirs[i].grad.numpy(), rtol=1e-7, atol=1e-12)
    assert compared > 20


@pytest.mark.targets("jax")
def test_gradients_are_jaxs(target: Target) -> None:
    import jax
    import jax.scipy.special

    compared = 0
    for name in LIBRARIES["jax.scipy.special"]:
        if name in ("expn", "fresnel", "sici", "hyp1f1", "hyp2f1", "zeta"):
            continue  # Of these it has other derivatives, several results, or orders as integers.
        function = getattr(jax.scipy.special, name)
        for one in cases(f"special.{name}", "jax", "plain"):
            operands = one.made(target, one.tracked)
            ours = gradients(one, target, operands, ones=True)
            theirs = jax.grad(lambda *xs, function=function: function(*xs).sum(), argnums=one.tracked)
            for g, w in zip(ours, theirs(*map(jax.numpy.asarray, one.operands)), strict=True):
                known = np.isfinite(w)  # Of betaln it has NaN where a > 1 > b.
                assert known.any()
                np.testing.assert_allclose(g[known], np.asarray(w)[known], rtol=1e-7, atol=1e-12)
            compared += 1
    assert compared > 20


@pytest.mark.targets("numpy", "strict")
def test_quotients_of_poles_are_scipys(target: Target) -> None:
    """Where both gammas of poch and binom are infinite, their quotient is not."""
    import scipy.special

    first = np.asarray([[-3.0], [-2.0], [-1.0], [0.0], [1.5], [2.0], [3.0]])
    second = np.asarray([0.0, 1.0, 1.5, 2.0, 3.0, 4.0])
    for name in ("poch", "binom"):
        expected = getattr(scipy.special, name)(first, second)
        found = getattr(ag.special, name)(target.make(first), target.make(second))
        there = np.isfinite(expected)
        assert np.allclose(found.numpy()[there], expected[there], rtol=1e-12), name
