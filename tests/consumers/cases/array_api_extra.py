"""array-api-extra, all of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import array_api_extra as xpx
import numpy as np
from array_api_compat import array_namespace as namespace
from array_api_extra import testing

from anygrad.errors import GraphExitError, LeafWriteError
from tests.consumers.harness import Case, Draw, Plain, Raises, apart, normal, positive, waves

LIBRARY = "array-api-extra"
ASKS = Plain("the answer is of integers or booleans")
DEPRECATED = r"`xpx\.\w+` is deprecated"


def case(name: str, call: Callable[..., Any], *inputs: Any, **keywords: Any) -> Case:
    """Return a case; its name is the function's and what sets it apart."""
    return Case(f"array_api_extra.{name}", call, *inputs, everywhere=True, **keywords)


# ---------------------------------------------------------------- at


def written(op: str, key: Any) -> Callable[..., Any]:
    """Return a call that writes into what was computed."""
    return lambda x, y: getattr(xpx.at(x * 1)[key], op)(y)


def masked(x: Any, y: Any) -> Any:
    return xpx.at(x * 1, x > 0).multiply(y[0])


def at_an_index(x: Any, y: Any) -> Any:
    index = namespace(x).asarray([0, 2])
    return xpx.at(x * 1)[index, :].subtract(y)


AT = [
    case(f"at {op}", written(op, (slice(1, None), slice(None, None, 2))), positive(3, 4), positive(2, 2))
    for op in ("set", "add", "subtract", "multiply", "divide", "power", "min", "max")
]
AT += [
    case("at with a mask", masked, normal(3, 4), normal(2)),
    case("at with an index", at_an_index, normal(3, 4), normal(4)),
    case("at one entry", written("set", (1, 2)), normal(3, 4), normal()),
    case("at of an input, copied", lambda x, y: xpx.at(x)[1].set(y, copy=True), normal(3, 4), normal(4)),
    case(
        "at of an input",
        lambda x, y: xpx.at(x)[1].set(y),
        normal(3, 4),
        normal(4),
        outcome=Raises(LeafWriteError, "it writes into the leaf: pass copy=True"),
    ),
]


# ---------------------------------------------------------------- NaN


def holes(*shape: int) -> Draw:
    """Draw numbers of which one in each row is NaN."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        x = rng.standard_normal(shape)
        x[np.arange(shape[0]), rng.permutation(shape[1])[: shape[0]]] = np.nan
        return x

    return draw


def not_finite(rng: np.random.Generator) -> np.ndarray:
    x = rng.standard_normal((3, 4))
    x[0, 1], x[1, 2], x[2, 0] = np.nan, np.inf, -np.inf
    return x


NAN = [
    case(f"{name} {axis}", functools.partial(getattr(xpx, name), axis=axis), holes(3, 4))
    for name in ("nanmax", "nanmean", "nanmin", "nansum")
    for axis in (None, 0, 1)
]
NAN += [
    case("nan_to_num", xpx.nan_to_num, holes(3, 4)),
    case("nan_to_num complex", lambda z: xpx.nan_to_num(z * z), waves(3)),
    case("nan_to_num of what is not finite", lambda x: xpx.nan_to_num(x, fill_value=3.0), not_finite),
]


# ---------------------------------------------------------------- statistics, order, sets


def ordered(x: Any, y: Any) -> Any:
    return xpx.searchsorted(namespace(x).sort(x), y, side="right")


def smallest(x: Any) -> Any:
    """Return the three smallest entries, in order: the order within a part is the library's affair."""
    xp = namespace(x)
    return xp.sort(xp.take(x, xpx.argpartition(x, 2)[:3]))


ORDER = [
    case("argpartition taken", smallest, apart(6)),
    case("argpartition", lambda x: xpx.argpartition(x, 1, axis=0), apart(3, 4), outcome=ASKS),
    case("partition", lambda x: namespace(x).sort(xpx.partition(x, 2)[:3]), apart(6)),
    case("partition along an axis", lambda x: xpx.partition(x, 0, axis=0)[0, ...], apart(3, 4)),
    case("partition flat", lambda x: xpx.partition(x, 3, axis=None)[3], apart(3, 4)),
    case("searchsorted", ordered, apart(6), apart(4), outcome=ASKS),
    case("searchsorted batched", ordered, apart(2, 6), apart(2, 3), outcome=ASKS),
    case("isin", lambda x: xpx.isin(x, x[:2]), apart(6), outcome=ASKS),
    case("isin used", lambda x: namespace(x).where(xpx.isin(x, x[:2]), x * x, x), apart(6)),
    case("nunique", xpx.nunique, apart(3, 4), outcome=ASKS),
    case("setdiff1d", lambda x: xpx.setdiff1d(x, x[1:3]), apart(6)),
    case("union1d", lambda x, y: xpx.union1d(x, y + 0.03), apart(6), apart(3)),
    case("cov", xpx.cov, normal(3, 5)),
    case("cov of a vector", xpx.cov, normal(5)),
    case("cov correction", lambda x: xpx.cov(x, correction=0), normal(3, 5)),
    case("cov batched", xpx.cov, normal(2, 3, 5)),
    case("cov weighted", lambda x, w: xpx.cov(x, aweights=w), normal(3, 5), positive(5)),
]


# ---------------------------------------------------------------- elementwise, shapes, indices


def functions_of(x: Any, y: Any) -> Any:
    return xpx.apply_where(x > y, (x, y), lambda a, b: a * b, lambda a, b: a - b * b)


def logarithm_where_positive(x: Any) -> Any:
    return xpx.apply_where(x > 0, x, lambda a: namespace(a).log(a), fill_value=0.0)


def by_keyword(x: Any, y: Any) -> Any:
    return xpx.apply_where(x > y, x, lambda a, k: a * k, lambda a, k: k - a * a, kwargs={"k": y})


def sine_of(x: Any, y: Any) -> Any:
    return xpx.lazy_apply(lambda a, b: a * namespace(a).sin(b), x, y)


def two_results(x: Any, y: Any) -> Any:
    shapes, dtypes = (x.shape, x.shape), (x.dtype, x.dtype)
    return xpx.lazy_apply(lambda a, b: (a * b, a - b), x, y, shape=shapes, dtype=dtypes)


def encoded(x: Any) -> Any:
    return xpx.one_hot(namespace(x).asarray([0, 2, 1]), 4, dtype=x.dtype) * x


def raveled(x: Any) -> Any:
    return x[xpx.unravel_index(namespace(x).asarray([1, 7, 11]), (3, 4))]


OTHERS = [
    case("angle", lambda x, y: xpx.angle(x + 1j * y), normal(3, 2), normal(3, 2)),
    case("angle in degrees", lambda z: xpx.angle(z, deg=True), waves(4)),
    case("apply_where", functions_of, normal(3, 4), normal(3, 4)),
    case("apply_where filled", logarithm_where_positive, normal(3, 4), step=1e-4),
    case(
        "apply_where filled with an array",
        lambda x, y: xpx.apply_where(x > 0, x, lambda a: a * a, fill_value=y),
        normal(3, 4),
        normal(3, 4),
    ),
    case("apply_where by keyword", by_keyword, normal(3, 4), normal(3, 4)),
    case("atleast_nd", lambda x: xpx.atleast_nd(x, ndim=3), normal(3, 4)),
    case(
        "broadcast_shapes",
        lambda x: xpx.broadcast_shapes(x.shape, (5, 1)),
        normal(4),
        outcome=ASKS,
        warns=DEPRECATED,
    ),
    case("create_diagonal", lambda x: xpx.create_diagonal(x, offset=1), normal(2, 3)),
    case("create_diagonal below", lambda x: xpx.create_diagonal(x, offset=-2), normal(3)),
    case("default_dtype", lambda x: str(xpx.default_dtype(namespace(x))), normal(2), outcome=ASKS),
    case("deg2rad", xpx.deg2rad, normal(3)),
    case("diag_indices", lambda x: x[xpx.diag_indices(3, xp=namespace(x))], normal(3, 4)),
    case("expand_dims", lambda x: xpx.expand_dims(x, axis=(0, 2)), normal(3, 4), warns=DEPRECATED),
    case("isclose", xpx.isclose, normal(3, 4), normal(3, 4), outcome=ASKS),
    case("isclose used", lambda x, y: namespace(x).where(xpx.isclose(x, x), x * y, y), normal(4), normal(4)),
    case("kron", xpx.kron, normal(2, 3), normal(3, 2)),
    case("kron of a vector", xpx.kron, normal(2, 3), normal(4)),
    case("lazy_apply", sine_of, normal(3, 4), normal(3, 4)),
    case("lazy_apply of two results", two_results, normal(4), normal(4)),
    case(
        "lazy_apply on NumPy",
        lambda x: xpx.lazy_apply(np.sin, x, as_numpy=True),
        normal(4),
        outcome=Raises(GraphExitError, "as_numpy=True asks for NumPy's arrays"),
    ),
    case("one_hot", encoded, normal(3, 4)),
    case("pad", lambda x: xpx.pad(x, ((1, 2), (0, 1)), constant_values=2.0), normal(3, 4)),
    case("rad2deg", xpx.rad2deg, normal(3)),
    case("sinc", xpx.sinc, lambda rng: np.append(rng.standard_normal(4), 0.0)),
    case("tril_indices", lambda x: x[xpx.tril_indices(3, m=4, xp=namespace(x))], normal(3, 4)),
    case("triu_indices", lambda x: x[xpx.triu_indices(3, offset=1, m=4, xp=namespace(x))], normal(3, 4)),
    case("unravel_index", raveled, normal(3, 4)),
]


# ---------------------------------------------------------------- testing


def compared(compare: Callable[..., Any], other: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a call that compares an array with another."""
    return lambda x: compare(x, other(x))


def detached(compare: Callable[..., Any], other: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a call that compares tensors without a graph."""
    return lambda x: compared(compare, other)(x.detach() if hasattr(x, "detach") else x)


COMPARISONS: dict[str, Callable[[Any], Any]] = {
    "assert_close": lambda x: x * (1 + 1e-12),
    "assert_close_nulp": lambda x: x * 1,
    "assert_equal": lambda x: x * 1,
    "assert_less": lambda x: x + 1,
}
TESTING = [
    case(
        f"testing.{name} detached",
        detached(getattr(testing, name), other),
        normal(3),
        outcome=Plain("it compares"),
    )
    for name, other in COMPARISONS.items()
]
TESTING += [
    case(
        f"testing.{name}",
        compared(getattr(testing, name), other),
        normal(3),
        outcome=Raises(GraphExitError, "compares on NumPy: hand it x.detach()"),
    )
    for name, other in COMPARISONS.items()
]

CASES = AT + NAN + ORDER + OTHERS + TESTING
