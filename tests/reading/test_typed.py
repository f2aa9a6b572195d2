"""Text into declared types, for CSV that is scored."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from models.errors import Invalid
from services.columns import Column, ColumnType
from services.reading import Description, Dialect, Reading, typed, typed_batches
from services.reading.options import MISSING_VALUES
from tests.reading.helpers import Csv


def convert(kind: ColumnType, values: list[str], **more: Any) -> tuple[list[Any], list[Any]]:
    batch = pa.record_batch({"other": ["q"] * len(values), "a/b": pa.array(values, pa.string())})
    columns = [Column("a/b", kind, 0, None, [])]
    missing = more.pop("missing_values", MISSING_VALUES)
    result, faults = typed(batch, columns, missing, **{"first_row": 100, **more})
    assert result.schema.names == ["a/b"]
    return result.column(0).to_pylist(), [(f.code, f.pointer) for f in faults]


@pytest.mark.parametrize("kind", ["integer", "number"])
def test_numbers(kind: ColumnType) -> None:
    assert convert(kind, ["1", " 2.5 ", "NA", "", "+3", "1e2"]) == (
        [1.0, 2.5, None, None, 3.0, 100.0],
        [],
    )


def test_cells_that_do_not_fit_are_faults() -> None:
    values, faults = convert(
        "number", ["1", "abc", "inf", "1e39", "?", "0x1F", "1e999", "1_0", "٣"]
    )
    assert values == [1.0, *[None] * 8]
    assert faults == [
        ("wrong_type", "/rows/101/a~1b"),
        ("non_finite", "/rows/102/a~1b"),
        ("number_out_of_range", "/rows/103/a~1b"),
        ("wrong_type", "/rows/105/a~1b"),
        ("non_finite", "/rows/106/a~1b"),
        ("wrong_type", "/rows/107/a~1b"),
        ("wrong_type", "/rows/108/a~1b"),
    ]


def test_a_fault_tells_row_column_value_and_type() -> None:
    batch = pa.record_batch({"age": ["1", "old"]})
    _, faults = typed(batch, [Column("age", "integer", 0, None, [])], (), 0)
    assert faults[0].message == "Data row 2, column 'age': 'old', where a number is expected."


def test_booleans() -> None:
    assert convert("boolean", ["true", "FALSE", "1", "0", "NA", " True "]) == (
        [True, False, True, False, None, True],
        [],
    )
    assert convert("boolean", ["2", "yes"])[1] == [
        ("wrong_type", "/rows/100/a~1b"),
        ("wrong_type", "/rows/101/a~1b"),
    ]


def test_dates() -> None:
    values, faults = convert("date", ["2024-02-29", "2023-02-29", "x", ""])
    assert [v and v.isoformat() for v in values] == ["2024-02-29T00:00:00", None, None, None]
    assert [code for code, _ in faults] == ["wrong_type", "wrong_type"]


def test_categories() -> None:
    assert convert("category", [" red ", "NA", "5", ""]) == (["red", None, "5", None], [])
    assert convert("category", ["NA", "-"], missing_values=["-"])[0] == ["NA", None]


def test_a_marker_that_is_a_number() -> None:
    assert convert("number", ["-999", "1"], missing_values=["-999"]) == ([None, 1.0], [])


def test_faults_are_capped_in_the_order_of_rows() -> None:
    batch = pa.record_batch({"a": ["x"] * 50, "b": ["1", *["y"] * 49]})
    columns = [Column("b", "number", 0, None, []), Column("a", "number", 0, None, [])]
    _, faults = typed(batch, columns, (), 0, max_faults=3)
    assert [f.pointer for f in faults] == ["/rows/0/a", "/rows/1/b", "/rows/1/a"]
    assert len(typed(batch, columns, (), 0)[1]) == 20


def test_an_empty_batch() -> None:
    for kind in ("integer", "number", "boolean", "date", "category"):
        assert convert(kind, []) == ([], [])


def test_types_of_the_second_pass(csv_file: Csv) -> None:
    content = "i,n,b,d,c\n1,1.5,true,2024-01-01,x\n,,,,\n2,2,false,2024-01-02,y\n"
    described = csv_file.describe(content)
    (batch,) = typed_batches(csv_file.path, described)
    assert batch.schema.types == [
        pa.int64(),
        pa.float64(),
        pa.bool_(),
        pa.timestamp("us"),
        pa.string(),
    ]
    assert [array.null_count for array in batch.columns] == [1] * 5


@pytest.mark.parametrize("content", ["a,b\n1,x\n2,y\noops,z\n", "a,b\n1,x\n2.5,y\n"])
def test_a_file_that_changed_between_passes_is_refused(csv_file: Csv, content: str) -> None:
    described = csv_file.describe("a,b\n1,x\n2,y\n")
    csv_file.write(content)
    with pytest.raises(Invalid) as caught:
        list(typed_batches(csv_file.path, described))
    assert caught.value.code == "wrong_type"


def test_records_survive_json(csv_file: Csv) -> None:
    described = csv_file.describe(
        "a,,b,\n1,x,2024-01-01,\n2,y,2024-01-02,\n", missing_values=("-",)
    )
    record = json.loads(json.dumps(described.as_record()))
    assert Description.from_record(record) == described
    assert Dialect.from_record(record["dialect"]) == described.dialect
    for reading in (Reading(), Reading(";", "cp1252", False, ("-", "x"))):
        assert Reading.from_record(json.loads(json.dumps(reading.as_record()))) == reading
