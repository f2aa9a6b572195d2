"""What the service knows of a table: its columns, and the warnings about them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

ColumnType = Literal["integer", "number", "boolean", "date", "category"]

# The largest magnitude that still rounds to a float32.
FLOAT32_MAX = math.nextafter(2.0**128 - 2.0**103, 0.0)

MOST_CLASSES = 1_000  # of a target
# Of a column of more values so many are kept: all of them, of many columns of numbers, would be
# megabytes with every look at the table.
LEVELS_KEPT = 20

NUMERIC: frozenset[ColumnType] = frozenset({"integer", "number"})


@dataclass(frozen=True)
class Column:
    """One column as the whole file shows it.

    `distinct` and `levels` (value to count, most frequent first, in the text form that the
    typed value has) are None where there are more distinct values than are counted. Of more than
    MOST_CLASSES the `levels` are the LEVELS_KEPT most frequent.
    `minimum` and `maximum` are numbers, or ISO dates, or None where there is no order. `histogram`
    counts numbers between `edges`, of which there is one more than of `counts`; None for others,
    and for what was described before there were histograms.
    """

    name: str
    type: ColumnType
    missing: int
    distinct: int | None
    examples: list[str]
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    levels: dict[str, int] | None = None
    histogram: dict[str, list[float]] | None = None


@dataclass(frozen=True)
class Notice:
    """Something that a careful person would want to know; never an error."""

    code: str
    message: str
    column: str | None = None


@dataclass(frozen=True)
class Feature:
    """A column that a forest learns from, and all that is needed to encode one of its values.

    `levels` are the categories known from the training rows, sorted, for type category only.
    """

    name: str
    type: ColumnType
    levels: list[str] = field(default_factory=list)

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Feature:
        """The feature that `as_record` wrote down."""
        return cls(**record)
