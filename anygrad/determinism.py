"""``deterministic``: the same bits in every run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from anygrad.backends.determinism import ASKED
from anygrad.errors import DtypeError, message

__all__ = ["deterministic"]


class deterministic:
    """Compute in one order only, so that every run gives the same bits: at once, as a block or a decorator.

    What differs without it are sums at repeated positions, which GPUs add up in whatever order their threads
    come: gradients of indexing and ``take``, ``index_add``, ``scatter_add``. They are sorted then, and summed
    within each run of equals by doubling, which takes several times as long. Where a library has no such way
    (PyTorch's cumulative sums and products on CUDA), ``NondeterminismError`` says so. It holds for the whole
    process and every thread. The host needs none; seeds are yours to set, with ``random.seed``.

    Raises ``DtypeError`` for what is neither True nor False.

    >>> import anygrad as ag
    >>> with ag.deterministic(True):
    ...     ag.index_add(ag.zeros(2), ag.tensor([0, 0]), ag.tensor([1.0, 2.0]), axis=0)
    tensor([3., 0.], dtype=float64, device='cpu')
    """

    def __init__(self, mode: bool = True) -> None:
        if mode.__class__ is not bool:
            got = f"got {type(mode).__name__}"
            raise DtypeError(message("deterministic", got, "expected True or False"))
        self._mode, self._before, self._entered = mode, [ASKED[0]], False
        ASKED[0] = mode

    def __enter__(self) -> None:
        if self._entered:
            self._before.append(ASKED[0])
            ASKED[0] = self._mode
        self._entered = True

    def __exit__(self, *exception: object) -> None:
        ASKED[0] = self._before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, in this mode while it runs."""
        ASKED[0] = self._before.pop()

        @functools.wraps(function)
        def called(*arguments: Any, **keywords: Any) -> Any:
            with deterministic(self._mode):
                return function(*arguments, **keywords)

        return called
