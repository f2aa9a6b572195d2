"""Delimiters, quoting, line ends, and rows that are too long or too short."""

from __future__ import annotations

import pytest

from models.errors import Invalid
from services.reading import Limits, Reading, describe, text_batches
from tests.reading.helpers import Csv, column, names


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_detected(csv_file: Csv, delimiter: str) -> None:
    rows = [["name", "age", "size"], ["Anna", "31", "1.5"], ["Bo", "42", "1.75"]]
    described = csv_file.describe("\n".join(delimiter.join(row) for row in rows))
    assert names(described) == ["name", "age", "size"]
    assert described.dialect.delimiter == delimiter
    assert described.rows == 2


@pytest.mark.parametrize(
    ("content", "delimiter", "expected"),
    [
        ('"a, b, c";"d, e"\n1.5;2\n2;3\n', ";", ["a, b, c", "d, e"]),
        ('"a ""x"", b","c"\n1.5,2\n', ",", ['a "x", b', "c"]),
        ("a;b;c\n1,5;2,5;3\n2,5;1,5;4\n", ";", ["a", "b", "c"]),
        ("id;comment\n1;hello, you, there\n2;oh, well\n3;none\n", ";", ["id", "comment"]),
        ("comment\nhello; you\noh | well\nred | blue; green\n", ",", ["comment"]),
        ("genres\nAction|Comedy\nDrama|Crime\nWar|Drama\n", ",", ["genres"]),
        ("a,b\n1|x;y,2\n3|z;w,4\n", ",", ["a", "b"]),
        ("a\tb c, d\n1.5\t2\n", "\t", ["a", "b c, d"]),
        ('x|y\n"1|2"|3\n"4|5"|6\n', "|", ["x", "y"]),
        ("only\n1.5\n2.5\n", ",", ["only"]),
    ],
)
def test_hard_delimiters(csv_file: Csv, content: str, delimiter: str, expected: list[str]) -> None:
    described = csv_file.describe(content)
    assert (described.dialect.delimiter, names(described)) == (delimiter, expected)


def test_one_ragged_row_does_not_mislead_the_detection(csv_file: Csv) -> None:
    error = csv_file.invalid("a;b\n1.5;2\n3,4;5;6\n7;8\n")
    assert error.code == "ragged_row"
    assert "3 cells where 2 are expected" in error.detail


@pytest.mark.parametrize("asked", [":", "^", " ", "~", ";", "\t", "tab", "\\t"])
def test_a_delimiter_that_is_given_is_used(csv_file: Csv, asked: str) -> None:
    character = {"tab": "\t", "\\t": "\t"}.get(asked, asked)
    described = csv_file.describe(f"a{character}b,c\n1.5{character}2\n", delimiter=asked)
    assert names(described) == ["a", "b,c"]


@pytest.mark.parametrize("asked", ["", ",,", "a", "5", '"', "\n", "\r", "\x00", "é", "→", "\x07"])
def test_a_delimiter_that_cannot_be_is_refused(csv_file: Csv, asked: str) -> None:
    error = csv_file.invalid("a,b\n1.5,2\n", delimiter=asked)
    assert (error.code, error.faults[0].pointer) == ("bad_delimiter", "/delimiter")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(csv_file: Csv, end: str) -> None:
    described = csv_file.describe(end.join(["a,b", "1.5,x", "", "2.5,y", "", ""]))
    assert (described.rows, names(described)) == (2, ["a", "b"])


def test_line_ends_may_be_mixed(csv_file: Csv) -> None:
    assert csv_file.describe("a,b\r1.5,x\n2.5,y\r\n3.5,z\n\r4.5,w").rows == 4


def test_lines_of_blanks_are_skipped(csv_file: Csv) -> None:
    described = csv_file.describe("a,b\n   \n1.5,x\n\n \t \n2.5,y\n  ")
    assert described.rows == 2
    assert column(described, "a").missing == 0


def test_empty_lines_of_a_single_column_are_skipped(csv_file: Csv) -> None:
    described = csv_file.describe('x\n1.5\n\n2.5\n""\nNA\n')
    assert (described.rows, column(described, "x").missing) == (4, 2)


def test_quoted_cells_hold_anything(csv_file: Csv) -> None:
    described = csv_file.describe('a,b\n"x,y\nz\r\n""q""",1.5\n"",2.5\nw,3\n')
    levels = column(described, "a").levels
    assert levels == {'x,y\nz\r\n"q"': 1, "w": 1}
    assert described.rows == 3


def test_a_quote_within_a_cell_stays(csv_file: Csv) -> None:
    described = csv_file.describe('a,b\n5" pipe,1.5\nsay "hi",2\n "x",3\n"q"r,4\n')
    assert set(column(described, "a").levels or {}) == {'5" pipe', 'say "hi"', '"x"', "qr"}


def test_ragged_rows_are_listed_with_their_lines(csv_file: Csv) -> None:
    content = 'a,b\n1,"x\ny"\n2\n3,z\n\n4,x,"more"\n5,y\n'
    error = csv_file.invalid(content)
    assert [(fault.code, fault.pointer) for fault in error.faults] == [
        ("ragged_row", "/rows/1"),
        ("ragged_row", "/rows/3"),
    ]
    assert error.faults[0].message == (
        "Line 4 has 1 cells where 2 are expected; there is none for 'b'."
    )
    assert error.faults[1].message == (
        "Line 7 has 3 cells where 2 are expected; the first one too many is 'more'."
    )


def test_ragged_rows_are_capped(csv_file: Csv) -> None:
    error = csv_file.invalid("a,b\n1,2\n" + "1,2,3\n" * 200 + "1,2\n" * 400)
    assert len(error.faults) == 20
    error = csv_file.invalid("a,b\n1,2\n1,2\n1,2,3\n1\n1\n1,2\n1,2\n1,2\n", Limits(max_faults=2))
    assert len(error.faults) == 2


def test_rows_that_are_all_one_cell_too_long_are_refused(csv_file: Csv) -> None:
    assert csv_file.invalid("a,b\nr1,1.5,2\nr2,3,4\nr3,5,6\n").code == "ragged_row"


def test_faults_of_rows_and_cells_come_together(csv_file: Csv) -> None:
    error = csv_file.invalid("a,b\n1.5,2\n3\n4,1e39\n5\ninf,6\n7,8\n")
    assert [(fault.code, fault.pointer) for fault in error.faults] == [
        ("ragged_row", "/rows/1"),
        ("ragged_row", "/rows/3"),
        ("number_out_of_range", "/rows/2/b"),
        ("non_finite", "/rows/4/a"),
    ]
    assert [fault.message.split(",")[0].split(" has")[0] for fault in error.faults] == [
        "Line 3",
        "Line 5",
        "Line 4",
        "Line 6",
    ]


def test_a_ragged_row_far_into_the_file(csv_file: Csv) -> None:
    error = csv_file.invalid("a,b\n" + "1.5,x\n" * 300_000 + "1\n" + "1.5,x\n" * 10)
    assert error.faults[0].message.startswith("Line 300002 ")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('a,b\n1,x\n2,"y\n3,z\n', 3),
        ('a,b\n1,x\n"2,y\n3,z\n', 3),
        ('a,b\n1,x\n"p\nq","r\ns\n', 4),
        ('a,b\n1,x\n2,"y""', 3),
        ('a,b\n1,x\n2,"', 3),
        ('a,"b\n1,x\n2,y\n', 1),
        ('a,b\n1,x\n2,"\n', 3),
    ],
)
def test_an_open_quote_is_refused_with_its_line(csv_file: Csv, content: str, line: int) -> None:
    error = csv_file.invalid(content)
    assert error.code == "unclosed_quote"
    assert f"line {line} " in error.detail


@pytest.mark.parametrize(
    "end", ['2,"y"', '2,"y"\n', '2,"y""z"\n', '2,""\n', '2,""', '2,y"', '2,"y"z']
)
def test_a_closed_quote_at_the_end_is_fine(csv_file: Csv, end: str) -> None:
    assert csv_file.describe(f"a,b\n1,x\n{end}").rows == 2


def test_a_quote_left_open_in_a_large_file(csv_file: Csv) -> None:
    rows = "1.5,some words\n" * 600_000
    error = csv_file.invalid(f'a,b\n{rows}2.5,"open\n{rows}')
    assert error.code == "unclosed_quote"
    assert "line 600002 " in error.detail


def test_text_batches_give_the_cells_as_they_stand(csv_file: Csv) -> None:
    path = csv_file.write('a, b ,\n x ," y",NA\n1,2,\n')
    dialect, batches = text_batches(path, Reading())
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert dialect.names == ["a", "b", "c3"]
    assert rows == [{"a": " x ", "b": " y", "c3": "NA"}, {"a": "1", "b": "2", "c3": ""}]


def test_text_batches_refuse_at_once_what_the_first_block_shows(csv_file: Csv) -> None:
    with pytest.raises(Invalid) as caught:
        text_batches(csv_file.write("a,b\n1,2\n3\n"), Reading())
    assert caught.value.code == "ragged_row"


def test_text_batches_refuse_later_what_comes_later(csv_file: Csv) -> None:
    path = csv_file.write("a,b\n" + "1.5,2\n" * 500_000 + "3\n")
    _, batches = text_batches(path, Reading())
    with pytest.raises(Invalid) as caught:
        for _ in batches:
            pass
    assert [fault.code for fault in caught.value.faults] == ["ragged_row"]


def test_progress_is_reported(csv_file: Csv) -> None:
    seen: list[float] = []
    describe(csv_file.write("a,b\n" + "1.5,2\n" * 500_000), Reading(), None, seen.append)
    assert seen == sorted(seen)
    assert len(seen) > 1
    assert seen[-1] == 1.0


def test_many_cells_of_many_lines_in_one_record(csv_file: Csv) -> None:
    cells = ",".join(['"a\nb"'] * 5000)
    header = ",".join(f"name{at}" for at in range(5000))
    assert csv_file.describe(f"{header}\n{cells}\n{cells}\n", Limits(block_bytes=4096)).rows == 2
    text = 'x""\n' * 20_000
    assert csv_file.describe(f'a,b\n1,"{text}"\n2,y\n').rows == 2
