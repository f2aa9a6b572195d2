"""The rows that stand on both sides are found, however the table was cut into batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from services.splits.leaks import row_hashes
from tests.splits.test_counts import make
from tests.story import table

VALUES = {
    "integer": pa.array([7, 8, None], pa.int64()),
    "number": pa.array([0.5, -2.0, None], pa.float64()),
    "boolean": pa.array([True, False, None], pa.bool_()),
    "date": pa.array([0, 86_400_000_000, None], pa.timestamp("us")),
    "category": pa.array(["a", "b", None], pa.string()),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_row_has_one_hash_whatever_its_batch_lacks(kind: str) -> None:
    whole = pa.RecordBatch.from_arrays([VALUES[kind]], names=["x"])
    hashes = row_hashes(whole)
    alone = np.concatenate([row_hashes(whole.slice(at, 1)) for at in range(3)])
    assert hashes.tolist() == alone.tolist()
    assert len(set(hashes.tolist())) == 3


def test_the_order_of_the_columns_counts() -> None:
    one, two = pa.array([1.0, 2.0]), pa.array([2.0, 1.0])
    first, second = row_hashes(pa.RecordBatch.from_arrays([one, two], names=["x", "y"]))
    assert first != second


@pytest.mark.parametrize("change", [1.0, 2.0, 0.5, 2.0**-20])
def test_a_sign_and_the_next_value_do_not_make_up_for_each_other(change: float) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=5_000), rng.uniform(1, 2**19, 5_000)
    columns = [[x, -x], [y, -(y + change)], [y, y + change], [x, x]]
    rows = [pa.array(np.concatenate(column)) for column in columns]
    hashes = row_hashes(pa.RecordBatch.from_arrays(rows, names=list("abcd")))
    assert len(np.unique(hashes)) == len(hashes)


@pytest.mark.parametrize("block", [64, 2**20])
def test_identical_rows_beside_missing_values(tmp_path: Path, block: int) -> None:
    rows = [
        ("" if n % 50 == 0 else n // 4, ("true", "false", "")[n % 3], "ab"[n % 2])
        for n in range(200)
    ]
    made = make(tmp_path, table(["x", "wild", "kind"], [*rows, *rows]), block)
    (notice,) = (each for each in made.warnings if each["code"] == "identical_rows")
    whole = make(tmp_path / "whole", table(["x", "wild", "kind"], [*rows, *rows]))
    assert notice in whole.warnings
