from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from services.columns import Feature
from services.forest import cells
from services.forest.encoding import MISSING, encode
from services.forest.rows import Encoded, RowEncoder
from services.reading import cells as reading_cells
from tests.forest.helpers import MIXED, mixed_table

KNOWN = frozenset({"count", "colour", "size", "seen", "open", "unused", "target"})
GOOD: dict[str, Any] = {
    "count": 3,
    "colour": "blue",
    "size": 1.5,
    "seen": "1970-01-02T12:00",
    "open": True,
}


def encoded(*rows: object) -> Encoded:
    return RowEncoder(MIXED, KNOWN).encode(rows)


def only_fault(**changes: Any) -> tuple[str, str]:
    faults = encoded({**GOOD, **changes}).faults
    assert len(faults) == 1
    assert next(iter(changes)) in faults[0].pointer
    return faults[0].code, faults[0].message


def test_a_good_row() -> None:
    answer = encoded(GOOD)
    assert answer.matrix.dtype == np.float32
    assert answer.matrix.tolist() == [[3, 2, 1.5, 1.5, 1]]
    assert (answer.faults, answer.warnings) == ([], [])


def test_null_is_missing_in_every_column() -> None:
    answer = encoded(dict.fromkeys(GOOD))
    assert answer.matrix.tolist() == [[MISSING, 0, MISSING, MISSING, MISSING]]
    assert answer.faults == []


def test_json_rows_are_encoded_as_the_table_is() -> None:
    table = mixed_table()
    rows = [{**row, "seen": row["seen"] and row["seen"].isoformat()} for row in table.to_pylist()]
    answer = RowEncoder(MIXED, KNOWN).encode(json.loads(json.dumps(rows)))
    assert answer.faults == []
    np.testing.assert_array_equal(answer.matrix, encode(table, MIXED))


def test_numbers_alone_take_the_short_way_to_the_same_numbers() -> None:
    features = [Feature("a", "integer"), Feature("b", "number")]
    rows = [{"a": 1, "b": None}, {"b": 2.5, "a": 2**62}]
    answer = RowEncoder(features, frozenset("ab")).encode(rows)
    assert answer.matrix.tolist() == [[1, MISSING], [2.0**62, 2.5]]
    odd = RowEncoder(features, frozenset("ab")).encode([{"a": 2**63, "b": 1}, {"a": 1}])
    assert [(fault.pointer, fault.code) for fault in odd.faults] == [
        ("/rows/0/a", "number_out_of_range"),
        ("/rows/1/b", "missing_column"),
    ]


def test_dates_in_json_are_the_dates_in_csv() -> None:
    assert cells.DATE == reading_cells.DATE


def test_other_columns_of_the_table_are_passed_over() -> None:
    assert encoded({**GOOD, "target": "x", "unused": [1]}).faults == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"count": "1"}, "wrong_type"),
        ({"count": True}, "wrong_type"),
        ({"count": [1]}, "wrong_type"),
        ({"count": 2**63}, "number_out_of_range"),
        ({"count": -(2**63) - 1}, "number_out_of_range"),
        ({"count": 10**400}, "number_out_of_range"),
        ({"count": 10**5000}, "number_out_of_range"),
        ({"size": 1e39}, "number_out_of_range"),
        ({"size": -1e39}, "number_out_of_range"),
        ({"size": float("nan")}, "number_out_of_range"),
        ({"size": float("inf")}, "number_out_of_range"),
        ({"open": 1}, "wrong_type"),
        ({"open": "true"}, "wrong_type"),
        ({"seen": 5}, "wrong_type"),
        ({"seen": "tomorrow"}, "bad_date"),
        ({"seen": "2023-02-30"}, "bad_date"),
        ({"seen": ""}, "bad_date"),
        ({"seen": "20230101"}, "bad_date"),
        ({"colour": 1}, "wrong_type"),
        ({"colour": {}}, "wrong_type"),
        ({"colour": ""}, "bad_text"),
        ({"colour": "x" * 10_001}, "bad_text"),
        ({"colour": "x" * 1_000_000}, "bad_text"),
        ({"colour": "a\x00b"}, "bad_text"),
        ({"colour": "\ud800"}, "bad_text"),
    ],
)
def test_wrong_values(changes: dict[str, Any], code: str) -> None:
    found, message = only_fault(**changes)
    assert found == code
    assert len(message) < 300
    message.encode()


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 1.0, -0.0, 3.4028234e38])
def test_numbers_at_the_edge(value: float) -> None:
    assert encoded({**GOOD, "count": value}).faults == []


def test_unknown_and_missing_columns_name_the_nearest() -> None:
    row = {**GOOD, "sizes": 2}
    del row["size"]
    faults = {fault.code: fault for fault in encoded(GOOD, row).faults}
    assert faults["unknown_column"].pointer == "/rows/1/sizes"
    assert "did you mean 'size'" in faults["unknown_column"].message
    assert faults["missing_column"].pointer == "/rows/1/size"


def test_pointers_are_escaped_and_can_be_written() -> None:
    faults = encoded({**GOOD, "a/b~c": 1, "\ud800": 1}).faults
    assert {fault.pointer for fault in faults} == {"/rows/0/a~1b~0c", "/rows/0/\\ud800"}


@pytest.mark.parametrize("row", [None, [1, 2], "row", 1, True])
def test_rows_that_are_no_objects(row: object) -> None:
    answer = encoded(GOOD, row, {**GOOD, "open": 2})
    assert [(fault.pointer, fault.code) for fault in answer.faults] == [
        ("/rows/1", "wrong_type"),
        ("/rows/2/open", "wrong_type"),
    ]


def test_an_empty_row_misses_every_column() -> None:
    assert [fault.code for fault in encoded({}).faults] == ["missing_column"] * 5


def test_no_rows() -> None:
    assert encoded().matrix.shape == (0, 5)


def test_an_unseen_category_is_a_warning_with_the_nearest_level() -> None:
    answer = encoded(GOOD, {**GOOD, "colour": "corral"})
    assert answer.matrix[1, 1] == -1
    assert answer.faults == []
    (warning,) = answer.warnings
    assert (warning["code"], warning["pointer"]) == ("unseen_category", "/rows/1/colour")
    assert "'corral'" in warning["message"]
    assert "did you mean 'coral'" in warning["message"]


def test_faults_and_warnings_are_told_up_to_a_hundred() -> None:
    bad = [{**GOOD, "open": 1, "colour": "no"}] * 3_000
    answer = encoded(*bad)
    assert len(answer.faults) == len(answer.warnings) == 101
    assert answer.faults[-1].message == "2,900 more faults are not listed"
    assert answer.warnings[-1]["message"] == "2,900 more warnings are not listed"


@pytest.mark.parametrize("width", [1, 5_000])
def test_a_row_of_a_hundred_thousand_unknown_keys_is_refused_soon(width: int) -> None:
    row = {**GOOD, **{f"key {number}": number for number in range(100_000)}}
    features = [*MIXED, *(Feature(f"column {n}", "number") for n in range(width))]
    faults = RowEncoder(features, KNOWN).encode([row]).faults
    assert len(faults) == 101
    assert "99,900 more" in faults[-1].message


def test_ten_thousand_rows_are_encoded_soon() -> None:
    rows = [{**GOOD, "size": float(number)} for number in range(10_000)]
    assert encoded(*rows).faults == []
