"""A small vocabulary for the tests of the reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from models.errors import GroveError, Invalid
from services.columns import Column
from services.reading import Description, Limits, Reading, describe


class Csv:
    """Writes one file and reads it in all ways."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "table.csv"

    def write(self, content: str | bytes) -> Path:
        self.path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.path

    def describe(
        self, content: str | bytes, limits: Limits | None = None, **reading: Any
    ) -> Description:
        return describe(self.write(content), Reading(**reading), limits)

    def refusal(
        self, content: str | bytes, limits: Limits | None = None, **reading: Any
    ) -> GroveError:
        with pytest.raises(GroveError) as caught:
            self.describe(content, limits, **reading)
        assert caught.value.faults, "every refusal lists its faults"
        assert caught.value.code == caught.value.faults[0].code
        assert len(str(caught.value)) < 1000
        return caught.value

    def invalid(
        self, content: str | bytes, limits: Limits | None = None, **reading: Any
    ) -> Invalid:
        error = self.refusal(content, limits, **reading)
        assert isinstance(error, Invalid)
        return error


def column(description: Description, name: str) -> Column:
    return next(column for column in description.columns if column.name == name)


def names(description: Description) -> list[str]:
    return [column.name for column in description.columns]


def codes(description: Description, name: str | None = None) -> list[str]:
    return [w.code for w in description.warnings if name is None or w.column == name]


def one_column(values: Sequence[str], name: str = "x") -> str:
    """A table of one column of interest beside a plain one, with distinct enough numbers."""
    rows = "".join(f"{value},{at % 3}.5\n" for at, value in enumerate(values))
    return f"{name},other\n{rows}"
