"""Which arguments a transform differentiates: ``argnums``, ``argnames``, and the form of what comes of it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from operator import index
from typing import Any

from anygrad.errors import ArgumentError, DtypeError, message

__all__ = ["Chosen", "Place"]

Place = int | str
"""Where an argument is in a call: its position, or its name."""


class Chosen:
    """The arguments that ``argnums`` and ``argnames`` choose, and how their derivatives are returned."""

    def __init__(self, op: str, function: Any, argnums: Any, argnames: Any) -> None:
        if not callable(function):
            got = f"got {type(function).__name__}"
            advice = "to differentiate tensors: ag.autograd.grad(outputs, inputs)"
            raise DtypeError(message(op, got, "expected a function", advice))
        self.op = op
        self.function = function
        self.one = not isinstance(argnames if argnums is None else argnums, tuple | list)
        self.numbers: list[int] = []
        self.words: list[str] = []
        if argnums is not None or argnames is None:
            argnums = 0 if argnums is None else argnums
            self.numbers = [
                self._number(i) for i in (argnums if isinstance(argnums, tuple | list) else [argnums])
            ]
        if argnames is not None:
            self.words = [
                self._word(name) for name in (argnames if isinstance(argnames, tuple | list) else [argnames])
            ]
        self.mixed = argnums is not None and argnames is not None
        if not self.numbers and not self.words:
            raise ArgumentError(message(op, "argnums is empty", "name at least one argument"))

    def _number(self, given: Any) -> int:
        try:
            return index(given)
        except TypeError:
            got = f"argnums holds {given!r}"
            advice = "expected positions of arguments", "pass names as argnames"
            raise DtypeError(message(self.op, got, *advice)) from None

    def _word(self, given: Any) -> str:
        if not isinstance(given, str):
            raise DtypeError(message(self.op, f"argnames holds {given!r}", "expected names of arguments"))
        return given

    def places(self, args: Sequence[Any], keywords: dict[str, Any]) -> list[Place]:
        """Return where the chosen arguments are in a call; raises ``ArgumentError`` where one is not."""
        found: list[Place] = []
        for i in self.numbers:
            if not -len(args) <= i < len(args):
                got = f"argnums is {i}, the function was called with {len(args)} positional arguments"
                raise ArgumentError(message(self.op, got, "pass it by position, or name it in argnames"))
            found.append(i % len(args))
        for name in self.words:
            found.append(name if name in keywords else self._position(name, len(args)))
        if len(set(found)) < len(found):
            got = f"argnums is {self.numbers}, argnames is {self.words}"
            raise ArgumentError(message(self.op, got, "an argument is chosen twice"))
        return found

    def _position(self, name: str, count: int) -> int:
        try:
            parameters = list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):
            parameters = []
        for i, p in enumerate(parameters[:count]):
            if p.name == name and p.kind is p.POSITIONAL_OR_KEYWORD:
                return i
        got = f"argnames holds {name!r}, which the function was not called with"
        raise ArgumentError(message(self.op, got, "pass it by its name"))

    def packed(self, parts: Sequence[Any]) -> Any:
        """Return one result for each chosen argument as the caller named them."""
        if self.mixed:
            count = len(self.numbers)
            return tuple(parts[:count]), dict(zip(self.words, parts[count:], strict=True))
        if self.one:
            return parts[0]
        return tuple(parts) if self.numbers else dict(zip(self.words, parts, strict=True))

    def unpacked(self, given: Any) -> list[Any]:
        """Return for each chosen argument what it has in a value of the form that ``packed`` gives."""
        if self.mixed and isinstance(given, tuple) and len(given) == 2:
            return [*given[0], *(given[1][name] for name in self.words)]
        if self.one:
            return [given]
        if self.numbers and isinstance(given, tuple | list) and len(given) == len(self.numbers):
            return list(given)
        if not self.numbers and isinstance(given, dict) and set(given) == set(self.words):
            return [given[name] for name in self.words]
        expected = f"expected one for each of {[*self.numbers, *self.words]}, as the gradient has"
        raise ArgumentError(message(self.op, f"the vector is {type(given).__name__}", expected))
