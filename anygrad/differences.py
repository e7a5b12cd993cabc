"""A function at one point: its derivatives by the tape, and by differences.

Complex entries are pairs of real ones here: both sides are derivatives of real projections of the output.
Perturbs on the host, in double precision, and knows nothing of rows or backends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from anygrad import autograd
from anygrad.errors import GradcheckError, NotDifferentiableError, message
from anygrad.tensors import Tensor, tensor

__all__ = ["Function", "Scene", "are_close", "host_of", "made_like", "random_like"]

Function = Callable[[Sequence[Any], bool], list[Tensor]]
"""``f(arguments, tracked)``: the outputs that carry gradients, connected to the arguments if tracked."""


class Scene:
    """One function at one point: its derivatives by the tape, and by differences."""

    def __init__(
        self,
        function: Function,
        arguments: list[Any],
        chosen: list[int],
        hosts: list[np.ndarray],
        outs: list[Tensor],
        level: int,
        eps: float,
        atol: float,
        rtol: float,
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.chosen = chosen
        self.hosts = hosts
        self.outs = outs
        self.level = level
        self.eps, self.atol, self.rtol = eps, atol, rtol

    def pulled(self, seeds: list[np.ndarray | None]) -> list[np.ndarray]:
        """Return the gradients of the inputs for gradients of the outputs, as real numbers in a row."""
        ends = [(o, g) for o, g in zip(self.outs, seeds) if g is not None and o.requires_grad]
        inputs = [self.arguments[i] for i in self.chosen]
        if not ends:
            return [np.zeros(host.size * _width(host)) for host in self.hosts]
        given = [made_like(out, g, False) for out, g in ends]
        found = autograd.grad([out for out, _ in ends], inputs, given, retain_graph=True, allow_unused=True)
        for i, x, g in zip(self.chosen, inputs, found):
            if g is not None and (g.shape, g.dtype, g.device) != (x.shape, x.dtype, x.device):
                raise GradcheckError(
                    message(
                        "gradcheck",
                        f"order {self.level}: the gradient of input {i} is {_form(g)}",
                        f"the input is {_form(x)}",
                    )
                )
        return [
            np.zeros(h.size * _width(h)) if g is None else _flat(host_of(g))
            for h, g in zip(self.hosts, found)
        ]

    def difference(self, n: int, direction: np.ndarray) -> list[np.ndarray]:
        """Return the derivative of each output, as real numbers in a row, as input n moves somewhere."""
        sides, ends = zip(*(self.moved(n, sign * direction) for sign in (1, -1)))
        length = np.linalg.norm(sides[0] - sides[1]) / np.linalg.norm(direction)
        return [(plus - minus) / length for plus, minus in zip(*ends)]

    def moved(self, n: int, step: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return input n moved by a step, as rounded to its dtype, and the outputs there, in rows."""
        i, host = self.chosen[n], self.hosts[n]
        x = made_like(self.arguments[i], _shaped(_flat(host) + step, host), True)
        given = list(self.arguments)
        for k, j in enumerate(self.chosen):
            given[j] = x if k == n else made_like(self.arguments[j], self.hosts[k], True)
        return _flat(host_of(x)), [_flat(host_of(out)) for out in self.function(given, False)]

    def corner(self, n: int, direction: np.ndarray, weights: list[np.ndarray]) -> tuple[float, float] | None:
        """Return the slopes of a projection of the outputs on both sides, where they differ; else None.

        Of a smooth function they approach each other as the step shrinks.
        """
        apart, slopes = [], (0.0, 0.0)
        for shrink in (1, 8):
            values = []
            for sign in (1, 0, -1):
                ends = self.moved(n, sign * direction / shrink)[1]
                values.append(float(sum(w @ end for w, end in zip(weights, ends))))
            right, left = ((values[0] - values[1]) * shrink, (values[1] - values[2]) * shrink)
            apart.append(abs(right - left))
            slopes = right, left
        if not np.isfinite(apart).all():
            return slopes
        rounding = 64 * np.finfo(np.float64).eps * max(1.0, *map(abs, values)) * 8
        return slopes if apart[1] > max(apart[0] / 3, rounding) else None

    def every_entry(self) -> None:
        """Compare the derivative of every real entry of the outputs by every one of the inputs."""
        columns: list[list[list[np.ndarray]]] = []
        for n, host in enumerate(self.hosts):
            columns.append([])
            values = _flat(host)
            for k in range(values.size):
                direction = np.zeros(values.size)
                direction[k] = self.eps * max(1.0, abs(values[k]))
                columns[n].append([d / direction[k] for d in self.difference(n, direction)])
        for o, out in enumerate(self.outs):
            host = host_of(out)
            for j in range(host.size * _width(host)):
                seed = np.zeros(host.size * _width(host))
                seed[j] = 1.0
                seeds: list[np.ndarray | None] = [None] * len(self.outs)
                seeds[o] = _shaped(seed, host)
                for n, found in enumerate(self.pulled(seeds)):
                    expected = np.array([column[o][j] for column in columns[n]])
                    wrong = ~are_close(found, expected, self.atol, self.rtol)
                    if wrong.any():
                        k = int(np.argmax(wrong))
                        places = f"at {_place(k, self.hosts[n])}, output {o} at {_place(j, host)}"
                        values = _flat(self.hosts[n])
                        direction = np.zeros(values.size)
                        direction[k] = self.eps * max(1.0, abs(values[k]))
                        picked = [_flat(np.zeros_like(host_of(out))) for out in self.outs]
                        picked[o][j] = 1 / direction[k]
                        raise self.failure(
                            n, places, found[k], expected[k], self.corner(n, direction, picked)
                        )

    def one_projection(self, random: np.random.Generator) -> None:
        """Compare one random projection of the derivatives by each input."""
        seeds = [random_like(random, out.shape, out.dtype) for out in self.outs]
        found = self.pulled(list(seeds))
        for n, host in enumerate(self.hosts):
            values = _flat(host)
            direction = random.normal(size=values.size) * np.maximum(1.0, np.abs(values))
            if not values.size:
                continue
            got = float(found[n] @ direction)
            changes = self.difference(n, self.eps * direction)
            expected = float(sum(_flat(g) @ d for g, d in zip(seeds, changes))) / self.eps
            if not are_close(np.array(got), np.array(expected), self.atol, self.rtol):
                sides = self.corner(n, self.eps * direction, [_flat(g) / self.eps for g in seeds])
                raise self.failure(n, "along a random direction", got, expected, sides)

    def failure(
        self, n: int, place: str, got: float, expected: float, sides: tuple[float, float] | None
    ) -> GradcheckError:
        """Return the error that names where the two disagree."""
        at = f"order {self.level}, input {self.chosen[n]} {place}: the gradient is {got + 0.0:.9g}"
        if sides is not None:
            slopes = f"the function has a corner or a jump: slope {sides[0]:.9g} above, {sides[1]:.9g} below"
            advice = slopes, "move the input away from there"
            return NotDifferentiableError(
                message("gradcheck", at, f"differences give {expected:.9g}", *advice)
            )
        lost = "" if any(out.requires_grad for out in self.outs) else "the output does not require a gradient"
        return GradcheckError(
            message(
                "gradcheck",
                at,
                f"differences give {expected:.9g}",
                *([lost] if lost else []),
            )
        )


# ---------------------------------------------------------------- entries as real numbers


def _width(host: np.ndarray) -> int:
    return 2 if host.dtype.kind == "c" else 1


def host_of(t: Tensor) -> np.ndarray:
    """Return the values in double precision, on the host."""
    found = t.detach().numpy(copy=True)
    return found.astype(np.complex128 if found.dtype.kind == "c" else np.float64)


def _flat(host: np.ndarray) -> np.ndarray:
    """Return the real numbers that the entries are made of, in a row."""
    return np.ascontiguousarray(host).reshape(-1).view(np.float64)


def _shaped(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    return values.view(like.dtype).reshape(like.shape)


def _form(t: Tensor) -> str:
    return f"{t.dtype} of shape {t.shape} on {t.device}"


def made_like(t: Tensor, host: np.ndarray, requires_grad: bool) -> Tensor:
    return tensor(host, dtype=t.dtype, device=t.device, requires_grad=requires_grad)


def random_like(random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    found = np.asarray(random.normal(size=shape))
    return found + 1j * random.normal(size=shape) if dtype.kind == "c" else found


def are_close(found: np.ndarray, expected: np.ndarray, atol: float, rtol: float) -> Any:
    return np.abs(found - expected) <= atol + rtol * np.abs(expected)


def _place(k: int, host: np.ndarray) -> str:
    """Name the entry, and the part of it, that the k-th real number belongs to."""
    entry, part = divmod(k, _width(host))
    where = tuple(int(i) for i in np.unravel_index(entry, host.shape))
    return f"{where}{('.real', '.imag')[part] if _width(host) == 2 else ''}"
