"""xarray: arrays with names for their axes, around tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from anygrad.errors import DeviceError, GraphExitError
from tests.consumers.harness import Case, Held, Plain, Raises, apart, normal, positive

LIBRARY = "xarray"
ASKS = Plain("an answer in booleans or integers")
HOSTED = Raises(DeviceError, "what is given beside it becomes an array of NumPy's")
MONTHS = np.array([1, 1, 2, 2])
HOURS = np.array([0.0, 1.0, 2.5, 4.0])


def field(x: Any) -> xr.DataArray:
    """Return an array with names: days, with their months, by hours."""
    coordinates = {"day": np.arange(x.shape[0]), "month": ("day", MONTHS[: x.shape[0]])}
    if x.ndim > 1:
        coordinates["hour"] = HOURS[: x.shape[1]]
    return xr.DataArray(x, dims=("day", "hour")[: x.ndim], coords=coordinates, name="field")


def bare(result: Any) -> Any:
    """Return what a result holds."""
    if isinstance(result, list | tuple):
        return [bare(part) for part in result]
    if isinstance(result, xr.Dataset):
        return [result[name].data for name in result]
    return result.data if isinstance(result, xr.DataArray | xr.Variable) else result


def case(name: str, call: Callable[..., Any], *inputs: Any, **keywords: Any) -> Case:
    """Return a case on named arrays."""
    return Case(
        f"xarray.{name}",
        lambda *xs: bare(call(*(field(x) for x in xs))),
        *(inputs or (apart(4, 3),)),
        **keywords,
    )


def method(name: str, *arguments: Any, draw: Any = None, outcome: Any = None, **named: Any) -> Case:
    """Return the case of a method."""
    inputs = () if draw is None else (draw,)
    extra = {} if outcome is None else {"outcome": outcome}
    return case(f"DataArray.{name}", lambda a: getattr(a, name)(*arguments, **named), *inputs, **extra)


def _set(a: Any) -> Any:
    a = a * 1
    a[{"day": 1}] = a[{"day": 2}] * 3
    a.loc[{"hour": 1.0}] = 2.0
    return a


def _dataset(a: Any) -> xr.Dataset:
    return xr.Dataset({"one": a, "two": a**2})


def _holes(a: Any) -> Any:
    return a.where(a > 0.5)


CASES = [
    *(method(name, "day") for name in ("sum", "mean", "std", "var", "max", "min", "prod", "median")),
    case("DataArray.mean of all", lambda a: a.mean(["day", "hour"])),
    method("argmax", "day", outcome=ASKS),
    *(method(name, "day") for name in ("cumsum", "cumprod", "diff")),
    method("quantile", 0.3, "day"),
    method("astype", "complex128"),
    method("clip", 0.3, 1.2),
    method("round", 1),
    method("transpose", "hour", "day"),
    method("expand_dims", "year"),
    method("squeeze", draw=normal(1, 3)),
    method("rename", hour="time"),
    method("isel", day=slice(1, 3), hour=[0, 2]),
    case("DataArray.isel of one", lambda a: a.isel(day=1, hour=2)),
    method("sel", hour=1.0),
    case("DataArray.sel nearest", lambda a: a.sel(hour=0.8, method="nearest")),
    case("DataArray.loc", lambda a: a.loc[1:2, [0.0, 2.5]]),
    case("DataArray.setitem", _set, strict=HOSTED),
    method("stack", both=("day", "hour")),
    case("DataArray.unstack", lambda a: a.stack(both=("day", "hour")).unstack("both")),
    method("roll", day=1),
    method("shift", day=1, fill_value=0.0),
    method("pad", day=(1, 2), mode="edge"),
    case(
        "DataArray.sortby",
        lambda a: (a * 2).sortby("hour", ascending=False),
        outcome=Raises(
            GraphExitError, "a deep copy would have no graph; of a leaf it is a leaf, in the audit"
        ),
    ),
    method("differentiate", "hour"),
    method("integrate", "hour"),
    case("DataArray.where", lambda a: a.where(a > 0.5, 0.0)),
    case("DataArray.fillna", lambda a: _holes(a).fillna(3.0)),
    case("DataArray.dropna", lambda a: _holes(a).dropna("day", how="all").fillna(0.0)),
    case("DataArray.sum skips", lambda a: _holes(a).sum("day")),
    case("DataArray.isnull", lambda a: _holes(a).isnull(), outcome=ASKS),
    case("DataArray.notnull", lambda a: _holes(a).notnull(), outcome=ASKS),
    case(
        "DataArray.interp",
        lambda a: a.interp(hour=[0.3, 2.0]),
        outcome=Raises(
            GraphExitError, "SciPy interpolates, in compiled code: anygrad.scipy.interpolate has it"
        ),
    ),
    case(
        "DataArray.rolling",
        lambda a: a.rolling(day=2).mean().fillna(0.0),
        outcome=Raises(AttributeError, "looks for NumPy's lib.stride_tricks in the namespace of the array"),
    ),
    case("DataArray.coarsen", lambda a: a.coarsen(day=2).mean()),
    case("DataArray.groupby", lambda a: a.groupby("month").mean()),
    case(
        "DataArray.weighted",
        lambda a: a.weighted(xr.DataArray([1.0, 2, 3], dims="hour")).mean("hour"),
        strict=HOSTED,
    ),
    case("DataArray.operators", lambda a: (2 * a + a[0]) / (1 + a**2) - abs(a)),
    case("DataArray.dot", lambda a, b: a.dot(b), normal(4, 3), normal(4)),
    case("DataArray.broadcast_like", lambda a, b: b.broadcast_like(a), Held(normal(4, 3)), normal(4)),
    case("Dataset.arithmetic", lambda a: 2 * _dataset(a) + 1),
    case("Dataset.isel", lambda a: _dataset(a).isel(day=1)),
    case("Dataset.map", lambda a: _dataset(a).map(lambda v: v * v)),
    case("Dataset.mean", lambda a: _dataset(a).mean("day")),
    case("Dataset.to_dataarray", lambda a: _dataset(a).to_dataarray()),
    case(
        "align",
        lambda a, b: xr.align(a, b[1:], join="inner", copy=False),
        *(normal(4, 3), normal(4)),
    ),
    case(
        "align copies",
        lambda a, b: xr.align(a * 2, b[1:], join="inner"),
        *(normal(4, 3), normal(4)),
        outcome=Raises(GraphExitError, "a deep copy would have no graph: pass copy=False"),
    ),
    case("apply_ufunc", lambda a: xr.apply_ufunc(lambda x: x**3 - x, a)),
    case("broadcast", lambda a, b: xr.broadcast(a, b), normal(4, 3), normal(4)),
    case("concat", lambda a, b: xr.concat([a, b], "day"), normal(4, 3), normal(2, 3)),
    case("corr", lambda a, b: xr.corr(a, b, "day"), normal(4, 3), normal(4, 3)),
    case("cov", lambda a, b: xr.cov(a, b, "day"), normal(4, 3), normal(4, 3)),
    case("cross", lambda a, b: xr.cross(a, b, dim="hour"), normal(4, 3), normal(4, 3)),
    case("dot", lambda a, b: xr.dot(a, b, dim="day"), normal(4, 3), normal(4)),
    case(
        "merge",
        lambda a, b: xr.merge([a, b.rename("other")], compat="override", join="outer"),
        normal(4, 3),
        normal(4),
    ),
    case(
        "polyval", lambda a, b: xr.polyval(a, b.rename(day="degree").drop_vars("month")), normal(4), normal(4)
    ),
    *(
        case(
            f"{name}_like", lambda a, n=name, v=v: getattr(xr, f"{n}_like")(a, *v), outcome=Plain("constants")
        )
        for name, v in {"ones": (), "zeros": (), "full": (2.0,)}.items()
    ),
    case("where", lambda a, b: xr.where(a > b, a, b * 2), normal(4, 3), normal(4)),
    case("ufuncs", lambda a: (np.sin(a), np.hypot(a, 2 * a), xr.ufuncs.exp(a)), positive(4, 3)),
]
