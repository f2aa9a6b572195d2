"""The bounded beginning of a file, by which its delimiter and its header are judged."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from models.errors import Invalid, invalid
from services.reading.options import Limits
from services.reading.records import is_blank, records
from services.reading.source import Source

_ENOUGH_RECORDS = 3
_GROWTH = 4


@dataclass(frozen=True)
class Sample:
    """The first bytes of a file as UTF-8; `whole` says that they are all of it."""

    data: bytes
    whole: bool

    @cached_property
    def lines(self) -> list[str]:
        """The physical lines with their ends; LF, CR and CRLF all count."""
        # What the cut leaves of a last character is dropped with the record that it is in.
        return list(io.StringIO(self.data.decode("utf-8", "ignore"), newline=""))

    def records(self, delimiter: str) -> list[tuple[int, list[str]]]:
        """The complete records that are not blank, with their lines; raises as `records` does."""
        found = list(self._records(delimiter))
        several = any(len(cells) > 1 for _, cells in found)
        while found and is_blank(found[0][1]):
            del found[0]
        return [one for one in found if not (several and is_blank(one[1]))]

    def _records(self, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        if self.whole:
            yield from records(self.lines, delimiter)
            return
        last: tuple[int, list[str]] | None = None
        try:
            for one in records(self.lines, delimiter):
                if last:
                    yield last
                last = one
        except Invalid as error:
            # A quote that is open at the cut may well be closed further on.
            if error.code != "unclosed_quote":
                raise

    def first_width(self, delimiter: str) -> int:
        """The number of cells that the first record has so far, complete or cut."""
        try:
            reader = csv.reader(self.lines, delimiter=delimiter)
            return next((len(cells) for cells in reader if cells and not is_blank(cells)), 0)
        except csv.Error:
            return 0

    def end_of(self, line: int, delimiter: str) -> tuple[int, int]:
        """Where the record that begins on `line` ends: bytes and lines up to there."""
        reader = csv.reader(self.lines[line - 1 :], delimiter=delimiter)
        next(reader)
        last = line - 1 + reader.line_num
        return len("".join(self.lines[:last]).encode()), last


def samples(path: Path, codec: str, limits: Limits) -> Iterator[Sample]:
    """Ever larger samples, until the whole file or the longest allowed line is in.

    Raises Invalid csv_empty where the file is blank, and whatever `Source` raises.
    """
    size = limits.sample_bytes
    while True:
        sample = _take(path, codec, limits, size)
        if sample.whole and not sample.data.strip():
            raise empty("The file is empty.")
        yield sample
        if sample.whole or size > limits.max_line_bytes:
            return
        size = min(size * _GROWTH, limits.max_line_bytes + 1)


def is_enough(sample: Sample, found: list[tuple[int, list[str]]]) -> bool:
    """Whether a sample shows a header and rows to judge by, or cannot show more."""
    return sample.whole or len(found) >= _ENOUGH_RECORDS


def _take(path: Path, codec: str, limits: Limits, size: int) -> Sample:
    with Source(path, codec, limits, verify=True) as source:
        data = source.read(size)
        return Sample(data, whole=not source.read(1))


def empty(detail: str) -> Invalid:
    """The refusal of a file without a single data row."""
    return invalid("csv_empty", detail)
