"""Single JSON values of a column: what is wrong with them, and their numbers."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan
from types import NoneType
from typing import Any

import numpy as np

from services.columns import FLOAT32_MAX, ColumnType, Feature
from services.forest.encoding import DAY, MISSING, UNSEEN, Floats
from services.forest.nearest import shown

Problem = tuple[str, str]  # code, message

INT64 = 2**63
LONGEST_TEXT = 10_000
NUMBERS = frozenset({int, float, NoneType})
# The dates of services.reading.cells, which a test holds equal: to import the reader of whole
# files for one pattern would load pandas into a process that serves JSON alone.
DATE = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?)?Z?$"
)
BAD_CHARACTER = re.compile("[\x00\ud800-\udfff]")
EPOCH = datetime(1970, 1, 1)  # all times are in one zone
ABSENT = object()


@dataclass(frozen=True)
class Reader:
    """How values of one type are read.

    `plain` says at once that all values of a column are right, or that each is to be looked at;
    `problem` says what is wrong with one; `numbers` encodes right ones, shape (n,).
    """

    plain: Callable[[Sequence[object]], bool]
    problem: Callable[[object], Problem | None]
    numbers: Callable[[Sequence[object], Feature], Floats]


def numbers_of(values: Sequence[Any]) -> Floats | None:
    """Null or numbers plainly within a float32 and an int64, encoded, shape (n,); else None."""
    types = set(map(type, values))
    if not types <= NUMBERS:
        return None
    limit = INT64 // 2 if int in types else FLOAT32_MAX
    given = [value for value in values if value is not None] if NoneType in types else values
    if given and not (-limit <= min(given) and max(given) <= limit and not isnan(sum(given))):
        return None
    numbers = np.array(values, dtype=np.float64)
    if NoneType in types:
        numbers[np.isnan(numbers)] = MISSING
    return numbers


def _are_numbers(values: Sequence[object]) -> bool:
    return numbers_of(values) is not None


def _number_problem(value: object) -> Problem | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "wrong_type", f"expected a number or null, got {shown(value)}"
    if isinstance(value, int) and not -INT64 <= value < INT64:
        return "number_out_of_range", f"expected an integer of 64 bits, got {shown(value)}"
    if not abs(value) <= FLOAT32_MAX:
        message = f"expected a number from -3.4028e38 to 3.4028e38, got {shown(value)}"
        return "number_out_of_range", message
    return None


def _numbers(values: Sequence[object], _: Feature) -> Floats:
    numbers = np.array(values, dtype=np.float64)
    numbers[np.isnan(numbers)] = MISSING
    return numbers


def _are_booleans(values: Sequence[object]) -> bool:
    return set(map(type, values)) <= {bool, type(None)}


def _boolean_problem(value: object) -> Problem | None:
    if value is None or isinstance(value, bool):
        return None
    return "wrong_type", f"expected true, false or null, got {shown(value)}"


def _are_dates(values: Sequence[object]) -> bool:
    return all(_date_problem(value) is None for value in values)


def _date_problem(value: object) -> Problem | None:
    if value is not None and not isinstance(value, str):
        return "wrong_type", f"expected a date as text, or null, got {shown(value)}"
    if value is None or _moment(value) is not None:
        return None
    message = f"expected a date like '2024-12-31' or '2024-12-31T23:59:59', got {shown(value)}"
    return "bad_date", message


def _moment(text: str) -> datetime | None:
    try:
        matched = re.fullmatch(DATE, text)
        return datetime.fromisoformat(text.rstrip("Z")) if matched else None
    except ValueError:
        return None


def _days(values: Sequence[object], _: Feature) -> Floats:
    days = [MISSING if value is None else day(value) for value in values]
    return np.array(days, dtype=np.float64)


def day(value: object) -> float | None:
    """A date's days since 1970, or None where it is no date."""
    moment = _moment(value) if isinstance(value, str) else None
    return None if moment is None else (moment - EPOCH) // timedelta(microseconds=1) / DAY


def _are_texts(values: Sequence[object]) -> bool:
    if not set(map(type, values)) <= {str, type(None)}:
        return False
    return all(_text_problem(value) is None for value in set(values))


def _text_problem(value: object) -> Problem | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return "wrong_type", f"expected text or null, got {shown(value)}"
    if not 1 <= len(value) <= LONGEST_TEXT:
        message = f"expected 1 to {LONGEST_TEXT:,} characters, got {len(value):,}"
        return "bad_text", f"{message}; null means missing" if not value else message
    if BAD_CHARACTER.search(value):
        return "bad_text", f"text must not hold NUL or half of a surrogate pair: {shown(value)}"
    return None


def _levels(values: Sequence[object], feature: Feature) -> Floats:
    codes = {value: _level(value, feature.levels) for value in set(values)}
    return np.array([codes[value] for value in values], dtype=np.float64)


def _level(value: object, levels: Sequence[str]) -> float:
    if not isinstance(value, str):
        return 0.0
    place = bisect_left(levels, value)
    return place + 1.0 if place < len(levels) and levels[place] == value else UNSEEN


_NUMBER = Reader(_are_numbers, _number_problem, _numbers)

READERS: dict[ColumnType, Reader] = {
    "integer": _NUMBER,
    "number": _NUMBER,
    "boolean": Reader(_are_booleans, _boolean_problem, _numbers),
    "date": Reader(_are_dates, _date_problem, _days),
    "category": Reader(_are_texts, _text_problem, _levels),
}
