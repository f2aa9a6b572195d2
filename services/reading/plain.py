"""Blocks in which every record may be copied as it stands: the fast way through a CSV to be scored.

What this way does not know with certainty it leaves to the ways of `rows` and `writer`, which judge
cell by cell; where it answers, it answers as they do, to the byte. So a block may be read in
either way, and nobody can tell in which.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from services.columns import NUMERIC, Column
from services.reading.cells import Markers, read_at_once
from services.reading.convert import fit, typed
from services.reading.description import Dialect
from services.reading.options import Limits
from services.reading.writer import stands

_LINE_END = 10  # LF
_COMMA = b","
# A quoted cell may hold anything; a TAB, or a blank behind a number, is what Arrow cuts off in
# silence: a cell that begins so, or with a sign, may be a formula, which the writer judges.
_DOUBTFUL = (b'"', b"\t")
_BLANK_ENDS = (b" ,", b" \n")


@dataclass(frozen=True)
class PlainRows:
    """The rows of a block: `values` the columns wanted, typed; the text, and where lines end."""

    values: pa.RecordBatch
    text: bytes
    ends: npt.NDArray[np.int64]

    @property
    def lines(self) -> pa.LargeStringArray:
        """The records, each with a comma behind it, as an array whose texts lie end to end."""
        offsets = pa.py_buffer(np.concatenate([[0], self.ends]).astype(np.int64))
        data = pa.py_buffer(self.text.replace(b"\n", _COMMA))
        return pa.LargeStringArray.from_buffers(len(self.ends), offsets, data)


class PlainReader:
    """Reads blocks of a file in a dialect; several threads may do so at a time."""

    def __init__(self, dialect: Dialect, wanted: Collection[Column], limits: Limits) -> None:
        self._dialect, self._wanted, self._limits = dialect, wanted, limits
        self._markers = Markers(dialect.missing_values)
        numbers = {column.name for column in wanted if column.type in NUMERIC}
        self._numbers = set() if self._markers.hide_in_numbers else numbers
        self._conversion = read_at_once(dialect.names, self._numbers, dialect.missing_values)

    def __call__(self, block: bytes) -> PlainRows | None:
        """The rows of a block of whole records, or None where they are not plain."""
        text = self._with_commas(block)
        if text is None:
            return None
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == _LINE_END) + 1
        rows = self._parsed(text)
        if rows is None or rows.num_rows != len(ends) or not self._may_stand(rows):
            return None
        if np.diff(ends, prepend=0).max() > self._limits.max_cell_chars and self._is_long(text):
            return None
        values, faults = typed(rows, list(self._wanted), self._dialect.missing_values, 0)
        return None if faults else PlainRows(values, text, ends)

    def _with_commas(self, block: bytes) -> bytes | None:
        """The text with a comma between cells and LF behind each line, if that says the same."""
        delimiter = self._dialect.delimiter.encode()
        if self._dialect.padding or block.startswith(codecs.BOM_UTF8):
            return None
        if delimiter != _COMMA and _COMMA in block:
            return None
        text = block
        if b"\r" in text:  # to look for one byte is many times faster than for two
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if delimiter != _COMMA:
            text = text.replace(delimiter, _COMMA)
        if not text.endswith(b"\n"):
            text += b"\n"
        if any(mark in text for mark in _DOUBTFUL):
            return None
        return None if b" " in text and any(end in text for end in _BLANK_ENDS) else text

    def _parsed(self, text: bytes) -> pa.RecordBatch | None:
        """The cells, the numbers among them read; None where a cell or a row does not fit."""
        names = self._dialect.names
        read = pyarrow.csv.ReadOptions(
            use_threads=False, block_size=len(text) + 1, column_names=names
        )
        try:
            table = pyarrow.csv.read_csv(pa.py_buffer(text), read, convert_options=self._conversion)
        except pa.ArrowInvalid:
            return None
        batches = table.to_batches()
        return batches[0] if len(batches) == 1 else None

    def _may_stand(self, rows: pa.RecordBatch) -> bool:
        """Whether all numbers are in bounds, and no other cell is to be disarmed."""
        columns = zip(rows.schema.names, rows.columns, strict=True)
        return all(fit(c) if name in self._numbers else stands(c) for name, c in columns)

    def _is_long(self, text: bytes) -> bool:
        """Whether a cell may be over the limit, by its bytes; for lines that are longer than it."""
        data = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero((data == _COMMA[0]) | (data == _LINE_END))
        return bool(np.diff(ends, prepend=-1).max() - 1 > self._limits.max_cell_chars)
