"""Einstein sums beside NumPy's: random strings, every order of contraction, dtypes, memory, bad input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.autograd import grad
from anygrad.testing import gradcheck

SIZES = {"a": 2, "b": 3, "c": 2, "d": 4, "e": 1}


def host(t: Any) -> np.ndarray:
    return t.detach().numpy()


def drawn(seed: int) -> tuple[str, list[np.ndarray]]:
    """Return a string that means something, and operands: letters twice, alone, of length 1, dots."""
    random = np.random.default_rng(seed)
    dots = random.random() < 0.4
    terms, operands = [], []
    for _ in range(random.integers(1, 5)):
        letters = "".join(random.choice(list(SIZES), random.integers(0, 4)))
        shape = [SIZES[k] for k in letters]
        for k in set(letters):
            if random.random() < 0.1:
                shape = [1 if letter == k else n for letter, n in zip(letters, shape)]
        if dots and random.random() < 0.7:
            at, rank = random.integers(0, len(letters) + 1), random.integers(0, 3)
            shape[at:at] = [int(random.choice([1, n])) for n in (5, 2)[2 - rank :]]
            letters = f"{letters[:at]}...{letters[at:]}"
        terms.append(letters)
        operands.append(random.normal(size=shape) + (1j * random.normal(size=shape) if seed % 3 == 0 else 0))
    text = ",".join(terms)
    if random.random() < 0.8:
        known = sorted(set(text) - set(",."))
        out = "".join(random.permutation(known)[: random.integers(0, len(known) + 1)])
        text += f"->{'...' if '...' in text else ''}{out}"
    return text, operands


@pytest.mark.parametrize("block", range(4))
def test_random_strings(block: int, make: Callable[..., Any]) -> None:
    """Numbers are NumPy's; gradients, to second order, those of finite differences."""
    for seed in range(25 * block, 25 * block + 25):
        text, arrays = drawn(seed)
        operands = [make(a, True) for a in arrays]
        want = np.einsum(text, *arrays)
        out = ag.einsum(text, *operands)
        assert (out.shape, out.dtype) == (want.shape, want.dtype), text
        np.testing.assert_allclose(host(out), want, rtol=1e-12, atol=1e-12, err_msg=text)
        if seed % 5 == 0:
            gradcheck(lambda *xs, text=text: ag.einsum(text, *xs), operands, order=2, fast=True)


def test_gradients_are_contractions(make: Callable[..., Any]) -> None:
    """With whole numbers they are exactly the ones that are written with the operand's axes as output."""
    random = np.random.default_rng(1)
    x, y, z = (random.integers(-5, 5, shape).astype(float) for shape in ((3, 4), (4, 5, 2), (2, 3)))
    a, b, c = (make(v, True) for v in (x, y, z))
    seed = random.integers(-5, 5, (5,)).astype(float)
    found = grad(ag.einsum("ij,jkl,li->k", a, b, c), [a, b, c], make(seed))
    for g, text, others in zip(
        found, ("k,jkl,li->ij", "k,ij,li->jkl", "k,ij,jkl->li"), ((y, z), (x, z), (x, y)), strict=True
    ):
        np.testing.assert_array_equal(host(g), np.einsum(text, seed, *others))


def test_only_what_is_needed_is_kept(make: Callable[..., Any]) -> None:
    """A contraction keeps the operand that another's gradient asks for, and no copy of it."""
    x, y = make(np.ones((3, 4)), True), make(np.ones((4, 5)))
    out = ag.einsum("ij,jk->ki", x, y)
    (kept,) = [v for v in out.node.saved if hasattr(v, "shape") and not isinstance(v, np.dtype)]
    assert kept is y.array


@pytest.mark.parametrize("dtypes", [("float32", "float32"), ("float32", "complex128"), ("int32", "float32")])
def test_gradients_have_the_operands_dtypes(dtypes: tuple[str, str], make: Callable[..., Any]) -> None:
    arrays = [np.arange(6).reshape(2, 3).astype(d) for d in dtypes]
    operands = [make(a, a.dtype.kind in "fc") for a in arrays]
    out = ag.einsum("ij,kj->ik", *operands)
    assert out.dtype == np.einsum("ij,kj->ik", *arrays).dtype
    tracked = [x for x in operands if x.requires_grad]
    for x, g in zip(tracked, grad(out, tracked, ag.ones_like(out)), strict=True):
        assert (g.shape, g.dtype, g.device) == (x.shape, x.dtype, x.device)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "float16"])
def test_other_dtypes_stay(dtype: str, make: Callable[..., Any], backend: Any) -> None:
    """Integers wrap in their own dtype, truth values are or-ed, as in NumPy."""
    if np.dtype(dtype) not in backend.natives:
        pytest.skip(f"{backend.name} lacks {dtype}")
    x = (np.arange(12).reshape(3, 4) % 5 * 3).astype(dtype)
    for text, count in (("ij,kj->ik", 2), ("ij->j", 1), ("ij,ij->", 2), ("ij,kj,kl->il", 3)):
        want = np.einsum(text, *(x,) * count)
        out = ag.einsum(text, *(make(x),) * count)
        assert out.dtype == want.dtype
        np.testing.assert_array_equal(host(out), want)


def test_one_operand_gives_a_view(make: Callable[..., Any]) -> None:
    x = make(np.arange(6.0).reshape(2, 3), True)
    y = x * 1
    ag.einsum("ij->ji", y)[0] = 5.0
    assert host(y).tolist() == [[5, 1, 2], [5, 4, 5]]
    assert host(grad(ag.sum(y), x)[0]).tolist() == [[0, 1, 1], [0, 1, 1]]
    ag.einsum("ij->i", y)[0] = 7.0
    ag.einsum("ij,->ij", y, 1.0)[0] = 7.0
    assert host(y).tolist() == [[5, 1, 2], [5, 4, 5]]


def test_an_operand_that_is_given_twice(make: Callable[..., Any]) -> None:
    x = make(np.array([[1.0, 2.0], [3.0, 4.0]]), True)
    (g,) = grad(ag.einsum("ij,ij->", x, x), x, create_graph=True)
    assert host(g).tolist() == [[2, 4], [6, 8]]
    assert host(grad(ag.sum(g * g), x)[0]).tolist() == [[8, 16], [24, 32]]


def test_operands_that_are_no_tensors(make: Callable[..., Any]) -> None:
    x = make(np.ones((2, 3)), True)
    (g,) = grad(ag.sum(ag.einsum(",ij->j", 2.0, x)), x)
    assert (host(g) == 2).all()
    with ag.no_grad():
        assert not ag.einsum("ij,ij->", x, x).requires_grad
    assert not hasattr(ag.Tensor, "einsum")


# ---------------------------------------------------------------- opt_einsum


def test_two_operands_do_without_opt_einsum(monkeypatch: pytest.MonkeyPatch) -> None:
    x = ag.ones((7, 7))
    monkeypatch.setitem(sys.modules, "opt_einsum", None)
    assert ag.einsum("ij,jk->ik", x, x)[0, 0].item() == 7 and ag.einsum("ii", x).item() == 7
    with pytest.raises(
        ModuleNotFoundError, match=r'^\[einsum\] three operands .* opt_einsum, .*"\.\[einsum\]"'
    ):
        ag.einsum("ij,jk,kl->il", x, x, x)


def test_the_order_is_the_cheap_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vector at the end of a chain of matrices is multiplied first."""
    backend = ag.ones(1).xp
    shapes: list[tuple[int, ...]] = []
    contract = type(backend).contract

    def watched(self: Any, x: Any, y: Any, a: str, b: str, c: str) -> Any:
        out = contract(self, x, y, a, b, c)
        shapes.append(out.shape)
        return out

    monkeypatch.setattr(type(backend), "contract", watched)
    x = ag.ones((30, 30))
    ag.einsum("ij,jk,kl,l->i", x, x, x, x[0])
    assert shapes == [(30,)] * 3


# ---------------------------------------------------------------- bad input

BAD = [
    ("ij,jk->ii", ((2, 3), (3, 4)), ag.ArgumentError, "the output repeats 'i': expected each letter once"),
    ("ij,jk->iz", ((2, 3), (3, 4)), ag.ArgumentError, "the output has 'z': no operand has it"),
    ("ij,jk", ((2, 3),), ag.ArgumentError, "names 2 operands: 1 were given"),
    ("ij", ((2, 3), (2, 3)), ag.ArgumentError, "names 1 operands: 2 were given"),
    ("", (), ag.ArgumentError, "names 1 operands: 0 were given"),
    ("i1", ((2, 3),), ag.ArgumentError, "'1' is no letter: expected letters"),
    ("ié", ((2, 3),), ag.ArgumentError, "'é' is no letter"),
    ("i.j", ((2, 3),), ag.ArgumentError, "'.' is no letter"),
    ("...i...", ((2, 3),), ag.ArgumentError, "'.' is no letter"),
    ("ij->i->j", ((2, 3),), ag.ArgumentError, "'-' is no letter"),
    ("ij->i,j", ((2, 3),), ag.ArgumentError, "',' is no letter"),
    ("...i->i", ((2, 3),), ag.ArgumentError, "the output has no ...: it stands for 1 axes"),
    ("ijk", ((2, 3),), ag.ShapeError, "'ijk' in 'ijk' names 3 axes, x has shape (2, 3)"),
    ("i,...ijk", ((2,), (2, 3)), ag.ShapeError, "'...ijk' in 'i,...ijk' names 3 axes, y has shape (2, 3)"),
    (
        "i",
        ((2, 3),),
        ag.ShapeError,
        "'i' in 'i' names 1 axes, x has shape (2, 3): name each axis by a letter",
    ),
    (
        "ij,jk->ik",
        ((2, 3), (4, 4)),
        ag.ShapeError,
        "in 'ij,jk->ik' 'j' has length 3 in x and 4 in y: axes of",
    ),
    ("ii", ((2, 3),), ag.ShapeError, "in 'ii' 'i' has length 2 in x and 3 in x"),
    ("ii", ((1, 3),), ag.ShapeError, "in 'ii' 'i' has length 1 in x and 3 in x"),
    ("...i,...i", ((2, 3), (4, 3)), ag.ShapeError, "an axis of ... has length 2 in x and 4 in y"),
    ("i,j,k,i", ((2,), (3,), (4,), (0,)), ag.ShapeError, "'i' has length 2 in array 0 and 0 in array 3"),
]


@pytest.mark.parametrize(
    "text, shapes, kind, says", BAD, ids=[f"{text} {shapes}" for text, shapes, *_ in BAD]
)
def test_bad_input(text: str, shapes: Any, kind: type, says: str, make: Callable[..., Any]) -> None:
    with pytest.raises(kind) as caught:
        ag.einsum(text, *(make(np.ones(shape)) for shape in shapes))
    assert str(caught.value).startswith("[einsum] ") and says in str(caught.value)


def test_operands_of_the_wrong_kind(make: Callable[..., Any]) -> None:
    x = make(np.ones((2, 2)))
    with pytest.raises(ag.DtypeError, match=r"\[einsum\] subscripts is of type Tensor: expected a string"):
        ag.einsum(x, x)
    with pytest.raises(ag.DtypeError, match=r"\[einsum\] y is of type list: .*asarray"):
        ag.einsum("ij,j", x, [1.0, 2.0])
    if x.device.library != "cpu":
        with pytest.raises(ag.DeviceError, match=r"\[einsum\] x is on .*, y is on cpu: move one"):
            ag.einsum("ij,jk", x, ag.ones((2, 2)))
