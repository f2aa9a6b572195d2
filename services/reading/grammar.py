"""The grammars of a cell's text: what is a number, a boolean, a date, and what is not.

The patterns are written in the part of the language that Arrow's RE2 and Python's re share, for
both use them: Arrow on long arrays, Python on short ones, where Arrow's cost per call counts.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import IntEnum

from services.columns import FLOAT32_MAX

WHOLE_MAX = 2**53

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
INFINITE = r"^[+-]?(?i:inf|infinity|nan)$"
WORD = r"^(?i:true|false)$"
TRUE = r"^(?i:true|\+?0*1)$"
FALSE = r"^(?i:false|[+-]?0+)$"
DATE = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?)?Z?$"
)

# What people mean as numbers and no reader should guess at: 1,234 1.234,5 0x1F 1_000 5% and
# digits of other scripts. The separators are , . space ' and U+2019, U+00A0, U+202F.
_MONEY = "[$\u00a3\u00a5\u20ac\u20b9]"
NUMBER_LIKE = (
    f"^[+-]?{_MONEY}? ?("
    "[0-9]{1,3}([,. '\u2019\u00a0\u202f][0-9]{3})+([.,][0-9]+)?"
    r"|[0-9]+,[0-9]+|[0-9]+(\.[0-9]+)?|0[xX][0-9a-fA-F]+|[0-9]+(_[0-9]+)+(\.[0-9]+)?"
    "|\\p{Nd}+([.,\u066b]\\p{Nd}+)?"
    f") ?(%|{_MONEY})?$"
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


PATTERNS = [
    (Kind.NUMBER, NUMBER),
    (Kind.INFINITE, INFINITE),
    (Kind.WORD, WORD),
    (Kind.DATE, DATE),
    (Kind.NUMBER_LIKE, NUMBER_LIKE),
]

# Python's re has no \p; its \d is the same set of characters.
_COMPILED = [
    (kind, re.compile(pattern.removesuffix("$").replace(r"\p{Nd}", r"\d")))
    for kind, pattern in PATTERNS
]


def kind_of(text: str) -> Kind:
    """The Kind of one trimmed text, missing markers apart."""
    for kind, pattern in _COMPILED:
        if pattern.fullmatch(text):
            return _closer(kind, text)
    return Kind.TEXT


def _closer(kind: Kind, text: str) -> Kind:
    """The same, but for numbers that no float32 holds and days that no calendar has."""
    if kind == Kind.NUMBER:
        size = abs(float(text))
        if size > FLOAT32_MAX:
            return Kind.INFINITE if size == float("inf") else Kind.OUTSIDE
    if kind == Kind.DATE and moment(text.removesuffix("Z")) is None:
        return Kind.TEXT
    return kind


def moment(text: str | None) -> datetime | None:
    """The time that a text without Z, which matches DATE, stands for; None if there is none."""
    try:
        return datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        return None
