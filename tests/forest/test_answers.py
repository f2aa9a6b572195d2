"""A test of more rows than there is memory for looks at one of so many, evenly over the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.errors import Invalid
from services.memory import PROCESS
from services.worker.answers import FEWEST, Answers, answers_to, looked_at, most_rows
from tests.forest.helpers import MIXED, Version, mixed_table, train

pytestmark = pytest.mark.no_database

ROWS = 400
TASKS = ["classification", "regression"]


@pytest.fixture(name="version", params=TASKS)
def _version(request: pytest.FixtureRequest, tmp_path: Path) -> Version:
    classes = ["a", "b", "c"] if request.param == "classification" else None
    y = np.arange(ROWS) % 3 if classes else np.linspace(0, 9, ROWS)
    return train(tmp_path, mixed_table(ROWS), MIXED, y.astype(np.float64), classes)


def table(version: Version, missing: int | None = None) -> pa.Table:
    labels: list[Any] = [(n % 7) / 7 for n in range(ROWS)]
    if version.model.classes:
        labels = ["abcd"[n % 4] for n in range(ROWS)]
    if missing is not None:
        labels[missing] = None
    return mixed_table(ROWS, seed=1).append_column("target", pa.array(labels))


def answered(version: Version, most: int, size: int = ROWS, **given: Any) -> Answers:
    """The answers to so many rows at most, of batches of that size."""
    spec = {"task": version.model.task, "target": "target"}
    batches = iter(table(version, given.pop("missing", None)).to_batches(size))
    return answers_to(spec, version.model, batches, most, **{"rows": ROWS, "columns": [1], **given})


def same_rows(found: Answers, whole: Answers, kept: Any) -> None:
    assert found.labels.to_pylist() == whole.labels.filter(pa.array(kept)).to_pylist()
    np.testing.assert_array_equal(found.truth, whole.truth[kept])
    np.testing.assert_allclose(found.scores, whole.scores[kept])
    np.testing.assert_array_equal(found.columns, whole.columns[kept])


def test_all_rows_that_fit_are_answered(version: Version) -> None:
    found = answered(version, ROWS, every=3)
    assert (found.share, len(found.truth), len(found.scores)) == (1, ROWS, ROWS)
    assert len(found.y) == len(found.X) == 134


@pytest.mark.parametrize("size", [1, 7, ROWS])
@pytest.mark.parametrize("rows", [ROWS, None])
@pytest.mark.parametrize(("most", "share"), [(ROWS - 1, 2), (150, 4), (30, 16)])
def test_of_more_one_of_so_many_is(
    version: Version, most: int, share: int, rows: int | None, size: int
) -> None:
    whole, found = answered(version, ROWS), answered(version, most, size, rows=rows)
    assert found.share == share
    assert len(found.truth) <= most
    same_rows(found, whole, looked_at(np.arange(ROWS), share.bit_length() - 1))


def test_what_is_shuffled_is_some_of_what_is_looked_at(version: Version) -> None:
    whole, found = answered(version, ROWS, every=1), answered(version, 210, 7, every=3)
    kept = looked_at(np.arange(ROWS), 1)
    np.testing.assert_array_equal(found.X, whole.X[kept][::3])
    np.testing.assert_array_equal(found.y, whole.truth[kept][::3])


@pytest.mark.parametrize("period", [2, 3, 4, 5, 8, 10, 24, 100])
@pytest.mark.parametrize("power", [1, 2, 3, 6])
def test_no_pattern_of_the_rows_is_seen_in_those_that_are_left(period: int, power: int) -> None:
    kept = np.flatnonzero(looked_at(np.arange(1 << 20), power))
    assert len(kept) == pytest.approx((1 << 20) >> power, abs=2)
    counts = np.bincount(kept % period, minlength=period)
    assert counts.max() - counts.min() <= 0.02 * counts.mean() + 3


@pytest.mark.parametrize("rows", [ROWS, None])
def test_a_target_that_is_missing_in_a_row_left_out_is_refused_too(
    version: Version, rows: int | None
) -> None:
    left_out = int(np.flatnonzero(~looked_at(np.arange(ROWS), 2))[0])
    with pytest.raises(Invalid, match=f"no value in 1 of {ROWS} rows"):
        answered(version, 100, missing=left_out, rows=rows)


def test_how_many_rows_have_room(version: Version) -> None:
    spec = {"task": version.model.task, "models_memory": 100 << 20}

    def most(megabytes: int, columns: int = 0, *, stays: bool = True) -> int:
        given = {**spec, "memory_limit": PROCESS + (megabytes << 20)}
        return most_rows(given, version.model, columns, stays=stays)

    assert most(0) == most(100) == FEWEST
    assert FEWEST < most(370) < most(370, stays=False) < most(700, stays=False)
    assert most(370, 50) < most(370)
    assert most(370, stays=False) > 1_600_000
