"""The rows that stand on both sides are found, however the table was cut into batches."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from services.splits.assign import TEST, TRAIN
from services.splits.leaks import row_hashes
from services.splits.repeated import Repeated
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


def seen(train: Any, test: Any, most: int) -> Repeated:
    """All rows, in an order of their own, cut into seven."""
    hashes = np.concatenate([train, test]).astype(np.uint64)
    parts = np.repeat([TRAIN, TEST], [len(train), len(test)]).astype(np.int8)
    order, rows = np.random.default_rng(1).permutation(len(parts)), Repeated(most)
    for some in np.array_split(order, 7):
        rows.see(hashes[some], parts[some])
    return rows


@pytest.mark.parametrize(
    ("most", "share", "off"), [(24_000, 1, 0), (23_999, 2, 0.1), (12_000, 4, 0.15), (300, 256, 0.8)]
)
def test_the_rows_on_both_sides_are_counted_or_estimated(most: int, share: int, off: float) -> None:
    rng = np.random.default_rng(0)
    train = rng.integers(2**63, size=16_000, dtype=np.uint64)
    test = rng.integers(2**63, size=8_000, dtype=np.uint64)
    test[::4] = train[::8]
    rows = seen(train, test, most)
    (notice,) = rows.notices()
    assert rows.share <= share
    assert notice.message.startswith("about ") == (most < 24_000)
    assert int(re.findall(r"\d+", notice.message)[0]) == pytest.approx(2_000, rel=off)


def test_few_different_rows_are_counted_however_often_they_come() -> None:
    train, test = np.arange(5_000) % 40, np.arange(2_000) % 50
    rows = seen(train, test, 200)
    (notice,) = rows.notices()
    assert rows.share == 1
    assert notice.message.startswith("1600 of 2000 test rows")


def test_where_no_row_is_on_both_sides_nothing_is_said() -> None:
    assert seen([1], [2, 3], 10).notices() == []
    assert seen([], [2, 3], 1).notices() == []
