"""The fast way through a CSV that is scored: to the byte what the slow way gives, or nothing."""

from __future__ import annotations

import itertools
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import GroveError
from services.columns import Column, ColumnType
from services.reading import (
    Dialect,
    Limits,
    PlainReader,
    Reading,
    Rows,
    csv_bytes,
    lines,
    side_by_side,
    text_of,
    text_rows,
    typed,
)
from services.reading.options import MISSING_VALUES
from tests.reading.helpers import Csv

TYPES: dict[str, ColumnType] = {
    "number": "number",
    "whole": "integer",
    "truth": "boolean",
    "day": "date",
    "word": "category",
}
WANTED = [Column(name, kind, 0, None, []) for name, kind in TYPES.items()]
NAMES = [*TYPES, "other"]
HEADER = ",".join(NAMES) + "\n"
ROW = ["1.5", "-2", "true", "2024-02-29", "red", "x"]


def rows_of(csv_file: Csv, body: str, limits: Limits | None = None, **reading: Any) -> Rows:
    given = {"header": True, "delimiter": ",", **reading}
    head = HEADER.replace(",", given["delimiter"])
    return text_rows(csv_file.write(head + body), Reading(**given), limits)


def fast(rows: Rows, block: bytes) -> tuple[bytes, list[dict[str, Any]]] | None:
    """The CSV with a column beside it, and the values, by the fast way."""
    plain = PlainReader(rows.dialect, WANTED, rows.limits)(block)
    if plain is None:
        return None
    beside = lines([pa.array(range(plain.values.num_rows))])
    return bytes(text_of(side_by_side(plain.lines, beside))), plain.values.to_pylist()


def slow(rows: Rows, block: bytes) -> tuple[bytes, list[dict[str, Any]]]:
    """The same, cell by cell."""
    texts = rows.read(block)
    rows.check_cells(texts, 0)
    values, faults = typed(texts, WANTED, rows.dialect.missing_values, 0)
    assert not faults
    table = [*texts.columns, pa.array(range(texts.num_rows))]
    batch = pa.RecordBatch.from_arrays(table, names=[*texts.schema.names, "n"])
    return b"".join(csv_bytes([batch], header=False)), values.to_pylist()


def line(delimiter: str = ",", **cells: str) -> str:
    given = dict(zip(NAMES, ROW, strict=True)) | cells
    return delimiter.join(given.values())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("last", [True, False])
def test_plain_rows_go_the_fast_way(csv_file: Csv, delimiter: str, end: str, last: bool) -> None:
    body = line(delimiter) + end + line(delimiter, number="NA", other="007") + (end if last else "")
    rows = rows_of(csv_file, body, delimiter=delimiter)
    (block,) = rows.blocks()
    answer = fast(rows, block)
    assert answer is not None
    assert answer == slow(rows, block)
    assert answer[0].startswith(",".join(ROW).encode() + b",0\n")


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        *(("number", text) for text in ("-1", "-.5", "1e-5", "", "?", "nan", "1e38", " 5")),
        *(("other", text) for text in ("-1", "+5", "a=b", "a b", "1e999", "inf", "", "é", " x")),
        *(("word", text) for text in ("-5", "blue sky", "NA", "\N{SNOWMAN}")),
    ],
)
def test_cells_that_are_copied(csv_file: Csv, column: str, cell: str) -> None:
    rows = rows_of(csv_file, line(**{column: cell}) + "\n")
    (block,) = rows.blocks()
    answer = fast(rows, block)
    assert answer is not None
    assert answer == slow(rows, block)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        *(("number", text) for text in ("-5 ", "\t5", " NA", "1e39", "inf", "x", "0x1", "1_0")),
        *(("other", text) for text in ("=1", "@x", "-x", "+", "-1+1", '"a,b"', 'a"b', "\tx")),
        ("truth", "2"),
        ("day", "2023-02-29"),
    ],
)
def test_cells_that_are_not(csv_file: Csv, column: str, cell: str) -> None:
    rows = rows_of(csv_file, line(**{column: cell}) + "\n")
    (block,) = rows.blocks()
    assert fast(rows, block) is None


@pytest.mark.parametrize("odd", ["\n", "   \n", "1,2\n", line() + ",9\n"])
def test_lines_that_are_no_rows(csv_file: Csv, odd: str) -> None:
    rows = rows_of(csv_file, line() + "\n" + odd + line() + "\n")
    (block,) = rows.blocks()
    assert fast(rows, block) is None


def test_a_mark_of_byte_order_is_a_character(csv_file: Csv) -> None:
    rows = rows_of(csv_file, line() + "\n")
    assert fast(rows, b"\xef\xbb\xbf" + line().encode() + b"\n") is None


def test_padding_is_left_out_the_slow_way(csv_file: Csv) -> None:
    rows = rows_of(csv_file, line() + ",\n" + line() + ",\n")
    assert rows.dialect.padding == 1
    (block,) = rows.blocks()
    assert fast(rows, block) is None


@pytest.mark.parametrize("marker", ["-999", "5"])
def test_a_marker_that_is_a_number(csv_file: Csv, marker: str) -> None:
    body = line(number=marker) + "\n" + line(number=f" {marker}") + "\n"
    rows = rows_of(csv_file, body, missing_values=(marker,))
    (block,) = rows.blocks()
    answer = fast(rows, block)
    assert answer == slow(rows, block)
    assert answer is not None
    assert [row["number"] for row in answer[1]] == [None, None]


def test_long_cells_are_left_to_the_slow_way(csv_file: Csv) -> None:
    limits = Limits(max_cell_chars=20)
    for cell, answered in (("x" * 20, True), ("x" * 21, False), ("é" * 20, False)):
        rows = rows_of(csv_file, line(other=cell) + "\n", limits)
        (block,) = rows.blocks()
        assert (fast(rows, block) is not None) == answered
    rows = rows_of(csv_file, line(number="0" * 21) + "\n", limits)
    (block,) = rows.blocks()
    assert fast(rows, block) is None


PIECES = st.lists(
    st.sampled_from(
        [
            *"0123456789.eE+-,;\n\r\t \"'=@|",
            *("NA", "nan", "inf", "é", "\ufeff", "\x0b", "\u2028", "\r\n"),
            *("1.5", "-2", "true", "red", "2024-02-29"),
        ]
    ),
    max_size=4,
).map("".join)


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.integers(0, 5), PIECES), min_size=1, max_size=3),
    st.sampled_from([",", ";", " "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([MISSING_VALUES, ("-2",), ("x",)]),
)
def test_both_ways_give_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[int, str]],
    delimiter: str,
    end: str,
    missing: tuple[str, ...],
) -> None:
    """Whatever one cell of a row is: where the fast way answers, the slow one answers so too."""
    cells = [[*ROW[:at], text, *ROW[at + 1 :]] for at, text in changes]
    block = "".join(delimiter.join(row) + end for row in cells).encode()
    path = tmp_path_factory.getbasetemp() / "both.csv"
    path.write_bytes(block)
    markers = tuple(dict.fromkeys(["", *missing]))
    rows = Rows(path, Dialect(delimiter, "utf-8", True, markers, NAMES), Limits())
    answer = fast(rows, block)
    if answer is not None:
        assert answer == slow(rows, block)


def test_signs_and_blanks_around_numbers_in_every_way(csv_file: Csv) -> None:
    """All short texts of these characters: what Arrow reads as a number need not be plain."""
    for letters in itertools.product("+-.1e \x0b", repeat=4):
        block = (line(number="".join(letters)) + "\n").encode()
        rows = Rows(csv_file.write(block), Dialect(",", "utf-8", True, ("",), NAMES), Limits())
        answer = fast(rows, block)
        if answer is not None:
            assert answer == slow(rows, block)


def test_a_refusal_is_that_of_the_slow_way(csv_file: Csv) -> None:
    rows = rows_of(csv_file, line() + "\n1,2\n")
    (block,) = rows.blocks()
    assert fast(rows, block) is None
    with pytest.raises(GroveError) as caught:
        rows.read(block)
    assert caught.value.code == "ragged_row"
