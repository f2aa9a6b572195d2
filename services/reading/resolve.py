"""From what the client asked and what the file's beginning shows to a dialect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import Fault, Invalid, invalid
from services.columns import Notice
from services.reading.delimiter import detect, usual_width
from services.reading.description import Dialect
from services.reading.encoding import codec_of
from services.reading.faults import refusal
from services.reading.formats import refuse_other_formats
from services.reading.header import name_faults, suspicion, unique_names
from services.reading.options import Limits, Reading, chosen_delimiter, chosen_markers
from services.reading.pieces import too_long_a_line
from services.reading.records import records
from services.reading.sample import Sample, empty, is_enough, samples

Numbered = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class _Head:
    """A sample cut into records."""

    sample: Sample
    delimiter: str
    found: Numbered


def resolve(path: Path, reading: Reading, limits: Limits) -> tuple[Dialect, list[Notice]]:
    """How the file is to be read, and what is to be warned about already.

    Reads a bounded beginning of the file. Raises Unsupported compressed_upload and Invalid with
    the codes that docs/csv.md lists for the form, the header and the options.
    """
    codec = codec_of(reading.encoding)
    asked = chosen_delimiter(reading)
    refuse_other_formats(path, encoding_given=reading.encoding is not None)
    head = _head(path, codec, asked, limits)
    if reading.header is False:
        return _without_header(head, codec, reading)
    return _with_header(head, codec, reading, limits)


def _head(path: Path, codec: str, asked: str | None, limits: Limits) -> _Head:
    for sample in samples(path, codec, limits):
        delimiter = asked or detect(sample)
        _refuse_too_wide(sample.first_width(delimiter), limits)
        head = _Head(sample, delimiter, _found(sample, delimiter))
        if is_enough(sample, head.found):
            break
    if not head.found:
        raise _no_record(head, limits)
    return head


def _found(sample: Sample, delimiter: str) -> Numbered:
    try:
        return sample.records(delimiter)
    except Invalid:
        # A cell over the limit; a larger sample may show that its whole line is.
        if sample.whole:
            raise
        return []


def _refuse_too_wide(width: int, limits: Limits) -> None:
    if width > limits.max_columns:
        message = f"The first line has {width:,} columns or more; {limits.max_columns:,} may be."
        raise invalid("too_many_columns", message, "/columns")


def _no_record(head: _Head, limits: Limits) -> Invalid:
    if head.sample.whole:
        return empty("The file holds only blanks.")
    # The longest sample ends within the first record: a quote left open, or simply too long.
    try:
        for _ in records(head.sample.lines, head.delimiter, head.sample.lines_before):
            pass
    except Invalid as error:
        return error
    return too_long_a_line(limits.max_line_bytes)


def _without_header(head: _Head, codec: str, reading: Reading) -> tuple[Dialect, list[Notice]]:
    width = usual_width(head.found)
    rows = [cells for _, cells in head.found if len(cells) == width]
    ends_empty = width > 1 and all(not cells[-1].strip() for cells in rows)
    dialect = Dialect(
        delimiter=head.delimiter,
        encoding=codec.replace("_", "-"),
        header=False,
        missing_values=chosen_markers(reading),
        names=[f"c{at + 1}" for at in range(width)],
        unnamed=[width - 1] if ends_empty else [],
        data_start=head.sample.start,
        lines_before=head.sample.lines_before,
    )
    return dialect, []


def _with_header(
    head: _Head, codec: str, reading: Reading, limits: Limits
) -> tuple[Dialect, list[Notice]]:
    line, raw_names = head.found[0]
    rows = [cells for _, cells in head.found[1:]]
    _check_names(raw_names, rows if reading.header is None else None, limits)
    raw_names, padding = _fitted(raw_names, rows)
    data_start, lines_before = head.sample.end_of(line, head.delimiter)
    dialect = Dialect(
        delimiter=head.delimiter,
        encoding=codec.replace("_", "-"),
        header=True,
        missing_values=chosen_markers(reading),
        names=unique_names(raw_names),
        unnamed=[at for at, raw in enumerate(raw_names) if not raw.strip()],
        padding=padding,
        data_start=data_start,
        lines_before=lines_before,
    )
    return dialect, _empty_ends(len(head.found[0][1]), len(raw_names), padding)


def _check_names(
    raw_names: Sequence[str], rows: Iterable[Sequence[str]] | None, limits: Limits
) -> None:
    suspect = None
    if rows is not None:
        suspect = suspicion([raw.strip() for raw in raw_names], rows)
    faults: list[Fault] = [suspect] if suspect else name_faults(raw_names)
    if faults:
        raise refusal(faults, limits.max_faults)


def _fitted(raw_names: list[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], int]:
    """The names without the blank ones that only the header has, and the rows' padding."""
    width = usual_width([(0, list(cells)) for cells in rows])
    names = list(raw_names)
    while rows and len(names) > max(width, 1) and not names[-1].strip():
        names.pop()
    extra = width - len(names)
    padded = extra > 0 and all(
        len(cells) == width and not any(cell.strip() for cell in cells[len(names) :])
        for cells in rows
    )
    return names, extra if padded else 0


def _empty_ends(before: int, after: int, padding: int) -> list[Notice]:
    if before > after:
        message = f"The header ends in {before - after} empty name(s) without cells: left out."
    elif padding:
        message = f"Every row ends in {padding} empty cell(s) without a name: left out."
    else:
        return []
    return [Notice("empty_column_dropped", message)]
