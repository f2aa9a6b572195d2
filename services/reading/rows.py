"""The data rows of a file as batches of text, block by block through Arrow's CSV parser."""

from __future__ import annotations

import codecs
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from models.errors import Invalid, invalid
from services.in_order import in_order
from services.reading.blocks import block_size, whole_records
from services.reading.cells import read_at_once
from services.reading.description import Dialect
from services.reading.faults import refusal, row_pointer
from services.reading.options import Limits
from services.reading.records import is_blank_line, too_long_a_cell
from services.reading.source import Source
from services.reading.survey import survey

# What Arrow and the blocks say in general, a second look says with lines and values.
_EXPLAINED = {"unclosed_quote", "line_too_long"}

Look = TypeVar("Look")
UnevenHandler = Callable[[pyarrow.csv.InvalidRow], str]


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
        self.dialect = dialect
        self.limits = limits
        self._to_the_end = to_the_end
        self._progress = progress
        self._width = len(dialect.names) + dialect.padding
        self._ragged, self._counting = 0, threading.Lock()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The batches; raises Invalid for whatever is wrong with the rows."""
        return (batch for batch, _ in self.looked_at(lambda block: (self.read(block), None)))

    def looked_at(
        self, look: Callable[[bytes], tuple[pa.RecordBatch, Look]]
    ) -> Iterator[tuple[pa.RecordBatch, Look]]:
        """As `batches`; `look` reads each block, in one of a few threads, and says more of it."""
        done = 0
        with closing(in_order(look, self.blocks(), len)) as batches:
            for batch, found in batches:
                self.check_cells(batch, done)
                done += batch.num_rows
                if batch.num_rows:
                    yield batch, found
        if self._ragged:
            raise self._refusal()

    def blocks(self) -> Iterator[bytes]:
        """The data rows as UTF-8, in blocks of whole records, each to be given to `read`.

        Raises Invalid for whatever is wrong with the text of the file.
        """
        dialect, limits = self.dialect, self.limits
        source = Source(self._path, dialect.codec, limits, skip=dialect.data_start)
        size = block_size(limits, self._width)
        with source, self._explaining():
            for block in whole_records(source, dialect.delimiter, limits, size):
                yield block
                self._report(source.fraction)

    def read(self, block: bytes) -> pa.RecordBatch:
        """The rows of one block, maybe none; several threads may read blocks at a time.

        Raises Invalid for rows that are ragged or that do not parse, wherever in the file.
        """
        with self._explaining():
            return self._named(self._parsed(block, self._syntax, self._conversion))

    def read_numbers(self, block: bytes, numbers: Collection[int]) -> pa.RecordBatch | None:
        """As `read`, the columns `numbers` as float64, null where a cell is missing.

        None where a cell there is neither, where rows are ragged, or a line may hold a long cell.
        """
        if self.dialect.padding or self._has_long_line(block):
            return None
        places = {self._places[at] for at in numbers}
        conversion = read_at_once(self._places, places, self.dialect.missing_values)
        try:
            return self._named(self._parsed(block, self._strict_syntax, conversion))
        except pa.ArrowInvalid:
            return None

    def _has_long_line(self, block: bytes) -> bool:
        """Whether a line may be longer than a cell may be; none that is gets by."""
        step = self.limits.max_cell_chars // 2
        starts = range(0, len(block) - step, step)
        return any(block.find(b"\n", at, at + step) < 0 for at in starts)

    def _parsed(
        self,
        block: bytes,
        syntax: pyarrow.csv.ParseOptions,
        conversion: pyarrow.csv.ConvertOptions,
    ) -> pa.Table:
        if not block.lstrip(b"\r\n"):
            return self._schema.empty_table()  # Arrow refuses to read nothing
        if block.startswith(codecs.BOM_UTF8):
            block = b"\n" + block  # else Arrow takes a character of the first cell for a mark
        read = pyarrow.csv.ReadOptions(
            use_threads=False, block_size=len(block) + 1, column_names=self._places
        )
        return pyarrow.csv.read_csv(pa.py_buffer(block), read, syntax, conversion)

    @cached_property
    def _places(self) -> list[str]:
        return [str(at) for at in range(self._width)]

    @cached_property
    def _schema(self) -> pa.Schema:
        return pa.schema([(place, pa.string()) for place in self._places])

    @cached_property
    def _syntax(self) -> pyarrow.csv.ParseOptions:
        return self._syntax_with(self._on_uneven)

    @cached_property
    def _strict_syntax(self) -> pyarrow.csv.ParseOptions:
        return self._syntax_with(lambda row: "skip" if _is_blank(row) else "error")

    def _syntax_with(self, handler: UnevenHandler) -> pyarrow.csv.ParseOptions:
        return pyarrow.csv.ParseOptions(
            delimiter=self.dialect.delimiter, newlines_in_values=True, invalid_row_handler=handler
        )

    @cached_property
    def _conversion(self) -> pyarrow.csv.ConvertOptions:
        return pyarrow.csv.ConvertOptions(
            check_utf8=False,  # it was made such
            column_types=self._schema,
            strings_can_be_null=False,
        )

    def _on_uneven(self, row: pyarrow.csv.InvalidRow) -> str:
        if _is_blank(row):
            return "skip"
        with self._counting:
            self._ragged += 1
            goes_on = self._to_the_end and self._ragged < self.limits.max_faults
        return "skip" if goes_on else "error"

    def _named(self, table: pa.Table) -> pa.RecordBatch:
        names = self.dialect.names
        columns = [column.chunk(0) if column.num_chunks else _NO_TEXT for column in table.columns]
        for column in columns[len(names) :]:
            if pc.any(pc.not_equal(pc.utf8_trim_whitespace(column), "")).as_py():
                raise self._refusal()
        return pa.RecordBatch.from_arrays(columns[: len(names)], names=names)

    def check_cells(self, batch: pa.RecordBatch, done: int) -> None:
        """Raise Invalid for a cell over the limit; `done` rows are before the batch."""
        limit = self.limits.max_cell_chars
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if not pa.types.is_string(column.type):  # read as numbers, which none is too long for
                continue
            # Bytes are never fewer than characters, so that nearly every column is let go here.
            ends = np.frombuffer(column.buffers()[1], np.int32)[column.offset :][: len(column) + 1]
            if ends[-1] - ends[0] <= limit or np.diff(ends).max() <= limit:
                continue
            long = np.flatnonzero(pc.utf8_length(column).to_numpy() > limit)
            if len(long):
                raise self._too_long(done + int(long[0]), name)

    def _too_long(self, row: int, name: str) -> Invalid:
        found = survey(self._path, self.dialect, self.limits, {row})
        at, line = found.places[row]
        return too_long_a_cell(line, self.limits.max_cell_chars, row_pointer(at, name))

    def _report(self, fraction: float) -> None:
        if self._progress is not None:
            self._progress(fraction)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Turn general complaints into those of a second look, which knows lines and values."""
        try:
            yield
        except pa.ArrowInvalid:
            raise self._refusal() from None
        except Invalid as error:
            if error.code not in _EXPLAINED:
                raise
            raise self._refusal(error) from None

    def _refusal(self, otherwise: Invalid | None = None) -> Invalid:
        """What a second look finds; it may raise Invalid itself, for a quote or a byte."""
        most = self.limits.max_faults
        found = survey(self._path, self.dialect, self.limits, ragged=most)
        if found.ragged:
            return refusal(found.ragged, most)
        return otherwise or invalid("csv_malformed", "The file does not read as a CSV.")


def _is_blank(row: pyarrow.csv.InvalidRow) -> bool:
    return row.actual_columns == 1 and is_blank_line(row.text)


_NO_TEXT = pa.array([], pa.string())
