"""The types of columns: numbers, booleans, dates, categories, missing values."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from services.columns import Column
from services.reading import Limits, typed_batches
from tests.reading.helpers import Csv, column, one_column


def read(csv_file: Csv, values: list[str], **reading: Any) -> tuple[Column, list[object]]:
    described = csv_file.describe(one_column(values), header=True, delimiter=",", **reading)
    found = [v for b in typed_batches(csv_file.path, described) for v in b.column("x").to_pylist()]
    return column(described, "x"), found


def test_integers(csv_file: Csv) -> None:
    found, values = read(csv_file, ["3", "-1", "+7", "007", " 3 ", "NA", ""])
    assert values == [3, -1, 7, 7, 3, None, None]
    assert (found.type, found.missing, found.distinct) == ("integer", 2, 3)
    assert (found.minimum, found.maximum) == (-1, 7)
    assert found.levels == {"3": 2, "7": 2, "-1": 1}
    assert list(found.levels) == ["3", "7", "-1"]


def test_numbers(csv_file: Csv) -> None:
    found, values = read(csv_file, ["1.0", "1", ".5", "5.", "1e3", "-2.5E-1", "+.5e+1", "-0"])
    assert values == [1.0, 1.0, 0.5, 5.0, 1000.0, -0.25, 5.0, 0.0]
    assert (found.type, found.minimum, found.maximum) == ("number", -0.25, 1000.0)
    assert found.levels == {"1.0": 2, "5.0": 2, "-0.25": 1, "0.0": 1, "0.5": 1, "1000.0": 1}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["9007199254740992", "1"], "integer"),
        (["-9007199254740992", "1"], "integer"),
        (["9007199254740993", "1"], "number"),
        (["9223372036854775808", "1"], "number"),
        (["-9223372036854775808", "1"], "number"),
        (["+9223372036854775807", "1"], "number"),
        (["1" * 30, "1"], "number"),
        (["0" * 5000 + "1", "2"], "integer"),
        (["1e2", "1"], "number"),
        (["1.0", "2.0"], "number"),
    ],
)
def test_whole_numbers_are_integers_up_to_2_to_the_53(
    csv_file: Csv, values: list[str], expected: str
) -> None:
    found, numbers = read(csv_file, values)
    assert found.type == expected
    assert numbers[-1] == float(values[-1])


@pytest.mark.parametrize(
    "value",
    [
        "0x1F",
        "1_000",
        "1,234",
        "1.234,5",
        "1,5",
        "٣",
        "\uff11\uff12",
        "5%",
        "$5",
        "1 234",
        "1'234.5",
    ],
)
def test_what_only_looks_like_a_number_is_a_category(csv_file: Csv, value: str) -> None:
    for others in ([], ["1", "2"], ["NA"]):
        quoted = [f'"{text}"' for text in [value, *others]]
        found, values = read(csv_file, quoted)
        assert found.type == "category"
        assert values[0] == value
        described = csv_file.describe(one_column(quoted), header=True, delimiter=",")
        notice = next(w for w in described.warnings if w.code == "number_like_text")
        assert notice.column == "x"
        assert f"'{value}' in data row 1 " in notice.message


@pytest.mark.parametrize(
    "value", ["1e", "e5", "--1", "1.2.3", ".", "+", "- 1", "1 2", "1d", "0b1", "1j"]
)
def test_what_is_no_number_is_text(csv_file: Csv, value: str) -> None:
    assert read(csv_file, [value])[0].type == "category"


@pytest.mark.parametrize(
    "value", ["inf", "-Infinity", "+INF", "1e999", "-1e400", "infinity", "NAN", "-nan"]
)
def test_numbers_must_be_finite(csv_file: Csv, value: str) -> None:
    error = csv_file.invalid(one_column(["1.5", "2", value, "3"]), header=True)
    assert [(f.code, f.pointer) for f in error.faults] == [("non_finite", "/rows/2/x")]
    assert "Line 4," in error.detail
    assert value in error.detail


def test_infinities_among_text_are_text(csv_file: Csv) -> None:
    assert read(csv_file, ["inf", "pos", "neg"])[0].type == "category"


@pytest.mark.parametrize("value", ["1e39", "-1e39", "3.4028236e38", "1e308"])
def test_numbers_must_fit_a_float32(csv_file: Csv, value: str) -> None:
    error = csv_file.invalid(one_column(["1", "2", value]), header=True)
    assert [(f.code, f.pointer) for f in error.faults] == [("number_out_of_range", "/rows/2/x")]


def test_the_largest_float32_fits(csv_file: Csv) -> None:
    assert read(csv_file, ["3.4028235e38", "-3.4028235e38"])[0].type == "number"


def test_faults_of_cells_are_capped_and_in_order(csv_file: Csv) -> None:
    content = "x,a/b~c\n1,inf\n" + "1e39,2\n" * 30 + "3,4\n"
    error = csv_file.invalid(content, Limits(max_faults=5))
    assert [f.pointer for f in error.faults] == [
        "/rows/0/a~1b~0c",
        *(f"/rows/{row}/x" for row in (1, 2, 3, 4)),
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["true", "False", "TRUE"], [True, False, True]),
        (["True", "1", "0", "false", ""], [True, True, False, False, None]),
        (["true"], [True]),
        ([" true ", "0"], [True, False]),
    ],
)
def test_booleans(csv_file: Csv, values: list[str], expected: list[bool | None]) -> None:
    found, typed = read(csv_file, values)
    assert found.type == "boolean"
    assert typed == expected
    assert set(found.levels or {}) <= {"true", "false"}
    assert sum((found.levels or {}).values()) == len([v for v in expected if v is not None])


def test_zeros_and_ones_alone_are_integers(csv_file: Csv) -> None:
    assert read(csv_file, ["0", "1", "1"])[0].type == "integer"


@pytest.mark.parametrize("odd", ["2", "1.0", "yes", "-1", "t"])
def test_other_values_make_no_boolean(csv_file: Csv, odd: str) -> None:
    assert read(csv_file, ["true", "false", "1", odd])[0].type == "category"


def test_dates(csv_file: Csv) -> None:
    texts = [
        "2024-02-29",
        "2023-01-05T10:30",
        "2023-01-05 10:30:15",
        "2023-01-05T10:30:15.5Z",
        "NA",
    ]
    found, values = read(csv_file, [*texts, "2024-02-29T00:00:00"])
    assert found.type == "date"
    assert values == [
        dt.datetime(2024, 2, 29),
        dt.datetime(2023, 1, 5, 10, 30),
        dt.datetime(2023, 1, 5, 10, 30, 15),
        dt.datetime(2023, 1, 5, 10, 30, 15, 500_000),
        None,
        dt.datetime(2024, 2, 29),
    ]
    assert (found.minimum, found.maximum) == ("2023-01-05T10:30:00", "2024-02-29")
    assert (found.levels or {})["2024-02-29"] == 2


@pytest.mark.parametrize(
    "value",
    ["2023-02-29", "2023-13-01", "2023-1-5", "05/01/2023", "2023-01-05T25:00", "2023-01-05 10",
     "20230105", "2023-01-05T10:30+01:00", "2023-04-31", "0000-01-01", "0000-01-01T10:00Z"],
)  # fmt: skip
def test_what_is_no_date(csv_file: Csv, value: str) -> None:
    assert read(csv_file, ["2023-01-05", value])[0].type == "category"


def test_early_and_late_dates(csv_file: Csv) -> None:
    found, _ = read(csv_file, ["0001-01-01", "9999-12-31T23:59:59.999999"])
    assert (found.minimum, found.maximum) == ("0001-01-01", "9999-12-31T23:59:59.999999")


MARKERS = ["", "?", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "  ", " ? "]


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("value", ["5", "2.5", "true", "2023-01-05", "red"])
def test_missing_markers(csv_file: Csv, marker: str, value: str) -> None:
    found, values = read(csv_file, [value, marker, value])
    assert found.missing == 1
    assert values[1] is None
    assert found.distinct == 1


@pytest.mark.parametrize("text", ["na", "Null", "none", "-", "N.A."])
def test_other_words_are_values(csv_file: Csv, text: str) -> None:
    assert read(csv_file, ["5", text])[0].missing == 0


def test_missing_values_replace_the_list(csv_file: Csv) -> None:
    found, values = read(csv_file, ["-999", "5", "", " -999 "], missing_values=("-999",))
    assert (found.type, values) == ("integer", [None, 5, None, None])
    found, values = read(csv_file, ["NA", "DE", "."], missing_values=(".",))
    assert values == ["NA", "DE", None]
    found, _ = read(csv_file, ["5", "nan?", ""], missing_values=("nan?", "x"))
    assert (found.type, found.missing) == ("integer", 2)


def test_text_is_trimmed(csv_file: Csv) -> None:
    found, values = read(csv_file, [" red", "red ", "\tred", "blue\u00a0"])
    assert values == ["red", "red", "red", "blue"]
    assert found.levels == {"red": 3, "blue": 1}
