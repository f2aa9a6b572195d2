"""A described file once more, its columns as they were found to be: block by block, in threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from models.errors import Fault, invalid
from services.columns import Column
from services.in_order import in_order
from services.reading.convert import typed
from services.reading.description import Description
from services.reading.faults import refusal
from services.reading.options import Limits
from services.reading.plain import PlainReader
from services.reading.rows import Rows
from services.reading.typed_copy import Piece, batch_of, pieces_of


def typed_batches(
    path: Path,
    description: Description,
    limits: Limits | None = None,
    copy: BinaryIO | None = None,
) -> Iterator[pa.RecordBatch]:
    """The described columns of the same file, typed, batch by batch in the file's order.

    integer gives int64, number float64, boolean bool, date timestamp[us], category string; a
    missing cell is null. They come from the open `copy` that was made when the file was described,
    where one is given. Raises Invalid if the file is no longer the one described, Damaged if the
    copy is not.
    """
    limits = limits or Limits()
    if copy is not None:
        return _from_copy(copy, description, limits)
    return _from_csv(path, description, limits)


def _from_copy(
    copy: BinaryIO, description: Description, limits: Limits
) -> Iterator[pa.RecordBatch]:
    columns, markers = description.columns, description.dialect.missing_values

    def values_of(piece: Piece) -> pa.RecordBatch:
        values, faults = typed(batch_of(piece), columns, markers, 0)
        if faults:
            raise refusal(faults, limits.max_faults)
        return _with_integers(values, columns)

    pieces = pieces_of(copy, description.rows)
    with closing(in_order(values_of, pieces, lambda piece: len(piece.content))) as batches:
        yield from batches


def _from_csv(path: Path, description: Description, limits: Limits) -> Iterator[pa.RecordBatch]:
    rows, done = Rows(path, description.dialect, limits), 0
    reader = _Reader(rows, description.columns)
    with closing(in_order(reader, rows.blocks(), len)) as blocks:
        for block in blocks:
            if block.texts is not None:
                rows.check_cells(block.texts, done)
            if block.values is None:
                raise refusal(reader.faults(block.texts, done), limits.max_faults)
            done += block.values.num_rows
            if block.values.num_rows:
                yield block.values


class _Block(NamedTuple):
    """The values, if all cells are fit; the texts, where each cell was looked at."""

    values: pa.RecordBatch | None
    texts: pa.RecordBatch | None = None


class _Reader:
    """Types the blocks of one file; several threads may do so at a time."""

    def __init__(self, rows: Rows, columns: Sequence[Column]) -> None:
        self._rows, self._columns = rows, columns
        self._plain = PlainReader(rows.dialect, columns, rows.limits)

    def __call__(self, block: bytes) -> _Block:
        plain = self._plain(block)
        if plain is not None:
            return _Block(_with_integers(plain.values, self._columns))
        texts = self._rows.read(block)
        values, faults = typed(texts, self._columns, self._rows.dialect.missing_values, 0)
        return _Block(None if faults else _with_integers(values, self._columns), texts)

    def faults(self, texts: pa.RecordBatch, first_row: int) -> list[Fault]:
        """What is wrong with the cells of a block before which there are `first_row` rows."""
        markers, most = self._rows.dialect.missing_values, self._rows.limits.max_faults
        return typed(texts, self._columns, markers, first_row, most)[1]


def _with_integers(batch: pa.RecordBatch, columns: Sequence[Column]) -> pa.RecordBatch:
    arrays = [
        _integers(array) if column.type == "integer" else array
        for array, column in zip(batch.columns, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _integers(values: pa.Array) -> pa.Array:
    try:
        return pc.cast(values, pa.int64())
    except pa.ArrowInvalid:
        message = "The file has changed: a column of integers holds other numbers now."
        raise invalid("wrong_type", message) from None
