"""How many rows go where, and which: exact, repeatable, whatever the chunks."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from services.reading import Limits, Reading, describe
from services.splits.assign import CALIBRATION, TEST, deal, nearest_whole
from services.splits.plan import Plan
from services.splits.split import Split, split
from tests.story import table

CLASSES = {"a": 70, "b": 17, "c": 9, "d": 4, "e": 2}


def quiet(_share: float) -> None:
    """Nobody listens."""


def mixed() -> str:
    """Rows of five classes, in no order, each row with a number of its own."""
    labels = [label for label, count in CLASSES.items() for _ in range(count)]
    random.Random(1).shuffle(labels)  # noqa: S311
    return table(["x", "y", "kind"], [(n, n % 7, label) for n, label in enumerate(labels)])


def make(folder: Path, text: str, block: int = 2**20, **fields: Any) -> Split:
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "table.csv"
    source.write_text(text)
    limits = Limits(block_bytes=block)
    plan = Plan.of({"target": "kind", **fields})
    return split(source, describe(source, Reading(), limits), plan, folder, limits, quiet)


def rows(folder: Path, part: str) -> list[dict[str, Any]]:
    return list(pq.read_table(folder / f"{part}.parquet").to_pylist())


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 0.33, 0.5, 0.75])
def test_per_class_the_counts_are_the_nearest_whole_numbers(share: float, tmp_path: Path) -> None:
    make(tmp_path, mixed(), test_size=share)
    found = Counter(row["kind"] for row in rows(tmp_path, "test"))
    for label, count in CLASSES.items():
        assert abs(found[label] - count * share) <= 0.5
        assert found[label] < count  # each class is left in the training part


def test_no_row_is_lost_or_doubled(tmp_path: Path) -> None:
    made = make(tmp_path, mixed(), calibration_size=0.25)
    seen = [row["x"] for part in ("train", "test", "calibration") for row in rows(tmp_path, part)]
    assert sorted(seen) == list(range(102))
    assert sum(made.rows.values()) == 102


@pytest.mark.parametrize("fields", [{}, {"stratify": False}, {"calibration_size": 0.2}])
def test_the_chunks_change_nothing(fields: dict[str, Any], tmp_path: Path) -> None:
    one = make(tmp_path / "one", mixed(), **fields)
    for block in (40, 333):
        other = make(tmp_path / str(block), mixed(), block, **fields)
        assert (other.rows, other.features, other.classes) == (one.rows, one.features, one.classes)
        for part in one.rows:
            assert rows(tmp_path / "one", part) == rows(tmp_path / str(block), part)


def test_the_same_seed_gives_the_same_split_and_another_another(tmp_path: Path) -> None:
    one, same, other = (
        make(tmp_path / name, mixed(), random_state=seed)
        for name, seed in (("one", 5), ("same", 5), ("other", 6))
    )
    assert one.checksums == same.checksums
    assert rows(tmp_path / "one", "test") != rows(tmp_path / "other", "test")
    assert one.rows == other.rows


def test_the_order_of_the_rows_is_kept(tmp_path: Path) -> None:
    make(tmp_path, mixed())
    for part in ("train", "test"):
        numbers = [row["x"] for row in rows(tmp_path, part)]
        assert numbers == sorted(numbers)


def test_a_column_can_fix_the_split(tmp_path: Path) -> None:
    body = [(n, ("train", "train", "test")[n % 3], "ab"[n % 2]) for n in range(60)]
    text = table(["x", "part", "kind"], body)
    made = make(tmp_path, text, split_column="part", calibration_size=0.25)
    assert made.rows == {"train": 30, "test": 20, "calibration": 10}
    assert {row["part"] for row in rows(tmp_path, "test")} == {"test"}
    assert [feature["name"] for feature in made.features] == ["x"]


def test_regression_splits_all_rows_alike(tmp_path: Path) -> None:
    text = table(["x", "kind"], [(n, n * 1.5) for n in range(41)])
    made = make(tmp_path, text, type="regression")
    assert made.rows == {"train": 33, "test": 8}
    assert made.classes == []


def test_classes_keep_their_type_and_are_sorted(tmp_path: Path) -> None:
    for name, labels, expected in (
        ("int", [10, 9], [9, 10]),
        ("float", [0.5, 2.5], [0.5, 2.5]),
        ("bool", ["true", "false"], [False, True]),
        ("text", ["b", "a"], ["a", "b"]),
    ):
        text = table(["x", "kind"], [(n * 7 % 11, labels[n % 2]) for n in range(40)])
        assert make(tmp_path / name, text).classes == expected


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [(10, 0.2, 2), (17, 0.2, 3), (50, 0.29, 15), (5, 0.1, 1), (4, 0.1, 0), (7, 0.5, 4)],
)
def test_halves_round_up_and_shares_are_meant_as_written(
    count: int, share: float, expected: int
) -> None:
    assert nearest_whole(count, share) == expected


def test_dealing_gives_exact_parts() -> None:
    plan = Plan.of({"target": "t", "test_size": 0.3, "calibration_size": 0.5})
    parts = deal(100, plan, rank=0)
    assert (np.sum(parts == TEST), np.sum(parts == CALIBRATION)) == (30, 35)
    assert not np.array_equal(parts, deal(100, plan, rank=1))
