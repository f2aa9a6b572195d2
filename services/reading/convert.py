"""Columns of text into columns of declared types, cell by cell checked, by whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.errors import Fault
from services.columns import FLOAT32_MAX, Column, ColumnType
from services.reading.cells import (
    Flags,
    Markers,
    blanked,
    dates,
    finite,
    flags,
    floats,
    kinds,
    matches,
)
from services.reading.faults import row_pointer, shown
from services.reading.grammar import DATE, FALSE, TRUE, Kind, kind_of

# An array of the type, null where a cell is missing or unfit, and which cells are unfit.
Converted = tuple[pa.Array, Flags | None]

_EXPECTED: dict[ColumnType, str] = {
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "date": "an ISO 8601 date, YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS,",
}

_CODES = {Kind.INFINITE: "non_finite", Kind.OUTSIDE: "number_out_of_range"}


def typed(
    batch: pa.RecordBatch,
    columns: Sequence[Column],
    missing_values: Sequence[str],
    first_row: int,
    max_faults: int = 20,
) -> tuple[pa.RecordBatch, list[Fault]]:
    """Columns of text, picked from `batch` by name, as the types that `columns` declare.

    integer and number both give float64 (and may be that already), boolean bool, date
    timestamp[us], category string. A cell that does not fit is null and a fault (wrong_type,
    non_finite, number_out_of_range), at most `max_faults` of them in the order of the rows;
    `first_row` is the number of its first row, from 0. Raises KeyError for a column that it lacks.
    """
    markers = Markers(tuple(dict.fromkeys(["", *missing_values])))
    arrays, faults = [], []
    for column in columns:
        texts = batch.column(column.name)
        array, unfit = _CONVERTERS[column.type](texts, markers)
        arrays.append(array)
        if unfit is not None:
            at = np.flatnonzero(unfit)[:max_faults]
            faults += [(int(row), _fault(texts, int(row), column, first_row)) for row in at]
    faults.sort(key=lambda fault: fault[0])
    names = [column.name for column in columns]
    result = pa.RecordBatch.from_arrays(arrays, names=names)
    return result, [fault for _, fault in faults[:max_faults]]


def _numbers(texts: pa.Array, markers: Markers) -> Converted:
    if pa.types.is_floating(texts.type):
        return texts, None  # read as such already
    values = None if markers.hide_in_numbers else floats(texts)
    if values is None or not fit(values):
        texts = blanked(texts, markers)
        values = floats(texts)
    if values is not None and fit(values):
        return values, None
    plain = pc.fill_null(texts, "")
    found = kinds(plain, markers)
    good = found == Kind.NUMBER
    values = floats(_only(good, texts))
    return values, ~good & (found != Kind.MISSING)


def fit(values: pa.Array) -> bool:
    """Whether all numbers (null is none) are finite and within a float32."""
    if not values.null_count:
        numbers = values.to_numpy()
        # A nan is less than nothing, so that it fails here too.
        return bool(
            numbers.max(initial=0) <= FLOAT32_MAX and numbers.min(initial=0) >= -FLOAT32_MAX
        )
    if not finite(values):
        return False
    ends = pc.min_max(values).as_py()
    return ends["min"] is None or max(-ends["min"], ends["max"]) <= FLOAT32_MAX


def _booleans(texts: pa.Array, markers: Markers) -> Converted:
    texts = blanked(texts, markers)
    true, false = matches(texts, TRUE), matches(texts, FALSE)
    values = _only(true | false, pa.array(true))
    return values, flags(pc.is_valid(texts)) & ~true & ~false


def _dates(texts: pa.Array, markers: Markers) -> Converted:
    texts = blanked(texts, markers)
    values = dates(_only(matches(texts, DATE), texts))
    return values, flags(pc.is_valid(texts)) & flags(pc.is_null(values))


def _categories(texts: pa.Array, markers: Markers) -> Converted:
    return blanked(texts, markers), None


def _only(chosen: Flags, values: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(chosen), values, pa.scalar(None, values.type))


_CONVERTERS: dict[ColumnType, Callable[[pa.Array, Markers], Converted]] = {
    "integer": _numbers,
    "number": _numbers,
    "boolean": _booleans,
    "date": _dates,
    "category": _categories,
}


def _fault(texts: pa.Array, at: int, column: Column, first_row: int) -> Fault:
    text, row = texts[at].as_py().strip(), first_row + at
    code = "wrong_type"
    if column.type in {"integer", "number"}:
        code = _CODES.get(kind_of(text), code)
    why = {"non_finite": " finite", "number_out_of_range": " within ±3.4028235e38"}.get(code, "")
    message = (
        f"Data row {row + 1}, column {shown(column.name)}: {shown(text)}, where "
        f"{_EXPECTED[column.type]}{why} is expected."
    )
    return Fault(row_pointer(row, column.name), code, message)
