"""One pass over a whole file: its columns, their types, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import pyarrow as pa

from models.errors import Fault, Invalid
from services.columns import NUMERIC, Column, Notice
from services.in_order import in_order
from services.reading.cells import Markers
from services.reading.description import Description, Dialect
from services.reading.faults import refusal, row_pointer, shown
from services.reading.grammar import Kind
from services.reading.levels import Levels
from services.reading.looks import NOTHING, Looked, Looker, Looks
from services.reading.notices import dropped, notices_of
from services.reading.options import Limits, Reading
from services.reading.resolve import resolve
from services.reading.rows import Rows
from services.reading.sample import empty
from services.reading.survey import survey
from services.reading.tally import Spot, Tally
from services.reading.typed_copy import Seen, TypedCopy
from services.reading.verdict import column_of, refused_cells

# The distinct values of all columns together; a wide table gets fewer for each column.
_ALL_LEVELS = 1_000_000
_FEWEST_LEVELS = 100
_ALL_LEVEL_BYTES = 256 * 2**20
_FEWEST_LEVEL_BYTES = 16 * 2**10

_BEHIND = 8 * 2**20  # bytes that are added up, and not in the copy yet

_CELL_CODES = {
    Kind.INFINITE: ("non_finite", "which is not finite"),
    Kind.OUTSIDE: ("number_out_of_range", "which is beyond ±3.4028235e38, the range of a float32"),
}


def describe(
    path: Path,
    reading: Reading,
    limits: Limits | None = None,
    progress: Callable[[float], None] | None = None,
    copy: TypedCopy | None = None,
) -> Description:
    """Read the whole file once, in bounded memory, and say what it holds.

    `progress` is called with the part read so far, 0 to 1; `copy` is given all rows. Raises
    Invalid with every fault found (up to `max_faults`) or Unsupported; docs/csv.md lists the codes.
    """
    limits = limits or Limits()
    dialect, notices = resolve(path, reading, limits)
    rows = Rows(path, dialect, limits, to_the_end=True, progress=progress)
    cap = level_cap(limits, len(dialect.names))
    tallies = _tallies(dialect, limits, cap)
    uneven = None
    try:
        _pass_over(_tallied(rows, tallies, cap), copy)
    except Invalid as error:
        # Where they fill the refusal, how far the reading came does not matter.
        if error.code != "ragged_row" or len(error.faults) >= limits.max_faults:
            raise
        uneven = error
    _refuse(path, dialect, limits, tallies, uneven)
    description = _description(dialect, tallies, notices)
    if copy is not None:
        copy.finish([column.name for column in description.columns if column.type in NUMERIC])
    return description


def text_rows(path: Path, reading: Reading, limits: Limits | None = None) -> Rows:
    """The data rows of a file, to be read as text in blocks; raises as `resolve` does."""
    limits = limits or Limits()
    dialect, _ = resolve(path, reading, limits)
    return Rows(path, dialect, limits)


def text_batches(
    path: Path, reading: Reading, limits: Limits | None = None
) -> tuple[Dialect, Iterator[pa.RecordBatch]]:
    """The dialect, and the columns as untrimmed text, batch by batch, as they stand in the file.

    Raises as `describe` does for the form of the file: here for the first block, and while the
    batches are read for the rest. The cells themselves are not judged.
    """
    rows = text_rows(path, reading, limits)
    batches = rows.batches()
    first = next(batches, None)
    if first is None:
        raise empty("The file has no data row.")
    return rows.dialect, chain([first], batches)


def level_cap(limits: Limits, columns: int) -> int:
    """The number of distinct values counted for one column of a table with so many columns."""
    return min(limits.levels, max(_FEWEST_LEVELS, _ALL_LEVELS // max(columns, 1)))


def _tallies(dialect: Dialect, limits: Limits, cap: int) -> list[Tally]:
    markers = Markers(dialect.missing_values)
    size = max(_FEWEST_LEVEL_BYTES, _ALL_LEVEL_BYTES // max(len(dialect.names), 1))
    return [Tally(markers, Levels(cap, size), limits.max_faults) for _ in dialect.names]


def _tallied(rows: Rows, tallies: list[Tally], cap: int) -> Iterator[Seen]:
    """The rows, batch by batch, and what was known of them beforehand, once they are added up."""
    looker, done = Looker(rows, tallies), 0
    for seen in _cut_at(rows.looked_at(looker), cap):
        batch, looked = looker.still(*seen)
        looks = looked.looks or looker.look(batch)
        _add(tallies, batch, done, looks)
        done += batch.num_rows
        if done == cap:
            _end_head(tallies)
            looker.heads_over = True
        yield batch, looks and _still_numbers(tallies, looks)


def _still_numbers(tallies: list[Tally], looks: Looks) -> Looks:
    """Without what was read as numbers beforehand in columns that hold others by now."""
    pairs = zip(tallies, looks, strict=True)
    return [look if tally.may_be_numeric else None for tally, look in pairs]


def _pass_over(tallied: Iterator[Seen], copy: TypedCopy | None) -> None:
    """Read to the end; where there is to be a copy, a thread of its own writes it."""
    if copy is None:
        for _ in tallied:
            pass
        return
    written = in_order(copy.add, tallied, lambda seen: int(seen[0].nbytes), _BEHIND, 1)
    with closing(written):
        for _ in written:
            pass


def _cut_at(
    batches: Iterable[tuple[pa.RecordBatch, Looked]], row: int
) -> Iterator[tuple[pa.RecordBatch, Looked]]:
    """The batches, the one that goes over `row` in two, of which nothing is known beforehand."""
    done = 0
    for batch, looked in batches:
        if done < row < done + batch.num_rows:
            yield batch.slice(0, row - done), NOTHING
            yield batch.slice(row - done), NOTHING
        else:
            yield batch, looked
        done += batch.num_rows


def _add(tallies: list[Tally], batch: pa.RecordBatch, row: int, looks: Looks | None) -> None:
    for at, (tally, texts) in enumerate(zip(tallies, batch.columns, strict=True)):
        tally.add(texts, row, looks[at] if looks else tally.look(texts))


def _end_head(tallies: list[Tally]) -> None:
    for tally in tallies:
        tally.levels.end_of_head()


def _refuse(
    path: Path, dialect: Dialect, limits: Limits, tallies: list[Tally], uneven: Invalid | None
) -> None:
    """Raise one refusal with the ragged rows and the unfit cells, if there are any."""
    unfit = [
        (spot, kind, name)
        for name, tally in zip(dialect.names, tallies, strict=True)
        for kind, spot in refused_cells(tally)
    ]
    unfit = sorted(unfit, key=lambda one: one[0].row)[: limits.max_faults]
    faults = list(uneven.faults) if uneven else []
    if unfit:
        places = survey(path, dialect, limits, {spot.row for spot, _, _ in unfit}).places
        faults += [_unfit(places[spot.row], kind, name, spot) for spot, kind, name in unfit]
    if faults:
        raise refusal(faults, limits.max_faults)


def _unfit(place: tuple[int, int], kind: Kind, name: str, spot: Spot) -> Fault:
    row, line = place
    code, why = _CELL_CODES[kind]
    message = f"Line {line}, column {shown(name)}: {shown(spot.text)}, {why}; a number is expected."
    return Fault(row_pointer(row, name), code, message)


def _description(dialect: Dialect, tallies: list[Tally], notices: list[Notice]) -> Description:
    rows = tallies[0].cells
    columns: list[Column] = []
    warnings = list(notices)
    for at, (name, tally) in enumerate(zip(dialect.names, tallies, strict=True)):
        if at in dialect.unnamed and not tally.values:
            warnings.append(dropped(at))
            continue
        columns.append(column_of(name, tally))
        warnings += notices_of(columns[-1], tally, named=at not in dialect.unnamed)
    if not rows or not columns:
        raise empty("The file has no data row." if not rows else "The file has no value at all.")
    return Description(rows, columns, dialect, warnings)
