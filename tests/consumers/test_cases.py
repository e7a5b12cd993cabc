"""Every case on every backend, what is declared beside what is named, and the table beside both."""

from __future__ import annotations

from typing import Any

import pytest

from tests.consumers.harness import Case, check
from tests.consumers.table import PATH, README, libraries, named, table, written

CASES = [case for cases in libraries().values() for case in cases]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_consumer(case: Case, target: Any) -> None:
    check(case, target)


@pytest.mark.parametrize("library", libraries())
def test_what_has_a_case_was_named(library: str) -> None:
    names = [case.name.partition(" ")[0] for case in libraries()[library]]
    assert set(names) <= set(named(library))


def test_no_two_cases_have_one_name() -> None:
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)


def test_the_table_is_as_written() -> None:
    assert PATH.read_text() == table(), "run: python -m tests.consumers.table"
    assert README.read_text() == written(README.read_text()), "run: python -m tests.consumers.table"
