"""CSV out, safe to open in a spreadsheet, by whole columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.reading.grammar import NUMBER

# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = r"^[=+\-@\t\r]"
_SPECIAL = r'[",\r\n]'

_ROWS_AT_ONCE = 65_536

_TEXT = pa.large_string()


def csv_bytes(batches: Iterable[pa.RecordBatch], header: bool = True) -> Iterator[bytes]:
    """The batches as UTF-8 CSV with commas and LF, piece by piece, the header first.

    Text and names that begin with = + - @ TAB or CR get a leading ' unless they are plain
    numbers. null is an empty cell; floats are as short as they can be without loss; booleans
    are true and false; dates ISO 8601, without the time where it is midnight.
    """
    for batch in batches:
        if header:
            yield header_of(batch.schema.names)
            header = False
        for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
            yield bytes(text_of(lines(batch.slice(start, _ROWS_AT_ONCE).columns)))


def header_of(names: Sequence[str]) -> bytes:
    """The first line of a CSV, its end included."""
    safe = _quoted(_guarded(pa.array(names, pa.large_string())))
    return (",".join(safe.to_pylist()) + "\n").encode()


def lines(columns: Sequence[pa.Array]) -> pa.LargeStringArray:
    """The rows of some columns of one length as lines of CSV, each with its end."""
    cells = [pc.fill_null(_cells(column), "") for column in columns]
    if len(cells) == 1:
        # A line without any character would be no row at all.
        cells = [pc.if_else(pc.equal(cells[0], ""), '""', cells[0])]
    rows = pc.binary_join_element_wise(*cells, pa.scalar(",", _TEXT))
    return _around("", rows, "\n")


def side_by_side(left: pa.LargeStringArray, right: pa.LargeStringArray) -> pa.LargeStringArray:
    """The texts of two arrays of one length, each of the left with its right put behind it."""
    return pc.binary_join_element_wise(left, right, pa.scalar("", _TEXT))


def text_of(rows: pa.LargeStringArray) -> memoryview:
    """The texts of an array put together: in Arrow's memory they lie one behind the other."""
    _, offsets, data = rows.buffers()
    begin, end = np.frombuffer(offsets, np.int64)[[rows.offset, rows.offset + len(rows)]]
    return memoryview(data)[int(begin) : int(end)]


def stands(texts: pa.Array) -> bool:
    """Whether a column of text, free of quotes, commas and line ends, is written as it stands."""
    return not pc.any(_unsafe(texts)).as_py()


def _cells(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _cells(pc.cast(column, kind.value_type))
    if pa.types.is_timestamp(kind):
        return _moments(column)
    text = pc.cast(column, _TEXT)
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_nan(column), pa.scalar(None, text.type), text)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return _quoted(_guarded(text)) if is_text else text


def _guarded(texts: pa.Array) -> pa.Array:
    unsafe = _unsafe(texts)
    if not pc.any(unsafe).as_py():
        return texts
    return pc.if_else(unsafe, _around("'", texts, ""), texts)


def _unsafe(texts: pa.Array) -> pa.Array:
    """Which texts a spreadsheet would take for a formula."""
    risky = pc.match_substring_regex(texts, _FORMULA)
    if not pc.any(risky).as_py():
        return risky
    return pc.and_not(risky, pc.match_substring_regex(texts, NUMBER))


def _quoted(texts: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(texts, _SPECIAL)
    if not pc.any(special).as_py():
        return texts
    doubled = pc.replace_substring(texts, '"', '""')
    return pc.if_else(special, _around('"', doubled, '"'), texts)


def _around(before: str, texts: pa.Array, after: str) -> pa.Array:
    parts = (pa.scalar(before, _TEXT), texts, pa.scalar(after, _TEXT), pa.scalar("", _TEXT))
    return pc.binary_join_element_wise(*parts)


def _moments(column: pa.Array) -> pa.Array:
    text = pc.cast(pc.cast(column, pa.timestamp("us")), pa.large_string())
    text = pc.replace_substring_regex(text, r"( 00:00:00)?\.0+$", "")
    return pc.replace_substring(text, " ", "T")
