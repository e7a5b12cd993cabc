"""``audit`` and ``strict``: what leaves the graph, where, and what a derivative has to do with it."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import anygrad as ag
from anygrad.exchange import _pile


def here() -> int:
    """Return the line that calls."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def said(report: ag.audit) -> list[tuple[str, str]]:
    return [(e.name, e.depended) for e in report.exits]


def test_line_shape_dtype_and_count(make: Any) -> None:
    x = make(np.array([[1.0, 2.0]]), grad=True)
    with ag.audit() as report:
        for _ in range(3):
            n, line = float((x * 2).sum()), here()
    (found,) = report.exits
    assert (found.op, found.kind, found.file, found.line) == ("float", "scalar", __file__, line)
    assert (found.shape, found.dtype, found.count, found.depended) == ((), x.dtype, 3, "")
    assert found.function == "test_line_shape_dtype_and_count" and n == 6
    assert len(report) == 1 and list(report) == [found] and not _pile
