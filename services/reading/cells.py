"""What a cell's text is: the grammars of numbers, booleans and dates, over whole arrays.

Every function takes an array of strings without nulls unless it says otherwise.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Flags = npt.NDArray[np.bool_]

# The largest magnitude that still rounds to a float32, and that up to which a float64 has no gap.
FLOAT32_MAX = float(np.nextafter(2.0**128 - 2.0**103, 0.0))
WHOLE_MAX = 2**53

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
WHOLE = r"^[+-]?[0-9]+$"
INFINITE = r"^[+-]?(?i:inf|infinity|nan)$"
WORD = r"^(?i:true|false)$"
TRUE = r"^(?i:true|\+?0*1)$"
FALSE = r"^(?i:false|[+-]?0+)$"
DATE = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?)?Z?$"
)
# What people mean as numbers and no reader should guess at: 1,234 1.234,5 0x1F 1_000 ٣ 5% €5
NUMBER_LIKE = (
    r"^[+-]?\p{Sc}?\s?("
    r"[0-9]{1,3}([,. '’\x{a0}\x{202f}][0-9]{3})+([.,][0-9]+)?|[0-9]+,[0-9]+|[0-9]+(\.[0-9]+)?"
    r"|0[xX][0-9a-fA-F]+|[0-9]+(_[0-9]+)+(\.[0-9]+)?|[\p{Nd}]+([.,٫][\p{Nd}]+)?"
    r")\s?(%|\p{Sc})?$"
)


class Kind(IntEnum):
    """What the text of one cell is, by itself."""

    TEXT = 0
    MISSING = 1
    NUMBER = 2
    INFINITE = 3
    OUTSIDE = 4
    WORD = 5
    DATE = 6
    NUMBER_LIKE = 7


def matches(texts: pa.Array, pattern: str) -> Flags:
    """Which texts the pattern matches; a null does not."""
    return flags(pc.match_substring_regex(texts, pattern))


def flags(array: pa.Array) -> Flags:
    """A boolean array as numpy's, null as False."""
    found: Flags = np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False))
    return found


def blanked(texts: pa.Array, markers: pa.Array) -> pa.Array:
    """The texts trimmed, and null where they are markers of a missing value."""
    trimmed = pc.utf8_trim_whitespace(texts)
    missing = pc.is_in(trimmed, markers)
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
    """All texts as int64, or None where one is not whole or is beyond ±2^53."""
    try:
        values = pc.cast(texts, pa.int64())
    except pa.ArrowInvalid:
        if not pc.all(pc.match_substring_regex(texts, WHOLE)).as_py():
            return None
        return wholes_or_none(pc.utf8_ltrim(texts, characters="+"))
    ends = pc.min_max(values).as_py()
    low, high = ends["min"] or 0, ends["max"] or 0
    return values if low >= -WHOLE_MAX and high <= WHOLE_MAX else None


def wholes_or_none(texts: pa.Array) -> pa.Array | None:
    """As `wholes`, for texts of digits alone, which fail only by their size."""
    try:
        values = pc.cast(texts, pa.int64())
    except pa.ArrowInvalid:
        return None
    inside = pc.less_equal(pc.abs(values), WHOLE_MAX)
    return values if pc.all(inside).as_py() is not False else None


def dates(texts: pa.Array) -> pa.Array:
    """Texts that match DATE as timestamps of microseconds; null where there is no such day.

    A trailing Z is left out: all times are taken to be in one zone.
    """
    plain = pc.utf8_rtrim(texts, characters="Z")
    try:
        return pc.cast(plain, pa.timestamp("us"))
    except pa.ArrowInvalid:
        return pa.array([_moment(text) for text in plain.to_pylist()], pa.timestamp("us"))


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        return None


def kinds(texts: pa.Array, markers: pa.Array) -> npt.NDArray[np.int8]:
    """The Kind of each trimmed text."""
    found = np.full(len(texts), Kind.TEXT, dtype=np.int8)
    found[flags(pc.is_in(texts, markers))] = Kind.MISSING
    for kind, pattern in _PATTERNS:
        left = np.flatnonzero(found == Kind.TEXT)
        if len(left):
            found[left[matches(texts.take(pa.array(left)), pattern)]] = kind
    _look_closer(texts, found)
    return found


_PATTERNS = [
    (Kind.NUMBER, NUMBER),
    (Kind.INFINITE, INFINITE),
    (Kind.WORD, WORD),
    (Kind.DATE, DATE),
    (Kind.NUMBER_LIKE, NUMBER_LIKE),
]


def _look_closer(texts: pa.Array, found: npt.NDArray[np.int8]) -> None:
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
