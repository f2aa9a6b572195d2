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


def csv_bytes(batches: Iterable[pa.RecordBatch], header: bool = True) -> Iterator[bytes]:
    """The batches as UTF-8 CSV with commas and LF, piece by piece, the header first.

    Text and names that begin with = + - @ TAB or CR get a leading ' unless they are plain
    numbers. null is an empty cell; floats are as short as they can be without loss; booleans
    are true and false; dates ISO 8601, without the time where it is midnight.
    """
    for batch in batches:
        if header:
            yield _header(batch.schema.names)
            header = False
        for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
            yield _lines(batch.slice(start, _ROWS_AT_ONCE).columns)


def _header(names: Sequence[str]) -> bytes:
    safe = _quoted(_guarded(pa.array(names, pa.large_string())))
    return (",".join(safe.to_pylist()) + "\n").encode()


def _lines(columns: Sequence[pa.Array]) -> bytes:
    cells = [pc.fill_null(_cells(column), "") for column in columns]
    if len(cells) == 1:
        # A line without any character would be no row at all.
        cells = [pc.if_else(pc.equal(cells[0], ""), '""', cells[0])]
    rows = pc.binary_join_element_wise(*cells, pa.scalar(",", pa.large_string()))
    return _text(_around("", rows, "\n"))


def _text(lines: pa.Array) -> bytes:
    """The texts of an array put together: in Arrow's memory they lie one behind the other."""
    _, offsets, data = lines.buffers()
    end = int(np.frombuffer(offsets, np.int64)[len(lines)])
    return bytes(data)[:end]


def _cells(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _cells(pc.cast(column, kind.value_type))
    if pa.types.is_timestamp(kind):
        return _moments(column)
    text = pc.cast(column, pa.large_string())
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_nan(column), pa.scalar(None, text.type), text)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return _quoted(_guarded(text)) if is_text else text


def _guarded(texts: pa.Array) -> pa.Array:
    risky = pc.match_substring_regex(texts, _FORMULA)
    if not pc.any(risky).as_py():
        return texts
    unsafe = pc.and_not(risky, pc.match_substring_regex(texts, NUMBER))
    return pc.if_else(unsafe, _around("'", texts, ""), texts)


def _quoted(texts: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(texts, _SPECIAL)
    if not pc.any(special).as_py():
        return texts
    doubled = pc.replace_substring(texts, '"', '""')
    return pc.if_else(special, _around('"', doubled, '"'), texts)


def _around(before: str, texts: pa.Array, after: str) -> pa.Array:
    text = pa.large_string()
    parts = (pa.scalar(before, text), texts, pa.scalar(after, text), pa.scalar("", text))
    return pc.binary_join_element_wise(*parts)


def _moments(column: pa.Array) -> pa.Array:
    text = pc.cast(pc.cast(column, pa.timestamp("us")), pa.large_string())
    text = pc.replace_substring_regex(text, r"( 00:00:00)?\.0+$", "")
    return pc.replace_substring(text, " ", "T")
