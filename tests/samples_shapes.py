"""Samples of reductions, products, manipulation, reading and replacing parts, and creation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.samples import FLAGS, NUMBERS, W, X, Y, Z, sample

X3 = np.stack([X, Y])  # (2, 2, 3)
Z3 = np.stack([Z, W])
AXES: tuple[dict[str, Any], ...] = (
    {"axis": 0},
    {"axis": -1},
    {"axis": 1, "keepdims": True},
    {"keepdims": True},
)
SEVERAL: tuple[dict[str, Any], ...] = ({"axis": (0, -1)}, {"axis": (-2, 2), "keepdims": True}, {"axis": ()})

# ---------------------------------------------------------------- reductions

for _name in ("sum", "prod", "mean", "var", "std", "max", "min", "all", "any", "count_nonzero"):
    _values = [X, FLAGS, Z] if _name in ("all", "any", "count_nonzero") else [X]
    if _name in ("sum", "prod", "mean", "var", "std"):
        _values.append(Z)
    for _x in _values:
        sample(_name, "plain", _x)
        for _options in AXES:
            sample(_name, "axis", _x, **_options)
        if _name != "all":  # an empty tuple of axes is a conversion to bool there
            for _options in SEVERAL if _name != "count_nonzero" else SEVERAL[:2]:
                sample(_name, "axis", np.stack([_x, _x[::-1]]), **_options)
        sample(_name, "0-d", _x[0, 0])
        _without = {"torch": "warns of it"} if _name in ("var", "std") else {}
        sample(_name, "empty", _x[:0], axis=1, without=_without)
        sample(_name, "empty", _x[:0], axis=1, keepdims=True, without=_without)
for _name in ("sum", "prod", "all", "any", "count_nonzero"):
    sample(_name, "empty", X[:0])
    sample(_name, "empty", X[:0], axis=0)
    sample(_name, "plain", NUMBERS, axis=0)
for _name in ("sum", "prod"):
    sample(_name, "plain", FLAGS)
    sample(_name, "plain", NUMBERS.astype(np.int32))
    sample(_name, "mixed", X, axis=0, dtype=np.dtype("complex128"))
    sample(_name, "mixed", NUMBERS, dtype=np.dtype("float64"))
for _name in ("max", "min"):
    sample(_name, "plain", NUMBERS, axis=0)
for _name in ("var", "std"):
    for _correction in (1, 0.5):
        sample(_name, "axis", X, axis=1, correction=_correction)
        sample(_name, "axis", Z, axis=0, correction=_correction, keepdims=True)
for _name in ("argmax", "argmin"):
    for _x in (X, NUMBERS):
        sample(_name, "plain", _x)
        for _options in AXES:
            sample(_name, "axis", _x, **_options)
    sample(_name, "0-d", X[0, 0])
    sample(_name, "empty", X[:0], axis=1)
    sample(_name, "tie", np.array([1.0, 3.0, 3.0, 0.0, 0.0]))
for _name in ("cumulative_sum", "cumulative_prod"):
    for _x in (X, Z):
        for _options in ({"axis": 0}, {"axis": -1}, {"axis": 1, "include_initial": True}):
            sample(_name, "plain" if _options == {"axis": 0} else "axis", _x, **_options)
        sample(_name, "plain", _x[0])
        sample(_name, "empty", _x[:0], axis=0)
        sample(_name, "empty", _x[:0], axis=1)
        sample(_name, "empty", _x[:0], axis=0, include_initial=True)
    sample(_name, "mixed", X, axis=1, dtype=np.dtype("complex128"))
    sample(_name, "plain", NUMBERS, axis=1)

# ---------------------------------------------------------------- products

for _x, _y in (
    (X3, Y.T.copy()),
    (Z3, W.T.copy()),
    (X3, W.T.copy()),
    (Z3, Y.T.copy()),
    (X3, NUMBERS.T.copy()),
):
    _kind = "plain" if _x.dtype == _y.dtype else "mixed"
    sample("matmul", _kind, _x[0], _y)
    sample("matmul", _kind, _x[0, 0], _y)
    sample("matmul", _kind, _x[0], _y[:, 0])
    sample("matmul", _kind, _x[0, 0], _y[:, 0])
    _deep = np.stack([_y, 2 * _y[::-1]])
    for _a, _b in ((_x, _y), (_x[0], _deep), (_x, _deep), (_x[:1], _deep), (_x[:, None], _deep)):
        sample("matmul", "broadcast", _a, _b)
    sample("matmul", "broadcast", _x[0, 0], _deep)
    sample("matmul", "broadcast", _x, _y[:, 0])
sample("matmul", "empty", X[:0], Y.T.copy())
sample("matmul", "empty", X, Y[:0].T.copy())
sample("matmul", "empty", X[:, :0], Y[:0])
sample("matmul", "empty", X3[:0], Y.T.copy())
for _x, _y in ((X, Y), (Z, W), (X, W), (Z, Y)):
    sample("vecdot", "plain", _x, _y)
    sample("vecdot", "broadcast", _x, _y[0])
    sample("vecdot", "broadcast", _x[0], _y)
    sample("vecdot", "axis", _x, _y, axis=-2)
sample("vecdot", "empty", X[:0], Y[0])
sample("vecdot", "empty", X[:, :0], Y[:, :0])
for _x, _y in ((X3, Y), (Z3, W)):
    sample("tensordot", "plain", _x, _y)
    sample("tensordot", "axis", _x[0], _y.T.copy(), axes=1)
    sample("tensordot", "axis", _x[0, 0], _y, axes=0)
    sample("tensordot", "axis", _x, _y, axes=((2, 0), (1, 0)))
    sample("tensordot", "axis", _x, _y, axes=((-1,), (-1,)))
sample("tensordot", "0-d", X[0, 0], Y[0, 0], axes=0)
sample("tensordot", "empty", X[:0], Y.T.copy(), axes=1)
for _x in (X, Z3):
    sample("matrix_transpose", "plain", _x)
sample("matrix_transpose", "empty", X[:0])

# ---------------------------------------------------------------- shapes and axes

for _x in (X, Z):
    for _shape in ((3, 2), -1, (-1, 2), (1, 6, 1)):
        sample("reshape", "plain", _x, shape=_shape)
    sample("reshape", "0-d", _x[0, 0], shape=(1, 1))
    sample("reshape", "0-d", _x[:1, :1], shape=())
    sample("reshape", "empty", _x[:0], shape=(3, 0, 2))
    sample("permute_dims", "plain", _x, axes=(1, 0))
    sample("permute_dims", "axis", np.stack([_x, _x]), axes=(2, 0, 1))
    sample("permute_dims", "axis", np.stack([_x, _x]), axes=(-1, 0, -2))
    sample("permute_dims", "0-d", _x[0, 0], axes=())
    sample("permute_dims", "empty", _x[:0], axes=(1, 0))
    for _axis in (None, 0, -1, (0, 1)):
        sample("flip", "plain", _x, axis=_axis)
    sample("flip", "0-d", _x[0, 0])
    sample("flip", "empty", _x[:0])
    for _part in (_x[0], _x[:, :1], _x[0, 0], _x):
        sample("broadcast_to", "0-d" if not _part.ndim else "plain", _part, shape=(2, 3))
    sample("broadcast_to", "plain", _x, shape=(2, 2, 3))
    sample("broadcast_to", "empty", _x[0], shape=(0, 3))
    sample("broadcast_to", "empty", _x[:0], shape=(2, 0, 3))
    for _options in (
        {"shift": 1},
        {"shift": -4},
        {"shift": 2, "axis": 1},
        {"shift": (1, -1), "axis": (0, -1)},
        {"shift": 1, "axis": (0, 1)},
    ):
        sample("roll", "plain", _x, **_options)
    sample("roll", "0-d", _x[0, 0], shift=2)
    sample("roll", "empty", _x[:0], shift=1, axis=1)
    sample("clone", "plain", _x, reference=np.copy)
    sample("clone", "0-d", _x[0, 0], reference=np.copy)
    sample("clone", "empty", _x[:0], reference=np.copy)
    sample("expand_dims", "plain", _x, axis=0)
    sample("expand_dims", "axis", _x, axis=(0, -1))
    sample("expand_dims", "0-d", _x[0, 0], axis=0)
    sample("expand_dims", "empty", _x[:0], axis=-1)
    sample("squeeze", "plain", _x[:1, :, None], axis=0)
    sample("squeeze", "axis", _x[:1, :, None], axis=(-1, 0))
    sample("squeeze", "axis", _x[:1, :, None])
    sample("squeeze", "0-d", _x[0, 0])
    sample("squeeze", "empty", _x[:0, :, None], axis=2)
    sample("moveaxis", "plain", _x, extra=(0, 1))
    sample("moveaxis", "axis", np.stack([_x, _x]), extra=((0, -1), (1, 0)))
    sample("moveaxis", "empty", _x[:0], extra=(0, -1))
    sample("broadcast_arrays", "plain", _x, _x[0], _x[:, :1])
    sample("broadcast_arrays", "broadcast", _x[0], _x[:, :1])
    sample("broadcast_arrays", "0-d", _x[0, 0], _x[1, 1])
    sample("broadcast_arrays", "empty", _x[:0], _x[0])
    for _dtype in ("float64", "complex128"):
        if _x is X or _dtype == "complex128":
            sample("astype", "plain", _x, extra=(np.dtype(_dtype),))
    sample("astype", "0-d", _x[0, 0], extra=(np.dtype("complex128"),))
    sample("astype", "empty", _x[:0], extra=(np.dtype("complex128"),))
    for _axis in (0, -1, None):
        sample("concat", "plain", _x, _x[::-1].copy() * 2, axis=_axis)
    sample("concat", "axis", _x, _x[:1], _x[:0], axis=0)
    sample("concat", "empty", _x[:0], _x[:0])
    for _axis in (0, 1, -1):
        sample("stack", "plain", _x, _x[::-1].copy() * 2, axis=_axis)
    sample("stack", "0-d", _x[0, 0], _x[0, 1])
    sample("stack", "empty", _x[:0], _x[:0], axis=1)
sample("concat", "0-d", X[0, 0], X[0, 1], X[0], axis=None)
sample("concat", "mixed", X, Z)
sample("concat", "mixed", X, NUMBERS, axis=None)
sample("stack", "mixed", X, Z)
sample("stack", "mixed", X, NUMBERS)
sample("astype", "mixed", NUMBERS, extra=(np.dtype("float64"),))
sample("astype", "mixed", X, extra=(np.dtype("int64"),))
sample("astype", "mixed", X, extra=(np.dtype("float32"),), smooth=False)
sample("astype", "mixed", X.astype(np.float32), extra=(np.dtype("complex64"),), smooth=False)

# ---------------------------------------------------------------- parts


def followed(x: np.ndarray, path: tuple[Any, ...]) -> np.ndarray:
    """Read a path as NumPy would."""
    steps = {
        "getitem": lambda x, key: x[key],
        "take": np.take,
        "permute_dims": np.transpose,
        "reshape": np.reshape,
        "flip": np.flip,
        "broadcast_to": np.broadcast_to,
    }
    for name, keywords in path:
        x = steps[name](x, **keywords)
    return np.asarray(x)


def _placed(x: np.ndarray, shape: tuple[int, ...], path: tuple[Any, ...]) -> np.ndarray:
    out = np.zeros(int(np.prod(shape)), x.dtype)
    np.add.at(out, followed(np.arange(out.size).reshape(shape), path), x)
    return out.reshape(shape)


def _replaced(x: np.ndarray, y: Any, path: tuple[Any, ...], winners: Any = None) -> np.ndarray:
    out = x.reshape(-1).copy()
    where = followed(np.arange(out.size).reshape(x.shape), path)
    for i, v in zip(where.ravel(), np.broadcast_to(y, where.shape).ravel()):
        out[i] = v
    return out.reshape(x.shape)


ALL = slice(None)
KEYS = (
    (0, ALL),
    (ALL, slice(2, None, -1)),
    (slice(1, 2, 1), 2),
    (slice(0, 2, 1), slice(0, 3, 2)),
    (ALL, ALL),
)
PICKED = np.array([2, 0, 2])
PATHS: tuple[tuple[Any, ...], ...] = (
    (),
    (("getitem", {"key": (ALL, slice(2, None, -1))}),),
    (("getitem", {"key": (1, 0)}),),
    (("permute_dims", {"axes": (1, 0)}), ("getitem", {"key": (slice(0, 2, 1), ALL)})),
    (
        ("permute_dims", {"axes": (1, 0)}),
        ("reshape", {"shape": (6,)}),
        ("getitem", {"key": (slice(1, 5, 2),)}),
    ),
    (("reshape", {"shape": (3, 2)}), ("flip", {"axis": (0,)})),
    (("take", {"indices": np.array([2, 0]), "axis": 1}),),
)
REPEATING: tuple[tuple[Any, ...], ...] = (
    (("take", {"indices": PICKED, "axis": 1}),),
    (("getitem", {"key": (0, ALL)}), ("broadcast_to", {"shape": (2, 3)})),
)
NOTHING = (("getitem", {"key": (slice(0, 0, 1), ALL)}),)

for _x, _y in ((X, Y), (Z, W)):
    for _key in KEYS:
        sample("getitem", "plain", _x, key=_key, reference=lambda x, key: x[key])
    sample("getitem", "0-d", _x[0, 0], key=(), reference=lambda x, key: x[key])
    sample("getitem", "empty", _x, key=(slice(0, 0, 1), ALL), reference=lambda x, key: x[key])
    for _path in (*PATHS, *REPEATING):
        sample("region", "plain", _x, path=_path, reference=followed)
        sample("place", "plain", followed(_y, _path).copy(), shape=(2, 3), path=_path, reference=_placed)
    for _path in PATHS:
        sample("region_set", "plain", _x, followed(_y, _path).copy(), path=_path, reference=_replaced)
        sample("region_set", "scalar", _x, 1.5, path=_path, reference=_replaced)
    sample(
        "region_set",
        "tie",
        _x,
        np.take(_y, PICKED, axis=1) * np.arange(1, 4),
        path=REPEATING[0],
        winners=np.array([[False, True, True]]),
        reference=_replaced,
        smooth=True,
    )
    for _name, _function in (("region", followed), ("region_set", _replaced)):
        _operands = (_x,) if _name == "region" else (_x, _y[:0])
        sample(_name, "empty", *_operands, path=NOTHING, reference=_function)
    sample("place", "empty", _y[:0], shape=(2, 3), path=NOTHING, reference=_placed)


def _total(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return np.sum(x, axis=axes, keepdims=True)


for _x in (X, Z):
    for _axes in ((0,), (1,), (0, 1)):
        sample("total", "plain", _x, axes=_axes, reference=_total)
    sample("total", "empty", _x[:0], axes=(0,), reference=_total)
    sample("total", "0-d", _x[0, 0], axes=(), reference=_total)
sample("region", "0-d", X[0, 0], path=(), reference=followed)
sample("place", "0-d", X[0, 0], shape=(2, 3), path=PATHS[2], reference=_placed)
sample("region_set", "0-d", X, Y[0, 0], path=PATHS[2], reference=_replaced)
sample("region_set", "0-d", X[0, 0], Y[0, 0], path=(), reference=_replaced)

# ---------------------------------------------------------------- creation

for _name in ("zeros", "ones"):
    for _shape in (3, (2, 3), (), (0, 3)):
        sample(_name, {(): "0-d", (0, 3): "empty"}.get(_shape, "plain"), extra=(_shape,))
    sample(_name, "plain", extra=((2,),), dtype=np.dtype("complex64"))
for _shape in ((2, 3), (), (0, 3)):
    _kind = {(): "0-d", (0, 3): "empty"}.get(_shape, "plain")
    sample("empty", _kind, extra=(_shape,), dtype=np.dtype("float32"))
    for _value in (True, 3, 2.5, 1 - 2j):
        sample("full", _kind, extra=(_shape, _value))
for _extra in ((3,), (2, 3), (3, 2)):
    sample("eye", "plain", extra=_extra)
    sample("eye", "plain", extra=_extra, k=1, dtype=np.dtype("float32"))
sample("eye", "plain", extra=(3,), k=-1)
sample("eye", "empty", extra=(0, 3))
for _extra in ((4,), (2.5,), (1, 4), (1, 9, 3), (3.0, 0.5, -0.75)):
    sample("arange", "plain", extra=_extra)
sample("arange", "plain", extra=(5,), dtype=np.dtype("float32"))
sample("arange", "empty", extra=(3, 1))
for _extra in ((0.0, 1.0, 5), (2, 3, 4), (1.5, -1.5, 1)):
    sample("linspace", "plain", extra=_extra)
    sample("linspace", "plain", extra=_extra, endpoint=False)
sample("linspace", "plain", extra=(0, 1 + 1j, 3))
sample("linspace", "empty", extra=(0.0, 1.0, 0))
