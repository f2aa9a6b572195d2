"""docs/bad-inputs.md: every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_database

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / "docs" / "bad-inputs.md").read_text()
ROWS = re.findall(r"^\| ([A-Z][0-9]+) \|.*\| (.*) \| (.*) \|$", TABLE, re.MULTILINE)


def test_every_row_has_a_test_or_says_that_it_has_none() -> None:
    assert len(ROWS) > 150
    assert len({row for row, _, _ in ROWS}) == len(ROWS)
    assert [row for row, tests, left in ROWS if tests == "-" and not left] == []


def test_every_test_of_the_table_exists() -> None:
    named = set(re.findall(r"`([\w/]+\.py)::(\w+)`", TABLE))
    sources = {file: (ROOT / "tests" / file).read_text() for file, _ in named}
    missing = [(file, name) for file, name in named if f"def {name}(" not in sources[file]]
    assert missing == []
