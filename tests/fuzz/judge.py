"""One case read by the service and by the reference; they must say the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.errors import GroveError
from services.columns import Column
from services.reading import (
    Description,
    PlainReader,
    Reading,
    Rows,
    csv_bytes,
    describe,
    lines,
    side_by_side,
    text_batches,
    text_of,
    text_rows,
    typed,
    typed_batches,
)
from tests.fuzz import reference
from tests.fuzz.cases import Case
from tests.fuzz.reference import DELIMITERS, Refused, Table
from tests.fuzz.values import Values, values_of

ACCEPTED = "accepted"
LONGEST_DETAIL = 1000

Texts = dict[str, list[Any]]


def judge(case: Case, path: Path) -> str:
    """ACCEPTED, or the code of the refusal; `path` is a file to write the case to.

    Raises AssertionError where the two disagree; what is no error of the service's own comes out.
    """
    path.write_bytes(case.content)
    outcome, texts = _described(case, path), _texts(case, path)
    if isinstance(outcome, GroveError):
        if case.is_judged:
            _compare_refusal(outcome, _expected_refusals(case, _delimiters(case, path)))
        return outcome.code
    assert isinstance(texts, dict), f"described, but as text refused as {texts}"
    if case.is_judged:
        _compare(case, path, outcome, texts)
    return ACCEPTED


def _described(case: Case, path: Path) -> Description | GroveError:
    try:
        return describe(path, case.reading, case.limits)
    except GroveError as error:
        return _checked(error)


def _checked(error: GroveError) -> GroveError:
    assert error.faults, "a refusal lists its faults"
    assert error.code == error.faults[0].code
    assert len(error.detail) < LONGEST_DETAIL
    assert str(error.as_record()).encode(), "what is told can be written down"
    return error


def _texts(case: Case, path: Path) -> Texts | str:
    try:
        _, batches = text_batches(path, case.reading, case.limits)
        return _columns_of(batches)
    except GroveError as error:
        return _checked(error).code


def _delimiters(case: Case, path: Path) -> Sequence[str]:
    """The delimiter that the reader goes by; all it may have gone by where it did not say."""
    if case.reading.delimiter is not None:
        return [case.reading.delimiter]
    try:
        return [text_rows(path, case.reading, case.limits).dialect.delimiter]
    except GroveError:
        return DELIMITERS


def _expected_refusals(case: Case, delimiters: Sequence[str]) -> list[Refused]:
    found = []
    for delimiter in delimiters:
        try:
            _expected(case, delimiter)
        except Refused as refused:
            found.append(refused)
    return found


def _compare_refusal(error: GroveError, expected: list[Refused]) -> None:
    alike = [refused for refused in expected if error.code in refused.codes]
    codes = [refused.codes for refused in expected]
    assert alike, f"refused as {error.code}; by the documents: {codes or ACCEPTED}"
    told = (error.faults[0].pointer, error.detail)
    places = [refused.place for refused in alike]
    assert any(each is None or each == told[0] or each in told[1] for each in places), (
        told,
        places,
    )


def _expected(case: Case, delimiter: str) -> tuple[Table, dict[str, Values]]:
    """The table, and the columns that have a name or a value. Raises Refused."""
    reading = case.reading
    text = reference.text_of(case.content, reading.encoding)
    table = reference.table_of(text, delimiter, reading.header)
    columns, refusals = {}, []
    for at, name in enumerate(table.names):
        try:
            values = values_of([row[at] for row in table.rows], reading.missing_values)
        except Refused as refused:
            place = f"/rows/{refused.row}/{name.replace('~', '~0').replace('/', '~1')}"
            refusals.append(Refused(*refused.codes, place=place, row=refused.row))
            continue
        if at not in table.unnamed or any(cell is not None for cell in values.cells):
            columns[name] = values
    if refusals:
        raise min(refusals, key=lambda refused: refused.row)
    if not columns:
        raise Refused("csv_empty")
    return table, columns


def _compare(case: Case, path: Path, found: Description, texts: Texts) -> None:
    try:
        table, columns = _expected(case, found.dialect.delimiter)
    except Refused as refused:
        raise AssertionError(f"accepted; by the documents: {refused.codes}") from None
    assert found.rows == len(table.rows)
    assert texts == {name: [row[at] for row in table.rows] for at, name in enumerate(table.names)}
    _compare_columns(found.columns, columns)
    batches = typed_batches(path, found, case.limits)
    assert _columns_of(batches) == {name: values.cells for name, values in columns.items()}
    _compare_ways(path, case.reading, found)


def _columns_of(batches: Iterator[pa.RecordBatch]) -> Texts:
    whole = pa.Table.from_batches(batches)
    found: Texts = whole.to_pydict()
    return found


def _compare_columns(found: Sequence[Column], expected: dict[str, Values]) -> None:
    assert [(column.name, column.type) for column in found] == [
        (name, values.type) for name, values in expected.items()
    ]
    for column in found:
        values = expected[column.name]
        assert column.missing == values.cells.count(None), column
        assert column.levels == values.levels(), column
        assert column.distinct == len(values.levels()), column
        _compare_range(column, values)


def _compare_range(column: Column, values: Values) -> None:
    present = [cell for cell in values.cells if cell is not None]
    if column.type in {"integer", "number"} and present:
        assert (column.minimum, column.maximum) == (min(present), max(present)), column


def _compare_ways(path: Path, reading: Reading, found: Description) -> None:
    """The fast way through a CSV that is scored gives what the slow one gives, to the byte."""
    rows = text_rows(path, reading)
    plain = PlainReader(rows.dialect, found.columns, rows.limits)
    for block in rows.blocks():
        fast = plain(block)
        if fast is not None:
            beside = lines([pa.array(range(fast.values.num_rows))])
            copied = bytes(text_of(side_by_side(fast.lines, beside)))
            assert (copied, fast.values.to_pydict()) == _slowly(rows, block, found)


def _slowly(rows: Rows, block: bytes, found: Description) -> tuple[bytes, dict[str, list[Any]]]:
    texts = rows.read(block)
    values, faults = typed(texts, found.columns, rows.dialect.missing_values, 0)
    assert not faults
    table = [*texts.columns, pa.array(range(texts.num_rows))]
    batch = pa.RecordBatch.from_arrays(table, names=[*texts.schema.names, "n"])
    return b"".join(csv_bytes([batch], header=False)), values.to_pydict()
