"""SciPy's filter design and linear systems, called directly: polynomials, poles and zeros, responses."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal

from tests.consumers.harness import Case, Exits, Held, fixed, normal, positive, waves, within
from tests.consumers.scipy_outcomes import CONVERTS, MIXES, caller

LIBRARY = "scipy"


of = caller(signal)


B, A = normal(3), positive(3)
ZEROS, POLES, GAIN = waves(2), waves(3), positive()
W, TIMES = fixed(np.linspace(0.1, 2.5, 7)), fixed(np.linspace(0, 1, 5))


def sections(x: Any) -> Any:
    """Return second-order sections, whose fourth entry is one."""
    xp = x.__array_namespace__()
    return xp.concat([x[:, :3], xp.ones_like(x[:, :1]), x[:, 3:]], axis=1)


def sums(result: Any) -> list[Any]:
    """Return what does not depend on the order of zeros and of poles."""
    return [(part**3).sum() if getattr(part, "ndim", 0) else part for part in result]


SOS = within(0.1, 0.4, 2, 5)
PAIRS = lambda rng: (lambda z: np.stack([z, np.conj(z)]))(rng.uniform(0.1, 0.5) + 1j * rng.uniform(0.1, 0.5))

FORMS = [
    of("tf2zpk", within(1, 2, 4), positive(3), pick=sums, step=1e-4),
    of("zpk2tf", ZEROS, POLES, GAIN),
    Case("scipy.signal.sos2tf", lambda x: signal.sos2tf(sections(x)), SOS),
    Case("scipy.signal.sos2zpk", lambda x: signal.sos2zpk(sections(x)), SOS, pick=sums),
    of("tf2sos", B, A, outcome=CONVERTS),
    of("zpk2sos", PAIRS, PAIRS, GAIN, outcome=CONVERTS),
    of("normalize", B, A),
    of("abcd_normalize", normal(2, 2), normal(2, 1), normal(1, 2), normal(1, 1)),
    of("ss2tf", normal(2, 2), normal(2, 1), normal(1, 2), normal(1, 1), outcome=CONVERTS),
    of("tf2ss", B, A, outcome=CONVERTS),
    of("unique_roots", normal(4), outcome=CONVERTS),
    of("residue", B, A, outcome=CONVERTS),
    of("residuez", B, A, outcome=CONVERTS),
    Case("scipy.signal.invres", signal.invres, normal(2), normal(2), Held(normal(0)), outcome=CONVERTS),
    Case("scipy.signal.invresz", signal.invresz, normal(2), normal(2), Held(normal(0)), outcome=CONVERTS),
]
TURNED = [
    Case("scipy.signal.sosfilt_zi", lambda x: signal.sosfilt_zi(sections(x)), SOS, outcome=CONVERTS),
    of("bilinear", B, A, fs=2.0, outcome=CONVERTS),
    of("bilinear_zpk", ZEROS, POLES, GAIN, fs=2.0),
    of("lp2lp", B, A, wo=2.0),
    of("lp2hp", B, A, wo=2.0),
    of("lp2bp", B, A, wo=2.0, bw=0.5),
    of("lp2bs", B, A, wo=2.0, bw=0.5),
    of("lp2lp_zpk", ZEROS, POLES, GAIN, wo=2.0),
    of("lp2hp_zpk", ZEROS, POLES, GAIN, wo=2.0),
    of("lp2bp_zpk", ZEROS, POLES, GAIN, wo=2.0, bw=0.5),
    of("lp2bs_zpk", ZEROS, POLES, GAIN, wo=2.0, bw=0.5),
    Case(
        "scipy.signal.cont2discrete",
        lambda a, b, c, d: signal.cont2discrete((a, b, c, d), 0.1),
        normal(2, 2),
        normal(2, 1),
        normal(1, 2),
        normal(1, 1),
        outcome=CONVERTS,
        strict=MIXES,
    ),
]
RESPONSES = [
    of("freqs", B, A, W),
    of("freqs_zpk", ZEROS, POLES, GAIN, W),
    of("freqz", B, A, W),
    of("freqz alone", B, worN=8),
    of("freqz_zpk", ZEROS, POLES, GAIN, W),
    Case("scipy.signal.freqz_sos", lambda x, w: signal.freqz_sos(sections(x), w), SOS, W),
    Case("scipy.signal.group_delay", lambda b, a, w: signal.group_delay((b, a), w=w), B, A, W, strict=MIXES),
    Case("scipy.signal.bode", lambda b, a, w: signal.bode((b, a), w=w), B, A, W),
    Case("scipy.signal.impulse", lambda b, a, t: signal.impulse((b, a), T=t), B, A, TIMES, outcome=CONVERTS),
    Case("scipy.signal.dimpulse", lambda b, a: signal.dimpulse((b, a, 0.1), n=5), B, A, outcome=CONVERTS),
    Case("scipy.signal.step", lambda b, a, t: signal.step((b, a), T=t), B, A, TIMES, outcome=CONVERTS),
    Case("scipy.signal.freqresp", lambda b, a, w: signal.freqresp((b, a), w=w), B, A, W),
    Case(
        "scipy.signal.lsim",
        lambda b, a, u, t: signal.lsim((b, a), u, t),
        B,
        A,
        normal(5),
        TIMES,
        outcome=CONVERTS,
    ),
]
EDGE = within(0.2, 0.7)
NUMBERS = Exits("a scalar parameter becomes one of Python's")
DESIGNS = [
    Case("scipy.signal.butter", lambda w: signal.butter(3, w), EDGE, outcome=NUMBERS),
    Case("scipy.signal.cheby1", lambda w: signal.cheby1(3, 1.0, w), EDGE, outcome=NUMBERS),
    Case("scipy.signal.cheby2", lambda w: signal.cheby2(3, 20.0, w), EDGE, outcome=NUMBERS),
    Case("scipy.signal.ellip", lambda w: signal.ellip(3, 1.0, 20.0, w), EDGE, outcome=NUMBERS),
    Case("scipy.signal.bessel", lambda w: signal.bessel(3, w), EDGE, outcome=NUMBERS),
    Case("scipy.signal.iirfilter", lambda w: signal.iirfilter(3, w, btype="lowpass"), EDGE, outcome=NUMBERS),
    Case(
        "scipy.signal.firls",
        lambda bands, d: signal.firls(7, bands, d),
        fixed(np.linspace(0, 1, 4)),
        positive(4),
        outcome=CONVERTS,
    ),
    Case(
        "scipy.signal.firwin2",
        lambda f, g: signal.firwin2(9, f, g),
        fixed([0.0, 0.3, 0.7, 1.0]),
        positive(4),
        outcome=CONVERTS,
    ),
    of("minimum_phase", positive(7)),
    Case(
        "scipy.signal.savgol_coeffs",
        lambda p: signal.savgol_coeffs(5, 2, pos=p),
        within(1.5, 2.5),
        outcome=NUMBERS,
    ),
]
CASES = [*FORMS, *TURNED, *RESPONSES, *DESIGNS]
