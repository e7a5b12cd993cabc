"""Functions across PyTorch's border, both ways, with gradients of every order.

One call of a function is a *crossing*: the graph that one side recorded is a node in the other's. Its
backward runs that graph; under ``create_graph`` what the backward did there is a crossing again, of the same
graph grown by one pass, so that nothing is computed twice. PyTorch's complex convention is anygrad's. Memory
is shared by DLPack; what PyTorch could write into while anygrad relies on it is a copy.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from anygrad import autograd, trees
from anygrad.applications import Application, Saved
from anygrad.devices import get_backend
from anygrad.errors import DtypeError, GraphExitError, UnsupportedError, WriteError, message
from anygrad.graph import GRAD_MODE, Input
from anygrad.interchange import from_dlpack
from anygrad.interop.borders import check_function, common, handed, name_of, refuse_captured, returned
from anygrad.tensors import Tensor, wrap

get_backend("torch")  # Where the library is missing, this says how it is to be had.

import torch  # noqa: E402
from torch.utils.weak import WeakIdKeyDictionary  # noqa: E402

__all__ = ["from_torch", "to_torch"]

Function = Callable[..., Any]


def _ours(t: Any, device: str | None) -> Tensor:
    """Return a tensor of PyTorch's as one of ours, on its memory where that can be."""
    if device is None:
        device = {"cpu": "cpu", "cuda": f"cuda:{t.device.index}"}.get(t.device.type, "torch")
    if t.dtype is torch.bfloat16:
        advice = "no array library has it", "cast it, with .float()"
        raise DtypeError(message("interop.torch", "got dtype torch.bfloat16", *advice))
    return from_dlpack(t.detach(), device=None if device == "torch" else device)


def _theirs(t: Tensor) -> str:
    """Return the device, as one of our names, that a tensor has in PyTorch."""
    if isinstance(t.array, torch.Tensor):
        return t.xp.name
    kind, index = t.xp.dlpack_device or (1, 0)
    return f"torch:cuda:{index}" if kind in (2, 13) else "torch"


def _given(tensors: list[Any], i: int) -> Any:
    """Return one of a list of our tensors as PyTorch's, to be written as it likes; None where it is None."""
    if tensors[i] is None:
        return None
    # What comes by DLPack can be a view in PyTorch's sense, in which an operation's results are not written.
    return handed(tensors, i, _theirs(tensors[i])).data


# ---------------------------------------------------------------- ours, there


def to_torch(function: Function, *, device: str | None = None) -> Function:
    """Return a function of PyTorch's tensors that computes a function of anygrad's, with its gradients.

    Its tensors, in pytrees, become tensors of NumPy or CuPy on the same memory, ``function`` is called with
    them, and the tensors that it returns become PyTorch's; other arguments are handed on. ``device`` names
    another place to compute, and ``"torch"`` leaves them PyTorch's arrays. PyTorch sees one operation, an
    ``autograd.Function``, which may be differentiated as often as anygrad can; tensors of integers have no
    gradient, and ``torch.no_grad()`` is heeded. What the function writes into its arguments is not written
    into PyTorch's tensors.

    Raises ``DtypeError`` where the function returns what is no tensor, ``GradientError`` where it uses a
    tensor that requires a gradient and is no argument.

    >>> import anygrad as ag, torch
    >>> from anygrad.interop.torch import to_torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> to_torch(lambda x: ag.sum(x**3))(x).backward()
    >>> x.grad
    tensor([ 3., 12.])
    """
    check_function("to_torch", function)

    @functools.wraps(function)
    def bridged(*args: Any, **keywords: Any) -> Any:
        leaves, form = trees.flatten((args, keywords))
        places = [i for i, x in enumerate(leaves) if isinstance(x, torch.Tensor)]
        call = _Called(function, device, leaves, form, places)
        outs = _Bridge.apply(call, *[leaves[i] for i in places])
        call.leaves = []
        return trees.rebuild(call.form, outs)

    return bridged


class _Crossing:
    """A piece of our graph as a node in PyTorch's: ``marks`` are its inputs, None for those without gradient.

    ``outs`` are its outputs, None where there is none.
    """

    marks: list[Tensor | None]
    outs: list[Tensor | None]
    name: str

    def run(self, tensors: Sequence[Any]) -> None:
        """Record the graph from PyTorch's tensors on."""
        raise NotImplementedError

    def mark(self, x: Tensor, needed: bool) -> tuple[Tensor, Tensor | None]:
        """Return an input twice: as it is handed on, free to be written, and as it is differentiated by."""
        if not needed or x.dtype.kind not in "fc":
            return x, None
        node = Input()
        return wrap(x.array, x.xp, node), wrap(x.array, x.xp, node)

    def pulled(self, tensors: Sequence[Any], gs: Sequence[Any]) -> tuple[Any, ...]:
        """Return PyTorch's gradient for each input, connected where PyTorch records."""
        back = _Pulled(self, gs)
        if not back.ends or not back.wanted:
            return (None,) * len(self.marks)
        return tuple(_Bridge.apply(back, *tensors, *[gs[i] for i in back.ends]))


class _Called(_Crossing):
    """A call of the function."""

    def __init__(self, function: Function, device: str | None, leaves: Any, form: Any, places: Any) -> None:
        self.function, self.device, self.name = function, device, name_of(function)
        self.leaves, self.given, self.places = leaves, form, places
        self.needed = [torch.is_grad_enabled() and leaves[i].requires_grad for i in places]

    def run(self, tensors: Sequence[Any]) -> None:
        inputs, self.marks = list(self.leaves), []
        for i, t, needed in zip(self.places, tensors, self.needed, strict=True):
            inputs[i], mark = self.mark(_ours(t, self.device), needed)
            self.marks.append(mark)
        args, keywords = trees.rebuild(self.given, inputs)
        del inputs
        token = GRAD_MODE.set(any(self.needed))
        try:
            out = self.function(*args, **keywords)
        finally:
            GRAD_MODE.reset(token)
        found, self.form = returned(self.name, out, Tensor, "anygrad's tensors")
        refuse_captured(self.name, found, self.marks)
        self.outs = list(found)


class _Pulled(_Crossing):
    """A backward pass through a crossing, from the gradients of some of its outputs."""

    def __init__(self, before: _Crossing, gs: Sequence[Any]) -> None:
        self.before, self.name = before, before.name
        self.ends = [
            i
            for i, (out, g) in enumerate(zip(before.outs, gs, strict=True))
            if g is not None and out is not None and out.node is not None
        ]
        self.wanted = [i for i, mark in enumerate(before.marks) if mark is not None]
        self.again = torch.is_grad_enabled()
        self.needed = [self.again and gs[i].requires_grad for i in self.ends]

    def run(self, tensors: Sequence[Any]) -> None:
        before = self.before
        ends: list[Any] = [before.outs[i] for i in self.ends]
        wanted: list[Any] = [before.marks[i] for i in self.wanted]
        self.marks = list(before.marks)
        seeds = []
        for end, g, needed in zip(ends, tensors[len(before.marks) :], self.needed, strict=True):
            seed, mark = self.mark(_ours(g, end.xp.name), needed)
            seeds.append(seed)
            self.marks.append(mark)
        found = autograd.grad(
            ends, wanted, seeds, retain_graph=True, create_graph=self.again, allow_unused=True
        )
        self.outs = [None] * len(before.marks)
        for i, g in zip(self.wanted, found, strict=True):
            self.outs[i] = g


class _Bridge(torch.autograd.Function):  # type: ignore[misc]
    """A crossing as PyTorch records it. What it saves is checked by PyTorch for writes, and freed by it."""

    @staticmethod
    def forward(call: _Crossing, *tensors: Any) -> tuple[Any, ...]:
        call.run(tensors)
        return tuple(_given(call.outs, i) for i in range(len(call.outs)))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
        call, *tensors = inputs
        ctx.call = call
        ctx.save_for_backward(*tensors)
        ctx.set_materialize_grads(False)
        constant = [
            o for o, out in zip(output, call.outs, strict=True) if out is not None and out.node is None
        ]
        ctx.mark_non_differentiable(*constant)

    @staticmethod
    def backward(ctx: Any, *gs: Any) -> tuple[Any, ...]:
        return None, *ctx.call.pulled(ctx.saved_tensors, gs)

    @staticmethod
    def vmap(info: Any, in_dims: Any, call: _Crossing, *tensors: Any) -> Any:
        got = "torch.func.vmap was asked for"
        raise UnsupportedError(message(call.name, got, "it is called once", "give it the batch as an axis"))


# ---------------------------------------------------------------- theirs, here


def from_torch(function: Function) -> Function:
    """Return an operation on anygrad's tensors that computes a function, or module, of PyTorch's.

    Its tensors, in pytrees, become PyTorch's on the same memory, where PyTorch sees that; other arguments are
    handed on. PyTorch records the call, and backward runs what it recorded, to any order. Parameters of a
    module, and what else the function uses that PyTorch tracks, take part: ``backward()`` adds to their
    ``.grad``, as PyTorch would, and ``ag.autograd.grad`` to none. To differentiate by them here, pass them:
    ``from_torch(lambda p, x: torch.func.functional_call(module, p, (x,)))``.

    Raises ``DtypeError`` where the function returns what is no tensor of PyTorch's, ``WriteError`` where it
    writes into an argument, which is anygrad's memory: PyTorch has no tensors that cannot be written.

    >>> import anygrad as ag, torch
    >>> from anygrad.interop.torch import from_torch
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> from_torch(torch.nn.functional.softplus)(x).sum().backward()
    >>> x.grad
    tensor([0.73105858, 0.88079708], dtype=float64, device='cpu')
    """
    check_function("from_torch", function)
    name = name_of(function)

    @functools.wraps(function)
    def bridged(*args: Any, **keywords: Any) -> Any:
        inputs, form = trees.flatten((args, keywords))
        home = common(name, [x for x in inputs if isinstance(x, Tensor)])
        recording = GRAD_MODE.get()
        given, leaves, sources = list(inputs), [], []
        with torch.inference_mode(False), torch.set_grad_enabled(recording):
            for i, x in enumerate(inputs):
                if isinstance(x, Tensor):
                    given[i] = _shared(x)
                    if recording and x.node is not None:
                        leaves.append(given[i].requires_grad_())
                        sources.append(x)
            ours = [t for t, x in zip(given, inputs, strict=True) if t is not x]
            before = [(t, t._version) for t in ours]
            arguments, named = trees.rebuild(form, given)
            out = function(*arguments, **named)
        if any(t._version != version for t, version in before):
            got = "the function wrote into an argument"
            raise WriteError(message(name, got, "that is anygrad's memory", "have it write into x.clone()"))
        outs, shape = returned(name, out, torch.Tensor, "PyTorch's tensors")
        if recording:
            return trees.rebuild(shape, _recorded(name, outs, leaves, sources, home))
        return trees.rebuild(shape, [_landed(t, home) for t in outs])

    return bridged


def _shared(x: Tensor) -> Any:
    """Return a tensor as PyTorch's, on its memory where PyTorch sees that, without a graph."""
    there = wrap(x.array, x.xp, None).to(_theirs(x))
    return there.array.detach()


def _landed(t: Any, home: Any) -> Tensor:
    """Return what PyTorch computed where the arguments were."""
    t = t.detach()
    if home is None or home.name.partition(":")[0] in ("cpu", "cuda"):
        return _ours(t, None)
    return _ours(t, "torch" if home.name.partition(":")[0] == "torch" else home.name)


def _recorded(
    name: str, outs: Sequence[Any], leaves: Sequence[Any], sources: Sequence[Tensor | None], home: Any
) -> list[Any]:
    """Return PyTorch's results as ours, connected to ``sources``, of which PyTorch's graph has ``leaves``.

    A leaf whose source is None leads nowhere; what else PyTorch's graph leads to is a parameter of PyTorch's.
    """
    found = [t if t is None else _landed(t, home) for t in outs]
    where = next((t.xp for t in found if t is not None), home)
    known = {id(t): s for t, s in zip(leaves, sources, strict=True)}
    ends = [i for i, t in enumerate(outs) if t is not None and t.requires_grad]
    leaves = [t for t in _reached([outs[i] for i in ends]) if known.get(id(t), t) is not None]
    given: list[Any] = [known[id(t)] if id(t) in known else _mirror(t, where) for t in leaves]
    kept = [Saved(s, s.node) for s in given]

    def connected(now: Application, results: Sequence[Any], *beside: tuple[Any, Tensor | None]) -> list[Any]:
        if not now.tracked:
            return [t if t is None else _landed(t, home) for t in results]
        again = [k.opened(now, True) for k in kept]
        more = [(t, s) for t, s in beside if t.requires_grad]
        return _recorded(
            name, results, [*leaves, *(t for t, _ in more)], [*again, *(s for _, s in more)], home
        )

    def pull(now: Application, *gs: Tensor | None) -> list[Any]:
        places = [i for i in ends if gs[i] is not None]
        values: list[Any] = [gs[i] for i in places]
        if not places:
            return [None] * len(leaves)
        there = _seeds(now, values)
        back = _pulled(now, [outs[i] for i in places], leaves, there)
        return connected(now, back, *zip(there, values, strict=True))

    def push(now: Application, *tangents: Tensor | None) -> list[Any]:
        # PyTorch's gradients are linear in those of the results: their transpose is the derivative forwards.
        with torch.inference_mode(False):
            ones = [torch.ones_like(outs[i], requires_grad=True) for i in ends]
        back = _pulled(now, [outs[i] for i in ends], leaves, ones, True)
        places = [
            i for i, (g, t) in enumerate(zip(back, tangents, strict=True)) if t is not None and _tracks(g)
        ]
        values: list[Any] = [tangents[i] for i in places]
        there = _seeds(now, values)
        moved: list[Any] = [None] * len(outs)
        if places:
            for i, t in zip(ends, _pulled(now, [back[i] for i in places], ones, there), strict=True):
                moved[i] = t
        return connected(now, moved, *((t, None) for t in ones), *zip(there, values, strict=True))

    fixed = [t for i, t in enumerate(found) if i not in ends]
    application = Application(name, given, pull, push)
    application.materialize = False
    return application.record(found, len(found) != 1, fixed, kept)


def _seeds(now: Application, values: Sequence[Tensor]) -> list[Any]:
    """Return tensors as PyTorch's, tracked there where derivatives are to flow to them."""
    made = [_shared(v) for v in values]
    return [
        t.requires_grad_() if now.tracked and v.node is not None else t
        for t, v in zip(made, values, strict=True)
    ]


def _pulled(now: Application, outs: Any, leaves: Any, seeds: Any, grow: bool = False) -> Any:
    """Run PyTorch's graph backwards, recording that where it is to be differentiated."""
    keywords = {"retain_graph": True, "create_graph": now.tracked or grow, "allow_unused": True}
    with torch.inference_mode(False):
        return torch.autograd.grad(outs, leaves, seeds, **keywords)


def _tracks(t: Any) -> bool:
    return t is not None and t.requires_grad


def _reached(outs: Sequence[Any]) -> list[Any]:
    """Return the leaves of PyTorch's graph that results lead to."""
    seen: set[Any] = set()
    found: list[Any] = []
    waiting = [torch.autograd.graph.get_gradient_edge(t).node for t in outs if _tracks(t)]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        waiting += [edge for edge, _ in node.next_functions if edge is not None]
        if type(node).__name__ == "AccumulateGrad":
            found.append(node.variable)
    return found


_mirrors: Any = WeakIdKeyDictionary()


def _mirror(parameter: Any, xp: Any) -> Tensor:
    """Return the leaf that stands in our graph for one of PyTorch's, and hands it what it accumulates."""
    known = _mirrors.setdefault(parameter, {})
    found: Tensor | None = known.get(xp)
    shape = tuple(parameter.shape)
    dtype = get_backend("torch").dtypes.get(parameter.dtype)
    if found is None or (found.shape, found.dtype) != (shape, dtype):
        array = xp.zeros((1,) * len(shape), dtype=xp.natives[dtype], device=xp.device)
        found = known[xp] = wrap(xp.broadcast_to(array, shape), xp, None).requires_grad_()
        held = weakref.ref(parameter)

        def landed(leaf: Tensor) -> None:
            gradient, leaf.grad = leaf.grad, None
            if gradient is not None and gradient.requires_grad:
                got = "a parameter of PyTorch's would get a gradient with a graph of anygrad's"
                advice = "its .grad cannot hold that", "leave it out with inputs=, or use ag.autograd.grad"
                raise GraphExitError(message("from_torch", got, *advice))
            there = held()
            if gradient is not None and there is not None:
                there.backward(_shared(gradient).clone().to(there.device))

        found.register_post_accumulate_grad_hook(landed)
    return found
