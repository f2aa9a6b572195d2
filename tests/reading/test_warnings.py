"""The warnings about columns, and when there are none."""

from __future__ import annotations

import pytest

from services.reading import Limits
from tests.reading.helpers import Csv, codes, column, one_column


def warned(csv_file: Csv, values: list[str], name: str = "x", **limits: int) -> list[str]:
    content = one_column(values, name)
    return codes(csv_file.describe(content, Limits(**limits), header=True, delimiter=","), name)


def test_a_good_column_has_no_warning(csv_file: Csv) -> None:
    assert warned(csv_file, ["1", "2", "2", "5"]) == []
    assert warned(csv_file, ["red", "blue", "red", "blue"]) == []
    assert warned(csv_file, ["1.5", "2.25", "3.125", "4"]) == []


def test_mixed_numbers_and_text(csv_file: Csv) -> None:
    described = csv_file.describe(one_column(["1", "2", "NA", "abc", "3", "def"]))
    assert column(described, "x").type == "category"
    notice = next(w for w in described.warnings if w.code == "mixed_column")
    assert "'abc' in data row 4" in notice.message
    described = csv_file.describe(one_column(["ab", "cd", "", "7", "ef"]))
    notice = next(w for w in described.warnings if w.code == "mixed_column")
    assert "'7' in data row 4" in notice.message


def test_the_first_odd_row_is_told_across_blocks(csv_file: Csv) -> None:
    described = csv_file.describe(one_column([*(["1"] * 300_000), "oops", *(["2"] * 9)]))
    notice = next(w for w in described.warnings if w.code == "mixed_column")
    assert "'oops' in data row 300001" in notice.message


def test_stray_blanks_are_no_mix(csv_file: Csv) -> None:
    assert warned(csv_file, ["1.5", " ", "2", "", "2"]) == []


def test_a_constant_column(csv_file: Csv) -> None:
    assert warned(csv_file, ["5", "5", "5"]) == ["constant_column"]
    assert warned(csv_file, ["5.0", "5", "5.00"]) == ["constant_column"]
    assert warned(csv_file, ["red"] * 5) == ["constant_column"]
    assert warned(csv_file, ["red", "", "red"]) == []


def test_a_column_without_values(csv_file: Csv) -> None:
    described = csv_file.describe(one_column(["", "NA", "?"]))
    assert codes(described, "x") == ["all_missing_column"]
    found = column(described, "x")
    assert (found.type, found.missing, found.distinct, found.levels) == ("category", 3, 0, {})


def test_a_table_of_one_missing_column(csv_file: Csv) -> None:
    assert codes(csv_file.describe("x\nNA\n?\n")) == ["all_missing_column"]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([f"user {at}" for at in range(50)], "x"),
        ([str(at) for at in range(50)], "x"),
        ([str(at) for at in range(500, 0, -10)], "x"),
        ([str(at * at % 997) for at in range(50)], "customer_id"),
        ([str(at * at % 997) for at in range(50)], "CustomerID"),
        ([str(at * at % 997) for at in range(50)], "ID"),
    ],
)
def test_identifiers(csv_file: Csv, values: list[str], name: str) -> None:
    assert warned(csv_file, values, name) == ["id_like_column"]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([str(at * at % 997) for at in range(50)], "x"),
        ([str(at * at % 997) for at in range(50)], "paid"),
        ([str(at % 49) for at in range(50)], "id"),
        ([f"user {at % 49}" for at in range(50)], "x"),
        ([f"{at}.5" for at in range(50)], "id"),
        (["a", "b"], "x"),
    ],
)
def test_no_identifiers(csv_file: Csv, values: list[str], name: str) -> None:
    assert warned(csv_file, values, name) == []


def test_identifiers_beyond_the_cap(csv_file: Csv) -> None:
    unique = [f"user {at}" for at in range(500)]
    assert warned(csv_file, unique, levels=100) == ["id_like_column"]
    repeated = [f"user {at % 250}" for at in range(250)] + [f"user {at % 250}" for at in range(250)]
    assert warned(csv_file, repeated, levels=100) == ["id_like_column"]
    assert warned(csv_file, [f"user {at // 2}" for at in range(500)], levels=100) == []
    assert warned(csv_file, [str(at) for at in range(500)], levels=100) == ["id_like_column"]


def test_na_among_two_letter_codes(csv_file: Csv) -> None:
    countries = ["DE", "FR", "NA", "ES", "DE", "US"]
    assert warned(csv_file, countries) == ["missing_marker_may_be_level"]
    assert warned(csv_file, [*countries, "Peru"]) == []
    codes = [f"A{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    others = [f"place {at}" for at in range(1_000)]  # rarer than the codes, and not kept
    assert warned(csv_file, [*codes, *codes, "NA", *others]) == []
    assert warned(csv_file, [c.replace("NA", "?") for c in countries]) == []
    assert warned(csv_file, ["male", "NA", "female", "other", "male"]) == []
