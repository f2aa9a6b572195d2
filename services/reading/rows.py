"""The data rows of a file as batches of text, through Arrow's streaming reader."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from models.errors import Invalid, invalid
from services.reading.description import Dialect
from services.reading.faults import refusal, row_pointer
from services.reading.options import Limits
from services.reading.pieces import too_long_a_line
from services.reading.records import too_long_a_cell
from services.reading.source import Source
from services.reading.survey import survey


class _Straddles(Exception):  # noqa: N818 - a signal, not an error
    """A record does not fit a block."""


class Rows:
    """One pass over the data rows, as record batches of strings named as in the dialect.

    The cells come as they stand, untrimmed; empty batches are left out. With `to_the_end` the
    pass goes on past ragged rows, up to `max_faults` of them, so that a caller can look for
    other faults too; the ragged ones are reported at the end. Otherwise it stops at the first.
    """

    def __init__(
        self,
        path: Path,
        dialect: Dialect,
        limits: Limits,
        *,
        to_the_end: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self._path = path
        self._dialect = dialect
        self._limits = limits
        self._to_the_end = to_the_end
        self._progress = progress
        self._width = len(dialect.names) + dialect.padding
        self._ragged = 0
        # A last row that is ragged on purpose. Where Arrow does not hand it back as such, a
        # quote is still open and has swallowed it. Nobody can foresee it and end a file so.
        self._seal = secrets.token_hex(8) + dialect.delimiter * self._width
        self._sealed = False

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The batches; raises Invalid for whatever is wrong with the rows.

        A record longer than a block is met by beginning again with the longest block that the
        limits allow; what has been given out already is not given out twice.
        """
        given = 0
        for block in sorted({self._limits.block_bytes, self._block_limit()}):
            with suppress(_Straddles):
                for batch in _without_first(self._pass(block), given):
                    given += batch.num_rows
                    yield batch
                return
        explained = self._explained()
        unknown = explained.code == "csv_malformed"
        raise too_long_a_line(self._limits.max_line_bytes) if unknown else explained

    def _block_limit(self) -> int:
        return max(self._limits.block_bytes, self._limits.max_line_bytes)

    def _pass(self, block: int) -> Iterator[pa.RecordBatch]:
        self._ragged, self._sealed, done = 0, False, 0
        with self._source() as source, self._reader(source, block) as reader:
            while (batch := self._next(reader)) is not None:
                source.release()
                self._report(source.fraction)
                whole = self._named(batch)
                self._check_cells(whole, done)
                done += whole.num_rows
                if whole.num_rows:
                    yield whole
        if self._ragged or not self._sealed:
            raise self._explained()

    def _source(self) -> Source:
        seal = f"\n{self._seal}\n".encode()
        start = self._dialect.data_start
        source = Source(self._path, self._dialect.codec, self._limits, skip=start, seal=seal)
        source.hold_back()
        return source

    def _reader(self, source: Source, block: int) -> pyarrow.csv.CSVStreamingReader:
        names = [str(at) for at in range(self._width)]
        with self._translated():
            return pyarrow.csv.open_csv(
                source,
                pyarrow.csv.ReadOptions(use_threads=False, block_size=block, column_names=names),
                pyarrow.csv.ParseOptions(
                    delimiter=self._dialect.delimiter,
                    newlines_in_values=True,
                    invalid_row_handler=self._on_uneven,
                ),
                pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )

    def _on_uneven(self, row: pyarrow.csv.InvalidRow) -> str:
        if row.text == self._seal:
            self._sealed = True
            return "skip"
        if row.actual_columns == 1 and not row.text.strip(" \t"):
            return "skip"
        self._ragged += 1
        return "skip" if self._to_the_end and self._ragged < self._limits.max_faults else "error"

    def _next(self, reader: pyarrow.csv.CSVStreamingReader) -> pa.RecordBatch | None:
        with self._translated():
            try:
                return reader.read_next_batch()
            except StopIteration:
                return None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Arrow's complaints in our words: it knows neither lines nor the codes."""
        try:
            yield
        except pa.ArrowInvalid as error:
            if "straddl" in str(error):
                raise _Straddles from None
            raise self._explained() from None

    def _named(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        names = self._dialect.names
        for column in batch.columns[len(names) :]:
            if pc.any(pc.not_equal(pc.utf8_trim_whitespace(column), "")).as_py():
                raise self._explained()
        return pa.RecordBatch.from_arrays(batch.columns[: len(names)], names=names)

    def _check_cells(self, batch: pa.RecordBatch, done: int) -> None:
        limit = self._limits.max_cell_chars
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            # Bytes are never fewer than characters, so that nearly every column is let go here.
            if column.nbytes <= limit or pc.max(pc.binary_length(column)).as_py() <= limit:
                continue
            long = np.flatnonzero(pc.utf8_length(column).to_numpy() > limit)
            if len(long):
                raise self._too_long(done + int(long[0]), name)

    def _too_long(self, row: int, name: str) -> Invalid:
        found = survey(self._path, self._dialect, self._limits, {row})
        at, line = found.places[row]
        pointer = row_pointer(at, name)
        return too_long_a_cell(line, self._limits.max_cell_chars, pointer)

    def _report(self, fraction: float) -> None:
        if self._progress is not None:
            self._progress(fraction)

    def _explained(self) -> Invalid:
        """The refusal that a second look gives; raises itself what `survey` raises."""
        most = self._limits.max_faults
        found = survey(self._path, self._dialect, self._limits, ragged=most)
        if found.ragged:
            return refusal(found.ragged, most)
        return invalid("csv_malformed", "The file does not read as CSV with these options.")


def _without_first(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        left_out = min(rows, batch.num_rows)
        rows -= left_out
        if left_out < batch.num_rows:
            yield batch.slice(left_out)
