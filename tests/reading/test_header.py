"""The header: guessed, given, refused; names, and columns without one."""

from __future__ import annotations

import pytest

from services.reading import Limits, Reading, text_batches, typed_batches
from tests.reading.helpers import Csv, codes, column, names

ADULT = (
    "39, State-gov, 77516, Bachelors, <=50K\n50, ?, 83311, Bachelors, <=50K\n"
    "38, Private, 215646, HS-grad, >50K\n53, State-gov, 234721, 11th, <=50K\n\n"
)


@pytest.mark.parametrize(
    "content",
    [
        "1.5,red\n2.5,blue\n",
        "-3,red\n2,blue\n",
        "1e5,a\n2,b\n",
        "5,x,3\n6,y,4\n",
        "1,x,3,y,4\n6,y,4,z,5\n",
        "7,x,7\n6,y,4\n",
        "red,small\nblue,large\nred,medium\n",
        "5.1,5.1\n5.1,5.1\n",
        "25,male\n31,female\n28,male\n",
        ADULT,
    ],
)
def test_a_first_line_of_data_is_suspect(csv_file: Csv, content: str) -> None:
    error = csv_file.invalid(content)
    assert error.code == "header_suspect"
    assert "header=false" in error.detail
    described = csv_file.describe(content, header=False)
    assert described.columns[0].name == "c1"
    assert csv_file.describe(
        content.replace("5.1,5.1\n", "5.1,5.2\n", 1).replace("7,x,7", "7,x,8"), header=True
    ).rows


@pytest.mark.parametrize(
    "header",
    ["country,2019,2020,2021", "0,1,2,target", "a,1990,b,2000", "name,5", "x,0", "id,t10,t20,t30"],
)
def test_numbers_may_be_names_where_they_form_a_sequence(csv_file: Csv, header: str) -> None:
    row = ",".join(["9.5"] * len(header.split(",")))
    assert names(csv_file.describe(f"{header}\n{row}\n{row}\n")) == header.split(",")


def test_a_file_without_header_is_read_as_such(csv_file: Csv) -> None:
    described = csv_file.describe(ADULT, header=False)
    assert described.rows == 4
    assert names(described) == ["c1", "c2", "c3", "c4", "c5"]
    assert column(described, "c2").missing == 1
    assert column(described, "c5").levels == {"<=50K": 3, ">50K": 1}


def test_suspicion_comes_before_duplicate_names(csv_file: Csv) -> None:
    assert csv_file.invalid("0.5,0.5\n0.5,0.5\n").code == "header_suspect"


def test_names_are_trimmed(csv_file: Csv) -> None:
    assert names(csv_file.describe(" a , b\n1,2\n3,4\n")) == ["a", "b"]


def test_a_header_below_blank_lines_is_found(csv_file: Csv) -> None:
    described = csv_file.describe("\n  \n\r\na,b\r\n1.5,2\r\n")
    assert (names(described), described.rows) == (["a", "b"], 1)


def test_all_faults_of_the_names_come_together(csv_file: Csv) -> None:
    long = "x" * 257
    error = csv_file.invalid(f"a,b,a,B,{long},e\u200bf, b\n1,2,3,4,5,6,7\n")
    assert [fault.code for fault in error.faults] == [
        "duplicate_column",
        "ambiguous_column",
        "bad_column_name",
        "bad_column_name",
        "ambiguous_column",
    ]
    assert [fault.pointer for fault in error.faults] == [f"/columns/{at}" for at in (2, 3, 4, 5, 6)]


@pytest.mark.parametrize("pair", ["Age,age", "é,e\u0301", "age, age", "straße,STRASSE"])
def test_names_that_look_alike_are_ambiguous(csv_file: Csv, pair: str) -> None:
    assert csv_file.invalid(f"{pair}\n1.5,2\n").code == "ambiguous_column"


@pytest.mark.parametrize(
    "name", ["x" * 10_000, "a\u202eb", "a\tb", "a\x1bb", "\u200b", '"a\nb"', "a\u2028b"]
)
def test_unfit_names_are_refused(csv_file: Csv, name: str) -> None:
    error = csv_file.invalid(f"{name},b\n1.5,2\n", delimiter=",")
    assert error.code == "bad_column_name"
    assert all(character.isprintable() for character in error.detail)


def test_faults_of_names_are_capped(csv_file: Csv) -> None:
    error = csv_file.invalid(",".join(["a"] * 50) + "\n" + ",".join(["1.5"] * 50) + "\n")
    assert len(error.faults) == Limits().max_faults


@pytest.mark.parametrize(
    "name",
    ["=cmd|' /C calc'!A0", "<script>", "{{7*7}}", "__proto__", "$where", "a/b~c", "x" * 256, "ñ"],
)
def test_strange_names_are_names(csv_file: Csv, name: str) -> None:
    assert names(csv_file.describe(f"{name},b\n1.5,2\n")) == [name, "b"]


@pytest.mark.parametrize(
    "content",
    [
        "a,b,\n1,2,\n3,4,\n",
        "a,b,\n1,2\n3,4\n",
        "a,b\n1,2,\n3,4,\n",
        "a,b,,,\n1,2\n3,4\n",
        "a,b\n1,2,,,\n3,4,,,\n",
        "a,b,,\n1,2,,\n3,4,NA,\n",
        "a,,b\n1,,2\n3,,4\n",
        ",a,b\n,1,2\n?,3,4\n",
    ],
)
def test_empty_columns_without_a_name_are_dropped(csv_file: Csv, content: str) -> None:
    described = csv_file.describe(content)
    assert names(described) == ["a", "b"]
    assert "empty_column_dropped" in codes(described)
    rows = [row for batch in typed_batches(csv_file.path, described) for row in batch.to_pylist()]
    assert rows == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


def test_trailing_commas_without_a_header_are_dropped(csv_file: Csv) -> None:
    described = csv_file.describe("1,2,\n3,4,\n", header=False)
    assert names(described) == ["c1", "c2"]
    assert codes(described)[0] == "empty_column_dropped"


def test_one_name_with_trailing_commas(csv_file: Csv) -> None:
    assert names(csv_file.describe("a,\n1.5,\n2,\n")) == ["a"]
    assert names(csv_file.describe("a\n1.5,\n2,\n")) == ["a"]
    assert names(csv_file.describe("a,\n1.5\n2\n")) == ["a"]


@pytest.mark.parametrize(
    "content", ["a,b\n1,2,\n3,4,5\n", "a,b\n1,2,\n3,4,\n" + "1,2,\n" * 40_000 + "1,2,9\n"]
)
def test_values_beyond_the_names_are_ragged(csv_file: Csv, content: str) -> None:
    error = csv_file.invalid(content)
    assert error.code == "ragged_row"
    assert "3 cells where 2 are expected" in error.detail
    with pytest.raises(type(error)):
        list(text_batches(csv_file.path, Reading())[1])


def test_a_column_without_a_name_is_named_by_its_place(csv_file: Csv) -> None:
    described = csv_file.describe(",a,\n0,1.5,x\n1,2.5,y\n")
    assert names(described) == ["c1", "a", "c3"]
    assert "unnamed_column" in codes(described, "c1")
    assert "unnamed_column" in codes(described, "c3")


def test_a_made_up_name_takes_no_name_that_is_there(csv_file: Csv) -> None:
    assert names(csv_file.describe("C2,\n1.5,x\n2.5,y\n")) == ["C2", "c2_"]


def test_a_value_late_in_an_unnamed_column_keeps_it(csv_file: Csv) -> None:
    described = csv_file.describe("a,b,\n" + "1,2.5,\n" * 30_000 + "1,2.5,x\n")
    assert names(described) == ["a", "b", "c3"]


def test_header_true_takes_any_first_line(csv_file: Csv) -> None:
    assert names(csv_file.describe("1.5,red\n2,blue\n", header=True)) == ["1.5", "red"]
