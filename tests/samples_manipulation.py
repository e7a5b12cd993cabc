"""Samples of repetition, grids, differences, padding, what is no number, and Einstein sums."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np

from tests.samples import FLAGS, NUMBERS, W, X, Y, Z, sample

X3 = np.stack([X, Y])
Z3 = np.stack([Z, W])
WAITS = {"strict": "counts are read", "cupy": "counts are read"}


def _unstack(x: np.ndarray, axis: int = 0) -> Any:
    return tuple(np.moveaxis(x, axis, 0)[i] for i in range(x.shape[axis]))


def _copies(x: np.ndarray, count: int, axis: int) -> Any:
    return np.repeat(x, count, axis)


for _x in (X, Z):
    for _k in (2, 1, 0):
        sample("repeat", "plain", _x, extra=(_k,))
        sample("repeat", "axis", _x, extra=(_k,), axis=-1)
    sample("repeat", "axis", np.stack([_x, _x]), extra=(3,), axis=1)
    sample("repeat", "plain", _x, extra=(np.array([2, 0]),), axis=0, without=WAITS)
    sample("repeat", "plain", _x, extra=(np.array([1, 0, 2, 3, 0, 1]),), without=WAITS)
    sample("repeat", "axis", _x, extra=(np.array([2], dtype=np.uint8),), axis=1, without=WAITS)
    for _axis in (0, 1):
        sample("copies", "plain", _x, count=3, axis=_axis, reference=_copies)
    sample("copies", "empty", _x[:0], count=2, axis=1, reference=_copies)
    sample("copies", "empty", _x, count=0, axis=0, reference=_copies)
    sample("repeat", "0-d", _x[0, 0], extra=(3,))
    sample("repeat", "empty", _x[:0], extra=(2,), axis=1)
    sample("repeat", "empty", _x[:0], extra=(np.array([], dtype=np.int64),), axis=0, without=WAITS)
    for _k in ((2, 1), (1, 1), (3,), (2, 1, 2), (0, 2), ()):
        sample("tile", "plain", _x, extra=(_k,))
    sample("tile", "0-d", _x[0, 0], extra=((2, 3),))
    sample("tile", "empty", _x[:0], extra=((2, 2),))
    for _axis in (0, 1, -1):
        sample("unstack", "plain", _x, axis=_axis, reference=_unstack)
    sample("unstack", "axis", np.stack([_x, _x]), axis=-2, reference=_unstack)
    sample("unstack", "plain", _x[0], reference=_unstack)
    sample("unstack", "empty", _x[:0], axis=1, reference=_unstack)
    sample("meshgrid", "plain", _x[0], _x[1, :2])
    sample("meshgrid", "plain", _x[0], _x[1, :2], indexing="ij")
    sample("meshgrid", "plain", _x[0], _x[1, :2], _x[0, :1])
    sample("meshgrid", "plain", _x[0])
    sample("meshgrid", "0-d", _x[0, 0], _x[1])
    sample("meshgrid", "empty", _x[0, :0], _x[1])
    for _n in (1, 2, 0):
        sample("diff", "plain", _x, n=_n)
        sample("diff", "axis", _x, n=_n, axis=0)
    sample("diff", "axis", np.stack([_x, _x]), axis=-2, prepend=_x[None, :1].repeat(2, 0), append=0)
    sample("diff", "plain", _x, n=3, prepend=1.5, append=np.array(2.5))
    sample("diff", "plain", _x, n=2, append=_x[:, :2])
    sample("diff", "plain", _x, n=5)
    sample("diff", "empty", _x[:0])
    sample("diff", "empty", _x[:0], axis=0)
    sample("diff", "empty", _x[:, :0], prepend=_x, append=1)
    for _width in (1, 0, (2, 1), ((0, 3), (2, 0))):
        sample("pad", "plain", _x, extra=(_width,))
    for _mode in ("edge", "reflect", "symmetric", "wrap"):
        sample("pad", "plain", _x, extra=(((0, 1), (2, 0)), _mode))
        sample("pad", "0-d", _x[0, 0], extra=(0, _mode))
        sample("pad", "empty", _x[:0], extra=(((0, 0), (1, 2)), _mode))
    sample("pad", "plain", _x, extra=((1, 0),), constant_values=((1, 2.5), (0.5, -1)))
    sample("pad", "empty", _x[:0], extra=(1,))
    sample("pad", "0-d", _x[0, 0], extra=(1,))
    sample("nan_to_num", "plain", _x)
    sample("nan_to_num", "0-d", _x[0, 0])
    sample("nan_to_num", "empty", _x[:0])
for _mode in ("edge", "reflect", "symmetric", "wrap"):
    sample("pad", "axis", X[0], extra=((7, 8), _mode))
    sample("pad", "axis", X[:1, :1], extra=(((0, 2), (3, 0)), _mode))
for _x in (NUMBERS, NUMBERS.astype(np.uint8), FLAGS):
    sample("diff", "plain", _x, axis=0)
    sample("tile", "plain", _x, extra=(2,))
    sample("pad", "plain", _x, extra=(1,))
    sample("pad", "plain", _x, extra=(1, "wrap"))
    sample("nan_to_num", "plain", _x)
sample("meshgrid", "mixed", X[0], NUMBERS[0], Z[0])
sample("diff", "mixed", X, prepend=1j)
sample("diff", "mixed", NUMBERS, prepend=0.5)
sample("diff", "tie", np.array([inf, inf, 1.0]), grads=([-1, 0, 1],))

# ---------------------------------------------------------------- no numbers

_EVERY = np.array([nan, inf, -inf, 2.0, -0.0])
sample("nan_to_num", "tie", _EVERY, grads=([0, 0, 0, 1, 1],))
sample("nan_to_num", "tie", _EVERY, nan=1, posinf=7.5, neginf=-inf, grads=([0, 0, 0, 1, 1],))
sample("nan_to_num", "tie", np.array([complex(nan, 2), complex(1, -inf), 3 + 4j]), grads=([1j * 0, 1, 1],))
sample("nan_to_num", "tie", _EVERY.astype(np.float32))

# ---------------------------------------------------------------- Einstein sums


def _contract(x: np.ndarray, y: np.ndarray, a: str, b: str, c: str) -> Any:
    return np.einsum(f"{a},{b}->{c}", x, y)


for _a, _b in ((X3, Y), (Z3, W)):
    for _axes in (("aij", "ij", "a"), ("aij", "ij", "ja"), ("aij", "ij", "jai"), ("aij", "aj", "ai")):
        sample("contract", "plain", _a, _b, **dict(zip("abc", _axes)), reference=_contract)
    sample("contract", "plain", _a, _b, a="abi", b="ci", c="cba", reference=_contract)
    sample("contract", "plain", _a, _a.transpose(1, 2, 0).copy(), a="aij", b="ija", c="", reference=_contract)
    sample("contract", "plain", _b, _b[0], a="ai", b="b", c="bia", reference=_contract)
    sample("contract", "0-d", _a[0, 0, 0], _b, a="", b="ij", c="ji", reference=_contract)
    sample("contract", "empty", _a[:, :, :0], _b[:, :0], a="abi", b="ci", c="abc", reference=_contract)
    sample("contract", "empty", _a[:0], _b, a="aij", b="ij", c="a", reference=_contract)

SINGLE = ("ij->ji", "ij", "ba", "ij->", "ij->j", "...j->...", "i...->...")
SQUARES = ("ii->i", "ii", "...ii->...i", "ii->")
PAIRS = (
    "ij,ij",
    "ij,ij->",
    "ij,ij->i",
    "ij,ij->ji",
    "ij,kj",
    "ij,kj->ki",
    "ij,kl->jl",
    "...j,...j->...",
    "ij,kl->lijk",
)
MANY = ("ij,kj,kl->il", "ij,ij,ij->", "ij,kj,lj,mj->ilmk", "ij,kl,mn->", "ij,...j,kj->...ik")
for _x, _y in ((X, Y), (Z, W)):
    _many = _x is X
    for _text in SINGLE if _many else SINGLE[:1]:
        sample("einsum", "plain", _text, _x)
    for _text in SQUARES if _many else SQUARES[2:3]:
        sample(
            "einsum", "plain", _text, np.stack([_x[:, :2], _y[:, 1:]]) if "..." in _text else _x[:, :2].copy()
        )
    for _text in PAIRS if _many else PAIRS[3:6]:
        sample("einsum", "plain", _text, _x, _y)
    for _text in MANY if _many else MANY[-1:]:
        sample("einsum", "plain", _text, *(_x, _y, _x[::-1].copy(), _y * 0.5)[: _text.count(",") + 1])
    sample("einsum", "axis", "abij,bjk->bk", np.stack([_x, _y])[:, None], _y.T.copy()[None])
    sample("einsum", "axis", "iji,j->i", np.stack([_x[:, :2], _y[:, :2]]), _x[0, :2])
    sample("einsum", "axis", "ijij->j", (_x[:, :, None, None] * _y[:, :]).copy())
    sample("einsum", "axis", "iii->", np.stack([_x[:, :2], _y[:, :2]]))
    sample("einsum", "broadcast", "ij,ij->ij", _x[:1], _y)
    sample("einsum", "broadcast", "...,...", _x[:, :1], _y[0])
    sample(
        "einsum",
        "broadcast",
        "...i,i...->...",
        _x[:, None],
        _y[:, :1].T.copy()[:, :, None] * _x[0][:, None, None],
    )
    sample("einsum", "0-d", ",->", _x[0, 0], _y[0, 0])
    sample("einsum", "0-d", "->", _x[0, 0])
    sample("einsum", "scalar", ",ij", 2.0, _x)
    sample("einsum", "empty", "ij,kj->ik", _x[:, :0], _y[:, :0])
    sample("einsum", "empty", "ij,kj->", _x[:0], _y)
sample("einsum", "mixed", "ij,ij->i", X, Z)
sample("einsum", "mixed", "ij,kj,ij->k", NUMBERS, Z, X)
sample("einsum", "plain", "ij,kj", NUMBERS.astype(np.int32), NUMBERS.astype(np.int8))
sample("einsum", "plain", "ij->j", NUMBERS.astype(np.int16))
sample("einsum", "plain", "ij,kj->ik", FLAGS, ~FLAGS)
