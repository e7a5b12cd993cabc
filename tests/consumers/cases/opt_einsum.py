"""opt_einsum, which finds einsum, tensordot and transpose in the module of what it is given."""

from __future__ import annotations

from typing import Any

import opt_einsum

from tests.consumers.harness import Case, Plain, normal, waves

LIBRARY = "opt_einsum"


def expression(text: str, *shapes: tuple[int, ...]) -> Any:
    """Return an expression that is compiled anew for each call."""
    return lambda *arrays: opt_einsum.contract_expression(text, *shapes)(*arrays)


def shared(x: Any, y: Any) -> Any:
    """Contract twice with what both have in common computed once."""
    with opt_einsum.shared_intermediates() as cache:
        first = opt_einsum.contract("ij,jk,kl->il", x, y, y.T)
        second = opt_einsum.contract("ij,jk,kl->l", x, y, y.T)
        assert cache
    return first, second


CASES = [
    Case(
        "opt_einsum.contract", lambda x, y: opt_einsum.contract("ij,jk->ki", x, y), normal(2, 3), normal(3, 4)
    ),
    Case(
        "opt_einsum.contract several",
        lambda x, y, z: opt_einsum.contract("ij,jk,kl,il->l", x, y, z, x),
        *(normal(3, 3), normal(3, 2), normal(2, 3)),
        everywhere=True,
    ),
    Case("opt_einsum.contract trace", lambda x: opt_einsum.contract("ii->", x), normal(3, 3)),
    Case("opt_einsum.contract diagonal", lambda x: opt_einsum.contract("iij->ji", x), normal(3, 3, 2)),
    Case("opt_einsum.contract sums", lambda x: opt_einsum.contract("ij->j", x), normal(2, 3)),
    Case(
        "opt_einsum.contract outer", lambda x, y: opt_einsum.contract("i,j->ij", x, y), normal(2), normal(3)
    ),
    Case(
        "opt_einsum.contract complex", lambda x, y: opt_einsum.contract("i,ij", x, y), waves(2), waves(2, 3)
    ),
    Case(
        "opt_einsum.contract by numbers",
        lambda x, y: opt_einsum.contract(x, (0, 1), y, (1, 2), (0, 2)),
        *(normal(2, 3), normal(3, 4)),
    ),
    Case(
        "opt_einsum.contract ellipsis",
        lambda x, y: opt_einsum.contract("...ij,...jk->...ik", x, y),
        *(normal(2, 3, 2), normal(2, 2, 4)),
    ),
    Case(
        "opt_einsum.contract_expression",
        expression("ij,jk,k->i", (2, 3), (3, 4), (4,)),
        *(normal(2, 3), normal(3, 4), normal(4)),
        everywhere=True,
    ),
    Case(
        "opt_einsum.contract_expression constants",
        lambda x, y: opt_einsum.contract_expression("ij,jk,k->i", x, (3, 4), y[0], constants=[0, 2])(y),
        *(normal(2, 3), normal(3, 4)),
    ),
    Case(
        "opt_einsum.contract_path",
        lambda x, y: [list(pair) for pair in opt_einsum.contract_path("ij,jk->ik", x, y)[0]],
        *(normal(2, 3), normal(3, 4)),
        outcome=Plain("the order of contractions"),
    ),
    Case("opt_einsum.shared_intermediates", shared, normal(2, 3), normal(3, 4)),
]
