"""The table of what is tested is up to date, and has a number or a reason in every cell."""

from __future__ import annotations

from anygrad.op import CREATIONS, DERIVED, REGISTRY
from tests.samples import own
from tests.table import PLACE, TRAITS, table
from tests.targets import DEVICES


def test_the_table_is_up_to_date() -> None:
    assert PLACE.read_text(encoding="utf-8") == table(), "run: python -m tests.table"


def test_every_cell_is_filled() -> None:
    lines = [line for line in table().splitlines() if line.startswith("| ") and "| function |" not in line]
    assert len(lines) == len(DEVICES) * len(own((*REGISTRY, *DERIVED, *CREATIONS)))
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == 1 + len(TRAITS) and all(cells), line
