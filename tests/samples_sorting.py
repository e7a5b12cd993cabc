"""Samples of sorting, searching, sets and of reading and adding at arrays of positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.samples import FLAGS, NUMBERS, OWN, W, X, Y, Z, sample

inf, nan = np.inf, np.nan

# ---------------------------------------------------------------- order


def _sort(x: np.ndarray, axis: int = -1, descending: bool = False, stable: bool = True) -> np.ndarray:
    return np.take_along_axis(x, _argsort(x, axis, descending), axis)


def _argsort(x: np.ndarray, axis: int = -1, descending: bool = False, stable: bool = True) -> np.ndarray:
    """Sort row by row in Python: by number, NaN last (or first), then by position."""
    keys = np.moveaxis(x, axis, -1)
    out = np.empty(keys.shape, np.int64)
    for at in np.ndindex(keys.shape[:-1]):
        row = [(v != v, 0 if v != v else v) for v in keys[at].tolist()]
        order = sorted(range(len(row)), key=row.__getitem__)
        if descending:
            order = sorted(range(len(row)), key=row.__getitem__, reverse=True)
        out[at] = order
    return np.moveaxis(out, -1, axis)


OWN |= {"sort": _sort, "argsort": _argsort}
CUBE = np.array([0.3, -1.2, 2.5, 0.7, 1.9, -0.15, 3.1, -2.2, 0.9, 1.4, -0.6, 2.0]).reshape(2, 3, 2)
TIED = np.array([2.0, 1.0, 2.0, 0.0, 1.0])

for _name in ("sort", "argsort"):
    for _options in ({}, {"descending": True}, {"axis": 0}, {"axis": -2, "descending": True}):
        sample(_name, "axis" if "axis" in _options else "plain", X, **_options)
    sample(_name, "axis", CUBE, axis=1)
    sample(_name, "axis", CUBE, axis=-3, descending=True)
    sample(_name, "plain", X, stable=False)
    sample(_name, "mixed", NUMBERS, descending=True)
    sample(_name, "mixed", FLAGS)
    sample(_name, "mixed", FLAGS, descending=True)
    sample(_name, "empty", X[:0])
    sample(_name, "empty", X[:, :0], descending=True)
    for _descending in (False, True):
        sample(_name, "tie", TIED, descending=_descending)
        sample(_name, "tie", np.array([nan, 1.0, inf, nan, -inf, 0.0]), descending=_descending)
        sample(_name, "tie", np.array([0.0, -0.0, 0.0]), descending=_descending)
    sample(_name, "mixed", np.array([3, 0, 255, 7], np.uint8), descending=True)
    sample(_name, "mixed", np.array([3, -128, 127], np.int8), descending=True)

# ---------------------------------------------------------------- quantiles


def _median(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> Any:
    return np.median(x, axis=axis, keepdims=keepdims)


def _quantile(x: np.ndarray, q: Any, axis: Any = None, keepdims: bool = False, method: str = "linear") -> Any:
    return np.quantile(x, q, axis=axis, keepdims=keepdims, method=method)


OWN |= {"median": _median, "quantile": _quantile}
for _axis, _keepdims in ((0, False), (-1, True), ((0, 2), False)):
    sample("median", "axis", CUBE, axis=_axis, keepdims=_keepdims)
sample("quantile", "axis", CUBE, extra=(0.3,), axis=(-1, 0), keepdims=True)
sample("quantile", "axis", X, extra=([[0.1, 0.85]],), axis=1)
sample("median", "plain", X)
sample("median", "plain", X[0])
sample("median", "0-d", X[0, 0])
sample("median", "empty", X[:0], axis=1)
sample("median", "mixed", NUMBERS)
sample("median", "mixed", FLAGS, axis=1)
sample("median", "tie", np.array([1.0, 3.0, 2.0, 2.0, 2.0]), grads=([0, 0, 0, 1, 0],))
sample("median", "tie", np.array([3.0, 2.0, 2.0, 1.0]), grads=([0, 0.5, 0.5, 0],))
sample("median", "tie", np.array([1.0, nan, 2.0]))
sample("median", "tie", np.array([inf, 1.0, inf, inf]), grads=([0.5, 0, 0.5, 0],))
for _method in ("linear", "lower", "higher", "midpoint", "nearest"):
    sample("quantile", "plain", X[0], extra=(0.3,), method=_method)
    sample("quantile", "mixed", NUMBERS, extra=([0.25, 0.6],), axis=0, method=_method)
    sample("quantile", "tie", np.array([1.0, nan, 2.0]), extra=(0.5,), method=_method)
sample("quantile", "0-d", X[0, 0], extra=(0.25,))
sample("quantile", "empty", X[:0], extra=(0.25,), axis=1)
sample("quantile", "empty", X, extra=(np.array([]).tolist(),), axis=1)
sample("quantile", "tie", np.array([2.0, 1.0, 2.0, 2.0]), extra=(0.5,), grads=([0.5, 0, 0.5, 0],))
sample("quantile", "tie", np.array([2.0, 1.0, 3.0]), extra=(0.5,), grads=([1, 0, 0],))
sample("quantile", "tie", np.array([2.0, 1.0, inf]), extra=(0.25,), grads=([0.5, 0.5, 0],))

# ---------------------------------------------------------------- searching


def _nonzero(x: np.ndarray) -> tuple[np.ndarray, ...]:
    return np.nonzero(x)


for _x in (X, Z, np.array([[0.0, -0.0, 2.0], [nan, 0.0, -inf]]), NUMBERS % 2, FLAGS, CUBE[0, 0]):
    sample("nonzero", "plain", _x)
sample("nonzero", "empty", X[:, :0])
sample("nonzero", "empty", np.zeros((2, 3)))

STEPS = np.array([-1.5, 0.4, 0.4, 1.0, 2.0])
for _side in ("left", "right"):
    for _name in ("insertions", "searchsorted"):
        _own: dict[str, Any] = {"side": _side, "reference": np.searchsorted}
        sample(_name, "plain", STEPS, X, **_own)
        sample(_name, "tie", STEPS, np.array([0.4, 1.0, -inf, inf, -1.5, 2.0, nan]), **_own)
        sample(_name, "tie", np.array([0.4, inf, nan, nan]), np.array([0.4, 7.0, nan, inf, 0.0]), **_own)
        sample(_name, "0-d", STEPS, X[0, 1], **_own)
        sample(_name, "empty", STEPS[:0], X, **_own)
        sample(_name, "empty", STEPS, X[:0], **_own)
        sample(_name, "mixed", np.array([1, 2, 2, 7]), NUMBERS, **_own)
        sample(_name, "mixed", np.array([False, True]), FLAGS, **_own)
    sample("searchsorted", "mixed", np.array([1, 2, 4, 7]), X, side=_side)
    sample("searchsorted", "mixed", STEPS, NUMBERS, side=_side)
    sample("searchsorted", "mixed", STEPS.astype(np.float32), STEPS, side=_side)
    sample("searchsorted", "scalar", STEPS, 0.4, side=_side)
    sample("searchsorted", "plain", STEPS[::-1], X, side=_side, sorter=np.arange(5)[::-1].copy())


def _isin(x: Any, y: Any, invert: bool = False) -> Any:
    return np.isin(x, y, invert=invert)


for _invert in (False, True):
    _own = {"invert": _invert, "reference": _isin}
    sample("isin", "plain", NUMBERS, np.array([[7, 1], [1, 5]]), **_own)
    sample("isin", "plain", X, X[1], **_own)
    sample("isin", "plain", Z, np.array([Z[0, 0], W[0, 0], Z[1, 2]]), **_own)
    sample("isin", "mixed", NUMBERS, np.array([1.0, 2.5]), **_own)
    sample("isin", "mixed", FLAGS, np.array([True]), **_own)
    sample("isin", "mixed", FLAGS, np.array([2, 0]), **_own)
    sample("isin", "tie", np.array([nan, inf, 0.0, -0.0, 1.0]), np.array([nan, inf, -0.0]), **_own)
    sample("isin", "0-d", X[0, 0], X, **_own)
    sample("isin", "0-d", X, X[1, 1], **_own)
    sample("isin", "scalar", NUMBERS, 7, **_own)
    sample("isin", "scalar", 7, NUMBERS, **_own)
    sample("isin", "empty", X[:0], X, **_own)
    sample("isin", "empty", X, X[:0], **_own)

# ---------------------------------------------------------------- sets


def _unique(*kept: int) -> Callable[[np.ndarray], Any]:
    def reference(x: np.ndarray) -> Any:
        found = np.unique(
            x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False, sorted=True
        )
        out = [part.reshape(x.shape) if i == 2 else part for i, part in enumerate(found)]
        return out[kept[0]] if len(kept) == 1 else tuple(out[i] for i in kept)

    return reference


SETS = {"unique_all": (0, 1, 2, 3), "unique_counts": (0, 3), "unique_inverse": (0, 2), "unique_values": (0,)}
AGAIN = np.array([[1.5, -2.0, 1.5], [0.5, 1.5, -2.0]])
for _name, _kept in SETS.items():
    OWN[_name] = _unique(*_kept)
    sample(_name, "plain", X)
    sample(_name, "plain", Z)
    sample(_name, "plain", X[0])
    sample(_name, "mixed", NUMBERS // 3)
    sample(_name, "mixed", FLAGS)
    sample(_name, "0-d", X[0, 0])
    sample(_name, "empty", X[:0])
    sample(_name, "tie", AGAIN, **({"grads": ([[1, 1, 0], [1, 0, 0]],)} if _name == "unique_values" else {}))
    sample(_name, "tie", np.array([Z[0, 0], Z[1, 1], Z[0, 0], Z[0, 0].conj()]))
    sample(_name, "tie", np.array([nan, 1.0, nan, inf, -inf, 1.0, inf]))
    sample(
        _name,
        "tie",
        np.array([0.0, -0.0, 1.0]),
        **({"grads": ([1, 0, 1],)} if _name == "unique_values" else {}),
    )

# ---------------------------------------------------------------- at arrays of positions

PICKED = np.array([2, 0, 2])
NONE = np.array([], np.int64)


def _take(x: np.ndarray, indices: Any, axis: int | None = None) -> Any:
    return np.take(x, indices, axis=axis)


def _take_along_axis(x: np.ndarray, indices: Any, axis: int = -1) -> Any:
    return np.take_along_axis(x, indices, axis)


def _index_add(x: np.ndarray, indices: np.ndarray, y: Any, axis: int) -> np.ndarray:
    out = x.copy()
    np.add.at(out, (slice(None),) * (axis % x.ndim) + (indices,), y)
    return out


def _scatter_add(x: np.ndarray, indices: np.ndarray, y: Any, axis: int = -1) -> np.ndarray:
    out = x.copy()
    shape = list(x.shape)
    shape[axis] = indices.shape[axis]
    places = list(np.indices(shape))
    places[axis] = np.broadcast_to(indices, shape)
    np.add.at(out, tuple(places), y)
    return out


OWN |= {
    "take": _take,
    "take_along_axis": _take_along_axis,
    "index_add": _index_add,
    "added_at": _index_add,
    "scatter_add": _scatter_add,
}
for _x, _y in ((X, Y), (Z, W)):
    for _indices, _axis in ((PICKED, 1), (np.array([1, 1]), 0)):
        _part = np.take(_y, _indices, axis=_axis) * np.arange(1, 1 + len(_indices)).reshape(
            (-1, 1) if not _axis else -1
        )
        sample("take", "plain", _x, _indices, axis=_axis)
        for _name in ("added_at", "index_add"):
            sample(_name, "plain", _x, _indices, _part, axis=_axis)
    sample("take", "plain", _x[0], np.array([-1, 0, 1, -3]))
    sample("take", "axis", _x, np.array([[0, 2], [-1, 0]]), axis=-1)
    sample("take", "0-d", _x, np.asarray(1), axis=1)
    sample("take", "empty", _x, NONE, axis=1)
    sample("take", "empty", _x[:, :0], NONE, axis=1)
    sample("added_at", "empty", _x, NONE, _y[:, :0], axis=1)
    sample("index_add", "axis", _x, np.array([-1, 0, -1]), _y, axis=-1)
    sample("index_add", "broadcast", _x, np.array([1, 0, 1]), _y[0], axis=0)
    sample("index_add", "scalar", _x, PICKED, 2.5, axis=1)
    sample("index_add", "0-d", _x, PICKED, _y[0, 0], axis=1)
    sample("index_add", "empty", _x, NONE, _y[:, :0], axis=1)
    sample("index_add", "empty", _x[:, :0], NONE, _y[:, :0], axis=1)
    _rows = np.array([[2, 0, 2, -1], [1, 1, 0, -3]])
    _four = np.concatenate([_y, 2 * _y[:, :1]], axis=1)
    sample("take_along_axis", "plain", _x, _rows)
    sample("take_along_axis", "axis", _x, np.array([[1, 0, 1], [-1, 1, 1], [0, 0, -2]]), axis=0)
    sample("take_along_axis", "broadcast", _x, np.array([[2, 2, 0]]))
    sample("take_along_axis", "broadcast", _x[:1], _rows)
    sample("take_along_axis", "empty", _x, _rows[:, :0])
    sample("take_along_axis", "empty", _x[:0], _rows[:0])
    sample("scatter_add", "plain", _x, _rows, _four)
    sample("scatter_add", "axis", _x, np.array([[1, 0, 1], [-1, 1, 1]]), _y, axis=0)
    sample("scatter_add", "broadcast", _x, np.array([[2, 2, 0]]), _y[0])
    sample("scatter_add", "scalar", _x, _rows, 1.5)
    sample("scatter_add", "0-d", _x, _rows, _y[0, 0])
    sample("scatter_add", "empty", _x, _rows[:, :0], _y[:, :0])
    sample("scatter_add", "empty", _x[:0], _rows[:0], _four[:0])
sample("scatter_add", "axis", CUBE, np.array([[[1], [-1]], [[2], [2]]]), CUBE[:, :2], axis=-2)
sample("take_along_axis", "axis", CUBE, np.array([[[1, 0], [0, 2]]]), axis=1)
sample("index_add", "mixed", NUMBERS, PICKED, np.array([1, 2, 3]), axis=1)
sample("index_add", "mixed", X.astype(np.float32), PICKED, np.array([1.5, 2, 3]), axis=1, smooth=False)
sample("index_add", "mixed", X, PICKED, np.array([1, 2, 3]), axis=1)
sample("index_add", "mixed", Z, PICKED, Y, axis=1)
sample("scatter_add", "mixed", Z, np.array([[0, 0, 1], [2, 2, 2]]), Y)
sample("take", "mixed", FLAGS, np.array([0, 2], np.uint8), axis=1)
sample("take_along_axis", "mixed", NUMBERS, np.array([[0], [-1]], np.int8))
