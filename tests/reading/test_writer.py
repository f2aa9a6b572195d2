"""CSV out: quoting, formulas, numbers, dates."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pyarrow as pa
import pytest

from services.reading import csv_bytes


def written(columns: dict[str, Any], header: bool = True) -> str:
    return b"".join(csv_bytes([pa.record_batch(columns)], header)).decode()


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+x", "-x", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0", "-1+1", "+", "-", "--1"],
)
def test_formulas_are_disarmed(text: str) -> None:
    rows = list(csv.reader(io.StringIO(written({text: [text, "x" + text]}), newline="")))
    assert rows == [["'" + text], ["'" + text], ["x" + text]]


@pytest.mark.parametrize("text", ["-1", "+1.5", "-1e5", "-.5", "1", "a=b", "'=x", ""])
def test_numbers_and_plain_text_stay(text: str) -> None:
    assert written({"a": [text], "b": ["x"]}) == f"a,b\n{text},x\n"


def test_cells_are_quoted_where_they_must_be() -> None:
    texts = ["a,b", 'say "hi"', "l\nf", "c\rr", "a;b", " sp ", "plain"]
    out = written({"x,y": texts, "z": texts})
    assert out.startswith('"x,y",z\n"a,b","a,b"\n"say ""hi""",')
    assert out.endswith("a;b,a;b\n sp , sp \nplain,plain\n")
    rows = list(csv.reader(io.StringIO(out, newline="")))
    assert rows == [["x,y", "z"], *([text, text] for text in texts)]


def test_values_of_all_types() -> None:
    columns = {
        "i": pa.array([1, None, -(2**53)]),
        "f": pa.array([0.5, None, 0.1 + 0.2]),
        "g": pa.array([1.0, float("nan"), 1e22]),
        "h": pa.array([0.5, 0.25, None], pa.float32()),
        "b": pa.array([True, None, False]),
        "d": pa.array(
            [dt.datetime(2024, 2, 29), dt.datetime(2024, 1, 1, 0, 0, 1), None], pa.timestamp("us")
        ),
        "e": pa.array([dt.datetime(2024, 1, 1, 10, 20, 30, 500_000), None, dt.datetime(1, 1, 1)]),
        "c": pa.array(["x", None, "y"]).dictionary_encode(),
        "n": pa.nulls(3),
    }
    assert written(columns, header=False).splitlines() == [
        "1,0.5,1,0.5,true,2024-02-29,2024-01-01T10:20:30.500000,x,",
        ",,,0.25,,2024-01-01T00:00:01,,,",
        "-9007199254740992,0.30000000000000004,1e+22,,false,,0001-01-01,y,",
    ]


def test_a_date_before_the_epoch() -> None:
    day = pa.array([dt.datetime(1969, 12, 31, 23, 59, 59, 1)], pa.timestamp("us"))
    assert written({"d": day, "e": day}, header=False) == (
        "1969-12-31T23:59:59.000001,1969-12-31T23:59:59.000001\n"
    )


def test_a_single_column_keeps_its_missing_rows() -> None:
    assert written({"a": ["x", None, "", "y"]}) == 'a\nx\n""\n""\ny\n'


def test_the_header_comes_once_and_only_if_wanted() -> None:
    batch = pa.record_batch({"a": [1], "b": [2]})
    assert b"".join(csv_bytes([batch, batch])) == b"a,b\n1,2\n1,2\n"
    assert b"".join(csv_bytes([batch], header=False)) == b"1,2\n"
    assert b"".join(csv_bytes([batch.slice(0, 0)])) == b"a,b\n"
    assert list(csv_bytes([])) == []


def test_sliced_and_large_batches() -> None:
    batch = pa.record_batch({"a": list(range(200_000)), "b": ["é"] * 200_000})
    out = b"".join(csv_bytes([batch.slice(10, 150_000)]))
    assert out.decode().splitlines()[1:] == [f"{at},é" for at in range(10, 150_010)]
