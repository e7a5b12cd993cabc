"""Whether all is to be computed in one order, so that every run gives the same bits."""

from __future__ import annotations

from typing import Any

from anygrad.errors import NondeterminismError, message

__all__ = ["ASKED", "Determinism"]

ASKED = [False]
"""Whether that is asked for: of the process, since a backward pass may run in any thread."""


class Determinism:
    """What a backend asks before it adds up in whatever order its threads come."""

    name: str

    any_order: bool = False
    """Whether the device's own functions add floating-point numbers up in any order."""

    def in_one_order(self) -> bool:
        """Tell whether the device's own way will not do."""
        return self.any_order and ASKED[0]

    def refuse_any_order(self, op: str, dtype: Any) -> None:
        """Raise ``NondeterminismError`` for a function of the library's that has no other way."""
        if self.in_one_order():
            got = f"on {self.name} {dtype} is added up in an order that changes from run to run"
            advice = "leave ag.deterministic, or move to 'cpu' or 'cuda'"
            raise NondeterminismError(message(op, got, advice))
