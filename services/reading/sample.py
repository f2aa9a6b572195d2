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
from services.reading.pieces import LineEnds
from services.reading.records import is_blank, records
from services.reading.source import Source

_ENOUGH_RECORDS = 3
_ENOUGH_BYTES = 2**20
_GROWTH = 4
_BLANKS = b" \t\r\n"


@dataclass(frozen=True)
class Sample:
    """The first bytes of a file as UTF-8, blank lines before the first other one left out.

    `whole` says that they are all there is; `start` and `lines_before` count the bytes and lines
    left out.
    """

    data: bytes
    whole: bool
    start: int = 0
    lines_before: int = 0

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
        # The last line may be cut, and a quote that is open there may be closed further on.
        lines = self.lines if self.whole else self.lines[:-1]
        try:
            yield from records(lines, delimiter, self.lines_before)
        except Invalid as error:
            if self.whole or error.code != "unclosed_quote":
                raise

    def first_width(self, delimiter: str) -> int:
        """The number of cells that the first record has so far, complete or cut."""
        try:
            reader = csv.reader(self.lines, delimiter=delimiter)
            return next((len(cells) for cells in reader if cells and not is_blank(cells)), 0)
        except csv.Error:
            return 0

    def end_of(self, line: int, delimiter: str) -> tuple[int, int]:
        """Where in the file the record that begins on `line` ends: bytes, lines up to there."""
        first = line - 1 - self.lines_before
        reader = csv.reader(self.lines[first:], delimiter=delimiter)
        next(reader)
        last = first + reader.line_num
        size = len("".join(self.lines[:last]).encode())
        return self.start + size, self.lines_before + last


def samples(path: Path, codec: str, limits: Limits) -> Iterator[Sample]:
    """Ever larger samples, until the whole file or the longest allowed line is in.

    Raises Invalid csv_empty where the file is blank, and whatever `Source` raises.
    """
    size = limits.sample_bytes
    start, lines_before = _blank_start(path, codec, limits)
    while True:
        sample = _take(path, codec, limits, size, start, lines_before)
        yield sample
        if sample.whole or size > limits.max_line_bytes:
            return
        size = min(size * _GROWTH, limits.max_line_bytes + 1)


def is_enough(sample: Sample, found: list[tuple[int, list[str]]]) -> bool:
    """Whether a sample shows a header and rows to judge by, or is large enough to show none."""
    large = bool(found) and len(sample.data) >= _ENOUGH_BYTES
    return sample.whole or len(found) >= _ENOUGH_RECORDS or large


def _blank_start(path: Path, codec: str, limits: Limits) -> tuple[int, int]:
    """The bytes and the lines of blanks at the start; raises Invalid csv_empty if that is all."""
    start, ends, line = 0, LineEnds(), b""
    with Source(path, codec, limits) as source:
        while piece := source.read(limits.sample_bytes):
            line += piece[: len(piece) - len(piece.lstrip(_BLANKS))]
            blank = line[: max(line.rfind(b"\n"), line.rfind(b"\r")) + 1]
            line = line[len(blank) :]
            start += len(blank)
            ends.add(blank)
            if piece.strip(_BLANKS):
                return start, ends.count
    raise empty("The file holds nothing, or nothing but blanks.")


def _take(
    path: Path, codec: str, limits: Limits, size: int, start: int, lines_before: int
) -> Sample:
    with Source(path, codec, limits, skip=start) as source:
        data = source.read(size)
        return Sample(data, not source.read(1), start, lines_before)


def empty(detail: str) -> Invalid:
    """The refusal of a file without a single data row."""
    return invalid("csv_empty", detail)
