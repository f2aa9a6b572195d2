"""The cells of a column, a whole array at a time: trimmed, told apart, and turned into values.

Every function takes an array of strings without nulls unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from services.columns import FLOAT32_MAX
from services.reading.grammar import DATE, PATTERNS, WHOLE_MAX, Kind, kind_of, moment

__all__ = [
    "DATE",
    "Flags",
    "Kinds",
    "Markers",
    "blanked",
    "dates",
    "finite",
    "flags",
    "floats",
    "kinds",
    "many_kinds",
    "matches",
    "read_at_once",
    "wholes",
]

Flags = npt.NDArray[np.bool_]
Kinds = npt.NDArray[np.int8]

# Up to so many texts Python is faster, one by one, than Arrow, which compiles each pattern anew.
_FEW = 40

_YEAR_ONE = pa.scalar(datetime(1, 1, 1), pa.timestamp("us"))


@dataclass(frozen=True)
class Markers:
    """The texts that stand for a missing value."""

    texts: tuple[str, ...]

    @cached_property
    def array(self) -> pa.Array:
        """The markers as an array of strings."""
        return pa.array(self.texts, pa.string())

    @cached_property
    def hide_in_numbers(self) -> bool:
        """Whether a marker reads as a number too, as -999 does."""
        return any(kind_of(text) == Kind.NUMBER for text in self.texts)


def read_at_once(
    names: Sequence[str], numbers: Collection[str], missing_values: Sequence[str]
) -> pyarrow.csv.ConvertOptions:
    """Has Arrow read columns as float64, null where a cell is missing, and the others as text.

    Arrow takes the blanks off a number before it reads it, off a marker it does not.
    """
    types = [pa.float64() if name in numbers else pa.string() for name in names]
    return pyarrow.csv.ConvertOptions(
        column_types=dict(zip(names, types, strict=True)),
        check_utf8=False,  # it was made such
        null_values=list(dict.fromkeys(["", *missing_values])),
        strings_can_be_null=False,
    )


def matches(texts: pa.Array, pattern: str) -> Flags:
    """Which texts the pattern matches; a null does not."""
    return flags(pc.match_substring_regex(texts, pattern))


def flags(array: pa.Array) -> Flags:
    """A boolean array as numpy's, null as False."""
    found: Flags = np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False))
    return found


def blanked(texts: pa.Array, markers: Markers) -> pa.Array:
    """The texts trimmed, and null where they are markers of a missing value."""
    trimmed = pc.utf8_trim_whitespace(texts)
    missing = pc.is_in(trimmed, markers.array)
    return pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)


def floats(texts: pa.Array) -> pa.Array | None:
    """All texts as float64 (null stays null), or None where one is no number at all.

    Arrow's own parser knows no hexadecimal, no separators and no digits but 0 to 9. It does know
    infinities and nan, so that the outcome may hold some.
    """
    try:
        return pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return None


def finite(values: pa.Array) -> bool:
    """Whether no value is infinite or nan; nulls do not count."""
    return pc.all(pc.is_finite(values)).as_py() is not False


def wholes(texts: pa.Array) -> pa.Array | None:
    """Texts that are all numbers or null as int64; None if one is not whole or beyond ±2^53."""
    values = _integers(texts)
    if values is None and pc.any(pc.starts_with(texts, "+")).as_py():
        values = _integers(pc.utf8_ltrim(texts, characters="+"))
    if values is None:
        return None
    ends = pc.min_max(values).as_py()
    low, high = ends["min"] or 0, ends["max"] or 0
    return values if low >= -WHOLE_MAX and high <= WHOLE_MAX else None


def _integers(texts: pa.Array) -> pa.Array | None:
    try:
        return pc.cast(texts, pa.int64())
    except pa.ArrowInvalid:
        return None


def dates(texts: pa.Array) -> pa.Array:
    """Texts that match DATE as timestamps of microseconds; null where there is no such day.

    A trailing Z is left out: all times are taken to be in one zone.
    """
    plain = pc.utf8_rtrim(texts, characters="Z")
    try:
        values = pc.cast(plain, pa.timestamp("us"))
    except pa.ArrowInvalid:
        return pa.array([moment(text) for text in plain.to_pylist()], pa.timestamp("us"))
    # Arrow knows a year 0; ISO 8601 leaves it to agreement, and Python's datetime has none.
    return pc.if_else(pc.less(values, _YEAR_ONE), pa.scalar(None, values.type), values)


def kinds(texts: pa.Array, markers: Markers) -> Kinds:
    """The Kind of each trimmed text."""
    if len(texts) > _FEW:
        return many_kinds(texts, markers)
    found = (kind_of(t) if t not in markers.texts else Kind.MISSING for t in texts.to_pylist())
    return np.fromiter(found, np.int8, len(texts))


def many_kinds(texts: pa.Array, markers: Markers) -> Kinds:
    """As `kinds`, by whole arrays; it pays off for more than a few dozen texts."""
    found = np.full(len(texts), Kind.TEXT, dtype=np.int8)
    found[flags(pc.is_in(texts, markers.array))] = Kind.MISSING
    for kind, pattern in PATTERNS:
        left = np.flatnonzero(found == Kind.TEXT)
        if len(left):
            found[left[matches(texts.take(pa.array(left)), pattern)]] = kind
    _look_closer(texts, found)
    return found


def _look_closer(texts: pa.Array, found: Kinds) -> None:
    """Numbers that a float32 cannot hold, and days that no calendar has."""
    numbers = np.flatnonzero(found == Kind.NUMBER)
    if len(numbers):
        size = np.abs(pc.cast(texts.take(pa.array(numbers)), pa.float64()).to_numpy())
        found[numbers[size > FLOAT32_MAX]] = Kind.OUTSIDE
        found[numbers[np.isinf(size)]] = Kind.INFINITE
    days = np.flatnonzero(found == Kind.DATE)
    if len(days):
        none = pc.is_null(dates(texts.take(pa.array(days))))
        found[days[flags(none)]] = Kind.TEXT
