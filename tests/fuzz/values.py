"""What docs/csv.md says of the cells of a column, by Python's own numbers and dates alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.fuzz.reference import Refused

MISSING = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A")
WHOLE = re.compile(r"[+-]?[0-9]+")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
INFINITE = re.compile(r"[+-]?(inf|infinity|nan)", re.IGNORECASE | re.ASCII)
BIT = re.compile(r"\+?0*1|[+-]?0+")
DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,6})?)?)?Z?", re.ASCII)
WHOLE_MAX = 2**53
FLOAT32_MAX = 3.4028235677973366e38  # the least that rounds to infinity


@dataclass(frozen=True)
class Values:
    """The type of a column, and its values, None where one is missing."""

    type: str
    cells: list[Any]

    def levels(self) -> dict[str, int]:
        """How often there is each value, in the form of text."""
        return dict(Counter(_text(cell) for cell in self.cells if cell is not None))


def values_of(column: Sequence[str], markers: Sequence[str] | None) -> Values:
    """The column's values. Raises Refused where one of its numbers is too large."""
    missing = {"", *(marker.strip() for marker in (MISSING if markers is None else markers))}
    trimmed = [cell.strip() for cell in column]
    cells = [None if cell in missing else cell for cell in trimmed]
    present = [cell for cell in cells if cell is not None]
    kind = _type(present)
    if kind == "number":
        _refuse_beyond(cells)
    read = _READERS[kind]
    return Values(kind, [None if cell is None else read(cell) for cell in cells])


def _type(present: list[str]) -> str:
    if not present:
        return "category"
    if all(NUMBER.fullmatch(cell) or INFINITE.fullmatch(cell) for cell in present):
        return _numeric(present)
    words = [cell for cell in present if not BIT.fullmatch(cell)]
    if all(cell.lower() in {"true", "false"} for cell in words):
        return "boolean"
    return "date" if all(_moment(cell) is not None for cell in present) else "category"


def _numeric(present: list[str]) -> str:
    whole = all(WHOLE.fullmatch(cell) for cell in present)
    within = whole and max(abs(int(cell)) for cell in present) <= WHOLE_MAX
    return "integer" if within else "number"


def _refuse_beyond(cells: Sequence[str | None]) -> None:
    for at, cell in enumerate(cells):
        size = abs(float(cell or 0))
        if not size < FLOAT32_MAX:
            is_number = size < float("inf")
            raise Refused("number_out_of_range" if is_number else "non_finite", row=at)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.removesuffix("Z")) if DATE.fullmatch(text) else None
    except ValueError:
        return None


def _truth(text: str) -> bool:
    return text.lower() == "true" or (text.lower() != "false" and int(text) == 1)


_READERS: dict[str, Any] = {
    "integer": int,
    "number": float,
    "boolean": _truth,
    "date": _moment,
    "category": str,
}


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return repr(cell + 0.0)
    if isinstance(cell, datetime):
        return cell.isoformat().removesuffix("T00:00:00")
    return str(cell)
