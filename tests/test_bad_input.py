"""Bad input: each raises its class through the builder of messages, and changes nothing."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad import errors

BUILT = re.compile(r"^\[[^]]+\] .+: .+", re.DOTALL)
"""``[op] what was got: what was expected; what to do``."""


class World:
    """Some tensors, their graphs, and what they held before."""

    def __init__(self) -> None:
        self.x = ag.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
        self.w = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
        self.y = self.x * self.w
        self.plain = ag.tensor([1.0, 2.0, 3.0])
        self.single = ag.tensor([1.0, 2.0, 3.0], dtype=ag.float32)
        self.ints = ag.tensor([1, 2, 3])
        self.bools = ag.tensor([True, False, True])
        self.complex = ag.tensor([1j, 2.0, 3.0])
        self.wide = ag.broadcast_to(self.plain, (4, 3))
        self.detached = self.y.detach()
        self.freed = (self.x * self.w).sum()
        self.freed.backward()
        self.other = ag.tensor([1.0, 2.0, 3.0], device="array_api_strict:device1")
        self.before = self.state()

    def state(self) -> list[Any]:
        """Return all that bad input could have changed."""
        found: list[Any] = [ag.is_grad_enabled(), str(ag.get_default_device()), ag.get_default_dtype()]
        for name, t in vars(self).items():
            if isinstance(t, ag.Tensor):
                held = t.grad if t.is_leaf else None
                found.append((name, t.tolist(), t.dtype, t.shape, t.requires_grad, id(t.node)))
                found.append(None if held is None else held.tolist())
        return found


def write(name: str, key: Any, value: Any) -> Callable[[World], Any]:
    """Return the program ``w.<name>[key] = value``; a function as value is called with the world."""
    return lambda w: getattr(w, name).__setitem__(key, value(w) if callable(value) else value)


S, D, G, I = errors.ShapeError, errors.DtypeError, errors.GradientError, errors.IndexingError
W, L, X, V = errors.WriteError, errors.LeafWriteError, errors.GraphExitError, errors.DeviceError

CASES: dict[str, tuple[Callable[[World], Any], type[Exception], type[Exception], str]] = {
    # ------------------------------------------------------------ shapes
    "broadcast": (
        lambda w: w.x + ag.ones(4),
        S,
        ValueError,
        r"\[add\] x has shape \(2, 3\), y has shape \(4,\): the shapes do not broadcast",
    ),
    "broadcast function": (lambda w: ag.hypot(ag.ones(2), w.plain), S, ValueError, r"\[hypot\] x has shape"),
    "where": (lambda w: ag.where(w.bools, w.x, ag.ones(2)), S, ValueError, r"\[where\] "),
    "clip": (lambda w: ag.clip(w.x, ag.zeros(2), 1.0), S, ValueError, r"\[clip\] "),
    "matmul": (
        lambda w: w.x @ ag.ones((5, 2)),
        S,
        ValueError,
        r"\[matmul\] x has shape \(2, 3\), y has shape \(5, 2\): the last axis of x \(3\) must equal",
    ),
    "matmul scalar": (lambda w: w.x @ 2.0, S, ValueError, r"\[matmul\] "),
    "reshape": (lambda w: w.x.reshape((4, 2)), S, ValueError, r"\[reshape\] x has shape \(2, 3\)"),
    "reshape twice -1": (lambda w: w.x.reshape((-1, -1)), S, ValueError, r"\[reshape\] "),
    "broadcast_to": (lambda w: ag.broadcast_to(w.x, (3, 2)), S, ValueError, r"\[broadcast_to\] "),
    "broadcast_to -1": (lambda w: ag.broadcast_to(ag.ones(1), (-1,)), S, ValueError, r"\[broadcast_to\] "),
    "concat": (lambda w: ag.concat([w.x, ag.ones((2, 2))]), S, ValueError, r"\[concat\] "),
    "concat nothing": (lambda w: ag.concat([]), S, ValueError, r"\[concat\] "),
    "stack": (lambda w: ag.stack([w.x, w.w]), S, ValueError, r"\[stack\] "),
    "squeeze": (lambda w: ag.squeeze(w.x, axis=0), S, ValueError, r"\[squeeze\] "),
    "in place": (lambda w: w.plain.add_(ag.ones((2, 3))), S, ValueError, r"\[add_\] the result has shape"),
    # ------------------------------------------------------------ axes and indices
    "axis": (lambda w: w.x.sum(axis=2), errors.AxisError, IndexError, r"\[sum\] axis 2 is out of bounds"),
    "axis twice": (lambda w: w.x.sum(axis=(0, -2)), errors.AxisError, ValueError, r"\[sum\] axis is"),
    "axis kind": (lambda w: w.x.sum(axis=0.5), D, TypeError, r"\[sum\] axis is 0.5"),
    "permute": (lambda w: ag.permute_dims(w.x, (0,)), errors.AxisError, ValueError, r"\[permute_dims\]"),
    "index": (lambda w: w.x[2], I, IndexError, r"\[getitem\] index 2 is out of bounds"),
    "index array": (lambda w: w.x[np.array([0, 5])], I, IndexError, r"\[getitem\] index 5 is out of bounds"),
    "too many": (lambda w: w.x[0, 0, 0], I, IndexError, r"\[getitem\] "),
    "index kind": (lambda w: w.x[0.5], I, IndexError, r"\[getitem\] "),
    "float index": (lambda w: w.x[w.plain], I, IndexError, r"\[getitem\] "),
    "mask shape": (lambda w: w.x[w.bools], I, IndexError, r"\[getitem\] "),
    # ------------------------------------------------------------ dtypes
    "integers want no gradient": (
        lambda w: ag.tensor([1, 2], requires_grad=True),
        D,
        TypeError,
        r"\[requires_grad\] x has dtype int64: only floating and complex tensors have gradients",
    ),
    "set requires_grad": (
        lambda w: setattr(w.ints, "requires_grad", True),
        D,
        TypeError,
        r"\[requires_grad\]",
    ),
    "creation": (
        lambda w: ag.ones(2, dtype=ag.int32, requires_grad=True),
        D,
        TypeError,
        r"\[requires_grad\]",
    ),
    "bitwise": (lambda w: w.x & w.ints, D, TypeError, r"\[bitwise_and\] x has dtype float64"),
    "invert": (lambda w: ~w.x, D, TypeError, r"\[bitwise_invert\] x has dtype float64"),
    "order": (lambda w: ag.floor(w.complex), D, TypeError, r"\[floor\] x has dtype complex128"),
    "object": (lambda w: ag.add(w.x, "a"), D, TypeError, r"\[add\] y is of type str"),
    "None": (lambda w: ag.where(w.bools, w.plain, None), D, TypeError, r"\[where\] y is of type None"),
    "list": (lambda w: ag.add(w.x, [1.0]), D, TypeError, r"\[add\] y is of type list"),
    "unknown dtype": (lambda w: ag.zeros(2, dtype="float99"), D, TypeError, r"got dtype float99"),
    "astype": (lambda w: w.x.astype("no"), D, TypeError, r"got dtype no"),
    "complex to real": (lambda w: w.complex.astype(ag.float64), D, TypeError, r"\[astype\] "),
    "in place dtype": (lambda w: w.ints.add_(0.5), D, TypeError, r"\[add_\] the result has dtype float64"),
    "in place complex": (lambda w: w.plain.mul_(1j), D, TypeError, r"\[mul_\] the result has dtype complex"),
    # ------------------------------------------------------------ construction
    "ragged": (
        lambda w: ag.tensor([[1.0, 2.0], [3.0]]),
        S,
        ValueError,
        r"\[tensor\] the nested lists are ragged: all lists at one level must have equal lengths",
    ),
    "ragged tensors": (lambda w: ag.asarray([w.x, w.w]), S, ValueError, r"\[stack\] "),
    "text": (lambda w: ag.tensor("abc"), D, TypeError, r"\[tensor\] got str of text"),
    "texts": (lambda w: ag.tensor(["a", "b"]), D, TypeError, r"\[tensor\] got list of text"),
    "nothing": (lambda w: ag.tensor(None), D, TypeError, r"\[tensor\] got NoneType: expected numbers"),
    "objects": (lambda w: ag.tensor([1, None]), D, TypeError, r"\[tensor\] got list of"),
    "dict": (lambda w: ag.tensor({"a": 1}), D, TypeError, r"\[tensor\] got dict"),
    "generator": (lambda w: ag.tensor(i for i in range(3)), D, TypeError, r"\[tensor\] got generator"),
    "huge": (lambda w: ag.tensor(2**70), D, TypeError, r"\[tensor\] got int"),
    "object array": (
        lambda w: ag.asarray(np.array([1, None])),
        D,
        TypeError,
        r"\[asarray\] got dtype object",
    ),
    "dates": (
        lambda w: ag.asarray(np.array(["2020-01-01"], "datetime64[D]")),
        D,
        TypeError,
        r"\[asarray\] got dtype datetime64",
    ),
    "complex as real": (
        lambda w: ag.tensor([1j], dtype=ag.float64),
        D,
        TypeError,
        r"\[tensor\] the data has",
    ),
    "array as real": (
        lambda w: ag.asarray(np.ones(1, complex), dtype=ag.float32),
        D,
        TypeError,
        r"\[asarray\]",
    ),
    "no copy of lists": (
        lambda w: ag.asarray([1.0], copy=False),
        errors.ArgumentError,
        ValueError,
        r"\[asarray\] copy=False was asked for",
    ),
    "no copy and dtype": (
        lambda w: ag.asarray(np.ones(2), dtype=ag.float32, copy=False),
        errors.ArgumentError,
        ValueError,
        r"\[asarray\] copy=False",
    ),
    "no copy and device": (
        lambda w: ag.asarray(w.plain, device="array_api_strict:device1", copy=False),
        errors.ArgumentError,
        ValueError,
        r"\[asarray\] copy=False",
    ),
    "by its class": (
        lambda w: ag.Tensor([1.0]),
        D,
        TypeError,
        r"\[Tensor\] a tensor is not made by its class",
    ),
    # ------------------------------------------------------------ backward
    "no gradient": (
        lambda w: w.y.backward(),
        errors.GradientShapeError,
        RuntimeError,
        r"\[backward\] the output has shape \(2, 3\): pass gradient= or reduce it to a scalar first",
    ),
    "gradient shape": (
        lambda w: w.y.backward(gradient=ag.ones(3)),
        errors.GradientShapeError,
        ValueError,
        r"\[backward\] the gradient has shape \(3,\): the tensor has shape \(2, 3\)",
    ),
    "gradient dtype": (
        lambda w: w.y.backward(gradient=ag.ones((2, 3), dtype=ag.float32)),
        errors.GradientDtypeError,
        TypeError,
        r"\[backward\] the gradient has dtype float32: the tensor has dtype float64",
    ),
    "gradient complex": (
        lambda w: w.y.sum().backward(gradient=1j),
        D,
        TypeError,
        r"\[backward\] the gradient: the data has dtype complex128",
    ),
    "gradient device": (
        lambda w: w.y.backward(gradient=ag.ones((2, 3), device="array_api_strict:device1")),
        errors.GradientDeviceError,
        ValueError,
        r"\[backward\] the gradient is on array_api_strict:device1, the tensor is on cpu",
    ),
    "gradient kind": (lambda w: w.y.backward(gradient="ones"), D, TypeError, r"\[backward\] .* got str"),
    "complex output": (
        lambda w: (w.y.sum() * 1j).backward(),
        errors.GradientDtypeError,
        RuntimeError,
        r"\[backward\] the output has dtype complex128: pass gradient=",
    ),
    "freed": (
        lambda w: w.freed.backward(),
        errors.FreedGraphError,
        RuntimeError,
        r"\[backward\] the graph was released by an earlier backward pass",
    ),
    "nothing required": (
        lambda w: w.plain.sum().backward(),
        G,
        RuntimeError,
        r"\[backward\] the output does not require a gradient",
    ),
    "grad of plain": (lambda w: ag.autograd.grad(w.y.sum(), w.plain), G, RuntimeError, r"\[grad\] input 0"),
    "grad unused": (lambda w: ag.autograd.grad(w.w.sum(), w.x), G, RuntimeError, r"input 0 was not used"),
    "order of complex": (
        lambda w: ag.maximum(w.complex.clone().requires_grad_(), w.complex),
        D,
        TypeError,
        r"\[maximum\] x has dtype complex128",
    ),
    "grad setter": (
        lambda w: setattr(w.x, "grad", ag.ones(3)),
        errors.GradientShapeError,
        ValueError,
        r"\[grad\] the gradient has shape \(3,\)",
    ),
    "requires_grad of no leaf": (
        lambda w: setattr(w.y, "requires_grad", False),
        G,
        RuntimeError,
        r"\[requires_grad\] this tensor is not a leaf",
    ),
    # ------------------------------------------------------------ devices
    "mixed": (
        lambda w: w.plain + w.other,
        V,
        ValueError,
        r"\[add\] .*cpu.*array_api_strict:device1: move one with .to\(device\)",
    ),
    "mixed array": (
        lambda w: w.other * np.ones(3),
        V,
        ValueError,
        r"\[multiply\] .*array_api_strict:device1",
    ),
    "mixed concat": (lambda w: ag.concat([w.plain, w.other]), V, ValueError, r"\[concat\] "),
    "mixed matmul": (lambda w: w.plain @ w.other, V, ValueError, r"\[matmul\] "),
    "mixed write": (write("plain", 0, lambda w: w.other[0]), V, ValueError, r"\[setitem\] "),
    "mixed in place": (lambda w: w.plain.add_(w.other), V, ValueError, r"\[add\w*\] "),
    "mixed index": (
        lambda w: w.plain[ag.tensor([0], device="array_api_strict:device1")],
        V,
        ValueError,
        r"\[getitem\] ",
    ),
    "unknown device": (
        lambda w: ag.tensor(1.0, device="nowhere"),
        V,
        ValueError,
        r"\[device\] 'nowhere' is no",
    ),
    "unknown to": (lambda w: w.x.to("cpu:3"), V, ValueError, r"\[device\] 'cpu:3' is no device"),
    "device kind": (lambda w: ag.zeros(2, device=3), V, ValueError, r"\[device\] got 3"),
    "device text": (lambda w: ag.device("cuda:x"), V, ValueError, r"\[device\] 'cuda:x' is no device"),
    "stream": (lambda w: w.x.to_device("cpu", stream=1), V, ValueError, r"\[to_device\] stream is 1"),
    # ------------------------------------------------------------ out of the graph
    "numpy": (
        lambda w: w.x.numpy(),
        X,
        RuntimeError,
        r"\[numpy\] this tensor requires a gradient: .*write x.detach\(\) first",
    ),
    "asarray": (lambda w: np.asarray(w.y), X, RuntimeError, r"\[__array__\] this"),
    "numpy function": (lambda w: np.vectorize(abs)(w.y), X, RuntimeError, r"\[__array__\] this"),
    "dlpack": (lambda w: np.from_dlpack(w.y), X, BufferError, r"\[__dlpack__\] this tensor requires"),
    "pickle": (lambda w: pickle.dumps(w.y), X, RuntimeError, r"\[pickle\] this tensor is not a leaf"),
    "item": (lambda w: w.x.item(), S, ValueError, r"\[item\] x has shape \(2, 3\)"),
    "truth": (lambda w: bool(w.x), S, ValueError, r"\[bool\] x has shape \(2, 3\)"),
    "float": (lambda w: float(w.x), S, ValueError, r"\[float\] x has shape \(2, 3\)"),
    "float of complex": (lambda w: float(w.complex[0]), D, TypeError, r"\[float\] x has dtype complex128"),
    "as an index": (lambda w: [1, 2][w.plain[0]], D, TypeError, r"\[index\] x has shape \(\)"),
    "bool as an index": (lambda w: [1, 2][w.bools[0]], D, TypeError, r"\[index\] "),
    "len": (lambda w: len(w.plain[0]), D, TypeError, r"\[len\] x has no axes"),
    "iter": (lambda w: list(w.plain[0]), D, TypeError, r"\[iter\] x has no axes"),
    "format": (lambda w: f"{w.x:.2f}", S, ValueError, r"\[format\] x has shape"),
    "data": (lambda w: w.x.data, AttributeError, AttributeError, r"\[data\] tensors have no .data: read x"),
    # ------------------------------------------------------------ writes
    "leaf": (write("x", 0, 1.0), L, RuntimeError, r"\[setitem\] x is a leaf.*no_grad"),
    "leaf in place": (lambda w: w.x.add_(1), L, RuntimeError, r"\[add_\] x is a leaf"),
    "leaf operator": (lambda w: w.x.__isub__(1), L, RuntimeError, r"\[-=\] x is a leaf"),
    "leaf zero_": (lambda w: w.w.zero_(), L, RuntimeError, r"\[zero_\] x is a leaf"),
    "view of a leaf": (lambda w: w.x[0].mul_(2), L, RuntimeError, r"\[mul_\] x is a leaf"),
    "write shape": (
        write("y", 0, [1.0, 2.0]),
        S,
        ValueError,
        r"\[setitem\] the value has shape \(2,\): it does not broadcast to \(3,\)",
    ),
    "write mask": (
        write("y", ag.tensor([[True] * 3] * 2), lambda w: ag.ones(2)),
        S,
        ValueError,
        r"\[setitem\]",
    ),
    "write complex": (write("y", 0, 1j), D, TypeError, r"\[setitem\] "),
    "write complex array": (write("plain", 0, lambda w: w.complex[0]), D, TypeError, r"\[setitem\] "),
    "write text": (write("y", 0, "a"), D, TypeError, r"\[tensor\] got str"),
    "write index": (write("y", 7, 1.0), I, IndexError, r"\[\w+\] index 7 is out of bounds"),
    "broadcast view": (write("wide", 0, 1.0), W, ValueError, r"\[setitem\] x is a broadcast view"),
    "broadcast in place": (lambda w: w.wide.add_(1), W, ValueError, r"\[add_\] x is a broadcast view"),
    "tracked into integers": (
        write("ints", 0, lambda w: w.y[0, 0]),
        D,
        TypeError,
        r"\[setitem\] the value requires a gradient, x has dtype int64",
    ),
    "tracked through detach": (
        write("detached", 0, lambda w: w.w),
        W,
        ValueError,
        r"\[setitem\] the value requires a gradient, x is detached from the graph",
    ),
    "tracked in place": (lambda w: w.detached.mul_(w.w), W, ValueError, r"\[mul_\] the value requires"),
    # ------------------------------------------------------------ hooks
    "hook shape": (
        lambda w: (w.y.register_hook(lambda g: g[0]), w.y.sum().backward()),
        errors.GradientShapeError,
        ValueError,
        r"\[hook\] the gradient has shape \(3,\): the tensor has shape \(2, 3\)",
    ),
    "hook dtype": (
        lambda w: (w.y.register_hook(lambda g: g.astype(ag.float32)), w.y.sum().backward()),
        errors.GradientDtypeError,
        TypeError,
        r"\[hook\] the gradient has dtype float32",
    ),
    "default dtype": (
        lambda w: ag.set_default_dtype(ag.int32),
        D,
        TypeError,
        r"\[set_default_dtype\] got int32",
    ),
    "default device": (lambda w: ag.set_default_device("no:where"), V, ValueError, r"\[device\] "),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str) -> None:
    pytest.importorskip("array_api_strict")
    program, kind, builtin, match = CASES[name]
    world = World()
    with pytest.raises(kind, match=match) as caught:
        program(world)
    assert isinstance(caught.value, builtin)
    assert isinstance(caught.value, errors.AnygradError) or kind is AttributeError
    assert BUILT.match(str(caught.value)), str(caught.value)
    assert world.state() == world.before
    # The graph works as if nothing had been asked of it.
    clean = World()
    world.y.node.plan = clean.y.node.plan
    for w in (world, clean):
        w.y.sum().backward()
    assert world.x.grad.tolist() == clean.x.grad.tolist()
    assert world.w.grad.tolist() == clean.w.grad.tolist()


def test_a_shape_in_several_arguments() -> None:
    with pytest.raises(TypeError, match=r"\[zeros\] got 2 positional arguments: write the shape as one"):
        ag.zeros(2, 3)
