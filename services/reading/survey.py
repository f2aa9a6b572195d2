"""A second, slower look at a file with faults in it, to say on which lines they are."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import Fault
from services.reading.description import Dialect
from services.reading.faults import row_pointer, shown
from services.reading.options import Limits
from services.reading.records import is_blank, records
from services.reading.source import Source

_BUFFER = 2**18


@dataclass
class Survey:
    """`ragged`: the faults of rows that are too long or too short, as far as asked for.

    `places`: for each row asked for, counted without the ragged ones, its number among all data
    rows (from 0) and the physical line (from 1) on which it begins.
    """

    ragged: list[Fault] = field(default_factory=list)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)


def survey(
    path: Path, dialect: Dialect, limits: Limits, wanted: Collection[int] = (), ragged: int = 0
) -> Survey:
    """Find the lines of the rows `wanted` and the first `ragged` ragged rows, and stop there.

    Raises Invalid as `records` and `Source` do: an unclosed quote, a bad byte, a long line.
    """
    result, even = Survey(), 0
    last = max(wanted, default=-1)
    for row, (line, cells) in enumerate(data_records(path, dialect, limits)):
        if not _fits(cells, dialect):
            result.ragged.append(_ragged(row, line, cells, dialect))
        else:
            if even in wanted:
                result.places[even] = (row, line)
            even += 1
        if even > last and len(result.ragged) >= ragged:
            break
    result.ragged = result.ragged[:ragged]
    return result


def data_records(path: Path, dialect: Dialect, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    """Every data record with its line, ragged ones too; only lines of blanks are left out."""
    width = len(dialect.names) + dialect.padding
    source = Source(path, dialect.codec, limits, skip=dialect.data_start)
    with source, io.TextIOWrapper(io.BufferedReader(source, _BUFFER), "utf-8", newline="") as lines:
        for line, cells in records(lines, dialect.delimiter, dialect.lines_before):
            if width == 1 or not is_blank(cells):
                yield line, cells


def _fits(cells: list[str], dialect: Dialect) -> bool:
    names = len(dialect.names)
    if len(cells) != names + dialect.padding:
        return False
    return not dialect.padding or not any(cell.strip() for cell in cells[names:])


def _ragged(row: int, line: int, cells: list[str], dialect: Dialect) -> Fault:
    expected, got = len(dialect.names), len(cells)
    # A row without the delimiter that ends the others has as many cells as there are names.
    wanted = expected if got != expected else expected + dialect.padding
    what = f"Line {line} has {got} cells where {wanted} are expected"
    if got > expected:
        what += f"; the first one too many is {shown(cells[expected])}"
    elif got < expected:
        what += f"; there is none for {shown(dialect.names[got])}"
    else:
        what += "; the rows before it end in a delimiter"
    return Fault(row_pointer(row), "ragged_row", what + ".")
