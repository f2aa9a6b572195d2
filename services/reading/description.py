"""How a file is to be read, and what it holds: found once, kept as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from services.columns import Column, Notice


@dataclass(frozen=True)
class Dialect:
    """All that a later pass over the same file needs.

    `names` are the columns as they stand in the file, `unnamed` the positions (from 0) of those
    named c<k> for want of a name, `padding` the number of empty cells that end every row without
    a name in the header. `data_start` counts bytes of the file's text as UTF-8 without a BOM,
    `lines_before` the physical lines before the first data row.
    """

    delimiter: str
    encoding: str
    header: bool
    missing_values: tuple[str, ...]
    names: list[str]
    unnamed: list[int] = field(default_factory=list)
    padding: int = 0
    data_start: int = 0
    lines_before: int = 0

    @property
    def codec(self) -> str:
        """Python's name of the encoding."""
        return self.encoding.replace("-", "_")

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "missing_values": list(self.missing_values)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Dialect:
        """The dialect that `as_record` wrote down."""
        return cls(**{**record, "missing_values": tuple(record["missing_values"])})


@dataclass(frozen=True)
class Description:
    """What a whole file holds: data rows, columns in the file's order, warnings."""

    rows: int
    columns: list[Column]
    dialect: Dialect
    warnings: list[Notice]

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "rows": self.rows,
            "columns": [asdict(column) for column in self.columns],
            "dialect": self.dialect.as_record(),
            "warnings": [asdict(notice) for notice in self.warnings],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Description:
        """The description that `as_record` wrote down."""
        return cls(
            rows=record["rows"],
            columns=[Column(**column) for column in record["columns"]],
            dialect=Dialect.from_record(record["dialect"]),
            warnings=[Notice(**notice) for notice in record["warnings"]],
        )
