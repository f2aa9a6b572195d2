"""The warnings about columns: what a careful person would want to know before training."""

from __future__ import annotations

import re
from collections.abc import Callable

from services.columns import Column, Notice
from services.reading.faults import shown
from services.reading.grammar import Kind
from services.reading.tally import Spot, Tally

_FEWEST_TO_BE_IDS = 3
_NEARLY_ALL = 0.95

_ID_NAME = re.compile(
    r"(?i:(.*[_\W])?(id|ids|uuid|guid|index|idx|key|row|rownum|row_?names?|nr|no|number)|unnamed.*)"
    r"|.*[a-z0-9](Id|ID)"
)

_TWO_LETTERS = re.compile(r"[A-Z]{2}")
_OTHER_CODES = 3


def notices_of(column: Column, tally: Tally, *, named: bool) -> list[Notice]:
    """All warnings about one column; `named` is False where its name was made up."""
    if not tally.values:
        return [Notice("all_missing_column", f"Column {shown(column.name)} is empty.", column.name)]
    found = [] if named else [_unnamed(column)]
    for look in _LOOKS:
        notice = look(column, tally)
        if notice:
            found.append(notice)
    return found


def dropped(position: int) -> Notice:
    """The warning that a column without a name and without values is left out."""
    message = f"Column {position + 1} has no name and no values: left out."
    return Notice("empty_column_dropped", message)


def _unnamed(column: Column) -> Notice:
    message = f"A column without a name holds values: it is called {shown(column.name)}."
    return Notice("unnamed_column", message, column.name)


def _mixed(column: Column, tally: Tally) -> Notice | None:
    numbers = tally.count[Kind.NUMBER]
    others = tally.values - numbers - tally.count[Kind.NUMBER_LIKE]
    if column.type != "category" or not numbers or not others:
        return None
    odd = _first_other(tally) if numbers >= others else tally.first[Kind.NUMBER]
    message = (
        f"Column {shown(column.name)} mixes {numbers:,} numbers with {others:,} other values and "
        f"is read as a category; the first odd one is {shown(odd.text)} in data row {odd.row + 1}."
    )
    return Notice("mixed_column", message, column.name)


def _first_other(tally: Tally) -> Spot:
    plain = {Kind.NUMBER, Kind.NUMBER_LIKE, Kind.MISSING}
    return min((s for k, s in tally.first.items() if k not in plain), key=lambda spot: spot.row)


def _number_like(column: Column, tally: Tally) -> Notice | None:
    like, numbers = tally.count[Kind.NUMBER_LIKE], tally.count[Kind.NUMBER]
    if not like or like + numbers < tally.values - like - numbers:
        return None
    first = tally.first[Kind.NUMBER_LIKE]
    message = (
        f"Column {shown(column.name)} is read as a category: {shown(first.text)} in data row "
        f"{first.row + 1} may be meant as a number, which is written with the digits 0 to 9 and "
        "a point, without separators."
    )
    return Notice("number_like_text", message, column.name)


def _constant(column: Column, tally: Tally) -> Notice | None:
    if column.distinct != 1 or column.missing or tally.values == 1:
        return None
    message = f"Column {shown(column.name)} has one and the same value in every row."
    return Notice("constant_column", message, column.name)


def _id_like(column: Column, tally: Tally) -> Notice | None:
    by_number = column.type == "integer" and (
        tally.sequence.even or bool(_ID_NAME.fullmatch(column.name))
    )
    if not (by_number or column.type == "category") or not _all_distinct(column, tally):
        return None
    message = (
        f"Column {shown(column.name)} has a value of its own in (nearly) every row, as an "
        "identifier has; a model can learn nothing from it that holds for new rows."
    )
    return Notice("id_like_column", message, column.name)


def _all_distinct(column: Column, tally: Tally) -> bool:
    if tally.values < _FEWEST_TO_BE_IDS:
        return False
    if column.distinct is not None:
        return column.distinct == tally.values
    share = tally.levels.head_share
    return share is not None and share >= _NEARLY_ALL


def _marker_as_level(column: Column, tally: Tally) -> Notice | None:
    codes = [level for level in column.levels or {} if _TWO_LETTERS.fullmatch(level)]
    if "NA" not in tally.markers_seen or len(codes) < max(_OTHER_CODES, column.distinct or 0):
        return None
    message = (
        f"Column {shown(column.name)} holds two-letter codes, and NA, which is read as missing, "
        "may be one of them; give missing_values without NA to keep it."
    )
    return Notice("missing_marker_may_be_level", message, column.name)


_LOOKS: list[Callable[[Column, Tally], Notice | None]] = [
    _mixed,
    _number_like,
    _constant,
    _id_like,
    _marker_as_level,
]
