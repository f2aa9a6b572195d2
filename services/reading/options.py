"""What a client may ask for, and the bounds within which a file is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from models.errors import invalid

DELIMITERS = (",", ";", "\t", "|")

MISSING_VALUES = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A")

# A TAB is hard to type into a query, so it may be written in letters.
_SPELT_DELIMITERS = {"\\t": "\t", "tab": "\t"}


@dataclass(frozen=True)
class Reading:
    """How the client wants a file read; None means that the service finds out.

    `missing_values` replaces the default markers; a blank cell is missing in any case.
    """

    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    missing_values: tuple[str, ...] | None = None

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        record = asdict(self)
        if self.missing_values is not None:
            record["missing_values"] = list(self.missing_values)
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Reading:
        """The reading that `as_record` wrote down."""
        markers = record.get("missing_values")
        return cls(
            delimiter=record.get("delimiter"),
            encoding=record.get("encoding"),
            header=record.get("header"),
            missing_values=None if markers is None else tuple(markers),
        )


@dataclass(frozen=True)
class Limits:
    """The bounds of one reading; `*_bytes` count bytes of UTF-8, `max_cell_chars` characters.

    `levels` is the number of distinct values up to which a column's values are counted one by
    one. `block_bytes` and `sample_bytes` change speed and memory, never the outcome, save that
    the delimiter and the header are judged by the sample.
    """

    max_columns: int = 10_000
    max_line_bytes: int = 8 * 2**20
    max_cell_chars: int = 131_072
    max_faults: int = 20
    levels: int = 10_000
    block_bytes: int = 2**21
    sample_bytes: int = 2**16


def chosen_delimiter(reading: Reading) -> str | None:
    """The delimiter asked for, as one ASCII character, or None; raises Invalid bad_delimiter."""
    asked = reading.delimiter
    if asked is None:
        return None
    character = _SPELT_DELIMITERS.get(asked, asked)
    if character not in DELIMITERS and not _can_delimit(character):
        raise invalid(
            "bad_delimiter",
            f"The delimiter is {asked[:20]!r}; it must be one printable ASCII character that is "
            "no letter, digit or quote, such as , ; | or a TAB.",
            "/delimiter",
        )
    return character


def _can_delimit(character: str) -> bool:
    one = len(character) == 1 and character.isascii() and character.isprintable()
    return one and not character.isalnum() and character != '"'


def chosen_markers(reading: Reading) -> tuple[str, ...]:
    """The missing markers that hold for this reading, trimmed, the blank first."""
    asked = MISSING_VALUES if reading.missing_values is None else reading.missing_values
    return tuple(dict.fromkeys(["", *(marker.strip() for marker in asked)]))
