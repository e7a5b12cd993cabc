"""Einstein sums: any number of operands, contracted two at a time in an order that opt_einsum finds.

What is to be done for a string and shapes is found once, on the host, and kept: diagonals and sums within
an operand, then contractions of pairs, each of which is a row.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any, NamedTuple

from anygrad.errors import ArgumentError, DtypeError, ShapeError, message
from anygrad.op import ArrayLike, derived, operation
from anygrad.rules import names_for

Axes = tuple[int, ...]

contract = operation(
    "contract",
    lambda xp, x, y, a, b, c: xp.contract(x, y, a, b, c),
    inputs="x y",
    dx=lambda xp, g, y, a, b, c: xp.contract(g, y, c, b, a),
    dy=lambda xp, g, x, a, b, c: xp.contract(x, g, a, c, b),
    prepare=lambda x, y, /, a, b, c: {"a": a, "b": b, "c": c},
    accepts="any",
    public=False,
    doc="Sum products over axes: a, b and c name those of x, y and the result, a letter each.",
)


class Ready(NamedTuple):
    """How an operand is made ready: its shape, where that changes, then permutations before each diagonal."""

    shape: Axes | None
    diagonals: tuple[Axes, ...]


class Step(NamedTuple):
    """Contract values ``i`` and ``j``, each summed first over the axes that it alone has, to a new value."""

    i: int
    j: int
    alone: tuple[Axes, Axes]
    axes: tuple[str, str, str]


class Plan(NamedTuple):
    """What is to be done; ``last``, of one operand: axes to sum over, and then the order where it changes.

    Without sums and diagonals the axes are permuted all the same, for a view.
    """

    ready: tuple[Ready, ...]
    steps: tuple[Step, ...]
    last: tuple[Axes, Axes | None] | None


@derived
def einsum(xp: Any, subscripts: str, /, *operands: ArrayLike) -> Any:
    """Sum products of the operands over the letters that the output lacks, as ``numpy.einsum`` does.

    ``subscripts`` names the axes of each operand by letters, operands parted by commas, those of the output
    after ``->``; without it they are the letters that occur once, sorted. A letter twice in an operand is
    its diagonal; ``...`` stands for axes that broadcast, and an axis of length 1 fits every length. Three
    operands or more need ``opt_einsum``, which finds in which order. One operand whose axes all stay gives a
    view, else the result is new. Raises ``ArgumentError`` for a string that means nothing, ``ShapeError``
    where it does not fit the shapes, ``DeviceError`` for mixed devices.

    >>> import anygrad as ag
    >>> ag.einsum("ij,j->i", ag.asarray([[1.0, 2.0], [3.0, 4.0]]), ag.asarray([1.0, 1.0]))
    tensor([3., 7.], dtype=float64, device='cpu')
    """
    if not isinstance(subscripts, str):
        got = f"subscripts is of type {type(subscripts).__name__}"
        raise DtypeError(message("einsum", got, "expected a string such as 'ij,jk->ik'"))
    plan = _plan(subscripts, tuple(x.shape for x in operands))
    dtype = operands[0].dtype
    if any(x.dtype != dtype for x in operands):
        dtype = xp.result_type(*operands)
        operands = tuple(xp.astype(x, dtype, copy=False) for x in operands)
    values: list[Any] = [_readied(xp, x, ready) for x, ready in zip(operands, plan.ready, strict=True)]
    for i, j, alone, (a, b, c) in plan.steps:
        x, y = _summed(xp, values[i], alone[0]), _summed(xp, values[j], alone[1])
        values[i] = values[j] = None
        values.append(xp.contract(x, y, a, b, c))
    if plan.last is None:
        return values[-1]
    axes, order = plan.last
    x = _summed(xp, values[0], axes)
    return x if order is None else xp.permute_dims(x, order)


def _readied(xp: Any, x: Any, ready: Ready) -> Any:
    if ready.shape is not None:
        x = xp.reshape(x, ready.shape)
    for order in ready.diagonals:
        x = xp.linalg.diagonal(xp.permute_dims(x, order))
    return x


def _summed(xp: Any, x: Any, axes: Axes) -> Any:
    return xp.astype(xp.sum(x, axis=axes), x.dtype, copy=False) if axes else x


# ---------------------------------------------------------------- planning


@functools.lru_cache(1024)
def _plan(subscripts: str, shapes: tuple[Axes, ...]) -> Plan:
    """Return what is to be done for a string and shapes."""
    terms, out = _terms(subscripts, shapes)
    sizes = _sizes(subscripts, terms, shapes)
    ready: list[Ready] = []
    live: list[tuple[int, str]] = []
    for i, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        # An axis of length 1 that is to fit a longer one is as good as absent.
        kept = [k for k, (letter, n) in enumerate(zip(term, shape, strict=True)) if n == sizes[letter]]
        term, reshaped = "".join(term[k] for k in kept), tuple(shape[k] for k in kept)
        diagonals = []
        while repeated := next((k for k in term if term.count(k) > 1), ""):
            p, q = term.index(repeated), term.rindex(repeated)
            rest = tuple(k for k in range(len(term)) if k not in (p, q))
            diagonals.append((*rest, p, q))
            term = "".join(term[k] for k in rest) + repeated
        ready.append(Ready(None if reshaped == shape else reshaped, tuple(diagonals)))
        live.append((i, term))
    if len(live) == 1:
        term = live[0][1]
        stay = [k for k in term if k in out]
        alone = tuple(k for k, letter in enumerate(term) if letter not in out)
        order = tuple(map(stay.index, out))
        is_new = bool(alone or ready[0].diagonals) and order == tuple(range(len(out)))
        return Plan(tuple(ready), (), (alone, None if is_new else order))
    steps: list[Step] = []
    for group in _path([term for _, term in live], out, sizes):
        chosen = [live.pop(k) for k in sorted(group, reverse=True)]
        while len(chosen) > 1:
            (j, b), (i, a) = chosen[-2], chosen[-1]
            del chosen[-2:]
            step = _step(i, a, j, b, out, "".join(term for _, term in (*live, *chosen)))
            steps.append(step)
            chosen.append((len(shapes) + len(steps) - 1, step.axes[2]))
        live += chosen
    return Plan(tuple(ready), tuple(steps), None)


def _step(i: int, a: str, j: int, b: str, out: str, others: str) -> Step:
    """Return the contraction of two values, of which what is left and the output need some letters."""
    wanted = set(out) | set(others)
    alone = tuple(
        tuple(k for k, letter in enumerate(mine) if letter not in other and letter not in wanted)
        for mine, other in ((a, b), (b, a))
    )
    a, b = (
        "".join(letter for k, letter in enumerate(mine) if k not in axes)
        for mine, axes in zip((a, b), alone, strict=True)
    )
    # In this order of axes the product of matrices is the result.
    batch = [k for k in a if k in b and k in wanted]
    rows, columns = [k for k in a if k not in b], [k for k in b if k not in a]
    c = "".join([*batch, *rows, *columns]) if others else out
    return Step(i, j, (alone[0], alone[1]), (a, b, c))


def _path(terms: list[str], out: str, sizes: dict[str, int]) -> list[Axes]:
    """Return which values to contract together, by their positions among those that are left."""
    if len(terms) == 2:
        return [(0, 1)]
    try:
        opt_einsum = importlib.import_module("opt_einsum")
    except ModuleNotFoundError as error:
        got = f"three operands or more need {error.name}, which is not installed"
        advice = 'from the checkout: pip install -e ".[einsum]"'
        raise ModuleNotFoundError(message("einsum", got, advice)) from error
    shapes = [tuple(sizes[k] for k in term) for term in terms]
    found: list[Axes] = opt_einsum.contract_path(f"{','.join(terms)}->{out}", *shapes, shapes=True)[0]
    return found


# ---------------------------------------------------------------- reading the string


def _terms(subscripts: str, shapes: tuple[Axes, ...]) -> tuple[list[str], str]:
    """Return a letter for each axis of the operands, and of the output; of ``...`` a sign for each axis."""
    given, arrow, out = subscripts.replace(" ", "").partition("->")
    terms = given.split(",")
    for term in (*terms, out):
        for c in term.replace("...", "", 1):
            if not (c.isascii() and c.isalpha()):
                advice = "expected letters, at most one ... for each operand, commas and one ->"
                raise _misread(subscripts, f"{c!r} is no letter", advice)
    if len(terms) != len(shapes):
        raise _misread(subscripts, f"names {len(terms)} operands", f"{len(shapes)} were given")
    names = names_for(len(shapes))
    ranks = []
    for name, term, shape in zip(names, terms, shapes, strict=True):
        count = len(term.replace("...", ""))
        if len(shape) < count or (len(shape) > count and "..." not in term):
            got = f"{term!r} in {subscripts!r} names {count} axes, {name} has shape {shape}"
            raise ShapeError(message("einsum", got, "name each axis by a letter, or several by ..."))
        ranks.append(len(shape) - count)
    dots = "".join(chr(ord("Α") + k) for k in range(max(ranks, default=0)))
    terms = [term.replace("...", dots[len(dots) - rank :]) for term, rank in zip(terms, ranks, strict=True)]
    if not arrow:
        once = sorted(k for k in set(given) if k.isalpha() and given.count(k) == 1)
        return terms, dots + "".join(once)
    if dots and "..." not in out:
        raise _misread(subscripts, "the output has no ...", f"it stands for {len(dots)} axes of the operands")
    for c in out.replace("...", ""):
        if out.count(c) > 1:
            raise _misread(subscripts, f"the output repeats {c!r}", "expected each letter once")
        if c not in given:
            raise _misread(subscripts, f"the output has {c!r}", "no operand has it")
    return terms, out.replace("...", dots)


def _misread(subscripts: str, got: str, advice: str) -> ArgumentError:
    return ArgumentError(message("einsum", f"subscripts is {subscripts!r}, {got}", advice))


def _sizes(subscripts: str, terms: list[str], shapes: tuple[Axes, ...]) -> dict[str, int]:
    """Return the length of the axes of each letter."""
    sizes: dict[str, int] = {}
    owners: dict[str, str] = {}
    for name, term, shape in zip(names_for(len(shapes)), terms, shapes, strict=True):
        for letter, n in zip(term, shape, strict=True):
            known = sizes.get(letter, 1)
            mine = shape[term.index(letter)]
            if (known != 1 and n not in (1, known)) or n != mine:
                before = f"{mine} in {name}" if n != mine else f"{known} in {owners[letter]}"
                which = f"{letter!r}" if letter.isascii() else "an axis of ..."
                got = f"in {subscripts!r} {which} has length {before} and {n} in {name}"
                raise ShapeError(
                    message("einsum", got, "axes of one letter must have one length, or length 1")
                )
            if letter not in sizes or known == 1:
                sizes[letter], owners[letter] = n, name
    return sizes
