"""``anygrad.scipy.ndimage`` beside SciPy's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

import anygrad as ag
from tests.consumers.harness import Case, Draw, Held, Plain, apart, normal, waves, within

LIBRARY = "anygrad.scipy"
MODES = ("reflect", "mirror", "nearest", "wrap", "constant")
SPLINE_MODES = (*MODES, "grid-mirror", "grid-wrap", "grid-constant")
GAPS = np.array([[1, 1, 0], [0, 1, 0]])
HEIGHTS = np.array([[0.3, 1.0, 0.2], [0.0, 1.5, 0.0]])

x = normal(5, 6)
steps = apart(5, 6)


def case(name: str, *inputs: Draw | Held, run: Callable[..., Any], **options: Any) -> Case:
    """Make the case of a function called alike in both: ``run(function, *arrays)`` is how."""
    function = name.partition(" ")[0]
    tensors = lambda *arrays: run(getattr(ag.scipy.ndimage, function), *arrays)
    reference = functools.partial(run, getattr(ndimage, function))
    return Case(f"anygrad.scipy.ndimage.{name}", tensors, *inputs, reference=reference, **options)


def call(*arguments: Any, **keywords: Any) -> Callable[..., Any]:
    """Return how a function of one image is called."""
    return lambda f, image: f(image, *arguments, **keywords)


def weighed(*arguments: Any, **keywords: Any) -> Callable[..., Any]:
    """Return how a function of two arrays is called."""
    return lambda f, image, other: f(image, other, *arguments, **keywords)


def laid(f: Any, image: Any, axis: int, output: Any, mode: str, cval: float) -> Any:
    return f(image, [1.0, -2.0, 1.0], axis, None, mode, cval)


FILTERS = [
    *(case(f"correlate1d {m}", x, normal(3), run=weighed(0, mode=m, cval=1.5, origin=-1)) for m in MODES),
    *(case(f"correlate {m}", x, normal(2, 3), run=weighed(mode=m, cval=1.5, origin=(0, 1))) for m in MODES),
    case("correlate complex", waves(3, 4), waves(2, 2), run=weighed(mode="wrap")),
    case("correlate axes", x, normal(4), run=weighed(axes=(0,))),
    case("convolve1d", x, normal(4), run=weighed(mode="mirror"), everywhere=True),
    case("convolve1d longer than the axis", normal(3), normal(11), run=weighed(mode="reflect")),
    case("convolve", x, normal(3, 2), run=weighed(mode="nearest"), everywhere=True),
    case("convolve complex", waves(3, 4), waves(2, 3), run=weighed()),
    *(case(f"uniform_filter1d {m}", x, run=call(4, 0, mode=m, cval=1.5, origin=1)) for m in MODES),
    case("uniform_filter", x, run=call((2, 3), mode=["mirror", "wrap"]), everywhere=True),
    *(case(f"gaussian_filter {m}", x, run=call((1.0, 0.7), mode=m, cval=1.5)) for m in MODES),
    case("gaussian_filter order", x, run=call(1.2, (1, 2), radius=3), everywhere=True),
    case("gaussian_filter sigma", x, within(0.8, 0.85, 2), run=lambda f, a, s: f(a, [s[0], s[1]], radius=3)),
    case("gaussian_filter1d", x, run=call(1.2, 0, 3, truncate=3.0)),
    case("sobel", x, run=call(0, mode="mirror"), everywhere=True),
    case("prewitt", x, run=call(1)),
    case("laplace", x, run=call(mode="wrap"), everywhere=True),
    case("gaussian_laplace", x, run=call((0.8, 1.1))),
    case("gaussian_gradient_magnitude", x, run=call(0.9, mode="nearest")),
    Case(
        "anygrad.scipy.ndimage.generic_laplace",
        lambda a: ag.scipy.ndimage.generic_laplace(a, functools.partial(laid, ag.scipy.ndimage.correlate1d)),
        x,
        reference=lambda a: ndimage.laplace(a),
    ),
    Case(
        "anygrad.scipy.ndimage.generic_gradient_magnitude",
        lambda a: ag.scipy.ndimage.generic_gradient_magnitude(a, ag.scipy.ndimage.sobel),
        x,
        reference=lambda a: ndimage.generic_gradient_magnitude(a, ndimage.sobel),
    ),
]
ORDERS = [
    *(case(f"minimum_filter {m}", steps, run=call((2, 3), mode=m, cval=2.03)) for m in MODES),
    case("minimum_filter footprint", steps, run=call(footprint=GAPS, mode="mirror", origin=(0, 1))),
    case("maximum_filter", steps, run=call(3, mode=["wrap", "constant"], cval=2.03), everywhere=True),
    case("minimum_filter1d", steps, run=call(3, 0)),
    case("maximum_filter1d", steps, run=call(4, origin=1)),
    case("rank_filter", steps, run=call(-2, footprint=GAPS)),
    case("rank_filter size", steps, run=call(2, 3, mode="nearest"), everywhere=True),
    case("median_filter", steps, run=call((2, 3))),
    case("percentile_filter", steps, run=call(30, 3)),
    case("grey_erosion", steps, run=call(structure=HEIGHTS)),
    case("grey_dilation", steps, run=call(structure=HEIGHTS, footprint=GAPS), everywhere=True),
    case("grey_dilation size", steps, run=call((2, 3))),
    case("grey_opening", steps, run=call(2)),
    case("grey_closing", steps, run=call(footprint=GAPS)),
    case("morphological_gradient", steps, run=call(3)),
    case("morphological_laplace", steps, run=call(footprint=GAPS)),
    case("white_tophat", steps, run=call(3)),
    case("black_tophat", steps, run=call(structure=HEIGHTS)),
]

places = within(-3.0, 8.0, 2, 7)
turn = {"rtol": 1e-5}
SPLINES = [
    *(case(f"spline_filter1d {n} {m}", x, run=call(n, 0, mode=m)) for n in (2, 5) for m in SPLINE_MODES),
    case("spline_filter", x, run=call(4, mode="reflect"), everywhere=True),
    case("spline_filter complex", waves(3, 4), run=call(), warns="promoting specified output"),
    *(
        case(f"map_coordinates {n} {m}", x, places, run=weighed(order=n, mode=m, cval=1.5), **turn)
        for n in (1, 3, 4)
        for m in SPLINE_MODES
    ),
    case("map_coordinates unfiltered", x, places, run=weighed(mode="nearest", prefilter=False), **turn),
    case("map_coordinates complex", waves(5, 6), within(0, 4, 2, 7), run=weighed(order=5), **turn),
    case("map_coordinates everywhere", x, within(0, 4, 2, 7), run=weighed(), everywhere=True, **turn),
    case(
        "affine_transform",
        x,
        normal(2, 2),
        within(1.0, 2.0, 2),
        run=lambda f, a, m, o: f(a, m, o, (4, 7), mode="mirror"),
        **turn,
    ),
    case("affine_transform diagonal", x, within(0.4, 0.9, 2), run=weighed(0.37, mode="grid-wrap"), **turn),
    case("affine_transform homogeneous", x, normal(2, 3), run=weighed(order=2, mode="reflect"), **turn),
    case("shift", x, within(-1.4, -1.1, 2), run=weighed(mode="nearest"), everywhere=True, **turn),
    case("shift constant", x, run=call((0.3, -1.7), order=1, cval=1.5)),
    case("zoom", x, run=call((1.7, 0.6), mode="mirror")),
    case("zoom grid", x, run=call(1.4, mode="grid-constant", grid_mode=True), everywhere=True),
    case("rotate", x, within(19.0, 20.0), run=weighed(reshape=False, mode="reflect"), **turn),
    case("rotate reshape", normal(3, 4, 2), run=call(33.0, axes=(0, 2), order=2, cval=1.5)),
]

MARKS = np.array(
    [[0, 1, 1, 2, 2, 1], [1, 3, 3, 2, 0, 0], [3, 3, 1, 1, 2, 2], [0, 1, 2, 3, 1, 2], [1, 1, 2, 3, 3, 0]]
)
MEASURES = ("sum_labels", "mean", "variance", "standard_deviation", "minimum", "maximum", "median", "extrema")
POSITIONS = ("minimum_position", "maximum_position")
REGIONS = [
    *(case(m, steps, run=call(MARKS, [3, 1])) for m in MEASURES),
    *(case(f"{m} of all that is labelled", steps, run=call(MARKS)) for m in MEASURES),
    *(case(f"{m} of all", steps, run=call(), everywhere=m != "median") for m in MEASURES),
    *(
        case(m, steps, run=call(MARKS, [3, 1]), outcome=Plain("positions are whole numbers"))
        for m in POSITIONS
    ),
    case("sum", x, run=call(MARKS, 2)),
    case("center_of_mass", within(0.5, 2.0, 5, 6), run=call(MARKS, [2, 1])),
]
TRANSFORMS = [
    *(
        case(f"fourier_{name} {n}", waves(4, 5), within(0.5, 2.0, 2), run=weighed(n, 1), everywhere=True)
        for name in ("gaussian", "uniform", "shift")
        for n in (-1, 9)
    ),
    case("fourier_gaussian real", x, run=call(1.2)),
]

CASES = [*FILTERS, *ORDERS, *SPLINES, *REGIONS, *TRANSFORMS]
